import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from hotline.db import Database
from tests.service.tickets.conftest import AGENT, CALLER, HEALTH, NOW, SUPERVISOR, WORKS
from tickets import numbers, service
from tickets.config import Tickets
from tickets.errors import (
    BadNumber,
    CategoryNeeded,
    NoSuchTicket,
    RoleMayNot,
    TicketMoved,
    UnknownCategory,
    UnknownOutcome,
)
from tickets.models import EventKind, Ticket, TicketCall, TicketEvent
from tickets.service import TicketFacts
from tickets.workflow import Kind, Priority, Result, State

Record = Callable[..., TicketFacts]


@pytest.fixture
def record(db: Database, config: Tickets) -> Record:
    """`record_call` in a unit of work of its own, as one agent at one moment."""

    def in_its_own_unit(call_id: int, outcome: str | None, **more: object) -> TicketFacts:
        asked = {"by": "nok", "caller": CALLER, "language": "th", "now": NOW} | more
        with db.write() as session:
            return service.record_call(session, config, call_id=call_id, outcome=outcome, **asked)

    return in_its_own_unit


def count(db: Database, row: type) -> int:
    with db.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(row)) or 0


def told(db: Database, ticket: TicketFacts) -> list[service.EventFacts]:
    with db.read() as session:
        return service.story(session, ticket.id)


def test_an_inquiry_is_closed_at_birth(db: Database, record: Record) -> None:
    ticket = record(1, "information", note=" เวลาทำการ ")
    assert (ticket.kind, ticket.state, ticket.result) == (
        Kind.INQUIRY,
        State.DONE,
        Result.ANSWERED,
    )
    assert ticket.closed_at == ticket.received_at == NOW
    assert ticket.due_at is None
    assert ticket.division == "contact_center"
    assert ticket.text == "เวลาทำการ"
    [made] = told(db, ticket)
    assert (made.kind, made.who, made.at) == (EventKind.MADE, "nok", NOW)
    assert made.data["call_id"] == 1
    assert made.data["outcome"] == "information"


def test_a_complaint_goes_to_the_categorys_division_with_a_deadline(record: Record) -> None:
    ticket = record(1, "complaint", category="street_light", note="ไฟดับ")
    assert (ticket.kind, ticket.state) == (Kind.COMPLAINT, State.RECEIVED)
    assert ticket.division == "engineering"
    assert ticket.due_at == NOW + timedelta(hours=72)
    assert ticket.result is None
    assert ticket.priority is Priority.NORMAL


def test_an_emergency_is_critical_and_does_not_wait_as_long_as_its_category(
    record: Record,
) -> None:
    ticket = record(1, "emergency", category="road_surface")
    assert ticket.priority is Priority.CRITICAL
    assert ticket.due_at == NOW + timedelta(hours=2)


def test_what_nobody_owns_is_the_central_desks(record: Record, config: Tickets) -> None:
    assert record(1, "suggestion").division == config.central_desk


def test_the_number_is_made_of_the_id_and_found_however_written(
    db: Database, record: Record
) -> None:
    ticket = record(1, "information")
    assert ticket.number == numbers.make(ticket.id)
    with db.read() as session:
        assert service.by_number(session, ticket.number_shown) == ticket
        assert service.by_number(session, f" {ticket.number}#") == ticket


def test_the_second_recording_of_a_call_changes_nothing(db: Database, record: Record) -> None:
    first = record(1, "information", note="แรก")
    second = record(1, "complaint", category="rubbish", note="หลัง", now=NOW + timedelta(hours=1))
    assert second == first
    assert (count(db, Ticket), count(db, TicketCall), count(db, TicketEvent)) == (1, 1, 1)


def test_a_second_recording_that_would_be_refused_still_gives_the_first_ticket(
    record: Record,
) -> None:
    first = record(1, "information")
    assert record(1, "no such outcome") == first
    assert record(1, "follow_up", ticket_number="12") == first


def test_two_processes_recording_one_call_make_one_ticket(
    db: Database, config: Tickets, record: Record
) -> None:
    """Both have seen that the call has no ticket before either writes one."""
    at_the_gate = threading.Barrier(2, timeout=30)
    results: list[TicketFacts] = []

    def one() -> None:
        at_the_gate.wait()
        results.append(record(7, "complaint", category="rubbish"))

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({ticket.number for ticket in results}) == 1
    assert (count(db, Ticket), count(db, TicketCall), count(db, TicketEvent)) == (1, 1, 1)


