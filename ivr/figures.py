"""What the reports read of calls beside their visits: whose they are, to know who called again."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.db import not_by_index
from ivr import story
from ivr.calls import OUTGOING, is_withheld
from ivr.models import Call, CallEvent

_AT_ONCE = 500
Item = TypeVar("Item")


class Contact(NamedTuple):
    """A call that came from a known number; `asked`: the ticket that was asked about in it."""

    call_id: int
    number: str
    at: datetime
    asked: str | None


def contacts(session: Session, calls: Collection[int]) -> list[Contact] | None:
    """Those of some calls that came from a known number; None when who called is not known any
    more of one of them (`ivr.keeping`): then nothing can be said of all.
    """
    found: list[Contact] = []
    for chunk in _chunks(sorted(calls)):
        rows = session.execute(
            sa.select(*_COLUMNS, Call.forgotten_at).where(Call.id.in_(chunk), _INCOMING)
        ).all()
        if any(row.forgotten_at is not None for row in rows):
            return None
        found += [Contact(*row[:4]) for row in rows if not is_withheld(row.from_number)]
    return found


def contacts_of(
    session: Session, numbers: Collection[str], start: datetime, end: datetime
) -> list[Contact]:
    """Every call of some numbers that arrived in [start, end)."""
    found: list[Contact] = []
    for chunk in _chunks(sorted(numbers)):
        rows = session.execute(
            sa.select(*_COLUMNS).where(
                Call.from_number.in_(chunk),
                Call.arrived_at >= start,
                Call.arrived_at < end,
                _INCOMING,
            )
        )
        found += [Contact(*row) for row in rows]
    return found


def first_arrived(session: Session) -> datetime | None:
    """When the first call of all reached the hotline; None before it."""
    return session.scalar(sa.select(sa.func.min(Call.arrived_at)))


def moments_of(session: Session, calls: Collection[int]) -> set[datetime]:
    """The moments that decide in which intervals some calls are counted."""
    found: set[datetime] = set()
    for chunk in _chunks(sorted(calls)):
        found |= set(
            session.scalars(
                sa.select(CallEvent.at).where(
                    CallEvent.call_id.in_(chunk), not_by_index(CallEvent.kind.in_(story.DECIDE))
                )
            )
        )
    return found


_COLUMNS = (Call.id, Call.from_number, Call.arrived_at, Call.ticket)
_INCOMING = ~Call.sid.startswith(OUTGOING)


def _chunks(found: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (found[first : first + _AT_ONCE] for first in range(0, len(found), _AT_ONCE))
