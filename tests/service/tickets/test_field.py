"""What crews' telephones send: late, twice, out of order, of another crew's job, and in pieces."""

import io
import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hotline import auth, clock
from hotline.auth import Role
from hotline.floor import Floor
from tests.service.tickets.conftest import CALLER, SUPERVISOR
from tests.support import photos
from tests.support.floors import sign_in_as
from tickets import guarding
from tickets import service as tickets
from tickets.config import Tickets
from tickets.errors import TicketMoved
from tickets.facts import TicketFacts
from tickets.field import service
from tickets.field.models import FieldAct
from tickets.models import EventKind, TicketFile
from tickets.places import service as places
from tickets.places.rules import Pin
from tickets.units import fleet, reading
from tickets.units import service as units
from tickets.units.facts import DispatchFacts
from tickets.units.models import DispatchEvent
from tickets.units.rules import Act as UnitAct

MINUTE = timedelta(minutes=1)
ACTIONS = "/api/field/actions"
Send = Callable[..., DispatchFacts]


@pytest.fixture(autouse=True)
def time() -> Iterator[clock.DrivenClock]:
    """Bytes are stamped by the machine: the clock begins there and is driven from then on."""
    with clock.driven(datetime.now(UTC).replace(microsecond=0)) as driven:
        yield driven


@pytest.fixture
def city(floor: Floor) -> Iterator[Tickets]:
    """The room's own floor, with two units that have a crew each."""
    config = floor.section(Tickets)
    crews = {"crew": "qru1", "crew2": "qru2"}
    for name in crews:
        sign_in_as(floor, Role.CREW, name)
    with floor.db.write() as session:
        for name, code in crews.items():
            draft = fleet.UnitDraft(code.upper(), {"th": "ชุด", "en": "Unit"})
            about: dict[str, Any] = {"actor": SUPERVISOR, "by": None, "now": clock.now()}
            fleet.make(session, config, code, draft, **about)
            fleet.put_on(session, code, name, **about)
    return config


@pytest.fixture
def send(floor: Floor, city: Tickets) -> Send:
    """`send("qru1", category="fallen_tree")`: a new ticket with its pin, and a unit sent there."""
    calls = iter(range(1, 1000))

    def sent(unit: str = "qru1", **more: Any) -> DispatchFacts:
        asked = {"outcome": "complaint", "category": "fallen_tree", "caller": CALLER, "by": "nok"}
        pin = {"place_latitude": "12.93", "place_longitude": "100.885", "place_soi": "บัวขาว"}
        now = clock.now()
        with floor.db.write() as session:
            where = places.entered(session, city, pin)
            made = tickets.record_call(
                session, city, call_id=next(calls), area=where.area, now=now, **asked | more
            )
            places.placed_in_call(session, city, made, where, by="nok", now=now)
            return units.dispatch(session, city, unit, made.number, by=SUPERVISOR, now=now)

    return sent


