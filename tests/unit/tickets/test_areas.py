"""Areas from GeoJSON: every fault with its place, every point with one answer."""

import json
from copy import deepcopy
from itertools import product
from typing import Any

import pytest
from hypothesis import given, strategies

from tickets.places.areas import Areas, Point, fold, read
from tickets.places.config import HERE
from tickets.places.rules import Pin

SHIPPED = (HERE / "pattaya.geojson").read_text(encoding="utf-8")


def square(west: float, south: float, side: float = 1.0) -> list[list[float]]:
    east, north = west + side, south + side
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def area(id_: str, *rings: list[list[float]], kind: str = "area") -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": id_,
        "properties": {"kind": kind, "title": {"th": id_, "en": id_}, "telephone": "191"},
        "geometry": {"type": "Polygon", "coordinates": list(rings)},
    }


def point(id_: str, longitude: float, latitude: float, *aliases: str) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": id_,
        "properties": {
            "kind": "landmark",
            "title": {"th": id_, "en": id_},
            "aliases": list(aliases),
        },
        "geometry": {"type": "Point", "coordinates": [longitude, latitude]},
    }


def file(*features: dict[str, Any], **more: Any) -> str:
    return json.dumps({"type": "FeatureCollection", "features": list(features), **more})


def good(*features: dict[str, Any]) -> Areas:
    areas, faults = read(file(*features))
    assert faults == []
    return areas


def faults(*features: dict[str, Any], **more: Any) -> list[str]:
    return [str(fault) for fault in read(file(*features, **more))[1]]


def at(areas: Areas, longitude: float, latitude: float) -> str | None:
    found = areas.at(Pin(latitude, longitude))
    return found.id if found else None


# ------------------------------------------------------------------ a point in them


def test_a_point_is_in_its_area_and_nowhere_else() -> None:
    areas = good(area("west", square(100, 12)), area("east", square(101, 12)))
    assert at(areas, 100.5, 12.5) == "west"
    assert at(areas, 101.5, 12.5) == "east"
    assert at(areas, 100.5, 13.5) is None
    assert at(areas, 12.5, 100.5 - 20) is None


def test_an_edge_has_one_answer_whoever_asks() -> None:
    areas = good(
        area("out", square(99, 12), kind="neighbour"),
        area("west", square(100, 12)),
        area("east", square(101, 12)),
    )
    for _ in range(3):
        assert at(areas, 101.0, 12.5) == "west", "of two the one that stands first"
        assert at(areas, 101.0, 12.0) == "west", "a corner is an edge too"
        assert at(areas, 100.0, 12.5) == "west", "the city's before a neighbour's"
        assert at(areas, 102.0, 13.0) == "east", "the outer edge belongs to it"
    assert at(areas, 99.0, 12.5) == "out"


def test_what_is_in_a_hole_is_the_one_that_fills_it() -> None:
    hole = square(100.25, 12.25, 0.5)
    areas = good(area("ring", square(100, 12), hole), area("middle", hole))
    assert at(areas, 100.5, 12.5) == "middle"
    assert at(areas, 100.1, 12.1) == "ring"
    assert at(areas, 100.25, 12.5) == "ring", "its edge is the first one's"


def test_an_area_of_several_parts_is_one() -> None:
    islands = area("islands")
    islands["geometry"] = {
        "type": "MultiPolygon",
        "coordinates": [[square(100, 12)], [square(105, 12)]],
    }
    areas = good(islands)
    assert at(areas, 100.5, 12.5) == at(areas, 105.5, 12.5) == "islands"
    assert at(areas, 103, 12.5) is None


def test_no_areas_know_nothing_and_fail_at_nothing() -> None:
    none = Areas()
    assert not none
    assert none.at(Pin(12.9, 100.9)) is None
    assert none.bounds() is None
    assert none.found_in("พัทยาใต้") == none.search("x") == []
    assert none.nearest(Pin(12.9, 100.9)) is None


@given(strategies.floats(100, 102), strategies.floats(12, 13))
def test_the_answer_is_that_of_the_rectangles(longitude: float, latitude: float) -> None:
    areas = good(area("west", square(100, 12)), area("east", square(101, 12)))
    assert at(areas, longitude, latitude) == ("west" if longitude <= 101 else "east")


# ------------------------------------------------------------------ what is wrong with a file


def test_the_shipped_file_is_whole_and_says_that_it_is_approximate() -> None:
    areas, wrong = read(SHIPPED)
    assert wrong == []
    assert areas.approximate
    assert len(areas.of_city()) >= 5
    assert all(each.telephone for each in areas.neighbours())
    assert all(each.area for each in areas.points), "every main point lies in an area"
    assert "aliases" not in json.dumps(areas.geojson), "a page is sent what it draws"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"type": "Feature"}', "{", "null", "7"])
