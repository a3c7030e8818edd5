"""What runs by itself: no clock runs out unseen."""

from collections.abc import Callable
from datetime import date, datetime, time

from hotline import clock
from hotline.floor import Floor
from hotline.jobs import Every, Job
from hotline.schedule import Nightly
from tickets import attendance, attention, sweeps, telling
from tickets.config import Tickets

#: In seconds: what is noticed is noticed within a minute.
EVERY = 20.0


def sweep_clocks(floor: Floor, now: datetime) -> None:
    """Write down every clock that has run out since the last sweep, and what follows from it."""
    with floor.db.read() as session:
        if not sweeps.anything(session, now):
            return  # the usual case: without news no write lock is taken
    with floor.db.write() as session:
        sweeps.sweep(session, floor.section(Tickets), now)


def sweep_unattended(floor: Floor, now: datetime) -> None:
    """Tell of divisions that nobody answers for."""
    config = floor.section(Tickets)
    with floor.db.read() as session:
        if not attendance.on(session, config, now).unattended():
            return
    with floor.db.write() as session:
        telling.unattended(session, config, now)


JOBS: dict[str, Job] = {}
SWEEPS: dict[str, Callable[[Floor, datetime], None]] = {
    "tickets.clocks": Every(EVERY, sweep_clocks),
    "tickets.unattended": Every(300, sweep_unattended),
}


#: When the list of the day before is made, in the city's time.
NIGHT_AT = time(0, 5)


def keep_attention(floor: Floor, day: date) -> str:
    """Keep the list of what needed attention when `day` was over."""
    with floor.db.write() as session:
        config, now = floor.section(Tickets), clock.now()
        kept = attention.keep(session, config, day, now)
        if kept:
            telling.night(session, config, day, attention.counts(session, now), now)
    return "kept" if kept else "there already"


def nightly(_: Floor) -> dict[str, Nightly]:
    """What is due each night, and when (the city's local time)."""
    return {"tickets.attention": Nightly(at=NIGHT_AT, run=keep_attention)}
