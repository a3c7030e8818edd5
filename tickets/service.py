"""The verbs of tickets, and the only door for other rooms.

Each verb takes the session of the caller's unit of work first, flushes and never commits. Every
change writes its event row in the same transaction. `config` is the `tickets:` section of
config.yaml (`floor.section(Tickets)`); `by` is a username or `SYSTEM`; `now` is aware.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.announce import announce
from hotline.config import LocalText
from hotline.db import insert_ignore
from hotline.floor import Floor
from hotline.models import Account
from tickets import attendance, facts, numbers, planning, workflow
from tickets.categories.service import note_choice
from tickets.citizens import CitizenView, as_citizens_see
from tickets.config import Asked, Category, Makes, Outcome, Tickets
from tickets.deadlines import History
from tickets.errors import (
    BadMove,
    CategoryNeeded,
    IsMerged,
    NoSuchTicket,
    NoteEmpty,
    NotYours,
    RoleMayNot,
    TicketMoved,
    UnknownCategory,
    UnknownOutcome,
)
from tickets.facts import CALL, CALLBACK, MESSAGE, SMS, SYSTEM, Actor, EventFacts, TicketFacts
from tickets.files import rules as file_rules
from tickets.files import service as files
from tickets.handling import (
    assign,
    colleagues,
    may_assign,
    may_route,
    may_wait,
    protect,
    resume,
    route,
    wait,
)
from tickets.models import EventKind, Ticket, TicketCall
from tickets.protection import Contact
from tickets.search import (
    Filters,
    Owed,
    Page,
    Show,
    by_number,
    by_number_for,
    callers_of,
    calls_of,
    every,
    may_read,
    may_see_caller,
    near_caller,
    overdue,
    owed,
    root,
    search,
    story,
    text_for,
    ticket_of_call,
    tickets_of_calls,
)
from tickets.sweeps import note_overdue
from tickets.workflow import Kind, Priority, Refusal, Result, Role, State
from tickets.writing import change, keep_time, locked, tell, written

__all__ = [
    "CALL",
    "CALLBACK",
    "MESSAGE",
    "SYSTEM",
    "Actor",
    "CitizenView",
    "EventFacts",
    "Filters",
    "Owed",
    "Page",
    "Role",
    "Show",
    "TicketFacts",
    "TicketMoved",
    "acting",
    "as_citizens_see",
    "assign",
    "by_number",
    "by_number_for",
    "called_out",
    "callers_of",
    "calls_of",
    "categories",
    "colleagues",
    "complete",
    "division_titles",
    "every",
    "follow_up",
    "lacks_after_photo",
    "link_call",
    "may_assign",
    "may_complete",
    "may_note",
    "may_read",
    "may_route",
    "may_see_caller",
    "may_wait",
    "move",
    "moves_for",
    "names_of",
    "near_caller",
    "note",
    "note_overdue",
    "number_shown",
    "outcomes",
    "overdue",
    "owed",
    "rate_call",
    "record_call",
    "resume",
    "root",
    "route",
    "search",
    "story",
    "text_for",
    "ticket_of_call",
    "tickets_of_calls",
    "unattended",
    "wait",
]

COMPLETERS = frozenset({Role.AGENT, Role.SUPERVISOR, Role.ADMINISTRATOR})


def outcomes(floor: Floor) -> tuple[Outcome, ...]:
    """Return the outcomes that a call may end with, in the order of config.yaml."""
    return floor.section(Tickets).outcomes


def categories(floor: Floor) -> Mapping[str, Category]:
    """Return what a matter can be about, by id, in the order of config.yaml."""
    return floor.section(Tickets).categories


def division_titles(floor: Floor, id_: str) -> Mapping[str, str]:
    """Return a division's title by language; one that has left config.yaml shows its id."""
    known = floor.section(Tickets).divisions.get(id_)
    return known.title.root if known else {"en": id_}


def division_telephones(floor: Floor) -> list[tuple[str, LocalText, str]]:
    """Return (id, title, telephone) of the divisions that can be called, in config's order."""
    return [
        (id_, division.title, division.telephone)
        for id_, division in floor.section(Tickets).divisions.items()
        if division.telephone is not None
    ]


