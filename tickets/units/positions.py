"""Where units are: the last place only, for as long as the city keeps it."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.db import insert_ignore
from tickets.config import Tickets
from tickets.errors import RoleMayNot
from tickets.facts import Actor
from tickets.places.rules import Pin
from tickets.units.errors import NoSuchUnit, NotYourUnit
from tickets.units.models import Unit, UnitPosition
from tickets.units.rights import was_on
from tickets.workflow import Role


def report_position(
    session: Session,
    unit: str,
    pin: Pin,
    *,
    accuracy_m: float | None,
    by: Actor,
    at: datetime,
    now: datetime,
) -> bool:
    """Keep where a unit is, as the telephone of one of its crew says; False: a later one is known.

    Raises `NoSuchUnit`, `NotYourUnit` for who is not on it, `RoleMayNot`.
    """
    if by.role is not Role.CREW:
        raise RoleMayNot
    unit_id = session.scalar(sa.select(Unit.id).where(Unit.code == unit))
    if unit_id is None:
        raise NoSuchUnit(unit=unit)
    at = min(at, now)
    if not was_on(session, unit_id, by.username, at):
        raise NotYourUnit
    values: dict[str, Any] = {
        "latitude": pin.latitude,
        "longitude": pin.longitude,
        "accuracy_m": accuracy_m,
        "at": at,
        "by": by.username,
    }
    row = {"unit_id": unit_id, **values}
    if insert_ignore(session, UnitPosition, row) is not None:
        return True
    newer = session.execute(
        sa.update(UnitPosition)
        .where(UnitPosition.unit_id == unit_id, UnitPosition.at < at)
        .values(**values)
        .returning(UnitPosition.unit_id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    return newer is not None


def old_positions(config: Tickets, now: datetime) -> sa.Select[int]:
    """Select the units whose place is older than the city keeps it."""
    before = now - timedelta(hours=config.units.keep_position_hours)
    return sa.select(UnitPosition.unit_id).where(UnitPosition.at < before)


def forget_positions(session: Session, config: Tickets, now: datetime) -> int:
    """Delete the places that are older than the city keeps them; how many there were."""
    gone = session.scalars(
        sa.delete(UnitPosition)
        .where(UnitPosition.unit_id.in_(old_positions(config, now)))
        .returning(UnitPosition.unit_id)
        .execution_options(synchronize_session=False)
    ).all()
    return len(gone)
