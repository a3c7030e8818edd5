"""The dispatch board: what waits for a unit, who would go and why, and sending with one key; at a
desk's and a telephone's width, in both languages, light and dark, without a script.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import expect

from hotline import clock
from hotline.auth import COOKIE, Role
from hotline.floor import Floor
from tests.browser.conftest import Look
from tests.browser.test_places import wrong
from tests.support.floors import sign_in_as
from tickets import service as tickets
from tickets.config import Tickets
from tickets.facts import Actor, TicketFacts
from tickets.places import service as places
from tickets.places.rules import Pin
from tickets.units import fleet, service
from tickets.workflow import Role as TicketRole

NOW = datetime(2026, 12, 3, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BOSS = Actor("supervisor", TicketRole.SUPERVISOR)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture(autouse=True)
def now() -> Iterator[clock.DrivenClock]:
    with clock.driven(NOW) as driven:
        yield driven


def matter(floor: Floor, n: int, category: str, note: str, pin: Pin, soi: str) -> TicketFacts:
    config = floor.section(Tickets)
    fields = {
        "place_latitude": str(pin.latitude),
        "place_longitude": str(pin.longitude),
        "place_soi": soi,
    }
    with floor.db.write() as session:
        where = places.entered(session, config, fields)
        made = tickets.record_call(
            session,
            config,
            call_id=n,
            outcome="complaint",
            category=category,
            note=note,
            caller="+66812345678",
            language="ru" if n == 1 else "th",
            area=where.area,
            now=NOW - (20 - n) * MINUTE,
        )
        places.placed_in_call(session, config, made, where, by="agent1", now=NOW)
        return tickets.by_number(session, made.number)


@pytest.fixture
def scene(floor: Floor, client: FlaskClient) -> list[TicketFacts]:
    """Three units with a crew: one free near by, one free with an old position, one that has not
    answered; two tickets wait, one of them asked for, and one is on its way to be done.
    """
    config = floor.section(Tickets)
    client.set_cookie(COOKIE, sign_in_as(floor, Role.SUPERVISOR, "supervisor"))
    names = ("somchai", "wichai", "prasert")
    for name in names:
        sign_in_as(floor, Role.CREW, name)
    found = [
        matter(floor, 1, "fallen_tree", "ต้นไม้ล้มขวางถนน รถผ่านไม่ได้", Pin(12.929, 100.885), "บัวขาว"),
        matter(
            floor, 2, "road_surface", "ฝาท่อหาย มีรถมอเตอร์ไซค์ล้ม", Pin(12.935, 100.889), "สุขุมวิท 45"
        ),
        matter(floor, 3, "dangerous_animals", "งูเหลือมเข้าบ้าน", Pin(12.951, 100.893), "นาเกลือ 16"),
        matter(floor, 4, "public_safety", "สายไฟห้อยต่ำ", Pin(12.893, 100.873), "จอมเทียน 9"),
    ]
    with floor.db.write() as session:
        fleet.seed(session, config)
        for code, name in zip(("qru1", "qru2", "qru3"), names, strict=True):
            fleet.put_on(session, code, name, actor=BOSS, by=None, now=NOW - 90 * MINUTE)
        for code, name, pin, age in (
            ("qru1", "somchai", Pin(12.935, 100.881), 3),
            ("qru2", "wichai", Pin(12.930, 100.886), 25),
            ("qru3", "prasert", Pin(12.890, 100.875), 1),
        ):
            crew = Actor(name, TicketRole.CREW)
            at = NOW - age * MINUTE
            service.report_position(session, code, pin, accuracy_m=12, by=crew, at=at, now=at)
        service.ask(session, found[1], text="ขอป้ายกั้นด้วย", by=BOSS, now=NOW - 6 * MINUTE)
        number = found[2].number
        late = service.dispatch(
            session, config, "qru3", number, by=BOSS, now=NOW - 5 * MINUTE, note="ระวังสุนัขในบ้าน"
        )
        assert late.is_late(NOW)
        service.dispatch(session, config, "qru3", found[3].number, by=BOSS, now=NOW - MINUTE)
    return found


def test_the_board_at_a_glance(look: Look, scene: list[TicketFacts]) -> None:
    for width, language, scheme in ((1366, "th", "light"), (360, "en", "dark")):
        page = look(f"/tickets/units?lang={language}", width, scheme)
        page.wait_for_selector("[data-drawn] .unit-on-map >> nth=2")
        assert wrong(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_sending_with_one_key_and_what_the_story_says(
    look: Look, scene: list[TicketFacts], floor: Floor
) -> None:
    page = look("/tickets/units?lang=th")
    expect(page.locator("[data-wait]")).to_have_count(2)
    first = page.locator("[data-wait]").first
    expect(first).to_contain_text(scene[0].number_shown)
    # the nearest is not first: its position is old
    expect(first.locator(".why").first).to_contain_text("ว่าง · 1.0 กม. · ตำแหน่งเมื่อ 3 นาทีที่แล้ว")
    expect(first.locator(".why").nth(1)).to_contain_text("ตำแหน่งเก่า")
    page.keyboard.press("j")
    page.keyboard.press("1")
    expect(page.locator("[data-wait]")).to_have_count(1)
    with floor.db.read() as session:
        (job,) = service.of_ticket(session, scene[0])
    assert (job.unit, job.sent_by) == ("qru1", "supervisor")
    page.goto(f"http://hotline.test/tickets/{scene[0].number}?lang=th")
    expect(page.locator("#units")).to_contain_text("พัทยา 101")
    expect(page.locator(".story")).to_contain_text("ส่ง พัทยา 101")
    assert wrong(page) == []