def number_shown(number: str) -> str:
    """Return a ticket's number as people read it everywhere: 100-0019."""
    return numbers.display(number)


def names_of(session: Session, usernames: Iterable[str]) -> dict[str, str]:
    """Return the names of accounts by username; one that is gone is not in it."""
    asked = sa.select(Account.username, Account.name).where(Account.username.in_(set(usernames)))
    return {row.username: row.name for row in session.execute(asked)}


def acting(session: Session, config: Tickets, username: str, role: str, now: datetime) -> Actor:
    """Return who acts, also for those whom they stand in for today."""
    there = attendance.on(session, config, now)
    return Actor(username, Role(role), there.divisions_of(username))


# ------------------------------------------------------------------ a call becomes a ticket


@dataclass(frozen=True)
class _Matter:
    """What is to be written down, once all of it has been found to be right."""

    outcome: Outcome
    kind: Kind
    category: str | None
    incomplete: bool

    @property
    def is_closed(self) -> bool:
        """Nothing is left to be done."""
        return self.outcome.makes is Makes.CLOSED_INQUIRY and not self.incomplete


def record_call(
    session: Session,
    config: Tickets,
    *,
    call_id: int,
    outcome: str | None,
    note: str = "",
    category: str | None = None,
    caller: str | None = None,
    language: str = "th",
    by: str = SYSTEM,
    now: datetime,
    incomplete: bool = False,
    ticket_number: str | None = None,
    source: str = CALL,
    area: str | None = None,
) -> TicketFacts:
    """Give an answered call, a message that a caller left, or a callback that reached nobody its
    one ticket: made, or linked, as its outcome says. `source`: one of `tickets.facts.SOURCES`;
    `area`: where it is (`tickets.places.service.placed_in_call` writes down the place itself).

    Whoever asks again for the same call, with whatever arguments, gets the first one's ticket and
    changes nothing. With `incomplete` (the agent's word is missing) it never refuses: what is
    missing or unknown falls back to the default outcome, and the ticket stays open at its division
    until somebody completes it.

    Raises `UnknownOutcome`, `UnknownCategory`, `CategoryNeeded`, and for an outcome that links
    `BadNumber` or `NoSuchTicket`.
    """
    before = ticket_of_call(session, call_id)
    if before is not None:
        return before
    chosen = _outcome(config, outcome, incomplete=incomplete)
    if chosen.makes is Makes.LINK:
        target = by_number(session, ticket_number or "")
        return link_call(
            session,
            call_id=call_id,
            ticket=target,
            caller=caller,
            text=note,
            outcome=chosen.id,
            by=by,
            now=now,
        )
    matter = _matter(config, chosen, category, incomplete=incomplete)
    # The call's row is the lock: who loses it to another process takes back the ticket just made.
    savepoint = session.begin_nested()
    values = _values_of(config, matter, now, area)
    if values["contact"] == Contact.NOBODY:
        caller = None  # an anonymous matter keeps nobody's number
    plan = _first_plan(config, matter, now)
    ticket = Ticket(
        **values,
        **plan.columns,
        text=facts.clean(note),
        language=language,
        caller_number=caller,
        source=source,
        made_by=by,
        received_at=now,
        area=area,
    )
    session.add(ticket)
    session.flush()
    if not _claim(session, call_id, ticket.id, caller, now):
        savepoint.rollback()
        return _known(ticket_of_call(session, call_id))
    savepoint.commit()
    ticket.number = numbers.make(ticket.id)
    said = _as_made(ticket, chosen.id, call_id) | plan.said
    tell(session, ticket.id, EventKind.MADE, by, now, said)
    announce(session, "ticket.made", ticket_id=ticket.id)
    made = facts.of_ticket(ticket)
    note_choice(session, config, made, EventKind.MADE, by=by, now=now)
    return made


