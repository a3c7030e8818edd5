"""The figures of today, kept up to date as it goes on.

The same counters as the night's, from the same events by the same rules (`reports.metrics`); but
each time only the calls are counted again to which something has happened since, and the cells
summed again in which they are. A busy quarter of an hour holds a thousand calls, and every
wallboard asks several times a second.
"""

import threading
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Final

from sqlalchemy.orm import Session

from hotline import clock
from reports import source
from reports.metrics import CallFacts, Cell, Counters, count, total
from reports.service import How

#: Ids are given before the commit: among so many of the newest, one may still come.
SLACK = 200
#: When more calls than these have changed, nobody has looked for long: the day is counted anew.
MANY = 500
#: What was brought from another system stands under no call of ours.
BROUGHT: Final = 0


class Today:
    """The counters of this day, in one process; safe between threads."""

    def __init__(self, how: How) -> None:
        self._how = how
        self._lock = threading.Lock()
        self._day: date | None = None
        #: What an import has brought of the day so far: no event tells of it.
        self._brought = (0, 0)
        #: The newest event that was looked at, and which of those just before it were.
        self._newest = 0
        self._seen: frozenset[int] = frozenset()
        #: What each call counts for, and which calls count in a cell.
        self._calls: dict[int, dict[Cell, Counters]] = {}
        self._members: dict[Cell, set[int]] = {}
        self._cells: dict[Cell, Counters] = {}

    def cells(self, session: Session, now: datetime) -> Mapping[Cell, Counters]:
        """All of the day, as the events stand now; nobody changes it afterwards."""
        with self._lock:
            day = clock.local_day(now, self._how.zone)
            start, end = clock.day_bounds(day, self._how.zone)
            brought = source.brought(session, start, end)
            if (day, brought) != (self._day, self._brought):
                self._begin(session, day)
                self._brought = brought
            else:
                self._go_on(session, day)
            return self._cells

    def _begin(self, session: Session, day: date) -> None:
        # the newest event first: what comes meanwhile is found by the next question
        self._newest, self._seen = source.newest_event(session), frozenset()
        self._calls, self._members, self._cells = {}, {}, {}
        start, end = clock.day_bounds(day, self._how.zone)
        self._count(source.facts(session, start, end), start)
        self._day = day

    def _go_on(self, session: Session, day: date) -> None:
        events = source.events_since(session, max(0, self._newest - SLACK))
        changed = {call for event, call in events if event not in self._seen}
        if len(changed) > MANY:
            self._begin(session, day)
            return
        self._seen = frozenset(event for event, _ in events)
        self._newest = max(self._seen, default=self._newest)
        if changed:
            start, end = clock.day_bounds(day, self._how.zone)
            self._count(source.facts_of(session, changed, start, end), start, changed)

    def _count(
        self, facts: Iterable[CallFacts], day_start: datetime, changed: Collection[int] = ()
    ) -> None:
        """Count these facts, which are all of each call that is in them; what the `changed` ones
        counted for before is forgotten.
        """
        before = {cell for call in changed for cell in self._forget(call)}
        calls: dict[int, list[CallFacts]] = {}
        for each in facts:
            calls.setdefault(source.id_of(each) or BROUGHT, []).append(each)
        for call, of_call in calls.items():
            counted = self._calls[call] = count(of_call, day_start, self._how.rules)
            for cell in counted:
                self._members.setdefault(cell, set()).add(call)
        touched = before.union(*(self._calls[call] for call in calls))
        cells = {cell: found for cell, found in self._cells.items() if cell not in touched}
        for cell in touched:
            if members := self._members.get(cell):
                cells[cell] = total(self._calls[call][cell] for call in members)
        self._cells = cells

    def _forget(self, call: int) -> Iterable[Cell]:
        counted = self._calls.pop(call, {})
        for cell in counted:
            self._members[cell].discard(call)
        return counted


def by_queue(cells: Mapping[Cell, Counters]) -> dict[str, Counters]:
    """The counters of each queue."""
    queues: dict[str, list[Counters]] = {}
    for cell, counters in cells.items():
        queues.setdefault(cell.queue, []).append(counters)
    return {queue: total(of) for queue, of in queues.items()}
