"""The areas of a city and its neighbours, and the main points in them: read from GeoJSON (RFC
7946), found by a point, by a name, or in somebody's words.

Pure. The geometry is GEOS (shapely): whether two rings cross is no question to answer by hand.
"""

import json
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import shapely

from hotline.errors import Fault
from tickets.places.rules import Box, Pin, distance

#: What a feature of the file is: an area of the city, one of somebody else, or a point with a name.
AREA, NEIGHBOUR = "area", "neighbour"
POINTS: Final = ("landmark", "soi", "road")
KINDS: Final = (AREA, NEIGHBOUR, *POINTS)
#: Names of the reference system that RFC 7946 has; an older file may say it.
WGS84: Final = ("CRS84", "4326")
#: Square degrees that two areas may share, and gaps have: what rounding leaves (about 100 m²).
SLIVER: Final = 1e-8


@dataclass(frozen=True)
class Area:
    """A part of the city, or (`outside`) of who begins beyond it."""

    id: str
    title: Mapping[str, str]
    outside: bool = False
    telephone: str = ""
    aliases: tuple[str, ...] = ()

    def name(self, language: str) -> str:
        """Return its name in a language, else in English."""
        return self.title.get(language) or self.title["en"]


@dataclass(frozen=True)
class Point:
    """A main point: a landmark, a soi, a road. `area`: whose it is, by where it lies."""

    id: str
    kind: str
    title: Mapping[str, str]
    pin: Pin
    area: str | None
    aliases: tuple[str, ...] = ()

    def name(self, language: str) -> str:
        """Return its name in a language, else in English."""
        return self.title.get(language) or self.title["en"]


@dataclass(frozen=True)
class Hit:
    """A name that was found in somebody's words: what it names, and the words that did."""

    named: Area | Point
    words: str

    @property
    def area(self) -> str | None:
        """The id of the area that it speaks for."""
        return self.named.id if isinstance(self.named, Area) else self.named.area


@dataclass(frozen=True)
class Areas:
    """All of a file. `geojson`: as it is sent to pages."""

    areas: Mapping[str, Area] = field(default_factory=dict)
    points: Sequence[Point] = ()
    shapes: Sequence[Any] = ()
    approximate: bool = False
    geojson: Mapping[str, Any] = field(
        default_factory=lambda: {"type": "FeatureCollection", "features": []}
    )

    def __bool__(self) -> bool:
        return bool(self.areas)

    @cached_property
    def _tree(self) -> Any:
        return shapely.STRtree(list(self.shapes))

    @cached_property
    def _order(self) -> list[Area]:
        return list(self.areas.values())

    def at(self, pin: Pin) -> Area | None:
        """Return the area that a pin is in; None beyond all that are known.

        An edge belongs to both sides: the city's area wins over a neighbour's, and of two the one
        that stands first in the file, so that the same point always has the same answer.
        """
        found = self._tree.query(shapely.Point(pin.longitude, pin.latitude), predicate="intersects")
        mine = [self._order[n] for n in sorted(int(n) for n in found)]
        return next((area for area in mine if not area.outside), mine[0] if mine else None)

    def of_city(self) -> list[Area]:
        """Return the areas of the city itself, in the order of the file."""
        return [area for area in self.areas.values() if not area.outside]

    def neighbours(self) -> list[Area]:
        """Return those of others."""
        return [area for area in self.areas.values() if area.outside]

    def bounds(self) -> Box | None:
        """Return the box of the city itself."""
        own = [
            shape for shape, area in zip(self.shapes, self._order, strict=True) if not area.outside
        ]
        if not own:
            return None
        west, south, east, north = shapely.total_bounds(own)
        return Box(float(south), float(west), float(north), float(east))

    def point_named(self, words: str) -> Point | None:
        """Return the main point that a text names, if it is one of them."""
        hits = self.found_in(words)
        return next((hit.named for hit in hits if isinstance(hit.named, Point)), None)

    def found_in(self, words: str) -> list[Hit]:
        """Return what a text names, the longest name first: a longer one is no accident. What is
        named inside a longer name (the road in the soi's) is not told again.
        """
        text = fold(words)
        hits: list[Hit] = []
        for name, named in self._gazetteer:
            if (rest := taken_out(name, text)) is not None:
                hits.append(Hit(named, name))
                text = rest
        return hits

    @cached_property
    def _gazetteer(self) -> list[tuple[str, Area | Point]]:
        named: list[Area | Point] = [*self.areas.values(), *self.points]
        names = [
            (folded, each)
            for each in named
            for name in _names(each)
            if len(folded := fold(name)) > 2
        ]
        names += self._of_streets({name for name, _ in names})
        return sorted(names, key=lambda pair: -len(pair[0]))

    def _of_streets(self, taken: set[str]) -> list[tuple[str, Area | Point]]:
        """Return what else people call the streets, but for what is somebody's name already
        (`taken`) or could mean two of them.
        """
        areas = {fold(name) for area in self.areas.values() for name in _names(area)}
        meant: dict[str, set[int]] = {}
        for n, point in enumerate(self.points):
            for name in _other_names(point, areas) - taken:
                meant.setdefault(name, set()).add(n)
        return [(name, self.points[n]) for name, (n, *more) in meant.items() if not more]

    def search(self, text: str, limit: int = 20) -> list[Area | Point]:
        """Return the areas and points with this in a name, in the order of the file; of a longer
        text what it names.
        """
        wanted = fold(text)
        if not wanted:
            return []
        found = {each.id for name, each in self._gazetteer if wanted in name}
        found = found or {hit.named.id for hit in self.found_in(text)}
        named: list[Area | Point] = [*self.areas.values(), *self.points]
        return [each for each in named if each.id in found][:limit]

    def nearest(self, pin: Pin) -> tuple[Point, float] | None:
        """Return the main point nearest to a pin, and how many metres away it is."""
        return min(
            ((point, distance(pin, point.pin)) for point in self.points),
            key=lambda pair: pair[1],
            default=None,
        )


