"""A word with a colleague about a caller who is held, and what may cross it."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
import sqlalchemy as sa

from hotline import clock
from ivr import calls, recordings, story
from ivr.models import Party
from ivr.talk import effects, parties, passing
from reports.metrics import Counters, Rules, count_call
from tests.service.ivr.test_callouts import a_ticket
from tests.service.ivr.test_lost import words
from tests.service.ivr.test_races import at_once, ends, meanwhile
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


def after_of(caller: Caller) -> str:
    """Where the caller goes when their conference is over; it was said as they came to it."""
    return str(caller.xml.find("Dial").attrib["action"])  # type: ignore[union-attr]


def is_gone(world: World, agent: Agent, leg: tuple[str, str, str] | None = None) -> None:
    """The agent's browser is cut off, as their telephone (the last one) tells it."""
    _, status, sid = leg or agent.leg
    world.carrier.gone.add(sid)
    world.post(status, CallSid=sid, CallStatus="completed")


def speaks(agent: Agent, colleague: Agent) -> str:
    """The two speak; what the colleague's telephone was told to do."""
    asks(agent, colleague)
    return colleague.accepts().picks_up()


def test_two_of_ours_speak_while_the_caller_is_held(
    world: World, agent: Agent, caller: Caller, colleague: Agent
) -> None:
    waited = agent.call["waited_seconds"]
    world.clock.advance(seconds=60)
    asks(agent, colleague)
    assert colleague.offer["asked_by"] == agent.username
    assert colleague.offer["waited_seconds"] == waited, "for the asker, and not until now"
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
    after = after_of(caller)
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


def test_who_is_passed_on_after_that_has_waited_for_the_first_of_us_only(
    world: World, agent: Agent, caller: Caller, colleague: Agent
) -> None:
    waited = agent.last_offer.connected_at - caller.stay.entered_at  # type: ignore[operator]
    world.clock.advance(seconds=300)
    speaks(agent, colleague)
    does(agent, "party/hand-over")
    world.clock.advance(seconds=100)
    does(colleague, "transfer", to="queue:complaint", how="now")
    assert clock.now() - caller.stay.entered_at == waited
    world.check()


def test_a_hand_over_that_is_sent_again_leaves_the_caller_as_the_colleague_has_them(
    world: World, agent: Agent, caller: Caller, colleague: Agent
) -> None:
    speaks(agent, colleague)
    party = world.read(parties.present, agent.last_offer.id)
    does(agent, "party/hand-over")
    again = {"offer": agent.last_offer.id, "party": party.id}

    def held() -> bool:
        return bool(world.carrier.of("hold")[-1][2] == "True")

    does(colleague, "hold")
    effects.hand_over(world.floor, again)
    assert held()
    does(colleague, "resume")
    effects.hand_over(world.floor, again)
    assert not held()


def test_what_is_written_so_far_is_shown_to_who_is_asked(
    world: World, agent: Agent, caller: Caller, colleague: Agent
) -> None:
    def told() -> tuple[str | None, bool]:
        page = colleague.ask("GET", "/calls/current?lang=en").get_data(True)
        at_hand = colleague.at_hand
        return (at_hand["offer"] or at_hand["call"])["told"], 'class="told"' in page

    draft = f"/api/calls/{caller.id}/draft"
    of_call = f"/tickets/of-call/{caller.id}"
    assert agent.call["told"] is None
    asks(agent, colleague)
    assert told() == (None, False)
    agent.does(draft, note="a lamp")
    assert told() == ("a lamp", True)
    colleague.accepts().picks_up()
    agent.does(draft, note="a lamp in Soi 6")
    assert told() == ("a lamp in Soi 6", True)
    assert of_call not in colleague.ask("GET", "/calls/current").get_data(True)
    does(agent, "party/hand-over")
    assert told() == ("a lamp in Soi 6", True), "which is not written up yet"
    number = agent.finishes("complaint", category="road_surface", note="a lamp in Soi 6")
    assert told() == (None, False), "from here on the ticket says it"
    assert of_call in colleague.ask("GET", "/calls/current").get_data(True)
    assert number in colleague.ask("GET", of_call).get_data(True)


