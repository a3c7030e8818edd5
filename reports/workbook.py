"""The numbers of a span as a workbook: real tables that a spreadsheet sorts and sums, and charts
that it draws itself from them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from hotline import i18n
from reports import trust
from reports.catalogue import CATALOGUE
from reports.figures import Figures, Value
from reports.fleet import JOB_COUNTERS, JOB_RATES
from reports.matters import AGE_BUCKETS, RESOLVE_BUCKETS
from reports.metrics import WAIT_BUCKETS, Metric
from reports.wording import Wording

#: What the tables by month, queue and so on show, in order.
CALLS: Final = (
    "calls",
    "not_queued",
    "ended_with_bulletin",
    "transferred",
    "offered",
    "answered",
    "answered_in_threshold",
    "abandoned",
    "short_abandoned",
    "callbacks_asked",
    "callbacks_kept",
    "service_level",
    "answer_rate",
    "average_wait",
    "wait_median",
    "wait_95",
    "average_talk",
    "average_handling",
    "average_mark",
    "rating_response",
)
TICKETS: Final = (
    "tickets_received",
    "tickets_answered_at_once",
    "tickets_closed",
    "tickets_resolved",
    "tickets_reopened",
    "tickets_closed_on_time",
    "tickets_open",
    "tickets_open_overdue",
    "on_time",
    "median_resolve",
    "average_judgement",
    "judgement_response",
    "suggestion_accuracy",
)
PRESENCE: Final = ("present_ms", "on_call_ms", "planned_ms", "kept_ms", "occupancy", "adherence")
JOBS: Final = (
    *(each.id for each in JOB_COUNTERS),
    *(each.id for each in JOB_RATES),
)
BUCKETS: Final = frozenset({*WAIT_BUCKETS, *RESOLVE_BUCKETS, *AGE_BUCKETS})
_WEEK: Final = date(2024, 1, 1)  # a Monday: its week has the names of the days
_SECONDS_OF_DAY: Final = 86_400_000


def write(found: Figures, words: Wording, path: Path) -> None:
    """Write the file; raises OSError."""
    import xlsxwriter  # only who asks for a workbook needs it

    # what a unit is called was typed by somebody: words stay words
    words_only = {"strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), words_only) as book:
        book.set_properties({"title": words.text("reports.title")})
        _Book(book, found, words).write()


class _Book:
    def __init__(self, book: Any, found: Figures, words: Wording) -> None:
        self._book, self._found, self._words = book, found, words
        self._bold = book.add_format({"bold": True, "font_size": 14})
        self._wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self._formats = {
            "share": book.add_format({"num_format": "0.0%"}),
            "milliseconds": book.add_format({"num_format": "[h]:mm:ss"}),
            "mark": book.add_format({"num_format": "0.00"}),
        }
        self._count = book.add_format({"num_format": "#,##0"})
        self._names: set[str] = set()

    def write(self) -> None:
        found, words = self._found, self._words
        self._summary()
        months = called(words.month, found.calls_by_month)
        sheet, rows = self._table("by_month", months, CALLS)
        self._chart(
            sheet, "column", rows, {"answered": 6, "abandoned": 8, "not_queued": 2}, stacked=True
        )
        self._hours()
        for name, groups, title, columns in (
            ("by_queue", found.calls_by_queue, words.queue, CALLS),
            ("by_language", found.calls_by_language, words.spoken, CALLS),
        ):
            self._named(name, groups, title, columns, "calls", 1)
        for name, tallies, title in (
            ("by_outcome", found.outcomes, words.outcome),
            ("by_category", found.categories, words.category),
            ("by_area", found.areas, words.area),
        ):
            of = [(title(key), {"answered": tally.answered}) for key, tally in tallies.items()]
            sheet, rows = self._table(name, of, ("answered",))
            self._chart(sheet, "bar", rows, {"answered": 1})
        tickets = called(words.month, found.tickets_by_month)
        sheet, rows = self._table("tickets_by_month", tickets, TICKETS)
        self._chart(sheet, "column", rows, {"tickets_received": 1, "tickets_closed": 3})
        for name, of_tickets, title in (
            ("tickets_by_division", found.tickets_by_division, words.division),
            ("tickets_by_category", found.tickets_by_category, words.category),
            ("tickets_by_area", found.tickets_by_area, words.area),
        ):
            self._named(name, of_tickets, title, TICKETS, "tickets_received", 1)
        people = called(words.month, found.presence_by_month)
        sheet, rows = self._table("presence_by_month", people, PRESENCE)
        self._chart(sheet, "column", rows, {"present_ms": 1, "on_call_ms": 2})
        jobs = called(words.month, found.jobs_by_month)
        sheet, rows = self._table("jobs_by_month", jobs, JOBS)
        self._chart(
            sheet, "column", rows, {"jobs_sent": 1, "jobs_done": 1 + JOBS.index("jobs_done")}
        )
        title = found.unit_title(words.language)
        self._named("jobs_by_unit", found.jobs_by_unit, title, JOBS, "jobs_sent", 1)
        self._definitions()

    def _named(
        self,
        name: str,
        groups: Mapping[str, Any],
        title: Callable[[str], str],
        columns: Sequence[str],
        charted: str,
        place: int,
    ) -> None:
        sheet, rows = self._table(name, called(title, groups), columns)
        self._chart(sheet, "bar", rows, {charted: place})

    def _sheet(self, name: str) -> Any:
        title = self._words.text(f"reports.sheet.{name}")
        sheet = self._book.add_worksheet(title[:31])
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        return sheet

    def _summary(self) -> None:
        sheet, found, words = self._sheet("summary"), self._found, self._words
        first, last = (i18n.day(day, words.language) for day in (found.span.first, found.span.last))
        sheet.write(0, 0, words.text("reports.span", first=first, last=last), self._bold)
        threshold = f"{found.threshold_seconds:g}"
        said = [
            words.text("reports.formula_" + found.formula),
            words.text("reports.threshold", threshold=threshold),
            *trust.unknown_days(words, found.coverage),
            *trust.doubtful_days(words, found.coverage),
        ]
        for number, line in enumerate(said, start=1):
            sheet.write(number, 0, line)
        top = len(said) + 2
        rows = [
            (CATALOGUE[id_], value) for id_, value in found.metrics.items() if id_ not in BUCKETS
        ]
        heads = ("name", "value", "identifier", "definition")
        self._add_table(sheet, top, [words.text(f"reports.{head}") for head in heads], len(rows))
        for number, (metric, value) in enumerate(rows, start=top + 1):
            sheet.write(number, 0, metric.name[words.language])
            self._write(sheet, number, 1, metric, value)
            sheet.write(number, 2, metric.id)
            sheet.write(number, 3, metric.definition[words.language])
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 2, 22)
        sheet.set_column(3, 3, 100)
        sheet.freeze_panes(top + 1, 1)

    def _table(
        self, name: str, rows: Sequence[tuple[str, Mapping[str, Value]]], ids: Sequence[str]
    ) -> tuple[Any, int]:
        """A sheet with a table: a row each, its name first."""
        sheet, words = self._sheet(name), self._words
        heads = [words.text(f"reports.sheet.{name}")]
        heads += [CATALOGUE[id_].name[words.language] for id_ in ids]
        self._add_table(sheet, 0, heads, len(rows))
        for number, (title, metrics) in enumerate(rows, start=1):
            sheet.write(number, 0, title)
            for column, id_ in enumerate(ids, start=1):
                self._write(sheet, number, column, CATALOGUE[id_], metrics.get(id_))
        sheet.set_column(0, 0, 28)
        sheet.set_column(1, len(ids), 16)
        sheet.freeze_panes(1, 1)
        return sheet, len(rows)

    def _add_table(self, sheet: Any, top: int, heads: Iterable[str], rows: int) -> None:
        columns = [{"header": head} for head in _different(heads)]
        # a table has a row at least
        area = (top, 0, top + max(rows, 1), len(columns) - 1)
        sheet.add_table(*area, {"columns": columns, "style": "Table Style Light 9"})

    def _write(self, sheet: Any, row: int, column: int, metric: Metric, value: Value) -> None:
        """A number, in the unit that a spreadsheet knows; what is empty stays empty."""
        if value is None:
            return
        if metric.unit == "milliseconds":
            sheet.write_number(row, column, value / _SECONDS_OF_DAY, self._formats["milliseconds"])
        else:
            sheet.write_number(row, column, value, self._formats.get(metric.unit, self._count))

    def _chart(
        self, sheet: Any, kind: str, rows: int, series: Mapping[str, int], *, stacked: bool = False
    ) -> None:
        """A chart below the table, of the columns with these places."""
        if not rows:
            return
        options = {"type": kind, **({"subtype": "stacked"} if stacked else {})}
        chart = self._book.add_chart(options)
        for id_, column in series.items():
            chart.add_series(
                {
                    "name": CATALOGUE[id_].name[self._words.language],
                    "categories": [sheet.get_name(), 1, 0, rows, 0],
                    "values": [sheet.get_name(), 1, column, rows, column],
                }
            )
        unit = CATALOGUE[next(iter(series))]
        axis = {"name": unit.name[self._words.language], "min": 0}
        chart.set_y_axis({"reverse": True} if kind == "bar" else axis)
        chart.set_x_axis(axis if kind == "bar" else {})
        chart.set_title({"name": sheet.get_name()})
        if len(series) == 1:
            chart.set_legend({"none": True})
        chart.set_size({"width": 900, "height": 200 + 22 * rows if kind == "bar" else 380})
        sheet.insert_chart(rows + 3, 1, chart)

    def _hours(self) -> None:
        """Calls by hour and day of the week, the more the darker, and the whole week as a chart."""
        sheet, words = self._sheet("by_hour"), self._words
        days = [i18n.weekday(_WEEK.replace(day=number), words.language) for number in range(1, 8)]
        self._add_table(
            sheet, 0, [words.text("reports.hour"), *days, words.text("reports.total")], 24
        )
        for hour in range(24):
            sheet.write(hour + 1, 0, f"{hour:02}:00")
            for weekday in range(7):
                tally = self._found.hours.get((weekday, hour))
                sheet.write_number(hour + 1, weekday + 1, tally.calls if tally else 0, self._count)
            of_hour = (tally for (_, at), tally in self._found.hours.items() if at == hour)
            sheet.write_number(hour + 1, 8, sum(each.calls for each in of_hour), self._count)
        shades = {"type": "2_color_scale", "min_color": "#FFFFFF", "max_color": "#4A90C2"}
        sheet.conditional_format(1, 1, 24, 7, shades)
        sheet.set_column(0, 8, 14)
        sheet.freeze_panes(1, 1)
        self._chart(sheet, "column", 24, {"calls": 8})

    def _definitions(self) -> None:
        sheet, words = self._sheet("definitions"), self._words
        heads = ("identifier", "name", "definition")
        self._add_table(sheet, 0, [words.text(f"reports.{head}") for head in heads], len(CATALOGUE))
        for number, metric in enumerate(CATALOGUE.values(), start=1):
            sheet.write(number, 0, metric.id)
            sheet.write(number, 1, metric.name[words.language])
            sheet.write(number, 2, metric.definition[words.language], self._wrapped)
        sheet.set_column(0, 1, 30)
        sheet.set_column(2, 2, 110)


def called(
    title: Callable[[Any], str], groups: Mapping[Any, Any]
) -> list[tuple[str, Mapping[str, Value]]]:
    """The rows of a table: two that are called the same are two rows."""
    return [(title(key), each.metrics) for key, each in groups.items()]


def _different(heads: Iterable[str]) -> list[str]:
    """A table's heads must differ, also when only by case."""
    found: list[str] = []
    for head in heads:
        name, number = head, 2
        while name.casefold() in {each.casefold() for each in found}:
            name, number = f"{head} ({number})", number + 1
        found.append(name)
    return found
