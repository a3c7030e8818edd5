"""Units: sent, answered late and twice and out of order, handed over, and told of."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from hotline.auth import Role as AccountRole
from hotline.db import Database
from hotline.errors import HotlineError
from hotline.floor import Floor
from hotline.models import Account, Notice
from hotline.notices.rules import Kind
from tests.service.tickets.conftest import AGENT, CALLER, HEALTH, NOW, SUPERVISOR, WORKS
from tests.service.tickets.test_merging import at_once
from tests.support import photos
from tickets import redaction
from tickets import service as tickets
from tickets.config import Tickets
from tickets.errors import BadMove, NoteEmpty, NotYours, RoleMayNot
from tickets.files import service as files
from tickets.files.rules import Kind as FileKind
from tickets.incidents.models import Incident, IncidentTicket
from tickets.models import EventKind, TicketSms
from tickets.places import service as places
from tickets.places.rules import Pin
from tickets.service import Actor, TicketFacts
from tickets.units import fleet, service
from tickets.units.config import Needed, UnitOfFile, Units
from tickets.units.errors import (
    AlreadySent,
    BadStep,
    JobsChanged,
    KeyUsed,
    NotACrew,
    NotYourUnit,
    OffDuty,
    OnAnotherUnit,
    StillHasJobs,
    TicketClosed,
    UnitChanged,
)
from tickets.units.facts import DispatchFacts
from tickets.units.fleet import UnitDraft
from tickets.units.models import Dispatch, DispatchEvent, UnitPosition
from tickets.units.rules import Act, Standing, State
from tickets.workflow import Priority, Result, Role
from tickets.workflow import State as TicketState
from tickets.writing import TOLD

CREW = Actor("crew", Role.CREW)
OTHER = Actor("crew2", Role.CREW)
MINUTE = timedelta(minutes=1)
HOUR, DAY = 60 * MINUTE, timedelta(days=1)
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
            role = AccountRole.CREW if name.startswith("crew") else AccountRole.SUPERVISOR
            account = {
                "username": name,
                "name": name.upper(),
                "role": role.value,
                "password": "!",  # nobody signs in: a real one takes its time on purpose
                "active": True,
                "demo": False,
                "failures": 0,
                "created_at": NOW,
            }
            session.execute(sa.insert(Account).values(account))
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
        asked = {"outcome": "complaint", "category": "fallen_tree", "caller": CALLER}
        asked |= {"by": "nok", "now": NOW}
        with db.write() as session:
            where = places.entered(session, city, fields)
            made = tickets.record_call(
                session, city, call_id=next(calls), area=where.area, **asked | more
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
    act: Act,
    job: DispatchFacts,
    **more: object,
) -> DispatchFacts:
    asked = {"by": CREW, "now": NOW} | more
    with db.write() as session:
        return service.say(session, city, job.id, act, **asked)


def hand_over(
    db: Database, city: Tickets, job: DispatchFacts, to_unit: str, **more: object
) -> DispatchFacts:
    asked = {"by": CREW, "now": NOW} | more
    with db.write() as session:
        return service.hand_over(session, city, job.id, to_unit=to_unit, **asked)


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
    for n, act in enumerate((Act.ACKNOWLEDGE, Act.ON_WAY, Act.HERE), 1):
        job = say(db, city, act, job, now=NOW + n * MINUTE)
    assert (job.acknowledged_at, job.on_way_at, job.here_at) == tuple(
        NOW + n * MINUTE for n in (1, 2, 3)
    )
    job = say(db, city, Act.DONE, job, now=NOW + 4 * MINUTE, note="จับงูแล้ว")
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
    job = say(db, city, Act.HERE, job, key="h", at=NOW + 2 * MINUTE, now=NOW + 9 * MINUTE)
    assert (job.state, job.here_at, job.on_way_at) == (State.HERE, NOW + 2 * MINUTE, None)
    for act, key in ((Act.ON_WAY, "w"), (Act.ACKNOWLEDGE, "a"), (Act.HERE, "h")):
        again = say(db, city, act, job, key=key, at=NOW + MINUTE, now=NOW + 10 * MINUTE)
        assert again == job
    with db.read() as session:
        assert not [
            each for each in tickets.story(session, job.ticket_id) if each.data.get("tell")
        ], "nobody is on the way to where they are"


def test_hand_over_and_recall(db: Database, city: Tickets, make: Make) -> None:
    ticket = make()
    job = send(db, city, ticket)
    other = hand_over(db, city, job, "qru2", key="x", note="ยางแตก")
    assert (other.unit, other.from_id, other.state) == ("qru2", job.id, State.SENT)
    again = hand_over(db, city, job, "qru2", key="x")
    assert again == other
    with db.read() as session:
        states = [each.state for each in service.of_ticket(session, ticket)]
    assert states == [State.HANDED_OVER, State.SENT]
    back = say(db, city, Act.RECALL, other, by=SUPERVISOR)
    assert back.state is State.RECALLED
    late = say(db, city, Act.HERE, other, by=OTHER, now=NOW + MINUTE, note="อยู่ที่นี่แล้ว")
    assert late == back
    last = story(db, ticket)[-1]
    assert (last.kind, last.data["late"], last.data["text"]) == (
        EventKind.UNIT_MOVED,
        True,
        "อยู่ที่นี่แล้ว",
    )


def test_a_telephone_says_when_it_was(db: Database, city: Tickets, make: Make) -> None:
    job = send(db, city, make(), now=NOW + 10 * MINUTE)
    later = NOW + 30 * MINUTE
    job = say(db, city, Act.ACKNOWLEDGE, job, at=NOW, now=later)
    assert job.acknowledged_at == NOW + 10 * MINUTE, "never before it was sent"
    job = say(db, city, Act.ON_WAY, job, at=NOW + 12 * MINUTE, now=later)
    assert job.on_way_at == NOW + 12 * MINUTE
    job = say(db, city, Act.HERE, job, at=later + 60 * MINUTE, now=later)
    assert job.here_at == later, "never in the future"


def test_a_key_is_one_word(db: Database, city: Tickets, make: Make) -> None:
    ticket = make()
    job = send(db, city, ticket, key="same")
    assert send(db, city, ticket, key="same") == job
    first = say(db, city, Act.ACKNOWLEDGE, job, key="k")
    assert say(db, city, Act.ACKNOWLEDGE, job, key="k", now=NOW + MINUTE) == first
    with pytest.raises(KeyUsed):
        say(db, city, Act.ON_WAY, job, key="k")
    with db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(DispatchEvent)) == 2


def test_what_cannot_be(db: Database, city: Tickets, make: Make) -> None:
    ticket = make()
    job = send(db, city, ticket)
    with pytest.raises(BadStep):
        say(db, city, Act.DONE, job)
    with pytest.raises(NoteEmpty):
        say(db, city, Act.DECLINE, job, note=" ")
    with pytest.raises(OffDuty):
        send(db, city, make(), unit="qru3")
    with pytest.raises(AlreadySent) as refused:
        send(db, city, ticket, unit="qru2")
    assert refused.value.values["unit"] == "พัทยา 1"
    assert send(db, city, ticket, unit="qru2", another=True).unit == "qru2", "on purpose it can"
    with pytest.raises(AlreadySent):
        send(db, city, ticket, unit="qru2", another=True)


def test_who_may(db: Database, city: Tickets, make: Make) -> None:
    ticket = make(category="street_light")  # of WORKS
    for who, error in ((AGENT, RoleMayNot), (HEALTH, NotYours), (CREW, RoleMayNot)):
        with pytest.raises(error):
            send(db, city, ticket, by=who)
    job = send(db, city, ticket, by=WORKS)
    with pytest.raises(NotYourUnit):
        say(db, city, Act.ACKNOWLEDGE, job, by=OTHER)
    with pytest.raises(NotYours):
        say(db, city, Act.ACKNOWLEDGE, job, by=HEALTH)
    with pytest.raises(RoleMayNot):
        say(db, city, Act.RECALL, job, by=CREW)
    with pytest.raises(RoleMayNot):
        say(db, city, Act.HERE, job, by=AGENT)
    assert say(db, city, Act.HERE, job, by=WORKS).state is State.HERE, "by radio"


def test_a_crew_that_has_left_may_say_what_was(db: Database, city: Tickets, make: Make) -> None:
    job = send(db, city, make())
    with db.write() as session:
        fleet.put_on(session, "qru1", "crew3", actor=SUPERVISOR, by=None, now=NOW)
        left = NOW + 5 * MINUTE
        fleet.take_off(session, "qru1", "crew", actor=CREW, by=None, now=left)
    later = NOW + 60 * MINUTE
    with pytest.raises(NotYourUnit):
        say(db, city, Act.ACKNOWLEDGE, job, now=later)
    job = say(db, city, Act.ACKNOWLEDGE, job, at=NOW + MINUTE, now=later)
    assert job.acknowledged_at == NOW + MINUTE


# ------------------------------------------------------------------ at once


def test_of_two_dispatchers_one_wins(db: Database, city: Tickets, make: Make) -> None:
    ticket = make()
    ends = at_once(
        lambda: send(db, city, ticket, unit="qru1"),
        lambda: send(db, city, ticket, unit="qru2", by=Actor("boss2", Role.SUPERVISOR)),
    )
    won = [each for each in ends if isinstance(each, DispatchFacts)]
    lost = [each for each in ends if isinstance(each, AlreadySent)]
    assert (len(won), len(lost)) == (1, 1)
    assert lost[0].values["unit"] == won[0].call_sign
    with db.read() as session:
        assert service.of_ticket(session, ticket) == won


def test_the_same_word_in_two_requests_is_said_once(
    db: Database, city: Tickets, make: Make
) -> None:
    ticket = make()
    sent = at_once(*[lambda: send(db, city, ticket, key="k")] * 3)
    assert sent[0] == sent[1] == sent[2]
    job = sent[0]
    assert isinstance(job, DispatchFacts)
    at_once(*[lambda: say(db, city, Act.ON_WAY, job, key="w")] * 3)
    moved = [each for each in story(db, ticket) if each.kind is EventKind.UNIT_MOVED]
    assert [each.data["tell"] for each in moved] == [True]


def test_recall_and_arrival_at_once(db: Database, city: Tickets, make: Make) -> None:
    job = send(db, city, make())
    at_once(
        lambda: say(db, city, Act.RECALL, job, by=SUPERVISOR),
        lambda: say(db, city, Act.HERE, job),
    )
    with db.read() as session:
        end = service.job(session, job.id)
    assert end.state is State.RECALLED, "whoever was first, it is called back"


def test_two_hand_over_to_each_other(db: Database, city: Tickets, make: Make) -> None:
    one, two = send(db, city, make()), send(db, city, make(), unit="qru2")
    ends = at_once(
        lambda: hand_over(db, city, one, "qru2", by=SUPERVISOR),
        lambda: hand_over(db, city, two, "qru1", by=SUPERVISOR),
    )
    assert [each.unit for each in ends if isinstance(each, DispatchFacts)] == ["qru2", "qru1"]


def test_the_last_of_a_crew_and_a_job_at_once(db: Database, city: Tickets, make: Make) -> None:
    ticket = make()

    def leave() -> object:
        with db.write() as session:
            return fleet.take_off(session, "qru1", "crew", actor=CREW, by=None, now=NOW)

    ends = at_once(lambda: send(db, city, ticket), leave)
    failed = [each for each in ends if isinstance(each, HotlineError)]
    assert [type(each) for each in failed] in ([OffDuty], [StillHasJobs])
    with db.read() as session:
        unit = service.unit(session, "qru1")
    assert bool(unit.jobs) is bool(unit.crew), "no job without anybody"


# ------------------------------------------------------------------ ends


def test_done_wants_the_photo_that_a_closing_wants(
    db: Database, floor: Floor, city: Tickets, make: Make
) -> None:
    ticket = make(category="road_surface")
    job = say(db, city, Act.HERE, send(db, city, ticket))
    with pytest.raises(BadMove):
        say(db, city, Act.DONE, job, note="ปิดหลุมแล้ว", without_photo=True)
    received = files.receive(floor, city.files, photos.photo(), kind=FileKind.AFTER, now=NOW)
    with db.write() as session:
        files.add(session, city.files, ticket, received, actor=SUPERVISOR, now=NOW)
        (mine,) = service.jobs_of(session, "crew")
        assert (mine.photos, mine.after) == (1, 1)
    assert say(db, city, Act.DONE, job).state is State.DONE


def test_where_the_city_says_so_the_crew_closes(db: Database, city: Tickets, make: Make) -> None:
    closes = city.model_copy(update={"units": city.units.model_copy(update={"crew_closes": True})})
    ticket = make(category="dangerous_animals")
    one, two = send(db, closes, ticket), send(db, closes, ticket, unit="qru2", another=True)
    one = say(db, closes, Act.HERE, one)
    with pytest.raises(NoteEmpty):
        say(db, closes, Act.DONE, one)
    say(db, closes, Act.DONE, one, note="จับงูแล้ว")
    assert seen(db, ticket).is_open, "the other one is still there"
    say(
        db,
        closes,
        Act.DONE,
        say(db, closes, Act.HERE, two, by=OTHER),
        by=OTHER,
        note="เก็บงาน",
    )
    closed = seen(db, ticket)
    assert (closed.state, closed.result) == (TicketState.DONE, Result.FIXED)
    assert story(db, ticket)[-1].who == "crew2"


def test_closing_a_ticket_calls_its_units_back(db: Database, city: Tickets, make: Make) -> None:
    db.listen(TOLD, service.on_event)
    ticket, other = make(), make()
    job, stays = send(db, city, ticket), send(db, city, other)
    with db.write() as session:
        tickets.move(
            session,
            city,
            tickets.by_number(session, ticket.number),
            TicketState.DONE,
            actor=SUPERVISOR,
            result=Result.NOT_FOUND,
            text="ไม่พบ",
            now=NOW + MINUTE,
        )
    with db.read() as session:
        assert service.job(session, job.id).state is State.RECALLED
        assert service.job(session, stays.id).state is State.SENT
    with pytest.raises(TicketClosed):
        send(db, city, ticket)


# ------------------------------------------------------------------ what waits


def waiting(db: Database, city: Tickets, by: Actor = SUPERVISOR) -> list[int]:
    with db.read() as session:
        board = service.board(session, city, by, NOW)
        assert service.waiting_count(session, city, by) == len(board.waiting)
    return [each.ticket.id for each in board.waiting]


def test_of_an_incident_one_that_waits_stands_for_those_after_it(
    db: Database, city: Tickets, make: Make
) -> None:
    needed = Needed(priorities=(Priority.CRITICAL,))
    city = city.model_copy(update={"units": city.units.model_copy(update={"needed": needed})})
    calm, urgent, later = make(category="street_light"), make(), make()
    about = {"topic": "flood", "division": "central", "named": {}, "metres": 300}
    titles = {"th": "น้ำท่วม", "en": "Flooding"}
    with db.write() as session:
        incident = Incident(state="open", titles=titles, since=NOW, found_at=NOW, **about)
        session.add(incident)
        session.flush()
        for each in (calm, urgent, later):
            part = {"incident_id": incident.id, "ticket_id": each.id, "at": NOW, "by": "system"}
            session.add(IncidentTicket(**part))
    assert waiting(db, city) == [urgent.id], "the first one asks for nobody"
    with db.write() as session:
        service.ask(session, calm, by=AGENT, now=NOW)
    assert waiting(db, city) == [calm.id], "now it does"
    with db.write() as session:
        service.unask(session, calm, by=AGENT, now=NOW)
    send(db, city, calm)
    assert waiting(db, city) == [], "one has gone to all of them"


def test_what_waits_is_ordered_by_how_long_it_has_waited_for_a_unit(
    db: Database, city: Tickets, make: Make
) -> None:
    needs = city.units.model_copy(update={"needed": Needed(categories=("stray_animals",))})
    city = city.model_copy(update={"units": needs})
    old, newer = (make(category="street_light", now=NOW - n * DAY) for n in (9, 2))
    of_kind = make(category="stray_animals", now=NOW - DAY)
    for ticket, at in ((newer, NOW - HOUR), (of_kind, NOW - MINUTE), (old, NOW)):
        with db.write() as session:
            service.ask(session, ticket, by=AGENT, now=at)
    with db.read() as session:
        found = service.board(session, city, SUPERVISOR, NOW).waiting
    assert [(each.ticket.id, each.since) for each in found] == [
        (of_kind.id, NOW - DAY),  # by itself, before anybody asked
        (newer.id, NOW - HOUR),
        (old.id, NOW),
    ]


def test_what_waits_for_a_unit(db: Database, city: Tickets, make: Make) -> None:
    needs = city.units.model_copy(update={"needed": Needed(categories=("fallen_tree",))})
    city = city.model_copy(update={"units": needs})
    of_kind, other = make(), make(category="street_light")
    assert waiting(db, city) == [of_kind.id]
    with db.write() as session:
        service.ask(session, other, text="ไฟดับทั้งซอย", by=AGENT, now=NOW)
    assert waiting(db, city) == [of_kind.id, other.id], "the critical one first"
    assert waiting(db, city, WORKS) == [other.id]
    assert waiting(db, city, HEALTH) == []
    jobs = [send(db, city, each, unit) for each, unit in ((of_kind, "qru1"), (other, "qru2"))]
    assert waiting(db, city) == []
    say(db, city, Act.DECLINE, jobs[0], note="ยางแตก")
    say(db, city, Act.RECALL, jobs[1], by=SUPERVISOR)
    assert waiting(db, city) == [of_kind.id, other.id], "nobody is on the way any more"
    for ticket in (of_kind, other):
        say(db, city, Act.DONE, say(db, city, Act.HERE, send(db, city, ticket)))
    assert waiting(db, city) == [], "done once"
    with db.write() as session:
        service.ask(session, of_kind, by=AGENT, now=NOW)
    assert waiting(db, city) == [of_kind.id], "asked for again"
    with db.write() as session:
        service.unask(session, of_kind, by=AGENT, now=NOW)
        service.unask(session, of_kind, by=AGENT, now=NOW)
        with pytest.raises(NotYours):
            service.ask(session, other, by=HEALTH, now=NOW)
    assert waiting(db, city) == []
    told = [each.data["wanted"] for each in story(db, of_kind) if "wanted" in each.data]
    assert told == [True, False]


def test_a_private_ticket_is_not_told_on_the_board(db: Database, city: Tickets, make: Make) -> None:
    ticket = make(category="corruption")
    job = send(db, city, ticket)
    with db.read() as session:
        board = service.board(session, city, WORKS, NOW)
        assert ticket.id not in board.tickets
        assert [each.id for unit in board.units for each in unit.jobs] == [job.id]
        assert service.readable_jobs(session, WORKS, [job]) == frozenset()


def test_the_nearest_free_unit_is_suggested(db: Database, city: Tickets, make: Make) -> None:
    ticket = make(SOUTH)
    with db.write() as session:
        for by, unit, pin in ((CREW, "qru1", NORTH), (OTHER, "qru2", SOUTH)):
            service.report_position(session, unit, pin, accuracy_m=9, by=by, at=NOW, now=NOW)
        found = service.suggestions(session, city, ticket, NOW)
    assert [each.code for each in found] == ["qru2", "qru1"], "nobody is on qru3"
    assert found[0].metres == 0
    send(db, city, make(), unit="qru2")
    with db.read() as session:
        assert service.suggestions(session, city, ticket, NOW)[0].code == "qru1", "it is free"


# ------------------------------------------------------------------ the clock


def test_a_silent_crew_is_told_of_once(db: Database, city: Tickets, make: Make) -> None:
    job = send(db, city, make())  # critical: three minutes
    answered = send(db, city, make(), unit="qru2")
    say(db, city, Act.ACKNOWLEDGE, answered, by=OTHER, now=NOW + 2 * MINUTE)
    assert job.acknowledge_due_at == NOW + 3 * MINUTE

    def sweep(minutes: int) -> int:
        with db.write() as session:
            return service.sweep(session, city, NOW + minutes * MINUTE)

    assert sweep(3) == 0, "not at the very moment"
    assert sweep(4) == 1
    assert sweep(5) == 0
    with db.read() as session:
        assert service.job(session, job.id).acknowledge_missed_at == NOW + 4 * MINUTE
        told = session.scalars(sa.select(Notice).where(Notice.kind == Kind.UNIT_LATE.value)).all()
    assert [each.urgent for each in told] == [True]
    (late,) = (each for each in story_of(db, job) if each.kind is EventKind.UNIT_LATE)
    assert late.data["instead"] is None, "the other one is busy"
    later = say(db, city, Act.ACKNOWLEDGE, job, now=NOW + 6 * MINUTE)
    assert later.state is State.ACKNOWLEDGED, "better late"


def test_sweeps_at_once_tell_once(db: Database, city: Tickets, make: Make) -> None:
    job = send(db, city, make())

    def sweep() -> int:
        with db.write() as session:
            return service.sweep(session, city, NOW + 10 * MINUTE)

    assert sum(int(str(each)) for each in at_once(sweep, sweep, sweep)) == 1
    assert [each.kind for each in story_of(db, job)].count(EventKind.UNIT_LATE) == 1


def story_of(db: Database, job: DispatchFacts) -> list[tickets.EventFacts]:
    with db.read() as session:
        return tickets.story(session, job.ticket_id)


def test_help(db: Database, city: Tickets, make: Make) -> None:
    job = say(db, city, Act.HERE, send(db, city, make()))
    for n in (1, 2):
        job = say(db, city, Act.NEED_HELP, job, key=f"h{n}", now=NOW + n * MINUTE)
        assert job.help_since == NOW + MINUTE
    with db.read() as session:
        unit = service.unit(session, "qru1")
        kinds = list(session.scalars(sa.select(Notice.kind)))
    assert (unit.standing, unit.since) == (Standing.NEEDS_HELP, NOW + MINUTE)
    assert kinds == [Kind.UNIT_HELP.value]
    job = say(db, city, Act.HELP_OVER, job, now=NOW + 5 * MINUTE)
    assert job.help_since is None
    assert [each.data["needed"] for each in story_of(db, job) if "needed" in each.data] == [
        True,
        False,
    ]


# ------------------------------------------------------------------ order, positions, crews


def test_the_order_of_a_units_jobs(db: Database, city: Tickets, make: Make) -> None:
    calm, calm2 = (send(db, city, make(category="street_light")) for _ in range(2))
    urgent = send(db, city, make())

    def order() -> list[int]:
        with db.read() as session:
            return [each.dispatch.id for each in service.jobs_of(session, "crew")]

    assert order() == [urgent.id, calm.id, calm2.id]
    wanted = [calm2.id, urgent.id, calm.id]
    with db.write() as session:
        service.reorder(session, "qru1", wanted, by=CREW, now=NOW)
        with pytest.raises(NotYourUnit):
            service.reorder(session, "qru1", wanted, by=OTHER, now=NOW)
        with pytest.raises(NotYours):
            service.reorder(session, "qru1", [urgent.id, calm.id, calm2.id], by=WORKS, now=NOW)
        with pytest.raises(JobsChanged):
            service.reorder(session, "qru1", wanted[1:], by=CREW, now=NOW)
    assert order() == wanted
    say(db, city, Act.RECALL, urgent, by=SUPERVISOR)
    assert order() == [calm2.id, calm.id]


def test_only_the_last_place_is_kept_and_not_for_long(
    db: Database, city: Tickets, make: Make
) -> None:
    def report(pin: Pin, minutes: int, by: Actor = CREW) -> bool:
        at = NOW + minutes * MINUTE
        with db.write() as session:
            return service.report_position(
                session, "qru1", pin, accuracy_m=None, by=by, at=at, now=NOW + 60 * MINUTE
            )

    assert report(SOUTH, 10)
    assert not report(NORTH, 5), "an older one came late"
    assert report(NORTH, 20)
    with pytest.raises(NotYourUnit):
        report(SOUTH, 30, OTHER)
    with pytest.raises(RoleMayNot):
        report(SOUTH, 30, SUPERVISOR)
    with db.write() as session:
        (row,) = session.scalars(sa.select(UnitPosition))
        assert (row.latitude, row.at) == (NORTH.latitude, NOW + 20 * MINUTE)
        hours = timedelta(hours=city.units.keep_position_hours)
        assert service.forget_positions(session, city, NOW + 20 * MINUTE + hours) == 0
        assert service.forget_positions(session, city, NOW + 21 * MINUTE + hours) == 1
        assert service.unit(session, "qru1").position is None
    assert make()


def test_who_is_on_a_unit(db: Database, city: Tickets, make: Make) -> None:
    with db.write() as session:
        with pytest.raises(OnAnotherUnit):
            fleet.put_on(session, "qru3", "crew", actor=CREW, by=None, now=NOW)
        with pytest.raises(NotACrew):
            fleet.put_on(session, "qru3", "supervisor", actor=SUPERVISOR, by=None, now=NOW)
        with pytest.raises(RoleMayNot):
            fleet.put_on(session, "qru3", "crew3", actor=CREW, by=None, now=NOW)
        assert fleet.free_crews(session) == {"crew3": "CREW3"}
        assert service.unit(session, "qru3").standing is Standing.OFF_DUTY
        on = fleet.put_on(session, "qru3", "crew3", actor=SUPERVISOR, by=None, now=NOW)
        assert (on.standing, on.since) == (Standing.FREE, NOW)
    send(db, city, make(), unit="qru3")
    with db.write() as session, pytest.raises(StillHasJobs):
        fleet.take_off(session, "qru3", "crew3", actor=SUPERVISOR, by=None, now=NOW)


def test_units_are_made_once_and_changed_by_who_saw_them(
    db: Database, city: Tickets, make: Make
) -> None:
    draft = UnitDraft("ทดลอง 9", {"th": "ชุดทดลอง", "en": "Trial"}, ["engineering"], ["th"])
    by = {"actor": SUPERVISOR, "by": None, "now": NOW}
    with db.write() as session:
        assert fleet.seed(session, city) == 0, "those that are stay as they are"
        changed = fleet.change(session, city, "qru1", draft, version=1, **by)
        assert (changed.call_sign, changed.version) == ("ทดลอง 9", 2)
        with pytest.raises(UnitChanged):
            fleet.change(session, city, "qru1", draft, version=1, **by)
        with pytest.raises(UnitChanged):
            fleet.make(session, city, "qru2", draft, **by)
        with pytest.raises(RoleMayNot):
            fleet.make(session, city, "new", draft, **by | {"actor": WORKS})
        assert fleet.missing(session, city) == []
    assert make()


def test_words_to_a_crew_go_with_those_of_the_ticket(
    db: Database, city: Tickets, make: Make
) -> None:
    ticket = make()
    send(db, city, ticket, note="โทร 081 234 5678")
    with db.write() as session:
        redaction.change_words(session, ticket.id, redaction.nothing)
        assert session.scalar(sa.select(Dispatch.note)) == ""
    assert "081" not in str(story(db, ticket))


# ------------------------------------------------------------------ the caller


def texts(floor: Floor) -> list[tuple[str, str]]:
    with floor.db.read() as session:
        rows = session.scalars(sa.select(TicketSms).where(TicketSms.moment == "unit"))
        return [(row.state, row.text) for row in rows]


def test_the_caller_is_told_once_that_a_unit_is_on_its_way(
    floor: Floor, db: Database, city: Tickets, make: Make
) -> None:
    ticket, late = make(language="en"), make()
    job = send(floor.db, city, ticket)
    for n in range(2):
        say(floor.db, city, Act.ON_WAY, job, now=NOW + MINUTE, key=f"w{n}")
    ((state, text),) = texts(floor)
    assert state == "waiting"
    assert "พัทยา 1" in text
    assert ticket.number_shown in text
    job = send(floor.db, city, late, unit="qru2")
    say(floor.db, city, Act.ON_WAY, job, by=OTHER, at=NOW, now=NOW + 40 * MINUTE)
    assert len(texts(floor)) == 1, "that is long ago: it would not be true"


def test_nobody_is_told_in_the_morning_that_a_unit_was_on_its_way_at_night(
    floor: Floor, city: Tickets, make: Make
) -> None:
    night = NOW.replace(hour=16)  # eleven in the evening
    job = send(floor.db, city, make(category="street_light"), now=night)
    say(floor.db, city, Act.ON_WAY, job, now=night)
    assert [state for state, _ in texts(floor)] == ["skipped"]
    urgent = send(floor.db, city, make(), unit="qru2", now=night)
    say(floor.db, city, Act.ON_WAY, urgent, by=OTHER, now=night)
    assert [state for state, _ in texts(floor)] == ["skipped", "waiting"], "that wakes them"
