"""The files behind links: each made once for every version of its report, however many take it.

A version is what a report says, whenever it is made: numbers that a night has put right, another
name of a division or another seal make another one, the next day does not. So for a download the
report is read (tenths of a second), and made (seconds) only when it says something else than the
file that is kept. One of those who ask at once makes it (the row is won, or not), on whatever host;
the others wait for what it makes.
"""

import time
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import clock
from hotline.db import insert_ignore
from hotline.floor import Floor
from reports.mailing import making
from reports.mailing.making import Draft
from reports.mailing.models import Link, LinkFile
from reports.mailing.rules import Edition, Form
from reports.printed import press

#: Of the wall: what was found to say the same still is taken so long without looking again.
FRESH: Final = timedelta(seconds=20)
#: Of the wall: so long has who makes a file, before another one begins; printing takes no longer.
PATIENCE: Final = timedelta(seconds=press.PATIENCE + 30)
#: Seconds between two looks at whether it is there.
PAUSE: Final = 0.1


@dataclass(frozen=True)
class _Place:
    """Where a file stands."""

    period: str
    language: str
    form: str

    @property
    def here(self) -> tuple[sa.ColumnElement[bool], ...]:
        return (
            LinkFile.period == self.period,
            LinkFile.language == self.language,
            LinkFile.form == self.form,
        )


def file(floor: Floor, edition: Edition, language: str, form: Form) -> bytes:
    """A report as it stands, in a form. Raises Invalid where a file of the city is missing."""
    place = _Place(edition.name, language, form.value)
    since = clock.now() - FRESH * clock.speed()
    if (kept := _kept(floor, place, LinkFile.seen_at > since)) is not None:
        return kept
    draft = making.draft(floor, edition, language, form, now=clock.now())
    given_up = time.monotonic() + PATIENCE.total_seconds()
    while time.monotonic() < given_up:
        if (kept := _same(floor, place, draft.mark, clock.now())) is not None:
            return kept
        if _won(floor, place, draft.mark, clock.now()):
            return _made(floor, place, draft)
        time.sleep(PAUSE)
    return draft.make()


def _kept(floor: Floor, place: _Place, *which: sa.ColumnElement[bool]) -> bytes | None:
    query = sa.select(LinkFile.content).where(*place.here, LinkFile.mark != "", *which)
    with floor.db.read() as session:
        return session.scalar(query)


def _same(floor: Floor, place: _Place, mark: str, now: datetime) -> bytes | None:
    """The file that is kept, if it says the same still; noted that it was looked."""
    kept = _kept(floor, place, LinkFile.mark == mark)
    if kept is not None:
        with floor.db.write() as session:
            _set(session, place, LinkFile.mark == mark, seen_at=now)
    return kept


def _won(floor: Floor, place: _Place, mark: str, now: datetime) -> bool:
    """Whether it is ours to make; the others walk away."""
    until = now + PATIENCE * clock.speed()
    free = sa.or_(
        LinkFile.making_until.is_(None), LinkFile.making_until <= now, LinkFile.making != mark
    )
    empty = {"mark": "", "seen_at": now, "content": b"", "making": ""}
    row = {**asdict(place), **empty}
    with floor.db.write() as session:
        insert_ignore(session, LinkFile, row)
        return _set(session, place, free, LinkFile.mark != mark, making=mark, making_until=until)


def _made(floor: Floor, place: _Place, draft: Draft) -> bytes:
    """The file, made and kept; whatever goes wrong, the next may try."""
    ours = LinkFile.making == draft.mark
    done: dict[str, Any] = {}
    try:
        content = draft.make()
        done = {"mark": draft.mark, "content": content, "seen_at": clock.now()}
        return content
    finally:
        with floor.db.write() as session:
            _set(session, place, ours, making="", making_until=None, **done)


def _set(session: Session, place: _Place, *which: sa.ColumnElement[bool], **values: Any) -> bool:
    """Compare and set; whether it was so."""
    changed = (
        sa.update(LinkFile)
        .where(*place.here, *which)
        .values(**values)
        .returning(LinkFile.form)
        .execution_options(synchronize_session=False)
    )
    return session.scalar(changed) is not None


def clear(session: Session, now: datetime) -> None:
    """Delete the files that no link opens any more."""
    forms = sa.literal(",") + Link.forms + ","
    opens = sa.exists().where(
        Link.period == LinkFile.period,
        Link.language == LinkFile.language,
        forms.like(sa.literal("%,") + LinkFile.form + ",%"),
        Link.revoked_at.is_(None),
        Link.expires_at > now,
    )
    session.execute(sa.delete(LinkFile).where(~opens).execution_options(synchronize_session=False))
