"""The rules of units: the table of a job, how a unit stands, who is nearest, order, the clock."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.places.rules import Pin
from tickets.units import rules
from tickets.units.rules import (
    LEADS_TO,
    MOVES,
    OPEN,
    ROAD,
    WHO,
    Act,
    Candidate,
    Finding,
    JobState,
    Standing,
    State,
    Suggestion,
    Wanted,
    find,
    place_of_next,
    standing,
    suggest,
)
from tickets.workflow import Priority, Role

AT = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ENDS = frozenset(State) - OPEN

# ------------------------------------------------------------------ the table

#: Every state and every act, as a dispatcher would say it: M moves, = it is so already, ! it has
#: ended otherwise, . refused.
TABLE = """
             acknowledge on_way here done decline hand_over recall
sent         M           M      M    .    M       M         M
acknowledged =           M      M    .    M       M         M
on_way       =           =      M    .    M       M         M
here         =           =      =    M    .       M         M
done         =           =      =    =    !       !         !
declined     !           !      !    !    =       !         !
handed_over  !           !      !    !    !       =         !
recalled     !           !      !    !    !       !         =
"""
SIGNS = {
    "M": Finding.MOVES,
    "=": Finding.ALREADY,
    "!": Finding.LATE,
    ".": Finding.REFUSED,
}


def rows() -> list[tuple[State, Act, Finding]]:
    head, *lines = [line.split() for line in TABLE.strip().splitlines()]
    return [
        (State(line[0]), Act(act), SIGNS[sign])
        for line in lines
        for act, sign in zip(head, line[1:], strict=True)
    ]


def test_the_table_is_the_whole_of_it() -> None:
    assert {(state, act) for state, act, _ in rows()} == set(
        product(State, set(LEADS_TO) - {Act.SEND})
    )


@pytest.mark.parametrize(("state", "act", "finding"), rows())
def test_what_becomes_of_each_act_in_each_state(state: State, act: Act, finding: Finding) -> None:
    assert find(state, act) is finding
    assert (act in MOVES[state]) is (finding is Finding.MOVES)


@pytest.mark.parametrize("state", State)
def test_help_is_for_who_is_out_there(state: State) -> None:
    for act in (Act.NEED_HELP, Act.HELP_OVER):
        assert find(state, act) is (Finding.MOVES if state in OPEN else Finding.LATE)


def test_every_act_has_somebody_and_only_who_sends_recalls() -> None:
    assert set(WHO) == set(Act) - {Act.REORDER}
    assert Role.CREW not in WHO[Act.SEND] | WHO[Act.RECALL]
    for act, who in WHO.items():
        assert Role.AGENT not in who, act
        assert Role.MANAGER not in who, act
        assert Role.CITIZEN not in who, act


def test_each_open_state_has_a_way_to_each_end() -> None:
    for state in OPEN:
        assert Act.RECALL in MOVES[state], "nobody is stuck"
    assert all(not MOVES[state] for state in ENDS)


@given(st.lists(st.sampled_from(sorted(set(LEADS_TO) - {Act.SEND})), max_size=12))
def test_whatever_is_said_a_job_never_goes_back(acts: list[Act]) -> None:
    state, passed = State.SENT, [State.SENT]
    for act in acts:
        finding = find(state, act)
        if finding is Finding.MOVES:
            state = LEADS_TO[act]
            passed.append(state)
        again = find(state, act)
        # said again it changes nothing
        assert again is not Finding.MOVES
        assert (again is Finding.ALREADY) or finding is not Finding.MOVES
    road = [ROAD.index(each) for each in passed if each in ROAD]
    assert road == sorted(set(road))
    assert [each for each in passed if each in ENDS] in ([], passed[-1:])


@given(st.permutations([Act.ACKNOWLEDGE, Act.ON_WAY, Act.HERE]), st.data())
def test_in_whatever_order_they_come_the_crew_is_there(
    acts: list[Act], data: st.DataObject
) -> None:
    state = State.SENT
    for act in [*acts, data.draw(st.sampled_from(acts))]:
        if find(state, act) is Finding.MOVES:
            state = LEADS_TO[act]
    assert state is State.HERE


MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@given(st.none() | MOMENTS, MOMENTS, MOMENTS)
def test_a_telephones_clock_cannot_turn_the_story_round(
    at: datetime | None, before: datetime, now: datetime
) -> None:
    when = rules.happened(at, before, now)
    assert when >= before
    assert when <= max(now, before)
    if at is not None and before <= at <= now:
        assert when == at


# ------------------------------------------------------------------ a unit


def test_how_a_unit_stands() -> None:
    job = JobState(State.SENT, Priority.NORMAL, AT)
    later = JobState(State.HERE, Priority.NORMAL, AT + MINUTE, help_since=AT + 2 * MINUTE)
    on = AT - 30 * MINUTE
    assert standing(on_duty_since=None, jobs=[]) == (Standing.OFF_DUTY, None)
    assert standing(on_duty_since=on, jobs=[]) == (Standing.FREE, on)
    assert standing(on_duty_since=on, jobs=[], ended_at=AT) == (Standing.FREE, AT)
    assert standing(on_duty_since=on, jobs=[], ended_at=on - MINUTE) == (Standing.FREE, on)
    assert standing(on_duty_since=on, jobs=[job]) == (Standing.BUSY, AT)
    helped = (Standing.NEEDS_HELP, AT + 2 * MINUTE)
    assert standing(on_duty_since=on, jobs=[job, later]) == helped
    assert standing(on_duty_since=None, jobs=[later]) == helped, "seen whatever the roster says"


# ------------------------------------------------------------------ which one

HERE = Pin(12.93, 100.88)
WANTED = Wanted("engineering", HERE, "ru")


def north(km: float) -> Pin:
    return Pin(12.93 + km / 111.2, 100.88)


def unit(code: str, **more: object) -> Candidate:
    known: dict[str, object] = {"standing": Standing.FREE, "pin": north(1), "at": AT - MINUTE}
    return Candidate(code=code, **(known | more))  # type: ignore[arg-type]


def order(*candidates: Candidate, wanted: Wanted = WANTED) -> list[Suggestion]:
    return suggest(candidates, wanted, road_factor=1.3, old_after=10 * MINUTE, now=AT)


def test_the_nearest_free_unit_and_why() -> None:
    far, near = unit("a", pin=north(3)), unit("b", pin=north(1))
    first, second = order(far, near)
    assert (first.code, second.code) == ("b", "a")
    assert first.metres == pytest.approx(1300, rel=0.01), "straight, times the road's factor"
    assert (first.age, first.old, first.is_first_choice) == (MINUTE, False, True)


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        ({"divisions": frozenset({"traffic"})}, {"pin": north(9)}),
        ({"standing": Standing.BUSY, "jobs": 1}, {"pin": north(9)}),
        ({"standing": Standing.BUSY, "jobs": 1}, {"pin": None, "at": None}),
        ({"pin": None, "at": None}, {"pin": north(9)}),
        ({"at": AT - 11 * MINUTE}, {"pin": north(9)}),
        ({"pin": None, "at": None}, {"at": AT - 11 * MINUTE}),
        ({}, {"languages": frozenset({"ru"})}),
        ({"standing": Standing.BUSY, "jobs": 2}, {"standing": Standing.BUSY, "jobs": 1}),
    ],
)
def test_what_comes_before_what(worse: dict[str, object], better: dict[str, object]) -> None:
    assert [each.code for each in order(unit("a", **worse), unit("b", **better))] == ["b", "a"]


def test_an_old_position_is_said_to_be_old() -> None:
    (just,) = order(unit("a", at=AT - 10 * MINUTE))
    (old,) = order(unit("a", at=AT - 10 * MINUTE - timedelta(seconds=1)))
    assert (just.old, old.old) == (False, True)


def test_who_cannot_go_is_not_suggested() -> None:
    off = unit("a", standing=Standing.OFF_DUTY)
    helped = unit("b", standing=Standing.NEEDS_HELP)
    assert order(off, helped) == []


def test_without_a_pin_nobody_is_near() -> None:
    found = order(unit("b"), unit("a"), wanted=Wanted("engineering"))
    assert [(each.code, each.metres) for each in found] == [("a", None), ("b", None)]


CANDIDATES = st.lists(
    st.builds(
        Candidate,
        code=st.text("abc", min_size=1, max_size=4),
        standing=st.sampled_from(Standing),
        divisions=st.frozensets(st.sampled_from(["engineering", "traffic"])),
        languages=st.frozensets(st.sampled_from(["th", "ru"])),
        pin=st.none() | st.builds(Pin, st.floats(12.8, 13.0), st.floats(100.8, 101.0)),
        at=st.just(AT - MINUTE),
        jobs=st.integers(0, 3),
    ),
    unique_by=lambda each: each.code,
)


@given(CANDIDATES, st.randoms(use_true_random=False))
def test_all_see_the_same_order_and_a_free_one_is_first(
    candidates: list[Candidate], random: object
) -> None:
    mixed = list(candidates)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    found = order(*candidates)
    assert found == order(*mixed)
    if any(each.is_first_choice for each in found):
        first = found[0]
        assert first.is_first_choice
        near = [each.metres for each in found if each.is_first_choice and each.metres is not None]
        assert first.metres == min(near) if near else first.metres is None


# ------------------------------------------------------------------ order and clock

JOBS = st.lists(st.tuples(st.sampled_from(ROAD), st.sampled_from(Priority)), max_size=6)


def test_what_is_urgent_goes_before_what_nobody_has_begun() -> None:
    sent, way = State.SENT, State.ON_WAY
    low, high, top = Priority
    assert place_of_next([], high) == 0
    assert place_of_next([(sent, low)], high) == 0
    assert place_of_next([(sent, high)], high) == 1
    assert place_of_next([(way, low), (sent, low)], top) == 1
    assert place_of_next([(sent, low), (way, low)], top) == 2, "before nothing that has begun"


@given(JOBS, st.sampled_from(Priority))
def test_a_new_job_overtakes_neither_its_equals_nor_what_has_begun(
    jobs: list[tuple[State, Priority]], priority: Priority
) -> None:
    urgency = list(Priority).index
    behind = jobs[place_of_next(jobs, priority) :]
    assert all(state not in (State.ON_WAY, State.HERE) for state, _ in behind)
    if behind:
        assert urgency(behind[0][1]) < urgency(priority)


def test_the_clock_of_an_answer() -> None:
    minutes = {Priority.NORMAL: 15.0, Priority.URGENT: 5.0, Priority.CRITICAL: 2.5}
    due = rules.acknowledge_by(AT, Priority.CRITICAL, minutes)
    assert due == AT + timedelta(seconds=150)
    assert not rules.is_late(State.SENT, due, due)
    assert rules.is_late(State.SENT, due, due + timedelta(seconds=1))
    assert not rules.is_late(State.ACKNOWLEDGED, due, due + MINUTE)
