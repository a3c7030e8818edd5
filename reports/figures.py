"""All numbers of a span of days at once, from the stored rows: what dashboards, files and the
annual report are drawn from. A year takes a quarter of a second.

Nothing is worked out here but sums: what each number means stands in `metrics`, `topics`,
`matters` and `attendance`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final, Literal, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import clock
from reports import attendance, fleet, rollups, service, source
from reports.attendance import (
    PRESENCE_COUNTER_NAMES,
    PresenceCounters,
    PresenceRates,
    presence_rates,
)
from reports.fleet import Job, JobCounters, JobRates, job_rates
from reports.matters import (
    FLOWS,
    STOCKS,
    TICKET_COUNTER_NAMES,
    Of,
    TicketCounters,
    TicketRates,
    ticket_rates,
    without_stocks,
)
from reports.metrics import COUNTER_NAMES, Counters, Rates, is_largest_of_none, rates, total
from reports.models import (
    ReportDay,
    RollupDay,
    call_days,
    call_topics,
    presence_days,
    ticket_days,
    ticket_months,
)
from reports.rollups import ONE_DAY, Part
from reports.service import How, LiveFacts
from reports.topics import RESOLVED, TALLIED, By, Key, Tally, first_call_rate

Item = TypeVar("Item")
TICKET_KEYS: Final = ("category", "division", "area")
#: So many digits of a rate are told.
DIGITS: Final = 6
Value = int | float | None


@dataclass(frozen=True)
class Span:
    """Local days, both included."""

    first: date
    last: date

    @property
    def months(self) -> list["Span"]:
        """The span month by month; the first and last may be parts."""
        found, first = [], self.first
        while first <= self.last:
            after = clock.month_days(first.year, first.month)[1]
            found.append(Span(first, min(self.last, after - ONE_DAY)))
            first = after
        return found

    @classmethod
    def of_month(cls, year: int, month: int) -> "Span":
        """A month of the Gregorian `year`; raises ValueError when there is none."""
        first, after = clock.month_days(year, month)
        return cls(first, after - ONE_DAY)

    @classmethod
    def of_fiscal_year(cls, year_be: int) -> "Span":
        """Thai fiscal year `year_be` (Buddhist era); raises ValueError when there is none."""
        first, after = clock.fiscal_year_days(year_be)
        return cls(first, after - ONE_DAY)


@dataclass(frozen=True)
class Calls:
    """Some calls: counters and rates, and the first calls where they are told of (the whole)."""

    counters: Counters
    rates: Rates
    first: tuple[int, int] | None = None

    @property
    def metrics(self) -> dict[str, Value]:
        """Every number by its identifier; the largest of none is None."""
        counted: dict[str, Value] = {**self.counters.as_dict()}
        for name in counted:
            if is_largest_of_none(self.counters, name):
                counted[name] = None
        if self.first is not None:
            resolved, repeated = self.first
            counted["first_calls"] = resolved + repeated
            counted["first_calls_resolved"] = resolved
            counted["first_call_resolution"] = first_call_rate(resolved, repeated)
        return counted | asdict(self.rates)


@dataclass(frozen=True)
class Tickets:
    """Some tickets: counters and rates. `stocks` False: of a span without any, empty ones."""

    counters: TicketCounters
    rates: TicketRates
    stocks: bool = True

    @property
    def metrics(self) -> dict[str, Value]:
        """Every number by its identifier."""
        counted: dict[str, Value] = {**self.counters.as_dict()}
        if not self.stocks:
            counted |= dict.fromkeys(STOCKS)
        return counted | asdict(self.rates)


@dataclass(frozen=True)
class Presence:
    """The time of some agents: counters and rates."""

    counters: PresenceCounters
    rates: PresenceRates

    @property
    def metrics(self) -> dict[str, Value]:
        """Every number by its identifier."""
        return {**self.counters.as_dict(), **asdict(self.rates)}


@dataclass(frozen=True)
class Jobs:
    """Some jobs of units: counters and rates."""

    counters: JobCounters
    rates: JobRates

    @property
    def metrics(self) -> dict[str, Value]:
        """Every number by its identifier."""
        return {**self.counters.as_dict(), **asdict(self.rates)}


@dataclass(frozen=True)
class Coverage:
    """How far the numbers of a part can be trusted."""

    #: How many days of the span are in the numbers.
    days: int
    #: When the oldest of the stored counts was made.
    counted_at: datetime | None
    #: Counted just now from the events; over and not counted; changed after they were over;
    #: counted by other settings than those of now, until the next night.
    live: tuple[date, ...]
    missing: tuple[date, ...]
    revised: tuple[date, ...]
    outdated: tuple[date, ...]


@dataclass(frozen=True)
class Figures:
    """All numbers of a span. Mappings are in the order of time or, of ids, by how many."""

    span: Span
    as_of: datetime
    formula: str
    threshold_seconds: float
    coverage: Mapping[Part, Coverage]
    calls: Calls
    calls_by_month: Mapping[date, Calls]
    calls_by_queue: Mapping[str, Calls]
    calls_by_language: Mapping[str, Calls]
    #: (weekday, 0 Monday; hour, local) → calls.
    hours: Mapping[tuple[int, int], Tally]
    outcomes: Mapping[str, Tally]
    categories: Mapping[str, Tally]
    areas: Mapping[str, Tally]
    tickets: Tickets
    tickets_by_month: Mapping[date, Tickets]
    tickets_by_category: Mapping[str, Tickets]
    tickets_by_division: Mapping[str, Tickets]
    tickets_by_area: Mapping[str, Tickets]
    presence: Presence
    presence_by_month: Mapping[date, Presence]
    jobs: Jobs
    jobs_by_month: Mapping[date, Jobs]
    jobs_by_unit: Mapping[str, Jobs]
    #: What each unit is called, by its code and then by language.
    unit_titles: Mapping[str, Mapping[str, str]]

    @property
    def metrics(self) -> dict[str, Value]:
        """Every number of the whole span, by the identifier of docs/metrics.md."""
        return {
            **self.calls.metrics,
            **self.tickets.metrics,
            **self.presence.metrics,
            **self.jobs.metrics,
        }

    def unit_title(self, language: str) -> Callable[[str], str]:
        """What a unit is called, of its code."""
        return lambda code: self.unit_titles.get(code, {}).get(language) or code

    def as_json(self) -> dict[str, Any]:
        """The whole, as JSON takes it: durations in milliseconds, shares from 0 to 1, None for
        what is empty.
        """
        return {
            "from": self.span.first.isoformat(),
            "until": self.span.last.isoformat(),
            "as_of": self.as_of.isoformat(timespec="seconds"),
            "service_level": {
                "formula": self.formula,
                "threshold_seconds": self.threshold_seconds,
            },
            "coverage": {part.value: _coverage(each) for part, each in self.coverage.items()},
            "metrics": _rounded(self.metrics),
            "calls": {
                "by_month": _by(self.calls_by_month, lambda day: f"{day:%Y-%m}"),
                "by_queue": _by(self.calls_by_queue, str),
                "by_language": _by(self.calls_by_language, str),
                "by_weekday_and_hour": [
                    {"weekday": weekday + 1, "hour": hour, **asdict(tally)}
                    for (weekday, hour), tally in self.hours.items()
                ],
                "by_outcome": _tallies(self.outcomes),
                "by_category": _tallies(self.categories),
                "by_area": _tallies(self.areas),
            },
            "tickets": {
                "by_month": _by(self.tickets_by_month, lambda day: f"{day:%Y-%m}"),
                "by_category": _by(self.tickets_by_category, str),
                "by_division": _by(self.tickets_by_division, str),
                "by_area": _by(self.tickets_by_area, str),
            },
            "presence": {"by_month": _by(self.presence_by_month, lambda day: f"{day:%Y-%m}")},
            "jobs": {
                "by_month": _by(self.jobs_by_month, lambda day: f"{day:%Y-%m}"),
                "by_unit": _by(self.jobs_by_unit, str),
            },
        }


def _by(found: Mapping[Item, Any], name: Callable[[Item], str]) -> list[dict[str, Any]]:
    return [{"key": name(key), "metrics": _rounded(each.metrics)} for key, each in found.items()]


def _tallies(found: Mapping[str, Tally]) -> list[dict[str, Any]]:
    return [{"key": key, "answered": tally.answered} for key, tally in found.items()]


def _rounded(metrics: Mapping[str, Value]) -> dict[str, Value]:
    return {
        name: round(value, DIGITS) if isinstance(value, float) else value
        for name, value in metrics.items()
    }


def _coverage(each: Coverage) -> dict[str, Any]:
    return {
        "days": each.days,
        "counted_at": each.counted_at.isoformat(timespec="seconds") if each.counted_at else None,
        **{
            name: [day.isoformat() for day in getattr(each, name)]
            for name in ("live", "missing", "revised", "outdated")
        },
    }


# ---------------------------------------------------------------- making them


def figures(session: Session, span: Span, how: How, *, now: datetime) -> Figures:
    """All numbers of a span as they stand: stored rows, and the newest days from the events."""
    reader = _Reader(session, span, how, now)
    calls = reader.calls()
    tickets = reader.tickets()
    merged = _merged(tickets)
    presence = reader.presence()
    jobs = reader.jobs()
    tallies = reader.tallies()
    first = tallies.get(By.FIRST, {})
    resolved = first.get(RESOLVED, Tally()).calls
    repeated = sum(tally.calls for key, tally in first.items() if key != RESOLVED)
    whole = _calls((counters for _, _, counters in _flat(calls)), how)
    return Figures(
        span=span,
        as_of=now,
        formula=how.formula,
        threshold_seconds=how.rules.threshold.total_seconds(),
        coverage=reader.coverage,
        calls=Calls(whole.counters, whole.rates, (resolved, repeated)),
        calls_by_month={month: _calls(of.values(), how) for month, of in calls.items()},
        calls_by_queue=_calls_by(calls, 0, how),
        calls_by_language=_calls_by(calls, 1, how),
        hours=reader.hours(),
        outcomes=_sorted(tallies.get(By.OUTCOME, {})),
        categories=_sorted(tallies.get(By.CATEGORY, {})),
        areas=_sorted(tallies.get(By.AREA, {})),
        tickets=_tickets([*merged.values()]),
        tickets_by_month={
            month: _tickets([each for _, each in of]) for month, of in tickets.items()
        },
        tickets_by_category=_tickets_by(merged, 0),
        tickets_by_division=_tickets_by(merged, 1),
        tickets_by_area=_tickets_by(merged, 2),
        presence=_presence(presence.values()),
        presence_by_month={month: _presence([each]) for month, each in presence.items()},
        jobs=_jobs(jobs),
        jobs_by_month=reader.by_month(jobs) if jobs else {},
        jobs_by_unit=_jobs_by_unit(jobs),
        unit_titles=source.unit_titles(session) if jobs else {},
    )


@dataclass(frozen=True)
class Patterns:
    """When in the week people call, and where complaints come from: of `Figures` what a page draws
    beside its own lines.
    """

    hours: Mapping[tuple[int, int], Tally]
    areas: Mapping[str, Tickets]


def coverage(session: Session, span: Span, how: How, *, now: datetime) -> dict[Part, Coverage]:
    """How far the numbers of a span can be trusted, without them."""
    return _Reader(session, span, how, now).coverage


def patterns(
    session: Session, span: Span, how: How, *, now: datetime, facts: LiveFacts | None = None
) -> Patterns:
    """The same numbers as `figures` has them, without the rest."""
    reader = _Reader(session, span, how, now, (Part.CALLS, Part.TICKETS), facts)
    return Patterns(reader.hours(), reader.areas())


def of_calls(
    session: Session, span: Span, how: How, name: str, by: Mapping[str, str], *, now: datetime
) -> int:
    """One counter of calls of a span, of all of them or of one queue or language."""
    return _Reader(session, span, how, now, (Part.CALLS,)).of_calls(name, by)


def along(
    session: Session, span: Span, how: How, by: By, *, now: datetime, weekday: int | None = None
) -> Mapping[str, Tally]:
    """The calls of a span spread along one thing, by its key; hours also of one day of the week."""
    reader = _Reader(session, span, how, now, (Part.CALLS,))
    if by is not By.HOUR:
        return reader.tallies(by).get(by, {})
    found: dict[str, Tally] = {}
    for (day, hour), tally in reader.hours().items():
        if weekday in (None, day):
            found.setdefault(f"{hour:02}", Tally()).add(tally)
    return found


def of_tickets(
    session: Session, span: Span, how: How, name: str, of: Mapping[str, str], *, now: datetime
) -> int | None:
    """One counter of the tickets of a span that are of a category, a division, an area; None where
    there was none of these.
    """
    return _Reader(session, span, how, now, (Part.TICKETS,)).of_tickets(name, of)


def of_presence(session: Session, span: Span, how: How, name: str, *, now: datetime) -> int:
    """One counter of the agents' time of a span."""
    return _Reader(session, span, how, now, (Part.PRESENCE,)).of_presence(name)


