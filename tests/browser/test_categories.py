"""What a note seems to be about: suggested while it is typed, taken by a key, written beside."""

import os

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from playwright.sync_api import expect

from hotline import clock
from hotline.auth import COOKIE, Role
from hotline.floor import Floor
from hotline.web import LANGUAGE_COOKIE
from tests.browser.conftest import Hotline, Look, Open
from tests.browser.test_desk import expect_state, finish_as, fits, press_ready, talk
from tests.browser.test_roster import PHONE, faults
from tests.support.floors import sign_in_as
from tickets import service
from tickets.config import Tickets
from tickets.models import CategoryChoice

pytestmark = [pytest.mark.browser]


@pytest.mark.slow
def test_a_suggestion_is_taken_by_a_key(hotline: Hotline, open_page: Open) -> None:
    page = open_page("agent2", "/desk")
    press_ready(page)
    talk(hotline, page, "1", "2", "2")
    note = page.locator("textarea[name=note]")
    first, chosen = page.locator("[data-category]").first, page.locator("select[name=category]")
    note.press_sequentially("มีน้ำท่วมซอยบัวขาว", delay=5)
    expect(first).to_have_attribute("data-category", "flood")
    expect(first).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".suggest .why")).to_contain_text("น้ำท่วม")
    expect(page.locator(".suggest .unsure")).to_have_count(0)
    expect(chosen).to_have_value("")  # nothing is chosen for anybody
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=f"{folder}/desk.png")
    fits(page)
    note.fill("ไฟถนนดับ ซอยมืดมาก ท่อระบายน้ำอุดตัน ต้นไม้ล้มขวางถนน")
    expect(page.locator("[data-category]")).to_have_count(3)
    fits(page)
    # what else is typed is suggested instead; what cannot be told is said to be unsure
    note.fill("ฝากเรื่องด้วย")
    expect(page.locator(".suggest .unsure")).to_be_visible()
    note.fill("มีน้ำท่วมซอยบัวขาว")
    expect(first).to_have_attribute("data-category", "flood")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(chosen).to_have_value("flood")
    expect(first).to_have_attribute("aria-pressed", "true")
    # it is kept like everything else that is typed
    expect(page.locator(".saved")).to_be_visible()
    page.reload()
    expect(page.locator("select[name=category]")).to_have_value("flood")
    expect(page.locator("[data-category]").first).to_have_attribute("aria-pressed", "true")
    page.locator("button[data-key=F9]").click()
    expect_state(page, "wrap_up")
    finish_as(page, "2")
    expect_state(page, "idle")
    c = CategoryChoice
    with hotline.floor() as floor, floor.db.read() as session:
        row = session.execute(sa.select(c.first, c.sure, c.chosen).order_by(c.id.desc())).first()
    assert row is not None and tuple(row) == ("flood", True, "flood")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def mixed(floor: Floor) -> str:
    """A ticket that was taken for something else at first; its number."""
    config, actor = floor.section(Tickets), service.Actor("boss", service.Role.SUPERVISOR)
    with floor.db.write() as session:
        made = service.record_call(
            session,
            config,
            call_id=1,
            outcome="complaint",
            note="น้ำท่วมซอยบัวขาว รถผ่านไม่ได้",
            category="drain",
            caller=None,
            by="nok",
            now=clock.now(),
        )
        service.route(
            session,
            config,
            made,
            category="flood",
            priority=made.priority,
            division=None,
            text="ไม่ใช่ท่อ",
            actor=actor,
            now=clock.now(),
        )
    return made.number


@pytest.mark.parametrize("width", [1366, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_fit_and_are_for_everybody(
    floor: Floor, look: Look, client: FlaskClient, mixed: str, width: int, scheme: str
) -> None:
    client.set_cookie(COOKIE, sign_in_as(floor, Role.SUPERVISOR))
    client.set_cookie(LANGUAGE_COOKIE, "th" if scheme == "light" else "en")
    behind = "/categories/tickets?of=chosen&was=drain&final=flood"
    for name, path in (
        ("mixed", "/categories"),
        ("behind", behind),
        ("ticket", f"/tickets/{mixed}"),
    ):
        page = look(path, width, scheme)
        for menu in page.locator("details").all():
            menu.evaluate("each => (each.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert faults(page) == []
        if folder := os.environ.get("PICTURES"):
            page.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png", full_page=True)
