"""A ticket with all that happened to it, its lists and boards: at a desk's and a telephone's width,
in both languages, light and dark, without a script.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page

from hotline import clock
from hotline.auth import COOKIE, Role
from hotline.floor import Floor
from tests.browser.conftest import Look
from tests.browser.test_accessibility import faults
from tests.support.floors import sign_in_as
from tickets import attendance, jobs, service, sweeps
from tickets.config import Tickets
from tickets.service import TicketFacts
from tickets.workflow import Priority, State, Waiting

NOW = datetime(2026, 12, 3, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)
WIDTHS = pytest.mark.parametrize("width", [1366, 360])
LANGUAGES = pytest.mark.parametrize("language", ["th", "en"])


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture(autouse=True)
def today() -> Iterator[clock.DrivenClock]:
    with clock.driven(NOW + 6 * DAY) as driven:
        yield driven


@pytest.fixture
def ticket(floor: Floor, client: FlaskClient) -> TicketFacts:
    """One that has waited, went on, was routed, escalated, and waits again; another, forgotten."""
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
                outcome="request",
                category="taxes",
                note="ขอใบเสร็จภาษีที่ดินใหม่ ใบเดิมหาย",
                caller="+66812345678",
                now=NOW,
            )
            for n in range(1, 4)
        ]
        it = service.move(session, config, made[0], State.IN_PROGRESS, actor=works, now=NOW)
        it = service.wait(
            session,
            config,
            it,
            for_=Waiting.CITIZEN,
            until=NOW + 3 * DAY,
            text="รอสำเนาบัตรประชาชน",
            actor=works,
            now=NOW,
        )
        it = service.resume(session, config, it, actor=works, now=NOW + DAY)
        it = service.route(
            session,
            config,
            it,
            category="cctv",
            priority=Priority.URGENT,
            division=None,
            text="ขอภาพกล้องหน้าสำนักงานด้วย",
            actor=boss,
            now=NOW + DAY,
        )
        attendance.be_away(
            session,
            config,
            username="division",
            first=config.day(clock.now()),
            last=config.day(clock.now()),
            substitute=None,
            actor=boss,
            now=clock.now(),
        )
        for _ in range(2):
            sweeps.sweep(session, config, clock.now())
        it = service.by_number(session, it.number)
    jobs.keep_attention(floor, config.day(clock.now()) - DAY)
    return it


def narrow_enough(page: Page, width: int) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= width


PAGES = (
    "/tickets",
    "/tickets?show=unacknowledged",
    "/tickets/attention",
    "/tickets/attention/2026-12-08",
    "/tickets/absences",
    "/tickets/accountability",
)


def test_on_a_telephone_what_is_to_be_done_follows_what_it_is(
    look: Look, ticket: TicketFacts
) -> None:
    page = look(f"/tickets/{ticket.number}?lang=th", 360)
    parts = (".ticket-heading", ".watch", ".matter-full", "section.act", ".place", ".clocks",
             ".happened", ".known")  # fmt: skip
    boxes = [page.locator(each).first.bounding_box() for each in parts]
    ends = [(box["y"], box["y"] + box["height"]) for box in boxes if box]
    assert len(ends) == len(parts)
    assert ends == sorted(ends), "one under the other, in this order"
    # each at some distance from the one above it, the button of who watches too
    assert all(below[0] - above[1] >= 4 for above, below in pairwise(ends))


@WIDTHS
@LANGUAGES
def test_every_page_is_whole(look: Look, ticket: TicketFacts, language: str, width: int) -> None:
    for path in (*PAGES, f"/tickets/{ticket.number}"):
        page = look(f"{path}{'&' if '?' in path else '?'}lang={language}", width)
        page.evaluate(
            "document.querySelectorAll('main details').forEach((it) => { it.open = true })"
        )
        narrow_enough(page, width)
        # the navigation's frame cuts a link of its own: axe cannot tell the contrast of half of one
        found = [each for each in faults(page) if "elmPartiallyObscured" not in each]
        assert found == [], path


def test_the_page_says_why_its_date_is_that_date(look: Look, ticket: TicketFacts) -> None:
    page = look(f"/tickets/{ticket.number}?lang=en", 1366)
    page.click(".clocks details:last-of-type summary")
    steps = page.locator(".clocks details:last-of-type .steps").inner_text()
    assert "It counts from 3 Dec 2026 10:00, when the matter was received." in steps
    assert "24 hours are given, counted in: Office hours" in steps
    assert "(by its category, CCTV footage)" in steps
    assert "waiting" in steps
    assert "7 December 2026 is not counted" in steps
    assert "So it is due" in steps
    assert "Due before that:" in page.locator(".clocks").inner_text()
