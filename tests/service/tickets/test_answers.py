"""Answers: written, changed, found, used; and brought in from a file."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from hotline import clock
from hotline.auth import Role
from hotline.db import Database
from hotline.errors import ConfigError
from hotline.floor import Floor
from tests.service.tickets.conftest import NOW
from tests.support.floors import Bearer
from tickets.answers import importing, service
from tickets.answers.service import AnswerDraft
from tickets.config import Tickets
from tickets.errors import AnswerChanged, FaultyAnswer, NoSuchAnswer

DAY = timedelta(days=1)
ZONE = ZoneInfo("Asia/Bangkok")
WATER = AnswerDraft(
    {"th": "น้ำประปาไม่ไหล", "en": "No tap water"},
    {"th": "โทร 1662", "en": "Call 1662"},
    "ประปา",
)
NOISE = AnswerDraft(
    {"th": "เสียงดังยามวิกาล", "en": "Noise at night", "zh": "夜间噪音"},
    {"th": "แจ้งศูนย์", "en": "Tell us, not 1662", "zh": "请告诉我们"},
)


@pytest.fixture
def session(db: Database) -> Iterator[Session]:
    with db.write() as session:
        yield session


def written(session: Session, config: Tickets, draft: AnswerDraft = WATER) -> int:
    return service.write(session, config, draft, by="supervisor", now=NOW)


def found(session: Session, question: str, **more: Any) -> list[int]:
    return [each.id for each in service.search(session, question, more.pop("now", NOW), **more)]


def test_it_is_found_by_what_is_typed_the_best_first(session: Session, config: Tickets) -> None:
    water, noise = written(session, config), written(session, config, NOISE)
    assert found(session, "นำประปา") == [water]
    assert found(session, "噪音") == [noise]
    assert found(session, "1662") == [water, noise]
    assert found(session, "1662", limit=1) == [water]
    assert found(session, "") == found(session, "passport") == []


def test_a_change_is_found_at_once_and_what_was_before_is_kept(
    session: Session, config: Tickets
) -> None:
    water = written(session, config)
    assert found(session, "ไฟดับ") == []
    said = replace(WATER, titles={"th": "ไฟฟ้าดับ ไฟดับ", "en": "Power cut"}, keywords="")
    service.change(session, config, water, said, version=1, by="another", now=NOW + DAY)
    assert found(session, "ไฟดับ") == [water]
    assert found(session, "ประปา") == []
    first, second = service.history(session, water)
    assert (first.kind, first.by, second.kind, second.by) == (
        *("written", "supervisor"),
        *("changed", "another"),
    )
    assert second.data["before"]["titles"] == dict(WATER.titles)
    assert service.find(session, water).version == 2


def test_another_process_finds_it_too(db: Database, config: Tickets) -> None:
    """Each has an index of its own and notices what the others write."""
    other = Database(db.url.render_as_string(hide_password=False))
    with db.write() as session:
        water = written(session, config)
    with other.write() as session:
        assert found(session, "ประปา") == [water]
        noise = written(session, config, NOISE)
        service.withdraw(session, water, version=1, by="x", now=NOW)
    with db.read() as session:
        assert found(session, "ประปา") == []
        assert found(session, "noise") == [noise]
    other.dispose()


def test_what_is_over_is_not_found(session: Session, config: Tickets) -> None:
    water = written(session, config, replace(WATER, valid_until=NOW + DAY))
    assert found(session, "ประปา") == [water]
    assert found(session, "ประปา", now=NOW + DAY) == []
    answer = service.find(session, water)
    assert [answer.state(NOW), answer.state(NOW + DAY)] == ["valid", "over"]
    service.change(session, config, water, WATER, version=1, by="x", now=NOW + DAY)
    assert found(session, "ประปา", now=NOW + 99 * DAY) == [water]


def test_a_withdrawn_one_stays_so(session: Session, config: Tickets) -> None:
    water = written(session, config)
    service.withdraw(session, water, version=1, by="x", now=NOW)
    assert found(session, "ประปา") == []
    assert service.listing(session) == []
    assert service.find(session, water).state(NOW) == "withdrawn"
    for verb in (service.withdraw,):
        with pytest.raises(AnswerChanged):
            verb(session, water, version=2, by="x", now=NOW)
    with pytest.raises(AnswerChanged):
        service.change(session, config, water, WATER, version=2, by="x", now=NOW)


def test_who_saw_an_older_version_changes_nothing(session: Session, config: Tickets) -> None:
    water = written(session, config)
    service.change(session, config, water, WATER, version=1, by="first", now=NOW)
    with pytest.raises(AnswerChanged):
        service.change(session, config, water, NOISE, version=1, by="second", now=NOW)
    assert service.find(session, water).titles == dict(WATER.titles)
    with pytest.raises(NoSuchAnswer):
        service.change(session, config, 99, WATER, version=1, by="x", now=NOW)


def test_each_reads_it_in_their_language_or_in_english(session: Session, config: Tickets) -> None:
    answer = service.find(session, written(session, config, NOISE))
    assert answer.text_for("zh") == "请告诉我们"
    assert (answer.language_for("ru"), answer.title_for("ru")) == ("en", "Noise at night")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"titles": {"th": "น้ำ"}}, "title.en"),
        ({"texts": {"en": "Call", "th": " \0"}}, "text.th"),
        ({"titles": {**WATER.titles, "zh": "水"}}, "text.zh"),
        ({"titles": {**WATER.titles, "en": "x" * 151}}, "title.en"),
        ({"texts": {**WATER.texts, "en": "x" * 3001}}, "text.en"),
        ({"keywords": "x" * 501}, "keywords"),
        ({"category": "nonsense"}, "category"),
        ({"valid_until": NOW}, "valid_until"),
    ],
)
def test_what_cannot_be_given(
    session: Session, config: Tickets, changes: dict[str, Any], field: str
) -> None:
    draft = replace(WATER, **changes)
    assert set(service.faults(config, draft, NOW)) == {field}
    with pytest.raises(FaultyAnswer):
        written(session, config, draft)


def test_a_use_is_counted_once_a_call(session: Session, config: Tickets) -> None:
    water = written(session, config)
    assert service.note_use(session, water, 1, now=NOW)
    assert not service.note_use(session, water, 1, now=NOW)
    assert service.note_use(session, water, 2, now=NOW)
    assert service.uses(session, NOW + DAY) == {water: 2}
    assert service.uses(session, NOW + 31 * DAY) == {}
    with pytest.raises(NoSuchAnswer):
        service.note_use(session, 99, 1, now=NOW)


# ------------------------------------------------------------------ from a file


def test_the_shipped_answers_are_right_and_come_once(session: Session, config: Tickets) -> None:
    drafts = importing.read(importing.PATTAYA, config, ZONE, NOW)
    assert len(drafts) == 12
    assert importing.bring(session, config, drafts, now=NOW, dry=True) == (12, 0)
    assert importing.bring(session, config, drafts, now=NOW) == (12, 0)
    assert importing.bring(session, config, drafts, now=NOW) == (0, 12)
    for question, title in (
        ("น้ำไม่ไหล", "No tap water or low pressure"),
        ("หมากัด", "Stray dogs and dog bites"),
        ("passport", "Lost passport"),
        ("เกาะล้าน", "Boats to Koh Larn"),
        ("เก็บขยะวันไหน", "When rubbish is collected"),
    ):
        assert service.search(session, question, NOW)[0].title_for("en") == title, question


def test_every_fault_of_a_file_is_told(config: Tickets, tmp_path: Path) -> None:
    file = tmp_path / "answers.yaml"
    file.write_text(
        "- {title: {th: ก, en: A}, text: {th: ก}, tilte: x}\n"
        "- {title: A, text: {th: ก, en: A}}\n"
        "- {title: {th: ก, en: A}, text: {th: ก, en: A}, category: no, valid_until: 2026-02-30}\n"
        "- {title: {th: ก, en: A}, text: {th: ก, en: A}, category: nowhere}\n"
        "- {title: {th: ก, en: A}, text: {th: ก, en: A}, valid_until: 2026-11-20}\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError) as refused:
        importing.read(file, config, ZONE, NOW)
    told = [fault.path.rpartition(": ")[2] for fault in refused.value.faults]
    assert told == ["0.tilte", "1.title", "2.valid_until", "3.category"]
    file.write_text("a: b")
    with pytest.raises(ConfigError):
        importing.read(file, config, ZONE, NOW)


# ------------------------------------------------------------------ pages


@pytest.fixture
def ask(client: FlaskClient, bearer: Bearer) -> Any:
    def open_as(role: Role, method: str, path: str, **form: Any) -> Any:
        return client.open(path, method=method, data=form, headers=bearer(role))

    return open_as


@pytest.fixture
def water(floor: Floor, config: Tickets) -> int:
    with floor.db.write() as session:
        return written(session, config)


FORM = {"title.th": "ก<b>", "title.en": "A<b>", "text.th": "ก", "text.en": "A"}


@pytest.mark.parametrize("role", list(Role))
def test_who_reads_and_who_writes(ask: Any, water: int, role: Role) -> None:
    reads = role in (Role.AGENT, Role.SUPERVISOR, Role.MANAGER)
    for page in ("/answers", f"/answers/{water}"):
        answer = ask(role, "GET", f"{page}?lang=en")
        assert answer.status_code == (200 if reads else 403)
        assert ("Withdraw" in answer.text) is (role is Role.SUPERVISOR and page != "/answers")
    writes = role is Role.SUPERVISOR
    assert ask(role, "GET", "/answers/new").status_code == (200 if writes else 403)
    for path in ("/answers", f"/answers/{water}"):
        assert ask(role, "POST", path, version=1, **FORM).status_code == (303 if writes else 403)
    withdrawn = ask(role, "POST", f"/answers/{water}/withdraw", version=2)
    assert withdrawn.status_code == (303 if writes else 403)
    searches = role in (Role.AGENT, Role.SUPERVISOR)
    for path in ("/answers/found?q=x", f"/answers/{water}/card"):
        assert ask(role, "GET", path).status_code == (200 if searches else 403)


@pytest.mark.parametrize("language", ["th", "en"])
def test_what_was_typed_is_not_lost(ask: Any, water: int, language: str) -> None:
    who, lang = Role.SUPERVISOR, f"?lang={language}"
    faulty = ask(who, "POST", f"/answers{lang}", **FORM | {"text.en": ""})
    assert faulty.status_code == 422
    assert "A&lt;b&gt;" in faulty.text
    assert 'aria-describedby="fault-text.en" autofocus' in faulty.text
    assert ask(who, "POST", "/answers", valid_until="soon", **FORM).status_code == 422
    assert ask(who, "POST", f"/answers/{water}", version=1, **FORM).status_code == 303
    late = ask(who, "POST", f"/answers/{water}{lang}", version=1, **FORM | {"text.en": "mine"})
    assert late.status_code == 409
    assert "mine" in late.text
    assert 'name="version" value="2"' in late.text


def test_the_last_day_is_a_whole_one(ask: Any, floor: Floor) -> None:
    day = clock.local_day(clock.now(), ZONE) + DAY
    made = ask(Role.SUPERVISOR, "POST", "/answers", valid_until=day.isoformat(), **FORM)
    assert made.status_code == 303
    with floor.db.read() as session:
        (answer,) = service.listing(session)
    assert answer.valid_until == clock.day_bounds(day, ZONE)[1]
    page = ask(Role.SUPERVISOR, "GET", f"/answers/{answer.id}").text
    assert f'name="valid_until" value="{day.isoformat()}"' in page


def test_the_desks_fragments_speak_the_callers_language(ask: Any, water: int) -> None:
    listed = ask(Role.AGENT, "GET", "/answers/found?q=ประปา&spoken=th&lang=en").text
    assert "น้ำประปาไม่ไหล" in listed
    assert f'data-answer="/answers/{water}/card"' in listed
    card = ask(Role.AGENT, "GET", f"/answers/{water}/card?spoken=ru&lang=en").text
    assert 'data-say="en" aria-pressed="true"' in card
    assert 'lang="th" hidden' in card
    assert "No answer found." in ask(Role.AGENT, "GET", "/answers/found?q=zzz&lang=en").text
    assert ask(Role.AGENT, "GET", "/answers/99/card").status_code == 404


def test_a_city_begins_with_answers_but_only_once(floor: Floor) -> None:
    config = floor.section(Tickets)
    few = {name: each for name, each in config.categories.items() if name != "noise"}
    floor.sections = {**floor.sections, Tickets: config.model_copy(update={"categories": few})}
    for _ in range(2):
        importing.seed(floor)
    with floor.db.read() as session:
        there = service.listing(session)
    assert len(there) == 12
    assert "noise" not in {each.category for each in there}
    assert "flood" in {each.category for each in there}
