"""Somebody asks to be forgotten: afterwards nothing of them stands in any column of any table, nor
in any file, but where the law or the matter keeps it, and the answer says so.

Their name, their number and words of theirs are planted by the rooms' own verbs wherever one can be
written; then every table is read as it is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import auth, clock, outbox
from hotline.auth import Identity
from hotline.db import Database
from hotline.floor import Floor
from hotline.models import Effect
from hotline.outbox import Hopeless
from hotline.privacy import service as privacy
from hotline.privacy.keepers import Subject
from ivr import nuisance, recordings
from ivr.callbacks import service as callbacks
from ivr.callbacks.rows import Asked
from ivr.config import Ivr
from ivr.quality import service as quality
from ivr.quality.service import Sheet
from tests.service.ivr.world import Agent, Caller, World
from tests.support import photos
from tests.support.floors import sign_in_as
from tickets import following, guarding, service, sms_received
from tickets.config import Tickets
from tickets.facts import Actor, TicketFacts
from tickets.field import service as field
from tickets.field.rules import Act as FieldAct
from tickets.field.rules import Said
from tickets.files import service as files
from tickets.inbox import views
from tickets.incidents import service as incidents
from tickets.incidents import works
from tickets.life import bulk, forwarding, links, merging, messages
from tickets.life.rules import Bond
from tickets.matters import service as matters
from tickets.persons import service as persons
from tickets.persons.service import PersonDraft
from tickets.places import service as places
from tickets.places.rules import Pin, Place
from tickets.units import fleet
from tickets.units import service as units
from tickets.units.rules import Act
from tickets.workflow import Result, Role, State

NUMBER, OTHER = "+66812345999", "+66877777333"
NAME, BEFORE = "Zorblatt Quimby", "Zorblat Kwimbey"
#: What they said themselves, and what somebody wrote who named them.
OWN = "xyzzyplugh"
NAMED = f"คุณ{NAME} โทร 081-234-5999"
#: How the number can stand somewhere.
_FORMS = re.compile(r"812345999|81-234-5999|81 234 5999")
BOSS = Actor("boss", Role.SUPERVISOR, frozenset({"contact_center"}))
#: Kept by law, and never changed.
BY_LAW = {"audit_events"}


@dataclass(frozen=True)
class It:
    """One hotline with everything planted."""

    world: World
    #: Theirs alone, closed; another's which they came with, closed; another's, open.
    own: TicketFacts
    shared: TicketFacts
    open_one: TicketFacts


def write(world: World, verb: Any, *given: Any, **named: Any) -> Any:
    with world.floor.db.write() as session:
        return verb(session, *given, **named)


def boss_of(world: World) -> Identity:
    token = sign_in_as(world.floor, auth.Role.SUPERVISOR, "boss")
    found = world.read(partial(auth.identify, now=clock.now()), token)
    assert found is not None
    return found


def fresh(world: World, ticket: TicketFacts) -> TicketFacts:
    found = world.read(service.by_number, ticket.number)
    assert isinstance(found, TicketFacts)
    return found


@pytest.fixture
def it(world: World) -> It:
    boss = boss_of(world)
    agent = world.agent()
    caller = _talks(world, agent, NUMBER, f"{OWN} {NAMED}")
    own = _ticket(world, caller)
    _of_the_call(world, agent, caller, boss)
    _of_the_person(world, caller)
    others = [_ticket(world, _talks(world, agent, f"+6687000000{n}", "ไฟดับ")) for n in range(3)]
    shared, open_one, merged = others
    for each, call_id in ((shared, 901), (open_one, 902)):
        _comes_with(world, each, call_id)
    _around(world, own, shared, merged)
    own = _of_the_ticket(world, own)
    _of_the_field(world, own)
    _closed(world, own)
    _closed(world, shared)
    _of_the_number(world)
    return It(world, fresh(world, own), fresh(world, shared), fresh(world, open_one))


def _talks(world: World, agent: Agent, number: str, note: str) -> Caller:
    """A conversation, typed as a draft first, that ends on a complaint."""
    agent.ready()
    caller = world.caller(number).ring().press("1")
    gather = caller.xml.find("Gather")
    assert gather is not None
    is_theirs = number == NUMBER
    said = f"สอบ ถาม ข้อมูล {NAMED} {OWN}" if is_theirs else "สอบ ถาม ข้อมูล"
    caller.goes_to(gather.attrib["action"], SpeechResult=said)
    agent.talks_with(caller)
    theirs = {"who": BEFORE} if is_theirs else {}
    agent.does(f"/api/calls/{caller.id}/draft", note=note, **theirs)
    agent.hangs_up()
    agent.finishes("complaint", category="street_light", note=note, **theirs)
    agent.rests()
    return caller


def _ticket(world: World, caller: Caller) -> TicketFacts:
    found = world.read(service.ticket_of_call, caller.id)
    assert isinstance(found, TicketFacts)
    return found


def _of_the_call(world: World, agent: Agent, caller: Caller, boss: Identity) -> None:
    form = world.floor.section(Ivr).quality.forms["conversation"].named("conversation")
    sheet = Sheet(form, {each.id: each.points for each in form.questions}, NAMED)
    made = write(world, quality.draft, caller.id, agent.id, sheet, by=boss, at=clock.now())
    write(world, quality.publish, made, n=1, by=boss, at=clock.now())
    mark = world.read(quality.find, made)
    write(world, quality.comment, mark, NAMED, by=boss, at=clock.now())
    sound = recordings.Made("RE9", "https://carrier.example/RE9", 3)
    write(world, recordings.keep_conversation, caller.id, None, sound, now=clock.now())
    world.deliver()


def _of_the_person(world: World, caller: Caller) -> None:
    (person,) = world.read(persons.of_number, caller.number)
    said: dict[str, Any] = {"by": "boss", "now": clock.now()}
    draft = PersonDraft(NAME, "th", f"{OWN} {NAMED}")
    write(world, persons.change, person.id, draft, version=person.version, **said)
    write(world, persons.set_vip, person.id, NAMED, version=person.version + 1, **said)


def _comes_with(world: World, ticket: TicketFacts, call_id: int) -> None:
    """They come with another's matter, and write on its page."""
    config = world.floor.section(Tickets)
    said: dict[str, Any] = {"now": clock.now()}
    call = matters.Call(call_id, NUMBER, "th", note=f"{OWN} {NAMED}")
    caller = write(world, matters.add, ticket, call, actor=BOSS, **said)
    write(world, matters.settle, call_id, ticket, note=f"{OWN} {NAMED}", by="boss", **said)
    write(world, following.say, config, ticket, OWN, by="page", caller=caller.id, **said)


