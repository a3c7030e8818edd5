"""Several people, one matter: counted, added, taken away, told; whatever happens at once."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from hotline.db import Database
from hotline.floor import Floor
from hotline.privacy.keepers import Erasure, Subject
from tests.service.tickets.conftest import AGENT, CALLER, HEALTH, NOW, SUPERVISOR, WORKS
from tickets import erasing, figures, following, keeping, redaction, search, service
from tickets.config import Tickets
from tickets.errors import NotClosed, NotYours
from tickets.life import merging
from tickets.matters import service as matters
from tickets.matters import suggesting
from tickets.matters.errors import MatterClosed, NoSuchCaller, NotAdded
from tickets.matters.service import CallerFacts
from tickets.matters.suggesting import Draft
from tickets.models import EventKind, TicketSms
from tickets.places import service as places
from tickets.places.rules import Pin, Place
from tickets.service import Actor, TicketFacts
from tickets.workflow import Result, State

Make = Callable[..., TicketFacts]
HOUR = timedelta(hours=1)
OTHER = "+66899999999"
#: Seconds that a thread may need on a busy machine.
PATIENCE = 60


@pytest.fixture
def make(db: Database, config: Tickets) -> Make:
    calls = iter(range(1, 10_000))

    def complaint(category: str | None = "street_light", **more: Any) -> TicketFacts:
        asked = {"outcome": "complaint", "caller": CALLER, "by": "nok", "now": NOW} | more
        with db.write() as session:
            return service.record_call(
                session, config, call_id=next(calls), category=category, **asked
            )

    return complaint


def count(db: Database, *tickets: TicketFacts) -> list[int]:
    with db.read() as session:
        found = matters.callers_of(session, [each.id for each in tickets])
    return [found[each.id] for each in tickets]


# ------------------------------------------------------------------ who is counted


def test_a_ticket_has_a_caller_and_what_is_merged_brings_its_own(db: Database, make: Make) -> None:
    a, b, same = make(), make(caller=OTHER), make()
    withheld = make(caller=None)
    assert count(db, a, b, same, withheld) == [1, 1, 1, 1]
    for each in (b, same, withheld):
        with db.write() as session:
            merging.merge(session, each, a, text="เสาเดียวกัน", actor=SUPERVISOR, now=NOW + HOUR)
    assert count(db, a, b) == [3, 1], "two numbers, and one that nobody knows"
    with db.read() as session:
        assert matters.callers_of(session, []) == {}
        assert matters.callers_of(session, [a.id, 9_999]) == {a.id: 3}


# ------------------------------------------------------------------ added, and taken back


def call(id_: int, number: str | None = OTHER, **more: Any) -> matters.Call:
    return matters.Call(id_, number, "en", note="น้ำท่วมหน้าบ้าน", **more)


def add(db: Database, ticket: TicketFacts, one: matters.Call) -> CallerFacts:
    with db.write() as session:
        return matters.add(session, ticket, one, actor=AGENT, now=NOW + HOUR)


def kinds(db: Database, ticket: TicketFacts) -> list[EventKind]:
    with db.read() as session:
        return [event.kind for event in search.story(session, ticket.id)]


def of_call(db: Database, call_id: int) -> TicketFacts | None:
    with db.read() as session:
        return service.ticket_of_call(session, call_id)


def test_a_caller_is_added_once_and_the_call_is_one_of_the_ticket(db: Database, make: Make) -> None:
    it = make()
    first, again = add(db, it, call(900)), add(db, it, call(900))
    assert first.id == again.id, "a double click adds one"
    assert count(db, it) == [2]
    assert kinds(db, it).count(EventKind.CALLER) == 1
    found = of_call(db, 900)
    assert found is not None
    assert found.id == it.id


def test_who_called_about_it_already_is_not_counted_again(db: Database, make: Make) -> None:
    it = make()
    assert add(db, it, call(900, CALLER)).again
    one, two = add(db, it, call(901)), add(db, it, call(902))
    assert (one.again, two.again) == (False, True)
    assert count(db, it) == [2]
    with db.write() as session:
        matters.take_back(session, 901, by="nok", now=NOW)
    assert count(db, it) == [2], "the second call from there counts instead"


def test_taken_back_the_call_has_no_ticket_and_may_be_of_another(db: Database, make: Make) -> None:
    it, other = make(), make(caller="+66800000001")
    add(db, it, call(900))
    add(db, other, call(900))
    assert count(db, it, other) == [1, 2], "one that is added elsewhere leaves here"
    with db.write() as session:
        matters.take_back(session, 900, by="nok", now=NOW)
    assert of_call(db, 900) is None
    with pytest.raises(NotAdded), db.write() as session:
        matters.take_back(session, 900, by="nok", now=NOW)
    assert kinds(db, it)[-1] is EventKind.CALLER_GONE


def test_nobody_is_added_to_what_is_closed_merged_or_not_theirs(
    db: Database, config: Tickets, make: Make
) -> None:
    it, into, private = make(), make(), make("corruption", by="somebody")
    assert private.private
    with db.write() as session:
        merging.merge(session, it, into, text="เสาเดียวกัน", actor=SUPERVISOR, now=NOW)
    added = add(db, stands(db, it), call(900))
    assert added.ticket_id == into.id, "it is worked on there"
    with pytest.raises(NoSuchCaller):
        add(db, private, call(901))
    with db.write() as session:
        seen = service.by_number(session, into.number)
        done = {"result": Result.FIXED, "text": "ซ่อมแล้ว", "actor": SUPERVISOR, "now": NOW + HOUR}
        service.move(session, config, seen, State.DONE, **done)
    with pytest.raises(MatterClosed):
        add(db, into, call(902))
    assert of_call(db, 902) is None


def stands(db: Database, ticket: TicketFacts) -> TicketFacts:
    with db.read() as session:
        return service.by_number(session, ticket.number)


def test_all_who_add_at_once_are_counted_and_one_call_once(db: Database, make: Make) -> None:
    """Nothing is lost and nothing counted twice, however many agents hear of it at once."""
    it, wrong = make(), []
    calls = [call(900 + n, f"+668000000{n:02}") for n in range(6)] + [call(900, "+66800000000")] * 2
    start = threading.Barrier(len(calls))

    def one(each: matters.Call) -> None:
        start.wait(PATIENCE)
        try:
            add(db, it, each)
        except Exception as error:  # said below, whatever it is
            wrong.append(error)

    threads = [threading.Thread(target=one, args=(each,)) for each in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert wrong == []
    assert count(db, it) == [7]
    with db.read() as session:
        others = matters.others_of(session, it)
        told = [e.data for e in search.story(session, it.id) if e.kind is EventKind.CALLER]
    assert sorted(each.call_id for each in others) == [900, 901, 902, 903, 904, 905]
    assert sorted(each["callers"] for each in told) == [2, 3, 4, 5, 6, 7]


def settle(db: Database, call_id: int, ticket: TicketFacts, note: str = "ท่วมถึงเข่า") -> None:
    with db.write() as session:
        matters.settle(session, call_id, ticket, note=note, by="nok", now=NOW + HOUR)


def test_one_who_came_with_another_matter_gets_a_ticket_of_their_own(
    db: Database, config: Tickets, make: Make
) -> None:
    it = make()
    added = add(db, it, call(900))
    settle(db, 900, it)
    with pytest.raises(NotAdded), db.write() as session:
        matters.take_back(session, 900, by="nok", now=NOW)
    asked: dict[str, Any] = {"text": "คนละซอย", "now": NOW + 2 * HOUR}
    with pytest.raises(NotYours), db.write() as session:
        matters.part(session, config, it, added.id, actor=HEALTH, **asked)
    with db.write() as session:
        made = matters.part(session, config, it, added.id, actor=WORKS, **asked)
    assert (made.incomplete, made.text, made.language) == (True, "ท่วมถึงเข่า", "en")
    assert made.caller_number == OTHER
    assert of_call(db, 900) == made
    assert count(db, it, made) == [1, 1]
    with pytest.raises(NoSuchCaller), db.write() as session:
        matters.part(session, config, it, added.id, actor=WORKS, **asked)


def test_an_outcome_about_another_ticket_takes_the_caller_there(db: Database, make: Make) -> None:
    it, other = make(), make()
    add(db, it, call(900))
    settle(db, 900, other)
    assert count(db, it) == [1]
    with db.read() as session:
        assert matters.told_of(session, it.id) == []


# ------------------------------------------------------------------ told, protected, forgotten


def sms_of(db: Database, ticket: TicketFacts) -> list[tuple[str, str | None, str]]:
    with db.read() as session:
        rows = session.scalars(
            sa.select(TicketSms).where(TicketSms.ticket_id == ticket.id).order_by(TicketSms.id)
        )
        return [(row.moment, row.number, row.language) for row in rows]


def test_who_came_later_is_told_what_the_first_is_told_in_their_own_language(
    floor: Floor, config: Tickets
) -> None:
    db = floor.db
    made = {"category": "street_light", "outcome": "complaint", "by": "nok", "now": NOW}
    with db.write() as session:
        it = service.record_call(session, config, call_id=1, caller=CALLER, **made)
    add(db, it, call(900))
    add(db, it, call(901, "+66800000002", wants_news=False))
    assert sms_of(db, it) == [("made", CALLER, "th")], "not before the conversation is written up"
    for call_id in (900, 901):
        settle(db, call_id, it)
        settle(db, call_id, it)
    assert sms_of(db, it) == [("made", CALLER, "th"), ("made", OTHER, "en")]
    with db.write() as session:
        service.move(session, config, stands(db, it), State.IN_PROGRESS, actor=WORKS, now=NOW)
    assert set(sms_of(db, it)[2:]) == {("accepted", CALLER, "th"), ("accepted", OTHER, "en")}


def test_who_came_later_sees_how_it_stands_and_nothing_that_the_first_one_said(
    floor: Floor, config: Tickets
) -> None:
    db = floor.db
    made = {"category": "street_light", "outcome": "complaint", "by": "nok", "now": NOW}
    with db.write() as session:
        it = service.record_call(session, config, call_id=1, caller=CALLER, **made)
    caller = add(db, it, call(900))
    with db.write() as session:
        following.say(session, config, it, "ลับของคนแรก", by="page", now=NOW)
        following.say(session, config, it, "of the other", by="page", now=NOW, caller=caller.id)
        guess = following.Guess(it.number, OTHER[-4:], "10.0.0.1")
        proved = following.prove(session, config, guess, secret_key="k", now=NOW)
        assert proved is not None
        assert proved.id == it.id
        assert matters.who_proved(session, it, OTHER[-4:]) == caller.id
        assert matters.who_proved(session, it, CALLER[-4:]) == 0
        assert matters.who_has(session, it.id, OTHER) == caller.id
        assert matters.who_has(session, it.id, CALLER) == 0
        first = following.page(session, config, it, NOW)
        later = following.page(session, config, it, NOW, caller.id)
    assert [line.text for line in first.lines if line.text] == ["ลับของคนแรก"]
    assert [line.text for line in later.lines if line.text] == ["of the other"]
    assert first.may_withdraw
    assert not (later.may_withdraw or later.may_reopen or later.may_judge)


def test_each_who_came_rates_the_result_once_and_sees_their_own_mark(
    floor: Floor, config: Tickets
) -> None:
    db = floor.db
    made = {"category": "street_light", "outcome": "complaint", "by": "nok", "now": NOW}
    with db.write() as session:
        it = service.record_call(session, config, call_id=1, caller=CALLER, **made)
        part = service.record_call(session, config, call_id=2, caller="+66899999901", **made)
        merging.merge(session, part, it, text="เรื่องเดียวกัน", actor=SUPERVISOR, now=NOW)
    later = add(db, it, call(900)).id
    it, part = stands(db, it), stands(db, part)
    with db.write() as session, pytest.raises(NotClosed):
        following.judge(session, config, part, 5, now=NOW)
    with db.write() as session:
        ended = {"result": Result.FIXED, "text": "ซ่อมแล้ว", "without_photo": True}
        it = service.move(
            session, config, it, State.DONE, actor=SUPERVISOR, now=NOW + 2 * HOUR, **ended
        )
    after = NOW + 3 * HOUR
    marks = ((it, 0, 4), (it, later, 3), (part, 0, 1), (part, 0, 2))
    for ticket, caller, mark in marks:
        with db.write() as session:
            following.judge(session, config, ticket, mark, now=after, caller=caller)
    with db.read() as session:
        pages = [
            following.page(session, config, ticket, after, caller)
            for ticket, caller in ((it, 0), (it, later), (part, 0))
        ]
        [history] = [
            each
            for each in figures.histories(session, NOW, after + HOUR)
            if each.number == it.number
        ]
    assert [each.mark for each in pages] == [4, 3, 2], "nobody sees another's"
    assert [each.may_judge for each in pages] == [True] * 3
    assert [each.may_confirm for each in pages] == [True, False, False]
    assert not any(each.may_reopen for each in pages[1:])
    assert [(mark, who) for _, mark, who in history.judged] == [
        (4, ""),
        (3, f"caller{later}"),
        (1, f"of{part.id}"),
        (2, f"of{part.id}"),
    ]


def test_forgotten_they_are_still_counted(db: Database, make: Make) -> None:
    it = make()
    add(db, it, call(900))
    settle(db, 900, it, note="โทร 081 234 5678")
    with db.write() as session:
        redaction.forget_caller(session, it.id, "retention", "system", NOW)
    with db.read() as session:
        [other] = matters.others_of(session, it)
    assert (other.number, other.wants_news) == (None, False)
    assert "5678" not in other.note
    assert count(db, it) == [2]


# ------------------------------------------------------------------ what is offered

HERE = Pin(12.9300, 100.8800)
NEAR = Pin(12.9305, 100.8802)


def place(db: Database, config: Tickets, ticket: TicketFacts, pin: Pin) -> None:
    with db.write() as session:
        where = Place(pin=pin)
        actor = SUPERVISOR
        places.place(session, config, stands(db, ticket), where, actor=actor, now=NOW)


def offered(
    db: Database, config: Tickets, draft: Draft, *, actor: Actor = AGENT, hours: float = 2
) -> list[int]:
    with db.read() as session:
        found = suggesting.suggest(session, config, draft, actor, now=NOW + hours * HOUR)
    return [each.ticket.id for each in found]


def test_a_street_that_the_note_names_is_where_it_is_in_whatever_language(
    db: Database, config: Tickets, make: Make
) -> None:
    """While an agent writes down what is said, nobody has asked yet where that is."""
    here = make("flood", note="Soi Buakhao is under water, cars are stuck")
    elsewhere = make("flood", note="Thepprasit Road is under water, cars are stuck")
    for ticket in (here, elsewhere):
        place(db, config, ticket, HERE)
    draft = Draft(text="น้ำท่วมซอยบัวขาว น้ำเข้าบ้านแล้ว", category="flood")
    with db.read() as session:
        found = suggesting.suggest(session, config, draft, AGENT, now=NOW)
        nowhere = replace(draft, text="น้ำท่วม น้ำเข้าบ้านแล้ว")
        assert suggesting.suggest(session, config, nowhere, AGENT, now=NOW) == []
        # and nor is it lost when the agent goes on to where it is
        where = Place(address="ซอยบัวขาว หน้า 7-11")
        asked = suggesting.suggest(session, config, replace(draft, place=where), AGENT, now=NOW)
    assert [each.ticket.id for each in found] == [here.id]
    assert [each.ticket.id for each in asked] == [here.id]


def test_what_is_near_open_and_alike_is_offered_to_who_may_read_it(
    db: Database, config: Tickets, make: Make
) -> None:
    text = "ไฟถนนดับทั้งซอยบัวขาว มืดมาก"
    it, far, closed = make(note=text), make(note=text), make(note=text)
    private = make("corruption", note=text, by="somebody")
    for ticket, pin in ((it, NEAR), (far, Pin(12.98, 100.93)), (closed, NEAR), (private, HERE)):
        place(db, config, ticket, pin)
    with db.write() as session:
        service.move(
            session, config, stands(db, closed), State.DONE,
            result=Result.FIXED, text="ซ่อมแล้ว", actor=SUPERVISOR, now=NOW,
        )  # fmt: skip
    draft = Draft(text="ไฟดับ ซอยบัวขาว", category="street_light", place=Place(pin=HERE))
    assert offered(db, config, draft) == [it.id]
    assert offered(db, config, replace(draft, ticket=it.id)) == [], "not itself"
    assert offered(db, config, draft, hours=24 * 400) == [], "too long ago"
    staff = replace(draft, text=text, category="corruption")
    assert private.id not in offered(db, config, staff)
    assert private.id in offered(db, config, staff, actor=SUPERVISOR)


def test_without_a_pin_the_area_the_words_and_the_caller_find_it(
    db: Database, config: Tickets, make: Make
) -> None:
    text = "ไฟถนนดับทั้งซอยบัวขาว หน้าตลาด"
    it, elsewhere = make(note=text, area="nong_prue"), make(note=text, area="na_kluea")
    where = Place(written="nong_prue", area="nong_prue", soi="บัวขาว")
    draft = Draft(text="ไฟดับซอยบัวขาวหน้าตลาด", category="street_light", place=where)
    assert offered(db, config, draft)[0] == it.id
    assert elsewhere.id not in offered(db, config, draft)
    vague = Draft(text="เรื่องไฟที่แจ้งไว้", category="street_light", number=CALLER)
    with db.read() as session:
        found = suggesting.suggest(session, config, vague, AGENT, now=NOW + HOUR)
    assert all(each.offer.likeness.same_caller for each in found)
    assert {each.ticket.id for each in found} == {it.id, elsewhere.id}


def test_what_one_asks_for_names_no_other_caller_and_what_one_said_goes_with_them(
    floor: Floor, config: Tickets
) -> None:
    db = floor.db
    made = {"category": "street_light", "outcome": "complaint", "by": "nok", "now": NOW}
    with db.write() as session:
        it = service.record_call(session, config, call_id=1, caller=CALLER, **made)
    add(db, it, call(900))
    settle(db, 900, it)
    with db.read() as session:
        theirs = keeping.about(floor, session, Subject(number=OTHER)).facts
    assert CALLER not in str(theirs)
    assert [each["said"] for each in theirs["same_matter"]] == ["ท่วมถึงเข่า"]
    with db.write() as session:
        asked = Erasure(Subject(number=OTHER), "supervisor", "asked", NOW, dry=False)
        erasing.erase(floor, session, asked)
    with db.read() as session:
        [other] = matters.others_of(session, it)
        first = service.by_number(session, it.number)
    assert (other.number, other.note, other.wants_news) == (None, "", False)
    assert first.caller_number == CALLER
    assert count(db, it) == [2]
