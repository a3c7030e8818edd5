"""What each number means, boundary by boundary."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline import clock
from reports import definitions, metrics
from reports.catalogue import CATALOGUE, TERMS, with_terms
from reports.config import Formula, Reports, ServiceLevel
from reports.meanings import COUNTERS, METRICS, RATES
from reports.metrics import (
    COUNTER_NAMES,
    INTERVAL,
    SERVICE_LEVEL,
    Cell,
    Counters,
    Rules,
    count,
    rates,
    total,
)

BANGKOK = ZoneInfo("Asia/Bangkok")
DAY = date(2026, 11, 20)
START, END = clock.day_bounds(DAY, BANGKOK)
RULES = Rules(threshold=timedelta(seconds=20), short_abandon=timedelta(seconds=5))
TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class Facts:
    """One visit to a queue as the caller's side reports it."""

    arrived_at: datetime = START
    queue: str | None = "information"
    language: str | None = "th"
    queued_at: datetime | None = START
    connected_at: datetime | None = None
    abandoned_at: datetime | None = None
    left_at: datetime | None = None
    talk_ended_at: datetime | None = None
    wrapped_up_at: datetime | None = None
    transferred_at: datetime | None = None
    holds: int = 0
    held: timedelta = timedelta(0)
    again: bool = False
    visit: int = 1
    offers: int = 0
    missed: int = 0
    callback: bool = False
    promised: bool = False
    dequeued_at: datetime | None = None
    unreached: bool = False
    outgoing: bool = False
    told: bool = False
    asked_back: bool = False
    kept_back: bool = False
    passed_out: bool = False
    mark: int | None = None


def one(facts: Facts) -> Counters:
    (counters,) = count([facts], START, RULES).values()
    return counters


def answered(wait: timedelta, talk: timedelta | None = None, wrap_up: timedelta | None = None):
    connected = START + wait
    talk_ended = None if talk is None else connected + talk
    wrapped_up = None if talk_ended is None or wrap_up is None else talk_ended + wrap_up
    return Facts(connected_at=connected, talk_ended_at=talk_ended, wrapped_up_at=wrapped_up)


@pytest.mark.parametrize(
    ("wait", "within"),
    [
        (timedelta(0), 1),
        (RULES.threshold, 1),
        (RULES.threshold + TICK, 0),
        (timedelta(hours=1), 0),
    ],
)
def test_exactly_the_threshold_is_within_it(wait, within):
    assert one(answered(wait)).answered_in_threshold == within
    gone = one(Facts(abandoned_at=START + wait))
    assert (gone.abandoned_in_threshold, gone.answered_in_threshold) == (within, 0)


@pytest.mark.parametrize(("extra", "short"), [(timedelta(0), 1), (TICK, 0)])
def test_exactly_the_limit_is_a_short_abandon(extra, short):
    assert one(Facts(abandoned_at=START + RULES.short_abandon + extra)).short_abandoned == short


def test_an_answered_call_with_all_its_times():
    counters = one(answered(timedelta(seconds=12.5), timedelta(minutes=3), timedelta(seconds=40)))
    assert counters == Counters(
        calls=1,
        offered=1,
        answered=1,
        answered_in_threshold=1,
        wait_answered_ms=12_500,
        wait_answered_max_ms=12_500,
        waited_to_15s=1,
        talked=1,
        talk_ms=180_000,
        talk_max_ms=180_000,
        wrapped_up=1,
        wrap_up_ms=40_000,
        wrap_up_max_ms=40_000,
    )


def test_an_abandoned_call_counts_the_offers_it_was_given():
    facts = Facts(abandoned_at=START + timedelta(seconds=50), offers=2, missed=2)
    assert one(facts) == Counters(
        calls=1,
        offered=1,
        abandoned=1,
        wait_abandoned_ms=50_000,
        wait_abandoned_max_ms=50_000,
        offers_made=2,
        offers_missed=2,
    )


def test_a_call_in_conversation_has_no_talk_time_yet():
    counters = one(answered(timedelta(seconds=1)))
    assert (counters.answered, counters.talked, counters.talk_ms) == (1, 0, 0)
    assert rates(counters).average_talk is None


def test_a_waiting_call_is_offered_and_in_no_rate():
    counters = one(Facts())
    assert (counters.offered, counters.waiting) == (1, 1)
    assert set(vars_of(rates(counters))) == {None}


