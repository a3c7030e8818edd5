"""Reading tickets: by number, by call, by caller, and the list."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tickets import facts, masking, numbers, protection
from tickets.errors import BadNumber, NoSuchTicket
from tickets.facts import MESSAGE, Actor, EventFacts, TicketFacts
from tickets.inbox import finding
from tickets.inbox.wanted import Wanted, wanted
from tickets.models import (
    IS_INCOMPLETE,
    IS_OPEN,
    MISPLACED,
    Ticket,
    TicketCall,
    TicketEvent,
    TicketMerge,
    TicketPlace,
)
from tickets.workflow import OPEN, Result, Role, State

PAGE = 50
NEAR = 10
#: Roles that read the private tickets of every division.
SEES_ALL = frozenset({Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR})
_EXPORT_CHUNK = 1000


class Show(StrEnum):
    """The lists of a day's work; all but the last are of open tickets. Their names stand in
    addresses.
    """

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
    UNANSWERED = "unanswered"
    MISPLACED = "misplaced"


#: How many days of the city the lists of what is due reach, today being one.
DAYS: Final[Mapping[Show, int]] = {Show.TODAY: 1, Show.DAYS_3: 3, Show.DAYS_7: 7}


class Order(StrEnum):
    """In which order a list is. What is searched for by words is always the newest first."""

    NEWEST = "newest"
    OLDEST = "oldest"
    #: Those that are due, the first of them in front.
    DUE = "due"


@dataclass(frozen=True)
class Filters:
    """What a list shows; an empty set asks for all. `before` and `due_after` are a page's key: the
    id and, in the order of what is due, the moment of the last ticket of the page before.

    `text` finds a ticket by its number, else those that have all its words somewhere
    (`tickets.inbox.finding`).
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
    order: Order = Order.NEWEST
    due_after: datetime | None = None
    #: The id of an area that they are in.
    area: str | None = None


@dataclass(frozen=True)
class Page:
    """One page of a list, and the key of the next one: `before` (None: this is the last) and
    `due_after` of its filters.
    """

    tickets: Sequence[TicketFacts]
    next_before: int | None
    next_due: datetime | None = None


def may_read(actor: Actor, ticket: TicketFacts) -> bool:
    """A private ticket is its division's, its maker's, and theirs who answer for the whole."""
    return (
        not ticket.private
        or actor.role in SEES_ALL
        or ticket.division in actor.divisions
        or ticket.made_by == actor.username
    )


def may_see_caller(actor: Actor, ticket: TicketFacts) -> bool:
    """Say whether the actor's work needs the caller: the name, and the whole telephone number."""
    return protection.may_see(
        ticket.contact,
        hide_name=ticket.hide_name,
        role=actor.role,
        division=ticket.division,
        divisions=actor.divisions,
    )


def text_for(actor: Actor, ticket: TicketFacts, text: str) -> str:
    """Return words of a ticket as the actor reads them: without numbers for who may not see its
    caller.
    """
    return text if may_see_caller(actor, ticket) else masking.masked(text)


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
    """Return earlier tickets of a telephone number, newest first: made from it, or called about; of
    one that is merged the ticket that it is worked on in.
    """
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
    ).all()
    worked_on = {root(session, facts.of_ticket(row)) for row in rows}
    return sorted(
        (each for each in worked_on if may_read(actor, each)),
        key=lambda each: each.id,
        reverse=True,
    )


def calls_of(session: Session, ticket_id: int) -> list[int]:
    """Return the ids of the calls about a ticket and what is merged into it, in the order they
    came.
    """
    return list(
        session.scalars(
            sa.select(TicketCall.call_id)
            .where(TicketCall.ticket_id.in_(tree(ticket_id)))
            .order_by(TicketCall.at, TicketCall.call_id)
        )
    )


def tree(ticket_id: int) -> sa.Select[int]:
    """Select the ids of a ticket and of everything that is merged into it, however deep."""
    parts = sa.select(sa.literal(ticket_id, sa.BigInteger).label("id")).cte("parts", recursive=True)
    parts = parts.union(
        sa.select(TicketMerge.ticket_id).join_from(
            parts, TicketMerge, TicketMerge.into_id == parts.c.id
        )
    )
    return sa.select(parts.c.id)


def merged_into(session: Session, ticket_id: int) -> list[TicketFacts]:
    """Return what is merged into a ticket, however deep, in the order in which it was made."""
    rows = session.scalars(
        sa.select(Ticket)
        .where(Ticket.id.in_(tree(ticket_id)), Ticket.id != ticket_id)
        .order_by(Ticket.id)
    )
    return [facts.of_ticket(row) for row in rows]


