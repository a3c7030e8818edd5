"""A word with a colleague about somebody whom we have called: as about a caller.

The citizen's telephone is bound to who rang it; after a hand-over the conversation is another's.
"""

from datetime import timedelta
from functools import partial

import pytest

from hotline import clock
from ivr import jobs
from ivr.talk import passing, service
from tests.service.ivr.test_callouts import NUMBER, Called, a_ticket
from tests.service.ivr.test_consults import is_gone, requests, speaks
from tests.service.ivr.test_lost import words
from tests.service.ivr.test_races import at_once
from tests.service.ivr.test_talk import does
from tests.service.ivr.world import Agent, World


@pytest.fixture(params=["to a ticket", "a promise"])
def called(world: World, request: pytest.FixtureRequest) -> Called:
    """A citizen whom an agent has called, and who talks."""
    if request.param == "to a ticket":
        return Called(world, a_ticket(world), world.agent()).talks()
    agent = world.agent()
    caller = world.caller(NUMBER).to_queue()
    agent.declines()
    caller.hangs_up()
    world.clock.advance(seconds=100)
    agent.ready()
    agent.does(f"/api/callbacks/call/{caller.id}/back")
    world.deliver()
    agent.picks_up()
    there = Called(world, None, agent)  # type: ignore[arg-type]
    there.answers()
    return there


@pytest.fixture
def colleague(world: World, called: Called) -> Agent:
    """Free while the two talk."""
    return world.agent(queues=["complaint"])


def test_a_word_with_a_colleague(world: World, called: Called, colleague: Agent) -> None:
    agent, citizen = called.agent, called.rung[-1][2]
    heard = speaks(agent, colleague)
    talk = f"talk-{agent.last_offer.id}"
    assert f">{talk}<" in heard, "into the same conference"
    assert world.carrier.of("hold")[-1] == (talk, citizen, "True", world.floor.url("/ivr/hold"))
    assert (colleague.call["state"], colleague.call["caller"]) == ("consulting", NUMBER)
    does(agent, "party/drop")
    listed = agent.ask("GET", "/calls/colleagues?lang=en").get_data(True)
    assert f'value="agent:{colleague.id}"' in listed, "who can be asked is on the desk"
    page = agent.ask("GET", "/calls/current?lang=en").get_data(True)
    assert 'value="now"' not in page, "but nobody is passed on who has no call of their own"
    assert world.carrier.of("hold")[-1][1:3] == (citizen, "False")
    assert (colleague.doing, agent.call["state"]) == ("ready/idle", "talking")
    called.leg_ends()
    assert agent.doing == "ready/wrap_up"
    agent.finishes()
    world.check()


def test_handed_over_the_colleague_has_the_conversation(
    world: World, called: Called, colleague: Agent
) -> None:
    agent, citizen = called.agent, called.rung[-1][2]
    speaks(agent, colleague)
    talk, mine, theirs = f"talk-{agent.last_offer.id}", agent.last_offer.leg_sid, colleague.leg[2]
    does(agent, "party/hand-over")
    assert world.carrier.of("end_with") == [(talk, theirs, "True"), (talk, mine, "False")]
    assert (citizen,) not in world.carrier.of("hang_up")
    assert (agent.doing, colleague.call["state"]) == ("ready/wrap_up", "talking")
    assert "transfer" not in colleague.call["can"], "they still have no call that could wait"
    does(colleague, "hold")
    assert world.carrier.of("hold")[-1][:3] == (talk, citizen, "True")
    does(colleague, "resume")
    agent.finishes(note="asked a colleague")
    # the sweep that asks for citizens of whom nothing was heard leaves them alone
    world.carrier.alive.add(citizen)
    jobs.ask_for_citizens(world.floor, clock.now() + timedelta(hours=1))
    assert (citizen,) not in world.carrier.of("hang_up")
    assert f">{talk}<" in called.answers(), "the carrier asks again: to the same place"
    called.leg_ends()
    assert colleague.doing == "ready/wrap_up"
    assert (theirs,) in world.carrier.of("hang_up")
    colleague.finishes(note="settled")
    assert called.agent.doing == "ready/idle"
    world.check()


def test_the_colleague_hangs_up(world: World, called: Called, colleague: Agent) -> None:
    speaks(called.agent, colleague)
    does(called.agent, "party/hand-over")
    colleague.hangs_up()
    assert colleague.doing == "ready/wrap_up"
    called.leg_ends()
    called.agent.finishes()
    colleague.finishes()
    world.check()


def test_a_colleague_s_browser_that_leaves_after_that_is_rung_again(
    world: World, called: Called, colleague: Agent
) -> None:
    _url, _, citizen = called.rung[-1]
    speaks(called.agent, colleague)
    does(called.agent, "party/hand-over")
    is_gone(world, colleague)
    assert colleague.call["cut_off"]
    world.deliver()
    assert len(world.carrier.of("dial")) >= 2
    colleague.picks_up()
    assert world.carrier.of("redirect")[-1][0] == citizen, "fetched is who was called"
    assert words(world, "cut_off")
    called.leg_ends()
    assert colleague.doing == "ready/wrap_up"
    called.agent.finishes()
    colleague.finishes()
    world.check()


def test_a_citizen_who_hangs_up_while_they_are_handed_over(
    world: World, called: Called, colleague: Agent
) -> None:
    """Whichever is first: nobody is left in a conversation without the citizen."""
    agent = called.agent
    call_id = called.call_id
    speaks(agent, colleague)
    hands = requests(agent, f"/api/calls/{call_id}/party/hand-over")
    _url, status, sid = called.rung[-1]
    world.carrier.gone.add(sid)
    hangs_up = partial(world.another().post, status, CallSid=sid, CallStatus="completed")
    assert at_once(hands, hangs_up) == []
    world.deliver()
    assert "on_call" not in agent.doing + colleague.doing
    for each in (agent, colleague):
        if each.doing.endswith("wrap_up"):
            each.finishes()
    world.check()


def test_handed_over_to_nobody(world: World, called: Called, colleague: Agent) -> None:
    """The colleague has gone for good as the citizen is handed over: it is over for all."""
    speaks(called.agent, colleague)
    offer = called.agent.last_offer
    with world.floor.db.write() as session:
        service.hand_over(world.floor, session, offer.call_id, called.agent.id, now=clock.now())
    with world.floor.db.write() as session:
        passing.handed_to_nobody(world.floor, session, offer, None, now=clock.now())
    assert colleague.doing == "ready/wrap_up"
    called.leg_ends()
    called.agent.finishes()
    colleague.finishes()
    world.check()
