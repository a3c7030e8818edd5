"""The life of a ticket: kinds, states, who may move it, how it ends, and by when.

Four states are the outer face, in the words of Pattaya's own complaint system; a caller hears
them, so there are no others. `MOVES` is the whole workflow: what is not in it cannot happen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Kind(StrEnum):
    """What a caller came with."""

    INQUIRY = "inquiry"
    COMPLAINT = "complaint"
    REQUEST = "request"
    EMERGENCY = "emergency"
    SUGGESTION = "suggestion"
    PRAISE = "praise"


class State(StrEnum):
    """Where a ticket stands, as its citizen is told."""

    RECEIVED = "received"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    CANCELLED = "cancelled"


OPEN: Final = frozenset({State.RECEIVED, State.IN_PROGRESS})
"""States in which the city still owes something."""


class Result(StrEnum):
    """How a ticket ended: a list, so that it can be counted; the words are added to it."""

    FIXED = "fixed"
    CANNOT_FIX = "cannot_fix"
    NOT_FOUND = "not_found"
    WITHDRAWN = "withdrawn"
    OTHER = "other"
    ANSWERED = "answered"
    #: It is the same matter as another ticket's, which is worked on instead: no move, a verb of its
    #: own gives it (`tickets.life.merging`).
    MERGED = "merged"


class Priority(StrEnum):
    """Pattaya's three steps, least urgent first."""

    NORMAL = "normal"
    URGENT = "urgent"
    CRITICAL = "critical"


class Role(StrEnum):
    """Who moves a ticket; the names are those of the accounts' roles, `system` is the hotline and
    `citizen` whose matter it is.
    """

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    DIVISION = "division"
    CREW = "crew"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"
    SYSTEM = "system"
    CITIZEN = "citizen"


@dataclass(frozen=True)
class Move:
    """One way out of a state: who may take it, and with which results.

    No results: the ticket stays open and none is asked for. `reason`: words must be given.
    """

    roles: frozenset[Role]
    results: frozenset[Result] = frozenset()
    reason: bool = False


_DESK: Final = frozenset({Role.AGENT, Role.SUPERVISOR, Role.ADMINISTRATOR})
_CITIZEN: Final = frozenset({Role.CITIZEN})
_OWNERS: Final = frozenset({Role.DIVISION, Role.SUPERVISOR, Role.ADMINISTRATOR})
_CLOSING: Final = frozenset(
    {Result.FIXED, Result.CANNOT_FIX, Result.NOT_FOUND, Result.OTHER, Result.ANSWERED}
)
_WITHDRAWING: Final = frozenset({Result.WITHDRAWN})

MOVES: Final[Mapping[State, Mapping[State, Move]]] = MappingProxyType(
    {
        State.RECEIVED: {
            State.IN_PROGRESS: Move(_OWNERS),
            State.DONE: Move(_OWNERS, _CLOSING, reason=True),
            State.CANCELLED: Move(_OWNERS | _DESK | _CITIZEN, _WITHDRAWING, reason=True),
        },
        State.IN_PROGRESS: {
            State.DONE: Move(_OWNERS, _CLOSING, reason=True),
            State.CANCELLED: Move(_OWNERS | _DESK | _CITIZEN, _WITHDRAWING, reason=True),
        },
        State.DONE: {
            State.IN_PROGRESS: Move(_OWNERS | _DESK | _CITIZEN, reason=True),
        },
        State.CANCELLED: {
            State.IN_PROGRESS: Move(_OWNERS | _DESK | _CITIZEN, reason=True),
        },
    }
)

_ONLY_AN_ANSWER: Final = frozenset({Result.ANSWERED, Result.OTHER})
RESULTS_OF_KIND: Final[Mapping[Kind, frozenset[Result]]] = MappingProxyType(
    {
        # nothing was broken, so nothing can be "fixed"; the others are answered by being dealt with
        Kind.INQUIRY: _ONLY_AN_ANSWER,
        Kind.PRAISE: _ONLY_AN_ANSWER,
        Kind.SUGGESTION: _CLOSING - {Result.NOT_FOUND},
        Kind.COMPLAINT: _CLOSING - {Result.ANSWERED},
        Kind.REQUEST: _CLOSING - {Result.ANSWERED},
        Kind.EMERGENCY: _CLOSING - {Result.ANSWERED},
    }
)