def test_both_may_hear_the_recording_of_what_one_took_over(
    world: World, agent: Agent, caller: Caller, colleague: Agent
) -> None:
    asked = world.agent(queues=["emergency"])
    speaks(agent, asked)
    asked.hangs_up()  # was but asked for a word
    speaks(agent, colleague)
    first = agent.last_offer.id
    does(agent, "party/hand-over")
    colleague.hangs_up()
    world.post(
        f"/ivr/recording?call={caller.id}&offer={first}",
        RecordingSid="RE1",
        RecordingUrl="https://carrier.example/RE1",
        RecordingStatus="completed",
        RecordingDuration="31",
    )
    world.deliver()
    for each, status in ((agent, 200), (colleague, 200), (asked, 403)):
        with each.ask("GET", "/recordings/1") as answer:
            assert answer.status_code == status
    page = colleague.ask("GET", f"/calls/{caller.id}?lang=en").get_data(True)
    assert "20 Nov 2026" in page[page.index('class="recordings"') :][:300], "its date"


def test_a_later_recording_is_not_that_of_who_had_gone(
    world: World, agent: Agent, caller: Caller, colleague: Agent
) -> None:
    """A colleague who was cut off and is back talks in a conference that begins anew."""
    speaks(agent, colleague)
    does(agent, "party/hand-over")
    theirs = colleague.last_offer.id
    for sid in ("RE1", "RE2"):
        offer = agent.last_offer.id if sid == "RE1" else theirs
        world.post(
            f"/ivr/recording?call={caller.id}&offer={offer}",
            RecordingSid=sid,
            RecordingUrl=f"https://carrier.example/{sid}",
            RecordingStatus="completed",
            RecordingDuration="31",
        )
    found = [world.read(recordings.of_agent, [caller.id], each.id) for each in (agent, colleague)]
    assert found == [{1}, {1, 2}]


def test_who_is_asked_for_a_word_calls_nobody_meanwhile(
    world: World, agent: Agent, caller: Caller, colleague: Agent
) -> None:
    ticket = a_ticket(world)
    path = f"/api/tickets/{ticket.number}/call-out"
    asks(agent, colleague)
    colleague.does(path, 409)
    colleague.accepts()
    colleague.does(path, 409)
    colleague.picks_up()
    refused = colleague.does(path, 409)
    assert refused["error"]["code"] == "cannot-call"
    assert colleague.call["state"] == "consulting"
    colleague.hangs_up()
    agent.hangs_up()
    agent.finishes()
    colleague.does(f"/api/calls/{caller.id}/call-out", 403)  # it was a word with the agent


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


def test_a_colleague_s_browser_that_leaves_after_that_is_rung_again(
    world: World, agent: Agent, caller: Caller, colleague: Agent
) -> None:
    """As in any conversation (`ivr.room.lost`); they meet in the same conference."""
    after, talk = after_of(caller), f"talk-{agent.last_offer.id}"
    speaks(agent, colleague)
    does(agent, "party/hand-over")
    does(agent, "party/hand-over")  # said twice
    is_gone(world, colleague)
    caller.goes_to(after)
    world.deliver()
    assert colleague.call["cut_off"]
    assert caller.says == words(world, "cut_off")
    assert f">{talk}<" in colleague.picks_up()
    assert f">{talk}<" in caller.brought().heard
    assert not colleague.call["cut_off"]
    does(colleague, "hold")
    assert world.carrier.of("hold")[-1][:2] == (talk, caller.sid)
    colleague.hangs_up().finishes()
    agent.finishes()
    world.check()


def test_a_colleague_who_does_not_come_back_after_that_loses_the_caller_to_the_next(
    world: World, agent: Agent, caller: Caller, colleague: Agent
) -> None:
    after = after_of(caller)
    speaks(agent, colleague)
    does(agent, "party/hand-over")
    is_gone(world, colleague)
    caller.goes_to(after)
    world.sweep("ivr.lost", seconds=30)
    world.deliver()
    assert caller.brought().says == words(world, "agent_gone")
    assert (caller.stay.queue, caller.stay.state) == ("information", "waiting")
    assert (agent.doing, colleague.doing) == ("ready/wrap_up", "missed/wrap_up")
    colleague.finishes()
    agent.finishes()
    assert agent.offer["call_id"] == caller.id
    world.check()


