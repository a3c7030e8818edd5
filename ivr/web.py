"""The carrier's webhooks. Thin: read the address and the form, one unit of work, one answer.

The position in the flow is in the address, which the carrier's signature covers; so a step reads
nothing from the database that its node does not ask for, and writes one row.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request, send_from_directory
from sqlalchemy.orm import Session

from agents.config import Agents
from hotline import clock
from hotline.auth import public, signed
from hotline.web import floor
from ivr import acts, calls, closing, recordings, steps
from ivr.callbacks import attempts
from ivr.callbacks import web as callback_web
from ivr.calls import Arrival
from ivr.events import OVER, RANK, STILL_WAITS, Kind, OfferState
from ivr.nodes import ToQueue, Transfer
from ivr.nodes.base import BackToPlace, Dial, Given, Position
from ivr.nodes.voicemail import RECORDED
from ivr.recordings import Made
from ivr.room import absences, lost, lost_web, offers, plain_web, waiting
from ivr.room import announcements as room
from ivr.room.absences import Ended
from ivr.room.offers import OfferFacts
from ivr.room.waiting import Place, Stay
from ivr.speech import music, prompts
from ivr.steps import Step
from ivr.talk import consults, passing
from ivr.talk import web as talk_web
from ivr.twiml import Wait, position_of
from ivr.voice import at_the_end, number, speaker, spoken, to_agent, told, wait_of, waits
from ivr.world import CallWorld

blueprint = Blueprint("voice", __name__)
callback_web.register(blueprint)
lost_web.register(blueprint)
talk_web.register(blueprint)
plain_web.register(blueprint)

#: The caller is where we sent them; nothing is to be said.
_REDIRECTED = frozenset({"redirected", "redirected-from-bridged", "bridged", "bridging-in-process"})
_GONE, _LEAVES = "completed", "leave"
#: Characters of what a caller said at a menu that are written down.
_LONGEST_SPEECH = 200
#: A day: the city's recordings and the music change seldom.
_CACHED = "public, max-age=86400"


# ---------------------------------------------------------------- the menu


@blueprint.post("/ivr/voice")
@signed
@spoken
def voice() -> str:
    """A call arrives."""
    step = steps.begin(speaker().config.graph, CallWorld(floor(), request.form))
    with floor().db.write() as session:
        call_id, is_new = calls.arrive(
            session,
            _arrival(),
            language=step.position.language,
            at=step.position.node,
            chosen=step.chosen,
            now=clock.now(),
        )
        place = _place(call_id, 0, step)
        if is_new:
            _follow(session, call_id, 0, step, place)
        elif stay := waiting.latest(session, call_id):
            return _back(stay, calls.next_step(session, call_id))
    return speaker().text(step, call_id, 1 if place is None else 0)


@blueprint.post("/ivr/step")
@signed
@spoken
def step() -> str:
    """A key, a spoken word, or silence."""
    given = Given(request.form.get("Digits", ""), speech=request.form.get("SpeechResult", ""))
    # what is personal (a telephone number, say) is not written down
    told = {"digits": given.digits if len(given.digits) <= 1 else ""}
    if given.speech:
        told["speech"] = given.speech[:_LONGEST_SPEECH]
    return _advance(given, Kind.STEP, told)


@blueprint.post("/ivr/transferred")
@signed
@spoken
def transferred() -> str:
    """A transfer outside has ended, one way or another."""
    result = request.form.get("DialCallStatus", "")
    told = {"number": _dialled(request.args["at"]) or "", "result": result, "gone": _gone()}
    return _advance(Given(dial=result), Kind.TRANSFERRED, told)


@blueprint.post("/ivr/recorded")
@signed
@spoken
def recorded() -> str:
    """A message was left: kept, and a ticket; also when the caller hung up at the end of it.

    Two units of work: the step tells the ticket's number, so it is taken when the ticket is there.
    Each is done once however often it is asked for; between them, the message is safe.
    """
    call_id, language = number("call"), speaker().language(request.args.get("lang", ""))
    with floor().db.write() as session:
        recordings.keep_message(
            floor(), session, call_id, Made.of(request.form), language=language, now=clock.now()
        )
    return _advance(Given(speech=RECORDED), Kind.STEP, {"digits": ""})


def _advance(given: Given, kind: Kind, told: dict[str, Any]) -> str:
    """The step that `given` makes at the position in the address; `told` as in its event."""
    number("n")  # told as what it is, when it is no number
    call_id, came = number("call"), position_of(request.args)
    world = CallWorld(floor(), request.form, call_id)
    step = steps.advance(speaker().config.graph, came, given, world)
    return _take(call_id, came, step, kind, told)


def _go_on(call_id: int, node: str, came: Position, why: str) -> str:
    """On at another node without having been asked anything; `why` as in the event of a step."""
    world = CallWorld(floor(), request.form, call_id)
    step = steps.enter(speaker().config.graph, node, came, world, heard=why)
    return _take(call_id, came, step, Kind.STEP, {"digits": ""})


def _take(call_id: int, came: Position, step: Step, kind: Kind, told: dict[str, Any]) -> str:
    """Take a step out of position `came`: one row, and what it leads to: a place in the waiting
    room, a transfer, an act.

    A step that comes twice is written once, and what follows it happens once.
    """
    n = came.n
    happened = {
        **told,
        "at": came.node,
        "heard": step.heard,
        "language": step.position.language,
        "to": step.position.node,
    }
    if step.chosen is not None:
        happened["chosen"] = step.chosen
    # who hung up while it rang outside does not go on to a queue; that the call is over comes next
    place = None if _gone() else _place(call_id, n, step)
    if place is None and not step.acts and not _outside(step):
        # by far the most: one statement, and nothing that it does not owe
        calls.step_alone(floor().db, call_id, n, kind, happened, now=clock.now())
    else:
        with floor().db.write() as session:
            if calls.step(session, call_id, n, kind, happened, now=clock.now()):
                _follow(session, call_id, n, step, place)
    if BackToPlace() in step.verbs:
        return _back_to_place(call_id, n + 1, step.position)
    return speaker().text(step, call_id, n + 1 if place is None else n)


def _back_to_place(call_id: int, n: int, position: Position) -> str:
    """On with waiting, in the place that was kept; to a person if it is gone by now."""
    with floor().db.write() as session:
        stay = waiting.latest(session, call_id)
        if stay is not None and waiting.is_held(stay):
            waiting.came_back(session, stay)
            return _back(stay, n)
    there = replace(position, n=n, part="", held="")
    return _go_on(call_id, speaker().config.person, there, "place_gone")


def _follow(session: Session, call_id: int, n: int, step: Step, place: Place | None) -> None:
    """What step `n` leads to besides the next question."""
    now = clock.now()
    here = acts.Doing(floor(), session, call_id, n, step.position, request.form, now)
    for act in step.acts:
        acts.do(act, here)
    if place is not None:
        _enter(session, place, step)
    elif put_through := _outside(step):
        _transferring(session, call_id, put_through, step.position.language)


def _transferring(session: Session, call_id: int, outside: Dial, language: str) -> None:
    """Written before they meet there: of a caller who hangs up first nothing else may be heard.

    A call that is over is not put through any more; one that is, waits for nobody here.
    """
    if not calls.choose_language(session, call_id, language):
        return
    now = clock.now()
    room.out_of_line(floor(), session, call_id, "transferred", now=now)
    said: dict[str, Any] = {"number": outside.number}
    if outside.emergency:
        said["emergency"] = True
    calls.tell(session, call_id, Kind.TRANSFERRING, said, now=now)


def _outside(step: Step) -> Dial | None:
    """The number outside that a step puts through to."""
    return next((verb for verb in step.verbs if isinstance(verb, Dial)), None)


def _dialled(node_name: str) -> str | None:
    node = speaker().config.flow.get(node_name)
    return node.number if isinstance(node, Transfer) else None


def _gone() -> bool:
    """Whether the carrier says with this webhook that the caller has hung up."""
    return RANK.get(request.form.get("CallStatus", ""), 0) >= OVER


def _enter(session: Session, place: Place, step: Step) -> None:
    """Into the waiting room; after the commit somebody looks whether an agent is ready.

    Who was cut off takes the old place; who comes out of another queue has left that one.
    """
    now = clock.now()
    if not calls.choose_language(session, place.call_id, place.language):
        return  # the call is over; and its row comes before its stays, for everybody
    since = room.since_when(floor(), session, _arrival().from_number, now) if step.resumes else None
    held = waiting.latest(session, place.call_id)
    if held is not None and waiting.is_held(held) and held.queue == place.queue:
        since = held.entered_at  # out of a dialogue and into the same queue
    room.out_of_line(floor(), session, place.call_id, "elsewhere", now=now)
    if waiting.enter(session, place, now=now, entered_at=since):
        offers.look_later(floor(), session, (place.queue, place.language))


def _place(call_id: int, n: int, step: Step) -> Place | None:
    """The place in the waiting room that a step leads to; its number is the number of the visit."""
    if step.queue is None:
        return None
    return _place_at(call_id, n, step.position.node, step.position.language)


def _place_at(call_id: int, visit: int, node_name: str, language: str) -> Place | None:
    node = speaker().config.flow.get(node_name)
    if not isinstance(node, ToQueue):
        return None
    priority = speaker().config.priority_at(node.queue, node_name)
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
    loop, now = _wait(), clock.now()
    place = _place_at(loop.call_id, loop.visit, loop.node, loop.language)
    with floor().db.write() as session:
        stay = waiting.seen(
            session, loop.call_id, loop.visit, place, now=now, entered_at=_queued_since(now)
        )
        if stay is not None:
            offers.look_later(floor(), session, stay.skill)
            if leaves := room.leaves_by_itself(floor(), session, stay, now=now):
                waiting.want(session, stay, *leaves)
                return speaker().leave()
        elif not calls.is_open(session, loop.call_id):
            # over or unknown by our books, and yet on the line: nobody waits for ever for nothing
            return speaker().leave()
        here = None if stay is None else room.outlook(floor(), session, stay, now=now)
    told = room.tell(speaker().config.waiting, loop, here, now=now)
    return speaker().waiting(told.loop, *told.said)


@blueprint.post("/ivr/wait/key")
@signed
@waits
def wait_key() -> str:
    """A key of the waiting room: out of the carrier's queue, and on at its node; the place is kept
    meanwhile. A key without a meaning goes on waiting.
    """
    loop = _wait()
    way = speaker().config.waiting.keys.get(request.form.get("Digits", ""))
    if way is None:
        return speaker().waiting(loop)
    with floor().db.write() as session:
        stay = waiting.of_visit(session, loop.call_id, loop.visit)
        if stay is None or stay.state not in STILL_WAITS:
            return speaker().waiting(loop)
        waiting.want(session, stay, waiting.BY_KEY, way.to)
    return speaker().leave()


def _wait() -> Wait:
    """Where in the wait loop the caller is; a round that is heard ends a row of faults."""
    number("call"), number("n")
    return replace(wait_of(request.args), failed=0)


def _queued_since(now: datetime) -> datetime | None:
    """Since when the carrier has had the caller in its queue: so an order that was lost here is
    found again.
    """
    seconds = request.form.get("QueueTime", type=float)
    return None if seconds is None else now - timedelta(seconds=max(0.0, seconds))


@blueprint.post("/ivr/left")
@signed
@spoken
def left() -> str:
    """Out of the carrier's queue: brought to an agent, hung up, on to another node, or a fault."""
    result = request.form.get("QueueResult", "")
    if result in _REDIRECTED:
        return speaker().nothing()
    call_id, now = number("call"), clock.now()
    if result == "hangup" or request.form.get("CallStatus") == _GONE:
        with floor().db.write() as session:
            closing.end_call(floor(), session, call_id, _GONE, now=now)
        return speaker().hang_up()
    with floor().db.read() as session:
        stay = waiting.of_visit(session, call_id, number("n"))
    if result == _LEAVES and stay is not None and _has_a_door(stay):
        return _through_the_door(stay)
    with floor().db.write() as session:
        if stay is not None and stay.state in STILL_WAITS:
            why = {"where": request.path, "error": result}
            closing.put_through(floor(), session, call_id, why, now=now)
    return speaker().apology(request.args.get("lang", ""))


