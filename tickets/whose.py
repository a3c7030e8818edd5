"""Whose data are meant: the tickets, persons, numbers and names of who asks for theirs."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.privacy.keepers import Subject
from tickets import redaction
from tickets.matters.models import TicketCaller
from tickets.models import CallCitizen, CitizenNumber, Ticket, TicketCall
from tickets.persons import service as persons


def tickets_of(session: Session, subject: Subject) -> list[int]:
    """The ids of the tickets that somebody brought or called about."""
    if subject.number is not None:
        found = sa.union(
            sa.select(Ticket.id).where(Ticket.caller_number == subject.number),
            sa.select(TicketCall.ticket_id).where(TicketCall.caller_number == subject.number),
        )
    else:
        theirs = TicketCall.call_id.in_(_calls_of(subject))
        found = sa.union(sa.select(TicketCall.ticket_id).where(theirs))
    return sorted(session.scalars(found))


def named_in(session: Session, subject: Subject) -> list[int]:
    """The same with those to which they were added and from which they were taken away again: none
    of their matters, and their number stands there too.
    """
    which = (
        TicketCaller.number == subject.number
        if subject.number is not None
        else TicketCaller.call_id.in_(_calls_of(subject))
    )
    added = session.scalars(sa.select(TicketCaller.ticket_id).where(which))
    return sorted({*tickets_of(session, subject), *added})


def _calls_of(subject: Subject) -> sa.Select[int]:
    return sa.select(CallCitizen.call_id).where(CallCitizen.citizen_id == subject.person)


def persons_of(session: Session, subject: Subject) -> list[int]:
    """The ids of the persons who are meant: one, or those of a number."""
    if subject.person is not None:
        if _was_erased(session, subject.person):
            return []
        return [persons.find(session, subject.person).id]
    theirs = sa.select(CitizenNumber.citizen_id).where(CitizenNumber.number == subject.number)
    return sorted(session.scalars(theirs))


def _was_erased(session: Session, person_id: int) -> bool:
    return any(each.kind == "erased" for each in persons.history(session, person_id))


def numbers_of(session: Session, subject: Subject) -> frozenset[str]:
    """The numbers (E.164) that are meant: one, or those of a person."""
    if subject.number is not None:
        return frozenset({subject.number})
    people = persons_of(session, subject)
    return frozenset(each for id_ in people for each in persons.find(session, id_).numbers)


def meant(session: Session, subject: Subject) -> list[int]:
    """The persons that an erasure takes away: who has another number as well stays."""
    people = persons_of(session, subject)
    if subject.number is None:
        return people
    others = sa.select(CitizenNumber.citizen_id).where(
        CitizenNumber.number != subject.number, CitizenNumber.citizen_id.in_(people)
    )
    shared = set(session.scalars(others))
    return [id_ for id_ in people if id_ not in shared]


def names_of(session: Session, people: list[int]) -> frozenset[str]:
    """What some persons are called, and what they were called before somebody put it right."""
    now = {persons.find(session, id_).name for id_ in people}
    before = {
        str(each.data.get("before", {}).get("name", ""))
        for id_ in people
        for each in persons.history(session, id_)
    }
    return frozenset(name for name in now | before if name)


def nameless(session: Session, subject: Subject) -> redaction.Change:
    """How words become such that they no longer name somebody who is to be forgotten; all others
    stay in them. For what is not theirs alone.
    """
    names = names_of(session, meant(session, subject))
    return redaction.without_them(names, numbers_of(session, subject))
