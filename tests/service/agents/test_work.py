"""Which calls an agent gets and where they ring, changed while they work, on both engines."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from agents import service
from agents.models import AgentSkill, PresenceRow
from agents.service import AgentBusy, AgentFacts
from hotline import audit
from hotline.audit import Asked
from hotline.auth import Role
from hotline.db import Database
from hotline.errors import Invalid
from hotline.floor import Floor
from hotline.models import Account
from tests.service.agents.conftest import NOON, Hire
from tests.support.floors import Bearer, sign_in_as

NUMBER = "+66812345678"


def works(db: Database, agent_id: int, *skills: str, address: str | None = None) -> AgentFacts:
    with db.write() as session:
        them = service.agent(session, agent_id)
        return service.set_work(
            session, them.account_id, name=them.name, skills=skills, address=address, now=NOON
        )


def heads(db: Database, *skills: str) -> dict[int, set[str]]:
    with db.read() as session:
        return {each.agent_id: set(each.skills) for each in service.ready_heads(session, skills)}


def test_who_is_ready_is_found_by_the_new_skills_at_once(db: Database, hire: Hire) -> None:
    heard: list[int] = []
    db.listen("agent.ready", lambda *, agent_id: heard.append(agent_id))
    noi = hire("Noi", "complaint/th")
    with db.write() as session:
        service.ready(session, noi, now=NOON)
    heard.clear()
    works(db, noi, "information/th", "information/en", "information/en")
    assert heads(db, "complaint/th", "information/en") == {noi: {"information/en"}}
    assert heard == [noi]
    with db.read() as session:
        assert service.skills_of(session, noi) == ["information/en", "information/th"]
    works(db, noi)
    assert heads(db, "information/en") == {}


def test_who_is_not_ready_is_not_found(db: Database, hire: Hire) -> None:
    heard: list[int] = []
    db.listen("agent.ready", lambda *, agent_id: heard.append(agent_id))
    noi = hire("Noi", "complaint/th")
    works(db, noi, "information/th")
    assert heads(db, "information/th") == {}
    assert heard == []


def test_another_telephone(db: Database, hire: Hire) -> None:
    noi = hire("Noi")
    assert works(db, noi, address=NUMBER).address == NUMBER
    assert works(db, noi).address == f"client:agent-{noi}"
    for wrong in ("0812345678", "client:agent-9", "sip:x@y", "+0", ""):
        with pytest.raises(Invalid):
            works(db, noi, address=wrong)


def test_a_telephone_with_a_call_at_it_is_not_exchanged(db: Database, hire: Hire) -> None:
    noi = hire("Noi", "complaint/th")
    with db.write() as session:
        service.ready(session, noi, now=NOON)
        assert service.reserve(session, noi, offer_id=1, call_id=1, now=NOON)
    with pytest.raises(AgentBusy):
        works(db, noi, address=NUMBER)
    works(db, noi, "information/th")  # the next calls may be others
    with db.read() as session:
        assert service.agent(session, noi).in_browser
        assert session.scalars(sa.select(AgentSkill.ready_since)).all() == [None]


@pytest.mark.parametrize("round_", range(4))
def test_skills_that_change_while_somebody_gets_ready_agree_with_it(
    db: Database, hire: Hire, round_: int
) -> None:
    noi = hire("Noi", "complaint/th")

    def get_ready() -> None:
        with db.write() as session:
            service.ready(session, noi, now=NOON)

    def change() -> None:
        works(db, noi, "information/th", f"q{round_}/th")

    with ThreadPoolExecutor(2) as threads:
        for each in [threads.submit(get_ready), threads.submit(change)]:
            each.result(timeout=20)
    with db.read() as session:
        idle = session.scalar(sa.select(PresenceRow.idle_since))
        assert idle is not None
        assert set(session.scalars(sa.select(AgentSkill.ready_since))) == {idle}


@pytest.mark.parametrize("written", ["081 234 5678", "+66 81 234 5678", "๐๘๑-๒๓๔-๕๖๗๘"])
def test_the_page_of_an_account_has_it(
    client: FlaskClient, floor: Floor, bearer: Bearer, written: str
) -> None:
    sign_in_as(floor, Role.AGENT, "noi")
    boss = bearer(Role.SUPERVISOR)
    with floor.db.read() as session:
        account_id = session.scalar(sa.select(Account.id).where(Account.username == "noi"))
    path = f"/people/{account_id}"
    page = client.get(path, headers=boss).text
    assert f'action="{path}/work"' in page and 'value="complaint/th"' in page
    form = {"skill": ["complaint/th", "information/en"], "address": written}
    saved = client.post(f"{path}/work", data=form, headers=boss).location
    assert saved == f"{path}?done=1"
    page = client.get(saved, headers=boss).text
    assert floor.texts.get("floor.people.done", "th") in page
    assert 'value="complaint/th" checked' in page and f'value="{NUMBER}"' in page
    assert 'value="complaint/en" checked' not in page
    for wrong in ({"skill": "complant/th"}, {"address": "12"}):
        assert client.post(f"{path}/work", data=wrong, headers=boss).status_code == 422
    with floor.db.read() as session:
        (line,) = audit.lines(session, Asked(subject=f"account:{account_id}"))
    assert line.kind == "agents.work_set"
    assert NUMBER not in str(line.data)
    assert "เปลี่ยนคิวและโทรศัพท์" in client.get("/audit", headers=boss).text


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.CREW])
def test_whose_queues_a_supervisor_does_not_decide(
    client: FlaskClient, floor: Floor, bearer: Bearer, role: Role
) -> None:
    """Another supervisor's are an administrator's; a crew answers no calls."""
    sign_in_as(floor, role, "other")
    boss = bearer(Role.SUPERVISOR)
    with floor.db.read() as session:
        account_id = session.scalar(sa.select(Account.id).where(Account.username == "other"))
    form = {"skill": "complaint/th"}
    answer = client.post(f"/people/{account_id}/work", data=form, headers=boss)
    assert answer.status_code == (403 if role is Role.SUPERVISOR else 404)
    with floor.db.read() as session:
        assert service.agent_of_account(session, account_id or 0) is None
