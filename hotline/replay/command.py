"""Runs a whole hotline of its own for a plan, plays it, runs the night, and checks what came of
it.
"""

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from types import FrameType

import agents.demo
import agents.service
import reports.jobs
from hotline import city, clock, settings
from hotline.app import build_floor
from hotline.auth import Role, create_account
from hotline.city import CityConfig
from hotline.clock import ScaledClock
from hotline.floor import Floor
from hotline.replay import generate, log, summary, verify
from hotline.replay.drive import Driver, Place, Played
from hotline.replay.plan import Plan, PlanError, from_log
from hotline.supervisor import CannotStart, RunSettings, Stopped, Supervisor
from reports.config import Reports

#: Seconds of the wall in which the hotline starts, before the played day begins: also on a busy
#: machine, since who calls before anybody could sign in would leave a message instead. What is left
#: of them is skipped.
HEAD_START = 60.0
WATCHER = "replay-watch"


@dataclass(frozen=True)
class Options:
    """How to play. A port of 0 takes any free one."""

    config: Path
    #: A folder that is empty or not there yet.
    data: Path
    speed: float = 60.0
    web_port: int = 0
    exchange_port: int = 0
    #: Another database than a file in the folder, for a replay alone.
    database_url: str | None = None
    #: Stay up after the last call, for somebody who watches.
    stay: bool = False
    #: The scripted agents call back, while nobody waits, who hung up while waiting.
    call_back: bool = False


def replay(file: Path, day: date | None, staff: Path | None, options: Options) -> int:
    """Play one day of a log; 0 when all three equalities hold, else 1."""
    config = city.load(options.config)
    try:
        plan = from_log(log.read(file, day), config.ivr.graph, staff)
    except (log.LogError, PlanError, OSError) as error:
        return _refuse(str(error))
    return _play(plan, config, options)


def demo(calls: int, on: date, options: Options) -> int:
    """Play a generated day; 0 when all three equalities hold, else 1."""
    config = city.load(options.config)
    plan = generate.day(config.ivr.graph, on=on, calls=calls)
    return _play(plan, config, options)


def _refuse(words: str) -> int:
    print(f"hotline: {words}", file=sys.stderr)
    return 1


def _play(plan: Plan, config: CityConfig, options: Options) -> int:
    if options.data.exists() and any(options.data.iterdir()):
        return _refuse(f"{options.data} is not empty: a replay needs a folder of its own")
    midnight = clock.midnight(plan.day, config.city.zone)
    start = midnight - timedelta(seconds=HEAD_START * options.speed)
    options.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    the_clock = ScaledClock.starting(start, options.speed).that_skips(options.data / "clock")
    supervisor = Supervisor(_run_settings(options, the_clock))
    try:
        with _interruptible(supervisor), supervisor:
            return _on(supervisor, plan, config, the_clock, options)
    except CannotStart as error:
        return _refuse(str(error))
    except (KeyboardInterrupt, Stopped):
        return 130


def _run_settings(options: Options, the_clock: ScaledClock) -> RunSettings:
    environment = settings.without_services(os.environ)
    if options.database_url:
        environment["DATABASE_URL"] = options.database_url
    return RunSettings(
        data=options.data,
        config=options.config,
        web_port=options.web_port,
        exchange_port=options.exchange_port,
        clock=str(the_clock),
        environment=environment,
        console=None,
    )


@contextmanager
def _interruptible(supervisor: Supervisor) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the replay, and the hotline with it."""

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        supervisor.ask_to_stop()
        raise KeyboardInterrupt

    before = {
        number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _on(
    supervisor: Supervisor,
    plan: Plan,
    config: CityConfig,
    the_clock: ScaledClock,
    options: Options,
) -> int:
    floor = build_floor(settings.from_environment(supervisor.environment), config)
    try:
        place = Place(
            web_url=supervisor.web_url,
            exchange_url=supervisor.exchange_url,
            number=config.city.number,
            clock=the_clock,
            midnight=clock.midnight(plan.day, config.city.zone),
            passwords=_make_accounts(floor, plan, the_clock),
            watcher=WATCHER,
        )
        for line in _where_to_look(supervisor, plan, options):
            print(line, flush=True)
        driver = Driver(plan, place, call_back=options.call_back)
        played = asyncio.run(driver.play(lambda line: print(line, flush=True)))
        found = _count(floor, plan, played, the_clock)
    finally:
        floor.close()
    for line in summary.lines(plan, played, found):
        print(line, flush=True)
    if options.stay:
        print("The hotline stays up; Ctrl-C stops it. กด Ctrl-C เพื่อหยุด", flush=True)
        with suppress(KeyboardInterrupt):
            supervisor.wait()
    return 1 if found.failures or played.failed_webhooks else 0


def _make_accounts(floor: Floor, plan: Plan, the_clock: ScaledClock) -> dict[str, str]:
    """Accounts of the scripted agents and of who watches them, with passwords that nobody else
    knows.
    """
    agents.demo.seed(floor)
    passwords = {name: secrets.token_urlsafe(18) for name in (WATCHER, *plan.skills)}
    for name, password in passwords.items():
        now = the_clock.now()
        with floor.db.write() as session:
            account_id = create_account(
                session,
                username=name,
                name=name,
                role=Role.SUPERVISOR if name == WATCHER else Role.AGENT,
                password=password,
                now=now,
            )
            if name in plan.skills:
                agents.service.create_agent(
                    session,
                    account_id=account_id,
                    name=name,
                    queues={queue for queue, _ in plan.skills[name]},
                    languages={language for _, language in plan.skills[name]},
                    now=now,
                )
    return passwords


def _where_to_look(supervisor: Supervisor, plan: Plan, options: Options) -> list[str]:
    return [
        "",
        f"  {plan.day}: {len(plan.callers)} calls, {len(plan.skills)} scripted agents, "
        f"{options.speed:g} times as fast as the wall",
        f"  Handset    โทรเข้า    {supervisor.exchange_url}/",
        f"  Wallboard  จอรวม     {supervisor.web_url}/wallboard",
        f"  Tickets    เรื่อง       {supervisor.web_url}/tickets",
        f"  Reports    รายงาน    {supervisor.web_url}/reports/day/{plan.day}",
        f"  Data       ข้อมูล      {supervisor.data}",
        "  DEMO ACCOUNTS with published passwords · บัญชีสาธิต รหัสผ่านเป็นที่รู้กันทั่วไป",
        *(f"    {line}" for line in agents.demo.credentials()),
        "",
    ]


def _count(floor: Floor, plan: Plan, played: Played, the_clock: ScaledClock) -> verify.Findings:
    """Run the night over every day that calls may belong to, and compare."""
    zone = floor.city.zone
    last = clock.local_day(the_clock.now(), zone)
    first = plan.day - timedelta(days=1)
    print(reports.jobs.recompute(floor, first, last), flush=True)
    return verify.verify(
        floor.settings.database_url,
        played.placed,
        zone=zone,
        threshold=floor.section(Reports).rules.threshold,
        days=[first + timedelta(days=number) for number in range((last - first).days + 1)],
    )
