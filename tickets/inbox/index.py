"""The index that tickets are searched by, kept by the database itself.

`ticket_search` has one row a ticket: `words` is its number, its text, the texts of its story and
its place, `who` the numbers and names of its callers, each folded, a line each. Triggers write it
in the transaction that changes any of that, whoever does. On top of it stands

- on PostgreSQL a trigram index (`pg_trgm`), where the server has the extension and a locale in
  which it knows Thai letters; and `ticket_grams`, which says in which blocks of tickets one or two
  signs occur at all. That finds what is too short for trigrams, and replaces them where there are
  none.
- on SQLite a trigram index of FTS5, of which also the shorter is found: each one or two signs begin
  some of its terms.

`install` is called after each migration: it makes what is missing and, when any of this was written
differently before, makes all of it anew.
"""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import sqlalchemy as sa

log = logging.getLogger(__name__)

#: Tickets of one block of `ticket_grams`.
BLOCK = 512
WORDS_INDEX, WHO_INDEX = "ix_ticket_search_words", "ix_ticket_search_who"
#: What alembic must not take for tables and indexes of ours.
OWN = ("ticket_search_fts", "ticket_search_terms", WORDS_INDEX, WHO_INDEX)
#: Columns of a ticket's place that are words, if that table is there.
_PLACE = "ticket_places"
_PLACE_WORDS = ("house", "moo", "soi", "road", "address", "landmark")
_MAINTAIN = "ticket_search_"
#: The function whose comment says of what these were made.
_MARKED = "ticket_search_refresh(bigint[])"


@dataclass(frozen=True)
class Ways:
    """How texts can be looked up here: by trigrams, or only by blocks and rows."""

    trigrams: bool


_ways: "WeakKeyDictionary[sa.Engine, Ways]" = WeakKeyDictionary()


def ways(connection: sa.Connection) -> Ways:
    """Return how this database is searched; asked of it once a process."""
    found = _ways.get(connection.engine)
    if found is None:
        found = _ways[connection.engine] = Ways(_has_trigrams(connection))
    return found


def _has_trigrams(connection: sa.Connection) -> bool:
    if connection.dialect.name == "sqlite":
        query = "SELECT count(*) FROM sqlite_master WHERE name = 'ticket_search_fts'"
    else:
        query = f"SELECT count(to_regclass('{WORDS_INDEX}'))"
    return bool(connection.exec_driver_sql(query).scalar())


# ------------------------------------------------------------------ what a ticket's row says


def _words(connection: sa.Connection) -> str:
    """The expression of `words` for a ticket `t`."""
    text, join = _event_text(connection, "e"), _joined(connection)
    parts = [
        "coalesce(t.number, '')",
        # as it is printed (`numbers.display`)
        "coalesce(CASE length(t.number)"
        " WHEN 7 THEN substr(t.number, 1, 3) || '-' || substr(t.number, 4)"
        " WHEN 8 THEN substr(t.number, 1, 4) || '-' || substr(t.number, 5)"
        " WHEN 9 THEN substr(t.number, 1, 3) || '-' || substr(t.number, 4, 3) || '-'"
        " || substr(t.number, 7) END, '')",
        "t.text",
        f"coalesce((SELECT {join.format(text)} FROM ticket_events e WHERE e.ticket_id = t.id"
        f" AND {text} <> t.text), '')",
    ]
    columns = _place_columns(connection)
    if columns:
        place = _newlines(connection, [f"coalesce(p.{name}, '')" for name in columns])
        parts.append(f"coalesce((SELECT {place} FROM {_PLACE} p WHERE p.ticket_id = t.id), '')")
    return _folded(connection, parts)


