"""`kind: emergency`: an emergency service; a transfer that is logged as such.

| field       | default  | meaning                                             |
| ----------- | -------- | --------------------------------------------------- |
| `number`    | required | the number                                          |
| `prompt`    | none     | said before                                         |
| `failed`    | required | our own people, before everybody else               |
| `busy`      | none     | … when it was busy; none: as `failed`               |
| `no_answer` | none     | … when nobody picked up; none: as `failed`          |
| `timeout`   | 30       | seconds that it rings                               |
"""

import pytest

from ivr.nodes.base import Dial, Position, Speak
from ivr.steps import Given, advance, begin
from tests.unit.ivr.worlds import around, told

FLOW = around({"kind": "emergency", "number": 191, "prompt": "police", "failed": "urgent"})


def test_it_is_dialled_as_an_emergency() -> None:
    assert begin(FLOW).verbs == (Speak("police", "th"), Dial("191", 30, emergency=True))


@pytest.mark.parametrize("result", ["busy", "no-answer", "failed"])
def test_who_cannot_be_put_through_reaches_our_own_people(result: str) -> None:
    step = advance(FLOW, Position("here", "en"), Given(dial=result))
    assert (told(step), step.queue) == (["transfer_failed/en"], "emergency")
