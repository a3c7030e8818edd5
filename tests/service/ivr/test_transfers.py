"""Callers put through to a number outside: every such transfer is in the books."""

import pytest

from tests.service.ivr.world import Caller, World


@pytest.fixture
def caller(world: World) -> Caller:
    return world.caller().ring().press("9", "2")


def comes_back(caller: Caller, action: str, result: str, **more: str) -> None:
    caller.goes_to(action, DialCallStatus=result, **more)


def action_of(caller: Caller) -> str:
    dial = caller.xml.find("Dial")
    assert dial is not None
    return dial.attrib["action"]


def test_who_hangs_up_first_was_put_through_all_the_same(world: World, caller: Caller) -> None:
    """The carrier then tells of the call's end only, as docs/exchange.md has it."""
    put_through = world.story(caller)[-1]
    assert (put_through.kind, dict(put_through.data)) == (
        "transferring",
        {"number": "1669", "emergency": True},
    )
    world.clock.advance(seconds=6)
    caller.hangs_up()
    assert world.events(caller)[-2:] == ["transferring", "ended"]
    assert world.visit(caller).transferred_at == put_through.at


@pytest.mark.parametrize("ended_first", [True, False])
@pytest.mark.parametrize("result", ["completed", "canceled", "no-answer"])
def test_a_carrier_that_tells_of_the_transfer_too_changes_no_number(
    world: World, caller: Caller, result: str, ended_first: bool
) -> None:
    action, put_through = action_of(caller), world.story(caller)[-1]
    if ended_first:
        caller.hangs_up()
    comes_back(caller, action, result, CallStatus="completed")
    comes_back(caller, action, result, CallStatus="completed")
    caller.hangs_up()
    assert sorted(world.events(caller)[-3:]) == ["ended", "transferred", "transferring"]
    assert world.visit(caller).transferred_at == put_through.at


@pytest.mark.parametrize("ended_first", [True, False])
def test_a_transfer_that_nobody_takes_there_comes_back_and_is_none(
    world: World, caller: Caller, ended_first: bool
) -> None:
    action = action_of(caller)
    if ended_first:
        caller.hangs_up()
    comes_back(caller, action, "busy")
    assert ("queued" in world.events(caller)) is not ended_first
    assert world.visit(caller).transferred_at is None


def test_a_key_heard_of_twice_puts_through_once(world: World) -> None:
    caller = world.caller().ring().press("9")
    again = caller.xml.find("Gather")
    assert again is not None
    for _ in range(2):
        caller.goes_to(again.attrib["action"], Digits="2")
    assert world.events(caller).count("transferring") == 1


def test_a_key_heard_of_after_the_end_puts_nobody_through(world: World) -> None:
    caller = world.caller().ring().press("9")
    caller.hangs_up()
    caller.press("2")
    assert world.events(caller)[-2:] == ["ended", "step"]
    assert world.visit(caller).transferred_at is None
