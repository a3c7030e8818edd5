"""A supervisor in the conversation of somebody else: listens, whispers, barges in, takes over."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from agents import presence
from agents import service as agents
from agents.config import Agents
from agents.supervise import Author
from hotline import audit, auth, clock
from hotline.auth import Role
from hotline.errors import HotlineError
from hotline.telephony import Refused
from ivr import drafts, story
from ivr.errors import NotYours
from ivr.room import offers
from ivr.talk import monitors, service, supervising
from ivr.talk.monitors import Mode, MonitorFacts
from tests.service.ivr.test_consults import after_of, asks, is_gone, speaks
from tests.service.ivr.test_races import at_once, ends, hangs_up, rounds, somebody_waits
from tests.service.ivr.test_talk import does, rings_police, ticket_of, told
from tests.service.ivr.world import Agent, Caller, World
from tests.support.floors import sign_in_as
from tests.support.invariants import check, check_at_rest
from tests.support.waiting import until


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
def supervisor(world: World) -> Agent:
    return world.supervisor()


class Leg:
    """A supervisor's telephone, as the carrier tells of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.conference, self.to, self.url, self.sid = world.carrier.of("invite_muted")[-1]

    def says(self, status: str) -> None:
        self.world.post(self.url, CallSid=self.sid, CallStatus=status)
        self.world.deliver()

    def ends(self, status: str = "completed") -> None:
        self.world.carrier.gone.add(self.sid)
        self.says(status)


def listens(supervisor: Agent, caller: Caller, mode: str = "listening") -> Leg:
    """From the form to the conversation."""
    supervisor.acts(f"/floor/calls/{caller.id}/listen", mode=mode)
    leg = Leg(supervisor.world)
    leg.says("in-progress")
    return leg


def spoken(world: World) -> list[str]:
    """Whom supervisors' telephones were let speak to."""
    return [each[2] for each in world.carrier.of("speak")]


def mine(supervisor: Agent) -> MonitorFacts:
    found = supervisor.world.read(monitors.last_of_agent, supervisor.id)
    assert isinstance(found, MonitorFacts)
    return found


def modes(world: World, caller: Caller) -> list[str]:
    return [e.data["mode"] for e in world.story(caller) if e.kind.value == "monitored"]


def lines(world: World, kind: str) -> list[audit.Line]:
    with world.floor.db.read() as session:
        return audit.lines(session, audit.Asked(kind=kind))[::-1]


def page(agent: Agent, path: str = "/calls/current") -> str:
    return str(agent.ask("GET", f"{path}?lang=en").get_data(True))


# ---------------------------------------------------------------- listen, whisper, barge in


def test_who_listens_is_rung_muted_and_leaves_nothing_behind(
    world: World, agent: Agent, caller: Caller, supervisor: Agent
) -> None:
    supervisor.acts(f"/floor/calls/{caller.id}/listen", mode="listening")
    leg = Leg(world)
    assert leg.conference == f"talk-{agent.last_offer.id}"
    assert leg.to == supervisor.address
    assert supervisor.doing == "signed_out/monitoring"
    assert "ringing" in page(supervisor, "/floor/calls")
    assert modes(world, caller) == [], "not there yet"
    leg.says("in-progress")
    leg.says("in-progress")
    assert spoken(world) == [], "muted from the first moment on"
    assert modes(world, caller) == ["listening"]
    assert f"{supervisor.username} is listening" in page(agent)
    assert agent.call["supervisors"] == [{"mode": "listening", "name": supervisor.username}]
    assert "Nobody hears" not in page(supervisor)
    assert "nobody hears you" in page(supervisor)
    check(world.floor)
    supervisor.acts(f"/floor/calls/{caller.id}/leave")
    assert world.carrier.of("hang_up") == [(leg.sid,)]
    assert supervisor.doing == "signed_out/idle"
    assert agent.call["state"] == "talking"
    leg.ends()
    assert modes(world, caller) == ["listening", "left"]
    assert [line.data["mode"] for line in lines(world, "ivr.monitored")] == ["listening", "left"]
    assert {line.by for line in lines(world, "ivr.monitored")} == {supervisor.username}
    assert "listens to" in page(supervisor, f"/calls/{caller.id}")
    check(world.floor)


