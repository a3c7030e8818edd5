"""A supervisor gives a waiting caller another place: never silently, never over somebody else."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from agents import service as agents
from agents.config import Agents
from agents.supervise import Author
from hotline import audit, auth, clock
from hotline.errors import HotlineError
from ivr.errors import InFront, Lost, PlaceMoved
from ivr.room import reorder, waiting
from ivr.room.reorder import Wish
from tests.service.ivr.test_races import at_once, looks, rounds
from tests.service.ivr.world import Agent, Caller, World
from tests.support.invariants import check


@pytest.fixture
def supervisor(world: World) -> Agent:
    return world.supervisor()


@pytest.fixture
def line(world: World) -> list[Caller]:
    """Three who wait for information, in their order."""
    callers = []
    for _ in range(3):
        callers.append(world.caller().to_queue())
        world.clock.advance(seconds=10)
    return callers


def positions(world: World, callers: list[Caller]) -> list[int]:
    return [world.read(waiting.position, caller.stay) for caller in callers]


def act(caller: Caller) -> str:
    return f"/floor/waiting/{caller.id}"


def page(supervisor: Agent, path: str = "/floor/waiting") -> str:
    return str(supervisor.ask("GET", f"{path}?lang=en").get_data(True))


def test_put_in_front_with_author_and_reason(
    world: World, line: list[Caller], supervisor: Agent
) -> None:
    seen = reorder.place_of(line[2].stay)
    assert seen in page(supervisor)
    said = supervisor.acts(act(line[2]), how="front", reason="fell in the street", seen=seen)
    assert said
    assert positions(world, line) == [2, 3, 1]
    event = world.story(line[2])[-1]
    assert event.kind.value == "reordered"
    assert event.data["who"] == supervisor.username
    assert event.data["why"] == "fell in the street"
    with world.floor.db.read() as session:
        (done,) = audit.lines(session, audit.Asked(kind="ivr.reordered"))
    assert (done.by, done.reason) == (supervisor.username, "fell in the street")
    assert "in front of" in page(supervisor, f"/calls/{line[2].id}")
    agent = world.agent(queues=["information"])
    assert agent.offer["call_id"] == line[2].id
    assert agent.declines().doing == "break/idle"
    assert positions(world, line) == [2, 3, 1], "the place is kept"
    check(world.floor)


def test_what_the_supervisor_saw_has_changed(
    world: World, line: list[Caller], supervisor: Agent
) -> None:
    seen = reorder.place_of(line[2].stay)
    other = world.supervisor()
    other.acts(act(line[2]), how="priority", priority=5, reason="old", seen=seen)
    assert supervisor.acts(act(line[2]), 409, how="front", reason="x", seen=seen) == "place-moved"
    assert supervisor.acts(act(line[2]), 422, how="front", reason=" ") == "no-reason-given"
    assert supervisor.acts(act(line[2]), 422, how="up", reason="x") == "invalid"
    assert positions(world, line) == [2, 3, 1]
    again = supervisor.acts(act(line[2]), 409, how="front", reason="x")
    assert again == "in-front"


def test_a_priority_ranks_as_if_they_had_come_with_it(
    world: World, line: list[Caller], supervisor: Agent
) -> None:
    supervisor.acts(act(line[1]), how="priority", priority=3, reason="ill")
    assert positions(world, line) == [2, 1, 3]
    policy = world.floor.section(Agents).policy
    assert reorder.priority_of(line[1].stay, policy) == 3
    assert "priority 3" in page(supervisor)
    for wrong in ("100", "-1", "high"):
        supervisor.acts(act(line[1]), 422, how="priority", priority=wrong, reason="x")
    check(world.floor)


def test_moved_to_another_queue_as_old_as_they_are(
    world: World, line: list[Caller], supervisor: Agent
) -> None:
    since = line[0].stay.entered_at
    theirs = world.caller().to_queue("1", "2")
    supervisor.acts(act(line[0]), how="queue", queue="complaint", reason="wrong key")
    stay = line[0].stay
    assert (stay.queue, stay.entered_at) == ("complaint", since)
    assert positions(world, [line[0], theirs]) == [1, 2]
    assert world.visit(line[0]).queue == "complaint", "where it is counted"
    line[0].waits()
    assert line[0].stay.queue == "complaint", "the wait loop's old address changes nothing"
    for wrong in ("complaint", "nowhere"):
        supervisor.acts(act(line[0]), 422, how="queue", queue=wrong, reason="x")
    agent = world.agent(queues=["complaint"])
    assert agent.offer["call_id"] == line[0].id
    agent.talks_with(line[0])
    check(world.floor)


def test_a_ready_agent_of_the_new_queue_is_rung_at_once(
    world: World, line: list[Caller], supervisor: Agent
) -> None:
    agent = world.agent(queues=["complaint"])
    supervisor.acts(act(line[1]), how="queue", queue="complaint", reason="wrong key")
    assert agent.offer["call_id"] == line[1].id
    check(world.floor)


def test_given_to_a_certain_agent_whatever_the_order(
    world: World, line: list[Caller], supervisor: Agent
) -> None:
    agent = world.agent(queues=["emergency"])
    supervisor.acts(act(line[2]), how="agent", agent=agent.id, reason="knows her")
    assert agent.offer["call_id"] == line[2].id
    word = page(agent, "/desk/presence")
    assert f"{supervisor.username} gave you this caller" in word
    assert "knows her" in word
    other = world.agent(queues=["information"], ready=False)
    assert (
        supervisor.acts(act(line[0]), 409, how="agent", agent=other.id, reason="x")
        == "colleague-busy"
    )
    agent.declines()
    check(world.floor)
    free = world.agent(queues=["information"])
    assert free.offer["call_id"] == line[0].id, "the others in their order"
    check(world.floor)


def test_pulled_to_the_supervisor(world: World, line: list[Caller]) -> None:
    supervisor = world.supervisor(ready=True)
    assert f"Me ({supervisor.username})" in page(supervisor)
    supervisor.acts(act(line[1]), how="agent", agent=supervisor.id, reason="mine")
    supervisor.talks_with(line[1])
    assert supervisor.call["state"] == "talking"
    check(world.floor)


def test_who_is_offered_already_is_told_so(
    world: World, line: list[Caller], supervisor: Agent
) -> None:
    agent = world.agent(queues=["information"])
    assert agent.offer["call_id"] == line[0].id
    for how in ("front", "agent"):
        answer = supervisor.world.client.post(
            act(line[0]) + "?lang=en",
            data={"how": how, "reason": "x", "agent": str(world.agent(queues=[]).id)},
            headers={"Authorization": f"Bearer {supervisor.token}", "Accept": "application/json"},
        )
        assert answer.status_code == 409
        assert agent.username in answer.get_json()["error"]["message"]
    line[1].hangs_up()
    assert supervisor.acts(act(line[1]), 409, how="front", reason="x") == "place-moved"
    assert agent.acts(act(line[2]), 403, how="front", reason="x") == "forbidden"


def moving(
    world: World, supervisor: Agent, what: Callable[..., None], caller: Caller, *arguments: object
) -> Callable[[], None]:
    with world.floor.db.read() as session:
        by = auth.identify(session, supervisor.token, now=clock.now())
    assert by is not None
    wish = Wish(caller.id, Author(by, "because"), reorder.place_of(caller.stay))

    def act() -> None:
        with suppress(InFront, PlaceMoved, Lost, HotlineError), world.floor.db.write() as session:
            what(world.floor, session, wish, *arguments, now=clock.now())

    return act


def test_moved_while_routing_offers_the_same_caller(world: World, supervisor: Agent) -> None:
    for _ in rounds(world):
        callers = [world.caller().to_queue() for _ in range(2)]
        agent = world.agent(queues=["information"], ready=False)
        with world.floor.db.write() as session:
            agents.ready(session, agent.id, now=clock.now())
        move = moving(world, supervisor, reorder.to_queue, callers[0], "complaint")
        assert at_once(move, looks(world)) == []
        assert agent.offer is not None
        taken = agent.offer["call_id"] == callers[0].id
        assert callers[0].stay.queue == ("information" if taken else "complaint")
        check(world.floor, in_order=False)


def test_two_supervisors_move_one_caller_and_one_is_told(world: World, supervisor: Agent) -> None:
    other = world.supervisor()
    for _ in rounds(world):
        _, caller = (world.caller().to_queue() for _ in range(2))
        first = moving(world, supervisor, reorder.set_priority, caller, 7)
        last = moving(world, other, reorder.to_queue, caller, "complaint")
        assert at_once(first, last) == []
        assert world.events(caller).count("reordered") == 1
        check(world.floor)
