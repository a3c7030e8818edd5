"""An agent's telephone that left in mid-conversation: the row, each change by compare-and-set.

What follows from a change is in `ivr.room.lost`; here is what `ivr.room.offers` needs too. The row
comes after that of the offer and before the agent's (see `ivr.room.offers` for the others).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.db import insert_ignore
from ivr.errors import NoSuchOffer
from ivr.models import Absence


class Ended(StrEnum):
    """How an absence ended."""

    BACK = "back"  # the two talk on
    GONE = "gone"  # the time was over
    OVER = "over"  # the conversation ended otherwise: the caller hung up, or the agent did


@dataclass(frozen=True, slots=True)
class AbsenceFacts:
    """An absence as it is now; moments are aware. `tries`: how often the agent was rung."""

    id: int
    offer_id: int
    left_leg: str
    lost_at: datetime
    back_before: datetime
    tries: int
    rung_at: datetime | None
    leg_sid: str | None
    answered_at: datetime | None
    ended_at: datetime | None
    result: str | None


def begin(
    session: Session,
    offer_id: int,
    leg_sid: str,
    back_before: datetime,
    *,
    now: datetime,
    rung_at: datetime | None,
) -> int | None:
    """The leg has left; the new row's id, or None when that is known. `rung_at`: now, when the
    agent is rung at once.
    """
    row = {
        "offer_id": offer_id,
        "left_leg": leg_sid,
        "lost_at": now,
        "back_before": back_before,
        "tries": 1,
        "rung_at": rung_at,
    }
    made: int | None = insert_ignore(session, Absence, row)
    return made


def facts(session: Session, absence_id: int) -> AbsenceFacts:
    """An absence; raises `NoSuchOffer`."""
    row = session.execute(_FACTS.where(Absence.id == absence_id)).one_or_none()
    if row is None:
        raise NoSuchOffer(f"absence {absence_id}")
    return AbsenceFacts(*row)


def open_of(session: Session, offer_id: int) -> AbsenceFacts | None:
    """The absence that lasts, of this conversation, or None."""
    row = session.execute(_FACTS.where(Absence.offer_id == offer_id, _OPEN)).one_or_none()
    return None if row is None else AbsenceFacts(*row)


def is_gone(session: Session, offer_id: int) -> bool:
    """Whether the agent of this conversation was away for longer than it was kept for them."""
    gone = sa.select(Absence.id).where(
        Absence.offer_id == offer_id, Absence.result == Ended.GONE.value
    )
    return session.execute(gone.limit(1)).one_or_none() is not None


def overdue(session: Session, now: datetime, limit: int) -> list[AbsenceFacts]:
    """Absences whose time is over."""
    late = _FACTS.where(_OPEN, Absence.back_before <= now).order_by(Absence.id).limit(limit)
    return [AbsenceFacts(*row) for row in session.execute(late)]


def to_ring(session: Session, silent_since: datetime, limit: int) -> list[AbsenceFacts]:
    """Absences whose agent is not being rung: the last try was in vain, or nothing was heard of it
    (no call of it is known) since `silent_since`.
    """
    unheard = sa.and_(Absence.leg_sid.is_(None), Absence.rung_at < silent_since)
    due = _FACTS.where(
        _OPEN, Absence.answered_at.is_(None), sa.or_(Absence.rung_at.is_(None), unheard)
    )
    return [AbsenceFacts(*row) for row in session.execute(due.order_by(Absence.id).limit(limit))]


def swap(session: Session, seen: AbsenceFacts, **to: Any) -> bool:
    """Change a row that lasts and is as it was seen; False when it has moved on."""
    row = session.execute(
        sa.update(Absence)
        .where(
            Absence.id == seen.id,
            _OPEN,
            Absence.tries == seen.tries,
            _same(Absence.leg_sid, seen.leg_sid),
            _same(Absence.answered_at, seen.answered_at),
        )
        .values(**to)
        .returning(Absence.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return row is not None


def end(session: Session, offer_id: int, result: Ended, *, now: datetime) -> AbsenceFacts | None:
    """The absence of this conversation is over, if there is one: as it was."""
    before = open_of(session, offer_id)
    if before is None:
        return None
    row = session.execute(
        sa.update(Absence)
        .where(Absence.id == before.id, _OPEN)
        .values(ended_at=now, result=result.value)
        .returning(*_COLUMNS)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return None if row is None else AbsenceFacts(*row)


def _same(column: Any, value: object) -> sa.ColumnElement[bool]:
    found: sa.ColumnElement[bool] = column.is_(None) if value is None else column == value
    return found


_COLUMNS = tuple(getattr(Absence, name) for name in AbsenceFacts.__slots__)
_FACTS = sa.select(*_COLUMNS)
#: Spelled as text so that both databases see that the partial index serves it.
_OPEN = sa.text("absences.ended_at IS NULL")