class Phone:
    """A crew's telephone with a line."""

    def __init__(self, client: FlaskClient, floor: Floor, username: str) -> None:
        self.client, self.username = client, username
        token = sign_in_as(floor, Role.CREW, username)
        self.headers = {"Authorization": f"Bearer {token}"}
        self.cookie = token

    def act(self, job: DispatchFacts | int, act: str, **more: Any) -> dict[str, Any]:
        """One act as the page's script sends it; `ago`: minutes."""
        at = clock.now() - more.pop("ago", 0) * MINUTE
        id_ = job if isinstance(job, int) else job.id
        made = {"key": str(uuid.uuid4()), "job": id_, "act": act, "happened_at": at.isoformat()}
        return made | more

    def post(self, *acts: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
        body = {"actions": list(acts), "sent_at": clock.now().isoformat()} | more
        answer = self.client.post(ACTIONS, json=body, headers=self.headers)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json["answers"]
        return found

    def photo(self, job: DispatchFacts, data: bytes, **more: Any) -> dict[str, Any]:
        act = self.act(job, "photo", **{"side": "after"} | more)
        form = {"actions": json.dumps([act]), "sent_at": clock.now().isoformat()}
        form["photo"] = (io.BytesIO(data), "photo")  # type: ignore[assignment]
        answer = self.client.post(ACTIONS, data=form, headers=self.headers)
        assert answer.status_code == 200, answer.text
        (found,) = answer.json["answers"]
        return dict(found)

    def jobs(self) -> dict[str, Any]:
        answer = self.client.get("/api/field/jobs", headers=self.headers)
        assert answer.status_code == 200
        return dict(answer.json)


@pytest.fixture
def phone(client: FlaskClient, floor: Floor, city: Tickets) -> Phone:
    return Phone(client, floor, "crew")


@pytest.fixture
def other(client: FlaskClient, floor: Floor, city: Tickets) -> Phone:
    return Phone(client, floor, "crew2")


def states(answers: list[dict[str, Any]]) -> list[str]:
    return [each["state"] for each in answers]


def job_of(floor: Floor, job: DispatchFacts) -> DispatchFacts:
    with floor.db.read() as session:
        return reading.job(session, job.id)


def ticket_of(floor: Floor, job: DispatchFacts) -> TicketFacts:
    with floor.db.read() as session:
        return tickets.by_number(session, job.ticket_number)


def kinds(floor: Floor, job: DispatchFacts) -> list[EventKind]:
    with floor.db.read() as session:
        return [each.kind for each in tickets.story(session, job.ticket_id)]


def said(floor: Floor, job: DispatchFacts) -> list[str]:
    """What of the job has been written down, without its sending."""
    with floor.db.read() as session:
        mine = sa.select(DispatchEvent.kind).where(DispatchEvent.dispatch_id == job.id)
        return [each for each in session.scalars(mine.order_by(DispatchEvent.id)) if each != "send"]


# ------------------------------------------------------------------ once, and in order


def test_a_whole_job_is_told_at_once_and_stands_as_it_happened(
    floor: Floor, phone: Phone, send: Send, time: clock.DrivenClock
) -> None:
    job = send()
    time.advance(minutes=60)
    answers = phone.post(
        phone.act(job, "acknowledge", ago=50),
        phone.act(job, "on_way", ago=48, latitude=12.94, longitude=100.89, accuracy_m=12),
        phone.act(job, "here", ago=30),
        phone.act(job, "note", ago=20, text="ต้นไม้ล้มทับสายไฟ"),
        phone.act(job, "done", ago=5, text="ตัดกิ่งแล้ว"),
    )
    assert states(answers) == ["done"] * 5
    now, stands = clock.now(), job_of(floor, job)
    assert stands.state == "done"
    assert stands.on_way_at == now - 48 * MINUTE
    assert stands.here_at == now - 30 * MINUTE
    assert stands.ended_at == now - 5 * MINUTE
    assert said(floor, job) == ["acknowledge", "on_way", "here", "done"]
    with floor.db.read() as session:
        position = reading.unit(session, "qru1").position
        (note,) = (
            each for each in tickets.story(session, job.ticket_id) if each.kind == EventKind.NOTE
        )
    assert position is not None
    assert position.pin == Pin(12.94, 100.89)
    assert (note.who, note.data["text"]) == ("crew", "ต้นไม้ล้มทับสายไฟ")


def test_what_is_sent_again_is_answered_again_and_done_once(
    floor: Floor, phone: Phone, send: Send
) -> None:
    job = send()
    acts = [phone.act(job, "on_way"), phone.act(job, "note", text="รถติด")]
    assert [each["again"] for each in phone.post(*acts)] == [False, False]
    for again in (acts, acts[::-1], acts[:1]):
        answers = phone.post(*again)
        assert states(answers) == ["done"] * len(again)
        assert all(each["again"] for each in answers)
    assert said(floor, job) == ["on_way"]
    assert kinds(floor, job).count(EventKind.NOTE) == 1


def test_a_photo_is_kept_once_however_often_it_arrives(
    floor: Floor, phone: Phone, send: Send
) -> None:
    job, data = send(), photos.photo(size=(64, 48))
    key = str(uuid.uuid4())
    assert [phone.photo(job, data, key=key)["state"] for _ in range(3)] == ["done"] * 3
    # the same picture under another key is the same picture
    assert phone.photo(job, data)["state"] == "done"
    with floor.db.read() as session:
        (row,) = session.scalars(sa.select(TicketFile)).all()
    assert (row.kind, row.added_by, row.ticket_id) == ("after", "crew", job.ticket_id)
    assert row.latitude == pytest.approx(photos.WHERE[0]), "where the camera says it was"


def test_a_photo_whose_camera_says_nothing_is_where_the_telephone_was(
    floor: Floor, phone: Phone, send: Send
) -> None:
    job = send()
    bare = io.BytesIO()
    photos.scene(colour="blue").save(bare, "JPEG")
    told = phone.photo(job, bare.getvalue(), side="before", latitude=12.95, longitude=100.9, ago=9)
    assert told["state"] == "done"
    with floor.db.read() as session:
        (row,) = session.scalars(sa.select(TicketFile)).all()
    assert (row.latitude, row.longitude, row.kind) == (12.95, 100.9, "before")
    assert row.taken_at == clock.now() - 9 * MINUTE


def test_out_of_order_what_has_passed_is_harmless_and_what_cannot_be_is_refused(
    floor: Floor, phone: Phone, send: Send
) -> None:
    job = send()
    (early,) = phone.post(phone.act(job, "done"))
    assert (early["state"], early["status"], early["code"]) == ("refused", 422, "bad-step")
    assert early["message"]
    assert states(phone.post(phone.act(job, "here"), phone.act(job, "on_way"))) == ["done", "done"]
    assert job_of(floor, job).state == "here"


def test_a_wrong_clock_makes_nothing_happen_in_the_future_or_before_the_job(
    floor: Floor, phone: Phone, send: Send, time: clock.DrivenClock
) -> None:
    job = send()
    time.advance(minutes=10)
    ahead = clock.now() + timedelta(days=400)  # the telephone lives next year
    body = {
        "happened_at": (ahead - 4 * MINUTE).isoformat(),
        "act": "on_way",
        "key": str(uuid.uuid4()),
        "job": job.id,
    }
    phone.post(body, sent_at=ahead.isoformat())
    assert job_of(floor, job).on_way_at == clock.now() - 4 * MINUTE
    phone.post(phone.act(job, "here", ago=60 * 24))
    stands = job_of(floor, job)
    assert stands.here_at == stands.on_way_at, "never before what came before it"


# ------------------------------------------------------------------ refused, and told why


def test_after_a_recall_it_is_refused_and_stands_in_the_story(
    floor: Floor, city: Tickets, phone: Phone, send: Send, time: clock.DrivenClock
) -> None:
    job, next_job = send(), send()
    act = phone.act(job, "on_way")
    with floor.db.write() as session:
        units.say(session, city, job.id, UnitAct.RECALL, by=SUPERVISOR, now=time.advance(minutes=1))
    time.advance(minutes=1)
    late = phone.act(job, "note", text="ทำไปแล้ว")
    answers = phone.post(act, late, phone.act(next_job, "on_way"))
    assert states(answers) == ["refused", "refused", "done"], "it stands before nobody"
    assert [each["code"] for each in answers[:2]] == ["job-over", "job-over"]
    assert answers[0]["status"] == 409
    assert "โทรแจ้งศูนย์" in answers[0]["message"]
    assert phone.post(act)[0]["state"] == "refused", "again, and the same"
    assert phone.photo(job, photos.photo())["code"] == "job-over"
    assert job_of(floor, job).state == "recalled"
    assert "on_way" in said(floor, job), "the hotline knows that they had set off"
    with floor.db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(TicketFile)) == 0


