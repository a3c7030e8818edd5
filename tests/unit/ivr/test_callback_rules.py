"""The life of a callback, the hours in which one may be rung, and trying again."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ivr.callbacks.rules import (
    MOVES,
    PENDING,
    Hours,
    Missed,
    Move,
    Retries,
    Span,
    State,
    is_late,
    missed,
    try_again,
)

ZONE = ZoneInfo("Asia/Bangkok")
HOURS = Hours((Span.parse("08:00-12:00"), Span.parse("13:00-20:00")), ZONE, timedelta(minutes=30))
LONG_AGO = datetime(2026, 11, 1, tzinfo=UTC)
RETRIES = Retries(3, {Missed.BUSY: timedelta(minutes=2), Missed.NO_ANSWER: timedelta(minutes=5)})


def at(hour: int, minute: int = 0, day: int = 20) -> datetime:
    """A local time of the city."""
    return datetime(2026, 11, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


# ---------------------------------------------------------------- the table


def test_every_move_and_every_state_is_in_the_table() -> None:
    assert set(MOVES) == set(Move)
    reached = {to for to, _ in MOVES.values()}
    assert reached == set(State)


def test_a_pending_promise_always_has_a_way_on_and_a_way_out() -> None:
    ends = set(State) - set(PENDING)
    for state in PENDING:
        ways = {to for to, came in MOVES.values() if state in came}
        assert ways & ends, state
        assert State.CANCELLED in ways
        assert State.TAKEN_OVER in ways


def test_what_is_kept_or_settled_is_not_moved_any_more() -> None:
    for state in (State.REACHED, State.CANCELLED, State.TAKEN_OVER, State.DONE):
        assert not [move for move, (_, came) in MOVES.items() if state in came]


def test_nobody_is_rung_but_from_the_line() -> None:
    assert MOVES[Move.DIAL] == (State.DIALLING, frozenset({State.IN_LINE}))
    assert [move for move, (to, _) in MOVES.items() if to is State.DIALLING] == [Move.DIAL]


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("busy", Missed.BUSY),
        ("no-answer", Missed.NO_ANSWER),
        ("failed", Missed.FAILED),
        ("canceled", Missed.FAILED),
        ("completed", Missed.FAILED),
        ("agent_gone", Missed.FAILED),
    ],
)
def test_the_carriers_words(word: str, why: Missed) -> None:
    assert missed(word) is why


# ---------------------------------------------------------------- hours


@pytest.mark.parametrize(
    ("now", "may"),
    [
        (at(7, 59), False),
        (at(8), True),
        (at(11, 59), True),
        (at(12), False),  # half-open
        (at(13), True),
        (at(19, 59), True),
        (at(20), False),
        (at(3), False),
    ],
)
def test_nobody_is_rung_outside_the_hours(now: datetime, *, may: bool) -> None:
    assert HOURS.allow(now, LONG_AGO) is may


def test_unless_they_have_just_asked_for_it() -> None:
    assert HOURS.allow(at(3), at(3))
    assert HOURS.allow(at(3, 29), at(3))
    assert not HOURS.allow(at(3, 30), at(3))
    assert not HOURS.allow(at(2, 59), at(3))  # nor before their hour


@pytest.mark.parametrize(
    ("awake", "goes_on"),
    [
        (at(10), None),
        (at(19, 29), None),
        (at(19, 30), at(8, day=21)),
        (at(23), at(8, day=21)),
        (at(3), at(8)),
        (at(7, 29), at(8)),
        (at(7, 30), None),  # awake until it is day
    ],
)
def test_when_calling_goes_on_after_they_may_be_asleep(
    awake: datetime, goes_on: datetime | None
) -> None:
    assert HOURS.pause_after(awake) == goes_on


@pytest.mark.parametrize(
    ("now", "opens"),
    [(at(3), at(8)), (at(8), at(13)), (at(12, 30), at(13)), (at(20), at(8, day=21))],
)
def test_the_next_opening(now: datetime, opens: datetime) -> None:
    assert HOURS.next_opening(now) == opens


def test_only_open_hours_make_a_promise_late() -> None:
    assert HOURS.between(at(19), at(9, day=21)) == timedelta(hours=2)
    assert HOURS.between(at(11, 30), at(13, 15)) == timedelta(minutes=45)
    limit = timedelta(hours=2)
    assert not is_late(at(19), at(9, day=21), limit, HOURS)
    assert is_late(at(19), at(9, 1, day=21), limit, HOURS)


def test_a_day_may_end_at_midnight() -> None:
    span = Span.parse("18:00-24:00")
    assert span.holds(time(23, 59))
    assert not span.holds(time(17, 59))
    late = Hours((span,), ZONE, timedelta())
    assert late.between(at(0), at(0, day=21)) == timedelta(hours=6)


@pytest.mark.parametrize("text", ["8-20", "08:00", "08:00-25:00", "08:00 - 20:00", "24:00-24:00"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no span of a day"):
        Span.parse(text)


def test_a_night_is_two_spans() -> None:
    with pytest.raises(ValueError, match="two spans"):
        Span.parse("22:00-06:00")


# ---------------------------------------------------------------- trying again


def again(tries: int, why: Missed, now: datetime, awake_at: datetime = LONG_AGO) -> object:
    return try_again(tries, why, now, retries=RETRIES, hours=HOURS, awake_at=awake_at)


def test_the_pause_is_by_what_the_carrier_said() -> None:
    assert again(1, Missed.BUSY, at(9)) == at(9, 2)
    assert again(1, Missed.NO_ANSWER, at(9)) == at(9, 5)


def test_the_last_try_is_the_last() -> None:
    assert again(3, Missed.BUSY, at(9)) is not None
    assert again(4, Missed.BUSY, at(9)) is None


def test_a_pause_that_ends_in_the_night_ends_in_the_morning() -> None:
    assert again(1, Missed.NO_ANSWER, at(19, 58)) == at(8, day=21)
    assert again(1, Missed.NO_ANSWER, at(3), awake_at=at(3)) == at(3, 5)


def test_the_documentation_has_the_same_table() -> None:
    page = (Path(__file__).parents[3] / "docs" / "callbacks.md").read_text(encoding="utf-8")
    for move, (to, came) in MOVES.items():
        row = f"| `{move}` | {', '.join(state for state in State if state in came)} | {to} "
        assert row in page
