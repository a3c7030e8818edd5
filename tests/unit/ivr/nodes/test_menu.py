"""`kind: menu`: a key, or a word where the language has words for it.

| field       | default  | meaning                                                        |
| ----------- | -------- | -------------------------------------------------------------- |
| `prompt`    | required | the question                                                   |
| `keys`      | required | key → node                                                     |
| `words`     | {}       | key → language → words that may be said instead of the key     |
| `help`      | none     | said at the second miss; none: the hotline's own               |
| `otherwise` | none     | where `tries` misses lead; none: to a person                   |
| `tries`     | 3        | how often it is asked                                          |
| `timeout`   | 5        | seconds                                                        |
"""

from typing import Any

import pytest

from ivr.nodes.base import Enqueue, Listen, Position, Speak
from ivr.steps import Given, advance, enter
from tests.unit.ivr.worlds import around, told

NODE: dict[str, Any] = {
    "kind": "menu",
    "prompt": "question",
    "keys": {1: "end", 2: "menu", 9: "urgent"},
    "words": {
        1: {"th": ["ร้องเรียน"], "en": ["complaint", "street light"]},
        2: {"th": ["สอบถาม"], "en": ["question"]},
    },
}
FLOW = around(NODE)
HERE = Position("here", "en", n=4)


def test_it_asks_and_listens_for_keys_and_for_the_words_of_the_language() -> None:
    (listen,) = enter(FLOW, "here", HERE).verbs
    words = ("complaint", "street light", "question")
    assert listen == Listen((Speak("question", "en"),), 5, hints=words)


def test_a_language_without_words_is_asked_for_keys_alone() -> None:
    silent = around({**NODE, "words": {}})
    (listen,) = enter(silent, "here", HERE).verbs
    assert listen == Listen((Speak("question", "en"),), 5)


@pytest.mark.parametrize(
    ("language", "said", "node"),
    [
        ("en", "complaint", "end"),
        ("en", "I have a Complaint!", "end"),
        ("en", "streetlight", "end"),
        ("en", "a question, please", "menu"),
        ("th", "ขอร้องเรียนครับ", "end"),
        ("th", "ขอ ร้อง เรียน", "end"),
    ],
)
def test_a_word_is_as_good_as_its_key(language: str, said: str, node: str) -> None:
    step = advance(FLOW, Position("here", language, n=4), Given(speech=said))
    assert (step.heard, step.position.node) == ("speech", node)


@pytest.mark.parametrize("said", ["complaint or question", "hello", "ร้องเรียน"])
def test_words_of_two_keys_or_of_none_or_of_another_language_are_a_miss(said: str) -> None:
    step = advance(FLOW, HERE, Given(speech=said))
    assert (step.heard, step.position.attempt) == ("wrong", 1)
    assert told(step) == ["not_understood/en", "question/en"]


def test_a_person_may_be_asked_for_in_words() -> None:
    words = {**NODE["words"], 0: {"en": ["somebody"]}}
    step = advance(around({**NODE, "words": words}), HERE, Given(speech="Somebody, please"))
    assert (step.heard, step.queue) == ("speech", "information")
    step = advance(around({**NODE, "words": words}), HERE, Given(speech="somebody for a complaint"))
    assert step.position.node == "end", "what it is about says more"


def test_a_key_counts_before_what_was_said() -> None:
    assert advance(FLOW, HERE, Given("2", speech="complaint")).position.node == "menu"


@pytest.mark.parametrize(("digits", "first"), [("", "silence/en"), ("7", "wrong_key/en")])
def test_a_miss_is_told_then_helped_then_led_to_a_person(digits: str, first: str) -> None:
    once = advance(FLOW, HERE, Given(digits))
    assert told(once) == [first, "question/en"]
    twice = advance(FLOW, once.position, Given(digits))
    assert told(twice) == ["help/en", "question/en"]
    thrice = advance(FLOW, twice.position, Given(digits))
    assert told(thrice) == ["let_us_help/en", "to_agent/en"]
    assert thrice.verbs[-1] == Enqueue("information")


def test_a_menu_may_help_in_its_own_words_and_lead_elsewhere() -> None:
    own = around({**NODE, "help": "examples", "otherwise": "message", "tries": 2})
    once = advance(own, HERE, Given())
    assert told(once) == ["silence/en", "question/en"]
    assert advance(own, once.position, Given()).position.node == "message"
    patient = around({**NODE, "help": "examples"})
    helped = advance(patient, Position("here", "en", attempt=1), Given())
    assert told(helped) == ["examples/en", "question/en"]


def test_who_has_chosen_no_language_is_asked_in_every_one() -> None:
    """An emergency waits for no choice of language, and nobody knows which one they understand."""
    choice = {
        "kind": "language",
        "prompt": "hello",
        "keys": {1: "th", 2: "en"},
        "goto": {9: "menu"},
        "default": "th",
        "next": "menu",
    }
    flow = around(choice)
    step = advance(flow, Position("here", "th", n=1), Given("9"))
    assert told(step) == ["menu/th", "menu/en"]
    assert told(advance(flow, step.position, Given("#"))) == ["menu/th", "menu/en"]
    assert told(advance(flow, Position("here", "th", n=1), Given("2"))) == ["menu/en"]
