"""`kind: bulletin`: what is on the air at this place of the flow.

| field   | default  | meaning                                                 |
| ------- | -------- | ------------------------------------------------------- |
| `title` | required | the place, as the page calls it where they are written  |
| `next`  | required | where the call goes on                                  |
"""

from ivr.nodes.base import Heard, Notice, Position
from ivr.steps import begin, enter
from tests.unit.ivr.worlds import AWorld, around, told

FLOW = around({"kind": "bulletin", "title": {"th": "ก", "en": "a"}, "next": "menu"})
FLOOD = Notice(7, (("th", "น้ำท่วม"), ("en", "Flood")))
WORKS = Notice(8, (("th", "ปิดถนน"),))
CHINESE = Notice(9, (("zh", "停水"),))


def test_nothing_on_the_air_is_not_spoken_of() -> None:
    step = begin(FLOW, AWorld())
    assert (told(step), step.acts) == (["menu/th"], ())


def test_all_of_them_are_read_before_the_question_and_it_is_kept_who_heard_them() -> None:
    step = begin(FLOW, AWorld(on_air=(FLOOD, WORKS)))
    assert told(step) == ["“น้ำท่วม”/th", "“ปิดถนน”/th", "menu/th"]
    assert step.acts == (Heard((7, 8), "here"),)


def test_each_is_read_in_the_callers_language_or_in_the_voice_of_its_own() -> None:
    step = enter(FLOW, "here", Position("", "en"), AWorld(on_air=(FLOOD, WORKS)))
    assert told(step) == ["“Flood”/en", "“ปิดถนน”/th", "menu/en"]


def test_a_language_without_a_voice_here_is_read_by_the_callers() -> None:
    assert told(begin(FLOW, AWorld(on_air=(CHINESE,)))) == ["“停水”/th", "menu/th"]