def of_jobs(
    session: Session, span: Span, how: How, of: Mapping[str, str], *, now: datetime
) -> Jobs:
    """The units' jobs of a span, of all of them or of one unit."""
    jobs = _Reader(session, span, how, now, ()).jobs()
    return _jobs([each for each in jobs if of.get("unit", each.unit) == each.unit])


def _calls(cells: Iterable[Counters], how: How) -> Calls:
    counters = total(cells)
    return Calls(counters, rates(counters, how.formula))


ByMonth = Mapping[date, Mapping[tuple[str, str], Counters]]


def _flat(calls: ByMonth) -> Iterator[tuple[date, tuple[str, str], Counters]]:
    for month, of in calls.items():
        for key, counters in of.items():
            yield month, key, counters


def _calls_by(calls: ByMonth, place: Literal[0, 1], how: How) -> dict[str, Calls]:
    groups: dict[str, list[Counters]] = {}
    for _, key, counters in _flat(calls):
        groups.setdefault(key[place], []).append(counters)
    found = {key: _calls(cells, how) for key, cells in groups.items()}
    by_most = sorted(found, key=lambda key: (-_many(found[key].counters), key))
    return {key: found[key] for key in by_most}


def _many(counters: Counters) -> int:
    return counters.offered + counters.not_queued


