"""Pictures for the tests, made when they are needed: as cameras and telephones write them."""

import io
import struct
import zlib
from typing import Any

import pikepdf
from PIL import ExifTags, Image, ImageDraw

#: Walking Street, Pattaya: what a photo's GPS directory says.
WHERE = (12.9275, 100.8725)
#: What no picture may tell once it is kept.
SECRET = "Somchai's telephone"


def exif(
    *,
    orientation: int = 1,
    where: tuple[float, float] | None = WHERE,
    taken: str = "2026:11:20 09:30:00",
    offset: str = "",
) -> Image.Exif:
    """The Exif data of a telephone's photo."""
    tags = Image.Exif()
    tags[ExifTags.Base.Orientation] = orientation
    tags[ExifTags.Base.Make] = SECRET
    inner: dict[int, Any] = {ExifTags.Base.DateTimeOriginal: taken}
    if offset:
        inner[ExifTags.Base.OffsetTimeOriginal] = offset
    tags.get_ifd(ExifTags.IFD.Exif).update(inner)
    if where:
        tags.get_ifd(ExifTags.IFD.GPSInfo).update(gps(*where))
    return tags


def gps(latitude: float, longitude: float) -> dict[int, Any]:
    """A GPS directory: degrees, minutes and seconds, and on which side of the globe."""
    return {
        1: "N" if latitude >= 0 else "S",
        2: _parts(abs(latitude)),
        3: "E" if longitude >= 0 else "W",
        4: _parts(abs(longitude)),
    }


def _parts(degrees: float) -> tuple[float, float, float]:
    minutes = degrees % 1 * 60
    return (float(int(degrees)), float(int(minutes)), round(minutes % 1 * 60, 4))


def scene(
    size: tuple[int, int] = (96, 64), colour: str = "green", mode: str = "RGB"
) -> Image.Image:
    """A picture whose left top corner is red: what is upright shows it there."""
    picture = Image.new(mode, size, colour)
    ImageDraw.Draw(picture).rectangle((0, 0, size[0] // 3, size[1] // 3), fill="red")
    return picture


def photo(
    format_: str = "JPEG",
    *,
    size: tuple[int, int] = (96, 64),
    colour: str = "green",
    tags: Image.Exif | None = None,
    **more: Any,
) -> bytes:
    """A photo with all that a telephone writes into it."""
    out = io.BytesIO()
    if format_ == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    said = {"exif": exif() if tags is None else tags}
    if format_ == "JPEG":
        said |= {"comment": SECRET.encode(), "quality": 95}
    scene(size, colour).save(out, format_, **said | more)
    return out.getvalue()


def turned(orientation: int) -> bytes:
    """A photo that is upright once it is turned as its Exif orientation says.

    The eight are those of TIFF 6.0, "Orientation": which corner the first pixel is.
    """
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    picture = scene()
    if orientation in back:
        picture = picture.transpose(back[orientation])
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif(orientation=orientation), quality=95)
    return out.getvalue()


def bomb(width: int = 20_000, height: int = 20_000) -> bytes:
    """A PNG of a few hundred bytes that says it is very large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def pdf() -> bytes:
    """A document of one empty page."""
    made = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.save(made, deterministic_id=True)
    return made.getvalue()


PDF = pdf()
