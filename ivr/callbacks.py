"""Promises to call somebody back, and how they are kept. The rules are in `ivr.callback_rules`.

A callback has a place in the line like any caller: a stay in the waiting room, which outlives the
call (`waiting.callback_id`). At its turn an agent is reserved and offered it like any call; once
the agent waits on the line, the citizen is rung (an *attempt*). Rows are taken in one order
everywhere: callback, call, stay, offer, agent, each by compare-and-set.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from agents import routing
from agents import service as agents
from agents.config import Agents
from hotline import clock, outbox
from hotline.db import after_commit, insert_ignore
from hotline.errors import Invalid
from hotline.floor import Floor
from ivr import calls, offers, waiting
from ivr.callback_rules import MOVES, PENDING, Hours, Missed, Move, State, missed, try_again
from ivr.config import CallbackRules, Ivr
from ivr.errors import CallbackMoved, Lost, NoSuchCallback
from ivr.events import STILL_WAITS, Departed, Kind, OfferState, Result, Waits
from ivr.flow import ToQueue
from ivr.models import Call, Callback, CallbackAttempt, CallEvent, Waiting
from ivr.offers import HANG_UP, OfferFacts
from ivr.waiting import Skill, Stay
from tickets import service as tickets
from tickets.config import Tickets

#: Who ended or asked for a callback, when it was no agent.
CITIZEN = "citizen"
ANSWERED = "answered"
_E164 = re.compile(r"\+[1-9]\d{6,14}")


@dataclass(frozen=True, slots=True)
class CallbackFacts:
    """A callback as it is now; moments are aware. See `models.Callback` for what each says."""

    id: int
    call_id: int
    waiting_id: int | None
    number: str
    queue: str
    language: str
    state: State
    promised_at: datetime
    wanted_at: datetime | None
    due_at: datetime | None
    tries: int
    asked_by: str | None
    ended_at: datetime | None
    ended_by: str | None
    word: str | None

    @property
    def skill(self) -> Skill:
        """What an agent needs for this citizen."""
        return (self.queue, self.language)

    @property
    def asked_for(self) -> datetime:
        """The moment that the citizen wants to be called at."""
        return self.wanted_at or self.promised_at


@dataclass(frozen=True, slots=True)
class AttemptFacts:
    """One time that the citizen was rung."""

    id: int
    callback_id: int
    offer_id: int
    begun_at: datetime
    leg_sid: str | None
    answered_at: datetime | None
    ended_at: datetime | None
    result: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: whom to ring, about what, and when (None: as soon as possible)."""

    call_id: int
    number: str
    queue: str
    language: str
    node: str
    at: datetime | None = None
    #: An agent's username, when it is not the citizen who asks.
    by: str | None = None


# ---------------------------------------------------------------- promising


def request(
    floor: Floor, session: Session, asked: Asked, stay: Stay | None, *, now: datetime
) -> CallbackFacts:
    """Promise a callback. However often it is asked for, one call and one number have one promise;
    asked for again, with another number or hour, the promise changes and the place stays.

    `stay`: the caller's place in the waiting room, if there is one: it is kept, and outlives the
    call. An hour that has passed is as soon as possible. Raises `Invalid` for what is no number.
    """
    if not _E164.fullmatch(asked.number):
        raise Invalid("number: not a telephone number", text="ivr.bad_number")
    _lock(session, asked.call_id)
    stay = None if stay is None else _stay(session, stay.id)
    own, known = _of_call(session, asked.call_id), pending_for(session, asked.number)
    if own is not None and known is not None and own.id != known.id:
        cancel(session, own.id, by=CITIZEN, now=now)  # the number has an older promise
    before = known or own
    if before is not None:
        return _change(floor, session, before, asked, stay, now)
    return _promise(floor, session, asked, stay, now)


