"""Moments as others write them: strictly, and never guessed."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from reports.history import times
from reports.history.times import Calendar, FormatError, Place, Unreadable, length, pattern, read

THAI = Calendar(buddhist=True)
DAY_FIRST = ["%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M"]


@pytest.mark.parametrize(
    ("text", "formats", "calendar", "day", "at"),
    [
        ("20/11/2567 08:05:09", DAY_FIRST, THAI, date(2024, 11, 20), time(8, 5, 9)),
        ("20/11/2567 08:05", DAY_FIRST, THAI, date(2024, 11, 20), time(8, 5)),
        # the leap day of a year that is none by its own number
        ("29/02/2567 00:00:00", DAY_FIRST, THAI, date(2024, 2, 29), time(0)),
        ("1 ส.ค. 2567", ["%d %b %Y"], THAI, date(2024, 8, 1), None),
        ("1 สิงหาคม 2567", ["%d %b %Y"], THAI, date(2024, 8, 1), None),
        ("1-Aug-1999", ["%d-%b-%Y"], Calendar(), date(1999, 8, 1), None),
        ("๑/๘/๒๕๖๗", ["%d/%m/%Y"], THAI, date(2024, 8, 1), None),
        ("01/08/67", ["%d/%m/%y"], Calendar(True, 2500), date(2024, 8, 1), None),
        ("01/08/99", ["%d/%m/%y"], Calendar(False, 1970), date(1999, 8, 1), None),
        ("01/08/69", ["%d/%m/%y"], Calendar(False, 1970), date(2069, 8, 1), None),
        ("2010-08-01", ["%Y-%m-%d"], Calendar(shift=-11), date(1999, 8, 1), None),
        ("12:30 AM", ["%I:%M %p"], Calendar(), None, time(0, 30)),
        ("12:30 p.m.", ["%I:%M %p"], Calendar(), None, time(12, 30)),
    ],
)
def test_it_reads(
    text: str, formats: list[str], calendar: Calendar, day: date | None, at: time | None
) -> None:
    parts = read(text, formats, calendar)
    assert (parts.day, parts.clock) == (day, at)


@pytest.mark.parametrize(
    ("text", "formats"),
    [
        ("31/02/2024 00:00:00", DAY_FIRST),
        ("20/13/2024 00:00:00", DAY_FIRST),
        ("20/11/24 00:00:00", DAY_FIRST),
        (" 20/11/2024 00:00:00", DAY_FIRST),
        ("20/11/2024 24:00:00", DAY_FIRST),
        ("1 Foo 2024", ["%d %b %Y"]),
        ("13:00 PM", ["%I:%M %p"]),
        ("", DAY_FIRST),
    ],
)
def test_it_refuses(text: str, formats: list[str]) -> None:
    with pytest.raises(Unreadable):
        read(text, formats, Calendar())


def test_seconds_since_1970_are_whole_moments() -> None:
    assert read("1366720340", ["%s"], Calendar()).at == datetime.fromtimestamp(1366720340, tz=UTC)
    assert read("1366720340.5", ["%s"], Calendar()).at is not None


def test_formats_that_cannot_be_one() -> None:
    for wrong in ("%Q", "%d/%d"):
        with pytest.raises(FormatError):
            pattern(wrong)


def test_an_hour_that_the_clocks_give_twice_or_not_at_all() -> None:
    zone = ZoneInfo("Europe/Berlin")
    twice, never = datetime(2026, 10, 25, 2, 30), datetime(2026, 3, 29, 2, 30)  # noqa: DTZ001
    for at in (twice, never):
        with pytest.raises(Unreadable):
            Place(zone).utc(at)
    first = Place(zone, "first", "first").utc(twice)
    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert Place(zone, "second", "second").utc(twice) - first == timedelta(hours=1)
    assert Place(zone, "first", "first").utc(never) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_lengths_of_time() -> None:
    assert length("90", "seconds") == length("1:30", "h:m:s") == length("90000", "milliseconds")
    assert length("1:02:03", "h:m:s") == timedelta(hours=1, minutes=2, seconds=3)
    assert length("1.5", "seconds") == timedelta(seconds=1.5)
    for text, unit in (("-1", "seconds"), ("", "seconds"), ("1:60", "h:m:s"), ("1e3", "seconds")):
        with pytest.raises(Unreadable):
            length(text, unit)  # type: ignore[arg-type]


def test_a_month_has_its_names_in_both_languages() -> None:
    assert len({times._month(name) for name in ("May", "may", "พ.ค.", "พฤษภาคม")}) == 1
