"""The handset page in Chromium: a call by hand, at 360 px and on a desk, in both languages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import quote

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from exchange.call import Call
from tests.exchange.conftest import Application, Line, a_line, an_application

# one loop for all, since the browser that they share lives in it
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

VOICE = (
    '<Gather numDigits="1" action="/chosen" timeout="60">'
    '<Say language="th-TH">สวัสดีค่ะ กด 1</Say><Say language="en-US">Press 2</Say></Gather>'
)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        expect.set_options(timeout=20_000)  # a machine that other tests share stands still at times
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def application() -> AsyncIterator[Application]:
    async with an_application() as application:
        yield application


@pytest_asyncio.fixture(loop_scope="module")
async def line(application: Application) -> AsyncIterator[Line]:
    async with a_line(application) as line:
        yield line


@pytest_asyncio.fixture(loop_scope="module")
async def browser(line: Line, chromium: Browser) -> AsyncIterator[Browser]:
    """Nothing that a test opened in it stays open, and no page outlives its exchange."""
    yield chromium
    for context in chromium.contexts:
        await context.close()


async def open_page(line: Line, browser: Browser, width: int, height: int) -> Page:
    page = await browser.new_page(viewport={"width": width, "height": height})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    await page.goto(line.url + "/")
    await expect(page.locator("#to")).to_have_value("1337")
    assert faults == []
    return page


async def becomes(page: Page, address: str) -> None:
    """Calls to the address ring here from now on."""
    async with page.expect_response(f"**/{quote(address, safe='')}/rings"):
        await page.locator("#from").fill(address)
        await page.locator("#from").blur()


def only_call(line: Line) -> Call:
    [call] = list(line.exchange.calls())
    return call


async def test_a_call_by_mouse_and_keyboard(line: Line, browser: Browser) -> None:
    line.app["/voice"] = VOICE
    line.app["/chosen"] = '<Enqueue waitUrl="">help-en</Enqueue>'
    page = await open_page(line, browser, 1366, 768)
    await page.get_by_role("button", name="โทรออก").click()
    said = page.locator(".said .words")
    await expect(said).to_have_text(["สวัสดีค่ะ กด 1"])
    await expect(said).to_have_attribute("lang", "th-TH")
    await line.after(2)
    await expect(said).to_have_text(["สวัสดีค่ะ กด 1", "Press 2"])
    await page.keyboard.press("2")
    await expect(page.locator("#state-words")).to_have_text("รอในคิว: help-en")
    assert line.app.to("/chosen")[0]["Digits"] == "2"
    await page.get_by_role("button", name="English").click()
    await expect(page.locator("#state-words")).to_have_text("Waiting in the queue: help-en")
    await expect(page.locator(".tag").first).to_have_text("Thai")
    await page.keyboard.press("Escape")
    await expect(page.locator("#state-words")).to_have_text("Call ended: the caller hung up")
    assert only_call(line).ended
    await page.close()


#: A browser with a Thai voice, which notes what it is given to say.
THAI_VOICE = """
globalThis.spoken = [];
speechSynthesis.getVoices = () => [{ lang: "th_TH", name: "Thai" }];
globalThis.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
speechSynthesis.speak = (speech) => spoken.push([speech.voice.name, speech.lang, speech.text]);
"""


async def test_words_without_a_voice_are_said_by_the_browsers(line: Line, browser: Browser) -> None:
    line.app["/voice"] = (
        '<Gather numDigits="1" action="/chosen" timeout="60"><Say language="th-TH">กด 1</Say>'
        '<Say language="zh-CN">请按 2</Say></Gather>'
    )
    line.app["/chosen"] = '<Pause length="60"/>'
    page = await browser.new_page()
    await page.add_init_script(THAI_VOICE)
    await page.goto(line.url + "/")
    await expect(page.locator("#aloud-box")).to_be_visible()
    await page.locator("#call").click()
    said = page.locator(".said .words")
    await expect(said).to_have_text(["กด 1"])
    await line.after(2)
    await expect(said).to_have_text(["กด 1", "请按 2"])
    assert await page.evaluate("spoken") == [["Thai", "th-TH", "กด 1"]], "what it has a voice for"
    await page.close()


@pytest.mark.parametrize("talking", [False, True])
async def test_a_small_telephone_has_all_keys_on_the_screen(
    line: Line, browser: Browser, talking: bool
) -> None:
    line.app["/voice"] = VOICE
    page = await open_page(line, browser, 360, 740)
    if talking:
        await page.locator("#call").click()
        await expect(page.locator(".said")).to_have_count(1)
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    for button in await page.get_by_role("button").all():
        if await button.is_visible():
            box = await button.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 44
    action = page.locator("#hangup" if talking else "#call")
    box = await action.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 740
    await page.close()


async def test_the_page_is_called_and_answers(line: Line, browser: Browser) -> None:
    line.app["/voice"] = "<Dial><Number>+66899999999</Number></Dial>"
    page = await open_page(line, browser, 1366, 768)
    await becomes(page, "+66899999999")
    await line.call()
    await expect(page.locator("#ring-from")).to_have_text("+66812345678")
    await page.get_by_role("button", name="รับสาย").click()
    await expect(page.locator("#state-words")).to_have_text("กำลังต่อสาย")
    assert len([call for call in line.exchange.calls() if call.live]) == 2
    await page.close()


async def test_what_went_wrong_is_shown(line: Line, browser: Browser) -> None:
    page = await open_page(line, browser, 1366, 768)
    await page.locator("#from").fill("nobody")
    await page.locator("#call").click()
    await expect(page.locator("#problem")).to_be_visible()
    await page.locator("#from").fill("+66812345678")
    await page.locator("#to").fill("999")
    await page.locator("#call").click()
    await expect(page.locator("#problem")).to_contain_text("ไม่มีเบอร์นี้")
    await page.locator("#to").fill("1337")
    await page.locator("#call").click()
    await expect(page.locator("#fault-list li").first).to_contain_text("11200")
    await page.close()


async def test_a_page_that_is_closed_is_a_telephone_hung_up(line: Line, browser: Browser) -> None:
    line.app["/voice"] = VOICE
    page = await open_page(line, browser, 390, 844)
    await page.locator("#call").click()
    await expect(page.locator(".said")).to_have_count(1)
    call = only_call(line)
    await page.goto("about:blank")
    async with asyncio.timeout(30):
        while not call.ended:  # the beacon comes from another process, after the page has gone
            await asyncio.sleep(0.02)


async def test_words_are_said_where_they_are_listened_to(line: Line, browser: Browser) -> None:
    line.app["/voice"] = '<Say language="th-TH">สวัสดีค่ะ</Say><Redirect>/ask</Redirect>'
    line.app["/ask"] = (
        '<Gather input="dtmf speech" speechTimeout="1" timeout="60" action="/said">'
        '<Say language="th-TH">ต้องการแจ้งเรื่องอะไรคะ</Say></Gather>'
    )
    line.app["/said"] = '<Pause length="60"/>'
    page = await open_page(line, browser, 1366, 768)
    await expect(page.locator("#words")).to_be_disabled()
    await page.locator("#call").click()
    await expect(page.locator(".said")).to_have_count(1)
    await expect(page.locator("#words")).to_be_disabled()
    await line.after(2)
    await expect(page.locator("#words")).to_be_enabled()
    await expect(page.locator("#speech-state")).to_have_text("ระบบกำลังฟัง")
    await page.keyboard.press("P")
    await expect(page.locator("#words")).to_be_focused()
    await page.keyboard.type("ower ไฟดับ 2 ซอย")  # digits in the field are words, not keys
    await page.keyboard.press("Enter")
    await expect(page.locator(".spoken .words")).to_have_text("Power ไฟดับ 2 ซอย")
    await line.after(3)
    assert line.app.to("/said")[0]["SpeechResult"] == "Power ไฟดับ 2 ซอย"
    await expect(page.locator("#words")).to_be_disabled()
    await page.get_by_role("button", name="English").click()
    await expect(page.locator("#speech-state")).to_have_text("You can speak when it listens")
    await page.close()


async def test_text_messages_come_and_go(line: Line, browser: Browser) -> None:
    line.exchange.config = replace(
        line.exchange.config, messaging={"1337": line.app.url + "/message"}
    )
    line.app["/message"] = "<Message>ได้รับเรื่องแล้ว</Message>"
    page = await open_page(line, browser, 1366, 768)
    await becomes(page, "+66899999999")
    await expect(page.locator("#texts-empty")).to_be_visible()
    await line.rest(
        lambda c: c.messages.create(to="+66899999999", from_="1337", body="เรื่องของท่านเลขที่ 1")
    )
    await line.after(3)
    await expect(page.locator("#text-list .theirs .words")).to_have_text("เรื่องของท่านเลขที่ 1")
    await expect(page.locator("#texts-empty")).to_be_hidden()
    await page.get_by_label("ส่งข้อความถึง 1337").fill("ขอบคุณ")
    await page.keyboard.press("Enter")
    await expect(page.locator("#text-list .mine .words")).to_have_text("ขอบคุณ")
    await line.clock.settle()
    await line.after(3)
    await expect(page.locator("#text-list .theirs")).to_have_count(2)
    await page.reload()
    await page.locator("#from").fill("+66899999999")
    await page.locator("#from").blur()
    await expect(page.locator("#text-list li")).to_have_count(3)
    await page.close()


@pytest.mark.parametrize("dark", [False, True])
async def test_a_small_screen_has_room_for_words_and_messages(
    line: Line, browser: Browser, dark: bool
) -> None:
    line.app["/voice"] = '<Gather input="dtmf speech" timeout="60"><Say>Speak</Say></Gather>'
    page = await open_page(line, browser, 360, 740)
    await page.emulate_media(color_scheme="dark" if dark else "light")
    await page.locator("#text").scroll_into_view_if_needed()
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    await page.locator("#call").click()
    await expect(page.locator("#words")).to_be_enabled()
    for name in ("#words", "#say", "#hangup", "[data-key='#']"):
        box = await page.locator(name).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
        assert box["y"] + box["height"] <= 740
        assert box["height"] >= 44
    await page.close()


MICROPHONE = """
  // A microphone that is asked for until the test allows it; how many are on can be counted.
  window.tracks = [];
  const allowed = new Promise((allow) => (window.allow = allow));
  navigator.mediaDevices.getUserMedia = async () => {
    await allowed;
    const { stream } = new AudioContext().createMediaStreamDestination();
    tracks.push(...stream.getTracks());
    return stream;
  };
  window.on = () => tracks.filter((track) => track.readyState === "live").length;
  localStorage.setItem("from", "+66899999999");
