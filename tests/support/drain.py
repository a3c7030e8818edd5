"""The end of a run: what is on its way arrives, who waits is served, and nothing remains."""

from hotline.clock import DrivenClock
from ivr.events import OfferState
from tests.support import invariants
from tests.support.scripted_carrier import Dialling, Menu, describe
from tests.support.world import World, legs

#: Rounds in which everything has to come to rest. A round is five seconds, so that time-outs and
#: limits (the longest is the wrap-up's, 180 s) run out in between.
ROUNDS, ROUND = 200, 5


def serve_everybody(world: World, time: DrivenClock) -> None:
    """Nobody hangs up before they have talked to somebody; then the hotline must be at rest.

    So who was lost on the way, and would wait for ever, shows.
    """
    world.carrier.troubles.clear()
    world.jobs.away = False
    for _ in range(ROUNDS):
        _everything_arrives(world)
        _agents_work(world)
        _callers_go_on(world)
        now = time.advance(seconds=ROUND)
        world.sweep()
        invariants.check(world.floor, swept_at=now)
        if _at_rest(world):
            break
    else:
        raise AssertionError(f"no rest after {ROUNDS * ROUND} s: {_left_over(world)}")
    time.advance(seconds=3600)  # the long way round: a call that we were never told the end of
    world.sweep()
    invariants.check_at_rest(world.floor)
    assert len(set(world.carrier.texts)) == len(world.carrier.texts), "somebody was told twice"


def _everything_arrives(world: World) -> None:
    """Webhooks and effects that are there now; those that they cause, in the next round."""
    for request in list(world.carrier.in_flight):
        if request in world.carrier.in_flight:
            world.deliver(request)
    world.carry_all()


def _agents_work(world: World) -> None:
    """Everybody is there and takes what comes; who talks, ends it."""
    for leg in world.carrier.telephones("ringing"):
        world.carrier.answer(leg)
    for offer in world.offers(OfferState.OFFERED):
        world.do(world.worker(offer.agent_id), f"/api/offers/{offer.id}/accept")
    for offer in world.offers(OfferState.CONNECTED):
        world.do(world.worker(offer.agent_id), f"/api/calls/{offer.call_id}/hang-up")
    for offer in world.offers(OfferState.ENDED, result="done"):
        world.finish(world.worker(offer.agent_id), offer.call_id)
    for worker in world.absent():
        world.is_ready(worker)


def _callers_go_on(world: World) -> None:
    """Who is in a menu says nothing, and so gets to a person; who is put through, has talked."""
    for leg in legs(world.carrier, Menu):
        world.carrier.be_silent(leg)
    for leg in legs(world.carrier, Dialling):
        world.carrier.transfer_ends(leg, "completed")


def _at_rest(world: World) -> bool:
    return not _left_over(world)


def _left_over(world: World) -> list[object]:
    """What still is to be done: calls, telephones, webhooks, effects, work."""
    live = [describe(leg) for leg in world.carrier.legs.values() if not leg.is_over]
    work = [tuple(row) for row in world.offers(OfferState.ENDED, result="done")]
    return [*live, *world.carrier.in_flight, *world.jobs.effects, *work, *_open(world)]


def _open(world: World) -> list[object]:
    with world.floor.db.read() as session:
        told = invariants.tell(session, in_order=False)  # the order is judged by `invariants.check`
    return [f"call {call_id} is open" for call_id in set(told.arrived) - told.ended]


def replay_everything(world: World) -> None:
    """Every webhook that ever came comes again after the end: no row changes."""
    with world.floor.db.read() as session:
        before = invariants.everything(session)
    for request in reversed(world.past):
        world.post(request)
    with world.floor.db.read() as session:
        after = invariants.everything(session)
    assert after == before, "a webhook that came again has changed the story"
