"""The three clocks, tried with every calendar, pause and moment that hypothesis thinks of."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.calendars import is_open
from hotline.config import Calendar, City, load_yaml
from tests.support.floors import CONFIG
from tickets import deadlines
from tickets.deadlines import (
    Begins,
    Clock,
    History,
    Office,
    Pause,
    Promises,
    Reckoning,
    Step,
    StepKind,
    Usual,
    Wanted,
)
from tickets.workflow import Kind, Priority

CITY = City.model_validate(load_yaml(CONFIG)["city"])
BANGKOK, BERLIN = ZoneInfo("Asia/Bangkok"), ZoneInfo("Europe/Berlin")


def office(zone: ZoneInfo = BANGKOK, **keys: object) -> Office:
    calendar = Calendar.model_validate({"title": {"th": "ก", "en": "o"}, **keys})
    return Office("office", calendar, CITY.holidays, zone)


WEEK = office(weekly={"mon-fri": ["08:30-12:00", "13:00-16:30"]}, holidays=True)
offices = st.sampled_from(
    [
        None,
        WEEK,
        office(weekly={"mon-sun": ["00:00-24:00"]}),
        office(weekly={"mon-sat": ["22:00-06:00"]}),
        office(weekly={"wed": ["09:00-09:30"]}, holidays=True),
        office(zone=BERLIN, weekly={"mon-sun": ["01:30-02:30", "08:00-17:00"]}),
        office(weekly={"mon-fri": ["08:30-16:30"]}, dates={"2026-12-31": ["06:00-07:00"]}),
    ]
)
moments = st.integers(0, 2 * 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
#: In whole quarters of an hour, so that sums are exact.
hours = st.integers(1, 4 * 60).map(lambda quarters: quarters / 4)


@st.composite
def some_pauses(draw: st.DrawFn) -> tuple[Pause, ...]:
    found = []
    for _ in range(draw(st.integers(0, 3))):
        start = draw(moments)
        found.append(Pause(start, start + timedelta(minutes=draw(st.integers(0, 20_000)))))
    return tuple(found)


def reckon(
    start: datetime, of: float, where: Office | None, pauses: tuple[Pause, ...] = ()
) -> Reckoning:
    return deadlines.reckon(start, Begins.RECEIVED, Wanted(of, "resolve_hours.x"), where, pauses)


def local(*parts: int, zone: ZoneInfo = BANGKOK) -> datetime:
    return datetime(*parts, tzinfo=zone)  # type: ignore[arg-type,misc]


@given(moments, hours)
def test_around_the_clock_is_plain_addition(start: datetime, of: float) -> None:
    assert reckon(start, of, None).due == start + timedelta(hours=of)


@given(moments, hours, hours, offices, some_pauses())
def test_more_work_is_never_sooner(
    start: datetime, one: float, more: float, where: Office | None, pauses: tuple[Pause, ...]
) -> None:
    assert reckon(start, one, where, pauses).due < reckon(start, one + more, where, pauses).due


@given(moments, st.integers(0, 100_000), hours, offices, some_pauses())
def test_a_later_start_is_never_sooner(
    start: datetime, minutes: int, of: float, where: Office | None, pauses: tuple[Pause, ...]
) -> None:
    later = start + timedelta(minutes=minutes)
    assert reckon(start, of, where, pauses).due <= reckon(later, of, where, pauses).due


@given(moments, hours, hours, offices, some_pauses())
def test_work_in_two_parts_is_the_work_in_one(
    start: datetime, one: float, two: float, where: Office | None, pauses: tuple[Pause, ...]
) -> None:
    first = reckon(start, one, where, pauses).due
    assert reckon(first, two, where, pauses).due == reckon(start, one + two, where, pauses).due


@given(moments, hours, offices, some_pauses(), moments, st.integers(0, 20_000))
def test_another_pause_is_never_sooner(
    start: datetime,
    of: float,
    where: Office | None,
    pauses: tuple[Pause, ...],
    at: datetime,
    minutes: int,
) -> None:
    more = (*pauses, Pause(at, at + timedelta(minutes=minutes)))
    assert reckon(start, of, where, pauses).due <= reckon(start, of, where, more).due


@given(moments, hours, offices, some_pauses())
def test_the_last_moment_counted_is_open_and_not_paused(
    start: datetime, of: float, where: Office | None, pauses: tuple[Pause, ...]
) -> None:
    last = reckon(start, of, where, pauses).due - timedelta(microseconds=1)
    assert not any(pause.start <= last < pause.end for pause in pauses)
    if where is not None:
        assert is_open(where.calendar, last.astimezone(where.zone), where.holidays)


@given(moments, hours, offices, some_pauses())
def test_the_steps_say_all_of_it(
    start: datetime, of: float, where: Office | None, pauses: tuple[Pause, ...]
) -> None:
    """From the start to the end without a gap, and what they count is what was given."""
    found = reckon(start, of, where, pauses)
    spans = [
        (step.kind, step.start, step.end)
        for step in found.steps
        if step.kind in (StepKind.COUNTED, StepKind.CLOSED, StepKind.PAUSED)
    ]
    assert spans[0][1] == start
    assert all(end == begin for (_, _, end), (_, begin, _) in pairwise(spans))
    counted = [end - begin for kind, begin, end in spans if kind is StepKind.COUNTED]  # type: ignore[operator]
    assert sum(counted, timedelta()) == timedelta(hours=of)
    assert spans[-1][0] is StepKind.COUNTED
    assert spans[-1][2] == found.due == found.steps[-1].start


@given(moments, hours, offices, some_pauses())
def test_a_step_is_read_as_it_was_written(
    start: datetime, of: float, where: Office | None, pauses: tuple[Pause, ...]
) -> None:
    for step in reckon(start, of, where, pauses).steps:
        assert Step.read(step.written()) == step


def test_a_friday_afternoon_goes_on_on_monday_and_lunch_does_not_count() -> None:
    found = reckon(local(2026, 11, 20, 15, 30), 5, WEEK)
    assert found.due == local(2026, 11, 23, 13, 30)
    kinds = [step.kind.value for step in found.steps]
    assert kinds == [
        "start",
        "wanted",
        "counted",
        "closed",
        "counted",
        "closed",
        "counted",
        "result",
    ]


def test_holidays_are_skipped_and_named() -> None:
    found = reckon(local(2026, 12, 4, 15, 30), 2, WEEK)
    assert found.due == local(2026, 12, 8, 9, 30)  # Saturday the 5th is made good on Monday
    named = [step for step in found.steps if step.kind is StepKind.HOLIDAY]
    assert [step.day for step in named] == [date(2026, 12, 7)]
    assert dict(named[0].names)["en"]


def test_a_dated_exception_counts_what_it_has() -> None:
    where = office(weekly={"mon-fri": ["08:30-16:30"]}, dates={"2026-12-31": ["08:30-12:00"]})
    assert reckon(local(2026, 12, 31, 11, 0), 2, where).due == local(2027, 1, 1, 9, 30)


def test_work_that_ends_with_the_day_is_due_that_day() -> None:
    assert reckon(local(2026, 11, 20, 15, 30), 1, WEEK).due == local(2026, 11, 20, 16, 30)


def test_a_pause_gives_back_what_it_took() -> None:
    start = local(2026, 11, 23, 9, 0)
    pause = Pause(local(2026, 11, 23, 10, 0), local(2026, 11, 24, 10, 0))
    found = reckon(start, 3, WEEK, (pause,))
    assert found.due == local(2026, 11, 24, 13, 0) - timedelta(hours=1)
    assert [step.kind for step in found.steps].count(StepKind.PAUSED) == 1  # over the night as well


def test_when_clocks_change_an_hour_is_an_hour() -> None:
    where = office(zone=BERLIN, weekly={"mon-sun": ["00:00-24:00"]})
    start = local(2026, 3, 28, 12, 0, zone=BERLIN)
    assert reckon(start, 24, where).due == local(2026, 3, 29, 13, 0, zone=BERLIN)
    back = local(2026, 10, 24, 12, 0, zone=BERLIN)
    assert reckon(back, 24, where).due == local(2026, 10, 25, 11, 0, zone=BERLIN)


def test_hours_that_the_clock_skips_do_not_count() -> None:
    where = office(zone=BERLIN, weekly={"mon-sun": ["01:30-03:30"]})
    start = local(2026, 3, 29, 0, 0, zone=BERLIN)
    assert reckon(start, 2, where).due == local(2026, 3, 30, 2, 30, zone=BERLIN)


# ---------------------------------------------------------------- how many hours

PROMISES = Promises(
    {
        Clock.ACKNOWLEDGE: {Priority.NORMAL: 24, Priority.URGENT: 8, Priority.CRITICAL: 2},
        Clock.RESOLVE: {Priority.URGENT: 48, Priority.CRITICAL: 24},
    },
    dict.fromkeys(Kind, 72.0) | {Kind.EMERGENCY: 2.0},
)
ROAD = Usual("road", Priority.NORMAL, {Clock.RESOLVE: 168.0})
SNAKE = Usual("snake", Priority.CRITICAL, {Clock.ACKNOWLEDGE: 0.5, Clock.RESOLVE: 30.0})
COMPLAINT, EMERGENCY, ANY = Kind.COMPLAINT, Kind.EMERGENCY, None


@pytest.mark.parametrize(
    ("clock", "kind", "priority", "usual", "expected"),
    [
        (Clock.RESOLVE, COMPLAINT, Priority.NORMAL, ANY, (72, "resolve_hours.complaint")),
        (Clock.RESOLVE, COMPLAINT, Priority.NORMAL, ROAD, (168, "categories.road.resolve_hours")),
        (Clock.RESOLVE, COMPLAINT, Priority.URGENT, ROAD, (48, "deadlines.resolve.urgent")),
        (Clock.RESOLVE, COMPLAINT, Priority.URGENT, ANY, (48, "deadlines.resolve.urgent")),
        (Clock.RESOLVE, EMERGENCY, Priority.CRITICAL, ROAD, (2, "resolve_hours.emergency")),
        # what its category is used to is not made shorter by what it is used to
        (
            Clock.RESOLVE,
            COMPLAINT,
            Priority.CRITICAL,
            SNAKE,
            (30, "categories.snake.resolve_hours"),
        ),
        (Clock.RESOLVE, COMPLAINT, Priority.NORMAL, SNAKE, (30, "categories.snake.resolve_hours")),
        (Clock.ACKNOWLEDGE, COMPLAINT, Priority.NORMAL, ROAD, (24, "deadlines.acknowledge.normal")),
        (
            Clock.ACKNOWLEDGE,
            COMPLAINT,
            Priority.CRITICAL,
            SNAKE,
            (0.5, "categories.snake.acknowledge_hours"),
        ),
        (Clock.UPDATE, COMPLAINT, Priority.CRITICAL, SNAKE, None),
    ],
)
def test_hours_and_where_they_come_from(
    clock: Clock,
    kind: Kind,
    priority: Priority,
    usual: Usual | None,
    expected: tuple[float, str] | None,
) -> None:
    found = deadlines.wanted(clock, kind, priority, usual, PROMISES)
    assert (found and (found.hours, found.setting)) == expected


@given(st.sampled_from(Kind), st.sampled_from([None, ROAD, SNAKE]))
def test_a_higher_priority_never_waits_longer(kind: Kind, usual: Usual | None) -> None:
    for clock in (Clock.ACKNOWLEDGE, Clock.RESOLVE):
        found = [deadlines.wanted(clock, kind, each, usual, PROMISES) for each in Priority]
        given_hours = [each.hours for each in found if each]
        assert given_hours == sorted(given_hours, reverse=True)


# ---------------------------------------------------------------- the plan

AT = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
HOURS = {clock: Wanted(24 * n, f"x.{clock}") for n, clock in enumerate(Clock, 1)}


def after(plan: dict[Clock, Reckoning]) -> dict[str, float]:
    return {clock.value: (each.due - AT) / timedelta(hours=1) for clock, each in plan.items()}


def test_a_new_ticket_has_three_clocks_from_its_receipt() -> None:
    plan = deadlines.plan(HOURS, None, History(AT))
    assert after(plan) == {"acknowledge": 24, "update": 48, "resolve": 72}


def test_a_word_of_the_division_stops_one_clock_and_restarts_another() -> None:
    seen = AT + timedelta(hours=10)
    plan = deadlines.plan(HOURS, None, History(AT, acknowledged_at=seen, news_at=seen))
    assert after(plan) == {"update": 58, "resolve": 72}
    assert plan[Clock.UPDATE].steps[0].about == "news"


def test_another_division_begins_anew_with_what_it_owes_and_the_citizen_does_not() -> None:
    plan = deadlines.plan(HOURS, None, History(AT, routed_at=AT + timedelta(hours=10)))
    assert after(plan) == {"acknowledge": 34, "update": 58, "resolve": 72}
    assert plan[Clock.ACKNOWLEDGE].steps[0].about == "routed"


def test_waiting_stops_all_but_the_acknowledgement() -> None:
    pause = Pause(AT + timedelta(hours=1), AT + timedelta(hours=11))
    plan = deadlines.plan(HOURS, None, History(AT, pauses=(pause,)))
    assert after(plan) == {"acknowledge": 24, "update": 58, "resolve": 82}


def test_on_time_counts_what_is_open_and_late() -> None:
    assert deadlines.on_time(closed_on_time=8, closed=10, open_overdue=0) == 0.8
    assert deadlines.on_time(closed_on_time=10, closed=10, open_overdue=90) == 0.1
    assert deadlines.on_time(closed_on_time=0, closed=0, open_overdue=0) is None
