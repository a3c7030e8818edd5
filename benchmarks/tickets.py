"""Tickets at the size of many years: searching, the inbox, a ticket's page, the night.

A million made-up tickets on PostgreSQL, 200,000 on SQLite (`benchmarks.tickets_made`). Searches are
asked in pairs, ours and the plain LIKE over the same folded column, one right after the other, so
that the ratio is of one moment of one machine; pages are whole answers of the application, without
the network.
"""

import itertools
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from benchmarks import machine, tickets_made
from hotline import clock, db
from hotline.auth import COOKIE, Role
from hotline.db import Database
from hotline.floor import Floor
from hotline.settings import Settings
from tests.support import servers
from tests.support.floors import AUTH_TOKEN, CONFIG, NOBODY, PUBLIC_URL, sign_in_as
from tickets import attention, sweeps
from tickets.config import Tickets
from tickets.facts import Actor
from tickets.faults import Fault
from tickets.inbox import index
from tickets.models import Ticket, TicketSearch
from tickets.search import PAGE, Filters, count, search
from tickets.workflow import OPEN
from tickets.workflow import Role as Reader

SIZES = {"PostgreSQL": 1_000_000, "SQLite": 200_000}
QUICK = {"PostgreSQL": 5_000, "SQLite": 5_000}
ROUNDS, LIKES, PAGES = 200, 12, 100
READER = Actor("nok", Reader.AGENT)


def main(*, quick: bool = False, kept: str | None = None) -> None:
    """Print the tables of each database; with `kept` of PostgreSQL alone, whose tickets are made in
    that folder once, and taken from there ever after.
    """
    sizes = QUICK if quick else SIZES
    for name, many in ({"PostgreSQL": sizes["PostgreSQL"]} if kept else sizes).items():
        place = Path(kept) if kept else None
        with tempfile.TemporaryDirectory() as folder, _url(name, Path(folder), place) as url:
            now = _kept(url) if kept else None
            if now is None:
                now = datetime.now(UTC).replace(microsecond=0)
                begun = time.perf_counter()
                made = fill(url, many, now)
                took = time.perf_counter() - begun - made
                print(
                    f"{name}, {many:,} tickets: made in {took:.0f} s, the index in {made:.0f} s",
                    flush=True,
                )
            measure(url, now, Path(folder), rounds=20 if quick else ROUNDS)


@contextmanager
def _url(name: str, folder: Path, kept: Path | None = None) -> Iterator[str]:
    if name == "SQLite":
        yield f"sqlite:///{folder / 'tickets.sqlite'}"
        return
    if kept:
        kept.mkdir(parents=True, exist_ok=True)
    with servers.postgres(kept) as cluster:
        if kept and cluster.has("tickets"):
            yield cluster.url("tickets")
        else:
            yield cluster.create("tickets")


def _kept(url: str) -> datetime | None:
    """When the tickets of a database were made, if there are any: half a minute after the newest of
    them. Its schema is brought up to date, and its index made if that was broken off.
    """
    db.migrate(url)
    database = Database(url)
    with database.read() as session:
        newest = session.scalar(sa.select(sa.func.max(Ticket.received_at)))
        found = index.size(session.connection())
    if newest and not found:
        print(f"the index of what was kept, in {_finish(database):.0f} s", flush=True)
    database.dispose()
    return newest and newest + tickets_made.EVERY


# ------------------------------------------------------------------ filling


def fill(url: str, many: int, now: datetime) -> float:
    """Make the database with `many` tickets; return the seconds that its index took."""
    from hotline import city

    db.migrate(url)
    divisions = list(city.load(CONFIG).tickets.divisions)
    database = Database(url)
    rows = tickets_made.rows(many, divisions, now)
    _copy_sqlite(database, rows) if database.is_sqlite else _copy_postgresql(database, rows)
    took = _finish(database)
    database.dispose()
    return took


