"""The waiting room: who waits for what, in which order, and whether they are still there."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from agents import routing
from hotline.db import insert_ignore
from ivr import calls
from ivr.events import STILL_WAITS, Kind, Waits
from ivr.models import Waiting

#: Nobody is told a position beyond this, so counting stops there: it costs the same at any length.
FURTHEST_SAID = 50

Skill = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """A place to take; `visit` is the number of the step to it. Larger priorities go first."""

    call_id: int
    visit: int
    node: str
    queue: str
    language: str
    priority: int


@dataclass(frozen=True, slots=True)
class Stay:
    """A caller's stay in the waiting room as it is now."""

    id: int
    call_id: int
    visit: int
    node: str
    queue: str
    language: str
    precedence: int
    entered_at: datetime
    state: Waits

    @property
    def skill(self) -> Skill:
        """What an agent needs for this caller."""
        return (self.queue, self.language)


@dataclass(frozen=True, slots=True)
class Line:
    """How long one queue is: callers in it, and since when the first waits (aware)."""

    queue: str
    language: str
    waiting: int
    longest_since: datetime


def enter(session: Session, place: Place, *, now: datetime) -> bool:
    """Take a place; False when it is taken already or the call is over."""
    if not calls.choose_language(session, place.call_id, place.language):
        return False
    waiting_id = insert_ignore(
        session,
        Waiting,
        {
            "call_id": place.call_id,
            "visit": place.visit,
            "queue": place.queue,
            "language": place.language,
            "node": place.node,
            "precedence": -place.priority,
            "entered_at": now,
            "state": Waits.WAITING.value,
            "last_seen_at": now,
        },
    )
    if waiting_id is None:
        return False
    queued = {
        "visit": place.visit,
        "queue": place.queue,
        "language": place.language,
        "priority": place.priority,
    }
    calls.tell(session, place.call_id, Kind.QUEUED, queued, now=now)
    return True


def seen(
    session: Session, call_id: int, visit: int, place: Place | None, *, now: datetime
) -> Stay | None:
    """The wait loop of a caller was heard; their stay, or None when they do not wait.

    So the waiting room heals itself: a caller whose place is missing takes it now, and one who had
    been given up as unseen gets the old place back. Whose call is over gets none. `place` is
    None when the configuration no longer knows the node that led here.
    """
    # Read before writing: an UPDATE that finds the row moved on keeps it locked (PostgreSQL), and
    # `enter` takes the call first, as everybody does who needs both.
    known = of_visit(session, call_id, visit)
    if known is not None and known.state in STILL_WAITS:
        return _touch(session, call_id, visit, now)
    if place is None:
        return None
    if enter(session, place, now=now) or _revive(session, place, now):
        return of_visit(session, place.call_id, place.visit)
    return None


def of_visit(session: Session, call_id: int, visit: int) -> Stay | None:
    """One stay, in whatever state, or None."""
    found = {"call": call_id, "visit": visit}
    row = session.execute(_BY_VISIT, found).one_or_none()
    return None if row is None else _stay(row)


def latest(session: Session, call_id: int) -> Stay | None:
    """The last stay of a call, in whatever state, or None."""
    row = session.execute(_LATEST, {"call": call_id}).first()
    return None if row is None else _stay(row)


def by_id(session: Session, waiting_id: int) -> Stay:
    """One stay by its id, which a row of ours names."""
    return _stay(session.execute(sa.select(*_COLUMNS).where(Waiting.id == waiting_id)).one())


def position(session: Session, stay: Stay) -> int | None:
    """Where in the line a caller is, from 1; None when further back than is ever told.

    Who is being offered or connected counts as first.
    """
    if stay.state is not Waits.WAITING:
        return 1
    ahead = session.execute(
        _AHEAD,
        {
            "queue": stay.queue,
            "language": stay.language,
            "precedence": stay.precedence,
            "entered": stay.entered_at,
            "id": stay.id,
        },
    ).scalar_one()
    return None if ahead >= FURTHEST_SAID else ahead + 1


def heads(session: Session, skills: Collection[Skill]) -> list[routing.Waiting]:
    """The first caller of each line, by index: flat in the number of callers."""
    wanted = sorted(skills)
    if not wanted:
        return []
    parameters: dict[str, Any] = {}
    for number, (queue, language) in enumerate(wanted):
        parameters |= {f"queue_{number}": queue, f"language_{number}": language}
    return [
        routing.Waiting(row.id, row.queue, row.language, -row.precedence, row.entered_at)
        for row in session.execute(_heads(len(wanted)), parameters)
    ]


def move(session: Session, waiting_id: int, came: Sequence[Waits], to: Waits) -> Stay | None:
    """Compare and set: the stay if it was in one of `came`, else None and nothing is changed."""
    row = session.execute(
        sa.update(Waiting)
        .where(Waiting.id == waiting_id, Waiting.state.in_(came))
        .values(state=to.value)
        .returning(*_COLUMNS)
    ).one_or_none()
    return None if row is None else _stay(row)


def leave(session: Session, call_id: int) -> list[Stay]:
    """Out of the waiting room; the stays that ended by it (one at most, none if none was open)."""
    rows = session.execute(
        sa.update(Waiting)
        .where(Waiting.call_id == call_id, Waiting.state.in_(STILL_WAITS))
        .values(state=Waits.LEFT.value)
        .returning(*_COLUMNS)
    )
    return [_stay(row) for row in rows]


