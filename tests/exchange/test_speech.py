"""<Gather input="speech">: who speaks, how long, and what the action is told."""

from __future__ import annotations

from typing import Any

import pytest

from exchange.sound import speech_seconds
from tests.exchange.conftest import Line

WORDS = "ขอแจ้งไฟดับ"
LASTS = speech_seconds(WORDS)


def gather(attributes: str, prompt: str = "") -> str:
    return f'<Gather action="/said" {attributes}>{prompt}</Gather><Say>Nothing</Say>'


@pytest.fixture
def ears(line: Line) -> Line:
    line.app["/said"] = '<Pause length="100"/>'
    line.app["/voice"] = gather('input="speech" speechTimeout="2" timeout="4"')
    return line


async def say(line: Line, sid: str, body: Any) -> int:
    async with line.http.post(f"/handset/calls/{sid}/speech", json=body) as response:
        await response.read()
    await line.clock.settle()
    return response.status


async def test_words_are_sent_after_the_silence(ears: Line) -> None:
    call = await ears.call()
    assert await say(ears, call.sid, {"text": WORDS, "confidence": 0.75}) == 200
    await ears.after(LASTS + 1.9)
    assert not ears.app.to("/said")
    await ears.after(0.2)
    [hit] = ears.app.to("/said")
    assert (hit["SpeechResult"], hit["Confidence"]) == (WORDS, "0.75")
    assert "Digits" not in hit.params
    assert ("speech", WORDS) in [(entry.kind, entry.text) for entry in call.transcript]


async def test_a_pause_that_is_short_enough_joins_what_is_said(ears: Line) -> None:
    call = await ears.call()
    await say(ears, call.sid, {"text": "ไฟดับ", "confidence": 0.9})
    await ears.after(speech_seconds("ไฟดับ") + 1.5)
    await say(ears, call.sid, {"text": "ทั้งซอย", "confidence": 0.5})
    await ears.after(speech_seconds("ทั้งซอย") + 1.9)
    assert not ears.app.to("/said")
    await ears.after(0.2)
    [hit] = ears.app.to("/said")
    assert (hit["SpeechResult"], hit["Confidence"]) == ("ไฟดับ ทั้งซอย", "0.5")


@pytest.mark.parametrize(
    ("attributes", "silence"),
    [
        ('speechTimeout="3"', 3.0),
        ('speechTimeout="auto"', 1.0),
        ('timeout="7"', 7.0),
        ("", 5.0),
        ('timeout="7" speechTimeout="2"', 2.0),
    ],
)
async def test_the_silence_that_ends_it(ears: Line, attributes: str, silence: float) -> None:
    ears.app["/voice"] = gather(f'input="speech" {attributes}')
    call = await ears.call()
    await say(ears, call.sid, {"text": WORDS})
    await ears.after(LASTS + silence - 0.1)
    assert not ears.app.to("/said")
    await ears.after(0.2)
    assert ears.app.to("/said")


async def test_speech_stops_the_prompt_when_it_begins(ears: Line) -> None:
    prompt = "<Say>One</Say><Say>" + "long " * 60 + "</Say><Say>Three</Say>"
    ears.app["/voice"] = gather('input="dtmf speech" speechTimeout="1"', prompt)
    call = await ears.call()
    await ears.after(1)
    await say(ears, call.sid, {"text": WORDS})
    await ears.after(LASTS + 1.1)
    assert ears.app.to("/said")
    assert "Three" not in ears.said(call)


async def test_nothing_said_falls_through_after_prompt_and_timeout(ears: Line) -> None:
    ears.app["/voice"] = gather('input="speech" timeout="4"', f"<Say>{'a' * 30}</Say>")
    call = await ears.call()
    await ears.after(5.9)
    assert ears.said(call)[-1] != "Nothing"
    await ears.after(0.2)
    assert ears.said(call)[-1] == "Nothing"


@pytest.mark.parametrize(
    ("listens", "expected"),
    [
        ("speech", {"SpeechResult": ""}),
        ("dtmf speech", {"SpeechResult": "", "Digits": "", "FinishedOnKey": ""}),
        ("dtmf", {"Digits": "", "FinishedOnKey": ""}),
    ],
)
async def test_an_empty_result_may_be_told(
    ears: Line, listens: str, expected: dict[str, str]
) -> None:
    ears.app["/voice"] = gather(f'input="{listens}" actionOnEmptyResult="true" timeout="4"')
    await ears.call()
    await ears.after(4.1)
    [hit] = ears.app.to("/said")
    names = ("SpeechResult", "Digits", "FinishedOnKey", "Confidence")
    assert {name: hit[name] for name in names if name in hit.params} == expected