def _finish(database: Database) -> float:
    """What triggers and verbs would have written beside the rows; return the seconds of the
    index.
    """
    with database.engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")  # else its planner knows nothing of what was copied
        tickets_made.failures(connection)
    begun = time.perf_counter()
    with database.engine.begin() as connection:
        index.rebuild(connection)
    took = time.perf_counter() - begun
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE" if database.is_sqlite else "VACUUM ANALYZE")
    return took


Rows = Iterator[tuple[str, tuple[Any, ...]]]


def _batches(rows: Rows) -> Iterator[dict[str, list[tuple[Any, ...]]]]:
    while part := list(itertools.islice(rows, 50_000)):
        tables: dict[str, list[tuple[Any, ...]]] = {name: [] for name in tickets_made.TABLES}
        for table, values in part:
            tables[table].append(values)
        yield tables


def _copy_postgresql(database: Database, rows: Rows) -> None:
    host = str(database.url.query["host"])
    with psycopg.connect(host=host, user="postgres", dbname=database.url.database) as connection:
        # neither triggers nor foreign keys: the index is made at the end, at once
        connection.execute("SET session_replication_role = replica")
        for tables in _batches(rows):
            for table, values in tables.items():
                columns = ", ".join(tickets_made.TABLES[table])
                with connection.cursor().copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                    for row in values:
                        copy.write_row(row)
        connection.execute("SELECT setval('tickets_id_seq', max(id)) FROM tickets")


def _copy_sqlite(database: Database, rows: Rows) -> None:
    with database.engine.begin() as connection:
        triggers = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master"
            " WHERE type = 'trigger' AND name LIKE 'ticket_search_%'"
        ).all()
        for name, _ in triggers:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        for tables in _batches(rows):
            for table, values in tables.items():
                columns = tickets_made.TABLES[table]
                marks = ", ".join("?" * len(columns))
                connection.exec_driver_sql(
                    f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",
                    [tuple(map(_of_sqlite, row)) for row in values],
                ) if values else None
        for _, statement in triggers:
            connection.exec_driver_sql(statement)


def _of_sqlite(value: Any) -> Any:
    return f"{value:%Y-%m-%d %H:%M:%S.%f}" if isinstance(value, datetime) else value


# ------------------------------------------------------------------ measuring


@dataclass(frozen=True)
class Kind:
    """Searches of one kind: what is typed, one after the other."""

    name: str
    typed: Sequence[str]


def kinds(chance: random.Random) -> Iterator[Kind]:
    """What people look for, from the commonest to what is nowhere."""
    common, rare = tickets_made.COMMON, tickets_made.RARE
    yield Kind("one sign, common", ["า", "ก", "น", "ไ", "ร"])
    yield Kind("one sign, rare", ["ฬ", "ฆ", "ฌ", "ฤ"])
    yield Kind("one sign, absent", ["ฅ", "ฃ", "ᴥ"])
    yield Kind("two signs, common", ["ไฟ", "น้", "ขอ", "รถ"])
    yield Kind("two signs, rare", ["ฮิ", "ฬว", "ฆ้"])
    yield Kind("two signs, absent", ["ฮฬ", "ฬฮ", "ฌฌ"])
    yield Kind("a word, common", [word for word in common[:30] if len(word) > 2])
    yield Kind("a word, rare", chance.sample(rare[200:], 40))
    yield Kind("a word, one in 20,000", ["ฮิปโป"])
    yield Kind("a word, absent", ["ไดโนเสาร์", "จรวดขวด", "ปลาวาฬเกยตื้น"])
    yield Kind("two words, common", [f"{a} {b}" for a, b in itertools.combinations(common[2:8], 2)])
    yield Kind("two words, common and rare", [f"{common[n]} {rare[n * 31]}" for n in range(40)])
    yield Kind("two words, the second short", [f"{rare[n * 31]} ไฟ" for n in range(40)])
    yield Kind("a number", [f"10{n:04}" for n in chance.sample(range(5000), 20)])
    yield Kind("a telephone number", [f"08{chance.randint(0, 99_999_999):08}" for _ in range(20)])
    yield Kind("a person", [f"{chance.choice(tickets_made.NAMES)} {word}" for word in rare[:20]])


