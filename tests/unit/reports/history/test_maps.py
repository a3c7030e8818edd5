"""What is wrong with a map is told all at once, with its place."""

from pathlib import Path

import pytest

from hotline.errors import ConfigError
from reports.history import maps
from reports.history.maps import RowsMap

GOOD = """
source: old
file: {header: true}
time: {zone: Asia/Bangkok, era: buddhist, formats: ["%d/%m/%Y %H:%M:%S"]}
key: [id]
moments: {arrived: start}
lengths: {wait: wait, talk: talk}
outcomes:
  - {when: {result: [answered, 1]}, is: answered}
  - {when: {result: ""}, is: abandoned}
queue: {column: group, values: {600: information}, otherwise: refuse}
"""


def faults(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "map.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        maps.load(path)
    except ConfigError as error:
        return [str(each) for each in error.faults]
    return []


@pytest.mark.parametrize("name", maps.names())
def test_the_shipped_maps_are_right(name: str) -> None:
    assert maps.load(maps.find(name)).source


def test_there_are_three() -> None:
    assert maps.names() == ["asterisk-cdr", "asterisk-queue-log", "bank-log"]


def test_numbers_of_yaml_are_texts_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(GOOD, encoding="utf-8")
    found = maps.load(path)
    assert isinstance(found, RowsMap)
    assert found.queue.values == {"600": "information"}
    assert found.outcomes[0].when["result"] == ("answered", "1")
    assert found.outcomes[1].when["result"] == ("",)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("Asia/Bangkok", "Asia/Bankok", "time.zone"),
        ("%Y", "%y", "time.formats.0"),
        ("%d/%m/%Y ", "", "time.formats.0"),
        ("%d", "%Q", "time.formats.0"),
        ("wait: wait, ", "", "moments.connected"),
        ("arrived: start", "arrived: start, connected: x", "lengths.wait"),
        ("arrived: start", "arrived: {date: d}", "moments.arrived.0"),
        ("otherwise: refuse", "otherwise: ignore, always: x", "queue"),
        ("answered}", "served}", "outcomes.0.is"),
        ("[answered, 1]", "[answered, yes]", "outcomes.0.when.result"),
        ("header: true", "header: false", "file.columns"),
        ("header: true", "columns: [a, a]", "file.columns"),
        ("header: true", "columns: [start]", "key.0"),
        ("source: old", "source: old\nsource: older", "map.yaml, line 3"),
        ("source: old", "source: old\nlanguage: {always: Thai}", "language"),
        ("source: old", "source: old\nsauce: old", "sauce"),
    ],
)
def test_a_fault_names_its_place(tmp_path: Path, old: str, new: str, place: str) -> None:
    assert faults(tmp_path, GOOD) == []
    assert old in GOOD
    found = faults(tmp_path, GOOD.replace(old, new, 1))
    assert any(place in each.split(": ")[0] for each in found), found


def test_all_faults_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("Asia/Bangkok", "Nowhere").replace("is: abandoned", "is: lost")
    assert len(faults(tmp_path, text)) == 2


def test_no_such_map() -> None:
    with pytest.raises(ConfigError, match="asterisk-cdr"):
        maps.find("asterisk")
