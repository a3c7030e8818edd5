"""Files of tickets: their rights, their bytes, and what becomes of both."""

import io
import os
import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from hotline import clock
from hotline.auth import COOKIE, Role
from hotline.floor import Floor
from hotline.settings import Settings
from tests.service.tickets.conftest import AGENT, CALLER, HEALTH, NOW, SUPERVISOR, WORKS
from tests.support import photos, servers
from tests.support.floors import sign_in_as
from tickets import service as tickets
from tickets.config import Tickets
from tickets.errors import BadMove, NoteEmpty, NothingChanged, NotYours, RoleMayNot
from tickets.files import sending, service, store
from tickets.files import web as files_web
from tickets.files.config import Files, FromCitizens
from tickets.files.errors import (
    AlreadyThere,
    BadFile,
    EnoughToday,
    NoSuchFile,
    NotPublic,
    StoreAway,
    TicketClosed,
    TicketFull,
    TooManyPixels,
)
from tickets.files.rules import Kind, Refusal
from tickets.files.service import FileFacts
from tickets.files.view import PIN
from tickets.models import EventKind, TicketFile
from tickets.service import Actor, TicketFacts
from tickets.workflow import Result, State
from tickets.workflow import Role as TicketRole

MANAGER = Actor("the-manager", TicketRole.MANAGER)
CREW = Actor("somsak", TicketRole.CREW)
DAY = timedelta(days=1)
LIMITS = Files()
Make = Callable[..., TicketFacts]
Add = Callable[..., FileFacts]


@pytest.fixture(autouse=True)
def time() -> Iterator[clock.DrivenClock]:
    """Bytes are stamped by the machine: the clock begins there and is driven from then on."""
    with clock.driven(datetime.now(UTC)) as driven:
        yield driven


@pytest.fixture
def make(floor: Floor, config: Tickets) -> Make:
    calls = iter(range(1, 1000))

    def complaint(category: str = "road_surface", **more: Any) -> TicketFacts:
        asked = {"outcome": "complaint", "caller": CALLER, "by": "nok", "now": NOW} | more
        with floor.db.write() as session:
            return tickets.record_call(
                session, config, call_id=next(calls), category=category, **asked
            )

    return complaint


@pytest.fixture
def add(floor: Floor) -> Add:
    def put(
        ticket: TicketFacts,
        data: bytes | None = None,
        kind: Kind = Kind.BEFORE,
        actor: Actor = AGENT,
        config: Files = LIMITS,
        now: datetime | None = None,
    ) -> FileFacts:
        now = now or clock.now()
        data = photos.photo() if data is None else data
        received = service.receive(floor, config, data, kind=kind, name="a.jpg", now=now)
        with floor.db.write() as session:
            return service.add(session, config, ticket, received, actor=actor, now=now)

    return put


def seen_by(floor: Floor, ticket: TicketFacts, actor: Actor) -> list[int]:
    with floor.db.read() as session:
        return [file.id for file in service.of_ticket(session, ticket, actor)]


def seen_by_citizen(floor: Floor, ticket: TicketFacts) -> list[int]:
    with floor.db.read() as session:
        return [file.id for file in service.for_citizen(session, ticket)]


def names_kept(floor: Floor) -> set[str]:
    return {found.name for found in store.folder_of(floor.settings).all()}


def row(floor: Floor, file: FileFacts) -> TicketFile:
    with floor.db.read() as session:
        found = session.get(TicketFile, file.id)
        assert found is not None
        return found


# ------------------------------------------------------------------ putting it there


def test_a_photo_has_its_bytes_its_row_and_its_event(floor: Floor, make: Make, add: Add) -> None:
    ticket = make()
    file = add(ticket)
    assert (file.kind, file.public, file.stored, file.by_citizen) == (
        Kind.BEFORE,
        False,
        True,
        False,
    )
    assert file.position is not None
    assert file.position.latitude == pytest.approx(photos.WHERE[0], abs=1e-5)
    assert names_kept(floor) == {file.hash, file.thumb}
    data = service.read(floor, file)
    assert store.name_of(data) == file.hash
    assert photos.SECRET.encode() not in data
    assert not Image.open(io.BytesIO(data)).getexif()
    with floor.db.read() as session:
        last = tickets.story(session, ticket.id)[-1]
    assert (last.kind, last.who) == (EventKind.FILE_ADDED, "nok")
    assert last.data == {"file": file.id, "of": "before"}


