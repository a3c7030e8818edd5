"""The verbs of a ticket's files, and the only door for other rooms.

Putting a file there is two steps. `receive`, outside any unit of work, checks what it is, makes it
safe and brings it to the disk. `add` (or `add_from_citizen`) then writes its row and its event: so
no row stands without bytes. Bytes without a row the night finds (`tickets.files.sending`).
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.db import after_commit, insert_ignore
from hotline.errors import NotFound
from hotline.floor import Floor
from tickets import facts, search
from tickets.errors import NoteEmpty, NothingChanged, NotYours, RoleMayNot
from tickets.facts import CITIZEN, Actor, TicketFacts
from tickets.files import rules, store
from tickets.files.config import MEGABYTE, Files
from tickets.files.errors import (
    AlreadyThere,
    BadFile,
    EnoughToday,
    NoSuchFile,
    NotPublic,
    StoreAway,
    TicketClosed,
    TicketFull,
    TooManyPixels,
    UnreadableDocument,
    UnreadablePicture,
)
from tickets.files.rules import Kind, Position, Standing, Type
from tickets.models import EventKind, TicketEvent, TicketFile
from tickets.workflow import OPEN, Role
from tickets.writing import locked, tell

_DAY = timedelta(days=1)
_NAME_LENGTH = 120
#: Neither removed nor erased.
PRESENT = (TicketFile.removed_at.is_(None), TicketFile.erased_at.is_(None))


@dataclass(frozen=True)
class FileFacts:
    """A file of a ticket as it stands; moments are aware, UTC."""

    id: int
    ticket_id: int
    kind: Kind
    type: Type
    name: str
    hash: str
    thumb: str | None
    size: int
    width: int | None
    height: int | None
    added_by: str
    added_at: datetime
    by_citizen: bool
    position: Position | None
    taken_at: datetime | None
    public: bool
    removed_at: datetime | None
    removed_by: str | None
    stored: bool
    missing: bool
    erased: bool

    @property
    def is_picture(self) -> bool:
        """It can be looked at in a page."""
        return self.type in rules.PICTURES

    @property
    def is_removed(self) -> bool:
        """It is hidden from all but who answers for the whole."""
        return self.removed_at is not None


@dataclass(frozen=True)
class Received:
    """A file that is safe to keep and on the disk, and belongs to no ticket yet."""

    kind: Kind
    type: Type
    name: str
    hash: str
    thumb: str | None
    size: int
    width: int | None = None
    height: int | None = None
    position: Position | None = None
    taken_at: datetime | None = None
    #: The folder is where it stays: no service is to have it.
    stays: bool = True
    folder: store.Folder | None = field(default=None, repr=False)
    pieces: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def keep(self) -> None:
        """Bring it to the disk; once more after its row stands, in case that an erasure of the same
        bytes came between.
        """
        for name, data in self.pieces.items():
            assert self.folder is not None
            self.folder.put(name, data)


# ------------------------------------------------------------------ putting it there


def receive(
    floor: Floor, config: Files, data: bytes, *, kind: Kind, name: str = "", now: datetime
) -> Received:
    """Check what somebody of the city sent, make it safe, and bring it to the disk. `name` is what
    the sender calls it: it decides nothing.

    Raises `BadFile`, `UnreadablePicture`, `UnreadableDocument`, `TooManyPixels`. Not to be called
    in a unit of work: it takes the time of decoding a picture.
    """
    most = int(config.file_megabytes * MEGABYTE)
    return _receive(floor, config, data, kind=kind, name=name, most=most, now=now)


def receive_from_citizen(floor: Floor, config: Files, data: bytes, *, now: datetime) -> Received:
    """The same for what a citizen sent: a photo of the matter, within their own limit."""
    most = int(min(config.citizens.file_megabytes, config.file_megabytes) * MEGABYTE)
    return _receive(floor, config, data, kind=Kind.BEFORE, name="", most=most, now=now)


def _receive(
    floor: Floor, config: Files, data: bytes, *, kind: Kind, name: str, most: int, now: datetime
) -> Received:
    found = rules.sniff(data[: rules.HEAD])
    accepted = frozenset(config.accept)
    refusal = rules.refusal(found, kind, len(data), accepted=accepted, most=most)
    if refusal is not None:
        types = ", ".join(each.value.upper() for each in config.accept)
        raise BadFile(refusal, most=_megabytes(most), types=types)
    assert found is not None
    if found in rules.PICTURES:
        received, pieces = _picture(data, found, config, floor.city.zone, now)
    else:
        data = _document(data)
        hash_ = store.name_of(data)
        received = {"hash": hash_, "size": len(data), "name": _clean_name(name), "type": found}
        pieces = {hash_: data}
    stays = store.service_of(floor.settings) is None
    folder = store.folder_of(floor.settings)
    kept = Received(
        **{**_NOTHING, **received}, kind=kind, stays=stays, folder=folder, pieces=pieces
    )
    kept.keep()
    return kept


def _document(data: bytes) -> bytes:
    from tickets.files import documents  # with its parser: only who receives documents needs it

    try:
        return documents.stripped(data)
    except documents.Unreadable as error:
        raise UnreadableDocument(str(error)) from error


_NOTHING: Mapping[str, Any] = {"name": "", "thumb": None}


def _picture(
    data: bytes, found: Type, config: Files, zone: tzinfo, now: datetime
) -> tuple[dict[str, Any], dict[str, bytes]]:
    from tickets.files import pictures  # with its decoders: only who receives pictures needs them

    try:
        made = pictures.prepare(
            data,
            found,
            most_pixels=int(config.megapixels * 1_000_000),
            longest=config.longest_side,
            zone=zone,
            now=now,
        )
    except pictures.TooManyPixels as error:
        raise TooManyPixels(str(error), most=f"{config.megapixels:g}") from error
    except pictures.Unreadable as error:
        raise UnreadablePicture(str(error)) from error
    hash_, thumb = store.name_of(made.data), store.name_of(made.thumb)
    received = {
        "type": made.type,
        "hash": hash_,
        "thumb": thumb,
        "size": len(made.data),
        "width": made.width,
        "height": made.height,
        "position": made.position,
        "taken_at": made.taken_at,
    }
    return received, {hash_: made.data, thumb: made.thumb}


def _clean_name(name: str) -> str:
    """A document's name as people see it: without a path, and without what is no letter."""
    last = facts.clean(name).replace("\\", "/").rpartition("/")[2]
    return "".join(each for each in last if each.isprintable())[:_NAME_LENGTH]


