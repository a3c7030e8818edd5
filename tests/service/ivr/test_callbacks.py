"""Somebody is called back: the place is kept, the agent is reserved first, and nobody is rung
twice, whatever the carrier, the agents and the workers do meanwhile.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from hotline import clock
from hotline.errors import Invalid
from hotline.telephony import CarrierError, Refused
from ivr import jobs, story
from ivr.callbacks import rows as callback_rows
from ivr.callbacks import service as callbacks
from ivr.callbacks.rows import Asked, CallbackFacts
from ivr.callbacks.rules import State
from ivr.config import Ivr
from ivr.errors import CallbackMoved
from ivr.room import waiting
from ivr.room.waiting import Place
from ivr.story import Visit
from reports.metrics import Counters, Rules, count_call
from tests.service.ivr.world import Agent, Caller, World
from tickets import service as tickets


@dataclass
class Promise:
    """A callback, and the citizen's telephone as the carrier moves it."""

    world: World
    caller: Caller
    id: int

    @property
    def now(self) -> CallbackFacts:
        found: CallbackFacts = self.world.read(callback_rows.facts, self.id)
        return found

    @property
    def place(self) -> waiting.Stay:
        found: waiting.Stay = self.world.read(waiting.by_id, self.now.waiting_id)
        return found

    @property
    def rung(self) -> list[tuple[str, ...]]:
        """(url, status callback, sid) of each time that the citizen was rung."""
        return [rest for to, *rest in self.world.carrier.of("dial") if to == self.now.number]

    def answers(self) -> str:
        url, _, sid = self.rung[-1]
        return self.world.post(url, CallSid=sid, CallStatus="in-progress")

    def leg_ends(self, status: str) -> None:
        _, url, sid = self.rung[-1]
        self.world.carrier.gone.add(sid)
        self.world.post(url, CallSid=sid, CallStatus=status)
        self.world.deliver()

    @property
    def visits(self) -> list[Visit]:
        found: list[Visit] = self.world.read(story.visits_of, self.caller.id)
        return found

    @property
    def tried(self) -> list[tuple[int, str]]:
        events = self.world.story(self.caller)
        return [
            (event.data["attempt"], event.data["result"])
            for event in events
            if event.kind == "callback_tried"
        ]


def asks(
    world: World,
    caller: Caller,
    *,
    number: str = "",
    at: datetime | None = None,
    stays: bool = True,
) -> Promise:
    """What the flow does when a caller asks to be called back."""
    with world.floor.db.write() as session:
        stay = waiting.latest(session, caller.id) if stays else None
        asked = Asked(
            caller.id,
            number or caller.number,
            stay.queue if stay else "information",
            stay.language if stay else "th",
            stay.node if stay else "ask",
            at,
        )
        made = callbacks.request(world.floor, session, asked, stay, now=clock.now())
    return Promise(world, caller, made.id)


def promised(world: World, **how: Any) -> Promise:
    """A caller who waited, asked, and has hung up."""
    caller = world.caller().to_queue()
    promise = asks(world, caller, **how)
    caller.hangs_up()
    return promise


def rings(agent: Agent) -> Agent:
    """The agent takes the callback and waits on the line; the citizen's telephone rings."""
    agent.accepts().picks_up()
    return agent


def counted(visits: list[Visit]) -> Counters:
    counters = Counters()
    for visit in visits:
        count_call(counters, visit, Rules())
    return counters


# ---------------------------------------------------------------- the promise


def test_the_place_is_kept_and_outlives_the_call(world: World) -> None:
    caller = world.caller().to_queue()
    entered = caller.stay.entered_at
    world.clock.advance(seconds=100)
    promise = asks(world, caller)
    caller.hangs_up()
    caller.leaves("hangup")  # late
    world.sweep(seconds=600)  # nothing is heard of a wait loop, and nobody misses it
    assert promise.now.state is State.IN_LINE
    assert (promise.place.state, promise.place.entered_at) == ("waiting", entered)
    assert "abandoned" not in world.events(caller)
    world.check()


def test_asked_for_again_it_is_the_same_promise(world: World) -> None:
    caller = world.caller().to_queue()
    first = asks(world, caller)
    again = asks(world, caller)
    caller.hangs_up()
    assert again.id == first.id
    assert world.events(caller).count("callback") == 1
    assert world.events(caller).count("callback_queued") == 1


