"""Everything at once, in any order: a machine tries to make happen what must never happen.

Chance decides what callers, agents, the carrier and the machines do next, and which webhook arrives
now, later, twice, or after the end; after every move the invariants of the design are checked from
the rows and, independently, from the events (`tests.support.invariants`). At the end everything
that is on its way arrives, everybody who waits is served, and nothing may be left over.

The seeds are fixed, so that a run can be repeated. `HOTLINE_SIMULATION_STEPS=200000` takes so many
moves from a seed that it prints (or is told: `HOTLINE_SIMULATION_SEED`). A story that failed once
stays, in `test_stories.py`.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

import pytest
import sqlalchemy as sa

from agents import service as agents
from agents.supervise import Author
from hotline import clock
from hotline.auth import Identity, Role
from hotline.clock import DrivenClock
from hotline.errors import HotlineError
from hotline.floor import Floor
from ivr.events import LIVE, OfferState, Waits
from ivr.models import CallEvent
from ivr.room import reorder
from ivr.room.waiting import Stay
from tests.support import drain, invariants
from tests.support.scripted_carrier import Dialling, Menu, Request, ScriptedCarrier
from tests.support.walker import Walk, rule
from tests.support.world import START, World, choose, legs, listening

#: Moves of one walk, and walks of the ordinary test.
MOVES, WALKS = 120, 5
#: The same, on the file as it is shipped.
SHIPPED_WALKS = 3
#: Callers of one walk, at most.
CALLERS = 14
#: What may come over the wire for a key: of the menu, of no menu, and none at all.
KEYS = "1203945*"
#: Keys that lead to a queue, or to a number outside.
WAYS = ("11", "12", "10", "11", "21", "22", "32", "90", "91")
#: Seconds that pass: a moment, a ring, a loop, silence in the wait loop, a wrap-up, a long call.
MOMENTS = (1, 1, 1, 1, 5, 5, 5, 5, 5, 10, 21, 21, 36, 80, 200, 400)
OUTCOMES = ("information", "complaint", "emergency")
PLACES = ("queue:information", "queue:complaint", "queue:emergency", "directory:police")
RESULTS = ("completed", "busy", "no-answer", "failed")
TROUBLES = ("refused", "unheard", "killed")


def offered(*states: OfferState, result: str | None = None):  # type: ignore[no-untyped-def]
    """Whether there is an offer in such a state."""
    return lambda machine: machine.world.offers(*states, result=result)


def at(*places: type):  # type: ignore[no-untyped-def]
    """Whether a caller is at such a place."""
    return lambda machine: legs(machine.carrier, *places)


def telephone(status: str):  # type: ignore[no-untyped-def]
    """Whether an agent's telephone is in that state."""
    return lambda machine: machine.carrier.telephones(status)


def told(machine: "Hotline") -> list[Request]:
    """Status callbacks on their way."""
    return [request for request in machine.carrier.in_flight if not request.heard]


