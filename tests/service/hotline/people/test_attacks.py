"""What is tried against every web application (OWASP's usual list), on the real views.

Who may call what is walked in tests/guards/test_routes.py; here somebody who may is made to do what
they did not mean, or somebody who may not looks for a way round.
"""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from hotline import auth, clock
from hotline.auth import Role
from hotline.floor import Floor
from hotline.settings import SECRETS, Settings
from tests.guards.test_routes import routes, rule_of
from tests.service.hotline.people.conftest import PASSWORD, Make, Person
from tickets import service as tickets
from tickets.config import Tickets
from tickets.models import Citizen, CitizenNumber

SCRIPT, IMAGE = "<script>alert({n})</script>", '"><img src=x onerror=alert({n})>'
#: Public addresses that change something: nobody who is signed in has a token there.
PUBLIC_CHANGES = {
    *("/sign-in", "/sign-in/code", "/api/session", "/reset/2026-11-20"),
    # a citizen's: each but the first asks for the token of its visit as well
    *("/t", "/t/leave", "/t/ticket/message", "/t/ticket/photo", "/t/ticket/rate"),
    *("/t/ticket/reopen", "/t/ticket/withdraw", "/t/ticket/confirm"),
    "/unsubscribe/2026-11-20",  # by a mail program, which is no browser and no site
}
ELSEWHERE = (
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "/%0d%0aLocation:https://evil.example\r\n",
)


@pytest.fixture
def everybody(make: Make) -> dict[Role, Person]:
    return {role: make(f"the-{role.value}", role) for role in Role}


