"""When somebody works: rules, exceptions, conflicts, heads; nights in which the clocks change."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from agents.roster import rules
from agents.roster.rules import BadRule, Change, Kind, Pattern, Repeat, Series

HERE, THERE = ZoneInfo("Asia/Bangkok"), ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 11, 16)


def series(rule="", run=1, *, first=MONDAY, start=time(8), minutes=480, last=None, **more):
    agent_id, id_ = more.pop("agent_id", 7), more.pop("id", 1)
    return Series(
        id_, agent_id, "u", first, start, minutes, first, rule, run, last_day=last, **more
    )


def days(of, first=MONDAY, length=14):
    return [each.day for each in rules.planned_days(of, first, first + timedelta(days=length - 1))]


# ---------------------------------------------------------------- rules


def test_a_week_of_weekdays_and_every_second_one():
    rule, run = rules.rule_of(Repeat(Pattern.WEEKLY, (4, 0, 2)))
    assert (rule, run) == ("FREQ=WEEKLY;BYDAY=MO,WE,FR", 1)
    assert days(series(rule)) == [16, 18, 20, 23, 25, 27]
    rule, _ = rules.rule_of(Repeat(Pattern.WEEKLY, (0,), every=2))
    assert days(series(rule), length=21) == [16, 30]


def test_days_on_and_days_off():
    rule, run = rules.rule_of(Repeat(Pattern.ON_OFF, on=4, off=2))
    assert (rule, run) == ("FREQ=DAILY;INTERVAL=6", 4)
    assert days(series(rule, run)) == [16, 17, 18, 19, 22, 23, 24, 25, 28, 29]
    # a window that begins in the middle of a run
    assert days(series(rule, run), MONDAY + timedelta(days=2), 3) == [18, 19]


@pytest.mark.parametrize(
    "repeat",
    [
        Repeat(),
        Repeat(Pattern.WEEKLY, (1, 6), 3),
        Repeat(Pattern.ON_OFF, on=1, off=1),
        Repeat(Pattern.ON_OFF, on=5, off=9),
    ],
)
def test_a_rule_has_the_words_that_it_was_made_of(repeat):
    found = rules.repeat_of(*rules.rule_of(repeat))
    assert found.pattern == repeat.pattern
    if repeat.pattern is Pattern.WEEKLY:
        assert (found.weekdays, found.every) == (repeat.weekdays, repeat.every)
    if repeat.pattern is Pattern.ON_OFF:
        assert (found.on, found.off) == (repeat.on, repeat.off)


def test_a_rule_of_a_file_that_the_form_does_not_have():
    assert rules.repeat_of("FREQ=MONTHLY;BYMONTHDAY=1", 1).pattern is Pattern.OTHER
    assert rules.canonical("interval=1;FREQ=weekly;WKST=MO;byday=TU") == "FREQ=WEEKLY;BYDAY=TU"


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "FREQ=HOURLY",
        "FREQ=YEARLY",
        "FREQ=DAILY;BYHOUR=3",
        "FREQ=WEEKLY;INTERVAL=0",
        "FREQ=WEEKLY;INTERVAL=100000",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=MONTHLY;BYMONTHDAY=x",
        "FREQ=DAILY;UNTIL=20270101",
        # what may never come true, and would be looked for until the year 9999
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
        "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=MONTHLY;BYDAY=5MO;BYMONTHDAY=1",
        "nonsense",
    ],
)
def test_what_is_no_rule_of_a_roster(rule):
    with pytest.raises(BadRule):
        rules.canonical(rule)


def test_a_rule_needs_a_day():
    with pytest.raises(BadRule):
        rules.rule_of(Repeat(Pattern.WEEKLY))
    with pytest.raises(BadRule):
        rules.rule_of(Repeat(Pattern.ON_OFF, on=3, off=0))


def test_so_many_shifts_end_on_a_day():
    assert rules.nth_day(series("FREQ=WEEKLY;BYDAY=MO,FR"), 3) == date(2026, 11, 23)
    assert rules.nth_day(series("FREQ=DAILY;INTERVAL=6", 4), 5) == date(2026, 11, 22)
    with pytest.raises(BadRule):
        rules.nth_day(series("FREQ=MONTHLY;BYMONTHDAY=1"), 999)


def test_a_rule_that_never_comes_true_is_found_out():
    assert not rules.happens(series("FREQ=WEEKLY;BYDAY=SU", last=MONDAY))
    assert rules.happens(series("FREQ=WEEKLY;BYDAY=SU"))


# ---------------------------------------------------------------- shifts, exceptions


def test_a_shift_across_midnight_belongs_to_the_day_on_which_it_begins():
    night = series("FREQ=DAILY", start=time(22))
    (found,) = rules.shifts([night], MONDAY, MONDAY, HERE)
    assert found.start == datetime(2026, 11, 16, 15, tzinfo=UTC)
    assert found.end == datetime(2026, 11, 16, 23, tzinfo=UTC)
    at = datetime(2026, 11, 17, 5, tzinfo=HERE)
    assert [each.on for each in rules.now([night], at, HERE)] == [MONDAY]
    # at the moment of its end it is over, and it has begun at that of its beginning
    assert rules.now([night], found.end, HERE) == []
    assert rules.now([night], found.start, HERE) != []


@pytest.mark.parametrize(
    ("day", "ends"), [(date(2026, 3, 27), 6), (date(2026, 3, 28), 7), (date(2026, 10, 24), 5)]
)
def test_a_night_in_which_the_clocks_change_is_as_long_as_any_other(day, ends):
    (found,) = rules.shifts([series(first=day, start=time(22))], day, day, THERE)
    assert found.start.astimezone(THERE).hour == 22
    assert found.end - found.start == timedelta(hours=8)
    assert found.end.astimezone(THERE).hour == ends


def test_a_time_that_the_clocks_jump_over_is_later():
    day = date(2026, 3, 29)
    (found,) = rules.shifts([series(first=day, start=time(2, 30))], day, day, THERE)
    assert found.start.astimezone(THERE).time() == time(3, 30)


def test_days_off_moved_and_swapped():
    whole = series(
        "FREQ=DAILY",
        changes={
            date(2026, 11, 17): Change(Kind.OFF, "ill", 7, date(2026, 11, 17), time(8), 480),
            date(2026, 11, 18): Change(Kind.MOVED, "", 7, date(2026, 12, 24), time(12), 60),
            date(2026, 11, 19): Change(Kind.SWAPPED, "", 9, date(2026, 11, 19), time(8), 480),
        },
    )
    found = rules.shifts([whole], MONDAY, date(2026, 11, 19), HERE)
    assert [(each.on.day, each.agent_id) for each in found] == [(16, 7), (19, 9)]
    with_off = rules.shifts([whole], MONDAY, date(2026, 11, 19), HERE, also_off=True)
    assert [(each.on.day, each.works) for each in with_off] == [(16, True), (17, False), (19, True)]
    # where it was moved to, it is found by that day
    christmas = rules.shifts([whole], date(2026, 12, 24), date(2026, 12, 24), HERE)
    assert sorted(each.on for each in christmas) == [date(2026, 11, 18), date(2026, 12, 24)]


def test_a_series_ends_on_its_last_day_and_counts_on_from_where_it_began():
    assert days(series("FREQ=DAILY", last=date(2026, 11, 18))) == [16, 17, 18]
    on_off = series("FREQ=DAILY;INTERVAL=6", 4)
    going_on = replace(on_off, first_day=date(2026, 11, 18))
    assert days(going_on) == [18, 19, 22, 23, 24, 25, 28, 29]


# ---------------------------------------------------------------- conflicts, heads


def at(hour, length, day=MONDAY, agent_id=7, id=1):
    one = series(first=day, start=time(hour), minutes=length * 60, agent_id=agent_id, id=id)
    return rules.on_day(one, day, HERE)


REST = timedelta(hours=8)


def test_overlap_and_too_little_rest():
    assert rules.conflicts([at(8, 8), at(0, 8, MONDAY + timedelta(days=1))], REST) == []
    (found,) = rules.conflicts([at(8, 8), at(23, 1)], REST)
    assert (found.overlaps, found.gap) == (False, timedelta(hours=7))
    (found,) = rules.conflicts([at(8, 8), at(15, 8)], REST)
    assert found.overlaps
    # one right after the other is no rest at all, but no overlap
    (found,) = rules.conflicts([at(8, 8), at(16, 7)], REST)
    assert (found.overlaps, found.gap) == (False, timedelta())


def test_a_long_shift_is_remembered_behind_a_short_one():
    found = rules.conflicts([at(6, 17), at(8, 1), at(12, 1)], REST)
    assert [each.overlaps for each in found] == [True, True]
    assert rules.conflicts([at(8, 8), at(8, 8, agent_id=9)], REST) == []


def test_the_fewest_heads_of_an_hour_count():
    shifts = [at(8, 8), at(15, 8, agent_id=9), at(8, 8, agent_id=7, id=2)]
    hours = [datetime(2026, 11, 16, hour, tzinfo=HERE) for hour in (7, 8, 15, 16, 22, 23)]
    # somebody who is planned twice is one head
    assert rules.heads(shifts, hours) == [0, 1, 2, 1, 1, 0]
    half = replace(shifts[0], start=shifts[0].start + timedelta(minutes=30))
    assert rules.heads([half], [hours[1]]) == [0]
