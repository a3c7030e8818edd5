"""What pages say of several people who come with one matter, in the reader's words."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from hotline import i18n
from hotline.web import t
from tickets import search
from tickets.config import Tickets
from tickets.facts import Actor, TicketFacts
from tickets.life import merging
from tickets.matters import service, suggesting
from tickets.matters.rules import About
from tickets.matters.service import CallerFacts
from tickets.matters.suggesting import Suggested
from tickets.places import shown as places

#: What speaks for the same matter only from so much on is told.
TOLD_WORDS = 0.2


@dataclass(frozen=True)
class Part:
    """What a ticket's page shows: how many came with it, who came later, and (to who may merge it)
    what may be the same. Numbers and names are as the reader may see them: masked, or empty.
    """

    callers: int
    others: list[CallerFacts]
    same: list[Suggested]
    may_part: bool


def part(
    session: Session, config: Tickets, ticket: TicketFacts, actor: Actor, *, now: datetime
) -> Part:
    """Return what a ticket's page shows of it."""
    asks = ticket.is_open and not ticket.incomplete and merging.may_merge(actor, ticket)
    return Part(
        callers=service.callers_of(session, [ticket.id])[ticket.id],
        others=[_as_read(actor, ticket, each) for each in service.others_of(session, ticket)],
        same=_same(session, config, ticket, actor, now) if asks else [],
        may_part=service.may_part(actor, ticket),
    )


def _same(
    session: Session, config: Tickets, ticket: TicketFacts, actor: Actor, now: datetime
) -> list[Suggested]:
    found = suggesting.of_existing(session, config, ticket, actor, now=now)
    return [as_read(actor, each) for each in found]


def as_read(actor: Actor, each: Suggested) -> Suggested:
    """Return what is offered in the words that the reader may read."""
    text = search.text_for(actor, each.ticket, each.ticket.text)
    shared = tuple(search.text_for(actor, each.ticket, words) for words in each.offer.shared)
    return replace(
        each, ticket=replace(each.ticket, text=text), offer=replace(each.offer, shared=shared)
    )


def _as_read(actor: Actor, ticket: TicketFacts, caller: CallerFacts) -> CallerFacts:
    """Return a caller as the reader sees them: numbers are masked, as the first caller's is."""
    note = search.text_for(actor, ticket, caller.note)
    if not search.may_see_caller(actor, ticket):
        return replace(caller, number=None, name="", note=note)
    number = i18n.masked(caller.number) if caller.number else None
    return replace(caller, number=number, note=note)


def why(each: Suggested, now: datetime) -> list[str]:
    """Say what speaks for the same matter, the weightiest first."""
    like = each.offer.likeness
    found = []
    if like.same_caller:
        found.append(t("tickets.matters.why.caller"))
    if like.metres is not None:
        found.append(t("tickets.matters.why.away", metres=_metres(like.metres)))
    elif like.same_area:
        found.append(t("tickets.matters.why.area"))
    found.append(age(now - each.ticket.received_at))
    if like.about is About.SAME:
        found.append(t("tickets.matters.why.category"))
    if like.other_numbers:
        found.append(t("tickets.matters.why.other_numbers"))
    return found


def _metres(length: float) -> str:
    return t("tickets.matters.why.here") if length < 10 else places.metres(length)


def age(length: timedelta) -> str:
    """Say how long ago: minutes, from an hour on hours, from two days on days."""
    minutes = max(0, int(length.total_seconds() // 60))
    if minutes < 1:
        return t("tickets.matters.ago.now")
    if minutes < 60:
        return t("tickets.matters.ago.minutes", n=minutes)
    if minutes < 48 * 60:
        return t("tickets.matters.ago.hours", n=minutes // 60)
    return t("tickets.matters.ago.days", n=minutes // (24 * 60))


def words(each: Suggested) -> tuple[str, ...]:
    """Return the words that both have, where they share enough to say so."""
    return each.offer.shared if each.offer.likeness.words >= TOLD_WORDS else ()
