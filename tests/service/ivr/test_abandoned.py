"""Who hung up while waiting is a list that somebody works through, and that empties itself."""

from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa

from hotline.auth import Role
from hotline.city import CityConfig
from ivr.callbacks import rows as callback_rows
from ivr.callbacks.abandoned import LONGEST_RING
from ivr.callbacks.rules import State
from ivr.models import CallEvent
from tests.service.ivr.world import Caller, World
from tests.support.floors import sign_in_as

_numbers = count(1)


def hung_up(world: World, number: str = "", *keys: str) -> Caller:
    caller = world.caller(number).comes_again(*keys)
    world.clock.advance(seconds=60)
    caller.hangs_up()
    world.clock.advance(seconds=100)  # the flow gives the place back to who calls again sooner
    return caller


def listed(world: World) -> Any:
    token = sign_in_as(world.floor, Role.SUPERVISOR, f"supervisor{next(_numbers)}")
    bearer = {"Authorization": f"Bearer {token}"}
    return world.client.get("/api/callbacks", headers=bearer).get_json()


def calls_listed(world: World) -> list[int]:
    return [row["call_id"] for row in listed(world)["abandoned"]]


def test_who_hung_up_while_waiting_is_on_the_list_with_a_masked_number(world: World) -> None:
    caller = hung_up(world, "+66812345678")
    (row,) = listed(world)["abandoned"]
    assert row["call_id"] == caller.id
    assert row["caller"] == "+66·····678"
    assert row["waited_seconds"] == 60.0


def test_one_row_a_number_the_urgent_first_and_then_the_newest(world: World) -> None:
    plain = hung_up(world)
    hung_up(world, "+66812345678")
    again = hung_up(world, "+66812345678")
    urgent = hung_up(world, "", "3", "0")
    newest = hung_up(world)
    assert calls_listed(world) == [urgent.id, newest.id, again.id, plain.id]
    assert [row["times"] for row in listed(world)["abandoned"]] == [1, 1, 2, 1]


def test_hidden_numbers_and_old_ones_are_not_on_it(world: World) -> None:
    hung_up(world, "anonymous")
    hung_up(world, "+266696687")  # "anonymous", as a keypad spells it
    old = hung_up(world)
    assert calls_listed(world) == [old.id]
    world.clock.advance(days=3)
    assert calls_listed(world) == []


def test_a_caller_who_got_through_since_drops_off_by_himself(world: World) -> None:
    caller = hung_up(world, "+66812345678")
    again = world.caller("+66812345678").comes_again()
    assert calls_listed(world) == []  # on the line again: nothing is owed
    agent = world.agent().talks_with(again)
    again.hangs_up()
    agent.finishes()
    assert calls_listed(world) == []
    later = hung_up(world, "+66812345678")
    agent.goes_home()
    assert calls_listed(world) in ([], [later.id])
    assert caller.id != later.id


def test_called_back_it_is_the_call_of_the_very_agent_who_clicked(world: World) -> None:
    caller = hung_up(world)
    longest_idle = world.agent()
    world.clock.advance(seconds=5)
    clicks = world.agent()
    assert clicks.does(f"/api/callbacks/call/{caller.id}/back") == {"offered_to_me": True}
    assert clicks.call["callback"]["asked_by"] == clicks.username
    assert clicks.doing == "ready/on_call"  # who clicked has said yes with that
    assert longest_idle.doing == "ready/idle"
    assert calls_listed(world) == []
    world.deliver()
    clicks.picks_up()
    url, _, sid = next(rest for to, *rest in world.carrier.of("dial") if to == caller.number)
    world.post(url, CallSid=sid, CallStatus="in-progress")
    clicks.hangs_up()
    clicks.finishes()
    assert calls_listed(world) == []
    first, second = world.read(lambda session: _visits(session, caller.id))
    assert first.abandoned_at is not None  # they did hang up, and are still counted so
    assert second.connected_at is not None
    world.check()


def _visits(session: Any, call_id: int) -> Any:
    from ivr import story

    return story.visits_of(session, call_id)


