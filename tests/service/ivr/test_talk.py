"""A conversation: held, paused, a third party, passed on. Nobody is left alone by any of it."""

from typing import Any

import pytest

from hotline import clock
from ivr import calls, drafts, story
from ivr.config import Ivr, OnHold
from ivr.drafts import DraftFacts
from ivr.twiml import Speaker
from reports.metrics import Counters, Rules, count_call
from tests.service.ivr.world import Agent, Caller, World
from tests.support.floors import PUBLIC_URL
from tests.support.statements import statements
from tickets import service as tickets

POLICE = {"to": "directory:police", "how": "first"}


@pytest.fixture
def agent(world: World) -> Agent:
    return world.agent(queues=["information"])


@pytest.fixture
def caller(world: World, agent: Agent) -> Caller:
    """Somebody who talks with the agent."""
    caller = world.caller().to_queue()
    agent.talks_with(caller)
    return caller


def does(agent: Agent, verb: str, status: int = 200, **body: str) -> Any:
    """A verb of the conversation that the agent has at hand, and what follows by itself."""
    call_id = agent.last_offer.call_id
    answer = agent.does(f"/api/calls/{call_id}/{verb}", status, **body)
    agent.world.deliver()
    return answer["call"] if status == 200 else answer


def told(world: World, caller: Caller) -> list[str]:
    """The events since the two met."""
    events = world.events(caller)
    return events[len(events) - 1 - events[::-1].index("connected") + 1 :]