class Hotline:
    """See the module. Each rule takes two numbers; `choose` makes something of them."""

    def __init__(self, world: World, time: DrivenClock) -> None:
        self.world = world
        self.clock = time

    @property
    def carrier(self) -> ScriptedCarrier:
        return self.world.carrier

    # ---------------------------------------------------------------- callers

    @rule(3, lambda self: len(self.carrier.legs) < CALLERS)
    def somebody_calls(self, _a: int, _b: int) -> None:
        self.carrier.ring(f"+668{len(self.carrier.legs):08d}")

    @rule(6, lambda self: len(self.carrier.legs) < CALLERS)
    def somebody_calls_and_knows_the_way(self, keys: int, _b: int) -> None:
        """Most callers get somewhere; without this the menu would take all the moves."""
        leg = self.carrier.ring(f"+668{len(self.carrier.legs):08d}")
        for key in ("", *choose(WAYS, keys)):
            if key:
                self.carrier.press(leg, key)
            arriving = [r for r in self.carrier.in_flight if r.leg is leg and r.heard]
            self.world.deliver(arriving[0])

    @rule(3, at(Menu))
    def a_key(self, who: int, key: int) -> None:
        self.carrier.press(choose(legs(self.carrier, Menu), who), choose(KEYS, key))

    @rule(1, at(Menu))
    def silence(self, who: int, _b: int) -> None:
        self.carrier.be_silent(choose(legs(self.carrier, Menu), who))

    @rule(2, at(Dialling))
    def a_transfer_ends(self, who: int, result: int) -> None:
        leg = choose(legs(self.carrier, Dialling), who)
        self.carrier.transfer_ends(leg, choose(RESULTS, result))

    @rule(2, at())
    def a_caller_hangs_up(self, who: int, _b: int) -> None:
        self.carrier.end(choose(legs(self.carrier), who), "completed")

    @rule(2, at())
    def the_end_is_heard_first(self, who: int, _b: int) -> None:
        """What the caller did before is still on its way when we hear that the call is over."""
        leg = choose(legs(self.carrier), who)
        self.carrier.end(leg, "completed")
        self.world.deliver(self.carrier.in_flight[-1])

    # ---------------------------------------------------------------- webhooks

    @rule(18, lambda self: self.carrier.in_flight)
    def webhooks_arrive(self, count: int, _b: int) -> None:
        for request in self.carrier.in_flight[: 1 + count % 5]:
            if request in self.carrier.in_flight:
                self.world.deliver(request)

    @rule(6, lambda self: self.carrier.in_flight)
    def a_webhook_overtakes(self, which: int, _b: int) -> None:
        self.world.deliver(choose(self.carrier.in_flight, which))

    @rule(2, lambda self: self.carrier.in_flight)
    def an_answer_is_lost(self, which: int, _b: int) -> None:
        self.world.deliver(choose(self.carrier.in_flight, which), lost=True)

    @rule(3, lambda self: self.world.past)
    def a_webhook_comes_again(self, which: int, _b: int) -> None:
        self.world.post(choose(self.world.past, which))

    @rule(1, told)
    def a_callback_never_arrives(self, which: int, _b: int) -> None:
        self.carrier.in_flight.remove(choose(told(self), which))

    # ---------------------------------------------------------------- a supervisor

    @rule(3, lambda self: self._waiting())
    def a_supervisor_moves_a_caller(self, which: int, how: int) -> None:
        """In front, by priority, to another queue or to an agent; refused, it changes nothing."""
        stay = choose(self._waiting(), which)
        with self.world.floor.db.read() as session:
            chief = agents.agent(session, self.world.staff[0].id)
        who = Identity(chief.account_id, "chief", "chief", Role.SUPERVISOR, False, "")
        wish = reorder.Wish(stay.call_id, Author(who, "because"), reorder.place_of(stay))
        moves = (
            reorder.to_front,
            partial(reorder.set_priority, priority=how % reorder.HIGHEST),
            partial(reorder.to_queue, queue=choose(OUTCOMES, how)),
            partial(reorder.to_agent, agent_id=choose(self.world.staff, how).id),
        )
        with suppress(HotlineError), self.world.floor.db.write() as session:
            choose(moves, how // 2)(self.world.floor, session, wish, now=clock.now())

    def _waiting(self) -> list[Stay]:
        with self.world.floor.db.read() as session:
            stays = reorder.on_the_line(session, CALLERS)
        return [stay for stay in stays if stay.state is Waits.WAITING]

    # ---------------------------------------------------------------- agents

    @rule(9, lambda self: self.world.absent())
    def an_agent_is_ready(self, who: int, _b: int) -> None:
        self.world.is_ready(choose(self.world.absent(), who))

    @rule(3, offered(OfferState.OFFERED))
    def an_agent_leaves_a_ringing_desk(self, which: int, status: int) -> None:
        offer = choose(self.world.offers(OfferState.OFFERED), which)
        body = {"status": choose(("break", "signed_out"), status)}
        assert self.world.do(self.world.worker(offer.agent_id), "/api/presence", body)

    @rule(2)
    def an_agent_leaves(self, who: int, status: int) -> None:
        body = {"status": choose(("break", "signed_out"), status)}
        assert self.world.do(choose(self.world.staff, who), "/api/presence", body)

    @rule(10, offered(OfferState.OFFERED))
    def an_agent_answers_an_offer(self, which: int, verb: int) -> None:
        offer = choose(self.world.offers(OfferState.OFFERED), which)
        said = choose(("accept",) * 7 + ("decline",), verb)
        assert self.world.do(self.world.worker(offer.agent_id), f"/api/offers/{offer.id}/{said}")

    @rule(5, offered(OfferState.OFFERED))
    def caller_and_agent_meet(self, which: int, _b: int) -> None:
        """Straight to the conversation, if nothing is in the way."""
        offer = choose(self.world.offers(OfferState.OFFERED), which)
        assert self.world.do(self.world.worker(offer.agent_id), f"/api/offers/{offer.id}/accept")
        self.world.carry_all()
        for telephone in self.carrier.telephones("ringing"):
            self.carrier.answer(telephone)
        for _ in range(2):  # the agent's telephone, then the caller's way to the conference
            for request in [each for each in self.carrier.in_flight if each.awaited]:
                if request in self.carrier.in_flight:
                    self.world.deliver(request)
            self.world.carry_all()

    @rule(1, offered(*OfferState))
    def an_agent_answers_late_or_twice(self, which: int, verb: int) -> None:
        offer = choose(self.world.offers(*OfferState)[::-1], which)
        said = choose(("accept", "decline"), verb)
        self.world.do(self.world.worker(offer.agent_id), f"/api/offers/{offer.id}/{said}")

    @rule(3, offered(OfferState.CONNECTED))
    def an_agent_hangs_up(self, which: int, _b: int) -> None:
        offer = choose(self.world.offers(OfferState.CONNECTED), which)
        path = f"/api/calls/{offer.call_id}/hang-up"
        assert self.world.do(self.world.worker(offer.agent_id), path)

    @rule(3, offered(OfferState.CONNECTED))
    def an_agent_holds_or_resumes(self, which: int, verb: int) -> None:
        offer = choose(self.world.offers(OfferState.CONNECTED), which)
        path = f"/api/calls/{offer.call_id}/{choose(('hold', 'hold', 'resume'), verb)}"
        answer = self.world.ask(self.world.worker(offer.agent_id), path, {})
        # 409: the agent's telephone is away, or they are but asked for a word
        assert answer.status_code in (200, 409), answer.text

    @rule(2, offered(OfferState.CONNECTED))
    def an_agent_passes_on(self, which: int, to: int) -> None:
        """To a queue, which may be the same one, or to a telephone outside."""
        offer = choose(self.world.offers(OfferState.CONNECTED), which)
        body = {"to": choose(PLACES, to), "how": "now"}
        path = f"/api/calls/{offer.call_id}/transfer"
        answer = self.world.ask(self.world.worker(offer.agent_id), path, body)
        assert answer.status_code in (200, 409), answer.text

    @rule(3, offered(OfferState.CONNECTED))
    def an_agent_asks_a_colleague(self, which: int, whom: int) -> None:
        offer = choose(self.world.offers(OfferState.CONNECTED), which)
        others = [each for each in self.world.staff if each.id != offer.agent_id]
        body = {"to": f"agent:{choose(others, whom).id}", "how": "first"}
        worker = self.world.worker(offer.agent_id)
        self.world.do(worker, f"/api/calls/{offer.call_id}/transfer", body)

    @rule(3, offered(OfferState.CONNECTED))
    def an_agent_drops_or_hands_over(self, which: int, verb: int) -> None:
        offer = choose(self.world.offers(OfferState.CONNECTED), which)
        path = (
            f"/api/calls/{offer.call_id}/party/{choose(('hand-over', 'hand-over', 'drop'), verb)}"
        )
        self.world.do(self.world.worker(offer.agent_id), path)

    @rule(4, offered(OfferState.ENDED, result="done"))
    def an_agent_finishes(self, which: int, outcome: int) -> None:
        offer = choose(self.world.offers(OfferState.ENDED, result="done"), which)
        said = choose(OUTCOMES, outcome)
        assert self.world.finish(self.world.worker(offer.agent_id), offer.call_id, said)

    @rule(3, offered(*OfferState))
    def an_agent_ends_early_late_or_twice(self, which: int, verb: int) -> None:
        offer = choose(self.world.offers(*OfferState)[::-1], which)
        path = f"/api/calls/{offer.call_id}/{choose(('hang-up', 'finish'), verb)}"
        body = {"outcome": choose(OUTCOMES, verb), "category": "noise"}
        answer = self.world.ask(self.world.worker(offer.agent_id), path, body)
        # 403: another agent has had the call since
        assert answer.status_code in (200, 403, 409), answer.text

    @rule(12, telephone("ringing"))
    def an_agents_telephone(self, which: int, how: int) -> None:
        leg = choose(self.carrier.telephones("ringing"), which)
        done = choose(("answer",) * 6 + ("busy", "no-answer", "failed"), how)
        if done == "answer":
            self.carrier.answer(leg)
        else:
            self.carrier.end(leg, done)

    @rule(2, telephone("in-progress"))
    def an_agents_telephone_hangs_up(self, which: int, _b: int) -> None:
        self.carrier.end(choose(self.carrier.telephones("in-progress"), which), "completed")

    # ---------------------------------------------------------------- machines

    @rule(3)
    def time_passes(self, seconds: int, _b: int) -> None:
        self.clock.advance(seconds=choose(MOMENTS, seconds))

    @rule(3)
    def sweeps_run(self, _a: int, _b: int) -> None:
        self.world.sweep()

    @rule(14, lambda self: self.world.jobs.effects)
    def a_worker_takes_an_effect(self, which: int, again: int) -> None:
        effect = choose(self.world.jobs.effects, which)
        self.world.carry(effect)
        if again % 5:
            self.world.jobs.effects.remove(effect)

    @rule(1)
    def the_carrier_is_in_trouble(self, trouble: int, _b: int) -> None:
        self.carrier.troubles.append(choose(TROUBLES, trouble))

    @rule(1)
    def redis_goes_or_comes_back_empty(self, away: int, _b: int) -> None:
        self.world.jobs.away = not away % 4
        self.world.jobs.effects.clear()

    # ---------------------------------------------------------------- strangers

    @rule(1, lambda self: self.world.past or self.carrier.in_flight)
    def a_forged_webhook(self, which: int, mark: int) -> None:
        request = choose([*self.carrier.in_flight, *self.world.past], which)
        before = self._everything()
        signed = choose(("", "bm90IHRoZSBjYXJyaWVy"), mark)
        assert self.world.send(request.path, request.form, signed=signed).status_code == 403
        assert self._everything() == before

    @rule(1, offered(*LIVE))
    def anothers_offer_or_call(self, which: int, who: int) -> None:
        offer = choose(self.world.offers(*LIVE), which)
        # who passed the caller on had this call, too
        had = {
            each.agent_id
            for each in self.world.offers(*OfferState)
            if each.call_id == offer.call_id
        }
        strangers = [worker for worker in self.world.staff if worker.id not in had]
        if not strangers:
            return
        stranger = choose(strangers, who)
        verbs = ("accept", "decline", "hang-up", "finish", "hold", "resume", "transfer")
        verbs += ("party/drop", "party/hand-over")
        verb = choose(verbs, which + who)
        mine = verb in ("accept", "decline")
        path = f"/api/offers/{offer.id}" if mine else f"/api/calls/{offer.call_id}"
        before = self._everything()
        body = {"outcome": "information", "to": PLACES[0]}
        answer = self.world.ask(stranger, f"{path}/{verb}", body)
        assert answer.status_code in (403, 404), answer.text
        assert self._everything() == before

    def _everything(self) -> object:
        with self.world.floor.db.read() as session:
            return invariants.everything(session)

    # ---------------------------------------------------------------- what must hold

    def check(self) -> None:
        assert not self.world.complaints.found, self.world.complaints.found
        invariants.check(self.world.floor)

    def rest(self) -> None:
        drain.serve_everybody(self.world, self.clock)
        assert not self.world.complaints.found, self.world.complaints.found
        drain.replay_everything(self.world)


@contextmanager
def hotline(world: World) -> Iterator[Hotline]:
    """A new machine on an empty database, at a fixed moment."""
    with clock.driven(START) as time, listening(world):
        world.begin()
        yield Hotline(world, time)


@pytest.fixture
def walk(wide_floors: tuple[Floor, Floor]) -> Walk[Hotline]:
    """Walks over two web processes on one database."""
    return Walk(partial(hotline, World(wide_floors)), Hotline)


@pytest.mark.timeout(0)  # the longer run takes as long as it is told
@pytest.mark.slow
def test_nothing_forbidden_happens(walk: Walk[Hotline]) -> None:
    """Two web processes, four agents, a dozen callers, and whatever may happen to them."""
    steps = int(os.environ.get("HOTLINE_SIMULATION_STEPS", "0"))
    chosen = str(secrets.randbits(32) if steps else 1)
    first = int(os.environ.get("HOTLINE_SIMULATION_SEED", chosen))
    print(f"HOTLINE_SIMULATION_SEED={first}")  # noqa: T201 - to repeat the run
    for seed in range(first, first + (steps // MOVES or WALKS)):
        walk.walk(seed, MOVES)
    never = {each.name for each in walk.rules} - set(walk.taken)
    assert not never, f"never tried: {never}"


@pytest.mark.slow
def test_nothing_forbidden_happens_on_the_shipped_file(shipped_floors: tuple[Floor, Floor]) -> None:
    """Shorter walks with what the plain file leaves out, such as the question for consent."""
    world = World(shipped_floors)
    walk = Walk(partial(hotline, world), Hotline)
    seen: set[str] = set()
    for seed in range(SHIPPED_WALKS):
        walk.walk(seed, MOVES)
        with world.floor.db.read() as session:
            seen |= set(session.scalars(sa.select(CallEvent.kind).distinct()))
    assert {"consent", "connected", "wrapped_up", "abandoned", "transferring"} <= seen
