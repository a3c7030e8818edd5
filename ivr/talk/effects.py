"""What makes the carrier follow a conversation, and the sweep behind it.

Hold and the pause of a recording are followed, not ordered: each effect does what the row says when
it is sent, and looks again after it, so that two that overtake each other end at the truth.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from hotline import clock
from hotline.floor import Floor
from hotline.outbox import Handler, Hopeless
from hotline.telephony import CallGone, CarrierError, Refused
from ivr.events import OVER, RANK, OfferState
from ivr.room import lost, offers
from ivr.room.offers import GRACE, OfferFacts
from ivr.talk import parties, passing, service
from ivr.talk.parties import PartyFacts
from ivr.talk.rules import PartyState
from ivr.twiml import conference_name

log = logging.getLogger(__name__)

#: Seconds that a third party's telephone rings.
RING = 45
#: How often an effect looks again before it leaves the rest to the next.
_LOOKS = 5
_ASKED = 10


def follow_hold(floor: Floor, payload: dict[str, Any]) -> None:
    """The caller of `offer` hears music, or is back, as the row says."""

    def send(offer: OfferFacts, held: bool) -> None:
        with floor.db.read() as session:
            caller = offers.caller_sid(session, offer)
        _hold(floor, offer, caller, held)

    _follow(floor, int(payload["offer"]), lambda offer: offer.held_at is not None, send)


def _hold(floor: Floor, offer: OfferFacts, caller: str, held: bool) -> None:
    music = floor.url("/ivr/hold")
    floor.carrier.hold(conference_name(offer.talk), caller, on=held, music=music)


def follow_recording(floor: Floor, payload: dict[str, Any]) -> None:
    """The recording of `offer` pauses, or goes on, as the row says."""

    def send(offer: OfferFacts, paused: bool) -> None:
        floor.carrier.pause_recording(conference_name(offer.talk), paused=paused)

    _follow(floor, int(payload["offer"]), lambda offer: offer.silent, send)


def _follow(
    floor: Floor,
    offer_id: int,
    wanted: Callable[[OfferFacts], bool],
    send: Callable[[OfferFacts, bool], None],
) -> None:
    sent: bool | None = None
    for _ in range(_LOOKS):
        with floor.db.read() as session:
            offer = offers.facts(session, offer_id)
        if offer.state is not OfferState.CONNECTED or wanted(offer) is sent:
            return
        sent = wanted(offer)
        try:
            send(offer, sent)
        except CallGone as gone:
            raise Hopeless("the conversation is over") from gone


def call_in(floor: Floor, payload: dict[str, Any]) -> None:
    """Ring the third party `party` into the conference, once.

    Where the carrier's answer is lost, the telephone may be ringing: what becomes of that is heard
    from its webhooks, or found by the sweep.
    """
    with floor.db.read() as session:
        party = parties.facts(session, int(payload["party"]))
        talk = offers.facts(session, party.offer_id).talk
    if party.state is not PartyState.DIALLING or party.leg_sid is not None:
        return
    try:
        leg_sid = floor.carrier.invite(
            conference_name(talk),
            party.number,
            from_=floor.city.caller_id,
            status_callback=_url(floor, "/ivr/party/status", party=party.id),
            timeout=RING,
        )
    except (Refused, CallGone) as error:
        log.warning("party %s: the carrier does not ring it: %s", party.id, error)
        with floor.db.write() as session:
            service.party_over(session, party.id, "failed", now=clock.now())
        return
    except CarrierError:
        log.warning("party %s: whether it rings is not known", party.id)
        return
    with floor.db.write() as session:
        wanted = parties.dialled(session, party.id, leg_sid)
    if not wanted:  # dropped while we dialled
        _hang_up(floor, leg_sid)


def hand_over(floor: Floor, payload: dict[str, Any]) -> None:
    """Leave the caller of `offer` and `party` to each other: the agent's telephone goes without
    ending the conference, which ends with either of theirs.

    Where the third party has gone in this very moment, the caller is not left alone: they wait in
    the queue again, and the agent's telephone goes with the conference that they leave. A
    colleague's telephone that comes back is waited for.
    """
    with floor.db.read() as session:
        offer = offers.facts(session, int(payload["offer"]))
        party = parties.facts(session, int(payload["party"]))
        caller = offers.caller_sid(session, offer)
        recorded = party.consult_id is None and service.recorded(session, offer)
    conference = conference_name(offer.talk)
    try:
        _not_held(floor, offer, caller)
    except CallGone:
        log.info("offer %s: the caller hung up while they were handed over", offer.id)
    else:
        if _ends_with(floor, conference, party.leg_sid, ends=True):
            if recorded:
                _not_recorded(floor, conference)
            _ends_with(floor, conference, offer.leg_sid, ends=False)
        elif not _comes_back(floor, party):
            with floor.db.write() as session:
                passing.handed_to_nobody(floor, session, offer, party.id, now=clock.now())
            return
    if offer.leg_sid is not None:
        _hang_up(floor, offer.leg_sid)


def _not_held(floor: Floor, offer: OfferFacts, caller: str) -> None:
    """The caller of `offer` is with whom they were handed over to; unless it is a colleague who
    holds them by now: this is sent again.
    """
    sent: bool | None = None
    for _ in range(_LOOKS):
        with floor.db.read() as session:
            held = offers.of_conference(session, offer.id).held_at is not None
        if held is sent:
            return
        _hold(floor, offer, caller, held)
        sent = held


def _not_recorded(floor: Floor, conference: str) -> None:
    """What two say to each other with nobody of ours there is none of our recording."""
    with suppress(CallGone):
        floor.carrier.stop_recording(conference)


def _comes_back(floor: Floor, party: PartyFacts) -> bool:
    """Whether a party whose telephone is out of the conference is rung again: a colleague who has
    taken over (`ivr.room.lost`). The conference ends with who handed over, and the caller hears
    music. Also when they are back already, or have handed over to the next: this is sent again.
    """
    if party.consult_id is None:
        return False
    with floor.db.write() as session:
        offer = offers.facts(session, party.consult_id)
        now_with = offers.live_of(session, offer.call_id)
        if now_with is None or (now_with.id, now_with.leg_sid) != (offer.id, party.leg_sid):
            return now_with is not None
        return lost.leave(floor, session, offer, party.leg_sid, now=clock.now()) is not None


def _ends_with(floor: Floor, conference: str, leg_sid: str | None, *, ends: bool) -> bool:
    """False when that telephone is not in the conference any more."""
    if leg_sid is None:
        return False
    try:
        floor.carrier.end_with(conference, leg_sid, ends=ends)
    except CallGone:
        return False
    return True


def ask_for_parties(floor: Floor, now: datetime) -> None:
    """Third parties of whose end nothing was heard: do they live?"""
    before = now - timedelta(seconds=(RING + 2 * GRACE) * clock.speed())
    with floor.db.write() as session:
        asked = parties.to_ask_about(session, before, _ASKED, now=now)
    for party in asked:
        try:
            result = _over(floor, party.leg_sid)
        except CarrierError as error:
            log.warning("party %s: the carrier was not reached: %s", party.id, error)
            continue
        if result is not None:
            with floor.db.write() as session:
                service.party_over(session, party.id, result, now=now)


def _over(floor: Floor, leg_sid: str | None) -> str | None:
    """How a call to a party ended; None while it lives."""
    if leg_sid is None:
        return parties.LOST
    status = floor.carrier.call_status(leg_sid)
    if status is None:
        return parties.LOST
    return status if RANK.get(status, 0) >= OVER else None


def redirect(floor: Floor, payload: dict[str, Any]) -> None:
    """Take the caller out of the conference and to where they were passed on. One who hung up on
    the way into it leaves the agent in it, whose telephone (`leg`) goes then.
    """
    try:
        floor.carrier.redirect(str(payload["sid"]), floor.url(str(payload["path"])))
    except CallGone as gone:
        if payload.get("leg") is not None:
            _hang_up(floor, str(payload["leg"]))
        raise Hopeless("the caller has hung up") from gone


def _hang_up(floor: Floor, sid: str) -> None:
    try:
        floor.carrier.hang_up(sid)
    except CallGone:
        return


def _url(floor: Floor, path: str, **query: object) -> str:
    return floor.url(f"{path}?{urlencode(query)}")


EFFECTS: dict[str, Handler] = {
    service.FOLLOW: follow_hold,
    service.FOLLOW_RECORDING: follow_recording,
    service.CALL_IN: call_in,
    service.HAND_OVER: hand_over,
    passing.REDIRECT: redirect,
}
