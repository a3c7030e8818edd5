"""The rules of a place: distances, boxes, whose it is, and when pin and words contradict."""

from dataclasses import replace
from math import inf, nan

import pytest
from hypothesis import given, strategies
from pydantic import ValidationError

from tickets.places import entry
from tickets.places.config import Places, Tiles
from tickets.places.rules import Box, Pin, PinSource, Place, around, contradicts, distance, said

PINS = strategies.builds(Pin, strategies.floats(-90, 90), strategies.floats(-180, 180))
CITY = Pin(12.93, 100.88)


def test_distances_that_are_known() -> None:
    assert distance(Pin(0, 0), Pin(0, 1)) == pytest.approx(111_195, abs=1)
    assert distance(Pin(13.7563, 100.5018), Pin(12.9236, 100.8825)) == pytest.approx(
        101_400, rel=5e-3
    )
    assert distance(Pin(90, 0), Pin(-90, 77)) == pytest.approx(20_015_115, abs=2)
    assert distance(Pin(0, 179.9), Pin(0, -179.9)) == pytest.approx(22_239, abs=1)
    assert distance(CITY, CITY) == 0


@given(PINS, PINS)
def test_a_distance_is_the_same_both_ways_and_no_longer_than_half_round(
    one: Pin, other: Pin
) -> None:
    assert distance(one, other) == pytest.approx(distance(other, one))
    assert 0 <= distance(one, other) <= 20_015_116


@given(PINS, strategies.floats(0, 50_000), PINS)
def test_a_box_around_holds_everything_within(pin: Pin, metres: float, other: Pin) -> None:
    box = around(pin, metres)
    assert box.south <= box.north
    assert box.west <= box.east
    if distance(pin, other) <= metres:
        assert box.south <= other.latitude <= box.north
        assert box.west <= other.longitude <= box.east


@given(strategies.floats(12, 13.5), strategies.floats(1, 5_000), strategies.floats(-1.5, 1.5))
def test_and_not_much_more_where_people_live(latitude: float, metres: float, far: float) -> None:
    pin = Pin(latitude, 100.9)
    other = Pin(latitude + far * metres / 111_195, 100.9)
    box = around(pin, metres)
    if distance(pin, other) > metres * 1.001:
        assert not box.south <= other.latitude <= box.north


@pytest.mark.parametrize("pair", [(91, 0), (0, 181), (nan, 0), (0, inf), (-90.001, 0)])
def test_what_is_no_place_on_earth_is_no_pin(pair: tuple[float, float]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
        Pin.of(*pair)


@pytest.mark.parametrize(
    "text", ["", "1,2,3", "a,b,c,d", "3,2,1,4", "1,4,3,2", "1,2,nan,4", "1,2,3,4,5"]
)
def test_what_is_no_box_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
        Box.read(text)


def test_a_box_is_read_as_maps_write_it() -> None:
    assert Box.read("100.8,12.8,100.9,12.9") == Box(12.8, 100.8, 12.9, 100.9)


# ------------------------------------------------------------------ whose it is


@pytest.mark.parametrize(
    ("pin_area", "written", "contradiction"),
    [
        ("a", "a", False),
        ("a", "b", True),
        (None, "b", True),
        ("a", None, False),
        (None, None, False),
    ],
)
def test_pin_and_words_contradict(pin_area: str, written: str, contradiction: bool) -> None:
    assert contradicts(pin_area, written) is contradiction
    place = Place(pin=CITY, written=written).settled(pin_area)
    assert (place.area, place.contradicts) == (pin_area, contradiction), "the pin decides"


def test_without_a_pin_the_words_decide_and_contradict_nothing() -> None:
    place = Place(written="b", source=PinSource.ASSET, asset="lamp:1", contradicts=True).settled(
        "a"
    )
    assert place == Place(written="b", area="b")


def test_an_event_keeps_what_is_known_and_no_more() -> None:
    assert Place().told() == {}
    assert Place().is_empty
    place = Place(pin=CITY, written="b", address="หน้า 7-11").settled("a")
    assert place.told() == {
        "address": "หน้า 7-11",
        "latitude": 12.93,
        "longitude": 100.88,
        "source": "agent",
        "written": "b",
        "area": "a",
        "contradicts": True,
    }
    assert not place.is_empty


def test_a_place_is_said_as_an_address_is_read() -> None:
    place = Place(
        house="12/3", moo="9", soi="บัวขาว", road="ถนนพัทยาใต้", address="หน้า 7-11", written="x"
    )
    assert said(place, {"x": "หนองปรือ"}) == "12/3 หมู่ 9 ซอยบัวขาว ถนนพัทยาใต้ หน้า 7-11 หนองปรือ"
    assert said(Place(soi="Soi Buakhao", area="x"), {"x": "Nong Prue"}) == "Soi Buakhao Nong Prue"
    assert said(Place(soi="13/2"), {}) == "ซอย 13/2"
    assert said(Place(soi="ซ.บัวขาว"), {}) == "ซ.บัวขาว"


# ------------------------------------------------------------------ what is typed


def test_what_is_typed_and_what_stands_in_a_form_agree() -> None:
    place = Place(pin=CITY, source=PinSource.CALLER, house="1", written="b", asset=None)
    fields = entry.typed(place)
    assert entry.pin_of(fields) == CITY
    assert entry.source_of(fields) is PinSource.CALLER
    assert entry.kept({**fields, "note": "x", "place_bad": "y", "place_soi": ""}) == fields


def test_both_figures_may_stand_in_one_field() -> None:
    assert entry.pin_of({"place_latitude": "12.93, 100.88"}) == CITY
    assert entry.pin_of({"place_latitude": "12.93°", "place_longitude": " 100.88°"}) == CITY
    assert entry.pin_of({}) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"place_latitude": "12.93"},
        {"place_longitude": "100.88"},
        {"place_latitude": "x", "place_longitude": "y"},
        {"place_latitude": "100.88", "place_longitude": "12.93"},
        {"place_latitude": "nan", "place_longitude": "1"},
    ],
)
def test_half_a_pin_is_none(fields: dict[str, str]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
        entry.pin_of(fields)


def test_a_field_is_one_line_of_bounded_length() -> None:
    assert entry.tidy("  a\0\n b ") == "a b"
    assert len(entry.tidy("ก" * 1000)) == entry.LONGEST


# ------------------------------------------------------------------ pictures of streets


@pytest.mark.parametrize(
    "url",
    [
        "http://tiles.example/{z}/{x}/{y}.png",
        "https://tiles.example/{z}/{x}.png",
        "https://{s}.tiles.example/{z}/{x}/{y}.png",
        "https://tiles.example/{z}/{x}/{y}.png; script-src *",
        "https:///{z}/{x}/{y}.png",
        "https://tiles.example/{z}/{x}/{y}.png'",
    ],
)
def test_tiles_are_of_one_host_and_open_nothing_else(url: str) -> None:
    with pytest.raises(ValidationError):
        Tiles(url=url, attribution="©")


def test_the_host_of_tiles_is_all_that_pages_are_told() -> None:
    tiles = Tiles(url="https://tiles.example:8443/a/{z}/{x}/{y}.png?k=1", attribution="©")
    assert tiles.site == "https://tiles.example:8443"


def test_a_file_that_is_not_there_is_told() -> None:
    areas, wrong = Places(areas="nowhere.geojson").load(None)
    assert not areas
    assert [str(each) for each in wrong] == ["areas: there is no file nowhere.geojson"]
    assert not Places().load(None)[0]
    assert replace(Place(), house="1").is_empty is False
