"""The desk, the wallboard and the presence API, as a browser and as a program see them."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from agents import demo, jobs, service
from agents.states import State, Status
from hotline import auth, clock
from hotline.auth import Role
from hotline.models import Account
from tests.service.agents.conftest import NOON
from tests.support.floors import sign_in_as


@pytest.fixture
def now():
    with clock.driven(NOON) as driven:
        yield driven


@pytest.fixture
def noi(floor, now):
    """An agent's id, and the header with which she signs her requests."""
    token = sign_in_as(floor, Role.AGENT, "noi")
    return employ(floor, "noi"), {"Authorization": f"Bearer {token}"}


@pytest.fixture
def browser(client, floor, noi):
    """Noi's browser: a cookie, and so a CSRF token with every change."""
    client.set_cookie(auth.COOKIE, sign_in_as(floor, Role.AGENT, "noi"))
    return client


def employ(floor, username, **named):
    with floor.db.write() as session:
        found = sa.select(Account.id).where(Account.username == username)
        return service.create_agent(
            session,
            account_id=session.execute(found).scalar_one(),
            name=named.get("name", username),
            queues=["complaint"],
            languages=["th", "en"],
            now=NOON,
        ).id


def ring(floor, agent_id, offer_id=5):
    with floor.db.write() as session:
        assert service.reserve(session, agent_id, offer_id=offer_id, call_id=9, now=clock.now())


def csrf(page):
    return re.search(r'name="csrf_token" value="([^"]+)"', page.text).group(1)


# ---------------------------------------------------------------- the API


def test_presence_over_the_api(client, floor, noi, now):
    agent_id, header = noi
    said = []
    floor.db.listen("agent.ready", lambda **facts: said.append(facts))
    expected = {
        "agent": {"id": agent_id, "name": "noi"},
        "status": "signed_out",
        "reason": None,
        "state": "idle",
        "trouble": None,
        "since": "2026-08-01T05:00:00+00:00",
        "state_since": "2026-08-01T05:00:00+00:00",
        "offer_id": None,
        "call_id": None,
        "wrap_up_until": None,
        "skills": ["complaint/en", "complaint/th"],
    }
    assert client.get("/api/presence", headers=header).json == expected
    now.advance(minutes=1)
    answer = client.post("/api/presence", json={"status": "ready"}, headers=header)
    assert answer.status_code == 200
    assert answer.json == expected | {"status": "ready", "since": "2026-08-01T05:01:00+00:00"}
    assert said == [{"agent_id": agent_id}]
    ring(floor, agent_id)
    seen = client.get("/api/presence", headers=header).json
    assert (seen["state"], seen["offer_id"], seen["call_id"]) == ("offered", 5, 9)


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"status": "break", "reason": "meal"}, "break", "meal"),
        ({"status": "break"}, "break", "rest"),
        ({"status": "signed_out"}, "signed_out", None),
        ({"status": "ready", "reason": "meal"}, "ready", None),
    ],
)
def test_what_may_be_chosen(client, noi, body, status, reason):
    client.post("/api/presence", json={"status": "ready"}, headers=noi[1])
    answer = client.post("/api/presence", json=body, headers=noi[1])
    assert (answer.json["status"], answer.json["reason"]) == (status, reason)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"status": "asleep"}, "ready, break, signed_out"),
        ({"status": "missed"}, "ready, break, signed_out"),
        ({}, "ready, break, signed_out"),
        ({"status": "break", "reason": "declined"}, "rest, meal"),
        ({"status": "break", "reason": ""}, "rest, meal"),
        ({"status": None}, "ready, break, signed_out"),
        ({"status": ["ready"]}, "ready, break, signed_out"),
    ],
)
def test_what_may_not_be_chosen_is_answered_with_what_may(client, floor, noi, body, words):
    answer = client.post("/api/presence?lang=en", json=body, headers=noi[1])
    assert answer.status_code == 422
    assert answer.json["error"]["code"] == "invalid"
    assert words in answer.json["error"]["message"]
    with floor.db.read() as session:
        assert service.presence_of(session, noi[0]).n == 0


def test_who_answers_no_calls_is_told_so(client, bearer):
    answer = client.get("/api/presence", headers=bearer(Role.SUPERVISOR))
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "not-an-agent")
    page = client.get("/desk?lang=en", headers=bearer(Role.SUPERVISOR))
    assert page.status_code == 200
    assert "does not answer calls" in page.text
    assert "desk.js" not in page.text


