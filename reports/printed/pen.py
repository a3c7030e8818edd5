"""What a printed report is made of, and how its numbers, tables and charts are written. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Protocol

from hotline import i18n
from reports import charts, labels
from reports.catalogue import CATALOGUE
from reports.figures import Figures, Value
from reports.printed.document import Block, Chart, Number, Table
from reports.wording import Wording

#: A list on paper ends where the eye does.
LONGEST: Final = 8
#: From one bar to the next, so that four lists of so many stand on a page.
BAR: Final = 17


class Faults(Protocol):
    """What one division failed in."""

    @property
    def division(self) -> str: ...
    @property
    def received(self) -> int: ...
    @property
    def faults(self) -> Mapping[Any, int]: ...
    @property
    def unattended(self) -> Sequence[date]: ...


@dataclass(frozen=True)
class Material:
    """Everything that a report is made of."""

    #: "Annual report, fiscal year 2567"
    title: str
    city: str
    hotline: str
    figures: Figures
    #: Of the same time before; None where there is nothing to compare with.
    before: Figures | None
    faults: Sequence[Faults]
    #: Of how many nights it is known who answered for a division.
    nights: int
    #: The titles of the answers that agents used in most calls, and in how many; the most first.
    answers: Sequence[tuple[str, int]]
    #: Tickets to which nobody was sent yet; None where the report is not of today.
    waiting_for_unit: int | None
    #: Geometries (GeoJSON) of the city's areas.
    shapes: Mapping[str, Mapping[str, Any]]
    #: Paragraphs; empty: no foreword.
    foreword: str
    #: The old exchanges of which calls are in the numbers.
    imported: Sequence[str]
    service_level_target: float
    #: Who hangs up within so many seconds is counted apart as well.
    short_abandon_seconds: float
    #: A first call is one on whose matter the number had not called for so many days.
    first_call_days: int
    made: str
    accent: str


class Pen:
    """Writes in one reader's words, and remembers which numbers it has named."""

    def __init__(self, of: Material, wording: Wording) -> None:
        self.of, self.language, self.names = of, wording.language, wording
        self.figures, self.metrics = of.figures, of.figures.metrics
        #: What has been named so far: the last chapter says what it means.
        self.named: set[str] = set()
        #: The kinds of failures that a table has named.
        self.faults_named: Sequence[str] = ()

    @property
    def is_single_month(self) -> bool:
        """Then the month is the whole, and there is no course of it."""
        return len(self.figures.calls_by_month) < 2

    def t(self, key: str, **values: Any) -> str:
        return self.names.text(f"reports.print.{key}", **values)

    def counted(self, what: str, value: Value) -> str:
        """How many, as it is read aloud."""
        return labels.counted(self.names, what, value)

    def show(self, metrics: Mapping[str, Value], id_: str) -> str:
        value = metrics.get(id_)
        match CATALOGUE[id_].unit:
            case "share":
                return i18n.percent(value, self.language)
            case "milliseconds" if id_ in ("median_resolve", "average_resolve"):
                return self.days(value)
            case "milliseconds":
                return i18n.duration(None if value is None else value / 1000)
            case "mark":
                return i18n.number(value, self.language, 2)
            case _:
                return i18n.number(value, self.language)

    def days(self, milliseconds: Value) -> str:
        """A long while: in days from two on, in hours below."""
        if milliseconds is None:
            return i18n.EMPTY
        hours = milliseconds / 3_600_000
        if hours >= 48:
            return self.t("in_days", number=i18n.number(hours / 24, self.language, 1))
        return self.t("in_hours", number=i18n.number(hours, self.language, 1))

    def name(self, id_: str) -> str:
        self.named.add(id_)
        return CATALOGUE[id_].name[self.language]

    def number(self, id_: str, note: str = "") -> Number:
        return Number(self.name(id_), self.show(self.metrics, id_), note or self.against(id_))

    def against(self, id_: str) -> str:
        """How it was before; nothing where a part of that is not known."""
        before = self.of.before
        if before is None or before.metrics.get(id_) is None or not before.knows_whole(id_):
            return ""
        key = "before" if self.is_over else "before_so_far"
        return self.t(key, number=self.show(before.metrics, id_))

    @property
    def is_over(self) -> bool:
        """Whether all days of the report have been."""
        return self.figures.until >= self.figures.span.last

    def month(self, first: date) -> str:
        """Below a chart: with its year where a month comes twice, which would be one column."""
        several = len(self.figures.span.months) > 12
        named = labels.month_of_year if several else labels.short_month
        return named(first, self.language)

    def rows(
        self, of: Mapping[Any, Any], name: Callable[[Any], str], columns: Sequence[str]
    ) -> list[list[str]]:
        return [
            [_begun(name(key)), *(self.show(each.metrics, id_) for id_ in columns)]
            for key, each in of.items()
        ]

    def table(
        self,
        caption: str,
        what: str,
        of: Mapping[Any, Any],
        name: Callable[[Any], str],
        columns: Sequence[str],
    ) -> Table:
        """One row each of `of`, and the whole as the last."""
        return Table(
            caption,
            [what, *map(self.name, columns)],
            self.rows(of, name, columns),
            [self.t("whole"), *(self.show(self.metrics, id_) for id_ in columns)],
        )

    def chart_by_month(
        self, id_: str, caption: str, of: Mapping[date, Any], *, height: int = charts.HEIGHT
    ) -> Iterator[Block]:
        """Nothing for a single month; all such charts have the same months."""
        if len(of) < 2:
            return
        months = self.figures.calls_by_month
        values = [
            (self.month(first), of[first].metrics.get(id_) if first in of else None)
            for first in months
        ]
        yield Chart(
            caption,
            charts.columns(values, title=self.name(id_), height=height),
            said(caption, ((x, i18n.number(y, self.language)) for x, y in values)),
        )

    def ranking(self, caption: str, values: Sequence[tuple[str, int]], unit: str) -> Chart:
        shown = [(_begun(what), number) for what, number in values[:LONGEST]]
        rest = sum(number for _, number in values[LONGEST:])
        if rest:
            shown.append((self.t("the_rest", number=len(values) - LONGEST), rest))
        written = ((what, i18n.number(number, self.language)) for what, number in shown)
        return Chart(
            f"{caption} · {unit}",
            charts.ranked(shown, step=BAR, rest=bool(rest)),
            said(caption, written),
        )

    def hours(self, metrics: Mapping[str, Value], id_: str) -> str:
        """A sum of many people's time."""
        return i18n.number((metrics.get(id_) or 0) / 3_600_000, self.language)


def _begun(name: str) -> str:
    """A name as it begins a row: "place not known" among names of places."""
    return name[:1].upper() + name[1:]


def said(caption: str, values: Iterable[tuple[str, str]]) -> str:
    """A chart for who cannot see it."""
    return f"{caption}: " + "; ".join(f"{x} {y}" for x, y in values)
