"""What of the open data is too rare to be told; and the same tables are the same bytes."""

import io
import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hotline import city
from hotline.errors import ConfigError
from reports.open_data import package
from reports.open_data.package import About
from reports.open_data.rules import WITHHELD, Matter, coarsened, hidden, squared, tellable
from reports.open_data.tables import Column, Table
from tickets.places.rules import Pin, distance

ROOT = Path(__file__).parents[3]
LEAST = 5
CELLS = st.dictionaries(st.text("abcdef", max_size=3), st.integers(0, 12), max_size=20)


# ---------------------------------------------------------------- counts


def test_a_rare_cell_is_hidden_and_with_it_what_would_give_it_away() -> None:
    # alone it would be the whole less the others
    assert hidden({"a": 100, "b": 3, "c": 40}, LEAST) == {"b", "c"}
    # two together are enough, if they are enough
    assert hidden({"a": 100, "b": 3, "c": 4}, LEAST) == {"b", "c"}
    assert hidden({"a": 100, "b": 1, "c": 1, "d": 7}, LEAST) == {"b", "c", "d"}
    assert hidden({"a": 5, "b": 6}, LEAST) == set(), "as many as the least are told"
    assert hidden({"a": 0, "b": 6}, LEAST) == set(), "nobody is in it"


def test_what_is_never_told_takes_company_too() -> None:
    found = hidden({"staff": 80, "road": 90, "beach": 30}, LEAST, lambda key: key == "staff")
    assert found == {"staff", "beach"}


@given(CELLS, st.integers(2, 8))
def test_nobody_finds_a_hidden_cell_by_subtracting(cells: dict[str, int], least: int) -> None:
    found = hidden(cells, least)
    told = {key: number for key, number in cells.items() if key not in found}
    assert all(number == 0 or number >= least for number in told.values())
    others = [key for key, number in cells.items() if number and key not in found]
    if found and others:
        assert len(found) > 1
        assert sum(cells[key] for key in found) >= least


# ---------------------------------------------------------------- matters

PLACES = st.sampled_from([(12.9, 100.9), (12.8, 100.8), None])
MATTERS = st.lists(
    st.builds(
        Matter,
        received=st.sampled_from(["2026-10", "2026-11"]),
        category=st.sampled_from(["road", "beach", "noise"]),
        division=st.sampled_from(["works", "health"]),
        area=st.sampled_from(["north", "south", "(none)"]),
        square=PLACES,
    ),
    max_size=60,
)


@given(MATTERS, st.integers(2, 8))
def test_of_everything_told_there_are_enough(matters: list[Matter], least: int) -> None:
    found = coarsened(matters, least)
    told = [each for each in found.matters if each is not None]
    assert all(number >= least for number in Counter(told).values())
    assert len(found.matters) == len(matters)
    assert len(matters) - len(told) == found.left_out
    for before, after in zip(matters, found.matters, strict=True):
        if after is not None:
            assert after.received == before.received
            assert after.category in (before.category, WITHHELD)
            assert after.area in (before.area, WITHHELD)
    lost = (found.without_square, found.without_area, found.without_matter, found.left_out)
    assert list(lost) == sorted(lost, reverse=True), "who loses the area has lost the square"


def test_as_much_is_told_as_enough_have_in_common() -> None:
    matters = [Matter("2026-11", "road", "works", "north")] * 5
    matters += [Matter("2026-11", "road", "works", each) for each in ("south", "south", "east")]
    matters += [Matter("2026-11", "road", "works", "west")] * 2
    matters += [Matter("2026-11", "noise", "health", "north")]
    found = coarsened(matters, LEAST)
    assert found.matters[0] == matters[0]
    assert found.matters[5:10] == [Matter("2026-11", "road", "works", WITHHELD)] * 5
    assert found.matters[10] is None
    assert (found.without_area, found.without_matter, found.left_out) == (6, 1, 1)


@given(st.floats(-60, 60), st.floats(-170, 170), st.sampled_from([100, 500, 2000]))
def test_a_place_is_in_its_square(latitude: float, longitude: float, metres: int) -> None:
    middle = squared(latitude, longitude, metres)
    away = distance(Pin(latitude, longitude), Pin(*middle))
    assert away <= metres * 0.75, "half a diagonal, and a little of the earth's not being a ball"


def test_a_mean_of_few_marks_is_what_single_people_said() -> None:
    few = {"average_mark": 4.0, "rated": 4, "mark_sum": 16, "calls": 2, "average_judgement": 5.0}
    few["tickets_judged"] = 5
    found = tellable(few, few, LEAST)
    assert found == few | {"average_mark": None, "mark_sum": None}


@pytest.mark.parametrize(
    ("own", "fault"),
    [
        ({"without": ["taxes", "corupption"]}, 'without.1: no such category "corupption"'),
        ({"least": 1}, "least: "),
        ({"position": "pin"}, "position: "),
        ({"grid_metres": 10}, "grid_metres: "),
        ({"licence": {"name": "CC BY", "title": {"th": "ก", "en": "A"}}}, "licence.name: "),
    ],
)
def test_what_would_tell_too_much_by_a_slip_of_the_pen_is_refused(own: Any, fault: str) -> None:
    content = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    content["reports"]["open_data"] = own
    with pytest.raises(ConfigError) as refused:
        city.parse(content, folder=ROOT)
    assert any(f"reports.open_data.{fault}" in str(each) for each in refused.value.faults)


# ---------------------------------------------------------------- the files

ABOUT = About("a", {"th": "ก", "en": "A"}, {"th": "ข", "en": "B"}, "1", [], [])
TABLE = Table(
    "calls",
    (Column("month", "yearmonth", {"required": True}), Column("value", "number")),
    [("2026-11", None), ("2026-12", 0.5)],
    ("month",),
    withheld={"cells": 3},
)


def say(key: str, language: str) -> str:
    return f"{key} {language}"


def test_what_is_empty_is_empty_and_both_languages_stand_beside_the_one() -> None:
    files = package.files(ABOUT, [TABLE], say, "en")
    assert files["calls.csv"] == b"month,value\r\n2026-11,\r\n2026-12,0.5\r\n"
    (resource,) = json.loads(files["datapackage.json"])["resources"]
    assert resource["title"] == "reports.open.table.calls en"
    assert resource["titles"]["th"] == "reports.open.table.calls th"
    assert resource["bytes"] == len(files["calls.csv"])
    assert resource["schema"]["primaryKey"] == ["month"]
    assert list(package.summary(files)) == ["calls.csv: 2 rows (withheld: cells 3)"]


def test_the_same_tables_are_the_same_file_and_it_has_no_time() -> None:
    once, again = (package.zipped(package.files(ABOUT, [TABLE], say, "th")) for _ in range(2))
    assert once == again
    with zipfile.ZipFile(io.BytesIO(once)) as book:
        assert [each.filename for each in book.infolist()] == ["datapackage.json", "calls.csv"]
        assert {each.date_time for each in book.infolist()} == {(1980, 1, 1, 0, 0, 0)}
