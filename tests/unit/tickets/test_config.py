from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from hotline import city
from hotline.config import load_yaml
from hotline.errors import ConfigError
from tickets.citizen_config import Sms
from tickets.config import Makes, Tickets
from tickets.texting import Moment
from tickets.workflow import Kind, Priority

SHIPPED = Path(__file__).parents[3] / "config.yaml"


def title(text: str) -> dict[str, str]:
    return {"th": text, "en": text}


GOOD: dict[str, Any] = {
    "divisions": {
        "desk": {"title": title("desk"), "administrators": ["nok"]},
        "works": {"title": title("works"), "administrators": ["lek"]},
    },
    "central_desk": "desk",
    "resolve_hours": dict.fromkeys(Kind, 24.0),
    "categories": {
        "road": {"title": title("road"), "division": "works", "aliases": ["ถนน"]},
        "drain": {"title": title("drain"), "division": "works", "aliases": ["ท่อ"]},
    },
    "outcomes": [
        {
            "id": "told",
            "key": "1",
            "title": title("told"),
            "makes": "closed_inquiry",
            "kind": "inquiry",
            "default": True,
        },
        {
            "id": "complaint",
            "key": "2",
            "title": title("complaint"),
            "makes": "open_ticket",
            "kind": "complaint",
            "category": "required",
        },
        {"id": "again", "key": "3", "title": title("again"), "makes": "link"},
    ],
}


def with_change(path: str, value: object) -> Tickets:
    section = deepcopy(GOOD)
    *way, last = path.split(".")
    inside: Any = section
    for part in way:
        inside = inside[int(part) if part.isdecimal() else part]
    inside[last] = value
    return Tickets.model_validate(section)


def faults(section: Tickets) -> list[str]:
    return [str(fault) for fault in section.faults()]


def test_a_good_section_has_no_fault() -> None:
    section = Tickets.model_validate(GOOD)
    assert faults(section) == []
    assert list(section.warnings()) == []


def test_the_shipped_city_has_no_fault_and_somebody_for_every_division() -> None:
    section = Tickets.model_validate(load_yaml(SHIPPED)["tickets"])
    assert faults(section) == []
    assert list(section.warnings()) == []
    assert {outcome.makes for outcome in section.outcomes} == set(Makes)
    assert any(category.private for category in section.categories.values())


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        ("central_desk", "cellar", 'central_desk: no such division "cellar"'),
        (
            "categories.road.division",
            "roads",
            'categories.road.division: no such division "roads"',
        ),
        ("resolve_hours", {}, "resolve_hours.praise: has no hours"),
        ("categories.drain.aliases", ["ถนน"], 'categories.drain.aliases: "ถนน" is road\'s already'),
        ("outcomes.1.key", "1", 'outcomes: the key "1" stands 2 times'),
        ("outcomes.1.id", "told", 'outcomes: the id "told" stands 2 times'),
        (
            "outcomes.0.default",
            False,
            "outcomes: exactly one outcome must be the default (none is)",
        ),
        (
            "outcomes.1.default",
            True,
            "outcomes: exactly one outcome must be the default (told, complaint is)",
        ),
        (
            "outcomes.1.default",
            True,
            "outcomes.1.default: it requires a category, which nobody will have given",
        ),
        (
            "outcomes.2.default",
            True,
            "outcomes.2.default: without the agent nobody knows which ticket to link",
        ),
        ("outcomes.1.kind", None, "outcomes.1.kind: a ticket that is made needs a kind"),
        (
            "outcomes.0.result",
            "fixed",
            'outcomes.0.result: "fixed" is no result of kind "inquiry"',
        ),
    ],
)
def test_each_fault_is_named_with_its_path(path: str, value: object, fault: str) -> None:
    assert fault in faults(with_change(path, value))


CLOCKS = {"acknowledge": {"normal": 24, "urgent": 8, "critical": 1}}


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        (
            "deadlines",
            {"acknowledge": {"normal": 24, "critical": 1}},
            "deadlines.acknowledge.urgent: has no hours",
        ),
        (
            "deadlines",
            {"update": {"normal": 24, "urgent": 48, "critical": 1}},
            "deadlines.update.urgent: 48 hours are more than those of normal",
        ),
        (
            "deadlines",
            {"resolve": {"urgent": 4, "critical": 5}},
            "deadlines.resolve.critical: 5 hours are more than those of urgent",
        ),
        (
            "categories.road",
            GOOD["categories"]["road"] | {"acknowledge_hours": 9, "resolve_hours": 8},
            "categories.road.acknowledge_hours: 9 hours are more than it has to be resolved (8)",
        ),
        (
            "escalation",
            [{"after_hours": 8, "to": "division"}, {"after_hours": 8, "to": "manager"}],
            "escalation.1.after_hours: is not later than the level before it",
        ),
    ],
)
def test_clocks_that_cannot_be_are_refused(path: str, value: object, fault: str) -> None:
    assert faults(with_change(path, value)) == [fault]


def test_clocks_that_can_be_are_not_and_a_priority_may_have_no_hours_to_resolve() -> None:
    section = with_change("deadlines", CLOCKS | {"resolve": {"critical": 4}})
    assert faults(section) == []


