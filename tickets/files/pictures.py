"""Pictures made safe to keep: upright, not larger than needed, and without a word about where and
with what they were taken.

What is handed over is never kept: the picture is decoded and encoded anew, so that what hides in a
file beside its pixels (positions, names, a second file) ends here.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from PIL import ExifTags, Image, ImageCms, ImageOps
from PIL.Image import Resampling

from tickets.files.rules import Position, Type, position, taken_at

#: What Pillow calls each format; it is asked for this one alone.
_FORMATS = {Type.JPEG: "JPEG", Type.PNG: "PNG", Type.WEBP: "WEBP", Type.HEIC: "HEIF"}
#: What each is kept as.
_KEPT_AS = {
    Type.JPEG: Type.JPEG,
    Type.PNG: Type.PNG,
    Type.WEBP: Type.WEBP,
    Type.HEIC: Type.JPEG,
}
#: Pixels along the longer side.
THUMB = 360
#: Modes whose pixels can be mixed as they are; a palette's cannot.
_SMOOTH = ("RGB", "RGBA", "L", "CMYK")
_QUALITY, _THUMB_QUALITY = 85, 70
_WHITE = (255, 255, 255)
#: No setting allows more pixels; Pillow itself refuses what has twice as many, before it decodes.
MOST_PIXELS = Image.MAX_IMAGE_PIXELS = 100_000_000


class Unreadable(Exception):
    """It begins like a picture and is none, or a broken one."""


class TooManyPixels(Exception):
    """A picture that would take more memory than it is given."""


@dataclass(frozen=True)
class Picture:
    """A picture to keep, and what its camera said of it."""

    type: Type
    data: bytes
    thumb: bytes
    width: int
    height: int
    position: Position | None
    taken_at: datetime | None


def prepare(
    data: bytes, found: Type, *, most_pixels: int, longest: int, zone: tzinfo, now: datetime
) -> Picture:
    """Return the picture that is kept of `data`, at most `longest` pixels on its longer side.

    `zone` is that of a camera that does not say its own. Raises `Unreadable`, `TooManyPixels`.
    """
    try:
        return _prepare(data, found, most_pixels, longest, zone, now)
    except (TooManyPixels, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixels(str(error)) from error
    # a decoder that is handed rubbish raises whatever it stumbles over
    except Exception as error:
        raise Unreadable(f"{type(error).__name__}: {error}") from error


def _prepare(
    data: bytes, found: Type, most_pixels: int, longest: int, zone: tzinfo, now: datetime
) -> Picture:
    if found is Type.HEIC:
        _know_heic()
    with Image.open(io.BytesIO(data), formats=[_FORMATS[found]]) as opened:
        width, height = opened.size
        if width * height > most_pixels:
            raise TooManyPixels(f"{width} × {height}")
        said = opened.getexif()
        where = position(said.get_ifd(ExifTags.IFD.GPSInfo))
        when = _when(said.get_ifd(ExifTags.IFD.Exif), zone, now)
        opened.draft("RGB", (longest, longest))  # a JPEG is decoded no larger than is needed
        opened.load()
        if opened.mode in _SMOOTH:  # first of all: what follows is done to copies
            opened.thumbnail((longest, longest), Resampling.LANCZOS)
        upright = ImageOps.exif_transpose(opened)
    plain = _plain(upright, keeps_holes=_KEPT_AS[found] is not Type.JPEG)
    plain.thumbnail((longest, longest), Resampling.LANCZOS)
    kept_as = _KEPT_AS[found]
    small = _on_white(plain)
    small.thumbnail((THUMB, THUMB), Resampling.LANCZOS)
    return Picture(
        type=kept_as,
        data=_encode(plain, kept_as, _QUALITY),
        thumb=_encode(small, Type.JPEG, _THUMB_QUALITY),
        width=plain.width,
        height=plain.height,
        position=where,
        taken_at=when,
    )


def _know_heic() -> None:
    """Teach Pillow HEIC, at the first such picture: the decoder is large."""
    import pi_heif

    pi_heif.register_heif_opener()


def _when(said: Mapping[int, Any], zone: tzinfo, now: datetime) -> datetime | None:
    tags = ExifTags.Base
    written = said.get(tags.DateTimeOriginal) or said.get(tags.DateTimeDigitized)
    return taken_at(written, said.get(tags.OffsetTimeOriginal), zone=zone, now=now)


def _plain(picture: Image.Image, *, keeps_holes: bool) -> Image.Image:
    """The pixels alone, in the colours of every screen."""
    profile = picture.info.get("icc_profile")
    has_holes = picture.has_transparency_data
    mode = "RGBA" if has_holes else "RGB"
    if isinstance(profile, bytes) and picture.mode in ("RGB", "RGBA", "CMYK", "L"):
        picture = _in_srgb(picture, profile)
    plain = picture.convert(mode)
    if has_holes and not keeps_holes:
        plain = _on_white(plain)
    plain.info = {}  # encoders write what stands there
    return plain


def _in_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """A telephone's wider colours would look dull without the profile that tells of them."""
    mode = "RGBA" if picture.mode == "RGBA" else "RGB"
    try:
        wide = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        plain = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(picture, wide, plain, outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture  # a broken profile tells of no colours
    return converted or picture


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture.copy()
    below = Image.new("RGB", picture.size, _WHITE)
    below.paste(picture, mask=picture.getchannel("A"))
    return below


def _encode(picture: Image.Image, type_: Type, quality: int) -> bytes:
    out = io.BytesIO()
    if type_ is Type.PNG:
        picture.save(out, "PNG", optimize=False)
    elif type_ is Type.WEBP:
        picture.save(out, "WEBP", quality=quality, method=4)
    else:
        picture.save(out, "JPEG", quality=quality, progressive=True)
    return out.getvalue()
