"""The verbs of a matter that several people come with: who is counted, added, taken away.

Who calls with a matter that has a ticket makes no second one: the call becomes one of that ticket,
and a row says who came. Both are written while the conversation goes on, and are taken back without
a trace on the caller's side until it is written up; from then on they are told of the ticket.
"""

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.announce import announce
from hotline.db import database_of, insert_ignore
from tickets import facts, search, service
from tickets.config import Tickets
from tickets.errors import NotYours, RoleMayNot
from tickets.facts import Actor, TicketFacts
from tickets.handling import may_route
from tickets.matters.errors import MatterClosed, NoSuchCaller, NotAdded
from tickets.matters.models import IS_COUNTED, STANDS, TicketCaller
from tickets.matters.people import Person, people, person, unknown
from tickets.models import (
    CallCitizen,
    Citizen,
    EventKind,
    Ticket,
    TicketCall,
    TicketEvent,
    TicketMerge,
)
from tickets.protection import Contact
from tickets.workflow import Role
from tickets.writing import locked, tell

#: What `Database.listen` calls when a caller's conversation is written up, with the session and the
#: id `caller` of the row.
SETTLED: Final = "ticket.caller_settled"
#: Letters of what a caller said.
LONGEST_NOTE: Final = 2000


@dataclass(frozen=True)
class Call:
    """A conversation whose caller comes with a matter. `number`: E.164, None when withheld."""

    id: int
    number: str | None
    language: str
    note: str = ""
    wants_news: bool = True


@dataclass(frozen=True)
class CallerFacts:
    """Somebody who came with a ticket after the first. `name`: of the person who spoke, or empty;
    `again`: that number had called about it.
    """

    id: int
    ticket_id: int
    call_id: int
    number: str | None
    again: bool
    language: str
    note: str
    wants_news: bool
    by: str
    at: datetime
    settled_at: datetime | None
    name: str = ""


# ------------------------------------------------------------------ who is counted


def callers_of(session: Session, ticket_ids: Collection[int]) -> dict[int, int]:
    """Return how many people came with each of these tickets, by id: at least one, the first caller
    counted. A ticket that is not there is not in it.

    Those of what is merged into a ticket are its own; who is one of them, `people` says.
    """
    return {id_: people([came]) for id_, came in who_came(session, ticket_ids).items()}


def people_of(session: Session, ticket_ids: Collection[int]) -> int:
    """Return how many people came with these tickets together, counted as in `callers_of`: who
    came with two of them is one.
    """
    return people_of_each(session, [ticket_ids])[0]


def people_of_each(session: Session, groups: Sequence[Collection[int]]) -> list[int]:
    """Return the same of several groups of tickets, in one statement."""
    came = who_came(session, set().union(*groups))
    return [people(came[id_] for id_ in group if id_ in came) for group in groups]


def unknown_of(session: Session, ticket_ids: Collection[int]) -> int:
    """Return how many of those people have no number that anybody knows."""
    return unknown(who_came(session, ticket_ids).values())


def who_came(session: Session, ticket_ids: Collection[int]) -> dict[int, frozenset[Person]]:
    """Return who came with each of these tickets, and with what is merged into it, by id."""
    ids = sorted(set(ticket_ids))
    came: dict[int, set[Person]] = {}
    for root, number, kind, row in session.execute(_everybody(ids)) if ids else ():
        came.setdefault(root, set()).add(person(number, f"{kind} {row}"))
    return {root: frozenset(found) for root, found in came.items()}


def _everybody(ids: Collection[int]) -> sa.CompoundSelect[Any]:
    """Who came with each of these tickets: the ticket, their number or NULL, and by which row."""
    whole = _whole(ids)
    first = sa.select(whole.c.root, Ticket.caller_number, sa.literal("ticket"), Ticket.id).join(
        Ticket, Ticket.id == whole.c.id
    )
    more = (
        sa.select(whole.c.root, TicketCaller.number, sa.literal("caller"), TicketCaller.id)
        .join(TicketCaller, TicketCaller.ticket_id == whole.c.id)
        .where(IS_COUNTED)
    )
    return sa.union_all(first, more)


