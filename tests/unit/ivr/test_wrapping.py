"""Ways to wrap up, as the configuration says them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from ivr.room.wrapping import Mode, WrapUp

NOW = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)


def test_a_number_is_the_limit() -> None:
    assert WrapUp.model_validate(90) == WrapUp(mode=Mode.TIMED, seconds=90)


@pytest.mark.parametrize(
    ("given", "due", "until"),
    [
        ({"mode": "none"}, 0, 0),
        ({"mode": "optional", "seconds": 60}, 60, 60),
        ({"mode": "timed", "seconds": 60}, 60, 60),
        ({"mode": "mandatory", "seconds": 60, "at_most": 900}, 60, 900),
    ],
)
def test_by_when(given: dict[str, Any], due: int, until: int) -> None:
    times = WrapUp.model_validate(given).from_(NOW)
    assert times.due == NOW + timedelta(seconds=due)
    assert times.until == NOW + timedelta(seconds=until)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"mode": "mandatory", "extend": 30}, "extend"),
        ({"mode": "none", "extend": 30}, "extend"),
        ({"mode": "mandatory", "seconds": 900, "at_most": 600}, "at_most"),
    ],
)
def test_what_does_not_go_together(given: dict[str, Any], path: str) -> None:
    assert [fault.path for fault in WrapUp.model_validate(given).faults()] == [path]


@pytest.mark.parametrize("given", [True, 5, "long", {"mode": "never"}, {"seconds": 5}])
def test_what_is_refused(given: object) -> None:
    with pytest.raises(ValidationError):
        WrapUp.model_validate(given)
