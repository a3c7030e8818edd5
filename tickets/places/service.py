"""The verbs of places: what was typed becomes a place, a ticket gets one, and what is near or in a
box is found.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from math import cos, radians
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tickets import facts, handling
from tickets.config import Tickets
from tickets.errors import BadPlace, NothingChanged, NotYours, RoleMayNot
from tickets.facts import Actor, TicketFacts
from tickets.models import IS_OPEN, MISPLACED, Asset, EventKind, Ticket, TicketPlace
from tickets.places import assets, entry, rules
from tickets.places.areas import Area, Point
from tickets.places.rules import PARTS, Box, Pin, PinSource, Place, Repair
from tickets.search import readable
from tickets.workflow import Role
from tickets.writing import keep_time, locked, tell

#: So many tickets are drawn one by one; more are drawn as numbers, in so many columns of a box.
DRAWN: Final = 300
COLUMNS: Final = 12
#: Nobody asks for what is near within more than this, in metres.
FARTHEST: Final = 20_000
NOWHERE: Final = Place()


# ------------------------------------------------------------------ what was typed


def entered(
    session: Session, config: Tickets, fields: Mapping[str, str], *, lenient: bool = False
) -> Place:
    """Return the place that was typed (`entry.FIELDS`), with whose it is.

    What stands there (`place_asset`) gives the pin. Raises `BadPlace`; `lenient` leaves out what is
    none, for a draft that the limit takes: every word of it is kept.
    """
    words: dict[str, Any] = {name: entry.tidy(fields.get(entry.PREFIX + name)) for name in PARTS}
    place = Place(**words)
    written = fields.get(f"{entry.PREFIX}written") or None
    if written in config.areas.areas:
        place = replace(place, written=written)
    elif written is not None and not lenient:
        raise BadPlace("area", written)
    try:
        pinned = _pinned(session, place, fields)
    except BadPlace:
        if not lenient:
            raise
        pinned = place
    return settled(config, pinned)


def _pinned(session: Session, place: Place, fields: Mapping[str, str]) -> Place:
    number = fields.get(f"{entry.PREFIX}asset", "")
    if number:
        asset = assets.named(session, number)
        if asset is None:
            raise BadPlace("asset", number)
        return replace(place, pin=asset.pin, source=PinSource.ASSET, asset=asset.name)
    try:
        pin = entry.pin_of(fields)
    except ValueError as error:
        said = " ".join(fields.get(entry.PREFIX + name, "") for name in ("latitude", "longitude"))
        raise BadPlace("coordinates", said.strip()) from error
    source = entry.source_of(fields)
    # only a thing of the city's can say that it set the pin
    source = PinSource.AGENT if source is PinSource.ASSET else source
    return place if pin is None else replace(place, pin=pin, source=source)


def settled(config: Tickets, place: Place) -> Place:
    """Return the place with whose it is, by the city's areas."""
    at = config.areas.at(place.pin) if place.pin else None
    return place.settled(at.id if at else None)


# ------------------------------------------------------------------ a ticket's place


def of_ticket(session: Session, ticket: TicketFacts) -> Place:
    """Return where a ticket is; an empty place for one that is nowhere yet."""
    return of_tickets(session, [ticket]).get(ticket.id, NOWHERE)


def of_tickets(session: Session, tickets: Collection[TicketFacts]) -> dict[int, Place]:
    """Return where tickets are, by their ids; one that is nowhere yet is not in it."""
    areas = {ticket.id: ticket.area for ticket in tickets}
    rows = session.execute(
        sa.select(TicketPlace, Asset.kind, Asset.number)
        .outerjoin(Asset, Asset.id == TicketPlace.asset_id)
        .where(TicketPlace.ticket_id.in_(list(areas)))
    )
    return {
        row.ticket_id: _place(row, kind and assets.name_of(kind, number), areas[row.ticket_id])
        for row, kind, number in rows
    }


def _place(row: TicketPlace, asset: str | None, area: str | None) -> Place:
    words: dict[str, Any] = {name: getattr(row, name) for name in PARTS}
    return Place(
        pin=None if row.latitude is None else _pin(row.latitude, row.longitude),
        source=PinSource(row.source) if row.source else None,
        asset=asset,
        written=row.written,
        area=area,
        contradicts=row.contradicts,
        **words,
    )


def _pin(latitude: float | None, longitude: float | None) -> Pin:
    """Return the pin of a row that has one: a constraint holds that it has both."""
    assert latitude is not None
    assert longitude is not None
    return Pin(latitude, longitude)


def may_place(actor: Actor, ticket: TicketFacts) -> bool:
    """Say whether the actor may say where it is: who may say whose it is."""
    return handling.may_route(actor, ticket)


