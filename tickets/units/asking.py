"""A unit is asked for at a ticket: it stands on the board until one comes."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tickets import facts
from tickets.errors import NotYours, RoleMayNot
from tickets.facts import Actor, TicketFacts
from tickets.models import EventKind
from tickets.units import rules
from tickets.units.errors import TicketClosed
from tickets.units.models import IS_OPEN_REQUEST, UnitRequest
from tickets.units.rights import is_theirs
from tickets.writing import locked, tell


def ask(
    session: Session,
    ticket: TicketFacts,
    *,
    text: str = "",
    by: Actor,
    now: datetime,
) -> None:
    """Ask for a unit at a ticket: it stands on the board from then on. Who asks again says it in
    other words. Raises `RoleMayNot`, `NotYours`, `TicketClosed`.
    """
    seen = locked(session, ticket)
    _refuse_asking(by, seen)
    text = facts.clean(text)
    row = session.get(UnitRequest, seen.id, populate_existing=True)
    if row is None:
        session.add(UnitRequest(ticket_id=seen.id, at=now, by=by.username, text=text))
    else:
        row.at, row.by, row.text, row.ended_at = now, by.username, text, None
    session.flush()
    said = {"wanted": True, "text": text}
    tell(session, seen.id, EventKind.UNIT_ASKED, by.username, now, said)


def unask(
    session: Session, ticket: TicketFacts, *, text: str = "", by: Actor, now: datetime
) -> None:
    """Take that back; nothing happens when nobody asks. Raises as `ask`."""
    seen = locked(session, ticket)
    _refuse_asking(by, seen)
    if end_request(session, seen, now):
        said = {"wanted": False, "text": facts.clean(text)}
        tell(session, seen.id, EventKind.UNIT_ASKED, by.username, now, said)


def _refuse_asking(by: Actor, ticket: TicketFacts) -> None:
    if by.role not in rules.ASKERS:
        raise RoleMayNot
    if not is_theirs(by, ticket):
        raise NotYours
    if not ticket.is_open:
        raise TicketClosed(number=ticket.number_shown)


def end_request(session: Session, ticket: TicketFacts, now: datetime) -> bool:
    return (
        session.execute(
            sa.update(UnitRequest)
            .where(UnitRequest.ticket_id == ticket.id, IS_OPEN_REQUEST)
            .values(ended_at=now)
            .returning(UnitRequest.ticket_id)
            .execution_options(synchronize_session=False)
        ).scalar_one_or_none()
        is not None
    )
