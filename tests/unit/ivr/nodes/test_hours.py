"""`kind: hours`: one way while a calendar of the city is open, another while it is closed.

| field      | default  | meaning                                                     |
| ---------- | -------- | ----------------------------------------------------------- |
| `calendar` | required | a name in `city.calendars`                                  |
| `open`     | required | where the call goes on while it is open                     |
| `closed`   | required | … and while it is closed                                    |
| `prompt`   | none     | said when it is closed; `{opens}` is when it opens next     |
"""

from ivr.speech.spoken import Moment
from ivr.steps import begin
from tests.unit.ivr.worlds import NOON, AWorld, around, told, values

NODE = {
    "kind": "hours",
    "calendar": "office",
    "open": "agent",
    "closed": "message",
    "prompt": "shut",
}
CLOSED = AWorld(closed=True)


def test_while_it_is_open_nothing_is_said_of_it() -> None:
    assert told(begin(around(NODE), AWorld())) == ["to_agent/th"]


def test_while_it_is_closed_it_is_said_when_it_opens() -> None:
    step = begin(around(NODE), CLOSED)
    assert (step.position.node, told(step)) == ("message", ["shut/th", "speak/th"])
    assert CLOSED.next_opening is not None
    assert values(step) == {"opens": Moment(CLOSED.next_opening, NOON.date())}


def test_what_never_opens_again_promises_nothing() -> None:
    step = begin(around(NODE), AWorld(closed=True, next_opening=None))
    assert told(step) == ["speak/th"]


def test_a_closed_office_may_go_unmentioned() -> None:
    assert told(begin(around({**NODE, "prompt": None}), CLOSED)) == ["speak/th"]
