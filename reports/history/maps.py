"""What `map.yaml` may say, and what is wrong with one; the maps that are shipped.

A map tells how one old exchange wrote its calls. Nothing in it has a default that would be a guess:
what it does not name is a bad row.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from hotline import salvage
from hotline.config import Repeated, Section, _known_zone, parse_yaml, read_yaml
from hotline.errors import ConfigError, Fault
from reports.history import times
from reports.history.files import Form
from reports.history.times import Calendar, Choice

#: The maps that come with the hotline, by name.
SHIPPED = Path(__file__).parent / "maps"
REFUSE, IGNORE, KEEP = "refuse", "ignore", "keep"
CITY = "city"

_LANGUAGE = re.compile(r"[a-z]{2,3}|refuse|ignore")
_ENCODINGS = {"tis-620": "tis_620", "windows-1252": "cp1252"}


def _text(value: Any) -> Any:
    """A value of a row as the file has it: a number of YAML is its figures."""
    if value is None:
        return ""
    if isinstance(value, bool):
        raise ValueError("write it in quotes: YAML takes it for yes or no")
    return str(value) if isinstance(value, int | float) else value


def _zone(name: str) -> str:
    return name if name == CITY else _known_zone(name)


Text = Annotated[str, BeforeValidator(_text)]
Texts = tuple[Text, ...]
Column = Annotated[str, BeforeValidator(_text), StringConstraints(min_length=1)]
Format = Annotated[str, StringConstraints(min_length=2)]
Source = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
#: A queue of ours or of the old exchange, a language, or one of the words above.
Target = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Zone = Annotated[str, BeforeValidator(_zone)]


class File(Section):
    """How the file is written."""

    encoding: Literal["utf-8", "tis-620", "cp874", "windows-1252", "latin-1", "ascii"] = "utf-8"
    delimiter: Literal[",", ";", "|", "tab"] = ","
    #: Whether a quote (") begins a field that may hold the delimiter.
    quotes: bool = True
    #: Lines before the header, or before the first row.
    skip: Annotated[int, Field(ge=0, le=1000)] = 0
    #: Whether a line names the columns.
    header: bool = True
    #: Their names in order: needed without a header; with one, it must be just so.
    columns: tuple[Column, ...] = ()

    @property
    def form(self) -> Form:
        encoding = _ENCODINGS.get(self.encoding, self.encoding)
        delimiter = "\t" if self.delimiter == "tab" else self.delimiter
        return Form(encoding, delimiter, '"' if self.quotes else None)

    def faults(self) -> Iterator[Fault]:
        if not self.header and not self.columns:
            yield Fault("file.columns", "is needed where the file has no header")
        for name in sorted({each for each in self.columns if self.columns.count(each) > 1}):
            yield Fault("file.columns", f'"{name}" stands twice')


class Time(Section):
    """How moments are written."""

    #: Where the old exchange stood; `city`: as this hotline's city.
    zone: Zone
    era: Literal["common", "buddhist"] = "common"
    #: The first year (of that era) of the hundred that two figures stand for; left out, such years
    #: are a fault.
    two_digit_years_from: Annotated[int, Field(ge=1900, le=2600)] | None = None
    #: Added to every year, where the exchange had them wrong.
    year_shift: Annotated[int, Field(ge=-1000, le=1000)] = 0
    #: An hour that a change of the clocks gives twice, or leaves out: which of both is meant.
    repeated_hour: Choice = "refuse"
    skipped_hour: Choice = "refuse"
    #: Of a column that holds day and time; tried in this order.
    formats: tuple[Format, ...] = ()
    #: Of days and of times of day in columns of their own.
    dates: tuple[Format, ...] = ()
    times: tuple[Format, ...] = ()
    #: A time of day that is before the moment before it is of the next day.
    past_midnight: bool = False
    longest_call_hours: Annotated[float, Field(gt=0, le=240)] = 12

    @property
    def calendar(self) -> Calendar:
        return Calendar(self.era == "buddhist", self.two_digit_years_from, self.year_shift)

    @property
    def longest(self) -> timedelta:
        return timedelta(hours=self.longest_call_hours)

    def faults(self) -> Iterator[Fault]:
        for name, needs in (("formats", "both"), ("dates", "day"), ("times", "time")):
            for number, written in enumerate(getattr(self, name)):
                where = f"time.{name}.{number}"
                if (wrong := _wrong_format(written, needs)) is not None:
                    yield Fault(where, wrong)
                elif "%y" in times.directives(written) and self.two_digit_years_from is None:
                    yield Fault(where, "has years of two figures: say two_digit_years_from")


def _wrong_format(written: str, needs: str) -> str | None:
    try:
        times.pattern(written)
    except times.FormatError as error:
        return str(error)
    found = times.directives(written)
    if "%s" in found:
        return None if needs == "both" else "%s is a whole moment: it stands in formats"
    day = "%d" in found and bool(found & {"%m", "%b"}) and bool(found & {"%Y", "%y"})
    time = "%H" in found or {"%I", "%p"} <= found
    if needs in ("both", "day") and not day:
        return "does not say a whole day (%d, %m or %b, %Y or %y)"
    if needs in ("both", "time") and not time:
        return "does not say a time of day (%H, or %I and %p)"
    return None


class Moment(Section):
    """Where a moment stands: in a `column`, or a `time` of day beside the `date` of the call."""

    column: Column | None = None
    date: Column | None = None
    time: Column | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.column is None) == (self.date is None and self.time is None):
            raise ValueError("is either a column, or a date and a time")
        if (self.date is None) != (self.time is None):
            raise ValueError("date and time go together")
        return self


MomentsOf = tuple[Moment, ...]


class Moments(Section):
    """The moments of a call, in the order in which they are."""

    arrived: MomentsOf
    queued: MomentsOf = ()
    connected: MomentsOf = ()
    #: When a caller who was not answered left the queue, or hung up in it.
    left: MomentsOf = ()
    talk_ended: MomentsOf = ()
    wrapped_up: MomentsOf = ()


class Lengths(Section):
    """The columns that hold how long something took, where they hold no moments."""

    unit: Literal["seconds", "milliseconds", "h:m:s"] = "seconds"
    #: From the arrival to the queue; in the queue; with an agent; writing it up.
    menu: Column | None = None
    wait: Column | None = None
    talk: Column | None = None
    wrap_up: Column | None = None
    #: Further columns that make a row a bad one when they are below zero.
    not_negative: tuple[Column, ...] = ()

    @property
    def columns(self) -> list[str]:
        return [each for each in (self.menu, self.wait, self.talk, self.wrap_up) if each]


class Values(Section):
    """What a column's values become: each by name, or all the same (`always`)."""

    always: Target | None = None
    column: Column | None = None
    values: dict[Text, Target] = Field(default_factory=dict)
    #: For all others; left out, they are bad rows. `keep`: as it stands in the file.
    otherwise: Target = REFUSE

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.always is None) == (self.column is None):
            raise ValueError("is either always, or a column and its values")
        return self


