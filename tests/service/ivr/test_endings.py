"""How calls end: whoever says so first, and that every conversation ends on one ticket."""

from datetime import timedelta

import pytest

from hotline import clock
from ivr import calls
from tests.service.ivr.world import Agent, Caller, World
from tickets import service as tickets


@pytest.fixture
def pair(world: World) -> tuple[Agent, Caller]:
    return _talking(world)


@pytest.fixture
def on_a_telephone(world: World) -> tuple[Agent, Caller]:
    """Not in a browser, which may come back when it is cut off (test_lost.py)."""
    return _talking(world, "+66812345670")


def _talking(world: World, address: str | None = None) -> tuple[Agent, Caller]:
    agent = world.agent(address=address)
    caller = world.caller().to_queue()
    agent.talks_with(caller)
    return agent, caller


def tickets_of(world: World, caller: Caller) -> tickets.TicketFacts | None:
    found: tickets.TicketFacts | None = world.read(tickets.ticket_of_call, caller.id)
    return found


@pytest.mark.parametrize("press", [(), ("1",), ("1", "1")])
def test_who_hangs_up_before_anybody_answers(world: World, press: tuple[str, ...]) -> None:
    caller = world.caller().ring().press(*press)
    caller.hangs_up()
    waited = len(press) == 2
    assert world.events(caller)[-1] == "ended"
    assert ("abandoned" in world.events(caller)) == waited
    world.check()


def test_the_queue_says_first_that_the_caller_hung_up(world: World) -> None:
    agent = world.agent()
    caller = world.caller().to_queue()
    caller.leaves("hangup", CallStatus="completed")
    before = world.events(caller)
    caller.hangs_up()
    assert world.events(caller) == before
    assert agent.doing == "ready/idle"
    world.check()


def test_an_end_that_is_told_again_or_backwards_changes_nothing(world: World) -> None:
    caller = world.caller().to_queue()
    caller.hangs_up()
    before = world.events(caller)
    for status in ("in-progress", "ringing", "completed", "busy", "failed", "nonsense"):
        world.post("/ivr/status", **caller.parameters(status))
    assert world.events(caller) == before


def test_an_end_before_the_beginning(world: World) -> None:
    """The status overtakes the call's first webhook: the call is over, and stays so."""
    caller = world.caller()
    caller.hangs_up()
    caller.ring().press("1", "1")
    assert world.events(caller)[:2] == ["arrived", "ended"]
    assert "queued" not in world.events(caller)


def test_a_call_that_never_reached_us_is_in_the_books(world: World) -> None:
    caller = world.caller()
    caller.hangs_up()
    assert world.events(caller) == ["arrived", "ended"]


def test_the_caller_hangs_up_in_conversation(world: World, pair: tuple[Agent, Caller]) -> None:
    agent, caller = pair
    caller.hangs_up()
    assert agent.doing == "ready/wrap_up"
    assert world.story(caller)[-2].data["by"] == "caller"
    agent.leg_ends()
    assert world.events(caller).count("talk_ended") == 1
    agent.finishes()
    world.check()


def test_the_agents_telephone_hangs_up_in_conversation(
    world: World, on_a_telephone: tuple[Agent, Caller]
) -> None:
    agent, caller = on_a_telephone
    agent.leg_ends()
    assert agent.doing == "ready/wrap_up"
    conference = caller.xml.find("Dial")
    assert conference is not None
    caller.goes_to(conference.attrib["action"])
    assert caller.xml[-1].tag == "Hangup"
    assert len(caller.says) == 1
    caller.hangs_up()
    assert world.events(caller)[-2:] == ["talk_ended", "ended"]
    assert world.story(caller)[-2].data["by"] == "agent"


@pytest.mark.parametrize("leaver", ["agent", "caller", "unknown"])
def test_the_conference_tells_who_left(
    world: World, on_a_telephone: tuple[Agent, Caller], leaver: str
) -> None:
    agent, caller = on_a_telephone
    sid = {"agent": agent.leg[2], "caller": caller.sid, "unknown": ""}[leaver]
    url = f"/ivr/conference?offer={agent.last_offer.id}"
    told = {"StatusCallbackEvent": "conference-end", "CallSidEndingConference": sid}
    world.post(url, **told)
    world.post(url, **told)
    assert world.story(caller)[-1].data["by"] == leaver
    assert world.events(caller).count("talk_ended") == 1


def test_hanging_up_twice_and_without_a_conversation(
    world: World, pair: tuple[Agent, Caller]
) -> None:
    agent, caller = pair
    agent.does(f"/api/calls/{caller.id}/finish", 409, outcome="information")
    path = f"/api/calls/{caller.id}/hang-up"
    agent.does(path)
    agent.does(path)
    assert world.events(caller).count("talk_ended") == 1
    agent.finishes()
    other = world.caller().to_queue()
    assert agent.does(f"/api/calls/{other.id}/hang-up", 409)["error"]["code"] == "not-talking"


def test_one_ticket_however_often_it_is_finished(world: World, pair: tuple[Agent, Caller]) -> None:
    agent, caller = pair
    agent.hangs_up()
    first = agent.finishes("complaint", category="flood", note="น้ำท่วม")
    again = agent.does(f"/api/calls/{caller.id}/finish", outcome="praise")
    assert again["ticket"] == first
    ticket = tickets_of(world, caller)
    assert ticket is not None
    assert (ticket.number, ticket.category, ticket.text) == (first, "flood", "น้ำท่วม")
    assert ticket.caller_number == caller.number
    assert world.events(caller).count("wrapped_up") == 1


