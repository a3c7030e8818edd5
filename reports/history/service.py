"""The verbs of imports: write visits once, take an import back, give the reports their facts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from hotline import audit, clock
from hotline.errors import ConfigError, Conflict, NotFound
from reports.history import maps, told
from reports.history.models import Import, ImportDay, ImportedCall
from reports.history.visit import Outcome, Row, Visit

RUNNING, DONE, UNDOING, UNDONE = "running", "done", "undoing", "undone"
_FETCHED_AT_ONCE = 5000
#: What a visit and its row have in common, by name.
_KEPT = (
    *("arrived_at", "queued_at", "connected_at", "abandoned_at", "left_at", "talk_ended_at"),
    *("wrapped_up_at", "transferred_at", "queue", "language", "visit", "again", "offers"),
    *("missed", "agent", "number"),
)
_READ = tuple(getattr(ImportedCall, name) for name in ("outcome", *_KEPT))


class NoSuchImport(NotFound):
    """There is no import of that number."""

    code, text = "no-such-import", "reports.history.no_such_import"


class AlreadyUndone(Conflict):
    """The import has been taken back before."""

    code, text = "already-undone", "reports.history.already_undone"


@dataclass(frozen=True)
class What:
    """The file and the map of an import."""

    source: str
    file_name: str
    file_hash: str
    map_name: str
    map_text: str
    map_hash: str


@dataclass(frozen=True)
class Known:
    """A call that is there already: what is said of it, and where it came from."""

    content: str
    import_id: int
    line: int


# ---------------------------------------------------------------- facts for the reports


def facts(session: Session, spans: Sequence[tuple[datetime, datetime]]) -> Iterator[Visit]:
    """The imported visits that are counted in one of the half-open spans (UTC); fit
    `metrics.CallFacts`.
    """
    inside = (
        sa.and_(ImportedCall.moment >= start, ImportedCall.moment < end) for start, end in spans
    )
    rows = session.execute(
        sa.select(*_READ).where(sa.or_(*inside)).order_by(ImportedCall.moment, ImportedCall.id),
        execution_options={"yield_per": _FETCHED_AT_ONCE},
    )
    for outcome, *kept in rows:
        yield Visit(outcome=Outcome(outcome), **dict(zip(_KEPT, kept, strict=True)))


@dataclass(frozen=True, slots=True)
class Listed:
    """An imported visit with where it is from: the import, and the line of its file."""

    id: int
    visit: Visit
    source: str
    import_id: int
    line: int


def listed(session: Session, start: datetime, end: datetime) -> Iterator[Listed]:
    """The same as `facts`, one by one, for who looks into a number."""
    where = (ImportedCall.id, Import.source, ImportedCall.import_id, ImportedCall.line)
    rows = session.execute(
        sa.select(*where, *_READ)
        .join(Import, Import.id == ImportedCall.import_id)
        .where(ImportedCall.moment >= start, ImportedCall.moment < end)
    )
    for id_, source, import_id, line, outcome, *kept in rows:
        visit = Visit(outcome=Outcome(outcome), **dict(zip(_KEPT, kept, strict=True)))
        yield Listed(id_, visit, source, import_id, line)


def brought(session: Session, start: datetime, end: datetime) -> tuple[int, int]:
    """How many imported visits are counted in [start, end), and the newest import of them: other
    numbers as soon as an import has brought some or taken some back.
    """
    asked = sa.select(sa.func.count(), sa.func.coalesce(sa.func.max(ImportedCall.import_id), 0))
    inside = (ImportedCall.moment >= start, ImportedCall.moment < end)
    many, newest = session.execute(asked.where(*inside)).one()
    return int(many), int(newest)


def days_to_count(session: Session, first: date = date.min, last: date = date.max) -> set[date]:
    """The days from `first` to `last` (both included) that an import has changed since they were
    counted.
    """
    return set(session.scalars(sa.select(ImportDay.day).where(ImportDay.day.between(first, last))))


def counting(session: Session, day: date) -> None:
    """Say, before its facts are read, that a day is being counted: what an import adds to it
    meanwhile marks it anew.
    """
    session.execute(sa.delete(ImportDay).where(ImportDay.day == day))


def sources(session: Session, start: datetime, end: datetime) -> list[str]:
    """The sources of the imports whose calls are from a time that touches [start, end)."""
    there = sa.select(Import.source).where(*_touches(start, end))
    return sorted(set(session.scalars(there)))


def _touches(start: datetime, end: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return Import.state.in_((RUNNING, DONE)), Import.first_at < end, Import.last_at >= start


@dataclass(frozen=True)
class Teller:
    """An old exchange that told of the calls of some local days, both included."""

    source: str
    first: date
    last: date
    #: What it knows nothing of: names of `told.GROUPS`.
    untold: frozenset[str]


def tellers(session: Session, start: datetime, end: datetime, zone: ZoneInfo) -> list[Teller]:
    """One for each import whose calls are from a time that touches [start, end)."""
    there = sa.select(Import.source, Import.first_at, Import.last_at, Import.map_text)
    return [
        Teller(
            row.source,
            clock.local_day(row.first_at, zone),
            clock.local_day(row.last_at, zone),
            _untold(row.map_text),
        )
        for row in session.execute(there.where(*_touches(start, end)).order_by(Import.id))
    ]


@lru_cache(maxsize=64)
def _untold(map_text: str) -> frozenset[str]:
    try:
        return told.untold(maps.of_text(map_text))
    except ConfigError:  # written for an older version: its numbers stand as they are
        return frozenset()


# ---------------------------------------------------------------- an import


def begin(session: Session, what: What, *, by: str, now: datetime) -> Import:
    """A new import, or the one of the same file and map that was cut off."""
    cut_off = session.scalar(
        sa.select(Import).where(
            Import.state == RUNNING,
            Import.source == what.source,
            Import.file_hash == what.file_hash,
            Import.map_hash == what.map_hash,
        )
    )
    if cut_off is not None:
        return cut_off
    made = Import(
        source=what.source,
        file_name=what.file_name[:255],
        file_hash=what.file_hash,
        map_hash=what.map_hash,
        map_name=what.map_name[:255],
        map_text=what.map_text,
        state=RUNNING,
        started_at=now,
        by=by[:64],
        rows_read=0,
        rows_new=0,
        rows_known=0,
        rows_ignored=0,
        rows_bad=0,
        reasons={},
    )
    session.add(made)
    session.flush()
    return made


def known(session: Session, keys: Sequence[str]) -> dict[str, Known]:
    """Which of these calls are there."""
    rows = session.execute(
        sa.select(
            ImportedCall.key, ImportedCall.content, ImportedCall.import_id, ImportedCall.line
        ).where(ImportedCall.key.in_(keys))
    )
    return {row.key: Known(row.content, row.import_id, row.line) for row in rows}


def write(
    session: Session,
    import_id: int,
    rows: Sequence[Row],
    zone: ZoneInfo,
    *,
    numbers_from: datetime | None = None,
) -> list[str]:
    """Write the visits of some rows that are there for the first time, and mark their days; of
    calls before `numbers_from` the number is not kept.

    Returns for each row "new", "known", or why it is bad. A row that this import wrote before it
    was cut off is new.
    """
    if session.get_bind().dialect.name == "postgresql":
        # two imports at once: who comes second sees what the first has written
        session.execute(sa.text("LOCK TABLE imported_calls IN SHARE ROW EXCLUSIVE MODE"))
    there = known(session, [row.key for row in rows])
    verdicts, fresh = judged(rows, there, import_id)
    if fresh:
        values = [_values(import_id, row, numbers_from) for row in fresh]
        session.execute(sa.insert(ImportedCall), values)
        moments = [row.visit.moment for row in fresh if row.visit is not None]
        mark(session, {clock.local_day(at, zone) for at in moments})
        _reach(session, import_id, min(moments), max(moments))
    return verdicts


def judged(
    rows: Iterable[Row], there: dict[str, Known], import_id: int
) -> tuple[list[str], list[Row]]:
    """What `write` says of each row, and the rows to be written; `there` learns them."""
    verdicts, fresh = [], []
    for row in rows:
        assert row.visit is not None
        content, found = row.visit.content, there.get(row.key)
        if found is None:
            there[row.key] = Known(content, import_id, row.line)
            fresh.append(row)
            verdicts.append("new")
        elif (found.import_id, found.line, found.content) == (import_id, row.line, content):
            verdicts.append("new")
        elif found.content == content:
            verdicts.append("known")
        else:
            where = f"import {found.import_id}" if found.import_id else "this file"
            verdicts.append(f"the same call as line {found.line} of {where}, but other figures")
    return verdicts, fresh


def _values(import_id: int, row: Row, numbers_from: datetime | None) -> dict[str, Any]:
    visit = row.visit
    assert visit is not None
    values = {name: getattr(visit, name) for name in _KEPT}
    if numbers_from is not None and visit.arrived_at < numbers_from:
        values["number"] = None  # the night would forget it
    return {
        "import_id": import_id,
        "key": row.key,
        "content": visit.content,
        "line": row.line,
        "moment": visit.moment,
        "outcome": visit.outcome.value,
        **values,
    }


def mark(session: Session, days: Iterable[date]) -> None:
    """Have these days counted again."""
    values = [{"day": day} for day in sorted(days)]
    if not values:
        return
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(ImportDay)
    # touched, not left alone: who is counting the day has to wait for what is written here
    statement = statement.on_conflict_do_update(
        index_elements=["day"], set_={"day": statement.excluded.day}
    )
    session.execute(statement, values)


def _reach(session: Session, import_id: int, first: datetime, last: datetime) -> None:
    import_ = session.get_one(Import, import_id)
    import_.first_at = min(first, import_.first_at or first)
    import_.last_at = max(last, import_.last_at or last)
    session.flush()


@dataclass
class Counts:
    """Of an import: read = new + known + ignored + bad."""

    read: int = 0
    new: int = 0
    known: int = 0
    ignored: int = 0
    bad: int = 0


def note(session: Session, import_id: int, counts: Counts) -> None:
    """How far an import is."""
    session.execute(
        sa.update(Import)
        .where(Import.id == import_id)
        .values(**{f"rows_{name}": number for name, number in vars(counts).items()})
    )


def finish(
    session: Session, import_id: int, counts: Counts, reasons: dict[str, int], *, now: datetime
) -> Import:
    """The file has been read to its end."""
    note(session, import_id, counts)
    import_ = session.get_one(Import, import_id, populate_existing=True)
    import_.state, import_.done_at, import_.reasons = DONE, now, dict(reasons)
    session.flush()
    audit.record(
        session,
        "reports.imported",
        f"import:{import_id}",
        by=None,
        at=now,
        source=import_.source,
        file=import_.file_name,
        operator=import_.by,
        **vars(counts),
    )
    return import_


# ---------------------------------------------------------------- and back


def get(session: Session, import_id: int) -> Import:
    """One import; raises NoSuchImport."""
    found = session.get(Import, import_id)
    if found is None:
        raise NoSuchImport(f"import {import_id}")
    return found


def begin_undo(session: Session, import_id: int, *, by: str) -> Import:
    """Raises NoSuchImport, AlreadyUndone; one that was cut off in it goes on."""
    import_ = get(session, import_id)
    if import_.state == UNDONE:
        raise AlreadyUndone(f"import {import_id}")
    import_.state, import_.undone_by = UNDOING, by[:64]
    session.flush()
    return import_


def take_back(session: Session, import_id: int, zone: ZoneInfo, at_once: int) -> int:
    """Delete some calls of an import and mark their days; how many there were."""
    some = (
        sa.select(ImportedCall.id)
        .where(ImportedCall.import_id == import_id)
        .order_by(ImportedCall.id)
        .limit(at_once)
    )
    moments = session.scalars(
        sa.delete(ImportedCall)
        .where(ImportedCall.id.in_(some.scalar_subquery()))
        .returning(ImportedCall.moment)
        .execution_options(synchronize_session=False)
    ).all()
    mark(session, {clock.local_day(at, zone) for at in moments})
    return len(moments)


def finish_undo(session: Session, import_id: int, *, reason: str, now: datetime) -> Import:
    """Nothing of the import is left."""
    import_ = session.get_one(Import, import_id)
    import_.state, import_.undone_at = UNDONE, now
    session.flush()
    audit.record(
        session,
        "reports.import_undone",
        f"import:{import_id}",
        by=None,
        at=now,
        reason=reason,
        source=import_.source,
        file=import_.file_name,
        operator=import_.undone_by,
        calls=import_.rows_new,
    )
    return import_


def imports(session: Session) -> list[Import]:
    """All of them, the newest first."""
    return list(session.scalars(sa.select(Import).order_by(Import.id.desc())))