def take_down_sms(
    session: Session, config: Tickets, *, number: str, text: str, language: str, now: datetime
) -> TicketFacts:
    """Make a ticket of an SMS from `number` (E.164) that is about none: incomplete, at the central
    desk, until somebody has said what it is.
    """
    matter = _Matter(config.default_outcome, Kind.INQUIRY, None, incomplete=True)
    plan = _first_plan(config, matter, now)
    ticket = Ticket(
        **_values_of(config, matter, now, None),
        **plan.columns,
        text=facts.clean(text),
        language=language,
        caller_number=number,
        source=SMS,
        made_by=SYSTEM,
        received_at=now,
    )
    session.add(ticket)
    session.flush()
    ticket.number = numbers.make(ticket.id)
    said = _as_made(ticket, matter.outcome.id, None) | plan.said
    tell(session, ticket.id, EventKind.MADE, SYSTEM, now, said)
    announce(session, "ticket.made", ticket_id=ticket.id)
    return facts.of_ticket(ticket)


def link_call(
    session: Session,
    *,
    call_id: int,
    ticket: TicketFacts,
    caller: str | None,
    text: str = "",
    outcome: str | None = None,
    by: str = SYSTEM,
    now: datetime,
) -> TicketFacts:
    """Make an existing ticket the one of this call; if the call has one already, that one stays."""
    if ticket.contact is Contact.NOBODY:
        caller = None
    if not _claim(session, call_id, ticket.id, caller, now):
        return _known(ticket_of_call(session, call_id))
    said = {"call_id": call_id, "outcome": outcome, "text": facts.clean(text)}
    tell(session, ticket.id, EventKind.CALL, by, now, said)
    announce(session, "ticket.called", ticket_id=ticket.id)
    return ticket


def follow_up(
    session: Session, ticket: TicketFacts, *, call_id: int, caller: str, now: datetime
) -> None:
    """Make a ticket the one of a call that an agent is about to make to its `caller` (E.164)."""
    _claim(session, call_id, ticket.id, caller, now)


def called_out(session: Session, call_id: int, *, result: str, by: str, now: datetime) -> None:
    """Write into the story of the ticket that was followed up whether its caller was reached: as
    `result` of `EventKind.CALLED_OUT`. What was said stands there with the outcome.
    """
    ticket = ticket_of_call(session, call_id)
    if ticket is not None:
        said = {"call_id": call_id, "result": result}
        tell(session, ticket.id, EventKind.CALLED_OUT, by, now, said)


def talked_again(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    *,
    call_id: int,
    outcome: str,
    note: str,
    category: str | None,
    ticket_number: str | None,
    caller: str | None,
    by: str,
    now: datetime,
) -> TicketFacts:
    """Write the outcome of another conversation in a call that has a ticket, and return the call's.

    What is new to a ticket that is open stands in its story. A matter that is to be worked on, or
    that is that of another ticket, does not stay with a closed one: the call moves to a ticket of
    its own, and the closed one keeps its story. Raises as `record_call`.
    """
    chosen = _outcome(config, outcome, incomplete=False)
    worked_on = root(session, ticket).is_open
    moves = chosen.makes is Makes.LINK or (chosen.makes is Makes.OPEN_TICKET and not worked_on)
    if not moves:
        said = {"call_id": call_id, "outcome": chosen.id, "text": facts.clean(note)}
        tell(session, ticket.id, EventKind.CALL, by, now, said)
        return ticket
    mine = (TicketCall.call_id == call_id, TicketCall.ticket_id == ticket.id)
    session.execute(sa.delete(TicketCall).where(*mine))
    return record_call(
        session,
        config,
        call_id=call_id,
        outcome=outcome,
        note=note,
        category=category,
        ticket_number=ticket_number,
        caller=caller,
        language=ticket.language,
        by=by,
        now=now,
    )


def note_of_call(session: Session, call_id: int, *, text: str, by: str, now: datetime) -> bool:
    """Add what was typed in a call to the story of its ticket; False when there is nothing."""
    ticket, text = ticket_of_call(session, call_id), facts.clean(text)
    if ticket is None or not text:
        return False
    tell(session, ticket.id, EventKind.NOTE, by, now, {"text": text})
    return True


def rate_call(session: Session, call_id: int, mark: int, *, now: datetime) -> bool:
    """Write the caller's mark for a conversation into its ticket's story; False when it has none
    yet: then who makes the ticket says it again.
    """
    ticket = ticket_of_call(session, call_id)
    if ticket is None:
        return False
    tell(session, ticket.id, EventKind.RATED, SYSTEM, now, {"call_id": call_id, "mark": mark})
    return True


