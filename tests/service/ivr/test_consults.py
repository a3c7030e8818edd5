"""A word with a colleague about a caller who is held, and what may cross it."""

import pytest

from ivr import calls, story
from reports.metrics import Counters, Rules, count_call
from tests.service.ivr.test_talk import does, ticket_of, told
from tests.service.ivr.world import Agent, Caller, World


@pytest.fixture
def agent(world: World) -> Agent:
    return world.agent(queues=["information"])


@pytest.fixture
def caller(world: World, agent: Agent) -> Caller:
    """Somebody who talks with the agent."""
    caller = world.caller().to_queue()
    agent.talks_with(caller)
    return caller


@pytest.fixture
def colleague(world: World, caller: Caller) -> Agent:
    """Free while the two talk."""
    return world.agent(queues=["complaint"])


def asks(agent: Agent, colleague: Agent) -> None:
    does(agent, "transfer", to=f"agent:{colleague.id}", how="first")


def speaks(agent: Agent, colleague: Agent) -> str:
    """The two speak; what the colleague's telephone was told to do."""
    asks(agent, colleague)
    return colleague.accepts().picks_up()


def test_two_of_ours_speak_while_the_caller_is_held(
    world: World, agent: Agent, caller: Caller, colleague: Agent
) -> None:
    asks(agent, colleague)
    assert colleague.offer["asked_by"] == agent.username
    page = colleague.ask("GET", "/calls/current?lang=en").get_data(True)
    assert f"{agent.username} asks for a word" in page
    assert agent.call["party"]["state"] == "dialling"
    assert agent.call["held_since"] is not None
    heard = colleague.accepts().picks_up()
    talk = f"talk-{agent.last_offer.id}"
    assert f">{talk}<" in heard, "into the same conference"
    assert 'endConferenceOnExit="false"' in heard
    assert "record" not in heard, "which is recorded already"
    assert (colleague.call["state"], colleague.doing) == ("consulting", "ready/on_call")
    assert {"hand_over", "resume", "drop"} <= set(agent.call["can"])
    page = colleague.ask("GET", "/calls/current?lang=en").get_data(True)
    assert "You speak with" in page
    world.check()
    does(agent, "party/drop")
    assert colleague.doing == "ready/idle", "with nothing to write"
    assert (colleague.leg[2],) in world.carrier.of("hang_up")
    assert agent.call["held_since"] is None
    assert told(world, caller) == ["held", "party_asked", "party_joined", "party_left", "resumed"]
    assert world.visit(caller).offers == 1, "the caller was offered once"
    agent.hangs_up().finishes()
    world.check()


def test_handed_over_the_colleague_has_the_conversation(
    world: World, agent: Agent, caller: Caller, colleague: Agent
) -> None:
    after = caller.xml.find("Dial").attrib["action"]  # type: ignore[union-attr]
    speaks(agent, colleague)
    talk, mine, theirs = f"talk-{agent.last_offer.id}", agent.last_offer.leg_sid, colleague.leg[2]
    does(agent, "party/hand-over")
    assert world.carrier.of("hold")[-1][1:3] == (caller.sid, "False")
    assert world.carrier.of("end_with") == [(talk, theirs, "True"), (talk, mine, "False")]
    assert world.carrier.of("hang_up") == [(mine,)]
    assert agent.doing == "ready/wrap_up"
    assert (colleague.call["state"], colleague.doing) == ("talking", "ready/on_call")
    assert {"hold", "transfer", "call_in"} <= set(colleague.call["can"])
    agent.finishes(note="asked for a lamp")
    does(colleague, "hold")
    assert world.carrier.of("hold")[-1][:2] == (talk, caller.sid), "it is the same conference"
    does(colleague, "resume")
    world.clock.advance(seconds=100)
    colleague.hangs_up()
    caller.goes_to(after)
    assert caller.xml.find("Enqueue") is None
    assert colleague.doing == "ready/wrap_up"
    colleague.finishes("complaint", category="flood", note="no lamp: water")
    assert (ticket_of(world, caller).category, ticket_of(world, caller).is_open) == ("flood", True)
    first, last = world.read(story.visits_of, caller.id)
    assert (first.agent_id, last.agent_id) == (agent.id, colleague.id)
    assert (last.again, last.holds) == (True, 1)
    assert (last.talk_ended_at - last.connected_at).total_seconds() >= 100
    counters = Counters()
    for visit in (first, last):
        count_call(counters, visit, Rules())
    assert (counters.calls, counters.answered, counters.answered_again) == (1, 2, 1)
    assert counters.waiting == 0
    page = colleague.ask("GET", f"/calls/{caller.id}?lang=en").get_data(True)
    assert "took the caller over" in page
    world.check()


def test_a_caller_who_hangs_up_after_that_ends_the_second_conversation(
    world: World, agent: Agent, caller: Caller, colleague: Agent
) -> None:
    speaks(agent, colleague)
    does(agent, "party/hand-over")
    caller.hangs_up()
    assert (agent.doing, colleague.doing) == ("ready/wrap_up", "ready/wrap_up")
    agent.finishes()
    colleague.finishes()
    world.check()


def test_a_colleague_s_telephone_that_leaves_after_that_ends_it_too(
    world: World, agent: Agent, caller: Caller, colleague: Agent
) -> None:
    speaks(agent, colleague)
    does(agent, "party/hand-over")
    does(agent, "party/hand-over")  # said twice
    colleague.leg_ends()
    assert colleague.doing == "ready/wrap_up"
    colleague.finishes()
    agent.finishes()
    world.check()


