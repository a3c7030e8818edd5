"""How a ticket's row and its story are written: by compare-and-set, both in one unit of work."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.db import database_of
from tickets import facts, faults, search
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
    """Add an event to the story, and return its id; within `part_of` it says of which bulk move.
    Who listens to `TOLD` does so in the same unit of work.
    """
    bulk = session.info.get(_BULK)
    if bulk is not None:
        data = data | {"bulk": bulk}
    event = TicketEvent(ticket_id=ticket_id, at=now, who=by, kind=kind.value, data=data)
    session.add(event)
    session.flush()
    _keep_unread(session, event)
    faults.note(session, event)
    for listener in database_of(session).listeners.get(TOLD, ()):
        listener(session, event=event)
    return event.id


def _keep_unread(session: Session, event: TicketEvent) -> None:
    """Who wrote waits for an answer from then on, until somebody of the city says something to
    them, or does what they asked for.
    """
    since: sa.ColumnElement[Any]
    ids = {event.ticket_id}
    if event.kind == EventKind.CITIZEN or _sent_photo(event):
        since = sa.func.coalesce(Ticket.unread_since, event.at)
        ids |= _worked_on_in(session, event.ticket_id)
    elif event.kind in _ANSWERS and event.who not in (CITIZEN, SYSTEM) and _is_answer(event):
        since = sa.null()
    else:
        return
    session.execute(
        sa.update(Ticket)
        .where(Ticket.id.in_(ids))
        .values(unread_since=since)
        .execution_options(synchronize_session=False)
    )


def _worked_on_in(session: Session, ticket_id: int) -> set[int]:
    """The ticket that another is part of: there somebody sees that its citizen has written."""
    row = session.get_one(Ticket, ticket_id)
    return {search.root(session, facts.of_ticket(row)).id}


def _sent_photo(event: TicketEvent) -> bool:
    return event.kind == EventKind.FILE_ADDED and event.who == CITIZEN


def _is_answer(event: TicketEvent) -> bool:
    return event.kind != EventKind.CALLED_OUT or event.data.get("result") == "answered"


_BULK = "tickets.bulk"


@contextmanager
def part_of(session: Session, bulk_id: int) -> Iterator[None]:
    """Have every event that is told meanwhile carry the id of a bulk move: the verbs need not know
    that they are made with many tickets at once.
    """
    session.info[_BULK] = bulk_id
    try:
        yield
    finally:
        del session.info[_BULK]


def all_locked(session: Session, ids: Iterable[int]) -> dict[int, TicketFacts]:
    """Return several tickets as they stand, by id, and let nobody else change them in this unit of
    work. Always in the order of their ids: who locks two the other way round waits for ever.
    """
    rows = session.scalars(
        sa.select(Ticket)
        .where(Ticket.id.in_(sorted(set(ids))))
        .order_by(Ticket.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.id: facts.of_ticket(row) for row in rows}


def written(at: datetime | None) -> str | None:
    """Return a moment as an event keeps it."""
    return None if at is None else at.isoformat()
