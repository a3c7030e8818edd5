"""The caller of a conversation comes with a matter that has a ticket: whatever comes after, the
call ends on one ticket.
"""

import pytest

from tests.service.ivr.world import Agent, Caller, World
from tickets import service as tickets
from tickets.matters import service as matters
from tickets.service import TicketFacts

NOTE = "น้ำท่วมหน้าบ้านด้วย"


@pytest.fixture
def it(world: World) -> TicketFacts:
    """The ticket of somebody who has called about it."""
    agent, caller = world.agent(), world.caller("+66812345678").to_queue()
    agent.talks_with(caller)
    agent.hangs_up()
    agent.finishes("complaint", category="flood", note="น้ำท่วมซอยบัวขาว")
    agent.goes_home()
    found = world.read(tickets.ticket_of_call, caller.id)
    assert isinstance(found, TicketFacts)
    return found


@pytest.fixture
def pair(world: World, it: TicketFacts) -> tuple[Agent, Caller]:
    del it
    agent, caller = world.agent(), world.caller("+66899999999").to_queue("2")
    agent.talks_with(caller)
    return agent, caller


def added(agent: Agent, caller: Caller, ticket: TicketFacts, status: int = 200) -> object:
    path = f"/api/calls/{caller.id}/same-matter"
    return agent.does(path, status, ticket=ticket.number_shown)


def count(world: World, ticket: TicketFacts) -> int:
    found = world.read(matters.callers_of, [ticket.id])
    return int(found[ticket.id])


def of(world: World, caller: Caller) -> TicketFacts:
    found = world.read(tickets.ticket_of_call, caller.id)
    assert isinstance(found, TicketFacts)
    return found


def test_one_key_and_the_outcome_is_that_ticket(
    world: World, it: TicketFacts, pair: tuple[Agent, Caller]
) -> None:
    agent, caller = pair
    for _ in range(2):
        assert added(agent, caller, it) == {
            "ticket": it.number, "ticket_shown": it.number_shown, "callers": 2, "again": False,
        }  # fmt: skip
    agent.hangs_up()
    agent.finishes("follow_up", ticket=it.number_shown, note=NOTE)
    assert of(world, caller).id == it.id
    [other] = world.read(matters.others_of, it)
    assert (other.number, other.note, other.language) == ("+66899999999", NOTE, "en")
    assert other.settled_at is not None
    assert agent.does(f"/api/calls/{caller.id}/another-matter", 409)["error"]["code"]
    assert count(world, it) == 2
    world.check()


def test_taken_back_the_outcome_makes_a_ticket_of_its_own(
    world: World, it: TicketFacts, pair: tuple[Agent, Caller]
) -> None:
    agent, caller = pair
    added(agent, caller, it)
    agent.does(f"/api/calls/{caller.id}/another-matter")
    assert agent.does(f"/api/calls/{caller.id}/another-matter", 422)["error"]["code"] == "not-added"
    agent.hangs_up()
    agent.finishes("complaint", category="flood", note=NOTE)
    assert of(world, caller).id != it.id
    assert (count(world, it), count(world, of(world, caller))) == (1, 1)
    world.check()


def test_the_limit_leaves_the_call_with_the_matter(
    world: World, it: TicketFacts, pair: tuple[Agent, Caller]
) -> None:
    agent, caller = pair
    agent.does(f"/api/calls/{caller.id}/draft", note=NOTE)
    added(agent, caller, it)
    agent.hangs_up()
    world.sweep("ivr.wrap_up", seconds=180)
    assert of(world, caller).id == it.id
    [other] = world.read(matters.others_of, it)
    assert other.note == NOTE
    assert other.settled_at is not None
    world.check()


def test_another_outcome_keeps_them_there_and_another_ticket_takes_them_along(
    world: World, it: TicketFacts, pair: tuple[Agent, Caller]
) -> None:
    agent, caller = pair
    added(agent, caller, it)
    agent.hangs_up()
    agent.finishes("complaint", category="flood", note=NOTE)
    assert of(world, caller).id == it.id, "what is worked on is gone on with"
    assert count(world, it) == 2
    agent.ready()
    second = world.caller("+66800000002").to_queue()
    agent.talks_with(second)
    agent.hangs_up()
    agent.finishes("complaint", category="street_light", note="ไฟดับ")
    other = of(world, second)
    agent.ready()
    third = world.caller("+66800000003").to_queue()
    agent.talks_with(third)
    added(agent, third, it)
    assert count(world, it) == 3
    agent.hangs_up()
    agent.finishes("follow_up", ticket=other.number_shown, note="ไฟดับอยู่")
    assert of(world, third).id == other.id
    assert count(world, it) == 2
    world.check()


def test_only_who_talks_to_them_adds_them(
    world: World, it: TicketFacts, pair: tuple[Agent, Caller]
) -> None:
    _, caller = pair
    refused = added(world.agent(), caller, it, 403)
    assert isinstance(refused, dict)
    assert refused["error"]["code"] == "not-yours"
    assert count(world, it) == 1
