"""Nobody there, a full line, waiting too long: each has a way of its own, and none is silence."""

from typing import Any

import pytest

from hotline.city import CityConfig
from ivr.config import Ivr
from tests.service.ivr.shipped import prompt, to_queue
from tests.service.ivr.world import Caller, World


@pytest.fixture
def city_config(shipped_config: CityConfig) -> CityConfig:
    """The shipped one with small limits."""
    whole = shipped_config.ivr
    small = {"max_callers": 2, "max_wait": 120}
    queues = {
        name: queue.model_copy(update=small if queue.full else {})
        for name, queue in whole.queues.items()
    }
    changed = whole.model_copy(update={"queues": queues})
    for worked_out in ("graph", "wider"):
        changed.__dict__.pop(worked_out, None)
    return CityConfig({**shipped_config.sections, Ivr: changed})


def goes_round(caller: Caller, **more: Any) -> Caller:
    """One round of the wait loop, followed out of the queue if it leads there."""
    left = caller.left_url
    caller.goes_to(caller.wait_url, **more)
    if [verb.tag for verb in caller.xml] == ["Leave"]:
        caller.goes_to(left, QueueResult="leave")
    return caller


def test_nobody_is_signed_in(world: World) -> None:
    caller = to_queue(world.caller())
    assert caller.says == [prompt(world, "nobody_menu")]
    assert set(world.events(caller)) == {"arrived", "step", "turned_away"}, (
        "nothing to record, nothing asked"
    )


def test_somebody_on_a_break_is_there(world: World) -> None:
    world.agent().rests()
    assert to_queue(world.caller()).stay.queue == "information"


def test_a_wider_circle_counts_as_somebody(world: World) -> None:
    world.agent(queues=["complaint"], languages=["en"])
    assert to_queue(world.caller()).stay.state == "waiting"


def test_the_last_agent_goes_home_while_somebody_waits(world: World) -> None:
    agent = world.agent(languages=["en"])
    caller = goes_round(to_queue(world.caller()))
    agent.goes_home()
    assert goes_round(caller).xml.find("Leave") is None, "the next shift may be on its way"
    world.clock.advance(seconds=91)
    assert goes_round(caller).says == [prompt(world, "nobody_menu")]
    caller.hangs_up()
    assert world.events(caller)[-2:] == ["abandoned", "ended"], "somebody has to call them back"


def test_an_emergency_with_nobody_there_goes_to_the_night_telephone(world: World) -> None:
    caller = world.caller().ring().press("9", "0")
    assert caller.says == [prompt(world, "to_night")]
    dial = caller.xml.find("Dial")
    assert dial is not None
    caller.goes_to(dial.attrib["action"], DialCallStatus="no-answer")
    assert caller.says == [prompt(world, "transfer_failed"), prompt(world, "leave_message")]


def test_a_full_line_says_so(world: World) -> None:
    world.agent(languages=["en"])
    for _ in range(2):
        to_queue(world.caller())
    late = to_queue(world.caller())
    assert late.says == [prompt(world, "full_menu")]
    assert late.press("1").says[0].startswith("เราจะโทรกลับที่หมายเลข")


def test_who_waits_too_long_is_offered_a_callback_once(world: World) -> None:
    world.agent(languages=["en"])
    caller = goes_round(to_queue(world.caller()))
    world.clock.advance(seconds=121)
    assert goes_round(caller).says[0].startswith("เราจะโทรกลับที่หมายเลข")
    assert caller.stay.state == "waiting", "the place is kept"
    assert caller.press("*").xml.find("Enqueue") is not None, "no: back to the same place"
    assert goes_round(caller).xml.find("Leave") is None, "and not asked again each round"


def test_keys_of_the_waiting_room_are_offered_when_due(world: World) -> None:
    world.agent(languages=["en"])
    caller = goes_round(to_queue(world.caller()))
    offer = prompt(world, "offer_callback")
    assert offer not in caller.says
    world.clock.advance(seconds=61)
    assert offer in goes_round(caller).says


def test_a_key_without_a_meaning_goes_on_waiting(world: World) -> None:
    world.agent(languages=["en"])
    caller = goes_round(to_queue(world.caller()))
    gather = caller.xml.find("Gather")
    assert gather is not None
    caller.goes_to(gather.attrib["action"], Digits="7")
    assert caller.xml.find("Redirect") is not None
    assert caller.stay.state == "waiting"


def test_an_agent_who_gets_free_gets_who_is_just_choosing(world: World) -> None:
    caller = goes_round(to_queue(world.caller())) if world.agent(languages=["en"]) else None
    assert caller is not None
    gather = caller.xml.find("Gather")
    assert gather is not None
    left = caller.left_url
    caller.goes_to(gather.attrib["action"], Digits="1")
    caller.goes_to(left, QueueResult="leave")
    agent = world.agent()
    assert agent.offer["call_id"] == caller.id
    agent.talks_with(caller)
    assert world.events(caller)[-1] == "connected"


def test_two_keys_in_a_row_are_two_steps(world: World) -> None:
    """Out, back, out again: no step is taken for one that came twice."""
    world.agent(languages=["en"])
    caller = goes_round(to_queue(world.caller()))
    for _ in range(2):
        gather = caller.xml.find("Gather")
        assert gather is not None
        left = caller.heard
        action = gather.attrib["action"]
        step = action.partition("&s=")[2] or ""
        url = caller.left_url + (f"&s={step}" if step else "")
        caller.goes_to(action, Digits="1")
        caller.goes_to(url, QueueResult="leave")
        assert left
        caller.press("*")
        goes_round(caller)
    assert [e.data["heard"] for e in world.story(caller) if e.kind == "step"][-4:] == [
        "key",
        "back",
        "key",
        "back",
    ]
