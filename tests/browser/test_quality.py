"""Quality on a telephone's width and for everybody's eyes: the form, the mark, the lists."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from hotline import clock
from hotline.auth import COOKIE, Role
from hotline.floor import Floor
from hotline.web import LANGUAGE_COOKIE
from tests.browser.conftest import Look
from tests.browser.test_roster import PHONE, faults
from tests.service.ivr.conftest import NOON
from tests.service.ivr.test_quality import identity, published, talk
from tests.service.ivr.world import Agent, World
from tests.support.floors import sign_in_as


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def world(floor: Floor, client: FlaskClient) -> Iterator[World]:
    with clock.driven(NOON) as driven:
        yield World(floor, client, driven)


@pytest.fixture
def agent(world: World) -> Agent:
    return world.agent()


@pytest.mark.parametrize("width", [1366, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_and_is_for_everybody(
    world: World, agent: Agent, look: Look, client: FlaskClient, width: int, scheme: str
) -> None:
    boss = identity(world, Role.SUPERVISOR)
    open_call = talk(world, agent)
    mark = published(world, talk(world, agent), agent, boss, polite=0)
    client.set_cookie(LANGUAGE_COOKIE, "th" if scheme == "light" else "en")
    form = f"/calls/{open_call.id}/mark?agent={agent.id}&form=conversation"
    seen = {
        Role.SUPERVISOR: ("/quality", form, f"/quality/{mark}", f"/calls/{open_call.id}"),
        Role.AGENT: ("/quality/mine", f"/quality/{mark}"),
    }
    for role, paths in seen.items():
        username = agent.username if role is Role.AGENT else ""
        client.set_cookie(COOKIE, sign_in_as(world.floor, role, username))
        for path in paths:
            page = look(path, width, scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            assert faults(page) == [], path
