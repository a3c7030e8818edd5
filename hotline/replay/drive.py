"""Plays a plan: callers come by the exchange's handset API, agents work by the application's JSON
API.

One process, one event loop. Offers are seen by one shared question (`GET /api/offers`, as a
supervisor's screen would ask it); each agent then acts for itself with its own session: presence,
accept, hang up, finish. Waits are in the hotline's own clock, which may run faster than the wall.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import aiohttp

from hotline.clock import ScaledClock
from hotline.replay.plan import Caller, Plan, Shift

log = logging.getLogger(__name__)

#: Seconds of the hotline's clock between two looks at the offers, within bounds of the wall's
#: seconds.
LOOK_EVERY, LOOK_LEAST, LOOK_MOST = 2.0, 0.04, 1.0
#: Seconds of the wall: who comes so soon after midnight has signed in before, and the played day
#: is begun so long before it.
SOON, JUST_BEFORE = 10.0, 0.5
#: How long an agent takes to press Answer, and to write the outcome (seconds, uniformly between).
ANSWER_AFTER = (0.5, 2.0)
WRAP_UP = (3.0, 15.0)
#: A call that has not ended so long after everybody should be done is a failure, not a reason to
#: wait for ever.
LAST_CALL = timedelta(hours=3)
#: How often (seconds) idle agents look at the list of those who hung up, the share of these who
#: answer when they are called back, and how long such a conversation lasts. The log says nothing of
#: the last two: they are assumed.
CALL_BACK_EVERY = 60.0
ANSWER_A_CALLBACK = 0.7
CALLED_BACK_TALK = (40.0, 160.0)
WAKE_EVERY = 120.0


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
    answered: int = 0
    #: Offers that an agent took or wanted to take when the caller had gone.
    lost_races: int = 0
    #: Offers that nobody saw in time.
    rang_out: int = 0
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


class NeverEnded(Exception):
    """Calls live that should have ended long ago."""


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
                await self.sign_in()
            headers = {"Authorization": f"Bearer {self._token}"}
            try:
                return await ask(self._http, method, self._base + path, body, headers)
            except HotlineRefused as error:
                # a session lasts a shift, and a day has three
                if error.status != 401 or attempt:
                    raise
                self._token = ""
        raise AssertionError("unreachable")

    async def sign_in(self) -> None:
        """Open the session that is otherwise opened when it is needed."""
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

    def __init__(self, plan: Plan, place: Place, *, seed: int = 1, call_back: bool = False) -> None:
        self.plan = plan
        self._call_back = call_back
        self.place = place
        self.played = Played()
        self._chance = random.Random(seed)  # noqa: S311 - how fast agents are, not a secret
        self._by_number = {caller.number: caller for caller in plan.callers}
        #: Callers placed who have neither met an agent nor gone, by number.
        self._unserved: dict[str, Caller] = {}
        self._agents: dict[str, _Agent] = {}
        self._background: set[asyncio.Task[Any]] = set()
        self._failure: asyncio.Future[None] | None = None

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
        if self._call_back:
            await self._put_telephones(http)
        await self._begin()
        looking = self._start(self._look(http))
        waking = self._start(self._wake(http))
        telling = self._start(self._tell(progress))
        if self._call_back:
            self._start(self._work_list(http))
        shifts = [self._start(self._shift(shift)) for shift in self.plan.shifts]
        await self._place_calls(http)
        await self._calls_ended(http)
        await asyncio.gather(*shifts)
        await self._agents_done()
        await self._cancel(looking, waking, telling)
        await self._read_webhooks(http)

    async def _begin(self) -> None:
        """Whoever comes first signs in; then nobody waits for the rest of the evening before."""
        speed = self.place.clock.speed
        first = {shift.agent for shift in self.plan.shifts if shift.start < SOON * speed}
        await asyncio.gather(*(self._agents[name].web.sign_in() for name in first))
        self.place.clock.skip_to(self.place.midnight - timedelta(seconds=JUST_BEFORE * speed))

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

    async def _place(self, http: aiohttp.ClientSession, caller: Caller) -> None:
        self.played.lateness.append(self.now() - caller.at)
        body = {"from": caller.number, "to": self.place.number, "script": caller.script()}
        answer = await ask(http, "POST", f"{self.place.exchange_url}/handset/calls", body)
        self.played.placed[answer["sid"]] = caller
        if caller.keys:
            self._unserved[caller.number] = caller

    async def _calls_ended(self, http: aiohttp.ClientSession) -> None:
        """Wait until no call lives in the exchange. Raises NeverEnded when one does too long."""
        give_up = self.now() + LAST_CALL.total_seconds()
        while True:
            live = await self._live(http)
            if not live and len(self.played.placed) == len(self.plan.callers):
                return
            if self.now() > give_up:
                raise NeverEnded(f"{len(live)} calls never ended: {sorted(live)[:5]}")
            await self.sleep(30.0)

    async def _live(self, http: aiohttp.ClientSession) -> set[str]:
        """The numbers of the callers whose calls have not ended; the others wait no more."""
        placed = set(self._unserved)
        url = f"{self.place.exchange_url}/handset/calls?live=1&direction=inbound&limit=1000"
        live = {call["from"] for call in (await ask(http, "GET", url))["calls"]}
        for number in placed - live:
            self._unserved.pop(number, None)
        return live

    async def _read_webhooks(self, http: aiohttp.ClientSession) -> None:
        for sid in self.played.placed:
            story = await ask(http, "GET", f"{self.place.exchange_url}/handset/calls/{sid}")
            for hook in story["webhooks"]:
                self.played.webhook_seconds.append(hook["seconds"])
                # a request that the caller's hanging up cut short is no failure
                if not hook["ok"] and not hook["error"].startswith("abandoned"):
                    self.played.failed_webhooks.append(f"{hook['url']}: {hook['error']}")

    # ------------------------------------------------------------------------ agents

    async def _shift(self, shift: Shift) -> None:
        agent = self._agents[shift.agent]
        await self.sleep(shift.start - self.now())
        await agent.come()
        await self.sleep(shift.end - self.now())
        # whoever is the only one left for a caller stays; the log's callers were all served by
        # somebody
        while self._still_needed(shift.agent):
            await self.sleep(60.0)
        await agent.go()

    async def _wake(self, http: aiohttp.ClientSession) -> None:
        """Now and then see who still waits, and have idle agents look for offers that rang out."""
        while True:
            await self.sleep(WAKE_EVERY)
            await self._live(http)
            for agent in self._agents.values():
                await agent.wake()

    # ------------------------------------------------------------------------ calling back

    async def _put_telephones(self, http: aiohttp.ClientSession) -> None:
        """How the telephones of those behave who will hang up: chance says who answers."""
        for number in sorted({each.number for each in self.plan.callers if each.hang_up}):
            answers = self._chance.random() < ANSWER_A_CALLBACK
            station = {"outcome": "answer" if answers else "no-answer", "answer_after": 6.0}
            url = f"{self.place.exchange_url}/handset/stations/{quote(number)}"
            await ask(http, "PUT", url, station)

    async def _work_list(self, http: aiohttp.ClientSession) -> None:
        """Idle agents call back who hung up; callers on the line come first."""
        watcher = self.place.watcher
        web = Web(http, self.place.web_url, watcher, self.place.passwords[watcher])
        while True:
            await self.sleep(CALL_BACK_EVERY)
            for row in (await web.get("/api/callbacks"))["abandoned"]:
                agent = self._free_for((row["queue"], row["language"]))
                if agent is not None:
                    await agent.calls_back(row["call_id"])

    def _free_for(self, skill: tuple[str, str]) -> "_Agent | None":
        """Somebody on duty with nothing at hand, whom no caller on the line needs."""
        if any(caller.skill == skill for caller in self._unserved.values()):
            return None
        free = (self._agents[name] for name, own in self.plan.skills.items() if skill in own)
        return next((agent for agent in free if agent.free), None)

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
            by_agent = {offer["agent_id"]: offer for offer in offers}
            for agent in self._agents.values():
                agent.sees(by_agent.get(agent.id))
            await asyncio.sleep(every)

    async def _agents_done(self) -> None:
        for agent in self._agents.values():
            await agent.idle()

    def since(self, moment: str) -> float:
        """Seconds of the hotline's clock since `moment` (ISO 8601)."""
        return (self.place.clock.now() - datetime.fromisoformat(moment)).total_seconds()

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
                f"{self.played.answered:>5} answered  {self.played.finished:>5} finished  "
                f"{len(self._unserved):>3} waiting" + (f"  ({at:%Y-%m-%d})" if hours >= 24 else "")
            )


