"""The agents' verbs, as JSON and as the desk's fragment; who waits.

The same verbs serve the desk's forms and scripted agents (docs/api.md). Who acts is always the
agent of the account that is signed in: nobody can name another.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import jsonify, render_template
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from agents import service as agents
from hotline import clock, i18n
from hotline.auth import Role, access, current_account
from hotline.errors import Invalid
from hotline.web import floor, fragment, json_body, shared, wants_json
from ivr import callers, closing, drafts, story
from ivr.callbacks import attempts
from ivr.callbacks.rows import CallbackFacts
from ivr.config import Ivr
from ivr.errors import Lost
from ivr.events import OfferState
from ivr.pages import talking
from ivr.pages.base import (
    ANSWERS,
    WATCHES,
    blueprint,
    caller_shown,
    iso,
    me,
    queue_title,
    spoken_title,
)
from ivr.room import offers, waiting
from ivr.room.waiting import Line
from ivr.room.wrapping import Mode
from ivr.story import AtHand
from ivr.talk import consults, monitors, targets
from tickets import service as tickets
from tickets.config import Asked
from tickets.persons import service as persons
from tickets.places import entry
from tickets.places import shown as places

# ---------------------------------------------------------------- the agent's verbs


@blueprint.get("/api/calls/current")
@access(*ANSWERS)
def current() -> Response:
    """What I have at hand: an offer, a call, or a conversation to write up. See docs/api.md."""
    with floor().db.read() as session:
        found = story.at_hand(session, me(session).id)
        more = {} if found is None else talking.as_json(session, found)
        return jsonify(_at_hand_json(found, more))


@blueprint.post("/api/offers/<int:offer_id>/accept")
@access(*ANSWERS)
def accept(offer_id: int) -> Response:
    """Take the call that is offered to me: my telephone rings, and then the caller is there."""
    with floor().db.write() as session:
        who, now = me(session).id, clock.now()
        if not consults.accept(floor(), session, offer_id, who, now=now):
            offers.accept(floor(), session, offer_id, who, now=now)
    return current()


@blueprint.post("/api/offers/<int:offer_id>/decline")
@access(*ANSWERS)
def decline(offer_id: int) -> Response:
    """Do not take it: the next agent is rung, and I am on a break."""
    with floor().db.write() as session:
        who, now = me(session).id, clock.now()
        if not consults.decline(session, offer_id, who, now=now):
            offers.decline(floor(), session, offer_id, who, now=now)
    return current()


@blueprint.post("/api/calls/<int:call_id>/hang-up")
@access(*ANSWERS)
def hang_up(call_id: int) -> Response:
    """End my conversation, or give up while whom I call is being rung."""
    with suppress(Lost):
        _hang_up(call_id)
        return current()
    _hang_up(call_id)  # they have answered in this very moment
    return current()


def _hang_up(call_id: int) -> None:
    here, now = floor(), clock.now()
    with here.db.write() as session:
        offer = offers.latest_of_both(session, call_id, me(session).id)
        if consults.leave(session, call_id, offer.agent_id, now=now):
            return
        if offer.state is OfferState.ACCEPTED:
            attempts.stop(here, session, offer, now=now)
        else:
            offers.hang_up(here, session, call_id, offer.agent_id, now=now)


@blueprint.post("/api/calls/<int:call_id>/finish")
@access(*ANSWERS)
def finish(call_id: int) -> Response:
    """Write the outcome of my conversation; the answer has the ticket's number."""
    said = _outcome(json_body())
    with floor().db.write() as session:
        ticket = closing.finish(
            floor(),
            session,
            call_id,
            me(session).id,
            said,
            by=current_account().username,
            now=clock.now(),
        )
    return jsonify(ticket=ticket.number, ticket_shown=ticket.number_shown)


