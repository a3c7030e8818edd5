"""A whole hotline with its exchange, and a real Chromium to look at it."""

import itertools
import json
import shutil
import urllib.request
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, Playwright, Route, expect, sync_playwright

from agents import demo
from agents import service as agents
from agents.states import State, Status
from hotline import auth, city, clock
from hotline.app import build_floor
from hotline.auth import Role
from hotline.commands import run
from hotline.config import load_yaml
from hotline.floor import Floor
from hotline.settings import from_environment
from hotline.supervisor import RunSettings, Supervisor
from ivr import closing
from ivr.room import offers
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]
DESK = {"width": 1366, "height": 768}
PHONE = {"width": 360, "height": 740}
#: A busy machine with two cores; what a person would wait for is asserted where it matters.
PATIENCE_MS = 20_000


def wait_for(page: Page, happened: Callable[[], object], what: str) -> None:
    """Until something is so in the test itself, such as a request that was held: whoever waits lets
    the browser be answered meanwhile.
    """
    for _ in range(PATIENCE_MS // 20):
        if happened():
            return
        page.wait_for_timeout(20)
    raise AssertionError(f"waited in vain: {what}")


_NUMBERS = itertools.count(1)
_NAMES = itertools.count(1)
#: Beyond those that the hotline itself comes to in a session.
_CALL_IDS = itertools.count(8_000_000)


def new_number() -> str:
    """A number that nobody has called from, no other test and not this one when it is made again:
    who has called is known, asked less, and remembered.
    """
    return f"+6681{next(_NUMBERS):04}678"


def new_call_id() -> int:
    """A call for a ticket that no telephone was needed for: what is recorded of the same call
    twice is the same ticket, and after a test that is made again it may be closed.
    """
    return next(_CALL_IDS)


@dataclass
class Hotline:
    """A running hotline."""

    web: str
    exchange: str
    environment: Mapping[str, str] = field(default_factory=dict)
    _floor: Floor | None = None

    @contextmanager
    def floor(self) -> Iterator[Floor]:
        """What its processes stand on, for what no page can do; as in a process, made once."""
        if self._floor is None:
            settings = from_environment(dict(self.environment))
            self._floor = build_floor(settings, _city(settings.config))
        yield self._floor

    def close(self) -> None:
        """Let go of what `floor` stands on."""
        if self._floor is not None:
            self._floor.close()
            self._floor = None

    def ring(self, *keys: str, number: str = "") -> str:
        """Call 1337 from `number` (one of its own) and press `keys`, one at each question; its sid.

        A number that has called is known: it is greeted in its language and not asked for one.
        """
        number = number or new_number()
        script = {"keys": list(keys), "think": 0.1}
        placed = self._handset("calls", {"from": number, "to": "1337", "script": script})
        return str(placed["sid"])

    def hang_up(self, sid: str) -> None:
        """The caller hangs up."""
        self._handset(f"calls/{sid}/hangup", {})

    def put_in_order(self) -> None:
        """Nobody talks, writes up or is ready any more: what a test left that failed on its way."""
        for call in self._handset("calls?live=1")["calls"]:
            self.hang_up(call["sid"])
        # the hotline is told by the exchange a moment later; what keeps an agent busy for longer
        # than that shows in the next test of that agent
        with suppress(AssertionError):
            self.nobody_talks(within=10)
        with self.floor() as floor:
            _send_home(floor)
            self._write_up(floor)

    def nobody_talks(self, *, within: float) -> None:
        """Once no agent is offered a call or has one, as the hotline knows it."""
        with self.floor() as floor:
            until(lambda: not _talking(floor), "no agent talks", within=within)

    def send_home(self) -> None:
        """Nobody is ready any more."""
        with self.floor() as floor:
            _send_home(floor)

    @staticmethod
    def _write_up(floor: Floor) -> None:
        with floor.db.write() as session:
            for offer in offers.to_wrap_up(session, clock.now() + timedelta(days=1), limit=100):
                closing.finish_by_default(floor, session, offer, now=clock.now())

    def employ(self, username: str, role: Role, **about: Any) -> str:
        """Somebody new for Chinese, whom no other test knows, nor this one when it is made again;
        the name to sign in with. `about`: what else `agents.create_agent` takes.
        """
        username = f"{username}-{next(_NAMES)}"
        about = {"queues": ["information"], "languages": ["zh"], **about}
        with self.floor() as floor, floor.db.write() as session:
            now = clock.now()
            account_id = auth.create_account(
                session,
                username=username,
                name=username,
                role=role,
                password=demo.PASSWORD,
                now=now,
            )
            agents.create_agent(session, account_id=account_id, name=username, now=now, **about)
        return username

    def _handset(self, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            f"{self.exchange}/handset/{path}",
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)


def _talking(floor: Floor) -> list[str]:
    """Who is offered a call, has one or listens to one."""
    with floor.db.read() as session:
        at_rest = (State.IDLE, State.WRAP_UP)
        board = agents.board(session)
        return [row.agent.name for row in board if row.presence.state not in at_rest]


def _send_home(floor: Floor) -> None:
    with floor.db.write() as session:
        for row in agents.board(session):
            if row.presence.status is not Status.SIGNED_OUT:
                agents.sign_out(session, row.agent.id, now=clock.now())


@cache
def _city(path: Path) -> city.CityConfig:
    """The city's file, read once: a hotline of the tests never changes it."""
    return city.load(path)


def _briefly(path: Path) -> Path:
    """The shipped configuration, in which callers are told little on their way to an agent: what
    they hear is tested elsewhere, and waited for here in every test.
    """
    content = load_yaml(ROOT / "config.yaml")
    said = content["ivr"]["prompts"]
    for name in ("consent", "to_information", "to_complaint", "to_agent"):
        said[name] = dict.fromkeys(said[name], "1337")
    for node in content["ivr"]["flow"].values():
        if "consent" in node:
            node["timeout"] = 1
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def hotline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hotline]:
    """One hotline for all tests of the session: each has an agent and a language of its own."""
    settings = RunSettings(
        data=tmp_path_factory.mktemp("hotline") / "var",
        config=_briefly(tmp_path_factory.mktemp("config") / "config.yaml"),
        web_port=0,
        exchange_port=0,
    )
    with Supervisor(settings) as running:
        run.seed_demo(running.environment)
        live = Hotline(running.web_url, running.exchange_url, running.environment)
        yield live
        live.close()


