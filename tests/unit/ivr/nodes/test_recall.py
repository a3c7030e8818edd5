"""`kind: recall`: who was promised a callback and calls again may wait on the line instead.

| field     | default  | meaning                                                       |
| --------- | -------- | ------------------------------------------------------------- |
| `prompt`  | required | names the key                                                 |
| `key`     | 1        | waits on the line, in the same place                          |
| `next`    | required | everybody else: the callback stands, and the call goes on     |
| `goto`    | {}       | key → node, at once: an emergency waits for no question       |
| `timeout` | 4        | seconds                                                       |
"""

import pytest

from ivr.nodes.base import BackToPlace, Position, TakePlace
from ivr.steps import Given, advance, begin
from tests.unit.ivr.worlds import around, told

FLOW = around({"kind": "recall", "prompt": "promised", "next": "menu", "goto": {9: "urgent"}})
HERE = Position("here", "en")


def test_it_asks() -> None:
    assert told(begin(FLOW)) == ["promised/th"]


def test_one_key_takes_the_place_on_the_line() -> None:
    step = advance(FLOW, HERE, Given("1"))
    assert (step.verbs, step.acts) == ((BackToPlace(),), (TakePlace(),))


@pytest.mark.parametrize("key", ["", "7"])
def test_for_everybody_else_the_call_goes_on(key: str) -> None:
    assert advance(FLOW, HERE, Given(key)).position.node == "menu"


def test_an_emergency_waits_for_no_question() -> None:
    assert advance(FLOW, HERE, Given("9")).queue == "emergency"


def test_0_leads_to_a_person() -> None:
    assert advance(FLOW, HERE, Given("0")).queue == "information"
