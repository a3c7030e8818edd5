"""What needs somebody's attention: divisions that nobody answers for, and tickets of which a clock
has run out. As it stands now, and as it stood when each day was over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.db import insert_ignore, not_by_index
from tickets import attendance, deadlines, facts
from tickets.config import Tickets
from tickets.facts import Actor, TicketFacts
from tickets.models import IS_OPEN, AttentionDay, Ticket
from tickets.search import Show, readable, shown
from tickets.workflow import Result

#: The lists that a night keeps, and at most so many tickets of each.
KEPT = (Show.UNACKNOWLEDGED, Show.SILENT, Show.OVERDUE, Show.ESCALATED)
KEPT_TICKETS = 200
#: So many escalated tickets stand on the board, the highest level first.
ON_BOARD = 50
#: Over how long it is counted what was closed on time.
LATELY = timedelta(days=30)
#: So many nights are offered to look at.
NIGHTS = 60


@dataclass(frozen=True)
class Row:
    """A division: how many of its tickets are open and stand in each list, and who is there.

    `on_time`: the share of what was due in the last 30 days that was kept (`deadlines.on_time`).
    """

    division: str
    open: int
    unacknowledged: int
    silent: int
    overdue: int
    escalated: int
    on_time: float | None
    responsible: Sequence[str]

    @property
    def needs_attention(self) -> bool:
        """Something is to be done here that was not: it stands before the others."""
        ran_out = self.unacknowledged or self.silent or self.overdue or self.escalated
        return bool(ran_out) or not self.responsible


@dataclass(frozen=True)
class Board:
    """The whole: divisions in config's order, and the tickets that were escalated highest."""

    rows: Sequence[Row]
    escalated: Sequence[TicketFacts]
    names: Mapping[str, str]

    @property
    def unattended(self) -> list[str]:
        """The divisions that nobody answers for today."""
        return [row.division for row in self.rows if not row.responsible]


def board(
    session: Session,
    config: Tickets,
    actor: Actor,
    *,
    divisions: frozenset[str] = frozenset(),
    now: datetime,
) -> Board:
    """Return what needs attention in some divisions or (with an empty set) in all, as far as the
    actor may read it.
    """
    there = attendance.on(session, config, now)
    may_read = readable(actor)
    counts, closed = _counts(session, may_read, now), _closed(session, may_read, now)
    rows = []
    for division in config.divisions:
        if divisions and division not in divisions:
            continue
        found = counts.get(division, dict.fromkeys(_COUNTED, 0))
        kept, ended = closed.get(division, (0, 0))
        share = deadlines.on_time(closed_on_time=kept, closed=ended, open_overdue=found["overdue"])
        rows.append(Row(division, **found, on_time=share, responsible=there.responsible(division)))
    return Board(rows, _escalated(session, may_read, divisions), there.names)


_COUNTED = ("open", *(show.value for show in KEPT))


def counts(session: Session, now: datetime) -> dict[str, dict[str, int]]:
    """Return how many tickets of each division are open and stand in each list, whoever may read
    them.
    """
    return _counts(session, sa.true(), now)


def _counts(
    session: Session, may_read: sa.ColumnElement[bool], now: datetime
) -> dict[str, dict[str, int]]:
    """Count the open tickets of each division, and those in each list."""
    rows = session.execute(
        sa.select(
            Ticket.division,
            sa.func.count(),
            *(sa.func.count().filter(shown(show, now)) for show in KEPT),
        )
        .where(IS_OPEN, may_read)
        .group_by(Ticket.division)
    )
    return {row[0]: dict(zip(_COUNTED, row[1:], strict=True)) for row in rows}


def _closed(
    session: Session, may_read: sa.ColumnElement[bool], now: datetime
) -> dict[str, tuple[int, int]]:
    """Count by division what was closed lately on time, and all that was and had been due; what is
    merged is counted where it is worked on.
    """
    in_time = Ticket.closed_at <= Ticket.due_at
    # an expression: by the column itself SQLite would walk the index of all tickets by division
    division = sa.func.coalesce(Ticket.division, "")
    rows = session.execute(
        sa.select(division, sa.func.count().filter(in_time), sa.func.count())
        .where(
            Ticket.closed_at >= now - LATELY,
            Ticket.due_at.is_not(None),
            Ticket.result.is_distinct_from(Result.MERGED.value),
            may_read,
        )
        .group_by(division)
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def _escalated(
    session: Session, may_read: sa.ColumnElement[bool], divisions: frozenset[str]
) -> list[TicketFacts]:
    theirs = [not_by_index(Ticket.division.in_(sorted(divisions)))] if divisions else []
    rows = session.scalars(
        sa.select(Ticket)
        .where(IS_OPEN, Ticket.escalation > 0, may_read, *theirs)
        .order_by(Ticket.escalation.desc(), Ticket.id)
        .limit(ON_BOARD)
    )
    return [facts.of_ticket(row) for row in rows]


# ------------------------------------------------------------------ night by night


@dataclass(frozen=True)
class Night:
    """What needed attention when a day was over: `divisions` as `Row`, `tickets` the numbers by
    list (at most `KEPT_TICKETS` of each), `at` when it was looked.
    """

    day: date
    at: datetime
    unattended: Sequence[str]
    divisions: Sequence[Mapping[str, Any]]
    tickets: Mapping[str, Sequence[str]]


def keep(session: Session, config: Tickets, day: date, now: datetime) -> bool:
    """Keep what needs attention as the list of `day`; the first look stays, however often asked.

    Who was there is asked for `day`, though it is over: who comes back tomorrow was away.
    """
    counts = _counts(session, sa.true(), now)
    that_day = min(now, config.end_of(day) - timedelta(seconds=1))
    data = {
        "unattended": attendance.on(session, config, that_day).unattended(),
        "divisions": [
            {"division": division, **found} for division, found in sorted(counts.items())
        ],
        "tickets": {show.value: _numbers(session, show, now) for show in KEPT},
    }
    row = {"day": day, "at": now, "data": data}
    return insert_ignore(session, AttentionDay, row) is not None


def _numbers(session: Session, show: Show, now: datetime) -> list[str]:
    return list(
        session.scalars(
            sa.select(Ticket.number)
            .where(IS_OPEN, shown(show, now))
            .order_by(Ticket.id)
            .limit(KEPT_TICKETS)
        )
    )


def nights(session: Session) -> list[date]:
    """Return the days of which a list is kept, newest first."""
    newest = sa.select(AttentionDay.day).order_by(AttentionDay.day.desc()).limit(NIGHTS)
    return list(session.scalars(newest))


def night(session: Session, day: date) -> Night | None:
    """Return the list of a day, or None when none was kept."""
    row = session.get(AttentionDay, day)
    return None if row is None else Night(day=row.day, at=row.at, **row.data)
