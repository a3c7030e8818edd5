"""Who is owed a call: those who hung up while waiting, and what was promised.

Whole numbers are for who takes the call: here they are masked.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import jsonify, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from agents import service as agents
from agents.routing import ABSOLUTE
from hotline import clock, i18n
from hotline.auth import Role, access, current_account
from hotline.errors import Invalid
from hotline.web import floor, json_body, wants_json
from ivr import calls
from ivr.callbacks import abandoned
from ivr.callbacks import service as callbacks
from ivr.callbacks.abandoned import Abandoned
from ivr.callbacks.rows import Asked, CallbackFacts, calling_hours
from ivr.callbacks.rules import State, is_late
from ivr.config import Ivr
from ivr.errors import CallbackMoved, Lost
from ivr.events import LIVE
from ivr.models import Callback, Offer
from ivr.pages.base import ANSWERS, blueprint, caller_shown, iso, queue_title, spoken_title

#: In which order the promises stand: first what somebody must decide.
_ORDER = (State.UNREACHED, State.DIALLING, State.IN_LINE, State.PAUSED, State.SCHEDULED)


# ---------------------------------------------------------------- the list


@dataclass(frozen=True)
class _Owed:
    """A promise as the list shows it."""

    facts: CallbackFacts
    late: bool


@blueprint.get("/callbacks")
@access(*ANSWERS)
def callback_list() -> str:
    """Who is to be called back, and by whose word nobody need be."""
    hung_up, owed = _everything()
    return render_template(
        "ivr/callbacks.html",
        abandoned=hung_up,
        owed=owed,
        days=floor().section(Ivr).callbacks.worklist_days,
        masked=caller_shown,
        queue_title=queue_title,
        spoken_title=spoken_title,
        may_cancel=current_account().role is Role.SUPERVISOR,
    )


@blueprint.get("/api/callbacks")
@access(*ANSWERS)
def api_callbacks() -> Response:
    """The same, for an agent's program. See docs/api.md."""
    hung_up, owed = _everything()
    return jsonify(
        abandoned=[_abandoned_json(each) for each in hung_up],
        callbacks=[_owed_json(each) for each in owed],
    )


def _everything() -> tuple[list[Abandoned], Sequence[_Owed]]:
    now, here = clock.now(), floor()
    with here.db.read() as session:
        hung_up = abandoned.worklist(session, here.section(Ivr), now=now)
        owed = callbacks.open_ones(session)
    limit = timedelta(hours=here.section(Ivr).callbacks.expires)
    hours = calling_hours(here)
    shown = [_Owed(each, is_late(each.asked_for, now, limit, hours)) for each in owed]
    return hung_up, sorted(shown, key=lambda each: (_ORDER.index(each.facts.state), each.facts.id))


def _abandoned_json(found: Abandoned) -> dict[str, Any]:
    return {
        "call_id": found.call_id,
        "caller": i18n.masked(found.number),
        "queue": found.queue,
        "language": found.language,
        "abandoned_at": iso(found.abandoned_at),
        "waited_seconds": round(found.waited.total_seconds(), 3),
        "why": found.why,
        "times": found.times,
    }


def _owed_json(owed: _Owed) -> dict[str, Any]:
    found = owed.facts
    return {
        "id": found.id,
        "call_id": found.call_id,
        "caller": i18n.masked(found.number),
        "queue": found.queue,
        "language": found.language,
        "state": found.state.value,
        "promised_at": iso(found.promised_at),
        "wanted_at": iso(found.wanted_at),
        "due_at": iso(found.due_at),
        "tries": found.tries,
        "asked_by": found.asked_by,
        "late": owed.late,
    }


# ---------------------------------------------------------------- what can be done


@blueprint.post("/callbacks/call/<int:call_id>/back")
@blueprint.post("/api/callbacks/call/<int:call_id>/back", endpoint="api_call_back")
@access(*ANSWERS)
def call_back(call_id: int) -> Response:
    """Call somebody back who hung up: at once if I am free, else they come into the line."""
    with suppress(Lost):
        return _done(_call_back(call_id, mine=True))
    return _done(_call_back(call_id, mine=False))  # I have just been given somebody else


