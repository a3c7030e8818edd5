"""A flood night: two hundred callers about one street, pins up to a kilometre off, half of the
categories wrong, four languages, and the rest of the city as on any night. It ends as one incident.
"""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import cos, pi, radians, sin, sqrt

import pytest
import sqlalchemy as sa

from hotline import clock
from hotline.app import build_floor
from hotline.auth import Role as AccountRole
from hotline.city import CityConfig
from hotline.floor import Floor
from hotline.settings import Settings
from tests.support.floors import sign_in_as
from tickets import numbers
from tickets import service as tickets
from tickets.config import Tickets
from tickets.facts import Actor, TicketFacts
from tickets.incidents import jobs, looking, works
from tickets.incidents.looking import IncidentFacts, State
from tickets.incidents.models import Incident
from tickets.incidents.works import What
from tickets.life import merging
from tickets.models import EventKind, Ticket, TicketEvent, TicketSms
from tickets.places import service as places
from tickets.places.rules import DEGREE, Pin, PinSource, Place, distance
from tickets.texting import Moment
from tickets.units import fleet
from tickets.units import service as units
from tickets.units.rules import Act, Standing
from tickets.units.rules import State as UnitState
from tickets.workflow import Result, Role
from tickets.workflow import State as TicketState

NOW = datetime(2026, 10, 14, 13, 0, tzinfo=UTC)  # eight in the evening
CALLERS, OTHERS = 200, 30
#: The real middle of it, 180 m from where the city's file has Soi Buakhao.
FLOOD = Pin(12.9312, 100.8836)
STREET = {"th": "ซอยบัวขาว", "en": "Soi Buakhao", "zh": "Soi Buakhao", "ru": "Soi Buakhao"}
SAID = {
    "th": [
        "น้ำท่วม{street} สูงครึ่งเข่า รถผ่านไม่ได้",
        "{street} น้ำเข้าบ้านแล้ว ขอกระสอบทราย",
        "น้ำรอระบายนานมาก {street} ถนนจมน้ำ มอเตอร์ไซค์ดับ",
        "ฝนตกหนัก น้ำท่วมขังหน้าร้าน {street}",
    ],
    "en": ["{street} is flooded, cars are stuck", "The road is under water, {street}"],
    "zh": ["{street} 街道被淹,水到膝盖", "{street} 积水很深"],
    "ru": ["{street}: улица затоплена, вода по колено", "{street} залило первый этаж"],
}
WRONG = ("rubbish", "road_surface", "drain", "street_light", "noise", "other", "illegal_parking")
UNRELATED = (
    ("ขยะไม่เก็บมาสามวัน", "rubbish"),
    ("ไฟถนนดับหนึ่งดวง", "street_light"),
    ("หมาจรจัดไล่กัดคน", "stray_animals"),
    ("เพื่อนบ้านเปิดเพลงเสียงดัง", "noise"),
    ("น้ำท่วมถนนเทพประสิทธิ์ หน้าตลาด", "flood"),  # the same, and another street
    ("หลุมกลางถนนลึกมาก", "road_surface"),
)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    # the same verbs on PostgreSQL: tests/service/tickets/test_incidents.py
    return sqlite_url


@pytest.fixture
def floor(settings: Settings, shipped_config: CityConfig) -> Iterator[Floor]:
    built = build_floor(settings, shipped_config)
    yield built
    built.close()


@pytest.fixture(autouse=True)
def tonight() -> Iterator[clock.DrivenClock]:
    with clock.driven(NOW) as driven:
        yield driven


def off(dice: random.Random, pin: Pin, metres: float) -> Pin:
    """A pin up to so many metres off, as likely anywhere within."""
    far, way = metres * sqrt(dice.random()), dice.random() * 2 * pi
    return Pin.of(
        pin.latitude + far * sin(way) / DEGREE,
        pin.longitude + far * cos(way) / DEGREE / cos(radians(pin.latitude)),
    )