def test_the_modes_are_followed_one_request_each(
    world: World, agent: Agent, caller: Caller, supervisor: Agent
) -> None:
    leg = listens(supervisor, caller)
    act = f"/floor/calls/{caller.id}/listen"
    theirs = agent.last_offer.leg_sid
    for mode in ("whispering", "whispering", "barging", "listening"):
        supervisor.acts(act, mode=mode)
    talk = leg.conference
    assert world.carrier.of("speak") == [
        (talk, leg.sid, theirs),
        (talk, leg.sid, "all"),
        (talk, leg.sid, "muted"),
    ]
    assert modes(world, caller) == ["listening", "whispering", "barging", "listening"]
    assert supervisor.acts(act, 422, mode="shouting") == "invalid"


def test_a_mode_chosen_while_it_rings_waits_for_the_answer(
    world: World, agent: Agent, caller: Caller, supervisor: Agent
) -> None:
    supervisor.acts(f"/floor/calls/{caller.id}/listen", mode="whispering")
    assert spoken(world) == []
    Leg(world).says("in-progress")
    assert spoken(world) == [agent.last_offer.leg_sid]
    assert "speaks to you" in page(agent)


def test_whom_the_agent_sees_is_a_setting_but_for_who_speaks(
    world: World, agent: Agent, caller: Caller, supervisor: Agent
) -> None:
    section = world.floor.section(Agents)
    hidden = section.model_copy(
        update={"monitoring": section.monitoring.model_copy(update={"shown": False})}
    )
    world.floor.sections = {**world.floor.sections, Agents: hidden}
    listens(supervisor, caller)
    assert supervisor.username not in page(agent)
    assert agent.call["supervisors"] == []
    assert supervisor.username not in page(agent, f"/calls/{caller.id}"), "nor in its story"
    assert supervisor.username in page(supervisor, f"/calls/{caller.id}")
    supervisor.acts(f"/floor/calls/{caller.id}/listen", mode="barging")
    assert supervisor.username in page(agent)


def test_who_cannot_be_whispered_to_is_listened_to(
    world: World, agent: Agent, caller: Caller, supervisor: Agent
) -> None:
    listens(supervisor, caller)
    supervisor.acts(f"/floor/calls/{caller.id}/listen", mode="barging")

    def refuses(*_: object, muted: bool, to: str | None) -> None:
        if to is not None:
            raise Refused("16028")
        real(*_, muted=muted, to=to)

    real: Any = world.carrier.speak
    world.carrier.speak = refuses  # type: ignore[method-assign]
    supervisor.acts(f"/floor/calls/{caller.id}/listen", mode="whispering")
    assert mine(supervisor).mode is Mode.LISTENING
    assert spoken(world)[-1] == "muted", "by no means heard by the caller"


def test_only_supervisors_with_a_telephone_who_are_free(
    world: World, agent: Agent, caller: Caller, supervisor: Agent
) -> None:
    act = f"/floor/calls/{caller.id}/listen"
    assert agent.acts(act, 403, mode="listening") == "forbidden"
    assert agent.ask("GET", "/floor").status_code == 403
    without = Agent(world, 0, "", sign_in_as(world.floor, Role.SUPERVISOR, "without"), "")
    assert without.acts(act, 404, mode="listening") == "not-an-agent"
    waits = world.caller().to_queue("1", "2")
    not_yet = f"/floor/calls/{waits.id}/listen"
    assert supervisor.acts(not_yet, 409, mode="listening") == "not-talking"
    busy = world.supervisor(ready=True)
    with world.floor.db.write() as session:
        assert agents.reserve(session, busy.id, offer_id=999, call_id=caller.id, now=clock.now())
    assert busy.acts(act, 409, mode="listening") == "supervisor-busy"
    listens(supervisor, caller)
    other = world.supervisor()
    assert other.acts(f"/floor/calls/{caller.id}/leave", 409) == "not-listening"
    theirs, by = world.read(agents.agent, other.id), _identity(world, other)
    with world.floor.db.write() as session, pytest.raises(NotYours):
        supervising.leave(session, mine(supervisor).id, theirs, by=by, now=clock.now())


def _identity(world: World, supervisor: Agent) -> auth.Identity:
    with world.floor.db.read() as session:
        found = auth.identify(session, supervisor.token, now=clock.now())
    assert found is not None
    return found


