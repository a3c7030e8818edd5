"""What an agent has typed about a call and not yet finished: one row an agent, no event.

The desk saves it while it is being typed, so that neither a reload nor the wrap-up limit loses a
word. Once the outcome is written the draft is gone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ivr.errors import NothingToFinish
from ivr.events import OfferState, Result
from ivr.models import Draft
from ivr.room import offers

#: A draft that no outcome came after (the caller went before the two met) is forgotten after this.
KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DraftFacts:
    """The fields of the form as they stand; empty where nothing was said. `saved_at` is aware."""

    outcome: str
    note: str
    category: str
    ticket_number: str
    saved_at: datetime
    who: str = ""
    hide_name: bool = False
    #: The fields of the place by name (`tickets.places.entry`), as typed.
    place: Mapping[str, str] = field(default_factory=dict)


def save(session: Session, call_id: int, agent_id: int, said: DraftFacts) -> None:
    """Keep `said` instead of what was kept before.

    Raises `NotYours`, and `NothingToFinish` for a call not taken yet or already written up.
    """
    offer = offers.latest_of_both(session, call_id, agent_id)
    held = offer.state in (OfferState.ACCEPTED, OfferState.CONNECTED)
    if not (held or (offer.result is Result.DONE and offer.wrapped_up_at is None)):
        raise NothingToFinish
    values = {
        "outcome": said.outcome,
        "note": said.note,
        "category": said.category,
        "ticket_number": said.ticket_number,
        "who": said.who,
        "hide_name": said.hide_name,
        "place": dict(said.place) or None,
        "saved_at": said.saved_at,
    }
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    session.execute(
        insert(Draft)
        .values(call_id=call_id, agent_id=agent_id, **values)
        .on_conflict_do_update(index_elements=[Draft.call_id, Draft.agent_id], set_=values)
    )


def of_call(session: Session, call_id: int, agent_id: int) -> DraftFacts | None:
    """What this agent has typed about the call; never what another one has."""
    row = session.execute(
        sa.select(
            Draft.outcome,
            Draft.note,
            Draft.category,
            Draft.ticket_number,
            Draft.saved_at,
            Draft.who,
            Draft.hide_name,
            Draft.place,
        ).where(Draft.call_id == call_id, Draft.agent_id == agent_id)
    ).one_or_none()
    if row is None:
        return None
    return DraftFacts(
        outcome=row.outcome,
        note=row.note,
        category=row.category,
        ticket_number=row.ticket_number,
        saved_at=row.saved_at,
        who=row.who,
        hide_name=row.hide_name,
        place=row.place or {},
    )


def drop(session: Session, call_id: int, agent_id: int) -> None:
    """The outcome is written: the draft has served. What somebody else types of it stays."""
    session.execute(sa.delete(Draft).where(Draft.call_id == call_id, Draft.agent_id == agent_id))


def forget(session: Session, *, now: datetime) -> None:
    """Delete what was left behind: it is somebody's words, and nobody will ask for them."""
    session.execute(sa.delete(Draft).where(Draft.saved_at < now - KEPT))
