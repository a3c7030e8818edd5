"""An agent calls somebody: one who was missed, or the caller of a ticket. Whatever becomes of it
ends in a true state on every screen, and nothing is lost.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from hotline import clock
from hotline.auth import Role
from hotline.i18n import masked
from hotline.telephony import Refused
from ivr import callers, calls, nuisance, story
from ivr.callbacks import attempts
from ivr.callbacks.rules import State
from ivr.config import Ivr
from ivr.errors import StillPromised
from ivr.models import Call, Callback, CallbackAttempt, Offer
from ivr.room import absences
from reports.metrics import Counters, Rules, count_call
from tests.service.ivr.test_races import at_once, meanwhile
from tests.service.ivr.world import Agent, World
from tests.support.floors import sign_in_as
from tickets import service as tickets
from tickets.config import Tickets
from tickets.models import Ticket
from tickets.service import TicketFacts

NUMBER = "+66812345678"


def a_ticket(world: World, number: str | None = NUMBER, outcome: str = "complaint") -> TicketFacts:
    """A matter that somebody told on the telephone an hour ago, and that is being worked on."""
    caller = world.caller(number or "anonymous").to_queue()
    agent = world.agent().talks_with(caller)
    caller.hangs_up()
    agent.finishes(outcome, category="road_surface", note="a hole in the road")
    agent.goes_home()
    world.clock.advance(hours=1)
    found: TicketFacts = world.read(tickets.ticket_of_call, caller.id)
    return found


class Called:
    """A call that an agent makes, and the citizen's telephone as the carrier moves it."""

    def __init__(self, world: World, ticket: TicketFacts, agent: Agent) -> None:
        self.world, self.ticket, self.agent = world, ticket, agent

    def begins(self, status: int = 200) -> "Called":
        self.agent.does(f"/api/tickets/{self.ticket.number}/call-out", status)
        self.world.deliver()
        return self

    def rings(self) -> "Called":
        """Up to where the citizen's telephone rings."""
        self.begins().agent.picks_up()
        return self

    def talks(self) -> "Called":
        self.rings().answers()
        return self

    @property
    def rung(self) -> list[tuple[str, ...]]:
        """(url, status callback, sid) of each time that the citizen was rung."""
        return [rest for to, *rest in self.world.carrier.of("dial") if to == NUMBER]

    def answers(self) -> str:
        url, _, sid = self.rung[-1]
        return self.world.post(url, CallSid=sid, CallStatus="in-progress")

    def leg_ends(self, status: str = "completed") -> None:
        _, url, sid = self.rung[-1]
        self.world.carrier.gone.add(sid)
        self.world.post(url, CallSid=sid, CallStatus=status)
        self.world.deliver()

    @property
    def call_id(self) -> int:
        return self.agent.last_offer.call_id

    @property
    def visit(self) -> story.Visit:
        (found,) = self.world.read(story.visits_of, self.call_id)
        assert isinstance(found, story.Visit)
        return found

    @property
    def events(self) -> list[str]:
        return [event.kind.value for event in self.world.read(story.events_of, self.call_id)]

    @property
    def told(self) -> list[tuple[str, str]]:
        """What the ticket's story says of calls to its caller: (who, result)."""
        return [
            (event.who, event.data["result"])
            for event in self.world.read(tickets.story, self.ticket.id)
            if event.kind == "called_out"
        ]

    @property
    def state(self) -> State:
        found = sa.select(Callback.state).where(Callback.call_id == self.call_id)
        return State(self.world.read(lambda session: session.execute(found).scalar_one()))


@pytest.fixture
def called(world: World) -> Called:
    ticket = a_ticket(world)
    return Called(world, ticket, world.agent())


def over(called: Called, result: str, status: str = "ready/idle") -> None:
    """Nobody was reached: so it stands everywhere, and nothing of it is left."""
    assert called.agent.doing == status
    assert called.agent.at_hand == {"offer": None, "call": None}
    assert called.told == [(called.agent.username, result)]
    assert called.state is State.NOT_REACHED
    assert called.visit.unreached
    assert called.visit.connected_at is None
    panel = called.agent.ask("GET", "/calls/current?lang=en").get_data(True)
    assert "Nobody was reached" in panel
    assert f"/calls/{called.call_id}/call-out" in panel  # once more
    page = called.agent.ask("GET", f"/tickets/{called.ticket.number}?lang=en").get_data(True)
    assert "Called the caller, not reached" in page
    waits = called.world.read(lambda session: session.execute(_OPEN).scalar_one())
    assert waits == 0
    called.world.check()