class Party:
    """The third party's telephone, as the carrier tells of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        _, self.to, self.url, self.sid = world.carrier.of("invite")[-1]

    def says(self, status: str) -> None:
        self.world.post(self.url, CallSid=self.sid, CallStatus=status)


def rings_police(world: World, agent: Agent) -> Party:
    does(agent, "transfer", **POLICE)
    return Party(world)


def test_the_desk_asks_little_of_a_conversation_however_many_colleagues_there_are(
    world: World, agent: Agent, caller: Caller
) -> None:
    """Every desk asks whenever something has changed: held, with a third party, and drafts."""

    def asked() -> list[str]:
        with statements(world.floor.db.engine) as found:
            agent.ask("GET", "/calls/current?lang=en")
        return [each for each in found if each.startswith("SELECT")]

    agent.does(f"/api/calls/{caller.id}/draft", note="a lamp")
    rings_police(world, agent).says("in-progress")
    alone = asked()
    for _ in range(3):
        world.agent()
    assert asked() == alone
    assert not any("agent_skills" in each for each in alone), "nor what the others do"
    assert len(alone) <= 11, alone


# ---------------------------------------------------------------- hold


def test_a_caller_is_held_and_back(world: World, agent: Agent, caller: Caller) -> None:
    assert agent.call["can"] == ["call_in", "hold", "transfer"]
    call = does(agent, "hold")
    assert call["held_since"] is not None
    assert "resume" in call["can"]
    talk = f"talk-{agent.last_offer.id}"
    music = "https://hotline.example/ivr/hold"
    assert world.carrier.of("hold") == [(talk, caller.sid, "True", music)]
    heard = world.post(music, CallSid=caller.sid)
    assert "<Play>" in heard, "and never silence"
    assert f">{music}</Redirect>" in heard, "however long, at an address that signs as it is read"
    assert does(agent, "resume")["held_since"] is None
    assert world.carrier.of("hold")[-1] == (talk, caller.sid, "False", music)
    assert told(world, caller) == ["held", "resumed"]


def test_said_twice_it_stands(world: World, agent: Agent, caller: Caller) -> None:
    for verb in ("hold", "hold", "resume", "resume"):
        does(agent, verb)
    assert told(world, caller) == ["held", "resumed"]


def test_an_effect_that_comes_late_does_what_is_true_by_then(
    world: World, agent: Agent, caller: Caller
) -> None:
    agent.does(f"/api/calls/{caller.id}/hold")
    agent.does(f"/api/calls/{caller.id}/resume")
    world.deliver()
    assert {on for _, _, on, _ in world.carrier.of("hold")} == {"False"}


@pytest.mark.parametrize("verb", ["hold", "resume", "party/drop", "party/hand-over"])
def test_only_who_talks_may(world: World, agent: Agent, caller: Caller, verb: str) -> None:
    other = world.agent()
    other.does(f"/api/calls/{caller.id}/{verb}", 403)
    agent.hangs_up()
    agent.does(f"/api/calls/{caller.id}/{verb}", 200 if verb.endswith("over") else 409)


def test_who_hangs_up_while_held_ends_the_conversation(
    world: World, agent: Agent, caller: Caller
) -> None:
    does(agent, "hold")
    caller.hangs_up()
    assert agent.doing == "ready/wrap_up"
    agent.finishes()
    world.check()


def test_an_agent_who_hangs_up_leaves_nobody_in_the_music(
    world: World, agent: Agent, caller: Caller
) -> None:
    """Their going ends the conference, and the held go on with the others."""
    does(agent, "hold")
    agent.hangs_up()
    assert world.carrier.of("hang_up") == [(agent.last_offer.leg_sid,)]
    assert agent.doing == "ready/wrap_up"


def test_how_long_somebody_was_held_is_counted(world: World, agent: Agent, caller: Caller) -> None:
    """Also of who hangs up while held: that is an end of it like any other."""
    for seconds in (40, 25):
        does(agent, "hold")
        world.clock.advance(seconds=seconds)
        if seconds == 40:
            does(agent, "resume")
            world.clock.advance(seconds=300)
    caller.hangs_up()
    agent.finishes()
    visit = world.visit(caller)
    assert (visit.holds, round(visit.held.total_seconds())) == (2, 65)
    counters = Counters()
    count_call(counters, visit, Rules())
    assert (counters.held, counters.answered_again) == (1, 0)
    assert 65_000 <= counters.hold_ms == counters.hold_max_ms < counters.talk_ms


def test_the_desk_says_since_when_and_from_when_that_is_long(
    world: World, agent: Agent, caller: Caller
) -> None:
    does(agent, "hold")
    page = agent.ask("GET", "/calls/current?lang=en").get_data(True)
    assert f'data-since="{agent.call["held_since"]}" data-long="120"' in page
    assert "tell them how it goes" in page


def test_the_held_hear_the_city_s_own_music_where_it_has_some(world: World, caller: Caller) -> None:
    ivr = world.floor.section(Ivr)
    talk = ivr.talk.model_copy(update={"hold_music": "/ivr/audio/hold.wav"})
    speaker = Speaker(PUBLIC_URL, ivr.model_copy(update={"talk": talk}), world.floor.city)
    assert f"<Play>{PUBLIC_URL}/ivr/audio/hold.wav</Play>" in speaker.held()
    assert f">{PUBLIC_URL}/ivr/hold</Redirect>" in speaker.held()  # signed without a lone "?"


def test_a_conference_that_is_gone_is_nothing_to_follow(
    world: World, agent: Agent, caller: Caller
) -> None:
    world.carrier.gone.add(caller.sid)
    does(agent, "hold")
    world.check()


# ---------------------------------------------------------------- the recording


def test_what_is_not_recorded_cannot_be_paused(agent: Agent, caller: Caller) -> None:
    assert agent.call["recording"] is None
    does(agent, "recording/pause", 409)


def test_something_private_is_not_recorded(world: World, agent: Agent, caller: Caller) -> None:
    with world.floor.db.write() as session:
        calls.note(session, caller.id, consent="given")
    assert agent.call["recording"] == "on"
    for _ in range(2):
        assert does(agent, "recording/pause")["recording"] == "paused"
    assert does(agent, "recording/resume")["recording"] == "on"
    talk = f"talk-{agent.last_offer.id}"
    assert world.carrier.of("pause_recording") == [(talk, "True"), (talk, "False")]
    assert told(world, caller) == ["recording_paused", "recording_again"]


def consents(world: World, caller: Caller) -> None:
    with world.floor.db.write() as session:
        calls.note(session, caller.id, consent="given")


def on_hold(world: World, what: OnHold) -> None:
    ivr = world.floor.section(Ivr)
    talk = ivr.talk.model_copy(update={"on_hold": what})
    world.floor.sections = {**world.floor.sections, Ivr: ivr.model_copy(update={"talk": talk})}


def paused(world: World) -> list[str]:
    return [on for _, on in world.carrier.of("pause_recording")]


def test_what_a_held_caller_does_not_hear_is_not_recorded(
    world: World, agent: Agent, caller: Caller
) -> None:
    consents(world, caller)
    for _ in range(2):
        assert does(agent, "hold")["recording"] == "paused"
    does(agent, "recording/pause", 409)  # there is nothing to pause
    page = agent.ask("GET", "/calls/current?lang=en").get_data(True)
    assert "Not recorded while on hold" in page
    assert "Pause recording" not in page
    for _ in range(2):
        assert does(agent, "resume")["recording"] == "on"
    assert paused(world) == ["True", "False"]
    assert told(world, caller) == ["held", "recording_paused", "resumed", "recording_again"]
    story = agent.ask("GET", f"/calls/{caller.id}?lang=en").get_data(True)
    assert "Not recorded while on hold" in story
    assert "Recorded again, off hold" in story
    world.check()


def test_what_was_paused_before_a_hold_stays_paused_after_it(
    world: World, agent: Agent, caller: Caller
) -> None:
    consents(world, caller)
    for verb in ("recording/pause", "hold", "resume"):
        assert does(agent, verb)["recording"] == "paused"
    assert paused(world) == ["True"]
    does(agent, "hold")
    assert does(agent, "recording/resume")["recording"] == "paused", "not before they are back"
    assert does(agent, "resume")["recording"] == "on"
    assert paused(world)[-1] == "False"
    assert told(world, caller)[-3:] == ["held", "resumed", "recording_again"]


@pytest.mark.parametrize("what", OnHold)
def test_who_is_not_recorded_is_not_paused(
    world: World, agent: Agent, caller: Caller, what: OnHold
) -> None:
    on_hold(world, what)
    for verb in ("hold", "resume"):
        assert does(agent, verb)["recording"] is None
    assert told(world, caller) == ["held", "resumed"]
    assert paused(world) == []


def test_a_city_may_have_it_recorded(world: World, agent: Agent, caller: Caller) -> None:
    on_hold(world, OnHold.RECORD)
    consents(world, caller)
    assert does(agent, "hold")["recording"] == "on"
    assert does(agent, "resume")["recording"] == "on"
    assert paused(world) == []
    does(agent, "recording/pause")
    world.clock.advance(seconds=5)
    for verb in ("hold", "resume"):
        assert does(agent, verb)["recording"] == "paused"
    assert told(world, caller) == ["held", "resumed", "recording_paused", "held", "resumed"]


@pytest.mark.parametrize("how", ["dropped", "gone"])
def test_a_word_with_a_third_party_is_not_recorded_and_the_rest_is(
    world: World, agent: Agent, caller: Caller, how: str
) -> None:
    consents(world, caller)
    police = rings_police(world, agent)
    police.says("in-progress")
    assert agent.call["recording"] == "paused"
    if how == "dropped":
        does(agent, "party/drop")
    else:
        police.says("completed")
        world.deliver()
    assert agent.call["recording"] == "on"
    assert paused(world) == ["True", "False"]


def test_two_who_are_left_to_each_other_are_not_recorded(
    world: World, agent: Agent, caller: Caller
) -> None:
    consents(world, caller)
    police = rings_police(world, agent)
    police.says("in-progress")
    does(agent, "resume")
    does(agent, "party/hand-over")
    assert world.carrier.of("stop_recording") == [(f"talk-{agent.last_offer.id}",)]
    world.check()


def test_with_the_caller_back_the_recording_goes_on(
    world: World, agent: Agent, caller: Caller
) -> None:
    """Where a city has what is said meanwhile recorded."""
    on_hold(world, OnHold.RECORD)
    consents(world, caller)
    for verb in ("hold", "recording/pause"):
        does(agent, verb)
    assert does(agent, "resume")["recording"] == "on"
    assert paused(world) == ["True", "False"]
    assert told(world, caller) == ["held", "recording_paused", "resumed", "recording_again"]
    does(agent, "recording/pause")  # while they talk it stays so, and the desk says since when
    page = agent.ask("GET", "/calls/current?lang=en").get_data(True)
    assert 'data-long="60"' in page
    assert "still not recorded" in page


# ---------------------------------------------------------------- a third party


def test_a_third_party_is_spoken_to_first(world: World, agent: Agent, caller: Caller) -> None:
    police = rings_police(world, agent)
    assert police.to == "191"
    call = agent.call
    assert call["held_since"] is not None, "the caller hears music meanwhile"
    assert (call["party"]["title"], call["party"]["state"]) == ("ตำรวจ 191", "dialling")
    assert "hand_over" not in call["can"]
    police.says("in-progress")
    assert {"hand_over", "resume", "drop"} <= set(agent.call["can"])
    assert does(agent, "resume")["held_since"] is None, "and now all three talk"
    assert does(agent, "party/drop")["party"] is None
    assert (police.sid,) in world.carrier.of("hang_up")
    assert told(world, caller) == [
        "held",
        "party_asked",
        "party_joined",
        "resumed",
        "party_left",
    ]


def test_the_two_are_left_to_each_other(world: World, agent: Agent, caller: Caller) -> None:
    police = rings_police(world, agent)
    police.says("in-progress")
    talk, leg = f"talk-{agent.last_offer.id}", agent.last_offer.leg_sid
    does(agent, "party/hand-over")
    assert world.carrier.of("hold")[-1][2] == "False"
    assert world.carrier.of("end_with") == [
        (talk, police.sid, "True"),
        (talk, leg, "False"),
    ]
    assert world.carrier.of("hang_up") == [(leg,)], "the agent alone has gone"
    assert agent.doing == "ready/wrap_up"
    agent.finishes()
    world.sweep("ivr.end_lonely", seconds=300)
    assert world.carrier.of("hang_up") == [(leg,)], "and nobody cuts them off"
    agent.does(f"/api/calls/{caller.id}/party/hand-over")  # said twice
    police.says("completed")
    caller.hangs_up()
    assert told(world, caller)[-4:] == ["talk_ended", "wrapped_up", "party_left", "ended"]
    world.check()


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed", "completed"])
def test_who_is_not_reached_leaves_the_choice_to_the_agent(
    world: World, agent: Agent, caller: Caller, status: str
) -> None:
    police = rings_police(world, agent)
    police.says(status)
    police.says(status)
    call = agent.call
    assert call["party"] is None
    assert call["held_since"] is not None
    assert {"resume", "call_in"} <= set(call["can"])
    page = agent.ask("GET", "/calls/current?lang=en").get_data(True)
    assert "Police 191" in page or "ตำรวจ 191" in page, "and it says what became of them"
    assert told(world, caller) == ["held", "party_asked", "party_left"]


@pytest.mark.parametrize("joined", [False, True])
def test_a_third_party_who_is_lost_leaves_the_caller_with_the_agent(
    world: World, agent: Agent, caller: Caller, joined: bool
) -> None:
    police = rings_police(world, agent)
    police.says("in-progress")
    if joined:
        does(agent, "resume")
    for _ in range(2):  # the carrier says it twice
        police.says("completed")
        world.deliver()
    assert agent.call["party"] is None
    assert agent.call["held_since"] is None, "and the caller is back"
    assert world.carrier.of("hold")[-1][2] == "False"
    assert told(world, caller).count("resumed") == 1
    police.says("in-progress")  # late
    assert agent.call["party"] is None
    world.check()


def test_handed_over_to_somebody_who_has_gone_in_this_very_moment(
    world: World, agent: Agent, caller: Caller
) -> None:
    police = rings_police(world, agent)
    police.says("in-progress")
    world.carrier.gone.add(police.sid)
    does(agent, "party/hand-over")
    assert agent.doing == "ready/wrap_up"
    assert (caller.stay.queue, caller.stay.state) == ("information", "waiting")
    caller.brought()
    assert caller.says, "told so"
    assert caller.xml.find("Enqueue") is not None, "and not left alone"
    police.says("completed")
    agent.finishes()
    assert world.events(caller).count("queued") == 2
    second = world.agent()
    agent.rests()
    assert caller.stay.state in ("waiting", "offered")
    caller.hangs_up()
    second.goes_home()


def test_a_caller_who_goes_while_they_are_handed_over(
    world: World, agent: Agent, caller: Caller
) -> None:
    police = rings_police(world, agent)
    police.says("in-progress")
    leg = agent.last_offer.leg_sid
    agent.does(f"/api/calls/{caller.id}/party/hand-over")
    caller.hangs_up()
    world.deliver()
    assert world.carrier.of("hang_up") == [(leg,)]
    police.says("completed")
    agent.finishes()
    assert world.events(caller).count("queued") == 1
    world.check()


def test_a_number_that_the_carrier_does_not_dial(
    world: World, agent: Agent, caller: Caller
) -> None:
    world.carrier.refuses.add("191")
    does(agent, "transfer", **POLICE)
    assert agent.call["party"] is None
    assert told(world, caller)[-1] == "party_left"


def test_a_caller_who_goes_takes_the_third_party_along(
    world: World, agent: Agent, caller: Caller
) -> None:
    police = rings_police(world, agent)
    caller.hangs_up()
    world.deliver()
    assert (police.sid,) in world.carrier.of("hang_up"), "also one that still rings"
    police.says("in-progress")  # answered in this very moment
    assert "party_joined" not in world.events(caller)
    assert agent.doing == "ready/wrap_up"


def test_a_telephone_that_is_reached_after_it_was_dropped(
    world: World, agent: Agent, caller: Caller
) -> None:
    agent.does(f"/api/calls/{caller.id}/transfer", **POLICE)
    agent.does(f"/api/calls/{caller.id}/party/drop")
    world.deliver()
    assert world.carrier.of("invite") == [], "and is not rung at all"
    assert agent.call["held_since"] is None


def test_a_third_party_of_whose_end_nothing_was_heard(
    world: World, agent: Agent, caller: Caller
) -> None:
    police = rings_police(world, agent)
    police.says("in-progress")
    world.carrier.alive.add(police.sid)
    world.sweep("ivr.ask_for_parties", seconds=200)
    assert agent.call["party"] is not None
    world.carrier.gone.add(police.sid)
    world.sweep("ivr.ask_for_parties", seconds=200)
    assert agent.call["party"] is None


def test_one_third_party_at_a_time(world: World, agent: Agent, caller: Caller) -> None:
    rings_police(world, agent)
    does(agent, "transfer", 409, **POLICE)
    does(agent, "transfer", 409, to="queue:complaint", how="now")


@pytest.mark.parametrize(
    ("keyed", "rung"),
    [("0812345678", "+66812345678"), ("1669", "1669"), ("+44 20 7946 0958", "+442079460958")],
)
def test_any_number_can_be_keyed(
    world: World, agent: Agent, caller: Caller, keyed: str, rung: str
) -> None:
    call = does(agent, "transfer", number=keyed, how="first")
    assert Party(world).to == rung
    assert "12345678" not in call["party"]["title"], "masked, where it is written down"


@pytest.mark.parametrize("to", ["", "queue:none", "division:none", "agent:x", "12", "agent:999"])
def test_where_nobody_is_it_says_so_and_the_conversation_goes_on(
    world: World, agent: Agent, caller: Caller, to: str
) -> None:
    answer = agent.ask("POST", f"/api/calls/{caller.id}/transfer", to=to, how="now")
    assert answer.status_code in (404, 422)
    assert told(world, caller) == []
    assert agent.doing == "ready/on_call"


def test_an_agent_who_is_cut_off_leaves_no_third_party_behind(
    world: World, agent: Agent, caller: Caller
) -> None:
    police = rings_police(world, agent)
    police.says("in-progress")
    agent.leg_ends()
    world.deliver()
    assert agent.call["cut_off"] is True
    assert agent.call["can"] == []
    does(agent, "hold", 409)
    assert (police.sid,) in world.carrier.of("hang_up"), "their conference is over"
    assert told(world, caller)[-2:] == ["party_left", "agent_lost"]
    agent.hangs_up()
    agent.finishes()
    world.check()


# ---------------------------------------------------------------- passed on


def writes(world: World, agent: Agent, caller: Caller, note: str) -> None:
    said = DraftFacts("", note, "", "", clock.now())
    with world.floor.db.write() as session:
        drafts.save(session, caller.id, agent.id, said)


def ticket_of(world: World, caller: Caller) -> tickets.TicketFacts:
    found = world.read(tickets.ticket_of_call, caller.id)
    assert isinstance(found, tickets.TicketFacts)
    return found


def test_passed_on_to_a_queue_the_caller_keeps_what_they_have_waited(
    world: World, agent: Agent
) -> None:
    caller = world.caller().to_queue()
    agent.rests()
    world.clock.advance(seconds=50)
    agent.ready()
    agent.talks_with(caller)
    writes(world, agent, caller, "water in the road")
    world.clock.advance(seconds=600)
    does(agent, "transfer", to="queue:complaint", how="now")
    assert agent.doing == "ready/idle", "nothing is left to write"
    assert (caller.stay.queue, caller.stay.state) == ("complaint", "waiting")
    assert (clock.now() - caller.stay.entered_at).total_seconds() >= 50
    assert (clock.now() - caller.stay.entered_at).total_seconds() < 600, "talking is not waiting"
    caller.brought()
    assert caller.xml.find("Enqueue").text == "complaint"  # type: ignore[union-attr]
    ticket = ticket_of(world, caller)
    assert (ticket.text, ticket.incomplete) == ("water in the road", True)
    world.check()


def test_whoever_talks_next_completes_the_ticket(world: World, agent: Agent) -> None:
    second = world.agent(queues=["complaint"])
    caller = world.caller().to_queue()
    agent.talks_with(caller)
    writes(world, agent, caller, "water in the road")
    does(agent, "transfer", to="queue:complaint", how="now")
    caller.brought()
    second.talks_with(caller)
    assert second.call["state"] == "talking"
    second.hangs_up()
    number = second.finishes("complaint", category="flood", note="third time")
    ticket = ticket_of(world, caller)
    assert ticket.number == number
    assert (ticket.category, ticket.incomplete, ticket.is_open) == ("flood", False, True)
    assert ticket.text == "water in the road\nthird time"
    first, last = world.read(story.visits_of, caller.id)
    assert (first.queue, last.queue) == ("information", "complaint")
    assert (first.agent_id, last.agent_id) == (agent.id, second.id)
    assert first.wrapped_up_at is not None
    assert (first.outcome, last.outcome) == ("passed_on", "complaint")
    assert (first.again, last.again) == (False, True), "one caller was answered, twice"
    page = second.ask("GET", f"/calls/{caller.id}?lang=en").get_data(True)
    assert "passed the caller on (to a queue)" in page
    world.check()


def test_who_hangs_up_after_being_passed_on_has_a_ticket_all_the_same(
    world: World, agent: Agent, caller: Caller
) -> None:
    writes(world, agent, caller, "water in the road")
    does(agent, "transfer", to="queue:complaint", how="now")
    caller.brought()
    agent.goes_home()
    caller.hangs_up()
    assert world.events(caller)[-2:] == ["abandoned", "ended"]
    assert ticket_of(world, caller).incomplete
    world.check()


def test_passed_on_to_a_colleague_it_rings_there_and_nowhere_else(
    world: World, agent: Agent, caller: Caller
) -> None:
    longest_idle = world.agent()
    world.clock.advance(seconds=5)
    colleague = world.agent()
    does(agent, "transfer", to=f"agent:{colleague.id}", how="now")
    assert colleague.offer["call_id"] == caller.id
    assert longest_idle.doing == "ready/idle"
    assert agent.doing == "ready/idle"
    caller.brought()
    colleague.declines()
    assert longest_idle.offer["call_id"] == caller.id, "and then everybody else's"
    world.check()


def test_an_agent_s_telephone_that_leaves_first_takes_nobody_along(
    world: World, agent: Agent, caller: Caller
) -> None:
    """Passed on, and the conference over before the caller was taken out of it."""
    after = caller.xml.find("Dial").attrib["action"]  # type: ignore[union-attr]
    agent.does(f"/api/calls/{caller.id}/transfer", to="queue:complaint", how="now")
    agent.leg_ends()
    caller.goes_to(after)
    assert caller.xml.findtext("Enqueue") == "complaint", "the way there begins here"
    world.deliver()
    caller.brought()
    assert caller.xml.findtext("Enqueue") == "complaint", "and the other way is the same"
    assert world.events(caller).count("queued") == 2
    world.check()


def test_the_same_on_the_way_outside(world: World, agent: Agent, caller: Caller) -> None:
    after = caller.xml.find("Dial").attrib["action"]  # type: ignore[union-attr]
    agent.does(f"/api/calls/{caller.id}/transfer", to="directory:police", how="now")
    agent.leg_ends()
    caller.goes_to(after)
    assert caller.xml.find("Play") is not None, "until they are fetched"
    world.deliver()
    assert caller.brought().xml.findtext("Dial/Number") == "191"
    world.check()


def test_a_caller_who_goes_while_they_are_passed_on(
    world: World, agent: Agent, caller: Caller
) -> None:
    agent.does(f"/api/calls/{caller.id}/transfer", to="queue:complaint", how="now")
    agent.rests()
    caller.hangs_up()
    world.deliver()
    assert world.events(caller)[-2:] == ["abandoned", "ended"]
    does(agent, "transfer", 409, to="queue:complaint", how="now")  # and it is over
    world.check()


@pytest.mark.parametrize("to", ["queue:complaint", "directory:police"])
def test_an_agent_who_passes_on_somebody_who_never_came_is_not_left_in_the_conference(
    world: World, agent: Agent, caller: Caller, to: str
) -> None:
    """Hung up on the way to it, and nobody has said so yet."""
    world.carrier.gone.add(caller.sid)
    does(agent, "transfer", to=to, how="now")
    assert (agent.last_offer.leg_sid,) in world.carrier.of("hang_up")


def test_a_colleague_who_is_not_free_is_not_passed_to(
    world: World, agent: Agent, caller: Caller
) -> None:
    colleague = world.agent(ready=False)
    colleague.rests()
    listed = agent.ask("GET", "/calls/colleagues?lang=en").get_data(True)
    assert f'value="agent:{colleague.id}" disabled>{colleague.username} · Break' in listed
    assert f'value="agent:{agent.id}"' not in listed, "nobody passes on to themselves"
    does(agent, "transfer", 409, to=f"agent:{colleague.id}", how="now")
    assert agent.doing == "ready/on_call"
    assert told(world, caller) == []


def outside(world: World, agent: Agent, caller: Caller) -> str:
    """Where the carrier goes on after the telephone outside."""
    does(agent, "transfer", to="division:engineering", how="now")
    dial = caller.brought().xml.find("Dial")
    assert dial is not None
    assert dial.findtext("Number") == "+6638253241"
    return dial.attrib["action"]


def test_put_through_outside_the_agent_writes_the_outcome(
    world: World, agent: Agent, caller: Caller
) -> None:
    action = outside(world, agent, caller)
    assert agent.doing == "ready/wrap_up"
    agent.finishes()
    world.sweep("ivr.end_lonely", seconds=300)
    assert (caller.sid,) not in world.carrier.of("hang_up"), (
        "they may talk for as long as they want"
    )
    caller.goes_to(action, DialCallStatus="completed", CallStatus="completed")
    caller.hangs_up()
    assert "queued" not in told(world, caller)
    world.check()


@pytest.mark.parametrize("result", ["busy", "no-answer", "failed"])
def test_nobody_there_and_the_caller_is_in_front_again(
    world: World, agent: Agent, caller: Caller, result: str
) -> None:
    action = outside(world, agent, caller)
    agent.finishes(note="put through")
    agent.rests()
    for _ in range(2):  # the carrier says it twice
        caller.goes_to(action, DialCallStatus=result)
    assert caller.xml.find("Enqueue") is not None
    assert (caller.stay.queue, caller.stay.state) == ("information", "waiting")
    assert world.events(caller).count("queued") == 2
    second = world.agent()
    second.talks_with(caller)
    second.hangs_up()
    number = second.finishes("complaint", category="flood", note="and this is new")
    ticket = ticket_of(world, caller)
    assert (ticket.number, ticket.is_open, ticket.category) == (number, True, "flood")
    assert ticket.text == "and this is new", "a matter of its own, and not that of a closed one"
    world.check()


@pytest.mark.parametrize(
    ("result", "why"), [("busy", "สายไม่ว่าง"), ("no-answer", "ไม่มีผู้รับ"), ("canceled", "ต่อสายไม่ได้")]
)
def test_both_desks_are_told_what_became_of_who_was_put_through_outside(
    world: World, agent: Agent, caller: Caller, result: str, why: str
) -> None:
    def page(of: Agent) -> str:
        return of.ask("GET", "/calls/current").get_data(True)

    assert "passed-" not in page(agent)
    action = outside(world, agent, caller)
    assert 'id="passed-out"' in page(agent) and "สำนักช่าง" in page(agent)
    caller.goes_to(action, DialCallStatus=result)
    assert f"ไม่สำเร็จ ({why})" in page(agent), "who passed them on, and writes it up"
    second = world.agent()
    assert f"ไม่สำเร็จ ({why})" in page(second), "whom they ring at now"
    second.talks_with(caller)
    assert f"ไม่สำเร็จ ({why})" in page(second)
    # on to somebody else: nothing of that is said any more
    does(second, "transfer", to="queue:complaint", how="now")
    assert "passed-" not in page(second)


@pytest.mark.parametrize("in_time", [True, False])
def test_the_first_still_writes_while_the_second_talks(
    world: World, agent: Agent, caller: Caller, in_time: bool
) -> None:
    """Two conversations of one call, each with its own words, end and outcome."""
    writes(world, agent, caller, "put through to the engineers")
    action = outside(world, agent, caller)
    second = world.agent()
    caller.goes_to(action, DialCallStatus="busy")
    second.talks_with(caller)
    writes(world, second, caller, "nobody there; a lamp")
    assert agent.call["state"] == "wrap_up"
    agent.does(f"/api/calls/{caller.id}/hang-up")  # said once more, and nobody else's
    assert second.call["state"] == "talking"
    if in_time:
        agent.finishes(note="put through to the engineers")
    else:
        world.sweep("ivr.wrap_up", seconds=200)
    assert agent.doing == "ready/idle"
    assert ticket_of(world, caller).text == "put through to the engineers"
    page = second.ask("GET", "/calls/current").get_data(True)
    assert "nobody there; a lamp" in page, "and nobody's words are lost"
    second.hangs_up().finishes("complaint", category="flood", note="nobody there; a lamp")
    ticket = ticket_of(world, caller)
    assert (ticket.is_open, ticket.category) == (True, "flood")
    world.check()


def test_who_is_called_back_is_not_passed_on(world: World, agent: Agent) -> None:
    """They have no call of their own that could wait in a queue; they can be handed over."""
    caller = world.caller().to_queue()
    agent.declines()
    caller.hangs_up()
    world.clock.advance(seconds=100)
    agent.ready()
    agent.does(f"/api/callbacks/call/{caller.id}/back")
    world.deliver()
    agent.picks_up()
    url, _, sid = next(rest for to, *rest in world.carrier.of("dial") if to == caller.number)
    world.post(url, CallSid=sid, CallStatus="in-progress")
    assert "transfer" not in agent.call["can"]
    does(agent, "transfer", 409, to="queue:complaint", how="now")
    police = rings_police(world, agent)
    assert world.carrier.of("hold")[-1][1] == sid, "held is who was called"
    police.says("in-progress")
    does(agent, "party/hand-over")
    assert agent.doing == "ready/wrap_up"
    agent.finishes()
    world.check()
