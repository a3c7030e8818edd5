"""Reading tickets: by number, by call, by caller, and the list."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tickets import facts, numbers
from tickets.errors import BadNumber, NoSuchTicket
from tickets.facts import MESSAGE, Actor, EventFacts, TicketFacts
from tickets.models import (
    IS_INCOMPLETE,
    IS_OPEN,
    MISPLACED,
    Ticket,
    TicketCall,
    TicketEvent,
    TicketPlace,
)
from tickets.workflow import OPEN, Role, State

PAGE = 50
NEAR = 10
#: Roles that read the private tickets of every division.
SEES_ALL = frozenset({Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR})
#: Roles that call people back.
SEES_CALLER = frozenset({Role.AGENT, Role.SUPERVISOR, Role.ADMINISTRATOR})
_EXPORT_CHUNK = 1000


class Show(StrEnum):
    """The lists of a day's work; all are of open tickets. Their names stand in addresses."""

    MINE = "mine"
    UNOWNED = "unowned"
    TODAY = "today"
    DAYS_3 = "3days"
    DAYS_7 = "7days"
    OVERDUE = "overdue"
    UNACKNOWLEDGED = "unacknowledged"
    SILENT = "silent"
    WAITING = "waiting"
    ESCALATED = "escalated"
    MISPLACED = "misplaced"


#: How many days of the city the lists of what is due reach, today being one.
DAYS: Final[Mapping[Show, int]] = {Show.TODAY: 1, Show.DAYS_3: 3, Show.DAYS_7: 7}


@dataclass(frozen=True)
class Filters:
    """What a list shows; an empty set asks for all. `before` is a page's key: older than this id.

    `text` finds a ticket by its number, else those whose words contain it (any script, any part).
    """

    states: frozenset[State] = frozenset()
    divisions: frozenset[str] = frozenset()
    show: Show | None = None
    #: Whose `Show.MINE` are.
    owner: str = ""
    #: The first moment after the days of `Show.TODAY`, `DAYS_3` and `DAYS_7`.
    due_until: datetime | None = None
    overdue: bool = False
    incomplete: bool = False
    source: str | None = None
    text: str = ""
    before: int | None = None
    #: The id of an area that they are in.
    area: str | None = None


@dataclass(frozen=True)
class Page:
    """One page of a list, newest first, and the key of the next one (None: this is the last)."""

    tickets: Sequence[TicketFacts]
    next_before: int | None


def may_read(actor: Actor, ticket: TicketFacts) -> bool:
    """A private ticket is its division's, its maker's, and theirs who answer for the whole."""
    return (
        not ticket.private
        or actor.role in SEES_ALL
        or ticket.division in actor.divisions
        or ticket.made_by == actor.username
    )


def may_see_caller(actor: Actor, ticket: TicketFacts) -> bool:
    """Say whether the actor's work needs the caller's whole telephone number."""
    return actor.role in SEES_CALLER or ticket.division in actor.divisions


def by_number(session: Session, text: str) -> TicketFacts:
    """Return a ticket by its number, however written.

    Raises `BadNumber` when the text cannot be a number (a wrong check digit is told as a slip),
    `NoSuchTicket` when it could and nobody has it.
    """
    try:
        number = numbers.parse(text)
    except numbers.BadNumberError as error:
        raise BadNumber(error.slip) from error
    row = session.scalar(sa.select(Ticket).where(Ticket.number == number))
    if row is None:
        raise NoSuchTicket(number=numbers.display(number))
    return facts.of_ticket(row)


def by_number_for(session: Session, text: str, actor: Actor) -> TicketFacts:
    """Return a ticket to somebody; one that they may not read does not exist for them."""
    ticket = by_number(session, text)
    if not may_read(actor, ticket):
        raise NoSuchTicket(number=ticket.number_shown)
    return ticket


