"""Taking people out of tickets: their numbers, their names, the words about them.

Rows of the story stay, with what they say of the matter: when, who of the city, which state. So no
figure changes by it. That something was taken out is an event of its own (`redacted`).
"""

from collections.abc import Callable, Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.db import UNSEEN
from tickets import masking
from tickets.matters.models import TicketCaller
from tickets.models import (
    CallCitizen,
    Citizen,
    CitizenEvent,
    CitizenNumber,
    EventKind,
    Ticket,
    TicketCall,
    TicketEvent,
    TicketLink,
    TicketPlace,
)
from tickets.units.models import Dispatch, UnitRequest
from tickets.writing import tell

Change = Callable[[str], str]


def names_in(session: Session, ticket_id: int) -> list[str]:
    """The names of who called about a ticket."""
    theirs = (
        sa.select(Citizen.name)
        .join(CallCitizen, CallCitizen.citizen_id == Citizen.id)
        .join(TicketCall, TicketCall.call_id == CallCitizen.call_id)
        .where(TicketCall.ticket_id == ticket_id)
    )
    return list(session.scalars(theirs))


def without(names: Collection[str]) -> Change:
    """How words become such that name nobody of these, and no number."""
    return lambda text: masking.without_names(masking.masked(text), names)


def nothing(_text: str) -> str:
    """How words become none."""
    return ""


def change_words(session: Session, ticket_id: int, change: Change) -> bool:
    """Change all that was written of a ticket; whether anything became another."""
    ticket = session.get_one(Ticket, ticket_id, populate_existing=True)
    touched = False
    if (text := change(ticket.text)) != ticket.text:
        ticket.text, touched = text, True
    events = session.scalars(
        sa.select(TicketEvent)
        .where(TicketEvent.ticket_id == ticket_id)
        .execution_options(populate_existing=True)
    )
    for event in events:
        said = event.data.get("text")
        if isinstance(said, str) and (text := change(said)) != said:
            event.data, touched = {**event.data, "text": text}, True
    for link in session.scalars(
        sa.select(TicketLink).where(
            sa.or_(TicketLink.from_id == ticket_id, TicketLink.to_id == ticket_id)
        )
    ):
        if (text := change(link.reason)) != link.reason:
            link.reason, touched = text, True
    # what others said who came with it
    callers = session.scalars(
        sa.select(TicketCaller)
        .where(TicketCaller.ticket_id == ticket_id)
        .execution_options(populate_existing=True)
    )
    for caller in callers:
        if (text := change(caller.note)) != caller.note:
            caller.note, touched = text, True
    session.flush()
    return _change_words_of_units(session, ticket_id, change) or touched


def _change_words_of_units(session: Session, ticket_id: int, change: Change) -> bool:
    """The same with what was said to crews and by them, and why a unit was asked for."""
    touched = False
    for table, names_ in ((Dispatch, ("note", "outcome")), (UnitRequest, ("text",))):
        rows = session.scalars(
            sa.select(table)
            .where(table.ticket_id == ticket_id)
            .execution_options(populate_existing=True)
        )
        for row in rows:
            for name in names_:
                if (text := change(getattr(row, name))) != getattr(row, name):
                    setattr(row, name, text)
                    touched = True
    session.flush()
    return touched


#: A pin of so many places of a degree is within some hundred metres: the street, and not the house.
_COARSE = 3


def coarsen_place(session: Session, ticket_id: int, change: Change) -> None:
    """Leave of a place the street and not the house: no number, no free words but as `change` makes
    them, the pin to some hundred metres; nothing in the story of where it was.
    """
    place = session.get(TicketPlace, ticket_id, populate_existing=True)
    if place is not None:
        place.house = place.address = ""
        place.landmark = change(place.landmark)
        if place.latitude is not None and place.longitude is not None:
            place.latitude = round(place.latitude, _COARSE)
            place.longitude = round(place.longitude, _COARSE)
    _forget_where_it_was(session, ticket_id)