def test_what_is_taken_from_a_crew_is_said_for_an_hour(
    floor: Floor,
    city: Tickets,
    phone: Phone,
    other: Phone,
    send: Send,
    time: clock.DrivenClock,
) -> None:
    handed, recalled, kept = send(), send(), send()
    assert phone.jobs()["taken"] == []
    words = "หน่วยอื่นใกล้กว่า โทร 089-111-2233"
    by: Any = {"by": SUPERVISOR, "now": time.advance(minutes=1)}
    with floor.db.write() as session:
        units.hand_over(session, city, handed.id, to_unit="qru2", note=words, **by)
        units.say(session, city, recalled.id, UnitAct.RECALL, note="ไม่ต้องแล้ว", **by)
    told = phone.jobs()
    assert [each["id"] for each in told["jobs"]] == [kept.id]
    found = {each["id"]: each for each in told["taken"]}
    assert (found[handed.id]["why"], found[recalled.id]["why"]) == ("handed_over", "recalled")
    assert found[handed.id]["to"] == "QRU2"
    assert found[handed.id]["text"] == "หน่วยอื่นใกล้กว่า โทร ·····"
    assert found[recalled.id]["text"] == "ไม่ต้องแล้ว"
    assert other.jobs()["taken"] == [], "who has it now has lost nothing"
    page = phone.client.get("/field", headers=phone.headers).text
    assert "ศูนย์ส่งต่องานนี้ให้ QRU2 แล้ว" in page and "ศูนย์เรียกกลับจากงานนี้" in page
    time.advance(hours=1, minutes=1)
    assert phone.jobs()["taken"] == []