_OPEN = sa.text(
    "SELECT count(*) FROM waiting WHERE state IN ('waiting', 'offered', 'connecting', 'paused')"
)


# ---------------------------------------------------------------- whom they reach


def test_the_agents_telephone_rings_and_then_the_callers(world: World, called: Called) -> None:
    called.begins()
    assert called.agent.doing == "ready/on_call"
    call = called.agent.call
    assert (call["state"], call["caller"], call["outgoing"]) == ("connecting", NUMBER, True)
    assert call["about_ticket"] == called.ticket.number
    assert called.rung == []
    assert "<Conference" in called.agent.picks_up()
    assert len(called.rung) == 1
    assert "<Conference" in called.answers()
    assert called.agent.call["state"] == "talking"
    can = called.agent.call["can"]
    assert "hold" in can
    assert "transfer" not in can, "they have no call of their own that could wait"
    called.agent.hangs_up()
    assert called.agent.doing == "ready/wrap_up"
    link = {"ticket": called.ticket.number_shown, "note": "it will be mended"}
    assert called.agent.finishes("follow_up", **link) == called.ticket.number
    assert called.told == [(called.agent.username, "answered")]
    assert called.events == [
        "called_out",
        "accepted",
        "connected",
        "callback_tried",
        "consent",
        "talk_ended",
        "wrapped_up",
    ]
    world.check()


def test_earlier_calls_are_those_that_came_in(world: World, called: Called) -> None:
    called.talks()
    called.agent.hangs_up()
    called.agent.finishes("information")
    world.clock.advance(hours=1)
    world.caller(NUMBER).to_queue()
    page = called.agent.ask("GET", f"/calls/of-caller?offer={called.agent.offer['id']}&lang=en")
    assert "Earlier calls in 12 months: 1<" in page.get_data(True)
    assert f"/calls/{called.call_id}" not in page.get_data(True)


def test_what_was_said_stands_in_the_story_of_the_ticket(world: World, called: Called) -> None:
    called.talks().leg_ends()  # the citizen hangs up
    assert called.agent.doing == "ready/wrap_up"
    called.agent.finishes("complaint", category="road_surface", note="it is mended")
    last = world.read(tickets.story, called.ticket.id)[-1]
    assert (last.kind, last.data["text"]) == ("call", "it is mended")
    story_told = called.agent.ask("GET", f"/tickets/{called.ticket.number}?lang=en").get_data(True)
    assert "Talked about again" in story_told
    assert called.call_id in world.read(tickets.calls_of, called.ticket.id)
    page = called.agent.ask("GET", f"/calls/{called.call_id}?lang=en").get_data(True)
    assert "Called out and reached" in page
    assert masked(NUMBER) in page
    assert NUMBER not in page


def test_nothing_written_in_time_makes_no_second_ticket(world: World, called: Called) -> None:
    called.talks().leg_ends()
    world.sweep("ivr.wrap_up", seconds=200)
    assert called.agent.doing == "ready/idle"
    ticket = world.read(tickets.ticket_of_call, called.call_id)
    assert (ticket.id, ticket.incomplete) == (called.ticket.id, False)


def test_it_is_counted_apart(world: World, called: Called) -> None:
    called.talks()
    world.clock.advance(seconds=90)
    called.agent.hangs_up()
    called.agent.finishes("information")
    counted = Counters()
    count_call(counted, called.visit, Rules())
    said = {name: number for name, number in counted.as_dict().items() if number}
    assert said == {"outgoing": 1, "outgoing_reached": 1, "outgoing_talk_ms": 90_000}


def test_who_hangs_up_while_the_notice_is_spoken_leaves_nobody_on_the_line(
    world: World, called: Called
) -> None:
    """They never were in the conference, which therefore does not end by itself."""
    assert "<Say" in called.rings().answers()
    called.leg_ends()
    assert called.agent.doing == "ready/wrap_up"
    assert (called.agent.last_offer.leg_sid,) in world.carrier.of("hang_up")
    world.check()


