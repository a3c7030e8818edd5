"""`kind: queue`: the caller takes a place in a queue, told before it if they will be recorded.

| field      | default  | meaning                                                            |
| ---------- | -------- | ------------------------------------------------------------------ |
| `queue`    | required | a name in `queues`                                                 |
| `prompt`   | none     | said before the waiting begins                                     |
| `priority` | 0        | added to the queue's own                                           |
| `consent`  | none     | said once a call: that it will be recorded; none: it is not        |
| `refuse`   | 5        | the key that refuses the recording                                 |
| `timeout`  | 2        | seconds to press it                                                |
"""

import pytest

from ivr.nodes.base import Consented, Enqueue, Listen, Position, Speak
from ivr.steps import Given, advance, begin, enter
from tests.unit.ivr.worlds import around, told

PLAIN = around({"kind": "queue", "queue": "information", "prompt": "hold"})
ASKING = around({"kind": "queue", "queue": "information", "prompt": "hold", "consent": "taped"})


def test_the_place_is_taken_at_once_where_nothing_is_recorded() -> None:
    step = begin(PLAIN)
    assert step.verbs == (Speak("hold", "th"), Enqueue("information"))
    assert (step.acts, step.position.consent) == ((), "")


def test_who_will_be_recorded_is_told_first() -> None:
    step = begin(ASKING)
    assert step.verbs == (Listen((Speak("taped", "th"),), 2),)
    assert step.queue is None


@pytest.mark.parametrize(("key", "to"), [("", "given"), ("5", "refused")])
def test_one_key_refuses_and_everybody_gets_the_place(key: str, to: str) -> None:
    step = advance(ASKING, begin(ASKING).position, Given(key))
    assert (step.queue, step.acts) == ("information", (Consented(to),))
    assert (step.position.consent, told(step)) == (to, ["hold/th"])


@pytest.mark.parametrize("key", ["1", "0", "#", "*"])
def test_a_key_that_cuts_the_notice_short_is_no_consent(key: str) -> None:
    first = begin(ASKING)
    again = advance(ASKING, first.position, Given(key))
    assert (again.queue, again.verbs) == (None, first.verbs)
    step = advance(ASKING, again.position, Given(key))
    assert (step.queue, step.position.consent) == ("information", "refused")


@pytest.mark.parametrize("answer", ["given", "refused"])
def test_it_is_asked_once_a_call(answer: str) -> None:
    step = enter(ASKING, "here", Position("menu", "en", consent=answer))
    assert (step.queue, step.acts, step.position.consent) == ("information", (), answer)
