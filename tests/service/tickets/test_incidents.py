"""Incidents: found once, joined by what belongs to them, and all their tickets done with once."""

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from hotline import clock
from hotline.auth import COOKIE
from hotline.auth import Role as AccountRole
from hotline.db import Database
from hotline.floor import Floor
from hotline.models import Notice
from tests.service.tickets.conftest import AGENT, NOW, SUPERVISOR
from tests.support import photos
from tests.support.floors import sign_in_as
from tickets import facts, handling
from tickets import service as tickets
from tickets.config import Tickets
from tickets.errors import BadMove, IncidentChanged, NothingChanged, RoleMayNot, TooLate
from tickets.facts import Actor, TicketFacts
from tickets.files import service as files
from tickets.files.rules import Kind as FileKind
from tickets.incidents import jobs, looking, service, works
from tickets.incidents.looking import IncidentFacts, State
from tickets.incidents.models import Incident
from tickets.incidents.service import Change
from tickets.incidents.works import What
from tickets.life import merging
from tickets.matters import service as matters
from tickets.models import EventKind, Ticket, TicketSms
from tickets.places import service as places
from tickets.places.rules import Pin, PinSource, Place
from tickets.units import fleet
from tickets.units import service as units
from tickets.units.rules import Act
from tickets.workflow import Priority, Result, Role

HERE = Pin(12.9302, 100.8847)
FAR_OFF = Pin(12.9382, 100.8847)  # 890 m
ENOUGH = 6

Call = Callable[..., TicketFacts]


@pytest.fixture(autouse=True)
def now() -> Iterator[clock.DrivenClock]:
    with clock.driven(NOW) as driven:
        yield driven


@pytest.fixture
def call(floor: Floor, config: Tickets) -> Call:
    """Somebody calls about a flood in one street, or `text`."""
    numbers = iter(range(1, 1000))

    def one(
        text: str = "น้ำท่วมซอยบัวขาว",
        category: str = "flood",
        pin: Pin | None = HERE,
        at: datetime | None = None,
        **more: Any,
    ) -> TicketFacts:
        n = next(numbers)
        asked = {"outcome": "complaint", "caller": f"+66812340{n:03}", "by": "nok", **more}
        at = at or clock.now()
        with floor.db.write() as session:
            made = tickets.record_call(
                session, config, call_id=n, note=text, category=category, now=at, **asked
            )
            where = places.settled(config, Place(pin=pin, source=PinSource.AGENT if pin else None))
            places.placed_in_call(session, config, made, where, by="nok", now=at)
            return tickets.by_number(session, made.number)

    return one


@pytest.fixture
def boss(floor: Floor) -> str:
    return sign_in_as(floor, AccountRole.SUPERVISOR, "supervisor")


def detect(floor: Floor, config: Tickets) -> list[int]:
    with floor.db.write() as session:
        return service.detect(session, config, clock.now())


def opened(floor: Floor, config: Tickets) -> int:
    (found,) = detect(floor, config)
    with floor.db.write() as session:
        service.confirm(session, found, actor=SUPERVISOR, now=clock.now())
    return found


def of(floor: Floor, incident_id: int) -> IncidentFacts:
    with floor.db.read() as session:
        return looking.find(session, incident_id)


def members(floor: Floor, incident_id: int) -> list[int]:
    with floor.db.read() as session:
        return looking.member_ids(session, incident_id)


def seen(floor: Floor, ticket: TicketFacts) -> TicketFacts:
    with floor.db.read() as session:
        return facts.of_ticket(session.get_one(Ticket, ticket.id))


def do(floor: Floor, verb: Callable[[Session], int]) -> int:
    """Begin a work, and do all of it."""
    with floor.db.write() as session:
        work = verb(session)
    assert works.carry_on(floor, work, clock.now())
    return work