#: What stands before or after the name of a street, as it is written and as it is shortened.
_STREET: Final = {"soi": ("ซอย{}", "ซ.{}", "soi{}"), "road": ("ถนน{}", "ถ.{}", "{}road", "{}rd")}
_WORD: Final = re.compile(
    r"^\s*(?:ซอย|ซ\.|ถนน|ถ\.|soi\b\.?)\s*|\s*\b(?:road|rd)\b\.?\s*$", re.IGNORECASE
)
#: So many letters a street's name has at least that is said without its word: shorter ones are
#: words of their own, as the market (ตลาด) of a Market Road.
ALONE: Final = 5


def _names(named: Area | Point) -> tuple[str, ...]:
    return (*named.title.values(), *named.aliases)


def _other_names(point: Point, areas: set[str]) -> set[str]:
    """Return a street's names, folded, with each word for a street, and alone: who says where it is
    says "ซอยบัวขาว", "ซ.บัวขาว" or "บัวขาว". A number, and a road that is called after an area
    ("ถนนพัทยาใต้"), are no names alone.
    """
    if point.kind not in _STREET:
        return set()
    alone = {fold(_WORD.sub("", name)) for name in _names(point)} - {""}
    worded = {form.format(name) for name in alone for form in _STREET[point.kind]}
    if alone & areas:
        return worded
    return worded | {name for name in alone if len(name) >= ALONE and not name[0].isdecimal()}


def fold(text: str) -> str:
    """Return a text as names are compared: without spaces and case, Thai digits as the others."""
    plain = unicodedata.normalize("NFC", text).casefold()
    digits = (str(int(char)) if char.isdecimal() else char for char in plain)
    return "".join(char for char in digits if not char.isspace())


def taken_out(name: str, text: str) -> str | None:
    """Return a folded text without this folded name, or None where it is not named: soi 1 is not
    named by soi 12.
    """
    if name not in text:
        return None
    if not name[-1].isdecimal():
        return text.replace(name, "\n")
    rest, count = re.subn(rf"{re.escape(name)}(?![0-9])", "\n", text)
    return rest if count else None


# ------------------------------------------------------------------ reading a file


def read(content: str) -> tuple[Areas, list[Fault]]:
    """Return what stands in a GeoJSON text, and every fault with its place in it; with faults, what
    could be read of it.
    """
    try:
        data = json.loads(content)
    except ValueError as error:
        return Areas(), [Fault("(file)", f"is no JSON: {error}")]
    if not isinstance(data, dict) or data.get("type") != "FeatureCollection":
        return Areas(), [Fault("type", "is no FeatureCollection")]
    reading = _Reading()
    faults = [*_crs(data), *reading.features(data.get("features"))]
    faults += _overlaps(reading) + _gaps(reading)
    return reading.result(data), faults


