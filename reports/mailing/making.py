"""A report set once for all who get it in a language: its figures and its files.

Setting one takes a second or two, so it is done by the worker of the night and outside of any unit
of work; the mail server is told of it by another, which has other things to do as well.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import __version__, clock
from hotline.db import insert_ignore
from hotline.floor import Floor
from ivr.config import Ivr
from reports import source, written
from reports.config import Reports
from reports.figures import Figures, figures
from reports.mailing import digest
from reports.mailing import models as rows
from reports.mailing.digest import Digest, Numbers
from reports.mailing.rules import Edition, Form, Kind
from reports.models import ReportDay, RollupDay
from reports.printed.printer import Printer
from reports.rollups import Part
from reports.service import How, days_between, first_own_day
from reports.span import Span
from reports.wording import Wording, wording
from tickets.config import Tickets


def span_of(edition: Edition) -> Span:
    """Its days."""
    return Span(edition.first, edition.last)


def is_counted(session: Session, edition: Edition, how: How) -> bool:
    """Whether the night has counted all of it for good: every day of the hotline's own, in every
    part.
    """
    begin = first_own_day(session)
    if begin is None or edition.last < begin:
        return False
    first = max(edition.first, begin)
    needed = set(days_between(first, edition.last))
    if source.days_to_count(session, first, edition.last):
        return False
    calls = sa.select(ReportDay.day, ReportDay.counted_at)
    parts = [(calls, ReportDay.day)]
    for part in (Part.TICKETS, Part.PRESENCE):
        of_part = sa.select(RollupDay.day, RollupDay.counted_at)
        parts.append((of_part.where(RollupDay.part == part.value), RollupDay.day))
    for asked, day in parts:
        known = session.execute(asked.where(day.between(first, edition.last)))
        if needed - {each for each, at in known if _was_over(each, at, how)}:
            return False
    return True


def _was_over(day: date, counted_at: datetime, how: How) -> bool:
    return counted_at >= clock.day_bounds(day, how.zone)[1]


# ---------------------------------------------------------------- what a mail says


def digest_of(session: Session, floor: Floor, edition: Edition, *, now: datetime) -> Digest:
    """The figures of a report beside those before, and what stands out."""
    how = How.of(floor)
    found, was = (
        figures(session, span_of(each), how, now=now) for each in (edition, edition.before)
    )
    # a part of a month before a whole one would look like a rise
    days = (was.span.last - was.span.first).days + 1
    return digest.digest(
        _numbers(found, edition, days=1),
        _numbers(was, edition.before, days=days),
        target=floor.section(Reports).service_level.target,
    )


def _numbers(found: Figures, edition: Edition, *, days: int) -> Numbers:
    """The numbers of a period; known where so many days of it were counted at least: of calls, and
    apart from them of tickets, of which an import brings none.
    """
    known = found.coverage[Part.CALLS].days >= days
    metrics = found.metrics
    if found.coverage[Part.TICKETS].days < days:
        metrics |= dict.fromkeys(found.tickets.metrics)
    hours = None
    if edition.kind is Kind.DAY:
        hours = {hour: tally.calls for (_, hour), tally in found.hours.items()}
    return Numbers(metrics, known, hours)


# ---------------------------------------------------------------- its files


@dataclass(frozen=True)
class Draft:
    """A report that has been read, in one of its forms: `mark` is another one as soon as it says
    something else than before, whenever it is made; `make` makes the file.
    """

    mark: str
    make: Callable[[], bytes]


def draft(floor: Floor, edition: Edition, language: str, form: Form, *, now: datetime) -> Draft:
    """Read a report, without making it. Raises Invalid where a file of the city is missing."""
    if form is Form.PDF:
        printer = Printer.of(floor, floor.settings.config.parent)
        with floor.db.read() as session:
            document = printer.document(session, span_of(edition), language, now=now)
        return Draft(printer.mark(document), partial(printer.pdf_apart, document))
    with floor.db.read() as session:
        found = figures(session, span_of(edition), How.of(floor), now=now)
    words = wording(language, floor.texts, floor.section(Ivr), floor.section(Tickets))
    return Draft(_mark(found, words), partial(_written, found, words, form))


def file(floor: Floor, edition: Edition, language: str, form: Form, *, now: datetime) -> bytes:
    """A report in one of its forms. Raises Invalid where a file of the city is missing."""
    return draft(floor, edition, language, form, now=now).make()


def _written(found: Figures, words: Wording, form: Form) -> bytes:
    with TemporaryDirectory(prefix="saidduan-mail-") as folder:
        path = Path(folder, f"report.{form}")
        written.FORMS[form](found, words, path)
        return path.read_bytes()


def _mark(found: Figures, words: Wording) -> str:
    """All numbers, how they were come by and what they are called, but for the moment."""
    said = found.as_json()
    del said["as_of"]
    named = _written(found, words, Form.CSV).decode()
    whole = json.dumps([__version__, said, named], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


def set_edition(
    floor: Floor, edition: Edition, language: str, forms: Collection[Form], *, now: datetime
) -> int:
    """The id of the report in a language with these forms at least; made if it is not there.

    Two that make it at once give the same: the first one's stays.
    """
    with floor.db.read() as session:
        known = _known(session, edition, language)
        have = set(_forms(session, known)) if known is not None else set()
        data = None if known is not None else digest_of(session, floor, edition, now=now).as_data()
    files = {
        form: file(floor, edition, language, form, now=now) for form in forms if form not in have
    }
    with floor.db.write() as session:
        return _keep(session, edition, language, data, files, now)


def _keep(
    session: Session,
    edition: Edition,
    language: str,
    data: Mapping[str, Any] | None,
    files: Mapping[Form, bytes],
    now: datetime,
) -> int:
    if data is not None:
        row = {"period": edition.name, "language": language, "made_at": now, "data": data}
        insert_ignore(session, rows.Edition, row)
    known = _known(session, edition, language)
    assert known is not None, "it was there, or has just been made"
    for form, content in files.items():
        of_form = {"edition_id": known, "form": form.value, "content": content}
        insert_ignore(session, rows.EditionFile, of_form)
    return known


def _known(session: Session, edition: Edition, language: str) -> int | None:
    return session.scalar(
        sa.select(rows.Edition.id).where(
            rows.Edition.period == edition.name, rows.Edition.language == language
        )
    )


def _forms(session: Session, edition_id: int) -> list[Form]:
    query = sa.select(rows.EditionFile.form).where(rows.EditionFile.edition_id == edition_id)
    return [Form(each) for each in session.scalars(query)]


def contents(session: Session, edition_id: int, forms: Collection[Form]) -> dict[Form, bytes]:
    """The files of a report that was set, in these forms: as a letter names them, in one order."""
    query = sa.select(rows.EditionFile.form, rows.EditionFile.content).where(
        rows.EditionFile.edition_id == edition_id,
        rows.EditionFile.form.in_([each.value for each in forms]),
    )
    found = {Form(form): content for form, content in session.execute(query)}
    return {form: found[form] for form in Form if form in found}


def forget(session: Session, before: datetime) -> None:
    """Delete what was set before, unless a mail still waits for it."""
    needed = sa.select(rows.Mail.edition_id).where(
        rows.Mail.edition_id.is_not(None), rows.Mail.ended_at.is_(None)
    )
    old = sa.select(rows.Edition.id).where(
        rows.Edition.made_at < before, rows.Edition.id.not_in(needed)
    )
    ids = session.scalars(old).all()
    if ids:
        quietly = {"synchronize_session": False}
        of_these = sa.update(rows.Mail).where(rows.Mail.edition_id.in_(ids))
        session.execute(of_these.values(edition_id=None).execution_options(**quietly))
        gone = sa.delete(rows.Edition).where(rows.Edition.id.in_(ids))
        session.execute(gone.execution_options(**quietly))
