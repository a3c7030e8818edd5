"""A database of either engine for the floor's own tests."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from hotline import clock
from hotline.db import Database

NOON = datetime(2026, 11, 20, 5, tzinfo=UTC)  # noon in Pattaya


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.fixture
def driven() -> Iterator[clock.DrivenClock]:
    """The clock, at noon, moved by hand."""
    with clock.driven(NOON) as the_clock:
        yield the_clock
