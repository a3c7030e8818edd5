"""The life of a callback, when one may be rung, and when one that was not reached is tried again.

Everything here is pure: no row, no clock. `docs/callbacks.md` shows the same table.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from hotline import clock


class State(StrEnum):
    """Where a promise to call somebody back stands."""

    SCHEDULED = "scheduled"  # for an hour that has not come
    IN_LINE = "in_line"  # has a place in the waiting room; an agent may be reserved
    DIALLING = "dialling"  # an agent waits on the line, and the citizen's telephone is rung
    PAUSED = "paused"  # not reached, or not now (the night): the place is kept for later
    REACHED = "reached"  # they spoke
    UNREACHED = "unreached"  # the last try was in vain: somebody decides
    CANCELLED = "cancelled"  # not wanted any more
    TAKEN_OVER = "taken_over"  # the citizen called again, and that call has the place
    DONE = "done"  # settled by hand, in a word
    NOT_REACHED = "not_reached"  # an agent called, and nobody was reached: nothing is owed by that


#: The city still owes the call.
PENDING: Final = (State.SCHEDULED, State.IN_LINE, State.DIALLING, State.PAUSED)


class Move(StrEnum):
    """What happens to a promise."""

    DUE = "due"  # the hour, or the pause's end, has come
    DIAL = "dial"  # the agent's telephone has answered: the citizen is rung
    ANSWER = "answer"  # the citizen answers
    MISS = "miss"  # busy, no answer, failed: again after a pause
    GIVE_UP = "give_up"  # the same, and it was the last try
    LOSE_AGENT = "lose_agent"  # the agent hung up while it rang: the next agent
    MEET = "meet"  # still on the line that they asked on, and brought like any caller
    SLEEP = "sleep"  # it is too late in the evening
    POSTPONE = "postpone"  # the citizen asks for a later hour
    HASTEN = "hasten"  # the citizen asks for as soon as possible
    TAKE_OVER = "take_over"
    CANCEL = "cancel"
    RETRY = "retry"  # an agent tries once more
    SETTLE = "settle"
    FAIL = "fail"  # a call that one agent makes has reached nobody


#: What each move leads to, and from where it may be made.
MOVES: Final[Mapping[Move, tuple[State, frozenset[State]]]] = {
    Move.DUE: (State.IN_LINE, frozenset({State.SCHEDULED, State.PAUSED})),
    Move.DIAL: (State.DIALLING, frozenset({State.IN_LINE})),
    Move.ANSWER: (State.REACHED, frozenset({State.DIALLING})),
    Move.MISS: (State.PAUSED, frozenset({State.DIALLING})),
    Move.GIVE_UP: (State.UNREACHED, frozenset({State.DIALLING})),
    Move.LOSE_AGENT: (State.IN_LINE, frozenset({State.DIALLING})),
    Move.MEET: (State.REACHED, frozenset({State.IN_LINE})),
    Move.SLEEP: (State.PAUSED, frozenset({State.IN_LINE})),
    Move.POSTPONE: (
        State.SCHEDULED,
        frozenset({State.SCHEDULED, State.IN_LINE, State.PAUSED}),
    ),
    Move.HASTEN: (State.IN_LINE, frozenset({State.SCHEDULED, State.PAUSED})),
    Move.TAKE_OVER: (State.TAKEN_OVER, frozenset(PENDING)),
    Move.CANCEL: (State.CANCELLED, frozenset({*PENDING, State.UNREACHED})),
    Move.RETRY: (State.IN_LINE, frozenset({State.UNREACHED})),
    Move.SETTLE: (State.DONE, frozenset({State.UNREACHED})),
    Move.FAIL: (State.NOT_REACHED, frozenset({State.IN_LINE, State.DIALLING})),
}


class Missed(StrEnum):
    """Why a citizen was not reached. The first three are the carrier's words, and are tries."""

    BUSY = "busy"
    NO_ANSWER = "no-answer"
    FAILED = "failed"
    AGENT_GONE = "agent_gone"  # ours: no try of the citizen's
    WITHDRAWN = "withdrawn"  # cancelled, or taken over, while it rang


