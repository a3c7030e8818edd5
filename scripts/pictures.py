"""Makes the pictures of the documentation: a whole hotline, a caller, an agent, a browser.

`make pictures`. It starts a hotline of its own in a temporary folder, lets a caller through to an
agent, and takes each screen as it is met on the way.
"""

import json
import shutil
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from agents import demo
from hotline import cli
from hotline.supervisor import RunSettings, Supervisor

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
DESK, PHONE = (1366, 768), (390, 844)
#: With a microphone, which the desk asks for.
FLAGS = (
    "--no-sandbox",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
)
NOTE = "น้ำท่วมขังหน้าปากซอยบัวขาว ระดับเข่า รถเล็กผ่านไม่ได้ ตั้งแต่เช้า"


class Studio:
    """A running hotline, seen through a browser."""

    def __init__(self, running: Supervisor, browser: Browser) -> None:
        self._running = running
        self._browser = browser

    def page(self, username: str, language: str, theme: str, size: tuple[int, int] = DESK) -> Page:
        """A page of its own, signed in."""
        context = self._browser.new_context(
            base_url=self._running.web_url,
            viewport={"width": size[0], "height": size[1]},
        )
        page = context.new_page()
        page.goto(f"/view?language={language}&next=/")
        page.goto(f"/view?theme={theme}&next=/sign-in")
        page.fill("[name=username]", username)
        page.fill("[name=password]", demo.PASSWORD)
        page.click("main button")
        page.wait_for_load_state()
        return page

    def ring(self, number: str, *keys: str) -> str:
        """Call in and press keys; the call's sid."""
        placed = self.handset("calls", {"from": number, "to": "1337", "script": {"keys": keys}})
        return str(placed["sid"])

    def handset(self, path: str, body: object = None) -> Any:
        """Ask the exchange's handset API."""
        return _ask(f"{self._running.exchange_url}/handset/{path}", body)

    def on_a_break(self, username: str) -> None:
        """An agent who is there, but takes no call: so callers wait instead of finding nobody."""
        api, who = f"{self._running.web_url}/api", {"username": username, "password": demo.PASSWORD}
        token = _ask(f"{api}/session", who)["token"]
        _ask(f"{api}/presence", {"status": "break", "reason": "rest"}, token)

    def until_queued(self, sid: str) -> None:
        """Return when the caller waits."""
        while self.handset(f"calls/{sid}")["where"] != "queue":
            time.sleep(0.2)

    def handset_page(self, language: str, theme: str, size: tuple[int, int]) -> Page:
        """The telephone in the browser."""
        context = self._browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if theme == "dark" else "light",
            locale="th-TH" if language == "th" else "en-GB",
        )
        page = context.new_page()
        page.goto(self._running.exchange_url)
        return page


def _ask(url: str, body: object = None, token: str = "") -> Any:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=10) as answer:
        return json.load(answer)


def take(page: Page, name: str, *, whole: bool = False) -> None:
    """One picture, once the page is quiet."""
    page.wait_for_timeout(400)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=whole)
    print(name, file=sys.stderr)


def telephone(studio: Studio) -> None:
    """The handset before a call and in one."""
    page = studio.handset_page("th", "light", PHONE)
    take(page, "handset")
    page.get_by_role("button", name="โทรออก").or_(page.locator("#call")).first.click()
    page.wait_for_timeout(4000)
    take(page, "handset-menu")
    page.keyboard.press("1")
    page.wait_for_timeout(2500)
    take(page, "handset-in-call")
    page.context.close()


def conversation(studio: Studio) -> None:
    """The desk from idle to the ticket, and what a supervisor sees meanwhile."""
    desk = studio.page("agent1", "th", "light")
    take(desk, "desk-signed-out")
    studio.on_a_break("agent3")
    sids = [studio.ring("+66812345678", "1", "2"), studio.ring("+66898765432", "2", "1")]
    for sid in sids:
        studio.until_queued(sid)
    wallboard = studio.page("supervisor", "th", "dark")
    wallboard.goto("/wallboard")
    take(wallboard, "wallboard")
    desk.keyboard.press("r")
    desk.wait_for_selector("#state[data-state=offered]")
    take(desk, "desk-offered")
    desk.wait_for_timeout(1000)  # an Enter at once could be somebody's typing: it does not count
    desk.keyboard.press("Enter")
    desk.wait_for_selector("#state[data-state=on_call]")
    desk.wait_for_timeout(2500)
    desk.fill("textarea", NOTE)
    desk.wait_for_timeout(1500)
    take(desk, "desk-talking")
    dark = studio.page("agent1", "en", "dark")
    take(dark, "desk-talking-dark")
    dark.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    take(dark, "desk-talking-phone")
    dark.context.close()
    for sid in sids:
        studio.handset(f"calls/{sid}/hangup", {})
    desk.wait_for_selector("#state[data-state=wrap_up]")
    desk.check("input[name=outcome][value=complaint]", force=True)
    desk.select_option("select[name=category]", "flood")
    take(desk, "desk-wrap-up")
    desk.keyboard.press("Control+Enter")
    desk.wait_for_selector("#state[data-state=idle]")
    take(desk, "desk-done")


def written(studio: Studio) -> None:
    """Tickets, calls and reports."""
    for language, theme, size, ending in (
        ("th", "light", DESK, ""),
        ("en", "dark", DESK, "-dark"),
        ("th", "light", PHONE, "-phone"),
    ):
        page = studio.page("supervisor", language, theme, size)
        for name, address in (("tickets", "/tickets"), ("calls", "/calls"), ("report", "/reports")):
            page.goto(address)
            take(page, name + ending, whole=True)
        page.goto("/tickets")
        page.locator("main a[href^='/tickets/']").first.click()
        page.wait_for_load_state()
        take(page, "ticket" + ending, whole=True)
        page.goto("/calls")
        page.locator("main tbody a[href^='/calls/']").last.click()
        page.wait_for_load_state()
        take(page, "call" + ending, whole=True)
        page.context.close()


def main() -> None:
    """All of them."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        settings = RunSettings(
            data=Path(folder) / "var", config=ROOT / "config.yaml", web_port=0, exchange_port=0
        )
        with Supervisor(settings) as running:
            cli.seed_demo(running.environment)
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            studio = Studio(running, browser)
            telephone(studio)
            conversation(studio)
            written(studio)
            browser.close()


if __name__ == "__main__":
    main()