def test_an_agent_who_is_not_free_puts_it_into_the_line(world: World) -> None:
    caller = hung_up(world)
    clicks = world.agent(ready=False)
    other = world.agent()
    assert clicks.does(f"/api/callbacks/call/{caller.id}/back") == {"offered_to_me": False}
    assert other.offer["call_id"] == caller.id


def test_two_agents_who_click_call_once(world: World) -> None:
    caller = hung_up(world)
    first, second = world.agent(), world.agent()
    first.does(f"/api/callbacks/call/{caller.id}/back")
    second.does(f"/api/callbacks/call/{caller.id}/back", 409)
    assert second.doing == "ready/idle"


def test_settled_in_a_word_by_somebody_it_is_off_the_list(world: World) -> None:
    caller = hung_up(world)
    agent = world.agent(ready=False)
    agent.does(f"/api/callbacks/call/{caller.id}/done", 422)
    agent.does(f"/api/callbacks/call/{caller.id}/done", word="wrote to them")
    assert calls_listed(world) == []
    agent.does(f"/api/callbacks/call/{caller.id}/done", 409, word="again")
    (ended,) = [e for e in world.story(caller) if e.kind == "callback_ended"]
    assert (ended.data["result"], ended.data["by"]) == ("done", agent.username)
    later = hung_up(world, caller.number)
    assert calls_listed(world) == [later.id]


def test_what_was_promised_stands_beside_it_and_a_supervisor_may_cancel(world: World) -> None:
    caller = hung_up(world)
    agent = world.agent(ready=False)
    agent.does(f"/api/callbacks/call/{caller.id}/back")
    (row,) = listed(world)["callbacks"]
    assert (row["state"], row["tries"], row["late"]) == ("in_line", 0, False)
    world.clock.advance(hours=5)
    assert listed(world)["callbacks"][0]["late"] is True  # listed, and never dropped
    agent.does(f"/api/callbacks/{row['id']}/cancel", 403)
    supervisor = {"Authorization": f"Bearer {sign_in_as(world.floor, Role.SUPERVISOR)}"}
    answer = world.client.post(f"/api/callbacks/{row['id']}/cancel", headers=supervisor)
    assert answer.status_code == 200
    assert world.read(callback_rows.facts, row["id"]).state is State.CANCELLED


@pytest.mark.parametrize("language", ["th", "en"])
def test_the_page_shows_no_whole_number(world: World, language: str) -> None:
    caller = hung_up(world, "+66812345678")
    page = world.agent(ready=False).ask("GET", f"/callbacks?lang={language}").get_data(True)
    assert f"abandoned-{caller.id}" in page
    assert "+66812345678" not in page
    assert "+66·····678" in page


def test_the_desk_says_that_it_is_a_callback(world: World) -> None:
    caller = hung_up(world)
    agent = world.agent()
    agent.does(f"/api/callbacks/call/{caller.id}/back")
    panel = agent.ask("GET", "/calls/current?lang=en").get_data(True)
    assert "Callback" in panel
    assert "once you pick up, the caller is rung" in panel
    assert "Hang up" in panel
    story = agent.ask("GET", f"/calls/{caller.id}?lang=en").get_data(True)
    assert "A callback was promised: as soon as possible" in story


