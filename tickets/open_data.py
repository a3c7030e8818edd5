"""What the open data read of tickets: nobody's name, number or words."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tickets.models import EventKind, Ticket, TicketEvent, TicketPlace


class OpenTicket(NamedTuple):
    """A ticket as it stands; moments are aware, UTC."""

    id: int
    received_at: datetime
    kind: str
    category: str | None
    division: str
    area: str | None
    private: bool
    state: str
    result: str | None
    acknowledged_at: datetime | None
    closed_at: datetime | None
    reopened: int
    #: WGS 84, degrees; None: no pin.
    latitude: float | None
    longitude: float | None


def received(session: Session, start: datetime, end: datetime) -> Iterator[OpenTicket]:
    """Every ticket that came in in [start, end) (aware)."""
    rows = session.execute(
        sa.select(
            Ticket.id,
            Ticket.received_at,
            Ticket.kind,
            Ticket.category,
            Ticket.division,
            Ticket.area,
            Ticket.private,
            Ticket.state,
            Ticket.result,
            Ticket.acknowledged_at,
            Ticket.closed_at,
            Ticket.reopened,
            TicketPlace.latitude,
            TicketPlace.longitude,
        )
        .outerjoin(TicketPlace, TicketPlace.ticket_id == Ticket.id)
        .where(Ticket.received_at >= start, Ticket.received_at < end)
        .order_by(Ticket.id)
    )
    yield from map(OpenTicket._make, rows)


def marks(session: Session, start: datetime, end: datetime) -> dict[int, int]:
    """The last mark (1 to 5) that a citizen gave each of those tickets, by the ticket's id."""
    rows = session.execute(
        sa.select(TicketEvent.ticket_id, TicketEvent.data)
        .join(Ticket, Ticket.id == TicketEvent.ticket_id)
        .where(
            TicketEvent.kind == EventKind.JUDGED.value,
            Ticket.received_at >= start,
            Ticket.received_at < end,
        )
        .order_by(TicketEvent.id)
    )
    return {row.ticket_id: int(row.data["mark"]) for row in rows}
