"""Consent before a recording, and the caller's mark after the conversation."""

import pytest

from hotline.auth import Role
from ivr import calls
from tests.service.ivr.shipped import agent, city_config, prompt, to_queue
from tests.service.ivr.world import Agent, Caller, World
from tests.support.floors import sign_in_as
from tickets import service as tickets

__all__ = ["agent", "city_config"]


# ---------------------------------------------------------------- consent


def test_before_recording_the_caller_is_told(world: World, agent: Agent) -> None:
    caller = world.caller().ring().press("1", "1")
    assert caller.says == [prompt(world, "consent")]
    assert world.events(caller)[-1] == "step", "no place is taken before the answer"


@pytest.mark.parametrize(("key", "to"), [("", "given"), ("5", "refused")])
def test_the_answer_is_kept_and_heeded(world: World, agent: Agent, key: str, to: str) -> None:
    caller = to_queue(world.caller(), consent=key)
    assert world.read(calls.facts, caller.id).consent == to
    agent.accepts()
    leg = agent.picks_up()
    assert ('record="record-from-start"' in leg) == (to == "given")


@pytest.mark.parametrize(("then", "to"), [("", "given"), ("5", "refused"), ("7", "refused")])
def test_a_key_that_cuts_the_notice_short_is_no_consent(
    world: World, agent: Agent, then: str, to: str
) -> None:
    caller = world.caller().ring().press("1", "1", "7")
    assert caller.says == [prompt(world, "consent")]
    caller.press(then)
    assert caller.xml.find("Enqueue") is not None
    assert world.read(calls.facts, caller.id).consent == to


def test_an_emergency_is_not_asked_and_not_recorded(world: World, agent: Agent) -> None:
    caller = world.caller().ring().press("9", "0")
    assert caller.says == [prompt(world, "to_emergency_agent")]
    agent.accepts()
    assert "record=" not in agent.picks_up()


def test_who_was_asked_is_not_asked_again(world: World, agent: Agent) -> None:
    caller = world.caller().ring().press("1", "1")
    agent.goes_home()
    caller.press("5")  # nobody is there any more
    agent.ready()
    caller.press("0")
    assert caller.xml.find("Enqueue") is not None
    assert world.read(calls.facts, caller.id).consent == "refused"


def test_a_recorded_conversation_is_heard_by_those_who_may(world: World, agent: Agent) -> None:
    caller = to_queue(world.caller())
    stranger = world.agent(queues=["emergency"])
    agent.talks_with(caller)
    world.post(
        f"https://hotline.example/ivr/recording?call={caller.id}&offer={agent.last_offer.id}",
        RecordingSid="RE9",
        RecordingUrl="https://carrier.example/RE9",
        RecordingStatus="completed",
        RecordingDuration="31",
    )
    world.deliver()
    manager = sign_in_as(world.floor, Role.MANAGER)
    may = {agent.token: 200, stranger.token: 403, manager: 403}
    for token, status in may.items():
        headers = {"Authorization": f"Bearer {token}"}
        with world.client.get("/recordings/1", headers=headers) as answer:
            assert answer.status_code == status
    assert world.events(caller)[-2:] == ["recorded", "listened"]


@pytest.mark.parametrize("refused", [False, True])
def test_who_answers_a_call_of_ours_is_told_first(
    world: World, agent: Agent, refused: bool
) -> None:
    caller = to_queue(world.caller(), consent="5" if refused else "").hangs_up()
    agent.does(f"/api/callbacks/call/{caller.id}/back")
    world.deliver()
    assert ("record-from-start" in agent.picks_up()) == (not refused)
    url, _, sid = next(rest for to, *rest in world.carrier.of("dial") if to == caller.number)
    heard = world.post(url, CallSid=sid, CallStatus="in-progress")
    assert (prompt(world, "called_by_us") in heard) == (not refused)
    assert ("pause_recording" in agent.call["can"]) == (not refused)  # should they not agree
    assert agent.call["recording"] == (None if refused else "on")


# ---------------------------------------------------------------- the mark


def ends(world: World, agent: Agent, caller: Caller, seconds: float = 60) -> Caller:
    """A conversation that the agent ends; the caller goes on after the conference."""
    agent.talks_with(caller)
    action = caller.xml.find("Dial").attrib["action"]  # type: ignore[union-attr]
    world.clock.advance(seconds=seconds)
    agent.hangs_up()
    return caller.goes_to(action)


def chosen(world: World) -> Caller:
    """A caller whose call is one of those that are asked."""
    from ivr.config import Ivr

    rules = world.floor.section(Ivr).after_call
    assert rules is not None
    while True:
        caller = to_queue(world.caller())
        if rules.chooses(caller.id, "information", 60):
            return caller
        caller.hangs_up()


def test_the_mark_lands_on_call_agent_and_ticket(world: World, agent: Agent) -> None:
    caller = ends(world, agent, chosen(world))
    assert caller.says == [prompt(world, "survey")]
    caller.press("4")
    assert caller.says == [prompt(world, "survey_thanks")]
    number = agent.finishes()
    assert world.read(calls.facts, caller.id).mark == 4
    assert world.story(caller)[-2].data == {**agent.last_offer.who, "mark": 4}
    ticket = world.read(tickets.by_number, number)
    assert [e.data["mark"] for e in world.read(tickets.story, ticket.id) if e.kind == "rated"] == [
        4
    ]


def test_a_mark_after_the_ticket_was_written(world: World, agent: Agent) -> None:
    caller = ends(world, agent, chosen(world))
    number = agent.finishes()
    caller.press("2")
    ticket = world.read(tickets.by_number, number)
    assert [e.kind for e in world.read(tickets.story, ticket.id)][-1] == "rated"


def test_the_first_mark_stands(world: World, agent: Agent) -> None:
    caller = ends(world, agent, chosen(world))
    asked = caller.heard
    caller.press("5")
    caller.heard = asked
    caller.press("1")
    assert world.read(calls.facts, caller.id).mark == 5


@pytest.mark.parametrize("keys", [[""], ["9", ""], ["0", "0"]])
def test_no_mark_is_no_fault(world: World, agent: Agent, keys: list[str]) -> None:
    caller = ends(world, agent, chosen(world)).press(*keys)
    assert caller.says == [prompt(world, "goodbye")]
    assert world.read(calls.facts, caller.id).mark is None


def test_a_short_word_is_not_asked_about(world: World, agent: Agent) -> None:
    caller = ends(world, agent, chosen(world), seconds=5)
    assert caller.says == [prompt(world, "goodbye")]
