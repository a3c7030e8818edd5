"""What looks for bursts by itself: after each change of a ticket, and every now and then."""

import logging
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from hotline import clock
from hotline.db import after_commit
from hotline.floor import Floor
from hotline.jobs import SOON
from tickets.config import Tickets
from tickets.incidents import service, works
from tickets.models import EventKind, TicketEvent

log = logging.getLogger(__name__)

#: The names of the jobs.
DETECT, CARRY_ON = "tickets.find_incidents", "tickets.incident_work"
#: In seconds: what an announcement has lost is found by then.
EVERY = 30.0
#: What says something new of what a ticket is, or where.
_TELLING = frozenset(
    {
        EventKind.MADE,
        EventKind.CALL,
        EventKind.COMPLETED,
        EventKind.ROUTED,
        EventKind.PLACED,
        EventKind.UNMERGED,
    }
)
_CHANGED = "tickets.incidents.changed"


def on_event(floor: Floor, session: Session, *, event: TicketEvent) -> None:
    """Have a ticket looked at once what says something of it is committed; of a unit that comes to
    one of an incident, everybody is told who came with that. The worker is the one of slow things:
    a burst is found a moment later, and no call waits for it.
    """
    work = works.unit_comes(session, event)
    if work is not None:
        after_commit(session, partial(_carry_on_after, floor, work))
    if event.kind not in _TELLING or not floor.section(Tickets).incidents.on:
        return
    changed: set[int] | None = session.info.get(_CHANGED)
    if changed is None:
        session.info[_CHANGED] = changed = set()
        after_commit(session, partial(_hand_over, floor, changed))
    changed.add(event.ticket_id)


def _hand_over(floor: Floor, changed: set[int]) -> None:
    floor.jobs.enqueue(DETECT, sorted(changed), queue=SOON)


def _carry_on_after(floor: Floor, work: int) -> None:
    floor.jobs.enqueue(CARRY_ON, work, queue=SOON)


def detect(floor: Floor, ticket_ids: list[int]) -> None:
    """Look whether these tickets, with what came lately, are a burst, or part of an incident."""
    _detect(floor, clock.now(), ticket_ids)


def sweep(floor: Floor, now: datetime) -> None:
    """The same for what came lately, whoever was told of it."""
    _detect(floor, now, [])


def _detect(floor: Floor, now: datetime, ticket_ids: list[int]) -> None:
    config = floor.section(Tickets)
    with floor.db.read() as session:
        if not service.look(session, config, now, also=ticket_ids):
            return  # the usual case: nobody is held up
    with floor.db.write() as session:
        service.detect(session, config, now, also=ticket_ids)


def carry_on(floor: Floor, work_id: int) -> None:
    """Do what is left of a work."""
    works.carry_on(floor, work_id, clock.now())


def sweep_works(floor: Floor, now: datetime) -> None:
    """Carry on what was cut off."""
    before = now - timedelta(seconds=works.HEAD_START * clock.speed())
    with floor.db.read() as session:
        found = works.to_do(session, before)
    for work_id in found:
        works.carry_on(floor, work_id, now, steps=works.AT_ONCE)
