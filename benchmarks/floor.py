"""A whole floor at work: from a change in the engine to what a desk and a wallboard show.

A real hotline (`hotline run`, embedded Redis, SQLite, then PostgreSQL) with two calls a second,
which agents answer through the API. First nobody watches; then every agent has a desk open and
there are wallboards, each a client that does what the page does: it listens to the stream, asks for
the fragment that has changed, merges nothing. Then the same without streams, as pages that ask once
a second. Measured is from the moment that the engine wrote (it stands in the fragment) to the
fragment's last byte.

Webhooks are probed from outside all the while: a signed `POST /ivr/voice` of a new call.
"""

import asyncio
import contextlib
import itertools
import os
import re
import secrets
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from twilio.request_validator import RequestValidator

from agents import service as agents
from agents.states import State
from benchmarks import machine
from hotline import clock
from hotline.app import build_floor
from hotline.auth import Role
from hotline.config import load_yaml
from hotline.floor import Floor
from hotline.settings import from_environment
from hotline.supervisor import RunSettings, Supervisor
from ivr import story
from ivr.config import Ivr
from tests.support import servers
from tests.support.floors import sign_in_as

ROOT = Path(__file__).parents[1]
TALK = 8.0
SLOW = 15.0
PROBES = 4.0
OFFER = re.compile(r'id="offer-(\d+)"')
EXPIRES = re.compile(r'data-until="([^"]+)" data-soon="8"')
PERSON = re.compile(r'id="agent-(\d+)".*?data-since="([^"]+)"', re.DOTALL)
PAIRS = itertools.count(1)


@dataclass
class Seen:
    """What one phase measured, in milliseconds."""

    offers: list[float] = field(default_factory=list)
    boards: list[float] = field(default_factory=list)
    webhooks: list[float] = field(default_factory=list)
    asked: int = 0
    walls_asked: int = 0
    failed: int = 0
    calls: int = 0


@dataclass
class Place:
    """The hotline, and who works in it: agent's id → token."""

    running: Supervisor
    floor: Floor
    tokens: dict[int, str]
    supervisor: str
    http: aiohttp.ClientSession
    seen: Seen = field(default_factory=Seen)

    @property
    def stream(self) -> str:
        return f"{self.running.streams_url}/stream"

    async def get(self, path: str, token: str, headers: Mapping[str, str]) -> tuple[int, str, str]:
        """Status, ETag, text."""
        self.seen.asked += 1
        self.seen.walls_asked += token == self.supervisor
        more = {"Authorization": f"Bearer {token}", "Accept": "text/html", **headers}
        url = f"{self.running.web_url}{path}?lang=en"
        async with self.http.get(url, headers=more) as answer:
            return answer.status, answer.headers.get("ETag", ""), await answer.text()


def ago(moment: str, *, earlier: timedelta = timedelta()) -> float:
    """Milliseconds since a moment that stands in a fragment."""
    at = datetime.fromisoformat(moment) - earlier
    return (clock.now() - at).total_seconds() * 1000


# ---------------------------------------------------------------- the pages


class Page:
    """A fragment that is kept up to date as `agents/static/live.js` does it."""

    def __init__(self, place: Place, path: str, token: str) -> None:
        self.place, self.path, self.token = place, path, token
        self.etag = ""
        self.wanted: str | None = None
        self.asking = False

    async def ask(self, mark: str = "") -> None:
        if self.asking:
            self.wanted = mark
            return
        self.asking = True
        try:
            while True:
                self.wanted = None
                headers = {"If-None-Match": self.etag} if self.etag else {}
                if mark:
                    headers["Hotline-After"] = mark
                try:
                    status, etag, text = await self.place.get(self.path, self.token, headers)
                except (aiohttp.ClientError, TimeoutError):
                    self.place.seen.failed += 1
                else:
                    if status == 200:
                        self.etag = etag
                        self.show(text)
                if self.wanted is None:
                    return
                mark = self.wanted
        finally:
            self.asking = False

    def show(self, text: str) -> None:
        """What is new is measured."""


