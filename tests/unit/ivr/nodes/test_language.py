"""`kind: language`: the caller chooses a language.

| field     | default  | meaning                                                      |
| --------- | -------- | ------------------------------------------------------------ |
| `prompt`  | required | spoken in each language, one after the other                 |
| `keys`    | required | key → language                                               |
| `goto`    | {}       | key → node, at once: an emergency waits for no choice        |
| `default` | required | the language of who chooses none                             |
| `next`    | required | where the call goes on                                       |
| `known`   | none     | said to who called before, in the language of that call      |
| `dialled` | none     | said where the number that was dialled has its own language  |
| `tries`   | 2        | how often it is asked                                        |
| `timeout` | 5        | seconds                                                      |
"""

from dataclasses import replace
from typing import Any

import pytest

from ivr.nodes.base import Listen, Position, Speak
from ivr.nodes.language import GREETED
from ivr.steps import Given, advance, begin
from tests.unit.ivr.worlds import AWorld, around, node, told

NODE: dict[str, Any] = {
    "kind": "language",
    "prompt": "welcome",
    "keys": {1: "th", 2: "en"},
    "goto": {9: "urgent"},
    "default": "en",
    "next": "menu",
    "known": "back",
    "dialled": "this_line",
}
FLOW = around(NODE)
HERE = Position("here", "th", n=1)


def test_it_is_asked_in_every_language() -> None:
    step = begin(FLOW)
    assert told(step) == ["welcome/th", "welcome/en"]
    assert step.verbs[-1] == Listen(step.verbs[-1].speaks, 5)  # type: ignore[union-attr]


@pytest.mark.parametrize(("key", "language"), [("1", "th"), ("2", "en")])
def test_a_key_chooses(key: str, language: str) -> None:
    step = advance(FLOW, HERE, Given(key))
    assert (step.position.node, step.position.language) == ("menu", language)


def test_an_emergency_waits_for_no_choice() -> None:
    assert advance(FLOW, HERE, Given("9")).queue == "emergency"


def test_who_only_listens_is_not_hurried_in_one_of_the_languages() -> None:
    assert told(advance(FLOW, HERE, Given())) == ["welcome/th", "welcome/en"]


def test_a_wrong_key_is_told() -> None:
    step = advance(FLOW, HERE, Given("7"))
    assert (step.heard, told(step)) == ("wrong", ["wrong_key/th", "welcome/th", "welcome/en"])


def test_who_chooses_none_gets_the_default() -> None:
    step = advance(FLOW, Position("here", "th", attempt=1, n=2), Given())
    assert (step.position.node, step.position.language) == ("menu", "en")


@pytest.mark.parametrize(
    ("world", "said"),
    [
        (AWorld(before="en"), "back/en"),
        (AWorld(dialled="en"), "this_line/en"),
        # the number that was dialled says more about this call than the last call does
        (AWorld(dialled="en", before="th"), "this_line/en"),
    ],
)
def test_who_is_known_is_greeted_instead_of_asked(world: AWorld, said: str) -> None:
    step = begin(FLOW, world)
    assert told(step) == [said]
    assert (step.position.part, step.position.language) == (GREETED, "en")
    assert step.verbs[-1] == Listen((Speak(*said.split("/")),), 1)


KNOWN = AWorld(before="en")
GREETING = begin(FLOW, KNOWN).position


@pytest.mark.parametrize("key", ["", "2"])
def test_silence_and_the_key_of_that_language_lead_on_in_it(key: str) -> None:
    step = advance(FLOW, GREETING, Given(key), KNOWN)
    assert (told(step), step.position.node) == (["menu/en"], "menu")
    assert step.position.trail == ("here",)


def test_another_key_answers_the_question_that_would_have_come() -> None:
    asks = around({**NODE, "next": "ask"})
    nodes = {**asks.nodes, "ask": node(kind="menu", prompt="ask", keys={1: "agent", 2: "end"})}
    flow = replace(asks, nodes=nodes)
    step = advance(flow, GREETING, Given("1"), KNOWN)
    assert (step.queue, step.position.language) == ("information", "en")
    assert step.position.trail == ("here", "ask"), "and * comes back to it"
    wrong = advance(flow, GREETING, Given("7"), KNOWN)
    assert told(wrong) == ["wrong_key/en", "ask/en"]
    assert (step.heard, wrong.heard) == ("key", "wrong"), "as written into the story"
    assert wrong.position.trail == ("here",)


def test_an_emergency_waits_for_no_greeting_either() -> None:
    assert advance(FLOW, GREETING, Given("9"), KNOWN).queue == "emergency"


def test_zero_and_hash_mean_in_the_greeting_what_they_mean_everywhere() -> None:
    assert advance(FLOW, GREETING, Given("0"), KNOWN).queue == "information"
    assert told(advance(FLOW, GREETING, Given("#"), KNOWN)) == ["back/en"]


def test_star_brings_the_question_back_for_who_was_known() -> None:
    asked = ["welcome/th", "welcome/en"]
    step = advance(FLOW, GREETING, Given("*"), KNOWN)
    assert (told(step), step.heard) == (asked, "back")
    menu = advance(FLOW, GREETING, Given(), KNOWN).position
    assert told(advance(FLOW, menu, Given("*"), KNOWN)) == asked


@pytest.mark.parametrize("world", [AWorld(before="fr"), AWorld(dialled="fr")])
def test_a_language_that_is_no_longer_spoken_here_is_none(world: AWorld) -> None:
    assert begin(FLOW, world) == begin(FLOW)


def test_a_city_may_ask_each_time() -> None:
    asking = around({**NODE, "known": None, "dialled": None})
    assert begin(asking, AWorld(before="en", dialled="en")) == begin(asking)