class Rule(Section):
    """How a row ended whose columns hold these values; the first that fits decides."""

    when: dict[Column, Texts]
    is_: Annotated[
        Literal["answered", "abandoned", "left", "not_queued", "transferred", "ignore", "refuse"],
        Field(alias="is"),
    ]
    #: Told of rows that are ignored or refused.
    reason: str = ""


class _Map(Section):
    #: What the old exchange is called: with the key it says which call a row is of.
    source: Source
    file: File = File()
    time: Time
    queue: Values
    language: Values | None = None
    #: The column of the caller's number; left out, none is kept.
    number: Column | None = None

    def columns_used(self) -> Iterator[tuple[str, str]]:
        """Every place in the map that names a column, and the column."""
        for name, values in (("queue", self.queue), ("language", self.language)):
            if values is not None and values.column is not None:
                yield f"{name}.column", values.column
        if self.number is not None:
            yield "number", self.number

    def unknown_columns(self, columns: Sequence[str]) -> list[Fault]:
        """A fault for every column that is named and not there."""
        faults = [
            Fault(path, f'no column "{name}"')
            for path, name in self.columns_used()
            if name not in columns
        ]
        there = ", ".join(each for each in columns if each)
        return [*faults, Fault("(the columns)", f"are {there}")] if faults else []

    def faults(self) -> Iterator[Fault]:
        yield from self.time.faults()
        if self.language is not None:
            rule = self.language
            for text in (rule.always, *rule.values.values(), rule.otherwise):
                if text is not None and not _LANGUAGE.fullmatch(text):
                    yield Fault("language", f'"{text}" is no language such as th')

    def targets(self) -> list[str]:
        """The queues that rows can come to, by name."""
        rule = self.queue
        named = {rule.always, *rule.values.values(), rule.otherwise if rule.column else None}
        return sorted(each for each in named - {REFUSE, IGNORE, KEEP} if each)


