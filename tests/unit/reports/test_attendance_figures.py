"""The agents' time, what calls were about, and percentiles, boundary by boundary."""

import math
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.roster.adherence import Seen
from agents.states import State, Status, Trouble
from hotline import clock
from reports import topics
from reports.attendance import (
    PRESENCE_COUNTER_NAMES,
    PRESENCE_COUNTERS,
    PRESENCE_RATES,
    PresenceCounters,
    PresenceRates,
    count_presence,
    presence_rates,
    total,
)
from reports.metrics import WAIT_BOUNDS, Counters, Rules, count, percentile, rates, wait_percentile
from reports.topics import By, Contact, Key, first_calls
from tests.unit.reports.test_metrics import Facts, answered

BANGKOK = ZoneInfo("Asia/Bangkok")
DAY = date(2026, 11, 20)
START, END = clock.day_bounds(DAY, BANGKOK)
HOUR, TICK = timedelta(hours=1), timedelta(microseconds=1)
RULES = Rules()


def day(*seen: Seen, start: datetime = START, end: datetime = END) -> PresenceCounters:
    counters = PresenceCounters()
    count_presence(counters, seen, start, end)
    return counters


def test_what_goes_on_at_midnight_is_cut_there():
    counters = day(
        Seen(START - HOUR, Status.READY, State.IDLE),
        Seen(START + HOUR, Status.READY, State.ON_CALL),
        Seen(START + 2 * HOUR, Status.READY, State.WRAP_UP),
        Seen(START + 3 * HOUR, Status.BREAK, State.IDLE, "meal"),
        Seen(END - HOUR, Status.READY, State.IDLE),
    )
    hours = {name: getattr(counters, name) / 3_600_000 for name in PRESENCE_COUNTER_NAMES}
    assert (hours["available_ms"], hours["on_call_ms"], hours["wrapping_up_ms"]) == (2, 1, 1)
    assert (hours["break_ms"], hours["present_ms"]) == (20, 24)
    assert presence_rates(counters).occupancy == 0.5


@pytest.mark.parametrize(
    ("status", "state", "counter"),
    [
        (Status.READY, State.IDLE, "unreachable_ms"),
        (Status.READY, State.OFFERED, "unreachable_ms"),
        (Status.READY, State.ON_CALL, "on_call_ms"),
        (Status.READY, State.WRAP_UP, "wrapping_up_ms"),
        (Status.READY, State.MONITORING, "monitoring_ms"),
        (Status.BREAK, State.IDLE, "break_ms"),
        (Status.MISSED, State.IDLE, "missed_ms"),
    ],
)
def test_who_cannot_be_reached_is_not_available(status, state, counter):
    """To the very tick, across midnight too; whatever else they are, they are that."""
    counters = day(
        Seen(START - HOUR, status, state, None, Trouble.NONE),
        Seen(START + HOUR, Status.READY, State.IDLE),
        Seen(START + 3 * HOUR, Status.SIGNED_OUT, State.IDLE),
    )
    assert getattr(counters, counter) == 3_600_000
    assert (counters.available_ms, counters.present_ms) == (2 * 3_600_000, 3 * 3_600_000)


def test_occupancy_is_of_the_time_in_which_one_could_be_reached():
    counters = day(
        Seen(START, Status.READY, State.IDLE, None, Trouble.AWAY),
        Seen(START + HOUR, Status.READY, State.IDLE),
        Seen(START + 2 * HOUR, Status.READY, State.ON_CALL),
        Seen(START + 3 * HOUR, Status.SIGNED_OUT, State.IDLE),
    )
    assert presence_rates(counters).occupancy == 0.5


def test_who_is_away_adds_nothing_and_nothing_is_empty():
    counters = day(Seen(START - HOUR, Status.SIGNED_OUT, State.IDLE))
    assert counters.is_empty
    assert presence_rates(counters) == PresenceRates(None, None)


@st.composite
def stories(draw) -> list[Seen]:
    at, found = START - HOUR, []
    for _ in range(draw(st.integers(0, 10))):
        found.append(
            Seen(
                at,
                draw(st.sampled_from(list(Status))),
                draw(st.sampled_from(list(State))),
                trouble=draw(st.none() | st.sampled_from(list(Trouble))),
            )
        )
        at += timedelta(minutes=draw(st.integers(0, 400)))
    return found


@given(stories(), st.integers(0, 24))
def test_a_day_is_the_sum_of_its_parts(seen, cut):
    at = START + cut * HOUR
    parts = [day(*seen, end=at), day(*seen, start=at)]
    assert total(parts) == day(*seen)
    whole = day(*seen)
    assert whole.present_ms == sum(
        getattr(whole, name)
        for name in PRESENCE_COUNTER_NAMES
        if name.endswith("_ms")
        and name not in ("present_ms", "planned_ms", "kept_ms", "unplanned_ms")
    )


def test_every_number_is_defined():
    assert tuple(metric.id for metric in PRESENCE_COUNTERS) == PRESENCE_COUNTER_NAMES
    assert {metric.id for metric in PRESENCE_RATES} == set(PresenceRates.__dataclass_fields__)


# ---------------------------------------------------------------- percentiles


def waits(seconds: list[float]) -> Counters:
    (counters,) = count(
        [answered(timedelta(seconds=each)) for each in seconds], START, RULES
    ).values()
    return counters


@pytest.mark.parametrize(
    ("wait", "bucket"),
    [(5, "waited_to_5s"), (5.000001, "waited_to_10s"), (1800, "waited_to_1800s")],
)
def test_the_end_of_a_bucket_belongs_to_it(wait, bucket):
    assert getattr(waits([wait]), bucket) == 1
    assert waits([1800.000001]).waited_longer == 1


