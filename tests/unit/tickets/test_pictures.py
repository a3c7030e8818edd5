"""What is kept of a picture: its pixels, upright, and nothing else."""

import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from PIL import Image, ImageCms

from tests.support import photos
from tickets.files import pictures
from tickets.files.pictures import Picture, TooManyPixels, Unreadable
from tickets.files.rules import Type, sniff

NOW = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)
FORMATS = {"JPEG": Type.JPEG, "PNG": Type.PNG, "WEBP": Type.WEBP, "HEIF": Type.HEIC}


def prepare(data: bytes, found: Type = Type.JPEG, **more: int) -> Picture:
    limits = {"most_pixels": 1_000_000, "longest": 640} | more
    return pictures.prepare(data, found, zone=ZoneInfo("Asia/Bangkok"), now=NOW, **limits)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_ends_upright(orientation: int) -> None:
    made = prepare(photos.turned(orientation))
    assert (made.width, made.height) == (96, 64)
    for data in (made.data, made.thumb):
        picture = opened(data).convert("RGB")
        assert picture.size == (96, 64)
        red, green, _ = picture.getpixel((8, 8))
        assert red > 200, orientation
        assert green < 60, orientation
        for corner in ((88, 8), (8, 56), (88, 56)):
            assert picture.getpixel(corner)[0] < 60, (orientation, corner)


@pytest.mark.parametrize("format_", FORMATS)
def test_where_and_when_is_told_and_then_gone(format_: str) -> None:
    sent = photos.photo(format_)
    assert photos.SECRET.encode() in sent  # the test can see
    made = prepare(sent, FORMATS[format_])
    assert made.position is not None
    assert made.position.latitude == pytest.approx(photos.WHERE[0], abs=1e-5)
    assert made.position.longitude == pytest.approx(photos.WHERE[1], abs=1e-5)
    assert made.taken_at == datetime(2026, 11, 20, 2, 30, tzinfo=UTC)
    for data in (made.data, made.thumb):
        assert photos.SECRET.encode() not in data
        kept = opened(data)
        assert not kept.getexif()
        assert not {"exif", "comment", "icc_profile", "xmp", "photoshop"} & set(kept.info)
    assert sniff(made.data) is made.type
    assert made.type is (Type.JPEG if format_ == "HEIF" else FORMATS[format_])


def test_texts_of_a_png_and_what_is_behind_a_picture_are_gone() -> None:
    from PIL.PngImagePlugin import PngInfo

    said = PngInfo()
    said.add_text("Author", photos.SECRET)
    said.add_itxt("XML:com.adobe.xmp", photos.SECRET)
    sent = photos.photo("PNG", pnginfo=said) + photos.SECRET.encode()
    assert photos.SECRET.encode() not in prepare(sent, Type.PNG).data
    behind = photos.photo() + b"<script>" + photos.SECRET.encode()
    assert photos.SECRET.encode() not in prepare(behind).data


def test_a_large_picture_is_kept_smaller_and_a_small_one_as_it_is() -> None:
    large = prepare(photos.photo(size=(900, 300)))
    assert (large.width, large.height) == (640, 213)
    assert max(opened(large.thumb).size) == pictures.THUMB
    small = prepare(photos.photo(size=(30, 20)))
    assert (small.width, small.height) == (30, 20)


def test_what_is_see_through_stays_so_where_it_can() -> None:
    holes = Image.new("RGBA", (40, 20), (0, 0, 0, 0))
    out = io.BytesIO()
    holes.save(out, "PNG")
    made = prepare(out.getvalue(), Type.PNG)
    assert opened(made.data).convert("RGBA").getpixel((1, 1))[3] == 0
    assert opened(made.thumb).getpixel((1, 1)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["L", "CMYK", "P", "I;16", "LA", "1"])
def test_every_kind_of_colours_is_read(mode: str) -> None:
    out = io.BytesIO()
    found = Type.JPEG if mode in ("L", "CMYK") else Type.PNG
    Image.new(mode, (20, 10)).save(out, "JPEG" if found is Type.JPEG else "PNG")
    assert prepare(out.getvalue(), found).width == 20


def test_colours_are_those_of_every_screen() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    made = prepare(photos.photo(icc_profile=profile))
    red, green, _ = opened(made.data).convert("RGB").getpixel((60, 50))
    assert abs(red) < 12
    assert abs(green - 128) < 12
    assert prepare(photos.photo(icc_profile=b"no profile")).width == 96


@pytest.mark.parametrize("size", [(20_000, 20_000), (11_000, 10_000), (1001, 1000)])
def test_a_bomb_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    with pytest.raises(TooManyPixels):
        prepare(photos.bomb(*size), Type.PNG)


def test_what_is_broken_is_refused() -> None:
    whole = photos.photo()
    for data in (whole[:40], whole[: len(whole) // 2], b"\xff\xd8\xff" + b"\0" * 500):
        with pytest.raises(Unreadable):
            prepare(data)
    with pytest.raises(Unreadable):
        prepare(photos.bomb(100, 100), Type.PNG)
    with pytest.raises(Unreadable):  # only the format that its first bytes name is asked
        prepare(photos.photo("PNG"), Type.WEBP)
