"""Fixtures: two web processes' worth of floors on one database."""

from collections.abc import Iterator

import pytest

from hotline.app import build_floor
from hotline.city import CityConfig
from hotline.floor import Floor
from hotline.settings import Settings


@pytest.fixture
def floors(settings: Settings, city_config: CityConfig) -> Iterator[tuple[Floor, Floor]]:
    """Two floors, each with connections of its own, as two web processes have."""
    pair = (build_floor(settings, city_config), build_floor(settings, city_config))
    yield pair
    for floor in pair:
        floor.close()