def test_the_same_picture_again_is_the_one_that_is_there(
    floor: Floor, make: Make, add: Add
) -> None:
    ticket, other = make(), make()
    first = add(ticket)
    assert add(ticket).id == first.id
    with pytest.raises(AlreadyThere):  # what was before is not after
        add(ticket, kind=Kind.AFTER)
    assert add(other).hash == first.hash
    assert len(names_kept(floor)) == 2
    with floor.db.read() as session:
        events = [event.kind for event in tickets.story(session, ticket.id)]
    assert events.count(EventKind.FILE_ADDED) == 1


def test_two_send_the_same_at_once(floor: Floor, make: Make, add: Add) -> None:
    ticket = make()
    together, found = threading.Barrier(4), list[int]()

    def send() -> None:
        together.wait()
        found.append(add(ticket).id)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1
    assert len(names_kept(floor)) == 2


@pytest.mark.parametrize(
    ("data", "kind", "why"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Kind.BEFORE, Refusal.TYPE),
        (b"<html><script>alert(1)</script>", Kind.DOCUMENT, Refusal.TYPE),
        (b"", Kind.BEFORE, Refusal.EMPTY),
        (photos.PDF, Kind.AFTER, Refusal.NO_PICTURE),
        (photos.photo("PNG"), Kind.AFTER, Refusal.TYPE_OFF),
        (photos.photo() + b"\0" * 200_000, Kind.AFTER, Refusal.TOO_LARGE),
    ],
)
def test_what_is_not_taken_leaves_nothing(
    floor: Floor, make: Make, add: Add, data: bytes, kind: Kind, why: Refusal
) -> None:
    config = Files(accept=("jpeg", "pdf"), file_megabytes=0.1)
    with pytest.raises(BadFile) as refused:
        add(make(), data, kind, config=config)
    assert refused.value.refusal is why
    assert names_kept(floor) == set()


def test_a_bomb_leaves_nothing(floor: Floor, make: Make, add: Add) -> None:
    with pytest.raises(TooManyPixels):
        add(make(), photos.bomb())
    assert names_kept(floor) == set()


def test_a_ticket_has_room_for_so_much(floor: Floor, make: Make, add: Add) -> None:
    ticket, config = make(), Files(ticket_files=2)
    first = add(ticket, config=config)
    add(ticket, photos.photo(colour="blue"), config=config)
    with pytest.raises(TicketFull):
        add(ticket, photos.photo(colour="white"), config=config)
    with floor.db.write() as session:  # what is removed still takes its room, what is erased not
        service.remove(session, ticket, first.id, text="x", actor=AGENT, now=clock.now())
    with pytest.raises(TicketFull):
        add(ticket, photos.photo(colour="white"), config=config)
    with floor.db.write() as session:
        assert service.delete_bytes(session, [first.id], now=clock.now()) == 1
    add(ticket, photos.photo(colour="white"), config=config)
    with pytest.raises(TicketFull):
        add(make(), config=Files(ticket_megabytes=0.0001))


# ------------------------------------------------------------------ who may


def test_who_may_add(floor: Floor, make: Make, add: Add) -> None:
    ticket = make()
    for n, actor in enumerate((AGENT, SUPERVISOR, WORKS)):
        add(ticket, photos.photo(size=(40 + n, 30)), actor=actor)
    with pytest.raises(NotYours):
        add(ticket, photos.photo(colour="blue"), actor=HEALTH)
    for actor in (MANAGER, CREW):
        with pytest.raises(RoleMayNot):
            add(ticket, photos.photo(colour="blue"), actor=actor)
    with floor.db.write() as session:
        session.execute(sa.text("UPDATE tickets SET owner = 'somsak'"))
    add(ticket, photos.photo(colour="blue"), actor=CREW)