def _promise(
    floor: Floor, session: Session, asked: Asked, stay: Stay | None, now: datetime
) -> CallbackFacts:
    at = _to_come(asked.at, now)
    state = State.IN_LINE if at is None else State.SCHEDULED
    callback_id = insert_ignore(
        session,
        Callback,
        {
            "call_id": asked.call_id,
            "number": asked.number,
            "queue": asked.queue,
            "language": asked.language,
            "state": state.value,
            "promised_at": now,
            "wanted_at": at,
            "due_at": at,
            "tries": 0,
            "asked_by": asked.by,
        },
    )
    if callback_id is None:
        raise Lost("another promise to the same number")
    waiting_id = _keep(session, stay, callback_id) if stay is not None else None
    if waiting_id is None:
        entered_at = now if stay is None else stay.entered_at
        waiting_id = _take_place(floor, session, asked, callback_id, entered_at, now)
    _set(session, callback_id, waiting_id=waiting_id)
    made = facts(session, callback_id)
    _tell_promise(session, asked.call_id, made, now)
    if at is None:
        _into_line(floor, session, made, now)
    else:
        _out_of_line(session, made, now)
    return made


def _change(
    floor: Floor,
    session: Session,
    before: CallbackFacts,
    asked: Asked,
    stay: Stay | None,
    now: datetime,
) -> CallbackFacts:
    at = _to_come(asked.at, now)
    if stay is not None and stay.id != before.waiting_id:
        _leave(session, stay.id, now)
    if before.number != asked.number:
        _set(session, before.id, number=asked.number)
    if at != before.wanted_at:
        if at is not None:
            _postpone(session, before, at, now)
        elif before.state is State.SCHEDULED:
            _hasten(floor, session, before, now if stay is None else stay.entered_at, now)
    after = facts(session, before.id)
    if after.wanted_at != before.wanted_at or not _was_told(session, asked.call_id):
        _tell_promise(session, asked.call_id, after, now)
    return after


def _to_come(at: datetime | None, now: datetime) -> datetime | None:
    return at if at is not None and at > now else None


def _postpone(session: Session, before: CallbackFacts, at: datetime, now: datetime) -> None:
    """For a later hour; one that is just being rung stays as it is."""
    if not _move(session, before, Move.POSTPONE, wanted_at=at, due_at=at):
        return
    _out_of_line(session, before, now)
    if before.state is not State.SCHEDULED:
        _tell_end(session, before, State.SCHEDULED, CITIZEN, now)


def _hasten(
    floor: Floor, session: Session, before: CallbackFacts, since: datetime, now: datetime
) -> None:
    if _move(session, before, Move.HASTEN, wanted_at=None, due_at=None):
        _rank(floor, session, before, since)
        _into_line(floor, session, before, now)


def _tell_promise(session: Session, call_id: int, made: CallbackFacts, now: datetime) -> None:
    said = {
        "callback": made.id,
        "queue": made.queue,
        "language": made.language,
        "at": None if made.wanted_at is None else made.wanted_at.isoformat(),
    }
    calls.tell(session, call_id, Kind.CALLBACK, said, now=now)


def _was_told(session: Session, call_id: int) -> bool:
    told = sa.select(CallEvent.id).where(
        CallEvent.call_id == call_id, CallEvent.kind == Kind.CALLBACK.value
    )
    return session.execute(told.limit(1)).one_or_none() is not None


# ---------------------------------------------------------------- the citizen calls again


def pending_for(session: Session, number: str) -> CallbackFacts | None:
    """What this number (E.164) has been promised and not been given yet, or None."""
    return _one(session, Callback.number == number, Callback.state.in_(PENDING))


