"""Dates and results in every language in which citizens are written to, not only those of readers
among the staff. Pure: language and time zone are arguments.
"""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date

from hotline import clock, i18n
from hotline.config import READER_LANGUAGES


def moment_words(at: datetime | None, language: str, zone: ZoneInfo) -> str:
    """20 พ.ย. 2569 14:05 น. / 20 Nov 2026 14:05 / 2026年11月20日 14:05 / 20 нояб. 2026 г. 14:05"""
    if at is None or language in READER_LANGUAGES:
        return i18n.moment(at, language, zone)
    local = clock.local(at, zone)
    return f"{format_date(local.date(), 'medium', locale=language)} {local:%H:%M}"


def until_words(at: datetime | None, language: str, zone: ZoneInfo) -> str:
    """Until when something is waited for: who says a day means all of it, and reads that day again,
    and not the midnight of the next one.
    """
    local = None if at is None else clock.local(at, zone)
    if local is None or local.time() != time(0):
        return moment_words(at, language, zone)
    last = local.date() - timedelta(days=1)
    if language in READER_LANGUAGES:
        return f"{i18n.short_day(last, language)} {i18n.year(last, language)}"
    return str(format_date(last, "medium", locale=language))


def result_words(texts: i18n.Texts, result: str | None, language: str) -> str:
    """Return how a ticket ended, in the language or in English; empty for one that has not."""
    return texts.get(f"tickets.result.{result}", language) if result else ""