@blueprint.post("/api/calls/<int:call_id>/draft")
@access(*ANSWERS)
def save_draft(call_id: int) -> Response:
    """Keep what I have typed so far about a call of mine; the answer says when. See docs/api.md."""
    body = json_body()
    said = drafts.DraftFacts(
        outcome=str(body.get("outcome") or ""),
        note=str(body.get("note") or ""),
        category=str(body.get("category") or ""),
        ticket_number=str(body.get("ticket") or ""),
        who=str(body.get("who") or ""),
        hide_name=bool(body.get("hide_name")),
        place=entry.kept(body),
        saved_at=clock.now(),
    )
    with floor().db.write() as session:
        drafts.save(session, call_id, me(session).id, said)
    return jsonify(saved_at=said.saved_at.isoformat())


@blueprint.get("/api/offers")
@access(Role.SUPERVISOR)
def held() -> Response:
    """What every agent has at hand, in one answer: for a supervisor's program."""
    with floor().db.read() as session:
        found = story.all_at_hand(session)
    return jsonify(
        offers=[
            {
                "id": offer.id,
                "call_id": offer.call_id,
                "agent_id": offer.agent_id,
                "queue": offer.queue,
                "language": offer.language,
                "state": story.phase(offer),
                "made_at": offer.made_at.isoformat(),
                "expires_at": offer.expires_at.isoformat(),
                "connected_at": iso(offer.connected_at),
                "ended_at": iso(offer.ended_at),
            }
            for offer in found
        ]
    )


def _outcome(body: dict[str, Any]) -> closing.Outcome:
    outcome = str(body.get("outcome") or "")
    if not outcome:
        raise Invalid("outcome: is missing", text="ivr.outcome_missing")
    return closing.Outcome(
        outcome,
        note=str(body.get("note") or ""),
        category=str(body["category"]) if body.get("category") else None,
        ticket_number=str(body["ticket"]) if body.get("ticket") else None,
        who=str(body.get("who") or ""),
        hide_name=bool(body.get("hide_name")),
        place=entry.kept(body),
    )


def _at_hand_json(found: AtHand | None, more: dict[str, Any]) -> dict[str, Any]:
    if found is None:
        return {"offer": None, "call": None}
    offer, now = found.offer, clock.now()
    waited = (found.met_at or now) - found.entered_at
    facts = {
        "queue": offer.queue,
        "language": offer.language,
        "caller": _caller(found),
        "waited_seconds": round(waited.total_seconds(), 3),
        "path": [{"key": key, "at": at} for key, at in found.pressed],
        "state": found.phase,
        "made_at": offer.made_at.isoformat(),
        "callback": _callback_json(found.callback),
        "asked_by": found.asked_by,
        "told": found.told or None,
        "outgoing": found.call.outgoing,
        "about_ticket": found.call.ticket,
    }
    if found.phase == "offered":
        ringing = {"id": offer.id, "call_id": offer.call_id, **facts}
        return {"offer": ringing | {"expires_at": offer.expires_at.isoformat()}, "call": None}
    call = {
        "id": offer.call_id,
        "offer_id": offer.id,
        **facts,
        "since": _since(found).isoformat(),
        "wrap_up_until": iso(offer.wrap_up_until),
        "wrap_up": _wrap_up_json(found),
        "cut_off": found.cut_off,
        "lost": found.lost,
        **more,
    }
    return {"offer": None, "call": call}


def _wrap_up_json(found: AtHand) -> dict[str, Any] | None:
    """How it is to be written up, once the talk is over."""
    offer = found.offer
    if found.phase != "wrap_up":
        return None
    return {
        "mode": offer.wrap_up or Mode.TIMED.value,
        "due": iso(offer.wrap_up_due or offer.wrap_up_until),
        "more_seconds": offers.may_extend(floor(), offer),
        "may_skip": offer.wrap_up == Mode.OPTIONAL,
    }


def _callback_json(promise: CallbackFacts | None) -> dict[str, Any] | None:
    """What is promised; the citizen is rung once the agent is on the line."""
    if promise is None:
        return None
    return {
        "id": promise.id,
        "promised_at": promise.promised_at.isoformat(),
        "wanted_at": iso(promise.wanted_at),
        "attempt": promise.tries + 1,
        "asked_by": promise.asked_by,
    }


