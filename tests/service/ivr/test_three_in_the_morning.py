"""What goes wrong when nobody is looking: each of these once did."""

import re

import pytest

from hotline import clock
from hotline.auth import Role
from hotline.telephony import CarrierError
from ivr import calls
from ivr.callbacks import service as callbacks
from ivr.config import Ivr
from ivr.room import announcements
from tests.service.ivr.shipped import city_config, to_queue
from tests.service.ivr.world import Caller, World
from tests.support.floors import sign_in_as
from tickets import service as tickets

__all__ = ["city_config"]

MESSAGE = {
    "RecordingSid": "RE1",
    "RecordingUrl": "https://carrier.example/RE1",
    "RecordingDuration": "12",
}


@pytest.fixture
def caller(world: World) -> Caller:
    """Somebody who waits in Thai while only English is answered."""
    world.agent(languages=["en"])
    return to_queue(world.caller())


def key(caller: Caller, digit: str) -> Caller:
    """A key of the waiting room, followed out of the carrier's queue."""
    caller.waits()
    gather = caller.xml.find("Gather")
    assert gather is not None
    step = re.search(r"&s=\d+", caller.wait_url)
    left = (
        caller.left_url if step is None or step[0] in caller.left_url else caller.left_url + step[0]
    )
    caller.goes_to(gather.attrib["action"], Digits=digit)
    assert [verb.tag for verb in caller.xml] == ["Leave"], caller.heard
    return caller.goes_to(left, QueueResult="leave")


def tags(caller: Caller) -> list[str]:
    return [verb.tag for verb in caller.xml]


# ---------------------------------------------------------------- places


def test_a_long_dialogue_costs_no_place(world: World, caller: Caller) -> None:
    key(caller, "1")
    world.sweep("ivr.ask_for_unseen", seconds=120)
    assert caller.press("*").xml.find("Enqueue") is not None


def test_zero_in_a_dialogue_keeps_the_place(world: World, caller: Caller) -> None:
    before = caller.stay.entered_at
    world.clock.advance(seconds=100)
    key(caller, "1").press("0")
    assert caller.stay.entered_at == before


def test_sent_on_by_a_limit_and_back_it_is_still_abandoned(world: World, caller: Caller) -> None:
    world.clock.advance(seconds=1900)
    left = caller.left_url
    caller.waits()
    caller.goes_to(left, QueueResult="leave").press("*")
    caller.waits().hangs_up()
    assert "abandoned" in world.events(caller), "on the list of those who are called back"


def test_each_limit_sends_on_once_whatever_is_pressed_between(world: World, caller: Caller) -> None:
    world.clock.advance(seconds=1900)
    left = caller.left_url
    caller.waits()
    assert tags(caller) == ["Leave"], "waited too long"
    caller.goes_to(left, QueueResult="leave").press("*")
    key(caller, "1").press("*")
    assert "Leave" not in tags(caller.waits()), "nobody is asked the same again"


