"""Every address names who may call it, and lets in nobody else."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from hotline import auth, clock
from hotline.auth import Role
from hotline.floor import WEBHOOKS, Floor
from hotline.pages import NAVIGATION
from hotline.web import HOME
from tests.support.floors import PUBLIC_URL, sign_in_as, signature

ENTERED = "entered"
ROLES = ("public", "signed", "roles", "unfinished", "screen")
#: All that a screen on a wall reaches, besides what everybody does.
ON_A_SCREEN = {"/wallboard", "/wallboard/now", "/tickets/incidents/alarm", "/sign-out"}
#: What the carrier is told to ask (hotline/supervisor.py, docs/carrier.md).
ASKED_BY_THE_CARRIER = ("/ivr/voice", "/ivr/status")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


def rule_of(app: Flask, route: Rule) -> dict[str, Any] | None:
    return getattr(app.view_functions[route.endpoint], "access_rule", None)


def routes(app: Flask) -> Iterator[tuple[Rule, str, str]]:
    """Every route but the static files', with each of its methods and an address of it."""
    with app.test_request_context():
        adapter = app.url_map.bind("hotline.example")
        for route in app.url_map.iter_rules():
            if route.endpoint.endswith(".static"):
                continue
            values = {name: _example(route, name) for name in route.arguments}
            for method in sorted((route.methods or set()) - {"HEAD", "OPTIONS"}):
                yield route, method, adapter.build(route.endpoint, values, method=method)


def _example(route: Rule, name: str) -> object:
    kind = type(route._converters[name]).__name__
    return 1 if kind == "IntegerConverter" else "2026-11-20"


@pytest.fixture
def gates(app: Flask) -> Flask:
    """The application with every room's views replaced by an open door: what is left is who may
    pass.
    """
    for endpoint, view in list(app.view_functions.items()):
        if not endpoint.endswith(".static"):
            app.view_functions[endpoint] = _door(getattr(view, "access_rule", None))
    return app


def _door(rule: dict[str, Any] | None) -> Any:
    def door(**_values: object) -> str:
        return ENTERED

    if rule is not None:
        door.access_rule = rule  # type: ignore[attr-defined]
    return door


def test_every_route_names_who_may_call_it(app: Flask) -> None:
    without = [
        f"{method} {route.rule}"
        for route, method, _ in routes(app)
        if not rule_of(app, route) or set(rule_of(app, route) or ()) - set(ROLES)
    ]
    assert without == []
    assert sum(1 for _ in routes(app)) > 30  # the guard can see


def test_nobody_passes_what_is_not_public(gates: Flask) -> None:
    client = gates.test_client()
    for route, method, address in routes(gates):
        rule = rule_of(gates, route) or {}
        answer = client.open(address, method=method)
        if rule.get("public"):
            assert answer.text == ENTERED, (method, address)
        elif rule.get("signed"):
            assert answer.status_code == 403, (method, address)
        elif method == "GET" and not address.startswith("/api/"):
            assert answer.location.startswith("/sign-in?"), (method, address)
        else:
            assert answer.status_code == 401, (method, address)


@pytest.mark.parametrize("role", list(Role))
def test_each_role_passes_what_is_meant_for_it(gates: Flask, floor: Floor, role: Role) -> None:
    client = gates.test_client()
    headers = {"Authorization": f"Bearer {sign_in_as(floor, role)}"}
    for route, method, address in routes(gates):
        rule = rule_of(gates, route) or {}
        answer = client.open(address, method=method, headers=headers)
        may = rule.get("public") or role in rule.get("roles", ())
        assert (answer.text == ENTERED) is bool(may), (method, address)
        assert answer.status_code == (200 if may else 403), (method, address)


def test_a_screen_on_a_wall_passes_to_the_wallboard_only(gates: Flask, floor: Floor) -> None:
    client, passed = gates.test_client(), set()
    token = sign_in_as(floor, Role.SUPERVISOR)
    with floor.db.write() as session:
        who = auth.identify(session, token, now=clock.now())
        assert who is not None
        screen = auth.open_session(session, who.id, now=clock.now(), screen=True)
    for route, method, address in routes(gates):
        rule = rule_of(gates, route) or {}
        answer = client.open(address, method=method, headers={"Authorization": f"Bearer {screen}"})
        if not rule.get("public") and not rule.get("signed") and answer.text == ENTERED:
            passed.add(route.rule)
    assert passed == ON_A_SCREEN


def test_a_browser_changes_nothing_without_its_csrf_token(gates: Flask, floor: Floor) -> None:
    token = sign_in_as(floor, Role.SUPERVISOR)
    with floor.db.read() as session:
        identity = auth.identify(session, token, now=clock.now())
    assert identity is not None
    csrf = {"X-CSRF-Token": identity.csrf_token(floor.settings.secret_key)}
    client = gates.test_client()
    client.set_cookie(auth.COOKIE, token)
    for route, method, address in routes(gates):
        rule = rule_of(gates, route) or {}
        if not rule.get("public") and Role.SUPERVISOR not in rule.get("roles", ()):
            continue
        refused = method != "GET"
        assert (client.open(address, method=method).status_code == 403) is refused, address
        assert client.open(address, method=method, headers=csrf).text == ENTERED, address


def test_the_carrier_passes_with_its_signature_alone(gates: Flask) -> None:
    client = gates.test_client()
    signed_routes = set()
    for route, method, address in routes(gates):
        if not (rule_of(gates, route) or {}).get("signed"):
            continue
        signed_routes.add(route.rule)
        good = {"X-Twilio-Signature": signature(PUBLIC_URL + address, {})}
        forged = {"X-Twilio-Signature": signature(PUBLIC_URL + address, {}, "another token")}
        assert client.open(address, method=method, headers=good).text == ENTERED, address
        assert client.open(address, method=method, headers=forged).status_code == 403, address
    assert signed_routes >= set(ASKED_BY_THE_CARRIER)
    # a proxy may lead these, and nothing else, to a process of their own
    assert all(each.startswith(WEBHOOKS) for each in signed_routes)


def test_a_forged_webhook_is_refused_by_the_real_views_too(client: FlaskClient) -> None:
    """A room's own renderer of errors, which speaks to callers, must not soften it."""
    for route, method, address in routes(client.application):
        if (rule_of(client.application, route) or {}).get("signed"):
            assert client.open(address, method=method).status_code == 403, address


def test_the_header_offers_nobody_a_closed_door(app: Flask) -> None:
    opened = {
        address: (rule_of(app, route) or {}).get("roles", frozenset())
        for route, method, address in routes(app)
        if method == "GET"
    }
    for each in NAVIGATION:
        assert opened[each.address].issuperset(each.roles), each.address
    for role, address in HOME.items():
        assert role in opened[address], address
    assert set(HOME) == set(Role)
    # and a way to what people work with, to all who may
    for address in ("/field", "/tickets/units", "/tickets/incidents", "/categories"):
        (offered,) = (each.roles for each in NAVIGATION if each.address == address)
        assert set(offered) == opened[address], address
    assert [each.address for each in NAVIGATION if Role.CREW in each.roles] == ["/field"]
