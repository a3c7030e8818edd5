"""The night's other parts: tickets, presence, topics; all numbers of a span; and the check."""

import logging
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from agents import service as agents
from agents.states import Trouble
from hotline import auth, clock
from hotline.auth import Role
from hotline.floor import Floor
from hotline.models import Notice
from ivr.models import Call
from reports import check, jobs, matters, rollups, service, source
from reports.figures import figures
from reports.history import service as history
from reports.metrics import total
from reports.models import (
    NightRun,
    ReportDay,
    RollupDay,
    call_days,
    call_intervals,
    call_topics,
    presence_days,
    ticket_days,
)
from reports.rollups import Part
from reports.service import How, days_between
from reports.span import Span
from reports.topics import By
from tests.service.reports.test_night import DAY, NEXT, midnight, night, write_day
from tests.support.prepared import prepared
from tests.support.stories import Story, snapshot
from tickets import handling
from tickets import service as tickets
from tickets.config import Tickets
from tickets.service import Actor, TicketFacts
from tickets.workflow import Priority, Result, State
from tickets.workflow import Role as Mover

HOUR, ONE_DAY = timedelta(hours=1), timedelta(days=1)
SUPERVISOR = Actor("supervisor", Mover.SUPERVISOR)
TABLES = (call_intervals, call_days, call_topics, ticket_days, presence_days)


@pytest.fixture
def how(floor: Floor) -> How:
    return How.of(floor)


def everything(floor: Floor) -> list[Any]:
    with floor.db.read() as session:
        return [snapshot(session, table) for table in TABLES]


def complaint(floor: Floor, at: datetime, call_id: int, **more: Any) -> TicketFacts:
    with floor.db.write() as session:
        asked = {"outcome": "complaint", "category": "street_light", "by": "nok"} | more
        return tickets.record_call(
            session, floor.section(Tickets), call_id=call_id, now=at, **asked
        )


def close(floor: Floor, ticket: TicketFacts, at: datetime, result: Result = Result.FIXED) -> None:
    config = floor.section(Tickets)
    with floor.db.write() as session:
        done = tickets.by_number(session, ticket.number)
        tickets.move(
            session,
            config,
            done,
            State.DONE,
            actor=SUPERVISOR,
            result=result,
            text="done",
            without_photo=True,
            now=at,
        )


def conversation(floor: Floor, at: datetime, number: str | None = None, **more: Any) -> int:
    """A call that was answered and written up, with its ticket."""
    with floor.db.write() as session:
        story = Story(session, at).queued().connected().done()
        if number:
            session.execute(
                sa.update(Call).where(Call.id == story.call_id).values(from_number=number)
            )
    complaint(floor, story.at, story.call_id, **more)
    return story.call_id


def work(floor: Floor, start: datetime, hours: int = 8) -> int:
    """An agent who is ready for so many hours, one of them in a call."""
    with floor.db.write() as session:
        account = auth.create_account(
            session,
            username=f"worker{start:%d%H}",
            name="Nok",
            role=Role.AGENT,
            password=None,
            now=start,
        )
        made = agents.create_agent(
            session, account_id=account, name="Nok", queues=(), languages=(), now=start
        )
        at = start
        agents.ready(session, made.id, now=at)
        agents.reserve(session, made.id, offer_id=1, call_id=1, now=at + HOUR)
        agents.on_call(session, made.id, offer_id=1, now=at + HOUR)
        agents.wrap_up(session, made.id, call_id=1, until=at + 3 * HOUR, now=at + 2 * HOUR)
        agents.finish(session, made.id, call_id=1, now=at + 2 * HOUR + HOUR / 2)
        agents.sign_out(session, made.id, now=start + hours * HOUR)
    return made.id


@prepared
def played(floor: Floor) -> None:
    """Two days with something of everything; the first counted by its night."""
    morning = midnight(floor) + 8 * HOUR
    write_day(floor, DAY, 20)
    write_day(floor, NEXT, 10, seed=2)
    for number in range(6):
        call = conversation(floor, morning + number * HOUR)
        with floor.db.read() as session:
            of_call = tickets.ticket_of_call(session, call)
        assert of_call is not None
        if number < 3:
            close(floor, of_call, morning + (number + 3) * HOUR)
    complaint(floor, morning, 10_001, outcome="information", category=None)
    night(floor, DAY)


