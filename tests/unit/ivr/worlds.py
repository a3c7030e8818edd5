"""Worlds and flows for the tests of the flow: what a step may ask, answered as a test likes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from ivr.flow import Flow, Node
from ivr.nodes.base import (
    LineState,
    Listen,
    Notice,
    Nowhere,
    PlaceKept,
    Read,
    Speak,
    TicketSeen,
    Verb,
    Words,
)
from ivr.steps import Step
from tickets import numbers

NODE: TypeAdapter[Any] = TypeAdapter(Node)
BANGKOK = ZoneInfo("Asia/Bangkok")
#: A Friday at noon.
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=BANGKOK)
CALLER, OTHER = "+66812345678", "+66898765432"
#: A ticket, one that nobody has made, and a slip of the finger.
TICKET, UNKNOWN = numbers.make(23), numbers.make(24)
SLIP = f"{TICKET[:-1]}{(int(TICKET[-1]) + 1) % 10}"
SEEN = TicketSeen(
    number=TICKET,
    state="in_progress",
    division=(("th", "สำนักช่าง"), ("en", "Engineering Bureau")),
    changed=datetime(2026, 11, 19, 9, 30, tzinfo=BANGKOK),
    due=datetime(2026, 11, 27, 16, 30, tzinfo=BANGKOK),
    news="ช่างจะเข้าพื้นที่วันจันทร์",
    callers=(CALLER,),
)


@dataclass(frozen=True)
class AWorld(Nowhere):
    """A world as a test makes it; as it stands, all is open and nothing is known."""

    now: datetime = NOON
    number: str = CALLER
    before: str | None = None
    dialled: str | None = None
    closed: bool = False
    next_opening: datetime | None = datetime(2026, 11, 23, 8, 30, tzinfo=BANGKOK)
    on_air: tuple[Notice, ...] = ()
    tickets: Mapping[str, TicketSeen] = field(default_factory=dict)
    made: str = ""
    lines: Mapping[str, LineState] = field(default_factory=dict)
    holds: bool = False
    is_blocked: bool = False
    kept: PlaceKept | None = None
    pending: bool = False
    morning: datetime | None = None
    numbers: Mapping[str, str] = field(default_factory=lambda: {"0898765432": OTHER})

    def caller(self) -> str:
        return self.number

    def spoken_before(self) -> str | None:
        return self.before

    def language_dialled(self) -> str | None:
        return self.dialled

    def is_open(self, _calendar: str) -> bool:
        return not self.closed

    def opens(self, _calendar: str) -> datetime | None:
        return self.next_opening

    def bulletins(self, _place: str) -> tuple[Notice, ...]:
        return self.on_air

    def ticket(self, number: str) -> TicketSeen | None:
        return self.tickets.get(number)

    def ticket_of_call(self) -> str:
        return self.made

    def line(self, queue: str, _language: str) -> LineState:
        return self.lines.get(queue, LineState.OPEN)

    def holds_place(self) -> bool:
        return self.holds

    def blocked(self) -> bool:
        return self.is_blocked

    def place_kept(self) -> PlaceKept | None:
        return self.kept

    def callback_pending(self) -> bool:
        return self.pending

    def calls_from(self) -> datetime | None:
        return self.morning

    def telephone(self, digits: str) -> str | None:
        return digits if digits and digits == self.number else self.numbers.get(digits)


def node(**fields: Any) -> Any:
    """A node from its fields in config.yaml."""
    return NODE.validate_python(fields)


def around(here: Mapping[str, Any], **more: Any) -> Flow:
    """A small hotline around one node, `here`: a person, a menu and an end besides it."""
    nodes = {
        "here": here,
        "menu": {"kind": "menu", "prompt": "menu", "keys": {1: "here", 9: "urgent"}},
        "agent": {"kind": "queue", "queue": "information", "prompt": "to_agent"},
        "urgent": {"kind": "queue", "queue": "emergency"},
        "message": {"kind": "voicemail", "prompt": "speak", "thanks": "kept"},
        "end": {"kind": "hangup", "prompt": "bye"},
    }
    made = {name: node(**fields) for name, fields in nodes.items()}
    return Flow("here", made, ("th", "en"), **{"person": "agent", **more})


def told(step: Step) -> list[str]:
    """What is said by a step: `prompt/language`, texts in quotation marks."""
    return [_told(words) for verb in step.verbs for words in _words(verb)]


def values(step: Step) -> dict[str, Any]:
    """What stands in the places of what is said."""
    return {
        name: value
        for verb in step.verbs
        for words in _words(verb)
        if isinstance(words, Speak)
        for name, value in words.values
    }


def _words(verb: Verb) -> tuple[Words, ...]:
    if isinstance(verb, Listen):
        return verb.speaks
    return (verb,) if isinstance(verb, Speak | Read) else ()


def _told(words: Words) -> str:
    said = words.prompt if isinstance(words, Speak) else f"“{words.text}”"
    return f"{said}/{words.language}"