@pytest.mark.parametrize("path", ["/api/presence", "/desk/presence", "/desk"])
def test_only_who_answers_calls_comes_to_the_desk(client, bearer, path):
    assert client.get(path, headers=bearer(Role.DIVISION)).status_code == 403
    assert client.get(path, headers={"Accept": "application/json"}).status_code == 401


def test_managers_watch_the_wallboard_and_divisions_do_not(client, bearer):
    for path in ("/wallboard", "/wallboard/now"):
        assert client.get(path, headers=bearer(Role.MANAGER)).status_code == 200
        assert client.get(path, headers=bearer(Role.DIVISION)).status_code == 403


# ---------------------------------------------------------------- the pages


@pytest.mark.parametrize(("language", "words"), [("th", "เริ่มรับสาย"), ("en", "Start taking calls")])
def test_the_desk_speaks_the_readers_language(browser, language, words):
    page = browser.get(f"/desk?lang={language}")
    assert page.status_code == 200
    assert words in page.text
    assert 'data-fragment="/calls/current"' in page.text
    assert "<script>" not in page.text


def test_a_choice_on_the_desk_needs_no_script(browser, floor, noi):
    token = csrf(browser.get("/desk"))
    answer = browser.post("/desk/presence", data={"choice": "break:meal", "csrf_token": token})
    assert (answer.status_code, answer.location) == (302, "/desk")
    with floor.db.read() as session:
        seen = service.presence_of(session, noi[0])
    assert (seen.status, seen.reason) == (Status.BREAK, "meal")
    assert "Meal" in browser.get("/desk?lang=en").text


def test_a_choice_on_the_desk_needs_its_token(browser, floor, noi):
    assert browser.post("/desk/presence", data={"choice": "ready"}).status_code == 403
    with floor.db.read() as session:
        assert service.presence_of(session, noi[0]).status is Status.SIGNED_OUT


def test_a_fragment_that_has_not_changed_costs_a_304(browser, floor, noi, now):
    first = browser.get("/desk/presence")
    assert first.headers["Cache-Control"] == "private, no-cache"
    asked = {"If-None-Match": first.headers["ETag"]}
    now.advance(minutes=5)  # ages are the browser's to write
    again = browser.get("/desk/presence", headers=asked)
    assert (again.status_code, again.data) == (304, b"")
    with floor.db.write() as session:
        service.ready(session, noi[0], now=now.now())
    assert browser.get("/desk/presence", headers=asked).status_code == 200


def test_the_strip_says_what_the_engine_does_and_what_comes_after(browser, floor, noi, now):
    agent_id, _ = noi
    with floor.db.write() as session:
        service.ready(session, agent_id, now=NOON)
    ring(floor, agent_id)
    assert 'data-state="offered"' in browser.get("/desk/presence").text
    with floor.db.write() as session:
        service.on_call(session, agent_id, offer_id=5, now=NOON)
        service.take_break(session, agent_id, reason="meal", now=NOON)
        service.wrap_up(session, agent_id, call_id=9, until=NOON + timedelta(seconds=90), now=NOON)
    strip = browser.get("/desk/presence?lang=en").text
    assert "Wrap-up" in strip
    assert "After this call: Break · Meal" in strip
    assert 'data-until="2026-08-01T05:01:30+00:00"' in strip
    assert 'data-slow="5"' in strip, "nobody tells that it is over"


def test_who_missed_a_call_finds_a_loud_way_back(browser, floor, noi):
    agent_id, _ = noi
    with floor.db.write() as session:
        service.ready(session, agent_id, now=NOON)
    ring(floor, agent_id)
    with floor.db.write() as session:
        service.missed(session, agent_id, offer_id=5, now=NOON)
    strip = browser.get("/desk/presence?lang=en").text
    assert "Missed a call" in strip
    assert 'data-key="r"' in strip
    assert "Get ready" in strip


def test_a_declined_call_is_named_as_such(browser, floor, noi):
    agent_id, _ = noi
    with floor.db.write() as session:
        service.ready(session, agent_id, now=NOON)
    ring(floor, agent_id)
    with floor.db.write() as session:
        service.declined(session, agent_id, offer_id=5, now=NOON)
    assert "Break · Declined a call" in browser.get("/desk/presence?lang=en").text


