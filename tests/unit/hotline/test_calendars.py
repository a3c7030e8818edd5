"""When an office is open: by week, holiday and date, and over a change of the clocks."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from pathlib import Path
from string import ascii_uppercase
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotline import calendars, city
from hotline.calendars import HORIZON, WEEKDAYS, Reason, Span
from hotline.config import Calendar
from hotline.errors import ConfigError

BANGKOK, BERLIN = ZoneInfo("Asia/Bangkok"), ZoneInfo("Europe/Berlin")
THAI, GERMAN = calendars.holidays_of("TH"), calendars.holidays_of("DE")
TITLE = {"th": "เวลาราชการ", "en": "Office hours"}


def made(**keys: Any) -> Calendar:
    calendar = Calendar.model_validate({"title": TITLE, **keys})
    assert not [*calendar.faults()]
    return calendar


OFFICE = made(
    weekly={"mon-fri": ["08:30-12:00", "13:00-16:30"], "sat": ["09:00-12:00"]},
    holidays=True,
    dates={
        "2026-12-31": ["08:30-12:00"],
        "2027-01-04": "closed",
        "2026-12-07": {"closed": True, "title": {"th": "วันหยุดพิเศษ", "en": "Special holiday"}},
        "2026-11-29": {"hours": ["10:00-11:00"], "title": {"th": "เลือกตั้ง", "en": "Election"}},
    },
    not_holidays=["2026-05-04"],
)
NIGHT = made(weekly={"fri": ["22:00-06:00"]}, dates={"2026-11-28": "closed"})
ALWAYS_OPEN = made(weekly={"mon-sun": ["00:00-24:00"]})
NEVER_OPEN = made()


def at(text: str, zone: ZoneInfo = BANGKOK, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)


# ------------------------------------------------------------------------------------- the rules


@pytest.mark.parametrize(
    ("moment", "is_open", "opens"),
    [
        # a Tuesday; half-open: 12:00 is closed
        ("2026-11-24 08:29", False, "2026-11-24 08:30"),
        ("2026-11-24 08:30", True, "2026-11-24 08:30"),
        ("2026-11-24 11:59", True, "2026-11-24 11:59"),
        ("2026-11-24 12:00", False, "2026-11-24 13:00"),
        ("2026-11-24 16:30", False, "2026-11-25 08:30"),
        # Saturday has hours of its own; Sunday an exception, which wins
        ("2026-11-28 12:00", False, "2026-11-29 10:00"),
        ("2026-11-29 10:30", True, "2026-11-29 10:30"),
        # the father's day of the 5th is a Saturday; the special holiday takes the Monday as well
        ("2026-12-04 17:00", False, "2026-12-08 08:30"),
        ("2026-12-10 10:00", False, "2026-12-11 08:30"),
        # New Year's Eve is a holiday on which this office works half a day
        ("2026-12-31 09:00", True, "2026-12-31 09:00"),
        # 1 January is a holiday, 2 January a Saturday, the 4th closed by its date
        ("2026-12-31 12:00", False, "2027-01-02 09:00"),
        ("2027-01-02 12:00", False, "2027-01-05 08:30"),
        # Coronation Day, on which this office works
        ("2026-05-04 09:00", True, "2026-05-04 09:00"),
    ],
)
def test_an_office(moment: str, is_open: bool, opens: str) -> None:
    assert calendars.is_open(OFFICE, at(moment), THAI) is is_open
    assert calendars.next_opening(OFFICE, at(moment), THAI) == at(opens)


def test_a_night_belongs_to_the_day_it_begins_on() -> None:
    # the Saturday is closed by its date, and Friday's night runs on into it all the same
    assert calendars.is_open(NIGHT, at("2026-11-27 22:00"), THAI)
    assert calendars.is_open(NIGHT, at("2026-11-28 05:59"), THAI)
    assert not calendars.is_open(NIGHT, at("2026-11-28 06:00"), THAI)
    assert not calendars.is_open(NIGHT, at("2026-11-27 05:59"), THAI)


def test_a_night_that_is_closed_does_not_begin() -> None:
    closed = made(weekly={"fri": ["22:00-06:00"]}, dates={"2026-11-27": "closed"})
    assert not calendars.is_open(closed, at("2026-11-28 01:00"), THAI)
    assert calendars.next_opening(closed, at("2026-11-27 20:00"), THAI) == at("2026-12-04 22:00")


def test_what_never_closes_and_what_never_opens() -> None:
    moment = at("2026-11-24 03:21")
    assert calendars.is_open(ALWAYS_OPEN, moment, THAI)
    assert calendars.next_opening(NEVER_OPEN, moment, THAI) is None


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a time zone"):
        calendars.is_open(OFFICE, at("2026-11-24 09:00").replace(tzinfo=None), THAI)


def test_why_a_day_has_its_hours() -> None:
    def why(day: str) -> tuple[Reason, str | None]:
        plan = calendars.plan(OFFICE, date.fromisoformat(day), THAI)
        return plan.reason, dict(plan.names).get("en")

    assert why("2026-11-24") == (Reason.WEEKLY, None)
    assert why("2026-12-10") == (Reason.HOLIDAY, "Constitution Day")
    assert why("2026-12-07") == (Reason.EXCEPTION, "Special holiday")
    assert why("2026-11-29") == (Reason.EXCEPTION, "Election")
    assert why("2026-05-04") == (Reason.WEEKLY, None), "a holiday on which it works"


def test_the_days_of_a_year() -> None:
    days = calendars.days(OFFICE, 2026, THAI)
    assert [days[0].day, days[-1].day] == [date(2026, 1, 1), date(2026, 12, 31)]
    assert len(days) == 365
    assert len(calendars.days(OFFICE, 2028, THAI)) == 366
    by_day = {plan.day: plan for plan in days}
    assert by_day[date(2026, 11, 24)].spans == (Span(510, 720), Span(780, 990))
    assert by_day[date(2026, 12, 31)].spans == (Span(510, 720),)
    assert by_day[date(2026, 12, 31)].reason is Reason.EXCEPTION
    assert by_day[date(2026, 4, 13)].reason is Reason.HOLIDAY


# ---------------------------------------------------------------------------------- the holidays


@pytest.mark.parametrize(
    ("day", "english", "thai"),
    [
        (date(2026, 3, 3), "Makha Bucha", "วันมาฆบูชา"),
        (date(2026, 4, 13), "Songkran Festival", "วันสงกรานต์"),
        # for government offices only
        (date(2026, 5, 13), "Royal Ploughing Ceremony", "วันพืชมงคล"),
        # in lieu of a Sunday
        (date(2026, 6, 1), "Visakha Bucha (in lieu)", "ชดเชยวันวิสาขบูชา"),
        # added by the cabinet
        (date(2026, 1, 2), "Bridge Public Holiday", "วันหยุดพิเศษ (เพิ่มเติม)"),
    ],
)
def test_thai_holidays_by_name(day: date, english: str, thai: str) -> None:
    names = dict(THAI.names(day))
    assert (names["en"], names["th"]) == (english, thai)
    assert day in THAI


def test_a_working_day_has_no_name() -> None:
    assert THAI.names(date(2026, 11, 24)) == ()
    assert date(2026, 11, 24) not in THAI


def test_a_country_whose_holidays_have_one_language() -> None:
    assert calendars.is_known("DE") and not calendars.is_known("XX")
    assert dict(GERMAN.names(date(2026, 10, 3)))


def test_a_country_is_known_whose_holidays_the_library_has() -> None:
    pairs = map("".join, product(ascii_uppercase, repeat=2))
    listed = {each for each in holidays.list_supported_countries() if len(each) == 2}
    assert {each for each in pairs if calendars.is_known(each)} == listed


# ------------------------------------------------------------------------- when the clocks change
# Berlin: on 29 March 2026 at 02:00 it becomes 03:00; on 25 October 2026 at 03:00 it becomes 02:00.


def test_a_span_that_begins_in_the_skipped_hour_begins_at_the_jump() -> None:
    calendar = made(weekly={"sun": ["02:30-05:00"]})
    opens = calendars.next_opening(calendar, at("2026-03-29 01:00", BERLIN), GERMAN)
    assert opens is not None
    assert opens.isoformat() == "2026-03-29T03:00:00+02:00"
    assert not calendars.is_open(calendar, at("2026-03-29 01:59", BERLIN), GERMAN)
    assert calendars.is_open(calendar, at("2026-03-29 03:00", BERLIN), GERMAN)


def test_a_span_that_is_skipped_as_a_whole_never_is() -> None:
    calendar = made(weekly={"sun": ["02:15-02:45"]})
    opens = calendars.next_opening(calendar, at("2026-03-29 01:00", BERLIN), GERMAN)
    assert opens == at("2026-04-05 02:15", BERLIN)


def test_a_span_over_the_hour_that_comes_twice_is_one() -> None:
    calendar = made(weekly={"sun": ["02:15-02:45"]})
    first = at("2026-10-25 02:15", BERLIN)
    assert calendars.next_opening(calendar, at("2026-10-25 00:00", BERLIN), GERMAN) == first
    for moment in (first, at("2026-10-25 02:50", BERLIN), at("2026-10-25 02:00", BERLIN, fold=1)):
        assert calendars.is_open(calendar, moment, GERMAN)
    assert calendars.is_open(calendar, at("2026-10-25 02:44", BERLIN, fold=1), GERMAN)
    assert not calendars.is_open(calendar, at("2026-10-25 02:45", BERLIN, fold=1), GERMAN)


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-28", 7), ("2026-10-24", 9), ("2026-07-04", 8)]
)
def test_a_night_is_as_long_as_the_clock_makes_it(day: str, hours: int) -> None:
    calendar = made(weekly={"sat": ["22:00-06:00"]})
    opens = calendars.next_opening(calendar, at(day, BERLIN), GERMAN)
    assert opens == at(f"{day} 22:00", BERLIN)
    closes = opens.astimezone(UTC) + timedelta(hours=hours)
    last = closes - timedelta(minutes=1)
    assert calendars.is_open(calendar, last.astimezone(BERLIN), GERMAN)
    assert not calendars.is_open(calendar, closes.astimezone(BERLIN), GERMAN)


# ------------------------------------------------------------------------------ for every calendar


@st.composite
def days_hours(draw: st.DrawFn) -> list[str]:
    """Spans of a day in order, every other one cut out of sorted times."""
    times = sorted(draw(st.sets(st.integers(0, 96), max_size=6)))
    pairs = zip(times[::2], times[1::2], strict=False)
    return [f"{a // 4:02}:{a % 4 * 15:02}-{b // 4:02}:{b % 4 * 15:02}" for a, b in pairs]


#: A quarter of a year with both of Berlin's changes in reach of the zones' days.
dates = st.one_of(
    st.dates(date(2026, 3, 20), date(2026, 4, 20)), st.dates(date(2026, 10, 15), date(2026, 11, 5))
)
dated = st.dictionaries(dates, st.one_of(st.just("closed"), days_hours().filter(bool)), max_size=4)
any_calendar = st.builds(
    lambda weekly, dated, holidays, working: made(
        weekly={day: hours for day, hours in weekly.items() if hours},
        dates={day.isoformat(): hours for day, hours in dated.items()},
        holidays=holidays,
        not_holidays=[day.isoformat() for day in working - dated.keys()],
    ),
    st.dictionaries(st.sampled_from(WEEKDAYS), days_hours()),
    dated,
    st.booleans(),
    st.sets(dates, max_size=2),
)
places = st.sampled_from([(BANGKOK, THAI), (BERLIN, GERMAN)])


@settings(deadline=None)
@given(any_calendar, places, dates, st.times())
def test_the_next_opening_is_open_and_nothing_before_it_is(
    calendar: Calendar, place: tuple[ZoneInfo, calendars.Holidays], day: date, hour: time
) -> None:
    zone, holidays = place
    moment = datetime.combine(day, hour, UTC).astimezone(zone)
    opens = calendars.next_opening(calendar, moment, holidays)
    last = opens or moment + timedelta(days=HORIZON - 1)
    assert opens is None or calendars.is_open(calendar, opens, holidays)
    assert last.tzinfo is zone
    # by the quarter of an hour, in which all spans are; the last moment before as well
    step = moment.astimezone(UTC)
    until = min(last.astimezone(UTC), step + timedelta(days=8))
    while step < until:
        assert not calendars.is_open(calendar, step.astimezone(zone), holidays)
        step += timedelta(minutes=15)
    just_before = last.astimezone(UTC) - timedelta(microseconds=1)
    if just_before >= moment.astimezone(UTC):
        assert not calendars.is_open(calendar, just_before.astimezone(zone), holidays)


@settings(deadline=None)
@given(any_calendar, dates, st.times())
def test_an_exception_wins(calendar: Calendar, day: date, hour: time) -> None:
    """In a zone without changes, and with no night: the clock on the wall alone decides."""
    moment = datetime.combine(day, hour, BANGKOK)
    minute = hour.hour * 60 + hour.minute
    expected = calendar.hours.dates.get(day)
    if expected is not None:
        is_open = any(start <= minute < end for start, end in expected.spans)
        assert calendars.is_open(calendar, moment, THAI) is is_open
    elif calendar.holidays and day in THAI and day not in calendar.not_holidays:
        assert not calendars.is_open(calendar, moment, THAI)


# --------------------------------------------------------------------------------- in config.yaml

SHIPPED = (Path(__file__).parents[3] / "config.yaml").read_text(encoding="utf-8")


def load(tmp_path: Path, calendar: str, **changes: str) -> city.CityConfig:
    before, _, rest = SHIPPED.partition("  calendars:\n")
    after = rest[rest.index("\n\n") :]  # the section that follows
    text = f"{before}  calendars:\n    office:\n{calendar}\n{after}"
    for old, new in changes.items():
        text = text.replace(f"  {old}: ", f"  {new}\n  #", 1)
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return city.load(path)


def faults(tmp_path: Path, *lines: str) -> dict[str, str]:
    body = "\n".join(f"      {line}" for line in ("title: {th: ก, en: a}", *lines))
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, body)
    prefix = "city.calendars.office."
    return {fault.path.removeprefix(prefix): fault.message for fault in caught.value.faults}


def test_a_calendar_as_a_city_writes_it(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        """\
      title: {th: เวลาราชการ, en: Office hours}
      weekly: {mon-fri: ["08:30-12:00", "13:00-16:30"], sat: ["09:00-12:00"]}
      holidays: true
      dates:
        2026-12-31: ["08:30-12:00"]
        2027-01-04: closed
        2026-12-07: {closed: true, title: {th: วันหยุดพิเศษ, en: Special holiday}}
        2026-11-29: {hours: ["10:00-11:00"], title: {th: เลือกตั้ง, en: Election}}
      not_holidays: [2026-05-04]
