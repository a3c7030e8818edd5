"""Answers in a call: counted in its story, sent by SMS once for each click."""

from typing import Any

import pytest
import sqlalchemy as sa

from hotline import clock
from hotline.config import City
from hotline.models import Effect
from hotline.telephony import CarrierError, Refused
from ivr import messages
from ivr.errors import NotYours
from ivr.messages import can_receive
from tests.service.ivr.world import Agent, Caller, World
from tickets.answers import service as answers
from tickets.answers.service import AnswerDraft
from tickets.config import Tickets

MOBILE = "+66812345678"


@pytest.fixture
def water(world: World) -> int:
    """The id of an answer."""
    draft = AnswerDraft({"th": "น้ำประปา", "en": "Tap water"}, {"th": "โทร 1662", "en": "Call 1662"})
    with world.floor.db.write() as session:
        config = world.floor.section(Tickets)
        return answers.write(session, config, draft, by="supervisor", now=clock.now())


class Texting:
    """A carrier that sends messages; `trouble` is what it answers instead."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []
        self.trouble: CarrierError | None = None

    def send_message(self, to: str, *, from_: str, body: str) -> str:
        if self.trouble is not None:
            raise self.trouble
        self.sent.append((to, from_, body))
        return "SM1"


@pytest.fixture
def texting(world: World) -> Texting:
    made = Texting()
    world.carrier.send_message = made.send_message  # type: ignore[attr-defined]
    return made


@pytest.fixture
def talking(world: World) -> tuple[Agent, Caller]:
    agent, caller = world.agent(), world.caller(MOBILE).to_queue()
    agent.talks_with(caller)
    return agent, caller


def story_of(world: World, caller: Caller, kind: str) -> list[dict[str, Any]]:
    return [dict(each.data) for each in world.story(caller) if each.kind.value == kind]


def sms(caller: Caller, answer: int, **more: str) -> dict[str, Any]:
    return {"answer": answer, "language": "th", "key": "one", **more}


def results(world: World, caller: Caller) -> list[str]:
    return [each.result for each in world.read(messages.of_call, caller.id)]


# ---------------------------------------------------------------- used


def test_what_was_used_stands_in_the_story_and_is_counted_once(
    world: World, talking: tuple[Agent, Caller], water: int
) -> None:
    agent, caller = talking
    path = f"/api/calls/{caller.id}/answers"
    agent.does(path, answer=water)
    agent.does(path, answer=water, how="note")
    told = story_of(world, caller, "answer")
    assert [(each["answer"], each["version"], each["how"]) for each in told] == [
        (water, 1, "told"),
        (water, 1, "note"),
    ]
    assert world.read(answers.uses, clock.now()) == {water: 1}
    page = agent.ask("GET", f"/calls/{caller.id}?lang=en").text
    assert f"{agent.username} gave answer {water}" in page
    agent.does(path, 422, answer=water, how="sung")
    agent.does(path, 422, answer="x")
    agent.does(path, 404, answer=99)


def test_only_in_a_call_of_my_own(world: World, water: int, texting: Texting) -> None:
    agent, other = world.agent(), world.agent(ready=False)
    caller = world.caller(MOBILE).to_queue()
    for path in (f"/api/calls/{caller.id}/answers", f"/api/calls/{caller.id}/messages"):
        agent.does(path, 409, answer=water)  # it only rings
        other.does(path, 403, answer=water)
    agent.talks_with(caller).hangs_up().finishes()
    agent.does(f"/api/calls/{caller.id}/messages", 403, answer=water)
    assert story_of(world, caller, "answer") == story_of(world, caller, "sms") == []


# ---------------------------------------------------------------- by SMS


@pytest.mark.parametrize(
    ("number", "can"),
    [
        (MOBILE, True),
        ("+66612345678", True),
        ("+66912345678", True),
        ("+66381234567", False),  # Pattaya's own: a line in the wall
        ("+6621234567", False),
        ("+447911123456", True),
        ("+442079460018", False),
        ("+12125550123", True),  # American mobiles look like any other number
        ("+661337", False),
        ("+266696687", False),
        ("anonymous", False),
        ("", False),
    ],
)
def test_who_can_receive_one(number: str, can: bool) -> None:
    assert can_receive(number) is can


def test_a_click_is_one_message(
    world: World, talking: tuple[Agent, Caller], water: int, texting: Texting
) -> None:
    agent, caller = talking
    path = f"/api/calls/{caller.id}/messages"
    for _ in range(2):
        agent.does(path, **sms(caller, water))
    assert results(world, caller) == ["queued"]
    world.deliver()
    world.deliver()
    sender = world.floor.city.sms_sender
    assert texting.sent == [(MOBILE, sender, "โทร 1662")]
    assert results(world, caller) == ["sent"]
    agent.does(path, **sms(caller, water, key="two", language="zh"))
    world.deliver()
    assert texting.sent[1:] == [(MOBILE, sender, "Call 1662")]
    told = story_of(world, caller, "sms")
    assert [each["result"] for each in told] == ["queued", "sent"] * 2
    # by the agent in the event the desk is told of it (`ivr.jobs.topics`): it need not keep asking
    assert {each["agent"] for each in told} == {agent.id}
    assert f'data-topics="agent:{agent.id}"' in (
        agent.ask("GET", f"/calls/answers?offer={agent.last_offer.id}").text
    )
    assert MOBILE not in str(told)
    offer = agent.last_offer.id
    shown = agent.ask("GET", f"/calls/messages?offer={offer}&lang=en").text
    assert shown.count("SMS sent") == 2
    page = agent.ask("GET", f"/calls/{caller.id}?lang=en").text
    assert "The SMS was sent" in page
    assert f"sent answer {water} by SMS" in page


def test_what_an_older_version_ordered_is_sent_and_told_to_the_desk(
    world: World, talking: tuple[Agent, Caller], water: int, texting: Texting
) -> None:
    agent, caller = talking
    agent.does(f"/api/calls/{caller.id}/messages", **sms(caller, water))
    with world.floor.db.write() as session:
        ordered = session.scalars(sa.select(Effect).where(Effect.kind == messages.SEND)).one()
        ordered.payload = {
            name: ordered.payload[name] for name in ordered.payload.keys() - {"agent"}
        }
    world.deliver()
    assert len(texting.sent) == 1
    assert [each["agent"] for each in story_of(world, caller, "sms")] == [agent.id] * 2
    assert results(world, caller) == ["sent"]


def test_what_the_carrier_refuses_is_said(
    world: World, talking: tuple[Agent, Caller], water: int, texting: Texting
) -> None:
    agent, caller = talking
    texting.trouble = Refused("no such number")
    agent.does(f"/api/calls/{caller.id}/messages", **sms(caller, water))
    world.deliver()
    assert results(world, caller) == ["failed"]


def test_a_carrier_that_is_away_is_asked_again_for_a_while(
    world: World, talking: tuple[Agent, Caller], water: int, texting: Texting
) -> None:
    agent, caller = talking
    texting.trouble = CarrierError("away")
    agent.does(f"/api/calls/{caller.id}/messages", **sms(caller, water))
    world.deliver()
    assert results(world, caller) == ["queued"]
    texting.trouble = None
    world.clock.advance(seconds=5)
    world.deliver()
    assert results(world, caller) == ["sent"]
    texting.trouble = CarrierError("away")
    agent.does(f"/api/calls/{caller.id}/messages", **sms(caller, water, key="two"))
    world.deliver()
    world.clock.advance(seconds=messages.GIVE_UP + 1)
    world.deliver()
    assert results(world, caller) == ["sent", "failed"]


@pytest.mark.parametrize("number", ["+66381234567", "anonymous"])
def test_who_receives_none_is_offered_none(
    world: World, water: int, texting: Texting, number: str
) -> None:
    agent = world.agent()
    caller = world.caller()
    caller.number = number
    caller.to_queue()
    agent.talks_with(caller)
    box = agent.ask("GET", f"/calls/answers?offer={agent.last_offer.id}").text
    assert "data-use" in box
    assert "data-sms" not in box
    agent.does(f"/api/calls/{caller.id}/messages", 409, **sms(caller, water))
    assert story_of(world, caller, "sms") == []


def test_a_city_without_a_sender_sends_none(
    world: World, talking: tuple[Agent, Caller], water: int, texting: Texting
) -> None:
    agent, caller = talking
    box = f"/calls/answers?offer={agent.last_offer.id}"
    assert "data-sms" in agent.ask("GET", box).text
    city = world.floor.city.model_copy(update={"sms_sender": None})
    agent.does(f"/api/calls/{caller.id}/messages", **sms(caller, water))
    world.floor.city, world.floor.sections = city, {**world.floor.sections, City: city}
    assert "data-sms" not in agent.ask("GET", box).text
    agent.does(f"/api/calls/{caller.id}/messages", 409, **sms(caller, water, key="two"))
    world.deliver()
    assert texting.sent == []
    assert results(world, caller) == ["failed"]


def test_an_answer_too_long_for_one_is_not_sent(
    world: World, talking: tuple[Agent, Caller], texting: Texting
) -> None:
    agent, caller = talking
    long = AnswerDraft({"th": "ก", "en": "A"}, {"th": "ก" * (messages.LONGEST + 1), "en": "A"})
    with world.floor.db.write() as session:
        config = world.floor.section(Tickets)
        answer = answers.write(session, config, long, by="x", now=clock.now())
    path = f"/api/calls/{caller.id}/messages"
    agent.does(path, 409, **sms(caller, answer))
    agent.does(path, **sms(caller, answer, language="en"))


@pytest.mark.parametrize("path", ["/calls/answers", "/calls/messages"])
def test_the_boxes_are_for_who_has_the_call(
    world: World, talking: tuple[Agent, Caller], path: str
) -> None:
    agent, _ = talking
    other = world.agent(ready=False)
    offer = agent.last_offer.id
    assert agent.ask("GET", f"{path}?offer={offer}").status_code == 200
    for asked in (offer, "", offer + 1):
        assert other.ask("GET", f"{path}?offer={asked}").status_code == 403
    agent.hangs_up().finishes()
    over = agent.ask("GET", f"{path}?offer={offer}")
    # the one is asked for again and again, and a page hears of the end a moment later
    empty = path.endswith("messages")
    assert (over.status_code, "<li" in over.text) == ((200, False) if empty else (403, True))
    with world.floor.db.write() as session, pytest.raises(NotYours):
        messages.use(session, 10**6, agent.id, 1, "told", now=clock.now())
