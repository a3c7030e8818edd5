"""Another formula of the service level changes the past everywhere at once, and no stored row; what
was published stays. Each is held against a count of the raw events that knows nothing of ours.
"""

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

import pytest
import sqlalchemy as sa

from hotline import clock, i18n
from hotline.app import create_app
from hotline.auth import Role
from hotline.floor import Floor
from ivr.config import Ivr
from ivr.models import CallEvent
from reports import board, check, dashboard, jobs, past, publishing, workbook, written
from reports.compare import Stretch, With
from reports.config import Formula, Reports, ServiceLevel
from reports.figures import figures
from reports.models import ReportDay, call_days, call_intervals
from reports.printed.printer import Printer
from reports.service import How
from reports.span import Span
from reports.today import Today
from reports.view import Period
from reports.web import COLUMNS
from reports.wording import Wording, wording
from tests.service.reports.test_followed import Tables, odd, simple
from tests.service.reports.test_night import DAY, midnight
from tests.service.reports.test_rollups import HOUR
from tests.support.prepared import prepared
from tests.support.stories import Story, snapshot
from tickets.config import Tickets

FORMULAS: tuple[str, ...] = get_args(Formula)
WEEK = timedelta(days=7)
#: The day that is looked at; a week before it the same is counted, and a month before all of it.
TODAY = DAY + WEEK
OCTOBER = date(2026, 10, 1)


# ---------------------------------------------------------------- what the events say


@dataclass
class Said:
    """What a reading of the events gives, in seconds of wait."""

    answered: list[float]
    abandoned: list[float]

    def level(self, formula: str, threshold: float = 20, short: float = 5) -> float | None:
        """The variants F1 to F6 as they are published, by how the city's file calls each."""
        met = sum(wait <= threshold for wait in self.answered)
        answered, abandoned = len(self.answered), len(self.abandoned)
        soon = sum(wait <= threshold for wait in self.abandoned)
        brief = sum(wait <= short for wait in self.abandoned)
        part, whole = {
            "abandoned_in_threshold_as_met": (met + soon, answered + abandoned),
            "answered_only": (met, answered),
            "abandoned_as_missed": (met, answered + abandoned),
            "abandoned_in_threshold_removed": (met, answered + abandoned - soon),
            "short_abandons_as_met": (met + brief, answered + abandoned),
            "short_abandons_removed": (met, answered + abandoned - brief),
        }[formula]
        return part / whole if whole else None


def said(floor: Floor, start: datetime, end: datetime, **only: str) -> Said:
    """Read event by event, by call: who waited on the line from [start, end) on, and how it ended.
    A caller whom a callback was promised to has left; who is taken over by another is answered at
    once. `only`: of one `queue`, one `language`.
    """
    found = Said([], [])
    with floor.db.read() as session:
        rows = session.execute(
            sa.select(CallEvent.call_id, CallEvent.kind, CallEvent.at, CallEvent.data).order_by(
                CallEvent.call_id, CallEvent.id
            )
        ).all()
    since: dict[int, datetime] = {}
    for call, kind, at, data in rows:
        wanted = all(data.get(name) == value for name, value in only.items())
        if kind in ("queued", "taken_over"):
            since.pop(call, None)
            if wanted and start <= at < end:
                since[call] = at
        waits = {"taken_over": found.answered, "connected": found.answered}.get(kind)
        waits = found.abandoned if kind == "abandoned" else waits
        if waits is not None and call in since:
            waits.append((at - since.pop(call)).total_seconds())
        elif kind in ("left", "callback"):
            since.pop(call, None)
    return found


def of_days(floor: Floor, first: date, last: date) -> Said:
    zone = floor.city.zone
    return said(floor, clock.midnight(first, zone), clock.day_bounds(last, zone)[1])


# ---------------------------------------------------------------- the floor, and other settings


@pytest.fixture
def counted(floor: Floor) -> Iterator[Floor]:
    """October counted; a day and the same one a week later, of which it is noon."""
    weeks(floor)
    with clock.driven(midnight(floor, TODAY) + 12 * HOUR):
        yield floor


