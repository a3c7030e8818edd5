"""The verbs of incidents: found, opened, joined, changed, left. What is done with all the tickets
of one is in `works.py`.

Of two workers that find the same burst one makes the incident: who is about to write holds the
table first and looks again. Nobody holds a ticket before that, so that none waits for the other.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.config import READER_LANGUAGES, LocalText
from hotline.notices import service as notices
from hotline.notices.rules import Kind
from hotline.roles import Role as AccountRole
from tickets import facts
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
from tickets.incidents.gathering import Topics, topics_of
from tickets.incidents.looking import LIVE, State, incident_rows, member_ids, scene_at
from tickets.incidents.models import Incident, IncidentEvent, IncidentTicket
from tickets.incidents.rules import Burst, Matter, Scene
from tickets.matters.service import people_of
from tickets.models import EventKind, Ticket
from tickets.places.rules import Pin, around
from tickets.workflow import Role
from tickets.writing import tell

#: Who says what becomes of an incident.
ACTS: Final = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})


#: From so many members on the middle is worked out now and then only.
MANY: Final = 40
_JOINED: Final = (*LIVE, State.DISMISSED)


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
    live = incident_rows(session, Incident.state.in_(_JOINED))
    loose = _loose(session, config, now, also)
    if not loose:
        return Found()
    joins: list[tuple[int, Matter]] = []
    gone = _gone(session, [each.id for each in loose])
    for each in loose:
        for row in live:
            fits = _takes(row, each, config, now) and (row.id, each.id) not in gone
            if fits and rules.belongs(each, scene_at(row), limits):
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
    """Have the place follow the members, until somebody has said where it is. Of many, one more
    moves the middle no further: then it is worked out now and then.
    """
    row = session.get_one(Incident, incident_id, populate_existing=True)
    count = len(member_ids(session, incident_id))
    if row.set_by_hand or (count > MANY and count % 10):
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
    if people_of(session, member_ids(session, incident_id)) >= most:
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
    callers = people_of(session, ids)
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
