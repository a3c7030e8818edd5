"""How a promise fails, and the row of each failure.

A failure is where the ticket was when it happened, whoever has it later. That is known when its
event is told (`tickets.writing`), so it is written down then, beside the event; what went wrong in
a month is counted from these rows, and no story is read for it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tickets.deadlines import Clock
from tickets.facts import SYSTEM
from tickets.models import EventKind, Ticket, TicketEvent, TicketFault
from tickets.workflow import OPEN, State, Waiting


class Fault(StrEnum):
    """How a promise fails."""

    #: The division's first word did not come in time.
    UNACKNOWLEDGED = "unacknowledged"
    #: There was no news in time.
    SILENT = "silent"
    #: It was not resolved in time.
    OVERDUE = "overdue"
    #: The next level had to be told.
    ESCALATED = "escalated"
    #: It lay here and was another division's, or of another category.
    MISROUTED = "misrouted"
    #: An outside agency had not answered by the day until which it was waited for, or on which it
    #: was to be asked again.
    UNANSWERED = "unanswered"
    #: It was closed here and had to be opened again.
    REOPENED = "reopened"


_ALWAYS = {
    EventKind.OVERDUE: Fault.OVERDUE,
    EventKind.ESCALATED: Fault.ESCALATED,
    EventKind.TO_CHASE: Fault.UNANSWERED,
}
_OPEN = frozenset(state.value for state in OPEN)
_CLOSED = frozenset(state.value for state in State) - _OPEN


def fault_of(kind: EventKind, who: str, data: Mapping[str, Any]) -> Fault | None:
    """Which failure an event tells of; None: of none. Pure. The end of a waiting is one only if an
    agency was waited for, which another event says.
    """
    if kind is EventKind.MISSED:
        clock = data.get("clock")
        return Fault.UNACKNOWLEDGED if clock == Clock.ACKNOWLEDGE.value else Fault.SILENT
    if kind is EventKind.MOVED:
        was, now = data.get("from"), data.get("to")
        again = was in _CLOSED and now in _OPEN
        return Fault.REOPENED if again else None
    if kind is EventKind.ROUTED:
        was = data.get("was", {})
        # what had no category yet was not in a wrong one
        wrong = "division" in was or was.get("category") is not None
        return Fault.MISROUTED if wrong else None
    if kind is EventKind.RESUMED:
        return Fault.UNANSWERED if who == SYSTEM else None
    return _ALWAYS.get(kind)


def note(session: Session, event: TicketEvent) -> None:
    """Keep the rows of failures as an event that has just been told says."""
    kind = EventKind(event.kind)
    if kind is EventKind.UNDONE:
        _take_back(session, event)
        return
    fault = fault_of(kind, event.who, event.data)
    if fault is None:
        return
    if kind is EventKind.RESUMED and not _waited_for_agency(session, event):
        return  # that a citizen does not answer is no failure of the city's
    session.add(
        TicketFault(
            event_id=event.id,
            ticket_id=event.ticket_id,
            at=event.at,
            fault=fault.value,
            division=_division(session, event),
            bulk=event.data.get("bulk"),
        )
    )


def _division(session: Session, event: TicketEvent) -> str:
    """Where the ticket was: what a routing says of that is of before it."""
    was = event.data.get("was", {}).get("division")
    if was is not None:
        return str(was)
    return session.execute(
        sa.select(Ticket.division).where(Ticket.id == event.ticket_id)
    ).scalar_one()


def _take_back(session: Session, event: TicketEvent) -> None:
    """Nothing came of what a bulk move did to the ticket."""
    session.execute(
        sa.delete(TicketFault)
        .where(TicketFault.ticket_id == event.ticket_id, TicketFault.bulk == event.data["bulk"])
        .execution_options(synchronize_session=False)
    )


def _waited_for_agency(session: Session, end: TicketEvent) -> bool:
    """Who was waited for until this end: what was said last before it."""
    said = session.scalar(
        sa.select(TicketEvent.data["for"].as_string())
        .where(
            TicketEvent.ticket_id == end.ticket_id,
            TicketEvent.kind == EventKind.WAITING.value,
            TicketEvent.id < end.id,
        )
        .order_by(TicketEvent.id.desc())
        .limit(1)
    )
    return said == Waiting.AGENCY.value
