"""The night: one day of a year of 257,869 calls against counting the whole year again, on both
databases.

One night counts one day (the trailing window counts a few, each at the same price). The bare path
is reading the year's events through the driver and making nothing of them. After every timed
count the rows are compared: a fast night that counts something else is no night.
"""

import hashlib
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

from benchmarks import machine, year
from hotline import db
from hotline.db import Database
from reports import service
from reports.metrics import Rules, total
from reports.service import How
from tests.support import servers

HOW = How(zone=year.ZONE, rules=Rules(), window_days=3)
NIGHTS = 15
AIM_RATIO, AIM_YEAR = 300, 60
Result = TypeVar("Result")


def main(*, quick: bool = False) -> None:
    """Print a table for each database."""
    calls = 20_000 if quick else year.CALLS
    print(f"Night: a fiscal year of {calls:,} calls; seconds, and the year ÷ one night.")
    with tempfile.TemporaryDirectory() as folder, servers.postgres() as cluster:
        _measure("SQLite", f"sqlite:///{Path(folder) / 'year.sqlite'}", calls)
        _measure("PostgreSQL", cluster.create("year"), calls)


def _measure(name: str, url: str, calls: int) -> None:
    db.migrate(url)
    database = Database(url)
    try:
        filled, events = _timed(lambda: year.fill(database, calls))
        bare, _ = _timed(lambda: year.read_bare(database))
        whole, _ = _timed(lambda: _count(database, year.FIRST, year.LAST))
        first = _fingerprint(database)
        nights = [_timed(lambda day=day: _count(database, day, day))[0] for day in _days()]
        _check(first == _fingerprint(database), "the cells differ")
        _check(_calls(database) == calls, "calls are missing")
    finally:
        database.dispose()
    night = machine.percentile(nights, 0.5)
    print(machine.row(f"{name}, {events:,} events (written in {filled:.0f} s)", "seconds", "ratio"))
    print(machine.row("  reading the year, bare", f"{bare:.2f}", "1.00"))
    print(machine.row("  counting the year", f"{whole:.2f}", f"{whole / bare:.2f}"))
    print(machine.row(f"  one night, median of {NIGHTS}", f"{night:.4f}", f"1/{whole / night:.0f}"))
    print(machine.row("  one night, slowest", f"{max(nights):.4f}", f"1/{whole / max(nights):.0f}"))
    print(
        f"  cells identical; aims: 1/{AIM_RATIO} of the year, the year under {AIM_YEAR} s",
        flush=True,
    )


def _days() -> list[date]:
    span = (year.LAST - year.FIRST).days
    return [year.FIRST + timedelta(days=number * span // NIGHTS) for number in range(NIGHTS)]


def _count(database: Database, first: date, last: date) -> None:
    service.run_night(database, service.days_between(first, last), HOW)


def _timed(work: Callable[[], Result]) -> tuple[float, Result]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def _fingerprint(database: Database) -> str:
    """All cells of the year, every key and every counter."""
    with database.read() as session:
        rows = service.rows(session, year.FIRST, year.LAST)
    text = "\n".join(repr((row.cell, row.counters.as_dict())) for row in rows)
    return hashlib.sha256(text.encode()).hexdigest()


def _calls(database: Database) -> int:
    with database.read() as session:
        return total(row.counters for row in service.rows(session, year.FIRST, year.LAST)).calls


def _check(right: bool, otherwise: str) -> None:
    if not right:
        raise SystemExit(f"the night is wrong: {otherwise}")
