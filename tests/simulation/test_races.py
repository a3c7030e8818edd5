"""Real threads on both databases: everybody reaches for the same rows in the same instant.

Two floors stand for two web processes; eight threads leave one barrier together. Each contest
brings one call to a point where several things can happen to it, and lets some of them happen at
once; who wins is chance, that one story comes of it is not. The invariants hold after each.
"""

import itertools
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

import pytest
import sqlalchemy as sa

from agents import service as agents
from hotline import clock, outbox
from hotline.clock import DrivenClock
from hotline.errors import Conflict
from hotline.floor import Floor
from hotline.models import Effect
from ivr import jobs
from ivr import service as ivr
from ivr.calls import Arrival
from ivr.errors import Lost
from ivr.events import OfferState
from ivr.room import offers
from ivr.room.waiting import Place
from tests.support import invariants
from tests.support.world import START, World, listening

EIGHT = (((("information",)), ("th",)),) * 8
#: Rounds of each contest; there are seven.
ROUNDS = 30

Contestant = Callable[[Floor], object]


@dataclass
class Ring:
    """A hotline, and threads that wait behind one barrier."""

    world: World
    time: DrivenClock
    chance: random.Random
    threads: ThreadPoolExecutor
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def at_once(self, contestants: Sequence[Contestant]) -> list[bool]:
        """All of them in the same instant, each on one of the two floors; who was not too late.

        What is refused as no longer so is a race lost; any other error is a fault.
        """
        barrier = threading.Barrier(len(contestants))
        floors = itertools.cycle(self.world.floors)

        def go(contestant: Contestant, floor: Floor) -> bool:
            barrier.wait(60)
            with suppress(Conflict, Lost):
                contestant(floor)
                return True
            return False

        started = [self.threads.submit(go, each, next(floors)) for each in contestants]
        return [each.result(60) for each in started]

    def some(self, contestants: Sequence[Contestant]) -> list[Contestant]:
        """At least two of them, in any order, so that every pair meets in some round."""
        return self.chance.sample(contestants, self.chance.randint(2, len(contestants)))

    # ---- bringing a call to a point

    def waiting_call(self) -> int:
        """A caller who has entered the waiting room; nobody has looked yet."""
        number = next(self.numbers)
        with self.world.floor.db.write() as session:
            arrival = Arrival(f"CA{number:032x}", f"+668{number:08d}", "1337")
            call_id, _ = ivr.arrive(session, arrival, language="th", at="language", now=clock.now())
            place = Place(call_id, 2, "information", "information", "th", 0)
            assert ivr.enter(session, place, now=clock.now())
        return call_id

    def ready(self, agent_id: int) -> None:
        with self.world.floor.db.write() as session:
            agents.ready(session, agent_id, now=clock.now())

    def offered(self) -> ivr.OfferFacts:
        """A call that rings at the first agent."""
        call_id = self.waiting_call()
        self.ready(self.world.staff[0].id)
        return self.of(call_id)

    def accepted(self) -> ivr.OfferFacts:
        offer = self.offered()
        act(accept, offer)(self.world.floor)
        return self.of(offer.call_id)

    def answered(self) -> ivr.OfferFacts:
        offer = self.accepted()
        act(leg_answers, offer, f"LEG{offer.id}")(self.world.floor)
        return self.of(offer.call_id)

    def connected(self) -> ivr.OfferFacts:
        offer = self.answered()
        act(join, offer)(self.world.floor)
        return self.of(offer.call_id)

    def talked(self) -> ivr.OfferFacts:
        offer = self.connected()
        act(caller_goes, offer)(self.world.floor)
        return self.of(offer.call_id)

    def of(self, call_id: int) -> ivr.OfferFacts:
        with self.world.floor.db.read() as session:
            found = offers.latest_of(session, call_id)
        assert found is not None
        return found

    def clear(self) -> None:
        """Every call over, every outcome written, everybody at home."""
        floor = self.world.floor
        with floor.db.read() as session:
            told = invariants.tell(session, in_order=False)
        for worker in self.world.staff:
            with floor.db.write() as session:
                agents.sign_out(session, worker.id, now=clock.now())
        for call_id in set(told.arrived) - told.ended:
            with floor.db.write() as session:
                ivr.end_call(floor, session, call_id, "completed", now=clock.now())
        self.time.advance(seconds=600)
        jobs.wrap_up(floor, clock.now())


