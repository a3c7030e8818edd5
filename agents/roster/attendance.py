"""Who was there, and who is: the roster beside the presence events. Definitions: docs/roster.md."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from agents import service as agents
from agents.models import Agent, PresenceEvent
from agents.roster import adherence
from agents.roster.adherence import Here, Kept, Seen, Span
from agents.roster.rules import ONE_DAY, Shift
from agents.roster.service import Act, people, shifts_between
from agents.states import State, Status, Trouble
from hotline import clock


@dataclass(frozen=True, slots=True)
class Adherence:
    """An agent's shifts of some days as they were kept, and work outside of them."""

    agent_id: int
    shifts: tuple[Kept, ...]
    unplanned: timedelta

    @property
    def planned(self) -> timedelta:
        """Of all shifts, as far as they have gone by."""
        return sum((each.planned for each in self.shifts), timedelta())

    @property
    def present(self) -> timedelta:
        """Of all shifts."""
        return sum((each.present for each in self.shifts), timedelta())

    @property
    def share(self) -> float | None:
        """Present of planned; None where nothing was planned."""
        return self.present / self.planned if self.planned else None


def adherence_of(
    session: Session,
    first: date,
    last: date,
    act: Act,
    how: adherence.Rules,
    *,
    agent_id: int | None = None,
) -> list[Adherence]:
    """How the shifts of some local days (both included) were kept, of all agents or of one."""
    start, end = clock.midnight(first, act.zone), clock.midnight(last + ONE_DAY, act.zone)
    # a shift of the day before reaches into the first day; one of the last day beyond it
    around = shifts_between(session, first - ONE_DAY, last, act.zone)
    until = min(act.at, max([end, *(each.end for each in around)]))
    who = [each.id for each in people(session) if agent_id in (None, each.id)]
    seen = presence(session, who, start - ONE_DAY, until)
    found = []
    for each in who:
        mine = [shift for shift in around if shift.agent_id == each]
        there = adherence.spans(seen[each], until, how.breaks)
        of_days = [shift for shift in mine if shift.day >= first and shift.start <= act.at]
        kept = tuple(adherence.kept(shift, there, act.at, how) for shift in of_days)
        extra = adherence.unplanned(mine, there, start, min(end, act.at))
        found.append(Adherence(each, kept, extra))
    return found


@dataclass(frozen=True, slots=True)
class Told:
    """One shift as it was kept, and why it was not kept whole."""

    kept: Kept
    why: tuple[adherence.Difference, ...]

    @property
    def share(self) -> float | None:
        """Present of planned, so far."""
        return self.kept.present / self.kept.planned if self.kept.planned else None


def own_week(session: Session, agent_id: int, act: Act, how: adherence.Rules) -> list[Told]:
    """How one agent has kept the shifts of the local week of now (from Monday), of what has gone by
    of each: for that very agent.
    """
    monday = act.today - act.today.weekday() * ONE_DAY
    around = shifts_between(session, monday, act.today, act.zone)
    mine = [each for each in around if each.agent_id == agent_id and each.start < act.at]
    if not mine:
        return []
    seen = presence(session, [agent_id], min(each.start for each in mine) - ONE_DAY, act.at)
    there = adherence.spans(seen[agent_id], act.at, how.breaks)
    return [
        Told(
            adherence.kept(shift, there, act.at, how),
            tuple(adherence.differences(shift, there, act.at)),
        )
        for shift in mine
    ]


#: By so much two processes may take the time of two changes otherwise than their order.
_SKEW = timedelta(minutes=1)
_AT_ONCE = 100
T = TypeVar("T")
_TO = {
    each: PresenceEvent.data["to", each].as_string()
    for each in ("status", "state", "reason", "trouble")
}
#: A day of a floor has thousands of these: their fields are taken apart by the database.
_CHANGE = (
    PresenceEvent.agent_id,
    PresenceEvent.at,
    *(value.label(name) for name, value in _TO.items()),
)