def resume(
    session: Session, callback_id: int, call_id: int, *, now: datetime
) -> datetime | None:
    """Another call of the citizen's takes over the place: since when they wait, for `enter`.

    None when there is no place to take over (any more): they are talking, or somebody was faster.
    An agent who is just being reserved for the callback is released; a telephone that rings stops.
    """
    before = facts(session, callback_id)
    if before.state not in PENDING:
        return None
    ended = {"ended_at": now, "ended_by": CITIZEN}
    if not _move(session, before, Move.TAKE_OVER, **ended):
        return None
    entered_at = now
    if before.waiting_id is not None and before.state is not State.SCHEDULED:
        entered_at = _stay(session, before.waiting_id).entered_at
    _drop(session, before, now)
    said = {"callback": before.id, "result": State.TAKEN_OVER.value, "by": CITIZEN, "to": call_id}
    calls.tell(session, before.call_id, Kind.CALLBACK_ENDED, said, now=now)
    return min(entered_at, now)


# ---------------------------------------------------------------- by hand


def cancel(session: Session, callback_id: int, *, by: str, now: datetime) -> None:
    """It is not wanted any more (`by`: a username, or CITIZEN). Said twice, it stands.

    Raises `NoSuchCallback`, and `CallbackMoved` when it is kept already or settled.
    """
    before = facts(session, callback_id)
    if before.state is State.CANCELLED:
        return
    if not _move(session, before, Move.CANCEL, ended_at=now, ended_by=by):
        raise CallbackMoved
    _drop(session, before, now)
    _tell_end(session, before, State.CANCELLED, by, now)


def settle(session: Session, callback_id: int, *, by: str, word: str, now: datetime) -> None:
    """One who was not reached is settled otherwise, in a word. Raises as `cancel`."""
    before = facts(session, callback_id)
    if before.state is State.DONE:
        return
    if not _move(session, before, Move.SETTLE, ended_at=now, ended_by=by, word=word[:200]):
        raise CallbackMoved
    _tell_end(session, before, State.DONE, by, now)


def retry(floor: Floor, session: Session, callback_id: int, *, by: str, now: datetime) -> None:
    """Into the line once more one who was not reached. Raises as `cancel`."""
    before = facts(session, callback_id)
    if pending_for(session, before.number) is not None:
        raise CallbackMoved
    asked = {"tries": 0, "promised_at": now, "wanted_at": None, "asked_by": by}
    if not _move(session, before, Move.RETRY, **asked):
        raise CallbackMoved
    _rank(floor, session, before, now)
    again = facts(session, callback_id)
    _tell_promise(session, before.call_id, again, now)
    _into_line(floor, session, again, now)


def strike_off(session: Session, asked: Asked, *, word: str, now: datetime) -> None:
    """Somebody who hung up while waiting need not be called back (`asked.by` says so)."""
    row = insert_ignore(
        session,
        Callback,
        {
            "call_id": asked.call_id,
            "number": asked.number,
            "queue": asked.queue,
            "language": asked.language,
            "state": State.DONE.value,
            "promised_at": now,
            "tries": 0,
            "asked_by": asked.by,
            "ended_at": now,
            "ended_by": asked.by,
            "word": word[:200],
        },
    )
    said = {"callback": row, "result": State.DONE.value, "by": asked.by}
    calls.tell(session, asked.call_id, Kind.CALLBACK_ENDED, said, now=now)


def offer_to(
    floor: Floor, session: Session, callback_id: int, agent_id: int, *, now: datetime
) -> bool:
    """Offer a callback in the line to this very agent; False when they are not free for it.

    Raises `Lost` when either is taken meanwhile.
    """
    found, seen = facts(session, callback_id), agents.presence_of(session, agent_id)
    if found.waiting_id is None or found.state is not State.IN_LINE or not seen.presence.available:
        return False
    stay = _stay(session, found.waiting_id)
    if stay.state is not Waits.WAITING:
        return False
    offers.make(floor, session, _pair(stay, seen), now=now)
    return True


def _pair(stay: Stay, seen: agents.PresenceFacts) -> routing.Pair:
    skill = routing.skill(stay.queue, stay.language)
    caller = routing.Waiting(
        stay.id, stay.queue, stay.language, stay.precedence, stay.ranked_at, stay.entered_at
    )
    idle_since = seen.idle_since or seen.state_since
    return routing.Pair(
        caller, routing.Ready(seen.agent_id, idle_since, frozenset({skill})), skill, 0
    )


