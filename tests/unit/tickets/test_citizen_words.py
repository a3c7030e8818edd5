"""Dates as citizens and staff read them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tickets.citizen_words import until_words

BANGKOK = ZoneInfo("Asia/Bangkok")


@pytest.mark.parametrize(
    ("language", "day", "moment"),
    [
        ("th", "20 ธ.ค. 2569", "20 ธ.ค. 2569 14:05 น."),
        ("en", "20 Dec 2026", "20 Dec 2026 14:05"),
        ("zh", "2026年12月20日", "2026年12月20日 14:05"),
        ("ru", "20 дек. 2026\u202fг.", "20 дек. 2026\u202fг. 14:05"),
    ],
)
def test_who_says_a_day_reads_that_day(language: str, day: str, moment: str) -> None:
    ends = datetime(2026, 12, 20, 17, tzinfo=UTC)  # the day is over, in the city
    assert until_words(ends, language, BANGKOK) == day
    at = datetime(2026, 12, 20, 7, 5, tzinfo=UTC)
    assert until_words(at, language, BANGKOK) == moment
