"""What is broken, under how much traffic, and what must hold all the same."""

import os
import signal
import time
from collections.abc import Callable, Mapping

from hotline import ports
from hotline.chaos import books
from hotline.chaos.crowd import Crowd
from hotline.chaos.hotline import SETTLED, Hotline
from hotline.chaos.verdict import Verdict, judge


def web_killed(hotline: Hotline, seconds: float) -> Verdict:
    """The web's workers are killed one by one, then their master, and again."""
    since = hotline.read(books.last_event)
    kills = 0
    with hotline.crowd(hotline.scripts()) as crowd:
        crowd.agents_come()
        time.sleep(BEFORE)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            master, workers = hotline.web()
            for pid in [*workers, master]:
                os.kill(pid, signal.SIGKILL)
                kills += 1
                time.sleep(BETWEEN)
            _until(lambda: ports.healthy(hotline.web_url))
            time.sleep(BETWEEN)
    verdict = judge(hotline, "web", crowd, since)
    verdict.figures["processes killed"] = kills
    return verdict


def redis_gone(hotline: Hotline, seconds: float) -> Verdict:
    """Redis is away for so long, and comes back empty: nobody notices."""
    since = hotline.read(books.last_event)
    with hotline.crowd(hotline.scripts()) as crowd:
        crowd.agents_come()
        time.sleep(BEFORE)
        hotline.redis_goes()
        time.sleep(seconds)
        hotline.redis_returns()
        _served_again(crowd)
    verdict = judge(hotline, "redis", crowd, since)
    if verdict.figures["heard the apology"]:
        verdict.violations.append("an apology, though only Redis was away")
    return verdict


def database_gone(hotline: Hotline, seconds: float) -> Verdict:
    """The database is away for so long: an apology, and the transfer; who waits keeps waiting."""
    since, away = hotline.read(books.last_event), hotline.database()
    with hotline.crowd(hotline.scripts()) as crowd:
        crowd.agents_come()
        time.sleep(BEFORE)
        away.begin()
        try:
            time.sleep(seconds)
        finally:
            away.end()
        _served_again(crowd)
    verdict = judge(hotline, "database", crowd, since)
    if not verdict.figures["heard the apology"]:
        verdict.violations.append("nobody noticed that the database was away: nothing was tried")
    return verdict


def restarted(hotline: Hotline, seconds: float) -> Verdict:
    """Everything of ours is killed with callers in the queue, and started again."""
    return _restarted(hotline, seconds, "restart", wiped=False)


def wiped(hotline: Hotline, seconds: float) -> Verdict:
    """The same, and the waiting room's table is empty when we come back."""
    return _restarted(hotline, seconds, "wiped", wiped=True)


def _restarted(hotline: Hotline, seconds: float, name: str, *, wiped: bool) -> Verdict:
    since = hotline.read(books.last_event)
    with hotline.crowd(hotline.scripts(patient=True)) as crowd:
        time.sleep(seconds)
        crowd.no_more_calls()
        _until(lambda: hotline.read(books.in_the_room) == len(crowd.placed))
        down = time.monotonic()
        hotline.kill_everything()
        if wiped:
            hotline.wipe_the_room()
        hotline.begin()
        down = time.monotonic() - down
        # nobody is served before the wait loops have come round: who is heard of first is not first
        time.sleep(hotline.config.ivr.waiting.loop / hotline.clock.speed + 1)
        survivors, moved = hotline.read(books.in_the_room), hotline.read(books.moved)
    verdict = judge(hotline, name, crowd, since)
    verdict.violations += [f"call {call} lost its place" for call in moved]
    verdict.figures |= {"waited through it": survivors, "s down": round(down, 1)}
    if not survivors:
        verdict.violations.append("nobody waited through it: nothing was tried")
    return verdict


def _served_again(crowd: Crowd) -> None:
    """Callers keep coming until agents have finished calls again, however slow the machine is."""
    before = crowd.finished
    _until(lambda: crowd.finished >= before + SERVED, within=SETTLED / 3)


#: Calls after which agents are seen to work again.
SERVED = 2
#: Seconds of traffic before something breaks, and between two kills.
BEFORE, BETWEEN = 6.0, 1.5

Scenario = Callable[[Hotline, float], Verdict]
SCENARIOS: Mapping[str, Scenario] = {
    "web": web_killed,
    "redis": redis_gone,
    "database": database_gone,
    "restart": restarted,
    "wiped": wiped,
}


def _until(happened: Callable[[], object], within: float = SETTLED) -> None:
    """Return once it has happened, or when it should have: the verdict tells the rest."""
    deadline = time.monotonic() + within
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.1)
