"""The verbs of a conversation. Each is of the agent who talks, and said twice it stands.

What is wanted is written here, with its event; `ivr.talk.effects` makes the carrier follow it. The
rows are taken in the order of `ivr.room.offers`: call, stay, offer, party, agent.
"""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import outbox
from hotline.floor import Floor
from ivr import calls
from ivr.callbacks import rows as callback_rows
from ivr.calls import CallFacts
from ivr.config import Ivr, OnHold
from ivr.errors import Lost, NotNow, NotTalking
from ivr.events import Kind, OfferState, Result
from ivr.models import Offer
from ivr.room import absences, offers
from ivr.room.offers import OfferFacts
from ivr.talk import monitors, parties
from ivr.talk.parties import PartyFacts
from ivr.talk.rules import PRESENT, PartyState, Talk, Verb, possible
from ivr.talk.targets import Telephone

#: Effects (`ivr.talk.effects`).
FOLLOW, FOLLOW_RECORDING = "ivr.follow_hold", "ivr.follow_recording"
CALL_IN, HAND_OVER = "ivr.call_in", "ivr.hand_over"
FOLLOW_MONITOR = "ivr.follow_monitor"
#: How an agent left a caller who went on (`Offer.passed_to`): with a third party.
TO_PARTY = "party"
#: Why a recording pauses, or goes on, without its agent's having said so: the caller is held.
ON_HOLD = {"why": "hold"}


def hold(floor: Floor, session: Session, call_id: int, agent_id: int, *, now: datetime) -> None:
    """The caller hears music, and of what they do not hear nothing is recorded, unless the city
    wants it (`OnHold`). Raises `NotYours`, `NotTalking`.
    """
    _hold(floor, session, talking(session, call_id, agent_id), now)


def resume(session: Session, call_id: int, agent_id: int, *, now: datetime) -> None:
    """The caller is back; with a third party there, all three talk. The recording goes on with
    them, also one that was paused meanwhile: what was private was said. One that was paused before
    they were held stays so. Raises `NotYours`, `NotTalking`.
    """
    _resume(session, talking(session, call_id, agent_id), now)


def pause_recording(session: Session, call_id: int, agent_id: int, *, now: datetime) -> None:
    """Something private is said: the recording has silence meanwhile. Raises `NotYours`,
    `NotTalking`; `NotNow` when nothing is recorded.
    """
    offer = talking(session, call_id, agent_id)
    if not recorded(session, offer) or offer.hushed:
        raise NotNow
    if _set(session, offer, Offer.paused_at.is_(None), paused_at=now):
        _follow_recording(session, offer, Kind.RECORDING_PAUSED, now)


def resume_recording(session: Session, call_id: int, agent_id: int, *, now: datetime) -> None:
    """What is said is recorded again; while the caller is held perhaps only once they are back.
    Raises `NotYours`, `NotTalking`.
    """
    _record_again(session, talking(session, call_id, agent_id), now)


def call_in(
    floor: Floor,
    session: Session,
    call_id: int,
    agent_id: int,
    whom: Telephone,
    *,
    now: datetime,
) -> int:
    """Hold the caller and ring somebody else, to be spoken to first; the party's id.

    Raises `NotYours`, `NotTalking`; `NotNow` when a third party is there already.
    """
    offer = taken(session, call_id, agent_id)
    if Verb.CALL_IN not in possible(talk_of(session, offer)):
        raise NotNow
    _hold(floor, session, offer, now)
    party_id = parties.ask(session, offer.id, whom.title, whom.number, now=now)
    if party_id is None:
        raise NotNow
    asked = offer.who | {"party": party_id, "title": whom.title}
    calls.tell(session, call_id, Kind.PARTY_ASKED, asked, now=now)
    outbox.post(session, CALL_IN, {"party": party_id}, now=now, key=f"{CALL_IN}:{party_id}")
    return party_id


def drop(session: Session, call_id: int, agent_id: int, *, now: datetime) -> None:
    """The third party goes, also one that is being rung, and the caller is back.

    Raises `NotYours`, `NotTalking`.
    """
    offer = talking(session, call_id, agent_id)
    if not take(session, offer):
        raise NotTalking
    party = parties.present(session, offer.id)
    if party is not None:
        _leave(session, party, parties.DROPPED, now)
    _resume(session, offer, now)