def test_a_loop_that_fails_after_a_dialogue_leads_to_the_fallback_number(
    world: World, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    key(caller, "1").press("*")
    left = caller.left_url

    def fails(*_arguments: object, **_named: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(announcements, "outlook", fails)
    for _ in range(4):
        caller.waits()
    assert tags(caller) == ["Leave"]
    assert caller.goes_to(left, QueueResult="leave").xml.find("Dial") is not None


def test_out_of_the_waiting_room_twice_is_the_same(world: World) -> None:
    agent = world.agent().rests()
    caller = world.caller().ring().press("1", "9", "0")
    left = caller.left_url
    agent.goes_home()
    world.clock.advance(seconds=91)
    caller.waits()
    first = caller.goes_to(left, QueueResult="leave").heard
    assert caller.goes_to(left, QueueResult="leave").heard == first
    assert "/ivr/transferred" in first


# ---------------------------------------------------------------- callbacks


def test_a_callback_is_promised_after_an_agent_was_lost(world: World, caller: Caller) -> None:
    key(caller, "1").press("*")
    agent = world.agent(languages=["th"])
    agent.accepts().picks_up()
    agent.leg_ends()
    caller.brought()
    agent.goes_home()
    key(caller, "1").press("1")
    assert "callback" in world.events(caller)


def test_a_callback_that_is_gone_meanwhile_leads_to_a_person(world: World, caller: Caller) -> None:
    key(caller, "1").press("1").hangs_up()
    again = world.caller(caller.number).ring()
    with world.floor.db.write() as session:
        pending = callbacks.pending_for(session, caller.number)
        assert pending is not None
        callbacks.cancel(session, pending.id, by="supervisor", now=clock.now())
    assert "Hangup" not in tags(again.press("1"))


def test_who_cannot_be_called_back_is_asked_for_a_number(world: World) -> None:
    world.agent(languages=["en"])
    caller = to_queue(world.caller("+1337"))
    assert "Dial" not in tags(key(caller, "1").press("0812345678"))
    assert "callback" not in world.events(caller)


def test_who_is_called_back_and_not_told_of_a_recording_is_not_recorded(
    world: World, caller: Caller
) -> None:
    ivr = world.floor.section(Ivr)
    untold = ivr.callbacks.model_copy(update={"notice": None})
    changed = ivr.model_copy(update={"callbacks": untold})
    world.floor.sections = {**world.floor.sections, Ivr: changed}
    key(caller, "1").press("2", "0812345678", "1").hangs_up()
    agent = world.agent(languages=["th"])
    agent.accepts()
    assert "record=" not in agent.picks_up()


# ---------------------------------------------------------------- what is nobody's business


def test_a_refusal_to_be_recorded_stands(world: World) -> None:
    world.agent(languages=["en"])
    caller = to_queue(world.caller(), consent="5")
    key(caller, "1").press("0")
    assert world.read(calls.facts, caller.id).consent == "refused"


def test_an_agents_note_is_not_read_to_the_citizen(world: World) -> None:
    agent = world.agent()
    caller = to_queue(world.caller())
    agent.talks_with(caller)
    caller.hangs_up()
    number = agent.finishes("no_matter", note="rude\x0bagain")
    again = world.caller(caller.number).ring().press("4", number)
    assert again.says
    assert not any("rude" in said for said in again.says)


def test_nobody_is_taken_for_somebody_by_a_withheld_number(world: World) -> None:
    withheld = "+266696687"  # what "anonymous" is on the keys of a telephone
    agent = world.agent()
    caller = to_queue(world.caller(withheld))
    agent.talks_with(caller)
    caller.hangs_up()
    number = agent.finishes("complaint", category="flood")
    agent.rests()
    to_queue(world.caller(withheld)).hangs_up()
    other = world.caller(withheld).ring()
    assert "Enqueue" not in tags(other), "nobody else's place"
    other.press("1", "4", number)
    assert "part=told" not in other.heard, "nobody else's ticket"


def test_what_is_keyed_by_mistake_is_not_written_down(world: World, caller: Caller) -> None:
    key(caller, "1").press("2", "08123456")
    other = world.caller().ring().press("1", "4", "0812345678")
    for each in (caller, other):
        steps = [event.data for event in world.story(each) if event.kind == "step"]
        assert all(len(step["digits"]) <= 1 for step in steps)


# ---------------------------------------------------------------- recordings


def leaves_message(world: World) -> Caller:
    """Nobody is there."""
    caller = world.caller().ring().press("1", "1", "2")
    record = caller.xml.find("Record")
    assert record is not None
    return caller.goes_to(record.attrib["action"], **MESSAGE)


def test_a_copy_that_could_not_be_deleted_is_deleted_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaves_message(world)

    def fails(_sid: str) -> None:
        raise CarrierError("away")

    with monkeypatch.context() as patch:
        patch.setattr(world.carrier, "delete_recording", fails)
        world.deliver()
    world.clock.advance(seconds=30)
    world.deliver()
    assert world.carrier.of("delete") == [("RE1",)]
    assert len(world.carrier.of("fetch")) == 1


def test_a_carrier_that_is_away_for_long_costs_no_message(world: World) -> None:
    leaves_message(world)
    world.carrier.away = True
    for _ in range(8):
        world.deliver()
        world.clock.advance(seconds=60)
    world.carrier.away = False
    world.sweep("ivr.fetch_recordings", seconds=300)
    assert world.carrier.of("fetch")


@pytest.mark.parametrize("piece", ["bytes=0-", "bytes=1-", "bytes=-99999"])
def test_every_hearing_is_written_down_once(world: World, piece: str) -> None:
    caller = leaves_message(world)
    world.deliver()
    token = sign_in_as(world.floor, Role.SUPERVISOR)
    headers = {"Authorization": f"Bearer {token}", "Range": piece}
    for _ in range(2):
        with world.client.get("/recordings/1", headers=headers):
            pass
    assert world.events(caller).count("listened") == 1


def test_who_only_declined_does_not_hear_a_colleagues_conversation(world: World) -> None:
    first = world.agent()
    caller = to_queue(world.caller())
    first.declines()
    second = world.agent()
    second.talks_with(caller)
    world.post(
        f"https://hotline.example/ivr/recording?call={caller.id}&offer={second.last_offer.id}",
        RecordingStatus="completed",
        **MESSAGE,
    )
    world.deliver()
    assert first.ask("GET", "/recordings/1").status_code == 403
    with second.ask("GET", "/recordings/1") as heard:
        assert heard.status_code == 200
    assert world.read(tickets.ticket_of_call, caller.id) is None


# ---------------------------------------------------------------- what the story says


def told(world: World, caller: Caller) -> str:
    token = sign_in_as(world.floor, Role.SUPERVISOR)
    path = f"/calls/{caller.id}?lang=en"
    page = world.client.get(path, headers={"Authorization": f"Bearer {token}"})
    return page.get_data(as_text=True)


def test_a_key_while_waiting_and_a_message_are_told_as_what_they_are(
    world: World, caller: Caller
) -> None:
    key(caller, "2").goes_to(caller.xml.find("Record").attrib["action"], **MESSAGE)  # type: ignore[union-attr]
    story = told(world, caller)
    assert "Pressed a key while waiting at Information → Leave a message" in story
    assert "Left a voice message" in story


def test_a_node_named_like_a_word_is_told_by_its_title(world: World) -> None:
    world.agent()
    caller = world.caller().ring().press("1", "0", "")
    assert "Pressed 0 at Main menu → Any of our staff" in told(world, caller)
    assert "side" not in told(world, caller)
