"""The charts of the pages: a finding, a chart, and a table that says the same."""

from datetime import date, timedelta

import pytest

from reports.figures import Patterns, Tickets
from reports.matters import TicketCounters, ticket_rates
from reports.metrics import Counters, rates
from reports.pictures import Painter, Point, summed, without_lists
from reports.span import Span
from reports.topics import Tally
from reports.view import Line
from reports.wording import Wording

FIRST = date(2026, 10, 1)
OCTOBER = Span.of_month(2026, 10)
SQUARE = {
    "type": "Polygon",
    "coordinates": [[[100, 12], [101, 12], [101, 13], [100, 13], [100, 12]]],
}


@pytest.fixture
def painter() -> Painter:
    def named(key: str, **values: object) -> str:
        return " ".join([key.rpartition(".")[2], *map(str, values.values())])

    return Painter(Wording("en", named, *[str] * 6), threshold=20, short=5, target=0.8)


def counters(calls: int, in_time: int = 0) -> Counters:
    return Counters(
        calls=calls,
        offered=calls,
        answered=calls,
        answered_in_threshold=in_time,
        wait_answered_ms=calls * 1_000,
    )


def points(*numbers: int | None) -> list[Point]:
    found = []
    for number, calls in enumerate(numbers):
        day = FIRST + timedelta(days=number)
        of = counters(calls or 0, (calls or 0) // 2)
        span = {"from": day.isoformat(), "until": day.isoformat()}
        line = None if calls is None else Line(day, of, rates(of, "answered_only"), span)
        found.append(Point(str(day.day), f"{day}", line, f"/reports/day/{day}"))
    return found


def test_a_single_point_has_no_chart(painter: Painter) -> None:
    assert painter.calls(points(3)) is None
    assert painter.level(points(3, None), unit="day") is None
    assert painter.speed(points(3, 0)) is None
    assert painter.trend(points(None, None, 3), unit="day") is None
    assert painter.week({(0, 9): Tally(calls=3)}, OCTOBER) is None


def test_what_is_to_come_keeps_its_place_and_is_a_gap(painter: Painter) -> None:
    picture = painter.calls(points(4, 9, None))
    assert picture is not None
    values = picture.spec["data"]["values"]
    assert {row["x"] for row in values} == {"1", "2", "3"}
    assert [row["y"] for row in values if row["x"] == "3"] == [None, None, None]
    assert sum(row["y"] for row in values if row["x"] == "2") == 9
    assert "2026-10-02 9" in picture.title


def test_a_trend_has_its_numbers_below_it_with_what_is_behind_them(painter: Painter) -> None:
    picture = painter.trend(points(10, None, 30, 100), unit="day")
    assert picture is not None
    assert picture.title == "trend 2026-10-04 of_day 100 20 2", "the mean of those that are known"
    assert [row["y"] for row in picture.spec["data"]["values"]] == [10, None, 30, 100]
    assert picture.table is not None
    head, cells = picture.table.rows[0]
    assert (head.text, head.href) == ("2026-10-01", "/reports/day/2026-10-01")
    assert cells[0].text == "10"
    assert cells[0].href == "/calls?from=2026-10-01&until=2026-10-01&outcome=incoming"
    assert {cell.text for cell in picture.table.rows[1][1]} == {"–"}


def test_each_hour_of_the_week_leads_to_its_calls(painter: Painter) -> None:
    hours = {(0, 9): Tally(calls=3), (6, 23): Tally(calls=8)}
    picture = painter.week(hours, OCTOBER)
    assert picture is not None
    assert picture.title == "busiest Sunday 23 24 8"
    assert picture.table is not None
    cell = picture.table.rows[6][1][23]
    assert cell.text == "8"
    assert cell.href == (
        "/reports/behind?metric=calls&from=2026-10-01&until=2026-10-31&hour=23&weekday=7"
    )
    assert len(picture.table.rows) == 7
    assert picture.table.rows[0][1][0].href is None


def test_without_lists_only_the_numbers_stay(painter: Painter) -> None:
    picture = painter.trend(points(4, 6, 20), unit="day")
    assert picture is not None
    assert picture.table is not None
    plain = without_lists(picture)
    assert plain.table is not None
    assert (plain.title, plain.spec) == (picture.title, picture.spec)
    for (head, cells), (was, were) in zip(plain.table.rows, picture.table.rows, strict=True):
        assert [head.text, *(cell.text for cell in cells)] == [was.text, *(c.text for c in were)]
        assert {each.href for each in (head, *cells)} == {None}
    calls = painter.calls(points(4, 6))
    assert calls is not None
    assert without_lists(calls) == calls


def tickets(received: int) -> Tickets:
    found = TicketCounters(tickets_received=received)
    return Tickets(found, ticket_rates(found))


def test_every_area_is_on_the_map_also_one_without_a_complaint(painter: Painter) -> None:
    found = Patterns({}, {"north": tickets(4), "": tickets(9)})
    picture = painter.areas(found, {"north": SQUARE, "south": SQUARE}, OCTOBER)
    assert picture is not None
    drawn = {each["name"]: each["y"] for each in picture.spec["data"]["values"]}
    assert drawn == {"north": 4, "south": 0}
    assert picture.title == "most_from north 4 13"
    assert picture.table is not None
    assert [head.text for head, _ in picture.table.rows] == ["north", ""]
    assert picture.table.rows[0][1][0].href == (
        "/reports/behind?metric=tickets_received&from=2026-10-01&until=2026-10-31&area=north"
    )
    assert painter.areas(Patterns({}, {}), {"north": SQUARE}, OCTOBER) is None


def test_a_week_with_a_day_that_is_not_known_is_not_known() -> None:
    days = {FIRST + timedelta(days=n): counters(n) for n in range(7)}
    whole = summed(FIRST, FIRST + timedelta(days=6), days, "answered_only")
    assert whole is not None
    assert whole.counters.calls == 21
    del days[FIRST + timedelta(days=3)]
    assert summed(FIRST, FIRST + timedelta(days=6), days, "answered_only") is None
