"""The bell rings while one looks at something else; who called is hidden until one asks; and the
pages of it are readable for everybody.
"""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, Route, expect

from hotline import clock
from hotline.auth import COOKIE, Role
from hotline.floor import Floor
from hotline.notices import service as notices
from hotline.notices.rules import Kind
from tests.browser.conftest import Hotline, Look, Open, new_call_id, wait_for
from tests.browser.test_accessibility import faults
from tests.support.floors import sign_in_as
from tickets import service
from tickets.config import Tickets
from tickets.persons import service as persons

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CALLER = "+66812345678"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


def brought(floor: Floor, call_id: int, days: int = 3) -> service.TicketFacts:
    """A ticket of somebody who has said their name."""
    now = clock.now() - timedelta(days=days)
    with floor.db.write() as session:
        made = service.record_call(
            session,
            floor.section(Tickets),
            call_id=call_id,
            outcome="complaint",
            category="street_light",
            caller=CALLER,
            note="ไฟดับหน้าบ้าน 99/1 โทร 081-234-5678",
            by="agent1",
            now=now,
        )
        said: dict[str, Any] = {"ticket_id": made.id, "by": "agent1", "now": now}
        persons.name_caller(session, call_id, CALLER, "สมชาย ใจดี", **said)
    return made


def tell(hotline: Hotline, username: str) -> None:
    """A ticket is theirs."""
    division = {"th": "ช่าง", "en": "Works"}
    facts: dict[str, Any] = {"ticket": "1000002", "number": "100-0002", "division": division}
    with hotline.floor() as floor, floor.db.write() as session:
        told = {"key": f"test:{clock.now()}", "subject": "ticket:0", "now": clock.now()}
        notices.tell(session, [username], Kind.ASSIGNED, **told, **facts)


def watcher(hotline: Hotline) -> str:
    """Somebody whom nothing of the other tests is told."""
    return hotline.employ("watcher", Role.AGENT)


def test_what_came_before_the_stream_of_a_page_is_counted(
    hotline: Hotline, open_page: Open
) -> None:
    """Of that nothing is told: the stream knows only what comes from then on."""
    name, held = watcher(hotline), list[Route]()

    def hold(route: Route) -> None:
        held.append(route)

    page = open_page(name, "/tickets", language="en")
    page.route(re.compile(r"/stream\?"), hold)
    page.reload()
    wait_for(page, lambda: held, "the stream is asked for")
    tell(hotline, name)
    held[0].continue_()
    expect(page.locator("#bell .count")).to_have_text("1")


def test_what_comes_while_the_bell_asks_is_counted(hotline: Hotline, open_page: Open) -> None:
    name, seen = watcher(hotline), list[str]()

    def answer(route: Route) -> None:
        found = route.fetch()
        seen.append(found.text())
        if len(seen) == 1:
            tell(hotline, name)
            page.wait_for_timeout(1000)  # for the word of it, which comes before the answer
        route.fulfill(response=found)

    page = open_page(name, "/tickets", language="en")
    page.route("**/notices/bell", answer)
    tell(hotline, name)
    expect(page.locator("#bell .count")).to_have_text("2")


def test_the_bell_rings_and_a_look_is_written_down(hotline: Hotline, open_page: Open) -> None:
    page = open_page("supervisor", "/tickets", language="en")
    bell = page.locator("#bell .count")
    before = int(bell.text_content() or 0) if bell.count() else 0
    tell(hotline, "supervisor")
    expect(bell).to_have_text(str(before + 1))
    page.click("#bell")
    expect(page.locator(".notices li.unseen").first).to_contain_text("Ticket 100-0002 is yours")
    page.get_by_role("button", name="Mark all as seen").click()
    expect(page.locator("#bell .count")).to_have_count(0)

    with hotline.floor() as floor:
        ticket = brought(floor, new_call_id())
    page.goto(f"/tickets/{ticket.number}")
    assert CALLER not in page.content()
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text(CALLER)).to_be_visible()
    expect(page.locator(".story")).to_contain_text("Looked at the caller's number")


@pytest.fixture
def somebody(floor: Floor, client: FlaskClient) -> str:
    """An administrator who has a notice of each kind; a ticket's number."""
    client.set_cookie(COOKIE, sign_in_as(floor, Role.ADMINISTRATOR, "arun"))
    ticket, now = brought(floor, 1), clock.now()
    brought(floor, 2, days=400)  # kept no longer
    division = {"th": "สำนักช่าง", "en": "Engineering Bureau"}
    counts = {"open": 4, "unacknowledged": 1, "silent": 0, "overdue": 2, "escalated": 1}
    facts: dict[str, Any] = {
        "ticket": ticket.number,
        "number": ticket.number_shown,
        "division": division,
        "level": 2,
        "since": now.isoformat(),
        "until": now.isoformat(),
        "day": now.date().isoformat(),
        "count": 2,
        "rows": [{"division": division, **counts}],
    }
    with floor.db.write() as session:
        for kind in (Kind.ESCALATED, Kind.UNATTENDED, Kind.CLOSING, Kind.NIGHTLY):
            subject = f"ticket:{ticket.id}"
            urgent = kind is Kind.UNATTENDED
            said = {"key": kind.value, "subject": subject, "urgent": urgent, "now": now}
            notices.tell(session, ["arun"], kind, **said, **facts)
    return ticket.number


def fits(page: Page, width: int) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert faults(page) == []


@pytest.mark.parametrize(
    ("width", "language", "scheme"), [(360, "th", "dark"), (1366, "en", "light")]
)
def test_the_pages(look: Look, somebody: str, width: int, language: str, scheme: str) -> None:
    for path in ("/notices", "/me/notices", "/privacy"):
        fits(look(f"{path}?lang={language}", width, scheme), width)
    page = look(f"/tickets/{somebody}?lang={language}", width, scheme)
    for each in page.locator("details summary").all():
        each.click()
    fits(page, width)
    page.locator("form[action$='/caller'] button").click()
    expect(page.get_by_text(CALLER)).to_be_visible()
    fits(page, width)
    page = look(f"/privacy?lang={language}", width, scheme)
    expect(page.locator("main")).to_contain_text({"th": "1 ปี", "en": "1 year"}[language])
    page.fill("[name=who]", "081 234 5678")
    page.locator("button[formaction$='/privacy/erase']").click()
    page.fill("[name=reason]", "asked by letter")
    fits(page, width)
    page.locator("button.danger").click()
    expect(page.locator(".notice.good")).to_be_visible()
    fits(page, width)
    page = look(f"/tickets/{somebody}?lang={language}", width, scheme)
    assert "812345678" not in page.content().replace("-", "")
    assert "สมชาย" not in page.content()