async def test_a_key_first_takes_precedence(ears: Line) -> None:
    ears.app["/voice"] = gather('input="dtmf speech" timeout="4"')
    call = await ears.call()
    call.press("1")
    await say(ears, call.sid, {"text": WORDS})
    await ears.after(2)
    call.press("2")
    await ears.after(2)
    await say(ears, call.sid, {"text": "does not keep the keys waiting"})
    await ears.after(2.1)
    [hit] = ears.app.to("/said")
    assert hit["Digits"] == "12"
    assert "SpeechResult" not in hit.params


async def test_speech_first_makes_keys_nothing_not_even_the_finish_key(ears: Line) -> None:
    ears.app["/voice"] = gather('input="dtmf speech" timeout="4"')
    call = await ears.call()
    await say(ears, call.sid, {"text": WORDS})
    call.press("1#")
    await ears.after(LASTS + 3.9)
    assert not ears.app.to("/said")
    await ears.after(0.2)
    [hit] = ears.app.to("/said")
    assert hit["SpeechResult"] == WORDS
    assert "Digits" not in hit.params


async def test_keys_are_nothing_where_only_speech_counts(ears: Line) -> None:
    ears.app["/voice"] = gather('input="speech" timeout="4"', "<Say>A long prompt to hear</Say>")
    call = await ears.call()
    call.press("12#")
    await ears.after(speech_seconds("A long prompt to hear") + 4.1)
    assert ears.said(call)[-1] == "Nothing"
    assert not ears.app.to("/said")


async def test_words_are_nothing_where_only_keys_count(ears: Line) -> None:
    ears.app["/voice"] = gather('timeout="4"')
    call = await ears.call()
    await say(ears, call.sid, {"text": WORDS})
    await ears.after(4.1)
    assert ears.said(call) == ["Nothing"]


async def test_a_minute_of_speech_is_enough(ears: Line) -> None:
    call = await ears.call()
    await say(ears, call.sid, {"text": "ก" * 900})
    await ears.after(59.9)
    assert not ears.app.to("/said")
    await ears.after(0.2)
    assert ears.app.to("/said")


async def test_a_script_says_one_entry_at_each_gather_that_listens(ears: Line) -> None:
    ears.app["/voice"] = '<Gather action="/menu" numDigits="1"/>'
    ears.app["/menu"] = '<Gather action="/first" input="speech" speechTimeout="1"/>'
    ears.app["/first"] = '<Gather action="/second" input="dtmf speech" speechTimeout="1"/>'
    ears.app["/second"] = '<Gather action="/said" input="dtmf speech" speechTimeout="1"/>'
    script = {
        "keys": ["1", "", "2"],
        "says": ["ไฟดับ", {"text": "ใช่", "confidence": 0.4}, "not heard: a key came first"],
        "think": 0.5,
    }
    await ears.call(script)
    await ears.after(30)
    assert ears.app.to("/menu")[0]["Digits"] == "1"
    first, second, last = (ears.app.to(path)[0] for path in ("/first", "/second", "/said"))
    assert (first["SpeechResult"], first["Confidence"]) == ("ไฟดับ", "0.9")
    assert (second["SpeechResult"], second["Confidence"]) == ("ใช่", "0.4")
    assert last["Digits"] == "2"


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"text": ""},
        {"text": 1},
        {"text": "a", "confidence": 2},
        {"text": "a", "confidence": True},
        {"text": "a", "confidence": "much"},
        {"text": "a", "language": "th"},
    ],
)
async def test_what_cannot_be_said(ears: Line, wrong: Any) -> None:
    call = await ears.call()
    assert await say(ears, call.sid, wrong) == 400
    script = {"from": "+66812345678", "to": "1337", "script": {"says": [wrong]}}
    if wrong not in ({}, {"text": ""}):  # in a script no words are a caller who stays silent
        async with ears.http.post("/handset/calls", json=script) as response:
            assert response.status == 400


async def test_nobody_speaks_on_a_call_that_has_ended(ears: Line) -> None:
    call = await ears.call()
    call.end()
    assert await say(ears, call.sid, {"text": WORDS}) == 409


async def test_the_handset_knows_when_it_is_listened_to(ears: Line) -> None:
    ears.app["/voice"] = '<Say>Hello there</Say><Gather input="speech" action="/said"/>'
    call = await ears.call()
    async with ears.http.get(f"/handset/calls/{call.sid}") as response:
        assert (await response.json())["hearing"] is False
    await ears.after(2)
    async with ears.http.get(f"/handset/calls/{call.sid}") as response:
        assert (await response.json())["hearing"] is True
    await say(ears, call.sid, {"text": WORDS})
    await ears.after(10)
    assert ears.app.to("/said")
    assert call.ear is None
