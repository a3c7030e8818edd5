"""Where the reports get their facts: the caller's side, through its service.

Kept apart so that everything else in this room knows only `metrics.CallFacts`.
"""

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ivr import service as ivr
from reports.metrics import CallFacts


def facts(session: Session, start: datetime, end: datetime) -> Iterator[CallFacts]:
    """One for every visit to a queue that began in [start, end) (UTC), and for every call without
    one that arrived in it.
    """
    if session.get_bind().dialect.name == "postgresql":
        # A stream is planned for its first rows (a tenth of them) unless told that all are wanted:
        # thirty times slower over one day of a year.
        session.execute(sa.text("SET LOCAL cursor_tuple_fraction = 1"))
    return ivr.visits(session, start, end)


def touched_since(session: Session, event_id: int) -> tuple[set[datetime], int]:
    """The deciding moments of all calls with an event newer than `event_id`, and the newest
    event's id.
    """
    return ivr.touched_since(session, event_id)


def newest_event(session: Session) -> int:
    """The id of the newest event of any call; 0 before the first."""
    return ivr.newest_event(session)
