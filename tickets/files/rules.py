"""What a file of a ticket may be, who may do what with it, and what its camera says of it.

What a file is, its first bytes say; its name and what the sender calls it count for nothing. The
patterns are those of the formats' own specifications, as the WHATWG's "MIME Sniffing" (6.1, 6.2)
gathers them, but for HEIC: ISO/IEC 23008-12 (annex B) names its brands.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
from typing import Any, Final

from tickets.workflow import Role


class Kind(StrEnum):
    """What a file shows of its ticket."""

    BEFORE = "before"
    AFTER = "after"
    DOCUMENT = "document"


class Type(StrEnum):
    """What a file is."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    HEIC = "heic"
    PDF = "pdf"


MIME: Final[Mapping[Type, str]] = {
    Type.JPEG: "image/jpeg",
    Type.PNG: "image/png",
    Type.WEBP: "image/webp",
    Type.HEIC: "image/heic",
    Type.PDF: "application/pdf",
}
PICTURES: Final = frozenset(Type) - {Type.PDF}

#: So many bytes say what a file is.
HEAD = 1024
_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"})
#: The same boxes around pictures of another kind.
_OTHER_BRANDS: Final = frozenset({b"avif", b"avis"})


def sniff(head: bytes) -> Type | None:
    """Say by its first bytes (`HEAD` of them) what a file is; None: none of what is kept.

    A PDF begins with its mark: readers look for it further on too, and a page of HTML with a mark
    somewhere in it is what they would then be handed.
    """
    if head.startswith(b"\xff\xd8\xff"):
        return Type.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Type.PNG
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return Type.WEBP
    if head[4:8] == b"ftyp" and _is_heic(_brands(head)):
        return Type.HEIC
    if head.startswith(b"%PDF-"):
        return Type.PDF
    return None


def _is_heic(brands: set[bytes]) -> bool:
    return bool(brands & _HEIC_BRANDS) and not brands & _OTHER_BRANDS


def _brands(head: bytes) -> set[bytes]:
    """The brands of a file in boxes (ISO/IEC 14496-12, 4.3): the major one and the compatible."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return {head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))}


class Refusal(StrEnum):
    """Why a file is not taken."""

    EMPTY = "empty"
    TYPE = "type"
    TYPE_OFF = "type_off"
    TOO_LARGE = "too_large"
    NO_PICTURE = "no_picture"


def refusal(
    found: Type | None, kind: Kind, size: int, *, accepted: frozenset[Type], most: int
) -> Refusal | None:
    """Say why a file of `size` bytes is not taken as `kind`, or None when it may; `most` bytes are
    allowed.
    """
    if size == 0:
        return Refusal.EMPTY
    if size > most:
        return Refusal.TOO_LARGE
    if found is None:
        return Refusal.TYPE
    if found not in accepted:
        return Refusal.TYPE_OFF
    if kind is not Kind.DOCUMENT and found not in PICTURES:
        return Refusal.NO_PICTURE
    return None


# ------------------------------------------------------------------ who may


_DESK: Final = frozenset({Role.AGENT, Role.SUPERVISOR, Role.ADMINISTRATOR})
_ANSWERS_FOR_ALL: Final = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})


@dataclass(frozen=True)
class Standing:
    """How somebody of the city stands to a ticket that they may read: their role, whether they
    speak for the division that has it, and whether they are who does it.
    """

    role: Role
    of_division: bool = False
    does_it: bool = False


def may_add(who: Standing) -> bool:
    """The desk, the division that has it, and who was sent to do it."""
    return who.role in _DESK or who.of_division or who.does_it


def may_mark(who: Standing) -> bool:
    """Who answers for what the city shows of itself: the division that has it, and supervisors."""
    return who.role in _ANSWERS_FOR_ALL or who.of_division


def may_remove(who: Standing, *, own: bool) -> bool:
    """The same, and who has put it there."""
    return may_mark(who) or (own and may_add(who))


def may_see_removed(who: Standing) -> bool:
    """What was removed stays in sight of who answers for the whole."""
    return who.role in _ANSWERS_FOR_ALL


def citizen_sees(*, public: bool, theirs: bool, private_ticket: bool) -> bool:
    """Say whether the citizen of a ticket sees a file of it: what is theirs, and what is public.

    A public file of a ticket that has become private is public no more.
    """
    return theirs or (public and not private_ticket)


# ------------------------------------------------------------------ the photo of what was done


def lacks_after_photo(*, wanted: bool, fixed: bool, photos: int) -> bool:
    """Say whether a ticket cannot be closed so: its category wants a photo of what was done, it is
    said to be fixed, and there is no such photo.
    """
    return wanted and fixed and photos == 0


def may_do_without(role: Role) -> bool:
    """Say whether somebody of this role may close it all the same, saying why."""
    return role in _ANSWERS_FOR_ALL


# ------------------------------------------------------------------ what the camera says


@dataclass(frozen=True)
class Position:
    """Where a photo was taken: degrees, WGS 84."""

    latitude: float
    longitude: float


# Exif 2.32, 4.6.6: tags of the GPS directory
_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE = 1, 2, 3, 4
#: Six places are a tenth of a metre; a telephone knows some metres.
_PLACES = 6


def position(gps: Mapping[int, Any]) -> Position | None:
    """Read where a photo was taken from the GPS directory of its Exif data; None: it does not say,
    or nothing that could be.
    """
    latitude = _degrees(gps.get(_LATITUDE), gps.get(_LATITUDE_REF), "N", "S", 90)
    longitude = _degrees(gps.get(_LONGITUDE), gps.get(_LONGITUDE_REF), "E", "W", 180)
    if latitude is None or longitude is None:
        return None
    if latitude == 0 and longitude == 0:
        return None  # what a camera writes that has not found itself
    return Position(round(latitude, _PLACES), round(longitude, _PLACES))


def _degrees(parts: Any, reference: Any, positive: str, negative: str, most: float) -> float | None:
    """Degrees, minutes and seconds (any may carry a fraction) as one signed number."""
    sign = {positive: 1, negative: -1}.get(_text(reference).upper()[:1])
    if sign is None or isinstance(parts, str | bytes):
        return None
    try:
        values = [float(part) for part in parts]
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    if not 1 <= len(values) <= 3 or any(not math.isfinite(each) or each < 0 for each in values):
        return None
    degrees = sum(each / 60**n for n, each in enumerate(values))
    return sign * degrees if degrees <= most else None


#: A camera's clock that is further ahead is wrong.
_AHEAD = timedelta(hours=1)
_OLDEST = datetime(1990, 1, 1, tzinfo=UTC)


def taken_at(written: Any, offset: Any, *, zone: tzinfo, now: datetime) -> datetime | None:
    """Read when a photo was taken (`DateTimeOriginal` and `OffsetTimeOriginal` of Exif), in UTC.

    Without an offset the camera's clock is that of `zone`. None: it does not say, or a moment that
    cannot be.
    """
    try:
        there = _offset(_text(offset)) or zone
        local = datetime.strptime(_text(written)[:19], "%Y:%m:%d %H:%M:%S").replace(tzinfo=there)
        at = local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if _OLDEST <= at <= now + _AHEAD else None


def _offset(text: str) -> timezone | None:
    sign, hours, minutes = text[:1], text[1:3], text[4:6]
    if sign not in ("+", "-") or not (hours.isdigit() and minutes.isdigit()):
        return None
    length = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(length if sign == "+" else -length)


def _text(value: Any) -> str:
    """A text of Exif: cameras fill with NUL and blanks, some hand bytes."""
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    return value.strip(" \0") if isinstance(value, str) else ""