def _whole(ids: Collection[int]) -> sa.CTE:
    """The tickets and everything that is merged into each, however deep: (root, id)."""
    parts = (
        sa.select(Ticket.id.label("root"), Ticket.id.label("id"))
        .where(Ticket.id.in_(ids))
        .cte("whole", recursive=True)
    )
    return parts.union(
        sa.select(parts.c.root, TicketMerge.ticket_id).join_from(
            parts, TicketMerge, TicketMerge.into_id == parts.c.id
        )
    )


def others_of(session: Session, ticket: TicketFacts) -> list[CallerFacts]:
    """Return who came with a ticket, or with what is merged into it, after the first, as they came.
    Whether a reader may see their numbers and names, `search.may_see_caller` says.
    """
    rows = session.execute(
        sa.select(TicketCaller, Citizen.name)
        .outerjoin(CallCitizen, CallCitizen.call_id == TicketCaller.call_id)
        .outerjoin(Citizen, Citizen.id == CallCitizen.citizen_id)
        .where(TicketCaller.ticket_id.in_(search.tree(ticket.id)), STANDS)
        .order_by(TicketCaller.id)
    )
    return [_facts(row, name or "") for row, name in rows]


def of_call(session: Session, call_id: int) -> CallerFacts | None:
    """Return whom a call has added, or None."""
    row = session.scalar(sa.select(TicketCaller).where(TicketCaller.call_id == call_id, STANDS))
    return None if row is None else _facts(row)


def ticket_of(session: Session, caller: CallerFacts) -> TicketFacts:
    """Return the ticket that somebody came with."""
    return facts.of_ticket(session.get_one(Ticket, caller.ticket_id))


def told_of(session: Session, ticket_id: int) -> list[CallerFacts]:
    """Return who is told by SMS what becomes of a ticket, besides its first caller."""
    mine = TicketCaller.ticket_id == ticket_id
    rows = session.scalars(sa.select(TicketCaller).where(mine, *_TOLD).order_by(TicketCaller.id))
    return [_facts(row) for row in rows]


def told_already(session: Session, ticket_id: int, tree: sa.Select[int]) -> set[str]:
    """Return the numbers of those who came with a ticket: they are told as such, or wanted no news.
    `tree`: the ids of what is merged into it, of which only who wanted none.
    """
    row = TicketCaller
    theirs = sa.or_(row.ticket_id == ticket_id, row.wants_news == sa.false())
    asked = sa.select(row.number).where(IS_COUNTED, row.number.is_not(None), theirs)
    return {number for number in session.scalars(asked.where(row.ticket_id.in_(tree))) if number}


def is_told(session: Session, caller_id: int) -> CallerFacts | None:
    """Return one of those, or None for who is not told, or counts not."""
    row = session.scalar(sa.select(TicketCaller).where(TicketCaller.id == caller_id, *_TOLD))
    return None if row is None else _facts(row)


_TOLD: Final = (
    IS_COUNTED,
    TicketCaller.settled_at.is_not(None),
    TicketCaller.wants_news == sa.true(),
)


def added_by(session: Session, caller: CallerFacts) -> TicketEvent | None:
    """Return the event that says that somebody was added."""
    events = session.scalars(
        sa.select(TicketEvent)
        .where(
            TicketEvent.ticket_id == caller.ticket_id,
            TicketEvent.kind == EventKind.CALLER.value,
        )
        .order_by(TicketEvent.id.desc())
    )
    return next((each for each in events if each.data.get("caller") == caller.id), None)


def _facts(row: TicketCaller, name: str = "") -> CallerFacts:
    return CallerFacts(
        id=row.id,
        ticket_id=row.ticket_id,
        call_id=row.call_id,
        number=row.number,
        again=row.again,
        language=row.language,
        note=row.note,
        wants_news=row.wants_news,
        by=row.by,
        at=row.at,
        settled_at=row.settled_at,
        name=name,
    )


# ------------------------------------------------------------------ on the citizens' page


