"""The caller of a conversation comes with a matter that has a ticket: added to it, and taken back.

What both do to the ticket, `tickets.matters.service` says; here is whose conversation it is, and
until when: as long as its outcome is not written.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ivr import closing, drafts
from ivr.errors import NothingToFinish
from ivr.events import OfferState, Result
from ivr.room import offers
from ivr.room.offers import OfferFacts
from tickets import service as tickets
from tickets.matters import service as matters
from tickets.matters.service import CallerFacts
from tickets.service import Actor


@dataclass(frozen=True)
class Came:
    """What an agent says of it: the ticket's number, and whether the caller wants news by SMS."""

    ticket: str
    wants_news: bool = True


def add(
    session: Session, call_id: int, agent_id: int, came: Came, *, actor: Actor, now: datetime
) -> tuple[CallerFacts, tickets.TicketFacts]:
    """Add the caller of my conversation to a ticket; returns who was added, and the ticket that it
    is (the one that another is worked on in).

    Raises `NotYours`, `NothingToFinish`, `BadNumber`, `NoSuchTicket`, `MatterClosed`.
    """
    offer = _open(session, call_id, agent_id)
    ticket = tickets.root(session, tickets.by_number_for(session, came.ticket, actor))
    draft = drafts.of_call(session, call_id, agent_id)
    call = matters.Call(
        id=call_id,
        number=closing.number_of(session, offer),
        language=offer.language,
        note=draft.note if draft else "",
        wants_news=came.wants_news,
    )
    return matters.add(session, ticket, call, actor=actor, now=now), ticket


def take_back(session: Session, call_id: int, agent_id: int, *, by: str, now: datetime) -> None:
    """Take that back. Raises `NotYours`, `NothingToFinish`, `NotAdded`."""
    _open(session, call_id, agent_id)
    matters.take_back(session, call_id, by=by, now=now)


def _open(session: Session, call_id: int, agent_id: int) -> OfferFacts:
    """My conversation, whose outcome is not written yet."""
    offer = offers.latest_of_both(session, call_id, agent_id)
    talks = offer.state is OfferState.CONNECTED
    if not (talks or (offer.result is Result.DONE and offer.wrapped_up_at is None)):
        raise NothingToFinish
    return offer
