"""How a place is shown: what the pages of a ticket say of it, and what a form does of one that is
being typed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from flask import url_for
from sqlalchemy.orm import Session

from hotline.floor import Floor
from hotline.web import language, t
from tickets.config import Tickets
from tickets.facts import Actor, TicketFacts
from tickets.places import entry, rules, service
from tickets.places.areas import Area, Point
from tickets.places.rules import PARTS, Pin, Place, Repair


@dataclass(frozen=True)
class Part:
    """Where a ticket is, as its page says it.

    `outside`: the neighbour whose it is; `beyond`: nobody knows whose; `landmark`: where the pin
    would go that follows the words; `nearest`: the nearest main point and how many metres away.
    """

    where: Place
    line: str
    area: Area | None
    outside: Area | None
    beyond: bool
    written: Area | None
    landmark: Point | None
    nearest: tuple[Point, float] | None
    may: bool


def part(session: Session, config: Tickets, ticket: TicketFacts, actor: Actor) -> Part:
    """Return what a ticket's page says of its place."""
    where = service.of_ticket(session, ticket)
    areas = config.areas
    return Part(
        where=where,
        line=line(config, where),
        area=areas.areas.get(where.area or ""),
        outside=service.whose_outside(config, where),
        beyond=service.is_beyond(config, where),
        written=areas.areas.get(where.written or ""),
        landmark=service.landmark_of(config, where) if where.contradicts else None,
        nearest=areas.nearest(where.pin) if where.pin else None,
        may=service.may_place(actor, ticket),
    )


def line(config: Tickets, where: Place) -> str:
    """Say a place in one line, with the number of what stands there; empty where there are no words
    and no area.
    """
    kind, _, number = (where.asset or "").partition(":")
    thing = f"{kind_words(kind)} {number}" if number else ""
    return " ".join(part for part in (rules.said(where, names(config)), thing) if part)


def kind_words(kind: str) -> str:
    """Return the word for a kind of the city's things; one that has none shows its name."""
    known = ("lamp", "bin", "water_point")
    return t(f"tickets.place.kind.{kind}") if kind in known else kind.replace("_", " ")


def area(config: Tickets, id_: str | None) -> str:
    """Return the name of an area; one that has left the file shows its id."""
    known = config.areas.areas.get(id_ or "")
    return known.name(language()) if known else (id_ or "")


def names(config: Tickets) -> dict[str, str]:
    """Return the names of areas by id."""
    return {id_: each.name(language()) for id_, each in config.areas.areas.items()}


def metres(length: float) -> str:
    """Say a distance: tens of metres, from a kilometre on kilometres."""
    if length >= 1000:
        return t("tickets.place.kilometres", n=f"{length / 1000:.1f}")
    return t("tickets.place.metres", n=round(length / 10) * 10)


# ------------------------------------------------------------------ what is being typed


@dataclass(frozen=True)
class Fix:
    """One way to put a contradiction right: its words, and what it writes into which fields (by
    their names without `place_`).
    """

    how: Repair | None
    title: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Wrong:
    """A pin that is not where the words say: why, in words, and the ways to put it right."""

    why: str
    fixes: Sequence[Fix]


@dataclass(frozen=True)
class Meant:
    """What is known of a place that is being typed and contradicts nothing: in words, with what one
    click fills in; `at`: where a map should open.
    """

    why: str
    fixes: Sequence[Fix] = ()
    at: Pin | None = None


#: What a repair may change.
_CHANGED: Final = ("written", "latitude", "longitude", "asset")


def wrong(config: Tickets, fields: Mapping[str, str]) -> Wrong | None:
    """Say what contradicts in a place that is being typed (`entry.FIELDS`), and what one click does
    about it, as on the ticket's page; None where nothing does.
    """
    where = _being_typed(config, fields)
    if where is None or not where.contradicts:
        return None
    why = t(
        "tickets.place.contradicts_typed",
        pin=area(config, where.area) or t("tickets.place.unknown"),
        written=area(config, where.written),
    )
    return Wrong(why, tuple(_fixes(config, where)))


