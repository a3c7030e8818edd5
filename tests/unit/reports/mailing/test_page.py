"""The tables of a link's page, and those of a workbook: a row for each, whatever it is called."""

import pytest

from reports import workbook
from reports.figures import Calls
from reports.mailing.page import CALLS, _Writer
from reports.metrics import Counters, rates

FORMULA = "abandoned_as_missed"


def of(calls: int) -> Calls:
    counters = Counters(calls=calls)
    return Calls(counters, rates(counters, FORMULA))


@pytest.fixture
def queues() -> dict[str, Calls]:
    """Two that the city calls the same, such as an old one and the one that took its place."""
    return {"water": of(3), "water-2019": of(4)}


def test_two_queues_of_one_name_are_two_rows(queues: dict[str, Calls]) -> None:
    table = _Writer("en", of(7).metrics).grouped("queue", CALLS, queues, lambda _: "Water")
    assert [(row.name, row.cells[0]) for row in table.rows] == [("Water", "3"), ("Water", "4")]
    assert table.total[0] == "7"


def test_and_in_a_workbook(queues: dict[str, Calls]) -> None:
    rows = workbook.called(lambda _: "Water", queues)
    assert [(name, metrics["calls"]) for name, metrics in rows] == [("Water", 3), ("Water", 4)]