def hand_over(
    floor: Floor, session: Session, call_id: int, agent_id: int, *, now: datetime
) -> None:
    """The agent goes and writes the outcome; caller and third party talk on: without anybody of
    ours or, when it is a colleague, in a conversation of the colleague's.

    Raises `NotYours`, `NotTalking`; `NotNow` while no third party has answered.
    """
    offer = offers.latest_of_both(session, call_id, agent_id)
    if offer.result is Result.DONE:
        return  # said twice
    offer = talking(session, call_id, agent_id)
    party = parties.present(session, offer.id)
    if party is None or Verb.HAND_OVER not in possible(talk_of(session, offer)):
        raise NotNow
    if not _set(session, offer, passed_to=TO_PARTY, held_at=None):
        raise Lost("the conversation")
    if not parties.hand_over(session, party, now=now):
        raise NotNow
    handed = offer.who | {"party": party.id, "title": party.title}
    calls.tell(session, call_id, Kind.HANDED_OVER, handed, now=now)
    if party.consult_id is not None:
        _listened_to(session, offer, party.consult_id, now)
    offers.talk_over(floor, session, offer, "agent", now=now)
    if party.consult_id is not None:
        _takes_over(session, offer, party.consult_id, now)
    to = {"offer": offer.id, "party": party.id}
    outbox.post(session, HAND_OVER, to, now=now, key=f"{HAND_OVER}:{offer.id}")


def _listened_to(session: Session, offer: OfferFacts, consult_id: int, now: datetime) -> None:
    """A supervisor who is there stays with the caller, and whispers to the colleague from now."""
    for monitor in monitors.goes_with(session, offer.id, consult_id):
        if monitor.answered_at is not None:
            monitors.tell(session, monitor, monitor.mode.value, now)
        outbox.post(session, FOLLOW_MONITOR, {"monitor": monitor.id}, now=now)


def _takes_over(session: Session, offer: OfferFacts, consult_id: int, now: datetime) -> None:
    """From now on the caller talks with the colleague who was asked in, and nothing is paused."""
    if not offers.becomes_the_callers(session, consult_id, now=now):
        raise Lost("the colleague")
    consult = offers.facts(session, consult_id)
    took = consult.who | {"queue": consult.queue, "language": consult.language}
    calls.tell(session, consult.call_id, Kind.TAKEN_OVER, took, now=now)
    if offer.silent:
        record_on(session, consult, now)


def party_answered(session: Session, party_id: int, leg_sid: str, *, now: datetime) -> bool:
    """The third party's telephone answered; False when they are not wanted (any more)."""
    party = parties.facts(session, party_id)
    offers.facts(session, party.offer_id)
    return parties.answered(session, party_id, leg_sid, now=now) or (
        party.ended_at is None and party.leg_sid == leg_sid
    )


def party_over(session: Session, party_id: int, result: str, *, now: datetime) -> None:
    """The third party was not reached, or has hung up.

    Who was not reached leaves the choice to the agent: the caller stays held meanwhile. With one
    who was spoken to the consultation is over, and the caller is back.
    """
    offer = offers.facts(session, parties.facts(session, party_id).offer_id)
    goes_on = take(session, offer)
    gone = parties.end(session, party_id, result, now=now)
    if gone is None:
        return
    offers.colleague_goes(session, gone, now=now)
    if goes_on and gone.answered_at is not None:
        _resume(session, offer, now)


# ---------------------------------------------------------------- what it is like


def talking(session: Session, call_id: int, agent_id: int) -> OfferFacts:
    """The conversation of this agent in this call. Raises `NotYours`, `NotTalking`; `NotNow` while
    the agent's telephone is away.
    """
    offer = offers.latest_of_both(session, call_id, agent_id)
    if offer.state is not OfferState.CONNECTED or offer.consults is not None:
        raise NotTalking
    if absences.open_of(session, offer.id) is not None:
        raise NotNow
    return offer


def taken(session: Session, call_id: int, agent_id: int) -> OfferFacts:
    """As `talking`, and its row is held: what is possible in it stays so until this is done, and
    two things do not begin at once.
    """
    if not take(session, talking(session, call_id, agent_id)):
        raise NotTalking
    return talking(session, call_id, agent_id)


def talk_of(session: Session, offer: OfferFacts) -> Talk:
    """What a conversation is like now, for `rules.possible`."""
    party = parties.present(session, offer.id)
    return seen(
        offer,
        recorded=recorded(session, offer),
        party=None if party is None else party.state,
        called_back=callback_rows.of_stay(session, offer.waiting_id) is not None,
        cut_off=absences.open_of(session, offer.id) is not None,
    )


