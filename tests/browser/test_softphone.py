"""The desk's telephone: the carrier's own SDK in a real browser, against the hotline's exchange."""

import re
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from hotline.auth import Role
from ivr import calls, recordings, story
from tests.browser.conftest import Hotline, wait_for
from tests.browser.telephones import (
    AGENT,
    CALLER,
    REFUSED,
    UNPLUGGED,
    WATCH_DEVICES,
    WATCH_LINES,
    Browsers,
    browsers,
    closed_at_the_end,
    connected,
    desk,
    go_home,
    hears,
    ringing,
    talk,
    talking,
    until,
    watched,
    watched_desk,
    write_up,
    wrong,
)
from tests.exchange.voice_support import power, unmulaw

__all__ = ["browsers", "closed_at_the_end", "wrong"]

KINDS = ("microphone", "speaker", "ring")


def test_caller_and_agent_talk_and_f8_mutes(
    hotline: Hotline, browsers: Browsers, wrong: list[str]
) -> None:
    agent, caller = talking(browsers, hotline, wrong)
    phone = agent.locator("#softphone")
    agent.keyboard.press("F8")
    expect(phone).to_have_attribute("data-state", "muted")
    expect(phone).to_contain_text("Muted")
    hears(caller, AGENT, at_all=False)
    hears(agent, CALLER)
    agent.keyboard.press("F8")
    hears(caller, AGENT)
    agent.evaluate("devices.at(-1)._activeCall.emit('error', { code: 31000, message: 'no end' })")
    expect(phone.locator("#mute")).to_be_visible()  # the microphone is on, and can be muted
    expect(phone).to_have_attribute("data-state", re.compile("talking|poor"))
    caller.locator("#hangup").click()
    expect(phone).to_have_attribute("data-state", "ready")
    write_up(agent)


#: Key 3 is 697 and 1477 Hz; of the latter, which no microphone hears, the loudest that there was.
LISTEN_FOR_KEY = """
globalThis.loudest = 0;
setInterval(() => (loudest = Math.max(loudest, level().peaks[1477])), 20);
"""


def test_keys_are_heard_at_the_other_end_both_ways(
    hotline: Hotline, browsers: Browsers, wrong: list[str]
) -> None:
    agent, caller = talking(browsers, hotline, wrong)
    for page in (agent, caller):
        page.evaluate(LISTEN_FOR_KEY)
    agent.keyboard.press("F7")
    for presses, hears_it in ((agent, caller), (caller, agent)):
        assert hears_it.evaluate("loudest") < 0.012
        presses.keyboard.press("3")
        until(hears_it, "loudest > 0.05")
        presses.wait_for_timeout(500)  # the other end's own key is not played to it
        hears_it.evaluate("loudest = 0")
    agent.keyboard.press("Escape")
    agent.keyboard.press("F9")
    write_up(agent)