def test_a_second_call_of_the_same_number_changes_the_first_promise(world: World) -> None:
    promise = promised(world)
    world.clock.advance(seconds=60)
    second = world.caller(promise.now.number).comes_again()
    later = clock.now() + timedelta(hours=2)
    again = asks(world, second, at=later)
    second.hangs_up()
    assert again.id == promise.id
    assert (again.now.state, again.now.wanted_at) == (State.SCHEDULED, later)
    assert world.visit(second).promised
    assert second.stay.state == "left"
    world.check()


def test_the_newest_number_wins(world: World) -> None:
    caller = world.caller().to_queue()
    promise = asks(world, caller)
    asks(world, caller, number="+66899999999")
    assert promise.now.number == "+66899999999"


def test_no_number_is_no_promise(world: World) -> None:
    caller = world.caller().to_queue()
    with pytest.raises(Invalid, match="telephone number"):
        asks(world, caller, number="1155")


def test_a_number_that_the_city_does_not_pay_for_is_no_promise(world: World) -> None:
    rules = world.floor.section(Ivr).callbacks.model_copy(update={"prefixes": ("+66", "+7")})
    ivr = world.floor.section(Ivr).model_copy(update={"callbacks": rules})
    world.floor.sections = {**world.floor.sections, Ivr: ivr}
    caller = world.caller().to_queue()
    with pytest.raises(Invalid, match="not one that the city calls"):
        asks(world, caller, number="+88216000000")
    assert asks(world, caller, number="+79161234567").now.state is State.IN_LINE


def test_two_workers_promise_once(world: World) -> None:
    """The same number asks in two calls in the same moment."""
    callers = [world.caller("+66812345678").comes_again() for _ in range(2)]

    def ask(caller: Caller) -> int:
        try:
            return asks(world, caller).id
        except Exception:  # the loser of the race is told to try again, as every webhook does
            return asks(world, caller).id

    with ThreadPoolExecutor(2) as both:
        ids = set(both.map(ask, callers))
    assert len(ids) == 1


# ---------------------------------------------------------------- kept


def test_the_agent_is_reserved_first_and_then_the_citizen_is_rung(world: World) -> None:
    promise = promised(world)
    agent = world.agent()
    assert agent.doing == "ready/offered"
    assert agent.offer["callback"]["attempt"] == 1
    assert promise.rung == []
    agent.accepts()
    assert promise.rung == []  # the agent's own telephone rings, and nobody else's
    agent.picks_up()
    assert len(promise.rung) == 1
    assert promise.now.state is State.DIALLING
    heard = promise.answers()
    assert f"talk-{agent.last_offer.id}</Conference>" in heard
    assert agent.at_hand["call"]["state"] == "talking"
    assert agent.call["caller"] == promise.now.number
    assert promise.now.state is State.REACHED
    agent.hangs_up()
    # the conference ends with the agent, and the citizen hears goodbye there
    assert world.carrier.of("hang_up") == [(_agents_leg(world, agent)[2],)]
    ticket = agent.finishes()
    _, visit = promise.visits
    assert (visit.agent_id, visit.ticket) == (agent.id, ticket)
    world.check()


def test_the_citizen_hangs_up_during_the_talk(world: World) -> None:
    promise = promised(world)
    agent = rings(world.agent())
    promise.answers()
    promise.leg_ends("completed")
    promise.leg_ends("completed")
    assert agent.at_hand["call"]["state"] == "wrap_up"
    (ended,) = [e for e in world.story(promise.caller) if e.kind == "talk_ended"]
    assert ended.data["by"] == "caller"


def test_who_is_still_on_the_line_is_brought_and_not_rung(world: World) -> None:
    """An agent was ready in the very moment."""
    caller = world.caller().to_queue()
    promise = asks(world, caller)
    agent = rings(world.agent())
    assert promise.rung == []
    caller.brought()
    assert agent.at_hand["call"]["state"] == "talking"
    assert promise.now.state is State.REACHED
    caller.hangs_up()
    assert agent.at_hand["call"]["state"] == "wrap_up"


def test_who_hung_up_before_being_brought_is_rung(world: World) -> None:
    caller = world.caller().to_queue()
    promise = asks(world, caller)
    agent = world.agent().accepts()
    world.carrier.gone.add(caller.sid)  # and we have not heard of it yet
    agent.picks_up()
    assert len(promise.rung) == 1
    caller.hangs_up()
    assert agent.at_hand["call"]["state"] == "connecting"
    promise.answers()
    assert agent.at_hand["call"]["state"] == "talking"


