"""The pages of a ticket's life beside its moves: words to its citizen, watching, links, merging,
agencies. Each change is made as those of `tickets.web` are.
"""

import secrets
from datetime import datetime
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline import clock
from hotline.auth import EVERYONE, access
from hotline.errors import Conflict, Forbidden, HotlineError, Invalid
from hotline.web import floor
from tickets import words
from tickets.config import Tickets
from tickets.errors import BadWait, NoSuchTicket
from tickets.facts import Actor, TicketFacts
from tickets.life import forwarding, links, merging, messages, page, placeholders, watching
from tickets.life import templates as prepared
from tickets.life.rules import Bond
from tickets.service import by_number_for
from tickets.web import (
    LARGEST_ID,
    MOVERS,
    OWNERS,
    acting,
    as_seen,
    changed,
    last_moment,
    spoken_languages,
)
from tickets.workflow import LONGEST_WAIT

#: Its templates are the room's.
blueprint = Blueprint("life", __name__)
_ONE = "/tickets/<number>"
_FORWARD = f"{_ONE}/forwards/<int(max={LARGEST_ID}):forward_id>"


@blueprint.app_context_processor
def _limits() -> dict[str, Any]:
    return {"longest_message": messages.LONGEST}


def _config() -> Tickets:
    return floor().section(Tickets)


# ------------------------------------------------------------------ words to its citizen


@blueprint.get(f"{_ONE}/message")
@access(*MOVERS)
def message_page(number: str) -> str:
    """Show the form of a message with the words that are prepared for such a ticket.

    Query: `language` (else the ticket's), `template`, the one whose words stand in the form.
    """
    with floor().db.read() as session:
        ticket = by_number_for(session, number, acting())
        if not messages.may_write(acting(), ticket):
            raise Forbidden
        return _message(session, ticket, _spoken(ticket, request.args.get("language", "")))


@blueprint.post(f"{_ONE}/message/preview")
@access(*MOVERS)
def preview(number: str) -> ResponseReturnValue:
    """Show a message exactly as its citizen will read it. Form: `text`, `language`, `template`."""
    actor = acting()
    with floor().db.read() as session:
        ticket = by_number_for(session, number, actor)
        spoken = _spoken(ticket, request.form.get("language", ""))
        text = request.form.get("text", "")
        filled = placeholders.fill(text, page.values(_config(), ticket, spoken))
        try:
            shown = messages.check(ticket, actor, filled)
        except (Invalid, Conflict, Forbidden) as error:
            return make_response(_message(session, ticket, spoken, error=error), error.status)
        return _message(session, ticket, spoken, shown=shown)


@blueprint.post(f"{_ONE}/message")
@access(*MOVERS)
def send(number: str) -> ResponseReturnValue:
    """Send what was seen. Form: `text`, `language`, `template`, `key` of the form, `version`."""
    actor, now, form = acting(), clock.now(), request.form
    try:
        with floor().db.write() as session:
            ticket = by_number_for(session, number, actor)
            messages.message(
                session,
                _config(),
                as_seen(ticket),
                text=form.get("text", ""),
                language=_spoken(ticket, form.get("language", "")),
                key=form.get("key", "")[:64] or secrets.token_urlsafe(12),
                template=_template(session, form.get("template", 0, type=int)),
                actor=actor,
                now=now,
            )
    except (Invalid, Conflict, Forbidden) as error:
        with floor().db.read() as session:
            ticket = by_number_for(session, number, actor)
            spoken = _spoken(ticket, form.get("language", ""))
            return make_response(_message(session, ticket, spoken, error=error), error.status)
    return redirect(url_for("tickets.ticket_page", number=ticket.number), 303)


def _spoken(ticket: TicketFacts, asked: str) -> str:
    return asked if asked in spoken_languages() else ticket.language


def _template(session: Session, template_id: int) -> int | None:
    """The template that the words began with, if there is one."""
    known = {each.id for each in prepared.listing(session)}
    return template_id if template_id in known else None


def _message(
    session: Session,
    ticket: TicketFacts,
    spoken: str,
    *,
    shown: str | None = None,
    error: HotlineError | None = None,
) -> str:
    """The page: `shown` is what is about to be sent, None: nothing yet."""
    values = page.values(_config(), ticket, spoken)
    offered = prepared.offered(session, ticket, spoken)
    filled = {each.id: placeholders.fill(each.text, values) for each in offered}
    template = request.values.get("template", 0, type=int)
    text = request.form.get("text", filled.get(template, "")) if shown is None else shown
    return render_template(
        "tickets/message.html",
        ticket=ticket,
        spoken=spoken,
        spoken_languages=spoken_languages(),
        shown=shown,
        text=text,
        template=template,
        offered=offered,
        filled=filled,
        key=secrets.token_urlsafe(12),
        config=_config(),
        words=words,
        error=error,
    )


