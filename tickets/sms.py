"""What the citizens of a ticket are told by SMS: written with the event, sent after the commit.

One row an event, moment and citizen, whatever happens (a unique key). From there:

1. A sweep hands rows that are due to a worker, who claims one by compare-and-set: of two that run
   at once one sends. The row is the outbox: without Redis it waits. It is not the worker that rings
   telephones: a morning's worth of SMS, or a carrier that is slow with them, holds up no call.
2. Before the carrier is asked a second time for the same row (the first attempt failed, timed out
   or died), its list of messages is looked through for that very text to that very number. So a
   sender that is killed between the carrier's yes and its own note sends nothing twice, as soon as
   the carrier's list shows what it took; and its status callback, which names our row, says the
   same.
3. What the carrier does not take is tried again, later each time, and in the end given up: then it
   needs somebody's attention.

What is left: a carrier that took one and then neither lists it nor tells of it, until we ask again
(`LEASE`), is asked to send it again.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import clock
from hotline.db import after_commit, insert_ignore, not_by_index
from hotline.floor import Floor
from hotline.jobs import SOON
from hotline.telephony import CarrierError, Refused
from tickets import links, numbers, search, texting
from tickets.citizen_config import Sms
from tickets.citizen_words import moment_words, result_words
from tickets.config import Tickets
from tickets.matters import service as matters
from tickets.models import (
    CitizenLink,
    EventKind,
    SmsReceived,
    SmsWish,
    Ticket,
    TicketCall,
    TicketEvent,
    TicketSms,
)
from tickets.texting import LOST, STANDS, Moment, Why
from tickets.workflow import Priority

log = logging.getLogger(__name__)

#: The name of the job that sends one.
SEND = "tickets.send_sms"
#: Seconds of the wall: how long a sender may take before it is presumed dead (a request to the
#: carrier takes ten at most, and there are two), and after which a row that was handed over is
#: looked at again: a queue that is long does not grow by it.
LEASE, RECHECK = 60.0, 180.0
#: The pause after the first attempt; doubled after each further one, up to the longest.
FIRST_PAUSE, LONGEST_PAUSE = 30.0, 1800.0
BATCH = 200
WAITING, SENDING, SENT, FAILED, SKIPPED = "waiting", "sending", "sent", "failed", "skipped"
_TO_DO = TicketSms.state.in_((WAITING, SENDING))


# ------------------------------------------------------------------ what is to be said


def on_event(floor: Floor, session: Session, *, event: TicketEvent) -> None:
    """Write down what the citizen is told of an event, in its own unit of work, if it is such a
    moment.
    """
    config = floor.section(Tickets)
    moment = texting.moment_of(event.kind, event.data)
    if config.sms is None or moment is None or not config.sms.is_on(moment):
        return
    ticket = session.get_one(Ticket, event.ticket_id, populate_existing=True)
    _overtake(session, ticket.id, moment, event.at)
    own = _Citizen(ticket.caller_number, ticket.language, ticket.id, ticket.number)
    later = [_came_later(ticket, each) for each in matters.told_of(session, ticket.id)]
    others = hearers(session, ticket) if moment in _HEARD else []
    everybody = (own, *later, *others)
    told = _told_of_unit(session, event, {each.number for each in everybody if each.number})
    for each in everybody:
        if each.number not in told:
            _write(floor, session, config.sms, ticket, event, moment, each)


#: Of these also those are told whose ticket was merged into it, or who called about it.
_HEARD: Final = frozenset({Moment.CLOSED, Moment.UNIT})


def _told_of_unit(
    session: Session, event: TicketEvent, numbers_: Collection[str]
) -> set[str | None]:
    """Those of some numbers that another ticket of an incident has told that this unit comes."""
    if event.kind != EventKind.INCIDENT:
        return set()
    rows = session.execute(
        sa.select(TicketSms.number, TicketEvent.data)
        .join(TicketEvent, TicketEvent.id == TicketSms.event_id)
        .where(TicketSms.number.in_(sorted(numbers_)), TicketSms.moment == Moment.UNIT.value)
    )
    return {number for number, data in rows if data.get("dispatch") == event.data["dispatch"]}


@dataclass(frozen=True)
class _Citizen:
    """Who is told of an event: under the number of a ticket that they know, by the page of that
    ticket. `call` and `caller`: as `TicketSms.call_id` and `TicketSms.caller_id`.
    """

    number: str | None
    language: str
    ticket_id: int
    ticket_number: str
    call: int = 0
    caller: int = 0


def _came_later(ticket: Ticket, who: matters.CallerFacts) -> _Citizen:
    return _Citizen(who.number, who.language, ticket.id, ticket.number, caller=who.id)


def welcome(floor: Floor, session: Session, *, caller: int) -> None:
    """Tell somebody who came with a ticket later (an id of `TicketCaller`) its number, as its first
    caller was told, in the unit of work in which their conversation is written up.
    """
    sms = floor.section(Tickets).sms
    found = matters.is_told(session, caller)
    if sms is None or found is None or not sms.is_on(Moment.MADE):
        return
    ticket = session.get_one(Ticket, found.ticket_id, populate_existing=True)
    event = matters.added_by(session, found)
    who = _came_later(ticket, found)
    if event is not None:
        _write(floor, session, sms, ticket, event, Moment.MADE, who, at=found.settled_at)


def hearers(session: Session, ticket: Ticket) -> list[_Citizen]:
    """Return who else waits to hear how a ticket ends, each number once, whose ticket was merged
    into it first: under the number of their own ticket. Then who called about any of them.
    """
    rows = session.execute(
        sa.select(
            Ticket.id,
            Ticket.number,
            Ticket.language,
            Ticket.caller_number,
            TicketCall.call_id,
            TicketCall.caller_number.label("called"),
        )
        .outerjoin(TicketCall, TicketCall.ticket_id == Ticket.id)
        .where(Ticket.id.in_(search.tree(ticket.id)))
        .order_by(Ticket.id, TicketCall.at, TicketCall.call_id)
    ).all()
    found = [
        _Citizen(row.caller_number, row.language, row.id, row.number)
        for row in rows
        if row.id != ticket.id
    ]
    found += [
        _Citizen(
            row.called,
            _spoken(session, row.called) or row.language,
            row.id,
            row.number,
            call=call,
        )
        for row in rows
        if (call := row.call_id) and row.called
    ]
    known = {
        ticket.caller_number,
        *matters.told_already(session, ticket.id, search.tree(ticket.id)),
    }
    first: dict[str, _Citizen] = {}
    for each in found:
        if each.number is not None and each.number not in known:
            first.setdefault(each.number, each)
    return list(first.values())


def _spoken(session: Session, number: str) -> str | None:
    """The language of the last ticket of a number."""
    last = sa.select(Ticket.language).where(Ticket.caller_number == number)
    return session.scalar(last.order_by(Ticket.id.desc()).limit(1))


def _write(
    floor: Floor,
    session: Session,
    sms: Sms,
    ticket: Ticket,
    event: TicketEvent,
    moment: Moment,
    who: _Citizen,
    *,
    at: datetime | None = None,
) -> None:
    """Write down what one citizen is told of an event; `at`: when, if not with the event."""
    config, now, number = floor.section(Tickets), at or event.at, who.number
    why = texting.why_not(
        number,
        has_sender=floor.city.sms_sender is not None,
        opted_out=number is not None and not wants(session, number),
    )
    link_id = None
    # who called about another's ticket proves so on the page; a link would show whatever is on it
    if why is None and number is not None and not who.call:
        days = config.citizens.link_days
        key = floor.settings.secret_key
        link_id = links.renew(session, key, who.ticket_id, number, days=days, now=now)
    priority = Priority(ticket.priority)
    due_at = texting.send_at(now, sms.quiet_span, floor.city.zone, priority)
    if why is None and moment is Moment.UNIT and due_at > now:
        why = Why.QUIET
    insert_ignore(
        session,
        TicketSms,
        {
            "ticket_id": who.ticket_id,
            "event_id": event.id,
            "call_id": who.call,
            "moment": moment.value,
            "caller_id": who.caller,
            "number": number,
            "language": who.language,
            "text": _text(floor, ticket, moment, who, event.data),
            "link_id": link_id,
            "state": WAITING if why is None else SKIPPED,
            "why": why,
            "made_at": now,
            "due_at": due_at,
            "attempts": 0,
            "ended_at": None if why is None else now,
        },
    )


def _overtake(session: Session, ticket_id: int, moment: Moment, now: datetime) -> None:
    """What was held back for the morning and is no longer so is not said any more."""
    if moment not in STANDS:
        return
    of_its_events = sa.select(TicketEvent.id).where(TicketEvent.ticket_id == ticket_id)
    session.execute(
        sa.update(TicketSms)
        .where(
            TicketSms.event_id.in_(of_its_events),
            TicketSms.moment.in_(sorted(STANDS)),
            TicketSms.state == WAITING,
            TicketSms.attempts == 0,
            TicketSms.due_at > now,
        )
        .values(state=SKIPPED, why=Why.OVERTAKEN.value, ended_at=now)
        .execution_options(synchronize_session=False)
    )


def _text(
    floor: Floor, ticket: Ticket, moment: Moment, who: _Citizen, data: Mapping[str, Any]
) -> str:
    sms, language = floor.section(Tickets).sms, who.language
    assert sms is not None
    return (
        sms.texts[moment]
        .for_(language)
        .format(
            number=numbers.display(who.ticket_number),
            link=floor.url("/t") if who.call else "{link}",
            due=moment_words(ticket.due_at, language, floor.city.zone),
            result=result_words(floor.texts, ticket.result, language),
            unit=data.get("call_sign", ""),
        )
    )


# ------------------------------------------------------------------ who wants none


def wants(session: Session, number: str) -> bool:
    """Say whether somebody wants our SMS: they do until they say otherwise."""
    last = sa.select(SmsWish.wanted).where(SmsWish.number == number).order_by(SmsWish.id.desc())
    return session.scalar(last.limit(1)) is not False


def wish(session: Session, number: str, *, wanted: bool, now: datetime) -> None:
    """Write down that somebody wants none, or wants them again."""
    session.add(SmsWish(number=number, at=now, wanted=wanted))
    session.flush()


# ------------------------------------------------------------------ sending


def sweep(floor: Floor, now: datetime) -> None:
    """Hand to a worker what is due, and what a dead sender left behind."""
    due = (_TO_DO, TicketSms.due_at <= now)
    with floor.db.read() as session:
        found = session.execute(
            sa.select(TicketSms.id, TicketSms.due_at)
            .where(*due)
            .order_by(TicketSms.due_at)
            .limit(BATCH)
        ).all()
    if not found:
        return
    again_at = now + _wall(RECHECK)
    with floor.db.write() as session:
        for row in found:
            won = session.execute(
                sa.update(TicketSms)
                .where(TicketSms.id == row.id, TicketSms.due_at == row.due_at, _TO_DO)
                .values(due_at=again_at)
                .returning(TicketSms.id)
                .execution_options(synchronize_session=False)
            ).scalar_one_or_none()
            if won is not None:
                after_commit(session, partial(_hand_over, floor, row.id))


def _hand_over(floor: Floor, sms_id: int) -> None:
    floor.jobs.enqueue(SEND, sms_id, queue=SOON)


@dataclass(frozen=True)
class _Claimed:
    """One that this process sends now; `attempt` counts from 1."""

    id: int
    attempt: int
    number: str | None
    text: str
    nonce: str | None
    tried_at: datetime


def deliver(floor: Floor, sms_id: int) -> None:
    """Send one if nobody else does; the worker's part."""
    claimed = _claim(floor, sms_id)
    if claimed is None:
        return
    why = _changed_mind(floor, claimed)
    if why is not None:
        _settle(floor, claimed, state=SKIPPED, why=why.value, ended_at=clock.now())
        return
    try:
        sid = _send(floor, claimed)
    except CarrierError as error:
        _not_taken(floor, claimed, error)
    else:
        _settle(floor, claimed, state=SENT, sid=sid, sent_at=clock.now())


