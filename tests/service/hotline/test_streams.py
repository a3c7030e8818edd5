"""The process that tells open pages what has changed: a real Redis, on either database."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from datetime import UTC, datetime

import aiohttp
import pytest
import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestServer

from agents import jobs
from agents import service as agents
from hotline import auth, clock, streams
from hotline.app import build_floor
from hotline.auth import COOKIE, Role
from hotline.floor import Floor
from hotline.models import Account
from tests.support import servers
from tests.support.floors import sign_in_as

NOON = datetime(2026, 8, 1, 5, tzinfo=UTC)
PATIENCE = 15.0


class Page:
    """An open stream, read event by event."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def next(self, *, beats: bool = False) -> tuple[str, str, str]:
        """The next event: its name, its id, its data. Raises EOFError once the stream has ended."""
        while True:
            said = {"event": "", "id": "", "data": ""}
            while (
                line := await asyncio.wait_for(self.response.content.readline(), PATIENCE)
            ) != b"\n":
                if not line:
                    raise EOFError
                name, _, value = line.decode().rstrip("\n").partition(":")
                said[name] = value.strip()
            if beats or said["event"] != "beat":
                return said["event"], said["id"], said["data"]

    async def until(self, event: str, data: str = "") -> None:
        while (await self.next())[::2] != (event, data):
            pass


class Streams:
    """The process's application, in this one's event loop."""

    def __init__(self, floor: Floor, server: TestServer, session: aiohttp.ClientSession) -> None:
        self.floor, self.server, self.session = floor, server, session
        self.hub = server.app[streams.HUB]

    @asynccontextmanager
    async def open(self, token: str, topics: str, **headers: str) -> AsyncIterator[Page]:
        async with self.session.get(
            self.server.make_url("/stream"),
            params={"topics": topics},
            headers={"Authorization": f"Bearer {token}", **headers},
        ) as response:
            assert response.status == 200, response.status
            assert response.content_type == "text/event-stream"
            page = Page(response)
            assert (await page.next())[0] in ("hello", "away")
            yield page

    async def status(self, headers: dict[str, str], topics: str = "waiting") -> int:
        url = self.server.make_url("/stream")
        async with self.session.get(url, params={"topics": topics}, headers=headers) as response:
            return response.status

    async def looked(self) -> None:
        """Wait until it knows what stands in the database: it looks once more."""
        newest, looks = self.hub._newest, list[Collection[str]]()
        self.hub._newest = lambda db: looks.append(newest(db)) or looks[-1]
        async with asyncio.timeout(PATIENCE):
            while len(looks) < 2:
                await asyncio.sleep(0.01)
        self.hub._newest = newest

    async def heard(self) -> None:
        """Wait until it hears from Redis."""
        async with asyncio.timeout(PATIENCE):
            while not self.hub.redis_here:
                await asyncio.sleep(0.01)


@asynccontextmanager
async def serving(floor: Floor) -> AsyncIterator[Streams]:
    app: web.Application = streams.application(
        floor.settings, floor.db, jobs.topics_now, [jobs.FLOOR]
    )
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        here = Streams(floor, server, session)
        await here.heard()
        yield here


@pytest.fixture
async def running(floor: Floor) -> AsyncIterator[Streams]:
    async with serving(floor) as here:
        yield here


@pytest.fixture
def noi(floor: Floor) -> int:
    return hire(floor, "noi")


def hire(floor: Floor, name: str) -> int:
    sign_in_as(floor, Role.AGENT, name)
    with floor.db.write() as session:
        account = session.execute(sa.select(Account.id).where(Account.username == name))
        facts = agents.create_agent(
            session,
            account_id=account.scalar_one(),
            name=name,
            queues=["complaint"],
            languages=["th"],
            now=NOON,
        )
    return facts.id


def get_ready(floor: Floor, agent_id: int) -> None:
    with floor.db.write() as session:
        agents.ready(session, agent_id, now=NOON)


def take_break(floor: Floor, agent_id: int) -> None:
    with floor.db.write() as session:
        agents.take_break(session, agent_id, reason="rest", now=NOON)


# ---------------------------------------------------------------- what is told


async def test_who_watches_is_told_of_what_they_watch(running, floor, noi) -> None:
    other = hire(floor, "other")
    token = sign_in_as(floor, Role.SUPERVISOR)
    async with running.open(token, f"agent:{noi}") as desk, running.open(token, "agents") as wall:
        await asyncio.to_thread(get_ready, floor, other)
        await asyncio.to_thread(get_ready, floor, noi)
        event, mark, data = await desk.next()
        assert (event, data) == ("changed", f"agent:{noi}"), "and nothing of the other"
        assert mark.partition(".")[0] == running.hub.instance
        assert (await wall.next())[::2] == ("changed", "agents")


async def test_many_changes_are_told_a_few_times_and_the_last_is(
    running, floor, monkeypatch
) -> None:
    monkeypatch.setattr(streams, "PACE", 0.5)  # a busy machine stands still for a tenth of a second
    token = sign_in_as(floor, Role.SUPERVISOR)
    async with running.open(token, "waiting") as wall:
        for _ in range(200):
            running.hub.tell(["waiting"])
        assert running.hub.number == 1
        begun = asyncio.get_running_loop().time()
        await wall.until("changed", "waiting")
        assert asyncio.get_running_loop().time() - begun < streams.PACE, "the first at once"
        await wall.until("changed", "waiting")
        assert running.hub.number == 2
        running.hub._forget()
        await asyncio.sleep(streams.PACE)
        running.hub._forget()
        assert running.hub._told_at == {}


