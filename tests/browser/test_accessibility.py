"""The pages held to WCAG 2.2 AA by axe-core, as far as a machine can see: each state of the desk,
and the pages that people work in, in both languages, light and dark.
"""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Hotline, Open, new_number
from tests.browser.test_desk import (
    ask,
    expect_state,
    finish_as,
    look_at_offer,
    press_ready,
    talk,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
#: Of these, the rules that look at colours: all else is the same in either theme.
COLOURS = ["color-contrast", "link-in-text-block"]
LANGUAGES = ["th", "en"]
#: A frame's shades are a picture, on which axe cannot tell a contrast: they lie beside the words.
PLAIN = """theme => {
  document.documentElement.dataset.theme = theme;
  for (const frame of document.querySelectorAll(".scroll, header.site nav")) {
    frame.style.background = "var(--under)";
  }
}"""
#: What it cannot decide about a contrast counts as wrong too, but for single letters and signs;
#: and for the letters of a chart, of which it never knows what is behind them: test_charts asks
#: whether they have the page's own colours.
RUN = """async (only) => {
  const found = await axe.run(document, { runOnly: only });
  const told = (rule, node, why) => [rule.id, ...node.target, why].join(" | ");
  const drawn = (selector) => document.querySelector(selector)?.closest(".drawn svg");
  const unsure = found.incomplete.filter((rule) => rule.id === "color-contrast");
  return [
    ...found.violations.flatMap((rule) => rule.nodes.map(
      (node) => told(rule, node, node.failureSummary.replace(/[ \\n]+/g, " ")))),
    ...unsure.flatMap((rule) => rule.nodes
      .map((node) => [node, node.any[0]?.data?.messageKey])
      .filter(([, why]) => !["shortTextContent", "nonBmp"].includes(why))
      .filter(([node]) => !drawn(node.target[0]))
      .map(([node, why]) => told(rule, node, why))),
  ];
}"""


def faults(page: Page) -> list[str]:
    """What is wrong with the page as it is now, in either theme, each with where."""
    assert AXE.is_file(), "axe-core is not there: npm ci"
    if not page.evaluate("'axe' in globalThis"):
        # evaluated and not put into the page, which allows no script but its own
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found = []
    for theme, only in (
        ("light", {"type": "tag", "values": TAGS}),
        ("dark", {"type": "rule", "values": COLOURS}),
    ):
        page.evaluate(PLAIN, theme)
        found += [f"{theme}: {each}" for each in page.evaluate(RUN, only)]
    return found


def test_the_check_can_see(hotline: Hotline, open_page: Open) -> None:
    page = open_page("supervisor", "/citizens", language="en")
    assert faults(page) == []
    page.evaluate(
        """() => {
          const main = document.querySelector("main");
          main.append(document.createElement("input"));
          const pale = document.createElement("p");
          pale.textContent = "hardly to be read";
          pale.style.color = "color-mix(in oklab, var(--ink) 30%, var(--paper))";
          main.append(pale);
        }"""
    )
    rules = [each.split(" | ")[0] for each in faults(page)]
    assert sorted(rules) == ["dark: color-contrast", "light: color-contrast", "light: label"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_state_of_the_desk(hotline: Hotline, open_page: Open, language: str) -> None:
    page = open_page("agent1", "/desk", language=language)
    press_ready(page)
    expect(page.locator(".waiting-board")).to_be_visible()
    assert faults(page) == [], "idle"
    hotline.ring("1", "1")
    look_at_offer(page)
    expect(page.locator(".tickets-near-caller")).to_be_visible()
    assert faults(page) == [], "ringing"
    page.keyboard.press("Enter")
    expect(page.locator("button[data-key=F9]")).to_be_visible()
    expect(page.locator(".answers input[type=search]")).to_be_visible()
    page.locator("[name=who]").fill("Anna")
    expect(page.locator(".saved")).to_be_visible()
    assert faults(page) == [], "talking"
    page.keyboard.press("F9")
    finish_as(page, "2")
    expect(page.locator(".send-problem")).to_be_visible()
    assert faults(page) == [], "wrap-up, with a problem"
    finish_as(page, "1")
    expect_state(page, "idle")
    expect(page.locator("[id^=finished-] .ticket-of-call")).to_be_visible()
    page.keyboard.press("?")
    assert faults(page) == [], "after a call, with the keys shown"
    page.keyboard.press("Escape")


def test_answers_and_a_caller_who_is_known(hotline: Hotline, open_page: Open) -> None:
    page = open_page("agent1", "/desk", language="en")
    press_ready(page)
    number = new_number()
    for known in (False, True):
        talk(hotline, page, "1", "1", number=number)
        if known:
            expect(page.locator("button[data-fill=who]")).to_be_visible()
            page.locator(".persons-of-caller summary").click()
            assert faults(page) == [], "a person's note"
            ask(page, "ของหาย")
            assert faults(page) == [], "answers found"
            page.keyboard.press("Enter")
            expect(page.locator(".answer-card")).to_be_focused()
            assert faults(page) == [], "an answer"
            page.keyboard.press("Enter")
            expect(page.locator(".answer-card")).to_have_count(0)
        page.locator("[name=who]").fill("Anna")
        page.keyboard.press("F9")
        finish_as(page, "1")
        expect_state(page, "idle")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("username", "path"),
    [
        ("agent2", "/callbacks"),
        ("supervisor", "/wallboard"),
        ("supervisor", "/floor"),
        ("supervisor", "/answers"),
        ("supervisor", "/answers/new"),
        ("supervisor", "/citizens"),
        ("supervisor", "/tickets"),
    ],
)
def test_a_page(hotline: Hotline, open_page: Open, username: str, path: str, language: str) -> None:
    page = open_page(username, path, language=language)
    page.wait_for_load_state("networkidle" if path not in ("/wallboard", "/floor") else "load")
    if path == "/wallboard":
        expect(page.locator(".grid .person").first).to_be_visible()
        expect(page.locator("#queues")).to_be_visible()
    assert faults(page) == []
    page.set_viewport_size(PHONE)
    assert faults(page) == [], "on a phone"


#: Whatever the page shows meanwhile, with every limit broken, or nearly.
ALARMED = """mark => {
  const show = () => document.querySelectorAll(mark).forEach((each) => { each.hidden = false; });
  const main = document.querySelector("main");
  new MutationObserver(show).observe(main, { childList: true, subtree: true });
  show();
}"""


@pytest.mark.parametrize("mark", [".alarm", ".warning"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_wallboard_with_every_limit_broken(
    hotline: Hotline, open_page: Open, language: str, mark: str
) -> None:
    page = open_page("supervisor", "/wallboard", language=language)
    expect(page.locator("#queues")).to_be_visible()
    page.evaluate(ALARMED, mark)
    assert page.locator(mark).first.is_visible()
    assert faults(page) == []
    page.set_viewport_size(PHONE)
    assert faults(page) == [], "on a phone"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sign_in(hotline: Hotline, open_page: Open, language: str) -> None:
    page = open_page("nobody", "/sign-in", language=language)
    assert faults(page) == []
    page.fill("[name=username]", "nobody")
    page.fill("[name=password]", "wrong-password")
    page.click("main button")
    expect(page.locator("[role=alert]")).to_be_visible()
    assert faults(page) == [], "refused"
