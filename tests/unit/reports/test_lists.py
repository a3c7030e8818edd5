"""A list holds exactly the visits that the number counts which leads to it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ivr import verdicts
from reports.meanings import RATES
from reports.metrics import COUNTER_NAMES, Counters, count_call
from reports.shown import CALLS_BEHIND, SHORT, THRESHOLD
from tests.unit.reports.test_metrics import RULES, START, Facts

#: What each list must be as many as; of rates, what they are divided by.
COUNTED = {
    "calls": lambda c: c.calls,
    "not_queued": lambda c: c.not_queued,
    "offered": lambda c: c.offered,
    "answered": lambda c: c.answered,
    "answered_in_threshold": lambda c: c.answered_in_threshold,
    "abandoned": lambda c: c.abandoned,
    "short_abandoned": lambda c: c.short_abandoned,
    "left_queue": lambda c: c.left_queue,
    "callbacks": lambda c: c.callbacks,
    "callbacks_reached": lambda c: c.callbacks_reached,
    "outgoing": lambda c: c.outgoing,
    "service_level": lambda c: c.offered,
    "average_wait": lambda c: c.answered_on_line,
    "wait_answered_max_ms": lambda c: c.answered_on_line,
    "average_talk": lambda c: c.talked,
    "average_hold": lambda c: c.held,
    "average_wrap_up": lambda c: c.wrapped_up,
    "average_handling": lambda c: c.talked,
}


@dataclass(frozen=True)
class Visit(Facts):
    """The same with what only lists ask."""

    ended_at: datetime | None = None


seconds = st.sampled_from([0, 4.999999, 5, 5.000001, 20, 20.000001, 300])
moments = st.none() | seconds.map(lambda after: START + timedelta(seconds=after))
visits = st.builds(
    Visit,
    queue=st.sampled_from(["information", "complaint"]),
    connected_at=moments,
    abandoned_at=moments,
    left_at=moments,
    talk_ended_at=st.none() | st.just(START + timedelta(hours=1)),
    wrapped_up_at=st.none() | st.just(START + timedelta(hours=2)),
    transferred_at=moments,
    holds=st.integers(0, 2),
    visit=st.integers(1, 3),
    callback=st.booleans(),
    promised=st.booleans(),
    unreached=st.booleans(),
)
never_queued = st.builds(
    Visit,
    queue=st.none(),
    queued_at=st.none(),
    transferred_at=moments,
    told=st.booleans(),
    asked_back=st.booleans(),
)
outgoing = st.builds(
    Visit,
    queue=st.none(),
    queued_at=st.none(),
    outgoing=st.just(True),
    connected_at=moments,
    left_at=moments,
)


def is_listed(visit: Visit, metric: str) -> bool:
    asked = CALLS_BEHIND[metric]
    limits = {THRESHOLD: RULES.threshold, SHORT: RULES.short_abandon}
    within = asked.get("within")
    soon = within is None or verdicts.waited(visit) <= limits[within].total_seconds()
    return soon and verdicts.LISTS[asked["outcome"]](visit)


@given(st.one_of(visits, never_queued, outgoing))
def test_a_visit_is_on_the_list_of_a_number_when_it_is_counted_in_it(visit: Visit) -> None:
    counters = Counters()
    count_call(counters, visit, RULES)
    for metric, number in COUNTED.items():
        assert is_listed(visit, metric) == bool(number(counters)), metric
    assert verdicts.LISTS["transferred"](visit) == bool(counters.transferred)


def test_every_list_is_held_to_its_number() -> None:
    assert set(COUNTED) == set(CALLS_BEHIND)
    assert set(CALLS_BEHIND) <= {*COUNTER_NAMES, *(each.id for each in RATES)}
    assert {asked["outcome"] for asked in CALLS_BEHIND.values()} <= set(verdicts.LISTS)
