"""One IVR step, ours against the bare path: processor time a request, and the tail with 16
connections.

Ours checks the signature, takes the step of the flow, writes the event row, commits and answers
TwiML. Bare is Flask with the library's validator and a fixed answer. Both run under the same
gunicorn with the same signed 27-field forms.
"""

import asyncio
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import aiohttp
from twilio.request_validator import RequestValidator

from benchmarks import machine
from hotline import db, ports
from tests.support import servers

CONNECTIONS = 16
THREADS = 16
ROUNDS = 3
TOKEN = secrets.token_hex(16)
SIGN = RequestValidator(TOKEN)


@dataclass(frozen=True)
class Served:
    """A running gunicorn with one worker."""

    url: str
    worker: int


@dataclass(frozen=True)
class Figure:
    """One round: processor seconds a request, requests a second, latencies in seconds."""

    cpu: float
    rate: float
    median: float
    p99: float


def form(number: int) -> dict[str, str]:
    """What the carrier sends with a webhook: 27 fields."""
    sid = f"CA{number:032x}"
    sides, parts = ("From", "To", "Caller", "Called"), ("City", "State", "Zip")
    filler = {f"{side}{part}": "" for side in sides for part in parts}
    caller = f"+6681{number % 10_000_000:07d}"
    return filler | {
        "AccountSid": "AC" + "0" * 32,
        "ApiVersion": "2010-04-01",
        "CallSid": sid,
        "CallStatus": "in-progress",
        "Called": "1337",
        "CalledCountry": "TH",
        "Caller": caller,
        "CallerCountry": "TH",
        "Direction": "inbound",
        "From": caller,
        "FromCountry": "TH",
        "To": "1337",
        "ToCountry": "TH",
        "StirVerstat": "TN-Validation-Passed-A",
        "CallToken": secrets.token_hex(16),
    }


@contextmanager
def served(target: str, environment: Mapping[str, str]) -> Iterator[Served]:
    """Run `target` under gunicorn: one worker, as many threads as `hotline web` has."""
    held = ports.Held(ports.LOOPBACK)
    url = held.url
    command = [sys.executable, "-m", "gunicorn", target, "--bind", f"127.0.0.1:{held.number}"]
    command += ["--worker-class", "gthread", "--workers", "1", "--threads", str(THREADS)]
    command += ["--keep-alive", "75", "--log-level", "warning", "--no-control-socket"]
    process = subprocess.Popen(command, env={**os.environ, **environment, "PUBLIC_URL": url})
    try:
        while not ports.healthy(url):
            time.sleep(0.05)
        yield Served(url, machine.children(process.pid)[0])
    finally:
        process.terminate()
        process.wait()
        held.close()


Request = tuple[str, dict[str, str]]


async def post_all(requests: list[Request]) -> tuple[list[float], list[str]]:
    """Post signed forms over kept-alive connections; latencies and answers in the order of the
    requests.
    """
    latencies, answers = [0.0] * len(requests), [""] * len(requests)
    signed = [(url, body, SIGN.compute_signature(url, body)) for url, body in requests]
    work = iter(range(len(requests)))

    async def connection(session: aiohttp.ClientSession) -> None:
        for number in work:
            url, body, signature = signed[number]
            begun = time.perf_counter()
            headers = {"X-Twilio-Signature": signature}
            async with session.post(url, data=body, headers=headers) as answer:
                answers[number] = await answer.text()
                answer.raise_for_status()
            latencies[number] = time.perf_counter() - begun

    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(connection(session) for _ in range(CONNECTIONS)))
    return latencies, answers


def next_address(base: str, answer: str) -> str:
    """Where the first Gather of a TwiML answer sends its digits."""
    found = re.search(r'<Gather[^>]* action="([^"]+)"', answer)
    assert found, f"no Gather in {answer}"
    address = unescape(found.group(1))
    return address if address.startswith("http") else base + address


def measure(server: Served, first: int, calls: int) -> Figure:
    """Let `calls` callers arrive (not timed), then have each press one key (timed)."""
    forms = [form(number) for number in range(first, first + calls)]
    _, answers = asyncio.run(post_all([(f"{server.url}/ivr/voice", each) for each in forms]))
    steps = [
        (next_address(server.url, answer), {**each, "Digits": "2", "msg": "Gather End"})
        for each, answer in zip(forms, answers, strict=True)
    ]
    cpu, begun = machine.cpu_seconds(server.worker), time.perf_counter()
    latencies, _ = asyncio.run(post_all(steps))
    seconds = time.perf_counter() - begun
    return Figure(
        cpu=(machine.cpu_seconds(server.worker) - cpu) / calls,
        rate=calls / seconds,
        median=machine.percentile(latencies, 0.5),
        p99=machine.percentile(latencies, 0.99),
    )


@contextmanager
def ours(name: str, database_url: str) -> Iterator[tuple[str, Served]]:
    """The hotline's own web process on a migrated database."""
    db.migrate(database_url)
    environment = {
        "DATABASE_URL": database_url,
        "REDIS_URL": "redis://127.0.0.1:9/0",  # a step owes Redis nothing
        "CARRIER_ACCOUNT_SID": "AC" + "0" * 32,
        "CARRIER_AUTH_TOKEN": TOKEN,
        "CARRIER_BASE_URL": "http://127.0.0.1:9",
        "SECRET_KEY": secrets.token_hex(16),
    }
    with served("hotline.app:create_app()", environment) as server:
        yield name, server


def main(*, quick: bool = False) -> None:
    """Print the table."""
    calls = 300 if quick else 4000
    print("One IVR step: signature, flow, event row, commit, TwiML. 1 worker, 16 connections.")
    with (
        tempfile.TemporaryDirectory() as folder,
        servers.postgres() as cluster,
        served("benchmarks.bare:app", {"CARRIER_AUTH_TOKEN": TOKEN}) as bare,
        ours("ours on SQLite", f"sqlite:///{Path(folder)}/bench.sqlite") as sqlite,
        ours("ours on PostgreSQL", cluster.create("bench")) as postgresql,
    ):
        paths = [("bare: Flask + validator + fixed answer", bare), sqlite, postgresql]
        rounds: dict[str, list[Figure]] = {name: [] for name, _ in paths}
        for number in range(ROUNDS + 1):  # the first warms up
            for name, server in paths:
                figure = measure(server, number * calls, calls)
                if number:
                    rounds[name].append(figure)
    print(machine.row("", "CPU µs/request", "÷ bare", "requests/s", "p50 ms", "p99 ms"))
    base = _median([figure.cpu for figure in rounds[paths[0][0]]])
    for name, figures in rounds.items():
        cpu = _median([figure.cpu for figure in figures])
        print(
            machine.row(
                name,
                f"{cpu * 1e6:,.0f}",
                f"{cpu / base:.2f}",
                f"{_median([figure.rate for figure in figures]):,.0f}",
                f"{_median([figure.median for figure in figures]) * 1e3:.1f}",
                f"{_median([figure.p99 for figure in figures]) * 1e3:.1f}",
            )
        )


def _median(values: list[float]) -> float:
    return machine.percentile(values, 0.5)
