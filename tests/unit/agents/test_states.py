"""The presence table: every pair of status and state has its ways out, and nothing else moves."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.states import (
    DECLINED,
    HUMAN,
    STATE_TRANSITIONS,
    STATE_WAYS_OUT,
    STATUS_TRANSITIONS,
    STATUS_WAYS_OUT,
    IllegalMove,
    Move,
    Presence,
    State,
    Status,
    Trouble,
    moved,
)

EVERYWHERE = [Presence(status, state) for status, state in product(Status, State)]


def test_the_tables_name_every_status_and_every_state():
    assert set(STATUS_TRANSITIONS) == set(Status)
    assert set(STATE_TRANSITIONS) == set(State)


def test_only_rest_has_no_way_out_by_time():
    assert set(Status) - set(STATUS_WAYS_OUT) == {Status.SIGNED_OUT}
    assert set(State) - set(STATE_WAYS_OUT) == {State.IDLE}


@pytest.mark.parametrize("presence", EVERYWHERE, ids=str)
def test_every_pair_leads_by_hand_to_ready_and_idle(presence):
    """Whatever an agent is in, a human gets him back to work: this is invariant 4 of the design."""
    while presence.state is not State.IDLE:
        after = moved(presence, STATE_WAYS_OUT[presence.state].by_hand)
        assert after.state is not presence.state
        presence = after
    assert moved(presence, Move.READY).available


@pytest.mark.parametrize("presence", EVERYWHERE, ids=str)
def test_every_pair_leads_by_time_to_signed_out_and_idle(presence):
    while presence.state is not State.IDLE:
        after = moved(presence, STATE_WAYS_OUT[presence.state].by_time)
        assert after.state is not presence.state
        presence = after
    assert moved(presence, Move.FORGET).status is Status.SIGNED_OUT or (
        presence.status is Status.SIGNED_OUT
    )


@pytest.mark.parametrize("presence", EVERYWHERE, ids=str)
@pytest.mark.parametrize("move", sorted(HUMAN))
def test_a_human_may_always_choose_and_the_call_goes_on(presence, move):
    after = moved(presence, move, "lunch")
    assert after.state is presence.state
    assert (
        after.status
        is {
            Move.READY: Status.READY,
            Move.BREAK: Status.BREAK,
            Move.SIGN_OUT: Status.SIGNED_OUT,
        }[move]
    )
    assert after.reason == ("lunch" if move is Move.BREAK else None)


@pytest.mark.parametrize("presence", EVERYWHERE, ids=str)
def test_only_who_is_ready_and_idle_gets_an_offer(presence):
    if presence.available:
        assert moved(presence, Move.OFFER) == Presence(Status.READY, State.OFFERED)
    else:
        with pytest.raises(IllegalMove):
            moved(presence, Move.OFFER)


@pytest.mark.parametrize("presence", EVERYWHERE, ids=str)
def test_a_telephone_that_fails_changes_neither_field_and_keeps_offers_away(presence):
    fails = moved(presence, Move.FAIL, trouble=Trouble.REFUSED)
    assert (fails.status, fails.state) == (presence.status, presence.state)
    assert (fails.trouble is None) == (presence.status is Status.SIGNED_OUT)
    assert not (fails.available or (fails.trouble and fails.may_call_out))
    assert moved(fails, Move.WORK) == presence
    assert moved(fails, Move.SIGN_OUT).trouble is None


@pytest.mark.parametrize(
    ("status", "move", "after", "reason"),
    [
        (Status.READY, Move.MISS, Status.MISSED, None),
        (Status.READY, Move.DECLINE, Status.BREAK, DECLINED),
        (Status.READY, Move.WITHDRAW, Status.READY, None),
        # the engine never overrules what a human chose meanwhile
        (Status.SIGNED_OUT, Move.MISS, Status.SIGNED_OUT, None),
        (Status.SIGNED_OUT, Move.DECLINE, Status.SIGNED_OUT, None),
        (Status.BREAK, Move.MISS, Status.BREAK, "lunch"),
        (Status.BREAK, Move.DECLINE, Status.BREAK, "lunch"),
    ],
)
def test_what_an_offer_leaves_behind(status, move, after, reason):
    kept = "lunch" if status is Status.BREAK else None
    assert moved(Presence(status, State.OFFERED, kept), move) == Presence(after, State.IDLE, reason)


@pytest.mark.parametrize(
    ("state", "move"),
    [
        (State.IDLE, Move.ACCEPT),
        (State.IDLE, Move.FINISH),
        (State.OFFERED, Move.END),
        (State.OFFERED, Move.FINISH),
        (State.ON_CALL, Move.OFFER),
        (State.ON_CALL, Move.ACCEPT),
        (State.ON_CALL, Move.FINISH),
        (State.ON_CALL, Move.FORGET),
        (State.WRAP_UP, Move.OFFER),
        (State.WRAP_UP, Move.ACCEPT),
    ],
)
def test_illegal_moves_raise_and_say_what_was_tried(state, move):
    with pytest.raises(IllegalMove, match=f"no move {move} for an agent who is ready and {state}"):
        moved(Presence(Status.READY, state), move)


@given(st.lists(st.sampled_from(list(Move))))
def test_any_history_stays_inside_the_tables(moves):
    presence = Presence(Status.SIGNED_OUT, State.IDLE)
    for move in moves:
        try:
            presence = moved(presence, move, "lunch")
        except IllegalMove:
            continue
        assert (presence.reason is not None) == (presence.status is Status.BREAK)
