"""The verbs of incidents: found, opened, joined, changed, left. What is done with all the tickets
of one is in `works.py`.

Of two workers that find the same burst one makes the incident: who is about to write holds the
table first and looks again. Nobody holds a ticket before that, so that none waits for the other.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.announce import announce
from hotline.config import READER_LANGUAGES, LocalText
from hotline.notices import service as notices
from hotline.notices.rules import Kind
from hotline.roles import Role as AccountRole
from tickets import facts, search
from tickets.config import Tickets
from tickets.errors import (
    IncidentChanged,
    NoSuchIncident,
    NothingChanged,
    RoleMayNot,
    UnknownCategory,
    UnknownDivision,
)
from tickets.facts import SYSTEM, Actor, TicketFacts
from tickets.incidents import gathering, rules
from tickets.incidents.gathering import Topics, callers_of, topics_of
from tickets.incidents.models import Incident, IncidentEvent, IncidentTicket
from tickets.incidents.rules import Burst, Matter, Scene
from tickets.models import EventKind, Ticket, TicketPlace
from tickets.places.rules import Pin, around, distance
from tickets.workflow import Role
from tickets.writing import tell

#: Who says what becomes of an incident.
ACTS: Final = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
LISTED: Final = 100


class State(StrEnum):
    """How an incident stands. It is `ending` while its tickets are being closed."""

    PROPOSED = "proposed"
    OPEN = "open"
    ENDING = "ending"
    ENDED = "ended"
    DISMISSED = "dismissed"


#: What a new matter can still be part of, and where people still act.
LIVE: Final = (State.PROPOSED, State.OPEN)
_JOINED: Final = (*LIVE, State.DISMISSED)


@dataclass(frozen=True)
class IncidentFacts:
    """An incident as it stands; moments are UTC. `callers` and `tickets` are counts."""

    id: int
    state: State
    topic: str
    titles: Mapping[str, str]
    category: str | None
    division: str
    area: str | None
    streets: tuple[str, ...]
    centre: Pin | None
    metres: int
    since: datetime
    found_at: datetime
    opened_at: datetime | None
    opened_by: str | None
    ended_at: datetime | None
    ended_by: str | None
    version: int
    callers: int = 0
    tickets: int = 0

    def title(self, language: str) -> str:
        """Return its title in a language, else in English."""
        return self.titles.get(language) or self.titles["en"]

    @property
    def is_live(self) -> bool:
        """Something can still become part of it."""
        return self.state in LIVE


@dataclass(frozen=True)
class Member:
    """A ticket of an incident: how many metres its pin is off the middle (None: it has none),
    whether that is too far, or in another street; whether its category is another than the
    incident's, or its division; how many people told of it.
    """

    ticket: TicketFacts
    pin: Pin | None
    metres: float | None
    astray: bool
    differs: bool
    callers: int
    at: datetime
    by: str


@dataclass(frozen=True)
class Happened:
    """One line of an incident's story; `data` as `models.IncidentEvent` says."""

    at: datetime
    who: str
    kind: str
    data: Mapping[str, Any]


# ------------------------------------------------------------------ finding


@dataclass(frozen=True)
class Found:
    """What is to be written down: new bursts, and matters that belong to what is known."""

    bursts: Sequence[Burst] = ()
    joins: Sequence[tuple[int, Matter]] = ()

    def __bool__(self) -> bool:
        return bool(self.bursts or self.joins)


def look(session: Session, config: Tickets, now: datetime, *, also: Collection[int] = ()) -> Found:
    """Look at what came within the window (and `also` at these tickets), and change nothing."""
    if not config.incidents.on:
        return Found()
    limits = config.incidents.limits
    live = _rows(session, Incident.state.in_(_JOINED))
    loose = _loose(session, config, now, also)
    if not loose:
        return Found()
    joins: list[tuple[int, Matter]] = []
    gone = _gone(session, [each.id for each in loose])
    for each in loose:
        for row in live:
            fits = _takes(row, each, config, now) and (row.id, each.id) not in gone
            if fits and rules.belongs(each, _scene(row), limits):
                joins.append((row.id, each))
                break
    taken = {each.id for _, each in joins}
    left = [each for each in loose if each.id not in taken and each.at > now - limits.window]
    found = rules.bursts(left, limits, lambda streets: gathering.known_pin(config, streets))
    return Found([each for each in found if _is_unusual(session, config, each, now)], joins)


