"""Two things in one instant, in real browsers: whatever wins, every screen tells the same truth."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Hotline
from tests.browser.telephones import (
    AGENT,
    CALLER,
    Browsers,
    browsers,
    connected,
    desk,
    go_home,
    hears,
    ringing,
    write_up,
    wrong,
)

__all__ = ["browsers", "wrong"]

OTHER_CALLER, COLLEAGUE = 852, 941
#: Not by a click: one that no pointer made is taken for typing when it comes so early.
#: Whose caller was quicker has nothing left to accept.
ACCEPT = "document.querySelector('.ring button.main')?.form.requestSubmit()"
HANG_UP = "document.querySelector('#hangup').click()"


@pytest.fixture
def agent(hotline: Hotline, browsers: Browsers, wrong: list[str]) -> Iterator[Page]:
    page = desk(browsers(AGENT), hotline, wrong)
    yield page
    page.close(run_before_unload=False)


def test_two_agents_who_accept_at_once_have_each_their_own_caller(
    hotline: Hotline, browsers: Browsers, agent: Page, wrong: list[str]
) -> None:
    colleague = desk(browsers(COLLEAGUE), hotline, wrong, "agent4")
    first = ringing(agent, browsers(CALLER), hotline, wrong)
    second = ringing(
        colleague, browsers(OTHER_CALLER), hotline, wrong, ("1", "1"), ("แจ้งเรื่องร้องเรียน", "2")
    )
    agent.evaluate(ACCEPT)
    colleague.evaluate(ACCEPT)
    for page, heard, not_heard in (
        (agent, CALLER, OTHER_CALLER),
        (colleague, OTHER_CALLER, CALLER),
        (first, AGENT, COLLEAGUE),
        (second, COLLEAGUE, AGENT),
    ):
        hears(page, heard)
        hears(page, not_heard, at_all=False)
    first.locator("#hangup").click()
    write_up(agent)
    hears(second, COLLEAGUE)
    hears(colleague, OTHER_CALLER)
    second.locator("#hangup").click()
    write_up(colleague)


@pytest.mark.parametrize("first", ["caller", "agent"])
def test_a_caller_who_hangs_up_as_the_agent_accepts(
    hotline: Hotline, browsers: Browsers, agent: Page, wrong: list[str], first: str
) -> None:
    """Nobody is left with a dead line, and the agent can take the next caller."""
    caller = ringing(agent, browsers(CALLER), hotline, wrong)
    both = [(caller, HANG_UP), (agent, ACCEPT)]
    for page, act in both if first == "caller" else reversed(both):
        page.evaluate(act)
    expect(caller.locator("#display")).to_have_attribute("data-state", "ended")
    expect(agent.locator(".ring")).to_have_count(0)
    state = agent.locator("#state[data-state=idle], #state[data-state=wrap_up]")
    expect(state).to_be_visible()
    expect(agent.locator("#softphone")).to_have_attribute("data-state", "ready")
    agent.wait_for_timeout(2000)  # for what comes late
    told = agent.evaluate("fetch('/api/presence').then((answer) => answer.json())")
    expect(agent.locator("#state")).to_have_attribute("data-state", told["state"])
    expect(agent.locator("#softphone")).to_have_attribute("data-state", "ready")
    if told["state"] == "wrap_up":
        write_up(agent)
    caller.close()
    again = connected(agent, browsers, hotline, wrong)
    hears(agent, CALLER)
    again.locator("#hangup").click()
    write_up(agent)
    go_home(agent)
