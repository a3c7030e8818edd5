"""Calls of past years: counted to the second, once, and taken back without a trace."""

import csv
import io
import random
import re
import shutil
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotline import audit, city, clock, db
from hotline.auth import Role
from hotline.cli import main
from hotline.db import Database
from hotline.errors import ConfigError, Invalid
from hotline.floor import Floor
from hotline.privacy import service as privacy
from hotline.privacy.keepers import Subject
from ivr.config import CallRetention, Ivr
from reports import jobs, service
from reports.figures import figures as figures_of
from reports.history import importing, keeping, maps
from reports.history import service as history
from reports.history.importing import BeingImported, Job
from reports.history.models import Import, ImportDay, ImportedCall
from reports.metrics import Counters, total
from reports.models import ReportDay, RollupDay, call_intervals
from reports.rollups import Part
from reports.service import How
from reports.span import Span
from reports.today import Today
from scripts import count_log
from tests.service.reports.test_night import DAY, midnight, night, write_day
from tests.support.floors import CONFIG
from tests.support.old_logs import BANK_HEAD, bank
from tests.support.stories import snapshot

FIRST, LAST = date(1999, 8, 1), date(1999, 8, 31)
NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
NUMBERS = """
source: numbers
time: {zone: Asia/Bangkok, era: buddhist, formats: ["%d/%m/%Y %H:%M:%S"]}
key: [id]
moments: {arrived: at}
lengths: {wait: wait, talk: talk}
outcomes: [{when: {end: ok}, is: answered}, {when: {end: lost}, is: abandoned}]
queue: {always: information}
number: phone
"""


def log(path: Path, rows: list[str]) -> Path:
    path.write_text("\n".join([BANK_HEAD, *rows, ""]), encoding="ascii")
    return path


def job_of(floor: Floor, file: Path, the_map: Path | None = None) -> Job:
    path = the_map or maps.find("bank-log")
    return Job(file, path, maps.load(path), How.of(floor), "TH", NOW)


def bring(floor: Floor, file: Path, the_map: Path | None = None, rejects: Path | None = None):
    with clock.driven(NOW):
        return importing.perform(
            floor.db, job_of(floor, file, the_map), by="tests", rejects=rejects
        )


def counted(database: Database, first: date = FIRST, last: date = LAST) -> Counters:
    with database.read() as session:
        return total(row.counters for row in service.rows(session, first, last))


def stored(database: Database) -> list:
    with database.read() as session:
        return snapshot(session, call_intervals)


def figures(counters: Counters) -> dict[str, float]:
    """By the names of the independent count."""
    return {
        "calls": counters.calls,
        "not queued": counters.not_queued,
        "offered": counters.offered,
        "answered": counters.answered,
        "answered within 20 s": counters.answered_in_threshold,
        "wait of answered": counters.wait_answered_ms / 1000,
        "longest wait": counters.wait_answered_max_ms / 1000,
        "talk": counters.talk_ms / 1000,
        "abandoned": counters.abandoned,
        "abandoned within 5 s": counters.short_abandoned,
        "wait of abandoned": counters.wait_abandoned_ms / 1000,
    }


def only(expected: Counter[str]) -> dict[str, float]:
    return {name: expected[name] for name in figures(Counters())}


# ---------------------------------------------------------------- to the second


def test_a_month_is_what_a_count_that_knows_nothing_of_ours_gives(floor, tmp_path):
    rows = bank(2500)
    done = bring(floor, log(tmp_path / "log.tsv", rows), rejects=tmp_path / "bad.csv")
    whole, days = count_log.count([BANK_HEAD, *rows])
    assert min(whole[name] for name in whole) > 0
    assert done.told.counts.bad == whole["negative duration"]
    assert done.told.ignored["phantom"] == whole["phantom"]
    last = max(days)
    assert figures(counted(floor.db, last=last)) == only(whole)
    for day, expected in days.items():
        assert figures(counted(floor.db, day, day)) == only(expected), day
    assert last == LAST + timedelta(days=1), "a call of the last night entered the queue after it"


def test_bad_rows_are_kept_byte_for_byte_with_the_reason(floor, tmp_path):
    rows = bank(200)
    rows[10] = rows[10].replace("2010-08", "2010-13")
    rows[20] = rows[20].rpartition("\t")[0]
    rows[30] = rows[30].replace("AA", "\x80")
    file = tmp_path / "log.tsv"
    file.write_bytes("\n".join([BANK_HEAD, *rows, ""]).encode("latin-1"))
    done = bring(floor, file, rejects=tmp_path / "bad.csv")
    lines = file.read_bytes().splitlines(keepends=True)
    text = (tmp_path / "bad.csv").read_bytes().decode("latin-1")
    bad = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(bad) == done.told.counts.bad
    assert {12, 22, 32} <= {int(each["line"]) for each in bad}
    for each in bad:
        assert each["text"].encode("latin-1") == lines[int(each["line"]) - 1]
        assert each["reason"]
    counts = done.told.counts
    assert counts.read == counts.new + counts.known + counts.ignored + counts.bad == 200


