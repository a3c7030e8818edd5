"""A crew's officer at a telephone: two photos of before, one of after, and the ticket is closed."""

from playwright.sync_api import FilePayload, expect

from hotline import clock
from tests.browser.conftest import PHONE, Hotline, Open, new_call_id
from tests.browser.test_accessibility import faults
from tests.browser.test_ticket_pages import narrow_enough
from tests.support import photos
from tickets import service
from tickets.config import Tickets


def payload(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "image/jpeg", "buffer": data}


def test_photos_are_sent_at_a_telephone_and_the_ticket_is_closed(
    hotline: Hotline, open_page: Open
) -> None:
    with hotline.floor() as floor, floor.db.write() as session:
        ticket = service.record_call(
            session,
            floor.section(Tickets),
            call_id=new_call_id(),
            outcome="complaint",
            category="road_surface",
            note="ถนนเป็นหลุมหน้าโรงเรียน",
            now=clock.now(),
        )
    address = f"/tickets/{ticket.number}"
    page = open_page("division", f"{address}?lang=en", language="en")
    page.set_viewport_size(PHONE)
    page.click(".files .add summary")
    two = [
        payload("a.jpg", photos.photo(size=(640, 480))),
        payload("b.jpg", photos.photo(size=(480, 640), colour="blue")),
    ]
    page.set_input_files(".files input[multiple]", two)
    pictures = page.locator(".files .sides img")
    expect(pictures).to_have_count(2)
    assert pictures.first.get_attribute("alt") == (
        f"Photo of before, 1 of 2, of ticket {ticket.number_shown}"
    )
    page.set_input_files(".files input[multiple]", [payload("c.jpg", b"<svg/>")])
    expect(page.locator(".files .queue .failed")).to_contain_text("by its content")
    narrow_enough(page, PHONE["width"])
    assert faults(page) == []

    closing = page.locator("form:has(input[value=done])")
    page.locator("details:has(input[value=done]) > summary").click()
    expect(closing.locator("[data-after-photo]")).to_be_visible()
    closing.locator("[name=result]").select_option("fixed")
    closing.locator("[name=text]").fill("เทแอสฟัลต์แล้ว")
    page.check(".files [name=kind][value=after]")
    done = payload("d.jpg", photos.photo(size=(640, 480), colour="white"))
    page.set_input_files(".files input[multiple]", [done])
    expect(pictures).to_have_count(3)
    expect(closing.locator("[data-after-photo]")).to_have_count(0)  # it asks no more
    assert closing.locator("[name=text]").input_value() == "เทแอสฟัลต์แล้ว"  # nothing typed is lost
    closing.locator("button").click()
    expect(page.locator(".tag.state.done")).to_be_visible()

    page.locator(".files .sides a").last.click()
    expect(page.locator(".one-file .large img")).to_have_js_property("naturalWidth", 640)
    assert "12.92750, 100.87250" in page.locator(".one-file .facts").inner_text()
    narrow_enough(page, PHONE["width"])
    assert faults(page) == []
    page.keyboard.press("ArrowLeft")
    expect(page.locator("h1")).to_contain_text("Photo of before, 2 of 2")
