"""The verbs of the reports: count days into rows, and read rows for a report.

A day is always counted whole, from its events alone, by delete and insert: twice, late, or after
an outage gives the same rows.
"""

import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from agents.config import Agents
from agents.roster import adherence
from hotline import clock
from hotline.db import Database
from reports import rollups, source
from reports.config import Reports
from reports.metrics import (
    COUNTED_BY,
    COUNTER_NAMES,
    DEFAULT_SERVICE_LEVEL,
    CallFacts,
    Cell,
    Counters,
    Rules,
    count,
)
from reports.models import NightRun, ReportDay, call_days, call_intervals
from reports.rollups import Part
from reports.topics import By, Key, Tally

if TYPE_CHECKING:
    from hotline.floor import Floor

log = logging.getLogger(__name__)
T = TypeVar("T")

#: Ids are given before the commit, so an event may appear behind a newer one that was already
#: seen. As far back as this a run looks again; what is older and still uncommitted belongs to a
#: call of the trailing window anyway.
EVENT_SLACK = 1000


#: Days of tickets: some 300 rows each, so 50 ms at a time.
WRITTEN_AT_ONCE = 7
#: Of `ReportDay.rules`.
MARK_LENGTH = 80


@dataclass(frozen=True)
class How:
    """How this city counts: its time zone and the settings of `reports:`."""

    zone: ZoneInfo
    rules: Rules
    window_days: int
    #: For so many days nobody may call again on the matter of a call that settled it.
    first_call_days: int = 7
    roster: adherence.Rules = field(default_factory=adherence.Rules)
    #: A key of `metrics.SERVICE_LEVEL`: what is shown, and nothing that is stored.
    formula: str = DEFAULT_SERVICE_LEVEL

    @classmethod
    def of(cls, floor: "Floor") -> "How":
        return cls.by(floor.city.zone, floor.section(Reports), floor.section(Agents))

    @classmethod
    def by(cls, zone: ZoneInfo, section: Reports, people: Agents) -> "How":
        """By the sections of the city's file."""
        return cls(
            zone,
            section.rules,
            section.window_days,
            section.first_call_days,
            people.roster.rules,
            section.service_level.formula,
        )

    @property
    def mark(self) -> str:
        """What is stored beside what was counted so: another one, and it is counted again."""
        rules = (self.rules.threshold, self.rules.short_abandon)
        limits = (f"{each.total_seconds():g}" for each in rules)
        kept = f"{self.roster.grace.total_seconds():g}/{','.join(sorted(self.roster.breaks))}"
        whole = f"{COUNTED_BY}:{':'.join(limits)}:{self.first_call_days}:{kept}"
        return whole if len(whole) <= MARK_LENGTH else sha256(whole.encode()).hexdigest()


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
    read = facts_of(session, day, how)
    return count(read, clock.day_bounds(day, how.zone)[0], how.rules), len(read)


def facts_of(session: Session, day: date, how: How) -> list[CallFacts]:
    """The calls of local `day`, from their events."""
    return list(source.facts(session, *clock.day_bounds(day, how.zone)))


class LiveFacts:
    """The calls of days that are counted while somebody waits: each day is read once, whatever is
    told of it, and not at all where its cells are `known`.
    """

    def __init__(
        self,
        session: Session,
        how: How,
        known: Mapping[date, Mapping[Cell, Counters]] = MappingProxyType({}),
    ) -> None:
        self._session, self._how = session, how
        self._cells: dict[date, Mapping[Cell, Counters]] = {**known}
        self._read: dict[date, list[CallFacts]] = {}

    def of(self, day: date) -> list[CallFacts]:
        """As `facts_of`."""
        if day not in self._read:
            self._read[day] = facts_of(self._session, day, self._how)
        return self._read[day]

    def cells(self, day: date) -> Mapping[Cell, Counters]:
        """As `count_day`; nobody changes them."""
        if day not in self._cells:
            start, _ = clock.day_bounds(day, self._how.zone)
            self._cells[day] = count(self.of(day), start, self._how.rules)
        return self._cells[day]


@dataclass(frozen=True)
class CountedCalls:
    """What the rows of a local day are to be, and as of when: the newest events of a call and of a
    ticket, and the last count of the day, by then.
    """

    newest: int
    newest_ticket: int
    counted_at: datetime | None
    read: int
    cells: Mapping[Cell, Counters]
    topics: Mapping[Key, Tally]
    #: None: it is not known any more who called.
    first: Mapping[Key, Tally] | None