def _who(connection: sa.Connection) -> str:
    """The expression of `who` for a ticket `t`."""
    join = _joined(connection)
    return _folded(
        connection,
        [
            "coalesce(t.caller_number, '')",
            f"coalesce((SELECT {join.format('c.caller_number')} FROM ticket_calls c"
            " WHERE c.ticket_id = t.id AND c.caller_number <> coalesce(t.caller_number, '')), '')",
            f"coalesce((SELECT {join.format('n.name')} FROM ticket_calls c"
            " JOIN call_citizens cc ON cc.call_id = c.call_id"
            " JOIN citizens n ON n.id = cc.citizen_id WHERE c.ticket_id = t.id), '')",
        ],
    )


def _folded(connection: sa.Connection, parts: Sequence[str]) -> str:
    # every two signs begin three: FTS5 finds the short ones by that
    text = _newlines(connection, [*parts, "''", "''"])
    # SQLite's own lower() knows ASCII alone: `hotline.db` gives its connections a better one
    sqlite = connection.dialect.name == "sqlite"
    return f"lower({text})" if sqlite else f"lower(normalize({text}, NFC))"


def _newlines(connection: sa.Connection, parts: Sequence[str]) -> str:
    newline = "char(10)" if connection.dialect.name == "sqlite" else "chr(10)"
    return f" || {newline} || ".join(parts)


def _joined(connection: sa.Connection) -> str:
    sqlite = connection.dialect.name == "sqlite"
    return "group_concat({}, char(10))" if sqlite else "string_agg({}, chr(10))"


def _event_text(connection: sa.Connection, row: str) -> str:
    sqlite = connection.dialect.name == "sqlite"
    return f"json_extract({row}.data, '$.text')" if sqlite else f"({row}.data ->> 'text')"


def _place_columns(connection: sa.Connection) -> list[str]:
    inspected = sa.inspect(connection)
    if not inspected.has_table(_PLACE):
        return []
    there = {column["name"] for column in inspected.get_columns(_PLACE)}
    return [name for name in _PLACE_WORDS if name in there]


# ------------------------------------------------------------------ who writes it


@dataclass(frozen=True)
class _Change:
    """A change of a table that shows in rows of `ticket_search`: `ids` of tickets, as SQL in which
    {row} is the row before or after it; `when` the same.
    """

    table: str
    event: str
    ids: str
    when: str = ""


def _changes(connection: sa.Connection) -> Iterator[_Change]:
    """All changes but a ticket's birth and end."""
    text = _event_text(connection, "{row}")
    differs = " OR ".join(
        f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in ("number", "text", "caller_number")
    )
    if connection.dialect.name == "sqlite":
        differs = differs.replace("IS DISTINCT FROM", "IS NOT")
    yield _Change("tickets", "UPDATE OF number, text, caller_number", "{row}.id", differs)
    said = f"coalesce({text}, '') <> ''"
    yield _Change("ticket_events", "INSERT", "{row}.ticket_id", said)
    yield _Change("ticket_events", "UPDATE OF data", "{row}.ticket_id")
    yield _Change("ticket_events", "DELETE", "{row}.ticket_id", said)
    called = "SELECT ticket_id FROM ticket_calls WHERE call_id = {row}.call_id"
    named = (
        "SELECT c.ticket_id FROM ticket_calls c JOIN call_citizens cc ON cc.call_id = c.call_id"
        " WHERE cc.citizen_id = {row}.id"
    )
    tables = [("ticket_calls", "{row}.ticket_id"), ("call_citizens", called)]
    if _place_columns(connection):
        tables.append((_PLACE, "{row}.ticket_id"))
    for table, ids in tables:
        for event in ("INSERT", "UPDATE", "DELETE"):
            yield _Change(table, event, ids)
    yield _Change("citizens", "UPDATE OF name", named)


