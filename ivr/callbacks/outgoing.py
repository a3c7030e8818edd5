"""An agent calls somebody about a ticket: who may be called, and how it begins.

It is a callback that one agent makes now and nobody else is offered: a call of its own with a
place, an offer that is accepted, and an attempt, so that all of the machinery behind a callback
carries it. It ends with that one try: they speak, and the outcome is written as after any
conversation; or nobody is reached (`ivr.room.callouts`), and the ticket's story says so.

There is no field for a number: whom an agent may call, the city has a reason to call. That is the
caller of a ticket which the agent may read, or of a conversation that they had lately.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from agents import service as agents
from agents.service import AgentFacts
from hotline.db import insert_ignore
from hotline.errors import HotlineError
from hotline.floor import Floor
from ivr import calls, nuisance
from ivr.callbacks import places, rows
from ivr.callbacks import service as callbacks
from ivr.callbacks.rows import Asked, calling_hours
from ivr.callbacks.rules import State
from ivr.config import Ivr
from ivr.errors import CannotCall, Lost, NotYours
from ivr.events import Kind, Waits
from ivr.models import Call, Callback, Offer
from ivr.room import offers, waiting
from tickets import service as tickets
from tickets.service import TicketFacts
from tickets.workflow import Priority

#: A conversation that ended longer ago is called about from its ticket.
LATELY: Final = timedelta(days=7)
#: A call out stands in no queue.
NO_QUEUE: Final = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom an agent wants to call, and about what. `number`: E.164, None when it is not known."""

    ticket: TicketFacts
    number: str | None


def of_ticket(ticket: TicketFacts) -> Wanted:
    """The caller of a ticket that the agent may read."""
    return Wanted(ticket, ticket.caller_number)


def of_call(
    session: Session, call_id: int, agent_id: int, actor: tickets.Actor, *, now: datetime
) -> Wanted:
    """The caller of a conversation that the agent had lately, or whom they called in vain. Raises
    `NotYours` for any other call (a word with a colleague is none with the caller), `CannotCall`
    while there is no ticket of it, `NoSuchTicket` for one that they may not read.
    """
    theirs = (
        sa.select(Offer.waiting_id)
        .join(Call, Call.id == Offer.call_id)
        .where(
            Offer.call_id == call_id,
            Offer.agent_id == agent_id,
            Offer.consults.is_(None),
            Offer.ended_at >= now - LATELY,
            sa.or_(Offer.connected_at.is_not(None), Call.sid.startswith(calls.OUTGOING)),
        )
        .order_by(Offer.id.desc())
    )
    waiting_id = session.scalars(theirs.limit(1)).one_or_none()
    if waiting_id is None:
        raise NotYours
    ticket = tickets.ticket_of_call(session, call_id)
    if ticket is None:
        raise CannotCall(text="ivr.callout.no_ticket")
    ticket = tickets.by_number_for(session, ticket.number, actor)
    promise = rows.of_stay(session, waiting_id)
    number = calls.facts(session, call_id).from_number if promise is None else promise.number
    return Wanted(ticket, calls.known_number(number))


def refusal(
    floor: Floor, session: Session, wanted: Wanted, *, now: datetime
) -> HotlineError | None:
    """Why this number is not called now; None: it may be."""
    number = wanted.number
    if number is None or calls.is_withheld(number):
        return CannotCall(text="ivr.callout.withheld")
    if not _is_called(floor, number):
        return CannotCall(text="ivr.number_not_called")
    if nuisance.blocked(session, number, now) is not None:
        return CannotCall(text="ivr.callout.blocked")
    urgent = wanted.ticket.priority is Priority.CRITICAL
    if not urgent and not calling_hours(floor).allow(now, _last_heard(session, number)):
        spans = ", ".join(floor.section(Ivr).callbacks.hours)
        return CannotCall(text="ivr.callout.hours", hours=spans)
    underway = sa.select(Callback.id).where(
        Callback.number == number, Callback.state.in_((State.IN_LINE, State.DIALLING))
    )
    if session.scalars(underway.limit(1)).one_or_none() is not None:
        return CannotCall(text="ivr.callout.underway")
    return None


