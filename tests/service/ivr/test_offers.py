"""Offers: each way in which one can go, and that the caller keeps the place."""

import pytest

from agents import service as agents
from agents.states import Trouble
from hotline import clock
from ivr.talk import targets
from tests.service.ivr.world import Agent, World


@pytest.fixture
def telephones(world: World) -> None:
    """Desks have a telephone in their page."""
    keys = {"carrier_api_key_sid": "SK1", "carrier_api_key_secret": "secret"}
    world.floor.settings = world.floor.settings.model_copy(update=keys)


def page_says(agent: Agent, trouble: str, status: int = 200) -> None:
    agent.does("/api/softphone", status, trouble=trouble)


@pytest.mark.usefixtures("telephones")
def test_a_telephone_that_cannot_be_answered_is_offered_nothing_until_it_can(world: World) -> None:
    agent = world.agent()
    page_says(agent, "refused")
    caller = world.caller().to_queue()
    assert (agent.doing, agent.presence.trouble) == ("ready/idle", Trouble.REFUSED)
    assert caller.stay.state == "waiting"
    assert world.read(agents.able, ["information/th"]) == 0, "callers are told no lie of their turn"
    page_says(agent, "none")
    assert agent.ask("GET", "/api/presence").json["trouble"] == "none"
    page_says(agent, "")
    assert agent.offer["call_id"] == caller.id
    world.check()


@pytest.mark.usefixtures("telephones")
def test_a_telephone_that_fails_while_it_rings_lets_the_next_one_ring_at_once(
    world: World,
) -> None:
    first, second = world.agent(), world.agent()
    caller = world.caller().to_queue()
    page_says(first, "none")
    assert (first.doing, second.doing) == ("ready/idle", "ready/offered")
    assert second.offer["call_id"] == caller.id
    assert world.visit(caller).missed == 0, "through no fault of theirs"
    second.talks_with(caller)
    page_says(second, "refused")
    assert second.doing == "ready/on_call", "a call that is had goes on"
    colleagues = world.read(targets.colleagues, second.id)
    assert [each.doing for each in colleagues] == ["unreachable"]
    world.check()


@pytest.mark.usefixtures("telephones")
def test_who_signs_out_begins_the_next_shift_anew(world: World) -> None:
    agent = world.agent()
    page_says(agent, "refused")
    agent.goes_home()
    page_says(agent, "refused")  # the page is still open, and nobody is there
    agent.ready()
    assert agent.presence.presence.available


@pytest.mark.usefixtures("telephones")
def test_what_a_page_may_say(world: World) -> None:
    page_says(world.agent(), "tired", 422)
    page_says(world.agent(address="+66812345670"), "refused", 404)


@pytest.mark.usefixtures("telephones")
def test_another_telephone_has_no_trouble_yet(world: World) -> None:
    agent = world.agent()
    page_says(agent, "refused")
    with world.floor.db.write() as session:
        account = agents.agent(session, agent.id).account_id
        agents.set_work(
            session,
            account,
            name="x",
            skills=["information/th"],
            address="+66812345671",
            now=clock.now(),
        )
    assert agent.presence.presence.available
    caller = world.caller().to_queue()
    assert agent.offer["call_id"] == caller.id
    world.check()


def test_a_declined_offer_goes_on_to_the_next_agent(world: World) -> None:
    first, second = world.agent(), world.agent()
    caller = world.caller().to_queue()
    entered_at = caller.stay.entered_at
    world.clock.advance(seconds=3)
    first.declines()
    assert (first.doing, second.doing) == ("break/idle", "ready/offered")
    assert caller.stay.entered_at == entered_at
    assert second.offer["waited_seconds"] == 3
    world.check()


def test_an_offer_that_rings_out_goes_on_and_marks_the_agent(world: World) -> None:
    first, second = world.agent(), world.agent()
    caller = world.caller().to_queue()
    world.sweep("ivr.expire_offers", seconds=19)
    assert first.doing == "ready/offered"
    world.sweep("ivr.expire_offers", seconds=1)
    assert (first.doing, second.doing) == ("missed/idle", "ready/offered")
    assert world.visit(caller).missed == 1
    world.check()


