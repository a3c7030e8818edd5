"""Units are sent, and their jobs put in order."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tickets import facts, search
from tickets import service as tickets
from tickets.config import Tickets
from tickets.errors import NotYours, RoleMayNot
from tickets.facts import Actor, TicketFacts
from tickets.models import EventKind, Ticket
from tickets.units import rules
from tickets.units.errors import AlreadySent, JobsChanged, NoSuchUnit, NotYourUnit, TicketClosed
from tickets.units.facts import DispatchFacts
from tickets.units.models import IS_OPEN_JOB, Dispatch, Unit
from tickets.units.reading import job, of_ticket
from tickets.units.rights import is_theirs, was_on
from tickets.units.rows import about_job, locked_unit, put_in_order, said_before, write_down
from tickets.units.rules import Act, State
from tickets.workflow import Priority, Role
from tickets.workflow import State as TicketState
from tickets.writing import locked, tell, written


def dispatch(
    session: Session,
    config: Tickets,
    unit: str,
    ticket_number: str,
    *,
    by: Actor,
    now: datetime,
    note: str = "",
    another: bool = False,
    key: str | None = None,
) -> DispatchFacts:
    """Send a unit to an open ticket; who is sent somewhere has begun: a received ticket is in
    progress from then on. `another`: besides the one that is there already.

    Raises `NoSuchTicket`, `NoSuchUnit`, `TicketClosed`, `OffDuty`, `AlreadySent` (with the unit
    that was), `RoleMayNot`, `NotYours`, `KeyUsed`.
    """
    ticket = locked(session, search.by_number_for(session, ticket_number, by))
    before = said_before(session, by, key, Act.SEND)
    if before is not None:
        return job(session, before.dispatch_id)
    if by.role not in rules.SENDERS:
        raise RoleMayNot
    if not is_theirs(by, ticket):
        raise NotYours
    if not ticket.is_open:
        raise TicketClosed(number=ticket.number_shown)
    row = locked_unit(session, unit)
    refuse_taken(session, ticket, row, another=another)
    if ticket.state is not TicketState.IN_PROGRESS:
        tickets.move(session, config, ticket, TicketState.IN_PROGRESS, actor=by, now=now)
    return send(session, config, row, ticket, note=note, by=by, now=now, key=key)


def refuse_taken(session: Session, ticket: TicketFacts, row: Unit, *, another: bool) -> None:
    having = [each for each in of_ticket(session, ticket) if each.is_open]
    same = [each for each in having if each.unit == row.code]
    if same or (having and not another):
        there = (same or having)[0]
        raise AlreadySent(number=ticket.number_shown, unit=there.call_sign)


def send(
    session: Session,
    config: Tickets,
    row: Unit,
    ticket: TicketFacts,
    *,
    note: str,
    by: Actor,
    now: datetime,
    key: str | None,
    from_id: int | None = None,
) -> DispatchFacts:
    due_at = rules.acknowledge_by(now, ticket.priority, config.units.acknowledge_minutes)
    made = Dispatch(
        unit_id=row.id,
        ticket_id=ticket.id,
        place=_make_room(session, row.id, ticket.priority),
        state=State.SENT.value,
        note=facts.clean(note),
        outcome="",
        sent_by=by.username,
        sent_at=now,
        acknowledge_due_at=due_at,
        from_id=from_id,
    )
    session.add(made)
    session.flush()
    write_down(session, made, Act.SEND, by, at=now, now=now, key=key)
    said = about_job(row, made) | {"text": made.note, "due_at": written(due_at)}
    tell(session, ticket.id, EventKind.UNIT_SENT, by.username, now, said)
    return job(session, made.id)


def _make_room(session: Session, unit_id: int, priority: Priority) -> int:
    """The place of a new job among those of a unit that is locked; those behind it move on."""
    rows = session.execute(
        sa.select(Dispatch.id, Dispatch.state, Ticket.priority)
        .join(Ticket, Ticket.id == Dispatch.ticket_id)
        .where(Dispatch.unit_id == unit_id, IS_OPEN_JOB)
        .order_by(Dispatch.place, Dispatch.id)
    ).all()
    at = rules.place_of_next([(State(s), Priority(p)) for _, s, p in rows], priority)
    ids = [row.id for row in rows]
    put_in_order(session, [*ids[:at], None, *ids[at:]])
    return at


def reorder(
    session: Session, unit: str, order: Sequence[int], *, by: Actor, now: datetime
) -> list[DispatchFacts]:
    """Put the open jobs of a unit in this order: all of them, by their ids, each once.

    A division moves jobs only where all that move are its own. Raises `NoSuchUnit`, `JobsChanged`,
    `NotYourUnit`, `NotYours`, `RoleMayNot`.
    """
    row = session.scalars(sa.select(Unit).where(Unit.code == unit).with_for_update()).one_or_none()
    if row is None:
        raise NoSuchUnit(unit=unit)
    if by.role not in rules.SENDERS | {Role.CREW}:
        raise RoleMayNot
    if by.role is Role.CREW and not was_on(session, row.id, by.username, now):
        raise NotYourUnit
    jobs = session.execute(
        sa.select(Dispatch.id, Ticket.division)
        .join(Ticket, Ticket.id == Dispatch.ticket_id)
        .where(Dispatch.unit_id == row.id, IS_OPEN_JOB)
        .order_by(Dispatch.place, Dispatch.id)
    ).all()
    before = [each.id for each in jobs]
    if sorted(order) != sorted(before):
        raise JobsChanged
    moved = {a for a, b in zip(before, order, strict=True) if a != b}
    if by.role is Role.DIVISION and any(
        each.id in moved and each.division not in by.divisions for each in jobs
    ):
        raise NotYours
    put_in_order(session, list(order))
    for n, dispatch_id in enumerate(order):
        if dispatch_id in moved:
            job_row = session.get_one(Dispatch, dispatch_id, populate_existing=True)
            write_down(session, job_row, Act.REORDER, by, at=now, now=now, key=None, place=n)
    return [job(session, dispatch_id) for dispatch_id in order]
