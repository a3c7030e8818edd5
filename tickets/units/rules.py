"""The rules of units, which know no database: what becomes of a job and who may say so, how a unit
stands, which one is nearest, in which order its jobs are, and by when it answers. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from tickets.places.rules import Pin, distance
from tickets.workflow import Priority, Role

# ------------------------------------------------------------------ a job


class State(StrEnum):
    """Where a job stands: a unit was sent to a ticket."""

    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    ON_WAY = "on_way"
    HERE = "here"
    DONE = "done"
    DECLINED = "declined"
    HANDED_OVER = "handed_over"
    RECALLED = "recalled"


#: A unit that is sent somewhere passes through these, in this order.
ROAD: Final = (State.SENT, State.ACKNOWLEDGED, State.ON_WAY, State.HERE)
OPEN: Final = frozenset(ROAD)


class Act(StrEnum):
    """What is said about a job. All but the last three move it; `SEND` begins it."""

    ACKNOWLEDGE = "acknowledge"
    ON_WAY = "on_way"
    HERE = "here"
    DONE = "done"
    DECLINE = "decline"
    HAND_OVER = "hand_over"
    RECALL = "recall"
    SEND = "send"
    NEED_HELP = "need_help"
    HELP_OVER = "help_over"
    REORDER = "reorder"


#: Where an act leads.
LEADS_TO: Final[Mapping[Act, State]] = MappingProxyType(
    {
        Act.SEND: State.SENT,
        Act.ACKNOWLEDGE: State.ACKNOWLEDGED,
        Act.ON_WAY: State.ON_WAY,
        Act.HERE: State.HERE,
        Act.DONE: State.DONE,
        Act.DECLINE: State.DECLINED,
        Act.HAND_OVER: State.HANDED_OVER,
        Act.RECALL: State.RECALLED,
    }
)

#: The whole of it: what is not in it cannot happen. Who is there already need not say first that
#: they were on the way: a crew forgets a button, a line swallows a message. What is done, somebody
#: has stood before.
MOVES: Final[Mapping[State, frozenset[Act]]] = MappingProxyType(
    {
        State.SENT: frozenset(
            {Act.ACKNOWLEDGE, Act.ON_WAY, Act.HERE, Act.DECLINE, Act.HAND_OVER, Act.RECALL}
        ),
        State.ACKNOWLEDGED: frozenset(
            {Act.ON_WAY, Act.HERE, Act.DECLINE, Act.HAND_OVER, Act.RECALL}
        ),
        State.ON_WAY: frozenset({Act.HERE, Act.DECLINE, Act.HAND_OVER, Act.RECALL}),
        State.HERE: frozenset({Act.DONE, Act.HAND_OVER, Act.RECALL}),
        State.DONE: frozenset(),
        State.DECLINED: frozenset(),
        State.HANDED_OVER: frozenset(),
        State.RECALLED: frozenset(),
    }
)

#: Who sends units: of a division, only to what is that division's.
SENDERS: Final = frozenset({Role.SUPERVISOR, Role.DIVISION, Role.ADMINISTRATOR})
#: Who asks for one.
ASKERS: Final = SENDERS | {Role.AGENT}
#: Who sees the board.
WATCHERS: Final = ASKERS | {Role.MANAGER}
#: Who may say what: a crew of its own jobs alone; who sends, also what a crew says by radio.
WHO: Final[Mapping[Act, frozenset[Role]]] = MappingProxyType(
    {
        Act.SEND: SENDERS,
        Act.ACKNOWLEDGE: SENDERS | {Role.CREW},
        Act.ON_WAY: SENDERS | {Role.CREW},
        Act.HERE: SENDERS | {Role.CREW},
        Act.DONE: SENDERS | {Role.CREW},
        Act.DECLINE: SENDERS | {Role.CREW},
        Act.HAND_OVER: SENDERS | {Role.CREW},
        Act.RECALL: SENDERS,
        Act.NEED_HELP: SENDERS | {Role.CREW},
        Act.HELP_OVER: SENDERS | {Role.CREW},
    }
)
#: Which of them must say why.
REASON: Final = frozenset({Act.DECLINE})


class Finding(StrEnum):
    """What becomes of an act in a state."""

    MOVES = "moves"
    #: It is so already, or further: said twice, or late. Nothing changes, and that is well.
    ALREADY = "already"
    #: The job has ended otherwise meanwhile: nothing changes, and who reads it shall know.
    LATE = "late"
    #: It cannot be.
    REFUSED = "refused"


def find(state: State, act: Act) -> Finding:
    """Say what becomes of an act; asking for help and its end are no moves and only end with it."""
    if act in (Act.NEED_HELP, Act.HELP_OVER):
        return Finding.MOVES if state in OPEN else Finding.LATE
    to = LEADS_TO[act]
    if act in MOVES[state]:
        return Finding.MOVES
    if to is state:
        return Finding.ALREADY
    if state in OPEN:
        passed = to in ROAD and ROAD.index(to) < ROAD.index(state)
        return Finding.ALREADY if passed else Finding.REFUSED
    # whatever led to its end was true when it was said
    if state is State.DONE and to in ROAD:
        return Finding.ALREADY
    return Finding.LATE


def happened(at: datetime | None, before: datetime, now: datetime) -> datetime:
    """Return when something happened: as the telephone says, but never before what came before it
    and never in the future, whatever its clock shows.
    """
    return max(before, now if at is None else min(at, now))


# ------------------------------------------------------------------ a unit


class Standing(StrEnum):
    """How a unit stands."""

    FREE = "free"
    BUSY = "busy"
    NEEDS_HELP = "needs_help"
    OFF_DUTY = "off_duty"


@dataclass(frozen=True)
class JobState:
    """What of an open job says how its unit stands."""

    state: State
    priority: Priority
    since: datetime
    help_since: datetime | None = None


def standing(
    *, on_duty_since: datetime | None, jobs: Iterable[JobState], ended_at: datetime | None = None
) -> tuple[Standing, datetime | None]:
    """Return how a unit stands and since when. `on_duty_since`: None without a crew, or when it is
    out of use; `ended_at`: when its last job ended.

    Whoever needs help is seen before anything else, also when their shift is over on paper.
    """
    jobs = list(jobs)
    calls = [job.help_since for job in jobs if job.help_since is not None]
    if calls:
        return Standing.NEEDS_HELP, min(calls)
    if on_duty_since is None:
        return Standing.OFF_DUTY, ended_at
    if jobs:
        return Standing.BUSY, min(job.since for job in jobs)
    return Standing.FREE, max(on_duty_since, ended_at) if ended_at else on_duty_since


# ------------------------------------------------------------------ which one


@dataclass(frozen=True)
class Candidate:
    """A unit that could be sent. `at`: of when its `pin` is."""

    code: str
    standing: Standing
    divisions: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    pin: Pin | None = None
    at: datetime | None = None
    jobs: int = 0


@dataclass(frozen=True)
class Wanted:
    """What is wanted of it: whose work, where (None: nobody knows), and the caller's language."""

    division: str
    pin: Pin | None = None
    language: str = "th"


