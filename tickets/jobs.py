"""What runs by itself: no clock runs out unseen."""

from collections.abc import Callable
from datetime import date, datetime, time

from hotline import clock
from hotline.floor import Floor
from hotline.jobs import Every, Job
from hotline.schedule import Nightly
from tickets import attention, sweeps
from tickets.config import Tickets
from tickets.facts import SYSTEM

#: In seconds: what is noticed is noticed within a minute.
EVERY = 20.0


def sweep_clocks(floor: Floor, now: datetime) -> None:
    """Write down every clock that has run out since the last sweep, and what follows from it."""
    with floor.db.read() as session:
        if not sweeps.anything(session, now):
            return  # the usual case: without news no write lock is taken
    with floor.db.write() as session:
        sweeps.sweep(session, floor.section(Tickets), now)


JOBS: dict[str, Job] = {}
SWEEPS: dict[str, Callable[[Floor, datetime], None]] = {
    "tickets.clocks": Every(EVERY, sweep_clocks)
}


#: When the list of the day before is made, in the city's time.
NIGHT_AT = time(0, 5)


def keep_attention(floor: Floor, day: date) -> str:
    """Keep the list of what needed attention when `day` was over."""
    with floor.db.write() as session:
        kept = attention.keep(session, floor.section(Tickets), day, clock.now())
    return "kept" if kept else "there already"


#: When the model of categories learns: after the statistics, in the quiet of the night.
RETRAIN_AT = time(3, 10)


def retrain(floor: Floor, _day: date) -> str:
    """Learn from the city's own tickets, and use what was learned if it is better."""
    from tickets.categories import retraining

    tickets = floor.section(Tickets)
    return str(retraining.retrain(floor.db, tickets, by=SYSTEM, now=clock.now()))


def nightly(_: Floor) -> dict[str, Nightly]:
    """What is due each night, and when (the city's local time)."""
    return {
        "tickets.attention": Nightly(at=NIGHT_AT, run=keep_attention),
        "categories.retrain": Nightly(at=RETRAIN_AT, run=retrain),
    }
