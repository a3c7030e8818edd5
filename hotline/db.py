"""SQL: where the truth is. SQLite (WAL) when nothing else is configured, PostgreSQL in production.

One unit of work per request or job is opened at the edge (`web.py`, `jobs.py`, a command); services
flush and never commit. Contended facts change by compare-and-set: `UPDATE … WHERE state = expected
RETURNING id`; who gets no row walks away. Effects outside the database run after the commit.
"""

import logging
import sqlite3
import threading
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

log = logging.getLogger(__name__)

#: How long a request waits for the database before it gives up. The carrier waits 15 s for us; a
#: caller less.
WAIT_SECONDS = 4
#: So long SQLite's log waits for readers to be emptied.
_LOG_WAIT = 1.0
_IDS_IN_A_RANGE, _IDS_NAMED = 2000, 500
MIGRATIONS = Path(__file__).parent / "migrations"


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An aware moment, kept in UTC; a naive one is refused before it reaches the database."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment without a time zone: {value!r}")
        at = value.astimezone(UTC)
        return at.replace(tzinfo=None) if dialect.name == "sqlite" else at

    def process_result_value(self, value: datetime | None, _dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


#: Structured facts of an event: JSON in SQLite, jsonb in PostgreSQL.
Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
#: A primary key that counts upwards; SQLite counts by itself only for INTEGER.
BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class Base(DeclarativeBase):
    """All rows of all rooms. Constraint names are fixed so that migrations can name them."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime(), dict[str, Any]: Json}  # noqa: RUF012


#: What a row that is written tells those who watch: from its values, by the columns' names.
TopicsOf = Callable[[Mapping[str, Any]], Iterable[str]]
#: An option of a statement whose rows look the same to everybody afterwards.
UNSEEN = {"hotline_unseen": True}
_told: ContextVar[set[str] | None] = ContextVar("told", default=None)


class Database:
    """A connection pool and the units of work on it.

    `listeners` holds what `announce` calls; `hotline/app.py` fills it. `topics` says of each table
    what a change of it is about, and `changed` is told that after the commit, whoever wrote: no
    verb can forget it (`hotline.changes`).
    """

    def __init__(self, url: str, *, pool_size: int = 16) -> None:
        self.url = sa.make_url(url)
        self.engine = _engine(self.url, pool_size)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False, autoflush=False)
        self._reading = sessionmaker(
            self.engine.execution_options(read_only=True), expire_on_commit=False, autoflush=False
        )
        # one statement is a unit of work by itself: it needs no BEGIN and COMMIT around it
        self._alone = self.engine.execution_options(
            **({"alone": True} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"})
        )
        # SQLite lets one write at a time, and who finds it busy sleeps and tries again, longer each
        # time: a thread could be passed over again and again. The threads of one process take turns
        # instead. It is for the tail alone: without it everything would be as right, only slower.
        self._turn = threading.Lock()
        self.listeners: dict[str, list[Callable[..., None]]] = {}
        self.topics: Mapping[str, TopicsOf] = {}
        self.changed: Callable[[Collection[str]], None] | None = None
        sa.event.listen(self.engine, "after_cursor_execute", self._note)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def listen(self, what: str, listener: Callable[..., None]) -> None:
        self.listeners.setdefault(what, []).append(listener)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One unit of work: committed at the end, rolled back on any error, effects after the
        commit.
        """
        with (
            self._telling(),
            self._in_turn(),
            self._sessions(info={"database": self, "after_commit": []}) as session,
        ):
            with session.begin():
                yield session
            hooks = session.info["after_commit"]
        for hook in hooks:
            _run_effect(hook)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that changes nothing (and takes no write lock on SQLite)."""
        with self._reading(info={"database": self, "after_commit": []}) as session:
            yield session

    def write_alone(self, statement: sa.Executable, values: Mapping[str, Any]) -> Any:
        """Run one INSERT or UPDATE … RETURNING as a unit of work of its own; the value, or None.

        For the hottest path: a third of what `write` costs, without effects after the commit.
        """
        with self._telling(), self._in_turn(), self._alone.connect() as connection:
            return connection.execute(statement, dict(values)).scalar_one_or_none()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """After a commit, tell what it was about; after an error, nothing."""
        if self.changed is None:
            yield
            return
        topics: set[str] = set()
        token = _told.set(topics)
        try:
            yield
        finally:
            _told.reset(token)
        if topics:
            self.changed(topics)

    def _note(
        self, _connection: Any, _cursor: Any, _text: str, _values: Any, context: Any, _many: bool
    ) -> None:
        """Note what a statement that writes is about."""
        topics = _told.get()
        if topics is None or not (context.isinsert or context.isupdate or context.isdelete):
            return
        state = getattr(context.compiled, "compile_state", None)
        table = "" if state is None else state.dml_table.name
        of_row = self.topics.get(table)
        if of_row is not None and "hotline_unseen" not in context.execution_options:
            try:
                topics.update(*map(of_row, context.compiled_parameters))
            except Exception:  # who watches is told later, what is being written stands
                log.exception("what is a change of %s about?", table)

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        if not self._turn.acquire(timeout=WAIT_SECONDS):
            busy = sqlite3.OperationalError("database is locked")
            raise sa.exc.OperationalError("BEGIN IMMEDIATE", None, busy)
        try:
            yield
        finally:
            self._turn.release()

    def empty_log(self) -> None:
        """Take what SQLite's log beside the file holds into the file, and empty it: what was
        deleted still stands in it. Nothing happens while somebody reads longer than a moment, nor
        on PostgreSQL, whose own vacuum does it.
        """
        path = self.engine.url.database
        if self.is_sqlite and path:
            with closing(sqlite3.connect(path, timeout=_LOG_WAIT)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def dispose(self) -> None:
        self.engine.dispose()


def _run_effect(hook: Callable[[], None]) -> None:
    try:
        hook()
    except Exception:
        # The change is committed and stands. What must not be lost is an outbox row; a sweep finds
        # the rest.
        log.exception("an effect after a commit failed")


def after_commit(session: Session, effect: Callable[[], None]) -> None:
    """Run `effect` once the unit of work has been committed, outside the transaction; never after a
    rollback.
    """
    session.info["after_commit"].append(effect)


def database_of(session: Session) -> Database:
    """The database that opened this unit of work."""
    database: Database = session.info["database"]
    return database


def insert_ignore(
    session: Session,
    model: type[Base],
    values: Mapping[str, Any],
    *,
    returning: sa.ColumnElement[Any] | sa.orm.InstrumentedAttribute[Any] | None = None,
) -> Any:
    """INSERT … ON CONFLICT DO NOTHING.

    Returns the value of `returning` (default: the primary key) of the new row, or None when a row
    was in the way: how a fact that may arrive twice is written once.
    """
    table = model.__table__
    assert isinstance(table, sa.Table)
    column = returning if returning is not None else next(iter(table.primary_key.columns))
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table).values(**values).on_conflict_do_nothing().returning(column)
    return session.execute(statement).scalar_one_or_none()


def chunks_of_ids(column: Any, ids: Sequence[int]) -> Iterator[sa.ColumnElement[bool]]:
    """Conditions for a statement each, for all of some ids, which are in order: ids that lie close
    together as a range, which others may be in, too; few enough of them are named.
    """
    for first in range(0, len(ids), _IDS_IN_A_RANGE):
        some = ids[first : first + _IDS_IN_A_RANGE]
        if some[-1] - some[0] < 2 * len(some):
            yield column.between(some[0], some[-1])
            continue
        for start in range(0, len(some), _IDS_NAMED):
            yield column.in_(some[start : start + _IDS_NAMED])


def not_by_index(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """The same condition, of which no planner begins: one that is better begins."""
    return sa.case((condition, 1), else_=0) == 1


def bulk_insert(session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows in one statement (nothing when there are none)."""
    if rows:
        session.execute(sa.insert(model), [dict(row) for row in rows])


def _engine(url: sa.URL, pool_size: int) -> sa.Engine:
    if url.get_backend_name() == "sqlite":
        if url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(
            url,
            pool_size=pool_size,
            pool_timeout=WAIT_SECONDS,
            hide_parameters=True,
            connect_args={"timeout": WAIT_SECONDS, "check_same_thread": False},
        )
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine
    return sa.create_engine(
        url,
        pool_size=pool_size,
        pool_timeout=WAIT_SECONDS,
        hide_parameters=True,  # errors reach the logs, and what callers say is nobody's business
        connect_args={
            "connect_timeout": WAIT_SECONDS,
            # a server that has vanished from the network is given up on as soon
            "tcp_user_timeout": WAIT_SECONDS * 1000,
            "options": f"-c lock_timeout={WAIT_SECONDS}s -c timezone=UTC",
        },
    )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver shall not begin transactions of its own
    # what is deleted is overwritten: of whoever was forgotten nothing stands in the file
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
    # SQLite's own knows ASCII alone; what is compared is in one composition as well
    connection.create_function("lower", 1, _lower, deterministic=True)


def _lower(text: Any) -> Any:
    return unicodedata.normalize("NFC", text).lower() if isinstance(text, str) else text


def _begin_sqlite(connection: sa.Connection) -> None:
    # A writer takes its place at once: a read that turns into a write half-way cannot wait, it
    # fails.
    options = connection.get_execution_options()
    if not options.get("alone"):
        connection.exec_driver_sql("BEGIN" if options.get("read_only") else "BEGIN IMMEDIATE")


def file_of(url: str) -> Path | None:
    """The file of an SQLite database; None for a server's."""
    parts = sa.make_url(url)
    is_file = parts.get_backend_name() == "sqlite" and parts.database
    return Path(parts.database or "") if is_file else None


def migrate(url: str) -> None:
    """Bring the database to the newest schema (safe to run again and from several processes in
    turn).
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["url"] = url
    command.upgrade(config, "head")