def who_has(session: Session, ticket_id: int, number: str) -> int:
    """Return who came later with a ticket from this number (E.164), as the id of their row; 0 for
    its first caller, and for anybody else who called about it.
    """
    first = session.scalar(sa.select(Ticket.caller_number).where(Ticket.id == ticket_id))
    if number == first:
        return 0
    later = sa.select(sa.func.max(TicketCaller.id)).where(
        TicketCaller.ticket_id == ticket_id, TicketCaller.number == number, IS_COUNTED
    )
    return session.scalar(later) or 0


def who_proved(session: Session, ticket: TicketFacts, digits: str) -> int:
    """The same of who has proved a ticket with the last digits of their number. Where these are
    those of several, it is one who came later: they are shown no more than all may see.
    """
    given = "".join(str(unicodedata.digit(each)) for each in digits if each.isdigit())
    numbers = session.execute(
        sa.select(TicketCaller.id, TicketCaller.number)
        .where(TicketCaller.ticket_id == ticket.id, IS_COUNTED, TicketCaller.number.is_not(None))
        .order_by(TicketCaller.id)
    )
    return next((id_ for id_, number in numbers if (number or "").endswith(given)), 0)


# ------------------------------------------------------------------ added in a call


def add(
    session: Session, ticket: TicketFacts, call: Call, *, actor: Actor, now: datetime
) -> CallerFacts:
    """Add the caller of a call to a ticket, or to the one that it is worked on in: the call becomes
    one of it. Whoever says so twice adds one; a call that was added elsewhere leaves there.

    A call that has a ticket of its own already (a callback's, a message's) gets to this one with
    its outcome. Raises `NoSuchTicket`, `MatterClosed`.
    """
    root = search.root(session, ticket)
    if not search.may_read(actor, root):
        raise NoSuchCaller
    before = of_call(session, call.id)
    if before is not None and before.ticket_id == root.id:
        return before
    if before is not None:
        take_back(session, call.id, by=actor.username, now=now)
    # the ticket's row is held: of two who add to it at once the second sees the first one's
    seen = locked(session, root)
    if not seen.is_open:
        raise MatterClosed(seen.number_shown)
    row = _row(session, seen, call, by=actor.username, now=now)
    caller_id = insert_ignore(session, TicketCaller, row)
    if caller_id is None:  # the same click, in another process
        found = of_call(session, call.id)
        if found is None:
            raise NoSuchCaller
        return found
    claim = {"call_id": call.id, "ticket_id": seen.id, "caller_number": row["number"], "at": now}
    insert_ignore(session, TicketCall, claim)
    said = {"call_id": call.id, "caller": caller_id, "again": row["again"]}
    _tell(session, seen.id, EventKind.CALLER, actor.username, now, said)
    added = of_call(session, call.id)
    assert added is not None
    return added


def _row(
    session: Session, ticket: TicketFacts, call: Call, *, by: str, now: datetime
) -> dict[str, Any]:
    number = None if ticket.contact is Contact.NOBODY else call.number
    known = search.callers_of(session, ticket.id)
    return {
        "ticket_id": ticket.id,
        "call_id": call.id,
        "number": number,
        "again": number is not None and number in known,
        "language": call.language,
        "note": facts.clean(call.note)[:LONGEST_NOTE],
        "wants_news": call.wants_news,
        "by": by,
        "at": now,
    }


def _tell(
    session: Session, ticket_id: int, kind: EventKind, by: str, now: datetime, said: dict[str, Any]
) -> None:
    count = callers_of(session, [ticket_id])[ticket_id]
    tell(session, ticket_id, kind, by, now, said | {"callers": count})
    announce(session, "ticket.called", ticket_id=ticket_id)


def take_back(session: Session, call_id: int, *, by: str, now: datetime) -> None:
    """Take back, while the conversation is not written up, that its caller was added. The call has
    no ticket then, and its outcome gives it one. Raises `NotAdded`.
    """
    row = _removed(
        session,
        (TicketCaller.call_id == call_id, TicketCaller.settled_at.is_(None)),
        by=by,
        now=now,
    )
    if row is None:
        raise NotAdded
    _release(session, row)
    said = {"call_id": call_id, "caller": row.id, "text": ""}
    _tell(session, row.ticket_id, EventKind.CALLER_GONE, by, now, said)


