"""Lists and the pages behind them, at a desk's and a telephone's width, in both languages."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Locator, Page

from hotline import clock
from hotline.auth import COOKIE, Role
from hotline.floor import Floor
from hotline.web import LANGUAGE_COOKIE
from tests.browser.conftest import Look
from tests.service.ivr.conftest import NOON
from tests.service.ivr.shipped import city_config, to_queue
from tests.service.ivr.test_messages import leaves_message
from tests.service.ivr.world import Caller, World
from tests.support.floors import sign_in_as
from tickets import service as tickets

__all__ = ["city_config"]

DESK, PHONE = 1280, 360
WIDTHS = pytest.mark.parametrize("width", [DESK, PHONE])
LANGUAGES = pytest.mark.parametrize("language", ["th", "en"])


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def world(floor: Floor, client: FlaskClient) -> Iterator[World]:
    """A morning with one call of each kind that the lists tell apart."""
    with clock.driven(NOON) as driven:
        yield World(floor, client, driven)


@pytest.fixture
def left(world: World) -> Caller:
    """Who left a message while nobody was there; its sound has arrived."""
    caller = leaves_message(world.caller().ring().press("2", "1", "2"))
    world.deliver()
    return caller.hangs_up()


@pytest.fixture(autouse=True)
def morning(world: World, left: Caller, client: FlaskClient) -> None:
    agent = world.agent()
    talked = to_queue(world.caller())
    agent.talks_with(talked).hangs_up().finishes("complaint", category="flood", note="น้ำท่วมซอย 5")
    talked.hangs_up()
    gone = to_queue(world.caller())
    agent.accepts().picks_up()
    gone.brought()
    for _ in range(2):
        waiting = to_queue(world.caller(), "2")
        world.clock.advance(seconds=70)
        waiting.hangs_up()
    agent.does(f"/api/callbacks/call/{waiting.id}/back")
    world.caller().ring().hangs_up()
    client.set_cookie(COOKIE, sign_in_as(world.floor, Role.SUPERVISOR))


LISTS = ("/calls", "/callbacks", "/tickets", "/reports/definitions")


def cells(page: Page) -> list[Locator]:
    return page.locator("table.stacked > tbody > tr > *").all()


@WIDTHS
@LANGUAGES
@pytest.mark.parametrize("path", LISTS)
def test_every_cell_of_a_list_is_in_sight(look: Look, path: str, language: str, width: int) -> None:
    """Without scrolling sideways: neither the page nor a frame in it hides a column."""
    page = look(f"{path}?lang={language}", width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    hidden = "each => each.scrollWidth - each.clientWidth"
    assert [each.evaluate(hidden) for each in page.locator("main .scroll").all()] in (
        [0],
        [0, 0],
        [],
    )
    found = cells(page)
    assert len(found) > 2
    for cell in found:
        box = cell.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width + 0.5


@WIDTHS
@pytest.mark.parametrize("path", LISTS)
def test_a_list_stays_a_table_to_who_does_not_see_it(look: Look, path: str, width: int) -> None:
    page = look(f"{path}?lang=en", width)
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")
    roles = [each.get("role", {}).get("value") for each in tree["nodes"] if not each["ignored"]]
    rows = page.locator("table.stacked tr").count()
    tables = page.locator("table.stacked").count()
    assert roles.count("table") == tables
    assert roles.count("row") == rows
    assert roles.count("rowheader") == rows - tables
    assert roles.count("cell") == page.locator("table.stacked td").count()
    assert roles.count("columnheader") == page.locator("table.stacked thead th").count()


@LANGUAGES
def test_a_cell_of_a_card_stands_under_its_name(look: Look, language: str) -> None:
    page = look(f"/calls?lang={language}", PHONE)
    heads = page.locator("table.calls thead th").all_text_contents()
    row = page.locator("table.calls tbody tr").first
    names = [each.get_attribute("data-label") for each in row.locator("td").all()]
    assert names == heads[1:]
    shown = "cell => getComputedStyle(cell, '::before').content"
    assert heads[1] in row.locator("td").first.evaluate(shown)
    assert look("/calls", DESK).locator("table.calls td").first.evaluate(shown) == "none"


# ---------------------------------------------------------------- the navigation


@LANGUAGES
@pytest.mark.parametrize(
    "path", ["/desk", "/calls", "/tickets", "/nuisance", "/reports/definitions"]
)
def test_the_navigation_shows_where_one_is(look: Look, path: str, language: str) -> None:
    page = look(f"{path}?lang={language}", PHONE)
    rows = page.locator("header.site nav").all()
    grouped = ("/calls", "/tickets", "/nuisance")
    assert len(rows) == (2 if path in grouped else 1), "a group has its own row"
    for row in rows:
        bar, here = row.bounding_box(), row.locator("[aria-current]").bounding_box()
        assert bar is not None
        assert here is not None
        assert bar["x"] <= here["x"]
        assert here["x"] + here["width"] <= bar["x"] + bar["width"]
    assert page.evaluate("scrollY") == 0


# ---------------------------------------------------------------- a call, its message, its ticket


@WIDTHS
@LANGUAGES
def test_a_call_and_its_ticket_lead_to_each_other(
    world: World, left: Caller, look: Look, language: str, width: int
) -> None:
    number = world.read(tickets.ticket_of_call, left.id).number_shown
    page = look(f"/calls/{left.id}?lang={language}", width)
    page.get_by_role("link", name=number).click()
    page.wait_for_url("**/tickets/*")
    page.locator(f".known a[href='/calls/{left.id}']").click()
    page.wait_for_url(f"**/calls/{left.id}")


SAYS = {
    "th": ("ข้อความเสียง", "รอฟัง", "ฟัง แล้วบันทึกเรื่อง", "สอบถาม"),
    "en": ("Voice message", "To listen to", "Listen, then write it down", "Inquiry"),
}


@WIDTHS
@LANGUAGES
def test_a_message_is_told_apart_heard_first_and_written_down(
    world: World, left: Caller, look: Look, client: FlaskClient, language: str, width: int
) -> None:
    client.set_cookie(LANGUAGE_COOKIE, language)
    kind, tag, heading, preset = SAYS[language]
    number = world.read(tickets.ticket_of_call, left.id).number_shown
    page = look("/tickets", width)
    row = page.locator("table.tickets tbody tr", has_text=number)
    assert row.locator(".about").inner_text().split(tag)[0].strip() == kind
    assert preset not in row.inner_text()
    # on a wide screen a click shows it beside the list
    address = row.get_by_role("link", name=number).get_attribute("href")
    page.goto(f"http://hotline.test{address}")
    tops = [
        page.locator(each).bounding_box()
        for each in ("audio", ".matter-full", "form.act", "section.happened")
    ]
    heights = [box["y"] for box in tops if box is not None]
    assert len(heights) == 4
    assert heights[0] < heights[1]
    if width == PHONE:
        assert heights == sorted(heights)
    form = page.locator("form.act", has_text=heading)
    assert form.locator("[name=outcome]").input_value() == ""
    form.get_by_role("button").click()
    assert form.locator("[name=outcome]:invalid").count() == 1, "nothing is chosen for who listens"
    form.locator("[name=outcome]").select_option("complaint")
    form.locator("[name=category]").select_option("flood")
    form.locator("[name=text]").fill("น้ำท่วมหน้าวัด")
    form.get_by_role("button").click()
    page.wait_for_selector("text=น้ำท่วมหน้าวัด")
    assert page.locator("form.act", has_text=heading).count() == 0
