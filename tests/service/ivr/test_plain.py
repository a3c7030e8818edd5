"""Agents without a browser: the offer rings on their telephone, and a key is the answer."""

from collections.abc import Callable, Iterator

import pytest

from hotline import clock
from hotline.telephony import Refused
from ivr.config import Ivr
from ivr.errors import OfferGone
from ivr.room import plain
from tests.service.ivr.test_races import at_once, ends
from tests.service.ivr.world import Agent, Caller, World

NUMBER = "+66812345678"


class Phone:
    """An agent with nothing but a telephone, and a caller who is offered to them."""

    def __init__(self, world: World, number: str = NUMBER) -> None:
        self.world = world
        self.agent: Agent = world.agent(address=number)
        self.caller: Caller = world.caller().to_queue()
        world.deliver()
        self.heard = ""

    def lifts(self) -> "Phone":
        url, _, sid = self.agent.leg
        self.heard = self.world.post(url, CallSid=sid, CallStatus="in-progress")
        return self

    def presses(self, key: str) -> "Phone":
        _, _, sid = self.agent.leg
        digits = {"Digits": key} if key else {}
        action = self.heard.split('action="')[1].split('"')[0]
        self.heard = self.world.post(action, CallSid=sid, CallStatus="in-progress", **digits)
        self.world.deliver()
        return self


@pytest.fixture
def phone(world: World) -> Phone:
    return Phone(world)


def test_the_offer_itself_rings_and_a_key_takes_it(world: World, phone: Phone) -> None:
    assert [each[0] for each in world.carrier.of("dial")] == [NUMBER]
    phone.lifts()
    queue = world.floor.section(Ivr).queues["information"].title.for_("th")
    for said in ("กด 1", queue, "ไทย"):
        assert said in phone.heard
    phone.presses("1")
    assert "<Conference" in phone.heard
    phone.caller.brought()
    assert phone.agent.call["state"] == "talking"
    assert len(world.carrier.of("dial")) == 1, "the same call, not another one"
    phone.agent.leg_ends()
    assert phone.agent.doing == "ready/wrap_up"
    assert world.events(phone.caller)[-5:] == [
        *["queued", "offered", "accepted", "connected", "talk_ended"],
    ]
    world.check()


def test_a_browser_is_not_rung_before_its_agent_has_accepted(world: World) -> None:
    agent = world.agent()
    world.caller().to_queue()
    world.deliver()
    assert world.carrier.of("dial") == []
    assert agent.doing == "ready/offered"


@pytest.mark.parametrize(
    ("key", "doing"), [("2", "break/idle"), ("#", "break/idle"), ("", "missed/idle")]
)
def test_another_key_declines_and_none_misses(
    world: World, phone: Phone, key: str, doing: str
) -> None:
    other = world.agent()
    phone.lifts().presses(key)
    assert "<Hangup" in phone.heard
    assert (phone.agent.doing, other.doing) == (doing, "ready/offered")
    phone.agent.leg_ends()
    assert phone.agent.doing == doing
    world.check()


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed", "canceled", "completed"])
def test_a_telephone_that_is_not_answered_has_missed_it(
    world: World, phone: Phone, status: str
) -> None:
    other = world.agent()
    phone.agent.leg_ends(status)
    phone.agent.leg_ends(status)
    assert (phone.agent.doing, other.doing) == ("missed/idle", "ready/offered")
    assert world.events(phone.caller).count("offer_ended") == 1
    world.check()


def test_who_has_lifted_it_has_time_for_a_key(world: World, phone: Phone) -> None:
    world.clock.advance(seconds=19)
    phone.lifts()
    world.sweep("ivr.expire_offers", seconds=15)
    assert phone.agent.doing == "ready/offered"
    world.sweep("ivr.expire_offers", seconds=6)
    world.deliver()
    assert phone.agent.doing == "missed/idle"
    assert world.carrier.of("hang_up") == [(phone.agent.leg[2],)]
    assert "<Hangup" in phone.presses("1").heard, "too late"
    world.check()


def test_the_caller_hangs_up_while_it_rings(world: World, phone: Phone) -> None:
    phone.caller.hangs_up()
    world.deliver()
    assert world.carrier.of("hang_up") == [(phone.agent.leg[2],)]
    assert "<Hangup" in phone.lifts().heard
    assert phone.agent.doing == "ready/idle"
    world.check()


def test_who_has_a_desk_as_well_may_take_it_there(world: World, phone: Phone) -> None:
    phone.agent.accepts()
    assert len(world.carrier.of("dial")) == 1
    assert "<Conference" in phone.lifts().heard, "nothing is to be asked"
    world.deliver()
    phone.caller.brought()
    assert phone.agent.call["state"] == "talking"
    world.check()


def test_taken_on_the_desk_while_the_question_is_asked(world: World, phone: Phone) -> None:
    phone.lifts()
    phone.agent.accepts()
    phone.presses("")
    assert "<Conference" in phone.heard
    phone.caller.brought()
    assert phone.agent.call["state"] == "talking"


def test_everything_twice_is_once(world: World, phone: Phone) -> None:
    phone.lifts().lifts()
    question = phone.heard
    phone.presses("1")
    first, phone.heard = phone.heard, question
    assert phone.presses("1").heard == first
    phone.caller.brought().brought()
    assert world.events(phone.caller)[-2:] == ["accepted", "connected"]


def test_the_end_is_told_before_the_ring_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The carrier's webhook is faster than its answer to the request that made the call."""
    dial = world.carrier.dial

    def busy(to: str, **how: object) -> str:
        sid = dial(to, **how)  # type: ignore[arg-type]
        world.post(str(how["status_callback"]), CallSid=sid, CallStatus="busy")
        return sid

    monkeypatch.setattr(world.carrier, "dial", busy)
    phone = Phone(world)
    assert phone.agent.doing == "missed/idle"
    assert world.carrier.of("hang_up") == [(phone.agent.leg[2],)]
    world.check()


def test_a_number_that_the_carrier_does_not_dial(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object, **__: object) -> str:
        raise Refused("21211")

    monkeypatch.setattr(world.carrier, "dial", refuses)
    phone = Phone(world)
    assert phone.agent.doing == "missed/idle"
    assert phone.caller.stay.state == "waiting"


def takes(world: World, phone: Phone) -> Callable[[], None]:
    offer, (_, _, sid) = phone.agent.last_offer, phone.agent.leg

    def act() -> None:
        try:
            with world.floor.db.write() as session:
                plain.chosen(world.floor, session, offer.id, sid, "1", now=clock.now())
        except OfferGone:
            return

    return act


def phones(world: World) -> Iterator[Phone]:
    for _ in range(5):
        yield Phone(world)
        world.everybody_goes()
        world.clock.advance(seconds=1)


def test_taken_on_both_and_gone_at_once_is_one_story(world: World) -> None:
    for phone in phones(world):
        phone.lifts()
        take = takes(world, phone)
        assert at_once(take, take, ends(world, phone.caller)) == []
        world.deliver()
        assert phone.agent.doing == "ready/idle"
        assert world.events(phone.caller).count("offer_ended") == 1
        world.check()
