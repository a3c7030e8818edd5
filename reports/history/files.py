"""Reads the lines of a file as an old exchange wrote it, in whatever encoding, however long.

Nothing is lost on the way: the bytes of every record are kept beside its fields, and what cannot be
read is a record of its own with the reason. Not more than one record is held at a time.
"""

import csv
import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hotline.errors import Fault

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
#: A line, and a record over several lines (a line break in quotes), cannot be longer; what is, is
#: no record but a quote that is never closed.
LONGEST_LINE = 1 << 18
MOST_LINES = 50

_DELIMITERS = {",": b",", ";": b";", "|": b"|", "tab": b"\t"}


@dataclass(frozen=True)
class Form:
    """How the file is written. `quote` None: quotes mean nothing."""

    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str | None = '"'


@dataclass(frozen=True, slots=True)
class Record:
    """A record that begins at `line` (1 is the first); `bad` says why it has no fields."""

    line: int
    raw: bytes
    fields: tuple[str, ...] = ()
    bad: str = ""


def hints(header: Record, form: Form) -> list[Fault]:
    """What the line with the names of the columns looks like, where that is not what was said."""
    found = []
    if not header.raw.isascii():
        is_utf_8 = _decodes(header.raw, "utf-8")
        if is_utf_8 and form.encoding != "utf-8":
            found.append(Fault("file.encoding", "the header looks like utf-8"))
        elif not is_utf_8 and form.encoding == "utf-8":
            others = [each for each in ("tis-620", "cp874") if _decodes(header.raw, each)]
            found += [Fault("file.encoding", f"the header may be {each}") for each in others[:1]]
    if form.delimiter.encode() not in header.raw:
        there = [name for name, each in _DELIMITERS.items() if each in header.raw]
        found += [Fault("file.delimiter", f"the header has {name!r} in it") for name in there]
    return found


def _decodes(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    raw: bytes
    #: A piece of a line that is none.
    too_long: bool


_NEVER_CLOSED = "a quote that is never closed"


def records(
    file: BinaryIO, form: Form, read_so_far: Callable[[int], None], *, skip: int = 0
) -> Iterator[Record]:
    """Every record of a file that is open at its beginning, after `skip` lines; `read_so_far` is
    told the bytes.
    """
    reader = _Reader(file, form, read_so_far)
    for _ in range(skip):
        reader.skip_line()
    return iter(reader)


class _Reader:
    def __init__(self, file: BinaryIO, form: Form, read_so_far: Callable[[int], None]) -> None:
        self._file, self._form, self._tell = file, form, read_so_far
        self._again: deque[_Line] = deque()
        self._line, self._bytes, self._within = 0, 0, False
        self._taken: list[_Line] = []

    def skip_line(self) -> None:
        self._next()

    def __iter__(self) -> Iterator[Record]:
        reader = self._anew()
        while True:
            self._taken = []
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield self._give_up(_words(error))
                reader = self._anew()
                continue
            self._tell(self._bytes)
            yield self._record(fields)

    def _anew(self) -> Iterator[list[str]]:
        """An error has ended the one before."""
        return csv.reader(
            self._lines(),
            delimiter=self._form.delimiter,
            quotechar=self._form.quote or None,
            quoting=csv.QUOTE_MINIMAL if self._form.quote else csv.QUOTE_NONE,
            strict=True,
        )

    def _lines(self) -> Iterator[str]:
        while (found := self._next()) is not None:
            self._taken.append(found)
            if len(self._taken) > MOST_LINES:
                raise csv.Error(_NEVER_CLOSED)
            if found.too_long:
                raise csv.Error(f"a line longer than {LONGEST_LINE} bytes")
            yield found.raw.decode(self._form.encoding, "surrogateescape")

    def _next(self) -> _Line | None:
        if self._again:
            return self._again.popleft()
        raw = self._file.readline(LONGEST_LINE)
        if not raw:
            return None
        self._bytes += len(raw)
        goes_on, self._within = self._within, not raw.endswith(b"\n")
        self._line += not goes_on
        if self._bytes == len(raw):
            raw = raw.removeprefix(BYTE_ORDER_MARK)
        return _Line(self._line, raw, goes_on or len(raw) >= LONGEST_LINE)

    def _record(self, fields: list[str]) -> Record:
        line, raw = self._taken[0].number, b"".join(each.raw for each in self._taken)
        for number, field in enumerate(fields, 1):
            wrong = next((each for each in field if "\udc80" <= each <= "\udcff"), None)
            if wrong is not None:
                byte = ord(wrong) - 0xDC00
                return Record(
                    line, raw, bad=f"field {number} is not {self._form.encoding}: byte {byte:#x}"
                )
        return Record(line, raw, tuple(fields))

    def _give_up(self, why: str) -> Record:
        """The first line alone is bad; what was read with it is read again by itself."""
        first, *rest = self._taken
        self._again.extendleft(reversed(rest))
        return Record(first.number, first.raw, bad=why)


def _words(error: csv.Error) -> str:
    said = str(error)
    return _NEVER_CLOSED if "unexpected end" in said else said
