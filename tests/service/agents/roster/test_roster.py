"""The roster's verbs on both engines: series, single days, files, who was there."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from agents import service as agents
from agents.roster import adherence, attendance, files, importing, rules, service
from agents.roster.adherence import Here
from agents.roster.rules import Kind
from agents.roster.service import Act, ChangedMeanwhile, InThePast, NoSuchShift, Plan, Wish
from agents.roster.sheets import Bad
from hotline import audit, auth
from hotline.errors import Invalid, NotFound

HERE = ZoneInfo("Asia/Bangkok")
#: Noon of a Monday.
NOW = datetime(2026, 11, 16, 5, tzinfo=UTC)
ACT = Act(None, NOW, HERE)
MONDAY = date(2026, 11, 16)
WEEK = timedelta(days=7)


def on(day, month=11):
    return date(2026, month, day)


@pytest.fixture
def noi(hire):
    return hire("Noi")


@pytest.fixture
def lek(hire):
    return hire("Lek")


def add(db, agent_id, rule="FREQ=DAILY", first=MONDAY, start=time(8), minutes=480, **more):
    with db.write() as session:
        return service.add(session, Plan(agent_id, first, start, minutes, rule, **more), ACT)


def worked(db, first=MONDAY - WEEK, last=MONDAY + WEEK, agent_id=None):
    """Day and local hour of each shift; with the agent, where not asked for one."""
    with db.read() as session:
        return [
            (each.day.day, each.start.astimezone(HERE).hour)
            for each in service.shifts_between(session, first, last, HERE)
            if agent_id in (None, each.agent_id)
        ]


def told(db):
    with db.read() as session:
        return [(each.kind, each.subject) for each in reversed(audit.lines(session))]


def find(db, shift_id):
    with db.read() as session:
        return service.find(session, shift_id)


# ---------------------------------------------------------------- series


def test_a_shift_is_made_and_told_of(db, noi):
    add(db, noi, "FREQ=WEEKLY;BYDAY=MO,WE")
    assert worked(db) == [(16, 8), (18, 8), (23, 8)]
    assert told(db) == [("agents.shift_added", f"agent:{noi}")]


@pytest.mark.parametrize(
    "plan",
    [{"minutes": 5}, {"minutes": 1440}, {"rule": "FREQ=WEEKLY;BYDAY=SU", "last_day": on(17)}],
)
def test_what_is_no_shift_is_refused(db, noi, plan):
    with pytest.raises(Invalid):
        add(db, noi, **plan)
    with pytest.raises(NotFound):
        add(db, 999)


def test_a_changed_series_changes_the_future_and_leaves_the_past(db, noi):
    first = add(db, noi, first=MONDAY - WEEK)
    with db.write() as session:
        plan = Plan(noi, on(18), time(14), 240, "FREQ=DAILY")
        second = service.change(session, first, plan, ACT, version=1)
    assert second != first
    assert worked(db, last=on(19)) == [(n, 8) for n in range(9, 18)] + [(18, 14), (19, 14)]
    old, new = find(db, first), find(db, second)
    assert (old.last_day, new.first_day) == (on(17), on(18))
    # a calendar that knows the series follows what holds now
    assert new.uid != old.uid == f"{new.uid}~{old.id}"
    assert told(db)[-1] == ("agents.shift_changed", f"agent:{noi}")


def test_days_on_and_off_go_on_counting_when_only_the_hours_change(db, noi):
    first = add(db, noi, "FREQ=DAILY;INTERVAL=6", run=4)
    with db.write() as session:
        plan = Plan(noi, on(18), time(10), 480, "FREQ=DAILY;INTERVAL=6", 4)
        service.change(session, first, plan, ACT, version=1)
    assert worked(db) == [(16, 8), (17, 8), (18, 10), (19, 10), (22, 10), (23, 10)]


def test_a_series_that_is_all_to_come_is_changed_as_it_is(db, noi):
    first = add(db, noi, first=on(20))
    with db.write() as session:
        plan = Plan(noi, on(19), time(10), 480, "FREQ=DAILY", last_day=on(20))
        assert service.change(session, first, plan, ACT, version=1) == first
    assert worked(db) == [(19, 10), (20, 10)]


def test_what_has_begun_is_not_changed(db, noi):
    first = add(db, noi)
    plan = Plan(noi, MONDAY, time(14), 240, "FREQ=DAILY")
    with pytest.raises(InThePast), db.write() as session:
        service.change(session, first, plan, ACT, version=1)
    with pytest.raises(InThePast), db.write() as session:
        service.remove(session, first, MONDAY, ACT, version=1)
    # at eight it had not
    early = replace(ACT, at=NOW - timedelta(hours=4, seconds=1))
    with db.write() as session:
        service.change(session, first, plan, early, version=1)


def test_of_two_who_change_the_same_the_second_is_told(db, noi):
    first = add(db, noi)
    with db.write() as session:
        service.remove(session, first, on(20), ACT, version=1)
    with pytest.raises(ChangedMeanwhile), db.write() as session:
        service.remove(session, first, on(18), ACT, version=1)
    assert worked(db) == [(n, 8) for n in range(16, 20)]


def test_a_series_that_has_nothing_before_is_gone(db, noi):
    first = add(db, noi, first=on(18))
    alter(db, first, on(19), noi, off=True)
    with db.write() as session:
        service.remove(session, first, on(17), ACT, version=2)
    assert worked(db) == []
    with pytest.raises(NoSuchShift):
        find(db, first)


# ---------------------------------------------------------------- single days


def alter(db, shift_id, day, agent_id, *, off=False, to=None, start=time(8), minutes=480, **more):
    with db.write() as session:
        version = service.find(session, shift_id).version
        reason = more.pop("reason", "ill")
        wish = Wish(reason, off, agent_id, to or day, start, minutes, **more)
        service.alter(session, shift_id, day, wish, ACT, version=version)


def test_a_day_off_a_moved_day_and_back_again(db, noi):
    first = add(db, noi)
    alter(db, first, on(17), noi, off=True)
    alter(db, first, on(18), noi, start=time(12), to=on(30))
    assert worked(db, last=on(19)) == [(16, 8), (19, 8)]
    assert worked(db, on(30), on(30)) == [(30, 8), (30, 12)]
    assert find(db, first).changes[on(17)].kind is Kind.OFF
    alter(db, first, on(17), noi, reason="")
    assert worked(db, last=on(19)) == [(16, 8), (17, 8), (19, 8)]
    with pytest.raises(Invalid):
        alter(db, first, on(19), noi, off=True, reason=" ")
    with pytest.raises(NoSuchShift):
        alter(db, first, MONDAY - WEEK, noi, off=True)


def test_two_swap(db, noi, lek):
    mine, _ = add(db, noi), add(db, lek, start=time(16))
    alter(db, mine, on(17), lek, exchange=on(18))
    assert worked(db, last=on(18), agent_id=noi) == [(16, 8), (18, 8), (18, 16)]
    assert worked(db, last=on(18), agent_id=lek) == [(16, 16), (17, 8), (17, 16)]
    assert told(db)[-2:] == [
        ("agents.shift_altered", f"agent:{noi}"),
        ("agents.shift_altered", f"agent:{lek}"),
    ]
    with pytest.raises(Invalid):
        alter(db, mine, on(19), lek, exchange=MONDAY - WEEK)


def test_a_changed_day_stays_when_the_series_changes_if_it_is_there(db, noi):
    first = add(db, noi)
    alter(db, first, on(20), noi, off=True)
    alter(db, first, on(21), noi, off=True)
    alter(db, first, on(17), noi, off=True)
    with db.write() as session:
        plan = Plan(noi, on(18), time(10), 480, "FREQ=WEEKLY;BYDAY=MO,WE,FR")
        second = service.change(session, first, plan, ACT, version=4)
    assert set(find(db, second).changes) == {on(20)}
    assert set(find(db, first).changes) == {on(17)}
    assert worked(db, last=on(23)) == [(16, 8), (18, 10), (23, 10)]


def test_a_week_is_copied_once_however_often(db, noi):
    add(db, noi, "FREQ=WEEKLY;BYDAY=MO")
    add(db, noi, "", first=on(18), start=time(22))
    for made in (1, 0):
        with db.write() as session:
            assert service.copy_week(session, MONDAY, MONDAY + WEEK, ACT) == made
    assert worked(db, MONDAY + WEEK, MONDAY + WEEK * 2 - timedelta(days=1)) == [(23, 8), (25, 22)]
    with pytest.raises(Invalid), db.write() as session:
        service.copy_week(session, MONDAY, MONDAY, ACT)


# ---------------------------------------------------------------- files


def bring(db, content, username="", act=ACT):
    with db.write() as session:
        preview = files.preview(session, content.encode(), username, act)
        if not preview.bad:
            importing.bring(session, preview, act)
    return len(preview.new), len(preview.changed), preview.there, preview.bad


TABLE = "agent,date,start,end,note\nnoi,17/11/2569,08:00,16:00,x\nlek,2026-11-17,22:00,06:00,\n"


def test_a_table_twice_is_once(db, noi, lek):
    assert bring(db, TABLE) == (2, 0, 0, [])
    assert bring(db, TABLE + "noi,2026-11-17,08:00,16:00,again\n") == (0, 0, 3, [])
    assert worked(db) == [(17, 8), (17, 22)]
    assert told(db) == [
        ("agents.roster_imported", f"agent:{noi}"),
        ("agents.roster_imported", f"agent:{lek}"),
    ]


def test_one_bad_line_and_nothing_is_done(db, noi):
    new, _, _, bad = bring(db, TABLE)
    assert (new, bad) == (1, [Bad(3, "no_such_agent", "lek")])
    assert worked(db) == []


def test_a_table_comes_back(db, noi, lek):
    first = add(db, noi, "FREQ=DAILY;INTERVAL=6", run=4, start=time(22))
    alter(db, first, on(17), lek)
    with db.read() as session:
        text = files.table(session, MONDAY, MONDAY + WEEK, ACT)
    before = worked(db)
    with db.write() as session:
        service.remove(session, first, MONDAY, replace(ACT, at=NOW - WEEK), version=2)
    bring(db, text)
    assert worked(db) == before


def calendar(db, username):
    with db.read() as session:
        return files.calendar(session, files.named(session, username), ACT, "1337")


def test_a_calendar_moves_to_a_colleague_and_twice_is_once(db, noi, lek, hire):
    first = add(db, noi, "FREQ=DAILY;INTERVAL=6", run=4, last_day=on(20, 12))
    alter(db, first, on(17), noi, off=True)
    alter(db, first, on(18), noi, start=time(12))
    alter(db, first, on(19), lek)
    text = calendar(db, "noi")
    ploy = hire("Ploy")
    mine = worked(db, agent_id=noi)
    assert bring(db, text, "ploy") == (4, 0, 0, [])
    assert worked(db, agent_id=ploy) == mine
    assert bring(db, text, "ploy") == (0, 0, 4, [])
    assert bring(db, text, "noi") == (0, 0, 4, [])
    # what lek works for noi is a single event
    assert bring(db, calendar(db, "lek"), "lek") == (0, 0, 1, [])


def test_a_changed_calendar_changes_what_is_to_come(db, noi):
    first = add(db, noi, first=MONDAY - WEEK)
    text = calendar(db, "noi")
    later = text.replace("T080000", "T100000")
    assert bring(db, later, "noi") == (0, 1, 0, [])
    assert worked(db, last=on(18)) == [(n, 8) for n in range(9, 17)] + [(17, 10), (18, 10)]
    assert bring(db, later, "noi") == (0, 0, 1, [])
    # one day less
    exdate = "EXDATE;TZID=Asia/Bangkok:20261118T100000\r\nEND:VEVENT"
    fewer = later.replace("END:VEVENT", exdate)
    assert bring(db, fewer, "noi") == (0, 1, 0, [])
    assert bring(db, fewer, "noi") == (0, 0, 1, [])
    assert worked(db, on(17), on(19)) == [(17, 10), (19, 10)]
    assert find(db, first).last_day == MONDAY


def test_a_calendar_that_ends_sooner_ends_the_series(db, noi):
    add(db, noi, first=MONDAY - WEEK)
    ended = calendar(db, "noi").replace("FREQ=DAILY", "FREQ=DAILY;UNTIL=20261110T010000Z")
    assert bring(db, ended, "noi") == (0, 1, 0, [])
    assert worked(db, on(16), on(30)) == [(16, 8)]


def test_a_part_of_days_on_and_off_is_changed_on_its_page(db, noi):
    add(db, noi, "FREQ=DAILY;INTERVAL=6", run=4)
    text = calendar(db, "noi").replace("T080000", "T090000")
    new, changed, _, bad = bring(db, text, "noi")
    assert (new, changed) == (0, 0)
    assert [each.why for each in bad] == ["part_of_another"] * 4


def test_a_calendar_has_a_secret_address_until_it_is_revoked(db, noi):
    with db.write() as session:
        old = service.make_feed(session, noi, at=NOW)
        token = service.make_feed(session, noi, at=NOW)
    with db.read() as session:
        assert service.agent_of_feed(session, token).id == noi
        for wrong in (old, "", token + "x"):
            with pytest.raises(NotFound):
                service.agent_of_feed(session, wrong)
    with db.write() as session:
        auth.lock_out(session, auth.account_named(session, "noi"))
    with pytest.raises(NotFound), db.read() as session:
        service.agent_of_feed(session, token)
    with db.write() as session:
        service.revoke_feed(session, noi)
        assert service.feed_since(session, noi) is None


# ---------------------------------------------------------------- who was there, who is


HOW = adherence.Rules()


def moment(hour, minute=0, day=16):
    return datetime(2026, 11, day, hour, minute, tzinfo=HERE).astimezone(UTC)


def test_who_was_there_is_told_from_the_events(db, noi, lek):
    add(db, noi)
    add(db, lek)
    with db.write() as session:
        agents.ready(session, noi, now=moment(8, 20))
        agents.take_break(session, noi, reason="meal", now=moment(10))
        agents.ready(session, noi, now=moment(11))
        agents.sign_out(session, noi, now=moment(17))
    with db.read() as session:
        act = replace(ACT, at=moment(18))
        found = attendance.adherence_of(session, MONDAY, MONDAY, act, HOW)
        lek_found, noi_found = found
        (kept,) = noi_found.shifts
        assert (kept.late, kept.early) == (timedelta(minutes=20), timedelta())
        assert noi_found.present == timedelta(minutes=400)
        assert noi_found.unplanned == timedelta(hours=1)
        assert noi_found.share == 400 / 480
        assert lek_found.shifts[0].absent
        assert lek_found.share == 0
        # the next day she had not yet signed in again
        (alone,) = attendance.adherence_of(session, on(17), on(17), act, HOW, agent_id=noi)
        assert (alone.shifts, alone.share) == ((), None)


def test_a_night_reaches_into_the_next_day_and_belongs_to_its_own(db, noi):
    add(db, noi, start=time(22), first=on(15))
    with db.write() as session:
        agents.ready(session, noi, now=moment(21, 50, 15))
        agents.sign_out(session, noi, now=moment(6, 0, 16))
    act = replace(ACT, at=moment(12))
    with db.read() as session:
        (sunday,) = attendance.adherence_of(session, on(15), on(15), act, HOW)
        (monday,) = attendance.adherence_of(session, on(16), on(16), act, HOW)
    assert (sunday.present, sunday.unplanned) == (timedelta(hours=8), timedelta(minutes=10))
    assert (monday.shifts, monday.unplanned) == ((), timedelta())


def standing(db, at):
    with db.read() as session:
        found = attendance.standing(session, replace(ACT, at=at), HOW)
    return {each.agent_id: each.here for each in found}


def test_who_should_be_here_now_and_is(db, noi, lek):
    add(db, noi)
    assert standing(db, moment(7)) == {}
    assert standing(db, moment(8, 3)) == {noi: Here.EXPECTED}
    assert standing(db, moment(8, 10)) == {noi: Here.LATE}
    assert standing(db, moment(9)) == {noi: Here.ABSENT}
    with db.write() as session:
        agents.ready(session, noi, now=moment(9))
        agents.ready(session, lek, now=moment(9))
    assert standing(db, moment(9)) == {noi: Here.PRESENT, lek: Here.UNPLANNED}
    with db.write() as session:
        agents.sign_out(session, noi, now=moment(10))
    assert standing(db, moment(11)) == {noi: Here.LEFT, lek: Here.UNPLANNED}
    assert standing(db, moment(16)) == {lek: Here.UNPLANNED}


def test_rules_of_all_series_are_kept_as_they_are_read(db, noi):
    shift_id = add(db, noi, rules.canonical("FREQ=MONTHLY;BYDAY=1MO"), last_day=on(31, 12))
    found = find(db, shift_id)
    assert (found.rule, found.last_day) == ("FREQ=MONTHLY;BYDAY=1MO", on(31, 12))