class Refusal(StrEnum):
    """Why a move is not made."""

    NO_SUCH_MOVE = "no_such_move"
    ROLE = "role"
    RESULT_NEEDED = "result_needed"
    RESULT_WRONG = "result_wrong"
    REASON_NEEDED = "reason_needed"
    AFTER_PHOTO_NEEDED = "after_photo_needed"


def results(kind: Kind, from_: State, to: State) -> frozenset[Result]:
    """Return the results to choose from on this move; none: the move takes no result."""
    move = MOVES[from_].get(to)
    if move is None or not move.results:
        return frozenset()
    if to is State.CANCELLED:
        return move.results
    return move.results & RESULTS_OF_KIND[kind]


def moves(state: State, role: Role) -> list[State]:
    """Return the states that `role` may move a ticket to, in the order of the table."""
    return [to for to, move in MOVES[state].items() if role in move.roles]


def refusal(
    kind: Kind, from_: State, to: State, role: Role, result: Result | None, text: str
) -> Refusal | None:
    """Say why this move must not be made, or None when it may."""
    move = MOVES[from_].get(to)
    if move is None:
        return Refusal.NO_SUCH_MOVE
    if role not in move.roles:
        return Refusal.ROLE
    wrong = _result_refusal(results(kind, from_, to), result)
    if wrong:
        return wrong
    if move.reason and not text.strip():
        return Refusal.REASON_NEEDED
    return None


def _result_refusal(allowed: frozenset[Result], result: Result | None) -> Refusal | None:
    if result is None:
        return Refusal.RESULT_NEEDED if allowed else None
    return None if result in allowed else Refusal.RESULT_WRONG


# ------------------------------------------------------------------ waiting


class Waiting(StrEnum):
    """For whom an open ticket waits: the division has done what it can for now.

    Not a state: the citizen's four stay as they are.
    """

    CITIZEN = "citizen"
    AGENCY = "agency"


#: So long a ticket waits at most before somebody looks at it again.
LONGEST_WAIT: Final = timedelta(days=90)


def may_wait(state: State, role: Role) -> bool:
    """Say whether somebody of this role may let a ticket wait, or end that: who works on it."""
    return state is State.IN_PROGRESS and role in _OWNERS


def may_assign(state: State, role: Role) -> bool:
    """Say whether somebody of this role may say who in the division does it."""
    return state in OPEN and role in _OWNERS


def may_route(state: State, role: Role) -> bool:
    """Say whether somebody of this role may change what it is and whose: the desk that took it
    down, who answers for the whole, and the division that finds it is not theirs.
    """
    return state in OPEN and role in _OWNERS | _DESK


# ------------------------------------------------------------------ several tickets, one matter


def may_link(role: Role) -> bool:
    """Say whether somebody of this role may say that two tickets have to do with each other."""
    return role in _OWNERS | _DESK


def may_merge(state: State, role: Role) -> bool:
    """Say whether somebody of this role may say that it is the same matter as another's."""
    return state in OPEN and role in _OWNERS


def may_unmerge(result: Result | None, role: Role) -> bool:
    """Say whether somebody of this role may say that it is a matter of its own after all."""
    return result is Result.MERGED and role in _OWNERS


# ------------------------------------------------------------------ what a citizen can do


def may_reopen(state: State, closed_at: datetime | None, within: timedelta, now: datetime) -> bool:
    """Say whether its citizen can still open it again: within so long after the closing."""
    return state not in OPEN and closed_at is not None and now <= closed_at + within


def may_judge(state: State, closed_at: datetime | None, within: timedelta, now: datetime) -> bool:
    """Say whether its citizen can give its result a mark, or another one: until it is closed for
    good. What was withdrawn has no result.
    """
    return state is State.DONE and may_reopen(state, closed_at, within, now)


# ------------------------------------------------------------------ deadlines


def is_overdue(state: State, due_at: datetime | None, now: datetime) -> bool:
    """Say whether the city owes it and is late; at the moment of the deadline it is not yet."""
    return state in OPEN and due_at is not None and now > due_at