def changing(app: Flask) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Every changing address of people, with who may call it."""
    for route, method, address in routes(app):
        rule = rule_of(app, route) or {}
        if method != "GET" and not rule.get("signed"):
            yield method, address, rule


# ---------------------------------------------------------------- another site's page


def test_no_change_without_the_token_of_this_session(
    app: Flask, floor: Floor, everybody: dict[Role, Person]
) -> None:
    words = floor.texts.get("floor.csrf", "th")
    others = {
        role: person.identity.csrf_token(floor.settings.secret_key)
        for role, person in everybody.items()
    }
    walked = 0
    for method, address, rule in changing(app):
        for role, person in everybody.items():
            if role not in rule.get("roles", ()):  # type: ignore[operator]
                continue
            another = next(token for each, token in others.items() if each is not role)
            for token in ("", another, "x"):
                form = {"csrf_token": token} if token else {}
                answer = person.client.open(address, method=method, data=form)
                assert answer.status_code == 403, (method, address, role)
                assert words in answer.get_data(as_text=True), (method, address, role)
                walked += 1
    assert walked > 300, "the walk can see"


def test_another_site_signs_nobody_in(app: Flask, make: Make) -> None:
    """Who is not signed in has no token: the browser says where the form came from."""
    found = {address for _, address, rule in changing(app) if rule.get("public")}
    assert found == PUBLIC_CHANGES
    noi = make("noi", Role.AGENT, signed_in=False)
    for address in PUBLIC_CHANGES:
        form = {"username": "noi", "password": PASSWORD}
        for site in ("cross-site", "same-site"):
            there = {"Sec-Fetch-Site": site}
            assert noi.client.post(address, data=form, headers=there).status_code == 403
    assert noi.cookie == ""
    here = {"Sec-Fetch-Site": "same-origin"}
    assert noi.client.post("/sign-in", data=form, headers=here).status_code == 302


def test_a_session_that_was_planted_is_not_taken_over(make: Make, floor: Floor) -> None:
    attacker = make("mali", Role.AGENT)
    victim = make("noi", Role.AGENT, signed_in=False)
    planted = attacker.cookie
    victim.client.set_cookie(auth.COOKIE, planted)
    assert victim.signs_in().status_code == 302
    assert victim.cookie != planted
    assert victim.identity.username == "noi"
    assert attacker.looks("/me").status_code == 302, "the one that was planted has ended"
    for made_up in ("x", "x" * 43):
        victim.client.set_cookie(auth.COOKIE, made_up)
        victim.signs_in()
        assert victim.cookie != made_up


def test_every_sign_in_has_a_token_of_its_own_and_ends_the_one_before(make: Make) -> None:
    noi = make("noi", Role.AGENT)
    first = noi.cookie
    noi.signs_in()
    assert noi.cookie != first
    with noi.floor.db.read() as session:
        assert auth.identify(session, first, now=clock.now()) is None
        assert len(auth.sessions_of(session, noi.id, now=clock.now())) == 1


# ---------------------------------------------------------------- led elsewhere


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_nobody_is_led_to_another_site(make: Make, elsewhere: str) -> None:
    noi = make("noi", Role.AGENT, signed_in=False)
    page = noi.client.get("/sign-in", query_string={"next": elsewhere})
    assert 'name="next" value=""' in page.text
    ways = [
        noi.signs_in(next=elsewhere),
        noi.client.get("/view", query_string={"next": elsewhere, "theme": "dark"}),
        noi.client.get("/view", query_string={"next": elsewhere, "language": "en"}),
    ]
    app, _ = noi.sets_up_factor()
    noi.sends("/sign-out")
    ways.append(noi.signs_in(next=elsewhere))
    assert "next" not in ways[-1].location
    with clock.driven(clock.now() + timedelta(minutes=1)):
        ways.append(noi.gives(app.at(clock.now()), next=elsewhere))
    for way in ways:
        assert way.status_code == 302
        assert re.fullmatch(r"/(?!/)[\w/-]*", way.location), way.location


# ---------------------------------------------------------------- script in what is typed


@pytest.fixture
def typed(everybody: dict[Role, Person], make: Make, floor: Floor) -> dict[str, int]:
    """What hands have typed into every form that keeps it: the field, and the number in it."""
    boss, root = everybody[Role.SUPERVISOR], everybody[Role.ADMINISTRATOR]
    noi, now = make("noi", Role.AGENT), clock.now()
    numbers: dict[str, int] = {}

    def evil(field: str) -> str:
        n = numbers.setdefault(field, 1000 + len(numbers))
        return SCRIPT.format(n=n) + IMAGE.format(n=n)

    with floor.db.write() as session:
        facts = {"outcome": "complaint", "category": "flood", "by": "noi", "now": now}
        ticket = tickets.record_call(
            session,
            floor.section(Tickets),
            call_id=1,
            note=evil("ticket"),
            caller="+66812345678",
            **facts,
        )
        person = Citizen(name="Anna", language=None, note="", vip="", made_at=now, version=1)
        session.add(person)
        session.flush()
        session.add(CitizenNumber(citizen_id=person.id, number="+66812345678", at=now))
        citizen = person.id
    until = f"{clock.local(now + timedelta(days=1), floor.city.zone):%Y-%m-%dT%H:%M}"
    places = re.findall(r'name="places" value="(\w+)"', boss.looks("/bulletins/new").text)
    languages = ("th", "en", "zh", "ru")
    sent = [
        boss.sends(f"/people/{noi.id}/name", name=evil("name"), contact=evil("contact")),
        root.sends("/people/new", username="new", name=evil("new"), role="crew", contact=""),
        boss.sends(f"/people/{noi.id}/lock", reason=evil("reason")),
        boss.sends(f"/tickets/{ticket.number}/note", text=evil("note")),
        boss.sends(f"/citizens/{citizen}", name=evil("citizen"), note=evil("known"), version="1"),
        boss.sends(f"/citizens/{citizen}/vip", reason=evil("vip"), version="2"),
        boss.sends("/nuisance/blocks", number="0899999999", reason=evil("block"), days="3"),
        boss.sends(
            "/answers",
            keywords=evil("keywords"),
            **{f"title.{each}": evil("title") for each in languages},
            **{f"text.{each}": evil("answer") for each in languages},
        ),
        boss.sends(
            "/bulletins",
            places=places,
            starts_at=f"{clock.local(now, floor.city.zone):%Y-%m-%dT%H:%M}",
            ends_at=until,
            **{f"text.{each}": evil("bulletin") for each in languages},
        ),
    ]
    assert [each.status_code for each in sent if each.status_code not in (201, 303)] == []
    return numbers


def pages(app: Flask, who: Person) -> Iterator[tuple[str, TestResponse]]:
    """Every page that they may open, with ids that are there."""
    with who.floor.db.read() as session:
        number = tickets.ticket_of_call(session, 1)
    for route, method, address in routes(app):
        rule = rule_of(app, route) or {}
        roles = rule.get("roles", ())
        if method != "GET" or who.identity.role not in roles or "csv" in address:
            continue
        if "/<number>" in route.rule and number is not None:
            yield address, who.looks(address.replace("2026-11-20", number.number))
        for each in range(1, 10) if "account_id" in route.rule else (1,):
            path = address.replace("/1", f"/{each}")
            yield path, who.looks(path)


def test_what_was_typed_is_shown_as_text_on_every_page(
    app: Flask, everybody: dict[Role, Person], typed: dict[str, int]
) -> None:
    shown: set[int] = set()
    seen = 0
    for person in everybody.values():
        for path, answer in pages(app, person):
            assert answer.status_code != 500, path
            if answer.mimetype != "text/html":
                continue
            seen += 1
            text = answer.get_data(as_text=True)
            assert "<script>alert(" not in text, path
            assert "<img src=x" not in text, path
            shown |= {int(n) for n in re.findall(r"&lt;script&gt;alert\((\d+)\)", text)}
    assert seen > 60, "the walk can see"
    assert {field for field, n in typed.items() if n not in shown} == set()


def test_what_an_address_asks_for_is_shown_as_text(
    app: Flask, everybody: dict[Role, Person]
) -> None:
    evil = SCRIPT.format(n=1) + IMAGE.format(n=1)
    names = ("q", "text", "by", "whom", "kind", "from", "until", "role", "state", "division")
    names += ("source", "next", "day", "before", "after", "lang", "done", "queue", "language")
    for person in (everybody[Role.SUPERVISOR], everybody[Role.ADMINISTRATOR]):
        for route, method, address in routes(app):
            roles = (rule_of(app, route) or {}).get("roles", ())
            if method != "GET" or person.identity.role not in roles:
                continue
            answer = person.client.get(address, query_string=dict.fromkeys(names, evil))
            assert answer.status_code != 500, address
            if answer.mimetype == "text/html":
                text = answer.get_data(as_text=True)
                assert "<script>alert(" not in text and "<img src=x" not in text, address


@pytest.mark.parametrize(
    "path", ["/people/new", "/people/{id}/name", "/sign-in", "/reset/{link}", "/me/password"]
)
def test_what_is_refused_is_shown_as_text_again(
    everybody: dict[Role, Person], make: Make, path: str
) -> None:
    root, noi = everybody[Role.ADMINISTRATOR], make("noi", Role.AGENT)
    evil = IMAGE.format(n=1) + "x" * 120
    page = root.sends(f"/people/{noi.id}/link").text
    link = re.search(r"/reset/([\w-]+)", page)
    assert link is not None
    address = path.format(id=noi.id, link=link[1])
    fields = ("username", "name", "contact", "role", "reason", "password", "old", "next")
    who = noi if path == "/sign-in" else root
    answer = who.sends(address, **dict.fromkeys(fields, evil))
    assert answer.status_code >= 400
    assert "<img src=x" not in answer.text


# ---------------------------------------------------------------- what every answer says


def test_every_page_is_armed(app: Flask, everybody: dict[Role, Person], floor: Floor) -> None:
    for person in everybody.values():
        for path, answer in pages(app, person):
            assert answer.headers["X-Content-Type-Options"] == "nosniff", path
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000", path
            if answer.mimetype != "text/html":
                continue
            policy = answer.headers["Content-Security-Policy"]
            assert "unsafe" not in policy and "*" not in policy.replace("wss://*", ""), path
            for part in ("default-src 'self'", "object-src 'none'", "frame-ancestors 'none'"):
                assert part in policy, path
            assert "form-action 'self'" in policy and "base-uri 'none'" in policy, path
            assert answer.headers["Referrer-Policy"] in ("same-origin", "no-referrer"), path
            assert "no-store" in answer.headers["Cache-Control"] or (
                answer.headers["Cache-Control"] == "private, no-cache"
            ), path


@pytest.mark.parametrize(
    "path",
    [
        *("/audit.csv", "/quality.csv", "/roster/shifts.csv", "/tickets.csv"),
        *("/tickets/accountability.csv", "/reports/month/2026-11?format=csv"),
    ],
)
def test_a_file_is_kept_by_no_cache(everybody: dict[Role, Person], path: str) -> None:
    answer = everybody[Role.SUPERVISOR].looks(path)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"


def test_no_secret_is_in_a_page(
    app: Flask, everybody: dict[Role, Person], floor: Floor, settings: Settings
) -> None:
    secrets = {
        value
        for name in SECRETS
        if (value := str(getattr(settings, name.lower(), ""))) and name != "REDIS_URL"
    }
    assert len(secrets) >= 3
    hashes = {auth._hash(person.cookie) for person in everybody.values()}
    for person in everybody.values():
        mine = person.cookie
        for path, answer in pages(app, person):
            text = answer.get_data(as_text=True)
            for secret in (*secrets, *hashes, mine, "$argon2"):
                assert secret not in text, path


def test_a_file_of_the_log_runs_no_formula(everybody: dict[Role, Person], make: Make) -> None:
    boss, noi = everybody[Role.SUPERVISOR], make("noi", Role.AGENT)
    boss.sends(f"/people/{noi.id}/lock", reason="=HYPERLINK(1)")
    answer = boss.looks("/audit.csv")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "'=HYPERLINK(1)" in answer.get_data(as_text=True)
