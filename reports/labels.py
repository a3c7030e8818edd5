"""What periods and the lines of their tables are called. Pure."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from hotline import clock, i18n
from reports.view import Line, Period
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


def of_line(period: Period, line: Line, words: Wording, zone: ZoneInfo) -> str:
    """Of an hour, a day or a month of a period."""
    if isinstance(line.key, datetime):
        return i18n.time_of_day(line.key, zone)
    assert isinstance(line.key, date)
    if period.kind == "month":
        return i18n.short_day(line.key, words.language)
    return i18n.month(line.key, words.language)


def on_axis(period: Period, line: Line, words: Wording, zone: ZoneInfo) -> str:
    """The same below a chart, as short as can be."""
    if isinstance(line.key, datetime):
        return f"{clock.local(line.key, zone):%H}"
    assert isinstance(line.key, date)
    return str(line.key.day) if period.kind == "month" else short_month(line.key, words.language)


def short_month(day: date, language: str) -> str:
    """ต.ค. / Oct"""
    return i18n.short_day(day, language).partition(" ")[2]


def month_of_year(day: date, language: str) -> str:
    """ต.ค. 69 / Oct 26: one of more than twelve"""
    return f"{short_month(day, language)} {i18n.year(day, language) % 100:02}"
