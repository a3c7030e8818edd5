"""How agents stood at any moment of the past: what the plain rule says, whatever the events."""

import random
from datetime import timedelta

import pytest
import sqlalchemy as sa

from agents.models import PresenceEvent
from agents.roster.attendance import presence
from tests.service.agents.conftest import NOON

WORDS = ("ready", "break", "signed_out", "missed")


@pytest.fixture
def told(db, hire):
    """Some agents with many changes, each perhaps a moment before the one before it (two hosts'
    clocks are not one), and one with none.
    """
    chance = random.Random(4)
    who = [hire(f"a{number}") for number in range(4)]
    with db.write() as session:
        session.execute(sa.delete(PresenceEvent))
        for agent_id in who[:3]:
            at = NOON
            for n in range(1, 60):
                at += timedelta(seconds=chance.choice((-1, 0, 0.2, 3, 90, 4000)))
                to = {"status": chance.choice(WORDS), "state": "idle", "reason": None}
                values = {"agent_id": agent_id, "n": n, "at": at, "by": "engine", "kind": "ready"}
                session.add(PresenceEvent(**values, data={"to": to}))
    return who


def plainly(session, agent_id, start, end):
    """By the numbers alone, one event after the other."""
    rows = session.scalars(
        sa.select(PresenceEvent).where(PresenceEvent.agent_id == agent_id).order_by(PresenceEvent.n)
    ).all()
    before = [row for row in rows if row.at < start][-1:]
    inside = [row for row in rows if start <= row.at < end]
    return [(row.at, row.data["to"]["status"]) for row in (*before, *inside)]


def test_who_stood_how_is_what_the_events_say(db, told):
    chance = random.Random(5)
    with db.read() as session:
        moments = list(session.scalars(sa.select(PresenceEvent.at)))
        for _ in range(40):
            start = chance.choice(moments) + timedelta(seconds=chance.choice((-0.1, 0, 0.1)))
            end = start + timedelta(seconds=chance.choice((0, 5, 9000)))
            found = presence(session, told, start, end)
            assert set(found) == set(told)
            for agent_id, seen in found.items():
                changes = [(each.at, each.status.value) for each in seen]
                assert changes == plainly(session, agent_id, start, end)