def _claim(floor: Floor, sms_id: int) -> _Claimed | None:
    now = clock.now()
    free = sa.or_(TicketSms.leased_until.is_(None), TicketSms.leased_until <= now)
    with floor.db.write() as session:
        row = session.execute(
            sa.update(TicketSms)
            .where(TicketSms.id == sms_id, _TO_DO, free, TicketSms.due_at <= now + _wall(RECHECK))
            .values(
                state=SENDING,
                attempts=TicketSms.attempts + 1,
                tried_at=sa.func.coalesce(TicketSms.tried_at, now),
                leased_until=now + _wall(LEASE),
            )
            .returning(
                TicketSms.attempts,
                TicketSms.number,
                TicketSms.text,
                TicketSms.link_id,
                TicketSms.tried_at,
            )
            .execution_options(synchronize_session=False)
        ).one_or_none()
        if row is None:
            return None
        nonce = session.scalar(sa.select(CitizenLink.nonce).where(CitizenLink.id == row.link_id))
    return _Claimed(sms_id, row.attempts, row.number, row.text, nonce, row.tried_at)


def _changed_mind(floor: Floor, claimed: _Claimed) -> Why | None:
    """Why it must not go any more, though it was to: the night may have lain between."""
    with floor.db.read() as session:
        opted_out = claimed.number is not None and not wants(session, claimed.number)
    has_sender = floor.city.sms_sender is not None
    return texting.why_not(claimed.number, has_sender=has_sender, opted_out=opted_out)


