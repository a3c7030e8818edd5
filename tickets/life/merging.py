"""Two tickets that are one matter: worked on in one of them, and taken apart again without loss.

Nothing moves when a ticket is merged: its calls, callers and events stay its own, it is closed with
the result `merged`, and a row says into which. What reads of the other one reads down to it
(`search.tree`), what asks of it looks up (`search.root`). So taking apart is closing backwards,
also after either has changed, and what came in between (a call about it) is where it belongs.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.announce import announce
from hotline.db import insert_ignore
from tickets import facts, planning, search, workflow
from tickets.config import Tickets
from tickets.errors import (
    BadMerge,
    IsMerged,
    NoSuchTicket,
    NoteEmpty,
    NotMerged,
    NotYours,
    RoleMayNot,
    TicketMoved,
)
from tickets.facts import Actor, TicketFacts
from tickets.handling import is_of_division
from tickets.life import rules
from tickets.life.rules import Unfit
from tickets.models import EventKind, Forward, TicketMerge
from tickets.workflow import Result, Role, State, Waiting
from tickets.writing import all_locked, change, tell, written

#: The columns that merging changes besides how it ended: kept, so that they can be put back.
_MOMENTS: Final = ("waiting_until", "acknowledged_at", "escalate_at")
_WORDS: Final = ("state", "waiting_for", "escalation")


def may_merge(actor: Actor, ticket: TicketFacts) -> bool:
    """Say whether the actor may merge this ticket into another."""
    return workflow.may_merge(ticket.state, actor.role) and _is_theirs(actor, ticket)


def may_unmerge(actor: Actor, ticket: TicketFacts) -> bool:
    """Say whether it is merged and the actor may say that it is a matter of its own."""
    return workflow.may_unmerge(ticket.result, actor.role) and _is_theirs(actor, ticket)


def _is_theirs(actor: Actor, ticket: TicketFacts) -> bool:
    return actor.role is not Role.DIVISION or is_of_division(actor, ticket)


def merge(
    session: Session,
    ticket: TicketFacts,
    into: TicketFacts,
    *,
    text: str,
    actor: Actor,
    now: datetime,
) -> TicketFacts:
    """Work on a ticket as part of another from now on; `text` says why it is the same matter.

    Who works for a division merges what is its own into what is its own; for another division's
    that is a supervisor's to decide. Of two who merge crosswise one wins: both rows are held, and
    what is merged already is merged into nothing.

    Raises `NoteEmpty`, `NotYours`, `RoleMayNot`, `BadMerge`, `IsMerged`, `TicketMoved`.
    """
    text = facts.clean(text)
    both = all_locked(session, (ticket.id, into.id))
    seen, target = both[ticket.id], both[into.id]
    if seen.result is Result.MERGED:
        raise IsMerged(number=seen.number_shown, into=search.root(session, seen).number_shown)
    _refuse(session, seen, target, actor)
    if not text:
        raise NoteEmpty
    was = {key: getattr(seen, key) for key in _WORDS}
    was |= {key: written(getattr(seen, key)) for key in _MOMENTS}
    row = {
        "ticket_id": seen.id,
        "into_id": target.id,
        "at": now,
        "by": actor.username,
        "was": was,
    }
    if insert_ignore(session, TicketMerge, row) is None:
        raise TicketMoved(number=seen.number_shown)
    values = {
        "state": State.CANCELLED.value,
        "result": Result.MERGED.value,
        "closed_at": now,
        **planning.stopped(seen, now),
    }
    expected = {"version": ticket.version, "state": ticket.state.value}
    changed = change(session, ticket, expected, values)
    said = {"into": target.number, "text": text, "from": seen.state.value}
    tell(session, seen.id, EventKind.MERGED, actor.username, now, said)
    there = {"other": seen.number, "text": text}
    tell(session, target.id, EventKind.JOINED, actor.username, now, there)
    for each in (seen, target):
        announce(session, "ticket.moved", ticket_id=each.id)
    return facts.of_ticket(changed)


def _refuse(session: Session, seen: TicketFacts, target: TicketFacts, actor: Actor) -> None:
    if not search.may_read(actor, target):
        raise NoSuchTicket(number=target.number_shown)
    why = rules.unfit(seen, target)
    if why is Unfit.INTO_MERGED:
        raise BadMerge(why, number=search.root(session, target).number_shown)
    if why is not None:
        raise BadMerge(why, number=target.number_shown)
    if not (_is_theirs(actor, seen) and _is_theirs(actor, target)):
        raise NotYours
    if not may_merge(actor, seen):
        raise RoleMayNot
    waits = sa.select(Forward.id).where(Forward.ticket_id == seen.id, Forward.replied_at.is_(None))
    if session.scalar(waits.limit(1)) is not None:
        raise BadMerge(Unfit.FORWARDED, number=target.number_shown)


def unmerge(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    *,
    text: str,
    actor: Actor,
    now: datetime,
) -> TicketFacts:
    """Make it a matter of its own again, as it stood: state, wait, escalation, and its clocks as
    its own story gives them. What has run out meanwhile is noticed by the next sweep.

    Raises `NoteEmpty`, `NotYours`, `RoleMayNot`, `NotMerged`, `TicketMoved`.
    """
    text = facts.clean(text)
    if ticket.result is Result.MERGED and not may_unmerge(actor, ticket):
        raise RoleMayNot if _is_theirs(actor, ticket) else NotYours
    if not text:
        raise NoteEmpty
    return take_apart(session, config, ticket, text=text, actor=actor, now=now)


def take_apart(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    *,
    text: str,
    actor: Actor,
    now: datetime,
) -> TicketFacts:
    """Do it, whoever may: an undoing is its doer's. Raises `NotMerged`, `TicketMoved`."""
    into_id = session.scalar(
        sa.select(TicketMerge.into_id).where(TicketMerge.ticket_id == ticket.id)
    )
    if into_id is None:
        raise NotMerged(number=ticket.number_shown)
    both = all_locked(session, (ticket.id, into_id))
    seen, target = both[ticket.id], both[into_id]
    was: Mapping[str, Any] | None = session.execute(
        sa.delete(TicketMerge)
        .where(TicketMerge.ticket_id == seen.id, TicketMerge.into_id == into_id)
        .returning(TicketMerge.was)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if was is None:
        raise TicketMoved(number=seen.number_shown)
    values: dict[str, Any] = {key: was[key] for key in _WORDS}
    values |= {key: _read(was[key]) for key in _MOMENTS}
    becomes = replace(
        seen,
        **values
        | {
            "state": State(values["state"]),
            "waiting_for": Waiting(values["waiting_for"]) if values["waiting_for"] else None,
            "result": None,
            "closed_at": None,
        },
    )
    found = planning.history(seen.received_at, search.story(session, seen.id))
    plan = planning.again(config, becomes, found)
    expected = {"version": ticket.version, "result": Result.MERGED.value}
    changed = change(
        session, ticket, expected, values | {"result": None, "closed_at": None} | plan.columns
    )
    said = {"out_of": target.number, "text": text, "to": values["state"]}
    tell(session, seen.id, EventKind.UNMERGED, actor.username, now, said | plan.said)
    there = {"other": seen.number, "text": text}
    tell(session, target.id, EventKind.PARTED, actor.username, now, there)
    for each in (seen, target):
        announce(session, "ticket.moved", ticket_id=each.id)
    return facts.of_ticket(changed)


def _read(moment: str | None) -> datetime | None:
    return None if moment is None else datetime.fromisoformat(moment)
