"""Who is calling, as far as earlier calls tell: what an agent should know before saying hello.

A number that is withheld is nobody's: of it nothing is known, however often it has called.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from dateutil.relativedelta import relativedelta
from sqlalchemy.orm import Session

from hotline.db import Base
from ivr import calls, nuisance, story
from ivr.callbacks import rows
from ivr.callbacks import service as callbacks
from ivr.callbacks.rows import CallbackFacts
from ivr.config import NuisanceRules
from ivr.errors import NoSuchOffer, NotYours, StillPromised
from ivr.models import Block, Call, Callback, Dismissal
from ivr.nuisance import NumberFacts
from ivr.room import offers
from ivr.story import AtHand, Visit

#: Earlier calls are counted so far back, and so many of them are told one by one.
COUNTED, TOLD = relativedelta(months=12), 4


@dataclass(frozen=True, slots=True)
class CallerFacts:
    """What is known of a number."""

    #: Their calls to us of the last twelve months before this one, and the latest of them, the
    #: newest first.
    count: int
    last: Sequence[Visit]
    #: The call that the city still owes them.
    promise: CallbackFacts | None
    nuisance: NumberFacts


def at_hand(session: Session, offer_id: int, agent_id: int) -> AtHand:
    """The call behind an offer, for the agent who has it at hand, and only as long as that lasts:
    whoever could name any number, or any call, could look up everybody.

    Raises `NotYours` for every other offer, whether or not there is one.
    """
    found = story.at_hand(session, agent_id)
    if found is None or found.offer.id != offer_id:
        raise NotYours
    return found


def still_at_hand(session: Session, offer_id: int, agent_id: int) -> AtHand | None:
    """As `at_hand`, for what a page asks for again and again: None when it was theirs and is over,
    which the page hears of a moment later.
    """
    with suppress(NotYours):
        return at_hand(session, offer_id, agent_id)
    try:
        offers.of_agent(session, offer_id, agent_id)
    except NoSuchOffer as none:
        raise NotYours from none
    return None


def known_number(found: AtHand) -> str:
    """Whom to recognise by it; empty when the number is withheld."""
    return calls.known_number(found.number) or ""


def facts(
    session: Session, found: AtHand, rules: NuisanceRules, *, now: datetime
) -> CallerFacts | None:
    """What is known of the caller; None when the number is withheld."""
    number = known_number(found)
    if not number:
        return None
    before = (
        Call.from_number == number,
        Call.arrived_at >= now - COUNTED,
        Call.id != found.call.id,
        ~Call.sid.startswith(calls.OUTGOING),  # who was called has not called
    )
    count = session.scalar(sa.select(sa.func.count()).where(*before)) or 0
    latest = sa.select(Call.id).where(*before).order_by(Call.id.desc()).limit(TOLD)
    last = [*story.last_visits(session, session.scalars(latest).all())] if count else []
    promise = callbacks.pending_for(session, number)
    # the one that is being kept right now stands in the call itself
    kept = found.callback is not None and promise is not None and promise.id == found.callback.id
    return CallerFacts(
        count,
        tuple(reversed(last)),
        None if kept else promise,
        nuisance.of_number(session, rules, number, now=now),
    )


# ---------------------------------------------------------------- erasure


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows an erasure has taken a number out of, or would."""

    calls: int
    callbacks: int
    blocks: int
    #: The number is blocked now: that block keeps it until its end.
    still_blocked: bool


def erase(
    session: Session, number: str, *, now: datetime, dry: bool, but: Collection[int] = ()
) -> Erased:
    """Forget a number (E.164) in calls, callbacks and blocks that are over; their stories stay, as
    of somebody who withheld theirs. `dry`: count only. `but`: calls (ids) that are to keep it.

    Raises `StillPromised` while somebody is to be called back, is just being called, or was not
    reached and nobody has settled it: there it is still needed.
    """
    if rows.every(session, Callback.number == number, Callback.ended_at.is_(None)):
        raise StillPromised
    holds = sa.and_(Block.ended_at.is_(None), Block.expires_at > now)
    of_calls = (Call.from_number == number, Call.id.not_in(but))
    of_callbacks = (Callback.number == number, Callback.call_id.not_in(but))
    of_blocks = (Block.number == number, sa.not_(holds))
    counts = [
        session.scalar(sa.select(sa.func.count()).where(*which)) or 0
        for which in (of_calls, of_callbacks, of_blocks)
    ]
    still_blocked = nuisance.blocked(session, number, now) is not None
    if not dry:
        # one that ran out, and was not noted as ended, would keep the place of the next such one
        ended = {"number": "", "ended_at": sa.func.coalesce(Block.ended_at, Block.expires_at)}
        _set(session, Block, of_blocks, **ended)
        _set(session, Call, of_calls, from_number="", forgotten_at=now)
        _set(session, Callback, of_callbacks, number="")
        session.execute(sa.delete(Dismissal).where(Dismissal.number == number))
    return Erased(counts[0], counts[1], counts[2], still_blocked)


def _set(
    session: Session, table: type[Base], which: Sequence[sa.ColumnElement[bool]], **values: Any
) -> None:
    session.execute(
        sa.update(table).where(*which).values(**values).execution_options(synchronize_session=False)
    )
