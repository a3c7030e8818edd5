"""`hotline replay`, `hotline demo` and `hotline chaos`: a hotline played with."""

import argparse
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from hotline import clock
from hotline.commands.base import add as add_command
from hotline.commands.base import add_config
from hotline.errors import Invalid

if TYPE_CHECKING:
    from hotline.replay.command import Options


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    replay = add_command(commands, "replay", _replay, "play a day of a call log through a hotline")
    replay.add_argument("file", type=Path, help="a log of the form of bank_august_1999.tsv")
    replay.add_argument("--date", type=date.fromisoformat, help="the day (the file's first)")
    replay.add_argument(
        "--staff",
        default="log",
        help="CSV with the columns hour, agents; `log` (default): as many as the log had",
    )
    demo = add_command(commands, "demo", _demo, "play a generated day, for somebody who watches")
    demo.add_argument("--calls", type=int, default=1200, help="calls of the day (1200)")
    demo.add_argument("--date", type=date.fromisoformat, help="the day (today)")
    demo.add_argument("--leave", action="store_true", help="end when the day is over")
    for parser, web_port, exchange_port in ((replay, 0, 0), (demo, 8000, 8437)):
        parser.add_argument("--speed", type=float, default=60.0, help="how fast (60)")
        parser.add_argument("--data", type=Path, help="a folder of its own (a new one)")
        add_config(parser, "--config")
        parser.add_argument("--database-url", help="a database of its own (a file in the folder)")
        parser.add_argument(
            "--call-back", action="store_true", help="agents call back who hung up while waiting"
        )
        parser.add_argument("--web-port", type=int, default=web_port)
        parser.add_argument("--exchange-port", type=int, default=exchange_port)

    chaos = add_command(
        commands, "chaos", _chaos, "break a hotline on purpose, under calls; see docs"
    )
    chaos.add_argument("--minutes", type=float, default=5.0, help="of each scenario (5)")
    chaos.add_argument("--scenario", action="append", help="which; repeatable (all)")
    chaos.add_argument("--data", type=Path, help="a folder of its own (a new one)")
    add_config(chaos, "--config")


def _chaos(arguments: argparse.Namespace) -> int:
    from hotline.chaos.hotline import Hotline
    from hotline.chaos.scenarios import SCENARIOS

    names = arguments.scenario or list(SCENARIOS)
    if unknown := [name for name in names if name not in SCENARIOS]:
        there = ", ".join(SCENARIOS)
        raise Invalid(f"no such scenario: {', '.join(unknown)} (there are {there})")
    data = arguments.data or Path("var") / f"chaos-{clock.now():%Y%m%d-%H%M%S}"
    failed = False
    with Hotline(data, arguments.config) as hotline:
        for name in names:
            verdict = SCENARIOS[name](hotline, 60 * arguments.minutes)
            print("\n".join([str(verdict), *(f"      {each}" for each in verdict.violations)]))
            failed = failed or bool(verdict.violations)
    return 1 if failed else 0


def _replay(arguments: argparse.Namespace) -> int:
    from hotline.replay import command

    staff = None if arguments.staff == "log" else Path(arguments.staff)
    options = _replay_options(arguments, "replay", stay=False)
    return command.replay(arguments.file, arguments.date, staff, options)


def _demo(arguments: argparse.Namespace) -> int:
    from hotline.replay import command

    options = _replay_options(arguments, "demo", stay=not arguments.leave)
    day = arguments.date or clock.now().astimezone().date()
    return command.demo(arguments.calls, day, options)


def _replay_options(arguments: argparse.Namespace, name: str, *, stay: bool) -> "Options":
    from hotline.replay.command import Options

    return Options(
        config=arguments.config,
        data=arguments.data or Path("var") / f"{name}-{clock.now():%Y%m%d-%H%M%S}",
        speed=arguments.speed,
        web_port=arguments.web_port,
        exchange_port=arguments.exchange_port,
        database_url=arguments.database_url,
        stay=stay,
        call_back=arguments.call_back,
    )
