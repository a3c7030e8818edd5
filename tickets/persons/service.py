"""The verbs of persons.

A number is a household's or an office's as often as one person's, so a number may have several
persons and a person several numbers; who it is this time is what the agent hears. Nobody is
recognised by a number that is withheld: such a caller may be named, and stands by the ticket alone.

Names, notes and numbers are personal data: `tickets.keeping` takes them out everywhere in this
room, also out of the events, which say otherwise for ever who changed what.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.db import insert_ignore
from tickets import facts
from tickets.errors import NoName, NoSuchPerson, PersonChanged
from tickets.models import (
    CallCitizen,
    Citizen,
    CitizenEvent,
    CitizenNumber,
    EventKind,
    Ticket,
    TicketCall,
    TicketEvent,
)
from tickets.protection import Contact
from tickets.search import tree

LONGEST_NAME, LONGEST_NOTE = 120, 500
#: Persons of one number that the desk chooses from, and of one search.
SHOWN, FOUND = 8, 50


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """A person; `numbers` are E.164, `vip` is why they are a VIP, empty when they are none."""

    id: int
    name: str
    language: str | None
    note: str
    vip: str
    made_at: datetime
    version: int
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonDraft:
    """What somebody writes about a person."""

    name: str
    language: str | None
    note: str


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """Something that was done to a person: see `models.CitizenEvent`."""

    at: datetime
    who: str
    kind: str
    data: Mapping[str, Any]


def tidy(name: str) -> str:
    """A name as it is kept: one line."""
    return " ".join(facts.clean(name).split())[:LONGEST_NAME]


# ------------------------------------------------------------------ in a call


def of_number(session: Session, number: str) -> list[PersonFacts]:
    """Who has called from this number, the latest first; nobody for an empty one."""
    if not number:
        return []
    rows = session.scalars(
        sa.select(Citizen)
        .join(CitizenNumber, CitizenNumber.citizen_id == Citizen.id)
        .where(CitizenNumber.number == number)
        .order_by(CitizenNumber.at.desc(), Citizen.id.desc())
        .limit(SHOWN)
    )
    return _facts(session, rows.all())


def name_caller(
    session: Session,
    call_id: int,
    number: str | None,
    name: str,
    *,
    ticket_id: int,
    by: str,
    now: datetime,
) -> int | None:
    """Write down who spoke in a call: one of the number's persons by name, else a new one; the
    person's id, or None for an empty name. `number` is E.164, None when it is withheld.

    Said again with another name (the first was half typed when the limit came), it is corrected.
    """
    name = tidy(name)
    if not name or _is_anonymous(session, ticket_id):
        return None
    before = session.get(CallCitizen, call_id)
    if before is not None and _corrected(session, before, name, by, now):
        return before.citizen_id
    person_id = _known(session, number, name) or _new(session, name, by, now)
    if number:
        _calls_from(session, person_id, number, now)
    if before is None:
        row = {"call_id": call_id, "citizen_id": person_id, "at": now}
        insert_ignore(session, CallCitizen, row)
    else:
        before.citizen_id = person_id
    said = {"call_id": call_id, "person": person_id}
    session.add(
        TicketEvent(ticket_id=ticket_id, at=now, who=by, kind=EventKind.NAMED.value, data=said)
    )
    session.flush()
    return person_id


def _is_anonymous(session: Session, ticket_id: int) -> bool:
    """Whether the ticket keeps nobody's name."""
    contact = session.scalar(sa.select(Ticket.contact).where(Ticket.id == ticket_id))
    return contact == Contact.NOBODY


def _corrected(session: Session, before: CallCitizen, name: str, by: str, now: datetime) -> bool:
    """Whether nothing is left to do: the same name, or one that was made for this call alone."""
    person = session.get_one(Citizen, before.citizen_id)
    if person.name.casefold() == name.casefold():
        return True
    calls = sa.select(sa.func.count()).where(CallCitizen.citizen_id == person.id)
    if session.scalar(calls) != 1 or person.version != 1:
        return False
    _note(session, person.id, "changed", {"before": {"name": person.name}}, by, now)
    person.name, person.version = name, person.version + 1
    session.flush()
    return True


def _known(session: Session, number: str | None, name: str) -> int | None:
    """The number's person of that name; case counts in no name."""
    rows = session.execute(
        sa.select(Citizen.id, Citizen.name)
        .join(CitizenNumber, CitizenNumber.citizen_id == Citizen.id)
        .where(CitizenNumber.number == number)
    )
    return next((id_ for id_, known in rows if known.casefold() == name.casefold()), None)


def _new(session: Session, name: str, by: str, now: datetime) -> int:
    person = Citizen(name=name, language=None, note="", vip="", made_at=now, version=1)
    session.add(person)
    session.flush()
    _note(session, person.id, "made", {}, by, now)
    return person.id


def _calls_from(session: Session, person_id: int, number: str, now: datetime) -> None:
    row = {"citizen_id": person_id, "number": number, "at": now}
    if insert_ignore(session, CitizenNumber, row) is None:
        session.execute(
            sa.update(CitizenNumber)
            .where(CitizenNumber.citizen_id == person_id, CitizenNumber.number == number)
            .values(at=now)
            .execution_options(synchronize_session=False)
        )


# ------------------------------------------------------------------ what there is