def _has_a_door(stay: Stay) -> bool:
    """Whether this caller leaves for another node; or the carrier asks again what it was told."""
    if stay.wants is None:
        return False
    if waiting.is_held(stay):
        return True
    with floor().db.read() as session:
        return calls.next_step(session, stay.call_id) > _step_out(stay)


def _step_out(stay: Stay) -> int:
    """The number of the step out of the waiting room."""
    return request.args.get("s", 0, type=int) or stay.visit + 1


def _through_the_door(stay: Stay) -> str:
    """From the waiting room to the node that the caller, or a limit of the queue, asked for."""
    assert stay.wants is not None and stay.wants_why is not None, "no door"
    with floor().db.read() as session:
        consent = calls.facts(session, stay.call_id).consent or ""
    came = Position(stay.node, stay.language, n=_step_out(stay), consent=consent)
    return _go_on(stay.call_id, stay.wants, came, stay.wants_why)


# ---------------------------------------------------------------- caller and agent meet


@blueprint.post("/ivr/agent-leg")
@signed
@to_agent
def agent_leg() -> str:
    """An agent's telephone has answered."""
    offer_id, leg_sid = number("offer"), request.form["CallSid"]
    with floor().db.write() as session:
        offer = offers.facts(session, offer_id)
        if offer.talk_of is not None:
            there = consults.answered(session, offer, leg_sid, now=clock.now())
            if there:
                return speaker().consult_leg(offer.talk, offer_id, leg_sid)
            return speaker().hang_up()
        call_id = offers.leg_answered(session, offer_id, leg_sid, now=clock.now())
        recorded = attempts.records(floor(), session, offers.facts(session, offer_id))
    if call_id is None:
        return speaker().hang_up()
    return speaker().agent_leg(call_id, offer_id, leg_sid, recorded=recorded)