def may_complete(actor: Actor, ticket: TicketFacts) -> bool:
    """Say whether this ticket waits to be completed and the actor is one who could."""
    return ticket.incomplete and ticket.is_open and actor.role in COMPLETERS


def complete(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    *,
    outcome: str,
    category: str | None = None,
    text: str = "",
    ticket_number: str | None = None,
    actor: Actor,
    now: datetime,
) -> TicketFacts:
    """Say, after the call, what an incomplete ticket was about; return the call's ticket.

    The deadline counts from the call, not from now. With an outcome that links, the call moves to
    the ticket that it was about and the incomplete one is withdrawn. Raises as `record_call`;
    `RoleMayNot`; `TicketMoved` when it is not, or no longer, incomplete.
    """
    if actor.role not in COMPLETERS:
        raise RoleMayNot
    text = facts.clean(text)
    chosen = _outcome(config, outcome, incomplete=False)
    if chosen.makes is Makes.LINK:
        target = by_number(session, ticket_number or "")
        return _replace(session, ticket, target, chosen.id, text, actor, now)
    matter = _matter(config, chosen, category, incomplete=False)
    seen = locked(session, ticket)
    values = _values_of(config, matter, now, seen.area)
    values["text"] = "\n".join(part for part in (ticket.text, text) if part)
    if values["state"] == State.RECEIVED:
        values["state"] = ticket.state.value  # who has begun does not begin again
    routed = values["division"] != seen.division
    told: dict[str, Any] = {"text": text} | ({"routed": True} if routed else {})
    if matter.is_closed:
        values |= {"due_at": None, "overdue_at": None} | planning.stopped(seen, now)
    else:
        becomes = replace(
            seen,
            kind=matter.kind,
            category=matter.category,
            priority=Priority(values["priority"]),
        )
        event = EventFacts(now, actor.username, EventKind.COMPLETED, told)
        found = planning.after(_history(session, seen), event)
        plan = planning.again(config, becomes, found, other_hours=True)
        values |= plan.columns
        told |= plan.said
    expected = {"incomplete": True, "state": ticket.state.value}
    changed = change(session, ticket, expected, values)
    said = _as_made(changed, chosen.id, None) | told
    tell(session, ticket.id, EventKind.COMPLETED, actor.username, now, said)
    completed = facts.of_ticket(changed)
    note_choice(session, config, completed, EventKind.COMPLETED, by=actor.username, now=now)
    return protect(session, completed, by=actor.username, now=now)


def _history(session: Session, ticket: TicketFacts) -> History:
    return planning.history(ticket.received_at, story(session, ticket.id))


def _replace(
    session: Session,
    draft: TicketFacts,
    target: TicketFacts,
    outcome: str,
    text: str,
    actor: Actor,
    now: datetime,
) -> TicketFacts:
    """Give the calls of a draft to the ticket that they were about, and withdraw the draft."""
    if target.id == draft.id:
        raise NoSuchTicket(number=target.number_shown)
    withdrawn = {
        "state": State.CANCELLED.value,
        "result": Result.WITHDRAWN.value,
        "closed_at": now,
        "incomplete": False,
    } | planning.stopped(draft, now)
    expected = {"incomplete": True, "state": draft.state.value}
    change(session, draft, expected, withdrawn)
    moved = session.scalars(
        sa.update(TicketCall)
        .where(TicketCall.ticket_id == draft.id)
        .values(ticket_id=target.id)
        .returning(TicketCall.call_id)
        .execution_options(synchronize_session=False)
    ).all()
    said = {
        "from": draft.state.value,
        "to": State.CANCELLED.value,
        "result": Result.WITHDRAWN.value,
    }
    instead = {"text": text, "instead": target.number}
    tell(session, draft.id, EventKind.MOVED, actor.username, now, said | instead)
    for call_id in moved:
        said_there = {"call_id": call_id, "outcome": outcome, "text": text}
        tell(session, target.id, EventKind.CALL, actor.username, now, said_there)
    announce(session, "ticket.called", ticket_id=target.id)
    return target


