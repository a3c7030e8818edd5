"""The supervisor with small children of our own: order, restarts, stops, and nothing left behind.

The Redis is real and so are all processes; the whole hotline runs in test_hotline_run.py.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import redis

from hotline import supervisor
from hotline.children import Spec
from hotline.supervisor import CannotStart, RunSettings, Stopped, Supervisor
from tests.support.processes import alive, sessions_alive, zombies_of
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]

# notes its name in a file when it starts and when it is told to end
NOTES = """
import os, signal, sys, time
name, path = sys.argv[1:]
def note(what):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, f"{what} {name}\\n".encode())
    os.close(descriptor)
def end(*_):
    note("end")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
note("start")
while True:
    signal.pause()
"""
WITH_A_CHILD = f"import os; os.fork() or os.setpgrp()\n{NOTES}"
ENDS_AT_ONCE = "print('no such thing'); raise SystemExit(3)"
NEVER_READY = "import time; time.sleep(600)"


class Small(Supervisor):
    """A supervisor of small children instead of the hotline's."""

    def __init__(self, settings: RunSettings, scripts: dict[str, str]) -> None:
        super().__init__(settings)
        self.scripts = scripts
        self.notes = settings.data.resolve() / "notes"

    def noted(self) -> list[str]:
        return self.notes.read_text().splitlines() if self.notes.exists() else []

    def _specs(self) -> list[Spec]:
        return [self._small(name, script) for name, script in self.scripts.items()]

    def _small(self, name: str, script: str) -> Spec:
        command = [sys.executable, "-c", script, name, str(self.notes)]
        start = f"start {name}"
        limit = 0.5 if script == NEVER_READY else 30.0
        return Spec(name, command, self.environment, lambda: start in self.noted(), limit)


def settings(data: Path, **others: object) -> RunSettings:
    given = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL"}}
    values: dict[str, object] = {
        "data": data,
        "config": ROOT / "config.yaml",
        "web_port": 0,
        "exchange_port": 0,
        "environment": given,
    }
    return RunSettings(**(values | others))  # type: ignore[arg-type]


Make = Callable[..., Small]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Small] = []

    def make_one(scripts: dict[str, str] | None = None, **others: object) -> Small:
        chosen = {"one": NOTES, "two": NOTES} if scripts is None else scripts
        made.append(Small(settings(tmp_path / "var", **others), chosen))
        return made[-1]

    yield make_one
    for each in made:
        each.stop()


def sessions(running: Supervisor) -> set[int]:
    return {child.pid for child in running.children.values()}


def started(running: Small, name: str, times: int) -> bool:
    return running.noted().count(f"start {name}") == times


# -------------------------------------------------------------------------------- start, stop


def test_children_start_in_order_and_stop_in_reverse(make: Make) -> None:
    before = zombies_of(os.getpid())  # of other tests
    running = make().start()
    assert list(running.children) == ["redis", "one", "two"]
    everybody = sessions(running)

    running.stop()

    assert running.noted() == ["start one", "start two", "end two", "end one"]
    assert sessions_alive(everybody) == {}
    assert set(zombies_of(os.getpid())) <= set(before)


def test_what_it_knows_it_knows_again(make: Make) -> None:
    with make() as first:
        client = redis.Redis.from_url(first.environment["REDIS_URL"])
        client.set("promise", "kept")
        client.close()
    with make() as second, redis.Redis.from_url(second.environment["REDIS_URL"]) as again:
        assert again.get("promise") == b"kept"
        for name in ("SECRET_KEY", "CARRIER_ACCOUNT_SID", "CARRIER_AUTH_TOKEN"):
            assert first.environment[name] == second.environment[name] != ""


def test_a_long_path_still_has_a_redis(tmp_path: Path) -> None:
    with Small(settings(tmp_path / ("long" * 25) / "with space"), {}) as running:
        assert list(running.children) == ["redis"]


def test_a_redis_and_a_database_that_are_given_are_used(make: Make, redis_url: str) -> None:
    given = {"PATH": os.environ["PATH"], "REDIS_URL": redis_url}
    with make(environment=given) as running:
        assert list(running.children) == ["one", "two"]
        assert running.environment["REDIS_URL"] == redis_url


def test_what_a_child_says_is_kept(make: Make, tmp_path: Path) -> None:
    with make({"loud": f"print('สวัสดี', flush=True)\n{NOTES}"}):
        pass
    assert (tmp_path / "var/logs/loud.log").read_text() == "สวัสดี\n"


# -------------------------------------------------------------------------------- refusals


def test_one_hotline_a_folder(make: Make) -> None:
    running = make().start()

    with pytest.raises(CannotStart, match=f"process {os.getpid()}"):
        make().start()

    assert all(child.running for child in running.children.values())


