"""A database of either engine with a city's few agents in it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from agents import service
from agents.models import AgentSkill
from hotline import auth
from hotline.db import Database, bulk_insert

NOON = datetime(2026, 8, 1, 5, tzinfo=UTC)  # noon in Pattaya
Hire = Callable[..., int]


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.fixture
def hire(db: Database, monkeypatch: pytest.MonkeyPatch) -> Hire:
    """`hire("Noi", "complaint/th", …)` makes an account and an agent; returns the agent's id."""
    monkeypatch.setattr(auth, "_hasher", _Quick())

    def one(name: str, *skills: str) -> int:
        with db.write() as session:
            account_id = auth.create_account(
                session,
                username=name.lower(),
                name=name,
                role=auth.Role.AGENT,
                password="correct horse",
                now=NOON,
            )
            found = service.create_agent(
                session, account_id=account_id, name=name, queues=[], languages=[], now=NOON
            )
            rows = [{"agent_id": found.id, "skill": skill} for skill in skills]
            bulk_insert(session, AgentSkill, rows)
            return found.id

    return one


class _Quick:
    """argon2 takes 50 ms on purpose; these tests are not about passwords."""

    def hash(self, password: str) -> str:
        return f"not hashed: {password}"
