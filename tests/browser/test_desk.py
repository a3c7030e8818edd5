"""An agent's work in a real browser, against a whole hotline: by keyboard, to the end, and back."""

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import DESK, PHONE, Hotline, Open, new_number, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]


#: The panels out of which something stands.
TOO_WIDE = """[...document.querySelectorAll(".panel")]
  .filter((each) => each.scrollWidth > each.clientWidth + 1).map((each) => each.className)"""


def press_ready(page: Page) -> None:
    page.keyboard.press("r")
    expect(page.locator("#state")).to_have_attribute("data-status", "ready")


def expect_state(page: Page, state: str) -> None:
    expect(page.locator("#state")).to_have_attribute("data-state", state)


def fits(page: Page) -> None:
    """Nothing is scrolled at the desk's size, and nothing sideways on a phone."""
    assert page.evaluate("document.documentElement.scrollHeight") <= DESK["height"]
    assert page.evaluate(TOO_WIDE) == []
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.set_viewport_size(DESK)


def on_thai_keyboard(page: Page, place: str, letter: str) -> None:
    """Press the key at `place` on a keyboard that writes `letter` there."""
    page.evaluate(
        """([code, key]) => document.activeElement.dispatchEvent(
            new KeyboardEvent("keydown", { code, key, bubbles: true, cancelable: true }))""",
        [place, letter],
    )


def look_at_offer(page: Page) -> None:
    """Wait until a key counts as an answer to the offer."""
    page.wait_for_selector(".desk.quiet .panel.ring")


def talk(hotline: Hotline, page: Page, *keys: str, number: str = "") -> str:
    """Take a call by keyboard until the caller is there; returns the call's sid.

    Not by agent4 or agent6: these have a telephone in their page in the tests with sound, and who
    has once had one is not reached in a page without.
    """
    caller = hotline.ring(*keys, number=number)
    expect(page.locator("[data-key=Enter]")).to_be_focused()
    look_at_offer(page)
    page.keyboard.press("Enter")
    expect(page.locator("button[data-key=F9]")).to_be_visible()
    return caller


def finish_as(page: Page, outcome: str) -> None:
    """Leave the note, choose by digit, finish."""
    expect(page.locator("[data-key='Control+Enter']")).to_be_enabled()
    page.keyboard.press("Escape")
    page.keyboard.press(outcome)
    page.keyboard.press("Control+Enter")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("th", ["พร้อมรับสาย", "มีสายเข้า", "กำลังสนทนา", "กำลังสรุปงาน"]),
        ("en", ["Ready", "Ringing", "On a call", "Wrap-up"]),
    ],
)
def test_each_state_is_said_in_words_and_fits(
    hotline: Hotline, open_page: Open, language: str, words: list[str]
) -> None:
    page = open_page("agent1", "/desk", language=language)
    state = page.locator("#state strong")
    press_ready(page)
    expect(state).to_have_text(words[0])
    fits(page)

    hotline.ring("1", "2")
    expect(state).to_have_text(words[1])
    expect(page).to_have_title(re.compile("☎"))
    expect(page.locator(".panel.ring .who")).to_have_text("+66·····678")
    fits(page)

    page.locator("[data-key=Enter]").click()
    expect(state).to_have_text(words[2])
    expect(page).not_to_have_title(re.compile("☎"))
    expect(page.locator(".panel.call .who")).to_have_text(re.compile(r"^\+6681\d{4}678$"))
    expect(page.locator("button[data-key=F9]")).to_be_visible()
    fits(page)

    page.keyboard.press("F9")
    expect(state).to_have_text(words[3])
    finish_as(page, "2")
    expect(page.locator(".send-problem")).to_be_visible()
    fits(page)
    finish_as(page, "1")
    expect(state).to_have_text(words[0])


