"""The carrier's webhooks. Thin: read the address and the form, one unit of work, one answer.

The position in the flow is in the address, which the carrier's signature covers; so a step reads
nothing from the database and writes one row.
"""

from functools import partial
from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy.orm import Session

from agents.config import Agents
from hotline import clock
from hotline.auth import public, signed
from hotline.db import after_commit
from hotline.web import floor
from ivr import attempts, callback_web, calls, closing, music, offers, waiting
from ivr.calls import Arrival
from ivr.events import OVER, RANK, STILL_WAITS, Kind
from ivr.flow import ToQueue, Transfer
from ivr.steps import Dial, Step
from ivr.twiml import Answer, Wait
from ivr.voice import at_the_end, number, speaker, spoken, to_agent, told, waits
from ivr.waiting import Place, Skill, Stay

blueprint = Blueprint("voice", __name__)
callback_web.register(blueprint)

#: The caller is where we sent them; nothing is to be said.
_REDIRECTED = frozenset({"redirected", "redirected-from-bridged", "bridged", "bridging-in-process"})
_GONE = "completed"


# ---------------------------------------------------------------- the menu


@blueprint.post("/ivr/voice")
@signed
@spoken
def voice() -> str:
    """A call arrives."""
    answer = speaker().begin()
    step = answer.step
    with floor().db.write() as session:
        call_id, is_new = calls.arrive(
            session,
            _arrival(),
            language=step.position.language,
            at=step.position.node,
            now=clock.now(),
        )
        place = _place(call_id, 0, step)
        if is_new:
            _go(session, call_id, step, place)
    return answer.text(call_id, 1 if place is None else 0)


@blueprint.post("/ivr/step")
@signed
@spoken
def step() -> str:
    """A key, or silence."""
    answer = speaker().answer(
        request.args["at"],
        request.args["lang"],
        number("try"),
        request.form.get("Digits", ""),
        "",
    )
    return _take(answer, Kind.STEP, {"digits": request.form.get("Digits", "")})


@blueprint.post("/ivr/transferred")
@signed
@spoken
def transferred() -> str:
    """A transfer outside has ended, one way or another."""
    at, result = request.args["at"], request.form.get("DialCallStatus", "")
    answer = speaker().answer(at, request.args["lang"], 0, "", result)
    given = {"number": _dialled(at) or "", "result": result, "gone": _gone()}
    return _take(answer, Kind.TRANSFERRED, given)


def _take(answer: Answer, kind: Kind, given: dict[str, Any]) -> str:
    """Take a step: one row, and what it leads to: a place in the waiting room, a transfer."""
    call_id, n, step = number("call"), number("n"), answer.step
    happened = {
        **given,
        "at": request.args["at"],
        "heard": step.heard,
        "language": step.position.language,
        "to": step.position.node,
    }
    # who hung up while it rang outside does not go on to a queue; that the call is over comes next
    place = None if _gone() else _place(call_id, n, step)
    if place is None and not _outside(
        step
    ):  # by far the most: one statement, and nothing that it does not owe
        calls.step_alone(floor().db, call_id, n, kind, happened, now=clock.now())
        return answer.text(call_id, n + 1)
    with floor().db.write() as session:
        if calls.step(session, call_id, n, kind, happened, now=clock.now()):
            _go(session, call_id, step, place)
    return answer.text(call_id, n + 1 if place is None else n)


def _go(session: Session, call_id: int, step: Step, place: Place | None) -> None:
    """Where a step leads to besides the next question."""
    if place is not None:
        _enter(session, place)
    elif put_through := _outside(step):
        _transferring(session, call_id, put_through, step.position.language)


def _transferring(session: Session, call_id: int, outside: str, language: str) -> None:
    """Written before they meet there: of a caller who hangs up first nothing else may be heard.

    A call that is over is not put through any more.
    """
    if calls.choose_language(session, call_id, language):
        calls.tell(session, call_id, Kind.TRANSFERRING, {"number": outside}, now=clock.now())


def _outside(step: Step) -> str | None:
    """The number outside that a step puts through to."""
    return next((verb.number for verb in step.verbs if isinstance(verb, Dial)), None)


def _dialled(node_name: str) -> str | None:
    node = speaker().config.flow.get(node_name)
    return node.number if isinstance(node, Transfer) else None


def _gone() -> bool:
    """Whether the carrier says with this webhook that the caller has hung up."""
    return RANK.get(request.form.get("CallStatus", ""), 0) >= OVER


def _enter(session: Session, place: Place) -> None:
    """Into the waiting room; after the commit somebody looks whether an agent is ready."""
    if waiting.enter(session, place, now=clock.now()):
        after_commit(session, partial(_look, (place.queue, place.language)))


def _look(skill: Skill) -> None:
    offers.look(floor(), [skill])


def _place(call_id: int, n: int, step: Step) -> Place | None:
    """The place in the waiting room that a step leads to; its number is the number of the visit."""
    if step.entered is None:
        return None
    return _place_at(call_id, n, step.position.node, step.position.language)


def _place_at(call_id: int, visit: int, node_name: str, language: str) -> Place | None:
    node = speaker().config.flow.get(node_name)
    if not isinstance(node, ToQueue):
        return None
    queue = speaker().config.queues[node.queue]
    priority = queue.priority + node.priority
    policy = floor().section(Agents).policy
    return Place(call_id, visit, node_name, node.queue, language, priority, policy)


def _arrival() -> Arrival:
    form = request.form
    return Arrival(
        sid=form["CallSid"],
        from_number=form.get("From", ""),
        to_number=form.get("To", ""),
        status=form.get("CallStatus", "in-progress"),
    )


