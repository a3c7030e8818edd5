"""`kind: callback`: to be called back instead of waiting.

| field      | default  | meaning                                                            |
| ---------- | -------- | ------------------------------------------------------------------ |
| `declined` | required | where somebody is led who wants none and holds no place            |
| `queue`    | required | whose people call back somebody who holds no place                 |
| `tries`    | 3        | how often each is asked                                            |
| `timeout`  | 6        | seconds                                                            |
"""

from datetime import datetime, timedelta

import pytest

from ivr.nodes.base import AskCallback, BackToPlace, HangUp, Position
from ivr.nodes.callback import next_time
from ivr.speech.spoken import Moment, Telephone
from ivr.steps import Given, Step, advance, begin
from tests.unit.ivr.worlds import BANGKOK, CALLER, NOON, OTHER, AWorld, around, told, values

FLOW = around({"kind": "callback", "queue": "information", "declined": "message"})
HERE = Position("here", "en")
WORLD = AWorld()
WITHHELD = AWorld(number="")
TEN = datetime(2026, 11, 21, 10, 0, tzinfo=BANGKOK)


def keyed(*digits: str, world: AWorld = WORLD) -> Step:
    """What follows when these are keyed, one after the other."""
    step = advance(FLOW, HERE, Given(digits[0]), world)
    for each in digits[1:]:
        step = advance(FLOW, step.position, Given(each), world)
    return step


def test_the_callers_own_number_is_offered() -> None:
    step = begin(FLOW, WORLD)
    assert (told(step), values(step)) == (
        ["callback_this_number/th"],
        {"number": Telephone(CALLER)},
    )


def test_who_withholds_it_is_asked_for_one() -> None:
    assert told(begin(FLOW, WITHHELD)) == ["callback_which_number/th"]


def test_one_key_is_enough() -> None:
    step = keyed("1")
    assert step.acts == (AskCallback(CALLER),)
    assert (told(step), step.verbs[-1]) == (["callback_promised/en"], HangUp())


def test_late_in_the_evening_the_morning_is_named() -> None:
    step = keyed("1", world=AWorld(morning=TEN))
    assert step.acts == (AskCallback(CALLER),)
    assert (told(step), values(step)) == (
        ["callback_promised_late/en"],
        {"at": Moment(TEN, NOON.date())},
    )
    hour = keyed("3", "1000", "1", world=AWorld(morning=TEN))
    assert told(hour) == ["callback_promised_at/en"], "who chose an hour is called at that hour"


def test_another_number_is_read_back_before_it_counts() -> None:
    step = keyed("2", "0898765432")
    assert (told(step), values(step)) == (["callback_number_is/en"], {"number": Telephone(OTHER)})
    assert step.acts == ()
    assert keyed("2", "0898765432", "1").acts == (AskCallback(OTHER),)
    assert told(keyed("2", "0898765432", "2")) == ["callback_which_number/en"]


def test_a_number_that_cannot_be_called_is_asked_for_again() -> None:
    assert told(keyed("2", "123")) == ["callback_bad_number/en", "callback_which_number/en"]


@pytest.mark.parametrize("first", [("3",), ("2", "0898765432", "3")])
def test_an_hour_is_read_back_before_it_counts(first: tuple[str, ...]) -> None:
    number = CALLER if first == ("3",) else OTHER
    assert told(keyed(*first)) == ["callback_which_hour/en"]
    step = keyed(*first, "1000")
    assert (told(step), values(step)) == (["callback_hour_is/en"], {"at": Moment(TEN, NOON.date())})
    agreed = keyed(*first, "1000", "1")
    assert agreed.acts == (AskCallback(number, TEN),)
    assert told(agreed) == ["callback_promised_at/en"]
    assert told(keyed(*first, "1000", "2")) == ["callback_which_hour/en"]


def test_what_is_no_hour_is_asked_for_again() -> None:
    assert told(keyed("3", "2560")) == ["callback_bad_hour/en", "callback_which_hour/en"]


@pytest.mark.parametrize(
    ("digits", "at"),
    [
        ("1000", TEN),
        ("10", TEN),
        ("1400", NOON + timedelta(hours=2)),
        ("1200", NOON + timedelta(days=1)),
        ("0001", datetime(2026, 11, 21, 0, 1, tzinfo=BANGKOK)),
        ("930", datetime(2026, 11, 21, 9, 30, tzinfo=BANGKOK)),
        ("2400", None),
        ("1260", None),
        ("12345", None),
        ("*", None),
        ("", None),
    ],
)
def test_an_hour_is_the_next_one_of_that_name(digits: str, at: datetime | None) -> None:
    assert next_time(digits, NOON) == at


@pytest.mark.parametrize("at_", [(), ("2",), ("3",), ("2", "0898765432"), ("3", "1000")])
def test_star_is_no_thank_you_at_every_question(at_: tuple[str, ...]) -> None:
    step = keyed(*at_, "*")
    assert (step.position.node, step.acts) == ("message", ())
    waiting = AWorld(holds=True)
    assert keyed(*at_, "*", world=waiting).verbs == (BackToPlace(),)


def test_silence_and_wrong_keys_end_in_the_place_that_was_kept_or_in_a_message() -> None:
    for digits, said in (("", "silence/en"), ("7", "wrong_key/en")):
        assert told(keyed(digits)) == [said, "callback_this_number/en"]
        assert keyed(digits, digits, digits).position.node == "message"
        assert keyed(digits, digits, digits, world=AWorld(holds=True)).verbs == (BackToPlace(),)


@pytest.mark.parametrize("key", ["1", "3"])
def test_a_number_that_is_withheld_cannot_be_agreed_to(key: str) -> None:
    assert advance(FLOW, HERE, Given(key), WITHHELD).acts == ()


def test_star_without_a_place_goes_back_to_the_question_before() -> None:
    came_from = Position("here", "en", n=4, trail=("menu",))
    step = advance(FLOW, came_from, Given("*"), AWorld(number="+66812345678"))
    assert (step.heard, step.position.node, step.position.trail) == ("back", "menu", ())
