"""What accounts do to each other: who may, what follows, and the line of it."""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa

from agents import service as agents
from agents.states import Status
from hotline import clock
from hotline.auth import Role
from hotline.clock import DrivenClock
from hotline.errors import Conflict
from hotline.floor import Floor
from hotline.models import Account
from hotline.people import rules, service
from tests.service.hotline.people.conftest import BOTH, PASSWORD, Make, Person, role_of
from tickets import service as tickets
from tickets.config import Tickets

ACTS = {
    "name": {"name": "Other", "contact": ""},
    "role": {"role": "crew", "reason": "why"},
    "lock": {"reason": "why"},
    "unlock": {},
    "lift": {},
    "link": {},
    "sign-out": {"reason": "why"},
    "factor": {"reason": "why"},
}


# ---------------------------------------------------------------- the rules


def test_who_looks_after_whom() -> None:
    table = {
        Role.AGENT: [],
        Role.DIVISION: [],
        Role.CREW: [],
        Role.MANAGER: [],
        Role.SUPERVISOR: [Role.AGENT, Role.CREW],
        Role.ADMINISTRATOR: list(Role),
    }
    assert {role: rules.roles_given_by(role) for role in Role} == table


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.DIVISION, Role.MANAGER, Role.ADMINISTRATOR])
def test_a_supervisor_touches_no_account_but_agents_and_crews(
    boss: Person, make: Make, role: Role, act: str
) -> None:
    other = make("other", role, signed_in=False)
    assert boss.looks(f"/people/{other.id}").status_code == 403
    assert boss.sends(f"/people/{other.id}/{act}", **ACTS[act]).status_code == 403
    assert other.log() == []


@pytest.mark.parametrize("act", sorted(set(ACTS) - {"name", "unlock", "lift"}))
def test_nobody_does_to_themselves_what_locks_them_out(root: Person, act: str) -> None:
    answer = root.sends(f"/people/{root.id}/{act}", **ACTS[act])
    assert answer.status_code == 403
    assert root.looks("/people").status_code == 200
    assert root.log() == []


@pytest.mark.parametrize("role", ["supervisor", "administrator", "division", "manager"])
def test_nobody_gives_a_role_above_what_they_look_after(
    boss: Person, noi: Person, role: str
) -> None:
    assert boss.sends(f"/people/{noi.id}/role", role=role, reason="why").status_code == 403
    made = boss.sends("/people/new", username="new", name="New", role=role)
    assert made.status_code == 403
    assert role_of(noi) is Role.AGENT
    with noi.floor.db.read() as session:
        assert session.scalar(sa.select(Account.id).where(Account.username == "new")) is None


@pytest.mark.parametrize("act", ["role", "lock", "sign-out", "factor"])
def test_what_hurts_somebody_needs_a_reason(
    boss: Person, noi: Person, floor: Floor, act: str
) -> None:
    answer = boss.sends(f"/people/{noi.id}/{act}", **{**ACTS[act], "reason": "  "})
    assert answer.status_code == 422
    assert floor.texts.get("floor.people.reason_needed", "th") in answer.text
    assert noi.log() == []
    assert noi.looks("/me").status_code == 200


def test_nobody_there(root: Person) -> None:
    assert root.looks("/people/999").status_code == 404
    assert root.sends("/people/999/lock", reason="why").status_code == 404
    assert root.looks(f"/people/{2**64}").status_code == 404


# ---------------------------------------------------------------- what follows


