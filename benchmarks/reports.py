"""The reports over a year of a city, and over ten: counting, every page, every file.

Each database holds 257,869 calls and 60,000 tickets a year (`benchmarks.decade`). The bare path is
one columnar scan, by DuckDB in one thread, of the same events of calls over the same days: how
many of each kind there were on each local day, and nothing more. Processor time is ours and that
of the database; the wall's is of whatever else the machine does.

To count ten years takes longer than to ask: `--kept URL` asks for the pages and lists alone, of a
database that stands (it is migrated first), at the moment of its last call. Where nothing stands
yet ten years are made there once, of which one is counted (`benchmarks.counted`).
"""

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import sqlalchemy as sa

from benchmarks import counted, decade, machine, tickets_made
from benchmarks.decade import DAYS, Year
from benchmarks.tickets import built_floor
from hotline import city, clock, db
from hotline.auth import COOKIE, Role
from hotline.db import Database, UtcDateTime
from hotline.floor import Floor
from hotline.i18n import Texts
from ivr.models import Call
from reports import check, figures, service, written
from reports.models import NightRun, ReportDay
from reports.printed.printer import Printer
from reports.service import How
from reports.span import Span
from reports.wording import wording
from tests.support import servers
from tests.support.floors import CONFIG, sign_in_as

YEARS = (1, 10)
DATABASES = ("SQLite", "PostgreSQL")
ROUNDS = 100
CHECKED = 34
#: Of a database that is kept: how much there is, and rounds of each page, and of each list.
KEPT_YEARS, KEPT_PAGES, KEPT_LISTS = 10, 40, 20