class Call(Page):
    """The desk's call: an offer that is new."""

    offer = ""

    def show(self, text: str) -> None:
        found = OFFER.search(text)
        if found and found[1] != self.offer:
            self.offer = found[1]
            expires = EXPIRES.search(text)
            assert expires is not None
            patience = self.place.floor.section(Ivr).offers.timeout
            self.place.seen.offers.append(ago(expires[1], earlier=timedelta(seconds=patience)))


class Grid(Page):
    """The wallboard: each agent whose state is new."""

    known: frozenset[tuple[str, str]] = frozenset()

    def show(self, text: str) -> None:
        people = frozenset(PERSON.findall(text))
        if self.known:
            self.place.seen.boards += [ago(since) for _, since in people - self.known]
        self.known = people


async def listen(place: Place, token: str, pages: Mapping[Page, frozenset[str]]) -> None:
    """A page with a stream."""
    topics = " ".join(sorted({topic for each in pages.values() for topic in each}))
    timeout = aiohttp.ClientTimeout(total=None, sock_read=10)
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        asyncio.TaskGroup() as tasks,
        place.http.get(
            place.stream, params={"topics": topics}, headers=headers, timeout=timeout
        ) as stream,
    ):
        tasks.create_task(now_and_then(pages))
        mark = ""
        async for line in stream.content:
            name, _, value = line.decode().strip().partition(": ")
            if name == "id":
                mark = value
            elif name == "data" and value:
                about = set(value.split())
                for page, wanted in pages.items():
                    if about & wanted:
                        tasks.create_task(page.ask(mark))


async def now_and_then(pages: Mapping[Page, frozenset[str]]) -> None:
    await asyncio.sleep(secrets.randbelow(int(SLOW * 1000)) / 1000)
    while True:
        for page in pages:
            await page.ask()
        await asyncio.sleep(SLOW)


async def poll(pages: Mapping[Page, frozenset[str]], seconds: float) -> None:
    """A page without one."""
    await asyncio.sleep(secrets.randbelow(int(seconds * 1000)) / 1000)
    while True:
        await asyncio.gather(*(page.ask() for page in pages))
        await asyncio.sleep(seconds)


def desk_of(place: Place, agent_id: int) -> dict[Page, frozenset[str]]:
    mine, token = frozenset({f"agent:{agent_id}"}), place.tokens[agent_id]
    return {
        Page(place, "/desk/presence", token): mine,
        Call(place, "/calls/current", token): mine,
    }


def wall_of(place: Place) -> dict[Page, frozenset[str]]:
    return {
        Grid(place, "/wallboard/now", place.supervisor): frozenset(
            {"waiting", "service", "agents", "tickets"}
        )
    }


# ---------------------------------------------------------------- the work


