"""What is noticed without anybody looking: clocks that have run out, waiting that is over, and who
is told next.

Each takes a bounded batch, the earliest first, by an index that holds nothing else; the next sweep
takes the rest. However many sweep at once, each thing is written down once.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.announce import announce
from tickets import facts, telling
from tickets.config import Level, Tickets
from tickets.deadlines import Clock
from tickets.facts import SYSTEM, TicketFacts
from tickets.models import IS_OPEN, EventKind, Ticket
from tickets.writing import tell, written

#: So many of each kind at a time: what stands still while it is written (on SQLite everybody who
#: writes) does so for a second and not for five.
BATCH = 100

_ACKNOWLEDGE = (IS_OPEN, Ticket.acknowledged_at.is_(None), Ticket.acknowledge_missed_at.is_(None))
_UPDATE = (IS_OPEN, Ticket.update_missed_at.is_(None))
_RESOLVE = (IS_OPEN, Ticket.overdue_at.is_(None))
_WAITS = (IS_OPEN, Ticket.waiting_for.is_not(None))
_ESCALATES = (IS_OPEN, Ticket.escalate_at.is_not(None))


def _looks(now: datetime) -> Iterator[sa.Select[int]]:
    for column, where in (
        (Ticket.due_at, _RESOLVE),
        (Ticket.acknowledge_due_at, _ACKNOWLEDGE),
        (Ticket.update_due_at, _UPDATE),
        (Ticket.waiting_until, _WAITS),
        (Ticket.escalate_at, _ESCALATES),
    ):
        yield sa.select(Ticket.id).where(*where, column < now).order_by(column)


def anything(session: Session, now: datetime) -> bool:
    """Say whether a sweep would find something: five looks into indexes, mostly empty."""
    return any(session.scalar(look.limit(1)) is not None for look in _looks(now))


def sweep(session: Session, config: Tickets, now: datetime) -> bool:
    """Write down everything that has come since the last sweep, a batch of each; say whether a
    batch was full, and so whether there may be more.
    """
    taken = (
        end_waiting(session, now),
        note_overdue(session, now),
        note_missed(session, now),
        escalate(session, config, now),
    )
    return max(taken) >= BATCH


def note_overdue(session: Session, now: datetime) -> int:
    """Write down, once, each resolution that is overdue; return how many there were."""
    return _notice(session, Clock.RESOLVE, now)


def note_missed(session: Session, now: datetime) -> int:
    """The same for acknowledgements and updates that did not come."""
    return _notice(session, Clock.ACKNOWLEDGE, now) + _notice(session, Clock.UPDATE, now)


def _notice(session: Session, clock: Clock, now: datetime) -> int:
    missed, due, where = {
        Clock.RESOLVE: (Ticket.overdue_at, Ticket.due_at, _RESOLVE),
        Clock.ACKNOWLEDGE: (Ticket.acknowledge_missed_at, Ticket.acknowledge_due_at, _ACKNOWLEDGE),
        Clock.UPDATE: (Ticket.update_missed_at, Ticket.update_due_at, _UPDATE),
    }[clock]
    passed = sa.select(Ticket.id).where(*where, due < now).order_by(due).limit(BATCH)
    nobody_told = sa.and_(Ticket.escalation == 0, Ticket.escalate_at.is_(None))
    # with the column's type: a moment of another time zone is written as UTC here too
    at_once = sa.literal(now, Ticket.escalate_at.type)
    rows = session.execute(
        sa.update(Ticket)
        .where(Ticket.id.in_(passed), *where, due < now)
        .values(
            {
                missed: now,
                Ticket.escalate_at: sa.case((nobody_told, at_once), else_=Ticket.escalate_at),
            }
        )
        .returning(Ticket.id, due.label("due"))
        .execution_options(synchronize_session=False)
    ).all()
    for row in rows:
        said = {"due_at": written(row.due)}
        if clock is Clock.RESOLVE:
            tell(session, row.id, EventKind.OVERDUE, SYSTEM, now, said)
            announce(session, "ticket.overdue", ticket_id=row.id)
        else:
            said["clock"] = clock.value
            tell(session, row.id, EventKind.MISSED, SYSTEM, now, said)
    return len(rows)


def end_waiting(session: Session, now: datetime) -> int:
    """End the waiting of what has waited as long as was said. Its clocks have counted on from that
    moment already: they were planned so.
    """
    over = (
        sa.select(Ticket.id)
        .where(*_WAITS, Ticket.waiting_until <= now)
        .order_by(Ticket.waiting_until)
        .limit(BATCH)
    )
    rows = session.execute(
        sa.update(Ticket)
        .where(Ticket.id.in_(over), *_WAITS, Ticket.waiting_until <= now)
        .values(waiting_for=None, waiting_until=None, version=Ticket.version + 1)
        .returning(Ticket.id)
        .execution_options(synchronize_session=False)
    ).all()
    for row in rows:
        tell(session, row.id, EventKind.RESUMED, SYSTEM, now, {"text": ""})
    return len(rows)


# ------------------------------------------------------------------ escalation


def escalate(session: Session, config: Tickets, now: datetime) -> int:
    """Tell the next level of each ticket whose time for it has come; return how many were told."""
    rows = session.scalars(
        sa.select(Ticket)
        .where(*_ESCALATES, Ticket.escalate_at <= now)
        .order_by(Ticket.escalate_at)
        .limit(BATCH)
        .execution_options(populate_existing=True)
    ).all()
    return sum(_step(session, config, facts.of_ticket(row), now) for row in rows)


def _step(session: Session, config: Tickets, ticket: TicketFacts, now: datetime) -> bool:
    ran_out = ticket.ran_out
    levels = config.escalation[ticket.escalation :]
    if not ran_out or not levels:
        _set(session, ticket, ticket.escalation, None)
        return False
    since = min(ran_out.values())
    at = _at(since, levels[0])
    if at > now:
        _set(session, ticket, ticket.escalation, at)
        return False
    level = ticket.escalation + 1
    next_at = _at(since, levels[1]) if levels[1:] else None
    if not _set(session, ticket, level, next_at):
        return False
    said = {
        "level": level,
        "to": levels[0].to.value,
        "clocks": [clock.value for clock in ran_out],
        "since": written(since),
    }
    tell(session, ticket.id, EventKind.ESCALATED, SYSTEM, now, said)
    telling.escalated(session, config, ticket, level, since, now)
    return True


def _at(since: datetime, level: Level) -> datetime:
    return since + timedelta(hours=level.after_hours)


def _set(session: Session, ticket: TicketFacts, level: int, next_at: datetime | None) -> bool:
    """Compare and set; False for who was slower than another sweep, or than who made it good."""
    return (
        session.execute(
            sa.update(Ticket)
            .where(
                Ticket.id == ticket.id,
                IS_OPEN,
                Ticket.escalation == ticket.escalation,
                Ticket.escalate_at == ticket.escalate_at,
            )
            .values(escalation=level, escalate_at=next_at)
            .returning(Ticket.id)
            .execution_options(synchronize_session=False)
        ).scalar_one_or_none()
        is not None
    )
