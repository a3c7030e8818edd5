"""What a period is compared with, and what the difference says."""

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from hotline import i18n
from reports import compare
from reports.catalogue import CATALOGUE
from reports.compare import Against, Stretch, With, difference, earlier
from reports.headlines import SHOWN, Writer
from reports.metrics import Counters, rates
from reports.view import Line, Period
from reports.wording import Wording

BANGKOK = ZoneInfo("Asia/Bangkok")
#: 14:07 in Bangkok, a Thursday.
NOW = datetime(2026, 11, 12, 7, 7, tzinfo=UTC)


def spans(period: Period, now: datetime = NOW) -> list[tuple[With, date, date, datetime | None]]:
    found = earlier(period, now=now, zone=BANGKOK)
    return [(each.kind, each.first, each.last, each.until) for each in found]


def at_two(year: int, month: int, day: int) -> datetime:
    """In the afternoon, in Bangkok."""
    return datetime(year, month, day, 7, tzinfo=UTC)


def test_what_is_over_is_compared_with_the_whole() -> None:
    assert spans(Period.day(date(2026, 11, 1))) == [
        (With.WEEK, date(2026, 10, 25), date(2026, 10, 25), None)
    ]
    assert spans(Period.month(2026, 3)) == [
        (With.MONTH, date(2026, 2, 1), date(2026, 2, 28), None),
        (With.YEAR, date(2025, 3, 1), date(2025, 3, 31), None),
    ]
    assert spans(Period.year(2569)) == [
        (With.YEAR, date(2024, 10, 1), date(2025, 9, 30), None),
    ]


def test_what_goes_on_is_compared_with_as_much_of_it() -> None:
    """Until the quarter of an hour that is nearest: 14:07 is nearer to 14:00."""
    assert spans(Period.day(date(2026, 11, 12))) == [
        (With.WEEK, date(2026, 11, 5), date(2026, 11, 5), at_two(2026, 11, 5))
    ]
    assert spans(Period.month(2026, 11)) == [
        (With.MONTH, date(2026, 10, 1), date(2026, 10, 12), at_two(2026, 10, 12)),
        (With.YEAR, date(2025, 11, 1), date(2025, 11, 12), at_two(2025, 11, 12)),
    ]
    (year,) = spans(Period.year(2570))
    assert year == (With.YEAR, date(2025, 10, 1), date(2025, 11, 12), at_two(2025, 11, 12))


def test_a_shorter_month_is_whole_when_this_one_has_got_further() -> None:
    (month, _) = spans(Period.month(2026, 3), datetime(2026, 3, 31, 7, 7, tzinfo=UTC))
    assert month == (With.MONTH, date(2026, 2, 1), date(2026, 2, 28), None)
    (_, leap) = spans(Period.month(2028, 2), datetime(2028, 2, 29, 7, 7, tzinfo=UTC))
    assert leap == (With.YEAR, date(2027, 2, 1), date(2027, 2, 28), None)


def test_what_has_not_begun_is_compared_with_nothing() -> None:
    assert spans(Period.month(2026, 12)) == []


@pytest.mark.parametrize(
    ("id_", "number", "was", "absolute", "relative", "better"),
    [
        ("calls", 110, 100, 10, 0.1, None),
        ("abandoned", 5, 10, -5, -0.5, True),
        ("average_wait", 30_000.0, 20_000.0, 10_000, 0.5, False),
        ("service_level", 0.8, 0.75, 0.05, None, True),
        ("service_level", 0.8, 0.8, 0, None, None),
        ("calls", 3, 0, 3, None, None),
    ],
)
def test_differences(
    id_: str,
    number: float,
    was: float,
    absolute: float,
    relative: float | None,
    better: bool | None,
) -> None:
    found = difference(CATALOGUE[id_], number, was)
    assert found is not None
    assert found.absolute == pytest.approx(absolute)
    assert (found.relative is None) == (relative is None)
    assert found.relative == pytest.approx(relative)
    assert found.better is better


