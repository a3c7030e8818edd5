"""A part of the machine fails in the middle of a call: a worker, Redis, the database."""

import os
import signal
import subprocess
import sys
import time as wall
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hotline import clock, outbox
from hotline.app import build_floor
from hotline.city import CityConfig
from hotline.clock import DrivenClock
from hotline.settings import Settings
from ivr import service as ivr
from ivr.events import OfferState
from tests.support import drain, invariants, outages
from tests.support.floors import AUTH_TOKEN, CONFIG, PUBLIC_URL
from tests.support.scripted_carrier import Leg, Queued
from tests.support.world import START, Worker, World, listening

#: The carrier gives up on a webhook after so many seconds.
CARRIERS_PATIENCE = 15.0
AWAY = 10.0

Build = Callable[..., World]


@pytest.fixture
def build(city_config: CityConfig, tmp_path: Path) -> Iterator[Build]:
    """`build(database_url, redis_url)`: a hotline of two web processes, its clock by hand."""
    with ExitStack() as stack:

        def build(database_url: str, redis_url: str) -> World:
            settings = Settings(
                data=tmp_path,
                config=CONFIG,
                database_url=database_url,
                redis_url=redis_url,
                public_url=PUBLIC_URL,
                carrier_base_url="http://127.0.0.1:9",
                carrier_account_sid="AC" + "0" * 32,
                carrier_auth_token=AUTH_TOKEN,
                secret_key="a secret of the tests",
            )
            floors = [build_floor(settings, city_config) for _ in range(2)]
            for floor in floors:
                stack.callback(floor.close)
            return World(floors)

        yield build


def begin(world: World, *, with_redis: bool = False) -> None:
    """An empty hotline; `with_redis` leaves the way of the work to the workers as it is."""
    real = [floor.jobs for floor in world.floors]
    world.begin()
    if with_redis:
        for floor, jobs in zip(world.floors, real, strict=True):
            floor.jobs = jobs


def deliver(world: World, leg: Leg) -> None:
    """The webhook whose answer this leg is waiting for."""
    world.deliver(next(r for r in world.carrier.in_flight if r.leg is leg and r.awaited))


def queued(world: World, number: int = 1, language: str = "1") -> Leg:
    """Somebody who waits for information."""
    leg = world.carrier.ring(f"+6681000{number:04d}")
    deliver(world, leg)
    for key in (language, "1"):
        world.carrier.press(leg, key)
        deliver(world, leg)
    assert isinstance(leg.place, Queued)
    return leg


def accept(world: World, worker: Worker) -> None:
    (offer,) = world.offers(OfferState.OFFERED)
    assert world.do(worker, f"/api/offers/{offer.id}/accept")


# ---------------------------------------------------------------- a worker


def test_a_worker_killed_between_the_act_and_the_note_of_it(
    build: Build, database_url: str, redis_url: str
) -> None:
    """The agent's telephone rings, and nobody knows which call that is: the lease rings it again,
    and only one of the two calls gets to the caller.
    """
    world = build(database_url, redis_url)
    started = datetime.now(UTC)  # the worker's clock is the wall's
    with clock.driven(started) as time, listening(world):
        begin(world, with_redis=True)
        caller, worker = queued(world), world.staff[0]
        world.is_ready(worker)
        with outages.slow_carrier(world.carrier) as carrier:
            process = _worker(world.floor.settings, carrier.url)
            try:
                accept(world, worker)
                assert carrier.asked.wait(60), "the worker asked the carrier for nothing"
            finally:
                process.send_signal(signal.SIGKILL)
                process.wait()
        (lost,) = world.carrier.telephones("ringing")
        time.advance(seconds=(datetime.now(UTC) - started).total_seconds())
        _ring_again_and_meet(world, time, caller, lost)
        drain.serve_everybody(world, time)


def _worker(settings: Settings, carrier: str) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "HOTLINE_DATA": str(settings.data),
        "HOTLINE_CONFIG": str(settings.config),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "PUBLIC_URL": PUBLIC_URL,
        "CARRIER_BASE_URL": carrier,
        "CARRIER_ACCOUNT_SID": settings.carrier_account_sid,
        "CARRIER_AUTH_TOKEN": settings.carrier_auth_token,
        "SECRET_KEY": settings.secret_key,
    }
    command = [sys.executable, "-m", "hotline", "worker", "calls"]
    root = Path(__file__).parents[2]
    return subprocess.Popen(command, env=environment, cwd=root, start_new_session=True)


def _ring_again_and_meet(world: World, time: DrivenClock, caller: Leg, lost: Leg) -> None:
    time.advance(seconds=outbox.LEASE - 15)
    outbox.sweep(world.floor, clock.now())
    assert len(world.carrier.telephones("ringing")) == 1, "the lease is not over"
    time.advance(seconds=15 + outbox.HEAD_START + 1)
    outbox.sweep(world.floor, clock.now())
    _, again = world.carrier.telephones("ringing")
    for telephone in (lost, again):
        world.carrier.answer(telephone)
        deliver(world, telephone)
    assert lost.is_over, "the call that nobody knew of is hung up when it is answered"
    time.advance(seconds=outbox.HEAD_START + 1)
    outbox.sweep(world.floor, clock.now())
    deliver(world, caller)
    (conference,) = world.carrier.conferences.values()
    assert conference.members == [again, caller]
    invariants.check(world.floor)


# ---------------------------------------------------------------- Redis


