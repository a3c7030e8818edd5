"""What stands in the database of a hotline that was broken: read back for the verdict."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.models import Effect
from ivr.events import STILL_WAITS, Kind
from ivr.models import Call, CallEvent, Waiting


def last_event(session: Session) -> int:
    """The newest event's id, to tell what comes after."""
    return session.scalar(sa.select(sa.func.max(CallEvent.id))) or 0


def open_effects(session: Session) -> int:
    """How many effects are still owed."""
    open_ = Effect.state.in_(("pending", "sending"))
    return session.scalar(sa.select(sa.func.count()).select_from(Effect).where(open_)) or 0


def in_the_room(session: Session) -> int:
    """How many wait, as far as we know."""
    waits = Waiting.state.in_(STILL_WAITS)
    return session.scalar(sa.select(sa.func.count()).select_from(Waiting).where(waits)) or 0


def moved(session: Session) -> list[int]:
    """The calls whose place in the waiting room is not the one that they took."""
    waiting = session.execute(
        sa.select(Waiting.call_id, Waiting.entered_at).where(Waiting.state.in_(STILL_WAITS))
    )
    entered = {row.call_id: row.entered_at for row in waiting}
    taken = session.execute(
        sa.select(CallEvent.call_id, CallEvent.at).where(
            CallEvent.kind == Kind.QUEUED, CallEvent.call_id.in_(entered)
        )
    )
    return sorted({call_id for call_id, at in taken if entered[call_id] != at})


def answered(session: Session, since: int) -> int:
    """How many met an agent, after the event `since`."""
    met = (CallEvent.kind == Kind.CONNECTED, CallEvent.id > since)
    return session.scalar(sa.select(sa.func.count()).where(*met)) or 0


def ended(session: Session, sids: Collection[str]) -> set[str]:
    """Those of the carrier's calls whose story has an end."""
    over = sa.select(Call.sid).where(Call.sid.in_(sids), Call.ended_at.is_not(None))
    return set(session.scalars(over))


# ---------------------------------------------------------------- who came first


@dataclass
class _Stay:
    line: tuple[str, str, int]
    at: Any
    offered_at: Any = None
    gone_at: Any = None


def overtaken(session: Session, since: int, close: timedelta) -> Iterator[str]:
    """Callers after event `since` of whom a later one of the same line was offered to an agent
    first; moments that are as `close` do not tell.
    """
    stays = _stays(session, since)
    for first_id, first in stays.items():
        for later_id, later in stays.items():
            if first.line == later.line and _is_overtaken(first, later, close):
                yield f"call {first_id} was overtaken by call {later_id}"


def _is_overtaken(first: _Stay, later: _Stay, close: timedelta) -> bool:
    if later.offered_at is None or first.at + close >= later.at:
        return False
    still = later.offered_at + close
    return all(at is None or at > still for at in (first.offered_at, first.gone_at))


def _stays(session: Session, since: int) -> dict[int, _Stay]:
    rows = session.execute(
        sa.select(CallEvent.call_id, CallEvent.kind, CallEvent.at, CallEvent.data)
        .where(CallEvent.id > since)
        .order_by(CallEvent.id)
    )
    stays: dict[int, _Stay] = {}
    for call_id, kind, at, data in rows:
        if kind == Kind.QUEUED:
            stays[call_id] = _Stay((data["queue"], data["language"], data["priority"]), at)
        elif (stay := stays.get(call_id)) is None:
            continue
        elif kind == Kind.OFFERED:
            stay.offered_at = stay.offered_at or at
        elif kind in (Kind.ABANDONED, Kind.LEFT, Kind.FAULT, Kind.ENDED):
            stay.gone_at = stay.gone_at or at
    return stays