async def callers(place: Place, rate: float) -> None:
    """Calls at so many a second, who hang up after a talk."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    for number in itertools.count(1):
        script = {
            "keys": ["1", "1"],
            "think": 0.1,
            "hang_up": {"in": "conference", "after": TALK},
        }
        body = {"from": f"+668{next(PAIRS):08d}", "to": "1337", "script": script}
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            await place.http.post(f"{place.running.exchange_url}/handset/calls", json=body)
            place.seen.calls += 1
        await asyncio.sleep(max(0.0, start + number / rate - loop.time()))


async def answering(place: Place) -> None:
    """Whoever is offered a call takes it a second later, and writes it up at once."""
    done: set[tuple[int, str]] = set()
    async with asyncio.TaskGroup() as tasks:
        while True:
            for offer in await asyncio.to_thread(_at_hand, place.floor):
                if (key := (offer.id, story.phase(offer))) not in done:
                    done.add(key)
                    if key[1] in ("offered", "wrap_up"):
                        tasks.create_task(_answer(place, offer, key[1]))
            await asyncio.sleep(0.25)


def _at_hand(floor: Floor) -> list[Any]:
    with floor.db.read() as session:
        return story.all_at_hand(session)


async def _answer(place: Place, offer: Any, phase: str) -> None:
    await asyncio.sleep(1.0)
    path = f"offers/{offer.id}/accept" if phase == "offered" else f"calls/{offer.call_id}/finish"
    with contextlib.suppress(aiohttp.ClientError, TimeoutError):
        await place.http.post(
            f"{place.running.web_url}/api/{path}",
            headers={"Authorization": f"Bearer {place.tokens[offer.agent_id]}"},
            json={"outcome": "information", "note": "bench"},
        )


async def probe(place: Place) -> None:
    """Webhooks of calls that nobody hears any more of."""
    environment = place.running.environment
    sign = RequestValidator(environment["CARRIER_AUTH_TOKEN"])
    url = f"{environment['WEBHOOK_URL']}/ivr/voice"
    while True:
        form = {
            "CallSid": f"CA{secrets.token_hex(16)}",
            "CallStatus": "ringing",
            "From": f"+669{secrets.randbelow(10**8):08d}",
            "To": "1337",
            "Direction": "inbound",
        }
        begun = time.perf_counter()
        headers = {"X-Twilio-Signature": sign.compute_signature(url, form)}
        try:
            async with place.http.post(url, data=form, headers=headers) as answer:
                await answer.read()
                assert answer.status == 200, answer.status
            place.seen.webhooks.append((time.perf_counter() - begun) * 1000)
        except (aiohttp.ClientError, TimeoutError):
            place.seen.failed += 1
        await asyncio.sleep(1 / PROBES)


# ---------------------------------------------------------------- phases


@dataclass(frozen=True)
class Phase:
    """What a phase is: calls a second; desks and wallboards, and whether they listen or ask."""

    name: str
    rate: float
    desks: int = 0
    walls: int = 0
    listening: bool = True


def pids(place: Place) -> dict[str, list[int]]:
    of = {name: place.running.children[name].pid for name in ("web", "webhooks", "streams")}
    return {name: [pid, *machine.children(pid)] for name, pid in of.items()}


def memory(pid: int) -> float:
    """Megabytes that a process holds."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def watchers(place: Place, phase: Phase) -> list[Any]:
    shown = [desk_of(place, each) for each in itertools.islice(place.tokens, phase.desks)]
    walls = [wall_of(place) for _ in range(phase.walls)]
    if not phase.listening:
        return [*(poll(each, 1.0) for each in shown), *(poll(each, 2.0) for each in walls)]
    tokens = [*itertools.islice(place.tokens.values(), phase.desks)]
    return [
        *(listen(place, token, each) for token, each in zip(tokens, shown, strict=True)),
        *(listen(place, place.supervisor, each) for each in walls),
    ]


