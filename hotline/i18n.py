"""Words, numbers and dates for readers, in Thai and English.

Each room keeps its words in `texts.yaml`: a key, and below it one text a language. Keys begin with
the room's name (the floor's with `floor`). A text may name values in braces. Dates are shown in the
reader's calendar: Buddhist years in Thai. All functions are pure: the language and the time zone
are arguments.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from hotline import clock
from hotline.config import READER_LANGUAGES, load_yaml
from hotline.errors import ConfigError, Fault

EMPTY = "–"
#: So many figures are a service (191, 1337) and nobody's own number.
SHORT_NUMBER = 4


class Texts:
    """All texts of all rooms: key → language → text."""

    def __init__(self, texts: Mapping[str, Mapping[str, str]]) -> None:
        self._texts = texts

    @classmethod
    def load(cls, files: Iterable[Path]) -> "Texts":
        """Read the rooms' files; raises ConfigError listing every key without Thai or English, or
        given twice.
        """
        texts: dict[str, dict[str, str]] = {}
        faults: list[Fault] = []
        for path in files:
            for key, by_language in (load_yaml(path) or {}).items():
                where = f"{path.parent.name}/{path.name}: {key}"
                if key in texts:
                    faults.append(Fault(where, "stands twice"))
                texts[key] = by_language if isinstance(by_language, dict) else {}
                missing = [each for each in READER_LANGUAGES if not texts[key].get(each)]
                if missing:
                    faults.append(Fault(where, f"no text in {', '.join(missing)}"))
        if faults:
            raise ConfigError(faults)
        return cls(texts)

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    def keys(self) -> Iterable[str]:
        return self._texts.keys()

    def get(self, key: str, language: str, **values: Any) -> str:
        """The text of `key` in `language`; raises KeyError for a key that no room has."""
        by_language = self._texts[key]
        text = by_language.get(language) or by_language["en"]
        return text.format(**values) if values else text


def number(value: float | None, language: str, places: int = 0) -> str:
    if value is None:
        return EMPTY
    return format_decimal(
        round(value, places), format="#,##0." + "0" * places if places else "#,##0", locale=language
    )


def percent(value: float | None, language: str, places: int = 1) -> str:
    """`value` 0.87 as 87.0 %; nothing to divide by is a dash, not a zero."""
    if value is None:
        return EMPTY
    return format_percent(value, format="#,##0." + "0" * places + " %", locale=language)


def year(day: date, language: str) -> int:
    return day.year + clock.BUDDHIST_ERA if language == "th" else day.year


def day(value: date | None, language: str) -> str:
    """20 พฤศจิกายน 2569 / 20 November 2026"""
    if value is None:
        return EMPTY
    return f"{value.day} {format_date(value, 'MMMM', locale=language)} {year(value, language)}"


def days(values: Iterable[date], language: str) -> str:
    """Several days, in order; those in a row as from–until."""
    runs: list[tuple[date, date]] = []
    for each in values:
        if runs and (each - runs[-1][1]).days == 1:
            runs[-1] = (runs[-1][0], each)
        else:
            runs.append((each, each))
    return ", ".join(
        day(first, language) if first == last else f"{day(first, language)} – {day(last, language)}"
        for first, last in runs
    )


def month(value: date, language: str) -> str:
    return f"{format_date(value, 'LLLL', locale=language)} {year(value, language)}"


def short_day(value: date, language: str) -> str:
    """20 พ.ย. / 20 Nov"""
    return f"{value.day} {format_date(value, 'MMM', locale=language)}"


def weekday(value: date, language: str) -> str:
    return format_date(value, "EEEE", locale=language)


def time_of_day(at: datetime | None, zone: ZoneInfo) -> str:
    return EMPTY if at is None else f"{clock.local(at, zone):%H:%M}"


def moment(at: datetime | None, language: str, zone: ZoneInfo) -> str:
    """20 พ.ย. 2569 14:05 น. / 20 Nov 2026 14:05"""
    if at is None:
        return EMPTY
    local = clock.local(at, zone)
    hour = f"{local:%H:%M}" + (" น." if language == "th" else "")
    return f"{short_day(local.date(), language)} {year(local.date(), language)} {hour}"


def duration(seconds: float | timedelta | None) -> str:
    """2:10, or 1:02:10 from an hour on."""
    if seconds is None:
        return EMPTY
    total = round(seconds.total_seconds() if isinstance(seconds, timedelta) else seconds)
    sign, total = ("-", -total) if total < 0 else ("", total)
    hours, minutes, rest = total // 3600, total % 3600 // 60, total % 60
    return f"{sign}{hours}:{minutes:02}:{rest:02}" if hours else f"{sign}{minutes}:{rest:02}"


def language_name(code: str, language: str) -> str:
    """The name of the language `code`, for a reader of `language`."""
    return Locale.parse(code).get_display_name(language) or code


def masked(telephone: str | None) -> str:
    """A telephone number as those see it who need not know it: +66·····567."""
    if not telephone:
        return EMPTY
    if len(telephone) <= SHORT_NUMBER:
        return telephone
    # at least three figures stay hidden, of a number of any length
    return telephone[:-6][:3] + "·····" + telephone[-3:]


def masked_name(name: str) -> str:
    """A name as those see it who need not know it: its first letter."""
    return name[:1] + "·····" if name else EMPTY