def _outcome(config: Tickets, id_: str | None, *, incomplete: bool) -> Outcome:
    chosen = config.outcome(id_)
    if incomplete and (chosen is None or chosen.makes is Makes.LINK):
        return config.default_outcome
    if chosen is None:
        raise UnknownOutcome(outcome=id_ or "")
    return chosen


def _matter(
    config: Tickets, outcome: Outcome, category: str | None, *, incomplete: bool
) -> _Matter:
    category = category or None
    if outcome.category is Asked.NONE:
        category = None
    if category is not None and category not in config.categories:
        if not incomplete:
            raise UnknownCategory(category=category)
        category = None
    if category is None and outcome.category is Asked.REQUIRED and not incomplete:
        raise CategoryNeeded
    return _Matter(outcome, outcome.kind or Kind.INQUIRY, category, incomplete)


def _values_of(config: Tickets, matter: _Matter, now: datetime, area: str | None) -> dict[str, Any]:
    """Return the columns, but for the clocks, that follow from what a ticket is about."""
    category = config.categories.get(matter.category or "")
    closed = matter.is_closed
    return {
        "kind": matter.kind.value,
        "category": matter.category,
        "division": config.division_of(matter.category, area),
        "priority": _priority(matter.kind, category).value,
        "private": category is not None and category.private,
        "contact": config.contact_of(matter.category).value,
        "incomplete": matter.incomplete,
        "state": (State.DONE if closed else State.RECEIVED).value,
        "closed_at": now if closed else None,
        "result": matter.outcome.result.value if closed else None,
    }


def _priority(kind: Kind, category: Category | None) -> Priority:
    if kind is Kind.EMERGENCY:
        return Priority.CRITICAL
    return category.priority if category else Priority.NORMAL


def _first_plan(config: Tickets, matter: _Matter, received_at: datetime) -> planning.Written:
    """Return the clocks of a new ticket; what is closed at birth has none."""
    if matter.is_closed:
        return planning.Written({}, {})
    priority = _priority(matter.kind, config.categories.get(matter.category or ""))
    return planning.first(config, matter.kind, priority, matter.category, received_at)


def _claim(
    session: Session, call_id: int, ticket_id: int, caller: str | None, now: datetime
) -> bool:
    row = {"call_id": call_id, "ticket_id": ticket_id, "caller_number": caller, "at": now}
    return insert_ignore(session, TicketCall, row) is not None


def _known(ticket: TicketFacts | None) -> TicketFacts:
    assert ticket is not None, "a call's row stands without its ticket"
    return ticket


def _as_made(ticket: Ticket, outcome: str, call_id: int | None) -> dict[str, Any]:
    said: dict[str, Any] = {
        "kind": ticket.kind,
        "category": ticket.category,
        "division": ticket.division,
        "state": ticket.state,
        "result": ticket.result,
        "incomplete": ticket.incomplete,
        "outcome": outcome,
        "due_at": written(ticket.due_at),
        "text": ticket.text,
        "source": ticket.source,
    }
    return said | ({} if call_id is None else {"call_id": call_id})


# ------------------------------------------------------------------ its life


def moves_for(actor: Actor, ticket: TicketFacts) -> list[State]:
    """Return the states that this actor may move this ticket to."""
    if actor.role is Role.DIVISION and ticket.division not in actor.divisions:
        return []
    if ticket.result is Result.MERGED:
        return []
    return workflow.moves(ticket.state, actor.role)


