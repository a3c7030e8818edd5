"""A burst on a supervisor's screen: confirmed, put right, told, ended; with keys and on a
telephone, and what the desk shows of it meanwhile.
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
from tests.support.floors import sign_in_as
from tickets import service as tickets
from tickets.config import Tickets
from tickets.incidents import looking, service
from tickets.incidents.looking import State
from tickets.places import service as places
from tickets.places.rules import Pin, PinSource, Place

NOW = datetime(2026, 10, 14, 13, 0, tzinfo=UTC)
SAID = (
    ("น้ำท่วมซอยบัวขาว สูงครึ่งเข่า รถผ่านไม่ได้", "flood", "th", Pin(12.9312, 100.8845)),
    ("น้ำเข้าบ้านแล้ว ซอยบัวขาว ขอกระสอบทราย", "rubbish", "th", Pin(12.9308, 100.8841)),
    ("Soi Buakhao is flooded, cars are stuck", "road_surface", "en", Pin(12.9385, 100.8848)),
    ("Soi Buakhao: улица затоплена", "flood", "ru", None),
    ("น้ำท่วมขังหน้าร้าน ซอยบัวขาว", "drain", "th", Pin(12.9301, 100.8849)),
    ("น้ำรอระบาย ถนนจมน้ำ ซอยบัวขาว", "flood", "th", Pin(12.9309, 100.8852)),
    ("ไฟถนนดับหนึ่งดวง ซอยบัวขาว", "street_light", "th", Pin(12.9306, 100.8846)),
)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture(autouse=True)
def tonight() -> Iterator[clock.DrivenClock]:
    with clock.driven(NOW + timedelta(minutes=20)) as driven:
        yield driven


@pytest.fixture
def burst(floor: Floor, client: FlaskClient) -> int:
    """Six who tell of one flood, and one who tells of something else there; proposed."""
    config = floor.section(Tickets)
    client.set_cookie(COOKIE, sign_in_as(floor, Role.SUPERVISOR, "supervisor"))
    with floor.db.write() as session:
        for n, (text, category, spoken, pin) in enumerate(SAID, 1):
            at = NOW + timedelta(minutes=n)
            made = tickets.record_call(
                session,
                config,
                call_id=n,
                outcome="complaint",
                category=category,
                note=text,
                caller=f"+6681234500{n}",
                language=spoken,
                by="nok",
                now=at,
            )
            where = places.settled(config, Place(pin=pin, source=PinSource.AGENT if pin else None))
            places.placed_in_call(session, config, made, where, by="nok", now=at)
    with floor.db.write() as session:
        (found,) = service.detect(session, config, clock.now())
        return found


def whole(page: Page, width: int) -> None:
    """It fits, and nothing in it is hard to read; what is drawn on the map is said beside it."""
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for frame in page.locator("[data-map]").all():
        expect(frame).to_have_attribute("data-drawn", "")
        page.evaluate('document.querySelector(".leaflet-map-pane").style.display = "none"')
    assert [each for each in faults(page) if "elmPartiallyObscured" not in each] == []


def press(page: Page, key: str) -> None:
    """Press a key as soon as the page that is shown listens to keys."""
    page.wait_for_load_state("domcontentloaded")
    page.keyboard.press(key)


@pytest.mark.parametrize(("width", "language"), [(1366, "th"), (360, "en")])
def test_a_burst_is_confirmed_put_right_told_and_ended(
    look: Look, floor: Floor, burst: int, width: int, language: str
) -> None:
    here = f"/tickets/incidents/{burst}"
    page = look(f"/tickets/incidents?lang={language}", width)
    whole(page, width)
    page.click(".incidents a")
    expect(page.locator("[data-map]")).to_have_attribute("data-drawn", "")
    expect(page.locator(".members tbody tr")).to_have_count(6)
    # everything with one key
    press(page, "o")
    page.wait_for_selector("button[data-key=c]")
    expect(page.locator(".members .tag.soon")).to_have_count(4)  # three categories, one pin
    press(page, "c")
    page.wait_for_selector("button[data-key=p]")
    expect(page.locator(".works li")).to_have_count(1)
    press(page, "p")
    expect(page.locator(".works li")).to_have_count(2)
    expect(page.locator(".members .tag.soon")).to_have_count(0)
    # what cannot be taken back is looked at first
    press(page, "t")
    expect(page.locator("#tell textarea").first).not_to_have_value("")
    whole(page, width)
    press(page, "t")
    expect(page.locator(".works li")).to_have_count(3)
    page.goto(f"http://hotline.test{here}")
    press(page, "r")
    expect(page.locator("#end")).to_be_visible()
    press(page, "r")
    expect(page.locator(".works li")).to_have_count(4)
    whole(page, width)
    with floor.db.read() as session:
        config = floor.section(Tickets)
        boss = tickets.acting(session, config, "supervisor", "supervisor", clock.now())
        ended = looking.find(session, burst)
        assert ended.state is State.ENDED
        members = looking.members(session, config, ended, boss)
        assert {each.ticket.category for each in members} == {"flood"}
        assert not any(each.ticket.is_open for each in members)