def test_a_private_tickets_files_are_as_private(floor: Floor, make: Make, add: Add) -> None:
    ticket = make("corruption", by="somebody")
    assert ticket.private
    file = add(ticket, actor=SUPERVISOR)
    assert seen_by(floor, ticket, SUPERVISOR) == [file.id]
    for actor in (AGENT, WORKS, CREW):
        assert seen_by(floor, ticket, actor) == []
        with floor.db.read() as session, pytest.raises(NoSuchFile):
            service.allowed(session, ticket, file.id, actor)
    with floor.db.write() as session, pytest.raises(NotPublic):
        service.mark(
            session, ticket, file.id, public=True, text="x", actor=SUPERVISOR, now=clock.now()
        )


def test_a_file_is_found_only_in_its_own_ticket(floor: Floor, make: Make, add: Add) -> None:
    private, open_to_all = make("corruption", by="somebody"), make()
    file = add(private, actor=SUPERVISOR)
    with floor.db.read() as session, pytest.raises(NoSuchFile):
        service.allowed(session, open_to_all, file.id, SUPERVISOR)


def test_public_is_what_somebody_made_so_with_a_reason(floor: Floor, make: Make, add: Add) -> None:
    ticket = make()
    file = add(ticket)
    document = add(ticket, photos.PDF, Kind.DOCUMENT)
    more = {"public": True, "now": clock.now()}
    assert seen_by_citizen(floor, ticket) == []
    with floor.db.write() as session:
        for actor, refusal in ((AGENT, RoleMayNot), (HEALTH, NotYours), (MANAGER, RoleMayNot)):
            with pytest.raises(refusal):
                service.mark(session, ticket, file.id, text="x", actor=actor, **more)
        with pytest.raises(NoteEmpty):
            service.mark(session, ticket, file.id, text=" ", actor=WORKS, **more)
        with pytest.raises(NotPublic):
            service.mark(session, ticket, document.id, text="x", actor=WORKS, **more)
        made = service.mark(session, ticket, file.id, text="งานเสร็จ", actor=WORKS, **more)
        assert made.public
        with pytest.raises(NothingChanged):
            service.mark(session, ticket, file.id, text="x", actor=WORKS, **more)
    assert seen_by_citizen(floor, ticket) == [file.id]
    with floor.db.read() as session:
        assert [each.id for each in service.public_ones(session, ticket)] == [file.id]
        last = tickets.story(session, ticket.id)[-1]
        assert last.data == {"file": file.id, "of": "before", "public": True, "text": "งานเสร็จ"}
    with floor.db.write() as session:  # what is private from now on is so with all that it has
        session.execute(sa.text("UPDATE tickets SET private = true"))
        private = tickets.by_number(session, ticket.number)
        assert service.public_ones(session, private) == []
    assert seen_by_citizen(floor, private) == []


def test_removed_is_hidden_and_kept(floor: Floor, make: Make, add: Add) -> None:
    ticket = make()
    file, now = add(ticket), clock.now()
    with floor.db.write() as session:
        for actor, refusal in ((HEALTH, NotYours), (Actor("ann", AGENT.role), RoleMayNot)):
            with pytest.raises(refusal):
                service.remove(session, ticket, file.id, text="x", actor=actor, now=now)
        with pytest.raises(NoteEmpty):
            service.remove(session, ticket, file.id, text="", actor=AGENT, now=now)
        service.remove(session, ticket, file.id, text="ผิดเรื่อง", actor=AGENT, now=now)
        with pytest.raises(NoSuchFile):  # for who removed it, it is gone as well
            service.remove(session, ticket, file.id, text="x", actor=AGENT, now=now)
        assert service.reasons(session, ticket) == {file.id: "ผิดเรื่อง"}
    assert seen_by(floor, ticket, AGENT) == []
    assert seen_by(floor, ticket, WORKS) == []
    assert seen_by(floor, ticket, SUPERVISOR) == [file.id]
    assert names_kept(floor) == {file.hash, file.thumb}
    again = add(ticket)
    assert again.id != file.id
    assert seen_by(floor, ticket, SUPERVISOR) == [again.id, file.id]


