"""Nobody's absence leaves a ticket alone."""

from datetime import date, timedelta

import pytest

from hotline import auth
from hotline.db import Database
from tests.service.tickets.conftest import NOW
from tickets import attendance, service
from tickets.attendance import Attendance
from tickets.config import Tickets
from tickets.errors import BadAbsence, NoSuchAbsence, RoleMayNot
from tickets.service import Actor
from tickets.workflow import Role

TODAY = date(2026, 11, 20)
DAY = timedelta(days=1)
BOSS = Actor("supervisor", Role.SUPERVISOR, frozenset({"contact_center"}))
LEK = Actor("division", Role.DIVISION)


def there(config: Tickets, names: str, **away: str | None) -> Attendance:
    return Attendance(config, {name: name for name in names.split()}, away)


def test_who_is_there_answers_and_who_stands_in_for_who_is_not(config: Tickets) -> None:
    assert there(config, "division supervisor").responsible("engineering") == ["division"]
    assert there(config, "supervisor").responsible("engineering") == []
    away = there(config, "division ann", division="ann")
    assert away.responsible("engineering") == ["ann"]
    assert away.divisions_of("ann") >= {"engineering", "traffic"}
    assert "engineering" in away.divisions_of("division")  # who looks in while away still may


def test_a_substitute_who_is_away_is_replaced_and_a_circle_is_nobody(config: Tickets) -> None:
    chain = there(config, "division ann bob", division="ann", ann="bob")
    assert chain.responsible("engineering") == ["bob"]
    circle = there(config, "division ann", division="ann", ann="division")
    assert circle.responsible("engineering") == []
    assert there(config, "division", division=None).responsible("engineering") == []


def test_the_central_desk_has_what_nobody_has(config: Tickets) -> None:
    nobody = there(config, "supervisor")
    assert "engineering" in nobody.unattended()
    assert nobody.handlers("engineering") == ["supervisor"]
    assert "engineering" in nobody.divisions_of("supervisor")
    whole = there(config, "supervisor division")
    assert whole.unattended() == []
    assert "engineering" not in whole.divisions_of("supervisor")


# ---------------------------------------------------------------- written down


@pytest.fixture
def people(db: Database) -> None:
    with db.write() as session:
        for username, role in (
            ("supervisor", auth.Role.SUPERVISOR),
            ("division", auth.Role.DIVISION),
            ("ann", auth.Role.DIVISION),
            ("nok", auth.Role.AGENT),
        ):
            auth.create_account(
                session,
                username=username,
                name=username.title(),
                role=role,
                password="long enough",
                now=NOW,
            )


def away(
    db: Database,
    config: Tickets,
    actor: Actor = LEK,
    username: str = "division",
    substitute: str | None = "ann",
    first: date = TODAY,
    last: date = TODAY + DAY,
) -> None:
    with db.write() as session:
        attendance.be_away(
            session,
            config,
            username=username,
            first=first,
            last=last,
            substitute=substitute,
            actor=actor,
            now=NOW,
        )


@pytest.mark.usefixtures("people")
def test_an_absence_holds_from_its_first_to_its_last_day(db: Database, config: Tickets) -> None:
    away(db, config, first=TODAY + DAY, last=TODAY + 2 * DAY)
    found = {}
    with db.read() as session:
        for days in range(4):
            now = NOW + days * DAY
            found[days] = attendance.on(session, config, now).responsible("engineering")
    assert found == {0: ["division"], 1: ["ann"], 2: ["ann"], 3: ["division"]}


@pytest.mark.usefixtures("people")
def test_the_substitute_acts_for_the_division_while_it_lasts(db: Database, config: Tickets) -> None:
    away(db, config)
    with db.read() as session:
        acts = service.acting(session, config, "ann", "division", NOW)
        later = service.acting(session, config, "ann", "division", NOW + 3 * DAY)
        assert service.colleagues(session, config, "engineering", NOW) == {"ann": "Ann"}
    assert "engineering" in acts.divisions
    assert later.divisions == frozenset()


@pytest.mark.usefixtures("people")
def test_back_again(db: Database, config: Tickets) -> None:
    away(db, config)
    with db.read() as session:
        (written,) = attendance.absences(session, config, ["division"], NOW)
    stranger = Actor("ann", Role.DIVISION)
    with db.write() as session, pytest.raises(NoSuchAbsence):
        attendance.be_back(session, config, written.id, actor=stranger, now=NOW)
    for _ in range(2):
        with db.write() as session:
            attendance.be_back(session, config, written.id, actor=LEK, now=NOW)
    with db.read() as session:
        assert attendance.absences(session, config, ["division"], NOW) == []
        assert attendance.on(session, config, NOW).responsible("engineering") == ["division"]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"first": TODAY + DAY, "last": TODAY}, BadAbsence),
        ({"first": TODAY - 9 * DAY, "last": TODAY - DAY}, BadAbsence),
        ({"substitute": "division"}, BadAbsence),
        ({"substitute": "nok"}, BadAbsence),  # an agent has no pages of a division
        ({"substitute": "nobody"}, BadAbsence),
        ({"username": "nok"}, RoleMayNot),  # answers for nothing
        ({"actor": Actor("ann", Role.DIVISION)}, RoleMayNot),
    ],
)
def test_absences_that_cannot_be(
    db: Database, config: Tickets, change: dict[str, object], refused: type[Exception]
) -> None:
    with pytest.raises(refused):
        away(db, config, **change)  # type: ignore[arg-type]


@pytest.mark.usefixtures("people")
def test_a_supervisor_writes_down_anybodys(db: Database, config: Tickets) -> None:
    away(db, config, actor=BOSS, substitute=None)
    with db.read() as session:
        assert "engineering" in attendance.on(session, config, NOW).unattended()
        desk = service.acting(session, config, "supervisor", "supervisor", NOW)
    assert "engineering" in desk.divisions