def _sqlite(connection: sa.Connection) -> dict[str, str]:
    """The triggers of SQLite by name."""
    words, who = _words(connection), _who(connection)
    row = "FROM tickets t WHERE t.id = ticket_search.ticket_id"
    refresh = f"UPDATE ticket_search SET words = (SELECT {words} {row}), who = (SELECT {who} {row})"
    made = {
        "added": (
            "AFTER INSERT ON tickets",
            f"INSERT INTO ticket_search (ticket_id, words, who)"
            f" SELECT t.id, {words}, {who} FROM tickets t WHERE t.id = NEW.id",
        ),
        "removed": (
            "AFTER DELETE ON tickets",
            "DELETE FROM ticket_search WHERE ticket_id = OLD.id",
        ),
    }
    for change in _changes(connection):
        seen = "OLD" if change.event == "DELETE" else "NEW"
        when = f" WHEN {change.when.format(row=seen)}" if change.when else ""
        name = f"{change.table}_{change.event.split()[0].lower()}"
        made[name] = (
            f"AFTER {change.event} ON {change.table}{when}",
            f"{refresh} WHERE ticket_id IN ({change.ids.format(row=seen)})",
        )
    if _fts5(connection):
        made |= _FTS
    return {
        f"{_MAINTAIN}{name}": f"CREATE TRIGGER {_MAINTAIN}{name} {on} BEGIN {do}; END"
        for name, (on, do) in made.items()
    }


_OUT = (
    "INSERT INTO ticket_search_fts (ticket_search_fts, rowid, words, who)"
    " VALUES ('delete', OLD.ticket_id, OLD.words, OLD.who)"
)
_IN = "INSERT INTO ticket_search_fts (rowid, words, who) VALUES (NEW.ticket_id, NEW.words, NEW.who)"
_FTS = {
    "fts_in": ("AFTER INSERT ON ticket_search", _IN),
    "fts_out": ("AFTER DELETE ON ticket_search", _OUT),
    "fts_anew": (
        "AFTER UPDATE ON ticket_search WHEN OLD.words <> NEW.words OR OLD.who <> NEW.who",
        f"{_OUT}; {_IN}",
    ),
}
_FTS_TABLES = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS ticket_search_fts USING fts5(words, who,"
    " content='ticket_search', content_rowid='ticket_id', columnsize=0,"
    " tokenize='trigram case_sensitive 1')",
    "CREATE VIRTUAL TABLE IF NOT EXISTS ticket_search_terms"
    " USING fts5vocab('ticket_search_fts', 'row')",
)


def _fts5(connection: sa.Connection) -> bool:
    options = connection.exec_driver_sql("PRAGMA compile_options").scalars().all()
    return "ENABLE_FTS5" in options


