"""How long calls keep who called, and what somebody asks of theirs: this room's part of
`hotline.privacy`.

A call is never deleted, nor an event of it: figures are counted from them, and none of them says
who called. Its number becomes that of somebody who withheld theirs, what they said to the menu is
masked, its sound is deleted, here and at the carrier. A call whose ticket is open or held keeps all
of it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.config import length_of
from hotline.db import not_by_index
from hotline.floor import Floor
from hotline.privacy.keepers import About, Due, Erased, Erasure, Forgotten, Keeper, Subject
from ivr import callers, recordings
from ivr.config import Ivr
from ivr.events import Kind
from ivr.models import (
    Block,
    BlockEvent,
    Call,
    Callback,
    CallEvent,
    Draft,
    Party,
    QualityComment,
    QualityMark,
    Recording,
)
from tickets import service as tickets
from tickets import whose
from tickets.masking import MASK
from tickets.persons import service as persons

ROOM = "ivr"
SOUND, NUMBER = "forget_sound", "forget_number"
#: So many calls are looked at together.
_CHUNK = 200


# ---------------------------------------------------------------- what is due


def due(floor: Floor, session: Session, now: datetime) -> Iterator[Due]:
    """See `keepers.Keeper`."""
    kept = floor.section(Ivr).retention
    if kept.recordings is not None:
        query = (
            sa.select(Recording.id, Recording.call_id, Recording.made_at)
            .where(
                Recording.made_at < now - length_of(kept.recordings),
                Recording.forgotten_at.is_(None),
            )
            .order_by(Recording.made_at)
        )
        yield from _due(session, query, SOUND, "recording", kept.recordings)
    if kept.numbers is not None:
        promised = sa.exists().where(Callback.call_id == Call.id, Callback.ended_at.is_(None))
        query = (
            sa.select(Call.id, Call.id.label("call_id"), Call.arrived_at)
            .where(
                Call.arrived_at < now - length_of(kept.numbers),
                Call.ended_at.is_not(None),
                Call.from_number != "",
                ~promised,
            )
            .order_by(Call.arrived_at)
        )
        yield from _due(session, query, NUMBER, "call", kept.numbers)


def _due(
    session: Session, query: "sa.Select[int, int, datetime]", act: str, what: str, rule: str
) -> Iterator[Due]:
    rows = iter(session.execute(query).all())
    while chunk := list(islice(rows, _CHUNK)):
        needed = _needed(session, [row.call_id for row in chunk])
        for id_, call_id, since in chunk:
            if call_id not in needed:
                yield Due(ROOM, act, f"{what}:{id_}", str(call_id), rule, since)


def _needed(session: Session, call_ids: Sequence[int]) -> set[int]:
    """The calls whose ticket is open or held."""
    found = tickets.tickets_of_calls(session, call_ids)
    return {call_id for call_id, ticket in found.items() if ticket.is_open or ticket.hold}


def act(floor: Floor, session: Session, due: Due, now: datetime) -> bool:
    """See `keepers.Keeper`."""
    if _needed(session, [int(due.shown)]):
        return False
    if due.act == SOUND:
        return bool(recordings.forget_sounds(floor, session, Recording.id == due.id, now))
    return bool(_forget_numbers(session, [due.id], now))


def _forget_numbers(session: Session, call_ids: Collection[int], now: datetime) -> int:
    """Empty the numbers of calls; of one that somebody is to be called back about, not yet."""
    promised = sa.exists().where(Callback.call_id == Call.id, Callback.ended_at.is_(None))
    rows = session.execute(
        sa.update(Call)
        .where(Call.id.in_(call_ids), Call.ended_at.is_not(None), ~promised)
        .values(from_number="", forgotten_at=sa.func.coalesce(Call.forgotten_at, now))
        .returning(Call.id)
        .execution_options(synchronize_session=False)
    )
    ids = list(rows.scalars())
    session.execute(sa.delete(Draft).where(Draft.call_id.in_(ids)))
    _forget_speech(session, ids)
    session.execute(
        sa.update(Callback)
        .where(Callback.call_id.in_(ids), Callback.ended_at.is_not(None))
        .values(number="")
        .execution_options(synchronize_session=False)
    )
    return len(ids)


def _forget_speech(session: Session, call_ids: Collection[int]) -> None:
    """Take out what callers said to the menu, in whatever words; that they spoke stays, for what is
    counted.
    """
    steps = sa.select(CallEvent).where(
        CallEvent.call_id.in_(call_ids), not_by_index(CallEvent.kind == Kind.STEP.value)
    )
    for event in session.scalars(steps.execution_options(populate_existing=True)):
        if event.data.get("speech"):
            event.data = {**event.data, "speech": MASK}
    session.flush()


def forget(floor: Floor, session: Session, forgotten: Forgotten, now: datetime) -> None:
    """A ticket was forgotten: the numbers and the sound of its calls go with it."""
    recordings.forget_sounds(floor, session, Recording.call_id.in_(forgotten.call_ids), now)
    _forget_numbers(session, forgotten.call_ids, now)


# ---------------------------------------------------------------- what somebody asks of theirs


def calls_of(session: Session, subject: Subject) -> list[int]:
    """The calls (ids) of a number, or those in which a person spoke."""
    if subject.person is not None:
        return persons.calls_of(session, subject.person)
    theirs = sa.union(
        sa.select(Call.id).where(Call.from_number == subject.number),
        sa.select(Callback.call_id).where(Callback.number == subject.number),
    )
    return sorted(session.scalars(theirs))


def about(floor: Floor, session: Session, subject: Subject) -> About:
    """See `keepers.Keeper`: the calls with what happened in them, and their sound."""
    ids = calls_of(session, subject)
    sounds = recordings.of_calls(session, ids)
    files = {
        f"recordings/{each.id}.wav": recordings.path_in(floor, each.file)
        for each in sounds
        if each.file is not None
    }
    facts: dict[str, Any] = {"calls": [_call(session, id_) for id_ in ids]}
    facts["recordings"] = [
        {
            "call": each.call_id,
            "what": each.kind,
            "at": each.made_at.isoformat(),
            "seconds": each.seconds,
            "file": f"recordings/{each.id}.wav" if each.file is not None else None,
        }
        for each in sounds
    ]
    if subject.number is not None:
        facts |= _of_number(session, subject.number)
    return About(facts, files)


def _call(session: Session, call_id: int) -> dict[str, Any]:
    call = session.get_one(Call, call_id)
    events = session.execute(
        sa.select(CallEvent.at, CallEvent.kind)
        .where(CallEvent.call_id == call_id)
        .order_by(CallEvent.id)
    )
    return {
        "id": call.id,
        "at": call.arrived_at.isoformat(),
        "ended": call.ended_at.isoformat() if call.ended_at else None,
        "caller": call.from_number,
        "language": call.language,
        "consent": call.consent,
        "mark": call.mark,
        "story": [{"at": at.isoformat(), "what": kind} for at, kind in events],
    }


def _of_number(session: Session, number: str) -> Mapping[str, Any]:
    promised = session.scalars(sa.select(Callback).where(Callback.number == number))
    blocked = session.scalars(sa.select(Block).where(Block.number == number))
    return {
        "callbacks": [
            {"at": each.promised_at.isoformat(), "state": each.state, "call": each.call_id}
            for each in promised
        ],
        "blocks": [
            {
                "at": each.made_at.isoformat(),
                "until": each.expires_at.isoformat(),
                "text": each.reason,
            }
            for each in blocked
        ],
    }


def erase(floor: Floor, session: Session, erasure: Erasure) -> Erased:
    """See `keepers.Keeper`. Raises `StillPromised` while somebody is to be called back."""
    now, subject = erasure.now, erasure.subject
    ids = calls_of(session, subject)
    found = tickets.tickets_of_calls(session, ids)
    held = {call_id for call_id, ticket in found.items() if ticket.hold}
    free = [id_ for id_ in ids if id_ not in held]
    kept: list[tuple[str, Mapping[str, Any]]] = []
    counts: dict[str, int] = {}
    if subject.number is not None:
        gone = callers.erase(session, subject.number, now=now, dry=erasure.dry, but=sorted(held))
        counts |= {"calls": gone.calls, "callbacks": gone.callbacks, "blocks": gone.blocks}
        if gone.still_blocked:
            kept.append(("ivr.privacy.kept.blocked", {}))
    else:
        with_number = sa.select(Call.id).where(Call.id.in_(free), Call.from_number != "")
        counts["calls"] = len(session.scalars(with_number).all())
    there = [each for each in recordings.of_calls(session, ids) if each.call_id not in held]
    counts["recordings"] = len(there)
    if not erasure.dry:
        numbers = whose.numbers_of(session, subject)
        _change_words(session, free, numbers, whose.nameless(session, subject))
        _erase(floor, session, subject, free, now)
    if ids:
        kept.append(("ivr.privacy.kept.calls", {"count": len(ids)}))
    return Erased(counts, kept)


def _change_words(
    session: Session,
    call_ids: Sequence[int],
    numbers: Collection[str],
    change: Callable[[str], str],
) -> None:
    """Take a name and a number out of what was written about calls and numbers: how a callback was
    settled, why somebody was blocked, what was said of a conversation.
    """
    callbacks = sa.or_(Callback.call_id.in_(call_ids), Callback.number.in_(numbers))
    # those of a number that is gone already name it no more, and perhaps whose it was
    blocks = sa.select(Block.id).where(sa.or_(Block.number.in_(numbers), Block.number == ""))
    marks = sa.select(QualityMark.id).where(QualityMark.call_id.in_(call_ids))
    for table, which, names in (
        (Callback, callbacks, ("word",)),
        (Block, Block.id.in_(blocks), ("reason",)),
        (QualityMark, QualityMark.id.in_(marks), ("note", "reason")),
        (QualityComment, QualityComment.mark_id.in_(marks), ("text",)),
    ):
        for row in _rows(session, table, which):
            for name in names:
                said = getattr(row, name)
                if said and (words := change(said)) != said:
                    setattr(row, name, words[: row.__table__.c[name].type.length])
    for event in _rows(session, BlockEvent, BlockEvent.block_id.in_(blocks)):
        said = event.data.get("reason")
        if said and (words := change(said)) != said:
            event.data = {**event.data, "reason": words}
    session.flush()


def _rows(session: Session, table: type[Any], which: sa.ColumnElement[bool]) -> Sequence[Any]:
    query = sa.select(table).where(which).execution_options(populate_existing=True)
    return session.scalars(query).all()


def _erase(
    floor: Floor, session: Session, subject: Subject, free: Sequence[int], now: datetime
) -> None:
    recordings.forget_sounds(floor, session, Recording.call_id.in_(free), now)
    _forget_numbers(session, free, now)
    _forget_speech(session, free)  # also of what is just being said
    if subject.number is not None:
        # somebody whom an agent called in by this number
        session.execute(
            sa.update(Party)
            .where(Party.number == subject.number, Party.ended_at.is_not(None))
            .values(number="")
            .execution_options(synchronize_session=False)
        )


KEEPER = Keeper(ROOM, due=due, act=act, about=about, erase=erase, forget=forget)
