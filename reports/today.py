"""The figures of today, kept up to date as it goes on.

The same counters as the night's, from the same events by the same rules (`reports.metrics`); but
each time only the quarters of an hour are counted again in which something has happened since. What
a call does late changes the quarter in which it entered the queue, and the event says which.
"""

import threading
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from sqlalchemy.orm import Session

from hotline import clock
from reports import source
from reports.metrics import INTERVAL, Cell, Counters, count, total
from reports.service import How

#: Ids are given before the commit: so many events are looked at again.
SLACK = 200


class Today:
    """The counters of this day, in one process; safe between threads."""

    def __init__(self, how: How) -> None:
        self._how = how
        self._lock = threading.Lock()
        self._day: date | None = None
        self._seen = 0
        self._cells: dict[Cell, Counters] = {}

    def cells(self, session: Session, now: datetime) -> Mapping[Cell, Counters]:
        """All of the day, as the events stand now; nobody changes it afterwards."""
        with self._lock:
            day = clock.local_day(now, self._how.zone)
            if day != self._day:
                self._begin(session, day)
            else:
                self._go_on(session, day)
            return self._cells

    def _begin(self, session: Session, day: date) -> None:
        # the newest event first: what comes meanwhile is found by the next question
        self._seen = source.newest_event(session)
        start, end = clock.day_bounds(day, self._how.zone)
        self._cells = count(source.facts(session, start, end), start, self._how.rules)
        self._day = day

    def _go_on(self, session: Session, day: date) -> None:
        moments, newest = source.touched_since(session, max(0, self._seen - SLACK))
        start, end = clock.day_bounds(day, self._how.zone)
        for interval in _intervals((at for at in moments if start <= at < end), start):
            self._cells = {
                cell: counters
                for cell, counters in self._cells.items()
                if cell.interval_start != interval
            }
            facts = source.facts(session, interval, interval + INTERVAL)
            self._cells |= count(facts, start, self._how.rules)
        self._seen = newest


def by_queue(cells: Mapping[Cell, Counters]) -> dict[str, Counters]:
    """The counters of each queue."""
    queues: dict[str, list[Counters]] = {}
    for cell, counters in cells.items():
        queues.setdefault(cell.queue, []).append(counters)
    return {queue: total(of) for queue, of in queues.items()}


def _intervals(moments: Iterable[datetime], day_start: datetime) -> set[datetime]:
    return {day_start + (at - day_start) // INTERVAL * INTERVAL for at in moments}
