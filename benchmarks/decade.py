"""Years of a city's hotline, written straight into the tables: calls with their stories, tickets
with theirs, the agents' presence and their roster.

One year is made up and stands in every year, 364 days apart, so that weekdays hold: its calls, and
the tickets that came of them. All of it ends now, so that today has calls too.
"""

import csv
import json
import math
import random
import sqlite3
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy import URL

from hotline import clock
from hotline.city import CityConfig
from hotline.replay.generate import BY_HOUR, MATTERS
from tickets import numbers

#: Of a year of 364 days; Pattaya's 257,869 and 60,000 are of 366.
DAYS = 364
PER_DAY, TICKETS_PER_DAY = 257_869 / 366, 60_000 / 366
AGENTS, NUMBERS = 24, 60_000
#: Shifts of eight hours; an agent has every third.
SHIFT = 8
#: Of a hundred calls.
IN_MENU, ABANDONED, HELD, PASSED_OUT, RATED = 12, 12, 8, 2, 10
#: What became of answered calls, but for those that made a ticket.
_OUTCOMES = {"information": 0.7, "follow_up": 0.15, "no_matter": 0.1, "praise": 0.05}
_MADE = {"complaint": 0.75, "request": 0.15, "suggestion": 0.05, "emergency": 0.05}
COLUMNS: Mapping[str, Sequence[str]] = {
    "calls": (
        *("id", "sid", "from_number", "to_number", "language", "status", "rank"),
        *("arrived_at", "ended_at", "checked_at"),
    ),
    "call_events": ("id", "call_id", "n", "at", "kind", "data"),
    "presence_events": ("id", "agent_id", "n", "at", "by", "kind", "data"),
    "tickets": (
        *("id", "number", "kind", "state", "category", "division", "area", "owner", "priority"),
        *("private", "incomplete", "text", "language", "caller_number", "source", "made_by"),
        *("received_at", "due_at", "overdue_at", "acknowledge_due_at", "acknowledged_at"),
        *("update_due_at", "closed_at", "result", "reopened"),
    ),
    "ticket_events": ("id", "ticket_id", "at", "who", "kind", "data"),
    "ticket_calls": ("call_id", "ticket_id", "caller_number", "at"),
    "category_choices": (
        *("id", "ticket_id", "at", "by", "how", "model_id", "first", "share", "sure", "said"),
        "chosen",
    ),
}
#: What is the same every year, and by how much each number grows from one to the next: as many as
#: the greatest of the year before.
_REPEATED = {
    "calls": ("id",),
    "call_events": ("id", "call_id"),
    "presence_events": ("id", "n"),
}
_AGENTS = """
INSERT INTO accounts (id, username, name, role, password, active, demo, failures, created_at)
VALUES (?, ?, ?, 'agent', '!', ?, ?, 0, ?)
"""
_SHIFTS = """
INSERT INTO roster_shifts
(agent_id, uid, first_day, start, minutes, anchor, rule, run, last_day, note, version, made_at)
VALUES (?, ?, ?, ?, ?, ?, 'FREQ=DAILY', 1, ?, '', 1, ?)
"""
Row = tuple[Any, ...]


@dataclass
class Answered:
    """A conversation that a ticket may come of."""

    call: int
    number: str
    language: str
    at: datetime


@dataclass
class Year:
    """The year that is made up: its rows are files of `folder`, by table."""

    folder: Path
    end: datetime
    most: dict[tuple[str, str], int] = field(default_factory=dict)
    answered: list[Answered] = field(default_factory=list)
    events: int = 0

    def path(self, table: str) -> Path:
        return self.folder / f"{table}.csv"

    def rows(self, table: str) -> Iterator[list[str | None]]:
        with self.path(table).open(newline="", encoding="utf-8") as file:
            for row in csv.reader(file):
                yield [each or None for each in row]


def text(at: datetime) -> str:
    """As SQLAlchemy keeps a moment in SQLite; to the millisecond."""
    at = at.astimezone(UTC)
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03}000"


# ------------------------------------------------------------------ one year


