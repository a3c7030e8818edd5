"""What two tickets can be to each other, and when one can be merged into another. Pure."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Protocol

from tickets.workflow import OPEN, Result, State


class Bond(StrEnum):
    """What one ticket is of another. Each has its inverse, which the other one shows."""

    DUPLICATE = "duplicate"
    PART = "part"
    CAUSED = "caused"


def closes_circle(bonds: Iterable[tuple[int, int]], from_: int, to: int) -> bool:
    """Say whether one more bond of a kind, from one id to another, would lead back to where it
    begins, by those that there are: nothing is part of its own part, nor caused by what it caused.
    """
    ways: dict[int, list[int]] = {}
    for start, end in bonds:
        ways.setdefault(start, []).append(end)
    reached, ahead = set[int](), [to]
    while ahead:
        at = ahead.pop()
        if at == from_:
            return True
        if at not in reached:
            reached.add(at)
            ahead.extend(ways.get(at, ()))
    return False


class Unfit(StrEnum):
    """Why a ticket is not merged into another."""

    SAME = "same"
    CLOSED = "closed"
    INCOMPLETE = "incomplete"
    FORWARDED = "forwarded"
    INTO_MERGED = "into_merged"
    INTO_CLOSED = "into_closed"
    INTO_INCOMPLETE = "into_incomplete"
    PRIVACY = "privacy"
    PRIVATE_ELSEWHERE = "private_elsewhere"


class Side(Protocol):
    """What of a ticket decides whether it can be merged."""

    @property
    def id(self) -> int:
        """Its id."""

    @property
    def state(self) -> State:
        """Where it stands."""

    @property
    def result(self) -> Result | None:
        """How it ended."""

    @property
    def private(self) -> bool:
        """Read by its own division alone."""

    @property
    def incomplete(self) -> bool:
        """Made without its agent's word."""

    @property
    def division(self) -> str:
        """Whose it is."""


def unfit(it: Side, into: Side) -> Unfit | None:
    """Say why `it` must not be merged into the other, or None when it may.

    Into what is closed: its citizen would be told "done" of something that nobody has looked at.
    Between what is private and what is not, or two divisions' private ones: people would read, by
    way of the other, what was not for them.
    """
    if it.id == into.id:
        return Unfit.SAME
    if it.state not in OPEN:
        return Unfit.CLOSED
    if it.incomplete:
        return Unfit.INCOMPLETE
    return _unfit_into(it, into)


def _unfit_into(it: Side, into: Side) -> Unfit | None:
    if into.result is Result.MERGED:
        return Unfit.INTO_MERGED
    if into.state not in OPEN:
        return Unfit.INTO_CLOSED
    if into.incomplete:
        return Unfit.INTO_INCOMPLETE
    if it.private != into.private:
        return Unfit.PRIVACY
    if it.private and it.division != into.division:
        return Unfit.PRIVATE_ELSEWHERE
    return None
