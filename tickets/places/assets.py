"""The things of the city that have a number and a place: lamps, bins, water points. They come from
a file, and are found by the number that a caller reads from them.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.errors import ConfigError, Fault
from tickets.models import Asset
from tickets.places.areas import fold
from tickets.places.rules import Pin

FOUND: Final = 20
_KIND = re.compile(r"[a-z][a-z0-9_]{0,31}")
#: The columns of a file; `note` may be left out.
COLUMNS: Final = ("number", "latitude", "longitude", "note")
#: What people say before a number: "เสาไฟ 12-034", "เลขที่ 5".
_SAID_BEFORE = re.compile(r"^\D*(?=\d)")


@dataclass(frozen=True, slots=True)
class AssetFacts:
    """One of them."""

    id: int
    kind: str
    number: str
    note: str
    pin: Pin

    @property
    def name(self) -> str:
        """What it is called in forms and events: its kind and number."""
        return name_of(self.kind, self.number)


def name_of(kind: str, number: str) -> str:
    """Return what a thing is called: `lamp:12-034`."""
    return f"{kind}:{number}"


def key_of(number: str) -> str:
    """Return a number as numbers are compared: no spaces, hyphens, dots or slashes, Thai digits as
    the others.
    """
    return re.sub(r"[-–./_]", "", fold(number))


def facts_of(row: Asset) -> AssetFacts:
    """Copy a row into facts."""
    return AssetFacts(row.id, row.kind, row.number, row.note, Pin(row.latitude, row.longitude))


def named(session: Session, said: str) -> AssetFacts | None:
    """Return the thing of that name (`lamp:12-034`) or number alone; None when there is none, or
    two kinds have that number and nobody knows which is meant.
    """
    kind, colon, number = said.partition(":")
    if colon and _KIND.fullmatch(kind):
        where = [Asset.kind == kind, Asset.key == key_of(number)]
    else:
        where = [Asset.key.in_(_keys(said))]
    rows = session.scalars(sa.select(Asset).where(*where).limit(2)).all()
    return facts_of(rows[0]) if len(rows) == 1 else None


def _keys(said: str) -> list[str]:
    """Return the numbers that somebody may mean: as it stands, and without the words before it."""
    whole = key_of(said)
    return list(dict.fromkeys([whole, _SAID_BEFORE.sub("", whole)]))


def search(session: Session, said: str, *, limit: int = FOUND) -> list[AssetFacts]:
    """Return the things whose number begins with what was said, the shortest number first."""
    keys = [key for key in _keys(said) if key]
    if not keys:
        return []
    begins = sa.or_(*(Asset.key.startswith(key, autoescape=True) for key in keys))
    rows = session.scalars(
        sa.select(Asset)
        .where(begins)
        .order_by(sa.func.length(Asset.key), Asset.key, Asset.kind)
        .limit(limit)
    )
    return [facts_of(row) for row in rows]


def kinds(session: Session) -> list[str]:
    """Return the kinds that there are."""
    return list(session.scalars(sa.select(Asset.kind).distinct().order_by(Asset.kind)))


# ------------------------------------------------------------------ from a file


@dataclass(frozen=True)
class Row:
    """A good row of a file."""

    number: str
    pin: Pin
    note: str


@dataclass(frozen=True)
class Bad:
    """A row that is none: which (from 1; of a CSV the heading is the first), and why."""

    line: int
    why: str


@dataclass(frozen=True)
class Brought:
    """What a file brings: how many are new, have moved, or are there already."""

    new: int
    changed: int
    there: int


def kind_of(text: str) -> str:
    """Return a kind's name; raises ConfigError for what cannot be one."""
    if not _KIND.fullmatch(text):
        raise ConfigError([Fault("--kind", f"{text!r} is no name such as lamp, bin, water_point")])
    return text


def read(content: str) -> tuple[list[Row], list[Bad]]:
    """Return the good and the bad rows of a file: GeoJSON points, or CSV with `COLUMNS`. Raises
    ConfigError for what is neither.
    """
    is_json = content.lstrip("\ufeff \n").startswith("{")
    numbered = _geojson(content) if is_json else _csv(content)
    good: list[Row] = []
    bad: list[Bad] = []
    seen: dict[str, int] = {}
    for line, values in numbered:
        row = _row(values)
        if isinstance(row, str):
            bad.append(Bad(line, row))
        elif key_of(row.number) in seen:
            bad.append(Bad(line, f"{row.number} stands in {seen[key_of(row.number)]} already"))
        else:
            seen[key_of(row.number)] = line
            good.append(row)
    return good, bad


def _csv(content: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    reader = csv.DictReader(io.StringIO(content.removeprefix("\ufeff")))
    missing = [name for name in COLUMNS[:3] if name not in (reader.fieldnames or ())]
    if missing:
        raise ConfigError([Fault("the first line", f"has no column {', '.join(missing)}")])
    for values in reader:
        yield reader.line_num, values


def _geojson(content: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        features = json.loads(content.removeprefix("\ufeff"))["features"]
        numbered = list(enumerate(features, 1))
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError([Fault("(file)", f"is no FeatureCollection: {error}")]) from error
    for n, feature in numbered:
        yield n, _values(feature)


def _values(feature: Any) -> Mapping[str, Any]:
    try:
        longitude, latitude = feature["geometry"]["coordinates"][:2]
        return {**feature["properties"], "latitude": latitude, "longitude": longitude}
    except (KeyError, TypeError, ValueError):
        return {}


def _row(values: Mapping[str, Any]) -> Row | str:
    """Return a row, or what is wrong with it."""
    number = str(values.get("number") or "").strip()
    if not key_of(number) or len(number) > 64:
        return "has no number of at most 64 letters"
    try:
        latitude, longitude = float(values["latitude"]), float(values["longitude"])
    except (KeyError, TypeError, ValueError):
        return f"{number} has no latitude and longitude in degrees"
    if abs(latitude) > 90 and abs(longitude) <= 90:
        return f"{number}: {latitude}, {longitude} are the wrong way round"
    try:
        pin = Pin.of(latitude, longitude)
    except ValueError as error:
        return f"{number}: {error}"
    return Row(number, pin, str(values.get("note") or "").strip()[:300])


def bring(
    session: Session, kind: str, rows: list[Row], *, now: datetime, dry: bool = False
) -> Brought:
    """Write down the things of a file; one that is there is put where the file has it, and a file
    that is brought twice changes nothing. `dry`: count only.
    """
    new = changed = 0
    known = {row.key: row for row in session.scalars(sa.select(Asset).where(Asset.kind == kind))}
    for each in rows:
        before = known.get(key_of(each.number))
        values = {
            "number": each.number,
            "note": each.note,
            "latitude": each.pin.latitude,
            "longitude": each.pin.longitude,
        }
        if before is None:
            new += 1
            if not dry:
                session.add(Asset(kind=kind, key=key_of(each.number), at=now, **values))
        elif any(getattr(before, name) != value for name, value in values.items()):
            changed += 1
            if not dry:
                for name, value in {**values, "at": now}.items():
                    setattr(before, name, value)
    if not dry:
        session.flush()
    return Brought(new, changed, len(rows) - new - changed)
