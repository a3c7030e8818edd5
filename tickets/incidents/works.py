"""What is done with all the tickets of an incident: each by the verb of a single ticket, in small
units of work, so that nobody waits long for two hundred of them.

A work has a part for each ticket, written in the unit of work that does it: what is cut off is
carried on where it stopped (by a sweep if need be), and nothing is done twice. Two who carry on the
same work wait for one another, or walk away.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.db import insert_ignore
from hotline.errors import HotlineError
from hotline.floor import Floor
from tickets import facts, handling, service
from tickets.config import Tickets
from tickets.errors import BadMove, IncidentChanged, NothingChanged, TooLate
from tickets.facts import SYSTEM, Actor, TicketFacts
from tickets.files import service as files
from tickets.incidents import looking
from tickets.incidents import service as incidents
from tickets.incidents.looking import LIVE, IncidentFacts, State
from tickets.incidents.models import Incident, IncidentPart, IncidentTicket, IncidentWork
from tickets.incidents.service import held, tell_of
from tickets.life import messages
from tickets.models import EventKind, Ticket, TicketEvent, TicketPlace
from tickets.places import rules as place_rules
from tickets.places import service as places
from tickets.places.rules import Pin, PinSource
from tickets.workflow import Priority, Refusal, Result, Role, results
from tickets.workflow import State as TicketState
from tickets.writing import all_locked, tell

#: What is told of a unit that comes.
_OF_UNIT: Final = ("dispatch", "unit", "call_sign")
#: So many tickets at once: all of them are held meanwhile, and on SQLite every other writer is.
STEP: Final = 25
#: So many steps whoever began it takes at once; the rest is a worker's.
AT_ONCE: Final = 16
#: So long a work is left to who began it, in seconds of the wall.
HEAD_START: Final = 20.0
#: So long it can be taken back.
UNDO_FOR: Final = timedelta(minutes=30)
_PRIORITIES: Final = tuple(Priority)


class What(StrEnum):
    """What can be done with all of them."""

    CATEGORIES = "categories"
    PINS = "pins"
    TOLD = "told"
    ENDING = "ending"
    #: A unit is on its way to one of them, and comes to all: begun by itself, once an incident.
    UNIT = "unit"
    #: Takes back `CATEGORIES` or `PINS`: `data` says which `work`.
    UNDO = "undo"


UNDOABLE: Final = frozenset({What.CATEGORIES, What.PINS})


@dataclass(frozen=True)
class WorkFacts:
    """A work as it stands: `done` and `left` (out) are counts of tickets."""

    id: int
    what: What
    at: datetime
    by: str
    data: Mapping[str, Any]
    done_at: datetime | None
    undone: bool
    done: int
    left: int

    def may_be_undone(self, actor: Actor, now: datetime) -> bool:
        """Say whether the actor can still take it back."""
        mine = incidents.may_act(actor) and self.what in UNDOABLE and not self.undone
        return mine and self.done > 0 and self.done_at is not None and now <= self.at + UNDO_FOR


# ------------------------------------------------------------------ beginning one


def begin(
    session: Session,
    incident_id: int,
    what: What,
    data: Mapping[str, Any],
    *,
    key: str,
    actor: Actor,
    now: datetime,
) -> int:
    """Begin a work on an open incident and return its id; a form that was sent twice (`key`)
    begins one. Raises as `incidents.held`.
    """
    known = session.scalar(sa.select(IncidentWork.id).where(IncidentWork.key == key))
    if known is not None:
        return known
    row = held(session, incident_id, actor, (State.OPEN,), None)
    return _begin(session, row, what, data, key, actor, now)


def _begin(
    session: Session,
    row: Incident,
    what: What,
    data: Mapping[str, Any],
    key: str,
    actor: Actor,
    now: datetime,
) -> int:
    who = {"role": actor.role.value, "divisions": sorted(actor.divisions)}
    values = {
        "incident_id": row.id,
        "key": key,
        "kind": what.value,
        "data": {**data, "who": who},
        "at": now,
        "by": actor.username,
    }
    work_id = insert_ignore(session, IncidentWork, values)
    if work_id is None:
        known = sa.select(IncidentWork.id).where(IncidentWork.key == key)
        return session.execute(known).scalar_one()
    tell_of(session, row.id, "begun", actor.username, now, {"work": work_id, "kind": what.value})
    return int(work_id)


def tell_everybody(
    session: Session,
    incident_id: int,
    texts: Mapping[str, str],
    *,
    key: str,
    actor: Actor,
    now: datetime,
) -> int:
    """Write to the citizen of each ticket, in their language (`texts`, Thai and English at least),
    and have each number told by SMS once. Raises as `begin`, `NoteEmpty`, `TooLong`, `Unfilled`.
    """
    sample = session.scalars(
        sa.select(Ticket)
        .join(IncidentTicket, IncidentTicket.ticket_id == Ticket.id)
        .where(IncidentTicket.incident_id == incident_id)
        .limit(1)
    ).first()
    given = {code: messages.as_read(text) for code, text in texts.items() if text.strip()}
    for code in dict.fromkeys(("th", "en", *given)):
        # what a single ticket would refuse is refused before anybody is told
        if sample is not None:
            open_one = replace(facts.of_ticket(sample), result=None)
            given[code] = messages.check(open_one, actor, given.get(code, ""))
    return begin(session, incident_id, What.TOLD, {"texts": given}, key=key, actor=actor, now=now)


def unit_comes(session: Session, event: TicketEvent) -> int | None:
    """A unit is on its way to a ticket (an event of which its citizens are told): if that is part
    of an open incident, begin to have everybody told who came with it, as the first unit that goes
    there. Returns the work, or None.
    """
    if event.kind != EventKind.UNIT_MOVED or not event.data.get("tell"):
        return None
    found = looking.of_ticket(session, event.ticket_id)
    if found is None or found.state is not State.OPEN:
        return None
    key = f"unit to incident {found.id}"
    if session.scalar(sa.select(IncidentWork.id).where(IncidentWork.key == key)) is not None:
        return None
    data = {each: event.data[each] for each in _OF_UNIT} | {"goal": event.ticket_id}
    row = session.get_one(Incident, found.id)
    return _begin(session, row, What.UNIT, data, key, Actor(SYSTEM, Role.SYSTEM), event.at)


def end(
    session: Session,
    config: Tickets,
    incident_id: int,
    result: Result,
    texts: Mapping[str, str],
    *,
    at: datetime | None = None,
    key: str,
    actor: Actor,
    now: datetime,
) -> int:
    """It is over, since `at` (not after now): nothing joins it any more, and each of its tickets is
    closed with one result and one text, in the language of its caller, who is told.

    One photo of what was done, of any of its tickets, is that of all that need one. Raises as
    `begin`, and `BadMove` when there is none, or no text.
    """
    known = session.scalar(sa.select(IncidentWork.id).where(IncidentWork.key == key))
    if known is not None:
        return known
    given = {code: facts.clean(text) for code, text in texts.items() if facts.clean(text)}
    if not {"th", "en"} <= set(given):
        raise BadMove(Refusal.REASON_NEEDED)
    incidents.one_at_a_time(session)
    row = held(session, incident_id, actor, (State.OPEN,), None)
    ids = looking.member_ids(session, row.id)
    photo = files.after_photo_of(session, ids)
    if photo is None and _lacks_photo(session, config, ids, result):
        raise BadMove(Refusal.AFTER_PHOTO_NEEDED)
    row.state, row.ended_by, row.version = State.ENDING.value, actor.username, row.version + 1
    row.ended_at = min(at, now) if at else now
    session.flush()
    data = {"result": result.value, "texts": given, "photo": photo}
    tell_of(
        session, row.id, "ended", actor.username, now, {"result": result.value, "text": given["th"]}
    )
    return _begin(session, row, What.ENDING, data, key, actor, now)


def _lacks_photo(session: Session, config: Tickets, ids: Sequence[int], result: Result) -> bool:
    wanting = [id_ for id_, each in config.categories.items() if each.after_photo]
    rows = session.scalars(
        sa.select(Ticket).where(
            Ticket.id.in_(ids), Ticket.category.in_(wanting), Ticket.closed_at.is_(None)
        )
    )
    return any(
        service.lacks_after_photo(session, config, facts.of_ticket(row), result) for row in rows
    )


def undo(session: Session, work_id: int, *, actor: Actor, now: datetime) -> int:
    """Take a work back where nobody has done otherwise since; the id of the work that does so.
    Raises as `incidents.held`, `TooLate`.
    """
    work = session.get(IncidentWork, work_id, populate_existing=True)
    if work is None:
        raise TooLate
    row = held(session, work.incident_id, actor, LIVE, None)
    known = _facts(session, work)
    if not known.may_be_undone(actor, now):
        raise TooLate
    key = f"undo of {work_id}"
    undoing = _begin(session, row, What.UNDO, {"work": work_id}, key, actor, now)
    won = session.scalars(
        sa.update(IncidentWork)
        .where(IncidentWork.id == work_id, IncidentWork.undone_by_id.is_(None))
        .values(undone_by_id=undoing)
        .returning(IncidentWork.id)
        .execution_options(synchronize_session=False)
    ).all()
    if not won:
        raise TooLate
    return undoing


# ------------------------------------------------------------------ carrying it on


def carry_on(floor: Floor, work_id: int, now: datetime, *, steps: int = 1000) -> bool:
    """Do what is left of a work, in so many steps at most; True when nothing is."""
    config = floor.section(Tickets)
    for _ in range(steps):
        with floor.db.write() as session:
            if not step(session, config, work_id, now):
                return True
    return False


def to_do(session: Session, before: datetime) -> list[int]:
    """Return the works that were begun before a moment and are not done."""
    query = sa.select(IncidentWork.id).where(
        IncidentWork.done_at.is_(None), IncidentWork.at < before
    )
    return list(session.scalars(query.order_by(IncidentWork.id)))


@dataclass(frozen=True)
class _One:
    """What a part is done with. `told`: the numbers that have been told by this work."""

    session: Session
    config: Tickets
    incident: IncidentFacts
    data: Mapping[str, Any]
    work_id: int
    key: str
    actor: Actor
    now: datetime
    told: set[str]


def step(session: Session, config: Tickets, work_id: int, now: datetime) -> bool:
    """Do a work with the next few tickets; False when none is left, or another does it."""
    work = session.scalars(
        sa.select(IncidentWork)
        .where(IncidentWork.id == work_id, IncidentWork.done_at.is_(None))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if work is None:
        return False
    ids = _next(session, work)
    if not ids:
        _finish(session, work, now)
        return False
    one = _One(
        session,
        config,
        looking.find(session, work.incident_id),
        work.data,
        work.id,
        work.key,
        _actor(work),
        now,
        _told(session, work) if work.kind == What.TOLD else set(),
    )
    held_ones = all_locked(session, ids)
    for id_ in ids:
        _do(one, What(work.kind), held_ones[id_])
    return True


def _actor(work: IncidentWork) -> Actor:
    who = work.data["who"]
    return Actor(work.by, Role(who["role"]), frozenset(who["divisions"]))


def _next(session: Session, work: IncidentWork) -> list[int]:
    """The next tickets without a part."""
    has_part = sa.exists().where(
        IncidentPart.work_id == work.id, IncidentPart.ticket_id == Ticket.id
    )
    if work.kind == What.UNDO:
        done = sa.exists().where(
            IncidentPart.work_id == work.data["work"],
            IncidentPart.ticket_id == Ticket.id,
            IncidentPart.refused == "",
        )
        query = sa.select(Ticket.id).where(done, ~has_part)
    else:
        query = (
            sa.select(Ticket.id)
            .join(IncidentTicket, IncidentTicket.ticket_id == Ticket.id)
            .where(
                IncidentTicket.incident_id == work.incident_id,
                IncidentTicket.removed_at.is_(None),
                ~has_part,
            )
        )
    return list(session.scalars(query.order_by(Ticket.id).limit(STEP)))


def _told(session: Session, work: IncidentWork) -> set[str]:
    """The numbers that this telling has reached: of one number only one ticket sends an SMS."""
    rows = session.scalars(
        sa.select(Ticket.caller_number)
        .join(IncidentPart, IncidentPart.ticket_id == Ticket.id)
        .where(
            IncidentPart.work_id == work.id,
            IncidentPart.refused == "",
            Ticket.caller_number.is_not(None),
        )
    )
    return {number for number in rows if number}


_Verb = Callable[[_One, TicketFacts], dict[str, Any]]


def _do(one: _One, what: What, ticket: TicketFacts) -> None:
    session = one.session
    after_commit = len(session.info["after_commit"])
    savepoint = session.begin_nested()
    refused, data = "", dict[str, Any]()
    try:
        data = _VERBS[what](one, ticket)
    except HotlineError as error:
        savepoint.rollback()
        del session.info["after_commit"][after_commit:]  # it did not happen
        refused = error.text_key
        data = {"values": {key: str(value) for key, value in error.values.items()}}
    else:
        savepoint.commit()
    session.add(IncidentPart(work_id=one.work_id, ticket_id=ticket.id, refused=refused, data=data))
    session.flush()


def _finish(session: Session, work: IncidentWork, now: datetime) -> None:
    work.done_at = now
    session.flush()
    known = _facts(session, work)
    said = {"work": work.id, "kind": work.kind, "done": known.done, "left": known.left}
    tell_of(session, work.incident_id, "done", work.by, now, said)
    if work.kind == What.ENDING:
        session.execute(
            sa.update(Incident)
            .where(Incident.id == work.incident_id, Incident.state == State.ENDING.value)
            .values(state=State.ENDED.value)
            .execution_options(synchronize_session=False)
        )


# ------------------------------------------------------------------ with one ticket


def _put_right(one: _One, ticket: TicketFacts) -> dict[str, Any]:
    """Give it the category and the division of the incident, and at least that one's urgency."""
    incident, config = one.incident, one.config
    if not ticket.is_open or not looking.is_wrong(config, incident, ticket):
        raise NothingChanged
    category = config.categories.get(incident.category or "")
    priority = max(
        ticket.priority,
        category.priority if category else Priority.NORMAL,
        key=_PRIORITIES.index,
    )
    now_is = handling.route(
        one.session,
        config,
        ticket,
        category=incident.category,
        priority=priority,
        division=looking.division_of(config, incident, ticket.area),
        text=incident.title("th"),
        actor=one.actor,
        now=one.now,
    )
    return {"was": _routed(ticket), "now": _routed(now_is)}


