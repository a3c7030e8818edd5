"""Several processes at once: each thread has its own connection, as each web process has."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event

import pytest
import sqlalchemy as sa

from agents import presence, service
from agents.models import PresenceEvent
from agents.states import State, Status
from tests.service.agents.conftest import NOON
from tests.service.agents.test_presence import later, look
from tests.support.waiting import until

ROUNDS = 25


def together(*works):
    """Run all at the same moment, each in a thread; returns their results in order."""
    start = Barrier(len(works))

    def run(work):
        start.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(run, works))


def unit(db, verb, *arguments, **named):
    def work():
        with db.write() as session:
            return verb(session, *arguments, **named)

    return work


def told(db, agent_id):
    with db.read() as session:
        query = sa.select(PresenceEvent.n, PresenceEvent.kind)
        query = query.where(PresenceEvent.agent_id == agent_id).order_by(PresenceEvent.n)
        return [tuple(row) for row in session.execute(query)]


def test_of_two_offers_one_wins_the_agent(db, hire):
    agent_id = hire("Noi", "complaint/th")
    for number in range(1, ROUNDS * 2, 2):
        unit(db, service.ready, agent_id, now=later(number))()
        won = together(
            unit(db, service.reserve, agent_id, offer_id=number, call_id=1, now=later(number)),
            unit(db, service.reserve, agent_id, offer_id=number + 1, call_id=2, now=later(number)),
        )
        assert sorted(won) == [False, True]
        winner = number + won.index(True)
        assert look(db, agent_id).offer_id == winner
        assert unit(db, service.release, agent_id, offer_id=winner, now=later(number))()
    assert [n for n, _ in told(db, agent_id)] == list(range(1, 2 * ROUNDS + 2))


@pytest.mark.parametrize("choice", [service.sign_out, service.take_break])
def test_who_leaves_as_the_offer_comes_is_in_one_true_state(db, hire, choice):
    agent_id = hire("Noi", "complaint/th")
    reason = {"reason": "lunch"} if choice is service.take_break else {}
    for number in range(1, ROUNDS):
        unit(db, service.ready, agent_id, now=later(number))()
        reserved, _ = together(
            unit(db, service.reserve, agent_id, offer_id=number, call_id=1, now=later(number)),
            unit(db, choice, agent_id, now=later(number), **reason),
        )
        seen = look(db, agent_id)
        assert seen.status is not Status.READY, "the human's choice is never lost"
        assert (seen.state is State.OFFERED) == reserved
        assert (seen.offer_id is not None) == reserved
        if reserved:
            assert unit(db, service.release, agent_id, offer_id=number, now=later(number))()


def test_accepting_in_the_instant_of_the_time_out_ends_in_one_of_both(db, hire):
    agent_id = hire("Noi", "complaint/th")
    for number in range(1, ROUNDS):
        unit(db, service.ready, agent_id, now=later(number))()
        unit(db, service.reserve, agent_id, offer_id=number, call_id=1, now=later(number))()
        accepted, missed = together(
            unit(db, service.on_call, agent_id, offer_id=number, now=later(number)),
            unit(db, service.missed, agent_id, offer_id=number, now=later(number)),
        )
        # `missed` also ends an accepted offer (the telephone never answered): it always wins
        assert missed
        assert look(db, agent_id).status is Status.MISSED
        kinds = [kind for _, kind in told(db, agent_id)]
        assert kinds[-1] == "miss"
        assert (kinds[-2] == "accept") == accepted


def test_many_choices_at_once_are_written_one_after_the_other(db, hire):
    agent_id = hire("Noi", "complaint/th")
    for number in range(ROUNDS // 5):
        together(
            unit(db, service.ready, agent_id, now=later(number)),
            unit(db, service.take_break, agent_id, reason="lunch", now=later(number)),
            unit(db, service.sign_out, agent_id, now=later(number)),
            unit(db, service.take_break, agent_id, reason="training", now=later(number)),
        )
    written = told(db, agent_id)
    assert [n for n, _ in written] == list(range(1, len(written) + 1))
    assert look(db, agent_id).n == len(written)
    assert look(db, agent_id).since >= NOON


def somebody_waits(db):
    waits = sa.text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with db.engine.connect() as connection:
        return bool(connection.execute(waits).scalar_one())


def test_desks_are_given_up_while_two_of_them_are_changed_in_another_order(db, hire, monkeypatch):
    """Who takes a call over holds one agent and then wants another; so does the sweep that signs
    out whom nobody has seen, of the same two. By hand, so that it is so each time.
    """
    first, second = hire("A", "complaint/th"), hire("B", "complaint/th")
    for each in (first, second):
        unit(db, service.ready, each, now=NOON)()
    limits = {Status.READY: timedelta(minutes=10)}
    changed = {"by": "engine", "now": later(700), "said": {}}
    pauses, pause = Event(), presence.sleep
    monkeypatch.setattr(presence, "sleep", lambda seconds: (pauses.set(), pause(seconds)))
    with ThreadPoolExecutor(1) as other:
        with db.write() as session:
            presence.note(session, second, "told", **changed)
            sweep = other.submit(unit(db, service.forget, limits=limits, now=later(700)))
            if not db.is_sqlite:  # where who writes is alone
                until(lambda: pauses.is_set() or somebody_waits(db), "it wants both")
            presence.note(session, first, "told", **changed)
        assert set(sweep.result()) <= {first, second}, "and neither waited for the other"
