"""The clocks: by hand, scaled, real."""

from __future__ import annotations

import asyncio
import time

import pytest

from exchange.clock import HandClock, RealClock, ScaledClock


async def test_advance_fires_timers_in_order_at_their_moments() -> None:
    clock = HandClock(100.0)
    seen: list[tuple[str, float]] = []

    async def wait(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        seen.append((name, clock.time()))

    tasks = [asyncio.create_task(wait(*pair)) for pair in (("b", 2.0), ("a", 1.0), ("c", 9.0))]
    await clock.advance(5)
    assert seen == [("a", 101.0), ("b", 102.0)]
    assert clock.time() == 105.0
    await clock.advance(4)
    assert seen[-1] == ("c", 109.0)
    await asyncio.gather(*tasks)


async def test_a_timer_that_starts_another_within_the_same_advance() -> None:
    clock = HandClock(0.0)
    seen: list[float] = []

    async def tick() -> None:
        for _ in range(3):
            await clock.sleep(1)
            seen.append(clock.time())

    task = asyncio.create_task(tick())
    await clock.advance(10)
    assert seen == [1.0, 2.0, 3.0]
    await task


async def test_it_waits_for_work_in_the_outside_world() -> None:
    clock = HandClock(0.0)
    seen: list[str] = []

    async def fetch() -> None:
        with clock.outside():
            await asyncio.sleep(0.02)  # real input and output, as a socket would take
        seen.append("fetched")

    task = asyncio.create_task(fetch())
    await clock.settle()
    assert seen == ["fetched"]
    await task


async def test_cancelled_timers_do_not_fire() -> None:
    clock = HandClock(0.0)
    timer = clock.timer(1)
    timer.cancel()
    assert clock.pending == 0
    await clock.advance(2)


async def test_a_scaled_clock_runs_faster_than_the_wall() -> None:
    clock = ScaledClock(time.time(), 1_000_000.0, 100.0)
    wall, before = time.monotonic(), clock.time()
    await clock.sleep(5)
    passed, took = clock.time() - before, time.monotonic() - wall
    assert 4.9 <= passed <= 100 * took + 0.1
    assert took < 5, "however slow this machine is"
    assert clock.now().tzinfo is not None


def test_the_clock_of_the_command_line() -> None:
    clock = ScaledClock.parse("100:200:60")
    assert (clock.wall, clock.virtual, clock.speed) == (100.0, 200.0, 60.0)
    for wrong in ("1:2", "1:2:0", "a:b:c"):
        with pytest.raises(ValueError):  # noqa: PT011 - any of them
            ScaledClock.parse(wrong)


def test_the_real_clock_is_the_wall() -> None:
    assert abs(RealClock().time() - time.time()) < 1