def _routed(ticket: TicketFacts) -> dict[str, Any]:
    return {
        "category": ticket.category,
        "division": ticket.division,
        "priority": ticket.priority.value,
    }


def _repair(one: _One, ticket: TicketFacts) -> dict[str, Any]:
    """Move its pin to where it belongs, if it is too far off."""
    where = places.of_ticket(one.session, ticket)
    row = one.session.get(TicketPlace, ticket.id)
    to = looking.target_of(one.config, one.incident, row)
    if not ticket.is_open or where.pin is None or to is None:
        raise NothingChanged
    if place_rules.distance(where.pin, to) <= one.incident.metres:
        raise NothingChanged
    moved = replace(where, pin=to, source=PinSource.AGENT, asset=None)
    places.place(
        one.session,
        one.config,
        ticket,
        moved,
        text=one.incident.title("th"),
        actor=one.actor,
        now=one.now,
    )
    was = {"pin": list(where.pin), "source": str(where.source or ""), "asset": where.asset}
    return {"was": was, "now": {"pin": list(to)}}


def _tell(one: _One, ticket: TicketFacts) -> dict[str, Any]:
    """Write to its citizen; whose number has been told by another ticket gets no SMS of this."""
    language, text = _in_language(one.data["texts"], ticket.language)
    number = ticket.caller_number
    quiet = number is not None and number in one.told
    said: Any = {"text": text, "language": language, "key": f"incident {one.work_id}"}
    said |= {"quiet": quiet, "actor": one.actor, "now": one.now}
    if ticket.result is Result.MERGED:
        # who came with a part of the matter came with it
        messages.pass_on(one.session, ticket, **said)
    else:
        messages.message(one.session, one.config, ticket, **said)
    if number is not None:
        one.told.add(number)
    return {"quiet": quiet}