def _call_back(call_id: int, *, mine: bool) -> bool:
    here, now = floor(), clock.now()
    with here.db.write() as session:
        if _at_it(session, Callback.call_id == call_id):
            return True
        asked = _asked(session, call_id, now)
        made = callbacks.request(here, session, asked, None, now=now)
        return mine and _offer_to_me(session, made.id, now)


@blueprint.post("/callbacks/call/<int:call_id>/done")
@blueprint.post("/api/callbacks/call/<int:call_id>/done", endpoint="api_strike_off")
@access(*ANSWERS)
def strike_off(call_id: int) -> Response:
    """Somebody who hung up need not be called back, in a word (`word`)."""
    now, word = clock.now(), _word()
    with floor().db.write() as session:
        callbacks.strike_off(session, _asked(session, call_id, now), word=word, now=now)
    return _done(False)


@blueprint.post("/callbacks/<int:callback_id>/retry")
@blueprint.post("/api/callbacks/<int:callback_id>/retry", endpoint="api_retry")
@access(*ANSWERS)
def retry(callback_id: int) -> Response:
    """Try one who was not reached once more: at once if I am free, else into the line."""
    with suppress(Lost):
        return _done(_retry(callback_id, mine=True))
    return _done(_retry(callback_id, mine=False))


def _retry(callback_id: int, *, mine: bool) -> bool:
    here, now = floor(), clock.now()
    with here.db.write() as session:
        if _at_it(session, Callback.id == callback_id):
            return True
        callbacks.retry(here, session, callback_id, by=current_account().username, now=now)
        return mine and _offer_to_me(session, callback_id, now)


@blueprint.post("/callbacks/<int:callback_id>/done")
@blueprint.post("/api/callbacks/<int:callback_id>/done", endpoint="api_settle")
@access(*ANSWERS)
def settle(callback_id: int) -> Response:
    """One who was not reached is settled otherwise, in a word (`word`)."""
    by, word = current_account().username, _word()
    with floor().db.write() as session:
        callbacks.settle(session, callback_id, by=by, word=word, now=clock.now())
    return _done(False)


@blueprint.post("/callbacks/<int:callback_id>/cancel")
@blueprint.post("/api/callbacks/<int:callback_id>/cancel", endpoint="api_cancel")
@access(Role.SUPERVISOR)
def cancel(callback_id: int) -> Response:
    """What was promised is not wanted any more."""
    with floor().db.write() as session:
        callbacks.cancel(session, callback_id, by=current_account().username, now=clock.now())
    return _done(False)


def _asked(session: Session, call_id: int, now: datetime) -> Asked:
    """Who is to be called back, by a call of theirs; raises `CallbackMoved` when they need not be
    any more, and NotFound.
    """
    number = calls.facts(session, call_id).from_number
    found = abandoned.of_number(session, floor().section(Ivr), number, now=now)
    if found is None:
        raise CallbackMoved
    by = current_account().username
    # an emergency is called back at any hour
    urgent = found.priority >= ABSOLUTE
    return Asked(
        found.call_id,
        number,
        found.queue,
        found.language,
        found.node,
        by=by,
        heard_at=now if urgent else found.abandoned_at,
    )


def _at_it(session: Session, which: sa.ColumnElement[bool]) -> bool:
    """Whether I am calling them already: who presses twice is told no other thing than once."""
    me = agents.agent_of_account(session, current_account().id)
    if me is None:
        return False
    mine = (
        sa.select(Offer.id)
        .join(Callback, Callback.waiting_id == Offer.waiting_id)
        .where(Offer.agent_id == me.id, Offer.state.in_(LIVE), which)
    )
    return session.scalars(mine.limit(1)).one_or_none() is not None


def _offer_to_me(session: Session, callback_id: int, now: datetime) -> bool:
    me = agents.agent_of_account(session, current_account().id)
    if me is None:
        return False
    return callbacks.offer_to(floor(), session, callback_id, me.id, now=now)


def _word() -> str:
    word = str(json_body().get("word") or "").strip()
    if not word:
        raise Invalid("word: is missing", text="ivr.callback.word_missing")
    return word


def _done(to_desk: bool) -> Response:
    """To the desk, where it rings; else back to the list."""
    if wants_json():
        return jsonify(offered_to_me=to_desk)
    return redirect("/desk" if to_desk else url_for("ivr.callback_list"))