def _takes(row: Incident, matter: Matter, config: Tickets, now: datetime) -> bool:
    """A matter of before it began is not of it; one that was dismissed keeps what it is made of
    from being proposed again for as long as a window.
    """
    window = config.incidents.limits.window
    if row.state == State.DISMISSED and (row.ended_at or row.found_at) < now - window:
        return False
    return matter.at >= row.since - window


def _is_unusual(session: Session, config: Tickets, burst: Burst, now: datetime) -> bool:
    centre, limits = burst.scene.centre, config.incidents.limits
    box = around(centre, limits.astray) if centre else None
    expected = gathering.usual(session, config, burst, box, now)
    return rules.is_unusual(burst.callers, expected, limits)


def _loose(session: Session, config: Tickets, now: datetime, also: Collection[int]) -> list[Matter]:
    """The matters that are part of nothing."""
    member = sa.exists().where(
        IncidentTicket.ticket_id == Ticket.id, IncidentTicket.removed_at.is_(None)
    )
    lately = Ticket.received_at > now - config.incidents.limits.window
    which = lately | Ticket.id.in_(list(also)) if also else lately
    return gathering.matters(session, config, sa.and_(which, ~member))


def _gone(session: Session, ids: Sequence[int]) -> set[tuple[int, int]]:
    """(incident, ticket) of those that somebody has taken out."""
    rows = session.execute(
        sa.select(IncidentTicket.incident_id, IncidentTicket.ticket_id).where(
            IncidentTicket.ticket_id.in_(ids), IncidentTicket.removed_at.is_not(None)
        )
    )
    return {(row.incident_id, row.ticket_id) for row in rows}