def measure(url: str, now: datetime, folder: Path, *, rounds: int) -> None:
    """Print what everything takes."""
    database = Database(url)
    print(
        machine.row("search, ms", "p50", "p99", "÷ LIKE", "count p50", "count p99", "in division")
    )
    for kind in kinds(random.Random(7)):
        print(_kind(database, kind, now, rounds), flush=True)
    database.dispose()
    with servers.valkey() as redis, built_floor(url, redis, folder) as floor:
        _pages(floor, now, min(rounds, PAGES))
        _night(floor, now)


Look = Callable[[sa.orm.Session, str], object]


def _kind(database: Database, kind: Kind, now: datetime, rounds: int) -> str:
    filters = Filters(states=OPEN, divisions=frozenset({"engineering"}))

    def ours(session: sa.orm.Session, typed: str) -> object:
        return search(session, Filters(text=typed), READER, now=now)

    def counted(session: sa.orm.Session, typed: str) -> object:
        return count(session, Filters(text=typed), READER, now=now, most=COUNTED)

    def inbox(session: sa.orm.Session, typed: str) -> object:
        from dataclasses import replace

        return search(session, replace(filters, text=typed), READER, now=now)

    taken: dict[str, list[float]] = {"ours": [], "like": [], "count": [], "inbox": []}
    ratios = []
    for n, typed in zip(range(rounds), itertools.cycle(kind.typed), strict=False):
        taken["ours"].append(_timed(database, ours, typed))
        if n < LIKES:
            taken["like"].append(_timed(database, like, typed))
            ratios.append(taken["ours"][-1] / taken["like"][-1])
        if n < rounds // 4 + 1:
            taken["count"].append(_timed(database, counted, typed))
            taken["inbox"].append(_timed(database, inbox, typed))
    return machine.row(
        f"  {kind.name}",
        _ms(taken["ours"], 0.5),
        _ms(taken["ours"], 0.99),
        f"{machine.percentile(ratios, 0.5):.3f}",
        _ms(taken["count"], 0.5),
        _ms(taken["count"], 0.99),
        f"{_ms(taken['inbox'], 0.5)}/{_ms(taken['inbox'], 0.99)}",
    )


COUNTED = 100


def like(session: sa.orm.Session, typed: str) -> object:
    """The plain way, over the same words: every row until the page is full."""
    words = [TicketSearch.words.contains(word, autoescape=True) for word in typed.lower().split()]
    query = (
        sa.select(Ticket)
        .join(TicketSearch, TicketSearch.ticket_id == Ticket.id)
        .where(*words)
        .order_by(Ticket.id.desc())
        .limit(PAGE)
    )
    if session.get_bind().dialect.name == "postgresql":  # without our index
        session.execute(sa.text("SET LOCAL enable_bitmapscan = off"))
    return session.scalars(query).all()


def _timed(database: Database, look: Look, typed: str) -> float:
    begun = time.perf_counter()
    with database.read() as session:
        look(session, typed)
    return time.perf_counter() - begun


def _ms(values: Sequence[float], share: float) -> str:
    return f"{machine.percentile(values, share) * 1e3:.1f}"


@contextmanager
def built_floor(url: str, redis: str, folder: Path) -> Iterator[Floor]:
    """A floor on a database, whose people sign in with a password alone."""
    from hotline import city
    from hotline.app import build_floor
    from hotline.city import CityConfig
    from hotline.people.config import Accounts

    settings = Settings(
        data=folder / "data",
        config=CONFIG,
        database_url=url,
        redis_url=redis,
        public_url=PUBLIC_URL,
        carrier_base_url=NOBODY,
        carrier_account_sid="AC" + "0" * 32,
        carrier_auth_token=AUTH_TOKEN,
        secret_key="a secret of the benchmarks",
    )
    # nobody is led to set up a second factor first
    built = build_floor(settings, CityConfig({**city.load(CONFIG).sections, Accounts: Accounts()}))
    try:
        yield built
    finally:
        built.close()


