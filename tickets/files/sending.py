"""Where bytes go after their row stands: to the service that is to have them, or away for good.

Everything here may run at any time, several times and on several hosts: a row is moved on by
compare-and-set, and bytes are named by what they are. No unit of work is open while the network is
asked.
"""

import logging
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice

import sqlalchemy as sa

from hotline import clock
from hotline.floor import Floor
from tickets.files import store
from tickets.models import TicketFile

log = logging.getLogger(__name__)

BATCH = 200
#: So long the folder keeps what the service has: who asks just then is answered at once, and what
#: an erasure took along by accident is sent again.
_KEPT_HERE = timedelta(hours=1)
#: Bytes without a row may still get theirs within this.
_YOUNG = timedelta(days=1)

_WAITS = (TicketFile.stored_at.is_(None), TicketFile.erased_at.is_(None))
_TO_END = (TicketFile.erased_at.is_not(None), TicketFile.gone_at.is_(None))


def sweep(floor: Floor, now: datetime) -> None:
    """Send what waits, and delete what was erased; while the service is away both wait."""
    try:
        end_erased(floor, now)
        send(floor, now)
    except store.Away as error:
        log.warning("the service for files is away: %s", error)


# ------------------------------------------------------------------ to the service


def send(floor: Floor, now: datetime) -> int:
    """Send to the service what waits in this host's folder for it; return how many files were sent.

    What waits on another host is sent from there. Raises `store.Away`.
    """
    service = store.service_of(floor.settings)
    if service is None:
        return 0
    folder, sent = store.folder_of(floor.settings), 0
    for file_id, names in _waiting(floor):
        pieces = {name: folder.get(name) for name in names}
        for name, data in pieces.items():
            if data is not None:
                service.put(name, data)
        # also one that an erased file of the same content took along: it is there, or waits on
        if all(data is not None or service.has(name) for name, data in pieces.items()):
            sent += _stored(floor, file_id, now)
    _let_go(floor, folder)
    return sent


def _waiting(floor: Floor) -> Iterator[tuple[int, list[str]]]:
    last = 0
    while True:
        with floor.db.read() as session:
            rows = session.execute(
                sa.select(TicketFile.id, TicketFile.hash, TicketFile.thumb)
                .where(*_WAITS, TicketFile.id > last)
                .order_by(TicketFile.id)
                .limit(BATCH)
            ).all()
        for row in rows:
            last = row.id
            yield row.id, [name for name in (row.hash, row.thumb) if name]
        if len(rows) < BATCH:
            return


def _stored(floor: Floor, file_id: int, now: datetime) -> bool:
    with floor.db.write() as session:
        return (
            session.execute(
                sa.update(TicketFile)
                .where(TicketFile.id == file_id, *_WAITS)
                .values(stored_at=now, missing_at=None)
                .returning(TicketFile.id)
            ).scalar_one_or_none()
            is not None
        )


def _let_go(floor: Floor, folder: store.Folder) -> None:
    """Empty the folder of what the service has had for a while, and of what never got a row."""
    for found in folder.all():
        age = _age(found)
        if age < _KEPT_HERE:
            continue
        with floor.db.read() as session:
            rows = session.execute(
                sa.select(TicketFile.stored_at).where(_has(found.name), _NOT_ERASED)
            ).all()
        if (rows and all(row.stored_at for row in rows)) or (not rows and age > _YOUNG):
            folder.remove(found.name)


def _age(found: store.Found) -> timedelta:
    """How old bytes are: by the wall, which is what stamps them, however fast the clock runs."""
    return clock.wall_now() - found.at


# ------------------------------------------------------------------ away for good


_NOT_ERASED = TicketFile.erased_at.is_(None)


def _has(name: str) -> sa.ColumnElement[bool]:
    return sa.or_(TicketFile.hash == name, TicketFile.thumb == name)


def _is_used(floor: Floor, name: str) -> bool:
    with floor.db.read() as session:
        used = sa.select(TicketFile.id).where(_has(name), _NOT_ERASED).limit(1)
        return session.scalar(used) is not None


