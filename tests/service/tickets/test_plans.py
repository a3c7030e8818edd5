"""What runs every second or on every page must not read the whole table, now or in ten years."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import city
from hotline.db import Database, bulk_insert
from tests.service.tickets.conftest import AGENT, NOW, SUPERVISOR, WORKS
from tests.support.floors import CONFIG
from tickets import accountability, answering, attention, service, sweeps
from tickets.faults import Fault
from tickets.models import Ticket
from tickets.places import service as places
from tickets.places.rules import Box, Pin
from tickets.search import Order
from tickets.service import Filters, Show
from tickets.workflow import OPEN, State

Look = Callable[[Any], object]
CITY = city.load(CONFIG).tickets
MONTH = timedelta(days=30)
BOX = Box(12.8, 100.8, 13.0, 101.0)


def went_wrong(session: Session, fault: Fault | None = None, *divisions: str) -> object:
    asked = accountability.failures(
        session,
        CITY,
        SUPERVISOR,
        start=NOW - MONTH,
        end=NOW,
        divisions=divisions,
        fault=fault,
    )
    return list(asked)


@pytest.fixture
def plans(sqlite_url: str) -> Callable[[Look], str]:
    """Return SQLite's plan of the statements of a look (without statistics, as it lives)."""
    db = Database(sqlite_url)
    seen: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        seen.append((statement, parameters))

    def of(look: Look) -> str:
        seen.clear()
        sa.event.listen(db.engine, "before_cursor_execute", note)
        with db.read() as session:
            look(session)
        sa.event.remove(db.engine, "before_cursor_execute", note)
        with db.engine.connect() as connection:
            lines = [
                row[3]
                for statement, parameters in seen
                if statement.startswith("SELECT")
                for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            ]
        assert lines
        return "\n".join(lines)

    return of


@pytest.mark.parametrize(
    ("look", "index"),
    [
        (lambda s: service.search(s, Filters(states=OPEN), AGENT, now=NOW), "ix_tickets_open"),
        (
            lambda s: service.search(
                s, Filters(states=OPEN, divisions=frozenset({"traffic"})), AGENT, now=NOW
            ),
            "ix_tickets_open_division",
        ),
        (lambda s: service.search(s, Filters(overdue=True), AGENT, now=NOW), "ix_tickets_open"),
        (
            lambda s: service.search(s, Filters(incomplete=True), SUPERVISOR, now=NOW),
            "ix_tickets_incomplete",
        ),
        (lambda s: service.near_caller(s, "+66812345678", AGENT), "ix_ticket_calls_caller"),
        (lambda s: service.near_caller(s, "+66812345678", AGENT), "ix_tickets_caller"),
        (lambda s: service.story(s, 1), "ix_ticket_events_ticket"),
        (lambda s: service.owed(s, AGENT, now=NOW), "ix_tickets_open"),
        (lambda s: sweeps.anything(s, NOW), "ix_tickets_due_unseen"),
        (lambda s: sweeps.anything(s, NOW), "ix_tickets_acknowledge_unseen"),
        (lambda s: sweeps.anything(s, NOW), "ix_tickets_update_unseen"),
        (lambda s: sweeps.anything(s, NOW), "ix_tickets_waiting"),
        (lambda s: sweeps.anything(s, NOW), "ix_tickets_escalate"),
        (lambda s: sweeps.escalate(s, CITY, NOW), "ix_tickets_escalate"),
        (lambda s: attention.board(s, CITY, SUPERVISOR, now=NOW), "ix_tickets_closed"),
        (
            lambda s: attention.board(s, CITY, WORKS, divisions=WORKS.divisions, now=NOW),
            "ix_tickets_escalated",
        ),
        (
            lambda s: answering.waiting(s, CITY, WORKS, divisions=WORKS.divisions, now=NOW),
            "ix_tickets_unread",
        ),
        (
            lambda s: answering.waiting(s, CITY, WORKS, divisions=WORKS.divisions, now=NOW),
            "ix_ticket_sms_lost",
        ),
        (
            lambda s: accountability.account(s, CITY, SUPERVISOR, start=NOW - MONTH, end=NOW),
            "ix_ticket_faults_at",
        ),
        (
            lambda s: accountability.account(
                s, CITY, WORKS, start=NOW - MONTH, end=NOW, divisions=WORKS.divisions
            ),
            "ix_ticket_faults_division",
        ),
        (went_wrong, "ix_ticket_faults_at"),
        (lambda s: went_wrong(s, Fault.OVERDUE), "ix_ticket_faults_fault"),
        (lambda s: went_wrong(s, Fault.OVERDUE, "traffic"), "ix_ticket_faults_division"),
        (
            lambda s: accountability.account(s, CITY, SUPERVISOR, start=NOW - MONTH, end=NOW),
            "ix_tickets_received",
        ),
        (
            lambda s: service.search(s, Filters(order=Order.DUE), SUPERVISOR, now=NOW),
            "ix_tickets_due",
        ),
        (
            lambda s: service.search(
                s, Filters(order=Order.DUE, divisions=frozenset({"a", "b"})), SUPERVISOR, now=NOW
            ),
            "ix_tickets_due",
        ),
        (
            lambda s: service.search(
                s, Filters(order=Order.DUE, states=frozenset({State.DONE})), SUPERVISOR, now=NOW
            ),
            "ix_tickets_due",
        ),
        (lambda s: attention.board(s, CITY, SUPERVISOR, now=NOW), "ix_tickets_open"),
        *(
            (
                lambda s, show=show: service.search(
                    s, Filters(show=show, owner="lek"), AGENT, now=NOW
                ),
                # a few among all that have a place: those first
                "ix_ticket_places_contradicts" if show is Show.MISPLACED else "ix_tickets_",
            )
            for show in Show
        ),
        (
            lambda s: service.search(s, Filters(states=OPEN, area="hill"), AGENT, now=NOW),
            "ix_tickets_open_area",
        ),
        (lambda s: places.near(s, Pin(12.9, 100.9), 250, AGENT), "ix_ticket_places_pin"),
        (
            lambda s: places.near(s, Pin(12.9, 100.9), 250, AGENT, only_open=True),
            "ix_ticket_places_pin",
        ),
        (lambda s: places.open_in(s, BOX, AGENT), "ix_ticket_places_pin"),
        (lambda s: places.assets_in(s, BOX), "ix_assets_pin"),
    ],
)
def test_each_look_takes_its_index(plans: Callable[[Look], str], look: Look, index: str) -> None:
    plan = plans(look)
    assert f"INDEX {index}" in plan, plan
    assert "SCAN tickets\n" not in f"{plan}\n"