def begun(incident: int, what: What, key: str = "") -> Callable[[Session], int]:
    return lambda session: works.begin(
        session, incident, what, {}, key=key or what, actor=SUPERVISOR, now=clock.now()
    )


def ending(
    config: Tickets, incident: int, result: Result = Result.FIXED
) -> Callable[[Session], int]:
    texts = {"th": "น้ำลดแล้ว", "en": "It is over"}
    return lambda session: works.end(
        session, config, incident, result, texts, key="end", actor=SUPERVISOR, now=clock.now()
    )


# ------------------------------------------------------------------ found


def test_a_burst_is_proposed_loudly_and_once(
    floor: Floor, config: Tickets, call: Call, boss: str
) -> None:
    made = [call() for _ in range(ENOUGH - 1)]
    call("หมาจรจัดไล่กัดคน ซอยบัวขาว", "flood")  # the wrong category the other way round
    call(pin=Pin(12.965, 100.9), text="น้ำท่วมถนนพัทยา-นาเกลือ")
    assert detect(floor, config) == []
    made.append(call(category="rubbish"))
    (found,) = detect(floor, config)
    assert detect(floor, config) == []
    assert members(floor, found) == [each.id for each in made]
    incident = of(floor, found)
    assert (incident.state, incident.callers) == (State.PROPOSED, ENOUGH)
    assert incident.title("en") == "Flooding Soi Buakhao"
    with floor.db.read() as session:
        (notice,) = session.scalars(sa.select(Notice))
        # until it is confirmed, no ticket says that it is part of something
        assert looking.of_ticket(session, made[0].id) is None
    assert (notice.kind, notice.urgent) == ("incident", True)
    assert notice.data["address"] == f"/tickets/incidents/{found}"


def test_one_who_calls_again_and_again_is_one_caller(
    floor: Floor, config: Tickets, boss: str, call: Call
) -> None:
    """No burst by themselves, and one of those who are counted and told."""
    most = config.incidents.callers
    for _ in range(most + 2):
        call(caller="+66812349999")
    assert detect(floor, config) == []
    for _ in range(most - 1):
        call()
    found = of(floor, opened(floor, config))
    assert (found.callers, found.tickets) == (most, 2 * most + 1)


def test_who_came_is_counted_by_one_rule_while_it_grows_and_afterwards(
    floor: Floor, config: Tickets, client: FlaskClient, call: Call
) -> None:
    """Who was added to a ticket and calls with one of their own is one caller; so is who withheld
    their number and whose ticket was merged into another of the same incident.
    """
    first, second = call(), call()
    with floor.db.write() as session:
        for n, number in ((901, second.caller_number), (902, None), (903, first.caller_number)):
            added = matters.Call(n, number, "th")
            matters.add(session, seen(floor, first), added, actor=SUPERVISOR, now=clock.now())
    unknown = call(caller=None)
    while not (found := looked(floor, config)):
        call()
    (burst,) = found.bursts
    many = config.incidents.callers
    assert burst.callers == many, "no sooner, and no later"
    assert len(burst.members) == many - 1, "of one of them only the call is known"
    incident = opened(floor, config)
    assert of(floor, incident).callers == many
    with floor.db.read() as session:
        (notice,) = session.scalars(sa.select(Notice))
        story = {each.kind: each.data for each in looking.story(session, incident)}
    assert notice.data["callers"] == story["found"]["callers"] == story["opened"]["callers"] == many
    with floor.db.write() as session:
        merging.merge(
            session,
            unknown,
            seen(floor, first),
            text="บ้านเดียวกัน",
            actor=SUPERVISOR,
            now=clock.now(),
        )
    assert of(floor, incident).callers == many
    for page, shown in (
        (f"{incident}", f"<dt>Callers</dt><dd>{many}</dd>"),
        ("", f'data-label="Callers">{many}</td>'),
        (f"{incident}?do=tell", f"Send to {many - 2} callers"),
        (f"{incident}?do=tell", "Of 2 nobody knows the number"),
        ("/alarm", f"{many} callers"),
        ("/known", f"{many} callers"),
    ):
        address = f"/tickets/incidents/{page}".replace("//", "/").removesuffix("/")
        assert shown in client.get(f"{address}{'&' if '?' in address else '?'}lang=en").text, page


