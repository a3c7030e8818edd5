"""A call from the first ring to its ticket, on both databases."""

from tests.service.ivr.world import World


def test_a_call_from_ring_to_ticket(world: World) -> None:
    agent = world.agent()
    caller = world.caller().to_queue()
    assert agent.doing == "ready/offered"
    offered = agent.offer
    assert (offered["queue"], offered["language"]) == ("information", "th")
    assert caller.number not in str(offered)
    assert offered["path"] == [{"key": "1", "at": "language"}, {"key": "1", "at": "main"}]

    world.clock.advance(seconds=7)
    agent.accepts()
    assert agent.doing == "ready/on_call"
    assert agent.call["state"] == "connecting"
    assert agent.call["caller"] == caller.number
    heard = agent.picks_up()
    assert f"talk-{agent.last_offer.id}</Conference>" in heard
    caller.brought()
    assert f"talk-{agent.last_offer.id}</Conference>" in caller.heard
    assert agent.call["state"] == "talking"
    assert agent.call["waited_seconds"] == 7

    world.clock.advance(seconds=60)
    agent.hangs_up()
    assert agent.doing == "ready/wrap_up"
    assert ("hang_up", "CAleg1") in world.carrier.asked
    caller.hangs_up()

    world.clock.advance(seconds=20)
    ticket = agent.finishes(note="รถเมล์สาย 1 ออกกี่โมง")
    assert agent.doing == "ready/idle"
    assert agent.at_hand == {"offer": None, "call": None}
    assert world.events(caller) == [
        "arrived",
        "step",
        "step",
        "queued",
        "offered",
        "accepted",
        "connected",
        "talk_ended",
        "ended",
        "wrapped_up",
    ]
    visit = world.visit(caller)
    assert visit.queued_at and visit.connected_at and visit.talk_ended_at and visit.wrapped_up_at
    assert (visit.connected_at - visit.queued_at).total_seconds() == 7
    assert (visit.talk_ended_at - visit.connected_at).total_seconds() == 60
    assert (visit.wrapped_up_at - visit.talk_ended_at).total_seconds() == 20
    assert (visit.offers, visit.missed, visit.ticket) == (1, 0, ticket)
    world.check()
