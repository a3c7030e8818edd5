"""Tickets as JSON."""

from datetime import datetime

from flask import Response, jsonify

from hotline import clock
from hotline.auth import EVERYONE, access
from hotline.i18n import masked
from hotline.web import floor
from tickets import service
from tickets.matters.service import callers_of
from tickets.persons import service as persons
from tickets.places import service as places
from tickets.web.shared import acting, blueprint, section
from tickets.web.ticket import as_read, name_shown


@blueprint.get("/api/tickets/<number>")
@access(*EVERYONE)
def api_ticket(number: str) -> Response:
    """Return one ticket and its story."""
    actor, now = acting(), clock.now()
    with floor().db.read() as session:
        ticket = service.by_number_for(session, number, actor)
        ticket, story = as_read(actor, ticket, service.story(session, ticket.id))
        calls = service.calls_of(session, ticket.id)
        called = persons.of_ticket(session, ticket.id)
        where = places.of_ticket(session, ticket)
        callers = callers_of(session, [ticket.id])[ticket.id]
    shown_name = name_shown(actor, ticket)
    return jsonify(
        number=ticket.number,
        number_shown=ticket.number_shown,
        kind=ticket.kind,
        state=ticket.state,
        category=ticket.category,
        division=ticket.division,
        owner=ticket.owner,
        priority=ticket.priority,
        text=ticket.text,
        language=ticket.language,
        # whole only by POST …/caller, which writes down who saw it
        caller=masked(ticket.caller_number) if ticket.caller_number else None,
        contact=ticket.contact,
        hide_name=ticket.hide_name,
        source=ticket.source,
        received_at=_iso(ticket.received_at),
        due_at=_iso(ticket.due_at),
        closed_at=_iso(ticket.closed_at),
        result=ticket.result,
        incomplete=ticket.incomplete,
        overdue=ticket.is_overdue(now),
        acknowledge_due_at=_iso(ticket.acknowledge_due_at),
        acknowledged_at=_iso(ticket.acknowledged_at),
        update_due_at=_iso(ticket.update_due_at),
        waiting_for=ticket.waiting_for,
        waiting_until=_iso(ticket.waiting_until),
        escalation=ticket.escalation,
        unread_since=_iso(ticket.unread_since),
        reopened=ticket.reopened,
        version=ticket.version,
        area=ticket.area,
        place=where.told(),
        calls=calls,
        callers=callers,
        persons=[shown_name(each.name) for each in called],
        events=[
            {"at": _iso(event.at), "who": event.who, "kind": event.kind, "data": event.data}
            for event in story
        ],
    )


@blueprint.get("/api/outcomes")
@access(*EVERYONE)
def api_outcomes() -> Response:
    """Return what a call can end with, and the categories to choose from."""
    config = section()
    return jsonify(
        outcomes=[
            {
                "id": outcome.id,
                "key": outcome.key,
                "title": outcome.title.root,
                "makes": outcome.makes,
                "kind": outcome.kind,
                "category": outcome.category,
                "default": outcome.default,
            }
            for outcome in config.outcomes
        ],
        categories=[
            {"id": id_, "title": each.title.root, "division": each.division}
            for id_, each in config.categories.items()
        ],
    )


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
