"""`kind: goto`: a name of its own for a place that several ways lead to.

| field  | default  | meaning                |
| ------ | -------- | ---------------------- |
| `next` | required | where the call goes on |
"""

from ivr.steps import begin
from tests.unit.ivr.worlds import around, told


def test_it_goes_on_and_says_nothing() -> None:
    step = begin(around({"kind": "goto", "next": "menu"}))
    assert (step.position.node, told(step)) == ("menu", ["menu/th"])
