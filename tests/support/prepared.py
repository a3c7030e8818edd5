"""A database as a function fills it: filled once for each engine, and then copied.

Days of calls with their night took a third of the time of the reports' tests, and were the same
each time.

```python
@prepared
def played(floor: Floor) -> None:
    ...  # writes rows, and nothing that is not in the database
```

Who calls `played(floor)` with an empty database has what the first call wrote; to a database that
holds something the function adds it, as if it stood alone.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import cache, wraps
from typing import Any, LiteralString

import psycopg
import sqlalchemy as sa
from psycopg import sql

from hotline.db import Base
from hotline.floor import Floor

#: A test with a city of its own has it for itself.
_KEPT = 4
#: What writes into a floor's database.
Fill = Callable[[Floor], None]
#: Puts what was written into an empty database.
Put = Callable[[Any], None]

_TABLES: LiteralString = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
"""
_COUNTED: LiteralString = """
    SELECT sequencename, last_value FROM pg_sequences WHERE last_value IS NOT NULL
"""
_COUNT_ON: LiteralString = "SELECT setval(quote_ident(%s)::regclass, %s)"
#: Where a file of SQLite says that it has a log beside it, and what it says when it has none.
_HAS_LOG, _NO_LOG = slice(18, 20), b"\1\1"


def prepared(fill: Fill) -> Fill:
    """The same function, whose rows are copied from the second time on."""
    #: With the city that they were made for, which so stays what it is.
    known: dict[Any, tuple[Put, list[Any]]] = {}

    @wraps(fill)
    def filled(floor: Floor) -> None:
        if not _is_empty(floor):
            fill(floor)
            return
        city = [floor.city, *floor.sections.values()]
        key = (floor.db.is_sqlite, *map(id, city))
        keep = _sqlite if floor.db.is_sqlite else _postgresql
        if key in known:
            _on(floor, known[key][0])
        else:
            fill(floor)
            if len(known) >= _KEPT:
                known.clear()
            known[key] = (_on(floor, keep), city)

    return filled


@cache
def _holds_something() -> sa.Select[tuple[bool]]:
    tables = Base.metadata.sorted_tables
    return sa.select(sa.or_(*(sa.exists().select_from(each) for each in tables)))


def _is_empty(floor: Floor) -> bool:
    with floor.db.read() as session:
        return not session.execute(_holds_something()).scalar_one()


def _on(floor: Floor, act: Callable[[Any], Any]) -> Any:
    """Do it with a connection of the database's own driver."""
    with closing(floor.db.engine.raw_connection()) as connection:
        done = act(connection.driver_connection)
        connection.commit()
    return done


def _sqlite(connection: sqlite3.Connection) -> Put:
    pages = bytearray(connection.serialize())
    pages[_HAS_LOG] = _NO_LOG  # they are read in memory

    def put(connection: sqlite3.Connection) -> None:
        with closing(sqlite3.connect(":memory:")) as memory:
            memory.deserialize(bytes(pages))
            memory.backup(connection)

    return put


def _postgresql(connection: "psycopg.Connection") -> Put:
    names = [name for (name,) in connection.execute(_TABLES).fetchall()]
    rows = {name: _written(connection, name) for name in names}
    counted = connection.execute(_COUNTED).fetchall()

    def put(connection: "psycopg.Connection") -> None:
        # what triggers wrote is among the rows
        connection.execute("SET LOCAL session_replication_role = replica")
        with connection.cursor() as cursor:
            for name, written in rows.items():
                if written:
                    into = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(name))
                    with cursor.copy(into) as copy:
                        copy.write(written)
            cursor.executemany(_COUNT_ON, counted)

    return put


def _written(connection: "psycopg.Connection", name: str) -> bytes:
    out = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(name))
    with connection.cursor().copy(out) as copy:
        return b"".join(copy)
