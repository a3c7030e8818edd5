"""What is kept no longer goes: in its time, announced, once, and never what is open or held."""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from markupsafe import escape

from hotline import audit, clock
from hotline.config import City
from hotline.db import Database
from hotline.floor import Floor
from hotline.models import Account, Notice
from hotline.notices.rules import Kind
from hotline.people.config import Accounts
from hotline.privacy import papers
from hotline.privacy import service as privacy
from hotline.privacy.keepers import Forgotten, Keeper, Subject
from tests.service.tickets.conftest import CALLER, NOW, SUPERVISOR, WORKS
from tests.support import photos
from tickets import attention, guarding, keeping, service, sms, sms_received
from tickets.config import Retention, Tickets
from tickets.files import service as files
from tickets.life import links
from tickets.life.rules import Bond
from tickets.masking import MASK
from tickets.models import (
    CallCitizen,
    Citizen,
    EventKind,
    SmsReceived,
    Ticket,
    TicketCall,
    TicketFile,
    TicketLink,
    TicketPlace,
    TicketSms,
)
from tickets.persons import service as persons
from tickets.places import service as places
from tickets.places.rules import Pin, Place
from tickets.service import TicketFacts
from tickets.workflow import Result, State

Make = Callable[..., TicketFacts]
DAY = timedelta(days=1)
OTHER = "+66877777777"
KEPT = Retention(close="60 days", announce="10 days", anonymise="90 days", delete="2 years")


@pytest.fixture
def kept(config: Tickets) -> Tickets:
    """The shipped city's, with lengths; taxes are kept longer, and of noise nothing ends."""
    longer = {
        "taxes": Retention(anonymise="1 year"),
        "noise": Retention(),
    }
    categories = {
        id_: each.model_copy(update={"retention": longer.get(id_)})
        for id_, each in config.categories.items()
    }
    return config.model_copy(update={"categories": categories, "retention": KEPT})


@pytest.fixture
def forgotten() -> list[Forgotten]:
    return []


@pytest.fixture
def keeping_floor(floor: Floor, kept: Tickets, forgotten: list[Forgotten]) -> Floor:
    """The floor, and a room above that is told what is forgotten."""
    floor.sections = {City: floor.city, Tickets: kept, Accounts: Accounts()}
    above = Keeper("above", forget=lambda _floor, _session, what, _now: forgotten.append(what))
    floor.keepers = (keeping.KEEPER, above)
    return floor


@pytest.fixture
def db(keeping_floor: Floor) -> Database:
    return keeping_floor.db


@pytest.fixture
def make(db: Database, kept: Tickets) -> Make:
    calls = iter(range(1, 1000))

    def complaint(category: str = "street_light", name: str = "สมชาย", **more: Any) -> TicketFacts:
        said = "คุณสมชาย 081-234-5678 ไฟดับหน้าบ้าน 99/1"
        asked = {"outcome": "complaint", "caller": CALLER, "by": "nok", "now": NOW, "note": said}
        call_id = next(calls)
        with db.write() as session:
            made = service.record_call(
                session, kept, call_id=call_id, category=category, **asked | more
            )
            named: dict[str, Any] = {"ticket_id": made.id, "by": "nok", "now": NOW}
            persons.name_caller(session, call_id, made.caller_number, name, **named)
        return made

    return complaint


@pytest.fixture
def close(db: Database, kept: Tickets) -> Callable[[TicketFacts], TicketFacts]:
    def done(ticket: TicketFacts) -> TicketFacts:
        said: dict[str, Any] = {"result": Result.FIXED, "text": "โทรแจ้ง 0812345678 แล้ว"}
        with db.write() as session:
            return service.move(
                session, kept, ticket, State.DONE, actor=SUPERVISOR, now=NOW, **said
            )

    return done


def run(floor: Floor, after: timedelta) -> list[str]:
    """A night so long after; what it did."""
    with clock.driven(NOW + after):
        return [f"{each.act} {each.shown}" for each in privacy.run(floor, clock.now())]


def listed(floor: Floor, after: timedelta) -> list[str]:
    with floor.db.read() as session:
        return [f"{each.act} {each.shown}" for each in privacy.due(floor, session, NOW + after)]


def fresh(db: Database, ticket: TicketFacts) -> TicketFacts:
    with db.read() as session:
        return service.by_number(session, ticket.number)


