"""Merging and taking apart, whatever happens in between: nothing is lost and nothing goes round."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from hotline.db import Database
from hotline.errors import HotlineError
from tests.service.tickets.conftest import AGENT, CALLER, HEALTH, NOW, SUPERVISOR, WORKS
from tickets import planning, search, service, sweeps
from tickets.config import Tickets
from tickets.errors import BadMerge, IsMerged, NotMerged, NotYours, RoleMayNot, TicketMoved
from tickets.life import merging, page
from tickets.life.rules import Unfit
from tickets.models import EventKind, Ticket, TicketCall, TicketEvent, TicketMerge
from tickets.service import Actor, TicketFacts
from tickets.workflow import Priority, Result, State, Waiting

Make = Callable[..., TicketFacts]
HOUR = timedelta(hours=1)
#: Seconds that a thread may need on a busy machine.
PATIENCE = 60


@pytest.fixture
def make(db: Database, config: Tickets) -> Make:
    calls = iter(range(1, 10_000))

    def complaint(category: str | None = "street_light", **more: Any) -> TicketFacts:
        asked = {"outcome": "complaint", "caller": CALLER, "by": "nok", "now": NOW} | more
        with db.write() as session:
            return service.record_call(
                session, config, call_id=next(calls), category=category, **asked
            )

    return complaint


def stands(db: Database, ticket: TicketFacts) -> TicketFacts:
    with db.read() as session:
        return service.by_number(session, ticket.number)


def merge(
    db: Database, it: TicketFacts, into: TicketFacts, actor: Actor = SUPERVISOR
) -> TicketFacts:
    with db.write() as session:
        return merging.merge(session, it, into, text="เรื่องเดียวกัน", actor=actor, now=NOW + HOUR)


def part(
    db: Database, config: Tickets, it: TicketFacts, actor: Actor = SUPERVISOR, hours: int = 2
) -> TicketFacts:
    with db.write() as session:
        return merging.unmerge(
            session, config, it, text="คนละเสา", actor=actor, now=NOW + hours * HOUR
        )


def test_what_is_merged_is_read_heard_and_counted_where_it_is_worked_on(
    db: Database, make: Make
) -> None:
    a, b = make(), make(caller="+66899999999")
    merged = merge(db, b, a)
    assert (merged.state, merged.result) == (State.CANCELLED, Result.MERGED)
    with db.write() as session:
        service.link_call(session, call_id=900, ticket=b, caller="+66877777777", now=NOW + HOUR)
    with db.read() as session:
        assert service.calls_of(session, a.id) == [1, 2, 900]
        assert search.callers_of(session, a.id) == {CALLER, "+66899999999", "+66877777777"}
        heard, theirs = (service.as_citizens_see(session, each.number) for each in (b, a))
        assert heard is not None
        assert theirs is not None
        assert heard == replace(theirs, number=b.number)
        assert "+66899999999" in theirs.callers
        shown = page.of(session, stands(db, a), AGENT)
        assert [each.ticket.number for each in shown.joined] == [b.number]
        assert len(shown.joined[0].story) == len(service.story(session, b.id)) == 3
        # whoever called about it is at hand with the ticket that is worked on
        found = service.near_caller(session, "+66877777777", AGENT)
        assert [each.number for each in found] == [a.number]
        told = [service.story(session, each.id)[-1].kind for each in (a,)]
    assert told == [EventKind.JOINED]


def test_its_citizen_hears_what_becomes_of_the_other(
    db: Database, config: Tickets, make: Make
) -> None:
    a, b = make(), make()
    merge(db, b, a)
    with db.write() as session:
        service.move(
            session,
            config,
            a,
            State.DONE,
            actor=WORKS,
            result=Result.FIXED,
            text="เปลี่ยนหลอดแล้ว",
            now=NOW + 2 * HOUR,
        )
    with db.read() as session:
        heard = service.as_citizens_see(session, b.number)
    assert heard is not None
    assert (heard.state, heard.news) == ("done", "เปลี่ยนหลอดแล้ว")


def columns(ticket: TicketFacts) -> TicketFacts:
    """A ticket but for what counts its changes."""
    return replace(ticket, version=0)


def test_taken_apart_it_stands_as_it_stood(db: Database, config: Tickets, make: Make) -> None:
    a, b = make(), make()
    with db.write() as session:
        b = service.move(session, config, b, State.IN_PROGRESS, actor=WORKS, now=NOW)
        b = service.wait(
            session,
            config,
            b,
            for_=Waiting.CITIZEN,
            until=NOW + timedelta(days=5),
            text="รอผู้แจ้ง",
            actor=WORKS,
            now=NOW + HOUR,
        )
    merged = merge(db, b, a)
    # the other one is changed in between: that is nothing to it
    with db.write() as session:
        service.route(
            session,
            config,
            stands(db, a),
            category="rubbish",
            priority=Priority.URGENT,
            division=None,
            text="ขยะ",
            actor=SUPERVISOR,
            now=NOW + HOUR,
        )
    apart = part(db, config, merged)
    assert columns(apart) == columns(b)
    with db.read() as session:
        assert service.calls_of(session, a.id) == [1]
        assert service.calls_of(session, b.id) == [2]
        assert [each.kind for each in service.story(session, b.id)][-2:] == [
            EventKind.MERGED,
            EventKind.UNMERGED,
        ]
        assert service.story(session, a.id)[-1].kind is EventKind.PARTED


def test_what_ran_out_meanwhile_is_noticed_after_it_is_taken_apart(
    db: Database, config: Tickets, make: Make
) -> None:
    a, b = make(), make()
    merged = merge(db, b, a)
    long_after = NOW + timedelta(days=40)
    with db.write() as session:
        sweeps.sweep(session, config, long_after)
    assert stands(db, b).overdue_at is None
    with db.write() as session:
        merging.unmerge(session, config, merged, text="x", actor=SUPERVISOR, now=long_after)
        sweeps.sweep(session, config, long_after)
    assert stands(db, b).overdue_at == long_after


def test_chains_are_read_from_their_end(db: Database, config: Tickets, make: Make) -> None:
    a, b, c = make(), make(), make()
    merge(db, c, b)
    merged = merge(db, stands(db, b), a)
    with db.read() as session:
        assert service.calls_of(session, a.id) == [1, 2, 3]
        assert service.root(session, stands(db, c)).number == a.number
        assert {each.number for each in search.merged_into(session, a.id)} == {b.number, c.number}
    with pytest.raises(BadMerge) as refused:
        merge(db, make(), stands(db, c))
    assert refused.value.why is Unfit.INTO_MERGED
    assert refused.value.values == {"number": a.number_shown}
    part(db, config, merged)
    with db.read() as session:
        assert service.calls_of(session, a.id) == [1]
        assert service.calls_of(session, b.id) == [2, 3]  # what was merged into it stays with it


def test_what_is_refused(db: Database, config: Tickets, make: Make) -> None:
    a, b = make(), make()
    private, elsewhere = make("corruption"), make("rubbish")
    incomplete, closing = make(incomplete=True), make()
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
    for it, into, why in (
        (a, a, Unfit.SAME),
        (done, a, Unfit.CLOSED),
        (a, done, Unfit.INTO_CLOSED),
        (incomplete, a, Unfit.INCOMPLETE),
        (a, incomplete, Unfit.INTO_INCOMPLETE),
        (a, private, Unfit.PRIVACY),
        (private, a, Unfit.PRIVACY),
    ):
        with pytest.raises(BadMerge) as refused:
            merge(db, it, into)
        assert refused.value.why is why
    for actor, it, into, error in (
        (WORKS, a, elsewhere, NotYours),
        (WORKS, elsewhere, a, NotYours),
        (HEALTH, a, b, NotYours),
        (AGENT, a, b, RoleMayNot),
        (Actor("boss", service.Role.MANAGER), a, b, RoleMayNot),
    ):
        with pytest.raises(error):
            merge(db, it, into, actor)
    with pytest.raises(NotMerged):
        part(db, config, a)
    with db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(TicketMerge)) == 0


def test_a_merged_ticket_is_moved_nowhere_else(db: Database, config: Tickets, make: Make) -> None:
    a, b = make(), make()
    merged = merge(db, b, a)
    assert service.moves_for(SUPERVISOR, merged) == []
    for seen in (merged, replace(merged, result=Result.WITHDRAWN)):
        with pytest.raises(IsMerged), db.write() as session:
            service.move(
                session,
                config,
                seen,
                State.IN_PROGRESS,
                actor=SUPERVISOR,
                text="x",
                now=NOW,
            )
    with pytest.raises(IsMerged):
        merge(db, merged, make())
    with pytest.raises(RoleMayNot):
        part(db, config, merged, AGENT)
    with pytest.raises(NotYours):
        part(db, config, merged, HEALTH)


def test_nobody_reads_more_by_way_of_the_other(db: Database, config: Tickets, make: Make) -> None:
    """Two private ones of a division; the one that is worked on becomes open to all."""
    a, b = make("corruption"), make("corruption")
    merge(db, b, a)
    with db.write() as session:
        service.route(
            session,
            config,
            a,
            category="rubbish",
            priority=Priority.NORMAL,
            division=None,
            text="x",
            actor=SUPERVISOR,
            now=NOW,
        )
    opened = stands(db, a)
    assert not opened.private
    with db.read() as session:
        seen = page.of(session, opened, Actor("somebody", service.Role.AGENT))
        theirs = page.of(session, opened, SUPERVISOR)
    assert (seen.joined, seen.hidden) == ([], 1)
    assert len(theirs.joined) == 1


def test_a_conversation_about_a_merged_ticket_stays_with_it(
    db: Database, config: Tickets, make: Make
) -> None:
    """It is closed, and yet worked on: the caller's word makes no third ticket."""
    a, b = make(), make()
    merged = merge(db, b, a)
    with db.write() as session:
        talked = service.talked_again(
            session,
            config,
            merged,
            call_id=2,
            outcome="complaint",
            note="ยังดับอยู่",
            category="street_light",
            ticket_number=None,
            caller=CALLER,
            by="nok",
            now=NOW + HOUR,
        )
        assert talked.number == b.number


