"""The process: its command line, what it refuses, and how it stops."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from asyncio.subprocess import Process
from pathlib import Path

import aiohttp
import pytest

from exchange.__main__ import build, numbers, parser
from exchange.app import is_loopback
from hotline import ports
from tests.exchange.conftest import SID, Application

ROOT = Path(__file__).parents[2]


async def test_it_serves_calls_and_stops_on_a_signal(application: Application) -> None:
    application["/voice"] = '<Enqueue waitUrl="">help</Enqueue>'
    application["/status"] = "<Response/>"
    application.validator.token = b"secret"
    with ports.Held("127.0.0.1") as held:
        process = await started(application, held)
        try:
            await serves_and_stops(application, held, process)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def started(application: Application, held: ports.Held) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "exchange",
        "--port",
        str(held.number),
        "--account-sid",
        SID,
        "--number",
        f"1337={application.url}/voice",
        "--status-callback",
        f"{application.url}/status",
        "--clock",
        f"{time.time()}:1000000000:60",
        cwd=ROOT,
        env={**os.environ, "EXCHANGE_AUTH_TOKEN": "secret"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def serves_and_stops(application: Application, held: ports.Held, process: Process) -> None:
    assert process.stdout is not None
    ready = (await asyncio.wait_for(process.stdout.readline(), 60)).decode()
    assert ready == f"exchange ready at {held.url}/ for 1337\n"
    async with aiohttp.ClientSession(held.url) as http:
        made = await http.post("/handset/calls", json={"from": "+66812345678", "to": "1337"})
        sid = (await made.json())["sid"]
        async with http.get(f"/handset/calls/{sid}/events") as stream:
            while b'"where": "queue"' not in await stream.content.readline():
                pass
            call = await (await http.get(f"/handset/calls/{sid}")).json()
            assert call["created_at"].startswith("2001-09-09")
            process.send_signal(signal.SIGTERM)
            out, err = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, out, err) == (0, b"", b"")
    assert application.to("/status")[0]["CallStatus"] == "completed"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--host", "0.0.0.0"], "--expose"),
        (["--number", "1338"], "NUMBER=http"),
        (["--number", "x=http://a"], "NUMBER=http"),
        (["--number-sms", "1337"], "--number-sms"),
        (["--number-sms", "1338=http://a/b"], "--number too"),
        (["--auth-token-file", "/nowhere/token"], "No such file"),
    ],
)
def test_what_it_refuses_to_start_with(arguments: list[str], words: str) -> None:
    options = parser().parse_args(["--account-sid", SID, "--number", "1337=http://a/b", *arguments])
    with pytest.raises((ValueError, OSError), match=words):
        build(options, {"EXCHANGE_AUTH_TOKEN": "t"})


def test_it_needs_a_token_and_may_be_exposed(tmp_path: Path) -> None:
    arguments = ["--account-sid", SID, "--number", "1337=http://a/b?c=d", "--host", "0.0.0.0"]
    options = parser().parse_args([*arguments, "--expose"])
    with pytest.raises(ValueError, match="auth token"):
        build(options, {})
    token = tmp_path / "token"
    token.write_text("secret\n")
    stations = tmp_path / "stations.json"
    stations.write_text('{"client:a1": {"outcome": "busy"}}')
    files = ["--auth-token-file", str(token), "--stations", str(stations)]
    sms = ["--number-sms", "1337=http://a/sms"]
    options = parser().parse_args([*arguments, "--expose", *files, *sms])
    exchange = build(options, {})
    assert exchange.config.auth_token == "secret"
    assert exchange.config.numbers == {"1337": "http://a/b?c=d"}
    assert exchange.config.messaging == {"1337": "http://a/sms"}
    assert exchange.stations.get("client:a1").outcome == "busy"


def test_what_sound_needs_is_loaded_when_there_is_sound() -> None:
    """A crowd of scripted callers has no sound, and pays nothing for it."""
    heavy = ("numpy", "av", "aiortc", "jwt", "cryptography")
    program = f"import sys, exchange.__main__; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_numbers_and_loopback() -> None:
    assert numbers(["1337=http://a/b?x=1", "191=https://c/"]) == {
        "1337": "http://a/b?x=1",
        "191": "https://c/",
    }
    assert all(map(is_loopback, ("127.0.0.1", "127.8.8.8", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.1", "example.org")))
