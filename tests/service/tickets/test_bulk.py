"""Many tickets at once: by the rules of single moves, once, and taken back without a trace in the
clocks.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotline.db import Database
from hotline.errors import HotlineError
from tests.service.tickets.conftest import AGENT, CALLER, HEALTH, NOW, SUPERVISOR, WORKS
from tickets import accountability, planning, service, sweeps
from tickets.config import Tickets
from tickets.errors import BadNumber, NoSuchBulk, NothingChosen, TooLate, TooMany
from tickets.life import bulk, links, merging
from tickets.life.bulk import Asked, Part, What
from tickets.models import BulkMove, BulkPart, EventKind, TicketEvent
from tickets.service import Actor, TicketFacts
from tickets.workflow import Priority, Result, State

Make = Callable[..., TicketFacts]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def make(db: Database, config: Tickets) -> Make:
    calls = iter(range(1, 100_000))

    def complaint(category: str | None = "street_light", **more: Any) -> TicketFacts:
        asked = {"outcome": "complaint", "caller": CALLER, "by": "nok", "now": NOW} | more
        with db.write() as session:
            return service.record_call(
                session, config, call_id=next(calls), category=category, **asked
            )

    return complaint


@pytest.fixture
def act(db: Database, config: Tickets) -> Callable[..., tuple[int, list[Part]]]:
    keys = iter(range(100_000))

    def do(
        what: What,
        *chosen: TicketFacts,
        actor: Actor = SUPERVISOR,
        key: str = "",
        now: datetime = NOW + MINUTE,
        **fields: str,
    ) -> tuple[int, list[Part]]:
        with db.write() as session:
            return bulk.apply(
                session,
                config,
                Asked(what, fields),
                [(each.number, each.version) for each in chosen],
                key=key or f"key {next(keys)}",
                actor=actor,
                now=now,
            )

    return do


def stands(db: Database, ticket: TicketFacts) -> TicketFacts:
    with db.read() as session:
        return service.by_number(session, ticket.number)


def undo(
    db: Database,
    config: Tickets,
    bulk_id: int,
    actor: Actor = SUPERVISOR,
    now: datetime = NOW + 2 * MINUTE,
) -> dict[str, str | None]:
    with db.write() as session:
        parts = bulk.undo(session, config, bulk_id, actor=actor, now=now)
    return {part.ticket.number: part.undone for part in parts}


def test_what_is_allowed_is_done_and_the_rest_is_told(
    db: Database, config: Tickets, make: Make, act: Any
) -> None:
    ours, theirs, private = make(), make("rubbish"), make("corruption")
    bulk_id, parts = act(
        What.STATE, ours, theirs, private, actor=WORKS, to="done", result="fixed", text="ซ่อมแล้ว"
    )
    told = {part.ticket.number: part.refused for part in parts}
    assert told == {
        ours.number: "",
        theirs.number: "tickets.error.not_yours",
        private.number: "tickets.error.no_such_ticket",
    }
    assert stands(db, ours).state is State.DONE
    assert stands(db, theirs) == theirs
    with db.read() as session:
        assert service.story(session, ours.id)[-1].data["bulk"] == bulk_id
        found = bulk.find(session, bulk_id, WORKS)
        assert (found.done, found.left_out) == (1, 2)
        # who may not read the private one does not see it among the parts either
        assert private.number not in {p.ticket.number for p in bulk.parts(session, found, WORKS)}
        with pytest.raises(NoSuchBulk):
            bulk.find(session, bulk_id, HEALTH)


FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "owner": st.sampled_from(["", "lek", "nobody"]),
        "category": st.sampled_from(["", "rubbish", "street_light", "dragons", "corruption"]),
        "division": st.sampled_from(["", "engineering", "public_health", "moon"]),
        "priority": st.sampled_from(["", "urgent", "normal", "mad"]),
        "to": st.sampled_from([*State, "gone"]),
        "result": st.sampled_from(["", *Result]),
        "text": st.sampled_from(["", "x"]),
    },
)


def single(session: Any, config: Tickets, asked: Asked, ticket: TicketFacts, actor: Actor) -> None:
    """The move of the ticket's own page, as its route makes it."""
    text, now = asked.get("text"), NOW + MINUTE
    if not service.may_read(actor, ticket):
        raise HotlineError
    if asked.what is What.ASSIGN:
        to = asked.get("owner") or None
        service.assign(session, config, ticket, to=to, text=text, actor=actor, now=now)
    elif asked.what is What.NOTE:
        service.note(session, config, ticket, text=text, actor=actor, now=now)
    elif asked.what is What.STATE:
        to, result = asked.get("to"), asked.get("result")
        if to not in list(State):
            raise HotlineError
        service.move(
            session,
            config,
            ticket,
            State(to),
            actor=actor,
            result=Result(result) if result else None,
            text=text,
            now=now,
        )
    else:
        category, priority = asked.get("category"), asked.get("priority")
        service.route(
            session,
            config,
            ticket,
            category=category or ticket.category,
            priority=Priority(priority) if priority in list(Priority) else ticket.priority,
            division=asked.get("division") or (None if category else ticket.division),
            text=text,
            actor=actor,
            now=now,
        )


