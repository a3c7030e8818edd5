"""What answers when the exchange dials out: headsets, telephones, an open handset page.

Unless told otherwise every `client:` answers at once (a headset on auto-answer, which scripted
calls need), and every number answers after 3 s and hangs up after 60 s. A `client:` that has once
been registered is a browser telephone: while no device of it is there, nobody answers.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from exchange import script
from exchange.call import Call, Status
from exchange.clock import first_done

if TYPE_CHECKING:
    from exchange.clock import Clock

OUTCOMES = frozenset({"answer", "busy", "no-answer", "failed", "ask", "away"})
ADDRESS = re.compile(r"\+[1-9]\d{4,14}|\d{2,15}|client:[\w.@+-]{1,121}")


Page = asyncio.Queue[Any]
"""News for an open page: calls that ring there (and what else others put in), None at the end."""


class StationError(ValueError):
    """The station is not of the documented form."""


@dataclass(frozen=True)
class Station:
    """How an address behaves when it is rung; seconds of the exchange's clock.

    outcome "ask": it rings on an open handset page until somebody answers there. "away": no device
    is registered, which is no-answer at once. The carrier's documentation does not say what it does
    then; its people do (initiated, ringing, no-answer), and the logs of calls that its customers
    show have such a one end in the second in which it began.
    """

    outcome: str = "answer"
    answer_after: float = 0.0
    hang_up_after: float | None = None
    script: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> Station:
        """From JSON. Raises StationError, saying which field is wrong."""
        unknown = set(given) - {"outcome", "answer_after", "hang_up_after", "script"}
        if unknown:
            raise StationError(f"unknown field {sorted(unknown)[0]!r}")
        if given.get("outcome", "answer") not in OUTCOMES:
            raise StationError(f"outcome: one of {', '.join(sorted(OUTCOMES))}")
        for name in ("answer_after", "hang_up_after"):
            value = given.get(name)
            if value is not None and (isinstance(value, bool) or not _is_seconds(value)):
                raise StationError(f"{name}: seconds, 0 or more")
        try:
            script.check(given.get("script") or {})
        except script.ScriptError as error:
            raise StationError(f"script: {error}") from error
        return cls(
            given.get("outcome", "answer"),
            float(given.get("answer_after") or 0.0),
            None if given.get("hang_up_after") is None else float(given["hang_up_after"]),
            given.get("script") or {},
        )

    def json(self) -> dict[str, Any]:
        return asdict(self)


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and value >= 0


HEADSET = Station()
TELEPHONE = Station(answer_after=3.0, hang_up_after=60.0)
AWAY = Station("away")
CLIENT = "client:"


class Stations:
    """Every station that behaves otherwise than the defaults, and the pages that are open."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stations: dict[str, Station] = {}
        self._pages: dict[str, list[Page]] = {}
        self._registered: set[str] = set()
        """Every `client:` that a device has been registered as, even if none is now."""

    def all(self) -> dict[str, Station]:
        away = dict.fromkeys(sorted(self._registered - set(self._pages)), AWAY)
        return {"client:*": HEADSET, "*": TELEPHONE} | away | self._stations

    def put(self, address: str, station: Station) -> None:
        self._stations[address] = station

    def drop(self, address: str) -> bool:
        return self._stations.pop(address, None) is not None

    def get(self, address: str) -> Station:
        if self._pages.get(address):
            return Station("ask")
        if address in self._registered:
            usual = AWAY
        else:
            usual = HEADSET if address.startswith(CLIENT) else TELEPHONE
        return self._stations.get(address, usual)

    def stands_in(self, address: str) -> bool:
        """Whether a call there is answered though no device is: by a headset on auto-answer."""
        return self.get(address).outcome == "answer"

    def open_page(self, address: str) -> Page:
        """A handset page now rings at this address; the queue gives the calls that ring it.

        None in it is the end: the exchange stops.
        """
        page: Page = asyncio.Queue()
        self._pages.setdefault(address, []).append(page)
        if address.startswith(CLIENT):
            self._registered.add(address)
        return page

    def close_page(self, address: str, page: Page) -> None:
        pages = self._pages.get(address, [])
        if page in pages:
            pages.remove(page)
        if not pages:
            self._pages.pop(address, None)

    def close_pages(self) -> None:
        """Tells every open page that the exchange stops."""
        for pages in self._pages.values():
            for page in pages:
                page.put_nowait(None)

    async def ring(
        self, call: Call, timeout: float, on_ringing: Callable[[], None] = lambda: None
    ) -> bool:
        """Rings the station that `call` is for. True: it answered. False: the call has ended."""
        station = self.get(call.to)
        call.progress(Status.INITIATED, "initiated")
        if station.outcome == "failed" or ADDRESS.fullmatch(call.to) is None:
            call.end(Status.FAILED, "no such number")
            return False
        call.progress(Status.RINGING, "ringing")
        call.say("ring", call.to)
        on_ringing()
        refusal = await self._decide(call, station, timeout)
        if refusal is not None:
            call.end(refusal, refusal.value)
            return False
        call.answer()
        if station.hang_up_after is not None:
            call.spawn(self._hang_up(call, station.hang_up_after))
        return True

    async def _decide(self, call: Call, station: Station, timeout: float) -> Status | None:
        if station.outcome == "ask":
            return await self._ask(call, timeout)
        if station.outcome == "away":
            return Status.NO_ANSWER
        if station.outcome == "no-answer" or station.answer_after > timeout:
            await self._clock.sleep(timeout)
            return Status.NO_ANSWER
        await self._clock.sleep(station.answer_after)
        return Status.BUSY if station.outcome == "busy" else None

    async def _ask(self, call: Call, timeout: float) -> Status | None:
        call.answer_asked = asked = asyncio.get_running_loop().create_future()
        for page in self._pages.get(call.to, ()):
            page.put_nowait(call)
        timer = self._clock.timer(timeout)
        try:
            await first_done(call.answer_asked, timer)
            if not call.answer_asked.done():
                return Status.NO_ANSWER
            return None if call.answer_asked.result() else Status.BUSY
        finally:
            timer.cancel()
            asked.cancel()  # if it is still open: whoever waits for it sees that it is too late
            call.answer_asked = None

    async def _hang_up(self, call: Call, seconds: float) -> None:
        await self._clock.sleep(seconds)
        call.end(cause="the station hung up")
