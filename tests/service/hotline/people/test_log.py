"""The audit log as it is read: who sees which lines, what is found, and in which words."""

import ast
import csv
import io
import re

import pytest

from agents import service as agents
from hotline import audit, auth, clock
from hotline.auth import Role
from hotline.clock import DrivenClock
from hotline.config import READER_LANGUAGES
from hotline.floor import Floor
from hotline.people import service
from tests.guards.sources import calls, value
from tests.service.hotline.people.conftest import BOTH, Make, Person


def whom(person: Person, query: str = "") -> list[str]:
    """To whom, line by line, as the page tells it."""
    page = person.looks(f"/audit?lang=en{query}")
    assert page.status_code == 200
    return re.findall(r'data-label="To whom">([^<]*)</td>', page.text)


@pytest.fixture
def told(floor: Floor, make: Make, driven: DrivenClock) -> dict[str, Person]:
    """An hour between a line to a supervisor, one to an agent, and one of another room."""
    people = {
        name: make(name, role, signed_in=False)
        for name, role in {"boss": Role.SUPERVISOR, "noi": Role.AGENT}.items()
    }
    for person in people.values():
        with floor.db.write() as session:
            service.lock(session, person.id, reason="why", by=None, now=clock.now())
            service.unlock(session, person.id, by=None, now=clock.now())
        driven.advance(hours=1)
    with floor.db.write() as session:
        audit.record(session, "ivr.listened", "call:12", by=None, at=clock.now(), seconds=7)
    return people


@BOTH
def test_a_supervisor_reads_what_was_done_on_the_floor_and_to_theirs(
    told: dict[str, Person], make: Make
) -> None:
    reader, root = make("reader", Role.SUPERVISOR), make("root", Role.ADMINISTRATOR)
    assert whom(reader) == ["Call 12", "noi", "noi"]
    assert whom(root) == ["Call 12", "noi", "noi", "boss", "boss"]
    assert whom(reader, "&whom=boss") == []
    assert "boss" not in reader.looks("/audit.csv").get_data(as_text=True)


def test_it_is_asked_by_who_to_whom_what_and_when(told: dict[str, Person], make: Make) -> None:
    root = make("root", Role.ADMINISTRATOR)
    root.sends(f"/people/{told['noi'].id}/link")
    assert whom(root, "&by=root") == ["noi"]
    assert whom(root, "&by=nobody") == []
    assert whom(root, "&whom=boss") == ["boss", "boss"]
    assert whom(root, "&whom=call:12") == ["Call 12"]
    assert whom(root, "&whom=nobody") == []
    assert whom(root, "&kind=floor.locked") == ["noi", "boss"]
    assert len(whom(root, "&from=2026-11-20&until=2026-11-20")) == 6
    assert whom(root, "&until=2026-11-19") == whom(root, "&from=2026-11-21") == []
    for nonsense in ("&from=x", "&until=0001-01-01", "&before=x", "&before=0", f"&before={2**70}"):
        assert len(whom(root, nonsense)) == 6, nonsense


