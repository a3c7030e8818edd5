"""How a ticket's row and its story are written: by compare-and-set, both in one unit of work."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.db import database_of
from tickets import facts
from tickets.errors import NoSuchTicket, TicketMoved
from tickets.facts import CITIZEN, SYSTEM, TicketFacts
from tickets.models import EventKind, Ticket, TicketEvent

#: What `Database.listen` calls for each event, with the session that writes it and the row `event`.
TOLD = "ticket.told"
#: What a citizen's word is answered by.
_ANSWERS = frozenset(
    {EventKind.MESSAGE, EventKind.MOVED, EventKind.WAITING, EventKind.CALLED_OUT, EventKind.READ}
)


def locked(session: Session, ticket: TicketFacts) -> TicketFacts:
    """Return the ticket as it stands, and let nobody else change it in this unit of work.

    What is worked out from a story must not miss what another writes into it meanwhile. Raises
    `NoSuchTicket`.
    """
    row = session.scalars(
        sa.select(Ticket)
        .where(Ticket.id == ticket.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NoSuchTicket(number=ticket.number_shown)
    return facts.of_ticket(row)


def change(
    session: Session, ticket: TicketFacts, expected: dict[str, Any], values: dict[str, Any]
) -> Ticket:
    """Compare and set, and count the change.

    Raises `TicketMoved` when the row is no longer as it was seen.
    """
    changed = session.scalars(
        sa.update(Ticket)
        .where(Ticket.id == ticket.id, *(getattr(Ticket, k) == v for k, v in expected.items()))
        .values(**values, version=Ticket.version + 1)
        .returning(Ticket)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).one_or_none()
    if changed is None:
        if session.get(Ticket, ticket.id) is None:
            raise NoSuchTicket(number=ticket.number_shown)
        raise TicketMoved(number=ticket.number_shown)
    return changed


def keep_time(session: Session, ticket: TicketFacts, values: dict[str, Any]) -> None:
    """Set the clocks of a ticket that is `locked`: no change that anybody was to see first."""
    if values:
        session.execute(
            sa.update(Ticket)
            .where(Ticket.id == ticket.id)
            .values(**values)
            .execution_options(synchronize_session=False)
        )


def tell(
    session: Session, ticket_id: int, kind: EventKind, by: str, now: datetime, data: dict[str, Any]
) -> int:
    """Add an event to the story, and return its id; who listens to `TOLD` does so in the same unit
    of work.
    """
    event = TicketEvent(ticket_id=ticket_id, at=now, who=by, kind=kind.value, data=data)
    session.add(event)
    session.flush()
    _keep_unread(session, event)
    for listener in database_of(session).listeners.get(TOLD, ()):
        listener(session, event=event)
    return event.id


def _keep_unread(session: Session, event: TicketEvent) -> None:
    """Who wrote waits for an answer from then on, until somebody of the city says something to
    them, or does what they asked for.
    """
    since: sa.ColumnElement[Any]
    if event.kind == EventKind.CITIZEN:
        since = sa.func.coalesce(Ticket.unread_since, event.at)
    elif event.kind in _ANSWERS and event.who not in (CITIZEN, SYSTEM) and _is_answer(event):
        since = sa.null()
    else:
        return
    session.execute(
        sa.update(Ticket)
        .where(Ticket.id == event.ticket_id)
        .values(unread_since=since)
        .execution_options(synchronize_session=False)
    )


def _is_answer(event: TicketEvent) -> bool:
    return event.kind != EventKind.CALLED_OUT or event.data.get("result") == "answered"


def written(at: datetime | None) -> str | None:
    """Return a moment as an event keeps it."""
    return None if at is None else at.isoformat()
