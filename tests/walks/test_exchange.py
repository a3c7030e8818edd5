"""Some of the walks again, whole: callers at handsets, a real exchange, real web processes.

What is heard at the handset is what the walk through the webhooks heard, until a key stops it: the
exchange reads the answers as the walker does (keys, numbers that end with #, silence, speech,
transfers that fail, messages), and the transcripts tell what people really hear.
"""

import json
import re
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from hotline import clock
from hotline.supervisor import RunSettings, Supervisor
from ivr.nodes.voicemail import MESSAGE_NUMBER
from tests.support.floors import CONFIG
from tests.support.waiting import until
from tests.walks.hearing import Heard, Judge
from tests.walks.hotline import NOON, Footsteps, opened, shipped
from tests.walks.walker import MESSAGE, SILENCE, Move, Telephone, Walks, keys

pytestmark = pytest.mark.timeout(300)  # nine processes start, also on a machine that is busy

#: Silence lasts five seconds at each question.
SPEED = 20.0
#: Nobody answers these: the fire brigade is busy, and so on down to the message.
STATIONS = {
    "191": {"outcome": "answer", "answer_after": 1.0, "hang_up_after": 3.0},
    "199": {"outcome": "busy"},
    "+6638253100": {"outcome": "no-answer"},
}
#: The prompts that tell a ticket's number, with any number in them.
TOLD_A_NUMBER = [
    re.compile(".+".join(map(re.escape, str(text).split("{ticket}"))))
    for text in shipped().ivr.prompts[MESSAGE_NUMBER].values()
]


@dataclass(frozen=True)
class Walk:
    """What a caller does, and what the handset is told to do for it."""

    title: str
    moves: tuple[Move, ...]
    script: dict[str, Any] = field(default_factory=dict)

    def scripted(self) -> dict[str, Any]:
        pressed = [
            f"{move.what}#" if len(move.what) > 1 else move.what
            for move in self.moves
            if move.kind == "digits"
        ]
        return {"keys": pressed, "think": 0.3, "speak": 5.0, **self.script}


DIAL_DONE, BUSY, NO_ANSWER = (Move("dial", each) for each in ("completed", "busy", "no-answer"))
LEFT = Move("message", MESSAGE)
PATHS = [
    Walk("nobody is signed in: a message", (*keys("1", "1", SILENCE, "2"), LEFT)),
    Walk("the police", (*keys("2", "3", "1"), DIAL_DONE)),
    Walk(
        "the fire brigade is busy, nobody of ours is there, nor at night",
        (*keys("4", "9", "3"), BUSY, NO_ANSWER, LEFT),
    ),
    Walk("silence from the first question to the message", (*keys(*[SILENCE] * 7), LEFT)),
    Walk("help, again, back, and another language", (*keys("3", "8", "8", "#", "*", "4", "0"),)),
    Walk("a ticket number with a slip", (*keys("3", "4", "1000018", "0"),)),
    Walk("no hour", (*keys("4", "2", SILENCE, "1", "3", "2560", "0"),)),
    Walk("another number", (*keys("2", "0", "5", "1", "2", "0898765432", "1"),)),
    Walk(
        "a word instead of a key",
        (*keys("2"), Move("speech", "an emergency!")),
        {"says": ["an emergency!"]},
    ),
]


@pytest.fixture(scope="module")
def heard_in_the_walk(
    _migrated_sqlite: Path, _valkey_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Walks]:
    """The same hotline in this process: nobody is signed in."""
    config = shipped()
    folder = tmp_path_factory.mktemp("walk") / "one"
    with opened(_migrated_sqlite, folder, _valkey_url, config) as world:
        yield Walks(world, Judge(config.ivr), Footsteps(), count(1))


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the exchange of a whole hotline answers."""
    folder = tmp_path_factory.mktemp("hotline")
    (folder / "stations.json").write_text(json.dumps(STATIONS))
    settings = RunSettings(
        data=folder / "var",
        config=CONFIG,
        web_port=0,
        exchange_port=0,
        stations=folder / "stations.json",
        # as in the walks: late in the evening, or at night, other words would be due
        clock=str(clock.ScaledClock.starting(NOON, SPEED)),
    )
    with Supervisor(settings) as running:
        yield running.exchange_url


def test_what_is_heard_at_a_handset_is_what_the_walks_say(
    exchange: str, heard_in_the_walk: Walks
) -> None:
    placed = {}
    for n, path in enumerate(PATHS):
        number = f"+6681999{n:04}"
        call = {"from": number, "to": "1337", "script": path.scripted()}
        placed[path.title] = (path, number, _json(f"{exchange}/handset/calls", call)["sid"])
    for title, (path, number, sid) in placed.items():
        wanted = _walked(heard_in_the_walk, path, number)
        call = _heard_of(f"{exchange}/handset/calls/{sid}", wanted)
        said = _said(call)
        assert _cut_short(said, wanted), f"{title}: {said} is not what was walked: {wanted}"
        assert call["errors"] == [], title


def _heard_of(url: str, wanted: list[list[str]]) -> dict[str, Any]:
    """A call once the last of all was said in it, or it is over."""
    call: dict[str, Any] = {}

    def all_is_heard() -> bool:
        call.update(_json(url))
        return call["ended_at"] is not None or _cut_short(_said(call), wanted)

    until(all_is_heard, "all is heard", within=60)
    return call


def _cut_short(said: list[str], answers: list[list[str]]) -> bool:
    """Whether these are the answers, one after the other, each cut off by the next key: of each at
    least the first text was heard, of the last all.
    """
    if not answers:
        return True
    answer, *others = answers
    least = min(1, len(answer)) if others else len(answer)
    return any(
        said[:heard] == answer[:heard] and _cut_short(said[heard:], others)
        for heard in range(least, len(answer) + 1)
    )


def _walked(walks: Walks, path: Walk, number: str) -> list[list[str]]:
    """What is said on this path, answer by answer."""
    phone = Listening(walks, walks.world.caller(number), "")
    phone.ring().does(*path.moves)
    return phone.everything


class Listening(Telephone):
    """A telephone that keeps the texts; what may be said to whom is judged elsewhere."""

    def _hears(self, document: str, from_: str, what: str) -> "Telephone":
        self.heard = Heard(document)
        if not hasattr(self, "everything"):
            self.everything: list[list[str]] = []
        self.everything.append([_any_ticket(said.text) for said in self.heard.said])
        return self


def _said(call: dict[str, Any]) -> list[str]:
    return [_any_ticket(line["text"]) for line in call["transcript"] if line["kind"] == "say"]


def _any_ticket(text: str) -> str:
    """The number of a ticket that is made here differs: calls come in another order."""
    return next((each.pattern for each in TOLD_A_NUMBER if each.fullmatch(text)), text)


def _json(url: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)