@blueprint.post("/ivr/agent-leg/status")
@signed
@told
def agent_leg_status() -> None:
    """An agent's telephone was not reached, or has hung up."""
    status = request.form.get("CallStatus", "")
    if RANK.get(status, 0) < OVER:
        return
    offer_id, leg_sid, now = number("offer"), request.form["CallSid"], clock.now()
    with floor().db.write() as session:
        if consults.leg_over(session, offer_id, leg_sid, now=now):
            return
        if lost.not_there_yet(floor(), session, offer_id, leg_sid, status, now=now):
            return
        if attempts.put_down(floor(), session, offer_id, leg_sid, now=now):
            return
        attempts.agent_gone(session, offer_id, leg_sid, now=now)
        offer = offers.facts(session, offer_id)
        if lost.leave(floor(), session, offer, leg_sid, now=now) is None:
            offers.leg_over(floor(), session, offer_id, leg_sid, now=now)


@blueprint.post("/ivr/join")
@signed
@spoken
def join() -> str:
    """The caller comes to the conference; if the agent has gone, back to the same place."""
    call_id, offer_id = number("call"), number("offer")
    language = speaker().language(request.args.get("lang", ""))
    with floor().db.write() as session:
        attempts.before_meeting(session, offers.facts(session, offer_id))
        if offers.join(session, offer_id, now=clock.now()):
            attempts.met(session, offers.facts(session, offer_id), now=clock.now())
            return speaker().join(offer_id, language)
        stay, n = waiting.latest(session, call_id), calls.next_step(session, call_id)
    return _back(stay, n)


