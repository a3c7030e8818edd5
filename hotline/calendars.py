"""When an office is open: weekly hours, the country's holidays, and dated exceptions, which win.

Pure: the moment is an argument, aware and in the office's time zone. The hours are those of the
clock on the wall. When that clock is put forward over the beginning or the end of a span, the span
begins or ends at the jump; when it is put back, a span begins at the first and ends at the last
time that its hour is shown, so that nobody finds closed what was promised open.

A span past midnight belongs to the day on which it begins: it runs on into a holiday, and one of a
closed day does not begin at all.

`hotline.config.Calendar` is what stands in config.yaml; here are the rules.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import Enum
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple, Protocol

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY: Final = 24 * 60
#: A span past midnight that is longer (minutes) is taken for one written the wrong way round.
LONGEST_NIGHT: Final = 16 * 60
#: So many days ahead is looked for an opening.
HORIZON: Final = 400

_SPAN: Final = re.compile(r"(\d{1,2}):(\d\d)\s*[-–]\s*(\d{1,2}):(\d\d)")

#: A name by language: (("th", "วันรัฐธรรมนูญ"), ("en", "Constitution Day")).
Names = tuple[tuple[str, str], ...]


class Span(NamedTuple):
    """Open from `start` until before `end`, in minutes of the day; above 1440 on the next one."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class DatedHours:
    """What holds on one date instead of everything else; no spans: closed."""

    spans: tuple[Span, ...] = ()
    names: Names = ()


@dataclass(frozen=True, slots=True)
class Hours:
    """A calendar as the rules read it."""

    #: The spans of Monday to Sunday.
    weekly: tuple[tuple[Span, ...], ...]
    #: Closed on the holidays of the country, but for `working`.
    holidays: bool = False
    dates: Mapping[date, DatedHours] = field(default_factory=dict)
    working: frozenset[date] = frozenset()


class Calendar(Protocol):
    """Whatever has hours (`hotline.config.Calendar`)."""

    @property
    def hours(self) -> Hours:
        """Its hours."""
        ...


class Reason(Enum):
    """Why a day's hours are what they are."""

    WEEKLY = "weekly"
    HOLIDAY = "holiday"
    EXCEPTION = "exception"


class Plan(NamedTuple):
    """The hours of one day, and why: with the name of the holiday or exception, where known."""

    day: date
    spans: tuple[Span, ...]
    reason: Reason
    names: Names = ()


# ---------------------------------------------------------------------------------- the country's


class Holidays:
    """The public holidays of a country (ISO code), by the library `holidays`, kept by the year.

    Also those of government offices, where the library tells them apart. What it knows and what it
    cannot know: docs/calendars.md.
    """

    def __init__(self, country: str) -> None:
        self.country = country
        self._days: dict[int, frozenset[date]] = {}
        self._names: dict[int, Mapping[date, Names]] = {}

    def __contains__(self, day: date) -> bool:
        known = self._days.get(day.year)
        if known is None:
            known = self._days[day.year] = frozenset(self._of_year(day.year, None))
        return day in known

    def names(self, day: date) -> Names:
        """The name of the holiday in every language that the library has; () for a working day."""
        if day not in self:
            return ()
        if day.year not in self._names:
            self._names[day.year] = self._named(day.year)
        return self._names[day.year][day]

    def _named(self, year: int) -> Mapping[date, Names]:
        names: dict[date, Names] = {}
        for language in _languages(self.country):
            for day, name in self._of_year(year, language).items():
                code = (language or "en").partition("_")[0]
                # one day can have several names
                names[day] = (*names.get(day, ()), (code, name.replace("; ", ", ")))
        return names

    def _of_year(self, year: int, language: str | None) -> dict[date, str]:
        import holidays

        known = holidays.country_holidays(
            self.country,
            years=year,
            expand=False,
            language=language,
            categories=_categories(self.country),
        )
        return dict(known)


@lru_cache(maxsize=8)
def holidays_of(country: str) -> Holidays:
    """The holidays of a country, one table for the whole process."""
    return Holidays(country)


def is_known(country: str) -> bool:
    """Whether the library has the holidays of this country (two letters)."""
    import holidays

    # its own list of them would read those of all countries, at the start of every process
    return hasattr(holidays, country)


def _languages(country: str) -> Sequence[str | None]:
    import holidays

    # one that names its holidays in one language only lists none: those are in the library's own
    return holidays.list_localized_countries().get(country) or [None]


def _categories(country: str) -> tuple[str, ...]:
    import holidays

    known = holidays.country_holidays(country, expand=False).supported_categories
    return tuple(each for each in ("public", "government") if each in known)


# --------------------------------------------------------------------------------------- the rules


def plan(calendar: Calendar, day: date, holidays: Holidays) -> Plan:
    """The hours of `day`: the exception of the date, else the holiday, else those of the week."""
    hours = calendar.hours
    exception = hours.dates.get(day)
    if exception is not None:
        return Plan(day, exception.spans, Reason.EXCEPTION, exception.names)
    if hours.holidays and day not in hours.working and day in holidays:
        return Plan(day, (), Reason.HOLIDAY, holidays.names(day))
    return Plan(day, hours.weekly[day.weekday()], Reason.WEEKLY)