def place(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    where: Place,
    *,
    text: str = "",
    actor: Actor,
    now: datetime,
) -> TicketFacts:
    """Say where a ticket is, in the version that was seen; where its area changes, it goes to who
    has that one (`handling.at_place`). `text` says why.

    Raises `NothingChanged`, `NotYours`, `RoleMayNot`, `TicketMoved`.
    """
    if not may_place(actor, ticket):
        raise RoleMayNot if actor.role is not Role.DIVISION else NotYours
    where, before = settled(config, where), of_ticket(session, ticket)
    if where.told() == before.told():
        raise NothingChanged
    said = {"was": before.told(), "now": where.told(), "text": facts.clean(text)}
    moved = handling.at_place(
        session, config, ticket, area=where.area, said=said, actor=actor, now=now
    )
    _keep(session, ticket.id, where)
    return moved


def repair(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    how: Repair,
    *,
    actor: Actor,
    now: datetime,
) -> TicketFacts:
    """Put right a pin that is not where the words say. Raises as `place`, and `NothingChanged` when
    nothing contradicts any more or there is nothing to put it right with.
    """
    where = repaired(config, of_ticket(session, ticket), how)
    if where is None:
        raise NothingChanged
    return place(session, config, ticket, where, actor=actor, now=now)


def repaired(config: Tickets, where: Place, how: Repair) -> Place | None:
    """Return the place after a repair; None where that is none."""
    if not where.contradicts:
        return None
    if how is Repair.WORDS:
        return settled(config, replace(where, pin=None))
    if how is Repair.PIN:
        return settled(config, replace(where, written=where.area)) if where.area else None
    point = landmark_of(config, where)
    if point is None:
        return None
    moved = replace(where, pin=point.pin, source=PinSource.AGENT, asset=None)
    return settled(config, moved)


def landmark_of(config: Tickets, where: Place) -> Point | None:
    """Return the main point that the words name, if it lies in the sub-district that they name."""
    hits = (hit.named for hit in config.areas.found_in(rules.said(where, {})))
    fits = (each for each in hits if isinstance(each, Point) and each.area == where.written)
    return next(fits, None)


def suggested(config: Tickets, words: str) -> tuple[Area, str] | None:
    """Return the area that somebody's words name, and which of them do; None when they name none,
    or the two longest names in them speak for different ones.
    """
    hits = [hit for hit in config.areas.found_in(words) if hit.area is not None]
    if not hits or any(hit.area != hits[0].area for hit in hits[:2]):
        return None
    return config.areas.areas[hits[0].area or ""], hits[0].words


def whose_outside(config: Tickets, where: Place) -> Area | None:
    """Return the neighbour whose the place is; None for one in the city, or nobody knows where."""
    found = config.areas.areas.get(where.area or "")
    return found if found and found.outside else None


def is_beyond(config: Tickets, where: Place) -> bool:
    """Say whether the pin is outside of all areas that are known."""
    return bool(config.areas) and where.pin is not None and where.area is None


def placed_in_call(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    where: Place,
    *,
    by: str,
    now: datetime,
) -> None:
    """Write down the place that an agent typed in a call about this ticket, however it came by the
    call. One that has a place keeps it: what was said now stands in its story.
    """
    if where.is_empty:
        return
    seen = locked(session, ticket)
    before = of_ticket(session, seen)
    if not before.is_empty:
        if before.told() != where.told():
            names = {id_: area.name("th") for id_, area in config.areas.areas.items()}
            text = rules.said(where, names)
            pin = f"{where.pin.latitude}, {where.pin.longitude}" if where.pin else ""
            said = " · ".join(part for part in (text, pin) if part)
            tell(session, ticket.id, EventKind.NOTE, by, now, {"text": said})
        return
    said_now: dict[str, Any] = {"was": {}, "now": where.told(), "text": ""}
    if seen.is_open and seen.area != where.area:
        actor = Actor(by, Role.AGENT)
        handling.at_place(
            session, config, seen, area=where.area, said=said_now, actor=actor, now=now
        )
    else:
        tell(session, ticket.id, EventKind.PLACED, by, now, said_now)
        keep_time(session, seen, {"area": where.area})
    _keep(session, ticket.id, where)


def _keep(session: Session, ticket_id: int, where: Place) -> None:
    asset = assets.named(session, where.asset) if where.asset else None
    values: dict[str, Any] = {
        "latitude": where.pin.latitude if where.pin else None,
        "longitude": where.pin.longitude if where.pin else None,
        "source": where.source.value if where.source else None,
        "asset_id": asset.id if asset else None,
        "written": where.written,
        "contradicts": where.contradicts,
        **where.words,
    }
    row = session.get(TicketPlace, ticket_id)
    if row is None:
        session.add(TicketPlace(ticket_id=ticket_id, **values))
    else:
        for name, value in values.items():
            setattr(row, name, value)
    session.flush()


# ------------------------------------------------------------------ what is near, and in a box


def _within(box: Box, table: type[TicketPlace] | type[Asset]) -> list[sa.ColumnElement[bool]]:
    return [
        table.latitude.between(box.south, box.north),
        table.longitude.between(box.west, box.east),
    ]


