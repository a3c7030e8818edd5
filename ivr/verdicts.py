"""What became of a visit, as one word; and which visits belong on which list. Pure.

A list is asked for by name, and holds exactly the visits that the number of the reports counts from
which it was reached (`reports.shown`).
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final, Protocol

from ivr.events import Kind


class Visit(Protocol):
    """What is asked of a visit (`ivr.story.Visit`)."""

    @property
    def visit(self) -> int: ...
    @property
    def queue(self) -> str | None: ...
    @property
    def queued_at(self) -> datetime | None: ...
    @property
    def connected_at(self) -> datetime | None: ...
    @property
    def abandoned_at(self) -> datetime | None: ...
    @property
    def left_at(self) -> datetime | None: ...
    @property
    def talk_ended_at(self) -> datetime | None: ...
    @property
    def wrapped_up_at(self) -> datetime | None: ...
    @property
    def transferred_at(self) -> datetime | None: ...
    @property
    def ended_at(self) -> datetime | None: ...
    @property
    def holds(self) -> int: ...
    @property
    def callback(self) -> bool: ...
    @property
    def outgoing(self) -> bool: ...
    @property
    def unreached(self) -> bool: ...


def _came_in(visit: Visit) -> bool:
    """One line a call: it is counted with its first visit."""
    return visit.visit == 1 and not visit.outgoing


def _is_outgoing(visit: Visit) -> bool:
    return visit.outgoing


def _never_queued(visit: Visit) -> bool:
    return visit.queue is None and not visit.outgoing


def _waits_on_the_line(visit: Visit) -> bool:
    return visit.queue is not None and not visit.callback


def _transferred(visit: Visit) -> bool:
    """Without an agent, from the menu or from the queue."""
    if visit.transferred_at is None or visit.callback or visit.outgoing:
        return False
    ended = (visit.connected_at, visit.abandoned_at)
    return ended == (None, None) and (visit.queue is None or visit.left_at is not None)


def _answered(visit: Visit) -> bool:
    return visit.connected_at is not None and not visit.outgoing


def _answered_on_line(visit: Visit) -> bool:
    return _answered(visit) and not visit.callback


def _abandoned(visit: Visit) -> bool:
    gone = visit.connected_at is None and visit.abandoned_at is not None
    return gone and _waits_on_the_line(visit)


def _left(visit: Visit) -> bool:
    ended = (visit.connected_at, visit.abandoned_at)
    return ended == (None, None) and visit.left_at is not None and _waits_on_the_line(visit)


def _is_callback(visit: Visit) -> bool:
    return visit.callback


def _called_back(visit: Visit) -> bool:
    return visit.callback and visit.connected_at is not None


def _talked(visit: Visit) -> bool:
    return _answered(visit) and visit.talk_ended_at is not None


def _held(visit: Visit) -> bool:
    return _talked(visit) and visit.holds > 0


def _wrapped_up(visit: Visit) -> bool:
    return _talked(visit) and visit.wrapped_up_at is not None


#: The lists, by name: which visits are on each.
LISTS: Final = {
    "incoming": _came_in,
    "not_queued": _never_queued,
    "transferred": _transferred,
    "queued": _waits_on_the_line,
    "answered": _answered,
    "answered_on_line": _answered_on_line,
    "talked": _talked,
    "held": _held,
    "wrapped_up": _wrapped_up,
    "abandoned": _abandoned,
    "left": _left,
    "callback": _is_callback,
    "called_back": _called_back,
    "outgoing": _is_outgoing,
}
_ANSWERED: Final = (Kind.CONNECTED, Kind.TAKEN_OVER)
#: A call without an event of one of these is not on the list: so few need be read of many.
NEEDED: Final[Mapping[str, Collection[Kind]]] = {
    "transferred": (Kind.TRANSFERRING, Kind.TRANSFERRED, Kind.FAULT),
    "answered": _ANSWERED,
    "answered_on_line": _ANSWERED,
    "talked": (Kind.TALK_ENDED,),
    "held": (Kind.HELD,),
    "wrapped_up": (Kind.WRAPPED_UP,),
    "abandoned": (Kind.ABANDONED,),
    "left": (Kind.LEFT, Kind.CALLBACK),
    "callback": (Kind.CALLBACK_QUEUED,),
    "called_back": (Kind.CALLBACK_QUEUED,),
    "outgoing": (Kind.CALLED_OUT,),
}


def verdict(visit: Visit) -> str:
    """What became of a visit (a key of the texts `ivr.verdict.…`)."""
    if visit.outgoing:
        return _of_call_out(visit)
    if visit.queue is None:
        if _transferred(visit):
            return "transferred"
        return "in_menu" if visit.ended_at is None else "not_queued"
    for name in ("called_back", "answered", "abandoned", "left", "callback"):
        if LISTS[name](visit):
            return name
    return "waiting"


def _of_call_out(visit: Visit) -> str:
    if visit.connected_at is not None:
        return "out_reached"
    return "out_not_reached" if visit.unreached else "calling_out"


def waited(visit: Visit) -> float:
    """Seconds on the line, in the queue; infinite where nobody waited, or does still."""
    ended = visit.connected_at or visit.abandoned_at or visit.left_at
    if ended is None or visit.queued_at is None or visit.callback:
        return float("inf")
    return (ended - visit.queued_at).total_seconds()
