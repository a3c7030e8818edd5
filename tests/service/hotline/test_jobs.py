"""Work by name, carried by a real Redis to a real worker; and without Redis, quickly, not."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import pytest
import redis
import rq
from rq.serializers import JSONSerializer

import hotline.app
from hotline import clock, jobs, outbox, smtp
from hotline.floor import Floor
from hotline.jobs import CALLS, NIGHT, QUEUES, SLOW, Jobs

NAME = "tests.work"


@pytest.fixture
def done(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the job was given, in the order in which the worker ran it."""
    seen: list[Any] = []

    def job(the_floor: Floor, *arguments: Any) -> None:
        assert the_floor is floor
        if arguments == ("fail",):
            raise LookupError("no such call")
        seen.append(arguments)

    floor.job_names[NAME] = job
    monkeypatch.setattr(hotline.app, "worker_floor", lambda: floor)
    return seen


@pytest.fixture
def connection(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


def queue(connection: redis.Redis, name: str) -> rq.Queue:
    return rq.Queue(name, connection=connection, serializer=JSONSerializer)


def work(floor: Floor, *queues: str) -> None:
    jobs.work(floor.settings.redis_url, list(queues or QUEUES), burst=True)


def test_a_worker_does_what_was_handed_over(
    floor: Floor, done: list[Any], connection: redis.Redis
) -> None:
    assert floor.jobs.enqueue(NAME, 7, "เรื่อง") is True
    assert floor.jobs.enqueue(NAME, 8) is True
    assert done == []
    work(floor)
    assert done == [(7, "เรื่อง"), (8,)]
    assert queue(connection, CALLS).count == 0
    # nothing of it stays behind in Redis
    assert list(connection.scan_iter("rq:job:*")) == []


def test_a_long_night_is_on_a_queue_of_its_own(
    floor: Floor, done: list[Any], connection: redis.Redis
) -> None:
    floor.jobs.enqueue(NAME, "night", queue=NIGHT)
    floor.jobs.enqueue(NAME, "call")
    assert queue(connection, NIGHT).jobs[0].timeout == jobs.TIME_LIMITS[NIGHT]
    assert queue(connection, CALLS).jobs[0].timeout == jobs.TIME_LIMITS[CALLS]
    work(floor, CALLS)
    assert done == [("call",)]
    work(floor, NIGHT)
    assert done == [("call",), ("night",)]


def test_a_job_that_fails_keeps_nobody_back(
    floor: Floor, done: list[Any], connection: redis.Redis
) -> None:
    floor.jobs.enqueue(NAME, "fail")
    floor.jobs.enqueue("tests.nobody_registered_this")
    floor.jobs.enqueue(NAME, "next")
    work(floor)
    assert done == [("next",)]
    failed = [
        rq.job.Job.fetch(each, connection=connection, serializer=JSONSerializer)
        for each in queue(connection, CALLS).failed_job_registry.get_job_ids()
    ]
    assert {each.args[0] for each in failed} == {NAME, "tests.nobody_registered_this"}


def test_an_effect_finds_its_way_through_redis(floor: Floor, done: list[Any]) -> None:
    """From the unit of work that posts it to the worker that does it."""
    acted: list[Any] = []
    floor.effects["tests.act"] = lambda _floor, payload: acted.append(payload)
    with floor.db.write() as session:
        outbox.post(session, "tests.act", {"call": 7}, now=clock.now())
    work(floor, CALLS)
    assert acted == [{"call": 7}]


def slowly(floor: Floor) -> list[Any]:
    """What a server that may hang was given."""
    acted: list[Any] = []
    floor.effects["tests.mail"] = lambda _floor, payload: acted.append(payload["n"])
    floor.slow_effects.add("tests.mail")
    return acted


def test_a_server_that_hangs_holds_up_no_call(
    floor: Floor, done: list[Any], connection: redis.Redis
) -> None:
    acted = slowly(floor)
    with floor.db.write() as session:
        outbox.post(session, "tests.mail", {"n": 1}, now=clock.now())
    assert (queue(connection, CALLS).count, queue(connection, SLOW).count) == (0, 1)
    work(floor, CALLS)
    assert acted == []
    work(floor, *jobs.WORKERS["night"])
    assert acted == [1]


def test_nor_does_it_hold_up_what_the_same_worker_does_besides(
    floor: Floor, done: list[Any], connection: redis.Redis
) -> None:
    slowly(floor)
    floor.effects["tests.mail"] = lambda *_: done.append("mail")
    with floor.db.write() as session:
        outbox.post(session, "tests.mail", {}, now=clock.now())
    floor.jobs.enqueue(NAME, "a count", queue=NIGHT)
    work(floor, *jobs.WORKERS["night"])
    assert done == [("a count",), "mail"]


def test_neither_a_long_night_nor_that_server_holds_up_an_sms(
    floor: Floor, done: list[Any], connection: redis.Redis
) -> None:
    slowly(floor)
    with floor.db.write() as session:
        outbox.post(session, "tests.mail", {}, now=clock.now())
    floor.jobs.enqueue(NAME, "a count", queue=NIGHT)
    floor.jobs.enqueue(NAME, "an SMS", queue=jobs.SOON)
    work(floor, *jobs.WORKERS["soon"])
    assert done == [("an SMS",)]
    assert (queue(connection, NIGHT).count, queue(connection, SLOW).count) == (1, 1)


def test_no_mail_is_cut_short_by_the_limit_of_its_job() -> None:
    answers = 11  # of a mail server: the connection, two greetings, TLS, a password, the message
    assert outbox.SLOW_BATCH * answers * smtp.PATIENCE < jobs.TIME_LIMITS[SLOW]


def test_the_sweep_waits_for_no_such_server_either(
    floor: Floor, done: list[Any], connection: redis.Redis
) -> None:
    acted = slowly(floor)
    with clock.driven(datetime(2026, 11, 20, 5, tzinfo=UTC)) as time:
        with floor.db.write() as session:
            for n in range(3):
                outbox.post(session, "tests.mail", {"n": n}, now=clock.now())
        connection.flushall()
        time.advance(seconds=outbox.HEAD_START + 1)
        for _ in range(3):
            outbox.sweep(floor, clock.now())
        assert acted == []
        assert queue(connection, SLOW).count == 1, "handed over once, however often it is swept"
        work(floor, SLOW)
    assert acted == [0, 1, 2]


def test_a_refused_connection_is_noticed_at_once(caplog: pytest.LogCaptureFixture) -> None:
    began = monotonic()
    assert Jobs("redis://127.0.0.1:9").enqueue(NAME, 7) is False
    assert Jobs("unix:///nowhere/at/all").enqueue(NAME, 7) is False
    assert monotonic() - began < 1.0
    assert "left to the sweep" in caplog.text


def test_a_redis_that_does_not_answer_is_given_up_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = monotonic()
        assert Jobs(f"redis://127.0.0.1:{silent.getsockname()[1]}").enqueue(NAME, 7) is False
        assert monotonic() - began < 3.0


def test_when_redis_is_back_work_goes_on(
    floor: Floor, done: list[Any], connection: redis.Redis
) -> None:
    floor.jobs.enqueue(NAME, "lost")
    connection.flushall()
    connection.client_kill_filter(skipme=True, _type="normal")
    floor.jobs.enqueue(NAME, "may be lost")  # on a connection that has been cut
    assert floor.jobs.enqueue(NAME, "arrives") is True
    work(floor)
    assert done[-1] == ("arrives",)
