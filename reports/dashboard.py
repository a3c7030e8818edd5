"""The hotline as it is at this moment, today against the same weekday a week before, and the last
weeks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from hotline import clock, i18n
from reports import compare, labels, past, service, view
from reports.compare import Against
from reports.metrics import Cell, Counters
from reports.pictures import Point, summed
from reports.service import How, Row
from reports.today import Today
from reports.view import Line, Period, Report
from reports.wording import Wording

#: Whole weeks, from Monday to Sunday.
WEEKS: Final = 13
_WEEK: Final = timedelta(days=7)
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class SoFar:
    """Today's lines, and what a week ago is known until this time of day."""

    cells: Mapping[Cell, Counters]
    report: Report
    against: list[Against]


def so_far(session: Session, today: Today, how: How, *, now: datetime) -> SoFar:
    """Today until `now`, from the events."""
    period = Period.day(clock.local_day(now, how.zone))
    cells = today.cells(session, now)
    rows = [
        Row(period.first, cell.interval_start, cell.queue, cell.language, counters)
        for cell, counters in cells.items()
    ]
    stretches = compare.earlier(period, now=now, zone=how.zone)
    return SoFar(
        cells,
        _report(period, rows, how),
        [past.against(session, stretch, how) for stretch in stretches],
    )


def _report(period: Period, rows: list[Row], how: How) -> Report:
    return view.report(period, rows, zone=how.zone, until=period.last, service_level=how.formula)


def hours(
    session: Session, found: SoFar, words: Wording, how: How, *, now: datetime
) -> list[tuple[Point, Line | None]]:
    """Each hour of today (None: it has not come), and the same a week before."""
    period = found.report.period
    before = Period.day(period.first - _WEEK)
    then: list[Line] | None = None
    lines = zip(period.parts(how.zone), found.report.by_time, strict=True)
    if before.first in past.known(session, before.first, before.last, how).days:
        rows = service.rows(session, before.first, before.last)
        then = _report(before, rows, how).by_time
    return [
        (
            Point(
                labels.on_axis(period, key, words, how.zone),
                labels.of_part(period, key, words, how.zone),
                line if isinstance(key, datetime) and key <= now else None,
            ),
            # on the days on which clocks are changed there are 23 or 25
            then[number] if then and number < len(then) else None,
        )
        for number, (key, line) in enumerate(lines)
    ]


def outdated(session: Session, today: date, how: How) -> int:
    """How many days of the last whole weeks are counted by earlier settings."""
    monday = today - timedelta(days=today.weekday())
    first, last = monday - WEEKS * _WEEK, monday - _ONE_DAY
    return len(past.known(session, first, last, how).outdated)


def weeks(session: Session, today: date, words: Wording, how: How) -> list[Point]:
    """The last whole weeks; one of which a day is not known has no line."""
    monday = today - timedelta(days=today.weekday())
    first = monday - WEEKS * _WEEK
    days: Mapping[date, Counters] = past.by_day(session, first, monday - _ONE_DAY, how)
    starts = [first + n * _WEEK for n in range(WEEKS)]
    return [
        Point(
            i18n.short_day(start, words.language),
            i18n.days((start + n * _ONE_DAY for n in range(7)), words.language),
            summed(start, start + _WEEK - _ONE_DAY, days, how.formula),
        )
        for start in starts
    ]
