"""The carrier's webhooks of an agent's telephone that leaves, and is rung again.

Those of the caller, who hears music meanwhile, are with the others of a conversation (`ivr.web`).
"""

from flask import Blueprint, request

from hotline import clock
from hotline.auth import signed
from hotline.web import floor
from ivr.callbacks import attempts
from ivr.errors import Lost
from ivr.events import OVER, RANK, OfferState
from ivr.room import lost, offers
from ivr.talk import service as talk
from ivr.voice import number, speaker, to_agent, told


def register(blueprint: Blueprint) -> None:
    """Put the addresses on the carrier's blueprint."""
    blueprint.post("/ivr/agent-leg/over")(out_of_conference)
    blueprint.post("/ivr/agent-back")(back)
    blueprint.post("/ivr/agent-back/status")(back_status)


@signed
@to_agent
def out_of_conference() -> str:
    """The agent is out of the conference; still on the line, it was the caller who ended it: or, in
    that of a colleague who asked them in, the colleague. Then the caller's own webhooks say so.
    """
    if RANK.get(request.form.get("CallStatus", ""), 0) < OVER:
        with floor().db.write() as session:
            offer = offers.facts(session, number("offer"))
            if offer.talk_of is None and offer.leg_sid == request.form["CallSid"]:
                offers.talk_over(floor(), session, offer, "caller", now=clock.now())
    return speaker().hang_up()


@signed
@to_agent
def back() -> str:
    """The telephone of an agent who was cut off answers again; too late, it is hung up."""
    absence_id, try_, leg_sid = number("absence"), number("try"), request.form["CallSid"]
    try:
        with floor().db.write() as session:
            offer_id = lost.answered(session, absence_id, try_, leg_sid, now=clock.now())
            offer = offers.facts(session, offer_id)
            first = offer.state is OfferState.ACCEPTED  # accepted before the page was ready
            recorded = (
                attempts.records(floor(), session, offer)
                if first
                else talk.recorded(session, offer)
            )
    except Lost:
        return speaker().hang_up()
    # a recording that was paused is not begun anew: something private may go on
    recorded = recorded and offer.paused_at is None
    return speaker().agent_leg(offer.call_id, offer_id, leg_sid, recorded=recorded, talk=offer.talk)


@signed
@told
def back_status() -> None:
    """It was not reached, or has hung up."""
    if RANK.get(request.form.get("CallStatus", ""), 0) < OVER:
        return
    absence_id, try_, leg_sid = number("absence"), number("try"), request.form["CallSid"]
    with floor().db.write() as session:
        lost.leg_over(floor(), session, absence_id, try_, leg_sid, now=clock.now())
