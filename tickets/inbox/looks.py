"""What of a list is unread: something happened by somebody else since one last looked at it."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from tickets.models import TicketEvent, TicketLook


def unread(session: Session, account_id: int, username: str, tickets: Collection[int]) -> set[int]:
    """Return those of some tickets (their ids) in which others did something unseen."""
    if not tickets:
        return set()
    seen = (
        sa.select(TicketLook.event_id)
        .where(TicketLook.account_id == account_id, TicketLook.ticket_id == TicketEvent.ticket_id)
        .scalar_subquery()
    )
    query = (
        sa.select(TicketEvent.ticket_id)
        .where(
            TicketEvent.ticket_id.in_(sorted(tickets)),
            TicketEvent.who != username,
            TicketEvent.id > sa.func.coalesce(seen, 0),
        )
        .distinct()
    )
    return set(session.scalars(query))


def newest(session: Session, ticket_id: int) -> int:
    """Return the id of the newest event of a ticket; 0 when it has none."""
    query = sa.select(sa.func.max(TicketEvent.id)).where(TicketEvent.ticket_id == ticket_id)
    return session.scalar(query) or 0


def after(session: Session, ticket_id: int, event_id: int) -> int:
    """Return how many events a ticket has after one of these."""
    mine = (TicketEvent.ticket_id == ticket_id, TicketEvent.id > event_id)
    return session.scalar(sa.select(sa.func.count()).where(*mine)) or 0


def looked(session: Session, account_id: int, ticket_id: int, event_id: int) -> None:
    """Write down that somebody has read up to an event; an older page takes nothing back."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    insert = dialect.insert(TicketLook).values(
        account_id=account_id, ticket_id=ticket_id, event_id=event_id
    )
    session.execute(
        insert.on_conflict_do_update(
            index_elements=[TicketLook.account_id, TicketLook.ticket_id],
            set_={"event_id": insert.excluded.event_id},
            where=TicketLook.event_id < insert.excluded.event_id,
        )
    )