class Night:
    """What calls, in which order, and what is made of it."""

    def __init__(self, floor: Floor, seed: int) -> None:
        self.floor, self.config = floor, floor.section(Tickets)
        self.dice = random.Random(seed)
        self.flood: list[int] = []
        self.others: list[int] = []

    def call(
        self, n: int, text: str, category: str, language: str, where: Place, at: datetime
    ) -> int:
        with self.floor.db.write() as session:
            # every tenth calls from a number that has called before
            number = f"+66812{n - n % 10 if n % 10 == 9 else n:06}"
            made = tickets.record_call(
                session,
                self.config,
                call_id=n,
                outcome="complaint",
                note=text,
                category=category,
                caller=number,
                language=language,
                by="nok",
                now=at,
            )
            settled = places.settled(self.config, where)
            places.placed_in_call(session, self.config, made, settled, by="nok", now=at)
        return made.id

    def about_the_flood(self, n: int, at: datetime) -> None:
        dice = self.dice
        language = dice.choices(list(SAID), (6, 2, 1, 1))[0]
        street = STREET[language]
        in_field = dice.random() < 0.3
        text = dice.choice(SAID[language]).format(street="" if in_field else street).strip()
        category = "flood" if n % 2 else dice.choice(WRONG)
        pin = None if dice.random() < 0.15 else off(dice, FLOOD, 1000)
        where = Place(
            soi=street if in_field else "", pin=pin, source=PinSource.AGENT if pin else None
        )
        self.flood.append(self.call(n, text, category, language, where, at))

    def about_something_else(self, n: int, at: datetime) -> None:
        text, category = UNRELATED[len(self.others) % len(UNRELATED)]
        # elsewhere, and some right in the middle of it
        there = category != "flood" and self.dice.random() < 0.4
        middle = FLOOD if there else Pin(12.906, 100.889)
        where = Place(pin=off(self.dice, middle, 600), source=PinSource.AGENT)
        self.others.append(self.call(n, text, category, "th", where, at))

    def fall(self, driven: clock.DrivenClock) -> None:
        calls = [True] * CALLERS + [False] * OTHERS
        self.dice.shuffle(calls)
        waiting: list[int] = []
        for n, about_it in enumerate(calls, 1):
            at = NOW + timedelta(seconds=15 * n)
            driven.advance(seconds=15)
            (self.about_the_flood if about_it else self.about_something_else)(n, at)
            waiting.append((self.flood if about_it else self.others)[-1])
            # at first at once, then as a worker does who has much to do
            if n < 40 or n % 5 == 0:
                jobs.detect(self.floor, waiting)
                waiting = []


def rows(night: Night, ids: list[int]) -> list[Ticket]:
    with night.floor.db.read() as session:
        return list(session.scalars(sa.select(Ticket).where(Ticket.id.in_(ids))))


@pytest.mark.timeout(300)  # 230 calls, each with what follows from it, also on a busy machine
def test_it_ends_as_one_incident_and_every_caller_is_told(
    floor: Floor, tonight: clock.DrivenClock
) -> None:
    sign_in_as(floor, AccountRole.SUPERVISOR, "supervisor")
    night = Night(floor, seed=20261014)
    night.fall(tonight)
    untouched = {row.id: row.version for row in rows(night, night.others)}
    incident = the_one(night)
    with floor.db.read() as session:
        boss = tickets.acting(session, night.config, "supervisor", "supervisor", clock.now())
    put_right(night, incident, boss)
    goal, merged = merge_some(night, incident, boss)
    send_a_unit(night, goal, boss)
    everybody_hears_of_the_unit(night, goal, merged)
    tell_everybody(night, incident, boss)
    end(night, incident, boss, merged)
    with floor.db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Incident)) == 1
    assert {row.id: row.version for row in rows(night, night.others)} == untouched
    assert {row.closed_at for row in rows(night, night.others)} == {None}


