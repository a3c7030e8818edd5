"""The carrier's webhooks of a callback: the citizen's telephone, and a word to the agent."""

from flask import Blueprint, request
from twilio.twiml.voice_response import VoiceResponse

from hotline import clock
from hotline.auth import signed
from hotline.web import floor
from ivr.callbacks import attempts, rows
from ivr.events import OVER, RANK
from ivr.room import callouts, offers
from ivr.voice import answering, number, speaker, to_agent
from ivr.voice import told as tells


def register(blueprint: Blueprint) -> None:
    """Put the addresses on the carrier's blueprint."""
    blueprint.post("/ivr/callback-leg")(citizen_leg)
    blueprint.post("/ivr/callback-leg/status")(citizen_leg_status)
    blueprint.post("/ivr/agent-leg/unreached")(unreached)


def _sorry(_error: Exception) -> str:
    """Somebody whom we have called is on the line: put through, rather than left in silence."""
    return speaker().apology(request.args.get("lang", ""))


@signed
@answering(_sorry)
def citizen_leg() -> str:
    """The citizen has answered: to the agent, who waits in the conference."""
    language = speaker().language(request.args.get("lang", ""))
    with floor().db.write() as session:
        offer = attempts.answered(
            session, number("attempt"), request.form["CallSid"], now=clock.now()
        )
        told = rows.attempt_facts(session, number("attempt")).recorded
    if offer is None:  # the agent has gone in this very moment
        return speaker().apology(language)
    notice = speaker().config.callbacks.notice if told else None
    return speaker().join(offer.id, language, notice, talk=offer.talk)


@signed
@tells
def citizen_leg_status() -> None:
    """The citizen was not reached, or the call to them is over."""
    status = request.form.get("CallStatus", "")
    if RANK.get(status, 0) < OVER:
        return
    with floor().db.write() as session:
        attempts.leg_over(
            floor(),
            session,
            number("attempt"),
            request.form["CallSid"],
            status,
            now=clock.now(),
        )


@signed
@to_agent
def unreached() -> str:
    """To the agent on the line: nobody answered there."""
    with floor().db.read() as session:
        offer = offers.facts(session, number("offer"))
        said = "callback" if callouts.of_stay(session, offer.waiting_id) is None else "callout"
    spoken = next((code for code in ("th", "en") if code in speaker().config.languages), "en")
    voice = speaker().config.languages.get(spoken)
    response = VoiceResponse()
    response.say(
        floor().texts.get(f"ivr.{said}.said_to_agent", spoken),
        language=voice.tag if voice else "en-US",
        voice=voice.voice if voice else None,
    )
    response.hangup()
    return str(response)
