"""`hotline import-calls`: a city's calls of past years, from the files of its old exchange."""

import argparse
import sys
import time
from collections import Counter
from datetime import datetime
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from hotline import clock
from hotline.commands.base import add as add_command
from hotline.commands.base import add_place, opened
from hotline.errors import ConfigError, Invalid

if TYPE_CHECKING:
    from hotline.city import CityConfig
    from hotline.db import Database
    from reports.history.importing import Job, Progress, Told
    from reports.service import How

_WORDS = """\
Bring in the calls of past years from a file of the old exchange, so that every report counts them.

  1. Look first. Nothing is written:
       hotline import-calls calls-2567.csv --map asterisk-cdr --dry-run
  2. If the figures are those you know, do it:
       hotline import-calls calls-2567.csv --map asterisk-cdr
  3. If it was the wrong file, take it back (the number is in --list):
       hotline import-calls --undo 3

How the file is written (columns, dates, Buddhist years, outcomes) is told by a map. Some are
shipped: see --list-maps. To make one of your own, begin with --print-map, and change it.
The same file twice counts once. What cannot be read goes to a file with the reason: it is
never guessed. It may be stopped at any time and started again.
"""
_EXAMPLE = "docs/history.md tells every key of a map, with an example in Thai."
#: Seconds of the wall between two lines of progress.
_EVERY = 2.0
_SHOWN = 40


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    short = "bring in the calls of past years from an old exchange's files"
    parser = add_command(commands, "import-calls", _run, short)
    parser.description, parser.epilog = _WORDS, _EXAMPLE
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "file", type=Path, nargs="?", metavar="FILE", help="the file with the calls"
    )
    parser.add_argument(
        "--map",
        metavar="MAP",
        help="how it is written: a file (map.yaml), or a name of --list-maps",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="say what it would do, and write nothing"
    )
    parser.add_argument(
        "--reject",
        type=Path,
        metavar="BAD",
        help="where rows go that cannot be read, with the reason (FILE.bad.csv in this folder)",
    )
    parser.add_argument(
        "--by", default="", help="who is doing this, for the list (who is signed in)"
    )
    verbs = parser.add_mutually_exclusive_group()
    verbs.add_argument("--undo", type=int, metavar="IMPORT", help="take an import back, wholly")
    verbs.add_argument("--list", action="store_true", help="the imports that there were")
    verbs.add_argument("--list-maps", action="store_true", help="the maps that are shipped")
    verbs.add_argument("--print-map", metavar="NAME", help="a shipped map, to begin one with")
    parser.add_argument("--reason", default="", help="with --undo: why, for the audit log")
    add_place(parser)


def _run(arguments: argparse.Namespace) -> int:
    from reports.history import maps

    if arguments.list_maps:
        print("\n".join(maps.names()))
        return 0
    if arguments.print_map:
        print(maps.find(arguments.print_map).read_text(encoding="utf-8"), end="")
        return 0
    if arguments.list:
        return _list(arguments)
    if arguments.undo is not None:
        return _undo(arguments)
    if arguments.file is None or arguments.map is None:
        raise Invalid("say a FILE and its --map (or --undo, --list, --list-maps, --print-map)")
    try:
        return _import(arguments)
    except ConfigError as error:
        print(f"The map {arguments.map} does not fit:", file=sys.stderr)
        for fault in error.faults:
            print(f"  {fault}", file=sys.stderr)
        return 1


def _by(arguments: argparse.Namespace) -> str:
    try:
        return arguments.by.strip() or getuser()
    except (KeyError, OSError):  # an account of the system without a name
        return "unknown"


def _how(config: "CityConfig") -> "How":
    from reports.service import How

    return How.by(config.city.zone, config.reports, config.agents)


# ------------------------------------------------------------------------ import


def _import(arguments: argparse.Namespace) -> int:
    from reports.history import importing, keeping, maps

    path = maps.find(arguments.map)
    the_map = maps.load(path)
    if arguments.reject is not None and arguments.reject.absolute() == arguments.file.absolute():
        raise Invalid("--reject names the file itself")
    if not arguments.file.is_file():
        raise Invalid(f"{arguments.file}: there is no such file")
    dry = arguments.dry_run
    rejects = arguments.reject or (None if dry else Path(f"{arguments.file.name}.bad.csv"))
    with opened(arguments) as (config, database):
        how = _how(config)
        now, kept = clock.now(), config.ivr.retention
        job = importing.Job(
            file=arguments.file,
            map_path=path,
            map=the_map,
            how=how,
            country=config.city.country,
            now=now,
            numbers_from=keeping.keeps_from(kept, now),
        )
        if rejects is not None:
            print(f"rows that cannot be read go to {rejects}", file=sys.stderr)
        _strangers(job, config)
        progress = _progress()
        if dry:
            told = importing.look(database, job, rejects, progress)
            _tell(told, how.zone, dry=True)
            _beside_our_own(told, database, how.zone)
            return 0
        by = _by(arguments)
        done = importing.perform(database, job, by=by, rejects=rejects, progress=progress)
        _tell(done.told, how.zone, dry=False)
        _beside_our_own(done.told, database, how.zone)
        print(f"import {done.import_.id}; {done.days} days were counted anew")
        if done.told.counts.bad:
            print(f"the {done.told.counts.bad} bad rows are in {rejects}")
    return 0


