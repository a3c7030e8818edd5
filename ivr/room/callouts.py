"""Calls that one agent makes, as far as the room must know them: whose, and that nobody was
reached. How they begin: `ivr.callbacks.outgoing`.

Such a call has a place in the waiting room like any callback, and an offer; but it is nobody
else's: where those of a caller go back into the line, this one is over.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ivr import calls
from ivr.callbacks.rules import MOVES, Move
from ivr.events import Kind, Result
from ivr.models import Callback, Waiting
from tickets import service as tickets

#: Why nobody was reached, when it was not the citizen's telephone.
AGENT, DECLINED, STOPPED = "agent", "declined", "stopped"
_WHY: Final = {
    Result.DECLINED: DECLINED,
    Result.NO_ANSWER: AGENT,
    Result.FAILED: AGENT,
    Result.WITHDRAWN: STOPPED,
    Result.UNREACHED: AGENT,
}
_TO, _CAME = MOVES[Move.FAIL]


@dataclass(frozen=True, slots=True)
class Callout:
    """A call that an agent makes: `by` is their username."""

    id: int
    call_id: int
    agent_id: int
    by: str


def of_stay(session: Session, waiting_id: int) -> Callout | None:
    """The call that has this place, or None: it is a caller's, or that of a promise."""
    row = session.execute(
        sa.select(Callback.id, Callback.call_id, Callback.agent_id, Callback.asked_by)
        .join(Waiting, Waiting.callback_id == Callback.id)
        .where(Waiting.id == waiting_id, Callback.agent_id.is_not(None))
    ).one_or_none()
    if row is None or row.agent_id is None:
        return None
    return Callout(row.id, row.call_id, row.agent_id, row.asked_by or tickets.SYSTEM)


def over(session: Session, made: Callout, why: str, *, now: datetime) -> bool:
    """Nobody was reached (`why`: the carrier's word, or one of this module): the ticket's story
    says so. False when that is known, or they speak.

    The row of the callback comes before those of call, stay and offer (`ivr.callbacks.service`).
    """
    row = session.execute(
        sa.update(Callback)
        .where(Callback.id == made.id, Callback.state.in_(_CAME))
        .values(state=_TO.value, ended_at=now, ended_by=made.by)
        .returning(Callback.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row is None:
        return False
    said = {"agent": made.agent_id, "result": why}
    calls.tell(session, made.call_id, Kind.NOT_REACHED, said, now=now)
    tickets.called_out(session, made.call_id, result=why, by=made.by, now=now)
    return True


def failed(session: Session, waiting_id: int, result: Result, *, now: datetime) -> bool | None:
    """An offer came to nothing: whether that ends a call that an agent makes; None when the offer
    was not of one.
    """
    made = of_stay(session, waiting_id)
    return None if made is None else over(session, made, _WHY[result], now=now)