def _sorted(tallies: Mapping[str, Tally]) -> dict[str, Tally]:
    return dict(sorted(tallies.items(), key=lambda each: (-each[1].answered, each[0])))


#: Category, division, area; what is counted.
TicketCell = tuple[tuple[str, str, str], TicketCounters]
TicketMonths = Mapping[date, Sequence[TicketCell]]


def _merged(tickets: TicketMonths) -> dict[tuple[str, str, str], TicketCounters]:
    """The cells of all months: their flows, and the stocks of the newest month."""
    newest = max(tickets, default=None)
    merged: dict[tuple[str, str, str], TicketCounters] = {}
    for month, of in tickets.items():
        for key, counters in of:
            merged.setdefault(key, TicketCounters()).add(counters, stocks=month == newest)
    return merged


def _tickets(cells: Sequence[TicketCounters]) -> Tickets:
    counters = TicketCounters()
    for each in cells:
        counters.add(each)
    return Tickets(counters, ticket_rates(counters), stocks=bool(cells))


def _tickets_by(
    merged: Mapping[tuple[str, str, str], TicketCounters], place: Literal[0, 1, 2]
) -> dict[str, Tickets]:
    groups: dict[str, list[TicketCounters]] = {}
    for key, counters in merged.items():
        groups.setdefault(key[place], []).append(counters)
    return _tickets_by_key(groups)


