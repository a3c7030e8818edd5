"""The acknowledgement clock: jobs that no crew has answered in time."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tickets.config import Tickets
from tickets.facts import SYSTEM, Actor
from tickets.models import EventKind
from tickets.units import telling
from tickets.units.models import Dispatch
from tickets.units.reading import job, suggestions, unit
from tickets.units.rows import locked_job, tell_of
from tickets.units.rules import State
from tickets.workflow import Role
from tickets.writing import written

BATCH = 100


def late(now: datetime) -> sa.Select[int]:
    """Select the jobs that no crew has answered in time and of which nobody has been told."""
    return (
        sa.select(Dispatch.id)
        .where(
            Dispatch.state == State.SENT.value,
            Dispatch.acknowledge_missed_at.is_(None),
            Dispatch.acknowledge_due_at < now,
        )
        .order_by(Dispatch.acknowledge_due_at)
    )


def sweep(session: Session, config: Tickets, now: datetime) -> int:
    """Write down, once, each job that nobody has answered in time, and tell who sends units, with
    who could go instead; how many there were.
    """
    ids = session.scalars(late(now).limit(BATCH)).all()
    return sum(_miss(session, config, dispatch_id, now) for dispatch_id in ids)


def _miss(session: Session, config: Tickets, dispatch_id: int, now: datetime) -> bool:
    row, ticket = locked_job(session, dispatch_id)
    won = session.execute(
        sa.update(Dispatch)
        .where(Dispatch.id == row.id, Dispatch.id.in_(late(now)))
        .values(acknowledge_missed_at=now)
        .returning(Dispatch.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if won is None:
        return False
    session.refresh(row)
    found = suggestions(session, config, ticket, now)
    code = next((each.code for each in found if each.is_first_choice), None)
    other = None if code is None else unit(session, code).call_sign
    said = {"due_at": written(row.acknowledge_due_at), "instead": other}
    tell_of(session, row, EventKind.UNIT_LATE, Actor(SYSTEM, Role.SYSTEM), now, said)
    telling.late(session, job(session, row.id), ticket, instead=other, now=now)
    return True