def _crs(data: Mapping[str, Any]) -> Iterator[Fault]:
    said = data.get("crs")
    name = str(said.get("properties", {}).get("name", "")) if isinstance(said, dict) else ""
    if said is not None and not name.endswith(WGS84):
        yield Fault("crs", f"is {name or said}: coordinates are WGS 84 (longitude, latitude)")


class _Reading:
    """What has been read so far."""

    def __init__(self) -> None:
        self.areas: dict[str, Area] = {}
        self.shapes: list[Any] = []
        self.places: list[str] = []
        self.points: list[tuple[str, str, Mapping[str, str], Pin, tuple[str, ...]]] = []
        self.seen: dict[str, str] = {}

    def features(self, features: Any) -> list[Fault]:
        if not isinstance(features, list) or not features:
            return [Fault("features", "there are none")]
        faults: list[Fault] = []
        for n, feature in enumerate(features):
            faults += self._feature(f"features.{n}", feature)
        if not any(not area.outside for area in self.areas.values()) and not faults:
            faults.append(Fault("features", f'there is no {AREA} ("kind": "{AREA}")'))
        return faults

    def _feature(self, place: str, feature: Any) -> list[Fault]:
        properties = feature.get("properties") if isinstance(feature, dict) else None
        if not isinstance(properties, dict):
            return [Fault(place, "is no feature with properties")]
        faults = [*self._identity(place, feature, properties)]
        geometry = feature.get("geometry")
        if properties.get("kind") in POINTS:
            pin, wrong = _pin(f"{place}.geometry", geometry)
            faults += wrong
            if pin is not None and not faults:
                self.points.append(
                    (
                        feature["id"],
                        properties["kind"],
                        properties["title"],
                        pin,
                        _aliases(properties),
                    )
                )
            return faults
        shape, wrong = _shape(f"{place}.geometry", geometry)
        faults += wrong
        if shape is not None and not faults:
            self.areas[feature["id"]] = Area(
                feature["id"],
                properties["title"],
                properties["kind"] == NEIGHBOUR,
                str(properties.get("telephone") or ""),
                _aliases(properties),
            )
            self.shapes.append(shape)
            self.places.append(place)
        return faults

    def _identity(
        self, place: str, feature: Mapping[str, Any], properties: Mapping[str, Any]
    ) -> Iterator[Fault]:
        id_ = feature.get("id")
        if not isinstance(id_, str) or not id_ or len(id_) > 64:
            yield Fault(f"{place}.id", "is no name of at most 64 letters")
        elif id_ in self.seen:
            yield Fault(f"{place}.id", f'"{id_}" is {self.seen[id_]} already')
        else:
            self.seen[id_] = place
        if properties.get("kind") not in KINDS:
            yield Fault(f"{place}.properties.kind", f"is none of {', '.join(KINDS)}")
        title = properties.get("title")
        missing = [
            language
            for language in ("th", "en")
            if not isinstance(title, dict) or not str(title.get(language) or "").strip()
        ]
        if missing:
            yield Fault(f"{place}.properties.title", f"no text in {', '.join(missing)}")
        if properties.get("kind") == NEIGHBOUR and not properties.get("telephone"):
            yield Fault(f"{place}.properties.telephone", "whom does a caller ring there?")

    def result(self, data: Mapping[str, Any]) -> Areas:
        areas = Areas(self.areas, (), self.shapes)
        points = []
        for id_, kind, title, pin, aliases in self.points:
            at = areas.at(pin)
            points.append(Point(id_, kind, title, pin, at.id if at else None, aliases))
        return Areas(self.areas, points, self.shapes, bool(data.get("approximate")), _lean(data))


def _aliases(properties: Mapping[str, Any]) -> tuple[str, ...]:
    found = properties.get("aliases") or ()
    return tuple(str(each) for each in found) if isinstance(found, list) else ()


