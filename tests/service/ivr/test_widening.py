"""Wider circles: to whom a caller is offered who has waited for long, and what is written of it."""

from collections.abc import Iterator
from typing import Any

import pytest

from agents.config import Agents, Routing
from ivr.config import Ivr
from ivr.events import Kind
from ivr.room import waiting
from tests.service.ivr.world import Agent, Caller, World
from tests.support import invariants

#: Complaints go to other languages first, then to the information desk.
WIDEN = ({"after": 60, "languages": ["en"]}, {"after": 120, "queues": ["information"]})


def changed(world: World, queue: str, **settings: Any) -> None:
    """Give one queue these settings, for the whole floor; before the first webhook."""
    content = world.floor.section(Ivr).model_dump(by_alias=True)
    content["queues"][queue] |= settings
    content["flow"]["agent"]["priority"] = 9  # who presses 0 goes before who presses 1
    section = Ivr.model_validate(content)
    assert list(section.faults()) == []
    world.floor.sections = {**world.floor.sections, Ivr: section}


def routed(world: World, **routing: Any) -> None:
    """The city's policy, for the whole floor; before the first webhook."""
    section = world.floor.section(Agents).model_copy(update={"routing": Routing(**routing)})
    world.floor.sections = {**world.floor.sections, Agents: section}


@pytest.fixture
def wide(world: World) -> Iterator[World]:
    changed(world, "complaint", widen=WIDEN)
    yield world
    invariants.check(world.floor)


def complains(world: World) -> Caller:
    return world.caller().to_queue("1", "2")


def able(world: World, *skills: tuple[str, str], ready: bool = True) -> Agent:
    (queue, language), *_ = skills
    return world.agent(queues=[queue], languages=[language], ready=ready)


def offered(world: World, caller: Caller) -> list[tuple[int, int, str]]:
    return [
        (event.data["agent"], event.data["circle"], event.data["skill"])
        for event in world.story(caller)
        if event.kind is Kind.OFFERED
    ]


def test_the_wait_loop_offers_to_the_next_circle_once_it_is_open(wide: World) -> None:
    english = able(wide, ("complaint", "en"))
    caller = complains(wide)
    wide.clock.advance(seconds=59)
    caller.waits()
    assert english.doing == "ready/idle"
    wide.clock.advance(seconds=1)
    caller.waits()
    assert english.doing == "ready/offered"
    assert offered(wide, caller) == [(english.id, 1, "complaint/en")]
    assert caller.stay.skill == ("complaint", "th")


def test_the_sweep_finds_the_moment_at_which_a_circle_opens(wide: World) -> None:
    desk = able(wide, ("information", "th"))
    caller = complains(wide)
    wide.sweep("ivr.look", seconds=119)
    assert desk.doing == "ready/idle"
    wide.sweep("ivr.look", seconds=1)
    assert offered(wide, caller) == [(desk.id, 2, "information/th")]


def test_who_becomes_ready_finds_callers_of_the_lines_that_widen_to_them(wide: World) -> None:
    caller = complains(wide)
    wide.clock.advance(seconds=120)
    stranger = able(wide, ("emergency", "ru"))
    assert stranger.doing == "ready/idle"
    both = able(wide, ("information", "en"))
    assert offered(wide, caller) == [(both.id, 2, "information/en")]


def test_an_agent_of_the_narrower_circle_goes_first(wide: World) -> None:
    caller = complains(wide)
    wide.clock.advance(seconds=119)
    desk = able(wide, ("information", "th"))
    wide.clock.advance(seconds=1)
    english = able(wide, ("complaint", "en"))  # idle for a shorter time than the desk
    wide.sweep("ivr.look")
    assert (desk.doing, english.doing) == ("ready/idle", "ready/offered")
    assert offered(wide, caller) == [(english.id, 1, "complaint/en")]
    english.declines()
    assert offered(wide, caller)[1:] == [(desk.id, 2, "information/th")]


def test_who_declines_in_a_wider_circle_sends_the_caller_back_to_the_same_place(
    wide: World,
) -> None:
    english = able(wide, ("complaint", "en"))
    caller = complains(wide)
    before = caller.stay
    wide.sweep("ivr.look", seconds=60)
    english.declines()
    assert caller.stay == before
    own = able(wide, ("complaint", "th"))
    assert offered(wide, caller)[1:] == [(own.id, 0, "complaint/th")]


def test_behind_an_urgent_newcomer_the_longest_waiting_reaches_the_wider_circle(
    world: World,
) -> None:
    changed(world, "information", widen=[{"after": 60, "languages": ["en"]}])
    first, second = world.caller().to_queue(), world.caller().to_queue()
    world.clock.advance(seconds=90)
    urgent = world.caller().to_queue("1", "0")
    english = able(world, ("information", "en"))
    assert offered(world, first) == [(english.id, 1, "information/en")]
    own = able(world, ("information", "th"))
    assert own.offer["call_id"] == urgent.id
    assert second.stay.state == "waiting"
    invariants.check(world.floor)


# ---------------------------------------------------------------- ageing


def test_waiting_makes_up_for_priority_as_the_city_says(world: World) -> None:
    routed(world, ageing=10)
    changed(world, "information")
    early = world.caller().to_queue()
    world.clock.advance(seconds=90)
    urgent, plain = world.caller().to_queue("1", "0"), world.caller().to_queue()
    world.clock.advance(seconds=1)
    late = world.caller().to_queue("1", "0")
    world.clock.advance(seconds=1)
    emergency = world.caller().ring().press("9", "0")
    everybody = [emergency, early, urgent, late, plain]
    assert [world.read(waiting.position, each.stay) for each in everybody] == [1, 1, 2, 3, 4]
    agents = [world.agent() for _ in everybody]
    assert [agent.offer["call_id"] for agent in agents] == [each.id for each in everybody]
    invariants.check(world.floor)


def test_without_ageing_priority_goes_first_however_long_others_wait(world: World) -> None:
    changed(world, "information")
    routed(world, ageing=None)
    early = world.caller().to_queue()
    world.clock.advance(seconds=900)
    urgent = world.caller().to_queue("1", "0")
    assert world.agent().offer["call_id"] == urgent.id
    assert world.agent().offer["call_id"] == early.id


def test_across_queues_who_waits_longest_may_go_first(world: World) -> None:
    routed(world, across="longest_wait")
    changed(world, "complaint", priority=50)
    early = world.caller().to_queue()
    world.clock.advance(seconds=1)
    weighty = complains(world)
    world.clock.advance(seconds=1)
    emergency = world.caller().ring().press("9", "0")
    order = [world.agent().offer["call_id"] for _ in range(3)]
    assert order == [emergency.id, early.id, weighty.id]
