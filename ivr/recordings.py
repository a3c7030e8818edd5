"""Recordings: messages that callers leave, conversations that they agreed to have recorded.

The carrier makes them; a worker brings each into the hotline's own folder, and has the carrier
delete its copy. Who hears one is written down.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from hotline import audit, outbox
from hotline.audit import Asked
from hotline.auth import Identity
from hotline.db import after_commit, insert_ignore
from hotline.errors import NotFound
from hotline.floor import Floor
from ivr import calls
from ivr.events import Kind
from ivr.models import Call, CallEvent, Offer, Recording
from ivr.room import announcements as room
from tickets import service as tickets
from tickets.config import Tickets

#: Effect: bring a recording here (see ivr/jobs.py).
FETCH = "ivr.fetch_recording"
MESSAGE, CONVERSATION = "message", "conversation"
#: The folder of recordings in the hotline's data folder.
FOLDER = "recordings"
#: After this the sweep fetches what no worker has; and so long it tries.
_SOON, _KEPT_THERE = timedelta(minutes=2), timedelta(days=14)
#: Within so long, the same person hears the same recording once.
_ONE_HEARING = timedelta(minutes=15)
#: A line of the audit log.
HEARD = "ivr.heard"


@dataclass(frozen=True, slots=True)
class Made:
    """A recording as the carrier announces it; `seconds` is its length."""

    sid: str
    url: str
    seconds: int

    @classmethod
    def of(cls, form: Mapping[str, str]) -> "Made":
        """From the fields of a webhook."""
        return cls(
            form.get("RecordingSid", ""),
            form.get("RecordingUrl", ""),
            int(form.get("RecordingDuration") or 0),
        )


@dataclass(frozen=True, slots=True)
class RecordingFacts:
    """A recording; `file` is its path in the folder, None while it is still at the carrier."""

    id: int
    call_id: int
    kind: str
    sid: str
    url: str
    seconds: int
    file: str | None
    made_at: datetime
    #: When its sound was deleted for good; None: it was not.
    forgotten_at: datetime | None


class NoSuchRecording(NotFound):
    """There is no such recording, or its sound is not here yet."""

    code, text = "no-such-recording", "ivr.no_such_recording"


def keep_message(
    floor: Floor, session: Session, call_id: int, made: Made, *, language: str, now: datetime
) -> int | None:
    """A caller left a message: kept, and a ticket of its own that somebody has to complete.

    `language` is the one that they were asked for it in.
    """
    recording_id = _keep(session, call_id, None, MESSAGE, made, now)
    if recording_id is None:
        return None
    room.out_of_line(floor, session, call_id, "message", now=now)
    call = calls.facts(session, call_id)
    tickets.record_call(
        session,
        floor.section(Tickets),
        call_id=call_id,
        outcome=None,
        caller=calls.known_number(call.from_number),
        language=language,
        now=now,
        incomplete=True,
        source=tickets.MESSAGE,
    )
    return recording_id


def keep_conversation(
    session: Session, call_id: int, offer_id: int, made: Made, *, now: datetime
) -> int | None:
    """A conversation was recorded; None when that was known."""
    return _keep(session, call_id, offer_id, CONVERSATION, made, now)


def _keep(
    session: Session, call_id: int, offer_id: int | None, kind: str, made: Made, now: datetime
) -> int | None:
    # what comes late of a caller who was forgotten is not kept, only deleted at the carrier
    forgotten = session.scalar(sa.select(Call.forgotten_at).where(Call.id == call_id))
    recording_id = insert_ignore(
        session,
        Recording,
        {
            "forgotten_at": None if forgotten is None else now,
            "call_id": call_id,
            "offer_id": offer_id,
            "kind": kind,
            "sid": made.sid,
            "url": made.url,
            "seconds": made.seconds,
            "made_at": now,
            "tried_at": now,
        },
    )
    if recording_id is None:
        return None
    said = {"recording": recording_id, "kind": kind, "seconds": made.seconds}
    calls.tell(session, call_id, Kind.RECORDED, said, now=now)
    outbox.post(session, FETCH, {"recording": recording_id}, now=now, key=f"{FETCH}:{recording_id}")
    return int(recording_id)


def fetched(session: Session, recording_id: int, file: str) -> bool:
    """The sound is here; False when it was forgotten meanwhile, and must not be."""
    row = session.execute(
        sa.update(Recording)
        .where(Recording.id == recording_id, Recording.forgotten_at.is_(None))
        .values(file=file)
        .returning(Recording.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return row is not None


def forget_sounds(
    floor: Floor, session: Session, which: sa.ColumnElement[bool], now: datetime
) -> int:
    """Delete the sound of some recordings for good: here after the commit (`sweep_forgotten` finds
    what was missed), and at the carrier what is still there. How many there were.
    """
    rows = session.execute(
        sa.update(Recording)
        .where(which, Recording.forgotten_at.is_(None))
        .values(forgotten_at=now, file=None)
        .returning(Recording.id, Recording.made_at)
        .execution_options(synchronize_session=False)
    ).all()
    for recording_id, made_at in rows:
        after_commit(session, partial(_unlink, floor, recording_id, made_at))
        # what the carrier still has is deleted there by the same effect that would fetch it
        payload = {"recording": recording_id}
        outbox.post(session, FETCH, payload, now=now, key=f"{FETCH}:{recording_id}:forget")
    return len(rows)


def sweep_forgotten(floor: Floor, now: datetime) -> None:
    """Delete the sounds that should be gone and are still here."""
    with floor.db.read() as session:
        rows = session.execute(
            sa.select(Recording.id, Recording.made_at).where(
                Recording.forgotten_at > now - timedelta(days=3)
            )
        ).all()
    for recording_id, made_at in rows:
        _unlink(floor, recording_id, made_at)


def _unlink(floor: Floor, recording_id: int, made_at: datetime) -> None:
    place = folder(floor) / _name(recording_id, made_at)
    place.unlink(missing_ok=True)
    place.with_suffix(".part").unlink(missing_ok=True)


def _name(recording_id: int, made_at: datetime) -> str:
    """Where a recording's sound is in the folder."""
    return f"{made_at:%Y/%m}/{recording_id}.wav"


