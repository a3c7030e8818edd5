"""Nothing is left alone: clocks that ran out are noticed once and told level by level."""

import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from hotline.db import Database, bulk_insert
from hotline.floor import Floor
from tests.service.tickets.conftest import NOW, SUPERVISOR, WORKS
from tickets import attention, jobs, service, sweeps
from tickets.config import Tickets
from tickets.models import EventKind, Ticket, TicketEvent
from tickets.service import Filters, Show, TicketFacts
from tickets.workflow import Result, State

Make = Callable[..., TicketFacts]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def make(db: Database, config: Tickets) -> Make:
    calls = iter(range(1, 10_000))

    def complaint(category: str | None = "street_light", **more: Any) -> TicketFacts:
        asked = {"outcome": "complaint", "by": "nok", "now": NOW} | more
        with db.write() as session:
            return service.record_call(
                session, config, call_id=next(calls), category=category, **asked
            )

    return complaint


@pytest.fixture
def sweep(db: Database, config: Tickets) -> Callable[[timedelta], None]:
    def at(after: timedelta) -> None:
        with db.write() as session:
            sweeps.sweep(session, config, NOW + after)

    return at


def told(db: Database, ticket: TicketFacts, *kinds: EventKind) -> list[dict[str, Any]]:
    with db.read() as session:
        story = service.story(session, ticket.id)
    return [event.data for event in story if event.kind in kinds]


def fresh(db: Database, ticket: TicketFacts) -> TicketFacts:
    with db.read() as session:
        return service.by_number(session, ticket.number)


def test_each_clock_that_runs_out_is_noticed_once(db: Database, make: Make, sweep: Any) -> None:
    ticket = make()
    sweep(DAY)
    assert told(db, ticket, EventKind.MISSED) == []  # at the moment itself it is not yet late
    for after in (DAY + HOUR, DAY + 2 * HOUR):
        sweep(after)
    missed = told(db, ticket, EventKind.MISSED)
    assert missed == [{"clock": "acknowledge", "due_at": (NOW + DAY).isoformat()}]
    for _ in range(2):
        sweep(6 * DAY)
    clocks = [data["clock"] for data in told(db, ticket, EventKind.MISSED)]
    assert clocks == ["acknowledge", "update"]
    assert len(told(db, ticket, EventKind.OVERDUE)) == 1


def test_it_goes_up_level_by_level_to_the_top_and_stays_there(
    db: Database, make: Make, sweep: Any, config: Tickets
) -> None:
    ticket = make()
    expected = [level.to.value for level in config.escalation]
    for level in config.escalation:
        sweep(DAY + timedelta(hours=level.after_hours) - timedelta(minutes=1))
        before = len(told(db, ticket, EventKind.ESCALATED))
        sweep(DAY + timedelta(hours=level.after_hours) + timedelta(minutes=1))
        assert len(told(db, ticket, EventKind.ESCALATED)) == before + 1
    for days in (20, 30):
        sweep(days * DAY)
    steps = told(db, ticket, EventKind.ESCALATED)
    assert [step["to"] for step in steps] == expected
    assert [step["level"] for step in steps] == list(range(1, len(expected) + 1))
    assert all(step["since"] == (NOW + DAY).isoformat() for step in steps)
    assert fresh(db, ticket).escalation == len(expected)
    assert fresh(db, ticket).escalate_at is None


def test_what_is_made_good_goes_no_further_and_begins_anew(
    db: Database, make: Make, sweep: Any, config: Tickets
) -> None:
    ticket = make()
    sweep(DAY + HOUR)
    assert fresh(db, ticket).escalation == 1
    with db.write() as session:
        service.note(session, config, ticket, text="ดูแล้ว", actor=WORKS, now=NOW + DAY + 2 * HOUR)
    healed = fresh(db, ticket)
    assert (healed.escalation, healed.escalate_at, healed.ran_out) == (0, None, {})
    sweep(2 * DAY + 23 * HOUR)
    assert len(told(db, ticket, EventKind.ESCALATED)) == 1
    sweep(3 * DAY + HOUR)  # overdue: from the first level on
    assert [step["level"] for step in told(db, ticket, EventKind.ESCALATED)] == [1, 1]
    with db.write() as session:  # a word does not make good what is overdue
        service.note(session, config, ticket, text="x", actor=WORKS, now=NOW + 3 * DAY + HOUR)
    assert fresh(db, ticket).escalation == 1


