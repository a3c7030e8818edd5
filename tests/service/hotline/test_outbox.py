"""Effects that must not be lost: once, later, again, or given up; whoever dies in between."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from hotline import clock, outbox
from hotline.clock import DrivenClock, ScaledClock
from hotline.floor import Floor
from hotline.jobs import Jobs
from hotline.models import Effect
from hotline.outbox import Hopeless

KIND = "tests.act"
LOST_AFTER = outbox.LEASE + outbox.HEAD_START + 0.1


class Killed(BaseException):
    """The process is killed: no handler of errors runs."""


@dataclass
class World:
    """What the effects do: they are noted, or fail as told."""

    done: list[dict[str, Any]] = field(default_factory=list)
    fails: Callable[[], None] = lambda: None

    def act(self, _floor: Floor, payload: dict[str, Any]) -> None:
        self.fails()
        self.done.append(payload)


@pytest.fixture
def world(floor: Floor) -> World:
    the_world = World()
    floor.effects[KIND] = the_world.act
    return the_world


def fail() -> None:
    raise ConnectionError("the carrier is away")


def give_up() -> None:
    raise Hopeless("the call has ended")


def die() -> None:
    raise Killed


def post(floor: Floor, *, key: str | None = None, **payload: Any) -> int:
    with floor.db.write() as session:
        outbox.post(session, KIND, payload, now=clock.now(), key=key)
        return session.execute(sa.select(sa.func.max(Effect.id))).scalar_one()


def effect(floor: Floor, effect_id: int) -> Effect:
    with floor.db.read() as session:
        return session.get_one(Effect, effect_id)


# ---------------------------------------------------------------- the usual way


def test_what_was_posted_is_done_once(floor: Floor, world: World, driven: DrivenClock) -> None:
    effect_id = post(floor, call=7)
    assert effect(floor, effect_id).state == "pending"
    assert outbox.deliver(floor, effect_id) is True
    assert outbox.deliver(floor, effect_id) is False
    assert world.done == [{"call": 7}]
    row = effect(floor, effect_id)
    assert (row.state, row.attempts, row.ended_at) == ("sent", 1, clock.now())


def test_a_worker_is_told_after_the_commit(floor: Floor, world: World) -> None:
    told: list[int] = []
    floor.db.listeners["outbox.posted"] = [lambda *, effect_id, **_: told.append(effect_id)]
    with floor.db.write() as session:
        outbox.post(session, KIND, {}, now=clock.now())
        assert told == []
    assert len(told) == 1
    assert outbox.deliver(floor, told[0])


def test_a_key_is_done_once_however_often_it_is_posted(floor: Floor, world: World) -> None:
    told: list[int] = []
    floor.db.listeners["outbox.posted"] = [lambda *, effect_id, **_: told.append(effect_id)]
    for attempt in range(3):
        post(floor, key="hang-up:7", attempt=attempt)
    post(floor, key="hang-up:8", attempt=0)
    assert len(told) == 2
    for effect_id in told:
        outbox.deliver(floor, effect_id)
    assert world.done == [{"attempt": 0}, {"attempt": 0}]


def test_what_was_rolled_back_is_not_done(floor: Floor, world: World) -> None:
    def fail_after_posting() -> None:
        with floor.db.write() as session:
            outbox.post(session, KIND, {}, now=clock.now())
            raise LookupError

    with pytest.raises(LookupError):
        fail_after_posting()
    outbox.sweep(floor, clock.now() + timedelta(days=1))
    assert world.done == []


# ---------------------------------------------------------------- trouble


def test_trouble_is_tried_again_later_and_later(
    floor: Floor, world: World, driven: DrivenClock
) -> None:
    effect_id = post(floor)
    world.fails = fail
    pauses = []
    for attempt in range(1, outbox.MAX_ATTEMPTS):
        assert outbox.deliver(floor, effect_id) is False
        row = effect(floor, effect_id)
        assert (row.state, row.attempts) == ("pending", attempt)
        pauses.append((row.due_at - clock.now()).total_seconds())
        driven.advance(seconds=pauses[-1] - 0.01)
        assert outbox.deliver(floor, effect_id) is False  # not before its time
        assert effect(floor, effect_id).attempts == attempt
        driven.advance(seconds=0.01)
    assert pauses == [1, 2, 4, 8, 16]
    assert outbox.deliver(floor, effect_id) is True
    row = effect(floor, effect_id)
    assert (row.state, row.attempts) == ("failed", outbox.MAX_ATTEMPTS)
    assert row.last_error == "the carrier is away"
    driven.advance(days=1)
    outbox.sweep(floor, clock.now())
    assert effect(floor, effect_id).attempts == outbox.MAX_ATTEMPTS


def test_trouble_that_passes_is_forgotten(floor: Floor, world: World, driven: DrivenClock) -> None:
    effect_id = post(floor)
    world.fails = fail
    outbox.deliver(floor, effect_id)
    world.fails = lambda: None
    driven.advance(seconds=outbox.FIRST_PAUSE + outbox.HEAD_START + 0.01)
    outbox.sweep(floor, clock.now())
    row = effect(floor, effect_id)
    assert (row.state, row.attempts, row.last_error) == ("sent", 2, None)
    assert world.done == [{}]


def test_what_can_never_succeed_is_given_up_at_once(floor: Floor, world: World) -> None:
    world.fails = give_up
    effect_id = post(floor)
    assert outbox.deliver(floor, effect_id) is True
    row = effect(floor, effect_id)
    assert (row.state, row.attempts, row.last_error) == ("failed", 1, "the call has ended")


def test_a_kind_that_nobody_knows_is_logged_and_keeps_nobody_back(
    floor: Floor, world: World, driven: DrivenClock, caplog: pytest.LogCaptureFixture
) -> None:
    with floor.db.write() as session:
        outbox.post(session, "from.a.newer.version", {}, now=clock.now())
    post(floor, call=7)
    driven.advance(seconds=outbox.HEAD_START + 0.1)
    outbox.sweep(floor, clock.now())
    assert world.done == [{"call": 7}]
    assert "from.a.newer.version" in caplog.text


# ---------------------------------------------------------------- death, and races


@pytest.mark.parametrize("acted", [False, True])
def test_what_a_dead_sender_left_is_sent_after_its_lease(
    floor: Floor, world: World, driven: DrivenClock, acted: bool
) -> None:
    def act_and_die(the_floor: Floor, payload: dict[str, Any]) -> None:
        if acted:
            world.act(the_floor, payload)
        raise Killed

    floor.effects[KIND] = act_and_die
    effect_id = post(floor)
    with pytest.raises(Killed):
        outbox.deliver(floor, effect_id)
    floor.effects[KIND] = world.act
    driven.advance(seconds=outbox.LEASE - 0.1)
    outbox.sweep(floor, clock.now())
    assert effect(floor, effect_id).state == "sending"
    driven.advance(seconds=outbox.HEAD_START + 0.2)
    outbox.sweep(floor, clock.now())
    assert effect(floor, effect_id).state == "sent"
    assert len(world.done) == 1 + acted  # at least once: the price of never losing one


def test_of_two_senders_one_acts(floor: Floor, world: World) -> None:
    acting, lost = threading.Event(), threading.Event()

    def slow(the_floor: Floor, payload: dict[str, Any]) -> None:
        acting.set()
        assert lost.wait(10)
        world.act(the_floor, payload)

    floor.effects[KIND] = slow
    effect_id = post(floor)
    with ThreadPoolExecutor(1) as other:
        first = other.submit(outbox.deliver, floor, effect_id)
        assert acting.wait(10)
        assert outbox.deliver(floor, effect_id) is False
        lost.set()
        assert first.result() is True
    assert world.done == [{}]


def test_of_many_senders_at_once_one_acts(floor: Floor, world: World) -> None:
    effect_ids = [post(floor, call=number) for number in range(5)]
    together = threading.Barrier(4)

    def send_all(_number: int) -> list[bool]:
        together.wait()
        return [outbox.deliver(floor, each) for each in effect_ids]

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(send_all, range(4)))
    assert sorted(each["call"] for each in world.done) == [0, 1, 2, 3, 4]
    assert [sum(column) for column in zip(*answers, strict=True)] == [1] * 5


def test_a_sender_that_had_been_given_up_on_notes_nothing(
    floor: Floor, world: World, driven: DrivenClock
) -> None:
    """It comes back after its lease, while another one sends: its failure is not the other's."""
    acting, late = threading.Event(), threading.Event()

    def slow_then_fail(_floor: Floor, _payload: dict[str, Any]) -> None:
        acting.set()
        assert late.wait(10)
        fail()

    floor.effects[KIND] = slow_then_fail
    effect_id = post(floor)
    with ThreadPoolExecutor(1) as other:
        slow = other.submit(outbox.deliver, floor, effect_id)
        assert acting.wait(10)
        driven.advance(seconds=LOST_AFTER)

        def second(the_floor: Floor, payload: dict[str, Any]) -> None:
            late.set()
            slow.result()
            assert effect(the_floor, effect_id).state == "sending"
            world.act(the_floor, payload)

        floor.effects[KIND] = second
        assert outbox.deliver(floor, effect_id) is True
    row = effect(floor, effect_id)
    assert (row.state, row.attempts, row.last_error) == ("sent", 2, None)