def test_who_stands_by_is_known_to_be_near(
    floor: Floor, phone: Phone, other: Phone, send: Send
) -> None:
    """Before it has ever been sent anywhere, the nearest free unit is the nearest."""
    here, there = ({"latitude": 12.93 + far, "longitude": 100.885} for far in (0.002, 0.05))
    for each, at in ((phone, there), (other, here)):
        assert states(each.post(each.act(0, "position", **at))) == ["done"]
    with floor.db.read() as session:
        assert reading.unit(session, "qru2").position is not None
    job = send("qru1")
    with floor.db.read() as session:
        asked = service.ticket_of(session, job)
        found = units.suggestions(session, floor.section(Tickets), asked, clock.now())
    assert found[0].code == "qru2"


def test_where_somebody_is_who_is_on_no_unit_is_nobodys_business(
    floor: Floor, client: FlaskClient, city: Tickets
) -> None:
    alone = Phone(client, floor, "crew3")
    act = alone.act(0, "position", latitude=12.93, longitude=100.885)
    assert states(alone.post(act)) == ["done"]
    with floor.db.read() as session:
        assert [each.position for each in reading.units(session)] == [None, None]


def test_another_crews_job_is_none(floor: Floor, other: Phone, send: Send) -> None:
    job = send("qru1")
    where = {"latitude": 1.0, "longitude": 2.0}
    acts = [other.act(job, act, text="x") for act in ("acknowledge", "here", "help", "note")]
    answers = other.post(*acts, other.act(job, "position", **where), other.act(999_999, "here"))
    for each in (*answers, other.photo(job, photos.photo())):
        assert (each["state"], each["status"], each["code"]) == ("refused", 404, "no-such-job")
    assert len(answers) == 6
    assert said(floor, job) == []
    assert EventKind.NOTE not in kinds(floor, job)


def test_keys_are_each_accounts_own(phone: Phone, other: Phone, send: Send) -> None:
    mine, theirs = send("qru1"), send("qru2")
    act = phone.act(mine, "on_way")
    assert states(phone.post(act)) == ["done"]
    (answer,) = other.post(act | {"job": theirs.id})
    assert answer == {"key": act["key"], "state": "done", "again": False}


def test_what_waits_is_sent_by_whose_it_is(phone: Phone, send: Send) -> None:
    job = send()
    body = {"account": "crew2", "actions": [phone.act(job, "on_way")]}
    answer = phone.client.post(ACTIONS, json=body, headers=phone.headers)
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "other-account")
    assert states(phone.post(phone.act(job, "on_way"), account="crew")) == ["done"]


WRONG: list[dict[str, Any]] = [
    {"key": "1"},
    {"act": "fly"},
    {"job": "1"},
    {"job": True},
    {"act": "photo"},
    {"side": "after"},
    {"act": "position"},
    {"latitude": 91, "longitude": 0},
    {"latitude": "12", "longitude": 100},
]


def test_what_says_nothing_is_refused_alone(phone: Phone, send: Send) -> None:
    job = send()
    wrong = [phone.act(job, "on_way") | each for each in WRONG]
    answers = phone.post(*wrong, phone.act(job, "here"))
    assert states(answers) == ["refused"] * len(WRONG) + ["done"]
    assert {(each["code"], each["status"]) for each in answers[:-1]} == {("unreadable", 422)}


def test_what_is_no_list_of_acts_is_refused_whole(phone: Phone) -> None:
    for actions in (None, 7, "{", [1], [{}] * 51):
        answer = phone.client.post(ACTIONS, json={"actions": actions}, headers=phone.headers)
        assert answer.status_code == 422


def test_words_are_wanted_where_they_are_the_thing(phone: Phone, send: Send) -> None:
    job = send()
    for act in ("note", "decline"):
        (answer,) = phone.post(phone.act(job, act, text=" \0"))
        assert answer["code"] == "words-needed"