def _megabytes(size: int) -> str:
    return f"{size / MEGABYTE:g}"


def add(
    session: Session,
    config: Files,
    ticket: TicketFacts,
    received: Received,
    *,
    actor: Actor,
    now: datetime,
) -> FileFacts:
    """Give a ticket a file that was received. The same one sent again is the one that is there.

    Raises `NotYours`, `RoleMayNot`, `TicketFull`, `AlreadyThere`.
    """
    seen = locked(session, ticket)
    if not rules.may_add(standing(actor, seen)):
        raise NotYours if actor.role is Role.DIVISION else RoleMayNot
    return _add(session, config, seen, received, by=actor.username, by_citizen=False, now=now)


def add_from_citizen(
    session: Session, config: Files, ticket: TicketFacts, received: Received, *, now: datetime
) -> FileFacts:
    """The same for what its citizen sent (`receive_from_citizen`): while it is open, and so many
    within 24 hours. Raises `TicketClosed`, `EnoughToday`, `TicketFull`, `AlreadyThere`.
    """
    seen = locked(session, ticket)
    if not seen.is_open:
        raise TicketClosed
    before = _same(session, seen.id, received.hash)
    lately = session.scalar(
        sa.select(sa.func.count()).where(
            TicketFile.ticket_id == seen.id,
            TicketFile.by_citizen == sa.true(),
            TicketFile.added_at > now - _DAY,
        )
    )
    if before is None and (lately or 0) >= config.citizens.files_a_day:
        raise EnoughToday(most=config.citizens.files_a_day)
    return _add(session, config, seen, received, by=CITIZEN, by_citizen=True, now=now)


