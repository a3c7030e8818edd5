"""Divisions that are split by area: who has what where, and what the file may not say."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from hotline import city
from hotline.config import load_yaml
from hotline.errors import ConfigError
from tests.unit.tickets.test_config import SHIPPED, with_change
from tickets.attendance import Attendance
from tickets.config import Tickets


def title(text: str) -> dict[str, str]:
    return {"th": text, "en": text}


def divisions(**works: Any) -> dict[str, Any]:
    return {
        "desk": {"title": title("desk"), "administrators": ["nok"]},
        "works": {"title": title("works"), "administrators": ["lek"], **works},
        "north": {"title": title("north"), "administrators": ["dao"]},
    }


SPLIT = with_change("divisions", divisions(areas={"hill": "north"}))


@pytest.mark.parametrize(
    ("category", "area", "division"),
    [
        ("road", "hill", "north"),
        ("road", "beach", "works"),
        ("road", None, "works"),
        (None, "hill", "desk"),
        ("unknown", "hill", "desk"),
    ],
)
def test_the_category_and_the_area_say_whose_it_is(
    category: str | None, area: str | None, division: str
) -> None:
    assert SPLIT.division_of(category, area) == division


def test_a_part_leads_to_its_whole_and_to_the_other_parts() -> None:
    assert SPLIT.whole_of("north") == "works"
    assert SPLIT.whole_of("works") is None
    assert SPLIT.in_area("north", "beach") == "works"
    assert SPLIT.in_area("north", "hill") == "north"
    assert SPLIT.in_area("desk", "hill") == "desk"
    assert SPLIT.in_area("gone", "hill") == "gone", "one that has left the file keeps its tickets"


def test_a_part_that_nobody_answers_for_is_its_wholes_and_then_the_desks() -> None:
    everybody = {name: name for name in ("nok", "lek", "dao")}
    assert Attendance(SPLIT, everybody, {}).handlers("north") == ["dao"]
    without = Attendance(SPLIT, everybody, {"dao": None})
    assert without.handlers("north") == ["lek"]
    assert without.keeper("north") == "works"
    assert "north" in without.divisions_of("lek")
    assert "north" not in without.divisions_of("nok")
    nobody = Attendance(SPLIT, {"nok": "nok"}, {})
    assert nobody.handlers("north") == ["nok"]
    assert {"north", "works"} <= nobody.divisions_of("nok")


@pytest.mark.parametrize(
    ("areas", "fault"),
    [
        ({"hill": "nobody"}, 'divisions.works.areas.hill: no such division "nobody"'),
        ({"hill": "works"}, "divisions.works.areas.hill: is the division itself"),
    ],
)
def test_a_part_is_another_division(areas: dict[str, str], fault: str) -> None:
    found = [str(each) for each in with_change("divisions", divisions(areas=areas)).faults()]
    assert len(found) == 1
    assert found[0].startswith(fault)


def test_there_is_one_level_of_parts_and_each_is_of_one_division() -> None:
    deep = divisions(areas={"hill": "north"})
    deep["north"]["areas"] = {"top": "desk"}
    assert [each.path for each in with_change("divisions", deep).faults()] == [
        "divisions.works.areas.hill"
    ]
    shared = divisions(areas={"hill": "north"})
    shared["desk"]["areas"] = {"hill": "north"}
    (fault,) = with_change("divisions", shared).faults()
    assert fault.message == '"north" is a part of "desk" already'


# ------------------------------------------------------------------ beside the file of areas


def shipped(change: Any, folder: Path) -> Tickets:
    content = deepcopy(load_yaml(SHIPPED))
    change(content["tickets"])
    return city.parse(content, folder=folder).tickets


def told(change: Any, folder: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        shipped(change, folder)
    return [str(fault) for fault in caught.value.faults]


def test_the_citys_own_file_lies_beside_config(tmp_path: Path) -> None:
    square = [[100, 12], [101, 12], [101, 13], [100, 13], [100, 12]]
    feature = {
        "type": "Feature",
        "id": "all",
        "properties": {"kind": "area", "title": title("all")},
        "geometry": {"type": "Polygon", "coordinates": [square]},
    }
    path = tmp_path / "mine.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))

    def change(section: Any) -> None:
        section["places"] = {"areas": "mine.geojson"}
        section["divisions"]["engineering"]["areas"] = {"all": "engineering_north"}

    assert list(shipped(change, tmp_path).areas.areas) == ["all"]
    # what divisions name must be there
    only_file = {"places": {"areas": "mine.geojson"}}
    assert told(lambda section: section.update(only_file), tmp_path) == [
        f'tickets.divisions.engineering.areas.{area}: no such area "{area}"'
        for area in ("na_kluea", "nong_pla_lai", "koh_lan")
    ]
    # and a fault in it stops the start, with its place in that file
    feature["geometry"]["coordinates"][0][2] = [13, 101]  # type: ignore[index]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    (fault,) = told(change, tmp_path)
    assert fault.startswith(
        "tickets.places.areas (mine.geojson).features.0.geometry.coordinates.0.2: [13, 101] is"
    )


def test_a_city_without_areas_starts(tmp_path: Path) -> None:
    def change(section: Any) -> None:
        del section["places"], section["divisions"]["engineering"]["areas"]

    found = shipped(change, tmp_path)
    assert not found.areas
    assert found.division_of("street_light", "na_kluea") == "engineering"


def test_an_area_that_no_file_has_is_told(tmp_path: Path) -> None:
    def change(section: Any) -> None:
        section["places"]["areas"] = "gone.geojson"

    assert told(change, tmp_path) == ["tickets.places.areas: there is no file gone.geojson"]
