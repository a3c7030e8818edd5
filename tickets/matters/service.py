"""The verbs of a matter that several people come with: who is counted, added, taken away."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tickets.matters.models import IS_COUNTED, TicketCaller
from tickets.models import Ticket, TicketMerge


def callers_of(session: Session, ticket_ids: Collection[int]) -> dict[int, int]:
    """Return how many people came with each of these tickets, by id: at least one, the first caller
    counted. A ticket that is not there is not in it.

    Those of what is merged into a ticket are its own. A number is one caller, however often it
    called; who withheld theirs, or was forgotten, is one each time.
    """
    ids = sorted(set(ticket_ids))
    if not ids:
        return {}
    whole = _whole(ids)
    first = sa.select(whole.c.root, Ticket.caller_number.label("number")).join(
        Ticket, Ticket.id == whole.c.id
    )
    more = (
        sa.select(whole.c.root, TicketCaller.number)
        .join(TicketCaller, TicketCaller.ticket_id == whole.c.id)
        .where(IS_COUNTED)
    )
    every = sa.union_all(first, more).subquery()
    known = sa.func.count(sa.distinct(every.c.number))
    unknown = sa.func.count() - sa.func.count(every.c.number)
    rows = session.execute(sa.select(every.c.root, known + unknown).group_by(every.c.root))
    return {row[0]: row[1] for row in rows}


def _whole(ids: Collection[int]) -> sa.CTE:
    """The tickets and everything that is merged into each, however deep: (root, id)."""
    parts = (
        sa.select(Ticket.id.label("root"), Ticket.id.label("id"))
        .where(Ticket.id.in_(ids))
        .cte("whole", recursive=True)
    )
    return parts.union(
        sa.select(parts.c.root, TicketMerge.ticket_id).join_from(
            parts, TicketMerge, TicketMerge.into_id == parts.c.id
        )
    )
