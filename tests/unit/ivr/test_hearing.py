"""Who heard a bulletin and whom it answered: one call per line of the rule."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ivr.events import Kind
from ivr.hearing import Counts, Told, counted, hearings, seconds_of

START = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
ARRIVED = (0, "arrived", {"at": "language"})
TO_MENU = (3, "step", {"at": "language", "digits": "1", "heard": "key", "to": "main"})
SPOKEN = (3, "bulletin", {"bulletins": [7], "at": "news"})
ENDED = (20, "ended", {"status": "completed"})

Line = tuple[int, str, Mapping[str, Any]]


def step(at: int, digits: str, to: str = "main", **more: Any) -> Line:
    return (at, "step", {"at": "main", "digits": digits, "heard": "key", "to": to, **more})


def told(*lines: Line) -> dict[int, bool]:
    events: list[Told] = [(START + timedelta(seconds=at), kind, data) for at, kind, data in lines]
    return hearings(events, heard_after=timedelta(seconds=4), goodbyes={"goodbye"})


def test_who_listens_and_hangs_up_is_satisfied() -> None:
    assert told(ARRIVED, TO_MENU, SPOKEN, ENDED) == {7: True}


@pytest.mark.parametrize(("seconds", "heard"), [(6, {}), (7, {7: True})])
def test_who_hangs_up_at_its_first_words_has_not_heard_it(
    seconds: int, heard: dict[int, bool]
) -> None:
    end = (seconds, "ended", {"status": "completed"})
    assert told(ARRIVED, TO_MENU, SPOKEN, end) == heard


@pytest.mark.parametrize(
    "line",
    [
        step(10, "#"),
        step(10, "", heard="silence"),
        step(10, "", "goodbye_menu", heard="silence"),
        (10, "bulletin", {"bulletins": [7], "at": "news"}),
    ],
)
def test_repeating_and_silence_are_no_further_step(line: Line) -> None:
    assert told(ARRIVED, TO_MENU, SPOKEN, line, ENDED) == {7: True}


@pytest.mark.parametrize(
    "line",
    [
        step(10, "2", "complaint"),
        step(10, "7", heard="wrong"),
        step(10, "#", "elsewhere"),
        step(10, "", speech="garbage"),
        step(10, "", "goodbye", heard="silence"),
        (10, "queued", {}),
        (10, "transferring", {"number": "191"}),
        (10, "fault", {}),
        (10, "refused", {"block": 1}),
        (10, "something-new", {}),
    ],
)
def test_whoever_did_anything_else_was_not(line: Line) -> None:
    assert told(ARRIVED, TO_MENU, SPOKEN, line, ENDED) == {7: False}


@pytest.mark.parametrize("kind", ["queued", "connected", "transferring"])
def test_nor_was_who_had_been_served_before_it(kind: str) -> None:
    assert told(ARRIVED, (1, kind, {}), TO_MENU, SPOKEN, ENDED) == {7: False}


@pytest.mark.parametrize("status", ["failed", "canceled", "busy"])
def test_a_call_that_broke_was_not_hung_up(status: str) -> None:
    assert told(ARRIVED, TO_MENU, SPOKEN, (20, "ended", {"status": status})) == {7: False}


def test_a_call_that_still_lives_has_heard_it_and_no_more() -> None:
    assert told(ARRIVED, TO_MENU, SPOKEN, step(10, "", heard="silence")) == {7: False}
    assert told(ARRIVED, TO_MENU, SPOKEN) == {}


def test_the_flow_that_says_goodbye_itself_satisfied_nobody_that_we_know_of() -> None:
    at_once = (3, "step", {"at": "language", "digits": "5", "heard": "key", "to": "goodbye"})
    assert told(ARRIVED, at_once, SPOKEN, ENDED) == {7: False}
    assert told((0, "arrived", {"at": "goodbye"}), (0, *SPOKEN[1:]), ENDED) == {7: False}


def test_spoken_twice_it_is_heard_once_and_its_last_time_counts() -> None:
    again = (12, "bulletin", {"bulletins": [7, 8], "at": "news"})
    assert told(ARRIVED, TO_MENU, SPOKEN, step(11, "*"), again, ENDED) == {7: True, 8: True}
    cut_off = (13, "ended", {"status": "completed"})
    assert told(ARRIVED, TO_MENU, SPOKEN, step(11, "*"), again, cut_off) == {7: False}


def test_the_numbers_of_many_calls() -> None:
    assert counted([{7: True, 8: False}, {7: False}, {}]) == {
        7: Counts(heard=2, satisfied=1),
        8: Counts(heard=1, satisfied=0),
    }


def test_every_kind_that_serves_a_caller_is_thought_of() -> None:
    """A new kind counts against a bulletin only after it; a kind that serves is to be listed."""
    served = {"queued", "connected", "transferring", "transferred", "fault"}
    served |= {"recorded", "asked_ticket", "callback"}
    for kind in Kind:
        lines = [(1, kind.value, {"at": "x", "to": "x", "bulletins": [], "status": ""})]
        satisfied = told(ARRIVED, *lines, TO_MENU, SPOKEN, ENDED)[7]
        assert satisfied is (kind.value not in served), kind


@pytest.mark.parametrize(
    ("language", "text", "low", "high"),
    [
        ("en", "Beach Road is flooded. Please take Second Road.", 3, 5),
        ("th", "น้ำท่วมถนนเลียบชายหาด โปรดใช้ถนนพัทยาสาย 2", 3, 5),
        ("zh", "海滩路积水请改走第二路", 2, 4),
        ("en", "0812345678", 4, 5),
        ("xx", "", 0, 0),
    ],
)
def test_how_long_it_takes_to_say(language: str, text: str, low: int, high: int) -> None:
    assert low <= seconds_of(text, language) <= high