def test_nobody_is_offered_a_call_while_they_listen(
    world: World, agent: Agent, caller: Caller
) -> None:
    supervisor = world.agent(queues=["complaint"], role=Role.SUPERVISOR)
    leg = listens(supervisor, caller)
    waits = world.caller().to_queue("1", "2")
    assert supervisor.offer is None
    leg.ends()
    assert supervisor.offer is not None, "and is at once when they have left"
    assert waits.stay.state == "offered"


def test_it_is_over_with_the_conversation(
    world: World, agent: Agent, caller: Caller, supervisor: Agent
) -> None:
    leg = listens(supervisor, caller)
    agent.hangs_up()
    assert (leg.sid,) in world.carrier.of("hang_up")
    assert supervisor.doing == "signed_out/idle"
    assert mine(supervisor).result == monitors.OVER
    leg.ends()
    agent.finishes()
    check(world.floor)


@pytest.mark.parametrize("word", ["no-answer", "failed", "busy"])
def test_a_telephone_that_does_not_answer_is_said(
    world: World, agent: Agent, caller: Caller, supervisor: Agent, word: str
) -> None:
    supervisor.acts(f"/floor/calls/{caller.id}/listen", mode="listening")
    Leg(world).ends(word)
    assert supervisor.doing == "signed_out/idle"
    assert "Your telephone did not answer" in page(supervisor, "/floor/calls")
    assert modes(world, caller) == []


def test_a_carrier_that_refuses_or_says_nothing(
    world: World, agent: Agent, caller: Caller, supervisor: Agent
) -> None:
    world.carrier.refuses.add(supervisor.address)
    supervisor.acts(f"/floor/calls/{caller.id}/listen", mode="listening")
    assert (supervisor.doing, mine(supervisor).result) == ("signed_out/idle", "failed")
    world.carrier.refuses.clear()
    world.carrier.away = True
    supervisor.acts(f"/floor/calls/{caller.id}/listen", mode="listening")
    world.carrier.away = False
    assert supervisor.doing == "signed_out/monitoring"
    world.carrier.alive.update({str(agent.last_offer.leg_sid)})
    world.sweep("ivr.ask_for_monitors", seconds=120)
    assert (supervisor.doing, mine(supervisor).result) == ("signed_out/idle", monitors.LOST)


def test_an_end_that_nobody_told_is_found(
    world: World, agent: Agent, caller: Caller, supervisor: Agent
) -> None:
    leg = listens(supervisor, caller)
    world.carrier.alive.add(leg.sid)
    world.sweep("ivr.ask_for_monitors", "ivr.repair_agents", seconds=120)
    assert mine(supervisor).live
    assert supervisor.doing == "signed_out/monitoring"
    world.carrier.gone.add(leg.sid)
    world.sweep("ivr.ask_for_monitors", seconds=120)
    assert supervisor.doing == "signed_out/idle"


# ---------------------------------------------------------------- what the agent does meanwhile


def test_handed_over_to_a_colleague_the_colleague_is_whispered_to(
    world: World, agent: Agent, caller: Caller, supervisor: Agent
) -> None:
    colleague = world.agent(queues=["complaint"])
    listens(supervisor, caller, "whispering")
    speaks(agent, colleague)
    assert spoken(world) == [agent.last_offer.leg_sid]
    does(agent, "party/hand-over")
    assert spoken(world)[-1] == colleague.last_offer.leg_sid
    assert supervisor.doing == "signed_out/monitoring"
    assert mine(supervisor).offer_id == colleague.last_offer.id
    assert "speaks to you" in page(colleague)
    agent.finishes()
    supervisor.acts(f"/floor/calls/{caller.id}/take-over", reason="knows it")
    assert supervisor.call["state"] == "talking"
    check(world.floor)


def test_passed_on_it_is_over(
    world: World, agent: Agent, caller: Caller, supervisor: Agent
) -> None:
    listens(supervisor, caller)
    does(agent, "transfer", to="queue:complaint", how="now")
    assert supervisor.doing == "signed_out/idle"
    check(world.floor)


