from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hotline import models  # noqa: F401 - the accounts' table
from hotline.config import load_yaml
from hotline.db import Base, Database
from tickets.config import Tickets
from tickets.service import Actor
from tickets.workflow import Role

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
AGENT = Actor("nok", Role.AGENT)
SUPERVISOR = Actor("supervisor", Role.SUPERVISOR, frozenset({"contact_center"}))
WORKS = Actor("lek", Role.DIVISION, frozenset({"engineering"}))
HEALTH = Actor("mali", Role.DIVISION, frozenset({"public_health"}))
CALLER = "+66812345678"


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    Base.metadata.create_all(database.engine)
    yield database
    database.dispose()


@pytest.fixture(scope="session")
def config() -> Tickets:
    """The shipped city's."""
    return Tickets.model_validate(load_yaml(Path(__file__).parents[3] / "config.yaml")["tickets"])
