"""The waiting room: who waits for what, in which order, and whether they are still there."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from agents import routing
from hotline.db import UNSEEN, insert_ignore, not_by_index
from ivr import calls
from ivr.events import HOLDS_PLACE, STILL_WAITS, Departed, Kind, Waits
from ivr.models import Call, CallEvent, Offer, Waiting
from ivr.room.estimate import Departure

#: Nobody is told a position beyond this, so counting stops there: it costs the same at any length.
FURTHEST_SAID = 50
#: Beyond this nobody counts a queue: it costs the same at any length.
FURTHEST_COUNTED = 10_000

#: How long a dialogue outside the waiting room may take until its caller is given up as unseen.
DIALOGUE = timedelta(minutes=5)

_PLAIN = routing.Policy()

Skill = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """A place to take; `visit` is the number of the step to it. Larger priorities go first, and by
    how much, says the city's `policy`.
    """

    call_id: int
    visit: int
    node: str
    queue: str
    language: str
    priority: int
    policy: routing.Policy = _PLAIN


@dataclass(frozen=True, slots=True)
class Stay:
    """A caller's stay in the waiting room as it is now.

    `entered_at` may be earlier than the stay; `callback_id` is the callback that keeps this place;
    `sent_on` are the limits of the queue that have sent the caller to another node.
    """

    id: int
    call_id: int
    visit: int
    node: str
    queue: str
    language: str
    precedence: int
    ranked_at: datetime
    entered_at: datetime
    state: Waits
    callback_id: int | None
    wants: str | None
    wants_why: str | None
    sent_on: list[str]

    @property
    def skill(self) -> Skill:
        """What an agent needs for this caller."""
        return (self.queue, self.language)


@dataclass(frozen=True, slots=True)
class Line:
    """How long one line is: callers on the telephone, and since when the first of them waits
    (aware; None when there is none); and callbacks that are due, which wait without a telephone.
    """

    queue: str
    language: str
    waiting: int
    longest_since: datetime | None
    callbacks: int


def enter(
    session: Session, place: Place, *, now: datetime, entered_at: datetime | None = None
) -> bool:
    """Take a place; False when it is taken already or the call is over.

    `entered_at`: since when the caller waits, for who had this place before (it counts like any
    waiting); a moment that has not come yet is now.
    """
    since = now if entered_at is None else min(entered_at, now)
    if not _take(session, place, since, now):
        return False
    _tell_queued(session, place, since, now)
    return True


def _take(session: Session, place: Place, since: datetime, now: datetime) -> bool:
    precedence, ranked_at = routing.rank(place.priority, since, place.policy)
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
            "precedence": precedence,
            "ranked_at": ranked_at,
            "entered_at": since,
            "state": Waits.WAITING.value,
            "last_seen_at": now,
            "sent_on": [],
        },
    )
    return waiting_id is not None


def _tell_queued(session: Session, place: Place, since: datetime, now: datetime) -> None:
    queued: dict[str, Any] = {
        "visit": place.visit,
        "queue": place.queue,
        "language": place.language,
        "priority": place.priority,
    }
    if since < now:
        queued["since"] = since.isoformat()
    calls.tell(session, place.call_id, Kind.QUEUED, queued, now=now)


def seen(
    session: Session,
    call_id: int,
    visit: int,
    place: Place | None,
    *,
    now: datetime,
    entered_at: datetime | None = None,
) -> Stay | None:
    """The wait loop of a caller was heard; their stay, or None when they do not wait.

    So the waiting room heals itself: a caller whose place is missing takes it again, in the old
    order, and one who had been given up as unseen gets the old place back. Whose call is over gets
    none. `place` is None when the configuration no longer knows the node that led here;
    `entered_at` is since when the carrier says that they have been in its queue.
    """
    # Read before writing: an UPDATE that finds the row moved on keeps it locked (PostgreSQL), and
    # `enter` takes the call first, as everybody does who needs both.
    known = of_visit(session, call_id, visit)
    if known is not None and known.state in STILL_WAITS:
        return _touch(session, call_id, visit, now)
    if place is None:
        return None
    if _rebuild(session, place, entered_at, now) or _revive(session, place, now):
        return of_visit(session, place.call_id, place.visit)
    return None


def want(session: Session, stay: Stay, why: str, node: str) -> None:
    """The caller is to leave the carrier's queue for `node` of the flow and keeps the place
    meanwhile; `why`: `key`, or the limit of the queue that sends them there.
    """
    limits = [*stay.sent_on, why] if why != BY_KEY else stay.sent_on
    session.execute(
        sa.update(Waiting)
        .where(Waiting.id == stay.id)
        .values(wants=node, wants_why=why, sent_on=limits)
        .execution_options(synchronize_session=False)
    )


def came_back(session: Session, stay: Stay) -> None:
    """The caller goes on waiting; a limit that has sent them on (`sent_on`) does not again."""
    session.execute(
        sa.update(Waiting)
        .where(Waiting.id == stay.id)
        .values(wants=None, wants_why=None)
        .execution_options(synchronize_session=False)
    )


#: Why a caller leaves the carrier's queue for another node: by a key, or sent on by the queue.
BY_KEY, OVERFLOW, NOBODY = "key", "overflow", "nobody"


def is_held(stay: Stay) -> bool:
    """Whether the place is still the caller's."""
    return stay.state in HOLDS_PLACE


