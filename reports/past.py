"""What is stored of days that are over: what comparisons and trends are made of.

Only days that are counted for good are in it. One that no night has counted, or that an import has
changed since, is not known, and what it is a part of says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import clock
from reports import service, source
from reports.compare import Against, Stretch
from reports.metrics import COUNTER_NAMES, WAIT_BUCKETS, Counters, rates, total
from reports.models import ReportDay, call_days
from reports.service import How
from reports.untold import of_days
from reports.view import Line

#: What comparisons show needs no buckets, which are a third of what is stored.
_COMPARED: Final = tuple(name for name in COUNTER_NAMES if name not in WAIT_BUCKETS)
#: What calls, service levels (of every formula) and waits are worked out from.
_TREND: Final = (
    "calls",
    "not_queued",
    "offered",
    "answered",
    "answered_in_threshold",
    "abandoned",
    "abandoned_in_threshold",
    "short_abandoned",
    "left_queue",
    "left_for_callback",
    "callbacks_reached",
    "wait_answered_ms",
)


@dataclass(frozen=True)
class Known:
    """The days of a span that are counted for good, which of them an import brought, and which by
    earlier settings.
    """

    days: frozenset[date]
    imported: frozenset[date]
    #: Counted by other settings than those of now.
    outdated: frozenset[date]


def known(session: Session, first: date, last: date, how: How) -> Known:
    """Of the local days `first` to `last`, both included."""
    changed = source.days_to_count(session, first, last)
    rows = session.execute(
        sa.select(ReportDay.day, ReportDay.counted_at, ReportDay.imported, ReportDay.rules).where(
            ReportDay.day.between(first, last)
        )
    )
    days = {
        day: (imported, rules != how.mark)
        for day, counted_at, imported, rules in rows
        if day not in changed and clock.local_day(counted_at, how.zone) > day
    }
    return Known(
        frozenset(days),
        frozenset(day for day, (imported, _) in days.items() if imported),
        frozenset(day for day, (_, outdated) in days.items() if outdated),
    )


def by_day(session: Session, first: date, last: date, how: How) -> dict[date, Counters]:
    """Each known day's sums, in order; other counters than those of a trend are 0."""
    there = known(session, first, last, how).days
    table = call_days.c
    rows = session.execute(
        sa.select(table.day, *(sa.func.sum(table[name]) for name in _TREND))
        .where(table.day.between(first, last))
        .group_by(table.day)
    )
    sums = {row[0]: Counters(**_named(_TREND, row[1:])) for row in rows}
    return {day: sums.get(day, Counters()) for day in sorted(there)}


def against(session: Session, stretch: Stretch, how: How) -> Against:
    """What there was in a stretch; of the days that are not known nothing is in it."""
    there = known(session, stretch.first, stretch.last, how)
    whole = stretch.last - timedelta(days=stretch.until is not None)
    cells = [_sums(session, stretch.first, whole, there.days)]
    if stretch.until is not None and stretch.last in there.days:
        cells += (
            row.counters
            for row in service.rows(session, stretch.last, stretch.last)
            if row.interval_start is not None and row.interval_start < stretch.until
        )
    counters = total(cells)
    span = {"from": stretch.first.isoformat(), "until": stretch.last.isoformat()}
    untold = of_days(session, stretch.first, stretch.last, how).of(stretch.first, stretch.last)
    line = Line(stretch.first, counters, rates(counters, how.formula), span, untold)
    return Against(stretch, line, len(there.days), len(there.imported), len(there.outdated))


def _sums(session: Session, first: date, last: date, there: frozenset[date]) -> Counters:
    table = call_days.c
    columns: list[Any] = [
        (sa.func.max if name.endswith("_max_ms") else sa.func.sum)(table[name])
        for name in _COMPARED
    ]
    number = max(0, (last - first).days + 1)
    unknown = {first + timedelta(days=n) for n in range(number)} - there
    asked = sa.select(*columns).where(table.day.between(first, last))
    if len(unknown) == number:
        return Counters()
    # the shorter list: a year of days is a long one
    kept = sorted({first + timedelta(days=n) for n in range(number)} & there)
    if len(kept) < len(unknown):
        asked = asked.where(table.day.in_(kept))
    elif unknown:
        asked = asked.where(table.day.not_in(unknown))
    return Counters(**_named(_COMPARED, session.execute(asked).one()))


def _named(names: tuple[str, ...], numbers: Any) -> Mapping[str, int]:
    # PostgreSQL sums integers to Decimal; the sum of no row is none
    return {name: int(number or 0) for name, number in zip(names, numbers, strict=True)}