def test_the_place_in_the_line_is_the_old_one(world: World) -> None:
    promise = promised(world)
    world.clock.advance(seconds=30)
    later = world.caller().to_queue()
    agent = world.agent()
    assert agent.offer["call_id"] == promise.caller.id
    assert later.stay.state == "waiting"


# ---------------------------------------------------------------- not reached


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed", "canceled"])
def test_who_is_not_reached_is_tried_again_in_the_same_place(world: World, status: str) -> None:
    promise = promised(world)
    entered = promise.place.entered_at
    agent = rings(world.agent())
    promise.leg_ends(status)
    promise.leg_ends(status)  # twice
    assert agent.doing == "ready/idle"  # released: it was no fault of theirs
    page = agent.ask("GET", "/calls/current").get_data(True)
    assert 'id="not-reached"' in page, "and their desk says why"
    assert "/call-out" not in page, "of no ticket yet: what follows stands in the list"
    _, _, leg = agent.leg if promise.rung == [] else _agents_leg(world, agent)
    assert world.carrier.of("redirect")[-1][0] == leg  # a word in their ear, and hung up
    assert (promise.now.state, promise.now.tries) == (State.PAUSED, 1)
    world.sweep(seconds=290)
    assert promise.now.state is State.PAUSED
    world.sweep(seconds=20)
    assert promise.now.state is State.IN_LINE
    assert promise.place.entered_at == entered
    assert agent.offer["callback"]["attempt"] == 2
    world.check()


def _agents_leg(world: World, agent: Agent) -> list[str]:
    address = f"client:agent-{agent.id}"
    return [rest for to, *rest in world.carrier.of("dial") if to == address][-1]


def test_after_the_last_try_a_ticket_stands_for_it_and_somebody_decides(world: World) -> None:
    promise = promised(world)
    agent = world.agent()
    for _ in range(4):
        rings(agent)
        promise.leg_ends("busy")
        world.sweep(seconds=310)
    assert promise.now.state is State.UNREACHED
    assert promise.tried == [(n, "busy") for n in (1, 2, 3, 4)]
    ticket = world.read(tickets.ticket_of_call, promise.caller.id)
    assert (ticket.source, ticket.incomplete) == ("callback", True)
    assert ticket.caller_number == promise.now.number
    assert agent.doing == "ready/idle"
    assert counted(promise.visits).callbacks_unreached == 1
    # once more, by hand: the conversation ends on that same ticket
    with world.floor.db.write() as session:
        callbacks.retry(world.floor, session, promise.id, by="somchai", now=clock.now())
    rings(agent)
    promise.answers()
    agent.hangs_up()
    assert agent.finishes("information", note="told them") == ticket.number
    after = world.read(tickets.ticket_of_call, promise.caller.id)
    assert not after.incomplete
    world.check()


def test_an_agent_who_lets_it_ring_is_no_try_of_the_citizen(world: World) -> None:
    """Amazon Connect: an agent's not accepting an offered callback is no failed attempt."""
    promise = promised(world)
    first = world.agent()
    world.sweep("ivr.expire_offers", seconds=30)
    assert first.doing == "missed/idle"
    second = world.agent().accepts()
    world.clock.advance(seconds=20)
    second.leg_ends("no-answer")  # accepted, and did not lift the telephone
    assert second.doing == "missed/idle"
    assert (promise.now.state, promise.now.tries) == (State.IN_LINE, 0)
    assert promise.rung == []


def test_an_agent_who_hangs_up_while_it_rings_is_no_try_either(world: World) -> None:
    promise = promised(world)
    agent = rings(world.agent())
    _, url, sid = _agents_leg(world, agent)
    world.post(url, CallSid=sid, CallStatus="completed")
    world.deliver()
    assert (promise.rung[0][2],) in world.carrier.of("hang_up")  # it stops ringing there
    assert (promise.now.state, promise.now.tries) == (State.IN_LINE, 0)
    assert agent.doing == "missed/idle"
    assert "<Dial" in promise.answers()  # too late: put through, not left in silence
    promise.leg_ends("completed")
    assert (promise.now.state, promise.now.tries) == (State.IN_LINE, 0)
    world.check()


# ---------------------------------------------------------------- carriers and workers


def test_a_worker_that_dies_after_dialling_rings_nobody_twice(world: World) -> None:
    promise = promised(world)
    agent = rings(world.agent())
    with world.floor.db.write() as session:  # it never noted the call
        session.execute(sa.text("UPDATE callback_attempts SET leg_sid = NULL"))
    jobs.bring_caller(world.floor, {"offer": agent.last_offer.id})
    assert len(promise.rung) == 1
    promise.answers()  # the telephone that rings says itself who it is
    assert agent.at_hand["call"]["state"] == "talking"


