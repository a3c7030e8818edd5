"""The waiting room: who takes a place, keeps it, is told of it, and gets it back."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from hotline import clock
from ivr import story
from ivr.events import Departed, Kind, Waits
from ivr.models import CallEvent, Waiting
from ivr.room import waiting
from tests.service.ivr.world import Caller, World
from tests.support import invariants


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


@pytest.mark.parametrize("events_are_lost", [False, True])
def test_the_wiped_room_is_rebuilt_in_the_old_order(world: World, events_are_lost: bool) -> None:
    """Whoever is heard first after it, the longest waiting goes first, and is counted once."""
    callers = []
    for _ in range(3):
        callers.append(world.caller().to_queue())
        world.clock.advance(seconds=7)
    entered = [caller.stay.entered_at for caller in callers]
    with world.floor.db.write() as session:
        session.execute(sa.delete(Waiting))
        if events_are_lost:
            session.execute(sa.delete(CallEvent).where(CallEvent.kind == "queued"))
    world.clock.advance(seconds=30)
    for caller, waited in reversed(list(zip(callers, (51, 44, 37), strict=True))):
        # the carrier's count stands for the event, and is not asked where there is one
        caller.goes_to(caller.wait_url, QueueTime=str(waited if events_are_lost else 0))
    assert [caller.stay.entered_at for caller in callers] == entered
    assert [world.read(waiting.position, caller.stay) for caller in callers] == [1, 2, 3]
    for caller, at in zip(callers, entered, strict=True):
        (visit,) = world.read(story.visits_of, caller.id)
        assert (visit.queued_at, visit.left_at) == (at, None)
    world.check()


# ---------------------------------------------------------------- how a stay ended


def left_by(world: World, caller: Caller) -> tuple[object, object]:
    with world.floor.db.read() as session:
        query = sa.select(Waiting.left_at, Waiting.left_by).where(Waiting.call_id == caller.id)
        return tuple(session.execute(query).one())  # type: ignore[return-value]


def test_every_way_out_says_when_and_how(world: World) -> None:
    answered, hung_up, failed, silent, waits = (world.caller().to_queue() for _ in range(5))
    world.clock.advance(seconds=7)
    agent = world.agent()
    agent.talks_with(answered)
    hung_up.hangs_up()
    failed.leaves("error")
    with world.floor.db.write() as session:
        assert waiting.give_up(session, silent.stay, now=clock.now())
    now = clock.now()
    assert left_by(world, answered) == (now, Departed.CONNECTED)
    assert left_by(world, hung_up) == (now, Departed.ABANDONED)
    assert left_by(world, failed) == (now, Departed.FAULT)
    assert left_by(world, silent) == (now, Departed.UNSEEN)
    assert left_by(world, waits) == (None, None)
    invariants.check(world.floor)
    silent.waits()
    assert left_by(world, silent) == (None, None)
    invariants.check(world.floor)


def test_the_last_departures_of_a_line_come_latest_first(world: World) -> None:
    callers = [world.caller().to_queue() for _ in range(3)]
    other, entered = world.caller().to_queue("2"), clock.now()
    agent = world.agent()
    for caller in callers:
        world.clock.advance(seconds=10)
        if caller is callers[1]:
            caller.hangs_up()
        else:
            agent.talks_with(caller)
            agent.hangs_up()
            agent.finishes()
    other.hangs_up()
    last = world.read(waiting.recent_departures, "information", "th", 2)
    waited = [(one.left_at - one.entered_at).total_seconds() for one in last]
    assert [(one.entered_at, one.answered) for one in last] == [(entered, True), (entered, False)]
    assert waited == [30, 20]


def test_a_queue_is_counted_in_all_its_languages_and_not_for_ever(world: World) -> None:
    thai, english, _ = (world.caller().to_queue(key) for key in "121")
    world.caller().to_queue("1", "2")
    assert world.read(waiting.count, "information") == 3
    assert world.read(waiting.count, "information", 2) == 2
    assert world.read(waiting.count, "emergency") == 0
    english.hangs_up()
    world.agent()
    assert thai.stay.state == "offered"
    assert world.read(waiting.count, "information") == 1


# ---------------------------------------------------------------- a place that is taken again


def comes_back(world: World, caller: Caller, number: str) -> Caller:
    """The same person with another call, in the place that the first left."""
    again = world.caller(number).ring()
    place = waiting.Place(again.id, 2, "information", "information", "th", 0)
    since = clock.now() - timedelta(seconds=60)
    with world.floor.db.write() as session:
        before = waiting.abandoned_place(session, number, since)
        assert before is not None
        assert before.call_id == caller.id
        assert waiting.resume(session, before.id)
        assert not waiting.resume(session, before.id)
        now = clock.now()
        assert waiting.enter(session, place, now=now, entered_at=before.entered_at)
        assert waiting.abandoned_place(session, number, since) is None
    return again


def test_who_was_cut_off_gets_the_old_place_once(world: World) -> None:
    cut_off = world.caller("+66812345678").to_queue()
    entered = clock.now()
    world.clock.advance(seconds=5)
    other = world.caller().to_queue()
    cut_off.hangs_up()
    world.clock.advance(seconds=30)
    again = comes_back(world, cut_off, "+66812345678")
    assert again.stay.entered_at == entered
    (queued,) = [event for event in world.story(again) if event.kind is Kind.QUEUED]
    assert queued.data["since"] == entered.isoformat()
    assert "since" not in world.story(other)[-1].data
    invariants.check(world.floor)
    assert world.agent().offer["call_id"] == again.id
    invariants.check(world.floor)


@pytest.mark.parametrize("number", ["+66812345679", "anonymous", ""])
def test_nobody_gets_the_place_of_another_or_of_a_hidden_number(world: World, number: str) -> None:
    world.caller("+66812345678").to_queue().hangs_up()
    world.caller("anonymous").to_queue().hangs_up()
    since = clock.now() - timedelta(seconds=60)
    assert world.read(waiting.abandoned_place, number, since) is None


def test_a_place_that_was_not_abandoned_or_long_ago_is_not_found(world: World) -> None:
    number = "+66812345678"
    since = clock.now()
    failed = world.caller(number).to_queue()
    failed.leaves("error")
    failed.hangs_up()
    assert world.read(waiting.abandoned_place, number, since) is None
    world.caller(number).to_queue().hangs_up()
    assert world.read(waiting.abandoned_place, number, since) is not None
    later = since + timedelta(seconds=1)
    assert world.read(waiting.abandoned_place, number, later) is None


def test_a_wait_loop_whose_place_is_lost_may_say_since_when(world: World) -> None:
    """So a waiting room that was lost is rebuilt in the old order."""
    caller = world.caller().ring()
    place = waiting.Place(caller.id, 2, "information", "information", "th", 0)
    now = clock.now()
    before = now - timedelta(minutes=4)
    with world.floor.db.write() as session:
        seen = waiting.seen(session, caller.id, 2, place, now=now, entered_at=before)
        assert seen is not None
        assert seen.entered_at == before
        again = waiting.seen(session, caller.id, 2, place, now=now, entered_at=now)
        assert again == seen
    other = world.caller().ring()
    future = now + timedelta(minutes=4)
    place = waiting.Place(other.id, 2, "information", "information", "th", 0)
    with world.floor.db.write() as session:
        assert waiting.enter(session, place, now=now, entered_at=future)
    assert other.stay.entered_at == now
    invariants.check(world.floor)


def test_a_place_that_a_callback_keeps_outlives_the_call(world: World) -> None:
    kept, behind = world.caller().to_queue(), world.caller().to_queue()
    with world.floor.db.write() as session:
        session.execute(sa.update(Waiting).where(Waiting.id == kept.stay.id).values(callback_id=7))
    kept.hangs_up()
    assert kept.stay.state == "waiting"
    assert kept.stay.callback_id == 7
    assert world.read(waiting.position, behind.stay) == 2
    assert world.read(waiting.unseen, clock.now() + timedelta(hours=1), 9) == [behind.stay]
    (head,) = world.read(waiting.heads, [("information", "th")])
    assert head.id == kept.stay.id
