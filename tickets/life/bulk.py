"""One move with many tickets: looked at first, made by the verbs of single tickets, taken back.

There is no rule here of what may be done. Each ticket is moved by the same verb as on its own page,
within a savepoint; what the verb refuses is left out, with the verb's words. Looking first is doing
it all and rolling back (`bulk_web.py` raises at the edge): what is shown is what happens.

What was done is taken back for who did it, for a while, where nobody has done anything since: the
columns that it changed are put back, and the events that it wrote no longer count for the clocks
(`planning.standing`); they stay in the story, with the one that says that they were taken back.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.announce import announce
from hotline.db import insert_ignore
from hotline.errors import HotlineError, Invalid
from tickets import facts, handling, search, service
from tickets.config import Tickets
from tickets.errors import (
    NoSuchBulk,
    NoSuchTicket,
    NothingChosen,
    TicketMoved,
    TooLate,
    TooMany,
)
from tickets.facts import SYSTEM, Actor, EventFacts, TicketFacts
from tickets.life import links, merging
from tickets.life.rules import Bond
from tickets.models import BulkMove, BulkPart, EventKind, Ticket, TicketEvent, TicketLink
from tickets.search import SEES_ALL
from tickets.workflow import Priority, Result, Role, State
from tickets.writing import all_locked, change, part_of, tell, written

#: So many tickets one move takes: a page of the list. All of them are held meanwhile, and on SQLite
#: so is every other writer: that must stay well below a second.
MOST: Final = search.PAGE
#: So long it can be taken back.
UNDO_FOR: Final = timedelta(minutes=30)
#: Who takes back what somebody else did.
UNDOES_ALL: Final = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
LISTED: Final = 50


class What(StrEnum):
    """The moves that can be made with many tickets."""

    ASSIGN = "assign"
    ROUTE = "route"
    STATE = "state"
    NOTE = "note"
    LINK = "link"
    MERGE = "merge"


@dataclass(frozen=True)
class Asked:
    """A move and what it is asked for: the fields of the single form, as text.

    assign: owner, text. route: category (empty: as it is), division (empty: as the new category has
    it, else as it is), priority (empty: as it is), text. state: to, result, text. note: text.
    link: bond, ticket, text. merge: ticket, text.
    """

    what: What
    fields: Mapping[str, str]

    def get(self, name: str) -> str:
        """Return a field, trimmed; empty when it was not given."""
        return facts.clean(self.fields.get(name))


@dataclass(frozen=True)
class Part:
    """What is done with one ticket. `refused`: the key and values of the words for why nothing is;
    `events`: what is written into its story. `undone`: None when that was not asked, empty when it
    was taken back, else the key of the words for why not.
    """

    ticket: TicketFacts
    refused: str = ""
    values: Mapping[str, Any] | None = None
    events: Sequence[EventFacts] = ()
    undone: str | None = None

    @property
    def is_done(self) -> bool:
        """Something is, or was, done."""
        return not self.refused


@dataclass(frozen=True)
class Bulk:
    """A bulk move that was made; moments are UTC."""

    id: int
    at: datetime
    by: str
    asked: Asked
    undone_at: datetime | None
    undone_by: str | None
    done: int
    left_out: int

    def may_be_undone(self, actor: Actor, now: datetime) -> bool:
        """Say whether the actor can still take it back."""
        theirs = self.by == actor.username or actor.role in UNDOES_ALL
        return theirs and self.undone_at is None and self.done > 0 and now <= self.at + UNDO_FOR


# ------------------------------------------------------------------ making it


def apply(
    session: Session,
    config: Tickets,
    asked: Asked,
    chosen: Sequence[tuple[str, int]],
    *,
    key: str,
    actor: Actor,
    now: datetime,
) -> tuple[int, list[Part]]:
    """Make a move with the tickets `chosen`, (number, version that was seen), in one unit of work;
    return its id and what became of each, in the order of their numbers.

    A form that was sent twice (`key`) is made once. Raises `NothingChosen`, `TooMany`, and what the
    move itself lacks (`NoSuchTicket`, `BadNumber` of the ticket to link to).
    """
    if not chosen:
        raise NothingChosen
    if len(chosen) > MOST:
        raise TooMany(most=MOST)
    row = {
        "key": key,
        "at": now,
        "by": actor.username,
        "kind": asked.what.value,
        "data": dict(asked.fields),
    }
    bulk_id = insert_ignore(session, BulkMove, row)
    if bulk_id is None:
        known = session.execute(sa.select(BulkMove.id).where(BulkMove.key == key)).scalar_one()
        return known, []
    other = _other(session, asked, actor)
    seen = _held(session, asked.what, chosen, other)
    versions = dict(chosen)
    parts = []
    with part_of(session, bulk_id):
        for ticket in sorted(seen, key=lambda each: each.id):
            verb = _VERBS[asked.what]
            one = _One(session, config, asked, other, actor, now)
            parts.append(_make(one, verb, ticket, versions[ticket.number], bulk_id))
    return bulk_id, parts


def _other(session: Session, asked: Asked, actor: Actor) -> TicketFacts | None:
    """The ticket that all the others are linked to, or merged into."""
    if asked.what not in (What.LINK, What.MERGE):
        return None
    return search.by_number_for(session, asked.get("ticket"), actor)


def _held(
    session: Session, what: What, chosen: Sequence[tuple[str, int]], other: TicketFacts | None
) -> list[TicketFacts]:
    """Hold all rows at once, in the order in which everybody does."""
    if what is What.LINK:
        links.one_at_a_time(session)
    numbers = [number for number, _ in chosen]
    ids = session.scalars(sa.select(Ticket.id).where(Ticket.number.in_(numbers))).all()
    held = all_locked(session, [*ids, *([other.id] if other else [])])
    return [held[each] for each in ids]


@dataclass(frozen=True)
class _One:
    """What a verb is made with."""

    session: Session
    config: Tickets
    asked: Asked
    other: TicketFacts | None
    actor: Actor
    now: datetime


_Verb = Callable[[_One, TicketFacts], None]


def _make(one: _One, verb: _Verb, ticket: TicketFacts, version: int, bulk_id: int) -> Part:
    session = one.session
    before, after_commit = _last_event(session, ticket.id), len(session.info["after_commit"])
    savepoint = session.begin_nested()
    try:
        _check(one.actor, ticket, version)
        verb(one, ticket)
    except HotlineError as error:
        savepoint.rollback()
        del session.info["after_commit"][after_commit:]  # it did not happen
        said = {"values": {key: str(value) for key, value in error.values.items()}}
        row = BulkPart(bulk_id=bulk_id, ticket_id=ticket.id, refused=error.text_key, data=said)
        session.add(row)
        session.flush()
        return Part(ticket, error.text_key, said["values"])
    savepoint.commit()
    now_it_is = all_locked(session, (ticket.id,))[ticket.id]
    events = [(id_, event) for id_, event in _events(session, ticket.id) if id_ > before]
    session.add(
        BulkPart(
            bulk_id=bulk_id,
            ticket_id=ticket.id,
            refused="",
            data={"was": _columns(ticket), "now": _columns(now_it_is)},
            version=now_it_is.version,
            event_id=events[-1][0],
        )
    )
    session.flush()
    return Part(now_it_is, events=[event for _, event in events])


def _check(actor: Actor, ticket: TicketFacts, version: int) -> None:
    if not search.may_read(actor, ticket):
        raise NoSuchTicket(number=ticket.number_shown)
    if ticket.version != version:
        raise TicketMoved(number=ticket.number_shown)


def _assign(one: _One, ticket: TicketFacts) -> None:
    handling.assign(
        one.session,
        one.config,
        ticket,
        to=one.asked.get("owner") or None,
        text=one.asked.get("text"),
        actor=one.actor,
        now=one.now,
    )


def _route(one: _One, ticket: TicketFacts) -> None:
    category, division = one.asked.get("category"), one.asked.get("division")
    priority = one.asked.get("priority")
    handling.route(
        one.session,
        one.config,
        ticket,
        category=category or ticket.category,
        priority=Priority(priority) if priority in list(Priority) else ticket.priority,
        division=division or (None if category else ticket.division),
        text=one.asked.get("text"),
        actor=one.actor,
        now=one.now,
    )


def _state(one: _One, ticket: TicketFacts) -> None:
    to, result = one.asked.get("to"), one.asked.get("result")
    if to not in list(State):
        raise Invalid(text="tickets.error.no_such_move")
    service.move(
        one.session,
        one.config,
        ticket,
        State(to),
        actor=one.actor,
        result=Result(result) if result in list(Result) else None,
        text=one.asked.get("text"),
        now=one.now,
    )


def _note(one: _One, ticket: TicketFacts) -> None:
    service.note(
        one.session,
        one.config,
        ticket,
        text=one.asked.get("text"),
        actor=one.actor,
        now=one.now,
    )


def _link(one: _One, ticket: TicketFacts) -> None:
    bond = one.asked.get("bond")
    assert one.other is not None
    if bond not in list(Bond):
        raise NothingChosen
    links.link(
        one.session,
        ticket,
        Bond(bond),
        one.other,
        text=one.asked.get("text"),
        actor=one.actor,
        now=one.now,
    )


def _merge(one: _One, ticket: TicketFacts) -> None:
    assert one.other is not None
    merging.merge(
        one.session,
        ticket,
        one.other,
        text=one.asked.get("text"),
        actor=one.actor,
        now=one.now,
    )


_VERBS: Final[Mapping[What, _Verb]] = {
    What.ASSIGN: _assign,
    What.ROUTE: _route,
    What.STATE: _state,
    What.NOTE: _note,
    What.LINK: _link,
    What.MERGE: _merge,
}

#: What a move can change of a row, and so what is put back.
_COLUMNS: Final = (
    "state",
    "result",
    "category",
    "division",
    "owner",
    "priority",
    "private",
    "incomplete",
    "waiting_for",
    "escalation",
)
_MOMENTS: Final = (
    "closed_at",
    "waiting_until",
    "due_at",
    "overdue_at",
    "acknowledge_due_at",
    "acknowledged_at",
    "acknowledge_missed_at",
    "update_due_at",
    "update_missed_at",
    "escalate_at",
)
#: Of these the story tells when they are put back.
_TOLD: Final = ("state", "result", "category", "division", "owner", "priority")


def _columns(ticket: TicketFacts) -> dict[str, Any]:
    """A row as JSON."""
    plain = {key: getattr(ticket, key) for key in _COLUMNS}
    return plain | {key: written(getattr(ticket, key)) for key in _MOMENTS}


def _last_event(session: Session, ticket_id: int) -> int:
    newest = sa.select(sa.func.max(TicketEvent.id)).where(TicketEvent.ticket_id == ticket_id)
    return session.execute(newest).scalar_one() or 0


def _events(session: Session, ticket_id: int) -> list[tuple[int, EventFacts]]:
    rows = session.scalars(
        sa.select(TicketEvent).where(TicketEvent.ticket_id == ticket_id).order_by(TicketEvent.id)
    )
    return [(row.id, facts.of_event(row)) for row in rows]


# ------------------------------------------------------------------ taking it back


def undo(
    session: Session, config: Tickets, bulk_id: int, *, actor: Actor, now: datetime
) -> list[Part]:
    """Take a bulk move back where nobody has done anything since; say of each ticket whether it
    was. It is tried once. Raises `NoSuchBulk`, `TooLate`.
    """
    known = find(session, bulk_id, actor)
    if not known.may_be_undone(actor, now):
        raise TooLate
    won = session.execute(
        sa.update(BulkMove)
        .where(BulkMove.id == bulk_id, BulkMove.undone_at.is_(None))
        .values(undone_at=now, undone_by=actor.username)
        .returning(BulkMove.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if won is None:
        raise TooLate
    rows = session.scalars(
        sa.select(BulkPart)
        .where(BulkPart.bulk_id == bulk_id, BulkPart.refused == "")
        .order_by(BulkPart.ticket_id)
        .execution_options(populate_existing=True)
    ).all()
    if known.asked.what is What.LINK:
        links.one_at_a_time(session)
    held = _held_with_others(session, known, [row.ticket_id for row in rows])
    with part_of(session, bulk_id):
        return [
            _undo_one(session, config, known, row, held[row.ticket_id], actor, now)
            for row in reversed(rows)
        ]


def _held_with_others(session: Session, known: Bulk, ids: list[int]) -> dict[int, TicketFacts]:
    others: list[int] = []
    if known.asked.what in (What.LINK, What.MERGE):
        others = [search.by_number(session, known.asked.get("ticket")).id]
    return all_locked(session, [*ids, *others])


def _undo_one(
    session: Session,
    config: Tickets,
    known: Bulk,
    row: BulkPart,
    ticket: TicketFacts,
    actor: Actor,
    now: datetime,
) -> Part:
    after_commit = len(session.info["after_commit"])
    savepoint = session.begin_nested()
    try:
        _unchanged(session, row, ticket)
        match known.asked.what:
            case What.LINK:
                _unlink(session, known, ticket, actor, now)
            case What.MERGE:
                merging.take_apart(session, config, ticket, text="", actor=actor, now=now)
            case _:
                _put_back(session, known, row, ticket, actor, now)
    except HotlineError as error:
        savepoint.rollback()
        del session.info["after_commit"][after_commit:]
        undone = error.text_key
    else:
        savepoint.commit()
        undone = ""
    session.execute(
        sa.update(BulkPart)
        .where(BulkPart.bulk_id == row.bulk_id, BulkPart.ticket_id == row.ticket_id)
        .values(undone=undone)
        .execution_options(synchronize_session=False)
    )
    return Part(ticket, undone=undone)


def _unchanged(session: Session, row: BulkPart, ticket: TicketFacts) -> None:
    """Raise `TicketMoved` when somebody has done anything since: not only what counts as a version,
    for a word that was written since was written of how it stands now.
    """
    since = sa.select(TicketEvent.id).where(
        TicketEvent.ticket_id == ticket.id,
        TicketEvent.id > (row.event_id or 0),
        TicketEvent.who != SYSTEM,
    )
    if ticket.version != row.version or session.scalar(since.limit(1)) is not None:
        raise TicketMoved(number=ticket.number_shown)


def _unlink(
    session: Session, known: Bulk, ticket: TicketFacts, actor: Actor, now: datetime
) -> None:
    other = search.by_number(session, known.asked.get("ticket"))
    which = sa.and_(
        TicketLink.from_id == ticket.id,
        TicketLink.to_id == other.id,
        TicketLink.kind == known.asked.get("bond"),
    )
    links.take_away(session, ticket, which, text="", actor=actor, now=now)


def _put_back(
    session: Session, known: Bulk, row: BulkPart, ticket: TicketFacts, actor: Actor, now: datetime
) -> None:
    was, after, stands = row.data["was"], row.data["now"], _columns(ticket)
    # what the hotline itself has noted since (a clock that ran out) stays noted
    back = {key: was[key] for key in was if was[key] != after[key] and stands[key] == after[key]}
    values = {key: _read(value) if key in _MOMENTS else value for key, value in back.items()}
    change(session, ticket, {"version": ticket.version}, values)
    told = [key for key in _TOLD if key in back]
    said = {
        "kind": known.asked.what.value,
        "was": {key: stands[key] for key in told},
        "now": {key: back[key] for key in told},
    }
    tell(session, ticket.id, EventKind.UNDONE, actor.username, now, said)
    announce(session, "ticket.moved", ticket_id=ticket.id)


def _read(moment: str | None) -> datetime | None:
    return None if moment is None else datetime.fromisoformat(moment)


# ------------------------------------------------------------------ looking


def find(session: Session, bulk_id: int, actor: Actor) -> Bulk:
    """Return a bulk move to who made it and who answers for the whole; raises `NoSuchBulk`."""
    found = list(_bulks(session, actor, BulkMove.id == bulk_id))
    if not found:
        raise NoSuchBulk
    return found[0]


def listing(session: Session, actor: Actor) -> list[Bulk]:
    """Return the latest bulk moves, newest first: one's own, or all to who answers for them."""
    return list(_bulks(session, actor, sa.true()))


