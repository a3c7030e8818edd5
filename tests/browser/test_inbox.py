"""The inbox by its keys: nobody needs a mouse from the list to a ticket's note and back."""

import re
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from hotline.auth import COOKIE, Role
from hotline.db import bulk_insert
from hotline.floor import Floor
from tests.browser.conftest import Look
from tests.browser.test_accessibility import faults
from tests.browser.test_ticket_pages import narrow_enough
from tests.support.floors import sign_in_as
from tickets import numbers
from tickets.models import EventKind, Ticket, TicketEvent

TEXTS = ("ไฟดับทั้งซอย", "ท่อประปาแตก น้ำไหลนองถนน", "ขยะล้นถังหน้าตลาด")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def inbox(floor: Floor, client: FlaskClient) -> None:
    """Three tickets with news, to a supervisor."""
    now = datetime.now(UTC)
    with floor.db.write() as session:
        bulk_insert(
            session,
            Ticket,
            [
                {
                    "id": n,
                    "number": numbers.make(n),
                    "kind": "complaint",
                    "state": "in_progress",
                    "category": "water_supply",
                    "division": "contact_center",
                    "priority": "normal",
                    "text": text,
                    "language": "th",
                    "source": "call",
                    "made_by": "agent1",
                    "received_at": now,
                    "due_at": now,
                }
                for n, text in enumerate(TEXTS, 1)
            ],
        )
        for n in range(1, 4):
            kind, data = EventKind.NOTE.value, {"text": "โทรแล้ว"}
            session.add(TicketEvent(ticket_id=n, at=now, who="agent1", kind=kind, data=data))
    client.set_cookie(COOKIE, sign_in_as(floor, Role.SUPERVISOR, "supervisor"))