class RowsMap(_Map):
    """A file with one row a call (or one a visit to a queue)."""

    kind: Literal["rows"] = "rows"
    #: The columns that together name a call: no two calls of the exchange have the same.
    key: Annotated[tuple[Column, ...], Field(min_length=1)]
    #: Rows that follow each other and have the same in these columns are parts of one call.
    parts: tuple[Column, ...] = ()
    #: Rows with other values are ignored.
    only: dict[Column, Texts] = Field(default_factory=dict)
    #: Texts of a column that mean that there is nothing.
    empty: dict[Column, Texts] = Field(default_factory=dict)
    moments: Moments
    lengths: Lengths = Lengths()
    outcomes: Annotated[tuple[Rule, ...], Field(min_length=1)]
    #: Of a row that no rule fits.
    otherwise: Literal["refuse", "ignore"] = "refuse"
    agent: Column | None = None

    @cached_property
    def decide(self) -> list[str]:
        """The columns that the outcome is told by."""
        return list(dict.fromkeys(column for rule in self.outcomes for column in rule.when))

    def columns_used(self) -> Iterator[tuple[str, str]]:
        yield from super().columns_used()
        yield from ((f"key.{n}", name) for n, name in enumerate(self.key))
        yield from ((f"parts.{n}", name) for n, name in enumerate(self.parts))
        yield from ((f"only.{name}", name) for name in self.only)
        yield from ((f"empty.{name}", name) for name in self.empty)
        for name, choices in self.moments:
            parts = ((each.column, each.date, each.time) for each in choices)
            yield from ((f"moments.{name}", part) for each in parts for part in each if part)
        for name in ("menu", "wait", "talk", "wrap_up"):
            if (column := getattr(self.lengths, name)) is not None:
                yield f"lengths.{name}", column
        yield from (("lengths.not_negative", name) for name in self.lengths.not_negative)
        for number, rule in enumerate(self.outcomes):
            yield from ((f"outcomes.{number}.when.{name}", name) for name in rule.when)
        if self.agent is not None:
            yield "agent", self.agent

    def faults(self) -> Iterator[Fault]:
        yield from super().faults()
        yield from self.file.faults()
        if self.file.columns:
            yield from self.unknown_columns(self.file.columns)
        yield from self._missing_formats()
        yield from self._said_twice()
        ends = {rule.is_ for rule in self.outcomes}
        if "answered" in ends and not (self.moments.connected or self.lengths.wait):
            yield Fault("moments.connected", "answered calls need it, or lengths.wait")
        if ends & {"abandoned", "left"} and not (self.moments.left or self.lengths.wait):
            yield Fault("moments.left", "calls that were not answered need it, or lengths.wait")

    def _missing_formats(self) -> Iterator[Fault]:
        every = [each for _, choices in self.moments for each in choices]
        if any(each.column for each in every) and not self.time.formats:
            yield Fault("time.formats", "is needed: a moment stands in one column")
        if any(each.date for each in every):
            for name in ("dates", "times"):
                if not getattr(self.time, name):
                    yield Fault(f"time.{name}", "is needed: day and time stand apart")

    def _said_twice(self) -> Iterator[Fault]:
        pairs = {
            "queued": "menu",
            "connected": "wait",
            "left": "wait",
            "talk_ended": "talk",
            "wrapped_up": "wrap_up",
        }
        for moment, length in pairs.items():
            if getattr(self.moments, moment) and getattr(self.lengths, length):
                yield Fault(f"lengths.{length}", f"says the same as moments.{moment}: name one")


