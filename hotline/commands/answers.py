"""`hotline answers`: what the city answers when it is asked, brought in from a file."""

import argparse
from pathlib import Path

from hotline import clock
from hotline.commands.base import add as add_command
from hotline.commands.base import add_place, add_verbs, opened


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    words = "what the city answers when it is asked"
    verbs = add_verbs(commands, "answers", words)
    bring = add_command(verbs, "import", _import_answers, "write the answers of a file (YAML)")
    add_place(bring)
    bring.add_argument("file", type=Path)
    bring.add_argument("--dry-run", action="store_true", help="check and tell, and change nothing")


def _import_answers(arguments: argparse.Namespace) -> int:
    from tickets.answers import importing

    now = clock.now()
    with opened(arguments) as (config, database), database.write() as session:
        drafts = importing.read(arguments.file, config.tickets, config.city.zone, now)
        dry = arguments.dry_run
        new, there = importing.bring(session, config.tickets, drafts, now=now, dry=dry)
    print(f"{new} new, {there} there already" + (" (nothing was changed)" if dry else ""))
    return 0
