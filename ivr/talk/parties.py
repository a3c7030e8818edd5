"""Third parties: their rows, and what the carrier tells of their telephones."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.db import insert_ignore
from ivr import calls
from ivr.errors import NoSuchParty
from ivr.events import Kind
from ivr.models import Offer, Party
from ivr.talk.rules import PRESENT, PartyState

#: Ends of a party that are ours to say; others are the carrier's words.
DROPPED, OVER, LOST, DECLINED, TOOK_OVER = "dropped", "over", "unseen", "declined", "took_over"


@dataclass(frozen=True, slots=True)
class PartyFacts:
    """A third party as it is now; moments are aware. `number`: E.164 or short, whole."""

    id: int
    offer_id: int
    title: str
    number: str
    consult_id: int | None
    state: PartyState
    leg_sid: str | None
    asked_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    result: str | None


def ask(
    session: Session,
    offer_id: int,
    title: str,
    number: str,
    *,
    now: datetime,
    consult_id: int | None = None,
) -> int | None:
    """A party of this conversation, whose telephone is to be rung; None when one is there.
    `consult_id`: the offer by which a colleague is asked.
    """
    made = insert_ignore(
        session,
        Party,
        {
            "offer_id": offer_id,
            "title": title,
            "number": number,
            "consult_id": consult_id,
            "state": PartyState.DIALLING.value,
            "asked_at": now,
            "checked_at": now,
        },
    )
    return None if made is None else int(made)


def facts(session: Session, party_id: int) -> PartyFacts:
    """A party; raises `NoSuchParty`."""
    row = session.execute(_ALL.where(Party.id == party_id)).one_or_none()
    if row is None:
        raise NoSuchParty(f"party {party_id}")
    return _facts(row)


def present(session: Session, offer_id: int) -> PartyFacts | None:
    """The party that is in this conversation, or is being rung for it; None when there is none."""
    row = session.execute(
        _ALL.where(Party.offer_id == offer_id, Party.state.in_(PRESENT))
    ).one_or_none()
    return None if row is None else _facts(row)


def of_consult(session: Session, consult_id: int) -> PartyFacts:
    """The party that a colleague is, or was, by this offer to them; raises `NoSuchParty`."""
    row = session.execute(_ALL.where(Party.consult_id == consult_id)).one_or_none()
    if row is None:
        raise NoSuchParty(f"party of offer {consult_id}")
    return _facts(row)


def last_of(session: Session, offer_id: int) -> PartyFacts | None:
    """The last party of this conversation, also one that has gone."""
    row = session.execute(
        _ALL.where(Party.offer_id == offer_id).order_by(Party.id.desc()).limit(1)
    ).one_or_none()
    return None if row is None else _facts(row)


def dialled(session: Session, party_id: int, leg_sid: str) -> bool:
    """Note the call to the party's telephone; False when it is not wanted (any more)."""
    same = sa.or_(Party.leg_sid.is_(None), Party.leg_sid == leg_sid)
    return _swap(session, party_id, PRESENT, same, leg_sid=leg_sid) is not None


def answered(session: Session, party_id: int, leg_sid: str, *, now: datetime) -> bool:
    """The party has answered; False when that is known, or they are not wanted (any more)."""
    party = _swap(
        session,
        party_id,
        (PartyState.DIALLING,),
        sa.or_(Party.leg_sid.is_(None), Party.leg_sid == leg_sid),
        state=PartyState.TALKING.value,
        leg_sid=leg_sid,
        answered_at=now,
    )
    if party is None:
        return False
    _tell(session, party, Kind.PARTY_JOINED, {}, now)
    return True


def hand_over(session: Session, party: PartyFacts, *, now: datetime) -> bool:
    """From now on the party is alone with the caller, a colleague in a conversation of their own;
    False when they have gone.
    """
    to: dict[str, Any] = {"state": PartyState.HANDED_OVER.value}
    if party.consult_id is not None:
        to = {"state": PartyState.ENDED.value, "ended_at": now, "result": TOOK_OVER}
    return _swap(session, party.id, (PartyState.TALKING,), **to) is not None


def end(session: Session, party_id: int, result: str, *, now: datetime) -> PartyFacts | None:
    """The party is gone (`result`: ours, or the carrier's word); None when that was known."""
    values = {"state": PartyState.ENDED.value, "ended_at": now, "result": result}
    party = _swap(session, party_id, PRESENT, **values)
    if party is not None:
        _tell(session, party, Kind.PARTY_LEFT, {"result": result}, now)
    return party


def leave_with(session: Session, offer_id: int, *, now: datetime) -> PartyFacts | None:
    """The conversation is over: its party goes as well, unless the caller was handed over to them.
    The party, whose telephone is to be hung up; None when there is none.
    """
    party = present(session, offer_id)
    if party is None or party.state is PartyState.HANDED_OVER:
        return None
    return end(session, party.id, OVER, now=now)


def to_ask_about(
    session: Session, before: datetime, limit: int, *, now: datetime
) -> list[PartyFacts]:
    """Parties of whom nothing was heard since `before`; they are not asked about again at once."""
    # a colleague who has not answered has a limit of their own: that of the offer
    known = sa.or_(Party.leg_sid.is_not(None), Party.consult_id.is_(None))
    due = (
        sa.select(Party.id)
        .where(Party.state.in_(PRESENT), Party.checked_at < before, known)
        .order_by(Party.checked_at)
        .limit(limit)
    )
    rows = session.execute(
        sa.update(Party)
        .where(Party.id.in_(due), Party.checked_at < before)
        .values(checked_at=now)
        .returning(*_COLUMNS)
        .execution_options(synchronize_session=False)
    )
    return [_facts(row) for row in rows]


def _tell(
    session: Session, party: PartyFacts, kind: Kind, more: dict[str, Any], at: datetime
) -> None:
    offer = session.execute(
        sa.select(Offer.call_id, Offer.agent_id).where(Offer.id == party.offer_id)
    ).one()
    said = {"offer": party.offer_id, "agent": offer.agent_id, "party": party.id}
    calls.tell(session, offer.call_id, kind, said | {"title": party.title} | more, now=at)


def _swap(
    session: Session,
    party_id: int,
    came: tuple[PartyState, ...],
    *conditions: sa.ColumnElement[bool],
    **values: Any,
) -> PartyFacts | None:
    row = session.execute(
        sa.update(Party)
        .where(Party.id == party_id, Party.state.in_(came), *conditions)
        .values(**values)
        .returning(*_COLUMNS)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return None if row is None else _facts(row)


def _facts(row: Any) -> PartyFacts:
    named = row._asdict()
    return PartyFacts(**named | {"state": PartyState(named["state"])})


_COLUMNS = tuple(getattr(Party, name) for name in PartyFacts.__slots__)
_ALL = sa.select(*_COLUMNS)