def test_a_worker_that_dies_before_dialling_costs_a_try_and_no_more(world: World) -> None:
    promise = promised(world)
    agent = world.agent().accepts()
    dial = world.carrier.dial
    world.carrier.dial = _raises(CarrierError("the answer never came"))  # type: ignore[method-assign]
    agent.picks_up()
    world.carrier.dial = dial  # type: ignore[method-assign]
    assert promise.now.state is State.DIALLING
    world.sweep(seconds=60)
    assert (promise.now.state, promise.now.tries) == (State.PAUSED, 1)
    assert agent.doing == "ready/idle"
    world.check()


def test_a_number_that_the_carrier_refuses_keeps_no_agent_waiting(world: World) -> None:
    promise = promised(world)
    agent = world.agent().accepts()
    world.carrier.dial = _raises(Refused("no such number"))  # type: ignore[method-assign]
    agent.picks_up()
    assert promise.tried == [(1, "failed")]
    assert agent.doing == "ready/idle"


def _raises(error: Exception) -> Callable[..., str]:
    def dial(*_args: object, **_more: object) -> str:
        raise error

    return dial


def test_a_status_that_never_comes_is_asked_for(world: World) -> None:
    promise = promised(world)
    agent = rings(world.agent())
    promise.answers()
    agent.hangs_up()
    agent.finishes()
    world.carrier.gone.add(promise.rung[0][2])

    def ends() -> list[Any]:
        with world.floor.db.read() as session:
            ended = session.execute(sa.text("SELECT ended_at FROM callback_attempts")).scalars()
            return list(ended)

    assert ends() == [None]
    world.sweep(seconds=120)
    assert len(ends()) == 1
    assert None not in ends()


def test_the_answer_twice_is_one_conversation_and_late_it_is_none(world: World) -> None:
    promise = promised(world)
    agent = rings(world.agent())
    assert promise.answers() == promise.answers()
    assert world.events(promise.caller).count("connected") == 1
    agent.hangs_up()
    promise.leg_ends("completed")
    assert "Conference" not in promise.answers()
    assert promise.now.state is State.REACHED


def test_another_telephone_than_the_one_that_is_rung_changes_nothing(world: World) -> None:
    promise = promised(world)
    rings(world.agent())
    url, status, _ = promise.rung[0]
    assert "Conference" not in world.post(url, CallSid="CAstranger", CallStatus="in-progress")
    world.post(status, CallSid="CAstranger", CallStatus="busy")
    assert promise.now.state is State.DIALLING


# ---------------------------------------------------------------- the citizen calls again


def resumed(world: World, promise: Promise) -> Caller:
    """What the flow does with a citizen who calls again and keeps the place."""
    caller = world.caller(promise.now.number).ring()
    with world.floor.db.write() as session:
        found = callbacks.pending_for(session, caller.number)
        assert found is not None
        since = callbacks.resume(session, found.id, caller.id, now=clock.now())
        assert since is not None
        place = Place(caller.id, 1, "ask", found.queue, found.language, 0)
        assert waiting.enter(session, place, now=clock.now(), entered_at=since)
    return caller


@pytest.mark.parametrize("moment", ["waiting", "offered", "accepted", "dialling"])
def test_a_citizen_who_calls_again_takes_the_place_over(world: World, moment: str) -> None:
    promise = promised(world)
    entered = promise.place.entered_at
    world.clock.advance(seconds=40)
    agent = None if moment == "waiting" else world.agent()
    if agent is not None and moment == "accepted":
        agent.accepts()
    elif agent is not None and moment == "dialling":
        rings(agent)
    caller = resumed(world, promise)
    world.deliver()
    assert promise.now.state is State.TAKEN_OVER
    assert promise.place.state == "left"
    assert caller.stay.entered_at == entered
    if moment == "dialling":
        assert (promise.rung[0][2],) in world.carrier.of("hang_up")
        promise.leg_ends("canceled")
    world.sweep("ivr.look")
    if agent is not None:
        assert agent.offer["call_id"] == caller.id
        assert agent.offer["callback"] is None
    world.check()


def test_who_talks_has_no_place_to_take_over(world: World) -> None:
    promise = promised(world)
    rings(world.agent())
    promise.answers()
    assert world.read(callbacks.pending_for, promise.now.number) is None
    with world.floor.db.write() as session:
        assert callbacks.resume(session, promise.id, promise.caller.id, now=clock.now()) is None


