"""What an import makes of a file: visits, and rows that are none. Pure."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise


class Outcome(StrEnum):
    """How a visit ended."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    #: Left the queue unanswered, without having hung up: a time-out, a key, a transfer.
    LEFT = "left"
    #: Never came to a queue.
    NOT_QUEUED = "not_queued"
    #: Never came to a queue, and was put through to a number outside.
    TRANSFERRED = "transferred"


#: The moments, in the order in which they can be.
ORDER = ("arrived_at", "queued_at", "connected_at", "talk_ended_at", "wrapped_up_at")
#: A call of which a log says that it came before this is one whose year was read wrongly.
EARLIEST_YEAR = 1970


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit to a queue (or, `queue` None, a call that never came to one) of an old exchange.

    Fits `metrics.CallFacts`. Moments are aware, UTC; None: did not happen, or nobody knows.
    """

    arrived_at: datetime
    outcome: Outcome
    queue: str | None = None
    language: str | None = None
    queued_at: datetime | None = None
    connected_at: datetime | None = None
    abandoned_at: datetime | None = None
    left_at: datetime | None = None
    talk_ended_at: datetime | None = None
    wrapped_up_at: datetime | None = None
    transferred_at: datetime | None = None
    visit: int = 1
    again: bool = False
    offers: int = 0
    missed: int = 0
    agent: str | None = None
    #: E.164; None: withheld, unreadable, or not to be kept.
    number: str | None = None

    # what no old exchange tells
    holds = 0
    held = timedelta(0)
    callback = False
    promised = False
    dequeued_at = None
    unreached = False
    outgoing = False
    told = False
    asked_back = False
    kept_back = False
    passed_out = False
    mark = None

    @property
    def moment(self) -> datetime:
        """What decides in which interval it is counted (`metrics.moment`)."""
        return self.queued_at or self.arrived_at

    @property
    def ended_at(self) -> datetime:
        """The last moment that is known."""
        return max(at for at in self._moments() if at is not None)

    def _moments(self) -> Iterator[datetime | None]:
        yield from (getattr(self, name) for name in ORDER)
        yield from (self.abandoned_at, self.left_at, self.transferred_at)

    def fault(self, now: datetime, longest: timedelta) -> str | None:
        """Why this cannot have been; None when it can."""
        known = [(name, at) for name in ORDER if (at := getattr(self, name)) is not None]
        for (name, at), (later_name, later) in pairwise(known):
            if later < at:
                return f"{_words(later_name)} before {_words(name)}"
        if self.ended_at - self.arrived_at > longest:
            return f"lasts longer than {longest}"
        if self.ended_at > now:
            return f"is in the future: {self.ended_at:%Y-%m-%d %H:%M:%S} UTC (another era?)"
        if self.arrived_at.year < EARLIEST_YEAR:
            return f"is before {EARLIEST_YEAR}: {self.arrived_at:%Y-%m-%d} (another era?)"
        return None

    @property
    def content(self) -> str:
        """What makes two rows of the same call say the same."""
        written = "|".join(str(getattr(self, name)) for name in _CONTENT)
        return digest(written, 8)


def together(parts: Sequence[Visit]) -> Visit:
    """One call of what an exchange wrote down in parts, such as one for each telephone that rang.

    It waited from the first until somebody answered, and is over with the last; nobody answered:
    the part that ended last says how it ended.
    """
    queued = [each for each in parts if each.queued_at is not None] or parts
    answered = [each for each in queued if each.connected_at is not None]
    if answered:
        whole = min(answered, key=lambda each: each.connected_at or each.arrived_at)
    else:
        whole = max(queued, key=lambda each: each.ended_at)
    return replace(
        whole,
        arrived_at=min(each.arrived_at for each in parts),
        queued_at=min((each.queued_at for each in queued if each.queued_at), default=None),
        talk_ended_at=max((at for each in answered if (at := each.talk_ended_at)), default=None),
        number=next((each.number for each in parts if each.number), None),
    )


def _words(name: str) -> str:
    return name.removesuffix("_at").replace("_", " ")


#: The number is no figure, and is forgotten after a while: a file read again is known all the same.
_CONTENT = tuple(field.name for field in fields(Visit) if field.name != "number")


def digest(text: str, size: int) -> str:
    """A text as `2 * size` hexadecimal figures."""
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=size).hexdigest()


@dataclass(frozen=True, slots=True)
class Row:
    """What was read at `line` of the file (1 is its first line); `raw` is its text, byte for byte.

    One of: a visit with the `key` of its call; `bad`, with the reason; `ignored`, with the reason.
    """

    line: int
    raw: bytes
    visit: Visit | None = None
    key: str = ""
    bad: str = ""
    ignored: str = ""
