"""Sound between real browsers: a handset's page, the carrier's unmodified SDK, and the exchange.

The caller's microphone hears 697 Hz, the agent's 1209 Hz: whoever hears the one hears the caller,
whoever hears the other hears the agent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright, expect

from exchange.call import Call
from exchange.voice import tones
from tests.exchange.conftest import Application
from tests.exchange.voice_support import (
    City,
    city,
    fetch,
    hears,
    hears_no,
    hears_something,
    power,
    saw,
    token,
    unmulaw,
)

pytestmark = pytest.mark.browser

#: Seconds of the wall in which what must come has come, also on a machine that stands still.
WITHIN = 30.0
CALLER, AGENT, MUSIC = 697, 1209, 1477
ROOM = '<Dial><Conference beep="false" endConferenceOnExit="true"{more}>talk</Conference></Dial>'


@pytest.fixture
async def town(application: Application, tmp_path: Path) -> AsyncIterator[City]:
    # pages of devices are served by the application, which otherwise knows signed requests only
    application.validator.validate = lambda *_: True  # type: ignore[method-assign]
    async with async_playwright() as playwright, city(application, playwright, tmp_path) as town:
        yield town


async def dial(page: Page) -> None:
    await page.locator("#call").click()


async def the_call(town: City, to: str) -> Call:
    async with asyncio.timeout(WITHIN):
        while True:
            for call in town.exchange.calls(live=True):
                if call.to == to:
                    return call
            await asyncio.sleep(0.02)


async def talking(town: City, *, record: bool = False) -> tuple[Page, Page]:
    """The caller's page and the agent's, in one conference."""
    town.app["/voice"] = ROOM.format(more=' record="record-from-start"' if record else "")
    agent = await town.device(await town.browser(AGENT), "agent-1")
    caller = await town.handset(await town.browser(CALLER))
    await dial(caller)
    await expect(caller.locator("#state-words")).to_have_text("อยู่ในห้องสนทนา")
    await town.rest(
        lambda c: c.conferences("talk").participants.create(
            from_="1337",
            to="client:agent-1",
            beep="false",
            early_media=False,
            end_conference_on_exit=True,
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


async def change(town: City, to: str, **what: Any) -> None:
    """REST changes a participant of the conference."""
    room = town.exchange.conferences.living("talk")
    assert room is not None
    [sid] = [participant.call.sid for participant in room if participant.call.to == to]
    await town.rest(lambda c: c.conferences(room.sid).participants(sid).update(**what))


async def test_mute_is_silence(town: City) -> None:
    caller, agent = await talking(town)
    await hears(agent, CALLER)
    await hears(caller, AGENT)
    # the carrier's mute silences the one who is muted, and nobody else
    await change(town, "1337", muted=True)
    await hears_no(agent, CALLER)
    await hears(caller, AGENT)
    await change(town, "1337", muted=False)
    await hears(agent, CALLER)
    # the SDK's own is the microphone's
    await agent.evaluate("call.mute(true)")
    await hears_no(caller, AGENT)
    await agent.evaluate("call.mute(false)")
    await hears(caller, AGENT)


async def test_hold_is_music(town: City) -> None:
    town.app["/music"] = f"<Play>{town.app.url}/music.wav</Play>"
    town.app["/music.wav"] = tones.wave(tones.tone((MUSIC,), 2.0))
    caller, agent = await talking(town)
    await hears(caller, AGENT)
    await change(town, "1337", hold=True, hold_url=town.app.url + "/music")
    await hears(caller, MUSIC)
    await hears_no(caller, AGENT)
    await hears_no(agent, CALLER)
    await change(town, "1337", hold=False)
    await hears(caller, AGENT)
    await hears(agent, CALLER)
    # the exchange's own music, when no other is named
    await change(town, "1337", hold=True)
    await hears_no(caller, AGENT)
    await hears_something(caller)
    await change(town, "1337", hold=False)
    await hears(caller, AGENT)


async def test_a_recording_holds_both(town: City) -> None:
    caller, agent = await talking(town, record=True)
    await hears(agent, CALLER)
    await hears(caller, AGENT)
    await asyncio.sleep(2)  # a recording of something
    # the agent hangs up: the caller's document goes on to its end
    await agent.evaluate("call.disconnect()")
    await saw(agent, "disconnect")
    await expect(caller.locator("#state-words")).to_contain_text("จบสายแล้ว")
    [recording] = town.exchange.recordings
    assert recording.duration is not None
    sound = unmulaw((await fetch(recording.url))[-8000 * recording.duration :])
    seconds = [sound[at : at + 8000] for at in range(0, len(sound), 8000)]
    together = [s for s in seconds if min(power(s, CALLER), power(s, AGENT)) > 0.01]
    assert together, "both at once, in one file"
    assert power(together[0], MUSIC) < 0.003


async def test_the_agent_declines_and_the_caller_is_told_busy(town: City) -> None:
    town.app["/voice"] = (
        '<Dial action="/after"><Client><Identity>agent-1</Identity>'
        '<Parameter name="ticket" value="ก 7"/></Client></Dial>'
    )
    town.app["/after"] = '<Pause length="30"/>'
    agent = await town.device(await town.browser(AGENT), "agent-1")
    caller = await town.handset(await town.browser(CALLER))
    await dial(caller)
    await saw(agent, "incoming")
    await hears_something(caller)  # that it rings
    told = await agent.evaluate(
        "({...call.parameters, ticket: call.customParameters.get('ticket'), way: call.direction})"
    )
    leg = await the_call(town, "client:agent-1")
    assert (told["From"], told["To"]) == ("+66812345678", "client:agent-1")
    assert (told["CallSid"], told["ticket"], told["way"]) == (leg.sid, "ก 7", "INCOMING")
    await agent.evaluate("call.reject()")
    async with asyncio.timeout(WITHIN):
        while not town.app.to("/after"):
            await asyncio.sleep(0.02)
    assert town.app.to("/after")[0]["DialCallStatus"] == "busy"


async def test_every_device_rings_and_the_first_has_the_call(town: City) -> None:
    town.app["/voice"] = "<Dial><Client>agent-1</Client></Dial>"
    browser = await town.browser(AGENT)
    first = await town.device(browser, "agent-1")
    second = await town.device(browser, "agent-1")
    caller = await town.handset(await town.browser(CALLER))
    await dial(caller)
    await saw(first, "incoming")
    await saw(second, "incoming")
    await second.evaluate("call.accept()")
    await saw(first, "cancel")
    await hears(second, CALLER)
    await hears(caller, AGENT)
    # and a page that is reloaded has hung up, and can be called again
    await second.reload()
    await saw(second, "registered")
    await expect(caller.locator("#state-words")).to_contain_text("จบสายแล้ว")
    await dial(caller)
    await saw(second, "incoming")
    await caller.locator("#hangup").click()
    await saw(second, "cancel")


async def test_keys_of_the_device_and_its_own_calls(town: City) -> None:
    town.app["/voice"] = '<Gather numDigits="2" action="/chosen" timeout="60"/>'
    town.app["/chosen"] = f'<Play loop="0">{town.app.url}/music.wav</Play>'
    town.app["/music.wav"] = tones.wave(tones.tone((MUSIC,), 2.0))
    agent = await town.device(await town.browser(AGENT), "agent-1")
    await agent.evaluate("device.connect({params: {To: '1337', ticket: '7'}}).then(follow)")
    await saw(agent, "accept")
    leg = await the_call(town, "1337")
    assert leg.from_ == "client:agent-1"
    assert town.app.to("/voice")[0]["ticket"] == "7"
    await agent.evaluate("call.sendDigits('4w2')")
    await hears(agent, MUSIC)
    assert town.app.to("/chosen")[0]["Digits"] == "42"
    await agent.evaluate("call.disconnect()")
    async with asyncio.timeout(WITHIN):
        await leg.over.wait()
    # who signs off is not rung; who registers again is
    await agent.evaluate("void device.unregister()")
    await saw(agent, "unregistered")
    assert town.exchange.stations.get("client:agent-1").outcome == "away"
    await agent.evaluate("void device.register()")
    await saw(agent, "registered", 2)
    twiml = "<Response><Pause length='30'/></Response>"
    await town.rest(lambda c: c.calls.create(to="client:agent-1", from_="1337", twiml=twiml))
    await saw(agent, "incoming")


async def test_a_handset_is_called_back_with_sound(town: City) -> None:
    caller = await town.handset(await town.browser(CALLER), "+66899999999")
    agent = await town.device(await town.browser(AGENT), "agent-1")
    twiml = "<Response><Dial>+66899999999</Dial></Response>"
    await town.rest(lambda c: c.calls.create(to="client:agent-1", from_="1337", twiml=twiml))
    await saw(agent, "incoming")
    await agent.evaluate("call.accept()")
    await caller.locator("#answer").click()
    await hears(agent, CALLER)
    await hears(caller, AGENT)
    await caller.close()  # a page that is closed is a telephone that is hung up
    await saw(agent, "disconnect")


async def test_a_token_that_is_not_ours(town: City) -> None:
    agent = await town.device(await town.browser(AGENT), "agent-1", register=False)
    wrong = token("agent-1", secret="another secret, quite as long as ours")
    await agent.evaluate("(wrong) => { device.updateToken(wrong); device.register(); }", wrong)
    await saw(agent, "error 20101")