def test_who_hangs_up_while_the_agent_is_cut_off_leaves_nobody_on_the_line(
    world: World, called: Called
) -> None:
    called.talks()
    citizen, (_, status, sid) = called.rung[-1][2], mine(called)
    world.post(status, CallSid=sid, CallStatus="completed")
    world.deliver()
    back = called.agent.leg
    assert back[2] != sid, "rung again"
    world.post(back[0], CallSid=back[2], CallStatus="in-progress")
    seen = world.read(absences.open_of, called.agent.last_offer.id)
    music = f"/ivr/lost?absence={seen.id}&lang=th"
    assert "<Conference" in world.post(music, CallSid=citizen, CallStatus="in-progress")
    world.carrier.gone.add(citizen)  # on the way there
    world.deliver()
    assert called.agent.doing == "ready/wrap_up"
    assert (back[2],) in world.carrier.of("hang_up")
    world.check()


def mine(called: Called) -> tuple[str, ...]:
    """(url, status callback, sid) of the last call to the agent's telephone."""
    address = called.agent.address
    return [rest for to, *rest in called.world.carrier.of("dial") if to == address][-1]


def test_who_refused_to_be_recorded_is_not_recorded_when_we_call(world: World) -> None:
    ticket = a_ticket(world)
    with world.floor.db.write() as session:
        session.execute(sa.update(Call).values(consent="refused"))
    called = Called(world, ticket, world.agent()).begins()
    assert "record=" not in called.agent.picks_up()
    assert "<Say" not in called.answers(), "there is nothing to be told"
    assert called.agent.call["recording"] is None
    called.agent.hangs_up().finishes()
    world.clock.advance(hours=1)
    again = world.caller(NUMBER).to_queue()  # and does not refuse when they call again
    with world.floor.db.write() as session:
        session.execute(sa.update(Call).where(Call.id == again.id).values(consent="given"))
    again.hangs_up()
    called.begins()
    assert "record=" in called.agent.picks_up()


def test_held_and_with_a_third_party_like_any_conversation(world: World, called: Called) -> None:
    called.talks()
    call_id, leg = called.call_id, called.rung[-1][2]
    called.agent.does(f"/api/calls/{call_id}/hold")
    world.deliver()
    assert world.carrier.of("hold")[-1][1] == leg  # the citizen's own line
    called.agent.does(f"/api/calls/{call_id}/resume")
    called.agent.does(f"/api/calls/{call_id}/transfer", to="directory:police", how="first")
    world.deliver()
    assert called.agent.call["party"]["state"] == "dialling"
    called.agent.hangs_up()
    world.check()


def test_nothing_else_is_offered_meanwhile(world: World, called: Called) -> None:
    called.begins()
    waits = world.caller().to_queue()
    assert called.agent.offer is None
    called.agent.picks_up()
    called.leg_ends("busy")
    assert called.agent.offer["call_id"] == waits.id  # and then it is


def test_who_does_paperwork_on_a_break_may_call(world: World, called: Called) -> None:
    called.agent.rests()
    called.talks()
    assert called.agent.doing == "break/on_call"
    called.agent.hangs_up()
    called.agent.finishes("information")
    assert called.agent.doing == "break/idle"


# ---------------------------------------------------------------- nobody is reached


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed"])
def test_who_is_not_reached_is_not_rung_by_others(
    world: World, called: Called, status: str
) -> None:
    other = world.agent()
    called.rings().leg_ends(status)
    over(called, status)
    world.sweep(seconds=600)
    assert (other.offer, len(called.rung)) == (None, 1)
    counted = Counters()
    count_call(counted, called.visit, Rules())
    assert {name: n for name, n in counted.as_dict().items() if n} == {"outgoing": 1}


def test_a_number_that_the_carrier_refuses(world: World, called: Called, monkeypatch: Any) -> None:
    called.begins()
    monkeypatch.setattr(world.carrier, "dial", _refuses)
    called.agent.picks_up()
    over(called, "failed")


def _refuses(*_: Any, **__: Any) -> str:
    raise Refused("no such number")


