"""A screen on a wall: the wallboard and nothing else, for weeks, without a keyboard."""

import pytest

from hotline import auth, clock
from hotline.auth import Role
from hotline.clock import DrivenClock
from hotline.floor import Floor
from hotline.people.config import Sessions
from tests.service.hotline.people.conftest import BOTH, Make, Person

SCREEN = "/sign-in/screen"
DAY = 24 * 3600


@pytest.fixture
def boss(make: Make) -> Person:
    return make("somsri", Role.SUPERVISOR)


@BOTH
def test_it_shows_the_wallboard_and_nothing_else(boss: Person, floor: Floor) -> None:
    before = boss.cookie
    answer = boss.sends(SCREEN)
    assert (answer.status_code, answer.location) == (303, "/wallboard")
    assert f"Max-Age={Sessions().screen_days * DAY}" in answer.headers["Set-Cookie"]
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    with floor.db.read() as session:
        assert auth.identify(session, before, now=clock.now()) is None, "whoever set it up is out"
    page = boss.looks("/wallboard").text
    assert "/me" not in page and 'id="bell"' not in page and SCREEN not in page
    assert boss.looks("/wallboard/now").status_code == 200
    assert boss.looks("/").location == "/wallboard"
    for path in ("/floor", "/me", "/people", "/calls", "/tickets", "/notices", "/desk"):
        answer = boss.looks(path)
        assert answer.status_code == 403, path
    assert floor.texts.get("floor.screen_only", "th") in answer.text
    assert boss.sends(SCREEN).status_code == 403
    assert boss.log()[0] == ("somsri", "floor.screen", "")


def test_it_rests_never_and_ends(boss: Person, driven: DrivenClock) -> None:
    boss.sends(SCREEN)
    driven.advance(seconds=(Sessions().screen_days - 1) * DAY)
    assert boss.looks("/wallboard").status_code == 200, "dark for a month, and on again"
    driven.advance(seconds=2 * DAY)
    assert boss.looks("/wallboard").location.startswith("/sign-in")


def test_whoever_set_it_up_ends_it(boss: Person, make: Make, floor: Floor) -> None:
    boss.sends(SCREEN)
    wall = boss.cookie
    boss.client.delete_cookie(auth.COOKIE)
    boss.signs_in()
    assert floor.texts.get("floor.people.screen", "th") in boss.looks("/me").text
    boss.sends("/me/sessions", session=auth.handle_of(wall))
    boss.client.set_cookie(auth.COOKIE, wall)
    assert boss.looks("/wallboard").location.startswith("/sign-in")


def test_nobody_is_there_because_a_screen_is_on(boss: Person, floor: Floor) -> None:
    heard: list[int] = []

    def hear(*, account_id: int) -> None:
        heard.append(account_id)

    floor.db.listen("account.signed_out", hear)
    boss.sends(SCREEN)
    assert heard == [boss.id]


def test_an_agent_sets_up_none(make: Make) -> None:
    assert make("noi", Role.AGENT).sends(SCREEN).status_code == 403