@pytest.mark.parametrize("hours", [0, 3])
def test_who_got_through_by_another_call_is_not_rung_any_more(world: World, hours: int) -> None:
    at = clock.now() + timedelta(hours=hours) if hours else None
    promise = promised(world, at=at, number="+66812345678")
    for_others = world.agent() if not hours else None
    if for_others is not None:  # whoever was just being reserved for the callback is released
        assert for_others.offer["call_id"] == promise.caller.id
    caller = world.caller("+66812345678").comes_again()
    agent = world.agent().talks_with(caller)
    assert promise.now.state is (State.SCHEDULED if hours else State.TAKEN_OVER)
    caller.hangs_up()
    agent.finishes()
    assert agent.doing == "ready/idle"
    world.check()


def test_taking_over_and_reserving_race_on_two_workers(world: World) -> None:
    """Whoever is first, one place is left, and no agent is held by nothing."""
    for _ in range(5):
        promise = promised(world)
        agent = world.agent(ready=False)

        def ready(who: Agent = agent) -> None:
            with world.floor.db.write() as session:
                from agents import service

                service.ready(session, who.id, now=clock.now())

        def take_over(promise: Promise = promise) -> None:
            with world.floor.db.write() as session:
                callbacks.resume(session, promise.id, promise.caller.id, now=clock.now())

        with ThreadPoolExecutor(2) as both:
            for done in [both.submit(ready), both.submit(take_over)]:
                done.result()
        world.sweep("ivr.look")
        assert promise.now.state is State.TAKEN_OVER
        assert agent.doing == "ready/idle"
        world.check()
        agent.goes_home()


# ---------------------------------------------------------------- hours


def test_a_scheduled_callback_takes_its_place_at_its_hour(world: World) -> None:
    at = clock.now() + timedelta(hours=3)
    promise = promised(world, at=at, stays=True)
    agent = world.agent()
    assert agent.doing == "ready/idle"
    assert promise.place.state == "paused"
    world.sweep(seconds=3 * 3600 - 15 * 60)
    assert agent.doing == "ready/idle"
    agent.goes_home()
    earlier = world.caller().to_queue()
    world.sweep("ivr.call_back", seconds=14 * 60)
    later = world.caller().to_queue()
    world.sweep("ivr.call_back", seconds=59)
    assert promise.place.state == "paused"
    world.sweep("ivr.call_back", seconds=1)
    # its head start of ten minutes: before who came a minute ago, after who came a quarter ago
    asked_in_turn = [world.agent().offer["call_id"] for _ in range(3)]
    assert asked_in_turn == [earlier.id, promise.caller.id, later.id]
    own, callback = promise.visits
    assert (own.promised, callback.queued_at) == (True, clock.now())


def test_an_hour_may_be_asked_for_without_waiting(world: World) -> None:
    caller = world.caller().ring()
    promise = asks(world, caller, at=clock.now() + timedelta(hours=1), stays=False)
    caller.hangs_up()
    assert [visit.queue for visit in promise.visits] == [None]
    agent = world.agent()
    world.sweep(seconds=3601)
    assert agent.offer["call_id"] == caller.id
    assert [visit.queue for visit in promise.visits] == [None, "information"]
    assert counted(promise.visits) == Counters(
        calls=1, not_queued=1, callbacks=1, callbacks_asked=1, offers_made=1
    )


EVENING = datetime(2026, 11, 20, 12, 40, tzinfo=UTC)  # 19:40 in Pattaya


def test_nobody_is_rung_in_the_night(world: World) -> None:
    world.clock.advance(seconds=(EVENING - clock.now()).total_seconds())
    promise = promised(world)
    world.sweep(seconds=60 * 60)  # 20:40
    assert promise.now.state is State.PAUSED
    agent = world.agent()
    assert agent.doing == "ready/idle"
    world.sweep(seconds=11 * 3600)  # 07:40
    assert promise.now.state is State.PAUSED
    world.sweep(seconds=1201)
    assert agent.offer["call_id"] == promise.caller.id


def test_unless_they_asked_for_that_hour(world: World) -> None:
    three = EVENING + timedelta(hours=7, minutes=20)
    promise = promised(world, at=three)
    world.sweep(seconds=(three - clock.now()).total_seconds())
    assert rings(world.agent()).doing == "ready/on_call"
    assert len(promise.rung) == 1
    promise.leg_ends("no-answer")
    assert promise.now.due_at == three + timedelta(seconds=300)  # still near that hour