# ---------------------------------------------------------------- what can happen


def act(verb: Callable[..., object], *arguments: object) -> Contestant:
    """A verb in a unit of work of its own."""

    def do(floor: Floor) -> None:
        with floor.db.write() as session:
            verb(floor, session, *arguments)

    return do


def accept(floor, session, offer):  # type: ignore[no-untyped-def]
    ivr.accept(floor, session, offer.id, offer.agent_id, now=clock.now())


def decline(floor, session, offer):  # type: ignore[no-untyped-def]
    ivr.decline(floor, session, offer.id, offer.agent_id, now=clock.now())


def goes_home(_floor, session, offer):  # type: ignore[no-untyped-def]
    agents.sign_out(session, offer.agent_id, now=clock.now())


def caller_goes(floor, session, offer):  # type: ignore[no-untyped-def]
    ivr.end_call(floor, session, offer.call_id, "completed", now=clock.now())


def leg_answers(_floor, session, offer, leg):  # type: ignore[no-untyped-def]
    ivr.leg_answered(session, offer.id, leg, now=clock.now())


def leg_goes(floor, session, offer, leg):  # type: ignore[no-untyped-def]
    ivr.leg_over(floor, session, offer.id, leg, now=clock.now())


def join(_floor, session, offer):  # type: ignore[no-untyped-def]
    ivr.join(session, offer.id, now=clock.now())


def loop(_floor, session, offer):  # type: ignore[no-untyped-def]
    place = Place(offer.call_id, 2, "information", "information", "th", 0)
    ivr.seen(session, offer.call_id, 2, place, now=clock.now())


def talk_ends(floor, session, offer):  # type: ignore[no-untyped-def]
    offers.talk_over(floor, session, offers.facts(session, offer.id), "caller", now=clock.now())


def agent_hangs_up(floor, session, offer):  # type: ignore[no-untyped-def]
    ivr.hang_up(floor, session, offer.call_id, offer.agent_id, now=clock.now())


def finish(floor, session, offer, outcome):  # type: ignore[no-untyped-def]
    said = ivr.Outcome(outcome, note="said", category="rubbish")
    ivr.finish(floor, session, offer.call_id, offer.agent_id, said, by="agent-0", now=clock.now())


def sweep(name: str) -> Contestant:
    return lambda floor: floor.sweeps[name](floor, clock.now())


# ---------------------------------------------------------------- the contests


def who_gets_whom(ring: Ring) -> None:
    """Eight agents become ready for three callers: three offers, to three agents."""
    called = [ring.waiting_call() for _ in range(3)]
    ring.at_once([act(partial(_ready, worker.id)) for worker in ring.world.staff])
    ringing = ring.world.offers(OfferState.OFFERED)
    assert sorted(row.call_id for row in ringing) == called
    assert len({row.agent_id for row in ringing}) == 3


def _ready(agent_id, _floor, session):  # type: ignore[no-untyped-def]
    agents.ready(session, agent_id, now=clock.now())


def who_looks_first(ring: Ring) -> None:
    """Eight looks at three agents and five callers: the first three callers are offered."""
    for worker in ring.world.staff[:3]:
        ring.ready(worker.id)
    called = [ring.waiting_call() for _ in range(5)]
    ring.at_once([ivr.look] * 8)
    assert sorted(row.call_id for row in ring.world.offers(OfferState.OFFERED)) == called[:3]


def an_offer_rings(ring: Ring) -> None:
    """Accepted, declined, run out, withdrawn: one of them."""
    offer = ring.offered()
    ring.time.advance(seconds=30)
    verbs = [act(verb, offer) for verb in (accept, accept, decline, caller_goes, goes_home, loop)]
    ring.at_once(ring.some([*verbs, *[sweep("ivr.expire_offers")] * 2]))


