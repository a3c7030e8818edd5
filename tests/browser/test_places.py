"""A pin by click and by keyboard, offline, on a telephone; a contradiction put right; the map."""

from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Locator, Page, expect

from hotline.auth import COOKIE, Role
from hotline.floor import Floor
from hotline.web import LANGUAGE_COOKIE
from tests.browser.conftest import Hotline, Look, Open
from tests.browser.test_accessibility import faults
from tests.browser.test_desk import finish_as, press_ready, talk
from tests.support.floors import sign_in_as
from tickets import service
from tickets.config import Tickets
from tickets.places import assets
from tickets.places import service as places
from tickets.places.rules import Pin, Place
from tickets.service import TicketFacts

NOW = datetime(2026, 12, 3, 3, 0, tzinfo=UTC)
LAMPS = "number,latitude,longitude\n12-034,12.93,100.885\n12-035,12.965,100.9\n"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def ticket(floor: Floor, client: FlaskClient) -> TicketFacts:
    """In the south of the city, as its caller said it; nobody has set a pin."""
    config = floor.section(Tickets)
    client.set_cookie(COOKIE, sign_in_as(floor, Role.SUPERVISOR, "supervisor"))
    client.set_cookie(LANGUAGE_COOKIE, "en")
    with floor.db.write() as session:
        fields = {"place_address": "ซอยบัวขาว หน้า 7-11", "place_written": "nong_prue"}
        where = places.entered(session, config, fields)
        made = service.record_call(
            session,
            config,
            call_id=1,
            outcome="complaint",
            category="street_light",
            note="ไฟทางดับสามดวงติดกัน ซอยมืดมาก",
            caller="+66812345678",
            area=where.area,
            by="supervisor",
            now=NOW,
        )
        places.placed_in_call(session, config, made, where, by="supervisor", now=NOW)
        assets.bring(session, "lamp", assets.read(LAMPS)[0], now=NOW)
        return service.by_number(session, made.number)


def ready(page: Page | Locator) -> None:
    expect(page.locator("[data-map]")).to_have_attribute("data-drawn", "")


def wrong(page: Page) -> list[str]:
    """What the check finds, but for what is drawn: it knows no frame that cuts off a drawing, and
    so takes it for what covers the page. Names on the map have a ground of their own, in the
    colours of all other text, and the list or the fields beside the map say the same.
    """
    page.evaluate('document.querySelector(".leaflet-map-pane").style.display = "none"')
    found = [each for each in faults(page) if "elmPartiallyObscured" not in each]
    page.evaluate('document.querySelector(".leaflet-map-pane").style.display = ""')
    return found


def of(floor: Floor, ticket: TicketFacts) -> tuple[TicketFacts, Place]:
    with floor.db.read() as session:
        seen = service.by_number(session, ticket.number)
        return seen, places.of_ticket(session, seen)