@BOTH
def test_an_account_is_made_with_a_link_and_no_password(
    boss: Person, make: Make, floor: Floor
) -> None:
    page = boss.sends("/people/new", username="Ploy ", name=" พลอย  ดี", role="crew", contact="12")
    assert page.status_code == 201
    path = re.search(r'value="https://hotline.example(/reset/[\w-]+)"', page.text)
    assert path is not None
    with floor.db.read() as session:
        (them,) = service.search(session, roles=[Role.CREW])
    assert (them.username, them.name, them.contact) == ("ploy", "พลอย ดี", "12")
    ploy = make("x", Role.CREW, signed_in=False)
    ploy.id, ploy.username = them.id, "ploy"
    for guess in ("", PASSWORD):
        assert ploy.signs_in(guess).status_code == 401
    new = {"password": "quite another password", "again": "quite another password"}
    assert ploy.sends(path[1], **new).status_code == 303
    assert ploy.signs_in(new["password"]).location == "/field"
    assert ploy.log() == [
        ("ploy", "floor.password_by_link", ""),
        ("somsri", "floor.link_made", ""),
        ("somsri", "floor.made", ""),
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"username": "noi"}, "floor.username_taken"),
        ({"username": "a"}, "floor.people.bad_username"),
        ({"username": "a b"}, "floor.people.bad_username"),
        ({"username": "น้อย"}, "floor.people.bad_username"),
        ({"name": " "}, "floor.people.bad_name"),
        ({"name": "x" * 121}, "floor.people.bad_name"),
        ({"contact": "x" * 121}, "floor.people.bad_name"),
        ({"role": "mayor"}, "floor.people.no_such_role"),
    ],
)
def test_an_account_that_cannot_be_made_keeps_what_was_typed(
    root: Person, noi: Person, floor: Floor, change: dict[str, str], words: str
) -> None:
    form = {"username": "new", "name": "Typed Name", "role": "agent", "contact": ""} | change
    answer = root.sends("/people/new", **form)
    assert 400 < answer.status_code < 500
    told = floor.texts.get(words, "th", username="noi", length=120)
    assert told in answer.text
    assert form["name"].strip() in answer.text


def test_another_name_is_the_agents_too(boss: Person, noi: Person, floor: Floor) -> None:
    with floor.db.write() as session:
        agents.create_agent(
            session, account_id=noi.id, name="Noi", queues=(), languages=(), now=clock.now()
        )
    boss.sends(f"/people/{noi.id}/name", name="น้อยหน่า", contact="081 234 5678")
    with floor.db.read() as session:
        them = agents.agent_of_account(session, noi.id)
    assert them is not None and them.name == "น้อยหน่า"
    page = boss.looks(f"/people/{noi.id}").text
    assert "น้อยหน่า" in page and "081 234 5678" in page
    assert "081 234 5678" not in boss.looks("/audit").text
    boss.sends(f"/people/{noi.id}/name", name="น้อยหน่า", contact="081 234 5678")
    assert [kind for _, kind, _ in noi.log()] == ["floor.renamed"]


@BOTH
def test_another_role_counts_at_once(boss: Person, noi: Person) -> None:
    assert noi.looks("/desk").status_code == 200
    answer = boss.sends(f"/people/{noi.id}/role", role="crew", reason="goes out now")
    assert answer.location == f"/people/{noi.id}?done=1"
    assert noi.looks("/desk").status_code == 302  # signed out
    noi.signs_in()
    assert noi.looks("/desk").status_code == 403
    assert noi.looks("/tickets").status_code == 200
    assert noi.log() == [("somsri", "floor.role_changed", "goes out now")]


def test_who_became_somebody_elses_to_look_after_is_left(root: Person, noi: Person) -> None:
    answer = root.sends(f"/people/{noi.id}/role", role="supervisor", reason="promoted")
    assert answer.location == f"/people/{noi.id}?done=1"
    assert role_of(noi) is Role.SUPERVISOR


@BOTH
def test_who_is_locked_out_is_out_and_goes_home(boss: Person, noi: Person, floor: Floor) -> None:
    with floor.db.write() as session:
        them = agents.create_agent(
            session, account_id=noi.id, name="Noi", queues=(), languages=(), now=clock.now()
        )
        agents.ready(session, them.id, now=clock.now())
    boss.sends(f"/people/{noi.id}/lock", reason="left the city")
    assert noi.looks("/desk").status_code == 302
    assert noi.signs_in().status_code == 401
    with floor.db.read() as session:
        assert agents.presence_of(session, them.id).status == Status.SIGNED_OUT
    twice = boss.sends(f"/people/{noi.id}/lock", reason="again")
    assert twice.status_code == 409
    assert boss.sends(f"/people/{noi.id}/link").status_code == 409
    boss.sends(f"/people/{noi.id}/unlock", reason="is back")
    assert noi.signs_in().status_code == 302
    assert noi.log() == [
        ("somsri", "floor.unlocked", "is back"),
        ("somsri", "floor.locked", "left the city"),
    ]


