"""Plays a plan: callers come by the exchange's handset API, agents work by the application's JSON
API.

One process, one event loop. Offers are seen by one shared question (`GET /api/offers`, as a
supervisor's screen would ask it); each agent then acts for itself with its own session: presence,
accept, hang up, finish. Waits are in the hotline's own clock, which may run faster than the wall.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import aiohttp

from hotline.clock import ScaledClock
from hotline.replay.plan import Caller, Plan, Shift

log = logging.getLogger(__name__)

#: Seconds of the hotline's clock between two looks at the offers, within bounds of the wall's
#: seconds.
LOOK_EVERY, LOOK_LEAST, LOOK_MOST = 2.0, 0.04, 1.0
#: How long an agent takes to press Answer, and to write the outcome (seconds, uniformly between).
ANSWER_AFTER = (0.5, 2.0)
WRAP_UP = (8.0, 40.0)
#: A call that has not ended so long after everybody should be done is a failure, not a reason to
#: wait for ever.
LAST_CALL = timedelta(hours=3)
RETRY_AFTER = 0.2
ATTEMPTS = 25


@dataclass(frozen=True)
class Place:
    """Where the hotline is, and who may act in it."""

    web_url: str
    exchange_url: str
    number: str
    clock: ScaledClock
    #: The moment (UTC) of the played day's midnight.
    midnight: datetime
    #: Username → password of every agent, and of the supervisor who watches.
    passwords: dict[str, str]
    watcher: str


@dataclass
class Played:
    """What happened, as the driver saw it."""

    #: The carrier's name of each call → who called.
    placed: dict[str, Caller] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    lost_races: int = 0
    finished: int = 0
    unfinished: list[str] = field(default_factory=list)
    #: How late calls were placed (seconds of the hotline's clock).
    lateness: list[float] = field(default_factory=list)
    webhook_seconds: list[float] = field(default_factory=list)
    failed_webhooks: list[str] = field(default_factory=list)
    wall_seconds: float = 0.0


class HotlineRefused(Exception):
    """The application or the exchange answered with something other than what was asked for."""

    def __init__(self, method: str, url: str, status: int, body: str) -> None:
        super().__init__(f"{method} {url}: {status} {body[:300]}")
        self.status = status


class Web:
    """One account's session with the application; signs in when it must."""

    def __init__(
        self, http: aiohttp.ClientSession, base: str, username: str, password: str
    ) -> None:
        self._http = http
        self._base = base
        self.username = username
        self._password = password
        self._token = ""

    async def get(self, path: str) -> Any:
        return await self._ask("GET", path, None)

    async def post(self, path: str, **body: Any) -> Any:
        return await self._ask("POST", path, body)

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        for attempt in range(2):
            if not self._token:
                await self._sign_in()
            headers = {"Authorization": f"Bearer {self._token}"}
            try:
                return await ask(self._http, method, self._base + path, body, headers)
            except HotlineRefused as error:
                # a session lasts a shift, and a day has three
                if error.status != 401 or attempt:
                    raise
                self._token = ""
        raise AssertionError("unreachable")

    async def _sign_in(self) -> None:
        credentials = {"username": self.username, "password": self._password}
        answer = await ask(self._http, "POST", f"{self._base}/api/session", credentials, {})
        self._token = answer["token"]


