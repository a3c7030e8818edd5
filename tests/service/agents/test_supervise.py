"""What a supervisor does to agents: their status, their skills; and what the agents are told."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from agents import service, supervise
from agents.models import AgentSkill, PresenceEvent
from agents.states import Move, State, Status
from agents.supervise import AgentChanged, Author, InACall, NoReasonGiven, NothingChosen
from hotline import audit, auth
from hotline.auth import Identity, Role
from hotline.db import Database
from tests.service.agents.conftest import NOON, Hire
from tests.service.agents.test_presence import later
from tests.service.agents.test_races import together


@pytest.fixture
def author(db: Database, hire: Hire) -> Author:
    hire("Nobody")  # for its quick passwords
    with db.write() as session:
        account_id = auth.create_account(
            session,
            username="suda",
            name="Suda",
            role=Role.SUPERVISOR,
            password="correct horse",
            now=NOON,
        )
    return Author(Identity(account_id, "suda", "Suda", Role.SUPERVISOR, False, ""), "too few")


def status(db: Database, agent_id: int, move: Move, author: Author, **more: object) -> None:
    with db.write() as session:
        supervise.set_status(session, agent_id, move, author, now=later(9), **more)  # type: ignore[arg-type]


def skills(db: Database, agent_id: int) -> list[str]:
    with db.read() as session:
        return service.skills_of(session, agent_id)


def test_signed_out_by_a_supervisor_with_who_and_why(
    db: Database, hire: Hire, author: Author
) -> None:
    agent_id = hire("Noi", "complaint/th")
    with db.write() as session:
        seen = supervise.seen_as(service.ready(session, agent_id, now=NOON))
    status(db, agent_id, Move.SIGN_OUT, author, seen=seen)
    with db.read() as session:
        found = service.presence_of(session, agent_id)
        word = supervise.last_word(session, agent_id, now=later(10))
        (line,) = audit.lines(session, audit.Asked(subject=f"agent:{agent_id}"))
        last = session.scalars(sa.select(PresenceEvent).order_by(PresenceEvent.id.desc())).first()
    assert found.status is Status.SIGNED_OUT
    assert word is not None
    assert (word.who, word.why, word.what) == ("Suda", "too few", "sign_out")
    assert (line.kind, line.by, line.reason) == ("agents.state_changed", "suda", "too few")
    assert last is not None
    assert last.by == author.by
    with pytest.raises(AgentChanged) as told:
        status(db, agent_id, Move.BREAK, author, pause="meal", seen=seen)
    assert told.value.values == {"name": "Noi", "who": "Suda"}
    with db.write() as session:
        service.ready(session, agent_id, now=later(11))
    with db.read() as session:
        assert supervise.last_word(session, agent_id, now=later(12)) is None, "they have acted"
    with pytest.raises(AgentChanged) as told:
        status(db, agent_id, Move.BREAK, author, pause="meal", seen="signed_out:")
    assert told.value.values["who"] == "Noi", "themselves"


def test_the_word_is_shown_for_an_hour(db: Database, hire: Hire, author: Author) -> None:
    agent_id = hire("Noi")
    status(db, agent_id, Move.BREAK, author, pause="meal")
    with db.read() as session:
        shown = later(9) + supervise.SHOWN_FOR
        assert supervise.last_word(session, agent_id, now=shown) is not None
        gone = shown + timedelta(seconds=1)
        assert supervise.last_word(session, agent_id, now=gone) is None


def test_refused_while_a_call_is_with_them_and_done_after_it(
    db: Database, hire: Hire, author: Author
) -> None:
    agent_id = hire("Noi", "complaint/th")
    with db.write() as session:
        service.ready(session, agent_id, now=NOON)
        service.reserve(session, agent_id, offer_id=1, call_id=1, now=later(1))
        service.on_call(session, agent_id, offer_id=1, now=later(2))
    with pytest.raises(InACall):
        status(db, agent_id, Move.SIGN_OUT, author)
    status(db, agent_id, Move.SIGN_OUT, author, after_call=True)
    with db.read() as session:
        found = service.presence_of(session, agent_id)
    assert (found.status, found.state) == (Status.SIGNED_OUT, State.ON_CALL)


def test_a_reason_is_needed() -> None:
    with pytest.raises(NoReasonGiven):
        supervise.author(Identity(1, "suda", "Suda", Role.SUPERVISOR, False, ""), "  ")


def test_skills_count_at_once_and_for_who_is_ready(
    db: Database, hire: Hire, author: Author
) -> None:
    one, other = hire("Noi", "complaint/th"), hire("Lek", "complaint/th", "information/th")
    heard: list[int] = []

    def hear(*, agent_id: int) -> None:
        heard.append(agent_id)

    db.listen("agent.ready", hear)
    with db.write() as session:
        idle = service.ready(session, one, now=NOON).idle_since
    heard.clear()
    seen = {one: ["complaint/th"], other: ["complaint/th", "information/th"]}
    with db.write() as session:
        changed = supervise.change_skills(
            session,
            seen,
            author,
            give=["information/th"],
            take=["complaint/th"],
            now=later(5),
        )
    assert changed == [one, other]
    assert skills(db, one) == skills(db, other) == ["information/th"]
    assert heard == [one], "somebody may wait for what is new; nobody looks for who is not ready"
    with db.read() as session:
        since = session.scalar(sa.select(AgentSkill.ready_since).where(AgentSkill.agent_id == one))
        (head,) = service.ready_heads(session, ["information/th"])
        word = supervise.last_word(session, other, now=later(6))
        lines = audit.lines(session, audit.Asked(kind="agents.skills_changed"))
    assert (since, head.agent_id) == (idle, one)
    assert word is not None
    assert (word.gave, word.took) == ((), ("complaint/th",))
    assert {line.subject for line in lines} == {f"agent:{one}", f"agent:{other}"}


def test_skills_that_changed_meanwhile_are_not_overwritten(
    db: Database, hire: Hire, author: Author
) -> None:
    one, other = hire("Noi", "complaint/th"), hire("Lek", "complaint/th")
    seen = {one: ["complaint/th"]}

    def change(agents: dict[int, list[str]], give: list[str], take: list[str]) -> None:
        with db.write() as session:
            supervise.change_skills(session, agents, author, give=give, take=take, now=later(5))

    change(seen, ["information/th"], [])
    with pytest.raises(AgentChanged) as told:
        change({other: ["complaint/th"], **seen}, [], ["complaint/th"])
    assert told.value.values == {"name": "Noi", "who": "Suda"}
    assert skills(db, other) == ["complaint/th"], "all or nothing"
    with pytest.raises(NothingChosen):
        change({}, ["information/th"], [])
    with pytest.raises(NothingChosen):
        change(seen, ["x/th"], ["x/th"])


def test_two_supervisors_at_once_and_one_is_told(db: Database, hire: Hire, author: Author) -> None:
    for number in range(8):
        agent_id = hire(f"Noi{number}", "complaint/th")
        seen = {agent_id: ["complaint/th"]}

        def give(skill: str, seen: dict[int, list[str]] = seen) -> bool:
            try:
                with db.write() as session:
                    supervise.change_skills(
                        session, seen, author, give=[skill], take=[], now=later(5)
                    )
            except AgentChanged:
                return False
            return True

        won = together(lambda: give("a/th"), lambda: give("b/th"))
        assert sorted(won) == [False, True]
        assert len(skills(db, agent_id)) == 2


def test_a_skill_given_while_an_offer_takes_the_agent(
    db: Database, hire: Hire, author: Author
) -> None:
    """Who is held by an offer is ready for none of their skills, old or new."""
    for number in range(8):
        agent_id = hire(f"Noi{number}", "complaint/th")
        with db.write() as session:
            service.ready(session, agent_id, now=NOON)

        def give(agent_id: int = agent_id) -> None:
            with db.write() as session:
                seen = {agent_id: ["complaint/th"]}
                supervise.change_skills(session, seen, author, give=["a/th"], take=[], now=later(5))

        def take(agent_id: int = agent_id, number: int = number) -> None:
            with db.write() as session:
                service.reserve(session, agent_id, offer_id=number + 1, call_id=1, now=later(5))

        together(give, take)
        with db.read() as session:
            ready = session.scalars(
                sa.select(AgentSkill.ready_since).where(AgentSkill.agent_id == agent_id)
            ).all()
        assert ready == [None, None]
