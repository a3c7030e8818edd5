"""When somebody works: a rule of repetition, what is changed on single days, what conflicts.

Pure: no row and no clock; the time zone is an argument. A shift begins at a local time of a local
day and lasts so many minutes of real time, so that a night in which the clocks change ends an hour
earlier or later on the wall (as RFC 5545 has it, 3.8.5.3). Moments are UTC.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

ONE_DAY: Final = timedelta(days=1)
#: Minutes of the shortest shift and of the longest.
SHORTEST, LONGEST = 15, 24 * 60 - 1
#: No roster reaches further than this, in days and in repetitions.
FARTHEST, MOST = 3660, 1000
WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
#: What a rule may say, by how often it comes. Other parts of RFC 5545 are about hours, or may
#: never come true.
_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "DAILY": ("INTERVAL", "BYDAY"),
    "WEEKLY": ("INTERVAL", "BYDAY", "WKST"),
    "MONTHLY": ("INTERVAL", "BYDAY", "BYMONTHDAY"),
}
#: What says nothing, since it holds anyway.
_SILENT: Final = {("INTERVAL", "1"), ("WKST", "MO")}
#: Repetitions further apart than this, in their own unit, are none. With more than half a year
#: between, a rule of months may never come true (the 30th of February), and is looked for long.
_WIDEST: Final = {"DAILY": 400, "WEEKLY": 52, "MONTHLY": 6}
_DAYS_OF_MONTH: Final = {str(each) for each in [*range(-31, 0), *range(1, 32)]}
_WEEKDAY_OF_MONTH: Final = re.compile(r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)")


class BadRule(ValueError):
    """A rule of repetition that a roster cannot have; says why, in English."""


class Kind(StrEnum):
    """What became of a shift on one day."""

    PLANNED = "planned"
    #: It does not take place.
    OFF = "off"
    #: At another time, or for longer or shorter.
    MOVED = "moved"
    #: Somebody else works it.
    SWAPPED = "swapped"


@dataclass(frozen=True, slots=True)
class Change:
    """An exception: what holds instead on one day of a series, and why."""

    kind: Kind
    reason: str
    #: Who works it, from when (local) and for how many minutes; a day off keeps what was planned.
    agent_id: int
    day: date
    start: time
    minutes: int


@dataclass(frozen=True, slots=True)
class Series:
    """A shift that repeats by a rule (RFC 5545, without UNTIL and COUNT), or, with "", comes once.

    Each time that the rule comes true, counted from `anchor`, `run` days in a row are worked, those
    of them that are not before `first_day` nor after `last_day`.
    """

    id: int
    agent_id: int
    uid: str
    first_day: date
    start: time
    minutes: int
    #: The day from which the rule counts: `first_day`, or an earlier one where a series goes on.
    anchor: date
    rule: str = ""
    run: int = 1
    last_day: date | None = None
    note: str = ""
    version: int = 1
    changes: Mapping[date, Change] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shift:
    """One shift of one day. `on` is the day for which it was planned, by which it is known."""

    series: Series
    on: date
    agent_id: int
    day: date
    start: datetime
    end: datetime
    kind: Kind
    reason: str = ""

    @property
    def works(self) -> bool:
        """Whether it takes place."""
        return self.kind is not Kind.OFF


# ---------------------------------------------------------------- a rule


class Pattern(StrEnum):
    """How a shift repeats, as it is chosen on a form."""

    ONCE = "once"
    WEEKLY = "weekly"
    ON_OFF = "on_off"
    #: A rule of a calendar file that the form does not have.
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Repeat:
    """A rule in words: on these weekdays (0 is Monday) of every so many weeks; or `on` days of work
    and `off` days without.
    """

    pattern: Pattern = Pattern.ONCE
    weekdays: tuple[int, ...] = ()
    every: int = 1
    on: int = 4
    off: int = 2


def rule_of(repeat: Repeat) -> tuple[str, int]:
    """The rule and the days in a row; raises BadRule."""
    if repeat.pattern is Pattern.ONCE:
        return "", 1
    if repeat.pattern is Pattern.WEEKLY:
        days = ",".join(WEEKDAYS[each] for each in sorted(set(repeat.weekdays)))
        if not days:
            raise BadRule("no day of the week")
        return canonical(f"FREQ=WEEKLY;INTERVAL={repeat.every};BYDAY={days}"), 1
    if repeat.on < 1 or repeat.off < 1:
        raise BadRule("at least one day on and one day off")
    return canonical(f"FREQ=DAILY;INTERVAL={repeat.on + repeat.off}"), repeat.on


def repeat_of(rule: str, run: int) -> Repeat:
    """The rule in words, as far as the form has words for it."""
    if not rule:
        return Repeat()
    parts = _parts_of(rule)
    interval, days = int(parts.get("INTERVAL", "1")), parts.get("BYDAY", "").split(",")
    told = set(parts) <= {"FREQ", "INTERVAL", "BYDAY"}
    if told and parts["FREQ"] == "WEEKLY" and set(days) <= set(WEEKDAYS):
        return Repeat(Pattern.WEEKLY, tuple(WEEKDAYS.index(each) for each in days), interval)
    if set(parts) <= {"FREQ", "INTERVAL"} and parts["FREQ"] == "DAILY" and run < interval:
        return Repeat(Pattern.ON_OFF, on=run, off=interval - run)
    return Repeat(Pattern.OTHER)


def canonical(rule: str) -> str:
    """The same rule in the one form in which it is kept; raises BadRule for one that is not ours.

    UNTIL and COUNT are no part of it: they are the last day of a series.
    """
    parts = _parts_of(rule)
    often = parts.get("FREQ", "")
    if often not in _PARTS:
        raise BadRule(f"FREQ={often or '?'}: a shift repeats {', '.join(_PARTS)}")
    if unknown := set(parts) - {"FREQ", *_PARTS[often]}:
        raise BadRule(f"{', '.join(sorted(unknown))}: not with FREQ={often}")
    if not 1 <= _number(parts.get("INTERVAL", "1")) <= _WIDEST[often]:
        raise BadRule(f"INTERVAL: 1 to {_WIDEST[often]}")
    _check_days(parts)
    said = [(name, parts[name]) for name in _PARTS[often] if name in parts]
    kept = [f"FREQ={often}", *(f"{name}={value}" for name, value in said
                               if (name, value) not in _SILENT)]  # fmt: skip
    written = ";".join(kept)
    try:
        rrulestr(written, dtstart=_naive(date(2026, 1, 1)))
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise BadRule(str(error) or written) from error
    return written


def _check_days(parts: Mapping[str, str]) -> None:
    """Raise BadRule for days that may never be."""
    by_day, by_date = (parts[n].split(",") if n in parts else [] for n in ("BYDAY", "BYMONTHDAY"))
    if not all(_WEEKDAY_OF_MONTH.fullmatch(each) for each in by_day):
        raise BadRule(f"BYDAY={parts['BYDAY']}")
    if not set(by_date) <= _DAYS_OF_MONTH:
        raise BadRule(f"BYMONTHDAY={parts['BYMONTHDAY']}")
    if by_day and (by_date or (parts["FREQ"] == "DAILY" and parts.get("INTERVAL", "1") != "1")):
        raise BadRule("BYDAY: not with other conditions")


def _parts_of(rule: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in rule.upper().replace(" ", "").split(";") if part)
    return {name: value for name, _, value in pairs}


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 6 else 0


def _naive(day: date) -> datetime:
    """A local day as dateutil counts them, which is not asked for hours here."""
    return datetime.combine(day, time.min)


@lru_cache(maxsize=1024)
def _rule(rule: str, anchor: date) -> rrule:
    # it counts from its anchor each time that it is asked, which may be years ago, unless it keeps
    # what it has found
    found = rrulestr(rule, dtstart=_naive(anchor), cache=True)
    assert isinstance(found, rrule)
    return found


def nth_day(series: Series, count: int) -> date:
    """The day of the `count`-th shift of a series without an end; raises BadRule when there is no
    such day within ten years.
    """
    if not 1 <= count <= MOST:
        raise BadRule(f"COUNT: 1 to {MOST}")
    if not series.rule:
        return series.first_day
    until = _naive(series.first_day + timedelta(days=FARTHEST))
    starts = _rule(series.rule, series.anchor).replace(until=until)
    days = (
        day
        for each in starts
        for n in range(series.run)
        if (day := each.date() + n * ONE_DAY) >= series.first_day
    )
    found = next(islice(days, count - 1, count), None)
    if found is None:
        raise BadRule("the rule does not come true so often")
    return found


def happens(series: Series) -> bool:
    """Whether a series has any shift at all, within ten years."""
    last = series.first_day + timedelta(days=FARTHEST)
    return next(planned_days(series, series.first_day, last), None) is not None


# ---------------------------------------------------------------- the shifts of some days


def planned_days(series: Series, first: date, last: date) -> Iterator[date]:
    """The days from `first` to `last` (both included) for which the rule plans a shift."""
    first = max(first, series.first_day)
    last = last if series.last_day is None else min(last, series.last_day)
    if not series.rule:
        starts = [series.anchor]
    else:
        begin = first - (series.run - 1) * ONE_DAY
        found = _rule(series.rule, series.anchor).between(_naive(begin), _naive(last), inc=True)
        starts = [each.date() for each in found]
    days = {each + n * ONE_DAY for each in starts for n in range(series.run)}
    yield from sorted(each for each in days if first <= each <= last)


def moment(day: date, start: time, zone: ZoneInfo) -> datetime:
    """A local time as a moment; one that the clocks jump over is as much later."""
    return datetime.combine(day, start, tzinfo=zone).astimezone(UTC)


def on_day(series: Series, on: date, zone: ZoneInfo) -> Shift:
    """The shift that was planned for the day `on` (which is not asked), as it is now."""
    change = series.changes.get(on)
    if change is None:
        return _shift(series, on, Kind.PLANNED, series.agent_id, on, series.start, series.minutes,
                      "", zone)  # fmt: skip
    return _shift(series, on, change.kind, change.agent_id, change.day, change.start,
                  change.minutes, change.reason, zone)  # fmt: skip


def _shift(
    series: Series, on: date, kind: Kind, agent_id: int, day: date, start: time, minutes: int,
    reason: str, zone: ZoneInfo,
) -> Shift:  # fmt: skip
    begin = moment(day, start, zone)
    end = begin + timedelta(minutes=minutes)
    return Shift(series, on, agent_id, day, begin, end, kind, reason)


def shifts(
    of: Iterable[Series], first: date, last: date, zone: ZoneInfo, *, also_off: bool = False
) -> list[Shift]:
    """The shifts that are worked on the local days `first` to `last` (those that begin there), by
    their beginning; with `also_off` those too that do not take place.
    """
    found = [
        shift
        for series in of
        for on in _days(series, first, last)
        if first <= (shift := on_day(series, on, zone)).day <= last and (shift.works or also_off)
    ]
    return sorted(found, key=lambda each: (each.start, each.end, each.agent_id, each.series.id))


def _days(series: Series, first: date, last: date) -> set[date]:
    """Planned for these days, or moved to them from any other."""
    moved = {on for on, change in series.changes.items() if first <= change.day <= last}
    return moved | set(planned_days(series, first, last))


def now(of: Iterable[Series], at: datetime, zone: ZoneInfo) -> list[Shift]:
    """The shifts that are worked at this moment: from their beginning, up to their end."""
    today = at.astimezone(zone).date()
    around = shifts(of, today - 2 * ONE_DAY, today, zone)
    return [each for each in around if each.start <= at < each.end]


# ---------------------------------------------------------------- conflicts, heads


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two shifts of one agent that overlap (`gap` below zero), or leave too little rest."""

    earlier: Shift
    later: Shift
    gap: timedelta

    @property
    def overlaps(self) -> bool:
        """Whether somebody would be at two places at once."""
        return self.gap < timedelta()


def conflicts(of: Iterable[Shift], rest: timedelta) -> list[Conflict]:
    """Each shift with the one before it of the same agent, where there is less than `rest`."""
    found: list[Conflict] = []
    latest: dict[int, Shift] = {}
    for shift in sorted(of, key=lambda each: (each.start, each.end)):
        before = latest.get(shift.agent_id)
        if before is not None and shift.start - before.end < rest:
            found.append(Conflict(before, shift, shift.start - before.end))
        if before is None or shift.end > before.end:
            latest[shift.agent_id] = shift
    return found


def heads(of: Sequence[Shift], hours: Iterable[datetime]) -> list[int]:
    """For each hour (its beginning) the fewest agents who are planned at any moment of it."""
    return [min(_at(of, each) for each in _moments(of, hour)) for hour in hours]


def _moments(of: Sequence[Shift], hour: datetime) -> set[datetime]:
    end = hour + timedelta(hours=1)
    changes = {each for shift in of for each in (shift.start, shift.end) if hour <= each < end}
    return {hour, *changes}


def _at(of: Sequence[Shift], at: datetime) -> int:
    return len({each.agent_id for each in of if each.start <= at < each.end})
