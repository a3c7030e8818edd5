"""The units' jobs in the reports: counted from what was said of them, and followed down to them."""

import csv
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from hotline import auth, clock
from hotline.auth import Role
from hotline.floor import Floor
from ivr.config import Ivr
from reports import behind
from reports.behind import wanted
from reports.figures import Figures, figures
from reports.fleet import JOB_COUNTER_NAMES
from reports.printed.document import Beside, Numbers, Table
from reports.printed.printer import Printer
from reports.service import How
from reports.span import Span
from reports.wording import wording
from reports.written import FORMS
from tests.service.reports.test_night import DAY, NEXT, midnight
from tests.service.reports.test_rollups import HOUR, SUPERVISOR, complaint, played
from tests.support.prepared import prepared
from tickets.answers import service as answers
from tickets.config import Tickets
from tickets.facts import Actor
from tickets.units import fleet, service
from tickets.units.models import Unit
from tickets.units.rules import Act
from tickets.workflow import Role as Mover

CREW = Actor("crew", Mover.CREW)
MINUTE = timedelta(minutes=1)
NOVEMBER = Span.of_month(2026, 11)


@pytest.fixture
def driven(floor: Floor) -> Floor:
    """A day on which one unit did six jobs, and the seventh was declined and went to another."""
    seven_jobs(floor)
    return floor


@prepared
def seven_jobs(floor: Floor) -> None:
    played(floor)
    config, morning = floor.section(Tickets), midnight(floor) + 10 * HOUR
    with floor.db.write() as session:
        fleet.seed(session, config)
        for name, unit in (("crew", "qru1"), ("crew2", "qru2")):
            auth.create_account(
                session, username=name, name=name, role=Role.CREW, password=None, now=morning
            )
            fleet.put_on(session, unit, name, actor=SUPERVISOR, by=None, now=morning)
    for number in range(6):
        at = morning + number * HOUR
        job = sent(floor, at, 500 + number)
        # seen after one minute, two, ... there after ten more, done after another twenty
        seen = at + (number + 1) * MINUTE
        say(floor, job, Act.ACKNOWLEDGE, seen)
        say(floor, job, Act.HERE, seen + 10 * MINUTE)
        if number == 0:
            say(floor, job, Act.NEED_HELP, seen + 12 * MINUTE)
        say(floor, job, Act.DONE, seen + 30 * MINUTE, without_photo=True)
    at = morning + 7 * HOUR
    declined = sent(floor, at, 600)
    say(floor, declined, Act.DECLINE, at + 20 * MINUTE, note="flat tyre")
    with floor.db.write() as session:
        number = service.job(session, declined).ticket_number
        service.dispatch(session, config, "qru2", number, by=SUPERVISOR, now=at + 30 * MINUTE)


def sent(floor: Floor, at, call: int) -> int:
    """A job of the first unit on a ticket of five minutes ago."""
    ticket = complaint(floor, at - 5 * MINUTE, call)
    with floor.db.write() as session:
        config = floor.section(Tickets)
        return service.dispatch(session, config, "qru1", ticket.number, by=SUPERVISOR, now=at).id


def say(floor: Floor, job: int, act: Act, at, **more) -> None:
    by = SUPERVISOR if act is Act.DONE else CREW
    with floor.db.write() as session:
        service.say(session, floor.section(Tickets), job, act, by=by, now=at, **more)


def read(floor: Floor, span: Span = NOVEMBER) -> Figures:
    with floor.db.read() as session:
        return figures(session, span, How.of(floor), now=midnight(floor, NEXT))


def test_jobs_are_counted_where_they_were_sent_and_as_they_stand(driven: Floor) -> None:
    found = read(driven)
    metrics = found.metrics
    assert {
        name.removeprefix("jobs_"): metrics[name] for name in JOB_COUNTER_NAMES if metrics[name]
    } == {
        "sent": 8,
        "first": 7,
        "acknowledged": 6,
        "acknowledge_due": 6,
        "acknowledged_in_time": 6,
        "here": 6,
        "done": 6,
        "declined": 1,
        "open": 1,
        "asked_help": 1,
    }
    assert metrics["median_job_acknowledged"] == 3.5 * 60_000
    assert metrics["median_job_here"] == 13.5 * 60_000
    assert metrics["median_job_on_site"] == 20 * 60_000
    assert metrics["median_first_sent"] == 5 * 60_000
    assert list(found.jobs_by_unit) == ["qru1", "qru2"]
    assert found.jobs_by_unit["qru2"].counters.jobs_first == 0
    assert found.unit_title("en")("qru2") == "Quick Response Unit, North Pattaya and Na Kluea"
    assert found.unit_title("en")("gone") == "gone"


def test_months_and_units_add_up_to_the_whole(driven: Floor) -> None:
    found = read(driven, Span.of_fiscal_year(2570))
    for groups in (found.jobs_by_month, found.jobs_by_unit):
        for name in JOB_COUNTER_NAMES:
            assert sum(each.metrics[name] for each in groups.values()) == found.metrics[name]
    assert [each.counters.jobs_sent for each in found.jobs_by_month.values()] == [0, 8]