def test_a_whole_call_without_a_mouse(hotline: Hotline, open_page: Open) -> None:
    page = open_page("agent1", "/desk")
    press_ready(page)
    talk(hotline, page, "1", "2")
    note = page.locator("textarea[name=note]")
    expect(note).to_be_focused()
    page.keyboard.type("น้ำท่วม 12 ซอยบัวขาว r?")
    page.keyboard.press("F9")
    expect_state(page, "wrap_up")
    expect(page.locator("[data-key='Control+Enter']")).to_be_enabled()
    expect(note).to_have_value("น้ำท่วม 12 ซอยบัวขาว r?")
    expect(note).to_be_focused()

    page.keyboard.press("Escape")
    on_thai_keyboard(page, "Digit2", "/")
    expect(page.locator("[name=outcome][value=complaint]")).to_be_checked()
    page.keyboard.press("Control+Enter")
    expect(page.locator("[name=category]")).to_be_focused()
    page.locator("[name=category]").select_option("flood")
    page.keyboard.press("Control+Enter")
    expect_state(page, "idle")
    expect(page.locator("[id^=finished-]")).to_contain_text(re.compile(r"\d{3}-\d{4}"))


def test_what_is_put_right_before_the_refusal_comes_is_sent(
    hotline: Hotline, open_page: Open
) -> None:
    """Ctrl+Enter twice, and the category in between: the second is not lost on the first."""
    page = open_page("agent1", "/desk")
    press_ready(page)
    talk(hotline, page, "1", "2")
    page.keyboard.press("F9")
    expect(page.locator("[data-key='Control+Enter']")).to_be_enabled()
    page.check("[name=outcome][value=complaint]", force=True)
    held: list[Route] = []
    page.route("**/finish", lambda route: route.continue_() if held else held.append(route))
    page.keyboard.press("Control+Enter")
    wait_for(page, lambda: held, "it is on its way")
    page.locator("[name=category]").select_option("flood")
    page.keyboard.press("Control+Enter")
    held[0].continue_()
    expect_state(page, "idle")


@pytest.mark.parametrize("language", ["th", "en"])
def test_who_calls_is_told_before_anybody_says_hello(
    hotline: Hotline, open_page: Open, language: str
) -> None:
    number = new_number()
    page = open_page("agent1", "/desk", language=language)
    press_ready(page)
    hotline.ring("1", "2", number=number)
    told = page.locator(".panel.context")
    expect(told.locator(".of-caller h3")).to_be_visible()
    expect(told.locator(".tickets-near-caller")).to_be_visible()
    assert number not in page.content()
    look_at_offer(page)
    page.keyboard.press("Enter")
    expect(page.locator("button[data-key=F9]")).to_be_visible()
    expect(told.locator(".of-caller h3")).to_be_visible()
    fits(page)
    page.keyboard.press("F9")
    finish_as(page, "1")
    expect_state(page, "idle")


def test_who_it_is_is_written_once_and_known_the_next_time(
    hotline: Hotline, open_page: Open
) -> None:
    number = new_number()
    page = open_page("agent1", "/desk", language="en")
    press_ready(page)
    talk(hotline, page, "1", "1", number=number)
    expect(page.locator(".persons-of-caller")).to_contain_text("Nobody is known")
    page.keyboard.press("Escape")
    page.keyboard.press("w")
    page.keyboard.type("สมชาย ใจดี")
    expect(page.locator(".saved")).to_be_visible()
    fits(page)
    page.keyboard.press("F9")
    finish_as(page, "1")
    expect_state(page, "idle")

    hotline.ring("1", "1", number=number)
    look_at_offer(page)
    expect(page.locator(".persons-of-caller strong")).to_have_text("สมชาย ใจดี")
    expect(page.locator("button[data-fill=who]")).to_be_hidden()
    page.keyboard.press("Enter")
    page.locator("button[data-fill=who]").click()
    expect(page.locator("[name=who]")).to_have_value("สมชาย ใจดี")
    expect(page.locator("button[data-key=F9]")).to_be_visible()
    page.keyboard.press("F9")
    finish_as(page, "1")
    expect_state(page, "idle")


def ask(page: Page, question: str) -> None:
    """Search the answers from wherever one is, and wait until something is found."""
    page.keyboard.press("F3")
    expect(page.locator(".answers input[type=search]")).to_be_focused()
    page.keyboard.type(question)
    expect(page.locator("[data-answer]").first).to_have_attribute("aria-selected", "true")


