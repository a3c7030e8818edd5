import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from hotline import auth
from hotline.db import Database
from hotline.models import Account
from tests.service.tickets.conftest import AGENT, CALLER, HEALTH, NOW, SUPERVISOR, WORKS
from tickets import service
from tickets.config import Tickets
from tickets.errors import BadMove, NoteEmpty, NotYours, RoleMayNot, TicketMoved
from tickets.models import EventKind, Ticket, TicketEvent
from tickets.service import Actor, Filters, TicketFacts
from tickets.workflow import OPEN, Result, State

Make = Callable[..., TicketFacts]


@pytest.fixture
def make(db: Database, config: Tickets) -> Make:
    calls = iter(range(1, 10_000))

    def complaint(category: str | None = "street_light", **more: object) -> TicketFacts:
        asked = {"outcome": "complaint", "caller": CALLER, "by": "nok", "now": NOW} | more
        with db.write() as session:
            return service.record_call(
                session, config, call_id=next(calls), category=category, **asked
            )

    return complaint


def test_a_division_takes_it_up_and_closes_it(db: Database, config: Tickets, make: Make) -> None:
    ticket = make()
    with db.write() as session:
        begun = service.move(session, config, ticket, State.IN_PROGRESS, actor=WORKS, now=NOW)
        assert begun.owner == "lek"
        done = service.move(
            session,
            config,
            begun,
            State.DONE,
            actor=WORKS,
            result=Result.FIXED,
            text="เปลี่ยนหลอดแล้ว",
            now=NOW + timedelta(hours=2),
        )
    assert (done.state, done.result, done.owner) == (State.DONE, Result.FIXED, "lek")
    assert done.closed_at == NOW + timedelta(hours=2)
    with db.read() as session:
        moved = service.story(session, ticket.id)[1:]
    assert [(event.data["from"], event.data["to"]) for event in moved] == [
        ("received", "in_progress"),
        ("in_progress", "done"),
    ]
    assert moved[1].data["text"] == "เปลี่ยนหลอดแล้ว"


def test_a_reopened_ticket_has_a_new_deadline_and_no_result(
    db: Database, config: Tickets, make: Make
) -> None:
    ticket = make()
    days_later = NOW + timedelta(days=5)
    with db.write() as session:
        done = service.move(
            session,
            config,
            ticket,
            State.DONE,
            actor=WORKS,
            result=Result.FIXED,
            text="x",
            now=NOW,
        )
        again = service.move(
            session,
            config,
            done,
            State.IN_PROGRESS,
            actor=AGENT,
            text="ดับอีกแล้ว",
            now=days_later,
        )
    assert (again.state, again.result, again.closed_at) == (State.IN_PROGRESS, None, None)
    assert again.due_at == days_later + timedelta(hours=72)
    assert again.owner is None  # an agent who reopens it does not own it


def test_the_slower_of_two_movers_changes_nothing(
    db: Database, config: Tickets, make: Make
) -> None:
    seen = make()
    with db.write() as session:
        service.move(session, config, seen, State.IN_PROGRESS, actor=WORKS, now=NOW)
    with db.write() as session, pytest.raises(TicketMoved):
        service.move(
            session,
            config,
            seen,
            State.CANCELLED,
            actor=SUPERVISOR,
            result=Result.WITHDRAWN,
            text="x",
            now=NOW,
        )
    with db.read() as session:
        assert service.by_number(session, seen.number).state is State.IN_PROGRESS
        assert len(service.story(session, seen.id)) == 2