# ---------------------------------------------------------------- in its time


def come_due(floor: Floor, session: Session, callback_id: int, *, now: datetime) -> bool:
    """The hour, or a pause's end, has come: into the line. False when it is not so (any more)."""
    before = facts(session, callback_id)
    if before.due_at is None or before.due_at > now or before.state not in MOVES[Move.DUE][1]:
        return False
    hours = _hours(floor)
    if not hours.allow(now, before.asked_for):
        _set(session, callback_id, due_at=hours.next_opening(now))
        return False
    if not _move(session, before, Move.DUE, due_at=None):
        return False
    if before.state is State.SCHEDULED:
        head_start = timedelta(seconds=_rules(floor).head_start)
        _rank(floor, session, before, before.asked_for - head_start)
        _into_line(floor, session, before, now)
    else:
        _move_stay(session, before, (Waits.PAUSED,), Waits.WAITING)
        after_commit(session, partial(offers.look, floor, [before.skill]))
    return True


def go_to_sleep(floor: Floor, session: Session, callback_id: int, *, now: datetime) -> bool:
    """It is too late in the evening to ring this citizen: the place is kept for tomorrow."""
    before, hours = facts(session, callback_id), _hours(floor)
    if before.state is not State.IN_LINE or hours.allow(now, before.asked_for):
        return False
    if not _move(session, before, Move.SLEEP, due_at=hours.next_opening(now)):
        return False
    if not _move_stay(session, before, (Waits.WAITING,), Waits.PAUSED):
        raise Lost("the place")  # it is being offered: what becomes of that comes first
    return True


def due(session: Session, now: datetime, limit: int) -> list[int]:
    """Callbacks whose hour, or whose pause's end, has come, the longest due first."""
    query = (
        sa.select(Callback.id)
        .where(Callback.state.in_((State.SCHEDULED, State.PAUSED)), Callback.due_at <= now)
        .order_by(Callback.due_at)
        .limit(limit)
    )
    return list(session.scalars(query))


def in_line(session: Session) -> list[CallbackFacts]:
    """Callbacks that have a place in the line and are not being rung."""
    return _all(session, Callback.ended_at.is_(None), Callback.state == State.IN_LINE)


# ---------------------------------------------------------------- ringing the citizen


def begin(floor: Floor, session: Session, offer_id: int, *, now: datetime) -> AttemptFacts | None:
    """The agent of this offer waits on the line: from now on the citizen is being rung.

    None when they are not to be rung for it: it was begun before (the same effect a second time),
    it is no longer wanted, or it is too late in the evening.
    """
    offer = offers.facts(session, offer_id)
    before = of_stay(session, offer.waiting_id)
    if before is None or offer.state is not OfferState.ACCEPTED:
        return None
    hours, ring = _hours(floor), _rules(floor).ring
    if not hours.allow(now, before.asked_for):
        if _move(session, before, Move.SLEEP, due_at=hours.next_opening(now)):
            offers.fail(floor, session, offer, Result.UNREACHED, now=now)
        return None
    if not _move(session, before, Move.DIAL):
        return None
    attempt = {"callback_id": before.id, "offer_id": offer_id, "begun_at": now}
    attempt["checked_at"] = now
    attempt_id = insert_ignore(session, CallbackAttempt, attempt)
    until = now + timedelta(seconds=ring + offers.GRACE * clock.speed())
    if attempt_id is None or not offers.extend(session, offer_id, until):
        raise Lost("the attempt")
    return attempt_facts(session, attempt_id)


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
    """The citizen answers: to the agent, in the conference of this offer.

    None when nobody waits for them there (any more). The same telephone is told the same again.
    """
    attempt = attempt_facts(session, attempt_id)
    offer, before = offers.facts(session, attempt.offer_id), facts(session, attempt.callback_id)
    if attempt.ended_at is not None or attempt.leg_sid not in (None, leg_sid):
        return None
    if offer.state is OfferState.CONNECTED:
        return offer
    if offer.state is not OfferState.ACCEPTED:
        return None
    ended = {"due_at": None, "ended_at": now}
    if not _move(session, before, Move.ANSWER, **ended):
        return None
    _set_attempt(session, attempt_id, leg_sid=leg_sid, answered_at=now)
    if not offers.join(session, attempt.offer_id, now=now):
        raise Lost("the agent")
    _tell_tried(session, before, attempt, ANSWERED, now)
    return offers.facts(session, attempt.offer_id)


