"""Units of work on both engines: what commits, what waits, what runs after, what is refused."""

import logging
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from time import monotonic
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import db as databases
from hotline.db import Database, after_commit, bulk_insert, insert_ignore
from hotline.models import Effect, JobRun

NOON = datetime(2026, 11, 20, 5, tzinfo=UTC)
DAY = NOON.date()


def run_row(name: str, **more: object) -> dict[str, object]:
    return {"name": name, "day": DAY, "due_at": NOON, "attempts": 0, "detail": "", **more}


def names(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.scalars(sa.select(JobRun.name)))


def effect_row(**more: object) -> dict[str, object]:
    return {
        "kind": "k",
        "payload": {},
        "state": "pending",
        "attempts": 0,
        "created_at": NOON,
        "due_at": NOON,
        **more,
    }


# ---------------------------------------------------------------- commit, rollback, effects


def test_a_unit_of_work_is_committed_whole(db: Database) -> None:
    with db.write() as session:
        bulk_insert(session, JobRun, [run_row("one"), run_row("two")])
        bulk_insert(session, JobRun, [])
    assert names(db) == {"one", "two"}


def test_a_unit_of_work_is_rolled_back_whole(db: Database) -> None:
    def fail_after_writing() -> None:
        with db.write() as session:
            bulk_insert(session, JobRun, [run_row("one")])
            raise LookupError

    with pytest.raises(LookupError):
        fail_after_writing()
    assert names(db) == set()


def test_effects_run_in_their_order_after_the_commit(db: Database) -> None:
    seen: list[tuple[str, set[str]]] = []
    with db.write() as session:
        after_commit(session, lambda: seen.append(("first", names(db))))
        bulk_insert(session, JobRun, [run_row("one")])
        after_commit(session, lambda: seen.append(("second", names(db))))
        assert seen == []
    assert seen == [("first", {"one"}), ("second", {"one"})]


def test_an_effect_may_open_a_unit_of_work_of_its_own(db: Database) -> None:
    def effect() -> None:
        with db.write() as session:
            bulk_insert(session, JobRun, [run_row("caused")])

    with db.write() as session:
        bulk_insert(session, JobRun, [run_row("cause")])
        after_commit(session, effect)
    assert names(db) == {"cause", "caused"}


def test_no_effect_runs_after_a_rollback(db: Database) -> None:
    seen: list[str] = []

    def fail_before_the_commit() -> None:
        with db.write() as session:
            after_commit(session, lambda: seen.append("ran"))
            raise LookupError

    with pytest.raises(LookupError):
        fail_before_the_commit()
    assert seen == []


def test_no_effect_runs_when_the_commit_itself_fails(db: Database) -> None:
    seen: list[str] = []
    with db.write() as session:
        bulk_insert(session, JobRun, [run_row("one")])

    def fail_in_the_commit() -> None:
        with db.write() as session:
            after_commit(session, lambda: seen.append("ran"))
            session.add(JobRun(**run_row("one", state="due")))  # flushed by the commit

    with pytest.raises(sa.exc.IntegrityError):
        fail_in_the_commit()
    assert seen == []


