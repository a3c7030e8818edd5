"""Reads the call log of a bank's centre (the format of `bank_august_1999.tsv`): pure but for the
file.

Tab separated, one row a call: `vru+line call_id customer_id priority type date vru_entry vru_exit
vru_time q_start q_exit q_time outcome ser_start ser_exit ser_time server`; times of day `H:MM:SS`
(`0:00:00` = none), durations in seconds. Unusable rows are counted by reason, never guessed at.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path

COLUMNS = (
    "vru+line",
    "call_id",
    "customer_id",
    "priority",
    "type",
    "date",
    "vru_entry",
    "vru_exit",
    "vru_time",
    "q_start",
    "q_exit",
    "q_time",
    "outcome",
    "ser_start",
    "ser_exit",
    "ser_time",
    "server",
)
NO_SERVER = "NO_SERVER"
_DAY = 24 * 3600


class Outcome(StrEnum):
    """How a call ended, by the log."""

    SERVED = "served"
    HUNG_UP_WAITING = "hung up waiting"
    HUNG_UP_IN_MENU = "hung up in the menu"


class LogError(ValueError):
    """The file is not such a log at all; the text says why."""


@dataclass(frozen=True)
class LoggedCall:
    """One usable row; seconds, `entered` after midnight of its day, `served` likewise (None = not
    served).
    """

    line: int
    service: str
    entered: int
    menu: int
    wait: int
    outcome: Outcome
    served: int | None
    talk: int
    server: str | None


@dataclass
class DayLog:
    """The calls of one day, by entry, and why the other rows of that day are missing."""

    day: date
    calls: list[LoggedCall] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    rows: int = 0


def read(path: Path, day: date | None = None) -> DayLog:
    """The log of `day` (default: the first day of the file). Raises LogError, or OSError for the
    file.
    """
    with path.open(encoding="utf-8", newline="") as file:
        return parse(file, day)


def parse(lines: Iterable[str], day: date | None = None) -> DayLog:
    """As `read`, from the lines of a file."""
    reader = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    header = next(reader, [])
    if tuple(header) != COLUMNS:
        raise LogError(f"the first line must name the columns {' '.join(COLUMNS)}")
    log: DayLog | None = DayLog(day) if day else None
    unreadable = 0
    for number, values in enumerate(reader, start=2):
        row = dict(zip(COLUMNS, values, strict=False))
        of = _date(row)
        if of is None or len(values) != len(COLUMNS):
            unreadable += 1
            continue
        log = log or DayLog(of)
        if of == log.day:
            _take(log, number, row)
    if log is None or not log.rows:
        raise LogError(f"no call of {day.isoformat()}" if day else "no call at all")
    if unreadable:  # they may be of this day: they are told
        log.skipped["unreadable row"] += unreadable
    log.calls.sort(key=lambda call: (call.entered, call.line))
    return log


def _date(row: Mapping[str, str]) -> date | None:
    try:
        return date.fromisoformat(row["date"])
    except (KeyError, ValueError):
        return None


def _take(log: DayLog, line: int, row: Mapping[str, str]) -> None:
    log.rows += 1
    try:
        log.calls.append(_call(line, row))
    except _Unusable as reason:
        log.skipped[str(reason)] += 1


class _Unusable(Exception):
    """Why a row cannot be played."""


def _call(line: int, row: Mapping[str, str]) -> LoggedCall:
    if row["outcome"] == "PHANTOM":
        raise _Unusable("phantom")
    try:
        menu, wait, talk = (int(row[name]) for name in ("vru_time", "q_time", "ser_time"))
        entered, served = _time(row["vru_entry"]), _time(row["ser_start"])
    except ValueError as error:
        raise _Unusable("unreadable row") from error
    if min(menu, wait, talk) < 0:
        raise _Unusable("negative duration")
    outcome = _outcome(row["outcome"], wait)
    served_at: int | None = None
    if outcome is Outcome.SERVED:
        # served after midnight, or with no time written: as the durations say
        served_at = served if served >= entered else entered + menu + wait
    return LoggedCall(
        line=line,
        service=row["type"],
        entered=entered,
        menu=menu,
        wait=wait,
        outcome=outcome,
        served=served_at,
        talk=talk if outcome is Outcome.SERVED else 0,
        server=row["server"] if row["server"] not in ("", NO_SERVER) else None,
    )


def _outcome(text: str, wait: int) -> Outcome:
    if text == "AGENT":
        return Outcome.SERVED
    if text == "HANG":
        return Outcome.HUNG_UP_WAITING if wait > 0 else Outcome.HUNG_UP_IN_MENU
    raise _Unusable("unknown outcome")


def _time(text: str) -> int:
    hours, minutes, seconds = (int(part) for part in text.split(":"))
    found = hours * 3600 + minutes * 60 + seconds
    if not 0 <= found < _DAY:
        raise ValueError(text)
    return found


def spells(calls: Iterable[LoggedCall], gap: int) -> Iterator[tuple[str, int, int]]:
    """(server, from, until) for every stretch of work of every server: services less than `gap`
    seconds apart.
    """
    services: dict[str, list[tuple[int, int]]] = {}
    for call in calls:
        if call.server is not None and call.served is not None:
            services.setdefault(call.server, []).append((call.served, call.served + call.talk))
    for server, worked in sorted(services.items()):
        worked.sort()
        start, end = worked[0]
        for begin, finish in worked[1:]:
            if begin - end > gap:
                yield server, start, end
                start = begin
            end = max(end, finish)
        yield server, start, end