def test_an_answer_is_found_and_read_without_a_mouse(hotline: Hotline, open_page: Open) -> None:
    page = open_page("agent1", "/desk", language="en")
    press_ready(page)
    talk(hotline, page, "1", "1")
    field = page.locator(".answers input[type=search]")
    expect(field).to_be_visible()
    ask(page, "ของหาย")
    first = page.locator("[data-answer]").first
    page.keyboard.press("ArrowDown")
    expect(first).to_have_attribute("aria-selected", "false")
    page.keyboard.press("ArrowUp")
    chosen = first.locator("strong").inner_text()
    page.keyboard.press("Enter")
    card = page.locator(".answer-card")
    expect(card).to_be_focused()
    # the caller speaks Thai, whatever the agent reads
    expect(card.locator("[data-in=th] h3")).to_have_text(chosen)
    card.locator("[data-say=en]").click()
    expect(card.locator("[data-in=th]")).to_be_hidden()
    fits(page)
    page.keyboard.press("Escape")  # back to what was found, then to the call
    expect(field).to_be_focused()
    expect(first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".of-caller")).to_be_visible()
    page.keyboard.press("/")
    expect(field).to_be_focused()
    page.keyboard.type("zzzz")
    expect(page.locator(".answers-found")).to_have_text(re.compile("No answer found"))
    page.keyboard.press("Escape")
    expect(field).to_have_value("")
    page.keyboard.press("F9")
    finish_as(page, "1")
    expect_state(page, "idle")


def test_an_answer_is_sent_once_and_noted_by_one_key(hotline: Hotline, open_page: Open) -> None:
    page = open_page("agent1", "/desk", language="en")
    press_ready(page)
    talk(hotline, page, "1", "1")
    note = page.locator("textarea[name=note]")
    expect(note).to_be_focused()
    page.keyboard.type("ถาม")
    expect(page.locator(".answers input[type=search]")).to_be_visible()
    ask(page, "ของหาย")
    page.keyboard.press("Enter")
    card = page.locator(".answer-card")
    expect(card).to_be_focused()
    for _ in range(3):
        page.keyboard.press("s")
    expect(page.locator(".messages li")).to_have_text(re.compile("^SMS sent"))
    words = card.locator("[data-in=th] .words").inner_text()
    expect(card).to_be_focused()
    on_thai_keyboard(page, "KeyN", "ื")
    expect(note).to_be_focused()
    expect(note).to_have_value(f"ถาม\n{words}")
    expect(card).to_have_count(0)
    expect(page.locator(".messages li")).to_have_count(1)
    expect(page.locator(".of-caller")).to_be_visible()
    page.keyboard.press("F9")
    finish_as(page, "1")
    expect_state(page, "idle")


def test_the_next_call_begins_with_an_empty_form(hotline: Hotline, open_page: Open) -> None:
    page = open_page("agent1", "/desk")
    press_ready(page)
    for _ in range(2):
        talk(hotline, page, "1", "1")
        expect(page.locator("textarea[name=note]")).to_have_value("")
        expect(page.locator("[name=outcome]:checked")).to_have_count(0)
        page.keyboard.type("ถามเวลาเปิดทำการ")
        page.keyboard.press("F9")
        expect_state(page, "wrap_up")
        finish_as(page, "1")
        expect_state(page, "idle")


def test_a_caller_who_hangs_up_leaves_the_desk_ready(hotline: Hotline, open_page: Open) -> None:
    page = open_page("agent5", "/desk")
    press_ready(page)
    caller = hotline.ring("3", "1")
    page.wait_for_selector(".panel.ring")
    hotline.hang_up(caller)
    expect_state(page, "idle")
    expect(page.locator("#state")).to_have_attribute("data-status", "ready")
    expect(page.locator(".panel.ring")).to_have_count(0)
    expect(page).not_to_have_title(re.compile("☎"))