def met(session: Session, offer: OfferFacts, *, now: datetime) -> None:
    """The citizen was still on the line, and was brought like any caller: the promise is kept."""
    before = of_stay(session, offer.waiting_id)
    if before is not None:
        _move(session, before, Move.MEET, due_at=None, ended_at=now)


def leg_over(
    floor: Floor, session: Session, attempt_id: int, leg_sid: str, status: str, *, now: datetime
) -> None:
    """The call to the citizen is over: not answered, or hung up (`status`: the carrier's word).

    Twice, late, or of another call, it changes nothing.
    """
    attempt = attempt_facts(session, attempt_id)
    if attempt.ended_at is not None or attempt.leg_sid not in (None, leg_sid):
        return
    if attempt.answered_at is None:
        over = replace(attempt, leg_sid=None)  # nothing rings there any more
        not_reached(floor, session, over, missed(status), now=now)
        return
    _set_attempt(session, attempt_id, ended_at=now, result=ANSWERED)
    offer = offers.facts(session, attempt.offer_id)
    if offer.state is OfferState.CONNECTED:
        offers.talk_over(floor, session, offer, "caller", now=now)


def not_reached(
    floor: Floor, session: Session, attempt: AttemptFacts, why: Missed, *, now: datetime
) -> None:
    """A try in vain: the agent is let go; again after a pause in the same place, or no more."""
    before, offer = facts(session, attempt.callback_id), offers.facts(session, attempt.offer_id)
    tries = before.tries + 1
    again = try_again(
        tries,
        why,
        now,
        retries=_rules(floor).trying_again(),
        hours=_hours(floor),
        asked_for=before.asked_for,
    )
    move = Move.GIVE_UP if again is None else Move.MISS
    if not _move(session, before, move, tries=tries, due_at=again):
        return
    _end_attempt(session, attempt, why, now)
    if not offers.fail(floor, session, offer, Result.UNREACHED, now=now):
        raise Lost("the offer")
    _tell_tried(session, before, attempt, why, now)
    if again is None:
        _give_up(floor, session, facts(session, before.id), now)


def _give_up(floor: Floor, session: Session, found: CallbackFacts, now: datetime) -> None:
    """Nobody was reached: somebody decides, and the promise stands as a ticket until then."""
    _move_stay(session, found, (Waits.PAUSED,), Waits.LEFT, Departed.LEFT, now)
    _tell_end(session, found, State.UNREACHED, None, now)
    tickets.record_call(
        session,
        floor.section(Tickets),
        call_id=found.call_id,
        outcome=None,
        note=floor.texts.get("ivr.callback.ticket_note", "th", tries=found.tries),
        caller=found.number,
        language=found.language,
        incomplete=True,
        now=now,
    )


def agent_gone(session: Session, offer_id: int, leg_sid: str, *, now: datetime) -> None:
    """The agent hung up while the citizen was being rung: that is no try of the citizen's, who
    keeps the place for the next agent. The offer itself is `offers.leg_over`'s.
    """
    attempt, offer = _open_attempt(session, offer_id), offers.facts(session, offer_id)
    if attempt is None or attempt.answered_at is not None or offer.leg_sid not in (None, leg_sid):
        return
    before = facts(session, attempt.callback_id)
    if _move(session, before, Move.LOSE_AGENT):
        _end_attempt(session, attempt, Missed.AGENT_GONE, now)
        _tell_tried(session, before, attempt, Missed.AGENT_GONE, now)


