"""Reading units and jobs: the board, a crew's list, a ticket's units, who is nearest."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.models import Account
from tickets import facts, search
from tickets.config import Tickets
from tickets.facts import Actor, TicketFacts
from tickets.files.rules import Kind as FileKind
from tickets.incidents.models import Incident, IncidentTicket
from tickets.models import IS_OPEN, Ticket, TicketFile
from tickets.places import service as places
from tickets.places.rules import Pin, Place
from tickets.units.errors import NoSuchDispatch, NoSuchUnit
from tickets.units.facts import (
    Board,
    CrewFacts,
    DispatchFacts,
    Job,
    PositionFacts,
    Taken,
    UnitFacts,
    WaitingFacts,
    Whole,
    of_dispatch,
)
from tickets.units.models import (
    IS_OPEN_JOB,
    IS_OPEN_REQUEST,
    Dispatch,
    Unit,
    UnitCrew,
    UnitPosition,
    UnitRequest,
)
from tickets.units.rules import (
    OPEN,
    Candidate,
    JobState,
    State,
    Suggestion,
    Wanted,
    standing,
    suggest,
)
from tickets.workflow import Priority, Role

#: So many waiting tickets stand on the board, and each names so many units.
WAITING, SUGGESTED = 50, 3


# ------------------------------------------------------------------ units


def units(session: Session, codes: Collection[str] | None = None) -> list[UnitFacts]:
    """Return all units, or those of some codes, by code: how each stands now, with crew, last
    position and open jobs.
    """
    some = [] if codes is None else [Unit.code.in_(sorted(codes))]
    rows = session.scalars(
        sa.select(Unit).where(*some).order_by(Unit.code).execution_options(populate_existing=True)
    ).all()
    ids = [row.id for row in rows]
    crews, positions = _crews(session, ids), _positions(session, ids)
    jobs, ended = _jobs(session, ids), _ended(session, ids)
    return [
        _unit(row, crews[row.id], positions.get(row.id), jobs[row.id], ended.get(row.id))
        for row in rows
    ]


def unit(session: Session, code: str) -> UnitFacts:
    """Return one unit; raises `NoSuchUnit`."""
    found = units(session, [code])
    if not found:
        raise NoSuchUnit(unit=code)
    return found[0]


def unit_of(session: Session, username: str) -> UnitFacts | None:
    """Return the unit that somebody is on now, or None."""
    code = session.scalar(
        sa.select(Unit.code)
        .join(UnitCrew, UnitCrew.unit_id == Unit.id)
        .where(UnitCrew.username == username, UnitCrew.until_at.is_(None))
    )
    return None if code is None else unit(session, code)


def _unit(
    row: Unit,
    crew: Sequence[CrewFacts],
    position: PositionFacts | None,
    jobs: Sequence[tuple[DispatchFacts, Priority]],
    ended_at: datetime | None,
) -> UnitFacts:
    on_duty = min((each.from_at for each in crew), default=None) if row.active else None
    states = [JobState(job.state, how, job.since, job.help_since) for job, how in jobs]
    stands, since = standing(on_duty_since=on_duty, jobs=states, ended_at=ended_at)
    return UnitFacts(
        id=row.id,
        code=row.code,
        call_sign=row.call_sign,
        title=row.title,
        divisions=tuple(row.divisions),
        languages=tuple(row.languages),
        telephone=row.telephone,
        active=row.active,
        version=row.version,
        crew=tuple(crew),
        position=position,
        jobs=tuple(job for job, _ in jobs),
        standing=stands,
        since=since,
    )


def _crews(session: Session, ids: Collection[int]) -> dict[int, list[CrewFacts]]:
    found: dict[int, list[CrewFacts]] = defaultdict(list)
    rows = session.execute(
        sa.select(UnitCrew.unit_id, UnitCrew.username, UnitCrew.from_at, Account.name)
        .outerjoin(Account, Account.username == UnitCrew.username)
        .where(UnitCrew.unit_id.in_(ids), UnitCrew.until_at.is_(None))
        .order_by(UnitCrew.from_at, UnitCrew.id)
    )
    for row in rows:
        found[row.unit_id].append(CrewFacts(row.username, row.name or row.username, row.from_at))
    return found


def _positions(session: Session, ids: Collection[int]) -> dict[int, PositionFacts]:
    rows = session.scalars(
        sa.select(UnitPosition)
        .where(UnitPosition.unit_id.in_(ids))
        .execution_options(populate_existing=True)
    )
    return {
        row.unit_id: PositionFacts(Pin(row.latitude, row.longitude), row.accuracy_m, row.at)
        for row in rows
    }


def _jobs(
    session: Session, ids: Collection[int]
) -> dict[int, list[tuple[DispatchFacts, Priority]]]:
    found: dict[int, list[tuple[DispatchFacts, Priority]]] = defaultdict(list)
    rows = session.execute(
        _select()
        .where(Dispatch.unit_id.in_(ids), IS_OPEN_JOB)
        .order_by(Dispatch.place, Dispatch.id)
    )
    for row, of, number, priority in rows:
        found[row.unit_id].append((of_dispatch(row, of, number), Priority(priority)))
    return found


def _ended(session: Session, ids: Collection[int]) -> dict[int, datetime]:
    last = sa.select(sa.func.max(Dispatch.id)).where(
        Dispatch.unit_id.in_(ids), Dispatch.ended_at.is_not(None)
    )
    rows = session.execute(
        sa.select(Dispatch.unit_id, Dispatch.ended_at).where(
            Dispatch.id.in_(last.group_by(Dispatch.unit_id))
        )
    )
    return {unit_id: at for unit_id, at in rows if at is not None}


# ------------------------------------------------------------------ jobs


def _select() -> sa.Select[Dispatch, Unit, str, str]:
    return (
        sa.select(Dispatch, Unit, Ticket.number, Ticket.priority)
        .join(Unit, Unit.id == Dispatch.unit_id)
        .join(Ticket, Ticket.id == Dispatch.ticket_id)
        .execution_options(populate_existing=True)
    )


def job(session: Session, dispatch_id: int) -> DispatchFacts:
    """Return one job, also one that has ended; raises `NoSuchDispatch`."""
    found = _facts(session.execute(_select().where(Dispatch.id == dispatch_id)))
    if not found:
        raise NoSuchDispatch
    return found[0]


def of_ticket(session: Session, ticket: TicketFacts) -> list[DispatchFacts]:
    """Return the jobs of a ticket, as they were sent."""
    return of_tickets(session, [ticket.id])


def of_tickets(session: Session, ids: Collection[int]) -> list[DispatchFacts]:
    """Return the jobs of several tickets, by their ids, as they were sent."""
    theirs = _select().where(Dispatch.ticket_id.in_(ids)).order_by(Dispatch.id)
    return _facts(session.execute(theirs))


def jobs_of(session: Session, username: str) -> list[Job]:
    """Return the open jobs of the unit that somebody is on now, in their order."""
    mine = sa.select(UnitCrew.unit_id).where(
        UnitCrew.username == username, UnitCrew.until_at.is_(None)
    )
    open_ = _select().where(Dispatch.unit_id.in_(mine), IS_OPEN_JOB)
    return _with_tickets(
        session, _facts(session.execute(open_.order_by(Dispatch.place, Dispatch.id)))
    )


def ended_of(session: Session, username: str, since: datetime) -> list[DispatchFacts]:
    """Return the jobs of that unit that have ended since then, the latest first: a crew that was
    out of reach finds what was recalled meanwhile.
    """
    mine = sa.select(UnitCrew.unit_id).where(
        UnitCrew.username == username, UnitCrew.until_at.is_(None)
    )
    ended = _select().where(Dispatch.unit_id.in_(mine), Dispatch.ended_at >= since)
    return _facts(session.execute(ended.order_by(Dispatch.ended_at.desc()).limit(50)))


def taken_from(session: Session, username: str, since: datetime) -> list[Taken]:
    """Return what was taken from that unit since then, the latest first, which it has not got
    again.
    """
    ended = ended_of(session, username, since)
    taken = [each for each in ended if each.state in (State.RECALLED, State.HANDED_OVER)]
    if not taken:
        return []
    has = {each.dispatch.ticket_id for each in jobs_of(session, username)}
    known = _tickets(session, [each.ticket_id for each in taken])
    next_ = _select().where(Dispatch.from_id.in_([each.id for each in taken]))
    to = {each.from_id: each.call_sign for each in _facts(session.execute(next_))}
    return [
        Taken(each, known[each.ticket_id], to.get(each.id))
        for each in taken
        if each.ticket_id not in has
    ]


def _with_tickets(session: Session, jobs: Sequence[DispatchFacts]) -> list[Job]:
    known = _tickets(session, [each.ticket_id for each in jobs])
    where = places.of_tickets(session, list(known.values()))
    photos, after = _photos(session, list(known))
    return [
        Job(
            dispatch=each,
            ticket=known[each.ticket_id],
            place=where.get(each.ticket_id, places.NOWHERE),
            photos=photos.get(each.ticket_id, 0),
            after=after.get(each.ticket_id, 0),
        )
        for each in jobs
    ]


def _tickets(session: Session, ids: Collection[int]) -> dict[int, TicketFacts]:
    rows = session.scalars(
        sa.select(Ticket).where(Ticket.id.in_(set(ids))).execution_options(populate_existing=True)
    )
    return {row.id: facts.of_ticket(row) for row in rows}


def _photos(session: Session, ids: Collection[int]) -> tuple[dict[int, int], dict[int, int]]:
    rows = session.execute(
        sa.select(TicketFile.ticket_id, TicketFile.kind, sa.func.count())
        .where(
            TicketFile.ticket_id.in_(ids),
            TicketFile.removed_at.is_(None),
            TicketFile.erased_at.is_(None),
            TicketFile.kind != FileKind.DOCUMENT.value,
        )
        .group_by(TicketFile.ticket_id, TicketFile.kind)
    )
    photos: dict[int, int] = defaultdict(int)
    after: dict[int, int] = {}
    for ticket_id, kind, count in rows:
        photos[ticket_id] += count
        if kind == FileKind.AFTER:
            after[ticket_id] = count
    return photos, after


def _facts(rows: Iterable[sa.Row[Dispatch, Unit, str, str]]) -> list[DispatchFacts]:
    return [of_dispatch(row, of, number) for row, of, number, _ in rows]


# ------------------------------------------------------------------ who goes


def suggestions(
    session: Session, config: Tickets, ticket: TicketFacts, now: datetime
) -> list[Suggestion]:
    """Return who can be sent to a ticket, the best first (`tickets.units.rules.suggest`); who has
    it already is left out.
    """
    where = places.of_ticket(session, ticket)
    having = {each.unit for each in of_ticket(session, ticket) if each.is_open}
    found = _suggested(config, units(session), ticket, where, now)
    return [each for each in found if each.code not in having]


def _suggested(
    config: Tickets, fleet: Sequence[UnitFacts], ticket: TicketFacts, where: Place, now: datetime
) -> list[Suggestion]:
    candidates = (
        Candidate(
            code=each.code,
            standing=each.standing,
            divisions=frozenset(each.divisions),
            languages=frozenset(each.languages),
            pin=each.position.pin if each.position else None,
            at=each.position.at if each.position else None,
            jobs=len(each.jobs),
        )
        for each in fleet
    )
    # who does a division's work does that of its parts by area
    division = config.whole_of(ticket.division) or ticket.division
    return suggest(
        candidates,
        Wanted(division, where.pin, ticket.language),
        road_factor=config.units.road_factor,
        old_after=config.units.old_after,
        now=now,
    )


# ------------------------------------------------------------------ the board


def _asked(ticket: type[Ticket]) -> sa.ColumnElement[bool]:
    return sa.exists().where(UnitRequest.ticket_id == ticket.id, IS_OPEN_REQUEST)


def _had(*states: State) -> sa.ColumnElement[bool]:
    named = [each.value for each in states]
    return sa.exists().where(Dispatch.ticket_id == Ticket.id, Dispatch.state.in_(named))


def _waits(config: Tickets) -> list[sa.ColumnElement[bool]]:
    """An open ticket to which nobody has been sent: asked for, or of such a kind and not yet done
    by a unit. What was declined or recalled waits again.
    """
    sent = _had(State.SENT, State.ACKNOWLEDGED, State.ON_WAY, State.HERE)
    by_itself = sa.and_(_of_kind(config, Ticket), ~_had(State.DONE), ~_of_another(config))
    return [IS_OPEN, ~sent, sa.or_(_asked(Ticket), by_itself)]


def _of_kind(config: Tickets, ticket: type[Ticket]) -> sa.ColumnElement[bool]:
    """A unit goes to such a ticket without anybody asking for one."""
    needed = config.units.needed
    return sa.or_(
        ticket.category.in_(needed.categories),
        ticket.priority.in_([each.value for each in needed.priorities]),
    )


def _waits_since(config: Tickets) -> sa.ColumnElement[datetime]:
    """Since when it waits: what a unit goes to in any case, since it was received, and everything
    else since somebody asked for one.
    """
    by_itself = sa.and_(_of_kind(config, Ticket), ~_had(State.DONE))
    asked = sa.select(sa.func.min(UnitRequest.at)).where(
        UnitRequest.ticket_id == Ticket.id, IS_OPEN_REQUEST
    )
    return sa.case((by_itself, Ticket.received_at), else_=asked.scalar_subquery())


def _of_another(config: Tickets) -> sa.ColumnElement[bool]:
    """It is part of an open incident to which a unit has been sent, or of which an earlier ticket
    waits: one unit goes to a street that two hundred call about.
    """
    mine, other = sa.orm.aliased(IncidentTicket), sa.orm.aliased(IncidentTicket)
    of_it = sa.orm.aliased(Ticket)
    gone = sa.exists().where(
        Dispatch.ticket_id == other.ticket_id,
        Dispatch.state.in_([each.value for each in (*OPEN, State.DONE)]),
    )
    # one that waits for nobody stands for none: an urgent one after it would be sent nobody
    waits = sa.or_(_asked(of_it), _of_kind(config, of_it))
    earlier = sa.and_(of_it.id < Ticket.id, of_it.closed_at.is_(None), waits)
    return sa.exists(
        sa.select(mine.ticket_id)
        .join(Incident, Incident.id == mine.incident_id)
        .join(other, other.incident_id == mine.incident_id)
        .join(of_it, of_it.id == other.ticket_id)
        .where(
            mine.ticket_id == Ticket.id,
            mine.removed_at.is_(None),
            other.removed_at.is_(None),
            Incident.state == "open",
            sa.or_(gone, earlier),
        )
    )


def waiting_count(session: Session, config: Tickets, actor: Actor) -> int:
    """Count the tickets that wait for a unit, as far as they are the actor's to see."""
    where = [*_waits(config), search.readable(actor), *_theirs(actor)]
    return session.scalar(sa.select(sa.func.count()).select_from(Ticket).where(*where)) or 0


