"""What is said of a job: by its crew, by who sent it, and by its ticket's end."""

from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tickets import facts, planning, search
from tickets import service as tickets
from tickets.config import Tickets
from tickets.errors import BadMove, NoteEmpty
from tickets.facts import SYSTEM, Actor, EventFacts, TicketFacts
from tickets.files import rules as file_rules
from tickets.models import EventKind, TicketEvent
from tickets.units import rules, telling
from tickets.units.asking import end_request
from tickets.units.errors import BadStep
from tickets.units.facts import DispatchFacts
from tickets.units.models import IS_OPEN_JOB, Dispatch, DispatchEvent, Unit
from tickets.units.reading import job, of_ticket
from tickets.units.rights import why_not
from tickets.units.rows import (
    last_moment,
    locked_job,
    locked_unit,
    said_before,
    set_state,
    tell_of,
    write_down,
)
from tickets.units.rules import Act, Finding, State
from tickets.units.sending import refuse_taken, send
from tickets.workflow import OPEN, RESULTS_OF_KIND, Refusal, Result, Role
from tickets.workflow import State as TicketState
from tickets.writing import keep_time, locked, written

#: Acts of a crew that are news of the ticket: its division is seen to work on it.
_NEWS = frozenset({Act.ON_WAY, Act.HERE, Act.DONE})


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
    row, ticket = locked_job(session, dispatch_id)
    if said_before(session, by, key, act, dispatch_id) is not None:
        return job(session, dispatch_id)
    note = facts.clean(note)
    finding = _may(session, by, act, row, ticket, min(at or now, now))
    when = rules.happened(at, last_moment(row), now)
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
    row, ticket = locked_job(session, dispatch_id)
    after = sa.select(Dispatch.id).where(Dispatch.from_id == row.id).order_by(Dispatch.id)
    handed = session.scalar(after.limit(1))
    other = None
    before = said_before(session, by, key, Act.HAND_OVER, dispatch_id)
    if before is None and State(row.state) in rules.OPEN:
        _lock_both(session, row.unit_id, to_unit)
        other = locked_unit(session, to_unit)
        refuse_taken(session, ticket, other, another=True)
    ended = say(
        session, config, dispatch_id, Act.HAND_OVER, by=by, now=now, at=at, note=note, key=key
    )
    if other is None:
        return ended if handed is None else job(session, handed)
    return send(
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


def _may(
    session: Session, by: Actor, act: Act, row: Dispatch, ticket: TicketFacts, at: datetime
) -> Finding:
    """What becomes of an act, of who may say it at all."""
    refusal = why_not(session, by, act, row, ticket, at)
    if refusal is not None:
        raise refusal
    finding = rules.find(State(row.state), act)
    if finding is Finding.REFUSED:
        raise BadStep
    return finding


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
            write_down(session, row, act, by, at=at, now=now, key=key, late=True)
        return
    mine = (DispatchEvent.dispatch_id == row.id, DispatchEvent.kind == act.value)
    again = session.scalar(
        sa.select(DispatchEvent.id).where(*mine, DispatchEvent.at >= row.ended_at).limit(1)
    )
    if again is not None and key is None:
        return
    write_down(session, row, act, by, at=max(at, row.ended_at or at), now=now, key=key, late=True)
    if again is None and act in rules.LEADS_TO:
        to = rules.LEADS_TO[act].value
        said = {"from": row.state, "to": to, "text": note, "at": written(at), "late": True}
        tell_of(session, row, EventKind.UNIT_MOVED, by, now, said)


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
    set_state(session, row, from_, values)
    write_down(session, row, act, by, at=when, now=now, key=key)
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
    tell_of(session, row, EventKind.UNIT_MOVED, by, now, said)
    if act is Act.DECLINE:
        telling.declined(session, job(session, row.id), ticket, by=by.username, now=now)


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
    end_request(session, ticket, now)
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
            write_down(session, row, act, by, at=when, now=now, key=key, late=True)
        return
    since = row.help_since
    if since is not None:
        when = max(when, since)
    set_state(session, row, State(row.state), {"help_since": when if needed else None})
    write_down(session, row, act, by, at=when, now=now, key=key)
    said = {"needed": needed, "text": note, "at": written(when)}
    tell_of(session, row, EventKind.UNIT_HELP, by, now, said)
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
        at = max(last_moment(row), event.at)
        set_state(
            session, row, from_, {"state": State.RECALLED.value, "ended_at": at, "help_since": None}
        )
        write_down(session, row, Act.RECALL, by, at=at, now=event.at, key=None)
        said = {"from": from_.value, "to": State.RECALLED.value, "text": "", "at": written(at)}
        tell_of(session, row, EventKind.UNIT_MOVED, by, event.at, said)
