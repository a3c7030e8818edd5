"""What went wrong in a span of time, where, and with which tickets: read from their events, so that
each line can be opened, and asked twice says the same.

A failure is counted where the ticket was when it happened, whoever has it now. A large city has
tens of thousands in a month: the database counts them all where their tickets are now, and those
alone are looked at one by one whose tickets went elsewhere, or of which a bulk move was taken back.
"""

import heapq
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.db import not_by_index
from tickets import numbers
from tickets.config import Tickets
from tickets.deadlines import Clock
from tickets.facts import SYSTEM, Actor, EventFacts
from tickets.models import (
    FAULT_KINDS,
    AttentionDay,
    EventKind,
    Ticket,
    TicketEvent,
    fault_events,
)
from tickets.search import readable
from tickets.workflow import OPEN, State, Waiting

#: The longest span that is asked for at once.
LONGEST = timedelta(days=366)
#: So many events are read at once.
AT_ONCE = 500


class Fault(StrEnum):
    """How a promise fails."""

    #: The division's first word did not come in time.
    UNACKNOWLEDGED = "unacknowledged"
    #: There was no news in time.
    SILENT = "silent"
    #: It was not resolved in time.
    OVERDUE = "overdue"
    #: The next level had to be told.
    ESCALATED = "escalated"
    #: It lay here and was another division's, or of another category.
    MISROUTED = "misrouted"
    #: An outside agency had not answered by the day until which it was waited for, or on which it
    #: was to be asked again.
    UNANSWERED = "unanswered"
    #: It was closed here and had to be opened again.
    REOPENED = "reopened"


@dataclass(frozen=True)
class Failure:
    """One failure: of which ticket and division, and the event that tells of it, with its id."""

    id: int
    event: EventFacts
    number: str
    division: str
    fault: Fault

    @property
    def number_shown(self) -> str:
        """The ticket's number as it is printed."""
        return numbers.display(self.number)


@dataclass(frozen=True)
class Row:
    """A division: what came to it, how often it failed in each way, and the nights on which nobody
    answered for it.
    """

    division: str
    received: int
    faults: Mapping[Fault, int]
    unattended: Sequence[date] = ()

    @property
    def failed(self) -> bool:
        """Something went wrong here."""
        return bool(self.unattended) or any(self.faults.values())


@dataclass(frozen=True)
class Account:
    """What went wrong from `start` to `end` (aware, half-open), by division in config's order.
    `nights`: of how many a list was kept.
    """

    start: datetime
    end: datetime
    rows: Sequence[Row]
    nights: int = 0

    def of(self, fault: Fault) -> int:
        """How often it failed in this way."""
        return sum(row.faults[fault] for row in self.rows)

    @property
    def failures(self) -> int:
        """How often anything did."""
        return sum(map(self.of, Fault))

    @property
    def failed(self) -> list[Row]:
        """The divisions where something went wrong."""
        return [row for row in self.rows if row.failed]

    @property
    def kept(self) -> list[Row]:
        """Those where nothing did."""
        return [row for row in self.rows if not row.failed]


class _Event(NamedTuple):
    """An event, and of its ticket the number and the division that has it now."""

    id: int
    at: datetime
    who: str
    kind: str
    data: Mapping[str, Any]
    ticket_id: int
    number: str
    division: str


@dataclass(frozen=True)
class _Asked:
    """Whose question it is, of which span and which divisions (empty: all), and of one fault only
    (None: of all).
    """

    actor: Actor
    start: datetime
    end: datetime
    divisions: frozenset[str] = frozenset()
    fault: Fault | None = None


def account(
    session: Session,
    config: Tickets,
    actor: Actor,
    *,
    start: datetime,
    end: datetime,
    divisions: Collection[str] = (),
) -> Account:
    """Return how often what went wrong in some divisions or (with none named) in all, of the
    tickets that the actor may read. `start` and `end` are aware, half-open.
    """
    counts = _counts(session, _Asked(actor, start, end))
    received = _received(session, actor, start, end)
    nights, unattended = _nights(session, config, start, end)
    rows = [
        Row(
            id_,
            received[id_],
            {fault: counts[id_, fault] for fault in Fault},
            unattended.get(id_, ()),
        )
        for id_ in config.divisions
        if not divisions or id_ in divisions
    ]
    return Account(start, end, rows, nights)


