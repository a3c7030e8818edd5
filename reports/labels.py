"""What periods, and the hours, days and months of them, are called. Pure."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from hotline import clock, i18n
from reports.view import Period
from reports.wording import Wording


def title(period: Period, words: Wording) -> str:
    """The whole name: with the weekday, with the year."""
    if period.kind == "day":
        return (
            f"{i18n.weekday(period.first, words.language)} {i18n.day(period.first, words.language)}"
        )
    if period.kind == "month":
        return i18n.month(period.first, words.language)
    return words.text("reports.fiscal_year", year=period.fiscal_year, gregorian=period.last.year)


def of_part(period: Period, key: date | datetime, words: Wording, zone: ZoneInfo) -> str:
    """Of an hour (its start), a day or a month (its first day) of a period."""
    if isinstance(key, datetime):
        return i18n.time_of_day(key, zone)
    if period.kind == "month":
        return i18n.short_day(key, words.language)
    return i18n.month(key, words.language)


def on_axis(period: Period, key: date | datetime, words: Wording, zone: ZoneInfo) -> str:
    """The same below a chart, as short as can be."""
    if isinstance(key, datetime):
        return f"{clock.local(key, zone):%H}"
    return str(key.day) if period.kind == "month" else short_month(key, words.language)


def counted(words: Wording, what: str, value: float | None) -> str:
    """How many there were as it is read aloud: one call, 1,234 calls."""
    key = f"reports.count.one.{what}" if value == 1 else f"reports.count.{what}"
    return words.text(key, number=i18n.number(value, words.language))


def short_month(day: date, language: str) -> str:
    """ต.ค. / Oct"""
    return i18n.short_day(day, language).partition(" ")[2]


def month_of_year(day: date, language: str) -> str:
    """ต.ค. 69 / Oct 26: one of more than twelve"""
    return f"{short_month(day, language)} {i18n.year(day, language) % 100:02}"