def test_the_agents_own_telephone_does_not_answer(world: World, called: Called) -> None:
    called.begins().agent.leg_ends("no-answer")
    world.sweep(seconds=120)
    over(called, "agent", "missed/idle")
    assert called.rung == []


def test_the_agent_hangs_up_while_it_rings(world: World, called: Called) -> None:
    called.rings().agent.hangs_up()
    over(called, "stopped")
    assert (called.rung[-1][2],) in world.carrier.of("hang_up")
    called.leg_ends("canceled")  # told late
    over(called, "stopped")


def test_the_agent_hangs_up_before_anything_rings(world: World, called: Called) -> None:
    called.agent.does(f"/api/tickets/{called.ticket.number}/call-out")
    called.agent.hangs_up()
    over(called, "stopped")
    assert called.rung == []


def test_an_attempt_that_begins_as_the_agent_gives_up_rings_nobody(
    world: World, called: Called
) -> None:
    called.begins()
    url, _, sid = called.agent.leg
    world.post(url, CallSid=sid, CallStatus="in-progress")
    offer = called.agent.last_offer
    begin = partial(attempts.begin, world.floor, offer_id=offer.id, now=clock.now())
    path = f"/api/calls/{called.call_id}/hang-up"
    there = replace(called.agent, world=world.another())
    assert meanwhile(world, begin, lambda: there.does(path)) == []
    still = sa.select(sa.func.count()).where(CallbackAttempt.ended_at.is_(None))
    assert world.read(lambda session: session.execute(still).scalar_one()) == 0
    world.deliver()
    over(called, "stopped")
    assert called.rung == []


@pytest.mark.parametrize("status", ["completed", "no-answer"])
def test_giving_up_and_the_end_of_the_ringing_at_once(
    world: World, called: Called, status: str
) -> None:
    called.rings()
    path = f"/api/calls/{called.call_id}/hang-up"
    there = replace(called.agent, world=world.another())
    _, url, sid = called.rung[-1]
    ends = partial(world.another().post, url, CallSid=sid, CallStatus=status)
    assert at_once(lambda: there.ask("POST", path), ends) == []
    world.deliver()
    (_, result) = called.told[0]
    assert result in ("stopped", "failed", "no-answer")
    over(called, result)


def test_giving_up_and_an_answer_at_once(world: World, called: Called) -> None:
    called.rings()
    path = f"/api/calls/{called.call_id}/hang-up"
    there = replace(called.agent, world=world.another())
    url, _, sid = called.rung[-1]
    answers = partial(world.another().post, url, CallSid=sid, CallStatus="in-progress")
    assert at_once(lambda: there.does(path), answers) == []
    world.deliver()
    if called.state is State.REACHED:
        assert called.agent.doing == "ready/wrap_up"
        assert called.told == [(called.agent.username, "answered")]
    else:
        over(called, "stopped")
    world.check()


def test_the_agents_telephone_is_gone_while_it_rings(world: World, called: Called) -> None:
    called.begins()
    leg = called.agent.leg
    called.agent.picks_up()
    world.post(leg[1], CallSid=leg[2], CallStatus="completed")
    world.deliver()
    over(called, "agent", "missed/idle")
    assert (called.rung[-1][2],) in world.carrier.of("hang_up")


def test_the_carrier_is_away(world: World, called: Called) -> None:
    world.carrier.away = True
    called.begins()
    world.sweep("ivr.expire_offers", seconds=120)
    over(called, "agent", "missed/idle")
    world.carrier.away = False
    world.deliver()
    assert called.rung == []  # nobody is rung for what is over


def test_a_status_that_never_comes_is_asked_for(world: World, called: Called) -> None:
    called.rings()
    world.sweep(seconds=120)
    over(called, "no-answer")


def test_the_citizen_answers_in_the_moment_of_giving_up(world: World, called: Called) -> None:
    called.talks().agent.hangs_up()
    assert called.agent.doing == "ready/wrap_up"
    assert called.told == [(called.agent.username, "answered")]


# ---------------------------------------------------------------- twice, and two at once


