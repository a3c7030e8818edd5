"""Connections to PostgreSQL that a test has let go of, for the next one on the same database.

To a new connection belongs a new process of the server, which reads about each table that it is
asked for: that took the server longer than all that most tests ask of it.
"""

from collections import defaultdict
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.psycopg import _log_notices

#: What a connection is called that nobody uses: who empties a database lets it be.
AT_REST = "tests.support"
#: So many are kept of one kind; a test of many threads has more.
ENOUGH = 4

#: The database, and what each connection to it was told, such as how long it waits for a lock.
_Kind = tuple[str, str]


class Connections:
    """Those of one process, to the databases that are to be kept."""

    def __init__(self) -> None:
        self._databases: set[str] = set()
        self._at_rest: defaultdict[_Kind, list[psycopg.Connection]] = defaultdict(list)
        self._kinds: WeakKeyDictionary[psycopg.Connection, _Kind] = WeakKeyDictionary()

    def keep(self, database: str) -> None:
        """From now on, those to this database."""
        self._databases.add(database)

    def serve(self, engine: sa.Engine) -> None:
        """Have an engine take from these, and give back what it would close."""
        engine.dialect.do_terminate = engine.dialect.do_close  # type: ignore[method-assign]
        engine.dialect.do_close = self._put  # type: ignore[method-assign]
        sa.event.listen(engine, "do_connect", self._take)

    def close(self) -> None:
        """Close them all."""
        for connections in self._at_rest.values():
            for each in connections:
                each.close()
        self._at_rest.clear()
        self._databases.clear()

    def _take(self, dialect: Any, _record: Any, words: Any, told: Any) -> psycopg.Connection | None:
        kind = (told.get("dbname", ""), told.get("options", ""))
        if kind[0] not in self._databases:
            return None
        at_rest = self._at_rest[kind]
        while at_rest:
            connection = at_rest.pop()
            try:
                connection.execute("RESET application_name")
                connection.autocommit = False
            except psycopg.OperationalError:  # a test has ended whoever was connected
                connection.close()
            else:
                return connection
        made: psycopg.Connection = dialect.connect(*words, **told)
        self._kinds[made] = kind
        return made

    def _put(self, connection: Any) -> None:
        kind = self._kinds.get(connection)
        if kind is None or len(self._at_rest[kind]) >= ENOUGH:
            connection.close()
            return
        try:
            connection.rollback()
            connection.autocommit = True
            connection.execute("DISCARD ALL")
            connection.execute(f"SET application_name = '{AT_REST}'")
        except psycopg.Error:  # it is broken, or was closed
            connection.close()
            return
        connection.remove_notice_handler(_log_notices)  # the next engine adds its own
        self._at_rest[kind].append(connection)


connections = Connections()