def _around(world: World, own: TicketFacts, shared: TicketFacts, merged: TicketFacts) -> None:
    """What has to do with their ticket, and with many at once."""
    config = world.floor.section(Tickets)
    said: dict[str, Any] = {"actor": BOSS, "now": clock.now()}
    write(world, merging.merge, merged, own, text=NAMED, **said)
    write(world, links.link, fresh(world, own), Bond.CAUSED, shared, text=NAMED, **said)
    chosen = [(each.number, fresh(world, each).version) for each in (own, shared)]
    asked = bulk.Asked(bulk.What.NOTE, {"text": NAMED})
    write(world, bulk.apply, config, asked, chosen, key="bulk", **said)
    both = [fresh(world, own), fresh(world, shared)]
    incident = write(world, incidents.open_by_hand, config, both, **said)
    texts = {"th": NAMED, "en": NAMED}
    write(world, works.tell_everybody, incident, texts, key="told", **said)
    for _ in range(3):
        world.sweep(*world.floor.sweeps, seconds=30)
    account = boss_of(world).id
    kept = {"q": "081 234 5999", "show": "open"}
    view: dict[str, Any] = {"title": NAMED[:40], "division": None, "asked": kept}
    write(world, views.save, account, BOSS, **view, now=clock.now())


def _of_the_ticket(world: World, own: TicketFacts) -> TicketFacts:
    config, now = world.floor.section(Tickets), clock.now()
    said: dict[str, Any] = {"actor": BOSS, "now": now}
    home = {
        "house": "99/1",
        "soi": "บัวขาว",
        "landmark": f"บ้านคุณ{NAME}",
        "address": f"{OWN} 0812345999",
    }
    for house in ("99/1", "99/2"):
        where = Place(**home | {"house": house}, pin=Pin(12.93456, 100.89123))
        own = write(world, places.place, config, fresh(world, own), where, text=NAMED, **said)
    picture = photos.photo()
    sent = files.receive_from_citizen(world.floor, config.files, picture, now=now)
    paper = files.receive(
        world.floor, config.files, photos.PDF, kind=files.Kind.DOCUMENT, name=f"{NAME}.pdf", now=now
    )
    write(world, files.add_from_citizen, config.files, own, sent, now=now)
    write(world, files.add, config.files, own, paper, **said)
    write(world, following.say, config, own, f"{OWN} {NAMED}", by="page", now=now)
    text = {"number": NUMBER, "text": f"{OWN} {NAMED}", "language": "th", "sid": "SM1"}
    write(world, sms_received.receive, config, **text, now=now)
    own = fresh(world, own)
    write(world, service.note, config, own, text=NAMED, **said)
    # why somebody looked stands in the audit log too, as they wrote it
    write(world, guarding.look, own, text="ตรวจสอบ", by=None, **said)
    wording: dict[str, Any] = {"text": NAMED, "language": "th", "key": "m1"}
    write(world, messages.message, config, own, **wording, **said)
    return fresh(world, own)