class TestOnTheShippedHotline:
    """Where nobody need be there: config.yaml says what is done then."""

    @pytest.fixture
    def city_config(self, shipped_config: CityConfig) -> CityConfig:
        return shipped_config

    def test_who_came_when_nobody_was_there_and_left_no_word(self, world: World) -> None:
        caller = world.caller().to_queue()
        assert world.events(caller)[-1] == "turned_away"
        assert calls_listed(world) == [], "still on the line, choosing"
        caller.hangs_up()
        (row,) = listed(world)["abandoned"]
        assert (row["call_id"], row["why"], row["queue"]) == (caller.id, "nobody", "information")
        assert row["waited_seconds"] == 0.0
        page = world.agent(ready=False).ask("GET", "/callbacks?lang=en").get_data(True)
        assert "nobody was there" in page

    def test_who_wanted_an_emergency_stands_first(self, world: World) -> None:
        plain, urgent = world.caller().to_queue(), world.caller().to_queue("9", "0")
        for caller in (urgent, plain):
            world.clock.advance(seconds=1)
            caller.hangs_up()
        assert calls_listed(world) == [urgent.id, plain.id]

    def test_who_was_put_through_outside_instead_is_owed_nothing(self, world: World) -> None:
        caller = world.caller().to_queue().press("9", "1")
        dial = caller.xml.find("Dial")
        assert dial is not None
        world.clock.advance(seconds=30)
        caller.goes_to(dial.attrib["action"], DialCallStatus="no-answer")
        caller.hangs_up()
        assert calls_listed(world) == [caller.id], "nobody answered there either"
        again = world.caller(caller.number).ring().press("9", "1")
        dial = again.xml.find("Dial")
        assert dial is not None
        world.clock.advance(seconds=30)
        again.goes_to(dial.attrib["action"], DialCallStatus="completed", CallStatus="completed")
        again.hangs_up()
        assert calls_listed(world) == []

    @pytest.fixture
    def outside(self, world: World) -> Caller:
        """Somebody in danger who waited for our people and is put through to the night officer."""
        at_rest = world.agent(queues=["emergency"])
        caller = world.caller().to_queue("9", "0")
        at_rest.rests()
        world.clock.advance(seconds=61)
        left = caller.left_url
        caller.waits()
        return caller.goes_to(left, QueueResult="leave")

    def test_who_waited_and_was_put_through_to_nobody(self, world: World, outside: Caller) -> None:
        dial = outside.xml.find("Dial")
        assert dial is not None
        assert world.events(outside)[-1] == "transferring"
        assert calls_listed(world) == []
        outside.goes_to(dial.attrib["action"], DialCallStatus="no-answer")
        assert outside.xml.find("Record") is not None, "asked for a message"
        outside.hangs_up()
        (row,) = listed(world)["abandoned"]
        assert (row["call_id"], row["why"], row["queue"]) == (
            outside.id,
            "transferred",
            "emergency",
        )
        assert row["waited_seconds"] == 61.0
        page = world.agent(ready=False).ask("GET", "/callbacks?lang=en").get_data(True)
        assert "nobody answered where they were put through" in page

    def test_who_talked_outside_until_they_hung_up(self, world: World, outside: Caller) -> None:
        """The carrier need not tell how a transfer ended whose caller hangs up first."""
        world.clock.advance(seconds=LONGEST_RING.total_seconds() + 1)
        outside.hangs_up()
        assert calls_listed(world) == []

    def test_who_may_have_hung_up_before_anybody_answered(
        self, world: World, outside: Caller
    ) -> None:
        world.clock.advance(seconds=20)
        outside.hangs_up()
        assert calls_listed(world) == [outside.id]

    def test_who_hung_up_while_it_rang_outside(self, world: World, outside: Caller) -> None:
        dial = outside.xml.find("Dial")
        assert dial is not None
        gone = {"DialCallStatus": "no-answer", "CallStatus": "completed"}
        outside.goes_to(dial.attrib["action"], **gone)
        outside.hangs_up()
        assert calls_listed(world) == [outside.id]

    def test_a_queue_that_the_file_no_longer_has_is_still_somebodys(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        caller = world.caller().to_queue()
        caller.hangs_up()
        with world.floor.db.write() as session:
            session.execute(
                sa.update(CallEvent)
                .where(CallEvent.kind == "turned_away")
                .values(data={"queue": "festival", "language": "th", "why": "nobody"})
            )
        (row,) = listed(world)["abandoned"]
        assert (row["call_id"], row["queue"]) == (caller.id, "information")
        agent = world.agent()
        agent.does(f"/api/callbacks/call/{caller.id}/back")
        assert agent.call["id"] == caller.id

    def test_they_are_called_back_by_the_agent_who_clicks(self, world: World) -> None:
        caller = world.caller().to_queue()
        caller.hangs_up()
        agent = world.agent()
        agent.does(f"/api/callbacks/call/{caller.id}/back")
        assert agent.call["id"] == caller.id
        assert calls_listed(world) == []
        world.check()
