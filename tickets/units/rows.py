"""The rows of units and jobs as their verbs hold and change them.

Every verb takes the ticket's row first, then the unit's, then the job's.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.db import insert_ignore
from tickets import facts
from tickets.facts import Actor, TicketFacts
from tickets.models import EventKind, Ticket
from tickets.units.errors import BadStep, KeyUsed, NoSuchDispatch, NoSuchUnit, OffDuty
from tickets.units.models import Dispatch, DispatchEvent, Unit, UnitCrew
from tickets.units.rules import Act, State
from tickets.writing import locked, tell

#: Letters of a key that a telephone gives.
LONGEST_KEY = 64


def locked_unit(session: Session, code: str) -> Unit:
    """The row of a unit with a crew, which nobody else gives a job or takes its crew off now."""
    row = session.scalars(
        sa.select(Unit)
        .where(Unit.code == code)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NoSuchUnit(unit=code)
    crew = sa.select(UnitCrew.id).where(UnitCrew.unit_id == row.id, UnitCrew.until_at.is_(None))
    if not row.active or session.scalar(crew.limit(1)) is None:
        raise OffDuty(unit=row.call_sign)
    return row


def locked_job(session: Session, dispatch_id: int) -> tuple[Dispatch, TicketFacts]:
    known = session.get(Dispatch, dispatch_id)
    if known is None:
        raise NoSuchDispatch
    ticket = locked(session, facts.of_ticket(session.get_one(Ticket, known.ticket_id)))
    row = session.get_one(Dispatch, dispatch_id, populate_existing=True)
    return row, ticket


def put_in_order(session: Session, ids: Sequence[int | None]) -> None:
    for place, dispatch_id in enumerate(ids):
        if dispatch_id is not None:
            session.execute(
                sa.update(Dispatch)
                .where(Dispatch.id == dispatch_id, Dispatch.place != place)
                .values(place=place)
                .execution_options(synchronize_session=False)
            )


def about_job(row: Unit, made: Dispatch) -> dict[str, Any]:
    return {
        "dispatch": made.id,
        "unit": row.code,
        "call_sign": row.call_sign,
        "title": dict(row.title),
    }


def last_moment(row: Dispatch) -> datetime:
    moments = (row.sent_at, row.acknowledged_at, row.on_way_at, row.here_at)
    return max(each for each in moments if each is not None)


def set_state(session: Session, row: Dispatch, from_: State, values: dict[str, Any]) -> None:
    changed = session.execute(
        sa.update(Dispatch)
        .where(Dispatch.id == row.id, Dispatch.state == from_.value)
        .values(**values)
        .returning(Dispatch.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if changed is None:
        raise BadStep
    session.refresh(row)


def said_before(
    session: Session, by: Actor, key: str | None, act: Act, dispatch_id: int | None = None
) -> DispatchEvent | None:
    if key is None:
        return None
    found = session.scalar(
        sa.select(DispatchEvent).where(
            DispatchEvent.who == by.username, DispatchEvent.key == key[:LONGEST_KEY]
        )
    )
    if found is None:
        return None
    if found.kind != act or dispatch_id not in (None, found.dispatch_id):
        raise KeyUsed
    return found


def write_down(
    session: Session,
    row: Dispatch,
    act: Act,
    by: Actor,
    *,
    at: datetime,
    now: datetime,
    key: str | None,
    **data: Any,
) -> None:
    values = {
        "dispatch_id": row.id,
        "at": at,
        "heard_at": now,
        "who": by.username,
        "kind": act.value,
        "key": None if key is None else key[:LONGEST_KEY],
        "data": {"state": row.state, **data},
    }
    if insert_ignore(session, DispatchEvent, values) is None:
        raise KeyUsed


def tell_of(
    session: Session,
    row: Dispatch,
    kind: EventKind,
    by: Actor,
    now: datetime,
    said: dict[str, Any],
) -> None:
    about = about_job(session.get_one(Unit, row.unit_id), row)
    tell(session, row.ticket_id, kind, by.username, now, about | said)
