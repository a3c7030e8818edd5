"""Reads moments and lengths of time as an old exchange wrote them. Pure.

Stricter than `strptime`, and for more: a day that only the Buddhist calendar has (29/02/2567 is the
29th of February 2024) is read as written, a two-digit year only where the map says which century is
meant, and an hour that a change of the clocks skips or repeats only by the rule that the map gives.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import get_month_names

BUDDHIST_ERA = 543
#: What a format is made of: a directive of `strptime`, and the figures that it takes.
DIRECTIVES: Mapping[str, str] = {
    "%Y": r"(?P<year>\d{4})",
    "%y": r"(?P<short_year>\d{2})",
    "%m": r"(?P<month>\d{1,2})",
    "%b": r"(?P<month_name>[^\W\d_][^\s\d/,-]*)",
    "%d": r"(?P<day>\d{1,2})",
    "%H": r"(?P<hour>\d{1,2})",
    "%I": r"(?P<hour12>\d{1,2})",
    "%p": r"(?P<half>[AaPp])\.?[Mm]\.?",
    "%M": r"(?P<minute>\d{2})",
    "%S": r"(?P<second>\d{2})",
    "%f": r"(?P<fraction>\d{1,6})",
    "%z": r"(?P<offset>Z|[+-]\d{2}:?\d{2})",
    "%s": r"(?P<epoch>\d{1,11})(?:\.(?P<epoch_fraction>\d{1,6})\d*)?",
}
_DIRECTIVE = re.compile("%.")
_LENGTH = re.compile(r"(?:(?P<hours>\d+):)?(?P<minutes>\d{1,2}):(?P<seconds>\d{2})")

Choice = Literal["refuse", "first", "second"]


class Unreadable(ValueError):
    """A text that is no moment, or no length of time; says why, in words for a reject file."""


class FormatError(ValueError):
    """A format that cannot be one."""


@dataclass(frozen=True)
class Parts:
    """What a text says of a moment: a day, a time of day, or both; or all of it (`at`)."""

    day: date | None = None
    clock: time | None = None
    at: datetime | None = None
    offset: timezone | None = None


@dataclass(frozen=True)
class Calendar:
    """How years are written: `era` of them, the century of two figures (None: refused), and years
    that the old exchange had wrong by so many.
    """

    buddhist: bool = False
    two_digits_from: int | None = None
    shift: int = 0

    def year(self, found: Mapping[str, str | None]) -> int:
        """The year of our era."""
        if (written := found.get("year")) is not None:
            year = int(written)
        else:
            assert self.two_digits_from is not None, "the map has been checked"
            year = (
                self.two_digits_from
                + (int(found["short_year"] or 0) - self.two_digits_from % 100) % 100
            )
        return year - (BUDDHIST_ERA if self.buddhist else 0) + self.shift


@cache
def pattern(written: str) -> re.Pattern[str]:
    """The format as an expression. Raises FormatError for an unknown or repeated directive."""
    parts, last = [], 0
    for found in _DIRECTIVE.finditer(written):
        if found.group() not in DIRECTIVES:
            raise FormatError(f"{found.group()} is not one of {' '.join(DIRECTIVES)}")
        parts += [re.escape(written[last : found.start()]), DIRECTIVES[found.group()]]
        last = found.end()
    parts.append(re.escape(written[last:]))
    try:
        return re.compile("".join(parts))
    except re.error as error:
        raise FormatError(f"{written} says something twice") from error


def directives(written: str) -> set[str]:
    """The directives of a format."""
    return set(_DIRECTIVE.findall(written))


def read(text: str, formats: Sequence[str], calendar: Calendar) -> Parts:
    """The first of `formats` that fits decides. Raises Unreadable."""
    for written in formats:
        found = pattern(written).fullmatch(text)
        if found is not None:
            return _parts(text, found.groupdict(), calendar)
    raise Unreadable(f"{text!r} is not written as {' or '.join(formats)}")


def _parts(text: str, found: Mapping[str, str | None], calendar: Calendar) -> Parts:
    try:
        if (epoch := found.get("epoch")) is not None:
            fraction = (found["epoch_fraction"] or "").ljust(6, "0")
            at = datetime.fromtimestamp(int(epoch), tz=UTC)
            return Parts(at=at + timedelta(microseconds=int(fraction)))
        return Parts(_day(found, calendar), _clock(found), offset=_offset(found.get("offset")))
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"{text!r}: {error}") from error


def _day(found: Mapping[str, str | None], calendar: Calendar) -> date | None:
    if found.get("day") is None:
        return None
    name = found.get("month_name")
    month = int(found["month"] or 0) if name is None else _month(name)
    return date(calendar.year(found), month, int(found["day"] or 0))


@cache
def _names() -> Mapping[str, int]:
    names: dict[str, int] = {}
    for language in ("en", "th"):
        for width in ("abbreviated", "wide"):
            for number, name in get_month_names(width, locale=language).items():
                names[_plain(name)] = number
    return names


def _plain(name: str) -> str:
    return name.replace(".", "").lower()


def _month(name: str) -> int:
    number = _names().get(_plain(name))
    if number is None:
        raise ValueError(f"no month is called {name}")
    return number


def _clock(found: Mapping[str, str | None]) -> time | None:
    hour = found.get("hour")
    if hour is None and (half := found.get("hour12")) is not None:
        if not 1 <= int(half) <= 12:
            raise ValueError(f"there is no hour {half} of twelve")
        afternoon = (found.get("half") or "").lower() == "p"
        hour = str(int(half) % 12 + 12 * afternoon)
    if hour is None:
        return None
    fraction = (found.get("fraction") or "").ljust(6, "0")
    return time(
        int(hour), int(found.get("minute") or 0), int(found.get("second") or 0), int(fraction)
    )


def _offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def length(text: str, unit: Literal["seconds", "milliseconds", "h:m:s"]) -> timedelta:
    """A length of time. Raises Unreadable, also for one below zero."""
    if unit == "h:m:s":
        found = _LENGTH.fullmatch(text)
        if found is None or int(found["minutes"]) > 59 or int(found["seconds"]) > 59:
            raise Unreadable(f"{text!r} is not a length such as 0:02:45")
        hours = int(found["hours"] or 0)
        return timedelta(hours=hours, minutes=int(found["minutes"]), seconds=int(found["seconds"]))
    if re.fullmatch(r"-\d+(\.\d+)?", text):
        raise Unreadable(f"negative duration {text}")
    if not re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text):
        raise Unreadable(f"{text!r} is not a number of {unit}")
    whole, _, fraction = text.partition(".")
    exact = timedelta(seconds=int(whole), microseconds=int(fraction.ljust(6, "0") or 0))
    return exact / 1000 if unit == "milliseconds" else exact


@dataclass(frozen=True)
class Place:
    """Where the old exchange stood: its time zone, and what is meant by an hour of a change of the
    clocks that it repeats (`repeated`) or leaves out (`skipped`: of the two offsets, which).
    """

    zone: ZoneInfo
    repeated: Choice = "refuse"
    skipped: Choice = "refuse"

    def utc(self, at: datetime) -> datetime:
        """A naive local moment as UTC. Raises Unreadable where the rule is to refuse."""
        first = at.replace(tzinfo=self.zone, fold=0)
        second = at.replace(tzinfo=self.zone, fold=1)
        if first.utcoffset() == second.utcoffset():
            return first.astimezone(UTC)
        exists = first.astimezone(UTC).astimezone(self.zone).replace(tzinfo=None) == at
        rule, what = (self.repeated, "twice") if exists else (self.skipped, "not at all")
        if rule == "refuse":
            raise Unreadable(f"{at} was {what} in {self.zone.key}: the clocks were changed")
        return (first if rule == "first" else second).astimezone(UTC)