class EventsMap(_Map):
    """A log with a line an event (Asterisk's queue_log): calls are put together from lines.

    The columns are those of the log: `queue`, `agent`, `callerid`.
    """

    kind: Literal["events"]
    events: Literal["asterisk_queue_log"]
    #: By so much a length that the log tells may differ from its own moments (they are whole
    #: seconds); a call whose two statements differ by more is a bad row.
    tolerance_seconds: Annotated[float, Field(ge=0, le=60)] = 2

    def faults(self) -> Iterator[Fault]:
        yield from super().faults()
        yield from self.unknown_columns(EVENT_COLUMNS)
        if not self.time.formats:
            yield Fault("time.formats", 'is needed: "%s" for seconds since 1970')


EVENT_COLUMNS = ("queue", "agent", "callerid")
AnyMap = RowsMap | EventsMap


def names() -> list[str]:
    """The maps that are shipped."""
    return sorted(each.stem for each in SHIPPED.glob("*.yaml"))


def find(name: str) -> Path:
    """The file of a map: a shipped one by its name, or any by its path. Raises ConfigError."""
    if name in names():
        return SHIPPED / f"{name}.yaml"
    path = Path(name)
    if not path.exists():
        known = ", ".join(names())
        raise ConfigError([Fault(name, f"there is no such file, and no such map ({known})")])
    return path


def load(path: Path) -> AnyMap:
    """Read a map; raises ConfigError with every fault and its path."""
    return _checked(*read_yaml(path), path)


def of_text(text: str) -> AnyMap:
    """The map of an import, as it was written down; raises ConfigError where none can be such any
    more.
    """
    return _checked(*parse_yaml(text), Path("map.yaml"))


def _checked(content: Any, repeated: Sequence[Repeated], path: Path) -> AnyMap:
    if not isinstance(content, Mapping):
        raise ConfigError([Fault(str(path), "is empty or not a mapping")])
    content = _spelled_out(content)
    kinds: Mapping[str, type[AnyMap]] = {"rows": RowsMap, "events": EventsMap}
    kind = kinds.get(str(content.get("kind", "rows")))
    if kind is None:
        raise ConfigError([Fault("kind", f"{content['kind']} is neither rows nor events")])
    twice = [each.fault(path) for each in repeated]
    found, faults = salvage.check(kind, content, [each.place for each in repeated])
    if twice or faults or found is None:
        raise ConfigError([*twice, *faults])
    assert isinstance(found, RowsMap | EventsMap)
    return found


def _spelled_out(content: Mapping[str, Any]) -> dict[str, Any]:
    """What may be written for short, as it is meant: a column for a moment, one for several."""
    spelled = dict(content)
    if isinstance(moments := content.get("moments"), Mapping):
        spelled["moments"] = {name: _moments(each) for name, each in moments.items()}
    for name in ("only", "empty"):
        if isinstance(texts := content.get(name), Mapping):
            spelled[name] = _lists(texts)
    if isinstance(rules := content.get("outcomes"), list):
        spelled["outcomes"] = [
            {**rule, "when": _lists(rule["when"])}
            if isinstance(rule, Mapping) and isinstance(rule.get("when"), Mapping)
            else rule
            for rule in rules
        ]
    return spelled


def _lists(texts: Mapping[Any, Any]) -> dict[Any, Any]:
    return {name: each if isinstance(each, list) else [each] for name, each in texts.items()}


def _moments(value: Any) -> Any:
    """Several: the first that is filled."""
    listed = value if isinstance(value, list) else [value]
    return [{"column": each} if isinstance(each, str | int) else each for each in listed]