def test_a_call_that_left_by_transfer_is_neither_answered_nor_abandoned():
    counters = one(Facts(left_at=START + TICK, transferred_at=START + TICK))
    assert (counters.left_queue, counters.transferred, counters.waiting) == (1, 1, 0)
    assert (counters.answered, counters.abandoned) == (0, 0)


def test_a_call_that_never_queued_belongs_to_where_it_arrived():
    facts = Facts(arrived_at=END - TICK, queue=None, language=None, queued_at=None)
    assert count([facts], START, RULES) == {
        Cell(END - INTERVAL, "", ""): Counters(calls=1, not_queued=1)
    }


def test_a_second_queue_is_offered_again_but_is_no_second_call():
    sums = total(count([Facts(), Facts(visit=2, queue="complaint")], START, RULES).values())
    assert (sums.calls, sums.offered) == (1, 2)


def test_intervals_are_half_open():
    def interval(at: datetime) -> datetime:
        ((cell, _),) = count([Facts(queued_at=at)], START, RULES).items()
        return cell.interval_start

    assert interval(START) == START
    assert interval(START + INTERVAL - TICK) == START
    assert interval(START + INTERVAL) == START + INTERVAL
    assert interval(END - TICK) == END - INTERVAL


def test_a_call_across_midnight_belongs_to_where_it_queued():
    queued = END - timedelta(minutes=1)
    facts = Facts(arrived_at=START, queued_at=queued, connected_at=END + timedelta(minutes=2))
    ((cell, counters),) = count([facts], START, RULES).items()
    assert cell.interval_start == END - INTERVAL
    assert counters.wait_answered_ms == 180_000


def test_days_may_begin_at_half_past_in_utc():
    start, _ = clock.day_bounds(DAY, ZoneInfo("Asia/Kathmandu"))  # UTC+5:45
    (cell,) = count([Facts(queued_at=start + timedelta(minutes=14))], start, RULES)
    assert cell.interval_start == start


# ---------------------------------------------------------------- rates


def vars_of(found: metrics.Rates) -> list[float | None]:
    return [getattr(found, name) for name in metrics.Rates.__dataclass_fields__]


PUBLISHED = Counters(
    offered=1060,
    answered=1000,
    answered_in_threshold=860,
    abandoned=60,
    abandoned_in_threshold=20,
    short_abandoned=10,
)


@pytest.mark.parametrize(
    ("formula", "percent"),
    [  # callcentrehelper.com's worked example of a service-level threshold
        ("abandoned_in_threshold_as_met", 83.02),
        ("answered_only", 86.00),
        ("abandoned_as_missed", 81.13),
        ("abandoned_in_threshold_removed", 82.69),
        ("short_abandons_as_met", 82.08),
        ("short_abandons_removed", 81.90),
    ],
)
def test_the_published_formulas_give_the_published_results(formula, percent):
    level = rates(PUBLISHED, formula).service_level
    assert level is not None
    assert round(100 * level, 2) == percent


def test_the_configuration_names_the_formulas_that_there_are():
    assert set(get_args(Formula)) == set(SERVICE_LEVEL)


@pytest.mark.parametrize("formula", SERVICE_LEVEL)
def test_an_empty_cell_has_no_rates(formula):
    assert set(vars_of(rates(Counters(), formula))) == {None}


def test_averages():
    found = rates(
        Counters(
            offered=4,
            answered=3,
            abandoned=1,
            wait_answered_ms=30_000,
            wait_abandoned_ms=7_000,
            talked=2,
            talk_ms=100_000,
            wrapped_up=1,
            wrap_up_ms=9_000,
        )
    )
    assert (found.answer_rate, found.abandon_rate) == (0.75, 0.25)
    assert (found.average_wait, found.average_wait_abandoned) == (10_000, 7_000)
    assert (found.average_talk, found.average_wrap_up) == (50_000, 9_000)
    assert found.average_handling == 59_000


# ---------------------------------------------------------------- sums

moments = st.integers(0, 86_399_999).map(lambda ms: START + timedelta(milliseconds=ms))
spans = st.none() | st.integers(0, 4_000_000).map(lambda ms: timedelta(milliseconds=ms))