def counted_calls(session: Session, day: date, how: How, *, now: datetime) -> CountedCalls:
    """Count the calls of local `day` from their events for `rebuild_day`. Writes nothing."""
    newest, newest_ticket = source.newest_event(session), source.newest_ticket_event(session)
    known = session.get(ReportDay, day)
    read = facts_of(session, day, how)
    return CountedCalls(
        newest,
        newest_ticket,
        known.counted_at if known else None,
        len(read),
        count(read, clock.day_bounds(day, how.zone)[0], how.rules),
        rollups.topics_of(session, read, how),
        rollups.first_calls_of(session, day, read, how, now=now),
    )


def _stands(session: Session, day: date, how: How, counted: CountedCalls, *, now: datetime) -> bool:
    """Whether all that a day was counted from is as it was. What an import changes marks the day; a
    mark that another count has taken away since shows in that count.
    """
    known = session.get(ReportDay, day)
    others = (source.newest_ticket_event(session), known.counted_at if known else None)
    if others != (counted.newest_ticket, counted.counted_at):
        return False
    if source.days_to_count(session, day, day):
        return False
    start, end = clock.day_bounds(day, how.zone)
    around = timedelta(days=how.first_call_days)
    if end + around <= now:  # its first calls are told by those of other days
        start, end = start - around, end + around
    moments, _ = source.touched_since(session, counted.newest)
    return not any(start <= at < end for at in moments)


def rebuild_day(
    session: Session,
    day: date,
    how: How,
    *,
    now: datetime,
    imported: bool = False,
    counted: CountedCalls | None = None,
) -> DayCount:
    """Count the calls of local `day` anew from their events and put the rows in the place of the
    old ones; with `counted` they are not counted again, unless something has happened since.

    `imported`: because of an import alone, so a day without a call is none of the hotline's.
    """
    _one_at_a_time(session)
    if counted is None or not _stands(session, day, how, counted, now=now):
        source.counting(session, day)
        counted = counted_calls(session, day, how, now=now)
    cells = counted.cells
    sums = summed(cells)
    # the pages read the sums: a day whose sums were wrong told other numbers, too
    changed = cells != {
        row.cell: row.counters for row in rows(session, day, day)
    } or sums != _sums_of_day(session, day)
    if changed:
        for table, found in ((call_intervals, cells), (call_days, sums)):
            session.execute(sa.delete(table).where(table.c.day == day))
            if found:
                session.execute(sa.insert(table), [_row(day, *each) for each in found.items()])
    changed = _rebuild_topics(session, day, counted) or changed
    if not (imported and not counted.read and _forget_imported(session, day)):
        _note_counted(session, day, now=now, revised=changed, how=how, imported=imported)
    return DayCount(day, counted.read, len(cells), changed)


def _sums_of_day(session: Session, day: date) -> dict[tuple[str, str], Counters]:
    return {(row.queue, row.language): row.counters for row in day_rows(session, day, day)}


def _rebuild_topics(session: Session, day: date, counted: CountedCalls) -> bool:
    """Whether other tallies stand there now; that first calls can be told now is no such change."""
    before = {key: tally for (_, key), tally in rollups.read_topics(session, day, day).items()}
    stood = {key: tally for key, tally in before.items() if key.by is By.FIRST}
    # who called is forgotten: what was known then stays
    first = stood if counted.first is None else counted.first
    rollups.write_topics(session, day, {**counted.topics, **first})
    return _but_first(before) != counted.topics or (bool(stood) and stood != first)


def _but_first(tallies: Mapping[Key, Tally]) -> dict[Key, Tally]:
    return {key: tally for key, tally in tallies.items() if key.by is not By.FIRST}


def summed(cells: Mapping[Cell, Counters]) -> dict[tuple[str, str], Counters]:
    """The cells of a day summed up by queue and language."""
    sums: dict[tuple[str, str], Counters] = {}
    for cell, counters in cells.items():
        sums.setdefault((cell.queue, cell.language), Counters()).add(counters)
    return sums


def rebuild(
    session: Session, first: date, last: date, how: How, *, now: datetime
) -> list[DayCount]:
    """Count every local day from `first` to `last` (both included) in one unit of work."""
    return [rebuild_day(session, day, how, now=now) for day in days_between(first, last)]


