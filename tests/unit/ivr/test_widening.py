"""Wider circles and the limits of a queue: what they mean, and what a wrong one is told."""

from typing import Any

import pytest

from ivr.config import Ivr, Queue
from ivr.room.widening import Widening, circles, faults
from tests.unit.ivr.test_config import DAY_AND_NIGHT, EMERGENCY, INFORMATION, section

LANGUAGES = ("th", "en", "ru")
TITLE = {"th": "ข้อมูล", "en": "Information"}
STEPS = (
    Widening(after=60, languages=("en",)),
    Widening(after=120, queues=("information",)),
)


def test_what_was_added_stays_and_every_queue_goes_with_every_language() -> None:
    found = circles({"complaint": STEPS, "information": ()}, LANGUAGES)
    line = ("complaint", "th")
    assert found.within(line, 59.9) == {"complaint/th"}
    assert found.within(line, 60) == {"complaint/th", "complaint/en"}
    everything = {"complaint/th", "complaint/en", "information/th", "information/en"}
    assert found.within(line, 120) == found.within(line) == everything
    assert found.reached(line, 60) == ({"complaint/en"},)
    assert found.reached(line, 500) == ({"complaint/en"}, {"information/th", "information/en"})


def test_who_speaks_the_added_language_anyway_gets_nobody_by_it() -> None:
    found = circles({"complaint": STEPS}, LANGUAGES)
    assert found.reached(("complaint", "en"), 60) == (frozenset(),)
    assert found.reached(("complaint", "en"), 120) == (frozenset(), {"information/en"})


def test_a_line_that_does_not_widen_has_its_own_circle_only() -> None:
    found = circles({"complaint": STEPS, "information": ()}, LANGUAGES)
    assert found.reached(("information", "th"), 1e9) == ()
    assert found.within(("information", "th")) == {"information/th"}
    assert ("information", "th") not in found.wider
    assert circles({"complaint": STEPS[:1]}, ["en"]).wider == {}


def test_the_lines_that_widen_into_a_skill() -> None:
    found = circles({"complaint": STEPS, "information": ()}, LANGUAGES)
    assert found.lines_into(["complaint/en"]) == {("complaint", each) for each in LANGUAGES}
    assert found.lines_into(["information/ru"]) == {("complaint", "ru")}
    assert found.lines_into(["emergency/th"]) == set()


def test_the_section_knows_every_circle() -> None:
    information = {**INFORMATION, "widen": [{"after": 5, "languages": ["en"]}]}
    ivr = Ivr.model_validate(section(queues={"information": information, "emergency": EMERGENCY}))
    assert list(ivr.faults()) == []
    assert ivr.circles("information", "th", 4) == {"information/th"}
    assert ivr.circles("information", "th", 5) == {"information/th", "information/en"}
    assert ivr.all_circles("information", "en") == {"information/en"}


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (
            [{"after": 60, "languages": ["en"]}, {"after": 60, "queues": ["b"]}],
            ["1.after: not later than the step before, which is at 60 s"],
        ),
        ([{"after": 60}], ["0: adds nobody who was not asked before"]),
        (
            [{"after": 60, "languages": ["en"]}, {"after": 61, "languages": ["en"]}],
            ["1: adds nobody who was not asked before"],
        ),
        ([{"after": 60, "languages": ["zh"]}], ['0.languages: no such language "zh"']),
        ([{"after": 60, "queues": ["c"]}], ['0.queues: no such queue "c"']),
        (
            [{"after": 60, "queues": ["a"]}],
            ["0.queues: a queue's own agents are asked from the first"],
        ),
        ([{"after": 60, "queues": ["b"], "languages": ["en", "th"]}], []),
    ],
)
def test_each_wrong_step_is_told_with_its_path(steps: list[Any], told: list[str]) -> None:
    found = faults("a", [Widening(**each) for each in steps], ("a", "b"), ("th", "en"))
    assert [str(each) for each in found] == [f"queues.a.widen.{each}" for each in told]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"max_callers": 5}, ["full: is missing: where do callers go at max_callers?"]),
        ({"full": "message"}, ["max_callers: is missing: nobody ever goes to full"]),
        ({"max_wait": 600}, ["overflow: is missing: where do callers go at max_wait?"]),
        ({"overflow": "message"}, ["max_wait: is missing: nobody ever goes to overflow"]),
        ({"nobody": None, "nobody_after": 5}, [f"nobody: is missing: {DAY_AND_NIGHT}"]),
        (
            {"max_wait": 60, "overflow": "message", "widen": [{"after": 60, "languages": ["en"]}]},
            ["widen.0.after: never comes: nobody waits longer than max_wait (60 s)"],
        ),
        ({"max_callers": 5, "full": "message", "nobody": "message", "nobody_after": 5}, []),
    ],
)
def test_a_limit_and_where_it_leads_to_stand_together(
    settings: dict[str, Any], told: list[str]
) -> None:
    queue = Queue(**{**INFORMATION, **settings})
    assert [str(each) for each in queue.faults()] == told
    queues = {"information": {**INFORMATION, **settings}, "emergency": EMERGENCY}
    faults_of_all = Ivr.model_validate(section(queues=queues))
    assert [str(each) for each in faults_of_all.faults()] == [
        f"queues.information.{each}" for each in told
    ]


def test_a_queue_names_its_exits() -> None:
    queue = Queue(title=TITLE, max_callers=5, full="busy", nobody="night")
    assert queue.exits() == [("full", "busy"), ("nobody", "night")]
