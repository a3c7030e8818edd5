"""Tables (CSV) that other people's programs wrote: in whatever encoding, with whatever between the
cells.

Excel writes Thai as UTF-8 with a mark, as "Unicode text" (UTF-16, tabs) or in Windows' own eight
bits (cp874, of which TIS-620 is a part), and where the comma is the decimal sign it puts semicolons
between cells. How a file is written is found by its beginning; what does not fit to that later on
is a fault that names the line, and never a row that is quietly wrong.
"""

import codecs
import csv
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from hotline.errors import Invalid

#: So many bytes say how a file is written.
_BEGINNING: Final = 1 << 18
_THAI: Final = re.compile("[\u0e01-\u0e5b]")
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: How a workbook begins (a ZIP archive, and Excel's older form).
_WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_BETWEEN: Final = (",", ";", "\t", "|")


@dataclass(frozen=True)
class Form:
    """How a table is written: `encoding` as Python calls it, `between` the cells of a row."""

    encoding: str
    between: str = ","

    @property
    def is_usual(self) -> bool:
        """It is UTF-8 with commas, of which nothing needs to be said."""
        return self.encoding in ("utf-8", "utf-8-sig") and self.between == ","

    def __str__(self) -> str:
        between = {"\t": "tabs", ";": "semicolons", "|": "bars"}.get(self.between, "commas")
        encoding = {"cp874": "TIS-620 (cp874)", "utf-8-sig": "utf-8"}.get(self.encoding)
        return f"{encoding or self.encoding}, {between} between the cells"


def form_of(file: Path) -> Form:
    """Find out how a file is written. Raises `Invalid` for what is no table, OSError for what
    cannot be read.
    """
    with file.open("rb") as opened:
        beginning = opened.read(_BEGINNING)
    if not beginning.strip():
        raise Invalid(f"{file}: is empty")
    if beginning.startswith(_WORKBOOKS):
        raise Invalid(f"{file}: is a workbook or an archive; save it as CSV first")
    encoding = _encoding(beginning)
    if encoding is None:
        raise Invalid(f"{file}: is no text in UTF-8, UTF-16 or TIS-620 (Windows-874)")
    headings = _decoded(beginning, encoding).lstrip("\ufeff\r\n").splitlines()[0]
    return Form(encoding, max(_BETWEEN, key=headings.count))


def _encoding(beginning: bytes) -> str | None:
    for mark, encoding in _MARKS:
        if beginning.startswith(mark):
            return encoding
    if b"\x00" in beginning:
        return _without_mark(beginning)
    for encoding in ("utf-8", "cp874"):
        try:
            text = _decoded(beginning, encoding)
        except UnicodeDecodeError:
            continue
        # almost any bytes are something in eight bits: without Thai it is another language's
        if encoding == "utf-8" or _THAI.search(text):
            return encoding
    return None


def _without_mark(beginning: bytes) -> str | None:
    """UTF-16 that does not say so: every other byte of ASCII and Thai is 0 or 14."""
    for encoding, high in (("utf-16-le", beginning[1::2]), ("utf-16-be", beginning[::2])):
        if sum(each in (0, 14) for each in high) > 0.9 * len(high):
            return encoding
    return None


def _decoded(beginning: bytes, encoding: str) -> str:
    """The beginning as text; the last letter may be cut."""
    return codecs.getincrementaldecoder(encoding)().decode(beginning)


@contextmanager
def rows(file: Path, form: Form | None = None) -> Iterator["csv.DictReader[str]"]:
    """Open a table with a line of headings, as its form is found (`form`: as it is known).

    Raises `Invalid` for what is no such table and for what does not fit to its form on the way,
    OSError for what cannot be read.
    """
    form = form or form_of(file)
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    with file.open(encoding=form.encoding, newline="") as opened:
        reader = csv.DictReader(_after_empty(opened), delimiter=form.between)
        try:
            yield reader
        except UnicodeDecodeError as error:
            near = f"after line {reader.line_num:,}"
            raise Invalid(f"{file}: {near} it is not {form.encoding}: {error.reason}") from error
        except csv.Error as error:
            raise Invalid(f"{file}: near line {reader.line_num:,}: {error}") from error


def _after_empty(lines: TextIO) -> Iterator[str]:
    begun = False
    for line in lines:
        begun = begun or bool(line.strip("\ufeff\r\n"))
        if begun:
            yield line


def columns(file: Path, reader: "csv.DictReader[str]", asked: Mapping[str, str]) -> dict[str, str]:
    """The column of each of `asked` (by what it is asked for; of several by commas the first that
    there is). Raises `Invalid` for one that is not there, or twice.
    """
    headings = list(reader.fieldnames or ())
    found = {}
    for what, names in asked.items():
        wanted = [names, *(each.strip() for each in names.split(","))]
        name = next((each for each in wanted if each in headings), None)
        if name is None:
            there = ", ".join(filter(None, headings)) or "none"
            raise Invalid(f'{file}: no column "{names}" (there are {there})')
        if headings.count(name) > 1:
            raise Invalid(f'{file}: two columns are called "{name}"')
        found[what] = name
    return found
