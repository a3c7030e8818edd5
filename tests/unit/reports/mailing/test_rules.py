"""What is due when: in every zone, over the ends of months and years, after outages."""

import itertools
import random
from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from hotline import clock
from reports.mailing import rules
from reports.mailing.rules import Due, Edition, Kind, NoDays

SEVEN = time(7)
BANGKOK = ZoneInfo("Asia/Bangkok")
#: Without clocks that change, with them in both hemispheres, by half an hour, by quarters, and with
#: a day that was left out (Apia, 30 December 2011).
ZONES = [
    "Asia/Bangkok",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Apia",
    "America/Sao_Paulo",
]
HOUR = timedelta(hours=1)


def local(zone: str, *at: int) -> datetime:
    return datetime(*at, tzinfo=ZoneInfo(zone)).astimezone(UTC)  # type: ignore[misc,arg-type]


def due(kind: Kind, now: datetime, zone: ZoneInfo = BANGKOK, at: time = SEVEN) -> Due:
    return rules.due(kind, now=now, zone=zone, at=at)


# ---------------------------------------------------------------- the moment


@pytest.mark.parametrize(
    ("now", "kind", "name"),
    [
        ((2026, 11, 20, 6, 59), Kind.DAY, "2026-11-18"),
        ((2026, 11, 20, 7, 0), Kind.DAY, "2026-11-19"),
        ((2026, 11, 21, 6, 59), Kind.DAY, "2026-11-19"),
        ((2026, 3, 1, 7, 0), Kind.DAY, "2026-02-28"),
        ((2028, 3, 1, 7, 0), Kind.DAY, "2028-02-29"),
        ((2027, 1, 1, 7, 0), Kind.DAY, "2026-12-31"),
        ((2026, 11, 1, 6, 59), Kind.MONTH, "2026-09"),
        ((2026, 11, 1, 7, 0), Kind.MONTH, "2026-10"),
        ((2026, 11, 30, 23, 59), Kind.MONTH, "2026-10"),
        ((2027, 1, 1, 7, 0), Kind.MONTH, "2026-12"),
        ((2028, 3, 1, 7, 0), Kind.MONTH, "2028-02"),
        ((2026, 10, 1, 6, 59), Kind.YEAR, "2568"),
        ((2026, 10, 1, 7, 0), Kind.YEAR, "2569"),
        ((2027, 9, 30, 23, 59), Kind.YEAR, "2569"),
        ((2027, 10, 1, 7, 0), Kind.YEAR, "2570"),
    ],
)
def test_the_newest_that_is_due(now: tuple[int, ...], kind: Kind, name: str) -> None:
    assert due(kind, local("Asia/Bangkok", *now)).edition.name == name


def test_on_the_first_day_of_the_fiscal_year_all_three_are_due() -> None:
    now = local("Asia/Bangkok", 2026, 10, 1, 7)
    found = {kind: due(kind, now) for kind in Kind}
    assert {each.at for each in found.values()} == {now}
    assert [found[kind].edition.name for kind in Kind] == ["2026-09-30", "2026-09", "2569"]
    assert {each.edition.last for each in found.values()} == {date(2026, 9, 30)}


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("zone", ZONES)
def test_it_is_the_newest_of_all_moments_at_every_hour_of_years(zone: str, kind: Kind) -> None:
    """Beside a list of all moments that is made day by day."""
    at = ZoneInfo(zone)
    days = [date(2010, 9, 1) + timedelta(days=n) for n in range(2 * 366)]
    starts = {
        Kind.DAY: days,
        Kind.MONTH: [day for day in days if day.day == 1],
        Kind.YEAR: [day for day in days if (day.month, day.day) == (10, 1)],
    }[kind]
    moments = [(datetime.combine(day, SEVEN, at).astimezone(UTC), day) for day in starts]
    now, coming = datetime(2010, 10, 3, tzinfo=UTC), sorted(moments, reverse=True)
    moment, day = coming[-1]
    while now < datetime(2012, 8, 1, tzinfo=UTC):
        while coming and coming[-1][0] <= now:
            moment, day = coming.pop()
        found = due(kind, now, at)
        assert found.at == moment, now
        assert found.edition.last == day - timedelta(days=1), now
        now += 7 * HOUR


def test_seven_is_seven_on_both_sides_of_a_change_of_clocks() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    before, after = (
        due(Kind.DAY, local("Europe/Berlin", 2026, 3, day, 7), berlin) for day in (28, 29)
    )
    assert after.at - before.at == timedelta(hours=23)
    before, after = (
        due(Kind.DAY, local("Europe/Berlin", 2026, 10, day, 7), berlin) for day in (24, 25)
    )
    assert after.at - before.at == timedelta(hours=25)


def test_a_time_that_a_day_has_twice_is_due_once_and_one_that_it_has_not_is_later() -> None:
    berlin, at = ZoneInfo("Europe/Berlin"), time(2, 30)
    twice = [datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)]
    assert {due(Kind.DAY, now, berlin, at).at for now in twice} == {twice[0]}
    missing = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # half past three, as there is no half two
    assert due(Kind.DAY, missing, berlin, at).at == missing
    assert due(Kind.DAY, missing - timedelta(minutes=1), berlin, at).edition.name == "2026-03-27"