def test_what_is_no_collection_is_told(text: str) -> None:
    assert len(read(text)[1]) == 1


@pytest.mark.parametrize("features", [None, [], {}, "x"])
def test_a_collection_without_features_is_told(features: Any) -> None:
    _, wrong = read(json.dumps({"type": "FeatureCollection", "features": features}))
    assert [each.path for each in wrong] == ["features"]


def test_latitude_before_longitude_is_told_where_it_stands() -> None:
    turned = [[12.0, 100.0], [12.0, 101.0], [13.0, 101.0], [12.0, 100.0]]
    assert faults(area("a", turned)) == [
        "features.0.geometry.coordinates.0.0: [12.0, 100.0] is latitude, longitude: GeoJSON has the"
        " longitude first"
    ]
    assert "longitude first" in faults(area("a", square(100, 12)), point("p", 12.9, 100.9))[0]


def test_metres_are_no_degrees() -> None:
    utm = [
        [703000.0, 1430000.0],
        [704000.0, 1430000.0],
        [704000.0, 1431000.0],
        [703000.0, 1430000.0],
    ]
    assert faults(area("a", utm)) == [
        "features.0.geometry.coordinates.0.0: [703000.0, 1430000.0] are no degrees: coordinates are"
        " WGS 84"
    ]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32647"}}
    assert faults(area("a", square(100, 12)), crs=crs)[0].startswith("crs: is urn:ogc:def:crs:EPSG")
    old = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    assert faults(area("a", square(100, 12)), crs=old) == []


def test_a_ring_that_crosses_itself_is_told_with_the_point() -> None:
    bow = [[100.0, 12.0], [101.0, 13.0], [101.0, 12.0], [100.0, 13.0], [100.0, 12.0]]
    assert faults(area("a", square(99, 10)), area("b", bow)) == [
        "features.1.geometry: Self-intersection at 100.5 12.5"
    ]


def test_two_areas_on_the_same_ground_are_told() -> None:
    told = faults(area("a", square(100, 12)), area("b", square(100.5, 12)))
    assert len(told) == 1
    assert told[0].startswith('features.1.geometry: "b" overlaps with "a" at 100.')
    assert faults(area("a", square(100, 12)), area("b", square(101, 13))) == [], "a corner is none"


def test_a_hole_that_is_nobodys_is_told() -> None:
    hole = square(100.25, 12.25, 0.5)
    told = faults(area("ring", square(100, 12), hole))
    assert told == ["features.0.geometry: a hole at 100.50000 12.50000 is nobody's"]
    between = [area(f"a{n}{m}", square(100 + n, 10 + m)) for n, m in product(range(3), range(3))]
    del between[4]
    assert len(faults(*between)) == 1, "also one that is left between areas"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"id": None}, "features.1.id"),
        ({"id": 7}, "features.1.id"),
        ({"id": "a"}, "features.1.id"),
        ({"id": "x" * 65}, "features.1.id"),
        ({"properties": None}, "features.1"),
        ({"geometry": None}, "features.1.geometry"),
        ({"geometry": {"type": "LineString", "coordinates": []}}, "features.1.geometry"),
        ({"geometry": {"type": "Polygon"}}, "features.1.geometry.coordinates"),
        ({"geometry": {"type": "Polygon", "coordinates": []}}, "features.1.geometry.coordinates"),
        (
            {"geometry": {"type": "Polygon", "coordinates": [[[1, 2], [3, 4]]]}},
            "features.1.geometry.coordinates.0",
        ),
        (
            {"geometry": {"type": "Polygon", "coordinates": [[[1, 2], [3, 4], [5, 7], [2, 2]]]}},
            "features.1.geometry.coordinates.0",
        ),
        (
            {"geometry": {"type": "Polygon", "coordinates": [[[1, 2], "x", [5, 7], [1, 2]]]}},
            "features.1.geometry.coordinates.0.1",
        ),
        (
            {"geometry": {"type": "Polygon", "coordinates": [[[1, 2], [1, True], [5, 7], [1, 2]]]}},
            "features.1.geometry.coordinates.0.1",
        ),
    ],
)
def test_each_slip_is_told_at_its_place(change: dict[str, Any], path: str) -> None:
    slipped = deepcopy(area("b", square(101, 12))) | change
    _, wrong = read(file(area("a", square(100, 12)), slipped))
    assert [each.path for each in wrong] == [path]


def test_titles_kinds_and_telephones_are_asked_for() -> None:
    bare = area("b", square(101, 12))
    bare["properties"] = {"kind": "neighbour", "title": {"th": "ข"}}
    odd = area("c", square(102, 12), kind="borough")
    assert [each.partition(": ")[0] for each in faults(area("a", square(100, 12)), bare, odd)] == [
        "features.1.properties.title",
        "features.1.properties.telephone",
        "features.2.properties.kind",
    ]


