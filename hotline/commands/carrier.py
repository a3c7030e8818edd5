"""`hotline reconcile` and `hotline fallback`: what the carrier knows of us."""

import argparse
import json
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from hotline import clock
from hotline.commands.base import add as add_command
from hotline.commands.base import add_config, add_place, beside
from hotline.errors import Invalid

if TYPE_CHECKING:
    from hotline.floor import Floor


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    reconcile = add_command(
        commands, "reconcile", _reconcile, "find and repair calls that the carrier knows and we not"
    )
    add_place(reconcile)
    reconcile.add_argument(
        "--day", dest="first", type=date.fromisoformat, help="the first local day (yesterday)"
    )
    reconcile.add_argument("--until", type=date.fromisoformat, help="the last (the first)")
    reconcile.add_argument("--dry-run", action="store_true", help="tell, and change nothing")
    reconcile.add_argument("--json", action="store_true", help="one line of JSON a day")
    reconcile.add_argument(
        "--exchange-port", type=int, default=8437, help="of a hotline run here (8437)"
    )
    sorry = add_command(
        commands, "fallback", _fallback, "the document to keep at the carrier, should we be away"
    )
    add_config(sorry, "--config")
    sorry.add_argument("--file", type=Path, help="write it there instead of printing it")


def _reconcile(arguments: argparse.Namespace) -> int:
    import ivr.reconcile

    with beside(arguments) as floor:
        now = clock.now()
        today = clock.local_day(now, floor.city.zone)
        first = arguments.first or today - timedelta(days=1)
        failed, changed = False, set()
        for day in _days(first, arguments.until or first, today):
            found = ivr.reconcile.run(floor, day, now=now, dry=arguments.dry_run)
            if arguments.json:
                print(json.dumps(found.as_dict(), ensure_ascii=False))
            else:
                print(ivr.reconcile.in_words(found, dry=arguments.dry_run))
                for line in ivr.reconcile.details(found):
                    print(f"  {line}")
            failed = failed or bool(found.failed)
            changed |= {each for each in found.days if each < today}
        _recount(floor, changed)
    return 1 if failed else 0


def _days(first: date, last: date, today: date) -> list[date]:
    if not first <= last <= today:
        raise Invalid(f"{first} to {last}: not days up to today, {today}")
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _recount(floor: "Floor", days: set[date]) -> None:
    """Count days whose story has changed, which the night would find as well."""
    from reports import jobs

    for day in sorted(days):
        print(jobs.recompute(floor, day, day), file=sys.stderr)


def _fallback(arguments: argparse.Namespace) -> int:
    from hotline import city, fallback

    document = fallback.document(city.load(arguments.config))
    if arguments.file is None:
        print(document)
    else:
        arguments.file.write_text(document + "\n", encoding="utf-8")
    return 0
