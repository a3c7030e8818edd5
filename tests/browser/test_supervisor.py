"""A supervisor in somebody else's conversation, heard in three browsers; two supervisors.

The caller's microphone hears 697 Hz, the agent's 1209 Hz, the supervisor's 941 Hz.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from hotline.auth import Role
from tests.browser.conftest import Hotline
from tests.browser.telephones import (
    AGENT,
    CALLER,
    Browsers,
    browsers,
    connected,
    desk,
    hears,
    write_up,
    wrong,
)

__all__ = ["browsers", "wrong"]

THIRD = 941
#: Notes every state of the handset's line from now on.
WATCH_LINE = """() => {
  const line = document.getElementById("display");
  globalThis.states = [line.dataset.state];
  new MutationObserver(() => states.push(line.dataset.state)).observe(line, { attributes: true });
}"""


#: The page asks for nothing new any more.
STAND_STILL = """() => {
  for (const part of document.querySelectorAll("[data-fragment]")) {
    const copy = part.cloneNode(true);
    copy.removeAttribute("data-fragment");
    part.replaceWith(copy);
  }
}"""


@pytest.fixture
def agent(hotline: Hotline, browsers: Browsers, wrong: list[str]) -> Iterator[Page]:
    page = desk(browsers(AGENT), hotline, wrong)
    yield page
    page.close(run_before_unload=False)


@pytest.fixture
def caller(hotline: Hotline, browsers: Browsers, agent: Page, wrong: list[str]) -> Iterator[Page]:
    """Somebody who talks with the agent, in Russian."""
    page = connected(agent, browsers, hotline, wrong)
    hears(agent, CALLER)
    expect(agent.locator(".talk")).to_be_visible()
    yield page
    page.close()


@pytest.fixture
def supervisor(hotline: Hotline, browsers: Browsers, wrong: list[str]) -> Iterator[Page]:
    """A supervisor's desk, whose telephone is registered; nobody takes calls there."""
    page = desk(browsers(THIRD), hotline, wrong, "supervisor")
    expect(page.locator("#softphone")).to_have_attribute("data-state", "ready")
    yield page
    page.close(run_before_unload=False)


def floor_of(page: Page) -> Page:
    """The supervisor's page, in another tab of the same browser."""
    floor = page.context.new_page()
    floor.goto("/floor?lang=en")
    return floor


def test_listen_whisper_barge_in_and_take_over(agent: Page, caller: Page, supervisor: Page) -> None:
    floor = floor_of(supervisor)
    talk = floor.locator("#floor-calls > li", has_text="นาตาชา")
    caller.evaluate(WATCH_LINE)

    talk.get_by_role("button", name="Listen").click()
    expect(floor.locator("#said")).to_contain_text("Nobody hears you yet")
    expect(supervisor.locator(".listening")).to_contain_text("nobody hears you")
    hears(supervisor, CALLER)
    hears(supervisor, AGENT)
    hears(agent, THIRD, at_all=False)
    hears(caller, THIRD, at_all=False)
    expect(supervisor.locator("#state")).to_have_attribute("data-state", "monitoring")
    expect(agent.locator(".talk-state .supervisor")).to_contain_text("is listening")

    talk.get_by_role("button", name="Whisper").click()
    expect(floor.locator("#said")).to_contain_text("The agent hears you, the caller does not")
    hears(agent, THIRD)
    hears(caller, THIRD, at_all=False)
    hears(supervisor, CALLER)
    expect(agent.locator(".talk-state .supervisor")).to_contain_text("speaks to you")

    talk.get_by_role("button", name="Barge in").click()
    expect(floor.locator("#said")).to_contain_text("Both hear you")
    hears(caller, THIRD)
    hears(agent, THIRD)

    talk.get_by_role("button", name="Listen").click()
    hears(caller, THIRD, at_all=False)
    hears(agent, THIRD, at_all=False)
    hears(caller, AGENT)

    take_over(floor, agent, caller, supervisor)