def _tickets_by_key(groups: Mapping[str, Sequence[TicketCounters]]) -> dict[str, Tickets]:
    found = {key: _tickets(cells) for key, cells in groups.items()}
    by_most = sorted(found, key=lambda key: (-found[key].counters.tickets_received, key))
    return {key: found[key] for key in by_most}


def _presence(cells: Iterable[PresenceCounters]) -> Presence:
    counters = attendance.total(cells)
    return Presence(counters, presence_rates(counters))


def _jobs(jobs: Sequence[Job]) -> Jobs:
    counters = fleet.count(jobs)
    return Jobs(counters, job_rates(jobs, counters))


def _jobs_by_unit(jobs: Sequence[Job]) -> dict[str, Jobs]:
    groups: dict[str, list[Job]] = {}
    for job in jobs:
        groups.setdefault(job.unit, []).append(job)
    by_most = sorted(groups, key=lambda unit: (-len(groups[unit]), unit))
    return {unit: _jobs(groups[unit]) for unit in by_most}


class _Reader:
    """Reads the stored sums month by month, and counts what the night has not reached."""

    def __init__(
        self,
        session: Session,
        span: Span,
        how: How,
        now: datetime,
        parts: Iterable[Part] = tuple(Part),
        facts: LiveFacts | None = None,
    ) -> None:
        self._session, self._how, self._now = session, how, now
        self._facts = facts or LiveFacts(session, how)
        last = min(span.last, clock.local_day(now, how.zone))
        self._span = Span(span.first, last)
        #: The days whose stored rows an import has made old.
        self._old = source.days_to_count(session, self._span.first, self._span.last)
        self._counted: dict[Part, tuple[Sequence[Any], date | None]] = {}
        self.coverage = {part: self._covered(part) for part in parts}

    def _covered(self, part: Part) -> Coverage:
        known, begin = self._known(part)
        over = {
            each.day
            for each in known
            if clock.local_day(each.counted_at, self._how.zone) > each.day
        }
        old = self._old if part is Part.CALLS else set()
        over -= old
        first = max(self._span.first, begin) if begin else self._span.last
        number = (self._span.last - first).days + 1
        own = {day for n in range(number) if (day := first + n * ONE_DAY) not in over}
        open_ = sorted(own | old)
        live = tuple(open_[-self._how.window_days :])
        return Coverage(
            len(over) + len(live),
            min((each.counted_at for each in known), default=None),
            live,
            tuple(open_[: -len(live)]) if live else (),
            tuple(each.day for each in known if each.revised_at is not None),
            tuple(
                each.day for each in known if each.rules != self._how.mark and each.day not in open_
            ),
        )

    def _known(self, part: Part) -> tuple[Sequence[Any], date | None]:
        """The days that were counted (day, counted_at, revised_at, rules), and the first of all."""
        if part not in self._counted:
            self._counted[part] = self._read_known(part)
        return self._counted[part]

    def _read_known(self, part: Part) -> tuple[Sequence[Any], date | None]:
        table: Any = ReportDay if part is Part.CALLS else RollupDay
        found = sa.select(table.day, table.counted_at, table.revised_at, table.rules)
        inside = found.where(table.day.between(self._span.first, self._span.last))
        if part is Part.CALLS:
            return self._session.execute(inside).all(), service.first_own_day(self._session)
        of_part = table.part == part.value
        first = sa.select(sa.func.min(table.day)).where(of_part)
        return self._session.execute(inside.where(of_part)).all(), self._session.scalar(first)

    def _not_read(self, part: Part) -> set[date]:
        """The days whose stored rows are not read."""
        old = self._old if part is Part.CALLS else set()
        return {*self.coverage[part].live, *old}

    def _sums_of(
        self,
        part: Part,
        table: sa.Table,
        keys: Sequence[str],
        sums: Mapping[str, Any],
        months: Sequence[Span] | None = None,
    ) -> Iterator[tuple[date, Sequence[Any]]]:
        """The stored sums by month (of the span) and key; the days that are counted live are left
        out.
        """
        columns = [table.c[key] for key in keys]
        left_out = self._not_read(part)
        for month in self._span.months if months is None else months:
            asked = sa.select(*columns, *sums.values()).where(
                table.c.day.between(month.first, month.last)
            )
            if left_out:
                asked = asked.where(table.c.day.not_in(left_out))
            if columns:
                asked = asked.group_by(*columns)
            yield month.first, self._session.execute(asked).all()

    # ------------------------------------------------------------ calls

    def calls(
        self, names: Sequence[str] = COUNTER_NAMES
    ) -> dict[date, dict[tuple[str, str], Counters]]:
        """By month, queue and language; of the days that are counted live all counters, of the
        others these.
        """
        sums = {
            name: (sa.func.max if name.endswith("_max_ms") else sa.func.sum)(call_days.c[name])
            for name in names
        }
        found: dict[date, dict[tuple[str, str], Counters]] = {}
        for month, rows in self._sums_of(Part.CALLS, call_days, ("queue", "language"), sums):
            found[month] = {
                (row[0], row[1]): Counters(**dict(zip(names, map(int, row[2:]), strict=True)))
                for row in rows
            }
        for day in self.coverage[Part.CALLS].live:
            of_month = found.setdefault(self._month_of(day), {})
            for key, counters in service.summed(self._facts.cells(day)).items():
                of_month.setdefault(key, Counters()).add(counters)
        return found

    def of_calls(self, name: str, of: Mapping[str, str]) -> int:
        """One counter of the whole span, of all calls or of a queue or language."""
        table, left_out = call_days.c, self._not_read(Part.CALLS)
        summed = sa.func.max if name.endswith("_max_ms") else sa.func.sum
        narrowed = (table[column] == key for column, key in of.items())
        inside = table.day.between(self._span.first, self._span.last)
        asked = sa.select(summed(table[name])).where(inside, *narrowed)
        if left_out:
            asked = asked.where(table.day.not_in(left_out))
        found = [Counters(**{name: int(self._session.scalar(asked) or 0)})]
        for day in self.coverage[Part.CALLS].live:
            found += (
                counters
                for cell, counters in self._facts.cells(day).items()
                if all(getattr(cell, column) == key for column, key in of.items())
            )
        counted: int = getattr(total(found), name)
        return counted

    def _month_of(self, day: date) -> date:
        return max(self._span.first, day.replace(day=1))

    def hours(self) -> dict[tuple[int, int], Tally]:
        """By weekday (0 Monday) and hour."""
        weekday = sa.extract("dow", call_topics.c.day)
        rows = self._session.execute(
            self._of_topics(weekday, call_topics.c.key, *self._sums())
            .where(call_topics.c.by == By.HOUR.value)
            .group_by(weekday, call_topics.c.key)
        )
        found = {((int(row[0]) - 1) % 7, int(row[1])): Tally(*map(int, row[2:])) for row in rows}
        for day in self.coverage[Part.CALLS].live:
            for cell, counters in self._facts.cells(day).items():
                tally = Tally(*(getattr(counters, name) for name in TALLIED))
                hour = clock.local(cell.interval_start, self._how.zone).hour
                if tally != Tally():
                    found.setdefault((day.weekday(), hour), Tally()).add(tally)
        return dict(sorted(found.items()))

    def tallies(self, alone: By | None = None) -> dict[By, dict[str, Tally]]:
        """By what calls were about, but for the hours; or by one thing alone."""
        some = call_topics.c.by != By.HOUR.value if alone is None else call_topics.c.by == alone
        rows = self._session.execute(
            self._of_topics(call_topics.c.by, call_topics.c.key, *self._sums())
            .where(some)
            .group_by(call_topics.c.by, call_topics.c.key)
        )
        found: dict[By, dict[str, Tally]] = {}
        for row in rows:
            found.setdefault(By(row[0]), {})[row[1]] = Tally(*map(int, row[2:]))
        for _, tallies in self._live_tallies():
            for key, tally in tallies.items():
                if key.by is not By.HOUR:
                    found.setdefault(key.by, {}).setdefault(key.key, Tally()).add(tally)
        return found

    @staticmethod
    def _sums() -> list[sa.Function[Any]]:
        return [sa.func.sum(call_topics.c[name]) for name in TALLIED]

    def _of_topics(self, *columns: Any) -> sa.Select[Any]:
        asked = sa.select(*columns).where(
            call_topics.c.day.between(self._span.first, self._span.last)
        )
        left_out = self._not_read(Part.CALLS)
        return asked.where(call_topics.c.day.not_in(left_out)) if left_out else asked

    def _live_tallies(self) -> Iterator[tuple[date, Mapping[Key, Tally]]]:
        for day in self.coverage[Part.CALLS].live:
            yield day, rollups.topics_of(self._session, self._facts.of(day), self._how)

    # ------------------------------------------------------------ tickets

    def tickets(self) -> dict[date, list[TicketCell]]:
        """By month the cells of category, division and area; stocks are of the month's last day
        that is known.
        """
        live = self.coverage[Part.TICKETS].live
        found: dict[date, list[TicketCell]] = {}
        for month, rows in self._flows():
            if rows:
                found[month] = [
                    ((row[0], row[1], row[2]), TicketCounters(*map(int, row[3:]))) for row in rows
                ]
        newest = self._newest_days()
        for month, day in newest.items():
            if day not in live:
                found.setdefault(month, []).extend(self._stocks(day))
        for of, counters in self._live_tickets().items():
            month = self._month_of(of.day)
            is_newest = of.day == newest.get(month)
            cell = counters if is_newest else without_stocks(counters)
            found.setdefault(month, []).append((of[1:], cell))
        return dict(sorted(found.items()))

    def areas(self) -> dict[str, Tickets]:
        """By area."""
        along = self._along(("area",), TICKET_COUNTER_NAMES, {})
        return _tickets_by_key({key: [counters] for (key,), counters in along.items()})

    def of_tickets(self, name: str, of: Mapping[str, str]) -> int | None:
        """One counter of those of a category, a division, an area; None where there are none."""
        found = self._along((), (name,), of).get(())
        if found is None:
            return None if of or name in STOCKS else 0
        counted: int = getattr(found, name)
        return counted

    def _along(
        self, keys: Sequence[str], names: Sequence[str], of: Mapping[str, str]
    ) -> dict[tuple[str, ...], TicketCounters]:
        """Some counters of the whole span along some of `TICKET_KEYS`, summed up by the database;
        the same as of all cells of `tickets` in one.
        """
        found: dict[tuple[str, ...], TicketCounters] = {}
        flows = [name for name in names if name in FLOWS]
        whole = [month.first for month in self._span.months if self._stands_summed_up(month)]
        parts = [month for month in self._span.months if month.first not in whole]
        days = ticket_days.c.day
        left_out = days.not_in(self.coverage[Part.TICKETS].live)
        for table, condition in (
            *([(ticket_months, ticket_months.c.month.in_(whole))] if whole else []),
            *((ticket_days, days.between(each.first, each.last) & left_out) for each in parts),
        ):
            for key, counters in self._summed(table, condition, keys, flows, of):
                found.setdefault(key, TicketCounters()).add(counters)
        newest = self._newest_days()
        last = max(newest.values(), default=None)
        ends = set(newest.values()) - set(self.coverage[Part.TICKETS].live)
        # who had something open at the end of any month is there, if with nothing
        for some, at in (
            ([name for name in names if name in STOCKS], ends & {last}),
            ([], ends - {last}),
        ):
            stood = days.in_(at) & (ticket_days.c.tickets_open > 0)
            for key, counters in self._summed(ticket_days, stood, keys, some, of) if at else ():
                found.setdefault(key, TicketCounters()).add(counters)
        for cell, counters in self._live_tickets().items():
            if all(getattr(cell, name) == key for name, key in of.items()):
                mine = found.setdefault(
                    tuple(getattr(cell, name) for name in keys), TicketCounters()
                )
                mine.add(counters, stocks=cell.day == last)
        return found

    def _summed(
        self,
        table: sa.Table,
        condition: sa.ColumnElement[bool],
        keys: Sequence[str],
        names: Sequence[str],
        of: Mapping[str, str],
    ) -> Iterator[tuple[tuple[str, ...], TicketCounters]]:
        columns = [table.c[key] for key in keys]
        sums = (sa.func.sum(table.c[name]) for name in names)
        narrowed = (table.c[name] == key for name, key in of.items())
        asked = sa.select(sa.func.count(), *columns, *sums).where(condition, *narrowed)
        for many, *row in self._session.execute(asked.group_by(*columns) if columns else asked):
            if many:
                counted = dict(zip(names, map(int, row[len(keys) :]), strict=True))
                yield tuple(row[: len(keys)]), TicketCounters(**counted)

    def _stands_summed_up(self, month: Span) -> bool:
        live = self.coverage[Part.TICKETS].live
        whole = month == Span.of_month(month.first.year, month.first.month)
        return whole and not any(month.first <= day <= month.last for day in live)

    def _flows(self) -> Iterator[tuple[date, Sequence[Any]]]:
        """The flows by month: of a whole one that is over as it stands summed up."""
        keys = TICKET_KEYS
        columns = [ticket_months.c[name] for name in (*keys, *FLOWS)]
        sums = {name: sa.func.sum(ticket_days.c[name]) for name in FLOWS}
        for month in self._span.months:
            if self._stands_summed_up(month):
                asked = sa.select(*columns).where(ticket_months.c.month == month.first)
                yield month.first, self._session.execute(asked).all()
            else:
                yield from self._sums_of(Part.TICKETS, ticket_days, keys, sums, [month])

    def _newest_days(self) -> dict[date, date]:
        """The last day of each month that has numbers; one without a row may have had no ticket."""
        known, _ = self._known(Part.TICKETS)
        days = {*(each.day for each in known), *self.coverage[Part.TICKETS].live}
        return {self._month_of(day): day for day in sorted(days)}

    def _live_tickets(self) -> dict[Of, TicketCounters]:
        live = self.coverage[Part.TICKETS].live
        if not live:
            return {}
        cells, _ = rollups.count_tickets(self._session, live[0], live[-1], self._how, now=self._now)
        return {of: counters for of, counters in cells.items() if of.day in live}

    def _stocks(self, day: date) -> Iterator[TicketCell]:
        columns = (ticket_days.c[name] for name in ("category", "division", "area", *STOCKS))
        rows = self._session.execute(
            sa.select(*columns).where(ticket_days.c.day == day, ticket_days.c.tickets_open > 0)
        )
        for row in rows:
            counters = TicketCounters(**dict(zip(STOCKS, map(int, row[3:]), strict=True)))
            yield (row[0], row[1], row[2]), counters

    # ------------------------------------------------------------ the agents' time

    def presence(self) -> dict[date, PresenceCounters]:
        """By month."""
        sums = {
            name: sa.func.coalesce(sa.func.sum(presence_days.c[name]), 0)
            for name in PRESENCE_COUNTER_NAMES
        }
        found = {
            month: PresenceCounters(*map(int, rows[0]))
            for month, rows in self._sums_of(Part.PRESENCE, presence_days, (), sums)
        }
        for day in self.coverage[Part.PRESENCE].live:
            counted = rollups.count_presence_of(self._session, day, self._how, now=self._now)
            for counters in counted.values():
                found.setdefault(self._month_of(day), PresenceCounters()).add(counters)
        return found

    def of_presence(self, name: str) -> int:
        """One counter of the whole span."""
        table, live = presence_days.c, self.coverage[Part.PRESENCE].live
        inside = table.day.between(self._span.first, self._span.last)
        asked = sa.select(sa.func.sum(table[name])).where(inside)
        if live:
            asked = asked.where(table.day.not_in(live))
        found = int(self._session.scalar(asked) or 0)
        for day in live:
            shifts = name in attendance.OF_SHIFTS
            counted = rollups.count_presence_of(
                self._session, day, self._how, now=self._now, shifts=shifts
            )
            found += sum(getattr(counters, name) for counters in counted.values())
        return found

    # ------------------------------------------------------------ the units' jobs

    def jobs(self) -> list[Job]:
        """In the order in which they were sent."""
        zone = self._how.zone
        start = clock.midnight(self._span.first, zone)
        end = clock.midnight(self._span.last + ONE_DAY, zone)
        return list(source.jobs(self._session, start, end))

    def by_month(self, jobs: Iterable[Job]) -> dict[date, Jobs]:
        """Every month that has begun: one in which nobody was sent has none, which is a number."""
        groups: dict[date, list[Job]] = {month.first: [] for month in self._span.months}
        for job in jobs:
            groups[self._month_of(clock.local_day(job.sent_at, self._how.zone))].append(job)
        return {month: _jobs(of) for month, of in groups.items()}
