"""The pages of a ticket's life, as browsers send them."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from hotline import auth, clock
from hotline.auth import COOKIE, Role
from hotline.floor import Floor
from tests.service.tickets.conftest import CALLER, NOW
from tests.support.floors import sign_in_as
from tickets import jobs, service
from tickets.config import Tickets
from tickets.models import EventKind
from tickets.service import TicketFacts
from tickets.workflow import State

Make = Callable[..., TicketFacts]


@pytest.fixture(autouse=True)
def time() -> Iterator[clock.DrivenClock]:
    with clock.driven(NOW) as driven:
        yield driven


@pytest.fixture
def make(floor: Floor, config: Tickets) -> Make:
    calls = iter(range(1, 1000))

    def complaint(category: str | None = "street_light", **more: Any) -> TicketFacts:
        asked = {"outcome": "complaint", "caller": CALLER, "by": "nok", "now": clock.now()}
        with floor.db.write() as session:
            return service.record_call(
                session, config, call_id=next(calls), category=category, **asked | more
            )

    return complaint


class Browser:
    """Somebody signed in, whose forms carry their token."""

    def __init__(self, client: FlaskClient, floor: Floor, role: Role) -> None:
        username = "division" if role is Role.DIVISION else f"the-{role.value}"
        token = sign_in_as(floor, role, username)
        client.set_cookie(COOKIE, token)
        with floor.db.read() as session:
            identity = auth.identify(session, token, now=clock.now())
        assert identity is not None
        self.csrf = identity.csrf_token(floor.settings.secret_key)
        self.client = client

    def get(self, address: str, status: int = 200) -> str:
        answer = self.client.get(address)
        assert answer.status_code == status, answer.text
        return answer.text

    def post(self, address: str, status: int = 303, **form: Any) -> str:
        answer = self.client.post(address, data={"csrf_token": self.csrf} | form)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return str(answer.location or answer.text)


@pytest.fixture
def browser(client: FlaskClient, floor: Floor) -> Callable[[Role], Browser]:
    return lambda role: Browser(client, floor, role)


def story(floor: Floor, ticket: TicketFacts) -> list[service.EventFacts]:
    with floor.db.read() as session:
        return service.story(session, ticket.id)


def value(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


def test_a_message_is_seen_as_it_will_be_read_before_it_is_sent(
    floor: Floor, browser: Any, make: Make
) -> None:
    it = make()
    division = browser(Role.DIVISION)
    division.post(
        "/tickets/templates",
        category="street_light",
        language="th",
        title="รับเรื่อง",
        text="เรื่อง {number} ถึง{division}แล้ว <b>",
    )
    page = division.get(f"/tickets/{it.number}")
    # two forms, of which each says who reads it
    assert "เจ้าหน้าที่เท่านั้น" in page
    assert "ผู้แจ้งจะอ่านข้อความนี้ทุกคำ" in page
    offered = division.get(f"/tickets/{it.number}/message")
    template = re.search(r"template=(\d+)", offered)
    assert template
    filled = f"เรื่อง {it.number_shown} ถึงสำนักช่างแล้ว &lt;b&gt;"
    used = division.get(f"/tickets/{it.number}/message?template={template[1]}&language=th")
    assert filled in used
    seen = division.post(
        f"/tickets/{it.number}/message/preview",
        200,
        text="เรื่อง {number} แก้แล้ว",
        language="en",
        template=template[1],
    )
    assert f'<blockquote lang="en">เรื่อง {it.number_shown} แก้แล้ว</blockquote>' in seen
    assert "เรียกคืนไม่ได้" in seen
    assert not [each for each in story(floor, it) if each.kind is EventKind.MESSAGE]
    form = {name: value(seen, name) for name in ("key", "version", "template")}
    for _ in range(2):  # pressed twice
        division.post(f"/tickets/{it.number}/message", text="แก้แล้ว", language="en", **form)
    told = [each for each in story(floor, it) if each.kind is EventKind.MESSAGE]
    assert [each.data["text"] for each in told] == ["แก้แล้ว"]
    assert "ใช้แล้ว 1 ครั้ง" in division.get("/tickets/templates")


def test_what_was_typed_stays_when_somebody_else_was_first(
    floor: Floor, config: Tickets, browser: Any, make: Make
) -> None:
    it, boss = make(), browser(Role.SUPERVISOR)
    seen = boss.post(f"/tickets/{it.number}/message/preview", 200, text="ถ้อยคำ", language="th")
    with floor.db.write() as session:
        actor = service.Actor("x", service.Role.SUPERVISOR)
        service.move(session, config, it, State.IN_PROGRESS, actor=actor, now=NOW)
    form = {name: value(seen, name) for name in ("key", "version")}
    kept = boss.post(f"/tickets/{it.number}/message", 409, text="ถ้อยคำ", language="th", **form)
    assert ">ถ้อยคำ</textarea>" in kept
    for text in ("", "{number", "{deadline} x" * 99):
        boss.post(
            f"/tickets/{it.number}/message/preview", 200 if text == "{number" else 422, text=text
        )


def test_templates_say_what_is_wrong_and_where(browser: Any) -> None:
    boss = browser(Role.SUPERVISOR)
    refused = boss.post("/tickets/templates", 422, title="x", text="ก\n{numer}", language="th")
    assert "บรรทัด 2 ตัวที่ 1: ไม่รู้จัก {numer}" in refused
    assert "{numer}</textarea>" in refused
    boss.post("/tickets/templates", title="x", text="ก", language="th")
    address = re.findall(r"/tickets/templates/\d+", boss.get("/tickets/templates"))[0]
    boss.post(address, version=1, title="y", text="ข", language="th")
    lost = boss.post(address, 409, version=1, title="z", text="ค", language="th")
    assert ">ค</textarea>" in lost
    assert "<blockquote" in lost
    assert ">ข</blockquote>" in lost
    boss.post(f"{address}/withdraw", version=2)
    boss.get("/tickets/templates/999", 404)


def test_watching(browser: Any, make: Make, floor: Floor, config: Tickets) -> None:
    it, agent = make(), browser(Role.AGENT)
    agent.post(f"/tickets/{it.number}/watch")
    assert "unseen" not in agent.get("/tickets/watched")
    with floor.db.write() as session:
        boss = service.Actor("boss", service.Role.SUPERVISOR)
        service.note(session, config, it, text="x", actor=boss, now=NOW)
    assert 'class="card unseen"' in agent.get("/tickets/watched")
    agent.get(f"/tickets/{it.number}")
    assert "unseen" not in agent.get("/tickets/watched")
    agent.post(f"/tickets/{it.number}/unwatch")
    assert it.number_shown not in agent.get("/tickets/watched")


def test_links_and_merging_on_the_page(floor: Floor, browser: Any, make: Make) -> None:
    a, b, boss = make(), make(), browser(Role.SUPERVISOR)
    page = f"/tickets/{b.number}"
    boss.post(f"{page}/link", bond="part", ticket=a.number_shown, text="เสาเดียวกัน")
    assert "มีส่วนหนึ่งคือ" in boss.get(f"/tickets/{a.number}")
    refused = boss.post(f"/tickets/{a.number}/link", 422, bond="part", ticket=b.number, text="วน")
    assert "วนกลับมาที่เดิม" in refused
    assert ">วน</textarea>" in refused
    assert "ข้อความที่คุณพิมพ์ไว้" not in refused
    boss.post(f"{page}/links/1/remove")
    missing = boss.post(f"{page}/merge", 422, ticket="100-9998", merge=1, version=1, text="x")
    assert "100-9998" in missing
    boss.post(f"{page}/merge", ticket=a.number, merge=1, version=b.version, text="เสาเดียวกัน")
    merged, whole = boss.get(page), boss.get(f"/tickets/{a.number}")
    assert "รวมอยู่ในเรื่อง" in merged
    assert "รับดำเนินการ" not in re.findall(r"<button[^>]*>([^<]*)", merged)
    assert b.number_shown in whole
    boss.post(f"{page}/move", 409, **{"from": "cancelled", "to": "in_progress", "text": "x"})
    boss.post(f"{page}/unmerge", 409, version=b.version, text="คนละเสา", unmerge=1)
    boss.post(f"{page}/unmerge", version=value(merged, "version"), text="คนละเสา", unmerge=1)
    assert story(floor, b)[-1].kind is EventKind.UNMERGED
    boss.post(f"{page}/unmerge", 409, version=3, text="x", unmerge=1)


def test_an_agency_is_asked_on_the_page(
    floor: Floor, browser: Any, make: Make, time: clock.DrivenClock
) -> None:
    it, boss = make(), browser(Role.SUPERVISOR)
    page = f"/tickets/{it.number}"
    boss.post(f"{page}/move", **{"from": "received", "to": "in_progress"})
    form = {"agency": "electricity", "until": "2026-12-20", "text": "เสาของการไฟฟ้า", "version": 2}
    assert "เสาของการไฟฟ้า" in boss.post(f"{page}/forwards", 422, **form | {"until": "never"})
    boss.post(f"{page}/forwards", **form)
    assert "1129" in boss.get(page)
    time.advance(days=4)
    jobs.sweep_clocks(floor, clock.now())
    boss = browser(Role.SUPERVISOR)  # nobody stays signed in so long
    assert "การไฟฟ้าส่วนภูมิภาคเมืองพัทยา 1129" in boss.get("/tickets/attention")
    boss.post(f"{page}/forwards/1/chase", forward_version=1, text="รอช่าง")
    boss.post(f"{page}/forwards/1/chase", 409, forward_version=1, text="รอช่าง")
    assert "1129" not in boss.get("/tickets/attention")
    boss.post(f"{page}/forwards/1/reply", forward_version=2, text="เปลี่ยนแล้ว")
    boss.post(f"{page}/forwards/9/reply", 404, forward_version=2, text="เปลี่ยนแล้ว")
    assert story(floor, it)[-1].kind is EventKind.RESUMED


def test_many_at_once_are_looked_at_moved_and_taken_back(
    floor: Floor, browser: Any, make: Make
) -> None:
    ours, theirs, division = make(), make("rubbish"), browser(Role.DIVISION)
    closed = make("corruption")
    assert f'name="t" value="{ours.number}"' in division.get("/tickets?division=")
    chosen = division.get(
        f"/tickets/bulk/new?t={ours.number}&t={theirs.number}&t={closed.number}&t=x"
    )
    assert "เลือกไว้ 2 เรื่อง" in chosen  # what is not for them is not there
    form: dict[str, Any] = {"what": "state", "to": "done", "text": "ซ่อมแล้ว", "result": "fixed"}
    numbers = [ours.number, theirs.number]
    looked = division.post("/tickets/bulk/preview", 200, t=numbers, **form)
    assert len(story(floor, ours)) == 1, "looking does nothing"
    assert "ปิดเรื่อง: ดำเนินการแก้ไขแล้ว" in looked
    assert value(looked, "t") == f"{ours.number} 1"
    sent = [f"{ours.number} 1", f"{theirs.number} 1"]
    key = value(looked, "key")
    made = division.post("/tickets/bulk", t=sent, key=key, **form)
    assert division.post("/tickets/bulk", t=sent, key=key, **form) == made
    assert "ซ่อมแล้ว" in division.get(made)
    assert made in division.get("/tickets/bulk")
    division.post(f"{made}/undo")
    again = division.post(f"{made}/undo", 409)
    assert "ย้อนคืนไม่ได้แล้ว" in again
    assert story(floor, ours)[-1].kind is EventKind.UNDONE
    division.get("/tickets/bulk/999", 404)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"what": "nothing", "t": ["1"]},
        {"what": "merge", "t": ["x"], "ticket": "x"},
        {"what": "link", "t": ["x"], "ticket": "\0"},
        {"what": "note", "t": ["1"] * 300},
    ],
)
def test_nonsense_of_many_is_an_answer(browser: Any, form: dict[str, Any]) -> None:
    boss = browser(Role.SUPERVISOR)
    boss.post("/tickets/bulk/preview", 422, **form)
    boss.post("/tickets/bulk", 422, **form)
    boss.get("/tickets/bulk/new", 422)


def test_every_role_sees_pages_that_are_whole(browser: Any, make: Make) -> None:
    it = make()
    for role in Role:
        reader = browser(role)
        reader.get(f"/tickets/{it.number}")
        reader.get("/tickets")
        reader.get("/tickets/watched")
        looks = role is not Role.CREW
        reader.get("/tickets/bulk", 200 if looks else 403)
        reader.get("/tickets/templates", 200 if looks else 403)
        writes = role in (Role.AGENT, Role.SUPERVISOR, Role.DIVISION, Role.ADMINISTRATOR)
        reader.get(f"/tickets/{it.number}/message", 200 if writes else 403)
        reader.get(f"/tickets/bulk/new?t={it.number}", 200 if writes else 403)