"""


async def rung(line: Line, browser: Browser) -> tuple[Page, Call]:
    """A handset that rings, with a microphone."""
    page = await browser.new_page()
    await page.add_init_script(MICROPHONE)
    async with page.expect_response("**/rings"):
        await page.goto(line.url + "/")
    await expect(page.locator("#to")).to_have_value("1337")
    twiml = "<Response><Pause length='60'/></Response>"
    await line.rest(lambda c: c.calls.create(to="+66899999999", from_="1337", twiml=twiml))
    await expect(page.locator("#ring")).to_be_visible()
    return page, only_call(line)


async def test_an_answer_that_is_lost_turns_the_microphone_off(
    line: Line, browser: Browser
) -> None:
    page, call = await rung(line, browser)
    await page.route("**/answer", lambda route: route.abort())
    await page.evaluate("allow()")
    await page.locator("#answer").click()
    await expect(page.locator("#problem")).to_be_visible()
    assert await page.evaluate("[tracks.length, on()]") == [1, 0]
    assert call.is_ringing
    await page.close()


async def test_an_offer_that_cannot_be_made_turns_the_microphone_off(
    line: Line, browser: Browser
) -> None:
    page, _ = await rung(line, browser)
    await page.evaluate(
        "() => { RTCPeerConnection.prototype.setLocalDescription = async () => { throw 1; }; }"
    )
    await page.evaluate("allow()")
    await page.locator("#answer").click()
    await expect(page.locator("#problem")).to_be_visible()
    assert await page.evaluate("[tracks.length, on()]") == [1, 0]
    await page.close()


async def test_who_is_answering_neither_dials_nor_is_rung(line: Line, browser: Browser) -> None:
    page, call = await rung(line, browser)
    await page.locator("#answer").click()
    await page.locator("#call").click()  # impatience, while the browser asks for the microphone
    twiml = "<Response/>"
    await line.rest(lambda c: c.calls.create(to="+66899999999", from_="1337", twiml=twiml))
    [second, _] = line.exchange.calls()
    await asyncio.wait_for(second.over.wait(), 30)
    assert second.status == "busy"
    await page.evaluate("allow()")
    await page.wait_for_function("document.body.classList.contains('talking')")
    await line.clock.settle()
    assert call.live
    assert await page.evaluate("[tracks.length, on()]") == [1, 1]
    assert len(list(line.exchange.calls())) == 2
    await page.locator("#hangup").click()
    await page.wait_for_function("on() === 0")
    await page.close()