# ---------------------------------------------------------------- without Redis, with a fast clock


def test_without_redis_the_sweep_sends(floor: Floor, world: World, driven: DrivenClock) -> None:
    floor.jobs = Jobs("redis://127.0.0.1:9")
    post(floor, call=7)
    driven.advance(seconds=outbox.HEAD_START - 0.1)
    outbox.sweep(floor, clock.now())
    assert world.done == []  # the worker comes first
    driven.advance(seconds=0.2)
    outbox.sweep(floor, clock.now())
    outbox.sweep(floor, clock.now())
    assert world.done == [{"call": 7}]


def test_without_redis_one_slow_effect_at_a_time(
    floor: Floor, world: World, driven: DrivenClock
) -> None:
    floor.jobs = Jobs("redis://127.0.0.1:9")
    floor.slow_effects.add(KIND)
    for number in range(3):
        post(floor, call=number)
        driven.advance(seconds=1)
    driven.advance(seconds=outbox.HEAD_START)
    for sent in range(1, 4):
        outbox.sweep(floor, clock.now())
        assert [each["call"] for each in world.done] == list(range(sent))


def test_the_sweep_sends_the_oldest_first(floor: Floor, world: World, driven: DrivenClock) -> None:
    for number in range(3):
        post(floor, call=number)
        driven.advance(seconds=1)
    driven.advance(seconds=outbox.HEAD_START)
    outbox.sweep(floor, clock.now())
    assert [each["call"] for each in world.done] == [0, 1, 2]


def test_a_fast_clock_gives_the_world_the_same_time(
    floor: Floor, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 60 times the speed a carrier needs as many seconds of the wall as ever."""
    start = datetime(2026, 11, 20, 5, tzinfo=UTC)
    monkeypatch.setattr(clock, "_source", ScaledClock.starting(start, 60.0))
    waiting, failing = post(floor), post(floor)
    world.fails = die
    with pytest.raises(Killed):
        outbox.deliver(floor, waiting)
    world.fails = fail
    outbox.deliver(floor, failing)
    now = clock.now()
    assert effect(floor, waiting).due_at - now > timedelta(seconds=60 * (outbox.LEASE - 5))
    assert effect(floor, failing).due_at - now > timedelta(seconds=60 * outbox.FIRST_PAUSE - 50)
    world.fails = lambda: None
    fresh = post(floor)
    outbox.sweep(floor, clock.now() + timedelta(seconds=60))
    assert effect(floor, fresh).state == "pending"  # one second of the wall: the worker comes first
