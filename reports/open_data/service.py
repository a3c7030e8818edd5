"""The open data of a span of days: what is read for them, and what of it is told."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import clock, i18n
from hotline.config import City, LocalText
from hotline.errors import Invalid
from hotline.i18n import Texts
from ivr.config import Ivr
from reports import figures, service, source
from reports.attendance import PRESENCE_COUNTERS, PRESENCE_RATES
from reports.catalogue import CATALOGUE
from reports.config import Reports
from reports.figures import DIGITS, Figures
from reports.models import call_intervals, call_topics
from reports.open_data import package, tables
from reports.open_data.config import OpenData
from reports.open_data.package import About
from reports.open_data.rules import (
    NONE,
    WITHHELD,
    Matter,
    coarsened,
    hidden,
    squared,
    tellable,
)
from reports.open_data.tables import Cell, Table
from reports.rollups import Part, topics_of
from reports.service import How
from reports.span import Span
from reports.topics import By
from tickets import open_data
from tickets.config import Tickets
from tickets.open_data import OpenTicket

if TYPE_CHECKING:
    from hotline.floor import Floor

_DAY = timedelta(days=1)
_LANGUAGES = ("th", "en")
#: What is told of calls, of each hour.
_COUNTED = ("calls", "offered", "answered", "abandoned")
#: Of the agents nothing is told: of a floor of two it would be told of each.
_OF_AGENTS = {each.id for each in (*PRESENCE_COUNTERS, *PRESENCE_RATES)}
_TOLD = [id_ for id_ in CATALOGUE if id_ not in _OF_AGENTS]
Calls = tuple[int, int, int, int]
Key = TypeVar("Key", bound=tuple[str, ...])
Of = TypeVar("Of", bound=tuple[int, ...])


@dataclass(frozen=True)
class Publisher:
    """Makes the open data of one city."""

    city: City
    callers: Ivr
    desk: Tickets
    settings: OpenData
    how: How
    texts: Texts

    @classmethod
    def of(cls, floor: "Floor") -> "Publisher":
        """For a process that has a floor."""
        section = floor.section(Reports)
        return cls(
            floor.city,
            floor.section(Ivr),
            floor.section(Tickets),
            section.open_data,
            How.of(floor),
            floor.texts,
        )

    def tables(self, session: Session, span: Span, *, now: datetime) -> list[Table]:
        """All tables of the local days of `span` as things stand `now`.

        Raises Invalid for days that have not come.
        """
        span = self._come(span, now)
        found = figures.figures(session, span, self.how, now=now)
        reader = _Reader(self, session, span, found)
        calls, topics, matters = reader.calls(), reader.topics(), reader.tickets()
        return [
            calls,
            topics,
            matters,
            self._metrics(session, span, found, now=now),
            self._definitions(),
            *self._lists(calls, topics, matters),
        ]

    def files(
        self, session: Session, span: Span, language: str, *, now: datetime
    ) -> dict[str, bytes]:
        """The package: name and content of every file. Raises as `tables`."""
        made = self.tables(session, span, now=now)
        return package.files(self._about(self._come(span, now)), made, self._say, language)

    def _come(self, span: Span, now: datetime) -> Span:
        """As much of it as has come."""
        today = clock.local_day(now, self.how.zone)
        if span.first > today:
            raise Invalid(f"{span.first}: that day has not come")
        return Span(span.first, min(span.last, today))

    def is_left_out(self, category: str | None) -> bool:
        """Whether no single matter of a category is told."""
        known = self.desk.categories.get(category or "")
        return category in self.settings.without or (known is not None and known.private)

    # ------------------------------------------------------------ words

    def _say(self, key: str, language: str) -> str:
        least, metres = self.settings.least, self.settings.grid_metres
        return self.texts.get(key, language, least=least, metres=metres)

    def _about(self, span: Span) -> About:
        own = self.settings
        days = {
            each: self.texts.get(
                "reports.span",
                each,
                first=i18n.day(span.first, each),
                last=i18n.day(span.last, each),
            )
            for each in _LANGUAGES
        }
        name = f"{own.name}-{span.first}-{span.last}"
        return About(
            name=name,
            title={each: f"{self.city.hotline_name.for_(each)}: {days[each]}" for each in days},
            description={each: self._say("reports.open.package", each) for each in _LANGUAGES},
            version=f"{span.first}/{span.last}",
            licences=[
                _without_none(name=each.name, title=each.title.for_("en"), path=each.path)
                for each in ([own.licence] if own.licence else [])
            ],
            sources=[
                _without_none(title=each.title.for_("en"), path=each.path) for each in own.sources
            ]
            or [{"title": self.city.name.for_("en")}],
        )

    # ------------------------------------------------------------ numbers and lists

    def _metrics(self, session: Session, span: Span, whole: Figures, *, now: datetime) -> Table:
        spans = {span: whole}
        if len(span.months) > 1:
            for month in span.months:
                spans[month] = figures.figures(session, month, self.how, now=now)
        rows = [
            (each.first.isoformat(), each.last.isoformat(), id_, _rounded(value))
            for each, found in sorted(spans.items(), key=lambda one: (one[0].first, one[0].last))
            for id_, value in tellable(found.metrics, _TOLD, self.settings.least).items()
        ]
        key = ("from", "until", "identifier")
        return Table("metrics", tables.METRICS, rows, key, {"identifier": "definitions"})

    def _definitions(self) -> Table:
        rows = [
            (
                id_,
                CATALOGUE[id_].unit,
                *(CATALOGUE[id_].name[each] for each in _LANGUAGES),
                *(CATALOGUE[id_].definition[each] for each in _LANGUAGES),
            )
            for id_ in _TOLD
        ]
        return Table("definitions", tables.DEFINITIONS, rows, ("id",))

    def _lists(self, *told: Table) -> Iterator[Table]:
        """What each id that stands somewhere is called."""
        categories = {
            id_: (each.title, each.division)
            for id_, each in self.desk.categories.items()
            if not self.is_left_out(id_)
        }
        rows: list[tuple[Cell, ...]] = [
            (id_, *_both(title), division) for id_, (title, division) in categories.items()
        ]
        rows += [(*self._other(id_), NONE) for id_ in tables.OTHERS]
        rows += [(id_, id_, id_, NONE) for id_ in _gone(told, "category", rows)]
        yield Table("categories", tables.CATEGORIES, rows, ("id",), {"division": "divisions"})
        areas = [(each.id, each.name("th"), each.name("en")) for each in self._areas()]
        for name, column, known in (
            ("divisions", "division", _titles(self.desk.divisions)),
            ("areas", "area", areas),
            ("queues", "queue", _titles(self.callers.queues)),
            ("languages", "language", self._languages()),
        ):
            of_list: list[tuple[Cell, ...]] = [*known, *map(self._other, tables.OTHERS)]
            of_list += [(id_, id_, id_) for id_ in _gone(told, column, of_list)]
            yield Table(name, tables.LIST, of_list, ("id",))

    def _areas(self) -> Sequence[Any]:
        return list(self.desk.areas.areas.values())

    def _languages(self) -> list[tuple[str, str, str]]:
        return [
            (id_, i18n.language_name(id_, "th"), i18n.language_name(id_, "en"))
            for id_ in self.callers.languages
        ]

    def _other(self, id_: str) -> tuple[str, str, str]:
        key = "withheld" if id_ == WITHHELD else "none"
        th, en = (self._say(f"reports.open.{key}", each) for each in _LANGUAGES)
        return id_, th, en


class _Reader:
    """Reads what is told of one span: stored rows, and what the night has not reached."""

    def __init__(self, by: Publisher, session: Session, span: Span, found: Figures) -> None:
        self._by, self._session, self._span, self._found = by, session, span, found
        self._live = found.coverage[Part.CALLS].live
        #: The days whose stored rows no number of the reports reads either.
        self._not_read = {*self._live, *source.days_to_count(session, span.first, span.last)}

    # ------------------------------------------------------------ calls

    def calls(self) -> Table:
        """By month, hour, queue and language; what is rare in a month is told together."""
        cells: dict[tuple[str, str, str, str], Calls] = {}
        for key, counted in self._intervals():
            cells[key] = _added(cells.get(key), counted)
        # a second visit to a queue is offered in it and is no call
        sizes = {key: max(counted) for key, counted in cells.items()}
        rows, withheld = _with_rest(cells, self._hidden(sizes), _added)
        lists = {"queue": "queues", "language": "languages"}
        key = ("month", "hour", "queue", "language")
        return Table("calls", tables.CALLS, rows, key, lists, withheld)

    def _intervals(self) -> Iterator[tuple[tuple[str, str, str, str], Calls]]:
        zone, table = self._by.how.zone, call_intervals
        columns = [table.c[name] for name in ("day", "interval_start", "queue", "language")]
        asked = sa.select(*columns, *(table.c[name] for name in _COUNTED)).where(
            table.c.day.between(self._span.first, self._span.last)
        )
        for day, start, queue, language, *counted in self._session.execute(asked):
            if day not in self._not_read:
                hour = f"{clock.local(start, zone):%H}"
                yield (_month(day), hour, queue or NONE, language or NONE), _calls(counted)
        for day in self._live:
            cells, _ = service.count_day(self._session, day, self._by.how)
            for cell, counters in cells.items():
                hour = f"{clock.local(cell.interval_start, zone):%H}"
                key = (_month(day), hour, cell.queue or NONE, cell.language or NONE)
                yield key, _calls([getattr(counters, name) for name in _COUNTED])

    def topics(self) -> Table:
        """Conversations by month and category of their ticket."""
        cells: dict[tuple[str, str], tuple[int]] = {}
        for day, category, answered in self._answered():
            key = (_month(day), category or NONE)
            cells[key] = (cells.get(key, (0,))[0] + answered,)
        sizes = {key: counted[0] for key, counted in cells.items()}
        gone = self._hidden(sizes, lambda key: self._by.is_left_out(key[1]))
        rows, withheld = _with_rest(cells, gone, lambda a, b: ((a[0] if a else 0) + b[0],))
        lists = {"category": "categories"}
        return Table("topics", tables.TOPICS, rows, ("month", "category"), lists, withheld)

    def _answered(self) -> Iterator[tuple[date, str, int]]:
        table = call_topics
        asked = sa.select(table.c.day, table.c.key, table.c.answered).where(
            table.c.by == By.CATEGORY.value,
            table.c.day.between(self._span.first, self._span.last),
        )
        for day, key, answered in self._session.execute(asked):
            if day not in self._not_read:
                yield day, key, answered
        for day in self._live:
            read = service.facts_of(self._session, day, self._by.how)
            for of, tally in topics_of(self._session, read, self._by.how).items():
                if of.by is By.CATEGORY:
                    yield day, of.key, tally.answered

    def _hidden(
        self, sizes: Mapping[Key, int], never: Callable[[Key], bool] = lambda _: False
    ) -> set[Key]:
        """Month by month: the whole of each is told."""
        months: dict[str, dict[Key, int]] = {}
        for key, number in sizes.items():
            months.setdefault(key[0], {})[key] = number
        least = self._by.settings.least
        return {key for of in months.values() for key in hidden(of, least, never)}

    # ------------------------------------------------------------ tickets

    def tickets(self) -> Table:
        """One a row, in an order that says nothing; private ones are in none."""
        own, zone = self._by.settings, self._by.how.zone
        start = clock.midnight(self._span.first, zone)
        end = clock.midnight(self._span.last + _DAY, zone)
        every = list(open_data.received(self._session, start, end))
        marks = open_data.marks(self._session, start, end)
        public = [
            each for each in every if not (each.private or self._by.is_left_out(each.category))
        ]
        told = coarsened([self._matter(each) for each in public], own.least)
        lines = sorted(
            _line(own, matter, each, marks.get(each.id))
            for each, matter in zip(public, told.matters, strict=True)
            if matter is not None
        )
        columns = tables.tickets(
            by_day=own.dates == "day",
            area=own.position != "none",
            square=own.position == "grid",
        )
        withheld = {
            "private": len(every) - len(public),
            "rare": told.left_out,
            "without_category": told.without_matter - told.left_out,
            "without_area": told.without_area - told.without_matter,
        }
        if own.position == "grid":
            withheld["without_square"] = told.without_square - told.without_area
        lists = {"category": "categories", "division": "divisions"}
        if own.position != "none":
            lists["area"] = "areas"
        rows = [(n, *map(_told, line)) for n, line in enumerate(lines, start=1)]
        return Table("tickets", columns, rows, ("row",), lists, withheld)

    def _matter(self, of: OpenTicket) -> Matter:
        own = self._by.settings
        day = clock.local_day(of.received_at, self._by.how.zone)
        matter = Matter(
            day.isoformat() if own.dates == "day" else _month(day),
            of.category or NONE,
            of.division,
            (of.area or NONE) if own.position != "none" else NONE,
        )
        if own.position != "grid" or of.latitude is None or of.longitude is None:
            return matter
        return replace(matter, square=squared(of.latitude, of.longitude, own.grid_metres))


Line = tuple[tuple[bool, str | int | float], ...]


def _line(own: OpenData, matter: Matter, of: OpenTicket, mark: int | None) -> Line:
    """The cells of a row but its number, as they can be put in order."""
    where: list[Cell] = [matter.area] if own.position != "none" else []
    if own.position == "grid":
        where += matter.square or (None, None)
    cells: list[Cell] = [
        matter.received,
        matter.category,
        matter.division,
        *where,
        of.kind,
        of.state,
        of.result,
        _days(of.received_at, of.acknowledged_at),
        _days(of.received_at, of.closed_at),
        of.reopened,
        mark,
    ]
    return tuple((cell is not None, "" if cell is None else cell) for cell in cells)


def _told(cell: tuple[bool, str | int | float]) -> Cell:
    return cell[1] if cell[0] else None


def _days(start: datetime, end: datetime | None) -> int | None:
    """Whole days, those of a clock's round and not of the calendar."""
    return None if end is None else max(0, (end - start) // _DAY)


def _with_rest(
    cells: Mapping[Key, Of], gone: set[Key], add: Callable[[Of | None, Of], Of]
) -> tuple[list[tuple[Cell, ...]], dict[str, int]]:
    """The rows in order, of each month what is withheld together as one; and how much that is."""
    rest: dict[str, Of] = {}
    for key in sorted(gone):
        rest[key[0]] = add(rest.get(key[0]), cells[key])
    rows: list[tuple[Cell, ...]] = [
        (*key, *counted) for key, counted in cells.items() if key not in gone
    ]
    width = len(next(iter(cells), ())) - 1
    rows += [(month, *[WITHHELD] * width, *counted) for month, counted in rest.items()]
    withheld = {"cells": len(gone), "counted": sum(counted[0] for counted in rest.values())}
    return sorted(rows, key=lambda row: row[: width + 1]), withheld


def _added(one: Calls | None, other: Calls) -> Calls:
    if one is None:
        return other
    return (one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3])


def _calls(counted: Sequence[int]) -> Calls:
    calls, offered, answered, abandoned = map(int, counted)
    return calls, offered, answered, abandoned


def _month(day: date) -> str:
    return f"{day:%Y-%m}"


def _rounded(value: float | None) -> Cell:
    return round(value, DIGITS) if isinstance(value, float) else value


def _both(title: LocalText) -> tuple[str, str]:
    return title.for_("th"), title.for_("en")


def _titles(known: Mapping[str, Any]) -> list[tuple[Cell, ...]]:
    return [(id_, *_both(each.title)) for id_, each in known.items()]


def _gone(told: Sequence[Table], column: str, known: Sequence[Sequence[Cell]]) -> list[str]:
    """The ids that stand in a column and that the city's file has no more."""
    ids = {row[0] for row in known}
    found: set[str] = set()
    for table in told:
        for place, each in enumerate(table.columns):
            if each.name == column:
                found |= {str(row[place]) for row in table.rows if row[place] not in ids}
    return sorted(found)


def _without_none(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}
