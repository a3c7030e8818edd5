from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets import workflow
from tickets.workflow import MOVES, OPEN, Kind, Refusal, Result, Role, State

AT = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
kinds, states, roles = st.sampled_from(Kind), st.sampled_from(State), st.sampled_from(Role)
results_or_none = st.none() | st.sampled_from(Result)
words = st.sampled_from(["", "  \n", "ซ่อมแล้ว"])


def test_every_state_has_a_way_out_and_every_state_is_reached() -> None:
    assert set(MOVES) == set(State)
    assert all(MOVES[state] for state in State)
    reached = {to for ways in MOVES.values() for to in ways}
    assert reached | {State.RECEIVED} == set(State)


def test_a_ticket_is_received_once() -> None:
    assert all(State.RECEIVED not in ways for ways in MOVES.values())


def test_who_closes_says_how_and_why_and_nobody_else_is_asked_for_a_result() -> None:
    for state, ways in MOVES.items():
        for to, move in ways.items():
            assert bool(move.results) == (to not in OPEN), f"{state} to {to}"
            assert move.reason or to is State.IN_PROGRESS


def test_no_open_ticket_is_stuck_in_a_division_without_hands() -> None:
    """Whatever its state, a supervisor can move it: one absent administrator blocks nothing."""
    assert all(workflow.moves(state, Role.SUPERVISOR) for state in State)


def test_an_agent_may_withdraw_and_reopen_but_not_declare_it_fixed() -> None:
    assert workflow.moves(State.RECEIVED, Role.AGENT) == [State.CANCELLED]
    assert workflow.moves(State.DONE, Role.AGENT) == [State.IN_PROGRESS]


def test_managers_read_and_move_nothing() -> None:
    assert [workflow.moves(state, Role.MANAGER) for state in State] == [[], [], [], []]


@pytest.mark.parametrize(("kind", "state"), list(product(Kind, sorted(OPEN))))
def test_every_kind_can_be_closed_from_every_open_state(kind: Kind, state: State) -> None:
    assert workflow.results(kind, state, State.DONE)
    assert workflow.results(kind, state, State.CANCELLED) == {Result.WITHDRAWN}


def test_an_inquiry_is_answered_and_never_fixed() -> None:
    offered = workflow.results(Kind.INQUIRY, State.RECEIVED, State.DONE)
    assert offered == {Result.ANSWERED, Result.OTHER}


@pytest.mark.parametrize(
    ("from_", "to", "role", "result", "text", "why"),
    [
        (State.RECEIVED, State.IN_PROGRESS, Role.DIVISION, None, "", None),
        (State.RECEIVED, State.IN_PROGRESS, Role.DIVISION, Result.FIXED, "", Refusal.RESULT_WRONG),
        (State.RECEIVED, State.IN_PROGRESS, Role.AGENT, None, "", Refusal.ROLE),
        (State.RECEIVED, State.RECEIVED, Role.DIVISION, None, "", Refusal.NO_SUCH_MOVE),
        (State.IN_PROGRESS, State.DONE, Role.DIVISION, None, "x", Refusal.RESULT_NEEDED),
        (State.IN_PROGRESS, State.DONE, Role.DIVISION, Result.FIXED, " ", Refusal.REASON_NEEDED),
        (State.IN_PROGRESS, State.DONE, Role.DIVISION, Result.WITHDRAWN, "x", Refusal.RESULT_WRONG),
        (State.IN_PROGRESS, State.DONE, Role.DIVISION, Result.FIXED, "x", None),
        (State.IN_PROGRESS, State.CANCELLED, Role.AGENT, Result.WITHDRAWN, "x", None),
        (State.DONE, State.CANCELLED, Role.SUPERVISOR, Result.WITHDRAWN, "x", Refusal.NO_SUCH_MOVE),
        (State.DONE, State.IN_PROGRESS, Role.AGENT, None, "", Refusal.REASON_NEEDED),
    ],
)
def test_moves_of_a_complaint(
    from_: State, to: State, role: Role, result: Result | None, text: str, why: Refusal | None
) -> None:
    assert workflow.refusal(Kind.COMPLAINT, from_, to, role, result, text) is why


@given(kinds, states, states, roles, results_or_none, words)
def test_what_is_allowed_is_in_the_table_and_complete(
    kind: Kind, from_: State, to: State, role: Role, result: Result | None, text: str
) -> None:
    if workflow.refusal(kind, from_, to, role, result, text) is None:
        move = MOVES[from_][to]
        assert role in move.roles
        assert (result is None) == (to in OPEN)
        assert text.strip() or not move.reason


def test_who_works_on_it_lets_it_wait_and_a_ticket_that_nobody_has_taken_up_does_not() -> None:
    may = {(state, role) for state in State for role in Role if workflow.may_wait(state, role)}
    owners = {Role.DIVISION, Role.SUPERVISOR, Role.ADMINISTRATOR}
    assert may == {(State.IN_PROGRESS, role) for role in owners}


def test_nobody_routes_or_assigns_what_is_closed_and_managers_nothing() -> None:
    for state, role in product(State, Role):
        assert not workflow.may_assign(state, role) or workflow.may_route(state, role)
        if workflow.may_route(state, role):
            assert state in OPEN
            assert role is not Role.MANAGER
    assert workflow.may_route(State.RECEIVED, Role.AGENT)
    assert not workflow.may_assign(State.RECEIVED, Role.AGENT)


def test_overdue_begins_after_the_moment_and_ends_with_the_closing() -> None:
    due = AT + timedelta(hours=1)
    assert not workflow.is_overdue(State.RECEIVED, due, due)
    assert workflow.is_overdue(State.IN_PROGRESS, due, due + timedelta(microseconds=1))
    assert not workflow.is_overdue(State.DONE, due, due + timedelta(days=1))
    assert not workflow.is_overdue(State.RECEIVED, None, due)