def test_a_dry_run_says_the_same_and_writes_nothing(floor, tmp_path):
    rows = bank(500)
    file = log(tmp_path / "log.tsv", [*rows, *rows[:50]])
    told = importing.look(floor.db, job_of(floor, file))
    assert list(tmp_path.glob("log*")) == [file]
    with floor.db.read() as session:
        assert history.imports(session) == []
    done = bring(floor, file)
    assert told == done.told
    assert told.counts.known > 30
    again = importing.look(floor.db, job_of(floor, file))
    assert (again.counts.new, again.counts.known) == (0, told.counts.new + told.counts.known)


# ---------------------------------------------------------------- once, in any order


def test_twice_is_once(floor, tmp_path):
    file = log(tmp_path / "log.tsv", bank(400))
    first = bring(floor, file)
    once = stored(floor.db)
    second = bring(floor, file)
    assert (second.told.counts.new, second.told.counts.known) == (0, first.told.counts.new)
    assert second.days == 0
    assert stored(floor.db) == once


def test_the_same_call_with_other_figures_is_not_taken_for_a_second_one(floor, tmp_path):
    rows = bank(50, days=1)
    bring(floor, log(tmp_path / "log.tsv", rows))
    once = stored(floor.db)
    parts = next(row for row in rows if "AGENT" in row and "\t-" not in row).split("\t")
    parts[15] = str(int(parts[15]) + 1)
    told = bring(floor, log(tmp_path / "other.tsv", ["\t".join(parts)])).told
    assert told.counts.bad == 1
    assert "of import 1, but other figures" in told.bad[0][1]
    assert stored(floor.db) == once


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A migrated database without a row: what a property begins with, each time."""
    path = tmp_path_factory.mktemp("empty") / "empty.sqlite"
    db.migrate(f"sqlite:///{path}")
    return path


@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 9), cuts=st.lists(st.integers(0, 60), max_size=3), chance=st.randoms())
def test_whatever_the_order_of_rows_and_files(
    empty: Path, shipped_how: How, seed: int, cuts: list[int], chance: random.Random
) -> None:
    """Also when rows stand in several of the files."""
    rows = bank(60, seed=seed, days=3)
    mixed = [*rows, *chance.sample(rows, 10)]
    chance.shuffle(mixed)
    edges = [0, *sorted(cuts), len(mixed)]
    parts = [mixed[start:end] for start, end in pairwise(edges)]
    results = []
    for files in ([rows], parts):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(empty, Path(folder) / "db.sqlite")
            database = Database(f"sqlite:///{folder}/db.sqlite", pool_size=1)
            try:
                for number, part in enumerate(files):
                    file = log(Path(folder) / f"{number}.tsv", part)
                    path = maps.find("bank-log")
                    job = Job(file, path, maps.load(path), shipped_how, "TH", NOW)
                    with clock.driven(NOW):
                        counts = importing.perform(database, job, by="tests").told.counts
                    assert counts.read == len(part)
                    assert counts.read == sum(vars(counts).values()) - counts.read
                results.append(stored(database))
            finally:
                database.dispose()
    assert results[0] == results[1]


@pytest.fixture(scope="module")
def shipped_how(shipped_config) -> How:
    section = shipped_config.reports
    return How(shipped_config.city.zone, section.rules, section.window_days)


# ---------------------------------------------------------------- cut off, and back


class Killed(BaseException):
    """What ends a process without a word."""


def test_killed_in_the_middle_and_run_again(floor, tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 50)
    rows = bank(600)
    file, bad = log(tmp_path / "log.tsv", [*rows, *rows[:30]]), tmp_path / "bad.csv"
    for after in (120, 333):

        def stop(_read: int, _size: int, rows_read: int, after: int = after) -> None:
            if rows_read >= after:
                raise Killed

        with clock.driven(NOW), pytest.raises(Killed):
            importing.perform(floor.db, job_of(floor, file), by="tests", rejects=bad, progress=stop)
        assert not bad.exists()
        with floor.db.read() as session:
            assert 0 < len(session.scalars(sa.select(ImportedCall.id)).all()) < 500
    done = bring(floor, file, rejects=bad)
    whole, _ = count_log.count([BANK_HEAD, *rows])
    assert done.import_.id == 1
    assert done.told.counts.new == whole["calls"]
    assert done.told.counts.known > 20
    assert figures(counted(floor.db, last=LAST + timedelta(days=1))) == only(whole)
    assert bad.read_bytes().count(b"negative duration") == done.told.counts.bad


def test_a_killed_import_is_finished_by_the_night(floor, tmp_path, monkeypatch):
    """All rows are in, and no day was counted: the night does it."""
    monkeypatch.setattr(importing, "count_days", lambda _db, _how: 0)
    rows = bank(300)
    bring(floor, log(tmp_path / "log.tsv", rows))
    assert counted(floor.db).calls == 0
    night(floor, date(2026, 11, 19))
    whole, _ = count_log.count([BANK_HEAD, *rows])
    assert figures(counted(floor.db, last=LAST + timedelta(days=1))) == only(whole)


def test_a_hotline_that_is_busy_comes_first(floor, tmp_path, monkeypatch):
    """A unit of work that found the database taken is done again."""
    write, refused = history.write, iter([True, True, False, True])

    def busy(*given, **more):
        if next(refused, False):
            raise sa.exc.OperationalError("BEGIN IMMEDIATE", None, Exception("database is locked"))
        return write(*given, **more)

    monkeypatch.setattr(importing, "BATCH", 40)
    monkeypatch.setattr(history, "write", busy)
    rows = bank(100)
    counts = bring(floor, log(tmp_path / "log.tsv", rows)).told.counts
    whole, _ = count_log.count([BANK_HEAD, *rows])
    assert (counts.read, counts.new) == (100, whole["calls"])
    assert figures(counted(floor.db, last=LAST + timedelta(days=1))) == only(whole)


def test_two_of_the_same_file_at_once_are_one(floor, tmp_path):
    file = log(tmp_path / "log.tsv", bank(10))
    with importing._opened(job_of(floor, file)), pytest.raises(BeingImported):
        bring(floor, file)


def test_taken_back_it_was_never_there(floor, tmp_path):
    bring(floor, log(tmp_path / "a.tsv", bank(200)))
    before = stored(floor.db)
    with floor.db.read() as session:
        days = set(session.scalars(sa.select(ReportDay.day)))
    second = bring(floor, log(tmp_path / "b.tsv", bank(300, seed=2, first=date(2010, 9, 1))))
    third = bring(floor, log(tmp_path / "c.tsv", _other(bank(300, seed=3))))
    with clock.driven(NOW):
        for each in (second, third):
            importing.undo(floor.db, each.import_.id, How.of(floor), by="me", reason="wrong file")
    assert stored(floor.db) == before
    with floor.db.read() as session:
        assert set(session.scalars(sa.select(ReportDay.day))) == days
        assert session.scalars(sa.select(ImportDay.day)).all() == []
        (line,) = audit.lines(
            session, audit.Asked(kind="reports.import_undone", subject="import:2")
        )
    assert line.reason == "wrong file"
    with pytest.raises(history.AlreadyUndone):
        importing.undo(floor.db, second.import_.id, How.of(floor), by="me")
    with pytest.raises(history.NoSuchImport):
        importing.undo(floor.db, 99, How.of(floor), by="me")


def _other(rows: list[str]) -> list[str]:
    """Calls of another machine."""
    return [row.replace("AA", "BB", 1) for row in rows]


# ---------------------------------------------------------------- beside the hotline's own


def test_exactly_the_days_that_it_touched_are_counted_anew(floor, tmp_path):
    own = date(2026, 11, 17)
    write_day(floor, own, 30)
    write_day(floor, own + timedelta(days=1), 20, seed=2)
    for number in range(2):
        night(floor, own + timedelta(days=number))
    with floor.db.read() as session:
        at = {each.day: each.counted_at for each in session.scalars(sa.select(ReportDay))}
        alone = total(row.counters for row in service.rows(session, own, own))
    # the years of the log are shifted to ours by a map of one's own
    text = maps.find("bank-log").read_text("utf-8").replace("year_shift: -11", "year_shift: 16")
    the_map = tmp_path / "map.yaml"
    the_map.write_text(text, encoding="utf-8")
    rows = [row for row in bank(40, first=date(2010, 11, 17), days=1) if "\t23:5" not in row]
    done = bring(floor, log(tmp_path / "log.tsv", rows), the_map)
    assert done.days == 1
    with floor.db.read() as session:
        days = {each.day: each for each in session.scalars(sa.select(ReportDay))}
    assert {day for day, each in days.items() if each.counted_at != at[day]} == {own}
    assert days[own].revised_at is not None
    both = counted(floor.db, own, own)
    assert both.calls == alone.calls + done.told.counts.new
    night(floor, own)
    assert counted(floor.db, own, own) == both


def test_years_without_a_hotline_are_no_gap(floor, tmp_path):
    write_day(floor, date(2026, 11, 18), 5)
    night(floor, date(2026, 11, 18))
    bring(floor, log(tmp_path / "log.tsv", bank(100)))
    with floor.db.read() as session:
        for first, last in ((FIRST, LAST), (date(2005, 1, 1), date(2005, 12, 31))):
            found = service.counted(session, first, last, How.of(floor), now=NOW, by_day=True)
            assert (found.live_days, found.missing_days) == ((), ())
        assert found.rows == []


def test_a_day_that_is_not_counted_yet_is_counted_for_the_reader(floor, tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "count_days", lambda _db, _how: 0)
    write_day(floor, date(2026, 11, 18), 5)
    night(floor, date(2026, 11, 18))
    rows = bank(100, days=1)
    bring(floor, log(tmp_path / "log.tsv", rows))
    with floor.db.read() as session:
        found = service.counted(session, FIRST, FIRST, How.of(floor), now=NOW, by_day=True)
    assert found.live_days == (FIRST,)
    _, days = count_log.count([BANK_HEAD, *rows])
    assert total(row.counters for row in found.rows).calls == days[FIRST]["calls"]


# ---------------------------------------------------------------- whose calls they were


@pytest.fixture
def numbers(floor, tmp_path):
    """An import of two calls with numbers, of 2567 and of 2569."""
    file, the_map = tmp_path / "numbers.csv", tmp_path / "numbers.yaml"
    file.write_text(
        "id,at,wait,talk,end,phone\n"
        "1,29/02/2567 10:00:00,10,60,ok,081 234 5678\n"
        "2,19/11/2569 10:00:00,10,,lost,0812345678\n"
        "3,19/11/2569 10:00:00,10,,lost,ไม่แสดง\n",
        encoding="utf-8",
    )
    the_map.write_text(NUMBERS, encoding="utf-8")
    kept = CallRetention(numbers="10 years")
    with clock.driven(NOW):
        job = replace(job_of(floor, file, the_map), numbers_from=keeping.keeps_from(kept, NOW))
        importing.perform(floor.db, job, by="tests")
    return floor


def kept_numbers(floor: Floor) -> list[str | None]:
    with floor.db.read() as session:
        return list(session.scalars(sa.select(ImportedCall.number).order_by(ImportedCall.line)))


def retain(floor: Floor, numbers: str) -> None:
    section = floor.section(Ivr).model_copy(update={"retention": CallRetention(numbers=numbers)})
    floor.sections = {**floor.sections, Ivr: section}


def test_a_leap_day_of_the_buddhist_calendar(numbers):
    assert counted(numbers.db, date(2024, 2, 29), date(2024, 2, 29)).answered == 1


def test_numbers_are_forgotten_as_those_of_our_own_calls(numbers):
    before = stored(numbers.db)
    assert kept_numbers(numbers) == ["+66812345678", "+66812345678", None]
    retain(numbers, "2 years")
    done = [each for each in privacy.run(numbers, NOW) if each.room == keeping.ROOM]
    assert [each.act for each in done] == [keeping.FORGET]
    assert kept_numbers(numbers) == [None, "+66812345678", None]
    assert [each for each in privacy.run(numbers, NOW) if each.room == keeping.ROOM] == []
    assert stored(numbers.db) == before


def test_what_would_be_forgotten_tonight_is_not_brought_in(floor, tmp_path, numbers):
    with clock.driven(NOW):
        importing.undo(floor.db, 1, How.of(floor), by="me")
        job = job_of(floor, tmp_path / "numbers.csv", tmp_path / "numbers.yaml")
        job = replace(job, numbers_from=keeping.keeps_from(CallRetention(numbers="1 year"), NOW))
        importing.perform(floor.db, job, by="tests")
    assert kept_numbers(floor) == [None, "+66812345678", None]


def test_somebody_asks_for_theirs_and_to_be_forgotten(numbers):
    subject = Subject(number="+66812345678")
    with numbers.db.read() as session:
        about = keeping.about(numbers, session, subject)
    assert len(about.facts["imported_calls"]) == 2
    asked = {"reason": "asked", "by": None, "now": NOW}
    with numbers.db.write() as session:
        dry = privacy.erase(numbers, session, subject, dry=True, **asked)
    assert kept_numbers(numbers)[0] is not None
    with numbers.db.write() as session:
        did = privacy.erase(numbers, session, subject, dry=False, **asked)
    assert dry.counts["imported_calls"] == did.counts["imported_calls"] == 2
    assert kept_numbers(numbers) == [None, None, None]


# ---------------------------------------------------------------- maps and files that do not fit


def test_a_header_that_is_not_the_maps(floor, tmp_path):
    file, the_map = tmp_path / "numbers.csv", tmp_path / "numbers.yaml"
    the_map.write_text(NUMBERS, encoding="utf-8")
    file.write_text("id,at,wait,speech,end,phone,id\n", encoding="utf-8")
    with pytest.raises(ConfigError) as wrong:
        bring(floor, file, the_map)
    assert [str(fault) for fault in wrong.value.faults] == [
        'lengths.talk: no column "talk"',
        "(the columns): are id, at, wait, speech, end, phone, id",
        '(the file): has two columns "id"',
    ]
    with floor.db.read() as session:
        assert session.scalars(sa.select(Import)).all() == []


def test_a_header_in_another_encoding_is_told_as_that(floor, tmp_path):
    file, the_map = tmp_path / "numbers.csv", tmp_path / "numbers.yaml"
    the_map.write_text(NUMBERS, encoding="utf-8")
    file.write_bytes("เลขที่,วันที่\n".encode("tis-620"))
    with pytest.raises(ConfigError) as wrong:
        bring(floor, file, the_map)
    assert [str(fault) for fault in wrong.value.faults] == [
        "(the header): field 1 is not utf-8: byte 0xe0",
        "file.encoding: the header may be tis-620",
    ]


def test_what_nothing_says_which_call_it_is_is_no_call(floor, tmp_path):
    """Two such rows would be one call, told twice."""
    file, the_map = tmp_path / "numbers.csv", tmp_path / "numbers.yaml"
    the_map.write_text(NUMBERS, encoding="utf-8")
    row = "29/02/2567 10:00:00,10,60,ok,"
    file.write_text(f"id,at,wait,talk,end,phone\n1,{row}\n,{row}\n", encoding="utf-8")
    told = bring(floor, file, the_map).told
    assert (told.counts.new, told.counts.bad) == (1, 1)
    assert told.bad[0][1] == "nothing says which call it is: id is empty"


def test_the_hours_of_a_dial_plan_without_a_queue(floor, tmp_path):
    """Asterisk's call detail records."""
    file = tmp_path / "Master.csv"

    def record(end: str, app: str, answer: str, disposition: str, id_: int, to: str = "PJSIP/1"):
        return (
            f'"","0812345678","1337","from-trunk","""A"" <0812345678>","PJSIP/t-{id_}","{to}",'
            f'"{app}","x","2026-10-01 08:00:00","{answer}","2026-10-01 08:00:{end}",1,1,'
            f'"{disposition}","DOCUMENTATION","16.{id_}",""\n'
        )

    file.write_text(
        record("50", "Dial", "2026-10-01 08:00:08", "ANSWERED", 1)
        + record("30", "Dial", "", "NO ANSWER", 2)
        + record("09", "Playback", "2026-10-01 08:00:00", "ANSWERED", 3, "")
        + record("40", "Queue", "2026-10-01 08:00:00", "ANSWERED", 4)
        + record("05", "Dial", "", "BUSY", 5),
        encoding="utf-8",
    )
    told = bring(floor, file, maps.find("asterisk-cdr")).told
    assert (told.counts.new, told.counts.bad) == (4, 1)
    found = counted(floor.db, date(2026, 10, 1), date(2026, 10, 1))
    assert (found.calls, found.offered, found.not_queued) == (4, 3, 1)
    assert (found.answered, found.wait_answered_ms, found.talk_ms) == (1, 8000, 42_000)
    assert (found.abandoned, found.wait_abandoned_ms, found.left_queue) == (1, 30_000, 1)