def run_night(
    db: Database, days: Iterable[date], how: How, *, since: NightRun | None = None
) -> NightRun:
    """Count `days` of every part, each day (of tickets, each run of days) in a unit of work of its
    own so that no caller waits long for the database.

    With `since` (an earlier run) also every other day whose calls or tickets got an event after
    what that run saw, every day that was counted by other rules or not at all, and the day whose
    first calls can be told now; the next run looks from there on. Returns the row that tells what
    was done; raises ValueError for no day at all.
    """
    started_at, stopwatch = clock.now(), time.perf_counter()
    wanted = set(days)
    with db.read() as session:
        plan = _plan(session, wanted, since, started_at, how)
    done: dict[str, dict[str, Any]] = {}
    for part, of_part in plan.days.items():
        if not of_part:
            continue
        begun = time.perf_counter()
        counted = _count_part(db, part, sorted(of_part), how, plan.imported, now=started_at)
        took = int((time.perf_counter() - begun) * 1000)
        done[part.value] = {**counted, "milliseconds": took}
    calls, all_days = done[Part.CALLS.value], set().union(*plan.days.values())
    with db.write() as session:
        run = NightRun(
            started_at=started_at,
            ended_at=clock.now(),
            first_day=min(all_days),
            last_day=max(all_days),
            days=calls["days"],
            days_changed=len(calls["days_changed"]),
            calls_read=calls["read"],
            rows_written=calls["written"],
            last_event_id=plan.last_event,
            last_ticket_event_id=plan.last_ticket_event,
            data=done,
            milliseconds=int((time.perf_counter() - stopwatch) * 1000),
        )
        session.add(run)
    log.info("night: %s", in_words(run))
    return run


@dataclass(frozen=True)
class _Plan:
    days: Mapping[Part, set[date]]
    last_event: int
    last_ticket_event: int
    #: Of the days of calls those that are counted because of an import alone.
    imported: frozenset[date] = frozenset()


def _plan(
    session: Session, wanted: set[date], since: NightRun | None, now: datetime, how: How
) -> _Plan:
    days = {part: set(wanted) for part in Part}
    if since is None:
        newest = last_run(session)
        seen = (newest.last_event_id, newest.last_ticket_event_id) if newest else (0, 0)
        # asked for by hand, days before the hotline's own are not made days without a call of it
        begin = began(session, how)
        before = {day for day in wanted if begin is None or day < begin}
        for part in (Part.TICKETS, Part.PRESENCE):
            days[part] -= before
        return _Plan(days, *seen, frozenset(before))
    # what happens on a day that is not over is counted when it is
    yesterday = clock.local_day(now, how.zone) - rollups.ONE_DAY
    calls, newest_event = _changed_days(session, since.last_event_id, yesterday, how)
    touched = source.tickets_touched_since(
        session, max(0, since.last_ticket_event_id - EVENT_SLACK)
    )
    moved = source.moments_of(session, touched.calls)
    calls |= {clock.local_day(at, how.zone) for at in moved}
    calls |= _by_other_rules(session, how) | _skipped(session, yesterday)
    imported = days_to_count_again(session, now, how) - wanted - calls
    settled = max(wanted) - timedelta(days=how.first_call_days)
    if session.get(ReportDay, settled) is not None:
        calls.add(settled)  # what its first calls came to can be told now
    days[Part.CALLS] |= {day for day in calls if day <= yesterday} | imported
    if touched.since is not None:
        first = clock.local_day(touched.since, how.zone)
        days[Part.TICKETS] |= set(days_between(first, yesterday))
    for part in (Part.TICKETS, Part.PRESENCE):
        days[part] |= rollups.to_count(session, part, yesterday, how)
    return _Plan(days, newest_event, touched.newest, frozenset(imported))


def _by_other_rules(session: Session, how: How) -> set[date]:
    return set(session.scalars(sa.select(ReportDay.day).where(ReportDay.rules != how.mark)))


def _skipped(session: Session, yesterday: date) -> set[date]:
    """The days without a count since the first of the hotline's own that was counted."""
    first = first_own_day(session)
    known = set(session.scalars(sa.select(ReportDay.day)))
    return set(days_between(first, yesterday)) - known if first else set()


def _changed_days(session: Session, since: int, yesterday: date, how: How) -> tuple[set[date], int]:
    moments, newest = source.touched_since(session, max(0, since - EVENT_SLACK))
    days = {clock.local_day(at, how.zone) for at in moments}
    return {day for day in days if day <= yesterday}, newest


def _count_part(
    db: Database,
    part: Part,
    days: Sequence[date],
    how: How,
    imported: Collection[date],
    *,
    now: datetime,
) -> dict[str, Any]:
    """Count these days of a part; what was done, and the totals of them before and after."""
    before = _totals(db, part, days)
    counted = list(_COUNTING[part](db, days, how, imported, now))
    return {
        "first_day": days[0].isoformat(),
        "last_day": days[-1].isoformat(),
        "days": len(days),
        "days_changed": [day.isoformat() for each in counted for day in each.changed],
        "read": sum(each.read for each in counted),
        "written": sum(each.written for each in counted),
        "before": before,
        "after": _totals(db, part, days),
    }


