"""What the reports read of the people who answer: their presence, and how they kept the roster."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from agents.models import PresenceEvent, RosterShift
from agents.roster import adherence, attendance
from agents.roster.adherence import Kept, Seen
from agents.roster.service import Act, people
from hotline import clock


@dataclass(frozen=True)
class AgentDay:
    """One agent on one local day: the changes of their presence in it (the last one before it
    first), the shifts that began on it as they were kept, and the work outside of any.
    """

    agent_id: int
    seen: Sequence[Seen]
    shifts: Sequence[Kept]
    unplanned: timedelta


def days_of(
    session: Session,
    day: date,
    zone: ZoneInfo,
    how: adherence.Rules,
    *,
    now: datetime,
    shifts: bool = True,
) -> list[AgentDay]:
    """Every agent on local `day`, of what has happened by `now`; without `shifts` only what they
    did: what they should have done takes twice as long to read again.
    """
    start, end = clock.day_bounds(day, zone)
    who = [each.id for each in people(session)]
    seen = attendance.presence(session, who, start, min(end, now))
    if not shifts:
        return [AgentDay(each, seen[each], (), timedelta()) for each in who]
    kept = attendance.adherence_of(session, day, day, Act(None, now, zone), how)
    return [
        AgentDay(each.agent_id, seen[each.agent_id], each.shifts, each.unplanned) for each in kept
    ]


def first_seen(session: Session) -> datetime | None:
    """When the first of them was first seen; None before that."""
    return session.scalar(sa.select(sa.func.min(PresenceEvent.at)))


def mark(session: Session, now: datetime) -> tuple[int, ...]:
    """What is another as soon as `days_of` at `now` may say something else: the newest change of
    presence by then, the roster's shifts with their changes, and how many people there are.
    """
    newest = sa.select(PresenceEvent.id).where(PresenceEvent.at < now)
    shifts = session.execute(
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(RosterShift.version), 0))
    ).one()
    last = session.scalar(newest.order_by(PresenceEvent.id.desc()).limit(1))
    return (last or 0, *map(int, shifts), len(people(session)))
