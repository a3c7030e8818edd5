"""What is known of who is calling, and who may know it."""

from datetime import timedelta

import pytest

from hotline import clock
from hotline.auth import Role
from ivr import callers, nuisance
from ivr.callbacks import service as callbacks
from ivr.callbacks.rows import Asked
from ivr.callers import CallerFacts
from ivr.config import Ivr
from tests.service.ivr.world import Agent, World
from tests.support.floors import sign_in_as
from tickets import service as tickets

FRAGMENTS = ("/calls/of-caller", "/tickets/near-caller")


def known(world: World, agent: Agent) -> CallerFacts | None:
    with world.floor.db.read() as session:
        found = callers.at_hand(session, agent.last_offer.id, agent.id)
        rules = world.floor.section(Ivr).nuisance
        return callers.facts(session, found, rules, now=clock.now())


def html(agent: Agent, path: str, status: int = 200) -> str:
    answer = agent.ask("GET", f"{path}{'&' if '?' in path else '?'}lang=en")
    assert answer.status_code == status, answer.get_data(as_text=True)
    return str(answer.get_data(as_text=True))


def spoke(world: World, agent: Agent, number: str, outcome: str = "information") -> int:
    """A whole call; its id."""
    caller = world.caller(number).to_queue()
    agent.talks_with(caller).hangs_up().finishes(outcome)
    caller.hangs_up()
    return caller.id


def test_earlier_calls_are_counted_and_the_last_told(world: World) -> None:
    agent = world.agent()
    first = [spoke(world, agent, "+66811111111") for _ in range(callers.TOLD + 1)]
    world.clock.advance(seconds=10)
    world.caller("+66811111111").to_queue()
    found = known(world, agent)
    assert found is not None
    assert found.count == callers.TOLD + 1
    assert [each.call_id for each in found.last] == first[:0:-1]
    assert {(each.outcome, each.agent_id) for each in found.last} == {("information", agent.id)}
    page = html(agent, f"/calls/of-caller?offer={agent.offer['id']}")
    assert "Earlier calls in 12 months: 5" in page
    assert "Information given" in page
    assert f'href="/calls/{first[-1]}"' in page
    assert f'href="/calls/{first[0]}"' not in page


def test_a_year_is_counted(world: World) -> None:
    first = world.agent()
    spoke(world, first, "+66811111111")
    first.goes_home()
    world.clock.advance(seconds=370 * 24 * 3600)
    agent = world.agent()
    world.caller("+66811111111").to_queue()
    found = known(world, agent)
    assert found is not None
    assert (found.count, found.last) == (0, ())


def test_an_agent_gets_a_link_to_calls_of_their_own_only(world: World) -> None:
    first = world.agent()
    theirs = spoke(world, first, "+66811111111")
    first.goes_home()
    second = world.agent()
    world.caller("+66811111111").to_queue()
    page = html(second, f"/calls/of-caller?offer={second.offer['id']}")
    assert first.username in page
    assert f"/calls/{theirs}" not in page


@pytest.mark.parametrize("number", ["anonymous", "+266696687", ""])
def test_a_withheld_number_recognises_nobody(world: World, number: str) -> None:
    agent = world.agent()
    for _ in range(2):
        caller = world.caller()
        caller.number = number
        caller.to_queue()
        agent.talks_with(caller).hangs_up()
        ticket = agent.finishes("complaint", category="flood", note="น้ำท่วม")
        with world.floor.db.read() as session:
            assert tickets.by_number(session, ticket).caller_number is None
        caller.hangs_up()
    caller = world.caller()
    caller.number = number
    caller.to_queue()
    assert known(world, agent) is None
    offer = agent.offer["id"]
    assert "withheld" in html(agent, f"/calls/of-caller?offer={offer}")
    assert "น้ำท่วม" not in html(agent, f"/tickets/near-caller?offer={offer}")


def test_marks_of_a_number(world: World) -> None:
    number = "+66811111111"
    rules = world.floor.section(Ivr).nuisance
    for _ in range(rules.calls):
        world.caller(number).ring().hangs_up()
    with world.floor.db.write() as session:
        said = {"reason": "shouts", "days": 1, "by": "supervisor"}
        block = nuisance.block(session, number, **said, now=clock.now())  # type: ignore[arg-type]
        nuisance.lift(session, block.id, by="supervisor", now=clock.now())
    agent = world.agent()
    world.caller(number).to_queue()
    found = known(world, agent)
    assert found is not None
    assert (found.nuisance.silent, found.nuisance.suspect) == (rules.calls, True)
    page = html(agent, f"/calls/of-caller?offer={agent.offer['id']}")
    assert "Was blocked, lifted" in page
    assert "shouts" in page
    assert "listen to what there is" in page
    with world.floor.db.write() as session:
        nuisance.dismiss(session, rules, number, by="supervisor", now=clock.now())
    found = known(world, agent)
    assert found is not None
    assert (found.nuisance.silent, found.nuisance.suspect) == (rules.calls, False)


def test_what_is_promised_is_told_but_not_of_the_promise_being_kept(world: World) -> None:
    promised = world.caller().to_queue()
    with world.floor.db.write() as session:
        at = clock.now() + timedelta(hours=3)
        asked = Asked(promised.id, promised.number, "information", "th", "information", at=at)
        callbacks.request(world.floor, session, asked, promised.stay, now=clock.now())
    promised.hangs_up()
    agent = world.agent()
    world.caller(promised.number).to_queue("1", "2")
    found = known(world, agent)
    assert found is not None
    assert found.promise is not None
    assert "A callback is promised" in html(agent, f"/calls/of-caller?offer={agent.offer['id']}")
    world.everybody_goes()
    later = world.agent()
    world.sweep(seconds=3 * 3600 + 60)
    kept = later.offer
    assert kept is not None
    assert kept["callback"] is not None
    found = known(world, later)
    assert found is not None
    assert found.promise is None


@pytest.mark.parametrize("path", FRAGMENTS)
def test_only_who_has_the_caller_at_hand_sees_them(world: World, path: str) -> None:
    mine, other = world.agent(), world.agent(ready=False)
    caller = world.caller("+66811111111").to_queue()
    offer = mine.offer["id"]
    for asked in (offer, "x", 0, offer + 1, 2**70):
        html(other, f"{path}?offer={asked}", 403)
    html(other, f"{path}?number={caller.number}", 403)
    html(mine, path, 403)
    assert caller.number not in html(mine, f"{path}?offer={offer}")
    mine.talks_with(caller).hangs_up()
    html(mine, f"{path}?offer={offer}")
    mine.finishes()
    html(mine, f"{path}?offer={offer}", 403)


@pytest.mark.parametrize("role", [each for each in Role if each is not Role.AGENT])
def test_a_role_alone_opens_nothing(world: World, role: Role) -> None:
    agent = world.agent()
    world.caller().to_queue()
    token = sign_in_as(world.floor, role)
    for path in FRAGMENTS:
        answer = world.client.get(
            f"{path}?offer={agent.offer['id']}", headers={"Authorization": f"Bearer {token}"}
        )
        # a supervisor may answer calls, but this account is no agent
        assert answer.status_code == (404 if role is Role.SUPERVISOR else 403)


def test_no_number_stands_in_what_rings(world: World) -> None:
    agent = world.agent()
    caller = world.caller().to_queue()
    page = html(agent, "/calls/current")
    assert caller.number not in page
    assert caller.number.removeprefix("+") not in page
    assert f"/calls/of-caller?offer={agent.offer['id']}" in page
