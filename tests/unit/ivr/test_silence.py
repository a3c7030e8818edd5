"""Which calls are silent, and which numbers are shown for it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.config import NuisanceRules
from ivr.silence import SilentCall, silent_call, suspects

START = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
RULES = NuisanceRules(calls=3, hours=24)
NUISANCE = frozenset({"no_matter"})
SILENCE = ("step", {"at": "main", "digits": "", "heard": "silence", "to": "main"})
ENDED = ("ended", {"status": "completed"})


def judged(*events: tuple[str, Mapping[str, Any]], at: str = "language") -> SilentCall | None:
    told = [("arrived", {"at": at}), *events, ENDED]
    return silent_call(1, "+66811111111", [(START, *each) for each in told], NUISANCE)


def call(n: int, hours: float, number: str = "+66811111111") -> SilentCall:
    return SilentCall(n, number, START + timedelta(hours=hours))


@pytest.mark.parametrize(
    "events",
    [
        (),
        (SILENCE, SILENCE),
        (("bulletin", {"bulletins": [1], "at": "news"}), SILENCE),
        (("connected", {}), ("wrapped_up", {"outcome": "no_matter"})),
        (("step", {"digits": "1"}), ("connected", {}), ("wrapped_up", {"outcome": "no_matter"})),
    ],
)
def test_silent(events: tuple[Any, ...]) -> None:
    found = judged(*events)
    assert found is not None
    assert not found.waited


def test_who_waits_in_vain_is_told_apart() -> None:
    found = judged(SILENCE, ("queued", {}), ("abandoned", {}))
    assert found is not None
    assert found.waited


@pytest.mark.parametrize(
    "events",
    [
        (("step", {"digits": "1"}),),
        (("step", {"digits": "", "speech": "hello"}),),
        (("connected", {}), ("wrapped_up", {"outcome": "information"})),
        (("connected", {}),),
        (("transferring", {}),),
        (("fault", {}),),
        (("refused", {"block": 1}),),
    ],
)
def test_not_silent(events: tuple[Any, ...]) -> None:
    assert judged(*events) is None


@pytest.mark.parametrize("came", [("queued", {}), ("turned_away", {"why": "nobody"})])
def test_who_came_to_us_and_was_answered_by_nobody_is_told_apart(came: Any) -> None:
    found = judged(came)
    assert found is not None
    assert found.waited


def test_a_call_that_the_fallback_took_tells_nothing() -> None:
    assert judged(at="") is None


def test_a_number_is_shown_from_the_configured_count_on() -> None:
    assert suspects([call(1, 0), call(2, 1)], RULES) == []
    (found,) = suspects([call(2, 1), call(3, 24), call(1, 0), call(9, 0, "+66822222222")], RULES)
    assert (found.number, found.waited) == ("+66811111111", 0)
    assert [each.id for each in found.calls] == [3, 2, 1]


def test_silent_calls_far_apart_are_no_pattern() -> None:
    assert suspects([call(1, 0), call(2, 20), call(3, 24.01)], RULES) == []


def test_the_pattern_may_lie_anywhere_and_all_its_calls_are_shown() -> None:
    calls = [call(n, 40 * n) for n in range(3)] + [call(n, 100 + n) for n in range(3, 6)]
    (found,) = suspects(calls, RULES)
    assert len(found.calls) == 6


def test_those_with_the_most_come_first() -> None:
    few = [call(n, 0, "+66822222222") for n in range(3)]
    many = [call(n, 0) for n in range(3, 7)]
    assert [len(each.calls) for each in suspects(few + many, RULES)] == [4, 3]


@given(st.lists(st.integers(0, 100)), st.integers(2, 6), st.integers(1, 48))
def test_as_the_definition_says(hours: list[int], least: int, span: int) -> None:
    rules = NuisanceRules(calls=least, hours=span)
    calls = [call(n, each) for n, each in enumerate(hours)]
    crowded = any(sum(first <= each <= first + span for each in hours) >= least for first in hours)
    assert bool(suspects(calls, rules)) is crowded