def test_an_offer_that_nobody_else_can_take_waits_in_the_same_place(world: World) -> None:
    agent = world.agent()
    first = world.caller().to_queue()
    world.clock.advance(seconds=1)
    second = world.caller().to_queue()
    agent.declines()
    assert (first.stay.state, second.stay.state) == ("waiting", "waiting")
    agent.ready()
    assert agent.offer["call_id"] == first.id


def test_accepting_twice_rings_once(world: World) -> None:
    agent = world.agent()
    world.caller().to_queue()
    offer = agent.offer["id"]
    agent.does(f"/api/offers/{offer}/accept")
    agent.does(f"/api/offers/{offer}/accept")
    world.deliver()
    assert len(world.carrier.of("dial")) == 1


def test_another_agents_offer_is_not_to_be_had(world: World) -> None:
    agent, other = world.agent(), world.agent(ready=False)
    caller = world.caller().to_queue()
    offer = agent.offer["id"]
    for verb in ("accept", "decline"):
        answer = other.does(f"/api/offers/{offer}/{verb}", 403)
        assert answer["error"]["code"] == "not-yours"
    agent.talks_with(caller)
    other.does(f"/api/calls/{caller.id}/hang-up", 403)
    agent.hangs_up()
    other.does(f"/api/calls/{caller.id}/finish", 403, outcome="information")
    assert world.client.get("/api/calls/current").status_code == 401
    agent.does("/api/offers/999/accept", 404)


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed", "canceled"])
def test_an_agents_telephone_that_is_not_reached(world: World, status: str) -> None:
    first, second = world.agent(address="+66812345671"), world.agent()
    caller = world.caller().to_queue()
    first.accepts()
    first.leg_ends(status)
    assert (first.doing, second.doing) == ("missed/idle", "ready/offered")
    assert caller.stay.state == "offered"
    second.talks_with(caller)
    assert second.call["state"] == "talking"
    world.check()


def test_a_page_that_is_opened_in_the_moment_of_accepting_is_rung_again(world: World) -> None:
    """Not registered yet: the carrier says so at once, and the agent has missed nothing."""
    agent = world.agent()
    caller = world.caller().to_queue()
    agent.accepts()
    for _ in range(3):
        agent.leg_ends("no-answer")
        agent.leg_ends("no-answer")  # told twice
        assert agent.doing == "ready/on_call"
        assert not agent.call["cut_off"]
        world.sweep("ivr.lost", seconds=1)
        world.deliver()
    assert len(world.carrier.of("dial")) == 4
    agent.picks_up()
    caller.brought()
    assert agent.call["state"] == "talking"
    assert world.events(caller)[-2:] == ["accepted", "connected"]
    agent.hangs_up().leg_ends()
    assert agent.doing == "ready/wrap_up"
    world.check()


def test_a_page_whose_call_ended_before_it_was_noted_is_rung_again(world: World) -> None:
    agent = world.agent()
    caller = world.caller().to_queue()
    agent.does(f"/api/offers/{agent.offer['id']}/accept")
    dial = world.carrier.dial

    def at_once(*arguments: str, **named: str) -> str:
        sid = dial(*arguments, **named)  # type: ignore[arg-type]
        if len(world.carrier.of("dial")) == 1:
            world.post(named["status_callback"], CallSid=sid, CallStatus="no-answer")
        return sid

    world.carrier.dial = at_once  # type: ignore[assignment,method-assign]
    world.deliver()
    world.sweep("ivr.lost", seconds=1)
    world.deliver()
    agent.picks_up()
    caller.brought()
    assert agent.call["state"] == "talking"


def test_a_page_that_never_registers_has_missed_the_call(world: World) -> None:
    first, second = world.agent(), world.agent()
    caller = world.caller().to_queue()
    first.accepts()
    first.leg_ends("no-answer")
    world.sweep("ivr.lost", seconds=9)
    world.deliver()
    assert first.doing == "ready/on_call"
    first.leg_ends("no-answer")
    world.sweep("ivr.lost", seconds=1)
    assert (first.doing, second.doing) == ("missed/idle", "ready/offered")
    second.talks_with(caller)
    world.check()


def test_a_caller_who_goes_while_the_page_is_rung_again(world: World) -> None:
    agent = world.agent()
    caller = world.caller().to_queue()
    agent.accepts()
    agent.leg_ends("failed")
    caller.hangs_up()
    world.sweep("ivr.lost", seconds=1)
    world.deliver()
    assert agent.doing == "ready/idle"
    assert len(world.carrier.of("dial")) == 1
    world.check()