# ---------------------------------------------------------------- the waiting room


@blueprint.post("/ivr/wait")
@signed
@waits
def wait() -> str:
    """One round of the wait loop: still here, this is your place, music."""
    loop = Wait(
        number("call"),
        number("n"),
        request.args["at"],
        speaker().language(request.args["lang"]),
        request.args.get("best", 0, type=int),
    )
    place = _place_at(loop.call_id, loop.visit, loop.node, loop.language)
    position = None
    with floor().db.write() as session:
        stay = waiting.seen(session, loop.call_id, loop.visit, place, now=clock.now())
        if stay is not None:
            position = waiting.position(session, stay)
            after_commit(session, partial(_look, stay.skill))
    fell = position is not None and (loop.best == 0 or position < loop.best)
    return speaker().waiting(loop, position if fell else None)


@blueprint.post("/ivr/left")
@signed
@spoken
def left() -> str:
    """Out of the carrier's queue: brought to an agent, hung up, or a fault."""
    result = request.form.get("QueueResult", "")
    if result in _REDIRECTED:
        return speaker().nothing()
    call_id, now = number("call"), clock.now()
    if result == "hangup" or request.form.get("CallStatus") == _GONE:
        with floor().db.write() as session:
            closing.end_call(floor(), session, call_id, _GONE, now=now)
        return speaker().hang_up()
    with floor().db.write() as session:
        stay = waiting.of_visit(session, call_id, number("n"))
        if stay is not None and stay.state in STILL_WAITS:
            why = {"where": request.path, "error": result}
            closing.put_through(floor(), session, call_id, why, now=now)
    return speaker().apology(request.args.get("lang", ""))


# ---------------------------------------------------------------- caller and agent meet


@blueprint.post("/ivr/agent-leg")
@signed
@to_agent
def agent_leg() -> str:
    """An agent's telephone has answered."""
    offer_id, leg_sid = number("offer"), request.form["CallSid"]
    with floor().db.write() as session:
        call_id = offers.leg_answered(session, offer_id, leg_sid, now=clock.now())
    if call_id is None:
        return speaker().hang_up()
    return speaker().agent_leg(call_id, offer_id)


@blueprint.post("/ivr/agent-leg/status")
@signed
@told
def agent_leg_status() -> None:
    """An agent's telephone was not reached, or has hung up."""
    if RANK.get(request.form.get("CallStatus", ""), 0) < OVER:
        return
    offer_id, leg_sid, now = number("offer"), request.form["CallSid"], clock.now()
    with floor().db.write() as session:
        attempts.agent_gone(session, offer_id, leg_sid, now=now)
        offers.leg_over(floor(), session, offer_id, leg_sid, now=now)


@blueprint.post("/ivr/join")
@signed
@spoken
def join() -> str:
    """The caller comes to the conference; if the agent has gone, back to the same place."""
    call_id, offer_id = number("call"), number("offer")
    language = speaker().language(request.args.get("lang", ""))
    with floor().db.write() as session:
        if offers.join(session, offer_id, now=clock.now()):
            attempts.met(session, offers.facts(session, offer_id), now=clock.now())
            return speaker().join(call_id, offer_id, language)
        stay = waiting.latest(session, call_id)
    return _back(stay)


def _back(stay: Stay | None) -> str:
    if stay is None or stay.state not in STILL_WAITS:
        return speaker().hang_up()
    return speaker().back_to_waiting(stay.call_id, stay.visit, stay.queue, stay.node, stay.language)


@blueprint.post("/ivr/after")
@signed
@at_the_end
def after() -> str:
    """The conversation is over for the caller: the agent has left, or the caller is leaving."""
    by = "caller" if request.form.get("CallStatus") == _GONE else "agent"
    with floor().db.write() as session:
        offer = offers.facts(session, number("offer"))
        offers.talk_over(floor(), session, offer, by, now=clock.now())
    return speaker().goodbye(speaker().language(request.args.get("lang", "")))


@blueprint.post("/ivr/conference")
@signed
@told
def conference() -> None:
    """The conference of an offer has ended; the carrier says whose leaving ended it."""
    if request.form.get("StatusCallbackEvent") != "conference-end":
        return
    leaver = request.form.get("CallSidEndingConference", "")
    with floor().db.write() as session:
        offer = offers.facts(session, number("offer"))
        if offer.connected_at is not None:
            caller = offers.caller_sid(session, offer)
            by = {offer.leg_sid: "agent", caller: "caller"}.get(leaver, "unknown")
            offers.talk_over(floor(), session, offer, by, now=clock.now())


# ---------------------------------------------------------------- the call's end


@blueprint.post("/ivr/status")
@signed
@told
def status() -> None:
    """How far the call has come. Twice, late or out of order, it says no more than once."""
    word, now = request.form.get("CallStatus", ""), clock.now()
    with floor().db.write() as session:
        if RANK.get(word, -1) < OVER:
            calls.progress(session, request.form["CallSid"], word)
            return
        # a call that never got to us (it was answered by the fallback) is in the books all the same
        call_id, _ = calls.arrive(
            session, _arrival(), language=speaker().language(""), at="", now=now
        )
        # a call that was answered and ends in another word was not hung up by the caller
        by = "caller" if word == _GONE else "unknown"
        closing.end_call(floor(), session, call_id, word, now=now, by=by)


@blueprint.get("/ivr/music.wav")
@public
def waiting_music() -> Response:
    """What waiting sounds like where the city has no recording of its own."""
    recording = music.recording(speaker().config.waiting.loop)
    response = Response(recording, mimetype="audio/x-wav")
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response