def holds_place(session: Session, call_id: int) -> bool:
    """Whether this call has a place in the waiting room."""
    stay = latest(session, call_id)
    return stay is not None and is_held(stay)


def _rebuild(session: Session, place: Place, by_carrier: datetime | None, now: datetime) -> bool:
    """A place that is missing is taken again: as old as its event says, else as the carrier does.

    The event comes first, since the carrier counts anew when a caller comes back to its queue.
    """
    written = _queued_since(session, place)
    since = written or min(by_carrier or now, now)
    if not _take(session, place, since, now):
        return False
    if written is None:
        _tell_queued(session, place, since, since)
    else:  # entered once, counted once
        _tell_returned(session, place, now)
    return True


def _queued_since(session: Session, place: Place) -> datetime | None:
    """Since when a caller waits, as the event of this visit says; None when there is none."""
    for at, data in session.execute(_QUEUED, {"call": place.call_id}):
        if data["visit"] == place.visit:
            return datetime.fromisoformat(data["since"]) if "since" in data else at
    return None


def of_visit(session: Session, call_id: int, visit: int) -> Stay | None:
    """One stay, in whatever state, or None."""
    found = {"call": call_id, "visit": visit}
    row = session.execute(_BY_VISIT, found).one_or_none()
    return None if row is None else stay_of(row)


def latest(session: Session, call_id: int) -> Stay | None:
    """The last stay of a call, in whatever state, or None."""
    row = session.execute(_LATEST, {"call": call_id}).first()
    return None if row is None else stay_of(row)


def by_id(session: Session, waiting_id: int) -> Stay:
    """One stay by its id, which a row of ours names."""
    return stay_of(session.execute(sa.select(*COLUMNS).where(Waiting.id == waiting_id)).one())


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
            "ranked": stay.ranked_at,
            "id": stay.id,
        },
    ).scalar_one()
    return None if ahead >= FURTHEST_SAID else ahead + 1


def heads(
    session: Session, lines: Collection[Skill], widened: Collection[Skill] = ()
) -> list[routing.Waiting]:
    """Of each line the first caller by rank; of each that is also in `widened`, the one who has
    waited longest, too. By index: flat in the number of callers. Their circles are left open.
    """
    wanted = sorted(set(lines))
    if not wanted:
        return []
    also = sorted(set(widened).intersection(wanted))
    parameters: dict[str, Any] = {}
    for number, (queue, language) in enumerate([*wanted, *also]):
        parameters |= {f"queue_{number}": queue, f"language_{number}": language}
    rows = session.execute(_heads(len(wanted), len(also)), parameters)
    return [routing.Waiting(*row) for row in dict.fromkeys(map(tuple, rows))]


def count(session: Session, queue: str, up_to: int = FURTHEST_COUNTED) -> int:
    """How many callers wait in a queue, in all its languages, not counted further than `up_to`."""
    return session.execute(_COUNT, {"queue": queue, "up_to": up_to}).scalar_one()


def recent_departures(session: Session, queue: str, language: str, limit: int) -> list[Departure]:
    """The last callers who left a line, the latest first, however they left."""
    found = {"queue": queue, "language": language, "limit": limit}
    return [
        Departure(
            row.entered_at,
            row.left_at,
            row.left_by == Departed.CONNECTED,
            (row.wrapped_up_at - row.connected_at).total_seconds() if row.wrapped_up_at else None,
        )
        for row in session.execute(_DEPARTURES, found)
    ]


def abandoned_place(session: Session, from_number: str, since: datetime) -> Stay | None:
    """The last stay that a caller with this number ended by hanging up, not before `since`.

    None when there is none, when it was resumed, and for a number that is not one (hidden): nobody
    is to take a stranger's place.
    """
    if calls.is_withheld(from_number):
        return None
    found = {"number": from_number, "since": since}
    row = session.execute(_ABANDONED, found).first()
    return None if row is None else stay_of(row)


