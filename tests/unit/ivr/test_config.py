"""The section of config.yaml: what a wrong one is told."""

from typing import Any

import pytest

from hotline import salvage
from ivr.config import AfterCall, Ivr
from ivr.nodes.voicemail import MESSAGE_NUMBER, NOTHING_HEARD
from ivr.speech.prompts import SPOKEN_BY_THE_ENGINE
from tests.unit.ivr.test_flow import SOUND

USED = ("hello", "menu", "news", "bye")
INFORMATION: dict[str, Any] = {
    "title": {"th": "ข้อมูล", "en": "Information"},
    "nobody": "message",
}
EMERGENCY: dict[str, Any] = {
    "title": {"th": "ฉุกเฉิน", "en": "Emergency"},
    "priority": 100,
    "nobody": "message",
}
FLOW: dict[str, Any] = {
    **SOUND,
    "police": {**SOUND["police"], "failed": "urgent"},
    "urgent": {"kind": "queue", "queue": "emergency"},
    "message": {"kind": "voicemail", "prompt": "menu", "thanks": "bye"},
}
DAY_AND_NIGHT = "a hotline is open day and night; say where callers go when nobody is signed in"


def section(**changes: Any) -> dict[str, Any]:
    prompts = {
        name: {"th": "ก", "en": "a"} for name in (*USED, NOTHING_HEARD, *SPOKEN_BY_THE_ENGINE)
    }
    prompts["position"] = {"th": "ที่ {position}", "en": "number {position}"}
    prompts[MESSAGE_NUMBER] = {"th": "เลข {ticket}", "en": "number {ticket}"}
    prompts["expected_wait"] = {"th": "รอ{wait}", "en": "wait {wait}"}
    return {
        "languages": {"th": {"title": "ไทย", "tag": "th-TH"}, "en": {"title": "E", "tag": "en-GB"}},
        "start": "welcome",
        "person": "agent",
        "emergency": "police",
        "flow": FLOW,
        "queues": {"information": INFORMATION, "emergency": EMERGENCY},
        "prompts": {**prompts, **changes.pop("prompts", {})},
        **changes,
    }


def told(**changes: Any) -> list[str]:
    return [str(fault) for fault in Ivr.model_validate(section(**changes)).faults()]


def test_a_sound_section_has_no_fault() -> None:
    assert told() == []


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        (
            {"queues": {"emergency": EMERGENCY}},
            ['flow.agent.queue: no such queue "information"'],
        ),
        # what a queue needs
        (
            {"queues": {"information": {**INFORMATION, "nobody": None}, "emergency": EMERGENCY}},
            [f"queues.information.nobody: is missing: {DAY_AND_NIGHT}"],
        ),
        (
            {"queues": {"information": INFORMATION, "emergency": {**EMERGENCY, "priority": 99}}},
            [
                "flow.police.failed: leads to a queue of priority 99, not 100: "
                "an emergency is served before everybody else"
            ],
        ),
        (
            {
                "flow": {
                    **FLOW,
                    "police": {**FLOW["police"], "failed": "office"},
                    "office": {
                        "kind": "hours",
                        "calendar": "office",
                        "open": "agent",
                        "closed": "message",
                    },
                }
            },
            [
                "flow.urgent: nothing leads here",
                "flow.police.failed: leads to a queue of priority 0, not 100: "
                "an emergency is served before everybody else",
                'flow.police.failed: may end at "message", not in a queue of priority 100: '
                "an emergency is served before everybody else",
            ],
        ),
        (
            {"queues": {"information": {**INFORMATION, "max_callers": 9}, "emergency": EMERGENCY}},
            ["queues.information.full: is missing: where do callers go at max_callers?"],
        ),
        (
            {"queues": {"information": {**INFORMATION, "overflow": "end"}, "emergency": EMERGENCY}},
            ["queues.information.max_wait: is missing: nobody ever goes to overflow"],
        ),
        # what stands beside the flow
        (
            {"numbers": {"1338": {"language": "fr"}}},
            ['numbers.1338.language: no such language "fr"'],
        ),
        (
            {"waiting": {"keys": {1: {"to": "message", "prompt": "come_back"}}}},
            ['waiting.keys.1.prompt: no such prompt "come_back"'],
        ),
        (
            {"waiting": {"keys": {1: {"to": "nowhere", "prompt": "menu"}}}},
            ['waiting.keys.1.to: no such node "nowhere"'],
        ),
        (
            {"after_call": {"node": "end", "queues": ["information", "sales"]}},
            ['after_call.queues.1: no such queue "sales"'],
        ),
        # recordings
        (
            {"prompts": {"menu": {"th": {"play": "menu-th.wav"}, "en": ["a", {"play": "b.wav"}]}}},
            [],
        ),
        ({"prompts": {"menu": {"th": "ก"}}}, ["prompts.menu.en: this text is missing"]),
        (
            {"prompts": {"menu": {"th": "ก", "en": "a", "ru": "б"}}},
            ['prompts.menu.ru: no such language "ru"'],
        ),
        (
            {"prompts": {"menu": {"th": "ก {n}", "en": "a"}}},
            ["prompts.menu.th: nothing can stand in {n} here"],
        ),
        (
            {"prompts": {"menu": {"th": "ก {", "en": "a"}}},
            ["prompts.menu.th: broken braces: Single '{' encountered in format string"],
        ),
        (
            {"prompts": {"menu": {"th": "ก", "en": ["a", "b {n}"]}}},
            ["prompts.menu.en: nothing can stand in {n} here"],
        ),
        (
            {"prompts": {"position": {"th": "{position}", "en": {"play": "position.wav"}}}},
            ["prompts.position.en: {position} is missing"],
        ),
        (
            {"prompts": {"position": {"th": "{position}", "en": "soon"}}},
            ["prompts.position.en: {position} is missing"],
        ),
    ],
)
def test_each_fault_is_told_with_its_path(changes: dict[str, Any], faults: list[str]) -> None:
    assert told(**changes) == faults


