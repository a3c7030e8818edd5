"""Bulletins: when they are on air, who may change what, who heard them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from hotline.floor import Floor
from ivr import bulletins, calls
from ivr.bulletins import Draft
from ivr.calls import Arrival
from ivr.config import Ivr
from ivr.errors import BulletinChanged, NoSuchBulletin, Unsayable
from ivr.events import Kind
from ivr.hearing import Counts

NOW = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FLOOD = Draft(
    {"th": "น้ำท่วมถนนเลียบชายหาด", "en": "Beach Road is flooded."},
    ("bulletins",),
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


def heard_at(session: Session, at: datetime, place: str = "bulletins") -> list[int]:
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
    (found,) = bulletins.on_air(session, "bulletins", NOW)
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
    (now_on,) = bulletins.on_air(session, "bulletins", NOW + HOUR)
    assert now_on.text_for("en") == "The road is open."
    assert (now_on.author, now_on.version) == ("supervisor", 2)
    first, second = bulletins.history(session, found)
    assert (first.kind, first.by, first.at) == ("written", "supervisor", NOW)
    assert (second.kind, second.by, second.at) == ("changed", "another", NOW + HOUR)
    assert second.data["before"] == {
        "texts": dict(FLOOD.texts),
        "places": ["bulletins"],
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
    both = (5, Kind.BULLETIN, {"bulletins": [flood, other], "at": "bulletins"})
    one = (5, Kind.BULLETIN, {"bulletins": [flood], "at": "bulletins"})
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
    spoken = (5, Kind.BULLETIN, {"bulletins": [flood], "at": "bulletins"})
    call(session, "CA1", NOW, spoken, (30, Kind.ENDED, {"status": "completed"}))
    later = replace(FLOOD, starts_at=NOW + 10 * HOUR, ends_at=NOW + 11 * HOUR)
    bulletins.change(session, config, flood, later, version=1, by="x", now=NOW + HOUR)
    assert bulletins.heard_counts(session, config, [flood]) == {flood: Counts(1, 1)}


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