def test_telephones_that_ring_together_or_in_turn_are_one_call(floor, tmp_path):
    """Asterisk writes a record for each of them, with the same uniqueid."""
    file = tmp_path / "Master.csv"

    def record(id_: int, to: int, start: str, answer: str, end: str, how: str) -> str:
        at = [each and f"2026-10-01 08:{each}" for each in (start, answer, end)]
        return (
            f'"","0812345678","1337","from-trunk","A","PJSIP/t-{id_}","PJSIP/{to}","Dial","x",'
            f'"{at[0]}","{at[1]}","{at[2]}",1,1,"{how}","DOCUMENTATION","16.{id_}",""\n'
        )

    rows = [
        record(1, 101, "00:00", "", "00:12", "NO ANSWER"),
        record(1, 102, "00:00", "00:12", "01:12", "ANSWERED"),
        record(1, 103, "00:00", "", "00:12", "NO ANSWER"),
        record(2, 101, "10:00", "", "10:20", "NO ANSWER"),
        record(2, 102, "10:20", "10:25", "10:35", "ANSWERED"),
        record(3, 101, "20:00", "", "20:20", "BUSY"),
        record(3, 102, "20:20", "", "20:50", "NO ANSWER"),
        record(4, 101, "30:00", "", "30:10", "NO ANSWER"),
        record(4, 102, "30:10", "30:05", "30:40", "ANSWERED"),
        # apart from the others of its call: nothing is counted twice
        record(1, 104, "01:12", "", "01:20", "NO ANSWER"),
    ]
    file.write_text("".join(rows), encoding="utf-8")
    told = bring(floor, file, maps.find("asterisk-cdr"), tmp_path / "bad.csv").told
    assert (told.counts.new, told.counts.bad) == (3, 3)
    assert [reason for _, reason in told.bad] == [
        "another row of its call is bad: line 9",
        "connected before queued",
        "the same call as line 1 of import 1, but other figures",
    ]
    for row in (rows[7], rows[8], rows[9]):
        assert row.replace('"', '""') in (tmp_path / "bad.csv").read_text(encoding="utf-8")
    found = counted(floor.db, date(2026, 10, 1), date(2026, 10, 1))
    assert (found.calls, found.answered, found.abandoned) == (3, 2, 1)
    assert (found.wait_answered_ms, found.talk_ms) == (12_000 + 25_000, 60_000 + 10_000)
    assert found.wait_abandoned_ms == 50_000
    again = bring(floor, file, maps.find("asterisk-cdr")).told
    assert (again.counts.new, again.counts.known) == (0, 3)


