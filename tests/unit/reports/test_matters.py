"""What each number about tickets means, boundary by boundary."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline import clock
from reports import matters
from reports.catalogue import CATALOGUE
from reports.matters import (
    LEAST,
    STOCKS,
    TICKET_COUNTER_NAMES,
    TICKET_COUNTERS,
    TICKET_RATES,
    Days,
    TicketCounters,
    TicketRates,
    count,
    median_resolve,
    ticket_rates,
    total,
)

BANGKOK = ZoneInfo("Asia/Bangkok")
DAY = date(2026, 9, 30)  # the last day of fiscal year 2569
START, END = clock.day_bounds(DAY, BANGKOK)
TICK, HOUR = timedelta(microseconds=1), timedelta(hours=1)
LATER = END + timedelta(days=400)


class Change(NamedTuple):
    at: datetime
    is_open: bool
    how: str | None


@dataclass(frozen=True)
class History:
    received_at: datetime = START
    number: str = "69000001"
    category: str | None = "water"
    division: str = "engineering"
    area: str | None = None
    closed_at_once: bool = False
    changes: tuple[Change, ...] = ()
    dues: tuple[tuple[datetime, datetime | None], ...] = ()
    overdue: tuple[datetime, ...] = ()
    judged: tuple[tuple[datetime, int, str], ...] = ()
    suggested: tuple[datetime, str] | None = None


def days(first: date = DAY, number: int = 1, now: datetime = LATER) -> Days:
    starts = [clock.midnight(first + timedelta(days=n), BANGKOK) for n in range(number + 1)]
    return Days(first, starts, now)


def one(history: History, of: Days | None = None) -> TicketCounters:
    return total(count([history], of or days()), DAY)


def closed(at: datetime, how: str = "fixed", due: datetime | None = None, **more) -> History:
    dues = () if due is None else ((START, due),)
    return History(changes=(Change(at, False, how),), dues=dues, **more)


@pytest.mark.parametrize(
    ("at", "on_time"), [(END - HOUR, 1), (END - HOUR + TICK, 0), (END - HOUR - TICK, 1)]
)
def test_closed_exactly_at_the_deadline_is_on_time(at, on_time):
    counters = one(closed(at, due=END - HOUR))
    assert (counters.tickets_closed_due, counters.tickets_closed_on_time) == (1, on_time)
    assert ticket_rates(counters).on_time == on_time


def test_a_backlog_does_not_look_like_success():
    """Austin: one closed on time beside three that lie there late is a quarter, not all."""
    late = History(dues=((START, START + HOUR),))
    found = total(count([closed(START + HOUR, due=END), late, late, late], days()), DAY)
    assert ticket_rates(found).on_time == 1 / 4
    assert (found.tickets_open, found.tickets_open_overdue) == (3, 3)


@pytest.mark.parametrize(("due", "overdue"), [(END - TICK, 1), (END, 0), (END + TICK, 0)])
def test_due_exactly_when_the_day_is_over_is_not_overdue(due, overdue):
    assert one(History(dues=((START, due),))).tickets_open_overdue == overdue


@pytest.mark.parametrize(("at", "is_open"), [(END - TICK, 0), (END, 1)])
def test_closed_at_midnight_belongs_to_the_next_day(at, is_open):
    counters = one(closed(at))
    assert (counters.tickets_open, counters.tickets_closed) == (is_open, 1 - is_open)


@pytest.mark.parametrize(("at", "fiscal_year"), [(END - TICK, 2569), (END, 2570), (START, 2569)])
def test_received_at_the_end_of_the_fiscal_year(at, fiscal_year):
    (of,) = [
        of
        for of, counters in count([History(received_at=at)], days(number=2)).items()
        if counters.tickets_received
    ]
    assert clock.fiscal_year_of(of.day) == fiscal_year


@pytest.mark.parametrize(
    ("took", "bucket"),
    [
        (HOUR, "resolved_to_1h"),
        (HOUR + TICK, "resolved_to_4h"),
        (timedelta(0), "resolved_to_1h"),
        (23 * HOUR, "resolved_to_24h"),
    ],
)
def test_the_end_of_a_bucket_belongs_to_it(took, bucket):
    assert getattr(one(closed(START + took)), bucket) == 1


@pytest.mark.parametrize(
    ("age", "bucket"),
    [(timedelta(days=1), "open_to_1d"), (timedelta(days=1) + TICK, "open_to_3d")],
)
def test_ages(age, bucket):
    counters = one(History(received_at=END - age))
    assert (counters.tickets_open, getattr(counters, bucket)) == (1, 1)


def test_answered_at_once_is_received_and_never_closed():
    counters = one(History(closed_at_once=True))
    assert (counters.tickets_received, counters.tickets_answered_at_once) == (1, 1)
    assert (counters.tickets_closed, counters.tickets_open) == (0, 0)


def test_how_a_ticket_ends_decides_what_it_counts_as():
    merged, cancelled = one(closed(START + HOUR, "merged")), one(closed(START + HOUR, "withdrawn"))
    assert (merged.tickets_merged, merged.tickets_closed, merged.tickets_open) == (1, 0, 0)
    assert (cancelled.tickets_cancelled, cancelled.tickets_closed) == (1, 1)
    assert cancelled.tickets_resolved == 0


def test_opened_again_and_closed_again():
    changes = (
        Change(START + HOUR, False, "fixed"),
        Change(START + 2 * HOUR, True, "reopened"),
        Change(END + HOUR, False, "fixed"),
    )
    marks = ((START + HOUR, 1, ""), (START + 90 * TICK + HOUR, 2, ""))
    history = History(changes=changes, judged=marks)
    counters = one(history)
    assert (counters.tickets_closed, counters.tickets_reopened) == (1, 1)
    assert (counters.tickets_open, counters.tickets_judged) == (1, 2)
    both = total(count([history], days(number=2)), DAY + timedelta(days=1))
    assert (both.tickets_closed, both.tickets_open) == (2, 0)


def test_who_changes_their_mind_has_one_mark():
    at = START + HOUR
    counters = one(replace(closed(at), judged=((at + TICK, 1, ""), (at + 2 * TICK, 5, ""))))
    assert (counters.tickets_judged, counters.judgement_sum) == (1, 5)


def test_each_who_came_with_a_matter_has_a_mark_and_it_is_one_result():
    at = START + HOUR
    marks = ((at + TICK, 1, ""), (at + 2 * TICK, 5, "caller7"), (at + 3 * TICK, 2, ""))
    counters = one(replace(closed(at), judged=marks))
    assert (counters.tickets_judged, counters.judgement_sum) == (2, 7)
    assert (counters.results_judged, ticket_rates(counters).judgement_response) == (1, 1.0)


def test_the_deadline_is_the_one_that_stood_then():
    history = History(
        changes=(Change(START + 3 * HOUR, False, "fixed"),),
        dues=((START, START + HOUR), (START + 2 * HOUR, START + 5 * HOUR)),
    )
    assert one(history).tickets_closed_on_time == 1


@pytest.mark.parametrize(("first", "right"), [("water", 1), ("roads", 0)])
def test_a_suggestion_is_right_when_it_is_the_category_now(first, right):
    counters = one(History(suggested=(START, first)))
    assert (counters.categories_suggested, counters.categories_suggested_right) == (1, right)


def test_a_median_of_few_is_empty():
    assert median_resolve(TicketCounters(tickets_resolved=LEAST - 1, resolved_to_1h=4)) is None
    assert median_resolve(TicketCounters(tickets_resolved=LEAST, resolved_to_1h=5)) == 1_800_000


def test_nothing_to_divide_by_is_empty():
    assert set(vars(ticket_rates(TicketCounters())).values()) == {None}


@st.composite
def histories(draw) -> History:
    at = START + timedelta(minutes=draw(st.integers(-5000, 5000)))
    changes, is_open, then = [], True, at
    for _ in range(draw(st.integers(0, 4))):
        then += timedelta(minutes=draw(st.integers(0, 3000)))
        is_open = not is_open
        how = "reopened" if is_open else draw(st.sampled_from(["fixed", "withdrawn", "merged"]))
        changes.append(Change(then, is_open, how))
    due = draw(st.none() | st.integers(0, 4000))
    return History(
        received_at=at,
        category=draw(st.sampled_from([None, "water", "roads"])),
        changes=tuple(changes),
        dues=() if due is None else ((at, at + timedelta(minutes=due)),),
        judged=tuple((then, draw(st.integers(1, 5)), "") for _ in range(draw(st.integers(0, 1)))),
    )


@given(st.lists(histories(), max_size=12), st.randoms(use_true_random=False))
def test_days_one_by_one_are_the_days_at_once_in_any_order(found, random):
    first, number = DAY - timedelta(days=3), 7
    whole = count(found, days(first, number))
    random.shuffle(found)
    single = {}
    for n in range(number):
        single |= count(found, days(first + timedelta(days=n)))
    assert single == whole
    last = first + timedelta(days=number - 1)
    summed = total(whole, last)
    for name in TICKET_COUNTER_NAMES:
        cells = [
            getattr(counters, name)
            for of, counters in whole.items()
            if name not in STOCKS or of.day == last
        ]
        assert getattr(summed, name) == sum(cells)


@given(st.lists(histories(), max_size=12))
def test_what_is_open_is_what_came_and_did_not_go(found):
    """From one day's end to the next: open + received + reopened - closed."""
    whole = count(found, days(DAY - timedelta(days=1), 2))
    before = total({of: c for of, c in whole.items() if of.day < DAY}, DAY - timedelta(days=1))
    after = total({of: c for of, c in whole.items() if of.day == DAY}, DAY)
    came = after.tickets_received + after.tickets_reopened
    went = after.tickets_closed + after.tickets_merged
    assert after.tickets_open == before.tickets_open + came - went
    ages = sum(getattr(after, name) for name in matters.AGE_BUCKETS)
    assert ages == after.tickets_open >= after.tickets_open_overdue


def test_every_number_is_defined_once():
    assert tuple(metric.id for metric in TICKET_COUNTERS) == TICKET_COUNTER_NAMES
    assert {metric.id for metric in TICKET_RATES} == set(TicketRates.__dataclass_fields__)
    whole = [*CATALOGUE]
    assert len(whole) == len(set(whole))


@pytest.mark.parametrize("metric", CATALOGUE.values(), ids=lambda metric: metric.id)
def test_every_number_has_its_name_and_definition_in_both_languages(metric):
    for language in ("th", "en"):
        assert metric.name[language]
        assert metric.definition[language]
    assert metric.name["th"] != metric.name["en"]
    assert START.tzinfo is UTC
