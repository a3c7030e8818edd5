"""One import, from the file to the reports.

The file is read once for its hash and once for its rows, never held; rows are written some at a
time, each time in a unit of work of its own, so that callers wait for nothing. What was cut off is
run again: it reads the file from its beginning, finds what it has written, and ends as if nothing
had happened.
"""

import fcntl
import hashlib
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import clock
from hotline.db import Database
from hotline.errors import ConfigError, Conflict, Fault
from reports import service as reports
from reports.history import events, files, rows, service
from reports.history.maps import AnyMap, RowsMap
from reports.history.models import Import
from reports.history.service import Counts, Known, What
from reports.history.visit import Row, Visit
from reports.service import How

T = TypeVar("T")
#: So often a unit of work is tried again that found the database busy, a second apart.
_TRIES = 20
#: So many rows are written in one unit of work.
BATCH = 1000
#: So many kinds of reasons are told apart.
MOST_REASONS = 40
EXAMPLES = 10
#: What differs between two reasons of a kind: values, figures, what a row says.
_VALUE = re.compile(r"'[^']*'|\"[^\"]*\"|(?<==)\S.*$|-?\d[\d:.]*")


class BeingImported(Conflict):
    """The same file is being read by another import."""

    code, text = "being-imported", "reports.history.being_imported"


@dataclass(frozen=True)
class Job:
    """What is to be imported where: a file, its map, and the city's way of counting."""

    file: Path
    map_path: Path
    map: AnyMap
    how: How
    country: str
    now: datetime
    #: Calls before it keep no number (`keeping.keeps_from`).
    numbers_from: datetime | None = None


@dataclass
class Told:
    """What an import read, and did or would do."""

    counts: Counts = field(default_factory=Counts)
    reasons: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    by_queue: Counter[str] = field(default_factory=Counter)
    by_outcome: Counter[str] = field(default_factory=Counter)
    first: datetime | None = None
    last: datetime | None = None
    #: The first rows that are new, and the first that are bad, with the reason.
    examples: list[Row] = field(default_factory=list)
    bad: list[tuple[Row, str]] = field(default_factory=list)

    def take(self, row: Row, verdict: str) -> None:
        """Count a row; `verdict` is new, known, ignored, or why it is bad."""
        self.counts.read += 1
        if verdict == "new":
            assert row.visit is not None
            self._take_visit(row, row.visit)
        elif verdict == "known":
            self.counts.known += 1
        elif verdict == "ignored":
            self.counts.ignored += 1
            _count(self.ignored, row.ignored)
        else:
            self.counts.bad += 1
            _count(self.reasons, verdict)
            if len(self.bad) < EXAMPLES:
                self.bad.append((row, verdict))

    def _take_visit(self, row: Row, visit: Visit) -> None:
        self.counts.new += 1
        self.by_queue[visit.queue or ""] += 1
        self.by_outcome[visit.outcome.value] += 1
        self.first = min(visit.moment, self.first or visit.moment)
        self.last = max(visit.moment, self.last or visit.moment)
        if len(self.examples) < EXAMPLES:
            self.examples.append(row)


def _count(kinds: Counter[str], reason: str) -> None:
    """Count a reason by its kind; there are not more kinds than fit on a screen."""
    kind = _VALUE.sub("…", reason)
    if kind not in kinds and len(kinds) >= MOST_REASONS:
        kind = "another reason"
    kinds[kind] += 1


# ---------------------------------------------------------------- reading


#: Told how many bytes of how many have been read, and how many rows that made.
Progress = Callable[[int, int, int], None]


def _no_progress(_read: int, _size: int, _rows: int) -> None:
    return


@contextmanager
def _opened(job: Job) -> Iterator[BinaryIO]:
    with job.file.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BeingImported(str(job.file)) from error
        yield file


def read(job: Job, file: BinaryIO, progress: Callable[[int], None]) -> Iterator[Row]:
    """Every row of a file that is open at its beginning. Raises ConfigError when its columns are
    not those that the map names.
    """
    records = files.records(file, job.map.file.form, progress, skip=job.map.file.skip)
    if isinstance(job.map, RowsMap):
        columns = _columns(job.map, records)
        reading = rows.Reading(job.map, columns, job.how.zone, job.country, job.now)
        return reading.rows(records)
    return events.Reading(job.map, job.how.zone, job.country, job.now).rows(records)


def _columns(the_map: RowsMap, records: Iterator[files.Record]) -> Sequence[str]:
    form = the_map.file
    if not form.header:
        return form.columns
    record = next(records, None)
    if record is None:
        raise ConfigError([Fault("(the file)", "is empty: it has no header")])
    hints = files.hints(record, form.form)
    if record.bad:
        raise ConfigError([Fault("(the header)", record.bad), *hints])
    columns = tuple(each.strip() for each in record.fields)
    if form.columns and columns != form.columns:
        raise ConfigError([Fault("file.columns", f"the file has {', '.join(columns)}"), *hints])
    wrong = the_map.unknown_columns(columns)
    used = {name for _, name in the_map.columns_used()}
    wrong += [
        Fault("(the file)", f'has two columns "{name}"')
        for name in sorted(used)
        if columns.count(name) > 1
    ]
    if wrong:
        raise ConfigError([*wrong, *hints])
    return columns


def _in_batches(found: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(found, BATCH)):
        yield batch


# ---------------------------------------------------------------- bad rows


