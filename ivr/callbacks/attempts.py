"""Ringing the citizen of a callback, once an agent waits for them on the line.

An attempt is one call to the citizen, for one offer. The order of the rows: see
`ivr.callbacks.service`.
"""

from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from agents import service as agents
from hotline import clock
from hotline.db import insert_ignore
from hotline.floor import Floor
from ivr import calls
from ivr.callbacks import places, rows
from ivr.callbacks import service as callbacks
from ivr.callbacks.rows import ANSWERED, AttemptFacts, CallbackFacts, calling_hours
from ivr.callbacks.rules import Missed, Move, State, missed, try_again
from ivr.config import Ivr
from ivr.errors import Lost, NotTalking
from ivr.events import Departed, Kind, OfferState, Result, Waits
from ivr.models import CallbackAttempt
from ivr.room import callouts, offers
from ivr.room.offers import OfferFacts
from tickets import service as tickets
from tickets.config import Tickets

#: How often one looks again for whose conversation it is.
_LOOKS = 5


def begin(floor: Floor, session: Session, offer_id: int, *, now: datetime) -> AttemptFacts | None:
    """The agent of this offer waits on the line: from now on the citizen is being rung.

    None when they are not to be rung for it: it was begun before (the same effect a second time),
    it is no longer wanted, or it is too late in the evening.
    """
    offer = offers.facts(session, offer_id)
    before = rows.of_stay(session, offer.waiting_id)
    if before is None or offer.state is not OfferState.ACCEPTED:
        return None
    hours, ring = calling_hours(floor), floor.section(Ivr).callbacks.ring
    # who calls out was told before whether it is too late
    if before.agent_id is None and not hours.allow(now, before.awake_at):
        if rows.move(session, before, Move.SLEEP, due_at=hours.next_opening(now)):
            offers.fail(floor, session, offer, Result.UNREACHED, now=now)
        return None
    if rows.rung_otherwise(session, before):
        _not_now(floor, session, before, offer, now)
        return None
    if not rows.move(session, before, Move.DIAL):
        return None
    attempt = {
        "callback_id": before.id,
        "offer_id": offer_id,
        "begun_at": now,
        "recorded": records(floor, session, offer),
        "checked_at": now,
    }
    attempt_id = insert_ignore(session, CallbackAttempt, attempt)
    until = now + timedelta(seconds=ring + offers.GRACE * clock.speed())
    if attempt_id is None or not offers.extend(session, offer_id, until):
        raise Lost("the attempt")
    return rows.attempt_facts(session, attempt_id)


def _not_now(
    floor: Floor, session: Session, before: CallbackFacts, offer: OfferFacts, now: datetime
) -> None:
    """Their telephone rings for somebody else: a promise is kept later, a call out is over."""
    made = callouts.of_stay(session, offer.waiting_id)
    if made is not None:
        over = callouts.over(session, made, Missed.BUSY, now=now)
    else:
        pause = floor.section(Ivr).callbacks.trying_again().pauses[Missed.BUSY]
        over = rows.move(session, before, Move.SLEEP, due_at=now + pause)
    if over and not offers.fail(floor, session, offer, Result.UNREACHED, now=now):
        raise Lost("the offer")


def records(floor: Floor, session: Session, offer: OfferFacts) -> bool:
    """Whether the conversation of an offer is to be recorded, as far as can be said before the two
    meet: the caller is on the line and has been told; or is rung, and will be when they answer. Who
    refused when they called is not told again.
    """
    call = calls.facts(session, offer.call_id)
    if call.ended_at is None or rows.of_stay(session, offer.waiting_id) is None:
        return call.recorded
    return floor.section(Ivr).callbacks.notice is not None and call.consent != "refused"


