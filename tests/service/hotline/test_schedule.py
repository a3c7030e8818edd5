"""The night's jobs: each local day once, however many clocks run, however late."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from hotline import clock, schedule
from hotline.clock import DrivenClock
from hotline.floor import Floor
from hotline.models import JobRun
from hotline.schedule import Nightly

BANGKOK = ZoneInfo("Asia/Bangkok")
NAME = "tests.night"
AT = time(0, 30)
#: The night in which 19 November is counted: half past midnight of the 20th.
NIGHT = datetime(2026, 11, 20, 0, 30, tzinfo=BANGKOK).astimezone(UTC)
THE_19TH = date(2026, 11, 19)


class Killed(BaseException):
    """The process is killed: no handler of errors runs."""


@dataclass
class Work:
    """A nightly job that notes the days it counted, and fails when told to."""

    days: list[date] = field(default_factory=list)
    fails: BaseException | None = None

    def run(self, _floor: Floor, day: date) -> str:
        if self.fails:
            raise self.fails
        self.days.append(day)
        return f"counted {day}"


class NoRedis:
    """Redis is away."""

    def enqueue(self, name: str, *arguments: object, queue: str) -> bool:
        return False


@dataclass
class Queue:
    """What a worker would be handed, kept here."""

    held: list[tuple[object, ...]] = field(default_factory=list)

    def enqueue(self, name: str, *arguments: object, queue: str) -> bool:
        assert (name, queue) == (schedule.RUN_JOB, "night")
        self.held.append(arguments)
        return True


@pytest.fixture
def work(floor: Floor) -> Work:
    the_work = Work()
    floor.nightly = {NAME: Nightly(at=AT, run=the_work.run)}
    floor.jobs = NoRedis()  # type: ignore[assignment]
    return the_work


@pytest.fixture
def night() -> DrivenClock:
    with clock.driven(NIGHT) as driven:
        yield driven


def tick(floor: Floor) -> None:
    schedule.tick(floor, clock.now())


def rows(floor: Floor) -> list[JobRun]:
    with floor.db.read() as session:
        return list(session.scalars(sa.select(JobRun).order_by(JobRun.day)))


# ---------------------------------------------------------------- when


def test_a_day_is_due_in_the_night_after_it_by_the_citys_clock(
    floor: Floor, work: Work, night: DrivenClock
) -> None:
    def newest_due() -> date:
        return schedule.due_days(floor.nightly[NAME], clock.now(), floor)[-1]

    assert newest_due() == THE_19TH
    night.advance(microseconds=-1)
    assert newest_due() == THE_19TH - timedelta(days=1)
    night.advance(hours=-0.5)  # just before midnight in Pattaya
    assert newest_due() == THE_19TH - timedelta(days=1)
    night.advance(hours=24.5, microseconds=1)
    assert newest_due() == THE_19TH + timedelta(days=1)


def test_midnight_itself_may_be_the_time(floor: Floor, work: Work) -> None:
    nightly = Nightly(at=time(0, 0), run=work.run)
    midnight = clock.midnight(THE_19TH + timedelta(days=1), BANGKOK)
    assert schedule.due_days(nightly, midnight, floor)[-1] == THE_19TH
    just_before = midnight - timedelta(microseconds=1)
    assert schedule.due_days(nightly, just_before, floor)[-1] == THE_19TH - timedelta(days=1)


def test_a_new_hotline_has_nothing_to_catch_up_with(
    floor: Floor, work: Work, night: DrivenClock
) -> None:
    tick(floor)
    assert work.days == [THE_19TH]
    night.advance(hours=1)
    tick(floor)
    assert work.days == [THE_19TH]


def test_each_day_is_counted_once_in_its_night(
    floor: Floor, work: Work, night: DrivenClock
) -> None:
    for _ in range(3 * 24):
        tick(floor)
        night.advance(hours=1)
    assert work.days == [THE_19TH + timedelta(days=n) for n in range(3)]
    assert {(row.state, row.attempts) for row in rows(floor)} == {("done", 1)}
    assert rows(floor)[0].detail == "counted 2026-11-19"


def test_missed_nights_are_caught_up_oldest_first(
    floor: Floor, work: Work, night: DrivenClock
) -> None:
    tick(floor)
    night.advance(days=5)
    tick(floor)
    assert work.days == [THE_19TH + timedelta(days=n) for n in range(6)]


def test_after_a_very_long_outage_the_last_weeks_are_caught_up(
    floor: Floor, work: Work, night: DrivenClock
) -> None:
    tick(floor)
    night.advance(days=400)
    tick(floor)
    caught_up = work.days[1:]
    assert len(caught_up) == schedule.CATCH_UP_DAYS
    assert caught_up[-1] == THE_19TH + timedelta(days=400)
    assert caught_up == sorted(caught_up)


def test_a_night_missed_in_the_middle_is_caught_up(
    floor: Floor, work: Work, night: DrivenClock
) -> None:
    for _ in range(3):
        tick(floor)
        night.advance(days=1)
    with floor.db.write() as session:
        session.execute(sa.delete(JobRun).where(JobRun.day == THE_19TH + timedelta(days=1)))
    tick(floor)
    assert work.days[-2:] == [THE_19TH + timedelta(days=1), THE_19TH + timedelta(days=3)]


# ---------------------------------------------------------------- who


def test_of_two_clocks_one_runs_the_night(floor: Floor, work: Work, night: DrivenClock) -> None:
    together = threading.Barrier(4)

    def one_clock(_number: int) -> None:
        together.wait()
        tick(floor)

    with ThreadPoolExecutor(4) as clocks:
        list(clocks.map(one_clock, range(4)))
    assert work.days == [THE_19TH]
    assert [(row.state, row.attempts) for row in rows(floor)] == [("done", 1)]


def test_while_it_runs_nobody_else_runs_it(floor: Floor, work: Work, night: DrivenClock) -> None:
    def run_while_another_clock_ticks(the_floor: Floor, day: date) -> str:
        night.advance(seconds=schedule.LEASE - 1)
        tick(the_floor)
        schedule.run(the_floor, NAME, day.isoformat())
        return work.run(the_floor, day)

    floor.nightly = {NAME: Nightly(at=AT, run=run_while_another_clock_ticks)}
    tick(floor)
    assert work.days == [THE_19TH]


def test_a_worker_gets_it_and_again_when_it_does_not_begin(
    floor: Floor, work: Work, night: DrivenClock
) -> None:
    queue = Queue()
    floor.jobs = queue  # type: ignore[assignment]
    tick(floor)
    tick(floor)
    assert queue.held == [(NAME, "2026-11-19")]
    night.advance(seconds=schedule.HAND_OUT_EVERY)
    tick(floor)
    assert queue.held == [(NAME, "2026-11-19")] * 2
    for name, day in queue.held:
        schedule.run(floor, str(name), str(day))
    assert work.days == [THE_19TH]


# ---------------------------------------------------------------- trouble


def test_a_night_that_failed_is_tried_again_later(
    floor: Floor, work: Work, night: DrivenClock, caplog: pytest.LogCaptureFixture
) -> None:
    work.fails = ArithmeticError("no such day")
    tick(floor)
    (row,) = rows(floor)
    assert (row.state, row.attempts) == ("failed", 1)
    assert "ArithmeticError: no such day" in row.detail
    assert "tests.night of 2026-11-19 failed" in caplog.text
    work.fails = None
    # a copy of the job that Redis still held does not hurry it
    schedule.run(floor, NAME, "2026-11-19")
    night.advance(seconds=schedule.RETRY_AFTER - 1)
    tick(floor)
    assert work.days == []
    night.advance(seconds=1)
    tick(floor)
    assert work.days == [THE_19TH]
    (row,) = rows(floor)
    assert (row.state, row.attempts, row.detail) == ("done", 2, "counted 2026-11-19")


def test_a_night_that_fails_keeps_no_other_night_back(
    floor: Floor, work: Work, night: DrivenClock
) -> None:
    def broken(_floor: Floor, _day: date) -> str:
        raise ArithmeticError

    floor.nightly = {"tests.a": Nightly(at=AT, run=broken), **floor.nightly}
    tick(floor)
    assert work.days == [THE_19TH]


def test_a_dead_runners_night_is_taken_over_after_its_lease(
    floor: Floor, work: Work, night: DrivenClock
) -> None:
    work.fails = Killed()
    with pytest.raises(Killed):
        tick(floor)
    work.fails = None
    night.advance(seconds=schedule.LEASE - 1)
    tick(floor)
    assert work.days == []
    night.advance(seconds=1)
    tick(floor)
    assert work.days == [THE_19TH]


def test_a_runner_that_had_been_given_up_on_notes_nothing(
    floor: Floor, work: Work, night: DrivenClock
) -> None:
    def slow(the_floor: Floor, day: date) -> str:
        floor.nightly = {NAME: Nightly(at=AT, run=work.run)}
        night.advance(seconds=schedule.LEASE)
        tick(the_floor)  # somebody else takes it over, and is done first
        raise ArithmeticError("too late")

    floor.nightly = {NAME: Nightly(at=AT, run=slow)}
    tick(floor)
    (row,) = rows(floor)
    assert (row.state, row.attempts, row.detail) == ("done", 2, "counted 2026-11-19")


def test_a_runner_that_had_been_given_up_on_does_not_end_the_next_ones_run(
    floor: Floor, work: Work, night: DrivenClock
) -> None:
    begun, failed = threading.Event(), threading.Event()

    def next_one(the_floor: Floor, day: date) -> str:
        begun.set()
        assert failed.wait(10)
        assert [row.state for row in rows(the_floor)] == ["running"]
        return work.run(the_floor, day)

    def slow(the_floor: Floor, day: date) -> str:
        the_floor.nightly = {NAME: Nightly(at=AT, run=next_one)}
        night.advance(seconds=schedule.LEASE)
        taken_over.append(other.submit(tick, the_floor))
        assert begun.wait(10)
        raise ArithmeticError("too late")

    taken_over: list[Future[None]] = []
    floor.nightly = {NAME: Nightly(at=AT, run=slow)}
    with ThreadPoolExecutor(1) as other:
        tick(floor)
        failed.set()
        taken_over[0].result()
    assert [(row.state, row.attempts) for row in rows(floor)] == [("done", 2)]
