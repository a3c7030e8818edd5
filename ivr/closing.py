"""How a call ends: its end, the outcome of a conversation, and the ticket that every one gets."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from agents import service as agents
from hotline.floor import Floor
from ivr import calls, drafts
from ivr.callbacks import rows as callback_rows
from ivr.calls import CallFacts
from ivr.drafts import DraftFacts
from ivr.errors import Lost, NothingToFinish, OutcomeNeeded, StillTalking
from ivr.events import OVER, Departed, Kind, OfferState, Result
from ivr.models import Call, Offer
from ivr.room import announcements as room
from ivr.room import offers, waiting
from ivr.room.offers import OfferFacts
from ivr.room.wrapping import Mode
from tickets import guarding
from tickets import service as tickets
from tickets.config import Asked, Makes, Tickets
from tickets.errors import TicketMoved
from tickets.matters import service as matters
from tickets.persons import service as persons
from tickets.places import service as places
from tickets.workflow import Role

log = logging.getLogger(__name__)

#: Who wrote the outcome when the agent did not.
LIMIT = "limit"
#: The same, where the configuration asks no agent to.
UNASKED = "unasked"
#: Instead of an outcome, of a conversation whose caller was passed on among ourselves.
PASSED_ON = "passed_on"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an agent says about a conversation; ids as in the section `tickets:` of config.yaml."""

    outcome: str
    note: str = ""
    category: str | None = None
    ticket_number: str | None = None
    #: The caller's name, or empty; and whether they wish to be hidden.
    who: str = ""
    hide_name: bool = False
    #: The fields of where it is, as they were typed.
    place: Mapping[str, str] = field(default_factory=dict)


def end_call(
    floor: Floor,
    session: Session,
    call_id: int,
    status: str,
    *,
    now: datetime,
    by: str = "caller",
    found_by: str | None = None,
) -> bool:
    """The call is over (`status` is the carrier's word); False when that was known.

    `by`: whose side ended the conversation if there is one, `unknown` when nobody told in time.
    `found_by`: who found out, when it was not the carrier that told.

    Whoever says so first writes the story: a caller still in the waiting room has abandoned, an
    offer that rings is withdrawn, a conversation is over. The order of the rows is that of
    `ivr.room.offers`: call, stay, offer, agent.
    """
    row = session.execute(
        sa.update(Call)
        .where(Call.id == call_id, Call.ended_at.is_(None))
        .values(status=status, rank=OVER, ended_at=now)
        .returning(Call.id)
    ).one_or_none()
    if row is None:
        return False
    for stay in waiting.leave(session, call_id, Departed.ABANDONED, now=now):
        gone = {"queue": stay.queue, "language": stay.language}
        calls.tell(session, call_id, Kind.ABANDONED, gone, now=now)
    offers.call_over(floor, session, call_id, by, now=now)
    ended = {"status": status} | ({"by": found_by} if found_by else {})
    calls.tell(session, call_id, Kind.ENDED, ended, now=now)
    return True


def put_through(
    floor: Floor, session: Session, call_id: int, why: dict[str, Any], *, now: datetime
) -> None:
    """Something of ours failed and the caller is on the way to the fallback number: said so, and
    nobody is offered this caller any more.
    """
    room.out_of_line(floor, session, call_id, "fault", by=Departed.FAULT, now=now)
    calls.tell(session, call_id, Kind.FAULT, why, now=now)


def finish(
    floor: Floor,
    session: Session,
    call_id: int,
    agent_id: int,
    said: Outcome,
    *,
    by: str,
    now: datetime,
) -> tickets.TicketFacts:
    """Write the outcome of a conversation: its ticket, and the agent is free again.

    Said twice, the first stands and its ticket is the answer; said after the limit, what the agent
    wrote completes the ticket that the limit made. `by` is the agent's username. Raises `NotYours`,
    `NothingToFinish`, `StillTalking`, and what `tickets.service.record_call` raises.
    """
    offer = offers.latest_of_both(session, call_id, agent_id)
    if offer.state is not OfferState.ENDED:
        raise StillTalking
    if offer.result is not Result.DONE:
        raise NothingToFinish
    if not _claim(session, offer.id, now):
        return _late(floor, session, offer, said, by, now)
    return _record(floor, session, offer, said, by=by, now=now)


def finish_by_default(floor: Floor, session: Session, offer: OfferFacts, *, now: datetime) -> bool:
    """The wrap-up limit is over: what is typed so far is written, marked as incomplete where an
    outcome was to be written, or was begun.
    """
    if not _claim(session, offer.id, now):
        return False
    config = floor.section(Tickets)
    draft = drafts.of_call(session, offer.call_id, offer.agent_id)
    if _asked_for(offer) or not _whole(config, draft):
        _record(floor, session, offer, _as_far_as_said(config, draft), by=LIMIT, now=now)
    else:
        _record(floor, session, offer, _as_far_as_said(config, draft), by=UNASKED, now=now)
    return True