def one_at_a_time(session: Session) -> None:
    """Let nobody else find or end an incident in this unit of work. To be taken before any row;
    SQLite has one writer in any case.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("LOCK TABLE incidents IN SHARE ROW EXCLUSIVE MODE"))


def detect(
    session: Session, config: Tickets, now: datetime, *, also: Collection[int] = ()
) -> list[int]:
    """Write down what is found: new incidents (proposed, or opened when so many tell of it), and
    members of known ones. Return the ids of those that changed.
    """
    one_at_a_time(session)
    found = look(session, config, now, also=also)
    changed = [_propose(session, config, each, now) for each in found.bursts]
    by_incident: dict[int, list[Matter]] = {}
    for incident_id, matter in found.joins:
        by_incident.setdefault(incident_id, []).append(matter)
    for incident_id, joining in by_incident.items():
        _join(session, incident_id, [each.id for each in joining], SYSTEM, now)
        changed.append(incident_id)
    for incident_id in changed:
        _follow(session, config, incident_id)
        _open_by_itself(session, config, incident_id, now)
    return changed


def _propose(session: Session, config: Tickets, burst: Burst, now: datetime) -> int:
    scene, topics = burst.scene, topics_of(config)
    category = topics.category(scene.topic)
    row = Incident(
        state=State.PROPOSED.value,
        topic=scene.topic,
        titles=_titles(config, topics, scene),
        category=category,
        division=config.division_of(category, scene.area),
        area=scene.area,
        named=_named(scene),
        latitude=scene.centre.latitude if scene.centre else None,
        longitude=scene.centre.longitude if scene.centre else None,
        metres=config.incidents.metres,
        since=min(each.at for each in burst.members),
        found_at=now,
    )
    session.add(row)
    session.flush()
    ids = [each.id for each in burst.members]
    _insert(session, row.id, ids, SYSTEM, now)
    tell_of(session, row.id, "found", SYSTEM, now, {"tickets": ids, "callers": burst.callers})
    notices.tell(
        session,
        notices.of_role(session, AccountRole.SUPERVISOR),
        Kind.INCIDENT,
        key=f"incident:{row.id}",
        subject=f"incident:{row.id}",
        urgent=True,
        now=now,
        title=dict(row.titles),
        callers=burst.callers,
        address=f"/tickets/incidents/{row.id}",
    )
    announce(session, "tickets.incident", incident_id=row.id)
    return row.id


def _named(scene: Scene) -> dict[str, Any]:
    return {"streets": sorted(scene.streets), "marks": sorted(scene.marks)}


def _titles(config: Tickets, topics: Topics, scene: Scene) -> dict[str, str]:
    """What happens, and where: น้ำท่วม ซอยบัวขาว."""
    what = topics.title(scene.topic)
    codes = dict.fromkeys([*READER_LANGUAGES, *(what.root if what else ())])
    return {
        code: " ".join(
            part for part in (_said(what, code) or scene.topic, _where(config, scene, code)) if part
        )[:120]
        for code in codes
    }


def _said(text: LocalText | None, language: str) -> str:
    return text.for_(language) if text else ""


def _where(config: Tickets, scene: Scene, language: str) -> str:
    if scene.streets:
        return gathering.street_title(config, sorted(scene.streets)[0], language)
    if scene.marks:
        point = gathering.point_of(config, sorted(scene.marks)[0])
        return point.name(language) if point else ""
    area = config.areas.areas.get(scene.area or "")
    return area.name(language) if area else ""


def _insert(
    session: Session, incident_id: int, ids: Collection[int], by: str, now: datetime
) -> None:
    session.execute(
        sa.insert(IncidentTicket),
        [{"incident_id": incident_id, "ticket_id": id_, "at": now, "by": by} for id_ in ids],
    )


def _join(session: Session, incident_id: int, ids: list[int], by: str, now: datetime) -> None:
    row = session.get_one(Incident, incident_id)
    _insert(session, incident_id, ids, by, now)
    tell_of(session, incident_id, "joined", by, now, {"tickets": ids})
    if row.state == State.OPEN:
        _tell_tickets(session, row, ids, by, now)


def _tell_tickets(
    session: Session, row: Incident, ids: Collection[int], by: str, now: datetime, **more: Any
) -> None:
    """Write into the stories of tickets that they are part of it."""
    said = {"incident": row.id, "titles": dict(row.titles), **more}
    for id_ in sorted(ids):
        tell(session, id_, EventKind.INCIDENT, by, now, said)


def _follow(session: Session, config: Tickets, incident_id: int) -> None:
    """Have the place follow the members, until somebody has said where it is."""
    row = session.get_one(Incident, incident_id, populate_existing=True)
    if row.set_by_hand:
        return
    topics = topics_of(config)
    mine = sa.select(IncidentTicket.ticket_id).where(
        IncidentTicket.incident_id == incident_id, IncidentTicket.removed_at.is_(None)
    )
    members = gathering.matters(session, config, Ticket.id.in_(mine))
    if not members:
        return
    scene = rules.scene_of(row.topic, members, lambda streets: gathering.known_pin(config, streets))
    row.named, row.area = _named(scene), scene.area
    row.titles = _titles(config, topics, scene)
    row.division = config.division_of(row.category, scene.area)
    if scene.centre is not None:
        row.latitude, row.longitude = scene.centre
    row.since = min(row.since, *(each.at for each in members))
    session.flush()


def _open_by_itself(session: Session, config: Tickets, incident_id: int, now: datetime) -> None:
    row = session.get_one(Incident, incident_id)
    most = config.incidents.opens_at
    if most is None or row.state != State.PROPOSED:
        return
    if sum(callers_of(session, member_ids(session, incident_id)).values()) >= most:
        _open(session, row, SYSTEM, now)


# ------------------------------------------------------------------ what a supervisor says


def may_act(actor: Actor) -> bool:
    """Say whether somebody says what becomes of incidents."""
    return actor.role in ACTS


def held(
    session: Session, incident_id: int, actor: Actor, states: Collection[State], version: int | None
) -> Incident:
    """Return an incident's row, held, for who may act on it, in one of these states and in the
    version that was seen. Raises `RoleMayNot`, `NoSuchIncident`, `IncidentChanged`.
    """
    if not may_act(actor):
        raise RoleMayNot
    row = session.scalars(
        sa.select(Incident)
        .where(Incident.id == incident_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NoSuchIncident
    if row.state not in states or (version is not None and row.version != version):
        raise IncidentChanged
    return row


def confirm(session: Session, incident_id: int, *, actor: Actor, now: datetime) -> None:
    """It has happened: what comes joins it, and its tickets say so. Raises as `held`."""
    _open(session, held(session, incident_id, actor, (State.PROPOSED,), None), actor.username, now)


def _open(session: Session, row: Incident, by: str, now: datetime) -> None:
    row.state, row.opened_at, row.opened_by = State.OPEN.value, now, by
    row.version += 1
    session.flush()
    ids = member_ids(session, row.id)
    callers = sum(callers_of(session, ids).values())
    tell_of(session, row.id, "opened", by, now, {"callers": callers})
    _tell_tickets(session, row, ids, by, now)


def dismiss(
    session: Session, incident_id: int, *, text: str = "", actor: Actor, now: datetime
) -> None:
    """It is nothing: its tickets stay what they are, and are not proposed again. Raises as
    `held`.
    """
    row = held(session, incident_id, actor, (State.PROPOSED,), None)
    row.state, row.ended_at, row.ended_by = State.DISMISSED.value, now, actor.username
    row.version += 1
    session.flush()
    tell_of(session, row.id, "dismissed", actor.username, now, {"text": facts.clean(text)})


def open_by_hand(
    session: Session,
    config: Tickets,
    tickets: Sequence[TicketFacts],
    *,
    actor: Actor,
    now: datetime,
) -> int:
    """Make an incident of tickets that somebody has chosen, at once open; its id. Raises
    `RoleMayNot`, `NothingChanged` when none of them is free.
    """
    if not may_act(actor):
        raise RoleMayNot
    one_at_a_time(session)
    taken = _taken(session, [each.id for each in tickets])
    which = Ticket.id.in_([each.id for each in tickets if each.id not in taken])
    members = gathering.matters(session, config, which)
    if not members:
        raise NothingChanged
    weights: dict[str, float] = {}
    for each in members:
        for topic, weight in each.topics.items():
            weights[topic] = weights.get(topic, 0) + weight
    topic = max(weights, key=lambda each: (weights[each], each), default="other")
    scene = rules.scene_of(topic, members, lambda streets: gathering.known_pin(config, streets))
    incident_id = _propose(session, config, Burst(scene, tuple(members)), now)
    _open(session, session.get_one(Incident, incident_id), actor.username, now)
    return incident_id


def _taken(session: Session, ids: Collection[int]) -> dict[int, int]:
    rows = session.execute(
        sa.select(IncidentTicket.ticket_id, IncidentTicket.incident_id).where(
            IncidentTicket.ticket_id.in_(list(ids)), IncidentTicket.removed_at.is_(None)
        )
    )
    return {row.ticket_id: row.incident_id for row in rows}


def add(
    session: Session,
    config: Tickets,
    incident_id: int,
    ticket: TicketFacts,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Make a ticket part of it by hand; what was taken out comes back so. Raises as `held`, and
    `NothingChanged` when it is part of this one or another.
    """
    row = held(session, incident_id, actor, LIVE, None)
    if _taken(session, [ticket.id]) or ticket.private:
        raise NothingChanged
    back = session.scalars(
        sa.update(IncidentTicket)
        .where(IncidentTicket.incident_id == row.id, IncidentTicket.ticket_id == ticket.id)
        .values(removed_at=None, removed_by=None, at=now, by=actor.username)
        .returning(IncidentTicket.ticket_id)
        .execution_options(synchronize_session=False)
    ).all()
    if back:
        tell_of(session, row.id, "joined", actor.username, now, {"tickets": [ticket.id]})
        if row.state == State.OPEN:
            _tell_tickets(session, row, [ticket.id], actor.username, now)
    else:
        _join(session, row.id, [ticket.id], actor.username, now)
    row.version += 1
    session.flush()
    _follow(session, config, row.id)


