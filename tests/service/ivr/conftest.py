"""A world for the tests of this folder, at a moment that stands still until moved."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from hotline import clock
from hotline.floor import Floor
from tests.service.ivr.world import World

NOON = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)


@pytest.fixture
def world(floor: Floor, client: FlaskClient) -> Iterator[World]:
    with clock.driven(NOON) as driven:
        yield World(floor, client, driven)
