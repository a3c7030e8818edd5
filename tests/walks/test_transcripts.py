"""Every way of the shipped flow is gone through the real webhooks, in every language, and what is
heard is what the transcripts say.

On the way every single answer is judged (`hearing.Judge`): nobody hears an empty answer, a place
that nobody filled, another language, figures where words are due, or anything that is no prompt.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hotline import city
from ivr.config import Ivr
from ivr.flow import Flow
from ivr.nodes.base import Exit
from tests.support.floors import CONFIG
from tests.walks.hearing import BadlySaid, Heard, Judge
from tests.walks.scenes import Walked
from tests.walks.write import TRANSCRIPTS

AGAIN = "read what has changed, then run: python -m tests.walks.write"
SHIPPED: Ivr = city.load(CONFIG).ivr

pytestmark = pytest.mark.timeout(300)


def written() -> dict[str, str]:
    return {
        path.relative_to(TRANSCRIPTS).as_posix(): path.read_text(encoding="utf-8")
        for path in TRANSCRIPTS.glob("*/*.txt")
    }


def test_what_callers_hear_is_what_the_transcripts_say(walk: Walked) -> None:
    before = written()
    assert set(walk.transcripts) == set(before), AGAIN
    for name, text in walk.transcripts.items():
        assert text == before[name], f"{name}: {AGAIN}"


def test_every_language_has_every_scene(walk: Walked) -> None:
    by_language: dict[str, set[str]] = {}
    for name in walk.transcripts:
        language, _, scene = name.partition("/")
        by_language.setdefault(language, set()).add(scene)
    assert set(by_language) == set(SHIPPED.languages)
    # the choice of a language is asked in all of them at once
    once = {"01-first-question.txt"}
    assert {frozenset(scenes - once) for scenes in by_language.values()} == {
        frozenset(by_language["th"] - once)
    }


# ---------------------------------------------------------------- every way was gone


def ways(graph: Flow) -> Iterator[tuple[str, Exit]]:
    for name in graph.nodes:
        for way in graph.ways(name):
            yield name, way


def came_by(way: Exit) -> str | None:
    """What has to come in for this way; None where the world decides, or several things do it."""
    where, _, what = way.path.rpartition(".")
    if where in ("keys", "goto"):
        return what
    return {"0": "0", "busy": "busy", "no_answer": "no-answer"}.get(way.path)


def test_every_way_of_the_flow_was_gone(walk: Walked) -> None:
    gone = walk.footsteps.gone
    pairs = {(one, other) for one, _, other in gone}
    missing = [
        f"{name}.{way.path} → {way.to}"
        for name, way in ways(SHIPPED.graph)
        if (
            (name, way.to) not in pairs
            if (by := came_by(way)) is None
            else (name, by, way.to) not in gone
        )
    ]
    assert missing == []


def test_every_way_of_silence_was_gone(walk: Walked) -> None:
    gone = walk.footsteps.gone
    asked = [name for name, node in SHIPPED.flow.items() if node.asks]
    missing = [
        (name, to)
        for name in asked
        for to in SHIPPED.graph.silent_ways(name)
        if (name, "", to) not in gone
    ]
    assert missing == []


def test_every_way_into_the_flow_was_gone(walk: Walked) -> None:
    gone = walk.footsteps.gone
    begun = {to for one, _, to in gone if not one}
    assert begun >= {SHIPPED.start, SHIPPED.refusal, SHIPPED.recall}
    assert SHIPPED.after_call is not None
    assert SHIPPED.after_call.node in begun
    for key, way in SHIPPED.waiting.keys.items():
        for queue in ("information", "complaint", "agent"):
            assert (queue, f"key {key}", way.to) in gone


# ---------------------------------------------------------------- the judge can judge


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ("<Hangup/>", "silence"),
        ("<Say language='en-GB'>We did not hear a key.</Say>", "leads nowhere"),
        ("<Say language='en-GB'>We did not hear a key.</Say><Gather/>", "silence leads nowhere"),
        ("<Say language='en-GB'> </Say><Hangup/>", "an empty text"),
        ("<Say language='th-TH'>สวัสดีค่ะ</Say><Hangup/>", "in the voice of th"),
        ("<Say language='en-GB'>Hello</Say><Hangup/>", "no prompt in en"),
        (
            "<Say language='en-GB'>You are {position} in the queue. Please hold the line.</Say>"
            "<Hangup/>",
            "a place that nobody filled",
        ),
        (
            "<Say language='en-GB'>You are 3rd in the queue. Please hold the line.</Say><Hangup/>",
            "figures where words are due",
        ),
        (
            "<Say language='en-GB'>You are ที่สาม in the queue. Please hold the line.</Say><Hangup/>",
            "words of another language",
        ),
    ],
)
def test_what_nobody_should_hear_is_found(document: str, why: str) -> None:
    with pytest.raises(BadlySaid, match=why):
        Judge(SHIPPED).judge(Heard(f"<Response>{document}</Response>"), "en")


def test_what_is_well_said_is_not_found_fault_with() -> None:
    said = "You are third in the queue. Please hold the line."
    document = f"<Response><Say language='en-GB'>{said}</Say><Redirect>x</Redirect></Response>"
    Judge(SHIPPED).judge(Heard(document), "en")


def test_there_are_transcripts_to_read() -> None:
    assert len(written()) > 40
    assert Path(TRANSCRIPTS).is_dir()