def test_what_is_closed_is_left_alone(
    db: Database, make: Make, sweep: Any, config: Tickets
) -> None:
    ticket = make()
    sweep(DAY + HOUR)
    with db.write() as session:
        service.move(
            session,
            config,
            ticket,
            State.DONE,
            actor=WORKS,
            result=Result.FIXED,
            text="x",
            now=NOW + DAY + HOUR,
        )
    sweep(30 * DAY)
    assert len(told(db, ticket, EventKind.ESCALATED)) == 1
    assert told(db, ticket, EventKind.OVERDUE) == []


def test_without_levels_nobody_is_told_and_all_is_noticed(
    db: Database, make: Make, config: Tickets
) -> None:
    ticket = make()
    silent = config.model_copy(update={"escalation": ()})
    with db.write() as session:
        sweeps.sweep(session, silent, NOW + 9 * DAY)
    assert told(db, ticket, EventKind.ESCALATED) == []
    assert len(told(db, ticket, EventKind.MISSED, EventKind.OVERDUE)) == 3


def test_however_many_sweep_each_thing_happens_once(
    db: Database, make: Make, config: Tickets
) -> None:
    tickets = [make() for _ in range(8)]
    gate = threading.Barrier(4, timeout=30)
    faults: list[Exception] = []

    def go() -> None:
        gate.wait()
        try:
            for _ in range(3):
                with db.write() as session:
                    sweeps.sweep(session, config, NOW + DAY + HOUR)
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []
    for ticket in tickets:
        assert len(told(db, ticket, EventKind.MISSED)) == 1
        assert len(told(db, ticket, EventKind.ESCALATED)) == 1


def test_a_backlog_is_taken_batch_by_batch(
    db: Database, make: Make, sweep: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeps, "BATCH", 2)
    tickets = [make() for _ in range(5)]
    for expected in (2, 4, 5):
        sweep(DAY + HOUR)
        assert sum(len(told(db, each, EventKind.MISSED)) for each in tickets) == expected
    for _ in range(2):
        sweep(DAY + HOUR)
    assert all(len(told(db, each, EventKind.ESCALATED)) == 1 for each in tickets)


