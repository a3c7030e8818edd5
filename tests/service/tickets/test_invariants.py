"""Whatever order things happen in, what must never happen does not."""

from contextlib import suppress
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
from tests.service.tickets.conftest import AGENT, HEALTH, NOW, SUPERVISOR, WORKS
from tickets import planning, service, sweeps
from tickets.config import Tickets
from tickets.models import EventKind, Ticket, TicketCall, TicketEvent
from tickets.service import TicketFacts
from tickets.workflow import Priority, Result, State, Waiting

CALLS = range(1, 6)
call_ids = st.sampled_from(CALLS)
actors = st.sampled_from([AGENT, SUPERVISOR, WORKS, HEALTH])
outcome_ids = st.sampled_from(
    ["information", "complaint", "follow_up", "emergency", "call_lost", "nonsense", None]
)
category_ids = st.sampled_from([None, "street_light", "rubbish", "corruption", "dragons"])
picks = st.integers(0, 9)


class TicketsOfCalls(RuleBasedStateMachine):
    """Agents, the wrap-up limit, divisions and the sweep, in any order, on five calls."""

    db: Database
    config: Tickets

    @initialize()
    def empty(self) -> None:
        self.now: datetime = NOW
        self.first: dict[int, str] = {}
        with self.db.write() as session:
            for row in (TicketCall, TicketEvent, Ticket):
                session.execute(sa.delete(row))

    def tickets(self) -> list[TicketFacts]:
        with self.db.read() as session:
            return list(service.every(session, service.Filters(), SUPERVISOR, now=self.now))

    def some(self, pick: int) -> TicketFacts | None:
        known = self.tickets()
        return known[pick % len(known)] if known else None

    @rule(
        call_id=call_ids,
        outcome=outcome_ids,
        category=category_ids,
        incomplete=st.booleans(),
        pick=picks,
    )
    def record(
        self,
        call_id: int,
        outcome: str | None,
        category: str | None,
        incomplete: bool,
        pick: int,
    ) -> None:
        about = self.some(pick)
        with self.db.write() as session:
            try:
                ticket = service.record_call(
                    session,
                    self.config,
                    call_id=call_id,
                    outcome=outcome,
                    category=category,
                    caller=f"+6681234567{call_id}",
                    incomplete=incomplete,
                    ticket_number=about.number if about else None,
                    now=self.now,
                )
            except HotlineError:
                assert not incomplete, "without the agent's word nothing may refuse the ticket"
                return
        if call_id in self.first:
            assert ticket.number == self.first[call_id]
        self.first[call_id] = ticket.number

    @rule(
        pick=picks,
        to=st.sampled_from(State),
        actor=actors,
        result=st.none() | st.sampled_from(Result),
        text=st.sampled_from(["", "เรียบร้อย"]),
    )
    def move(
        self, pick: int, to: State, actor: service.Actor, result: Result | None, text: str
    ) -> None:
        ticket = self.some(pick)
        if ticket is None:
            return
        with suppress(HotlineError), self.db.write() as session:
            service.move(
                session,
                self.config,
                ticket,
                to,
                actor=actor,
                result=result,
                text=text,
                now=self.now,
            )

    @rule(pick=picks, outcome=outcome_ids, category=category_ids, other=picks)
    def complete(self, pick: int, outcome: str | None, category: str | None, other: int) -> None:
        ticket, about = self.some(pick), self.some(other)
        if ticket is None or about is None:
            return
        with suppress(HotlineError), self.db.write() as session:
            theirs = service.complete(
                session,
                self.config,
                ticket,
                outcome=outcome or "",
                category=category,
                ticket_number=about.number,
                actor=AGENT,
                now=self.now,
            )
            for call_id, number in self.first.items():
                if number == ticket.number:
                    self.first[call_id] = theirs.number

    @rule(
        pick=picks,
        actor=actors,
        hours=st.integers(-1, 300),
        for_=st.sampled_from(Waiting),
        ends=st.booleans(),
    )
    def wait_or_go_on(
        self, pick: int, actor: service.Actor, hours: int, for_: Waiting, ends: bool
    ) -> None:
        ticket = self.some(pick)
        if ticket is None:
            return
        until = self.now + timedelta(hours=hours)
        with suppress(HotlineError), self.db.write() as session:
            if ends:
                service.resume(session, self.config, ticket, actor=actor, now=self.now)
            else:
                service.wait(
                    session,
                    self.config,
                    ticket,
                    for_=for_,
                    until=until,
                    text="x",
                    actor=actor,
                    now=self.now,
                )

    @rule(
        pick=picks,
        actor=actors,
        category=category_ids | st.sampled_from(["taxes", "cctv"]),
        priority=st.sampled_from(Priority),
        division=st.sampled_from([None, "engineering", "treasury", "cellar"]),
    )
    def route(
        self,
        pick: int,
        actor: service.Actor,
        category: str | None,
        priority: Priority,
        division: str | None,
    ) -> None:
        ticket = self.some(pick)
        if ticket is None:
            return
        with suppress(HotlineError), self.db.write() as session:
            service.route(
                session,
                self.config,
                ticket,
                category=category,
                priority=priority,
                division=division,
                text="x",
                actor=actor,
                now=self.now,
            )

    @rule(pick=picks, actor=actors)
    def note(self, pick: int, actor: service.Actor) -> None:
        ticket = self.some(pick)
        if ticket is None:
            return
        with suppress(HotlineError), self.db.write() as session:
            service.note(session, self.config, ticket, text="x", actor=actor, now=self.now)

    @rule(hours=st.integers(1, 100))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        with self.db.write() as session:
            sweeps.sweep(session, self.config, self.now)

    @invariant()
    def what_must_be_is(self) -> None:
        with self.db.read() as session:
            found = service.tickets_of_calls(session, CALLS)
            tickets = list(service.every(session, service.Filters(), SUPERVISOR, now=self.now))
            stories = [service.story(session, ticket.id) for ticket in tickets]
        # each recorded call has one ticket, the one that was answered
        assert {call_id: ticket.number for call_id, ticket in found.items()} == self.first
        for ticket, story in zip(tickets, stories, strict=True):
            owned_with_a_deadline(self.config, ticket)
            told_by_its_events(ticket, story)
            clocks_are_those_of_the_story(self.config, ticket, story)
            escalated_while_something_ran_out(self.config, ticket)
            if ticket.is_overdue(self.now):
                seen_when_late(ticket, story, self.now)