def _postgresql(connection: sa.Connection) -> list[str]:
    """The functions and triggers of PostgreSQL."""
    words, who = _words(connection), _who(connection)
    statements = [
        # the rows are locked first: what another has just committed is then seen, and kept
        f"""CREATE OR REPLACE FUNCTION ticket_search_refresh(ids bigint[]) RETURNS void
        LANGUAGE plpgsql AS $$ BEGIN
          PERFORM 1 FROM ticket_search s WHERE s.ticket_id = ANY(ids)
            ORDER BY s.ticket_id FOR UPDATE;
          UPDATE ticket_search s SET words = n.words, who = n.who
            FROM (SELECT t.id, {words} AS words, {who} AS who FROM tickets t
                  WHERE t.id = ANY(ids)) n
            WHERE s.ticket_id = n.id AND (s.words, s.who) IS DISTINCT FROM (n.words, n.who);
        END $$""",
        f"""CREATE OR REPLACE FUNCTION ticket_search_added() RETURNS trigger
        LANGUAGE plpgsql AS $$ BEGIN
          INSERT INTO ticket_search (ticket_id, words, who)
            SELECT t.id, {words}, {who} FROM tickets t WHERE t.id = NEW.id;
          RETURN NULL;
        END $$""",
        """CREATE OR REPLACE FUNCTION ticket_search_removed() RETURNS trigger
        LANGUAGE plpgsql AS $$ BEGIN
          DELETE FROM ticket_search WHERE ticket_id = OLD.id;
          RETURN NULL;
        END $$""",
        # no unique row and so no waiting for another's: a second one of the same is no harm
        f"""CREATE OR REPLACE FUNCTION ticket_search_grams() RETURNS trigger
        LANGUAGE plpgsql AS $$
        DECLARE signs text[] := string_to_array(NEW.words || NEW.who, NULL);
        BEGIN
          INSERT INTO ticket_grams (gram, block)
            SELECT DISTINCT g.gram, NEW.ticket_id / {BLOCK}
            FROM generate_subscripts(signs, 1) i,
              LATERAL (VALUES (signs[i]), (signs[i] || signs[i + 1])) g(gram)
            WHERE g.gram !~ '\\s' AND NOT EXISTS (SELECT 1 FROM ticket_grams k
              WHERE k.gram = g.gram AND k.block = NEW.ticket_id / {BLOCK});
          RETURN NULL;
        END $$""",
        _trigger("added", "AFTER INSERT ON tickets", "added"),
        _trigger("removed", "AFTER DELETE ON tickets", "removed"),
        _trigger(
            "grams",
            "AFTER INSERT OR UPDATE OF words, who ON ticket_search",
            "grams",
            "current_setting('hotline.bulk', true) IS DISTINCT FROM 'on'",
        ),
    ]
    for change in _changes(connection):
        seen = "OLD" if change.event == "DELETE" else "NEW"
        name = f"{change.table}_{change.event.split()[0].lower()}"
        ids = change.ids.format(row=seen)
        statements += [
            f"""CREATE OR REPLACE FUNCTION ticket_search_{name}() RETURNS trigger
            LANGUAGE plpgsql AS $$ BEGIN
              PERFORM ticket_search_refresh(ARRAY({ids if "SELECT" in ids else f"SELECT {ids}"}));
              RETURN NULL;
            END $$""",
            _trigger(
                name,
                f"AFTER {change.event} ON {change.table}",
                name,
                change.when.format(row=seen),
            ),
        ]
    return statements


def _trigger(name: str, on: str, function: str, when: str = "") -> str:
    condition = f"WHEN ({when}) " if when else ""
    return (
        f"CREATE OR REPLACE TRIGGER {_MAINTAIN}{name} {on} FOR EACH ROW {condition}"
        f"EXECUTE FUNCTION ticket_search_{function}()"
    )


# ------------------------------------------------------------------ making it


def install(connection: sa.Connection) -> None:
    """Make what is missing; costs a look when nothing is. Nothing before its tables are there."""
    if not sa.inspect(connection).has_table("ticket_search"):
        return
    sqlite = connection.dialect.name == "sqlite"
    if not (_install_sqlite(connection) if sqlite else _install_postgresql(connection)):
        return
    _ways.pop(connection.engine, None)
    rebuild(connection)


def _install_sqlite(connection: sa.Connection) -> bool:
    wanted = _sqlite(connection)
    rows = connection.exec_driver_sql(
        f"SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE '{_MAINTAIN}%'"
    )
    there: dict[str, str] = {row.name: row.sql for row in rows}
    if there == wanted:
        return False
    for name in there:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    if _fts5(connection):
        for statement in _FTS_TABLES:
            connection.exec_driver_sql(statement)
    else:
        log.warning("this SQLite has no FTS5: searching reads every ticket")
    for statement in wanted.values():
        connection.exec_driver_sql(statement)
    return True


def _install_postgresql(connection: sa.Connection) -> bool:
    statements = _postgresql(connection)
    trigrams = _make_trigrams(connection)
    mark = hashlib.sha256("".join(statements).encode()).hexdigest()
    kept = connection.exec_driver_sql(
        f"SELECT obj_description(to_regprocedure('{_MARKED}'), 'pg_proc')"
    ).scalar()
    if kept == mark:
        return trigrams
    for statement in statements:
        # no parameters: a percent sign is one
        connection.exec_driver_sql(statement.replace("%", "%%"))
    connection.exec_driver_sql(f"COMMENT ON FUNCTION {_MARKED} IS '{mark}'")
    return True