def dialled(session: Session, attempt_id: int, leg_sid: str) -> bool:
    """Note the call to the citizen; False when it is not wanted (any more)."""
    row = session.execute(
        sa.update(CallbackAttempt)
        .where(
            CallbackAttempt.id == attempt_id,
            CallbackAttempt.ended_at.is_(None),
            sa.or_(CallbackAttempt.leg_sid.is_(None), CallbackAttempt.leg_sid == leg_sid),
        )
        .values(leg_sid=leg_sid)
        .returning(CallbackAttempt.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return row is not None


def answered(
    session: Session, attempt_id: int, leg_sid: str, *, now: datetime
) -> OfferFacts | None:
    """The citizen answers: to the agent, in the conference of this offer. Whose conversation it is
    there: told again, it may be a colleague's by now.

    None when nobody waits for them there (any more). The same telephone is told the same again.
    """
    attempt = rows.attempt_facts(session, attempt_id)
    offer, before = (
        offers.of_conference(session, attempt.offer_id),
        rows.facts(session, attempt.callback_id),
    )
    if attempt.ended_at is not None or attempt.leg_sid not in (None, leg_sid):
        return None
    if offer.state is OfferState.CONNECTED:
        return offer
    if offer.state is not OfferState.ACCEPTED:
        return None
    ended = {"due_at": None, "ended_at": now}
    if not rows.move(session, before, Move.ANSWER, **ended):
        return None
    if before.agent_id is not None:  # what they were promised otherwise is kept by this, too
        callbacks.got_through(session, offer.call_id, now=now)
    rows.set_attempt(session, attempt_id, leg_sid=leg_sid, answered_at=now)
    if not offers.join(session, attempt.offer_id, now=now):
        raise Lost("the agent")
    _tell_answered(session, before, attempt, now)
    return offers.facts(session, attempt.offer_id)


def _tell_answered(
    session: Session, before: CallbackFacts, attempt: AttemptFacts, now: datetime
) -> None:
    rows.tell_tried(session, before, attempt, ANSWERED, now)
    if attempt.recorded:
        calls.tell(session, before.call_id, Kind.CONSENT, {"to": "given"}, now=now)
    if before.agent_id is not None:
        by = before.asked_by or tickets.SYSTEM
        tickets.called_out(session, before.call_id, result=ANSWERED, by=by, now=now)


def before_meeting(session: Session, offer: OfferFacts) -> None:
    """Take the promise that a meeting may keep: its row comes before those of stay and offer
    (PostgreSQL).
    """
    found = rows.of_stay(session, offer.waiting_id) or callbacks.of_caller(session, offer.call_id)
    if found is not None:
        rows.taken(session, found.id)


def met(session: Session, offer: OfferFacts, *, now: datetime) -> None:
    """Somebody on the line has met an agent. Was it who asked to be called back, still on the line
    that they asked on, or the same number on another, the promise is kept.
    """
    before = rows.of_stay(session, offer.waiting_id)
    if before is None:
        callbacks.got_through(session, offer.call_id, now=now)
    else:
        rows.move(session, before, Move.MEET, due_at=None, ended_at=now)


def leg_over(
    floor: Floor, session: Session, attempt_id: int, leg_sid: str, status: str, *, now: datetime
) -> None:
    """The call to the citizen is over: not answered, or hung up (`status`: the carrier's word).

    Twice, late, or of another call, it changes nothing.
    """
    attempt = rows.attempt_facts(session, attempt_id)
    if attempt.ended_at is not None or attempt.leg_sid not in (None, leg_sid):
        return
    if attempt.answered_at is None:
        over = replace(attempt, leg_sid=None)  # nothing rings there any more
        not_reached(floor, session, over, missed(status), now=now)
        return
    rows.set_attempt(session, attempt_id, ended_at=now, result=ANSWERED)
    _talk_over(floor, session, attempt.offer_id, now)


def _talk_over(floor: Floor, session: Session, offer_id: int, now: datetime) -> None:
    """The citizen has left the conference of this offer: whose conversation it is there is over.
    They may be handed over to a colleague in this very moment, who then has it.
    """
    for _ in range(_LOOKS):
        offer = offers.of_conference(session, offer_id)
        if offer.state is not OfferState.CONNECTED:
            return
        if offers.talk_over(floor, session, offer, "caller", now=now):
            # who hangs up while the notice is spoken never was in the conference, which goes on
            offers.drop_leg(session, offer, now)
            return


def not_reached(
    floor: Floor, session: Session, attempt: AttemptFacts, why: Missed, *, now: datetime
) -> None:
    """A try in vain: the agent is let go; again after a pause in the same place, or no more."""
    before, offer = (
        rows.facts(session, attempt.callback_id),
        offers.facts(session, attempt.offer_id),
    )
    if before.agent_id is not None:
        _over(floor, session, before, attempt, offer, why, now)
        return
    tries = before.tries + 1
    again = try_again(
        tries,
        why,
        now,
        retries=floor.section(Ivr).callbacks.trying_again(),
        hours=calling_hours(floor),
        awake_at=before.awake_at,
    )
    move = Move.GIVE_UP if again is None else Move.MISS
    if not rows.move(session, before, move, tries=tries, due_at=again):
        return
    rows.end_attempt(session, attempt, why, now)
    if not offers.fail(floor, session, offer, Result.UNREACHED, now=now):
        raise Lost("the offer")
    rows.tell_tried(session, before, attempt, why, now)
    if again is None:
        _give_up(floor, session, rows.facts(session, before.id), now)


def _over(
    floor: Floor,
    session: Session,
    before: CallbackFacts,
    attempt: AttemptFacts,
    offer: OfferFacts,
    why: Missed,
    now: datetime,
) -> None:
    """An agent called, and nobody was reached: nobody else tries, it is theirs to say what next."""
    made = callouts.of_stay(session, offer.waiting_id)
    if made is None or not callouts.over(session, made, why, now=now):
        return
    rows.end_attempt(session, attempt, why, now)
    rows.tell_tried(session, before, attempt, why, now)
    if not offers.fail(floor, session, offer, Result.UNREACHED, now=now):
        raise Lost("the offer")


def _give_up(floor: Floor, session: Session, found: CallbackFacts, now: datetime) -> None:
    """Nobody was reached: somebody decides, and the promise stands as a ticket until then."""
    places.move_stay(session, found, (Waits.PAUSED,), Waits.LEFT, Departed.LEFT, now)
    rows.tell_end(session, found, State.UNREACHED, None, now)
    tickets.record_call(
        session,
        floor.section(Tickets),
        call_id=found.call_id,
        outcome=None,
        note=floor.texts.get("ivr.callback.ticket_note", "th", tries=found.tries),
        caller=found.number,
        language=found.language,
        incomplete=True,
        source=tickets.CALLBACK,
        now=now,
    )


def agent_gone(session: Session, offer_id: int, leg_sid: str, *, now: datetime) -> None:
    """The agent hung up while the citizen was being rung: that is no try of the citizen's, who
    keeps the place for the next agent. The offer itself is `offers.leg_over`'s.
    """
    attempt, offer = rows.open_attempt(session, offer_id), offers.facts(session, offer_id)
    if attempt is None or attempt.answered_at is not None or offer.leg_sid not in (None, leg_sid):
        return
    before = rows.facts(session, attempt.callback_id)
    if rows.move(session, before, Move.LOSE_AGENT):
        rows.end_attempt(session, attempt, Missed.AGENT_GONE, now)
        rows.tell_tried(session, before, attempt, Missed.AGENT_GONE, now)


def stop(floor: Floor, session: Session, offer: OfferFacts, *, now: datetime) -> None:
    """The agent gives up before the citizen has answered. A call of theirs is over; a promise keeps
    its place, and is tried again after the pause, which is no try of the citizen's.

    Raises `Lost` when they speak meanwhile, or it came to its end otherwise.
    """
    found = rows.of_stay(session, offer.waiting_id)
    if found is None:
        raise NotTalking
    # the row first: an attempt that begins in this moment is seen, and ended with the rest
    before, attempt = rows.taken(session, found.id), rows.open_attempt(session, offer.id)
    if attempt is not None and attempt.answered_at is None:
        if not rows.move(session, before, Move.LOSE_AGENT):
            raise Lost("the citizen")
        rows.end_attempt(session, attempt, Missed.AGENT_GONE, now)
        rows.tell_tried(session, before, attempt, Missed.AGENT_GONE, now)
    result = Result.WITHDRAWN
    if before.agent_id is None:
        pause = floor.section(Ivr).callbacks.trying_again().pauses[Missed.NO_ANSWER]
        again = rows.facts(session, before.id)
        if not rows.move(session, again, Move.SLEEP, due_at=now + pause):
            raise Lost("the promise")
        result = Result.UNREACHED
    if not offers.fail(floor, session, offer, result, now=now):
        raise Lost("the offer")


def put_down(floor: Floor, session: Session, offer_id: int, leg_sid: str, *, now: datetime) -> bool:
    """A plain telephone was put down while its agent waits for the citizen: that gives up, as F9
    on a desk does. False when it is no such telephone, or does not wait. Raises as `stop`.
    """
    offer = offers.facts(session, offer_id)
    waits = offer.state is OfferState.ACCEPTED and offer.answered_at is not None
    if not waits or offer.leg_sid != leg_sid:
        return False
    if agents.agent(session, offer.agent_id).in_browser:
        return False
    rung = rows.open_attempt(session, offer_id)
    if rung is None and callouts.of_stay(session, offer.waiting_id) is None:
        return False  # the citizen is on the line that they asked on, and brought like any caller
    stop(floor, session, replace(offer, leg_sid=None), now=now)
    return True


def expire(floor: Floor, session: Session, offer: OfferFacts, *, now: datetime) -> bool:
    """The two telephones of an offer did not meet in time: whether a citizen was being rung for
    it, who then was not reached. Else it is an offer like any other.
    """
    attempt = rows.open_attempt(session, offer.id)
    if attempt is None or attempt.answered_at is not None:
        return False
    not_reached(floor, session, attempt, Missed.NO_ANSWER, now=now)
    return True


def to_ask_about(
    session: Session, before: datetime, limit: int, *, now: datetime
) -> list[AttemptFacts]:
    """Calls to citizens that have not ended, as far as we know, and that the carrier was not asked
    about since `before`; from now on it was.
    """
    late = (
        sa.select(CallbackAttempt.id)
        .where(CallbackAttempt.ended_at.is_(None), CallbackAttempt.checked_at < before)
        .order_by(CallbackAttempt.checked_at)
        .limit(limit)
    )
    asked = session.execute(
        sa.update(CallbackAttempt)
        .where(CallbackAttempt.id.in_(late), CallbackAttempt.checked_at < before)
        .values(checked_at=now)
        .returning(*rows.OF_ATTEMPT)
        .execution_options(synchronize_session=False)
    )
    return [AttemptFacts(*row) for row in asked]
