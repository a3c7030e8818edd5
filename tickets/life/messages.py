"""What the city writes to a citizen: an event of the ticket, which is sent by who listens.

It is not a note: whoever the ticket is about reads it, word for word, and it cannot be taken back.
"""

import re
import unicodedata
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.announce import announce
from tickets import facts, planning, search
from tickets.config import Tickets
from tickets.errors import IsMerged, NoteEmpty, NotYours, TicketMoved, TooLong, Unfilled
from tickets.facts import Actor, EventFacts, TicketFacts
from tickets.handling import is_of_division
from tickets.life import placeholders
from tickets.models import EventKind, MessageTemplate
from tickets.workflow import Result, Role
from tickets.writing import keep_time, locked, tell

#: Characters of a message: what still reads well on a telephone.
LONGEST = 800
#: Who writes for the city.
WRITERS = frozenset({Role.AGENT, Role.SUPERVISOR, Role.DIVISION, Role.ADMINISTRATOR})


def may_write(actor: Actor, ticket: TicketFacts) -> bool:
    """Say whether the actor may write to the citizen of this ticket."""
    theirs = actor.role is not Role.DIVISION or is_of_division(actor, ticket)
    return actor.role in WRITERS and theirs and ticket.result is not Result.MERGED


def as_read(text: str) -> str:
    """Return some words exactly as a citizen will read them: what no screen shows is taken out,
    and more than one empty line is one.
    """
    text = facts.clean(text).replace("\r\n", "\n").replace("\r", "\n")
    seen = "".join(each for each in text if each == "\n" or unicodedata.category(each) != "Cc")
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", seen)).strip()


def check(ticket: TicketFacts, actor: Actor, text: str) -> str:
    """Return the words of a message as they will be read; raises `NotYours`, `IsMerged`,
    `NoteEmpty`, `TooLong`, and `Unfilled` for a placeholder that is left.
    """
    if ticket.result is Result.MERGED:
        raise IsMerged(number=ticket.number_shown, into="")
    if not may_write(actor, ticket):
        raise NotYours
    text = as_read(text)
    if not text:
        raise NoteEmpty
    if len(text) > LONGEST:
        raise TooLong(length=len(text), longest=LONGEST)
    left = placeholders.left(text)
    if left:
        raise Unfilled(left=" ".join(left))
    return text


def message(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    *,
    text: str,
    language: str,
    key: str,
    template: int | None = None,
    quiet: bool = False,
    actor: Actor,
    now: datetime,
) -> bool:
    """Write to the citizen, in `language`; False when the form with this `key` has been sent.
    `quiet`: they are told of it by another ticket of theirs.

    A message of the division that has the ticket is its word: it acknowledges, and is news. What is
    sent is what was seen before sending: of a ticket that has changed meanwhile nothing is.
    Announces `tickets.message` (ticket_id, event_id). Raises as `check`; `TicketMoved`.
    """
    seen = locked(session, ticket)
    if _was_sent(session, seen, key):
        return False
    if seen.result is Result.MERGED:
        raise IsMerged(number=seen.number_shown, into=search.root(session, seen).number_shown)
    text = check(seen, actor, text)
    if seen.version != ticket.version:
        raise TicketMoved(number=seen.number_shown)
    said: dict[str, Any] = {"text": text, "language": language, "key": key, "template": template}
    said |= {"quiet": True} if quiet else {}
    if is_of_division(actor, seen) and seen.is_open:
        said |= {"acknowledged": True, "news": True}
        event = EventFacts(now, actor.username, EventKind.MESSAGE, said)
        story = [*search.story(session, seen.id), event]
        plan = planning.again(config, seen, planning.history(seen.received_at, story))
        keep_time(session, seen, plan.columns)
        said |= plan.said
    event_id = tell(session, seen.id, EventKind.MESSAGE, actor.username, now, said)
    if template is not None:
        session.execute(
            sa.update(MessageTemplate)
            .where(MessageTemplate.id == template)
            .values(used=MessageTemplate.used + 1)
            .execution_options(synchronize_session=False)
        )
    announce(session, "tickets.message", ticket_id=seen.id, event_id=event_id)
    return True


def pass_on(
    session: Session,
    ticket: TicketFacts,
    *,
    text: str,
    language: str,
    key: str,
    quiet: bool,
    actor: Actor,
    now: datetime,
) -> None:
    """Write to the citizen of a ticket that is merged what all are told who came with something
    bigger. Nobody works on it here, and so no clock goes by it; nobody answers to it either.
    """
    said: dict[str, Any] = {"text": text, "language": language, "key": key, "template": None}
    said |= {"quiet": True} if quiet else {}
    tell(session, ticket.id, EventKind.MESSAGE, actor.username, now, said)


def _was_sent(session: Session, ticket: TicketFacts, key: str) -> bool:
    messages = (
        event for event in search.story(session, ticket.id) if event.kind is EventKind.MESSAGE
    )
    return any(event.data.get("key") == key for event in messages)
