"""Who was not spoken to, and not since: a list that somebody works through.

Who hung up while waiting; who could not even wait (nobody was signed in, the line was full); who
was put through outside instead, where nobody answered. Nothing is ticked off by anybody who got
through: a caller who has been connected, was answered outside, has left a message or has a promise
to be called back, after that, is simply not on it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ivr import calls
from ivr.callbacks.rules import PENDING, State
from ivr.config import Ivr
from ivr.events import STILL_WAITS, Kind
from ivr.models import Call, Callback, CallEvent, Recording, Waiting
from ivr.nodes.base import DIAL_DONE, LONGEST_SECONDS
from ivr.recordings import MESSAGE

#: Rows that one list has at most.
LONGEST = 200
#: No telephone is let ring for longer before the caller is led on.
LONGEST_RING = timedelta(seconds=LONGEST_SECONDS)
#: Why somebody left the waiting room who was put through outside (`events.Kind.LEFT`).
_OUTSIDE = "transferred"
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
    #: `abandoned`; `transferred`, to where nobody answered; or why they could not wait (`nobody`,
    #: `full`).
    why: str
    #: How many of their calls ended so, within the days of the list.
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
    found = [_row(row, stays.get(row.call_id), times[row.from_number], config) for row in owed]
    found.sort(key=lambda each: (each.priority, each.abandoned_at), reverse=True)
    return found


def of_number(session: Session, config: Ivr, number: str, *, now: datetime) -> Abandoned | None:
    """The row of this number, or None: somebody has spoken to them since, or taken it on."""
    found = _owed(session, config, now)  # all of it: a button may be older than the list
    return next((each for each in found if each.number == number), None)


def _hung_up(session: Session, since: datetime) -> tuple[dict[str, int], dict[str, Any]]:
    """By number: how many calls, and the last time."""
    rows = session.execute(
        sa.select(CallEvent.call_id, CallEvent.at, CallEvent.kind, CallEvent.data, Call.from_number)
        .join(Call, Call.id == CallEvent.call_id)
        .where(
            sa.or_(
                CallEvent.kind.in_((Kind.ABANDONED.value, Kind.TURNED_AWAY.value)),
                sa.and_(
                    CallEvent.kind == Kind.LEFT.value,
                    CallEvent.data["why"].as_string() == _OUTSIDE,
                ),
            ),
            CallEvent.at >= since,
            Call.ended_at.is_not(None),
        )
        .order_by(CallEvent.at, CallEvent.id)
    )
    ended: dict[str, set[int]] = defaultdict(set)
    last: dict[str, Any] = {}
    for row in rows:
        if calls.is_withheld(row.from_number):
            continue
        ended[row.from_number].add(row.call_id)
        last[row.from_number] = row
    return {number: len(those) for number, those in ended.items()}, last


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
    said = (
        sa.select(Call.from_number, sa.func.max(Recording.made_at, type_=Recording.made_at.type))
        .join(Recording, Recording.call_id == Call.id)
        .where(Recording.kind == MESSAGE, Recording.made_at >= since)
        .group_by(Call.from_number)
    )
    taken_on = (
        sa.select(Call.from_number, Callback.number, Callback.promised_at, Callback.state)
        .join(Callback, Callback.call_id == Call.id)
        .where(sa.or_(Callback.promised_at >= since, Callback.ended_at.is_(None)))
        # a citizen who took the place over and hung up again is owed a call again
        .where(Callback.state != State.TAKEN_OVER.value)
        # one who was not reached about a ticket is owed what they called for all the same
        .where(Callback.agent_id.is_(None))
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
    for number, at in (*session.execute(said), *_answered_outside(session, since)):
        settled[number] = max(settled.get(number, at), at)
    for from_number, number, promised_at, state in session.execute(taken_on):
        until = _FOR_EVER if State(state) in PENDING else promised_at
        for each in {from_number, number}:
            settled[each] = max(settled.get(each, until), until)
    return settled | dict.fromkeys(session.scalars(on_the_line), _FOR_EVER)


def _answered_outside(session: Session, since: datetime) -> Iterator[tuple[str, datetime]]:
    """(number, when) of each transfer that was answered.

    Of a caller who hangs up first the carrier need not tell how it ended: then they were answered
    if they stayed for longer than any telephone of ours is let ring.
    """
    rows = session.execute(
        sa.select(
            CallEvent.call_id,
            CallEvent.kind,
            CallEvent.at,
            CallEvent.data,
            Call.from_number,
            Call.ended_at,
        )
        .join(Call, Call.id == CallEvent.call_id)
        .where(
            CallEvent.kind.in_((Kind.TRANSFERRING.value, Kind.TRANSFERRED.value)),
            CallEvent.at >= since,
        )
        .order_by(CallEvent.id)
    )
    untold: dict[int, Any] = {}
    for row in rows:
        if row.kind == Kind.TRANSFERRING:
            untold[row.call_id] = row
        else:
            untold.pop(row.call_id, None)
            if row.data["result"] in DIAL_DONE:
                yield row.from_number, row.at
    for row in untold.values():
        if row.ended_at is not None and row.ended_at - row.at > LONGEST_RING:
            yield row.from_number, row.ended_at


def _stays(session: Session, call_ids: list[int]) -> Mapping[int, Any]:
    """The last stay of those of these calls that came to wait."""
    rows = session.execute(
        sa.select(Waiting.call_id, Waiting.node, Waiting.entered_at)
        .where(Waiting.call_id.in_(call_ids), Waiting.callback_id.is_(None))
        .order_by(Waiting.visit)
    )
    return {row.call_id: row for row in rows}


def _row(row: Any, stay: Any, times: int, config: Ivr) -> Abandoned:
    queue = config.present_queue(row.data["queue"])
    waited = row.kind != Kind.TURNED_AWAY and stay is not None
    return Abandoned(
        call_id=row.call_id,
        number=row.from_number,
        queue=queue,
        language=row.data["language"],
        node=stay.node if waited else config.node_of(queue),
        abandoned_at=row.at,
        waited=row.at - stay.entered_at if waited else timedelta(),
        why=row.data.get("why", Kind.ABANDONED.value),
        times=times,
        priority=config.queues[queue].priority,
    )