def the_one(night: Night) -> IncidentFacts:
    """The incident that the night has made, all its callers counted, opened by itself."""
    with night.floor.db.read() as session:
        (incident,) = looking.listing(session)
        assert looking.member_ids(session, incident.id) == night.flood
    people = {row.caller_number for row in rows(night, night.flood)}
    assert len(people) < CALLERS, "some have called twice"
    # so many callers: nobody had to confirm it first
    assert (incident.state, incident.callers) == (State.OPEN, len(people))
    assert incident.titles["th"] == "น้ำท่วม ซอยบัวขาว"
    assert (incident.category, incident.division) == ("flood", "sanitary_engineering")
    assert incident.centre
    assert distance(incident.centre, FLOOD) < 250
    return incident


def put_right(night: Night, incident: IncidentFacts, boss: Actor) -> None:
    """All pins within reach of the middle, all matters with the right division."""
    floor, now = night.floor, clock.now()
    for what in (What.PINS, What.CATEGORIES):
        with floor.db.write() as session:
            work = works.begin(session, incident.id, what, {}, key=what, actor=boss, now=now)
        assert works.carry_on(floor, work, now)
    with floor.db.read() as session:
        found = looking.find(session, incident.id)
        members = looking.members(session, night.config, found, boss)
    assert len(members) == CALLERS
    assert not any(each.astray or each.differs for each in members)
    assert all(each.metres <= found.metres for each in members if each.metres is not None)
    assert sum(each.metres is None for each in members) > 10, "some never had a pin"
    kinds = {(row.category, row.division) for row in rows(night, night.flood)}
    assert kinds == {("flood", "sanitary_engineering")}


def tell_everybody(night: Night, incident: IncidentFacts, boss: Actor) -> None:
    """Each number once by SMS, each ticket's page with the words in its language."""
    floor, now, told = night.floor, clock.now(), night.config.incidents.told
    assert told
    said = {code: text.format(title=incident.title(code)) for code, text in told.root.items()}
    with floor.db.write() as session:
        work = works.tell_everybody(session, incident.id, said, key="told", actor=boss, now=now)
    assert works.carry_on(floor, work, now)
    with floor.db.read() as session:
        asked = sa.select(TicketSms.number).where(
            TicketSms.moment == "message", TicketSms.state == "waiting"
        )
        numbers = {row.caller_number for row in rows(night, night.flood)}
        assert len(numbers) < CALLERS, "some have called twice"
        assert Counter(session.scalars(asked)) == Counter(numbers), "each number once"
        messages = session.execute(
            sa.select(Ticket.id, Ticket.language, TicketEvent.data)
            .join(TicketEvent, TicketEvent.ticket_id == Ticket.id)
            .where(TicketEvent.kind == EventKind.MESSAGE.value)
        ).all()
    assert sorted(row.id for row in messages) == night.flood
    assert all(row.data["text"] == said[row.language] for row in messages)


def merge_some(
    night: Night, incident: IncidentFacts, boss: Actor
) -> tuple[TicketFacts, list[TicketFacts]]:
    """Before anybody goes, a supervisor has seen that some are the very matter of the one that a
    unit is sent to: that one, and those, in other languages.
    """
    floor, now = night.floor, clock.now()
    with floor.db.read() as session:
        found = looking.find(session, incident.id)
        members = looking.members(session, night.config, found, boss)
    nearest = looking.nearest_open(members)
    assert nearest and nearest.metres is not None and nearest.metres < 100
    goal = nearest.ticket
    called = Counter(each.ticket.caller_number for each in members)
    merged = []
    for language in ("zh", "ru"):
        (it, *_) = (
            each.ticket
            for each in members
            if each.ticket.language == language
            and each.ticket.id != goal.id
            and called[each.ticket.caller_number] == 1
        )
        with floor.db.write() as session:
            merged.append(merging.merge(session, it, goal, text="จุดเดียวกัน", actor=boss, now=now))
    return goal, merged


#: Where each unit is, metres north of it, when it is looked for who could go.
UNITS = {"qru4": 100.0, "qru1": 300.0, "qru2": 900.0, "qru3": 4000.0}