def test_done_wants_the_photo_that_the_category_wants(phone: Phone, send: Send) -> None:
    job = send(category="road_surface")
    (before,) = phone.jobs()["jobs"]
    assert before["after_photo"] == {"wanted": True, "there": 0}
    assert states(phone.post(phone.act(job, "here"), phone.act(job, "done"))) == ["done", "refused"]
    phone.photo(job, photos.photo())
    assert states(phone.post(phone.act(job, "done"))) == ["done"]


def test_a_fault_of_ours_stops_what_comes_after_and_is_tried_again(
    floor: Floor, phone: Phone, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = send()
    acts = [phone.act(job, "on_way"), phone.act(job, "here")]
    with monkeypatch.context() as broken:
        broken.setitem(service._STEPS, service.Act.ON_WAY, lambda *_a, **_k: 1 / 0)
        assert states(phone.post(*acts)) == ["failed"]
    assert said(floor, job) == [], "nothing half done"
    assert states(phone.post(*acts)) == ["done", "done"]
    assert said(floor, job) == ["on_way", "here"]


def test_while_others_write_nothing_is_done_and_all_of_it_is_sent_again(
    floor: Floor, phone: Phone, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503, which a telephone counts as no stumble: nothing is ever put aside for it."""
    act = phone.act(send(), "on_way")
    busy = sa.exc.OperationalError("BEGIN IMMEDIATE", None, Exception("database is locked"))
    for error in (busy, TicketMoved()):

        def others_write(*_args: Any, error: Exception = error, **_more: Any) -> None:
            raise error

        with monkeypatch.context() as locked:
            locked.setattr(service, "do", others_write)
            body = {"actions": [act], "sent_at": clock.now().isoformat()}
            answer = phone.client.post(ACTIONS, json=body, headers=phone.headers)
        assert (answer.status_code, answer.json["error"]["code"]) == (503, "busy")
    assert states(phone.post(act)) == ["done"]


# ------------------------------------------------------------------ help, and who is told


def test_help_is_told_loudly_and_its_end(floor: Floor, phone: Phone, send: Send) -> None:
    job = send()
    assert states(phone.post(phone.act(job, "help", text="โดนสุนัขกัด"))) == ["done"]
    assert phone.jobs()["jobs"][0]["help_since"]
    with floor.db.read() as session:
        assert reading.unit(session, "qru1").standing == "needs_help"
    assert states(phone.post(phone.act(job, "help_over"))) == ["done"]
    assert job_of(floor, job).help_since is None


# ------------------------------------------------------------------ what a crew sees


def test_jobs_in_order_without_the_callers_number(
    floor: Floor, phone: Phone, other: Phone, send: Send
) -> None:
    first = send(note="น้ำท่วม โทรกลับ 081-234-5678")
    send()
    told = phone.jobs()
    assert [each["order"] for each in told["jobs"]] == [1, 2]
    assert (told["account"], told["unit"]["code"]) == ("crew", "qru1")
    job = told["jobs"][0]
    assert (job["id"], job["state"], job["next"]) == (first.id, "sent", "acknowledge")
    assert "234-5678" not in job["text"]
    assert "บัวขาว" in job["place"]["words"]
    assert other.jobs()["jobs"] == []
    page = phone.client.get("/field", headers=phone.headers).text
    assert "5678" not in page
    assert 'class="call"' in page, "the switchboard puts them through"


def test_who_wishes_to_be_hidden_is_not_called(
    floor: Floor, phone: Phone, send: Send, time: clock.DrivenClock
) -> None:
    job = send()
    with floor.db.write() as session:
        guarding.wished(session, job.ticket_id, by="nok", now=time.now())
    assert "tel:1337" in phone.client.get("/field", headers=phone.headers).text, "for help"
    assert 'class="call"' not in phone.client.get("/field", headers=phone.headers).text


def test_the_same_jobs_are_not_sent_again(phone: Phone, send: Send) -> None:
    job = send()
    first = phone.client.get("/api/field/jobs", headers=phone.headers)
    asked = {**phone.headers, "If-None-Match": first.headers["ETag"]}
    assert phone.client.get("/api/field/jobs", headers=asked).status_code == 304
    phone.post(phone.act(job, "acknowledge"))
    assert phone.client.get("/api/field/jobs", headers=asked).status_code == 200


def test_photos_of_a_job_are_its_crews(
    floor: Floor, phone: Phone, other: Phone, send: Send
) -> None:
    job = send()
    phone.photo(job, photos.photo(), side="before")
    (photo,) = phone.jobs()["jobs"][0]["photos"]
    assert phone.client.get(photo["url"], headers=phone.headers).mimetype == "image/jpeg"
    assert other.client.get(photo["url"], headers=other.headers).status_code == 404


# ------------------------------------------------------------------ without a script


def test_the_forms_do_the_same(floor: Floor, phone: Phone, send: Send) -> None:
    job, keys = send(), iter(str(uuid.uuid4()) for _ in range(9))
    at = f"/field/jobs/{job.id}"

    def submit(act: str, **form: Any) -> int:
        form = {"key": next(keys)} | form
        found = phone.client.post(f"{at}/{act}", data=form, headers=phone.headers)
        if found.status_code == 303:
            assert found.location.endswith(f"/field#job-{job.id}")
        return found.status_code

    assert submit("acknowledge") == 303
    assert submit("here") == 303
    picture = (io.BytesIO(photos.photo()), "a.jpg")
    assert submit("photo", side="after", photo=picture) == 303
    assert submit("photo", side="after") == 422
    assert submit("note") == 422
    assert submit("fly") == 422
    once = str(uuid.uuid4())
    assert [submit("note", text="จด", key=once) for _ in range(2)] == [303, 303]
    assert submit("done", text="เสร็จ") == 303
    assert job_of(floor, job).state == "done"
    assert kinds(floor, job).count(EventKind.NOTE) == 1


def test_a_crew_puts_itself_on_a_unit_and_off(floor: Floor, phone: Phone) -> None:
    for unit, there in (("", None), ("qru2", "qru2")):
        form = {"unit": unit}
        assert phone.client.post("/field/unit", data=form, headers=phone.headers).status_code == 303
        with floor.db.read() as session:
            found = reading.unit_of(session, "crew")
        assert (found.code if found else None) == there
    assert "QRU2" in phone.client.get("/field", headers=phone.headers).text


def test_a_browser_needs_the_token_of_its_session(floor: Floor, phone: Phone, send: Send) -> None:
    job = send()
    phone.client.set_cookie(auth.COOKIE, phone.cookie)
    body = {"actions": [phone.act(job, "on_way")]}
    assert phone.client.post(ACTIONS, json=body).status_code == 403
    token = phone.client.get("/api/field/jobs").json["csrf_token"]
    answer = phone.client.post(ACTIONS, json=body, headers={"X-CSRF-Token": token})
    assert answer.status_code == 200
    phone.client.delete_cookie(auth.COOKIE)
    assert phone.client.post(ACTIONS, json=body).status_code == 401


# ------------------------------------------------------------------ what the page is made of


def test_the_worker_answers_for_the_page_and_knows_what_it_is_made_of(client: FlaskClient) -> None:
    def get(address: str) -> TestResponse:
        with client.get(address) as answer:
            assert answer.data
            return answer

    worker = get("/field/worker.js")
    assert worker.headers["Service-Worker-Allowed"] == "/field"
    assert worker.mimetype == "text/javascript"
    files = json.loads(get("/field/shell.js").text.split("FILES = ")[1].rstrip(";\n"))
    assert any(each.endswith("/page.js") for each in files)
    assert {get(each).status_code for each in files} == {200}
    kept = get(next(each for each in files if each.endswith("/queue.js")))
    assert "immutable" in kept.headers["Cache-Control"]
    assert get("/field/files/old/queue.js").headers["Cache-Control"] == "no-store"
    assert get("/field/files/old/worker.js").status_code == 404
    manifest = get("/field/manifest.json")
    assert manifest.mimetype == "application/manifest+json"
    assert (manifest.json["scope"], manifest.json["start_url"]) == ("/field", "/field")
    assert {get(icon["src"]).mimetype for icon in manifest.json["icons"]} == {"image/png"}


def test_keys_are_forgotten_when_no_telephone_sends_them_again(
    floor: Floor, city: Tickets, phone: Phone, send: Send, time: clock.DrivenClock
) -> None:
    phone.post(phone.act(send(), "acknowledge"))

    def keys() -> int:
        with floor.db.read() as session:
            return session.scalar(sa.select(sa.func.count()).select_from(FieldAct)) or 0

    for days, left in ((59, 1), (2, 0)):
        now = time.advance(days=days)
        with floor.db.write() as session:
            service.forget(session, city, now)
        assert keys() == left