def _send(floor: Floor, claimed: _Claimed) -> str:
    """The sid of the message: sent now, or found to have been sent before."""
    number, sender = claimed.number, floor.city.sms_sender
    assert number is not None
    assert sender is not None
    body = claimed.text
    if claimed.nonce is not None:
        address = floor.url(f"/t/{links.token(floor.settings.secret_key, claimed.nonce)}")
        body = body.replace("{link}", address)
    if claimed.attempt > 1:
        before = floor.carrier.find_message(number, body=body, since=claimed.tried_at)
        if before is not None:
            return before
    callback = floor.url(f"/sms/status?id={claimed.id}")
    return floor.carrier.send_message(number, from_=sender, body=body, status_callback=callback)


def _not_taken(floor: Floor, claimed: _Claimed, error: CarrierError) -> None:
    now, config = clock.now(), floor.section(Tickets).sms
    patience = timedelta(hours=config.give_up_hours if config else 0)
    if isinstance(error, Refused):
        why = Why.REFUSED
    elif now - claimed.tried_at >= patience:
        why = Why.GIVEN_UP
    else:
        log.warning("sms %s, attempt %s: %s", claimed.id, claimed.attempt, error)
        pause = min(FIRST_PAUSE * 2 ** min(claimed.attempt - 1, 12), LONGEST_PAUSE)
        _settle(floor, claimed, state=WAITING, due_at=now + _wall(pause))
        return
    log.error("sms %s: %s after %s attempts: %s", claimed.id, why, claimed.attempt, error)
    _settle(floor, claimed, state=FAILED, why=why.value, ended_at=now, lost_at=now)