def test_a_prompt_that_nobody_wrote_is_a_fault_where_it_is_used_and_where_it_is_needed() -> None:
    given = section()
    del given["prompts"]["menu"], given["prompts"]["apology"]
    assert [str(fault) for fault in Ivr.model_validate(given).faults()] == [
        'flow.main.prompt: no such prompt "menu"',
        'flow.message.prompt: no such prompt "menu"',
        'prompts: the prompt "apology" is missing',
    ]


def test_a_prompt_of_a_kind_of_node_is_needed_where_the_flow_has_one() -> None:
    given = section()
    del given["prompts"][NOTHING_HEARD]
    assert [str(fault) for fault in Ivr.model_validate(given).faults()] == [
        f'prompts: the prompt "{NOTHING_HEARD}" is missing'
    ]


def test_the_opening_may_stand_where_it_is_closed_and_nowhere_else() -> None:
    hours = {"kind": "hours", "calendar": "office", "open": "agent", "closed": "message"}
    flow = {
        **FLOW,
        "main": {**SOUND["main"], "keys": {1: "news", 2: "desk", 3: "end", 9: "police"}},
        "desk": {**hours, "prompt": "closed"},
    }
    closed = {"closed": {"th": "เปิด{opens}", "en": "closed"}}
    assert told(flow=flow, prompts=closed) == []
    assert told(prompts=closed) == ["prompts.closed.th: nothing can stand in {opens} here"]


def test_what_the_flow_plays_and_asks_for_is_known() -> None:
    plays = {"menu": {"th": {"play": "a.wav"}, "en": ["b", {"play": "en/c.wav"}]}}
    made = Ivr.model_validate(section(prompts=plays))
    assert dict(made.recordings()) == {
        "prompts.menu.th.play": "a.wav",
        "prompts.menu.en.1.play": "en/c.wav",
    }
    assert [*made.calendars_used()] == []


def test_the_graph_knows_where_queues_and_keys_of_the_waiting_room_lead() -> None:
    information = {
        **INFORMATION,
        "max_callers": 9,
        "full": "end",
        "max_wait": 60,
        "overflow": "message",
    }
    made = Ivr.model_validate(
        section(
            queues={"information": information, "emergency": EMERGENCY},
            waiting={"keys": {1: {"to": "message", "prompt": "menu"}}},
        )
    )
    assert [(way.path, way.to) for way in made.graph.ways("agent")] == [
        ("queues.information.full", "end"),
        ("queues.information.nobody", "message"),
        ("queues.information.overflow", "message"),
    ]
    assert [(way.path, way.to) for way in made.graph.doors] == [("waiting.keys.1.to", "message")]


@pytest.mark.parametrize(
    ("share", "talked", "queue", "chosen"),
    [
        (1.0, 30, "information", True),
        (1.0, 5, "information", False),
        (1.0, 30, "emergency", False),
        (0.0, 30, "information", False),
    ],
)
def test_whom_the_survey_is_for(share: float, talked: float, queue: str, chosen: bool) -> None:
    after = AfterCall(node="survey", queues=("information",), share=share, talked=10)
    assert after.chooses(7, queue, talked) is chosen


def test_a_share_of_the_calls_is_chosen_and_always_the_same() -> None:
    after = AfterCall(node="survey", share=0.25)
    chosen = [n for n in range(10_000) if after.chooses(n, "information", 60)]
    assert chosen == [n for n in range(10_000) if after.chooses(n, "information", 60)]
    assert 0.24 < len(chosen) / 10_000 < 0.26


@pytest.mark.parametrize(
    ("prompt", "where", "what"),
    [
        ("  ", "", "this text is missing"),
        (["a", ""], "1", "this text is missing"),
        ([], "", "expected 1 of them or more, found an empty list"),
        (5, "", "neither a text, nor a recording"),
        ({"play": "../secret.wav"}, "play", "expected a file in the folder"),
        ({"play": "/etc/passwd"}, "play", "expected a file in the folder"),
        ({"file": "a.wav"}, "play", "is missing"),
        (["a", 5], "1", "neither a text, nor a recording"),
    ],
)
def test_a_prompt_that_is_none_is_told_in_one_way(prompt: Any, where: str, what: str) -> None:
    content = section(prompts={"menu": {"th": "ก", "en": prompt}})
    _, faults = salvage.check(Ivr, content)
    path = ".".join(filter(None, ("prompts.menu.en", where)))
    assert [each for each in map(str, faults) if each.startswith(f"{path}: ") and what in each]
    assert all(str(each).startswith("prompts.menu.en") for each in faults)