def test_a_colleague_may_ask_the_next_who_takes_over(
    world: World, agent: Agent, caller: Caller, colleague: Agent
) -> None:
    after, talk = after_of(caller), f"talk-{agent.last_offer.id}"
    third = world.agent(queues=["complaint"])
    speaks(agent, colleague)
    does(agent, "party/hand-over")
    assert f">{talk}<" in speaks(colleague, third)
    does(colleague, "party/hand-over")
    assert (colleague.doing, third.call["state"]) == ("ready/wrap_up", "talking")
    world.clock.advance(seconds=10)
    third.hangs_up()
    caller.goes_to(after)
    for each in (agent, colleague, third):
        each.finishes()
    visits = world.read(story.visits_of, caller.id)
    assert [each.agent_id for each in visits] == [agent.id, colleague.id, third.id]
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


def test_a_word_with_a_queue_is_one_with_whoever_of_it_is_to_be_asked_first(
    world: World, agent: Agent, caller: Caller, colleague: Agent
) -> None:
    """Who speaks the caller's language, the longest idle first; then who was not asked yet."""
    world.clock.advance(seconds=10)
    foreign = world.agent(queues=["complaint"], languages=["en"])
    world.clock.advance(seconds=10)
    last = world.agent(queues=["complaint"])
    for asked in (colleague, last, foreign, colleague):
        call = does(agent, "transfer", to="queue:complaint", how="first")
        assert call["party"]["title"] == asked.username
        assert asked.offer["asked_by"] == agent.username
        asked.declines()
        assert asked.doing == "ready/idle"
    does(agent, "transfer", to="queue:complaint", how="first")
    colleague.accepts().picks_up()
    does(agent, "party/hand-over")
    assert (colleague.call["state"], colleague.doing) == ("talking", "ready/on_call")
    world.check()


def test_a_word_with_a_queue_of_which_nobody_is_free(
    world: World, agent: Agent, caller: Caller, colleague: Agent
) -> None:
    for to, code, status in (
        ("queue:emergency", "nobody-free", 409),
        ("queue:information", "nobody-free", 409),  # only who asks answers it
        ("queue:none", "nobody-there", 422),
    ):
        path = f"/api/calls/{caller.id}/transfer"
        answer = agent.ask("POST", path, to=to, how="first")
        assert (answer.status_code, answer.json["error"]["code"]) == (status, code)
    assert told(world, caller) == []
    assert agent.call["held_since"] is None


@pytest.mark.parametrize("pause", [True, False])
def test_a_recording_that_had_silence_goes_on_with_the_colleague(
    world: World, agent: Agent, caller: Caller, colleague: Agent, pause: bool
) -> None:
    with world.floor.db.write() as session:
        calls.note(session, caller.id, consent="given")
    if pause:
        does(agent, "recording/pause")
    speaks(agent, colleague)
    does(agent, "party/hand-over")
    assert [on for _, on in world.carrier.of("pause_recording")] == ["True", "False"]
    assert colleague.call["recording"] == "on"


def test_handed_over_to_a_colleague_whose_browser_has_gone_in_this_very_moment(
    world: World, agent: Agent, caller: Caller, colleague: Agent
) -> None:
    """It is rung again; the caller hears music meanwhile."""
    after, mine = after_of(caller), agent.last_offer.leg_sid
    speaks(agent, colleague)
    world.carrier.gone.add(colleague.leg[2])
    does(agent, "party/hand-over")
    assert world.carrier.of("hang_up") == [(mine,)], "the conference ends with it"
    assert colleague.call["cut_off"]
    caller.goes_to(after)
    assert caller.says == words(world, "cut_off")
    colleague.picks_up()
    assert "<Conference" in caller.brought().heard
    assert (agent.doing, colleague.call["state"]) == ("ready/wrap_up", "talking")
    world.check()


# ---------------------------------------------------------------- who asks is cut off


