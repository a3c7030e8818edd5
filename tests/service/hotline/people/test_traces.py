"""Whoever decides about others leaves a trace: a line of the audit log, or an event of the thing
itself that names them. Every changing address that supervisors or administrators have, and agents
have not, stands here: walked, or with the test of its room in which it is. A new one is a line
more.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from agents import service as agents
from hotline import clock
from hotline.auth import Role
from hotline.floor import Floor
from hotline.models import Base, Notice
from ivr.config import Ivr
from ivr.models import Call
from tests.guards.test_routes import routes, rule_of
from tests.service.hotline.people.conftest import Make, Person
from tickets import service as tickets
from tickets.config import Tickets
from tickets.models import Citizen, CitizenNumber

Fields = dict[str, str | list[str]]
#: Columns that name who did something, in tables of what was done.
NAMES = ("by", "who", "made_by", "withdrawn_by")
CALLER = "+66812345678"
TESTS = Path(__file__).parents[2]

#: Walked in tests of their own room, where there is a conversation, a mark, a job, a file.
ELSEWHERE = {
    **dict.fromkeys(
        (
            "/floor/calls/<int>/listen",
            "/floor/calls/<int>/leave",
            "/floor/calls/<int>/take-over",
        ),
        "ivr/test_monitoring.py",
    ),
    "/floor/waiting/<int>": "ivr/test_reorder.py",
    **dict.fromkeys(
        ("/calls/<int>/mark", "/quality/<int>", "/quality/<int>/correct", "/quality/<int>/discard"),
        "ivr/test_quality.py",
    ),
    **dict.fromkeys(
        ("/api/callbacks/<int>/cancel", "/callbacks/<int>/cancel"), "ivr/test_callbacks.py"
    ),
    "/people/<int>/factor": "hotline/people/test_acts.py",
    "/categories/model": "tickets/test_categories.py",
    "/roster/import": "agents/roster/test_pages.py",
    "/roster/copy": "agents/roster/test_pages.py",
    "/reports/mailing/<int>/resume": "reports/mailing/test_pages.py",
    "/privacy/erase": "ivr/test_forgotten_everywhere.py",
    **dict.fromkeys(
        (
            "/tickets/<number>/forwards/<int>/chase",
            "/tickets/<number>/forwards/<int>/reply",
            "/tickets/<number>/forwards",
            "/tickets/<number>/merge",
            "/tickets/<number>/unmerge",
        ),
        "tickets/test_merging.py",
    ),
    "/tickets/<number>/files/<int>/mark": "tickets/test_files.py",
    **dict.fromkeys(
        ("/tickets/units/jobs/<int>/<act>", "/tickets/units/<code>/order"), "tickets/test_units.py"
    ),
    **dict.fromkeys(
        (
            f"/tickets/incidents/<int>/{act}"
            for act in (
                *(
                    "add",
                    "categories",
                    "change",
                    "confirm",
                    "dismiss",
                    "end",
                    "pins",
                    "remove",
                    "tell",
                ),
                *("unit", "works/<int>/undo"),
            )
        ),
        "tickets/test_incidents.py",
    ),
}
#: What is one's own, and nobody else's business; and a search that is posted, so that no address
#: names a number.
NO_ACTS = {"/me/reports", "/me/reports/<int>/resume", "/citizens"}


def short(rule: str) -> str:
    """A rule without the names and limits of its numbers."""
    return re.sub(r"<int[^>]*>", "<int>", rule)


def deciding(app: Flask) -> Iterator[str]:
    """The changing addresses of who decides about others."""
    for route, method, _ in routes(app):
        roles = (rule_of(app, route) or {}).get("roles", frozenset())
        decides = roles & {Role.SUPERVISOR, Role.ADMINISTRATOR}
        if method != "GET" and decides and Role.AGENT not in roles:
            yield short(route.rule)


def told_of(floor: Floor, username: str) -> dict[str, int]:
    """In which tables of what was done this account stands, how often."""
    found = {}
    with floor.db.read() as session:
        for table in Base.metadata.sorted_tables:
            for name in NAMES:
                if name in table.c:
                    theirs = sa.select(sa.func.count()).where(table.c[name] == username)
                    found[f"{table.name}.{name}"] = session.execute(theirs).scalar_one()
    return found


@pytest.fixture
def world(floor: Floor, make: Make) -> dict[str, str]:
    """What the acts are done to."""
    noi, now = make("noi", Role.AGENT, signed_in=False), clock.now()
    crew = make("lek", Role.CREW, signed_in=False)
    with floor.db.write() as session:
        made = agents.create_agent(
            session, account_id=noi.id, name="Noi", queues=["complaint"], languages=["th"], now=now
        )
        facts = {"outcome": "complaint", "category": "flood", "caller": CALLER, "by": "noi"}
        config = floor.section(Tickets)
        of = [
            tickets.record_call(session, config, call_id=n, note="x", now=now, **facts)
            for n in (1, 2)
        ]
        person = Citizen(name="Anna", language=None, note="", vip="", made_at=now, version=1)
        session.add(person)
        call = {"language": "th", "status": "completed", "rank": 9, "checked_at": now}
        session.add(Call(sid="CA1", from_number=CALLER, to_number="1337", arrived_at=now, **call))
        session.flush()
        session.add(CitizenNumber(citizen_id=person.id, number=CALLER, at=now))
        notice = Notice(
            account_id=noi.id, at=now, kind="returned", key="k", subject="s", urgent=False,
            data={}, mail="failed", mail_error="",
        )  # fmt: skip
        session.add(notice)
        session.flush()
        return {
            "noi": str(noi.id),
            "crew": str(crew.id),
            "agent": str(made.id),
            "ticket": of[0].number,
            "other": of[1].number,
            "citizen": str(person.id),
            "notice": str(notice.id),
        }


def acts(floor: Floor, w: dict[str, str]) -> Iterator[tuple[str, str, Fields]]:  # noqa: PLR0915
    """Rule, address, form; one after the other."""
    zone, why = floor.city.zone, "because"
    local = f"{clock.local(clock.now(), zone):%Y-%m-%dT%H:%M}"
    until = f"{clock.local(clock.now() + timedelta(days=1), zone):%Y-%m-%dT%H:%M}"
    four = ("th", "en", "zh", "ru")

    def seen(number: str) -> Fields:
        with floor.db.read() as session:
            return {"version": str(tickets.by_number(session, number).version)}

    said: Fields = {f"text.{each}": f"words {each}" for each in four}
    answer: Fields = said | {f"title.{each}": "title" for each in four} | {"keywords": "k"}
    noi, ticket = f"/people/{w['noi']}", f"/tickets/{w['ticket']}"
    yield "/people/new", "/people/new", {"username": "new", "name": "New", "role": "crew"}
    yield "/people/<int>/name", f"{noi}/name", {"name": "Noi J", "contact": ""}
    yield "/people/<int>/work", f"{noi}/work", {"skill": ["information/th"]}
    yield "/people/<int>/link", f"{noi}/link", {}
    yield "/people/<int>/lift", f"{noi}/lift", {}
    yield "/people/<int>/sign-out", f"{noi}/sign-out", {"reason": why}
    yield "/people/<int>/lock", f"{noi}/lock", {"reason": why}
    yield "/people/<int>/unlock", f"{noi}/unlock", {"reason": why}
    crew = f"/people/{w['crew']}"
    yield "/people/<int>/role", f"{crew}/role", {"role": "agent", "reason": why}
    yield "/people/<int>/role", f"{crew}/role", {"role": "crew", "reason": why}
    status = {"choice": "break:meal", "reason": why}
    yield "/floor/agents/<int>/status", f"/floor/agents/{w['agent']}/status", status
    skills: Fields = {"agent": [w["agent"]], "give": ["complaint/en"], "reason": why}
    yield "/floor/skills", "/floor/skills", skills
    places: Fields = {
        "places": [*floor.section(Ivr).bulletin_places()],
        "starts_at": local,
        "ends_at": until,
    }
    yield "/bulletins", "/bulletins", said | places
    yield "/bulletins/<int>", "/bulletins/1", said | places | {"version": "1"}
    yield "/bulletins/<int>/withdraw", "/bulletins/1/withdraw", {"version": "2"}
    block = {"number": "0899999999", "reason": why, "days": "3"}
    yield "/nuisance/blocks", "/nuisance/blocks", block
    yield "/nuisance/blocks/<int>/lift", "/nuisance/blocks/1/lift", {}
    yield "/nuisance/dismissals", "/nuisance/dismissals", {"call": "1"}
    yield "/notices/<int>/settle", f"/notices/{w['notice']}/settle", {}
    shift: Fields = {"agent": w["agent"], "first_day": "2026-11-24", "start": "22:00"}
    shift |= {"end": "06:00", "pattern": "weekly", "weekdays": ["1"]}
    yield "/roster/shifts/new", "/roster/shifts/new", shift
    change = shift | {"version": "1", "first_day": "2026-12-01", "start": "20:00"}
    yield "/roster/shifts/<int>", "/roster/shifts/1", change
    day = shift | {"off": "off", "day": "2026-11-24", "reason": why, "version": "2"}
    yield "/roster/shifts/<int>/days/<on>", "/roster/shifts/1/days/2026-11-24", day
    yield (
        "/roster/shifts/<int>/remove",
        "/roster/shifts/2/remove",
        {
            "since": "2026-12-08",
            "version": "1",
        },
    )
    person = f"/citizens/{w['citizen']}"
    yield "/citizens/<int>/numbers", f"{person}/numbers", {"text": why}
    yield "/citizens/<int>", person, {"name": "Anne", "note": "", "version": "1"}
    yield "/citizens/<int>/vip", f"{person}/vip", {"reason": why, "version": "2"}
    yield "/answers", "/answers", answer
    yield "/answers/<int>", "/answers/1", answer | {"version": "1", "keywords": "more"}
    yield "/answers/<int>/withdraw", "/answers/1/withdraw", {"version": "2"}
    template = {"category": "", "state": "", "language": "th", "title": "t", "text": "ครับ"}
    yield "/tickets/templates", "/tickets/templates", template
    kept = "/tickets/templates/1"
    yield "/tickets/templates/<int>", kept, template | {"version": "1", "title": "u"}
    yield "/tickets/templates/<int>/withdraw", f"{kept}/withdraw", {"version": "2"}
    away = {"username": "division", "first": "2026-11-24", "last": "2026-11-25"}
    yield "/tickets/absences", "/tickets/absences", away
    yield "/tickets/absences/<int>/end", "/tickets/absences/1/end", {}
    unit: Fields = {"code": "q1", "call_sign": "Q1", "title_th": "ก", "title_en": "A"}
    unit |= {"divisions": ["engineering"], "active": "1"}
    yield "/tickets/units/new", "/tickets/units/new", unit
    yield "/tickets/units/<code>", "/tickets/units/q1", unit | {"call_sign": "Q2", "version": "1"}
    yield "/tickets/units/<code>/on", "/tickets/units/q1/on", {"username": "lek"}
    yield "/tickets/units/<code>/off", "/tickets/units/q1/off", {"username": "lek"}
    yield "/tickets/units/<code>/on", "/tickets/units/q1/on", {"username": "lek"}
    yield "/tickets/<number>/units", f"{ticket}/units", {"unit": "q1", "key": "k"}
    yield "/tickets/<number>/assign", f"{ticket}/assign", {"owner": "division"} | seen(w["ticket"])
    yield "/tickets/<number>/hold", f"{ticket}/hold", {"text": why}
    other = f"/tickets/{w['other']}"
    begun = {"from": "received", "to": "in_progress"}
    yield "", f"{other}/move", begun  # agents may do it, too
    wait = {"for": "agency", "until": "2026-11-30", "text": why}
    yield "/tickets/<number>/wait", f"{other}/wait", wait | seen(w["other"])
    yield "/tickets/<number>/resume", f"{other}/resume", seen(w["other"])
    both = {"tickets": f"{w['ticket']} {w['other']}"}
    yield "/tickets/incidents", "/tickets/incidents", both
    export = {"who": CALLER}
    yield "/privacy/export", "/privacy/export", export
    entered: Fields = {"email": "a@b.example", "kind": "year", "language": "en", "form": "pdf"}
    yield "/reports/mailing", "/reports/mailing", entered | {"reason": why}
    yield "/reports/mailing/<int>/stop", "/reports/mailing/1/stop", {}
    link: Fields = {"report": "2026-10", "language": "en", "form": "pdf", "note": "n", "days": "3"}
    yield "/reports/links", "/reports/links", link
    yield "/reports/links/<int>/revoke", "/reports/links/1/revoke", {}
    yield "/sign-in/screen", "/sign-in/screen", {}


def test_whoever_decides_about_others_is_named(
    app: Flask, floor: Floor, make: Make, world: dict[str, str]
) -> None:
    boss, root = make("somsri", Role.SUPERVISOR), make("root", Role.ADMINISTRATOR)
    division = make("division", Role.DIVISION)
    walked, silent, refused = set[str](), [], []
    for rule, address, form in acts(floor, world):
        who: Person = root if rule.startswith(("/privacy", "/reports")) else boss
        who = division if address.endswith(("/move", "/wait", "/resume")) else who
        before = told_of(floor, who.username)
        answer = who.sends(address, **form)
        if answer.status_code not in (200, 201, 204, 302, 303):
            refused.append((address, answer.status_code))
        elif told_of(floor, who.username) == before:
            silent.append(address)
        walked |= {rule} - {""}
    assert (refused, silent) == ([], [])
    assert walked.isdisjoint(ELSEWHERE)
    assert [each for each in ELSEWHERE.values() if not (TESTS / each).exists()] == []
    assert set(deciding(app)) == walked | set(ELSEWHERE) | NO_ACTS
