"""Incidents as they stand, for who reads them: facts, never rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tickets import facts, masking, protection, search
from tickets.config import Tickets
from tickets.errors import NoSuchIncident
from tickets.facts import Actor, TicketFacts
from tickets.incidents import gathering, rules
from tickets.incidents.models import Incident, IncidentEvent, IncidentTicket
from tickets.incidents.rules import Scene
from tickets.matters.service import callers_of, people_of_each
from tickets.models import Ticket, TicketPlace
from tickets.places.rules import Pin, distance

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


# ------------------------------------------------------------------ rows


def incident_rows(session: Session, where: sa.ColumnElement[bool]) -> list[Incident]:
    """Return the rows of incidents, in the order of their ids: for this room's verbs."""
    query = sa.select(Incident).where(where).order_by(Incident.id)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def scene_at(row: Incident) -> Scene:
    """Return where an incident is, and what it is about, as the rules look at it."""
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
    people = people_of_each(session, list(members.values()))
    return [
        replace(each, callers=callers, tickets=len(members[each.id]))
        for each, callers in zip(found, people, strict=True)
    ]


def find(session: Session, incident_id: int) -> IncidentFacts:
    """Return an incident; raises `NoSuchIncident`."""
    found = [_facts(each) for each in incident_rows(session, Incident.id == incident_id)]
    if not found:
        raise NoSuchIncident
    return _counted(session, found)[0]


def live(session: Session) -> list[IncidentFacts]:
    """Return what is proposed or open, the newest first."""
    found = [_facts(each) for each in incident_rows(session, Incident.state.in_(LIVE))]
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


def nearest_open(found: Sequence[Member]) -> Member | None:
    """Return the open ticket that stands for an incident's place: the nearest to its middle, the
    oldest where several are or no pin is known. Units are sent to that one.
    """
    still = (each for each in found if each.ticket.is_open)
    far = float("inf")
    return min(
        still, key=lambda m: (far if m.metres is None else m.metres, m.ticket.id), default=None
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


def may_see_callers(session: Session, incident_id: int, actor: Actor) -> bool:
    """Say whether the actor may see the callers of all tickets that are or were part of it: what is
    written on an incident is about any of them.
    """
    rows = session.scalars(
        sa.select(Ticket)
        .join(IncidentTicket, IncidentTicket.ticket_id == Ticket.id)
        .where(IncidentTicket.incident_id == incident_id)
    ).all()
    if not rows:
        return actor.role in protection.SEES_CALLER
    return all(search.may_see_caller(actor, facts.of_ticket(row)) for row in rows)


def text_for(text: str, *, whole: bool) -> str:
    """Return words of an incident as they are read: without numbers for who may not see its
    callers (`whole`: may), as those of a ticket are (`tickets.search.text_for`).
    """
    return text if whole else masking.masked(text)


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