def story(db: Database, ticket: TicketFacts) -> list[Any]:
    with db.read() as session:
        return service.story(session, ticket.id)


def test_in_its_time_names_and_numbers_go_and_the_matter_stays(
    keeping_floor: Floor, db: Database, make: Make, close: Any, forgotten: list[Forgotten]
) -> None:
    ticket = close(make())
    assert run(keeping_floor, 89 * DAY) == []
    assert listed(keeping_floor, 91 * DAY) == [f"anonymise {ticket.number_shown}"]
    assert fresh(db, ticket).text == ticket.text, "a dry run changes nothing"
    assert run(keeping_floor, 91 * DAY) == [f"anonymise {ticket.number_shown}"]
    left = fresh(db, ticket)
    assert left.text == f"คุณ{MASK} {MASK} ไฟดับหน้าบ้าน 99/1"
    assert (left.caller_number, left.result, left.closed_at) == (None, Result.FIXED, NOW)
    whole = str([event.data for event in story(db, ticket)])
    assert "สมชาย" not in whole
    assert "812345678" not in whole
    with db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Citizen)) == 0
        assert session.scalar(sa.select(sa.func.count()).select_from(CallCitizen)) == 0
        assert session.scalars(sa.select(TicketCall.caller_number)).all() == [None]
        logged = audit.lines(session, audit.Asked(kind="floor.retention"))
    assert [line.data["did"] for line in logged] == [{"anonymise": 1}]
    assert [(each.call_ids, each.whole) for each in forgotten] == [([1], False)]
    assert run(keeping_floor, 91 * DAY) == [], "once"


def test_what_shows_somebody_goes_with_the_names_and_the_street_stays(
    keeping_floor: Floor, db: Database, make: Make, close: Any
) -> None:
    ticket, other = make(), make("taxes")
    config = keeping_floor.section(Tickets)
    home = Place(
        house="99/1", soi="บัวขาว", landmark="บ้านคุณสมชาย", address="หลังสีฟ้า 0812345678",
        pin=Pin(12.93456, 100.89123),
    )  # fmt: skip
    sent = files.receive_from_citizen(keeping_floor, config.files, photos.photo(), now=NOW)
    done = files.receive(
        keeping_floor, config.files, photos.photo(size=(50, 40)), kind=files.Kind.AFTER, now=NOW
    )
    paper = files.receive(
        keeping_floor, config.files, photos.PDF, kind=files.Kind.DOCUMENT, name="สมชาย.pdf", now=NOW
    )
    with db.write() as session:
        files.add_from_citizen(session, config.files, ticket, sent, now=NOW)
        for each in (done, paper):
            files.add(session, config.files, ticket, each, actor=SUPERVISOR, now=NOW)
        ticket = places.place(session, config, ticket, home, actor=SUPERVISOR, now=NOW)
        linking: dict[str, Any] = {"bond": Bond.CAUSED, "actor": SUPERVISOR, "now": NOW}
        links.link(session, ticket, other=other, text="คุณสมชายโทรมาทั้งสองเรื่อง", **linking)
        said = {"sid": "SM1", "number": CALLER, "text": "ยังดับ", "language": "th"}
        sms_received.receive(session, config, **said, now=NOW)
        session.execute(sa.update(SmsReceived).values(ticket_id=ticket.id))
    close(ticket)
    run(keeping_floor, 91 * DAY)
    with db.read() as session:
        there = session.scalars(sa.select(TicketFile).order_by(TicketFile.id)).all()
        assert [each.erased_at is None for each in there] == [False, True, False]
        assert {(each.name, each.latitude, each.taken_at) for each in there} == {("", None, None)}
        place = session.scalars(sa.select(TicketPlace)).one()
        assert (place.house, place.address, place.soi) == ("", "", "บัวขาว")
        assert (place.landmark, place.latitude) == (f"บ้านคุณ{MASK}", 12.935)
        assert "สมชาย" not in session.scalars(sa.select(TicketLink.reason)).one()
        assert session.scalars(sa.select(SmsReceived)).all() == []
        assert {each.number for each in session.scalars(sa.select(TicketSms))} <= {None, CALLER}
        mine = sa.select(TicketSms).where(TicketSms.ticket_id == ticket.id)
        assert {(each.number, each.text) for each in session.scalars(mine)} == {(None, "")}
        words = session.execute(sa.text("SELECT words, who FROM ticket_search")).all()
    assert "99/1 หลัง" not in str(words)
    whole = str([event.data for event in story(db, ticket)])
    assert not any(word in whole for word in ("12.93456", "หลังสีฟ้า", "สมชาย"))