def end_erased(floor: Floor, now: datetime) -> int:
    """Delete the bytes of files that were erased, a batch; return how many files are gone.

    Raises `store.Away`.
    """
    with floor.db.read() as session:
        rows = session.execute(
            sa.select(TicketFile.id, TicketFile.hash, TicketFile.thumb)
            .where(*_TO_END)
            .order_by(TicketFile.id)
            .limit(BATCH)
        ).all()
    for row in rows:
        for name in (row.hash, row.thumb):
            if name:
                end(floor, name)
        with floor.db.write() as session:
            session.execute(
                sa.update(TicketFile)
                .where(TicketFile.id == row.id, TicketFile.gone_at.is_(None))
                .values(gone_at=now)
            )
    return len(rows)


def end(floor: Floor, name: str) -> bool:
    """Delete bytes that no file has; False when one has them.

    Somebody may give the same bytes to a ticket at this very moment. In the folder they are set
    aside first and brought back if a row for them has come; a row that comes later finds them gone
    and brings them again (`Received.keep`). At the service they are sent once more. Raises
    `store.Away`.
    """
    if _is_used(floor, name):
        return False
    service, folder = store.service_of(floor.settings), store.folder_of(floor.settings)
    if service is not None:
        service.remove(name)
        if _is_used(floor, name):
            _send_again(floor, name)
            return False
    if folder.set_aside(name):
        if _is_used(floor, name):
            folder.bring_back(name)
            return False
        folder.end(name)
    return True


def _send_again(floor: Floor, name: str) -> None:
    with floor.db.write() as session:
        session.execute(sa.update(TicketFile).where(_has(name), _NOT_ERASED).values(stored_at=None))


# ------------------------------------------------------------------ the night's look


def check(floor: Floor, _day: date) -> str:
    """Compare rows and bytes: what has no row goes, what has no bytes is told of; say how many.

    Raises `store.Away`: then the night tries again.
    """
    now = clock.now()
    service, folder = store.service_of(floor.settings), store.folder_of(floor.settings)
    _tidy(floor, folder)
    kept, orphans = set(), 0
    found = (service or folder).all()
    while batch := list(islice(found, BATCH)):
        kept |= {bytes.fromhex(each.name) for each in batch}
        orphans += _end_orphans(floor, batch)
    missing = _note_missing(floor, service or folder, kept, now)
    waiting = sum(1 for _ in _waiting(floor))
    if missing:
        log.error("%s files of tickets are not where they are kept", missing)
    return f"{len(kept)} kept, {orphans} without a file deleted, {missing} missing, {waiting} wait"


def _tidy(floor: Floor, folder: store.Folder) -> None:
    """Finish what a process left that died half-way."""
    for name in folder.set_aside_before():
        if _is_used(floor, name):
            folder.bring_back(name)
        else:
            folder.end(name)
    folder.clear_parts(clock.wall_now() - _YOUNG)


def _end_orphans(floor: Floor, batch: list[store.Found]) -> int:
    old = {found.name for found in batch if _age(found) > _YOUNG}
    if not old:
        return 0
    with floor.db.read() as session:
        used: set[str | None] = set()
        for column in (TicketFile.hash, TicketFile.thumb):
            used |= set(session.scalars(sa.select(column).where(column.in_(old), _NOT_ERASED)))
    return sum(end(floor, name) for name in old - used)


def _note_missing(floor: Floor, place: store.Store, kept: set[bytes], now: datetime) -> int:
    """Mark the files whose bytes are not there, and take the mark from those that are back."""
    last, missing = 0, 0
    while True:
        with floor.db.read() as session:
            rows = session.execute(
                sa.select(TicketFile.id, TicketFile.hash, TicketFile.thumb, TicketFile.missing_at)
                .where(_NOT_ERASED, TicketFile.stored_at.is_not(None), TicketFile.id > last)
                .order_by(TicketFile.id)
                .limit(BATCH)
            ).all()
        for row in rows:
            last = row.id
            names = [name for name in (row.hash, row.thumb) if name]
            # what came after the list was made is not in it
            lost = [
                name for name in names if bytes.fromhex(name) not in kept and not place.has(name)
            ]
            missing += bool(lost)
            if bool(lost) != (row.missing_at is not None):
                _mark_missing(floor, row.id, now if lost else None)
        if len(rows) < BATCH:
            return missing


def _mark_missing(floor: Floor, file_id: int, at: datetime | None) -> None:
    with floor.db.write() as session:
        session.execute(sa.update(TicketFile).where(TicketFile.id == file_id).values(missing_at=at))
