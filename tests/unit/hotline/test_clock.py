"""Time: UTC inside, the city's zone at the rim, half-open bounds, a clock that may run fast."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from exchange.clock import ScaledClock as ExchangeClock
from hotline import clock
from hotline.clock import ScaledClock

BANGKOK = ZoneInfo("Asia/Bangkok")
BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 20, 5, tzinfo=UTC)


class Wall:
    """The wall's clock, moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 1_000_000.0
        self.slept: list[float] = []
        monkeypatch.setattr(clock.time, "time", lambda: self.seconds)
        monkeypatch.setattr(clock.time, "sleep", self.slept.append)


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    return Wall(monkeypatch)


def test_now_is_aware_and_utc() -> None:
    assert clock.now().utcoffset() == timedelta(0)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_fast_clock_runs_from_where_it_was_started(wall: Wall) -> None:
    fast = ScaledClock.starting(NOON, 60.0)
    assert fast.now() == NOON
    wall.seconds += 2.5
    assert fast.now() == NOON + timedelta(seconds=150)


def test_a_fast_clock_sleeps_less_of_the_wall(wall: Wall) -> None:
    ScaledClock.starting(NOON, 60.0).sleep(30)
    ScaledClock.starting(NOON, 60.0).sleep(-1)
    assert wall.slept == [0.5, 0.0]


def test_every_process_reads_the_same_fast_clock(wall: Wall) -> None:
    mine = ScaledClock.starting(NOON, 60.0)
    wall.seconds += 17.3
    theirs = ScaledClock.parse(str(mine))
    assert theirs == mine
    assert theirs.now() == mine.now()


def test_a_clock_that_skips_is_ahead_in_every_process(wall: Wall, tmp_path: Path) -> None:
    mine = ScaledClock.starting(NOON, 60.0).that_skips(tmp_path / "a clock: of 2")
    theirs = ScaledClock.parse(str(mine))
    exchanges = ExchangeClock.parse(str(mine))
    assert theirs == mine
    for later in (NOON + timedelta(hours=1), NOON + timedelta(hours=2)):
        mine.skip_to(later)
        assert mine.now() == theirs.now() == exchanges.now() == later
        wall.seconds += 10
        assert mine.now() == theirs.now() == exchanges.now() == later + timedelta(minutes=10)
    mine.skip_to(NOON)
    assert mine.now() == theirs.now() == NOON + timedelta(hours=2, minutes=10), "never back"


@pytest.mark.parametrize("text", ["", "1:2", "1:2:3:4", "a:b:c", "1:2:0", "1:2:-60"])
def test_a_clock_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=clock.ENVIRONMENT_NAME):
        ScaledClock.parse(text)


def test_a_driven_clock_moves_only_by_hand() -> None:
    with clock.driven(NOON) as driven:
        assert clock.now() == NOON
        assert driven.advance(minutes=2) == clock.now() == NOON + timedelta(minutes=2)
        clock.sleep(30)
        assert clock.now() == NOON + timedelta(minutes=2, seconds=30)
        assert clock.speed() == 1.0
    assert clock.now() != NOON + timedelta(minutes=2, seconds=30)


def test_driven_clocks_nest() -> None:
    with clock.driven(NOON):
        with clock.driven(NOON + timedelta(days=1)):
            assert clock.now() == NOON + timedelta(days=1)
        assert clock.now() == NOON


@pytest.mark.parametrize(
    "use",
    [
        clock.utc,
        lambda at: clock.local(at, BANGKOK),
        lambda at: clock.local_day(at, BANGKOK),
        clock.DrivenClock,
    ],
)
def test_a_moment_without_a_zone_is_refused(use) -> None:
    with pytest.raises(ValueError, match="without a time zone"):
        use(datetime(2026, 11, 20))  # noqa: DTZ001


def test_the_citys_day_begins_at_its_own_midnight() -> None:
    start, end = clock.day_bounds(date(2026, 11, 20), BANGKOK)
    assert start == datetime(2026, 11, 19, 17, tzinfo=UTC)
    assert end == datetime(2026, 11, 20, 17, tzinfo=UTC)
    assert start.tzinfo == end.tzinfo == UTC


def test_a_moment_belongs_to_exactly_one_day() -> None:
    midnight = clock.midnight(date(2026, 11, 20), BANGKOK)
    just_before = midnight - timedelta(microseconds=1)
    assert clock.local_day(just_before, BANGKOK) == date(2026, 11, 19)
    assert clock.local_day(midnight, BANGKOK) == date(2026, 11, 20)
    assert (
        clock.day_bounds(date(2026, 11, 19), BANGKOK)[1]
        == clock.day_bounds(date(2026, 11, 20), BANGKOK)[0]
    )


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 7, 1), 24)]
)
def test_a_day_is_as_long_as_the_zone_makes_it(day: date, hours: int) -> None:
    start, end = clock.day_bounds(day, BERLIN)
    assert end - start == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("year", "month", "after"),
    [(2026, 11, date(2026, 12, 1)), (2026, 12, date(2027, 1, 1)), (2024, 2, date(2024, 3, 1))],
)
def test_months_are_half_open(year: int, month: int, after: date) -> None:
    assert clock.month_days(year, month) == (date(year, month, 1), after)
    start, end = clock.month_bounds(year, month, BANGKOK)
    assert start == clock.midnight(date(year, month, 1), BANGKOK)
    assert end == clock.midnight(after, BANGKOK)


def test_fiscal_year_2567_is_the_one_of_the_mayors_figure() -> None:
    assert clock.fiscal_year_days(2567) == (date(2023, 10, 1), date(2024, 10, 1))
    start, end = clock.fiscal_year_bounds(2567, BANGKOK)
    assert start == datetime(2023, 9, 30, 17, tzinfo=UTC)
    assert end == datetime(2024, 9, 30, 17, tzinfo=UTC)
    assert (end - start).days == 366  # it holds 29 February 2024


@pytest.mark.parametrize(
    ("day", "year"),
    [
        (date(2023, 9, 30), 2566),
        (date(2023, 10, 1), 2567),
        (date(2024, 1, 1), 2567),
        (date(2024, 9, 30), 2567),
        (date(2024, 10, 1), 2568),
    ],
)
def test_every_day_belongs_to_one_fiscal_year(day: date, year: int) -> None:
    assert clock.fiscal_year_of(day) == year
    first, after = clock.fiscal_year_days(year)
    assert first <= day < after