""",
    )
    assert config.city.calendars["office"].hours == OFFICE.hours
    assert config.city.holidays is THAI


@pytest.mark.parametrize(
    ("line", "path", "message"),
    [
        ('weekly: {mon: ["8-12"]}', "weekly.mon", '"8-12" is not a span'),
        ('weekly: {mon: ["08:30-12:60"]}', "weekly.mon", "there is no such time"),
        ('weekly: {mon: ["24:00-02:00"]}', "weekly.mon", "there is no such time"),
        ('weekly: {mon: ["08:00-08:00"]}', "weekly.mon", "is empty"),
        ('weekly: {mon: ["16:30-08:31"]}', "weekly.mon", "ends before it begins"),
        ('weekly: {mon: ["08:00-12:00", "11:59-13:00"]}', "weekly.mon", "overlap"),
        ('weekly: {monday: ["08:00-12:00"]}', "weekly.monday", 'no such day of the week "monday"'),
        ('weekly: {mon-fry: ["08:00-12:00"]}', "weekly.mon-fry", 'no such day of the week "fry"'),
        ('weekly: {mon-fri: [], thu: ["08:00-12:00"]}', "weekly", "thu stands twice"),
        ('weekly: {mon: ["22:00-06:00"], tue: ["05:00-08:00"]}', "weekly", "the night from mon"),
        ("dates: {2026-02-30: closed}", "dates.2026-02-30", "is not a date"),
        ("dates: {12: closed}", "dates.12", "is not a date"),
        ("dates: {2026-05-04: shut}", "dates.2026-05-04", 'neither "closed" nor hours'),
        ("dates: {2026-05-04: []}", "dates.2026-05-04", "either hours or closed"),
        ("dates: {2026-05-04: [8]}", "dates.2026-05-04", "hours are texts"),
        ('dates: {2026-05-04: ["09:00-08:00"]}', "dates.2026-05-04", "ends before it begins"),
        ("not_holidays: [2026-13-01]", "not_holidays.0", "is not a date"),
        ("not_holidays: [2026-05-04, 2026-05-04]", "not_holidays", "stands twice"),
        ("lunch: true", "lunch", "no such key"),
    ],
)
def test_a_fault_names_its_place(tmp_path: Path, line: str, path: str, message: str) -> None:
    found = faults(tmp_path, line)
    assert list(found) == [path]
    assert message in found[path]


def test_a_date_is_either_an_exception_or_no_holiday(tmp_path: Path) -> None:
    lines = ("dates: {2026-05-04: closed}", "not_holidays: [2026-05-04]")
    assert faults(tmp_path, *lines) == {"not_holidays.0": "2026-05-04 stands under dates too"}


def test_a_date_that_stands_twice_is_found_however_it_is_written(tmp_path: Path) -> None:
    found = faults(tmp_path, 'dates: {2026-05-04: closed, "2026-05-04": closed}')
    assert list(found.values()) == ["the key '2026-05-04' stands twice"]


def test_all_faults_of_a_calendar_come_at_once(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        'weekly: {mon: ["x"], caturday: []}',
        "dates: {2026-02-30: closed, 2026-05-04: shut, 2026-05-05: {title: {th: ก}}}",
        "not_holidays: [soon]",
    )
    assert {*found} == {
        *("weekly.mon", "weekly.caturday", "not_holidays.0"),
        *("dates.2026-02-30", "dates.2026-05-04", "dates.2026-05-05.title"),
    }


def test_a_country_that_the_library_does_not_know(tmp_path: Path) -> None:
    week = 'weekly: {mon-fri: ["08:30-16:30"]}'
    body = f"      title: {{th: ก, en: a}}\n      {week}\n      holidays: true"
    with pytest.raises(ConfigError, match="no holidays are known of the country XX"):
        load(tmp_path, body, country="country: XX")
    load(tmp_path, body.replace("true", "false"), country="country: XX")