@prepared
def weeks(floor: Floor) -> None:
    for day in (OCTOBER + timedelta(days=4), DAY):
        simple(floor, midnight(floor, day) + 9 * HOUR)
        odd(floor, midnight(floor, day) + 14 * HOUR)
    with floor.db.write() as session:
        Story(session, midnight(floor, DAY) + 9 * HOUR).queued().abandoned(3)
    simple(floor, midnight(floor, TODAY) + 9 * HOUR)
    with floor.db.write() as session:  # other shares than the days before
        for wait in (3, 12, 500):
            Story(session, midnight(floor, TODAY) + 9 * HOUR).queued().abandoned(wait)
    with clock.driven(midnight(floor, TODAY) + HOUR / 2):
        jobs.recompute(floor, OCTOBER, TODAY - timedelta(days=1))


def settle(floor: Floor, **level: object) -> None:
    """Another `reports.service_level` in the city's file."""
    section = floor.section(Reports)
    changed = section.model_copy(
        update={"service_level": ServiceLevel(**section.service_level.model_dump() | level)}
    )
    floor.sections = {**floor.sections, Reports: changed}


def words_of(floor: Floor) -> Wording:
    return wording("en", floor.texts, floor.section(Ivr), floor.section(Tickets))


def stored(floor: Floor) -> list[object]:
    with floor.db.read() as session:
        tables = (call_intervals, call_days, ReportDay.__table__)
        return [snapshot(session, table) for table in tables]


Get = Callable[[str], str]


@pytest.fixture
def reader(counted: Floor, bearer) -> Callable[[], Get]:
    """The pages as a process that has read the city's file anew shows them."""

    def made() -> Get:
        client, headers = create_app(counted).test_client(), bearer(Role.MANAGER)

        def get(path: str) -> str:
            answer = client.get(path, headers=headers)
            assert answer.status_code == 200, (path, answer.text)
            return answer.text

        return get

    return made


def cells(text: str, id_: str = "service_level") -> list[str]:
    """A column of the tables by time and by queue, from top to bottom."""
    place = COLUMNS.index(id_)
    rows = [row[-len(COLUMNS) :] for row in Tables(text).rows if len(row) > len(COLUMNS)]
    return [row[place].text for row in rows if row[place].text not in ("Service level", "")]


def totals(text: str) -> set[str]:
    place = COLUMNS.index("service_level")
    return {
        row[-len(COLUMNS) :][place].text
        for row in Tables(text).rows
        if row and row[0].text == "Total"
    }


def sheets(path: Path) -> Iterator[list[list[str]]]:
    """The cells of each sheet of a workbook, as a spreadsheet reads them."""
    name = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(path) as book:
        texts = [
            "".join(each.itertext())
            for each in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        ]
        count = sum(each.startswith("xl/worksheets/sheet") for each in book.namelist())
        for number in range(1, count + 1):
            root = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))
            yield [
                [
                    texts[int(value)] if cell.get("t") == "s" else value
                    for cell in row
                    if (value := cell.findtext(f"{name}v")) is not None
                ]
                for row in root.iter(f"{name}row")
            ]


# ---------------------------------------------------------------- the formula


def test_the_independent_count_gives_the_published_results() -> None:
    """The worked example of the field: 860 of 1,000 in time; 60 gone, 20 of them in time."""
    example = Said([20.0] * 860 + [21.0] * 140, [5.0] * 10 + [20.0] * 10 + [21.0] * 40)
    percents = {formula: round(100 * (example.level(formula) or 0), 2) for formula in FORMULAS}
    assert percents == {
        "abandoned_in_threshold_as_met": 83.02,
        "answered_only": 86.0,
        "abandoned_as_missed": 81.13,
        "abandoned_in_threshold_removed": 82.69,
        "short_abandons_as_met": 82.08,
        "short_abandons_removed": 81.9,
    }


YEAR, MONTH = Span.of_fiscal_year(2570), Span.of_month(2026, 10)


@pytest.fixture
def each(counted: Floor) -> Iterator[str]:
    """One formula after the other; and nowhere twice: nothing that is stored has changed by them,
    nor is it wrong, nor would counting again change it.
    """
    before, how = stored(counted), How.of(counted)

    def settled() -> Iterator[str]:
        for formula in FORMULAS:
            settle(counted, formula=formula)
            yield formula

    yield settled()  # type: ignore[misc]
    assert stored(counted) == before
    assert check.run(counted.db, OCTOBER, TODAY - timedelta(days=1), how) == []
    with clock.driven(midnight(counted, TODAY) + HOUR * 13):
        jobs.recompute(counted, DAY, DAY)
    assert stored(counted)[:2] == before[:2]


