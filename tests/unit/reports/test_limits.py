"""Which numbers break the city's limits."""

import pytest
import yaml

from hotline import city
from hotline.errors import ConfigError
from reports.config import Wallboard
from reports.limits import LEAST, Measure, broken, warnings
from tests.guards.sources import ROOT


def test_a_limit_is_the_last_value_that_is_still_well() -> None:
    for measure in Measure:
        worse = -1 if measure in LEAST else 1
        assert broken({measure: 10}, {measure: 10}) == []
        assert broken({measure: 10}, {measure: 10 + worse}) == [measure]
        assert broken({measure: 10}, {measure: 10 - worse}) == []


def test_zero_is_a_limit_and_nothing_known_breaks_none() -> None:
    assert broken({Measure.WAITING: 0}, {Measure.WAITING: 1}) == [Measure.WAITING]
    assert broken({Measure.SERVICE_LEVEL: 0.8}, {Measure.SERVICE_LEVEL: None}) == []
    assert broken({Measure.SERVICE_LEVEL: 0.8}, {}) == []
    assert broken({}, dict.fromkeys(Measure, 10**6)) == []


def test_a_queue_has_its_own_limits_or_those_of_every_queue() -> None:
    settings = Wallboard.model_validate(
        {"queue": {"waiting": 5}, "queues": {"emergency": {"longest_wait": 10}}}
    )
    assert settings.of_queue("information") == {Measure.WAITING: 5}
    assert settings.of_queue("emergency") == {Measure.LONGEST_WAIT: 10}
    assert settings.floor.by_measure == {}


@pytest.mark.parametrize(
    ("limits", "fault"),
    [
        ({"queues": {"emergancy": {"waiting": 1}}}, 'queues.emergancy: no such queue "emergancy"'),
        ({"queue": {"service_level": 80}}, "queue.service_level: "),
        ({"queue": {"waiting": -1}}, "queue.waiting: "),
        ({"queue": {"tickets_overdue": 1}}, "queue.tickets_overdue: "),
        ({"warn_at": 1}, "warn_at: "),
        ({"queue": {"waiting": 5, "warn": {"waiting": 6}}}, "queue.warn.waiting: comes after"),
        (
            {"floor": {"service_level": 0.7, "warn": {"service_level": 0.6}}},
            "floor.warn.service_level: comes after",
        ),
        ({"queue": {"warn": {"warn": {}}}}, "queue.warn.warn: "),
    ],
)
def test_what_is_wrong_is_said_with_its_place(limits: dict[str, object], fault: str) -> None:
    content = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    content["reports"]["wallboard"] = limits
    with pytest.raises(ConfigError) as refused:
        city.parse(content, folder=ROOT)
    assert any(f"reports.wallboard.{fault}" in str(each) for each in refused.value.faults)


def test_near_a_limit_is_a_share_of_it_or_a_value_of_its_own() -> None:
    limits = {Measure.WAITING: 10, Measure.SERVICE_LEVEL: 0.7, Measure.AGENTS_READY: 4}
    assert warnings(limits, {}, None) == {}
    assert warnings(limits, {Measure.WAITING: 3}, None) == {Measure.WAITING: 3}
    near = warnings(limits, {Measure.WAITING: 3, Measure.ABANDONED: 2}, 0.8)
    assert near == {
        Measure.WAITING: 3,
        Measure.SERVICE_LEVEL: pytest.approx(0.875),
        Measure.AGENTS_READY: 5,
        Measure.ABANDONED: 2,
    }
    assert warnings({Measure.SERVICE_LEVEL: 0.9}, {}, 0.5) == {Measure.SERVICE_LEVEL: 1.0}


def test_a_queue_warns_as_its_own_limits_do() -> None:
    settings = Wallboard.model_validate(
        {
            "warn_at": 0.5,
            "floor": {"waiting": 30, "warn": {"tickets_overdue": 9}},
            "queue": {"waiting": 10},
            "queues": {"emergency": {"waiting": 2, "warn": {"longest_wait": 5}}},
        }
    )
    assert settings.warns_of_queue("information") == {Measure.WAITING: 5}
    emergency = settings.warns_of_queue("emergency")
    assert emergency == {Measure.WAITING: 1, Measure.LONGEST_WAIT: 5}
    assert settings.warns_of_floor() == {Measure.WAITING: 15, Measure.TICKETS_OVERDUE: 9}
