"""Does the database say what was played? Counted here a second time, from `call_events` with
plain SQL of its own: nothing
of the rooms' code is used, or the check would only repeat a mistake.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

#: One row for each visit to a queue: the events between it and the call's next visit are its own.
_VISITS = """
WITH visits AS (
    SELECT call_id, id, at, kind, data, row_number() OVER calls AS visit,
           coalesce(lead(id) OVER calls, 9223372036854775807) AS next_id
    FROM call_events WHERE kind IN ('queued', 'callback_queued')
    WINDOW calls AS (PARTITION BY call_id ORDER BY id)
)
SELECT v.visit, v.kind, v.at AS queued_at, {queue} AS queue, {language} AS language,
       min(CASE WHEN e.kind = 'connected' THEN e.at END) AS connected_at,
       min(CASE WHEN e.kind = 'abandoned' THEN e.at END) AS abandoned_at,
       max(CASE WHEN e.kind IN ('left', 'callback') THEN e.id END) AS left_id,
       max(CASE WHEN e.kind = 'returned' THEN e.id END) AS returned_id,
       min(CASE WHEN e.kind = 'talk_ended' THEN e.at END) AS talk_ended_at,
       min(CASE WHEN e.kind = 'wrapped_up' THEN e.at END) AS wrapped_up_at,
       sum(CASE WHEN e.kind = 'offered' THEN 1 ELSE 0 END) AS offers
FROM visits v JOIN call_events e ON e.call_id = v.call_id AND e.id >= v.id AND e.id < v.next_id
GROUP BY v.call_id, v.id, v.visit, v.kind, v.at, {queue}, {language}
"""
#: Numbers that hung up while waiting, and when for the last time; and those spoken to after it.
_HUNG_UP = """
WITH hung_up AS (
    SELECT c.from_number, min(e.id) AS event_id FROM calls c
    JOIN call_events e ON e.call_id = c.id AND e.kind = 'abandoned' GROUP BY c.from_number
)
SELECT count(*) AS numbers, sum(CASE WHEN EXISTS (
    SELECT 1 FROM calls c JOIN call_events e ON e.call_id = c.id AND e.kind = 'connected'
    WHERE c.from_number = h.from_number AND e.id > h.event_id) THEN 1 ELSE 0 END) AS reached
FROM hung_up h
"""
_JSON = {
    "sqlite": ("json_extract(v.data, '$.queue')", "json_extract(v.data, '$.language')"),
    "postgresql": ("v.data->>'queue'", "v.data->>'language'"),
}
_NEVER_QUEUED = """
SELECT c.arrived_at FROM calls c
WHERE NOT EXISTS (SELECT 1 FROM call_events e WHERE e.call_id = c.id AND e.kind = 'queued')
"""
_WITHOUT_TICKET = """
SELECT DISTINCT e.call_id FROM call_events e LEFT JOIN ticket_calls t ON t.call_id = e.call_id
WHERE e.kind = 'connected' AND t.call_id IS NULL
"""
_WAITS = """
SELECT c.sid, q.at AS queued_at, min(e.at) AS connected_at FROM calls c
JOIN call_events q ON q.call_id = c.id AND q.kind = 'queued'
JOIN call_events e ON e.call_id = c.id AND e.kind = 'connected' AND e.id > q.id
WHERE NOT EXISTS (SELECT 1 FROM call_events b
                  WHERE b.call_id = c.id AND b.kind = 'callback_queued' AND b.id < e.id)
