"""What runs by itself: no deadline passes unseen."""

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from hotline.floor import Floor
from hotline.jobs import Job
from tickets import service
from tickets.models import IS_OPEN, Ticket


def unseen(now: datetime) -> sa.Select[int]:
    """Select one ticket whose deadline has passed without that being written down."""
    passed = (IS_OPEN, Ticket.overdue_at.is_(None), Ticket.due_at < now)
    return sa.select(Ticket.id).where(*passed).limit(1)


def sweep_overdue(floor: Floor, now: datetime) -> None:
    """Write down every deadline that has passed since the last sweep."""
    with floor.db.read() as session:
        if session.scalar(unseen(now)) is None:
            return  # the usual case: a second without news takes no write lock
    with floor.db.write() as session:
        service.note_overdue(session, now)


JOBS: dict[str, Job] = {}
SWEEPS: dict[str, Callable[[Floor, datetime], None]] = {"tickets.overdue": sweep_overdue}