def make(folder: Path, end: datetime, *, share: float = 1, seed: int = 1) -> Year:
    """Write the rows of the year that ends at `end`; `share` of its calls."""
    chance = random.Random(seed)
    year = Year(folder, end)
    moments = sorted(_arrivals(chance, end, int(PER_DAY * DAYS * share)))
    busy: list[list[tuple[datetime, str, str]]] = [[] for _ in range(AGENTS + 1)]
    weights = list(accumulate(1 / (rank + 50) ** 0.7 for rank in range(NUMBERS)))
    with (
        year.path("calls").open("w", newline="") as calls,
        year.path("call_events").open("w", newline="", encoding="utf-8") as events,
    ):
        of_calls, of_events = csv.writer(calls), csv.writer(events)
        for call, at in enumerate(moments, start=1):
            rank = bisect(weights, chance.random() * weights[-1])
            story = _Story(call, f"+668{rank * 1637 % 100_000_000:08}", at, chance, busy)
            rows = [row for row in story.rows if row[2] <= text(end)]
            language = story.language
            of_events.writerows((year.events + n, *row) for n, row in enumerate(rows, start=1))
            year.events += len(rows)
            over = rows[-1][2]
            moment = text(at)
            sid = f"CA{call:032}"
            of_calls.writerow(
                (call, sid, story.number, "1337", language, "completed", 3, moment, over, moment)
            )
            if story.answered is not None and story.answered.at < end:
                year.answered.append(story.answered)
    year.most = {("calls", "id"): len(moments), ("call_events", "call_id"): len(moments)}
    year.most["call_events", "id"] = year.events
    _presence(year, busy)
    return year


def _arrivals(chance: random.Random, end: datetime, many: int) -> Iterator[datetime]:
    weights = list(accumulate(BY_HOUR))
    for _ in range(many):
        hour = bisect(weights, chance.random() * weights[-1])  # 00:00 of Bangkok is 17:00 UTC
        midnight = (end - timedelta(days=chance.randrange(DAYS))).replace(
            hour=17, minute=0, second=0, microsecond=0
        )
        at = midnight + timedelta(hours=hour, seconds=chance.uniform(0, 3599))
        yield at if at < end else at - timedelta(days=DAYS)


class _Story:
    """The rows of one call's events, in order."""

    def __init__(
        self,
        call: int,
        number: str,
        at: datetime,
        chance: random.Random,
        busy: list[list[tuple[datetime, str, str]]],
    ) -> None:
        self.call, self.number, self.chance = call, number, chance
        self.rows: list[Row] = []
        self.answered: Answered | None = None
        self._at = at
        queue, self.language = chance.choices(list(MATTERS), weights=list(MATTERS.values()))[0]
        self._tell("arrived", n=0, at="language")
        chosen = {"language": self.language, "chosen": self.language}
        self._tell("step", 4, n=1, at="language", heard="key", digits="1", to="main", **chosen)
        self._tell("step", 5, n=2, at="main", heard="key", digits="1", to=queue)
        if self._happens(IN_MENU):
            self._tell("ended", 20, status="completed")
            return
        where = {"queue": queue, "language": self.language}
        self._tell("queued", visit=2, priority=0, **where)
        if self._happens(ABANDONED):
            self._tell("abandoned", chance.expovariate(1 / 60), **where)
            self._tell("ended", status="completed")
            return
        self._conversation(where, busy)

    def _tell(self, kind: str, after: float = 0, n: int | None = None, **data: Any) -> None:
        self._at += timedelta(seconds=after)
        self.rows.append((self.call, n, text(self._at), kind, json.dumps(data)))

    def _happens(self, of_a_hundred: float) -> bool:
        return self.chance.random() * 100 < of_a_hundred

    def _conversation(
        self, where: dict[str, str], busy: list[list[tuple[datetime, str, str]]]
    ) -> None:
        chance = self.chance
        agent = on_duty(self._at, chance)
        who = {"offer": self.call, "agent": agent}
        self._tell("offered", chance.expovariate(1 / 12), **who)
        self._tell("accepted", 2, **who)
        begun = self._at
        self._tell("connected", 1, **who, **where)
        talk = min(1800, max(10, chance.lognormvariate(math.log(110), 1)))
        if self._happens(HELD):
            self._tell("held", talk / 3, **who)
            self._tell("resumed", talk / 3, **who)
            talk /= 3
        if self._happens(PASSED_OUT):
            self._tell("passed_on", talk / 2, to="outside", **who)
        self._tell("talk_ended", talk, **who, by="caller")
        over = self._at
        if self._happens(RATED):
            self._tell("rated", 10, mark=chance.choice((2, 3, 4, 5, 5)), **who)
        self._tell("ended", status="completed")
        made = self._happens(100 * TICKETS_PER_DAY / PER_DAY / 0.7744)
        outcomes = _MADE if made else _OUTCOMES
        outcome = chance.choices(list(outcomes), weights=list(outcomes.values()))[0]
        said = {"outcome": outcome, "ticket": str(self.call) if made else None, "by": "agent"}
        self._tell("wrapped_up", chance.expovariate(1 / 30), **who, **said)
        busy[agent] += [
            (begun, "accept", "on_call"),
            (over, "end", "wrap_up"),
            (self._at, "finish", "idle"),
        ]
        if made:
            self.answered = Answered(self.call, self.number, self.language, over)


