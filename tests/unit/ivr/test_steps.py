"""Steps: what each input does at each place, and what no input can do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.flow import LanguageChoice, Menu
from ivr.steps import (
    Dial,
    Enqueue,
    Given,
    HangUp,
    Listen,
    Position,
    Speak,
    Step,
    advance,
    begin,
)
from tests.unit.ivr.test_flow import flow

FLOW = flow()
MAIN = Position("main", "en", 0, 2)


def spoken(step: Step) -> list[str]:
    said: list[str] = []
    for verb in step.verbs:
        if isinstance(verb, Speak):
            said.append(f"{verb.prompt}/{verb.language}")
        elif isinstance(verb, Listen):
            said.extend(f"{each.prompt}/{each.language}" for each in verb.speaks)
    return said


def test_a_call_begins_with_the_choice_of_language_in_every_language() -> None:
    step = begin(FLOW)
    assert step.position == Position("welcome", "th", 0, 1)
    assert spoken(step) == ["hello/th", "hello/en"]
    assert step.heard == "start"


def test_a_known_language_is_kept() -> None:
    assert begin(FLOW, "en").position.language == "en"


def test_a_language_is_chosen() -> None:
    step = advance(FLOW, Position("welcome", "th", 0, 1), Given("2"))
    assert (step.heard, step.position, spoken(step)) == (
        "key",
        Position("main", "en", 0, 2),
        ["menu/en"],
    )


def test_an_emergency_waits_for_no_language() -> None:
    step = advance(FLOW, Position("welcome", "th", 0, 1), Given("9"))
    assert step.verbs == (Dial("191", 30),)


def test_who_chooses_no_language_gets_the_default() -> None:
    first = advance(FLOW, Position("welcome", "th", 0, 1), Given())
    assert (first.position, spoken(first)) == (
        Position("welcome", "th", 1, 2),
        ["hello/th", "hello/en"],
    )
    second = advance(FLOW, first.position, Given("7"))
    assert (second.heard, second.position.node) == ("wrong", "main")


def test_a_wrong_key_for_a_language_is_told_in_the_one_that_speaks() -> None:
    step = advance(FLOW, Position("welcome", "th", 0, 1), Given("7"))
    assert (step.heard, step.position) == ("wrong", Position("welcome", "th", 1, 2))
    assert spoken(step) == ["wrong_key/th", "hello/th", "hello/en"]


@pytest.mark.parametrize(("digits", "heard"), [("", "silence"), ("8", "wrong"), ("12", "wrong")])
def test_wrong_keys_and_silence_are_told_and_then_led_to_a_person(digits: str, heard: str) -> None:
    told = "silence" if heard == "silence" else "wrong_key"
    position = MAIN
    for attempt in (1, 2):
        step = advance(FLOW, position, Given(digits))
        assert (step.heard, spoken(step)) == (heard, [f"{told}/en", "menu/en"])
        assert step.position == Position("main", "en", attempt, 2 + attempt)
        position = step.position
    step = advance(FLOW, position, Given(digits))
    assert (spoken(step), step.verbs[-1]) == (["let_us_help/en"], Enqueue("information"))
    assert step.entered is FLOW.nodes["agent"]


def test_something_said_leads_on_in_the_same_answer() -> None:
    step = advance(FLOW, MAIN, Given("1"))
    assert (spoken(step), step.position) == (["news/en", "menu/en"], Position("main", "en", 0, 3))


@pytest.mark.parametrize(
    ("dial", "verbs"),
    [
        ("completed", (Speak("goodbye", "en"), HangUp())),
        ("answered", (Speak("goodbye", "en"), HangUp())),
        ("busy", (Speak("transfer_failed", "en"), Enqueue("information"))),
        ("no-answer", (Speak("transfer_failed", "en"), Enqueue("information"))),
        ("failed", (Speak("transfer_failed", "en"), Enqueue("information"))),
        ("canceled", (Speak("transfer_failed", "en"), Enqueue("information"))),
        ("", (Speak("transfer_failed", "en"), Enqueue("information"))),
    ],
)
def test_a_transfer_that_fails_comes_back_to_our_own_people(
    dial: str, verbs: tuple[object, ...]
) -> None:
    assert advance(FLOW, Position("police", "en", 0, 3), Given(dial=dial)).verbs == verbs


def test_the_end_says_goodbye() -> None:
    assert advance(FLOW, MAIN, Given("3")).verbs == (Speak("bye", "en"), HangUp())


def test_a_node_or_language_that_is_gone_begins_the_flow_again() -> None:
    assert advance(FLOW, Position("gone", "en", 2, 7), Given("1")).position == Position(
        "welcome", "en", 0, 8
    )
    assert advance(FLOW, Position("main", "zh", 0, 2), Given("1")).position.language == "th"


places = st.builds(
    Position,
    st.sampled_from([*FLOW.nodes, "gone"]),
    st.sampled_from(["th", "en", "zh"]),
    st.integers(0, 9),
    st.integers(0, 99),
)
inputs = st.builds(
    Given,
    st.text("0123456789*#", max_size=3),
    st.sampled_from(["", "completed", "busy", "no-answer", "strange"]),
)


@given(places, inputs)
def test_any_input_anywhere_leads_on(position: Position, what: Given) -> None:
    """No input makes an error or a silence: something is heard, and then input or people follow."""
    step = advance(FLOW, position, what)
    assert step.verbs
    assert step == advance(FLOW, position, what)
    assert step.position.n == position.n + 1
    assert step.position.node in FLOW.nodes
    assert isinstance(step.verbs[-1], Listen | Enqueue | Dial | HangUp)
    assert (step.entered is not None) == isinstance(step.verbs[-1], Enqueue)


@given(places, st.lists(st.sampled_from(["", "7", "#"]), min_size=20, max_size=20))
def test_who_never_presses_a_right_key_soon_reaches_a_person(
    position: Position, keys: list[str]
) -> None:
    for key in keys:
        step = advance(FLOW, position, Given(key))
        position = step.position
        if step.entered:
            return
        if isinstance(step.verbs[-1], HangUp):
            return  # only where the flow itself says goodbye
    raise AssertionError("still in the menu")


def test_every_key_of_every_node_is_walked() -> None:
    """Each edge of the flow lands on the node that it names, or beyond what that one says."""
    for name, node in FLOW.nodes.items():
        if isinstance(node, Menu):
            for key, to in node.keys.items():
                step = advance(FLOW, Position(name, "th", 0, 1), Given(key))
                assert step.position.node in {to, "main"}
        if isinstance(node, LanguageChoice):
            for key, language in node.keys.items():
                step = advance(FLOW, Position(name, "th", 0, 1), Given(key))
                assert (step.position.node, step.position.language) == (node.next, language)