def give_up(session: Session, stay: Stay, *, now: datetime) -> bool:
    """No longer offer a caller whose wait loop fell silent though the call lives; else False.

    Should the loop be heard again, `seen` gives the place back.
    """
    if move(session, stay.id, (Waits.WAITING,), Waits.UNSEEN) is None:
        return False
    tell_left(session, stay, "unseen", now=now)
    return True


def tell_left(session: Session, stay: Stay, why: str, *, now: datetime) -> None:
    """Write down that a caller left the waiting room otherwise than by hanging up."""
    left = {"queue": stay.queue, "language": stay.language, "why": why}
    calls.tell(session, stay.call_id, Kind.LEFT, left, now=now)


def unseen(session: Session, before: datetime, limit: int) -> list[Stay]:
    """Waiting callers whose wait loop was not heard since `before`, the longest unheard first."""
    query = (
        sa.select(*_COLUMNS)
        .where(Waiting.state == Waits.WAITING, Waiting.last_seen_at < before)
        .order_by(Waiting.last_seen_at)
        .limit(limit)
    )
    return [_stay(row) for row in session.execute(query)]


def lines(session: Session) -> Iterator[Line]:
    """Every line that somebody waits in."""
    query = (
        sa.select(
            Waiting.queue,
            Waiting.language,
            sa.func.count(),
            sa.func.min(Waiting.entered_at, type_=Waiting.entered_at.type),
        )
        .where(Waiting.state.in_(STILL_WAITS))
        .group_by(Waiting.queue, Waiting.language)
    )
    for row in session.execute(query):
        yield Line(*row)


def _touch(session: Session, call_id: int, visit: int, now: datetime) -> Stay | None:
    row = session.execute(
        _SEEN, {"this_call": call_id, "this_visit": visit, "last_seen_at": now}
    ).one_or_none()
    return None if row is None else _stay(row)


def _revive(session: Session, place: Place, now: datetime) -> bool:
    if not calls.choose_language(session, place.call_id, place.language):
        return False
    row = session.execute(
        sa.update(Waiting)
        .where(
            Waiting.call_id == place.call_id,
            Waiting.visit == place.visit,
            Waiting.state == Waits.UNSEEN,
        )
        .values(state=Waits.WAITING.value, last_seen_at=now)
        .returning(Waiting.id)
    ).one_or_none()
    if row is None:
        return False
    back = {"visit": place.visit, "queue": place.queue, "language": place.language}
    calls.tell(session, place.call_id, Kind.RETURNED, back, now=now)
    return True


def _stay(row: Any) -> Stay:
    named = row._asdict()
    return Stay(**named | {"state": Waits(named["state"])})


_COLUMNS = (
    Waiting.id,
    Waiting.call_id,
    Waiting.visit,
    Waiting.node,
    Waiting.queue,
    Waiting.language,
    Waiting.precedence,
    Waiting.entered_at,
    Waiting.state,
)
_BY_VISIT = sa.select(*_COLUMNS).where(
    Waiting.call_id == sa.bindparam("call"), Waiting.visit == sa.bindparam("visit")
)
_LATEST = (
    sa.select(*_COLUMNS)
    .where(Waiting.call_id == sa.bindparam("call"))
    .order_by(Waiting.visit.desc())
    .limit(1)
)
_SEEN = (
    sa.update(Waiting)
    .where(
        Waiting.call_id == sa.bindparam("this_call"),
        Waiting.visit == sa.bindparam("this_visit"),
        Waiting.state.in_(STILL_WAITS),
    )
    .values(last_seen_at=sa.bindparam("last_seen_at"))
    .returning(*_COLUMNS)
    .execution_options(synchronize_session=False)
)
#: Spelled as text so that both databases see that the partial index serves it.
_IS_WAITING = sa.text("waiting.state = 'waiting'")
_AHEAD = sa.select(sa.func.count()).select_from(
    sa.select(sa.literal(1))
    .select_from(Waiting)
    .where(
        _IS_WAITING,
        Waiting.queue == sa.bindparam("queue"),
        Waiting.language == sa.bindparam("language"),
        sa.tuple_(Waiting.precedence, Waiting.entered_at, Waiting.id)
        < sa.tuple_(
            sa.bindparam("precedence"),
            sa.bindparam("entered", type_=Waiting.entered_at.type),
            sa.bindparam("id"),
        ),
    )
    .limit(FURTHEST_SAID)
    .subquery()
)


@cache
def _heads(count: int) -> sa.CompoundSelect[Any]:
    """One LIMIT 1 a line in one statement; kept, so that it is compiled once."""
    return sa.union_all(*(_head(number) for number in range(count)))


def _head(number: int) -> sa.Select[Any]:
    head = (
        sa.select(
            Waiting.id, Waiting.queue, Waiting.language, Waiting.precedence, Waiting.entered_at
        )
        .where(
            _IS_WAITING,
            Waiting.queue == sa.bindparam(f"queue_{number}"),
            Waiting.language == sa.bindparam(f"language_{number}"),
        )
        .order_by(Waiting.precedence, Waiting.entered_at, Waiting.id)
        .limit(1)
        .subquery()
    )
    return sa.select(head)