def test_pressed_twice_it_is_one_call(world: World, called: Called) -> None:
    called.begins().begins()
    called.rings()
    assert len(called.rung) == 1
    made = sa.select(sa.func.count()).where(Call.sid.startswith("out-"))
    assert world.read(lambda session: session.execute(made).scalar_one()) == 1


def test_two_agents_at_once_are_one_call(world: World, called: Called) -> None:
    other = world.agent()

    def press(agent: Agent) -> int:
        there = world.another()
        path = f"/api/tickets/{called.ticket.number}/call-out"
        headers = {"Authorization": f"Bearer {agent.token}"}
        return there.client.post(path, headers=headers).status_code

    with ThreadPoolExecutor(2) as both:
        answers = sorted(both.map(press, (called.agent, other)))
    assert answers == [200, 409]
    assert {called.agent.doing, other.doing} == {"ready/on_call", "ready/idle"}
    world.deliver()
    world.check()


def test_two_fingers_of_one_agent_at_once(world: World, called: Called) -> None:
    def press(_: int) -> int:
        there = world.another()
        path = f"/api/tickets/{called.ticket.number}/call-out"
        headers = {"Authorization": f"Bearer {called.agent.token}"}
        return there.client.post(path, headers=headers).status_code

    with ThreadPoolExecutor(2) as both:
        assert list(both.map(press, range(2))) == [200, 200]
    live = sa.select(sa.func.count()).where(Offer.state == "accepted")
    assert world.read(lambda session: session.execute(live).scalar_one()) == 1


def test_one_who_is_called_back_just_now_is_not_called_twice(world: World, called: Called) -> None:
    missed = world.caller(NUMBER).to_queue().hangs_up()
    other = world.agent()
    other.does(f"/api/callbacks/call/{missed.id}/back")
    refused = called.agent.does(f"/api/tickets/{called.ticket.number}/call-out", 409)
    assert refused["error"]["code"] == "cannot-call"


def test_a_call_out_in_vain_strikes_no_missed_call_off(world: World, called: Called) -> None:
    world.clock.advance(seconds=100)
    missed = world.caller(NUMBER).to_queue("2", "1").hangs_up()
    assert missed.id in _missed(world)
    called.agent.rests()
    called.rings().leg_ends("no-answer")
    assert missed.id in _missed(world)
    world.clock.advance(seconds=60)
    called.talks()
    assert missed.id not in _missed(world)  # they have been spoken to


def _missed(world: World) -> list[int]:
    headers = {"Authorization": f"Bearer {sign_in_as(world.floor, Role.SUPERVISOR)}"}
    listed = world.client.get("/api/callbacks", headers=headers).get_json()
    assert all(row["state"] != "not_reached" for row in listed["callbacks"])
    return [row["call_id"] for row in listed["abandoned"]]


# ---------------------------------------------------------------- whom an agent may call


def refused(world: World, agent: Agent, ticket: TicketFacts, words: str) -> None:
    path = f"/tickets/{ticket.number}/call-out"
    answer = agent.ask("POST", f"/api{path}?lang=en")
    assert answer.status_code == 409, answer.get_data(True)
    assert words in answer.get_json()["error"]["message"]
    assert agent.doing.endswith("/idle")
    page = agent.ask("GET", f"/tickets/{ticket.number}?lang=en").get_data(True)
    assert words in page
    assert 'data-key="c"' not in page
    made = sa.select(sa.func.count()).where(Call.sid.startswith("out-"))
    assert world.read(lambda session: session.execute(made).scalar_one()) == 0


def test_nobody_without_a_number(world: World) -> None:
    refused(world, world.agent(ready=False), a_ticket(world, None), "is not known")


def test_nobody_who_is_blocked(world: World, called: Called) -> None:
    with world.floor.db.write() as session:
        nuisance.block(session, NUMBER, reason="silent", days=1, by="boss", now=clock.now())
    refused(world, called.agent, called.ticket, "is blocked")


@pytest.mark.parametrize("number", ["+66191", "+661669", "1337"])
def test_no_emergency_and_not_ourselves(world: World, called: Called, number: str) -> None:
    with world.floor.db.write() as session:
        session.execute(sa.text("UPDATE tickets SET caller_number = :number"), {"number": number})
    words = "not known" if number == "1337" else "does not call this number"
    refused(world, called.agent, called.ticket, words)


