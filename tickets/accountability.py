"""What went wrong in a span of time, where, and with which tickets: read from their events, so that
each line can be opened, and asked twice says the same.

A failure is counted where the ticket was when it happened, whoever has it now.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tickets import numbers
from tickets.config import Tickets
from tickets.deadlines import Clock
from tickets.facts import SYSTEM, Actor, EventFacts
from tickets.models import AttentionDay, EventKind, Ticket, TicketEvent
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


@dataclass(frozen=True)
class _Event:
    id: int
    at: datetime
    who: str
    kind: EventKind
    data: Mapping[str, Any]
    ticket_id: int
    number: str
    #: Of the ticket as it is now.
    division: str


@dataclass
class _Ways:
    """Through which divisions tickets went: by ticket, the events that led elsewhere, in order."""

    led: dict[int, list[tuple[int, str]]] = field(default_factory=dict)

    def division_before(self, event: _Event) -> str:
        """Where the ticket was as `event` happened."""
        for event_id, was in self.led.get(event.ticket_id, ()):
            if event_id >= event.id:
                return was
        return event.division


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
_TELL = (
    EventKind.MISSED,
    EventKind.OVERDUE,
    EventKind.ESCALATED,
    EventKind.MOVED,
    EventKind.ROUTED,
    EventKind.RESUMED,
    EventKind.TO_CHASE,
)


def _failures(session: Session, actor: Actor, start: datetime, end: datetime) -> Iterator[Failure]:
    events = [
        event
        for event in _events(session, actor, _TELL, start, end)
        if fault_of(event.kind, event.who, event.data) is not None
    ]
    ways, undone = _ways(session, actor, start), _undone(session, actor, start)
    waited = _waited(session, [each for each in events if each.kind is EventKind.RESUMED])
    for event in events:
        fault = fault_of(event.kind, event.who, event.data)
        if fault is None or (event.ticket_id, event.data.get("bulk", 0)) in undone:
            continue
        of_wait = event.kind is EventKind.RESUMED
        if of_wait and waited.get(event.id) != Waiting.AGENCY.value:
            continue  # that a citizen does not answer is no failure of the city's
        where = ways.division_before(event)
        told = EventFacts(event.at, event.who, event.kind, dict(event.data))
        yield Failure(told, event.number, where, fault)


def _events(
    session: Session,
    actor: Actor,
    kinds: Iterable[EventKind],
    start: datetime,
    end: datetime | None,
) -> Iterator[_Event]:
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
            TicketEvent.kind.in_([kind.value for kind in kinds]),
            TicketEvent.at >= start,
            readable(actor),
        )
        .order_by(TicketEvent.id)
    )
    if end is not None:
        asked = asked.where(TicketEvent.at < end)
    for row in session.execute(asked):
        yield _Event(row.id, row.at, row.who, EventKind(row.kind), row.data, *row[5:])


def _ways(session: Session, actor: Actor, start: datetime) -> _Ways:
    """How tickets went on from one division to another since `start`."""
    ways = _Ways()
    for event in _events(session, actor, (EventKind.ROUTED,), start, None):
        if "division" in event.data.get("was", {}):
            ways.led.setdefault(event.ticket_id, []).append(
                (event.id, event.data["was"]["division"])
            )
    return ways


def _undone(session: Session, actor: Actor, start: datetime) -> set[tuple[int, int]]:
    """The bulk moves since `start` that were taken back, by ticket: nothing came of them."""
    events = _events(session, actor, (EventKind.UNDONE,), start, None)
    return {(event.ticket_id, int(event.data["bulk"])) for event in events}


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
        .select_from(TicketEvent)
        .join(Ticket, Ticket.id == TicketEvent.ticket_id)
        .where(
            TicketEvent.kind == EventKind.MADE.value,
            TicketEvent.at >= start,
            TicketEvent.at < end,
            readable(actor),
        )
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
