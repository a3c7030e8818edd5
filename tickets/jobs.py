"""What runs by itself: no clock runs out unseen."""

from collections.abc import Callable
from datetime import date, datetime, time
from functools import partial

from hotline import clock
from hotline.floor import Floor
from hotline.jobs import Every, Job
from hotline.schedule import Nightly
from tickets import attempts, attendance, attention, sms, sweeps, telling
from tickets.categories import retraining
from tickets.config import Tickets
from tickets.facts import SYSTEM
from tickets.field import service as field
from tickets.files import sending
from tickets.incidents import jobs as incidents
from tickets.life import forwarding
from tickets.matters.service import SETTLED
from tickets.units import service as units
from tickets.units import sweeping as units_sweeping
from tickets.writing import TOLD

#: In seconds: what is noticed is noticed within a minute.
EVERY = 20.0
#: After an outage much has come at once: so many batches in a row, each a unit of work of its own.
BATCHES = 5
SMS_EVERY = 5.0
ATTEMPTS_EVERY = 3600.0


def sweep_clocks(floor: Floor, now: datetime) -> None:
    """Write down every clock that has run out since the last sweep, and what follows from it."""
    with floor.db.read() as session:
        if (
            not sweeps.anything(session, now)
            and session.scalar(forwarding.due(now).limit(1)) is None
        ):
            return  # the usual case: without news no write lock is taken
    for _ in range(BATCHES):
        with floor.db.write() as session:
            more = sweeps.sweep(session, floor.section(Tickets), now)
            forwarding.sweep(session, now)
        if not more:
            return


def forget_attempts(floor: Floor, now: datetime) -> None:
    """Delete wrong proofs that are too old to matter."""
    with floor.db.write() as session:
        attempts.forget(session, now)


def forget_field_keys(floor: Floor, now: datetime) -> None:
    """Delete the keys of what crews' telephones sent that none sends again."""
    with floor.db.write() as session:
        field.forget(session, floor.section(Tickets), now)


def listen(floor: Floor) -> None:
    """Have a ticket's citizen told of what happens to it, and bursts found."""
    floor.db.listen(TOLD, partial(sms.on_event, floor))
    floor.db.listen(SETTLED, partial(sms.welcome, floor))
    floor.db.listen(TOLD, units.on_event)
    floor.db.listen(TOLD, partial(incidents.on_event, floor))


def sweep_unattended(floor: Floor, now: datetime) -> None:
    """Tell of divisions that nobody answers for."""
    config = floor.section(Tickets)
    with floor.db.read() as session:
        if not attendance.on(session, config, now).unattended():
            return
    with floor.db.write() as session:
        telling.unattended(session, config, now)


JOBS: dict[str, Job] = {
    sms.SEND: sms.deliver,
    incidents.DETECT: incidents.detect,
    incidents.CARRY_ON: incidents.carry_on,
}
SWEEPS: dict[str, Callable[[Floor, datetime], None]] = {
    "tickets.clocks": Every(EVERY, sweep_clocks),
    "tickets.sms": Every(SMS_EVERY, sms.sweep),
    "tickets.attempts": Every(ATTEMPTS_EVERY, forget_attempts),
    "tickets.field": Every(ATTEMPTS_EVERY, forget_field_keys),
    "tickets.files": Every(EVERY, sending.sweep),
    "tickets.unattended": Every(300, sweep_unattended),
    "tickets.units": Every(units_sweeping.EVERY, units_sweeping.sweep),
    "tickets.fleet": Every(units_sweeping.KEEP_EVERY, units_sweeping.keep),
    "tickets.incidents": Every(incidents.EVERY, incidents.sweep),
    "tickets.incident_works": Every(10, incidents.sweep_works),
}


#: When the list of the day before is made, in the city's time.
NIGHT_AT = time(0, 5)
#: When files and their bytes are compared: nobody else needs the disk then.
FILES_AT = time(3, 40)


def keep_attention(floor: Floor, day: date) -> str:
    """Keep the list of what needed attention when `day` was over."""
    with floor.db.write() as session:
        config, now = floor.section(Tickets), clock.now()
        kept = attention.keep(session, config, day, now)
        if kept:
            telling.night(session, config, day, attention.counts(session, now), now)
    return "kept" if kept else "there already"


#: When the model of categories learns: after the statistics, in the quiet of the night.
RETRAIN_AT = time(3, 10)


def retrain(floor: Floor, _day: date) -> str:
    """Learn from the city's own tickets, and use what was learned if it is better."""
    tickets = floor.section(Tickets)
    return str(retraining.retrain(floor.db, tickets, by=SYSTEM, now=clock.now()))


def nightly(_: Floor) -> dict[str, Nightly]:
    """What is due each night, and when (the city's local time)."""
    return {
        "tickets.attention": Nightly(at=NIGHT_AT, run=keep_attention),
        "tickets.files": Nightly(at=FILES_AT, run=sending.check),
        retraining.NIGHTLY: Nightly(at=RETRAIN_AT, run=retrain),
    }