@pytest.mark.parametrize("option", ["web-port", "exchange-port"])
def test_a_busy_port_is_said_at_once(make: Make, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = make(**{option.replace("-", "_"): port})
        with pytest.raises(CannotStart, match=rf"Port {port} .*--{option}"):
            refused.start()
    assert refused.children == {}


def test_a_carrier_must_know_where_we_are(make: Make) -> None:
    given = {"PATH": os.environ["PATH"], "CARRIER_ACCOUNT_SID": "AC1"}
    with pytest.raises(CannotStart, match="PUBLIC_URL"):
        make(environment=given).start()


def test_a_carrier_that_is_given_is_not_played(make: Make) -> None:
    given = {"PATH": os.environ["PATH"], "PUBLIC_URL": "https://hotline.example"}
    given |= {"CARRIER_ACCOUNT_SID": "AC1", "CARRIER_AUTH_TOKEN": "secret"}
    with make(environment=given) as running:
        assert running.exchange_url == ""
        assert running.environment["PUBLIC_URL"] == "https://hotline.example"
        assert "HOTLINE_DEMO" not in running.environment


def test_webhooks_have_a_process_of_their_own_unless_a_proxy_says_who_answers(make: Make) -> None:
    with make() as running:
        answers = running.environment["WEBHOOK_URL"]
        assert answers == running.webhooks_url and answers != running.web_url
        assert running.environment["PUBLIC_URL"] == running.web_url
    given = {"PATH": os.environ["PATH"], "PUBLIC_URL": "https://hotline.example"}
    with make(environment=given) as running:
        assert running.webhooks_url == running.environment["WEBHOOK_URL"] == ""


def test_a_child_that_cannot_start_stops_all_with_its_last_words(make: Make) -> None:
    failing = make({"one": NOTES, "two": ENDS_AT_ONCE})

    with pytest.raises(CannotStart, match=r"two: ended at its start\n  no such thing"):
        failing.start()

    assert failing.noted() == ["start one", "end one"]
    make().start()  # and the folder is free


def test_a_child_that_is_never_ready_stops_all(make: Make) -> None:
    with pytest.raises(CannotStart, match=r"two: not ready in 0\.5 s"):
        make({"one": NOTES, "two": NEVER_READY}).start()


def test_a_start_can_be_given_up(make: Make) -> None:
    slow = make({"one": NOTES, "two": f"import time; time.sleep(600)\n{NOTES}"})

    def stop_when_two_begins() -> None:
        until(lambda: "two" in slow.children, "two begins")
        slow.ask_to_stop()

    stopper = threading.Thread(target=stop_when_two_begins)
    stopper.start()

    with pytest.raises(Stopped):
        slow.start()

    stopper.join()
    assert slow.noted() == ["start one", "end one"]


# -------------------------------------------------------------------------------- restarts


def test_a_child_that_dies_starts_again(make: Make) -> None:
    before = zombies_of(os.getpid())
    running = make().start()
    child = running.children["one"]
    first = child.pid

    os.kill(first, signal.SIGKILL)

    until(partial(started, running, "one", 2), "it starts again")
    assert child.pid != first
    assert running.noted().count("start two") == 1
    assert set(zombies_of(os.getpid())) <= set(before)


def test_what_a_dead_child_left_is_ended_before_it_starts_again(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "LEFTOVERS", 30.0)  # asked to end, however busy the machine is
    running = make({"one": WITH_A_CHILD}).start()
    until(partial(started, running, "one", 2), "both are there")
    first = running.children["one"].pid

    os.kill(first, signal.SIGKILL)

    until(partial(started, running, "one", 4), "both are there again")
    assert running.noted()[2] == "end one"
    assert sessions_alive({first}) == {}


def test_redis_dies_and_forgets_nothing(make: Make) -> None:
    running = make({}).start()
    with redis.Redis.from_url(running.environment["REDIS_URL"]) as client:
        client.set("promise", "kept")
        os.kill(running.children["redis"].pid, signal.SIGKILL)

        def remembered() -> bool:
            try:
                return bool(client.get("promise") == b"kept")
            except redis.RedisError:
                return False

        until(remembered, "Redis is back with what it knew")
    assert running.children["redis"].starts == 2


def test_who_keeps_dying_is_started_ever_later(make: Make) -> None:
    said: list[str] = []
    running = make({"one": NOTES})
    running._show = lambda _name, line: said.append(line)  # type: ignore[method-assign,assignment]
    running.start()
    for lives in (2, 3):
        os.kill(running.children["one"].pid, signal.SIGKILL)
        until(partial(started, running, "one", lives), "it starts again")
    assert [line for line in said if "starts again" in line] == [
        "one ended (killed by SIGKILL); it starts again in 0.5 s",
        "one ended (killed by SIGKILL); it starts again in 1 s",
    ]


# -------------------------------------------------------------------------------- its own death

ALONE = """
import os, pathlib, sys
from tests.service.test_supervisor import NOTES, Small, settings
from hotline import supervisor

running = Small(settings(pathlib.Path(sys.argv[1])), {"one": NOTES, "two": NOTES}).start()
print(running._guardian.pid, *(child.pid for child in running.children.values()), flush=True)
running.wait()
"""


def test_a_supervisor_that_is_killed_leaves_nothing_behind(make: Make, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", ALONE, str(tmp_path / "var")],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout as output:
        pids = {int(word) for word in output.readline().split()}
    assert len(pids) == 4

    process.kill()
    process.wait()
    again = make().start()  # waits for the guardian, then has the folder to itself

    assert not any(alive(pid) for pid in pids)
    assert again.noted()[:4] == ["start one", "start two", "end two", "end one"]
