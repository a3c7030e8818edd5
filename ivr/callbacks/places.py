"""The place of a callback in the line: a stay in the waiting room that outlives its call."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from agents import routing
from agents.config import Agents
from hotline.db import insert_ignore
from hotline.floor import Floor
from ivr import calls
from ivr.callbacks import rows
from ivr.callbacks.rows import Asked, CallbackFacts
from ivr.callbacks.rules import Missed
from ivr.config import Ivr
from ivr.events import STILL_WAITS, Departed, Kind, Waits
from ivr.models import Call, Callback, Waiting
from ivr.room import offers, waiting
from ivr.room.waiting import Stay


def lock(session: Session, call_id: int) -> None:
    """Take the call's row: its end is written before or after, not meanwhile (PostgreSQL)."""
    session.execute(sa.update(Call).where(Call.id == call_id).values(checked_at=Call.checked_at))


def keep(session: Session, stay: Stay, callback_id: int) -> int | None:
    """Keep a place beyond the end of the call; None when the caller has lost it already."""
    return session.execute(
        sa.update(Waiting)
        .where(
            Waiting.id == stay.id,
            Waiting.callback_id.is_(None),
            Waiting.state.in_((*STILL_WAITS, Waits.UNSEEN)),
        )
        .values(
            callback_id=callback_id,
            state=sa.case(
                (Waiting.state == Waits.UNSEEN.value, Waits.WAITING.value), else_=Waiting.state
            ),
            left_at=None,
            left_by=None,
        )
        .returning(Waiting.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()


def take_place(
    floor: Floor,
    session: Session,
    asked: Asked,
    callback_id: int,
    entered_at: datetime,
    now: datetime,
) -> int:
    """A place of its own, for who had none. Its visit is minus the callback: no step has that."""
    precedence, ranked_at = _ranked(floor, asked.queue, asked.node, entered_at)
    waiting_id = insert_ignore(
        session,
        Waiting,
        {
            "call_id": asked.call_id,
            "visit": -callback_id,
            "queue": asked.queue,
            "language": asked.language,
            "node": asked.node,
            "precedence": precedence,
            "ranked_at": ranked_at,
            "entered_at": entered_at,
            "state": Waits.PAUSED.value,
            "last_seen_at": now,
            "callback_id": callback_id,
        },
    )
    assert waiting_id is not None, "a callback has one place of its own"
    return int(waiting_id)


def _ranked(floor: Floor, queue: str, node: str, since: datetime) -> routing.Rank:
    config = floor.section(Ivr)
    return routing.rank(config.priority_at(queue, node), since, floor.section(Agents).policy)


def rank(floor: Floor, session: Session, found: CallbackFacts, since: datetime) -> None:
    """Give the place the rank of somebody who has waited since that moment."""
    stay = _place_of(session, found)
    precedence, ranked_at = _ranked(floor, stay.queue, stay.node, since)
    ranks = {"precedence": precedence, "ranked_at": ranked_at, "entered_at": since}
    waiting.swap(session, stay.id, (Waits.PAUSED, Waits.LEFT), **ranks)


def into_line(floor: Floor, session: Session, found: CallbackFacts, now: datetime) -> None:
    move_stay(session, found, (Waits.PAUSED, Waits.LEFT), Waits.WAITING)
    said = {"callback": found.id, "queue": found.queue, "language": found.language}
    calls.tell(session, found.call_id, Kind.CALLBACK_QUEUED, said, now=now)
    offers.look_later(floor, session, found.skill)


def out_of_line(session: Session, found: CallbackFacts, now: datetime) -> None:
    """Keep the place for later; whoever is just being offered it is released."""
    if move_stay(session, found, STILL_WAITS, Waits.PAUSED):
        _withdraw(session, found, now)


def drop(session: Session, found: CallbackFacts, now: datetime) -> None:
    """Give the place up, with whatever was under way for it."""
    attempt = rows.open_attempt_of(session, found.id)
    if attempt is not None:
        rows.end_attempt(session, attempt, Missed.WITHDRAWN, now)
        rows.tell_tried(session, found, attempt, Missed.WITHDRAWN, now)
    came = (*STILL_WAITS, Waits.PAUSED)
    if move_stay(session, found, came, Waits.LEFT, Departed.LEFT, now):
        _withdraw(session, found, now)


def _withdraw(session: Session, found: CallbackFacts, now: datetime) -> None:
    offer = offers.live_of(session, found.call_id)
    if offer is not None and offer.waiting_id == found.waiting_id:
        offers.withdraw(session, offer, now=now)


def leave(session: Session, waiting_id: int, now: datetime) -> None:
    """The caller's own place, when the promise has an older one."""
    left = {"state": Waits.LEFT.value, "left_at": now, "left_by": Departed.LEFT.value}
    stay = waiting.swap(session, waiting_id, (*STILL_WAITS, Waits.UNSEEN), **left)
    if stay is None:
        return
    offer = offers.live_of(session, stay.call_id)
    if offer is not None and offer.waiting_id == waiting_id:
        offers.withdraw(session, offer, now=now)


def move_stay(
    session: Session,
    found: CallbackFacts,
    came: tuple[Waits, ...],
    to: Waits,
    by: Departed | None = None,
    now: datetime | None = None,
) -> bool:
    values = {"state": to.value, "left_by": by.value if by else None, "left_at": now}
    waiting_id = _place_of(session, found).id
    return waiting.swap(session, waiting_id, came, **values) is not None


def _place_of(session: Session, found: CallbackFacts) -> Stay:
    known = found.waiting_id
    if known is None:
        known = session.execute(
            sa.select(Callback.waiting_id).where(Callback.id == found.id)
        ).scalar_one()
    assert known is not None, "a callback without a place"
    return waiting.by_id(session, known)