def test_a_caller_who_hangs_up_while_the_two_speak_frees_the_colleague(
    world: World, agent: Agent, caller: Caller, colleague: Agent
) -> None:
    speaks(agent, colleague)
    caller.hangs_up()
    world.deliver()
    assert (agent.doing, colleague.doing) == ("ready/wrap_up", "ready/idle")
    assert (colleague.leg[2],) in world.carrier.of("hang_up")
    agent.finishes()
    world.check()


@pytest.mark.parametrize("when", ["rings", "dialled", "speaks"])
def test_who_asks_may_hang_up_at_any_time(
    world: World, agent: Agent, caller: Caller, colleague: Agent, when: str
) -> None:
    asks(agent, colleague)
    if when != "rings":
        colleague.accepts()
    if when == "speaks":
        colleague.picks_up()
    agent.hangs_up()
    world.deliver()
    assert colleague.doing == "ready/idle"
    if when == "dialled":
        assert (colleague.leg[2],) in world.carrier.of("hang_up")
        assert "Conference" not in colleague.picks_up(), "answered in this very moment"
    assert agent.doing == "ready/wrap_up"
    agent.finishes()
    world.check()


@pytest.mark.parametrize("goes", ["hangs_up", "leg_ends"])
def test_a_colleague_who_leaves_has_the_caller_back_with_who_asked(
    world: World, agent: Agent, caller: Caller, colleague: Agent, goes: str
) -> None:
    speaks(agent, colleague)
    getattr(colleague, goes)()
    world.deliver()
    colleague.leg_ends()  # the carrier says it, late
    assert colleague.doing == "ready/idle"
    assert (agent.call["party"], agent.call["held_since"]) == (None, None)
    assert agent.doing == "ready/on_call"
    world.check()


def test_a_colleague_who_declines_stays_free(
    world: World, agent: Agent, caller: Caller, colleague: Agent
) -> None:
    asks(agent, colleague)
    offer_id = colleague.offer["id"]
    for _ in range(2):
        colleague.does(f"/api/offers/{offer_id}/decline")
    assert colleague.doing == "ready/idle"
    colleague.does(f"/api/offers/{offer_id}/accept", 409)
    assert agent.call["party"] is None
    assert agent.call["held_since"] is not None, "what is next is for the agent to say"
    page = agent.ask("GET", "/calls/current?lang=en").get_data(True)
    assert "cannot just now" in page
    assert caller.stay.state == "connected", "and the caller's place is not touched"
    world.check()


@pytest.mark.parametrize("accepted", [False, True])
def test_a_colleague_who_does_not_answer_has_missed_it(
    world: World, agent: Agent, caller: Caller, colleague: Agent, accepted: bool
) -> None:
    asks(agent, colleague)
    if accepted:
        colleague.accepts()
    world.sweep("ivr.expire_offers", seconds=60)
    assert colleague.doing == "missed/idle"
    assert agent.call["party"] is None
    world.sweep(seconds=1)
    assert agent.doing == "ready/on_call"
    world.check()


def test_a_colleague_who_goes_on_a_break_while_it_rings(
    world: World, agent: Agent, caller: Caller, colleague: Agent
) -> None:
    asks(agent, colleague)
    colleague.rests()
    assert colleague.doing == "break/idle"
    assert agent.call["party"] is None
    world.check()


def test_who_is_not_free_is_not_asked_and_one_who_is_asked_is_not_free(
    world: World, agent: Agent, caller: Caller, colleague: Agent
) -> None:
    asks(agent, colleague)
    second = world.caller().to_queue("1", "2")
    assert second.stay.state == "waiting", "nobody is in two"
    does(agent, "transfer", 409, to=f"agent:{colleague.id}", how="first")
    colleague.accepts().picks_up()
    other = world.agent(queues=["emergency"])
    other.does(f"/api/calls/{caller.id}/party/hand-over", 403)
    for verb in ("hold", "party/drop", "party/hand-over"):
        colleague.does(f"/api/calls/{caller.id}/{verb}", 409)
    does(agent, "party/drop")
    assert second.stay.state == "offered", "and free again for who waits"
    away = world.agent(ready=False)
    does(agent, "transfer", 409, to=f"agent:{away.id}", how="first")
    assert agent.call["held_since"] is None, "and nobody is held for it"


def test_a_recording_that_was_paused_goes_on_with_the_colleague(
    world: World, agent: Agent, caller: Caller, colleague: Agent
) -> None:
    with world.floor.db.write() as session:
        calls.note(session, caller.id, consent="given")
    speaks(agent, colleague)
    does(agent, "recording/pause")
    does(agent, "party/hand-over")
    assert [on for _, on in world.carrier.of("pause_recording")] == ["True", "False"]
    assert colleague.call["recording"] == "on"


def test_handed_over_to_a_colleague_whose_telephone_has_gone_in_this_very_moment(
    world: World, agent: Agent, caller: Caller, colleague: Agent
) -> None:
    speaks(agent, colleague)
    world.carrier.gone.add(colleague.leg[2])
    does(agent, "party/hand-over")
    assert (caller.stay.queue, caller.stay.state) == ("information", "waiting")
    assert caller.brought().says, "told so, and not left alone"
    assert (agent.doing, colleague.doing) == ("ready/wrap_up", "ready/wrap_up")
    colleague.leg_ends()
    colleague.finishes()
    agent.finishes()
    assert caller.stay.state == "offered"
