"""What stands in a printed report, before anybody sets it.

Pure: no clock, no database, no file. Every text is already in the reader's language and every
number already written as they read it, but for charts, which keep their numbers to draw them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

THAI_NUMERALS: Final = "๐๑๒๓๔๕๖๗๘๙"
TO_THAI: Final = str.maketrans("0123456789", THAI_NUMERALS)


@dataclass(frozen=True)
class Words:
    """A paragraph; `aside` in small print, beside the matter."""

    text: str
    aside: bool = False
    #: What stands between two pairs of ** is strong.
    marked: bool = False
    kind: Literal["words"] = "words"


@dataclass(frozen=True)
class Heading:
    """A heading below the chapter's own."""

    text: str
    kind: Literal["heading"] = "heading"


@dataclass(frozen=True)
class Number:
    """One number to be read aloud: what it is, how much, and a word on it."""

    title: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Numbers:
    """Some of them in a row."""

    numbers: Sequence[Number]
    kind: Literal["numbers"] = "numbers"


@dataclass(frozen=True)
class Chart:
    """A Vega-Lite specification, as `reports.charts` makes it."""

    caption: str
    spec: Mapping[str, Any]
    #: Said instead of the chart to who cannot see it.
    says: str
    kind: Literal["chart"] = "chart"


@dataclass(frozen=True)
class Table:
    """Rows under a head: words in the first column, numbers in the others; `total` comes last."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    total: Sequence[str] = ()
    kind: Literal["table"] = "table"

    def __post_init__(self) -> None:
        for row in (*self.rows, *([self.total] if self.total else [])):
            if len(row) != len(self.head):
                raise ValueError(f"{self.caption}: {row} does not fit under {self.head}")


@dataclass(frozen=True)
class Beside:
    """Two short tables side by side."""

    tables: tuple[Table, Table]
    kind: Literal["beside"] = "beside"


@dataclass(frozen=True)
class Definitions:
    """Terms and what they mean."""

    entries: Sequence[tuple[str, str]]
    kind: Literal["definitions"] = "definitions"


Block = Words | Heading | Numbers | Chart | Table | Beside | Definitions


@dataclass(frozen=True)
class Chapter:
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Document:
    """A whole report."""

    #: "th" or "en"
    language: str
    title: str
    subtitle: str
    #: Who gives it out.
    city: str
    #: When it was made and from what, for the foot of every page.
    made: str
    chapters: Sequence[Chapter]
    #: "#rrggbb"
    accent: str = "#0b6e6e"
    #: Words of the layout itself: contents, page.
    labels: Mapping[str, str] = field(default_factory=dict)

    def charts(self) -> Iterator[Chart]:
        """In the order in which they stand."""
        for chapter in self.chapters:
            for block in chapter.blocks:
                if isinstance(block, Chart):
                    yield block

    def as_data(self, *, thai_numerals: bool = False) -> dict[str, Any]:
        """For the typesetter: plain mappings and lists, the charts by their number from 0.

        With `thai_numerals` every figure of every text is written ๐ to ๙.
        """
        numbers = iter(range(sum(1 for _ in self.charts())))
        data = asdict(self)
        for chapter in data["chapters"]:
            for block in chapter["blocks"]:
                if block["kind"] == "chart":
                    del block["spec"]
                    block["number"] = next(numbers)
        accent = data["accent"]
        whole = in_thai(data) if thai_numerals else data
        return {**whole, "accent": accent}


def in_thai(value: Any) -> Any:
    """The same with every figure of every text as ๐ to ๙; numbers stay numbers."""
    match value:
        case str():
            return value.translate(TO_THAI)
        case dict():
            return {name: in_thai(each) for name, each in value.items()}
        case list() | tuple():
            return [in_thai(each) for each in value]
        case _:
            return value