def _unit_comes(one: _One, ticket: TicketFacts) -> dict[str, Any]:
    """Have its citizens told; those of the ticket that the unit was sent to have been."""
    if not ticket.is_open or ticket.id == one.data.get("goal"):
        raise NothingChanged
    unit = {each: one.data[each] for each in _OF_UNIT}
    said = {"incident": one.incident.id, "titles": dict(one.incident.titles), "on_way": True}
    tell(one.session, ticket.id, EventKind.INCIDENT, SYSTEM, one.now, said | unit)
    return {}


def _in_language(texts: Mapping[str, str], language: str) -> tuple[str, str]:
    code = language if language in texts else "en"
    return code, texts[code]


def _close(one: _One, ticket: TicketFacts) -> dict[str, Any]:
    """Close it with the one result; a kind of matter that knows no such result is answered."""
    if not ticket.is_open:
        raise NothingChanged
    result = Result(one.data["result"])
    allowed = results(ticket.kind, ticket.state, TicketState.DONE)
    if result not in allowed:
        result = Result.ANSWERED if Result.ANSWERED in allowed else Result.OTHER
    photo = one.data.get("photo")
    if photo and service.lacks_after_photo(one.session, one.config, ticket, result):
        files.share(one.session, one.config.files, photo, ticket, actor=one.actor, now=one.now)
    service.move(
        one.session,
        one.config,
        ticket,
        TicketState.DONE,
        actor=one.actor,
        result=result,
        text=_in_language(one.data["texts"], ticket.language)[1],
        now=one.now,
    )
    return {"result": result.value}