def _theirs(actor: Actor) -> list[sa.ColumnElement[bool]]:
    if actor.role is not Role.DIVISION:
        return []
    return [Ticket.division.in_(sorted(actor.divisions))]


def board(session: Session, config: Tickets, actor: Actor, now: datetime) -> Board:
    """Return what the dispatch board shows the actor: what waits for a unit, the most urgent and
    then the longest first, each with who would go; and all units. A division sees its own tickets.
    """
    fleet = units(session)
    open_jobs = [each for one in fleet for each in one.jobs]
    known = _tickets(session, [each.ticket_id for each in open_jobs])
    known = {id_: each for id_, each in known.items() if search.may_read(actor, each)}
    urgency = sa.case(
        {each.value: -n for n, each in enumerate(Priority)}, value=Ticket.priority, else_=0
    )
    since = _waits_since(config)
    rows = session.execute(
        sa.select(Ticket, since)
        .where(*_waits(config), search.readable(actor), *_theirs(actor))
        .order_by(urgency, since, Ticket.id)
        .limit(WAITING)
        .execution_options(populate_existing=True)
    ).all()
    wait = [facts.of_ticket(row) for row, _ in rows]
    where = places.of_tickets(session, [*wait, *known.values()])
    asked = _requests(session, [each.id for each in wait])
    whole = _incidents(session, [each.id for each in wait])
    found = [
        WaitingFacts(
            ticket=each,
            place=(place := replace(where.get(each.id, places.NOWHERE), area=each.area)),
            since=at,
            asked_by=asked[each.id].by if each.id in asked else None,
            text=asked[each.id].text if each.id in asked else "",
            suggestions=_suggested(config, fleet, each, place, now)[:SUGGESTED],
        )
        for each, (_, at) in zip(wait, rows, strict=True)
    ]
    return Board(
        waiting=[replace(each, incident=whole.get(each.ticket.id)) for each in found],
        units=fleet,
        tickets=known,
        places=where,
        late=[each for each in open_jobs if each.is_late(now)],
    )


