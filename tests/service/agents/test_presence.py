"""Presence on both databases: what each verb changes, writes and announces."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from agents import service
from agents.models import AgentSkill, PresenceEvent, PresenceRow
from agents.states import State, Status
from hotline.errors import Invalid, NotFound
from tests.service.agents.conftest import NOON


def later(seconds):
    return NOON + timedelta(seconds=seconds)


@pytest.fixture
def heard(db):
    """What was announced, in order."""
    said = []
    for what in ("agent.ready", "agent.left"):
        db.listen(what, lambda what=what, **facts: said.append((what, facts)))
    return said


def look(db, agent_id):
    with db.read() as session:
        return service.presence_of(session, agent_id)


def events(db, agent_id):
    with db.read() as session:
        query = (
            sa.select(PresenceEvent)
            .where(PresenceEvent.agent_id == agent_id)
            .order_by(PresenceEvent.n)
        )
        return list(session.scalars(query))


def shown(db, agent_id):
    """`ready_since` of each skill: what routing sees."""
    with db.read() as session:
        query = sa.select(AgentSkill.ready_since).where(AgentSkill.agent_id == agent_id)
        return set(session.scalars(query))


@pytest.fixture
def noi(db, hire):
    """An agent who is ready."""
    agent_id = hire("Noi", "complaint/th", "information/th")
    with db.write() as session:
        service.ready(session, agent_id, now=NOON)
    return agent_id


@pytest.fixture
def rung(db, noi):
    """Noi, with offer 5 of call 9 ringing since second 1."""
    with db.write() as session:
        assert service.reserve(session, noi, offer_id=5, call_id=9, now=later(1))
    return noi


@pytest.fixture
def talking(db, rung):
    """Noi, in call 9 since second 2."""
    with db.write() as session:
        assert service.on_call(session, rung, offer_id=5, now=later(2))
    return rung


def test_a_new_agent_is_signed_out_and_rings_at_the_desk(db, hire):
    agent_id = hire("Noi", "complaint/th")
    seen = look(db, agent_id)
    assert (seen.status, seen.state, seen.n) == (Status.SIGNED_OUT, State.IDLE, 0)
    with db.read() as session:
        found = service.agent(session, agent_id)
        assert found.address == f"client:agent-{agent_id}"
        assert service.agent_of_account(session, found.account_id) == found
        assert service.agent_of_account(session, 999) is None
        assert service.skills_of(session, agent_id) == ["complaint/th"]
        with pytest.raises(NotFound):
            service.agent(session, 999)
        with pytest.raises(NotFound):
            service.presence_of(session, 999)


@pytest.mark.parametrize("address", ["0812345678", "client:agent-1", "+66 81 234 5678", ""])
def test_a_telephone_that_the_carrier_would_refuse_is_refused_at_once(db, hire, address):
    known = hire("Noi")
    with db.read() as session:
        account_id = service.agent(session, known).account_id
    named = {"account_id": account_id, "name": "Noi", "queues": [], "languages": []}
    with db.write() as session, pytest.raises(Invalid):
        service.create_agent(session, address=address, now=NOON, **named)


def test_becoming_ready_is_written_shown_and_announced(db, noi, heard):
    with db.write() as session:
        service.take_break(session, noi, reason="lunch", now=later(5))
    assert shown(db, noi) == {None}
    with db.write() as session:
        after = service.ready(session, noi, now=later(60), by="account:1")
        assert not heard, "announced before the commit"
    assert heard == [("agent.ready", {"agent_id": noi})]
    assert after == look(db, noi)
    assert after.presence.available
    assert shown(db, noi) == {later(60)}
    *_, last = events(db, noi)
    assert (last.kind, last.by, last.at, last.n) == ("ready", "account:1", later(60), after.n)
    assert last.data == {
        "from": {"status": "break", "reason": "lunch", "state": "idle"},
        "to": {"status": "ready", "reason": None, "state": "idle"},
    }


def test_saying_ready_twice_changes_nothing_and_keeps_the_place(db, noi, heard):
    before = look(db, noi)
    with db.write() as session:
        assert service.ready(session, noi, now=later(100)) == before
    assert len(events(db, noi)) == before.n == 1
    assert not heard


def test_another_reason_is_another_break(db, noi):
    with db.write() as session:
        service.take_break(session, noi, reason="lunch", now=later(1))
        service.take_break(session, noi, reason="lunch", now=later(2))
        after = service.take_break(session, noi, reason="training", now=later(3))
    assert (after.reason, after.since, after.n) == ("training", later(3), 3)


def test_nothing_is_written_or_announced_when_the_unit_of_work_fails(db, noi, heard):
    with db.write() as session:
        service.sign_out(session, noi, now=later(1))

    def fails():
        with db.write() as session:
            service.ready(session, noi, now=later(2))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert look(db, noi).status is Status.SIGNED_OUT
    assert len(events(db, noi)) == 2
    assert not heard


def test_a_call_from_offer_to_finish(db, talking, heard):
    assert look(db, talking).call_id == 9
    with db.write() as session:
        assert service.wrap_up(session, talking, call_id=9, until=later(90), now=later(60))
    seen = look(db, talking)
    assert (seen.state, seen.call_id, seen.offer_id) == (State.WRAP_UP, 9, None)
    assert (seen.wrap_up_until, seen.state_since) == (later(90), later(60))
    with db.write() as session:
        assert service.finish(session, talking, call_id=9, now=later(75))
    seen = look(db, talking)
    assert seen.presence.available
    assert (seen.call_id, seen.wrap_up_until) == (None, None)
    assert seen.idle_since == later(75), "a call ends the old place among the idle"
    assert shown(db, talking) == {later(75)}
    assert heard == [("agent.ready", {"agent_id": talking})]
    written = events(db, talking)
    assert [each.kind for each in written] == ["ready", "offer", "accept", "end", "finish"]
    assert [each.n for each in written] == [1, 2, 3, 4, 5]
    assert [each.data.get("call_id") for each in written] == [None, 9, 9, 9, 9]


def test_a_withdrawn_offer_costs_no_place(db, rung, heard):
    assert shown(db, rung) == {None}
    with db.write() as session:
        assert service.release(session, rung, offer_id=5, now=later(30))
    assert look(db, rung).idle_since == NOON
    assert shown(db, rung) == {NOON}
    assert heard == [("agent.ready", {"agent_id": rung})]


def test_a_caller_gone_before_they_met_costs_no_place_either(db, talking):
    with db.write() as session:
        assert service.release(session, talking, offer_id=5, now=later(30))
    seen = look(db, talking)
    assert (seen.presence.available, seen.idle_since, seen.offer_id) == (True, NOON, None)


@pytest.mark.parametrize(
    ("verb", "status", "reason"),
    [(service.missed, Status.MISSED, None), (service.declined, Status.BREAK, "declined")],
)
def test_an_offer_not_taken_takes_the_agent_out(db, rung, heard, verb, status, reason):
    with db.write() as session:
        assert verb(session, rung, offer_id=5, now=later(20))
    seen = look(db, rung)
    assert (seen.status, seen.reason, seen.state) == (status, reason, State.IDLE)
    assert (seen.offer_id, seen.call_id, seen.idle_since) == (None, None, None)
    assert shown(db, rung) == {None}
    assert not heard
    with db.write() as session:
        service.ready(session, rung, now=later(25))
    assert look(db, rung).idle_since == later(25)


def test_a_telephone_that_never_answered_counts_as_missed(db, talking):
    with db.write() as session:
        assert service.missed(session, talking, offer_id=5, now=later(20))
    assert look(db, talking).status is Status.MISSED


def test_the_engine_does_not_overrule_who_signed_out_while_it_rang(db, rung, heard):
    with db.write() as session:
        service.sign_out(session, rung, now=later(3))
    assert heard == [("agent.left", {"agent_id": rung, "offer_id": 5})]
    with db.write() as session:
        assert service.missed(session, rung, offer_id=5, now=later(20))
    seen = look(db, rung)
    assert (seen.status, seen.state) == (Status.SIGNED_OUT, State.IDLE)


def test_signing_out_in_a_call_holds_at_once_and_the_call_goes_on(db, talking, heard):
    with db.write() as session:
        after = service.sign_out(session, talking, now=later(3))
    assert (after.status, after.state, after.call_id) == (Status.SIGNED_OUT, State.ON_CALL, 9)
    with db.write() as session:
        assert service.wrap_up(session, talking, call_id=9, until=later(90), now=later(60))
        assert service.finish(session, talking, call_id=9, now=later(70))
    assert look(db, talking).state is State.IDLE
    assert shown(db, talking) == {None}
    assert not heard


def test_a_break_during_an_offer_and_back_takes_a_new_place(db, rung):
    with db.write() as session:
        service.take_break(session, rung, reason="lunch", now=later(2))
        service.ready(session, rung, now=later(3))
        service.release(session, rung, offer_id=5, now=later(4))
    assert look(db, rung).idle_since == later(4)


@pytest.mark.parametrize(
    "verb", [service.on_call, service.release, service.missed, service.declined]
)
def test_a_verb_of_another_offer_changes_nothing(db, rung, verb):
    before = look(db, rung)
    with db.write() as session:
        assert not verb(session, rung, offer_id=6, now=later(9))
    assert look(db, rung) == before


@pytest.mark.parametrize(
    "verb", [service.on_call, service.release, service.missed, service.declined]
)
def test_a_verb_that_comes_twice_is_told_so(db, rung, verb):
    with db.write() as session:
        assert verb(session, rung, offer_id=5, now=later(9))
    before = look(db, rung)
    if verb is not service.on_call:
        with db.write() as session:
            assert not verb(session, rung, offer_id=5, now=later(10))
    with db.write() as session:
        assert not service.on_call(session, rung, offer_id=5, now=later(10))
    assert look(db, rung) == before


def test_the_end_of_another_call_changes_nothing(db, talking):
    with db.write() as session:
        assert not service.wrap_up(session, talking, call_id=8, until=later(90), now=later(60))
        assert not service.finish(session, talking, call_id=9, now=later(60)), "still talking"
        assert service.wrap_up(session, talking, call_id=9, until=later(90), now=later(60))
        assert not service.wrap_up(session, talking, call_id=9, until=later(99), now=later(61))
        assert not service.finish(session, talking, call_id=8, now=later(61))
    assert look(db, talking).wrap_up_until == later(90)


@pytest.mark.parametrize("state", ["rung", "talking"])
def test_nobody_gets_a_second_call(db, request, state):
    agent_id = request.getfixturevalue(state)
    before = look(db, agent_id)
    with db.write() as session:
        service.ready(session, agent_id, now=later(5))
        assert not service.reserve(session, agent_id, offer_id=6, call_id=10, now=later(6))
    assert look(db, agent_id) == before


def test_two_agents_cannot_be_held_by_one_offer(db, rung, hire):
    other = hire("Lek", "complaint/th")
    with db.write() as session:
        service.ready(session, other, now=NOON)
    with pytest.raises(sa.exc.IntegrityError), db.write() as session:
        service.reserve(session, other, offer_id=5, call_id=9, now=later(2))


@pytest.mark.parametrize("choose", [service.sign_out, None])
def test_who_is_not_ready_is_not_reserved(db, hire, choose):
    agent_id = hire("Noi", "complaint/th")
    with db.write() as session:
        if choose is None:
            service.take_break(session, agent_id, reason="lunch", now=NOON)
        assert not service.reserve(session, agent_id, offer_id=5, call_id=9, now=later(1))
    assert look(db, agent_id).state is State.IDLE


def test_heads_are_the_longest_idle_of_each_skill(db, hire):
    first, second = hire("A", "c/th", "i/th"), hire("B", "c/th", "i/en")
    asleep = hire("C", "c/th", "i/ru")
    with db.write() as session:
        service.ready(session, second, now=later(1))
        service.ready(session, first, now=later(2))
        service.take_break(session, asleep, reason="lunch", now=NOON)
    with db.read() as session:
        found = {
            one.agent_id: (one.idle_since, one.skills)
            for one in service.ready_heads(session, ["c/th", "i/th", "i/en", "i/ru", "c/th"])
        }
        assert service.ready_heads(session, []) == []
        assert service.ready_heads(session, ["no/body"]) == []
    assert found == {second: (later(1), {"c/th", "i/en"}), first: (later(2), {"i/th"})}
    with db.write() as session:
        service.reserve(session, second, offer_id=1, call_id=1, now=later(3))
    with db.read() as session:
        (head,) = service.ready_heads(session, ["c/th"])
    assert head.agent_id == first


def test_equally_idle_agents_have_an_order(db, hire):
    lower, higher = hire("A", "c/th"), hire("B", "c/th")
    with db.write() as session:
        service.ready(session, higher, now=NOON)
        service.ready(session, lower, now=NOON)
    with db.read() as session:
        (head,) = service.ready_heads(session, ["c/th"])
    assert head.agent_id == lower


def test_the_heads_come_from_the_index(db, hire):
    """A scan of all agents would pass every other test and fail a city with a thousand of them."""
    hire("A", "c/th")
    statement = service._heads(1).params(skill_0="c/th")
    with db.read() as session:
        dialect = session.get_bind().dialect
        sql = statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
        explain = "EXPLAIN QUERY PLAN" if db.is_sqlite else "EXPLAIN"
        if not db.is_sqlite:  # so small a table is cheaper to scan
            session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        plan = session.connection().exec_driver_sql(f"{explain} {sql}")
        told = "\n".join(str(row) for row in plan)
    assert "ix_agent_skills_ready" in told
    assert "TEMP B-TREE" not in told
    assert "Sort" not in told


def test_the_board_shows_everybody_with_what_they_do(db, talking, hire):
    hire("Aom", "information/ru")
    with db.read() as session:
        aom, noi = service.board(session)
    assert (aom.agent.name, aom.skills) == ("Aom", ("information/ru",))
    assert (noi.agent.name, noi.presence) == ("Noi", look(db, talking))
    assert noi.skills == ("complaint/th", "information/th")


def test_a_sweep_is_shown_who_may_be_stuck(db, talking):
    def found(at):
        with db.read() as session:
            return [one.agent_id for one in service.stuck(session, now=at)]

    assert found(later(61)) == []
    assert found(later(62)) == [talking]
    with db.write() as session:
        service.wrap_up(session, talking, call_id=9, until=later(90), now=later(70))
    assert found(later(89)) == []
    assert found(later(90)) == [talking]


@pytest.mark.parametrize("state", ["rung", "talking"])
def test_who_is_held_by_nothing_is_repaired(db, request, state, heard):
    agent_id = request.getfixturevalue(state)
    heard.clear()
    with db.write() as session:
        (seen,) = service.stuck(session, now=later(100))
        assert service.repair(session, seen, now=later(100))
        assert not service.repair(session, seen, now=later(101)), "changed since it was seen"
    after = look(db, agent_id)
    assert (after.presence.available, after.idle_since) == (True, later(100))
    assert (after.offer_id, after.call_id) == (None, None)
    assert heard == [("agent.ready", {"agent_id": agent_id})]
    assert events(db, agent_id)[-1].kind == "repair"


def test_a_desk_that_nobody_is_at_is_signed_out(db, hire, talking):
    gone, lunch = hire("A", "c/th"), hire("B", "c/th")
    with db.write() as session:
        service.ready(session, gone, now=NOON)
        service.take_break(session, lunch, reason="lunch", now=NOON)
    limits = {Status.READY: timedelta(minutes=10), Status.BREAK: timedelta(hours=1)}
    with db.write() as session:
        assert service.forget(session, limits=limits, now=later(599)) == []
        assert service.forget(session, limits=limits, now=later(600)) == [gone]
        assert service.forget(session, limits=limits, now=later(3600)) == [lunch]
        assert service.forget(session, limits=limits, now=later(9999)) == []
    assert look(db, gone).status is Status.SIGNED_OUT
    assert look(db, talking).status is Status.READY, "nobody is signed out of a call"


def test_the_rows_agree_with_the_events(db, talking):
    """The last event's `to` is the row: a number recomputed from the events is the same number."""
    last = events(db, talking)[-1]
    row = look(db, talking)
    assert last.data["to"] == {"status": row.status, "reason": row.reason, "state": row.state}
    with db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(PresenceRow)) == 1