def test_a_citizen_sends_little_and_sees_it(
    floor: Floor, make: Make, add: Add, time: clock.DrivenClock
) -> None:
    config = Files(citizens=FromCitizens(files_a_day=2, file_megabytes=0.1))
    ticket = make()
    add(ticket)

    def send(data: bytes) -> FileFacts:
        received = service.receive_from_citizen(floor, config, data, now=clock.now())
        with floor.db.write() as session:
            return service.add_from_citizen(session, config, ticket, received, now=clock.now())

    mine = send(photos.photo(colour="blue"))
    assert (mine.added_by, mine.kind, mine.by_citizen) == (service.CITIZEN, Kind.BEFORE, True)
    assert send(photos.photo(colour="blue")).id == mine.id
    second = send(photos.photo(colour="white"))
    with pytest.raises(EnoughToday):
        send(photos.photo(colour="black"))
    assert send(photos.photo(colour="white")).id == second.id  # sent again, and there already
    with pytest.raises(BadFile):
        send(photos.PDF)
    with pytest.raises(BadFile):
        send(photos.photo() + b"\0" * 100_001)
    assert seen_by_citizen(floor, ticket) == [mine.id, second.id]
    with floor.db.read() as session:
        assert service.allowed(session, ticket, mine.id, None).id == mine.id
    time.advance(hours=25)
    send(photos.photo(colour="black"))
    with floor.db.write() as session:
        cancelled = {"actor": SUPERVISOR, "result": Result.WITHDRAWN, "text": "x"}
        tickets.move(
            session, floor.section(Tickets), ticket, State.CANCELLED, **cancelled, now=clock.now()
        )
    with pytest.raises(TicketClosed):
        send(photos.photo(colour="yellow"))


# ------------------------------------------------------------------ the photo of what was done


def test_fixed_needs_a_photo_of_after(
    floor: Floor, config: Tickets, make: Make, add: Add, time: clock.DrivenClock
) -> None:
    ticket = make()

    def close(
        it: TicketFacts, result: Result = Result.FIXED, actor: Actor = WORKS, **more: Any
    ) -> TicketFacts:
        done = {"actor": actor, "result": result, "text": "เสร็จแล้ว", "now": clock.now()}
        with floor.db.write() as session:
            return tickets.move(session, config, it, State.DONE, **done, **more)

    add(ticket)  # of before
    with pytest.raises(BadMove) as refused:
        close(ticket)
    assert refused.value.text_key == "tickets.error.after_photo_needed"
    with pytest.raises(BadMove):
        close(ticket, without_photo=True)  # a division does not decide that
    wrong = add(ticket, photos.photo(colour="blue"), Kind.AFTER, WORKS)
    with floor.db.write() as session:
        service.remove(session, ticket, wrong.id, text="ผิดภาพ", actor=WORKS, now=clock.now())
    with pytest.raises(BadMove):
        close(ticket)
    add(ticket, photos.photo(colour="blue"), Kind.AFTER, WORKS)
    done = close(ticket)
    assert done.result is Result.FIXED
    time.advance(hours=1)
    with floor.db.write() as session:
        opened = {"actor": AGENT, "text": "ยังไม่เรียบร้อย", "now": clock.now()}
        again = tickets.move(session, config, done, State.IN_PROGRESS, **opened)
    with pytest.raises(BadMove):  # that photo was of the first time
        close(again)
    forced = close(again, actor=SUPERVISOR, without_photo=True)
    assert forced.result is Result.FIXED
    with floor.db.read() as session:
        assert tickets.story(session, ticket.id)[-1].data["without_photo"] is True
    assert close(make(), Result.CANNOT_FIX).result is Result.CANNOT_FIX
    lamp = close(make("street_light"))
    assert lamp.result is Result.FIXED
    with floor.db.read() as session:
        assert "without_photo" not in tickets.story(session, lamp.id)[-1].data


# ------------------------------------------------------------------ rows and bytes


def grow_old(floor: Floor, name: str, age: timedelta = 2 * DAY) -> None:
    folder = store.folder_of(floor.settings).root
    at = (clock.wall_now() - age).timestamp()
    os.utime(next(folder.glob(f"??/??/{name}")), (at, at))


