"""<Gather>, by its attribute table."""

from __future__ import annotations

import pytest

from tests.exchange.conftest import Line

MENU = (
    '<Gather action="/chose" numDigits="1"><Say>Press one now please.</Say></Gather><Say>Bye</Say>'
)


async def test_a_key_stops_what_is_nested_and_goes_to_the_action(line: Line) -> None:
    line.app["/voice"] = MENU
    line.app["/chose"] = lambda hit: f"<Say>You chose {hit['Digits']}</Say>"
    call = await line.call()
    assert line.said(call) == ["Press one now please."]
    await line.after(0.2)
    call.press("1")
    await line.clock.settle()
    assert line.said(call)[-1] == "You chose 1"
    assert line.app.to("/chose")[0]["CallStatus"] == "in-progress"


async def test_without_a_key_the_document_goes_on_after_prompt_and_timeout(line: Line) -> None:
    line.app["/voice"] = MENU
    call = await line.call()
    await line.after(21 / 15 + 4.9)
    assert line.said(call) == ["Press one now please."]
    await line.after(0.2)
    assert line.said(call)[-1] == "Bye"
    assert not line.app.to("/chose")


async def test_what_was_keyed_until_the_timeout_is_sent(line: Line) -> None:
    line.app["/voice"] = '<Gather action="/chose" timeout="3"/>'
    line.app["/chose"] = "<Hangup/>"
    call = await line.call()
    await line.after(2.5)
    call.press("4")
    await line.after(2.5)
    call.press("2")
    await line.after(2.9)
    assert not line.app.to("/chose")
    await line.after(0.2)
    assert line.app.to("/chose")[0]["Digits"] == "42"


@pytest.mark.parametrize(
    ("finish", "keys", "digits"),
    [("", "12#", "12"), (' finishOnKey="*"', "12#*", "12#"), (' finishOnKey=""', "1#2*", "1#2*")],
)
async def test_finish_on_key(line: Line, finish: str, keys: str, digits: str) -> None:
    line.app["/voice"] = f'<Gather action="/chose"{finish}/>'
    line.app["/chose"] = "<Hangup/>"
    call = await line.call()
    call.press(keys)
    await line.after(5)
    assert line.app.to("/chose")[0]["Digits"] == digits


async def test_the_finish_key_first_falls_through(line: Line) -> None:
    line.app["/voice"] = '<Gather action="/chose"/><Say>Nothing</Say>'
    call = await line.call()
    call.press("#")
    await line.clock.settle()
    assert line.said(call) == ["Nothing"]


@pytest.mark.parametrize("key", ["#", ""])
async def test_action_on_empty_result(line: Line, key: str) -> None:
    line.app["/voice"] = '<Gather action="/chose" actionOnEmptyResult="true"/>'
    line.app["/chose"] = "<Hangup/>"
    call = await line.call()
    call.press(key)
    await line.after(5)
    assert line.app.to("/chose")[0]["Digits"] == ""


async def test_the_action_is_the_current_document_and_the_method_counts(line: Line) -> None:
    line.app["/voice"] = ['<Gather numDigits="1" method="GET"/>', "<Hangup/>"]
    call = await line.call()
    call.press("7")
    await line.clock.settle()
    assert [hit.method for hit in line.app.to("/voice")] == ["POST", "GET"]
    assert line.app.to("/voice")[1]["Digits"] == "7"


async def test_keys_that_nobody_listens_to_are_lost(line: Line) -> None:
    line.app["/voice"] = '<Say>A long greeting comes first</Say><Gather action="/chose"/>'
    call = await line.call()
    call.press("1")
    await line.after(2.1 + 5)
    assert not line.app.to("/chose")
    assert call.ended


async def test_a_script_presses_one_entry_at_each_gather(line: Line) -> None:
    line.app["/voice"] = '<Gather action="/first" numDigits="1"><Say>Long long text</Say></Gather>'
    line.app["/first"] = '<Gather action="/second" numDigits="2"/>'
    line.app["/second"] = "<Hangup/>"
    call = await line.call({"keys": ["1", "23"], "think": 0.5})
    await line.after(0.5)
    assert line.app.to("/first")[0]["Digits"] == "1"
    assert not line.app.to("/second")
    await line.after(0.5)
    assert line.app.to("/second")[0]["Digits"] == "23"
    assert call.ended


async def test_a_finger_that_comes_too_late_does_not_press_into_the_next_gather(
    line: Line,
) -> None:
    line.app["/voice"] = '<Gather numDigits="1" action="/second" timeout="20"/>'
    line.app["/second"] = '<Gather numDigits="1" action="/third" timeout="20"/>'
    call = await line.call({"keys": ["1"], "think": 5})
    await line.after(1)
    call.press("2")
    await line.after(10)
    assert line.app.to("/second")[0]["Digits"] == "2"
    assert not line.app.to("/third")