def test_two_who_close_at_once_are_one_who_closed(
    db: Database, config: Tickets, make: Make
) -> None:
    seen = make()
    gate = threading.Barrier(2, timeout=30)
    won: list[str] = []

    def close(actor: Actor) -> None:
        gate.wait()
        try:
            with db.write() as session:
                service.move(
                    session,
                    config,
                    seen,
                    State.DONE,
                    actor=actor,
                    result=Result.FIXED,
                    text="x",
                    now=NOW,
                )
            won.append(actor.username)
        except TicketMoved:
            pass

    threads = [threading.Thread(target=close, args=(actor,)) for actor in (WORKS, SUPERVISOR)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    with db.read() as session:
        assert [event.who for event in service.story(session, seen.id)[1:]] == won


@pytest.mark.parametrize(
    ("actor", "to", "result", "text", "error"),
    [
        (HEALTH, State.IN_PROGRESS, None, "", NotYours),
        (AGENT, State.IN_PROGRESS, None, "", RoleMayNot),
        (WORKS, State.RECEIVED, None, "", BadMove),
        (WORKS, State.DONE, None, "x", BadMove),
        (WORKS, State.DONE, Result.FIXED, "", BadMove),
        (WORKS, State.DONE, Result.ANSWERED, "x", BadMove),
    ],
)
def test_what_is_not_allowed_changes_nothing(
    db: Database,
    config: Tickets,
    make: Make,
    actor: Actor,
    to: State,
    result: Result | None,
    text: str,
    error: type[Exception],
) -> None:
    ticket = make()
    with db.write() as session, pytest.raises(error):
        service.move(session, config, ticket, to, actor=actor, result=result, text=text, now=NOW)
    with db.read() as session:
        assert service.by_number(session, ticket.number) == ticket
        assert len(service.story(session, ticket.id)) == 1


def test_what_is_offered_is_what_is_allowed(make: Make) -> None:
    ticket = make()
    assert service.moves_for(WORKS, ticket) == [State.IN_PROGRESS, State.DONE, State.CANCELLED]
    assert service.moves_for(HEALTH, ticket) == []
    assert service.moves_for(AGENT, ticket) == [State.CANCELLED]


def test_notes_are_kept_and_empty_ones_refused(db: Database, config: Tickets, make: Make) -> None:
    ticket = make()
    with db.write() as session:
        service.note(session, config, ticket, text=" รออะไหล่ ", actor=WORKS, now=NOW)
        with pytest.raises(NoteEmpty):
            service.note(session, config, ticket, text=" ", actor=WORKS, now=NOW)
        with pytest.raises(NotYours):
            service.note(session, config, ticket, text="x", actor=HEALTH, now=NOW)
    with db.read() as session:
        assert service.story(session, ticket.id)[-1].data["text"] == "รออะไหล่"


# ------------------------------------------------------------------ deadlines


def overdue_events(db: Database) -> int:
    with db.read() as session:
        return (
            session.scalar(
                sa.select(sa.func.count())
                .select_from(TicketEvent)
                .where(TicketEvent.kind == EventKind.OVERDUE)
            )
            or 0
        )


def test_a_deadline_that_passes_is_written_down_once(db: Database, make: Make) -> None:
    ticket = make()
    assert ticket.due_at is not None
    with db.write() as session:
        assert service.note_overdue(session, ticket.due_at) == 0
    late = ticket.due_at + timedelta(seconds=1)
    for expected in (1, 0):
        with db.write() as session:
            assert service.note_overdue(session, late) == expected
    assert overdue_events(db) == 1
    with db.read() as session:
        page = service.search(session, Filters(overdue=True), SUPERVISOR, now=late)
        assert [each.id for each in page.tickets] == [ticket.id]
        assert service.owed(session, SUPERVISOR, now=late).overdue == 1


def test_closed_tickets_are_never_late_and_reopened_ones_again(
    db: Database, config: Tickets, make: Make
) -> None:
    ticket = make()
    year = timedelta(days=365)
    with db.write() as session:
        done = service.move(
            session,
            config,
            ticket,
            State.DONE,
            actor=WORKS,
            result=Result.FIXED,
            text="x",
            now=NOW,
        )
        assert service.note_overdue(session, NOW + year) == 0
        service.move(session, config, done, State.IN_PROGRESS, actor=AGENT, text="x", now=NOW)
    for expected in (1, 0):
        with db.write() as session:
            assert service.note_overdue(session, NOW + year) == expected


def test_a_reopening_after_lateness_can_be_late_again(
    db: Database, config: Tickets, make: Make
) -> None:
    ticket = make()
    year = timedelta(days=365)
    with db.write() as session:
        service.note_overdue(session, NOW + year)
        done = service.move(
            session,
            config,
            ticket,
            State.DONE,
            actor=WORKS,
            result=Result.FIXED,
            text="x",
            now=NOW + year,
        )
        service.move(
            session, config, done, State.IN_PROGRESS, actor=AGENT, text="x", now=NOW + year
        )
        assert service.note_overdue(session, NOW + year) == 0
        assert service.note_overdue(session, NOW + 2 * year) == 1
    assert overdue_events(db) == 2


def test_many_deadlines_are_taken_batch_by_batch(
    db: Database, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tickets.sweeps.BATCH", 2)
    for _ in range(3):
        make()
    found = []
    for _ in range(3):
        with db.write() as session:
            found.append(service.note_overdue(session, NOW + timedelta(days=30)))
    assert found == [2, 1, 0]


# ------------------------------------------------------------------ the list


def found(db: Database, filters: Filters, actor: Actor = SUPERVISOR) -> list[int]:
    with db.read() as session:
        return [t.id for t in service.search(session, filters, actor, now=NOW).tickets]


def test_filters(db: Database, config: Tickets, make: Make) -> None:
    light = make(note="ไฟดับหน้าวัดชัยมงคล")
    bins = make("rubbish", note="ขยะล้น 100% ถังหน้าวัด")
    told = make(outcome="information", note="เวลาทำการ")
    works = frozenset({"engineering"})
    draft = make(category=None, incomplete=True, outcome="information")
    assert found(db, Filters()) == [draft.id, told.id, bins.id, light.id]
    assert found(db, Filters(states=OPEN)) == [draft.id, bins.id, light.id]
    assert found(db, Filters(states=frozenset({State.DONE}))) == [told.id]
    assert found(db, Filters(divisions=frozenset({"public_health"}))) == [bins.id]
    assert found(db, Filters(incomplete=True)) == [draft.id]
    assert found(db, Filters(text="หน้าวัด")) == [bins.id, light.id]
    assert found(db, Filters(text="ด")) == [bins.id, light.id]
    assert found(db, Filters(text="100%")) == [bins.id]
    assert found(db, Filters(text="_")) == []
    assert found(db, Filters(text=light.number_shown)) == [light.id]
    assert found(db, Filters(text="หน้าวัด", divisions=works)) == [light.id]
    with db.read() as session:
        owed = service.owed(session, SUPERVISOR, now=NOW)
        assert (owed.open, owed.overdue, owed.incomplete) == (3, 0, 1)
        assert service.owed(session, SUPERVISOR, now=NOW, divisions=works).open == 1


def test_pages_by_key_show_each_ticket_once_also_when_new_ones_arrive(
    db: Database, make: Make
) -> None:
    ids = [make().id for _ in range(5)]
    filters, seen = Filters(), []
    while True:
        with db.read() as session:
            page = service.search(session, filters, SUPERVISOR, now=NOW, limit=2)
        seen += [ticket.id for ticket in page.tickets]
        make()
        if page.next_before is None:
            break
        filters = Filters(before=page.next_before)
    assert seen == ids[::-1]


def test_an_export_is_the_whole_list(
    db: Database, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tickets.search._EXPORT_CHUNK", 2)
    ids = [make().id for _ in range(5)]
    with db.read() as session:
        exported = [t.id for t in service.every(session, Filters(), SUPERVISOR, now=NOW)]
    assert exported == ids[::-1]


# ------------------------------------------------------------------ who answers for a division


def test_a_division_without_an_active_administrator_is_named(db: Database, config: Tickets) -> None:
    with db.read() as session:
        assert service.unattended(session, config, NOW) == list(config.divisions)
    with db.write() as session:
        auth.create_account(
            session,
            username="division",
            name="ช่าง",
            role=auth.Role.DIVISION,
            password="long enough",
            now=NOW,
        )
    with db.read() as session:
        assert service.unattended(session, config, NOW) == ["contact_center", "permanent_secretary"]
    with db.write() as session:
        session.execute(sa.update(Account).values(active=False))
    with db.read() as session:
        assert "engineering" in service.unattended(session, config, NOW)


def test_ids_are_never_used_again(db: Database, make: Make) -> None:
    """Numbers are made of them: an erased ticket's number must not become another one's."""
    last = make()
    with db.write() as session:
        for table in ("ticket_calls", "ticket_events"):
            session.execute(sa.text(f"DELETE FROM {table}"))
        session.execute(sa.delete(Ticket))
    assert make().id > last.id
