"""Offers as they are: one of them, those of a call or an agent, and those that are due."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ivr import calls
from ivr.errors import NoSuchOffer, NotYours
from ivr.events import LIVE, OfferState, Result
from ivr.models import CallbackAttempt, Offer


@dataclass(frozen=True, slots=True)
class OfferFacts:
    """An offer as it is now; moments are aware."""

    id: int
    call_id: int
    waiting_id: int
    agent_id: int
    queue: str
    language: str
    state: OfferState
    result: Result | None
    made_at: datetime
    expires_at: datetime
    leg_sid: str | None
    answered_at: datetime | None
    connected_at: datetime | None
    ended_at: datetime | None
    wrap_up_until: datetime | None
    wrapped_up_at: datetime | None
    wrap_up: str | None
    wrap_up_due: datetime | None
    wrap_up_extended_at: datetime | None
    held_at: datetime | None
    paused_at: datetime | None
    hushed_at: datetime | None
    passed_to: str | None
    consults: int | None
    talk_of: int | None

    @property
    def talk(self) -> int:
        """The offer after which the conference is named that they talk in."""
        return self.id if self.talk_of is None else self.talk_of

    @property
    def hushed(self) -> bool:
        """Whether the recording has silence because the caller is held."""
        return self.held_at is not None and self.hushed_at is not None

    @property
    def silent(self) -> bool:
        """Whether the recording, if there is one, has silence now."""
        return self.paused_at is not None or self.hushed

    @property
    def who(self) -> dict[str, int]:
        """What every event of an offer carries."""
        return {"offer": self.id, "agent": self.agent_id}


def facts(session: Session, offer_id: int) -> OfferFacts:
    """An offer; raises `NoSuchOffer`."""
    row = session.execute(_FACTS, {"offer": offer_id}).one_or_none()
    if row is None:
        raise NoSuchOffer(f"offer {offer_id}")
    return _facts(row)


def is_leg(session: Session, offer_id: int, leg_sid: str) -> bool:
    """Whether this telephone is the one of an accepted offer, or of the conversation."""
    offer = facts(session, offer_id)
    return offer.leg_sid == leg_sid and offer.state in (OfferState.ACCEPTED, OfferState.CONNECTED)


def caller_sid(session: Session, offer: OfferFacts) -> str:
    """The carrier's name of the call that the citizen talks on: their own, or the one to them."""
    return leg_of_citizen(session, offer) or calls.facts(session, offer.call_id).sid


def leg_of_citizen(session: Session, offer: OfferFacts) -> str | None:
    """They were rung for the first of ours in this conference; a colleague may have them by now."""
    rung = sa.select(CallbackAttempt.leg_sid).where(CallbackAttempt.offer_id == offer.talk)
    return session.execute(rung).scalar_one_or_none()


def of_agent(session: Session, offer_id: int, agent_id: int) -> OfferFacts:
    """An offer of this agent; raises `NoSuchOffer`, `NotYours`."""
    offer = facts(session, offer_id)
    if offer.agent_id != agent_id:
        raise NotYours
    return offer


def live_of(session: Session, call_id: int) -> OfferFacts | None:
    """The call's offer that has not ended, or None. (Not a colleague's who is asked for a word.)"""
    row = session.execute(
        sa.select(*_COLUMNS).where(
            Offer.call_id == call_id, Offer.state.in_(LIVE), Offer.consults.is_(None)
        )
    ).one_or_none()
    return None if row is None else _facts(row)


def latest_of(session: Session, call_id: int) -> OfferFacts | None:
    """The call's last offer, or None."""
    return _last(session, Offer.call_id == call_id)


def of_conference(session: Session, offer_id: int) -> OfferFacts:
    """Whose conversation it is, or was last, where the one of this offer was held: the caller may
    have been handed over to a colleague there. Raises `NoSuchOffer`.
    """
    offer = facts(session, offer_id)
    there = sa.or_(Offer.id == offer.talk, Offer.talk_of == offer.talk)
    found = _last(session, sa.and_(Offer.call_id == offer.call_id, there))
    if found is None:
        raise NoSuchOffer(f"offer {offer_id}")
    return found


def _last(session: Session, which: sa.ColumnElement[bool]) -> OfferFacts | None:
    row = session.execute(
        sa.select(*_COLUMNS)
        .where(which, Offer.consults.is_(None))
        .order_by(Offer.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _facts(row)


def latest_of_both(session: Session, call_id: int, agent_id: int) -> OfferFacts:
    """The last offer of this call to this agent, whoever was offered it after them: a caller who is
    passed on talks with several, and each writes up their own. Raises `NotYours`.
    """
    row = session.execute(
        sa.select(*_COLUMNS)
        .where(Offer.call_id == call_id, Offer.agent_id == agent_id)
        .order_by(Offer.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        raise NotYours
    return _facts(row)


def latest_of_agent(session: Session, agent_id: int) -> OfferFacts | None:
    """The agent's last offer, or None."""
    row = session.execute(
        sa.select(*_COLUMNS)
        .where(Offer.agent_id == agent_id)
        .order_by(Offer.made_at.desc(), Offer.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _facts(row)


def expired(session: Session, now: datetime, limit: int) -> list[OfferFacts]:
    """Offers that rang out, and accepted ones whose two telephones did not meet in time."""
    query = (
        sa.select(*_COLUMNS)
        .where(Offer.state.in_((OfferState.OFFERED, OfferState.ACCEPTED)), Offer.expires_at <= now)
        .order_by(Offer.expires_at)
        .limit(limit)
    )
    return [_facts(row) for row in session.execute(query)]


def held(session: Session) -> list[OfferFacts]:
    """All offers that hold an agent: those that live, and conversations to be written up."""
    live = sa.select(*_COLUMNS).where(Offer.state.in_(LIVE))
    to_write = sa.select(*_COLUMNS).where(
        Offer.result == Result.DONE, Offer.wrapped_up_at.is_(None)
    )
    rows = session.execute(sa.union_all(live, to_write))
    return sorted((_facts(row) for row in rows), key=lambda offer: offer.agent_id)


def to_wrap_up(session: Session, before: datetime, limit: int) -> list[OfferFacts]:
    """Conversations whose outcome is not written and whose limit is over."""
    query = (
        sa.select(*_COLUMNS)
        .where(
            Offer.result == Result.DONE,
            Offer.wrapped_up_at.is_(None),
            Offer.wrap_up_until <= before,
        )
        .order_by(Offer.wrap_up_until)
        .limit(limit)
    )
    return [_facts(row) for row in session.execute(query)]


def _facts(row: Any) -> OfferFacts:
    named = row._asdict()
    result = named["result"]
    return OfferFacts(
        **named
        | {
            "state": OfferState(named["state"]),
            "result": None if result is None else Result(result),
        }
    )


_COLUMNS = tuple(getattr(Offer, name) for name in OfferFacts.__slots__)
_FACTS = sa.select(*_COLUMNS).where(Offer.id == sa.bindparam("offer"))
