"""What a unit of work was about is told after its commit, whoever wrote it."""

import time
from datetime import UTC, datetime

import pytest
import redis
import sqlalchemy as sa

from agents import service as agents
from hotline import auth, changes
from hotline.app import TOPICS
from hotline.auth import Role
from hotline.changes import CHANNEL, Changes
from hotline.db import Base
from hotline.models import Account
from ivr import calls
from ivr.events import Kind
from ivr.models import Waiting
from ivr.room import waiting
from tests.support.floors import NOBODY, sign_in_as
from tests.support.stories import Story

NOON = datetime(2026, 8, 1, 5, tzinfo=UTC)


@pytest.fixture
def told(floor) -> list[set[str]]:
    """What each unit of work of this floor was about."""
    said: list[set[str]] = []
    floor.db.changed = lambda topics: said.append(set(topics))
    return said


@pytest.fixture
def noi(floor) -> int:
    sign_in_as(floor, Role.AGENT, "noi")
    with floor.db.write() as session:
        account = session.execute(sa.select(Account.id).where(Account.username == "noi"))
        return agents.create_agent(
            session,
            account_id=account.scalar_one(),
            name="noi",
            queues=["complaint"],
            languages=["th"],
            now=NOON,
        ).id


def test_a_change_of_presence_names_the_agent_and_its_number(floor, noi, told) -> None:
    with floor.db.write() as session:
        agents.ready(session, noi, now=NOON)
        assert told == [], "not before the commit"
    assert told == [{"agents", f"agent:{noi}@1"}]
    with floor.db.write() as session:
        agents.ready(session, noi, now=NOON)
    assert len(told) == 1, "nothing was written"


def test_what_was_rolled_back_is_not_told(floor, noi, told) -> None:
    def fail_after_writing() -> None:
        with floor.db.write() as session:
            agents.ready(session, noi, now=NOON)
            raise LookupError

    with pytest.raises(LookupError):
        fail_after_writing()
    with floor.db.read() as session:
        session.scalars(sa.select(Account)).all()
    assert told == []


def test_an_event_of_a_call_names_its_agent_and_the_figures(floor, told) -> None:
    with floor.db.write() as session:
        story = Story(session, NOON).queued()
    assert told.pop() >= {"service"}
    with floor.db.write() as session:
        calls.tell(session, story.call_id, Kind.HELD, {"offer": 1, "agent": 7}, now=NOON)
    assert told == [{"agent:7"}]
    calls.step_alone(floor.db, story.call_id, 3, Kind.STEP, {"at": "main"}, now=NOON)
    assert told == [{"agent:7"}], "a key pressed is seen on no page that is open"


def test_a_wait_loop_that_is_heard_of_is_not_told(floor, told) -> None:
    with floor.db.write() as session:
        story = Story(session, NOON)
        place = waiting.Place(story.call_id, 1, "complaint", "complaint", "th", 0)
        assert waiting.enter(session, place, now=NOON)
    assert "waiting" in told.pop()
    with floor.db.write() as session:
        assert waiting.seen(session, story.call_id, 1, None, now=NOON)
    assert told == []
    with floor.db.write() as session:
        session.execute(sa.update(Waiting).values(state="left"))
    assert told == [{"waiting"}]


def test_a_session_that_ends_is_told(floor, noi, told) -> None:
    token = sign_in_as(floor, Role.AGENT, "noi")
    told.clear()
    with floor.db.write() as session:
        auth.sign_out(session, token, now=NOON)
    assert {"sign_ins"} in told


def test_topics_reach_whoever_listens(redis_url: str) -> None:
    publish = Changes(redis_url)
    with redis.Redis.from_url(redis_url) as client, client.pubsub() as channel:
        channel.subscribe(CHANNEL)
        assert channel.get_message(timeout=5)["type"] == "subscribe"
        publish({"waiting", "agent:7@3"})
        assert channel.get_message(timeout=5)["data"] == b"agent:7@3 waiting"
        publish({"tickets"})
        publish.close()
        assert channel.get_message(timeout=5)["data"] == b"tickets", "also what was left at the end"
    publish({"waiting"})
    assert publish._thread is not None and not publish._thread.is_alive()


def test_nobody_waits_for_a_redis_that_is_away(caplog) -> None:
    publish = Changes(NOBODY.replace("http", "redis"))
    publish({"waiting"})
    while publish._topics:
        time.sleep(0.01)
    publish({"tickets"})
    publish.close()
    assert caplog.text.count("Redis is away") == 1, "said once, and not of each change"


def test_a_table_that_cannot_say_breaks_nothing(floor, noi, told, caplog) -> None:
    floor.db.topics = {**TOPICS, "presence_events": lambda row: row["no such column"]}
    with floor.db.write() as session:
        agents.ready(session, noi, now=NOON)
    with floor.db.read() as session:
        assert agents.presence_of(session, noi).status == "ready"
    assert "presence_events" in caplog.text


def test_by_and_always() -> None:
    by = changes.by("agent", "agent_id", "agents")
    assert set(by({"agent_id": 7})) == {"agent:7", "agents"}
    assert set(by({"other": 7})) == {"agents"}
    assert list(changes.nothing({})) == []


def test_every_table_says_what_it_is_about() -> None:
    """A new table is put into `hotline.app.TOPICS`, or its changes would reach no page."""
    assert set(TOPICS) == set(Base.metadata.tables)
