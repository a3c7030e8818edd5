"""Specifications of charts: what they say, and that nothing of them is lost until it is drawn."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import charts

SQUARE = {
    "type": "Polygon",
    "coordinates": [[[100, 12], [101, 12], [101, 13], [100, 13], [100, 12]]],
}
LABELS = st.text(min_size=1, max_size=12)
NUMBERS = st.one_of(st.none(), st.integers(0, 10**6))


def values(spec: charts.Spec) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = spec["data"]["values"]
    return found


@given(st.dictionaries(LABELS, NUMBERS, min_size=1, max_size=12))
def test_columns_keep_every_number_its_place_and_its_gap(numbers: dict[str, int | None]) -> None:
    spec = charts.columns(list(numbers.items()), title="calls")
    assert [(row["x"], row["y"]) for row in values(spec)] == list(numbers.items())
    assert spec["encoding"]["x"]["sort"] == list(numbers)


@given(
    st.dictionaries(LABELS, st.dictionaries(LABELS, NUMBERS, max_size=5), min_size=1, max_size=5)
)
def test_the_parts_of_a_column_add_up_to_it(whole: dict[str, dict[str, int | None]]) -> None:
    spec = charts.stacked(list(whole.items()), title="calls")
    for x, parts in whole.items():
        drawn = sum(row["y"] or 0 for row in values(spec) if row["x"] == x)
        assert drawn == sum(number or 0 for number in parts.values())


def test_a_part_has_the_same_colour_in_every_column() -> None:
    months = [("Oct", {"th": 3, "en": 1}), ("Nov", {"en": 2, "zh": 1, "th": 9})]
    scale = charts.stacked(months, title="calls")["encoding"]["color"]["scale"]
    assert scale == {"domain": ["th", "en", "zh"], "range": list(charts.SERIES[:3])}


def test_a_promise_is_drawn_where_there_is_one() -> None:
    months = [("Oct", 0.8), ("Nov", None)]
    assert len(charts.share_line(months, title="in time")["layer"]) == 1
    assert charts.share_line(months, title="in time", target=0.8)["layer"][1]["encoding"] == {
        "y": {"datum": 0.8}
    }


def test_a_district_is_the_inside_of_its_ring() -> None:
    spec = charts.areas({"a": SQUARE}, {"a": 4}, {"a": "Na Kluea"}, title="complaints")
    (feature,) = values(spec)
    (ring,) = feature["geometry"]["coordinates"][0]
    turns = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(ring))
    assert turns < 0, "clockwise, as the drawing library wants it"
    assert (feature["name"], feature["y"]) == ("Na Kluea", 4)


@pytest.mark.parametrize(
    "spec",
    [
        charts.columns([("a", 1)], title="t"),
        charts.stacked([("a", {"x": 1})], title="t"),
        charts.share_line([("a", 0.5)], title="t", target=0.8),
        charts.ranked([("a", 1)]),
        charts.heat({("Mon", "08"): 1}, days=["Mon"], hours=["08"], title="t"),
        charts.areas({"a": SQUARE}, {"a": 1}, {"a": "A"}, title="t"),
    ],
    ids=["columns", "stacked", "share_line", "ranked", "heat", "areas"],
)
def test_no_colour_stays_a_name(spec: charts.Spec) -> None:
    names = {charts.PAPER, *charts.SERIES}
    drawn = charts.coloured(spec, dict.fromkeys(names, "#000000"))
    assert not names & _texts(drawn)
    assert names & _texts(spec)


def test_what_somebody_wrote_is_no_colour() -> None:
    spec = charts.columns([("@everybody", 2)], title="t")
    assert values(charts.coloured(spec, {charts.ACCENT: "#000000"}))[0]["x"] == "@everybody"


def test_two_of_one_name_are_two_bars() -> None:
    spec = charts.ranked([("อื่น ๆ", 5), ("a|b", 3), ("อื่น ๆ", 2)])
    bars = [each["what"] for each in values(spec)]
    assert len(set(bars)) == 3
    assert spec["encoding"]["y"]["sort"] == bars
    assert [each.partition("|")[2] for each in bars] == ["อื่น ๆ", "a|b", "อื่น ๆ"]


def _texts(value: Any) -> set[str]:
    if isinstance(value, str):
        return {value}
    if isinstance(value, dict):
        value = list(value.values())
    return set().union(*map(_texts, value)) if isinstance(value, list | tuple) else set()


@pytest.mark.parametrize(("most", "ticks"), [(None, 5), (0, 5), (1, 1), (3, 3), (900, 5)])
def test_there_is_no_half_call_on_an_axis(most: int | None, ticks: int) -> None:
    spec = charts.columns([("Oct", None), ("Nov", most)], title="Calls")
    assert spec["encoding"]["y"]["axis"]["tickCount"] == ticks


def test_a_week_has_all_its_hours_also_of_one_call() -> None:
    spec = charts.heat({("Mon", "02"): 1}, days=["Mon", "Tue"], hours=["01", "02"], title="Calls")
    assert spec["encoding"]["x"]["scale"]["domain"] == ["01", "02"]
    assert spec["encoding"]["y"]["scale"]["domain"] == ["Mon", "Tue"]


def test_many_together_are_drawn_as_none_of_the_others() -> None:
    values = [("Roads", 9), ("22 more", 70)]
    bars = charts.ranked(values, rest=True)["layer"][0]
    assert bars["encoding"]["color"]["condition"]["test"] == "datum.rest"
    data = charts.ranked(values, rest=True)["data"]["values"]
    assert [each.get("rest") for each in data] == [None, True]
    assert "encoding" not in charts.ranked(values)["layer"][0]