async def ask(
    http: aiohttp.ClientSession,
    method: str,
    url: str,
    body: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> Any:
    """One JSON request; raises HotlineRefused for anything but success, aiohttp's errors for the
    network.
    """
    async with http.request(method, url, json=body, headers=headers) as answer:
        if answer.status >= 300:
            raise HotlineRefused(method, url, answer.status, await answer.text())
        return await answer.json()


class Driver:
    """Plays one plan on one hotline."""

    def __init__(self, plan: Plan, place: Place, *, seed: int = 1) -> None:
        self.plan = plan
        self.place = place
        self.played = Played()
        self._chance = random.Random(seed)  # noqa: S311 - how fast agents are, not a secret
        self._by_number = {caller.number: caller for caller in plan.callers}
        #: Callers placed who have neither met an agent nor gone, by number.
        self._unserved: dict[str, Caller] = {}
        self._agents: dict[str, _Agent] = {}
        self._background: set[asyncio.Task[Any]] = set()
        self._failure: asyncio.Future[None] | None = None
        self._all_placed = asyncio.Event()
        self._shifts_left = len(plan.shifts)

    async def play(self, progress: Callable[[str], None]) -> Played:
        """Play everything; returns when all calls have ended and all agents are out."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        self._failure = loop.create_future()
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=60)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
            work = asyncio.create_task(self._play(http, progress))
            try:
                await asyncio.wait({work, self._failure}, return_when=asyncio.FIRST_COMPLETED)
                if self._failure.done():
                    self._failure.result()
                await work
            finally:
                await self._cancel(work, *self._background)
        self.played.wall_seconds = loop.time() - started
        return self.played

    async def _play(self, http: aiohttp.ClientSession, progress: Callable[[str], None]) -> None:
        for username in {shift.agent for shift in self.plan.shifts}:
            web = Web(http, self.place.web_url, username, self.place.passwords[username])
            self._agents[username] = _Agent(self, web)
        looking = self._start(self._look(http))
        telling = self._start(self._tell(progress))
        shifts = [self._start(self._shift(shift)) for shift in self.plan.shifts]
        await self._place_calls(http)
        await self._calls_ended(http)
        await asyncio.gather(*shifts)
        await self._agents_done()
        await self._cancel(looking, telling)
        await self._read_webhooks(http)

    # ------------------------------------------------------------------------ time and tasks

    def now(self) -> float:
        """Seconds after the played day's midnight."""
        return (self.place.clock.now() - self.place.midnight).total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Sleep for so many seconds of the hotline's clock."""
        await asyncio.sleep(max(0.0, seconds) / self.place.clock.speed)

    def uniform(self, bounds: tuple[float, float]) -> float:
        return self._chance.uniform(*bounds)

    def choose(self, some: list[str]) -> str:
        return self._chance.choice(some)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._ended)
        return task

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it beside everything else; a failure of it fails the replay."""
        self._start(work)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if self._failure is not None and not self._failure.done():
            self._failure.set_exception(error)

    @staticmethod
    async def _cancel(*tasks: asyncio.Task[Any]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ------------------------------------------------------------------------ callers

    async def _place_calls(self, http: aiohttp.ClientSession) -> None:
        for caller in self.plan.callers:
            await self.sleep(caller.at - self.now())
            self._start(self._place(http, caller))
        self._all_placed.set()

    async def _place(self, http: aiohttp.ClientSession, caller: Caller) -> None:
        self.played.lateness.append(self.now() - caller.at)
        body = {"from": caller.number, "to": self.place.number, "script": caller.script()}
        answer = await ask(http, "POST", f"{self.place.exchange_url}/handset/calls", body)
        self.played.placed[answer["sid"]] = caller
        if caller.keys:
            self._unserved[caller.number] = caller

    async def _calls_ended(self, http: aiohttp.ClientSession) -> None:
        """Wait until no call lives in the exchange. Raises HotlineRefused when one never ends."""
        give_up = self.now() + LAST_CALL.total_seconds()
        url = f"{self.place.exchange_url}/handset/calls?live=1"
        while True:
            live = (await ask(http, "GET", url))["calls"]
            self._forget_ended({call["from"] for call in live})
            if not live and len(self.played.placed) == len(self.plan.callers):
                return
            if self.now() > give_up:
                raise HotlineRefused("GET", url, 200, f"{len(live)} calls never ended")
            await self.sleep(30.0)

    def _forget_ended(self, alive: set[str]) -> None:
        for number in [each for each in self._unserved if each not in alive]:
            del self._unserved[number]

    async def _read_webhooks(self, http: aiohttp.ClientSession) -> None:
        for sid in self.played.placed:
            story = await ask(http, "GET", f"{self.place.exchange_url}/handset/calls/{sid}")
            for hook in story["webhooks"]:
                self.played.webhook_seconds.append(hook["seconds"])
                if not hook["ok"]:
                    self.played.failed_webhooks.append(f"{hook['url']}: {hook['error']}")

    # ------------------------------------------------------------------------ agents

    async def _shift(self, shift: Shift) -> None:
        agent = self._agents[shift.agent]
        await self.sleep(shift.start - self.now())
        await agent.web.post("/api/presence", status="ready")
        await self.sleep(shift.end - self.now())
        # whoever is the only one left for a caller stays; the log's callers were all served by
        # somebody
        while self._still_needed(shift.agent):
            await self.sleep(60.0)
        await agent.web.post("/api/presence", status="signed_out")

    def _still_needed(self, agent: str) -> bool:
        skills = self.plan.skills[agent]
        waiting = any(caller.skill in skills for caller in self._unserved.values())
        return waiting and not self._others_on_duty(agent)

    def _others_on_duty(self, agent: str) -> bool:
        now = self.now()
        wanted = {caller.skill for caller in self._unserved.values()} & self.plan.skills[agent]
        others: set[tuple[str, str]] = set()
        for shift in self.plan.shifts:
            if shift.agent != agent and shift.start <= now < shift.end:
                others |= self.plan.skills[shift.agent]
        return wanted <= others

    async def _look(self, http: aiohttp.ClientSession) -> None:
        """Ask again and again which offers live, and let each agent know of its own."""
        watcher = self.place.watcher
        web = Web(http, self.place.web_url, watcher, self.place.passwords[watcher])
        every = min(LOOK_MOST, max(LOOK_LEAST, LOOK_EVERY / self.place.clock.speed))
        while True:
            offers = (await web.get("/api/offers"))["offers"]
            by_agent = {offer["username"]: offer for offer in offers}
            for username, agent in self._agents.items():
                agent.sees(by_agent.get(username))
            await asyncio.sleep(every)

    async def _agents_done(self) -> None:
        for agent in self._agents.values():
            await agent.idle()

    def served(self, number: str) -> Caller | None:
        """The caller with that number has met an agent."""
        self._unserved.pop(number, None)
        return self._by_number.get(number)

    # ------------------------------------------------------------------------ telling

    async def _tell(self, progress: Callable[[str], None]) -> None:
        while True:
            await self.sleep(1800.0)
            at = self.place.clock.now().astimezone(self.place.midnight.tzinfo)
            hours = self.now() / 3600
            progress(
                f"{int(hours):02}:{int(hours % 1 * 60):02}  {len(self.played.placed):>5} placed  "
                f"{self.played.accepted:>5} answered  {self.played.finished:>5} finished  "
                f"{len(self._unserved):>3} waiting" + (f"  ({at:%Y-%m-%d})" if hours >= 24 else "")
            )


class _Agent:
    """A scripted agent: accepts what is offered, talks as long as the plan says, writes an
    outcome.
    """

    def __init__(self, driver: Driver, web: Web) -> None:
        self.web = web
        self._driver = driver
        self._offer: dict[str, Any] | None = None
        self._changed = asyncio.Event()
        self._working: int | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    def sees(self, offer: dict[str, Any] | None) -> None:
        """The offer or call that this agent has at the moment."""
        if offer != self._offer:
            self._offer = offer
            self._changed.set()
            self._changed = asyncio.Event()
        if offer is not None and offer["state"] == "offered" and self._idle.is_set():
            self._idle.clear()
            self._driver.start(self._work(offer))

    async def idle(self) -> None:
        """Return once nothing is in hand."""
        await self._idle.wait()

    async def _until(self, offer: int, *states: str) -> dict[str, Any] | None:
        """The offer once it is in one of `states`; None when it is no more."""
        while True:
            seen, changed = self._offer, self._changed
            if seen is None or seen["offer"] != offer:
                return None
            if seen["state"] in states:
                return seen
            await changed.wait()

    async def _work(self, offer: dict[str, Any]) -> None:
        try:
            await self._driver.sleep(self._driver.uniform(ANSWER_AFTER))
            if await self._try(lambda: self.web.post(f"/api/offers/{offer['offer']}/accept")):
                self._driver.played.accepted += 1
                await self._talk(offer["offer"])
            else:
                self._driver.played.lost_races += 1
                await self._until(offer["offer"])
        finally:
            self._idle.set()

    async def _talk(self, offer: int) -> None:
        met = await self._until(offer, "connected", "wrap_up")
        if met is None:
            return  # the caller had gone
        call = met["call"]
        current = await self.web.get("/api/calls/current")
        caller = self._driver.served((current.get("call") or {}).get("caller", ""))
        if met["state"] == "connected" and caller is not None:
            since = datetime.fromisoformat(met["since"])
            talked = (self._driver.place.clock.now() - since).total_seconds()
            await self._driver.sleep(caller.talk - talked)
            await self._try(lambda: self.web.post(f"/api/calls/{call}/hang-up"))
        if await self._until(offer, "wrap_up") is None:
            return  # finished by somebody else, or by the limit
        await self._driver.sleep(self._driver.uniform(WRAP_UP))
        await self._finish(call, met["queue"], offer)

    async def _finish(self, call: int, queue: str, offer: int) -> None:
        for _ in range(ATTEMPTS):
            if await self._try(
                lambda: self.web.post(f"/api/calls/{call}/finish", **self._outcome(queue))
            ):
                self._driver.played.finished += 1
                await self._until(offer)
                return
            await self._driver.sleep(1.0)
        self._driver.played.unfinished.append(str(call))

    def _outcome(self, queue: str) -> dict[str, str]:
        return OUTCOMES[queue](self._driver)

    async def _try(self, verb: Callable[[], Awaitable[Any]]) -> bool:
        """Do it; False when somebody or something was first (409, 404)."""
        try:
            await verb()
        except HotlineRefused as error:
            if error.status not in (404, 409):
                raise
            return False
        return True


#: What agents write, by queue.
COMPLAINTS = ["flood", "drain", "street_light", "rubbish", "road_surface", "noise", "stray_animals"]
OUTCOMES: dict[str, Callable[[Driver], dict[str, str]]] = {
    "information": lambda _: {"outcome": "information", "note": "replay"},
    "complaint": lambda driver: {
        "outcome": "complaint",
        "category": driver.choose(COMPLAINTS),
        "note": "replay",
    },
    "emergency": lambda _: {"outcome": "emergency", "note": "replay"},
}