def test_nobody_in_the_night_but_about_an_emergency(world: World, called: Called) -> None:
    world.clock.advance(hours=10)  # eleven in the evening
    refused(world, called.agent, called.ticket, "08:00-20:00")
    with world.floor.db.write() as session:
        session.execute(sa.text("UPDATE tickets SET priority = 'critical'"))
    called.talks()


def test_who_called_a_moment_ago_is_called_at_any_hour(world: World) -> None:
    world.clock.advance(hours=12)
    caller = world.caller(NUMBER).to_queue()
    agent = world.agent().talks_with(caller)
    caller.hangs_up()  # cut off in mid-sentence
    agent.finishes("information")
    agent.does(f"/api/calls/{caller.id}/call-out")
    assert (agent.call["caller"], agent.call["outgoing"]) == (NUMBER, True)


def test_only_a_call_of_ones_own(world: World) -> None:
    caller = world.caller(NUMBER).to_queue()
    agent = world.agent().talks_with(caller)
    caller.hangs_up()
    agent.finishes("information")
    world.agent().does(f"/api/calls/{caller.id}/call-out", 403)
    with world.floor.db.write() as session:
        long_ago = clock.now() - timedelta(days=8)
        session.execute(sa.update(Offer).values(ended_at=long_ago))
    agent.does(f"/api/calls/{caller.id}/call-out", 403)  # from its ticket, then


def test_nobody_again_about_a_ticket_that_one_may_not_read(world: World) -> None:
    caller = world.caller(NUMBER).to_queue()
    agent, other = world.agent(), world.agent(ready=False)
    agent.talks_with(caller)
    caller.hangs_up()
    agent.finishes("information")
    with world.floor.db.write() as session:
        values = {"private": True, "made_by": other.username}
        session.execute(sa.update(Ticket).values(values))
    agent.does(f"/api/calls/{caller.id}/call-out", 404)


def test_no_ticket_that_one_may_not_read(world: World, called: Called) -> None:
    with world.floor.db.write() as session:
        session.execute(sa.text("UPDATE tickets SET private = true"))
    called.begins(404)


def test_a_division_has_no_telephone_of_the_hotline(world: World, called: Called) -> None:
    headers = {"Authorization": f"Bearer {sign_in_as(world.floor, Role.DIVISION)}"}
    path = f"/api/tickets/{called.ticket.number}/call-out"
    assert world.client.post(path, headers=headers).status_code == 403


def test_who_is_not_there_or_has_something_at_hand(world: World, called: Called) -> None:
    called.agent.goes_home()
    assert called.begins(409).agent.doing == "signed_out/idle"
    called.agent.ready()
    caller = world.caller().to_queue()
    called.begins(409)
    called.agent.talks_with(caller)
    called.begins(409)
    assert called.agent.call["id"] == caller.id


# ---------------------------------------------------------------- a missed call


def test_a_missed_call_is_returned_at_once(world: World) -> None:
    missed = world.caller(NUMBER).to_queue().hangs_up()
    agent = world.agent()
    assert agent.does(f"/api/callbacks/call/{missed.id}/back") == {"offered_to_me": True}
    assert agent.does(f"/api/callbacks/call/{missed.id}/back") == {"offered_to_me": True}
    world.deliver()
    agent.picks_up()
    agent.hangs_up()  # given up before they answered: they are owed the call all the same
    assert agent.doing == "ready/idle"
    found = sa.select(Callback.state, Callback.tries).where(Callback.call_id == missed.id)
    assert world.read(lambda session: tuple(session.execute(found).one())) == ("paused", 0)
    pause = world.floor.section(Ivr).callbacks.pause.no_answer
    world.sweep(seconds=pause + 1)
    assert agent.offer["call_id"] == missed.id
    world.check()


def test_given_up_before_ones_own_telephone_has_answered(world: World) -> None:
    """It rings no more; and is not told that somebody was not reached."""
    missed = world.caller(NUMBER).to_queue().hangs_up()
    agent = world.agent()
    agent.does(f"/api/callbacks/call/{missed.id}/back")
    world.deliver()
    leg = agent.leg[2]
    agent.hangs_up()
    assert world.carrier.of("redirect") == []
    assert world.carrier.of("hang_up") == [(leg,)]
    assert agent.doing == "ready/idle"
    world.check()


