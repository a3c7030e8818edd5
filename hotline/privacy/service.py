"""What is done with personal data, whichever room keeps them: retention, export, erasure.

Every run of the retention that did something, every export and every erasure is a line of the audit
log, which names records and no person: the number asked for stands in it by its last figures.
"""

import time
from collections import Counter, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import audit, telephones
from hotline.auth import Identity
from hotline.db import after_commit
from hotline.errors import Invalid
from hotline.floor import Floor
from hotline.i18n import masked
from hotline.people.rules import need_reason
from hotline.privacy.keepers import Due, Erasure, File, Keeper, Subject

#: Seconds of the wall in which a unit of work does one thing after the other: so long, and for as
#: long as the last of them takes, SQLite lets nobody else write.
HELD = 0.1
#: So many are looked for at once.
LOOKED_FOR = 2000
#: Of so many a run's line in the log tells the subjects.
TOLD = 500
#: An id has fewer figures than any telephone number.
_LONGEST_ID = 7


class NobodyMeant(Invalid):
    """The text is neither a telephone number nor the id of a person."""

    code, text = "nobody-meant", "floor.privacy.nobody_meant"


def read_subject(text: str, country: str) -> Subject:
    """Whose data are meant: a telephone number as people write it in `country`, or a person's id
    (17). Raises `NobodyMeant`.
    """
    text = text.strip()
    if text.isdecimal() and len(text) <= _LONGEST_ID and text[0] != "0":
        return Subject(person=int(text))
    number = telephones.kept(text, country, possible=True)
    if number is None:
        raise NobodyMeant()
    return Subject(number=number)


def shown(subject: Subject) -> str:
    """Whose data were meant, as far as a log may tell."""
    return masked(subject.number) if subject.number else f"person {subject.person}"


# ---------------------------------------------------------------- retention


def due(floor: Floor, session: Session, now: datetime) -> Iterator[Due]:
    """Everything whose time has come, room by room."""
    for keeper in floor.keepers:
        yield from keeper.due(floor, session, now)


def run(floor: Floor, now: datetime) -> list[Due]:
    """Do all that is due, in units of work of a bounded time, with as long between them for
    everybody else: there are callers at night, too. What was done.

    Two that run at once do each thing once, and what is interrupted goes on the next time.
    """
    done: list[Due] = []
    for keeper in floor.keepers:
        # what could not be done, or is due again at once, waits for the next run
        seen: set[tuple[str, str]] = set()
        while found := _found(floor, keeper, seen, now):
            seen |= {(each.act, each.subject) for each in found}
            while found:
                begun = time.monotonic()
                done += _some(floor, keeper, found, now)
                time.sleep(time.monotonic() - begun)
    return done


def _found(
    floor: Floor, keeper: Keeper, seen: Collection[tuple[str, str]], now: datetime
) -> deque[Due]:
    """Some of what is due and was not seen, looked for while others write: `act` looks again."""
    with floor.db.read() as session:
        due = keeper.due(floor, session, now)
        fresh = (each for each in due if (each.act, each.subject) not in seen)
        return deque(islice(fresh, LOOKED_FOR))


def _some(floor: Floor, keeper: Keeper, found: deque[Due], now: datetime) -> list[Due]:
    """Take from what was found and do it, as much as a unit of work has time for."""
    did = []
    with floor.db.write() as session:
        until = time.monotonic() + HELD
        while found and time.monotonic() < until:
            each = found.popleft()
            if keeper.act(floor, session, each, now):
                did.append(each)
        _log_run(session, keeper.room, did, now)
    return did


def _log_run(session: Session, room: str, did: Sequence[Due], now: datetime) -> None:
    if not did:
        return
    said: dict[str, Any] = dict(Counter(each.act for each in did))
    subjects = [f"{each.act} {each.subject}" for each in did[:TOLD]]
    audit.record(
        session, "floor.retention", f"room:{room}", by=None, at=now, did=said, subjects=subjects
    )


# ---------------------------------------------------------------- what somebody asks for


@dataclass(frozen=True)
class Dossier:
    """All that is known of somebody: facts by room, and files by their name; and what is not given
    or stays whatever they ask for, as keys of the texts with their values.
    """

    made_at: datetime
    subject: Subject
    rooms: Mapping[str, Mapping[str, Any]]
    files: Mapping[str, File]
    kept: Sequence[tuple[str, Mapping[str, Any]]] = ()

    @property
    def is_empty(self) -> bool:
        """Nothing is known of them."""
        return not any(any(facts.values()) for facts in self.rooms.values())


def export(
    floor: Floor, session: Session, subject: Subject, *, by: Identity | None, now: datetime
) -> Dossier:
    """All that is known of somebody; that it was asked for is written down."""
    rooms: dict[str, Mapping[str, Any]] = {}
    files: dict[str, File] = {}
    kept: list[tuple[str, Mapping[str, Any]]] = []
    for keeper in floor.keepers:
        about = keeper.about(floor, session, subject)
        if about.facts:
            rooms[keeper.room] = about.facts
            files |= about.files
            kept += about.kept
    of = shown(subject)
    audit.record(session, "floor.exported", _subject(subject), by=by, at=now, of=of)
    kept += [("floor.privacy.by_law.figures", {}), ("floor.privacy.by_law.audit", {})]
    return Dossier(now, subject, rooms, files, kept)


@dataclass(frozen=True)
class Outcome:
    """What an erasure did, or would: how many of what, by room, and what is kept, as keys of the
    texts with their values.
    """

    counts: Mapping[str, int]
    kept: Sequence[tuple[str, Mapping[str, Any]]]


def erase(
    floor: Floor,
    session: Session,
    subject: Subject,
    *,
    reason: str,
    by: Identity | None,
    now: datetime,
    dry: bool,
) -> Outcome:
    """Forget somebody in every room, or in none: one that refuses stops the others.

    Done twice, the second finds nothing left to do. Raises `ReasonNeeded`, and what a room raises
    that cannot forget them now.
    """
    reason = reason.strip() if dry else need_reason(reason)
    who = by.username if by else audit.COMMAND_LINE
    counts: dict[str, int] = {}
    kept: list[tuple[str, Mapping[str, Any]]] = []
    # the rooms above first: they find what is theirs by what the rooms below still know
    for keeper in reversed(floor.keepers):
        erased = keeper.erase(floor, session, Erasure(subject, who, reason, now, dry))
        counts |= {name: number for name, number in erased.counts.items() if number}
        kept += erased.kept
    if not dry:
        did = {"of": shown(subject), "did": counts}
        audit.record(
            session, "floor.erased", _subject(subject), by=by, at=now, reason=reason, **did
        )
        after_commit(session, floor.db.empty_log)
    return Outcome(counts, [*kept, ("floor.privacy.kept.audit", {})])


def _subject(subject: Subject) -> str:
    return f"citizen:{subject.person}" if subject.person else "citizen"


def last_runs(session: Session, limit: int = 20) -> list[audit.Line]:
    """The latest runs of the retention, exports and erasures, newest first."""
    found: list[audit.Line] = []
    for kind in ("floor.retention", "floor.exported", "floor.erased"):
        found += audit.lines(session, audit.Asked(kind=kind), limit=limit)
    return sorted(found, key=lambda line: -line.id)[:limit]


def count_rows(session: Session, *queries: sa.Select[Any]) -> list[int]:
    """How many rows each query finds: what rooms count with."""
    return [
        session.scalar(sa.select(sa.func.count()).select_from(each.subquery())) or 0
        for each in queries
    ]