def ticket_of_call(session: Session, call_id: int) -> TicketFacts | None:
    """Return the one ticket of a call, or None while it has none."""
    row = session.scalar(
        sa.select(Ticket)
        .join(TicketCall, TicketCall.ticket_id == Ticket.id)
        .where(TicketCall.call_id == call_id)
    )
    return None if row is None else facts.of_ticket(row)


def tickets_of_calls(session: Session, call_ids: Iterable[int]) -> dict[int, TicketFacts]:
    """Return the tickets of several calls by call id; a call without one is not in it."""
    rows = session.execute(
        sa.select(TicketCall.call_id, Ticket)
        .join(Ticket, TicketCall.ticket_id == Ticket.id)
        .where(TicketCall.call_id.in_(list(call_ids)))
    )
    return {call_id: facts.of_ticket(row) for call_id, row in rows}


def near_caller(
    session: Session, number: str, actor: Actor, *, limit: int = NEAR
) -> list[TicketFacts]:
    """Return earlier tickets of a telephone number, newest first: made from it, or called about."""
    number = facts.clean(number)
    if not number:
        return []
    # a union and not an OR: PostgreSQL would read the whole table for that
    theirs = sa.union(
        sa.select(Ticket.id).where(Ticket.caller_number == number),
        sa.select(TicketCall.ticket_id).where(TicketCall.caller_number == number),
    )
    rows = session.scalars(
        sa.select(Ticket)
        .where(Ticket.id.in_(theirs), readable(actor))
        .order_by(Ticket.id.desc())
        .limit(limit)
    )
    return [facts.of_ticket(row) for row in rows]


def calls_of(session: Session, ticket_id: int) -> list[int]:
    """Return the ids of the calls about a ticket, in the order they came."""
    return list(
        session.scalars(
            sa.select(TicketCall.call_id)
            .where(TicketCall.ticket_id == ticket_id)
            .order_by(TicketCall.at, TicketCall.call_id)
        )
    )


def story(session: Session, ticket_id: int) -> list[EventFacts]:
    """Return everything that happened to a ticket, oldest first."""
    rows = session.scalars(
        sa.select(TicketEvent).where(TicketEvent.ticket_id == ticket_id).order_by(TicketEvent.id)
    )
    return [facts.of_event(row) for row in rows]


def search(
    session: Session, filters: Filters, actor: Actor, *, now: datetime, limit: int = PAGE
) -> Page:
    """Return one page of the tickets that `actor` may read, newest first."""
    query = (
        sa.select(Ticket)
        .where(readable(actor), *_conditions(filters, now))
        .order_by(Ticket.id.desc())
        .limit(limit + 1)
    )
    rows = session.scalars(query).all()
    more = len(rows) > limit
    found = [facts.of_ticket(row) for row in rows[:limit]]
    return Page(found, found[-1].id if more else None)


def every(
    session: Session, filters: Filters, actor: Actor, *, now: datetime
) -> Iterator[TicketFacts]:
    """Yield all pages of a list one after the other, for an export of any length."""
    before = filters.before
    while True:
        page = search(session, replace(filters, before=before), actor, now=now, limit=_EXPORT_CHUNK)
        yield from page.tickets
        session.expunge_all()  # an export of a million rows must not keep a million rows
        if page.next_before is None:
            return
        before = page.next_before


@dataclass(frozen=True)
class Owed:
    """What is open at a moment: all of it, what is late, what nobody has completed, and of that the
    voice messages, which nobody may have listened to; the rest as in `Show`.
    """

    open: int
    overdue: int
    incomplete: int
    messages: int
    today: int
    unacknowledged: int
    silent: int
    unowned: int
    mine: int