# ---------------------------------------------------------------- a plain telephone


def test_a_plain_telephone_is_asked_before_anybody_is_rung(world: World) -> None:
    ticket = a_ticket(world)
    agent = world.agent(address="+66899999999")
    called = Called(world, ticket, agent).begins()
    assert agent.doing == "ready/offered"
    url, _, sid = agent.leg
    heard = world.post(url, CallSid=sid, CallStatus="in-progress")
    assert "กด 1" in heard
    action = heard.split('action="')[1].split('"')[0]
    assert "<Conference" in world.post(action, CallSid=sid, CallStatus="in-progress", Digits="1")
    world.deliver()
    called.answers()
    assert agent.call["state"] == "talking"


def test_a_plain_telephone_that_nobody_lifts(world: World) -> None:
    called = Called(world, a_ticket(world), world.agent(address="+66899999999")).begins()
    called.agent.leg_ends("no-answer")
    assert called.told == [(called.agent.username, "agent")]
    assert called.agent.doing == "missed/idle"
    assert called.state is State.NOT_REACHED
    world.check()


def takes(called: Called) -> None:
    """A plain telephone is lifted, and 1 pressed."""
    url, _, sid = called.agent.leg
    heard = called.world.post(url, CallSid=sid, CallStatus="in-progress")
    action = heard.split('action="')[1].split('"')[0]
    called.world.post(action, CallSid=sid, CallStatus="in-progress", Digits="1")


@pytest.mark.parametrize("rings", [True, False])
def test_a_plain_telephone_that_is_put_down_while_it_rings_gives_up(
    world: World, rings: bool
) -> None:
    called = Called(world, a_ticket(world), world.agent(address="+66899999999")).begins()
    leg = called.agent.leg
    takes(called)
    if rings:
        world.deliver()
    world.post(leg[1], CallSid=leg[2], CallStatus="completed")
    world.deliver()
    over(called, "stopped")
    assert [sid for *_, sid in called.rung if (sid,) not in world.carrier.of("hang_up")] == []


def test_a_plain_telephone_put_down_and_an_answer_at_once(world: World) -> None:
    called = Called(world, a_ticket(world), world.agent(address="+66899999999")).begins()
    _, status, leg = called.agent.leg
    takes(called)
    world.deliver()
    url, _, sid = called.rung[-1]
    down = partial(world.another().post, status, CallSid=leg, CallStatus="completed")
    answers = partial(world.another().post, url, CallSid=sid, CallStatus="in-progress")
    assert at_once(down, answers) == []
    world.deliver()
    if called.state is State.REACHED:
        assert called.agent.doing == "ready/wrap_up"
    else:
        over(called, "stopped")
    world.check()


def test_a_plain_telephone_that_is_put_down_keeps_what_was_promised(world: World) -> None:
    missed = world.caller(NUMBER).to_queue().hangs_up()
    agent, other = world.agent(address="+66899999999"), world.agent(ready=False)
    agent.does(f"/api/callbacks/call/{missed.id}/back")
    world.deliver()
    leg = agent.leg
    url, _, sid = leg
    heard = world.post(url, CallSid=sid, CallStatus="in-progress")
    action = heard.split('action="')[1].split('"')[0]
    world.post(action, CallSid=sid, CallStatus="in-progress", Digits="1")
    world.deliver()
    world.post(leg[1], CallSid=sid, CallStatus="completed")
    other.ready()
    assert (agent.doing, other.offer) == ("ready/idle", None)
    found = sa.select(Callback.state, Callback.tries).where(Callback.call_id == missed.id)
    assert world.read(lambda session: tuple(session.execute(found).one())) == ("paused", 0)
    world.check()


# ---------------------------------------------------------------- a ticket to be completed


def incomplete(world: World) -> TicketFacts:
    """A matter of which the agent wrote nothing in time."""
    caller = world.caller(NUMBER).to_queue()
    agent = world.agent().talks_with(caller)
    caller.hangs_up()
    world.sweep("ivr.wrap_up", seconds=200)
    agent.goes_home()
    found: TicketFacts = world.read(tickets.ticket_of_call, caller.id)
    assert found.incomplete
    return found


