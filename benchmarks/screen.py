"""How soon the desk shows what has happened: from the engine to the screen.

A whole hotline, and an agent's desk open in headless Chromium. *Own state*: the agent's state is
chosen through the API, until the open desk shows it (the request is part of it). *Ring*: a caller
has come into the queue (the moment of its event), until it rings on the desk. Seen is what stands
in the page when it is painted next; how it got there does not matter here.

Then what an open page costs the web process: the requests a minute of a desk that is quiet, that
rings, that talks, and of a wallboard, counted in the browser.
"""

import itertools
import json
import re
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
import yaml
from playwright.sync_api import Page, Request, sync_playwright

from agents import demo
from benchmarks import machine
from hotline.app import build_floor
from hotline.commands import run
from hotline.config import load_yaml
from hotline.floor import Floor
from hotline.settings import from_environment
from hotline.supervisor import RunSettings, Supervisor
from ivr.events import Kind
from ivr.models import CallEvent

AGENT = "agent1"
CONFIG = Path(__file__).resolve().parents[1] / "config.yaml"
#: Resolves with the wall's milliseconds at which the page was painted with such an element in it.
WATCH = """selector => {
  window.seen = new Promise((done) => {
    const observer = new MutationObserver(look);
    function look() {
      if (!document.querySelector(selector)) return;
      observer.disconnect();
      requestAnimationFrame(() => done(Date.now()));
    }
    observer.observe(document, { subtree: true, childList: true, attributes: true });
    look();
  });
}"""
#: For an emergency, to one of our own: the shortest way there, without a question about recording.
TO_QUEUE = ["9", "0"]
RINGS, QUIET = ".panel.ring", "#desk:not(:has(.panel.ring)) #state[data-state=idle]"


@dataclass(frozen=True)
class Running:
    """A hotline, the desk that is open in it, and its agent's token."""

    web: str
    exchange: str
    floor: Floor
    page: Page
    token: str

    def choose(self, status: str, **more: str) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        _post(f"{self.web}/api/presence", {"status": status, **more}, headers)

    def watch(self, selector: str) -> None:
        """From now on, wait for what `seen` tells of."""
        self.page.evaluate(WATCH, selector)

    def seen(self) -> float:
        """When the desk showed what was watched for: milliseconds of the wall."""
        return float(self.page.evaluate("window.seen"))


def own_state(running: Running, rounds: int) -> list[float]:
    """Milliseconds from choosing a state to its being on the screen."""
    took = []
    running.choose("ready")
    for number in range(rounds):
        _pause(number)
        status, more = ("ready", {}) if number % 2 else ("break", {"reason": "rest"})
        running.watch(f"#state[data-status={status}]")
        begun = time.time() * 1000
        running.choose(status, **more)
        took.append(running.seen() - begun)
    return took


def ring(running: Running, rounds: int) -> list[float]:
    """Milliseconds from a caller's coming into the queue to the ring on the screen."""
    took = []
    running.choose("ready")
    handset = f"{running.exchange}/handset/calls"
    numbers = (f"+6681{number:07}" for number in itertools.count(1))
    for number in range(rounds):
        running.watch(QUIET)
        running.seen()
        _pause(number)
        running.watch(RINGS)
        script = {"keys": TO_QUEUE, "think": 0.1}
        placed = _post(handset, {"from": next(numbers), "to": "1337", "script": script})
        took.append(running.seen() - _queued_at(running.floor))
        _post(f"{handset}/{placed['sid']}/hangup", {})
    return took


# ---------------------------------------------------------------- what a page asks


def asked(page: Page, seconds: float) -> dict[str, float]:
    """Requests a minute by path, as the page makes them from now on."""
    found: Counter[str] = Counter()

    def note(request: Request) -> None:
        found[re.sub(r"\d+", "N", urlsplit(request.url).path)] += 1

    page.on("request", note)
    page.wait_for_timeout(seconds * 1000)
    page.remove_listener("request", note)
    return {path: count * 60 / seconds for path, count in found.most_common()}