def test_a_pin_is_set_on_a_telephone_by_click_and_by_keyboard(
    look: Look, floor: Floor, ticket: TicketFacts
) -> None:
    """Nothing but our own pages answers here: what the map needs, it has."""
    page = look(f"/tickets/{ticket.number}/place", 360)
    ready(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    latitude = page.locator("[name=place_latitude]")

    # by click: the north of the city lies above its middle
    page.locator("[data-map]").scroll_into_view_if_needed()
    page.locator("[data-map]").click(position={"x": 250, "y": 60})
    expect(latitude).not_to_have_value("")
    clicked = latitude.input_value()

    # by keyboard: the arrow moves the map, the button pins its middle
    page.locator("[data-map]").focus()
    page.keyboard.press("ArrowUp")
    page.get_by_role("button", name="Pin in the middle of the map").press("Enter")
    expect(latitude).not_to_have_value(clicked)

    # and by figures: what they contradict is said at once
    latitude.fill("12.965")
    page.locator("[name=place_longitude]").fill("100.9")
    expect(page.locator("[data-pinned]")).to_contain_text("The pin contradicts the words")
    assert wrong(page) == []
    page.get_by_role("button", name="Save the place").click()

    # the ticket is with the people of the other area, and says what is wrong
    page.wait_for_url(f"**/tickets/{ticket.number}")
    ready(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    seen, where = of(floor, ticket)
    assert (seen.division, where.contradicts) == ("engineering_north", True)
    expect(page.locator(".contradicts")).to_contain_text("the words say Nong Prue")
    expect(page.locator(".story")).to_contain_text("Sent to who has that area")
    assert wrong(page) == []

    # one click puts it right: the words were, so it goes back
    page.get_by_role("button", name="Move the pin to Soi Buakhao").click()
    expect(page.locator(".contradicts")).to_have_count(0)
    seen, where = of(floor, ticket)
    assert (seen.division, seen.area) == ("engineering", "nong_prue")
    assert where.pin == Pin(12.93, 100.8848)


def test_the_pin_does_not_overrule_the_words_that_nobody_chose_an_area_for(
    look: Look, ticket: TicketFacts
) -> None:
    page = look(f"/tickets/{ticket.number}/place")
    ready(page)
    written = page.locator("[name=place_written]")
    written.select_option("")
    page.locator("[name=place_latitude]").fill("12.965")
    page.locator("[name=place_longitude]").fill("100.9")
    expect(written).to_have_value("nong_prue")
    expect(page.locator("[data-pinned]")).to_contain_text("The pin contradicts the words")
    # and one click says that the pin is right
    page.get_by_role("button", name="Use the pin's: Na Kluea").click()
    expect(written).to_have_value("na_kluea")
    expect(page.locator("[data-pinned]")).not_to_contain_text("contradicts")


def test_a_lamp_is_found_by_its_number_and_its_pin_set(
    look: Look, floor: Floor, ticket: TicketFacts
) -> None:
    page = look(f"/tickets/{ticket.number}/place")
    ready(page)
    page.locator("[name=q]").fill("เสาไฟ 12-035")
    page.locator("[data-found] button").click()
    expect(page.locator("[name=place_asset]")).to_have_value("lamp:12-035")
    # it stands in another area
    page.get_by_role("button", name="Use the pin's: Na Kluea").click()
    expect(page.locator("[name=place_written]")).to_have_value("na_kluea")
    page.locator(".place-form button.main").click()
    page.wait_for_url(f"**/tickets/{ticket.number}")
    seen, where = of(floor, ticket)
    assert (seen.division, where.asset) == ("engineering_north", "lamp:12-035")
    assert not where.contradicts


def test_a_lamp_is_picked_on_the_map_that_opens_where_the_words_say(
    look: Look, ticket: TicketFacts
) -> None:
    page = look(f"/tickets/{ticket.number}/place")
    ready(page)
    lamp = page.locator("path.asset")
    expect(lamp).to_have_count(1)  # of two the one that is near Soi Buakhao
    lamp.dispatch_event("click")
    expect(page.locator("[name=place_asset]")).to_have_value("lamp:12-034")
    expect(page.locator("[name=place_latitude]")).to_have_value("12.93")
    expect(page.locator("[data-pinned]")).to_contain_text("Lamp 12-034")


def test_the_map_of_what_is_open(look: Look, floor: Floor, ticket: TicketFacts) -> None:
    config = floor.section(Tickets)
    with floor.db.write() as session:
        boss = service.acting(session, config, "supervisor", "supervisor", NOW)
        places.place(session, config, ticket, Place(pin=Pin(12.93, 100.885)), actor=boss, now=NOW)
    for width, scheme in ((360, "light"), (1366, "dark")):
        page = look("/tickets/map", width, scheme)
        ready(page)
        expect(page.locator("[data-map]")).to_have_attribute("data-shown", "1")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert wrong(page) == []
    page.locator(".open-ticket").press("Enter")
    page.wait_for_url(f"**/tickets/{ticket.number}")


def test_an_agent_pins_it_during_the_call(hotline: Hotline, open_page: Open) -> None:
    page = open_page("agent1", "/desk", language="en")
    press_ready(page)
    caller = talk(hotline, page, "1", "2")
    told = page.locator("[data-contradicts]")
    # what the note names is offered, and what the place says goes before it
    page.locator("[name=note]").fill("น้ำท่วมแถวบัวขาว")
    expect(told).to_contain_text("Soi Buakhao · Nong Prue")
    page.locator("[name=place_address]").fill("แถวมาบประชัน")
    expect(told).to_contain_text("Nong Prue Town Municipality")
    told.get_by_role("button", name="Use this area").click()
    expect(told).to_contain_text("Outside the city")
    page.locator("[name=place_written]").select_option("")
    page.locator("[name=place_address]").fill("หน้าวัด ซอยนาเกลือ 12")
    page.get_by_role("button", name="Map", exact=True).click()
    dialog = page.get_by_role("dialog")
    ready(dialog)
    dialog.get_by_role("searchbox").fill("Lan Pho")
    dialog.get_by_role("button", name="Lan Pho, Na Kluea").click()
    expect(dialog.locator("[data-pinned]")).to_contain_text("Na Kluea")
    expect(page.locator("[name=place_written]")).to_have_value("na_kluea")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator(".saved")).to_be_visible()
    # the words are kept without a click: a draft is as good as the form
    page.wait_for_function(
        """async () => {
          const answer = await fetch("/calls/current", { headers: { Accept: "text/html" } });
          const text = await answer.text();
          return text.includes('value="12.973"') && text.includes("ซอยนาเกลือ 12");
        }"""
    )
    page.reload()
    expect(page.locator("[name=place_latitude]")).to_have_value("12.973")
    expect(page.locator("[name=place_written]")).to_have_value("na_kluea")
    page.locator("[name=category]").select_option("street_light")
    hotline.hang_up(caller)
    finish_as(page, "2")
    link = page.locator(".ticket-of-call a, .panel.ticket a[href*='/tickets/']").first
    expect(link).to_be_visible()
    page.goto(link.get_attribute("href") or "")
    expect(page.locator("#place .where")).to_contain_text("ซอยนาเกลือ 12")
    expect(page.locator(".facts").last).to_contain_text("Engineering Bureau, north section")


def test_at_the_desk_a_contradiction_is_put_right_in_one_click(
    hotline: Hotline, open_page: Open
) -> None:
    page = open_page("agent1", "/desk", language="en")
    press_ready(page)
    talk(hotline, page, "1", "2")
    written = page.locator("[name=place_written]")
    latitude = page.locator("[name=place_latitude]")
    page.locator("[name=place_address]").fill("ซอยบัวขาว หน้า 7-11")
    written.select_option("nong_prue")
    page.get_by_role("button", name="Map", exact=True).click()
    dialog = page.get_by_role("dialog")
    ready(dialog)
    dialog.get_by_role("searchbox").fill("Lan Pho")
    dialog.get_by_role("button", name="Lan Pho, Na Kluea").click()
    told = dialog.locator("[data-pinned]")
    expect(told).to_contain_text("The pin is in Na Kluea, the words say Nong Prue")
    expect(told.get_by_role("button")).to_have_count(3)

    # the pin goes to where the words say, and the map with it
    told.get_by_role("button", name="Move the pin to Soi Buakhao").click()
    expect(told.get_by_role("button")).to_have_count(0)
    expect(latitude).to_have_value("12.93")
    page.keyboard.press("Escape")
    line = page.locator("[data-contradicts]")
    expect(line).to_be_empty()

    # without the map: the area is changed after the pin, and the form says so
    written.select_option("na_kluea")
    expect(line).to_contain_text("the words say Na Kluea")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert faults(page) == []
    line.get_by_role("button", name="Keep the words, drop the pin").click()
    expect(line).to_be_empty()
    expect(latitude).to_have_value("")
    expect(written).to_have_value("na_kluea")
    expect(written).to_be_focused()

    # what was typed is a draft, and the page that is drawn anew says it too
    page.locator(".place-fields summary").click()
    latitude.fill("12.93")
    page.locator("[name=place_longitude]").fill("100.8848")
    expect(line.get_by_role("button")).to_have_count(2)
    page.wait_for_function(
        """async () => {
          const answer = await fetch("/calls/current", { headers: { Accept: "text/html" } });
          return (await answer.text()).includes("data-repair");
        }"""
    )
    page.reload()
    line.get_by_role("button", name="Use the pin's: Nong Prue").click()
    expect(written).to_have_value("nong_prue")
    expect(line).to_be_empty()