def here(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent"))


def test_from_the_list_to_a_note_and_back_by_keys(look: Look, inbox: None) -> None:
    page = look("/tickets?lang=en", 1366)
    shown = [numbers.display(numbers.make(n)) for n in (3, 2, 1)]
    for key, number in (("j", shown[0]), ("j", shown[1]), ("k", shown[0]), ("j", shown[1])):
        page.keyboard.press(key)
        assert here(page) == number
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    assert faults(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("n")
    expect(page.locator("details[open] textarea")).to_be_focused()
    assert numbers.make(2) in page.url
    page.keyboard.type("jnr: written, no key")
    expect(page.locator("details[open] textarea")).to_have_value("jnr: written, no key")
    page.keyboard.press("Escape")  # out of the field, and what stands in it stays
    page.keyboard.press("a")
    expect(page.locator("select[name=owner]")).to_be_focused()
    page.keyboard.press("Escape")  # out of the field, and what stands in it stays
    page.keyboard.press("u")
    expect(page.locator("tr.unread")).to_have_count(2)


def test_on_paper_stands_the_list_and_nothing_to_click(look: Look, inbox: None) -> None:
    """Also of who may move many at once, whose list is a form."""
    page = look("/tickets?lang=th", 1366)
    page.emulate_media(media="print")
    for text in TEXTS:
        expect(page.get_by_text(text)).to_be_visible()
    for hidden in (".pick", "form.filters", "header.site", "form.picking button"):
        assert not page.locator(hidden).first.is_visible(), hidden


@pytest.mark.parametrize("width", [1366, 360])
def test_the_list_and_the_views_are_whole(look: Look, inbox: None, width: int) -> None:
    for path in ("/tickets?lang=th", "/tickets?lang=en&q=ไฟ", "/tickets/views?lang=th"):
        page = look(path, width)
        page.evaluate("document.querySelectorAll('details').forEach((it) => { it.open = true })")
        narrow_enough(page, width)
        assert [each for each in faults(page) if "elmPartiallyObscured" not in each] == [], path


@pytest.mark.parametrize(("language", "scheme"), [("th", "light"), ("en", "dark")])
def test_on_a_telephone_the_first_ticket_is_seen_and_the_rest_unfolds(
    look: Look, inbox: None, language: str, scheme: str
) -> None:
    page = look(f"/tickets?lang={language}", 360, scheme)
    page.set_viewport_size({"width": 360, "height": 640})  # what its bars leave of 740
    rows = page.locator("table.tickets tbody tr")
    first = rows.first.bounding_box()
    assert first is not None
    assert first["y"] + 80 < 640, "number, state and what it is about"
    states = page.locator("select[name=state]")
    expect(states).to_be_hidden()
    # each fold opens by the keyboard, and says what is set while it is closed
    for fold, inside in (
        (".list-ways", page.locator(".list-ways a").first),
        (".lists .fold", page.locator(".lists a").first),
        ("form.filters .fold", states),
    ):
        page.locator(f"{fold} > summary").focus()
        page.keyboard.press("Enter")
        expect(inside).to_be_visible()
    narrow_enough(page, 360)
    assert [each for each in faults(page) if "elmPartiallyObscured" not in each] == []
    states.select_option("done")
    page.locator("form.filters button").click()
    expect(page.locator("form.filters summary")).to_contain_text("1")
    expect(states).to_be_hidden()
    expect(rows).to_have_count(0)


def test_on_a_wide_screen_nothing_of_the_list_is_folded(look: Look, inbox: None) -> None:
    page = look("/tickets?lang=th", 1366)
    for each in (".list-ways a", ".lists a", "select[name=state]", ".unattended p strong"):
        expect(page.locator(each).first).to_be_visible()
    expect(page.locator(".fold > summary").first).to_be_hidden()
    # as a row: what is chosen stands beside what is searched for
    field, state = page.locator("input[type=search]"), page.locator("select[name=state]")
    tops = [each.bounding_box() for each in (field, state)]
    assert tops[0] is not None and tops[1] is not None
    assert abs(tops[0]["y"] - tops[1]["y"]) < 8


def test_a_ticket_is_read_and_worked_on_beside_the_list(look: Look, inbox: None) -> None:
    page = look("/tickets?lang=en&order=oldest", 1366)
    address, heading = page.url, page.locator("#beside .ticket-heading")
    rows = page.locator("table.tickets tbody tr")
    rows.nth(0).locator(".id a").click()
    expect(heading).to_contain_text(numbers.display(numbers.make(1)))
    expect(page.locator("#beside .matter-full")).to_contain_text(TEXTS[0])
    assert page.url == address
    expect(rows.nth(0)).to_have_class(re.compile("beside-shown"))
    expect(rows.nth(0)).not_to_contain_text("unread")
    assert faults(page) == []
    # the keys go on in the list, and the ticket follows
    page.keyboard.press("j")
    expect(heading).to_contain_text(numbers.display(numbers.make(2)))
    expect(page.locator("tr.unread")).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("k")
    # whether or not the third one was shown on the way
    expect(rows.nth(1)).to_have_class(re.compile("beside-shown"))
    expect(page.locator("#beside")).not_to_have_class(re.compile("stale"))
    expect(heading).to_contain_text(numbers.display(numbers.make(2)))
    page.keyboard.press("Enter")
    expect(heading).to_be_focused()
    # what is written there is written from there, and refused there
    page.keyboard.press("n")
    field = page.locator("#beside details[open] textarea").first
    expect(field).to_be_focused()
    page.keyboard.type("โทรแล้ว ไม่มีผู้รับ")
    page.keyboard.press("Escape")  # out of the field alone
    expect(field).not_to_be_focused()
    expect(field).to_have_value("โทรแล้ว ไม่มีผู้รับ")
    page.locator("#beside details[open] button").first.click()
    expect(page.locator("#beside .story li").first).to_contain_text("โทรแล้ว ไม่มีผู้รับ")
    assert page.url == address
    expect(page.locator("h1")).to_have_count(1)
    narrow_enough(page, 1366)
    page.keyboard.press("Escape")
    expect(page.locator("#beside")).to_be_hidden()
    assert here(page) == numbers.display(numbers.make(2))


def test_what_is_done_beside_the_list_stands_in_it(look: Look, inbox: None) -> None:
    page = look("/tickets?lang=en&order=oldest", 1366)
    row = page.locator("table.tickets tbody tr").nth(1)
    row.locator("input[type=checkbox]").check()
    expect(row).to_have_class(re.compile("unread"))
    row.locator(".id a").click()
    expect(row).not_to_have_class(re.compile("unread"))
    expect(row.locator(".where")).to_contain_text("In progress")
    page.keyboard.press("r")
    form = page.locator("#beside details[open] form")
    form.locator("select").select_option("not_found")
    form.locator("textarea").fill("ไม่พบ")
    form.locator("button.main").click()
    expect(row.locator(".where")).to_contain_text("Done")
    expect(row.locator(".due-cell .due")).to_have_count(0)
    expect(row).to_have_class(re.compile("beside-shown"))
    expect(row.locator("input[type=checkbox]")).to_be_checked()
    expect(row.locator(".id a")).to_have_attribute("href", f"/tickets/{numbers.make(2)}")


def test_in_the_narrow_list_nothing_is_cut_off(look: Look, floor: Floor, inbox: None) -> None:
    page = look("/tickets?lang=th&order=oldest", 1200)
    page.locator("table.tickets .id a").first.click()
    expect(page.locator("#beside .ticket-heading")).to_be_visible()
    cut = page.evaluate(
        """() => [...document.querySelectorAll(".list table.tickets :is(.due, .tag, .id)")]
        .filter((each) => each.getBoundingClientRect().right >
          each.closest(".list").getBoundingClientRect().right + 1)
        .map((each) => each.textContent)"""
    )
    assert cut == []
    # the state of what nobody has taken up yet is a word there as well
    with floor.db.write() as session:
        session.execute(sa.update(Ticket).values(state="received"))
    page.reload()
    page.locator("table.tickets .id a").first.click()
    expect(page.locator("#beside .ticket-heading")).to_be_visible()
    expect(page.locator("table.tickets .where .tag").first).to_be_visible()


@pytest.mark.parametrize("width", [1100, 360])
def test_where_there_is_no_room_a_ticket_is_a_page(look: Look, inbox: None, width: int) -> None:
    page = look("/tickets?lang=th", width)
    page.locator("table.tickets .id a").first.click()
    page.wait_for_url(f"**/tickets/{numbers.make(3)}")
    expect(page.locator("#beside")).to_have_count(0)
    expect(page.locator("h1.ticket-heading")).to_be_visible()
