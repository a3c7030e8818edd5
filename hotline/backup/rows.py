"""Every row of the database, as one moment knew them: into a file, and out of one.

The file is an SQLite database of this version's schema. What the database itself derives from other
rows (the index of the search) is not copied but made anew.
"""

import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa

from hotline.db import Base, Database, file_of, migrate

#: Rows that are read, and written, at once.
BATCH = 5_000
#: Tables with a row for each that the engine makes anew; `make` does so.
Derived = tuple[Collection[str], Callable[[sa.Connection], object]]


def save(database: Database, file: Path, derived: Derived) -> None:
    """Write every row to a new SQLite `file`, as of one moment, while others read and write."""
    if database.is_sqlite:
        connection = database.engine.raw_connection()  # knows the functions that indexes use
        try:
            # what was deleted does not come along, as it would with the pages of the file
            connection.cursor().execute("VACUUM INTO ?", [str(file)])
        finally:
            connection.close()
        return
    url = url_of(file)
    migrate(url)
    copy = Database(url, pool_size=1)
    try:
        transfer(database, copy, derived)
    finally:
        copy.dispose()
    close(file)


def load(file: Path, url: str, derived: Derived) -> None:
    """Bring every row of `file`, which is brought to this version's schema, to the database at
    `url`, which has no table yet: all of them or none.
    """
    migrate(url_of(file))
    close(file)
    target = Database(url, pool_size=2)
    try:
        if (to := file_of(url)) is not None:
            _take_over(file, to)
            return
        migrate(url)
        source = Database(url_of(file), pool_size=1)
        try:
            transfer(source, target, derived)
        finally:
            source.dispose()
        with target.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")  # or its planner knows nothing for a while
    finally:
        target.dispose()


def transfer(source: Database, target: Database, derived: Derived) -> None:
    """Copy the rows of all tables but those `derived` into the empty tables of `target`, in one
    transaction on either side.
    """
    names, make = derived
    tables = [table for table in Base.metadata.sorted_tables if table.name not in names]
    with _one_moment(source) as reading, target.engine.begin() as writing:
        with _without_triggers(writing):
            for table in tables:
                for rows in _batches(reading, table):
                    writing.execute(sa.insert(table), rows)
        _count_on(reading, writing, tables)
        make(writing)


def counts(url: str, derived: Derived) -> dict[str, int]:
    """How many rows each table has that is there, has any, and is not derived."""
    file = file_of(url)
    if file and not file.exists():
        return {}
    database = Database(url, pool_size=1)
    try:
        with database.engine.connect() as connection:
            there = set(sa.inspect(connection).get_table_names()) - set(derived[0])
            found = {
                table.name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
                for table in Base.metadata.sorted_tables
                if table.name in there
            }
    finally:
        database.dispose()
    return {name: count for name, count in found.items() if count}


def schema(file: Path) -> str:
    """The name of the last step of the schema that `file` has been through."""
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def url_of(file: Path) -> str:
    """The address of an SQLite file."""
    return sa.URL.create("sqlite", database=str(file.absolute())).render_as_string()


@contextmanager
def _one_moment(database: Database) -> Iterator[sa.Connection]:
    """A connection that sees nothing of what is written from now on."""
    options = (
        {"read_only": True}
        if database.is_sqlite
        else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    )
    with database.engine.connect().execution_options(**options) as connection:
        yield connection


def _batches(connection: sa.Connection, table: sa.Table) -> Iterator[list[dict[str, object]]]:
    """The rows of a table, many at once; what refers to its own table comes after that."""
    query = sa.select(table).order_by(*table.primary_key.columns)
    result = connection.execution_options(yield_per=BATCH).execute(query)
    for rows in result.mappings().partitions():
        yield [dict(row) for row in rows]


@contextmanager
def _without_triggers(connection: sa.Connection) -> Iterator[None]:
    """Nothing of ours happens when a row is written; keys to other tables are looked at as ever."""
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).all()
        for name, _ in found:
            connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
        yield
        for _, statement in found:
            connection.exec_driver_sql(statement)
        return
    names = [table.name for table in Base.metadata.sorted_tables]
    for verb in ("DISABLE", "ENABLE"):
        if verb == "ENABLE":
            yield
        for name in names:
            connection.exec_driver_sql(f'ALTER TABLE "{name}" {verb} TRIGGER USER')


def _count_on(source: sa.Connection, target: sa.Connection, tables: list[sa.Table]) -> None:
    """Number the next rows as `source` would: what was deleted there gives its number to nobody."""
    for table in tables:
        column = table.autoincrement_column
        if column is None:
            continue
        last = _last_number(source, table, column)
        if not last:
            continue
        if target.dialect.name == "postgresql":
            statement = sa.text("SELECT setval(pg_get_serial_sequence(:name, :column), :last)")
            values = {"name": table.name, "column": column.name, "last": last}
            target.execute(statement, values)
        elif table.dialect_options["sqlite"]["autoincrement"]:
            row = {"last": last, "name": table.name}
            update = "UPDATE sqlite_sequence SET seq = :last WHERE name = :name"
            if not target.execute(sa.text(update), row).rowcount:
                insert = "INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"
                target.execute(sa.text(insert), row)


def _last_number(
    connection: sa.Connection, table: sa.Table, column: "sa.Column[int]"
) -> int | None:
    """The highest number that was given to a row; None when none was."""
    there = connection.scalar(sa.select(sa.func.max(column)))
    if connection.dialect.name == "postgresql":
        query = (
            "SELECT last_value FROM pg_sequences WHERE format('%I.%I', schemaname, sequencename)"
            " = pg_get_serial_sequence(:table, :column)"
        )
    elif table.dialect_options["sqlite"]["autoincrement"]:
        query = "SELECT seq FROM sqlite_sequence WHERE name = :table AND :column = :column"
    else:
        return there
    given = connection.scalar(sa.text(query), {"table": table.name, "column": column.name})
    return max(there or 0, given or 0) or None


def _take_over(file: Path, to: Path) -> None:
    """`file` becomes the database, whole or not at all."""
    to.parent.mkdir(parents=True, exist_ok=True)
    fresh = to.with_name(f"{to.name}.new")
    fresh.unlink(missing_ok=True)
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(fresh)) as target:
        source.backup(target)
    fresh.replace(to)


def close(file: Path) -> None:
    """Leave all of it in the one file: no log beside it."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
