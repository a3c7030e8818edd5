"""A lower room announces, an upper room listens: after the commit, or not at all."""

from typing import Any

import pytest

from hotline.announce import announce
from hotline.db import Database

Heard = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def heard(db: Database) -> Heard:
    said: Heard = []
    db.listen("agent.ready", lambda **facts: said.append(("first", facts)))
    db.listen("agent.ready", lambda **facts: said.append(("second", facts)))
    return said


def test_every_listener_hears_it_after_the_commit(db: Database, heard: Heard) -> None:
    with db.write() as session:
        announce(session, "agent.ready", agent_id=7)
        announce(session, "nobody.listens", agent_id=7)
        assert heard == []
    assert heard == [("first", {"agent_id": 7}), ("second", {"agent_id": 7})]


def test_what_did_not_happen_is_not_heard(db: Database, heard: Heard) -> None:
    def fail_after_announcing() -> None:
        with db.write() as session:
            announce(session, "agent.ready", agent_id=7)
            raise LookupError

    with pytest.raises(LookupError):
        fail_after_announcing()
    assert heard == []


def test_a_deaf_listener_keeps_nobody_else_from_hearing(db: Database) -> None:
    said: list[int] = []

    def deaf(agent_id: int) -> None:
        raise LookupError

    db.listen("agent.ready", deaf)
    db.listen("agent.ready", lambda *, agent_id: said.append(agent_id))
    with db.write() as session:
        announce(session, "agent.ready", agent_id=7)
    assert said == [7]


def test_databases_do_not_share_listeners(db: Database, heard: Heard) -> None:
    other = Database("postgresql+psycopg://")
    assert other.listeners == {}
    other.dispose()
