"""Whether the stored rows are what the events say: every row of every part is counted again and
compared. Nothing is changed; on any difference an alarm is raised.
"""

import logging
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import clock
from hotline.auth import Role
from hotline.db import Database
from hotline.notices import service as notices
from hotline.notices.rules import Kind
from reports import rollups, service
from reports.matters import FLOWS, Of, TicketCounters
from reports.metrics import Cell, count
from reports.models import ReportDay, RollupDay, ticket_months
from reports.rollups import Part, known
from reports.service import How, days_between
from reports.topics import By

log = logging.getLogger(__name__)
#: So many stand in words; the log has all.
TOLD = 10


@dataclass(frozen=True)
class Difference:
    """A number that is stored otherwise than the events say."""

    part: Part
    day: date
    #: What is counted there: its table, and its key in words.
    of: str
    counter: str
    stored: int
    counted: int

    def __str__(self) -> str:
        return (
            f"{self.day} {self.of}: {self.counter} is {self.stored} in the rows, "
            f"{self.counted} by the events"
        )


def run(db: Database, first: date, last: date, how: How) -> list[Difference]:
    """Compare the days from `first` to `last`, both included, that were counted by these rules,
    each as of the moment at which it was counted.
    """
    found: list[Difference] = []
    with db.read() as session:
        days = session.scalars(
            sa.select(ReportDay.day)
            .where(ReportDay.day.between(first, last))
            .order_by(ReportDay.day)
        ).all()
    for day in days:
        with db.read() as session:
            found += _calls(session, day, how)
    with db.read() as session:
        found += _tickets(session, first, last, how)
        found += _months(session, first, last)
        found += _presence(session, first, last, how)
    return found


def alarm(db: Database, day: date, found: Sequence[Difference], *, now: datetime) -> None:
    """Log each difference as an error, and tell those who look after the system, once a night."""
    if not found:
        return
    for each in found:
        log.error("the reports differ from the events: %s", each)
    with db.write() as session:
        names = [*notices.of_role(session, Role.ADMINISTRATOR)]
        names += [each for each in notices.of_role(session, Role.MANAGER) if each not in names]
        notices.tell(
            session,
            names,
            Kind.REPORTS,
            key=f"reports:{day}",
            urgent=True,
            now=now,
            day=day.isoformat(),
            differences=len(found),
        )


def in_words(found: Sequence[Difference]) -> str:
    """The result in a line, and the first differences."""
    if not found:
        return "the rows are what the events say"
    more = "" if len(found) <= TOLD else f"; and {len(found) - TOLD} more"
    return f"{len(found)} DIFFERENCES: " + "; ".join(map(str, found[:TOLD])) + more


def _calls(session: Session, day: date, how: How) -> Iterator[Difference]:
    seen = session.get(ReportDay, day)
    if seen is None or seen.rules != how.mark:
        return
    start, end = clock.day_bounds(day, how.zone)
    if seen.counted_at < end:
        return  # a part of the day: the next night counts it whole
    read = service.facts_of(session, day, how)
    cells = count(read, start, how.rules)
    stored = {row.cell: row.counters for row in service.rows(session, day, day)}
    yield from _differ(Part.CALLS, day, stored, cells)
    by_day = {
        (row.queue, row.language): row.counters for row in service.day_rows(session, day, day)
    }
    yield from _differ(Part.CALLS, day, by_day, service.summed(cells))
    tallies = {key: each for (_, key), each in rollups.read_topics(session, day, day).items()}
    first = rollups.first_calls_of(session, day, read, how, now=seen.counted_at)
    counted = rollups.topics_of(session, read, how) | (first or {})
    if first is None:
        tallies = {key: each for key, each in tallies.items() if key.by is not By.FIRST}
    yield from _differ(Part.CALLS, day, tallies, counted)


def _whole(session: Session, part: Part, first: date, last: date, how: How) -> list[RollupDay]:
    """The days that were counted by these rules when they were over."""
    return [
        row
        for row in known(session, part, first, last)
        if row.rules == how.mark and row.counted_at >= clock.day_bounds(row.day, how.zone)[1]
    ]


def _tickets(session: Session, first: date, last: date, how: How) -> Iterator[Difference]:
    rows = _whole(session, Part.TICKETS, first, last, how)
    for start, end in rollups.runs(row.day for row in rows):
        # of days that are over it is all the same when they are counted
        over = clock.day_bounds(end, how.zone)[1]
        cells, _ = rollups.count_tickets(session, start, end, how, now=over)
        stored = rollups.read_tickets(session, start, end)
        for day in days_between(start, end):
            yield from _differ(Part.TICKETS, day, _of_day(stored, day), _of_day(cells, day))


def _months(session: Session, first: date, last: date) -> Iterator[Difference]:
    """Whether the months are the sums of their days."""
    for month in rollups.months_of(first, last):
        there = session.execute(sa.select(ticket_months).where(ticket_months.c.month == month))
        summed = session.execute(rollups.of_days(month))
        stored, counted = _by_key(there.mappings()), _by_key(summed.mappings())
        yield from _differ(Part.TICKETS, month, stored, counted)


def _by_key(rows: Iterable[Mapping[Any, Any]]) -> dict[tuple[str, ...], TicketCounters]:
    return {
        ("month", row["category"], row["division"], row["area"]): TicketCounters(
            **{name: int(row[name]) for name in FLOWS}
        )
        for row in rows
    }


def _of_day(cells: Mapping[Of, TicketCounters], day: date) -> dict[Of, TicketCounters]:
    return {of: counters for of, counters in cells.items() if of.day == day}


def _presence(session: Session, first: date, last: date, how: How) -> Iterator[Difference]:
    for row in _whole(session, Part.PRESENCE, first, last, how):
        cells = rollups.count_presence_of(session, row.day, how, now=row.counted_at)
        there = rollups.read_presence(session, row.day, row.day)
        stored = {agent: each for (_, agent), each in there.items()}
        yield from _differ(Part.PRESENCE, row.day, stored, cells)


def _differ(
    part: Part, day: date, stored: Mapping[Any, Any], counted: Mapping[Any, Any]
) -> Iterator[Difference]:
    for key in sorted({*stored, *counted}, key=str):
        ours, theirs = _numbers(stored.get(key)), _numbers(counted.get(key))
        for name in sorted({*ours, *theirs}):
            if ours.get(name, 0) != theirs.get(name, 0):
                of = _words(part, key)
                yield Difference(part, day, of, name, ours.get(name, 0), theirs.get(name, 0))


def _numbers(counters: Any) -> dict[str, int]:
    if counters is None:
        return {}
    return {name: getattr(counters, name) for name in counters.__slots__}


def _words(part: Part, key: Hashable) -> str:
    if isinstance(key, Cell):
        return f"{part} {key.interval_start:%H:%M}Z {key.queue or '-'}/{key.language or '-'}"
    parts = key if isinstance(key, tuple) else (key,)
    return f"{part} " + "/".join(str(each) or "-" for each in parts)
