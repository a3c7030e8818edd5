"""Desks and handsets that hear each other, in real browsers: the carrier's own SDK, against the
hotline's exchange.

The caller's microphone hears 697 Hz, the agent's 1209 Hz: whoever hears the one hears the caller,
whoever hears the other hears the agent.
"""

import itertools
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from agents import demo
from exchange.voice import tones
from tests.browser.conftest import DESK, PATIENCE_MS, Hotline, launch
from tests.exchange.voice_support import LISTEN

CALLER, AGENT = 697, 1209
FLAGS = (
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",  # there may be no other network
)
MICROPHONE = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
#: In place of a tone: a microphone is there, and nobody allows it.
REFUSED = 0.0


#: The browsers of the module that runs, by what their microphone hears: to start one takes seconds.
_open: dict[float | None, Browser] = {}


@pytest.fixture(scope="module", autouse=True)
def closed_at_the_end() -> Iterator[None]:
    yield
    for browser in _open.values():
        browser.close()
    _open.clear()


Browsers = Callable[..., Browser]
_NUMBERS = itertools.count(1)


@pytest.fixture
def browsers(
    playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browsers]:
    """`browsers(697)`: a Chromium whose microphone hears one tone; without one: no microphone.

    Nothing of a test stays open: a page of the same agent would answer the next one's call.
    """

    def one(hertz: float | None = None) -> Browser:
        if hertz in _open and _open[hertz].is_connected():
            return _open[hertz]
        flags = [*FLAGS, *(MICROPHONE[1:] if hertz == REFUSED else ())]
        if hertz:
            path = tmp_path_factory.mktemp("tones") / f"{hertz}.wav"
            path.write_bytes(tones.wave(tones.tone((hertz,), 10.0, 12000)))
            flags += [*MICROPHONE, f"--use-file-for-fake-audio-capture={path}"]
        _open[hertz] = launch(playwright, *flags)
        return _open[hertz]

    yield one
    for browser in _open.values():
        for context in browser.contexts:
            context.close()


@pytest.fixture
def wrong() -> Iterator[list[str]]:
    """What pages say went wrong; at the end there must be nothing."""
    said: list[str] = []
    yield said
    assert said == []


def watched(page: Page, wrong: list[str]) -> Page:
    page.set_default_timeout(PATIENCE_MS)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda told: wrong.append(told.text) if "Policy" in told.text else None)
    page.add_init_script(LISTEN)
    return page


def desk(
    browser: Browser, hotline: Hotline, wrong: list[str], username: str = "agent6", **context: Any
) -> Page:
    """The desk of an agent: of the one who answers in Russian (nobody else's tests do)."""
    own = browser.new_context(base_url=hotline.web, viewport=DESK, **context)
    page = watched(own.new_page(), wrong)
    own.request.get("/view", params={"language": "en"}, max_redirects=0)
    who = {"username": username, "password": demo.PASSWORD}
    assert own.request.post("/sign-in", form=who, max_redirects=0).status < 500
    page.goto("/desk")
    return page


def handset(browser: Browser, hotline: Hotline, wrong: list[str]) -> Page:
    page = watched(browser.new_page(), wrong)
    # who has called before is known, and asked less
    page.add_init_script(f'localStorage.setItem("from", "+7916{next(_NUMBERS):07}");')
    page.goto(hotline.exchange)
    page.wait_for_function("document.querySelector('#to').value === '1337'")
    return page


def hears(page: Page, hertz: int, *, at_all: bool = True, within: float = 15.0) -> None:
    """Returns when the page hears the tone (or no longer does); fails when it never comes.

    Not loud: browsers take a steady tone for noise, and suppress most of it.
    """
    deadline = time.monotonic() + within
    while True:
        peak = page.evaluate("window.level()")["peaks"].get(str(hertz), 0.0)
        if (peak > 0.012) if at_all else (peak < 0.003):
            return
        assert time.monotonic() < deadline, f"{hertz} Hz: {peak}"
        page.wait_for_timeout(50)


