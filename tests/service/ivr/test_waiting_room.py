"""The waiting room: who takes a place, keeps it, is told of it, and gets it back."""

import pytest

from ivr import waiting
from ivr.events import Waits
from tests.service.ivr.world import World


def test_a_step_that_comes_twice_takes_one_place(world: World) -> None:
    caller = world.caller().ring().press("1")
    gather = caller.xml.find("Gather")
    assert gather is not None
    first = caller.goes_to(gather.attrib["action"], Digits="1").heard
    again = caller.goes_to(gather.attrib["action"], Digits="1").heard
    assert first == again
    assert world.events(caller) == ["arrived", "step", "step", "queued"]


def test_a_late_step_does_not_move_a_caller_who_is_further(world: World) -> None:
    caller = world.caller().ring()
    early = caller.xml.find("Gather")
    assert early is not None
    caller.press("1", "2")
    before = world.events(caller)
    caller.goes_to(early.attrib["action"], Digits="2")
    assert world.events(caller) == before
    assert caller.stay.skill == ("complaint", "th")


def test_the_position_is_told_when_it_falls_and_only_then(world: World) -> None:
    ahead = [world.caller().to_queue() for _ in range(2)]
    caller = world.caller().to_queue()

    def hears() -> str:
        world.clock.advance(seconds=20)
        return caller.waits().says[0]

    assert "ที่สาม" in hears()
    assert "ที่สาม" not in hears()
    ahead[0].hangs_up()
    assert "ที่สอง" in hears()
    ahead[1].hangs_up()
    next_in_line = hears()
    assert "ที่" not in next_in_line
    assert hears() != next_in_line


def test_nothing_is_announced_more_often_than_configured(world: World) -> None:
    caller = world.caller().to_queue().waits()
    assert caller.says
    world.clock.advance(seconds=5)
    assert caller.waits().says == []
    world.clock.advance(seconds=5)
    assert caller.waits().says


def test_the_wait_loop_plays_music_and_comes_round(world: World) -> None:
    caller = world.caller().to_queue()
    caller.waits()
    play = caller.xml.find("Play")
    assert play is not None
    assert str(play.text).endswith("/ivr/music.wav")
    music = world.client.get("/ivr/music.wav")
    assert music.data.startswith(b"RIFF")
    assert len(music.data) > 20 * 8000


def test_the_wait_loop_gives_a_place_to_who_has_none(world: World) -> None:
    """A waiting room that was lost (a restored backup) is filled again by the callers."""
    caller = world.caller().ring().press("1")
    gather = caller.xml.find("Gather")
    assert gather is not None
    step = gather.attrib["action"]
    lost = world.caller().to_queue()
    url = lost.wait_url.replace(f"call={lost.id}", f"call={caller.id}")
    caller.goes_to(url)
    assert caller.stay.skill == ("information", "th")
    caller.goes_to(step, Digits="1")
    assert world.events(caller).count("queued") == 1


def test_a_caller_given_up_as_unseen_gets_the_old_place_back(world: World) -> None:
    caller = world.caller().to_queue()
    entered_at = caller.stay.entered_at
    world.sweep("ivr.ask_for_unseen", seconds=120)
    assert caller.stay.state == "unseen"
    agent = world.agent()
    assert agent.doing == "ready/idle"
    caller.waits()
    assert caller.stay.entered_at == entered_at
    assert agent.doing == "ready/offered"
    assert world.events(caller)[-3:] == ["left", "returned", "offered"]
    assert world.visit(caller).left_at is None


def test_who_is_gone_for_good_has_abandoned(world: World) -> None:
    caller = world.caller().to_queue()
    world.carrier.gone.add(caller.sid)
    world.sweep("ivr.ask_for_unseen", seconds=120)
    assert world.events(caller)[-2:] == ["abandoned", "ended"]
    world.check()


def test_while_the_carrier_is_away_nobody_is_given_up(world: World) -> None:
    caller = world.caller().to_queue()
    world.carrier.away = True
    world.sweep("ivr.ask_for_unseen", seconds=120)
    assert caller.stay.state == "waiting"


def test_who_hung_up_takes_no_place_by_a_late_request(world: World) -> None:
    caller = world.caller().ring().press("1")
    gather = caller.xml.find("Gather")
    assert gather is not None
    caller.hangs_up()
    caller.goes_to(gather.attrib["action"], Digits="1")
    caller.waits()
    assert "queued" not in world.events(caller)
    world.check()


def test_a_late_wait_does_not_bring_back_who_has_left(world: World) -> None:
    caller = world.caller().to_queue()
    late = caller.wait_url
    caller.leaves("error")
    assert caller.stay.state == "left"
    caller.goes_to(late)
    assert caller.stay.state == "left"
    assert world.events(caller)[-2:] == ["left", "fault"]


@pytest.mark.parametrize("result", ["error", "queue-full", "system-error", "leave"])
def test_a_queue_that_fails_puts_the_caller_through(world: World, result: str) -> None:
    caller = world.caller().to_queue()
    caller.leaves(result)
    dial = caller.xml.find("Dial/Number")
    assert dial is not None
    assert dial.text == world.floor.city.fallback_number
    assert world.visit(caller).left_at is not None


@pytest.mark.parametrize("result", ["redirected", "bridged", "redirected-from-bridged"])
def test_who_was_brought_away_is_left_alone(world: World, result: str) -> None:
    caller = world.caller().to_queue()
    caller.leaves(result)
    assert len(caller.xml) == 0
    assert caller.stay.state == "waiting"


def test_the_first_come_is_the_first_served_and_urgent_ones_go_before(world: World) -> None:
    first = world.caller().to_queue()
    world.clock.advance(seconds=1)
    second = world.caller().to_queue()
    world.clock.advance(seconds=1)
    urgent = world.caller().ring().press("9", "0")
    agents = [world.agent() for _ in range(3)]
    assert [agent.offer["call_id"] for agent in agents] == [urgent.id, first.id, second.id]


def test_a_skill_that_nobody_has_waits_and_holds_up_nobody(world: World) -> None:
    lonely = world.caller().to_queue("4")
    caller = world.caller().to_queue()
    agent = world.agent()
    assert agent.offer["call_id"] == caller.id
    assert lonely.stay.state == "waiting"
    russian = world.agent(languages=["ru"])
    assert russian.offer["call_id"] == lonely.id


def test_a_stay_moves_only_from_where_it_is(world: World) -> None:
    """The compare-and-set itself; the offers' unique indexes stand behind it."""
    stay = world.caller().to_queue().stay
    with world.floor.db.write() as session:
        assert waiting.move(session, stay.id, (Waits.CONNECTING,), Waits.CONNECTED) is None
        assert waiting.move(session, stay.id, (Waits.WAITING,), Waits.OFFERED) is not None
        assert waiting.move(session, stay.id, (Waits.WAITING,), Waits.OFFERED) is None
