"""What the map of an old exchange has no word for."""

from pathlib import Path

import pytest

from reports.history import maps, told
from reports.metrics import COUNTER_NAMES

#: Of all maps.
NEVER = {
    *("held", "callbacks", "outgoing", "ended_with_bulletin", "passed_out", "rated"),
    "first_calls",
}


@pytest.mark.parametrize(
    ("name", "more"),
    [
        # a call that the menu settled never came to a queue, and so into no log of queues
        ("asterisk-queue-log", {"not_queued", "transferred", "wrapped_up"}),
        ("asterisk-cdr", {"transferred", "wrapped_up", "answered_again", "offers_missed"}),
        (
            "bank-log",
            {"transferred", "left_queue", "wrapped_up", "answered_again", "offers_missed"},
        ),
    ],
)
def test_of_the_shipped_maps(name: str, more: set[str]) -> None:
    assert told.untold(maps.load(maps.find(name))) == NEVER | more


def test_a_map_that_says_more_tells_more() -> None:
    text = Path(maps.find("bank-log")).read_text(encoding="utf-8")
    assert maps.of_text(text) == maps.load(maps.find("bank-log"))
    more = text.replace("talk: ser_time", "talk: ser_time, wrap_up: vru_time").replace(
        "is: not_queued", "is: transferred"
    )
    less = told.untold(maps.of_text(text)) - told.untold(maps.of_text(more))
    assert less == {"wrapped_up", "transferred"}


def test_every_counter_is_told_of_in_one_group_or_of_any_call() -> None:
    named = [name for group in told.GROUPS for name in told.counters([group])]
    assert len(named) == len(set(named))
    # the first calls are no counter of an interval
    assert set(named) - {"first_calls", "first_calls_resolved"} == set(COUNTER_NAMES) - {
        *("calls", "offered", "offers_made")
    }
