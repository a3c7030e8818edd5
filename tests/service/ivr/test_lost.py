"""An agent whose browser is cut off in conversation: back to the caller, or the caller goes on."""

from collections.abc import Callable, Iterator

import pytest

from hotline import clock
from ivr import drafts, story
from ivr.config import Ivr
from ivr.room import absences
from ivr.room.absences import AbsenceFacts
from tests.service.ivr.test_races import at_once, ends, hangs_up
from tests.service.ivr.world import Agent, Caller, World

MUSIC = "/ivr/music.wav"


class Desk:
    """An agent in conversation with a caller, and how the browser comes and goes."""

    def __init__(self, world: World, agent: Agent, caller: Caller) -> None:
        self.world, self.agent, self.caller = world, agent, caller

    def is_cut_off(self) -> "Desk":
        """As the carrier tells it: the agent's document, the leg, the conference, the caller."""
        _, status, sid = self.agent.leg
        offer = self.agent.last_offer.id
        over = f"/ivr/agent-leg/over?offer={offer}&leg={sid}"
        self.world.post(over, CallSid=sid, CallStatus="completed")
        self.world.post(status, CallSid=sid, CallStatus="completed")
        self.conference_ends(sid)
        self.caller.goes_to(self.after)
        self.world.deliver()
        return self

    def conference_ends(self, leaver: str) -> None:
        told = {"StatusCallbackEvent": "conference-end", "CallSidEndingConference": leaver}
        leg = self.agent.last_offer.leg_sid
        self.world.post(f"/ivr/conference?offer={self.agent.last_offer.id}&leg={leg}", **told)

    @property
    def after(self) -> str:
        """The address at which a conversation is over for the caller."""
        offer = self.agent.last_offer
        return f"/ivr/after?offer={offer.id}&lang=th"

    def is_not_there(self) -> "Desk":
        """The page is not registered (yet): the carrier says so at once."""
        self.agent.leg_ends("no-answer")
        return self

    def is_rung(self) -> "Desk":
        self.world.sweep("ivr.lost", seconds=1)
        self.world.deliver()
        return self

    def is_back(self) -> str:
        heard = self.agent.picks_up()
        self.caller.brought()
        return heard

    @property
    def absence(self) -> AbsenceFacts:
        found = self.world.read(absences.open_of, self.agent.last_offer.id)
        assert isinstance(found, AbsenceFacts)
        return found

    @property
    def rung(self) -> int:
        return len(self.world.carrier.of("dial"))


@pytest.fixture
def desk(world: World) -> Desk:
    return talking(world)


def talking(world: World, **how: str) -> Desk:
    agent = world.agent(**how)  # type: ignore[arg-type]
    caller = world.caller().to_queue()
    agent.talks_with(caller)
    return Desk(world, agent, caller)


def words(world: World, prompt: str) -> list[str]:
    return [str(world.floor.section(Ivr).prompts[prompt]["th"])]


def test_a_page_that_is_loaded_again_comes_back_to_the_call(world: World, desk: Desk) -> None:
    desk.is_cut_off()
    assert desk.agent.call["state"] == "talking"
    assert desk.agent.call["cut_off"]
    assert desk.caller.says == words(world, "cut_off")
    assert MUSIC in desk.caller.heard
    before = desk.rung
    for _ in range(3):
        desk.is_not_there().is_rung()
    assert desk.rung == before + 3, "about once a second"
    heard = desk.is_back()
    assert "<Conference" in heard
    assert "<Conference" in desk.caller.heard
    assert not desk.agent.call["cut_off"]
    assert world.events(desk.caller)[-3:] == ["connected", "agent_lost", "agent_back"]
    desk.agent.hangs_up()
    assert world.events(desk.caller).count("talk_ended") == 1
    assert desk.agent.doing == "ready/wrap_up"
    world.check()


def test_it_may_happen_again_and_again(world: World, desk: Desk) -> None:
    for _ in range(3):
        desk.is_cut_off()
        desk.is_back()
        assert desk.agent.call["state"] == "talking"
    assert world.events(desk.caller).count("agent_lost") == 3
    assert world.events(desk.caller).count("agent_back") == 3
    world.check()