# ---------------------------------------------------------------- idempotent, late, caught up


def test_every_part_counts_the_same_however_often(floor, how):
    played(floor)
    once = everything(floor)
    night(floor, DAY)
    with clock.driven(midnight(floor, NEXT) + HOUR):
        jobs.recompute(floor, DAY, DAY)
    assert everything(floor) == once
    assert all(once[:4])
    with floor.db.read() as session:
        cells = rollups.read_tickets(session, DAY, DAY)
    found = matters.total(cells, DAY)
    assert (found.tickets_received, found.tickets_answered_at_once) == (7, 1)
    assert (found.tickets_resolved, found.tickets_open) == (3, 3)


def test_tickets_are_counted_before_the_lock_and_again_when_one_has_moved(floor, how):
    """What was counted before the lock for writing is written only while it is still so."""
    played(floor)
    now = midnight(floor, NEXT) + HOUR
    with floor.db.read() as session:
        counted = rollups.counted_tickets(session, DAY, NEXT, how, now=now)
    for moved in (False, True):
        if moved:
            complaint(floor, midnight(floor) + 3 * HOUR, 20_001)
        for day in (DAY, NEXT):
            with floor.db.write() as session:
                rollups.rebuild_tickets(session, day, day, how, now=now, counted=counted)
        with floor.db.read() as session:
            cells = rollups.read_tickets(session, DAY, NEXT)
            fresh, _ = rollups.count_tickets(session, DAY, NEXT, how, now=now)
        assert cells == fresh
        assert (cells == counted.cells) is not moved


def one_more_call(floor: Floor) -> None:
    with floor.db.write() as session:
        Story(session, midnight(floor) + 3 * HOUR).queued().abandoned(9)


def another_ticket(floor: Floor) -> None:
    complaint(floor, midnight(floor) + 3 * HOUR, 20_001)


def counted_by_another(floor: Floor) -> None:
    """What an import marks, and another night counts meanwhile, leaves no mark behind."""
    with clock.driven(midnight(floor, NEXT) + 2 * HOUR):
        jobs.recompute(floor, DAY, DAY)


def marked_by_an_import(floor: Floor) -> None:
    with floor.db.write() as session:
        history.mark(session, [DAY])


def a_call_of_another_day(floor: Floor) -> None:
    with floor.db.write() as session:
        Story(session, midnight(floor, NEXT) + HOUR / 2).queued()


@pytest.mark.parametrize(
    ("meanwhile", "read_again"),
    [
        (lambda _floor: None, False),
        (a_call_of_another_day, False),
        (one_more_call, True),
        (another_ticket, True),
        (counted_by_another, True),
        (marked_by_an_import, True),
    ],
)
def test_calls_are_counted_before_the_lock_and_again_when_the_day_has_changed(
    floor, how, monkeypatch, meanwhile, read_again
):
    """What was counted before the lock for writing is written only while it is still so."""
    played(floor)
    now = midnight(floor, NEXT) + HOUR
    with floor.db.read() as session:
        counted = service.counted_calls(session, DAY, how, now=now)
    meanwhile(floor)
    with floor.db.read() as session:
        fresh = service.counted_calls(session, DAY, how, now=now)
    read: list[date] = []
    facts_of = service.facts_of

    def reading(session, day, how):
        read.append(day)
        return facts_of(session, day, how)

    monkeypatch.setattr(service, "facts_of", reading)
    with floor.db.write() as session:
        service.rebuild_day(session, DAY, how, now=now, counted=counted)
    assert bool(read) is read_again
    with floor.db.read() as session:
        stood = {row.cell: row.counters for row in service.rows(session, DAY, DAY)}
        days = {(row.queue, row.language) for row in service.day_rows(session, DAY, DAY)}
        topics = {key: each for (_, key), each in rollups.read_topics(session, DAY, DAY).items()}
        marked = source.days_to_count(session, DAY, DAY)
    assert (stood, topics) == (fresh.cells, fresh.topics)
    assert days == set(service.summed(fresh.cells))
    assert not marked