def owed(
    session: Session,
    actor: Actor,
    *,
    now: datetime,
    divisions: frozenset[str] = frozenset(),
    day_ends: datetime | None = None,
) -> Owed:
    """Count what is owed, by some divisions or (with an empty set) by all; today until `day_ends`
    (left out: nothing).
    """
    where = [readable(actor)]
    if divisions:
        where.append(Ticket.division.in_(sorted(divisions)))
    row = session.execute(
        sa.select(
            sa.func.count(),
            sa.func.count().filter(Ticket.due_at < now),
            sa.func.count().filter(IS_INCOMPLETE),
            sa.func.count().filter(IS_INCOMPLETE, Ticket.source == MESSAGE),
            sa.func.count().filter(Ticket.due_at >= now, Ticket.due_at < (day_ends or now)),
            sa.func.count().filter(*_shown(Show.UNACKNOWLEDGED, now)),
            sa.func.count().filter(*_shown(Show.SILENT, now)),
            sa.func.count().filter(*_shown(Show.UNOWNED, now)),
            sa.func.count().filter(Ticket.owner == actor.username),
        ).where(IS_OPEN, *where)
    ).one()
    return Owed(*row)


def overdue(session: Session, *, now: datetime) -> int:
    """How many open tickets are past their deadline: a number, whoever may read them."""
    late = sa.select(sa.func.count()).where(IS_OPEN, Ticket.due_at < now)
    return session.execute(late).scalar_one()


def readable(actor: Actor) -> sa.ColumnElement[bool]:
    """`may_read` in SQL."""
    if actor.role in SEES_ALL:
        return sa.true()
    return sa.or_(
        ~Ticket.private,
        Ticket.made_by == actor.username,
        Ticket.division.in_(sorted(actor.divisions)),
    )


def _conditions(filters: Filters, now: datetime) -> Iterator[sa.ColumnElement[bool]]:
    if filters.states:
        yield _in_states(filters.states)
    if filters.divisions:
        yield Ticket.division.in_(sorted(filters.divisions))
    yield from _listed(filters, now)
    if filters.incomplete:
        yield IS_INCOMPLETE
    if filters.source is not None:
        yield Ticket.source == filters.source
    text = facts.clean(filters.text)
    if text:
        yield _matches(text)
    if filters.area is not None:
        yield Ticket.area == filters.area
    if filters.before is not None:
        yield Ticket.id < filters.before


def _listed(filters: Filters, now: datetime) -> Iterator[sa.ColumnElement[bool]]:
    lists = [filters.show] if filters.show else []
    for show in [*lists, Show.OVERDUE] if filters.overdue else lists:
        yield IS_OPEN
        yield from _shown(show, now, filters.owner, filters.due_until)


def shown(show: Show, now: datetime) -> sa.ColumnElement[bool]:
    """Return the condition of a list that depends on nobody's name or day, for open tickets."""
    return sa.and_(*_shown(show, now))


def _shown(
    show: Show, now: datetime, owner: str = "", until: datetime | None = None
) -> list[sa.ColumnElement[bool]]:
    if show in DAYS:
        return [Ticket.due_at >= now, Ticket.due_at < (until or now)]
    conditions: dict[Show, list[sa.ColumnElement[bool]]] = {
        Show.MINE: [Ticket.owner == owner],
        Show.UNOWNED: [Ticket.owner.is_(None)],
        Show.OVERDUE: [Ticket.due_at < now],
        Show.UNACKNOWLEDGED: [Ticket.acknowledged_at.is_(None), Ticket.acknowledge_due_at < now],
        Show.SILENT: [Ticket.update_due_at < now],
        Show.WAITING: [Ticket.waiting_for.is_not(None)],
        Show.ESCALATED: [Ticket.escalation > 0],
        Show.MISPLACED: [Ticket.id.in_(sa.select(TicketPlace.ticket_id).where(MISPLACED))],
    }
    return conditions[show]


def _in_states(states: frozenset[State]) -> sa.ColumnElement[bool]:
    return IS_OPEN if states == OPEN else Ticket.state.in_(sorted(states))


def _matches(text: str) -> sa.ColumnElement[bool]:
    try:
        return Ticket.number == numbers.parse(text)
    except numbers.BadNumberError:
        return Ticket.text.icontains(text, autoescape=True)