def _make_trigrams(connection: sa.Connection) -> bool:
    """Make the index of trigrams, if it is not there and can be; say whether it was made."""
    if _has_trigrams(connection):
        return False
    try:
        with connection.begin_nested():
            connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            # in the locale C no Thai letter is a letter, and the index would be of no use
            if not connection.exec_driver_sql("SELECT show_trgm('ประปา') <> '{}'").scalar():
                log.warning("searching without trigrams: this database's locale knows no Thai")
                return False
            for name, column in ((WORDS_INDEX, "words"), (WHO_INDEX, "who")):
                connection.exec_driver_sql(
                    f"CREATE INDEX IF NOT EXISTS {name} ON ticket_search"
                    f" USING gin ({column} gin_trgm_ops) WITH (fastupdate = off)"
                )
    except sa.exc.DBAPIError as error:
        log.warning("searching without trigrams: this server has no pg_trgm (%s)", error.orig)
        return False
    return True


def rebuild(connection: sa.Connection) -> int:
    """Make every row anew from what it says; return how many tickets there are."""
    words, who = _words(connection), _who(connection)
    every = f"SELECT t.id, {words}, {who} FROM tickets t ORDER BY t.id"
    if connection.dialect.name == "sqlite":
        _rebuild_sqlite(connection, every)
    else:
        _rebuild_postgresql(connection, every)
    return size(connection)


def size(connection: sa.Connection) -> int:
    """Return how many tickets can be found."""
    return connection.exec_driver_sql("SELECT count(*) FROM ticket_search").scalar() or 0


def _rebuild_sqlite(connection: sa.Connection, every: str) -> None:
    triggers = _sqlite(connection)
    own = [f"{_MAINTAIN}{name}" for name in _FTS if f"{_MAINTAIN}{name}" in triggers]
    for name in own:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    connection.exec_driver_sql("DELETE FROM ticket_search")
    connection.exec_driver_sql(f"INSERT INTO ticket_search (ticket_id, words, who) {every}")
    if own:
        connection.exec_driver_sql(
            "INSERT INTO ticket_search_fts(ticket_search_fts) VALUES('rebuild')"
        )
    for name in own:
        connection.exec_driver_sql(triggers[name])


def _rebuild_postgresql(connection: sa.Connection, every: str) -> None:
    # without statistics, as after a restore, its planner would read whole tables for each ticket
    connection.exec_driver_sql(
        "ANALYZE tickets, ticket_events, ticket_calls, call_citizens, citizens"
    )
    # nobody changes a ticket until it is done
    connection.exec_driver_sql("LOCK TABLE tickets, ticket_search IN SHARE ROW EXCLUSIVE MODE")
    connection.exec_driver_sql("SET LOCAL hotline.bulk = 'on'")
    for index in (WORDS_INDEX, WHO_INDEX):
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS {index}")
    connection.exec_driver_sql("TRUNCATE ticket_search, ticket_grams")
    connection.exec_driver_sql(f"INSERT INTO ticket_search (ticket_id, words, who) {every}")
    for block, grams in _blocks(connection):
        connection.exec_driver_sql(
            "INSERT INTO ticket_grams (gram, block) SELECT unnest(%(grams)s::text[]), %(block)s",
            {"grams": grams, "block": block},
        )
    connection.exec_driver_sql("SET LOCAL hotline.bulk = 'off'")
    _make_trigrams(connection)


def _blocks(connection: sa.Connection) -> Iterator[tuple[int, list[str]]]:
    """All signs and pairs of signs of each block."""
    last = connection.exec_driver_sql("SELECT max(ticket_id) FROM ticket_search").scalar() or 0
    for block in range(last // BLOCK + 1):
        grams: set[str] = set()
        for (text,) in connection.exec_driver_sql(
            "SELECT words || who FROM ticket_search"
            f" WHERE ticket_id >= {block * BLOCK} AND ticket_id < {(block + 1) * BLOCK}"
        ):
            grams.update(text)
            grams.update(map(str.__add__, text, text[1:]))
        found = [gram for gram in grams if not any(sign.isspace() for sign in gram)]
        if found:
            yield block, found