def test_an_effect_that_fails_is_logged_and_keeps_nobody_back(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []

    def broken() -> None:
        raise LookupError("no such listener")

    with db.write() as session:
        bulk_insert(session, JobRun, [run_row("one")])
        after_commit(session, broken)
        after_commit(session, lambda: seen.append("ran"))
    assert seen == ["ran"]
    assert names(db) == {"one"}
    (record,) = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert "no such listener" in str(record.exc_info)


# ---------------------------------------------------------------- moments


@pytest.mark.parametrize(
    "write",
    [
        lambda session, at: session.execute(sa.insert(JobRun).values(run_row("one", due_at=at))),
        lambda session, at: session.execute(sa.update(JobRun).values(due_at=at)),
        lambda session, at: session.scalars(sa.select(JobRun.name).where(JobRun.due_at < at)),
    ],
)
def test_a_moment_without_a_zone_never_reaches_the_database(db: Database, write) -> None:
    with pytest.raises(sa.exc.StatementError, match="without a time zone"), db.write() as session:
        write(session, datetime(2026, 11, 20))  # noqa: DTZ001


def test_moments_come_back_in_utc_to_the_microsecond(db: Database) -> None:
    at = datetime(2026, 11, 20, 12, 0, 0, 1, tzinfo=ZoneInfo("Asia/Bangkok"))
    with db.write() as session:
        bulk_insert(session, JobRun, [run_row("one", due_at=at, started_at=None)])
    with db.read() as session:
        found = session.execute(sa.select(JobRun.due_at, JobRun.started_at)).one()
    assert found.due_at == at
    assert found.due_at.tzinfo is UTC
    assert found.started_at is None


def test_moments_compare_as_moments(db: Database) -> None:
    bangkok = ZoneInfo("Asia/Bangkok")
    moments = [NOON - timedelta(microseconds=1), NOON, NOON + timedelta(microseconds=1)]
    with db.write() as session:
        rows = [run_row(str(n), due_at=at.astimezone(bangkok)) for n, at in enumerate(moments)]
        bulk_insert(session, JobRun, rows)
    with db.read() as session:
        before = session.scalars(sa.select(JobRun.name).where(JobRun.due_at < NOON)).all()
        order = session.scalars(sa.select(JobRun.name).order_by(JobRun.due_at.desc())).all()
    assert before == ["0"]
    assert order == ["2", "1", "0"]


def test_facts_keep_their_shape(db: Database) -> None:
    facts = {"เรื่อง": ["ถนน", 1, None, True], "at": {"lat": 12.9}}
    with db.write() as session:
        bulk_insert(session, Effect, [effect_row(payload=facts)])
    with db.read() as session:
        assert session.scalar(sa.select(Effect.payload)) == facts


# ---------------------------------------------------------------- once


def test_what_arrives_twice_is_written_once(db: Database) -> None:
    with db.write() as session:
        first = insert_ignore(session, Effect, effect_row(key="a"))
        again = insert_ignore(session, Effect, effect_row(key="a"))
        other = insert_ignore(session, Effect, effect_row(key="b"), returning=Effect.key)
    assert isinstance(first, int)
    assert again is None
    assert other == "b"


def test_what_arrives_twice_at_once_is_written_once(db: Database) -> None:
    together = threading.Barrier(4)

    def write(_number: int) -> object:
        together.wait()
        with db.write() as session:
            return insert_ignore(session, Effect, effect_row(key="the same"))

    with ThreadPoolExecutor(4) as threads:
        written = list(threads.map(write, range(4)))
    assert sum(each is not None for each in written) == 1


def test_only_a_conflict_is_ignored(db: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError), db.write() as session:
        insert_ignore(session, Effect, effect_row(kind=None))


# ---------------------------------------------------------------- one statement by itself

SEE = sa.update(JobRun).where(JobRun.name == sa.bindparam("who")).values(detail="seen")


def test_one_statement_may_be_a_unit_of_work(database_url: str, db: Database) -> None:
    with db.write() as session:
        bulk_insert(session, JobRun, [run_row("one")])
    assert db.write_alone(SEE.returning(JobRun.name), {"who": "one"}) == "one"
    assert db.write_alone(SEE.returning(JobRun.name), {"who": "two"}) is None
    other = Database(database_url)
    with other.read() as session:  # committed: others see it
        assert session.scalar(sa.select(JobRun.detail)) == "seen"
    other.dispose()


def test_after_one_statement_by_itself_units_of_work_are_whole_again(database_url: str) -> None:
    database = Database(database_url, pool_size=1)  # the same connection all the time

    def fail_after_writing() -> None:
        with database.write() as session:
            bulk_insert(session, JobRun, [run_row("two")])
            raise LookupError

    insert = sa.insert(JobRun).returning(JobRun.name)
    database.write_alone(insert, {**run_row("one"), "state": "due"})
    with pytest.raises(LookupError):
        fail_after_writing()
    with pytest.raises(sa.exc.IntegrityError):
        database.write_alone(insert, {**run_row("one"), "state": "due"})
    with pytest.raises(LookupError):
        fail_after_writing()
    assert names(database) == {"one"}
    database.dispose()


# ---------------------------------------------------------------- who waits for whom


def test_writers_on_sqlite_take_turns(sqlite_url: str) -> None:
    """Read, think, write: without BEGIN IMMEDIATE the late ones fail, or a count is lost."""
    database = Database(sqlite_url)
    with database.write() as session:
        bulk_insert(session, JobRun, [run_row("count")])
    together = threading.Barrier(4)

    def count(_number: int) -> None:
        together.wait()
        for _ in range(25):
            with database.write() as session:
                seen = session.execute(sa.select(JobRun.attempts)).scalar_one()
                session.execute(sa.update(JobRun).values(attempts=seen + 1))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(count, range(4)))
    with database.read() as session:
        assert session.scalar(sa.select(JobRun.attempts)) == 100
    database.dispose()


