"""What the page of a link shows: the report's figures, charts and tables, and nothing that needs an
account. Sums alone: no person, no list, and no day that is not the report's.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from hotline import i18n
from reports.catalogue import CATALOGUE
from reports.figures import Calls, Figures, Value
from reports.mailing.letters import shown
from reports.mailing.rules import Edition, Kind
from reports.metrics import Counters, Metric, rates, total
from reports.periods import Alone
from reports.pictures import Picture
from reports.rollups import Part
from reports.service import Row as Counted
from reports.topics import Tally
from reports.wording import Wording

CALLS: Final = ("calls", "offered", "answered", "abandoned", "service_level", "average_wait")
TICKETS: Final = (
    "tickets_received",
    "tickets_resolved",
    "on_time",
    "tickets_reopened",
    "tickets_open",
    "tickets_open_overdue",
)


@dataclass(frozen=True)
class Row:
    """One line of a table: what it is of, and its numbers in words."""

    name: str
    cells: Sequence[str]


@dataclass(frozen=True)
class Table:
    """A table: the keys of its title and of its first head, the other columns, the rows, and the
    whole in the same columns; `pictures` draw what it says.
    """

    title: str
    head: str
    columns: Sequence[Metric]
    rows: Sequence[Row]
    total: Sequence[str]
    pictures: Sequence[Picture] = ()


@dataclass(frozen=True)
class Page:
    """Everything that is shown of a report."""

    headlines: Sequence[tuple[Metric, str]]
    tables: Sequence[Table]
    #: The hours of the week, which has a table of its own.
    week: Picture | None
    definitions: Sequence[Metric]
    #: Days of the calls that are in no number, and that were counted while it was asked for.
    missing: Sequence[date]
    live: Sequence[date]

    @property
    def is_drawn(self) -> bool:
        """Whether there is a chart on it."""
        return self.week is not None or any(table.pictures for table in self.tables)


def page(
    edition: Edition, found: Figures, days: Iterable[Counted], drawn: Alone, words: Wording
) -> Page:
    """The page of a report of which `found` has all numbers; `days`: of a month the counted rows,
    each of a day.
    """
    coverage = found.coverage[Part.CALLS]
    metrics: Mapping[str, Value] = found.metrics
    writer = _Writer(words.language, metrics)
    if edition.kind is Kind.DAY:
        by_time = writer.by_hour(found)
    elif edition.kind is Kind.MONTH:
        by_time = writer.by_day(found, days)
    else:
        months = [(words.month(month), each) for month, each in found.calls_by_month.items()]
        by_time = writer.table("reports.by_year", "reports.month", CALLS, months)
    tables = [
        replace(by_time, pictures=drawn.by_time),
        writer.grouped("queue", CALLS, found.calls_by_queue, words.queue),
        writer.grouped("language", CALLS, found.calls_by_language, words.spoken),
        writer.grouped("category", TICKETS, found.tickets_by_category, words.category),
        writer.grouped("division", TICKETS, found.tickets_by_division, words.division),
        replace(
            writer.grouped("area", TICKETS, found.tickets_by_area, words.area),
            pictures=[drawn.areas] if drawn.areas else (),
        ),
    ]
    told = (*CALLS, *TICKETS)
    return Page(
        [(CATALOGUE[each], writer.shown(each, metrics)) for each in told],
        [table for table in tables if table.rows],
        drawn.week,
        [CATALOGUE[each] for each in told],
        coverage.missing,
        coverage.live,
    )


#: The keys of a table's title and first head.
_GROUPS: Final = {
    "queue": ("reports.print.by_queue", "reports.queue"),
    "language": ("reports.print.by_language", "reports.language"),
    "category": ("reports.print.tickets_by_category", "reports.print.category"),
    "division": ("reports.print.tickets_by_division", "reports.print.division"),
    "area": ("reports.print.tickets_by_area", "reports.print.area"),
}


class _Writer:
    """Writes numbers in a language; `whole`: those of the whole report."""

    def __init__(self, language: str, whole: Mapping[str, Value]) -> None:
        self._language, self._whole = language, whole

    def shown(self, metric: str, metrics: Mapping[str, Value]) -> str:
        return shown(metric, metrics.get(metric), self._language)

    def grouped(
        self,
        name: str,
        columns: Sequence[str],
        groups: Mapping[str, Any],
        called: Callable[[str], str],
    ) -> Table:
        title, head = _GROUPS[name]
        # two that are called the same are two rows
        return self.table(title, head, columns, [(called(key), of) for key, of in groups.items()])

    def table(
        self, title: str, head: str, columns: Sequence[str], groups: Iterable[tuple[str, Any]]
    ) -> Table:
        rows = [Row(name, self._cells(columns, of.metrics)) for name, of in groups]
        return self._table(title, head, columns, rows)

    def by_hour(self, found: Figures) -> Table:
        """The calls of each hour of a day in which there was one."""
        rows = [
            Row(f"{hour:02}:00", [self.shown(each, _numbers_of(tally)) for each in _OF_HOURS])
            for (_, hour), tally in found.hours.items()
        ]
        return self._table("reports.by_day", "reports.hour", _OF_HOURS, rows)

    def by_day(self, found: Figures, counted: Iterable[Counted]) -> Table:
        days: dict[date, list[Counters]] = {}
        for row in counted:
            days.setdefault(row.day, []).append(row.counters)
        calls: list[tuple[str, Calls]] = []
        for day in sorted(days):
            whole = total(days[day])
            name = i18n.short_day(day, self._language)
            of_day = Calls(whole, rates(whole, found.formula), untold=found.untold.of(day, day))
            calls.append((name, of_day))
        return self.table("reports.by_month", "reports.day", CALLS, calls)

    def _table(self, title: str, head: str, columns: Sequence[str], rows: Sequence[Row]) -> Table:
        metrics = [CATALOGUE[each] for each in columns]
        return Table(title, head, metrics, rows, self._cells(columns, self._whole))

    def _cells(self, columns: Sequence[str], metrics: Mapping[str, Value]) -> list[str]:
        return [self.shown(each, metrics) for each in columns]


#: What is kept of an hour.
_OF_HOURS: Final = ("calls", "offered", "answered", "abandoned")


def _numbers_of(tally: Tally) -> Mapping[str, Value]:
    """The numbers of a tally by their identifiers."""
    return {name: getattr(tally, name) for name in _OF_HOURS}