def find(session: Session, person_id: int) -> PersonFacts:
    """One person; raises `NoSuchPerson`."""
    person = session.get(Citizen, person_id)
    if person is None:
        raise NoSuchPerson(f"person {person_id}")
    return _facts(session, [person])[0]


def search(session: Session, text: str) -> list[PersonFacts]:
    """Persons with this in their name, or (figures) in a number of theirs; without a text the
    latest. The newest first.
    """
    query = sa.select(Citizen).order_by(Citizen.id.desc()).limit(FOUND)
    text = facts.clean(text)
    # 081 234 5678 is +66812345678: the country's code stands where the first zero does
    figures = "".join(each for each in text if each.isdecimal()).lstrip("0")
    if text:
        named = Citizen.name.icontains(text, autoescape=True)
        theirs = sa.select(CitizenNumber.citizen_id).where(CitizenNumber.number.contains(figures))
        query = query.where(sa.or_(named, Citizen.id.in_(theirs)) if figures else named)
    return _facts(session, session.scalars(query).all())


def of_ticket(session: Session, ticket_id: int) -> list[PersonFacts]:
    """Who called about a ticket and what is merged into it, in the order in which they did."""
    rows = session.scalars(
        sa.select(Citizen)
        .join(CallCitizen, CallCitizen.citizen_id == Citizen.id)
        .join(TicketCall, TicketCall.call_id == CallCitizen.call_id)
        .where(TicketCall.ticket_id.in_(tree(ticket_id)))
        .order_by(TicketCall.at, TicketCall.call_id)
    )
    return _facts(session, list(dict.fromkeys(rows)))


def tickets_of(session: Session, person_id: int) -> list[facts.TicketFacts]:
    """What a person called about, the newest first."""
    theirs = (
        sa.select(TicketCall.ticket_id)
        .join(CallCitizen, CallCitizen.call_id == TicketCall.call_id)
        .where(CallCitizen.citizen_id == person_id)
    )
    query = sa.select(Ticket).where(Ticket.id.in_(theirs)).order_by(Ticket.id.desc()).limit(FOUND)
    return [facts.of_ticket(row) for row in session.scalars(query)]


def calls_of(session: Session, person_id: int) -> list[int]:
    """The calls (ids) in which a person spoke."""
    query = sa.select(CallCitizen.call_id).where(CallCitizen.citizen_id == person_id)
    return sorted(session.scalars(query))


def history(session: Session, person_id: int) -> list[ChangeFacts]:
    """What was done to a person, in order."""
    rows = session.execute(
        sa.select(CitizenEvent.at, CitizenEvent.who, CitizenEvent.kind, CitizenEvent.data)
        .where(CitizenEvent.citizen_id == person_id)
        .order_by(CitizenEvent.id)
    )
    return [ChangeFacts(*row) for row in rows]


def _facts(session: Session, rows: Sequence[Citizen]) -> list[PersonFacts]:
    numbers: dict[int, list[str]] = {}
    for citizen_id, number in session.execute(
        sa.select(CitizenNumber.citizen_id, CitizenNumber.number)
        .where(CitizenNumber.citizen_id.in_([row.id for row in rows]))
        .order_by(CitizenNumber.at.desc(), CitizenNumber.number)
    ):
        numbers.setdefault(citizen_id, []).append(number)
    return [
        PersonFacts(
            row.id,
            row.name,
            row.language,
            row.note,
            row.vip,
            row.made_at,
            row.version,
            tuple(numbers.get(row.id, ())),
        )
        for row in rows
    ]


# ------------------------------------------------------------------ what is written about them


def change(
    session: Session,
    person_id: int,
    draft: PersonDraft,
    *,
    version: int,
    by: str,
    now: datetime,
) -> None:
    """Write down something else. `version` is the one that was seen.

    Raises `NoName`, `NoSuchPerson`, and `PersonChanged` when somebody was first.
    """
    name = tidy(draft.name)
    if not name:
        raise NoName
    before = find(session, person_id)
    note = facts.clean(draft.note)[:LONGEST_NOTE]
    _win(session, person_id, version, name=name, language=draft.language or None, note=note)
    kept = {"name": before.name, "language": before.language, "note": before.note}
    _note(session, person_id, "changed", {"before": kept}, by, now)


def set_vip(
    session: Session, person_id: int, reason: str, *, version: int, by: str, now: datetime
) -> None:
    """Mark a person as a VIP, for a reason; an empty one takes it back. Raises as `change`."""
    find(session, person_id)
    reason = facts.clean(reason)[:LONGEST_NOTE]
    _win(session, person_id, version, vip=reason)
    _note(session, person_id, "vip" if reason else "no_vip", {"reason": reason}, by, now)


def _win(session: Session, person_id: int, version: int, **values: Any) -> None:
    row = session.execute(
        sa.update(Citizen)
        .where(Citizen.id == person_id, Citizen.version == version)
        .values(version=version + 1, **values)
        .returning(Citizen.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row is None:
        raise PersonChanged
    session.expire_all()


def _note(
    session: Session, person_id: int, kind: str, data: Mapping[str, Any], by: str, now: datetime
) -> None:
    session.execute(
        sa.insert(CitizenEvent).values(
            citizen_id=person_id, at=now, who=by, kind=kind, data=dict(data)
        )
    )
