"""Promises to call somebody back, and how they are kept. The rules are in `ivr.callbacks.rules`.

A callback has a place in the line like any caller: a stay in the waiting room, which outlives the
call (`waiting.callback_id`). At its turn an agent is reserved and offered it like any call; once
the agent waits on the line, the citizen is rung (an *attempt*). Rows are taken in one order
everywhere: callback, call, stay, offer, agent, each by compare-and-set.
"""

import re
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from agents import service as agents
from hotline.db import insert_ignore, not_by_index
from hotline.errors import Invalid
from hotline.floor import Floor
from ivr import calls
from ivr.callbacks import places, rows
from ivr.callbacks.rows import Asked, CallbackFacts, calling_hours, facts
from ivr.callbacks.rules import MOVES, PENDING, Move, State
from ivr.config import CallbackRules, Ivr
from ivr.errors import CallbackMoved, Lost
from ivr.events import Kind, Waits
from ivr.models import Callback, CallEvent
from ivr.room import offers, waiting
from ivr.room.waiting import Stay

#: Who ended or asked for a callback, when it was no agent.
CITIZEN = "citizen"
_E164 = re.compile(r"\+[1-9]\d{6,14}")


# ---------------------------------------------------------------- promising


def request(
    floor: Floor, session: Session, asked: Asked, stay: Stay | None, *, now: datetime
) -> CallbackFacts:
    """Promise a callback. However often it is asked for, one call and one number have one promise;
    asked for again, with another number or hour, the promise changes and the place stays.

    `stay`: the caller's place in the waiting room, if there is one: it is kept, and outlives the
    call. An hour that has passed is as soon as possible. Raises `Invalid` for what is no number,
    and for one that the city does not call.
    """
    if not _E164.fullmatch(asked.number):
        raise Invalid("number: not a telephone number", text="ivr.bad_number")
    if not may_call(floor.section(Ivr).callbacks, asked.number):
        raise Invalid("number: not one that the city calls", text="ivr.number_not_called")
    places.lock(session, asked.call_id)
    stay = None if stay is None else waiting.by_id(session, stay.id)
    own, known = _of_call(session, asked.call_id), pending_for(session, asked.number)
    if own is not None and known is not None and own.id != known.id:
        cancel(session, own.id, by=CITIZEN, now=now)  # the number has an older promise
    before = known or own
    if before is not None:
        return _change(floor, session, before, asked, stay, now)
    return _promise(floor, session, asked, stay, now)


def may_call(rules: CallbackRules, number: str) -> bool:
    """Whether the city calls this number (E.164) back."""
    if calls.is_withheld(number) or _E164.fullmatch(number) is None:
        return False
    return number.startswith(rules.prefixes)


def _promise(
    floor: Floor, session: Session, asked: Asked, stay: Stay | None, now: datetime
) -> CallbackFacts:
    at, hours = _to_come(asked.at, now), calling_hours(floor)
    awake_at = at or asked.heard_at or now
    soon = at is None and hours.allow(now, awake_at)
    callback_id = insert_ignore(
        session,
        Callback,
        {
            "call_id": asked.call_id,
            "number": asked.number,
            "queue": asked.queue,
            "language": asked.language,
            "state": (State.IN_LINE if soon else State.SCHEDULED).value,
            "promised_at": now,
            "wanted_at": at,
            "awake_at": awake_at,
            "due_at": None if soon else at or hours.next_opening(now),
            "tries": 0,
            "asked_by": asked.by,
        },
    )
    if callback_id is None:
        raise Lost("another promise to the same number")
    waiting_id = places.keep(session, stay, callback_id) if stay is not None else None
    if waiting_id is None:
        entered_at = now if stay is None else stay.entered_at
        waiting_id = places.take_place(floor, session, asked, callback_id, entered_at, now)
    rows.set_values(session, callback_id, waiting_id=waiting_id)
    made = facts(session, callback_id)
    _tell_promise(session, asked.call_id, made, now)
    if soon:
        places.into_line(floor, session, made, now)
    else:
        places.out_of_line(session, made, now)
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
        places.leave(session, stay.id, now)
    if before.number != asked.number:
        rows.set_values(session, before.id, number=asked.number)
    if at is None and before.state is State.SCHEDULED:
        _hasten(floor, session, before, now if stay is None else stay.entered_at, now)
    elif at is not None and at != before.wanted_at:
        _postpone(session, before, at, now)
    after = facts(session, before.id)
    if after.state not in PENDING:
        raise Lost("the promise")  # it came to its end in this very moment: a new one is made
    if after.wanted_at != before.wanted_at or not _was_told(session, asked.call_id):
        _tell_promise(session, asked.call_id, after, now)
    return after