def test_erased_is_gone_within_a_sweep_and_its_twin_stays(
    floor: Floor, make: Make, add: Add
) -> None:
    ticket, other = make(), make()
    file, twin = add(ticket), add(other)
    lone = add(ticket, photos.photo(colour="blue"))
    with floor.db.write() as session:
        assert service.forget(session, ticket.id, now=clock.now()) == 2
        assert service.forget(session, ticket.id, now=clock.now()) == 0
    assert seen_by(floor, ticket, SUPERVISOR) == []
    left = row(floor, lone)
    assert (left.name, left.latitude, left.longitude, left.taken_at) == ("", None, None, None)
    assert left.gone_at is None
    sending.sweep(floor, clock.now())
    assert names_kept(floor) == {twin.hash, twin.thumb}
    assert row(floor, lone).gone_at is not None
    assert service.read(floor, twin)
    assert seen_by(floor, other, SUPERVISOR) == [twin.id]
    assert file.hash == twin.hash


def test_the_night_deletes_what_no_file_has_and_tells_of_what_is_lost(
    floor: Floor, make: Make, add: Add, tmp_path: Path
) -> None:
    file = add(make())
    folder = store.folder_of(floor.settings)
    orphan, fresh = b"nobody's", b"somebody's in a moment"
    for data in (orphan, fresh):
        folder.put(store.name_of(data), data)
    grow_old(floor, store.name_of(orphan))
    grow_old(floor, file.hash)
    part = folder.root / ".parts" / "dead"
    part.write_bytes(b"half")
    os.utime(part, (0, 0))
    said = sending.check(floor, clock.now().date())
    assert said == "4 kept, 1 without a file deleted, 0 missing, 0 wait"
    assert names_kept(floor) == {file.hash, file.thumb, store.name_of(fresh)}
    assert not part.exists()
    kept = folder.get(file.hash)
    assert kept
    folder.remove(file.hash)
    assert ", 1 missing," in sending.check(floor, clock.now().date())
    with floor.db.read() as session:
        assert service.one(session, TicketLike(file.ticket_id), file.id).missing
    with pytest.raises(NoSuchFile):
        service.read(floor, file)
    folder.put(file.hash, kept)  # from the backup
    assert ", 0 missing," in sending.check(floor, clock.now().date())
    assert row(floor, file).missing_at is None


class TicketLike:
    """What `one` asks of a ticket."""

    def __init__(self, id_: int) -> None:
        self.id = id_


@pytest.mark.parametrize("before", [True, False])
def test_an_erasure_that_meets_the_same_picture_loses_nothing(
    floor: Floor, make: Make, add: Add, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    """Just before the bytes are set aside, or just after it, somebody sends them again."""
    ticket, other = make(), make()
    file = add(ticket)
    with floor.db.write() as session:
        service.forget(session, ticket.id, now=clock.now())
    aside, came = store.Folder.set_aside, list[FileFacts]()

    def just_then(folder: store.Folder, name: str) -> bool:
        if before and not came:
            came.append(add(other))
        done = aside(folder, name)
        if not came:
            came.append(add(other))
        return done

    monkeypatch.setattr(store.Folder, "set_aside", just_then)
    sending.sweep(floor, clock.now())
    assert came[0].hash == file.hash
    assert service.read(floor, came[0])
    assert service.read(floor, came[0], thumb=True)


def test_bytes_that_were_erased_before_the_row_stood_are_brought_again(
    floor: Floor, make: Make, add: Add
) -> None:
    ticket, other = make(), make()
    add(ticket)
    sent = photos.photo()
    received = service.receive(floor, LIMITS, sent, kind=Kind.BEFORE, now=clock.now())
    with floor.db.write() as session:
        service.forget(session, ticket.id, now=clock.now())
    sending.sweep(floor, clock.now())
    assert names_kept(floor) == set()
    with floor.db.write() as session:
        file = service.add(session, LIMITS, other, received, actor=AGENT, now=clock.now())
    assert service.read(floor, file)
    assert service.read(floor, file, thumb=True)


def test_what_a_dead_process_set_aside_comes_back_if_a_file_has_it(
    floor: Floor, make: Make, add: Add
) -> None:
    file = add(make())
    folder = store.folder_of(floor.settings)
    orphan = store.name_of(b"nobody's")
    folder.put(orphan, b"nobody's")
    for name in (file.hash, orphan):
        assert folder.set_aside(name)
    sending.check(floor, clock.now().date())
    assert names_kept(floor) == {file.hash, file.thumb}
    assert folder.set_aside_before() == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "A" * 64, "0" * 63, "", "0" * 64 + "/x"])
