"""Words, numbers and dates as readers of Thai and English see them."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hotline import i18n
from hotline.errors import ConfigError
from hotline.i18n import Texts

BANGKOK = ZoneInfo("Asia/Bangkok")
NEW_YEAR = datetime(2026, 12, 31, 18, 30, tzinfo=UTC)  # 01:30 of the first day, in Pattaya


def room(folder: Path, name: str, text: str) -> Path:
    (folder / name).mkdir()
    path = folder / name / "texts.yaml"
    path.write_text(text)
    return path


def test_a_text_in_the_readers_language_with_its_values() -> None:
    texts = Texts({"a.b": {"th": "รอ {n} นาที", "en": "{n} minutes"}})
    assert texts.get("a.b", "th", n=3) == "รอ 3 นาที"
    assert texts.get("a.b", "en", n=3) == "3 minutes"
    assert texts.get("a.b", "ru", n=3) == "3 minutes"
    assert "a.b" in texts and "a.c" not in texts
    with pytest.raises(KeyError):
        texts.get("a.c", "th")


def test_every_fault_of_every_file_comes_at_once(tmp_path: Path) -> None:
    files = [
        room(tmp_path, "one", "a: {th: ก, en: a}\nb: {th: ข}\nc: words\n"),
        room(tmp_path, "two", "a: {th: ก, en: a}\nd: {en: d, th: ''}\n"),
    ]
    with pytest.raises(ConfigError) as caught:
        Texts.load(files)
    assert [str(fault) for fault in caught.value.faults] == [
        "one/texts.yaml: b: no text in en",
        "one/texts.yaml: c: no text in th, en",
        "two/texts.yaml: a: stands twice",
        "two/texts.yaml: d: no text in th",
    ]


def test_thai_dates_count_buddhist_years() -> None:
    day = date(2026, 11, 20)
    assert i18n.day(day, "th") == "20 พฤศจิกายน 2569"
    assert i18n.day(day, "en") == "20 November 2026"
    assert i18n.month(day, "th") == "พฤศจิกายน 2569"
    assert i18n.month(day, "en") == "November 2026"
    assert i18n.short_day(day, "th") == "20 พ.ย."
    assert i18n.weekday(day, "th") == "วันศุกร์"
    assert i18n.weekday(day, "en") == "Friday"


def test_the_year_of_a_moment_is_the_citys() -> None:
    assert i18n.moment(NEW_YEAR, "th", BANGKOK) == "1 ม.ค. 2570 01:30 น."
    assert i18n.moment(NEW_YEAR, "en", BANGKOK) == "1 Jan 2027 01:30"
    assert i18n.time_of_day(NEW_YEAR, BANGKOK) == "01:30"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0:00"),
        (59.6, "1:00"),
        (130, "2:10"),
        (3599, "59:59"),
        (3600, "1:00:00"),
        (3730, "1:02:10"),
        (90_000, "25:00:00"),
        (-5, "-0:05"),
        (timedelta(minutes=2, seconds=10), "2:10"),
    ],
)
def test_durations(seconds: float | timedelta, shown: str) -> None:
    assert i18n.duration(seconds) == shown


def test_what_is_not_there_is_a_dash_and_not_a_zero() -> None:
    assert {
        i18n.number(None, "th"),
        i18n.percent(None, "th"),
        i18n.day(None, "th"),
        i18n.moment(None, "th", BANGKOK),
        i18n.time_of_day(None, BANGKOK),
        i18n.duration(None),
        i18n.masked(None),
        i18n.masked(""),
    } == {i18n.EMPTY}


@pytest.mark.parametrize("language", ["th", "en"])
def test_numbers(language: str) -> None:
    assert i18n.number(257_869, language) == "257,869"
    assert i18n.number(12.345, language, 2) == "12.35"
    assert i18n.percent(0.8704, language) == "87.0 %"


def test_languages_have_names_in_the_readers_language() -> None:
    assert i18n.language_name("ru", "th") == "รัสเซีย"
    assert i18n.language_name("th", "en") == "Thai"


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+66812345678", "+66·····678"),
        ("0812345678", "081·····678"),
        ("+1234567", "+1·····567"),
        ("12345", "·····345"),
        ("191", "191"),
        ("1337", "1337"),
    ],
)
def test_a_masked_number_hides_at_least_two_figures(number: str, shown: str) -> None:
    assert i18n.masked(number) == shown
    assert len(number) <= i18n.SHORT_NUMBER or len(shown.replace("·", "")) <= len(number) - 2
