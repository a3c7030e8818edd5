"""The exchange's clock: everything that a human would measure is counted on it.

Real time, a clock that runs faster than the wall, and one that tests drive by hand. Time-outs of
HTTP requests are *not* measured here: they are wall seconds, because sockets do not run faster.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time as _time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from mmap import ACCESS_READ, mmap
from pathlib import Path
from struct import Struct
from typing import Any

SETTLED = 40
"""Rounds of the event loop without outside work after which nothing is going on any more: more
than the longest chain of tasks waking one another."""


class Clock:
    """What the exchange asks of a clock. All seconds are the clock's own unless said otherwise."""

    def time(self) -> float:
        """Unix time in seconds (UTC)."""
        raise NotImplementedError

    def timer(self, seconds: float) -> asyncio.Future[None]:
        """A future that is done after `seconds`; cancel it to free the timer."""
        raise NotImplementedError

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    async def sleep(self, seconds: float) -> None:
        """Waits `seconds` of this clock; zero and less still let other tasks run once."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        await self.timer(seconds)

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Marks work that takes real time (an HTTP request); a hand-driven clock waits for it."""
        yield


class ScaledClock(Clock):
    """At unix time `wall` it shows `virtual`, and runs `speed` times as fast as the wall."""

    def __init__(self, wall: float, virtual: float, speed: float, ahead: str = "") -> None:
        if not speed > 0:
            raise ValueError("the speed of a clock must be positive")
        self.wall = wall
        self.virtual = virtual
        self.speed = speed
        self._ahead = _mapped(ahead) if ahead else None

    @classmethod
    def parse(cls, text: str) -> ScaledClock:
        """From ``WALL:VIRTUAL:SPEED``, three floats, or ``WALL:VIRTUAL:SPEED:/FILE``: in the file
        stands (a double) how many seconds it is further ahead. Raises ValueError for anything else.
        """
        numbers, slash, file = text.partition(":/")
        wall, virtual, speed = (float(part) for part in numbers.split(":"))
        try:
            return cls(wall, virtual, speed, f"/{file}" if slash else "")
        except OSError as error:
            raise ValueError(f"the clock's file: {error}") from error

    def time(self) -> float:
        ahead = _SECONDS.unpack_from(self._ahead)[0] if self._ahead else 0.0
        return self.virtual + (_time.time() - self.wall) * self.speed + float(ahead)

    def timer(self, seconds: float) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        handle = loop.call_later(max(0.0, seconds) / self.speed, _finish, future)
        future.add_done_callback(lambda _: handle.cancel())
        return future


_SECONDS = Struct("d")


def _mapped(file: str) -> mmap:
    with Path(file).open("rb") as content:
        return mmap(content.fileno(), _SECONDS.size, access=ACCESS_READ)


class RealClock(ScaledClock):
    """The wall's own time."""

    def __init__(self) -> None:
        super().__init__(0.0, 0.0, 1.0)

    def time(self) -> float:
        return _time.time()


class HandClock(Clock):
    """Stands still until `advance` moves it; then fires every timer in order of its moment."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._now = start
        self._timers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._outside = 0
        self._inside = asyncio.Event()
        self._inside.set()

    def time(self) -> float:
        return self._now

    def timer(self, seconds: float) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._timers, (self._now + max(0.0, seconds), next(self._order), future))
        return future

    @contextmanager
    def outside(self) -> Iterator[None]:
        self._outside += 1
        self._inside.clear()
        try:
            yield
        finally:
            self._outside -= 1
            if not self._outside:
                self._inside.set()

    async def settle(self) -> None:
        """Returns when no task can go on without the clock moving."""
        quiet = 0
        while quiet < SETTLED:
            if self._outside:
                await self._inside.wait()
                quiet = 0
            await asyncio.sleep(0)
            quiet += 1

    async def advance(self, seconds: float) -> None:
        """Moves the clock by `seconds`, firing the timers on the way one by one, in order."""
        await self.settle()
        goal = self._now + seconds
        while self._timers and self._timers[0][0] <= goal:
            moment, _, future = heapq.heappop(self._timers)
            if future.done():
                continue
            self._now = max(self._now, moment)
            _finish(future)
            await self.settle()
        self._now = goal

    @property
    def pending(self) -> int:
        """How many timers are still running."""
        return sum(not future.done() for _, _, future in self._timers)


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def first_done(*futures: asyncio.Future[Any]) -> None:
    """Returns when one of the futures is done; cancels none of them."""
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