def test_while_the_agent_is_cut_off_there_is_nobody_to_listen_to(
    world: World, agent: Agent, caller: Caller, supervisor: Agent
) -> None:
    cut = agent.leg
    leg = listens(supervisor, caller)
    is_gone(world, agent, cut)
    take, other = f"/floor/calls/{caller.id}/take-over", world.supervisor()
    assert supervisor.acts(take, 409, reason="x") == "not-now"
    assert other.acts(f"/floor/calls/{caller.id}/listen", 409, mode="listening") == "not-now"
    leg.ends()  # with the conference
    assert supervisor.doing == "signed_out/idle"
    agent.picks_up()
    caller.brought()
    listens(supervisor, caller)
    assert supervisor.doing == "signed_out/monitoring"
    check(world.floor)


# ---------------------------------------------------------------- taking over


def test_who_takes_over_has_the_call_and_its_ticket(
    world: World, agent: Agent, caller: Caller, supervisor: Agent
) -> None:
    after = after_of(caller)
    agent.does(f"/api/calls/{caller.id}/draft", note="wants a lamp", who="Anna")
    does(agent, "hold")
    does(agent, "recording/pause", 409)
    leg, theirs = listens(supervisor, caller, "whispering"), agent.last_offer.leg_sid
    act = f"/floor/calls/{caller.id}/take-over"
    assert supervisor.acts(act, 422, reason=" ") == "no-reason-given"
    supervisor.acts(act, reason="the caller shouts")
    talk = leg.conference
    assert world.carrier.of("hold")[-1][:3] == (talk, caller.sid, "False")
    assert spoken(world)[-1] == "all"
    assert world.carrier.of("end_with") == [(talk, leg.sid, "True"), (talk, theirs, "False")]
    assert world.carrier.of("hang_up") == [(theirs,)], "and nobody else"
    assert agent.doing == "ready/idle"
    word = page(agent, "/desk/presence")
    assert f"{supervisor.username} has taken your call over" in word
    assert "the caller shouts" in word
    assert supervisor.doing == "signed_out/on_call"
    assert supervisor.call["state"] == "talking"
    kept = world.read(drafts.of_call, caller.id, supervisor.id)
    assert (kept.note, kept.who) == ("wants a lamp", "Anna")
    assert ticket_of(world, caller).incomplete
    assert told(world, caller)[-4:] == ["monitored", "talk_ended", "wrapped_up", "taken_over"]
    (line,) = lines(world, "ivr.taken_over")
    assert (line.by, line.reason) == (supervisor.username, "the caller shouts")
    check(world.floor)
    does(supervisor, "hold")
    assert world.carrier.of("hold")[-1][:3] == (talk, caller.sid, "True")
    does(supervisor, "resume")
    supervisor.hangs_up()
    leg.ends()
    caller.goes_to(after)
    supervisor.finishes("complaint", category="flood", note="wants a lamp, at once")
    assert not ticket_of(world, caller).incomplete
    caller.hangs_up()
    first, last = world.read(story.visits_of, caller.id)
    assert (first.agent_id, last.agent_id) == (agent.id, supervisor.id)
    is_told_in_words(supervisor, agent, caller)
    check_at_rest(world.floor)


def is_told_in_words(supervisor: Agent, agent: Agent, caller: Caller) -> None:
    """In the call's story, and in what supervisors have done."""
    seen = page(supervisor, f"/calls/{caller.id}")
    assert "took the call over: the caller shouts" in seen
    assert "Outcome: Passed on" in seen
    done = page(supervisor, "/floor/done")
    assert f"Took over · {agent.username}" in done
    assert f'href="/calls/{caller.id}"' in done


def test_a_browser_that_took_over_and_is_cut_off_is_waited_for(
    world: World, agent: Agent, caller: Caller, supervisor: Agent
) -> None:
    leg = listens(supervisor, caller)
    supervisor.acts(f"/floor/calls/{caller.id}/take-over", reason="help")
    leg.ends()
    world.deliver()
    assert supervisor.call["cut_off"]
    assert supervisor.leg[0].count("/ivr/agent-back") == 1, "rung again"


def test_a_telephone_that_went_in_that_moment_leaves_nobody_alone(
    world: World, agent: Agent, caller: Caller
) -> None:
    supervisor = world.supervisor(address="+66811112222")
    leg = listens(supervisor, caller)
    world.carrier.gone.add(leg.sid)
    supervisor.acts(f"/floor/calls/{caller.id}/take-over", reason="help")
    assert caller.stay.state in ("waiting", "offered"), "in front, in the queue that they came from"
    caller.brought()
    assert caller.xml.find("Enqueue") is not None
    assert supervisor.doing == "signed_out/wrap_up"
    leg.ends()
    world.check()