# ------------------------------------------------------------------ watching


@blueprint.get("/tickets/watched")
@access(*EVERYONE)
def watched() -> str:
    """Show what the reader watches, with news first."""
    with floor().db.read() as session:
        found = watching.watched(session, acting())
    return render_template("tickets/watched.html", watched=found, config=_config(), words=words)


@blueprint.post(f"{_ONE}/watch")
@access(*EVERYONE)
def watch(number: str) -> ResponseReturnValue:
    """Watch a ticket."""
    with floor().db.write() as session:
        ticket = by_number_for(session, number, acting())
        watching.watch(session, ticket, acting(), clock.now())
    return redirect(url_for("tickets.ticket_page", number=ticket.number), 303)


@blueprint.post(f"{_ONE}/unwatch")
@access(*EVERYONE)
def unwatch(number: str) -> ResponseReturnValue:
    """Watch it no more."""
    with floor().db.write() as session:
        ticket = by_number_for(session, number, acting())
        watching.unwatch(session, ticket, acting())
    return redirect(url_for("tickets.ticket_page", number=ticket.number), 303)


# ------------------------------------------------------------------ several tickets, one matter


def _other(session: Session) -> TicketFacts:
    """The ticket that is named in the form; one that is not there is a fault of the form, and not
    of the address.
    """
    try:
        return by_number_for(session, request.form.get("ticket", ""), acting())
    except NoSuchTicket as error:
        raise Invalid(text=error.text_key, **error.values) from error


def _text() -> str:
    return request.form.get("text", "")


@blueprint.post(f"{_ONE}/link")
@access(*MOVERS)
def link(number: str) -> ResponseReturnValue:
    """Say what it is of another ticket. Form: `bond`, `ticket` (the other's number), `text`."""

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: datetime) -> None:
        bond = request.form.get("bond")
        if bond not in list(Bond):
            raise Invalid
        other = _other(session)
        links.link(session, ticket, Bond(bond), other, text=_text(), actor=actor, now=now)

    return changed(number, change)


@blueprint.post(f"{_ONE}/links/<int(max={LARGEST_ID}):link_id>/remove")
@access(*MOVERS)
def unlink(number: str, link_id: int) -> ResponseReturnValue:
    """Take a link away."""

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: datetime) -> None:
        links.unlink(session, ticket, link_id, actor=actor, now=now)

    return changed(number, change)


@blueprint.post(f"{_ONE}/merge")
@access(*OWNERS)
def merge(number: str) -> ResponseReturnValue:
    """Work on it as part of another. Form: `ticket` (the other's number), `text`, `version`."""

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: datetime) -> None:
        other = _other(session)
        merging.merge(session, as_seen(ticket), other, text=_text(), actor=actor, now=now)

    return changed(number, change)


@blueprint.post(f"{_ONE}/unmerge")
@access(*OWNERS)
def unmerge(number: str) -> ResponseReturnValue:
    """Make it a matter of its own again. Form: `text`, `version`."""

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: datetime) -> None:
        merging.unmerge(session, _config(), as_seen(ticket), text=_text(), actor=actor, now=now)

    return changed(number, change)


# ------------------------------------------------------------------ agencies


@blueprint.post(f"{_ONE}/forwards")
@access(*OWNERS)
def forward(number: str) -> ResponseReturnValue:
    """Hand it to an agency. Form: `agency`, `reference`, `until` (the last day), `text`,
    `version`.
    """

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: datetime) -> None:
        until = last_moment(request.form.get("until", ""))
        if until is None:
            raise BadWait
        forwarding.forward(
            session,
            _config(),
            as_seen(ticket),
            agency=request.form.get("agency", ""),
            reference=request.form.get("reference", ""),
            until=min(until, now + LONGEST_WAIT),
            text=_text(),
            actor=actor,
            now=now,
        )

    return changed(number, change)


@blueprint.post(f"{_FORWARD}/chase")
@access(*OWNERS)
def chase(number: str, forward_id: int) -> ResponseReturnValue:
    """Note that the agency was asked again. Form: `text`, `forward_version`."""

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: datetime) -> None:
        forwarding.chase(
            session,
            ticket,
            forward_id,
            version=request.form.get("forward_version", 0, type=int),
            text=_text(),
            actor=actor,
            now=now,
        )

    return changed(number, change)


@blueprint.post(f"{_FORWARD}/reply")
@access(*OWNERS)
def reply(number: str, forward_id: int) -> ResponseReturnValue:
    """Note what the agency answered. Form: `text`, `forward_version`."""

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: datetime) -> None:
        forwarding.reply(
            session,
            _config(),
            ticket,
            forward_id,
            version=request.form.get("forward_version", 0, type=int),
            text=_text(),
            actor=actor,
            now=now,
        )

    return changed(number, change)