async def test_it_says_that_it_lives(running, floor, monkeypatch) -> None:
    monkeypatch.setattr(streams, "BEAT", 0.05)
    async with running.open(sign_in_as(floor, Role.MANAGER), "waiting") as wall:
        assert (await wall.next(beats=True))[0] == "beat"
    async with running.session.get(running.server.make_url("/health")) as answer:
        assert (await answer.json())["ok"] is True


async def test_a_page_that_goes_is_forgotten(running, floor) -> None:
    token = sign_in_as(floor, Role.SUPERVISOR)
    async with running.open(token, "waiting"):
        assert len(running.hub.streams) == 1
    async with asyncio.timeout(PATIENCE):
        while running.hub.streams:
            running.hub.tell(["waiting"])
            await asyncio.sleep(0.05)


async def test_a_call_that_moves_is_told_once(running, floor) -> None:
    """Who waits, who is ready and the figures change together, one commit after the other."""
    token = sign_in_as(floor, Role.SUPERVISOR)
    async with running.open(token, "waiting agents service") as wall:
        running.hub.tell(["tickets"])
        for topic in ("waiting", "agents", "service"):
            running.hub.tell([topic])
        assert (await wall.next())[::2] == ("changed", "agents service waiting")
        running.hub.tell(["agent:7"])
        assert running.hub.number == 3, "an agent has a pace of their own"


# ---------------------------------------------------------------- who may


async def test_who_may_watch(running, floor) -> None:
    assert await running.status({}) == 401
    assert await running.status({"Authorization": "Bearer made-up"}) == 401
    for role in Role:
        token = sign_in_as(floor, role)
        expected = 200 if role in streams.WATCHES else 403
        assert await running.status({"Authorization": f"Bearer {token}"}) == expected, role
        assert await running.status({"Cookie": f"{COOKIE}={token}"}) == expected, role
        # a board of units is kept up to date for a division's administrator as well
        signed = {"Authorization": f"Bearer {token}"}
        assert await running.status(signed, "units tickets") == 200, role


@pytest.mark.parametrize("topics", ["", " ", "Waiting", "agent:x", "a b " * 20, "agent:7@3"])
async def test_topics_that_are_none(running, floor, topics) -> None:
    token = sign_in_as(floor, Role.SUPERVISOR)
    assert await running.status({"Authorization": f"Bearer {token}"}, topics) == 400


async def test_only_our_pages_may_read_it(running, floor) -> None:
    token = sign_in_as(floor, Role.SUPERVISOR)
    signed = {"Authorization": f"Bearer {token}"}
    for origin, status in {
        f"http://{running.server.host}:9999": 200,
        floor.settings.public_url: 200,
        "https://elsewhere.example": 403,
        "null": 403,
    }.items():
        assert await running.status({**signed, "Origin": origin}) == status, origin
    async with running.open(token, "waiting", Origin=floor.settings.public_url) as page:
        headers = page.response.headers
        assert headers["Access-Control-Allow-Origin"] == floor.settings.public_url
        assert headers["Access-Control-Allow-Credentials"] == "true"


async def test_the_stream_ends_with_the_session(running, floor) -> None:
    leaves, stays = sign_in_as(floor, Role.SUPERVISOR), sign_in_as(floor, Role.SUPERVISOR)
    async with running.open(leaves, "waiting") as page, running.open(stays, "waiting") as other:

        def sign_out() -> None:
            with floor.db.write() as session:
                auth.sign_out(session, leaves, now=clock.now())

        await asyncio.to_thread(sign_out)
        with pytest.raises(EOFError):
            await page.next()
        running.hub.tell(["waiting"])
        await other.until("changed", "waiting")


async def test_a_session_that_runs_out_is_found_without_being_told(floor, monkeypatch) -> None:
    monkeypatch.setattr(streams, "SESSION_CHECK", 0.1)
    async with serving(floor) as running:
        token = sign_in_as(floor, Role.SUPERVISOR)
        async with running.open(token, "waiting") as page:
            with clock.driven(clock.now() + auth.SESSION_LENGTH), pytest.raises(EOFError):
                await page.next()


# ---------------------------------------------------------------- what breaks


async def test_what_redis_lost_is_found_in_the_database(running, floor, noi) -> None:
    """An offer must ring within a second, whatever became of the message."""
    assert streams.LOOK <= 1.0
    token = sign_in_as(floor, Role.SUPERVISOR)
    floor.db.changed = None  # nobody is told
    async with running.open(token, f"agent:{noi} agents") as desk:
        await running.looked()
        await asyncio.to_thread(get_ready, floor, noi)
        await desk.until("changed", f"agent:{noi} agents")


async def test_a_redis_that_dies_and_comes_back(settings, city_config) -> None:
    with ExitStack() as stack:
        folder = stack.enter_context(servers.short_folder())
        socket = folder / "s"
        pid = stack.enter_context(servers.valkey_at(socket, folder))
        mine = settings.model_copy(update={"redis_url": f"unix://{socket}"})
        floor = build_floor(mine, city_config)
        stack.callback(floor.close)
        who = hire(floor, "noi")
        async with AsyncExitStack() as pages:
            running = await pages.enter_async_context(serving(floor))
            token = sign_in_as(floor, Role.SUPERVISOR)
            page = await pages.enter_async_context(running.open(token, f"agent:{who}"))
            os.kill(pid, signal.SIGKILL)
            await page.until("away")
            late = await pages.enter_async_context(running.open(token, "agents"))
            await asyncio.to_thread(get_ready, floor, who)
            await page.until("changed", f"agent:{who}")
            stack.enter_context(servers.valkey_at(socket, folder))
            await page.until("here")
            await late.until("here")
            await asyncio.to_thread(take_break, floor, who)
            await page.until("changed", f"agent:{who}")