def test_what_cannot_be_taken_over(
    world: World, agent: Agent, caller: Caller, supervisor: Agent
) -> None:
    act = f"/floor/calls/{caller.id}/take-over"
    assert supervisor.acts(act, 409, reason="x") == "not-listening"
    leg = listens(supervisor, caller)
    party = rings_police(world, agent)
    assert supervisor.acts(act, 409, reason="x") == "not-now"
    party.says("busy")
    listens_too = world.supervisor()
    other = listens(listens_too, caller, "whispering")
    supervisor.acts(act, reason="x")
    assert listens_too.doing == "signed_out/monitoring", "stays, and whispers to who has it"
    assert world.carrier.of("speak")[-1] in {
        (leg.conference, other.sid, leg.sid),
        (leg.conference, leg.sid, "all"),
    }
    assert listens_too.acts(act, reason="y")
    assert supervisor.doing == "signed_out/idle"
    check(world.floor)


def test_a_paused_recording_goes_on(world: World, agent: Agent, supervisor: Agent) -> None:
    caller = world.caller().to_queue()
    agent.talks_with(caller)
    with world.floor.db.write() as session:
        offer = offers.facts(session, agent.last_offer.id)
        assert service.mark(session, offer, paused_at=clock.now())
    listens(supervisor, caller)
    supervisor.acts(f"/floor/calls/{caller.id}/take-over", reason="x")
    assert world.carrier.of("pause_recording")[-1][1] == "False"


# ---------------------------------------------------------------- races


def taking(world: World, supervisor: Agent, caller: Caller) -> Callable[[], None]:
    by = _identity(world, supervisor)

    def act() -> None:
        with suppress(HotlineError), world.floor.db.write() as session:
            me = agents.agent(session, supervisor.id)
            why = Author(by, "help")
            supervising.take_over(world.floor, session, caller.id, me, why, now=clock.now())

    return act


def switching(world: World, supervisor: Agent, mode: Mode) -> Callable[[], None]:
    by, monitor = _identity(world, supervisor), mine(supervisor)

    def act() -> None:
        with suppress(HotlineError), world.floor.db.write() as session:
            me = agents.agent(session, supervisor.id)
            supervising.set_mode(session, monitor.id, me, mode, by=by, now=clock.now())

    return act


def handing(world: World, agent: Agent, caller: Caller) -> Callable[[], None]:
    def act() -> None:
        with suppress(HotlineError), world.floor.db.write() as session:
            service.hand_over(world.floor, session, caller.id, agent.id, now=clock.now())

    return act


def meets(world: World, count: int) -> tuple[Agent, Caller, list[Agent]]:
    agent = world.agent(queues=["information"])
    caller = world.caller().to_queue()
    agent.talks_with(caller)
    supervisors = [world.supervisor() for _ in range(count)]
    for each in supervisors:
        listens(each, caller)
    return agent, caller, supervisors


def test_two_supervisors_take_the_same_call_and_one_has_it(world: World) -> None:
    for _ in rounds(world):
        _, caller, both = meets(world, 2)
        assert at_once(*(taking(world, each, caller) for each in both)) == []
        world.deliver()
        have = [each for each in both if each.doing == "signed_out/on_call"]
        # one after the other they may both have taken it, each from who had it
        assert len(have) == 1
        check(world.floor, in_order=False)


def test_taken_over_while_somebody_hangs_up(world: World) -> None:
    for number in rounds(world):
        agent, caller, (supervisor,) = meets(world, 1)
        end = ends(world, caller) if number % 2 else hangs_up(world, agent, caller)
        assert at_once(taking(world, supervisor, caller), end) == []
        world.deliver()
        world.check()
        if number % 2:
            assert supervisor.doing in ("signed_out/wrap_up", "signed_out/idle"), "no live call"
        check(world.floor, in_order=False)


