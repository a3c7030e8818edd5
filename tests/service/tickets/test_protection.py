"""Who called is known to who needs it, hidden from others, and whoever looks is written down."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from hotline import audit
from hotline.db import Database
from tests.service.tickets.conftest import AGENT, CALLER, HEALTH, NOW, SUPERVISOR, WORKS
from tickets import guarding, search, service
from tickets.config import Tickets
from tickets.errors import NoteEmpty, NothingChanged, NotYours, RoleMayNot
from tickets.masking import MASK
from tickets.models import CallCitizen, Citizen, EventKind, Ticket, TicketCall
from tickets.persons import service as persons
from tickets.protection import Contact
from tickets.service import Actor, TicketFacts
from tickets.workflow import Priority, Role

Make = Callable[..., TicketFacts]
MANAGER = Actor("boss", Role.MANAGER)


@pytest.fixture
def careful(config: Tickets) -> Tickets:
    """The shipped city's, with a category of each kind."""
    of = {"rubbish": Contact.CENTRAL, "corruption": Contact.NOBODY}
    assert set(of) <= set(config.categories)
    categories = {
        id_: each.model_copy(update={"contact": of.get(id_, Contact.DIVISION)})
        for id_, each in config.categories.items()
    }
    return config.model_copy(update={"categories": categories})


@pytest.fixture
def make(db: Database, careful: Tickets) -> Make:
    calls = iter(range(1, 1000))

    def complaint(category: str = "street_light", name: str = "", **more: Any) -> TicketFacts:
        asked = {"outcome": "complaint", "caller": CALLER, "by": "nok", "now": NOW} | more
        call_id = next(calls)
        with db.write() as session:
            made = service.record_call(
                session, careful, call_id=call_id, category=category, **asked
            )
            said: dict[str, Any] = {"ticket_id": made.id, "by": "nok", "now": NOW}
            persons.name_caller(session, call_id, made.caller_number, name, **said)
        return made

    return complaint


def kinds(db: Database, ticket: TicketFacts) -> list[str]:
    with db.read() as session:
        return [event.kind.value for event in service.story(session, ticket.id)]


def owner_of(ticket: TicketFacts) -> Actor:
    return Actor("owner", Role.DIVISION, frozenset({ticket.division}))


def test_the_category_says_whether_the_division_sees_who_called(make: Make) -> None:
    light, rubbish = make("street_light"), make("rubbish")
    for actor in (AGENT, SUPERVISOR, Actor("a", Role.ADMINISTRATOR)):
        assert service.may_see_caller(actor, light)
        assert service.may_see_caller(actor, rubbish)
    assert service.may_see_caller(owner_of(light), light)
    assert not service.may_see_caller(owner_of(rubbish), rubbish)
    assert not service.may_see_caller(HEALTH, light)
    assert not service.may_see_caller(MANAGER, light)


def test_of_an_anonymous_matter_neither_number_nor_name_is_kept(db: Database, make: Make) -> None:
    ticket = make("corruption", name="สมชาย")
    assert ticket.caller_number is None
    assert not service.may_see_caller(SUPERVISOR, ticket)
    with db.write() as session:
        link = {"call_id": 500, "ticket": ticket, "caller": CALLER, "now": NOW}
        service.link_call(session, **link)
        numbers = session.scalars(sa.select(TicketCall.caller_number)).all()
        assert set(numbers) == {None}
        assert session.scalar(sa.select(sa.func.count()).select_from(Citizen)) == 0
        view = service.as_citizens_see(session, ticket.number)
    assert view is not None
    assert view.callers == ()


def test_what_becomes_an_anonymous_matter_loses_who_called_for_good(
    db: Database, careful: Tickets, make: Make
) -> None:
    ticket = make(name="สมชาย ใจดี", note="คุณสมชาย ใจดี 081-234-5678 แจ้งว่า")
    said: dict[str, Any] = {"priority": Priority.NORMAL, "division": None, "text": "เรื่องเจ้าหน้าที่"}
    with db.write() as session:
        routed = service.route(
            session, careful, ticket, category="corruption", actor=SUPERVISOR, now=NOW, **said
        )
    assert routed.caller_number is None
    with db.write() as session:
        back = service.by_number(session, ticket.number)
        assert back.text == f"คุณ{MASK} {MASK} แจ้งว่า"
        back = service.route(
            session, careful, back, category="rubbish", actor=SUPERVISOR, now=NOW, **said
        )
        assert session.scalar(sa.select(sa.func.count()).select_from(CallCitizen)) == 0
        assert "0812345678" not in str([each.data for each in service.story(session, ticket.id)])
    assert (back.contact, back.caller_number) == (Contact.CENTRAL, None)
    assert kinds(db, ticket).count("redacted") == 1


