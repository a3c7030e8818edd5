"""Several people, one matter: a key on the desk adds the caller, a page says who came."""

import os
import secrets
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from hotline import clock
from hotline.auth import COOKIE, Role
from hotline.floor import Floor
from hotline.web import LANGUAGE_COOKIE
from tests.browser.conftest import Hotline, Look, Open
from tests.browser.test_desk import expect_state, fits, press_ready, talk
from tests.browser.test_roster import PHONE, faults
from tests.support.floors import sign_in_as
from tickets import service
from tickets.config import Tickets
from tickets.matters import service as matters
from tickets.service import TicketFacts

pytestmark = [pytest.mark.browser]
TEXT = "น้ำท่วมซอยบัวขาว สูงถึงเข่า รถเล็กผ่านไม่ได้"


def made(floor: Floor, call_id: int, text: str = TEXT, **more: Any) -> TicketFacts:
    asked = {"outcome": "complaint", "category": "flood", "by": "agent1"} | more
    with floor.db.write() as session:
        return service.record_call(
            session,
            floor.section(Tickets),
            call_id=call_id,
            note=text,
            caller=f"+6681234{call_id % 10_000:04}",
            area="nong_prue",
            now=clock.now() - timedelta(minutes=20),
            **asked,
        )


def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.mark.slow
def test_one_key_adds_the_caller_and_another_takes_it_back(
    hotline: Hotline, open_page: Open
) -> None:
    call_id = 9_000_000 + secrets.randbelow(1_000_000)  # made once more, it is another matter
    number = f"+668{secrets.randbelow(100_000_000):08}"
    with hotline.floor() as floor:
        it = made(floor, call_id)
    page = open_page("agent3", "/desk")
    press_ready(page)
    talk(hotline, page, "1", "2", "2", number=number)
    page.locator("select[name=place_written]").select_option("nong_prue")
    page.locator("textarea[name=note]").press_sequentially("น้ำท่วมซอยบัวขาว", delay=5)
    offer = page.locator("[data-same-matter]").first
    expect(offer).to_have_attribute("data-ticket", it.number)
    expect(page.locator(".matter-why").first).to_contain_text("น้ำท่วมซอยบัวขาว")
    picture(page, "desk-offered")
    fits(page)
    page.keyboard.press("Escape")
    expect(page.locator("textarea[name=note]")).not_to_be_focused()
    page.keyboard.press("a")
    added = page.locator(".matter-added")
    expect(added).to_contain_text(it.number_shown)
    expect(page.locator("input[name=ticket]")).to_have_value(it.number_shown)
    picture(page, "desk-added")
    page.keyboard.press("u")
    expect(added).to_have_count(0)
    expect(page.locator("input[name=ticket]")).to_have_value("")
    expect(offer).to_be_visible()
    page.keyboard.press("a")
    expect(added).to_contain_text("2")
    expect(page.locator(".saved")).to_be_visible()
    page.locator("button[data-key=F9]").click()
    expect_state(page, "wrap_up")
    expect(added).to_contain_text(it.number_shown)
    expect(page.locator("[data-key='Control+Enter']")).to_be_enabled()
    expect(added).to_contain_text(it.number_shown)  # also when all has been asked for again
    page.keyboard.press("Control+Enter")
    expect_state(page, "idle")
    with hotline.floor() as floor, floor.db.read() as session:
        assert matters.callers_of(session, [it.id]) == {it.id: 2}
        [other] = matters.others_of(session, it)
    assert (other.note, other.number) == ("น้ำท่วมซอยบัวขาว", number)
    assert other.settled_at is not None


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


def test_a_tickets_page_says_who_came_and_what_may_be_the_same(
    floor: Floor, client: FlaskClient, look: Look
) -> None:
    it, same = made(floor, 1), made(floor, 2, "ซอยบัวขาวน้ำท่วมสูงมาก รถผ่านไม่ได้")
    one = matters.Call(900, "+66899999999", "en", note="The water is up to my knees.")
    with floor.db.write() as session:
        actor = service.Actor("agent1", service.Role.AGENT)
        matters.add(session, it, one, actor=actor, now=clock.now())
        matters.settle(session, 900, it, note=one.note, by="agent1", now=clock.now())
    client.set_cookie(COOKIE, sign_in_as(floor, Role.SUPERVISOR))
    for width, scheme, language in ((1366, "light", "th"), (PHONE, "dark", "en")):
        client.set_cookie(LANGUAGE_COOKIE, language)
        page = look(f"/tickets/{it.number}", width, scheme)
        expect(page.locator(".callers blockquote")).to_contain_text("my knees")
        expect(page.locator(".same .one-matter")).to_contain_text(same.number_shown)
        expect(page.locator(".ticket-head .callers")).to_contain_text("2")
        for menu in page.locator(".callers details, .same details").all():
            menu.evaluate("each => (each.open = true)")
        picture(page, f"ticket-{width}-{scheme}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert faults(page) == []
    # the merge that is offered is made
    page = look(f"/tickets/{it.number}")
    page.locator(".same summary").click()
    page.locator(".same form button").click()
    expect(page.locator(".notice.merged")).to_contain_text(same.number_shown)
    with floor.db.read() as session:
        assert matters.callers_of(session, [same.id]) == {same.id: 3}