def test_an_agent_rings_nobody_in_the_night_who_called_in_the_evening(world: World) -> None:
    world.clock.advance(seconds=(EVENING - clock.now()).total_seconds())
    caller = world.caller().to_queue().hangs_up()
    world.clock.advance(hours=1)
    agent = world.agent()
    assert agent.does(f"/api/callbacks/call/{caller.id}/back") == {"offered_to_me": False}
    agent.goes_home()
    world.sweep(seconds=3600)
    with world.floor.db.read() as session:
        (owed,) = callbacks.open_ones(session)
    assert owed.state is State.SCHEDULED
    assert owed.due_at == EVENING.replace(hour=1, minute=0) + timedelta(days=1)
    world.sweep(seconds=(owed.due_at - clock.now()).total_seconds())
    assert world.agent().offer["call_id"] == caller.id


def test_an_emergency_is_called_back_at_any_hour(world: World) -> None:
    world.clock.advance(seconds=(EVENING - clock.now()).total_seconds())
    caller = world.caller().to_queue("1", "3", "0").hangs_up()
    world.clock.advance(hours=5)
    agent = world.agent()
    assert agent.does(f"/api/callbacks/call/{caller.id}/back") == {"offered_to_me": True}
    world.deliver()
    agent.picks_up()
    assert [to for to, *_ in world.carrier.of("dial")][-1] == caller.number


def test_an_agent_who_took_it_too_late_in_the_evening_is_let_go(world: World) -> None:
    world.clock.advance(seconds=(EVENING - clock.now()).total_seconds())
    promise = promised(world)
    agent = world.agent()
    world.clock.advance(seconds=3600)
    rings(agent)
    assert promise.rung == []
    assert (promise.now.state, promise.now.tries) == (State.PAUSED, 0)
    assert agent.doing == "ready/idle"


# ---------------------------------------------------------------- by hand


def test_cancelled_it_is_off_the_line_whatever_was_under_way(world: World) -> None:
    promise = promised(world)
    agent = rings(world.agent())
    with world.floor.db.write() as session:
        callbacks.cancel(session, promise.id, by="supervisor", now=clock.now())
        callbacks.cancel(session, promise.id, by="supervisor", now=clock.now())
    world.deliver()
    assert (promise.rung[0][2],) in world.carrier.of("hang_up")
    assert agent.doing == "ready/idle"
    promise.leg_ends("canceled")
    assert promise.now.state is State.CANCELLED
    with pytest.raises(CallbackMoved), world.floor.db.write() as session:
        callbacks.settle(session, promise.id, by="a", word="b", now=clock.now())
    world.check()


# ---------------------------------------------------------------- what is counted


def test_the_dated_vector_of_amazon_connect(world: World) -> None:
    """11:35 enqueued, 11:37 asks; 11:39:00 the agent accepts, 11:39:10 the citizen is rung,
    11:39:25 connected, 11:45 the end. The queue duration of the second record is 120 s.
    """
    start = datetime(2026, 11, 20, 4, 35, tzinfo=UTC)
    world.clock.advance(seconds=(start - clock.now()).total_seconds())
    caller = world.caller().to_queue()
    world.clock.advance(minutes=2)
    promise = asks(world, caller)
    caller.hangs_up()
    world.clock.advance(minutes=1, seconds=50)
    declines = world.agent()  # an offer that is not accepted is no failed attempt
    declines.declines()
    world.clock.advance(seconds=10)
    agent = world.agent().accepts()
    world.clock.advance(seconds=10)
    agent.picks_up()
    world.clock.advance(seconds=15)
    promise.answers()
    world.clock.advance(minutes=5, seconds=35)
    agent.hangs_up()
    world.clock.advance(seconds=40)
    agent.finishes()
    assert counted(promise.visits) == Counters(
        calls=1,
        offered=1,
        left_queue=1,
        left_for_callback=1,
        answered=1,
        callbacks=1,
        callbacks_reached=1,
        wait_callback_ms=120_000,
        wait_callback_max_ms=120_000,
        callbacks_asked=1,
        callbacks_kept=1,
        talked=1,
        talk_ms=335_000,
        talk_max_ms=335_000,
        wrapped_up=1,
        wrap_up_ms=40_000,
        wrap_up_max_ms=40_000,
        offers_made=2,
        offers_missed=1,
    )
    own, _ = promise.visits
    assert own.left_at == start + timedelta(minutes=2)
    assert promise.tried == [(1, "answered")]
