"""Two at once for the same row: one wins, the other walks away, and the story is one of the two.

By hand: the second begins while the first has not committed (PostgreSQL; SQLite has one writer at a
time by itself). And by threads, which race for real on both.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import sqlalchemy as sa
from sqlalchemy.orm import Session

from agents import service as agents
from hotline import clock
from hotline.errors import HotlineError
from ivr import closing
from ivr.errors import Lost
from ivr.room import offers, waiting
from ivr.room.offers import OfferFacts
from tests.service.ivr.world import Agent, Caller, World
from tests.support.waiting import until

ROUNDS = 5


def rounds(world: World) -> Iterator[int]:
    """Several races in one hotline; after each everybody goes home."""
    for number in range(ROUNDS):
        yield number
        world.everybody_goes()
        world.clock.advance(seconds=1)


def at_once(*actions: Callable[[], object]) -> list[BaseException]:
    """Run actions in threads of their own that begin together; what they raised."""
    barrier = threading.Barrier(len(actions))
    raised: list[BaseException] = []

    def run(action: Callable[[], object]) -> None:
        barrier.wait()
        try:
            action()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def meanwhile(
    world: World, first: Callable[[Session], object], second: Callable[[], object]
) -> list[BaseException]:
    """Run `second` in a thread that begins when `first` has written; and only when it waits for
    that does `first` commit. (On SQLite it waits before it has read anything.) What it raised.
    """
    raised: list[BaseException] = []

    def run() -> None:
        try:
            second()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    with world.floor.db.write() as session:
        first(session)
        thread.start()
        if not world.floor.db.is_sqlite:
            until(lambda: not thread.is_alive() or somebody_waits(world), "it waits for the row")
    thread.join()
    return raised


def somebody_waits(world: World) -> bool:
    waits = sa.text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with world.floor.db.engine.connect() as connection:
        return bool(connection.execute(waits).scalar_one())


def looks(world: World) -> Callable[[], object]:
    return lambda: offers.look(world.floor)


def accepts(world: World, agent: Agent, offer_id: int) -> Callable[[], None]:
    def act() -> None:
        with suppress(HotlineError), world.floor.db.write() as session:
            offers.accept(world.floor, session, offer_id, agent.id, now=clock.now())

    return act


def declines(world: World, agent: Agent, offer_id: int) -> Callable[[], None]:
    def act() -> None:
        with suppress(HotlineError, Lost), world.floor.db.write() as session:
            offers.decline(world.floor, session, offer_id, agent.id, now=clock.now())

    return act


def ends(world: World, caller: Caller) -> Callable[[], None]:
    def act() -> None:
        with world.floor.db.write() as session:
            closing.end_call(world.floor, session, caller.id, "completed", now=clock.now())

    return act


def joins(world: World, offer_id: int) -> Callable[[], None]:
    def act() -> None:
        with suppress(Lost), world.floor.db.write() as session:
            offers.join(session, offer_id, now=clock.now())

    return act


def hangs_up(world: World, agent: Agent, caller: Caller) -> Callable[[], None]:
    def act() -> None:
        with suppress(HotlineError), world.floor.db.write() as session:
            offers.hang_up(world.floor, session, caller.id, agent.id, now=clock.now())

    return act


def leg_ends(world: World, offer: OfferFacts) -> Callable[[], None]:
    def act() -> None:
        with world.floor.db.write() as session:
            leg = str(offer.leg_sid)
            offers.leg_over(world.floor, session, offer.id, leg, now=clock.now())

    return act


def finishes(world: World, agent: Agent, caller: Caller) -> Callable[[], None]:
    said = closing.Outcome("complaint", category="flood")

    def act() -> None:
        with world.floor.db.write() as session:
            now = clock.now()
            closing.finish(world.floor, session, caller.id, agent.id, said, by="agent", now=now)

    return act


def limit_is_over(world: World) -> Callable[[], None]:
    return lambda: world.floor.sweeps["ivr.wrap_up"](world.floor, clock.now())


def enters(world: World, caller: Caller) -> Callable[[], None]:
    place = waiting.Place(caller.id, 2, "information", "information", "th", 0)

    def act() -> None:
        with world.floor.db.write() as session:
            waiting.enter(session, place, now=clock.now())
        offers.look(world.floor, [("information", "th")])

    return act


def gets_ready(world: World, agent: Agent) -> Callable[[], None]:
    def act() -> None:
        with world.floor.db.write() as session:
            agents.ready(session, agent.id, now=clock.now())

    return act


def expires(world: World) -> Callable[[], None]:
    return lambda: world.floor.sweeps["ivr.expire_offers"](world.floor, clock.now())


def test_many_processes_look_for_the_same_callers(world: World) -> None:
    """Six callers, four agents, five processes that look at once: four offers, the first four."""
    for _ in rounds(world):
        team = [world.agent(ready=False) for _ in range(4)]
        callers = []
        for _ in range(6):
            callers.append(world.caller().to_queue())
            world.clock.advance(seconds=1)
        listeners, world.floor.db.listeners = world.floor.db.listeners, {}
        for agent in team:
            agent.ready()
        world.floor.db.listeners = listeners
        assert at_once(*(looks(world) for _ in range(5))) == []
        assert {agent.doing for agent in team} == {"ready/offered"}
        offered = {agent.offer["call_id"] for agent in team}
        assert offered == {caller.id for caller in callers[:4]}
        world.check()


def test_the_caller_hangs_up_in_the_instant_in_which_the_agent_accepts(world: World) -> None:
    for _ in rounds(world):
        agent = world.agent()
        caller = world.caller().to_queue()
        offer_id = agent.offer["id"]
        assert at_once(accepts(world, agent, offer_id), ends(world, caller)) == []
        world.deliver()
        assert agent.doing == "ready/idle"
        assert "abandoned" in world.events(caller)
        assert world.events(caller)[-2:] == ["offer_ended", "ended"]
        world.check()


def test_the_caller_hangs_up_in_the_instant_in_which_they_are_joined(world: World) -> None:
    for _ in rounds(world):
        agent = world.agent()
        caller = world.caller().to_queue()
        agent.accepts().picks_up()
        offer_id = agent.last_offer.id
        assert at_once(joins(world, offer_id), ends(world, caller)) == []
        visit = world.visit(caller)
        assert (visit.connected_at is None) != (visit.abandoned_at is None), "one story, not two"
        assert agent.doing == ("ready/wrap_up" if visit.connected_at else "ready/idle")
        world.check()


def test_accepting_and_declining_at_once(world: World) -> None:
    for _ in rounds(world):
        agent = world.agent()
        caller = world.caller().to_queue()
        offer_id = agent.offer["id"]
        raised = at_once(accepts(world, agent, offer_id), declines(world, agent, offer_id))
        assert raised == []
        assert (agent.doing, caller.stay.state) in {
            ("ready/on_call", "connecting"),
            ("break/idle", "waiting"),
        }
        world.check()


def test_accepting_in_the_instant_in_which_it_rings_out(world: World) -> None:
    for _ in rounds(world):
        agent = world.agent()
        caller = world.caller().to_queue()
        offer_id = agent.offer["id"]
        world.clock.advance(seconds=20)
        assert at_once(accepts(world, agent, offer_id), expires(world)) == []
        assert (agent.doing, caller.stay.state) in {
            ("ready/on_call", "connecting"),
            ("missed/idle", "waiting"),
        }
        world.check()


def test_three_tell_the_end_of_a_conversation_at_once(world: World) -> None:
    for _ in rounds(world):
        agent = world.agent()
        caller = world.caller().to_queue()
        agent.talks_with(caller)
        offer = agent.last_offer

        told = (hangs_up(world, agent, caller), leg_ends(world, offer), ends(world, caller))
        assert at_once(*told) == []
        assert world.events(caller).count("talk_ended") == 1
        assert agent.doing == "ready/wrap_up"
        world.check()


def test_the_limit_is_over_in_the_instant_in_which_the_agent_finishes(world: World) -> None:
    for _ in rounds(world):
        agent = world.agent()
        caller = world.caller().to_queue()
        agent.talks_with(caller).hangs_up()
        world.clock.advance(seconds=180)
        assert at_once(finishes(world, agent, caller), limit_is_over(world)) == []
        visit = world.visit(caller)
        assert visit.ticket is not None
        assert world.events(caller).count("wrapped_up") == 1
        assert agent.doing == "ready/idle"
        world.check()


def test_the_same_step_at_once_takes_one_place(world: World) -> None:
    for _ in rounds(world):
        caller = world.caller().ring()
        assert at_once(*[enters(world, caller)] * 3) == []
        assert world.events(caller).count("queued") == 1


def test_the_end_and_the_entry_at_once_leave_nobody_waiting(world: World) -> None:
    for _ in rounds(world):
        caller = world.caller().ring()
        assert at_once(enters(world, caller), ends(world, caller)) == []
        seen = world.events(caller)
        assert ("queued" in seen) == ("abandoned" in seen)
        world.check()


def test_agent_ready_and_caller_entering_at_once_always_meet(world: World) -> None:
    """Each commits before it looks, so that one of the two sees the other."""
    for _ in rounds(world):
        agent = world.agent(ready=False)
        caller = world.caller().ring()
        assert at_once(enters(world, caller), gets_ready(world, agent)) == []
        assert agent.doing == "ready/offered"
        world.check()


def test_who_comes_second_walks_away_while_the_first_is_not_done(world: World) -> None:
    """By hand: a caller is taken in one unit of work; a second one asks for the same caller."""
    if world.floor.db.is_sqlite:
        return  # one writer at a time: the second does not begin before the first has ended
    agent, other = world.agent(ready=False), world.agent(ready=False)
    world.caller().to_queue()
    listeners, world.floor.db.listeners = world.floor.db.listeners, {}
    agent.ready()
    other.ready()
    world.floor.db.listeners = listeners
    pair = offers._first_pair(world.floor, lambda _: [("information", "th")])
    assert pair is not None
    lost = threading.Event()

    def second() -> None:
        try:
            with world.floor.db.write() as session:
                offers.make(world.floor, session, pair, now=clock.now())
        except Lost:
            lost.set()

    thread = threading.Thread(target=second)
    with world.floor.db.write() as session:
        offers.make(world.floor, session, pair, now=clock.now())
        thread.start()
        assert not lost.is_set(), "it waits for the row"
    thread.join()
    assert lost.is_set()
    world.check()