def skip(
    floor: Floor, session: Session, call_id: int, agent_id: int, *, by: str, now: datetime
) -> None:
    """The agent leaves a conversation unwritten where that is allowed: what is typed so far stands,
    and they are free. Said twice, it stands.

    Raises `NotYours`, `StillTalking`, `NothingToFinish`, and `OutcomeNeeded` where it is not.
    """
    offer = offers.latest_of_both(session, call_id, agent_id)
    if offer.state is not OfferState.ENDED:
        raise StillTalking
    if offer.result is not Result.DONE:
        raise NothingToFinish
    if _asked_for(offer):
        raise OutcomeNeeded
    if _claim(session, offer.id, now):
        config = floor.section(Tickets)
        said = _as_far_as_said(config, drafts.of_call(session, call_id, agent_id))
        _record(floor, session, offer, said, by=by, now=now)


def _asked_for(offer: OfferFacts) -> bool:
    """Whether somebody must write this conversation up."""
    return offer.wrap_up is None or Mode(offer.wrap_up).asks


def _whole(config: Tickets, draft: DraftFacts | None) -> bool:
    """Whether nothing was begun, or what was begun stands as it is."""
    begun = draft is not None and any((draft.outcome, draft.note, draft.ticket_number))
    return not begun or (draft is not None and _stands(config, draft))


def _stands(config: Tickets, draft: DraftFacts) -> bool:
    chosen = config.outcome(draft.outcome)
    return (
        chosen is not None
        and chosen.makes is not Makes.LINK
        and (draft.category in config.categories or chosen.category is not Asked.REQUIRED)
    )


def finish_passed_on(
    floor: Floor, session: Session, offer: OfferFacts, *, by: str, now: datetime
) -> None:
    """The agent has passed the caller on among ourselves: what is typed so far stands as the call's
    ticket, incomplete, for whoever talks next; `by` is free at once.
    """
    if not _claim(session, offer.id, now):
        return
    draft = drafts.of_call(session, offer.call_id, offer.agent_id)
    said = _as_far_as_said(floor.section(Tickets), draft)
    _record(floor, session, offer, said, by=by, now=now, told=PASSED_ON)


def _as_far_as_said(config: Tickets, draft: DraftFacts | None) -> Outcome:
    """The note whatever it is; the outcome if it can stand as it is, else the default one.

    A draft links to no ticket, since nobody has confirmed which: the number stays in the note.
    """
    if draft is None:
        return Outcome(config.default_outcome.id)
    category = draft.category if draft.category in config.categories else None
    return Outcome(
        draft.outcome if _stands(config, draft) else config.default_outcome.id,
        note="\n".join(part for part in (draft.note, draft.ticket_number) if part),
        category=category,
        who=draft.who,
        hide_name=draft.hide_name,
        place=draft.place,
    )


