"""Recordings: messages that callers leave, conversations that they agreed to have recorded.

The carrier makes them; a worker brings each into the hotline's own folder, and has the carrier
delete its copy. Who hears one is written down.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import outbox
from hotline.db import insert_ignore
from hotline.errors import NotFound
from hotline.floor import Floor
from hotline.telephony import CarrierError
from ivr import calls
from ivr.events import Kind
from ivr.models import CallEvent, Recording
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
_AT_ONCE = 20
#: Within so long, the same person hears the same recording once.
_ONE_HEARING = timedelta(hours=1)

log = logging.getLogger(__name__)


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
    offer_id: int | None
    kind: str
    sid: str
    url: str
    seconds: int
    file: str | None
    made_at: datetime


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
        caller=call.from_number or None,
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
    recording_id = insert_ignore(
        session,
        Recording,
        {
            "call_id": call_id,
            "offer_id": offer_id,
            "kind": kind,
            "sid": made.sid,
            "url": made.url,
            "seconds": made.seconds,
            "made_at": now,
        },
    )
    if recording_id is None:
        return None
    said = {"recording": recording_id, "kind": kind, "seconds": made.seconds}
    calls.tell(session, call_id, Kind.RECORDED, said, now=now)
    outbox.post(session, FETCH, {"recording": recording_id}, now=now, key=f"{FETCH}:{recording_id}")
    return int(recording_id)


def fetched(session: Session, recording_id: int, file: str) -> None:
    """The sound is here."""
    session.execute(
        sa.update(Recording)
        .where(Recording.id == recording_id)
        .values(file=file)
        .execution_options(synchronize_session=False)
    )


def facts(session: Session, recording_id: int) -> RecordingFacts:
    """A recording; raises `NoSuchRecording`."""
    row = session.execute(sa.select(*_COLUMNS).where(Recording.id == recording_id)).one_or_none()
    if row is None:
        raise NoSuchRecording(f"recording {recording_id}")
    return RecordingFacts(*row)


def of_calls(session: Session, call_ids: list[int]) -> list[RecordingFacts]:
    """The recordings of some calls, oldest first."""
    query = sa.select(*_COLUMNS).where(Recording.call_id.in_(call_ids)).order_by(Recording.id)
    return [RecordingFacts(*row) for row in session.execute(query)]


def heard(session: Session, recording: RecordingFacts, by: str, *, now: datetime) -> None:
    """Write down who hears a recording: once an hour, however many pieces a browser asks for."""
    lately = session.execute(
        sa.select(CallEvent.data).where(
            CallEvent.call_id == recording.call_id,
            CallEvent.kind == Kind.LISTENED,
            CallEvent.at > now - _ONE_HEARING,
        )
    ).scalars()
    if any((each["recording"], each["who"]) == (recording.id, by) for each in lately):
        return
    said = {"recording": recording.id, "who": by}
    calls.tell(session, recording.call_id, Kind.LISTENED, said, now=now)


def path_of(floor: Floor, recording: RecordingFacts) -> Path:
    """Where its sound is; raises `NoSuchRecording` while it is still at the carrier."""
    if recording.file is None:
        raise NoSuchRecording(f"recording {recording.id} has not arrived yet")
    return folder(floor) / recording.file


def folder(floor: Floor) -> Path:
    """Where the sound of all recordings is kept."""
    return Path(floor.settings.data) / FOLDER


def fetch_late(floor: Floor, now: datetime) -> None:
    """Sweep: what was not fetched while the carrier was away for longer than an effect is tried."""
    with floor.db.read() as session:
        late = session.scalars(
            sa.select(Recording.id)
            .where(
                Recording.file.is_(None),
                Recording.made_at < now - _SOON,
                Recording.made_at > now - _KEPT_THERE,
            )
            .order_by(Recording.id)
            .limit(_AT_ONCE)
        ).all()
    for recording_id in late:
        try:
            bring(floor, {"recording": recording_id})
        except CarrierError as error:
            log.warning("recording %s could not be fetched: %s", recording_id, error)


def bring(floor: Floor, payload: dict[str, Any]) -> None:
    """Effect: fetch the sound from the carrier, keep it, and have the carrier delete its copy.

    Done twice, it is the same: the file is put in place whole, under a name of its own.
    """
    with floor.db.read() as session:
        recording = facts(session, int(payload["recording"]))
    if recording.file is not None:  # the last time, it was not deleted there
        floor.carrier.delete_recording(recording.sid)
        return
    sound = floor.carrier.fetch_recording(recording.url)
    name = f"{recording.made_at:%Y/%m}/{recording.id}.wav"
    place = folder(floor) / name
    place.parent.mkdir(parents=True, exist_ok=True)
    unfinished = place.with_suffix(".part")
    unfinished.write_bytes(sound)
    unfinished.replace(place)
    with floor.db.write() as session:
        fetched(session, recording.id, name)
    floor.carrier.delete_recording(recording.sid)


_COLUMNS = tuple(getattr(Recording, name) for name in RecordingFacts.__slots__)
