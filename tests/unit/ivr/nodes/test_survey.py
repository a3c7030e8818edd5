"""`kind: survey`: after the conversation, one key says how it was.

| field     | default  | meaning                              |
| --------- | -------- | ------------------------------------ |
| `prompt`  | required | the question                         |
| `marks`   | required | key → mark; the larger is the better |
| `thanks`  | required | said to who answers                  |
| `timeout` | 6        | seconds                              |
"""

import pytest

from ivr.nodes.base import HangUp, Position, Rated
from ivr.steps import Given, advance, begin
from tests.unit.ivr.worlds import around, told

FLOW = around({"kind": "survey", "prompt": "how", "marks": {1: 1, 2: 5}, "thanks": "thanks"})
HERE = Position("here", "en")


def test_it_asks() -> None:
    assert told(begin(FLOW)) == ["how/th"]


@pytest.mark.parametrize(("key", "mark"), [("1", 1), ("2", 5)])
def test_a_mark_is_kept_and_thanked_for(key: str, mark: int) -> None:
    step = advance(FLOW, HERE, Given(key))
    assert (told(step), step.acts, step.verbs[-1]) == (["thanks/en"], (Rated(mark),), HangUp())


def test_a_slip_is_asked_about_once() -> None:
    once = advance(FLOW, HERE, Given("0"))
    assert told(once) == ["wrong_key/en", "how/en"]
    assert told(advance(FLOW, once.position, Given("9"))) == ["goodbye/en"]


def test_nobody_has_to_answer() -> None:
    step = advance(FLOW, HERE, Given())
    assert (told(step), step.verbs[-1]) == (["goodbye/en"], HangUp())
