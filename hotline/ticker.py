"""The process `hotline clock`: runs the sweeps about once a second of the clock, and so starts the
night's jobs.

Any number may run; each sweep wins rows by compare-and-set. What an effect after a commit, a worker
or Redis lost, this finds. Each sweep has a thread of its own: one that waits for the carrier, or
runs a night because Redis is away, does not keep callers waiting for the others.
"""

import logging
import signal
import threading

from hotline import clock
from hotline.floor import Floor
from hotline.jobs import Sweep

log = logging.getLogger(__name__)

#: Seconds of the clock between two runs of a sweep that does not say (`hotline.jobs.Every`).
PAUSE = 1.0
#: Seconds of the wall between two runs, at least: a fast clock must not make this a busy loop.
SHORTEST_PAUSE = 0.05
#: Seconds of the wall that a sweep may take to end. One that takes longer is cut off; its unit of
#: work is rolled back.
PATIENCE = 10.0


class Ticker:
    """Runs every sweep of a floor, each in its own time."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._stopping = threading.Event()

    def round(self) -> None:
        """Run every sweep once, here and now."""
        for name in self._floor.sweeps:
            self._sweep(name)

    def run(self) -> None:
        """Run the sweeps until told to stop."""
        threads = [
            threading.Thread(target=self._again_and_again, args=(name, sweep), name=name)
            for name, sweep in self._floor.sweeps.items()
        ]
        for thread in threads:
            thread.daemon = True
            thread.start()
        self._stopping.wait()
        for thread in threads:
            thread.join(PATIENCE)

    def stop(self) -> None:
        """Have `run` return. For signal handlers and other threads."""
        self._stopping.set()

    def _again_and_again(self, name: str, sweep: Sweep) -> None:
        seconds = getattr(sweep, "seconds", PAUSE)
        while not self._stopping.is_set():
            self._sweep(name)
            self._stopping.wait(max(SHORTEST_PAUSE, seconds / clock.speed()))

    def _sweep(self, name: str) -> None:
        try:
            self._floor.sweeps[name](self._floor, clock.now())
        except Exception:
            log.exception("the sweep %s failed", name)


def run(floor: Floor) -> None:
    """Run until SIGTERM or SIGINT."""
    ticker = Ticker(floor)
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: ticker.stop())
    ticker.run()
