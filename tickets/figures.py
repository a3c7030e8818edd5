"""What the reports read of tickets: their histories, as the events that stand tell them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tickets.deadlines import Clock
from tickets.models import CategoryChoice, EventKind, Ticket, TicketCall, TicketEvent
from tickets.workflow import OPEN

_OPEN = frozenset(state.value for state in OPEN)
_AT_ONCE = 500
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


def histories(
    session: Session, start: datetime, end: datetime, *, of: Mapping[str, str] = NOTHING_ELSE
) -> Iterator[History]:
    """Every ticket of which a number in [start, end) (UTC) can be told: received, open, moved or
    judged in it; by id. `of`: only of this category, division or area ("" is none).
    """
    judged = sa.select(TicketEvent.ticket_id).where(
        TicketEvent.kind == EventKind.JUDGED.value, TicketEvent.at >= start, TicketEvent.at < end
    )
    chosen = sa.select(CategoryChoice.ticket_id).where(
        CategoryChoice.at >= start, CategoryChoice.at < end
    )
    # closed at once: `closed_at` is the moment of receipt. Each part has an index; as one condition
    # it would be asked of every ticket that there ever was
    there = sa.union(
        sa.select(Ticket.id).where(Ticket.closed_at.is_(None)),
        sa.select(Ticket.id).where(Ticket.closed_at >= start),
        judged,
        chosen,
    )
    asked = sa.select(Ticket.id).where(Ticket.id.in_(there), Ticket.received_at < end, *_only(of))
    ids = session.scalars(asked.order_by(Ticket.id)).all()
    for chunk in _chunks(ids):
        yield from _read(session, chunk)


def moved(
    session: Session, start: datetime, end: datetime, *, of: Mapping[str, str] = NOTHING_ELSE
) -> Iterator[History]:
    """The same, but for those that were just open: every ticket to which something happened in
    [start, end). Of a day long ago these are found at once; which were open is asked of all that
    have come since.
    """
    received = sa.select(Ticket.id).where(Ticket.received_at >= start, Ticket.received_at < end)
    happened = sa.select(TicketEvent.ticket_id).where(
        TicketEvent.at >= start,
        TicketEvent.at < end,
        TicketEvent.kind.in_([kind.value for kind in _COUNTED]),
    )
    chosen = sa.select(CategoryChoice.ticket_id).where(
        CategoryChoice.at >= start, CategoryChoice.at < end
    )
    there = Ticket.id.in_(sa.union(received, happened, chosen))
    ids = session.scalars(sa.select(Ticket.id).where(there, *_only(of)).order_by(Ticket.id)).all()
    for chunk in _chunks(ids):
        yield from _read(session, chunk)


def _only(of: Mapping[str, str]) -> Iterator[sa.ColumnElement[bool]]:
    for name, key in of.items():
        column = {"category": Ticket.category, "division": Ticket.division, "area": Ticket.area}
        yield column[name] == key if key else column[name].is_(None)


def _read(session: Session, ids: Sequence[int]) -> Iterator[History]:
    rows = session.execute(
        sa.select(
            Ticket.id,
            Ticket.number,
            Ticket.category,
            Ticket.division,
            Ticket.area,
            Ticket.received_at,
        )
        .where(Ticket.id.in_(ids))
        .order_by(Ticket.id)
    )
    found = {row.id: History(*row) for row in rows}
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
    found: list[int] = []
    for chunk in _chunks(sorted(set(calls))):
        found += session.scalars(
            sa.select(TicketCall.call_id)
            .join(Ticket, Ticket.id == TicketCall.ticket_id)
            .where(TicketCall.call_id.in_(chunk), *_only(of))
            .order_by(TicketCall.call_id)
        )
    return found


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[first : first + _AT_ONCE] for first in range(0, len(ids), _AT_ONCE))
