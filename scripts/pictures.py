"""Makes the pictures of the documentation: a whole hotline, a caller, an agent, a browser.

`make pictures`, or `python -m scripts.pictures desk town` for some of telephone, desk, floor and
town. It starts a hotline of its own in a temporary folder, lets a caller through to an agent, and
takes each screen as it is met on the way.
"""

import base64
import json
import re
import shutil
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Browser, Page, sync_playwright

from agents import demo
from hotline.commands import run
from hotline.supervisor import RunSettings, Supervisor
from scripts import picture_scenes

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
DESK, PHONE = (1366, 768), (390, 844)
#: A machine that is busy with other things draws slowly; milliseconds.
PATIENCE = 120_000
#: The line of a browser that has to wait for its processor is poor, and one talks all the same.
TALKS = "#softphone:is([data-state=talking], [data-state=poor])"
#: The ways to wrap up beside the shipped one, each in a queue of its own.
WAYS = {
    "information": "{mode: optional, seconds: 90, extend: 60}",
    "emergency": "{mode: mandatory, seconds: 10}",
}
#: With a microphone, which the desk asks for.
FLAGS = (
    "--no-sandbox",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
)
#: A third of a picture's size: there are many of the desk.
WEBP = """async (address) => {
  const picture = Object.assign(new Image(), { src: address });
  await picture.decode();
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  canvas.getContext("2d").drawImage(picture, 0, 0);
  const blob = await canvas.convertToBlob({ type: "image/webp", quality: 0.8 });
  const bytes = Array.from(new Uint8Array(await blob.arrayBuffer()));
  return btoa(bytes.map((byte) => String.fromCharCode(byte)).join(""));
}"""
#: The desk's microphone goes, and is there again.
PULLED_OUT = """() => {
  navigator.mediaDevices.enumerateDevices = async () => [];
  navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
}"""
PLUGGED_IN = """() => {
  delete navigator.mediaDevices.enumerateDevices;
  navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
}"""
#: What is taken of the desk, and what it is.
STATES = {
    "signed-out": "Before the shift",
    "presence": "Ready, a break, or the end of the shift",
    "ready": "Ready: the next call will ring here",
    "offered": "A call rings: who it is stands there before anybody says hello",
    "talking": "In a conversation; the note is saved as it is typed",
    "muted": "Muted",
    "held": "The caller hears music",
    "recording-paused": "Something private is said",
    "keypad": "Digits for the far end",
    "sound": "Microphone, speaker, and where it rings",
    "answers": "What the city says, found as one types",
    "transfer": "To a queue, a colleague, a division, any telephone",
    "third-party-rings": "The other telephone rings, the caller is held",
    "third-party-speaks": "Spoken to first",
    "all-three": "Joined",
    "wrap-up": "The outcome, with its clock",
    "done": "The ticket that came of it",
    "wrap-up-optional": "Nothing needs to be written: one key goes on, one asks for more time",
    "wrap-up-late": "It must be written, however long it takes; the limit is an aim, and over",
    "cannot-answer": "No microphone: calls go to others, and come again once it works",
    "missed": "A call that was not answered: the loud way back",
}
#: What is taken of the floor and its people: the address, and what it is.
FLOOR = {
    "wallboard": ("/wallboard", "The wallboard: readable from eight metres"),
    "floor": (
        "/floor",
        "The supervisor's page: who talks, who waits, who is there, and what can be done",
    ),
    "roster": ("/roster", "The roster of a week, with its conflicts and the heads by the hour"),
    "shift": ("/roster/shifts/new", "A shift: once, on days of the week, or days on and off"),
    "here": ("/roster/here", "Who should be here, and who is"),
    "adherence": ("/roster/adherence", "What was planned beside what was"),
    "quality": ("/quality", "Quality: drawn by lot, marked, averages"),
    "form": ("", "A conversation is marked with the city's own form"),
    "bulletins": ("/bulletins", "What callers hear before the menu"),
    "nuisance": ("/nuisance", "Who is blocked, and who only breathes"),
    "people": ("/people", "Accounts"),
    "account": ("", "One account: role, sessions, sign-ins, queues"),
    "me": ("/me", "My account: password, second factor, sessions"),
    "audit": ("/audit", "What was done to whom, by whom, and why"),
}
#: What is taken of tickets, crews and figures: who looks, the address, and what it is.
TOWN = {
    "tickets": (
        "supervisor",
        "/tickets",
        "The list; on a large screen the ticket stands beside it",
    ),
    "ticket": ("supervisor", "", "One ticket, with all that was said and done"),
    "units": ("supervisor", "/tickets/units", "Quick Response Units: what waits, and who would go"),
    "field": ("crew", "/field", "The crew's page: the next job, and one button for the next step"),
    "incidents": ("supervisor", "/tickets/incidents", "Many callers, one thing that happened"),
    "incident": ("supervisor", "", "One incident: confirmed once, done with once"),
    "accountability": (
        "supervisor",
        "/tickets/accountability",
        "Divisions: who has an administrator, who answers, who is late",
    ),
    "absences": ("supervisor", "/tickets/absences", "Who is away, and who stands in"),
    "calls": ("supervisor", "/calls", "Every call"),
    "call": ("supervisor", "", "One call, from the first ring on"),
    "report": ("manager", "/reports", "The day's figures; each leads to the calls that make it"),
}
NOTES = {
    "th": "น้ำท่วมขังหน้าปากซอยบัวขาว ระดับเข่า รถเล็กผ่านไม่ได้ ตั้งแต่เช้า",
    "en": "Flooded at the mouth of Soi Buakhao since this morning, knee deep; small cars are stuck",
}
LOCALES = {"th": "th-TH", "en": "en-GB"}
SOUGHT = {"th": "ของหาย", "en": "lost"}
COLLEAGUE = "+66898887777"