def test_who_hangs_up_while_the_stream_is_widened_is_gone_from_the_desk(
    hotline: Hotline, open_page: Open
) -> None:
    """What comes with a call listens to more: until that stream has begun the one before tells."""
    page = open_page("agent5", "/desk", language="en")
    with page.expect_response(re.compile(r"/stream\?")):
        page.reload()
    press_ready(page)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(r"/stream\?"), hold)
    caller = hotline.ring("3", "1")
    page.wait_for_selector(".panel.ring")
    wait_for(page, lambda: held, "the wider stream is asked for")
    hotline.hang_up(caller)
    hotline.nobody_talks(within=30)
    page.wait_for_timeout(500)  # it is told by now
    for route in held:
        route.continue_()
    expect_state(page, "idle")
    expect(page.locator(".panel.ring")).to_have_count(0)


def test_of_a_call_that_is_over_nothing_is_asked(hotline: Hotline, open_page: Open) -> None:
    """What stands in the fragment of the call waits for that: it would be refused."""
    page = open_page("agent5", "/desk")
    refused: list[str] = []
    page.on("response", lambda told: refused.append(told.url) if told.status == 403 else None)
    press_ready(page)
    talk(hotline, page, "3", "2")
    expect(page.locator(".tickets-near-caller")).to_be_visible()
    page.keyboard.press("F9")
    expect_state(page, "wrap_up")
    finish_as(page, "1")
    expect(page.locator("[id^=finished-] .ticket-of-call")).to_be_visible()
    assert refused == []


def test_a_missed_call_is_seen_from_the_door(hotline: Hotline, open_page: Open) -> None:
    page = open_page("agent5", "/desk", language="en")
    press_ready(page)
    one_line = page.locator(".strip").evaluate("strip => strip.offsetHeight")
    caller = hotline.ring("3", "1")
    expect(page.locator("#state")).to_have_attribute("data-status", "missed", timeout=60_000)
    expect(page).to_have_title(re.compile("✕ Missed a call"))
    assert page.locator(".strip").evaluate("strip => strip.offsetHeight") <= one_line + 1
    hotline.hang_up(caller)
    press_ready(page)
    expect(page).not_to_have_title(re.compile("✕"))


def test_declining_is_a_break_and_one_key_leads_back(hotline: Hotline, open_page: Open) -> None:
    page = open_page("agent6", "/desk", language="en")
    press_ready(page)
    caller = hotline.ring("4", "1")
    look_at_offer(page)
    page.keyboard.press("Escape")
    expect(page.locator("#state strong")).to_have_text("Break · Declined a call")
    hotline.hang_up(caller)
    press_ready(page)


def test_a_break_while_it_rings_sends_the_caller_on(hotline: Hotline, open_page: Open) -> None:
    first = open_page("agent6", "/desk", language="en")
    press_ready(first)
    caller = hotline.ring("2", "1")
    first.wait_for_selector(".panel.ring")
    second = open_page("agent3", "/desk", language="en")
    press_ready(second)
    first.click("#status-menu summary")
    first.click("#status-menu button[value='break:meal']")
    expect(first.locator("#state strong")).to_have_text("Break · Meal")
    expect(second.locator(".panel.ring")).to_be_visible()
    hotline.hang_up(caller)
    expect_state(second, "idle")


def test_the_menu_and_the_keys_do_not_answer_a_call(hotline: Hotline, open_page: Open) -> None:
    page = open_page("agent6", "/desk", language="en")
    page.click("#status-menu summary")
    page.keyboard.press("Escape")
    expect(page.locator("#status-menu")).not_to_have_attribute("open", "")
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()
    page.keyboard.press("r")
    expect(page.locator("#state")).to_have_attribute("data-status", "signed_out")
    page.keyboard.press("Escape")
    expect(page.locator("dialog#keys")).to_be_hidden()


