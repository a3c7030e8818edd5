"""What the desk shows of who is calling: earlier calls, what is promised to them, their marks."""

from flask import request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hotline import clock
from hotline.auth import access
from hotline.web import floor, fragment
from ivr import callers
from ivr.config import Ivr
from ivr.pages.base import ANSWERS, agent_names, blueprint, me, queue_title
from ivr.pages.calls import outcome_title, readable_calls
from ivr.verdicts import verdict


@blueprint.get("/calls/of-caller")
@access(*ANSWERS)
def of_caller() -> Response:
    """Show, as a fragment, what is known of the caller of an offer (`offer`, its id) that I have at
    hand.
    """
    rules = floor().section(Ivr).nuisance
    with floor().db.read() as session:
        found = callers.at_hand(session, request.args.get("offer", 0, type=int), me(session).id)
        known = callers.facts(session, found, rules, now=clock.now())
        readable = readable_calls(session, [each.call_id for each in known.last]) if known else ()
        names = agent_names(session)
    return fragment(
        "ivr/of_caller.html",
        known=known,
        readable=readable,
        names=names,
        rules=rules,
        queue_title=queue_title,
        outcome_title=outcome_title,
        verdict=verdict,
    )


def number_at_hand(session: Session, offer_id: int) -> str:
    """Whom the signed-in agent has at hand by this offer, for the fragments of a room below; empty
    when the number is withheld. Raises as `callers.at_hand`.
    """
    return callers.known_number(callers.at_hand(session, offer_id, me(session).id))