def start(
    floor: Floor, session: Session, wanted: Wanted, me: AgentFacts, *, by: str, now: datetime
) -> None:
    """Call: the agent's telephone rings, and once it is answered the citizen's.

    Pressed twice, it is one call. Raises `CannotCall` with the reason; `Lost` when the agent is
    given something else, or the number is called, in this very moment: asked again, it says which.
    """
    refused = refusal(floor, session, wanted, now=now)
    seen = agents.presence_of(session, me.id)
    if refused is None and not seen.presence.may_call_out:
        why = "ivr.callout.no_telephone" if seen.trouble else "ivr.callout.not_free"
        refused = CannotCall(text=why)
    if refused is not None:
        if _is_at_it(session, wanted, me):
            return  # asked last: what stands in the way may be my own call, begun in this moment
        raise refused
    number = str(wanted.number)
    call_id = calls.call_out(
        session,
        number,
        shown=floor.city.caller_id,
        language=wanted.ticket.language,
        ticket=wanted.ticket.number,
        now=now,
    )
    callback_id = _made(session, call_id, number, wanted, me, by, now)
    if callback_id is None:
        raise Lost("the number")  # a colleague was faster, or the same finger
    tickets.follow_up(session, wanted.ticket, call_id=call_id, caller=number, now=now)
    said = {"agent": me.id, "ticket": wanted.ticket.number, "language": wanted.ticket.language}
    calls.tell(session, call_id, Kind.CALLED_OUT, said, now=now)
    asked = Asked(call_id, number, NO_QUEUE, wanted.ticket.language, NO_QUEUE, by=by)
    waiting_id = places.take_place(floor, session, asked, callback_id, now, now)
    rows.set_values(session, callback_id, waiting_id=waiting_id)
    stay = waiting.move(session, waiting_id, (Waits.PAUSED,), Waits.WAITING)
    if stay is None or not callbacks.give(floor, session, stay, me.id, now=now):
        # on a plain telephone it is offered, which a break does not allow
        raise CannotCall(text="ivr.callout.not_free")


def _made(
    session: Session,
    call_id: int,
    number: str,
    wanted: Wanted,
    me: AgentFacts,
    by: str,
    now: datetime,
) -> int | None:
    """The row of it; None when somebody calls this number just now."""
    row = {
        "call_id": call_id,
        "agent_id": me.id,
        "number": number,
        "queue": NO_QUEUE,
        "language": wanted.ticket.language,
        "state": State.IN_LINE.value,
        "promised_at": now,
        "awake_at": now,
        "tries": 0,
        "asked_by": by,
    }
    made: int | None = insert_ignore(session, Callback, row)
    return made


def _is_at_it(session: Session, wanted: Wanted, me: AgentFacts) -> bool:
    """Whether this agent is calling this number about this ticket just now."""
    offer = offers.latest_of_agent(session, me.id)
    if offer is None or offer.ended_at is not None:
        return False
    found = rows.of_stay(session, offer.waiting_id)
    if found is None or found.agent_id != me.id or found.number != wanted.number:
        return False
    return calls.facts(session, offer.call_id).ticket == wanted.ticket.number


def _is_called(floor: Floor, number: str) -> bool:
    """Whether the city calls this number: none of emergency, of the hotline, or that it does not
    pay for.
    """
    with suppress(HotlineError):
        same = nuisance.normalised(number, floor.city) == number
        return same and callbacks.may_call(floor.section(Ivr).callbacks, number)
    return False


def _last_heard(session: Session, number: str) -> datetime:
    """When somebody at this number was last heard, as far as we know."""
    last = (
        sa.select(Call.arrived_at)
        .where(Call.from_number == number, ~Call.sid.startswith(calls.OUTGOING))
        .order_by(Call.arrived_at.desc())
    )
    heard = session.scalars(last.limit(1)).one_or_none()
    return datetime.min.replace(tzinfo=UTC) if heard is None else heard
