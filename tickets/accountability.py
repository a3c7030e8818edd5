"""What went wrong in a span of time, where, and with which tickets: read from their events, so that
each line can be opened, and asked twice says the same.

A failure is counted where the ticket was when it happened, whoever has it now.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

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
    """One failure: of which ticket and division, and the event that tells of it."""

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
    """What went wrong from `start` to `end` (aware, half-open): by division in config's order, and
    each failure in the order in which it happened. `nights`: of how many a list was kept.
    """

    start: datetime
    end: datetime
    rows: Sequence[Row]
    failures: Sequence[Failure]
    nights: int = 0

    @property
    def failed(self) -> list[Row]:
        """The divisions where something went wrong."""
        return [row for row in self.rows if row.failed]

    @property
    def kept(self) -> list[Row]:
        """Those where nothing did."""
        return [row for row in self.rows if not row.failed]


class _Event(NamedTuple):
    """An event, and of its ticket the number and the division that has it now. A month of a large
    city has tens of thousands: a dataclass would take twice as long to make.
    """

    id: int
    at: datetime
    who: str
    kind: str
    data: Mapping[str, Any]
    ticket_id: int
    number: str
    division: str


def account(
    session: Session,
    config: Tickets,
    actor: Actor,
    *,
    start: datetime,
    end: datetime,
    divisions: Collection[str] = (),
) -> Account:
    """Return what went wrong in some divisions or (with none named) in all, of the tickets that the
    actor may read. `start` and `end` are aware, half-open.
    """
    shown = [id_ for id_ in config.divisions if not divisions or id_ in divisions]
    failures = [
        each for each in _failures(session, actor, start, end) if each.division in set(shown)
    ]
    counts = Counter((each.division, each.fault) for each in failures)
    received = _received(session, actor, start, end)
    nights, unattended = _nights(session, config, start, end)
    rows = [
        Row(
            id_,
            received[id_],
            {fault: counts[id_, fault] for fault in Fault},
            unattended.get(id_, ()),
        )
        for id_ in shown
    ]
    return Account(start, end, rows, failures, nights)


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


_OPEN = frozenset(state.value for state in OPEN)
_CLOSED = frozenset(state.value for state in State) - _OPEN


def _failures(session: Session, actor: Actor, start: datetime, end: datetime) -> Iterator[Failure]:
    events = _events(session, actor, FAULT_KINDS, start, end)
    # what came of it may have come later
    later = _events(session, actor, (EventKind.ROUTED, EventKind.UNDONE), end, None)
    led, undone = _led([*events, *later]), _undone([*events, *later])
    found = [
        (event, fault)
        for event in events
        if (fault := fault_of(EventKind(event.kind), event.who, event.data)) is not None
    ]
    resumed = EventKind.RESUMED.value
    waited = _waited(session, [event for event, _ in found if event.kind == resumed])
    for event, fault in found:
        if undone and (event.ticket_id, event.data.get("bulk", 0)) in undone:
            continue
        if event.kind == resumed and waited.get(event.id) != Waiting.AGENCY.value:
            continue  # that a citizen does not answer is no failure of the city's
        where = _division_at(event, led)
        told = EventFacts(event.at, event.who, EventKind(event.kind), dict(event.data))
        yield Failure(told, event.number, where, fault)


def _events(
    session: Session,
    actor: Actor,
    kinds: Collection[EventKind],
    start: datetime,
    end: datetime | None,
) -> list[_Event]:
    """The events of these kinds that may tell of a failure, or of where a ticket was, in order."""
    asked = (
        sa.select(
            TicketEvent.id,
            TicketEvent.at,
            TicketEvent.who,
            TicketEvent.kind,
            TicketEvent.data,
            TicketEvent.ticket_id,
            Ticket.number,
            Ticket.division,
        )
        .join(Ticket, Ticket.id == TicketEvent.ticket_id)
        .where(
            _may_be_fault(session),
            TicketEvent.at >= start,
            readable(actor),
        )
    )
    if end is not None:
        asked = asked.where(TicketEvent.at < end)
    # kind by kind, and put in order here: SQLite would else read all events of that time, or all
    return sorted(
        _Event._make(row)
        for kind in kinds
        for row in session.execute(asked.where(TicketEvent.kind == kind.value))
    )


def _may_be_fault(session: Session) -> sa.TextClause:
    sqlite = session.get_bind().dialect.name == "sqlite"
    return sa.text(f"({fault_events(sqlite=sqlite, table='ticket_events.')})")


def _led(events: Sequence[_Event]) -> dict[int, list[tuple[int, str]]]:
    """Through which divisions tickets went: by ticket, the events that led elsewhere, in order, and
    from where.
    """
    led: dict[int, list[tuple[int, str]]] = {}
    for event in events:
        if event.kind == EventKind.ROUTED.value and "division" in event.data.get("was", {}):
            led.setdefault(event.ticket_id, []).append((event.id, event.data["was"]["division"]))
    return led


def _division_at(event: _Event, led: Mapping[int, Sequence[tuple[int, str]]]) -> str:
    """Where the ticket was as `event` happened."""
    for event_id, was in led.get(event.ticket_id, ()):
        if event_id >= event.id:
            return was
    return event.division


def _undone(events: Sequence[_Event]) -> set[tuple[int, int]]:
    """The bulk moves that were taken back, by ticket: nothing came of them."""
    return {
        (event.ticket_id, int(event.data["bulk"]))
        for event in events
        if event.kind == EventKind.UNDONE.value
    }


def _waited(session: Session, ended: Sequence[_Event]) -> dict[int, str]:
    """For whom was waited until each of these ends: what was said last before it."""
    tickets = {each.ticket_id for each in ended}
    said: dict[int, list[tuple[int, str]]] = {}
    for chunk in _chunks(sorted(tickets)):
        rows = session.execute(
            sa.select(TicketEvent.ticket_id, TicketEvent.id, TicketEvent.data)
            .where(
                TicketEvent.ticket_id.in_(chunk),
                TicketEvent.kind == EventKind.WAITING.value,
            )
            .order_by(TicketEvent.id)
        )
        for row in rows:
            said.setdefault(row.ticket_id, []).append((row.id, str(row.data.get("for"))))
    return {
        event.id: for_
        for event in ended
        for waiting_id, for_ in said.get(event.ticket_id, ())
        if waiting_id < event.id
    }


def _chunks(ids: Sequence[int], size: int = 500) -> Iterator[Sequence[int]]:
    return (ids[first : first + size] for first in range(0, len(ids), size))


def _received(session: Session, actor: Actor, start: datetime, end: datetime) -> Counter[str]:
    """How many tickets came in, by the division that has them now."""
    # an expression: by the column itself SQLite would walk the index of all tickets by division
    division = sa.func.coalesce(Ticket.division, "")
    rows = session.execute(
        sa.select(division, sa.func.count())
        .where(Ticket.received_at >= start, Ticket.received_at < end, readable(actor))
        .group_by(division)
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
