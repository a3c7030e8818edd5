"""A year of calls, generated straight into the event tables: what a full fiscal year looks like
to the night.
"""

import json
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from hotline import clock
from hotline.db import Database
from hotline.replay.generate import BY_HOUR, MATTERS
from ivr.models import Call, CallEvent

#: Pattaya's hotline in fiscal year 2567.
CALLS = 257_869
FIRST, LAST = date(2023, 10, 1), date(2024, 9, 30)
ZONE = ZoneInfo("Asia/Bangkok")
_CALL = (
    *("id", "sid", "from_number", "to_number", "language", "status", "rank"),
    *("arrived_at", "ended_at", "checked_at"),
)
_EVENT = ("call_id", "n", "at", "kind", "data")
_BATCH = 5_000

Row = tuple[Any, ...]


def fill(database: Database, calls: int, seed: int = 1) -> int:
    """Write a year of `calls` calls; returns how many events that made."""
    events = 0
    for call_rows, event_rows in _batches(calls, seed):
        events += len(event_rows)
        _insert(database, Call.__tablename__, _CALL, call_rows)
        _insert(database, CallEvent.__tablename__, _EVENT, event_rows)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    return events


def _insert(database: Database, table: str, columns: tuple[str, ...], rows: list[Row]) -> None:
    names = ", ".join(columns)
    raw = database.engine.raw_connection()
    try:
        cursor = raw.cursor()
        if database.is_sqlite:
            marks = ", ".join("?" * len(columns))
            cursor.execute("BEGIN IMMEDIATE")
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)
        else:
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        raw.commit()
    finally:
        raw.close()


def _batches(calls: int, seed: int) -> Iterator[tuple[list[Row], list[Row]]]:
    chance = random.Random(seed)
    moments = sorted(_arrival(chance) for _ in range(calls))
    call_rows: list[Row] = []
    event_rows: list[Row] = []
    for number, at in enumerate(moments, start=1):
        language, events = _story(number, at, chance)
        event_rows += events
        call_rows.append(_call(number, at, events[-1][2], language))
        if len(call_rows) == _BATCH:
            yield call_rows, event_rows
            call_rows, event_rows = [], []
    yield call_rows, event_rows


def _arrival(chance: random.Random) -> datetime:
    day = chance.randrange((LAST - FIRST).days + 1)
    hour = chance.choices(range(24), weights=BY_HOUR)[0]
    second = chance.uniform(0, 3599)
    return clock.midnight(FIRST, ZONE) + timedelta(days=day, hours=hour, seconds=second)


def _call(number: int, at: datetime, ended: str, language: str) -> Row:
    arrived = _text(at)
    sid, caller = f"CA{number:032x}", f"+668{number:08d}"
    return (number, sid, caller, "1337", language, "completed", 3, arrived, ended, arrived)


def _text(at: datetime) -> str:
    """As SQLAlchemy keeps a moment in SQLite; PostgreSQL takes it for UTC, which it is."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _story(call: int, at: datetime, chance: random.Random) -> tuple[str, list[Row]]:
    """The language of a call, and its events in order."""
    queue, language = chance.choices(list(MATTERS), weights=list(MATTERS.values()))[0]
    events: list[Row] = []

    def tell(kind: str, after: float = 0.0, n: int | None = None, **data: Any) -> None:
        nonlocal at
        at += timedelta(seconds=after)
        events.append((call, n, _text(at), kind, json.dumps(data)))

    who = {"offer": call, "agent": call % 12}
    where = {"queue": queue, "language": language}
    tell("arrived", n=0, at="language")
    tell("step", 4, n=1, at="language", heard="key", digits="1", language=language, to="main")
    tell("step", 5, n=2, at="main", heard="key", digits="1", language=language, to=queue)
    if chance.random() < 0.12:
        tell("ended", 20, status="completed")
        return language, events
    tell("queued", visit=2, priority=0, **where)
    if chance.random() < 0.12:
        tell("abandoned", chance.expovariate(1 / 60), **where)
        tell("ended", status="completed")
        return language, events
    tell("offered", chance.expovariate(1 / 12), **who)
    tell("accepted", 2, **who)
    tell("connected", 1, **who, **where)
    tell("talk_ended", chance.expovariate(1 / 180), **who, by="caller")
    tell("ended", status="completed")
    outcome = {"outcome": "information", "ticket": str(call), "by": "agent"}
    tell("wrapped_up", chance.expovariate(1 / 30), **who, **outcome)
    return language, events


def read_bare(database: Database) -> int:
    """The bare path: every event of the year through the driver, and nothing made of it."""
    with database.engine.connect() as connection:
        query = sa.text("SELECT call_id, kind, at, data FROM call_events ORDER BY call_id, id")
        cursor = connection.execution_options(stream_results=True).execute(query).cursor
        assert cursor is not None
        read = 0
        while rows := cursor.fetchmany(_BATCH):
            read += len(rows)
        return read