def test_everything_may_be_told_twice_and_late(world: World, desk: Desk) -> None:
    old = desk.agent.leg
    desk.is_cut_off()
    first_rung = desk.rung
    world.post(old[1], CallSid=old[2], CallStatus="completed")
    desk.caller.goes_to(desk.after)
    world.deliver()
    assert desk.rung == first_rung
    assert desk.is_back() == desk.agent.picks_up()
    met = desk.caller.heard
    assert desk.caller.brought().heard == met
    # late: of the leg that was cut off, and of its conference
    world.post(old[1], CallSid=old[2], CallStatus="completed")
    told = {"StatusCallbackEvent": "conference-end", "CallSidEndingConference": old[2]}
    world.post(f"/ivr/conference?offer={desk.agent.last_offer.id}&leg={old[2]}", **told)
    assert desk.agent.call["state"] == "talking"
    assert not desk.agent.call["cut_off"]
    story = world.events(desk.caller)
    assert (story.count("agent_lost"), story.count("agent_back")) == (1, 1)


@pytest.mark.parametrize("teller", ["leg", "conference", "caller"])
def test_one_message_is_enough(world: World, desk: Desk, teller: str) -> None:
    _, status, sid = desk.agent.leg
    if teller == "leg":
        world.post(status, CallSid=sid, CallStatus="completed")
    elif teller == "conference":
        desk.conference_ends(sid)
    else:
        desk.caller.goes_to(desk.after)
    assert desk.agent.call["cut_off"]
    world.deliver()
    desk.is_back()
    assert world.events(desk.caller)[-1] == "agent_back"


def test_who_does_not_come_back_loses_the_caller_to_the_next(world: World, desk: Desk) -> None:
    since = desk.caller.stay.entered_at
    world.clock.advance(seconds=100)
    later = world.caller().to_queue()
    desk.is_cut_off()
    desk.is_not_there()
    world.sweep("ivr.lost", seconds=29)
    world.deliver()
    assert desk.agent.call["cut_off"]
    desk.is_not_there()
    world.sweep("ivr.lost", seconds=1)
    world.deliver()
    assert desk.agent.doing == "missed/wrap_up"
    assert desk.agent.call["lost"] and not desk.agent.call["cut_off"]
    desk.caller.brought()
    assert desk.caller.says == words(world, "agent_gone")
    assert desk.caller.xml.find("Enqueue") is not None
    assert desk.caller.stay.entered_at == since
    assert later.stay.state == "waiting"
    other = world.agent()
    assert other.offer["call_id"] == desk.caller.id, "in front of who came later"
    other.talks_with(desk.caller)
    assert world.events(desk.caller).count("connected") == 2
    assert world.events(desk.caller).count("talk_ended") == 1


def test_who_waits_again_is_not_taken_for_one_left_behind(world: World, desk: Desk) -> None:
    desk.is_cut_off().is_not_there()
    world.sweep("ivr.lost", seconds=30)
    world.deliver()
    desk.caller.brought()
    for _ in range(20):
        world.clock.advance(seconds=10)
        desk.caller.waits()
    world.sweep("ivr.end_lonely")
    assert ("hang_up", desk.caller.sid) not in world.carrier.asked
    assert desk.caller.stay.state == "waiting"


def test_the_caller_hangs_up_meanwhile(world: World, desk: Desk) -> None:
    desk.is_cut_off()
    _, _, ringing = desk.agent.leg
    assert not desk.agent.call["lost"]
    desk.caller.hangs_up()
    world.deliver()
    assert desk.agent.doing == "ready/wrap_up"
    assert not desk.agent.call["lost"]
    assert world.events(desk.caller)[-3:] == ["agent_lost", "talk_ended", "ended"]
    assert ("hang_up", ringing) in world.carrier.asked
    assert "<Hangup" in desk.agent.picks_up(), "too late"
    world.sweep("ivr.lost", seconds=60)
    assert world.events(desk.caller)[-1] == "ended"
    world.check()


