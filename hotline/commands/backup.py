"""`hotline backup` and `hotline restore`: all that a hotline knows, kept elsewhere."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from hotline import clock
from hotline.commands.base import add as add_command
from hotline.commands.base import add_place, store
from hotline.errors import Invalid

if TYPE_CHECKING:
    from hotline.backup.rows import Derived


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    words = "all that a hotline knows, kept elsewhere: rows, photos, recordings, secrets"
    backup = add_command(commands, "backup", _backup, words)
    backup.add_argument("to", type=Path, help="a folder, on another disk; each backup is one in it")
    backup.add_argument(
        "--keep", type=int, metavar="N", help="delete all but the N newest afterwards"
    )
    add_place(backup)
    words = "bring a backup into an empty hotline, on this or another database"
    restore = add_command(commands, "restore", _restore, words)
    words = "a backup, or the folder of several: then the newest"
    restore.add_argument("source", type=Path, metavar="from", help=words)
    add_place(restore)


def _backup(arguments: argparse.Namespace) -> int:
    from hotline.backup import service

    if arguments.keep is not None and arguments.keep < 1:
        raise Invalid("--keep: 1 or more")
    place, now = store(arguments), clock.now()
    made = service.make(place, arguments.to, _derived(), now=now, keep=arguments.keep)
    counted = made.about.rows
    print(
        f"{made.folder}: {counted.get('calls', 0)} calls, {counted.get('tickets', 0)} tickets, "
        f"{made.about.files} files; {made.stored / 1e6:.1f} MB more"
    )
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    from hotline.backup import service

    place = store(arguments)
    folder = service.restore(arguments.source, place, _derived())
    print(f"{place.data} is as it was. The city's file of that time: {folder / service.CONFIG}")
    return 0


def _derived() -> "Derived":
    """What the database makes of other rows: the index that tickets are searched by."""
    import importlib

    from tickets.inbox import index
    from tickets.models import TicketGram, TicketSearch

    for room in ("hotline", "agents", "tickets", "ivr", "reports"):
        importlib.import_module(f"{room}.models")  # with these all tables are known
    return {TicketSearch.__tablename__, TicketGram.__tablename__}, index.rebuild
