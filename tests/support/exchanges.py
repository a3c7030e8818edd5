"""The local exchange as a process of its own, with the fallback document held elsewhere."""

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hotline import ports
from hotline.clock import ScaledClock
from hotline.guardian import end
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]
SID, TOKEN = "AC" + "0" * 32, "0123456789abcdef0123456789abcdef"
NOBODY = "http://127.0.0.1:9"


class Exchange:
    """One that runs: its handsets and stations."""

    def __init__(self, url: str, number: str) -> None:
        self.url, self.number = url, number

    def dial(self, from_: str, script: Mapping[str, Any] | None = None) -> str:
        """Somebody calls; the call's sid."""
        body = {"from": from_, "to": self.number, "script": script or {}}
        return str(self.ask("/handset/calls", body)["sid"])

    def call(self, sid: str) -> dict[str, Any]:
        """All of a call: transcript, webhooks, errors."""
        found: dict[str, Any] = self.ask(f"/handset/calls/{sid}")
        return found

    def ended(self, *sids: str) -> list[dict[str, Any]]:
        """The calls, once all have ended."""
        for sid in sids:
            until(lambda sid=sid: self.call(sid)["ended_at"], "the call ends")  # type: ignore[misc]
        return [self.call(sid) for sid in sids]

    def hang_up(self, sid: str) -> None:
        self.ask(f"/handset/calls/{sid}/hangup", {})

    def station(self, address: str, **what: Any) -> None:
        """Who answers at an address, and how."""
        self.ask(f"/handset/stations/{address}", what, "PUT")

    def ask(self, path: str, body: object = None, method: str | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)


@contextmanager
def exchange(
    *,
    number: str = "1337",
    web: str = NOBODY,
    fallback: str = "",
    clock: ScaledClock | None = None,
    token: str = TOKEN,
) -> Iterator[Exchange]:
    """Run one: `web` is where the hotline should be, `fallback` the TwiML kept elsewhere."""
    with (
        tempfile.TemporaryDirectory(prefix="saidduan-") as folder,
        ports.Held(ports.LOOPBACK) as ours,
        ports.Held(ports.LOOPBACK) as theirs,
    ):
        sorry = ""
        started: list[subprocess.Popen[bytes]] = []
        try:
            if fallback:
                file = Path(folder) / "fallback.xml"
                file.write_text(fallback, encoding="utf-8")
                sorry = theirs.url
                started.append(_start("hotline.fallback", "--port", _port(sorry), str(file)))
            url = ours.url
            options = ["--port", _port(url), "--account-sid", SID]
            options += ["--number", f"{number}={web}/ivr/voice"]
            options += ["--status-callback", f"{web}/ivr/status"]
            options += ["--voice-fallback-url", f"{sorry}/"] if sorry else []
            options += ["--clock", str(clock)] if clock else []
            started.append(_start("exchange", *options, EXCHANGE_AUTH_TOKEN=token))
            for each in filter(None, (sorry, url)):
                until(lambda each=each: ports.healthy(each), f"{each} answers")  # type: ignore[misc]
            yield Exchange(url, number)
        finally:
            for process in reversed(started):
                end(process.pid)
                process.wait()


def _start(module: str, *options: str, **environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", module, *options],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _port(url: str) -> str:
    return url.rpartition(":")[2]