def send_a_unit(night: Night, goal: TicketFacts, boss: Actor) -> None:
    """The nearest that is free and does such work; its crew answers, goes, and does it."""
    floor, config, now = night.floor, night.config, clock.now()
    elsewhere = night.call(999, "ต้นไม้ล้มขวางถนน", "fallen_tree", "th", Place(), now)
    for code, metres in UNITS.items():
        crew = Actor(f"crew_{code}", Role.CREW)
        sign_in_as(floor, AccountRole.CREW, crew.username)
        pin = Pin.of(FLOOD.latitude + metres / DEGREE, FLOOD.longitude)
        with floor.db.write() as session:
            fleet.seed(session, config)
            fleet.put_on(session, code, crew.username, actor=crew, by=None, now=now)
            units.report_position(session, code, pin, accuracy_m=9.0, by=crew, at=now, now=now)
    (tree,) = rows(night, [elsewhere])
    with floor.db.write() as session:
        units.dispatch(session, config, "qru1", tree.number, by=boss, now=now)
    with floor.db.read() as session:
        found = units.suggestions(session, config, goal, now)
    # of the two that are nearer one repairs roads and one is at the fallen tree
    assert [each.code for each in found] == ["qru2", "qru3", "qru1", "qru4"]
    with floor.db.write() as session:
        job = units.dispatch(session, config, found[0].code, goal.number, by=boss, now=now)
    crew = Actor(f"crew_{job.unit}", Role.CREW)
    for act in (Act.ACKNOWLEDGE, Act.ON_WAY, Act.HERE, Act.DONE):
        assert bool(heard_of_the_unit(night)) is (act in (Act.HERE, Act.DONE))
        with floor.db.write() as session:
            job = units.say(session, config, job.id, act, by=crew, now=now, note="สูบน้ำลงคลองแล้ว")
    assert job.state is UnitState.DONE
    assert job.acknowledged_at and job.acknowledged_at <= job.acknowledge_due_at
    with floor.db.read() as session:
        assert units.unit_of(session, crew.username).standing is Standing.FREE


def heard_of_the_unit(night: Night) -> list[TicketSms]:
    with night.floor.db.read() as session:
        unit = sa.select(TicketSms).where(TicketSms.moment == "unit").order_by(TicketSms.ticket_id)
        return list(session.scalars(unit))


def everybody_hears_of_the_unit(night: Night, goal: TicketFacts, merged: list[TicketFacts]) -> None:
    """At once who came with that ticket, or with one that is merged into it; then everybody else of
    the incident: each number once, by their own ticket, in their language.
    """
    floor = night.floor
    assert {each.ticket_id for each in heard_of_the_unit(night)} == {
        goal.id,
        *(each.id for each in merged),
    }
    jobs.sweep_works(floor, clock.now() + timedelta(minutes=1))
    heard = heard_of_the_unit(night)
    of_id = {row.id: row for row in rows(night, night.flood)}
    assert Counter(each.number for each in heard) == Counter(
        {row.caller_number for row in of_id.values()}
    )
    assert {each.state for each in heard} == {"waiting"}, "water in the house wakes people"
    assert night.config.sms
    texts = night.config.sms.texts[Moment.UNIT]
    for each in heard:
        row = of_id[each.ticket_id]
        said = {"number": numbers.display(row.number), "link": "{link}", "unit": "พัทยา 102"}
        assert each.text == texts.for_(row.language).format(**said)
    assert {each.language for each in heard} == set(SAID)


def end(night: Night, incident: IncidentFacts, boss: Actor, merged: list[TicketFacts]) -> None:
    """All of them closed, and each told."""
    floor, now = night.floor, clock.now()
    with floor.db.write() as session:
        work = works.end(
            session,
            night.config,
            incident.id,
            Result.FIXED,
            {"th": "น้ำลดแล้ว", "en": "The water has gone"},
            key="end",
            actor=boss,
            now=now,
        )
    assert works.carry_on(floor, work, now)
    own = [each for each in night.flood if each not in {row.id for row in merged}]
    assert {row.state for row in rows(night, own)} == {TicketState.DONE.value}
    with floor.db.read() as session:
        assert looking.find(session, incident.id).state is State.ENDED
        closed = sa.select(TicketSms.ticket_id).where(TicketSms.moment == "closed")
        assert sorted(session.scalars(closed)) == night.flood
