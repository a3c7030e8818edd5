"""The hotline that is broken: a whole one, of real processes, and the world around it.

The carrier's side (exchange, fallback document) and Redis are processes of the scenario's own, so
that the hotline between them can be killed whole while callers stay on the line, as they would.
"""

import json
import os
import secrets
import sqlite3
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa

import agents.service
from hotline import city, clock, fallback, guardian, ports, settings
from hotline.app import build_floor
from hotline.auth import Role, create_account
from hotline.chaos import books, heard
from hotline.chaos.crowd import Crowd, Place, Script
from hotline.children import Child, Spec
from hotline.clock import ScaledClock
from hotline.replay.plan import keys_to
from hotline.supervisor import STATUS_PATH, VOICE_PATH, RunSettings, Supervisor, redis_spec
from ivr.events import Waits
from ivr.models import Waiting
from tickets.config import Tickets

AGENTS = 8
#: Seconds that whoever answers at the fallback number talks.
AT_NIGHT = 3.0
#: Seconds in which everything has come to its end once nothing is broken any more.
SETTLED = 90.0

T = TypeVar("T")


class Away(Protocol):
    """A database that can be taken away and given back."""

    def begin(self) -> None: ...
    def end(self) -> None: ...


class Hotline:
    """A whole hotline of real processes, and the world around it."""

    def __init__(
        self,
        data: Path,
        config: Path,
        *,
        speed: float = 1.0,
        database_url: str = "",
        away: Away | None = None,
    ) -> None:
        #: Speech, waiting and ringing may go faster than the wall; two calls a second are the
        #: wall's.
        self.clock = ScaledClock.starting(clock.now(), speed)
        self.data, self.config_file = data.resolve(), config
        self.config = city.load(config)
        self.sentences = heard.Sentences.of(self.config)
        self._database_url = database_url or f"sqlite:///{self.data / 'hotline.sqlite'}"
        self._away = away
        self._resources = ExitStack()
        self._guardian: guardian.Guardian | None = None
        self._children: dict[str, Child] = {}
        self._ours: Supervisor | None = None
        self._passwords: dict[str, str] = {}
        self.began = self.clock.now()

    def __enter__(self) -> "Hotline":
        try:
            self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._guardian = guardian.Guardian()
            self._resources.callback(self._guardian.close)
            self._start_the_world()
            self.begin()
            self.floor = build_floor(settings.from_environment(self.ours.environment), self.config)
            self._resources.callback(self.floor.close)
            self._staff()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        if self._ours is not None:
            self._ours.stop()
        for child in reversed(self._children.values()):
            self._ended(child)
            child.close()
        self._resources.close()

    # ------------------------------------------------------------------------ the world

    def _start_the_world(self) -> None:
        folder = self._resources.enter_context(_short_folder())
        held = [self._resources.enter_context(ports.Held(ports.LOOPBACK)) for _ in range(3)]
        self.web_url, self.exchange_url, sorry = (each.url for each in held)
        document = self.data / "fallback.xml"
        document.write_text(fallback.document(self.config), encoding="utf-8")
        self._account, self._token = f"AC{secrets.token_hex(16)}", secrets.token_hex(16)
        options = {
            "--port": _port(self.exchange_url),
            "--account-sid": self._account,
            "--number": f"{self.config.city.number}={self.web_url}{VOICE_PATH}",
            "--voice-fallback-url": f"{sorry}/",
            "--status-callback": self.web_url + STATUS_PATH,
            "--clock": str(self.clock),
        }
        words = [word for pair in options.items() for word in pair]
        environment = settings.without_services(os.environ) | {"EXCHANGE_AUTH_TOKEN": self._token}
        exchange, python = self.exchange_url, [sys.executable, "-P", "-m"]
        redis, self._redis_url = redis_spec(folder / "s", folder, environment, "--save", "")
        for spec in (
            redis,
            Spec(
                "fallback",
                [*python, "hotline.fallback", "--port", _port(sorry), str(document)],
                environment,
                lambda: ports.healthy(sorry),
            ),
            Spec(
                "exchange",
                [*python, "exchange", *words],
                environment,
                lambda: ports.healthy(exchange),
            ),
        ):
            child = Child(spec, self.data / "world", lambda _name, _line: None)
            self._children[spec.name] = child
            self._launch(child)
        self.station(self.config.city.fallback_number, answer_after=1, hang_up_after=AT_NIGHT)

    def _launch(self, child: Child) -> None:
        assert self._guardian is not None
        child.start(lambda _child, _code: None)
        self._guardian.watch(child.pid, child.spec.stop_signal)
        child.await_ready(lambda: None)

    def _ended(self, child: Child) -> None:
        """End a child, and have the guardian forget it: its id may be somebody else's soon."""
        session = child.session
        child.end()
        if self._guardian is not None and session is not None:
            self._guardian.forget(session)

    def station(self, address: str, **what: object) -> None:
        """Who answers at an address of the world, and how."""
        body = {"outcome": "answer", **what}
        _json(f"{self.exchange_url}/handset/stations/{address}", body, "PUT")

    def call(self, sid: str) -> dict[str, Any]:
        """All of a call, as its handset has it."""
        found: dict[str, Any] = _json(f"{self.exchange_url}/handset/calls/{sid}")
        return found

    def live(self) -> int:
        """How many callers are on the line."""
        path = "/handset/calls?live=1&direction=inbound&limit=1000"
        return len(_json(self.exchange_url + path)["calls"])

    # ------------------------------------------------------------------------ ours

    @property
    def ours(self) -> Supervisor:
        assert self._ours is not None
        return self._ours

    def begin(self) -> None:
        """Start all that is ours; returns when calls are answered."""
        environment = settings.without_services(os.environ) | {
            "DATABASE_URL": self._database_url,
            "REDIS_URL": self._redis_url,
            "PUBLIC_URL": self.web_url,
            "CARRIER_BASE_URL": self.exchange_url,
            "CARRIER_ACCOUNT_SID": self._account,
            "CARRIER_AUTH_TOKEN": self._token,
        }
        port = int(_port(self.web_url))
        told = RunSettings(
            self.data,
            self.config_file,
            web_port=port,
            clock=str(self.clock),
            environment=environment,
        )
        self._ours = Supervisor(told).start()

    def kill_everything(self) -> None:
        """All that is ours, at once, without a word."""
        self.ours.kill()
        self.ours.stop()
        self._ours = None

    def web(self) -> tuple[int, list[int]]:
        """The web's master process and its workers."""
        master = self.ours.children["web"].pid
        return master, [pid for pid in guardian.members(master) if pid != master]

    def redis_goes(self) -> None:
        """Redis is killed."""
        self._children["redis"].kill()
        self._ended(self._children["redis"])

    def redis_returns(self) -> None:
        """Redis comes back, empty."""
        self._launch(self._children["redis"])

    def database(self) -> Away:
        """What takes the database away."""
        if self._away is not None:
            return self._away
        path = sa.make_url(self._database_url).database
        assert path is not None
        return _Locked(path)

    # ------------------------------------------------------------------------ who works

    def _staff(self) -> None:
        flow, pause = self.config.ivr, next(iter(self.config.agents.breaks))
        for number in range(AGENTS):
            name, password = f"chaos{number + 1}", secrets.token_urlsafe(12)
            now = self.clock.now()
            with self.floor.db.write() as session:
                account_id = create_account(
                    session,
                    username=name,
                    name=name,
                    role=Role.AGENT,
                    password=password,
                    now=now,
                )
                made = agents.service.create_agent(
                    session,
                    account_id=account_id,
                    name=name,
                    queues=list(flow.queues),
                    languages=list(flow.languages),
                    now=now,
                )
                # somebody is there, so that callers wait for them and are not sent on
                agents.service.take_break(session, made.id, reason=pause, now=now)
            self._passwords[name] = password

    @contextmanager
    def crowd(self, scripts: Sequence[Script], rate: float = 2.0) -> Iterator[Crowd]:
        """Callers come, until the block is left and all have been served or have gone."""
        outcome = self.floor.section(Tickets).default_outcome.id
        number = self.config.city.number
        pause = next(iter(self.config.agents.breaks))
        place = Place(self.web_url, self.exchange_url, number, self._passwords, outcome, pause)
        crowd = Crowd(place, list(scripts), rate)
        crowd.start()
        try:
            yield crowd
            crowd.no_more_calls()
            crowd.agents_come()
            self.settle()
        finally:
            crowd.go_home()

    def settle(self) -> None:
        """Wait until nobody is on the line, and nothing is owed."""
        until = time.monotonic() + SETTLED
        while self.live() or self._owed():
            if time.monotonic() > until:
                return  # the verdict tells who is left
            time.sleep(0.5)

    def _owed(self) -> int:
        try:
            return self.read(books.open_effects) + self.read(books.in_the_room)
        except sa.exc.OperationalError:
            return 1  # our own connection broke with the database: asked again by a new one

    def read(self, what: Callable[..., T], *arguments: object) -> T:
        """What stands in its database: `what(session, *arguments)`."""
        with self.floor.db.read() as session:
            return what(session, *arguments)

    def wipe_the_room(self) -> None:
        """The waiting room's table is emptied, as by a restored backup of something older."""
        with self.floor.db.write() as session:
            session.execute(sa.delete(Waiting).where(Waiting.state == Waits.WAITING))

    def scripts(self, *, patient: bool = False) -> list[Script]:
        """How callers behave: who waits to be served, who loses patience, who only listens."""
        ivr = self.config.ivr
        queue = next(iter(ivr.queues))
        waits: list[Script] = [
            {"keys": keys_to(ivr.graph, queue, language), "think": 0.5}
            for language in list(ivr.languages)[:2]
        ]
        if patient:
            return waits
        tired = {"hang_up": {"in": "queue", "after": 4.0}}
        listens: Script = {"keys": [], "hang_up": {"in": "menu", "after": 3.0}}
        return [waits[0], listens, {**waits[1], **tired}, waits[-1], listens]


class _Locked:
    """Somebody else holds the SQLite file and does not let go."""

    def __init__(self, path: str) -> None:
        self._other = sqlite3.connect(path, isolation_level=None, timeout=10)

    def begin(self) -> None:
        self._other.execute("BEGIN EXCLUSIVE")

    def end(self) -> None:
        self._other.execute("ROLLBACK")
        self._other.close()


@contextmanager
def _short_folder() -> Iterator[Path]:
    # a unix socket's path has 108 bytes
    with tempfile.TemporaryDirectory(prefix="saidduan-") as folder:
        yield Path(folder)


def _port(url: str) -> str:
    return url.rpartition(":")[2]


def _json(url: str, body: object = None, method: str | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - ours
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return json.load(answer)