def test_who_loses_the_call_takes_its_ticket_back(
    db: Database, config: Tickets, monkeypatch: pytest.MonkeyPatch, record: Record
) -> None:
    """The race by hand: the look before says "none", and then somebody else's row is there."""
    first = record(7, "information")
    looks = iter([None])
    really = service.ticket_of_call
    monkeypatch.setattr(
        service, "ticket_of_call", lambda session, call_id: next(looks, really(session, call_id))
    )
    assert record(7, "complaint", category="rubbish") == first
    assert (count(db, Ticket), count(db, TicketEvent)) == (1, 1)


@pytest.mark.parametrize(
    ("outcome", "more", "error"),
    [
        ("nothing", {}, UnknownOutcome),
        (None, {}, UnknownOutcome),
        ("complaint", {}, CategoryNeeded),
        ("complaint", {"category": ""}, CategoryNeeded),
        ("complaint", {"category": "dragons"}, UnknownCategory),
        ("follow_up", {"ticket_number": None}, BadNumber),
        ("follow_up", {"ticket_number": numbers.make(99)}, NoSuchTicket),
    ],
)
def test_what_is_wrong_is_refused_and_leaves_nothing(
    db: Database, record: Record, outcome: str, more: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        record(1, outcome, **more)
    assert (count(db, Ticket), count(db, TicketCall), count(db, TicketEvent)) == (0, 0, 0)


def test_a_slip_in_the_number_is_told_as_a_slip(record: Record) -> None:
    good = record(1, "information").number
    slipped = good[:-1] + str((int(good[-1]) + 1) % 10)
    with pytest.raises(BadNumber) as refused:
        record(2, "follow_up", ticket_number=slipped)
    assert refused.value.text_key == "tickets.error.number.check_digit"


def test_a_category_that_the_outcome_does_not_ask_for_is_not_kept(record: Record) -> None:
    assert record(1, "no_matter", category="rubbish").category is None


def test_a_follow_up_adds_the_call_to_the_ticket(db: Database, record: Record) -> None:
    ticket = record(1, "complaint", category="rubbish")
    later = NOW + timedelta(days=1)
    other = "+66899999999"
    number = ticket.number_shown
    linked = record(2, "follow_up", ticket_number=number, note="ยังไม่มา", caller=other, now=later)
    assert linked == ticket
    assert [event.kind for event in told(db, ticket)] == [EventKind.MADE, EventKind.CALL]
    assert told(db, ticket)[1].data == {"call_id": 2, "outcome": "follow_up", "text": "ยังไม่มา"}
    with db.read() as session:
        assert service.ticket_of_call(session, 2) == ticket
        assert service.calls_of(session, ticket.id) == [1, 2]
        assert service.near_caller(session, other, AGENT) == [ticket]
    assert record(2, "information") == ticket
    assert count(db, Ticket) == 1


# ------------------------------------------------------------------ the agent said nothing


@pytest.mark.parametrize(
    ("outcome", "more"),
    [
        (None, {}),
        ("gone from the file", {}),
        ("complaint", {}),
        ("complaint", {"category": "dragons"}),
        ("follow_up", {"ticket_number": "12"}),
    ],
)
def test_without_the_agents_word_the_ticket_stays_open_until_completed(
    record: Record, outcome: str | None, more: dict[str, object]
) -> None:
    ticket = record(1, outcome, incomplete=True, by=service.SYSTEM, **more)
    assert ticket.incomplete
    assert ticket.state is State.RECEIVED
    assert ticket.due_at is not None
    assert ticket.division == "contact_center"


def test_what_the_agent_had_chosen_is_kept(record: Record) -> None:
    ticket = record(1, "complaint", category="rubbish", incomplete=True)
    assert (ticket.kind, ticket.division) == (Kind.COMPLAINT, "public_health")


def test_completing_moves_it_where_it_belongs_and_counts_from_the_call(
    db: Database, config: Tickets, record: Record
) -> None:
    ticket = record(1, None, incomplete=True, note="ร่าง")
    later = NOW + timedelta(hours=5)
    with db.write() as session:
        done = service.complete(
            session,
            config,
            ticket,
            outcome="complaint",
            category="street_light",
            text="ไฟดับทั้งซอย",
            actor=AGENT,
            now=later,
        )
    assert not done.incomplete
    assert (done.kind, done.division, done.state) == (
        Kind.COMPLAINT,
        "engineering",
        State.RECEIVED,
    )
    assert done.due_at == NOW + timedelta(hours=72)
    assert done.text == "ร่าง\nไฟดับทั้งซอย"
    assert told(db, done)[-1].kind is EventKind.COMPLETED


def test_a_deadline_that_completing_moved_is_written_down_anew_when_it_passes(
    db: Database, config: Tickets, record: Record
) -> None:
    """Found by the state machine: completed in the very moment in which its new deadline falls."""
    ticket = record(1, None, incomplete=True)
    later = NOW + timedelta(hours=48)
    with db.write() as session:
        service.note_overdue(session, later)
        service.complete(
            session,
            config,
            ticket,
            outcome="complaint",
            category="rubbish",
            actor=AGENT,
            now=later,
        )
        assert service.note_overdue(session, later) == 0
        assert service.note_overdue(session, later + timedelta(hours=1)) == 1


def test_an_inquiry_is_closed_when_it_is_completed(
    db: Database, config: Tickets, record: Record
) -> None:
    ticket = record(1, None, incomplete=True)
    later = NOW + timedelta(hours=5)
    with db.write() as session:
        done = service.complete(
            session, config, ticket, outcome="information", actor=AGENT, now=later
        )
    assert (done.state, done.result, done.closed_at) == (State.DONE, Result.ANSWERED, later)


def test_completing_is_done_once_by_who_may(db: Database, config: Tickets, record: Record) -> None:
    ticket = record(1, None, incomplete=True)
    complete = partial(service.complete, outcome="information", now=NOW)
    with db.write() as session, pytest.raises(RoleMayNot):
        complete(session, config, ticket, actor=WORKS)
    with db.write() as session, pytest.raises(BadNumber):
        complete(session, config, ticket, actor=AGENT, outcome="follow_up")
    with db.write() as session, pytest.raises(NoSuchTicket):
        complete(
            session,
            config,
            ticket,
            actor=AGENT,
            outcome="follow_up",
            ticket_number=ticket.number,
        )
    suggestion = partial(complete, outcome="suggestion")  # it stays open: only the mark goes
    with db.write() as session:
        suggestion(session, config, ticket, actor=AGENT)
    with db.write() as session, pytest.raises(TicketMoved):
        suggestion(session, config, ticket, actor=AGENT)


def test_a_follow_up_told_too_late_moves_its_call_and_withdraws_the_draft(
    db: Database, config: Tickets, record: Record
) -> None:
    about = record(1, "complaint", category="rubbish")
    draft = record(2, None, incomplete=True, by=service.SYSTEM)
    with db.write() as session:
        now_of = service.complete(
            session,
            config,
            draft,
            outcome="follow_up",
            ticket_number=about.number_shown,
            text="ถามอีก",
            actor=AGENT,
            now=NOW,
        )
    assert now_of == about
    with db.read() as session:
        assert service.ticket_of_call(session, 2) == about
        gone = service.by_number(session, draft.number)
    assert (gone.state, gone.result, gone.incomplete) == (
        State.CANCELLED,
        Result.WITHDRAWN,
        False,
    )
    assert told(db, about)[-1].data == {"call_id": 2, "outcome": "follow_up", "text": "ถามอีก"}
    assert told(db, draft)[-1].data["instead"] == about.number


# ------------------------------------------------------------------ who reads what


def test_a_private_ticket_does_not_exist_for_another_division(db: Database, record: Record) -> None:
    private = record(1, "complaint", category="corruption", by="nok")
    assert private.private
    with db.read() as session:
        for actor in (WORKS, HEALTH):
            with pytest.raises(NoSuchTicket):
                service.by_number_for(session, private.number, actor)
            assert service.near_caller(session, CALLER, actor) == []
            page = service.search(session, service.Filters(), actor, now=NOW)
            assert page.tickets == []
            assert service.owed(session, actor, now=NOW).open == 0
        for actor in (SUPERVISOR, AGENT):
            assert service.by_number_for(session, private.number, actor) == private
            assert service.near_caller(session, CALLER, actor) == [private]
            assert service.search(session, service.Filters(), actor, now=NOW).tickets == [private]


def test_completing_into_a_private_category_hides_it(
    db: Database, config: Tickets, record: Record
) -> None:
    ticket = record(1, None, incomplete=True, by=service.SYSTEM)
    with db.write() as session:
        done = service.complete(
            session,
            config,
            ticket,
            outcome="complaint",
            category="corruption",
            actor=AGENT,
            now=NOW,
        )
    assert done.private
    assert not service.may_read(WORKS, done)


def test_tickets_of_many_calls_in_one_look(db: Database, record: Record) -> None:
    one, two = record(1, "information"), record(2, "information")
    with db.read() as session:
        assert service.tickets_of_calls(session, [1, 2, 3]) == {1: one, 2: two}
        assert service.ticket_of_call(session, 3) is None
        assert service.near_caller(session, "", AGENT) == []
