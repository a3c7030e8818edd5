"""Ways to wrap up, as the configuration says them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from hotline import city
from hotline.errors import ConfigError
from ivr.room.wrapping import Mode, WrapUp
from tests.guards.sources import ROOT

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


def test_the_file_is_refused_with_the_place_of_the_fault() -> None:
    content = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    content["ivr"]["offers"]["wrap_up"] = {"mode": "none", "extend": 30}
    content["ivr"]["queues"]["information"]["wrap_up"] = {"mode": "mandatory", "extend": 30}
    with pytest.raises(ConfigError) as refused:
        city.parse(content, folder=ROOT)
    assert {each.path for each in refused.value.faults} >= {
        "ivr.offers.wrap_up.extend",
        "ivr.queues.information.wrap_up.extend",
    }