class Studio:
    """A running hotline, seen through a browser."""

    def __init__(self, running: Supervisor, browser: Browser) -> None:
        self._running = running
        self._browser = browser
        self._press = browser.new_page()

    @property
    def environment(self) -> Mapping[str, str]:
        return self._running.environment

    def page(self, username: str, language: str, theme: str, size: tuple[int, int] = DESK) -> Page:
        """A page of its own, signed in."""
        context = self._browser.new_context(
            base_url=self._running.web_url,
            viewport={"width": size[0], "height": size[1]},
            locale=LOCALES[language],
        )
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto(f"/view?language={language}&next=/")
        page.goto(f"/view?theme={theme}&next=/sign-in")
        page.fill("[name=username]", username)
        page.fill("[name=password]", demo.PASSWORD)
        page.click("main button")
        page.wait_for_load_state()
        return page

    def both(self, page: Page, name: str) -> None:
        """The same moment of the desk by day and by night; its theme is the system's."""
        language = page.locator("html").get_attribute("lang")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            self.small(page, f"desk/{name}-{language}-{scheme}")
        page.emulate_media(color_scheme="light")

    def small(self, page: Page, name: str) -> None:
        """One picture of what is on the screen, once it is quiet, in a third of its size."""
        page.wait_for_timeout(400)
        taken = _address(page.screenshot())
        (PICTURES / f"{name}.webp").write_bytes(base64.b64decode(self._press.evaluate(WEBP, taken)))
        print(name, file=sys.stderr)

    def ring(self, number: str, *keys: str) -> str:
        """Call in and press keys; the call's sid."""
        placed = self.handset("calls", {"from": number, "to": "1337", "script": {"keys": keys}})
        return str(placed["sid"])

    def handset(self, path: str, body: object = None) -> Any:
        """Ask the exchange's handset API."""
        return _ask(f"{self._running.exchange_url}/handset/{path}", body)

    def station(self, number: str, behaviour: object) -> None:
        """How a telephone outside behaves."""
        url = f"{self._running.exchange_url}/handset/stations/{quote(number)}"
        _ask(url, behaviour, method="PUT")

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
            locale=LOCALES[language],
        )
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto(self._running.exchange_url)
        return page


