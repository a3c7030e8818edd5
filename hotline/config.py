"""Building blocks of `config.yaml`: each room describes its own section with them
(`<room>/config.py`).

The file is parsed once into frozen models that refuse unknown keys; `hotline/city.py` puts the
sections together and reports all faults of a file at once, each with its path.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple, Self
from zoneinfo import ZoneInfo, available_timezones

import yaml
from dateutil.relativedelta import relativedelta
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    RootModel,
    StringConstraints,
    model_validator,
)
from pydantic_core import ErrorDetails

from hotline import calendars as rules
from hotline import wording
from hotline.errors import ConfigError, Fault
from hotline.languages import READER_LANGUAGES as READER_LANGUAGES  # noqa: PLC0414 - taken from here

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
#: A short number such as 1337, or E.164.
DialNumber = Annotated[str, StringConstraints(pattern=r"^(\+[1-9]\d{6,14}|[1-9]\d{2,5})$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]


#: Stand-ins: a text; a name that nothing has, whose faults stand at the place of the stand-in.
ANY_TEXT, NO_NAME = {"th": "-", "en": "-"}, "zzz"


class Section(BaseModel):
    """A part of config.yaml: frozen, and a key that nobody knows is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    #: What takes the place of a refused value while the rest is checked (`hotline.salvage`), by its
    #: place, with * for names: the item that holds the value is then still known to the checks.
    stand_ins: ClassVar[Mapping[str, Any]] = {}

    def faults(self) -> Iterator[Fault]:
        """Faults that no single field can see, with paths inside this section."""
        return iter(())


def _has_reader_languages(texts: dict[str, str]) -> dict[str, str]:
    missing = [language for language in READER_LANGUAGES if not texts.get(language, "").strip()]
    if missing:
        raise ValueError(f"no text in {', '.join(missing)}")
    return texts


class LocalText(RootModel[Annotated[dict[Language, str], AfterValidator(_has_reader_languages)]]):
    """A text in several languages; Thai and English at least."""

    model_config = ConfigDict(frozen=True)

    def for_(self, language: str) -> str:
        """The text in `language`, else in English."""
        return self.root.get(language) or self.root["en"]


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"no such time zone: {name}")
    return name


#: A length of time in words: 90 days, 18 months, 5 years.
Length = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,3} (day|month|year)s?$")]


def length_of(text: str) -> relativedelta:
    """Return a length of time (`Length`) as months and days are counted."""
    number, unit = text.split()
    return relativedelta(**{f"{unit.rstrip('s')}s": int(number)})  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------- calendars


_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _read_date(value: Any) -> date:
    """Only as text (`_Loader` leaves dates alone): pydantic would take a number for a date too."""
    try:
        # one way of writing it, so that no date stands twice in different clothes
        if _DATE.fullmatch(value):
            return date.fromisoformat(value)
    except (TypeError, ValueError):
        pass
    raise ValueError(f"{value} is not a date such as 2026-12-31")


Date = Annotated[date, BeforeValidator(_read_date)]


def _read_spans(texts: tuple[str, ...]) -> tuple[str, ...]:
    rules.spans(texts)
    return texts


#: The hours of a day, such as 08:30-12:00 and 13:00-16:30, or 22:00-06:00 past midnight.
Spans = Annotated[tuple[str, ...], AfterValidator(_read_spans)]


def _read_dated(value: Any) -> Any:
    """`closed` and bare hours for short."""
    if value == "closed":
        return {"closed": True}
    if isinstance(value, list):
        # read here, so that a fault stands where the file has the list
        if not all(isinstance(each, str) for each in value):
            raise ValueError("hours are texts such as 08:30-12:00")
        rules.spans(value)
        return {"hours": value}
    if not isinstance(value, dict):
        raise ValueError(f'{value} is neither "closed" nor hours')
    return value


class DatedHours(Section):
    """What holds on one date instead of everything else."""

    closed: bool = False
    hours: Spans = ()
    title: LocalText | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.closed == bool(self.hours):
            raise ValueError("either hours or closed: true")
        return self


def _days_once(weekly: dict[str, Any]) -> dict[str, Any]:
    seen: dict[int, str] = {}
    for text in weekly:
        for day in rules.weekdays(text):
            if day in seen:
                name = rules.WEEKDAYS[day]
                raise ValueError(f'{name} stands twice: in "{seen[day]}" and in "{text}"')
            seen[day] = text
    return weekly


def _dates_once(dates: tuple[date, ...]) -> tuple[date, ...]:
    for each in dates:
        if dates.count(each) > 1:
            raise ValueError(f"{each} stands twice")
    return dates


def _read_weekday(text: str) -> str:
    rules.weekdays(text)
    return text


Weekdays = Annotated[str, AfterValidator(_read_weekday)]