def _bulks(session: Session, actor: Actor, which: sa.ColumnElement[bool]) -> Iterator[Bulk]:
    theirs = sa.true() if actor.role in SEES_ALL else BulkMove.by == actor.username
    done = sa.func.count(BulkPart.ticket_id).filter(BulkPart.refused == "")
    left_out = sa.func.count(BulkPart.ticket_id).filter(BulkPart.refused != "")
    # the few first, and then their parts: not the parts of all that there ever were
    latest = sa.select(BulkMove.id).where(which, theirs).order_by(BulkMove.id.desc()).limit(LISTED)
    rows = session.execute(
        sa.select(BulkMove, done, left_out)
        .outerjoin(BulkPart, BulkPart.bulk_id == BulkMove.id)
        .where(BulkMove.id.in_(session.scalars(latest).all()))
        .group_by(BulkMove.id)
        .order_by(BulkMove.id.desc())
    )
    for row, was_done, was_left_out in rows:
        yield Bulk(
            id=row.id,
            at=row.at,
            by=row.by,
            asked=Asked(What(row.kind), row.data),
            undone_at=row.undone_at,
            undone_by=row.undone_by,
            done=was_done,
            left_out=was_left_out,
        )


def parts(session: Session, bulk: Bulk, actor: Actor) -> list[Part]:
    """Return what became of each ticket that the actor may read, as the tickets stand now."""
    rows = session.execute(
        sa.select(BulkPart, Ticket)
        .join(Ticket, Ticket.id == BulkPart.ticket_id)
        .where(BulkPart.bulk_id == bulk.id, search.readable(actor))
        .order_by(BulkPart.ticket_id)
    ).all()
    return [
        Part(
            ticket=facts.of_ticket(ticket),
            refused=part.refused,
            values=part.data.get("values"),
            events=_of_bulk(session, ticket.id, bulk.id),
            undone=part.undone,
        )
        for part, ticket in rows
    ]


def _of_bulk(session: Session, ticket_id: int, bulk_id: int) -> list[EventFacts]:
    return [
        event for event in search.story(session, ticket_id) if event.data.get("bulk") == bulk_id
    ]


def chosen(session: Session, numbers: Iterable[str], actor: Actor) -> list[TicketFacts]:
    """Return the tickets with these numbers that the actor may read, at most one more than a move
    takes.
    """
    rows = session.scalars(
        sa.select(Ticket)
        .where(Ticket.number.in_(list(numbers)[: MOST + 1]), search.readable(actor))
        .order_by(Ticket.id)
    )
    return [facts.of_ticket(row) for row in rows]