def test_recomputing_by_hand_gives_the_same(floor, tmp_path):
    bring(floor, log(tmp_path / "log.tsv", bank(100)))
    once = stored(floor.db)
    jobs.recount(floor.db, How.of(floor), FIRST, LAST)
    assert stored(floor.db) == once


def test_a_year_counted_by_hand_does_not_begin_the_hotline_in_it(floor, tmp_path):
    """The days without an imported call stay days of which nothing is known."""
    bring(floor, log(tmp_path / "log.tsv", bank(100)))
    write_day(floor, DAY)
    with clock.driven(NOW):
        night(floor, DAY)
        with floor.db.read() as session:
            before = list(session.scalars(sa.select(ReportDay.day).order_by(ReportDay.day)))
        words = jobs.recount(floor.db, How.of(floor), date(1998, 10, 1), date(1999, 9, 30))
    assert "0 days have other numbers" in words
    with floor.db.read() as session:
        assert service.first_own_day(session) >= DAY - timedelta(days=3)
        assert list(session.scalars(sa.select(ReportDay.day).order_by(ReportDay.day))) == before
        assert not session.scalar(sa.select(RollupDay.day).where(RollupDay.day < FIRST))


def test_a_day_to_come_is_not_counted(floor):
    with clock.driven(NOW), pytest.raises(Invalid):
        jobs.recount(floor.db, How.of(floor), date(2026, 11, 21), date(2026, 11, 22))


