"""What is done on the page of a ticket: each form is one change in one unit of work."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from flask import make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline import clock
from hotline.auth import access
from hotline.errors import Conflict, Invalid
from hotline.web import floor
from tickets import service
from tickets.errors import BadWait, NotYours
from tickets.service import Actor, TicketFacts
from tickets.web.shared import DESK, MOVERS, OWNERS, acting, blueprint, section
from tickets.web.ticket import page
from tickets.workflow import LONGEST_WAIT, Priority, Result, State, Waiting


@blueprint.post("/tickets/<number>/move")
@access(*MOVERS)
def move(number: str) -> ResponseReturnValue:
    """Move a ticket. Form: `to`, `result`, `text`, and `from`, the state that the page showed;
    `without_photo` (1) from who may close it without the photo that its category wants.
    """

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: datetime) -> None:
        seen, to = _state(request.form.get("from")), _state(request.form.get("to"))
        result = request.form.get("result") or None
        service.move(
            session,
            section(),
            replace(ticket, state=seen),
            to,
            actor=actor,
            result=_result(result),
            text=request.form.get("text", ""),
            without_photo=request.form.get("without_photo") == "1",
            now=now,
        )

    return changed(number, change)


@blueprint.post("/tickets/<number>/note")
@access(*MOVERS)
def note(number: str) -> ResponseReturnValue:
    """Add an internal note. Form: `text`."""

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: datetime) -> None:
        service.note(
            session,
            section(),
            ticket,
            text=request.form.get("text", ""),
            actor=actor,
            now=now,
        )

    return changed(number, change)


@blueprint.post("/tickets/<number>/wait")
@access(*OWNERS)
def wait(number: str) -> ResponseReturnValue:
    """Let a ticket wait for somebody outside. Form: `for`, `until` (the last day), `text`, and
    `version`, the one that the page showed.
    """

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: datetime) -> None:
        for_, until = request.form.get("for"), last_moment(request.form.get("until", ""))
        if for_ not in list(Waiting) or until is None:
            raise BadWait
        service.wait(
            session,
            section(),
            as_seen(ticket),
            for_=Waiting(for_),
            until=min(until, now + LONGEST_WAIT),
            text=request.form.get("text", ""),
            actor=actor,
            now=now,
        )

    return changed(number, change)


@blueprint.post("/tickets/<number>/resume")
@access(*OWNERS)
def resume(number: str) -> ResponseReturnValue:
    """End the waiting. Form: `version`."""

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: datetime) -> None:
        service.resume(session, section(), as_seen(ticket), actor=actor, now=now)

    return changed(number, change)


@blueprint.post("/tickets/<number>/assign")
@access(*OWNERS)
def assign(number: str) -> ResponseReturnValue:
    """Say who does it. Form: `owner` (a username, or empty), `text`, `version`."""

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: datetime) -> None:
        service.assign(
            session,
            section(),
            as_seen(ticket),
            to=request.form.get("owner") or None,
            text=request.form.get("text", ""),
            actor=actor,
            now=now,
        )

    return changed(number, change)


@blueprint.post("/tickets/<number>/route")
@access(*MOVERS)
def route(number: str) -> ResponseReturnValue:
    """Change what it is and whose. Form: `category`, `priority`, `division` (empty: as the category
    has it), `text`, `version`.
    """

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: datetime) -> None:
        priority = request.form.get("priority", "")
        service.route(
            session,
            section(),
            as_seen(ticket),
            category=request.form.get("category"),
            priority=Priority(priority) if priority in list(Priority) else ticket.priority,
            division=request.form.get("division") or None,
            text=request.form.get("text", ""),
            actor=actor,
            now=now,
        )

    return changed(number, change)


def as_seen(ticket: TicketFacts) -> TicketFacts:
    """Return the ticket in the version that the page showed; without one it is nobody's version."""
    return replace(ticket, version=request.form.get("version", 0, type=int))


def last_moment(text: str) -> datetime | None:
    """Return when the day (ISO) that stands in a form is over; None when it is no day."""
    zone = floor().city.zone
    try:
        return clock.midnight(date.fromisoformat(text) + timedelta(days=1), zone)
    except (ValueError, OverflowError):
        return None


@blueprint.post("/tickets/<number>/complete")
@access(*DESK)
def complete(number: str) -> ResponseReturnValue:
    """Say what an incomplete ticket was about.

    Form: `outcome`, `category`, `text`, and `ticket`, the number for an outcome that links.
    """

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: datetime) -> None:
        service.complete(
            session,
            section(),
            ticket,
            outcome=request.form.get("outcome", ""),
            category=request.form.get("category"),
            text=request.form.get("text", ""),
            ticket_number=request.form.get("ticket"),
            actor=actor,
            now=now,
        )

    return changed(number, change)


def changed(number: str, change: Any) -> ResponseReturnValue:
    """Make one change in one unit of work; a refusal is said on the page, with what was typed."""
    actor, now = acting(), clock.now()
    try:
        with floor().db.write() as session:
            ticket = service.by_number_for(session, number, actor)
            change(session, ticket, actor, now)
            stays = service.may_read(actor, service.by_number(session, ticket.number))
    except (Invalid, Conflict, NotYours) as error:
        with floor().db.read() as session:
            ticket = service.by_number_for(session, number, actor)
            return make_response(page(session, ticket, error), error.status)
    if not stays:  # a private matter has gone to where it belongs
        return redirect(url_for("tickets.ticket_list"), 303)
    return redirect(url_for("tickets.ticket_page", number=ticket.number), 303)


def _state(text: str | None) -> State:
    if text not in list(State):
        raise Invalid(text="tickets.error.no_such_move")
    return State(text)


def _result(text: str | None) -> Result | None:
    if text is None:
        return None
    if text not in list(Result):
        raise Invalid(text="tickets.error.result_wrong")
    return Result(text)