def test_taken_over_while_it_is_handed_over(world: World) -> None:
    for _ in rounds(world):
        agent, caller, (supervisor,) = meets(world, 1)
        colleague = world.agent(queues=["complaint"])
        asks(agent, colleague)
        colleague.accepts().picks_up()
        assert at_once(taking(world, supervisor, caller), handing(world, agent, caller)) == []
        world.deliver()
        live = world.read(offers.live_of, caller.id)
        assert live.agent_id in (supervisor.id, colleague.id)
        check(world.floor, in_order=False)


def test_a_mode_is_changed_while_it_ends(world: World) -> None:
    for _ in rounds(world):
        agent, caller, (supervisor,) = meets(world, 1)
        change = switching(world, supervisor, Mode.BARGING)
        assert at_once(change, hangs_up(world, agent, caller)) == []
        world.deliver()
        assert supervisor.doing == "signed_out/idle"
        assert mine(supervisor).result == monitors.OVER
        check(world.floor, in_order=False)


def beginning(world: World, supervisor: Agent, caller: Caller) -> Callable[[], None]:
    by = _identity(world, supervisor)

    def act() -> None:
        with suppress(HotlineError), world.floor.db.write() as session:
            me = agents.agent(session, supervisor.id)
            supervising.listen(session, caller.id, me, Mode.LISTENING, by=by, now=clock.now())

    return act


def test_it_is_begun_while_the_conversation_ends(world: World) -> None:
    for _ in rounds(world):
        agent, caller, _ = meets(world, 0)
        supervisor = world.supervisor()
        begin = beginning(world, supervisor, caller)
        assert at_once(begin, hangs_up(world, agent, caller)) == []
        world.deliver()
        assert supervisor.doing == "signed_out/idle"
        check(world.floor, in_order=False)


# ---------------------------------------------------------------- beside a change of skills


def moves(world: World, *whom: Agent) -> Callable[[], object]:
    """A supervisor gives these agents another queue, all at once, from the floor's page."""
    there, boss = world.another(), world.supervisor()

    def change() -> object:
        form: dict[str, Any] = {"give": "complaint/en", "reason": "a flood"}
        answer = there.client.post(
            "/floor/skills",
            data=form | {"agent": [each.id for each in whom]},
            headers={"Authorization": f"Bearer {boss.token}", "Accept": "application/json"},
        )
        assert answer.status_code in (200, 409), answer.get_data(as_text=True)
        return answer

    return change


def test_skills_are_changed_while_a_supervisor_takes_over(
    world: World, supervisor: Agent, agent: Agent, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The take-over holds the agent and will want the supervisor; who changes the skills of both
    wants them the other way round. By hand, so that it is so each time.
    """
    listens(supervisor, caller)
    waits, raised = threading.Event(), list[BaseException]()
    pause = presence.sleep

    def sleep(seconds: float) -> None:
        waits.set()
        pause(seconds)

    monkeypatch.setattr(presence, "sleep", sleep)
    change = moves(world, supervisor, agent)

    def run() -> None:
        try:
            change()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    said = {"who": "somebody", "why": "because", "what": "taken_over"}
    with world.floor.db.write() as session:
        for number, each in enumerate((agent, supervisor)):
            presence.note(session, each.id, "told", by="engine", now=clock.now(), said=said)
            if number == 0:
                thread.start()
                if not world.floor.db.is_sqlite:
                    until(lambda: waits.is_set() or somebody_waits(world), "it wants the other")
    thread.join()
    assert raised == []
    for each in (agent, supervisor):
        assert "complaint/en" in world.read(agents.skills_of, each.id)


def test_a_take_over_and_a_change_of_skills_at_once(
    world: World, supervisor: Agent, agent: Agent
) -> None:
    for _ in rounds(world):
        supervisor.ready()
        agent.ready()
        caller = world.caller().to_queue()
        agent.talks_with(caller)
        listens(supervisor, caller)
        there = world.another()

        def takes(there: World = there, caller: Caller = caller) -> None:
            answer = there.client.post(
                f"/floor/calls/{caller.id}/take-over",
                data={"reason": "angry"},
                headers={
                    "Authorization": f"Bearer {supervisor.token}",
                    "Accept": "application/json",
                },
            )
            assert answer.status_code in (200, 409), answer.get_data(as_text=True)

        assert at_once(takes, moves(world, supervisor, agent)) == []
        world.deliver()
        world.check()