class _Back(Exception):
    """Nothing of it is kept."""


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(
    what=st.sampled_from([What.ASSIGN, What.ROUTE, What.STATE, What.NOTE]),
    fields=FIELDS,
    actor=st.sampled_from([AGENT, SUPERVISOR, WORKS, HEALTH, Actor("boss", service.Role.MANAGER)]),
)
def test_it_is_never_a_shortcut_past_the_single_move(
    db: Database,
    config: Tickets,
    three: list[TicketFacts],
    what: What,
    fields: dict[str, str],
    actor: Actor,
) -> None:
    """What a bulk move does with a ticket is what its own page would have done, or refused."""
    asked = Asked(what, fields)
    ends: dict[int, object] = {}
    for ticket in three:
        with suppress(_Back), db.write() as session:
            try:
                single(session, config, asked, ticket, actor)
                ends[ticket.id] = service.by_number(session, ticket.number)
            except HotlineError:
                ends[ticket.id] = ticket
            raise _Back
    with suppress(_Back), db.write() as session:
        chosen = [(each.number, each.version) for each in three]
        _, parts = bulk.apply(
            session, config, asked, chosen, key="x", actor=actor, now=NOW + MINUTE
        )
        for part in parts:
            it_is = service.by_number(session, part.ticket.number)
            assert it_is == ends[part.ticket.id], part
            assert part.is_done == (len(part.events) > 0)
        raise _Back


@pytest.fixture
def three(db: Database, config: Tickets, make: Make) -> list[TicketFacts]:
    """One that is open, one that is another division's, one that is closed."""
    closing = make()
    with db.write() as session:
        done = service.move(
            session,
            config,
            closing,
            State.DONE,
            actor=WORKS,
            result=Result.FIXED,
            text="x",
            now=NOW,
        )
    return [make(), make("rubbish"), done]


def test_what_changed_since_it_was_looked_at_is_left_out(
    db: Database, config: Tickets, make: Make, act: Any
) -> None:
    one, other = make(), make()
    with db.write() as session:
        service.move(session, config, other, State.IN_PROGRESS, actor=WORKS, now=NOW)
    _, parts = act(What.NOTE, one, other, text="x")
    assert [part.refused for part in parts] == ["", "tickets.error.moved"]


def test_a_form_that_comes_twice_is_made_once(db: Database, make: Make, act: Any) -> None:
    one = make()
    first, _ = act(What.NOTE, one, text="x", key="one")
    again, parts = act(What.NOTE, one, text="x", key="one")
    assert (again, parts) == (first, [])
    with db.read() as session:
        assert [event.kind for event in service.story(session, one.id)].count(EventKind.NOTE) == 1


def test_nothing_too_many_and_a_ticket_that_is_not_there(make: Make, act: Any) -> None:
    with pytest.raises(NothingChosen):
        act(What.NOTE, text="x")
    one = make()
    with pytest.raises(TooMany):
        act(What.NOTE, *[one] * (bulk.MOST + 1), text="x")
    with pytest.raises(BadNumber):
        act(What.MERGE, one, ticket="12", text="x")