@pytest.mark.parametrize("when", ["rings", "dialled", "speaks"])
def test_who_asks_is_cut_off_and_back(
    world: World, agent: Agent, caller: Caller, colleague: Agent, when: str
) -> None:
    after, leg = after_of(caller), agent.leg
    asks(agent, colleague)
    if when != "rings":
        colleague.accepts()
    if when == "speaks":
        colleague.picks_up()
    is_gone(world, agent, leg)
    if when == "speaks":
        sid = colleague.leg[2]
        over = f"/ivr/agent-leg/over?offer={colleague.last_offer.id}&leg={sid}"
        assert "<Hangup" in world.post(over, CallSid=sid, CallStatus="in-progress")
        colleague.leg_ends()
    caller.goes_to(after)
    assert caller.says == words(world, "cut_off")
    assert (colleague.doing, colleague.at_hand) == ("ready/idle", {"offer": None, "call": None})
    world.deliver()
    agent.picks_up()
    assert "<Conference" in caller.brought().heard
    assert (agent.call["held_since"], agent.call["party"]) == (None, None)
    asks(agent, colleague)
    assert colleague.offer["asked_by"] == agent.username
    world.check()


def test_who_asks_is_cut_off_and_not_back(
    world: World, agent: Agent, caller: Caller, colleague: Agent
) -> None:
    after, leg = after_of(caller), agent.leg
    speaks(agent, colleague)
    is_gone(world, agent, leg)
    caller.goes_to(after)
    world.sweep("ivr.lost", seconds=30)
    world.deliver()
    assert caller.brought().says == words(world, "agent_gone")
    assert (caller.stay.state, agent.doing) == ("waiting", "missed/wrap_up")
    assert colleague.doing == "ready/idle"
    world.check()


# ---------------------------------------------------------------- a colleague with a telephone


