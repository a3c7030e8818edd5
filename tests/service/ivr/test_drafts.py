"""What an agent has typed is not lost: the draft, and what the limit makes of it."""

import re
from typing import Any

import pytest
import sqlalchemy as sa

from hotline import clock
from hotline.auth import COOKIE
from ivr import drafts
from ivr.models import Draft
from tests.service.hotline.test_web import csrf_of
from tests.service.ivr.world import Agent, Caller, World
from tickets import service as tickets

NOTE = "น้ำท่วม ซอย 5"


@pytest.fixture
def pair(world: World) -> tuple[Agent, Caller]:
    agent = world.agent()
    caller = world.caller().to_queue()
    agent.talks_with(caller)
    return agent, caller


def path(caller: Caller) -> str:
    return f"/api/calls/{caller.id}/draft"


def rows(world: World) -> list[int]:
    return list(world.read(lambda session: session.scalars(sa.select(Draft.call_id)).all()))


def ticket_at_the_limit(world: World, caller: Caller) -> tickets.TicketFacts:
    world.sweep("ivr.wrap_up", seconds=180)
    ticket = world.read(tickets.ticket_of_call, caller.id)
    assert isinstance(ticket, tickets.TicketFacts)
    assert ticket.incomplete
    return ticket


def test_the_form_is_filled_from_the_draft(world: World, pair: tuple[Agent, Caller]) -> None:
    agent, caller = pair
    agent.does(path(caller), note="น้ำ", outcome="request")
    saved = agent.does(path(caller), note="<น้ำท่วม>", outcome="complaint", category="flood")
    assert saved == {"saved_at": clock.now().isoformat()}
    html = agent.ask("GET", "/calls/current?lang=en").get_data(as_text=True)
    assert "&lt;น้ำท่วม&gt;</textarea>" in html
    assert html.count(" checked") == html.count(" selected") == 1
    assert re.search(r'value="complaint"[^>]* checked', html)
    assert '<option value="flood" selected>' in html
    assert "Saved 12:00:00" in html


def test_a_draft_is_no_event_and_goes_with_the_outcome(
    world: World, pair: tuple[Agent, Caller]
) -> None:
    agent, caller = pair
    before = world.events(caller)
    agent.does(path(caller), note=NOTE)
    assert world.events(caller) == before
    agent.hangs_up()
    agent.finishes("information", note="อีกอย่าง")
    assert rows(world) == []
    assert agent.does(path(caller), 409, note="late")["error"]["code"] == "nothing-to-finish"
    ticket = world.read(tickets.ticket_of_call, caller.id)
    assert ticket.text == "อีกอย่าง"


def test_only_the_agent_of_the_call_writes_its_draft(
    world: World, pair: tuple[Agent, Caller]
) -> None:
    _, caller = pair
    other = world.agent()
    assert other.does(path(caller), 403, note="x")["error"]["code"] == "not-yours"
    waiting = world.caller().to_queue()
    other.does(path(waiting), 409, note="it only rings")
    other.does("/api/calls/99999/draft", 403, note="x")
    assert rows(world) == []


def test_a_browser_needs_its_csrf_token(world: World, pair: tuple[Agent, Caller]) -> None:
    agent, caller = pair
    world.client.set_cookie(COOKIE, agent.token)
    assert world.client.post(path(caller), data={"note": "x"}).status_code == 403
    told = {"note": "x", "csrf_token": csrf_of(world.floor, agent.token)}
    assert world.client.post(path(caller), data=told).status_code == 200
    world.client.delete_cookie(COOKIE)


@pytest.mark.parametrize(
    ("said", "outcome", "category"),
    [
        ({}, "information", None),
        ({"category": "flood"}, "information", "flood"),
        ({"outcome": "complaint", "category": "flood"}, "complaint", "flood"),
        ({"outcome": "complaint"}, "information", None),
        ({"outcome": "complaint", "category": "nonsense"}, "information", None),
        ({"outcome": "nonsense", "category": "flood"}, "information", "flood"),
        ({"outcome": "suggestion"}, "suggestion", None),
    ],
)
def test_the_limit_takes_the_draft(
    world: World,
    pair: tuple[Agent, Caller],
    said: dict[str, Any],
    outcome: str,
    category: str | None,
) -> None:
    agent, caller = pair
    agent.does(path(caller), note=NOTE, **said)
    agent.hangs_up()
    ticket = ticket_at_the_limit(world, caller)
    assert (ticket.text, ticket.category) == (NOTE, category)
    assert world.story(caller)[-1].data["outcome"] == outcome
    assert rows(world) == []
    world.check()


def test_the_limit_links_no_ticket_but_keeps_its_number(
    world: World, pair: tuple[Agent, Caller]
) -> None:
    agent, caller = pair
    agent.does(path(caller), note=NOTE, outcome="follow_up", ticket="123-4567")
    agent.hangs_up()
    ticket = ticket_at_the_limit(world, caller)
    assert ticket.text == f"{NOTE}\n123-4567"


def test_the_limit_keeps_the_wish_not_to_be_named(world: World, pair: tuple[Agent, Caller]) -> None:
    agent, caller = pair
    agent.does(path(caller), note=NOTE, who="สมชาย", hide_name="1")
    html = agent.ask("GET", "/calls/current").get_data(as_text=True)
    assert re.search(r'name="hide_name" value="1" checked', html), "a reload shows it"
    agent.hangs_up()
    assert ticket_at_the_limit(world, caller).hide_name


def test_who_finishes_after_the_limit_does_not_say_it_twice(
    world: World, pair: tuple[Agent, Caller]
) -> None:
    agent, caller = pair
    agent.does(path(caller), note=NOTE)
    agent.hangs_up()
    ticket_at_the_limit(world, caller)
    finish = f"/api/calls/{caller.id}/finish"
    agent.does(finish, outcome="complaint", category="flood", note=f"{NOTE} หน้าวัด")
    mended = world.read(tickets.ticket_of_call, caller.id)
    assert (mended.incomplete, mended.text) == (False, f"{NOTE}\nหน้าวัด")


def test_the_next_agent_of_a_call_does_not_see_the_draft(world: World) -> None:
    first = world.agent()
    caller = world.caller().to_queue()
    first.accepts()
    first.does(path(caller), note="mine")
    first.leg_ends("busy")
    second = world.agent()
    second.talks_with(caller)
    assert world.read(drafts.of_call, caller.id, second.id) is None
    second.does(path(caller), note="my own")
    draft = world.read(drafts.of_call, caller.id, second.id)
    assert isinstance(draft, drafts.DraftFacts)
    assert draft.note == "my own"
    second.hangs_up().finishes()
    assert world.read(drafts.of_call, caller.id, second.id) is None
    assert rows(world) == [caller.id], "what nobody will finish is forgotten in its time"


def test_a_draft_that_nobody_needs_is_forgotten(world: World) -> None:
    agent = world.agent()
    caller = world.caller().to_queue()
    agent.accepts()
    agent.does(path(caller), note=NOTE)
    caller.hangs_up()
    world.sweep("ivr.forget_drafts", seconds=23 * 3600)
    assert rows(world) == [caller.id]
    world.sweep("ivr.forget_drafts", seconds=2 * 3600)
    assert rows(world) == []
