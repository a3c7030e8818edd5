"""The verbs of the division's day: who does it, for whom it waits, and whose it is after all.

All of them are compare-and-set against the version that the page showed (`ticket.version`), write
one event with the clocks that it moved, and raise `TicketMoved` for who was slower.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hotline.announce import announce
from tickets import attendance, facts, planning, redaction, search, telling, workflow
from tickets.categories.service import note_choice
from tickets.config import Tickets
from tickets.errors import (
    BadWait,
    NoSuchColleague,
    NoteEmpty,
    NothingChanged,
    NotYours,
    RoleMayNot,
    UnknownCategory,
    UnknownDivision,
)
from tickets.facts import Actor, EventFacts, TicketFacts
from tickets.models import EventKind
from tickets.protection import Contact
from tickets.workflow import LONGEST_WAIT, Priority, Role, Waiting
from tickets.writing import change, locked, tell


def is_of_division(actor: Actor, ticket: TicketFacts) -> bool:
    """Say whether the actor speaks for the division that has the ticket."""
    return ticket.division in actor.divisions


def may_wait(actor: Actor, ticket: TicketFacts) -> bool:
    """Say whether the actor may let it wait, or end that."""
    return workflow.may_wait(ticket.state, actor.role) and _is_theirs(actor, ticket)


def may_assign(actor: Actor, ticket: TicketFacts) -> bool:
    """Say whether the actor may say who does it."""
    return workflow.may_assign(ticket.state, actor.role) and _is_theirs(actor, ticket)


def may_route(actor: Actor, ticket: TicketFacts) -> bool:
    """Say whether the actor may change what it is and whose."""
    return workflow.may_route(ticket.state, actor.role) and _is_theirs(actor, ticket)


def _is_theirs(actor: Actor, ticket: TicketFacts) -> bool:
    return actor.role is not Role.DIVISION or is_of_division(actor, ticket)


def _refuse(may: bool, actor: Actor, ticket: TicketFacts) -> None:
    if not may:
        raise RoleMayNot if _is_theirs(actor, ticket) else NotYours


# ------------------------------------------------------------------ waiting


def wait(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    *,
    for_: Waiting,
    until: datetime,
    text: str,
    actor: Actor,
    now: datetime,
) -> TicketFacts:
    """Let it wait for somebody outside until `until` at most: update and resolution stand still.

    One that waits already waits anew, for whom and until when it is now said. Raises `BadWait`,
    `NoteEmpty`, `NotYours`, `RoleMayNot`.
    """
    text = facts.clean(text)
    _refuse(may_wait(actor, ticket), actor, ticket)
    if not now < until <= now + LONGEST_WAIT:
        raise BadWait
    if not text:
        raise NoteEmpty
    said = {"for": for_.value, "until": until.isoformat(), "text": text}
    values = {"waiting_for": for_.value, "waiting_until": until}
    return _write(session, config, ticket, _Act(EventKind.WAITING, said, values, actor, now))


def resume(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    *,
    text: str = "",
    actor: Actor,
    now: datetime,
) -> TicketFacts:
    """End the waiting: the clocks go on with what was left. Raises `NothingChanged` when it does
    not wait, `NotYours`, `RoleMayNot`.
    """
    _refuse(may_wait(actor, ticket), actor, ticket)
    if ticket.waiting_for is None:
        raise NothingChanged
    values = {"waiting_for": None, "waiting_until": None}
    said = {"text": facts.clean(text)}
    return _write(session, config, ticket, _Act(EventKind.RESUMED, said, values, actor, now))


def go_on(
    session: Session, config: Tickets, ticket: TicketFacts, *, actor: Actor, now: datetime
) -> TicketFacts:
    """End the waiting because who was waited for has answered; whoever that is may do so."""
    values = {"waiting_for": None, "waiting_until": None}
    return _write(
        session, config, ticket, _Act(EventKind.RESUMED, {"text": ""}, values, actor, now)
    )


# ------------------------------------------------------------------ who does it


def colleagues(session: Session, config: Tickets, division: str, now: datetime) -> dict[str, str]:
    """Return who can be given a ticket of a division today: names by username."""
    there = attendance.on(session, config, now)
    return {name: there.names[name] for name in there.handlers(division)}


def assign(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    *,
    to: str | None,
    text: str = "",
    actor: Actor,
    now: datetime,
) -> TicketFacts:
    """Say who of the division does it; None: nobody yet, the division has it all the same.

    Raises `NoSuchColleague`, `NothingChanged`, `NotYours`, `RoleMayNot`.
    """
    _refuse(may_assign(actor, ticket), actor, ticket)
    if to == ticket.owner:
        raise NothingChanged
    if to is not None and to not in colleagues(session, config, ticket.division, now):
        raise NoSuchColleague
    said = {"from": ticket.owner, "to": to, "text": facts.clean(text)}
    # saying who does it shows that the division has seen it, and is no news to a citizen
    act = _Act(EventKind.ASSIGNED, said, {"owner": to}, actor, now, is_news=False)
    changed = _write(session, config, ticket, act)
    if to is not None:
        telling.assigned(session, config, changed, to=to, by=actor.username, now=now)
    return changed


# ------------------------------------------------------------------ whose it is after all


def route(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    *,
    category: str | None,
    priority: Priority,
    division: str | None,
    text: str,
    actor: Actor,
    now: datetime,
) -> TicketFacts:
    """Change what it is about, how urgent, and so whose it is; `text` says why.

    `division` None: as the category has it where the ticket is. Another division begins with nobody
    who does it, with a new acknowledgement and without the waiting of the one before; by when the
    citizen's matter is to be resolved counts from the beginning as before, by the hours that now
    hold.

    Raises `UnknownCategory`, `UnknownDivision`, `NoteEmpty`, `NothingChanged`, `NotYours`,
    `RoleMayNot`.
    """
    text, category = facts.clean(text), category or None
    _refuse(may_route(actor, ticket), actor, ticket)
    if category is not None and category not in config.categories:
        raise UnknownCategory(category=category)
    if division is not None and division not in config.divisions:
        raise UnknownDivision(division=division)
    if not text:
        raise NoteEmpty
    goes_to = division or config.division_of(category, ticket.area)
    was = {"category": ticket.category, "division": ticket.division, "priority": ticket.priority}
    becomes = {"category": category, "division": goes_to, "priority": priority.value}
    changed = {key: value for key, value in becomes.items() if value != was[key]}
    if not changed:
        raise NothingChanged
    said: dict[str, Any] = {"was": {key: was[key] for key in changed}, "now": changed, "text": text}
    values: dict[str, Any] = dict(changed)
    if "category" in changed:
        known = config.categories.get(category or "")
        # what was told in confidence is opened only by who reads it all
        kept = ticket.private and actor.role not in search.SEES_ALL
        values["private"] = kept or (known is not None and known.private)
        values["contact"] = config.contact_of(category).value
    if "division" in changed:
        said["routed"] = True
        values |= {"owner": None, "waiting_for": None, "waiting_until": None}
    routed = _write(session, config, ticket, _Act(EventKind.ROUTED, said, values, actor, now))
    if "category" in changed:
        note_choice(session, config, routed, EventKind.ROUTED, by=actor.username, now=now)
    return protect(session, routed, by=actor.username, now=now)


def protect(session: Session, ticket: TicketFacts, *, by: str, now: datetime) -> TicketFacts:
    """Take the caller out of a ticket that has become an anonymous matter: that is for good."""
    if ticket.contact is not Contact.NOBODY:
        return ticket
    redaction.forget_caller(session, ticket.id, "category", by, now)
    return replace(ticket, caller_number=None)


def at_place(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    *,
    area: str | None,
    said: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> TicketFacts:
    """Write down that it is somewhere else (`said`: as `EventKind.PLACED`); where that is another
    area, who of its division has that area has it from then on.

    Who it was given to by hand stays in its own division: only the part of it changes. Who may, and
    whether anything has changed, `tickets.places.service` has asked. Raises `TicketMoved`.
    """
    act = _Act(EventKind.PLACED, said, {"area": area}, actor, now, is_news=False)
    placed = _write(session, config, ticket, act)
    goes_to = config.in_area(placed.division, area)
    if area == ticket.area or goes_to == placed.division:
        return placed
    values = {"division": goes_to, "owner": None, "waiting_for": None, "waiting_until": None}
    routed = {
        "was": {"division": placed.division},
        "now": {"division": goes_to},
        "text": "",
        "area": area,
        "routed": True,
    }
    return _write(session, config, placed, _Act(EventKind.ROUTED, routed, values, actor, now))


# ------------------------------------------------------------------ how it is written


@dataclass(frozen=True)
class _Act:
    kind: EventKind
    said: Mapping[str, Any]
    values: Mapping[str, Any]
    actor: Actor
    now: datetime
    is_news: bool = True


def _write(session: Session, config: Tickets, ticket: TicketFacts, act: _Act) -> TicketFacts:
    seen = locked(session, ticket)
    said = dict(act.said)
    if is_of_division(act.actor, seen) and not said.get("routed"):
        said |= {"acknowledged": True} | ({"news": True} if act.is_news else {})
    event = EventFacts(act.now, act.actor.username, act.kind, said)
    found = planning.history(seen.received_at, [*search.story(session, seen.id), event])
    becomes = replace(
        seen,
        category=act.values.get("category", seen.category),
        priority=Priority(act.values.get("priority", seen.priority)),
    )
    other_hours = act.kind is EventKind.ROUTED
    plan = planning.again(config, becomes, found, other_hours=other_hours)
    expected = {"version": ticket.version, "state": ticket.state.value}
    changed = change(session, ticket, expected, {**act.values, **plan.columns})
    tell(session, seen.id, act.kind, act.actor.username, act.now, said | plan.said)
    announce(session, "ticket.moved", ticket_id=seen.id)
    return facts.of_ticket(changed)