def _undo(one: _One, ticket: TicketFacts) -> dict[str, Any]:
    """Take a part back, if it still is as the part has made it."""
    undone = one.session.get_one(IncidentWork, one.data["work"])
    part = one.session.get_one(IncidentPart, (undone.id, ticket.id))
    was, now_is = part.data["was"], part.data["now"]
    if undone.kind == What.PINS:
        return _pin_back(one, ticket, was, now_is)
    if _routed(ticket) != now_is:
        raise IncidentChanged
    handling.route(
        one.session,
        one.config,
        ticket,
        category=was["category"],
        priority=Priority(was["priority"]),
        division=was["division"],
        text=one.incident.title("th"),
        actor=one.actor,
        now=one.now,
    )
    return {}


def _pin_back(
    one: _One, ticket: TicketFacts, was: Mapping[str, Any], now_is: Mapping[str, Any]
) -> dict[str, Any]:
    where = places.of_ticket(one.session, ticket)
    if where.pin is None or list(where.pin) != list(now_is["pin"]):
        raise IncidentChanged
    source = PinSource(was["source"]) if was["source"] else None
    back = replace(where, pin=Pin(*was["pin"]), source=source, asset=was["asset"])
    places.place(one.session, one.config, ticket, back, actor=one.actor, now=one.now)
    return {}