class Phone:
    """A colleague without a browser, and what they press."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.agent = world.agent(queues=["complaint"], address="+66812345678")

    def presses(self, key: str) -> str:
        url, _, sid = self.agent.leg
        said = self.world.post(url, CallSid=sid, CallStatus="in-progress")
        assert "ขอปรึกษา" in said, "a word, not a call"
        action = said.split('action="')[1].split('"')[0]
        heard = self.world.post(action, CallSid=sid, CallStatus="in-progress", Digits=key)
        self.world.deliver()
        return heard


def test_a_colleague_with_a_telephone_takes_it_with_a_key(
    world: World, agent: Agent, caller: Caller
) -> None:
    phone = Phone(world)
    after = after_of(caller)
    asks(agent, phone.agent)
    assert f">talk-{agent.last_offer.id}<" in phone.presses("1")
    assert len(world.carrier.of("dial")) == 2, "it is the call that asked them"
    assert (agent.call["party"]["state"], phone.agent.call["state"]) == ("talking", "consulting")
    does(agent, "party/hand-over")
    assert phone.agent.call["state"] == "talking"
    phone.agent.leg_ends()
    caller.goes_to(after)
    assert caller.says == words(world, "goodbye")
    phone.agent.finishes()
    agent.finishes()
    world.check()


@pytest.mark.parametrize(("key", "doing"), [("2", "ready/idle"), ("", "missed/idle")])
def test_another_key_declines_and_none_misses(
    world: World, agent: Agent, caller: Caller, key: str, doing: str
) -> None:
    phone = Phone(world)
    asks(agent, phone.agent)
    assert "<Hangup" in phone.presses(key)
    assert (phone.agent.doing, agent.call["party"]) == (doing, None)
    phone.agent.leg_ends()
    assert phone.agent.doing == doing
    world.check()


def test_a_telephone_that_has_gone_as_the_caller_is_handed_over(
    world: World, agent: Agent, caller: Caller
) -> None:
    phone = Phone(world)
    asks(agent, phone.agent)
    phone.presses("1")
    world.carrier.gone.add(phone.agent.leg[2])
    does(agent, "party/hand-over")
    assert (caller.stay.queue, caller.stay.state) == ("information", "waiting")
    assert caller.brought().says, "told so, and not left alone"
    assert (agent.doing, phone.agent.doing) == ("ready/wrap_up", "ready/wrap_up")
    phone.agent.leg_ends()
    phone.agent.finishes()
    agent.finishes()
    assert caller.stay.state == "offered"
    world.check()


# ---------------------------------------------------------------- two at once


def requests(agent: Agent, path: str, **body: str) -> Callable[[], object]:
    """The same verb from another thread, whatever the answer."""
    there = replace(agent, world=agent.world.another())
    return lambda: there.ask("POST", path, **body)


def asking(agent: Agent, colleague: Agent) -> Callable[[], object]:
    path = f"/api/calls/{agent.last_offer.call_id}/transfer"
    return requests(agent, path, to=f"agent:{colleague.id}", how="first")


def test_who_asks_and_passes_on_at_once(world: World, agent: Agent, caller: Caller) -> None:
    """With two fingers: one of the two comes about, and nobody is rung for what is over."""
    colleague = world.agent(queues=["emergency"])
    path = f"/api/calls/{caller.id}/transfer"
    passes = requests(agent, path, to="queue:complaint", how="now")
    for first in (asking(agent, colleague), requests(agent, path, to="directory:police")):
        assert at_once(first, passes) == []
    world.deliver()
    live = sa.select(sa.func.count()).where(Party.ended_at.is_(None))
    talks = agent.call is not None
    assert world.read(lambda session: session.execute(live).scalar_one()) == int(talks)
    assert (colleague.doing != "ready/idle") == (talks and colleague.offer is not None)
    world.check()


@pytest.mark.parametrize("how", ["colleague", "telephone"])
def test_who_asks_while_the_caller_is_being_passed_on_asks_nobody(
    world: World, agent: Agent, caller: Caller, colleague: Agent, how: str
) -> None:
    """By hand: the caller, held already, is sent on; and then somebody is asked for a word."""
    does(agent, "hold")
    path = f"/api/calls/{caller.id}/transfer"
    to = {"colleague": f"agent:{colleague.id}", "telephone": "directory:police"}[how]
    passes = partial(
        passing.to_queue,
        world.floor,
        call_id=caller.id,
        agent_id=agent.id,
        queue="emergency",
        by=agent.username,
        now=clock.now(),
    )
    asks_too = requests(agent, path, to=to, how="first")
    assert meanwhile(world, passes, asks_too) == []
    assert world.read(lambda session: session.execute(sa.select(Party.id)).all()) == []
    assert colleague.doing == "ready/idle"
    world.check()


def test_two_ask_one_colleague_at_once(world: World, agent: Agent, caller: Caller) -> None:
    other = world.agent(queues=["information"])
    second = world.caller().to_queue()
    other.talks_with(second)
    colleague = world.agent(queues=["complaint"])
    assert at_once(asking(agent, colleague), asking(other, colleague)) == []
    asked = [each for each in (agent, other) if each.call["party"] is not None]
    assert [each.username for each in asked] == [colleague.offer["asked_by"]]
    for each in (agent, other):
        assert (each.call["held_since"] is not None) == (each in asked), "held for somebody only"
    world.check()


def test_a_colleague_is_asked_as_a_caller_is_offered_to_them(
    world: World, agent: Agent, caller: Caller, colleague: Agent
) -> None:
    for _ in range(3):
        second = world.caller()
        second.world = world.another()
        arrives = partial(second.to_queue, "1", "2")
        assert at_once(asking(agent, colleague), arrives) == []
        asked = colleague.offer["asked_by"] is not None
        assert asked == (second.stay.state == "waiting")
        assert asked == (agent.call["party"] is not None)
        world.check()
        second.hangs_up()
        does(agent, "party/drop")
        assert colleague.doing == "ready/idle"


@pytest.mark.parametrize("ending", ["drop", "leave", "caller", "asker"])
def test_a_hand_over_and_an_end_at_once(
    world: World, agent: Agent, caller: Caller, colleague: Agent, ending: str
) -> None:
    speaks(agent, colleague)
    call = f"/api/calls/{caller.id}"
    ends_it = {
        "drop": requests(agent, f"{call}/party/drop"),
        "leave": requests(colleague, f"{call}/hang-up"),
        "caller": ends(world, caller),
        "asker": requests(agent, f"{call}/hang-up"),
    }[ending]
    assert at_once(requests(agent, f"{call}/party/hand-over"), ends_it) == []
    world.deliver()
    took_over = "taken_over" in world.events(caller)
    assert colleague.doing != "ready/on_call" or took_over
    world.check()