def test_every_number_is_what_is_behind_it(driven: Floor) -> None:
    now, how = midnight(driven, NEXT), How.of(driven)
    whole = read(driven)
    with driven.db.read() as session:
        for by, metrics in [({}, whole.metrics)] + [
            ({"unit": unit}, each.metrics) for unit, each in whole.jobs_by_unit.items()
        ]:
            for name in JOB_COUNTER_NAMES:
                of = wanted(name, NOVEMBER, by)
                items = list(behind.behind(session, of, how, now=now))
                assert len(items) == metrics[name] == behind.number(session, of, how, now=now)
        share = wanted("jobs_acknowledged_on_time", NOVEMBER, {})
        over = list(behind.behind(session, share, how, now=now))
        in_time = whole.metrics["jobs_acknowledged_in_time"]
        assert whole.metrics["jobs_acknowledged_on_time"] == in_time / len(over)
        before = Span(DAY - timedelta(days=9), DAY - timedelta(days=1))
        assert not list(behind.behind(session, wanted("jobs_sent", before, {}), how, now=now))


def test_the_list_behind_a_number_is_a_page(driven: Floor, client, bearer) -> None:
    address = f"/reports/behind?metric=median_job_here&unit=qru1&from={DAY}&until={DAY}&lang=en"
    with clock.driven(midnight(driven, NEXT)):
        text = client.get(address, headers=bearer(Role.MANAGER)).text
    assert "On site" in text
    assert "qru1" in text
    assert text.count('href="/tickets/') >= 6


def test_a_unit_that_is_called_like_a_formula_runs_in_no_file(
    driven: Floor, tmp_path: Path
) -> None:
    evil = {"th": '=HYPERLINK("https://evil.example")', "en": "＝1+1"}
    with driven.db.write() as session:
        session.execute(sa.update(Unit).values(title=evil))
    found = read(driven)
    for language in ("th", "en"):
        words = wording(language, driven.texts, driven.section(Ivr), driven.section(Tickets))
        FORMS["csv"](found, words, tmp_path / "jobs.csv")
        cells = csv.reader((tmp_path / "jobs.csv").read_text(encoding="utf-8-sig").splitlines())
        assert f"'{evil[language]}" in {cell for row in cells for cell in row}
        FORMS["xlsx"](found, words, tmp_path / "jobs.xlsx")
        with zipfile.ZipFile(tmp_path / "jobs.xlsx") as book:
            pages = [book.read(each).decode() for each in book.namelist() if "sheet" in each]
        assert not any("HYPERLINK" in page and "<f>" in page for page in pages)
        assert not any("<hyperlink " in page for page in pages)


def test_the_printed_report_tells_of_them(driven: Floor, tmp_path) -> None:
    with driven.db.write() as session:
        draft = answers.AnswerDraft({"th": "ทะเบียน", "en": "Licences"}, {"th": "ที่นี่", "en": "Here"})
        config = driven.section(Tickets)
        written = answers.write(session, config, draft, by="nok", now=midnight(driven))
        for call in (1, 2):
            answers.note_use(session, written, call_id=call, now=midnight(driven) + HOUR)
    printer = Printer.of(driven, tmp_path)
    with driven.db.read() as session:
        document = printer.document(
            session, Span.of_fiscal_year(2570), "en", now=midnight(driven, NEXT)
        )
    chapters = {chapter.title: chapter.blocks for chapter in document.chapters}
    blocks = chapters["Quick Response Units"]
    (numbers,) = (block for block in blocks if isinstance(block, Numbers))
    assert {each.title: each.value for each in numbers.numbers}["Jobs sent"] == "8"
    (table,) = (block for block in blocks if isinstance(block, Table))
    assert [row[1] for row in table.rows] == ["7", "1"]
    assert table.total[1] == "8"
    (beside,) = (block for block in blocks if isinstance(block, Beside))
    ends = beside.tables[1]
    assert ["Jobs declined", "1", "12.5 %"] in ends.rows
    assert sum(int(row[1]) for row in ends.rows) == int(ends.total[1]) == 8, "each ends in one way"
    assert any("asked for help: 1 of 8" in getattr(block, "text", "") for block in blocks)
    assert any("waited for a unit" in getattr(block, "text", "") for block in blocks)
    says = [getattr(block, "says", "") for block in chapters["What people called about"]]
    assert any("Licences 2" in each for each in says)
    assert printer.pdf(document).startswith(b"%PDF")


def test_without_a_job_the_chapter_is_left_out_and_the_notes_say_so(floor: Floor, tmp_path) -> None:
    played(floor)
    with floor.db.read() as session:
        document = Printer.of(floor, tmp_path).document(
            session, NOVEMBER, "en", now=midnight(floor, NEXT)
        )
    assert "Quick Response Units" not in [chapter.title for chapter in document.chapters]
    notes = [getattr(block, "text", "") for block in document.chapters[-1].blocks]
    assert any("No sending of a Quick Response Unit" in text for text in notes)
