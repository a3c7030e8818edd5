"""What runs by itself: no deadline passes unseen."""

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from hotline.floor import Floor
from hotline.jobs import Job
from tickets import service
from tickets.models import Ticket
from tickets.workflow import OPEN


def sweep_overdue(floor: Floor, now: datetime) -> None:
    """Write down every deadline that has passed since the last sweep."""
    late = (
        sa.select(Ticket.id)
        .where(Ticket.state.in_(OPEN), Ticket.overdue_at.is_(None), Ticket.due_at < now)
        .limit(1)
    )
    with floor.db.read() as session:
        if session.scalar(late) is None:
            return  # the usual case: a second without news takes no write lock
    with floor.db.write() as session:
        service.note_overdue(session, now)


JOBS: dict[str, Job] = {}
SWEEPS: dict[str, Callable[[Floor, datetime], None]] = {"tickets.overdue": sweep_overdue}
