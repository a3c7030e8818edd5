"""The verbs of the reports: count days into rows, and read rows for a report.

A day is always counted whole, from its events alone, by delete and insert: twice, late, or after
an outage gives the same rows.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import clock
from hotline.db import Database
from reports import source
from reports.config import Reports
from reports.metrics import COUNTER_NAMES, Cell, Counters, Rules, count
from reports.models import NightRun, ReportDay, call_intervals

if TYPE_CHECKING:
    from hotline.floor import Floor

#: Ids are given before the commit, so an event may appear behind a newer one that was already
#: seen. As far back as this a run looks again; what is older and still uncommitted belongs to a
#: call of the trailing window anyway.
EVENT_SLACK = 1000


@dataclass(frozen=True)
class How:
    """How this city counts: its time zone and the settings of `reports:`."""

    zone: ZoneInfo
    rules: Rules
    window_days: int

    @classmethod
    def of(cls, floor: "Floor") -> "How":
        section = floor.section(Reports)
        return cls(floor.city.zone, section.rules, section.window_days)


@dataclass(frozen=True)
class DayCount:
    """What counting one day did."""

    day: date
    calls_read: int
    rows_written: int
    changed: bool


# ---------------------------------------------------------------- counting


def count_day(session: Session, day: date, how: How) -> tuple[dict[Cell, Counters], int]:
    """The cells of local `day` as its events stand now, and how many facts were read. Writes
    nothing.
    """
    start, end = clock.day_bounds(day, how.zone)
    read = list(source.facts(session, start, end))
    return count(read, start, how.rules), len(read)


def rebuild_day(
    session: Session, day: date, how: How, *, now: datetime, imported: bool = False
) -> DayCount:
    """Count local `day` anew from its events and put its rows in the place of the old ones.

    `imported`: because of an import alone, so a day without a call is none of the hotline's.
    """
    _one_at_a_time(session)
    source.counting(session, day)
    cells, calls_read = count_day(session, day, how)
    before = {row.cell: row.counters for row in rows(session, day, day)}
    session.execute(sa.delete(call_intervals).where(call_intervals.c.day == day))
    if cells:
        session.execute(sa.insert(call_intervals), [_row(day, *each) for each in cells.items()])
    changed = cells != before
    if not (imported and not calls_read and _forget_imported(session, day)):
        _note_counted(session, day, now=now, revised=changed, zone=how.zone, imported=imported)
    return DayCount(day, calls_read, len(cells), changed)


def rebuild(
    session: Session, first: date, last: date, how: How, *, now: datetime
) -> list[DayCount]:
    """Count every local day from `first` to `last` (both included) in one unit of work."""
    return [rebuild_day(session, day, how, now=now) for day in days_between(first, last)]


def run_night(
    db: Database, days: Iterable[date], how: How, *, since: int | None = None
) -> NightRun:
    """Count `days`, each in a unit of work of its own so that no caller waits long for the
    database.

    With `since` (the newest event that an earlier run saw) also every other day whose calls got
    an event after it; the next run looks from there on. Returns the row that tells what was done;
    raises ValueError for no day at all.
    """
    started_at, stopwatch = clock.now(), time.perf_counter()
    wanted, imported = set(days), set[date]()
    with db.read() as session:
        if since is None:
            last_event_id = last_seen_event(session) or 0
        else:
            changed, last_event_id = _changed_days(session, since, started_at, how)
            imported = days_to_count_again(session, started_at, how) - wanted - changed
            wanted |= changed | imported
    done = []
    for day in sorted(wanted):
        with db.write() as session:
            done.append(rebuild_day(session, day, how, now=started_at, imported=day in imported))
    with db.write() as session:
        run = NightRun(
            started_at=started_at,
            ended_at=clock.now(),
            first_day=min(wanted),
            last_day=max(wanted),
            days=len(done),
            days_changed=sum(each.changed for each in done),
            calls_read=sum(each.calls_read for each in done),
            rows_written=sum(each.rows_written for each in done),
            last_event_id=last_event_id,
            milliseconds=int((time.perf_counter() - stopwatch) * 1000),
        )
        session.add(run)
    return run


def in_words(run: NightRun) -> str:
    """What a run of the night did."""
    return (
        f"{run.first_day} to {run.last_day}: {run.days} days counted from {run.calls_read} calls "
        f"into {run.rows_written} rows in {run.milliseconds} ms; {run.days_changed} days have "
        "other numbers than before"
    )


def _changed_days(session: Session, since: int, now: datetime, how: How) -> tuple[set[date], int]:
    moments, newest = source.touched_since(session, max(0, since - EVENT_SLACK))
    # what happens on a day that is not over is counted when it is
    today = clock.local_day(now, how.zone)
    return {day for at in moments if (day := clock.local_day(at, how.zone)) < today}, newest


def days_to_count_again(session: Session, now: datetime, how: How) -> set[date]:
    """The days that are over and that an import has changed since they were counted."""
    yesterday = clock.local_day(now, how.zone) - timedelta(days=1)
    return source.days_to_count(session, last=yesterday)


def last_seen_event(session: Session) -> int | None:
    """The newest event that the last run of the night knew of; None before the first."""
    return session.scalar(sa.select(NightRun.last_event_id).order_by(NightRun.id.desc()).limit(1))


def days_between(first: date, last: date) -> Iterator[date]:
    """Every day from `first` to `last`, both included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _one_at_a_time(session: Session) -> None:
    # Two runs that delete and insert the same day would meet in the primary key. SQLite has one
    # writer anyway.
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("LOCK TABLE call_intervals IN SHARE ROW EXCLUSIVE MODE"))


