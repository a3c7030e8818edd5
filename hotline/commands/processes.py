"""`hotline web`, `streams`, `worker`, `clock` and `migrate`: the processes of an installation."""

import argparse
import os
import sys
from typing import TYPE_CHECKING

from hotline.commands.base import add as add_command
from hotline.commands.base import add_place, store

if TYPE_CHECKING:
    from hotline.floor import Floor

WEB_WORKERS, WEB_THREADS = 2, 16


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    web = add_command(commands, "web", _web, "the web process: webhooks and pages (gunicorn)")
    web.add_argument("--host", default="127.0.0.1")
    web.add_argument("--port", type=int, default=8000)
    web.add_argument("--workers", type=int, default=WEB_WORKERS)
    web.add_argument("--threads", type=int, default=WEB_THREADS)
    streams = add_command(commands, "streams", _streams, "tells open pages what has changed")
    streams.add_argument("--host", default="127.0.0.1")
    streams.add_argument("--port", type=int, default=8438)
    worker = add_command(commands, "worker", _worker, "a worker (RQ)")
    worker.add_argument("names", nargs="*", metavar="NAME", help="calls or night; left out: both")
    add_command(commands, "clock", _clock, "the sweeps and the start of the nightly jobs")
    migrate = add_command(commands, "migrate", _migrate, "bring the database to the newest schema")
    add_place(migrate)


def _web(arguments: argparse.Namespace) -> int:
    from hotline import city, settings

    city.load(settings.from_environment().config)  # refuse at start, once, in words
    host = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
    os.execv(  # noqa: S606 - gunicorn is to be the process that the service manager knows
        sys.executable,
        [
            *(sys.executable, "-P", "-m", "gunicorn", "hotline.app:create_app()"),
            *("--bind", f"{host}:{arguments.port}", "--worker-class", "gthread"),
            *("--workers", str(arguments.workers), "--threads", str(arguments.threads)),
            # without it one worker takes most of the kept-alive connections
            *("--reuse-port", "--keep-alive", "75", "--graceful-timeout", "15"),
            *("--log-level", "warning", "--no-control-socket"),
        ],
    )


def _streams(arguments: argparse.Namespace) -> int:
    import agents.jobs
    from hotline import logs, streams

    logs.configure()
    floor = _floor()
    try:
        app = streams.application(floor, agents.jobs.topics_now, [agents.jobs.FLOOR])
        streams.run(app, arguments.host, arguments.port)
    finally:
        floor.close()
    return 0


def _worker(arguments: argparse.Namespace) -> int:
    from hotline import jobs, logs, settings
    from hotline.app import worker_floor

    logs.configure()
    if unknown := set(arguments.names) - set(jobs.WORKERS):
        print(f"hotline: no worker is called {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    worker_floor()  # every room is imported and the configuration read before the first job
    names = arguments.names or jobs.WORKERS
    queues = [queue for name in names for queue in jobs.WORKERS[name]]
    jobs.work(settings.from_environment().redis_url, queues)
    return 0


def _clock(_arguments: argparse.Namespace) -> int:
    from hotline import logs, ticker

    logs.configure()
    floor = _floor()
    try:
        ticker.run(floor)
    finally:
        floor.close()
    return 0


def _migrate(arguments: argparse.Namespace) -> int:
    from hotline import db

    db.migrate(store(arguments).database_url)
    return 0


def _floor() -> "Floor":
    from hotline import settings
    from hotline.app import build_floor

    return build_floor(settings.from_environment())
