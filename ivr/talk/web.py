"""The carrier's webhooks of a conversation: what the held hear, third parties, who is passed on."""

from flask import Blueprint, request
from twilio.twiml.voice_response import Dial, VoiceResponse

from hotline import clock
from hotline.auth import signed
from hotline.web import floor
from ivr import calls
from ivr.events import OVER, RANK, Kind, OfferState
from ivr.nodes.base import DIAL_DONE
from ivr.room import offers, waiting
from ivr.speech import prompts
from ivr.talk import parties, passing, service, supervising
from ivr.talk.effects import RING
from ivr.voice import answering, number, speaker, spoken, told


def register(blueprint: Blueprint) -> None:
    """Put the addresses on the carrier's blueprint."""
    blueprint.post("/ivr/hold")(held)
    blueprint.post("/ivr/party/status")(party_status)
    blueprint.post("/ivr/monitor/status")(monitor_status)
    blueprint.post("/ivr/passed-on")(passed_on)
    blueprint.post("/ivr/passed-on/outside")(put_through)
    blueprint.post("/ivr/passed-on/after")(after_outside)


@signed
@answering(lambda _error: speaker().held())
def held() -> str:
    """What the held hear."""
    return speaker().held()


@signed
@told
def party_status() -> None:
    """The third party's telephone has answered, was not reached, or has hung up."""
    status, leg_sid = request.form.get("CallStatus", ""), request.form["CallSid"]
    party_id, now = number("party"), clock.now()
    with floor().db.write() as session:
        if RANK.get(status, 0) >= OVER:
            known = parties.facts(session, party_id)
            if known.leg_sid in (None, leg_sid):
                service.party_over(session, party_id, status, now=now)
        elif status in ("in-progress", "answered"):
            service.party_answered(session, party_id, leg_sid, now=now)


@signed
@told
def monitor_status() -> None:
    """A supervisor's telephone has answered, was not reached, or has hung up."""
    status, leg_sid = request.form.get("CallStatus", ""), request.form["CallSid"]
    monitor_id, now = number("monitor"), clock.now()
    with floor().db.write() as session:
        if RANK.get(status, 0) >= OVER:
            supervising.leg_over(floor(), session, monitor_id, leg_sid, status, now=now)
        elif status in ("in-progress", "answered"):
            supervising.answered(session, monitor_id, leg_sid, now=now)


@signed
@spoken
def passed_on() -> str:
    """Out of the conference, into the queue; or to a colleague who was faster than the carrier."""
    call_id, visit = number("call"), number("n")
    with floor().db.write() as session:
        stay = waiting.of_visit(session, call_id, visit)
        offer = offers.live_of(session, call_id)
        if offer is not None and offer.state is OfferState.CONNECTED:
            return speaker().join(offer.id, offer.language, talk=offer.talk)
        if stay is None or not waiting.is_held(stay):
            return speaker().hang_up()
        next_step = calls.next_step(session, call_id)
    return speaker().back_to_waiting(
        call_id,
        stay.visit,
        stay.queue,
        stay.node,
        stay.language,
        next_step,
        said=prompts.TRANSFER_FAILED if request.args.get("sorry") else None,
    )


@signed
@spoken
def put_through() -> str:
    """Out of the conference, to a telephone outside."""
    query = request.args
    after = {name: query[name] for name in ("call", "offer", "n", "lang")}
    response = VoiceResponse()
    dial = Dial(
        action=speaker().url("/ivr/passed-on/after", **after),
        method="POST",
        timeout=RING,
        caller_id=floor().city.caller_id,
    )
    dial.number(query["to"])
    response.append(dial)
    return str(response)


@signed
@spoken
def after_outside() -> str:
    """Back from outside: they have spoken, or nobody took it there."""
    result = request.form.get("DialCallStatus", "")
    gone = RANK.get(request.form.get("CallStatus", ""), 0) >= OVER
    n, now = number("n"), clock.now()
    language = speaker().language(request.args.get("lang", ""))
    with floor().db.write() as session:
        offer = offers.facts(session, number("offer"))
        if gone or result in DIAL_DONE:
            said = {"number": "", "result": result, "gone": gone}
            calls.step(session, offer.call_id, n, Kind.TRANSFERRED, said, now=now)
            return speaker().goodbye(language)
        stay = passing.came_back(floor(), session, offer, n, result, now=now)
    if stay is None or not waiting.is_held(stay):
        return speaker().hang_up()
    return speaker().back_to_waiting(
        stay.call_id,
        stay.visit,
        stay.queue,
        stay.node,
        stay.language,
        stay.visit + 1,
        said=prompts.TRANSFER_FAILED,
    )
