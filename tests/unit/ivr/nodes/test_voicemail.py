"""`kind: voicemail`: a message, kept, and a ticket that somebody answers for.

| field     | default  | meaning                            |
| --------- | -------- | ---------------------------------- |
| `prompt`  | required | asks for it, and names the # key   |
| `thanks`  | required | said when it was left              |
| `longest` | 120      | seconds                            |
"""

from ivr.nodes.base import HangUp, Position, Record, Speak
from ivr.nodes.voicemail import RECORDED
from ivr.steps import Given, advance, begin
from tests.unit.ivr.worlds import around, told

FLOW = around({"kind": "voicemail", "prompt": "speak", "thanks": "kept", "longest": 60})
HERE = Position("here", "en")


def test_it_asks_and_records() -> None:
    assert begin(FLOW).verbs == (Speak("speak", "th"), Record(60))


def test_who_left_one_is_thanked() -> None:
    step = advance(FLOW, HERE, Given(speech=RECORDED))
    assert step.verbs == (Speak("kept", "en"), HangUp())


def test_who_said_nothing_is_asked_once_more() -> None:
    once = advance(FLOW, HERE, Given())
    assert once.verbs == (Speak("nothing_heard", "en"), Record(60))
    twice = advance(FLOW, once.position, Given())
    assert (told(twice), twice.verbs[-1]) == (["goodbye/en"], HangUp())