def expire(floor: Floor, session: Session, offer: OfferFacts, *, now: datetime) -> bool:
    """The two telephones of an offer did not meet in time: whether a citizen was being rung for
    it, who then was not reached. Else it is an offer like any other.
    """
    attempt = _open_attempt(session, offer.id)
    if attempt is None or attempt.answered_at is not None:
        return False
    not_reached(floor, session, attempt, Missed.NO_ANSWER, now=now)
    return True


# ---------------------------------------------------------------- what can be seen


def facts(session: Session, callback_id: int) -> CallbackFacts:
    """A callback; raises `NoSuchCallback`."""
    found = _one(session, Callback.id == callback_id)
    if found is None:
        raise NoSuchCallback(f"callback {callback_id}")
    return found


def of_stay(session: Session, waiting_id: int) -> CallbackFacts | None:
    """The callback that keeps this place, or None."""
    kept = sa.select(Waiting.callback_id).where(Waiting.id == waiting_id)
    callback_id = session.execute(kept).scalar_one_or_none()
    return None if callback_id is None else facts(session, callback_id)


def open_ones(session: Session) -> list[CallbackFacts]:
    """Everything that the city still owes somebody, and whom it did not reach; oldest first."""
    return _all(session, Callback.ended_at.is_(None))


def attempt_facts(session: Session, attempt_id: int) -> AttemptFacts:
    """One attempt; raises `NoSuchCallback`."""
    row = session.execute(
        sa.select(*_OF_ATTEMPT).where(CallbackAttempt.id == attempt_id)
    ).one_or_none()
    if row is None:
        raise NoSuchCallback(f"attempt {attempt_id}")
    return AttemptFacts(*row)


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
    rows = session.execute(
        sa.update(CallbackAttempt)
        .where(CallbackAttempt.id.in_(late), CallbackAttempt.checked_at < before)
        .values(checked_at=now)
        .returning(*_OF_ATTEMPT)
        .execution_options(synchronize_session=False)
    )
    return [AttemptFacts(*row) for row in rows]


# ---------------------------------------------------------------- the place in the line


def _lock(session: Session, call_id: int) -> None:
    """Take the call's row: its end is written before or after, not meanwhile (PostgreSQL)."""
    session.execute(sa.update(Call).where(Call.id == call_id).values(checked_at=Call.checked_at))


