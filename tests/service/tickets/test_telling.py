"""Each step of an escalation reaches somebody, and the ticket says whom."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from hotline import clock
from hotline.db import Database
from hotline.floor import Floor
from hotline.models import Account, Notice
from hotline.notices.rules import Kind
from tests.service.tickets.conftest import AGENT, NOW, SUPERVISOR
from tickets import jobs, service, sweeps, telling
from tickets.config import Tickets
from tickets.models import EventKind
from tickets.service import TicketFacts

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PEOPLE = {
    "division": "division",
    "supervisor": "supervisor",
    "manager": "manager",
    "administrator": "administrator",
}


def account(db: Database, username: str, role: str, *, active: bool = True) -> None:
    row = {"username": username, "name": username.title(), "role": role, "password": "-"}
    with db.write() as session:
        session.add(Account(**row, active=active, created_at=NOW))


@pytest.fixture
def everybody(db: Database) -> None:
    for username, role in PEOPLE.items():
        account(db, username, role)


@pytest.fixture
def make(db: Database, config: Tickets) -> Callable[..., TicketFacts]:
    def complaint(**more: Any) -> TicketFacts:
        asked = {"outcome": "complaint", "by": "nok", "now": NOW, "call_id": 1} | more
        with db.write() as session:
            return service.record_call(session, config, category="street_light", **asked)

    return complaint


def sweep(db: Database, config: Tickets, after: timedelta) -> None:
    with db.write() as session:
        sweeps.sweep(session, config, NOW + after)


def told(db: Database) -> list[tuple[str, str, bool]]:
    with db.read() as session:
        rows = session.execute(
            sa.select(Account.username, Notice.kind, Notice.urgent)
            .join(Notice, Notice.account_id == Account.id)
            .order_by(Notice.id)
        )
        return [tuple(row) for row in rows]


def test_each_level_is_told_once_and_the_story_names_them(
    db: Database, config: Tickets, make: Any, everybody: None
) -> None:
    ticket = make()
    for level in config.escalation:
        for minutes in (1, 2):
            sweep(db, config, DAY + timedelta(hours=level.after_hours, minutes=minutes))
    expected = ["division", "supervisor", "supervisor", "manager", "administrator"]
    assert told(db) == [(name, Kind.ESCALATED, False) for name in expected]
    with db.read() as session:
        story = service.story(session, ticket.id)
    steps = [event.data for event in story if event.kind is EventKind.TOLD]
    assert [(step["level"], step["to"]) for step in steps] == [
        (n, [name]) for n, name in enumerate(expected, 1)
    ]


def test_a_division_without_anybody_is_told_loudly_by_the_central_desk(
    db: Database, config: Tickets, make: Any
) -> None:
    account(db, "supervisor", "supervisor")
    account(db, "division", "division", active=False)
    make()
    sweep(db, config, DAY + HOUR)
    assert told(db) == [("supervisor", Kind.ESCALATED, True)]


def test_a_level_that_reaches_nobody_goes_to_the_administrators_and_then_is_said(
    db: Database, config: Tickets, make: Any
) -> None:
    ticket = make()
    sweep(db, config, DAY + HOUR)
    account(db, "administrator", "administrator")
    sweep(db, config, DAY + 9 * HOUR)
    assert told(db) == [("administrator", Kind.ESCALATED, True)]
    with db.read() as session:
        story = service.story(session, ticket.id)
    assert [e.data["to"] for e in story if e.kind is EventKind.TOLD] == [[], ["administrator"]]


def test_what_is_late_anew_is_told_anew(
    db: Database, config: Tickets, make: Any, everybody: None
) -> None:
    ticket = make()
    sweep(db, config, DAY + HOUR)
    works = service.Actor("division", service.Role.DIVISION, frozenset({"engineering"}))
    with db.write() as session:
        at = NOW + DAY + 2 * HOUR
        service.note(session, config, ticket, text="ไปดูแล้ว", actor=works, now=at)
    sweep(db, config, 4 * DAY)
    assert [name for name, _, _ in told(db)] == ["division", "division"]


def test_who_is_given_a_ticket_is_told_and_who_takes_it_is_not(
    db: Database, config: Tickets, make: Any, everybody: None
) -> None:
    ticket = make()
    with db.write() as session:
        given = service.assign(session, config, ticket, to="division", actor=SUPERVISOR, now=NOW)
    assert told(db) == [("division", Kind.ASSIGNED, False)]
    works = service.Actor("division", service.Role.DIVISION, frozenset({"engineering"}))
    with db.write() as session:
        service.assign(session, config, given, to=None, actor=works, now=NOW)
        again = service.by_number(session, ticket.number)
        service.assign(session, config, again, to="division", actor=works, now=NOW)
    assert len(told(db)) == 1


def test_a_notice_says_nothing_of_what_stands_in_the_ticket(
    db: Database, config: Tickets, make: Any, everybody: None
) -> None:
    make(note="ความลับ 0812345678", caller="+66812345678")
    sweep(db, config, DAY + HOUR)
    with db.read() as session:
        data = session.scalars(sa.select(Notice.data)).all()
    assert data
    assert "ความลับ" not in str(data)
    assert "812345678" not in str(data)


def test_a_division_that_nobody_answers_for_is_told_once_a_day(floor: Floor) -> None:
    account(floor.db, "supervisor", "supervisor")
    for hours in (0, 1, 24):
        with clock.driven(NOW + hours * HOUR):
            jobs.sweep_unattended(floor, clock.now())
    found = told(floor.db)
    alone = len(floor.section(Tickets).divisions) - 2  # the supervisor answers for two
    assert found == [("supervisor", Kind.UNATTENDED, True)] * (2 * alone)


def test_the_night_tells_each_of_their_own_and_who_watches_of_all(
    floor: Floor, make: Any, everybody: None
) -> None:
    make()
    with clock.driven(NOW + 10 * DAY):
        day = clock.local_day(clock.now(), floor.city.zone)
        for _ in range(2):
            jobs.keep_attention(floor, day)
    assert sorted(told(floor.db)) == [
        (name, Kind.NIGHTLY, False) for name in ("division", "manager", "supervisor")
    ]
    with floor.db.read() as session:
        data = session.scalars(sa.select(Notice.data)).first()
    assert data is not None
    assert [row["division"]["en"] for row in data["rows"]] == ["Engineering Bureau"]
    assert data["count"] == 1


def test_a_night_without_anything_is_not_told_of(floor: Floor, everybody: None) -> None:
    with floor.db.write() as session:
        config = floor.section(Tickets)
        assert telling.night(session, config, NOW.date(), {}, NOW) == []
    assert AGENT.username not in str(told(floor.db))
