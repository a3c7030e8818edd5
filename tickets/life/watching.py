"""Who wants to know what becomes of a ticket, and what of it they have not seen.

Whoever may read a ticket may watch it, and nobody does without having said so. News is an event of
somebody else, of the ticket or of what is merged into it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.db import insert_ignore
from tickets import facts, search
from tickets.facts import Actor, TicketFacts
from tickets.models import Ticket, TicketEvent, TicketMerge, Watch

#: So many of one's tickets are listed, those with news first, the latest first.
LISTED = 200


@dataclass(frozen=True)
class Watched:
    """A ticket that somebody watches: how many events of others they have not seen, and when the
    last of all was (UTC).
    """

    ticket: TicketFacts
    unseen: int
    last_at: datetime


def watch(session: Session, ticket: TicketFacts, actor: Actor, now: datetime) -> None:
    """Watch a ticket from now on; what has happened to it so far is seen."""
    row = {
        "ticket_id": ticket.id,
        "username": actor.username,
        "since": now,
        "seen": _told(session, ticket, actor),
    }
    insert_ignore(session, Watch, row)


def unwatch(session: Session, ticket: TicketFacts, actor: Actor) -> None:
    """Watch it no more."""
    session.execute(
        sa.delete(Watch).where(Watch.ticket_id == ticket.id, Watch.username == actor.username)
    )


def watches(session: Session, ticket: TicketFacts, actor: Actor) -> bool:
    """Say whether the actor watches a ticket."""
    return session.get(Watch, (ticket.id, actor.username)) is not None


def watchers(session: Session, ticket: TicketFacts) -> list[str]:
    """Return the usernames of those who watch a ticket, who began first before."""
    rows = sa.select(Watch.username).where(Watch.ticket_id == ticket.id)
    return list(session.scalars(rows.order_by(Watch.since, Watch.username)))


def unseen(session: Session, ticket: TicketFacts, actor: Actor) -> int | None:
    """Return how many events of others there are now, when the actor watches the ticket and has
    not seen just those; else None: there is nothing to write.
    """
    row = session.get(Watch, (ticket.id, actor.username))
    told = None if row is None else _told(session, ticket, actor)
    return None if row is None or row.seen == told else told


def saw(session: Session, ticket: TicketFacts, actor: Actor, told: int) -> None:
    """Note that the actor has seen so many events of others."""
    session.execute(
        sa.update(Watch)
        .where(Watch.ticket_id == ticket.id, Watch.username == actor.username)
        .values(seen=told)
    )


def _told(session: Session, ticket: TicketFacts, actor: Actor) -> int:
    return session.execute(
        sa.select(sa.func.count()).where(
            TicketEvent.ticket_id.in_(search.tree(ticket.id)), TicketEvent.who != actor.username
        )
    ).scalar_one()


def _told_by_ticket(actor: Actor) -> sa.Subquery:
    """Of each ticket that the actor watches (`top`), with what is merged into it: how many events
    of others there are, and when the last of all was.
    """
    mine = (
        sa.select(Watch.ticket_id.label("top"), Watch.ticket_id.label("id"))
        .where(Watch.username == actor.username)
        .cte("mine", recursive=True)
    )
    mine = mine.union(
        sa.select(mine.c.top, TicketMerge.ticket_id).join_from(
            mine, TicketMerge, TicketMerge.into_id == mine.c.id
        )
    )
    return (
        sa.select(
            mine.c.top,
            sa.func.count().filter(TicketEvent.who != actor.username).label("told"),
            sa.func.max(TicketEvent.at).label("last_at"),
        )
        .join_from(mine, TicketEvent, TicketEvent.ticket_id == mine.c.id)
        .group_by(mine.c.top)
        .subquery()
    )


def news(session: Session, actor: Actor) -> int:
    """Return of how many of what the actor watches there is news: what every list asks."""
    told = _told_by_ticket(actor)
    return session.execute(
        sa.select(sa.func.count())
        .select_from(Watch)
        .join(Ticket, Ticket.id == Watch.ticket_id)
        .join(told, told.c.top == Watch.ticket_id)
        .where(
            Watch.username == actor.username,
            Watch.seen != told.c.told,
            search.readable(actor),
        )
    ).scalar_one()


def watched(session: Session, actor: Actor) -> Sequence[Watched]:
    """Return what the actor watches and may still read."""
    told = _told_by_ticket(actor)
    news = Watch.seen != told.c.told
    rows = session.execute(
        sa.select(Ticket, told.c.told - Watch.seen, told.c.last_at, news)
        .join(Watch, Watch.ticket_id == Ticket.id)
        .join(told, told.c.top == Ticket.id)
        .where(Watch.username == actor.username, search.readable(actor))
        .order_by(sa.case((news, 0), else_=1), told.c.last_at.desc(), Ticket.id.desc())
        .limit(LISTED)
    )
    # what was taken apart leaves fewer than were seen, which is news as well
    return [
        Watched(facts.of_ticket(ticket), max(unseen, 1) if is_new else 0, last_at)
        for ticket, unseen, last_at, is_new in rows
    ]
