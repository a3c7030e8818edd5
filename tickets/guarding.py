"""The verbs by which a ticket's caller is protected: looked at, hidden, held."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import audit
from hotline.auth import Identity
from tickets import facts
from tickets.errors import NoteEmpty, NothingChanged, NotYours, RoleMayNot
from tickets.facts import Actor, TicketFacts
from tickets.models import EventKind, Ticket
from tickets.protection import HOLDS, SEES_CALLER
from tickets.search import may_see_caller
from tickets.writing import change, locked, tell

#: A look at a hidden number, in the audit log.
LOOKED = "tickets.looked"


def look(
    session: Session,
    ticket: TicketFacts,
    *,
    text: str = "",
    actor: Actor,
    by: Identity | None,
    now: datetime,
) -> str:
    """Return the caller's whole number (empty: there is none), and write down who saw it, and why
    as far as they said: in the story and in the audit log, each time. Raises `NotYours`.
    """
    if not may_see_caller(actor, ticket):
        raise NotYours
    text = facts.clean(text)[: audit.REASON_LENGTH]
    tell(session, ticket.id, EventKind.LOOKED, actor.username, now, {"text": text})
    subject = f"ticket:{ticket.id}"
    audit.record(session, LOOKED, subject, by=by, at=now, reason=text, number=ticket.number)
    return ticket.caller_number or ""


def may_hide(actor: Actor, ticket: TicketFacts) -> bool:
    """Say whether the actor may write down that the caller wishes to be hidden."""
    return actor.role in SEES_CALLER and may_see_caller(actor, ticket)


def hide_name(
    session: Session, ticket: TicketFacts, hidden: bool, *, actor: Actor, now: datetime
) -> TicketFacts:
    """Write down that the caller wishes to be hidden from all but who calls people back, or no
    longer does. Raises `RoleMayNot`, `NothingChanged`, `TicketMoved`.
    """
    if not may_hide(actor, ticket):
        raise RoleMayNot
    if ticket.hide_name == hidden:
        raise NothingChanged
    changed = change(session, ticket, {"version": ticket.version}, {"hide_name": hidden})
    tell(session, ticket.id, EventKind.HIDDEN, actor.username, now, {"hidden": hidden})
    return facts.of_ticket(changed)


def wished(session: Session, ticket_id: int, *, by: str, now: datetime) -> None:
    """Write down, once, the wish of a caller to be hidden, as an agent heard it in the call."""
    row = session.execute(
        sa.update(Ticket)
        .where(Ticket.id == ticket_id, Ticket.hide_name == sa.false())
        .values(hide_name=True, version=Ticket.version + 1)
        .returning(Ticket.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row is not None:
        tell(session, ticket_id, EventKind.HIDDEN, by, now, {"hidden": True})


def may_hold(actor: Actor) -> bool:
    """Say whether the actor decides what must not be forgotten."""
    return actor.role in HOLDS


def hold(
    session: Session,
    ticket: TicketFacts,
    text: str,
    *,
    actor: Actor,
    by: Identity | None,
    now: datetime,
) -> TicketFacts:
    """Let nothing of a ticket be forgotten until it is released; `text` says why.

    Raises `RoleMayNot`, `NoteEmpty`, `NothingChanged` when it is held already, `TicketMoved`.
    """
    text = facts.clean(text)[: audit.REASON_LENGTH]
    if not text:
        raise NoteEmpty
    values: dict[str, object] = {"hold": text, "held_by": actor.username, "held_at": now}
    return _set_hold(session, ticket, values, text, actor, by, now)


def release(
    session: Session,
    ticket: TicketFacts,
    text: str,
    *,
    actor: Actor,
    by: Identity | None,
    now: datetime,
) -> TicketFacts:
    """End that. Raises as `hold`."""
    text = facts.clean(text)[: audit.REASON_LENGTH]
    if not text:
        raise NoteEmpty
    values: dict[str, object] = {"hold": "", "held_by": None, "held_at": None}
    return _set_hold(session, ticket, values, text, actor, by, now)


def _set_hold(
    session: Session,
    ticket: TicketFacts,
    values: dict[str, object],
    text: str,
    actor: Actor,
    by: Identity | None,
    now: datetime,
) -> TicketFacts:
    if not may_hold(actor):
        raise RoleMayNot
    seen = locked(session, ticket)
    if bool(seen.hold) == bool(values["hold"]):
        raise NothingChanged
    changed = change(session, ticket, {"version": ticket.version}, values)
    kind = EventKind.HELD if values["hold"] else EventKind.RELEASED
    tell(session, ticket.id, kind, actor.username, now, {"text": text})
    subject, verb = f"ticket:{ticket.id}", f"tickets.{kind.value}"
    audit.record(session, verb, subject, by=by, at=now, reason=text, number=ticket.number)
    return facts.of_ticket(changed)