#: What waiting in vain is called: by Playwright, by its `expect`, and by pytest-timeout.
IN_VAIN = ["TimeoutError", "AssertionError: (Locator|Page) expected", "Timeout"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that waited in vain for a browser is made once more, and the summary says so: two
    cores that a whole hotline, its telephones and a browser share stand still at times. Whatever
    else fails has failed; and a test that needs this again and again is a fault to mend.
    """
    for item in items:
        if Path(item.path).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=IN_VAIN))


_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, Any]:
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
    return report


@pytest.fixture(autouse=True)
def one_failure_is_one(request: pytest.FixtureRequest) -> Iterator[None]:
    """The next test begins with a hotline in order, also after one that failed half-way."""
    live = request.getfixturevalue("hotline") if "hotline" in request.fixturenames else None
    request.node.stash[_FAILED] = False  # of the time before, when it is made again
    yield
    if live and request.node.stash[_FAILED]:
        live.put_in_order()


class Browsers:
    """Playwright and the Chromium of this process, which run from the first test that asks until a
    test of another folder follows: while they live, Playwright's event loop runs in this thread,
    and no asyncio test could have one of its own.
    """

    def __init__(self) -> None:
        self._running = ExitStack()
        self._playwright: Playwright | None = None
        self._chromium: Browser | None = None

    def playwright(self) -> Playwright:
        if self._playwright is None:
            self._playwright = self._running.enter_context(sync_playwright())
            expect.set_options(timeout=PATIENCE_MS)
        return self._playwright

    def chromium(self) -> Browser:
        if self._chromium is None or not self._chromium.is_connected():
            # tabs of one browser share a process: to start one costs more than most pages
            self._chromium = launch(self.playwright(), "--renderer-process-limit=1")
        return self._chromium

    def close(self) -> None:
        if self._chromium is not None:
            self._chromium.close()
        self._playwright = self._chromium = None
        self._running.close()


def launch(playwright: Playwright, *flags: str) -> Browser:
    """A Chromium without a screen."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "there is no chromium (scripts/system-packages installs it)"
    return playwright.chromium.launch(executable_path=path, args=["--no-sandbox", *flags])


_browsers = Browsers()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    if nextitem is None or Path(nextitem.path).parent != Path(__file__).parent:
        _browsers.close()


@pytest.fixture
def playwright() -> Playwright:
    """What drives browsers."""
    return _browsers.playwright()


@pytest.fixture
def chromium() -> Iterator[Browser]:
    """Chromium without a screen; nothing that a test opened in it stays open."""
    browser = _browsers.chromium()
    yield browser
    for context in browser.contexts:
        context.close()


Open = Callable[..., Page]


@pytest.fixture
def open_page(hotline: Hotline, chromium: Browser) -> Iterator[Open]:
    """`open_page("agent1", "/desk", language="en")`: a browser of its own, signed in, on a page.

    Whatever the page logs as an error, and every answer of 5xx, fails the test at its end.
    """
    opened: list[Page] = []
    wrong: list[str] = []

    def open_one(username: str, path: str, *, language: str = "th") -> Page:
        context = chromium.new_context(base_url=hotline.web, viewport=DESK)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        opened.append(page)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "response",
            lambda answer: (
                wrong.append(f"{answer.status} {answer.url}") if answer.status >= 500 else None
            ),
        )
        # by the browser, and without drawing three pages on the way; that a form signs in is seen
        # where it is what a test is about
        context.request.get("/view", params={"language": language}, max_redirects=0)
        who = {"username": username, "password": demo.PASSWORD}
        assert context.request.post("/sign-in", form=who, max_redirects=0).status < 500
        page.goto(path)
        return page

    yield open_one
    try:
        for page in opened:
            page.context.close()  # a desk that stayed open would answer the next test's call
    finally:
        hotline.send_home()
    assert not wrong


