"""What staff do with a citizen's word and links, and the lists of what waits for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.db import not_by_index
from tickets import facts, links, service, sms
from tickets.config import Tickets
from tickets.errors import NothingChanged, NotYours
from tickets.facts import Actor, TicketFacts
from tickets.models import EventKind, Ticket
from tickets.search import readable
from tickets.sms import Told
from tickets.writing import locked, tell

#: So long what never arrived stands on the list.
LOST_SHOWN = timedelta(days=7)
#: Tickets of a list.
MOST = 50


def read(
    session: Session, ticket: TicketFacts, *, text: str = "", actor: Actor, now: datetime
) -> None:
    """Say that what the citizen wrote has been read and needs no answer. Raises `NotYours`,
    `NothingChanged` when nothing is unread.
    """
    if not service.may_note(actor, ticket):
        raise NotYours
    if locked(session, ticket).unread_since is None:
        raise NothingChanged
    said = {"text": facts.clean(text)}
    tell(session, ticket.id, EventKind.READ, actor.username, now, said)


def end_links(session: Session, ticket: TicketFacts, *, actor: Actor, now: datetime) -> int:
    """End every link to a ticket's page, and every visit that came by one; return how many there
    were. The next SMS holds a new one. Raises `NotYours`, `NothingChanged`.
    """
    if not service.may_note(actor, ticket):
        raise NotYours
    ended = links.end(session, ticket.id, by=actor.username, now=now)
    if not ended:
        raise NothingChanged
    tell(session, ticket.id, EventKind.LINKS_ENDED, actor.username, now, {"count": ended})
    return ended


@dataclass(frozen=True)
class Waiting:
    """What citizens wait for: tickets on which their word has been unanswered for too long, oldest
    first, and SMS that never arrived, newest first.
    """

    unanswered: Sequence[TicketFacts]
    lost: Sequence[tuple[TicketFacts, Told]]


def waiting(
    session: Session,
    config: Tickets,
    actor: Actor,
    *,
    divisions: frozenset[str] = frozenset(),
    now: datetime,
) -> Waiting:
    """Return what needs attention in some divisions or (with an empty set) in all."""
    theirs = [Ticket.division.in_(sorted(divisions))] if divisions else []
    may = [not_by_index(each) for each in (readable(actor), *theirs)]
    too_long = now - timedelta(hours=config.citizens.answer_hours)
    rows = session.scalars(
        sa.select(Ticket)
        .where(Ticket.unread_since <= too_long, *may)
        .order_by(Ticket.unread_since)
        .limit(MOST)
    )
    unanswered = [facts.of_ticket(row) for row in rows]
    lost = sms.lost_since(session, sa.and_(*may), now - LOST_SHOWN)
    return Waiting(unanswered, [(facts.of_ticket(row), told) for row, told in lost])
