"""What was handed to an agency outside the city: the city still owes its citizen the answer, and
asks the agency again every so many days until it has one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tickets import facts, handling, search
from tickets.config import Tickets
from tickets.errors import (
    ForwardMoved,
    NoSuchForward,
    NoteEmpty,
    NotYours,
    RoleMayNot,
    UnknownAgency,
)
from tickets.facts import SYSTEM, Actor, TicketFacts
from tickets.models import IS_OPEN, EventKind, Forward, Ticket
from tickets.workflow import Role, Waiting, may_assign
from tickets.writing import locked, tell, written

LONGEST_REFERENCE = 64
#: So many that are to be asked again stand on the board, and so many a sweep takes at a time.
ON_BOARD, BATCH = 50, 200


@dataclass(frozen=True)
class ForwardFacts:
    """What an agency was handed. `due_since`: since when it is to be asked again; None: not now."""

    id: int
    ticket_id: int
    agency: str
    reference: str
    by: str
    at: datetime
    every_days: int
    chase_at: datetime
    due_since: datetime | None
    times: int
    version: int
    replied_at: datetime | None


def forward(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    *,
    agency: str,
    reference: str,
    until: datetime,
    text: str,
    actor: Actor,
    now: datetime,
) -> TicketFacts:
    """Hand a ticket to an agency of config.yaml and let it wait for it until `until` at most.

    Raises `UnknownAgency`, and as `handling.wait`.
    """
    known = config.agencies.get(agency)
    if known is None:
        raise UnknownAgency
    changed = handling.wait(
        session,
        config,
        ticket,
        for_=Waiting.AGENCY,
        until=until,
        text=text,
        actor=actor,
        now=now,
    )
    chase_at = now + timedelta(days=known.chase_days)
    reference = facts.clean(reference)[:LONGEST_REFERENCE]
    session.add(
        Forward(
            ticket_id=ticket.id,
            agency=agency,
            reference=reference,
            by=actor.username,
            at=now,
            every_days=known.chase_days,
            chase_at=chase_at,
            times=0,
            version=1,
        )
    )
    said = {
        "agency": agency,
        "reference": reference,
        # why stands with the waiting
        "text": "",
        "chase_at": written(chase_at),
    }
    tell(session, ticket.id, EventKind.FORWARDED, actor.username, now, said)
    return changed


def chase(
    session: Session,
    ticket: TicketFacts,
    forward_id: int,
    *,
    version: int,
    text: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Note that the agency has been asked again, and what it said; it is asked anew so many days
    from now. Raises `NotYours`, `RoleMayNot`, `NoSuchForward`, `ForwardMoved`.
    """
    known = _theirs(session, ticket, forward_id, actor)
    chase_at = now + timedelta(days=known.every_days)
    _set(session, known, version, {"chase_at": chase_at, "due_since": None})
    said = {"agency": known.agency, "text": facts.clean(text), "chase_at": written(chase_at)}
    tell(session, ticket.id, EventKind.CHASED, actor.username, now, said)