def _lean(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the file without what no page needs."""
    kept = ("kind", "title", "telephone")
    return {
        "type": "FeatureCollection",
        "approximate": bool(data.get("approximate")),
        "features": [
            {
                "type": "Feature",
                "id": each.get("id"),
                "properties": {k: v for k, v in each["properties"].items() if k in kept},
                "geometry": each.get("geometry"),
            }
            for each in data.get("features") or ()
            if isinstance(each, dict) and isinstance(each.get("properties"), dict)
        ],
    }


# ------------------------------------------------------------------ geometry


def _position(place: str, pair: Any) -> list[Fault]:
    """Return what is wrong with a position: longitude, latitude, and perhaps a height."""
    good = isinstance(pair, list) and len(pair) >= 2
    if not good or not all(
        isinstance(n, int | float) and not isinstance(n, bool) and math.isfinite(n)
        for n in pair[:2]
    ):
        return [Fault(place, "is no pair of longitude and latitude")]
    longitude, latitude = pair[0], pair[1]
    if abs(latitude) <= 90 and abs(longitude) <= 180:
        return []
    if abs(longitude) <= 90 and abs(latitude) <= 180:
        return [Fault(place, f"{pair} is latitude, longitude: GeoJSON has the longitude first")]
    return [Fault(place, f"{pair} are no degrees: coordinates are WGS 84")]


def _pin(place: str, geometry: Any) -> tuple[Pin | None, list[Fault]]:
    if not isinstance(geometry, dict) or geometry.get("type") != "Point":
        return None, [Fault(place, "is no Point")]
    faults = _position(f"{place}.coordinates", geometry.get("coordinates"))
    if faults:
        return None, faults
    longitude, latitude = geometry["coordinates"][:2]
    return Pin.of(latitude, longitude), []


def _shape(place: str, geometry: Any) -> tuple[Any, list[Fault]]:
    """Return the polygon or polygons, and what is wrong with them: the first of each ring, since
    one slip (an order of coordinates) is mostly in all of them.
    """
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        return None, [Fault(place, "is neither Polygon nor MultiPolygon")]
    coordinates = geometry.get("coordinates")
    parts = [coordinates] if kind == "Polygon" else coordinates
    if (
        not isinstance(parts, list)
        or not parts
        or not all(isinstance(p, list) and p for p in parts)
    ):
        return None, [Fault(f"{place}.coordinates", "has no rings")]
    faults: list[Fault] = []
    for n, rings in enumerate(parts):
        where = f"{place}.coordinates" + (f".{n}" if kind == "MultiPolygon" else "")
        for r, ring in enumerate(rings):
            faults += _ring(f"{where}.{r}", ring)
    if faults:
        return None, faults
    made = shapely.MultiPolygon(
        [(_flat(rings[0]), [_flat(hole) for hole in rings[1:]]) for rings in parts]
    )
    if not made.is_valid:
        # GEOS names the place: Self-intersection[100.9 12.9]
        return None, [Fault(place, shapely.is_valid_reason(made).replace("[", " at ").rstrip("]"))]
    return made, []


def _flat(ring: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    return [(each[0], each[1]) for each in ring]


def _ring(place: str, ring: Any) -> list[Fault]:
    if not isinstance(ring, list) or len(ring) < 4:
        return [Fault(place, "a ring has at least four positions, the last being the first")]
    for n, pair in enumerate(ring):
        if wrong := _position(f"{place}.{n}", pair):
            return wrong
    if ring[0][:2] != ring[-1][:2]:
        return [Fault(place, "is not closed: the last position is not the first")]
    return []


def _overlaps(reading: _Reading) -> list[Fault]:
    """Return every pair that claims the same ground, and about where."""
    if not reading.shapes:
        return []
    ids, faults = list(reading.areas), []
    tree = shapely.STRtree(reading.shapes)
    for one, other in sorted(
        (int(a), int(b)) for a, b in tree.query(reading.shapes, predicate="intersects").T if a < b
    ):
        common = shapely.intersection(reading.shapes[one], reading.shapes[other])
        if common.area > SLIVER:
            at = common.representative_point()
            faults.append(
                Fault(
                    f"{reading.places[other]}.geometry",
                    f'"{ids[other]}" overlaps with "{ids[one]}" at {at.x:.5f} {at.y:.5f}',
                )
            )
    return faults


def _gaps(reading: _Reading) -> list[Fault]:
    """Return the holes in the city: ground that lies within its areas and is nobody's."""
    whole = shapely.union_all(reading.shapes) if reading.shapes else None
    faults: list[Fault] = []
    for part in shapely.get_parts(whole) if whole is not None else ():
        for hole in part.interiors:
            empty = shapely.Polygon(hole)
            if empty.area > SLIVER:
                at = empty.representative_point()
                around = next(
                    place
                    for place, shape in zip(reading.places, reading.shapes, strict=True)
                    if shape.intersects(empty)
                )
                faults.append(
                    Fault(f"{around}.geometry", f"a hole at {at.x:.5f} {at.y:.5f} is nobody's")
                )
    return faults
