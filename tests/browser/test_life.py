"""The life of a ticket in a browser without a script: words to its citizen, many at once, merging,
taking back; every page whole at a desk's and a telephone's width.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from hotline import clock
from hotline.auth import COOKIE, Role
from hotline.floor import Floor
from tests.browser.conftest import Look
from tests.browser.test_accessibility import faults
from tests.browser.test_ticket_pages import narrow_enough
from tests.support.floors import sign_in_as
from tickets import service
from tickets.config import Tickets
from tickets.life import forwarding, links, templates, watching
from tickets.life.rules import Bond
from tickets.life.templates import TemplateDraft
from tickets.service import TicketFacts
from tickets.workflow import State

NOW = datetime(2026, 12, 3, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture(autouse=True)
def today() -> Iterator[clock.DrivenClock]:
    with clock.driven(NOW + 4 * DAY) as driven:
        yield driven


@pytest.fixture
def three(floor: Floor, client: FlaskClient) -> list[TicketFacts]:
    """Three reports of a street; the first is with an agency, linked and watched."""
    config = floor.section(Tickets)
    sign_in_as(floor, Role.DIVISION, "division")
    client.set_cookie(COOKIE, sign_in_as(floor, Role.SUPERVISOR, "supervisor"))
    with floor.db.write() as session:
        boss = service.acting(session, config, "supervisor", "supervisor", NOW)
        works = service.acting(session, config, "division", "division", NOW)
        made = [
            service.record_call(
                session,
                config,
                call_id=n,
                outcome="complaint",
                category="street_light",
                note=f"ไฟถนนดับทั้งซอยบัวขาว ตั้งแต่เสาที่ {n} มืดมาก",
                caller=f"+6681234567{n}",
                now=NOW,
            )
            for n in range(1, 4)
        ]
        it = service.move(session, config, made[0], State.IN_PROGRESS, actor=works, now=NOW)
        forwarding.forward(
            session,
            config,
            it,
            agency="electricity",
            reference="PEA 7/2569",
            until=NOW + 20 * DAY,
            text="เสาเป็นของการไฟฟ้า",
            actor=works,
            now=NOW,
        )
        links.link(session, it, Bond.CAUSED, made[1], text="สายเดียวกัน", actor=boss, now=NOW)
        watching.watch(session, it, boss, NOW)
        words = "เรื่อง {number} ({category}) อยู่กับ{division} กำหนดเสร็จ {deadline}"
        for title, category in (("แจ้งว่ากำลังทำ", "street_light"), ("รับเรื่องแล้ว", None)):
            draft = TemplateDraft(category, None, "th", title, words)
            templates.write(session, config, draft, actor=boss, now=NOW)
        service.note(session, config, it, text="โทรถามช่างแล้ว", actor=works, now=NOW + DAY)
        forwarding.sweep(session, NOW + 4 * DAY)
    return [*made]


def opened(page: Page) -> None:
    page.evaluate("document.querySelectorAll('main details').forEach((it) => { it.open = true })")


def choose(page: Page, *tickets: TicketFacts) -> None:
    for ticket in tickets:
        page.check(f"input[name=t][value='{ticket.number}']")
    page.click("form.picking button")


def whole(page: Page) -> None:
    """Nothing is cut off, and nobody is kept out, with everything opened."""
    size = page.viewport_size
    assert size is not None
    opened(page)
    narrow_enough(page, size["width"])
    assert [each for each in faults(page) if "elmPartiallyObscured" not in each] == []


def go(page: Page, path: str) -> None:
    page.goto(f"http://hotline.test{path}?lang=en")


@pytest.mark.parametrize("width", [1366, 360])
def test_the_whole_of_it(look: Look, three: list[TicketFacts], width: int) -> None:
    page = look(f"/tickets/{three[1].number}?lang=en", width)
    write(page, three[1])
    merge_and_take_back(page, *three)
    for path in ("/tickets/watched", "/tickets/attention", "/tickets/templates"):
        go(page, path)
        whole(page)
    page.click(".offered li:first-child a")
    whole(page)


def write(page: Page, ticket: TicketFacts) -> None:
    """What is written inside and what goes out; that is seen before it is sent."""
    whole(page)
    page.click(".outgoing a")
    whole(page)
    page.click(".offered li:first-child a.button")
    filled = f"เรื่อง {ticket.number_shown} (ไฟฟ้าส่องสว่าง) อยู่กับสำนักช่าง กำหนดเสร็จ 6 ธ.ค. 2569 10:00 น."
    expect(page.locator(".to-citizen textarea")).to_have_value(filled)
    page.fill(".to-citizen textarea", "ช่างจะไปวันศุกร์")
    page.click(".to-citizen button")
    expect(page.locator(".letter blockquote")).to_have_text("ช่างจะไปวันศุกร์")
    whole(page)
    page.click(".letter button")
    expect(page.locator(".story li.message blockquote")).to_have_text("ช่างจะไปวันศุกร์")


def merge_and_take_back(
    page: Page, first: TicketFacts, second: TicketFacts, third: TicketFacts
) -> None:
    """Two are merged into one, which is looked at before and taken back after."""
    go(page, "/tickets")
    whole(page)
    choose(page, second, third)
    whole(page)
    merge = page.locator("details", has=page.locator("input[name=what][value=merge]"))
    merge.locator("input[name=ticket]").fill(first.number_shown)
    merge.locator("textarea").fill("the same lamps")
    merge.locator("button").click()
    expect(page.locator(".bulk-part")).to_have_count(2)
    whole(page)
    page.click("main form button.main")
    expect(page.locator(".bulk-part.left-out")).to_have_count(0)
    go(page, f"/tickets/{first.number}")
    expect(page.locator(".joined > details")).to_have_count(2)
    whole(page)
    go(page, f"/tickets/{third.number}")
    expect(page.locator(".notice.merged")).to_contain_text(first.number_shown)
    whole(page)
    go(page, "/tickets/bulk")
    whole(page)
    page.click("tbody a")
    page.click("main form button")
    expect(page.locator(".notice")).to_contain_text("ย้อนคืนแล้ว")
    whole(page)