def _back(stay: Stay | None, next_step: int = 0) -> str:
    """Into the carrier's queue again, in the place that is still the caller's."""
    if stay is None or not waiting.is_held(stay):
        return speaker().hang_up()
    return speaker().back_to_waiting(
        stay.call_id, stay.visit, stay.queue, stay.node, stay.language, next_step
    )


@blueprint.post("/ivr/after")
@signed
@at_the_end
def after() -> str:
    """The conference is over for the caller: the agent has left, or was cut off, or the caller is
    leaving.

    The telephone of an agent who passes the caller on may leave the conference before the caller is
    taken out of it: then the way there begins here.
    """
    by = "caller" if request.form.get("CallStatus") == _GONE else "agent"
    language, now = speaker().language(request.args.get("lang", "")), clock.now()
    with floor().db.write() as session:
        offer = offers.of_conference(session, number("offer"))
        awaited = None
        if by == "agent":
            awaited = lost.leave(floor(), session, offer, offer.leg_sid, now=now)
        if awaited is None:
            offers.talk_over(floor(), session, offer, by, now=now)
    if awaited is not None:
        return speaker().cut_off(awaited.id, language, told=False)
    return _after_talk(offer, by, language, now)


@blueprint.post("/ivr/lost")
@signed
@at_the_end
def caller_of_lost() -> str:
    """The caller whose agent was cut off: music; to the agent who is back; or on without one."""
    language, now = speaker().language(request.args.get("lang", "")), clock.now()
    with floor().db.write() as session:
        absence = lost.back(session, absences.facts(session, number("absence")), now=now)
        offer = offers.facts(session, absence.offer_id)
        stay = waiting.latest(session, offer.call_id)
    match absence.result:
        case None:
            return speaker().cut_off(absence.id, language, told=True)
        case Ended.BACK if offer.state is OfferState.CONNECTED:
            return speaker().join(offer.id, language, talk=offer.talk)
        case Ended.GONE if stay is not None and waiting.is_held(stay):
            place = (stay.call_id, stay.visit, stay.queue, stay.node, stay.language)
            return speaker().back_to_waiting(*place, said=prompts.AGENT_GONE)
        case Ended.GONE:
            return speaker().goodbye(language, prompts.AGENT_GONE)
    return _after_talk(offer, "agent", language, now)


