"""The pages of persons: for supervisors, and for nobody else."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from hotline import audit
from hotline.auth import Role
from hotline.floor import Floor
from hotline.i18n import masked
from tests.service.tickets.conftest import CALLER, NOW
from tests.support.floors import Bearer
from tickets.models import Citizen, CitizenNumber
from tickets.persons import service as persons


@pytest.fixture
def anna(floor: Floor) -> int:
    """The id of somebody who is known."""
    with floor.db.write() as session:
        person = Citizen(name="<Anna>", language=None, note="", vip="", made_at=NOW, version=1)
        session.add(person)
        session.flush()
        session.add(CitizenNumber(citizen_id=person.id, number=CALLER, at=NOW))
        return person.id


@pytest.fixture
def ask(client: FlaskClient, bearer: Bearer) -> Any:
    def open_as(role: Role, method: str, path: str, **form: Any) -> Any:
        return client.open(path, method=method, data=form, headers=bearer(role))

    return open_as


@pytest.mark.parametrize("role", [each for each in Role if each is not Role.SUPERVISOR])
def test_only_supervisors_look_people_up(ask: Any, anna: int, role: Role) -> None:
    assert ask(role, "GET", "/citizens").status_code == 403
    assert ask(role, "POST", "/citizens", text="Anna").status_code == 403
    assert ask(role, "GET", f"/citizens/{anna}").status_code == 403
    assert ask(role, "POST", f"/citizens/{anna}", name="x", version=1).status_code == 403
    assert ask(role, "POST", f"/citizens/{anna}/vip", reason="x", version=1).status_code == 403
    assert ask(role, "POST", f"/citizens/{anna}/numbers").status_code == 403


@pytest.mark.parametrize("language", ["th", "en"])
def test_a_supervisor_finds_changes_and_marks(
    ask: Any, floor: Floor, anna: int, language: str
) -> None:
    lang, who = f"?lang={language}", Role.SUPERVISOR
    page = f"/citizens/{anna}"
    assert "&lt;Anna&gt;" in ask(who, "GET", f"/citizens{lang}").text
    assert masked(CALLER) in ask(who, "POST", f"/citizens{lang}", text="081 234 5678").text
    assert "Anna" not in ask(who, "POST", f"/citizens{lang}", text="\0nobody").text
    form = {"name": "Anna B.", "language": "en", "note": "deaf", "version": 1}
    assert ask(who, "POST", page, **form).status_code == 303
    again = ask(who, "POST", f"{page}{lang}", **form)
    assert again.status_code == 409
    assert 'role="alert"' in again.text
    assert ask(who, "POST", page, **form | {"name": " ", "version": 2}).status_code == 422
    assert ask(who, "POST", page, **form | {"language": "tlh", "version": 2}).status_code == 303
    marked = ask(who, "POST", f"{page}/vip", reason="กงสุล", version=3)
    assert marked.status_code == 303
    shown = ask(who, "GET", f"{page}{lang}").text
    assert {"th": "บุคคลสำคัญ", "en": "VIP"}[language] in shown
    assert "กงสุล" in shown
    with floor.db.read() as session:
        found = persons.find(session, anna)
    assert (found.name, found.language, found.vip) == ("Anna B.", None, "กงสุล")


def test_a_number_is_hidden_until_somebody_asks_and_that_is_written_down(
    ask: Any, floor: Floor, anna: int
) -> None:
    who, page = Role.SUPERVISOR, f"/citizens/{anna}"
    for shown in (ask(who, "GET", page), ask(who, "POST", "/citizens", text="Anna")):
        assert CALLER not in shown.text
        assert masked(CALLER) in shown.text
    assert CALLER in ask(who, "POST", f"{page}/numbers", text="โทรกลับ").text
    assert CALLER not in ask(who, "GET", page).text
    with floor.db.read() as session:
        (line,) = audit.lines(session, audit.Asked(kind="tickets.person_looked"))
    assert (line.subject, line.reason) == (f"citizen:{anna}", "โทรกลับ")


def test_who_is_not_there(ask: Any) -> None:
    for method, path in (
        ("GET", "/citizens/99"),
        ("POST", "/citizens/99/vip"),
        ("POST", "/citizens/99/numbers"),
    ):
        assert ask(Role.SUPERVISOR, method, path, reason="x", version=1).status_code == 404