def _to_come(at: datetime | None, now: datetime) -> datetime | None:
    return at if at is not None and at > now else None


def _postpone(session: Session, before: CallbackFacts, at: datetime, now: datetime) -> None:
    """For a later hour; one that is just being rung stays as it is."""
    if not rows.move(session, before, Move.POSTPONE, wanted_at=at, awake_at=at, due_at=at):
        return
    places.out_of_line(session, before, now)
    if before.state is not State.SCHEDULED:
        rows.tell_end(session, before, State.SCHEDULED, CITIZEN, now)


def _hasten(
    floor: Floor, session: Session, before: CallbackFacts, since: datetime, now: datetime
) -> None:
    if rows.move(session, before, Move.HASTEN, wanted_at=None, awake_at=now, due_at=None):
        places.rank(floor, session, before, since)
        places.into_line(floor, session, before, now)


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
        CallEvent.call_id == call_id, not_by_index(CallEvent.kind == Kind.CALLBACK.value)
    )
    return session.execute(told.limit(1)).one_or_none() is not None


# ---------------------------------------------------------------- the citizen calls again


def pending_for(session: Session, number: str) -> CallbackFacts | None:
    """What this number (E.164) has been promised and not been given yet, or None."""
    return rows.one(session, Callback.number == number, *_PROMISED)


def _of_call(session: Session, call_id: int) -> CallbackFacts | None:
    return rows.one(session, Callback.call_id == call_id, *_PROMISED)


#: What agents call about by themselves is no promise, and nobody else's.
_PROMISED = (Callback.state.in_(PENDING), Callback.agent_id.is_(None))


def resume(session: Session, callback_id: int, call_id: int, *, now: datetime) -> datetime | None:
    """Another call of the citizen's takes over the place: since when they wait, for `enter`.

    None when there is no place to take over (any more): they are talking, or somebody was faster.
    An agent who is just being reserved for the callback is released; a telephone that rings stops.
    """
    before = facts(session, callback_id)
    if before.state not in PENDING:
        return None
    ended = {"due_at": None, "ended_at": now, "ended_by": CITIZEN}
    if not rows.move(session, before, Move.TAKE_OVER, **ended):
        return None
    entered_at = now
    if before.waiting_id is not None and before.state is not State.SCHEDULED:
        entered_at = waiting.by_id(session, before.waiting_id).entered_at
    places.drop(session, before, now)
    said = {"callback": before.id, "result": State.TAKEN_OVER.value, "by": CITIZEN, "to": call_id}
    calls.tell(session, before.call_id, Kind.CALLBACK_ENDED, said, now=now)
    return min(entered_at, now)


def of_caller(session: Session, call_id: int) -> CallbackFacts | None:
    """The callback that is owed to the number of this call, or None."""
    return pending_for(session, calls.facts(session, call_id).from_number)


def got_through(session: Session, call_id: int, *, now: datetime) -> None:
    """A caller talks with an agent who was to be called back in turn: no need to ring them any
    more. Who asked for an hour is called at that hour all the same.
    """
    owed = of_caller(session, call_id)
    if owed is not None and owed.state is not State.SCHEDULED and owed.call_id != call_id:
        resume(session, owed.id, call_id, now=now)


# ---------------------------------------------------------------- by hand


def cancel(session: Session, callback_id: int, *, by: str, now: datetime) -> None:
    """It is not wanted any more (`by`: a username, or CITIZEN). Said twice, it stands.

    Raises `NoSuchCallback`, and `CallbackMoved` when it is kept already or settled, or no promise
    but a call that an agent makes.
    """
    before = facts(session, callback_id)
    if before.agent_id is not None:
        raise CallbackMoved
    if before.state is State.CANCELLED:
        return
    if not rows.move(session, before, Move.CANCEL, due_at=None, ended_at=now, ended_by=by):
        raise CallbackMoved
    places.drop(session, before, now)
    rows.tell_end(session, before, State.CANCELLED, by, now)