def looked(floor: Floor, config: Tickets) -> service.Found:
    with floor.db.read() as session:
        return service.look(session, config, clock.now())


def test_what_is_usual_there_is_no_burst(floor: Floor, config: Tickets, call: Call) -> None:
    for day in range(1, 29):
        for _ in range(4):
            call(at=NOW - timedelta(days=day))
    for _ in range(ENOUGH):
        call()

    def found(**rules: Any) -> bool:
        incidents = config.incidents.model_copy(update={"usual_days": 28, **rules})
        with floor.db.read() as session:
            return bool(
                service.look(session, config.model_copy(update={"incidents": incidents}), NOW)
            )

    # four in three hours of each day: in one hour one and a third
    assert found(times_usual=3)
    assert not found(times_usual=5)


def test_later_ones_join_and_private_or_old_ones_do_not(
    floor: Floor, config: Tickets, call: Call, now: clock.DrivenClock
) -> None:
    for _ in range(ENOUGH):
        call()
    found = opened(floor, config)
    now.advance(hours=3)
    late = call("Soi Buakhao is under water", "noise", pin=FAR_OFF)
    call("เจ้าหน้าที่เรียกเงิน น้ำท่วมซอยบัวขาว", "corruption")
    call("น้ำท่วมถนนเทพประสิทธิ์", pin=Pin(12.906, 100.889))
    assert detect(floor, config) == [found]
    assert members(floor, found)[-1] == late.id
    with floor.db.read() as session:
        kinds = [event.kind for event in tickets.story(session, late.id)]
        part_of = looking.of_ticket(session, late.id)
    assert kinds[-1] is EventKind.INCIDENT
    assert part_of is not None
    assert part_of.id == found


def test_with_so_many_it_is_opened_by_itself(floor: Floor, config: Tickets, call: Call) -> None:
    incidents = config.incidents.model_copy(update={"opens_at": 8})
    early = config.model_copy(update={"incidents": incidents})
    early = early.with_areas(config.areas)
    for _ in range(7):
        call()
    (found,) = detect(floor, early)
    assert of(floor, found).state is State.PROPOSED
    call()
    detect(floor, early)
    assert (of(floor, found).state, of(floor, found).opened_by) == (State.OPEN, "system")


def test_what_was_dismissed_is_not_proposed_again(
    floor: Floor, config: Tickets, call: Call, now: clock.DrivenClock
) -> None:
    for _ in range(ENOUGH):
        call()
    (found,) = detect(floor, config)
    with floor.db.write() as session, pytest.raises(RoleMayNot):
        service.dismiss(session, found, actor=AGENT, now=clock.now())
    with floor.db.write() as session:
        service.dismiss(session, found, text="ฝนตกปกติ", actor=SUPERVISOR, now=clock.now())
    with floor.db.write() as session, pytest.raises(IncidentChanged):
        service.confirm(session, found, actor=SUPERVISOR, now=clock.now())
    for _ in range(ENOUGH):
        call()
    assert detect(floor, config) == [found]
    # some hours later it may be another matter
    now.advance(hours=5)
    for _ in range(ENOUGH):
        call()
    (another,) = detect(floor, config)
    assert another != found


