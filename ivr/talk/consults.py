"""A word with a colleague about a caller who is held meanwhile; the colleague may take over.

It is an offer to that very agent (`Offer.consults`), so that one who is asked for a word is in no
other call; and a third party of the conversation, so that joining, dropping and handing over are
what they are with any other. The caller's place and story are not touched by it. Each verb here
says whether the offer is of this kind; if not, the rest is for `ivr.room.offers`.

The conference is that of who asks. Should their telephone go, it is over for all three: the caller
hears music until it is back (`ivr.room.lost`), and the colleague is free. A colleague's telephone
that goes is not rung again while they are but asked for a word; once they have taken over it is, as
with any conversation.

Who asks is the first row that is taken, as everywhere: asker, party, then the colleague's offer.
"""

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from agents import service as agents
from hotline import outbox
from hotline.floor import Floor
from ivr import calls
from ivr.config import Ivr
from ivr.errors import ColleagueBusy, NobodyFree, NobodyThere, NotNow, NotTalking, OfferGone
from ivr.events import LIVE, Kind, OfferState
from ivr.room import offers
from ivr.room.offers import OfferFacts
from ivr.talk import parties, service, targets
from ivr.talk.rules import Verb, possible

#: How a party ends whose colleague let it ring, whose telephone was not reached, or who has left.
_NO_ANSWER: Final = "no-answer"
_FAILED: Final = "failed"
_HUNG_UP: Final = "completed"


def ask(
    floor: Floor, session: Session, call_id: int, agent_id: int, colleague_id: int, *, now: datetime
) -> int:
    """Hold the caller and offer a word to this colleague; the party's id.

    Raises `NotYours`, `NotTalking`; `ColleagueBusy` when they are not free; `NotNow` when somebody
    is there already.
    """
    offer = service.taken(session, call_id, agent_id)
    if Verb.CALL_IN not in possible(service.talk_of(session, offer)):
        raise NotNow
    if not agents.presence_of(session, colleague_id).presence.available:
        raise ColleagueBusy
    service.hold(floor, session, call_id, agent_id, now=now)
    consult_id = offers.consult(floor, session, offer, colleague_id, now=now)
    who = agents.agent(session, colleague_id)
    party_id = parties.ask(session, offer.id, who.name, who.address, now=now, consult_id=consult_id)
    if party_id is None:
        raise NotNow
    asked = offer.who | {"party": party_id, "title": who.name}
    calls.tell(session, call_id, Kind.PARTY_ASKED, asked, now=now)
    return party_id


def ask_queue(
    floor: Floor, session: Session, call_id: int, agent_id: int, queue: str, *, now: datetime
) -> int:
    """The same, with whoever of `queue` is to be asked first (`targets.free_of_queue`); asked
    again, with the next. Raises what `ask` raises, `NobodyThere` for a queue that there is not, and
    `NobodyFree`.
    """
    if queue not in floor.section(Ivr).queues:
        raise NobodyThere(f"queue: {queue!r}", to=queue)
    offer = service.talking(session, call_id, agent_id)
    asked = offers.asked(session, offer.id)
    free = targets.free_of_queue(session, agent_id, queue, offer.language, asked=asked)
    if not free:
        raise NobodyFree
    return ask(floor, session, call_id, agent_id, free[0], now=now)


# ---------------------------------------------------------------- the colleague's answer


def accept(floor: Floor, session: Session, offer_id: int, agent_id: int, *, now: datetime) -> bool:
    """The colleague takes it: their telephone is rung. Said twice, it stands.

    Raises `NoSuchOffer`, `NotYours`, `OfferGone`.
    """
    offer = offers.of_agent(session, offer_id, agent_id)
    if offer.consults is None:
        return False
    if offer.state in (OfferState.ACCEPTED, OfferState.CONNECTED):
        return True
    if not (
        _asked_still(session, offer) and offers.consult_accepted(floor, session, offer, now=now)
    ):
        raise OfferGone
    return True


def decline(session: Session, offer_id: int, agent_id: int, *, now: datetime) -> bool:
    """The colleague does not take it, and stays free. Said twice, it stands.

    Raises `NoSuchOffer`, `NotYours`, `OfferGone`.
    """
    offer = offers.of_agent(session, offer_id, agent_id)
    if offer.consults is None:
        return False
    if offer.state is OfferState.OFFERED:
        _over(session, offer, parties.DECLINED, now)
    elif parties.of_consult(session, offer_id).result != parties.DECLINED:
        raise OfferGone
    return True


def turned_away(session: Session, offer: OfferFacts, *, now: datetime) -> bool:
    """The colleague went on a break, or home, while it rang."""
    if offer.consults is None:
        return False
    _over(session, offer, parties.DECLINED, now)
    return True


def expire(session: Session, offer: OfferFacts, *, now: datetime) -> bool:
    """It rang out, or the telephone of who took it did not answer in time; unless it is no longer
    as `offer` says.
    """
    if offer.consults is None:
        return False
    if offers.facts(session, offer.id).state is offer.state:
        rang = offer.state is OfferState.OFFERED
        _over(session, offer, _NO_ANSWER if rang else _FAILED, now)
    return True


# ---------------------------------------------------------------- the colleague's telephone


def answered(session: Session, offer: OfferFacts, leg_sid: str, *, now: datetime) -> bool:
    """The colleague's telephone answers; False when it is not wanted (any more). The same for the
    same telephone however often it is asked, also when they have taken the caller over meanwhile.
    """
    if offer.consults is None:
        return offers.is_leg(session, offer.id, leg_sid)
    if not (
        _asked_still(session, offer)
        and offers.consult_answered(session, offer.id, leg_sid, now=now)
    ):
        return False
    parties.answered(session, parties.of_consult(session, offer.id).id, leg_sid, now=now)
    return True


def leg_over(session: Session, offer_id: int, leg_sid: str, *, now: datetime) -> bool:
    """The colleague's telephone was not reached, or has left. Another leg's end means nothing."""
    offer = offers.facts(session, offer_id)
    if offer.consults is None:
        return False
    if offer.leg_sid in (None, leg_sid) and offer.state in LIVE:
        met = offer.state is OfferState.CONNECTED
        _over(session, offer, _HUNG_UP if met else _FAILED, now)
    return True


def leave(session: Session, call_id: int, agent_id: int, *, now: datetime) -> bool:
    """The colleague goes, and the caller is back with who asked. Said twice, it stands.

    Raises `NotYours`, and `NotTalking` before they have met.
    """
    offer = offers.latest_of_both(session, call_id, agent_id)
    if offer.consults is None:
        return False
    if offer.state in (OfferState.OFFERED, OfferState.ACCEPTED):
        raise NotTalking
    if offer.state is OfferState.CONNECTED:
        _over(session, offer, _HUNG_UP, now)
        outbox.post(session, offers.HANG_UP, {"sid": offer.leg_sid}, now=now)
    return True


# ---------------------------------------------------------------- small parts


def _over(session: Session, offer: OfferFacts, result: str, now: datetime) -> None:
    service.party_over(session, parties.of_consult(session, offer.id).id, result, now=now)


def _asked_still(session: Session, offer: OfferFacts) -> bool:
    """Whether who asked still talks; their row is taken."""
    assert offer.consults is not None, "an offer of the caller's"
    return service.take(session, offers.facts(session, offer.consults))