def move(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    to: State,
    *,
    actor: Actor,
    result: Result | None = None,
    text: str = "",
    without_photo: bool = False,
    now: datetime,
) -> TicketFacts:
    """Move a ticket as the workflow's table allows; who was slower than another changes nothing.

    Who takes it up in a division owns it from then on. A reopened one has a new deadline, from now.
    `without_photo`: who answers for the whole closes it without the photo that its category wants.
    Raises `NotYours`, `RoleMayNot`, `BadMove`, `TicketMoved`, `IsMerged`.
    """
    if actor.role is Role.DIVISION and ticket.division not in actor.divisions:
        raise NotYours
    text = facts.clean(text)
    refusal = workflow.refusal(ticket.kind, ticket.state, to, actor.role, result, text)
    if refusal is Refusal.ROLE:
        raise RoleMayNot
    if refusal is not None:
        raise BadMove(refusal)
    said: dict[str, Any] = {
        "from": ticket.state.value,
        "to": to.value,
        "result": result.value if result else None,
        "text": text,
    }
    seen = locked(session, ticket)
    if seen.result is Result.MERGED:
        raise IsMerged(number=seen.number_shown, into=root(session, seen).number_shown)
    said |= _photo(session, config, seen, result, without=without_photo, actor=actor)
    values = _values_of_move(seen, to, actor, result, now)
    if to in workflow.OPEN:
        said |= _word(actor, seen)
        plan = _plan_after(session, config, seen, EventKind.MOVED, said, actor, now)
        values |= plan.columns
        if not ticket.is_open:
            values["overdue_at"] = None
            said["due_at"] = written(values.get("due_at", seen.due_at))
        said |= plan.said
    changed = change(session, ticket, {"state": ticket.state.value}, values)
    tell(session, ticket.id, EventKind.MOVED, actor.username, now, said)
    announce(session, "ticket.moved", ticket_id=ticket.id)
    return facts.of_ticket(changed)


def lacks_after_photo(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    result: Result | None = Result.FIXED,
) -> bool:
    """Say whether a ticket cannot end so before there is a photo of what was done."""
    category = config.categories.get(ticket.category or "")
    wanted = category is not None and category.after_photo
    if not wanted or result is not Result.FIXED:
        return False
    photos = files.after_photos(session, ticket)
    return file_rules.lacks_after_photo(wanted=wanted, fixed=True, photos=photos)


def _photo(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    result: Result | None,
    *,
    without: bool,
    actor: Actor,
) -> dict[str, Any]:
    """What an event says of the photo that is missing; raises `BadMove` when it may not be."""
    if not lacks_after_photo(session, config, ticket, result):
        return {}
    if not (without and file_rules.may_do_without(actor.role)):
        raise BadMove(Refusal.AFTER_PHOTO_NEEDED)
    return {"without_photo": True}


def _word(actor: Actor, ticket: TicketFacts) -> dict[str, Any]:
    """What an event says besides when it is a word of the division that has the ticket."""
    return {"acknowledged": True, "news": True} if ticket.division in actor.divisions else {}


def _plan_after(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    kind: EventKind,
    said: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> planning.Written:
    event = EventFacts(now, actor.username, kind, dict(said))
    return planning.again(config, ticket, planning.after(_history(session, ticket), event))


def may_note(actor: Actor, ticket: TicketFacts) -> bool:
    """Say whether the actor may add a note to this ticket."""
    if actor.role is Role.DIVISION:
        return ticket.division in actor.divisions
    return actor.role in COMPLETERS


def note(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    *,
    text: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Add an internal note. One of the division that has the ticket shows that it has seen it, and
    is news of it. Raises `NoteEmpty`, `NotYours`.
    """
    text = facts.clean(text)
    if not text:
        raise NoteEmpty
    if not may_note(actor, ticket):
        raise NotYours
    said: dict[str, Any] = {"text": text}
    seen = locked(session, ticket)
    word = _word(actor, seen)
    if word and seen.is_open:
        said |= word
        plan = _plan_after(session, config, seen, EventKind.NOTE, said, actor, now)
        keep_time(session, seen, plan.columns)
        said |= plan.said
    tell(session, ticket.id, EventKind.NOTE, actor.username, now, said)


def unattended(session: Session, config: Tickets, now: datetime) -> list[str]:
    """Return the divisions that nobody answers for today, in config's order."""
    return attendance.on(session, config, now).unattended()


def _values_of_move(
    ticket: TicketFacts, to: State, actor: Actor, result: Result | None, now: datetime
) -> dict[str, Any]:
    values: dict[str, Any] = {"state": to.value}
    if to in workflow.OPEN:
        if actor.role is Role.DIVISION:
            values["owner"] = actor.username
        # what is written from now on is kept as long again
        again = {
            "closed_at": None,
            "result": None,
            "reopened": ticket.reopened + 1,
            "anonymised_at": None,
            "deleted_at": None,
        }
        return values if ticket.is_open else values | again
    closing = {
        "closed_at": now,
        "result": result.value if result else None,
        "incomplete": False,
    }
    return values | closing | planning.stopped(ticket, now)
