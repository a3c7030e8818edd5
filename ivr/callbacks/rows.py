"""The rows of callbacks and of attempts: what they say, and their changes by compare-and-set."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import outbox
from hotline.floor import Floor
from ivr import calls
from ivr.callbacks.rules import MOVES, Hours, Missed, Move, State
from ivr.config import Ivr
from ivr.errors import NoSuchCallback
from ivr.events import Kind
from ivr.models import Callback, CallbackAttempt, Waiting
from ivr.room.offers import HANG_UP
from ivr.room.waiting import Skill

#: How an attempt ended in which the citizen answered.
ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class CallbackFacts:
    """A callback as it is now; moments are aware. See `models.Callback` for what each says."""

    id: int
    call_id: int
    waiting_id: int | None
    number: str
    queue: str
    language: str
    state: State
    promised_at: datetime
    wanted_at: datetime | None
    awake_at: datetime
    due_at: datetime | None
    tries: int
    asked_by: str | None
    ended_at: datetime | None
    ended_by: str | None
    word: str | None
    #: The agent who calls, and nobody else; None: a promise.
    agent_id: int | None = None

    @property
    def skill(self) -> Skill:
        """What an agent needs for this citizen."""
        return (self.queue, self.language)

    @property
    def asked_for(self) -> datetime:
        """The moment that the citizen wants to be called at."""
        return self.wanted_at or self.promised_at


@dataclass(frozen=True, slots=True)
class AttemptFacts:
    """One time that the citizen was rung."""

    id: int
    callback_id: int
    offer_id: int
    begun_at: datetime
    leg_sid: str | None
    answered_at: datetime | None
    ended_at: datetime | None
    result: str | None
    recorded: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: whom to ring, about what, and when (None: as soon as possible)."""

    call_id: int
    number: str
    queue: str
    language: str
    node: str
    at: datetime | None = None
    #: An agent's username, when it is not the citizen who asks; and when that was last heard.
    by: str | None = None
    heard_at: datetime | None = None


def facts(session: Session, callback_id: int) -> CallbackFacts:
    """A callback; raises `NoSuchCallback`."""
    found = one(session, Callback.id == callback_id)
    if found is None:
        raise NoSuchCallback(f"callback {callback_id}")
    return found


def of_stay(session: Session, waiting_id: int) -> CallbackFacts | None:
    """The callback that keeps this place, or None."""
    kept = sa.select(Waiting.callback_id).where(Waiting.id == waiting_id)
    callback_id = session.execute(kept).scalar_one_or_none()
    return None if callback_id is None else facts(session, callback_id)


def attempt_facts(session: Session, attempt_id: int) -> AttemptFacts:
    """One attempt; raises `NoSuchCallback`."""
    row = session.execute(
        sa.select(*OF_ATTEMPT).where(CallbackAttempt.id == attempt_id)
    ).one_or_none()
    if row is None:
        raise NoSuchCallback(f"attempt {attempt_id}")
    return AttemptFacts(*row)


def recorded(session: Session, offer_id: int) -> bool | None:
    """Whether the conversation with a citizen whom we rang is recorded; None: nobody was rung."""
    asked = sa.select(CallbackAttempt.recorded).where(CallbackAttempt.offer_id == offer_id)
    return session.execute(asked).scalar_one_or_none()


def open_attempt(session: Session, offer_id: int) -> AttemptFacts | None:
    return _attempt(session, CallbackAttempt.offer_id == offer_id)


def open_attempt_of(session: Session, callback_id: int) -> AttemptFacts | None:
    return _attempt(session, CallbackAttempt.callback_id == callback_id)


def _attempt(session: Session, which: sa.ColumnElement[bool]) -> AttemptFacts | None:
    row = session.execute(
        sa.select(*OF_ATTEMPT).where(which, CallbackAttempt.ended_at.is_(None))
    ).one_or_none()
    return None if row is None else AttemptFacts(*row)


def move(session: Session, before: CallbackFacts, move: Move, **values: Any) -> bool:
    """Compare and set: make a move if the table has it and the row is as it was seen."""
    to, came = MOVES[move]
    if before.state not in came:
        return False
    row = session.execute(
        sa.update(Callback)
        .where(Callback.id == before.id, Callback.state == before.state.value)
        .values(state=to.value, **values)
        .returning(Callback.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return row is not None


def rung_otherwise(session: Session, found: CallbackFacts) -> bool:
    """Whether the same telephone is being rung for another row just now: a promise to this number,
    or an agent who calls it about a ticket. The rows of the number are taken, so that two who ask
    at once are told after each other (PostgreSQL).
    """
    of_number = (Callback.number == found.number, Callback.ended_at.is_(None))
    session.execute(
        sa.update(Callback)
        .where(*of_number)
        .values(number=Callback.number)
        .execution_options(synchronize_session=False)
    )
    other = sa.select(Callback.id).where(
        *of_number, Callback.id != found.id, Callback.state == State.DIALLING.value
    )
    return session.scalars(other.limit(1)).one_or_none() is not None


def taken(session: Session, callback_id: int) -> CallbackFacts:
    """The row, held until this unit of work is done (PostgreSQL): what hangs on it is read after
    it. Raises `NoSuchCallback`.
    """
    set_values(session, callback_id, state=Callback.state)
    return facts(session, callback_id)


def set_values(session: Session, callback_id: int, **values: Any) -> None:
    session.execute(sa.update(Callback).where(Callback.id == callback_id).values(**values))


def set_attempt(session: Session, attempt_id: int, **values: Any) -> None:
    session.execute(
        sa.update(CallbackAttempt).where(CallbackAttempt.id == attempt_id).values(**values)
    )


def end_attempt(session: Session, attempt: AttemptFacts, why: Missed, now: datetime) -> None:
    """Over; a telephone that may still be ringing stops."""
    set_attempt(session, attempt.id, ended_at=now, result=why.value)
    if attempt.leg_sid is not None:
        outbox.post(session, HANG_UP, {"sid": attempt.leg_sid}, now=now)


def tell_tried(
    session: Session, found: CallbackFacts, attempt: AttemptFacts, result: str, now: datetime
) -> None:
    tried = {"callback": found.id, "offer": attempt.offer_id, "attempt": found.tries + 1}
    said = tried | {"result": str(result)}
    calls.tell(session, found.call_id, Kind.CALLBACK_TRIED, said, now=now)


def tell_end(
    session: Session, found: CallbackFacts, result: State, by: str | None, now: datetime
) -> None:
    said = {"callback": found.id, "result": result.value, "by": by}
    calls.tell(session, found.call_id, Kind.CALLBACK_ENDED, said, now=now)


def one(session: Session, *which: sa.ColumnElement[bool]) -> CallbackFacts | None:
    row = session.execute(sa.select(*COLUMNS).where(*which)).one_or_none()
    return None if row is None else _facts(row)


def every(session: Session, *which: sa.ColumnElement[bool]) -> list[CallbackFacts]:
    rows = session.execute(sa.select(*COLUMNS).where(*which).order_by(Callback.id))
    return [_facts(row) for row in rows]


def calling_hours(floor: Floor) -> Hours:
    """When citizens may be rung, as the configuration has it."""
    return floor.section(Ivr).callbacks.calling_hours(floor.city.zone)


def _facts(row: Any) -> CallbackFacts:
    named = row._asdict()
    return CallbackFacts(**named | {"state": State(named["state"])})


COLUMNS = tuple(getattr(Callback, name) for name in CallbackFacts.__slots__)
OF_ATTEMPT = tuple(getattr(CallbackAttempt, name) for name in AttemptFacts.__slots__)
