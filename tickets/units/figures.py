"""What the reports read of units: every job with its moments, and what each unit is called."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tickets.models import Ticket
from tickets.units.models import Dispatch, DispatchEvent, Unit
from tickets.units.rules import Act


class Job(NamedTuple):
    """A unit that was sent to a ticket. Moments are aware, UTC, as the crew's telephone has them;
    None: it never came to that, or not yet.
    """

    ticket: str
    #: The unit's code.
    unit: str
    #: A `tickets.units.rules.State`.
    state: str
    #: When the ticket came in.
    received_at: datetime
    sent_at: datetime
    acknowledge_due_at: datetime
    acknowledge_missed_at: datetime | None
    acknowledged_at: datetime | None
    on_way_at: datetime | None
    here_at: datetime | None
    ended_at: datetime | None
    #: Nobody had been sent to the ticket before.
    is_first: bool
    #: Its crew asked for help.
    asked_help: bool


def jobs(session: Session, start: datetime, end: datetime) -> Iterator[Job]:
    """Every job that was sent in [start, end) (aware), in that order."""
    earlier = sa.orm.aliased(Dispatch)
    before = sa.exists().where(earlier.ticket_id == Dispatch.ticket_id, earlier.id < Dispatch.id)
    # what came in vain, after the end, was asked of nobody
    helped = sa.exists().where(
        DispatchEvent.dispatch_id == Dispatch.id,
        DispatchEvent.kind == Act.NEED_HELP.value,
        sa.or_(Dispatch.ended_at.is_(None), DispatchEvent.at < Dispatch.ended_at),
    )
    rows = session.execute(
        sa.select(
            Ticket.number,
            Unit.code,
            Dispatch.state,
            Ticket.received_at,
            Dispatch.sent_at,
            Dispatch.acknowledge_due_at,
            Dispatch.acknowledge_missed_at,
            Dispatch.acknowledged_at,
            Dispatch.on_way_at,
            Dispatch.here_at,
            Dispatch.ended_at,
            ~before,
            helped,
        )
        .join(Ticket, Ticket.id == Dispatch.ticket_id)
        .join(Unit, Unit.id == Dispatch.unit_id)
        .where(Dispatch.sent_at >= start, Dispatch.sent_at < end)
        .order_by(Dispatch.sent_at, Dispatch.id)
    )
    yield from map(Job._make, rows)


def titles(session: Session) -> dict[str, Mapping[str, str]]:
    """What each unit is called, by its code and then by language."""
    rows = session.execute(sa.select(Unit.code, Unit.title))
    return {row.code: row.title for row in rows}
