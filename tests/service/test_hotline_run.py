"""`hotline run`, whole: it answers a call, heals, stops on Ctrl-C, and never leaves a process."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from hotline import city, guardian, ports
from ivr.speech import prompts
from tests.support.processes import alive, children_of, of_data_folder
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(300)  # nine processes start, also on a machine that is busy

ROOT = Path(__file__).parents[2]
NUMBER = "1337"
_callers = count(1)
# as each process is recognised in the process list
PARTS = {
    "redis": "valkey-server",
    "web": "hotline web (?!.*--workers 1)",
    "webhooks": "hotline web .*--workers 1",
    "worker-calls": "hotline worker calls",
    "worker-soon": "hotline worker soon",
    "worker-night": "hotline worker night",
    "streams": "hotline streams",
    "clock": "hotline clock",
    "fallback": "-m hotline.fallback",
    "exchange": "-m exchange",
}


class Running:
    """A `hotline run` in a process group of its own, as a terminal would start it."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._held = [ports.Held("127.0.0.1") for _ in range(2)]
        self.web, self.exchange = (each.url for each in self._held)
        command = [sys.executable, "-m", "hotline", "run", "--data", str(data)]
        command += ["--web-port", self.web.rpartition(":")[2]]
        command += ["--exchange-port", self.exchange.rpartition(":")[2], "--stream-port", "0"]
        hidden = {"DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "CARRIER_ACCOUNT_SID"}
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name not in hidden},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
        )
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def ready(self) -> bool:
        assert self.process.poll() is None, "".join(self.said)
        return any("Ctrl-C stops it" in line for line in self.said)

    def answers(self) -> bool:
        """Whether everything is there, and whoever is asked answers."""
        there = list(children_of(self.process.pid).values())
        if not all(any(re.search(mark, each) for each in there) for mark in PARTS.values()):
            return False
        return all(map(ports.healthy, (self.web, self.webhooks(), self.exchange)))

    def processes(self) -> dict[int, str]:
        """Everything that belongs to it, the supervisor and its guardian too."""
        own = {self.process.pid: "supervisor"} if alive(self.process.pid) else {}
        return own | children_of(self.process.pid) | of_data_folder(self.data)

    def leader(self, part: str) -> int:
        """The process that the supervisor started for this part (of gunicorn the master)."""
        (found,) = (
            pid
            for pid, command in children_of(self.process.pid).items()
            if re.search(PARTS[part], command)
        )
        return found

    def webhooks(self) -> str:
        """Where the process that the carrier asks listens, as its command says."""
        command = children_of(self.process.pid)[self.leader("webhooks")]
        found = re.search(r"--port (\d+)", command)
        assert found, command
        return ports.url("127.0.0.1", int(found.group(1)))

    @contextmanager
    def nobody_starts_again(self) -> Iterator[None]:
        """The supervisor stands still; who has died stays away, however slow this machine is."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def interrupt(self) -> int:
        """Press Ctrl-C; return the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.end()

    def end(self) -> int:
        code = self.process.wait(timeout=120)
        self._reader.join()
        for each in self._held:
            each.close()
        return code

    def call(self) -> dict[str, Any]:
        """Ring the hotline from the handset; return how the call stands once a menu is heard."""
        caller = f"+668{next(_callers):08}"  # who has called before is known, and asked less
        placed = _json(f"{self.exchange}/handset/calls", {"from": caller, "to": NUMBER})
        call: dict[str, Any] = {}

        def heard() -> bool:
            call.update(self.look(placed["sid"]))
            return any(line["kind"] == "say" for line in call["transcript"])

        until(heard, "the caller hears something")
        return call

    def look(self, sid: str) -> dict[str, Any]:
        """How a call stands, as the handset has it."""
        call: dict[str, Any] = _json(f"{self.exchange}/handset/calls/{sid}")
        return call

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            self.said += output