def test_every_look_is_written_down_in_the_story_and_in_the_log(db: Database, make: Make) -> None:
    ticket = make()
    for why in ("โทรกลับ", ""):
        with db.write() as session:
            asked: dict[str, Any] = {"text": why, "actor": AGENT, "by": None, "now": NOW}
            assert guarding.look(session, ticket, **asked) == CALLER
    assert kinds(db, ticket).count("looked") == 2
    with db.read() as session:
        lines = audit.lines(session, audit.Asked(kind=guarding.LOOKED))
    assert [line.reason for line in lines] == ["", "โทรกลับ"]
    assert {line.subject for line in lines} == {f"ticket:{ticket.id}"}
    assert CALLER not in str(lines)


@pytest.mark.parametrize("actor", [HEALTH, MANAGER, Actor("c", Role.CREW)])
def test_who_may_not_look_leaves_no_trace_and_learns_nothing(
    db: Database, make: Make, actor: Actor
) -> None:
    ticket = make()
    with pytest.raises(NotYours), db.write() as session:
        guarding.look(session, ticket, actor=actor, by=None, now=NOW)
    assert "looked" not in kinds(db, ticket)


def test_the_callers_own_wish_hides_them_from_the_division(db: Database, make: Make) -> None:
    ticket = make()
    with pytest.raises(RoleMayNot), db.write() as session:
        guarding.hide_name(session, ticket, True, actor=WORKS, now=NOW)
    with db.write() as session:
        hidden = guarding.hide_name(session, ticket, True, actor=AGENT, now=NOW)
        with pytest.raises(NothingChanged):
            guarding.hide_name(session, hidden, True, actor=AGENT, now=NOW)
    assert hidden.hide_name
    assert not service.may_see_caller(owner_of(hidden), hidden)
    assert service.may_see_caller(SUPERVISOR, hidden)
    with db.write() as session:
        guarding.wished(session, ticket.id, by="nok", now=NOW)  # heard twice, written once
    assert kinds(db, ticket).count("hidden") == 1


def test_who_may_not_see_the_caller_reads_no_number_in_words_either(make: Make) -> None:
    ticket = make("rubbish", note="โทร 081-234-5678")
    assert search.text_for(SUPERVISOR, ticket, ticket.text) == "โทร 081-234-5678"
    assert search.text_for(owner_of(ticket), ticket, ticket.text) == f"โทร {MASK}"


def test_a_hold_needs_a_reason_and_somebody_who_decides(db: Database, make: Make) -> None:
    ticket = make()
    asked: dict[str, Any] = {"by": None, "now": NOW}
    with db.write() as session:
        for actor, text, error in (
            (SUPERVISOR, " ", NoteEmpty),
            (AGENT, "คดี", RoleMayNot),
            (WORKS, "คดี", RoleMayNot),
        ):
            with pytest.raises(error):
                guarding.hold(session, ticket, text, actor=actor, **asked)
        held = guarding.hold(session, ticket, "คดีดำที่ 12/2569", actor=SUPERVISOR, **asked)
        assert (held.hold, held.held_by, held.held_at) == ("คดีดำที่ 12/2569", "supervisor", NOW)
        with pytest.raises(NothingChanged):
            guarding.hold(session, held, "อีกคดี", actor=SUPERVISOR, **asked)
        free = guarding.release(session, held, "คดีถึงที่สุด", actor=SUPERVISOR, **asked)
        assert replace(free, version=0) == replace(ticket, version=0)
    assert kinds(db, ticket)[-2:] == [EventKind.HELD, EventKind.RELEASED]
    with db.read() as session:
        done = [line.kind for line in audit.lines(session)]
        assert session.get_one(Ticket, ticket.id).hold == ""
    assert done == ["tickets.released", "tickets.held"]