def test_the_guard_would_notice(plans: Callable[[Look], str]) -> None:
    """A look that has no index is seen as such."""
    plan = plans(lambda s: s.execute(sa.text("SELECT * FROM tickets WHERE language = 'th'")))
    assert "SCAN tickets" in plan


def test_postgresql_reads_what_is_due_in_that_order(postgresql_url: str) -> None:
    """With statistics, as it lives: a page of several divisions is not all that is open, sorted."""
    db = Database(postgresql_url)
    with db.write() as session:
        bulk_insert(
            session,
            Ticket,
            [
                {
                    "number": f"{n:08d}",
                    "kind": "complaint",
                    "state": "received" if n % 3 == 0 else "done",
                    "division": ("engineering", "traffic", "tourism")[n % 7 % 3],
                    "priority": "normal",
                    "text": "x" * 400,
                    "language": "th",
                    "source": "call",
                    "made_by": "nok",
                    "received_at": NOW,
                    "due_at": NOW + timedelta(minutes=n),
                    "closed_at": None if n % 3 == 0 else NOW,
                }
                for n in range(6_000)
            ],
        )
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE tickets")
    seen: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        seen.append((statement, parameters))

    two = frozenset({"engineering", "traffic"})
    filters = Filters(order=Order.DUE, states=OPEN, divisions=two)
    sa.event.listen(db.engine, "before_cursor_execute", note)
    with db.read() as session:
        found = service.search(session, filters, AGENT, now=NOW).tickets
    sa.event.remove(db.engine, "before_cursor_execute", note)
    assert [each.due_at for each in found] == sorted(each.due_at or NOW for each in found)
    statement, parameters = next(each for each in seen if "ORDER BY" in each[0])
    with db.engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
        plan = "\n".join(row[0] for row in rows)
    db.dispose()
    assert "ix_tickets_open_due" in plan
    assert "Sort" not in plan
