"""Of which days nobody could have told a number."""

from datetime import date

import pytest

from reports.history.service import Teller
from reports.untold import Untold, is_empty

OLD = Teller("old", date(2020, 1, 1), date(2020, 6, 30), frozenset({"rated", "held", "left_queue"}))
NEWER = Teller("newer", date(2020, 5, 1), date(2020, 12, 31), frozenset({"rated", "wrapped_up"}))
BOTH = Untold(date(2021, 1, 1), (OLD, NEWER))


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (date(2020, 1, 1), date(2020, 4, 30), {"rated", "mark_sum", "held", "left_queue"}),
        # what one of two tells is told
        (date(2020, 4, 30), date(2020, 5, 1), {"rated", "mark_sum"}),
        (date(2020, 7, 1), date(2020, 7, 1), {"rated", "mark_sum", "wrapped_up"}),
        # a day of the hotline's own among them: of it everything is known
        (date(2020, 7, 1), date(2021, 1, 1), set()),
        # nobody told of it at all: that is another matter
        (date(2019, 1, 1), date(2019, 12, 31), set()),
    ],
)
def test_of_some_days(first: date, last: date, expected: set[str]) -> None:
    assert {each for each in BOTH.of(first, last) if not each.startswith(("hold", "wrap_"))} == (
        expected
    )


def test_what_was_counted_was_told() -> None:
    untold = BOTH.of(date(2020, 1, 1), date(2020, 1, 31))
    assert is_empty(untold, "left_queue", 0)
    assert not is_empty(untold, "left_queue", 3)
    assert not is_empty(untold, "abandoned", 0)


def test_a_share_of_what_nobody_told_is_empty() -> None:
    untold = BOTH.of(date(2020, 1, 1), date(2020, 1, 31))
    assert is_empty(untold, "rating_response", 0)
    assert not is_empty(untold, "abandon_rate", 0)


def test_each_exchange_with_what_it_never_tells() -> None:
    again = Teller("old", date(2021, 1, 1), date(2021, 1, 2), frozenset({"rated"}))
    assert Untold(None, (OLD, NEWER, again)).by_source() == [
        ("newer", ["wrapped_up", "rated"]),
        ("old", ["rated"]),
    ]
