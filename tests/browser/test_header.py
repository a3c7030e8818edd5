"""The header is one row for everybody, with the demo's marks too, on the screen that most have."""

import pytest
from flask.testing import FlaskClient

from hotline.auth import COOKIE, Role
from hotline.floor import Floor
from tests.browser.conftest import Look
from tests.support.floors import sign_in_as

#: Higher than one row of links, and lower than two.
ROW = 70


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.mark.parametrize("language", ["th", "en"])
def test_it_is_one_row(look: Look, floor: Floor, client: FlaskClient, language: str) -> None:
    floor.settings = floor.settings.model_copy(update={"demo": True})
    high = {}
    for role in Role:
        client.set_cookie(COOKIE, sign_in_as(floor, role, role.value))
        page = look(f"/me?lang={language}", 1366)
        assert page.locator("header .demo").count() == 1
        page.evaluate(  # a clock that runs faster says so as well
            """() => {
                const mark = document.createElement("span");
                mark.className = "tag";
                mark.textContent = "×60";
                document.querySelector("header .demo").after(mark);
            }"""
        )
        high[role.value] = page.evaluate("document.querySelector('header.site .view').offsetTop")
        high[role.value] += page.evaluate(
            "document.querySelector('header.site .view').offsetHeight"
        )
    assert {role: end for role, end in high.items() if end > ROW} == {}


def test_on_a_telephone_all_pages_are_in_one_list(
    look: Look, floor: Floor, client: FlaskClient
) -> None:
    client.set_cookie(COOKIE, sign_in_as(floor, Role.SUPERVISOR, "supervisor"))
    page = look("/audit?lang=en", 360)
    assert page.locator("#every").is_hidden()
    page.get_by_role("button", name="All pages").click()
    shown = page.locator("#every a")
    assert {"Roster", "Audit log", "My account"} <= set(shown.all_inner_texts())
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.keyboard.press("Escape")
    assert page.locator("#every").is_hidden()
    wide = look("/audit?lang=en", 1366)
    assert wide.get_by_role("button", name="All pages").count() == 0