def test_nothing_else_than_a_hash_becomes_a_path(tmp_path: Path, name: str) -> None:
    for verb in ("get", "has", "remove", "set_aside"):
        with pytest.raises(ValueError, match="not a name"):
            getattr(store.Folder(tmp_path), verb)(name)


# ------------------------------------------------------------------ a service that speaks S3


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    with servers.s3() as url:
        yield url


def with_service(settings: Settings, url: str, key: str = servers.S3_KEY) -> Settings:
    return settings.model_copy(
        update={
            "files_s3_url": url,
            "files_s3_bucket": servers.S3_BUCKET,
            "files_s3_region": "us-east-1",
            "files_s3_access_key": key,
            "files_s3_secret_key": servers.S3_KEY,
        }
    )


@pytest.fixture
def service_store(floor: Floor, s3_url: str) -> Iterator[store.Store]:
    """The floor keeps its files at a service, which is empty."""
    floor.settings = with_service(floor.settings, s3_url)
    found = store.service_of(floor.settings)
    assert found is not None
    yield found
    for each in list(found.all()):
        found.remove(each.name)


def test_the_service_has_it_before_the_row_says_so(
    floor: Floor, service_store: store.Store, make: Make, add: Add
) -> None:
    ticket = make()
    file = add(ticket)
    assert not file.stored
    assert list(service_store.all()) == []
    assert service.read(floor, file)  # from here, meanwhile
    sending.sweep(floor, clock.now())
    assert row(floor, file).stored_at is not None
    assert {found.name for found in service_store.all()} == {file.hash, file.thumb}
    for name in (file.hash, file.thumb or ""):
        grow_old(floor, name, timedelta(hours=2))
    sending.sweep(floor, clock.now())
    assert names_kept(floor) == set()
    assert store.name_of(service.read(floor, file)) == file.hash
    assert service.read(floor, file, thumb=True)
    assert sending.check(floor, clock.now().date()).startswith("2 kept, 0 without")
    with floor.db.write() as session:
        service.forget(session, ticket.id, now=clock.now())
    sending.sweep(floor, clock.now())
    assert list(service_store.all()) == []
    assert not service_store.has(file.hash)
    assert service_store.get(file.hash) is None
    assert row(floor, file).gone_at is not None


def test_nothing_is_lost_while_the_service_is_away(
    floor: Floor, s3_url: str, make: Make, add: Add
) -> None:
    ticket, there = make(), floor.settings
    for away in (
        with_service(there, "http://127.0.0.1:9"),
        with_service(there, s3_url, key="somebody else"),
    ):
        floor.settings = away
        file = add(ticket)
        sending.sweep(floor, clock.now())
        assert row(floor, file).stored_at is None
        assert service.read(floor, file)
        with pytest.raises(store.Away):
            sending.check(floor, clock.now().date())
    floor.settings = with_service(there, s3_url)
    sending.sweep(floor, clock.now())
    assert row(floor, file).stored_at is not None
    for name in (file.hash, file.thumb or ""):
        store.folder_of(floor.settings).remove(name)
    floor.settings = with_service(there, "http://127.0.0.1:9")
    with pytest.raises(StoreAway):
        service.read(floor, file)
    with floor.db.write() as session:  # and an erasure waits until it can be done
        service.forget(session, ticket.id, now=clock.now())
    sending.sweep(floor, clock.now())
    assert row(floor, file).gone_at is None
    floor.settings = with_service(there, s3_url)
    sending.sweep(floor, clock.now())
    assert row(floor, file).gone_at is not None


def test_what_a_service_lost_is_told_of(
    floor: Floor, service_store: store.Store, make: Make, add: Add
) -> None:
    file = add(make())
    sending.sweep(floor, clock.now())
    service_store.remove(file.hash)
    store.folder_of(floor.settings).remove(file.hash)
    assert ", 1 missing," in sending.check(floor, clock.now().date())
    with pytest.raises(NoSuchFile):
        service.read(floor, file)


