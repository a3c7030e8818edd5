"""The handset page in Chromium: a call by hand, at 360 px and on a desk, in both languages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from exchange.call import Call
from tests.exchange.conftest import Line

pytestmark = pytest.mark.browser

VOICE = (
    '<Gather numDigits="1" action="/chosen" timeout="60">'
    '<Say language="th-TH">สวัสดีค่ะ กด 1</Say><Say language="en-US">Press 2</Say></Gather>'
)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        yield browser
        await browser.close()


async def open_page(line: Line, browser: Browser, width: int, height: int) -> Page:
    page = await browser.new_page(viewport={"width": width, "height": height})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    await page.goto(line.url + "/")
    await expect(page.locator("#to")).to_have_value("1337")
    assert faults == []
    return page


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
    await page.locator("#from").fill("+66899999999")
    async with page.expect_response("**/rings"):
        await page.locator("#from").blur()
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
    async with asyncio.timeout(10):
        while not call.ended:  # the beacon comes from another process, after the page has gone
            await asyncio.sleep(0.02)