def an_accepted_offer(ring: Ring) -> None:
    """Two telephones of one agent answer (an effect done twice), the caller goes, time is up."""
    offer = ring.accepted()
    if ring.chance.random() < 0.5:
        ring.time.advance(seconds=60)
    verbs = [act(leg_answers, offer, leg) for leg in ("A", "B")]
    verbs += [act(leg_goes, offer, leg) for leg in ("A", "B")]
    verbs += [act(caller_goes, offer), act(join, offer), sweep("ivr.expire_offers")]
    ring.at_once(ring.some(verbs))
    if ring.of(offer.call_id).answered_at is not None:
        assert ring.of(offer.call_id).leg_sid in ("A", "B")


def the_two_meet(ring: Ring) -> None:
    """The caller arrives while one of the two hangs up, or time runs out."""
    offer = ring.answered()
    if ring.chance.random() < 0.5:
        ring.time.advance(seconds=60)
    verbs = [act(verb, offer) for verb in (join, join, caller_goes, loop)]
    verbs += [act(leg_goes, offer, f"LEG{offer.id}"), sweep("ivr.expire_offers")]
    ring.at_once(ring.some(verbs))


def the_talk_ends(ring: Ring) -> None:
    """Both hang up: one end, and the agent writes the outcome."""
    offer = ring.connected()
    verbs = [act(verb, offer) for verb in (caller_goes, talk_ends, agent_hangs_up, agent_hangs_up)]
    ring.at_once(ring.some([*verbs, act(leg_goes, offer, f"LEG{offer.id}")]))
    assert ring.of(offer.call_id).result == "done"


def the_outcome_is_written(ring: Ring) -> None:
    """By the agent, twice, and by the limit: one ticket."""
    offer = ring.talked()
    ring.time.advance(seconds=600)
    verbs = [act(finish, offer, outcome) for outcome in ("information", "complaint")]
    verbs += [sweep("ivr.wrap_up"), sweep("ivr.wrap_up"), act(goes_home, offer)]
    ring.at_once(ring.some(verbs))


CONTESTS = [
    who_gets_whom,
    who_looks_first,
    an_offer_rings,
    an_accepted_offer,
    the_two_meet,
    the_talk_ends,
    the_outcome_is_written,
]


@contextmanager
def ring_of(floors: tuple[Floor, Floor]) -> Iterator[Ring]:
    world = World(floors)
    with (
        clock.driven(START) as time,
        ThreadPoolExecutor(8) as threads,
        listening(world),
    ):
        world.begin(EIGHT)
        yield Ring(world, time, random.Random(1337), threads)
    assert not world.complaints.found, world.complaints.found


@pytest.fixture
def ring(floors: tuple[Floor, Floor]) -> Iterator[Ring]:
    """Eight agents with the same skill, and as many threads."""
    with ring_of(floors) as ring:
        yield ring


@pytest.mark.parametrize("contest", CONTESTS, ids=lambda contest: contest.__name__)
def test_one_story_comes_of_it(ring: Ring, contest: Callable[[Ring], None]) -> None:
    """Whoever wins: the invariants hold, and hold again when everybody has gone."""
    for _ in range(ROUNDS):
        contest(ring)
        invariants.check(ring.world.floor, in_order=False)
        ring.clear()
    invariants.check_at_rest(ring.world.floor, in_order=False)


def test_two_deliverers_do_an_effect_once(ring: Ring) -> None:
    """Workers and sweepers reach for the same row of the outbox; the agent rings once."""
    for _ in range(ROUNDS):
        ring.accepted()
        (effect_id,) = ring.world.jobs.effects
        ring.world.jobs.effects.clear()
        ring.time.advance(seconds=5)
        deliverers = [lambda floor, which=effect_id: outbox.deliver(floor, which)] * 4
        ring.at_once([*deliverers, *[sweep("outbox.sweep")] * 4])
        (telephone,) = ring.world.carrier.telephones("ringing")
        ring.world.carrier.end(telephone, "canceled")
        with ring.world.floor.db.read() as session:
            row = session.execute(
                sa.select(Effect.state, Effect.attempts).where(Effect.id == effect_id)
            ).one()
        assert tuple(row) == ("sent", 1)
        ring.clear()
        ring.world.carry_all()
