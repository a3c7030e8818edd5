"""A citizen with a telephone, from the SMS to the mark and the reopening; the exchange is real."""

import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect

from hotline import clock
from hotline.floor import Floor
from hotline.telephony import Carrier
from tests.browser.conftest import (
    PATIENCE_MS,
    PHONE,
    Hotline,
    Look,
    Open,
    new_call_id,
    new_number,
)
from tests.browser.test_accessibility import faults
from tests.support.waiting import until
from tickets import following, service
from tickets import sms as messages
from tickets.config import Tickets
from tickets.facts import CITIZEN
from tickets.models import EventKind
from tickets.service import TicketFacts
from tickets.workflow import Result, State, Waiting
from tickets.writing import tell

NUMBER = "+66899990042"


def record(floor: Floor, call_id: int, **more: Any) -> TicketFacts:
    # what is urgent is told at any hour, whenever this test runs
    asked = {"outcome": "complaint", "category": "flood", "caller": NUMBER, "language": "th"}
    with floor.db.write() as session:
        return service.record_call(
            session,
            floor.section(Tickets),
            call_id=call_id,
            note="น้ำท่วมหน้าบ้าน",
            now=clock.now(),
            **asked | more,
        )


def close(floor: Floor, ticket: TicketFacts) -> None:
    config, now = floor.section(Tickets), clock.now()
    with floor.db.write() as session:
        works = service.acting(session, config, "division", "division", now)
        seen = service.by_number(session, ticket.number)
        service.move(
            session, config, seen, State.DONE, actor=works, result=Result.FIXED,
            text="ลอกท่อแล้ว น้ำลดแล้ว", now=now,
        )  # fmt: skip


def received(hotline: Hotline, number: str, words: str) -> dict[str, Any]:
    """The SMS with these words, once it is at the citizen's telephone."""
    address = f"messages?to={urllib.parse.quote(number)}"

    def found() -> list[dict[str, Any]]:
        listed = hotline._handset(address)["messages"]
        return [each for each in listed if words in each["body"] and each["status"] == "delivered"]

    until(found, f"an SMS that says {words}", within=120)
    (message,) = found()
    return message


def link_in(message: dict[str, Any]) -> str:
    return next(word for word in message["body"].split() if word.startswith("http"))


def arrived(floor: Floor, ticket: TicketFacts) -> list[str]:
    """How it stands with each SMS of a ticket."""
    with floor.db.read() as session:
        return [each.how for each in messages.of_ticket(session, ticket.id)]


