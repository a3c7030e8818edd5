"""Every way in which a flow can be wrong is found, and told with its path."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from ivr import flow as flows
from ivr.flow import Flow, Node

NODE: TypeAdapter[Any] = TypeAdapter(Node)

SOUND: dict[str, dict[str, Any]] = {
    "welcome": {
        "kind": "language",
        "prompt": "hello",
        "keys": {1: "th", 2: "en"},
        "goto": {9: "police"},
        "default": "th",
        "next": "main",
    },
    "main": {
        "kind": "menu",
        "prompt": "menu",
        "keys": {1: "news", 2: "police", "0": "agent", "*": "welcome", 3: "end"},
        "otherwise": "agent",
    },
    "news": {"kind": "say", "prompt": "news", "next": "main"},
    "police": {"kind": "transfer", "number": 191, "failed": "agent"},
    "agent": {"kind": "queue", "queue": "information"},
    "end": {"kind": "hangup", "prompt": "bye"},
}


def flow(changes: dict[str, dict[str, Any] | None] | None = None, start: str = "welcome") -> Flow:
    nodes = {name: dict(node) for name, node in SOUND.items()}
    for name, change in (changes or {}).items():
        if change is None:
            del nodes[name]
        elif "kind" in change:
            nodes[name] = change
        else:
            nodes[name] = {**nodes[name], **change}
    return Flow(start, {k: NODE.validate_python(v) for k, v in nodes.items()}, ("th", "en"))


def faults(*arguments: Any, **named: Any) -> list[str]:
    return [str(fault) for fault in flows.faults(flow(*arguments, **named))]


def test_a_sound_flow_has_no_fault() -> None:
    assert faults() == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"main": {"keys": {2: "complaint"}}},
            ['flow.main.keys.2: no such node "complaint"'],
        ),
        ({"main": {"otherwise": "nobody"}}, ['flow.main.otherwise: no such node "nobody"']),
        ({"welcome": {"next": "x"}}, ['flow.welcome.next: no such node "x"']),
        ({"welcome": {"goto": {9: "x"}}}, ['flow.welcome.goto.9: no such node "x"']),
        ({"news": {"next": "x"}}, ['flow.news.next: no such node "x"']),
        ({"police": {"failed": "x"}}, ['flow.police.failed: no such node "x"']),
        (
            {"main": {"keys": {1: "x", 2: "y"}}},
            ['flow.main.keys.1: no such node "x"', 'flow.main.keys.2: no such node "y"'],
        ),
        ({"alone": {"kind": "hangup"}}, ["flow.alone: nothing leads here"]),
        ({"welcome": {"default": "zh"}}, ['flow.welcome.default: no such language "zh"']),
        (
            {"welcome": {"keys": {1: "th", 2: "zh"}}},
            ['flow.welcome.keys.2: no such language "zh"'],
        ),
        (
            {"welcome": {"goto": {1: "police"}}},
            ["flow.welcome.goto.1: this key already chooses a language"],
        ),
        (
            {"main": {"otherwise": "news"}},
            ["flow.main: a silent caller goes round: main → news → main"],
        ),
        (
            {"main": {"otherwise": "end"}},
            [
                "flow.welcome: a silent caller reaches no person: welcome → main → end",
                "flow.main: a silent caller reaches no person: main → end",
            ],
        ),
        (
            {"police": {"failed": "end"}},
            [
                "flow.police: a silent caller reaches no person: police → end",
                "flow.police: no path from here leads to a person in a queue",
            ],
        ),
        (
            {"police": {"failed": "police"}},
            [
                "flow.police: a silent caller goes round: police → police",
                "flow.police: no path from here leads to a person in a queue",
            ],
        ),
        (
            {
                "news": {"next": "more"},
                "more": {"kind": "say", "prompt": "more", "next": "news"},
            },
            [
                "flow.news: no path from here ever ends",
                "flow.more: no path from here ever ends",
                "flow.news: a silent caller goes round: news → more → news",
            ],
        ),
    ],
)
def test_each_fault_is_told_with_its_path(
    changes: dict[str, dict[str, Any] | None], told: list[str]
) -> None:
    assert faults(changes) == told


def test_an_unknown_start_is_a_fault() -> None:
    assert faults(start="nowhere") == ['start: no such node "nowhere"']


def test_a_flow_without_any_person_is_a_fault() -> None:
    only_end = Flow("end", {"end": NODE.validate_python(SOUND["end"])}, ("th",))
    assert [str(fault) for fault in flows.faults(only_end)] == [
        "flow.end: no path from here leads to a person in a queue"
    ]


@pytest.mark.parametrize(
    "node",
    [
        {**SOUND["main"], "keys": {"10": "agent"}},
        {**SOUND["main"], "keys": {"a": "agent"}},
        {**SOUND["main"], "tries": 0},
        {**SOUND["main"], "timeout": 0},
        {**SOUND["main"], "colour": "red"},
        {**SOUND["police"], "number": "police"},
        {"kind": "teleport"},
        {"prompt": "menu"},
    ],
)
def test_a_node_that_makes_no_sense_is_refused(node: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        NODE.validate_python(node)


def test_keys_and_numbers_may_be_written_bare() -> None:
    assert set(flow().nodes["main"].keys) == {"1", "2", "0", "*", "3"}  # type: ignore[union-attr]
    assert flow().nodes["police"].number == "191"  # type: ignore[union-attr]