def meant(config: Tickets, fields: Mapping[str, str], note: str = "") -> Meant | None:
    """Say what the words of a place that is being typed name (of none, those of the `note`), or
    whose it is outside the city; None where that says nothing new.
    """
    where = _being_typed(config, fields)
    if where is None or where.contradicts:
        return None
    if (outside := service.whose_outside(config, where)) is not None:
        said = t("tickets.place.outside", area=outside.name(language()))
        return Meant(" ".join(filter(None, (said, outside.telephone))))
    if service.is_beyond(config, where):
        return Meant(t("tickets.place.beyond"))
    words = rules.said(replace(where, written=None, area=None), {}) or note
    found = service.suggested(config, words) if where.pin is None else None
    return None if found is None else _named(config, where, found[0], words)


def named(config: Tickets, fields: Mapping[str, str]) -> Area | None:
    """Return the area that the words of a place name that is being typed."""
    where = _being_typed(config, fields)
    words = rules.said(replace(where, written=None, area=None), {}) if where else ""
    found = service.suggested(config, words)
    return found[0] if found else None


def _named(config: Tickets, where: Place, found: Area, words: str) -> Meant | None:
    """Say what words name: the area, and the main point in it. A street is long: a map opens there,
    and only where a landmark is the pin can be.
    """
    if where.written not in (None, found.id):
        return None
    hits = (hit.named for hit in config.areas.found_in(words) if hit.area == found.id)
    point = next((named for named in hits if isinstance(named, Point)), None)
    fixes: list[Fix] = []
    area_field = {"written": found.id}
    if where.written is None:
        fixes.append(Fix(None, t("tickets.place.use_area"), area_field))
    if point is not None and point.kind == "landmark":
        latitude, longitude = (str(degrees) for degrees in point.pin)
        pinned = {**area_field, "latitude": latitude, "longitude": longitude, "asset": ""}
        name = point.name(language())
        fixes.append(Fix(Repair.LANDMARK, t("tickets.place.pin_at", name=name), pinned))
    area_name = found.name(language())
    why = f"{point.name(language())} · {area_name}" if point else area_name
    return Meant(why if fixes else "", fixes, point.pin if point else None)


def _being_typed(config: Tickets, fields: Mapping[str, str]) -> Place | None:
    """Return the place as far as it has been typed; None while the figures are no pin."""
    try:
        pin = entry.pin_of(fields)
    except ValueError:
        return None
    parts: dict[str, Any] = {name: entry.tidy(fields.get(entry.PREFIX + name)) for name in PARTS}
    written = fields.get(f"{entry.PREFIX}written") or None
    known = written if written in config.areas.areas else None
    asset = fields.get(f"{entry.PREFIX}asset") or None
    return service.settled(config, Place(pin=pin, written=known, asset=asset, **parts))


def _fixes(config: Tickets, where: Place) -> list[Fix]:
    point = service.landmark_of(config, where)
    names = {
        Repair.PIN: {"area": area(config, where.area)},
        Repair.LANDMARK: {"name": point.name(language()) if point else ""},
        Repair.WORDS: {},
    }
    before = entry.typed(where)
    found = []
    for how, said in names.items():
        repaired = service.repaired(config, where, how)
        if repaired is None:
            continue
        after = entry.typed(repaired)
        changed = {
            name: after.get(key, "")
            for name in _CHANGED
            if after.get(key := entry.PREFIX + name, "") != before.get(key, "")
        }
        found.append(Fix(how, t(f"tickets.place.repair.{how.value}", **said), changed))
    return found


@dataclass(frozen=True)
class Fields:
    """What the fields of a place are made with, on another room's page."""

    config: Tickets
    map_of: dict[str, str]

    def wrong(self, fields: Mapping[str, str]) -> Wrong | None:
        """See `wrong`."""
        return wrong(self.config, fields)

    def meant(self, fields: Mapping[str, str], note: str) -> Meant | None:
        """See `meant`."""
        return meant(self.config, fields, note)


def fields_of(the_floor: Floor) -> Fields:
    """Return what the fields of a place are made with."""
    config = the_floor.section(Tickets)
    return Fields(config, map_of(config))


def map_of(config: Tickets) -> dict[str, str]:
    """Return what an element says that becomes a map (`data-…`)."""
    tiles = config.places.tiles
    found = {
        "areas": url_for("places.areas"),
        "leaflet": url_for("places.library"),
        "at": url_for("places.at"),
        "find": url_for("places.find"),
        "near": url_for("places.open_tickets"),
        "things": url_for("places.assets_in"),
        "language": language(),
    }
    if tiles is not None:
        found |= {
            "tiles": tiles.url,
            "attribution": tiles.attribution,
            "zoom": str(tiles.max_zoom),
        }
    return found
