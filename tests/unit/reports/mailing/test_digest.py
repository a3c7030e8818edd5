"""What a mail says: its figures, and what stands out."""

import pytest

from reports.catalogue import CATALOGUE
from reports.mailing.digest import FIGURES, Digest, Numbers, Remark, Value, digest, stands_out

USUAL: dict[str, Value] = {
    "calls": 100,
    "offered": 90,
    "answered": 85,
    "abandoned": 5,
    "service_level": 0.9,
    "average_wait": 9_000.0,
    "tickets_received": 40,
    "tickets_resolved": 38,
    "tickets_open_overdue": 3,
}


def numbers(**other: Value) -> Numbers:
    return Numbers(USUAL | other)


def kinds(now: Numbers, before: Numbers | None = None) -> list[str]:
    return [each.kind for each in stands_out(now, before or numbers(), target=0.8)]


def test_every_figure_is_a_number_of_the_definitions() -> None:
    assert set(FIGURES) <= set(CATALOGUE)


def test_a_usual_day_has_nothing_that_stands_out() -> None:
    assert kinds(numbers()) == []


@pytest.mark.parametrize(("level", "said"), [(0.8, False), (0.7999, True), (None, False)])
def test_a_service_level_below_the_target(level: float | None, said: bool) -> None:
    assert ("low_level" in kinds(numbers(service_level=level))) is said


@pytest.mark.parametrize(
    ("offered", "abandoned", "said"),
    [(90, 8, False), (90, 9, True), (20, 2, True), (19, 19, False), (0, 0, False)],
)
def test_many_who_hung_up(offered: int, abandoned: int, said: bool) -> None:
    found = kinds(numbers(offered=offered, abandoned=abandoned))
    assert ("many_abandoned" in found) is said


@pytest.mark.parametrize(("number", "said"), [(3, False), (2, False), (4, True), (None, False)])
def test_more_overdue_than_before(number: int | None, said: bool) -> None:
    assert ("more_overdue" in kinds(numbers(tickets_open_overdue=number))) is said


@pytest.mark.parametrize(
    ("calls", "said"), [(129, ""), (130, "more_calls"), (71, ""), (70, "fewer_calls")]
)
def test_many_more_or_fewer_calls(calls: int, said: str) -> None:
    found = [each for each in kinds(numbers(calls=calls)) if each.endswith("_calls")]
    assert found == ([said] if said else [])


def test_of_a_few_calls_no_change_is_told() -> None:
    assert kinds(numbers(calls=19), numbers(calls=5)) == []
    assert kinds(numbers(calls=30), numbers(calls=0)) == []


def test_the_busiest_hour_of_a_day_with_enough_calls() -> None:
    now = Numbers(USUAL, hours={8: 12, 9: 14, 10: 14})
    (found,) = stands_out(now, numbers(), target=0.8)
    assert found == Remark("busiest", "calls", {"hour": 9, "calls": 14})
    assert kinds(Numbers(USUAL, hours={8: 19})) == []


def test_what_nobody_counted_is_empty_and_compared_with_nothing() -> None:
    unknown = Numbers(USUAL, known=False, hours={9: 100})
    assert kinds(unknown) == []
    assert kinds(numbers(tickets_open_overdue=99, calls=999), unknown) == []
    found = digest(numbers(), unknown, target=0.8)
    assert {each.before for each in found.figures} == {None}


def test_the_gravest_stands_first() -> None:
    now = numbers(service_level=0.1, abandoned=50, tickets_open_overdue=9, calls=200)
    assert kinds(now) == ["low_level", "many_abandoned", "more_overdue", "more_calls"]


def test_it_is_kept_as_json_and_comes_back_the_same() -> None:
    found = digest(numbers(service_level=0.1), numbers(), target=0.8)
    assert Digest.from_data(found.as_data()) == found
    assert found.value("calls") == 100