def on_duty(at: datetime, chance: random.Random) -> int:
    """The number of one whose shift it is, from 1."""
    return chance.randrange(AGENTS // 3) * 3 + at.hour // SHIFT + 1


def _presence(year: Year, busy: list[list[tuple[datetime, str, str]]]) -> None:
    first = year.end - timedelta(days=DAYS)
    number, most = 0, 0
    with year.path("presence_events").open("w", newline="") as file:
        write = csv.writer(file).writerow
        for agent in range(1, AGENTS + 1):
            for day in range(DAYS + 1):
                midnight = (first + timedelta(days=day)).replace(
                    hour=0, minute=0, second=0, microsecond=0
                )
                begin = midnight + timedelta(hours=(agent - 1) % 3 * SHIFT)
                end = begin + timedelta(hours=SHIFT)
                if first < begin and end < year.end:
                    busy[agent] += [(begin, "ready", "ready"), (end, "sign_out", "signed_out")]
            busy[agent].sort()
            most = max(most, len(busy[agent]))
            for n, (at, kind, what) in enumerate(busy[agent], start=1):
                number += 1
                status, state = ("ready", what) if kind in _AT_WORK else (what, "idle")
                to = json.dumps({"to": {"status": status, "reason": None, "state": state}})
                write((number, agent, n, text(at), "engine", kind, to))
    year.most["presence_events", "id"] = number
    year.most["presence_events", "n"] = most + 1


_AT_WORK = ("accept", "end", "finish")


# ------------------------------------------------------------------ tickets


def tickets(year: Year, years: int, config: CityConfig) -> Iterator[tuple[str, Row]]:
    """The rows of the tickets of all years: table and values, moments as texts."""
    chance = random.Random()
    made = _Tickets(chance, config, year.end)
    calls = year.most["calls", "id"]
    for number in range(years):
        chance.seed(7)  # the same of the same calls: what they were about is counted with them
        back = timedelta(days=DAYS * (years - 1 - number))
        for each in year.answered:
            at = each.at - back
            yield from made.one(
                Answered(each.call + number * calls, each.number, each.language, at)
            )


class _Tickets:
    def __init__(self, chance: random.Random, config: CityConfig, until: datetime) -> None:
        self._chance, self._until = chance, until
        self._categories = list(config.tickets.categories.items())
        self._areas = [None, *config.tickets.areas.areas]
        self._of_category = [1 / (rank + 2) for rank in range(len(self._categories))]
        self._of_area = [0.1, *(1 / (rank + 1) for rank in range(len(self._areas) - 1))]
        self._id = self._event = self._choice = 0

    def one(self, of: Answered) -> Iterator[tuple[str, Row]]:
        """A ticket, its call, its events, and what was suggested for it."""
        chance, at = self._chance, of.at
        self._id += 1
        name, category = chance.choices(self._categories, weights=self._of_category)[0]
        area = chance.choices(self._areas, weights=self._of_area)[0]
        due = at + timedelta(hours=category.resolve_hours or 168)
        events, closed, overdue = self._events(of, name, category.division, due)
        at_once = closed == at
        state = "received" if closed is None else "done"
        told = None if closed is None else text(closed)
        yield (
            "tickets",
            (
                *(self._id, numbers.make(self._id), "complaint", state, name, category.division),
                *(area, None, "normal", False, False, "ไฟถนนดับหน้าตลาด ซอย 12", of.language),
                *(of.number, "call", "agent1", text(at), None if at_once else text(due)),
                *(overdue, None, text(at + timedelta(hours=4)), None, told),
                *(None if closed is None else "fixed", 0),
            ),
        )
        yield "ticket_calls", (of.call, self._id, of.number, text(at))
        for moment, who, kind, data in events:
            if moment <= self._until:
                self._event += 1
                row = (self._event, self._id, text(moment), who, kind, json.dumps(data))
                yield "ticket_events", row
        if chance.random() < 0.8:
            self._choice += 1
            right = chance.random() < 0.75
            first = name if right else chance.choice(self._categories)[0]
            said = (first, 0.6, right, '{"items": []}', name)
            yield (
                "category_choices",
                (self._choice, self._id, text(at), "agent1", "made", 0, *said),
            )

    def _events(
        self, of: Answered, category: str, division: str, due: datetime
    ) -> tuple[list[tuple[datetime, str, str, dict[str, Any]]], datetime | None, str | None]:
        """The events in order, when it was closed in the end, and when it was overdue."""
        chance, at = self._chance, of.at
        at_once = chance.random() < 0.2
        state = "done" if at_once else "received"
        said = {"kind": "complaint", "category": category, "division": division, "state": state}
        plan = {} if at_once else {"resolve": {"due_at": due.isoformat(), "steps": []}}
        events = [(at, "agent1", "made", said | {"call_id": of.call, "plan": plan})]
        if at_once:
            return events, at, None
        if chance.random() < 0.06:
            was = {"was": {"division": "contact_center"}, "now": {"division": division}}
            events.append((at + timedelta(hours=1), "agent1", "routed", was))
        moved = {"from": "received", "to": "in_progress", "acknowledged": True}
        events.append((at + timedelta(hours=3), "division", "moved", moved))
        closed = at + timedelta(hours=3 + chance.lognormvariate(math.log(40), 1.2))
        overdue = None
        if closed > due:
            overdue = text(due) if due < self._until else None
            events.append((due, "system", "overdue", {"due_at": due.isoformat()}))
        done = {"from": "in_progress", "to": "done", "result": "fixed"}
        events.append((closed, "division", "moved", done))
        if chance.random() < 0.15:
            marked = closed + timedelta(hours=chance.uniform(1, 90))
            events.append((marked, "=citizen", "judged", {"mark": chance.choice((1, 3, 4, 5))}))
        if chance.random() < 0.04:
            again = closed + timedelta(hours=chance.uniform(5, 100))
            events.append((again, "=citizen", "moved", {"from": "done", "to": "in_progress"}))
            if closed <= self._until < again + timedelta(hours=50):
                closed = again + timedelta(hours=50) if again <= self._until else closed
            else:
                closed = again + timedelta(hours=50)
            events.append((again + timedelta(hours=50), "division", "moved", done))
        events.sort(key=lambda event: event[0])
        return events, closed if closed <= self._until else None, overdue


# ------------------------------------------------------------------ into a database


def fill(url: URL, year: Year, years: int, config: CityConfig) -> None:
    """Write `years` years into a migrated, empty database."""
    if url.get_backend_name() == "sqlite":
        assert url.database is not None
        _fill_sqlite(Path(url.database), year, years, config)
    else:
        _fill_postgresql(url, year, years, config)


def _roster(year: Year, years: int) -> Iterator[tuple[str, Row]]:
    """The agents, and the shifts of each year."""
    now = text(year.end)
    for agent in range(1, AGENTS + 1):
        yield _AGENTS, (agent, f"agent{agent}", f"Agent {agent}", True, False, now)
        agents = "INSERT INTO agents (id, account_id, name, address) VALUES (?, ?, ?, ?)"
        yield agents, (agent, agent, f"Agent {agent}", f"client:agent-{agent}")
    for number in range(years):
        last = (year.end - timedelta(days=DAYS * (years - 1 - number))).date()
        first = last - timedelta(days=DAYS - 1)
        for agent in range(1, AGENTS + 1):
            # 07:00, 15:00 and 23:00 of Bangkok are 0:00, 8:00 and 16:00 UTC
            start = f"{((agent - 1) % 3 * SHIFT + 7) % 24:02}:00:00.000000"
            days = (str(first), start, SHIFT * 60, str(first), str(last))
            yield _SHIFTS, (agent, f"{agent}-{number}", *days, now)


def _fill_sqlite(path: Path, year: Year, years: int, config: CityConfig) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    run = connection.execute
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-400000", "foreign_keys=OFF"):
        run(f"PRAGMA {pragma}")
    aside = run(
        "SELECT name, type, sql FROM sqlite_master WHERE sql IS NOT NULL AND (type = 'trigger'"
        " AND name LIKE 'ticket_search_%' OR type = 'index' AND tbl_name IN"
        " ('calls', 'call_events', 'presence_events', 'tickets', 'ticket_events'))"
    ).fetchall()
    for name, kind, _ in aside:
        run(f"DROP {kind} {name}")
    run("BEGIN")
    for statement, values in _roster(year, years):
        run(statement, values)
    for table in _REPEATED:
        columns = COLUMNS[table]
        run(f"CREATE TEMP TABLE once_{table} AS SELECT {', '.join(columns)} FROM {table} WHERE 0")
        marks = ", ".join("?" * len(columns))
        connection.executemany(f"INSERT INTO once_{table} VALUES ({marks})", year.rows(table))
        for number in range(years):
            run(_again(table, year, years, number, sqlite=True))
        run(f"DROP TABLE once_{table}")
    for table, rows in _batches(tickets(year, years, config)):
        columns = COLUMNS[table]
        marks = ", ".join("?" * len(columns))
        named = ", ".join(columns)
        connection.executemany(f"INSERT INTO {table} ({named}) VALUES ({marks})", rows)
    run("COMMIT")
    for _, _, statement in aside:
        run(statement)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


def _fill_postgresql(url: URL, year: Year, years: int, config: CityConfig) -> None:
    host = str(url.query["host"])
    with psycopg.connect(host=host, user="postgres", dbname=url.database) as connection:
        run: Any = connection.execute
        # neither triggers nor foreign keys
        run("SET session_replication_role = replica")
        run("SET timezone = 'UTC'")
        run("SET maintenance_work_mem = '256MB'")
        for statement, values in _roster(year, years):
            run(statement.replace("?", "%s"), values)
        indexes = run(
            "SELECT indexname, indexdef FROM pg_indexes WHERE indexdef NOT LIKE '%UNIQUE%' AND"
            " tablename IN ('calls', 'call_events', 'presence_events', 'tickets', 'ticket_events')"
        ).fetchall()
        for name, _ in indexes:
            run(f"DROP INDEX {name}")
        for table in _REPEATED:
            _repeat_in_postgresql(connection, year, years, table)
        for table, rows in _batches(tickets(year, years, config)):
            _copy(connection, table, rows)
        for _, statement in indexes:
            run(statement)
        numbered = [each for each, columns in COLUMNS.items() if columns[0] == "id"]
        for table in ("accounts", "agents", *numbered):
            run(f"SELECT setval('{table}_id_seq', max(id)) FROM {table}")
        connection.commit()
        connection.autocommit = True
        run("VACUUM ANALYZE")  # as a server that runs for years has long done


def _repeat_in_postgresql(
    connection: psycopg.Connection[Any], year: Year, years: int, table: str
) -> None:
    run: Any = connection.execute
    columns = ", ".join(COLUMNS[table])
    run(f"CREATE TEMP TABLE once_{table} AS SELECT {columns} FROM {table} WHERE false")
    statement: Any = f"COPY once_{table} FROM STDIN CSV"
    with connection.cursor().copy(statement) as copy:
        copy.write(year.path(table).read_bytes())
    for number in range(years):
        run(_again(table, year, years, number, sqlite=False))
    run(f"DROP TABLE once_{table}")


def _copy(connection: psycopg.Connection[Any], table: str, rows: Sequence[Row]) -> None:
    statement: Any = f"COPY {table} ({', '.join(COLUMNS[table])}) FROM STDIN"
    with connection.cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _again(table: str, year: Year, years: int, number: int, *, sqlite: bool) -> str:
    """The statement that writes the year's rows for the year `number` of so many, the first 0."""
    back = DAYS * (years - 1 - number)

    def value(column: str) -> str:
        if column in _REPEATED[table]:
            return f"{column} + {number * year.most[table, column]}"
        if column == "sid":
            return f"substr(sid, 1, 4) || '{number}' || substr(sid, 6)"
        if column == "at" or column.endswith("_at"):
            return earlier(column, back, sqlite=sqlite)
        return column

    columns = COLUMNS[table]
    values = ", ".join(map(value, columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM once_{table}"


def earlier(column: str, days: int, *, sqlite: bool) -> str:
    """A moment so many days before, in SQL."""
    if not sqlite:
        return f"{column} - interval '{days} days'"
    return f"strftime('%Y-%m-%d %H:%M:%f', {column}, '-{days} days') || '000'"


def _batches(rows: Iterator[tuple[str, Row]]) -> Iterator[tuple[str, list[Row]]]:
    waiting: dict[str, list[Row]] = {}
    for table, row in rows:
        of_table = waiting.setdefault(table, [])
        of_table.append(row)
        if len(of_table) == 20_000:
            yield table, of_table
            waiting[table] = []
    yield from waiting.items()


def today(year: Year, zone: ZoneInfo) -> date:
    """The local day at the end of it."""
    return clock.local_day(year.end, zone)
