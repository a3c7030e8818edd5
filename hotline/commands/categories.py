"""`hotline categories` and `hotline duplicates`: the verbs are the room's, in
`tickets/categories/command.py` and `tickets/matters/command.py`; here it is handed what all tools
share.
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hotline.commands.base import add as add_command
from hotline.commands.base import add_place, opened, store

if TYPE_CHECKING:
    from hotline.db import Database
    from tickets.config import Tickets


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    from tickets.categories import command
    from tickets.matters import command as duplicates

    @contextmanager
    def room(arguments: argparse.Namespace) -> Iterator[tuple["Tickets", "Database"]]:
        with opened(arguments) as (config, database):
            yield config.tickets, database

    def config(arguments: argparse.Namespace) -> "Tickets":
        from hotline import city

        return city.load(store(arguments).config).tickets

    def make(arguments: argparse.Namespace) -> None:
        from hotline import db

        db.migrate(store(arguments).database_url)

    tools = command.Tools(add_command, add_place, room, config, make)
    command.add(commands, tools)
    duplicates.add(commands, tools)
