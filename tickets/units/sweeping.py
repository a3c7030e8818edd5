"""What runs by itself: no crew's silence goes unseen, and no place is kept longer than was said."""

from datetime import datetime

from hotline.floor import Floor
from tickets.config import Tickets
from tickets.units import fleet, service

#: In seconds: three minutes are the shortest clock of the shipped city.
EVERY = 10.0
KEEP_EVERY = 600.0


def sweep(floor: Floor, now: datetime) -> None:
    """Write down every job that nobody has answered in time."""
    with floor.db.read() as session:
        if session.scalar(service.late(now).limit(1)) is None:
            return  # the usual case: without news no write lock is taken
    with floor.db.write() as session:
        service.sweep(session, floor.section(Tickets), now)


def keep(floor: Floor, now: datetime) -> None:
    """Make the units that config.yaml names and that are not there yet; delete places of units
    that are too old.
    """
    config = floor.section(Tickets)
    with floor.db.read() as session:
        missing = fleet.missing(session, config)
        old = session.scalar(service.old_positions(config, now).limit(1)) is not None
    if not (missing or old):
        return
    with floor.db.write() as session:
        fleet.seed(session, config)
        service.forget_positions(session, config, now)
