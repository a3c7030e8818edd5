"""The carrier's webhooks of an agent's plain telephone, on which an offer rings."""

from flask import Blueprint, request
from twilio.twiml.voice_response import Gather, VoiceResponse

from hotline import clock
from hotline.auth import signed
from hotline.web import floor
from ivr import story
from ivr.callbacks import attempts
from ivr.config import SpokenLanguage
from ivr.errors import OfferGone
from ivr.room import offers, plain
from ivr.room.offers import OfferFacts
from ivr.voice import number, speaker, to_agent

#: Seconds for a key once all has been said; it is said so often.
_PATIENCE, _TIMES = 4, 2


def register(blueprint: Blueprint) -> None:
    """Put the addresses on the carrier's blueprint."""
    blueprint.post("/ivr/agent-asked")(asked)
    blueprint.post("/ivr/agent-asked/key")(key)


@signed
@to_agent
def asked() -> str:
    """The agent has lifted the telephone: what call is it, and do they take it?"""
    offer_id, leg_sid, now = number("offer"), request.form["CallSid"], clock.now()
    with floor().db.write() as session:
        offer = offers.facts(session, offer_id)
        if plain.answered(floor(), session, offer_id, leg_sid, now=now):
            return _question(offer, story.asked_by(session, offer))
    return _go(offer_id, leg_sid, "")


@signed
@to_agent
def key() -> str:
    """A key, or none."""
    return _go(number("offer"), request.form["CallSid"], request.form.get("Digits", ""))


def _go(offer_id: int, leg_sid: str, digits: str) -> str:
    """To the caller, or good-bye."""
    try:
        with floor().db.write() as session:
            call_id = plain.chosen(floor(), session, offer_id, leg_sid, digits, now=clock.now())
            offer = offers.facts(session, offer_id)
            recorded = attempts.records(floor(), session, offer)
    except OfferGone:
        return speaker().hang_up()
    if call_id is None:
        return speaker().hang_up()
    if offer.talk_of is not None:
        return speaker().consult_leg(offer.talk, offer_id, leg_sid)
    return speaker().agent_leg(call_id, offer_id, leg_sid, recorded=recorded)


def _question(offer: OfferFacts, asked_by: str | None) -> str:
    language, voice = _language()
    words = _words(offer, asked_by, language)
    at = speaker().url("/ivr/agent-asked/key", offer=offer.id)
    response = VoiceResponse()
    gather = Gather(action=at, method="POST", num_digits=1, finish_on_key="", timeout=_PATIENCE)
    for _ in range(_TIMES):
        gather.say(words, language=voice.tag if voice else "en-US", voice=voice and voice.voice)
    response.append(gather)
    response.redirect(at, method="POST")
    return str(response)


def _words(offer: OfferFacts, asked_by: str | None, language: str) -> str:
    if not offer.queue:  # a call that the agent makes
        return floor().texts.get("ivr.callout.plain_question", language, takes=plain.TAKES)
    return floor().texts.get(
        "ivr.plain.question" if asked_by is None else "ivr.plain.consult",
        language,
        name=asked_by,
        queue=speaker().config.queues[offer.queue].title.for_(language),
        spoken=speaker().config.languages[offer.language].title,
        takes=plain.TAKES,
    )


def _language() -> tuple[str, SpokenLanguage | None]:
    """In which language agents are spoken to, and by whom."""
    spoken = next((code for code in ("th", "en") if code in speaker().config.languages), "en")
    return spoken, speaker().config.languages.get(spoken)
