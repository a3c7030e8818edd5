"""What the page of a day, a month or a fiscal year has beside its lines: what it is compared with,
and its charts.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from shapely.geometry import mapping
from sqlalchemy.orm import Session

from hotline import clock, i18n
from reports import compare, labels, past
from reports.compare import Against
from reports.figures import Patterns, patterns
from reports.pictures import Painter, Picture, Point, summed, without_lists
from reports.service import How, LiveFacts
from reports.span import Span
from reports.view import Kind, Line, Period, Report
from reports.wording import Wording
from tickets.config import Tickets

#: How many days a day's trend shows, and how many months a month's, with itself.
TREND_DAYS: Final = 60
TREND_MONTHS: Final = 13
#: What a month and a year are told by.
_PARTS: Final[Mapping[Kind, Kind]] = {"month": "day", "year": "month"}


@dataclass(frozen=True)
class Beside:
    """All of it; a picture that cannot be drawn is None or not among them."""

    against: list[Against]
    #: Above the table by time.
    by_time: list[Picture]
    trend: Picture | None
    week: Picture | None
    areas: Picture | None


@dataclass(frozen=True)
class Reader:
    """Who reads, and of which city."""

    painter: Painter
    words: Wording
    zone: ZoneInfo
    how: How
    shapes: Callable[[], Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class Alone:
    """The pictures of a period's own days, of which none leads to a list."""

    by_time: list[Picture]
    week: Picture | None
    areas: Picture | None


def alone(shown: Report, found: Patterns, reader: Reader, *, now: datetime) -> Alone:
    """What may be drawn for people without an account: nothing of the days before."""
    period, painter = shown.period, reader.painter
    span = Span(period.first, period.last)
    week = areas = None
    if period.kind != "day":
        week, areas = painter.week(found.hours, span), painter.areas(found, reader.shapes(), span)
    by_time = _by_time(painter, _points(shown, reader, now), period)
    return Alone(
        [without_lists(each) for each in by_time],
        without_lists(week) if week else None,
        without_lists(areas) if areas else None,
    )


def beside(
    session: Session,
    shown: Report,
    reader: Reader,
    *,
    now: datetime,
    facts: LiveFacts | None = None,
) -> Beside:
    """What stands beside the lines of a report as things stand `now`."""
    period, painter = shown.period, reader.painter
    if period.first > clock.local_day(now, reader.zone):
        return Beside([], [], None, None, None)
    stretches = compare.earlier(period, now=now, zone=reader.zone)
    week, areas = _patterns(session, period, reader, now, facts)
    return Beside(
        [past.against(session, stretch, reader.how) for stretch in stretches],
        list(_by_time(painter, _points(shown, reader, now), period)),
        _trend(session, shown, reader),
        week,
        areas,
    )


def _points(shown: Report, reader: Reader, now: datetime) -> list[Point]:
    """Every hour, day or month of the period; what is still to come keeps its place."""
    period, words, zone = shown.period, reader.words, reader.zone
    lines = {line.key: line for line in shown.by_time}
    return [
        Point(
            labels.on_axis(period, key, words, zone),
            labels.of_part(period, key, words, zone),
            # an hour to come has no calls, not zero
            None if isinstance(key, datetime) and key > now else lines.get(key),
        )
        for key in period.parts(zone)
    ]


def _by_time(painter: Painter, points: list[Point], period: Period) -> Iterator[Picture]:
    drawn = [painter.calls(points)]
    if period.kind != "day":  # an hour has too few calls for a rate
        drawn += [painter.level(points, unit=_PARTS[period.kind]), painter.speed(points)]
    yield from (each for each in drawn if each is not None)


def _trend(session: Session, shown: Report, reader: Reader) -> Picture | None:
    period, words = shown.period, reader.words
    if period.kind == "day":
        first = period.first - timedelta(days=TREND_DAYS - 1)
        periods = [Period.day(first + timedelta(days=n)) for n in range(TREND_DAYS)]
        label: Callable[[date, str], str] = i18n.short_day
    elif period.kind == "month":
        months = range(TREND_MONTHS - 1, -1, -1)
        periods = [period.around(period.first - relativedelta(months=n)) for n in months]
        label = labels.month_of_year
    else:
        return None
    days = past.by_day(session, periods[0].first, period.first - timedelta(days=1), reader.how)

    def point(each: Period) -> Point:
        line: Line | None = shown.total
        if each != period:
            line = summed(each.first, each.last, days, reader.how.formula)
        return Point(label(each.first, words.language), labels.title(each, words), line, each.path)

    return reader.painter.trend(list(map(point, periods)), unit=period.kind)


def _patterns(
    session: Session, period: Period, reader: Reader, now: datetime, facts: LiveFacts | None
) -> tuple[Picture | None, Picture | None]:
    if period.kind == "day":
        return None, None
    span = Span(period.first, min(period.last, clock.local_day(now, reader.zone)))
    found: Patterns = patterns(session, span, reader.how, now=now, facts=facts)
    painter = reader.painter
    return painter.week(found.hours, span), painter.areas(found, reader.shapes(), span)


def shapes(desk: Tickets) -> Mapping[str, Mapping[str, Any]]:
    """Geometries (GeoJSON) of the city's own areas, by their ids."""
    areas = desk.areas
    pairs = zip(areas.areas.values(), areas.shapes, strict=True)
    return {area.id: mapping(shape) for area, shape in pairs if not area.outside}