def seen(
    offer: OfferFacts,
    *,
    recorded: bool,
    party: PartyState | None,
    called_back: bool,
    cut_off: bool,
) -> Talk:
    """The same, of what is known already."""
    return Talk(
        held=offer.held_at is not None,
        recorded=recorded,
        paused=offer.paused_at is not None,
        hushed=recorded and offer.hushed,
        party=party if party in PRESENT else None,
        called_back=called_back,
        cut_off=cut_off,
    )


def recorded(session: Session, offer: OfferFacts) -> bool:
    """Whether this conversation is recorded: the caller was told, and was on the line; or we rang
    them, and told them then.
    """
    rung = callback_rows.recorded(session, offer.talk)
    return told(offer, calls.facts(session, offer.call_id)) if rung is None else rung


def told(offer: OfferFacts, call: CallFacts) -> bool:
    """Whether a caller who was not rung by us was told that it is recorded, and was on the line."""
    on_the_line = call.ended_at is None or (
        offer.answered_at is not None and call.ended_at >= offer.answered_at
    )
    return call.consent == "given" and on_the_line


# ---------------------------------------------------------------- small parts


def _hold(floor: Floor, session: Session, offer: OfferFacts, now: datetime) -> None:
    hushes = floor.section(Ivr).talk.on_hold is OnHold.PAUSE and recorded(session, offer)
    since = now if hushes else None
    if not _set(session, offer, Offer.held_at.is_(None), held_at=now, hushed_at=since):
        return
    calls.tell(session, offer.call_id, Kind.HELD, offer.who, now=now)
    outbox.post(session, FOLLOW, {"offer": offer.id}, now=now)
    if hushes and offer.paused_at is None:
        _follow_recording(session, offer, Kind.RECORDING_PAUSED, now, ON_HOLD)


def _resume(session: Session, offer: OfferFacts, now: datetime) -> None:
    if not _set(session, offer, Offer.held_at.is_not(None), held_at=None):
        return
    calls.tell(session, offer.call_id, Kind.RESUMED, offer.who, now=now)
    outbox.post(session, FOLLOW, {"offer": offer.id}, now=now)
    if offer.hushed and offer.paused_at is None:
        _follow_recording(session, offer, Kind.RECORDING_RESUMED, now, ON_HOLD)
    elif (
        not offer.hushed and offer.held_at and offer.paused_at and offer.paused_at >= offer.held_at
    ):
        _record_again(session, offer, now)


def _record_again(session: Session, offer: OfferFacts, now: datetime) -> None:
    paused = _set(session, offer, Offer.paused_at.is_not(None), paused_at=None)
    if paused and not offer.hushed:
        _follow_recording(session, offer, Kind.RECORDING_RESUMED, now)


def record_on(session: Session, offer: OfferFacts, now: datetime) -> None:
    """Of a conversation that was another's, whose recording had silence: it is recorded again."""
    _follow_recording(session, offer, Kind.RECORDING_RESUMED, now)


def _follow_recording(
    session: Session,
    offer: OfferFacts,
    kind: Kind,
    now: datetime,
    why: Mapping[str, str] | None = None,
) -> None:
    calls.tell(session, offer.call_id, kind, offer.who | dict(why or {}), now=now)
    outbox.post(session, FOLLOW_RECORDING, {"offer": offer.id}, now=now)


def take(session: Session, offer: OfferFacts) -> bool:
    """Hold the row of a conversation; False when it is over. It comes before its party's."""
    return _set(session, offer, held_at=Offer.held_at)


def mark(session: Session, offer: OfferFacts, **values: object) -> bool:
    """Set columns of a conversation; False when it is over."""
    return _set(session, offer, **values)


def _leave(session: Session, party: PartyFacts, result: str, now: datetime) -> None:
    gone = parties.end(session, party.id, result, now=now)
    if gone is not None:
        offers.let_party_go(session, gone, now=now)


def _set(
    session: Session, offer: OfferFacts, *conditions: sa.ColumnElement[bool], **values: object
) -> bool:
    row = session.execute(
        sa.update(Offer)
        .where(Offer.id == offer.id, Offer.state == OfferState.CONNECTED, *conditions)
        .values(**values)
        .returning(Offer.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return row is not None