def _after_talk(offer: OfferFacts, by: str, language: str, now: datetime) -> str:
    """What follows a conversation: the survey, or goodbye."""
    with floor().db.read() as session:
        n = calls.next_step(session, offer.call_id)
        stay = waiting.latest(session, offer.call_id)
    if by == "agent" and stay is not None and stay.id != offer.waiting_id and waiting.is_held(stay):
        return _back(stay, n)
    if by == "agent" and offer.passed_to == passing.OUTSIDE:
        return speaker().held()
    follows = speaker().config.after_call
    talked = (now - offer.connected_at).total_seconds() if offer.connected_at else 0.0
    if by == "caller" or not offer.queue or follows is None:  # whom an agent called is not asked
        return speaker().goodbye(language)
    if not follows.chooses(offer.call_id, offer.queue, talked):
        return speaker().goodbye(language)
    position = Position("", language, n=n)
    step = steps.enter(speaker().config.graph, follows.node, position)
    return speaker().text(step, offer.call_id, n)


@blueprint.post("/ivr/conference")
@signed
@told
def conference() -> None:
    """The conference of an offer has ended; the carrier says whose leaving ended it."""
    if request.form.get("StatusCallbackEvent") != "conference-end":
        return
    leaver = request.form.get("CallSidEndingConference", "")
    now = clock.now()
    with floor().db.write() as session:
        offer = offers.facts(session, number("offer"))
        # a telephone that was cut off and has come back is in another conference
        if offer.connected_at is None or request.args.get("leg") not in (None, offer.leg_sid):
            return
        caller = offers.caller_sid(session, offer)
        by = {offer.leg_sid: "agent", caller: "caller"}.get(leaver, "unknown")
        cut_off = by != "caller" and lost.leave(floor(), session, offer, offer.leg_sid, now=now)
        if not cut_off:
            offers.talk_over(floor(), session, offer, by, now=now)


@blueprint.post("/ivr/recording")
@signed
@told
def recording() -> None:
    """A conversation was recorded."""
    if request.form.get("RecordingStatus") != "completed":
        return
    with floor().db.write() as session:
        recordings.keep_conversation(
            session, number("call"), number("offer"), Made.of(request.form), now=clock.now()
        )


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
        lasted = timedelta(seconds=max(0, request.form.get("CallDuration", 0, type=int)))
        call_id, _ = calls.arrive(
            session, _arrival(), language=speaker().language(""), at="", now=now - lasted
        )
        # a call that was answered and ends in another word was not hung up by the caller
        by = "caller" if word == _GONE else "unknown"
        closing.end_call(floor(), session, call_id, word, now=now, by=by)


# ---------------------------------------------------------------- what is played


@blueprint.get("/ivr/music.wav")
@public
def waiting_music() -> Response:
    """What waiting sounds like where the city has no recording of its own."""
    recording = music.recording(speaker().config.waiting.loop)
    response = Response(recording, mimetype="audio/x-wav")
    response.headers["Cache-Control"] = _CACHED
    return response


@blueprint.get("/ivr/audio/<path:name>")
@public
def audio(name: str) -> Response:
    """A recording of the city, as a prompt names it."""
    folder = Path(floor().settings.config).parent / speaker().config.audio
    response = send_from_directory(folder.resolve(), name)
    response.headers["Cache-Control"] = _CACHED
    return response