def _of_the_field(world: World, own: TicketFacts) -> None:
    config, now = world.floor.section(Tickets), clock.now()
    sign_in_as(world.floor, auth.Role.CREW, "crew")
    about: dict[str, Any] = {"actor": BOSS, "by": None, "now": now}
    draft = fleet.UnitDraft("QRU9", {"th": "ชุด", "en": "Unit"})
    write(world, fleet.make, config, "qru9", draft, **about)
    write(world, fleet.put_on, "qru9", "crew", **about)
    write(world, units.ask, own, text=NAMED, by=BOSS, now=now)
    job = write(world, units.dispatch, config, "qru9", own.number, by=BOSS, now=now, note=NAMED)
    crew = Actor("crew", Role.CREW, frozenset())
    for n, act in enumerate((FieldAct.NOTE, FieldAct.HELP)):
        said = Said(f"0000000{n}-0000-4000-8000-000000000000", job.id, act, now, NAMED)
        write(world, field.do, config, said, actor=crew, now=now)
    write(world, units.say, config, job.id, Act.DECLINE, by=crew, now=now, note=NAMED)
    agency: dict[str, Any] = {"agency": "electricity", "reference": "A-1", "text": NAMED}
    until = {"until": now + timedelta(days=2), "actor": BOSS, "now": now}
    write(world, forwarding.forward, config, fresh(world, own), **agency, **until)


def _closed(world: World, ticket: TicketFacts) -> None:
    config = world.floor.section(Tickets)
    said: dict[str, Any] = {"result": Result.OTHER, "text": NAMED, "now": clock.now()}
    write(world, service.move, config, fresh(world, ticket), State.DONE, actor=BOSS, **said)


def _of_the_number(world: World) -> None:
    """A call that was struck off the list; a block that is over, with its reason."""
    said: dict[str, Any] = {"by": "boss", "now": clock.now()}
    gone = world.caller(NUMBER).ring()
    gone.hangs_up()
    asked = Asked(gone.id, NUMBER, "information", "th", "information", by="boss")
    write(world, callbacks.strike_off, asked, word=NAMED, now=clock.now())
    block = write(world, nuisance.block, NUMBER, reason=NAMED, days=1, **said)
    write(world, nuisance.lift, block.id, **said)
    rules = world.floor.section(Ivr).nuisance
    write(world, nuisance.dismiss, rules, NUMBER, **said)


def erase(it: It, subject: Subject, *, dry: bool = False) -> privacy.Outcome:
    with it.world.floor.db.write() as session:
        asked: dict[str, Any] = {"reason": "asked", "by": None, "now": clock.now(), "dry": dry}
        did = privacy.erase(it.world.floor, session, subject, **asked)
    it.world.deliver()
    for _ in range(3):
        it.world.sweep(*it.world.floor.sweeps, seconds=90)
    return did


def cells(database: Database) -> Iterator[tuple[str, str]]:
    """Every value of every table, as text, by (table.column)."""
    with database.read() as session:
        for table in _tables(session):
            found = session.execute(sa.text(f'SELECT * FROM "{table}"'))
            names = list(found.keys())
            for row in found:
                for name, value in zip(names, row, strict=True):
                    if isinstance(value, bytes | memoryview):
                        yield f"{table}.{name}", bytes(value).decode("utf-8", "ignore")
                    elif value is not None:
                        yield f"{table}.{name}", str(value)