def root(session: Session, ticket: TicketFacts) -> TicketFacts:
    """Return the ticket that another is worked on in: itself, unless it is merged."""
    if ticket.result is not Result.MERGED:
        return ticket
    up = sa.select(sa.literal(ticket.id, sa.BigInteger).label("id")).cte("up", recursive=True)
    up = up.union(
        sa.select(TicketMerge.into_id).join_from(up, TicketMerge, TicketMerge.ticket_id == up.c.id)
    )
    merged = sa.exists().where(TicketMerge.ticket_id == up.c.id)
    return facts.of_ticket(
        session.scalars(
            sa.select(Ticket).join_from(up, Ticket, Ticket.id == up.c.id).where(~merged)
        ).one()
    )


def callers_of(session: Session, ticket_id: int) -> frozenset[str]:
    """Return the numbers (E.164) that called about a ticket or what is merged into it, or that one
    of these was made for.
    """
    whole = tree(ticket_id)
    called = sa.select(TicketCall.caller_number).where(TicketCall.ticket_id.in_(whole))
    made = sa.select(Ticket.caller_number).where(Ticket.id.in_(whole))
    return frozenset(each for each in session.scalars(sa.union(called, made)) if each)


def story(session: Session, ticket_id: int) -> list[EventFacts]:
    """Return everything that happened to a ticket, oldest first."""
    rows = session.scalars(
        sa.select(TicketEvent).where(TicketEvent.ticket_id == ticket_id).order_by(TicketEvent.id)
    )
    return [facts.of_event(row) for row in rows]


def search(
    session: Session, filters: Filters, actor: Actor, *, now: datetime, limit: int = PAGE
) -> Page:
    """Return one page of the tickets that `actor` may read, in the order of `filters`."""
    asked = wanted(facts.clean(filters.text))
    if asked.words:
        ids = _of_words(session, filters, asked, actor, now=now, limit=limit + 1)
        query = sa.select(Ticket).where(Ticket.id.in_(ids)).order_by(Ticket.id.desc())
    else:
        query = _ordered(_listing(filters, actor, now), filters).limit(limit + 1)
    rows = session.scalars(query).all()
    found = [facts.of_ticket(row) for row in rows[:limit]]
    if len(rows) <= limit:
        return Page(found, None)
    by_due = filters.order is Order.DUE and not asked.words
    return Page(found, found[-1].id, found[-1].due_at if by_due else None)


def count(session: Session, filters: Filters, actor: Actor, *, now: datetime, most: int) -> int:
    """Return how many tickets are in a list; `most` + 1 when there are more than `most`."""
    asked = wanted(facts.clean(filters.text))
    filters = replace(filters, before=None)
    if asked.words:
        return len(_of_words(session, filters, asked, actor, now=now, limit=most + 1))
    few = sa.select(sa.literal(1)).where(*_listing(filters, actor, now)).limit(most + 1)
    return session.scalar(sa.select(sa.func.count()).select_from(few.subquery())) or 0


def counted(
    session: Session, filters: Filters, actor: Actor, *, now: datetime, most: int
) -> tuple[Page, int]:
    """Return the first page of a list, and how many are in it as `count`; words are looked for
    once.
    """
    asked = wanted(facts.clean(filters.text))
    if not asked.words:
        page = search(session, filters, actor, now=now)
        if page.next_before is None:
            return page, len(page.tickets)
        return page, count(session, filters, actor, now=now, most=most)
    ids = _of_words(session, filters, asked, actor, now=now, limit=max(most, PAGE) + 1)
    shown = sa.select(Ticket).where(Ticket.id.in_(ids[:PAGE])).order_by(Ticket.id.desc())
    tickets = [facts.of_ticket(row) for row in session.scalars(shown)]
    return Page(tickets, tickets[-1].id if len(ids) > PAGE else None), len(ids)


def _of_words(
    session: Session, filters: Filters, asked: Wanted, actor: Actor, *, now: datetime, limit: int
) -> list[int]:
    """The ids of what has all the words: of the one ticket whose number it is, if there is one."""
    where = _listing(filters, actor, now)
    before = filters.before
    if asked.number:
        number = sa.select(Ticket.id).where(Ticket.number == asked.number, *where)
        ids = [id_ for id_ in session.scalars(number) if before is None or id_ < before]
        if ids or before is not None:
            return ids
    found = finding.Asked(asked, where, sees_caller(actor))
    return finding.newest(session, found, before=before, limit=limit)


