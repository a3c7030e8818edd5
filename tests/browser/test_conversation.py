"""Hold, a third party, passing on: by keys on the desk, heard in three browsers.

The caller's microphone hears 697 Hz, the agent's 1209 Hz, the third party's 941 Hz.
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
    go_home,
    handset,
    hears,
    write_outcome,
    write_up,
    wrong,
)
from tests.browser.test_accessibility import faults
from tests.browser.test_desk import fits, look_at_offer

__all__ = ["browsers", "wrong"]

THIRD = 941
THIRD_NUMBER = "+66898887777"


@pytest.fixture
def agent(hotline: Hotline, browsers: Browsers, wrong: list[str]) -> Iterator[Page]:
    page = desk(browsers(AGENT), hotline, wrong)
    yield page
    page.close(run_before_unload=False)  # or it would answer the next test's call


@pytest.fixture
def caller(hotline: Hotline, browsers: Browsers, agent: Page, wrong: list[str]) -> Iterator[Page]:
    """Somebody who talks with the agent, in Russian."""
    page = connected(agent, browsers, hotline, wrong)
    hears(agent, CALLER)
    expect(agent.locator(".talk")).to_be_visible()
    yield page
    page.close()


def test_hold_is_heard_on_both_sides(agent: Page, caller: Page) -> None:
    agent.fill("textarea[name=note]", "the water")  # keys act while one writes
    expect(agent.locator(".saved")).to_be_visible()  # what comes with it changes nothing below
    agent.keyboard.press("F2")
    expect(agent.locator(".talk-state")).to_contain_text("On hold")
    hears(agent, CALLER, at_all=False)
    hears(caller, AGENT, at_all=False)
    long = agent.locator(".when-long")
    expect(long).to_be_hidden()
    agent.locator(".talk-state time").evaluate("time => (time.dataset.long = '1')")
    expect(long).to_be_visible()
    agent.keyboard.press("F2")
    hears(agent, CALLER)
    hears(caller, AGENT)
    expect(agent.locator(".talk-state")).not_to_contain_text("On hold")
    agent.keyboard.press("F4")
    expect(agent.locator(".talk-state")).to_contain_text("Recording paused")
    agent.keyboard.press("F4")
    expect(agent.locator(".talk-state")).not_to_contain_text("paused")
    assert agent.input_value("textarea[name=note]") == "the water"
    agent.keyboard.press("F2")
    expect(agent.locator(".talk-state")).to_contain_text("On hold")
    agent.keyboard.press("F9")  # nobody is left in the music
    write_up(agent)


def test_a_third_party_is_spoken_to_first_and_left_with_the_caller(
    hotline: Hotline, browsers: Browsers, agent: Page, caller: Page, wrong: list[str]
) -> None:
    third = handset(browsers(THIRD), hotline, wrong)
    third.fill("#from", THIRD_NUMBER)
    third.locator("#from").blur()
    agent.keyboard.press("F6")
    expect(agent.locator(".transfer input[name=number]")).to_be_focused()
    agent.keyboard.type(THIRD_NUMBER)
    agent.keyboard.press("Enter")
    third.locator("#answer").click()
    party = agent.locator("[id^=party-]")
    expect(party).to_contain_text("speaks with you")
    hears(agent, THIRD)
    hears(third, AGENT)
    hears(caller, THIRD, at_all=False)
    hears(third, CALLER, at_all=False)
    agent.keyboard.press("F2")
    expect(party).to_contain_text("all three")
    hears(third, CALLER)
    hears(caller, THIRD)
    agent.keyboard.press("F6")
    expect(agent.locator("#state")).to_have_attribute("data-state", "wrap_up")
    expect(agent.locator("#softphone")).to_have_attribute("data-state", "ready")
    hears(caller, AGENT, at_all=False)
    hears(third, CALLER)
    hears(caller, THIRD)
    third.locator("#hangup").click()
    write_up(agent)


def test_a_third_party_who_hangs_up_leaves_the_caller_with_the_agent(
    hotline: Hotline, browsers: Browsers, agent: Page, caller: Page, wrong: list[str]
) -> None:
    third = handset(browsers(THIRD), hotline, wrong)
    third.fill("#from", THIRD_NUMBER)
    third.locator("#from").blur()
    agent.keyboard.press("F6")
    expect(agent.locator(".transfer input[name=number]")).to_be_focused()
    agent.keyboard.type(THIRD_NUMBER)
    agent.keyboard.press("Enter")
    expect(agent.locator(".talk-state")).to_contain_text("ringing")
    third.locator("#answer").click()
    expect(agent.locator("[id^=party-]")).to_contain_text("speaks with you")
    hears(caller, AGENT, at_all=False)
    third.locator("#hangup").click()
    expect(agent.locator("[id^=party-]")).to_contain_text("has hung up")
    expect(agent.locator(".talk-state")).not_to_contain_text("On hold")
    hears(caller, AGENT)
    hears(agent, CALLER)
    agent.keyboard.press("F9")
    write_up(agent)


def test_a_word_with_a_colleague_who_takes_the_caller_over(
    hotline: Hotline, browsers: Browsers, agent: Page, caller: Page, wrong: list[str]
) -> None:
    colleague = desk(browsers(THIRD), hotline, wrong, "agent4")  # who is nobody else's
    expect(colleague.locator("#softphone")).to_have_attribute("data-state", "ready")
    colleague.keyboard.press("r")
    expect(colleague.locator("#state")).to_have_attribute("data-status", "ready")
    agent.fill("textarea[name=note]", "a lamp in Soi 6")
    expect(agent.locator(".saved")).to_be_visible()
    agent.keyboard.press("F6")
    expect(agent.locator(".transfer input[name=number]")).to_be_focused()
    agent.keyboard.type("อนันต์")  # the list comes as the menu opens: what is typed before is kept
    expect(agent.locator(".transfer select[name=to] option:checked")).to_have_text("อนันต์ · Ready")
    agent.keyboard.press("Enter")
    expect(colleague.locator(".ring")).to_contain_text("นาตาชา asks for a word")
    expect(colleague.locator(".ring .told")).to_have_text("a lamp in Soi 6")
    look_at_offer(colleague)
    expect(colleague.locator("[data-key=Enter]")).to_be_focused()
    colleague.keyboard.press("Enter")
    expect(colleague.locator(".panel.call")).to_contain_text("You speak with นาตาชา")
    agent.fill("textarea[name=note]", "a lamp in Soi 6, " + "and it is dark there. " * 40)
    expect(colleague.locator(".told")).to_contain_text("it is dark there")
    fits(colleague)
    assert faults(colleague) == []
    hears(agent, THIRD)
    hears(colleague, AGENT)
    hears(caller, THIRD, at_all=False)
    agent.keyboard.press("F2")
    hears(caller, THIRD)
    hears(colleague, CALLER)
    agent.keyboard.press("F6")
    expect(agent.locator("#state")).to_have_attribute("data-state", "wrap_up")
    expect(colleague.locator(".talk")).to_be_visible()
    hears(caller, AGENT, at_all=False)
    hears(colleague, CALLER)
    hears(caller, THIRD)
    write_up(agent)
    expect(colleague.locator(".panel.ticket .ticket-number")).to_be_visible()
    expect(colleague.locator(".told")).to_have_count(0)
    caller.locator("#hangup").click()
    write_up(colleague)
    colleague.close(run_before_unload=False)


def test_a_word_with_a_queue_rings_at_whoever_of_it_is_free(
    hotline: Hotline, browsers: Browsers, agent: Page, caller: Page, wrong: list[str]
) -> None:
    agent.keyboard.press("F6")
    search = agent.locator(".transfer input[name=number]")
    search.fill("emerg")
    search.press("Enter")
    expect(agent.locator(".transfer .send-problem")).to_contain_text("Nobody of that queue is free")
    hears(caller, AGENT)  # and nobody was held for it
    name = hotline.employ("asked", Role.AGENT, queues=["emergency"])
    colleague = desk(browsers(THIRD), hotline, wrong, name)
    expect(colleague.locator("#softphone")).to_have_attribute("data-state", "ready")
    colleague.keyboard.press("r")
    expect(colleague.locator("#state")).to_have_attribute("data-status", "ready")
    search.press("Enter")
    expect(agent.locator("[id^=party-]")).to_contain_text(f"{name}: ringing")
    expect(colleague.locator(".ring")).to_contain_text("asks for a word")
    colleague.locator(".ring button.main").click()
    hears(agent, THIRD)
    hears(caller, THIRD, at_all=False)
    agent.keyboard.press("F10")  # it was only a word
    expect(colleague.locator("#state")).to_have_attribute("data-state", "idle")
    hears(caller, AGENT)
    go_home(colleague)
    colleague.close(run_before_unload=False)
    agent.keyboard.press("F9")
    write_up(agent)


def test_passed_on_outside_the_two_talk_and_the_agent_writes_it_up(
    hotline: Hotline, browsers: Browsers, agent: Page, caller: Page, wrong: list[str]
) -> None:
    third = handset(browsers(THIRD), hotline, wrong)
    third.fill("#from", THIRD_NUMBER)
    third.locator("#from").blur()
    agent.keyboard.press("F6")
    agent.locator(".transfer input[name=number]").fill(THIRD_NUMBER)
    agent.locator(".transfer button[value=now]").click()
    expect(agent.locator("#state")).to_have_attribute("data-state", "wrap_up")
    with hotline.floor() as floor:
        expect(third.locator("#ring-from")).to_have_text(floor.city.caller_id)  # the city's
    third.locator("#answer").click()
    hears(third, CALLER)
    hears(caller, THIRD)
    third.locator("#hangup").click()
    write_up(agent)


def test_passed_on_to_a_queue_the_agent_is_free_and_the_caller_waits(
    agent: Page, caller: Page
) -> None:
    agent.fill("textarea[name=note]", "wants to report a lamp")
    expect(agent.locator(".saved")).to_be_visible()
    agent.keyboard.press("F6")
    search = agent.locator(".transfer input[name=number]")
    search.fill("12")  # nobody has that number, and it says so where one looks
    search.press("Enter")
    expect(agent.locator(".transfer .send-problem")).to_contain_text("12 cannot be called")
    search.fill("emerg")
    chosen = agent.locator(".transfer select[name=to]")
    expect(chosen).to_have_value("queue:emergency")
    expect(chosen.locator("option:not([hidden])")).to_have_count(1)
    strip = agent.locator(".strip").bounding_box()
    menu = agent.locator(".transfer form").bounding_box()
    assert strip and menu and menu["y"] >= strip["y"] + strip["height"]  # the state stays in sight
    search.press("ArrowDown")
    expect(chosen).to_be_focused()
    agent.locator(".transfer button[value=now]").click()
    expect(agent.locator("#state")).to_have_attribute("data-state", re.compile("idle|offered"))
    hears(caller, AGENT, at_all=False)
    caller.locator("#hangup").click()
    go_home(agent)


def test_the_last_caller_is_called_again_by_one_key(agent: Page, caller: Page) -> None:
    caller.locator("#hangup").click()  # cut off in the middle of a sentence
    write_outcome(agent)
    expect(agent.locator("[id^=finished-] .ticket-number")).to_be_visible()
    agent.keyboard.press("c")
    expect(agent.locator("#state")).to_have_attribute("data-state", "on_call")
    caller.locator("#answer").click()
    hears(agent, CALLER)
    hears(caller, AGENT)  # once they have been told that it is recorded
    expect(agent.locator(".panel.call h2")).to_contain_text("Calling out")
    agent.keyboard.press("F9")
    write_up(agent)


def test_whom_nobody_reaches_is_told_on_the_desk_and_on_the_ticket(
    agent: Page, caller: Page
) -> None:
    caller.locator("#hangup").click()
    write_outcome(agent)
    ticket = agent.locator("[id^=finished-] .ticket-number")
    expect(ticket).to_be_visible()
    address = f"/tickets/{ticket.inner_text().replace('-', '')}"
    agent.goto(address)
    agent.keyboard.press("c")  # leads to the desk, whose telephone rings
    expect(agent.locator("#state")).to_have_attribute("data-state", "on_call")
    caller.locator("#decline").click()
    expect(agent.locator("#not-reached")).to_be_visible()
    expect(agent.locator("#state")).to_have_attribute("data-state", "idle")
    agent.goto(address)
    expect(agent.locator(".story li").first).to_contain_text("not reached")
    agent.goto("/desk")
    go_home(agent)