MOVES = [
    (What.ASSIGN, {"owner": "", "text": "x"}),
    (What.ROUTE, {"category": "rubbish", "priority": "urgent", "text": "x"}),
    (What.STATE, {"to": "done", "result": "fixed", "text": "ซ่อมแล้ว"}),
    (What.NOTE, {"text": "x"}),
]


@pytest.mark.parametrize(("what", "fields"), MOVES)
def test_taken_back_it_is_what_it_was(
    db: Database, config: Tickets, make: Make, act: Any, what: What, fields: dict[str, str]
) -> None:
    tickets = [make(), make()]
    with db.write() as session:
        tickets = [
            service.move(session, config, each, State.IN_PROGRESS, actor=WORKS, now=NOW)
            for each in tickets
        ]
    bulk_id, parts = act(what, *tickets, actor=WORKS, **fields)
    assert all(part.is_done for part in parts), parts
    assert undo(db, config, bulk_id, WORKS) == {each.number: "" for each in tickets}
    for ticket in tickets:
        now_it_is = stands(db, ticket)
        assert replace(now_it_is, version=ticket.version) == ticket
        with db.read() as session:
            story = service.story(session, ticket.id)
            assert story[-1].kind is EventKind.UNDONE
            heard = service.as_citizens_see(session, ticket.number)
        assert heard is not None
        assert (heard.state, heard.news) == ("in_progress", "")
        # and the clocks count as if it had never been
        found = planning.history(ticket.received_at, story)
        assert planning.again(config, now_it_is, found).columns == {}
    with db.read() as session:
        span = {"start": NOW - timedelta(days=1), "end": NOW + timedelta(days=1)}
        assert accountability.account(session, config, SUPERVISOR, **span).failures == 0
        assert not list(accountability.failures(session, config, SUPERVISOR, **span))
    with pytest.raises(TooLate):
        undo(db, config, bulk_id, WORKS)


def test_what_the_citizen_was_told_is_told_again_when_a_reopening_is_taken_back(
    db: Database, config: Tickets, make: Make, act: Any
) -> None:
    it = make()
    with db.write() as session:
        it = service.move(
            session,
            config,
            it,
            State.DONE,
            actor=WORKS,
            result=Result.FIXED,
            text="เปลี่ยนหลอดแล้ว",
            now=NOW,
        )
    bulk_id, _ = act(What.STATE, it, to="in_progress", text="เฉพาะภายใน")
    undo(db, config, bulk_id)
    with db.read() as session:
        heard = service.as_citizens_see(session, it.number)
    assert heard is not None
    assert (heard.state, heard.news) == ("done", "เปลี่ยนหลอดแล้ว")


def test_links_and_merges_are_taken_back(
    db: Database, config: Tickets, make: Make, act: Any
) -> None:
    target, one, other = make(), make(), make()
    merged, _ = act(What.MERGE, one, other, target, ticket=target.number, text="เสาเดียวกัน")
    with db.read() as session:
        assert len(service.calls_of(session, target.id)) == 3
    assert undo(db, config, merged) == {one.number: "", other.number: ""}
    one, other = stands(db, one), stands(db, other)
    assert one.is_open
    linked, parts = act(What.LINK, one, other, bond="part", ticket=target.number, text="x")
    assert [part.refused for part in parts] == ["", ""]
    assert undo(db, config, linked) == {one.number: "", other.number: ""}
    with db.read() as session:
        assert links.links_of(session, target, SUPERVISOR) == []


def test_what_somebody_has_touched_since_stays_and_is_told(
    db: Database, config: Tickets, make: Make, act: Any
) -> None:
    tickets = untouched, moved, noted, called, taken_apart = [make() for _ in range(5)]
    bulk_id, _ = act(What.ROUTE, *tickets, priority="urgent", text="x")
    with db.write() as session:
        service.move(session, config, stands(db, moved), State.IN_PROGRESS, actor=WORKS, now=NOW)
    with db.write() as session:
        service.note(session, config, noted, text="x", actor=WORKS, now=NOW)
    with db.write() as session:
        service.link_call(session, call_id=900, ticket=called, caller=CALLER, by="nok", now=NOW)
    told = undo(db, config, bulk_id)
    changed = "tickets.error.moved"
    assert told == {
        untouched.number: "",
        moved.number: changed,
        noted.number: changed,
        called.number: changed,
        taken_apart.number: "",
    }
    assert stands(db, moved).priority is Priority.URGENT