def add_from_crew(
    session: Session,
    config: Files,
    ticket: TicketFacts,
    received: Received,
    *,
    by: str,
    now: datetime,
) -> FileFacts:
    """The same for what a crew took where it was sent to: the job has said that they may. Raises
    `TicketFull`, `AlreadyThere`.
    """
    seen = locked(session, ticket)
    return _add(session, config, seen, received, by=by, by_citizen=False, now=now)


def _add(
    session: Session,
    config: Files,
    ticket: TicketFacts,
    received: Received,
    *,
    by: str,
    by_citizen: bool,
    now: datetime,
) -> FileFacts:
    """Write row and event of a file of a ticket that is `locked`."""
    before = _same(session, ticket.id, received.hash)
    if before is not None:
        if before.kind is not received.kind:
            raise AlreadyThere(kind=before.kind.value)
        return before
    _check_room(session, config, ticket.id, received.size)
    file_id = insert_ignore(
        session,
        TicketFile,
        {
            "ticket_id": ticket.id,
            "kind": received.kind.value,
            "type": received.type.value,
            "name": received.name,
            "hash": received.hash,
            "thumb": received.thumb,
            "size": received.size,
            "width": received.width,
            "height": received.height,
            "added_by": by,
            "added_at": now,
            "by_citizen": by_citizen,
            "latitude": received.position.latitude if received.position else None,
            "longitude": received.position.longitude if received.position else None,
            "taken_at": received.taken_at,
            "public": False,
            "stored_at": now if received.stays else None,
        },
    )
    assert file_id is not None, "the ticket is locked: nobody else added the same"
    said = {"file": file_id, "of": received.kind.value}
    tell(session, ticket.id, EventKind.FILE_ADDED, by, now, said)
    after_commit(session, received.keep)
    return one(session, ticket, file_id)


def share(
    session: Session,
    config: Files,
    file_id: int,
    ticket: TicketFacts,
    *,
    actor: Actor,
    now: datetime,
) -> FileFacts:
    """Give a ticket a file that another one has: one photo of what was done can be that of many.
    Its bytes are kept once. Raises as `add`, and `NotFound` when it is not there any more.
    """
    row = session.scalars(sa.select(TicketFile).where(TicketFile.id == file_id, *PRESENT)).first()
    if row is None:
        raise NotFound
    known = _facts(row)
    return add(
        session,
        config,
        ticket,
        Received(
            kind=known.kind,
            type=known.type,
            name=row.name,
            hash=row.hash,
            thumb=row.thumb,
            size=row.size,
            width=row.width,
            height=row.height,
            position=known.position,
            taken_at=known.taken_at,
            stays=row.stored_at is not None,
        ),
        actor=actor,
        now=now,
    )


def after_photo_of(session: Session, ticket_ids: Collection[int]) -> int | None:
    """Return the newest photo of what was done, as the city took it, of any of these tickets."""
    return session.scalar(
        sa.select(TicketFile.id)
        .where(
            TicketFile.ticket_id.in_(list(ticket_ids)),
            TicketFile.kind == Kind.AFTER.value,
            TicketFile.by_citizen == sa.false(),
            *PRESENT,
        )
        .order_by(TicketFile.id.desc())
        .limit(1)
    )


def _same(session: Session, ticket_id: int, hash_: str) -> FileFacts | None:
    row = session.scalars(
        sa.select(TicketFile).where(
            TicketFile.ticket_id == ticket_id, TicketFile.hash == hash_, *PRESENT
        )
    ).one_or_none()
    return None if row is None else _facts(row)


def _check_room(session: Session, config: Files, ticket_id: int, size: int) -> None:
    """What was removed takes its room until it is erased: its bytes are kept."""
    number, total = session.execute(
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(TicketFile.size), 0)).where(
            TicketFile.ticket_id == ticket_id, TicketFile.erased_at.is_(None)
        )
    ).one()
    if number >= config.ticket_files or total + size > config.ticket_megabytes * MEGABYTE:
        raise TicketFull(files=config.ticket_files, megabytes=f"{config.ticket_megabytes:g}")