def _count_calls(
    db: Database, days: Sequence[date], how: How, imported: Collection[date], now: datetime
) -> Iterator[rollups.Counted]:
    for day in days:
        counted = _before_the_lock(db, partial(counted_calls, day=day, how=how, now=now))
        with db.write() as session:
            done = rebuild_day(
                session, day, how, now=now, imported=day in imported, counted=counted
            )
        yield rollups.Counted(1, done.calls_read, done.rows_written, [day] if done.changed else [])


def _count_tickets(
    db: Database, days: Sequence[date], how: How, _imported: Collection[date], now: datetime
) -> Iterator[rollups.Counted]:
    for first, last in rollups.runs(days):
        # what takes long is read before SQLite's one lock is taken, and written bit by bit: a
        # caller's next step waits for it
        with db.read() as session:
            counted = rollups.counted_tickets(session, first, last, how, now=now)
        for begin, end in rollups.runs(days_between(first, last), longest=WRITTEN_AT_ONCE):
            with db.write() as session:
                yield rollups.rebuild_tickets(session, begin, end, how, now=now, counted=counted)


def _count_presence(
    db: Database, days: Sequence[date], how: How, _imported: Collection[date], now: datetime
) -> Iterator[rollups.Counted]:
    for day in days:
        work = partial(rollups.counted_presence, day=day, how=how, now=now)
        counted = _before_the_lock(db, work)
        with db.write() as session:
            yield rollups.rebuild_presence(session, day, how, now=now, counted=counted)


def _before_the_lock(db: Database, work: Callable[[Session], T]) -> T | None:
    """Read what takes long before SQLite's one lock is taken, for which a caller's next step waits.

    On PostgreSQL nobody waits for it, and an event may be committed behind a newer one that was
    seen: there it is read in the unit of work that writes.
    """
    if not db.is_sqlite:
        return None
    with db.read() as session:
        return work(session)


Counting = Callable[
    [Database, Sequence[date], How, Collection[date], datetime], Iterator[rollups.Counted]
]
_COUNTING: Mapping[Part, Counting] = {
    Part.CALLS: _count_calls,
    Part.TICKETS: _count_tickets,
    Part.PRESENCE: _count_presence,
}


def _totals(db: Database, part: Part, days: Sequence[date]) -> dict[str, int]:
    with db.read() as session:
        return rollups.totals(session, part, days)


def in_words(run: NightRun) -> str:
    """What a run of the night did."""
    parts = "; ".join(
        f"{name}: {each['days']} days, {each['read']} read, {each['written']} rows, "
        f"{len(each['days_changed'])} changed, {each['milliseconds']} ms"
        for name, each in run.data.items()
        if name != Part.CALLS
    )
    return (
        f"{run.first_day} to {run.last_day}: {run.days} days counted from {run.calls_read} calls "
        f"into {run.rows_written} rows in {run.milliseconds} ms; {run.days_changed} days have "
        f"other numbers than before; {parts}"
    )


def last_run(session: Session) -> NightRun | None:
    """What the last run of the night knew; None before the first."""
    return session.scalar(sa.select(NightRun).order_by(NightRun.id.desc()).limit(1))


def days_to_count_again(session: Session, now: datetime, how: How) -> set[date]:
    """The days that are over and that an import has changed since they were counted."""
    return source.days_to_count(session, last=clock.local_day(now, how.zone) - rollups.ONE_DAY)


def first_own_day(session: Session) -> date | None:
    """The first day that the hotline counted of its own, whatever imports have brought; None before
    its first night.
    """
    return session.scalar(sa.select(sa.func.min(ReportDay.day)).where(~ReportDay.imported))


def first_day_of_calls(session: Session, how: How) -> date | None:
    """The same, and before its first night the day of its first call; None before that."""
    counted = first_own_day(session)
    if counted is not None:
        return counted
    arrived = source.first_call(session)
    return clock.local_day(arrived, how.zone) if arrived else None


def began(session: Session, how: How) -> date | None:
    """The first day of which anything of the hotline's own is known, counted or not: what lies
    before it an import brought, or nobody.
    """
    first = source.first_call(session)
    days = (
        first and clock.local_day(first, how.zone),
        first_own_day(session),
        rollups.begin(session, Part.TICKETS, how),
        rollups.begin(session, Part.PRESENCE, how),
    )
    return min((day for day in days if day), default=None)


