"""What a report page shows, worked out from rows: pure, so that every number of a page is a sum
that a test can make.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo

from hotline import clock
from reports.metrics import COUNTER_NAMES, Counters, Rates, rates, total
from reports.service import Row
from reports.untold import EVERYTHING_TOLD, Untold

Key = TypeVar("Key", bound=Hashable)
Kind = Literal["day", "month", "year"]
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Period:
    """A local day, a month, or a Thai fiscal year; `first` and `last` are both included."""

    kind: Kind
    first: date
    last: date

    @classmethod
    def day(cls, day: date) -> "Period":
        return cls("day", day, day)

    @classmethod
    def month(cls, year: int, month: int) -> "Period":
        """A month of the Gregorian `year`; raises ValueError when there is none."""
        first, after = clock.month_days(year, month)
        return cls("month", first, after - timedelta(days=1))

    @classmethod
    def year(cls, year_be: int) -> "Period":
        """Thai fiscal year `year_be` (Buddhist era); raises ValueError when there is none."""
        first, after = clock.fiscal_year_days(year_be)
        return cls("year", first, after - timedelta(days=1))

    @property
    def fiscal_year(self) -> int:
        return clock.fiscal_year_of(self.first)

    @property
    def path(self) -> str:
        """The address of its page."""
        return f"/reports/{self.kind}/{self.name}"

    @property
    def name(self) -> str:
        """How addresses and files call it: 2026-11-20, 2026-11, 2570."""
        if self.kind == "year":
            return str(self.fiscal_year)
        return f"{self.first:%Y-%m-%d}" if self.kind == "day" else f"{self.first:%Y-%m}"

    def around(self, day: date) -> "Period":
        """The period of the same kind that holds `day`."""
        if self.kind == "day":
            return Period.day(day)
        if self.kind == "month":
            return Period.month(day.year, day.month)
        return Period.year(clock.fiscal_year_of(day))

    def parts(self, zone: ZoneInfo) -> Sequence[datetime | date]:
        """What it is told by: the starts (UTC) of the hours of a day, the days of a month, the
        months (their first days) of a year.
        """
        if self.kind == "day":
            return hours_of(self.first, zone)
        number = (self.last - self.first).days + 1
        days = [self.first + timedelta(days=each) for each in range(number)]
        return days if self.kind == "month" else [day for day in days if day.day == 1]

    @property
    def before(self) -> "Period":
        return self.around(self.first - timedelta(days=1))

    @property
    def after(self) -> "Period":
        return self.around(self.last + timedelta(days=1))

    @property
    def wider(self) -> "Period | None":
        """The month of a day, the fiscal year of a month."""
        if self.kind == "day":
            return Period.month(self.first.year, self.first.month)
        return Period.year(self.fiscal_year) if self.kind == "month" else None


@dataclass(frozen=True)
class Line:
    """One line of a table: the sum of some rows, and what its calls can be found by."""

    #: An hour's start (UTC), a day, a month's first day, or (queue, language).
    key: datetime | date | tuple[str, str]
    counters: Counters
    rates: Rates
    #: The query of the list of calls behind it.
    calls: Mapping[str, str]
    #: The counters that nobody could have told of them (`untold`).
    untold: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Report:
    """A period with everything its page shows."""

    period: Period
    total: Line
    by_time: list[Line]
    by_queue: list[Line]


def report(
    period: Period,
    rows: Iterable[Row],
    *,
    zone: ZoneInfo,
    until: date,
    service_level: str,
    untold: Untold = EVERYTHING_TOLD,
) -> Report:
    """Sum `rows` up for a page. Days after `until` (today) are left out of the time table rather
    than shown as zeros.
    """
    found = list(rows)

    def line(
        key: datetime | date | tuple[str, str], some: Iterable[Row], calls: Mapping[str, str]
    ) -> Line:
        counters = total(row.counters for row in some)
        first, last = (date.fromisoformat(calls[each]) for each in ("from", "until"))
        return Line(key, counters, rates(counters, service_level), calls, untold.of(first, last))

    span = _span(period.first, period.last)
    # calls that never queued come last: they are no queue
    by_queue = sorted(
        _grouped(found, lambda row: (row.queue, row.language)).items(),
        key=lambda group: (not group[0][0], group[0]),
    )
    return Report(
        period=period,
        total=line(period.first, found, span),
        by_time=[
            line(key, some, calls) for key, some, calls in _by_time(period, found, zone, until)
        ],
        by_queue=[
            line(key, some, {**span, "queue": key[0], "language": key[1]}) for key, some in by_queue
        ],
    )


def unknown(report: Report) -> Report:
    """The same of a period of which nobody counted anything: its sums are empty, and not zero."""
    return replace(report, total=replace(report.total, untold=frozenset(COUNTER_NAMES)))


def _by_time(
    period: Period, rows: list[Row], zone: ZoneInfo, until: date
) -> list[tuple[datetime | date, list[Row], Mapping[str, str]]]:
    if period.kind == "day":
        start = clock.midnight(period.first, zone)
        by_hour = _grouped(rows, lambda row: _hour(row, start))
        return [
            (
                hour,
                by_hour.get(hour, []),
                {**_span(period.first, period.last), "hour": f"{clock.local(hour, zone):%H}"},
            )
            for hour in hours_of(period.first, zone)
        ]
    days = [
        period.first + timedelta(days=number)
        for number in range((min(period.last, until) - period.first).days + 1)
    ]
    if period.kind == "month":
        by_day = _grouped(rows, lambda row: row.day)
        return [(day, by_day.get(day, []), _span(day, day)) for day in days]
    by_month = _grouped(rows, lambda row: row.day.replace(day=1))
    months = [Period.month(day.year, day.month) for day in days if day.day == 1]
    return [
        (month.first, by_month.get(month.first, []), _span(month.first, month.last))
        for month in months
    ]


def hours_of(day: date, zone: ZoneInfo) -> list[datetime]:
    """The starts (UTC) of the hours of a local day: 24, or 23 or 25 where clocks are changed."""
    start, end = clock.day_bounds(day, zone)
    return [start + number * _HOUR for number in range((end - start) // _HOUR)]


def _hour(row: Row, day_start: datetime) -> datetime:
    # hours begin where the day does: zones half an hour off UTC have theirs at half past
    assert row.interval_start is not None
    return day_start + (row.interval_start - day_start) // _HOUR * _HOUR


def _span(first: date, last: date) -> dict[str, str]:
    return {"from": first.isoformat(), "until": last.isoformat()}


def _grouped(rows: Iterable[Row], key: Callable[[Row], Key]) -> dict[Key, list[Row]]:
    groups: dict[Key, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups
