"""What was planned beside what was: presence as it is in its events, cut along the shifts.

Pure. All moments are UTC, all spans half-open: who signs out at the very end of a shift did not
leave early. The definitions in words: docs/roster.md.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final

from agents.roster.rules import Shift
from agents.states import State, Status, Trouble

NOTHING: Final = timedelta()


@dataclass(frozen=True, slots=True)
class Rules:
    """What the city decided. `grace`: so late is not late, so early not early. `absent_after`: so
    long after the beginning who has not come is absent. `early`: so long before the beginning one
    may be there. `breaks`: the reasons of a break that count as present.
    """

    grace: timedelta = timedelta(minutes=5)
    absent_after: timedelta = timedelta(minutes=30)
    early: timedelta = timedelta(minutes=30)
    breaks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Seen:
    """One change of an agent's presence: what it was from `at` on."""

    at: datetime
    status: Status
    state: State
    reason: str | None = None
    trouble: Trouble | None = None

    @property
    def unreachable(self) -> bool:
        """Whether they would have been offered calls, had their telephone worked."""
        may_be_rung = self.state in (State.IDLE, State.OFFERED)
        return self.trouble is not None and self.status is Status.READY and may_be_rung


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of being signed in (or busy, which nobody is who has gone home). `working`: it
    counts as present. `seen`: what the agent was.
    """

    start: datetime
    end: datetime
    working: bool
    seen: Seen | None = field(default=None, compare=False)


def spans(changes: Iterable[Seen], end: datetime, breaks: Collection[str]) -> list[Span]:
    """The stretches of presence of one agent, in order, none of length zero; the last ends at
    `end`. `changes` in order; before the first of them the agent was not there.
    """
    found: list[Span] = []
    before: Seen | None = None
    for each in changes:
        if before is not None:
            found += _span(before, min(each.at, end), breaks)
        before = each
    return found + (_span(before, end, breaks) if before is not None else [])


def _span(seen: Seen, end: datetime, breaks: Collection[str]) -> list[Span]:
    there = seen.status is not Status.SIGNED_OUT or seen.state is not State.IDLE
    if not there or end <= seen.at:
        return []
    return [Span(seen.at, end, _working(seen, breaks), seen)]


def _working(seen: Seen, breaks: Collection[str]) -> bool:
    """Ready with a telephone that works, or at a call, or writing it up; on a break whose reason
    counts.
    """
    if seen.unreachable:
        return False
    if seen.state is not State.IDLE or seen.status is Status.READY:
        return True
    return seen.status is Status.BREAK and seen.reason in breaks


# ---------------------------------------------------------------- a shift as it was kept


@dataclass(frozen=True, slots=True)
class Kept:
    """How one shift was kept, up to `now`. `late` is None for who never came; `early` None while
    the shift lasts, and for who never came.
    """

    shift: Shift
    planned: timedelta
    present: timedelta
    late: timedelta | None
    early: timedelta | None

    @property
    def absent(self) -> bool:
        """Whether the shift has begun, and nobody was there."""
        return self.planned > NOTHING and self.late is None


def kept(shift: Shift, there: Sequence[Span], now: datetime, rules: Rules) -> Kept:
    """How a shift was kept, of what is known at `now`."""
    until = min(shift.end, now)
    planned = max(NOTHING, until - shift.start)
    inside = [each for each in there if each.start < until and each.end > shift.start]
    if not inside or not planned:
        return Kept(shift, planned, NOTHING, None, None)
    present = sum((_shared(each, shift.start, until) for each in inside if each.working), NOTHING)
    late = _beyond(inside[0].start - shift.start, rules.grace)
    early = _beyond(shift.end - inside[-1].end, rules.grace) if shift.end <= now else None
    return Kept(shift, planned, present, late, early)


def _beyond(how_long: timedelta, grace: timedelta) -> timedelta:
    """Nothing within the grace; past it all of it counts."""
    return how_long if how_long > grace else NOTHING


def _shared(span: Span, start: datetime, end: datetime) -> timedelta:
    return max(NOTHING, min(span.end, end) - max(span.start, start))


class Why(StrEnum):
    """Why a shift was not kept whole."""

    ABSENT = "absent"  # never came
    LATE = "late"
    BREAK = "break"  # on a break that does not count
    UNREACHABLE = "unreachable"  # ready, and their telephone could not be answered
    MISSED = "missed"  # a call rang in vain, and nobody said that they are back
    AWAY = "away"  # signed out in the middle
    EARLY = "early"  # gone before the end; while it lasts: gone by now


@dataclass(frozen=True, slots=True)
class Difference:
    """A part of a shift that was not kept. `reason`: that of a break, by its configured name."""

    why: Why
    how_long: timedelta
    reason: str | None = None


def differences(shift: Shift, there: Sequence[Span], now: datetime) -> list[Difference]:
    """What is missing between planned and present, every minute of it once, in the order of `Why`;
    without grace: that decides what is said of it, not what was.
    """
    until = min(shift.end, now)
    planned = max(NOTHING, until - shift.start)
    inside = [each for each in there if each.start < until and each.end > shift.start]
    if not planned:
        return []
    if not inside:
        return [Difference(Why.ABSENT, planned)]
    lost: dict[tuple[Why, str | None], timedelta] = {}

    def lose(why: Why, how_long: timedelta, reason: str | None = None) -> None:
        if how_long > NOTHING:
            lost[why, reason] = lost.get((why, reason), NOTHING) + how_long

    lose(Why.LATE, inside[0].start - shift.start)
    for before, after in pairwise(inside):
        lose(Why.AWAY, after.start - before.end)
    for each in inside:
        if not each.working:
            lose(*_excused(each, _shared(each, shift.start, until)))
    lose(Why.EARLY, until - inside[-1].end)
    order = list(Why)
    found = [Difference(why, how_long, reason) for (why, reason), how_long in lost.items()]
    return sorted(found, key=lambda each: (order.index(each.why), each.reason or ""))


def _excused(span: Span, how_long: timedelta) -> tuple[Why, timedelta, str | None]:
    if span.seen is not None and span.seen.unreachable:
        return Why.UNREACHABLE, how_long, None
    if span.seen is not None and span.seen.status is Status.MISSED:
        return Why.MISSED, how_long, None
    return Why.BREAK, how_long, span.seen.reason if span.seen else None


def unplanned(
    of: Iterable[Shift], there: Iterable[Span], start: datetime, end: datetime
) -> timedelta:
    """How long an agent worked between `start` and `end` outside of any of their shifts."""
    worked = [each for each in there if each.working]
    whole = sum((_shared(each, start, end) for each in worked), NOTHING)
    planned = sum(
        (_shared(each, max(start, a), min(end, b)) for a, b in _joined(of) for each in worked),
        NOTHING,
    )
    return whole - planned


def _joined(of: Iterable[Shift]) -> list[tuple[datetime, datetime]]:
    """The shifts as stretches that do not overlap, so that no minute is taken off twice."""
    found: list[tuple[datetime, datetime]] = []
    for shift in sorted(of, key=lambda each: each.start):
        if found and shift.start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], shift.end))
        else:
            found.append((shift.start, shift.end))
    return found


# ---------------------------------------------------------------- who is here now


class Here(StrEnum):
    """How somebody stands to the roster at this moment."""

    PRESENT = "present"
    #: The shift has just begun: nobody is late yet.
    EXPECTED = "expected"
    LATE = "late"
    ABSENT = "absent"
    #: Was there in this shift, and is gone before its end.
    LEFT = "left"
    #: There before the shift begins.
    BEFORE = "before"
    UNPLANNED = "unplanned"


def here(
    current: Shift | None,
    upcoming: Shift | None,
    there: Sequence[Span],
    now: datetime,
    rules: Rules,
) -> Here | None:
    """How an agent stands at `now`: with the shift of this moment, the next one, and the presence
    up to now. None: neither planned nor there.
    """
    at_work = bool(there) and there[-1].end >= now
    if current is None:
        if not at_work:
            return None
        soon = upcoming is not None and upcoming.start - now <= rules.early
        return Here.BEFORE if soon else Here.UNPLANNED
    if at_work:
        return Here.PRESENT
    if any(each.end > current.start for each in there):
        return Here.LEFT
    since = now - current.start
    if since <= rules.grace:
        return Here.EXPECTED
    return Here.LATE if since <= rules.absent_after else Here.ABSENT
