"""What the events of calls say, for statistics: one record for each visit to a queue, and one for
each call without any.

Read straight from `call_events` (see `ivr.events` for the kinds), as a stream: a year fits into
seconds.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.db import Json
from ivr.events import Kind, Result
from ivr.models import Call, CallEvent

#: An offer that came to nothing through the agent's side.
MISSED = frozenset({Result.DECLINED, Result.NO_ANSWER, Result.FAILED})
_BATCH = 5_000


@dataclass(slots=True)
class VisitFacts:
    """One visit to a queue; or, with `queue` None, a call that never queued. Moments are aware;
    None: not (yet).

    `language` of a call that never queued is the one last spoken.
    """

    call_id: int
    visit: int
    arrived_at: datetime
    queue: str | None = None
    language: str | None = None
    queued_at: datetime | None = None
    connected_at: datetime | None = None
    abandoned_at: datetime | None = None
    left_at: datetime | None = None
    talk_ended_at: datetime | None = None
    wrapped_up_at: datetime | None = None
    transferred_at: datetime | None = None
    offers: int = 0
    missed: int = 0


def visits(session: Session, start: datetime, end: datetime) -> Iterator[VisitFacts]:
    """Every visit that began in [start, end), and every call without one that arrived in it."""
    for call_id, events in groupby(_events(session, start, end), lambda event: event[0]):
        for facts in _fold(call_id, events):
            if facts.queued_at is not None and start <= facts.queued_at < end:
                yield facts
    yield from _never_queued(session, start, end)


def touched_since(session: Session, event_id: int) -> tuple[set[datetime], int]:
    """Where calls with an event newer than `event_id` are counted (the moments of their visits,
    or of their arrival), and
    the newest event's id: which days have to be counted again.
    """
    newest = session.scalar(sa.select(sa.func.max(CallEvent.id))) or 0
    touched = (
        sa.select(CallEvent.call_id)
        .where(CallEvent.id > event_id, CallEvent.id <= newest)
        .distinct()
    )
    queued = sa.select(CallEvent.at).where(
        _KIND_OF_CALL == Kind.QUEUED, CallEvent.call_id.in_(touched)
    )
    arrived = sa.select(Call.arrived_at).where(Call.id.in_(touched), ~_has_queued())
    return {*session.scalars(queued), *session.scalars(arrived)}, newest


#: The kind, spelled so that SQLite takes the index by call and not the one by kind, which would be
#: read from end to end for every single call.
_KIND_OF_CALL = sa.func.coalesce(CallEvent.kind, "")


def _events(session: Session, start: datetime, end: datetime) -> Iterable[Any]:
    calls = (
        sa.select(CallEvent.call_id)
        .where(CallEvent.kind == Kind.QUEUED, CallEvent.at >= start, CallEvent.at < end)
        .distinct()
    )
    # the data of the others is not needed, and reading JSON is most of the work
    data = sa.case(
        (CallEvent.kind.in_((Kind.QUEUED, Kind.OFFER_ENDED)), CallEvent.data), else_=sa.null()
    )
    query = (
        sa.select(
            CallEvent.call_id,
            CallEvent.kind,
            CallEvent.at,
            sa.type_coerce(data, Json).label("data"),
            Call.arrived_at,
        )
        .join(Call, Call.id == CallEvent.call_id)
        .where(CallEvent.call_id.in_(calls), _KIND_OF_CALL.in_(_FOLDED))
        .order_by(CallEvent.call_id, CallEvent.id)
    )
    return session.execute(query.execution_options(yield_per=_BATCH))


def _fold(call_id: int, events: Iterable[Any]) -> list[VisitFacts]:
    """The visits of one call, from its events in the order of writing."""
    found: list[VisitFacts] = []
    for _, kind, at, data, arrived_at in events:
        if kind == Kind.QUEUED:
            queue, language = data["queue"], data["language"]
            found.append(
                VisitFacts(call_id, len(found) + 1, arrived_at, queue, language, queued_at=at)
            )
        elif found:
            _note(found[-1], kind, at, data)
    return found


def _note(facts: VisitFacts, kind: str, at: datetime, data: Any) -> None:
    if kind in _MOMENTS:
        field = _MOMENTS[kind]
        if getattr(facts, field) is None:
            setattr(facts, field, at)
    elif kind == Kind.RETURNED:
        facts.left_at = None
    elif kind == Kind.OFFERED:
        facts.offers += 1
    elif data["result"] in MISSED:
        facts.missed += 1


_MOMENTS: dict[str, str] = {
    Kind.CONNECTED: "connected_at",
    Kind.ABANDONED: "abandoned_at",
    Kind.LEFT: "left_at",
    Kind.TALK_ENDED: "talk_ended_at",
    Kind.WRAPPED_UP: "wrapped_up_at",
    Kind.TRANSFERRED: "transferred_at",
}
_FOLDED = (Kind.QUEUED, Kind.OFFERED, Kind.OFFER_ENDED, Kind.RETURNED, *_MOMENTS)


def _never_queued(session: Session, start: datetime, end: datetime) -> Iterator[VisitFacts]:
    transferred = (
        sa.select(sa.func.min(CallEvent.at, type_=CallEvent.at.type))
        .where(CallEvent.call_id == Call.id, _KIND_OF_CALL == Kind.TRANSFERRED)
        .scalar_subquery()
    )
    query = (
        sa.select(Call.id, Call.arrived_at, Call.language, transferred)
        .where(Call.arrived_at >= start, Call.arrived_at < end, ~_has_queued())
        .order_by(Call.id)
    )
    for call_id, arrived_at, language, at in session.execute(query):
        yield VisitFacts(call_id, 1, arrived_at, language=language, transferred_at=at)


def _has_queued() -> sa.ColumnElement[bool]:
    return (
        sa.select(sa.literal(1))
        .where(CallEvent.call_id == Call.id, _KIND_OF_CALL == Kind.QUEUED)
        .exists()
    )