def reply(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    forward_id: int,
    *,
    version: int,
    text: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Note what the agency answered: it is asked no more, and the ticket goes on, if it waited for
    an agency and no other one owes an answer. Raises as `chase`; `NoteEmpty`.
    """
    text = facts.clean(text)
    known = _theirs(session, ticket, forward_id, actor)
    if not text:
        raise NoteEmpty
    _set(session, known, version, {"replied_at": now, "due_since": None})
    said = {"agency": known.agency, "text": text}
    tell(session, ticket.id, EventKind.REPLIED, actor.username, now, said)
    seen = locked(session, ticket)
    if seen.waiting_for is Waiting.AGENCY and not _unanswered(session, ticket):
        handling.resume(session, config, seen, actor=actor, now=now)


def may_chase(actor: Actor, ticket: TicketFacts) -> bool:
    """Say whether the actor asks agencies about this ticket: who works on it while it is open."""
    theirs = actor.role is not Role.DIVISION or handling.is_of_division(actor, ticket)
    return may_assign(ticket.state, actor.role) and theirs


def _theirs(session: Session, ticket: TicketFacts, forward_id: int, actor: Actor) -> ForwardFacts:
    seen = locked(session, ticket)
    if not may_chase(actor, seen):
        theirs = actor.role is not Role.DIVISION or handling.is_of_division(actor, seen)
        raise RoleMayNot if theirs else NotYours
    row = session.get(Forward, forward_id, populate_existing=True)
    if row is None or row.ticket_id != ticket.id:
        raise NoSuchForward
    return _of(row)


def _set(
    session: Session, known: ForwardFacts, version: int, values: dict[str, datetime | None]
) -> None:
    changed = session.execute(
        sa.update(Forward)
        .where(Forward.id == known.id, Forward.version == version, Forward.replied_at.is_(None))
        .values(**values, version=Forward.version + 1)
        .returning(Forward.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if changed is None:
        raise ForwardMoved


def of_ticket(session: Session, ticket: TicketFacts) -> list[ForwardFacts]:
    """Return what of a ticket agencies were handed, in order."""
    rows = session.scalars(
        sa.select(Forward)
        .where(Forward.ticket_id == ticket.id)
        .order_by(Forward.id)
        .execution_options(populate_existing=True)
    )
    return [_of(row) for row in rows]


def _unanswered(session: Session, ticket: TicketFacts) -> bool:
    return any(each.replied_at is None for each in of_ticket(session, ticket))


def to_chase(
    session: Session, actor: Actor, divisions: frozenset[str] = frozenset()
) -> Sequence[tuple[ForwardFacts, TicketFacts]]:
    """Return what is to be asked again, the longest first, of some divisions or (with an empty set)
    of all, as far as the actor may read it.
    """
    theirs = [Ticket.division.in_(sorted(divisions))] if divisions else []
    rows = session.execute(
        sa.select(Forward, Ticket)
        .join(Ticket, Ticket.id == Forward.ticket_id)
        .where(
            Forward.replied_at.is_(None),
            Forward.due_since.is_not(None),
            IS_OPEN,
            search.readable(actor),
            *theirs,
        )
        .order_by(Forward.due_since, Forward.id)
        .limit(ON_BOARD)
    )
    return [(_of(forward), facts.of_ticket(ticket)) for forward, ticket in rows]


def due(now: datetime) -> sa.Select[int]:
    """Select the forwards of open tickets for which it is time to ask again."""
    return (
        sa.select(Forward.id)
        .join(Ticket, Ticket.id == Forward.ticket_id)
        .where(Forward.replied_at.is_(None), Forward.chase_at <= now, IS_OPEN)
        .order_by(Forward.chase_at)
    )


def sweep(session: Session, now: datetime) -> int:
    """Write down, once each time, that an agency is to be asked again; return how often it was."""
    ids = session.scalars(due(now).limit(BATCH)).all()
    return sum(_remind(session, forward_id, now) for forward_id in ids)


def _remind(session: Session, forward_id: int, now: datetime) -> bool:
    row = session.get(Forward, forward_id, populate_existing=True)
    if row is None:
        return False
    # days that nobody swept are one reminder, not many
    every = timedelta(days=row.every_days)
    next_at = row.chase_at + every * ((now - row.chase_at) // every + 1)
    changed = session.execute(
        sa.update(Forward)
        .where(
            Forward.id == forward_id, Forward.chase_at == row.chase_at, Forward.replied_at.is_(None)
        )
        .values(
            chase_at=next_at,
            due_since=sa.func.coalesce(Forward.due_since, sa.literal(now, Forward.chase_at.type)),
            times=Forward.times + 1,
        )
        .returning(Forward.times)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if changed is None:
        return False
    said = {"agency": row.agency, "times": changed}
    tell(session, row.ticket_id, EventKind.TO_CHASE, SYSTEM, now, said)
    return True


def _of(row: Forward) -> ForwardFacts:
    return ForwardFacts(
        id=row.id,
        ticket_id=row.ticket_id,
        agency=row.agency,
        reference=row.reference,
        by=row.by,
        at=row.at,
        every_days=row.every_days,
        chase_at=row.chase_at,
        due_since=row.due_since,
        times=row.times,
        version=row.version,
        replied_at=row.replied_at,
    )