def test_a_cut_network_is_said_and_the_truth_comes_back(hotline: Hotline, open_page: Open) -> None:
    page = open_page("agent5", "/desk", language="en")
    press_ready(page)
    caller = talk(hotline, page, "3", "2")
    page.keyboard.type("half a sent")
    page.context.set_offline(True)
    expect(page.locator("#trouble")).to_contain_text("No connection")
    page.keyboard.press("F9")
    expect(page.locator(".send-problem")).to_contain_text("could not be sent")
    hotline.hang_up(caller)
    expect_state(page, "on_call")  # the old truth, greyed
    page.context.set_offline(False)
    expect_state(page, "wrap_up")
    expect(page.locator("#trouble")).to_be_hidden()
    expect(page.locator("textarea[name=note]")).to_have_value("half a sent")
    page.locator("textarea[name=note]").focus()
    finish_as(page, "1")
    expect_state(page, "idle")


def test_what_is_typed_outlives_a_reload(hotline: Hotline, open_page: Open) -> None:
    page = open_page("agent5", "/desk", language="en")
    press_ready(page)
    talk(hotline, page, "3", "1")
    note = page.locator("textarea[name=note]")
    page.keyboard.type("น้ำท่วม\nซอย 5")
    expect(page.locator(".saved")).to_have_text(re.compile(r"^Saved \d\d:\d\d:\d\d$"))
    fits(page)
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    page.locator("[name=category]").select_option("flood")
    note.focus()
    page.keyboard.type(", now")  # and away before the pause that saves it
    page.reload()
    expect(note).to_have_value("น้ำท่วม\nซอย 5, now")
    expect(page.locator("[name=outcome][value=complaint]")).to_be_checked()
    expect(page.locator("[name=category]")).to_have_value("flood")
    expect(note).to_be_focused()
    page.keyboard.type("!")
    expect(note).to_have_value("น้ำท่วม\nซอย 5, now!")
    page.keyboard.press("F9")
    expect_state(page, "wrap_up")
    finish_as(page, "1")
    expect_state(page, "idle")


def test_what_is_on_its_way_as_the_page_is_left_is_sent_again(
    hotline: Hotline, open_page: Open
) -> None:
    """The browser cuts off with a page what that has sent, whether or not it has arrived."""
    page = open_page("agent5", "/desk", language="en")
    press_ready(page)
    talk(hotline, page, "3", "1")
    held: list[Route] = []
    page.route("**/draft*", lambda route: route.continue_() if held else held.append(route))
    page.keyboard.type("น้ำท่วม")
    wait_for(page, lambda: held, "it is on its way")
    page.reload()
    expect(page.locator("textarea[name=note]")).to_have_value("น้ำท่วม")
    page.keyboard.press("F9")
    expect_state(page, "wrap_up")
    finish_as(page, "1")
    expect_state(page, "idle")


def test_a_fragment_moves_no_caret(hotline: Hotline, open_page: Open) -> None:
    page = open_page("agent5", "/desk", language="en")
    press_ready(page)
    talk(hotline, page, "3", "1")
    page.keyboard.type("nd")
    page.keyboard.press("Home")
    expect(page.locator(".saved")).to_be_visible()
    page.keyboard.type("e")
    expect(page.locator("textarea[name=note]")).to_have_value("end")
    page.keyboard.press("F9")
    finish_as(page, "1")
    expect_state(page, "idle")


def writing_while_it_rings(hotline: Hotline, page: Page) -> tuple[Locator, str]:
    """Somebody types in a field as a call comes, and the page's clock stands still with the last
    letter: how lately that was is what counts, and a busy machine may take a second for the next
    step. The field, and the call.
    """
    page.clock.install()
    page.reload()
    press_ready(page)
    page.evaluate("document.querySelector('.strip').append(document.createElement('textarea'))")
    field = page.locator(".strip textarea")
    field.focus()
    page.clock.pause_at(page.evaluate("Date.now() / 1000 + 5"))
    caller = hotline.ring("2", "1")

    def rings() -> bool:
        page.clock.run_for(100)
        page.keyboard.type("a")
        return page.locator(".panel.ring").count() > 0

    wait_for(page, rings, "it rings")
    page.keyboard.type("a")
    return field, caller