def failures(
    session: Session,
    config: Tickets,
    actor: Actor,
    *,
    start: datetime,
    end: datetime,
    divisions: Collection[str] = (),
    fault: Fault | None = None,
    after: int | None = None,
    at_once: int = AT_ONCE,
) -> Iterator[Failure]:
    """Yield each failure that `account` counts, or those of one kind, in the order in which they
    happened; those that follow the event `after`. `at_once`: so many events are read at a time.
    """
    asked = _Asked(actor, start, end, frozenset(divisions), fault)
    shown = asked.divisions or frozenset(config.divisions)
    ways = [_one_by_one(session, asked, kind, after, at_once) for kind in _KINDS[fault]]
    for each in heapq.merge(*ways, key=lambda each: (each.event.at, each.id)):
        if each.division in shown:
            yield each


def fault_of(kind: EventKind, who: str, data: Mapping[str, Any]) -> Fault | None:
    """Which failure an event tells of; None: of none. Pure."""
    if kind is EventKind.MISSED:
        clock = data.get("clock")
        return Fault.UNACKNOWLEDGED if clock == Clock.ACKNOWLEDGE.value else Fault.SILENT
    if kind is EventKind.MOVED:
        was, now = data.get("from"), data.get("to")
        again = was in _CLOSED and now in _OPEN
        return Fault.REOPENED if again else None
    if kind is EventKind.ROUTED:
        was = data.get("was", {})
        # what had no category yet was not in a wrong one
        wrong = "division" in was or was.get("category") is not None
        return Fault.MISROUTED if wrong else None
    if kind is EventKind.RESUMED:
        return Fault.UNANSWERED if who == SYSTEM else None
    return _ALWAYS.get(kind)


_ALWAYS = {
    EventKind.OVERDUE: Fault.OVERDUE,
    EventKind.ESCALATED: Fault.ESCALATED,
    EventKind.TO_CHASE: Fault.UNANSWERED,
}
#: The kinds of events that tell of each; None: of any.
_KINDS: Mapping[Fault | None, Sequence[EventKind]] = {
    None: [kind for kind in FAULT_KINDS if kind is not EventKind.UNDONE],
    Fault.UNACKNOWLEDGED: [EventKind.MISSED],
    Fault.SILENT: [EventKind.MISSED],
    Fault.OVERDUE: [EventKind.OVERDUE],
    Fault.ESCALATED: [EventKind.ESCALATED],
    Fault.MISROUTED: [EventKind.ROUTED],
    Fault.UNANSWERED: [EventKind.RESUMED, EventKind.TO_CHASE],
    Fault.REOPENED: [EventKind.MOVED],
}
_OPEN = frozenset(state.value for state in OPEN)
_CLOSED = frozenset(state.value for state in State) - _OPEN


def _fault_in_sql(kind: EventKind) -> sa.ColumnElement[str | None]:
    """`fault_of` for the database; that of a move holds for what stands in the index."""
    data = TicketEvent.data
    if kind is EventKind.MISSED:
        first_word = data["clock"].as_string() == Clock.ACKNOWLEDGE.value
        return sa.case((first_word, Fault.UNACKNOWLEDGED.value), else_=Fault.SILENT.value)
    if kind is EventKind.MOVED:
        return sa.case((data["to"].as_string().in_(sorted(_OPEN)), Fault.REOPENED.value))
    if kind is EventKind.ROUTED:
        was = [data["was", key].as_string().is_not(None) for key in ("division", "category")]
        return sa.case((sa.or_(*was), Fault.MISROUTED.value))
    if kind is EventKind.RESUMED:
        return sa.case((TicketEvent.who == SYSTEM, Fault.UNANSWERED.value))
    return sa.literal(_ALWAYS[kind].value)


# ------------------------------------------------------------------ counting them


def _counts(session: Session, asked: _Asked) -> Counter[tuple[str, Fault]]:
    """How often each division failed in each way: counted where the tickets are now, and of those
    that were elsewhere put right one by one.
    """
    counts: Counter[tuple[str, Fault]] = Counter()
    for kind in _KINDS[None]:
        if kind is not EventKind.RESUMED:
            counts.update(_counted(session, asked, kind))
    special = _read(session, _of_special(session, asked))
    for event in special:
        if (fault := fault_of(EventKind(event.kind), event.who, event.data)) is not None:
            counts[event.division, fault] -= 1
    told = list(_failures(special, _past(session, _special(session, asked.start))))
    # for whom was waited stands in another event than the one that tells of its end
    ended = _read(session, _events(session, asked, EventKind.RESUMED))
    told += _failures(ended, _past_of(session, ended))
    counts.update((each.division, each.fault) for each in told)
    return counts