def test_later_no_words_are_left_and_it_still_counts(
    keeping_floor: Floor, db: Database, make: Make, close: Any, forgotten: list[Forgotten]
) -> None:
    ticket = make()
    config, now = keeping_floor.section(Tickets), NOW
    received = files.receive(
        keeping_floor, config.files, photos.photo(), kind=files.Kind.BEFORE, now=now
    )
    home = Place(house="99/1", soi="บัวขาว", pin=Pin(12.93, 100.89))
    with db.write() as session:
        files.add(session, config.files, ticket, received, actor=SUPERVISOR, now=now)
        ticket = places.place(session, config, ticket, home, actor=SUPERVISOR, now=now)
    ticket = close(ticket)
    with db.read() as session:
        kinds = [event.kind for event in service.story(session, ticket.id)]
        before = attention.board(session, keeping_floor.section(Tickets), SUPERVISOR, now=NOW + DAY)
    assert run(keeping_floor, 732 * DAY) == [f"delete {ticket.number_shown}"]
    left = fresh(db, ticket)
    assert (left.text, left.caller_number, left.state) == ("", None, State.DONE)
    assert {event.data.get("text") or "" for event in story(db, ticket)} == {""}
    assert [event.kind for event in story(db, ticket)][: len(kinds)] == kinds
    with db.read() as session:
        after = attention.board(session, keeping_floor.section(Tickets), SUPERVISOR, now=NOW + DAY)
    assert after.rows == before.rows
    assert [each.whole for each in forgotten] == [True]
    with db.read() as session:
        (file,) = session.scalars(sa.select(TicketFile))
        assert (file.erased_at, file.latitude) == (NOW + 732 * DAY, None)
        assert session.scalars(sa.select(TicketPlace)).all() == []
        told = session.scalars(sa.select(TicketSms)).all()
        assert {(each.number, each.text) for each in told} == {(None, "")}
    assert "99/1" not in str(story(db, ticket))
    assert left.area is not None, "it still counts where it was"
    assert run(keeping_floor, 900 * DAY) == []


def test_each_category_by_its_own_lengths(keeping_floor: Floor, make: Make, close: Any) -> None:
    light, taxes, noise = (close(make(each)) for each in ("street_light", "taxes", "noise"))
    assert run(keeping_floor, 91 * DAY) == [f"anonymise {light.number_shown}"]
    assert run(keeping_floor, 366 * DAY) == [f"anonymise {taxes.number_shown}"]
    assert noise.number_shown not in str(run(keeping_floor, 9000 * DAY))


def test_a_held_ticket_stays_until_it_is_released(
    keeping_floor: Floor, db: Database, make: Make, close: Any
) -> None:
    ticket, open_one = close(make()), make("taxes")
    decided: dict[str, Any] = {"actor": SUPERVISOR, "by": None, "now": NOW}
    with db.write() as session:
        held = guarding.hold(session, ticket, "คดี", **decided)
        guarding.hold(session, open_one, "คดี", **decided)
    assert run(keeping_floor, 9000 * DAY) == []
    assert fresh(db, ticket).text == ticket.text
    with db.write() as session:
        asked: dict[str, Any] = {"by": None, "now": NOW, "dry": False, "reason": "asked"}
        did = privacy.erase(keeping_floor, session, Subject(number=CALLER), **asked)
    assert fresh(db, ticket).caller_number == CALLER
    assert [values["number"] for key, values in did.kept if key.endswith("held")] == [
        ticket.number_shown,
        open_one.number_shown,
    ]
    with db.write() as session:
        guarding.release(session, held, "จบ", **decided)
    assert run(keeping_floor, 91 * DAY) == [f"anonymise {ticket.number_shown}"]