def test_presence_is_counted_before_the_lock_and_again_when_somebody_came_or_went(floor, how):
    work(floor, midnight(floor) + HOUR)
    now = midnight(floor, NEXT) + HOUR
    with floor.db.read() as session:
        counted = rollups.counted_presence(session, DAY, how, now=now)
    work(floor, midnight(floor) + 2 * HOUR)
    with floor.db.write() as session:
        done = rollups.rebuild_presence(session, DAY, how, now=now, counted=counted)
    assert (len(counted.cells), done.read) == (1, 2)
    with floor.db.read() as session:
        counted = rollups.counted_presence(session, DAY, how, now=now)
        # what comes after the moment that is counted at is not of it
        agent = next(iter(counted.cells))
    with floor.db.write() as session:
        agents.ready(session, agent, now=now + HOUR)
    with floor.db.read() as session:
        assert rollups.counted_presence(session, DAY, how, now=now) == counted


def test_a_night_reads_nothing_under_sqlites_lock(floor, how, monkeypatch):
    """A caller's next step waits for it."""
    played(floor)
    work(floor, midnight(floor) + HOUR)
    locked: list[bool] = []
    facts_of, presence_of = service.facts_of, rollups.count_presence_of

    def note(session: Any) -> None:
        options = session.connection().get_execution_options()
        locked.append(not options.get("read_only"))

    def facts(session, day, how):
        note(session)
        return facts_of(session, day, how)

    def presence(session, day, how, *, now):
        note(session)
        return presence_of(session, day, how, now=now)

    monkeypatch.setattr(service, "facts_of", facts)
    monkeypatch.setattr(rollups, "count_presence_of", presence)
    with clock.driven(midnight(floor, NEXT) + 3 * HOUR):
        jobs.recompute(floor, DAY, DAY)
    assert locked == [not floor.db.is_sqlite] * 2


def test_a_missed_night_is_caught_up_in_every_part(floor):
    old = DAY - 9 * ONE_DAY
    complaint(floor, midnight(floor, old) + HOUR, 1)
    work(floor, midnight(floor, old) + HOUR)
    night(floor, DAY)
    with floor.db.read() as session:
        for part in (Part.TICKETS, Part.PRESENCE):
            days = {each.day for each in rollups.known(session, part, old, DAY)}
            assert days == set(days_between(old, DAY))
        assert matters.total(rollups.read_tickets(session, old, DAY), DAY).tickets_open == 1


def test_a_late_correction_changes_the_past_and_marks_it(floor):
    """A category is put right after ten days: the day of receipt and all since say so."""
    ticket = complaint(floor, midnight(floor) + HOUR, 1)
    night(floor, DAY)
    night(floor, NEXT)
    later = DAY + 10 * ONE_DAY
    with floor.db.write() as session:
        handling.route(
            session,
            floor.section(Tickets),
            tickets.by_number(session, ticket.number),
            category="rubbish",
            priority=Priority.NORMAL,
            division=None,
            text="it is a bin",
            actor=SUPERVISOR,
            now=midnight(floor, later) + HOUR,
        )
    night(floor, later)
    with floor.db.read() as session:
        cells = rollups.read_tickets(session, DAY, later)
        assert {of.category for of in cells} == {"rubbish"}
        revised = {
            each.day for each in rollups.known(session, Part.TICKETS, DAY, later) if each.revised_at
        }
    assert revised == {DAY, NEXT}


def test_other_rules_count_again_and_are_no_correction(floor, how, monkeypatch):
    played(floor)
    with floor.db.write() as session:
        session.execute(sa.update(ReportDay).values(rules="older"))
        session.execute(sa.update(call_intervals).values(answered=0))
        session.execute(sa.delete(call_days))
    night(floor, NEXT)
    with floor.db.read() as session:
        assert set(session.scalars(sa.select(ReportDay.rules))) == {how.mark}
        assert session.get(ReportDay, DAY).revised_at is None
    assert check.run(floor.db, DAY, NEXT, how) == []


