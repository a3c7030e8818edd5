"""What a citizen may hear of a ticket: state, division, deadline, what was said to them.

Nothing internal: no notes, no names, and of a private ticket as much as of any other, since only
who proves the telephone number that it came from is told.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tickets.masking import masked
from tickets.models import EventKind, Ticket, TicketCall, TicketEvent
from tickets.workflow import OPEN


@dataclass(frozen=True)
class CitizenView:
    """A ticket as its citizen sees it; moments are aware. `news` is what was said on closing it,
    empty before; `callers` are the numbers that called about it, E.164.
    """

    number: str
    state: str
    division: str
    changed_at: datetime
    due_at: datetime | None
    news: str
    callers: tuple[str, ...]


#: What moves a ticket in the eyes of a citizen.
_SEEN = (EventKind.MADE, EventKind.CALL, EventKind.MOVED, EventKind.COMPLETED)


def as_citizens_see(session: Session, number: str) -> CitizenView | None:
    """The ticket with this number (bare digits), or None."""
    ticket = session.scalar(sa.select(Ticket).where(Ticket.number == number))
    if ticket is None:
        return None
    last = session.execute(
        sa.select(TicketEvent.at, TicketEvent.kind, TicketEvent.data)
        .where(TicketEvent.ticket_id == ticket.id, TicketEvent.kind.in_(_SEEN))
        .order_by(TicketEvent.id.desc())
        .limit(1)
    ).one()
    callers = session.scalars(
        sa.select(TicketCall.caller_number).where(
            TicketCall.ticket_id == ticket.id, TicketCall.caller_number.is_not(None)
        )
    )
    closed = ticket.state not in OPEN
    # what is written on making or completing a ticket is an agent's note, and not for the citizen
    told = closed and last.kind == EventKind.MOVED and "instead" not in last.data
    return CitizenView(
        number=ticket.number,
        state=ticket.state,
        division=ticket.division,
        changed_at=last.at,
        due_at=None if closed else ticket.due_at,
        news=masked(str(last.data.get("text") or "")) if told else "",
        callers=tuple(sorted({ticket.caller_number, *callers} - {None})),
    )