# ------------------------------------------------------------------ at the same time


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Do several things in threads of their own, as far as it goes at once; their errors too."""
    gate, done = threading.Barrier(len(acts)), list[object]([None] * len(acts))

    def run(n: int, act: Callable[[], object]) -> None:
        gate.wait(PATIENCE)
        try:
            done[n] = act()
        except HotlineError as error:
            done[n] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    return done


def test_of_two_who_merge_crosswise_one_wins(db: Database, make: Make) -> None:
    for _ in range(5):
        a, b = make(), make()
        ends = at_once(lambda a=a, b=b: merge(db, a, b), lambda a=a, b=b: merge(db, b, a))
        won = [each for each in ends if isinstance(each, TicketFacts)]
        lost = [each for each in ends if isinstance(each, BadMerge | IsMerged | TicketMoved)]
        assert (len(won), len(lost)) == (1, 1), ends
        with db.read() as session:
            merged = {each.number for each in (a, b) if _is_merged(session, each)}
            assert len(merged) == 1
            tops = {service.root(session, stands(db, each)).number for each in (a, b)}
            assert len(tops) == 1
            assert all(
                len(service.calls_of(session, top.id)) == 2 for top in (a, b) if top.number in tops
            )


def test_three_who_merge_in_a_ring_leave_one_at_least(db: Database, make: Make) -> None:
    a, b, c = make(), make(), make()
    at_once(
        lambda: merge(db, a, b),
        lambda: merge(db, b, c),
        lambda: merge(db, c, a),
    )
    with db.read() as session:
        tops = {service.root(session, stands(db, each)).number for each in (a, b, c)}
        whole = [each for each in (a, b, c) if each.number in tops]
        assert sum(len(service.calls_of(session, each.id)) for each in whole) == 3


def test_a_word_that_comes_while_it_is_merged_is_not_lost(
    db: Database, config: Tickets, make: Make
) -> None:
    a, b = make(), make()

    def write_down() -> object:
        with db.write() as session:
            service.note(
                session,
                config,
                service.by_number(session, b.number),
                text="เสาที่สาม",
                actor=WORKS,
                now=NOW,
            )
        return "noted"

    def call_again() -> object:
        with db.write() as session:
            return service.link_call(session, call_id=901, ticket=b, caller=CALLER, now=NOW)

    ends = at_once(lambda: merge(db, b, a), write_down, call_again)
    assert ends[1] == "noted"
    with db.read() as session:
        shown = page.of(session, stands(db, a), SUPERVISOR)
        if isinstance(ends[0], TicketFacts):
            words = {event.data.get("text") for event in shown.joined[0].story}
            assert "เสาที่สาม" in words
            assert 901 in service.calls_of(session, a.id)
        else:  # the note or the call was first and the page was an old one: nothing was merged
            assert isinstance(ends[0], TicketMoved)
            assert shown.joined == []


def test_of_two_who_take_it_apart_one_does(db: Database, config: Tickets, make: Make) -> None:
    a, b = make(), make()
    merged = merge(db, b, a)
    ends = at_once(lambda: part(db, config, merged), lambda: part(db, config, merged))
    assert sum(isinstance(each, TicketFacts) for each in ends) == 1
    assert sum(isinstance(each, NotMerged | TicketMoved) for each in ends) == 1
    with db.read() as session:
        kinds = [event.kind for event in service.story(session, b.id)]
    assert kinds.count(EventKind.UNMERGED) == 1


def _is_merged(session: Any, ticket: TicketFacts) -> bool:
    return session.get(TicketMerge, ticket.id) is not None


# ------------------------------------------------------------------ in any order

picks = st.integers(0, 9)


class Merging(RuleBasedStateMachine):
    """Merging, taking apart, and the life of a ticket, in any order, on five of them."""

    db: Database
    config: Tickets

    @initialize()
    def five(self) -> None:
        self.now: datetime = NOW
        self.before: dict[int, TicketFacts] = {}
        with self.db.write() as session:
            for row in (TicketMerge, TicketCall, TicketEvent, Ticket):
                session.execute(sa.delete(row))
            self.numbers = [
                service.record_call(
                    session,
                    self.config,
                    call_id=n,
                    outcome="complaint",
                    category=category,
                    caller=f"+6681234567{n}",
                    now=NOW,
                ).number
                for n, category in enumerate(
                    ("street_light", "street_light", "rubbish", "corruption", "corruption")
                )
            ]

    def at(self, pick: int) -> TicketFacts:
        with self.db.read() as session:
            return service.by_number(session, self.numbers[pick % len(self.numbers)])

    @rule(pick=picks, other=picks, actor=st.sampled_from([AGENT, SUPERVISOR, WORKS, HEALTH]))
    def merge(self, pick: int, other: int, actor: Actor) -> None:
        it, into = self.at(pick), self.at(other)
        with suppress(HotlineError), self.db.write() as session:
            merging.merge(session, it, into, text="x", actor=actor, now=self.now)
            self.before[it.id] = it

    @rule(pick=picks)
    def take_apart(self, pick: int) -> None:
        it = self.at(pick)
        with suppress(HotlineError), self.db.write() as session:
            apart = merging.unmerge(
                session, self.config, it, text="x", actor=SUPERVISOR, now=self.now
            )
            assert columns(apart) == columns(self.before.pop(it.id))

    @rule(
        pick=picks,
        to=st.sampled_from(State),
        result=st.none() | st.sampled_from([Result.FIXED, Result.WITHDRAWN]),
    )
    def move(self, pick: int, to: State, result: Result | None) -> None:
        it = self.at(pick)
        with suppress(HotlineError), self.db.write() as session:
            service.move(
                session,
                self.config,
                it,
                to,
                actor=SUPERVISOR,
                result=result,
                text="x",
                now=self.now,
            )

    @rule(pick=picks, category=st.sampled_from(["street_light", "rubbish", "corruption"]))
    def route(self, pick: int, category: str) -> None:
        it = self.at(pick)
        with suppress(HotlineError), self.db.write() as session:
            service.route(
                session,
                self.config,
                it,
                category=category,
                priority=Priority.NORMAL,
                division=None,
                text="x",
                actor=SUPERVISOR,
                now=self.now,
            )

    @rule(pick=picks)
    def note(self, pick: int) -> None:
        it = self.at(pick)
        with suppress(HotlineError), self.db.write() as session:
            service.note(session, self.config, it, text="x", actor=SUPERVISOR, now=self.now)

    @rule(hours=st.integers(1, 200))
    def sweep(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        with self.db.write() as session:
            sweeps.sweep(session, self.config, self.now)

    @invariant()
    def all_is_somewhere_and_nothing_goes_round(self) -> None:
        with self.db.read() as session:
            tickets = [service.by_number(session, number) for number in self.numbers]
            rows = dict(
                session.execute(sa.select(TicketMerge.ticket_id, TicketMerge.into_id)).all()
            )
            for ticket in tickets:
                assert (ticket.result is Result.MERGED) == (ticket.id in rows)
                at, steps = ticket.id, 0
                while at in rows:
                    at, steps = rows[at], steps + 1
                    assert steps <= len(rows), "they go round"
                assert service.root(session, ticket).id == at
            whole = [ticket for ticket in tickets if ticket.id not in rows]
            calls = [call for each in whole for call in service.calls_of(session, each.id)]
            assert sorted(calls) == list(range(5)), "each call is read from one ticket"
            for ticket in tickets:
                if ticket.is_open:
                    found = planning.history(ticket.received_at, service.story(session, ticket.id))
                    assert planning.again(self.config, ticket, found).columns == {}


@pytest.fixture
def machine(db: Database, config: Tickets) -> Iterator[type[Merging]]:
    Merging.db, Merging.config = db, config
    yield Merging
    del Merging.db, Merging.config


def test_in_any_order(machine: type[Merging]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=6,
            stateful_step_count=16,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