def test_a_year_of_which_a_part_was_imported_says_what_is_not_known(floor, tmp_path):
    """Also before the first night of the hotline's own."""
    bring(floor, log(tmp_path / "log.tsv", bank(100)))
    with floor.db.read() as session:
        found = figures_of(session, Span.of_fiscal_year(2542), How.of(floor), now=NOW)
    calls = found.coverage[Part.CALLS]
    assert (calls.days + len(calls.unknown), calls.live, calls.missing) == (365, (), ())
    assert calls.unknown[0] == date(1998, 10, 1)
    months = {month: each.metrics["calls"] for month, each in found.calls_by_month.items()}
    assert months.pop(FIRST) == found.metrics["calls"] > 0
    assert set(months.values()) == {None}
    assert found.metrics["tickets_received"] is None, "nobody counted any"
    assert not found.coverage[Part.TICKETS].days


def test_the_page_of_such_a_year_has_no_zero_where_nobody_counted(floor, tmp_path, client, bearer):
    bring(floor, log(tmp_path / "log.tsv", bank(100)))
    page = client.get("/reports/year/2542?lang=en", headers=bearer(Role.MANAGER)).text
    assert "Nothing is known of 1 October 1998 – " in page
    rows = re.findall(r'<tr><th scope="row"><a href="/reports/month/(\S+)">.*?</tr>', page, re.S)
    cells = re.findall(r'<a href="/reports/month/\S+">[^<]*</a></th>(.*?)</tr>', page, re.S)
    known = {
        month: "–" not in row.split("</td>")[0] for month, row in zip(rows, cells, strict=True)
    }
    assert [month for month, there in known.items() if there] == ["1999-08"]
    assert len(known) == 12


