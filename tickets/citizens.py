"""What a citizen may hear of a ticket: state, division, deadline, what was said to them.

Nothing internal: no notes, no names, and of a private ticket as much as of any other, since only
who proves the telephone number that it came from is told.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tickets import facts, planning, search
from tickets.masking import masked
from tickets.models import EventKind, Ticket


@dataclass(frozen=True)
class CitizenView:
    """A ticket as its citizen sees it; moments are aware. `news` is what was said on closing it,
    empty before; `callers` are the numbers that called about it, E.164.
    """

    number: str
    state: str
    division: str
    changed_at: datetime
    due_at: datetime | None
    news: str
    callers: tuple[str, ...]


#: What moves a ticket in the eyes of a citizen.
_SEEN = (EventKind.MADE, EventKind.CALL, EventKind.MOVED, EventKind.COMPLETED)
_READ = (*_SEEN, EventKind.UNDONE)


def as_citizens_see(session: Session, number: str) -> CitizenView | None:
    """The ticket with this number (bare digits), or None.

    Of one that is merged it tells how the ticket stands that it is worked on in, under the number
    that its citizen knows; who called about either is told.
    """
    asked = session.scalar(sa.select(Ticket).where(Ticket.number == number))
    if asked is None:
        return None
    ticket = search.root(session, facts.of_ticket(asked))
    story = [event for event in search.story(session, ticket.id) if event.kind in _READ]
    last = next(event for event in reversed(planning.standing(story)) if event.kind in _SEEN)
    # what is written on making or completing a ticket is an agent's note, and not for the citizen
    told = not ticket.is_open and last.kind is EventKind.MOVED and "instead" not in last.data
    return CitizenView(
        number=asked.number,
        state=ticket.state.value,
        division=ticket.division,
        changed_at=last.at,
        due_at=ticket.due_at if ticket.is_open else None,
        news=masked(str(last.data.get("text") or "")) if told else "",
        callers=tuple(sorted(search.callers_of(session, ticket.id))),
    )
