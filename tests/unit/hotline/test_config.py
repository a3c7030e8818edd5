"""config.yaml: faults with their paths, all at once; nothing overwritten in silence."""

from copy import deepcopy
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from hotline import city
from hotline.config import City, LocalText, fault_of, load_yaml
from hotline.errors import ConfigError

SHIPPED = Path(__file__).parents[3] / "config.yaml"
CITY = {
    "name": {"th": "เมืองพัทยา", "en": "Pattaya"},
    "hotline_name": {"th": "สายด่วน", "en": "Hotline"},
    "number": "1337",
    "caller_id": "+6638111337",
    "fallback_number": "+6638253100",
}


@pytest.fixture(scope="module")
def shipped() -> Any:
    return load_yaml(SHIPPED)


def faults(content: Any) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        city.parse(content)
    return {fault.path: fault.message for fault in caught.value.faults}


def faults_of_file(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_yaml(path)
    return [str(fault) for fault in caught.value.faults]


def test_the_shipped_file_is_right() -> None:
    config = city.load(SHIPPED)
    assert config.city.number == "1337"
    assert config.city.zone == ZoneInfo("Asia/Bangkok")
    assert set(config.sections) == set(city.SECTIONS.values())


def test_all_faults_of_all_sections_come_at_once(shipped: Any) -> None:
    content = deepcopy(shipped)
    del content["city"]["number"]
    content["city"]["colour"] = "green"
    content["city"]["name"] = {"th": "เมืองพัทยา"}
    content["ivr"]["flow"]["main"]["keys"][2] = "nowhere"
    content["reports"] = {**(content.get("reports") or {}), "colour": "green"}
    content["weather"] = {}
    found = faults(content)
    assert found["city.number"] == "is missing"
    assert found["city.colour"] == "there is no such key"
    assert found["city.name"] == "no text in en"
    assert found["reports.colour"] == "there is no such key"
    assert found["weather"].startswith("no such section")
    assert "nowhere" in found["ivr.flow.main.keys.2"]


@pytest.mark.parametrize("section", city.SECTIONS)
def test_a_missing_section_is_as_if_it_were_empty(shipped: Any, section: str) -> None:
    with_none, without = deepcopy(shipped), deepcopy(shipped)
    with_none[section] = None
    del without[section]
    answers = []
    for content in (with_none, without):
        try:
            city.parse(content)
        except ConfigError as error:
            answers.append([str(fault) for fault in error.faults])
        else:
            answers.append([])
    assert answers[0] == answers[1]


@pytest.mark.parametrize("text", ["", "just words", "- a\n- list\n"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match="empty or not a mapping"):
        city.load(path)


def test_keys_that_stand_twice_are_all_named_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text('a: 1\nb: {x: 1, x: 2}\na: 2\nc:\n  1: one\n  "1": uno\n')
    assert sorted(faults_of_file(path)) == [
        f"{path}, line 2: the key 'x' stands twice",
        f"{path}, line 3: the key 'a' stands twice",
        f"{path}, line 6: the key '1' stands twice",
    ]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"a: [1", "expected"),
        (b"a: \xff\xfe", "not UTF-8"),
        (b"? [a, b]\n: 1\n", "unhashable"),
        (b"a: !!python/object:os.system 1\n", "could not determine a constructor"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    (fault,) = faults_of_file(path)
    assert fault.startswith(str(path))
    assert what in fault


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    (fault,) = faults_of_file(tmp_path / "config.yaml")
    assert fault == f"{tmp_path / 'config.yaml'}: No such file or directory"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", "1 337"),
        ("number", 1337),
        ("number", "+0123456789"),
        ("fallback_number", "081-234-5678"),
        ("time_zone", "Asia/Pattaya"),
        ("country", "Thailand"),
        ("accent", "teal"),
        ("name", {"th": "เมืองพัทยา", "en": "  "}),
        ("name", {"th": "เมืองพัทยา", "en": "Pattaya", "English": "Pattaya"}),
    ],
)
def test_what_is_wrong_about_a_city(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        City.model_validate({**CITY, field: value})
    assert {fault_of(each, "city").path.split(".")[1] for each in caught.value.errors()} == {field}


def test_a_section_cannot_be_changed() -> None:
    found = City.model_validate(CITY)
    with pytest.raises(ValidationError):
        found.number = "1111"  # type: ignore[misc]


def test_a_text_falls_back_to_english() -> None:
    text = LocalText.model_validate({"th": "น้ำ", "en": "water", "zh": "水"})
    assert [text.for_(each) for each in ("th", "zh", "ru")] == ["น้ำ", "水", "water"]


def test_what_a_merge_brings_may_be_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\n")
    assert load_yaml(path)["b"] == {"x": 3, "y": 2}


def test_keys_that_stand_twice_hide_no_other_fault_and_cause_none(tmp_path: Path) -> None:
    """Which of the two is meant is not known: nothing is said of what is in them."""
    text = SHIPPED.read_text(encoding="utf-8")
    for right, wrong in (
        # again, with a fault of its own, and without what leads to `information` and `complaint`
        (
            "    emergency:\n      kind: menu\n",
            "    main: {kind: menu, prompt: main_menu, keys: {0: agent}, otherwise: agent, tries: 9"
            "}\n    emergency:\n      kind: menu\n",
        ),
        ("reports:\n", "reports: {window_days: 0}\nreports:\n"),
        ("  window_days: 3\n", "  window_days: 0\n"),
        ("  time_zone: Asia/Bangkok", "  time_zone: Asia/Pattaya"),
        ("central_desk: contact_center", "central_desk: nobody"),
        ("queue: complaint, prompt", "queue: complant, prompt"),
    ):
        assert text.count(right) == 1, right
        text = text.replace(right, wrong)
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        city.load(path)
    told = [fault.path.removeprefix(f"{path}, ") for fault in caught.value.faults]
    lines = [n for n, line in enumerate(text.splitlines(), 1) if line.startswith("reports:")]
    again = [n for n, line in enumerate(text.splitlines(), 1) if line.startswith("    main: {")]
    assert sorted(told) == sorted(
        [
            f"line {lines[1]}",
            f"line {again[0]}",
            "city.time_zone",
            "tickets.central_desk",
            "ivr.flow.complaint.queue",
        ]
    )