#: Style sheets, scripts and fonts: the same for every test, and some twenty for every page.
_known: dict[str, dict[str, Any]] = {}


def _static(client: FlaskClient, address: str) -> dict[str, Any]:
    if address not in _known:
        with client.open(address) as found:
            headers = dict(found.headers)
            _known[address] = {
                "status": found.status_code,
                "headers": headers,
                "body": found.data,
            }
    return _known[address]


Look = Callable[..., Page]


@pytest.fixture
def look(client: FlaskClient, chromium: Browser) -> Iterator[Look]:
    """`look(path, width, scheme)`: a page in the browser, served by `client` without a network; the
    pages of a test are tabs of one browser; `apart`: of another one, which is somebody else's.

    What a page's scripts throw, and what the content security policy refuses, fails the test.
    """
    context, apart_from_it = chromium.new_context(), chromium.new_context()
    wrong: list[str] = []

    def answer(route: Route) -> None:
        asked = route.request
        url = urlsplit(asked.url)
        if url.path.startswith("/static/"):
            route.fulfill(**_static(client, f"{url.path}?{url.query}"))
            return
        kind = asked.headers.get("content-type", "")
        with client.open(
            f"{url.path}?{url.query}",
            method=asked.method,
            data=asked.post_data_buffer,
            headers={"Content-Type": kind} if kind else {},
            # where a script is led to is not asked of a route again
            follow_redirects=asked.resource_type == "fetch",
        ) as found:
            route.fulfill(status=found.status_code, headers=dict(found.headers), body=found.data)

    def look(path: str, width: int = 1280, scheme: str = "light", apart: bool = False) -> Page:
        where = apart_from_it if apart else context
        page = where.new_page()
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if "Policy" in said.text else None)
        page.route("**/*", answer)
        page.goto(f"http://hotline.test{path}")
        return page

    yield look
    context.close()
    apart_from_it.close()
    assert wrong == []
