"""Run the benchmarks: all of them, or the ones named (`python -m benchmarks step routing`)."""

import argparse
import importlib
from pathlib import Path
from typing import Any

from benchmarks import machine

ALL = (
    "step",
    "routing",
    "night",
    "estimate",
    "softphone",
    "answers",
    "tickets",
    "reports",
    "categories",
    "duplicates",
    "screen",
    "floor",
)


def main() -> None:
    """Run what was asked for, one after the other."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of: {' '.join(ALL)} (all)")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    parser.add_argument(
        "--latencies",
        action="store_true",
        help="of softphone and screen: only how soon it is seen and heard, in 150 rounds each",
    )
    parser.add_argument("--log", type=Path, metavar="FILE", help="a real log, for estimate")
    parser.add_argument(
        "--kept",
        metavar="WHERE",
        help="rows that stand already: for reports the address of a database, for tickets the "
        "folder of a PostgreSQL's data (made there once)",
    )
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(ALL)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    print(machine.described())
    for name in arguments.names or ALL:
        print(flush=True)
        kept, latencies = {"kept": arguments.kept}, {"latencies": arguments.latencies}
        of_one = {
            "estimate": {"log": arguments.log},
            "reports": kept,
            "tickets": kept,
            "softphone": latencies,
            "screen": latencies,
        }
        options: dict[str, Any] = of_one.get(name, {})
        importlib.import_module(f"benchmarks.{name}").main(quick=arguments.quick, **options)


main()