def test_an_outcome_that_is_wrong_is_refused_and_can_be_mended(
    world: World, pair: tuple[Agent, Caller]
) -> None:
    agent, caller = pair
    agent.hangs_up()
    path = f"/api/calls/{caller.id}/finish"
    agent.does(path, 422)
    agent.does(path, 422, outcome="nonsense")
    agent.does(path, 422, outcome="complaint")  # without a category
    agent.does(path, 422, outcome="follow_up", ticket="123")
    assert agent.doing == "ready/wrap_up"
    assert tickets_of(world, caller) is None
    agent.finishes("complaint", category="flood")
    assert agent.doing == "ready/idle"


def test_a_second_call_about_the_same_thing_is_linked(
    world: World, pair: tuple[Agent, Caller]
) -> None:
    agent, _ = pair
    agent.hangs_up()
    number = agent.finishes("complaint", category="flood")
    again = world.caller().to_queue()
    agent.talks_with(again).hangs_up()
    assert agent.finishes("follow_up", ticket=number) == number


def test_the_limit_writes_the_default_outcome_and_the_agent_may_complete_it(
    world: World, pair: tuple[Agent, Caller]
) -> None:
    agent, caller = pair
    agent.hangs_up()
    world.sweep("ivr.wrap_up", seconds=179)
    assert agent.doing == "ready/wrap_up"
    world.sweep("ivr.wrap_up", seconds=1)
    assert agent.doing == "ready/idle"
    ticket = tickets_of(world, caller)
    assert ticket is not None
    assert ticket.incomplete
    answer = agent.does(
        f"/api/calls/{caller.id}/finish", outcome="complaint", category="flood", note="ซอย 5"
    )
    assert answer["ticket"] == ticket.number
    mended = tickets_of(world, caller)
    assert mended is not None
    assert (mended.incomplete, mended.category, mended.text) == (False, "flood", "ซอย 5")
    assert world.events(caller).count("wrapped_up") == 1
    world.check()


def test_an_agent_who_signs_out_in_conversation_still_gets_the_ticket_written(
    world: World, pair: tuple[Agent, Caller]
) -> None:
    agent, caller = pair
    agent.ask("POST", "/api/presence", status="signed_out")
    caller.hangs_up()
    world.sweep("ivr.wrap_up", seconds=180)
    assert tickets_of(world, caller) is not None
    assert agent.doing == "signed_out/idle"


def test_a_call_whose_end_was_never_told_is_asked_for(world: World) -> None:
    agent = world.agent()
    caller = world.caller().to_queue()
    agent.talks_with(caller)
    world.sweep("ivr.ask_for_calls", seconds=400)
    assert agent.doing == "ready/on_call"
    world.carrier.gone.add(caller.sid)
    world.sweep("ivr.ask_for_calls", seconds=400)
    assert agent.doing == "ready/wrap_up"
    assert world.events(caller)[-2:] == ["talk_ended", "ended"]
    assert world.story(caller)[-2].data["by"] == "unknown"


def test_a_call_that_the_carrier_lost_was_hung_up_by_nobody(
    world: World, pair: tuple[Agent, Caller]
) -> None:
    _, caller = pair
    world.post("/ivr/status", **caller.parameters("failed"))
    assert world.story(caller)[-2].data["by"] == "unknown"


def test_a_caller_left_behind_in_the_conference_is_let_go(
    world: World, on_a_telephone: tuple[Agent, Caller]
) -> None:
    agent, caller = on_a_telephone
    agent.leg_ends()
    world.sweep("ivr.end_lonely", seconds=10)
    assert world.carrier.of("hang_up") == []
    world.sweep("ivr.end_lonely", seconds=60)
    assert world.carrier.of("hang_up") == [(caller.sid,)]


def test_an_agent_held_by_nothing_is_let_go(world: World) -> None:
    agent = world.agent()
    world.caller().to_queue()
    with world.floor.db.write() as session:
        from sqlalchemy import update

        from ivr.models import Offer

        session.execute(update(Offer).values(state="ended", result="withdrawn"))
    world.sweep("ivr.repair_agents", seconds=60)
    assert agent.doing == "ready/idle"


def test_sweeps_find_nothing_to_do_in_a_conversation(
    world: World, pair: tuple[Agent, Caller]
) -> None:
    agent, caller = pair
    before = world.events(caller)
    world.sweep(seconds=3000)
    assert world.events(caller) == before
    assert agent.doing == "ready/on_call"


def test_a_call_known_by_its_last_callback_only_arrived_when_it_began(world: World) -> None:
    """The fallback document answered it: it is counted where it belongs, also over midnight."""
    caller = world.caller()
    ended = clock.now()
    world.post("/ivr/status", **caller.parameters("completed"), CallDuration="75")
    arrived, over = world.story(caller)
    assert (arrived.at, over.at) == (ended - timedelta(seconds=75), ended)
    facts = world.read(calls.facts, caller.id)
    assert (facts.arrived_at, facts.ended_at) == (arrived.at, over.at)