def missed(status: str) -> Missed:
    """What the carrier's word for the end of an unanswered call means."""
    return Missed(status) if status in (Missed.BUSY, Missed.NO_ANSWER) else Missed.FAILED


# ---------------------------------------------------------------- hours

_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")


@dataclass(frozen=True, slots=True)
class Span:
    """A part of each local day, half-open; `end` None is midnight at its end."""

    start: time
    end: time | None

    @classmethod
    def parse(cls, text: str) -> "Span":
        """Read `08:00-20:00`; raises ValueError with what is wrong."""
        found = _SPAN.fullmatch(text)
        if found is None:
            raise ValueError(f'"{text}" is no span of a day, such as 08:00-20:00')
        numbers = [None if part is None else int(part) for part in found.groups()]
        start = time(numbers[0] or 0, numbers[1] or 0)
        end = None if numbers[2] is None else time(numbers[2], numbers[3] or 0)
        if end is not None and end <= start:
            raise ValueError(f'"{text}" ends before it begins: a night is two spans')
        return cls(start, end)

    def holds(self, at: time) -> bool:
        """Whether a time of day lies in it."""
        return self.start <= at and (self.end is None or at < self.end)


@dataclass(frozen=True, slots=True)
class Hours:
    """When citizens may be rung: spans of the local day, and for how long after a moment at which
    somebody was awake (they called, or asked for that hour) they may be rung at any hour.
    """

    spans: Sequence[Span]
    zone: ZoneInfo
    fresh: timedelta

    def allow(self, now: datetime, awake_at: datetime) -> bool:
        """Whether somebody who is known to have been awake at `awake_at` may be rung now."""
        if awake_at <= now < awake_at + self.fresh:
            return True
        local = clock.local(now, self.zone).time()
        return any(span.holds(local) for span in self.spans)

    def pause_after(self, awake_at: datetime) -> datetime | None:
        """When somebody who is awake at `awake_at` may be rung again, if not at any time from then
        on: their wakefulness ends in the night. None: it ends by day.
        """
        end = awake_at + self.fresh
        local = clock.local(end, self.zone).time()
        return None if any(span.holds(local) for span in self.spans) else self.next_opening(end)

    def next_opening(self, now: datetime) -> datetime:
        """When a span begins next, after `now` (aware, UTC)."""
        today = clock.local_day(now, self.zone)
        days = (today + timedelta(days=number) for number in range(3))
        starts = (self._on(day, span)[0] for day in days for span in self.spans)
        return min(at for at in starts if at > now)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """How much of [start, end) lies in the spans."""
        total, day = timedelta(), clock.local_day(start, self.zone)
        while clock.midnight(day, self.zone) < end:
            for span in self.spans:
                opens, closes = self._on(day, span)
                total += max(timedelta(), min(closes, end) - max(opens, start))
            day += timedelta(days=1)
        return total

    def _on(self, day: date, span: Span) -> tuple[datetime, datetime]:
        opens = clock.utc(datetime.combine(day, span.start, tzinfo=self.zone))
        if span.end is None:
            return opens, clock.midnight(day + timedelta(days=1), self.zone)
        return opens, clock.utc(datetime.combine(day, span.end, tzinfo=self.zone))


# ---------------------------------------------------------------- trying again


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a citizen who was not reached is tried again, and after which pause."""

    times: int
    pauses: Mapping[Missed, timedelta]


def try_again(
    tries: int, why: Missed, now: datetime, *, retries: Retries, hours: Hours, awake_at: datetime
) -> datetime | None:
    """When to try again after the try number `tries` was in vain; None: that was the last.

    Never in the night, unless that is near the moment at which they were awake.
    """
    if tries > retries.times:
        return None
    at = now + retries.pauses.get(why, timedelta())
    return at if hours.allow(at, awake_at) else hours.next_opening(at)


def is_late(asked_for: datetime, now: datetime, limit: timedelta, hours: Hours) -> bool:
    """Whether a promise is older than `limit`, the hours in which nobody is rung not counted."""
    return hours.between(asked_for, now) > limit
