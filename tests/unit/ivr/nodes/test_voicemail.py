"""`kind: voicemail`: a message, kept, and a ticket that somebody answers for.

| field     | default  | meaning                            |
| --------- | -------- | ---------------------------------- |
| `prompt`  | required | asks for it, and names the # key   |
| `thanks`  | required | said when it was left              |
| `longest` | 120      | seconds                            |
"""

from ivr.nodes.base import HangUp, Position, Record, Speak
from ivr.nodes.voicemail import RECORDED
from ivr.speech.spoken import Digits
from ivr.steps import Given, advance, begin
from tests.unit.ivr.worlds import TICKET, AWorld, around, told, values

FLOW = around({"kind": "voicemail", "prompt": "speak", "thanks": "kept", "longest": 60})
HERE = Position("here", "en")


def test_it_asks_and_records() -> None:
    assert begin(FLOW).verbs == (Speak("speak", "th"), Record(60))


def test_who_left_one_is_thanked_and_told_the_number_of_the_ticket() -> None:
    step = advance(FLOW, HERE, Given(speech=RECORDED), AWorld(made=TICKET))
    assert told(step) == ["kept/en", "message_number/en"]
    assert values(step) == {"ticket": Digits(TICKET)}
    assert step.verbs[-1] == HangUp()
    assert advance(FLOW, HERE, Given(speech=RECORDED)).verbs == (Speak("kept", "en"), HangUp())


def test_who_said_nothing_is_asked_once_more() -> None:
    once = advance(FLOW, HERE, Given())
    assert once.verbs == (Speak("nothing_heard", "en"), Record(60))
    twice = advance(FLOW, once.position, Given())
    assert (told(twice), twice.verbs[-1]) == (["goodbye/en"], HangUp())
