"""The only place that reads the time.

Inside, every moment is an aware `datetime` in UTC. The city's time zone appears here alone: day,
month and fiscal year bounds, half-open `[start, end)`. The clock may run faster than the wall, the
same for every process of one hotline, so that a demonstration plays a real day in minutes; nothing
else may therefore call `datetime.now()`.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from functools import cache
from mmap import mmap
from pathlib import Path
from struct import Struct
from zoneinfo import ZoneInfo

ENVIRONMENT_NAME = "HOTLINE_CLOCK"
BUDDHIST_ERA = 543
FISCAL_YEAR_FIRST_MONTH = 10


@dataclass(frozen=True)
class ScaledClock:
    """At unix time `wall` it showed unix time `virtual`; it runs `speed` times as fast as the wall
    (all in seconds).
    """

    wall: float = 0.0
    virtual: float = 0.0
    speed: float = 1.0
    #: The file in which stands how far it has skipped ahead since, for every process; empty: it
    #: cannot.
    ahead: str = ""

    def now(self) -> datetime:
        shown = self.virtual + (time.time() - self.wall) * self.speed
        if self.ahead:
            shown += _SECONDS.unpack_from(_mapped(self.ahead))[0]
        return datetime.fromtimestamp(shown, tz=UTC)

    def that_skips(self, file: Path) -> "ScaledClock":
        """The same, which `skip_to` can put ahead; `file` is made, beyond whatever stands there."""
        file.write_bytes(_SECONDS.pack(0.0))
        return replace(self, ahead=str(file.resolve()))

    def skip_to(self, at: datetime) -> None:
        """Every process goes on from `at` (aware), unless it is past; who sleeps, sleeps on."""
        seconds = _mapped(self.ahead)
        missing = max(0.0, (at - self.now()).total_seconds())
        _SECONDS.pack_into(seconds, 0, _SECONDS.unpack_from(seconds)[0] + missing)

    def wall_now(self) -> datetime:
        return datetime.fromtimestamp(time.time(), tz=UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds) / self.speed)

    @classmethod
    def starting(cls, at: datetime, speed: float) -> "ScaledClock":
        """A clock that shows `at` (aware) now and runs at `speed` from here on."""
        return cls(wall=time.time(), virtual=at.timestamp(), speed=speed)

    @classmethod
    def parse(cls, text: str) -> "ScaledClock":
        """Read `WALL:VIRTUAL:SPEED`, or `WALL:VIRTUAL:SPEED:/FILE` of one that can skip; raises
        ValueError with what is wrong.
        """
        numbers, slash, file = text.partition(":/")
        try:
            wall, virtual, speed = (float(part) for part in numbers.split(":"))
        except ValueError as error:
            raise ValueError(f"{ENVIRONMENT_NAME}={text!r} is not WALL:VIRTUAL:SPEED") from error
        if speed <= 0:
            raise ValueError(f"{ENVIRONMENT_NAME}={text!r}: the speed must be above 0")
        return cls(wall, virtual, speed, f"/{file}" if slash else "")

    def __str__(self) -> str:
        numbers = f"{self.wall!r}:{self.virtual!r}:{self.speed!r}"
        return f"{numbers}:{self.ahead}" if self.ahead else numbers


#: What stands in the file of a clock that skips: seconds.
_SECONDS = Struct("d")


@cache
def _mapped(file: str) -> mmap:
    with Path(file).open("r+b") as content:
        return mmap(content.fileno(), _SECONDS.size)


class DrivenClock:
    """A clock for tests that moves only when told to."""

    speed = 1.0

    def __init__(self, at: datetime) -> None:
        self._at = utc(at)

    def now(self) -> datetime:
        return self._at

    def wall_now(self) -> datetime:
        return self._at

    def sleep(self, seconds: float) -> None:
        self.advance(seconds=seconds)

    def advance(self, **how_long: float) -> datetime:
        """Move on by `timedelta(**how_long)` and return the new moment."""
        self._at += timedelta(**how_long)
        return self._at


def _from_environment() -> ScaledClock:
    text = os.environ.get(ENVIRONMENT_NAME, "")
    return ScaledClock.parse(text) if text else ScaledClock()


_source: ScaledClock | DrivenClock = _from_environment()


def now() -> datetime:
    """The present moment, aware, UTC."""
    return _source.now()


def wall_now() -> datetime:
    """The moment by the wall, aware, UTC: what a one-time code on somebody's telephone goes by. A
    clock that tests drive is their wall too.
    """
    return _source.wall_now()


def sleep(seconds: float) -> None:
    """Sleep for so many seconds of this clock (fewer of the wall's when it runs fast)."""
    _source.sleep(seconds)


def speed() -> float:
    """How many seconds of this clock pass in one of the wall's."""
    return _source.speed


@contextmanager
def driven(at: datetime) -> Iterator[DrivenClock]:
    """For tests: the clock stands at `at` (aware) until advanced by hand."""
    global _source  # noqa: PLW0603 - the one process-wide clock
    before, _source = _source, DrivenClock(at)
    try:
        yield _source
    finally:
        _source = before


def utc(at: datetime) -> datetime:
    """`at` in UTC; raises ValueError for a naive moment."""
    if at.tzinfo is None:
        raise ValueError(f"a moment without a time zone: {at!r}")
    return at.astimezone(UTC)


def local(at: datetime, zone: ZoneInfo) -> datetime:
    return utc(at).astimezone(zone)


def local_day(at: datetime, zone: ZoneInfo) -> date:
    return local(at, zone).date()


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The moment (UTC) at which the local `day` begins."""
    return datetime.combine(day, time_of_day(), tzinfo=zone).astimezone(UTC)


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    return midnight(day, zone), midnight(day + timedelta(days=1), zone)


def month_days(year: int, month: int) -> tuple[date, date]:
    """First day of the month (Gregorian year) and first day of the next."""
    return date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)


def month_bounds(year: int, month: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    first, after = month_days(year, month)
    return midnight(first, zone), midnight(after, zone)


def fiscal_year_of(day: date) -> int:
    """The Thai fiscal year, in the Buddhist era, that `day` belongs to (2567: 2023-10-01 …
    2024-09-30).
    """
    return day.year + BUDDHIST_ERA + (1 if day.month >= FISCAL_YEAR_FIRST_MONTH else 0)


def fiscal_year_days(year_be: int) -> tuple[date, date]:
    """First day of Thai fiscal year `year_be` and first day of the next."""
    gregorian = year_be - BUDDHIST_ERA
    return date(gregorian - 1, FISCAL_YEAR_FIRST_MONTH, 1), date(
        gregorian, FISCAL_YEAR_FIRST_MONTH, 1
    )


def fiscal_year_bounds(year_be: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    first, after = fiscal_year_days(year_be)
    return midnight(first, zone), midnight(after, zone)
