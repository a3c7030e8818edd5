"""`hotline search`: the index that tickets are searched by."""

import argparse

from hotline.commands.base import add as add_command
from hotline.commands.base import add_place, add_verbs, opened


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    words = "the index that tickets are searched by"
    verbs = add_verbs(commands, "search", words)
    add_place(add_command(verbs, "status", _search_status, "how tickets are searched here"))
    rebuild = add_command(
        verbs, "rebuild", _rebuild_search, "make it anew; no ticket changes meanwhile"
    )
    add_place(rebuild)


def _search_status(arguments: argparse.Namespace) -> int:
    from tickets.inbox import index

    with opened(arguments) as (_, database), database.engine.connect() as connection:
        trigrams, tickets = index.ways(connection).trigrams, index.size(connection)
    means = "by trigrams" if trigrams else "without trigrams, which is slower"
    print(f"{tickets} tickets, searched {means}")
    if not trigrams:
        print("PostgreSQL: CREATE EXTENSION pg_trgm, in a database whose locale is UTF-8, not C;")
        print("SQLite: one with FTS5. Then `hotline search rebuild`, and start the hotline anew.")
    return 0


def _rebuild_search(arguments: argparse.Namespace) -> int:
    from tickets.inbox import index

    with opened(arguments) as (_, database), database.engine.begin() as connection:
        print(f"{index.rebuild(connection)} tickets can be found")
    return 0