def test_a_reader_neither_waits_for_a_writer_nor_holds_it_up(db: Database) -> None:
    with db.write() as writing:
        bulk_insert(writing, JobRun, [run_row("one")])
        writing.flush()
        assert names(db) == set()  # would end in a time-out if it had to wait
    with db.read() as reading:
        assert reading.scalars(sa.select(JobRun.name)).all() == ["one"]
        with db.write() as writing:
            bulk_insert(writing, JobRun, [run_row("two")])
    assert names(db) == {"one", "two"}


@contextmanager
def gives_up_after_about_a_second() -> Iterator[None]:
    began = monotonic()
    with pytest.raises(sa.exc.OperationalError):
        yield
    assert 0.8 < monotonic() - began < 3.0


@pytest.fixture
def impatient(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr(databases, "WAIT_SECONDS", 1)
    database = Database(database_url)
    yield database
    database.dispose()


def test_nobody_waits_longer_for_a_row_than_the_limit(db: Database, impatient: Database) -> None:
    def touch(session: Session) -> None:
        session.execute(sa.update(JobRun).values(attempts=JobRun.attempts + 1))

    with db.write() as session:
        bulk_insert(session, JobRun, [run_row("one")])
    with db.write() as holding:
        touch(holding)
        with gives_up_after_about_a_second(), impatient.write() as waiting:
            touch(waiting)
    with impatient.write() as session:  # and it is as good as new afterwards
        touch(session)


def test_nobody_waits_longer_for_a_rival_insert_than_the_limit(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "WAIT_SECONDS", 1)
    db, impatient = Database(postgresql_url), Database(postgresql_url)
    with db.write() as holding:
        insert_ignore(holding, Effect, effect_row(key="the same"))
        with gives_up_after_about_a_second(), impatient.write() as waiting:
            insert_ignore(waiting, Effect, effect_row(key="the same"))
    db.dispose()
    impatient.dispose()


def test_nobody_waits_longer_for_a_connection_than_the_limit(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "WAIT_SECONDS", 1)
    database = Database(sqlite_url, pool_size=1)
    database.engine.pool._max_overflow = 0
    with database.engine.connect():
        began = monotonic()
        with pytest.raises(sa.exc.TimeoutError), database.engine.connect():
            pass
        assert monotonic() - began < 3.0
    database.dispose()


def test_a_server_that_does_not_answer_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "WAIT_SECONDS", 2)  # libpq knows nothing shorter
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        database = Database(f"postgresql+psycopg://hotline@127.0.0.1:{port}/hotline")
        began = monotonic()
        with pytest.raises(sa.exc.OperationalError), database.read() as session:
            session.execute(sa.select(1))
        assert monotonic() - began < 4.0
        database.dispose()


def test_after_a_lost_connection_the_next_unit_of_work_is_right(postgresql_url: str) -> None:
    database, other = Database(postgresql_url), Database(postgresql_url)
    with database.write() as session:
        bulk_insert(session, JobRun, [run_row("one")])
    everybody_else = sa.text(
        "SELECT pg_terminate_backend(pid, 4000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND application_name <> 'tests.support'"
    )
    with other.read() as session:
        assert session.execute(everybody_else).scalars().all() == [True]
    with pytest.raises(sa.exc.OperationalError):
        names(database)
    assert names(database) == {"one"}
    database.dispose()
    other.dispose()


def test_what_people_said_does_not_reach_the_logs_with_an_error(db: Database) -> None:
    said = {"name": "+66812345678", "detail": "the neighbour beats his dog"}
    with db.write() as session:
        bulk_insert(session, JobRun, [run_row(**said)])
    with pytest.raises(sa.exc.IntegrityError) as caught, db.write() as session:
        session.execute(sa.insert(JobRun).values(run_row(**said)))
    assert said["detail"] not in str(caught.value)


# ---------------------------------------------------------------- the schema


def test_migrating_again_changes_nothing(database_url: str) -> None:
    databases.migrate(database_url)
    databases.migrate(database_url)


def test_a_database_that_is_new_makes_its_folder(tmp_path) -> None:
    database = Database(f"sqlite:///{tmp_path}/a/b/hotline.sqlite")
    with database.read() as session:
        assert session.execute(sa.text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert session.execute(sa.text("PRAGMA foreign_keys")).scalar_one() == 1
    database.dispose()


def test_threads_of_one_process_take_turns_and_give_up_in_time(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "WAIT_SECONDS", 0.2)
    database = Database(sqlite_url)
    refused: list[BaseException] = []

    def another() -> None:
        try:
            with database.write():
                pass
        except sa.exc.OperationalError as error:
            refused.append(error)

    with database.write():
        thread = threading.Thread(target=another)
        thread.start()
        thread.join()
    assert "locked" in str(refused[0])
    another()
    assert len(refused) == 1
    database.dispose()
