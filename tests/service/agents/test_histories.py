"""Any history of verbs, in any order: the rows, the index and the events agree."""

from datetime import timedelta
from itertools import count, pairwise

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents import service
from agents.models import AgentSkill, PresenceEvent
from agents.states import Presence, State, Status
from tests.service.agents.conftest import NOON

WAIT = timedelta(seconds=90)
ids = st.integers(1, 3)
CHOICES = ["ready", "break", "out"]
ENGINE = ["reserve", "on_call", "release", "missed", "declined", "wrap_up", "finish"]
SWEEPS = ["repair", "forget"]
#: Verb, and an offer and call of that number: often the wrong one, as from a webhook that is late.
verbs = st.tuples(st.sampled_from([*CHOICES, *ENGINE, *SWEEPS]), ids)
examples = count(1)


def do(session, agent_id, verb, number, now):
    """One verb; what the engine's verbs answer, else None."""
    at = {"now": now}
    limits = {status: timedelta(0) for status in Status}
    seen = service.presence_of(session, agent_id)
    table = {
        "ready": lambda: service.ready(session, agent_id, **at) and None,
        "break": lambda: service.take_break(session, agent_id, reason="meal", **at) and None,
        "out": lambda: service.sign_out(session, agent_id, **at) and None,
        "reserve": lambda: service.reserve(
            session, agent_id, offer_id=number, call_id=number, **at
        ),
        "on_call": lambda: service.on_call(session, agent_id, offer_id=number, **at),
        "release": lambda: service.release(session, agent_id, offer_id=number, **at),
        "missed": lambda: service.missed(session, agent_id, offer_id=number, **at),
        "declined": lambda: service.declined(session, agent_id, offer_id=number, **at),
        "wrap_up": lambda: service.wrap_up(
            session, agent_id, call_id=number, until=now + WAIT, **at
        ),
        "finish": lambda: service.finish(session, agent_id, call_id=number, **at),
        "repair": lambda: service.repair(session, seen, **at),
        "forget": lambda: service.forget(session, limits=limits, **at) and None,
    }
    return table[verb]()


def agree(session, agent_id):
    """What must hold of an agent at any time."""
    seen = service.presence_of(session, agent_id)
    shown = set(
        session.scalars(sa.select(AgentSkill.ready_since).where(AgentSkill.agent_id == agent_id))
    )
    assert shown == {seen.idle_since if seen.presence.available else None}
    if seen.presence.available:
        assert seen.idle_since is not None
    held = seen.state is not State.IDLE
    assert (seen.call_id is not None) == held
    assert (seen.offer_id is not None) == (seen.state in (State.OFFERED, State.ON_CALL))
    assert (seen.wrap_up_until is not None) == (seen.state is State.WRAP_UP)
    assert (seen.reason is not None) == (seen.status is Status.BREAK)
    return seen


def told(session, agent_id):
    query = sa.select(PresenceEvent).where(PresenceEvent.agent_id == agent_id)
    return session.scalars(query.order_by(PresenceEvent.n)).all()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(verbs, max_size=25))
def test_rows_index_and_events_agree_after_any_history(db, hire, history):
    example = next(examples)  # another agent each time, and offers and calls that only she has
    noi = hire(f"noi{example}", "c/th", "i/th")
    for number, (verb, which) in enumerate(history):
        with db.write() as session:
            before = service.presence_of(session, noi)
            did = do(session, noi, verb, 10 * example + which, NOON + timedelta(seconds=number))
            after = agree(session, noi)
            assert did is not False or after == before, "a refused verb changes nothing"
            assert did is not True or after.n == before.n + 1, "one change, one event"
    with db.read() as session:
        events = told(session, noi)
        row = service.presence_of(session, noi)
    assert [event.n for event in events] == list(range(1, row.n + 1))
    for one, other in pairwise(events):
        assert one.data["to"] == other.data["from"]
        assert one.data["to"] != other.data["to"]
    if events:
        last = events[-1].data["to"]
        assert row.presence == Presence(
            Status(last["status"]), State(last["state"]), last["reason"]
        )
