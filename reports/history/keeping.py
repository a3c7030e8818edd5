"""How long imported calls keep who called, and what somebody asks of theirs: this room's part of
`hotline.privacy`.

The rule is that of calls of our own (`ivr.retention.numbers`), from the moment of the call. The
number goes, the call is counted as before.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.config import length_of
from hotline.floor import Floor
from hotline.privacy.keepers import About, Due, Erased, Erasure, Keeper, Subject
from ivr.config import CallRetention, Ivr
from reports.history.models import ImportedCall

ROOM = "reports"
FORGET = "forget_imported"
#: So many numbers are forgotten together.
AT_ONCE = 1000


def keeps_from(kept: CallRetention, now: datetime) -> datetime | None:
    """From which moment on calls keep their number; None: all do."""
    return None if kept.numbers is None else now - length_of(kept.numbers)


def due(floor: Floor, session: Session, now: datetime) -> Iterator[Due]:
    """See `keepers.Keeper`: the calls of each step by the id of the last."""
    kept = floor.section(Ivr).retention
    before = keeps_from(kept, now)
    if before is None or kept.numbers is None:
        return
    after = 0
    while True:
        some = session.execute(
            sa.select(ImportedCall.id, ImportedCall.arrived_at)
            .where(_too_old(before), ImportedCall.id > after)
            .order_by(ImportedCall.id)
            .limit(AT_ONCE)
        ).all()
        if not some:
            return
        after = some[-1].id
        since = min(row.arrived_at for row in some)
        yield Due(ROOM, FORGET, f"imported_calls:{after}", str(len(some)), kept.numbers, since)


def _too_old(before: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(ImportedCall.number.is_not(None), ImportedCall.arrived_at < before)


def act(floor: Floor, session: Session, due: Due, now: datetime) -> bool:
    """See `keepers.Keeper`."""
    before = keeps_from(floor.section(Ivr).retention, now)
    if before is None:
        return False
    return bool(_forget(session, _too_old(before), ImportedCall.id <= due.id))


def _forget(session: Session, *which: sa.ColumnElement[bool]) -> int:
    rows = session.execute(
        sa.update(ImportedCall)
        .where(*which)
        .values(number=None)
        .returning(ImportedCall.id)
        .execution_options(synchronize_session=False)
    )
    return len(rows.all())


def about(_floor: Floor, session: Session, subject: Subject) -> About:
    """See `keepers.Keeper`."""
    if subject.number is None:
        return About()
    found = session.scalars(
        sa.select(ImportedCall)
        .where(ImportedCall.number == subject.number)
        .order_by(ImportedCall.moment, ImportedCall.id)
    )
    facts: list[dict[str, Any]] = [
        {
            "id": call.id,
            "at": call.arrived_at.isoformat(),
            "caller": call.number,
            "language": call.language,
            "queue": call.queue,
        }
        for call in found
    ]
    return About({"imported_calls": facts})


def erase(_floor: Floor, session: Session, erasure: Erasure) -> Erased:
    """See `keepers.Keeper`."""
    if erasure.subject.number is None:
        return Erased()
    theirs = ImportedCall.number == erasure.subject.number
    if erasure.dry:
        there = session.scalar(sa.select(sa.func.count()).select_from(ImportedCall).where(theirs))
        return Erased({"imported_calls": there or 0})
    return Erased({"imported_calls": _forget(session, theirs)})


KEEPER = Keeper(ROOM, due=due, act=act, about=about, erase=erase)