def take_over(floor: Page, agent: Page, caller: Page, supervisor: Page) -> None:
    """From the supervisor who listens to the call that is theirs."""
    talk = floor.locator("#floor-calls > li", has_text="นาตาชา")
    agent.fill("textarea[name=note]", "the lamp in front of the school")
    expect(agent.locator(".saved")).to_be_visible()
    talk.locator("summary", has_text="Take over").click()
    talk.locator("input[name=reason]").fill("I know this case")
    talk.locator("details button").click()
    expect(floor.locator("#said")).to_contain_text("The call is yours")
    hears(caller, THIRD)
    hears(supervisor, CALLER)
    hears(caller, AGENT, at_all=False)
    expect(agent.locator("#word")).to_contain_text("I know this case")
    expect(agent.locator("#state")).to_have_attribute("data-state", "idle")
    agent.click("#status-menu summary")
    agent.click("#status-menu button[value=signed_out]")
    expect(supervisor.locator("#state")).to_have_attribute("data-state", "on_call")
    expect(supervisor.locator("textarea[name=note]")).to_have_value(
        "the lamp in front of the school"
    )
    assert set(caller.evaluate("states")) == {"live"}, "connected throughout"
    supervisor.keyboard.press("Escape")
    supervisor.keyboard.press("F9")
    write_up(supervisor)


def test_leaving_lets_the_two_talk_on(agent: Page, caller: Page, supervisor: Page) -> None:
    floor = floor_of(supervisor)
    talk = floor.locator("#floor-calls > li", has_text="นาตาชา")
    talk.get_by_role("button", name="Barge in").click()
    hears(caller, THIRD)
    expect(supervisor.locator(".listening")).to_contain_text("Both hear you")
    supervisor.keyboard.press("F9")  # from the desk, too
    expect(supervisor.locator("#state")).to_have_attribute("data-state", "idle")
    hears(caller, THIRD, at_all=False)
    hears(caller, AGENT)
    hears(agent, CALLER)
    talk.get_by_role("button", name="Listen").click()
    hears(supervisor, CALLER)
    agent.keyboard.press("F9")
    expect(supervisor.locator("#state")).to_have_attribute("data-state", "idle")
    expect(supervisor.locator("#softphone")).to_have_attribute("data-state", "ready")
    write_up(agent)


def test_two_supervisors_on_the_same_agent(
    hotline: Hotline, browsers: Browsers, wrong: list[str]
) -> None:
    name = hotline.employ("noi", Role.AGENT)
    second = hotline.employ("second", Role.SUPERVISOR, queues=())
    noi = desk(browsers(), hotline, wrong, name)
    both = [floor_of(desk(browsers(), hotline, wrong, who)) for who in ("supervisor", second)]
    first, last = both
    for floor in both:
        # what each saw stays what they saw, however long they think
        floor.evaluate(STAND_STILL)
        card = floor.locator("#floor-people > li", has_text=name)
        card.locator("summary").click()
        card.locator("input[name=reason]").fill(f"by {'first' if floor is first else 'last'}")
    for floor, choice in ((first, "break:meal"), (last, "signed_out")):
        card = floor.locator("#floor-people > li", has_text=name)
        card.locator("select[name=choice]").select_option(choice)
        card.get_by_role("button", name="Do it").click()
        expect(floor.locator("#said")).to_be_visible()
    expect(first.locator("#said")).to_contain_text(f"{name}: now “Break · Meal”")
    expect(last.locator("#said")).to_contain_text(re.compile(f"{name} was changed meanwhile by "))
    expect(noi.locator("#word")).to_contain_text("by first")
    expect(noi.locator("#state")).to_have_attribute("data-status", "break")
    # the one who was told looks again, and now it is done
    card = last.locator("#floor-people > li", has_text=name)
    card.locator("summary").click()
    card.locator("input[name=reason]").fill("late")
    card.locator("select[name=choice]").select_option("signed_out")
    card.get_by_role("button", name="Do it").click()
    expect(last.locator("#said")).to_contain_text(f"{name}: now “Signed out”")
    expect(noi.locator("#word")).to_contain_text("late")
    expect(last.locator(".floor-done li").first).to_contain_text("late")