def _counted(session: Session, asked: _Asked, kind: EventKind) -> dict[tuple[str, Fault], int]:
    """How many events of a kind tell of which fault, by the division that has the ticket now."""
    rows = session.execute(
        _of_span(
            session,
            asked,
            kind,
            _fault_in_sql(kind).label("fault"),
            _DIVISION.label("has_it"),
            sa.func.count().label("times"),
        ).group_by("fault", "has_it")
    )
    return {(row.has_it, Fault(row.fault)): row.times for row in rows if row.fault is not None}


def _of_special(session: Session, asked: _Asked) -> sa.Select[Any]:
    """What may tell of a failure of special tickets; but for what was waited for."""
    told = [kind.value for kind in _KINDS[None] if kind is not EventKind.RESUMED]
    return _with_ticket(asked, *_EVENT).where(
        TicketEvent.ticket_id.in_(_special(session, asked.start)),
        # that of a ticket's events is the one to begin with
        not_by_index(sa.and_(*_in_span(asked), TicketEvent.kind.in_(told))),
    )


def _special(session: Session, start: datetime) -> sa.Select[int]:
    """The tickets that had another division, or of which a bulk move was taken back, since `start`:
    where they are now does not say where they failed, or whether.
    """
    either = sa.union(_led_elsewhere(session, start), _undone_since(session, start)).subquery()
    return sa.select(either.c.ticket_id)


def _led_elsewhere(session: Session, start: datetime) -> sa.Select[int]:
    """The tickets that had another division at some time since `start`."""
    return sa.select(TicketEvent.ticket_id).where(
        _may_be_fault(session),
        TicketEvent.kind == EventKind.ROUTED.value,
        TicketEvent.at >= start,
        TicketEvent.data["was", "division"].as_string().is_not(None),
    )


def _undone_since(session: Session, start: datetime) -> sa.Select[int]:
    return sa.select(TicketEvent.ticket_id).where(
        _may_be_fault(session),
        TicketEvent.kind == EventKind.UNDONE.value,
        TicketEvent.at >= start,
    )


# ------------------------------------------------------------------ one by one

# an expression: by the column itself SQLite would walk the index of all tickets by division
_DIVISION = sa.func.coalesce(Ticket.division, "")
_EVENT = (
    TicketEvent.id,
    TicketEvent.at,
    TicketEvent.who,
    TicketEvent.kind,
    TicketEvent.data,
    TicketEvent.ticket_id,
    Ticket.number,
    Ticket.division,
)


def _one_by_one(
    session: Session, asked: _Asked, kind: EventKind, after: int | None, at_once: int
) -> Iterator[Failure]:
    """The failures that a kind of events tells of, in the order in which they happened."""
    query = _events(session, asked, kind).order_by(TicketEvent.at, TicketEvent.id).limit(at_once)
    last: _Event | TicketEvent | None = session.get(TicketEvent, after) if after else None
    while True:
        events = _read(session, query if last is None else query.where(*_behind(last)))
        for failure in _failures(events, _past_of(session, events)):
            if asked.fault in (None, failure.fault):
                yield failure
        if len(events) < at_once:
            return
        last = events[-1]


def _behind(last: _Event | TicketEvent) -> tuple[sa.ColumnElement[bool], ...]:
    # the first condition by itself: the index begins there
    return TicketEvent.at >= last.at, sa.or_(TicketEvent.at > last.at, TicketEvent.id > last.id)


def _events(session: Session, asked: _Asked, kind: EventKind) -> sa.Select[Any]:
    """The events of a kind that may tell of a failure in one of the divisions."""
    query = _of_span(session, asked, kind, *_EVENT)
    fault = _fault_in_sql(kind)
    query = query.where(fault == asked.fault if asked.fault else fault.is_not(None))
    if asked.divisions:
        led = TicketEvent.ticket_id.in_(_led_elsewhere(session, asked.start))
        query = query.where(sa.or_(_DIVISION.in_(sorted(asked.divisions)), led))
    return query


def _of_span(session: Session, asked: _Asked, kind: EventKind, *columns: Any) -> sa.Select[Any]:
    """Of the events of a kind that may tell of a failure. Kind by kind: SQLite would else read all
    events of that time, or all that ever were.
    """
    return _with_ticket(asked, *columns).where(
        _may_be_fault(session), TicketEvent.kind == kind.value, *_in_span(asked)
    )


def _with_ticket(asked: _Asked, *columns: Any) -> sa.Select[Any]:
    joined = sa.select(*columns).join_from(TicketEvent, Ticket, Ticket.id == TicketEvent.ticket_id)
    return joined.where(readable(asked.actor))


def _in_span(asked: _Asked) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return TicketEvent.at >= asked.start, TicketEvent.at < asked.end