def queue_log(path: Path) -> Path:
    """A day of Asterisk's own log: one answered, one that hung up."""
    start = int(datetime(2026, 10, 1, 1, tzinfo=UTC).timestamp())
    lines = [
        "0|a|600|NONE|ENTERQUEUE||0812345678|1",
        "12|a|600|Anong|CONNECT|12|x.1|4",
        "72|a|600|Anong|COMPLETECALLER|12|60|1",
        "80|b|600|NONE|ENTERQUEUE||0812345678|1",
        "90|b|600|NONE|ABANDON|1|1|10",
    ]
    pairs = (line.split("|", 1) for line in lines)
    path.write_text("".join(f"{start + int(at)}|{more}\n" for at, more in pairs))
    return path


def test_what_an_old_exchange_knows_nothing_of_is_empty_and_not_zero(floor, tmp_path):
    """Each by its map; in the month and the queue as in the whole, and in the days' own files."""
    bring(floor, log(tmp_path / "log.tsv", bank(100)))
    bring(floor, queue_log(tmp_path / "queue_log"), maps.find("asterisk-queue-log"))
    spans = {Span(FIRST, LAST): "left_queue", Span.of_month(2026, 10): "not_queued"}
    for span, alone in spans.items():
        with floor.db.read() as session:
            found = figures_of(session, span, How.of(floor), now=NOW)
        for each in (found.calls, *found.calls_by_month.values(), *found.calls_by_queue.values()):
            for name in ("passed_out", "rated", "hold_ms", "transferred", "rating_response", alone):
                assert each.metrics[name] is None, name
        # what the log tells is a number, if none
        assert found.metrics["abandoned"] > 0
        assert found.metrics["first_calls"] is None
        others = {*spans.values()} - {alone}
        assert {found.metrics[name] for name in others} != {None}
        assert "rated" in found.as_json()["imported"][0]["untold"]