# ------------------------------------------------------------------ who sees it


def standing(actor: Actor, ticket: TicketFacts) -> Standing:
    """Say how somebody stands to a ticket."""
    return Standing(
        actor.role,
        of_division=ticket.division in actor.divisions,
        does_it=ticket.owner == actor.username,
    )


def of_ticket(session: Session, ticket: TicketFacts, actor: Actor) -> list[FileFacts]:
    """Return the files of a ticket that somebody may see, oldest first; none of a ticket that they
    may not read. What was removed is last, and only for who answers for the whole.
    """
    if not search.may_read(actor, ticket):
        return []
    files = _all(session, ticket.id)
    removed = rules.may_see_removed(standing(actor, ticket))
    return [
        *(file for file in files if not file.is_removed),
        *(file for file in files if file.is_removed and removed),
    ]


def for_crew(session: Session, ticket: TicketFacts) -> list[FileFacts]:
    """Return the pictures of a ticket for the crew that was sent to it, oldest first; also of a
    private one: the job has said that they may.
    """
    return [file for file in _all(session, ticket.id) if file.is_picture and not file.is_removed]


def for_citizen(session: Session, ticket: TicketFacts) -> list[FileFacts]:
    """Return the files of a ticket that its citizen sees: their own, and the public ones."""
    return [
        file
        for file in _all(session, ticket.id)
        if not file.is_removed
        and rules.citizen_sees(
            public=file.public, theirs=file.by_citizen, private_ticket=ticket.private
        )
    ]


def public_ones(session: Session, ticket: TicketFacts) -> list[FileFacts]:
    """Return the files of a ticket that everybody may see."""
    return [file for file in for_citizen(session, ticket) if file.public and not ticket.private]


def allowed(session: Session, ticket: TicketFacts, file_id: int, actor: Actor | None) -> FileFacts:
    """Return a file of a ticket if the actor may see it; None is the citizen of the ticket.

    Raises `NoSuchFile`.
    """
    seen = of_ticket(session, ticket, actor) if actor else for_citizen(session, ticket)
    found = next((file for file in seen if file.id == file_id), None)
    if found is None:
        raise NoSuchFile(f"file {file_id}")
    return found