def days(calendar: Calendar, year: int, holidays: Holidays) -> list[Plan]:
    """Every day of a (Gregorian) year."""
    first, after = date(year, 1, 1), date(year + 1, 1, 1)
    return [
        plan(calendar, first + timedelta(days=n), holidays) for n in range((after - first).days)
    ]


def is_open(calendar: Calendar, at_local: datetime, holidays: Holidays) -> bool:
    """Whether it is open at this moment (aware, in the office's time zone)."""
    at = at_local.astimezone(UTC)
    return any(start <= at < end for start, end in periods(calendar, at_local, holidays, 1))


def next_opening(calendar: Calendar, at_local: datetime, holidays: Holidays) -> datetime | None:
    """The first moment from `at_local` on that is open, in the same time zone: `at_local` itself
    when it is open. None when nothing opens within `HORIZON` days.
    """
    at = at_local.astimezone(UTC)
    for start, end in periods(calendar, at_local, holidays, HORIZON):
        if at < end:
            return max(start, at).astimezone(at_local.tzinfo)
    return None


def periods(
    calendar: Calendar, at_local: datetime, holidays: Holidays, ahead: int
) -> Iterator[tuple[datetime, datetime]]:
    """What is open (UTC, half-open), day by day from the day before `at_local` on, `ahead` days
    far. The night of one day may overlap with what a date says of the next.
    """
    zone = at_local.tzinfo
    if zone is None:
        raise ValueError(f"a moment without a time zone: {at_local!r}")
    yesterday = at_local.date() - timedelta(days=1)
    for n in range(ahead + 1):
        day = yesterday + timedelta(days=n)
        yield from _moments(_spans(calendar.hours, day, holidays), day, zone)


def _spans(hours: Hours, day: date, holidays: Holidays) -> tuple[Span, ...]:
    """The same as in `plan`, without the names, which take long to look up the first time."""
    exception = hours.dates.get(day)
    if exception is not None:
        return exception.spans
    if hours.holidays and day not in hours.working and day in holidays:
        return ()
    return hours.weekly[day.weekday()]


# the same few days are asked for in every call
@lru_cache(maxsize=2048)
def _moments(
    spans: tuple[Span, ...], day: date, zone: tzinfo
) -> tuple[tuple[datetime, datetime], ...]:
    periods = (
        (_moment(day, start, zone, last=False), _moment(day, end, zone, last=True))
        for start, end in spans
    )
    # what the clock skips as a whole never is
    return tuple((start, end) for start, end in periods if start < end)


def _moment(day: date, minutes: int, zone: tzinfo, *, last: bool) -> datetime:
    """The moment (UTC) at which the clock shows this; the first or `last` of two."""
    wall = datetime.combine(day, time(), zone) + timedelta(minutes=minutes)
    once, again = wall.astimezone(UTC), wall.replace(fold=1).astimezone(UTC)
    if once <= again:
        return again if last else once
    return _jump(again, once, zone)


def _jump(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The second at which the clock is put forward, between two moments around it (UTC)."""
    offset = before.astimezone(zone).utcoffset()
    seconds = int((after - before).total_seconds())
    low, high = 0, seconds
    while high - low > 1:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return before + timedelta(seconds=high)


# ------------------------------------------------------------------------- as it stands in a file


def span(text: str) -> Span:
    """Read 08:30-12:00, or 22:00-06:00 past midnight; raises ValueError with what is wrong."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f'"{text}" is not a span of time such as 08:30-12:00')
    hour, minute, end_hour, end_minute = map(int, found.groups())
    start, end = 60 * hour + minute, 60 * end_hour + end_minute
    if minute > 59 or end_minute > 59 or start >= DAY or end > DAY:
        raise ValueError(f'"{text}": there is no such time; a day runs from 00:00 to 24:00')
    if start == end:
        raise ValueError(f'"{text}" is empty; the whole day is 00:00-24:00')
    if end > start:
        return Span(start, end)
    if end + DAY - start > LONGEST_NIGHT:
        raise ValueError(
            f'"{text}" ends before it begins (past midnight at most {LONGEST_NIGHT // 60} hours)'
        )
    return Span(start, end + DAY)


def spans(texts: Sequence[str]) -> tuple[Span, ...]:
    """Read the spans of a day, in order; raises ValueError when two of them overlap."""
    read = sorted((span(text), text) for text in texts)
    for (earlier, before), (later, after) in pairwise(read):
        if later.start < earlier.end:
            raise ValueError(f'"{before}" and "{after}" overlap')
    return tuple(each for each, _ in read)


def weekdays(text: str) -> Collection[int]:
    """Read mon, mon-fri or sat-sun: numbers from Monday, 0; raises ValueError."""
    first, _, last = text.strip().lower().partition("-")
    unknown = [each for each in (first, last or first) if each not in WEEKDAYS]
    if unknown:
        raise ValueError(f'no such day of the week "{unknown[0]}" (there are {" ".join(WEEKDAYS)})')
    start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
    return [n % 7 for n in range(start, end + 1 if end >= start else end + 8)]