def settle(session: Session, callback_id: int, *, by: str, word: str, now: datetime) -> None:
    """One who was not reached is settled otherwise, in a word. Raises as `cancel`."""
    before = facts(session, callback_id)
    if before.state is State.DONE:
        return
    if not rows.move(session, before, Move.SETTLE, ended_at=now, ended_by=by, word=word[:200]):
        raise CallbackMoved
    rows.tell_end(session, before, State.DONE, by, now)


def retry(floor: Floor, session: Session, callback_id: int, *, by: str, now: datetime) -> None:
    """Into the line once more one who was not reached. Raises as `cancel`."""
    before = facts(session, callback_id)
    if pending_for(session, before.number) is not None:
        raise CallbackMoved
    asked = {"tries": 0, "promised_at": now, "wanted_at": None, "asked_by": by}
    if not rows.move(session, before, Move.RETRY, **asked):
        raise CallbackMoved
    places.rank(floor, session, before, now)
    again = facts(session, callback_id)
    _tell_promise(session, before.call_id, again, now)
    places.into_line(floor, session, again, now)
    go_to_sleep(floor, session, callback_id, now=now)


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
            "awake_at": asked.heard_at or now,
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
    """Give a callback in the line to this very agent, who asked for it; False when they are not
    free for it. Their telephone rings at once: in a browser it is taken with that, on a plain
    telephone (which somebody else may lift) with a key, as any offer.

    Raises `Lost` when either is taken meanwhile.
    """
    found = facts(session, callback_id)
    if found.waiting_id is None or found.state is not State.IN_LINE:
        return False
    stay = waiting.by_id(session, found.waiting_id)
    if stay.state is not Waits.WAITING:
        return False
    return give(floor, session, stay, agent_id, now=now)


def give(floor: Floor, session: Session, stay: Stay, agent_id: int, *, now: datetime) -> bool:
    """As `offer_to`, of a place that waits."""
    seen = agents.presence_of(session, agent_id)
    if not agents.agent(session, agent_id).in_browser:
        if seen.presence.available:
            offers.make(floor, session, offers.pair_of(stay, seen), now=now)
        return seen.presence.available
    if seen.presence.may_call_out:
        offers.take(floor, session, stay, agent_id, now=now)
    return seen.presence.may_call_out


# ---------------------------------------------------------------- in its time


def come_due(floor: Floor, session: Session, callback_id: int, *, now: datetime) -> bool:
    """The hour, or a pause's end, has come: into the line. False when it is not so (any more)."""
    before = facts(session, callback_id)
    if before.due_at is None or before.due_at > now or before.state not in MOVES[Move.DUE][1]:
        return False
    hours = calling_hours(floor)
    if not hours.allow(now, before.awake_at):
        rows.set_values(session, callback_id, due_at=hours.next_opening(now))
        return False
    if not rows.move(session, before, Move.DUE, due_at=None):
        return False
    if before.state is State.SCHEDULED:
        head_start = timedelta(seconds=floor.section(Ivr).callbacks.head_start)
        places.rank(floor, session, before, before.asked_for - head_start)
        places.into_line(floor, session, before, now)
    else:
        places.move_stay(session, before, (Waits.PAUSED,), Waits.WAITING)
        offers.look_later(floor, session, before.skill)
    return True


def go_to_sleep(floor: Floor, session: Session, callback_id: int, *, now: datetime) -> bool:
    """It is too late in the evening to ring this citizen: the place is kept for tomorrow."""
    before, hours = facts(session, callback_id), calling_hours(floor)
    if before.state is not State.IN_LINE or hours.allow(now, before.awake_at):
        return False
    if not rows.move(session, before, Move.SLEEP, due_at=hours.next_opening(now)):
        return False
    if not places.move_stay(session, before, (Waits.WAITING,), Waits.PAUSED):
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
    return rows.every(
        session,
        Callback.ended_at.is_(None),
        Callback.agent_id.is_(None),
        Callback.state == State.IN_LINE,
    )


def open_ones(session: Session) -> list[CallbackFacts]:
    """Everything that the city still owes somebody, and whom it did not reach; oldest first."""
    return rows.every(session, Callback.ended_at.is_(None), Callback.agent_id.is_(None))
