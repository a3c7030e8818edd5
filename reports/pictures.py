"""The charts of the pages: each with a title that says the finding, a specification of
`reports.charts`, and a table that says the same.

Pure: lines and figures in, pictures out. What has a single point has no chart, and is None here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final, Literal
from urllib.parse import urlencode

from hotline import i18n
from reports import charts, shown
from reports.catalogue import CATALOGUE
from reports.charts import Spec
from reports.figures import Patterns
from reports.metrics import Counters, Rates, rates
from reports.span import Span
from reports.topics import Tally
from reports.view import Kind, Line
from reports.wording import Wording

#: A Monday, for the names of weekdays.
_MONDAY: Final = date(2024, 1, 1)
_HOURS: Final = [f"{hour:02}" for hour in range(24)]
_OF_AREA: Final = ("tickets_received", "tickets_resolved", "on_time", "median_resolve")
_OF_TREND: Final = ("calls", "answered", "abandoned", "service_level", "average_wait")


@dataclass(frozen=True)
class Cell:
    """A number of a table, and the list behind it."""

    text: str
    href: str | None = None


@dataclass(frozen=True)
class Table:
    """Words in the first column, numbers in the others."""

    head: Sequence[str]
    rows: Sequence[tuple[Cell, Sequence[Cell]]]


@dataclass(frozen=True)
class Picture:
    """A chart. `table` None: the table that stands below it on the page says the same."""

    id: str
    title: str
    spec: Spec
    table: Table | None = None


def without_lists(picture: Picture) -> Picture:
    """The same for who may not open what is behind its numbers."""
    if picture.table is None:
        return picture

    def plain(cell: Cell) -> Cell:
        return Cell(cell.text)

    rows = [(plain(head), [*map(plain, cells)]) for head, cells in picture.table.rows]
    return replace(picture, table=Table(picture.table.head, rows))


@dataclass(frozen=True)
class Point:
    """One place on the axis of time: its label, the line of its calls (None: not known), and where
    it leads.
    """

    label: str
    name: str
    line: Line | None
    href: str | None = None


class Painter:
    """Draws for one reader. `limits` are those of `shown.calls_behind`, in seconds; `target` is the
    share of the service level that the city wants.
    """

    def __init__(self, words: Wording, *, threshold: float, short: float, target: float) -> None:
        self._words, self._language = words, words.language
        self._threshold, self._short, self._target = threshold, short, target

    def _t(self, key: str, **values: Any) -> str:
        return self._words.text(f"reports.picture.{key}", **values)

    def _name(self, id_: str) -> str:
        return CATALOGUE[id_].name[self._language]

    def _number(self, value: float | None) -> str:
        return i18n.number(value, self._language)

    # ------------------------------------------------------------ in the course of time

    def calls(self, points: Sequence[Point]) -> Picture | None:
        """Columns of the calls: answered, lost, never queued."""
        if len(points) < 2:
            return None
        names = (self._name("answered"), self._t("lost"), self._words.queue(""))
        values = [
            (point.label, dict(zip(names, _parts(point.line), strict=True))) for point in points
        ]
        spec = charts.stacked(values, title=self._t("unit_calls"))
        return Picture("calls", self._most(points), spec)

    def _most(self, points: Sequence[Point]) -> str:
        most = max(points, key=lambda point: _calls(point.line) or 0)
        if number := _calls(most.line):
            return self._t("most_calls", when=most.name, calls=self._number(number))
        return self._t("no_calls")

    def level(self, points: Sequence[Point], *, unit: Kind | Literal["week"]) -> Picture | None:
        """The service level, and what was promised; `unit` says what a point is."""
        values = [
            (each.label, each.line.rates.service_level if each.line else None) for each in points
        ]
        told = [value for _, value in values if value is not None]
        if len(told) < 2:
            return None
        kept = sum(value >= self._target for value in told)
        title = self._t(
            "level_kept",
            kept=self._number(kept),
            of=self._number(len(told)),
            unit=self._t(f"of_{unit}"),
            target=i18n.percent(self._target, self._language, 0),
            threshold=f"{self._threshold:g}",
        )
        spec = charts.share_line(values, title=self._name("service_level"), target=self._target)
        return Picture("level", title, spec)

    def speed(self, points: Sequence[Point]) -> Picture | None:
        """How long who was answered had waited, in seconds."""
        values = [(each, each.line.rates.average_wait if each.line else None) for each in points]
        told = [(wait, point) for point, wait in values if wait is not None]
        if len(told) < 2:
            return None
        slowest, when = max(told, key=lambda each: each[0])
        title = self._t("slowest", wait=i18n.duration(slowest / 1000), when=when.name)
        spec = charts.line(
            [(point.label, None if wait is None else wait / 1000) for point, wait in values],
            title=self._t("unit_seconds"),
        )
        return Picture("speed", title, spec)

    def trend(self, points: Sequence[Point], *, unit: Kind | Literal["week"]) -> Picture | None:
        """Calls of many days, weeks or months (`unit`), the newest last."""
        known = [number for point in points[:-1] if (number := _calls(point.line)) is not None]
        if not known:
            return None
        title = self._t(
            "trend",
            last=points[-1].name,
            unit=self._t(f"of_{unit}"),
            calls=self._number(_calls(points[-1].line)),
            average=self._number(sum(known) / len(known)),
            number=self._number(len(known)),
        )
        spec = charts.columns(
            [(point.label, _calls(point.line)) for point in points], title=self._t("unit_calls")
        )
        metrics = [CATALOGUE[id_] for id_ in _OF_TREND]
        rows = [(Cell(point.name, point.href), self.cells(point.line)) for point in points]
        heads = [self._t(unit), *(metric.name[self._language] for metric in metrics)]
        return Picture("trend", title, spec, Table(heads, rows))

    def cells(self, line: Line | None) -> list[Cell]:
        """The numbers of a trend's row; dashes where nothing is known."""
        if line is None:
            return [Cell(i18n.EMPTY) for _ in _OF_TREND]
        found = []
        for id_ in _OF_TREND:
            metric = CATALOGUE[id_]
            text = shown.written(metric, shown.value(line, metric), self._language)
            found.append(Cell(text, self._behind(line, id_)))
        return found

    def _behind(self, line: Line, id_: str) -> str | None:
        return shown.calls_behind(
            line, CATALOGUE[id_], threshold=self._threshold, short=self._short
        )

    def versus(
        self,
        points: Sequence[tuple[Point, Line | None]],
        *,
        names: tuple[str, str],
    ) -> Picture | None:
        """Calls of each hour, and what they were then."""
        values = [(point.label, _calls(point.line), _calls(then)) for point, then in points]
        if not any(number for _, *both in values for number in both):
            return None
        rows = [
            (Cell(point.name), [self._calls_cell(point.line), self._calls_cell(then)])
            for point, then in points
        ]
        spec = charts.versus(values, names=names, title=self._t("unit_calls"))
        table = Table([self._words.text("reports.hour"), *names], rows)
        return Picture("hours", self._most([point for point, _ in points]), spec, table)

    def _calls_cell(self, line: Line | None) -> Cell:
        if line is None:
            return Cell(i18n.EMPTY)
        return Cell(self._number(line.counters.calls), self._behind(line, "calls"))

    # ------------------------------------------------------------ when in the week, and where

    def week(self, hours: Mapping[tuple[int, int], Tally], span: Span) -> Picture | None:
        """The hours of the week, the darker, the more."""
        days = [i18n.weekday(_MONDAY + timedelta(days=n), self._language) for n in range(7)]
        calls = {key: float(tally.calls) for key, tally in hours.items()}
        if len(calls) < 2:
            return None
        busiest = max(calls, key=lambda key: calls[key])
        title = self._t(
            "busiest",
            day=days[busiest[0]],
            first=_HOURS[busiest[1]],
            last=f"{busiest[1] + 1:02}",
            calls=self._number(calls[busiest]),
        )
        spec = charts.heat(
            {(days[day], _HOURS[hour]): number for (day, hour), number in calls.items()},
            days=days,
            hours=_HOURS,
            title=self._t("unit_calls"),
        )
        rows = [
            (
                Cell(name),
                [self._hour(calls.get((day, hour)), day, hour, span) for hour in range(24)],
            )
            for day, name in enumerate(days)
        ]
        return Picture("week", title, spec, Table([self._t("weekday"), *_HOURS], rows))

    def _hour(self, calls: float | None, day: int, hour: int, span: Span) -> Cell:
        if not calls:
            return Cell(self._number(0))
        by = {"hour": _HOURS[hour], "weekday": str(day + 1)}
        return Cell(self._number(calls), behind("calls", span, by))

    def areas(
        self, patterns: Patterns, shapes: Mapping[str, Mapping[str, Any]], span: Span
    ) -> Picture | None:
        """The complaints of each sub-district, on the city's map."""
        found = {
            area: each for area, each in patterns.areas.items() if each.counters.tickets_received
        }
        if not found or not shapes:
            return None
        received = {area: each.counters.tickets_received for area, each in found.items()}
        named = {area: number for area, number in received.items() if area in shapes}
        first = max(named or received, key=lambda area: received[area])
        title = self._t(
            "most_from",
            area=self._words.area(first),
            number=self._number(received[first]),
            of=self._number(sum(received.values())),
        )
        spec = charts.areas(
            shapes,
            {area: received.get(area, 0) for area in shapes},
            {area: self._words.area(area) for area in shapes},
            title=self._name("tickets_received"),
        )
        rows = [
            (
                Cell(self._words.area(area)),
                [self._of_area(id_, each.metrics.get(id_), area, span) for id_ in _OF_AREA],
            )
            for area, each in found.items()
        ]
        heads = [self._t("area"), *map(self._name, _OF_AREA)]
        return Picture("areas", title, spec, Table(heads, rows))

    def _of_area(self, id_: str, number: float | None, area: str, span: Span) -> Cell:
        text = shown.written(CATALOGUE[id_], number, self._language)
        return Cell(text, behind(id_, span, {"area": area}) if number is not None else None)


def behind(metric: str, span: Span, by: Mapping[str, str]) -> str:
    """The address of the list of what is counted in a number."""
    days = {"from": span.first.isoformat(), "until": span.last.isoformat()}
    return "/reports/behind?" + urlencode({"metric": metric, **days, **by})


def summed(first: date, last: date, of_days: Mapping[date, Counters], formula: str) -> Line | None:
    """The line of some local days, both included; None where one of them is not known."""
    number = (last - first).days + 1
    days = [first + timedelta(days=n) for n in range(number)]
    if any(day not in of_days for day in days):
        return None
    counters = Counters()
    for day in days:
        counters.add(of_days[day])
    told: Rates = rates(counters, formula)
    span = {"from": first.isoformat(), "until": last.isoformat()}
    return Line(first, counters, told, span)


def _calls(line: Line | None) -> int | None:
    return None if line is None else line.counters.calls


def _parts(line: Line | None) -> tuple[float | None, float | None, float | None]:
    if line is None:
        return None, None, None
    c = line.counters
    return c.answered_on_line, c.offered - c.answered_on_line, c.not_queued
