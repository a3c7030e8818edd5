"""What a file may be and who may do what with it: the rules alone."""

from datetime import UTC, datetime
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.photos import PDF, gps, photo
from tickets.files import rules
from tickets.files.rules import Kind, Position, Refusal, Standing, Type
from tickets.workflow import Role

BANGKOK = ZoneInfo("Asia/Bangkok")
NOW = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)
ALL = frozenset(Type)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (photo("JPEG"), Type.JPEG),
        (photo("PNG"), Type.PNG),
        (photo("WEBP"), Type.WEBP),
        (photo("HEIF"), Type.HEIC),
        (PDF, Type.PDF),
        (photo("GIF"), None),
        (photo("TIFF"), None),
        (photo("AVIF"), None),
        (b"", None),
        (b"\xff\xd8", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", None),
        (b"<?xml version='1.0'?><svg/>", None),
        (b"<!doctype html><script>alert(1)</script>", None),
        (b"<html>%PDF-1.4", None),
        (b"\n%PDF-1.4", None),
        (b"MZ\x90\0", None),
        (b"PK\x03\x04word/document.xml", None),
        (b"RIFF\0\0\0\0WAVEfmt ", None),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", None),
        (b"\0\0\0\x18ftypmif1\0\0\0\0heicmif1", Type.HEIC),
    ],
)
def test_what_it_is_its_first_bytes_say(data: bytes, found: Type | None) -> None:
    assert rules.sniff(data[: rules.HEAD]) is found


@given(st.binary(max_size=64))
def test_nothing_breaks_the_look_at_the_first_bytes(data: bytes) -> None:
    rules.sniff(data)
    rules.sniff(b"\0\0\0\x18ftyp" + data)


@pytest.mark.parametrize(
    ("found", "kind", "size", "why"),
    [
        (Type.JPEG, Kind.AFTER, 10, None),
        (Type.JPEG, Kind.DOCUMENT, 10, None),
        (Type.PDF, Kind.DOCUMENT, 10, None),
        (Type.PDF, Kind.AFTER, 10, Refusal.NO_PICTURE),
        (Type.PDF, Kind.BEFORE, 10, Refusal.NO_PICTURE),
        (None, Kind.DOCUMENT, 10, Refusal.TYPE),
        (None, Kind.DOCUMENT, 0, Refusal.EMPTY),
        (Type.JPEG, Kind.BEFORE, 100, None),
        (Type.JPEG, Kind.BEFORE, 101, Refusal.TOO_LARGE),
        (Type.HEIC, Kind.BEFORE, 10, Refusal.TYPE_OFF),
    ],
)
def test_why_a_file_is_not_taken(
    found: Type | None, kind: Kind, size: int, why: Refusal | None
) -> None:
    accepted = ALL - {Type.HEIC}
    assert rules.refusal(found, kind, size, accepted=accepted, most=100) is why


# ------------------------------------------------------------------ who may

WHO = [Standing(*each) for each in product(Role, (False, True), (False, True))]


def test_who_only_reads_changes_nothing() -> None:
    for role in (Role.MANAGER, Role.DIVISION, Role.CREW, Role.SYSTEM):
        stranger = Standing(role)
        assert not rules.may_add(stranger)
        assert not rules.may_mark(stranger)
        assert not rules.may_remove(stranger, own=True)
        assert not rules.may_see_removed(stranger)


@pytest.mark.parametrize("who", WHO)
def test_who_marks_may_remove_and_whose_it_is_may_too(who: Standing) -> None:
    assert rules.may_remove(who, own=False) is rules.may_mark(who)
    assert rules.may_remove(who, own=True) is (rules.may_mark(who) or rules.may_add(who))
    if rules.may_mark(who):
        assert rules.may_add(who)


def test_a_crew_adds_to_what_it_was_sent_to() -> None:
    assert rules.may_add(Standing(Role.CREW, does_it=True))
    assert not rules.may_mark(Standing(Role.CREW, does_it=True))


@pytest.mark.parametrize("theirs", [True, False])
def test_nothing_private_is_seen_by_a_citizen_but_their_own(theirs: bool) -> None:
    assert rules.citizen_sees(public=False, theirs=theirs, private_ticket=False) is theirs
    assert rules.citizen_sees(public=True, theirs=theirs, private_ticket=True) is theirs
    assert rules.citizen_sees(public=True, theirs=theirs, private_ticket=False)


def test_only_fixed_needs_the_photo_of_what_was_done() -> None:
    assert rules.lacks_after_photo(wanted=True, fixed=True, photos=0)
    assert not rules.lacks_after_photo(wanted=True, fixed=True, photos=1)
    assert not rules.lacks_after_photo(wanted=True, fixed=False, photos=0)
    assert not rules.lacks_after_photo(wanted=False, fixed=True, photos=0)


# ------------------------------------------------------------------ what the camera says


@given(
    st.floats(min_value=-90, max_value=90).filter(lambda it: abs(it) > 0.001),
    st.floats(min_value=-180, max_value=180),
)
def test_a_position_is_read_as_it_was_written(latitude: float, longitude: float) -> None:
    found = rules.position(gps(latitude, longitude))
    assert found is not None
    assert found.latitude == pytest.approx(latitude, abs=1e-5)
    assert found.longitude == pytest.approx(longitude, abs=1e-5)


@pytest.mark.parametrize(
    "said",
    [
        {},
        gps(0, 0),
        gps(12, 100) | {1: "X"},
        gps(12, 100) | {1: None},
        gps(12, 100) | {2: (91.0, 0.0, 0.0)},
        gps(12, 100) | {4: (180.0, 1.0, 0.0)},
        gps(12, 100) | {2: (-12.0, 0.0, 0.0)},
        gps(12, 100) | {2: (float("nan"), 0.0, 0.0)},
        gps(12, 100) | {2: (float("inf"), 0.0, 0.0)},
        gps(12, 100) | {2: ()},
        gps(12, 100) | {2: "12"},
        gps(12, 100) | {2: 12},
        gps(12, 100) | {2: (1.0, 2.0, 3.0, 4.0)},
        {1: "N", 2: (12.0, 0.0, 0.0)},
    ],
)
def test_what_cannot_be_a_position_is_none(said: dict[int, object]) -> None:
    assert rules.position(said) is None


def test_some_cameras_write_otherwise() -> None:
    said = {1: b"S\0", 2: (33.5,), 3: "w", 4: (70, 30)}
    assert rules.position(said) == Position(-33.5, -70.5)


@pytest.mark.parametrize(
    ("written", "offset", "at"),
    [
        ("2026:11:20 09:30:00", None, datetime(2026, 11, 20, 2, 30, tzinfo=UTC)),
        ("2026:11:20 09:30:00\0", "+09:00", datetime(2026, 11, 20, 0, 30, tzinfo=UTC)),
        (b"2026:11:20 09:30:00", "-03:30", datetime(2026, 11, 20, 13, 0, tzinfo=UTC)),
        ("2026:11:20 09:30:00", "nonsense", datetime(2026, 11, 20, 2, 30, tzinfo=UTC)),
        ("2026:11:20 09:30:00", "+99:99", None),
        ("    :  :     :  :  ", None, None),
        ("0000:00:00 00:00:00", None, None),
        ("1980:01:01 00:00:00", None, None),
        ("2027:11:20 09:30:00", None, None),
        ("2026-11-20", None, None),
        (None, None, None),
        (20261120, None, None),
    ],
)
def test_when_it_was_taken(written: object, offset: object, at: datetime | None) -> None:
    assert rules.taken_at(written, offset, zone=BANGKOK, now=NOW) == at
