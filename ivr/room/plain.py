"""Agents without a browser: the offer rings on their telephone, and a key is the answer.

Who answers in the desk takes an offer there, and only then does anything ring. Who has but a
telephone (an address that is a number) hears the offer on it: "a call for you, from the queue …";
`TAKES` takes it, and they are in the conference; another key declines. No key, voice mail, a
telephone that is switched off: missed, as an offer that nobody answers on the desk. Where there is
a desk as well, either will do.
"""

import logging
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import sqlalchemy as sa
from sqlalchemy.orm import Session

from agents import service as agents
from hotline import clock
from hotline.floor import Floor
from hotline.telephony import CallGone, Refused
from ivr.config import Ivr
from ivr.events import OfferState, Result
from ivr.models import Offer
from ivr.room import offers
from ivr.room.offers import OfferFacts
from ivr.talk import consults

log = logging.getLogger(__name__)

#: The key that takes an offer.
TAKES: Final = "1"
_RINGS = (OfferState.OFFERED, OfferState.ACCEPTED)


def ring(floor: Floor, payload: dict[str, Any]) -> None:
    """An effect: ring the telephone of the agent to whom `offer` is made."""
    with floor.db.read() as session:
        offer = offers.facts(session, int(payload["offer"]))
        address = agents.agent(session, offer.agent_id).address
    if offer.state not in _RINGS or offer.leg_sid is not None:
        return
    which = {"offer": offer.id}
    try:
        leg_sid = floor.carrier.dial(
            address,
            from_=floor.city.caller_id,
            url=floor.url(f"/ivr/agent-asked?{urlencode(which)}"),
            status_callback=floor.url(f"/ivr/agent-leg/status?{urlencode(which)}"),
            timeout=floor.section(Ivr).offers.timeout,
        )
    except Refused as error:  # it would be next time, too
        log.warning(
            "offer %s: the carrier does not dial the agent's telephone: %s", offer.id, error
        )
        with floor.db.write() as session:
            _missed(floor, session, offer, clock.now())
        return
    with floor.db.write() as session:
        wanted = _note(session, offer.id, leg_sid)
    if not wanted:
        try:
            floor.carrier.hang_up(leg_sid)
        except CallGone:
            log.info("offer %s: its ring is over", offer.id)


def _note(session: Session, offer_id: int, leg_sid: str, **values: Any) -> bool:
    """Note the call to the telephone; False when the offer waits for no answer (any more), or for
    that of another call.
    """
    row = session.execute(
        sa.update(Offer)
        .where(
            Offer.id == offer_id,
            Offer.state.in_(_RINGS),
            sa.or_(Offer.leg_sid.is_(None), Offer.leg_sid == leg_sid),
        )
        .values(leg_sid=leg_sid, **values)
        .returning(Offer.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return row is not None


def answered(floor: Floor, session: Session, offer_id: int, leg_sid: str, *, now: datetime) -> bool:
    """The telephone is lifted: from now on there is as long to press a key as the desk has.

    False when there is nothing to be asked (any more): it was taken on the desk, or is over.
    """
    offer = offers.facts(session, offer_id)
    if offer.state is not OfferState.OFFERED:
        return False
    until = now + timedelta(seconds=floor.section(Ivr).offers.timeout)
    return _note(session, offer_id, leg_sid, expires_at=max(until, offer.expires_at))


def chosen(
    floor: Floor, session: Session, offer_id: int, leg_sid: str, digits: str, *, now: datetime
) -> int | None:
    """What the agent pressed (nothing: empty). The call's id for who goes to the caller, else None.

    Said twice, it stands.
    """
    offer = offers.facts(session, offer_id)
    if offer.leg_sid not in (None, leg_sid):
        return None
    if offer.state is OfferState.OFFERED:
        _decide(floor, session, offer, digits, now)
    if offer.talk_of is not None:
        asked = offers.facts(session, offer_id)
        there = consults.answered(session, asked, leg_sid, now=now)
        return offer.call_id if there else None
    return offers.leg_answered(session, offer_id, leg_sid, now=now)


def _decide(floor: Floor, session: Session, offer: OfferFacts, digits: str, now: datetime) -> None:
    which = (offer.id, offer.agent_id)
    if digits == TAKES:
        if not consults.accept(floor, session, *which, now=now):
            offers.accept(floor, session, *which, now=now)
    elif digits:
        if not consults.decline(session, *which, now=now):
            offers.decline(floor, session, *which, now=now)
    else:
        _missed(floor, session, offer, now)


def _missed(floor: Floor, session: Session, offer: OfferFacts, now: datetime) -> None:
    if not consults.expire(session, offer, now=now):
        offers.fail(floor, session, offer, Result.NO_ANSWER, now=now)
