"""The numbers of the units' jobs, boundary by boundary."""

from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta

from reports.fleet import (
    JOB_COUNTER_NAMES,
    JOB_COUNTERS,
    JOB_RATES,
    JobRates,
    count,
    counted,
    job_rates,
)
from reports.matters import LEAST
from tickets.units.rules import OPEN, State

SENT = datetime(2026, 11, 20, 3, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class AJob:
    unit: str = "qru1"
    state: str = "done"
    received_at: datetime = SENT - 10 * MINUTE
    sent_at: datetime = SENT
    acknowledge_due_at: datetime = SENT + 15 * MINUTE
    acknowledge_missed_at: datetime | None = None
    acknowledged_at: datetime | None = SENT + 2 * MINUTE
    on_way_at: datetime | None = SENT + 4 * MINUTE
    here_at: datetime | None = SENT + 20 * MINUTE
    ended_at: datetime | None = SENT + 50 * MINUTE
    is_first: bool = True
    asked_help: bool = False


#: Sent a moment ago: nothing is known of it yet.
WAITING = AJob(state="sent", acknowledged_at=None, on_way_at=None, here_at=None, ended_at=None)


def test_every_counter_and_rate_has_its_words_and_every_end_its_counter() -> None:
    assert [each.id for each in JOB_COUNTERS] == list(JOB_COUNTER_NAMES)
    assert [each.id for each in JOB_RATES] == [field.name for field in fields(JobRates)]
    for state in set(State) - OPEN:
        assert f"jobs_{state}" in JOB_COUNTER_NAMES


def test_a_job_counts_in_what_it_came_to() -> None:
    whole = set(counted(AJob(asked_help=True)))
    assert whole == {
        "jobs_sent",
        "jobs_first",
        "jobs_acknowledged",
        "jobs_acknowledge_due",
        "jobs_acknowledged_in_time",
        "jobs_on_way",
        "jobs_here",
        "jobs_done",
        "jobs_asked_help",
    }
    assert set(counted(replace(WAITING, is_first=False))) == {"jobs_sent", "jobs_open"}


def test_exactly_at_its_time_is_in_time_and_what_was_missed_is_late_whatever_comes_after() -> None:
    due = AJob().acknowledge_due_at
    assert "jobs_acknowledged_in_time" in counted(AJob(acknowledged_at=due))
    second = timedelta(seconds=1)
    assert "jobs_acknowledged_late" in counted(AJob(acknowledged_at=due + second))
    # a telephone without a line says afterwards that it had been seen before
    told_late = AJob(acknowledge_missed_at=due)
    assert "jobs_acknowledged_late" in counted(told_late)
    assert "jobs_acknowledged_in_time" not in counted(told_late)
    never = replace(WAITING, acknowledge_missed_at=due)
    assert {"jobs_acknowledged_late"} <= set(counted(never))
    assert "jobs_acknowledged" not in counted(never)


def test_every_job_that_was_seen_was_seen_in_time_or_late() -> None:
    jobs = [AJob(), AJob(acknowledge_missed_at=SENT), WAITING]
    found = count(jobs)
    assert (found.jobs_sent, found.jobs_acknowledged_in_time, found.jobs_acknowledged_late) == (
        3,
        1,
        1,
    )
    assert found.jobs_acknowledge_due == 2, "what the share is taken over"
    assert job_rates(jobs, found).jobs_acknowledged_on_time == 0.5


def test_a_median_of_too_few_and_a_share_of_nothing_are_empty() -> None:
    few = [AJob()] * (LEAST - 1) + [WAITING]
    found = job_rates(few, count(few))
    assert found.median_job_here is None
    assert found.median_first_sent == 600_000, "those who wait have been sent as well"
    assert job_rates([WAITING], count([WAITING])).jobs_acknowledged_on_time is None


def test_medians_are_exact_and_work_is_of_what_was_done() -> None:
    jobs = [
        AJob(here_at=SENT + n * MINUTE, ended_at=SENT + 2 * n * MINUTE) for n in (1, 2, 9, 30, 60)
    ]
    recalled = [AJob(state="recalled", here_at=SENT, ended_at=SENT) for _ in range(9)]
    found = job_rates(jobs, count(jobs))
    assert found.median_job_here == found.median_job_on_site == 9 * 60_000
    mixed = [*jobs, *recalled]
    assert job_rates(mixed, count(mixed)).median_job_on_site == 9 * 60_000