def test_a_change_of_a_ticket_has_it_looked_at(
    floor: Floor, config: Tickets, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(
        floor.jobs, "enqueue", lambda name, *given, **_: asked.append((name, *given))
    )
    last = [call() for _ in range(ENOUGH)][-1]
    # one job a unit of work, however much was told in it
    assert [each for each in asked if each[0] == jobs.DETECT][-1] == (jobs.DETECT, [last.id])
    assert len([each for each in asked if each[0] == jobs.DETECT]) == ENOUGH
    jobs.detect(floor, [last.id])
    with floor.db.read() as session:
        (found,) = looking.listing(session)
    assert found.callers == ENOUGH
    # one that is put right much later is looked at as well
    old = call("ไม่ระบุ", "other", pin=None, at=NOW - timedelta(minutes=50))
    with floor.db.write() as session:
        where = places.settled(config, Place(pin=HERE, soi="ซอยบัวขาว"))
        old = places.place(session, config, old, where, actor=SUPERVISOR, now=clock.now())
        handling.route(
            session,
            config,
            old,
            category="flood",
            priority=Priority.CRITICAL,
            division=None,
            text="น้ำท่วม",
            actor=SUPERVISOR,
            now=clock.now(),
        )
    jobs.detect(floor, [old.id])
    assert old.id in members(floor, found.id)


def at_once(*each: Callable[[], object]) -> list[object]:
    """What came of those that ran at the same time: a value, or an error."""
    gate, ends = threading.Barrier(len(each)), list[object]()

    def run(one: Callable[[], object]) -> None:
        gate.wait()
        try:
            ends.append(one())
        except Exception as error:
            ends.append(error)

    threads = [threading.Thread(target=run, args=[one]) for one in each]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


def test_two_workers_that_find_the_same_burst_make_one_incident(
    floor: Floor, config: Tickets, call: Call
) -> None:
    made = [call().id for _ in range(ENOUGH)]
    other = Database(floor.settings.database_url)

    def find(db: Database) -> list[int]:
        with db.write() as session:
            return service.detect(session, config, NOW)

    try:
        ends = at_once(*(lambda db=db: find(db) for db in (floor.db, other, floor.db)))
    finally:
        other.dispose()
    assert sorted(map(str, ends)) == ["[1]", "[]", "[]"]
    assert members(floor, 1) == made


# ------------------------------------------------------------------ by hand


def test_tickets_are_added_and_taken_out_and_that_is_undone(
    floor: Floor, config: Tickets, call: Call
) -> None:
    made = [call() for _ in range(ENOUGH)]
    other = call("ไม่มีทางเดิน", "footpath", pin=None)
    found = opened(floor, config)

    def by_hand(verb: Callable[..., None], ticket: TicketFacts) -> None:
        with floor.db.write() as session:
            verb(session, config, found, ticket, actor=SUPERVISOR, now=clock.now())

    by_hand(service.add, other)
    by_hand(service.remove, made[0])
    assert members(floor, found) == [*(each.id for each in made[1:]), other.id]
    with pytest.raises(NothingChanged):
        by_hand(service.remove, made[0])
    # what somebody has taken out stays out
    assert detect(floor, config) == []
    by_hand(service.add, made[0])
    with pytest.raises(NothingChanged):
        by_hand(service.add, made[0])
    assert members(floor, found) == [*(each.id for each in made), other.id]
    with floor.db.read() as session:
        story = [
            (event.kind, event.data.get("out", False))
            for event in tickets.story(session, made[0].id)
            if event.kind is EventKind.INCIDENT
        ]
    assert [out for _, out in story] == [False, True, False]


def test_what_somebody_says_of_it_does_not_follow_its_tickets(
    floor: Floor, config: Tickets, call: Call
) -> None:
    for _ in range(ENOUGH):
        call()
    found = opened(floor, config)
    before = of(floor, found)
    to = Change(titles={"th": "ท่อแตก ซอยบัวขาว"}, category="drain", centre=FAR_OFF, metres=900)

    def change(version: int) -> None:
        with floor.db.write() as session:
            service.change(
                session, config, found, to, version=version, actor=SUPERVISOR, now=clock.now()
            )

    change(before.version)
    with pytest.raises(IncidentChanged):
        change(before.version)
    call("ท่อตัน ซอยบัวขาว", "drain")
    detect(floor, config)
    now_is = of(floor, found)
    assert (now_is.title("th"), now_is.title("en")) == ("ท่อแตก ซอยบัวขาว", before.title("en"))
    assert (now_is.category, now_is.centre, now_is.metres) == ("drain", FAR_OFF, 900)


def test_one_is_made_of_chosen_tickets(floor: Floor, config: Tickets, call: Call) -> None:
    chosen = [call(), call(category="drain")]
    with floor.db.write() as session:
        made = service.open_by_hand(session, config, chosen, actor=SUPERVISOR, now=clock.now())
    assert (of(floor, made).state, of(floor, made).category) == (State.OPEN, "flood")
    with floor.db.write() as session, pytest.raises(NothingChanged):
        service.open_by_hand(session, config, chosen, actor=SUPERVISOR, now=clock.now())


# ------------------------------------------------------------------ with all of them


def test_categories_and_pins_are_put_right_each_once_and_back(
    floor: Floor, config: Tickets, call: Call
) -> None:
    right = call()
    wrong = [call(category=each) for each in ("rubbish", "noise", "other", "drain")]
    astray = call(category="rubbish", pin=FAR_OFF)
    closed = call(category="noise")
    found = opened(floor, config)
    with floor.db.write() as session:
        tickets.move(
            session,
            config,
            closed,
            tickets.workflow.State.CANCELLED,
            actor=SUPERVISOR,
            result=Result.WITHDRAWN,
            text="ซ้ำ",
            now=clock.now(),
        )
    pins = do(floor, begun(found, What.PINS))
    kinds = do(floor, begun(found, What.CATEGORIES))
    for each in (*wrong, astray):
        it = seen(floor, each)
        assert (it.category, it.division) == ("flood", "sanitary_engineering")
        assert it.priority is Priority.CRITICAL
    assert seen(floor, right).version == right.version
    assert seen(floor, closed).category == "noise"
    with floor.db.read() as session:
        pin = places.of_ticket(session, astray).pin
        assert pin == of(floor, found).centre
        story = tickets.story(session, astray.id)
        placed = next(each for each in story[::-1] if each.kind is EventKind.PLACED)
        assert placed.data["was"]["latitude"] == FAR_OFF.latitude  # the old pin stays in the story
        done = {each.id: each.done for each in works.of_incident(session, found)}
    assert done == {pins: 1, kinds: 5}
    # somebody has done otherwise with one of them since
    with floor.db.write() as session:
        handling.route(
            session,
            config,
            tickets.by_number(session, wrong[0].number),
            category="canal",
            priority=Priority.NORMAL,
            division=None,
            text="คลอง",
            actor=SUPERVISOR,
            now=clock.now(),
        )
    for work in (kinds, pins):
        do(
            floor,
            lambda session, work=work: works.undo(  # type: ignore[misc]
                session, work, actor=SUPERVISOR, now=clock.now()
            ),
        )
    assert seen(floor, wrong[0]).category == "canal"
    assert [seen(floor, each).category for each in wrong[1:]] == ["noise", "other", "drain"]
    assert seen(floor, astray).priority is astray.priority
    with floor.db.read() as session:
        assert places.of_ticket(session, astray).pin == FAR_OFF
    with floor.db.write() as session, pytest.raises(TooLate):
        works.undo(session, kinds, actor=SUPERVISOR, now=clock.now())


def test_a_work_that_was_cut_off_is_carried_on_and_does_nothing_twice(
    floor: Floor, config: Tickets, call: Call, now: clock.DrivenClock
) -> None:
    texts = {"th": "เจ้าหน้าที่กำลังไป", "en": "Our people are on their way"}
    made = [call(language="ru" if n % 2 else "th") for n in range(works.STEP + 5)]
    twice = call(caller=made[0].caller_number)
    hidden = call(caller=None)
    found = opened(floor, config)

    def begin(session: Session) -> int:
        return works.tell_everybody(
            session, found, texts, key="one form", actor=SUPERVISOR, now=clock.now()
        )

    with floor.db.write() as session:
        work = begin(session)
    assert not works.carry_on(floor, work, clock.now(), steps=1)
    with floor.db.write() as session:
        assert begin(session) == work  # the form was sent twice
    now.advance(seconds=60)
    jobs.sweep_works(floor, clock.now())
    at_once(*[lambda: works.carry_on(floor, work, clock.now())] * 2)
    with floor.db.read() as session:
        messages = [
            (ticket.id, event.data["language"], event.data["text"])
            for ticket in (*made, twice, hidden)
            for event in tickets.story(session, ticket.id)
            if event.kind is EventKind.MESSAGE
        ]
        sms = session.execute(
            sa.select(TicketSms.number, TicketSms.state).where(TicketSms.moment == "message")
        ).all()
        (told,) = works.of_incident(session, found)
    # who speaks another language reads the English words
    spoken = {"th": "th", "ru": "en"}
    assert messages == [
        (each.id, spoken[each.language], texts[spoken[each.language]])
        for each in (*made, twice, hidden)
    ]
    numbers = [*(each.caller_number for each in made), None]
    assert Counter(row.number for row in sms) == Counter(numbers)
    assert (told.done, told.left, told.done_at is not None) == (len(made) + 2, 0, True)


def test_all_are_closed_with_one_photo_and_one_text(
    floor: Floor, config: Tickets, call: Call
) -> None:
    said = "ถนนทรุด หลุมใหญ่ ซอยบัวขาว"
    made = [call(said, "road_surface") for _ in range(ENOUGH)]
    asked = call(said, "road_surface", outcome="information")  # closed when it was answered
    found = opened(floor, config)
    assert of(floor, found).category == "road_surface"
    with floor.db.write() as session, pytest.raises(BadMove):
        ending(config, found)(session)
    assert of(floor, found).state is State.OPEN
    received = files.receive(
        floor, config.files, photos.photo(), kind=FileKind.AFTER, name="a.jpg", now=clock.now()
    )
    with floor.db.write() as session:
        files.add(session, config.files, made[2], received, actor=SUPERVISOR, now=clock.now())
    work = do(floor, ending(config, found))
    assert of(floor, found).state is State.ENDED
    with floor.db.read() as session:
        for each in made:
            it = facts.of_ticket(session.get_one(Ticket, each.id))
            assert (it.is_open, it.result) == (False, Result.FIXED)
            assert files.after_photos(session, it) == 1
            last = [
                event for event in tickets.story(session, it.id) if event.kind is EventKind.MOVED
            ]
            assert last[-1].data["text"] == "น้ำลดแล้ว"
        (told,) = works.of_incident(session, found)
        closed = session.scalars(sa.select(TicketSms.ticket_id).where(TicketSms.moment == "closed"))
        assert sorted(closed) == [each.id for each in made]
    assert (told.id, told.done, told.left) == (work, ENOUGH, 0)
    assert seen(floor, asked).closed_at == asked.closed_at
    # what comes now is not of it
    late = call(said, "road_surface")
    assert detect(floor, config) == []
    with floor.db.write() as session, pytest.raises(IncidentChanged):
        service.add(session, config, found, late, actor=SUPERVISOR, now=clock.now())


def test_what_comes_while_it_is_being_ended_is_closed_with_it_or_stays_open(
    floor: Floor, config: Tickets, call: Call
) -> None:
    for _ in range(ENOUGH):
        call()
    found = opened(floor, config)
    late = [call() for _ in range(4)]
    other = Database(floor.settings.database_url)

    def join() -> None:
        with other.write() as session:
            service.detect(session, config, NOW)

    try:
        ends = at_once(join, lambda: do(floor, ending(config, found)))
    finally:
        other.dispose()
    assert not [each for each in ends if isinstance(each, Exception)]
    joined = set(members(floor, found)) & {each.id for each in late}
    assert joined in (set(), {each.id for each in late})
    assert {each.id for each in late if not seen(floor, each).is_open} == joined
    assert of(floor, found).state is State.ENDED


# ------------------------------------------------------------------ pages


@pytest.fixture
def client(app: Flask, boss: str) -> FlaskClient:
    made = app.test_client()
    made.set_cookie(COOKIE, boss)
    return made


def heard_of_a_unit(floor: Floor) -> tuple[list[TicketSms], set[str | None]]:
    """What was written to whom, and the numbers that there are."""
    with floor.db.read() as session:
        sent = sa.select(TicketSms).where(TicketSms.moment == "unit").order_by(TicketSms.id)
        return list(session.scalars(sent)), set(session.scalars(sa.select(Ticket.caller_number)))


def test_a_unit_is_sent_to_the_middle_and_each_caller_is_told_once_that_it_comes(
    floor: Floor, config: Tickets, call: Call, client: FlaskClient
) -> None:
    twice = "+66812349999"
    near, *far = [call(pin=Pin(HERE.latitude + n / 1000, HERE.longitude)) for n in range(ENOUGH)]
    with floor.db.write() as session:
        merging.merge(session, far[0], near, text="บ้านเดียวกัน", actor=SUPERVISOR, now=clock.now())
    english = call(caller=twice, language="en", pin=FAR_OFF)
    call(caller=twice, language="th", pin=FAR_OFF)
    incident = opened(floor, config)
    crew = Actor("crew", Role.CREW)
    sign_in_as(floor, AccountRole.CREW, crew.username)
    with floor.db.write() as session:
        row = session.get_one(Incident, incident)
        row.latitude, row.longitude = HERE
        fleet.seed(session, config)
        fleet.put_on(session, "qru2", crew.username, actor=crew, by=None, now=clock.now())
    board = client.get("/tickets/units?lang=en").text
    assert board.count("data-wait>") == 1, "one unit goes for all of them"
    assert f"{ENOUGH + 1} tickets; one unit goes for all of them" in board
    page = client.get(f"/tickets/incidents/{incident}?lang=en")
    assert f"Sent to ticket {near.number_shown}" in page.text
    token = re.search(r'name="csrf_token" value="(\w+)"', page.text)
    assert token
    form = {"csrf_token": token[1], "unit": "qru2", "key": "k"}
    for _ in range(2):  # a double click sends one
        assert client.post(f"/tickets/incidents/{incident}/unit", data=form).status_code == 303
    with floor.db.read() as session:
        (job,) = units.of_tickets(session, [near.id, *(each.id for each in far)])
    assert (job.unit, job.ticket_id) == ("qru2", near.id)
    assert "data-wait>" not in client.get("/tickets/units?lang=en").text, "nor after one has gone"
    for n in range(2):
        with floor.db.write() as session:
            said = {"by": crew, "now": clock.now(), "key": f"w{n}"}
            units.say(session, config, job.id, Act.ON_WAY, **said)
    later = clock.now() + timedelta(minutes=1)
    for _ in range(2):
        jobs.sweep_works(floor, later)
    told, numbers = heard_of_a_unit(floor)
    assert Counter(each.number for each in told) == Counter(numbers), "each number once"
    assert [each.ticket_id for each in told[:2]] == [near.id, far[0].id], "at once"
    (words,) = (each for each in told if each.number == twice)
    assert words.ticket_id == english.id and words.text.startswith("Quick Response Unit")
    shown = client.get(f"/tickets/{english.number}?lang=en").text
    assert "พัทยา 102 is on its way there, and its callers are told" in shown


def test_of_two_who_send_the_first_unit_at_once_one_wins(
    floor: Floor, config: Tickets, call: Call, client: FlaskClient
) -> None:
    tickets_ = [call() for _ in range(ENOUGH)]
    incident = opened(floor, config)
    for code in ("qru1", "qru2"):
        crew = Actor(f"crew_{code}", Role.CREW)
        sign_in_as(floor, AccountRole.CREW, crew.username)
        with floor.db.write() as session:
            fleet.seed(session, config)
            fleet.put_on(session, code, crew.username, actor=crew, by=None, now=clock.now())
    page = f"/tickets/incidents/{incident}?lang=en"
    token = re.search(r'name="csrf_token" value="(\w+)"', client.get(page).text)
    assert token

    def send(unit: str, **more: str) -> int:
        asked = {"csrf_token": token[1], "unit": unit, "key": unit} | more
        return client.post(f"/tickets/incidents/{incident}/unit", data=asked).status_code

    assert 'name="another"' not in client.get(page).text
    assert [send("qru1"), send("qru2")] == [303, 409]
    assert 'name="another"' in client.get(page).text, "from now on it is meant"
    assert send("qru2", another="1") == 303
    with floor.db.read() as session:
        sent = units.of_tickets(session, [each.id for each in tickets_])
    assert [each.unit for each in sent] == ["qru1", "qru2"]


def test_the_desk_and_the_floor_are_told(
    client: FlaskClient, floor: Floor, config: Tickets, call: Call
) -> None:
    known, alarm = "/tickets/incidents/known?lang=en", "/tickets/incidents/alarm?lang=en"
    assert client.get(known).text.strip() == ""
    for _ in range(ENOUGH):
        call()
    (found,) = detect(floor, config)
    assert "Confirm it" in client.get(alarm).text
    assert "Flooding" not in client.get(known).text
    with floor.db.write() as session:
        service.confirm(session, found, actor=SUPERVISOR, now=clock.now())
    page = client.get(known).text
    assert "Known incident: Flooding Soi Buakhao" in page
    assert "You need not call again" in page
    assert "Going on: Flooding Soi Buakhao" in client.get(alarm).text


def test_who_may_not_read_a_ticket_does_not_see_it_there(
    app: Flask, floor: Floor, config: Tickets, call: Call, boss: str
) -> None:
    made = [call() for _ in range(ENOUGH)]
    found = opened(floor, config)
    with floor.db.write() as session:
        session.execute(sa.update(Ticket).where(Ticket.id == made[0].id).values(private=True))
    client = app.test_client()
    client.set_cookie(COOKIE, sign_in_as(floor, AccountRole.DIVISION, "mali"))
    page = client.get(f"/tickets/incidents/{found}").text
    assert made[1].number in page
    assert made[0].number not in page
    assert (
        f'"number": "{made[0].number_shown}"'
        not in client.get(f"/tickets/incidents/{found}/map").text
    )
    assert client.get("/tickets/incidents/99").status_code == 404


def test_the_board_of_units_says_what_may_be_one_incident(
    floor: Floor, config: Tickets, call: Call, client: FlaskClient
) -> None:
    for _ in range(ENOUGH):
        call()
    (incident,) = detect(floor, config)
    address = f"/tickets/incidents/{incident}"
    board = client.get("/tickets/units?lang=en").text
    assert board.count("data-wait>") == ENOUGH, "each waits, until somebody has confirmed it"
    assert board.count(f"{ENOUGH} tickets may be one incident") == 1
    assert board.count(f'href="{address}"') == ENOUGH + 1
    assert "one unit goes for all of them" not in board
    assert board.count("waiting under 1 min") == ENOUGH and "0 min" not in board
    token = re.search(r'name="csrf_token" value="(\w+)"', client.get(address).text)
    assert token
    form = {"csrf_token": token[1]}
    assert client.post(f"{address}/confirm", data=form).status_code == 303
    board = client.get("/tickets/units?lang=en").text
    assert board.count("data-wait>") == 1
    assert "may be one incident" not in board and "one unit goes for all of them" in board