def owned_with_a_deadline(config: Tickets, ticket: TicketFacts) -> None:
    assert ticket.division in config.divisions
    assert ticket.is_open == (ticket.closed_at is None) == (ticket.result is None)
    assert not ticket.is_open or ticket.due_at is not None
    assert ticket.is_open or not ticket.incomplete


def told_by_its_events(ticket: TicketFacts, story: list[service.EventFacts]) -> None:
    told: dict[str, Any] = {}
    for event in story:
        if event.kind in (EventKind.MADE, EventKind.COMPLETED):
            told = {key: event.data[key] for key in ("state", "result", "due_at")}
        elif event.kind is EventKind.MOVED:
            told |= {"state": event.data["to"], "result": event.data["result"]}
            told |= {key: event.data[key] for key in ("due_at",) if key in event.data}
        if "resolve" in event.data.get("plan", {}):
            told["due_at"] = event.data["plan"]["resolve"]["due_at"]
    assert (told["state"], told["result"]) == (ticket.state, ticket.result)
    if ticket.is_open:
        assert ticket.due_at is not None
        assert told["due_at"] == ticket.due_at.isoformat()
    assert story[0].kind is EventKind.MADE
    assert [event.at for event in story] == sorted(event.at for event in story)


def clocks_are_those_of_the_story(
    config: Tickets, ticket: TicketFacts, story: list[service.EventFacts]
) -> None:
    """Reckoned anew from the events, every clock of an open ticket stands where it stands."""
    if ticket.is_open:
        found = planning.again(config, ticket, planning.history(ticket.received_at, story))
        assert (found.columns, found.said) == ({}, {})
    else:
        assert ticket.waiting_for is None
    assert (ticket.waiting_for is None) == (ticket.waiting_until is None)


def escalated_while_something_ran_out(config: Tickets, ticket: TicketFacts) -> None:
    assert not ticket.escalation or (ticket.is_open and ticket.ran_out)
    assert ticket.escalation <= len(config.escalation)


def seen_when_late(ticket: TicketFacts, story: list[service.EventFacts], now: datetime) -> None:
    """Time moves only with the sweep here: a late ticket has its event unless it changed since."""
    assert ticket.due_at is not None
    passed = [event.data["due_at"] for event in story if event.kind is EventKind.OVERDUE]
    assert ticket.due_at.isoformat() in passed or story[-1].at == now


@pytest.fixture
def machine(db: Database, config: Tickets) -> type[TicketsOfCalls]:
    class OnThisDatabase(TicketsOfCalls):
        pass

    OnThisDatabase.db, OnThisDatabase.config = db, config
    return OnThisDatabase


def test_invariants(machine: type[TicketsOfCalls]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=12,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
