"""Shifts as a table: CSV with the columns agent, date, start, end, note.

Pure. Dates are read as people here write them: 2026-12-01, 1/12/2026 and, with a Buddhist year,
2569-12-01, 1/12/2569; Thai figures too. A year of two figures is refused: nobody knows which
calendar it is of. An end that is not after the beginning is on the next day.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from agents.roster.rules import LONGEST, ONE_DAY, SHORTEST, moment
from hotline.clock import BUDDHIST_ERA
from hotline.spreadsheets import BYTE_ORDER_MARK, FORMULA

COLUMNS: Final = ("agent", "date", "start", "end", "note")
NOTE_LENGTH = 200
#: What has a mark before it in a spreadsheet; the mark itself is marked, too, so that a note comes
#: back as it was.
_MARKED = (*FORMULA, "'")
_YEAR_FIRST, _DAY_FIRST = (
    re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})"),
    re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})"),
)
_TIME = re.compile(r"(\d{1,2})[:.](\d{2})")
#: Years that can only be of one calendar.
YEARS, _BUDDHIST = range(2000, 2200), range(2000 + BUDDHIST_ERA, 2200 + BUDDHIST_ERA)


@dataclass(frozen=True, slots=True)
class Row:
    """One shift of a file: whose, on which local day, from when, for how many minutes."""

    line: int
    agent: str
    day: date
    start: time
    minutes: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Bad:
    """A line, or an event, of a file that cannot be read: where; why (`agents.roster.bad.…`)."""

    line: int
    why: str
    what: str = ""


def written(rows: Iterable[tuple[str, datetime, datetime, str]], zone: ZoneInfo) -> str:
    """The file of some shifts: username, beginning and end (moments), note."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for agent, start, end, note in rows:
        begins, ends = start.astimezone(zone), end.astimezone(zone)
        cells = (agent, f"{begins:%Y-%m-%d}", f"{begins:%H:%M}", f"{ends:%H:%M}", note)
        writer.writerow([f"'{cell}" if cell.startswith(_MARKED) else cell for cell in cells])
    return BYTE_ORDER_MARK + out.getvalue()


def read(text: str, zone: ZoneInfo) -> Iterator[Row | Bad]:
    """The rows of a file, and those that are none; empty lines are passed over."""
    reader = csv.reader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK)))
    head: Sequence[str] | None = None
    try:
        for cells in reader:
            line = reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if head is None:
                head = [cell.strip().lower() for cell in cells]
                if missing := [name for name in COLUMNS[:4] if name not in head]:
                    yield Bad(line, "columns", ", ".join(missing))
                    return
                continue
            yield _row(line, dict(zip(head, map(_meant, cells), strict=False)), zone)
    except csv.Error as error:
        yield Bad(reader.line_num, "unreadable", str(error))


def _row(line: int, cells: dict[str, str], zone: ZoneInfo) -> Row | Bad:
    if not cells.get("agent"):
        return Bad(line, "no_agent")
    day, start, end = _date(cells.get("date", "")), *(_time(cells.get(n, "")) for n in COLUMNS[2:4])
    for found, name in ((day, "date"), (start, "start"), (end, "end")):
        if found is None:
            return Bad(line, name, cells.get(name, ""))
    assert day is not None and start is not None and end is not None
    minutes = length(day, start, end, zone)
    if not SHORTEST <= minutes <= LONGEST:
        return Bad(line, "length", f"{cells['start']}–{cells['end']}")
    return Row(line, cells["agent"], day, start, minutes, cells.get("note", "")[:NOTE_LENGTH])


def _meant(cell: str) -> str:
    """Without the mark that our own file puts before what a spreadsheet would run."""
    text = cell.strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(_MARKED) else text


def length(day: date, start: time, end: time, zone: ZoneInfo) -> int:
    """Minutes of real time from a local time to the next time that it is `end`; 0 for the same."""
    if start == end:
        return 0
    until = day if end > start else day + ONE_DAY
    return round((moment(until, end, zone) - moment(day, start, zone)).total_seconds() / 60)


def nominal(start: time, end: time) -> int:
    """The same on any night in which the clocks do not change: the length of a whole series."""
    minutes = 60 * (end.hour - start.hour) + end.minute - start.minute
    return minutes % (24 * 60)


def _date(text: str) -> date | None:
    if found := _YEAR_FIRST.fullmatch(text):
        year, month, day = map(int, found.groups())
    elif found := _DAY_FIRST.fullmatch(text):
        day, month, year = map(int, found.groups())
    else:
        return None
    if year in _BUDDHIST:
        year -= BUDDHIST_ERA
    try:
        return date(year, month, day) if year in YEARS else None
    except ValueError:
        return None


def _time(text: str) -> time | None:
    """08:00, 8.00; 24:00 is midnight."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    hour, minute = map(int, found.groups())
    if (hour, minute) == (24, 0):
        return time()
    return time(hour, minute) if hour < 24 and minute < 60 else None


def parsed_date(text: Any) -> date | None:
    """A date as people write it, or None."""
    return _date(str(text).strip())


def parsed_time(text: Any) -> time | None:
    """A local time as people write it, or None."""
    return _time(str(text).strip())