def facts(session: Session, recording_id: int) -> RecordingFacts:
    """A recording; raises `NoSuchRecording`."""
    row = session.execute(_ALL.where(Recording.id == recording_id)).one_or_none()
    if row is None:
        raise NoSuchRecording(f"recording {recording_id}")
    return RecordingFacts(*row)


def of_calls(session: Session, call_ids: list[int]) -> list[RecordingFacts]:
    """The recordings of some calls, oldest first."""
    there = (Recording.call_id.in_(call_ids), Recording.forgotten_at.is_(None))
    query = _ALL.where(*there).order_by(Recording.id)
    return [RecordingFacts(*row) for row in session.execute(query)]


def of_agent(session: Session, call_ids: Collection[int], agent_id: int) -> set[int]:
    """Which recordings (ids) of some calls hold a conversation of this agent's: theirs from the
    start, or taken over while it was recorded.
    """
    first, theirs = aliased(Offer), aliased(Offer)
    query = (
        sa.select(Recording.id)
        .join(first, first.id == Recording.offer_id)
        .join(
            theirs,
            sa.and_(
                theirs.call_id == first.call_id,
                _talk(theirs) == _talk(first),
                theirs.id >= first.id,
            ),
        )
        .where(
            Recording.call_id.in_(call_ids),
            theirs.agent_id == agent_id,
            theirs.consults.is_(None),  # else they were but asked for a word
        )
    )
    return set(session.scalars(query))


def _talk(offer: type[Offer]) -> sa.ColumnElement[int]:
    """As `OfferFacts.talk`: after which offer the conference is named."""
    return sa.func.coalesce(offer.talk_of, offer.id)


def heard(session: Session, recording: RecordingFacts, by: Identity, *, now: datetime) -> None:
    """Write down who hears a recording, in the call's story and in the audit log: once a quarter of
    an hour, however many pieces a browser asks for, also of several at once.
    """
    session.execute(sa.select(Recording.id).where(Recording.id == recording.id).with_for_update())
    lately = session.execute(
        sa.select(CallEvent.data).where(
            CallEvent.call_id == recording.call_id,
            CallEvent.kind == Kind.LISTENED,
            CallEvent.at > now - _ONE_HEARING,
        )
    ).scalars()
    if any((each["recording"], each["who"]) == (recording.id, by.username) for each in lately):
        return
    said = {"recording": recording.id, "who": by.username}
    calls.tell(session, recording.call_id, Kind.LISTENED, said, now=now)
    subject = f"call:{recording.call_id}"
    audit.record(session, HEARD, subject, by=by, at=now, recording=recording.id)


def hearings(session: Session, call_id: int) -> list[audit.Line]:
    """Who heard the recordings of a call, the newest first."""
    return audit.lines(session, Asked(subject=f"call:{call_id}", kind=HEARD))


def path_of(floor: Floor, recording: RecordingFacts) -> Path:
    """Where its sound is; raises `NoSuchRecording` while it is still at the carrier."""
    if recording.file is None:
        raise NoSuchRecording(f"recording {recording.id} has not arrived yet")
    return folder(floor) / recording.file


def path_in(floor: Floor, file: str) -> Path:
    """Where a file of the folder is."""
    return folder(floor) / file


def folder(floor: Floor) -> Path:
    """Where the sound of all recordings is kept."""
    return Path(floor.settings.data) / FOLDER


def late(session: Session, limit: int, *, now: datetime) -> list[int]:
    """Recordings that are still at the carrier, though there was time to fetch them.

    They are taken in turn, those not tried for longest first: one that always fails keeps no other
    waiting.
    """
    is_late = (
        Recording.file.is_(None),
        Recording.forgotten_at.is_(None),
        Recording.tried_at < now - _SOON,
    )
    due = (
        sa.select(Recording.id)
        .where(*is_late, Recording.made_at > now - _KEPT_THERE)
        .order_by(Recording.tried_at)
        .limit(limit)
    )
    taken = session.scalars(
        sa.update(Recording)
        .where(Recording.id.in_(due), *is_late)
        .values(tried_at=now)
        .returning(Recording.id)
        .execution_options(synchronize_session=False)
    )
    return sorted(taken)


def keep_sound(floor: Floor, recording: RecordingFacts, sound: bytes) -> str:
    """Write the sound (WAVE) into the folder; returns its path there, for `fetched`.

    Done twice, it is the same: the file is put in place whole, under a name of its own.
    """
    name = _name(recording.id, recording.made_at)
    place = folder(floor) / name
    place.parent.mkdir(parents=True, exist_ok=True)
    unfinished = place.with_suffix(".part")
    unfinished.write_bytes(sound)
    unfinished.replace(place)
    return name


#: What `RecordingFacts` is made of, in its order.
_ALL = sa.select(*(getattr(Recording, name) for name in RecordingFacts.__slots__))
