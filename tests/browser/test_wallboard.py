"""The wallboard in a browser: live, cut and resumed, seen and heard, and left on for a week."""

import os
import re
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from agents import service as agents
from hotline import clock
from hotline.floor import Floor
from tests.browser.conftest import PHONE, Hotline, Open
from tests.support.processes import of_data_folder
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

COUNT_ALARMS = """() => {
  window.alarms = 0;
  document.getElementById("wallboard").addEventListener("alarm", () => (window.alarms += 1));
}"""


@pytest.fixture
def floor(hotline: Hotline) -> Iterator[Floor]:
    """Beside the hotline: what is written here is told by Redis, as a worker's is."""
    with hotline.floor() as built:
        yield built


@pytest.fixture
def noi(floor: Floor) -> Iterator[int]:
    """An agent who sits at no desk."""
    with floor.db.read() as session:
        agent_id = agents.board(session)[0].agent.id
    yield agent_id
    with floor.db.write() as session:
        agents.sign_out(session, agent_id, now=clock.now())


def rest(floor: Floor, agent_id: int, reason: str) -> None:
    with floor.db.write() as session:
        agents.take_break(session, agent_id, reason=reason, now=clock.now())


def streams_of(hotline: Hotline) -> list[int]:
    folder = Path(hotline.environment["HOTLINE_DATA"])
    return [pid for pid, command in of_data_folder(folder).items() if "hotline streams" in command]


def connected(page: Page) -> None:
    expect(page.locator("#stream-away")).to_be_hidden()


def seen_within(page: Page, agent_id: int, words: str) -> float:
    """Seconds until these words stand beside the agent."""
    begun = time.monotonic()
    expect(page.locator(f"#agent-{agent_id} .doing")).to_have_text(words)
    return time.monotonic() - begun


def test_a_change_is_seen_within_a_second(hotline: Hotline, open_page: Open, floor, noi) -> None:
    page = open_page("supervisor", "/wallboard", language="en")
    connected(page)
    took = []
    for reason, words in [("rest", "Break · Short break"), ("meal", "Break · Meal")] * 3:
        rest(floor, noi, reason)
        took.append(seen_within(page, noi, words))
        time.sleep(0.4)
    assert sorted(took)[len(took) // 2] < 1.0, took


def test_cut_and_resumed_it_shows_the_truth(hotline: Hotline, open_page: Open, floor, noi) -> None:
    page = open_page("supervisor", "/wallboard", language="en")
    connected(page)
    for pid in streams_of(hotline):
        os.kill(pid, signal.SIGKILL)
    rest(floor, noi, "meal")
    expect(page.locator("#stream-away")).to_be_visible()
    seen_within(page, noi, "Break · Meal")  # it asks by itself meanwhile
    until(lambda: streams_of(hotline), "the supervisor starts it again")
    connected(page)
    rest(floor, noi, "rest")
    seen_within(page, noi, "Break · Short break")
    # a network that is gone for a while: what changed meanwhile is there when it is back
    page.context.set_offline(True)
    expect(page.locator("#trouble")).to_be_visible()
    expect(page.locator("#trouble")).to_contain_text("What you see is from")
    rest(floor, noi, "meal")
    page.context.set_offline(False)
    seen_within(page, noi, "Break · Meal")
    expect(page.locator("#trouble")).to_be_hidden()
    connected(page)


def test_an_alarm_is_seen_and_sounds_once(hotline: Hotline, open_page: Open, floor) -> None:
    with floor.db.read() as session:
        there = [
            row.agent.id
            for row in agents.board(session)
            if any(skill.startswith("emergency/") for skill in row.skills)
        ]
    for agent_id in there:  # somebody is there, and nobody is free
        rest(floor, agent_id, "rest")
    page = open_page("supervisor", "/wallboard", language="en")
    connected(page)
    page.evaluate(COUNT_ALARMS)
    sound = page.locator("#sound-of-alarms")
    expect(sound).to_have_attribute("aria-pressed", "false")
    sound.click()
    expect(sound).to_have_attribute("aria-pressed", "true")
    alarm = page.locator("#alarm-emergency-waiting")
    expect(alarm).to_be_hidden()
    sids = [hotline.ring("1", "3", "0") for _ in range(2)]
    try:
        expect(alarm).to_be_visible()
        expect(alarm).to_have_text("Too many waiting")
        expect(page.locator("#alarms")).to_contain_text("Emergency: Too many waiting")
        assert page.evaluate("window.alarms") == 1
        # a wait breaks its limit by itself, with nothing to tell the page
        near = page.locator("#warning-emergency-longest_wait")
        expect(near).to_be_visible(timeout=30_000)
        assert page.evaluate("window.alarms") == 1, "a warning makes no sound"
        expect(page.locator("#alarm-emergency-longest_wait")).to_be_visible(timeout=30_000)
        expect(near).to_be_hidden()
        assert page.evaluate("window.alarms") == 2
        page.set_viewport_size(PHONE)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        rest(floor, there[0], "meal")  # what comes anew says nothing that was said
        seen_within(page, there[0], "Break · Meal")
        assert page.evaluate("window.alarms") == 2
    finally:
        for sid in sids:
            hotline.hang_up(sid)
        with floor.db.write() as session:
            for agent_id in there:
                agents.sign_out(session, agent_id, now=clock.now())
    expect(alarm).to_be_hidden()
    sound.click()
    expect(sound).to_have_attribute("aria-pressed", "false")


def test_left_on_a_screen_it_is_there_after_a_restart(hotline: Hotline, open_page: Open) -> None:
    page = open_page("supervisor", "/wallboard", language="en")
    page.locator(".wallboard-leave summary").click()
    page.get_by_role("button", name="Show the wallboard here").click()
    expect(page.locator(".wallboard-leave")).to_have_count(0)
    expect(page.locator("#bell")).to_have_count(0)
    connected(page)
    kept = [each for each in page.context.cookies() if each["expires"] > 0]
    page.context.clear_cookies()
    page.context.add_cookies(kept)  # type: ignore[arg-type]
    page.goto("/")
    expect(page.locator("#wallboard")).to_be_visible()
    connected(page)
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("[name=username]")).to_be_visible()