@given(
    st.lists(st.integers(0, 4_000_000), min_size=1, max_size=60),
    st.sampled_from([0.5, 0.9, 0.95, 1.0]),
)
def test_a_percentile_is_no_farther_than_its_bucket_is_wide(milliseconds, share):
    counters = waits([each / 1000 for each in milliseconds])
    exact = sorted(milliseconds)[math.ceil(share * len(milliseconds) - 1e-9) - 1]
    found = wait_percentile(counters, share)
    bounds = [0, *(1000 * each for each in WAIT_BOUNDS), max(milliseconds)]
    width = next(
        (high - low for low, high in pairwise(bounds) if exact <= high),
        0,
    )
    assert found is not None
    assert abs(found - exact) <= width
    assert found <= max(milliseconds)


@given(st.lists(st.integers(0, 2_000_000), min_size=2, max_size=40), st.integers(1, 39))
def test_buckets_add_up(milliseconds, cut):
    first, second = milliseconds[:cut], milliseconds[cut:]
    whole = waits([each / 1000 for each in milliseconds])
    parts = Counters()
    for some in (first, second):
        if some:
            parts.add(waits([each / 1000 for each in some]))
    assert parts == whole
    assert wait_percentile(parts, 0.9) == wait_percentile(whole, 0.9)


def test_a_percentile_of_nothing_is_empty():
    assert percentile([1, 2], [0, 0, 0], 0.5, 0) is None
    assert rates(Counters()).wait_95 is None


# ---------------------------------------------------------------- what calls were about


class Matter(NamedTuple):
    category: str | None
    area: str | None


@pytest.mark.parametrize(("at", "hour"), [(START + HOUR - TICK, "00"), (START + HOUR, "01")])
def test_an_hour_is_half_open(at, hour):
    found = topics.count([Facts(queued_at=at, abandoned_at=at + HOUR)], {}, RULES, BANGKOK)
    assert found[Key(By.HOUR, hour)].abandoned == 1


def test_a_transfer_at_the_border_of_the_hour_counts_where_the_call_came():
    """It arrived in one hour and was put through in the next."""
    at = START + HOUR - TICK
    facts = Facts(arrived_at=at, queue=None, queued_at=None, transferred_at=at + 2 * TICK)
    assert topics.count([facts], {}, RULES, BANGKOK)[Key(By.HOUR, "00")].calls == 1
    (cell,) = count([facts], START, RULES)
    assert cell.interval_start == START + HOUR - timedelta(minutes=15)


@given(st.lists(st.integers(0, 23), max_size=30))
def test_hours_add_up_to_the_day(hours):
    facts = [
        Facts(queued_at=START + each * HOUR, connected_at=START + each * HOUR) for each in hours
    ]
    found = topics.count(facts, {}, RULES, BANGKOK)
    whole = Counters()
    for cell in count(facts, START, RULES).values():
        whole.add(cell)
    of_hours = [tally for key, tally in found.items() if key.by is By.HOUR]
    for name in ("calls", "offered", "answered", "answered_in_threshold", "abandoned"):
        assert sum(getattr(tally, name) for tally in of_hours) == getattr(whole, name)


WEEK = timedelta(days=7)
CALL = Contact(1, "+6680", START, frozenset({"1"}), "water")


def again(after: timedelta, **other) -> dict[str, int]:
    second = CALL._replace(call_id=2, at=START + after, **other)
    found = first_calls([CALL], [CALL, second], WEEK)
    return {key.key: tally.calls for key, tally in found.items()}


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (WEEK, {"repeated": 1}),
        (WEEK + TICK, {"resolved": 1}),
        (TICK, {"repeated": 1}),
        (-WEEK, {}),  # this one is the further call
        (-WEEK - TICK, {"resolved": 1}),
    ],
)
def test_a_further_call_within_the_days(after, expected):
    assert again(after) == expected


def test_another_matter_is_no_further_call():
    assert again(HOUR, tickets=frozenset({"2"}), category="roads") == {"resolved": 1}
    assert again(HOUR, tickets=frozenset({"2"}), category="water") == {"repeated": 1}
    assert again(HOUR, tickets=frozenset({"1"}), category=None) == {"repeated": 1}
    assert again(HOUR, number="+6681") == {"resolved": 1}


# ---------------------------------------------------------------- callbacks, bulletins, transfers


def one(facts: Facts) -> Counters:
    (counters,) = count([facts], START, RULES).values()
    return counters


def test_a_bulletin_answers_who_needs_nothing_else():
    menu = {"queue": None, "queued_at": None, "told": True}
    assert one(Facts(**menu)).ended_with_bulletin == 1
    assert one(Facts(**menu, transferred_at=START)).ended_with_bulletin == 0
    assert one(Facts(**menu, asked_back=True)).ended_with_bulletin == 0
    assert one(Facts(told=True, abandoned_at=START)).ended_with_bulletin == 0


def test_a_promise_is_kept_where_it_was_asked_for():
    asked = one(Facts(left_at=START, promised=True, asked_back=True, kept_back=True))
    assert (asked.callbacks_asked, asked.callbacks_kept, asked.callbacks) == (1, 1, 0)
    assert rates(asked).callbacks_kept_rate == 1
    assert rates(Counters()).callbacks_kept_rate is None


def test_marks_have_their_response_beside_them():
    done = {"connected_at": START, "talk_ended_at": START + HOUR}
    counters = Counters()
    for facts in (Facts(**done, mark=5), Facts(**done), Facts(**done, passed_out=True)):
        counters.add(one(facts))
    assert (counters.rated, counters.mark_sum, counters.passed_out) == (1, 5, 1)
    assert rates(counters).rating_response == pytest.approx(1 / 3)
