"""The section of config.yaml: what a wrong one is told."""

from typing import Any

import pytest

from ivr.config import Ivr
from ivr.prompts import SPOKEN_BY_THE_ENGINE
from tests.unit.ivr.test_flow import SOUND

USED = ("hello", "menu", "news", "bye")


def section(**changes: Any) -> dict[str, Any]:
    prompts = {name: {"th": "ก", "en": "a"} for name in (*USED, *SPOKEN_BY_THE_ENGINE)}
    prompts["position"] = {"th": "ที่ {position}", "en": "number {position}"}
    return {
        "languages": {"th": {"title": "ไทย", "tag": "th-TH"}, "en": {"title": "E", "tag": "en-GB"}},
        "start": "welcome",
        "flow": SOUND,
        "queues": {"information": {"title": {"th": "ข้อมูล", "en": "Information"}}},
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
        ({"queues": {}}, ['flow.agent.queue: no such queue "information"']),
        ({"prompts": {"menu": {"th": "ก"}}}, ["prompts.menu.en: this text is missing"]),
        ({"prompts": {"menu": {"th": "ก", "en": "  "}}}, ["prompts.menu.en: this text is missing"]),
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
        'prompts: the prompt "apology" is missing',
    ]