_VERBS: Final[Mapping[What, _Verb]] = {
    What.CATEGORIES: _put_right,
    What.PINS: _repair,
    What.TOLD: _tell,
    What.ENDING: _close,
    What.UNIT: _unit_comes,
    What.UNDO: _undo,
}

# ------------------------------------------------------------------ looking

#: What was as it should be is no failure.
_FINE: Final = ("", NothingChanged.text)


def _facts(session: Session, work: IncidentWork) -> WorkFacts:
    count = sa.func.count
    done, left = session.execute(
        sa.select(
            count(IncidentPart.ticket_id).filter(IncidentPart.refused == ""),
            count(IncidentPart.ticket_id).filter(IncidentPart.refused.not_in(_FINE)),
        ).where(IncidentPart.work_id == work.id)
    ).one()
    return WorkFacts(
        id=work.id,
        what=What(work.kind),
        at=work.at,
        by=work.by,
        data=work.data,
        done_at=work.done_at,
        undone=work.undone_by_id is not None,
        done=done,
        left=left,
    )


def of_incident(session: Session, incident_id: int) -> list[WorkFacts]:
    """Return what was done with all of its tickets, the newest first."""
    rows = session.scalars(
        sa.select(IncidentWork)
        .where(IncidentWork.incident_id == incident_id)
        .order_by(IncidentWork.id.desc())
        .execution_options(populate_existing=True)
    ).all()
    return [_facts(session, row) for row in rows]


def left_out(session: Session, work_id: int) -> list[tuple[TicketFacts, str, Mapping[str, Any]]]:
    """Return what a work did not do: ticket, and the key and values of the words for why."""
    rows = session.execute(
        sa.select(IncidentPart, Ticket)
        .join(Ticket, Ticket.id == IncidentPart.ticket_id)
        .where(IncidentPart.work_id == work_id, IncidentPart.refused.not_in(_FINE))
        .order_by(Ticket.id)
    )
    return [
        (facts.of_ticket(ticket), part.refused, part.data.get("values", {}))
        for part, ticket in rows
    ]


def last_told(session: Session, incident_id: int) -> Mapping[str, str]:
    """Return what its callers were told last, by language; empty: nothing yet."""
    found = next((w for w in of_incident(session, incident_id) if w.what is What.TOLD), None)
    return found.data["texts"] if found else {}
