"""The caller's mark for a conversation: on the call, on the agent's offer, on the ticket."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ivr import calls
from ivr.events import Kind
from ivr.models import Offer
from ivr.room import offers
from tickets import service as tickets


def rate(session: Session, call_id: int, mark: int, *, now: datetime) -> bool:
    """Write the mark down; False when this conversation has one already: the first stands.

    The ticket may not be written yet: then it takes the mark when it is (`of_call`).
    """
    offer = offers.latest_of(session, call_id)
    if offer is None:
        return False
    row = session.execute(
        sa.update(Offer)
        .where(Offer.id == offer.id, Offer.mark.is_(None))
        .values(mark=mark)
        .returning(Offer.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row is None:
        return False
    calls.note(session, call_id, mark=mark)
    calls.tell(session, call_id, Kind.RATED, offer.who | {"mark": mark}, now=now)
    tickets.rate_call(session, call_id, mark, now=now)
    return True
