"""The fields in which a place is typed: those of the desk's form, and of the ticket's page.

As typed they are texts by name, and so a draft keeps them; `tickets.places.service` makes a place
of them. Pure.
"""

from collections.abc import Mapping
from typing import Any, Final

from tickets.places.rules import PARTS, Pin, PinSource, Place

#: What the names of all fields begin with.
PREFIX: Final = "place_"
#: `place_written` is an area's id, `place_asset` a number, `place_source` a `PinSource`.
FIELDS: Final = tuple(
    PREFIX + name for name in (*PARTS, "written", "latitude", "longitude", "source", "asset")
)
#: Of each field no more than this is kept.
LONGEST: Final = 300


def kept(body: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields of a place that something was typed into, out of all of a form."""
    found = {name: tidy(body.get(name)) for name in FIELDS}
    return {name: text for name, text in found.items() if text}


def tidy(value: Any) -> str:
    """Return one line, and no more of it than is kept."""
    text = str(value or "").replace("\0", "")
    return " ".join(text.split())[:LONGEST]


def typed(place: Place) -> dict[str, str]:
    """Return the fields that say a place: what a form begins with."""
    values = {PREFIX + name: text for name, text in place.words.items()}
    values |= {
        PREFIX + "written": place.written or "",
        PREFIX + "asset": place.asset or "",
        PREFIX + "source": str(place.source or ""),
    }
    if place.pin is not None:
        values |= {
            PREFIX + "latitude": str(place.pin.latitude),
            PREFIX + "longitude": str(place.pin.longitude),
        }
    return {name: text for name, text in values.items() if text}


def pin_of(fields: Mapping[str, str]) -> Pin | None:
    """Return the pin that was typed; None where there is none. Raises ValueError for half a pin,
    and for what is no place on earth.

    Both figures may stand in one field, as a map's page gives them: `12.93, 100.88`.
    """
    latitude, longitude = fields.get(PREFIX + "latitude", ""), fields.get(PREFIX + "longitude", "")
    if not latitude and not longitude:
        return None
    if not longitude and "," in latitude:
        latitude, _, longitude = latitude.partition(",")
    return Pin.of(float(latitude.replace("°", "")), float(longitude.replace("°", "")))


def source_of(fields: Mapping[str, str]) -> PinSource:
    """Return who set the pin: the one who writes, unless it is said otherwise."""
    said = fields.get(PREFIX + "source", "")
    return PinSource(said) if said in list(PinSource) else PinSource.AGENT