class Rejects:
    """The file of bad rows: `line,reason,text` as CSV, the text byte for byte as it was read.

    There is none before the first bad row, nor under its name before the import has ended.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _where: TracebackType | None,
    ) -> None:
        if self._file is None or self._path is None:
            return
        self._file.close()
        if kind is None:
            self._unfinished(self._path).replace(self._path)

    def add(self, row: Row, reason: str) -> None:
        """Keep a bad row."""
        if self._path is None:
            return
        if self._file is None:
            self._file = self._unfinished(self._path).open("wb")
            self._file.write(b"line,reason,text\r\n")
        text = row.raw.replace(b'"', b'""')
        why = reason.replace('"', '""').encode("utf-8", "backslashreplace")
        self._file.write(b'%d,"%s","%s"\r\n' % (row.line, why, text))

    @staticmethod
    def _unfinished(path: Path) -> Path:
        return path.with_name(f"{path.name}.part")


# ---------------------------------------------------------------- looking only


class _Seen:
    """The calls of this file so far, on disk: a dry run writes nothing anywhere else."""

    def __init__(self) -> None:
        # "": a database of its own in a file that is gone when it is closed
        self._database = sqlite3.connect("")
        self._database.execute(
            "CREATE TABLE seen (key TEXT PRIMARY KEY, content TEXT, line INTEGER) WITHOUT ROWID"
        )

    def close(self) -> None:
        self._database.close()

    def among(self, keys: Sequence[str]) -> dict[str, Known]:
        marks = ",".join("?" * len(keys))
        found = self._database.execute(
            f"SELECT key, content, line FROM seen WHERE key IN ({marks})",  # noqa: S608 - marks
            list(keys),
        )
        return {key: Known(content, 0, line) for key, content, line in found}

    def add(self, fresh: Sequence[Row]) -> None:
        self._database.executemany(
            "INSERT INTO seen VALUES (?, ?, ?)",
            [(row.key, row.visit.content, row.line) for row in fresh if row.visit is not None],
        )


def look(
    db: Database, job: Job, rejects: Path | None = None, progress: Progress = _no_progress
) -> Told:
    """What `perform` would do. Raises as it does."""
    told, size = Told(), job.file.stat().st_size
    with _opened(job) as file, closing(_Seen()) as seen, Rejects(rejects) as refused:
        found = read(job, file, lambda at: progress(at, size, told.counts.read))
        for batch in _in_batches(found):
            visits = [row for row in batch if row.visit is not None]
            keys = [row.key for row in visits]
            with db.read() as session:
                there = seen.among(keys) | service.known(session, keys)
            verdicts, fresh = service.judged(visits, there, 0)
            seen.add(fresh)
            _take(told, batch, verdicts, refused)
    return told


def _take(told: Told, batch: list[Row], verdicts: list[str], refused: Rejects) -> None:
    of_visits = iter(verdicts)
    for row in batch:
        verdict = next(of_visits) if row.visit is not None else row.bad or "ignored"
        told.take(row, verdict)
        if verdict not in ("new", "known", "ignored"):
            refused.add(row, verdict)


# ---------------------------------------------------------------- doing it


@dataclass(frozen=True)
class Done:
    """An import that was done, and the days that were counted anew for it."""

    import_: Import
    told: Told
    days: int


def perform(
    db: Database,
    job: Job,
    *,
    by: str,
    rejects: Path | None = None,
    progress: Progress = _no_progress,
) -> Done:
    """Import a file, and count its days anew.

    Raises BeingImported, and ConfigError when the columns of the file are not those of the map.
    """
    told, size = Told(), job.file.stat().st_size
    what = What(
        source=job.map.source,
        file_name=job.file.name,
        file_hash=files.digest_of(job.file),
        map_name=job.map_path.name,
        map_text=(text := job.map_path.read_text(encoding="utf-8")),
        map_hash=hashlib.sha256(text.encode()).hexdigest(),
    )
    with _opened(job) as file, Rejects(rejects) as refused:
        found = read(job, file, lambda at: progress(at, size, told.counts.read))
        import_id = _written(
            db, lambda session: service.begin(session, what, by=by, now=job.now)
        ).id
        for batch in _in_batches(found):
            visits = [row for row in batch if row.visit is not None]

            def write(session: Session, visits: list[Row] = visits) -> list[str]:
                service.note(session, import_id, told.counts)
                return service.write(
                    session, import_id, visits, job.how.zone, numbers_from=job.numbers_from
                )

            _take(told, batch, _written(db, write), refused)
    reasons = dict(told.reasons)
    done = _written(
        db,
        lambda session: service.finish(session, import_id, told.counts, reasons, now=clock.now()),
    )
    return Done(done, told, count_days(db, job.how))


def _written(db: Database, work: Callable[[Session], T]) -> T:
    """Do `work` in a unit of work. A busy hotline comes first: it is tried again for a while."""
    for _ in range(_TRIES):
        try:
            with db.write() as session:
                return work(session)
        except sa.exc.OperationalError:
            clock.sleep(1)
    with db.write() as session:
        return work(session)


def count_days(db: Database, how: How) -> int:
    """Count every day anew that an import has changed and that is over, each in a unit of work of
    its own; how many there were.
    """
    now = clock.now()
    with db.read() as session:
        days = reports.days_to_count_again(session, now, how)
    for day in sorted(days):
        count = partial(reports.rebuild_day, day=day, how=how, now=now, imported=True)
        _written(db, count)
    return len(days)


def undo(
    db: Database, import_id: int, how: How, *, by: str, reason: str = ""
) -> tuple[Import, int]:
    """Take an import back, wholly, and count its days anew. Returns it, and how many days.

    Raises NoSuchImport, AlreadyUndone.
    """
    _written(db, lambda session: service.begin_undo(session, import_id, by=by))
    while _written(db, lambda session: service.take_back(session, import_id, how.zone, BATCH)):
        pass
    done = _written(
        db,
        lambda session: service.finish_undo(session, import_id, reason=reason, now=clock.now()),
    )
    return done, count_days(db, how)