# ------------------------------------------------------------------ pages


@pytest.fixture
def browse(floor: Floor, client: FlaskClient) -> Callable[..., None]:
    def as_somebody(role: Role, username: str = "") -> None:
        client.set_cookie(COOKIE, sign_in_as(floor, role, username))

    return as_somebody


@pytest.fixture
def post(client: FlaskClient) -> Callable[..., Any]:
    def send(page: str, address: str, json: bool = False, **form: Any) -> Any:
        token = re.search(r'name="csrf_token" value="(\w+)"', client.get(page).text)
        assert token, f"no form on {page}"
        headers = {"Accept": "application/json"} if json else {}
        return client.post(address, data=form | {"csrf_token": token[1]}, headers=headers)

    return send


def upload(data: bytes, name: str = "photo.jpg") -> tuple[io.BytesIO, str]:
    return io.BytesIO(data), name


def test_photos_are_added_on_the_page_and_shown_there(
    client: FlaskClient, browse: Any, post: Any, make: Make
) -> None:
    ticket = make()
    page = f"/tickets/{ticket.number}"
    browse(Role.AGENT)
    two = [upload(photos.photo()), upload(photos.photo(colour="blue"), "../../b.html")]
    answer = post(page, f"{page}/files", kind="before", file=two)
    assert (answer.status_code, answer.location) == (303, f"{page}#files")
    for language, word in (("th", "เฉพาะเจ้าหน้าที่"), ("en", "Staff only")):
        shown = client.get(f"{page}?lang={language}").text
        addresses = re.findall(rf"{page}/files/\d+/thumb", shown)
        assert len(addresses) == 2
        assert word in shown
    large = addresses[0].removesuffix("/thumb")
    assert "12.92750, 100.87250" in client.get(large).text
    for address in (addresses[0], f"{large}/content"):
        sent = client.get(address)
        assert sent.status_code == 200
        assert sent.mimetype == "image/jpeg"
        assert sent.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in sent.headers["Content-Security-Policy"]
        assert sent.headers["Cache-Control"] == "private, no-cache"
        assert sent.headers["Content-Disposition"].startswith("inline; filename=before-")
        again = client.get(address, headers={"If-None-Match": sent.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
    saved = client.get(f"{large}/content?download=1")
    assert saved.headers["Content-Disposition"].startswith("attachment")


def test_some_are_taken_and_the_others_told_of(
    client: FlaskClient, browse: Any, post: Any, make: Make
) -> None:
    ticket = make()
    page = f"/tickets/{ticket.number}"
    browse(Role.AGENT)
    sent = [upload(photos.photo()), upload(b"<svg/>", "evil.jpg")]
    answer = post(page, f"{page}/files", kind="before", file=sent)
    assert answer.status_code == 422
    assert "evil.jpg" in answer.text
    assert len(re.findall(rf"{page}/files/\d+/thumb", answer.text)) == 1
    said = post(page, f"{page}/files", json=True, kind="after", file=upload(b"<svg/>", "x.png"))
    assert said.status_code == 422
    assert said.json["refused"][0]["name"] == "x.png"
    ok = post(page, f"{page}/files", json=True, kind="document", file=upload(photos.PDF))
    assert ok.status_code == 200
    assert len(ok.json["added"]) == 1
    assert post(page, f"{page}/files", kind="before").status_code == 422
    wrong = post(page, f"{page}/files", kind="elsewhere", file=upload(photos.photo()))
    assert wrong.status_code == 422
    document = client.get(f"{page}/files/{ok.json['added'][0]}/content")
    assert document.headers["Content-Disposition"].startswith("attachment")
    assert document.mimetype == "application/pdf"
    assert client.get(f"{page}/files/{ok.json['added'][0]}/thumb").status_code == 404


def test_a_form_may_be_as_large_as_its_files(client: FlaskClient, browse: Any, make: Make) -> None:
    """Other forms of the application end at 16 MB."""
    ticket = make()
    page = f"/tickets/{ticket.number}"
    browse(Role.AGENT)
    token = re.search(r'name="csrf_token" value="(\w+)"', client.get(page).text)
    assert token
    edge, head = b"--edge\r\nContent-Disposition: form-data; name=", b"\r\n\r\n"
    body = b"\r\n".join(
        [
            edge + b'"csrf_token"' + head + token[1].encode(),
            edge + b'"kind"' + head + b"before",
            edge + b'"file"; filename="a"' + head + photos.photo() + b"\0" * 14_000_000,
            edge + b'"file"; filename="b"' + head + photos.photo(size=(9, 9)) + b"\0" * 5_000_000,
            b"--edge--",
        ]
    )

    def send(data: bytes, length: int) -> int:
        """By hand: the client's own encoder leaves a file open for so much."""
        return client.post(
            f"{page}/files",
            input_stream=io.BytesIO(data),
            content_type="multipart/form-data; boundary=edge",
            environ_overrides={"CONTENT_LENGTH": str(length)},
        ).status_code

    assert send(body, len(body)) == 303
    assert send(body[:1000], 160_000_000) == 413


def test_a_neighbour_reaches_no_file_of_a_private_ticket(
    client: FlaskClient, browse: Any, make: Make, add: Add
) -> None:
    ticket = make("corruption", by="somebody")
    file = add(ticket, actor=SUPERVISOR)
    one = f"/tickets/{ticket.number}/files/{file.id}"
    addresses = (one, f"{one}/content", f"{one}/thumb", f"/tickets/{ticket.number}/files")
    assert all(client.get(address).status_code == 302 for address in addresses)
    browse(Role.AGENT)
    assert [client.get(address).status_code for address in addresses] == [404] * 4
    browse(Role.SUPERVISOR, "supervisor")
    assert [client.get(address).status_code for address in addresses] == [200] * 4
    elsewhere = make()
    assert client.get(f"/tickets/{elsewhere.number}/files/{file.id}/content").status_code == 404


def test_marks_and_removals_on_the_page_of_a_file(
    app: Flask, client: FlaskClient, browse: Any, post: Any, make: Make, add: Add
) -> None:
    ticket = make()
    file = add(ticket)
    page = f"/tickets/{ticket.number}/files/{file.id}"
    app.extensions[PIN] = lambda *_: "/tickets/pin"
    browse(Role.SUPERVISOR, "supervisor")
    assert 'action="/tickets/pin"' in client.get(page).text
    assert post(page, f"{page}/mark", public="1", text=" ").status_code == 422
    assert post(page, f"{page}/mark", public="1", text="งานเสร็จ").status_code == 303
    assert "เปิดเผยต่อสาธารณะ" in client.get(page).text
    assert post(page, f"{page}/remove", text="เห็นหน้าคน").status_code == 303
    assert "เห็นหน้าคน" in client.get(page).text
    assert "เห็นหน้าคน" in client.get(f"/tickets/{ticket.number}").text
    browse(Role.AGENT)
    assert client.get(page).status_code == 404
    assert client.get(f"{page}/content").status_code == 404


def test_the_page_asks_for_the_photo_of_after(
    client: FlaskClient, browse: Any, post: Any, make: Make, add: Add
) -> None:
    ticket = make()
    page = f"/tickets/{ticket.number}?lang=en"
    browse(Role.DIVISION, "division")
    assert "needs a photo of after" in client.get(page).text
    assert "without_photo" not in client.get(page).text
    close = {"from": "received", "to": "done", "result": "fixed", "text": "เสร็จ"}
    refused = post(page, f"/tickets/{ticket.number}/move", **close, without_photo="1")
    assert refused.status_code == 422
    assert "ภาพหลังดำเนินการ" in refused.text
    browse(Role.SUPERVISOR, "supervisor")
    assert "without_photo" in client.get(page).text
    done = post(page, f"/tickets/{ticket.number}/move", **close, without_photo="1")
    assert done.status_code == 303
    assert "closed without a photo of after" in client.get(page).text


def test_sending_for_another_room_is_the_same(
    app: Flask, floor: Floor, make: Make, add: Add
) -> None:
    """A route of a citizen's page answers by `send`."""
    file = add(make())
    with app.test_request_context():
        assert files_web.send(file, small=True).data == service.read(floor, file, thumb=True)