@st.composite
def calls(draw) -> Facts:
    at = draw(moments)
    queue = draw(st.sampled_from(["information", "complaint", None]))
    if queue is None:
        return Facts(arrived_at=at, queue=None, language=draw(st.none()), queued_at=None)
    wait, talk, wrap_up = draw(spans), draw(spans), draw(spans)
    if wait is None:
        return Facts(arrived_at=at, queue=queue, queued_at=at)
    if draw(st.booleans()):
        return Facts(arrived_at=at, queue=queue, queued_at=at, abandoned_at=at + wait)
    ended = None if talk is None else at + wait + talk
    done = None if ended is None or wrap_up is None else ended + wrap_up
    return Facts(
        arrived_at=at,
        queue=queue,
        language=draw(st.sampled_from(["th", "en"])),
        queued_at=at,
        connected_at=at + wait,
        talk_ended_at=ended,
        wrapped_up_at=done,
        offers=draw(st.integers(1, 4)),
    )


@given(st.lists(calls(), max_size=40), st.randoms(use_true_random=False))
def test_order_changes_nothing_and_every_call_is_in_exactly_one_cell(facts, random):
    cells = count(facts, START, RULES)
    shuffled = list(facts)
    random.shuffle(shuffled)
    assert count(shuffled, START, RULES) == cells
    sums = total(cells.values())
    assert sums.calls == len(facts) == sums.offered + sums.not_queued
    assert sums.offered == sums.answered + sums.abandoned + sums.left_queue + sums.waiting
    assert sums.answered_in_threshold <= sums.answered
    assert sums.short_abandoned <= sums.abandoned_in_threshold <= sums.abandoned
    assert all(START <= cell.interval_start < END for cell in cells)


@given(st.lists(calls(), max_size=40), st.integers(0, 40))
def test_a_sum_of_sums_is_the_sum(facts, cut):
    def summed(some: list[Facts]) -> Counters:
        return total(count(some, START, RULES).values())

    assert total([summed(facts[:cut]), summed(facts[cut:])]) == summed(facts)


# ---------------------------------------------------------------- words


def test_every_counter_and_every_rate_is_defined_once():
    assert tuple(metric.id for metric in COUNTERS) == COUNTER_NAMES
    assert [metric.id for metric in RATES if metric.is_rate] == [metric.id for metric in RATES]
    assert {metric.id for metric in RATES} == set(metrics.Rates.__dataclass_fields__)
    assert len(METRICS) == len(COUNTERS) + len(RATES)


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.id)
def test_every_number_has_its_name_and_definition_in_both_languages(metric):
    for language in ("th", "en"):
        assert metric.name[language]
        assert metric.definition[language]
    assert metric.name["th"] != metric.name["en"]


def test_the_document_says_what_the_code_says():
    document = Path(__file__).parents[3] / "docs" / "metrics.md"
    assert document.read_text(encoding="utf-8") == definitions.markdown(), (
        "python -m reports.definitions > docs/metrics.md"
    )


# ---------------------------------------------------------------- settings


def test_the_settings_become_rules():
    section = Reports(service_level=ServiceLevel(threshold_seconds=30), short_abandon_seconds=3)
    assert section.rules == Rules(timedelta(seconds=30), timedelta(seconds=3))
    assert list(section.faults()) == []


def test_a_short_abandon_longer_than_the_threshold_is_a_fault():
    (fault,) = Reports(short_abandon_seconds=21).faults()
    assert fault.path == "short_abandon_seconds"


def test_facts_outside_utc_count_the_same():
    local = Facts(queued_at=START.astimezone(BANGKOK), connected_at=START.astimezone(UTC))
    assert one(local).answered == 1


def test_a_definition_brings_those_that_it_is_made_of() -> None:
    found = with_terms({"on_time", "first_call_resolution"})
    assert found == {
        *("on_time", "tickets_closed_on_time", "tickets_closed_due", "tickets_open_overdue"),
        *("tickets_open", "first_call_resolution", "first_calls_resolved", "first_calls"),
    }
    assert with_terms({"calls"}) == {"calls"}


def test_every_rate_names_what_it_is_worked_out_from() -> None:
    """By the names that those have: a reader finds them among the definitions."""
    for id_, metric in CATALOGUE.items():
        if "÷" in metric.definition["en"]:
            assert len(TERMS[id_]) > 1, id_