def resume(session: Session, stay_id: int) -> bool:
    """Take over an abandoned place for another call, once: False when somebody has done so. What
    is to follow is `enter` with its `entered_at`.
    """
    row = session.execute(
        sa.update(Waiting)
        .where(Waiting.id == stay_id, Waiting.left_by == Departed.ABANDONED)
        .values(left_by=Departed.RESUMED.value)
        .returning(Waiting.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return row is not None


def move(session: Session, waiting_id: int, came: Sequence[Waits], to: Waits) -> Stay | None:
    """Compare and set: the stay if it was in one of `came`, else None and nothing is changed.

    The ways out of the waiting room have names of their own: `connect`, `leave`, `give_up`.
    """
    return swap(session, waiting_id, came, state=to.value)


def connect(session: Session, waiting_id: int, *, now: datetime) -> Stay | None:
    """Out of the waiting room to an agent: the stay if that was under way, else None."""
    to = {"state": Waits.CONNECTED.value, "left_at": now, "left_by": Departed.CONNECTED.value}
    return swap(session, waiting_id, (Waits.CONNECTING,), **to)


def leave(session: Session, call_id: int, by: Departed, *, now: datetime) -> list[Stay]:
    """Out of the waiting room; the stays that ended by it (one at most, none if none was open).

    A place that a callback keeps is left alone: it outlives the call.
    """
    rows = session.execute(
        sa.update(Waiting)
        .where(
            Waiting.call_id == call_id,
            Waiting.state.in_(STILL_WAITS),
            Waiting.callback_id.is_(None),
        )
        .values(state=Waits.LEFT.value, left_at=now, left_by=by.value)
        .returning(*COLUMNS)
    )
    return [stay_of(row) for row in rows]


def give_up(session: Session, stay: Stay, *, now: datetime) -> bool:
    """No longer offer a caller whose wait loop fell silent though the call lives; else False.

    Should the loop be heard again, `seen` gives the place back.
    """
    to = {"state": Waits.UNSEEN.value, "left_at": now, "left_by": Departed.UNSEEN.value}
    if swap(session, stay.id, (Waits.WAITING,), **to) is None:
        return False
    tell_left(session, stay, "unseen", now=now)
    return True


def tell_left(session: Session, stay: Stay, why: str, *, now: datetime) -> None:
    """Write down that a caller left the waiting room otherwise than by hanging up."""
    left = {"queue": stay.queue, "language": stay.language, "why": why}
    calls.tell(session, stay.call_id, Kind.LEFT, left, now=now)


def unseen(session: Session, before: datetime, limit: int) -> list[Stay]:
    """Waiting callers whose wait loop was not heard since `before`, the longest unheard first.

    Whose place a callback keeps has hung up long since, and is not missed; who went to another node
    and may come back is given time for it.
    """
    query = (
        sa.select(*COLUMNS)
        .where(
            _HAS_A_LOOP,
            Waiting.last_seen_at < before,
            sa.or_(
                Waiting.wants.is_(None),
                Waiting.last_seen_at < before - DIALOGUE,
            ),
        )
        .order_by(Waiting.last_seen_at)
        .limit(limit)
    )
    return [stay_of(row) for row in session.execute(query)]


def lines(session: Session) -> Iterator[Line]:
    """Every line that somebody waits in."""
    on_the_line = Waiting.callback_id.is_(None)
    query = (
        sa.select(
            Waiting.queue,
            Waiting.language,
            sa.func.count().filter(on_the_line),
            sa.func.min(Waiting.entered_at, type_=Waiting.entered_at.type).filter(on_the_line),
            sa.func.count().filter(~on_the_line),
        )
        .where(Waiting.state.in_(STILL_WAITS))
        .group_by(Waiting.queue, Waiting.language)
    )
    for row in session.execute(query):
        yield Line(*row)


def swap(session: Session, waiting_id: int, came: Sequence[Waits], **to: Any) -> Stay | None:
    """Set columns of a stay that is in one of the states `came`; None when it is not."""
    row = session.execute(
        sa.update(Waiting)
        .where(Waiting.id == waiting_id, Waiting.state.in_(came))
        .values(**to)
        .returning(*COLUMNS)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return None if row is None else stay_of(row)


def _touch(session: Session, call_id: int, visit: int, now: datetime) -> Stay | None:
    row = session.execute(
        _SEEN, {"this_call": call_id, "this_visit": visit, "last_seen_at": now}
    ).one_or_none()
    return None if row is None else stay_of(row)


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
        .values(state=Waits.WAITING.value, last_seen_at=now, left_at=None, left_by=None)
        .returning(Waiting.id)
    ).one_or_none()
    if row is None:
        return False
    _tell_returned(session, place, now)
    return True


def _tell_returned(session: Session, place: Place, now: datetime) -> None:
    back = {"visit": place.visit, "queue": place.queue, "language": place.language}
    calls.tell(session, place.call_id, Kind.RETURNED, back, now=now)


def stay_of(row: Any) -> Stay:
    named = row._asdict()
    return Stay(**named | {"state": Waits(named["state"])})


COLUMNS = (
    Waiting.id,
    Waiting.call_id,
    Waiting.visit,
    Waiting.node,
    Waiting.queue,
    Waiting.language,
    Waiting.precedence,
    Waiting.ranked_at,
    Waiting.entered_at,
    Waiting.state,
    Waiting.callback_id,
    Waiting.wants,
    Waiting.wants_why,
    Waiting.sent_on,
)
_QUEUED = sa.select(CallEvent.at, CallEvent.data).where(
    CallEvent.call_id == sa.bindparam("call"), not_by_index(CallEvent.kind == Kind.QUEUED.value)
)
_BY_VISIT = sa.select(*COLUMNS).where(
    Waiting.call_id == sa.bindparam("call"), Waiting.visit == sa.bindparam("visit")
)
_LATEST = (
    sa.select(*COLUMNS)
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
    .returning(*COLUMNS)
    # nobody sees when a wait loop was last heard of, and there are many of them
    .execution_options(synchronize_session=False, **UNSEEN)
)
#: Spelled as text so that both databases see that the partial index serves it.
_IS_WAITING = sa.text("waiting.state = 'waiting'")
_HAS_A_LOOP = sa.text("waiting.state = 'waiting' AND waiting.callback_id IS NULL")
_AHEAD = sa.select(sa.func.count()).select_from(
    sa.select(sa.literal(1))
    .select_from(Waiting)
    .where(
        _IS_WAITING,
        Waiting.queue == sa.bindparam("queue"),
        Waiting.language == sa.bindparam("language"),
        sa.tuple_(Waiting.precedence, Waiting.ranked_at, Waiting.id)
        < sa.tuple_(
            sa.bindparam("precedence"),
            sa.bindparam("ranked", type_=Waiting.ranked_at.type),
            sa.bindparam("id"),
        ),
    )
    .limit(FURTHEST_SAID)
    .subquery()
)


_COUNT = sa.select(sa.func.count()).select_from(
    sa.select(sa.literal(1))
    .select_from(Waiting)
    .where(_IS_WAITING, Waiting.queue == sa.bindparam("queue"))
    .limit(sa.bindparam("up_to", type_=sa.Integer))
    .subquery()
)
_DEPARTED = (
    sa.select(Waiting.id, Waiting.call_id, Waiting.entered_at, Waiting.left_at, Waiting.left_by)
    .where(
        Waiting.queue == sa.bindparam("queue"),
        Waiting.language == sa.bindparam("language"),
        Waiting.left_at.is_not(None),
        # who is called back leaves the line, too, but after pauses that tell nothing of its pace
        Waiting.callback_id.is_(None),
    )
    .order_by(Waiting.left_at.desc())
    .limit(sa.bindparam("limit", type_=sa.Integer))
    .subquery()
)
#: With how long an agent was busy with each. (By the call too: offers have an index by it.)
_DEPARTURES = sa.select(
    _DEPARTED.c.entered_at,
    _DEPARTED.c.left_at,
    _DEPARTED.c.left_by,
    Offer.connected_at,
    Offer.wrapped_up_at,
).select_from(
    _DEPARTED.outerjoin(
        Offer,
        sa.and_(
            Offer.call_id == _DEPARTED.c.call_id,
            Offer.waiting_id == _DEPARTED.c.id,
            Offer.connected_at.is_not(None),
            Offer.talk_of.is_(None),  # nor a colleague of theirs
        ),
    )
)
_ABANDONED = (
    sa.select(*COLUMNS)
    .join(Call, Call.id == Waiting.call_id)
    .where(
        Call.from_number == sa.bindparam("number"),
        Waiting.left_by == Departed.ABANDONED.value,
        Waiting.left_at >= sa.bindparam("since", type_=Waiting.entered_at.type),
    )
    .order_by(Waiting.left_at.desc())
    .limit(1)
)
_HEAD = (
    Waiting.id,
    Waiting.queue,
    Waiting.language,
    Waiting.precedence,
    Waiting.ranked_at,
    Waiting.entered_at,
)


@cache
def _heads(lines: int, widened: int) -> sa.CompoundSelect[Any]:
    """One LIMIT 1 each in one statement; kept, so that it is compiled once."""
    first = [_head(number, Waiting.precedence, Waiting.ranked_at) for number in range(lines)]
    oldest = [_head(lines + number, Waiting.entered_at) for number in range(widened)]
    return sa.union_all(*first, *oldest)


def _head(number: int, *order: sa.orm.InstrumentedAttribute[Any]) -> sa.Select[Any]:
    head = (
        sa.select(*_HEAD)
        .where(
            _IS_WAITING,
            Waiting.queue == sa.bindparam(f"queue_{number}"),
            Waiting.language == sa.bindparam(f"language_{number}"),
        )
        .order_by(*order, Waiting.id)
        .limit(1)
        .subquery()
    )
    return sa.select(head)
