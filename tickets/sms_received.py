"""An SMS that a citizen sends: a wish about our SMS, or words about their matter."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.db import insert_ignore
from tickets import facts, following, service, sms, texting, workflow
from tickets.config import Tickets
from tickets.errors import TooManyWords
from tickets.facts import TicketFacts
from tickets.models import IS_OPEN, SmsReceived, Ticket, TicketSms

#: So long after our last SMS an answer is an answer to that one.
ANSWERS_WITHIN = timedelta(days=30)


def receive(
    session: Session,
    config: Tickets,
    *,
    sid: str,
    number: str,
    text: str,
    language: str,
    now: datetime,
) -> bool:
    """Deal with an SMS from `number` (E.164), once for each `sid`; False when it was before.

    `STOP` and its like end our SMS to it, `START` and its like begin them again. All else is a word
    about the ticket that our last SMS was about, if that one is open or can be opened again; else
    about the only open one of that number; else it makes a ticket, which somebody completes.
    `language`: of the new one, when nobody knows what they speak.
    """
    row = {"sid": sid, "number": number, "at": now, "ticket_id": None}
    if insert_ignore(session, SmsReceived, row) is None:
        return False
    wish = texting.wish_of(text)
    if wish is not None:
        sms.wish(session, number, wanted=wish.wanted, now=now)
        return True
    text = facts.clean(text)[: following.LONGEST] or "-"
    ticket = _about(session, config, number, now)
    if ticket is None:
        ticket = service.take_down_sms(
            session,
            config,
            number=number,
            text=text,
            language=_language(session, number) or language,
            now=now,
        )
    else:
        _say(session, config, ticket, text, now)
    mine = sa.update(SmsReceived).where(SmsReceived.sid == sid)
    session.execute(mine.values(ticket_id=ticket.id))
    return True


def _say(session: Session, config: Tickets, ticket: TicketFacts, text: str, now: datetime) -> None:
    try:
        following.say(session, config, ticket, text, by="sms", now=now)
    except TooManyWords:
        return  # that it came stands in its row; a flood helps nobody


def _about(session: Session, config: Tickets, number: str, now: datetime) -> TicketFacts | None:
    last = session.scalar(
        sa.select(Ticket)
        .join(TicketSms, TicketSms.ticket_id == Ticket.id)
        .where(
            TicketSms.number == number,
            TicketSms.state == sms.SENT,
            TicketSms.sent_at > now - ANSWERS_WITHIN,
        )
        .order_by(TicketSms.id.desc())
        .limit(1)
    )
    within = timedelta(days=config.citizens.reopen_days)
    if last is not None:
        found = facts.of_ticket(last)
        if found.is_open or workflow.may_reopen(found.state, found.closed_at, within, now):
            return found
    theirs = sa.select(Ticket).where(Ticket.caller_number == number, IS_OPEN).limit(2)
    rows = session.scalars(theirs).all()
    return facts.of_ticket(rows[0]) if len(rows) == 1 else None


def _language(session: Session, number: str) -> str | None:
    """The language of the last ticket of that number."""
    last = sa.select(Ticket.language).where(Ticket.caller_number == number)
    return session.scalar(last.order_by(Ticket.id.desc()).limit(1))
