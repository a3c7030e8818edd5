"""The acts on a ticket's page that protect its caller: show the hidden number, hide, hold."""

from datetime import datetime

from flask import Blueprint, Response, jsonify, make_response, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline import clock
from hotline.auth import Role, access, current_account
from hotline.web import floor
from tickets import guarding, service
from tickets.facts import Actor, TicketFacts
from tickets.web import acting, changed, page

#: Its templates are the room's.
blueprint = Blueprint("caller", __name__)
#: Who may see some ticket's caller, which `guarding` decides for each.
LOOKS = (Role.AGENT, Role.SUPERVISOR, Role.DIVISION, Role.MANAGER, Role.ADMINISTRATOR)
HIDES = (Role.AGENT, Role.SUPERVISOR, Role.ADMINISTRATOR)
HOLDS = (Role.SUPERVISOR, Role.ADMINISTRATOR)


def _look(number: str) -> tuple[TicketFacts, str]:
    actor, now = acting(), clock.now()
    with floor().db.write() as session:
        ticket = service.by_number_for(session, number, actor)
        caller = guarding.look(
            session,
            ticket,
            text=request.form.get("text", ""),
            actor=actor,
            by=current_account(),
            now=now,
        )
    return ticket, caller


@blueprint.post("/tickets/<number>/caller")
@access(*LOOKS)
def show(number: str) -> ResponseReturnValue:
    """Show the ticket with its caller's whole number, and write down who saw it. Form: `text`, why
    (may be empty).
    """
    ticket, caller = _look(number)
    with floor().db.read() as session:
        return make_response(page(session, ticket, shown_caller=caller))


@blueprint.post("/api/tickets/<number>/caller")
@access(*LOOKS)
def api_show(number: str) -> Response:
    """The same as JSON: `caller`, null when there is none."""
    _, caller = _look(number)
    return jsonify(caller=caller or None)


@blueprint.post("/tickets/<number>/hidden")
@access(*HIDES)
def hide(number: str) -> ResponseReturnValue:
    """Write down that the caller wishes to be hidden. Form: `hidden` (1, or empty: no longer)."""
    hidden = request.form.get("hidden") == "1"

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: datetime) -> None:
        guarding.hide_name(session, ticket, hidden, actor=actor, now=now)

    return changed(number, change)


@blueprint.post("/tickets/<number>/hold")
@access(*HOLDS)
def hold(number: str) -> ResponseReturnValue:
    """Let nothing of it be forgotten, or (`release` is 1) no longer. Form: `text`, why."""
    verb = guarding.release if request.form.get("release") == "1" else guarding.hold

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: datetime) -> None:
        text = request.form.get("text", "")
        verb(session, ticket, text, actor=actor, by=current_account(), now=now)

    return changed(number, change)