# ---------------------------------------------------------------- once, late, never twice


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("zone", ["Asia/Bangkok", "Europe/Berlin"])
def test_whatever_is_away_each_report_goes_once_and_only_the_newest(zone: str, seed: int) -> None:
    """A clock that stands still at times, for minutes or for weeks, over a year."""
    chance, at = random.Random(seed), ZoneInfo(zone)
    now = begun = local(zone, 2026, 9, 14, 12)
    looks: list[datetime] = []
    sent: dict[Kind, list[Due]] = {kind: [] for kind in Kind}
    while now < begun + timedelta(days=400):
        looks.append(now)
        for kind, before in sent.items():
            newest = before[-1].edition.first if before else None
            if rules.wanted(found := due(kind, now, at), since=begun, newest=newest):
                before.append(found)
        away = chance.random() < 0.002
        now += timedelta(hours=chance.uniform(1, 500)) if away else timedelta(minutes=55)
    for kind, found in sent.items():
        moments = _moments(kind, begun.date(), at)
        # a report is sent if somebody looked between its moment and the next one's, and else never
        seen = {
            moment
            for moment, after in itertools.pairwise(moments)
            if moment >= begun and bisect_left(looks, moment) < bisect_left(looks, after)
        }
        assert [each.at for each in found] == sorted(seen)
        assert found


def _moments(kind: Kind, day: date, zone: ZoneInfo) -> list[datetime]:
    edition, found = Edition.holding(kind, day), []
    while edition.first < day + timedelta(days=800):
        found.append(datetime.combine(edition.first, SEVEN, zone).astimezone(UTC))
        edition = Edition.holding(kind, edition.last + timedelta(days=1))
    return found


def test_after_twenty_days_away_one_comes_and_not_twenty() -> None:
    since = local("Asia/Bangkok", 2026, 11, 1, 12)
    back = local("Asia/Bangkok", 2026, 11, 22, 15)
    found = due(Kind.DAY, back)
    assert rules.wanted(found, since=since, newest=date(2026, 11, 1))
    assert found.edition.name == "2026-11-21"
    assert not rules.wanted(found, since=since, newest=found.edition.first)


def test_a_clock_that_is_behind_another_plans_nothing_old() -> None:
    since = local("Asia/Bangkok", 2026, 11, 1, 12)
    ahead, behind = (due(Kind.DAY, local("Asia/Bangkok", 2026, 11, 20, h)) for h in (7, 6))
    assert not rules.wanted(behind, since=since, newest=ahead.edition.first)


def test_who_subscribes_at_noon_gets_nothing_of_this_morning() -> None:
    found = due(Kind.DAY, local("Asia/Bangkok", 2026, 11, 20, 12))
    assert not rules.wanted(found, since=found.at + timedelta(seconds=1), newest=None)
    assert rules.wanted(found, since=found.at, newest=None)


def test_a_mail_is_given_up_after_days_and_sooner_by_a_fast_clock_of_the_wall() -> None:
    at = local("Asia/Bangkok", 2026, 11, 20, 7)
    assert not rules.gives_up(at, now=at + timedelta(days=6, hours=23), speed=1)
    assert rules.gives_up(at, now=at + timedelta(days=7), speed=1)
    assert not rules.gives_up(at, now=at + timedelta(days=7), speed=60)


# ---------------------------------------------------------------- names and neighbours


@pytest.mark.parametrize("kind", list(Kind))
def test_a_report_is_found_by_its_name_and_is_whole(kind: Kind) -> None:
    day = date(2023, 9, 25)
    for _ in range(900):
        edition = Edition.holding(kind, day)
        assert Edition.named(edition.name) == edition
        assert edition.first <= day <= edition.last
        assert Edition.holding(kind, edition.last) == edition
        after = Edition.holding(kind, edition.last + timedelta(days=1))
        assert after.first == edition.last + timedelta(days=1)
        day += timedelta(days=1)
    assert Edition.named("2567") == Edition(Kind.YEAR, date(2023, 10, 1), date(2024, 9, 30))


@pytest.mark.parametrize(
    "name",
    [
        *("", "x", "-5", "0", "99999", "1e3", "2_570", "2570 ", "๒๕๗๐"),
        *("2026-13", "2026-00", "2026-011", "2026-1-1", "2026-02-30", "2026-11-20-1"),
        *("2026-W01-1", "20261120"),
    ],
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any of its kind
        Edition.named(name)


def test_it_is_compared_with_the_same_weekday_the_month_and_the_year_before() -> None:
    assert Edition.named("2026-11-20").before.name == "2026-11-13"
    assert Edition.named("2027-01-03").before.first.weekday() == date(2027, 1, 3).weekday()
    assert Edition.named("2027-01").before.name == "2026-12"
    assert Edition.named("2570").before.name == "2569"


def test_a_report_begins_and_ends_by_the_citys_midnight() -> None:
    november = Edition.named("2026-11")
    begin = clock.midnight(date(2026, 11, 1), BANGKOK)
    end = clock.midnight(date(2026, 12, 1), BANGKOK)
    moment = timedelta(microseconds=1)
    assert not rules.has_begun(november, now=begin - moment, zone=BANGKOK)
    assert rules.has_begun(november, now=begin, zone=BANGKOK)
    assert not rules.is_over(november, now=end - moment, zone=BANGKOK)
    assert rules.is_over(november, now=end, zone=BANGKOK)


def test_a_link_lasts_from_a_day_to_what_the_city_says() -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    assert rules.expiry(1, longest=90, now=now) == now + timedelta(days=1)
    assert rules.expiry(90, longest=90, now=now) == now + timedelta(days=90)
    for days in (-1, 0, 91):
        with pytest.raises(NoDays):
            rules.expiry(days, longest=90, now=now)
