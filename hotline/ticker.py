"""The process `hotline clock`: runs the sweeps about once a second of the clock, and so starts the
night's jobs.

Any number may run; each sweep wins rows by compare-and-set. What an effect after a commit, a worker
or Redis lost, this finds.
"""

import logging
import signal
import threading
from datetime import datetime

from hotline import clock
from hotline.floor import Floor

log = logging.getLogger(__name__)

#: Seconds of the wall between two rounds, at least: a fast clock must not make this a busy loop.
SHORTEST_PAUSE = 0.05


class Ticker:
    """Runs every sweep of a floor when it is due."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._last: dict[str, datetime] = {}
        self.stopping = threading.Event()

    def round(self) -> None:
        """Run what is due; a sweep that fails is logged and does not keep the others back."""
        for name, sweep in self._floor.sweeps.items():
            now = clock.now()
            last = self._last.get(name)
            if last is not None and (now - last).total_seconds() < getattr(sweep, "seconds", 1.0):
                continue
            self._last[name] = now
            try:
                sweep(self._floor, now)
            except Exception:
                log.exception("the sweep %s failed", name)

    def run(self) -> None:
        """Round after round until stopped."""
        pause = max(SHORTEST_PAUSE, 1.0 / clock.speed())
        while not self.stopping.is_set():
            self.round()
            self.stopping.wait(pause)


def run(floor: Floor) -> None:
    """Run until SIGTERM or SIGINT."""
    ticker = Ticker(floor)
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: ticker.stopping.set())
    ticker.run()