def test_neighbours_alone_are_no_city() -> None:
    assert faults(area("n", square(100, 12), kind="neighbour")) == [
        'features: there is no area ("kind": "area")'
    ]


# ------------------------------------------------------------------ names


def test_a_soi_is_not_named_by_the_number_of_another() -> None:
    areas = good(area("a", square(0, 0)), point("soi_1", 0.5, 0.5, "ซอย 1"))
    assert [hit.named.id for hit in areas.found_in("น้ำท่วม ซอย 1 ครับ")] == ["soi_1"]
    assert areas.found_in("น้ำท่วม ซอย 12") == areas.found_in("ซอย ๑๒") == []
    both = areas.found_in("ซอย 12 ตรงข้ามซอย 1")
    assert [hit.named.id for hit in both] == ["soi_1"]


def test_names_are_found_in_what_somebody_says() -> None:
    areas, _ = read(SHIPPED)
    assert [hit.area for hit in areas.found_in("ซอยบัวขาว หน้า 7-11")] == ["nong_prue"]
    assert [hit.area for hit in areas.found_in("น้ำท่วมแถว ซ. บัวขาว")] == ["nong_prue"]
    assert areas.found_in("หน้าบ้านของฉัน") == []
    found = areas.point_named("opposite BALI HAI pier, left side")
    assert isinstance(found, Point)
    assert found.id == "bali_hai"


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("บัวขาว", "soi_buakhao"),
        ("12/3 ซ บัวขาว หน้า 7-11", "soi_buakhao"),
        ("ซ.บัวขาว", "soi_buakhao"),
        ("ถนนบัวขาว", "soi_buakhao"),
        ("flood on Buakhao", "soi_buakhao"),
        ("soi bua khao", "soi_buakhao"),
        ("ทัพพระยา", "thappraya"),
        ("ถ.ทัพพระยา", "thappraya"),
        ("Thappraya Rd.", "thappraya"),
        ("ซ.13/2", "soi_13_2"),
        ("ซอยพัทยา 13/2", "soi_13_2"),
        # a number alone is no street, and a road that is called after an area no road
        ("13/2", None),
        ("ซ.13/21", None),
        ("พัทยาใต้", "nong_prue"),
        ("ถ.พัทยาใต้", "south_road"),
        # a name of the city's own file comes first, whatever a street's word would make of it
        ("ถนนคนเดิน", "walking_street"),
        ("วัดชัยมงคล", "soi_wat_chai"),
    ],
)
def test_a_street_is_found_with_and_without_its_word(said: str, found: str | None) -> None:
    areas, _ = read(SHIPPED)
    assert [hit.named.id for hit in areas.found_in(said)] == ([found] if found else [])


def street(id_: str, kind: str, title: str) -> dict[str, Any]:
    made = point(id_, 0.5, 0.5)
    made["properties"] |= {"kind": kind, "title": {"th": title, "en": id_}}
    return made


def test_what_could_mean_two_streets_or_is_a_word_of_its_own_is_no_name() -> None:
    areas = good(
        area("a", square(0, 0)),
        street("s1", "soi", "ซอยวัดใหม่"),
        street("r1", "road", "ถนนวัดใหม่"),
        street("r2", "road", "ถนนตลาด"),
    )
    named = {text: [hit.named.id for hit in areas.found_in(text)] for text in SAID_OF_TWO}
    assert named == SAID_OF_TWO


SAID_OF_TWO = {
    "วัดใหม่": [],
    "ซ.วัดใหม่": ["s1"],
    "ถ.วัดใหม่": ["r1"],
    "หน้าตลาด": [],
    "ถ.ตลาด": ["r2"],
}


def test_a_search_finds_a_street_by_any_of_its_names_and_in_a_whole_line() -> None:
    areas, _ = read(SHIPPED)
    for text in ("บัวขาว", "ถนนบัวขาว", "ซ.บัวขาว", "soi buak", "ซอยบัวขาว หน้า 7-11"):
        assert [each.id for each in areas.search(text)] == ["soi_buakhao"], text
    assert [each.id for each in areas.search("13/2")] == ["soi_13_2"]


def test_a_name_inside_a_longer_one_is_not_told_again() -> None:
    areas, _ = read(SHIPPED)
    assert [hit.area for hit in areas.found_in("สถานีขนส่งพัทยาเหนือ")] == ["na_kluea"]
    assert len(areas.found_in("สถานีขนส่งพัทยาเหนือ")) == 1


def test_names_are_compared_without_spaces_case_and_thai_digits() -> None:
    assert fold("ซ. 13/๒ ") == fold("ซ.13/2")
    assert fold("Soi BUAKHAO") == "soibuakhao"
    areas, _ = read(SHIPPED)
    assert [each.id for each in areas.search("ซอยพัทยา ๑๓/๒")] == ["soi_13_2"]
    assert areas.search("  ") == []
