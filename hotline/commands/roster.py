"""`hotline roster`: who should be here when, out of the hotline and into it."""

import argparse
import sys
from datetime import date, timedelta
from pathlib import Path

from hotline import clock
from hotline.commands.base import add as add_command
from hotline.commands.base import add_place, add_verbs, in_words, opened
from hotline.errors import HotlineError


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    words = "who should be here when: shifts as a table (CSV) or a calendar (iCalendar)"
    verbs = add_verbs(commands, "roster", words)
    out = add_command(
        verbs, "export", _export_roster, "print the shifts of some days, or one calendar"
    )
    add_place(out)
    out.add_argument("--from", dest="first", type=date.fromisoformat, help="first day (today)")
    out.add_argument("--until", type=date.fromisoformat, help="last day (13 days on)")
    out.add_argument("--agent", help="a username: their whole roster, as a calendar")
    bring = add_command(
        verbs, "import", _import_roster, "bring in the shifts of a file, all or none"
    )
    add_place(bring)
    bring.add_argument("file", type=Path, help="CSV, or iCalendar (.ics; then say --agent)")
    bring.add_argument("--agent", default="", help="whose calendar it is: a username")
    bring.add_argument("--dry-run", action="store_true", help="tell, and change nothing")


def _export_roster(arguments: argparse.Namespace) -> int:
    from agents.roster import files
    from agents.roster.service import Act

    with opened(arguments) as (config, database), database.read() as session:
        act = Act(None, clock.now(), config.city.zone)
        if arguments.agent:
            hotline = config.city.hotline_name.for_("th")
            text = files.calendar(session, files.named(session, arguments.agent), act, hotline)
        else:
            first = arguments.first or act.today
            last = arguments.until or first + timedelta(days=13)
            text = files.table(session, first, last, act)
    sys.stdout.buffer.write(text.encode())
    return 0


def _import_roster(arguments: argparse.Namespace) -> int:
    from agents.roster import files, importing
    from agents.roster.service import Act

    content = arguments.file.read_bytes()
    with opened(arguments) as (config, database), database.write() as session:
        act = Act(None, clock.now(), config.city.zone)
        preview = files.preview(session, content, arguments.agent, act)
        if not preview.bad and not arguments.dry_run:
            importing.bring(session, preview, act)
    for bad in preview.bad:
        why = in_words(HotlineError(text=f"agents.roster.bad.{bad.why}", what=bad.what))
        print(f"{arguments.file}, line {bad.line}: {why.removesuffix(' error')}", file=sys.stderr)
    print(f"{len(preview.new)} new, {len(preview.changed)} changed, {preview.there} there already")
    if preview.bad or arguments.dry_run:
        print("nothing was changed")
    return 1 if preview.bad else 0
