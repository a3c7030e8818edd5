"""Units: sent, answered late and twice and out of order, handed over, and told of."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from hotline import auth
from hotline.auth import Role as AccountRole
from hotline.db import Database
from tests.service.tickets.conftest import CALLER, NOW, SUPERVISOR
from tickets import service as tickets
from tickets.config import Tickets
from tickets.models import EventKind
from tickets.places import service as places
from tickets.places.rules import Pin
from tickets.service import Actor, TicketFacts
from tickets.units import fleet, service
from tickets.units.config import UnitOfFile, Units
from tickets.units.facts import DispatchFacts
from tickets.units.rules import State
from tickets.workflow import Role
from tickets.workflow import State as TicketState

CREW = Actor("crew", Role.CREW)
OTHER = Actor("crew2", Role.CREW)
MINUTE = timedelta(minutes=1)
SOUTH, NORTH = Pin(12.93, 100.885), Pin(12.965, 100.9)
Make = Callable[..., TicketFacts]


@pytest.fixture
def city(config: Tickets) -> Tickets:
    names = {"th": "ชุด", "en": "Unit"}
    fleet_ = {
        code: UnitOfFile(title=names, call_sign=f"พัทยา {n}")
        for n, code in enumerate(("qru1", "qru2", "qru3"), 1)
    }
    return config.model_copy(update={"units": Units(fleet=fleet_)})


@pytest.fixture
def make(db: Database, city: Tickets) -> Make:
    """Tickets, in a city with three units: a crew on the first two, nobody on the third."""
    with db.write() as session:
        fleet.seed(session, city)
        for name in ("crew", "crew2", "crew3", "supervisor"):
            auth.create_account(
                session,
                username=name,
                name=name.upper(),
                role=AccountRole.CREW if name.startswith("crew") else AccountRole.SUPERVISOR,
                password="a long enough password",
                now=NOW,
            )
        for name, code in (("crew", "qru1"), ("crew2", "qru2")):
            fleet.put_on(session, code, name, actor=SUPERVISOR, by=None, now=NOW)
    calls = iter(range(1, 10_000))

    def complaint(pin: Pin | None = None, **more: object) -> TicketFacts:
        fields = {}
        if pin is not None:
            fields = {
                "place_latitude": str(pin.latitude),
                "place_longitude": str(pin.longitude),
            }
        asked = {"outcome": "complaint", "category": "fallen_tree", "caller": CALLER, "by": "nok"}
        with db.write() as session:
            where = places.entered(session, city, fields)
            made = tickets.record_call(
                session, city, call_id=next(calls), area=where.area, now=NOW, **asked | more
            )
            places.placed_in_call(session, city, made, where, by="nok", now=NOW)
            return tickets.by_number(session, made.number)

    return complaint


def send(
    db: Database, city: Tickets, ticket: TicketFacts, unit: str = "qru1", **more: object
) -> DispatchFacts:
    asked = {"by": SUPERVISOR, "now": NOW} | more
    with db.write() as session:
        return service.dispatch(session, city, unit, ticket.number, **asked)


def say(
    db: Database,
    city: Tickets,
    verb: Callable[..., DispatchFacts],
    job: DispatchFacts,
    **more: object,
) -> DispatchFacts:
    asked = {"by": CREW, "now": NOW} | more
    with db.write() as session:
        return verb(session, city, job.id, **asked)


def story(db: Database, ticket: TicketFacts) -> list[tickets.EventFacts]:
    with db.read() as session:
        return tickets.story(session, ticket.id)


def seen(db: Database, ticket: TicketFacts) -> TicketFacts:
    with db.read() as session:
        return tickets.by_number(session, ticket.number)


# ------------------------------------------------------------------ a job's life


def test_a_job_from_sending_to_done(db: Database, city: Tickets, make: Make) -> None:
    ticket = make(category="dangerous_animals")
    job = send(db, city, ticket, note="ระวังสุนัข")
    assert (job.state, job.place, job.note) == (State.SENT, 0, "ระวังสุนัข")
    assert seen(db, ticket).state is TicketState.IN_PROGRESS
    for n, verb in enumerate((service.acknowledge, service.on_way, service.here), 1):
        job = say(db, city, verb, job, now=NOW + n * MINUTE)
    assert (job.acknowledged_at, job.on_way_at, job.here_at) == tuple(
        NOW + n * MINUTE for n in (1, 2, 3)
    )
    job = say(db, city, service.done, job, now=NOW + 4 * MINUTE, note="จับงูแล้ว")
    assert (job.state, job.ended_at, job.outcome) == (State.DONE, NOW + 4 * MINUTE, "จับงูแล้ว")
    assert seen(db, ticket).state is TicketState.IN_PROGRESS, "the division closes"
    kinds = [each.kind for each in story(db, ticket)]
    assert kinds.count(EventKind.UNIT_MOVED) == 4
    assert kinds.count(EventKind.UNIT_SENT) == 1
    told = [each.data for each in story(db, ticket) if each.data.get("tell")]
    assert [each["to"] for each in told] == ["on_way"]
    assert seen(db, ticket).acknowledged_at is not None, "it is worked on"


def test_late_twice_and_reversed_changes_nothing(db: Database, city: Tickets, make: Make) -> None:
    job = send(db, city, make())
    job = say(db, city, service.here, job, key="h", at=NOW + 2 * MINUTE, now=NOW + 9 * MINUTE)
    assert (job.state, job.here_at, job.on_way_at) == (State.HERE, NOW + 2 * MINUTE, None)
    for verb, key in ((service.on_way, "w"), (service.acknowledge, "a"), (service.here, "h")):
        again = say(db, city, verb, job, key=key, at=NOW + MINUTE, now=NOW + 10 * MINUTE)
        assert again == job
    with db.read() as session:
        assert not [
            each for each in tickets.story(session, job.ticket_id) if each.data.get("tell")
        ], "nobody is on the way to where they are"


def test_hand_over_and_recall(db: Database, city: Tickets, make: Make) -> None:
    ticket = make()
    job = send(db, city, ticket)
    other = say(db, city, service.hand_over, job, to_unit="qru2", key="x", note="ยางแตก")
    assert (other.unit, other.from_id, other.state) == ("qru2", job.id, State.SENT)
    again = say(db, city, service.hand_over, job, to_unit="qru2", key="x")
    assert again == other
    with db.read() as session:
        states = [each.state for each in service.of_ticket(session, ticket)]
    assert states == [State.HANDED_OVER, State.SENT]
    back = say(db, city, service.recall, other, by=SUPERVISOR)
    assert back.state is State.RECALLED
    late = say(db, city, service.here, other, by=OTHER, now=NOW + MINUTE, note="อยู่ที่นี่แล้ว")
    assert late == back
    last = story(db, ticket)[-1]
    assert (last.kind, last.data["late"], last.data["text"]) == (
        EventKind.UNIT_MOVED,
        True,
        "อยู่ที่นี่แล้ว",
    )
