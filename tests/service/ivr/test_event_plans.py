"""Without statistics SQLite takes the index of kinds for the better one: what happened in a call
must be found by the call, or every event of a kind that there ever was is read.
"""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from hotline import clock
from hotline.db import Database
from hotline.privacy import service as privacy
from hotline.privacy.keepers import Subject
from ivr import messages, story
from tests.service.ivr.conftest import NOON
from tests.service.ivr.world import World

BY_KIND = "ix_call_events_kind_at (kind=?)"
NUMBER = "+66812345678"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


class Plans:
    """How the database finds the events of every statement that is asked of it."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._seen: dict[str, Any] = {}
        sa.event.listen(db.engine, "before_cursor_execute", self._note)

    def _note(self, _: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
        if "call_events" in statement and not statement.startswith(("INSERT", "EXPLAIN")):
            self._seen[statement] = values

    def all(self) -> dict[str, list[str]]:
        with self._db.engine.connect() as connection:
            return {
                statement: [
                    row.detail
                    for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
                ]
                for statement, values in list(self._seen.items())
            }


def test_what_happened_in_a_call_is_found_by_the_call(world: World) -> None:
    plans = Plans(world.floor.db)
    agent = world.agent()
    caller = world.caller(NUMBER).to_queue()
    world.deliver()
    assert agent.offer is not None
    caller.hangs_up()
    week = (NOON - timedelta(days=7), NOON + timedelta(days=1))
    with world.floor.db.read() as session:
        assert list(story.visits_of_calls(session, [caller.id, *range(1000, 1499)], [week]))
        assert list(story.visits(session, *week))
        assert story.calls_within(session, [week], having=story.DECIDE)
        assert messages.of_call(session, caller.id) == []
    with world.floor.db.write() as session:
        asked: dict[str, Any] = {"reason": "asked", "by": None, "now": clock.now()}
        privacy.erase(world.floor, session, Subject(number=NUMBER), dry=False, **asked)
    found = plans.all()
    assert len(found) > 6
    assert {each: plan for each, plan in found.items() if BY_KIND in "\n".join(plan)} == {}