def _removed(
    session: Session, which: tuple[sa.ColumnElement[bool], ...], *, by: str, now: datetime
) -> TicketCaller | None:
    """Take one away; of two who do one wins. Who called again from that number counts instead."""
    row = session.scalars(
        sa.update(TicketCaller)
        .where(*which, STANDS)
        .values(removed_by=by, removed_at=now)
        .returning(TicketCaller)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).one_or_none()
    if row is None or row.again or row.number is None:
        return row
    next_one = sa.select(sa.func.min(TicketCaller.id)).where(
        TicketCaller.ticket_id == row.ticket_id, TicketCaller.number == row.number, STANDS
    )
    session.execute(
        sa.update(TicketCaller)
        .where(TicketCaller.id == next_one.scalar_subquery())
        .values(again=False)
        .execution_options(synchronize_session=False)
    )
    return row


def _release(session: Session, row: TicketCaller) -> None:
    """The call is none of that ticket any more."""
    mine = (TicketCall.call_id == row.call_id, TicketCall.ticket_id == row.ticket_id)
    session.execute(sa.delete(TicketCall).where(*mine).execution_options(synchronize_session=False))


def settle(
    session: Session, call_id: int, ticket: TicketFacts, *, note: str, by: str, now: datetime
) -> None:
    """A conversation is written up, and its call is one of `ticket`. What its caller said stands;
    from now on they are told of it. One whose outcome is about another ticket was no caller of the
    first.
    """
    row = session.scalar(
        sa.select(TicketCaller).where(
            TicketCaller.call_id == call_id, STANDS, TicketCaller.settled_at.is_(None)
        )
    )
    if row is None:
        return
    if row.ticket_id != ticket.id:
        gone = _removed(session, (TicketCaller.id == row.id,), by=by, now=now)
        if gone is not None:
            said = {"call_id": call_id, "caller": row.id, "instead": ticket.number, "text": ""}
            _tell(session, row.ticket_id, EventKind.CALLER_GONE, by, now, said)
        return
    won = session.execute(
        sa.update(TicketCaller)
        .where(TicketCaller.id == row.id, STANDS, TicketCaller.settled_at.is_(None))
        .values(settled_at=now, note=facts.clean(note)[:LONGEST_NOTE] or TicketCaller.note)
        .returning(TicketCaller.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if won is not None:
        session.expire_all()
        # in this unit of work: what they are told is written with it
        for listener in database_of(session).listeners.get(SETTLED, ()):
            listener(session, caller=row.id)


# ------------------------------------------------------------------ another matter after all


def may_part(actor: Actor, ticket: TicketFacts) -> bool:
    """Say whether the actor may say that a caller came with another matter."""
    return may_route(actor, ticket)


def part(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    caller_id: int,
    *,
    text: str = "",
    actor: Actor,
    now: datetime,
) -> TicketFacts:
    """Say that a caller came with another matter: their call gets a ticket of its own with what
    they said, which somebody completes. Returns that one.

    Raises `NotYours`, `RoleMayNot`, `NoSuchCaller`.
    """
    if not may_part(actor, ticket):
        raise RoleMayNot if actor.role is not Role.DIVISION else NotYours
    seen = locked(session, ticket)
    row = _removed(
        session,
        (TicketCaller.id == caller_id, TicketCaller.ticket_id == seen.id),
        by=actor.username,
        now=now,
    )
    if row is None:
        raise NoSuchCaller
    _release(session, row)
    made = service.record_call(
        session,
        config,
        call_id=row.call_id,
        outcome=None,
        note=row.note,
        caller=row.number,
        language=row.language,
        by=actor.username,
        now=now,
        incomplete=True,
    )
    said = {
        "call_id": row.call_id,
        "caller": row.id,
        "instead": made.number,
        "text": facts.clean(text),
    }
    _tell(session, seen.id, EventKind.CALLER_GONE, actor.username, now, said)
    return made
