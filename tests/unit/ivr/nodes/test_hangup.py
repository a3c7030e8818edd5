"""`kind: hangup`: the end.

| field    | default | meaning           |
| -------- | ------- | ----------------- |
| `prompt` | none    | said before       |
"""

from ivr.nodes.base import HangUp, Speak
from ivr.steps import begin
from tests.unit.ivr.worlds import around


def test_it_says_goodbye_and_ends() -> None:
    assert begin(around({"kind": "hangup", "prompt": "bye"})).verbs == (
        Speak("bye", "th"),
        HangUp(),
    )


def test_it_may_end_without_a_word() -> None:
    assert begin(around({"kind": "hangup"})).verbs == (HangUp(),)