def days_between(first: date, last: date) -> Iterator[date]:
    """Every day from `first` to `last`, both included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _one_at_a_time(session: Session) -> None:
    # Two runs that delete and insert the same day would meet in the primary key. SQLite has one
    # writer anyway.
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("LOCK TABLE call_intervals IN SHARE ROW EXCLUSIVE MODE"))


def _row(day: date, of: Cell | tuple[str, str], counters: Counters) -> dict[str, Any]:
    if isinstance(of, Cell):
        key: dict[str, Any] = asdict(of)
    else:
        key = {"queue": of[0], "language": of[1]}
    return {"day": day, **key, **counters.as_dict()}


def _note_counted(
    session: Session, day: date, *, now: datetime, revised: bool, how: How, imported: bool
) -> None:
    known = session.get(ReportDay, day)
    if known is None:
        made = ReportDay(day=day, counted_at=now, revised_at=None, rules=how.mark)
        made.imported = imported
        session.add(made)
    else:
        was_over = known.counted_at >= clock.day_bounds(day, how.zone)[1]
        # counted by other rules it was not wrong before
        if revised and was_over and known.rules == how.mark:
            known.revised_at = now
        known.counted_at, known.rules = now, how.mark
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
    table = call_days
    found = session.execute(
        sa.select(table)
        .where(table.c.day.between(first, last))
        .order_by(table.c.day, table.c.queue, table.c.language)
    )
    return [_from_row(row) for row in found.mappings()]


def month_rows(
    session: Session, first: date, last: date, *, but: Collection[date] = ()
) -> list[Row]:
    """The stored rows summed up by month (its first day, or `first`), queue and language, without
    some days.
    """
    table, found = call_days, []
    sums = [
        (sa.func.max if name.endswith("_max_ms") else sa.func.sum)(table.c[name])
        for name in COUNTER_NAMES
    ]
    keys = (table.c.queue, table.c.language)
    for month in rollups.months_of(first, last):
        after = clock.month_days(month.year, month.month)[1]
        asked = (
            sa.select(*keys, *sums)
            .where(table.c.day >= max(first, month), table.c.day < after, table.c.day <= last)
            .group_by(*keys)
            .order_by(*keys)
        )
        for row in session.execute(asked.where(table.c.day.not_in(but)) if but else asked):
            counters = Counters(*map(int, row[2:]))
            found.append(Row(max(first, month), None, row[0], row[1], counters))
    return found


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
    #: Counted by other settings than those of now: the next night counts them again.
    outdated_days: tuple[date, ...]
    #: Days that are over, before the hotline's own: of them nothing was imported either.
    unknown_days: tuple[date, ...]


def counted(
    session: Session,
    first: date,
    last: date,
    how: How,
    *,
    now: datetime,
    by_day: bool,
    by_month: bool = False,
    facts: LiveFacts | None = None,
) -> Counted:
    """Everything known about `first` to `last` (both included): stored rows, and the newest days
    from the events. `by_month`: the stored ones summed up so, which of a year are a thirtieth.
    """
    facts = facts or LiveFacts(session, how)
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
    # A hotline knows nothing of the days before its first: these are no gap.
    begin = first_day_of_calls(session, how) or clock.local_day(now, how.zone)
    own = days_between(max(first, begin), last)
    missing = sorted({*(day for day in own if day not in over), *again})
    live = tuple(missing[-how.window_days :])
    if by_month:
        found = month_rows(session, first, last, but=missing)
    else:
        stored = (day_rows if by_day else rows)(session, first, last)
        found = [row for row in stored if row.day not in missing]
    for day in live:
        found.extend(_live_rows(day, facts.cells(day), by_day=by_day))
    return Counted(
        rows=found,
        live_days=live,
        missing_days=tuple(missing[: -len(live)]) if live else (),
        counted_at=min((each.counted_at for each in known), default=None),
        revised_days=tuple(each.day for each in known if each.revised_at is not None),
        outdated_days=tuple(
            each.day for each in known if each.rules != how.mark and each.day not in missing
        ),
        unknown_days=tuple(
            day for day in days_between(first, last) if day not in over and day not in missing
        ),
    )


def _live_rows(day: date, cells: Mapping[Cell, Counters], *, by_day: bool) -> Sequence[Row]:
    if not by_day:
        return [
            Row(day, cell.interval_start, cell.queue, cell.language, cells[cell])
            for cell in sorted(cells)
        ]
    sums = summed(cells)
    return [Row(day, None, *key, sums[key]) for key in sorted(sums)]
