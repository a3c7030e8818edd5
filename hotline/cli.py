"""The command `hotline`.

What it can do is in `hotline/commands/`, a module for each command or for a few that belong
together. Each imports what it needs when it runs, so that `hotline --help` answers at once.
"""

import argparse
import sys
from collections.abc import Callable, Sequence

from hotline import __version__
from hotline.commands import (
    answers,
    assets,
    backup,
    carrier,
    categories,
    city,
    history,
    people,
    privacy,
    processes,
    replay,
    reports,
    roster,
    run,
    search,
)
from hotline.commands.base import in_words
from hotline.errors import ConfigError, HotlineError

#: In the order of `hotline --help`: what runs a hotline first, then the tools beside one.
_COMMANDS = (
    run,
    processes,
    city,
    backup,
    people,
    privacy,
    history,
    answers,
    assets,
    roster,
    search,
    categories,
    reports,
    carrier,
    replay,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code (1: it could not be done, 2: wrong words)."""
    parsed = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = parsed.command
    try:
        return command(parsed)
    except ConfigError as error:
        print("The hotline does not start with this configuration:", file=sys.stderr)
        for fault in error.faults:
            print(f"  {fault}", file=sys.stderr)
        return 1
    except HotlineError as error:
        print(f"hotline: {in_words(error)}", file=sys.stderr)
        return 1
    except OSError as error:
        said = f"{error.filename}: {error.strerror}" if error.filename else error
        print(f"hotline: {said}", file=sys.stderr)
        return 1
    except Exception as error:
        if (words := _database_words(error)) is None:
            raise
        print(f"hotline: {words}", file=sys.stderr)
        return 1


def _database_words(error: Exception) -> str | None:
    """What is wrong with the database, in one line; None when it is something else."""
    import sqlalchemy as sa

    if not isinstance(error, sa.exc.OperationalError | sa.exc.ProgrammingError):
        return None
    said = " ".join(str(error.orig).split())
    if "no such table" in said or type(error.orig).__name__ == "UndefinedTable":
        return f"the database is not at this version's schema; run `hotline migrate` ({said})"
    return f"the database: {said}" if isinstance(error, sa.exc.OperationalError) else None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hotline", description="Saidduan (สายด่วน): a city's 24-hour hotline, whole."
    )
    parser.add_argument("--version", action="version", version=f"Saidduan {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in _COMMANDS:
        module.add(commands)
    return parser
