"""The audit log as it is read: who sees which lines, what is found, and in which words."""

import ast
import csv
import io
import re

import pytest

from hotline import audit, clock
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
    assert whom(reader) == ["call:12", "noi", "noi"]
    assert whom(root) == ["call:12", "noi", "noi", "boss", "boss"]
    assert whom(reader, "&whom=boss") == []
    assert "boss" not in reader.looks("/audit.csv").get_data(as_text=True)


def test_it_is_asked_by_who_to_whom_what_and_when(told: dict[str, Person], make: Make) -> None:
    root = make("root", Role.ADMINISTRATOR)
    root.sends(f"/people/{told['noi'].id}/link")
    assert whom(root, "&by=root") == ["noi"]
    assert whom(root, "&by=nobody") == []
    assert whom(root, "&whom=boss") == ["boss", "boss"]
    assert whom(root, "&whom=call:12") == ["call:12"]
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
    assert seen == [f"call:{n}" for n in range(6, -1, -1)]
    assert query == ""
    file = root.looks("/audit.csv?lang=en").get_data(as_text=True)
    head, *rows = csv.reader(io.StringIO(file.removeprefix("\ufeff")))
    assert head == ["When", "Who", "Did what", "To whom", "Reason", "Details"]
    first = ["2026-11-20 12:00:00", "command line", "ivr.listened", "call:6", "", "n: 6"]
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
