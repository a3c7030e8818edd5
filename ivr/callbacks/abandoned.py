"""Who hung up while waiting, and has not been spoken to since: a list that somebody works through.

Nothing is ticked off by anybody who got through: a caller who has been connected, or has a promise
to be called back, after they hung up is simply not on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ivr import calls
from ivr.callbacks.rules import PENDING, State
from ivr.config import Ivr
from ivr.events import STILL_WAITS, Kind
from ivr.models import Call, Callback, CallEvent, Waiting

#: Rows that one list has at most.
LONGEST = 200
_FOR_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Abandoned:
    """A caller to be called back, by their last call. `waited`: of that call, on the line."""

    call_id: int
    number: str
    queue: str
    language: str
    node: str
    abandoned_at: datetime
    waited: timedelta
    #: How often they hung up while waiting, within the days of the list.
    times: int
    #: Of the queue: the higher is the more urgent.
    priority: int


def worklist(session: Session, config: Ivr, *, now: datetime) -> list[Abandoned]:
    """The list: the most urgent queue first, and in it who hung up last. One row a number; a hidden
    number cannot be called back, and is not on it. At most `LONGEST` rows.
    """
    return _owed(session, config, now)[:LONGEST]


def _owed(session: Session, config: Ivr, now: datetime) -> list[Abandoned]:
    since = now - timedelta(days=config.callbacks.worklist_days)
    times, last = _hung_up(session, since)
    settled = _settled(session, since)
    owed = [
        row for number, row in last.items() if number not in settled or settled[number] < row.at
    ]
    stays = _stays(session, [row.call_id for row in owed])
    found = [
        _row(row, stays[row.call_id], times[row.from_number], config)
        for row in owed
        if row.call_id in stays
    ]
    found.sort(key=lambda each: (each.priority, each.abandoned_at), reverse=True)
    return found


def of_number(session: Session, config: Ivr, number: str, *, now: datetime) -> Abandoned | None:
    """The row of this number, or None: somebody has spoken to them since, or taken it on."""
    found = _owed(session, config, now)  # all of it: a button may be older than the list
    return next((each for each in found if each.number == number), None)


def _hung_up(session: Session, since: datetime) -> tuple[dict[str, int], dict[str, Any]]:
    """By number: how often, and the last time."""
    rows = session.execute(
        sa.select(CallEvent.call_id, CallEvent.at, CallEvent.data, Call.from_number)
        .join(Call, Call.id == CallEvent.call_id)
        .where(
            CallEvent.kind == Kind.ABANDONED.value,
            CallEvent.at >= since,
        )
        .order_by(CallEvent.at, CallEvent.id)
    )
    times: dict[str, int] = {}
    last: dict[str, Any] = {}
    for row in rows:
        if calls.is_withheld(row.from_number):
            continue
        times[row.from_number] = times.get(row.from_number, 0) + 1
        last[row.from_number] = row
    return times, last


def _settled(session: Session, since: datetime) -> dict[str, datetime]:
    """By number: until when nothing is owed any more. Who waits on the line now, or is going to be
    called back, is owed nothing more.
    """
    talked = (
        sa.select(Call.from_number, sa.func.max(CallEvent.at, type_=CallEvent.at.type))
        .join(CallEvent, CallEvent.call_id == Call.id)
        .where(CallEvent.kind == Kind.CONNECTED.value, CallEvent.at >= since)
        .group_by(Call.from_number)
    )
    taken_on = (
        sa.select(Call.from_number, Callback.number, Callback.promised_at, Callback.state)
        .join(Callback, Callback.call_id == Call.id)
        .where(sa.or_(Callback.promised_at >= since, Callback.ended_at.is_(None)))
        # a citizen who took the place over and hung up again is owed a call again
        .where(Callback.state != State.TAKEN_OVER.value)
    )
    on_the_line = (
        sa.select(Call.from_number)
        .join(Waiting, Waiting.call_id == Call.id)
        .where(
            Call.ended_at.is_(None),
            Waiting.state.in_(STILL_WAITS),
            Waiting.callback_id.is_(None),
        )
    )
    settled = {row[0]: row[1] for row in session.execute(talked)}
    for from_number, number, promised_at, state in session.execute(taken_on):
        until = _FOR_EVER if State(state) in PENDING else promised_at
        for each in {from_number, number}:
            settled[each] = max(settled.get(each, until), until)
    return settled | dict.fromkeys(session.scalars(on_the_line), _FOR_EVER)


def _stays(session: Session, call_ids: list[int]) -> Mapping[int, Any]:
    """The last stay of some calls."""
    rows = session.execute(
        sa.select(
            Waiting.call_id, Waiting.node, Waiting.entered_at, Waiting.queue, Waiting.language
        )
        .where(Waiting.call_id.in_(call_ids), Waiting.callback_id.is_(None))
        .order_by(Waiting.visit)
    )
    return {row.call_id: row for row in rows}


def _row(row: Any, stay: Any, times: int, config: Ivr) -> Abandoned:
    queue = config.queues.get(stay.queue)
    return Abandoned(
        call_id=row.call_id,
        number=row.from_number,
        queue=stay.queue,
        language=stay.language,
        node=stay.node,
        abandoned_at=row.at,
        waited=row.at - stay.entered_at,
        times=times,
        priority=queue.priority if queue else 0,
    )
