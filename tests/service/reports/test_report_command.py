"""`hotline report`, `publish` and `nightly --check`, as they are typed."""

import csv
import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from hotline import clock
from hotline.cli import main
from hotline.floor import Floor
from hotline.models import AuditEvent
from hotline.settings import NAMES
from reports import publishing
from reports.catalogue import CATALOGUE
from reports.models import PublishedMonth, call_days
from reports.service import How
from tests.service.reports.test_night import DAY, midnight
from tests.service.reports.test_rollups import HOUR, complaint, night, played
from tests.support.floors import CONFIG
from tests.support.prepared import prepared
from tests.support.stories import Story

#: A day of the month after.
AFTER = DAY.replace(day=1) + timedelta(days=31)


@pytest.fixture
def hotline(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> Iterator[Floor]:
    """A month that is over and counted, and the words that find its hotline."""
    monkeypatch.setenv(NAMES["database_url"], floor.settings.database_url)
    monkeypatch.setenv("HOTLINE_CONFIG", str(CONFIG))
    month(floor)
    with clock.driven(midnight(floor, AFTER) + HOUR):
        yield floor


@prepared
def month(floor: Floor) -> None:
    played(floor)
    night(floor, AFTER - timedelta(days=1))


def test_a_year_as_json(hotline: Floor, tmp_path: Path) -> None:
    file = tmp_path / "year.json"
    assert main(["report", "--fiscal-year", "2570", "--lang", "en", "--output", str(file)]) == 0
    found = json.loads(file.read_text(encoding="utf-8"))
    assert set(found["metrics"]) == set(CATALOGUE)
    assert (found["from"], found["until"]) == ("2026-10-01", "2027-09-30")
    assert found["metrics"]["calls"] == 36
    assert found["metrics"]["occupancy"] is None
    months = found["calls"]["by_month"]
    calls = {each["key"]: each["metrics"]["calls"] for each in months}
    assert calls.pop("2026-10") is None, "before the hotline's first day: not known, and not none"
    assert sum(calls.values()) == 36
    assert found["names"]["calls"] == "Calls"


def test_a_month_as_a_table_and_as_a_workbook(hotline: Floor, tmp_path: Path) -> None:
    span = ["report", "--from", "2026-11-01", "--until", "2026-11-30"]
    assert main([*span, "--output", str(tmp_path / "month.csv")]) == 0
    text = (tmp_path / "month.csv").read_text(encoding="utf-8-sig")
    lines = list(csv.reader(text.splitlines()))
    values = {line[3]: line[5] for line in lines if line[0] == "whole"}
    assert set(values) == set(CATALOGUE)
    assert (values["calls"], values["occupancy"]) == ("36", "")
    assert main([*span, "--format", "xlsx", "--output", str(tmp_path / "month")]) == 0
    with zipfile.ZipFile(tmp_path / "month") as book:
        names = book.namelist()
        strings = book.read("xl/sharedStrings.xml").decode()
        assert "สายเข้า" in strings
        assert "เกณฑ์ 20 วินาที" in strings
        assert "สาย: มีข้อมูล" in strings, "of which days nothing is known"
        hours = book.read("xl/worksheets/sheet3.xml").decode()
    assert sum(name.startswith("xl/charts/chart") for name in names) >= 8
    assert sum(name.startswith("xl/tables/table") for name in names) == 16
    # the last column is the whole week's
    whole = [int(each) for each in re.findall(r'<c r="I\d+" s="\d+"><v>(\d+)</v>', hours)]
    assert (len(whole), sum(whole)) == (24, 36)


def test_a_month_on_paper_tells_how_far_it_is(
    hotline: Floor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    span = ["report", "--from", "2026-11-01", "--until", "2026-11-30"]
    assert main([*span, "--output", str(tmp_path / "month.pdf")]) == 0
    assert (tmp_path / "month.pdf").read_bytes().startswith(b"%PDF")
    done, of = capsys.readouterr().err.split("\r")[-1].strip().split("/")
    assert done == of


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--fiscal-year", "2570", "--from", "2026-11-01"],
        ["--from", "2026-11-02", "--until", "2026-11-01"],
        ["--fiscal-year", "1"],
        ["--fiscal-year", "2026"],
        ["--from", "1/11/2026"],
        ["--from", "2569-11-01"],
        ["--from", "2026-11-02", "--output", "/no/such/folder/file.json"],
        ["--from", "2026-11-02", "--format-of-none"],
        ["--from", "2999-11-02"],
        ["--from", "2026-11-02", "--output", "/"],
    ],
)
def test_what_cannot_be_meant_is_refused(
    floor: Floor, tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAMES["database_url"], floor.settings.database_url)
    monkeypatch.setenv("HOTLINE_CONFIG", str(CONFIG))
    file = tmp_path / "file.json"
    with suppress(SystemExit):  # argparse: wrong words
        assert main(["report", "--output", str(file), *words]) == 1
    assert not file.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from", "31/10/2026"], "write year-month-day, such as 2026-11-01"),
        (["--from", "2569-11-01"], "2026 for 2569"),
        (["--fiscal-year", "2026"], "2569, not 2026"),
    ],
)
def test_a_wrong_date_says_how_it_is_written(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with suppress(SystemExit):
        main(["report", *words, "--output", "file.json"])
    assert said in capsys.readouterr().err


def test_a_file_of_no_form_says_which_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "--from", "2026-11-02", "--output", str(tmp_path / "file.docx")]) == 1
    assert "ends in none of .json, .csv, .xlsx, .pdf" in capsys.readouterr().err


