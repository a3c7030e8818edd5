"""`hotline web`, `streams`, `worker`, `clock` and `migrate`: the processes of an installation."""

import argparse
import sys

from hotline.commands.base import add as add_command
from hotline.commands.base import add_place, store
from hotline.start import starting

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
    worker.add_argument(
        "names", nargs="*", metavar="NAME", help="calls, soon or night; left out: all"
    )
    add_command(commands, "clock", _clock, "the sweeps and the start of the nightly jobs")
    migrate = add_command(commands, "migrate", _migrate, "bring the database to the newest schema")
    add_place(migrate)


def _web(arguments: argparse.Namespace) -> int:
    with starting():
        from hotline.server import server

        ours = server(
            arguments.host, arguments.port, workers=arguments.workers, threads=arguments.threads
        )
    ours.run()
    return 0


def _streams(arguments: argparse.Namespace) -> int:
    with starting():
        # no floor: a page that is open needs neither the city's file nor what all rooms do
        import agents.jobs
        from hotline import db, logs, settings, streams

        logs.configure()
        ours = settings.from_environment()
        database = db.Database(ours.database_url)
        app = streams.application(ours, database, agents.jobs.topics_now, [agents.jobs.FLOOR])
    try:
        streams.run(app, arguments.host, arguments.port)
    finally:
        database.dispose()
    return 0


def _worker(arguments: argparse.Namespace) -> int:
    from hotline import jobs, logs, settings

    if unknown := set(arguments.names) - set(jobs.WORKERS):
        print(f"hotline: no worker is called {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    with starting():
        from hotline.app import worker_floor

        logs.configure()
        worker_floor()  # every room is imported and the configuration read before the first job
    names = arguments.names or jobs.WORKERS
    queues = [queue for name in names for queue in jobs.WORKERS[name]]
    jobs.work(settings.from_environment().redis_url, queues)
    return 0


def _clock(_arguments: argparse.Namespace) -> int:
    with starting():
        from hotline import logs, settings, ticker
        from hotline.app import build_floor

        logs.configure()
        floor = build_floor(settings.from_environment())
    try:
        ticker.run(floor)
    finally:
        floor.close()
    return 0


def _migrate(arguments: argparse.Namespace) -> int:
    from hotline import db

    db.migrate(store(arguments).database_url)
    return 0