def requests_of_pages(running: Running, seconds: float) -> dict[str, dict[str, float]]:
    """By what the page is and does; the second desk is the wallboard's only company."""
    page, handset = running.page, f"{running.exchange}/handset/calls"
    running.choose("ready")
    running.watch(QUIET)
    running.seen()
    found = {"desk, quiet": asked(page, seconds)}
    script = {"keys": ["1", "1"], "think": 0.1}
    placed = _post(handset, {"from": "+66819999999", "to": "1337", "script": script})
    page.wait_for_selector(RINGS)
    page.wait_for_timeout(2000)  # who it is has been asked for, once
    found["desk, rings"] = asked(page, min(seconds, 12.0))
    page.click(f"{RINGS} button[data-key=Enter]")
    page.wait_for_selector("#state[data-state=on_call]")
    page.wait_for_timeout(5000)
    found["desk, talks"] = asked(page, seconds)
    _post(f"{handset}/{placed['sid']}/hangup", {})
    page.goto("/wallboard")
    page.wait_for_timeout(3000)
    found["wallboard, nothing happens"] = asked(page, seconds)
    return found


def _queued_at(floor: Floor) -> float:
    last = sa.select(CallEvent.at).where(CallEvent.kind == Kind.QUEUED.value)
    with floor.db.read() as session:
        at = session.scalars(last.order_by(CallEvent.id.desc()).limit(1)).one()
    return at.timestamp() * 1000


def _pause(number: int) -> None:
    """At no fixed distance from whatever the page does once a second."""
    time.sleep(0.05 + number * 0.618 % 1)


def _post(url: str, body: object, headers: dict[str, str] | None = None) -> Any:
    kind = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), kind | (headers or {}))
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def _briefly(folder: Path) -> Path:
    """The shipped configuration, but that callers are told little on their way."""
    content = load_yaml(CONFIG)
    said = content["ivr"]["prompts"]
    said["to_emergency_agent"] = dict.fromkeys(said["to_emergency_agent"], "1337")
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


@contextmanager
def desk() -> Iterator[Running]:
    """All of it, from nothing."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        settings = RunSettings(
            data=Path(folder) / "var", config=_briefly(Path(folder)), web_port=0, exchange_port=0
        )
        with Supervisor(settings) as hotline:
            run.seed_demo(hotline.environment)
            who = {"username": AGENT, "password": demo.PASSWORD}
            token = _post(f"{hotline.web_url}/api/session", who)["token"]
            floor = build_floor(from_environment(dict(hotline.environment)))
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=["--no-sandbox"]
            )
            page = browser.new_page(base_url=hotline.web_url)
            page.goto("/sign-in")
            for name, text in who.items():
                page.fill(f"[name={name}]", text)
            page.click("main button")
            page.wait_for_load_state()
            page.goto("/desk")
            page.wait_for_selector("#state")
            try:
                yield Running(hotline.web_url, hotline.exchange_url, floor, page, token)
            finally:
                browser.close()
                floor.close()


def main(*, quick: bool = False, latencies: bool = False) -> None:
    """Print the tables; with `latencies` not what a page asks."""
    rounds = 10 if quick else 150
    print(f"From the engine to the screen of an open desk, {rounds} rounds each.")
    with desk() as running:
        measured = (("own state", own_state(running, rounds)), ("ring", ring(running, rounds)))
        pages = {} if latencies else requests_of_pages(running, 20.0 if quick else 60.0)
    print(machine.row("", "median, ms", "p90, ms", "p99, ms"))
    for name, values in measured:
        shares = (machine.percentile(values, share) for share in (0.5, 0.9, 0.99))
        print(machine.row(name, *(f"{share:.0f}" for share in shares)))
    if pages:
        print("\nRequests a minute of one page")
    for name, paths in pages.items():
        each = ", ".join(f"{path} {count:.0f}" for path, count in paths.items())
        print(machine.row(name, f"{sum(paths.values()):.0f}", each))
