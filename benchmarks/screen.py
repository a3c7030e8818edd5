"""How soon the desk shows what has happened: from the engine to the screen.

A whole hotline, and an agent's desk open in headless Chromium. *Own state*: the agent's state is
chosen through the API, until the open desk shows it (the request is part of it). *Ring*: a caller
has come into the queue (the moment of its event), until it rings on the desk. Seen is what stands
in the page when it is painted next; how it got there does not matter here.
"""

import itertools
import json
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from playwright.sync_api import Page, sync_playwright

from agents import demo
from benchmarks import machine
from hotline import cli
from hotline.app import build_floor
from hotline.floor import Floor
from hotline.settings import from_environment
from hotline.supervisor import RunSettings, Supervisor
from ivr.events import Kind
from ivr.models import CallEvent

AGENT = "agent1"
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
        script = {"keys": ["1", "1"], "think": 0.1}
        placed = _post(handset, {"from": next(numbers), "to": "1337", "script": script})
        took.append(running.seen() - _queued_at(running.floor))
        _post(f"{handset}/{placed['sid']}/hangup", {})
    return took


def _queued_at(floor: Floor) -> float:
    last = sa.select(CallEvent.at).where(CallEvent.kind == Kind.QUEUED.value)
    with floor.db.read() as session:
        at = session.scalars(last.order_by(CallEvent.id.desc()).limit(1)).one()
    return at.timestamp() * 1000


def _pause(number: int) -> None:
    """At no fixed distance from whatever the page does once a second."""
    time.sleep(0.3 + number * 0.618 % 1)


def _post(url: str, body: object, headers: dict[str, str] | None = None) -> Any:
    kind = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), kind | (headers or {}))
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


@contextmanager
def desk() -> Iterator[Running]:
    """All of it, from nothing."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        settings = RunSettings(data=Path(folder) / "var", web_port=0, exchange_port=0)
        with Supervisor(settings) as hotline:
            cli.seed_demo(hotline.environment)
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


def main(*, quick: bool = False) -> None:
    """Print the table."""
    rounds = 10 if quick else 200
    print(f"From the engine to the screen of an open desk, {rounds} rounds each.")
    with desk() as running:
        measured = (("own state", own_state(running, rounds)), ("ring", ring(running, rounds)))
    print(machine.row("", "median, ms", "p90, ms", "p99, ms"))
    for name, values in measured:
        shares = (machine.percentile(values, share) for share in (0.5, 0.9, 0.99))
        print(machine.row(name, *(f"{share:.0f}" for share in shares)))