def test_nothing_to_compare_is_no_difference() -> None:
    assert difference(CATALOGUE["service_level"], None, 0.8) is None
    assert difference(CATALOGUE["service_level"], 0.8, None) is None


def test_what_is_good_is_a_number_of_ours() -> None:
    assert set(compare.GOOD) <= set(CATALOGUE)


# ---------------------------------------------------------------- as a reader sees it


def writer() -> Writer:
    def named(key: str, **values: object) -> str:
        return " ".join([key, *map(str, values.values())])

    same = [str] * 6
    return Writer(Wording("en", named, *same), BANGKOK, threshold=20, short=5)


def line(calls: int, in_time: int = 0) -> Line:
    counters = Counters(
        calls=calls,
        offered=calls,
        answered=calls,
        answered_in_threshold=in_time,
        wait_answered_ms=calls * 10_000,
    )
    return Line(
        date(2026, 10, 1),
        counters,
        rates(counters, "answered_only"),
        {"from": "2026-10-01", "until": "2026-10-31"},
    )


def against(number: int, known: int = 31, imported: int = 0, in_time: int = 0) -> Against:
    october = Period.month(2026, 10)
    stretch = Stretch(With.MONTH, october, october.first, october.last)
    return Against(stretch, line(number, in_time), known, imported)


def told(now: Line, was: Against) -> dict[str, tuple[str, str, bool | None]]:
    return {
        each.metric.id: (each.compared[0].was, each.compared[0].change, each.compared[0].better)
        for each in writer().headlines(now, [was])
    }


def test_a_headline_says_what_it_was_and_what_became_of_it() -> None:
    found = told(line(1_200, 900), against(1_000, in_time=800))
    assert list(found) == list(SHOWN)
    assert found["calls"] == ("1,000", "+200 (+20.0 %)", None)
    assert found["service_level"] == ("80.0 %", "reports.against.points −5.0", False)
    assert found["average_wait"] == ("0:10", "±0:00", None)
    assert found["average_handling"] == (i18n.EMPTY, i18n.EMPTY, None)


def test_a_part_of_a_month_is_shown_and_not_compared() -> None:
    was = against(400, known=12)
    assert told(line(1_200), was)["calls"] == ("400", i18n.EMPTY, None)
    (basis,) = writer().bases([was])
    assert basis.notes == ["reports.against.partly 12 31 0"]


def test_of_a_month_that_nobody_counted_nothing_is_told() -> None:
    was = against(0, known=0)
    assert told(line(1_200), was)["calls"] == (i18n.EMPTY, i18n.EMPTY, None)
    assert writer().bases([was])[0].notes == ["reports.against.nothing"]


def test_an_imported_month_is_compared_and_says_so() -> None:
    was = against(1_000, imported=31)
    assert told(line(1_200), was)["calls"][1] == "+200 (+20.0 %)"
    assert writer().bases([was])[0].notes == ["reports.against.imported 31 31 31"]


def test_another_promise_is_no_measure_of_this_one() -> None:
    """What was counted by another threshold: the calls are compared, the service level is not."""
    was = replace(against(1_000, in_time=800), outdated=31)
    found = told(line(1_200, 900), was)
    assert found["calls"][1] == "+200 (+20.0 %)"
    assert found["service_level"] == ("80.0 %", i18n.EMPTY, None)
    assert writer().bases([was])[0].notes == ["reports.against.outdated 31 31"]


def test_the_number_before_leads_to_its_calls_or_to_its_page() -> None:
    whole = writer().headlines(line(1), [against(1_000)])[0].compared[0]
    assert whole.href == "/calls?from=2026-10-01&until=2026-10-31&outcome=incoming"
    october = Period.month(2026, 10)
    until = datetime(2026, 10, 12, 7, tzinfo=UTC)
    part = Stretch(With.MONTH, october, october.first, date(2026, 10, 12), until)
    found = writer().headlines(line(1), [Against(part, line(9), 12, 0)])[0].compared[0]
    assert (found.href, found.change) == ("/reports/month/2026-10", "−8 (−88.9 %)")
