"""What a period is compared with, and what the difference says. Pure.

A day is compared with the same weekday a week before, a month with the month before and the same
month a year before, a fiscal year with the one before. One that is not over is compared with the
same part of the earlier one: as many days, and of the last as many quarters of an hour.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from hotline import clock
from reports.metrics import INTERVAL, Metric
from reports.view import Line, Period

_ONE_DAY: Final = timedelta(days=1)


class With(StrEnum):
    """What something is compared with."""

    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


_BACK: Final[Mapping[With, Callable[[date], date]]] = {
    With.WEEK: lambda day: day - timedelta(days=7),
    With.MONTH: lambda day: day - relativedelta(months=1),
    With.YEAR: lambda day: day - relativedelta(years=1),
}
_OF: Final[Mapping[str, tuple[With, ...]]] = {
    "day": (With.WEEK,),
    "month": (With.MONTH, With.YEAR),
    "year": (With.YEAR,),
}


class Way(StrEnum):
    """Which way is good."""

    MORE = "more"
    LESS = "less"


#: Of the others neither is: more calls are neither good nor bad, and no more is a long talk.
GOOD: Final[Mapping[str, Way]] = {
    "service_level": Way.MORE,
    "answer_rate": Way.MORE,
    "abandoned": Way.LESS,
    "abandon_rate": Way.LESS,
    "average_wait": Way.LESS,
}


@dataclass(frozen=True)
class Stretch:
    """Local days, both included; of the last one only what began before `until` (UTC), where that
    is given. `period` is the day, month or year that they are of.
    """

    kind: With
    period: Period
    first: date
    last: date
    until: datetime | None = None

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def whole(self) -> bool:
        """It is all of its period."""
        return self.until is None and self.last == self.period.last


def earlier(period: Period, *, now: datetime, zone: ZoneInfo) -> list[Stretch]:
    """What `period` is compared with as things stand `now`; nothing for one that has not begun."""
    today = clock.local_day(now, zone)
    if period.first > today:
        return []
    return [_stretch(period, kind, today, now, zone) for kind in _OF[period.kind]]


def _stretch(period: Period, kind: With, today: date, now: datetime, zone: ZoneInfo) -> Stretch:
    back = _BACK[kind]
    then = period.around(back(period.first))
    last = back(today)
    # a day that the shorter month has not got: then all of that month is as far as this one
    if today > period.last or (last.day != today.day and kind is not With.WEEK):
        return Stretch(kind, then, then.first, then.last if today > period.last else last)
    return Stretch(kind, then, then.first, last, _same_time(now, today, last, zone))


def _same_time(now: datetime, today: date, day: date, zone: ZoneInfo) -> datetime:
    """The quarter of an hour of `day` that is nearest to the time of day that it is."""
    quarters = round((now - clock.midnight(today, zone)) / INTERVAL)
    start, end = clock.day_bounds(day, zone)
    return min(end, start + quarters * INTERVAL)


@dataclass(frozen=True)
class Against:
    """What was, and how much of it is known."""

    stretch: Stretch
    line: Line
    #: How many of its days are counted, and how many of those an import brought.
    known: int
    imported: int
    #: How many were counted by earlier settings: their service level is another promise's.
    outdated: int = 0

    @property
    def complete(self) -> bool:
        return self.known == self.stretch.days

    def measures(self, metric: Metric) -> bool:
        """Whether a number is one to compare with: of all its days, and counted as it is today."""
        by_settings = metric.id in ("service_level", "answered_in_threshold", "short_abandoned")
        return self.complete and not (by_settings and self.outdated)


@dataclass(frozen=True)
class Difference:
    """How much more there is than there was, in the number's unit, and as a share of what was."""

    absolute: float
    #: None: of nothing, or of a number that is a share itself.
    relative: float | None
    #: None where neither way is good, or nothing has changed.
    better: bool | None


def difference(metric: Metric, number: float | None, was: float | None) -> Difference | None:
    """None where there is nothing to compare."""
    if number is None or was is None:
        return None
    absolute = number - was
    relative = None if metric.unit == "share" or not was else absolute / was
    good = GOOD.get(metric.id)
    better = None if good is None or not absolute else (absolute > 0) == (good is Way.MORE)
    return Difference(absolute, relative, better)