def near(
    session: Session,
    pin: Pin,
    metres: float,
    actor: Actor,
    *,
    only_open: bool = False,
    limit: int = 50,
) -> list[tuple[TicketFacts, float]]:
    """Return the tickets that the actor may read within so many metres (at most `FARTHEST`) of a
    pin, the nearest first, each with its distance in metres.
    """
    box = rules.around(pin, min(metres, FARTHEST))
    # flat, and so only an order: what is near enough is asked of the sphere below
    aside = (TicketPlace.longitude - pin.longitude) * cos(radians(pin.latitude))
    ahead = TicketPlace.latitude - pin.latitude
    rows = session.execute(
        sa.select(Ticket, TicketPlace.latitude, TicketPlace.longitude)
        .join(TicketPlace, TicketPlace.ticket_id == Ticket.id)
        .where(*_within(box, TicketPlace), readable(actor), *([IS_OPEN] if only_open else []))
        .order_by(aside * aside + ahead * ahead, Ticket.id.desc())
        .limit(limit)
    )
    found = [
        (facts.of_ticket(row), rules.distance(pin, _pin(latitude, longitude)))
        for row, latitude, longitude in rows
    ]
    return sorted(
        (each for each in found if each[1] <= min(metres, FARTHEST)), key=lambda each: each[1]
    )


@dataclass(frozen=True)
class Group:
    """Tickets that are drawn as one number, in the middle of where they are."""

    pin: Pin
    count: int


def open_in(
    session: Session, box: Box, actor: Actor, *, limit: int = DRAWN
) -> tuple[list[tuple[TicketFacts, Pin]], list[Group]]:
    """Return the open tickets in a box that the actor may read: one by one, or (when they are more
    than `limit`) in groups.
    """
    where = [*_within(box, TicketPlace), IS_OPEN, readable(actor)]
    pinned = sa.select(TicketPlace.latitude, TicketPlace.longitude).join(
        Ticket, TicketPlace.ticket_id == Ticket.id
    )
    count = session.scalar(
        sa.select(sa.func.count()).select_from(pinned.where(*where).limit(limit + 1).subquery())
    )
    if (count or 0) > limit:
        return [], _groups(session, pinned.where(*where), box)
    rows = session.execute(
        sa.select(Ticket, TicketPlace.latitude, TicketPlace.longitude)
        .join(TicketPlace, TicketPlace.ticket_id == Ticket.id)
        .where(*where)
        .order_by(Ticket.id.desc())
    )
    return [(facts.of_ticket(row), _pin(lat, lon)) for row, lat, lon in rows], []


def _groups(
    session: Session, pinned: sa.Select[float | None, float | None], box: Box
) -> list[Group]:
    """Count by squares: a column of the box is as wide as its square is high."""
    side = max((box.east - box.west) / COLUMNS, (box.north - box.south) / COLUMNS, 1e-6)
    of_box = pinned.subquery()
    cells = sa.select(
        of_box.c.latitude,
        of_box.c.longitude,
        # the whole number below: of what all databases have, only this rounds alike
        sa.func.round((of_box.c.latitude - box.south) / side - 0.5).label("row"),
        sa.func.round((of_box.c.longitude - box.west) / side - 0.5).label("column"),
    ).subquery()
    rows = session.execute(
        sa.select(
            sa.func.avg(cells.c.latitude), sa.func.avg(cells.c.longitude), sa.func.count()
        ).group_by(cells.c.row, cells.c.column)
    )
    return [Group(Pin(float(lat), float(lon)), count) for lat, lon, count in rows]


def contradicting(session: Session, actor: Actor, divisions: Collection[str] = ()) -> int:
    """Count the open tickets whose pin is not where their words say."""
    theirs = [Ticket.division.in_(sorted(divisions))] if divisions else []
    return (
        session.scalar(
            sa.select(sa.func.count())
            .select_from(Ticket)
            .join(TicketPlace, TicketPlace.ticket_id == Ticket.id)
            .where(MISPLACED, IS_OPEN, readable(actor), *theirs)
        )
        or 0
    )


def assets_in(
    session: Session, box: Box, kind: str = "", *, limit: int = DRAWN
) -> list[assets.AssetFacts]:
    """Return the things of the city in a box, of one kind or (empty) all; at most `limit`."""
    of_kind = [Asset.kind == kind] if kind else []
    rows = session.scalars(
        sa.select(Asset).where(*_within(box, Asset), *of_kind).order_by(Asset.id).limit(limit)
    )
    return [assets.facts_of(row) for row in rows]


def open_by_area(session: Session, actor: Actor) -> dict[str | None, int]:
    """Count the open tickets that the actor may read by area; None: nowhere that is known."""
    rows = session.execute(
        sa.select(Ticket.area, sa.func.count())
        .where(IS_OPEN, readable(actor))
        .group_by(Ticket.area)
    )
    return {row[0]: row[1] for row in rows}
