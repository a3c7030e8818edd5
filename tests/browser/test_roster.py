"""The roster by keyboard, on a telephone's width, and for everybody's eyes."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from playwright.sync_api import Page

from agents import service as agents
from agents.roster import service
from agents.roster.service import Act, Plan, Wish
from hotline import clock
from hotline.auth import COOKIE, Role
from hotline.floor import Floor
from hotline.models import Account
from hotline.web import LANGUAGE_COOKIE
from tests.browser.conftest import ROOT, Look
from tests.support.floors import sign_in_as

NOW = datetime(2026, 11, 16, 5, tzinfo=UTC)
MONDAY = date(2026, 11, 16)
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PHONE = 360


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture(autouse=True)
def week(floor: Floor, client: FlaskClient) -> Iterator[int]:
    """A week with two agents in it, a swap, a conflict and somebody who has not come; an id."""
    with clock.driven(NOW):
        ids = [employ(floor, name) for name in ("นภา", "ธนา")]
        act = Act(None, NOW, floor.city.zone)
        with floor.db.write() as session:
            shifts = [
                service.add(
                    session, Plan(each, MONDAY, time(8), 480, "FREQ=DAILY", note="เช้า"), act
                )
                for each in ids
            ]
            service.add(session, Plan(ids[0], MONDAY, time(18), 300), act)
            wish = Wish("ลาป่วย", False, ids[1], date(2026, 11, 18), time(16), 480)
            service.alter(session, shifts[0], date(2026, 11, 18), wish, act, version=1)
        client.set_cookie(COOKIE, sign_in_as(floor, Role.SUPERVISOR))
        yield shifts[0]


def employ(floor: Floor, name: str) -> int:
    sign_in_as(floor, Role.AGENT, name)
    with floor.db.write() as session:
        account = session.scalar(sa.select(Account.id).where(Account.username == name))
        assert account is not None
        made = agents.create_agent(
            session, account_id=account, name=name, queues=[], languages=[], now=NOW
        )
    return made.id


def faults(page: Page) -> list[str]:
    page.context.set_extra_http_headers({})
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']})")
    return [
        f"{each['id']}: {node['html']}" for each in found["violations"] for node in each["nodes"]
    ]


PAGES = (
    "/roster",
    "/roster/here",
    "/roster/adherence",
    "/roster/import",
    "/roster/shifts/new",
    "/roster/shifts/{shift}",
    "/roster/shifts/{shift}/days/2026-11-18",
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1366, PHONE])
def test_every_page_fits_and_is_for_everybody(
    look: Look, client: FlaskClient, week: int, width: int, scheme: str
) -> None:
    client.set_cookie(LANGUAGE_COOKIE, "th" if scheme == "light" else "en")
    for path in PAGES:
        page = look(path.format(shift=week), width, scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert faults(page) == [], path


@pytest.mark.parametrize("width", [1366, PHONE])
def test_an_agents_own_page(look: Look, client: FlaskClient, floor: Floor, width: int) -> None:
    client.set_cookie(COOKIE, sign_in_as(floor, Role.AGENT, "นภา"))
    page = look("/roster/mine", width)
    assert page.locator(".shift").count() > 10
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert faults(page) == []


def test_a_telephone_shows_lists_of_days_and_a_desk_the_table(look: Look) -> None:
    wide, narrow = look("/roster", 1366), look("/roster", PHONE)
    assert wide.locator("table.roster").is_visible()
    assert not narrow.locator("table.roster").is_visible()
    assert narrow.locator(".roster-narrow section").count() == 7
    assert narrow.locator(".roster-narrow .shift a").first.bounding_box()["height"] >= 44  # type: ignore[index]


def test_a_shift_is_made_by_keyboard(look: Look, client: FlaskClient) -> None:
    client.set_cookie(LANGUAGE_COOKIE, "en")
    page = look("/roster/shifts/new?day=2026-11-17")
    # the form begins where one is to write
    page.keyboard.press("ArrowDown")
    page.focus("[name=start]")
    page.keyboard.type("1000PM")
    page.focus("[name=end]")
    page.keyboard.type("0600AM")
    page.focus("[name=pattern][value=once]")
    page.keyboard.press("ArrowDown")
    page.focus("[name=note]")
    page.keyboard.type("night")
    with page.expect_response("**/shifts/new?*") as answer:
        page.keyboard.press("Enter")
    assert answer.value.status == 302
    made = look("/roster?week=2026-11-17").locator("table.roster .shift", has_text="night")
    assert made.count() == 1
    assert "22:00–06:00" in made.inner_text()
