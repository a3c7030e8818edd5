"""Every way in which a flow can be wrong is found, and told with its path."""

from typing import Any

import pytest
from pydantic import ValidationError

from ivr import flow as flows
from ivr.flow import Flow
from ivr.nodes.base import Exit, LineState
from tests.unit.ivr.worlds import NODE

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
        "keys": {1: "news", 3: "end", 9: "police"},
    },
    "news": {"kind": "say", "prompt": "news", "next": "main"},
    "police": {"kind": "emergency", "number": 191, "failed": "agent"},
    "agent": {"kind": "queue", "queue": "information"},
    "end": {"kind": "hangup", "prompt": "bye"},
}


#: Where the flow of `SOUND` is entered, besides its start.
DOORS: dict[str, Any] = {"person": "agent", "emergency": "police"}


def flow(
    changes: dict[str, dict[str, Any] | None] | None = None, start: str = "welcome", **more: Any
) -> Flow:
    nodes = {name: dict(node) for name, node in SOUND.items()}
    for name, change in (changes or {}).items():
        if change is None:
            del nodes[name]
        elif "kind" in change:
            nodes[name] = change
        else:
            nodes[name] = {**nodes[name], **change}
    made = {name: NODE.validate_python(fields) for name, fields in nodes.items()}
    return Flow(start, made, ("th", "en"), **{**DOORS, **more})


def faults(*arguments: Any, **named: Any) -> list[str]:
    return [str(fault) for fault in flows.faults(flow(*arguments, **named))]


def test_a_sound_flow_has_no_fault() -> None:
    assert faults() == []


MENU = {"kind": "menu", "prompt": "menu", "keys": {9: "police"}}
RECALL = {"kind": "recall", "prompt": "hello", "next": "welcome", "goto": {9: "police"}}
REFUSAL = {"kind": "refusal", "prompt": "hello", "emergency": "police"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        # a goto that leads nowhere
        ({"main": {"keys": {2: "complaint"}}}, ['flow.main.keys.2: no such node "complaint"']),
        ({"main": {"otherwise": "nobody"}}, ['flow.main.otherwise: no such node "nobody"']),
        ({"welcome": {"next": "x"}}, ['flow.welcome.next: no such node "x"']),
        ({"welcome": {"goto": {9: "x"}}}, ['flow.welcome.goto.9: no such node "x"']),
        ({"news": {"next": "x"}}, ['flow.news.next: no such node "x"']),
        ({"police": {"failed": "x"}}, ['flow.police.failed: no such node "x"']),
        ({"police": {"busy": "x"}}, ['flow.police.busy: no such node "x"']),
        ({"police": {"no_answer": "x"}}, ['flow.police.no_answer: no such node "x"']),
        (
            {"main": {"keys": {1: "x", 2: "y"}}},
            ['flow.main.keys.1: no such node "x"', 'flow.main.keys.2: no such node "y"'],
        ),
        # languages
        ({"welcome": {"default": "zh"}}, ['flow.welcome.default: no such language "zh"']),
        ({"welcome": {"keys": {1: "th", 2: "zh"}}}, ['flow.welcome.keys.2: no such language "zh"']),
        (
            {"main": {"words": {1: {"zh": ["新闻"]}}}},
            ['flow.main.words.1.zh: no such language "zh"'],
        ),
        # keys
        (
            {"welcome": {"goto": {1: "police", 9: "police"}}},
            ["flow.welcome.goto.1: this key already chooses a language"],
        ),
        (
            {"main": {"words": {7: {"en": ["seven"]}}}},
            ["flow.main.words.7: this key leads nowhere in this menu"],
        ),
        # nodes that nobody comes to
        ({"alone": {"kind": "hangup"}}, ["flow.alone: nothing leads here"]),
        # silence
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
            {"police": {"busy": "end"}},
            ["flow.police: a silent caller reaches no person: police → end"],
        ),
        (
            {"police": {"failed": "police"}},
            [
                "flow.police: a silent caller goes round: police → police",
                "flow.police: no path from here leads to a person in a queue",
            ],
        ),
        (
            {"police": {"failed": "note"}, "note": {"kind": "say", "prompt": "n", "next": "main"}},
            [],
        ),
        # a message is no person, but it is kept: enough for silence, too little for a transfer
        (
            {
                "police": {"failed": "message"},
                "message": {"kind": "voicemail", "prompt": "menu", "thanks": "bye"},
            },
            ["flow.police: no path from here leads to a person in a queue"],
        ),
        # paths without an end
        (
            {"news": {"next": "more"}, "more": {"kind": "goto", "next": "news"}},
            [
                "flow.news: no path from here ever ends",
                "flow.more: no path from here ever ends",
                "flow.news: a silent caller goes round: news → more → news",
            ],
        ),
        # an emergency is one key from the first question, with and without the choice of a language
        (
            {"welcome": {"goto": {}}},
            ['flow.welcome: no key leads from this first question to "police"'],
        ),
        (
            {"main": {"keys": {1: "news", 3: "end"}}},
            ['flow.main: no key leads from this first question to "police"'],
        ),
    ],
)
def test_each_fault_is_told_with_its_path(
    changes: dict[str, dict[str, Any] | None], told: list[str]
) -> None:
    assert faults(changes) == told


