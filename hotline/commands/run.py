"""`hotline run`: the whole hotline on this machine."""

import argparse
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from hotline import clock
from hotline.commands.base import add as add_command
from hotline.commands.base import add_place
from hotline.start import starting

if TYPE_CHECKING:
    from hotline.supervisor import Supervisor


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    run = add_command(commands, "run", _run, "the whole hotline on this machine, until Ctrl-C")
    add_place(run)
    run.add_argument("--host", default="127.0.0.1", help="where the pages listen (127.0.0.1)")
    run.add_argument("--web-port", type=int, default=8000)
    run.add_argument("--exchange-port", type=int, default=8437)
    run.add_argument("--stream-port", type=int, default=8438)
    run.add_argument("--stations", type=Path, help="JSON: who answers when the exchange rings")
    run.add_argument("--speed", type=float, default=1.0, help="how fast the clock runs (1)")


def _run(arguments: argparse.Namespace) -> int:
    with ExitStack() as start:
        start.enter_context(starting())
        return _supervise(arguments, start.close)


def _supervise(arguments: argparse.Namespace, started: Callable[[], None]) -> int:
    from hotline import supervisor

    # Real time is the absence of a clock of its own.
    the_clock = (
        str(clock.ScaledClock.starting(clock.now(), arguments.speed))
        if arguments.speed != 1
        else ""
    )
    settings = supervisor.RunSettings(
        data=arguments.data,
        config=arguments.config,
        host=arguments.host,
        web_port=arguments.web_port,
        exchange_port=arguments.exchange_port,
        stream_port=arguments.stream_port,
        clock=the_clock,
        stations=arguments.stations,
        console=sys.stderr,
    )
    print("Starting …", file=sys.stderr)

    def when_ready(running: "Supervisor") -> None:
        seed_demo(running.environment)
        print(welcome(running), flush=True)
        started()

    try:
        return supervisor.run(settings, when_ready)
    except supervisor.CannotStart as error:
        print(f"hotline: {error}", file=sys.stderr)
        return 1


def seed_demo(environment: dict[str, str]) -> None:
    """Make the demo accounts, the first answers and prepared words, where all is on its embedded
    defaults.
    """
    if environment.get("HOTLINE_DEMO") != "1":
        return
    import agents.demo
    import tickets.answers.importing
    import tickets.life.seeding
    import tickets.units.fleet
    from hotline import settings
    from hotline.app import build_floor

    floor = build_floor(settings.from_environment(environment))
    try:
        agents.demo.seed(floor)
        tickets.answers.importing.seed(floor)
        tickets.life.seeding.seed(floor)
        tickets.units.fleet.demo(floor)
    finally:
        floor.close()


def welcome(running: "Supervisor") -> str:
    """Where to look, with which accounts; said plainly that they are demo accounts."""
    import agents.demo

    lines = ["", "  Saidduan สายด่วน is answering calls · พร้อมรับสายแล้ว", ""]
    if running.exchange_url:
        lines.append(f"  Handset    โทรเข้า    {running.exchange_url}/")
    lines += [
        f"  Desk       รับสาย     {running.web_url}/desk",
        f"  Wallboard  จอรวม     {running.web_url}/wallboard",
        f"  Tickets    เรื่อง       {running.web_url}/tickets",
        f"  Reports    รายงาน    {running.web_url}/reports",
        f"  Data       ข้อมูล      {running.data}",
        "",
    ]
    if running.environment.get("HOTLINE_DEMO") == "1":
        lines += [
            "  DEMO ACCOUNTS with published passwords: never take real calls with them.",
            "  บัญชีสาธิต รหัสผ่านเป็นที่รู้กันทั่วไป ห้ามใช้รับสายจริง",
            *(f"    {line}" for line in agents.demo.credentials()),
            "",
        ]
    return "\n".join([*lines, "  Ctrl-C stops it. กด Ctrl-C เพื่อหยุด", ""])
