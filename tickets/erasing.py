"""Somebody is forgotten because they ask for it: this room's part of it.

A number goes out of every ticket, with the persons who have no other; a person goes with the
numbers that they called about their tickets from. Of a closed ticket that is theirs alone no words
are left; of others the names and numbers go, with what they said and sent themselves. Where
something of the city's own may name them (a bulk move, what an incident's callers were told, a
saved view, the story of a ticket that theirs has to do with), their name and number go out of it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.floor import Floor
from hotline.privacy.keepers import Erased, Erasure, Subject
from tickets import facts, redaction, sms, whose
from tickets.files import service as files
from tickets.matters.models import TicketCaller
from tickets.models import CallCitizen, CitizenNumber, EventKind, Ticket, TicketCall
from tickets.writing import tell

#: So many numbers of tickets are named in what is kept.
_NAMED = 20


@dataclass(frozen=True)
class _Theirs:
    """One ticket, and what an erasure takes out of it."""

    ticket: facts.TicketFacts
    #: Nobody else called about it.
    alone: bool
    #: They brought it.
    first: bool

    @property
    def goes_whole(self) -> bool:
        """No word of it is left."""
        return self.alone and not self.ticket.is_open


def erase(_floor: Floor, session: Session, erasure: Erasure) -> Erased:
    """See `hotline.privacy.keepers.Keeper`."""
    subject = erasure.subject
    people = whose.meant(session, subject)
    numbers = whose.numbers_of(session, subject)
    every = [_of(session, id_, subject, numbers) for id_ in whose.named_in(session, subject)]
    held = [each for each in every if each.ticket.hold]
    free = [each for each in every if not each.ticket.hold]
    # who is named in a ticket that is held stays until that is released
    kept_ids = {each.ticket.id for each in held}
    gone = [
        id_ for id_ in people if not set(whose.named_in(session, Subject(person=id_))) & kept_ids
    ]
    if not erasure.dry:
        names = redaction.without(whose.names_of(session, people))
        for each in free:
            _erase_from(session, each, erasure, numbers, names)
        narrow = whose.nameless(session, subject)
        redaction.change_around(session, [each.ticket.id for each in free], narrow)
        redaction.change_views(session, narrow)
        if subject.number is not None and not held:
            theirs = sa.delete(CitizenNumber).where(CitizenNumber.number == subject.number)
            session.execute(theirs)
            sms.forget(session, subject.number)
        redaction.forget_persons(session, gone, erasure.by, erasure.now)
    counts = {"tickets": len(free), "persons": len(gone)}
    return Erased(counts, _kept(held, free))


def _of(session: Session, ticket_id: int, subject: Subject, numbers: Collection[str]) -> _Theirs:
    ticket = facts.of_ticket(session.get_one(Ticket, ticket_id, populate_existing=True))
    first = ticket.caller_number is not None and ticket.caller_number in numbers
    return _Theirs(ticket, _is_alone(session, ticket, subject, numbers), first)


def _is_alone(
    session: Session, ticket: facts.TicketFacts, subject: Subject, numbers: Collection[str]
) -> bool:
    """Nobody else called about it, nor brought it."""
    if ticket.caller_number is not None and ticket.caller_number not in numbers:
        return False
    calls = sa.select(TicketCall.call_id).where(TicketCall.ticket_id == ticket.id)
    later = sa.select(TicketCaller.number, TicketCaller.call_id).where(
        TicketCaller.ticket_id == ticket.id,
        TicketCaller.removed_at.is_(None),
        TicketCaller.call_id.not_in(calls),
    )
    if any(number not in numbers for number, _ in session.execute(later)):
        return False
    callers: Sequence[Any]
    if subject.number is not None:
        column = TicketCall.caller_number
        callers = session.scalars(sa.select(column).where(TicketCall.ticket_id == ticket.id)).all()
        return all(number == subject.number for number in callers)
    callers = session.scalars(
        sa.select(CallCitizen.citizen_id)
        .select_from(TicketCall)
        .outerjoin(CallCitizen, CallCitizen.call_id == TicketCall.call_id)
        .where(TicketCall.ticket_id == ticket.id)
    ).all()
    return all(id_ == subject.person for id_ in callers)


def _erase_from(
    session: Session,
    theirs: _Theirs,
    erasure: Erasure,
    numbers: Collection[str],
    names: redaction.Change,
) -> None:
    id_, now = theirs.ticket.id, erasure.now
    own = numbers if erasure.subject.number is not None else _called_from(session, id_, erasure)
    touched = False
    for number in sorted(own):
        # of an open ticket what its first caller wrote is the matter
        first = theirs.first and not theirs.ticket.is_open
        touched = redaction.drop_own_words(session, id_, number, first=first) or touched
        touched = redaction.drop_numbers(session, id_, number) or touched
        sms.forget(session, number, id_)
    if theirs.goes_whole:
        sms.forget_ticket(session, id_)
        redaction.forget_place(session, id_)
        touched = bool(files.forget(session, id_, now=now)) or touched
        touched = redaction.change_words(session, id_, redaction.nothing) or touched
    else:
        if theirs.first:
            gone = files.forget_of_citizen(session, id_, whole=not theirs.ticket.is_open, now=now)
            touched = bool(gone) or touched
        touched = files.rename(session, id_, names) or touched
        touched = redaction.change_place(session, id_, names) or touched
        touched = redaction.change_words(session, id_, names) or touched
    if touched:
        said = {"why": "request", "text": ""}
        tell(session, id_, EventKind.REDACTED, erasure.by, now, said)


def _called_from(session: Session, ticket_id: int, erasure: Erasure) -> set[str]:
    """The numbers that a person called about a ticket from."""
    theirs = (
        sa.select(TicketCall.caller_number)
        .join(CallCitizen, CallCitizen.call_id == TicketCall.call_id)
        .where(
            TicketCall.ticket_id == ticket_id,
            CallCitizen.citizen_id == erasure.subject.person,
        )
    )
    later = (
        sa.select(TicketCaller.number)
        .join(CallCitizen, CallCitizen.call_id == TicketCaller.call_id)
        .where(
            TicketCaller.ticket_id == ticket_id,
            CallCitizen.citizen_id == erasure.subject.person,
        )
    )
    return {number for number in session.scalars(sa.union(theirs, later)) if number}


def _kept(held: Sequence[_Theirs], free: Sequence[_Theirs]) -> list[tuple[str, dict[str, Any]]]:
    """What of somebody's tickets stays all the same."""
    kept: list[tuple[str, dict[str, Any]]] = [
        (
            "tickets.privacy.kept.held",
            {"number": each.ticket.number_shown, "why": each.ticket.hold},
        )
        for each in held
    ]
    still_open = [each.ticket.number_shown for each in free if each.ticket.is_open]
    shared = [
        each.ticket.number_shown for each in free if not each.ticket.is_open and not each.alone
    ]
    for key, shown in (("open", still_open), ("shared", shared)):
        if shown:
            kept.append((f"tickets.privacy.kept.{key}", {"numbers": ", ".join(shown[:_NAMED])}))
    return kept