def _pages(floor: Floor, now: datetime, rounds: int) -> None:
    from hotline.app import create_app
    from hotline.server import read_templates
    from hotline.start import starting

    with starting():  # as `hotline web` does
        app = create_app(floor)
        read_templates(app, floor.settings.data / "templates")
    chance = random.Random(3)
    with floor.db.read() as session:
        most = session.scalar(sa.select(sa.func.max(Ticket.id))) or 0
        numbers = list(
            session.scalars(
                sa.select(Ticket.number).where(
                    Ticket.id.in_(chance.sample(range(1, most), rounds)), ~Ticket.private
                )
            )
        )
    shows = ("mine", "unowned", "today", "3days", "7days", "overdue")
    typed = [word for kind in kinds(random.Random(7)) for word in kind.typed[:3]]
    lists = {
        "the list": [""],
        "its views": [f"show={show}" for show in shows],
        "by what is due": ["order=due"],
        "everything, the oldest first": ["state=all&division=&order=oldest"],
        "searching what is open": [f"q={word}" for word in typed],
        "searching everything": [f"state=all&division=&q={word}" for word in typed],
    }
    print(machine.row("a whole page, ms", "p50", "p99", "the slowest"))
    for role, username in ((Role.DIVISION, "division"), (Role.SUPERVISOR, "supervisor")):
        client = app.test_client()
        client.set_cookie(COOKIE, sign_in_as(floor, role, username))
        paths = {name: [f"/tickets?{each}" for each in asks] for name, asks in lists.items()}
        paths["a ticket's page"] = [f"/tickets/{number}" for number in numbers]
        paths |= _wrong(clock.local_day(now, floor.city.zone))
        for name, of in paths.items():
            taken = []
            for _, path in zip(range(max(rounds, len(of))), itertools.cycle(of), strict=False):
                begun = time.perf_counter()
                answer = client.get(path)
                taken.append((time.perf_counter() - begun, path))
                assert answer.status_code == 200, (path, answer.status_code)
            values = [each for each, _ in taken]
            worst = max(taken)
            print(
                machine.row(
                    f"  {role}: {name}",
                    _ms(values, 0.5),
                    _ms(values, 0.99),
                    f"{worst[0] * 1e3:.0f}  {worst[1]}",
                ),
                flush=True,
            )


def _wrong(today: date) -> dict[str, list[str]]:
    """What went wrong in a month, counted, and its lists."""
    span = f"from={today - timedelta(days=28)}&until={today}"
    page = "/tickets/accountability"
    return {
        "what went wrong in a month": [f"{page}?{span}"],
        "each failure of a kind": [f"{page}/{fault}?{span}" for fault in Fault],
        "the same of a division": [
            f"{page}/{fault}?{span}&division=engineering" for fault in Fault
        ],
    }


def _night(floor: Floor, now: datetime) -> None:
    config = floor.section(Tickets)
    supervisor = Actor("supervisor", Reader.SUPERVISOR)
    print(machine.row("by itself, ms", "once"))
    with floor.db.write() as session:
        begun = time.perf_counter()
        attention.keep(session, config, clock.local_day(now, floor.city.zone), now)
        took = time.perf_counter() - begun
    print(machine.row("  the nightly list of what needs attention", f"{took * 1e3:.0f}"))
    with floor.db.read() as session:
        begun = time.perf_counter()
        attention.board(session, config, supervisor, now=now)
        took = time.perf_counter() - begun
    print(machine.row("  the board of what needs attention", f"{took * 1e3:.0f}"))
    begun, swept = time.perf_counter(), 0
    with floor.db.write() as session:
        while sweeps.anything(session, now) and swept < 20:
            sweeps.sweep(session, config, now)
            swept += 1
    took = time.perf_counter() - begun
    print(
        machine.row(
            f"  a sweep of clocks ({swept} one after the other)",
            f"{took / swept * 1e3:.0f}" if swept else "nothing",
        )
    )
    with floor.db.read() as session:
        begun = time.perf_counter()
        sweeps.anything(session, now - timedelta(days=1))
        took = time.perf_counter() - begun
    print(machine.row("  a look whether there is anything", f"{took * 1e3:.1f}"))