@pytest.mark.parametrize("key", ["Enter", "Escape"])
def test_typing_neither_answers_nor_declines(hotline: Hotline, open_page: Open, key: str) -> None:
    page = open_page("agent6", "/desk", language="en")
    field, caller = writing_while_it_rings(hotline, page)
    expect(field).to_be_focused()
    field.evaluate("field => field.remove()")  # its time was over
    page.keyboard.press(key)
    page.evaluate("document.querySelector('.ring [data-key=Enter]').focus()")
    page.keyboard.press(key)
    page.keyboard.press("Space")
    expect(page.locator(".desk.quiet")).to_have_count(0)
    page.clock.resume()
    look_at_offer(page)
    expect_state(page, "offered")
    expect(page.locator(".ring [data-key=Enter]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#state strong")).to_have_text("Break · Declined a call")
    hotline.hang_up(caller)


def test_the_focus_waits_for_who_is_writing(hotline: Hotline, open_page: Open) -> None:
    page = open_page("agent6", "/desk", language="en")
    field, caller = writing_while_it_rings(hotline, page)
    page.clock.run_for(1000)
    look_at_offer(page)
    expect(field).to_be_focused()
    page.clock.run_for(1000)
    expect(page.locator(".ring [data-key=Enter]")).to_be_focused()
    hotline.hang_up(caller)
    expect_state(page, "idle")


def test_an_outcome_that_needs_more_leads_there(hotline: Hotline, open_page: Open) -> None:
    page = open_page("agent5", "/desk", language="en")
    press_ready(page)
    talk(hotline, page, "3", "1")
    for key, name in (("2", "category"), ("3", "ticket")):
        page.keyboard.press("Escape")
        page.keyboard.press(key)
        expect(page.locator(f"[name={name}]")).to_be_focused()
    expect(page.locator("[name=ticket]")).to_have_value("")
    page.keyboard.press("F9")
    finish_as(page, "1")
    expect_state(page, "idle")


@pytest.mark.parametrize(("language", "words"), [("th", "มีสายเข้า"), ("en", "A call is ringing")])
def test_every_other_page_says_that_a_call_rings(
    hotline: Hotline, open_page: Open, language: str, words: str
) -> None:
    page = open_page("agent6", "/desk", language=language)
    press_ready(page)
    page.goto("/tickets")
    banner = page.locator("#ringing")
    expect(banner).to_be_hidden()
    caller = hotline.ring("2", "1")
    expect(banner).to_contain_text(words)
    expect(page).to_have_title(re.compile("☎"))
    hotline.hang_up(caller)
    expect(banner).to_be_hidden()
    expect(page).not_to_have_title(re.compile("☎"))
    caller = hotline.ring("2", "1")
    banner.locator("a").click()
    expect(page.locator(".panel.ring")).to_be_visible()
    assert page.locator("#ringing").count() == 0
    hotline.hang_up(caller)
    expect_state(page, "idle")


def test_a_session_that_has_ended_leads_to_the_sign_in(hotline: Hotline, open_page: Open) -> None:
    page = open_page("agent6", "/desk", language="en")
    cookies = page.context.cookies()
    page.context.clear_cookies(name="hotline_session")
    expect(page.locator("#trouble a")).to_contain_text("sign in again")
    page.click("#trouble a")
    expect(page).to_have_url(re.compile("/sign-in"))
    page.context.add_cookies(cookies)


def test_the_wallboard_follows_within_seconds(hotline: Hotline, open_page: Open) -> None:
    wall = open_page("supervisor", "/wallboard", language="en")
    page = open_page("agent6", "/desk", language="en")
    tile = wall.locator(".person", has_text="นาตาชา")
    expect(tile).to_contain_text("Signed out")
    press_ready(page)
    expect(tile).to_contain_text("Ready", timeout=4000)
    expect(wall.locator("#big-ready strong")).to_have_text("1")
    before = wall.locator("#as-of").inner_text()
    expect(wall.locator("#as-of")).not_to_have_text(before)
    wall.set_viewport_size(PHONE)
    assert wall.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