OFFICE = {"title": title("office"), "weekly": {"mon-fri": ["08:30-16:30"]}}
RARE = {"title": title("rare"), "weekly": {"wed": ["08:30-16:30"]}}


def test_calendars_must_be_the_citys_and_open_often_enough() -> None:
    section = with_change("categories.road.calendar", "offices")
    found = [str(fault) for fault in section.faults_beside({"office": OFFICE})]
    assert found == ['categories.road.calendar: no such calendar "offices" (nor is it "always")']
    section = with_change("deadlines", {"calendar": "rare"})
    found = [str(fault) for fault in section.faults_beside({"rare": RARE})]
    assert found == ['deadlines.calendar: the calendar "rare" has less than 20 hours in a week']
    for good in ("office", "always"):
        section = with_change("deadlines", {"calendar": good})
        assert list(section.faults_beside({"office": OFFICE})) == []
    # what is wrong with a calendar itself is told where it stands
    assert list(section.faults_beside({"office": {"weekly": 7}})) == []


def test_the_whole_file_is_refused_with_such_a_calendar() -> None:
    content = load_yaml(SHIPPED)
    content["tickets"]["deadlines"]["calendar"] = "nowhere"
    with pytest.raises(ConfigError, match=r"tickets\.deadlines\.calendar: no such calendar"):
        city.parse(content)


def test_a_ticket_counts_the_hours_of_its_category_unless_it_cannot_wait() -> None:
    tickets = city.load(SHIPPED).tickets
    normal, critical = Priority.NORMAL, Priority.CRITICAL
    office = tickets.office(Kind.REQUEST, normal, "taxes")
    assert office is not None
    assert office.name == "office"
    assert tickets.office(Kind.REQUEST, critical, "taxes") is None
    assert tickets.office(Kind.EMERGENCY, normal, "taxes") is None
    assert tickets.office(Kind.COMPLAINT, normal, "noise") is None
    assert tickets.office(Kind.COMPLAINT, normal, None) is None


def test_several_faults_are_told_at_once() -> None:
    section = deepcopy(GOOD)
    section["central_desk"] = "cellar"
    section["categories"]["road"]["division"] = "roads"
    assert len(faults(Tickets.model_validate(section))) == 2


def test_a_division_that_nobody_answers_for_is_a_warning() -> None:
    section = with_change("divisions.works.administrators", [])
    assert faults(section) == []
    assert [fault.path for fault in section.warnings()] == ["divisions.works.administrators"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("categories.road.resolve_hours", 0),
        ("categories.road.priority", "soon"),
        ("outcomes.0.key", "12"),
        ("outcomes.0.colour", "red"),
        ("divisions.works.title", {"th": "ไทยเท่านั้น"}),
    ],
)
def test_what_a_field_can_see_is_refused_at_once(path: str, value: object) -> None:
    with pytest.raises(ValidationError):
        with_change(path, value)


def test_the_category_says_whose_it_is_and_the_desk_owns_the_rest() -> None:
    section = Tickets.model_validate(GOOD)
    assert section.division_of("road") == "works"
    assert section.division_of(None) == section.division_of("dragons") == "desk"
    assert section.divisions_of("lek") == {"works"}
    assert section.divisions_of("nobody") == frozenset()
    assert section.categories["road"].priority is Priority.NORMAL


# ------------------------------------------------------------------ what citizens are told

TOLD: dict[str, Any] = {
    "texts": {moment: title("{number} {link}") for moment in Moment},
}


def sms_faults(**changed: Any) -> list[str]:
    section = Tickets.model_validate({**deepcopy(GOOD), "sms": {**deepcopy(TOLD), **changed}})
    return [str(fault) for fault in section.faults()]


def test_texts_of_every_moment_that_is_not_off() -> None:
    assert sms_faults() == []
    texts = {name: text for name, text in TOLD["texts"].items() if name != Moment.CLOSED}
    assert sms_faults(texts=texts) == ["sms.texts.closed: is not there, and this moment is not off"]
    assert sms_faults(texts=texts, moments={"closed": False}) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{number} {caller}", "{caller} is not known here"),
        ("{number} {due}", "{due} is not known here"),
        ("{number.x}", "{number.x} is not known here"),
        ("{link}", "does not name the ticket: {number}"),
        ("{number", "cannot be read"),
        ("ก" * 190 + "{number}", "takes 4 segments with its longest values, of 3 at most"),
        ("a" * 140 + "{number} {link}", ""),
    ],
)
def test_a_text_that_could_not_be_sent_is_a_fault(text: str, fault: str) -> None:
    texts = {**TOLD["texts"], Moment.CLOSED: {"th": text, "en": "{number}"}}
    found = sms_faults(texts=texts)
    assert all(each.startswith("sms.texts.closed.th: ") for each in found)
    assert fault in "".join(found)
    assert bool(found) is bool(fault)


@pytest.mark.parametrize("quiet", ["21:00", "25:00-08:00", "night"])
def test_quiet_hours_are_hours(quiet: str) -> None:
    with pytest.raises(ValidationError):
        Sms.model_validate({**TOLD, "quiet": quiet})
