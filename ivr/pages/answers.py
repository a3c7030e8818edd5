"""Answers in a call: the box that searches them, what was used, what was sent by SMS.

The answers themselves are another room's, and their fragments come from there.
"""

import secrets

from flask import jsonify, request
from werkzeug.wrappers import Response

from hotline import clock
from hotline.auth import access
from hotline.errors import Invalid
from hotline.web import floor, fragment, json_body
from ivr import callers, messages
from ivr.pages.base import ANSWERS, blueprint, me

_LONGEST_KEY = 60


@blueprint.get("/calls/answers")
@access(*ANSWERS)
def answers_box() -> Response:
    """Show, as a fragment, the search of answers for the offer (`offer`) that I have at hand."""
    with floor().db.read() as session:
        found = callers.at_hand(session, request.args.get("offer", 0, type=int), me(session).id)
    return fragment("ivr/answers.html", found=found, may_text=messages.may_text(floor(), found))


@blueprint.get("/calls/messages")
@access(*ANSWERS)
def messages_sent() -> Response:
    """Show, as a fragment, what was sent by SMS in the call of the offer that I have at hand;
    nothing once it is over.
    """
    offer_id = request.args.get("offer", 0, type=int)
    with floor().db.read() as session:
        found = callers.still_at_hand(session, offer_id, me(session).id)
        sent = messages.of_call(session, found.call.id) if found else []
    return fragment("ivr/messages.html", sent=sent)


@blueprint.post("/api/calls/<int:call_id>/answers")
@access(*ANSWERS)
def use_answer(call_id: int) -> Response:
    """Note that I used an answer in my call. See docs/api.md."""
    body = json_body()
    how = str(body.get("how") or messages.TOLD)
    if how not in (messages.TOLD, messages.NOTE):
        raise Invalid(f"how: {how!r}")
    with floor().db.write() as session:
        who = me(session).id
        messages.use(session, call_id, who, _answer(body.get("answer")), how, now=clock.now())
    return jsonify(ok=True)


@blueprint.post("/api/calls/<int:call_id>/messages")
@access(*ANSWERS)
def send_message(call_id: int) -> Response:
    """Send my caller an answer by SMS. See docs/api.md."""
    body = json_body()
    key = str(body.get("key") or secrets.token_urlsafe(12))
    if len(key) > _LONGEST_KEY:
        raise Invalid("key: is too long")
    with floor().db.write() as session:
        messages.send(
            floor(),
            session,
            call_id,
            me(session).id,
            _answer(body.get("answer")),
            language=str(body.get("language") or ""),
            key=key,
            now=clock.now(),
        )
    return jsonify(ok=True, key=key)


def _answer(given: object) -> int:
    if not str(given).isdecimal() or len(str(given)) > 18:
        raise Invalid("answer: is not the number of one")
    return int(str(given))
