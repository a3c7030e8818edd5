"""Tickets that have to do with each other: said, and taken away, in both their stories."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.announce import announce
from hotline.db import insert_ignore
from tickets import facts, search, workflow
from tickets.errors import BadLink, NothingChanged, NotYours, RoleMayNot
from tickets.facts import Actor, TicketFacts
from tickets.handling import is_of_division
from tickets.life.rules import Bond, closes_circle
from tickets.models import EventKind, Ticket, TicketLink
from tickets.workflow import Role
from tickets.writing import all_locked, tell


@dataclass(frozen=True)
class LinkFacts:
    """A link as one of its two tickets shows it: `other` is the other one, and `outwards` says that
    this one is `bond` of it (else it is the other way round).
    """

    id: int
    bond: Bond
    outwards: bool
    other: TicketFacts
    reason: str
    by: str
    at: datetime


def may_link(actor: Actor, ticket: TicketFacts) -> bool:
    """Say whether the actor may say what this ticket has to do with another."""
    return workflow.may_link(actor.role) and (
        actor.role is not Role.DIVISION or is_of_division(actor, ticket)
    )


def links_of(session: Session, ticket: TicketFacts, actor: Actor) -> list[LinkFacts]:
    """Return the links of a ticket to those that the actor may read."""
    rows = session.execute(
        sa.select(TicketLink, Ticket)
        .join(
            Ticket,
            sa.or_(
                sa.and_(TicketLink.from_id == ticket.id, Ticket.id == TicketLink.to_id),
                sa.and_(TicketLink.to_id == ticket.id, Ticket.id == TicketLink.from_id),
            ),
        )
        .where(
            sa.or_(TicketLink.from_id == ticket.id, TicketLink.to_id == ticket.id),
            TicketLink.removed_at.is_(None),
            search.readable(actor),
        )
        .order_by(TicketLink.id)
    )
    return [
        LinkFacts(
            id=link.id,
            bond=Bond(link.kind),
            outwards=link.from_id == ticket.id,
            other=facts.of_ticket(other),
            reason=link.reason,
            by=link.by,
            at=link.at,
        )
        for link, other in rows
    ]


def one_at_a_time(session: Session) -> None:
    """Let nobody else add a link in this unit of work: three people who add one each could close a
    circle that none of them saw. SQLite has one writer in any case. To be taken before any row.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("LOCK TABLE ticket_links IN SHARE ROW EXCLUSIVE MODE"))


def link(
    session: Session,
    ticket: TicketFacts,
    bond: Bond,
    other: TicketFacts,
    *,
    text: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Say that a ticket is `bond` of another, and why.

    Raises `NotYours`, `RoleMayNot`, `BadLink` (with itself, without a reason, or in a circle),
    `NothingChanged` when that has been said.
    """
    text = facts.clean(text)
    _refuse(actor, ticket)
    if ticket.id == other.id:
        raise BadLink("itself")
    if not text:
        raise BadLink("reason")
    one_at_a_time(session)
    all_locked(session, (ticket.id, other.id))
    if closes_circle(_bonds(session, bond), ticket.id, other.id):
        raise BadLink("circle", number=other.number_shown)
    row = {
        "from_id": ticket.id,
        "to_id": other.id,
        "kind": bond.value,
        "reason": text,
        "by": actor.username,
        "at": now,
    }
    if insert_ignore(session, TicketLink, row) is None:
        raise NothingChanged
    _tell_both(session, EventKind.LINKED, (ticket, other), bond, text, actor, now)


def unlink(
    session: Session,
    ticket: TicketFacts,
    link_id: int,
    *,
    text: str = "",
    actor: Actor,
    now: datetime,
) -> None:
    """Take away a link of a ticket, in whichever direction it leads. Raises `NotYours`,
    `RoleMayNot`, `NothingChanged` when it has been taken away, or leads to a ticket that the actor
    may not know of.
    """
    _refuse(actor, ticket)
    if link_id not in {each.id for each in links_of(session, ticket, actor)}:
        raise NothingChanged
    take_away(session, ticket, TicketLink.id == link_id, text=text, actor=actor, now=now)


def take_away(
    session: Session,
    ticket: TicketFacts,
    which: sa.ColumnElement[bool],
    *,
    text: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Take away one of a ticket's links, whoever may; who is slower finds none."""
    row = session.scalars(
        sa.update(TicketLink)
        .where(
            which,
            sa.or_(TicketLink.from_id == ticket.id, TicketLink.to_id == ticket.id),
            TicketLink.removed_at.is_(None),
        )
        .values(removed_by=actor.username, removed_at=now)
        .returning(TicketLink)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NothingChanged
    both = all_locked(session, (row.from_id, row.to_id))
    sides = both[row.from_id], both[row.to_id]
    text = facts.clean(text)
    _tell_both(session, EventKind.UNLINKED, sides, Bond(row.kind), text, actor, now)


def _refuse(actor: Actor, ticket: TicketFacts) -> None:
    if not may_link(actor, ticket):
        raise NotYours if workflow.may_link(actor.role) else RoleMayNot


def _bonds(session: Session, bond: Bond) -> Sequence[tuple[int, int]]:
    rows = session.execute(
        sa.select(TicketLink.from_id, TicketLink.to_id).where(
            TicketLink.kind == bond.value, TicketLink.removed_at.is_(None)
        )
    )
    return [(row.from_id, row.to_id) for row in rows]


def _tell_both(
    session: Session,
    kind: EventKind,
    sides: tuple[TicketFacts, TicketFacts],
    bond: Bond,
    text: str,
    actor: Actor,
    now: datetime,
) -> None:
    from_, to = sides
    for it, other, outwards in ((from_, to, True), (to, from_, False)):
        said = {"kind": bond.value, "other": other.number, "outwards": outwards, "text": text}
        tell(session, it.id, kind, actor.username, now, said)
        announce(session, "ticket.moved", ticket_id=it.id)