def _row(day: date, cell: Cell, counters: Counters) -> dict[str, Any]:
    return {
        "day": day,
        "interval_start": cell.interval_start,
        "queue": cell.queue,
        "language": cell.language,
        **counters.as_dict(),
    }


def _note_counted(
    session: Session,
    day: date,
    *,
    now: datetime,
    revised: bool,
    zone: ZoneInfo,
    imported: bool,
) -> None:
    known = session.get(ReportDay, day)
    if known is None:
        session.add(ReportDay(day=day, counted_at=now, revised_at=None, imported=imported))
    else:
        was_over = known.counted_at >= clock.day_bounds(day, zone)[1]
        if revised and was_over:
            known.revised_at = now
        known.counted_at = now
    session.flush()


def _forget_imported(session: Session, day: date) -> bool:
    """The import that brought a day has been taken back: no night ever counted it."""
    known = session.get(ReportDay, day)
    if known is not None and not known.imported:
        return False
    if known is not None:
        session.delete(known)
        session.flush()
    return True


# ---------------------------------------------------------------- reading


@dataclass(frozen=True)
class Row:
    """Some counted calls: of one interval, or (interval_start None) of one whole day."""

    day: date
    interval_start: datetime | None
    queue: str
    language: str
    counters: Counters

    @property
    def cell(self) -> Cell:
        assert self.interval_start is not None
        return Cell(self.interval_start, self.queue, self.language)


def rows(session: Session, first: date, last: date) -> list[Row]:
    """The stored rows, by interval, of the local days `first` to `last` (both included)."""
    table = call_intervals
    found = session.execute(
        sa.select(table)
        .where(table.c.day.between(first, last))
        .order_by(table.c.day, table.c.interval_start, table.c.queue, table.c.language)
    )
    return [_from_row(row) for row in found.mappings()]


def day_rows(session: Session, first: date, last: date) -> list[Row]:
    """The stored rows summed up by day, queue and language."""
    table = call_intervals
    key = (table.c.day, table.c.queue, table.c.language)
    sums = (
        (sa.func.max if name.endswith("_max_ms") else sa.func.sum)(table.c[name]).label(name)
        for name in COUNTER_NAMES
    )
    found = session.execute(
        sa.select(*key, *sums).where(table.c.day.between(first, last)).group_by(*key).order_by(*key)
    )
    return [_from_row(row) for row in found.mappings()]


def _from_row(row: Mapping[Any, Any]) -> Row:
    # PostgreSQL sums integers to Decimal
    counters = Counters(*(int(row[name]) for name in COUNTER_NAMES))
    return Row(row["day"], row.get("interval_start"), row["queue"], row["language"], counters)


@dataclass(frozen=True)
class Counted:
    """The rows of a span of days, and how far they can be trusted."""

    rows: list[Row]
    #: Counted just now from the events, the night having not come yet.
    live_days: tuple[date, ...]
    #: Days of the span that are over, not counted, and too many to count while somebody waits.
    missing_days: tuple[date, ...]
    #: When the oldest of the stored counts was made, and the newest revision.
    counted_at: datetime | None
    revised_days: tuple[date, ...]


def counted(
    session: Session, first: date, last: date, how: How, *, now: datetime, by_day: bool
) -> Counted:
    """Everything known about `first` to `last` (both included): stored rows, and the newest days
    from the events.
    """
    last = min(last, clock.local_day(now, how.zone))
    known = list(
        session.scalars(
            sa.select(ReportDay).where(ReportDay.day.between(first, last)).order_by(ReportDay.day)
        )
    )
    over = {
        each.day for each in known if each.counted_at >= clock.day_bounds(each.day, how.zone)[1]
    }
    again = source.days_to_count(session, first, last)
    missing = sorted({*_not_counted(session, first, last, over), *again})
    live = tuple(missing[-how.window_days :])
    stored = (day_rows if by_day else rows)(session, first, last)
    found = [row for row in stored if row.day not in missing]
    for day in live:
        cells, _ = count_day(session, day, how)
        found.extend(_live_rows(day, cells, by_day=by_day))
    return Counted(
        rows=found,
        live_days=live,
        missing_days=tuple(missing[: -len(live)]) if live else (),
        counted_at=min((each.counted_at for each in known), default=None),
        revised_days=tuple(each.day for each in known if each.revised_at is not None),
    )


def _not_counted(session: Session, first: date, last: date, over: set[date]) -> list[date]:
    # A hotline knows nothing of the days before its first night: these are no gap.
    begin = first_own_day(session)
    return [
        day for day in days_between(max(first, begin) if begin else last, last) if day not in over
    ]


def first_own_day(session: Session) -> date | None:
    """The first day that the hotline counted of its own, whatever imports have brought; None before
    its first night.
    """
    return session.scalar(sa.select(sa.func.min(ReportDay.day)).where(~ReportDay.imported))


def _live_rows(day: date, cells: Mapping[Cell, Counters], *, by_day: bool) -> Sequence[Row]:
    if not by_day:
        return [
            Row(day, cell.interval_start, cell.queue, cell.language, cells[cell])
            for cell in sorted(cells)
        ]
    sums: dict[tuple[str, str], Counters] = {}
    for cell, counters in cells.items():
        sums.setdefault((cell.queue, cell.language), Counters()).add(counters)
    return [Row(day, None, *key, sums[key]) for key in sorted(sums)]