def forget_place(session: Session, ticket_id: int) -> None:
    """Forget where a ticket was, which may be somebody's home; in whose area it was stays on the
    ticket, for what is counted.
    """
    session.execute(sa.delete(TicketPlace).where(TicketPlace.ticket_id == ticket_id))
    _forget_where_it_was(session, ticket_id)


def _forget_where_it_was(session: Session, ticket_id: int) -> None:
    events = session.scalars(
        sa.select(TicketEvent)
        .where(TicketEvent.ticket_id == ticket_id, TicketEvent.kind == EventKind.PLACED.value)
        .execution_options(populate_existing=True)
    )
    for event in events:
        event.data = {**event.data, "was": {}, "now": {}}
    session.flush()


def drop_numbers(session: Session, ticket_id: int, number: str | None = None) -> bool:
    """Take the numbers of its callers (or one of them) out of a ticket; whether there was one."""
    touched = False
    for table, column in ((Ticket, Ticket.id), (TicketCall, TicketCall.ticket_id)):
        which = [column == ticket_id, table.caller_number.is_not(None)]
        if number is not None:
            which.append(table.caller_number == number)
        rows = session.execute(
            sa.update(table)
            .where(*which)
            .values(caller_number=None)
            .returning(column)
            .execution_options(synchronize_session=False)
        ).all()
        touched = touched or bool(rows)
    _drop_callers(session, ticket_id, number)
    return touched


def _drop_callers(session: Session, ticket_id: int, number: str | None) -> None:
    """The same of who came with it later, also of who was taken away: that they came stays, and how
    many they were.
    """
    which = [TicketCaller.ticket_id == ticket_id, TicketCaller.number.is_not(None)]
    values: dict[str, object] = {"number": None, "wants_news": False}
    if number is not None:
        which.append(TicketCaller.number == number)
        values["note"] = ""  # one who asks for it: what they said is theirs
    session.execute(
        sa.update(TicketCaller)
        .where(*which)
        .values(values)
        .execution_options(synchronize_session=False)
    )


def drop_persons(session: Session, ticket_id: int, by: str, now: datetime) -> int:
    """Let nobody have called about a ticket; who has called about nothing else is forgotten. How
    many were named.
    """
    calls = sa.select(TicketCall.call_id).where(TicketCall.ticket_id == ticket_id)
    named = set(
        session.scalars(
            sa.delete(CallCitizen)
            .where(CallCitizen.call_id.in_(calls))
            .returning(CallCitizen.citizen_id)
            .execution_options(synchronize_session=False)
        )
    )
    if named:
        still = sa.select(CallCitizen.citizen_id).where(CallCitizen.citizen_id.in_(named))
        forget_persons(session, named - set(session.scalars(still)), by, now)
    return len(named)


def forget_persons(session: Session, ids: Collection[int], by: str, now: datetime) -> None:
    """Delete persons and what their events say of them; that it was done stays."""
    for table in (CallCitizen, CitizenNumber, CitizenEvent):
        session.execute(sa.delete(table).where(table.citizen_id.in_(ids)))
    session.execute(sa.delete(Citizen).where(Citizen.id.in_(ids)))
    session.expire_all()
    for person_id in ids:
        session.execute(
            sa.insert(CitizenEvent)
            .values(citizen_id=person_id, at=now, who=by, kind="erased", data={})
            .execution_options(**UNSEEN)
        )


def forget_caller(session: Session, ticket_id: int, why: str, by: str, now: datetime) -> bool:
    """Take everybody who called out of a ticket: numbers, persons, and their names and numbers in
    its words; whether there was anything. `why`: as `redacted` has it.
    """
    change = without(names_in(session, ticket_id))
    touched = drop_numbers(session, ticket_id)
    touched = bool(drop_persons(session, ticket_id, by, now)) or touched
    touched = change_words(session, ticket_id, change) or touched
    if touched:
        tell(session, ticket_id, EventKind.REDACTED, by, now, {"why": why, "text": ""})
    return touched