@contextlib.asynccontextmanager
async def under_way(jobs: list[Any]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    broken = [each for each in ended if isinstance(each, Exception)]
    if broken:
        print(f"    {len(broken)} broke off, the first: {broken[0]!r}")


async def measure(place: Place, phase: Phase, seconds: float) -> None:
    """Print a row of the table."""
    place.seen = Seen()
    work = [callers(place, phase.rate), answering(place), probe(place)]
    async with under_way([*work, *watchers(place, phase)]):
        await asyncio.sleep(TALK + 4)  # everybody is connected, and calls are in every state
        place.seen = Seen()
        before = {name: sum(map(machine.cpu_seconds, of)) for name, of in pids(place).items()}
        idle = machine.idle_seconds()
        await asyncio.sleep(seconds)
        used = {
            name: (sum(map(machine.cpu_seconds, of)) - before[name]) / seconds
            for name, of in pids(place).items()
        }
        busy = 2 - (machine.idle_seconds() - idle) / seconds
        held = memory(pids(place)["streams"][0])
    seen = place.seen
    print(
        machine.row(
            phase.name,
            _shares(seen.offers),
            _shares(seen.boards),
            _shares(seen.webhooks),
            f"{seen.asked / seconds:.0f}",
            _each(seen.asked - seen.walls_asked, phase.desks, seconds),
            _each(seen.walls_asked, phase.walls, seconds),
            f"{used['web']:.0%}",
            f"{used['web'] * seconds * 1000 / seen.asked:.1f}" if seen.asked else "-",
            f"{used['webhooks']:.0%}",
            f"{used['streams']:.0%}",
            f"{busy:.2f}",
            f"{held:.0f}",
            f"{seen.calls / seconds:.1f}",
        )
        + (f"   {seen.failed} failed" if seen.failed else ""),
        flush=True,
    )


def _each(asked: int, pages: int, seconds: float) -> str:
    return f"{asked / pages * 60 / seconds:.0f}" if pages else "-"


def _shares(values: list[float]) -> str:
    if not values:
        return "-"
    return f"{statistics.median(values):.0f} / {machine.percentile(values, 0.99):.0f}"


def hire(floor: Floor, first: int, count: int) -> dict[int, str]:
    """Agents who are ready, from the `first` on until there are so many: id → token."""
    tokens = {}
    for number in range(first, count):
        name = f"bench-{number}"
        token = sign_in_as(floor, Role.AGENT, name)
        with floor.db.write() as session:
            account = _account(session, token)
            facts = agents.create_agent(
                session,
                account_id=account,
                name=name,
                queues=list(floor.section(Ivr).queues),
                languages=["th"],
                now=clock.now(),
            )
            agents.ready(session, facts.id, now=clock.now())
        tokens[facts.id] = token
    return tokens


def _account(session: Any, token: str) -> int:
    from hotline import auth

    found = auth.identify(session, token, now=clock.now())
    assert found is not None
    return found.id


def rest(place: Place) -> None:
    """Between two phases: calls end, and everybody is ready again."""
    with place.floor.db.write() as session:
        for row in agents.board(session):
            if row.agent.id in place.tokens and row.presence.state is State.IDLE:
                agents.ready(session, row.agent.id, now=clock.now())


async def played(running: Supervisor, phases: list[Phase], seconds: float) -> None:
    floor = build_floor(from_environment(running.environment))
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=20)
    try:
        supervisor = sign_in_as(floor, Role.SUPERVISOR)
        fewest = min(phase.desks for phase in phases if phase.desks)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
            place = Place(running, floor, {}, supervisor, http)
            print(
                machine.row(
                    "p50 / p99, ms",
                    "offer → desk",
                    "→ wallboard",
                    "webhook",
                    "asked/s",
                    "a minute: desk",
                    "wallboard",
                    "web CPU",
                    "ms a request",
                    "webhooks CPU",
                    "streams CPU",
                    "cores busy",
                    "streams MB",
                    "calls/s",
                )
            )
            for phase in phases:
                # nobody else: an offer to whose desk is not open is seen by nobody
                staff = max(phase.desks, fewest)
                place.tokens |= await asyncio.to_thread(hire, floor, len(place.tokens), staff)
                await measure(place, phase, seconds)
                await asyncio.sleep(3)
                await asyncio.to_thread(rest, place)
    finally:
        floor.close()


def briefly(folder: Path) -> Path:
    """The shipped configuration, in which callers are told little on their way to an agent."""
    content = load_yaml(ROOT / "config.yaml")
    said = content["ivr"]["prompts"]
    for name in ("welcome", "main_menu", "consent", "to_information", "to_complaint", "to_agent"):
        said[name] = dict.fromkeys(said[name], "1337")
    content["ivr"]["after_call"]["share"] = 0.0
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def main(*, quick: bool = False) -> None:
    """Print the table."""
    print("A floor at work: from a change in the engine to the desk and the wallboard.")
    desks, walls, seconds = (20, 2, 10.0) if quick else (200, 10, 30.0)
    phases = [
        Phase("2 calls/s, nobody watches", 2.0),
        Phase(f"2 calls/s, {desks} desks, {walls} wallboards", 2.0, desks, walls),
        Phase("the same, asking once a second", 2.0, desks, walls, listening=False),
    ]
    if not quick:
        phases += [
            Phase("4 calls/s, 200 desks, 10 wallboards", 4.0, 200, 10),
            *(
                Phase(f"2 calls/s, {desks} desks, {walls} wallboards", 2.0, desks, walls)
                for desks, walls in ((400, 20), (600, 30), (800, 10), (800, 40))
            ),
        ]
    on("SQLite", phases, seconds, {})
    with servers.postgres() as cluster:
        on("PostgreSQL", phases[:2], seconds, {"DATABASE_URL": cluster.create("floor")})


def on(name: str, phases: list[Phase], seconds: float, given: Mapping[str, str]) -> None:
    """The rows of a hotline whose database it is."""
    print(f"\n{name}")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        place = Path(folder)
        settings = RunSettings(
            data=place / "var",
            config=briefly(place),
            web_port=0,
            exchange_port=0,
            environment={**os.environ, **given},
        )
        with Supervisor(settings) as running:
            asyncio.run(played(running, phases, seconds))