def test_of_days_of_our_own_as_well_it_is_a_number_and_a_note(floor, tmp_path, client, bearer):
    write_day(floor, DAY)
    the_map = tmp_path / "numbers.yaml"
    the_map.write_text(NUMBERS, encoding="utf-8")
    file = tmp_path / "month.csv"
    file.write_text("id,at,wait,talk,end,phone\n1,02/11/2569 08:00:00,5,60,ok,\n", encoding="utf-8")
    bring(floor, file, the_map)
    with floor.db.read() as session:
        month = figures_of(session, Span.of_month(DAY.year, DAY.month), How.of(floor), now=NOW)
        day = figures_of(
            session, Span(date(2026, 11, 2), date(2026, 11, 2)), How.of(floor), now=NOW
        )
    assert (month.metrics["rated"], day.metrics["rated"]) == (0, None)
    shown = client.get("/reports/month/2026-11?lang=en", headers=bearer(Role.MANAGER)).text
    assert "numbers does not tell: Never queued, " in shown


def test_pages_and_files_of_days_have_it_empty(floor, tmp_path, client, bearer):
    bring(floor, queue_log(tmp_path / "queue_log"), maps.find("asterisk-queue-log"))
    who = bearer(Role.MANAGER)
    for name in ("day/2026-10-01", "month/2026-10", "year/2570"):
        page = client.get(f"/reports/{name}?lang=en", headers=who).text
        foot = page.split("<tfoot>")[1].split("</tfoot>")[0]
        cells = [re.sub(r"<[^>]*>", "", each).strip() for each in foot.split("<td")[1:]]
        calls, not_queued, offered = (each.rpartition(">")[2].strip() for each in cells[:3])
        assert (calls, not_queued, offered) == ("2", "–", "2"), name
        assert "asterisk does not tell: Never queued, Transferred out, " in page
        for asked in ("lang=en", "names=identifiers"):
            text = client.get(f"/reports/{name}.csv?{asked}", headers=who).text
            (row, *_) = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
            named = {key.lower().replace(" ", "_"): value for key, value in row.items()}
            assert (named["not_queued" if "=id" in asked else "never_queued"], named["held"]) == (
                ("", "")
            )
            assert named["abandoned"] in ("0", "1")
    behind = client.get(
        "/reports/behind?metric=passed_out&from=2026-10-01&until=2026-10-01&lang=en", headers=who
    ).text
    assert re.search(r"<h1>[^<]*–", behind)


def test_what_is_brought_in_of_today_is_on_the_wallboard_at_once(floor, tmp_path):
    the_map = tmp_path / "numbers.yaml"
    the_map.write_text(NUMBERS, encoding="utf-8")
    file = tmp_path / "today.csv"
    head, row = "id,at,wait,talk,end,phone\n", "{},20/11/2569 08:00:00,5,60,ok,\n"
    figures_of_today = Today(How.of(floor))

    def answered() -> int:
        with floor.db.read() as session:
            cells = figures_of_today.cells(session, NOW)
        return total(cells.values()).answered

    assert answered() == 0
    file.write_text(head + row.format(1) + row.format(2), encoding="utf-8")
    done = bring(floor, file, the_map)
    assert answered() == 2
    with clock.driven(NOW):
        importing.undo(floor.db, done.import_.id, How.of(floor), by="tests")
    assert answered() == 0


def test_it_begins_at_midnight_of_the_city(floor, tmp_path):
    bring(floor, log(tmp_path / "log.tsv", bank(100)))
    with floor.db.read() as session:
        found = list(history.facts(session, [(midnight(floor, FIRST), midnight(floor, LAST))]))
    assert all(midnight(floor, FIRST) <= each.moment for each in found)


# ---------------------------------------------------------------- the page and the command


def test_the_page_tells_every_import_to_those_who_answer_for_the_figures(
    floor, tmp_path, client, bearer
):
    asked = "/reports/imports?lang=en"
    assert "There are none yet" in client.get(asked, headers=bearer(Role.MANAGER)).text
    bring(floor, log(tmp_path / "august.tsv", bank(200)))
    with floor.db.write() as session:  # a name of a file is a name, whatever it says
        session.execute(sa.update(Import).values(file_name="<b>.tsv"))
    shown = client.get(asked, headers=bearer(Role.ADMINISTRATOR)).text
    assert "&lt;b&gt;.tsv" in shown
    assert "200 read" in shown
    assert "negative duration" in shown
    for role in (Role.SUPERVISOR, Role.AGENT):
        assert client.get(asked, headers=bearer(role)).status_code == 403


