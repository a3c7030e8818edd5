"""The verbs of units and their jobs; reading is in `tickets.units.reading` and named here as well.

Every step of a job takes the ticket's row first, then the unit's, then the job's: of two
dispatchers one wins, and the other is told who was sent. What comes from a crew's telephone may be
late, out of order and said again (`key`): it then changes nothing, and the answer shows how the job
stands. `by` is who acts (`tickets.facts.Actor`), `unit` a unit's code.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.db import insert_ignore
from tickets import facts, planning, search
from tickets import service as tickets
from tickets.config import Tickets
from tickets.errors import BadMove, NoteEmpty, NotYours, RoleMayNot
from tickets.facts import SYSTEM, Actor, EventFacts, TicketFacts
from tickets.files import rules as file_rules
from tickets.models import EventKind, Ticket, TicketEvent
from tickets.places.rules import Pin
from tickets.units import rules, telling
from tickets.units.errors import (
    AlreadySent,
    BadStep,
    JobsChanged,
    KeyUsed,
    NoSuchDispatch,
    NoSuchUnit,
    NotYourUnit,
    OffDuty,
    TicketClosed,
)
from tickets.units.facts import DispatchFacts
from tickets.units.models import (
    IS_OPEN_JOB,
    IS_OPEN_REQUEST,
    Dispatch,
    DispatchEvent,
    Unit,
    UnitCrew,
    UnitPosition,
    UnitRequest,
)
from tickets.units.reading import (
    asked_for,
    board,
    ended_of,
    job,
    jobs_of,
    of_ticket,
    of_tickets,
    readable_jobs,
    suggestions,
    unit,
    unit_of,
    units,
    waiting_count,
)
from tickets.units.rules import Act, Finding, State
from tickets.workflow import OPEN, RESULTS_OF_KIND, Priority, Refusal, Result, Role
from tickets.workflow import State as TicketState
from tickets.writing import keep_time, locked, tell, written

__all__ = [
    "SAID",
    "ask",
    "asked_for",
    "board",
    "dispatch",
    "ended_of",
    "hand_over",
    "job",
    "jobs_of",
    "may_ask",
    "may_send",
    "may_step",
    "of_ticket",
    "of_tickets",
    "readable_jobs",
    "reorder",
    "report_position",
    "say",
    "suggestions",
    "unask",
    "unit",
    "unit_of",
    "units",
    "waiting_count",
]

#: Letters of a key that a telephone gives.
LONGEST_KEY = 64
#: Acts of a crew that are news of the ticket: its division is seen to work on it.
_NEWS = frozenset({Act.ON_WAY, Act.HERE, Act.DONE})


# ------------------------------------------------------------------ who may


def may_send(actor: Actor, ticket: TicketFacts) -> bool:
    """Say whether the actor sends units to this ticket."""
    return ticket.is_open and actor.role in rules.SENDERS and _is_theirs(actor, ticket)


def may_ask(actor: Actor, ticket: TicketFacts) -> bool:
    """Say whether the actor may ask for a unit there."""
    return ticket.is_open and actor.role in rules.ASKERS and _is_theirs(actor, ticket)


def may_step(session: Session, actor: Actor, dispatch_id: int, act: Act, now: datetime) -> bool:
    """Say whether the actor may say this of a job now."""
    row = session.get(Dispatch, dispatch_id)
    if row is None:
        return False
    ticket = facts.of_ticket(session.get_one(Ticket, row.ticket_id))
    return _refusal(session, actor, act, row, ticket, now) is None


def _is_theirs(actor: Actor, ticket: TicketFacts) -> bool:
    return actor.role is not Role.DIVISION or ticket.division in actor.divisions


def _refusal(
    session: Session, actor: Actor, act: Act, row: Dispatch, ticket: TicketFacts, at: datetime
) -> type[NotYourUnit | NotYours | RoleMayNot] | None:
    if actor.role not in rules.WHO[act]:
        return RoleMayNot
    if not _is_theirs(actor, ticket):
        return NotYours
    if actor.role is Role.CREW and not _was_on(session, row.unit_id, actor.username, at):
        return NotYourUnit
    return None


def _was_on(session: Session, unit_id: int, username: str, at: datetime) -> bool:
    """Whether somebody is on a unit, or was at that moment: what a telephone says after the shift
    was true in it.
    """
    mine = (UnitCrew.unit_id == unit_id, UnitCrew.username == username)
    then = sa.and_(UnitCrew.from_at <= at, UnitCrew.until_at >= at)
    found = sa.select(UnitCrew.id).where(*mine, sa.or_(UnitCrew.until_at.is_(None), then))
    return session.scalar(found.limit(1)) is not None


# ------------------------------------------------------------------ sending


def dispatch(
    session: Session,
    config: Tickets,
    unit: str,
    ticket_number: str,
    *,
    by: Actor,
    now: datetime,
    note: str = "",
    another: bool = False,
    key: str | None = None,
) -> DispatchFacts:
    """Send a unit to an open ticket; who is sent somewhere has begun: a received ticket is in
    progress from then on. `another`: besides the one that is there already.

    Raises `NoSuchTicket`, `NoSuchUnit`, `TicketClosed`, `OffDuty`, `AlreadySent` (with the unit
    that was), `RoleMayNot`, `NotYours`, `KeyUsed`.
    """
    ticket = locked(session, search.by_number_for(session, ticket_number, by))
    before = _said_before(session, by, key, Act.SEND)
    if before is not None:
        return job(session, before.dispatch_id)
    if by.role not in rules.SENDERS:
        raise RoleMayNot
    if not _is_theirs(by, ticket):
        raise NotYours
    if not ticket.is_open:
        raise TicketClosed(number=ticket.number_shown)
    row = _locked_unit(session, unit)
    _refuse_taken(session, ticket, row, another=another)
    if ticket.state is not TicketState.IN_PROGRESS:
        tickets.move(session, config, ticket, TicketState.IN_PROGRESS, actor=by, now=now)
    return _send(session, config, row, ticket, note=note, by=by, now=now, key=key)


def _refuse_taken(session: Session, ticket: TicketFacts, row: Unit, *, another: bool) -> None:
    having = [each for each in of_ticket(session, ticket) if each.is_open]
    same = [each for each in having if each.unit == row.code]
    if same or (having and not another):
        there = (same or having)[0]
        raise AlreadySent(number=ticket.number_shown, unit=there.call_sign)


def _locked_unit(session: Session, code: str) -> Unit:
    """The row of a unit with a crew, which nobody else gives a job or takes its crew off now."""
    row = session.scalars(
        sa.select(Unit)
        .where(Unit.code == code)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NoSuchUnit(unit=code)
    crew = sa.select(UnitCrew.id).where(UnitCrew.unit_id == row.id, UnitCrew.until_at.is_(None))
    if not row.active or session.scalar(crew.limit(1)) is None:
        raise OffDuty(unit=row.call_sign)
    return row


def _send(
    session: Session,
    config: Tickets,
    row: Unit,
    ticket: TicketFacts,
    *,
    note: str,
    by: Actor,
    now: datetime,
    key: str | None,
    from_id: int | None = None,
) -> DispatchFacts:
    due_at = rules.acknowledge_by(now, ticket.priority, config.units.acknowledge_minutes)
    made = Dispatch(
        unit_id=row.id,
        ticket_id=ticket.id,
        place=_make_room(session, row.id, ticket.priority),
        state=State.SENT.value,
        note=facts.clean(note),
        outcome="",
        sent_by=by.username,
        sent_at=now,
        acknowledge_due_at=due_at,
        from_id=from_id,
    )
    session.add(made)
    session.flush()
    _write_down(session, made, Act.SEND, by, at=now, now=now, key=key)
    said = _about(row, made) | {"text": made.note, "due_at": written(due_at)}
    tell(session, ticket.id, EventKind.UNIT_SENT, by.username, now, said)
    return job(session, made.id)


def _make_room(session: Session, unit_id: int, priority: Priority) -> int:
    """The place of a new job among those of a unit that is locked; those behind it move on."""
    rows = session.execute(
        sa.select(Dispatch.id, Dispatch.state, Ticket.priority)
        .join(Ticket, Ticket.id == Dispatch.ticket_id)
        .where(Dispatch.unit_id == unit_id, IS_OPEN_JOB)
        .order_by(Dispatch.place, Dispatch.id)
    ).all()
    at = rules.place_of_next([(State(s), Priority(p)) for _, s, p in rows], priority)
    ids = [row.id for row in rows]
    _number(session, [*ids[:at], None, *ids[at:]])
    return at


def _number(session: Session, ids: Sequence[int | None]) -> None:
    for place, dispatch_id in enumerate(ids):
        if dispatch_id is not None:
            session.execute(
                sa.update(Dispatch)
                .where(Dispatch.id == dispatch_id, Dispatch.place != place)
                .values(place=place)
                .execution_options(synchronize_session=False)
            )


def _about(row: Unit, made: Dispatch) -> dict[str, Any]:
    return {
        "dispatch": made.id,
        "unit": row.code,
        "call_sign": row.call_sign,
        "title": dict(row.title),
    }


# ------------------------------------------------------------------ what is said of a job


#: What `say` takes; the others are `dispatch`, `hand_over` and `reorder`.
SAID: Final = frozenset(
    {
        Act.ACKNOWLEDGE,
        Act.ON_WAY,
        Act.HERE,
        Act.DONE,
        Act.DECLINE,
        Act.RECALL,
        Act.NEED_HELP,
        Act.HELP_OVER,
    }
)


def say(
    session: Session,
    config: Tickets,
    dispatch_id: int,
    act: Act,
    *,
    by: Actor,
    now: datetime,
    at: datetime | None = None,
    note: str = "",
    key: str | None = None,
    without_photo: bool = False,
) -> DispatchFacts:
    """Say one of `SAID` of a job. `at`: when it happened, on the telephone of its crew (None: now).

    Returns how the job stands: of one that has ended meanwhile nothing is changed, and what was
    said stands in the ticket's story. Why a unit cannot go is said in `note`.

    Of what is done there must be, as at a closing, the photo that the category wants
    (`without_photo`: who answers for the whole does without it). The division closes the ticket, or
    this does where the city's file says so; `note` is then what was done, and must be given.

    Raises `NoSuchDispatch`, `BadStep`, `NotYourUnit`, `NotYours`, `RoleMayNot`, `KeyUsed`,
    `NoteEmpty`; `BadMove` without the photo.
    """
    row, ticket = _locked_job(session, dispatch_id)
    if _said_before(session, by, key, act, dispatch_id) is not None:
        return job(session, dispatch_id)
    note = facts.clean(note)
    finding = _may(session, by, act, row, ticket, min(at or now, now))
    when = rules.happened(at, _last_moment(row), now)
    if finding is not Finding.MOVES:
        _in_vain(session, row, act, finding, by, when, now, note, key)
        return job(session, dispatch_id)
    if act in rules.REASON and not note:
        raise NoteEmpty
    if act is Act.DONE:
        _refuse_done(session, config, ticket, by, note, without_photo=without_photo)
    if act in (Act.NEED_HELP, Act.HELP_OVER):
        _help(session, row, ticket, act, by, when, now, note, key)
    else:
        _apply(session, config, row, ticket, act, by, when, now, note, key)
    if act is Act.DONE:
        _after_done(session, config, ticket, by, note, now, without_photo=without_photo)
    return job(session, dispatch_id)


def hand_over(
    session: Session,
    config: Tickets,
    dispatch_id: int,
    *,
    to_unit: str,
    by: Actor,
    now: datetime,
    at: datetime | None = None,
    note: str = "",
    key: str | None = None,
) -> DispatchFacts:
    """Give a job to another unit; returns that one's job. Said again it returns the same; of a job
    that has ended otherwise it returns how that stands. Raises as `say` and `dispatch`.
    """
    row, ticket = _locked_job(session, dispatch_id)
    after = sa.select(Dispatch.id).where(Dispatch.from_id == row.id).order_by(Dispatch.id)
    handed = session.scalar(after.limit(1))
    other = None
    before = _said_before(session, by, key, Act.HAND_OVER, dispatch_id)
    if before is None and State(row.state) in rules.OPEN:
        _lock_both(session, row.unit_id, to_unit)
        other = _locked_unit(session, to_unit)
        _refuse_taken(session, ticket, other, another=True)
    ended = say(
        session, config, dispatch_id, Act.HAND_OVER, by=by, now=now, at=at, note=note, key=key
    )
    if other is None:
        return ended if handed is None else job(session, handed)
    return _send(
        session,
        config,
        other,
        ticket,
        note=note,
        by=by,
        now=now,
        key=None,
        from_id=dispatch_id,
    )


def _lock_both(session: Session, unit_id: int, code: str) -> None:
    """Always in the same order: who hands over the other way round waits for ever."""
    both = sa.select(Unit.id).where(sa.or_(Unit.id == unit_id, Unit.code == code))
    session.execute(both.order_by(Unit.id).with_for_update()).all()


def _locked_job(session: Session, dispatch_id: int) -> tuple[Dispatch, TicketFacts]:
    known = session.get(Dispatch, dispatch_id)
    if known is None:
        raise NoSuchDispatch
    ticket = locked(session, facts.of_ticket(session.get_one(Ticket, known.ticket_id)))
    row = session.get_one(Dispatch, dispatch_id, populate_existing=True)
    return row, ticket


def _may(
    session: Session, by: Actor, act: Act, row: Dispatch, ticket: TicketFacts, at: datetime
) -> Finding:
    """What becomes of an act, of who may say it at all."""
    refusal = _refusal(session, by, act, row, ticket, at)
    if refusal is not None:
        raise refusal
    finding = rules.find(State(row.state), act)
    if finding is Finding.REFUSED:
        raise BadStep
    return finding


def _said_before(
    session: Session, by: Actor, key: str | None, act: Act, dispatch_id: int | None = None
) -> DispatchEvent | None:
    if key is None:
        return None
    found = session.scalar(
        sa.select(DispatchEvent).where(
            DispatchEvent.who == by.username, DispatchEvent.key == key[:LONGEST_KEY]
        )
    )
    if found is None:
        return None
    if found.kind != act or dispatch_id not in (None, found.dispatch_id):
        raise KeyUsed
    return found


def _last_moment(row: Dispatch) -> datetime:
    moments = (row.sent_at, row.acknowledged_at, row.on_way_at, row.here_at)
    return max(each for each in moments if each is not None)


def _write_down(
    session: Session,
    row: Dispatch,
    act: Act,
    by: Actor,
    *,
    at: datetime,
    now: datetime,
    key: str | None,
    **data: Any,
) -> None:
    values = {
        "dispatch_id": row.id,
        "at": at,
        "heard_at": now,
        "who": by.username,
        "kind": act.value,
        "key": None if key is None else key[:LONGEST_KEY],
        "data": {"state": row.state, **data},
    }
    if insert_ignore(session, DispatchEvent, values) is None:
        raise KeyUsed


def _in_vain(
    session: Session,
    row: Dispatch,
    act: Act,
    finding: Finding,
    by: Actor,
    at: datetime,
    now: datetime,
    note: str,
    key: str | None,
) -> None:
    """What changes nothing. Of a job that ended otherwise meanwhile the story keeps it, once: a
    crew that was out of reach may have done what was taken from it.
    """
    if finding is Finding.ALREADY:
        if key is not None:
            _write_down(session, row, act, by, at=at, now=now, key=key, late=True)
        return
    mine = (DispatchEvent.dispatch_id == row.id, DispatchEvent.kind == act.value)
    again = session.scalar(
        sa.select(DispatchEvent.id).where(*mine, DispatchEvent.at >= row.ended_at).limit(1)
    )
    if again is not None and key is None:
        return
    _write_down(session, row, act, by, at=max(at, row.ended_at or at), now=now, key=key, late=True)
    if again is None and act in rules.LEADS_TO:
        to = rules.LEADS_TO[act].value
        said = {"from": row.state, "to": to, "text": note, "at": written(at), "late": True}
        _tell(session, row, EventKind.UNIT_MOVED, by, now, said)


def _tell(
    session: Session,
    row: Dispatch,
    kind: EventKind,
    by: Actor,
    now: datetime,
    said: dict[str, Any],
) -> None:
    about = _about(session.get_one(Unit, row.unit_id), row)
    tell(session, row.ticket_id, kind, by.username, now, about | said)


_MOMENTS = {
    Act.ACKNOWLEDGE: "acknowledged_at",
    Act.ON_WAY: "on_way_at",
    Act.HERE: "here_at",
}


def _apply(
    session: Session,
    config: Tickets,
    row: Dispatch,
    ticket: TicketFacts,
    act: Act,
    by: Actor,
    when: datetime,
    now: datetime,
    note: str,
    key: str | None,
) -> None:
    to, from_ = rules.LEADS_TO[act], State(row.state)
    values: dict[str, Any] = {"state": to.value}
    if to in rules.OPEN:
        values[_MOMENTS[act]] = when
        if row.acknowledged_at is None:
            values["acknowledged_at"] = when  # who drives has seen it
    else:
        values |= {"ended_at": when, "outcome": note, "help_since": None}
    _set(session, row, from_, values)
    _write_down(session, row, act, by, at=when, now=now, key=key)
    said: dict[str, Any] = {
        "from": from_.value,
        "to": to.value,
        "text": note,
        "at": written(when),
    }
    if act is Act.ON_WAY and now - when <= timedelta(minutes=config.units.tell_within_minutes):
        said["tell"] = True
    if act in _NEWS:
        said |= _news(session, config, ticket, said, by, now)
    _tell(session, row, EventKind.UNIT_MOVED, by, now, said)
    if act is Act.DECLINE:
        telling.declined(session, job(session, row.id), ticket, by=by.username, now=now)


def _set(session: Session, row: Dispatch, from_: State, values: dict[str, Any]) -> None:
    changed = session.execute(
        sa.update(Dispatch)
        .where(Dispatch.id == row.id, Dispatch.state == from_.value)
        .values(**values)
        .returning(Dispatch.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if changed is None:
        raise BadStep
    session.refresh(row)


def _news(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    said: dict[str, Any],
    by: Actor,
    now: datetime,
) -> dict[str, Any]:
    """That somebody works on it is a word of the division that has it: its clocks go by it."""
    word: dict[str, Any] = {"acknowledged": True, "news": True}
    event = EventFacts(now, by.username, EventKind.UNIT_MOVED, said | word)
    story = search.story(session, ticket.id)
    found = planning.after(planning.history(ticket.received_at, story), event)
    plan = planning.again(config, ticket, found)
    keep_time(session, ticket, dict(plan.columns))
    return word | plan.said


def _refuse_done(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    by: Actor,
    note: str,
    *,
    without_photo: bool,
) -> None:
    without = without_photo and file_rules.may_do_without(by.role)
    if not without and tickets.lacks_after_photo(session, config, ticket):
        raise BadMove(Refusal.AFTER_PHOTO_NEEDED)
    if config.units.crew_closes and not note:
        raise NoteEmpty


def _after_done(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    by: Actor,
    note: str,
    now: datetime,
    *,
    without_photo: bool,
) -> None:
    """What was asked for has been done; the ticket is closed where the city lets crews close, and
    nobody else is there still.
    """
    _end_request(session, ticket, now)
    others = [each for each in of_ticket(session, ticket) if each.is_open]
    if not config.units.crew_closes or others:
        return
    seen = locked(session, ticket)
    if not seen.is_open:
        return
    # the file of the city lets the crew speak for the division whose work it did
    actor = by
    if by.role is Role.CREW:
        actor = Actor(by.username, Role.DIVISION, frozenset({seen.division}))
    fixed = Result.FIXED in RESULTS_OF_KIND[seen.kind]
    tickets.move(
        session,
        config,
        seen,
        TicketState.DONE,
        actor=actor,
        result=Result.FIXED if fixed else Result.ANSWERED,
        text=note,
        without_photo=without_photo,
        now=now,
    )


def _help(
    session: Session,
    row: Dispatch,
    ticket: TicketFacts,
    act: Act,
    by: Actor,
    when: datetime,
    now: datetime,
    note: str,
    key: str | None,
) -> None:
    needed = act is Act.NEED_HELP
    if (row.help_since is not None) is needed:
        if key is not None:
            _write_down(session, row, act, by, at=when, now=now, key=key, late=True)
        return
    since = row.help_since
    if since is not None:
        when = max(when, since)
    _set(session, row, State(row.state), {"help_since": when if needed else None})
    _write_down(session, row, act, by, at=when, now=now, key=key)
    said = {"needed": needed, "text": note, "at": written(when)}
    _tell(session, row, EventKind.UNIT_HELP, by, now, said)
    if needed:
        telling.help_needed(session, job(session, row.id), ticket, now=now)


def on_event(session: Session, *, event: TicketEvent) -> None:
    """Call back who is on the way to a ticket that was closed or has become part of another one."""
    closed = event.kind == EventKind.MOVED and event.data.get("to") not in OPEN
    if not closed and event.kind != EventKind.MERGED:
        return
    rows = session.scalars(
        sa.select(Dispatch)
        .where(Dispatch.ticket_id == event.ticket_id, IS_OPEN_JOB)
        .order_by(Dispatch.id)
        .execution_options(populate_existing=True)
    ).all()
    by = Actor(SYSTEM, Role.SYSTEM)
    for row in rows:
        from_ = State(row.state)
        at = max(_last_moment(row), event.at)
        _set(
            session, row, from_, {"state": State.RECALLED.value, "ended_at": at, "help_since": None}
        )
        _write_down(session, row, Act.RECALL, by, at=at, now=event.at, key=None)
        said = {"from": from_.value, "to": State.RECALLED.value, "text": "", "at": written(at)}
        _tell(session, row, EventKind.UNIT_MOVED, by, event.at, said)


# ------------------------------------------------------------------ order


def reorder(
    session: Session, unit: str, order: Sequence[int], *, by: Actor, now: datetime
) -> list[DispatchFacts]:
    """Put the open jobs of a unit in this order: all of them, by their ids, each once.

    A division moves jobs only where all that move are its own. Raises `NoSuchUnit`, `JobsChanged`,
    `NotYourUnit`, `NotYours`, `RoleMayNot`.
    """
    row = session.scalars(sa.select(Unit).where(Unit.code == unit).with_for_update()).one_or_none()
    if row is None:
        raise NoSuchUnit(unit=unit)
    if by.role not in rules.SENDERS | {Role.CREW}:
        raise RoleMayNot
    if by.role is Role.CREW and not _was_on(session, row.id, by.username, now):
        raise NotYourUnit
    jobs = session.execute(
        sa.select(Dispatch.id, Ticket.division)
        .join(Ticket, Ticket.id == Dispatch.ticket_id)
        .where(Dispatch.unit_id == row.id, IS_OPEN_JOB)
        .order_by(Dispatch.place, Dispatch.id)
    ).all()
    before = [each.id for each in jobs]
    if sorted(order) != sorted(before):
        raise JobsChanged
    moved = {a for a, b in zip(before, order, strict=True) if a != b}
    if by.role is Role.DIVISION and any(
        each.id in moved and each.division not in by.divisions for each in jobs
    ):
        raise NotYours
    _number(session, list(order))
    for n, dispatch_id in enumerate(order):
        if dispatch_id in moved:
            job_row = session.get_one(Dispatch, dispatch_id, populate_existing=True)
            _write_down(session, job_row, Act.REORDER, by, at=now, now=now, key=None, place=n)
    return [job(session, dispatch_id) for dispatch_id in order]


# ------------------------------------------------------------------ where it is


def report_position(
    session: Session,
    unit: str,
    pin: Pin,
    *,
    accuracy_m: float | None,
    by: Actor,
    at: datetime,
    now: datetime,
) -> bool:
    """Keep where a unit is, as the telephone of one of its crew says; False: a later one is known.

    Raises `NoSuchUnit`, `NotYourUnit` for who is not on it, `RoleMayNot`.
    """
    if by.role is not Role.CREW:
        raise RoleMayNot
    unit_id = session.scalar(sa.select(Unit.id).where(Unit.code == unit))
    if unit_id is None:
        raise NoSuchUnit(unit=unit)
    at = min(at, now)
    if not _was_on(session, unit_id, by.username, at):
        raise NotYourUnit
    values: dict[str, Any] = {
        "latitude": pin.latitude,
        "longitude": pin.longitude,
        "accuracy_m": accuracy_m,
        "at": at,
        "by": by.username,
    }
    row = {"unit_id": unit_id, **values}
    if insert_ignore(session, UnitPosition, row) is not None:
        return True
    newer = session.execute(
        sa.update(UnitPosition)
        .where(UnitPosition.unit_id == unit_id, UnitPosition.at < at)
        .values(**values)
        .returning(UnitPosition.unit_id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    return newer is not None


def old_positions(config: Tickets, now: datetime) -> sa.Select[int]:
    """Select the units whose place is older than the city keeps it."""
    before = now - timedelta(hours=config.units.keep_position_hours)
    return sa.select(UnitPosition.unit_id).where(UnitPosition.at < before)


def forget_positions(session: Session, config: Tickets, now: datetime) -> int:
    """Delete the places that are older than the city keeps them; how many there were."""
    gone = session.scalars(
        sa.delete(UnitPosition)
        .where(UnitPosition.unit_id.in_(old_positions(config, now)))
        .returning(UnitPosition.unit_id)
        .execution_options(synchronize_session=False)
    ).all()
    return len(gone)


# ------------------------------------------------------------------ asking for one


def ask(
    session: Session,
    ticket: TicketFacts,
    *,
    text: str = "",
    by: Actor,
    now: datetime,
) -> None:
    """Ask for a unit at a ticket: it stands on the board from then on. Who asks again says it in
    other words. Raises `RoleMayNot`, `NotYours`, `TicketClosed`.
    """
    seen = locked(session, ticket)
    _refuse_asking(by, seen)
    text = facts.clean(text)
    row = session.get(UnitRequest, seen.id, populate_existing=True)
    if row is None:
        session.add(UnitRequest(ticket_id=seen.id, at=now, by=by.username, text=text))
    else:
        row.at, row.by, row.text, row.ended_at = now, by.username, text, None
    session.flush()
    said = {"wanted": True, "text": text}
    tell(session, seen.id, EventKind.UNIT_ASKED, by.username, now, said)


def unask(
    session: Session, ticket: TicketFacts, *, text: str = "", by: Actor, now: datetime
) -> None:
    """Take that back; nothing happens when nobody asks. Raises as `ask`."""
    seen = locked(session, ticket)
    _refuse_asking(by, seen)
    if _end_request(session, seen, now):
        said = {"wanted": False, "text": facts.clean(text)}
        tell(session, seen.id, EventKind.UNIT_ASKED, by.username, now, said)


def _refuse_asking(by: Actor, ticket: TicketFacts) -> None:
    if by.role not in rules.ASKERS:
        raise RoleMayNot
    if not _is_theirs(by, ticket):
        raise NotYours
    if not ticket.is_open:
        raise TicketClosed(number=ticket.number_shown)


def _end_request(session: Session, ticket: TicketFacts, now: datetime) -> bool:
    return (
        session.execute(
            sa.update(UnitRequest)
            .where(UnitRequest.ticket_id == ticket.id, IS_OPEN_REQUEST)
            .values(ended_at=now)
            .returning(UnitRequest.ticket_id)
            .execution_options(synchronize_session=False)
        ).scalar_one_or_none()
        is not None
    )


# ------------------------------------------------------------------ the clock


BATCH = 100


def late(now: datetime) -> sa.Select[int]:
    """Select the jobs that no crew has answered in time and of which nobody has been told."""
    return (
        sa.select(Dispatch.id)
        .where(
            Dispatch.state == State.SENT.value,
            Dispatch.acknowledge_missed_at.is_(None),
            Dispatch.acknowledge_due_at < now,
        )
        .order_by(Dispatch.acknowledge_due_at)
    )


def sweep(session: Session, config: Tickets, now: datetime) -> int:
    """Write down, once, each job that nobody has answered in time, and tell who sends units, with
    who could go instead; how many there were.
    """
    ids = session.scalars(late(now).limit(BATCH)).all()
    return sum(_miss(session, config, dispatch_id, now) for dispatch_id in ids)


def _miss(session: Session, config: Tickets, dispatch_id: int, now: datetime) -> bool:
    row, ticket = _locked_job(session, dispatch_id)
    won = session.execute(
        sa.update(Dispatch)
        .where(Dispatch.id == row.id, Dispatch.id.in_(late(now)))
        .values(acknowledge_missed_at=now)
        .returning(Dispatch.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if won is None:
        return False
    session.refresh(row)
    found = suggestions(session, config, ticket, now)
    code = next((each.code for each in found if each.is_first_choice), None)
    other = None if code is None else unit(session, code).call_sign
    said = {"due_at": written(row.acknowledge_due_at), "instead": other}
    _tell(session, row, EventKind.UNIT_LATE, Actor(SYSTEM, Role.SYSTEM), now, said)
    telling.late(session, job(session, row.id), ticket, instead=other, now=now)
    return True