#: Keeps what the page makes of the SDK, to play what the carrier may say.
WATCH_DEVICES = """
globalThis.devices = [];
let device;
globalThis.Twilio = {
  get Device() { return device; },
  set Device(sdk) {
    device = class extends sdk {
      constructor(...given) { super(...given); devices.push(this); }
    };
  },
};
"""
#: Keeps the page's lines to the carrier, to break them.
WATCH_LINES = """
globalThis.lines = [];
const Line = globalThis.WebSocket;
globalThis.WebSocket = class extends Line {
  constructor(...given) { super(...given); lines.push(this); }
};
"""
#: As if no microphone were there, while `unplugged` is true.
UNPLUGGED = """
globalThis.unplugged = true;
const all = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
navigator.mediaDevices.enumerateDevices = async () =>
  (await all()).filter((device) => !unplugged || device.kind !== "audioinput");
"""


def watched_desk(
    browser: Browser, hotline: Hotline, wrong: list[str], username: str = "agent6"
) -> Page:
    """A desk in whose page `devices` are the SDK's."""
    page = desk(browser, hotline, wrong, username)
    page.add_init_script(WATCH_DEVICES)
    page.reload()
    return page


def until(page: Page, true: str, what: object = None, within: float = 15.0) -> None:
    """Returns when something is true in the page, whose policy forbids Playwright's own waiting."""
    deadline = time.monotonic() + within
    while not page.evaluate(true, what):
        assert time.monotonic() < deadline, true
        page.wait_for_timeout(50)


def go_home(page: Page) -> None:
    page.goto("/desk")
    page.click("#status-menu summary")
    page.click("#status-menu button[value=signed_out]")
    page.wait_for_selector("#state[data-status=signed_out]")


def talking(browsers: Browsers, hotline: Hotline, wrong: list[str]) -> tuple[Page, Page]:
    """A desk and a handset that hear each other."""
    agent = watched_desk(browsers(AGENT), hotline, wrong)
    caller = connected(agent, browsers, hotline, wrong)
    talk(agent, caller)
    return agent, caller


def ringing(
    agent: Page,
    browser: Browser,
    hotline: Hotline,
    wrong: list[str],
    *asked: tuple[str, str],
) -> Page:
    """A handset whose call rings at this desk: `asked` is what it hears, and what it then presses;
    in Russian when nothing is said.
    """
    expect(agent.locator("#softphone")).to_have_attribute("data-state", "ready")
    agent.keyboard.press("r")
    expect(agent.locator("#state")).to_have_attribute("data-status", "ready")
    caller = handset(browser, hotline, wrong)
    caller.locator("#call").click()
    for question, key in asked or (("1", "4"), ("Для получения информации", "1")):
        expect(caller.locator(".heard")).to_contain_text(question)
        caller.keyboard.press(key)
    expect(agent.locator("#state")).to_have_attribute("data-state", "offered", timeout=40_000)
    expect(agent.locator(".ring button.main")).to_be_visible()
    return caller


def connected(agent: Page, browsers: Browsers, hotline: Hotline, wrong: list[str]) -> Page:
    """A handset whose call this desk has accepted, wherever it is had."""
    caller = ringing(agent, browsers(CALLER), hotline, wrong)
    agent.locator(".ring button.main").click()
    hears(caller, AGENT)
    return caller


def talk(agent: Page, caller: Page) -> None:
    expect(agent.locator("#softphone")).to_have_attribute("data-state", re.compile("talking|poor"))
    hears(agent, CALLER)
    hears(caller, AGENT)
    # sound is there before the page has asked what the state of the call is
    expect(agent.locator("button[data-key=F9]")).to_be_visible()


def write_outcome(agent: Page) -> None:
    """As soon as the panel takes it, which is seen a moment later than the state."""
    expect(agent.locator("#state")).to_have_attribute("data-state", "wrap_up")
    expect(agent.locator("[data-key='Control+Enter']")).to_be_enabled()
    agent.check("input[name=outcome][value=information]", force=True)
    agent.keyboard.press("Control+Enter")


def write_up(agent: Page) -> None:
    """The outcome, and home."""
    write_outcome(agent)
    expect(agent.locator("#state")).to_have_attribute("data-state", "idle")
    go_home(agent)