def test_an_incomplete_ticket_is_not_linked_to_itself(world: World) -> None:
    ticket = incomplete(world)
    called = Called(world, ticket, world.agent()).talks()
    called.leg_ends()
    said = {"ticket": ticket.number_shown, "note": "they call again tomorrow"}
    assert called.agent.finishes("follow_up", **said) == ticket.number
    after = world.read(tickets.by_number, ticket.number)
    assert (after.incomplete, after.is_open) == (True, True), "what it is about is not known yet"
    last = world.read(tickets.story, ticket.id)[-1]
    assert (last.kind, last.data["text"]) == ("call", "they call again tomorrow")
    assert called.call_id in world.read(tickets.calls_of, ticket.id)
    finish = f"/api/calls/{called.call_id}/finish"
    called.agent.does(finish, outcome="follow_up", **said)  # said twice
    assert world.read(tickets.story, ticket.id)[-1] == last
    called.talks().leg_ends()
    called.agent.finishes("complaint", category="road_surface")
    assert not world.read(tickets.by_number, ticket.number).incomplete


# ---------------------------------------------------------------- neither cancelled nor forgotten


def test_a_call_of_an_agents_is_no_promise_to_be_cancelled(world: World, called: Called) -> None:
    called.rings()
    found = sa.select(Callback.id).where(Callback.call_id == called.call_id)
    callback_id = world.read(lambda session: session.execute(found).scalar_one())
    headers = {"Authorization": f"Bearer {sign_in_as(world.floor, Role.SUPERVISOR)}"}
    answer = world.client.post(f"/api/callbacks/{callback_id}/cancel", headers=headers)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (409, "callback-moved")
    assert called.state is State.DIALLING
    called.answers()
    assert called.agent.call["state"] == "talking"


def test_a_number_is_not_forgotten_while_it_is_called(world: World, called: Called) -> None:
    def forgets() -> None:
        with world.floor.db.write() as session:
            callers.erase(session, NUMBER, now=clock.now(), dry=False)

    called.rings()
    with pytest.raises(StillPromised):
        forgets()
    called.leg_ends("busy")
    forgets()
    assert world.read(calls.facts, called.call_id).from_number == ""


# ---------------------------------------------------------------- lists


def test_lists_and_history_tell_it_apart(world: World, called: Called) -> None:
    called.rings().leg_ends("busy")
    headers = {"Authorization": f"Bearer {sign_in_as(world.floor, Role.SUPERVISOR)}"}

    def listed(outcome: str) -> str:
        answer = world.client.get(f"/calls?lang=en&outcome={outcome}", headers=headers)
        return answer.get_data(True)

    here = f"/calls/{called.call_id}"
    assert [
        here in listed(name) for name in ("outgoing", "incoming", "answered", "not_queued")
    ] == [
        True,
        False,
        False,
        False,
    ]
    assert "Called out, not reached" in listed("outgoing")


def test_the_hotlines_division_is_still_that_of_the_ticket(world: World, called: Called) -> None:
    called.talks()
    called.agent.hangs_up()
    called.agent.finishes("information")
    after = world.read(tickets.by_number, called.ticket.number)
    assert after.division == world.floor.section(Tickets).division_of("road_surface")
    assert after.is_open
    assert timedelta(0) < clock.now() - after.received_at


def test_who_is_promised_a_call_while_they_are_rung_is_not_rung_twice(
    world: World, called: Called
) -> None:
    called.begins()
    mine = called.agent.leg
    promised = world.caller(NUMBER).to_queue().hangs_up()
    other = world.agent()
    other.does(f"/api/callbacks/call/{promised.id}/back")
    world.deliver()
    for url, _, sid in (mine, other.leg):
        world.post(url, CallSid=sid, CallStatus="in-progress")
        world.deliver()
    rung = [rest for to, *rest in world.carrier.of("dial") if to == NUMBER]
    assert len(rung) == 1
    found = sa.select(Callback.state).where(Callback.call_id == promised.id)
    assert world.read(lambda session: session.execute(found).scalar_one()) == "paused"
    assert other.doing == "ready/idle"
    world.check()
