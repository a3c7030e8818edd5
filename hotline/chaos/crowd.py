"""Callers who come by the exchange's handset API, and agents who work by the application's JSON
API and take it calmly when nobody answers there.

They run in a thread of their own, with an event loop, while the scenario breaks things.
"""

import asyncio
import itertools
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from hotline.replay.drive import HotlineRefused, Web, ask

#: Seconds between two looks of an agent at the desk, and how long a conversation lasts.
LOOK, TALK = 0.5, 1.5
#: Seconds that an agent waits after the application did not answer.
CALM = 0.5
AWAY = (aiohttp.ClientError, TimeoutError, HotlineRefused)

Script = Mapping[str, Any]

#: Callers of a later crowd are new ones too: who is known is not asked for a language, so that keys
#: pressed one after the other would mean something else.
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Place:
    """Where the hotline is, and who works in it: username → password."""

    web_url: str
    exchange_url: str
    number: str
    passwords: Mapping[str, str]
    #: What agents write (an id of `tickets.outcomes`).
    outcome: str
    #: Why they rest (an id of `agents.breaks`).
    pause: str


@dataclass
class Crowd:
    """Callers at `rate` a second while `calling`, and agents who work while `working`."""

    place: Place
    #: How callers behave, one after the other.
    scripts: list[Script]
    rate: float = 2.0
    #: The carrier's names of the calls, in the order in which they came.
    placed: list[str] = field(default_factory=list)
    finished: int = 0
    _stop_calls: threading.Event = field(default_factory=threading.Event)
    _on_duty: threading.Event = field(default_factory=threading.Event)
    _go_home: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _failure: BaseException | None = None

    def start(self) -> None:
        """The first call comes at once; agents come when told to."""
        self._thread = threading.Thread(target=self._run, name="crowd")
        self._thread.start()

    def agents_come(self) -> None:
        self._on_duty.set()

    def no_more_calls(self) -> None:
        self._stop_calls.set()

    def go_home(self) -> None:
        """Everybody goes; raises what went wrong with the crowd itself."""
        self._stop_calls.set()
        self._go_home.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as error:  # told to the scenario by `go_home`
            self._failure = error

    async def _live(self) -> None:
        timeout = aiohttp.ClientTimeout(total=20)
        async with aiohttp.ClientSession(timeout=timeout) as http:
            agents = [self._agent(http, name) for name in self.place.passwords]
            await asyncio.gather(self._callers(http), *agents)

    # ------------------------------------------------------------------------ callers

    async def _callers(self, http: aiohttp.ClientSession) -> None:
        loop = asyncio.get_running_loop()
        start, scripts = loop.time(), itertools.cycle(self.scripts)
        while not self._stop_calls.is_set():
            body = {
                "from": f"+668{next(_NUMBERS):08d}",
                "to": self.place.number,
                "script": next(scripts),
            }
            answer = await ask(http, "POST", f"{self.place.exchange_url}/handset/calls", body)
            self.placed.append(answer["sid"])
            await asyncio.sleep(max(0.0, start + len(self.placed) / self.rate - loop.time()))

    # ------------------------------------------------------------------------ agents

    async def _agent(self, http: aiohttp.ClientSession, name: str) -> None:
        web = Web(http, self.place.web_url, name, self.place.passwords[name])
        agent = _Agent(web, self.place.outcome, self.place.pause)
        while not self._go_home.is_set():
            if self._on_duty.is_set():
                done = await _calmly(agent.look)
                self.finished += done
            await asyncio.sleep(LOOK)
        for _ in range(20):
            if await _calmly(agent.leave):
                return
            await asyncio.sleep(CALM)


async def _calmly(do: Callable[[], Awaitable[bool]]) -> bool:
    """Do it; False when the application did not answer, or somebody was first."""
    try:
        return await do()
    except AWAY as error:
        if isinstance(error, HotlineRefused) and error.status in (400, 401, 422):
            raise  # the crowd's own mistake
        await asyncio.sleep(CALM)
        return False


class _Agent:
    """Does what the desk shows, one thing a look; remembers nothing that the desk does not."""

    def __init__(self, web: Web, outcome: str, pause: str) -> None:
        self._web = web
        self._pause = pause
        self._outcome = {"outcome": outcome, "note": "chaos"}

    async def look(self) -> bool:
        """Take the next step; True when it finished a call."""
        seen = await self._web.get("/api/calls/current")
        if seen["offer"] is not None:
            await self._web.post(f"/api/offers/{seen['offer']['id']}/accept")
        elif seen["call"] is not None:
            return await self._go_on(seen["call"])
        elif (await self._web.get("/api/presence"))["status"] != "ready":
            await self._web.post("/api/presence", status="ready")
        return False

    async def _go_on(self, call: Mapping[str, Any]) -> bool:
        if call["state"] == "talking":
            await asyncio.sleep(TALK)
            await self._web.post(f"/api/calls/{call['id']}/hang-up")
        elif call["state"] == "wrap_up":
            await self._web.post(f"/api/calls/{call['id']}/finish", **self._outcome)
            return True
        return False

    async def leave(self) -> bool:
        # a break, not home: somebody is there, so that callers wait for them and are not sent on
        await self._web.post("/api/presence", status="break", reason=self._pause)
        return True