def test_another_formula_changes_every_page_at_once(counted: Floor, reader, each) -> None:
    """Of a day, of today, a month and a year; and every line of them."""
    for formula in each:
        get = reader()
        for path, first, last in (
            (f"day/{DAY}", DAY, DAY),
            (f"day/{TODAY}", TODAY, TODAY),
            ("month/2026-10", MONTH.first, MONTH.last),
            ("year/2570", YEAR.first, TODAY),
        ):
            level = of_days(counted, first, last).level(formula)
            text = get(f"/reports/{path}?lang=en")
            assert totals(text) == {i18n.percent(level, "en")}, path
            assert words_of(counted).text(f"reports.formula_{formula}") in text
        at = midnight(counted, DAY) + 9 * HOUR
        by_hour = cells(get(f"/reports/day/{DAY}?lang=en"))[9]
        assert by_hour == i18n.percent(said(counted, at, at + HOUR).level(formula), "en")


def test_and_every_file(counted: Floor, reader, each, tmp_path: Path) -> None:
    """JSON, CSV and workbook of the year; what is printed; the CSV beside a page, line by line."""
    now = clock.now()
    for formula in each:
        how = How.of(counted)
        expected = of_days(counted, YEAR.first, TODAY).level(formula)
        october = of_days(counted, MONTH.first, MONTH.last).level(formula)
        with counted.db.read() as session:
            found = figures(session, YEAR, how, now=now)
            printed = Printer.of(counted, tmp_path).document(session, MONTH, "en", now=now)
        for form, write in written.FORMS.items():
            write(found, words_of(counted), tmp_path / f"year.{form}")
        told = json.loads((tmp_path / "year.json").read_text("utf-8"))
        assert told["service_level"]["formula"] == formula
        assert told["metrics"]["service_level"] == pytest.approx(expected, abs=1e-6)
        by_month = {each["key"]: each["metrics"] for each in told["calls"]["by_month"]}
        assert by_month["2026-10"]["service_level"] == pytest.approx(october, abs=1e-6)
        lines = csv.reader((tmp_path / "year.csv").read_text("utf-8-sig").splitlines())
        (whole,) = (line[5] for line in lines if (line[0], line[3]) == ("whole", "service_level"))
        assert float(whole) == pytest.approx(expected, abs=1e-6)
        summary, months, *_ = sheets(tmp_path / "year.xlsx")
        (row,) = (row for row in summary if "service_level" in row)
        assert float(row[1]) == pytest.approx(expected)
        assert any(words_of(counted).text(f"reports.formula_{formula}") in row for row in summary)
        assert float(months[1][1 + workbook.CALLS.index("service_level")]) == pytest.approx(october)
        assert i18n.percent(october, "en") in repr(printed)

        text = reader()("/reports/month/2026-10.csv?lang=en").removeprefix("\ufeff")
        (line,) = (
            line
            for line in csv.DictReader(io.StringIO(text))
            if (line["Date"], line["Language"]) == ("2026-10-05", "Thai")
            and line["Queue"].startswith("Information")
        )
        days = (clock.midnight(each, counted.city.zone) for each in (OCTOBER, date(2026, 11, 1)))
        mine = said(counted, *days, queue="information", language="th").level(formula)
        assert mine is not None
        assert float(line["Service level (%)"]) == pytest.approx(100 * mine, abs=0.005)


def test_and_what_is_looked_at_as_it_goes_on(counted: Floor, reader, each) -> None:
    """The page where the reports begin, what it is compared with, the trend, the wallboard."""
    now, start = clock.now(), midnight(counted, DAY)
    monday = TODAY - timedelta(days=TODAY.weekday() + 7)
    queues = list(counted.section(Ivr).queues)
    for formula in each:
        get, how = reader(), How.of(counted)
        so_far = of_days(counted, TODAY, TODAY).level(formula)
        week_ago = said(counted, start, start + 12 * HOUR).level(formula)
        page = get("/reports?lang=en")
        (figure,) = re.findall(r"<dt>Service level</dt>(.*?)</div>", page, re.DOTALL)
        shown = re.findall(r"[\d.]+ %", figure)
        assert shown[:2] == [i18n.percent(so_far, "en"), i18n.percent(week_ago, "en")]
        with counted.db.read() as session:
            day = Stretch(With.WEEK, Period.day(DAY), DAY, DAY)
            against = past.against(session, day, how)
            of_week = dashboard.weeks(session, TODAY, words_of(counted), how)[-1].line
            of_now = Today(how).cells(session, now)
            limits = counted.section(Reports).wallboard
            seen = board.read(session, of_now, queues, limits, how.formula, now)
        assert against.line.rates.service_level == of_days(counted, DAY, DAY).level(formula)
        assert of_week is not None
        of_those = of_days(counted, monday, monday + timedelta(days=6)).level(formula)
        assert of_week.rates.service_level == of_those
        assert seen.floor.service_level == so_far
        big = re.search(r'id="big-level"><strong>([^<]+)<', get("/wallboard/now?lang=en"))
        assert big is not None
        assert big.group(1) == i18n.percent(so_far, "en", 0)