def _strangers(job: "Job", config: "CityConfig") -> None:
    """A queue that only the old exchange had is right, and may be a slip of the pen."""
    unknown = [each for each in job.map.targets() if each not in config.ivr.queues]
    if unknown:
        print(
            f"queues not in config.yaml, which stand in reports as here: {', '.join(unknown)}",
            file=sys.stderr,
        )


def _beside_our_own(told: "Told", database: "Database", zone: ZoneInfo) -> None:
    """Calls of a time at which this hotline answered already may be its own, from another log."""
    from reports.service import first_own_day

    with database.read() as session:
        begin = first_own_day(session)
    if begin is not None and told.last is not None and clock.local_day(told.last, zone) >= begin:
        print(
            f"some are from {begin} or later, when this hotline answered calls itself: "
            "make sure that they are not the same ones",
            file=sys.stderr,
        )


def _progress() -> "Progress":
    last = time.perf_counter()

    def progress(read: int, size: int, rows: int) -> None:
        nonlocal last
        now = time.perf_counter()
        if now - last >= _EVERY:
            last = now
            share = 100 * read // size if size else 100
            print(f"{share:3} %  {rows:,} rows", file=sys.stderr, flush=True)

    return progress


def _tell(told: "Told", zone: ZoneInfo, *, dry: bool) -> None:
    counts = told.counts
    print(f"{counts.read:>12,} rows read")
    print(f"{counts.new:>12,} {'would be imported' if dry else 'imported'}")
    print(f"{counts.known:>12,} known already")
    print(f"{counts.ignored:>12,} left out, as the map says")
    print(f"{counts.bad:>12,} bad")
    if told.first is not None and told.last is not None:
        print(f"from {_at(told.first, zone)} to {_at(told.last, zone)}")
    _tell_counts("by queue", Counter({name or "(none)": n for name, n in told.by_queue.items()}))
    _tell_counts("by outcome", told.by_outcome)
    _tell_counts("left out", told.ignored)
    _tell_counts("bad", told.reasons)
    for row, reason in told.bad:
        print(f"  line {row.line}: {reason}")
    if dry and told.examples:
        print("the first that would be imported:")
        for row in told.examples:
            print(f"  line {row.line}: {_visit(row.visit, zone)}")
    if not counts.read:
        print("there is no row in this file")
    elif counts.bad == counts.read:
        print("no row could be read: is it the map of this file? (--list-maps, docs/history.md)")
    if dry:
        print("nothing was written")


def _tell_counts(title: str, counts: Counter[str]) -> None:
    if counts:
        print(f"{title}:")
        for name, number in counts.most_common(_SHOWN):
            print(f"{number:>12,} {name}")


def _at(at: datetime, zone: ZoneInfo) -> str:
    return f"{clock.local(at, zone):%Y-%m-%d %H:%M:%S}"


def _visit(visit: object, zone: ZoneInfo) -> str:
    from hotline.i18n import masked
    from reports.history.visit import Visit

    assert isinstance(visit, Visit)
    said = [f"{_at(visit.arrived_at, zone)} {visit.queue or '(no queue)'} {visit.outcome}"]
    start = visit.queued_at
    end = visit.connected_at or visit.abandoned_at or visit.left_at
    if start is not None and end is not None:
        said.append(f"waited {(end - start).total_seconds():g} s")
    if visit.connected_at is not None and visit.talk_ended_at is not None:
        said.append(f"talked {(visit.talk_ended_at - visit.connected_at).total_seconds():g} s")
    said += [each for each in (visit.language, visit.agent) if each]
    if visit.number:
        said.append(masked(visit.number))
    return ", ".join(said)


# ------------------------------------------------------------------------ what there was


def _list(arguments: argparse.Namespace) -> int:
    from reports.history import service

    with opened(arguments) as (config, database):
        zone = config.city.zone
        with database.read() as session:
            found = service.imports(session)
        for each in found:
            print(
                f"{each.id:>5}  {each.state:<7}  {_at(each.started_at, zone)}  {each.source}  "
                f"{each.file_name}: {each.rows_read:,} read, {each.rows_new:,} new, "
                f"{each.rows_known:,} known, {each.rows_ignored:,} left out, {each.rows_bad:,} bad"
                f"  ({each.by})"
            )
        if not found:
            print("there were no imports")
    return 0


def _undo(arguments: argparse.Namespace) -> int:
    from reports.history import importing

    with opened(arguments) as (config, database):
        by = _by(arguments)
        done, days = importing.undo(
            database, arguments.undo, _how(config), by=by, reason=arguments.reason
        )
        print(f"import {done.id} ({done.file_name}) was taken back; {days} days were counted anew")
    return 0
