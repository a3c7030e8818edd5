"""Who may do what with units and their jobs."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tickets import facts
from tickets.errors import NotYours, RoleMayNot
from tickets.facts import Actor, TicketFacts
from tickets.models import Ticket
from tickets.units import rules
from tickets.units.errors import NotYourUnit
from tickets.units.models import Dispatch, UnitCrew
from tickets.units.rules import Act
from tickets.workflow import Role


def may_send(actor: Actor, ticket: TicketFacts) -> bool:
    """Say whether the actor sends units to this ticket."""
    return ticket.is_open and actor.role in rules.SENDERS and is_theirs(actor, ticket)


def may_ask(actor: Actor, ticket: TicketFacts) -> bool:
    """Say whether the actor may ask for a unit there."""
    return ticket.is_open and actor.role in rules.ASKERS and is_theirs(actor, ticket)


def may_step(session: Session, actor: Actor, dispatch_id: int, act: Act, now: datetime) -> bool:
    """Say whether the actor may say this of a job now."""
    row = session.get(Dispatch, dispatch_id)
    if row is None:
        return False
    ticket = facts.of_ticket(session.get_one(Ticket, row.ticket_id))
    return why_not(session, actor, act, row, ticket, now) is None


def is_theirs(actor: Actor, ticket: TicketFacts) -> bool:
    return actor.role is not Role.DIVISION or ticket.division in actor.divisions


def why_not(
    session: Session, actor: Actor, act: Act, row: Dispatch, ticket: TicketFacts, at: datetime
) -> type[NotYourUnit | NotYours | RoleMayNot] | None:
    if actor.role not in rules.WHO[act]:
        return RoleMayNot
    if not is_theirs(actor, ticket):
        return NotYours
    if actor.role is Role.CREW and not was_on(session, row.unit_id, actor.username, at):
        return NotYourUnit
    return None


def was_on(session: Session, unit_id: int, username: str, at: datetime) -> bool:
    """Whether somebody is on a unit, or was at that moment: what a telephone says after the shift
    was true in it.
    """
    mine = (UnitCrew.unit_id == unit_id, UnitCrew.username == username)
    then = sa.and_(UnitCrew.from_at <= at, UnitCrew.until_at >= at)
    found = sa.select(UnitCrew.id).where(*mine, sa.or_(UnitCrew.until_at.is_(None), then))
    return session.scalar(found.limit(1)) is not None