def test_a_run_tells_what_it_read_and_wrote_and_the_totals(floor):
    played(floor)
    with floor.db.read() as session:
        data = session.scalars(sa.select(NightRun.data)).one()
    assert data["calls"]["read"] == 26
    assert data["calls"]["before"]["calls"] == 0
    assert data["calls"]["after"]["calls"] == 26
    assert data["tickets"]["after"] == {
        "tickets_received": 7,
        "tickets_closed": 3,
        "tickets_reopened": 0,
    }
    assert data["tickets"]["days_changed"] == [DAY.isoformat()]


# ---------------------------------------------------------------- the agents' time


def test_presence_across_midnight(floor, how):
    agent = work(floor, midnight(floor, NEXT) - 2 * HOUR)
    with clock.driven(midnight(floor, NEXT) + 20 * HOUR):
        jobs.recompute(floor, DAY, NEXT)
    with floor.db.read() as session:
        found = rollups.read_presence(session, DAY, NEXT)
    first, second = found[DAY, agent], found[NEXT, agent]
    assert (first.present_ms, first.on_call_ms) == (2 * 3_600_000, 3_600_000)
    assert (second.present_ms, second.wrapping_up_ms) == (6 * 3_600_000, 1_800_000)


def test_time_unreachable_is_told_apart_as_its_events_tell(floor, how):
    """A break in between is a break, after which the telephone still fails."""
    start = midnight(floor) + 8 * HOUR
    agent = work(floor, start)
    with floor.db.write() as session:
        later = start + 8 * HOUR
        agents.ready(session, agent, now=later)
        agents.telephone_fails(session, agent, Trouble.AWAY, now=later + HOUR)
        agents.take_break(session, agent, reason="meal", now=later + 2 * HOUR)
        agents.ready(session, agent, now=later + 3 * HOUR)
        agents.telephone_works(session, agent, now=later + 4 * HOUR)
        agents.sign_out(session, agent, now=later + 5 * HOUR)
    with clock.driven(midnight(floor, NEXT) + 20 * HOUR):
        jobs.recompute(floor, DAY, NEXT)
    with floor.db.read() as session:
        day = rollups.read_presence(session, DAY, NEXT)[DAY, agent]
    hours = [day.present_ms, day.available_ms, day.unreachable_ms, day.on_call_ms, day.break_ms]
    assert [each / 3_600_000 for each in hours] == [13, 8.5, 2, 1, 1]


# ---------------------------------------------------------------- who called again


def test_first_calls_are_told_once_their_days_are_over(floor, how):
    at = midnight(floor) + 9 * HOUR
    conversation(floor, at, "+66811111111")
    conversation(floor, at + 3 * ONE_DAY, "+66811111111")
    conversation(floor, at, "+66822222222")
    night(floor, DAY)

    def told() -> dict[str, int]:
        with floor.db.read() as session:
            found = rollups.read_topics(session, DAY, DAY)
        return {key.key: tally.calls for (_, key), tally in found.items() if key.by is By.FIRST}

    assert told() == {}
    night(floor, DAY + how.first_call_days * ONE_DAY)
    assert told() == {"repeated": 1, "resolved": 1}
    with floor.db.read() as session:
        assert session.get(ReportDay, DAY).revised_at is None
        now = midnight(floor, DAY + 9 * ONE_DAY)
        found = figures(session, Span(DAY, DAY), how, now=now)
    assert found.metrics["first_call_resolution"] == 0.5
    # who called is forgotten: what was known stays
    with floor.db.write() as session:
        session.execute(sa.update(Call).values(forgotten_at=at, from_number="forgotten"))
    with clock.driven(midnight(floor, DAY + 40 * ONE_DAY)):
        jobs.recompute(floor, DAY, DAY)
    assert told() == {"repeated": 1, "resolved": 1}


# ---------------------------------------------------------------- all numbers of a span