def _may_be_fault(session: Session) -> sa.TextClause:
    sqlite = session.get_bind().dialect.name == "sqlite"
    return sa.text(f"({fault_events(sqlite=sqlite, table='ticket_events.')})")


def _read(session: Session, query: sa.Select[Any]) -> list[_Event]:
    return [_Event._make(row) for row in session.execute(query)]


class _Past(NamedTuple):
    """An event of a ticket that says where it was, what was taken back, or who was waited for."""

    id: int
    kind: str
    data: Mapping[str, Any]


def _failures(events: Sequence[_Event], past: Mapping[int, Sequence[_Past]]) -> Iterator[Failure]:
    """What these events tell of, by what their tickets went through."""
    for event in events:
        fault = fault_of(EventKind(event.kind), event.who, event.data)
        theirs = past.get(event.ticket_id, ())
        if fault is None or _taken_back(event, theirs):
            continue
        if event.kind == EventKind.RESUMED.value and not _waited_for_agency(event, theirs):
            continue  # that a citizen does not answer is no failure of the city's
        facts = EventFacts(event.at, event.who, EventKind(event.kind), dict(event.data))
        yield Failure(event.id, facts, event.number, _division_at(event, theirs), fault)


def _past(session: Session, tickets: sa.Select[int] | Sequence[int]) -> dict[int, list[_Past]]:
    """By ticket, in the order in which they happened."""
    kinds = [kind.value for kind in (EventKind.ROUTED, EventKind.UNDONE, EventKind.WAITING)]
    past: dict[int, list[_Past]] = {}
    rows = session.execute(
        sa.select(TicketEvent.ticket_id, TicketEvent.id, TicketEvent.kind, TicketEvent.data)
        .where(TicketEvent.ticket_id.in_(tickets), not_by_index(TicketEvent.kind.in_(kinds)))
        .order_by(TicketEvent.id)
    )
    for ticket_id, *rest in rows:
        past.setdefault(ticket_id, []).append(_Past._make(rest))
    return past


def _past_of(session: Session, events: Sequence[_Event]) -> dict[int, list[_Past]]:
    ids = sorted({event.ticket_id for event in events})
    return {id_: past for some in _chunks(ids) for id_, past in _past(session, some).items()}


def _division_at(event: _Event, past: Sequence[_Past]) -> str:
    """Where the ticket was as `event` happened: from where it was next led elsewhere."""
    later = (each for each in past if each.kind == EventKind.ROUTED.value and each.id >= event.id)
    was = (each.data.get("was", {}).get("division") for each in later)
    return next((str(division) for division in was if division is not None), event.division)


def _taken_back(event: _Event, past: Sequence[_Past]) -> bool:
    """It was part of a bulk move that was taken back: nothing came of it."""
    bulk = event.data.get("bulk")
    undone = EventKind.UNDONE.value
    return bulk is not None and any(
        each.kind == undone and int(each.data["bulk"]) == bulk for each in past
    )


def _waited_for_agency(end: _Event, past: Sequence[_Past]) -> bool:
    """Who was waited for until this end: what was said last before it."""
    waiting = EventKind.WAITING.value
    said = [each.data.get("for") for each in past if each.kind == waiting and each.id < end.id]
    return bool(said) and said[-1] == Waiting.AGENCY.value


def _chunks(ids: Sequence[int], size: int = 500) -> Iterator[Sequence[int]]:
    return (ids[first : first + size] for first in range(0, len(ids), size))


def _received(session: Session, actor: Actor, start: datetime, end: datetime) -> Counter[str]:
    """How many tickets came in, by the division that has them now."""
    rows = session.execute(
        sa.select(_DIVISION, sa.func.count())
        .where(Ticket.received_at >= start, Ticket.received_at < end, readable(actor))
        .group_by(_DIVISION)
    )
    return Counter({row[0]: row[1] for row in rows})


def _nights(
    session: Session, config: Tickets, start: datetime, end: datetime
) -> tuple[int, dict[str, list[date]]]:
    """Of how many days a list was kept, and by division those on which nobody answered for it."""
    first, after = config.day(start), config.day(end - timedelta(microseconds=1))
    rows = session.execute(
        sa.select(AttentionDay.day, AttentionDay.data)
        .where(AttentionDay.day >= first, AttentionDay.day <= after)
        .order_by(AttentionDay.day)
    ).all()
    alone: dict[str, list[date]] = {}
    for row in rows:
        for division in row.data.get("unattended", ()):
            alone.setdefault(division, []).append(row.day)
    return len(rows), alone