def test_a_session_that_ends_says_so(hotline: Hotline, open_page: Open) -> None:
    page = open_page("supervisor", "/wallboard", language="en")
    connected(page)
    # Elsewhere, and not in a second page of this browser: Chromium now and then never closed it.
    token = page.locator("form[action='/sign-out'] input[name='csrf_token']").input_value()
    page.context.request.post("/sign-out", form={"csrf_token": token})
    expect(page.locator("#trouble a")).to_contain_text("Your session has ended")


def age_shown(page: Page, agent_id: int) -> int:
    """For how many seconds the agent has been so, as the page says it."""
    minutes, seconds = map(int, page.locator(f"#agent-{agent_id} time").inner_text().split(":"))
    return minutes * 60 + seconds


def age(floor: Floor, agent_id: int) -> float:
    """The same, as it is."""
    with floor.db.read() as session:
        since = agents.presence_of(session, agent_id).shown_since
    return (clock.now() - since).total_seconds()


def off(floor: Floor, face: str) -> int:
    """By how many seconds this is not the hotline's clock, whichever is ahead."""
    local = clock.local(clock.now(), floor.city.zone)
    hours, minutes, seconds = map(int, face.split(":"))
    ahead = hours * 3600 + minutes * 60 + seconds
    ahead -= local.hour * 3600 + local.minute * 60 + local.second
    return min(ahead % 86_400, -ahead % 86_400)


#: What the clock shows as soon as the page does something else, after an agent has changed.
FACE_THEN = """(id) => {
  const doing = document.querySelector(`#agent-${id} .doing`);
  globalThis.faceThen = new Promise((tell) => new MutationObserver(() => {
    const next = new MessageChannel();
    next.port1.onmessage = () => tell(document.getElementById("clock").textContent);
    next.port2.postMessage("");
  }).observe(doing, { childList: true, characterData: true, subtree: true }));
}"""
ASKED = re.compile("/(wallboard/now|incidents/alarm)")


def test_a_clock_that_is_put_right_and_what_changes_with_it_are_of_one_moment(
    hotline: Hotline, open_page: Open, floor, noi
) -> None:
    page = open_page("supervisor", "/wallboard", language="en")
    page.clock.install()
    page.reload()
    connected(page)
    rest(floor, noi, "meal")
    seen_within(page, noi, "Break · Meal")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(ASKED, hold)
    page.clock.fast_forward(3 * 3600 * 1000)
    page.evaluate(FACE_THEN, noi)
    rest(floor, noi, "rest")
    for route in held:
        route.continue_()
    assert off(floor, page.evaluate("faceThen")) < 4
    assert abs(age_shown(page, noi) - age(floor, noi)) < 3


def test_an_answer_that_took_long_makes_no_right_clock_wrong(
    hotline: Hotline, open_page: Open, floor, noi
) -> None:
    page = open_page("supervisor", "/wallboard", language="en")
    connected(page)

    def slowly(route: Route) -> None:
        answer = route.fetch()
        time.sleep(3)  # on its way
        route.fulfill(response=answer)

    page.route(ASKED, slowly)
    rest(floor, noi, "meal")
    seen_within(page, noi, "Break · Meal")
    assert abs(age_shown(page, noi) - age(floor, noi)) < 2
    assert off(floor, page.locator("#clock").inner_text()) < 2
    page.unroute_all(behavior="wait")


def measured(page: Page) -> tuple[int, int, int]:
    """Nodes, listeners and bytes of the page after its waste was collected."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("Performance.enable")
    for _ in range(3):
        cdp.send("HeapProfiler.collectGarbage")
    found = {each["name"]: each["value"] for each in cdp.send("Performance.getMetrics")["metrics"]}
    cdp.detach()
    return int(found["Nodes"]), int(found["JSEventListeners"]), int(found["JSHeapUsedSize"])


@pytest.mark.timeout(300)
def test_left_on_for_a_week_it_neither_leaks_nor_drifts(
    hotline: Hotline, open_page: Open, floor, noi
) -> None:
    """The page's clock is driven through a week in steps, while the world goes on as ever: whatever
    it shows of the hotline's time it has from the server. Each step cuts and resumes its stream.
    """
    page = open_page("supervisor", "/wallboard", language="en")
    # the machine at the wall has a clock that is wrong
    page.clock.install(time=datetime(2031, 2, 3, tzinfo=UTC))
    page.reload()
    connected(page)
    early = (0, 0, 0)
    for step in range(7 * 8):
        rest(floor, noi, "meal" if step % 2 else "rest")
        seen_within(page, noi, "Break · Meal" if step % 2 else "Break · Short break")
        page.clock.fast_forward(3 * 3600 * 1000)
        page.clock.run_for(2000)
        if step == 8:
            early = measured(page)
    connected(page)
    late = measured(page)
    assert late[0] <= early[0] * 1.05 + 20, (early, late)
    assert late[1] <= early[1] * 1.05 + 5, (early, late)
    assert late[2] <= early[2] + 1_000_000, (early, late)
    rest(floor, noi, "rest")
    seen_within(page, noi, "Break · Short break")
    assert abs(age_shown(page, noi) - age(floor, noi)) < 3
    assert off(floor, page.locator("#clock").inner_text()) < 4