def test_the_figures_are_the_sums_of_the_rows(floor, how):
    played(floor)
    now = midnight(floor, NEXT) + 12 * HOUR
    with floor.db.read() as session:
        found = figures(session, Span.of_fiscal_year(2570), how, now=now)
        whole = service.counted(session, DAY, NEXT, how, now=now, by_day=True)
        cells, _ = rollups.count_tickets(session, DAY, NEXT, how, now=now)
    assert found.calls.counters == total(row.counters for row in whole.rows)
    assert found.coverage[Part.CALLS].live == (NEXT,)
    assert found.tickets.counters == matters.total(cells, NEXT)
    for groups in (found.calls_by_month, found.calls_by_queue, found.calls_by_language):
        assert total(each.counters for each in groups.values()) == found.calls.counters
    for groups in (found.tickets_by_category, found.tickets_by_division, found.tickets_by_area):
        summed = matters.TicketCounters()
        for each in groups.values():
            summed.add(each.counters)
        assert summed == found.tickets.counters
    assert sum(tally.calls for tally in found.hours.values()) == found.calls.counters.calls
    answered = found.calls.counters.wrapped_up
    assert sum(tally.answered for tally in found.outcomes.values()) == answered
    assert found.metrics["service_level"] == found.calls.rates.service_level


def test_nothing_is_empty_and_not_zero(floor, how):
    with floor.db.read() as session:
        # a day without a call is counted while it lasts; one that nobody counted is not known
        found = figures(session, Span(DAY, DAY), how, now=midnight(floor) + 12 * HOUR).metrics
        later = figures(session, Span(DAY, DAY), how, now=midnight(floor, NEXT)).metrics
    assert {later[each] for each in ("calls", "tickets_received", "present_ms")} == {None}
    for name in ("service_level", "average_wait", "on_time", "occupancy", "wait_95", "talk_max_ms"):
        assert found[name] is None, name
    assert found["calls"] == 0
    assert found["tickets_open"] is None


def test_another_formula_changes_the_past_everywhere_at_once(floor, how):
    played(floor)
    now = midnight(floor, NEXT) + 12 * HOUR
    with floor.db.read() as session:
        before = everything(floor)
        one = figures(session, Span(DAY, DAY), how, now=now)
        other = replace(how, formula="answered_only")
        two = figures(session, Span(DAY, DAY), other, now=now)
    assert one.metrics["service_level"] != two.metrics["service_level"]
    assert other.mark == how.mark  # nothing is counted again for it
    assert everything(floor) == before


# ---------------------------------------------------------------- the check


def test_the_check_finds_every_number_that_the_events_do_not_give(floor, how, caplog):
    with floor.db.write() as session:
        auth.create_account(
            session,
            username="admin",
            name="A",
            role=Role.ADMINISTRATOR,
            password=None,
            now=midnight(floor),
        )
    played(floor)
    work(floor, midnight(floor, DAY) + HOUR)
    with clock.driven(midnight(floor, NEXT) + HOUR):
        jobs.recompute(floor, DAY, DAY)
    assert check.run(floor.db, DAY, NEXT, how) == []
    for table, column in (
        (call_intervals, "calls"),
        (call_days, "offered"),
        (call_topics, "calls"),
        (ticket_days, "tickets_open"),
        (presence_days, "on_call_ms"),
    ):
        with floor.db.write() as session:
            session.execute(sa.update(table).values({column: table.c[column] + 1}))
        found = check.run(floor.db, DAY, DAY, how)
        assert found, table.name
        assert {each.counter for each in found} == {column}
        assert all(each.stored == each.counted + 1 for each in found)
        with floor.db.write() as session:
            session.execute(sa.update(table).values({column: table.c[column] - 1}))
    with floor.db.write() as session:
        session.execute(sa.update(call_days).values(calls=call_days.c.calls + 1))
    found = check.run(floor.db, DAY, DAY, how)
    with caplog.at_level(logging.ERROR):
        check.alarm(floor.db, DAY, found, now=midnight(floor, NEXT))
        check.alarm(floor.db, DAY, found, now=midnight(floor, NEXT))
    assert "differ from the events" in caplog.text
    with floor.db.read() as session:
        told = session.scalars(sa.select(Notice.kind)).all()
    assert told == ["reports"]  # once a night
    assert date(2026, 11, 20) == DAY
    with floor.db.read() as session:
        assert session.get(RollupDay, ("tickets", DAY)) is not None
