"""What all pages share: who is let in, in which language, and what an error looks like."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hotline import auth, clock, pages, web
from hotline.auth import Role
from hotline.clock import DrivenClock
from hotline.errors import Conflict, NotFound
from hotline.floor import Floor
from hotline.navigation import menu
from hotline.pages import NAVIGATION
from hotline.server import read_templates
from tests.support.fixtures import ENGINES
from tests.support.floors import Bearer, sign_in_as

PASSWORD = "a long enough password"


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """SQLite, unless a test asks: what all pages share is the same on either engine."""
    url: str = request.getfixturevalue(f"{getattr(request, 'param', 'sqlite')}_url")
    return url


# ---------------------------------------------------------------- views as real ones must not be


@auth.public
def broken() -> str:
    raise LookupError("secret detail of the inside")


@auth.public
def taken() -> str:
    raise Conflict("ticket 17")


@auth.public
def missing() -> str:
    raise NotFound("no ticket 17")


@auth.public
def unstorable() -> str:
    with web.floor().db.read() as session:
        session.execute(sa.text("SELECT CAST(:n AS bigint)"), {"n": 10**30})
    return "stored"


@auth.access(Role.SUPERVISOR, Role.MANAGER)
def for_some() -> str:
    return auth.current_account().username


def without_a_rule() -> str:
    raise AssertionError("ran without a rule")


@pytest.fixture
def app(app: Flask) -> Flask:
    """The application, with these views twice: as pages, and below /api."""
    views = {
        "broken": broken,
        "taken": taken,
        "missing": missing,
        "unstorable": unstorable,
        "for-some": for_some,
        "without-a-rule": without_a_rule,
        "ecstatic": without_a_rule,
    }
    for name, view in views.items():
        app.add_url_rule(f"/tests/{name}", name, view, methods=["GET", "POST"])
        app.add_url_rule(f"/api/tests/{name}", f"api-{name}", view, methods=["GET", "POST"])
    return app


@pytest.fixture
def noi(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A supervisor who has a password."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(auth, "_hasher", cheap)
    monkeypatch.setattr(auth, "_NOBODY", cheap.hash("nobody's"))
    with floor.db.write() as session:
        auth.create_account(
            session,
            username="noi",
            name="น้อย",
            role=Role.SUPERVISOR,
            password=PASSWORD,
            now=clock.now(),
        )


def sign_in(client: FlaskClient, **more: str) -> TestResponse:
    return client.post("/sign-in", data={"username": "noi", "password": PASSWORD, **more})


def browser(client: FlaskClient, token: str) -> None:
    client.set_cookie(auth.COOKIE, token)


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize("language", ["th", "en"])
@pytest.mark.parametrize(
    ("path", "status", "key"),
    [
        ("/tests/taken", 409, "floor.conflict"),
        ("/tests/missing", 404, "floor.not_found"),
        ("/tests/broken", 500, "floor.error"),
        ("/nowhere/at/all", 404, "floor.not_found"),
        ("/tests/without-a-rule", 403, "floor.forbidden"),
        ("/tests/ecstatic", 403, "floor.forbidden"),
    ],
)
def test_an_error_is_a_page_in_the_readers_language(
    client: FlaskClient, floor: Floor, language: str, path: str, status: int, key: str
) -> None:
    answer = client.get(f"{path}?lang={language}")
    assert answer.status_code == status
    assert f'<html lang="{language}"' in answer.text
    assert floor.texts.get(key, language) in answer.text
    assert "secret detail" not in answer.text
    assert "werkzeug" not in answer.text.lower()


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/tests/taken", 409, "conflict"),
        ("/api/tests/broken", 500, "error"),
        ("/api/nowhere", 404, "not-found"),
        ("/api/tests/for-some", 401, "sign-in-needed"),
        ("/api/tests/without-a-rule", 403, "forbidden"),
    ],
)
def test_an_error_is_json_for_programs(
    client: FlaskClient, path: str, status: int, code: str
) -> None:
    for answer in (
        client.get(path),
        client.get(path.removeprefix("/api"), headers={"Accept": "application/json"}),
    ):
        assert answer.status_code == status
        assert answer.json is not None
        assert answer.json["error"]["code"] == code
        assert answer.json["error"]["message"]


def test_a_fault_is_logged_with_its_traceback(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    client.get("/tests/broken")
    (record,) = [each for each in caplog.records if each.levelname == "ERROR"]
    assert record.exc_info is not None
    assert "secret detail" in str(record.exc_info[1])


def test_a_wrong_method_is_no_fault_of_ours(client: FlaskClient) -> None:
    assert client.post("/health").status_code == 405
    assert client.delete("/api/tests/nowhere").status_code == 404


@pytest.mark.parametrize("database_url", ENGINES, indirect=True)
def test_what_no_column_can_hold_is_the_senders_fault(client: FlaskClient) -> None:
    assert client.get("/tests/unstorable").status_code == 422
    answer = client.post("/api/session", json={"username": "noi\0", "password": "x" * 10})
    assert answer.status_code in (401, 422)  # SQLite can hold a zero byte


def test_too_much_is_said_to_be_too_much(client: FlaskClient, app: Flask, floor: Floor) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 10
    answer = client.post("/sign-in", data={"username": "x" * 100})
    assert answer.status_code == 413
    assert floor.texts.get("floor.too_large", "th") in answer.text


def test_without_the_database_there_is_still_a_page(
    client: FlaskClient, floor: Floor, bearer: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = bearer(Role.AGENT)

    def away() -> None:
        raise sa.exc.OperationalError("SELECT", {}, ConnectionError("away"))

    monkeypatch.setattr(floor.db, "read", away)
    for path in ("/desk", "/sign-in"):
        answer = client.get(path, headers=headers)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert floor.texts.get("floor.busy", "th") in answer.text
    assert client.get("/nowhere", headers=headers).status_code == 404
    said = client.get("/api/presence", headers=headers)
    assert (said.status_code, said.json["error"]["code"]) == (503, "busy")


# ---------------------------------------------------------------- who is let in


def test_a_role_opens_what_it_may_and_nothing_else(client: FlaskClient, bearer: Bearer) -> None:
    for role in Role:
        allowed = role in (Role.SUPERVISOR, Role.MANAGER)
        answer = client.get("/api/tests/for-some", headers=bearer(role))
        assert answer.status_code == (200 if allowed else 403)
        assert not allowed or answer.text == f"the-{role.value}"


def test_who_is_not_signed_in_is_shown_the_way_and_comes_back(
    client: FlaskClient, noi: None
) -> None:
    asked = client.get("/tests/for-some?day=2026-11-20")
    assert asked.status_code == 302
    page = client.get(asked.location)
    assert 'value="/tests/for-some?day=2026-11-20"' in page.text
    answer = sign_in(client, next="/tests/for-some?day=2026-11-20")
    assert answer.location == "/tests/for-some?day=2026-11-20"
    assert client.get(answer.location).text == "noi"
    assert client.post("/tests/for-some").status_code == 403  # (no CSRF token)


def test_a_change_by_nobody_is_refused_and_not_led_elsewhere(client: FlaskClient) -> None:
    assert client.post("/tests/for-some").status_code == 401


def test_a_change_from_a_browser_needs_its_csrf_token(client: FlaskClient, floor: Floor) -> None:
    token, other = (sign_in_as(floor, Role.SUPERVISOR) for _ in range(2))
    browser(client, token)
    csrf = csrf_of(floor, token)
    assert client.get("/tests/for-some").status_code == 200
    assert client.post("/tests/for-some").status_code == 403
    assert client.post("/tests/for-some", data={"csrf_token": "x"}).status_code == 403
    wrong = {"X-CSRF-Token": csrf_of(floor, other)}
    assert client.post("/tests/for-some", headers=wrong).status_code == 403
    assert client.post("/tests/for-some", data={"csrf_token": csrf}).status_code == 200
    assert client.post("/tests/for-some", headers={"X-CSRF-Token": csrf}).status_code == 200


def csrf_of(floor: Floor, token: str) -> str:
    with floor.db.read() as session:
        identity = auth.identify(session, token, now=clock.now())
    assert identity is not None
    return identity.csrf_token(floor.settings.secret_key)


def test_a_program_needs_no_csrf_token(client: FlaskClient, bearer: Bearer) -> None:
    answer = client.post("/api/tests/for-some", headers=bearer(Role.SUPERVISOR))
    assert answer.status_code == 200


def test_a_session_that_is_over_is_nobodys(
    client: FlaskClient, floor: Floor, driven: DrivenClock
) -> None:
    browser(client, sign_in_as(floor, Role.SUPERVISOR))
    assert client.get("/tests/for-some").status_code == 200
    driven.advance(seconds=auth.SESSION_LENGTH.total_seconds())
    assert client.get("/tests/for-some").status_code == 302


# ---------------------------------------------------------------- signing in and out


def test_signing_in_and_out_in_a_browser(client: FlaskClient, floor: Floor, noi: None) -> None:
    answer = sign_in(client)
    assert (answer.status_code, answer.location) == (302, "/floor")
    cookie = client.get_cookie(auth.COOKIE)
    assert cookie is not None
    assert (cookie.http_only, cookie.secure, cookie.same_site) == (True, True, "Lax")
    assert client.get("/").location == "/floor"
    csrf = csrf_of(floor, cookie.value)
    answer = client.post("/sign-out", data={"csrf_token": csrf})
    assert answer.location == "/sign-in"
    assert client.get_cookie(auth.COOKIE) is None
    browser(client, cookie.value)
    assert client.get("/tests/for-some").status_code == 302


def test_signing_in_again_while_signed_in(client: FlaskClient, floor: Floor, noi: None) -> None:
    sign_in(client)
    page = client.get("/sign-in").text
    cookie = client.get_cookie(auth.COOKIE)
    assert cookie is not None
    csrf = csrf_of(floor, cookie.value)
    assert csrf in page
    assert sign_in(client, csrf_token=csrf).status_code == 302


@pytest.mark.parametrize("language", ["th", "en"])
def test_a_wrong_password_is_said_on_the_page(
    client: FlaskClient, floor: Floor, noi: None, language: str
) -> None:
    client.set_cookie(web.LANGUAGE_COOKIE, language)
    answer = sign_in(client, password="guessed", next="/desk")
    assert answer.status_code == 401
    assert floor.texts.get("floor.bad_credentials", language) in answer.text
    assert 'value="noi"' in answer.text and 'value="/desk"' in answer.text
    assert "guessed" not in answer.text
    for _ in range(auth.FREE_FAILURES):
        answer = sign_in(client, password="guessed")
    assert answer.status_code == 429
    before, after = floor.texts.get("floor.locked_out", language, until="|").split("|")
    assert re.search(rf"{re.escape(before)}\d\d:\d\d:\d\d{re.escape(after)}", answer.text)
    assert 1 <= int(answer.headers["Retry-After"]) <= auth.FIRST_LOCK


def test_signing_in_and_out_by_program(client: FlaskClient, noi: None) -> None:
    answer = client.post("/api/session", json={"username": "noi", "password": PASSWORD})
    assert answer.json is not None
    assert {**answer.json, "token": "…"} == {
        "token": "…",
        "username": "noi",
        "name": "น้อย",
        "role": "supervisor",
    }
    assert "น้อย" in answer.text  # not \\u0e19…: people read this too
    assert "Set-Cookie" not in answer.headers
    headers = {"Authorization": f"Bearer {answer.json['token']}"}
    assert client.get("/api/tests/for-some", headers=headers).text == "noi"
    assert client.delete("/api/session", headers=headers).json == {"ok": True}
    assert client.get("/api/tests/for-some", headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"json": {"username": "noi", "password": "wrong"}}, 401),
        ({"json": {"username": "nobody", "password": PASSWORD}}, 401),
        ({"json": {}}, 401),
        ({"json": {"username": ["noi"], "password": {}}}, 401),
        ({"json": ["noi", PASSWORD]}, 422),
        ({"data": "{", "content_type": "application/json"}, 422),
        ({"data": {"username": "noi", "password": PASSWORD}}, 200),
    ],
)
def test_what_a_program_may_send(client: FlaskClient, noi: None, body, status: int) -> None:
    answer = client.post("/api/session", **body)
    assert answer.status_code == status
    assert answer.json is not None
    assert status == 200 or answer.json["error"]["code"] in ("bad-credentials", "invalid")


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example/",
        "/\t/evil.example/",
        "/\n/evil.example/",
        "/desk\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "desk",
        "",
    ],
)
def test_nobody_is_led_elsewhere(client: FlaskClient, noi: None, elsewhere: str) -> None:
    assert sign_in(client, next=elsewhere).location == "/floor"
    client.delete_cookie(auth.COOKIE)
    answer = client.get("/view", query_string={"theme": "dark", "next": elsewhere})
    assert answer.location == "/"


@pytest.mark.parametrize("here", ["/", "/desk", "/tickets?q=%E0%B8%99&lang=th", "/a//b", "/a:b@c"])
def test_within_the_site_everybody_is_led_back(here: str) -> None:
    assert web.safe_next(here) == here


# ---------------------------------------------------------------- language, theme, headers


def test_the_reader_chooses_the_language(client: FlaskClient) -> None:
    assert '<html lang="th"' in client.get("/sign-in").text
    client.get("/view?language=en")
    cookie = client.get_cookie(web.LANGUAGE_COOKIE)
    assert cookie is not None and cookie.value == "en"
    assert '<html lang="en"' in client.get("/sign-in").text
    assert '<html lang="th"' in client.get("/sign-in?lang=th").text
    client.get("/view?language=xx")
    assert '<html lang="en"' in client.get("/sign-in").text
    assert '<html lang="th"' in client.get('/sign-in?lang="><script>').text


def test_a_chosen_language_wins_over_the_address_it_was_chosen_on(client: FlaskClient) -> None:
    query = {"language": "en", "next": "/tickets?lang=th&q=น้ำ&q=2"}
    assert client.get("/view", query_string=query).location == (
        "/tickets?q=%E0%B8%99%E0%B9%89%E0%B8%B3&q=2"
    )
    query = {"language": "en", "next": "/tickets?lang=th"}
    assert client.get("/view", query_string=query).location == "/tickets"
    query = {"theme": "dark", "next": "/tickets?lang=th"}
    assert client.get("/view", query_string=query).location == "/tickets?lang=th"


def test_the_reader_chooses_the_theme(client: FlaskClient) -> None:
    assert 'data-theme="system"' in client.get("/sign-in").text
    client.get("/view?theme=dark")
    assert 'data-theme="dark"' in client.get("/sign-in").text
    client.get("/view?theme=neon")
    assert 'data-theme="dark"' in client.get("/sign-in").text
    client.get("/view?theme=system")
    assert 'data-theme="system"' in client.get("/sign-in").text
    client.set_cookie(web.THEME_COOKIE, '"><script>')
    assert 'data-theme="system"' in client.get("/sign-in").text


def test_pages_run_nothing_that_is_not_theirs(client: FlaskClient) -> None:
    for path in ("/sign-in", "/nowhere", "/tests/broken"):
        answer = client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert " style=" not in answer.text and "<script>" not in answer.text


def test_what_never_changes_is_kept_by_the_browser(client: FlaskClient, floor: Floor) -> None:
    with client.get("/static/floor/base.css") as answer:
        assert answer.status_code == 200
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "no-store" not in answer.headers.get("Cache-Control", "")
    accent = client.get("/accent.css")
    assert accent.mimetype == "text/css"
    assert floor.city.accent in accent.text
    assert client.get("/static/floor/../web.py").status_code == 404


def test_the_header_offers_what_the_role_may_open(client: FlaskClient, floor: Floor) -> None:
    offered: dict[Role, set[str]] = {}
    for role in Role:
        browser(client, sign_in_as(floor, role))
        header = client.get("/sign-in").text
        assert f"the-{role.value}" in header
        _, every, row = re.split("<nav |<ul id=.every.", header.partition("</nav>")[0])
        shown = menu(NAVIGATION, role, "/sign-in")
        for part, entries in ((every, shown.every), (row, shown.row)):
            offered[role] = {
                each.address for each in NAVIGATION if f'href="{each.address}"' in part
            }
            assert offered[role] == {each.address for each in entries}
    assert offered[Role.AGENT] != offered[Role.MANAGER]


def test_templates_are_there_before_the_first_page(floor: Floor, tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    for _ in ("translated", "as they were kept", "one is broken"):
        app = pages.create(floor)
        read_templates(app, folder)
        known = {name for _, name in app.jinja_env.cache or ()}
        assert {"floor/sign_in.html", "agents/wallboard.html", "base.html"} <= known
        next(folder.iterdir()).write_bytes(b"half of")
    assert folder.stat().st_mode & 0o077 == 0


def test_health(client: FlaskClient) -> None:
    assert client.get("/health").json == {"ok": True}


# ---------------------------------------------------------------- where changes are told


@pytest.mark.parametrize(
    ("setting", "address", "policy"),
    [
        ("", "", ""),
        ("/stream", "/stream", ""),
        (
            ":8438/stream",
            "http://localhost:8438/stream",
            "connect-src 'self' http://localhost:8438",
        ),
        (
            "https://live.example/stream",
            "https://live.example/stream",
            "connect-src 'self' https://live.example",
        ),
    ],
)
def test_a_page_knows_where_its_stream_is(
    client: FlaskClient, floor: Floor, noi: None, setting: str, address: str, policy: str
) -> None:
    floor.settings = floor.settings.model_copy(update={"stream_url": setting})
    sign_in(client)
    page = client.get("/wallboard")
    assert f'data-stream="{address}"' in page.text
    said = page.headers["Content-Security-Policy"]
    assert policy in said and ("connect-src" in said) == bool(policy)
    assert "Hotline-Now" in page.headers