def _address(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def gallery() -> None:
    """The pages that show the pictures of the desk, and of the floor."""
    desk = {
        what: [
            f"desk/{name}-{language}-{scheme}" for scheme in ("light", "dark") for language in NOTES
        ]
        for name, what in STATES.items()
    }
    _show("desk", "# The desk in pictures", "[desk.md](desk.md)", desk, "49%")
    floor = {
        what: [
            f"floor/{name}{size}-{scheme}"
            for scheme in ("light", "dark")
            for size in ("", "-phone")
        ]
        for name, (_, what) in FLOOR.items()
    }
    pages = "[wallboard.md](wallboard.md), [supervise.md](supervise.md), [roster.md](roster.md)"
    pages += ", [quality.md](quality.md), [people.md](people.md)"
    _show("floor", "# The floor and its people in pictures", pages, floor, "48%")
    town = {
        what: [f"town/{name}{each}" for each in ("-light", "-dark", "-phone-light", "-phone-dark")]
        for name, (_, _, what) in TOWN.items()
    }
    pages = "[inbox.md](inbox.md), [units.md](units.md), [field.md](field.md)"
    pages += ", [incidents.md](incidents.md), [tickets.md](tickets.md), [reports.md](reports.md)"
    _show("town", "# Tickets, crews and figures in pictures", pages, town, "48%")


def _show(file: str, title: str, read: str, shown: dict[str, list[str]], width: str) -> None:
    lines = [title, "", f"Taken by `make pictures`. What stands there: {read}.", ""]
    for what, names in shown.items():
        lines += [f"## {what}", ""]
        for pair in (names[:2], names[2:]):
            paths = (f"pictures/{name}.webp" for name in pair)
            lines.append(
                " ".join(f'<img src="{path}" alt="{what}" width="{width}">' for path in paths)
            )
        lines.append("")
    page = PICTURES.parent / f"{file}-pictures.md"
    page.write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")


def _ask(url: str, body: object = None, token: str = "", method: str | None = None) -> Any:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return json.loads(answer.read() or "null")


def telephone(studio: Studio) -> None:
    """The handset before a call and in one."""
    page = studio.handset_page("th", "light", PHONE)
    studio.small(page, "handset")
    page.get_by_role("button", name="โทรออก").or_(page.locator("#call")).first.click()
    page.wait_for_timeout(4000)
    studio.small(page, "handset-menu")
    page.keyboard.press("1")
    page.wait_for_timeout(2500)
    studio.small(page, "handset-in-call")
    page.context.close()


def conversation(studio: Studio, username: str, language: str, *keys: str) -> None:
    """The desk in each of its states, from signed out to the ticket and to a call that was missed;
    `keys` lead the callers to this agent.
    """
    desk = studio.page(username, language, "system")
    desk.goto("/desk")
    studio.both(desk, "signed-out")
    desk.click("#status-menu summary")
    studio.both(desk, "presence")
    desk.keyboard.press("Escape")
    desk.keyboard.press("r")
    desk.wait_for_selector("#state[data-status=ready]")
    studio.both(desk, "ready")
    caller = studio.ring("+66812345678" if language == "th" else "+66898765432", *keys)
    desk.wait_for_selector("#state[data-state=offered]")
    desk.wait_for_selector(".desk.quiet .panel.ring")
    studio.both(desk, "offered")
    desk.keyboard.press("Enter")
    desk.wait_for_selector(TALKS)
    desk.fill("textarea[name=note]", NOTES[language])
    desk.wait_for_selector("[id^=saved-]")
    studio.both(desk, "talking")
    in_conversation(studio, desk)
    desk.keyboard.press("F9")
    desk.wait_for_selector("#state[data-state=wrap_up]")
    desk.check("input[name=outcome][value=complaint]", force=True)
    desk.select_option("select[name=category]", "flood")
    studio.both(desk, "wrap-up")
    desk.keyboard.press("Control+Enter")
    desk.wait_for_selector("[id^=finished-] a")
    studio.both(desk, "done")
    studio.handset(f"calls/{caller}/hangup", {})
    for name, *others in (("wrap-up-optional", "1", "1"), ("wrap-up-late", "1", "9", "0")):
        otherwise_wrapped_up(studio, desk, name, *others)
    unplugged(studio, desk)
    caller = studio.ring("+66823456789", *keys)
    desk.wait_for_selector("#state[data-status=missed]", timeout=60_000)
    studio.both(desk, "missed")
    studio.handset(f"calls/{caller}/hangup", {})
    desk.click("#status-menu summary")
    desk.click("#status-menu button[value=signed_out]")
    desk.wait_for_selector("#state[data-status=signed_out]")
    desk.context.close()


def unplugged(studio: Studio, desk: Page) -> None:
    """A microphone that goes between two calls, and is there again."""
    desk.evaluate(PULLED_OUT)
    desk.wait_for_selector("#state[data-trouble=none]")
    studio.both(desk, "cannot-answer")
    desk.evaluate(PLUGGED_IN)
    desk.wait_for_selector("#state[data-trouble='']")


def otherwise_wrapped_up(studio: Studio, desk: Page, name: str, *keys: str) -> None:
    """A short call of a queue that is wrapped up in another way."""
    # who has called before is greeted in another way
    known = len(name) + (desk.locator("html").get_attribute("lang") == "en")
    caller = studio.ring(f"+668345678{known}", *keys)
    desk.wait_for_selector("#state[data-state=offered]")
    desk.wait_for_selector(".desk.quiet .panel.ring")
    desk.keyboard.press("Enter")
    desk.wait_for_selector(TALKS)
    desk.wait_for_selector(".talk")  # they have met, and not only rung
    studio.handset(f"calls/{caller}/hangup", {})
    desk.wait_for_selector("#wrapping[data-mode=optional], #wrapping .notice")
    studio.both(desk, name)
    desk.check("input[name=outcome][value=information]", force=True)
    desk.keyboard.press("Control+Enter")
    desk.wait_for_selector("#wrapping", state="detached")


def in_conversation(studio: Studio, desk: Page) -> None:
    """What can be done while the caller is there; at the end they talk as before."""
    talk = desk.locator(".talk-state")
    for key, name, seen in (
        ("F8", "muted", "#softphone[data-state=muted]"),
        ("F2", "held", "[id^=held-]"),
        ("F4", "recording-paused", "[id^=recording_paused-]"),
    ):
        desk.keyboard.press(key)
        desk.wait_for_selector(seen)
        studio.both(desk, name)
        desk.keyboard.press(key)
        desk.wait_for_selector(seen, state="detached")
    for key, name, seen in (("F7", "keypad", "#keypad"), ("s", "sound", "#sound")):
        desk.keyboard.press("Escape")  # out of the note
        desk.keyboard.press(key)
        desk.wait_for_selector(seen)
        studio.both(desk, name)
        desk.keyboard.press("Escape")
        desk.wait_for_selector("dialog[open]", state="detached")
    desk.keyboard.press("F3")
    desk.wait_for_selector(".answers input[type=search]:focus")
    desk.keyboard.type(SOUGHT[desk.locator("html").get_attribute("lang") or ""], delay=30)
    desk.wait_for_selector("[data-answer]")
    studio.both(desk, "answers")
    desk.keyboard.press("Escape")
    desk.keyboard.press("Escape")
    desk.keyboard.press("F6")
    desk.wait_for_selector(".transfer[open]")
    studio.both(desk, "transfer")
    studio.station(COLLEAGUE, {"outcome": "answer", "answer_after": 4})
    desk.fill(".transfer input[name=number]", COLLEAGUE)
    desk.keyboard.press("Enter")
    talk.locator("[id^=party-]").wait_for()
    studio.both(desk, "third-party-rings")
    talk.locator("[id^=party-].good").wait_for()
    studio.both(desk, "third-party-speaks")
    desk.keyboard.press("F2")
    desk.wait_for_selector("[id^=held-]", state="detached")
    studio.both(desk, "all-three")
    desk.keyboard.press("F10")
    talk.locator("[id^=party-].good").wait_for(state="detached")


def floor(studio: Studio) -> None:
    """What a supervisor sees while one caller talks and two wait: by day in Thai, by night in
    English, on a large screen and on a telephone.
    """
    desk = studio.page("agent1", "th", "system")
    desk.goto("/desk")
    desk.keyboard.press("r")
    desk.wait_for_selector("#state[data-status=ready]")
    studio.handset(f"calls/{_talks(studio, desk, '+66812345672')}/hangup", {})  # to be marked
    desk.wait_for_selector("#state[data-state=wrap_up]")
    desk.wait_for_selector("[data-key='Control+Enter']:enabled")
    desk.check("input[name=outcome][value=information]", force=True)
    desk.keyboard.press("Control+Enter")
    desk.wait_for_selector("#state[data-state=idle]")
    talks = _talks(studio, desk, "+66812345670")
    studio.on_a_break("agent3")
    wait = [studio.ring("+66812345671", "1", "2"), studio.ring("+66898765431", "2", "1")]
    for sid in wait:
        studio.until_queued(sid)
    for language, scheme in (("th", "light"), ("en", "dark")):
        page = studio.page("supervisor", language, "system")
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        for name, (address, _) in FLOOR.items():
            page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
            _go(page, name, address)
            studio.small(page, f"floor/{name}-{scheme}")
            page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
            studio.small(page, f"floor/{name}-phone-{scheme}")
        page.context.close()
    for sid in (talks, *wait):
        studio.handset(f"calls/{sid}/hangup", {})
    desk.context.close()


def _talks(studio: Studio, desk: Page, number: str) -> str:
    """A caller with whom this desk talks."""
    sid = studio.ring(number, "1", "2")
    desk.wait_for_selector("#state[data-state=offered]")
    desk.wait_for_selector(".desk.quiet .panel.ring")
    desk.keyboard.press("Enter")
    desk.wait_for_selector(TALKS)
    return sid


def _go(page: Page, name: str, address: str) -> None:
    if name == "account":
        page.goto("/people")
        page.locator("main a[href^='/people/']:not([href$='/new'])").first.click()
    elif name == "form":
        page.goto("/calls")
        calls = page.locator("main tbody a[href^='/calls/']").evaluate_all(
            "links => links.map((link) => link.href)"
        )
        for call in calls:
            page.goto(call)
            if (form := page.locator("a[href*='/mark']").first).is_visible():
                form.click()
                break
        page.wait_for_selector("form.quality-form, [name=q-greeting]")
    else:
        page.goto(address)
    page.wait_for_load_state()


def town(studio: Studio) -> None:
    """Tickets, crews and figures, as `floor` is taken."""
    picture_scenes.write(studio.environment)
    for language, scheme in (("th", "light"), ("en", "dark")):
        pages = {
            who: studio.page(who, language, "system")
            for who in {who for who, _, _ in TOWN.values()}
        }
        for name, (who, address, _) in TOWN.items():
            page = pages[who]
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            for size, ending in ((DESK, ""), (PHONE, "-phone")):
                page.goto("about:blank")  # a list that becomes narrow leads to the ticket beside it
                page.set_viewport_size({"width": size[0], "height": size[1]})
                _visit(page, name, address)
                if name == "tickets" and size == DESK:
                    page.locator("main tbody a").first.click()
                    page.wait_for_selector("#beside-ticket h1, #beside-ticket h2")
                studio.small(page, f"town/{name}{ending}-{scheme}")
        for page in pages.values():
            page.context.close()


def desk(studio: Studio) -> None:
    """The desk in each of its states, in both languages."""
    for language in NOTES:
        conversation(studio, "agent1", language, "1", "2")


def _visit(page: Page, name: str, address: str) -> None:
    """Go to an address, or to the first of what a list leads to."""
    lists = {"ticket": "/tickets", "incident": "/tickets/incidents", "call": "/calls"}
    if address:
        page.goto(address)
    else:
        page.goto(lists[name])
        links = page.locator("main a[href]").evaluate_all(
            "links => links.map((link) => link.getAttribute('href'))"
        )
        page.goto(next(each for each in links if re.fullmatch(rf"{lists[name]}/\d[\d-]*", each)))
    page.wait_for_load_state()
    if page.locator("[data-map]:not([data-drawn])").count():
        page.wait_for_selector("[data-map][data-drawn]")


def with_ways(folder: Path) -> Path:
    """The city's file as shipped, but that some queues are wrapped up in other ways."""
    text = (ROOT / "config.yaml").read_text(encoding="utf-8")
    for queue, way in WAYS.items():
        place = f"    {queue}:\n      title:"
        assert text.count(place) == 1, f"there is no queue {queue}"
        text = text.replace(place, f"    {queue}:\n      wrap_up: {way}\n      title:")
    changed = folder / "config.yaml"
    changed.write_text(text, encoding="utf-8")
    return changed


PARTS = {"telephone": telephone, "desk": desk, "floor": floor, "town": town}


def main() -> None:
    """All of them, or the parts that were named."""
    wanted = sys.argv[1:] or list(PARTS)
    if unknown := set(wanted) - set(PARTS):
        sys.exit(f"no such part: {', '.join(sorted(unknown))} (there are {', '.join(PARTS)})")
    for folder in ("desk", "floor", "town"):
        (PICTURES / folder).mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        settings = RunSettings(
            data=Path(data) / "var",
            config=with_ways(Path(data)),
            web_port=0,
            exchange_port=0,
        )
        with Supervisor(settings) as running:
            run.seed_demo(running.environment)
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            studio = Studio(running, browser)
            for part in wanted:
                PARTS[part](studio)
            browser.close()
    gallery()


if __name__ == "__main__":
    main()
