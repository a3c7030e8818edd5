"""What the reports read of tickets: their histories, as the events that stand tell them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.db import chunks_of_ids, not_by_index
from tickets.deadlines import Clock
from tickets.models import CategoryChoice, EventKind, Ticket, TicketCall, TicketEvent
from tickets.workflow import OPEN

_OPEN = frozenset(state.value for state in OPEN)
_AT_ONCE = 500
#: So many when a page of them is asked for, of which not all may be on it.
_ON_PAGE = 150
#: What changes the number of something; `_RECAST` what changes where all of a ticket is counted.
_RECAST = (EventKind.ROUTED, EventKind.COMPLETED, EventKind.PLACED, EventKind.UNDONE)
_PLANNING = (EventKind.WAITING, EventKind.RESUMED)
_COUNTED = (
    EventKind.MADE,
    EventKind.MOVED,
    EventKind.MERGED,
    EventKind.UNMERGED,
    EventKind.OVERDUE,
    EventKind.JUDGED,
    *_RECAST,
    *_PLANNING,
)


#: Of all tickets.
NOTHING_ELSE: Mapping[str, str] = MappingProxyType({})


class Change(NamedTuple):
    """A ticket was closed or opened again: `how` is the result, or `reopened`, `unmerged`."""

    at: datetime
    is_open: bool
    how: str | None


@dataclass(slots=True)
class History:
    """What the events that stand say of one ticket; where it is, as it is now. Moments are UTC."""

    id: int
    number: str
    category: str | None
    division: str
    area: str | None
    received_at: datetime
    closed_at_once: bool = False
    changes: list[Change] = field(default_factory=list)
    #: From when on it was due when.
    dues: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    overdue: list[datetime] = field(default_factory=list)
    #: Marks for the result: when, the mark, and by whom of those who came with the matter (empty:
    #: its first caller).
    judged: list[tuple[datetime, int, str]] = field(default_factory=list)
    #: The likeliest category when one was first chosen, and when that was; None: none was said.
    suggested: tuple[datetime, str] | None = None

    @property
    def is_open(self) -> bool:
        """As it stands after the last change."""
        return self.changes[-1].is_open if self.changes else not self.closed_at_once


class Matter(NamedTuple):
    """The ticket of a call as it is now."""

    number: str
    category: str | None
    area: str | None


def histories(session: Session, start: datetime, end: datetime) -> Iterator[History]:
    """Every ticket of which a number in [start, end) (UTC) can be told: received, open, moved or
    judged in it; by id.
    """
    judged = sa.select(TicketEvent.ticket_id).where(
        TicketEvent.kind == EventKind.JUDGED.value, TicketEvent.at >= start, TicketEvent.at < end
    )
    chosen = sa.select(CategoryChoice.ticket_id).where(
        CategoryChoice.at >= start, CategoryChoice.at < end
    )
    there: Any = sa.union(*_there(start, end), judged, chosen)
    # in order only here: a planner that was to join them with tickets would read all of these
    for chunk in _chunks(sorted(session.scalars(there))):
        yield from (each for each in _read(session, chunk) if each.received_at < end)


class What(StrEnum):
    """What of a ticket a number is told of."""

    RECEIVED = "received"
    CLOSED = "closed"
    REOPENED = "reopened"
    MERGED = "merged"
    OVERDUE = "overdue"
    JUDGED = "judged"
    CHOSEN = "chosen"  # the first choice of a category


#: From a moment on, and before another (UTC).
Spans = Sequence[tuple[datetime, datetime]]


def moved(
    session: Session,
    spans: Spans,
    *,
    of: Mapping[str, str] = NOTHING_ELSE,
    what: Collection[What] = tuple(What),
) -> Iterator[History]:
    """Every ticket to which some of this happened in one of the spans (half-open), and maybe some
    more; by id. `of`: only of this category, division or area ("" is none).
    """
    events = [_TOLD_BY[each] for each in what if each in _TOLD_BY]
    parts = []
    if What.RECEIVED in what:
        parts.append(sa.select(Ticket.id).where(_in(spans, Ticket.received_at)))
    if What.CHOSEN in what:
        parts.append(sa.select(CategoryChoice.ticket_id).where(_in(spans, CategoryChoice.at)))
    if events:
        happened = sa.or_(*events)
        parts.append(sa.select(TicketEvent.ticket_id).where(_in(spans, TicketEvent.at), happened))
    there = Ticket.id.in_(sa.union(*parts) if len(parts) > 1 else parts[0])
    ids = session.scalars(sa.select(Ticket.id).where(there, *_only(of)).order_by(Ticket.id)).all()
    for chunk in _chunks(ids):
        yield from _read(session, chunk)


def standing(
    session: Session, start: datetime, end: datetime, *, of: Mapping[str, str] = NOTHING_ELSE
) -> Iterator[History]:
    """Every ticket that was open in [start, end), and maybe some more; by id."""
    asked: Any = sa.union_all(*_there(start, end))
    there: list[int] = sorted(session.scalars(asked))
    # who asks wants a page of them
    for chunk in _chunks(there, at_once=_ON_PAGE):
        yield from _read(session, chunk, of)


def _there(start: datetime, end: datetime) -> tuple[Any, ...]:
    """Those that were received before the end and not closed before the start; closed at once:
    `closed_at` is the moment of receipt. Each part stands in an index; as one condition, or with
    the receipt apart, it would be asked of every ticket that there ever was.
    """
    return (
        sa.select(Ticket.id).where(
            Ticket.closed_at.is_(None), not_by_index(Ticket.received_at < end)
        ),
        sa.select(Ticket.id).where(Ticket.closed_at >= start, Ticket.received_at < end),
    )


def _in(spans: Spans, at: Any) -> sa.ColumnElement[bool]:
    return sa.or_(*(sa.and_(at >= start, at < end) for start, end in spans))


def _is_open(name: str) -> sa.ColumnElement[bool]:
    state: sa.ColumnElement[str] = TicketEvent.data[name].as_string()
    return state.in_(sorted(_OPEN))


_MOVED = TicketEvent.kind == EventKind.MOVED.value
_COMPLETED = TicketEvent.kind == EventKind.COMPLETED.value
#: By which events it is found; more than these may be found by them, as what was undone later.
_TOLD_BY: Mapping[What, sa.ColumnElement[bool]] = {
    What.CLOSED: sa.or_(sa.and_(_MOVED, ~_is_open("to")), _COMPLETED),
    # most moves are from one open state to another
    What.REOPENED: sa.or_(sa.and_(_MOVED, _is_open("to"), ~_is_open("from")), _COMPLETED),
    What.MERGED: TicketEvent.kind == EventKind.MERGED.value,
    What.OVERDUE: TicketEvent.kind == EventKind.OVERDUE.value,
    What.JUDGED: TicketEvent.kind == EventKind.JUDGED.value,
}


def _only(of: Mapping[str, str]) -> Iterator[sa.ColumnElement[bool]]:
    column = {"category": Ticket.category, "division": Ticket.division, "area": Ticket.area}
    asked = [column[name] == key if key else column[name].is_(None) for name, key in of.items()]
    if asked:
        # a planner that began with it would read all tickets of a division that there ever were;
        # one condition, since it takes each of three such for rare, and all three for nothing
        yield not_by_index(sa.and_(*asked))


def _read(
    session: Session, ids: Sequence[int], of: Mapping[str, str] = NOTHING_ELSE
) -> Iterator[History]:
    """The histories of some tickets, in order; only of those of a category, division or area."""
    rows = session.execute(
        sa.select(
            Ticket.id,
            Ticket.number,
            Ticket.category,
            Ticket.division,
            Ticket.area,
            Ticket.received_at,
        )
        .where(Ticket.id.in_(ids), *_only(of))
        .order_by(Ticket.id)
    )
    found = {row.id: History(*row) for row in rows}
    if not found:
        return
    ids = list(found)
    events: dict[int, list[Any]] = {}
    for row in session.execute(
        sa.select(TicketEvent.ticket_id, TicketEvent.at, TicketEvent.kind, TicketEvent.data)
        .where(
            TicketEvent.ticket_id.in_(ids), TicketEvent.kind.in_([kind.value for kind in _COUNTED])
        )
        .order_by(TicketEvent.id)
    ):
        events.setdefault(row.ticket_id, []).append(row)
    first: dict[int, tuple[datetime, str | None]] = {}
    for choice in session.execute(
        sa.select(CategoryChoice.ticket_id, CategoryChoice.at, CategoryChoice.first)
        .where(CategoryChoice.ticket_id.in_(ids), CategoryChoice.chosen.is_not(None))
        .order_by(CategoryChoice.id)
    ):
        first.setdefault(choice.ticket_id, (choice.at, choice.first))
    for ticket_id, (at, suggested) in first.items():
        if suggested is not None:
            found[ticket_id].suggested = (at, suggested)
    for history in found.values():
        _fold(history, events.get(history.id, ()))
        yield history


def _fold(history: History, events: Sequence[Any]) -> None:
    undone = {row.data.get("bulk") for row in events if row.kind == EventKind.UNDONE.value}
    for row in events:
        if row.data.get("bulk", 0) in undone:
            continue
        _step(history, row.at, EventKind(row.kind), row.data)


def _step(history: History, at: datetime, kind: EventKind, data: dict[str, Any]) -> None:
    if kind is EventKind.MADE:
        history.closed_at_once = data["state"] not in _OPEN
    elif kind is EventKind.OVERDUE:
        history.overdue.append(at)
    elif kind is EventKind.JUDGED:
        who = ":".join(f"{key}{data[key]}" for key in ("of", "caller") if key in data)
        history.judged.append((at, int(data["mark"]), who))
    else:
        _change(history, at, kind, data)
    _due(history, at, data)


def _change(history: History, at: datetime, kind: EventKind, data: dict[str, Any]) -> None:
    if kind is EventKind.MERGED:
        history.changes.append(Change(at, False, "merged"))
        return
    to = data.get("state" if kind is EventKind.COMPLETED else "to")
    if to is None or (to in _OPEN) == history.is_open:
        return
    opened = "unmerged" if kind is EventKind.UNMERGED else "reopened"
    history.changes.append(Change(at, to in _OPEN, opened if to in _OPEN else data.get("result")))


def _due(history: History, at: datetime, data: dict[str, Any]) -> None:
    plan = data.get("plan", {}).get(Clock.RESOLVE.value)
    if plan is not None:
        said = plan["due_at"]
    elif "due_at" in data and "state" in data:  # made or completed, before plans were written down
        said = data["due_at"]
    else:
        return
    due = datetime.fromisoformat(said) if said else None
    if not history.dues or history.dues[-1][1] != due:
        history.dues.append((at, due))


# ------------------------------------------------------------------ what has changed


@dataclass(frozen=True)
class Touched:
    """What was added to tickets after an event: since when the days count otherwise (None: nothing
    did), the calls whose ticket is another or elsewhere now, and the newest event.
    """

    since: datetime | None
    calls: Collection[int]
    newest: int


def touched_since(session: Session, event_id: int) -> Touched:
    """What was added after `event_id`."""
    newest = session.scalar(sa.select(sa.func.max(TicketEvent.id))) or event_id
    new = sa.and_(TicketEvent.id > event_id, TicketEvent.id <= newest)
    kinds = {kind.value for kind in _COUNTED} - {kind.value for kind in _RECAST}
    recast = [kind.value for kind in _RECAST]
    moments = [
        # another mark takes the place of one that came after the same closing
        session.scalar(
            sa.select(sa.func.min(Ticket.closed_at))
            .join(TicketEvent, TicketEvent.ticket_id == Ticket.id)
            .where(new, TicketEvent.kind == EventKind.JUDGED.value)
        ),
        session.scalar(
            sa.select(sa.func.min(TicketEvent.at)).where(new, TicketEvent.kind.in_(kinds))
        ),
        session.scalar(
            sa.select(sa.func.min(Ticket.received_at))
            .join(TicketEvent, TicketEvent.ticket_id == Ticket.id)
            .where(new, TicketEvent.kind.in_(recast))
        ),
    ]
    moved = sa.select(TicketEvent.ticket_id).where(
        new, TicketEvent.kind.in_([*recast, EventKind.CALL.value])
    )
    calls = session.scalars(sa.select(TicketCall.call_id).where(TicketCall.ticket_id.in_(moved)))
    since = min((each for each in moments if each is not None), default=None)
    return Touched(since, frozenset(calls), newest)


def newest_event(session: Session) -> int:
    """The id of the newest event of any ticket; 0 before the first."""
    return session.scalar(sa.select(sa.func.max(TicketEvent.id))) or 0


def first_received(session: Session) -> datetime | None:
    """When the first ticket was received; None before it."""
    return session.scalar(sa.select(sa.func.min(Ticket.received_at)))


# ------------------------------------------------------------------ of calls


def matters(session: Session, calls: Iterable[int]) -> dict[int, Matter]:
    """The ticket of each of some calls that has one, as it is now."""
    found: dict[int, Matter] = {}
    for chunk in _chunks(sorted(set(calls))):
        rows = session.execute(
            sa.select(TicketCall.call_id, Ticket.number, Ticket.category, Ticket.area)
            .join(Ticket, Ticket.id == TicketCall.ticket_id)
            .where(TicketCall.call_id.in_(chunk))
        )
        found |= {row.call_id: Matter(row.number, row.category, row.area) for row in rows}
    return found


def calls_about(session: Session, calls: Iterable[int], *, of: Mapping[str, str]) -> list[int]:
    """Those of some calls whose ticket is of this category, division or area now ("" is none)."""
    there = sorted(set(calls))
    found: set[int] = set()
    for some in chunks_of_ids(TicketCall.call_id, there):
        found |= set(
            session.scalars(
                sa.select(TicketCall.call_id)
                .join(Ticket, Ticket.id == TicketCall.ticket_id)
                .where(some, *_only(of))
            )
        )
    return sorted(found.intersection(there))


def _chunks(ids: Sequence[int], at_once: int = _AT_ONCE) -> Iterator[Sequence[int]]:
    return (ids[first : first + at_once] for first in range(0, len(ids), at_once))
