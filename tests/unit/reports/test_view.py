"""What a page shows is the sum of its rows."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline import clock
from reports.metrics import INTERVAL, Counters, total
from reports.service import Row
from reports.view import Period, hours_of, report

BANGKOK = ZoneInfo("Asia/Bangkok")
DAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("period", "first", "last", "path"),
    [
        (Period.day(DAY), DAY, DAY, "/reports/day/2026-11-20"),
        (Period.month(2026, 2), date(2026, 2, 1), date(2026, 2, 28), "/reports/month/2026-02"),
        (Period.month(2028, 2), date(2028, 2, 1), date(2028, 2, 29), "/reports/month/2028-02"),
        (Period.year(2567), date(2023, 10, 1), date(2024, 9, 30), "/reports/year/2567"),
    ],
)
def test_periods(period, first, last, path):
    assert (period.first, period.last, period.path) == (first, last, path)
    assert period.after.before == period == period.before.after
    assert period.after.first == last + timedelta(days=1)


def test_wider_periods():
    month = Period.day(DAY).wider
    assert month == Period.month(2026, 11)
    assert month.wider == Period.year(2570)
    assert Period.month(2026, 9).wider == Period.year(2569)
    assert Period.year(2570).wider is None


def test_hours_of_days_with_summer_time():
    assert len(hours_of(DAY, BANGKOK)) == 24
    berlin = ZoneInfo("Europe/Berlin")
    assert len(hours_of(date(2026, 3, 29), berlin)) == 23
    assert len(hours_of(date(2026, 10, 25), berlin)) == 25
    assert len(set(hours_of(date(2026, 10, 25), berlin))) == 25


# ---------------------------------------------------------------- sums

cells = st.builds(
    Counters,
    calls=st.integers(0, 9),
    offered=st.integers(0, 9),
    answered=st.integers(0, 9),
    wait_answered_ms=st.integers(0, 99_999),
    talk_max_ms=st.integers(0, 99_999),
)


def rows_of(first: date, days: int) -> st.SearchStrategy[list[Row]]:
    def row(offset: int, interval: int, queue: str, counters: Counters) -> Row:
        day = first + timedelta(days=offset)
        start = clock.midnight(day, BANGKOK) + interval * INTERVAL
        return Row(day, start, queue, "th" if queue else "", counters)

    return st.lists(
        st.builds(
            row,
            st.integers(0, days - 1),
            st.integers(0, 95),
            st.sampled_from(["information", "complaint", ""]),
            cells,
        ),
        max_size=30,
    )


@pytest.mark.parametrize(
    ("period", "lines"),
    [(Period.day(DAY), 24), (Period.month(2026, 11), 30), (Period.year(2570), 12)],
)
@given(st.data())
def test_every_table_adds_up_to_the_total(period, lines, data):
    rows = data.draw(rows_of(period.first, (period.last - period.first).days + 1))
    shown = report(
        period, rows, zone=BANGKOK, until=period.last, service_level="abandoned_as_missed"
    )
    everything = total(row.counters for row in rows)
    assert shown.total.counters == everything
    assert total(line.counters for line in shown.by_time) == everything
    assert total(line.counters for line in shown.by_queue) == everything
    assert len(shown.by_time) == lines


def shown(period: Period, rows: list[Row], until: date = DAY):
    return report(period, rows, zone=BANGKOK, until=until, service_level="answered_only")


def test_days_to_come_are_not_shown_as_zeros():
    assert [line.key for line in shown(Period.month(2026, 11), []).by_time] == [
        date(2026, 11, number) for number in range(1, 21)
    ]
    assert len(shown(Period.year(2570), []).by_time) == 2
    assert shown(Period.month(2027, 1), []).by_time == []


def test_each_line_knows_the_calls_it_stands_for():
    start = clock.midnight(DAY, BANGKOK) + timedelta(hours=9)
    row = Row(DAY, start, "information", "en", Counters(calls=1, offered=1))
    by_day = shown(Period.day(DAY), [row, Row(DAY, start, "", "", Counters(calls=1))])
    span = {"from": "2026-11-20", "until": "2026-11-20"}
    assert by_day.total.calls == span
    assert by_day.by_time[9].calls == {**span, "hour": "09"}
    assert by_day.by_time[9].counters.calls == 2
    assert [line.calls for line in by_day.by_queue] == [
        {**span, "queue": "information", "language": "en"},
        {**span, "queue": "", "language": ""},
    ]
    (line, *_) = shown(Period.year(2570), []).by_time
    assert line.calls == {"from": "2026-10-01", "until": "2026-10-31"}