GROUP BY c.sid, q.at
"""
#: What is compared, by the names of the columns of `call_intervals`.
COMPARED = (
    "calls",
    "offered",
    "answered",
    "answered_in_threshold",
    "abandoned",
    "left_queue",
    "offers_made",
    "callbacks",
    "callbacks_reached",
    "wait_answered_ms",
    "wait_abandoned_ms",
    "talk_ms",
    "wrap_up_ms",
)
_QUARTER = 900
#: In the place of a queue: calls that entered none.
NEVER = "never queued"

#: Interval (its start as unix time), queue.
Key = tuple[int, str]


@dataclass(frozen=True)
class Findings:
    """What was found; no failure means that all three equalities hold."""

    calls: int
    ended: int
    answered: int
    tickets: int
    cells: int
    totals: Counter[str]
    never_queued: int
    #: By the carrier's name of the call: seconds from entering the queue to meeting an agent.
    waits: dict[str, float]
    #: Numbers that hung up while waiting, and how many of them were spoken to after that.
    hung_up: int = 0
    reached_again: int = 0
    failures: list[str] = field(default_factory=list)


def verify(
    url: str, placed: Iterable[str], *, zone: ZoneInfo, threshold: timedelta, days: list[date]
) -> Findings:
    """Compare what was placed (the carrier's names of the calls), the events, the tickets and the
    night's rows.

    `days` are the local days that the night has counted; calls on other days are a failure.
    """
    engine = sa.create_engine(url)
    try:
        with engine.connect() as connection:
            return _verify(connection, set(placed), zone, threshold, days)
    finally:
        engine.dispose()


def _verify(
    connection: sa.Connection,
    placed: set[str],
    zone: ZoneInfo,
    threshold: timedelta,
    days: list[date],
) -> Findings:
    ends = _ends(connection)
    lost = sorted(placed - ends.keys())
    strange = sorted(ends.keys() - placed)
    open_ = sorted(sid for sid, ended in ends.items() if not ended)
    without_ticket = [row[0] for row in connection.execute(sa.text(_WITHOUT_TICKET))]
    counted = _from_events(connection, threshold)
    stored = _from_rows(connection)
    failures = [
        *_told("calls were placed and are not in the database", lost),
        *_told("calls are in the database and were not placed", strange),
        *_told("calls have no end", open_),
        *_told("answered calls have no ticket", without_ticket),
        *_outside(counted, zone, set(days)),
        *_differences(counted, stored),
    ]
    totals: Counter[str] = sum(counted.values(), Counter())
    hung_up = connection.execute(sa.text(_HUNG_UP)).one()
    return Findings(
        calls=len(ends),
        ended=len(ends) - len(open_),
        answered=totals["answered"],
        tickets=_number(connection, "SELECT count(*) FROM ticket_calls"),
        cells=len(stored),
        totals=totals,
        never_queued=sum(cell["calls"] for (_, queue), cell in counted.items() if queue == NEVER),
        waits={
            row.sid: (_moment(row.connected_at) - _moment(row.queued_at)).total_seconds()
            for row in connection.execute(sa.text(_WAITS))
        },
        hung_up=hung_up.numbers,
        reached_again=hung_up.reached or 0,
        failures=failures,
    )


def _ends(connection: sa.Connection) -> dict[str, bool]:
    """Every call in the database, and whether both its row and its events say that it ended."""
    rows = connection.execute(
        sa.text(
            "SELECT c.sid, c.ended_at, (SELECT count(*) FROM call_events e "
            "WHERE e.call_id = c.id AND e.kind = 'ended') AS ends FROM calls c"
        )
    )
    return {row.sid: row.ended_at is not None and row.ends == 1 for row in rows}


def _number(connection: sa.Connection, statement: str) -> int:
    return int(connection.execute(sa.text(statement)).scalar_one())


def _told(what: str, found: list[Any]) -> Iterator[str]:
    if found:
        some = ", ".join(str(each) for each in found[:5])
        yield f"{len(found)} {what}: {some}{' …' if len(found) > 5 else ''}"


def _outside(counted: dict[Key, Counter[str]], zone: ZoneInfo, days: set[date]) -> Iterator[str]:
    found = {datetime.fromtimestamp(start, zone).date() for start, _ in counted} - days
    yield from _told("days have calls and were not counted by the night", sorted(found))


# ---------------------------------------------------------------- counting a second time


def _from_events(connection: sa.Connection, threshold: timedelta) -> dict[Key, Counter[str]]:
    queue, language = _JSON[connection.dialect.name]
    cells: dict[Key, Counter[str]] = {}
    statement = sa.text(_VISITS.format(queue=queue, language=language))
    for row in connection.execute(statement):
        queued = _moment(row.queued_at)
        cell = cells.setdefault((_quarter(queued), f"{row.queue}/{row.language}"), Counter())
        cell.update(offers_made=int(row.offers))
        if row.kind == "callback_queued":
            _called_back(cell, row)
            continue
        cell.update(calls=int(row.visit == 1), offered=1)
        if row.connected_at is not None:
            _answered(cell, queued, row, threshold)
        elif row.abandoned_at is not None:
            cell.update(abandoned=1, wait_abandoned_ms=_ms(_moment(row.abandoned_at) - queued))
        elif row.left_id is not None and row.left_id > (row.returned_id or 0):
            cell.update(left_queue=1)
    for row in connection.execute(sa.text(_NEVER_QUEUED)):
        cells.setdefault((_quarter(_moment(row.arrived_at)), NEVER), Counter()).update(calls=1)
    return cells


def _answered(cell: Counter[str], queued: datetime, row: Any, threshold: timedelta) -> None:
    connected = _moment(row.connected_at)
    cell.update(
        answered=1,
        answered_in_threshold=int(connected - queued <= threshold),
        wait_answered_ms=_ms(connected - queued),
    )
    _talked(cell, connected, row)


def _called_back(cell: Counter[str], row: Any) -> None:
    """Nobody waited on the line: an answered call, but no wait and no threshold."""
    cell.update(callbacks=1)
    if row.connected_at is not None:
        cell.update(answered=1, callbacks_reached=1)
        _talked(cell, _moment(row.connected_at), row)


def _talked(cell: Counter[str], connected: datetime, row: Any) -> None:
    if row.talk_ended_at is not None:
        talk_ended = _moment(row.talk_ended_at)
        cell.update(talk_ms=_ms(talk_ended - connected))
        if row.wrapped_up_at is not None:
            cell.update(wrap_up_ms=_ms(_moment(row.wrapped_up_at) - talk_ended))


def _from_rows(connection: sa.Connection) -> dict[Key, Counter[str]]:
    statement = f"SELECT interval_start, queue, language, {', '.join(COMPARED)} FROM call_intervals"  # noqa: S608
    cells: dict[Key, Counter[str]] = {}
    for row in connection.execute(sa.text(statement)):
        where = f"{row.queue}/{row.language}" if row.queue else NEVER
        cell = cells.setdefault((_quarter(_moment(row.interval_start)), where), Counter())
        cell.update({name: int(getattr(row, name)) for name in COMPARED})
    return cells


def _differences(
    counted: dict[Key, Counter[str]], stored: dict[Key, Counter[str]]
) -> Iterator[str]:
    found = [
        f"{datetime.fromtimestamp(key[0], UTC):%Y-%m-%d %H:%M}Z {key[1]} {name}: "
        f"{counted.get(key, Counter())[name]} by the events, "
        f"{stored.get(key, Counter())[name]} by the night"
        for key in sorted({*counted, *stored})
        for name in COMPARED
        if counted.get(key, Counter())[name] != stored.get(key, Counter())[name]
    ]
    yield from _told("numbers differ", found)


def _moment(value: Any) -> datetime:
    """SQLite gives text, PostgreSQL a moment; both are UTC."""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    assert isinstance(at, datetime)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _quarter(at: datetime) -> int:
    return int(at.timestamp()) // _QUARTER * _QUARTER


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)
