"""An agent adds the caller they talk to to a matter that has a ticket, as JSON for the desk."""

from flask import jsonify
from werkzeug.wrappers import Response

from hotline import clock
from hotline.auth import access, current_account
from hotline.web import floor, json_body
from ivr import matters
from ivr.pages.base import ANSWERS, blueprint, me
from tickets import service as tickets
from tickets.config import Tickets
from tickets.matters import service as callers


@blueprint.post("/api/calls/<int:call_id>/same-matter")
@access(*ANSWERS)
def same_matter(call_id: int) -> Response:
    """Add my caller to a ticket: `ticket`, `news` (by SMS; empty: no). See docs/api.md."""
    body, account, now = json_body(), current_account(), clock.now()
    came = matters.Came(str(body.get("ticket") or ""), wants_news=bool(body.get("news", True)))
    config = floor().section(Tickets)
    with floor().db.write() as session:
        actor = tickets.acting(session, config, account.username, account.role.value, now)
        who = me(session).id
        added, ticket = matters.add(session, call_id, who, came, actor=actor, now=now)
        count = callers.callers_of(session, [ticket.id])[ticket.id]
    return jsonify(
        ticket=ticket.number, ticket_shown=ticket.number_shown, callers=count, again=added.again
    )


@blueprint.post("/api/calls/<int:call_id>/another-matter")
@access(*ANSWERS)
def another_matter(call_id: int) -> Response:
    """Take back that my caller was added to a ticket."""
    account, now = current_account(), clock.now()
    with floor().db.write() as session:
        who = me(session).id
        matters.take_back(session, call_id, who, by=account.username, now=now)
    return jsonify(ticket=None)