def test_nothing_is_said_of_days_to_come(
    hotline: Floor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for form in ("json", "csv", "xlsx", "pdf"):
        file = tmp_path / f"file.{form.upper()}"
        assert main(["report", "--from", "2027-03-01", "--output", str(file)]) == 1
        assert "2027-03-01: that day has not come" in capsys.readouterr().err
        assert not file.exists()
    assert main(["nightly", "--check", "--from", "2027-03-01"]) == 1
    assert "that day has not come" in capsys.readouterr().err
    assert main(["publish", "2569-11"]) == 1
    assert "2026-11 for 2569-11" in capsys.readouterr().err


def test_the_check_has_an_exit_code(hotline: Floor, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["nightly", "--from", "2026-11-20", "--until", "2026-11-21", "--check"]
    assert main(words) == 0
    with hotline.db.write() as session:
        session.execute(sa.update(call_days).values(calls=call_days.c.calls + 1))
    capsys.readouterr()
    assert main(words) == 1
    assert "calls is" in capsys.readouterr().out
    assert main(["nightly", "--check"]) == 1, "the days that the night looks at"
    assert main(words[:-1]) == 0
    assert main(words) == 0
    assert main(["nightly", "--check"]) == 0
    for no_days in (["nightly"], ["nightly", "--until", "2026-11-21", "--check"]):
        with pytest.raises(SystemExit) as wrong:
            main(no_days)
        assert wrong.value.code == 2
        assert "say which days" in capsys.readouterr().err


def test_a_published_month_stays_as_it_was(
    hotline: Floor, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["publish", "2026-11"]) == 0
    assert main(["publish", "2026-11"]) == 1
    assert main(["publish", "2026-12"]) == 1  # not over
    assert main(["publish", "November"]) == 1
    with hotline.db.read() as session:
        row = session.scalars(sa.select(PublishedMonth)).one()
        assert row.figures["metrics"]["calls"] == 36
        kinds = session.scalars(sa.select(AuditEvent.kind)).all()
    assert kinds == [publishing.AUDITED]
    # a call comes to light afterwards
    with hotline.db.write() as session:
        Story(session, midnight(hotline) + 3 * HOUR).ended(5)
    complaint(hotline, midnight(hotline) + 3 * HOUR, 77)
    assert main(["nightly", "--from", "2026-11-20"]) == 0
    capsys.readouterr()
    assert main(["publish", "2026-11", "--show"]) == 0
    told = capsys.readouterr().out
    assert "calls: published 36, today 37" in told
    assert "tickets_received: published 7, today 8" in told
    with hotline.db.read() as session:
        assert session.scalars(sa.select(PublishedMonth)).one().figures["metrics"]["calls"] == 36


def test_the_database_refuses_to_change_a_publication(hotline: Floor) -> None:
    with hotline.db.write() as session:
        publishing.publish(session, DAY.replace(day=1), How.of(hotline), by=None, now=clock.now())
    for statement in (sa.delete(PublishedMonth), sa.update(PublishedMonth).values(by="me")):
        with pytest.raises(sa.exc.DatabaseError), hotline.db.write() as session:
            session.execute(statement)
