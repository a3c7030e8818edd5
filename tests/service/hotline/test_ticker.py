"""`hotline clock`: every sweep in its own time, and none that keeps the others back."""

import threading
from datetime import UTC, datetime

import pytest

from hotline import clock, ticker
from hotline.clock import ScaledClock
from hotline.floor import Floor
from hotline.jobs import Every
from hotline.ticker import Ticker

LONG = 10.0  # seconds, until a test gives up


class Counted:
    """A sweep that tells when it has run so many times."""

    def __init__(self, times: int = 1) -> None:
        self.runs: list[datetime] = []
        self.enough = threading.Event()
        self._times = times

    def __call__(self, _floor: Floor, now: datetime) -> None:
        self.runs.append(now)
        if len(self.runs) >= self._times:
            self.enough.set()


def broken(_floor: Floor, _now: datetime) -> None:
    raise ConnectionError("the carrier is away")


@pytest.fixture
def running(floor: Floor, monkeypatch: pytest.MonkeyPatch):
    """`running({name: sweep, …})` runs a ticker of these in a thread until the test ends."""
    monkeypatch.setattr(clock, "_source", ScaledClock.starting(datetime.now(UTC), 60.0))
    started: list[tuple[Ticker, threading.Thread]] = []

    def start(sweeps) -> None:
        floor.sweeps = sweeps
        the_ticker = Ticker(floor)
        thread = threading.Thread(target=the_ticker.run)
        thread.start()
        started.append((the_ticker, thread))

    yield start
    for the_ticker, thread in started:
        the_ticker.stop()
        thread.join(LONG)
        assert not thread.is_alive()


def test_a_sweep_runs_again_and_again_with_the_time_of_its_start(running) -> None:
    sweep = Counted(3)
    running({"a": sweep})
    assert sweep.enough.wait(LONG)
    assert sweep.runs == sorted(sweep.runs)
    pauses = [(b - a).total_seconds() for a, b in zip(sweep.runs, sweep.runs[1:], strict=False)]
    # no busy loop however fast the clock runs
    assert min(pauses) >= ticker.SHORTEST_PAUSE * 60 * 0.9


def test_a_sweep_that_fails_runs_again_and_keeps_nobody_back(
    running, caplog: pytest.LogCaptureFixture
) -> None:
    sweep = Counted(3)
    running({"broken": broken, "sound": sweep})
    assert sweep.enough.wait(LONG)
    assert "the sweep broken failed" in caplog.text


def test_a_sweep_that_waits_keeps_nobody_back(running) -> None:
    released = threading.Event()
    sweep = Counted(3)
    running({"waits": lambda _floor, _now: released.wait(LONG) and None, "sound": sweep})
    assert sweep.enough.wait(LONG)
    assert not released.is_set()
    released.set()


def test_a_rare_sweep_is_rare(running) -> None:
    often, rarely = Counted(5), Counted()
    running({"rarely": Every(3600, rarely), "often": often})
    assert often.enough.wait(LONG)
    assert rarely.enough.wait(LONG)
    assert len(rarely.runs) == 1


def test_a_round_runs_every_sweep_once(floor: Floor, caplog: pytest.LogCaptureFixture) -> None:
    one, other = Counted(), Counted()
    floor.sweeps = {"one": one, "broken": broken, "other": Every(60, other)}
    Ticker(floor).round()
    assert (len(one.runs), len(other.runs)) == (1, 1)
    assert "the sweep broken failed" in caplog.text


def test_every_sweep_of_every_room_runs_on_an_empty_hotline(
    floor: Floor, caplog: pytest.LogCaptureFixture
) -> None:
    Ticker(floor).round()
    Ticker(floor).round()
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
