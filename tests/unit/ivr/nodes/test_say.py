"""`kind: say`: something is said, then the call goes on.

| field    | default  | meaning                |
| -------- | -------- | ---------------------- |
| `prompt` | required | what is said           |
| `next`   | required | where the call goes on |
"""

from ivr.steps import begin
from tests.unit.ivr.worlds import around, told


def test_it_is_said_in_the_question_that_follows_so_that_a_key_stops_it() -> None:
    step = begin(around({"kind": "say", "prompt": "news", "next": "menu"}))
    assert (told(step), len(step.verbs)) == (["news/th", "menu/th"], 1)


def test_before_a_queue_it_is_said_to_the_end() -> None:
    step = begin(around({"kind": "say", "prompt": "news", "next": "agent"}))
    assert (told(step), step.queue) == (["news/th", "to_agent/th"], "information")
