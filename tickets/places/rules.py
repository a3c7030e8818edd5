"""The rules of a place, which know no database: distances, whose the place is, and when the pin and
the words contradict each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from math import asin, cos, isfinite, radians, sin, sqrt
from typing import Any, Final, NamedTuple, Self

#: The mean radius of the earth in metres (IUGG, R1).
EARTH: Final = 6_371_008.8
#: Metres in a degree of latitude on that sphere.
DEGREE: Final = EARTH * radians(1)
#: Decimal places that a pin is kept with: 11 cm.
PLACES: Final = 6


class Pin(NamedTuple):
    """A point in WGS 84, degrees."""

    latitude: float
    longitude: float

    @classmethod
    def of(cls, latitude: float, longitude: float) -> Self:
        """Return the pin as it is kept; raises ValueError for what is no place on earth."""
        if not (isfinite(latitude) and isfinite(longitude)):
            raise ValueError("not a number")
        if abs(latitude) > 90 or abs(longitude) > 180:
            raise ValueError(f"{latitude}, {longitude} is no place on earth")
        return cls(round(latitude, PLACES), round(longitude, PLACES))


class Box(NamedTuple):
    """A rectangle of degrees, its edges included. West is never east of east: none crosses 180°."""

    south: float
    west: float
    north: float
    east: float

    @classmethod
    def read(cls, text: str) -> Self:
        """Read `west,south,east,north` (GeoJSON, RFC 7946, 5); raises ValueError."""
        west, south, east, north = (float(part) for part in text.split(","))
        if not all(map(isfinite, (west, south, east, north))) or west > east or south > north:
            raise ValueError(text)
        return cls(south, west, north, east)


class PinSource(StrEnum):
    """Who set the pin."""

    AGENT = "agent"
    CALLER = "caller"
    PHOTO = "photo"
    ASSET = "asset"


class Repair(StrEnum):
    """How a contradiction is put right with one click.

    `pin`: the words take the sub-district of the pin; `landmark`: the pin goes to the landmark that
    the words name; `words`: the words stay and the pin goes.
    """

    PIN = "pin"
    LANDMARK = "landmark"
    WORDS = "words"


#: The words of a place, in the order in which a Thai address is read.
PARTS: Final = ("house", "moo", "soi", "road", "address", "landmark")


@dataclass(frozen=True)
class Place:
    """Where a matter is: words, and a pin, each of which may be missing.

    `written`: the id of the sub-district that the words name; `area`: whose the place is (see
    `settled`); `asset`: the number of what stands there, as `kind:number`.
    """

    pin: Pin | None = None
    source: PinSource | None = None
    asset: str | None = None
    written: str | None = None
    house: str = ""
    moo: str = ""
    soi: str = ""
    road: str = ""
    #: Whatever else was said of where it is, as it was said.
    address: str = ""
    landmark: str = ""
    area: str | None = None
    contradicts: bool = False

    @property
    def is_empty(self) -> bool:
        """Nothing is known of where it is."""
        return self.pin is None and self.written is None and not any(self.words.values())

    @property
    def words(self) -> dict[str, str]:
        """The parts of the address by name."""
        return {name: getattr(self, name) for name in PARTS}

    def settled(self, pin_area: str | None) -> "Place":
        """Return the same with whose it is: the pin decides where there is one (`pin_area`: the id
        of the area that it is in, None beyond all that are known), else the words.

        A pin is a point that somebody looked at; the name of a sub-district is often said by habit.
        So the pin routes until somebody says that it is wrong; until then both are told.
        """
        if self.pin is None:
            return replace(self, source=None, asset=None, area=self.written, contradicts=False)
        return replace(
            self,
            source=self.source or PinSource.AGENT,
            area=pin_area,
            contradicts=contradicts(pin_area, self.written),
        )

    def told(self) -> dict[str, Any]:
        """Return the place as an event keeps it: what is known, by name."""
        kept: dict[str, Any] = {name: text for name, text in self.words.items() if text}
        if self.pin is not None:
            kept |= {"latitude": self.pin.latitude, "longitude": self.pin.longitude}
        for name in ("source", "asset", "written", "area"):
            if getattr(self, name) is not None:
                kept[name] = str(getattr(self, name))
        return kept | ({"contradicts": True} if self.contradicts else {})


def contradicts(pin_area: str | None, written: str | None) -> bool:
    """Say whether the pin is not where the words say; words without a sub-district say nothing."""
    return written is not None and pin_area != written


def distance(one: Pin, other: Pin) -> float:
    """Return the metres between two pins along the great circle (the haversine formula, R. W.
    Sinnott, 1984); on a sphere, so up to 0.5 % off.
    """
    lat1, lat2 = radians(one.latitude), radians(other.latitude)
    half_lat = sin((lat2 - lat1) / 2)
    half_lon = sin(radians(other.longitude - one.longitude) / 2)
    a = half_lat * half_lat + cos(lat1) * cos(lat2) * half_lon * half_lon
    return 2 * EARTH * asin(min(1.0, sqrt(a)))


def around(pin: Pin, metres: float) -> Box:
    """Return a box that holds everything within so many metres of a pin, and a little more."""
    lat = metres / DEGREE * 1.000001 + 1e-9  # a tenth of a millimetre: no rounding cuts it off
    south, north = max(-90.0, pin.latitude - lat), min(90.0, pin.latitude + lat)
    # where a meridian is narrowest within reach; past a pole, or round the earth, all of them are
    narrow = cos(radians(max(abs(south), abs(north))))
    lon = 360.0 if narrow <= lat / 180 else lat / narrow
    if pin.longitude - lon < -180 or pin.longitude + lon > 180:
        return Box(south, -180.0, north, 180.0)
    return Box(south, pin.longitude - lon, north, pin.longitude + lon)


def said(place: Place, names: Mapping[str, str]) -> str:
    """Return a place in one line, as it is read in Thailand; `names` by area's id."""
    parts = [
        place.house,
        f"หมู่ {place.moo}" if place.moo else "",
        _with("ซอย", place.soi),
        _with("ถนน", place.road),
        place.address,
        place.landmark,
        names.get(place.written or place.area or "", ""),
    ]
    return " ".join(part for part in parts if part)


def _with(word: str, name: str) -> str:
    """Put a word before a name that does not say it itself, in Thai or in English."""
    if not name or name.startswith((word, "ซ.", "ถ.")) or (name[0].isascii() and name[0].isalpha()):
        return name
    return f"{word}{name}" if not name[0].isdigit() else f"{word} {name}"