def test_what_a_held_caller_does_not_hear_is_not_in_the_recording(
    hotline: Hotline, browsers: Browsers, wrong: list[str]
) -> None:
    """The agent speaks all the time: to the caller, into the room, and to the caller again."""
    agent, caller = talking(browsers, hotline, wrong)
    state = agent.locator(".talk-state")
    expect(state).to_contain_text("Recording")
    agent.wait_for_timeout(2000)
    agent.keyboard.press("F2")
    hears(caller, AGENT, at_all=False)
    expect(state).to_contain_text("Not recorded while on hold")
    agent.wait_for_timeout(3000)
    agent.keyboard.press("F2")
    hears(caller, AGENT)
    agent.wait_for_timeout(2000)
    agent.keyboard.press("F9")
    sound = recorded(hotline, agent)
    write_up(agent)
    seconds = [power(part, AGENT) > 0.003 for part in np.array_split(sound, len(sound) // 8000)]
    told = "".join("#" if each else "." for each in seconds)
    assert re.fullmatch(r"\.*#+\.{2,}#+\.*", told), told
    silent = max(re.findall(r"(?<=#)\.+(?=#)", told), key=len)
    at = told.index(silent)
    # not only the agent's: nothing at all is there
    assert not sound[(at + 1) * 8000 : (at + len(silent) - 1) * 8000].any(), told


def recorded(hotline: Hotline, agent: Page) -> Any:
    """The sound of the conversation that this desk has just had, once it is here."""
    call_id = int((agent.locator("[id^=call-]").first.get_attribute("id") or "").split("-")[1])
    with hotline.floor() as floor:
        for _ in range(100):
            with floor.db.read() as session:
                for each in recordings.of_calls(session, [call_id]):
                    if each.file is not None:
                        file = recordings.path_of(floor, each).read_bytes()
                        return unmulaw(file[-8000 * each.seconds :])
            agent.wait_for_timeout(200)
    raise AssertionError("the recording did not come")


def test_a_desk_that_is_loaded_again_in_mid_call_comes_back_to_it(
    hotline: Hotline, browsers: Browsers, wrong: list[str]
) -> None:
    agent, caller = talking(browsers, hotline, wrong)
    agent.on("dialog", lambda dialog: dialog.accept())  # the browser asks whether to leave
    agent.reload()
    talk(agent, caller)
    expect(agent.locator("#state")).to_have_attribute("data-state", "on_call")
    expect(agent.locator("#cut-off")).to_have_count(0)
    agent.keyboard.press("F9")
    expect(agent.locator("#softphone")).to_have_attribute("data-state", "ready")
    write_up(agent)


def test_a_browser_that_crashed_and_is_opened_again_comes_back_to_the_call(
    hotline: Hotline, browsers: Browsers, wrong: list[str]
) -> None:
    agent, caller = talking(browsers, hotline, wrong)
    # another window of the same agent, without a telephone: what the desk says meanwhile
    onlooker = desk(browsers(), hotline, wrong)
    agent.context.browser.close()  # type: ignore[union-attr]
    expect(onlooker.locator("#cut-off")).to_contain_text("connecting again")
    hears(caller, AGENT, at_all=False)
    again = desk(browsers(AGENT), hotline, wrong)
    talk(again, caller)
    expect(onlooker.locator("#cut-off")).to_have_count(0)
    again.keyboard.press("F9")
    write_up(again)


@pytest.mark.parametrize("missing", ["**/twilio.min.js", "**/voice/local.js"])
def test_a_telephone_that_cannot_start_says_so(
    hotline: Hotline, browsers: Browsers, wrong: list[str], missing: str
) -> None:
    page = desk(browsers(AGENT), hotline, wrong)
    page.route(missing, lambda route: route.abort())
    page.reload()
    expect(page.locator("#softphone")).to_have_attribute("data-state", "off")
    expect(page.locator("#softphone")).to_contain_text("could not start")


def test_a_token_that_is_not_had_at_once_is_asked_for_again(
    hotline: Hotline, browsers: Browsers, wrong: list[str]
) -> None:
    page = desk(browsers(AGENT), hotline, wrong)
    phone = page.locator("#softphone")
    page.route("**/api/softphone", lambda route: route.abort())
    page.reload()
    expect(phone).to_have_attribute("data-state", "away")
    expect(phone).to_contain_text("not reached")
    page.unroute("**/api/softphone")
    expect(phone).to_have_attribute("data-state", "ready")


def test_a_token_that_is_over_is_exchanged_and_ready_means_ready(
    hotline: Hotline, browsers: Browsers, wrong: list[str]
) -> None:
    """The carrier refuses the token: not ready until there is another one."""
    page = watched_desk(browsers(AGENT), hotline, wrong)
    phone = page.locator("#softphone")
    expect(phone).to_have_attribute("data-state", "ready")
    page.route("**/api/softphone", lambda route: route.abort())
    page.evaluate("devices.at(-1).emit('error', { code: 20104, message: 'expired' })")
    expect(phone).to_have_attribute("data-state", "away")
    page.wait_for_timeout(1500)
    expect(phone).to_have_attribute("data-state", "away")
    page.unroute("**/api/softphone")
    expect(phone).to_have_attribute("data-state", "ready")
    assert page.evaluate("devices.length") == 1


def test_the_end_of_a_token_is_seen_before_it_comes(
    hotline: Hotline, browsers: Browsers, wrong: list[str]
) -> None:
    page = watched_desk(browsers(AGENT), hotline, wrong)
    expect(page.locator("#softphone")).to_have_attribute("data-state", "ready")
    old = page.evaluate("devices.at(-1).token")
    page.wait_for_timeout(1100)  # a token of the same second is the same
    page.evaluate("devices.at(-1).emit('tokenWillExpire')")
    until(page, "old => devices.at(-1).token !== old", old)
    expect(page.locator("#softphone")).to_have_attribute("data-state", "ready")


def test_a_desk_without_a_microphone_says_so(
    hotline: Hotline, browsers: Browsers, wrong: list[str]
) -> None:
    registers(browsers, hotline, wrong, "agent6")
    page = desk(browsers(), hotline, wrong)
    expect(page.locator("#softphone")).to_have_attribute("data-state", "none")
    expect(page.locator("#softphone")).to_contain_text("no microphone")


def test_a_microphone_that_is_refused_is_said_and_tried_again_once_it_is_allowed(
    hotline: Hotline, browsers: Browsers, wrong: list[str]
) -> None:
    registers(browsers, hotline, wrong, "agent6")
    page = desk(browsers(REFUSED), hotline, wrong)
    phone = page.locator("#softphone")
    expect(phone).to_have_attribute("data-state", "refused")
    expect(phone).to_contain_text("does not allow the microphone")
    page.context.grant_permissions(["microphone"])
    expect(phone).to_have_attribute("data-state", "ready")
    page.context.clear_permissions()


def registers(browsers: Browsers, hotline: Hotline, wrong: list[str], username: str) -> None:
    """From now on nobody stands in for this agent: the exchange knows their browser telephone."""
    page = desk(browsers(AGENT), hotline, wrong, username)
    expect(page.locator("#softphone")).to_have_attribute("data-state", "ready")
    page.context.close()


def with_a_plug(page: Page) -> Page:
    """A desk whose microphone can be pulled out and plugged in (`PLUG`)."""
    page.add_init_script(f"{UNPLUGGED} unplugged = false;")
    page.reload()
    return page


PLUG = "to => { unplugged = !to; navigator.mediaDevices.dispatchEvent(new Event('devicechange')) }"


def test_no_call_is_offered_to_who_has_no_microphone_and_the_next_once_there_is_one(
    hotline: Hotline, browsers: Browsers, wrong: list[str]
) -> None:
    username = hotline.employ("wei", Role.AGENT)
    page = with_a_plug(desk(browsers(AGENT), hotline, wrong, username))
    state, phone = page.locator("#state"), page.locator("#softphone")
    expect(phone).to_have_attribute("data-state", "ready")
    page.keyboard.press("r")
    expect(state).to_have_attribute("data-status", "ready")

    page.evaluate(PLUG, False)  # pulled out
    expect(state).to_have_attribute("data-trouble", "none")
    expect(state).to_contain_text("Cannot answer · no microphone")
    expect(page.locator("#hint")).to_contain_text("Calls go to others")
    watching = desk(browsers(AGENT), hotline, wrong, "supervisor")
    watching.goto("/floor")
    row = watching.locator(".floor-row.unreachable", has_text=username)
    expect(row).to_contain_text("no microphone")
    page.reload()  # it is back, and taken back; and out once more
    expect(state).to_have_attribute("data-trouble", "")
    page.evaluate(PLUG, False)
    expect(state).to_have_attribute("data-trouble", "none")

    caller = hotline.ring("3", "1")
    expect(watching.locator("#floor-waiting .floor-row")).to_have_count(1)
    assert "offered" not in heard_of(hotline, caller)
    expect(state).to_have_attribute("data-state", "idle")

    page.evaluate(PLUG, True)
    expect(state).to_have_attribute("data-state", "offered")
    page.locator(".ring button.main").click()
    expect(page.locator("button[data-key=F9]")).to_be_visible()
    expect(phone).to_have_attribute("data-state", re.compile("talking|poor"))
    hotline.hang_up(caller)
    write_up(page)


def heard_of(hotline: Hotline, sid: str) -> list[str]:
    """What has happened to a call, by the words of its story."""
    with hotline.floor() as floor, floor.db.read() as session:
        found = calls.find(session, sid)
        assert found is not None
        return [event.kind.value for event in story.events_of(session, found)]


def test_a_microphone_that_goes_while_it_rings_leaves_the_call_to_others(
    hotline: Hotline, browsers: Browsers, wrong: list[str]
) -> None:
    """At once, and nobody has missed anything."""
    username = hotline.employ("wei", Role.AGENT)
    page = with_a_plug(desk(browsers(AGENT), hotline, wrong, username))
    state = page.locator("#state")
    expect(page.locator("#softphone")).to_have_attribute("data-state", "ready")
    page.keyboard.press("r")
    caller = hotline.ring("3", "1")
    expect(state).to_have_attribute("data-state", "offered")
    page.evaluate(PLUG, False)
    expect(state).to_have_attribute("data-state", "idle", timeout=5_000)
    expect(state).to_have_attribute("data-status", "ready")
    assert heard_of(hotline, caller)[-1] == "offer_ended"
    page.evaluate(PLUG, True)
    expect(state).to_have_attribute("data-state", "offered")
    hotline.hang_up(caller)
    expect(state).to_have_attribute("data-state", "idle")
    go_home(page)


def test_no_call_is_offered_to_who_does_not_reach_the_telephone_system(
    hotline: Hotline, browsers: Browsers, wrong: list[str]
) -> None:
    """The one that rings goes to others at once; the next comes when the line is there again."""
    username = hotline.employ("wei", Role.AGENT)
    page = watched_desk(browsers(AGENT), hotline, wrong, username)
    state, phone = page.locator("#state"), page.locator("#softphone")
    expect(phone).to_have_attribute("data-state", "ready")
    page.keyboard.press("r")
    caller = hotline.ring("3", "1")
    expect(state).to_have_attribute("data-state", "offered")
    page.evaluate("devices.at(-1).unregister()")
    expect(phone).to_have_attribute("data-state", "away")
    expect(state).to_have_attribute("data-trouble", "away", timeout=10_000)
    expect(state).to_contain_text("Cannot answer · the telephone system is not reached")
    expect(state).to_have_attribute("data-state", "idle")
    expect(state).to_have_attribute("data-status", "ready")
    page.evaluate("devices.at(-1).register()")
    expect(state).to_have_attribute("data-trouble", "")
    expect(state).to_have_attribute("data-state", "offered")
    hotline.hang_up(caller)
    expect(state).to_have_attribute("data-state", "idle")
    go_home(page)


def test_a_line_that_blinks_and_a_page_that_is_loaded_again_take_nobodys_turn(
    hotline: Hotline, browsers: Browsers, wrong: list[str]
) -> None:
    username = hotline.employ("wei", Role.AGENT)
    page = watched_desk(browsers(AGENT), hotline, wrong, username)
    phone, told = page.locator("#softphone"), []
    page.on("request", lambda asked: told.append(asked.post_data) if asked.post_data else None)
    expect(phone).to_have_attribute("data-state", "ready")
    page.keyboard.press("r")
    expect(page.locator("#state")).to_have_attribute("data-status", "ready")
    for _ in range(3):
        page.evaluate("devices.at(-1).unregister()")
        expect(phone).to_have_attribute("data-state", "away")
        page.wait_for_timeout(2500)
        page.evaluate("devices.at(-1).register()")
        expect(phone).to_have_attribute("data-state", "ready")
    page.reload()
    expect(phone).to_have_attribute("data-state", "ready")
    page.wait_for_timeout(2500)  # it looks every second
    assert [each for each in told if each.startswith('{"trouble"')] == []
    go_home(page)


def test_of_two_browsers_one_with_a_microphone_is_enough(
    hotline: Hotline, browsers: Browsers, wrong: list[str]
) -> None:
    username = hotline.employ("wei", Role.AGENT)
    works = desk(browsers(AGENT), hotline, wrong, username)
    expect(works.locator("#softphone")).to_have_attribute("data-state", "ready")
    works.keyboard.press("r")
    expect(works.locator("#state")).to_have_attribute("data-status", "ready")
    fails = desk(browsers(), hotline, wrong, username)
    expect(fails.locator("#softphone")).to_have_attribute("data-state", "none")
    until(works, "document.querySelector('#state').dataset.trouble === 'none'")
    until(works, "document.querySelector('#state').dataset.trouble === ''")
    fails.wait_for_timeout(3000)  # it looks every second, and has nothing more to say
    expect(fails.locator("#state")).to_have_attribute("data-trouble", "")
    go_home(works)


def test_where_nobody_ever_had_a_microphone_the_local_exchange_stands_in_and_the_page_says_so(
    hotline: Hotline, browsers: Browsers, wrong: list[str]
) -> None:
    """Who tries the hotline on a machine without one sees all of it, and is not left to wonder."""
    page = desk(browsers(), hotline, wrong, hotline.employ("wei", Role.AGENT))
    phone = page.locator("#softphone")
    expect(phone).to_have_attribute("data-state", "silent")
    expect(phone).to_contain_text("you hear nothing")
    page.keyboard.press("r")
    caller = hotline.ring("3", "1")
    page.locator(".ring button.main").click()
    expect(page.locator("#state")).to_have_attribute("data-state", "on_call")
    expect(page.locator("button[data-key=F9]")).to_be_visible()
    hotline.hang_up(caller)
    write_up(page)


def test_a_poor_line_is_said_until_it_is_better(
    hotline: Hotline, browsers: Browsers, wrong: list[str]
) -> None:
    """As the SDK tells it: delay and loss of its own measuring, and a microphone that is silent."""
    agent, _ = talking(browsers, hotline, wrong)
    phone = agent.locator("#softphone")
    tell = "([told, name]) => devices.at(-1)._activeCall.emit(told, name, {})"
    for name in ("high-rtt", "high-packet-loss"):
        agent.evaluate(tell, ["warning", name])
    expect(phone).to_have_attribute("data-state", "poor")
    expect(phone).to_contain_text("The line is poor")
    agent.evaluate(tell, ["warning-cleared", "high-rtt"])
    expect(phone).to_have_attribute("data-state", "poor")
    agent.evaluate(tell, ["warning-cleared", "high-packet-loss"])
    agent.evaluate(tell, ["warning", "constant-audio-input-level"])  # somebody who says nothing
    expect(phone).to_have_attribute("data-state", "talking")
    agent.keyboard.press("F9")
    write_up(agent)


def test_a_microphone_that_is_plugged_in_is_found_without_loading_anew(
    hotline: Hotline, browsers: Browsers, wrong: list[str]
) -> None:
    page = desk(browsers(AGENT), hotline, wrong)
    phone = page.locator("#softphone")
    page.add_init_script(UNPLUGGED)
    page.reload()
    expect(phone).to_have_attribute("data-state", "none")
    page.evaluate(
        "unplugged = false; navigator.mediaDevices.dispatchEvent(new Event('devicechange'))"
    )
    expect(phone).to_have_attribute("data-state", "ready")
    page.evaluate(
        "unplugged = true; navigator.mediaDevices.dispatchEvent(new Event('devicechange'))"
    )
    expect(phone).to_have_attribute("data-state", "none")


def test_of_two_tabs_one_has_the_telephone_and_the_other_when_that_is_closed(
    hotline: Hotline, browsers: Browsers, wrong: list[str]
) -> None:
    first = desk(browsers(AGENT), hotline, wrong)
    expect(first.locator("#softphone")).to_have_attribute("data-state", "ready")
    second = watched(first.context.new_page(), wrong)
    second.goto("/desk")
    phone = second.locator("#softphone")
    expect(phone).to_have_attribute("data-state", "elsewhere")
    expect(phone).to_contain_text("another tab")
    second.evaluate("navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
    second.wait_for_timeout(500)
    expect(phone).to_have_attribute("data-state", "elsewhere")
    first.close()
    expect(phone).to_have_attribute("data-state", "ready")


def test_of_two_browsers_one_has_the_call_and_the_other_says_so(
    hotline: Hotline, browsers: Browsers, wrong: list[str]
) -> None:
    other = desk(browsers(AGENT), hotline, wrong)
    expect(other.locator("#softphone")).to_have_attribute("data-state", "ready")
    agent = desk(browsers(AGENT), hotline, wrong)
    caller = connected(agent, browsers, hotline, wrong)
    talks = "['talking', 'poor'].includes(document.querySelector('#softphone').dataset.state)"
    wait_for(agent, lambda: agent.evaluate(talks) or other.evaluate(talks), "one of them talks")
    has, not_ = (agent, other) if agent.evaluate(talks) else (other, agent)
    hears(has, CALLER)
    expect(not_.locator("#softphone")).to_contain_text("another browser")
    not_.keyboard.press("F9")  # whichever one sits at
    expect(has.locator("#softphone")).to_have_attribute("data-state", "ready")
    expect(not_.locator("#softphone")).to_have_attribute("data-state", "ready")
    caller.close()
    write_up(has)


def test_a_network_cut_for_ten_seconds_hides_no_end(
    hotline: Hotline, browsers: Browsers, wrong: list[str]
) -> None:
    """The page asks in vain meanwhile, and says so; then it shows what has happened."""
    agent, caller = talking(browsers, hotline, wrong)
    agent.context.set_offline(True)
    expect(agent.locator("#trouble")).to_be_visible()
    agent.wait_for_timeout(10_000)
    expect(agent.locator("#state")).to_have_attribute("data-state", "on_call")
    agent.context.set_offline(False)
    expect(agent.locator("#trouble")).to_be_hidden()
    talk(agent, caller)  # they still hear each other, or again
    agent.context.set_offline(True)
    expect(agent.locator("#trouble")).to_be_visible()
    caller.locator("#hangup").click()
    agent.wait_for_timeout(10_000)
    agent.context.set_offline(False)
    expect(agent.locator("#state")).to_have_attribute("data-state", "wrap_up")
    expect(agent.locator("#softphone")).to_have_attribute("data-state", "ready")
    write_up(agent)


def test_a_line_to_the_carrier_that_breaks_in_mid_call_is_made_anew_and_the_two_talk_on(
    hotline: Hotline, browsers: Browsers, wrong: list[str]
) -> None:
    """What is left of a network that is cut for longer than the SDK waits for a sign of life: five
    to fifteen seconds. It keeps the call that was lost, and refuses any other as busy.
    """
    agent = desk(browsers(AGENT), hotline, wrong)
    agent.add_init_script(WATCH_DEVICES + WATCH_LINES)
    agent.reload()
    caller = connected(agent, browsers, hotline, wrong)
    talk(agent, caller)
    for _ in range(2):
        agent.evaluate("document.querySelector('#cut-off')?.remove()")
        before = agent.evaluate("devices.length")
        agent.evaluate("lines.at(-1).close()")
        until(agent, "before => devices.length > before", before)
        talk(agent, caller)
        expect(agent.locator("#cut-off")).to_have_count(0)
        expect(agent.locator("#state")).to_have_attribute("data-state", "on_call")
    agent.keyboard.press("F9")
    expect(agent.locator("#softphone")).to_have_attribute("data-state", "ready")
    write_up(agent)


def test_devices_are_chosen_with_a_level_and_remembered(
    hotline: Hotline, browsers: Browsers, wrong: list[str]
) -> None:
    page = desk(browsers(AGENT), hotline, wrong)
    expect(page.locator("#softphone")).to_have_attribute("data-state", "ready")
    page.keyboard.press("s")
    dialog = page.locator("#sound")
    expect(dialog).to_be_visible()
    until(page, "document.querySelector('#sound meter').value > 0.02")
    named = dialog.locator("select[name=microphone] option").all_inner_texts()
    assert len(named) > 1, named
    for name in ("microphone", "speaker", "ring"):
        field = dialog.locator(f"select[name={name}]")
        expect(field).to_be_enabled()
        field.select_option(index=1)
    kept = {name: dialog.locator(f"select[name={name}]").input_value() for name in KINDS}
    assert all(kept.values()), kept
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    page.reload()
    page.keyboard.press("s")
    for name, device in kept.items():
        expect(dialog.locator(f"select[name={name}]")).to_have_value(device)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_contain_text("Keypad")


#: Where the page's tones are sent to, each time.
WATCH_SINKS = """
globalThis.sinks = [];
const set = AudioContext.prototype.setSinkId;
AudioContext.prototype.setSinkId = function (sink) {
  sinks.push(sink);
  return set.call(this, sink);
};
"""


def test_it_rings_on_the_device_that_was_chosen_for_it(
    hotline: Hotline, browsers: Browsers, wrong: list[str]
) -> None:
    agent = desk(browsers(AGENT), hotline, wrong)
    agent.add_init_script(WATCH_SINKS)
    agent.reload()
    expect(agent.locator("#softphone")).to_have_attribute("data-state", "ready")
    agent.keyboard.press("s")
    field = agent.locator("#sound select[name=ring]")
    field.select_option(index=1)
    device = field.input_value()
    until(agent, "device => sinks.includes(device)", device)  # one hears which it is
    agent.keyboard.press("Escape")
    agent.evaluate("sinks.length = 0")
    caller = ringing(agent, browsers(CALLER), hotline, wrong)
    until(agent, "device => sinks.includes(device)", device)
    caller.locator("#hangup").click()
    expect(agent.locator("#state")).to_have_attribute("data-state", "idle")
    go_home(agent)


def test_a_call_is_had_on_the_chosen_devices_and_its_keypad_sends_digits(
    hotline: Hotline, browsers: Browsers, wrong: list[str]
) -> None:
    agent, caller = talking(browsers, hotline, wrong)
    agent.evaluate(
        "(call => { globalThis.sent = []; const send = call.sendDigits.bind(call);"
        "call.sendDigits = (digits) => (sent.push(digits), send(digits)); })"
        "(devices.at(-1)._activeCall)"
    )
    agent.locator("textarea[name=note]").focus()  # also while writing
    agent.keyboard.press("F7")
    keypad = agent.locator("#keypad")
    expect(keypad).to_be_visible()
    agent.keyboard.press("1")
    agent.keyboard.press("#")
    keypad.locator("[data-digit='5']").click()
    expect(keypad.locator("output")).to_have_text("1#5")
    assert agent.evaluate("sent") == ["1", "#", "5"]
    agent.keyboard.press("Escape")
    expect(keypad).not_to_be_visible()
    expect(agent.locator("input[name=outcome]:checked")).to_have_count(0)
    # another microphone in the middle of the call
    agent.locator("#show-sound").click()
    agent.locator("#sound select[name=microphone]").select_option(index=1)
    agent.keyboard.press("Escape")
    until(agent, "devices.at(-1).audio.inputDevice !== null")
    hears(caller, AGENT)
    agent.keyboard.press("F9")
    expect(agent.locator("#softphone")).to_have_attribute("data-state", "ready")
    expect(agent.locator("#show-keypad")).to_be_hidden()
    until(agent, "devices.at(-1).audio.inputDevice === null")
    write_up(agent)