def main(*, quick: bool = False, kept: str | None = None) -> None:
    """Print a table for each database and each number of years; or of the one at the URL `kept`."""
    if kept is not None:
        ask_kept(kept, *((5, 3) if quick else (KEPT_PAGES, KEPT_LISTS)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        begun = time.perf_counter()
        end = datetime.now(UTC).replace(microsecond=0)
        year = decade.make(folder, end, share=0.02 if quick else 1)
        print(f"A year: {_of(year)}; made up in {time.perf_counter() - begun:.0f} s", flush=True)
        for years in YEARS:
            bare = Bare(year, years)
            for kind in DATABASES:
                with _database(kind, folder) as url:
                    begun = time.perf_counter()
                    fill(url, year, years)
                    took = time.perf_counter() - begun
                    print(f"\n{kind}, {years} x: written in {took:.0f} s", flush=True)
                    measure(url, year, years, bare, folder, rounds=5 if quick else ROUNDS)
            bare.close()


def _of(year: Year) -> str:
    made = len(year.answered)
    return f"{year.most['calls', 'id']:,} calls, {year.events:,} events, {made:,} tickets"


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "PostgreSQL":
        with servers.postgres() as cluster:
            yield cluster.create("decade")
        return
    path = folder / "decade.sqlite"
    yield f"sqlite:///{path}"
    for each in folder.glob("decade.sqlite*"):
        each.unlink()


def fill(url: str, year: Year, years: int) -> None:
    """Migrate, and write all years."""
    db.migrate(url)
    decade.fill(sa.make_url(url), year, years, city.load(CONFIG))
    database = Database(url)
    with database.engine.begin() as connection:
        tickets_made.failures(connection)
    database.dispose()


def ask_kept(url: str, of_pages: int, of_lists: int) -> None:
    """Ask for the pages and the lists of a database that stands, and write nothing else into it;
    into one without a call ten years first.
    """
    db.migrate(url)
    with tempfile.TemporaryDirectory() as name:
        _make_kept(url, Path(name))
    with (
        tempfile.TemporaryDirectory() as name,
        servers.valkey() as redis,
        built_floor(url, redis, Path(name)) as floor,
    ):
        with floor.db.read() as session:
            # in one year of the made-up ones the newest call has the greatest id, or nearly
            arrived = session.scalars(
                sa.select(Call.arrived_at).order_by(Call.id.desc()).limit(1000)
            )
            end = max(arrived)
            first = session.scalar(sa.select(sa.func.min(ReportDay.day)))
        assert first is not None
        days = Span(first, clock.local_day(end, floor.city.zone))
        watch = Watch(floor.db)
        print(f"{sa.make_url(url).get_backend_name()}, {days.first} to {days.last}")
        print(machine.row("", "p50, ms", "p99, ms", "CPU, ms"), flush=True)
        with clock.driven(end + timedelta(minutes=1)):
            pages(floor, watch, days, None, of_pages)
            lists(floor, watch, days, of_lists)


def _make_kept(url: str, folder: Path) -> None:
    database = Database(url)
    with database.read() as session:
        is_there = session.scalar(sa.select(Call.id).limit(1)) is not None
    database.dispose()
    if is_there:
        return
    begun = time.perf_counter()
    end = datetime.now(UTC).replace(microsecond=0)
    year = decade.make(folder, end)
    fill(url, year, KEPT_YEARS)
    took = time.perf_counter() - begun
    print(f"{KEPT_YEARS} x {_of(year)}: written in {took:.0f} s", flush=True)
    with servers.valkey() as redis, built_floor(url, redis, folder) as floor:
        counted.count(floor.db, year, KEPT_YEARS, How.of(floor))
    print(f"counted in {time.perf_counter() - begun - took:.0f} s", flush=True)


# ------------------------------------------------------------------ the bare path


class Bare:
    """The events of calls of all years as columns."""

    def __init__(self, year: Year, years: int) -> None:
        self._file = year.folder / "events.duckdb"
        self._file.unlink(missing_ok=True)
        self._columns = duckdb.connect(str(self._file), config={"threads": 1})
        run = self._columns.execute
        run(
            "CREATE TEMP TABLE once AS SELECT column1 AS call_id, column4 AS kind,"
            " CAST(column3 AS TIMESTAMP) AS moment FROM read_csv(?, header = false)",
            [str(year.path("call_events"))],
        )
        run("CREATE TABLE events AS SELECT * FROM once WHERE false")
        for number in range(years):
            calls, back = number * year.most["calls", "id"], DAYS * (years - 1 - number)
            run(
                f"INSERT INTO events SELECT call_id + {calls}, kind,"
                f" moment - INTERVAL {back} DAY FROM once"
            )
        run("DROP TABLE once")

    def scan(self, first: date, last: date) -> int:
        """Count the events of some local days, both included."""
        start = datetime(first.year, first.month, first.day) - timedelta(hours=7)  # noqa: DTZ001
        found = self._columns.execute(
            "SELECT CAST(moment + INTERVAL 7 HOUR AS DATE) AS day, kind, count(*) FROM events"
            " WHERE moment >= ? AND moment < ? GROUP BY ALL",
            [start, start + timedelta(days=(last - first).days + 1)],
        ).fetchall()
        return sum(row[2] for row in found)

    def close(self) -> None:
        self._columns.close()
        self._file.unlink()


# ------------------------------------------------------------------ measuring


@dataclass
class Taken:
    """Seconds of the wall, one by one, and of the processor in all."""

    wall: list[float] = field(default_factory=list)
    cpu: float = 0

    def row(self, name: str, bare: "Taken | None" = None) -> str:
        each = self.cpu / len(self.wall)
        ratio = each / (bare.cpu / len(bare.wall)) if bare and bare.cpu else None
        return machine.row(
            f"  {name}",
            f"{statistics.median(self.wall) * 1e3:,.1f}",
            f"{machine.percentile(self.wall, 0.99) * 1e3:,.1f}",
            f"{each * 1e3:,.1f}",
            "" if ratio is None else f"{ratio:,.2f}",
        )


class Watch:
    """Times work, the database's own processes included."""

    def __init__(self, *databases: Database) -> None:
        self._servers: set[int] = set()
        for each in databases:
            if not each.is_sqlite:
                sa.event.listen(each.engine, "checkout", self._seen)

    def _seen(self, connection: Any, _record: Any, _proxy: Any) -> None:
        self._servers.add(connection.info.backend_pid)

    def _cpu(self) -> float:
        return time.process_time() + sum(map(machine.cpu_seconds, self._servers))

    def times(self, works: Sequence[Callable[[], object]]) -> Taken:
        """Do one after the other; the first once before, so that nothing is compiled on the way."""
        works[0]()
        taken, begun = Taken(), self._cpu()
        for work in works:
            started = time.perf_counter()
            work()
            taken.wall.append(time.perf_counter() - started)
        taken.cpu = self._cpu() - begun
        return taken

    def once(self, work: Callable[[], object]) -> Taken:
        begun, started = self._cpu(), time.perf_counter()
        work()
        wall = time.perf_counter() - started
        return Taken([wall], self._cpu() - begun)


def measure(url: str, year: Year, years: int, bare: Bare, folder: Path, *, rounds: int) -> None:
    """Print what everything takes."""
    with servers.valkey() as redis, built_floor(url, redis, folder) as floor:
        last = decade.today(year, floor.city.zone)
        days = Span(last - timedelta(days=DAYS * years - 1), last)
        watch = Watch(floor.db)
        print(machine.row("", "p50, ms", "p99, ms", "CPU, ms", "÷ bare"), flush=True)
        counting(floor, watch, days, bare)
        pages(floor, watch, days, bare, rounds)
        lists(floor, watch, days, max(3, rounds // 5))
        files(floor, watch, days, folder)


def counting(floor: Floor, watch: Watch, days: Span, bare: Bare) -> None:
    """All days again, a night, and looking whether all is right; what holds SQLite's one lock."""
    how, day = How.of(floor), days.last - timedelta(days=1)
    held = Held(floor.db)

    def again(first: date) -> Callable[[], object]:
        return lambda: service.run_night(floor.db, service.days_between(first, day), how)

    scan = watch.once(lambda: bare.scan(days.first, day))
    print(scan.row("bare: a columnar scan of all years", scan))
    print(watch.once(again(days.first)).row("counting all years", scan), flush=True)
    print(held.row("a unit of work that writes, meanwhile"))
    print(a_night(floor.db, watch, day, how, scan))
    of_year = watch.once(lambda: bare.scan(day - timedelta(days=DAYS - 1), day))
    print(of_year.row("bare: a columnar scan of a year", of_year))
    recount = watch.once(again(day - timedelta(days=DAYS - 1)))
    print(recount.row("counting a year again", of_year), flush=True)
    looked = watch.once(lambda: check.run(floor.db, day - timedelta(days=CHECKED), day, how))
    print(looked.row("comparing the last 34 days with their events"), flush=True)


def a_night(db: Database, watch: Watch, day: date, how: How, scan: Taken | None = None) -> str:
    """The row of what the job of a night does after `day`, told what the night before saw: what
    happened until then. Without that it would count every day that there is.
    """
    until = clock.day_bounds(day, how.zone)[0]
    since = NightRun(
        last_event_id=_newest(db, "call_events", until),
        last_ticket_event_id=_newest(db, "ticket_events", until),
    )
    window = service.days_between(day - timedelta(days=how.window_days - 1), day)
    runs: list[NightRun] = []
    taken = watch.once(lambda: runs.append(service.run_night(db, window, how, since=since)))
    counted = ", ".join(f"{part} {done['days']}" for part, done in runs[0].data.items())
    return taken.row(f"a night, which counted {counted} days", scan)


def _newest(db: Database, table: str, until: datetime) -> int:
    events = sa.table(table, sa.column("id"), sa.column("at", UtcDateTime))
    with db.read() as session:
        return session.scalar(sa.select(sa.func.max(events.c.id)).where(events.c.at < until)) or 0


class Held:
    """For how long each unit of work that writes was open: nobody else writes to SQLite then."""

    def __init__(self, database: Database) -> None:
        self._wall: list[float] = []
        self._begun = (0.0, 0.0)
        self._cpu: list[float] = []
        sa.event.listen(database.engine, "begin", self._begin)
        sa.event.listen(database.engine, "commit", self._commit)

    def _begin(self, connection: sa.Connection) -> None:
        self._begun = (time.perf_counter(), time.thread_time())
        if connection.get_execution_options().get("read_only"):
            self._begun = (0.0, 0.0)

    def _commit(self, _connection: sa.Connection) -> None:
        if self._begun[0]:
            self._wall.append(time.perf_counter() - self._begun[0])
            self._cpu.append(time.thread_time() - self._begun[1])
            self._begun = (0.0, 0.0)

    def row(self, name: str) -> str:
        """The median, and of processor time the longest: what else runs makes the wall's longer."""
        return machine.row(
            f"  {name}",
            f"{statistics.median(self._wall) * 1e3:,.1f}",
            f"{machine.percentile(self._wall, 0.99) * 1e3:,.1f}",
            f"{max(self._cpu) * 1e3:,.1f} max",
        )


def pages(floor: Floor, watch: Watch, days: Span, bare: Bare | None, rounds: int) -> None:
    """Whole answers of the application, without the network."""
    get = _browser(floor)
    chance = random.Random(5)
    number = (days.last - days.first).days
    some = [days.first + timedelta(days=chance.randrange(1, number)) for _ in range(rounds)]
    months = [Span.of_month(each.year, each.month) for each in some]
    fiscal = [Span.of_fiscal_year(clock.fiscal_year_of(each)) for each in some]
    spans: dict[str, list[tuple[str, Span]]] = {
        "today": [(f"/reports/day/{days.last}", Span(days.last, days.last))] * rounds,
        "a day": [(f"/reports/day/{each}", Span(each, each)) for each in some],
        "a month": [(f"/reports/month/{each.first:%Y-%m}", each) for each in months],
        "a fiscal year": [
            (f"/reports/year/{clock.fiscal_year_of(each.first)}", each) for each in fiscal
        ],
    }
    for name, asked in spans.items():
        scanned = bare and watch.times([_scanning(bare, span) for _, span in asked])
        taken = watch.times([_asking(get, path) for path, _ in asked])
        if scanned:
            print(scanned.row(f"bare: {name}", scanned))
        print(taken.row(f"page: {name}", scanned), flush=True)
    board = watch.times([_asking(get, "/wallboard/now")] * rounds)
    print(board.row("page: the wallboard's board"), flush=True)
    published = [_asking(get, f"/reports/month/{each.first:%Y-%m}/published") for each in months]
    print(watch.times(published).row("page: a month as published"), flush=True)


#: What is asked of the lists behind numbers: what much is behind, and what little.
BEHIND = {
    "calls": "metric=calls",
    "answered": "metric=answered",
    "passed on (few)": "metric=passed_out",
    "calls of a small queue": "metric=abandoned&queue=emergency&language=en",
    "at three in the morning": "metric=calls&hour=03",
    "of an outcome (few)": "metric=answered&outcome=suggestion",
    "of an area (few)": "metric=answered&area=na_chom_thian_municipality",
    "first calls": "metric=first_calls",
    "tickets received": "metric=tickets_received",
    "tickets of an area (few)": "metric=tickets_received&area=na_chom_thian_municipality",
    "tickets of all three (few)": (
        "metric=tickets_closed&division=engineering&area=huai_yai_municipality&category=cables"
    ),
    "tickets reopened (few)": "metric=tickets_reopened",
    "tickets open": "metric=tickets_open",
    "agents' time": "metric=present_ms",
}


def lists(floor: Floor, watch: Watch, days: Span, rounds: int) -> None:
    """What is behind a number of a whole fiscal year: its first page, and one far behind."""
    get = _browser(floor)
    chance = random.Random(9)
    first, last = days.first + timedelta(days=2), days.last - timedelta(days=2)
    for name, asked in BEHIND.items():
        begins, deep = [], []
        for _ in range(rounds):
            day = first + timedelta(days=chance.randrange(max(1, (last - first).days - 365)))
            until = min(last, day + timedelta(days=364))
            path = f"/reports/behind?{asked}&from={day}&until={until}"
            begins.append(_asking(get, path))
            after = day + timedelta(days=chance.randrange(100, 300))
            deep.append(_asking(get, f"{path}&after={after}.5"))
        print(watch.times(begins).row(f"behind: {name}"))
        print(watch.times(deep).row("  a page far behind"), flush=True)


Get = Callable[[str], None]


def _browser(floor: Floor) -> Get:
    from hotline.app import create_app
    from hotline.server import read_templates
    from hotline.start import starting

    with starting():  # as `hotline web` does
        app = create_app(floor)
        read_templates(app, floor.settings.data / "templates")
    client = app.test_client()
    client.set_cookie(COOKIE, sign_in_as(floor, Role.MANAGER, "manager"))

    def get(path: str) -> None:
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)

    return get


def _asking(get: Get, path: str) -> Callable[[], object]:
    return lambda: get(path)


def _scanning(bare: Bare, span: Span) -> Callable[[], object]:
    return lambda: bare.scan(span.first, span.last)


def files(floor: Floor, watch: Watch, days: Span, folder: Path) -> None:
    """What `hotline report --fiscal-year` does, of the newest year that is over and of the oldest;
    each part on its own.
    """
    from hotline.app import text_files

    how, now = How.of(floor), clock.now()
    words = wording("th", Texts.load(text_files()), *_sections(floor))
    printer = Printer.of(floor, floor.settings.config.parent)
    newest = clock.fiscal_year_of(days.last) - 1
    oldest = max(clock.fiscal_year_of(days.first) + 1, newest - 8)
    for name, number in {"the newest year": newest, "the oldest": min(oldest, newest)}.items():
        span = Span.of_fiscal_year(number)
        with floor.db.read() as session:
            work: Callable[[], Any] = lambda: figures.figures(session, span, how, now=now)  # noqa: E731, B023
            print(watch.times([work] * 5).row(f"{name}: all its numbers"))
            found = work()
            make: Callable[[], Any] = lambda: printer.document(session, span, "th", now=now)  # noqa: E731, B023
            read = watch.times([make])
            document = make()
        print(read.row(f"{name}: what the PDF is made of"))
        printed = watch.once(lambda: printer.pdf(document))  # noqa: B023
        print(printed.row(f"{name}: charts and pages"))
        whole = Taken([read.wall[0] + printed.wall[0]], read.cpu + printed.cpu)
        print(whole.row(f"{name}: the PDF"), flush=True)
        for form, write in written.FORMS.items():
            path = folder / f"year.{form}"
            taken = watch.once(lambda: write(found, words, path))  # noqa: B023
            print(taken.row(f"{name}: {form}"), flush=True)


def _sections(floor: Floor) -> tuple[Any, Any]:
    from ivr.config import Ivr
    from tickets.config import Tickets

    return floor.section(Ivr), floor.section(Tickets)