def _tables(session: Session) -> list[str]:
    names = sa.inspect(session.connection()).get_table_names()
    # SQLite keeps a word as threes of its signs there, and not the word (docs/privacy.md)
    return [name for name in names if not name.startswith("ticket_search_fts")]


def stands(database: Database, what: str | re.Pattern[str]) -> set[str]:
    """The columns in which it stands, whatever the law keeps left out."""
    pattern = what if isinstance(what, re.Pattern) else re.compile(re.escape(what), re.IGNORECASE)
    return {
        column
        for column, text in cells(database)
        if pattern.search(text) and column.partition(".")[0] not in BY_LAW
    }


def test_it_is_planted_in_every_place(it: It) -> None:
    """Or the others would prove nothing."""
    database = it.world.floor.db
    tables = {column.partition(".")[0] for column in stands(database, NAME)}
    assert tables >= {
        "tickets", "ticket_events", "ticket_links", "ticket_places", "ticket_files",
        "ticket_callers", "ticket_search", "ticket_views", "bulk_moves", "incident_works",
        "dispatches", "unit_requests", "citizens", "citizen_events", "quality_marks",
        "quality_comments", "blocks", "call_events", "callbacks",
    }  # fmt: skip
    tables = {column.partition(".")[0] for column in stands(database, _FORMS)}
    assert tables >= {
        "calls", "tickets", "ticket_calls", "ticket_callers", "ticket_sms", "citizen_numbers",
        "citizen_links", "sms_received", "nuisance_dismissals", "blocks",
    }  # fmt: skip
    assert "ticket_events.data" in stands(database, OWN)


def test_nothing_is_left_of_who_asks_by_number(it: It) -> None:
    database = it.world.floor.db
    dry = erase(it, Subject(number=NUMBER), dry=True)
    did = erase(it, Subject(number=NUMBER))
    assert dry.counts == did.counts
    for name in (*NAME.split(), NAME, *BEFORE.split()):
        assert stands(database, name) == set(), name
    assert stands(database, _FORMS) == set()
    assert stands(database, OWN) == set()
    kept = dict(did.kept)
    assert kept["tickets.privacy.kept.open"] == {"numbers": it.open_one.number_shown}
    assert kept["tickets.privacy.kept.shared"]["numbers"] == it.shared.number_shown
    # the law keeps who of the city did what: of theirs the last figures of the number
    with database.read() as session:
        assert (
            _FORMS.search(str(session.execute(sa.text("SELECT * FROM audit_events")).all())) is None
        )
    assert erase(it, Subject(number=NUMBER)).counts == {}


def test_nothing_is_left_of_a_person_who_asks(it: It) -> None:
    database = it.world.floor.db
    (person,) = it.world.read(persons.of_number, NUMBER)
    erase(it, Subject(person=person.id))
    left = {
        column for name in (*NAME.split(), *BEFORE.split()) for column in stands(database, name)
    }
    # under this number others may call too: what came without a name stays until it is asked for
    assert {column.partition(".")[0] for column in left} <= {"ticket_callers", "ticket_events"}


def test_no_file_holds_it_and_others_keep_theirs(it: It) -> None:
    floor = it.world.floor
    before = [path for path in floor.settings.data.rglob("*") if path.is_file()]
    assert before, "sound, a photo and a document"
    erase(it, Subject(number=NUMBER))
    for path in floor.settings.data.rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            assert not any(word.encode() in held for word in (NAME, NUMBER, OWN)), path
    assert not list(recordings.folder(floor).rglob("*.wav"))
    assert _pictures(floor) == []
    assert fresh(it.world, it.shared).caller_number == "+66870000000"
    assert fresh(it.world, it.shared).text == "ไฟดับ"
    assert fresh(it.world, it.own).text == ""


def _pictures(floor: Floor) -> list[str]:
    return [
        each.name for each in floor.settings.data.rglob("*") if each.suffix in (".jpeg", ".pdf")
    ]


def test_what_a_carrier_says_of_a_number_is_kept_without_it(world: World) -> None:
    def refuse(_floor: Floor, _payload: dict[str, Any]) -> None:
        raise Hopeless(f"The number {NUMBER} is unverified")

    world.floor.effects["tests.refuse"] = refuse
    with world.floor.db.write() as session:
        outbox.post(session, "tests.refuse", {}, now=clock.now(), key="refused")
    world.deliver()
    assert world.read(lambda session: session.scalar(sa.select(Effect.last_error))) == (
        "The number +···999 is unverified"
    )
