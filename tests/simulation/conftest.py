"""Fixtures: two web processes' worth of floors on one database."""

from collections.abc import Iterator

import pytest

from agents.config import Agents, Routing
from hotline.app import build_floor
from hotline.city import CityConfig
from hotline.floor import Floor
from hotline.settings import Settings
from ivr.config import Ivr


@pytest.fixture
def floors(settings: Settings, city_config: CityConfig) -> Iterator[tuple[Floor, Floor]]:
    """Two floors, each with connections of its own, as two web processes have."""
    yield from _floors(settings, city_config)


#: Callers who reach wider circles within the few minutes of a walk.
WIDEN = {
    "information": [{"after": 20, "languages": ["en"]}, {"after": 60, "queues": ["emergency"]}],
    "complaint": [{"after": 30, "queues": ["information"]}],
    "emergency": [{"after": 10, "languages": ["th", "en"]}],
}


@pytest.fixture
def wide_floors(floors: tuple[Floor, Floor]) -> tuple[Floor, Floor]:
    """The same in a city whose callers reach wider circles, and whose priorities age."""
    shipped = floors[0].section(Ivr).model_dump(by_alias=True)
    for name, steps in WIDEN.items():
        shipped["queues"][name]["widen"] = steps
    shipped["flow"]["agent"]["priority"] = 3
    ivr = Ivr.model_validate(shipped)
    agents = floors[0].section(Agents).model_copy(update={"routing": Routing(ageing=10)})
    for floor in floors:
        floor.sections = {**floor.sections, Ivr: ivr, Agents: agents}
    return floors


@pytest.fixture
def shipped_floors(settings: Settings, shipped_config: CityConfig) -> Iterator[tuple[Floor, Floor]]:
    """The same on config.yaml as it is shipped: consent is asked, keys work while waiting."""
    yield from _floors(settings, shipped_config)


def _floors(settings: Settings, config: CityConfig) -> Iterator[tuple[Floor, Floor]]:
    pair = (build_floor(settings, config), build_floor(settings, config))
    yield pair
    for floor in pair:
        floor.close()