def test_a_report_says_that_it_counts_imported_calls(floor, tmp_path, client, bearer):
    bring(floor, log(tmp_path / "log.tsv", bank(50)))
    said = "calls imported from an old exchange (bank-1999)"
    for path, there in (
        ("month/1999-08", True),
        ("day/1999-08-12", True),
        ("day/2026-11-19", False),
    ):
        for role in (Role.SUPERVISOR, Role.MANAGER):
            shown = client.get(f"/reports/{path}?lang=en", headers=bearer(role)).text
            assert (said in shown) == there
            assert ("/reports/imports" in shown) == (role is Role.MANAGER)


@pytest.fixture
def command(sqlite_url, tmp_path, monkeypatch, capsys):
    """`hotline import-calls` of a hotline of its own: its words in, what it says out."""
    for name, value in {"HOTLINE_DATA": str(tmp_path), "HOTLINE_CONFIG": str(CONFIG)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.chdir(tmp_path)

    def run(*words: str, code: int = 0) -> str:
        assert main(["import-calls", *words]) == code
        said = capsys.readouterr()
        return said.out + said.err

    return run


def test_the_command_says_what_is_wrong_with_a_file(command, tmp_path):
    file = str(log(tmp_path / "log.tsv", bank(20)))
    said = command("nothing.csv", "--map", "bank-log", code=1)
    assert "nothing.csv: there is no such file" in said
    assert "The map" not in said
    assert "is it the map of this file?" in command(file, "--map", "asterisk-cdr", "--dry-run")
    (tmp_path / "empty.csv").touch()
    assert "no row in this file" in command("empty.csv", "--map", "asterisk-cdr", "--dry-run")


def test_the_command(command, sqlite_url, tmp_path):
    config, run = city.load(CONFIG), command
    how = How.by(config.city.zone, config.reports, config.agents)
    file = str(log(tmp_path / "log.tsv", bank(300)))
    whole, _ = count_log.count([BANK_HEAD, *bank(300)])

    assert run("--list-maps").split() == maps.names()
    assert "kind: events" in run("--print-map", "asterisk-queue-log")
    dry = run(file, "--map", "bank-log", "--dry-run")
    assert f"{whole['calls']:,} would be imported" in dry
    assert "nothing was written" in dry
    assert run("--list") == "there were no imports\n"
    assert not (tmp_path / "log.tsv.bad.csv").exists()
    assert f"{whole['calls']:,} imported" in run(file, "--map", "bank-log", "--by", "somsri")
    assert (tmp_path / "log.tsv.bad.csv").exists()
    assert "(somsri)" in run("--list")
    database = Database(sqlite_url)
    with database.read() as session:
        marks = set(session.scalars(sa.select(ReportDay.rules)))
    database.dispose()
    assert marks == {how.mark}, "as the hotline counts them: the night need not count them again"
    assert "import 1 (log.tsv) was taken back" in run("--undo", "1")
    assert "undone" in run("--list")

    wrong = tmp_path / "map.yaml"
    wrong.write_text("source: x\ntime: {zone: nowhere}\n", encoding="utf-8")
    said = run(file, "--map", str(wrong), code=1)
    assert "time.zone: no such time zone: nowhere" in said
    assert "moments: " in said
    assert "--reject names the file itself" in run(
        file, "--map", "bank-log", "--reject", file, code=1
    )
    assert "no such map" in run(file, "--map", "bank", code=1)
    assert "--map" in run(file, code=1)
    assert "no such import" in run("--undo", "7", code=1)


def test_the_example_in_the_documentation(floor, tmp_path):
    """A city's own file, in Thai."""
    page = (Path(CONFIG).parent / "docs" / "history.md").read_text(encoding="utf-8")
    part = page[page.index("### ตัวอย่าง") :]
    _, rows, _, text, *_ = part.split("```")
    file, the_map = tmp_path / "สาย-2567.csv", tmp_path / "map.yaml"
    file.write_bytes(rows.lstrip("\n").encode("tis_620"))
    the_map.write_text(text.removeprefix("yaml\n"), encoding="utf-8")
    told = bring(floor, file, the_map, tmp_path / "bad.csv").told
    assert vars(told.counts) == {"read": 5, "new": 3, "known": 0, "ignored": 1, "bad": 1}
    assert (told.bad[0][0].line, told.ignored) == (8, Counter({"test call": 1}))
    found = counted(floor.db, date(2024, 2, 29), date(2024, 3, 1))
    assert (found.calls, found.answered, found.abandoned, found.not_queued) == (3, 1, 1, 1)
    assert (found.wait_answered_ms, found.talk_ms, found.wait_abandoned_ms) == (
        95_000,
        250_000,
        42_000,
    )
    assert b"31/02/2567" in (tmp_path / "bad.csv").read_bytes()
