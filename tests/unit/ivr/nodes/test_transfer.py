"""`kind: transfer`: put through to a number outside, and back when nobody answers there.

| field       | default  | meaning                                             |
| ----------- | -------- | --------------------------------------------------- |
| `number`    | required | the number                                          |
| `prompt`    | none     | said before                                         |
| `failed`    | required | where a caller comes back whom nobody answered      |
| `busy`      | none     | … when it was busy; none: as `failed`               |
| `no_answer` | none     | … when nobody picked up; none: as `failed`          |
| `timeout`   | 30       | seconds that it rings                               |
"""

import pytest

from ivr.nodes.base import Dial, HangUp, Position, Speak
from ivr.steps import Given, advance, begin
from tests.unit.ivr.worlds import around, told

NODE = {"kind": "transfer", "number": "+6638253260", "prompt": "through", "failed": "agent"}
FLOW = around(NODE)
HERE = Position("here", "en", n=2)


def test_it_is_said_and_dialled() -> None:
    assert begin(FLOW).verbs == (Speak("through", "th"), Dial("+6638253260", 30))


@pytest.mark.parametrize("result", ["completed", "answered"])
def test_who_has_spoken_there_is_thanked(result: str) -> None:
    assert advance(FLOW, HERE, Given(dial=result)).verbs == (Speak("goodbye", "en"), HangUp())


@pytest.mark.parametrize("result", ["busy", "no-answer", "failed", "canceled", "", "strange"])
def test_who_has_not_comes_back(result: str) -> None:
    step = advance(FLOW, HERE, Given(dial=result))
    assert told(step) == ["transfer_failed/en", "to_agent/en"]
    assert step.queue == "information"


@pytest.mark.parametrize(
    ("result", "node"), [("busy", "message"), ("no-answer", "end"), ("failed", "agent")]
)
def test_each_failure_may_lead_elsewhere(result: str, node: str) -> None:
    split = around({**NODE, "busy": "message", "no_answer": "end"})
    assert advance(split, HERE, Given(dial=result)).position.node == node