def presence(
    session: Session, who: Collection[int], start: datetime, end: datetime
) -> dict[int, list[Seen]]:
    """The changes of presence of agents from `start` up to `end`; before them, how each stood."""
    found: dict[int, list[Seen]] = {agent_id: [] for agent_id in who}
    for each in _before(session, _newest(session, who, start)):
        found[each.agent_id] = [_seen(each)]
    inside = sa.select(*_CHANGE).where(
        PresenceEvent.agent_id.in_(who), PresenceEvent.at >= start, PresenceEvent.at < end
    )
    for each in session.execute(inside.order_by(PresenceEvent.agent_id, PresenceEvent.n)):
        found[each.agent_id].append(_seen(each))
    return found


def _newest(session: Session, who: Collection[int], start: datetime) -> dict[int, datetime]:
    """When each agent changed last before a moment, of those who did: by the moments, since by the
    numbers every change that came later would be looked at, which of a day long ago are those of
    years.
    """
    newest = (
        sa.select(sa.func.max(PresenceEvent.at))
        .where(PresenceEvent.agent_id == Agent.id, PresenceEvent.at < start)
        .correlate(Agent)
        .scalar_subquery()
    )
    rows: Any = session.execute(sa.select(Agent.id, newest).where(Agent.id.in_(who)))
    return {row[0]: row[1] for row in rows if row[1] is not None}


def _before(session: Session, newest: Mapping[int, datetime]) -> Iterator[sa.Row[Any]]:
    """The change of each agent that is the newest one by its moment; of some at once, the one with
    the greatest number.
    """
    last: dict[int, sa.Row[Any]] = {}
    for some in _chunks(list(newest.items())):
        around = (
            sa.and_(PresenceEvent.agent_id == agent_id, PresenceEvent.at.between(at - _SKEW, at))
            for agent_id, at in some
        )
        asked = sa.select(*_CHANGE).where(sa.or_(*around)).order_by(PresenceEvent.n)
        last |= {each.agent_id: each for each in session.execute(asked)}
    yield from last.values()


def _chunks(found: Sequence[T]) -> Iterator[Sequence[T]]:
    return (found[first : first + _AT_ONCE] for first in range(0, len(found), _AT_ONCE))


def _seen(event: sa.Row[Any]) -> Seen:
    trouble = None if event.trouble is None else Trouble(event.trouble)
    return Seen(event.at, Status(event.status), State(event.state), event.reason, trouble)


@dataclass(frozen=True, slots=True)
class Standing:
    """How an agent stands to the roster now: the shift that runs, or the next one."""

    agent_id: int
    here: Here
    shift: Shift | None
    shown_since: datetime


def standing(session: Session, act: Act, how: adherence.Rules) -> list[Standing]:
    """Who should be here now and who is; agents who are neither are left out."""
    today = act.today
    around = shifts_between(session, today - 2 * ONE_DAY, today + ONE_DAY, act.zone)
    found = []
    for row in agents.board(session):
        mine = [each for each in around if each.agent_id == row.agent.id]
        current = next((each for each in mine if each.start <= act.at < each.end), None)
        upcoming = next((each for each in mine if each.start > act.at), None)
        there = _there(session, row, current, act)
        if (here := adherence.here(current, upcoming, there, act.at, how)) is not None:
            since = row.presence.shown_since
            found.append(Standing(row.agent.id, here, current or upcoming, since))
    return found


def _there(
    session: Session, row: agents.BoardRow, current: Shift | None, act: Act
) -> Sequence[Span]:
    """An agent's presence now; of who should be here and is not, that of the whole shift."""
    seen = row.presence
    changes: Iterable[Seen] = [Seen(seen.shown_since, seen.status, seen.state, seen.reason)]
    is_out = seen.status is Status.SIGNED_OUT and seen.state is State.IDLE
    if is_out and current is not None:
        changes = presence(session, [row.agent.id], current.start, act.at)[row.agent.id]
    there = adherence.spans(changes, act.at, ())
    if is_out or there:
        return there
    # signed in this very moment
    return [Span(act.at, act.at, True)]