def one(session: Session, ticket: TicketFacts, file_id: int) -> FileFacts:
    """Return a file of a ticket, whoever asks. Raises `NoSuchFile`."""
    row = session.scalars(
        sa.select(TicketFile)
        .where(TicketFile.id == file_id, TicketFile.ticket_id == ticket.id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None or row.erased_at is not None:
        raise NoSuchFile(f"file {file_id}")
    return _facts(row)


def _all(session: Session, ticket_id: int) -> list[FileFacts]:
    rows = session.scalars(
        sa.select(TicketFile)
        .where(TicketFile.ticket_id == ticket_id, TicketFile.erased_at.is_(None))
        .order_by(TicketFile.id)
        .execution_options(populate_existing=True)
    )
    return [_facts(row) for row in rows]


def _facts(row: TicketFile) -> FileFacts:
    where = row.latitude is not None and row.longitude is not None
    return FileFacts(
        id=row.id,
        ticket_id=row.ticket_id,
        kind=Kind(row.kind),
        type=Type(row.type),
        name=row.name,
        hash=row.hash,
        thumb=row.thumb,
        size=row.size,
        width=row.width,
        height=row.height,
        added_by=row.added_by,
        added_at=row.added_at,
        by_citizen=row.by_citizen,
        position=Position(row.latitude or 0, row.longitude or 0) if where else None,
        taken_at=row.taken_at,
        public=row.public,
        removed_at=row.removed_at,
        removed_by=row.removed_by,
        stored=row.stored_at is not None,
        missing=row.missing_at is not None,
        erased=row.erased_at is not None,
    )


def read(floor: Floor, file: FileFacts, *, thumb: bool = False) -> bytes:
    """Return the bytes of a file, or of its small picture, which only a picture has.

    Not to be called in a unit of work: they may come over the network. Raises `NoSuchFile` when
    they are not there, `StoreAway` when their service does not answer.
    """
    name = file.thumb if thumb else file.hash
    if name is None:
        raise NoSuchFile(f"file {file.id} has no small picture")
    found = store.folder_of(floor.settings).get(name)
    service = store.service_of(floor.settings)
    if found is None and service is not None:
        try:
            found = service.get(name)
        except store.Away as error:
            raise StoreAway(str(error)) from error
    if found is None:
        raise NoSuchFile(f"the bytes of file {file.id} are not there", text=MISSING)
    return found


MISSING = "tickets.files.error.missing"


# ------------------------------------------------------------------ what becomes of it


def mark(
    session: Session,
    ticket: TicketFacts,
    file_id: int,
    *,
    public: bool,
    text: str,
    actor: Actor,
    now: datetime,
) -> FileFacts:
    """Let everybody see a photo, or only the city again; `text` says why.

    Raises `NotYours`, `RoleMayNot`, `NoteEmpty`, `NoSuchFile`, `NotPublic`, `NothingChanged`.
    """
    text = facts.clean(text)
    seen = locked(session, ticket)
    _refuse(rules.may_mark(standing(actor, seen)), actor)
    file = allowed(session, seen, file_id, actor)
    if public and (not file.is_picture or seen.private or file.is_removed):
        raise NotPublic
    if not text:
        raise NoteEmpty
    _change(session, file, TicketFile.public != public, public=public)
    said = {"file": file.id, "of": file.kind.value, "public": public, "text": text}
    tell(session, ticket.id, EventKind.FILE_MARKED, actor.username, now, said)
    return one(session, ticket, file_id)


def remove(
    session: Session,
    ticket: TicketFacts,
    file_id: int,
    *,
    text: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Hide a file from everybody but who answers for the whole; `text` says why. Its bytes stay
    until `forget`. Raises as `mark`.
    """
    text = facts.clean(text)
    seen = locked(session, ticket)
    file = allowed(session, seen, file_id, actor)
    own = file.added_by == actor.username and not file.by_citizen
    _refuse(rules.may_remove(standing(actor, seen), own=own), actor)
    if not text:
        raise NoteEmpty
    gone = {"removed_at": now, "removed_by": actor.username, "public": False}
    _change(session, file, TicketFile.removed_at.is_(None), **gone)
    said = {"file": file.id, "of": file.kind.value, "text": text}
    tell(session, ticket.id, EventKind.FILE_REMOVED, actor.username, now, said)


def _refuse(may: bool, actor: Actor) -> None:
    if not may:
        raise NotYours if actor.role is Role.DIVISION else RoleMayNot


def _change(
    session: Session, file: FileFacts, expected: sa.ColumnElement[bool], **values: Any
) -> None:
    changed = session.execute(
        sa.update(TicketFile)
        .where(TicketFile.id == file.id, TicketFile.erased_at.is_(None), expected)
        .values(**values)
        .returning(TicketFile.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if changed is None:
        raise NothingChanged


def reasons(session: Session, ticket: TicketFacts) -> dict[int, str]:
    """Return why files of a ticket were removed, by their ids."""
    rows = session.scalars(
        sa.select(TicketEvent)
        .where(TicketEvent.ticket_id == ticket.id, TicketEvent.kind == EventKind.FILE_REMOVED.value)
        .order_by(TicketEvent.id)
    )
    return {int(row.data["file"]): str(row.data["text"]) for row in rows}


def after_photos(session: Session, ticket: TicketFacts) -> int:
    """Count the photos of what was done, as the city took them, since the ticket was last opened
    again: what was not done well the first time is not proved by the photo of that time.
    """
    return (
        session.scalar(
            sa.select(sa.func.count()).where(
                TicketFile.ticket_id == ticket.id,
                TicketFile.kind == Kind.AFTER.value,
                TicketFile.by_citizen == sa.false(),
                TicketFile.added_at >= _opened_at(session, ticket),
                *PRESENT,
            )
        )
        or 0
    )


def _opened_at(session: Session, ticket: TicketFacts) -> datetime:
    moves = session.scalars(
        sa.select(TicketEvent)
        .where(TicketEvent.ticket_id == ticket.id, TicketEvent.kind == EventKind.MOVED.value)
        .order_by(TicketEvent.id.desc())
    )
    for row in moves:
        if row.data["to"] in OPEN and row.data["from"] not in OPEN:
            return row.at
    return ticket.received_at


# ------------------------------------------------------------------ what must not be kept longer


def forget(session: Session, ticket_id: int, *, now: datetime) -> int:
    """Erase every file of a ticket, also the removed ones: see `delete_bytes`; return how many."""
    ids = session.scalars(
        sa.select(TicketFile.id).where(
            TicketFile.ticket_id == ticket_id, TicketFile.erased_at.is_(None)
        )
    )
    return delete_bytes(session, list(ids), now=now)


def anonymise(session: Session, ticket_id: int, *, now: datetime) -> int:
    """Erase the files of a ticket that are of somebody: documents, and what its citizen sent and
    nobody made public. Photos of the city's own stay, without where and when they were taken and
    with no name. Return how many were erased.
    """
    theirs = sa.and_(TicketFile.by_citizen == sa.true(), TicketFile.public == sa.false())
    of_somebody = sa.or_(TicketFile.kind == Kind.DOCUMENT.value, theirs)
    ids = session.scalars(
        sa.select(TicketFile.id).where(
            TicketFile.ticket_id == ticket_id, TicketFile.erased_at.is_(None), of_somebody
        )
    )
    erased = delete_bytes(session, list(ids), now=now)
    session.execute(
        sa.update(TicketFile)
        .where(TicketFile.ticket_id == ticket_id, TicketFile.erased_at.is_(None))
        .values(name="", latitude=None, longitude=None, taken_at=None)
        .execution_options(synchronize_session=False)
    )
    return erased


def forget_of_citizen(session: Session, ticket_id: int, *, whole: bool, now: datetime) -> int:
    """Erase what a ticket's citizen sent and nobody made public (`whole`), and of all that they
    sent where and when it was taken; return how many were erased.
    """
    sent = (
        TicketFile.ticket_id == ticket_id,
        TicketFile.by_citizen == sa.true(),
        TicketFile.erased_at.is_(None),
    )
    erased = 0
    if whole:
        ids = session.scalars(
            sa.select(TicketFile.id).where(*sent, TicketFile.public == sa.false())
        )
        erased = delete_bytes(session, list(ids), now=now)
    session.execute(
        sa.update(TicketFile)
        .where(*sent)
        .values(name="", latitude=None, longitude=None, taken_at=None)
        .execution_options(synchronize_session=False)
    )
    return erased


def rename(session: Session, ticket_id: int, change: Callable[[str], str]) -> bool:
    """Change what a ticket's files are called; whether any is called otherwise now."""
    touched = False
    longest = TicketFile.name.type.length
    for file in session.scalars(
        sa.select(TicketFile)
        .where(TicketFile.ticket_id == ticket_id, TicketFile.name != "")
        .execution_options(populate_existing=True)
    ):
        if (name := change(file.name)) != file.name:
            file.name, touched = name[:longest], True
    session.flush()
    return touched


def delete_bytes(session: Session, file_ids: Collection[int], *, now: datetime) -> int:
    """Erase files: from the commit on nobody sees them, and within a minute their bytes are deleted
    wherever they are kept (`gone_at` of the row then says when). The row stays, without the name
    and without where and when it was taken. Return how many were erased now.
    """
    erased: Iterable[int] = session.scalars(
        sa.update(TicketFile)
        .where(TicketFile.id.in_(file_ids), TicketFile.erased_at.is_(None))
        .values(erased_at=now, name="", latitude=None, longitude=None, taken_at=None, public=False)
        .returning(TicketFile.id)
        .execution_options(synchronize_session=False)
    )
    return len(list(erased))
