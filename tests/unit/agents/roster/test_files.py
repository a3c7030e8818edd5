"""Shifts as a table and as a calendar, there and back."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from agents.roster import calendar_file, rules, sheets
from agents.roster.calendar_file import Entry
from agents.roster.rules import Change, Kind, Repeat, Series
from agents.roster.sheets import Bad, Row

BANGKOK, BERLIN = ZoneInfo("Asia/Bangkok"), ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 20, 5, tzinfo=UTC)
HEAD = "agent,date,start,end,note\n"


def read(lines, zone=BANGKOK):
    return list(sheets.read(HEAD + lines, zone))


# ---------------------------------------------------------------- tables


@pytest.mark.parametrize(
    "text",
    ["2026-12-01", "1/12/2026", "01/12/2026", "1.12.2026", "2569-12-01", "1/12/2569", "๑/๑๒/๒๕๖๙"],
)
def test_dates_as_they_are_written_here(text):
    (found,) = read(f"noi,{text},08:00,16:00,\n")
    assert found == Row(2, "noi", date(2026, 12, 1), time(8), 480)


@pytest.mark.parametrize("text", ["1/12/69", "1/12/26", "2300-01-01", "31/2/2569", "soon", ""])
def test_a_date_that_nobody_can_be_sure_of_is_bad(text):
    assert read(f"noi,{text},08:00,16:00,\n") == [Bad(2, "date", text)]


def test_a_leap_day_of_a_buddhist_year():
    (found,) = read("noi,29/2/2571,08:00,16:00,\n")
    assert isinstance(found, Row)
    assert found.day == date(2028, 2, 29)


def test_every_bad_line_is_told_with_its_number():
    found = read(
        "noi,2026-12-01,8.00,24:00,ok\n\nnoi,2026-12-01,25:00,1:00,\n"
        ",2026-12-01,1:00,2:00\nnoi,2026-12-01,08:00,08:00,\nnoi,2026-12-01,08:00,\n"
    )
    assert found == [
        Row(2, "noi", date(2026, 12, 1), time(8), 960, "ok"),
        Bad(4, "start", "25:00"),
        Bad(5, "no_agent"),
        Bad(6, "length", "08:00–08:00"),
        Bad(7, "end", ""),
    ]
    assert list(sheets.read("who,when\n", BANGKOK)) == [
        Bad(1, "columns", "agent, date, start, end")
    ]


def test_an_end_that_is_not_later_is_on_the_next_day_and_a_changed_clock_counts():
    (night,) = read("noi,2026-03-28,22:00,06:00,\n", BERLIN)
    assert isinstance(night, Row)
    assert night.minutes == 7 * 60


def test_a_series_has_the_length_of_a_usual_night():
    assert sheets.nominal(time(22), time(6)) == 8 * 60
    assert sheets.nominal(time(8), time(16, 30)) == 510
    assert sheets.nominal(time(8), time(8)) == 0


def test_what_a_spreadsheet_would_run_is_marked_and_comes_back():
    text = sheets.written([("noi", NOW, NOW + timedelta(hours=8), "=1+1")], BANGKOK)
    assert "'=1+1" in text
    (found,) = sheets.read(text, BANGKOK)
    assert isinstance(found, Row)
    assert found.note == "=1+1"


ZONES = st.sampled_from([BANGKOK, BERLIN])
DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))
#: Not in the hour that the clocks go through twice: a table has no word for which of them.
TIMES = st.times(time(4), time(23, 59)).map(lambda each: each.replace(second=0, microsecond=0))
NOTES = st.text("กขคเวร =+-@',\"ab", max_size=8).map(lambda text: " ".join(text.split()))


@given(
    zone=ZONES,
    shifts=st.lists(st.tuples(DAYS, TIMES, st.integers(15, 240), NOTES), max_size=5),
)
def test_a_table_comes_back_as_it_was(zone, shifts):
    rows = []
    for day, start, minutes, note in shifts:
        begin = rules.moment(day, start, zone)
        rows.append(("noi", begin, begin + timedelta(minutes=minutes), note))
    found = list(sheets.read(sheets.written(rows, zone), zone))
    assert [
        (each.agent, (at := rules.moment(each.day, each.start, zone)),
         at + timedelta(minutes=each.minutes), each.note)
        for each in found
    ] == rows  # fmt: skip


# ---------------------------------------------------------------- calendars

REPEATS = st.one_of(
    st.just(Repeat()),
    st.builds(
        Repeat,
        st.just(rules.Pattern.WEEKLY),
        st.lists(st.integers(0, 6), min_size=1, unique=True).map(lambda each: tuple(sorted(each))),
        st.integers(1, 4),
    ),
    st.builds(
        Repeat, st.just(rules.Pattern.ON_OFF), on=st.integers(1, 5), off=st.integers(1, 5)
    ),
)  # fmt: skip
WINDOW = date(2026, 1, 1), date(2028, 12, 31)


@st.composite
def rosters(draw):
    """A series of agent 7 with changed days, and what agent 9 works of it."""
    first, start, minutes = draw(DAYS), draw(TIMES), draw(st.integers(15, 1439))
    rule, run = rules.rule_of(draw(REPEATS))
    last = draw(st.none() | st.integers(0, 200)) if rule else 0
    end = None if last is None else first + timedelta(days=last)
    series = Series(1, 7, "abc@roster", first, start, minutes, first, rule, run, end, draw(NOTES))
    # as a series goes on that was changed: it counts from an earlier day
    series = (
        replace(series, anchor=first - timedelta(days=draw(st.integers(0, 9)))) if rule else series
    )
    planned = list(rules.planned_days(series, first, first + timedelta(days=40)))
    changes = {}
    for on in draw(st.lists(st.sampled_from(planned), max_size=3, unique=True)) if planned else []:
        kind = draw(st.sampled_from([Kind.OFF, Kind.MOVED, Kind.SWAPPED]))
        day = on + timedelta(days=draw(st.integers(-3, 3)))
        as_planned = kind is Kind.OFF
        hours = (on, start, minutes)
        if not as_planned:
            hours = (day, draw(TIMES), draw(st.integers(15, 600)))
        changes[on] = Change(kind, "why", 9 if kind is Kind.SWAPPED else 7, *hours)
    return replace(series, changes=changes)


def as_series(entry: Entry) -> Series:
    changes = {
        on: Change(Kind.OFF, "", 0, on, entry.start, entry.minutes)
        if each is None
        else Change(Kind.MOVED, each.reason, 0, each.day, each.start, each.minutes)
        for on, each in entry.changes.items()
    }
    return replace(entry.series, changes=changes)


def worked(series, zone, agent_id):
    found = rules.shifts(series, *WINDOW, zone)
    return sorted((each.start, each.end) for each in found if each.agent_id == agent_id)


@given(zone=ZONES, roster=rosters(), whose=st.sampled_from([7, 9]))
def test_a_calendar_comes_back_with_the_same_shifts(zone, roster, whose):
    entries = list(calendar_file.entries([roster], whose))
    file = calendar_file.written(entries, zone, name="n", title="เวร", now=NOW)
    back = calendar_file.read(file, zone)
    if not entries:
        assert back == [Bad(1, "no_events")]
    else:
        assert back == entries
        again = worked([as_series(each) for each in back], zone, 0)
        assert again == worked([roster], zone, whose)


def test_the_zone_of_a_file_is_described_by_the_time_that_was_shown_before():
    day = Entry("u", date(2026, 3, 2), time(8), 60, "FREQ=DAILY")
    text = calendar_file.written([day], BERLIN, name="n", title="t", now=NOW).decode()
    assert "DTSTART:20260329T020000\r\nTZNAME:CEST" in text
    assert "DTSTART:20261025T030000\r\nTZNAME:CET" in text
    text = calendar_file.written([day], BANGKOK, name="n", title="t", now=NOW).decode()
    assert text.count("BEGIN:STANDARD") == 1
    assert "TZOFFSETTO:+0700" in text


def event(*lines, start="DTSTART;TZID=Asia/Bangkok:20261201T080000", length="DURATION:PT8H"):
    body = "\r\n".join(["BEGIN:VEVENT", "UID:a", start, length, *lines, "END:VEVENT"])
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{body}\r\nEND:VCALENDAR\r\n".encode()


FIRST = date(2026, 12, 1)


def test_an_event_of_another_program():
    (found,) = calendar_file.read(
        event("SUMMARY:Early", "RRULE:FREQ=WEEKLY;COUNT=3;BYDAY=TU,TH"), BANGKOK
    )
    assert found == Entry(
        "a", FIRST, time(8), 480, "FREQ=WEEKLY;BYDAY=TU,TH", date(2026, 12, 8), "Early"
    )
    (floating,) = calendar_file.read(event(start="DTSTART:20261201T080000"), BANGKOK)
    (utc,) = calendar_file.read(event(start="DTSTART:20261201T010000Z"), BANGKOK)
    assert floating == utc == Entry("a", FIRST, time(8), 480)


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (event(start="DTSTART;VALUE=DATE:20261201", length="DURATION:P1D"), "all_day"),
        (event(length="DURATION:PT25H"), "length"),
        (event("RRULE:FREQ=HOURLY"), "rule"),
        (event("RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"), "rule"),
        (event("RRULE:FREQ=DAILY;COUNT=100000"), "rule"),
        (event("RRULE:FREQ=WEEKLY;BYDAY=SU"), "first_day"),
        (event("RRULE:FREQ=DAILY", start="DTSTART:19000101T080000"), "first_day"),
        (
            event(
                "RRULE:FREQ=DAILY",
                *(
                    f"EXDATE:{2027 + n // 300}{n % 300 // 28 + 1:02}{n % 28 + 1:02}T080000"
                    for n in range(1300)
                ),
            ),
            "too_many",
        ),
        (event("RRULE:FREQ=DAILY", start="DTSTART;TZID=Europe/Berlin:20261201T080000"), "zone"),
        (event("RDATE;TZID=Asia/Bangkok:20261203T080000"), "no_series"),
        (event("RECURRENCE-ID;TZID=Asia/Bangkok:20261203T080000"), "no_series"),
        (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "no_events"),
        (b"hello", "unreadable"),
        (b"\xff\xfe", "unreadable"),
    ],
)
def test_what_a_roster_cannot_have_is_told(file, why):
    (found,) = calendar_file.read(file, BANGKOK)
    assert isinstance(found, Bad), found
    assert found.why == why


def test_the_line_of_a_bad_event_is_where_it_begins():
    good, bad = event().decode(), event("RRULE:FREQ=HOURLY").decode().replace("UID:a", "UID:b")
    second = bad[bad.index("BEGIN:VEVENT") : bad.index("END:VCALENDAR")]
    both = good.replace("END:VCALENDAR", f"{second}END:VCALENDAR").encode()
    first, found = calendar_file.read(both, BANGKOK)
    assert isinstance(first, Entry)
    assert isinstance(found, Bad)
    assert found.line == 8


def test_a_day_that_is_called_off_and_a_calendar_that_is_whole():
    text = event("RRULE:FREQ=DAILY", "EXDATE;TZID=Asia/Bangkok:20261202T080000").decode()
    other = event("STATUS:CANCELLED", "RECURRENCE-ID;TZID=Asia/Bangkok:20261203T080000").decode()
    second = other[other.index("BEGIN:VEVENT") : other.index("END:VCALENDAR")]
    (found,) = calendar_file.read(
        text.replace("END:VCALENDAR", f"{second}END:VCALENDAR").encode(), BANGKOK
    )
    assert isinstance(found, Entry)
    assert found.changes == {date(2026, 12, 2): None, date(2026, 12, 3): None}
    assert Calendar.from_ical(text).walk("VEVENT")