def test_an_open_ticket_is_only_closed_and_that_is_announced_before(
    keeping_floor: Floor, db: Database, make: Make, kept: Tickets
) -> None:
    with db.write() as session:
        row = {"username": "division", "name": "D", "role": "division", "password": "-"}
        session.add(Account(**row, created_at=NOW))
    ticket = make()
    assert run(keeping_floor, 59 * DAY) == []
    assert run(keeping_floor, 61 * DAY) == [f"announce {ticket.number_shown}"]
    with db.read() as session:
        told = session.scalars(sa.select(Notice)).all()
    assert [(each.kind, each.subject) for each in told] == [(Kind.CLOSING, f"ticket:{ticket.id}")]
    assert run(keeping_floor, 70 * DAY) == []
    with db.write() as session:  # somebody does something about it
        note: dict[str, Any] = {"text": "ยังทำอยู่", "actor": WORKS, "now": NOW + 70 * DAY}
        service.note(session, kept, fresh(db, ticket), **note)
    assert run(keeping_floor, 72 * DAY) == []
    assert run(keeping_floor, 131 * DAY) == [f"announce {ticket.number_shown}"]
    assert fresh(db, ticket).is_open
    assert run(keeping_floor, 142 * DAY) == [f"close {ticket.number_shown}"]
    closed = fresh(db, ticket)
    assert (closed.state, closed.result, closed.closed_at) == (
        State.DONE,
        Result.OTHER,
        NOW + 142 * DAY,
    )
    assert closed.text == ticket.text, "its words are kept as those of any other"
    kinds = [event.kind for event in story(db, ticket)]
    assert kinds.count(EventKind.CLOSING) == 2
    assert run(keeping_floor, 143 * DAY) == []


def test_what_is_reopened_is_kept_as_long_again(
    keeping_floor: Floor, db: Database, make: Make, close: Any, kept: Tickets
) -> None:
    ticket = close(make())
    run(keeping_floor, 91 * DAY)
    with db.write() as session:
        again: dict[str, Any] = {"text": "แจ้งซ้ำ 0812345678", "now": NOW + 92 * DAY}
        service.move(session, kept, fresh(db, ticket), State.IN_PROGRESS, actor=SUPERVISOR, **again)
    with db.write() as session:
        said: dict[str, Any] = {"result": Result.FIXED, "text": "เสร็จ", "now": NOW + 93 * DAY}
        service.move(session, kept, fresh(db, ticket), State.DONE, actor=SUPERVISOR, **said)
    assert run(keeping_floor, 180 * DAY) == []
    assert run(keeping_floor, 184 * DAY) == [f"anonymise {ticket.number_shown}"]
    assert "0812345678" not in str([event.data for event in story(db, ticket)])


def test_erasing_takes_words_of_what_is_closed_and_names_of_what_is_open(
    keeping_floor: Floor, db: Database, make: Make, close: Any, kept: Tickets
) -> None:
    closed, open_one, shared = close(make()), make("taxes"), make()
    with db.write() as session:
        link: dict[str, Any] = {"call_id": 900, "caller": "+66899999999", "now": NOW}
        service.link_call(session, ticket=shared, **link)
    close(shared)
    asked: dict[str, Any] = {"by": None, "now": NOW, "reason": "asked"}
    with db.write() as session:
        subject = Subject(number=CALLER)
        dry = privacy.erase(keeping_floor, session, subject, **asked, dry=True)
    assert fresh(db, closed).text == closed.text
    with db.write() as session:
        did = privacy.erase(keeping_floor, session, subject, **asked, dry=False)
    assert did.counts == dry.counts == {"tickets": 3, "persons": 1}
    assert fresh(db, closed).text == ""
    assert fresh(db, open_one).text == fresh(db, shared).text == f"คุณ{MASK} {MASK} ไฟดับหน้าบ้าน 99/1"
    for ticket in (closed, open_one, shared):
        assert story(db, ticket)[-1].kind is EventKind.REDACTED
        assert "812345678" not in str([event.data for event in story(db, ticket)])
    with db.write() as session:
        again = privacy.erase(keeping_floor, session, subject, **asked, dry=False)
        assert again.counts == {}
        assert session.scalar(sa.select(sa.func.count()).where(Ticket.caller_number == CALLER)) == 0
    assert [each.kind for each in story(db, closed)].count(EventKind.REDACTED) == 1


@dataclass(frozen=True)
class Given:
    """What two people are given: whose ticket it is, and who called about it."""

    ticket: TicketFacts
    theirs: files.FileFacts
    shown: files.FileFacts
    owner: privacy.Dossier
    other: privacy.Dossier
    logged: list[audit.Line]


