"""A report as a spreadsheet's rows: in the reader's words and units, or in a program's.

A reader's file has the metrics' names and units as heads, durations in seconds, shares in percent,
and every rate of its row. A program's (`?names=identifiers`) has the identifiers and whole
milliseconds of the table `call_intervals`, in every language alike.
"""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from hotline import clock
from hotline.spreadsheets import BYTE_ORDER_MARK
from hotline.web import floor, language, t
from reports.config import Reports
from reports.meanings import METRICS
from reports.metrics import (
    COUNTER_NAMES,
    Metric,
    Rates,
    is_largest_of_none,
    rates,
)
from reports.service import Row
from reports.untold import Untold, basis, is_empty

Cell = str | int | float


@dataclass(frozen=True)
class Titles:
    """How a queue and a language are called, in the reader's language."""

    queue: Callable[[str], str]
    language: Callable[[str], str]


def for_readers(rows: Iterable[Row], titles: Titles, untold: Untold, *, by_day: bool) -> str:
    """The whole file, as a person reads it; rows of a whole day have no time of day."""
    metrics = [metric for metric in METRICS.values() if not metric.is_bucket]
    keys = ("date", "queue", "language") if by_day else ("date", "start", "queue", "language")
    heads = (*(t(f"reports.column_{key}") for key in keys), *map(head, metrics))
    formula = floor().section(Reports).service_level.formula

    def line(row: Row) -> Iterable[Cell]:
        key = {
            "date": row.day.isoformat(),
            "start": _start(row),
            "queue": titles.queue(row.queue),
            "language": titles.language(row.language),
        }
        of_row, of_day = rates(row.counters, formula), untold.of(row.day, row.day)
        cells = (value(each, row, of_row, of_day) for each in metrics)
        return (*(key[each] for each in keys), *cells)

    return _written(heads, map(line, rows))


def for_programs(rows: Iterable[Row], titles: Titles, untold: Untold) -> str:
    """The whole file, as a program reads it: the stored counters by their identifiers, those empty
    that nobody could have told.
    """
    heads = ("day", "interval_start", "queue", "queue_title", "language", *COUNTER_NAMES)
    zone = floor().city.zone

    def line(row: Row) -> Iterable[Cell]:
        start = row.interval_start
        at = clock.local(start, zone).isoformat(timespec="minutes") if start else ""
        key = (row.day.isoformat(), at, row.queue, titles.queue(row.queue), row.language)
        of_day = untold.of(row.day, row.day)
        counted = row.counters.as_dict().items()
        return (*key, *("" if is_empty(of_day, *each) else each[1] for each in counted))

    return _written(heads, map(line, rows))


def head(metric: Metric) -> str:
    """A column's head: the metric's name, and the unit where it is not a count."""
    unit = _UNIT.get(metric.unit)
    name = metric.name[language()]
    return name if unit is None else t("reports.column_in", name=name, unit=t(unit))


_UNIT: Mapping[str, str] = {
    "milliseconds": "reports.unit_seconds",
    "share": "reports.unit_percent",
}


def value(metric: Metric, row: Row, of_row: Rates, untold: frozenset[str]) -> Cell:
    """A cell: a count, seconds or percent; empty where there is nothing to divide by, for the
    largest of none, and for what nobody could have told.
    """
    number: float | None = getattr(of_row if metric.is_rate else row.counters, metric.id)
    if number is None or is_largest_of_none(row.counters, metric.id):
        return ""
    if is_empty(untold, metric.id, getattr(row.counters, basis(metric.id), None)):
        return ""
    if metric.unit == "share":
        return round(100 * number, 2)
    if metric.unit == "milliseconds":
        # sums keep every millisecond, so that they still add up; a mean's tenth is enough
        return _plain(round(number / 1000, 1 if metric.is_rate else 3))
    return int(number) if number == int(number) else round(number, 2)


def _plain(seconds: float) -> int | float:
    return int(seconds) if seconds.is_integer() else seconds


def _start(row: Row) -> str:
    """The local time at which the interval begins, spelled as in the file of the tickets."""
    if row.interval_start is None:
        return ""
    return f"{clock.local(row.interval_start, floor().city.zone):%Y-%m-%d %H:%M}"


def _written(heads: Sequence[str], lines: Iterable[Iterable[Cell]]) -> str:
    buffer = io.StringIO(BYTE_ORDER_MARK)
    buffer.seek(0, io.SEEK_END)
    writer = csv.writer(buffer)
    writer.writerow(heads)
    writer.writerows(lines)
    return buffer.getvalue()