def _settle(floor: Floor, claimed: _Claimed, **values: Any) -> None:
    """Note how this attempt ended; a sender that had been given up on, and one whose message the
    carrier has told of meanwhile, note nothing.
    """
    with floor.db.write() as session:
        session.execute(
            sa.update(TicketSms)
            .where(
                TicketSms.id == claimed.id,
                TicketSms.state == SENDING,
                TicketSms.attempts == claimed.attempt,
            )
            .values(**values, leased_until=None)
            .execution_options(synchronize_session=False)
        )


def status(
    session: Session, sms_id: int, *, sid: str, word: str, error_code: str, now: datetime
) -> None:
    """Note what the carrier says of a message of ours: twice, late and in any order.

    That it says anything at all shows that it has it, whatever became of who sent it.
    """
    row = session.scalar(sa.select(TicketSms).where(TicketSms.id == sms_id).with_for_update())
    if row is None or (row.sid is not None and row.sid != sid):
        log.error("status of an SMS that is not known: %s, %s", sms_id, sid)
        return
    if not texting.is_newer(word, row.carrier_status):
        return
    row.sid, row.carrier_status, row.error_code = sid, word, error_code[:8] or None
    if row.state in (WAITING, SENDING):
        row.state, row.leased_until = SENT, None
        row.sent_at = now
    if word == "delivered" or word in LOST:
        row.ended_at = now
        row.lost_at = now if word in LOST else None
    session.flush()


def _wall(seconds: float) -> timedelta:
    """So many seconds of the wall, on this clock."""
    return timedelta(seconds=seconds * clock.speed())


# ------------------------------------------------------------------ who reads the ticket


@dataclass(frozen=True)
class Told:
    """One SMS as who reads the ticket sees it. `how`: waiting, sending, sent, delivered, lost,
    failed, skipped; `why` as `tickets.texting.Why`; `at`: since when it stands so, or will be sent.
    """

    moment: Moment
    text: str
    how: str
    why: str | None
    at: datetime
    ticket_id: int


