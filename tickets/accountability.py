"""What went wrong in a span of time, where, and with which tickets: read from the rows of failures
(`tickets.faults`), so that each line can be opened, and asked twice says the same.

A failure is counted where the ticket was when it happened, whoever has it now.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tickets import numbers
from tickets.config import Tickets
from tickets.facts import Actor, EventFacts
from tickets.faults import Fault
from tickets.models import AttentionDay, EventKind, Ticket, TicketEvent, TicketFault
from tickets.search import readable

#: The longest span that is asked for at once.
LONGEST = timedelta(days=366)
#: So many failures are read at once.
AT_ONCE = 500


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
    shown = [id_ for id_ in config.divisions if not divisions or id_ in divisions]
    counts = _counted(session, actor, [*_in_span(start, end), *_of_divisions(divisions)])
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
    happened; those that follow the event `after`. `at_once`: so many are read at a time.
    """
    where = [*_in_span(start, end), *_of_divisions(divisions)]
    if fault is not None:
        where.append(TicketFault.fault == fault.value)
    last = session.get(TicketEvent, after) if after else None
    key = (last.at, last.id) if last else None
    while True:
        rows = session.execute(
            _in_order(actor, [*where, *([] if key is None else _behind(*key))]).limit(at_once)
        ).all()
        for row in rows:
            if row.division in config.divisions:  # of one that is no more no line tells
                event = EventFacts(row.at, row.who, EventKind(row.kind), dict(row.data))
                yield Failure(row.event_id, event, row.number, row.division, Fault(row.fault))
        if len(rows) < at_once:
            return
        key = rows[-1].at, rows[-1].event_id


def _in_span(start: datetime, end: datetime) -> list[sa.ColumnElement[bool]]:
    return [TicketFault.at >= start, TicketFault.at < end]


def _of_divisions(divisions: Collection[str]) -> list[sa.ColumnElement[bool]]:
    return [TicketFault.division.in_(sorted(divisions))] if divisions else []


def _counted(
    session: Session, actor: Actor, where: Sequence[sa.ColumnElement[bool]]
) -> Counter[tuple[str, Fault]]:
    """How often each division failed in each way."""
    by = TicketFault.division, TicketFault.fault
    query = sa.select(*by, sa.func.count().label("times")).where(*where).group_by(*by)
    may = readable(actor)
    if not isinstance(may, sa.True_):  # who reads all needs no ticket for it
        query = query.join(Ticket, Ticket.id == TicketFault.ticket_id).where(may)
    rows = session.execute(query)
    return Counter({(row.division, Fault(row.fault)): row.times for row in rows})


def _in_order(actor: Actor, where: Sequence[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    return (
        sa.select(
            TicketFault.event_id,
            TicketFault.at,
            TicketFault.fault,
            TicketFault.division,
            TicketEvent.who,
            TicketEvent.kind,
            TicketEvent.data,
            Ticket.number,
        )
        .join(TicketEvent, TicketEvent.id == TicketFault.event_id)
        .join(Ticket, Ticket.id == TicketFault.ticket_id)
        .where(*where, readable(actor))
        .order_by(TicketFault.at, TicketFault.event_id)
    )


def _behind(at: datetime, event_id: int) -> list[sa.ColumnElement[bool]]:
    # the first condition by itself: the index begins there
    after = sa.or_(TicketFault.at > at, TicketFault.event_id > event_id)
    return [TicketFault.at >= at, after]


# an expression: by the column itself SQLite would walk the index of all tickets by division
_DIVISION = sa.func.coalesce(Ticket.division, "")


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