def test_a_lock_for_wrong_passwords_is_lifted(boss: Person, make: Make) -> None:
    noi = make("noi", Role.AGENT, signed_in=False)
    for _ in range(5):
        noi.signs_in("wrong")
    assert noi.signs_in().status_code == 429
    assert "/lift" in boss.looks(f"/people/{noi.id}").text
    boss.sends(f"/people/{noi.id}/lift")
    assert noi.signs_in().status_code == 302
    assert noi.log() == [("somsri", "floor.lock_lifted", "")]


@BOTH
def test_sessions_are_listed_and_end_one_by_one(
    boss: Person, noi: Person, driven: DrivenClock
) -> None:
    telephone = Person(noi.floor, noi.client.application.test_client(), noi.id, "noi")
    firefox = "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"
    telephone.client.environ_base["HTTP_USER_AGENT"] = firefox
    driven.advance(minutes=1)
    telephone.signs_in()  # the newest stands first
    page = boss.looks(f"/people/{noi.id}").text
    assert "Firefox · Android" in page
    handles = re.findall(r'name="session" value="(\w+)"', page)
    assert len(handles) == 2
    assert not any(handle in (noi.cookie, telephone.cookie) for handle in handles)
    theirs = re.search(r'Firefox · Android.*?name="session" value="(\w+)"', page, re.DOTALL)
    assert theirs is not None
    boss.sends(f"/people/{noi.id}/sign-out", session=theirs[1], reason="lost the telephone")
    assert telephone.looks("/me").status_code == 302
    assert noi.looks("/me").status_code == 200
    gone = boss.sends(f"/people/{noi.id}/sign-out", session=theirs[1], reason="again")
    assert gone.status_code == 409
    boss.sends(f"/people/{noi.id}/sign-out", reason="all of them")
    assert noi.looks("/me").status_code == 302
    assert noi.log() == [
        ("somsri", "floor.signed_out", "all of them"),
        ("somsri", "floor.session_ended", "lost the telephone"),
    ]


@BOTH
def test_another_accounts_session_is_not_ended_by_its_handle(
    boss: Person, noi: Person, make: Make
) -> None:
    mali = make("mali", Role.AGENT)
    (handle,) = re.findall(r'name="session" value="(\w+)"', boss.looks(f"/people/{mali.id}").text)
    for wrong in (handle, "", handle[:1], "%", "_" * 16):
        boss.sends(f"/people/{noi.id}/sign-out", session=wrong or "x", reason="why")
    assert mali.looks("/me").status_code == 200


@BOTH
def test_a_lost_second_factor_is_taken_away(boss: Person, noi: Person) -> None:
    noi.sets_up_factor()
    assert boss.sends(f"/people/{noi.id}/factor", reason="lost the telephone").status_code == 303
    assert noi.looks("/me").status_code == 302
    assert noi.signs_in().location == "/desk"
    assert noi.log()[0] == ("somsri", "floor.factor_removed", "lost the telephone")
    assert boss.sends(f"/people/{noi.id}/factor", reason="again").status_code == 409


# ---------------------------------------------------------------- the last administrator


@BOTH
@pytest.mark.parametrize("act", ["lock", "lower"])
def test_the_last_administrator_stays(root: Person, act: str) -> None:
    """By the command line too, which is nobody's account."""

    def tries(account_id: int) -> None:
        with root.floor.db.write() as session:
            if act == "lock":
                service.lock(session, account_id, reason="x", by=None, now=clock.now())
            else:
                role = Role.SUPERVISOR
                facts = {"reason": "x", "by": None, "now": clock.now()}
                service.change_role(session, account_id, role, **facts)

    with pytest.raises(rules.LastAdministrator):
        tries(root.id)
    assert role_of(root) is Role.ADMINISTRATOR


