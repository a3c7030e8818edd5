"""What a crew's telephone may say, and when it happened. Pure: it can be read aloud.

A telephone keeps what its crew did and sends it when it has a line: late, in pieces, and again and
again. So each act has a key of its own, and its moment is told by the telephone's clock, which may
be wrong: what is believed of it is how long ago it was.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from tickets.files.rules import Position


class Act(StrEnum):
    """What somebody in the field did."""

    ACKNOWLEDGE = "acknowledge"
    ON_WAY = "on_way"
    HERE = "here"
    DONE = "done"
    DECLINE = "decline"
    HELP = "help"
    HELP_OVER = "help_over"
    NOTE = "note"
    PHOTO = "photo"
    POSITION = "position"


#: Those that move a job on, in their order.
STEPS: Final = (Act.ACKNOWLEDGE, Act.ON_WAY, Act.HERE, Act.DONE)


class Side(StrEnum):
    """What a photo shows."""

    BEFORE = "before"
    AFTER = "after"


#: So many acts are taken at once.
AT_ONCE: Final = 50
#: Characters of somebody's words.
LONGEST: Final = 2000
_KEY: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: No telephone is believed to have kept something longer.
_OLDEST: Final = timedelta(days=30)
_LARGEST_ID: Final = 2**63 - 1


class BadAct(ValueError):
    """What was sent says nothing that can be done; the words are for programmers."""


@dataclass(frozen=True)
class Place:
    """Where the telephone was: degrees, WGS 84, and the radius in metres in which it believes to
    be.
    """

    latitude: float
    longitude: float
    accuracy_m: float | None = None

    @property
    def position(self) -> Position:
        """The same as a photo has it."""
        return Position(round(self.latitude, 6), round(self.longitude, 6))


@dataclass(frozen=True)
class Said:
    """One act as a telephone told it; `at`: aware, by our own clock. `job` 0: of none, which only a
    position is.
    """

    key: str
    job: int
    act: Act
    at: datetime
    text: str = ""
    place: Place | None = None
    side: Side | None = None


def read(
    fields: Mapping[str, Any], *, sent_at: str | None, now: datetime, speed: float = 1.0
) -> Said:
    """Read one act. `sent_at`: when the telephone sent it, by its clock; `speed`: how many seconds
    of our clock pass in one of the telephone's. Raises `BadAct`.
    """
    key = str(fields.get("key", "")).lower()
    if not _KEY.fullmatch(key):
        raise BadAct("key: is no UUID")
    try:
        act = Act(str(fields.get("act", "")))
        side = Side(str(fields["side"])) if fields.get("side") else None
    except ValueError as error:
        raise BadAct(str(error)) from error
    job = fields.get("job")
    least = 0 if act is Act.POSITION else 1
    if isinstance(job, bool) or not isinstance(job, int) or not least <= job <= _LARGEST_ID:
        raise BadAct("job: is no job")
    if (act is Act.PHOTO) != (side is not None):
        raise BadAct("side: before or after, of a photo")
    place = _place(fields)
    if act is Act.POSITION and place is None:
        raise BadAct("latitude, longitude: are missing")
    at = moment(fields.get("happened_at"), sent_at, now=now, speed=speed)
    text = str(fields.get("text") or "").replace("\0", "").strip()[:LONGEST]
    return Said(key, job, act, at, text, place, side)


def moment(happened: Any, sent: Any, *, now: datetime, speed: float = 1.0) -> datetime:
    """Return when something happened: as long before now as the telephone's clock went from then
    until it sent it. Without the two, or by a clock that was set meanwhile, now.
    """
    try:
        ago = datetime.fromisoformat(str(sent)) - datetime.fromisoformat(str(happened))
    except (ValueError, TypeError, OverflowError):
        return now  # one of them is missing, or one has a time zone and the other has not
    return now - min(max(ago, timedelta(0)), _OLDEST) * speed


def _place(fields: Mapping[str, Any]) -> Place | None:
    if fields.get("latitude") is None and fields.get("longitude") is None:
        return None
    latitude, longitude = _number(fields, "latitude", 90), _number(fields, "longitude", 180)
    told = fields.get("accuracy_m")
    accuracy = None if told is None else abs(_number(fields, "accuracy_m", 1e7))
    return Place(latitude, longitude, accuracy)


def _number(fields: Mapping[str, Any], name: str, most: float) -> float:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadAct(f"{name}: is no number")
    if not math.isfinite(value) or abs(value) > most:
        raise BadAct(f"{name}: {value} cannot be")
    return float(value)