def remove(
    session: Session,
    config: Tickets,
    incident_id: int,
    ticket: TicketFacts,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Take a ticket out by hand; `add` takes that back. Raises as `held`, and `NothingChanged`."""
    row = held(session, incident_id, actor, LIVE, None)
    out = session.scalars(
        sa.update(IncidentTicket)
        .where(
            IncidentTicket.incident_id == row.id,
            IncidentTicket.ticket_id == ticket.id,
            IncidentTicket.removed_at.is_(None),
        )
        .values(removed_at=now, removed_by=actor.username)
        .returning(IncidentTicket.ticket_id)
        .execution_options(synchronize_session=False)
    ).all()
    if not out:
        raise NothingChanged
    row.version += 1
    session.flush()
    tell_of(session, row.id, "removed", actor.username, now, {"tickets": [ticket.id]})
    if row.state == State.OPEN:
        _tell_tickets(session, row, [ticket.id], actor.username, now, out=True)
    _follow(session, config, row.id)


@dataclass(frozen=True)
class Change:
    """What somebody says of an incident instead; None: as it is. Metres around `centre`."""

    titles: Mapping[str, str] | None = None
    category: str | None = None
    division: str | None = None
    centre: Pin | None = None
    metres: int | None = None


def change(
    session: Session,
    config: Tickets,
    incident_id: int,
    to: Change,
    *,
    version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """Say what it is and where; from then on it does not follow its members. Raises as `held`,
    `UnknownCategory`, `UnknownDivision`, `NothingChanged`.
    """
    if to.category is not None and to.category not in config.categories:
        raise UnknownCategory(category=to.category)
    if to.division is not None and to.division not in config.divisions:
        raise UnknownDivision(division=to.division)
    row = held(session, incident_id, actor, LIVE, version)
    was = _as_told(row)
    _set_category(config, row, to.category)
    row.titles = {**row.titles, **{k: v[:120] for k, v in (to.titles or {}).items() if v}}
    row.division = to.division or row.division
    if to.centre is not None:
        row.latitude, row.longitude = to.centre
    row.metres = to.metres or row.metres
    is_now = _as_told(row)
    changed = [key for key in was if was[key] != is_now[key]]
    if not changed:
        raise NothingChanged
    row.set_by_hand, row.version = True, row.version + 1
    session.flush()
    said = {"was": {key: was[key] for key in changed}, "now": {key: is_now[key] for key in changed}}
    tell_of(session, row.id, "changed", actor.username, now, said)


def _set_category(config: Tickets, row: Incident, category: str | None) -> None:
    """Another category is another topic, and whose that is."""
    if category is None or category == row.category:
        return
    row.category, row.division = category, config.division_of(category, row.area)
    known = topics_of(config).category_of.items()
    row.topic = next((topic for topic, of in known if of == category), row.topic)


def _as_told(row: Incident) -> dict[str, Any]:
    return {
        "titles": dict(row.titles),
        "category": row.category,
        "division": row.division,
        "place": [row.latitude, row.longitude, row.metres],
    }


def tell_of(
    session: Session, incident_id: int, kind: str, who: str, now: datetime, data: dict[str, Any]
) -> None:
    """Add a line to an incident's story."""
    session.add(IncidentEvent(incident_id=incident_id, at=now, who=who, kind=kind, data=data))
    session.flush()


# ------------------------------------------------------------------ looking


def _rows(session: Session, where: sa.ColumnElement[bool]) -> list[Incident]:
    query = sa.select(Incident).where(where).order_by(Incident.id)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def _scene(row: Incident) -> Scene:
    return Scene(
        row.topic,
        _pin(row.latitude, row.longitude),
        frozenset(row.named.get("streets", ())),
        frozenset(row.named.get("marks", ())),
        row.area,
    )


def _pin(latitude: float | None, longitude: float | None) -> Pin | None:
    return None if latitude is None or longitude is None else Pin(latitude, longitude)


def _facts(row: Incident) -> IncidentFacts:
    return IncidentFacts(
        id=row.id,
        state=State(row.state),
        topic=row.topic,
        titles=dict(row.titles),
        category=row.category,
        division=row.division,
        area=row.area,
        streets=tuple(row.named.get("streets", ())),
        centre=_pin(row.latitude, row.longitude),
        metres=row.metres,
        since=row.since,
        found_at=row.found_at,
        opened_at=row.opened_at,
        opened_by=row.opened_by,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        version=row.version,
    )


def _counted(session: Session, found: Sequence[IncidentFacts]) -> list[IncidentFacts]:
    members: dict[int, list[int]] = {each.id: [] for each in found}
    rows = session.execute(
        sa.select(IncidentTicket.incident_id, IncidentTicket.ticket_id).where(
            IncidentTicket.incident_id.in_(list(members)), IncidentTicket.removed_at.is_(None)
        )
    )
    for row in rows:
        members[row.incident_id].append(row.ticket_id)
    callers = callers_of(session, [id_ for ids in members.values() for id_ in ids])
    return [
        replace(
            each,
            callers=sum(callers[id_] for id_ in members[each.id]),
            tickets=len(members[each.id]),
        )
        for each in found
    ]


def find(session: Session, incident_id: int) -> IncidentFacts:
    """Return an incident; raises `NoSuchIncident`."""
    found = [_facts(each) for each in _rows(session, Incident.id == incident_id)]
    if not found:
        raise NoSuchIncident
    return _counted(session, found)[0]


def live(session: Session) -> list[IncidentFacts]:
    """Return what is proposed or open, the newest first."""
    found = [_facts(each) for each in _rows(session, Incident.state.in_(LIVE))]
    return _counted(session, found[::-1])


def listing(session: Session) -> list[IncidentFacts]:
    """Return the latest incidents: what is proposed, open, ending, and then the rest."""
    order = sa.case({State.PROPOSED.value: 0, State.OPEN.value: 1}, value=Incident.state, else_=2)
    rows = session.scalars(sa.select(Incident).order_by(order, Incident.id.desc()).limit(LISTED))
    return _counted(session, [_facts(each) for each in rows])


def member_ids(session: Session, incident_id: int) -> list[int]:
    """Return the ids of an incident's tickets, in their order."""
    query = sa.select(IncidentTicket.ticket_id).where(
        IncidentTicket.incident_id == incident_id, IncidentTicket.removed_at.is_(None)
    )
    return list(session.scalars(query.order_by(IncidentTicket.ticket_id)))


def members(
    session: Session, config: Tickets, incident: IncidentFacts, actor: Actor
) -> list[Member]:
    """Return the tickets of an incident that the actor may read, the newest first."""
    rows = session.execute(
        sa.select(IncidentTicket, Ticket, TicketPlace)
        .join(Ticket, Ticket.id == IncidentTicket.ticket_id)
        .outerjoin(TicketPlace, TicketPlace.ticket_id == Ticket.id)
        .where(
            IncidentTicket.incident_id == incident.id,
            IncidentTicket.removed_at.is_(None),
            search.readable(actor),
        )
        .order_by(Ticket.id.desc())
    ).all()
    callers = callers_of(session, [ticket.id for _, ticket, _ in rows])
    return [
        _member(config, incident, row, facts.of_ticket(ticket), place, callers[ticket.id])
        for row, ticket, place in rows
    ]


def _member(
    config: Tickets,
    incident: IncidentFacts,
    row: IncidentTicket,
    ticket: TicketFacts,
    place: TicketPlace | None,
    callers: int,
) -> Member:
    pin = _pin(place.latitude, place.longitude) if place else None
    target = target_of(config, incident, place)
    return Member(
        ticket=ticket,
        pin=pin,
        metres=distance(pin, incident.centre) if pin and incident.centre else None,
        astray=rules.astray(pin, target, incident.metres) is not None,
        differs=ticket.is_open and is_wrong(config, incident, ticket),
        callers=callers,
        at=row.at,
        by=row.by,
    )


def target_of(config: Tickets, incident: IncidentFacts, place: TicketPlace | None) -> Pin | None:
    """Return where a ticket's pin belongs: at the street that its own address names, when that is
    another one and its place is known, else in the middle of the incident.
    """
    if place is not None:
        written = "\n".join((place.soi, place.road))
        streets = gathering.named_in(config, written).streets
        if streets and not streets & set(incident.streets):
            own = gathering.known_pin(config, streets)
            if own is not None:
                return own
    return incident.centre


def division_of(config: Tickets, incident: IncidentFacts, area: str | None) -> str:
    """Return whose a ticket of an incident is: its division's, or the part of it that has the area
    where the ticket is.
    """
    return config.in_area(incident.division, area)


def is_wrong(config: Tickets, incident: IncidentFacts, ticket: TicketFacts) -> bool:
    """Say whether a ticket is in another category than its incident, or with another division."""
    return ticket.category != incident.category or ticket.division != division_of(
        config, incident, ticket.area
    )


def story(session: Session, incident_id: int) -> list[Happened]:
    """Return what happened to it, in order."""
    rows = session.scalars(
        sa.select(IncidentEvent)
        .where(IncidentEvent.incident_id == incident_id)
        .order_by(IncidentEvent.id)
    )
    return [Happened(row.at, row.who, row.kind, row.data) for row in rows]


def removed(session: Session, incident_id: int, actor: Actor) -> list[TicketFacts]:
    """Return the tickets that were taken out by hand."""
    rows = session.scalars(
        sa.select(Ticket)
        .join(IncidentTicket, IncidentTicket.ticket_id == Ticket.id)
        .where(
            IncidentTicket.incident_id == incident_id,
            IncidentTicket.removed_at.is_not(None),
            search.readable(actor),
        )
        .order_by(Ticket.id)
    )
    return [facts.of_ticket(row) for row in rows]


def of_ticket(session: Session, ticket_id: int) -> IncidentFacts | None:
    """Return the incident that a ticket is part of, unless nobody has confirmed it."""
    row = session.scalar(
        sa.select(Incident)
        .join(IncidentTicket, IncidentTicket.incident_id == Incident.id)
        .where(
            IncidentTicket.ticket_id == ticket_id,
            IncidentTicket.removed_at.is_(None),
            Incident.state.not_in((State.PROPOSED.value, State.DISMISSED.value)),
        )
    )
    return None if row is None else _facts(row)