def _keep(session: Session, stay: Stay, callback_id: int) -> int | None:
    """Keep a place beyond the end of the call; None when the caller has lost it already."""
    row = session.execute(
        sa.update(Waiting)
        .where(
            Waiting.id == stay.id,
            Waiting.callback_id.is_(None),
            Waiting.state.in_((*STILL_WAITS, Waits.UNSEEN)),
        )
        .values(
            callback_id=callback_id,
            state=sa.case(
                (Waiting.state == Waits.UNSEEN.value, Waits.WAITING.value), else_=Waiting.state
            ),
            left_at=None,
            left_by=None,
        )
        .returning(Waiting.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    return row


def _take_place(
    floor: Floor,
    session: Session,
    asked: Asked,
    callback_id: int,
    entered_at: datetime,
    now: datetime,
) -> int:
    """A place of its own, for who had none. Its visit is minus the callback: no step has that."""
    precedence, ranked_at = _ranked(floor, asked.queue, asked.node, entered_at)
    waiting_id = insert_ignore(
        session,
        Waiting,
        {
            "call_id": asked.call_id,
            "visit": -callback_id,
            "queue": asked.queue,
            "language": asked.language,
            "node": asked.node,
            "precedence": precedence,
            "ranked_at": ranked_at,
            "entered_at": entered_at,
            "state": Waits.PAUSED.value,
            "last_seen_at": now,
            "callback_id": callback_id,
        },
    )
    assert waiting_id is not None, "a callback has one place of its own"
    return int(waiting_id)


def _ranked(floor: Floor, queue: str, node: str, since: datetime) -> routing.Rank:
    config = floor.section(Ivr)
    known, at = config.queues.get(queue), config.flow.get(node)
    priority = known.priority if known else 0
    if isinstance(at, ToQueue):
        priority += at.priority
    return routing.rank(priority, since, floor.section(Agents).policy)


def _rank(floor: Floor, session: Session, found: CallbackFacts, since: datetime) -> None:
    """Give the place the rank of somebody who has waited since that moment."""
    stay = _place_of(session, found)
    precedence, ranked_at = _ranked(floor, stay.queue, stay.node, since)
    ranks = {"precedence": precedence, "ranked_at": ranked_at, "entered_at": since}
    _update_stay(session, stay.id, (Waits.PAUSED, Waits.LEFT), **ranks)


def _into_line(floor: Floor, session: Session, found: CallbackFacts, now: datetime) -> None:
    _move_stay(session, found, (Waits.PAUSED, Waits.LEFT), Waits.WAITING)
    said = {"callback": found.id, "queue": found.queue, "language": found.language}
    calls.tell(session, found.call_id, Kind.CALLBACK_QUEUED, said, now=now)
    after_commit(session, partial(offers.look, floor, [found.skill]))


def _out_of_line(session: Session, found: CallbackFacts, now: datetime) -> None:
    """Keep the place for later; whoever is just being offered it is released."""
    if _move_stay(session, found, STILL_WAITS, Waits.PAUSED):
        _withdraw(session, found, now)


def _drop(session: Session, found: CallbackFacts, now: datetime) -> None:
    """Give the place up, with whatever was under way for it."""
    attempt = _open_attempt_of(session, found.id)
    if attempt is not None:
        _end_attempt(session, attempt, Missed.WITHDRAWN, now)
        _tell_tried(session, found, attempt, Missed.WITHDRAWN, now)
    came = (*STILL_WAITS, Waits.PAUSED)
    if _move_stay(session, found, came, Waits.LEFT, Departed.LEFT, now):
        _withdraw(session, found, now)


def _withdraw(session: Session, found: CallbackFacts, now: datetime) -> None:
    offer = offers.live_of(session, found.call_id)
    if offer is not None and offer.waiting_id == found.waiting_id:
        offers.withdraw(session, offer, now=now)


def _leave(session: Session, waiting_id: int, now: datetime) -> None:
    """The caller's own place, when the promise has an older one."""
    left = {"state": Waits.LEFT.value, "left_at": now, "left_by": Departed.LEFT.value}
    stay = _update_stay(session, waiting_id, (*STILL_WAITS, Waits.UNSEEN), **left)
    if stay is None:
        return
    offer = offers.live_of(session, stay.call_id)
    if offer is not None and offer.waiting_id == waiting_id:
        offers.withdraw(session, offer, now=now)


def _move_stay(
    session: Session,
    found: CallbackFacts,
    came: tuple[Waits, ...],
    to: Waits,
    by: Departed | None = None,
    now: datetime | None = None,
) -> bool:
    values = {"state": to.value, "left_by": by.value if by else None, "left_at": now}
    waiting_id = _place_of(session, found).id
    return _update_stay(session, waiting_id, came, **values) is not None


def _update_stay(
    session: Session, waiting_id: int, came: tuple[Waits, ...], **values: Any
) -> Stay | None:
    row = session.execute(
        sa.update(Waiting)
        .where(Waiting.id == waiting_id, Waiting.state.in_(came))
        .values(**values)
        .returning(Waiting.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return None if row is None else _stay(session, waiting_id)


def _place_of(session: Session, found: CallbackFacts) -> Stay:
    known = found.waiting_id
    if known is None:
        known = session.execute(
            sa.select(Callback.waiting_id).where(Callback.id == found.id)
        ).scalar_one()
    assert known is not None, "a callback without a place"
    return _stay(session, known)


def _stay(session: Session, waiting_id: int) -> Stay:
    return waiting.by_id(session, waiting_id)


# ---------------------------------------------------------------- small parts


def _move(session: Session, before: CallbackFacts, move: Move, **values: Any) -> bool:
    """Compare and set: make a move if the table has it and the row is as it was seen."""
    to, came = MOVES[move]
    if before.state not in came:
        return False
    row = session.execute(
        sa.update(Callback)
        .where(Callback.id == before.id, Callback.state == before.state.value)
        .values(state=to.value, **values)
        .returning(Callback.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return row is not None


def _set(session: Session, callback_id: int, **values: Any) -> None:
    session.execute(sa.update(Callback).where(Callback.id == callback_id).values(**values))


def _set_attempt(session: Session, attempt_id: int, **values: Any) -> None:
    session.execute(
        sa.update(CallbackAttempt).where(CallbackAttempt.id == attempt_id).values(**values)
    )


def _end_attempt(session: Session, attempt: AttemptFacts, why: Missed, now: datetime) -> None:
    """Over; a telephone that may still be ringing stops."""
    _set_attempt(session, attempt.id, ended_at=now, result=why.value)
    if attempt.leg_sid is not None:
        outbox.post(session, HANG_UP, {"sid": attempt.leg_sid}, now=now)


def _tell_tried(
    session: Session, found: CallbackFacts, attempt: AttemptFacts, result: str, now: datetime
) -> None:
    tried = {"callback": found.id, "offer": attempt.offer_id, "attempt": found.tries + 1}
    said = tried | {"result": str(result)}
    calls.tell(session, found.call_id, Kind.CALLBACK_TRIED, said, now=now)


def _tell_end(
    session: Session, found: CallbackFacts, result: State, by: str | None, now: datetime
) -> None:
    said = {"callback": found.id, "result": result.value, "by": by}
    calls.tell(session, found.call_id, Kind.CALLBACK_ENDED, said, now=now)


def _of_call(session: Session, call_id: int) -> CallbackFacts | None:
    return _one(session, Callback.call_id == call_id, Callback.state.in_(PENDING))


def _open_attempt(session: Session, offer_id: int) -> AttemptFacts | None:
    return _attempt(session, CallbackAttempt.offer_id == offer_id)


def _open_attempt_of(session: Session, callback_id: int) -> AttemptFacts | None:
    return _attempt(session, CallbackAttempt.callback_id == callback_id)


def _attempt(session: Session, which: sa.ColumnElement[bool]) -> AttemptFacts | None:
    row = session.execute(
        sa.select(*_OF_ATTEMPT).where(which, CallbackAttempt.ended_at.is_(None))
    ).one_or_none()
    return None if row is None else AttemptFacts(*row)


def _one(session: Session, *which: sa.ColumnElement[bool]) -> CallbackFacts | None:
    row = session.execute(sa.select(*_COLUMNS).where(*which)).one_or_none()
    return None if row is None else _facts(row)


def _all(session: Session, *which: sa.ColumnElement[bool]) -> list[CallbackFacts]:
    rows = session.execute(sa.select(*_COLUMNS).where(*which).order_by(Callback.id))
    return [_facts(row) for row in rows]


def _facts(row: Any) -> CallbackFacts:
    named = row._asdict()
    return CallbackFacts(**named | {"state": State(named["state"])})


def _rules(floor: Floor) -> CallbackRules:
    return floor.section(Ivr).callbacks


def _hours(floor: Floor) -> Hours:
    return _rules(floor).calling_hours(floor.city.zone)


_COLUMNS = tuple(getattr(Callback, name) for name in CallbackFacts.__slots__)
_OF_ATTEMPT = tuple(getattr(CallbackAttempt, name) for name in AttemptFacts.__slots__)