@pytest.fixture
def phone(chromium: Browser, hotline: Hotline) -> Iterator[Page]:
    context = chromium.new_context(viewport=PHONE, base_url=hotline.web, java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    yield page
    context.close()


@pytest.mark.browser
@pytest.mark.slow
def test_from_the_sms_to_the_mark_and_the_reopening(
    hotline: Hotline, phone: Page, open_page: Open
) -> None:
    number = new_number()
    with hotline.floor() as floor:
        ticket = record(floor, new_call_id(), caller=number)
        sms = received(hotline, number, "รับเรื่องของท่านแล้ว")
        assert ticket.number_shown in sms["body"]
        assert sms["segments"] <= 3
        phone.goto(link_in(sms))
        assert "/t/ticket" in phone.url
        expect(phone.locator("h1")).to_contain_text(ticket.number_shown)
        expect(phone.locator(".state")).to_have_text("อยู่ระหว่างการรับเรื่องร้องเรียน")
        phone.get_by_role("link", name="เขียนถึงเรา").click()
        phone.fill("#text", "น้ำเข้าบ้านแล้ว โทร 081-234-5678")
        phone.get_by_role("button", name="ส่ง").click()
        expect(phone.get_by_role("status")).to_contain_text("ส่งข้อความแล้ว")
        expect(phone.locator(".timeline")).to_contain_text("โทร ·····")
        close(floor, ticket)
        phone.goto(link_in(received(hotline, number, "เสร็จสิ้น")))
        expect(phone.locator(".state")).to_have_text("ดำเนินการเรียบร้อย")
        expect(phone.locator(".timeline")).to_contain_text("ลอกท่อแล้ว น้ำลดแล้ว")
        phone.get_by_role("link", name="ให้คะแนน").click()
        phone.get_by_label("ไม่พอใจมาก").check()
        phone.get_by_role("button", name="ส่ง").click()
        expect(phone.locator(".timeline")).to_contain_text("ท่านให้คะแนน 1 จาก 5")
        phone.get_by_role("link", name="ยังไม่เรียบร้อย").click()
        phone.fill("#text", "น้ำท่วมอีกแล้ว")
        phone.get_by_role("button", name="ยังไม่เรียบร้อย").click()
        expect(phone.locator(".state")).to_have_text("อยู่ระหว่างการดำเนินงาน")
        received(hotline, number, "เปิดดำเนินการอีกครั้ง")
        # the telephone answers, and the carrier brings it to the ticket
        answer = {"from": number, "to": floor.city.sms_sender, "body": "รีบมานะ"}
        hotline._handset("messages", answer)

        def told() -> list[str]:
            with floor.db.read() as session:
                story = service.story(session, ticket.id)
            return [event.data["text"] for event in story if event.kind is EventKind.CITIZEN]

        until(lambda: "รีบมานะ" in told(), "the answer is on the ticket", within=120)

        # the carrier says so after the telephone has it, and the page is of when it was opened
        until(lambda: arrived(floor, ticket) == ["delivered"] * 3, "the carrier has told so")
    desk = open_page("supervisor", f"/tickets/{ticket.number}", language="en")
    expect(desk.locator(".card.sms-told .tag.good")).to_have_count(3)
    expect(desk.locator(".told-list")).to_contain_text("delivered")
    expect(desk.locator(".ticket-head")).to_contain_text("Reopened ×1")
    expect(desk.locator(".notice.unread")).to_be_visible()


@pytest.mark.browser
@pytest.mark.slow
def test_the_exchange_lists_what_it_has_taken(hotline: Hotline) -> None:
    """What is asked before anything is sent a second time, of a carrier and not of a list."""
    with hotline.floor() as floor:
        carrier, since = Carrier(floor.settings), clock.now()
        body = f"ทดสอบ {since.timestamp()}"
        assert carrier.find_message(NUMBER, body=body, since=since) is None
        sid = carrier.send_message(NUMBER, from_="+6638111337", body=body)
        assert carrier.find_message(NUMBER, body=body, since=since) == sid
        assert carrier.find_message("+66899990043", body=body, since=since) is None


# ------------------------------------------------------------------ how it looks


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def followed(floor: Floor, client: FlaskClient) -> TicketFacts:
    """One that waits for its citizen after messages both ways, in this browser; proved."""
    config, now = floor.section(Tickets), clock.now()
    ticket = record(floor, 1, category="drain")
    with floor.db.write() as session:
        boss = service.acting(session, config, "supervisor", "supervisor", now)
        seen = service.move(session, config, ticket, State.IN_PROGRESS, actor=boss, now=now)
        until_ = now.replace(microsecond=0) + following.WORDS_WITHIN * 48
        service.wait(
            session, config, seen, for_=Waiting.CITIZEN, until=until_, text="x", actor=boss, now=now
        )
        told = {"text": "ขอทราบบ้านเลขที่และจุดสังเกตใกล้เคียง", "language": "th"}
        tell(session, ticket.id, EventKind.MESSAGE, "division", now, told)
        said = {"text": "ตรงข้ามร้านก๋วยเตี๋ยว" + "มาก" * 60, "by": "page"}
        tell(session, ticket.id, EventKind.CITIZEN, CITIZEN, now, said)
    client.post("/t", data={"number": ticket.number, "digits": NUMBER[-4:]})
    return ticket


@pytest.mark.parametrize(("language", "scheme"), [("th", "light"), ("en", "dark")])
def test_every_page_is_whole_on_a_telephone(
    floor: Floor, look: Look, followed: TicketFacts, language: str, scheme: str
) -> None:
    proof = f"/t?number={followed.number}&lang={language}"
    asks = [f"/t/ticket/{each}" for each in ("message", "withdraw")]
    close_too = [f"/t/ticket/{each}" for each in ("rate", "reopen", "confirm")]
    paths = [proof, *(f"{path}?lang={language}" for path in ("/t", "/t/ticket", *asks))]
    for path in paths:
        check(look(path, 360, scheme), path)
    close(floor, followed)
    for path in ("/t/ticket", *close_too):
        check(look(f"{path}?lang={language}", 360, scheme), path)


def check(page: Page, path: str) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
    assert faults(page) == [], path
    small = page.evaluate(
        "[...document.querySelectorAll('main button, main .button, main input:not([type=hidden])')]"
        ".filter((it) => it.closest('.mark') === null && it.getBoundingClientRect().height < 44)"
        ".map((it) => it.outerHTML)"
    )
    assert small == [], path
    page.close()


def test_on_a_telephone_every_language_is_in_sight(look: Look) -> None:
    page = look("/t?lang=th", 360)
    tongues = page.locator("nav.tongues a")
    expect(tongues).to_have_count(4)
    for each in tongues.all():
        box = each.bounding_box()
        assert box is not None
        assert 0 <= box["x"] and box["x"] + box["width"] <= 360, each.text_content()
