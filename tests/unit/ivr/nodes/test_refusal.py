"""`kind: refusal`: who is on the block list; the emergency services all the same.

| field       | default  | meaning                            |
| ----------- | -------- | ---------------------------------- |
| `prompt`    | required | names the key                      |
| `key`       | 9        | to the emergency services          |
| `emergency` | required | the node of the emergency services |
| `timeout`   | 5        | seconds                            |
"""

import pytest

from ivr.nodes.base import HangUp, Position, Refuse
from ivr.steps import Given, advance, begin
from tests.unit.ivr.worlds import around, told

FLOW = around({"kind": "refusal", "prompt": "sorry", "emergency": "urgent"})
HERE = Position("here", "en")


def test_it_is_said_and_kept() -> None:
    step = begin(FLOW)
    assert (told(step), step.acts) == (["sorry/th"], (Refuse(),))


def test_the_emergency_services_are_reached_all_the_same() -> None:
    assert advance(FLOW, HERE, Given("9")).queue == "emergency"


@pytest.mark.parametrize("key", ["", "1", "0", "*", "#"])
def test_nothing_else_is_and_nobody_is_cut_off_without_a_word(key: str) -> None:
    step = advance(FLOW, HERE, Given(key))
    assert (told(step), step.verbs[-1]) == (["goodbye/en"], HangUp())
