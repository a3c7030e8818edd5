"""The night counts days from their events: twice, late, after an outage, at the edges of days."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from hotline import clock
from hotline.errors import Invalid
from hotline.floor import Floor
from reports import jobs, service
from reports.metrics import total
from reports.models import NightRun, ReportDay, call_intervals
from reports.service import How, days_between
from tests.support.stories import Story, snapshot

DAY = date(2026, 11, 20)
NEXT = DAY + timedelta(days=1)


@pytest.fixture
def how(floor: Floor) -> How:
    return How.of(floor)


def midnight(floor: Floor, day: date = DAY) -> datetime:
    return clock.midnight(day, floor.city.zone)


def after_midnight(floor: Floor, day: date) -> datetime:
    """When the night of `day` comes: half past midnight of the day after."""
    return midnight(floor, day + timedelta(days=1)) + timedelta(minutes=30)


def write_day(floor: Floor, day: date, calls: int = 40, seed: int = 1) -> None:
    """A day of calls of every kind."""
    chance = random.Random(seed)
    with floor.db.write() as session:
        for _ in range(calls):
            at = midnight(floor, day) + timedelta(seconds=chance.uniform(0, 86_300))
            story = Story(session, at, language=chance.choice(["th", "en"]))
            match chance.randrange(5):
                case 0:
                    story.ended(5)
                case 1:
                    story.queued().abandoned(chance.uniform(1, 90))
                case 2:
                    story.queued(queue="complaint").missed().abandoned(40, queue="complaint")
                case _:
                    story.queued().missed().connected(chance.uniform(0, 60))
                    story.done(chance.uniform(10, 600), chance.uniform(1, 60))


def rows(floor: Floor) -> list:
    with floor.db.read() as session:
        return snapshot(session, call_intervals)


def night(floor: Floor, day: date) -> str:
    with clock.driven(after_midnight(floor, day)):
        return jobs.night(floor, day)


def day_total(floor: Floor, day: date = DAY):
    with floor.db.read() as session:
        return total(row.counters for row in service.rows(session, day, day))


# ---------------------------------------------------------------- the same rows however it is run


def test_twice_gives_the_same_rows(floor):
    write_day(floor, DAY)
    night(floor, DAY)
    once = rows(floor)
    night(floor, DAY)
    assert rows(floor) == once
    assert day_total(floor).calls == 40


def test_late_and_in_any_order_gives_the_same_rows(floor):
    days = list(days_between(DAY - timedelta(days=5), DAY))
    for number, day in enumerate(days):
        write_day(floor, day, 15, seed=number)
    for day in days:
        night(floor, day)
    in_time = rows(floor)
    with floor.db.write() as session:
        session.execute(sa.delete(call_intervals))
        session.execute(sa.delete(ReportDay))
        session.execute(sa.delete(NightRun))
    for day in reversed(days):
        with clock.driven(after_midnight(floor, DAY + timedelta(days=30))):
            jobs.night(floor, day)
    assert rows(floor) == in_time


def test_two_at_the_same_time_give_the_same_rows(floor, how):
    """Two clocks, two workers: whoever comes second waits, and writes the same again."""
    write_day(floor, DAY, 200)
    now = after_midnight(floor, DAY)
    start = threading.Barrier(2)

    def run(_: int) -> None:
        start.wait()
        for _ in range(5):
            with floor.db.write() as session:
                service.rebuild_day(session, DAY, how, now=now)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, range(2)))
    assert day_total(floor).calls == 200


def test_recounting_a_span_by_hand_gives_the_same_rows(floor):
    write_day(floor, DAY)
    write_day(floor, NEXT, seed=2)
    night(floor, DAY)
    night(floor, NEXT)
    before = rows(floor)
    with clock.driven(after_midnight(floor, NEXT)):
        words = jobs.recompute(floor, DAY, NEXT)
    assert rows(floor) == before
    assert "0 days have other numbers" in words


def test_an_empty_span_is_refused(floor):
    with pytest.raises(Invalid):
        jobs.recompute(floor, NEXT, DAY)


def test_an_outage_is_caught_up_by_the_next_night(floor):
    """Nobody ran for ten days: the first night after them counts every day that has calls."""
    days = list(days_between(DAY - timedelta(days=9), DAY))
    for number, day in enumerate(days):
        write_day(floor, day, 5, seed=number)
    night(floor, DAY)
    with floor.db.read() as session:
        counted = set(session.scalars(sa.select(ReportDay.day)))
    assert set(days) <= counted
    assert sum(day_total(floor, day).calls for day in days) == 50


# ---------------------------------------------------------------- the edges


def test_a_call_across_midnight_belongs_to_the_day_it_queued(floor):
    with floor.db.write() as session:
        story = Story(session, midnight(floor, NEXT) - timedelta(seconds=40))
        story.queued(30).connected(100).done(600, 20)
    night(floor, DAY)
    night(floor, NEXT)
    assert day_total(floor, DAY).answered == 1
    assert day_total(floor, DAY).wait_answered_ms == 100_000
    assert day_total(floor, NEXT).calls == 0


def test_a_call_that_arrives_before_midnight_and_queues_after_it(floor):
    with floor.db.write() as session:
        Story(session, midnight(floor, NEXT) - timedelta(seconds=5)).queued(5).abandoned(3)
    night(floor, NEXT)
    assert day_total(floor, DAY).calls == 0
    assert day_total(floor, NEXT).calls == 1
    (row,) = rows(floor)
    assert (row["day"], row["interval_start"]) == (NEXT, midnight(floor, NEXT))


def test_the_last_moment_of_a_day(floor):
    with floor.db.write() as session:
        Story(session, midnight(floor, NEXT) - timedelta(microseconds=1)).ended(1)
    night(floor, DAY)
    (row,) = rows(floor)
    assert (row["day"], row["queue"], row["calls"]) == (DAY, "", 1)


def test_the_city_has_no_summer_time_and_its_days_are_its_own(floor):
    """17:00 UTC is midnight in Bangkok, in every month."""
    with floor.db.write() as session:
        Story(session, datetime(2026, 7, 1, 16, 59, 59, tzinfo=UTC)).ended(1)
        Story(session, datetime(2026, 7, 1, 17, 0, tzinfo=UTC)).ended(1)
        Story(session, datetime(2026, 12, 31, 17, 0, tzinfo=UTC)).ended(1)
    with clock.driven(datetime(2027, 1, 2, tzinfo=UTC)):
        jobs.recompute(floor, date(2026, 7, 1), date(2026, 7, 2))
        jobs.recompute(floor, date(2027, 1, 1), date(2027, 1, 1))
    assert [row["day"] for row in rows(floor)] == [
        date(2026, 7, 1),
        date(2026, 7, 2),
        date(2027, 1, 1),
    ]


# ---------------------------------------------------------------- what comes late


def test_events_that_come_late_change_the_past_and_mark_it(floor):
    """A call of three weeks ago is closed today: its day is counted again, marked as revised."""
    with floor.db.write() as session:
        story = Story(session, midnight(floor) + timedelta(hours=9)).queued().connected()
    night(floor, DAY)
    night(floor, NEXT)
    assert day_total(floor).talked == 0
    later = DAY + timedelta(days=21)
    with floor.db.write() as session:
        story.session = session
        story.done(60, 20)
    night(floor, later)
    assert (day_total(floor).talked, day_total(floor).wrapped_up) == (1, 1)
    with floor.db.read() as session:
        assert session.get(ReportDay, DAY).revised_at == after_midnight(floor, later)
        assert session.get(ReportDay, NEXT).revised_at is None


def test_counting_by_hand_does_not_hide_changes_from_the_next_night(floor):
    write_day(floor, DAY)
    night(floor, DAY)
    old = DAY - timedelta(days=20)
    write_day(floor, old, 5, seed=3)
    with clock.driven(after_midnight(floor, NEXT)):
        jobs.recompute(floor, NEXT, NEXT)
    night(floor, NEXT)
    assert day_total(floor, old).calls == 5


def test_a_day_that_is_not_over_is_left_to_its_own_night(floor):
    write_day(floor, DAY)
    with floor.db.write() as session:
        Story(session, midnight(floor, NEXT) + timedelta(minutes=5)).ended(1)
    night(floor, DAY)
    with floor.db.read() as session:
        assert session.get(ReportDay, NEXT) is None
    assert day_total(floor, NEXT).calls == 0


# ---------------------------------------------------------------- what else is counted


def test_each_kind_of_call_is_counted_as_what_it_is(floor):
    with floor.db.write() as session:
        at = midnight(floor) + timedelta(hours=10)
        Story(session, at).ended(5)
        Story(session, at).tell("transferring", 10, number="191").ended()
        Story(session, at).queued().missed().missed(result="declined").connected(19).done(60, 10)
        Story(session, at).queued().abandoned(4)
        Story(session, at).queued().missed(result="withdrawn").abandoned(90)
        Story(session, at).queued().tell("left", 7, queue="information", why="fault").ended()
        Story(session, at).queued().tell("left", 7, why="unseen").tell("returned", 9).connected(0)
        Story(session, at).queued().tell("left", 5, why="moved").queued(0, "complaint").connected(2)
        Story(session, at).queued()
    night(floor, DAY)
    found = day_total(floor)
    assert (found.calls, found.not_queued, found.transferred) == (9, 2, 1)
    assert (found.offered, found.answered, found.abandoned, found.left_queue) == (8, 3, 2, 2)
    assert (found.waiting, found.short_abandoned, found.abandoned_in_threshold) == (1, 1, 1)
    assert (found.offers_made, found.offers_missed) == (6, 2)
    assert found.wait_answered_max_ms == 21_000
    assert found.answered_in_threshold == 2  # 21 s, 16 s, 2 s


def test_a_run_tells_what_it_did(floor):
    write_day(floor, DAY)
    words = night(floor, DAY)
    with floor.db.read() as session:
        run = session.scalar(sa.select(NightRun))
        assert run is not None
        assert (run.first_day, run.last_day, run.days) == (DAY - timedelta(days=2), DAY, 3)
        assert (run.calls_read, run.days_changed) == (40, 1)
        assert run.rows_written == len(snapshot(session, call_intervals))
        assert run.last_event_id > 0
    assert "40 calls" in words


# ---------------------------------------------------------------- reading


def test_today_is_counted_from_the_events_and_the_past_from_its_rows(floor, how):
    write_day(floor, DAY)
    write_day(floor, NEXT, 10, seed=2)
    night(floor, DAY)
    now = midnight(floor, NEXT) + timedelta(hours=24, minutes=-1)
    for by_day in (True, False):
        with floor.db.read() as session:
            found = service.counted(session, DAY, NEXT, how, now=now, by_day=by_day)
        assert found.live_days == (NEXT,)
        assert total(row.counters for row in found.rows).calls == 50
        assert found.missing_days == ()
        assert {row.day for row in found.rows} == {DAY, NEXT}


def test_days_summed_up_are_the_sum_of_their_intervals(floor):
    write_day(floor, DAY, 60)
    night(floor, DAY)
    with floor.db.read() as session:
        by_interval = service.rows(session, DAY, DAY)
        by_day = service.day_rows(session, DAY, DAY)
        by_month = service.month_rows(session, DAY - timedelta(days=40), NEXT)
        without = service.month_rows(session, DAY, NEXT, but=[DAY])
    assert {row.day for row in by_month} == {DAY.replace(day=1)}
    assert {row.counters.calls for row in without} <= {0}
    assert [row.counters for row in by_month] == [row.counters for row in by_day]
    keys = {(row.queue, row.language) for row in by_interval}
    assert {(row.queue, row.language): row.counters for row in by_day} == {
        key: total(row.counters for row in by_interval if (row.queue, row.language) == key)
        for key in keys
    }


def test_what_was_counted_during_the_day_is_not_taken_for_the_day(floor, how):
    with floor.db.write() as session:
        Story(session, midnight(floor) + timedelta(hours=9)).ended(1)
    with clock.driven(midnight(floor) + timedelta(hours=10)):
        jobs.recompute(floor, DAY, DAY)
    with floor.db.write() as session:
        Story(session, midnight(floor) + timedelta(hours=11)).ended(1)
    with floor.db.read() as session:
        now = midnight(floor) + timedelta(hours=12)
        found = service.counted(session, DAY, DAY, how, now=now, by_day=True)
    assert total(row.counters for row in found.rows).calls == 2


def test_days_that_nobody_counted_are_told_not_shown_as_zero(floor, how):
    first = DAY - timedelta(days=20)
    write_day(floor, first, 3)
    night(floor, first)
    with floor.db.read() as session:
        now = midnight(floor) + timedelta(hours=12)
        found = service.counted(session, first, DAY, how, now=now, by_day=True)
    assert found.live_days == tuple(days_between(DAY - timedelta(days=2), DAY))
    assert found.missing_days == tuple(
        days_between(first + timedelta(days=1), DAY - timedelta(days=3))
    )


# ---------------------------------------------------------------- the schedule


def test_the_night_is_due_at_half_past_midnight_of_the_city(floor):
    (name,) = jobs.nightly(floor)
    assert name == "reports.night"
    assert f"{jobs.nightly(floor)[name].at:%H:%M}" == "00:30"
    assert name in floor.nightly
