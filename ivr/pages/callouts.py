"""An agent calls the caller of a ticket, or of a conversation that they had.

There is no address that takes a number: what is named is a ticket or a call of theirs
(`ivr.callbacks.outgoing`).
"""

from collections.abc import Callable
from contextlib import suppress

from flask import redirect, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from agents import service as agents
from hotline import clock
from hotline.auth import access, current_account
from hotline.errors import HotlineError
from hotline.web import floor, t, wants_json
from ivr.callbacks import outgoing
from ivr.callbacks.outgoing import Wanted
from ivr.errors import Lost
from ivr.pages import desk
from ivr.pages.base import ANSWERS, acting, blueprint, me
from tickets import service as tickets
from tickets.service import TicketFacts


@blueprint.post("/tickets/<number>/call-out")
@blueprint.post("/api/tickets/<number>/call-out", endpoint="api_call_about_ticket")
@access(*ANSWERS)
def call_about_ticket(number: str) -> Response:
    """Call the caller of a ticket that I may read: my telephone rings, and then theirs."""

    def wanted(session: Session, _agent_id: int) -> Wanted:
        return outgoing.of_ticket(tickets.by_number_for(session, number, acting(session)))

    return _call(wanted)


@blueprint.post("/calls/<int:call_id>/call-out")
@blueprint.post("/api/calls/<int:call_id>/call-out", endpoint="api_call_again")
@access(*ANSWERS)
def call_again(call_id: int) -> Response:
    """Call the caller of a conversation that I had lately, about its ticket."""

    def wanted(session: Session, agent_id: int) -> Wanted:
        return outgoing.of_call(session, call_id, agent_id, acting(session), now=clock.now())

    return _call(wanted)


def _call(wanted: Callable[[Session, int], Wanted]) -> Response:
    with suppress(Lost):
        return _once(wanted)
    return _once(wanted)  # I was faster than myself, or somebody than me: now it says which


def _once(wanted: Callable[[Session, int], Wanted]) -> Response:
    here, by = floor(), current_account().username
    with here.db.write() as session:
        who = me(session)
        outgoing.start(here, session, wanted(session, who.id), who, by=by, now=clock.now())
    return desk.current() if wants_json() else redirect("/desk")


# ---------------------------------------------------------------- for a page of a room below


def to_call_out(session: Session, ticket: TicketFacts) -> tuple[str, str] | None:
    """Where the reader of a ticket calls its caller, and in words why they cannot now (empty: they
    can); None for who answers no calls.
    """
    account = current_account()
    if account.role not in ANSWERS or agents.agent_of_account(session, account.id) is None:
        return None
    refused = outgoing.refusal(floor(), session, outgoing.of_ticket(ticket), now=clock.now())
    address = url_for("ivr.call_about_ticket", number=ticket.number)
    return address, _words(refused)


def _words(refused: HotlineError | None) -> str:
    return "" if refused is None else t(refused.text_key, **refused.values)