def _listing(filters: Filters, actor: Actor, now: datetime) -> list[sa.ColumnElement[bool]]:
    """The conditions of a list without its words and its page."""
    may = readable(actor)
    return [*([] if isinstance(may, sa.True_) else [may]), *_conditions(filters, now)]


def _ordered(where: Sequence[sa.ColumnElement[bool]], filters: Filters) -> sa.Select[Any]:
    """The page of a list that `filters.before` is the key of."""
    query = sa.select(Ticket).where(*where)
    key, due = filters.before, filters.due_after
    if filters.order is Order.OLDEST:
        query = query.order_by(Ticket.id)
        return query if key is None else query.where(Ticket.id > key)
    if filters.order is Order.DUE:
        query = query.order_by(Ticket.due_at, Ticket.id)
        if key is None or due is None:
            return query
        # the first condition by itself: the index on the moment begins there
        return query.where(Ticket.due_at >= due, sa.or_(Ticket.due_at > due, Ticket.id > key))
    query = query.order_by(Ticket.id.desc())
    return query if key is None else query.where(Ticket.id < key)


def every(
    session: Session, filters: Filters, actor: Actor, *, now: datetime
) -> Iterator[TicketFacts]:
    """Yield all pages of a list one after the other, for an export of any length."""
    while True:
        page = search(session, filters, actor, now=now, limit=_EXPORT_CHUNK)
        yield from page.tickets
        session.expunge_all()  # an export of a million rows must not keep a million rows
        if page.next_before is None:
            return
        filters = replace(filters, before=page.next_before, due_after=page.next_due)


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
    days_3: int = 0
    days_7: int = 0


def owed(
    session: Session,
    actor: Actor,
    *,
    now: datetime,
    divisions: frozenset[str] = frozenset(),
    day_ends: datetime | None = None,
    ends: Sequence[datetime] = (),
) -> Owed:
    """Count what is owed, by some divisions or (with an empty set) by all; today until `day_ends`
    (left out: nothing), in three and in seven days until the two `ends`.
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
            *(sa.func.count().filter(Ticket.due_at >= now, Ticket.due_at < end) for end in ends),
        ).where(IS_OPEN, *where)
    ).one()
    return Owed(*row)


def overdue(session: Session, *, now: datetime) -> int:
    """How many open tickets are past their deadline: a number, whoever may read them."""
    late = sa.select(sa.func.count()).where(IS_OPEN, Ticket.due_at < now)
    return session.execute(late).scalar_one()


def sees_caller(actor: Actor) -> sa.ColumnElement[bool]:
    """`may_see_caller` in SQL; `false()` itself for who sees nobody's."""
    if actor.role in protection.SEES_CALLER:
        return sa.true()
    if not actor.divisions:
        return sa.false()
    return sa.and_(
        Ticket.contact == protection.Contact.DIVISION.value,
        ~Ticket.hide_name,
        Ticket.division.in_(sorted(actor.divisions)),
    )


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
    # what is due first is found in that order, not by state or by each of several divisions
    by_due = filters.order is Order.DUE
    if filters.states:
        in_states = _in_states(filters.states)
        yield _along_the_way(in_states) if by_due and filters.states != OPEN else in_states
    if filters.divisions:
        theirs = Ticket.division.in_(sorted(filters.divisions))
        yield _along_the_way(theirs) if by_due and len(filters.divisions) > 1 else theirs
    yield from _listed(filters, now)
    if filters.incomplete:
        yield IS_INCOMPLETE
    if filters.source is not None:
        yield Ticket.source == filters.source
    if filters.order is Order.DUE:
        yield Ticket.due_at.is_not(None)
    if filters.area is not None:
        yield Ticket.area == filters.area


def _along_the_way(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """The same condition, looked at while rows are read in their order: no planner begins with it,
    and PostgreSQL takes it for one that a third of the rows fulfil. That of `not_by_index` it takes
    for one in two hundred, and so reads and sorts all that is open for one page.
    """
    return sa.case((condition, 1), else_=0) > 0


def _listed(filters: Filters, now: datetime) -> Iterator[sa.ColumnElement[bool]]:
    lists = [filters.show] if filters.show else []
    for show in [*lists, Show.OVERDUE] if filters.overdue else lists:
        if show is not Show.UNANSWERED:  # also of what is closed a citizen writes that it is not
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
        Show.UNANSWERED: [Ticket.unread_since.is_not(None)],
        Show.MISPLACED: [Ticket.id.in_(sa.select(TicketPlace.ticket_id).where(MISPLACED))],
    }
    return conditions[show]


def _in_states(states: frozenset[State]) -> sa.ColumnElement[bool]:
    return IS_OPEN if states == OPEN else Ticket.state.in_(sorted(states))