def test_an_agents_telephone_that_is_dropped_before_the_caller_comes(world: World) -> None:
    first, second = world.agent(), world.agent()
    caller = world.caller().to_queue()
    first.accepts().picks_up()
    first.leg_ends()
    assert (first.doing, second.doing) == ("missed/idle", "ready/offered")
    caller.brought()  # already on the way to the first agent: back to the same place
    enqueue = caller.xml.find("Enqueue")
    assert enqueue is not None
    assert caller.waits().stay.state == "offered"
    second.talks_with(caller)
    assert world.events(caller).count("connected") == 1
    world.check()


def test_a_leg_that_answers_after_the_caller_has_gone_is_hung_up(world: World) -> None:
    agent = world.agent()
    caller = world.caller().to_queue()
    agent.accepts()
    caller.hangs_up()
    world.deliver()
    assert ("hang_up", agent.leg[2]) in world.carrier.asked
    assert "<Hangup" in agent.picks_up()
    assert agent.doing == "ready/idle"
    assert world.events(caller)[-3:] == ["abandoned", "offer_ended", "ended"]
    world.check()


def test_a_caller_who_goes_while_we_dial_leaves_no_leg_behind(world: World) -> None:
    agent = world.agent()
    caller = world.caller().to_queue()
    agent.does(f"/api/offers/{agent.offer['id']}/accept")
    dial = world.carrier.dial

    def slow(*arguments: str, **named: str) -> str:
        caller.hangs_up()
        return dial(*arguments, **named)  # type: ignore[arg-type]

    world.carrier.dial = slow  # type: ignore[assignment,method-assign]
    world.deliver()
    assert world.carrier.of("hang_up") == [(agent.leg[2],)]
    assert agent.doing == "ready/idle"


def test_a_second_leg_of_the_same_offer_is_hung_up_and_its_end_means_nothing(world: World) -> None:
    agent = world.agent()
    caller = world.caller().to_queue()
    agent.talks_with(caller)
    url, status, _ = agent.leg
    assert "<Hangup" in world.post(url, CallSid="CAother", CallStatus="in-progress")
    world.post(status, CallSid="CAother", CallStatus="completed")
    assert agent.call["state"] == "talking"


def test_answers_of_the_same_leg_are_the_same(world: World) -> None:
    agent = world.agent()
    caller = world.caller().to_queue()
    agent.accepts()
    assert agent.picks_up() == agent.picks_up()
    assert len(world.carrier.of("redirect")) == 1
    first = caller.brought().heard
    assert caller.brought().heard == first
    assert world.events(caller).count("connected") == 1


def test_a_caller_who_has_gone_when_sent_for(world: World) -> None:
    agent = world.agent()
    caller = world.caller().to_queue()
    agent.accepts()
    world.carrier.gone.add(caller.sid)
    agent.picks_up()
    assert agent.doing == "ready/idle"
    assert world.events(caller)[-3:] == ["abandoned", "offer_ended", "ended"]
    assert ("hang_up", agent.leg[2]) in world.carrier.asked
    world.check()


def test_two_telephones_that_do_not_meet_in_time(world: World) -> None:
    """The request to bring the caller is lost: nobody's fault, and the caller is not."""
    agent = world.agent()
    caller = world.caller().to_queue()
    agent.accepts()
    world.carrier.away = True
    agent.picks_up()
    world.carrier.away = False
    world.sweep("ivr.expire_offers", seconds=60)
    world.deliver()
    assert ("hang_up", agent.leg[2]) in world.carrier.asked
    assert agent.doing == "ready/offered", "no fault of the agent's, who is still the next"
    assert caller.stay.state == "offered"
    agent.talks_with(caller)
    world.check()


def test_an_agent_who_goes_home_while_it_rings_is_not_waited_for(world: World) -> None:
    agent, other = world.agent(), world.agent()
    world.caller().to_queue()
    agent.ask("POST", "/api/presence", status="signed_out")
    assert agent.doing == "signed_out/idle"
    assert other.doing == "ready/offered"


def test_the_agent_who_is_idle_longest_is_rung(world: World) -> None:
    late = world.agent(ready=False)
    early = world.agent()
    world.clock.advance(seconds=1)
    late.ready()
    world.caller().to_queue()
    assert (early.doing, late.doing) == ("ready/offered", "ready/idle")