def _json(url: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def call_ends(data: Path) -> list[bool]:
    """Of each call in the database, whether it has an end."""
    with closing(sqlite3.connect(data / "hotline.sqlite")) as connection:
        rows = connection.execute("SELECT ended_at IS NOT NULL FROM calls ORDER BY id").fetchall()
    return [bool(ended) for (ended,) in rows]


Start = Callable[[], Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts hotlines on one data folder; whatever is left of them at the end is a failure."""
    made: list[Running] = []

    def start_one() -> Running:
        made.append(Running(tmp_path / "var"))
        until(made[-1].ready, "the hotline answers calls", within=90)
        return made[-1]

    yield start_one
    _all_end(made)


@pytest.fixture(scope="module")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Running]]:
    made: list[Running] = []
    data = tmp_path_factory.mktemp("shared") / "var"

    def one() -> Running:
        if not made or made[-1].process.poll() is not None:
            made.append(Running(data))
            until(made[-1].ready, "the hotline answers calls", within=90)
        return made[-1]

    yield one
    _all_end(made)


@pytest.fixture
def running(_shared: Callable[[], Running]) -> Running:
    """A hotline that answers, also if the test before has broken it: a start takes ten seconds of a
    processor. A test that ends it leaves the next one another.
    """
    running = _shared()
    until(running.answers, "all of it answers")
    return running


def _all_end(hotlines: list[Running]) -> None:
    for each in hotlines:
        if each.process.poll() is None:
            each.process.terminate()
        each.end()
    until(lambda: not any(of_data_folder(each.data) for each in hotlines), "nothing is left")


def test_it_answers_a_call_and_stops_on_ctrl_c_without_a_trace(start: Start) -> None:
    running = start()
    said = "".join(running.said)
    assert f"{running.exchange}/" in said
    assert f"{running.web}/desk" in said
    assert "DEMO ACCOUNTS" in said
    assert "บัญชีสาธิต" in said
    call = running.call()
    assert call["status"] == "in-progress"
    assert call["errors"] == []
    everybody = running.processes()
    for part in PARTS:
        assert alive(running.leader(part))

    code = running.interrupt()

    assert code == 0
    assert [command for pid, command in everybody.items() if alive(pid)] == []
    assert of_data_folder(running.data) == {}
    assert call_ends(running.data) == [True], "the web still hears how the last calls end"
    assert not re.search("Traceback|Error", "".join(running.said)), "".join(running.said)


def test_it_goes_on_where_it_stopped(start: Start) -> None:
    first = start()
    first.call()
    first.interrupt()
    secrets = {each.name: each.read_text() for each in (first.data / "secrets").iterdir()}

    second = start()

    assert second.call()["errors"] == []
    assert secrets == {each.name: each.read_text() for each in (first.data / "secrets").iterdir()}


def test_whoever_is_killed_comes_back(running: Running) -> None:
    before = {part: running.leader(part) for part in PARTS}

    for pid in before.values():
        os.kill(pid, signal.SIGKILL)

    def all_new() -> bool:
        there = children_of(running.process.pid)
        return all(
            any(
                re.search(mark, command) and pid not in before.values()
                for pid, command in there.items()
            )
            for mark in PARTS.values()
        )

    until(all_new, "all are started again")
    until(lambda: ports.healthy(running.web), "the web answers")
    until(lambda: ports.healthy(running.webhooks()), "webhooks are answered")
    until(lambda: ports.healthy(running.exchange), "the exchange answers")
    assert running.call()["errors"] == []


def test_who_calls_while_webhooks_are_not_answered_hears_an_apology_and_is_put_through(
    running: Running,
) -> None:
    with running.nobody_starts_again():
        guardian.send(running.leader("webhooks"), signal.SIGKILL, whole=True)
        call = running.call()

    said = [line["text"] for line in call["transcript"] if line["kind"] == "say"]
    city_config = city.load(ROOT / "config.yaml")
    assert said[0] == city_config.ivr.prompts[prompts.APOLOGY]["th"]
    until(lambda: running.look(call["sid"])["where"] == "dial", "it is put through")
    *ours, document = [hook["ok"] for hook in call["webhooks"]]
    assert ours, "the hotline was asked first"
    assert not any(ours), "it is away, however often it is asked"
    assert document


def test_a_second_one_on_the_same_folder_is_refused(running: Running) -> None:
    second = Running(running.data)

    assert second.end() == 1
    assert f"Another hotline (process {running.process.pid})" in "".join(second.said)
    assert running.call()["errors"] == []


def test_a_supervisor_that_is_killed_leaves_nothing_behind(running: Running) -> None:
    everybody = running.processes()
    assert len(everybody) >= len(PARTS) + 2

    running.process.kill()
    running.end()

    until(lambda: not any(alive(pid) for pid in everybody), "nothing is left", within=120)
