"""Where the reports get their facts: the caller's side, through its service, and the calls of
years past that were imported.

Kept apart so that everything else in this room knows only `metrics.CallFacts`.
"""

from collections.abc import Iterator
from datetime import date, datetime
from itertools import chain

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ivr import service as ivr
from reports.history import service as history
from reports.metrics import CallFacts


def facts(session: Session, start: datetime, end: datetime) -> Iterator[CallFacts]:
    """One for every visit to a queue that began in [start, end) (UTC), and for every call without
    one that arrived in it.
    """
    if session.get_bind().dialect.name == "postgresql":
        # A stream is planned for its first rows (a tenth of them) unless told that all are wanted:
        # thirty times slower over one day of a year.
        session.execute(sa.text("SET LOCAL cursor_tuple_fraction = 1"))
    return chain(ivr.visits(session, start, end), history.facts(session, start, end))


def days_to_count(session: Session, first: date = date.min, last: date = date.max) -> set[date]:
    """The days from `first` to `last` (both included) that an import has changed since they were
    counted.
    """
    return history.days_to_count(session, first, last)


def imported_from(session: Session, start: datetime, end: datetime) -> list[str]:
    """The old exchanges of which calls were imported from a time that touches [start, end)."""
    return history.sources(session, start, end)


def counting(session: Session, day: date) -> None:
    """Say that a day is being counted, before its facts are read."""
    history.counting(session, day)


def touched_since(session: Session, event_id: int) -> tuple[set[datetime], int]:
    """The deciding moments of all calls with an event newer than `event_id`, and the newest
    event's id.
    """
    return ivr.touched_since(session, event_id)


def newest_event(session: Session) -> int:
    """The id of the newest event of any call; 0 before the first."""
    return ivr.newest_event(session)