def test_the_wallboard_shows_first_who_needs_a_look(client, floor, bearer, now):
    header = bearer(Role.SUPERVISOR)
    ids = {}
    for name in ("home", "ready", "missed", "talking"):
        sign_in_as(floor, Role.AGENT, name)
        ids[name] = employ(floor, name)
    with floor.db.write() as session:
        for name in ("ready", "missed", "talking"):
            service.ready(session, ids[name], now=NOON)
    ring(floor, ids["missed"], 1)
    ring(floor, ids["talking"], 2)
    with floor.db.write() as session:
        service.missed(session, ids["missed"], offer_id=1, now=NOON)
        service.on_call(session, ids["talking"], offer_id=2, now=NOON)
    grid = client.get("/wallboard/now?lang=en", headers=header).text
    shown = re.findall(r'class="person (\w+)" id="agent-(\d+)"', grid)
    assert shown == [
        ("missed", str(ids["missed"])),
        ("on_call", str(ids["talking"])),
        ("ready", str(ids["ready"])),
        ("signed_out", str(ids["home"])),
    ]
    counts = re.findall(r'<li class="(\w+)"><span class="dot".*?<strong>(\d+)</strong>', grid)
    assert {word: int(number) for word, number in counts if number != "0"} == {
        "ready": 1,
        "on_call": 1,
        "missed": 1,
        "signed_out": 1,
    }


@pytest.mark.parametrize(("role", "also"), [(Role.SUPERVISOR, " monitors"), (Role.AGENT, "")])
def test_a_supervisors_desk_hears_that_its_telephone_is_in_a_talk(client, floor, now, role, also):
    """What a supervisor does in somebody else's conversation names that agent, and not them."""
    token = sign_in_as(floor, role, "suda")
    me = employ(floor, "suda")
    page = client.get("/desk", headers={"Authorization": f"Bearer {token}"}).text
    topics = re.search(r'"/calls/current"[^>]*data-topics="([^"]*)"', page).group(1)
    assert topics == f"agent:{me}{also}"


def test_a_name_is_text_and_never_markup(client, floor, bearer, now):
    sign_in_as(floor, Role.AGENT, "x")
    employ(floor, "x", name="<script>alert(1)</script>")
    page = client.get("/wallboard", headers=bearer(Role.SUPERVISOR)).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


# ---------------------------------------------------------------- without anybody asking


def test_the_sweep_signs_out_a_desk_that_nobody_is_at(floor, noi, now):
    with floor.db.write() as session:
        service.ready(session, noi[0], now=NOON)
    jobs.forget(floor, now.advance(hours=11.9))
    with floor.db.read() as session:
        assert service.presence_of(session, noi[0]).status is Status.READY
    jobs.forget(floor, now.advance(hours=0.2))
    with floor.db.read() as session:
        seen = service.presence_of(session, noi[0])
    assert (seen.status, seen.state) == (Status.SIGNED_OUT, State.IDLE)


def test_demo_accounts_are_made_once_and_open_with_the_published_password(floor, client):
    demo.seed(floor)
    with floor.db.read() as session:
        before = service.board(session)
    demo.seed(floor)
    with floor.db.read() as session:
        assert service.board(session) == before
        accounts = session.scalars(sa.select(Account)).all()
    assert {one.username for one in accounts} == {one.username for one in demo.ACCOUNTS}
    assert all(one.demo for one in accounts)
    assert sum(bool(row.skills) for row in before) == 6
    lines = list(demo.credentials())
    assert len(lines) == len(demo.ACCOUNTS)
    username, password, *_ = next(line for line in lines if line.startswith("agent1")).split()
    answer = client.post("/api/session", json={"username": username, "password": password})
    assert answer.json["role"] == "agent"


def test_every_demo_skill_is_one_that_the_shipped_flow_asks_for(city_config):
    """A demo agent whose queue nobody reaches would look ready for ever."""
    ivr = city_config.ivr
    for one in demo.ACCOUNTS:
        assert set(one.queues) <= set(ivr.queues)
        assert set(one.languages) <= set(ivr.languages)
    everyone = {
        (queue, language)
        for one in demo.ACCOUNTS
        for queue in one.queues
        for language in one.languages
    }
    assert everyone == {(queue, language) for queue in ivr.queues for language in ivr.languages}


def test_who_signs_the_last_browser_out_has_gone_home(client, floor, noi):
    """Else the desk would be offered calls, with nobody there to hear them ring."""
    agent_id, header = noi
    client.post("/api/presence", json={"status": "ready"}, headers=header)
    other = sign_in_as(floor, Role.AGENT, "noi")
    assert client.delete("/api/session", headers=header).json == {"ok": True}
    assert seen(floor, agent_id).status == Status.READY, "signed in elsewhere"
    header = {"Authorization": f"Bearer {other}"}
    assert client.delete("/api/session", headers=header).json == {"ok": True}
    assert seen(floor, agent_id).status == Status.SIGNED_OUT


def seen(floor, agent_id):
    with floor.db.read() as session:
        return service.presence_of(session, agent_id)