@dataclass(frozen=True)
class Suggestion:
    """A unit and why. `metres`: by road, about; None: one of the two places is not known. `age`: of
    its position.
    """

    code: str
    standing: Standing
    fits: bool
    metres: float | None
    age: timedelta | None
    old: bool
    speaks: bool
    jobs: int

    @property
    def is_first_choice(self) -> bool:
        """It could go now."""
        return self.fits and self.standing is Standing.FREE


def suggest(
    candidates: Iterable[Candidate],
    wanted: Wanted,
    *,
    road_factor: float,
    old_after: timedelta,
    now: datetime,
) -> list[Suggestion]:
    """Return who can be sent, the best first; who is off duty or needs help cannot.

    Who does such work goes before who does not, who is free before who has something to do; then
    whose place is known, and known of late; then the nearest by road (the great circle, times
    `road_factor`); then the fewer jobs, the caller's language, and the code, so that all see the
    same order.
    """
    usable = (each for each in candidates if each.standing in (Standing.FREE, Standing.BUSY))
    found = [_suggestion(each, wanted, road_factor, old_after, now) for each in usable]
    return sorted(found, key=_order)


def _suggestion(
    unit: Candidate, wanted: Wanted, road_factor: float, old_after: timedelta, now: datetime
) -> Suggestion:
    age = None if unit.pin is None or unit.at is None else max(now - unit.at, timedelta(0))
    both = unit.pin is not None and wanted.pin is not None
    metres = distance(unit.pin, wanted.pin) * road_factor if both else None  # type: ignore[arg-type]
    return Suggestion(
        code=unit.code,
        standing=unit.standing,
        fits=not unit.divisions or wanted.division in unit.divisions,
        metres=metres,
        age=age,
        old=age is not None and age > old_after,
        speaks=wanted.language in unit.languages,
        jobs=unit.jobs,
    )


def _order(each: Suggestion) -> tuple[bool, bool, bool, bool, float, int, bool, str]:
    return (
        not each.fits,
        each.standing is not Standing.FREE,
        each.age is None,
        each.old,
        each.metres if each.metres is not None else 0.0,
        each.jobs,
        not each.speaks,
        each.code,
    )


# ------------------------------------------------------------------ the order of jobs

_URGENCY: Final = {priority: n for n, priority in enumerate(Priority)}


def place_of_next(jobs: Sequence[tuple[State, Priority]], priority: Priority) -> int:
    """Return where a new job goes among a unit's, in their order: before the first that is less
    urgent and that nobody is on the way to; else behind all.
    """
    begun = (State.ON_WAY, State.HERE)
    for n, (state, other) in enumerate(jobs):
        ahead = all(later not in begun for later, _ in jobs[n:])
        if ahead and state not in begun and _URGENCY[other] < _URGENCY[priority]:
            return n
    return len(jobs)


# ------------------------------------------------------------------ the clock


def acknowledge_by(
    sent_at: datetime, priority: Priority, minutes: Mapping[Priority, float]
) -> datetime:
    """Return by when the crew says that it has seen the job; every hour counts, day and night."""
    return sent_at + timedelta(minutes=minutes[priority])


def is_late(state: State, due_at: datetime, now: datetime) -> bool:
    """Say whether its crew should have answered; at the very moment not yet."""
    return state is State.SENT and now > due_at
