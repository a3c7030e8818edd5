"""Taking people out of tickets: their numbers, their names, the words about them.

Rows of the story stay, with what they say of the matter: when, who of the city, which state. So no
figure changes by it. That something was taken out is an event of its own (`redacted`).
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.db import UNSEEN
from tickets import masking
from tickets.facts import CITIZEN
from tickets.incidents.models import IncidentEvent, IncidentTicket, IncidentWork
from tickets.matters.models import TicketCaller
from tickets.models import (
    BulkMove,
    BulkPart,
    CallCitizen,
    Citizen,
    CitizenEvent,
    CitizenNumber,
    EventKind,
    Ticket,
    TicketCall,
    TicketEvent,
    TicketLink,
    TicketMerge,
    TicketPlace,
    TicketSms,
    TicketView,
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


#: In what is not somebody's own, shorter names are left: they stand in too many other words.
_LEAST_NAME: Final = 4


def without_them(names: Collection[str], numbers: Collection[str]) -> Change:
    """How words become such that they name nobody of these and none of their numbers (E.164); the
    numbers of others stay.
    """
    long = [name for name in names if len(name) >= _LEAST_NAME]
    return lambda text: masking.without_names(masking.without_numbers(text, numbers), long)


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


# ------------------------------------------------------------------ around it


def change_around(session: Session, ticket_ids: Collection[int], change: Change) -> None:
    """Change what else was written of some tickets: in those that theirs have to do with, in what
    was done with many at once, in what was sent.
    """
    known = set(ticket_ids)
    others = _related(session, known) | _of_bulks(session, known, change)
    others |= _of_incidents(session, known, change)
    for id_ in sorted(others - known):
        change_words(session, id_, change)
    for sms in _rows(session, TicketSms, TicketSms.ticket_id.in_(known | others)):
        if (text := change(sms.text)) != sms.text:
            sms.text = text
    session.flush()


def _rows(session: Session, table: type[Any], *which: sa.ColumnElement[bool]) -> Iterable[Any]:
    return session.scalars(
        sa.select(table).where(*which).execution_options(populate_existing=True)
    ).all()


def _related(session: Session, ids: Collection[int]) -> set[int]:
    """The tickets that some are linked to, were merged into, or take in."""
    found: set[int] = set()
    for one, other in (
        (TicketLink.from_id, TicketLink.to_id),
        (TicketLink.to_id, TicketLink.from_id),
        (TicketMerge.ticket_id, TicketMerge.into_id),
        (TicketMerge.into_id, TicketMerge.ticket_id),
    ):
        found |= set(session.scalars(sa.select(other).where(one.in_(ids))))
    return found


def _of_bulks(session: Session, ids: Collection[int], change: Change) -> set[int]:
    """Change what was written with moves of many; return the tickets in which it stands too."""
    others: set[int] = set()
    moves = sa.select(BulkPart.bulk_id).where(BulkPart.ticket_id.in_(ids))
    for move in _rows(session, BulkMove, BulkMove.id.in_(moves)):
        if (data := _changed(move.data, change)) != move.data:
            move.data = data
            parts = sa.select(BulkPart.ticket_id).where(BulkPart.bulk_id == move.id)
            others |= set(session.scalars(parts))
    return others


def _of_incidents(session: Session, ids: Collection[int], change: Change) -> set[int]:
    """The same of incidents. What one is called is for everybody to read, and stays."""
    others: set[int] = set()
    theirs = sa.select(IncidentTicket.incident_id).where(IncidentTicket.ticket_id.in_(ids))
    for table in (IncidentWork, IncidentEvent):
        for row in _rows(session, table, table.incident_id.in_(theirs)):
            if (data := _changed(row.data, change)) != row.data:
                row.data = data
                members = sa.select(IncidentTicket.ticket_id).where(
                    IncidentTicket.incident_id == row.incident_id
                )
                others |= set(session.scalars(members))
    return others


def _changed(data: Mapping[str, Any], change: Change) -> dict[str, Any]:
    """Return what was asked of a move with its words changed: `text`, and `texts` by language."""
    kept = dict(data)
    if isinstance(said := kept.get("text"), str):
        kept["text"] = change(said)
    if isinstance(texts := kept.get("texts"), Mapping):
        kept["texts"] = {code: change(str(text)) for code, text in texts.items()}
    return kept


def change_views(session: Session, change: Change) -> None:
    """Change what saved views are called and what they look for."""
    longest = TicketView.title.type.length
    for view in _rows(session, TicketView):
        asked = {name: change(str(value)) for name, value in view.asked.items()}
        if asked != view.asked:
            view.asked = asked
        if (title := change(view.title)) != view.title:
            view.title = title[:longest]
    session.flush()


# ------------------------------------------------------------------ places


def change_place(session: Session, ticket_id: int, change: Change) -> bool:
    """Change the words of where it is, also in the story; whether anything became another."""
    touched = False
    place = session.get(TicketPlace, ticket_id, populate_existing=True)
    for name in _PLACE_WORDS if place is not None else ():
        if (text := change(getattr(place, name))) != getattr(place, name):
            setattr(place, name, text)
            touched = True
    for event in _placed(session, ticket_id):
        data = {
            **event.data,
            **{
                key: {
                    name: change(value) if name in _PLACE_WORDS else value
                    for name, value in event.data.get(key, {}).items()
                }
                for key in ("was", "now")
            },
        }
        if data != event.data:
            event.data, touched = data, True
    session.flush()
    return touched


_PLACE_WORDS: Final = ("house", "moo", "soi", "road", "address", "landmark")
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
    for event in _placed(session, ticket_id):
        event.data = {**event.data, "was": {}, "now": {}}
    session.flush()


def _placed(session: Session, ticket_id: int) -> Iterable[TicketEvent]:
    placed = TicketEvent.kind == EventKind.PLACED.value
    return _rows(session, TicketEvent, TicketEvent.ticket_id == ticket_id, placed)


# ------------------------------------------------------------------ who called


def drop_own_words(session: Session, ticket_id: int, number: str, *, first: bool) -> bool:
    """Take out what somebody wrote on the ticket's page or by SMS under their number, who came with
    it later, or (`first`) brought it; whether there was anything.
    """
    mine = sa.select(TicketCaller.id).where(
        TicketCaller.ticket_id == ticket_id, TicketCaller.number == number
    )
    callers = set(session.scalars(mine))
    touched = False
    which = (TicketEvent.ticket_id == ticket_id, TicketEvent.who == CITIZEN)
    for event in _rows(session, TicketEvent, *which):
        who = event.data.get("caller")
        theirs = first if who is None else who in callers
        if theirs and event.data.get("text"):
            event.data, touched = {**event.data, "text": ""}, True
    session.flush()
    return touched


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
