"""Sound between real browsers: a handset's page, the carrier's unmodified SDK, and the exchange.

The caller's microphone hears 697 Hz, the agent's 1209 Hz: whoever hears the one hears the caller,
whoever hears the other hears the agent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from exchange.call import Call
from tests.exchange.conftest import Application
from tests.exchange.voice_support import (
    City,
    city,
    hears,
    hears_no,
    saw,
)

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default::ResourceWarning")]

CALLER, AGENT = 697, 1209
ROOM = '<Dial><Conference beep="false" endConferenceOnExit="true">talk</Conference></Dial>'


@pytest.fixture
async def town(application: Application, tmp_path: Path) -> AsyncIterator[City]:
    # pages of devices are served by the application, which otherwise knows signed requests only
    application.validator.validate = lambda *_: True  # type: ignore[method-assign]
    async with async_playwright() as playwright, city(application, playwright, tmp_path) as town:
        yield town


async def dial(page: Page) -> None:
    await page.locator("#call").click()


async def the_call(town: City, to: str) -> Call:
    async with asyncio.timeout(5):
        while True:
            for call in town.exchange.calls(live=True):
                if call.to == to:
                    return call
            await asyncio.sleep(0.02)


async def talking(town: City) -> tuple[Page, Page]:
    """The caller's page and the agent's, in one conference."""
    town.app["/voice"] = ROOM
    agent = await town.device(await town.browser(AGENT), "agent-1")
    caller = await town.handset(await town.browser(CALLER))
    await dial(caller)
    await expect(caller.locator("#state-words")).to_have_text("อยู่ในห้องสนทนา")
    await town.rest(
        lambda c: c.conferences("talk").participants.create(
            from_="1337", to="client:agent-1", beep="false", early_media=False
        )
    )
    await saw(agent, "incoming")
    await agent.evaluate("call.accept()")
    await saw(agent, "accept")
    return caller, agent


async def test_caller_and_agent_hear_each_other(town: City) -> None:
    caller, agent = await talking(town)
    await hears(agent, CALLER)
    await hears(caller, AGENT)
    await hears_no(agent, AGENT)
    await hears_no(caller, CALLER)
    await caller.locator("#hangup").click()
    await saw(agent, "disconnect")