@pytest.fixture
def given(keeping_floor: Floor, db: Database, make: Make) -> Given:
    ticket = make()
    strangers = make(caller="+66899999999", name="Anna", note="ไม่ใช่เรื่องของเขา")
    config = keeping_floor.section(Tickets)
    receive = partial(files.receive, keeping_floor, config.files, now=NOW)
    sent = files.receive_from_citizen(keeping_floor, config.files, photos.photo(), now=NOW)
    inside = receive(photos.photo(size=(50, 40)), kind=files.Kind.BEFORE)
    public = receive(photos.photo(size=(60, 40)), kind=files.Kind.AFTER)
    with db.write() as session:
        theirs = files.add_from_citizen(session, config.files, ticket, sent, now=NOW)
        files.add_from_citizen(session, config.files, strangers, sent, now=NOW)
        files.add(session, config.files, ticket, inside, actor=SUPERVISOR, now=NOW)
        shown = files.add(session, config.files, ticket, public, actor=SUPERVISOR, now=NOW)
        decided: dict[str, Any] = {"text": "ไม่มีใครในภาพ", "actor": SUPERVISOR, "now": NOW}
        files.mark(session, ticket, shown.id, public=True, **decided)
        home = Place(house="99/1", soi="บัวขาว", pin=Pin(12.93, 100.89))
        ticket = places.place(session, config, ticket, home, actor=SUPERVISOR, now=NOW)
        sms.wish(session, CALLER, wanted=False, now=NOW)
        # who called about it is given what everybody sees of it, and not what another sent
        service.link_call(session, call_id=900, ticket=ticket, caller=OTHER, now=NOW)
        guarding.hold(session, ticket, "คดี", actor=SUPERVISOR, by=None, now=NOW)
    with db.write() as session:
        owner = privacy.export(keeping_floor, session, Subject(number=CALLER), by=None, now=NOW)
        other = privacy.export(keeping_floor, session, Subject(number=OTHER), by=None, now=NOW)
        return Given(ticket, theirs, shown, owner, other, list(audit.lines(session)))


def test_all_that_is_known_of_somebody_is_given_to_them(given: Given) -> None:
    facts, ticket = given.owner.rooms["tickets"], given.ticket
    assert [each["name"] for each in facts["persons"]] == ["สมชาย"]
    assert [each["number"] for each in facts["tickets"]] == [ticket.number_shown]
    assert "99/1 ซอยบัวขาว" in facts["tickets"][0]["place"]["th"]
    assert [each["number"] for each in facts["sms"]] == [ticket.number_shown]
    assert [each["wanted"] for each in facts["sms_wishes"]] == [False]
    names = [f"photos/{each.id}.jpeg" for each in (given.theirs, given.shown)]
    assert [each["file"] for each in facts["files"]] == names
    assert "ไม่ใช่เรื่องของเขา" not in str(facts)
    assert [each["file"] for each in given.other.rooms["tickets"]["files"]] == names[1:]
    assert [line.kind for line in given.logged[:2]] == ["floor.exported"] * 2
    assert CALLER not in str(given.logged)


def test_it_is_given_with_its_photos_and_what_is_kept_all_the_same(
    keeping_floor: Floor, given: Given, tmp_path: Path
) -> None:
    ticket, theirs, shown = given.ticket, given.theirs, given.shown
    names = [f"photos/{each.id}.jpeg" for each in (theirs, shown)]
    with zipfile.ZipFile(io.BytesIO(papers.as_zip(keeping_floor, given.owner))) as archive:
        assert set(names) < set(archive.namelist())
        assert archive.read(names[0]) == files.read(keeping_floor, theirs)
        page = archive.read("data.en.html").decode()
        kept = json.loads(archive.read("data.json"))["kept"]
    assert "99/1" in page
    assert any("audit log" in each for each in kept["en"])
    assert any(f"{ticket.number_shown} are held by law" in each for each in kept["en"])
    assert all(str(each) in page for each in map(escape, kept["en"]))
    folder = papers.write(keeping_floor, given.owner, tmp_path / "who.json")
    assert folder == tmp_path / "who"
    assert (folder / names[1]).read_bytes() == files.read(keeping_floor, shown)
    assert (folder / names[1]).stat().st_mode & 0o077 == 0