def test_after_an_outage_a_sweep_takes_batches_one_after_the_other(
    floor: Floor, db: Database, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is a unit of work of its own, so that who else writes waits for one batch at most."""
    monkeypatch.setattr(sweeps, "BATCH", 2)
    tickets = [make() for _ in range(5)]
    written: list[int] = []
    begin = floor.db.write

    def write() -> Any:
        written.append(1)
        return begin()

    monkeypatch.setattr(floor.db, "write", write)
    jobs.sweep_clocks(floor, NOW + DAY + HOUR)
    assert len(written) == 3
    assert all(len(told(db, each, EventKind.MISSED)) == 1 for each in tickets)
    assert all(len(told(db, each, EventKind.ESCALATED)) == 1 for each in tickets)
    jobs.sweep_clocks(floor, NOW + DAY + HOUR)
    assert len(written) == 3, "nothing is left, and no lock is taken for it"


def test_a_sweep_of_a_hundred_thousand_tickets_is_bounded(sqlite_url: str, config: Tickets) -> None:
    """What one sweep does is the batch, whatever the city has: the rest of the table is not read
    (the plans are held in test_plans), and nothing to do costs five looks.
    """
    db = Database(sqlite_url)
    rows = [
        {
            "number": f"{n:08d}",
            "kind": "complaint",
            "state": "received" if n % 10 == 0 else "done",
            "division": "engineering",
            "priority": "normal",
            "text": "x",
            "language": "th",
            "source": "call",
            "made_by": "nok",
            "received_at": NOW,
            "due_at": NOW + 3 * DAY,
            "acknowledge_due_at": NOW + DAY,
            "closed_at": None if n % 10 == 0 else NOW,
        }
        for n in range(100_000)
    ]
    with db.write() as session:
        bulk_insert(session, Ticket, rows)
    with db.write() as session:
        sweeps.sweep(session, config, NOW + 2 * DAY)
    with db.read() as session:
        kinds = session.execute(
            sa.select(TicketEvent.kind, sa.func.count()).group_by(TicketEvent.kind)
        )
        counted = {row.kind: row[1] for row in kinds}
        assert counted == dict.fromkeys(("missed", "escalated", "told"), sweeps.BATCH)
    db.dispose()


# ---------------------------------------------------------------- lists and boards


def found(db: Database, show: Show, after: timedelta, **more: Any) -> list[int]:
    with db.read() as session:
        page = service.search(session, Filters(show=show, **more), SUPERVISOR, now=NOW + after)
    return sorted(ticket.id for ticket in page.tickets)


def test_the_lists_of_a_day(db: Database, make: Make, config: Tickets, sweep: Any) -> None:
    light, bins = make(), make("rubbish")
    with db.write() as session:
        service.move(session, config, light, State.IN_PROGRESS, actor=WORKS, now=NOW)
    assert found(db, Show.MINE, HOUR, owner="lek") == [light.id]
    assert found(db, Show.UNOWNED, HOUR) == [bins.id]
    assert found(db, Show.TODAY, DAY, due_until=NOW + 2 * DAY + HOUR) == [bins.id]
    assert found(db, Show.DAYS_3, DAY, due_until=NOW + 4 * DAY) == [light.id, bins.id]
    assert found(db, Show.OVERDUE, 2 * DAY + HOUR) == [bins.id]
    assert found(db, Show.UNACKNOWLEDGED, DAY + HOUR) == [bins.id]
    assert found(db, Show.SILENT, 6 * DAY) == [light.id, bins.id]
    assert found(db, Show.ESCALATED, 6 * DAY) == []
    sweep(DAY + HOUR)
    assert found(db, Show.ESCALATED, 6 * DAY) == [bins.id]
    with db.read() as session:
        owed = service.owed(
            session, SUPERVISOR, now=NOW + DAY + HOUR, day_ends=NOW + 2 * DAY + HOUR
        )
    assert (owed.open, owed.today, owed.unacknowledged, owed.unowned) == (2, 1, 1, 1)
    assert (owed.silent, owed.mine, owed.overdue) == (0, 0, 0)


def test_the_board_counts_by_division_and_what_is_open_and_late_is_not_on_time(
    db: Database, make: Make, config: Tickets, sweep: Any
) -> None:
    done, late, bins = make(), make(), make("rubbish")
    with db.write() as session:
        service.move(
            session,
            config,
            done,
            State.DONE,
            actor=WORKS,
            result=Result.FIXED,
            text="x",
            now=NOW + DAY,
        )
    sweep(4 * DAY)
    with db.read() as session:
        board = attention.board(session, config, SUPERVISOR, now=NOW + 4 * DAY)
        mine = attention.board(session, config, WORKS, divisions=WORKS.divisions, now=NOW + 4 * DAY)
    rows = {row.division: row for row in board.rows}
    works = rows["engineering"]
    assert (works.open, works.unacknowledged, works.overdue, works.silent) == (1, 1, 1, 0)
    assert works.on_time == 0.5
    assert rows["public_health"].on_time == 0
    assert rows["traffic"].on_time is None
    assert rows["traffic"].needs_attention  # nobody has an account here
    assert {ticket.id for ticket in board.escalated} == {late.id, bins.id}
    assert [row.division for row in mine.rows] == ["engineering"]
    assert {ticket.id for ticket in mine.escalated} == {late.id}


def test_a_night_is_kept_once(db: Database, make: Make, config: Tickets, sweep: Any) -> None:
    ticket = make()
    sweep(4 * DAY)
    day = date(2026, 11, 24)
    for after, expected in ((4 * DAY, True), (5 * DAY, False)):
        with db.write() as session:
            assert attention.keep(session, config, day, NOW + after) is expected
    with db.read() as session:
        night = attention.night(session, day)
        assert attention.nights(session) == [day]
        assert attention.night(session, date(2026, 11, 25)) is None
    assert night is not None
    assert night.at == NOW + 4 * DAY
    assert night.unattended == list(config.divisions)
    assert night.divisions == [
        {
            "division": "engineering",
            "open": 1,
            "unacknowledged": 1,
            "silent": 0,
            "overdue": 1,
            "escalated": 1,
        }
    ]
    assert night.tickets["overdue"] == [ticket.number]
