"""Stories that once went wrong, as short as they could be told, and one that chance seldom finds.

Found by `test_machine.py`.
"""

from collections.abc import Iterator

import pytest

from hotline import clock
from hotline.clock import DrivenClock
from hotline.floor import Floor
from ivr.events import OfferState
from tests.support import drain, invariants
from tests.support.scripted_carrier import Dialling, Leg, Queued
from tests.support.world import START, Worker, World, listening


@pytest.fixture
def time() -> Iterator[DrivenClock]:
    """The clock, by hand."""
    with clock.driven(START) as driven:
        yield driven


@pytest.fixture
def world(floors: tuple[Floor, Floor], time: DrivenClock) -> Iterator[World]:
    """A hotline with its staff at home."""
    world = World(floors)
    with listening(world):
        world.begin()
        yield world
    assert not world.complaints.found


def caller_in_queue(world: World) -> Leg:
    """Somebody who waits for information in Thai."""
    leg = world.carrier.ring("+66812345678")
    for key in ("", "1", "1"):
        if key:
            world.carrier.press(leg, key)
        deliver(world, leg)
    assert isinstance(leg.place, Queued)
    return leg


def deliver(world: World, leg: Leg, *, lost: bool = False) -> None:
    """The webhook whose answer this leg is waiting for."""
    arriving = [request for request in world.carrier.in_flight if request.leg is leg]
    world.deliver(next(r for r in arriving if r.awaited), lost=lost)


def accepted(world: World, worker: Worker) -> Leg:
    """This agent takes what is offered; their telephone, which rings."""
    (offer,) = world.offers(OfferState.OFFERED)
    assert world.do(worker, f"/api/offers/{offer.id}/accept")
    world.carry_all()
    (telephone,) = world.carrier.telephones("ringing")
    return telephone


def test_a_caller_who_hangs_up_on_the_way_leaves_no_agent_in_an_empty_conference(
    world: World, time: DrivenClock
) -> None:
    """The caller was sent to the conference and hung up before they were in it."""
    caller, worker = caller_in_queue(world), world.staff[0]
    world.is_ready(worker)
    telephone = accepted(world, worker)
    world.carrier.answer(telephone)
    deliver(world, telephone)
    world.carry_all()
    deliver(world, caller, lost=True)
    world.carrier.end(caller, "completed")
    drain.serve_everybody(world, time)
    assert telephone.is_over


def test_a_caller_who_hangs_up_while_it_rings_outside_is_not_offered_to_anybody(
    world: World, time: DrivenClock
) -> None:
    """The carrier says how the transfer ended before it says that the call has."""
    world.is_ready(world.staff[0])
    caller = world.carrier.ring("+66812345678")
    deliver(world, caller)
    for key in ("9", "1"):  # the police
        world.carrier.press(caller, key)
        deliver(world, caller)
    assert isinstance(caller.place, Dialling)
    world.carrier.end(caller, "completed")
    for request in list(world.carrier.in_flight):
        world.deliver(request)
    told = invariants.check(world.floor)
    assert not told.visits, "somebody who is gone was queued"
    drain.serve_everybody(world, time)


def test_a_key_that_is_heard_of_after_the_end_leads_to_no_queue(
    world: World, time: DrivenClock
) -> None:
    """The caller pressed a key and hung up; the second was heard of first."""
    world.is_ready(world.staff[0])
    caller = world.carrier.ring("+66812345678")
    deliver(world, caller)
    world.carrier.press(caller, "1")
    deliver(world, caller)
    world.carrier.press(caller, "1")
    world.carrier.end(caller, "completed")
    for request in reversed(list(world.carrier.in_flight)):
        world.deliver(request)
    assert not invariants.check(world.floor).visits
    drain.serve_everybody(world, time)
