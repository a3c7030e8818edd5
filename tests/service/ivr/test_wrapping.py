"""Ways to wrap up: nothing, if one likes, within a limit, or as long as it takes; by queue."""

from datetime import timedelta
from typing import Any

import pytest

from hotline import clock
from hotline.city import CityConfig
from ivr import jobs
from ivr.config import Ivr
from ivr.room.wrapping import WrapUp
from tests.service.ivr.test_floor_page import Browser
from tests.service.ivr.world import Agent, Caller, World
from tickets import service as tickets

WAYS = {
    "information": WrapUp.model_validate({"mode": "optional", "seconds": 60, "extend": 30}),
    "complaint": WrapUp.model_validate({"mode": "mandatory", "seconds": 60, "at_most": 600}),
    "emergency": WrapUp.model_validate({"mode": "none"}),
}


@pytest.fixture
def city_config(city_config: CityConfig) -> CityConfig:
    """The plain one, each queue with a way of its own."""
    whole = city_config.ivr
    queues = {
        name: queue.model_copy(update={"wrap_up": WAYS.get(name)})
        for name, queue in whole.queues.items()
    }
    changed = whole.model_copy(update={"queues": queues})
    for worked_out in ("graph", "wider"):
        changed.__dict__.pop(worked_out, None)
    return CityConfig({**city_config.sections, Ivr: changed})


def talked(world: World, queue: str) -> tuple[Agent, Caller]:
    """A conversation that the caller has ended."""
    agent = world.agent(queues=[queue])
    caller = world.caller().ring()
    caller.press("1", *{"information": "1", "complaint": "2", "emergency": "30"}[queue])
    if agent.offer is None:
        pytest.fail(f"no way into {queue}: {caller.says}")
    agent.talks_with(caller)
    return agent, caller


def ended(world: World, queue: str) -> tuple[Agent, Caller]:
    agent, caller = talked(world, queue)
    caller.hangs_up()
    return agent, caller


def sweep(world: World, **later: float) -> None:
    world.clock.advance(**later)
    jobs.wrap_up(world.floor, clock.now())


def ticket(world: World, caller: Caller) -> tickets.TicketFacts:
    found: tickets.TicketFacts | None = world.read(tickets.ticket_of_call, caller.id)
    assert found is not None
    return found


def written(world: World, caller: Caller) -> dict[str, Any]:
    [event] = [each for each in world.story(caller) if each.kind == "wrapped_up"]
    return dict(event.data)


def test_what_must_be_written_is_waited_for(world: World) -> None:
    agent, caller = ended(world, "complaint")
    assert agent.call["wrap_up"] == {
        "mode": "mandatory",
        "due": (clock.now() + timedelta(seconds=60)).isoformat(),
        "more_seconds": 0,
        "may_skip": False,
    }
    sweep(world, seconds=300)
    assert agent.doing == "ready/wrap_up"
    page = Browser(world, world.supervisor()).opens("/floor/agents")
    assert "over by" in page
    assert agent.does(f"/api/calls/{caller.id}/skip", 409)["error"]["code"] == "outcome-needed"
    assert agent.does(f"/api/calls/{caller.id}/more-time", 409)["error"]["code"] == "no-more-time"
    agent.finishes()
    assert not ticket(world, caller).incomplete
    assert agent.doing == "ready/idle"
    world.check()


def test_nobody_is_held_for_ever(world: World) -> None:
    agent, caller = ended(world, "complaint")
    sweep(world, seconds=601)
    assert agent.doing == "ready/idle"
    assert ticket(world, caller).incomplete
    assert written(world, caller)["by"] == "limit"
    world.check()


def test_nothing_is_to_be_written(world: World) -> None:
    agent, caller = talked(world, "emergency")
    world.client.post(
        f"/api/calls/{caller.id}/draft",
        json={"outcome": "information", "note": "told where to go"},
        headers={"Authorization": f"Bearer {agent.token}"},
    )
    caller.hangs_up()
    assert agent.doing == "ready/idle", "free at once"
    assert (written(world, caller)["by"], written(world, caller)["outcome"]) == (
        "unasked",
        "information",
    )
    assert not ticket(world, caller).incomplete
    assert "told where to go" in ticket(world, caller).text
    world.check()


def test_the_sweep_finds_what_was_not_told(world: World) -> None:
    """The process went down between the end of the talk and what follows it."""
    listeners = world.floor.db.listeners.pop("ivr.nothing_to_write")
    try:
        agent, caller = ended(world, "emergency")
    finally:
        world.floor.db.listeners["ivr.nothing_to_write"] = listeners
    assert agent.doing == "ready/wrap_up"
    sweep(world)
    assert agent.doing == "ready/idle"
    assert written(world, caller)["by"] == "unasked"
    world.check()


def test_what_may_be_written_may_be_left(world: World) -> None:
    agent, caller = ended(world, "information")
    assert agent.call["wrap_up"]["may_skip"]
    for _ in range(2):
        agent.does(f"/api/calls/{caller.id}/skip")
    assert agent.doing == "ready/idle"
    assert written(world, caller)["by"] == agent.username
    assert not ticket(world, caller).incomplete
    world.check()


def test_who_says_nothing_is_asked_nothing(world: World) -> None:
    agent, caller = ended(world, "information")
    sweep(world, seconds=61)
    assert agent.doing == "ready/idle"
    assert written(world, caller)["by"] == "unasked"
    assert not ticket(world, caller).incomplete
    world.check()


def test_what_was_begun_is_to_be_completed(world: World) -> None:
    agent, caller = ended(world, "information")
    agent.does(f"/api/calls/{caller.id}/draft", outcome="complaint", note="no category yet")
    sweep(world, seconds=61)
    assert written(world, caller)["by"] == "limit"
    assert ticket(world, caller).incomplete
    world.check()


def test_more_time_once(world: World) -> None:
    agent, caller = ended(world, "information")
    assert agent.call["wrap_up"]["more_seconds"] == 30
    until = clock.now() + timedelta(seconds=90)
    for _ in range(2):  # said twice, it stands
        agent.does(f"/api/calls/{caller.id}/more-time")
    assert agent.presence.wrap_up_until == until
    assert agent.last_offer.wrap_up_until == until
    assert agent.call["wrap_up"]["more_seconds"] == 0
    assert world.events(caller).count("wrap_up_extended") == 1
    sweep(world, seconds=61)
    assert agent.doing == "ready/wrap_up"
    sweep(world, seconds=30)
    assert agent.doing == "ready/idle"
    assert agent.does(f"/api/calls/{caller.id}/more-time", 409)["error"]["code"] == (
        "nothing-to-finish"
    )
    world.check()


def test_nobody_extends_or_skips_for_another(world: World) -> None:
    _, caller = ended(world, "information")
    other = world.agent(queues=[])
    for verb in ("skip", "more-time"):
        assert other.does(f"/api/calls/{caller.id}/{verb}", 403)


@pytest.mark.parametrize("queue", ["information", "complaint"])
def test_the_desk_says_what_holds(world: World, queue: str) -> None:
    agent, _ = ended(world, queue)
    client = Browser(world, agent).client
    page = client.get("/calls/current?lang=en").text
    assert f'data-mode="{WAYS[queue].mode}"' in page
    assert ("/skip" in page) == (queue == "information")
    assert ("/more-time" in page) == (queue == "information")
    world.clock.advance(seconds=61)
    assert "notice soon" in client.get("/calls/current?lang=th").text