@pytest.mark.parametrize(
    ("changes", "more", "told"),
    [
        ({}, {"start": "x"}, ['start: no such node "x"']),
        ({}, {"person": "x"}, ['person: no such node "x"']),
        ({}, {"emergency": "x"}, ['emergency: no such node "x"']),
        ({}, {"refusal": "x"}, ['refusal: no such node "x"']),
        ({}, {"recall": "x"}, ['recall: no such node "x"']),
        ({}, {"after_call": "x"}, ['after_call: no such node "x"']),
        (
            {},
            {"doors": (Exit("waiting.keys.1.to", "x"),)},
            ['waiting.keys.1.to: no such node "x"'],
        ),
        (
            {},
            {"detours": {("information", LineState.FULL): Exit("queues.information.full", "x")}},
            ['queues.information.full: no such node "x"'],
        ),
        ({"again": RECALL}, {"recall": "again"}, []),
        (
            {"again": {**RECALL, "goto": {}}},
            {"recall": "again"},
            ['flow.again: no key leads from this first question to "police"'],
        ),
        (
            {"again": {**RECALL, "goto": {1: "agent", 9: "police"}}},
            {"recall": "again"},
            ["flow.again.goto.1: this key already leads back to the place"],
        ),
        ({"no": REFUSAL}, {"refusal": "no"}, []),
        (
            {"no": {**REFUSAL, "emergency": "end"}},
            {"refusal": "no"},
            [
                "flow.no: no path from here leads to a person in a queue",
                'flow.no: no key leads from this first question to "police"',
            ],
        ),
        # nobody is signed in for a queue, and what follows leads back to it
        (
            {"sorry": {"kind": "say", "prompt": "news", "next": "agent"}},
            {"detours": {("information", LineState.NOBODY): Exit("q", "sorry")}},
            ["flow.agent: a silent caller goes round: agent → sorry → agent"],
        ),
        # two circles through one node are both told
        (
            {
                "sorry": {"kind": "say", "prompt": "news", "next": "agent"},
                "busy": {"kind": "say", "prompt": "news", "next": "agent"},
            },
            {
                "detours": {
                    ("information", LineState.NOBODY): Exit("q", "sorry"),
                    ("information", LineState.FULL): Exit("q", "busy"),
                }
            },
            [
                "flow.agent: a silent caller goes round: agent → sorry → agent",
                "flow.agent: a silent caller goes round: agent → busy → agent",
            ],
        ),
        # who waited long enough is sent on, and comes back to the end of the same line
        (
            {"sorry": {"kind": "say", "prompt": "news", "next": "agent"}},
            {"overflows": {"information": Exit("queues.information.overflow", "sorry")}},
            ["flow.agent: a silent caller goes round: agent → sorry → agent"],
        ),
        # a telephone that rings when our own people are not there leads to no queue, and need not
        (
            {
                "night": {"kind": "transfer", "number": 1337, "failed": "message"},
                "message": {"kind": "voicemail", "prompt": "menu", "thanks": "bye"},
            },
            {"detours": {("information", LineState.NOBODY): Exit("q", "night")}},
            [],
        ),
    ],
)
def test_each_fault_of_the_ways_into_the_flow_is_told(
    changes: dict[str, dict[str, Any] | None], more: dict[str, Any], told: list[str]
) -> None:
    assert faults(changes, **more) == told


def test_a_flow_without_any_person_is_a_fault() -> None:
    only_end = Flow("end", {"end": NODE.validate_python(SOUND["end"])}, ("th",))
    assert [str(fault) for fault in flows.faults(only_end)] == [
        "flow.end: no path from here leads to a person in a queue"
    ]


def test_0_is_a_way_from_every_question_that_has_no_0_of_its_own() -> None:
    assert Exit("0", "agent") in flow().ways("main")
    own = flow({"main": {"keys": {0: "end", 9: "police"}}})
    assert [way for way in own.ways("main") if way.path == "0"] == []
    assert flow().ways("news") == [Exit("next", "main")]


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
    assert set(flow().nodes["main"].keys) == {"1", "3", "9"}  # type: ignore[union-attr]
    assert flow().nodes["police"].number == "191"  # type: ignore[union-attr]