def test_the_agent_ends_it_from_another_page_while_cut_off(world: World, desk: Desk) -> None:
    desk.is_cut_off()
    desk.agent.hangs_up()
    desk.caller.brought()
    assert desk.caller.says == words(world, "goodbye")
    assert desk.agent.doing == "ready/wrap_up"
    world.check()


def test_nothing_is_held_or_passed_on_while_the_agent_is_away(world: World, desk: Desk) -> None:
    call = desk.agent.call["id"]
    desk.agent.does(f"/api/calls/{call}/hold")
    desk.is_cut_off()
    assert desk.agent.call["can"] == []
    desk.agent.does(f"/api/calls/{call}/resume", 409)
    desk.is_back()
    assert desk.agent.call["held_since"] is None, "they talk"
    assert "hold" in desk.agent.call["can"]
    assert world.events(desk.caller)[-3:] == ["agent_lost", "resumed", "agent_back"]


def test_a_plain_telephone_that_is_gone_has_hung_up(world: World) -> None:
    desk = talking(world, address="+66812345678")
    desk.agent.leg_ends()
    assert desk.agent.doing == "ready/wrap_up"
    desk.caller.goes_to(desk.after)
    assert desk.caller.says == words(world, "goodbye")


def test_the_desks_hang_up_is_one(world: World, desk: Desk) -> None:
    desk.agent.hangs_up()
    desk.agent.leg_ends()
    desk.caller.goes_to(desk.after)
    assert "agent_lost" not in world.events(desk.caller)
    assert desk.caller.says == words(world, "goodbye")


def test_the_callers_hang_up_is_not_the_agents_leaving(world: World, desk: Desk) -> None:
    """The agent is still on the line when the conference ends: heard before the leg's own end."""
    _, status, sid = desk.agent.leg
    over = f"/ivr/agent-leg/over?offer={desk.agent.last_offer.id}&leg={sid}"
    assert "<Hangup" in world.post(over, CallSid=sid, CallStatus="in-progress")
    world.post(status, CallSid=sid, CallStatus="completed")
    assert "agent_lost" not in world.events(desk.caller)
    assert world.story(desk.caller)[-1].data["by"] == "caller"
    assert desk.agent.doing == "ready/wrap_up"


def test_a_leg_that_breaks_before_they_meet_again_is_rung_again(world: World, desk: Desk) -> None:
    desk.is_cut_off()
    desk.agent.picks_up()
    desk.agent.leg_ends()
    desk.is_rung()
    desk.is_back()
    assert world.events(desk.caller)[-2:] == ["agent_lost", "agent_back"]
    assert desk.agent.call["state"] == "talking"


def test_an_agent_who_answers_and_meets_nobody_is_let_go(world: World, desk: Desk) -> None:
    """The request to fetch the caller was lost."""
    desk.is_cut_off()
    world.carrier.away = True
    desk.agent.picks_up()
    world.carrier.away = False
    world.sweep("ivr.lost", seconds=30)
    world.deliver()
    assert desk.agent.doing == "ready/wrap_up"
    assert ("hang_up", desk.agent.leg[2]) in world.carrier.asked
    desk.caller.brought()
    assert desk.caller.says == words(world, "agent_gone")


def test_a_process_that_died_before_it_rang_is_made_good_for(world: World, desk: Desk) -> None:
    """Nothing is known of a try: the next one, and who answers the lost one is not wanted."""
    world.carrier.away = True
    desk.is_cut_off()
    world.carrier.away = False
    before = desk.rung
    world.sweep("ivr.lost", seconds=6)
    world.deliver()
    assert desk.rung == before + 1
    stale = f"/ivr/agent-back?absence={desk.absence.id}&try=1"
    assert "<Hangup" in world.post(stale, CallSid="CAstale", CallStatus="in-progress")
    desk.is_back()
    assert world.events(desk.caller)[-1] == "agent_back"


def test_without_a_grace_it_is_as_with_a_telephone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(vars(world.floor.section(Ivr).offers), "return_within", 0)
    desk = talking(world)
    desk.agent.leg_ends()
    assert desk.agent.doing == "ready/wrap_up"


# ---------------------------------------------------------------- two at once


def rounds(world: World) -> Iterator[Desk]:
    for _ in range(5):
        desk = talking(world)
        yield desk
        world.everybody_goes()
        world.clock.advance(seconds=1)