class Calendar(Section):
    """When an office is open; the rules are in `hotline.calendars`."""

    title: LocalText
    #: Days of the week (mon, mon-fri) and their hours; a day that is not named is closed.
    weekly: Annotated[dict[Weekdays, Spans], AfterValidator(_days_once)] = {}
    #: Closed on the holidays of `city.country`.
    holidays: bool = False
    #: Dates on which something else holds, whatever the week and the holidays say.
    dates: dict[Date, Annotated[DatedHours, BeforeValidator(_read_dated)]] = {}
    #: Holidays of the country on which this office works.
    not_holidays: Annotated[tuple[Date, ...], AfterValidator(_dates_once)] = ()

    @cached_property
    def hours(self) -> rules.Hours:
        """The calendar as the rules read it."""
        weekly: list[tuple[rules.Span, ...]] = [()] * 7
        for text, hours in self.weekly.items():
            for day in rules.weekdays(text):
                weekly[day] = rules.spans(hours)
        dates = {
            day: rules.DatedHours(
                rules.spans(each.hours), tuple(each.title.root.items()) if each.title else ()
            )
            for day, each in self.dates.items()
        }
        return rules.Hours(tuple(weekly), self.holidays, dates, frozenset(self.not_holidays))

    def faults(self) -> Iterator[Fault]:
        for day, spans in enumerate(self.hours.weekly):
            following = self.hours.weekly[(day + 1) % 7]
            if spans and following and spans[-1].end - rules.DAY > following[0].start:
                name, after = rules.WEEKDAYS[day], rules.WEEKDAYS[(day + 1) % 7]
                yield Fault("weekly", f"the night from {name} overlaps with the hours of {after}")
        for number, each in enumerate(self.not_holidays):
            if each in self.dates:
                where = f"not_holidays.{number}"
                yield Fault(where, f"{each} stands under dates too", f"dates.{each}")


#: A number, or up to eleven letters and figures (Twilio, "Alphanumeric Sender ID").
Sender = Annotated[
    str,
    StringConstraints(pattern=r"^(\+[1-9]\d{6,14}|[1-9]\d{2,5}|[A-Za-z][A-Za-z0-9 ]{1,10})$"),
]


class City(Section):
    """Who runs this hotline."""

    name: LocalText
    hotline_name: LocalText
    number: DialNumber
    #: What the outside sees when the city calls, and what agents' legs carry.
    caller_id: DialNumber
    #: Where a caller is put through when nothing of ours works.
    fallback_number: DialNumber
    #: Whom an SMS comes from: a number of ours, or letters that a carrier has registered for us.
    #: None: no SMS is sent.
    sms_sender: Sender | None = None
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = "TH"
    time_zone: Annotated[str, AfterValidator(_known_zone)] = "Asia/Bangkok"
    accent: Colour = "#0b6e6e"
    #: The hours of offices, by name.
    calendars: dict[Identifier, Calendar] = {}

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def holidays(self) -> rules.Holidays:
        """The public holidays of the country."""
        return rules.holidays_of(self.country)

    def faults(self) -> Iterator[Fault]:
        for name, calendar in self.calendars.items():
            for fault in calendar.faults():
                follows = f"calendars.{name}.{fault.follows}" if fault.follows else ""
                yield Fault(f"calendars.{name}.{fault.path}", fault.message, follows)
            if calendar.holidays and not rules.is_known(self.country):
                unknown = f"no holidays are known of the country {self.country}"
                yield Fault(f"calendars.{name}.holidays", unknown, "country")


# libyaml's is ten times as fast; every process reads some hundreds of texts when it starts
class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML's own, but a date stays the text that stands there: one that does not exist would stop
    the reading, and a fault names its place by the text.
    """


_Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: node.value)


class Repeated(NamedTuple):
    """A key that stands twice in one mapping: YAML itself would overwrite in silence."""

    place: tuple[str, ...]
    #: Where it stands again, from 1.
    line: int

    def fault(self, path: Path) -> Fault:
        return Fault(f"{path}, line {self.line}", f"the key {self.place[-1]!r} stands twice")


def load_yaml(path: Path) -> Any:
    """The content of a YAML file; raises ConfigError naming the file and, where known, the line."""
    content, repeated = read_yaml(path)
    if repeated:
        raise ConfigError([each.fault(path) for each in repeated])
    return content


def read_yaml(path: Path) -> tuple[Any, list[Repeated]]:
    """The same, with the keys that stand twice: of each the last is in the content."""
    try:
        return parse_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError([Fault(str(path), error.strerror or str(error))]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([Fault(str(path), f"not UTF-8: {error.reason}")]) from error
    except yaml.YAMLError as error:
        raise ConfigError([Fault(str(path), str(error))]) from error


def parse_yaml(text: str) -> tuple[Any, list[Repeated]]:
    """The same of a text; raises yaml.YAMLError."""
    loader = _Loader(text)
    node = loader.get_single_node()
    if node is None:
        return None, []
    # looked for first: the constructor writes what a merge (<<) brings into the nodes
    repeated = [*_repeated(node, (), set())]
    return loader.construct_document(node), repeated


def _repeated(node: yaml.Node, place: tuple[str, ...], known: set[int]) -> Iterator[Repeated]:
    if id(node) in known:  # an alias of what was looked at where its anchor stands
        return
    known.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _repeated(item, (*place, str(number)), known)
    elif isinstance(node, yaml.MappingNode):
        names: set[str] = set()
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            if name in names and isinstance(key, yaml.ScalarNode):
                yield Repeated((*place, name), key.start_mark.line + 1)
            names.add(name)
            yield from _repeated(value, (*place, name), known)


def fault_of(error: ErrorDetails, prefix: str = "") -> Fault:
    """A pydantic error as one line with the path in the file."""
    path = ".".join(str(part) for part in (prefix, *error["loc"]) if part != "")
    return Fault(path or "(file)", wording.of(error))
