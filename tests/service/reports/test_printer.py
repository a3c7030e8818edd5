"""The printed report of a hotline: what is in it is what was counted, and it comes out as pages."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest

from hotline import clock, i18n
from hotline.errors import Invalid
from hotline.floor import Floor
from reports.config import Printed, Reports
from reports.figures import figures
from reports.printed.document import Document, Numbers, Table, Words
from reports.printed.printer import Printer
from reports.rollups import Part
from reports.service import How
from reports.span import Span
from tests.service.reports.test_night import DAY, NEXT, midnight
from tests.service.reports.test_rollups import night, played
from tickets.faults import Fault

NOVEMBER = Span.of_month(2026, 11)
YEAR = Span.of_fiscal_year(2570)


@pytest.fixture
def printer(floor: Floor, tmp_path: Path) -> Printer:
    return Printer.of(floor, tmp_path)


def made(floor: Floor, printer: Printer, span: Span, language: str = "en") -> Document:
    with floor.db.read() as session:
        return printer.document(session, span, language, now=midnight(floor, NEXT))


def numbers(document: Document) -> dict[str, str]:
    """By title, the large numbers of all chapters."""
    return {
        each.title: each.value
        for chapter in document.chapters
        for block in chapter.blocks
        if isinstance(block, Numbers)
        for each in block.numbers
    }


def test_every_number_on_paper_is_the_counted_one(floor: Floor, printer: Printer) -> None:
    played(floor)
    found = numbers(made(floor, printer, NOVEMBER))
    with floor.db.read() as session:
        now = midnight(floor, NEXT)
        metrics = figures(session, NOVEMBER, How.of(floor), now=now).metrics
    assert found["Calls"] == i18n.number(metrics["calls"], "en") != "0"
    assert found["Service level"] == i18n.percent(metrics["service_level"], "en")
    assert found["Tickets received"] == i18n.number(metrics["tickets_received"], "en") == "7"
    assert found["On time"] == i18n.percent(metrics["on_time"], "en")


def test_a_table_ends_with_the_whole(floor: Floor, printer: Printer) -> None:
    played(floor)
    document = made(floor, printer, NOVEMBER)
    tables = [b for c in document.chapters for b in c.blocks if isinstance(b, Table) and b.total]
    assert tables
    for table in tables:
        if table.head[1] in ("Calls", "Offered", "Tickets received"):
            column = sum(int(row[1].replace(",", "")) for row in table.rows)
            assert column == int(table.total[1].replace(",", "")), table.caption


@pytest.mark.parametrize("language", ["th", "en"])
def test_it_comes_out_as_pages_in_both_languages(
    floor: Floor, printer: Printer, language: str
) -> None:
    played(floor)
    document = made(floor, printer, YEAR, language)
    pdf = printer.pdf(document)
    with pypdfium2.PdfDocument(BytesIO(pdf)) as book:
        assert len(book) >= len(document.chapters) + 2
        for page in book:
            assert page.get_textpage().get_text_range().strip(), "no page is empty"


def test_of_a_hotline_without_a_call_nothing_is_claimed(floor: Floor, printer: Printer) -> None:
    document = made(floor, printer, YEAR)
    found = numbers(document)
    assert found["Calls"] == "0"
    assert found["Service level"] == i18n.EMPTY
    assert "Satisfaction" not in [chapter.title for chapter in document.chapters]
    assert printer.pdf(document).startswith(b"%PDF")


def test_of_what_nobody_counted_nothing_is_known(floor: Floor, printer: Printer) -> None:
    """Not even that there was no ticket: of tickets there is a sentence, and no number at all."""
    played(floor)
    document = made(floor, printer, Span.of_month(2025, 3))
    found = numbers(document)
    assert {found[each] for each in ("Calls", "Answered", "Abandoned")} == {i18n.EMPTY}
    assert "Tickets received" not in found
    for chapter in (document.chapters[0], document.chapters[-1]):
        said = {block.text for block in chapter.blocks if isinstance(block, Words)}
        assert {
            "Calls: nothing is known of this time",
            "Tickets: nothing is known of this time",
        } <= said


def test_a_year_says_of_which_days_nothing_is_known(floor: Floor, printer: Printer) -> None:
    """Where the hotline began in it; the months before are gaps."""
    played(floor)
    document = made(floor, printer, YEAR)
    notes = {block.text for block in document.chapters[-1].blocks if isinstance(block, Words)}
    (said,) = (each for each in notes if each.startswith("Calls: known of "))
    assert said.endswith("Nothing is known of 1 October 2026 – 17 November 2026")
    assert not any("Every day has been counted" in each for each in notes)
    (chart,) = (c for c in document.charts() if c.caption == "Calls by month")
    drawn = {each["x"]: each["y"] for each in chart.spec["data"]["values"]}
    assert drawn["Oct"] is None
    assert drawn["Nov"] is not None


def test_a_year_that_is_not_over_says_so_and_one_that_is_does_not(
    floor: Floor, printer: Printer
) -> None:
    played(floor)

    def said(now: datetime) -> list[str]:
        with floor.db.read() as session:
            first = printer.document(session, YEAR, "en", now=now).chapters[0]
        return [block.text for block in first.blocks if isinstance(block, Words)]

    running = f"This time is not over: the numbers are those until {i18n.day(NEXT, 'en')}."
    assert running in said(midnight(floor, NEXT) + timedelta(hours=1))
    over = said(clock.midnight(YEAR.last + timedelta(days=1), floor.city.zone))
    assert not any("not over" in each for each in over)


def test_a_part_of_the_year_before_that_is_not_known_whole_is_not_compared(
    floor: Floor, printer: Printer
) -> None:
    """As of a city that imported the calls of that year, and began with tickets in the midst of it:
    its few tickets were no year's.
    """
    played(floor)
    with floor.db.read() as session:
        now = midnight(floor, NEXT)
        found = figures(session, YEAR, How.of(floor), now=now)
    whole = {
        part: replace(each, days=(found.until - YEAR.first).days + 1)
        for part, each in found.coverage.items()
    }
    partly = whole | {Part.TICKETS: found.coverage[Part.TICKETS]}
    known = replace(found, coverage=partly)
    assert known.knows_whole("calls") and known.knows_whole("service_level")
    assert not known.knows_whole("tickets_received") and not known.knows_whole("on_time")
    assert not known.knows_whole("jobs_sent")
    assert replace(found, coverage=whole).knows_whole("tickets_received")


def test_what_earlier_settings_counted_is_said_on_the_first_page(
    floor: Floor, printer: Printer
) -> None:
    """A service level "within 30 seconds" that was counted by 20 is not read aloud unexplained."""
    played(floor)
    night(floor, DAY)
    section = floor.section(Reports)
    other = section.service_level.model_copy(update={"threshold_seconds": 30})
    ours = replace(printer, reports=section.model_copy(update={"service_level": other}))
    for each, many in ((printer, 0), (ours, 1)):
        first = made(floor, each, Span(DAY, DAY)).chapters[0].blocks
        told = [b.text for b in first if isinstance(b, Words) and "earlier settings" in b.text]
        assert len(told) == many


def test_who_waited_is_told_from_who_was_called_back(floor: Floor, printer: Printer) -> None:
    """The table of waits ends with those who waited on the line, and is headed so."""
    played(floor)
    document = made(floor, printer, NOVEMBER)
    (waits,) = (
        b
        for c in document.chapters
        for b in c.blocks
        if isinstance(b, Table) and b.caption.startswith("How long callers waited")
    )
    with floor.db.read() as session:
        now = midnight(floor, NEXT)
        counters = figures(session, NOVEMBER, How.of(floor), now=now).calls.counters
    assert waits.head[1] == "Answered on the line"
    assert waits.total[1] == i18n.number(counters.answered_on_line, "en")


def test_every_kind_of_failure_is_explained(floor: Floor) -> None:
    for fault in Fault:
        for language in ("th", "en"):
            assert floor.texts.get(f"reports.print.fault.{fault}", language)


def test_a_single_month_is_no_course_of_time(floor: Floor, printer: Printer) -> None:
    played(floor)
    charts = {c.caption for c in made(floor, printer, NOVEMBER).charts()}
    assert not any("by month" in caption for caption in charts)
    assert any("by month" in c.caption for c in made(floor, printer, YEAR).charts())


def test_a_month_of_each_of_two_years_is_a_column_of_its_own(
    floor: Floor, printer: Printer
) -> None:
    played(floor)
    document = made(floor, printer, Span(date(2025, 10, 1), date(2026, 11, 30)))
    (chart,) = (c for c in document.charts() if c.caption == "Calls by month")
    months = chart.spec["encoding"]["x"]["sort"]
    assert months[:2] == ["Oct 25", "Nov 25"] and months[-1] == "Nov 26"
    assert len(set(months)) == len(months) == 14


def test_a_foreword_is_the_annual_reports_and_a_gap_is_told(
    floor: Floor, printer: Printer, tmp_path: Path
) -> None:
    (tmp_path / "foreword.md").write_text("# Dear citizens\n\nThank you.\n\n- one\n- two\n")
    own = Printed(foreword={"en": Path("foreword.md")}, seal=Path("seal.png"))
    section = floor.section(Reports).model_copy(update={"printed": own})
    ours = replace(printer, reports=section)
    played(floor)
    first = made(floor, ours, YEAR).chapters[0]
    assert first.title == "Foreword"
    words = [block.text for block in first.blocks if hasattr(block, "text")]
    assert words == ["Dear citizens", "Thank you.", "• one", "• two"]
    document = made(floor, ours, NOVEMBER)
    assert document.chapters[0].title != "Foreword"
    notes = [block.text for block in document.chapters[-1].blocks if isinstance(block, Words)]
    assert any(i18n.day(NEXT, "en") in text for text in notes), "the day that is not over"
    with pytest.raises(Invalid, match=r"seal\.png"):
        ours.pdf(document)


def test_what_has_not_come_is_refused(floor: Floor, printer: Printer) -> None:
    with pytest.raises(Invalid, match="has not come"):
        made(floor, printer, Span(DAY + timedelta(days=9), DAY + timedelta(days=9)))


def test_a_year_is_compared_only_with_one_that_is_known_whole(
    floor: Floor, printer: Printer
) -> None:
    played(floor)
    with floor.db.read() as session:
        later = clock.midnight(YEAR.last + timedelta(days=40), floor.city.zone)
        document = printer.document(session, Span.of_fiscal_year(2571), "en", now=later)
    blocks = [block for c in document.chapters for block in c.blocks if isinstance(block, Numbers)]
    assert all("year before" not in each.note for block in blocks for each in block.numbers)
