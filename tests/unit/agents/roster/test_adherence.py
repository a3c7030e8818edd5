"""What was planned beside what was, at every boundary."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.roster import adherence, rules
from agents.roster.adherence import Here, Rules, Seen, Span
from agents.roster.rules import Series
from agents.states import State, Status, Trouble

HERE = ZoneInfo("Asia/Bangkok")
DAY = date(2026, 11, 16)
RULES = Rules(breaks=frozenset({"meal"}))
LATER = datetime(2026, 12, 1, tzinfo=UTC)


def minutes(count):
    return timedelta(minutes=count)


def shift(start=8, length=8, day=DAY):
    one = Series(1, 7, "u", day, time(start), length * 60, day)
    return rules.on_day(one, day, HERE)


def at(hour, minute=0, day=DAY):
    return datetime.combine(day, time(hour, minute), tzinfo=HERE).astimezone(UTC)


def seen(*changes, end=LATER):
    return adherence.spans([Seen(*each) for each in changes], end, RULES.breaks)


def ready(moment):
    return moment, Status.READY, State.IDLE


def out(moment):
    return moment, Status.SIGNED_OUT, State.IDLE


def kept(there, of=None, now=LATER):
    return adherence.kept(of or shift(), there, now, RULES)


# ---------------------------------------------------------------- presence as spans


def test_what_counts_as_present():
    there = seen(
        ready(at(8)),
        (at(9), Status.READY, State.ON_CALL),
        (at(10), Status.SIGNED_OUT, State.ON_CALL),  # went home while talking: the call goes on
        (at(11), Status.BREAK, State.IDLE, "meal"),
        (at(12), Status.BREAK, State.IDLE, "declined"),
        (at(13), Status.MISSED, State.IDLE),
        (at(14), Status.BREAK, State.WRAP_UP, "rest"),
        out(at(15)),
    )
    assert [each.working for each in there] == [True, True, True, True, False, False, True]
    assert there[-1].end == at(15)
    assert kept(there).present == timedelta(hours=5)


def test_before_the_first_change_nobody_was_there_and_the_last_goes_on_up_to_the_end():
    assert seen() == []
    assert seen(out(at(8))) == []
    assert seen(ready(at(8)), end=at(9)) == [Span(at(8), at(9), True)]
    assert seen(ready(at(8)), ready(at(8)), out(at(8))) == []
    assert seen(ready(at(8)), out(at(12)), end=at(9)) == [Span(at(8), at(9), True)]


# ---------------------------------------------------------------- one shift


def test_exactly_as_planned():
    found = kept(seen(ready(at(8)), out(at(16))))
    assert (found.planned, found.present) == (timedelta(hours=8), timedelta(hours=8))
    assert (found.late, found.early, found.absent) == (minutes(0), minutes(0), False)


@pytest.mark.parametrize(("came", "late"), [(0, 0), (5, 0), (6, 6), (90, 90)])
def test_late_is_late_from_the_beginning_once_the_grace_is_over(came, late):
    there = seen(ready(at(8) + minutes(came)), out(at(16)))
    assert kept(there).late == minutes(late)


@pytest.mark.parametrize(("before", "early"), [(0, 0), (5, 0), (6, 6), (-30, 0)])
def test_left_early(before, early):
    there = seen(ready(at(8)), out(at(16) - minutes(before)))
    assert kept(there).early == minutes(early)


def test_who_was_never_there():
    found = kept([])
    assert found.absent
    assert (found.present, found.late, found.early) == (minutes(0), None, None)


@pytest.mark.parametrize("there", [(4, 8), (16, 20)])
def test_presence_that_only_touches_a_shift_is_none_of_it(there):
    found = kept(seen(ready(at(there[0])), out(at(there[1]))))
    assert found.absent


def test_a_shift_that_goes_on_is_measured_up_to_now():
    there = seen(ready(at(8)), end=at(10))
    found = kept(there, now=at(10))
    assert (found.planned, found.present, found.early) == (minutes(120), minutes(120), None)
    # it has not begun: nothing is planned yet, and nobody is absent
    found = kept([], now=at(8))
    assert (found.planned, found.absent) == (minutes(0), False)
    assert kept([], now=at(8) + minutes(1)).absent


def test_at_its_very_end_a_shift_is_over():
    there = seen(ready(at(8)), end=at(16))
    assert kept(there, now=at(16)).early == minutes(0)


def test_across_midnight():
    night = shift(22)
    tomorrow = DAY + timedelta(days=1)
    there = seen(ready(at(22, 10)), out(at(5, 30, tomorrow)))
    found = kept(there, night)
    assert (found.present, found.late, found.early) == (minutes(440), minutes(10), minutes(30))


def test_presence_through_two_shifts_counts_for_each():
    first, second = shift(8, 4), shift(14, 4)
    there = seen(ready(at(8)), out(at(18)))
    assert kept(there, first).present == kept(there, second).present == timedelta(hours=4)
    assert kept(there, first).early == kept(there, second).late == minutes(0)
    between = adherence.unplanned([first, second], there, at(0), at(23))
    assert between == timedelta(hours=2)


def test_a_break_in_the_middle_is_neither_late_nor_early():
    there = seen(ready(at(8)), out(at(10)), ready(at(12)), out(at(16)))
    found = kept(there)
    assert (found.present, found.late, found.early) == (minutes(360), minutes(0), minutes(0))


# ---------------------------------------------------------------- outside of shifts


def test_work_that_nobody_planned():
    there = seen(ready(at(7)), out(at(17)))
    assert adherence.unplanned([shift()], there, at(0), at(23)) == minutes(120)
    assert adherence.unplanned([], there, at(0), at(23)) == timedelta(hours=10)
    assert adherence.unplanned([], there, at(8), at(9)) == minutes(60)
    # two shifts that overlap take no minute off twice
    assert adherence.unplanned([shift(), shift(10, 4)], there, at(0), at(23)) == minutes(120)


# ---------------------------------------------------------------- now


def here(there, now, current=None, upcoming=None):
    return adherence.here(current, upcoming, there, now, RULES)


def test_who_should_be_here_and_is_not():
    of = shift()
    assert here([], at(8, 5), of) is Here.EXPECTED
    assert here([], at(8, 6), of) is Here.LATE
    assert here([], at(8, 30), of) is Here.LATE
    assert here([], at(8, 31), of) is Here.ABSENT
    left = seen(ready(at(8)), out(at(9)))
    assert here(left, at(10), of) is Here.LEFT
    # what was before the shift is not of it
    assert here(seen(ready(at(6)), out(at(8))), at(10), of) is Here.ABSENT


def test_who_is_here():
    there = seen(ready(at(7, 40)), end=at(9))
    assert here(there, at(9), shift()) is Here.PRESENT
    before = seen(ready(at(7, 40)), end=at(7, 45))
    assert here(before, at(7, 45), None, shift()) is Here.BEFORE
    assert here(seen(ready(at(7)), end=at(7, 29)), at(7, 29), None, shift()) is Here.UNPLANNED
    assert here([], at(7), None, shift()) is None


# ---------------------------------------------------------------- why it differs


def why(*changes, now=LATER):
    return [
        (each.why.value, each.how_long, each.reason)
        for each in adherence.differences(shift(), seen(*changes, end=now), now)
    ]


def test_every_minute_that_is_missing_has_a_reason():
    told = why(
        ready(at(8, 10)),
        (at(9), Status.BREAK, State.IDLE, "rest"),
        ready(at(9, 15)),
        (at(10), Status.BREAK, State.IDLE, "meal"),  # counts as present
        (at(10, 30), Status.BREAK, State.IDLE, "rest"),
        (at(10, 40), Status.MISSED, State.IDLE),
        ready(at(10, 43)),
        out(at(12)),
        ready(at(12, 20)),
        out(at(15, 55)),
    )
    assert told == [
        ("late", minutes(10), None),
        ("break", minutes(25), "rest"),
        ("missed", minutes(3), None),
        ("away", minutes(20), None),
        ("early", minutes(5), None),
    ]


def test_who_cannot_be_reached_is_there_and_does_not_keep_the_shift():
    """From the moment that the telephone fails up to the one in which it works, and no longer: not
    in a call, whose end it outlasts, and not on a break, which is one.
    """
    idle, fails = State.IDLE, Trouble.AWAY
    there = [
        ready(at(8)),
        (at(9), Status.READY, idle, None, fails),
        (at(9, 10), Status.READY, idle),
        (at(10), Status.READY, State.ON_CALL, None, fails),
        (at(10, 20), Status.READY, State.WRAP_UP, None, fails),
        (at(10, 25), Status.READY, idle, None, fails),
        (at(10, 30), Status.BREAK, idle, "rest", fails),
        (at(11), Status.READY, idle),
        out(at(16)),
    ]
    assert why(*there) == [("break", minutes(30), "rest"), ("unreachable", minutes(15), None)]
    whole = kept(seen(*there))
    worked = minutes(8 * 60 - 45)
    assert (whole.present, whole.late, whole.early) == (worked, minutes(0), minutes(0))
    assert adherence.unplanned([], seen(*there), at(8), at(16)) == worked


def test_who_never_came_and_who_was_there_all_the_time():
    assert why() == [("absent", minutes(480), None)]
    assert why(ready(at(7)), out(at(17))) == []
    assert why(ready(at(8)), now=at(9)) == [], "so far"
    assert why(now=at(8)) == []
    assert why(ready(at(8, 20)), now=at(9)) == [("late", minutes(20), None)]


@given(
    st.lists(
        st.tuples(st.integers(-120, 600), st.sampled_from(list(Status)), st.sampled_from("abc")),
        max_size=12,
    ),
    st.integers(0, 700),
)
def test_the_reasons_add_up_to_what_is_missing(changes, until):
    there = [
        Seen(at(8) + minutes(moment), status, State.IDLE, reason)
        for moment, status, reason in sorted(changes)
    ]
    now = at(8) + minutes(until)
    spans = adherence.spans([each for each in there if each.at <= now], now, {"a"})
    one = adherence.kept(shift(), spans, now, Rules(breaks=frozenset("a")))
    told = adherence.differences(shift(), spans, now)
    assert sum((each.how_long for each in told), minutes(0)) == one.planned - one.present
