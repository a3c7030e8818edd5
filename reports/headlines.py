"""The large figures at the top of a page, each with what it was before. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from hotline import i18n
from reports import labels, shown
from reports.catalogue import CATALOGUE
from reports.compare import Against, Difference, difference
from reports.metrics import Metric
from reports.view import Line
from reports.wording import Wording

SHOWN: Final = (
    "calls",
    "answered",
    "abandoned",
    "service_level",
    "average_wait",
    "average_handling",
)


@dataclass(frozen=True)
class Compared:
    """What a number was, and what has become of it. `change` is a dash where nothing can be
    compared; `better` None where neither way is good.
    """

    name: str
    was: str
    href: str | None
    change: str
    #: 1 more, -1 less, 0 neither.
    direction: int
    better: bool | None


@dataclass(frozen=True)
class Headline:
    """One figure."""

    metric: Metric
    text: str
    href: str | None
    compared: Sequence[Compared]


@dataclass(frozen=True)
class Basis:
    """What the figures are compared with, in words, and what is wrong with it."""

    name: str
    span: str
    href: str
    notes: Sequence[str]


class Writer:
    """Writes for one reader; the limits are those of `shown.calls_behind`, in seconds."""

    def __init__(self, words: Wording, zone: ZoneInfo, *, threshold: float, short: float) -> None:
        self._words, self._language, self._zone = words, words.language, zone
        self._threshold, self._short = threshold, short

    def headlines(self, line: Line, against: Sequence[Against]) -> list[Headline]:
        """All of them, of one line."""
        return [self._headline(CATALOGUE[id_], line, against) for id_ in SHOWN]

    def _headline(self, metric: Metric, line: Line, against: Sequence[Against]) -> Headline:
        number = shown.value(line, metric)
        return Headline(
            metric,
            shown.written(metric, number, self._language),
            self._behind(line, metric),
            [self._compared(metric, number, each) for each in against],
        )

    def _behind(self, line: Line, metric: Metric) -> str | None:
        return shown.calls_behind(line, metric, threshold=self._threshold, short=self._short)

    def _compared(self, metric: Metric, number: float | None, each: Against) -> Compared:
        was = shown.value(each.line, metric) if each.known else None
        # a part of it is no measure of the whole, nor is another promise one of this
        found = difference(metric, number, was) if each.measures(metric) else None
        if found is not None and self._is_nothing(metric, found.absolute):
            found = Difference(0, found.relative and 0, None)
        # the list of calls knows days, and no part of one; and it has those that are not counted
        whole = each.complete and not each.stretch.until
        href = self._behind(each.line, metric) if whole and was is not None else None
        return Compared(
            self._name(each),
            shown.written(metric, was, self._language),
            href or (None if was is None else each.stretch.period.path),
            self._change(metric, found),
            0 if found is None else (found.absolute > 0) - (found.absolute < 0),
            None if found is None else found.better,
        )

    def _is_nothing(self, metric: Metric, absolute: float) -> bool:
        """It is less than what is written."""
        zero = shown.written(metric, 0, self._language)
        return shown.written(metric, abs(absolute), self._language) == zero

    def _name(self, each: Against) -> str:
        return self._words.text(f"reports.against.{each.stretch.kind}")

    def _change(self, metric: Metric, found: Difference | None) -> str:
        if found is None:
            return i18n.EMPTY
        sign = "+" if found.absolute > 0 else "−" if found.absolute < 0 else "±"
        if metric.unit == "share":
            points = i18n.number(abs(found.absolute) * 100, self._language, 1)
            return self._words.text("reports.against.points", number=f"{sign}{points}")
        much = f"{sign}{shown.written(metric, abs(found.absolute), self._language)}"
        if found.relative is None or not found.absolute:
            return much
        return f"{much} ({sign}{i18n.percent(abs(found.relative), self._language)})"

    def bases(self, against: Sequence[Against]) -> list[Basis]:
        """What the figures are compared with."""
        return [
            Basis(self._name(each), self._span(each), each.stretch.period.path, self._notes(each))
            for each in against
        ]

    def _span(self, each: Against) -> str:
        stretch = each.stretch
        if stretch.whole:
            return labels.title(stretch.period, self._words)
        text = " – ".join(
            i18n.day(day, self._language) for day in dict.fromkeys((stretch.first, stretch.last))
        )
        if stretch.until is None:
            return text
        at = i18n.time_of_day(stretch.until, self._zone)
        return self._words.text("reports.against.until", span=text, at=at)

    def _notes(self, each: Against) -> list[str]:
        numbers = {
            "known": i18n.number(each.known, self._language),
            "days": i18n.number(each.stretch.days, self._language),
            "imported": i18n.number(each.imported, self._language),
        }
        if not each.known:
            return [self._words.text("reports.against.nothing")]
        notes = []
        if not each.complete:
            notes.append(self._words.text("reports.against.partly", **numbers))
        if each.imported:
            notes.append(self._words.text("reports.against.imported", **numbers))
        if each.outdated:
            outdated = i18n.number(each.outdated, self._language)
            days = numbers["days"]
            notes.append(self._words.text("reports.against.outdated", outdated=outdated, days=days))
        return notes