def test_it_is_read_page_by_page_and_whole_as_a_file(
    floor: Floor, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotline.people.log.PAGE", 3)
    monkeypatch.setattr("hotline.people.log.CHUNK", 2)
    root = make("root", Role.ADMINISTRATOR)
    with floor.db.write() as session:
        for n in range(7):
            audit.record(session, "ivr.listened", f"call:{n}", by=None, at=clock.now(), n=n)
    seen, query = [], ""
    for _ in range(3):
        seen += whom(root, query)
        more = re.search(r"before=(\d+)", root.looks(f"/audit?lang=en{query}").text)
        query = f"&before={more[1]}" if more else ""
    assert seen == [f"Call {n}" for n in range(6, -1, -1)]
    assert query == ""
    file = root.looks("/audit.csv?lang=en").get_data(as_text=True)
    head, *rows = csv.reader(io.StringIO(file.removeprefix("\ufeff")))
    assert head == ["When", "Who", "Did what", "To whom", "Reason", "Details"]
    first = ["2026-11-20 12:00:00", "command line", "ivr.listened", "Call 6", "", "n: 6"]
    assert (len(rows), rows[0]) == (7, first)


def test_a_role_is_told_in_words(told: dict[str, Person], make: Make) -> None:
    root = make("root", Role.ADMINISTRATOR)
    root.sends(f"/people/{told['noi'].id}/role", role="crew", reason="goes out now")
    page = root.looks("/audit?lang=en").text
    assert "Agent → Crew" in page and "goes out now" in page


def test_every_kind_that_is_written_has_its_words(floor: Floor) -> None:
    """Of the rooms too: `<room>.audit.<verb>`."""
    kinds = {
        str(value(path, call.args[1]))
        for path, call in calls("audit.record")
        if isinstance(call.args[1], ast.Constant)
    }
    kinds |= {
        f"floor.{call.args[1].value}"
        for path, call in calls("_log")
        if path.parent.name == "people" and isinstance(call.args[1], ast.Constant)
    }
    assert len(kinds) > 12, "the guard can see"
    for kind in kinds:
        room, _, verb = kind.partition(".")
        for language in READER_LANGUAGES:
            assert floor.texts.get(f"{room}.audit.{verb}", language)


@BOTH
def test_people_are_told_by_name_and_found_by_it(
    make: Make, floor: Floor, driven: DrivenClock
) -> None:
    root = make("root", Role.ADMINISTRATOR)
    noi = make("noi", Role.AGENT, signed_in=False)
    other = make("lek", Role.AGENT, signed_in=False)
    ids = {}
    with floor.db.write() as session:
        for person, name in ((noi, "Noi Jaidee"), (other, "Lek Somboon")):
            service.rename(session, person.id, name=name, contact="", by=None, now=clock.now())
            made = agents.create_agent(
                session,
                account_id=person.id,
                name=name,
                queues=(),
                languages=(),
                now=clock.now(),
            )
            ids[person.username] = f"agent:{made.id}"
        by = auth.identity_of(session, root.id)
        more = {"agent": int(ids["lek"].removeprefix("agent:")), "worked_by": ids["lek"]}
        at = clock.now()
        audit.record(session, "agents.state_changed", ids["noi"], by=by, at=at, **more)
        audit.record(session, "ivr.listened", "call:12", by=None, at=at, of=[ids["noi"], 7])
        mine = auth.identity_of(session, other.id)
        audit.record(session, "ivr.listened", "agent:99999", by=mine, at=at)
    assert whom(root)[:3] == ["agent:99999", "Call 12", "Noi Jaidee"], "nobody knows that one"
    page = root.looks("/audit?lang=en").text
    assert "agent: Lek Somboon · worked by: Lek Somboon" in page
    assert "of: Noi Jaidee, 7" in page
    for asked in ("person=noi", "person=Noi+Jaidee", "person=jaid", "whom=Noi+Jaidee"):
        assert whom(root, f"&{asked}") == ["Noi Jaidee", "Noi Jaidee (noi)"], asked
    assert whom(root, "&person=lek") == ["agent:99999", "Lek Somboon (lek)"], "did, or was done to"
    assert whom(root, "&by=Somboon") == ["agent:99999"]
    assert whom(root, "&person=somebody") == []
    assert whom(root, "&person=Noi+Jaidee&kind=agents.state_changed") == ["Noi Jaidee"]
    file = root.looks("/audit.csv?lang=en&person=noi").get_data(as_text=True)
    assert "Noi Jaidee (noi)" in file and "Lek Somboon (lek)" not in file


def test_a_supervisor_finds_by_name_what_they_may_read_only(
    told: dict[str, Person], make: Make
) -> None:
    reader = make("reader", Role.SUPERVISOR)
    assert whom(reader, "&person=boss") == []
    assert whom(reader, "&person=noi") == ["noi", "noi"]