def of_ticket(session: Session, ticket_id: int) -> list[Told]:
    """Return what a ticket's first citizen was told, oldest first, and what they were not and why.
    Who came later was told the same.
    """
    mine = sa.select(TicketSms).where(TicketSms.ticket_id == ticket_id, TicketSms.caller_id == 0)
    return [_told(row) for row in session.scalars(mine.order_by(TicketSms.id))]


def _told(row: TicketSms) -> Told:
    how = row.state
    if how == SENT and row.lost_at is not None:
        how = "lost"
    elif how == SENT and row.carrier_status == "delivered":
        how = "delivered"
    at = row.due_at if how == WAITING else row.ended_at or row.sent_at or row.made_at
    words = row.text.replace("{link}", "…")
    return Told(Moment(row.moment), words, how, row.why, at, row.ticket_id)


def lost_since(session: Session, tickets: sa.ColumnElement[bool], since: datetime) -> Sequence[Any]:
    """Return (ticket, `Told`) of what never arrived since then, newest first, of the tickets for
    which the condition holds; not of those whose citizen has been reached by a later one.
    """
    later = sa.orm.aliased(TicketSms)
    reached = sa.exists().where(
        later.ticket_id == TicketSms.ticket_id,
        later.number == TicketSms.number,
        later.id > TicketSms.id,
        later.state == SENT,
        later.lost_at.is_(None),
    )
    rows = session.execute(
        sa.select(Ticket, TicketSms)
        .join(Ticket, Ticket.id == TicketSms.ticket_id)
        .where(TicketSms.lost_at >= since, not_by_index(tickets), ~reached)
        .order_by(TicketSms.lost_at.desc())
        .limit(50)
    )
    return [(ticket, _told(row)) for ticket, row in rows]


def forget_ticket(session: Session, ticket_id: int) -> None:
    """Forget whom a ticket's messages went to, and what they said; that they were sent stays."""
    session.execute(
        sa.update(TicketSms)
        .where(TicketSms.ticket_id == ticket_id)
        .values(number=None, text="", link_id=None)
        .execution_options(synchronize_session=False)
    )
    for table in (CitizenLink, SmsReceived):
        session.execute(sa.delete(table).where(table.ticket_id == ticket_id))


def of_numbers(session: Session, numbers: Collection[str]) -> list[tuple[str, Told]]:
    """Return what was sent to some numbers, oldest first, each with its ticket's number."""
    rows = session.execute(
        sa.select(Ticket.number, TicketSms)
        .join(Ticket, Ticket.id == TicketSms.ticket_id)
        .where(TicketSms.number.in_(sorted(numbers)))
        .order_by(TicketSms.id)
    )
    return [(number, _told(row)) for number, row in rows]


def wishes_of(session: Session, numbers: Collection[str]) -> list[tuple[datetime, bool]]:
    """Return when somebody with one of these numbers wished for our SMS or for none."""
    mine = sa.select(SmsWish).where(SmsWish.number.in_(sorted(numbers))).order_by(SmsWish.id)
    return [(row.at, row.wanted) for row in session.scalars(mine)]


def forget(session: Session, number: str, ticket_id: int | None = None) -> None:
    """Forget a number wherever it stands here, or where it stands for one ticket, and what was said
    to it; that something was sent stays.
    """
    of_one = [] if ticket_id is None else [CitizenLink.ticket_id == ticket_id]
    linked = sa.select(CitizenLink.id).where(CitizenLink.number == number, *of_one)
    sent = [] if ticket_id is None else [TicketSms.ticket_id == ticket_id]
    for where, values in (
        ([TicketSms.link_id.in_(linked)], {"link_id": None}),
        ([TicketSms.number == number, *sent], {"number": None, "text": ""}),
    ):
        session.execute(
            sa.update(TicketSms)
            .where(*where)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
    session.execute(sa.delete(CitizenLink).where(CitizenLink.number == number, *of_one))
    received = [] if ticket_id is None else [SmsReceived.ticket_id == ticket_id]
    session.execute(sa.delete(SmsReceived).where(SmsReceived.number == number, *received))
    if ticket_id is None:
        session.execute(sa.delete(SmsWish).where(SmsWish.number == number))