def _caller(found: AtHand) -> str:
    """The number: personal data that only who has taken the call needs."""
    number = found.number
    return i18n.masked(number) if found.phase == "offered" else number


def _shown(found: AtHand) -> str:
    return caller_shown(found.number, whole=found.phase != "offered")


def _since(found: AtHand) -> datetime:
    offer = found.offer
    return offer.ended_at or offer.connected_at or offer.made_at


# ---------------------------------------------------------------- the desk's fragments


@blueprint.get("/calls/current")
@access(*ANSWERS)
def current_fragment() -> Response:
    """The same facts for the desk, with forms for the same verbs."""
    if wants_json():
        return current()
    here = floor()
    with here.db.read() as session:
        who = me(session)
        found = story.at_hand(session, who.id)
        finished = story.last_finished(session, who.id) if found is None else None
        draft = drafts.of_call(session, found.call.id, who.id) if found else None
        conversation = talking.of(session, found)
        listening = _listening(session, who.id) if found is None else None
        known = persons.of_number(session, callers.known_number(found)) if found else []
    return fragment(
        "ivr/current.html",
        found=found,
        caller=_shown(found) if found else "",
        since=_since(found) if found else None,
        finished=finished,
        draft=draft,
        conversation=conversation,
        listening=listening,
        modes=list(monitors.Mode),
        persons=known,
        more_seconds=offers.may_extend(here, found.offer) if found else 0,
        late=_late(found),
        saved_at=f"{clock.local(draft.saved_at, here.city.zone):%H:%M:%S}" if draft else "",
        queue_title=queue_title,
        spoken_title=spoken_title,
        outcomes=tickets.outcomes(here),
        categories=tickets.categories(here),
        asked=Asked,
        ticket_shown=tickets.number_shown,
        place=places.fields_of(here),
    )


@blueprint.get("/calls/colleagues")
@access(*ANSWERS)
def colleagues() -> Response:
    """Everybody else who is signed in, as the list of those whom one may pass a caller on to."""
    with floor().db.read() as session:
        others = targets.colleagues(session, me(session).id)
    return fragment("ivr/colleagues.html", colleagues=others)


def _late(found: AtHand | None) -> bool:
    """Whether an outcome is to be written whose moment has passed."""
    due = found.offer.wrap_up_due if found and found.phase == "wrap_up" else None
    return due is not None and due <= clock.now()


@dataclass(frozen=True)
class _Listening:
    """The conversation of somebody else that I, a supervisor, am in."""

    monitor: monitors.MonitorFacts
    call_id: int
    agent: str


def _listening(session: Session, agent_id: int) -> _Listening | None:
    mine = monitors.live_of_agent(session, agent_id)
    if mine is None:
        return None
    offer = offers.facts(session, mine.offer_id)
    return _Listening(mine, offer.call_id, agents.agent(session, offer.agent_id).name)


@blueprint.get("/waiting/board")
@access(*WATCHES)
def board() -> Response:
    """Who waits on the line: each queue with how many, in which language, and since when the first;
    and how many callbacks are due there. The same for all: every idle desk asks for it.
    """

    def make() -> str:
        with floor().db.read() as session:
            found = list(waiting.lines(session))
        return render_template("ivr/board.html", queues=_queues(found), spoken_title=spoken_title)

    return shared(make)


@dataclass(frozen=True)
class _QueueNow:
    id: str
    title: str
    callers: int
    longest_since: datetime | None
    callbacks: int
    lines: list[Line]


def _queues(found: list[Line]) -> list[_QueueNow]:
    now = []
    for queue in floor().section(Ivr).queues:
        of_queue = [line for line in found if line.queue == queue]
        callers = sum(line.waiting for line in of_queue)
        callbacks = sum(line.callbacks for line in of_queue)
        on_the_line = sorted(
            (line.longest_since, line.language, line) for line in of_queue if line.longest_since
        )
        since = on_the_line[0][0] if on_the_line else None
        lines = [line for *_, line in on_the_line]
        now.append(_QueueNow(queue, queue_title(queue), callers, since, callbacks, lines))
    return now