@BOTH
@pytest.mark.parametrize("round_", range(4))
def test_two_administrators_who_lock_each_other_leave_one(
    root: Person, make: Make, floor: Floor, round_: int
) -> None:
    other = make("other", Role.ADMINISTRATOR)
    start = Barrier(2)

    def locks(pair: tuple[Person, Person]) -> bool:
        by, whom = pair[0].identity, pair[1].id
        start.wait(timeout=10)
        try:
            with floor.db.write() as session:
                if round_ % 2:
                    service.lock(session, whom, reason="x", by=by, now=clock.now())
                else:
                    role = Role.MANAGER
                    facts = {"reason": "x", "by": by, "now": clock.now()}
                    service.change_role(session, whom, role, **facts)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        won = list(threads.map(locks, [(root, other), (other, root)]))
    assert sorted(won) == [False, True]
    left = sa.select(sa.func.count()).where(Account.role == "administrator", Account.active)
    with floor.db.read() as session:
        assert session.execute(left).scalar_one() == 1


@BOTH
def test_a_role_that_two_change_at_once_is_changed_once(
    root: Person, noi: Person, floor: Floor
) -> None:
    with floor.db.read() as session:
        seen = service.person(session, noi.id)
    with floor.db.write() as session:
        facts = {"reason": "x", "by": None, "now": clock.now()}
        service.change_role(session, noi.id, Role.CREW, **facts)
    with pytest.raises(Conflict), floor.db.write() as session:
        service._change(session, seen, {"role": seen.role.value}, role="manager")
    assert role_of(noi) is Role.CREW


# ---------------------------------------------------------------- the list


@BOTH
def test_the_list_shows_whom_one_looks_after(
    boss: Person, root: Person, noi: Person, make: Make, driven: DrivenClock
) -> None:
    make("mali", Role.CREW, signed_in=False)

    def listed(who: Person, query: str = "") -> list[str]:
        return re.findall(r'/people/\d+">(\w+)</a></th>', who.looks(f"/people{query}").text)

    assert listed(boss) == ["mali", "noi"]
    assert listed(root) == ["mali", "noi", "root", "somsri"]
    assert listed(root, "?role=crew") == ["mali"]
    assert listed(boss, "?role=administrator") == []
    assert listed(root, "?q=NO") == ["noi"]
    assert listed(root, "?q=%25") == []
    assert listed(root, "?after=noi") == ["root", "somsri"]


# ---------------------------------------------------------------- the crew


def test_a_crew_reads_tickets_and_changes_none(make: Make, floor: Floor) -> None:
    crew, config = make("crew", Role.CREW), floor.section(Tickets)
    facts = {"category": "flood", "caller": "+66812345678", "by": "noi", "now": clock.now()}
    with floor.db.write() as session:
        ticket = tickets.record_call(
            session, config, call_id=1, outcome="complaint", note="น้ำท่วมซอย 5", **facts
        )
    page = crew.looks(f"/tickets/{ticket.number}")
    assert page.status_code == 200
    assert "น้ำท่วมซอย 5" in page.text and "345678" not in page.text
    forms = re.findall(rf'action="/tickets/{ticket.number}/([^"]+)"', page.text)
    assert forms == ["watch"], "no form that changes it"
    for change in ("move", "note", "complete"):
        assert crew.sends(f"/tickets/{ticket.number}/{change}", text="x").status_code == 403
    leads = set(re.findall(r'<a href="(/\w+)"', crew.looks("/tickets").text))
    assert leads == {"/field", "/me"}, "what they work with, and nothing else"
    for closed in ("/desk", "/wallboard", "/calls", "/people", "/audit", "/reports"):
        assert crew.looks(closed).status_code == 403, closed
