"""A telephone number that somebody wrote into words of a ticket stands on no page of who may not
see its caller: not in a list, a board, a file or a fragment. Every address is walked.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hotline import clock
from hotline.auth import COOKIE, Role
from hotline.floor import Floor
from tests.guards.test_routes import routes, rule_of
from tests.service.tickets.conftest import NOW
from tests.support.floors import sign_in_as
from tickets import service
from tickets.config import Tickets
from tickets.facts import Actor
from tickets.incidents import service as incidents
from tickets.service import TicketFacts
from tickets.units import fleet
from tickets.web import NUMBER_AT_HAND
from tickets.workflow import Role as WorksAs

CALLER = "+66812345678"
WRITTEN = "น้ำท่วม โทรกลับ 089-111-2233 ({n})"
NUMBER = re.compile(r"0?89[- ]?111[- ]?2233")
Send = Callable[..., None]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture(autouse=True)
def time(app: Flask) -> Iterator[clock.DrivenClock]:
    app.extensions[NUMBER_AT_HAND] = lambda _session, _offer: CALLER
    with clock.driven(NOW) as driven:
        yield driven


@pytest.fixture
def sits(floor: Floor, client: FlaskClient) -> Callable[[Role, str], None]:
    """Who is at the browser from now on."""

    def down(role: Role, username: str = "") -> None:
        client.set_cookie(COOKIE, sign_in_as(floor, role, username))

    return down


@pytest.fixture
def send(client: FlaskClient) -> Send:
    def sent(address: str, **form: str) -> None:
        token = re.search(r'name="csrf_token" value="(\w+)"', client.get("/me/notices").text)
        assert token
        answer = client.post(address, data=form | {"csrf_token": token[1]})
        assert answer.status_code == 303, (address, answer.status_code)

    return sent


@pytest.fixture
def planted(floor: Floor, config: Tickets, sits: Any, send: Send) -> TicketFacts:
    """A ticket, reopened, asked to go to a unit, part of an incident, with a number in all words
    that somebody wrote on it.
    """
    with floor.db.write() as session:
        facts = {"outcome": "complaint", "category": "flood", "caller": CALLER, "by": "noi"}
        made = [
            service.record_call(
                session, config, call_id=n, note=WRITTEN.format(n=n), now=clock.now(), **facts
            )
            for n in (1, 2)
        ]
    page = f"/tickets/{made[0].number}"
    sits(Role.SUPERVISOR)
    send(f"{page}/note", text=WRITTEN.format(n="note"))
    send("/tickets/incidents", tickets=" ".join(each.number for each in made))
    for was, to, more in (
        ("received", "in_progress", {}),
        ("in_progress", "done", {"result": "other"}),
        ("done", "in_progress", {}),
    ):
        text = WRITTEN.format(n=f"{was} {to}")
        send(f"{page}/move", **{"from": was, "to": to, "text": text, **more})
    send(f"{page}/units/ask", text=WRITTEN.format(n="unit"))
    # a unit has the other: with words that were sent along, and with what it did
    sign_in_as(floor, Role.CREW, "another-crew")
    with floor.db.write() as session:
        fleet.seed(session, config)
        supervisor = Actor("the-supervisor", WorksAs.SUPERVISOR)
        fleet.put_on(session, "qru1", "another-crew", actor=supervisor, by=None, now=clock.now())
    other = f"/tickets/{made[1].number}/units"
    send(other, unit="qru1", note=WRITTEN.format(n="sent along"), key="1")
    send("/tickets/units/jobs/1/decline", note=WRITTEN.format(n="declined"), key="2")
    send(other, unit="qru1", note=WRITTEN.format(n="again"), key="3", another="1")
    with floor.db.write() as session:
        ended = {"result": "other", "text": WRITTEN.format(n="ended")}
        incidents.tell_of(session, 1, "ended", "the-supervisor", clock.now(), ended)
    return made[0]


def addresses(app: Flask, role: Role, ticket: TicketFacts) -> Iterator[str]:
    """Every page, fragment and file that the role may open."""
    for route, method, address in routes(app):
        roles = (rule_of(app, route) or {}).get("roles", ())
        if method == "GET" and role in roles:
            of_ticket = "<number>" in route.rule
            yield address.replace("2026-11-20", ticket.number) if of_ticket else address
    if role in (Role.MANAGER, Role.DIVISION):
        yield "/tickets/accountability/reopened"
        yield "/tickets?state=all&division="
        yield "/tickets.csv?state=all&division="


@pytest.mark.parametrize("role", [Role.MANAGER, Role.CREW, Role.DIVISION])
def test_it_stands_on_no_page_of_who_may_not_see_the_caller(
    app: Flask, client: FlaskClient, sits: Any, send: Send, planted: TicketFacts, role: Role
) -> None:
    sits(role, f"another-{role}")
    send(f"/tickets/{planted.number}/watch")
    seen = told = 0
    for address in addresses(app, role, planted):
        answer = client.get(address)
        assert answer.status_code != 500, address
        text = answer.get_data(as_text=True)
        assert not NUMBER.search(text), address
        seen += 1
        told += "·····" in text
    assert seen > 15 and told > 2, "the walk can see"


def test_who_may_see_the_caller_reads_it_where_it_was_masked(
    client: FlaskClient, sits: Any, send: Send, planted: TicketFacts
) -> None:
    sits(Role.SUPERVISOR)
    send(f"/tickets/{planted.number}/watch")
    for address in (
        "/tickets/watched",
        "/tickets/units",
        "/tickets/incidents/1",
        f"/tickets/{planted.number}/place",
    ):
        assert NUMBER.search(client.get(address).text), address
    # a file leaves the house: there they are masked for everybody
    text = client.get("/tickets/accountability.csv?from=2026-11-01&until=2026-11-30").text
    assert "น้ำท่วม" in text and not NUMBER.search(text)