def test_the_variants_differ_here(counted: Floor) -> None:
    """Or nothing above would tell one from another."""
    levels = {formula: of_days(counted, DAY, DAY).level(formula) for formula in FORMULAS}
    assert len(set(levels.values())) == len(FORMULAS), levels


def test_what_was_published_stays_and_todays_stands_beside_it(counted: Floor, reader) -> None:
    how, now = How.of(counted), clock.now()
    with counted.db.write() as session:
        publishing.publish(session, OCTOBER, how, by=None, now=now)
    then = of_days(counted, OCTOBER, OCTOBER.replace(day=31)).level(how.formula)
    settle(counted, formula="answered_only")
    after = of_days(counted, OCTOBER, OCTOBER.replace(day=31)).level("answered_only")
    with counted.db.read() as session:
        found = publishing.publication(session, OCTOBER)
        assert found is not None
        differs = publishing.beside(session, found, How.of(counted), now=now)
    assert found.figures["service_level"]["formula"] == how.formula
    assert found.metrics["service_level"] == pytest.approx(then, abs=1e-6)
    assert [each.id for each in differs] == ["service_level"]
    assert differs[0].today == pytest.approx(after, abs=1e-6)
    text = reader()("/reports/month/2026-10/published?lang=en")
    (row,) = (row for row in Tables(text).rows if row[0].text == "Service level")
    assert [cell.text for cell in row[1:]] == [i18n.percent(each, "en") for each in (then, after)]


# ---------------------------------------------------------------- the threshold


def test_another_threshold_is_said_until_the_night_has_counted_by_it(
    counted: Floor, reader
) -> None:
    """It is another counter: pages say that they show the old one, no month is published by it, and
    after the night all of the past is by the new one, and nothing is called revised.
    """
    old, threshold = How.of(counted).rules.threshold.total_seconds(), 60.0
    settle(counted, threshold_seconds=threshold)
    how, formula = How.of(counted), How.of(counted).formula
    october = Span.of_month(2026, 10)
    day = OCTOBER + timedelta(days=4)
    said_ = of_days(counted, day, day)

    def shown() -> tuple[set[str], str]:
        text = reader()(f"/reports/day/{day}?lang=en")
        return totals(text), text

    levels, text = shown()
    assert levels == {i18n.percent(said_.level(formula, old), "en")}
    assert "Days counted by earlier settings: 1." in text
    # and the lists, which go by the new one at once
    lists = (
        f"/reports/behind?metric=answered_in_threshold&from={day}&until={day}&lang=en",
        f"/calls?outcome=answered&within=60&from={day}&until={day}&lang=en",
    )
    for address in lists:
        assert "counted by earlier settings: 1." in reader()(address)
    with counted.db.read() as session:
        coverage = figures(session, october, how, now=clock.now()).as_json()["coverage"]
        # its first call is of the fifth
        assert (len(coverage["calls"]["outdated"]), len(coverage["calls"]["unknown"])) == (27, 4)
        waits = publishing.waits_for(session, OCTOBER, how, now=clock.now())
        assert waits == publishing.Missing("counted", october.last)
    # today is counted from its events, and so by the new one at once
    assert totals(reader()(f"/reports/day/{TODAY}?lang=en")) == {
        i18n.percent(of_days(counted, TODAY, TODAY).level(formula, threshold), "en")
    }
    with clock.driven(midnight(counted, TODAY + timedelta(days=1)) + HOUR / 2):
        jobs.night(counted, TODAY)
        levels, text = shown()
        assert levels == {i18n.percent(said_.level(formula, threshold), "en")}
        assert said_.level(formula, threshold) != said_.level(formula, old)
        assert "earlier settings" not in text
        for address in lists:
            assert "earlier settings" not in reader()(address)
        assert "Revised afterwards" not in text
        with counted.db.read() as session:
            assert publishing.waits_for(session, OCTOBER, how, now=clock.now()) is None
        assert check.run(counted.db, OCTOBER, TODAY, how) == []