def _claim(session: Session, offer_id: int, now: datetime) -> bool:
    row = session.execute(
        sa.update(Offer)
        .where(Offer.id == offer_id, Offer.result == Result.DONE, Offer.wrapped_up_at.is_(None))
        .values(wrapped_up_at=now)
        .returning(Offer.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return row is not None


def _record(
    floor: Floor,
    session: Session,
    offer: OfferFacts,
    said: Outcome,
    *,
    by: str,
    now: datetime,
    told: str | None = None,
) -> tickets.TicketFacts:
    """`told`: what the event says instead of the outcome, which is somebody else's to write yet."""
    in_time = told is None and by != LIMIT
    written_by = tickets.SYSTEM if by in (LIMIT, UNASKED) else by
    call = calls.facts(session, offer.call_id)
    number = number_of(session, offer)
    before = tickets.ticket_of_call(session, call.id)
    config = floor.section(Tickets)
    place = places.entered(
        session, config, said.place, lenient=not in_time or not _asked_for(offer)
    )
    ticket = tickets.record_call(
        session,
        config,
        call_id=call.id,
        outcome=said.outcome,
        note=said.note,
        category=said.category,
        ticket_number=said.ticket_number,
        caller=number,
        language=offer.language,
        by=written_by,
        incomplete=not in_time,
        area=place.area,
        now=now,
    )
    if before is not None:
        ticket = _again(
            floor, session, call, number, before, said, written_by, now, in_time=in_time
        )
    placed_by = written_by if in_time else tickets.SYSTEM
    _name_caller(session, offer, said, ticket, placed_by, now)
    places.placed_in_call(session, config, ticket, place, by=placed_by, now=now)
    # who was added to a matter in this conversation stands by it from now on
    matters.settle(session, call.id, ticket, note=said.note, by=placed_by, now=now)
    outcome = said.outcome if told is None else told
    written = {**offer.who, "outcome": outcome, "ticket": ticket.number, "by": by}
    calls.tell(session, call.id, Kind.WRAPPED_UP, written, now=now)
    if call.mark is not None:  # given before the ticket was there
        tickets.rate_call(session, call.id, call.mark, now=now)
    drafts.drop(session, call.id, offer.agent_id)
    agents.finish(
        session,
        offer.agent_id,
        call_id=call.id,
        now=now,
        by="engine" if by in (LIMIT, UNASKED) else by,
    )
    return ticket


def _again(
    floor: Floor,
    session: Session,
    call: CallFacts,
    number: str | None,
    before: tickets.TicketFacts,
    said: Outcome,
    by: str,
    now: datetime,
    *,
    in_time: bool,
) -> tickets.TicketFacts:
    """What a conversation makes of the ticket that the call has already: of a callback that reached
    nobody before, of a message, or of somebody who passed the caller on.
    """
    if not in_time:
        tickets.note_of_call(session, call.id, text=said.note, by=by, now=now)
        return before
    if before.incomplete and not _is_itself(floor, session, said, before):
        return _complete(floor, session, before, said, by, now)
    return tickets.talked_again(
        session,
        floor.section(Tickets),
        before,
        call_id=call.id,
        outcome=said.outcome,
        note=said.note,
        category=said.category,
        ticket_number=said.ticket_number,
        caller=number,
        by=by,
        now=now,
    )


def _late(
    floor: Floor, session: Session, offer: OfferFacts, said: Outcome, by: str, now: datetime
) -> tickets.TicketFacts:
    ticket = tickets.ticket_of_call(session, offer.call_id)
    if ticket is None:
        raise Lost("the ticket of a call that is wrapped up")
    ticket = _complete(floor, session, ticket, said, by, now)
    _name_caller(session, offer, said, ticket, by, now)
    config = floor.section(Tickets)
    place = places.entered(session, config, said.place)
    places.placed_in_call(session, config, ticket, place, by=by, now=now)
    return ticket


def number_of(session: Session, offer: OfferFacts) -> str | None:
    """Whose conversation it was, E.164: who called, or whom we called back; None when withheld."""
    promise = callback_rows.of_stay(session, offer.waiting_id)
    if promise is not None:
        return promise.number
    return calls.known_number(calls.facts(session, offer.call_id).from_number)


def _name_caller(
    session: Session,
    offer: OfferFacts,
    said: Outcome,
    ticket: tickets.TicketFacts,
    by: str,
    now: datetime,
) -> None:
    persons.name_caller(
        session,
        offer.call_id,
        number_of(session, offer),
        said.who,
        ticket_id=ticket.id,
        by=by,
        now=now,
    )
    if said.hide_name:
        guarding.wished(session, ticket.id, by=by, now=now)


def _complete(
    floor: Floor,
    session: Session,
    ticket: tickets.TicketFacts,
    said: Outcome,
    by: str,
    now: datetime,
) -> tickets.TicketFacts:
    if not ticket.incomplete or _is_itself(floor, session, said, ticket):
        return ticket
    config = floor.section(Tickets)
    with suppress(TicketMoved):
        return tickets.complete(
            session,
            config,
            ticket,
            outcome=said.outcome,
            category=said.category,
            text=_not_said_yet(config, said, ticket.text),
            ticket_number=said.ticket_number,
            actor=tickets.Actor(by, Role.AGENT),
            now=now,
        )
    return ticket


def _is_itself(floor: Floor, session: Session, said: Outcome, ticket: tickets.TicketFacts) -> bool:
    """Whether a conversation was about this very ticket: there is nothing to link it to. Raises
    `BadNumber` or `NoSuchTicket` when it was about none.
    """
    chosen = floor.section(Tickets).outcome(said.outcome)
    if chosen is None or chosen.makes is not Makes.LINK:
        return False
    return tickets.by_number(session, said.ticket_number or "").id == ticket.id


def _not_said_yet(config: Tickets, said: Outcome, text: str) -> str:
    """What a note adds to the draft that the limit took: the agent went on in the same field."""
    chosen = config.outcome(said.outcome)
    if chosen is not None and chosen.makes is Makes.LINK:
        return said.note  # goes to another ticket, which knows nothing of it
    return said.note.removeprefix(text).strip()