def sweeps(world: World) -> Callable[[], object]:
    return lambda: world.floor.sweeps["ivr.lost"](world.floor, clock.now())


def posts(world: World, url: str, sid: str, status: str) -> Callable[[], object]:
    return lambda: world.another().post(url, CallSid=sid, CallStatus=status)


def test_three_tell_that_the_agent_is_gone_at_once(world: World) -> None:
    for desk in rounds(world):
        _, status, sid = desk.agent.leg
        tell = posts(world, status, sid, "completed")
        assert at_once(tell, tell, posts(world, desk.after, desk.caller.sid, "in-progress")) == []
        assert world.events(desk.caller).count("agent_lost") == 1
        assert desk.agent.call["cut_off"]
        world.check()


def test_the_agent_answers_in_the_instant_in_which_the_caller_hangs_up(world: World) -> None:
    for desk in rounds(world):
        desk.is_cut_off()
        url, _, sid = desk.agent.leg
        assert at_once(posts(world, url, sid, "in-progress"), ends(world, desk.caller)) == []
        world.deliver()
        assert world.events(desk.caller).count("talk_ended") == 1
        assert desk.agent.doing == "ready/wrap_up"
        assert ("hang_up", sid) in world.carrier.asked
        world.check()


def test_the_agent_answers_in_the_instant_in_which_the_time_is_over(world: World) -> None:
    for desk in rounds(world):
        desk.is_cut_off()
        url, _, sid = desk.agent.leg
        world.clock.advance(seconds=30)
        assert at_once(posts(world, url, sid, "in-progress"), sweeps(world)) == []
        world.deliver()
        desk.caller.brought()
        back = "agent_back" in world.events(desk.caller)
        assert desk.agent.doing == ("ready/on_call" if back else "missed/wrap_up")
        assert ("<Conference" in desk.caller.heard) == back
        assert world.events(desk.caller).count("queued") == (1 if back else 2)
        desk.caller.hangs_up()


def test_the_agent_hangs_up_in_the_instant_in_which_they_are_cut_off(world: World) -> None:
    for desk in rounds(world):
        _, status, sid = desk.agent.leg
        verb = hangs_up(world, desk.agent, desk.caller)
        assert at_once(posts(world, status, sid, "completed"), verb) == []
        world.deliver()
        assert desk.agent.doing == "ready/wrap_up"
        assert world.events(desk.caller).count("talk_ended") == 1
        world.check()


def test_two_sweeps_at_once_ring_once(world: World) -> None:
    for desk in rounds(world):
        desk.is_cut_off().is_not_there()
        world.clock.advance(seconds=1)
        before = desk.rung
        assert at_once(*[sweeps(world)] * 3) == []
        world.deliver()
        assert desk.rung == before + 1


# ---------------------------------------------------------------- two who write of one call


def test_both_agents_of_a_call_write_what_they_have_heard(world: World, desk: Desk) -> None:
    """Who was lost writes while the caller talks on with another; each their own words."""
    first, caller = desk.agent, desk.caller
    desk.is_cut_off().is_not_there()
    world.sweep("ivr.lost", seconds=30)
    world.deliver()
    assert first.doing == "missed/wrap_up", "no offer to a telephone that is not there"
    caller.brought().waits()
    second = world.agent()
    second.talks_with(caller)
    for agent, note in ((first, "ours"), (second, "theirs")):
        agent.does(f"/api/calls/{caller.id}/draft", note=note)
    first.finishes("complaint", category="flood", note="ours")
    kept = world.read(drafts.of_call, caller.id, second.id)
    assert isinstance(kept, drafts.DraftFacts)
    assert kept.note == "theirs"
    second.hangs_up()
    second.finishes()
    assert first.doing == "missed/idle"
    (ended, _) = (each.data["by"] for each in world.story(caller) if each.kind == "talk_ended")
    assert ended == "lost"
    visits = world.read(story.visits_of, caller.id)
    assert [(each.agent_id, each.outcome) for each in visits] == [
        (first.id, "complaint"),
        (second.id, "information"),
    ]