def _incidents(session: Session, ids: Collection[int]) -> dict[int, Whole]:
    """The open and proposed incidents of some tickets, by ticket."""
    what = (IncidentTicket.ticket_id, Incident.id, Incident.titles, Incident.state)
    mine = sa.select(*what).where(
        IncidentTicket.ticket_id.in_(ids),
        IncidentTicket.removed_at.is_(None),
        Incident.state.in_(("open", "proposed")),
    )
    of = session.execute(mine.join(Incident, Incident.id == IncidentTicket.incident_id)).all()
    counted = session.execute(
        sa.select(IncidentTicket.incident_id, sa.func.count())
        .join(Ticket, Ticket.id == IncidentTicket.ticket_id)
        .where(
            IncidentTicket.incident_id.in_({row.id for row in of}),
            IncidentTicket.removed_at.is_(None),
            IS_OPEN,
        )
        .group_by(IncidentTicket.incident_id)
    )
    counts = {row[0]: row[1] for row in counted}
    # PostgreSQL may have closed the last of them between the two questions
    return {
        row.ticket_id: Whole(
            row.id, row.titles, counts.get(row.id, 0), proposed=row.state == "proposed"
        )
        for row in of
    }


def readable_jobs(session: Session, actor: Actor, jobs: Sequence[DispatchFacts]) -> frozenset[int]:
    """Return the ids of the jobs whose tickets the actor may read."""
    known = _tickets(session, [each.ticket_id for each in jobs])
    return frozenset(each.id for each in jobs if search.may_read(actor, known[each.ticket_id]))


def _requests(session: Session, ids: Collection[int]) -> dict[int, UnitRequest]:
    rows = session.scalars(
        sa.select(UnitRequest)
        .where(UnitRequest.ticket_id.in_(ids), IS_OPEN_REQUEST)
        .execution_options(populate_existing=True)
    )
    return {row.ticket_id: row for row in rows}


def asked_for(session: Session, ticket: TicketFacts) -> tuple[datetime, str, str] | None:
    """Return since when, by whom and with which words a unit is asked for; None: it is not."""
    row = _requests(session, [ticket.id]).get(ticket.id)
    return None if row is None else (row.at, row.by, row.text)
