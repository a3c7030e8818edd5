"""What is known of who is calling, and who may know it."""

from datetime import timedelta

import pytest

from hotline import clock
from hotline.auth import Role
from ivr import callers, calls, nuisance, story
from ivr.callbacks import service as callbacks
from ivr.callbacks.rows import Asked
from ivr.callers import CallerFacts, Erased
from ivr.config import Ivr
from ivr.errors import StillPromised
from tests.service.ivr.world import Agent, World
from tests.support.floors import sign_in_as
from tickets import service as tickets
from tickets.persons import service as persons

FRAGMENTS = ("/calls/of-caller", "/tickets/near-caller", "/citizens/of-caller")


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
    assert html(agent, f"/tickets/near-caller?offer={offer}") == ""


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


# ---------------------------------------------------------------- by name


def names(world: World, number: str) -> list[str]:
    return [each.name for each in world.read(persons.of_number, number)]


def test_the_name_goes_from_the_form_to_the_ticket_and_to_the_next_call(world: World) -> None:
    agent = world.agent()
    caller = world.caller("+66811111111").to_queue()
    agent.talks_with(caller).hangs_up()
    agent.does(f"/api/calls/{caller.id}/draft", note="น้ำท่วม", who="สมช")
    assert 'value="สมช"' in html(agent, "/calls/current")
    number = agent.finishes("complaint", category="flood", who="สมชาย  ใจดี")
    caller.hangs_up()
    assert names(world, "+66811111111") == ["สมชาย ใจดี"]
    for role, shown in ((Role.SUPERVISOR, "สมชาย ใจดี"), (Role.MANAGER, "ส·····")):
        token = sign_in_as(world.floor, role)
        headers = {"Authorization": f"Bearer {token}"}
        assert world.client.get(f"/api/tickets/{number}", headers=headers).get_json()[
            "persons"
        ] == [shown]
        page = world.client.get(f"/tickets/{number}?lang=en", headers=headers).text
        assert (shown in page, "Wrote down who called" in page) == (True, True)
        assert ("สมชาย" in page) is (role is Role.SUPERVISOR)
    world.caller("+66811111111").to_queue()
    offer = agent.offer["id"]
    page = html(agent, f"/citizens/of-caller?offer={offer}")
    assert "สมชาย ใจดี" in page
    agent.accepts()
    assert '<option value="สมชาย ใจดี">' in html(agent, "/calls/current")


def test_the_limit_writes_the_name_and_the_agent_corrects_it(world: World) -> None:
    agent = world.agent()
    caller = world.caller("+66811111111").to_queue()
    agent.talks_with(caller).hangs_up()
    agent.does(f"/api/calls/{caller.id}/draft", who="สม")
    world.sweep("ivr.wrap_up", seconds=180)
    assert names(world, "+66811111111") == ["สม"]
    finish = f"/api/calls/{caller.id}/finish"
    agent.does(finish, outcome="information", who="สมชาย")
    agent.does(finish, outcome="information")
    assert names(world, "+66811111111") == ["สมชาย"]


def test_a_callback_asks_who_is_known_at_the_number_that_it_rings(world: World) -> None:
    first = world.caller("+66811111111").to_queue()
    with world.floor.db.write() as session:
        asked = Asked(first.id, first.number, "information", "th", "information")
        callbacks.request(world.floor, session, asked, first.stay, now=clock.now())
    first.hangs_up()
    agent = world.agent()
    page = html(agent, f"/citizens/of-caller?offer={agent.offer['id']}")
    assert "Nobody is known" in page


def test_an_agent_writes_about_the_caller_at_hand_only(world: World) -> None:
    agent = world.agent()
    caller = world.caller("+66811111111").to_queue()
    agent.talks_with(caller).hangs_up().finishes(who="Anna")
    caller.hangs_up()
    (anna,) = world.read(persons.of_number, "+66811111111")
    stranger = world.caller("+66822222222").to_queue()
    offer = agent.offer["id"]
    path = f"/citizens/{anna.id}/note?offer="
    assert agent.ask("POST", f"{path}{offer}", note="x", version=1).status_code == 404
    agent.talks_with(stranger).hangs_up().finishes()
    stranger.hangs_up()
    assert agent.ask("POST", f"{path}{offer}", note="x", version=1).status_code == 403
    world.caller("+66811111111").to_queue()
    offer = agent.offer["id"]
    said = {"note": "hard of hearing", "version": "1", "csrf_token": ""}
    headers = {"Authorization": f"Bearer {agent.token}"}
    for status in (204, 409):
        answer = world.client.post(f"{path}{offer}", data=said, headers=headers)
        assert answer.status_code == status
    assert "hard of hearing" in html(agent, f"/citizens/of-caller?offer={offer}")


def test_erasing_a_number_keeps_the_stories(world: World) -> None:
    agent = world.agent()
    number = "+66811111111"
    call = spoke(world, agent, number)
    with world.floor.db.write() as session:
        said = {"reason": "shouts", "days": 1, "by": "supervisor"}
        for _ in range(2):
            nuisance.block(session, number, **said, now=clock.now())  # type: ignore[arg-type]
            world.clock.advance(seconds=2 * 24 * 3600)
    erased = {}
    for dry in (True, False):
        with world.floor.db.write() as session:
            erased[dry] = callers.erase(session, number, now=clock.now(), dry=dry)
    assert erased[True] == erased[False] == Erased(1, 0, 2, still_blocked=False)
    assert world.read(calls.facts, call).from_number == ""
    assert "wrapped_up" in [each.kind for each in world.read(story.events_of, call)]
    with world.floor.db.write() as session:
        assert callers.erase(session, number, now=clock.now(), dry=True).calls == 0


def test_what_is_promised_is_not_forgotten(world: World) -> None:
    promised = world.caller().to_queue()
    with world.floor.db.write() as session:
        asked = Asked(promised.id, promised.number, "information", "th", "information")
        callbacks.request(world.floor, session, asked, promised.stay, now=clock.now())
        with pytest.raises(StillPromised):
            callers.erase(session, promised.number, now=clock.now(), dry=True)