@pytest.mark.parametrize("how", ["flushed", "killed", "killed and restarted"])
def test_redis_is_lost_between_accept_and_the_agents_telephone(
    build: Build, database_url: str, how: str
) -> None:
    """Losing all of Redis loses no caller: the sweep does what no worker will."""
    with outages.private_valkey() as valkey, clock.driven(START) as time:
        world = build(database_url, valkey.url)
        with listening(world):
            begin(world, with_redis=True)
            caller, worker = queued(world), world.staff[0]
            world.is_ready(worker)
            if how != "flushed":
                valkey.kill()
            accept(world, worker)
            if how == "flushed":
                valkey.flush()
            if how == "killed and restarted":
                valkey.start()
            for _ in range(2):  # to ring the agent, and to bring the caller
                time.advance(seconds=outbox.HEAD_START + 1)
                world.sweep()
                for telephone in world.carrier.telephones("ringing"):
                    world.carrier.answer(telephone)
                    deliver(world, telephone)
            deliver(world, caller)
            (offer,) = world.offers(OfferState.CONNECTED)
            assert offer.agent_id == worker.id
            invariants.check(world.floor)
            assert world.floor.jobs.enqueue("outbox.deliver", 0) == (how != "killed")
            drain.serve_everybody(world, time)


# ---------------------------------------------------------------- the database


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[outages.Away]:
    """A database that can be taken away: its file held by another, its server stopped."""
    if request.param == "sqlite":
        yield outages.Locked(request.getfixturevalue("sqlite_url"))
        return
    with outages.private_postgres() as cluster:
        yield outages.Stopped(cluster)


def test_the_database_is_away_for_ten_seconds(
    build: Build, database: outages.Away, redis_url: str
) -> None:
    """Whoever is in the menu hears an apology in their language and is put through; whoever waits
    keeps waiting, and keeps the place. Nothing is lost, nothing is doubled.
    """
    world = build(database.url, redis_url)
    with clock.driven(START) as time, listening(world):
        begin(world)
        waiting = []
        for number in range(3):
            waiting.append(queued(world, number, "2"))
            time.advance(seconds=1)
        choosing = world.carrier.ring("+66820000001")
        deliver(world, choosing)
        world.carrier.press(choosing, "2")
        deliver(world, choosing)
        world.carrier.press(choosing, "1")
        arriving = world.carrier.ring("+66820000002")
        before = _story(world)
        _during(world, database, [choosing, arriving], waiting)
        assert _story(world) == before, "the outage wrote something"
        world.complaints.found.clear()  # each of these faults is one for the IT officer
        for leg in waiting:  # the loops come round; nobody has lost the place
            deliver(world, leg)
        invariants.check(world.floor)
        _served_in_order(world, waiting)
        drain.serve_everybody(world, time)


def _story(world: World) -> dict[str, list[tuple[object, ...]]]:
    with world.floor.db.read() as session:
        return invariants.everything(session)


def _during(world: World, database: outages.Away, speaking: list[Leg], waiting: list[Leg]) -> None:
    """Ten seconds in which every webhook is answered as it must be."""
    database.begin()
    until = wall.monotonic() + AWAY
    try:
        requests = [r for r in world.carrier.in_flight if r.awaited]
        assert {id(r.leg) for r in requests} == {id(leg) for leg in [*speaking, *waiting]}
        with ThreadPoolExecutor(len(requests)) as threads:
            answers = list(threads.map(lambda r: _timed(world, r.path, r.form), requests))
        for request, (seconds, document) in zip(requests, answers, strict=True):
            assert seconds < CARRIERS_PATIENCE, (request.path, seconds)
            world.carrier.in_flight.remove(request)
            world.carrier.execute(request, document)
            if request.leg in speaking:
                _is_apology(world, document, "en-GB" if "lang=en" in request.path else "th-TH")
            else:
                assert isinstance(request.leg.place, Queued), "a waiting caller waits on"
        wall.sleep(max(0.0, until - wall.monotonic()))  # the outage itself is what takes the time
    finally:
        database.end()


def _timed(world: World, path: str, form: dict[str, str]) -> tuple[float, str]:
    start = wall.monotonic()
    answer = world.send(path, form)
    assert answer.status_code == 200, (path, answer.status)
    return wall.monotonic() - start, answer.text


def _is_apology(world: World, document: str, language: str) -> None:
    """Words in the caller's language, and put through to the fallback number."""
    root = ET.fromstring(document)
    assert [verb.tag for verb in root] == ["Say", "Dial", "Say", "Hangup"], document
    assert {say.attrib["language"] for say in root.iter("Say")} == {language}
    (number,) = root.iter("Number")
    assert number.text == world.floor.city.fallback_number


def _served_in_order(world: World, waiting: list[Leg]) -> None:
    """One agent takes them one after the other, in the order in which they came."""
    worker = world.staff[0]
    world.is_ready(worker)
    for leg in waiting:
        accept(world, worker)
        world.carry_all()
        (telephone,) = world.carrier.telephones("ringing")
        world.carrier.answer(telephone)
        deliver(world, telephone)
        world.carry_all()
        deliver(world, leg)
        ((_, _, call_id),) = world.offers(OfferState.CONNECTED)
        with world.floor.db.read() as session:
            assert ivr.call_facts(session, call_id).sid == leg.sid
        assert world.do(worker, f"/api/calls/{call_id}/hang-up")
        world.carry_all()
        assert world.finish(worker, call_id)
