"""Which open tickets may be the same matter as what is being written down: found in the database,
judged by `rules`.

A handful is read whatever the city has behind it: what is in reach of the pin and new enough (one
index holds both), the newest of the area, those of the caller.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import cos, radians
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tickets import facts, search
from tickets.config import Tickets
from tickets.facts import Actor, TicketFacts
from tickets.files.rules import Kind
from tickets.matters import rules
from tickets.matters.rules import Limits, Matter, Offer
from tickets.matters.service import callers_of
from tickets.models import IS_OPEN, Ticket, TicketEvent, TicketFile, TicketPlace
from tickets.places import rules as place_rules
from tickets.places import service as places
from tickets.places.areas import Point
from tickets.places.rules import Pin, Place
from tickets.search import readable

#: So many of each sort are looked at: the nearest, the newest of the area, the newest of all.
NEAREST: Final = 80
NEWEST: Final = 120
OF_CALLER: Final = 10
#: From when to when what is looked at was received.
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Draft:
    """What is being written down. `number`: who calls (E.164, empty when withheld); `ticket`: the
    one that is asked about, whose own it is not offered.
    """

    text: str = ""
    category: str | None = None
    place: Place = places.NOWHERE
    number: str = ""
    at: datetime | None = None
    ticket: int = 0

    @property
    def says_something(self) -> bool:
        """There is anything to find the same by."""
        return bool(self.text.strip()) or not self.place.is_empty


@dataclass(frozen=True)
class Suggested:
    """An open ticket that may be the same matter: what speaks for it, its photo (a file's id), how
    many came with it.
    """

    ticket: TicketFacts
    place: Place
    offer: Offer
    photo: int | None
    callers: int


def suggest(
    session: Session, config: Tickets, draft: Draft, actor: Actor, *, now: datetime
) -> list[Suggested]:
    """Return at most three open tickets that the actor may read and that are likely the same matter
    as the draft, the likeliest first.
    """
    if not draft.says_something:
        return []
    at = draft.at or now
    theirs = {each.id for each in _called_about(session, draft.number, actor)}
    found = _candidates(session, config, draft, actor, at, theirs)
    it = matter(config, draft, at)
    offers = rules.offers(it, _comparable(config, it, found.values()))
    ids = [each.matter.key for each in offers]
    tickets = _tickets(session, ids)
    where = places.of_tickets(session, tickets.values())
    photos, callers = _photos(session, ids), callers_of(session, ids)
    return [
        Suggested(
            ticket=tickets[each.matter.key],
            place=where.get(each.matter.key, places.NOWHERE),
            offer=each,
            photo=photos.get(each.matter.key),
            callers=callers[each.matter.key],
        )
        for each in offers
    ]


def _comparable(config: Tickets, it: Matter, found: Iterable[Matter]) -> Iterator[Matter]:
    """With the names of places where these say how near they are: no pin does."""
    for each in found:
        needed = it.streets and (it.pin is None or each.pin is None)
        yield _with_names(config, each) if needed else each


def _tickets(session: Session, ids: Sequence[int]) -> dict[int, TicketFacts]:
    rows = session.scalars(sa.select(Ticket).where(Ticket.id.in_(ids)))
    return {row.id: facts.of_ticket(row) for row in rows}


def of_existing(
    session: Session, config: Tickets, ticket: TicketFacts, actor: Actor, *, now: datetime
) -> list[Suggested]:
    """Return what may be the same matter as a ticket that is there."""
    number = ticket.caller_number if search.may_see_caller(actor, ticket) else None
    draft = Draft(
        text=ticket.text,
        category=ticket.category,
        place=replace(places.of_ticket(session, ticket), area=ticket.area),
        number=number or "",
        at=ticket.received_at,
        ticket=ticket.id,
    )
    return suggest(session, config, draft, actor, now=now)


# ------------------------------------------------------------------ as the rules see them


def matter(config: Tickets, draft: Draft, at: datetime) -> Matter:
    """Return the draft as the rules compare it."""
    found = _matter(config, draft.ticket, draft.text, at, draft.category, draft.place, draft.number)
    return _with_names(config, found)


def _with_names(config: Tickets, it: Matter) -> Matter:
    """With the sois and landmarks that it names: an agent writes them into the note before anybody
    asks where it is. A road runs through the whole city: its name is no place.
    """
    named = (hit.named for hit in config.areas.found_in(f"{it.place}\n{it.text}"))
    points = (each for each in named if isinstance(each, Point) and each.kind != "road")
    return replace(it, streets=frozenset(each.id for each in points))


def _matter(
    config: Tickets,
    key: int,
    text: str,
    at: datetime,
    category: str | None,
    place: Place,
    number: str,
) -> Matter:
    known = config.categories.get(category or "")
    return Matter(
        key=key,
        text=text,
        at=at,
        limits=config.duplicates_of(category).limits,
        category=category if known else None,
        group=known.division if known else None,
        pin=place.pin,
        area=place.area or place.written,
        place=place_rules.said(place, {}),
        numbers=frozenset({number} if number else ()),
    )


# ------------------------------------------------------------------ what is looked at


def widest(config: Tickets) -> Limits:
    """Return the widest limits of the city: within them its candidates are."""
    found = config.duplicates.limits
    for each in config.categories.values():
        if each.duplicates is not None:
            found = found.wider(each.duplicates.limits)
    return found


#: What is read of each, and no more: there may be some hundred, each time somebody types.
_READ: Final = (
    Ticket.id,
    Ticket.text,
    Ticket.category,
    Ticket.received_at,
    Ticket.area,
    TicketPlace.latitude,
    TicketPlace.longitude,
    *(getattr(TicketPlace, name) for name in place_rules.PARTS),
)


def _candidates(
    session: Session,
    config: Tickets,
    draft: Draft,
    actor: Actor,
    at: datetime,
    theirs: Collection[int],
) -> dict[int, Matter]:
    """The matters that are compared, by id; `theirs`: those that the caller has called about."""
    limits = widest(config)
    span = (at - limits.within, at + limits.within)
    first = _first_since(session, span[0])
    ids: list[sa.Select[int]] = []
    pin, area = draft.place.pin, draft.place.area or draft.place.written
    if pin is not None:
        ids.append(_near(pin, limits.radius_m, span, first, actor))
    if area is not None:
        ids.append(_of_area(area, span, first, actor, pinned=pin is None))
    elif pin is None:
        ids.append(_newest(span, first, actor))
    wanted = {*theirs, *(id_ for each in ids for id_ in session.scalars(each))} - {draft.ticket}
    rows = session.execute(
        sa.select(*_READ)
        .outerjoin(TicketPlace, TicketPlace.ticket_id == Ticket.id)
        .where(Ticket.id.in_(wanted))
    )
    return {row[0]: _of_row(config, row, draft.number if row[0] in theirs else "") for row in rows}


def _of_row(config: Tickets, row: Any, number: str) -> Matter:
    id_, text, category, at, area, latitude, longitude, *words = row
    pin = None if latitude is None else Pin(latitude, longitude)
    parts: dict[str, Any] = {
        name: word or "" for name, word in zip(place_rules.PARTS, words, strict=True)
    }
    return _matter(config, id_, text, at, category, Place(pin=pin, area=area, **parts), number)


def _first_since(session: Session, since: datetime) -> int:
    """The id that all tickets have at least which were received since then: ids go with the time,
    and the events have it in an index.
    """
    first = (
        sa.select(TicketEvent.ticket_id)
        .where(TicketEvent.at >= since, TicketEvent.kind == "made")
        .order_by(TicketEvent.at)
        .limit(1)
    )
    return session.scalar(first) or 0


def _open(span: Span, first: int, actor: Actor) -> list[sa.ColumnElement[bool]]:
    return [IS_OPEN, Ticket.id >= first, Ticket.received_at.between(*span), readable(actor)]


def _near(pin: Pin, metres: float, span: Span, first: int, actor: Actor) -> sa.Select[int]:
    box = place_rules.around(pin, metres)
    aside = (TicketPlace.longitude - pin.longitude) * cos(radians(pin.latitude))
    ahead = TicketPlace.latitude - pin.latitude
    return (
        sa.select(Ticket.id)
        .join(TicketPlace, TicketPlace.ticket_id == Ticket.id)
        .where(
            TicketPlace.latitude.between(box.south, box.north),
            TicketPlace.longitude.between(box.west, box.east),
            TicketPlace.ticket_id >= first,
            *_open(span, first, actor),
        )
        .order_by(aside * aside + ahead * ahead, Ticket.id.desc())
        .limit(NEAREST)
    )


def _of_area(area: str, span: Span, first: int, actor: Actor, *, pinned: bool) -> sa.Select[int]:
    """The newest of an area; of those without a pin alone, where the others are found by theirs."""
    newest = (
        sa.select(Ticket.id)
        .where(Ticket.area == area, *_open(span, first, actor))
        .order_by(Ticket.id.desc())
        .limit(NEWEST if pinned else 3 * NEWEST)
    )
    if pinned:
        return newest
    found = sa.select(Ticket.id).where(Ticket.id.in_(newest))
    has_pin = sa.exists().where(
        TicketPlace.ticket_id == Ticket.id, TicketPlace.latitude.is_not(None)
    )
    return found.where(~has_pin)


def _newest(span: Span, first: int, actor: Actor) -> sa.Select[int]:
    return (
        sa.select(Ticket.id)
        .where(*_open(span, first, actor))
        .order_by(Ticket.id.desc())
        .limit(NEWEST)
    )


def _called_about(session: Session, number: str, actor: Actor) -> Sequence[TicketFacts]:
    """What is open of what this number has called about."""
    if not number:
        return []
    found = search.near_caller(session, number, actor, limit=OF_CALLER)
    return [each for each in found if each.is_open]


def _photos(session: Session, ids: Sequence[int]) -> dict[int, int]:
    """The first picture of each of what was found there."""
    rows = session.execute(
        sa.select(TicketFile.ticket_id, sa.func.min(TicketFile.id))
        .where(
            TicketFile.ticket_id.in_(ids),
            TicketFile.kind == Kind.BEFORE.value,
            TicketFile.thumb.is_not(None),
            TicketFile.removed_at.is_(None),
            TicketFile.erased_at.is_(None),
        )
        .group_by(TicketFile.ticket_id)
    )
    return {row[0]: row[1] for row in rows}
