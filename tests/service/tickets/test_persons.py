"""Persons: recognised by number, named in a call, marked by a supervisor, forgotten on request."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.db import Base, Database
from hotline.privacy.keepers import Erasure, Subject
from tests.service.tickets.conftest import CALLER, NOW
from tickets import erasing, service
from tickets.config import Tickets
from tickets.errors import NoName, NoSuchPerson, PersonChanged
from tickets.models import CallCitizen, Citizen, CitizenEvent, CitizenNumber
from tickets.persons import service as persons
from tickets.persons.service import PersonDraft

OTHER = "+66822222222"


@pytest.fixture
def session(db: Database) -> Iterator[Session]:
    with db.write() as session:
        yield session


def called(
    session: Session, config: Tickets, call_id: int, name: str, number: str | None = CALLER
) -> int | None:
    """A call that ends on a ticket, in which somebody says their name."""
    ticket = service.record_call(
        session,
        config,
        call_id=call_id,
        outcome="complaint",
        category="street_light",
        caller=number,
        by="nok",
        now=NOW,
    )
    said: dict[str, Any] = {"ticket_id": ticket.id, "by": "nok", "now": NOW}
    return persons.name_caller(session, call_id, number, name, **said)


def names(session: Session, number: str = CALLER) -> list[str]:
    return [each.name for each in persons.of_number(session, number)]


def rows(session: Session, table: type[Base]) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_a_number_may_be_several_persons_and_a_person_several_numbers(
    session: Session, config: Tickets
) -> None:
    somchai = called(session, config, 1, "  สมชาย   ใจดี ")
    anna = called(session, config, 2, "Anna")
    assert called(session, config, 3, "สมชาย ใจดี") == somchai
    assert called(session, config, 4, "ANNA", OTHER) not in (anna, None)
    assert names(session) == ["Anna", "สมชาย ใจดี"]
    assert names(session, OTHER) == ["ANNA"]
    assert names(session, "") == []


def test_no_name_names_nobody(session: Session, config: Tickets) -> None:
    assert called(session, config, 1, " \0 ") is None
    assert rows(session, Citizen) == rows(session, CallCitizen) == 0


def test_a_withheld_number_recognises_nobody_but_its_ticket_has_the_name(
    session: Session, config: Tickets
) -> None:
    first = called(session, config, 1, "Anna", None)
    second = called(session, config, 2, "Anna", None)
    assert first != second
    assert rows(session, CitizenNumber) == 0
    ticket = service.ticket_of_call(session, 1)
    assert ticket is not None
    assert [each.id for each in persons.of_ticket(session, ticket.id)] == [first]


def test_a_ticket_has_the_persons_of_all_its_calls(session: Session, config: Tickets) -> None:
    called(session, config, 1, "สมชาย")
    ticket = service.ticket_of_call(session, 1)
    assert ticket is not None
    service.link_call(session, call_id=2, ticket=ticket, caller=OTHER, now=NOW)
    persons.name_caller(session, 2, OTHER, "Anna", ticket_id=ticket.id, by="nok", now=NOW)
    assert [each.name for each in persons.of_ticket(session, ticket.id)] == ["สมชาย", "Anna"]
    kinds = [event.kind.value for event in service.story(session, ticket.id)]
    assert kinds == ["made", "named", "call", "named"]
    assert "สมชาย" not in str([event.data for event in service.story(session, ticket.id)])


def test_a_name_that_was_half_typed_is_corrected(session: Session, config: Tickets) -> None:
    half = called(session, config, 1, "สม")
    assert called(session, config, 1, "สมชาย") == half
    assert called(session, config, 1, "สมชาย") == half
    assert names(session) == ["สมชาย"]
    called(session, config, 2, "สมชาย")
    anna = called(session, config, 2, "Anna")
    ticket = service.ticket_of_call(session, 2)
    assert ticket is not None
    assert [each.id for each in persons.of_ticket(session, ticket.id)] == [anna]
    assert sorted(names(session)) == ["Anna", "สมชาย"]


def test_who_saw_an_older_version_changes_nothing(session: Session, config: Tickets) -> None:
    person = called(session, config, 1, "Anna")
    assert person is not None
    draft = PersonDraft("Anna B.", "en", "hard of hearing")
    persons.change(session, person, draft, version=1, by="supervisor", now=NOW)
    said: dict[str, Any] = {"version": 1, "by": "x", "now": NOW}
    with pytest.raises(PersonChanged):
        persons.change(session, person, draft, **said)
    with pytest.raises(PersonChanged):
        persons.set_vip(session, person, "the governor", **said)
    found = persons.find(session, person)
    assert (found.name, found.language, found.note) == ("Anna B.", "en", "hard of hearing")
    assert (found.vip, found.version, found.numbers) == ("", 2, (CALLER,))
    with pytest.raises(NoName):
        persons.change(session, person, PersonDraft(" ", None, ""), **said | {"version": 2})
    with pytest.raises(NoSuchPerson):
        persons.change(session, 99, draft, **said)


def test_a_vip_has_a_reason_and_everything_stands_in_the_history(
    session: Session, config: Tickets
) -> None:
    person = called(session, config, 1, "Anna")
    assert person is not None
    for version, reason in ((1, "consul"), (2, " ")):
        persons.set_vip(session, person, reason, version=version, by="supervisor", now=NOW)
        assert persons.find(session, person).vip == reason.strip()
    told = [(each.kind, each.who) for each in persons.history(session, person)]
    assert told == [("made", "nok"), ("vip", "supervisor"), ("no_vip", "supervisor")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["Anna", "สมชาย"]),
        ("ann", ["Anna"]),
        ("081 234 5678", ["สมชาย"]),
        ("+66812345678", ["สมชาย"]),
        ("5678", ["สมชาย"]),
        ("100%", []),
    ],
)
def test_search_by_name_or_number(
    session: Session, config: Tickets, text: str, found: list[str]
) -> None:
    called(session, config, 1, "สมชาย")
    called(session, config, 2, "Anna", OTHER)
    assert [each.name for each in persons.search(session, text)] == found


# ------------------------------------------------------------------ erasure


def erase(session: Session, subject: Subject, *, dry: bool = False) -> dict[str, int]:
    asked = Erasure(subject, "hotline person", "asked", NOW, dry)
    nobody: Any = None  # this room needs no floor for it
    return dict(erasing.erase(nobody, session, asked).counts)


def test_a_dry_run_changes_nothing_and_tells_the_same(session: Session, config: Tickets) -> None:
    called(session, config, 1, "สมชาย")
    called(session, config, 2, "Anna")
    dry = erase(session, Subject(number=CALLER), dry=True)
    assert names(session) == ["Anna", "สมชาย"]
    assert dry == erase(session, Subject(number=CALLER)) == {"persons": 2, "tickets": 2}
    assert erase(session, Subject(number=CALLER)) == {"persons": 0, "tickets": 0}


def test_nothing_of_an_erased_person_is_left(session: Session, config: Tickets) -> None:
    person = called(session, config, 1, "สมชาย")
    assert person is not None
    draft = PersonDraft("สมชาย ใจดี", None, "")
    persons.change(session, person, draft, version=1, by="supervisor", now=NOW)
    erase(session, Subject(number=CALLER))
    assert rows(session, Citizen) == rows(session, CitizenNumber) == rows(session, CallCitizen) == 0
    left = session.execute(sa.select(CitizenEvent.kind, CitizenEvent.who, CitizenEvent.data)).all()
    assert [tuple(row) for row in left] == [("erased", "hotline person", {})]
    ticket = service.ticket_of_call(session, 1)
    assert ticket is not None
    assert ticket.caller_number is None
    assert service.near_caller(session, CALLER, service.Actor("nok", service.Role.AGENT)) == []
    # an id is never somebody else's
    assert called(session, config, 2, "Anna") != person


def test_who_has_another_number_keeps_it(session: Session, config: Tickets) -> None:
    person = called(session, config, 1, "Anna")
    session.add(CitizenNumber(citizen_id=person, number=OTHER, at=NOW))
    session.flush()
    erase(session, Subject(number=CALLER))
    assert (names(session), names(session, OTHER)) == ([], ["Anna"])


def test_one_person_alone_is_forgotten(session: Session, config: Tickets) -> None:
    person = called(session, config, 1, "Anna", None)
    assert person is not None
    assert erase(session, Subject(person=person), dry=True) == {"persons": 1, "tickets": 1}
    assert erase(session, Subject(person=person)) == {"persons": 1, "tickets": 1}
    assert erase(session, Subject(person=person)) == {"persons": 0, "tickets": 0}
    with pytest.raises(NoSuchPerson):
        erase(session, Subject(person=person + 1))
