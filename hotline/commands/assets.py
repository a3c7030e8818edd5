"""`hotline assets`: lamps, bins and water points, brought in from a file."""

import argparse
import sys
from pathlib import Path

from hotline import clock
from hotline.commands.base import add as add_command
from hotline.commands.base import add_place, add_verbs, opened
from hotline.errors import ConfigError, Fault


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    words = "lamps, bins, water points: what has a number and a place"
    verbs = add_verbs(commands, "assets", words)
    words = "write down the things of a file (CSV: number, latitude, longitude, note; or GeoJSON)"
    bring = add_command(verbs, "import", _import_assets, words)
    add_place(bring)
    bring.add_argument("file", type=Path)
    bring.add_argument("--kind", required=True, help="what they are: lamp, bin, water_point")
    bring.add_argument("--dry-run", action="store_true", help="check and tell, and change nothing")


def _import_assets(arguments: argparse.Namespace) -> int:
    from tickets.places import assets

    kind, dry = assets.kind_of(arguments.kind), arguments.dry_run
    try:
        content = arguments.file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError([Fault(str(arguments.file), f"is not UTF-8: {error.reason}")]) from error
    rows, bad = assets.read(content)
    for each in bad:
        print(f"{arguments.file}, {each.line}: {each.why}", file=sys.stderr)
    with opened(arguments) as (_, database), database.write() as session:
        dry = dry or bool(bad)
        brought = assets.bring(session, kind, rows, now=clock.now(), dry=dry)
    print(f"{brought.new} new, {brought.changed} changed, {brought.there} there already")
    if dry:
        print("nothing was changed")
    return 1 if bad else 0
