"""Bulletins: when they are on air, who may change what, who heard them."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from hotline import clock
from hotline.auth import Role
from hotline.floor import Floor
from ivr import bulletins, calls, jobs
from ivr.bulletins import Draft
from ivr.calls import Arrival
from ivr.config import Ivr
from ivr.errors import BulletinChanged, NoSuchBulletin, Unsayable
from ivr.events import Kind
from ivr.hearing import Counts
from ivr.models import Bulletin
from tests.support.floors import Bearer
from tickets.incidents.models import Incident

NOW = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FLOOD = Draft(
    {"th": "น้ำท่วมถนนเลียบชายหาด", "en": "Beach Road is flooded."},
    ("news",),
    NOW,
    NOW + 24 * HOUR,
)


@pytest.fixture
def session(floor: Floor) -> Iterator[Session]:
    with floor.db.write() as session:
        yield session


@pytest.fixture
def config(floor: Floor) -> Ivr:
    return floor.section(Ivr)


def written(session: Session, config: Ivr, draft: Draft = FLOOD) -> int:
    return bulletins.write(session, config, draft, by="supervisor", now=NOW)


def heard_at(session: Session, at: datetime, place: str = "news") -> list[int]:
    return [each.id for each in bulletins.on_air(session, place, at)]


# ---------------------------------------------------------------- on air


def test_it_is_heard_from_its_start_until_its_end_and_at_its_places(
    session: Session, config: Ivr
) -> None:
    found = written(session, config)
    assert heard_at(session, NOW - HOUR) == []
    assert heard_at(session, NOW) == [found]
    assert heard_at(session, NOW + 24 * HOUR - timedelta(seconds=1)) == [found]
    assert heard_at(session, NOW + 24 * HOUR) == []
    assert heard_at(session, NOW, "elsewhere") == []


def test_the_newest_is_heard_first(session: Session, config: Ivr) -> None:
    older = written(session, config)
    newer = written(session, config, replace(FLOOD, starts_at=NOW + HOUR))
    same = written(session, config, replace(FLOOD, starts_at=NOW + HOUR))
    assert heard_at(session, NOW + HOUR) == [same, newer, older]


def test_each_caller_hears_it_in_their_language_or_in_english(
    session: Session, config: Ivr
) -> None:
    texts = {**FLOOD.texts, "zh": "海滩路积水", "ru": "   "}
    written(session, config, replace(FLOOD, texts=texts))
    (found,) = bulletins.on_air(session, "news", NOW)
    assert found.text_for("th") == FLOOD.texts["th"]
    assert (found.text_for("zh"), found.said_to("zh").instead) == ("海滩路积水", False)
    assert (found.text_for("ru"), found.said_to("ru").instead) == (FLOOD.texts["en"], True)
    assert found.said_to("ru").seconds == found.said_to("en").seconds == 2


# ---------------------------------------------------------------- changes


def test_a_change_is_heard_at_once_and_what_was_before_is_kept(
    session: Session, config: Ivr
) -> None:
    found = written(session, config)
    said = replace(FLOOD, texts={"th": "ทางเปิดแล้ว", "en": "The road is open."})
    bulletins.change(session, config, found, said, version=1, by="another", now=NOW + HOUR)
    (now_on,) = bulletins.on_air(session, "news", NOW + HOUR)
    assert now_on.text_for("en") == "The road is open."
    assert (now_on.author, now_on.version) == ("supervisor", 2)
    first, second = bulletins.history(session, found)
    assert (first.kind, first.by, first.at) == ("written", "supervisor", NOW)
    assert (second.kind, second.by, second.at) == ("changed", "another", NOW + HOUR)
    assert second.data["before"] == {
        "texts": dict(FLOOD.texts),
        "places": ["news"],
        "starts_at": NOW.isoformat(),
        "ends_at": (NOW + 24 * HOUR).isoformat(),
    }


def test_a_withdrawn_one_is_silent_and_stays_so(session: Session, config: Ivr) -> None:
    found = written(session, config)
    bulletins.withdraw(session, found, version=1, by="another", now=NOW + HOUR)
    assert heard_at(session, NOW + HOUR) == []
    assert bulletins.find(session, found).state(NOW + HOUR) == "withdrawn"
    assert [each.kind for each in bulletins.history(session, found)] == ["written", "withdrawn"]
    with pytest.raises(BulletinChanged):
        bulletins.change(session, config, found, FLOOD, version=2, by="x", now=NOW)
    with pytest.raises(BulletinChanged):
        bulletins.withdraw(session, found, version=2, by="x", now=NOW)


def test_who_saw_an_older_version_changes_nothing(session: Session, config: Ivr) -> None:
    found = written(session, config)
    bulletins.change(session, config, found, FLOOD, version=1, by="first", now=NOW)
    with pytest.raises(BulletinChanged):
        bulletins.change(session, config, found, FLOOD, version=1, by="second", now=NOW)
    with pytest.raises(BulletinChanged):
        bulletins.withdraw(session, found, version=1, by="second", now=NOW)
    assert len(bulletins.history(session, found)) == 2


def test_one_that_nobody_wrote(session: Session, config: Ivr) -> None:
    for verb in (
        lambda: bulletins.find(session, 99),
        lambda: bulletins.change(session, config, 99, FLOOD, version=1, by="x", now=NOW),
        lambda: bulletins.withdraw(session, 99, version=1, by="x", now=NOW),
    ):
        with pytest.raises(NoSuchBulletin):
            verb()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"texts": {"th": "ข้อความ"}}, "text.en"),
        ({"texts": {"en": "a text", "th": " \n"}}, "text.th"),
        ({"texts": {**FLOOD.texts, "zh": "..."}}, "text.zh"),
        ({"texts": {**FLOOD.texts, "en": "long " * 201}}, "text.en"),
        ({"texts": {**FLOOD.texts, "fr": "la plage"}}, "text.fr"),
        ({"places": ()}, "places"),
        ({"ends_at": NOW}, "ends_at"),
        ({"starts_at": NOW - 9 * HOUR, "ends_at": NOW - HOUR}, "ends_at"),
    ],
)
def test_what_cannot_be_said(
    session: Session, config: Ivr, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(Unsayable) as refused:
        written(session, config, replace(FLOOD, **changes))
    assert list(refused.value.faults) == [field]
    assert bulletins.listing(session, NOW - 100 * HOUR) == []


def test_a_text_is_kept_as_a_voice_can_read_it(session: Session, config: Ivr) -> None:
    texts = {"th": "บรรทัดหนึ่ง\r\n\tบรรทัดสอง", "en": "<b>a</b> \x00\x0b\x1b& b\ufffe\ud800"}
    found = bulletins.find(session, written(session, config, replace(FLOOD, texts=texts)))
    assert found.texts == {"th": "บรรทัดหนึ่ง บรรทัดสอง", "en": "<b>a</b> & b"}


# ---------------------------------------------------------------- who heard it


def call(session: Session, name: str, at: datetime, *told: tuple[float, Kind, Any]) -> int:
    call_id, _ = calls.arrive(
        session, Arrival(name, "+66811111111", "1337"), language="th", at="language", now=at
    )
    for seconds, kind, data in told:
        calls.tell(session, call_id, kind, data, now=at + timedelta(seconds=seconds))
    return call_id


def test_who_heard_it_and_whom_it_answered(session: Session, config: Ivr) -> None:
    flood, other = written(session, config), written(session, config)
    unheard = written(session, config)
    ended = (30, Kind.ENDED, {"status": "completed"})
    both = (5, Kind.BULLETIN, {"bulletins": [flood, other], "at": "news"})
    one = (5, Kind.BULLETIN, {"bulletins": [flood], "at": "news"})
    queued = (20, Kind.QUEUED, {"queue": "information", "language": "th"})
    first = call(session, "CA1", NOW, both, ended)
    second = call(session, "CA2", NOW, one, queued, ended)
    call(session, "CA3", NOW, one, (8.9, Kind.ENDED, {"status": "completed"}))
    call(session, "CA4", NOW, ended)
    counts = bulletins.heard_counts(session, config, [flood, other, unheard, 99])
    assert counts == {flood: Counts(2, 1), other: Counts(1, 1), unheard: Counts(), 99: Counts()}
    assert bulletins.calls_that_heard(session, config, flood) == [first, second]
    assert bulletins.calls_that_heard(session, config, flood, satisfied=True) == [first]
    assert bulletins.calls_that_heard(session, config, unheard) == []
    assert bulletins.heard_counts(session, config, []) == {}


def test_a_change_of_its_times_loses_nobody_who_heard_it(session: Session, config: Ivr) -> None:
    flood = written(session, config)
    spoken = (5, Kind.BULLETIN, {"bulletins": [flood], "at": "news"})
    call(session, "CA1", NOW, spoken, (30, Kind.ENDED, {"status": "completed"}))
    later = replace(FLOOD, starts_at=NOW + 10 * HOUR, ends_at=NOW + 11 * HOUR)
    bulletins.change(session, config, flood, later, version=1, by="x", now=NOW + HOUR)
    assert bulletins.heard_counts(session, config, [flood]) == {flood: Counts(1, 1)}


def test_what_is_over_is_counted_once_and_again_when_it_is_not(floor: Floor, config: Ivr) -> None:
    spoken = (5, Kind.BULLETIN, {"bulletins": [1, 2], "at": "news"})
    ended = (30, Kind.ENDED, {"status": "completed"})
    with floor.db.write() as session:
        flood, withdrawn = written(session, config), written(session, config)
        bulletins.withdraw(session, withdrawn, version=1, by="x", now=NOW + HOUR)
        call(session, "CA1", NOW, spoken, ended)
    counts = {flood: Counts(1, 1), withdrawn: Counts(1, 1)}

    def kept() -> list[int]:
        with floor.db.read() as session:
            assert bulletins.heard_counts(session, config, [flood, withdrawn]) == counts
            found = sa.select(Bulletin.id).where(Bulletin.heard == 1, Bulletin.satisfied == 1)
            return sorted(session.scalars(found))

    jobs.settle_bulletins(floor, NOW + 24 * HOUR)
    assert kept() == []
    jobs.settle_bulletins(floor, NOW + 26 * HOUR)
    assert kept() == [withdrawn]
    jobs.settle_bulletins(floor, NOW + 49 * HOUR)
    assert kept() == [flood, withdrawn]
    later = replace(FLOOD, ends_at=NOW + 60 * HOUR)
    with floor.db.write() as session:
        bulletins.change(session, config, flood, later, version=1, by="x", now=NOW + 50 * HOUR)
        call(session, "CA2", NOW + 51 * HOUR, spoken, ended)
    counts[flood] = Counts(2, 2)
    assert kept() == [withdrawn]


def test_the_lists(session: Session, config: Ivr) -> None:
    over = written(session, config, replace(FLOOD, ends_at=NOW + HOUR))
    planned = written(session, config, replace(FLOOD, starts_at=NOW + 5 * HOUR))
    on = written(session, config)
    gone = written(session, config)
    bulletins.withdraw(session, gone, version=1, by="x", now=NOW)
    later = NOW + 2 * HOUR
    to_come, past = bulletins.listing(session, later), bulletins.past(session, later)
    assert [(each.id, each.state(later)) for each in to_come] == [
        (on, "on_air"),
        (planned, "planned"),
    ]
    assert [(each.id, each.state(later)) for each in past] == [(gone, "withdrawn"), (over, "over")]
    assert [each.id for each in bulletins.past(session, later, before=gone)] == [over]
    assert [each.id for each in bulletins.past(session, later, limit=1)] == [gone]


def test_of_many_at_once_one_wins(floor: Floor, config: Ivr) -> None:
    with floor.db.write() as session:
        flood = written(session, config)

    def act(n: int) -> bool:
        try:
            with floor.db.write() as session:
                if n % 2:
                    bulletins.withdraw(session, flood, version=1, by=f"s{n}", now=NOW)
                else:
                    bulletins.change(session, config, flood, FLOOD, version=1, by=f"s{n}", now=NOW)
        except BulletinChanged:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(act, range(8))) == 1
    with floor.db.read() as session:
        assert len(bulletins.history(session, flood)) == 2
        assert bulletins.find(session, flood).version == 2


# ---------------------------------------------------------------- the pages


class Browser:
    """Somebody of a role, with a form."""

    #: In Bangkok: from 12:00 of the 20th on.
    FORM = {  # noqa: RUF012
        "text.th": "น้ำท่วมถนนเลียบชายหาด",
        "text.en": "Beach Road is flooded.",
        "places": "news",
        "starts_at": "2026-11-20T12:00",
        "ends_at": "2026-11-21T12:00",
    }

    def __init__(self, client: FlaskClient, bearer: Bearer, role: Role) -> None:
        self._client, self._headers = client, bearer(role)

    def get(self, path: str, status: int = 200) -> str:
        return self._text(self._client.get(path, headers=self._headers), status)

    def post(self, path: str, status: int = 303, **changes: str) -> str:
        form = {name.replace("__", "."): text for name, text in changes.items()}
        answer = self._client.post(path, data=self.FORM | form, headers=self._headers)
        return self._text(answer, status)

    @staticmethod
    def _text(answer: TestResponse, status: int) -> str:
        text = answer.get_data(as_text=True)
        assert answer.status_code == status, text
        return text


@pytest.fixture
def supervisor(client: FlaskClient, bearer: Bearer) -> Iterator[Browser]:
    with clock.driven(NOW):
        yield Browser(client, bearer, Role.SUPERVISOR)


def stands(floor: Floor, bulletin_id: int = 1) -> bulletins.BulletinFacts:
    with floor.db.read() as session:
        return bulletins.find(session, bulletin_id)


def how_many(floor: Floor) -> int:
    with floor.db.read() as session:
        far = NOW + timedelta(days=400)
        return len(bulletins.past(session, far, limit=1000))


def test_the_form_is_in_the_citys_time(floor: Floor, supervisor: Browser) -> None:
    supervisor.post("/bulletins", text__zh="海滩路积水")
    found = stands(floor)
    assert found.texts == {**FLOOD.texts, "zh": "海滩路积水"}
    assert (found.starts_at, found.ends_at) == (NOW, NOW + 24 * HOUR)
    assert (found.places, found.author) == (("news",), "the-supervisor")
    page = supervisor.get("/bulletins/1?lang=en")
    assert 'value="2026-11-20T12:00"' in page
    assert "20 Nov 2026 12:00" in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"text__en": ""}, "Please write what is said in this language."),
        ({"places": "nowhere"}, "Please choose where it is heard."),
        ({"ends_at": ""}, "Please give a day and a time."),
        ({"ends_at": "tomorrow"}, "Please give a day and a time."),
        ({"ends_at": "2026-11-20T11:00"}, "It must end after it begins."),
        ({"starts_at": "9999-12-31T23:59+99:99"}, "Please give a day and a time."),
        ({"ends_at": "0001-01-01T00:00"}, "Please give a day and a time."),
        ({"ends_at": "2026-11-21T12:00+00:00"}, "Please give a day and a time."),
    ],
)
def test_what_is_refused_keeps_what_was_typed(
    floor: Floor, supervisor: Browser, changes: dict[str, str], words: str
) -> None:
    page = supervisor.post("/bulletins?lang=en", 422, **changes)
    assert words in page
    assert FLOOD.texts["th"] in page
    assert page.count("autofocus") == 1
    assert how_many(floor) == 0


def test_a_preview_says_how_it_is_heard_and_puts_nothing_on_air(
    floor: Floor, supervisor: Browser
) -> None:
    page = supervisor.post(
        "/bulletins?lang=en",
        200,
        do="preview",
        text__th="น้ำท่วม " * 60,
        ends_at="2026-12-24T12:00",
    )
    assert "As callers hear it" in page
    assert page.count("heard in English") == 2
    assert "The Thai text takes about" in page
    assert "This is heard for 34 days." in page
    assert how_many(floor) == 0


def test_who_was_second_keeps_what_they_typed(floor: Floor, supervisor: Browser) -> None:
    supervisor.post("/bulletins")
    supervisor.post("/bulletins/1", version="1", text__en="The first was faster.")
    page = supervisor.post("/bulletins/1?lang=en", 409, version="1", text__en="The second.")
    assert "The first was faster." in page
    assert "The second." in page
    assert stands(floor).text_for("en") == "The first was faster."
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version is not None
    supervisor.post("/bulletins/1", version=version[1], text__en="The second.")
    assert stands(floor).text_for("en") == "The second."
    assert "The first was faster." in supervisor.get("/bulletins/1")


def test_what_was_withdrawn_meanwhile_is_saved_as_a_new_one(
    floor: Floor, supervisor: Browser
) -> None:
    supervisor.post("/bulletins")
    supervisor.post("/bulletins/1/withdraw", version="1")
    page = supervisor.post("/bulletins/1?lang=en", 409, version="1", text__en="Typed for long.")
    assert "Typed for long." in page
    assert 'action="/bulletins"' in page
    supervisor.post("/bulletins/1/withdraw", 409, version="1")
    again = supervisor.get("/bulletins/new?like=1")
    assert "Beach Road is flooded." in again
    assert stands(floor).state(NOW) == "withdrawn"


def test_a_place_that_the_flow_has_no_more_is_told(
    floor: Floor, config: Ivr, supervisor: Browser
) -> None:
    with floor.db.write() as session:
        written(session, config, replace(FLOOD, places=("gone",)))
    assert "no longer in the menu" in supervisor.get("/bulletins?lang=en")


@pytest.mark.parametrize("role", [Role.AGENT, Role.MANAGER, Role.ADMINISTRATOR])
def test_others_read_it(
    client: FlaskClient, bearer: Bearer, supervisor: Browser, role: Role
) -> None:
    supervisor.post("/bulletins")
    reader = Browser(client, bearer, role)
    for path in ("/bulletins?lang=en", "/bulletins/1?lang=en"):
        page = reader.get(path)
        assert "Beach Road is flooded." in page
        assert "Withdraw" not in page
        assert 'name="text.en"' not in page
    reader.get("/bulletins/new", 403)
    for path in ("/bulletins", "/bulletins/1", "/bulletins/1/withdraw"):
        reader.post(path, 403, version="1")


ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'>{{ 7*7 }}</textarea>"


def test_a_script_stays_text(supervisor: Browser) -> None:
    names = ("text__th", "text__en", "text__zh", "starts_at", "ends_at", "version", "do")
    supervisor.post("/bulletins", text__th=ATTACK, text__en=ATTACK)
    answers = [
        supervisor.get("/bulletins"),
        supervisor.get("/bulletins/1"),
        supervisor.get("/bulletins/new?like=1"),
        supervisor.post("/bulletins", 422, **dict.fromkeys(names, ATTACK)),
        supervisor.post("/bulletins/1", 422, **dict.fromkeys(names, ATTACK)),
    ]
    supervisor.post("/bulletins/1", version="1", text__th=ATTACK, text__en=ATTACK)
    answers.append(supervisor.get("/bulletins/1"))
    answers.append(supervisor.post("/bulletins/1", 409, version="1", text__th=ATTACK))
    for answer in answers:
        assert "&lt;script&gt;" in answer
        assert "<script>alert" not in answer
        assert "<img" not in answer
        assert "49 }}" not in answer


def test_the_calls_behind_the_numbers(
    floor: Floor, client: FlaskClient, bearer: Bearer, supervisor: Browser
) -> None:
    supervisor.post("/bulletins")
    spoken = (5, Kind.BULLETIN, {"bulletins": [1], "at": "news"})
    queued = (20, Kind.QUEUED, {"queue": "information", "language": "th"})
    ended = (30, Kind.ENDED, {"status": "completed"})
    with floor.db.write() as session:
        for n in range(120):
            call(session, f"CA{n}", NOW, spoken, *([queued, queued] if n % 4 else []), ended)
        call(session, "CB", NOW, ended)
    page = supervisor.get("/bulletins?lang=en")
    assert '<a href="/calls?bulletin=1">120</a>' in page
    assert '<a href="/calls?bulletin=1&amp;satisfied=1">30</a>' in page
    assert supervisor.get("/calls?bulletin=1&satisfied=1").count("/calls/") == 30
    first = supervisor.get("/calls?bulletin=1")
    more = re.search(r'href="(/calls\?[^"]*after=\d+)"', first)
    assert more is not None
    rest = supervisor.get(more[1].replace("&amp;", "&"))
    assert first.count('href="/calls/') + rest.count('href="/calls/') == 120
    assert "Heard bulletin 1 at news" in supervisor.get("/calls/1?lang=en")
    as_agent = Browser(client, bearer, Role.AGENT).get("/bulletins?lang=en")
    assert "<dd>120</dd>" in as_agent
    assert "/calls?" not in as_agent
    supervisor.get("/calls?bulletin=99")
    supervisor.get("/calls?bulletin=" + "9" * 30, 422)


def test_what_tells_of_an_incident_is_on_its_page(floor: Floor, supervisor: Browser) -> None:
    about = {"topic": "flood", "division": "central", "named": {}, "metres": 300}
    titles = {"th": "น้ำท่วม", "en": "Flooding"}
    with floor.db.write() as session:
        row = Incident(state="open", titles=titles, since=NOW, found_at=NOW, **about)
        session.add(row)
        session.flush()
        incident_id = row.id
    here = f"/tickets/incidents/{incident_id}?lang=en"
    assert "/bulletins/1" not in supervisor.get(here)
    supervisor.post("/bulletins", incident=str(incident_id))
    page = supervisor.get(here)
    assert '<a href="/bulletins/1">' in page
    assert "on air" in page
