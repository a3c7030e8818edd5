"""Fixtures: a fresh, migrated database on either engine, and a real Redis.

Nothing here is skipped: a service that does not start fails the test that asked for it.
The servers start when the first test asks, one of each per xdist worker, and stop at the end.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path

import pytest
import redis

from tests.support import servers

ENGINES = ["sqlite", "postgresql"]
_number = count(1)


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[servers.Postgres]:
    """A running PostgreSQL cluster."""
    with servers.postgres() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def _migrated_postgres(postgres_cluster: servers.Postgres) -> str:
    """The name of a migrated database that nobody is connected to, to be copied."""
    from hotline.db import migrate

    migrate(postgres_cluster.create("migrated"))
    return "migrated"


@pytest.fixture(scope="session")
def _migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    from hotline.db import migrate

    path = tmp_path_factory.mktemp("sqlite") / "migrated.sqlite"
    migrate(f"sqlite:///{path}")
    with sqlite3.connect(path) as connection:  # the copy takes one file: leave nothing in the WAL
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path


@pytest.fixture
def sqlite_url(_migrated_sqlite: Path, tmp_path: Path) -> str:
    """The URL of a fresh, migrated SQLite database of this test alone."""
    path = tmp_path / "hotline.sqlite"
    shutil.copyfile(_migrated_sqlite, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def _postgres_databases() -> list[str]:
    """Migrated databases that are empty again."""
    return []


@pytest.fixture
def postgresql_url(
    postgres_cluster: servers.Postgres, _migrated_postgres: str, _postgres_databases: list[str]
) -> Iterator[str]:
    """The URL of an empty, migrated PostgreSQL database of this test alone."""
    if _postgres_databases:
        name = _postgres_databases.pop()
        yield postgres_cluster.url(name)
    else:
        name = f"test_{next(_number)}"
        yield postgres_cluster.create(name, template=_migrated_postgres)
    if postgres_cluster.empty(name, like=_migrated_postgres):
        _postgres_databases.append(name)
    else:
        postgres_cluster.drop(name)


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh, migrated database; a test that asks for it runs once on either engine."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="session")
def _valkey_url() -> Iterator[str]:
    with servers.valkey() as url:
        yield url


@pytest.fixture(scope="session")
def _valkeys(_valkey_url: str) -> Iterator[tuple[ExitStack, list[str]]]:
    with ExitStack() as stack:
        yield stack, [_valkey_url]


@pytest.fixture
def redis_url(_valkeys: tuple[ExitStack, list[str]]) -> str:
    """The URL of a real, empty Redis: one server for the session, emptied for each test; another
    one when it has died, so that this fails the test in which it happened, and not a thousand more.
    """
    stack, urls = _valkeys
    with suppress(redis.ConnectionError), redis.Redis.from_url(urls[-1]) as client:
        client.flushall()
        return urls[-1]
    urls.append(stack.enter_context(servers.valkey()))
    return urls[-1]