def test_what_the_hotline_noted_since_stays_noted(
    db: Database, config: Tickets, make: Make, act: Any
) -> None:
    it = make()
    late = NOW + timedelta(days=40)
    bulk_id, _ = act(What.NOTE, it, text="x", now=late)
    with db.write() as session:
        sweeps.sweep(session, config, late + MINUTE)
    assert undo(db, config, bulk_id, now=late + 2 * MINUTE) == {it.number: ""}
    with db.write() as session:
        sweeps.sweep(session, config, late + 3 * MINUTE)
    with db.read() as session:
        kinds = [event.kind for event in service.story(session, it.id)]
    assert kinds.count(EventKind.OVERDUE) == 1


def test_who_takes_back_and_until_when(db: Database, config: Tickets, make: Make, act: Any) -> None:
    first, second = make(), make()
    mine, _ = act(What.NOTE, first, actor=WORKS, text="x")
    with pytest.raises(NoSuchBulk):
        undo(db, config, mine, HEALTH)
    with pytest.raises(TooLate):  # a manager looks, and does nothing
        undo(db, config, mine, Actor("boss", service.Role.MANAGER))
    with pytest.raises(TooLate):
        undo(db, config, mine, WORKS, NOW + MINUTE + bulk.UNDO_FOR + timedelta(seconds=1))
    assert undo(db, config, mine, SUPERVISOR) == {first.number: ""}
    other, _ = act(What.NOTE, second, text="x")
    assert undo(db, config, other, now=NOW + MINUTE + bulk.UNDO_FOR) == {second.number: ""}


def test_two_bulk_moves_and_two_undoings_at_once(
    db: Database, config: Tickets, make: Make, act: Any
) -> None:
    """The same tickets, chosen in opposite orders: nobody waits for ever, each is moved once."""
    tickets = [make() for _ in range(6)]
    ends: list[Any] = []
    gate = threading.Barrier(2)

    def run(chosen: list[TicketFacts]) -> None:
        gate.wait(60)
        ends.append(act(What.ROUTE, *chosen, priority="urgent", text="x"))

    threads = [threading.Thread(target=run, args=[each]) for each in (tickets, tickets[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    done = [part.is_done for _, parts in ends for part in parts]
    assert (len(done), sum(done)) == (12, 6)
    with db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(BulkMove)) == 2
        routed = sa.select(sa.func.count()).where(TicketEvent.kind == EventKind.ROUTED)
        assert session.scalar(routed) == 6
        refused = set(session.scalars(sa.select(BulkPart.refused)))
    assert refused == {"", "tickets.error.moved"}
    winner = next(bulk_id for bulk_id, parts in ends if any(part.is_done for part in parts))
    taken: list[object] = []

    def back() -> None:
        gate.wait(60)
        try:
            taken.append(undo(db, config, winner))
        except TooLate as error:
            taken.append(error)

    threads = [threading.Thread(target=back) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(type(each).__name__ for each in taken) == ["TooLate", "dict"]


def test_merging_one_by_hand_and_all_at_once_loses_nothing(
    db: Database, config: Tickets, make: Make, act: Any
) -> None:
    target, one, other = make(), make(), make()
    gate, ends = threading.Barrier(2), list[object]()

    def by_hand() -> None:
        gate.wait(60)
        try:
            with db.write() as session:
                merging.merge(session, target, one, text="x", actor=SUPERVISOR, now=NOW)
            ends.append("merged")
        except HotlineError as error:
            ends.append(error)

    def at_once() -> None:
        gate.wait(60)
        try:
            ends.append(act(What.MERGE, one, other, ticket=target.number, text="x"))
        except HotlineError as error:
            ends.append(error)

    threads = [threading.Thread(target=each) for each in (by_hand, at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(ends) == 2
    with db.read() as session:
        tops = {service.root(session, stands(db, each)) for each in (target, one, other)}
        assert sum(len(service.calls_of(session, each.id)) for each in tops) == 3
