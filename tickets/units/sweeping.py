"""What runs by itself: no crew's silence goes unseen, and no place is kept longer than was said."""

from datetime import datetime

from hotline.floor import Floor
from tickets.config import Tickets
from tickets.units import service

#: In seconds: three minutes are the shortest clock of the shipped city.
EVERY = 10.0
POSITIONS_EVERY = 600.0


def sweep(floor: Floor, now: datetime) -> None:
    """Write down every job that nobody has answered in time."""
    with floor.db.read() as session:
        if session.scalar(service.late(now).limit(1)) is None:
            return  # the usual case: without news no write lock is taken
    with floor.db.write() as session:
        service.sweep(session, floor.section(Tickets), now)


def forget(floor: Floor, now: datetime) -> None:
    """Delete the places of units that are too old."""
    with floor.db.write() as session:
        service.forget_positions(session, floor.section(Tickets), now)