class _Agent:
    """A scripted agent: accepts what is offered, talks as long as the plan says, writes an outcome.

    What it has at hand is told by `sees`: `offered`, `connecting`, `talking` or `wrap_up`, or
    nothing.
    """

    def __init__(self, driver: Driver, web: Web) -> None:
        self.web = web
        self.id = 0
        self.on_duty = False
        self._driver = driver
        self._at_hand: dict[str, Any] | None = None
        self._changed = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    async def come(self) -> None:
        """Be ready for offers."""
        self.on_duty = True
        self.id = (await self.web.post("/api/presence", status="ready"))["agent"]["id"]

    async def go(self) -> None:
        """Take no more offers; what is in hand is finished."""
        self.on_duty = False
        await self.web.post("/api/presence", status="signed_out")

    async def idle(self) -> None:
        """Return once nothing is in hand."""
        await self._idle.wait()

    async def wake(self) -> None:
        """Come back when an offer rang out unseen: the engine then takes nobody to be there."""
        if not (self.on_duty and self._idle.is_set()):
            return
        seen = await self.web.get("/api/presence")
        if seen["status"] == "missed" and self.on_duty:
            self._driver.played.rang_out += 1
            await self.web.post("/api/presence", status="ready")

    @property
    def free(self) -> bool:
        """Whether there is nothing to do."""
        return self.on_duty and self._idle.is_set()

    async def calls_back(self, call: int) -> None:
        """Call back who hung up in that call: this agent has it at hand with that."""
        await _tried(self.web.post(f"/api/callbacks/call/{call}/back"))

    def sees(self, at_hand: dict[str, Any] | None) -> None:
        """What this agent has at hand now."""
        if at_hand != self._at_hand:
            self._at_hand = at_hand
            self._changed.set()
            self._changed = asyncio.Event()
        # who calls back has taken it with that, and is connected at once
        begins = at_hand is not None and at_hand["state"] != "wrap_up" and self._idle.is_set()
        if at_hand is not None and begins:
            self._idle.clear()
            self._driver.start(self._work(at_hand["id"], at_hand["call_id"], at_hand["queue"]))

    async def _until(self, offer: int, *phases: str) -> dict[str, Any] | None:
        """What is at hand once the offer is in one of `phases`; None when it is no more."""
        while True:
            seen, changed = self._at_hand, self._changed
            if seen is None or seen["id"] != offer:
                return None
            if seen["state"] in phases:
                return seen
            await changed.wait()

    async def _work(self, offer: int, call: int, queue: str) -> None:
        try:
            await self._driver.sleep(self._driver.uniform(ANSWER_AFTER))
            if await _tried(self.web.post(f"/api/offers/{offer}/accept")):
                await self._talk(offer, call, queue)
            else:
                self._driver.played.lost_races += 1
                await self._until(offer)
        finally:
            self._idle.set()
        await self.wake()

    async def _talk(self, offer: int, call: int, queue: str) -> None:
        met = await self._until(offer, "talking", "wrap_up")
        if met is None:
            self._driver.played.lost_races += 1  # the caller had gone before they met
            return
        self._driver.played.answered += 1
        current = (await self.web.get("/api/calls/current"))["call"] or {}
        caller = self._driver.served(current.get("caller", ""))
        if caller is not None and met["state"] == "talking":
            talk = caller.talk
            if current.get("callback"):
                talk = self._driver.uniform(CALLED_BACK_TALK)
            await self._driver.sleep(talk - self._driver.since(met["connected_at"]))
            await _tried(self.web.post(f"/api/calls/{call}/hang-up"))
        if await self._until(offer, "wrap_up") is None:
            return
        await self._driver.sleep(self._driver.uniform(WRAP_UP))
        outcome = OUTCOMES[queue](self._driver)
        if await _tried(self.web.post(f"/api/calls/{call}/finish", **outcome)):
            self._driver.played.finished += 1
        else:
            self._driver.played.unfinished.append(str(call))  # the limit was faster
        await self._until(offer)


async def _tried(verb: Awaitable[Any]) -> bool:
    """Do it; False when somebody or something was first."""
    try:
        await verb
    except HotlineRefused as error:
        if error.status not in (403, 404, 409):
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
