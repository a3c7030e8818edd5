"""`hotline duplicates`: how good the offers of the same matter are, on any city's table."""

import argparse
import csv
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotline import tables
from tickets.categories.command import Tools

if TYPE_CHECKING:
    from tickets.categories.names import Names
    from tickets.config import Tickets
    from tickets.matters.measuring import Figures, Report
    from tickets.places.rules import Pin

_FIGURE = re.compile(r"-?\d+(?:\.\d+)?")
_SAME = frozenset({"1", "yes", "true", "same"})


def add(commands: Any, tools: Tools) -> None:
    """Add the command."""
    words = "how well several reports of one matter are found (docs/duplicates.md)"
    verbs = commands.add_parser("duplicates", help=words, description=words).add_subparsers(
        required=True, metavar="VERB"
    )
    words = "play a table (CSV) of reports: what is offered of what is the same, what is merged"
    measure = tools.add(verbs, "evaluate", lambda asked: _evaluate(asked, tools), words)
    tools.place(measure)
    measure.add_argument("files", nargs="+", type=Path, metavar="FILE")
    for name, help_text in (
        ("--id", "rows with the same are one ticket"),
        ("--text", "what was written"),
        ("--at", "when (ISO 8601; without a zone: UTC)"),
        ("--pin", "where: one column (longitude first), or two, latitude,longitude"),
    ):
        measure.add_argument(name, required=True, metavar="COLUMN", help=help_text)
    measure.add_argument("--label", metavar="COLUMN", help="what about, as categories are called")
    measure.add_argument("--address", metavar="COLUMN", help="the words of where it is")
    measure.add_argument("--letters", type=int, default=0, help="of the words so many are heard")
    measure.add_argument("--off", type=float, default=0, help="the pin is so many metres off")
    measure.add_argument("--no-pin", action="store_true", help="only the words of where it is")
    measure.add_argument("--no-address", action="store_true", help="nor these: what was said alone")
    measure.add_argument(
        "--streets",
        type=int,
        metavar="N",
        help="the city knows the sois that N addresses name, and finds them in words",
    )
    measure.add_argument(
        "--alone", action="store_true", help="with --streets: also by the name without its word"
    )
    measure.add_argument("--least", type=float, help="offer what is so likely (0 to 1)")
    measure.add_argument(
        "--judged", type=Path, metavar="FILE", help="CSV: one,other,same (ids, and 1 or 0)"
    )
    measure.add_argument(
        "--merges", type=Path, metavar="FILE", help="write there what is merged of new tickets"
    )
    measure.add_argument("--json", action="store_true", help="the figures as JSON")


def _evaluate(arguments: argparse.Namespace, tools: Tools) -> int:
    from tickets.matters import measuring, rules

    config = tools.config(arguments)
    reports = [each for file in arguments.files for each in _reports(file, config, arguments)]
    heard = measuring.Heard(
        arguments.letters,
        arguments.off,
        pin=not arguments.no_pin,
        address=not arguments.no_address,
    )
    if arguments.streets is not None:
        addresses = {each.id: each.matter.place for each in reports}.values()
        known = measuring.streets_of(addresses, arguments.streets, alone=arguments.alone)
        heard = replace(heard, streets=known)
    if not reports:
        print("there is nothing to measure on", file=sys.stderr)
        return 1
    judged = _judged(arguments.judged) if arguments.judged else {}
    least = rules.LEAST if arguments.least is None else arguments.least
    found = measuring.measure(reports, heard, judged, least)
    if arguments.merges:
        with arguments.merges.open("w", encoding="utf-8", newline="") as opened:
            csv.writer(opened).writerows([("one", "other"), *found.merges])
    if arguments.json:
        print(json.dumps({"rows": len(reports), **found.as_json()}, indent=2))
    else:
        _show(len(reports), found)
    return 0


def _show(rows: int, found: "Figures") -> None:
    print(f"{rows:,} rows, {found.tickets:,} tickets")
    print(f"second callers: {found.second:,}")
    print(f"  their ticket offered first: {_of(found.first, found.second)}")
    print(f"  among the first three: {_of(found.three, found.second)}")
    print(f"  always trusted: merged {_of(found.merged, found.second)}")
    print(f"    of these wrong: {_of(found.wrong, found.merged)}")
    print(f"new tickets: {found.new:,}, offered and always trusted: {found.new_merged:,}")
    print(f"offered in all: {found.offered:,}, too far apart: {_of(found.far, found.offered)}")
    merged = found.merged + found.new_merged
    print(f"  always trusted: merged too far apart {_of(found.merged_far, merged)}")
    if found.judged_same or found.judged_merged:
        print(
            f"judged the same, among the first three: {_of(found.judged_three, found.judged_same)}"
        )
        print(f"first offers judged wrong: {_of(found.judged_wrong, found.judged_merged)}")


def _of(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} ({part / whole:.1%})" if whole else "none"


def _judged(file: Path) -> dict[frozenset[str], bool]:
    with tables.rows(file) as rows:
        tables.columns(file, rows, {each: each for each in ("one", "other", "same")})
        return {frozenset({row["one"], row["other"]}): row["same"] in _SAME for row in rows}


def _reports(file: Path, config: "Tickets", asked: argparse.Namespace) -> Iterator["Report"]:
    """Read a table; a row without an id, a moment or a place is left out, and told of."""
    from tickets.categories.names import Names

    names = Names.of(config.categories)
    form, left_out, read = tables.form_of(file), Counter[str](), 0
    if not form.is_usual:
        print(f"{file}: read as {form}", file=sys.stderr)
    with tables.rows(file, form) as rows:
        wanted = [asked.id, asked.text, asked.at, *asked.pin.split(",")]
        wanted += [each for each in (asked.label, asked.address) if each]
        tables.columns(file, rows, {each: each for each in wanted})
        for row in rows:
            read += 1
            report = _report(row, config, names, asked)
            if isinstance(report, str):
                left_out[report] += 1
            else:
                yield report
    if left_out:
        why = ", ".join(f"{count:,} {what}" for what, count in left_out.most_common())
        print(f"{file}: of {read:,} rows left out: {why}", file=sys.stderr)


def _report(
    row: Mapping[str, str], config: "Tickets", names: "Names", asked: argparse.Namespace
) -> "Report | str":
    """A row as a report; else why it is left out."""
    from tickets.matters.measuring import Report
    from tickets.matters.rules import Matter

    pin = _pin([row[name] or "" for name in asked.pin.split(",")])
    try:
        at = datetime.fromisoformat(row[asked.at] or "")
    except ValueError:
        return f"without a moment in {asked.at} (as 2026-11-20 14:05)"
    if pin is None:
        return f"without a place in {asked.pin}"
    if not row[asked.id]:
        return f"without {asked.id}"
    found = names.categories(row[asked.label] or "")[0] if asked.label else set()
    category = min(found) if found else None
    matter = Matter(
        key=0,
        text=row[asked.text] or "",
        at=at if at.tzinfo else at.replace(tzinfo=UTC),
        limits=config.duplicates_of(category).limits,
        category=category,
        group=config.categories[category].division if category else None,
        pin=pin,
        place=(row[asked.address] or "") if asked.address else "",
    )
    return Report(row[asked.id], matter)


def _pin(cells: list[str]) -> "Pin | None":
    from tickets.places.rules import Pin

    figures = [float(each) for cell in cells for each in _FIGURE.findall(cell)]
    if len(figures) != 2:
        return None
    try:
        # two columns: latitude and longitude; one, as in GeoJSON, the other way round
        return Pin.of(*(figures if len(cells) == 2 else figures[::-1]))
    except ValueError:
        return None
