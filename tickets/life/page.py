"""What a ticket's page shows of its life: who watches it, its links, what it is merged with, the
agencies that were asked, and what can be done about all that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hotline import i18n
from hotline.web import floor
from tickets import search, service
from tickets.config import Tickets
from tickets.facts import Actor, EventFacts, TicketFacts
from tickets.handling import may_wait
from tickets.life import forwarding, links, merging, messages, watching
from tickets.life.forwarding import ForwardFacts
from tickets.life.links import LinkFacts
from tickets.life.placeholders import Name
from tickets.life.rules import Bond
from tickets.workflow import Result


@dataclass(frozen=True)
class Joined:
    """A ticket that is merged into the one on the page: its story, latest first, and its calls."""

    ticket: TicketFacts
    story: Sequence[EventFacts]


@dataclass(frozen=True)
class Life:
    """All of it, for one reader. `into` is the ticket that a merged one is worked on in, None also
    when the reader may not know of it; `hidden` counts what is merged into it and not for them.
    """

    watches: bool
    watchers: int
    links: Sequence[LinkFacts]
    joined: Sequence[Joined]
    hidden: int
    into: TicketFacts | None
    forwards: Sequence[ForwardFacts]
    may_link: bool
    may_merge: bool
    may_unmerge: bool
    may_write: bool
    may_forward: bool
    may_chase: bool
    bonds: Sequence[Bond] = tuple(Bond)


def of(session: Session, ticket: TicketFacts, actor: Actor) -> Life:
    """Gather it."""
    merged = search.merged_into(session, ticket.id)
    parts = [each for each in merged if _may_read_part(actor, ticket, each)]
    top = search.root(session, ticket) if ticket.result is Result.MERGED else None
    return Life(
        watches=watching.watches(session, ticket, actor),
        watchers=len(watching.watchers(session, ticket)),
        links=links.links_of(session, ticket, actor),
        joined=[Joined(each, service.story(session, each.id)[::-1]) for each in parts],
        hidden=len(merged) - len(parts),
        into=top if top and search.may_read(actor, top) else None,
        forwards=forwarding.of_ticket(session, ticket),
        may_link=links.may_link(actor, ticket),
        may_merge=merging.may_merge(actor, ticket) and not ticket.incomplete,
        may_unmerge=merging.may_unmerge(actor, ticket),
        may_write=messages.may_write(actor, ticket),
        may_forward=may_wait(actor, ticket),
        may_chase=forwarding.may_chase(actor, ticket),
    )


def _may_read_part(actor: Actor, ticket: TicketFacts, part: TicketFacts) -> bool:
    """What is merged is read with the ticket by whose it is; nobody else reads more by it."""
    return search.may_read(actor, part) or ticket.division in actor.divisions


def values(config: Tickets, ticket: TicketFacts, language: str) -> dict[Name, str]:
    """Return what stands for the placeholders of a message about a ticket, in its language; what is
    not known is not in it.
    """
    the_floor = floor()
    category = config.categories.get(ticket.category or "")
    division = config.divisions.get(ticket.division)
    found: dict[Name, Any] = {
        Name.NUMBER: ticket.number_shown,
        Name.CATEGORY: category.title.for_(language) if category else "",
        Name.DIVISION: division.title.for_(language) if division else "",
        Name.STATE: the_floor.texts.get(f"tickets.state.{ticket.state}", language),
        Name.DEADLINE: _moment(ticket.due_at if ticket.is_open else None, language),
        Name.CITY: the_floor.city.name.for_(language),
    }
    return {name: value for name, value in found.items() if value}


def _moment(at: datetime | None, language: str) -> str:
    return i18n.moment(at, language, floor().city.zone) if at else ""
