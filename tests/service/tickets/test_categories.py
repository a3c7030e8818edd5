"""Suggestions beside real tickets: what was chosen, what is learned, what replaces what."""

import dataclasses
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hotline import audit
from hotline.auth import COOKIE, Role
from hotline.db import Database, bulk_insert
from hotline.floor import Floor
from hotline.models import JobRun
from tests.service.tickets.conftest import AGENT, CALLER, NOW, SUPERVISOR
from tests.support.floors import sign_in_as
from tests.unit.tickets.categories.made_up import WORDS, lessons
from tickets import service
from tickets.categories import learning, retraining, versions
from tickets.categories import service as suggestions
from tickets.categories.learning import Lesson
from tickets.categories.model import Model
from tickets.config import Tickets
from tickets.errors import NoSuchModel
from tickets.models import CategoryChoice, CategoryModel, CategoryModelUse, Ticket
from tickets.service import SYSTEM, TicketFacts
from tickets.workflow import Priority, State

Make = Callable[..., TicketFacts]
LATER = NOW + timedelta(days=1)
FLOOD = "น้ำท่วมซอยบัวขาว รถผ่านไม่ได้"


@pytest.fixture
def make(db: Database, config: Tickets) -> Make:
    calls = iter(range(1, 10_000))

    def complaint(text: str = FLOOD, category: str | None = "flood", **more: object) -> TicketFacts:
        asked = {"outcome": "complaint", "caller": CALLER, "by": "nok", "now": NOW} | more
        with db.write() as session:
            return service.record_call(
                session, config, call_id=next(calls), note=text, category=category, **asked
            )

    return complaint


def choices(db: Database) -> list[tuple[str, str | None, bool, str | None]]:
    c = CategoryChoice
    with db.read() as session:
        rows = session.execute(sa.select(c.how, c.first, c.sure, c.chosen).order_by(c.id))
        return [tuple(row) for row in rows]


def corrected(db: Database, config: Tickets, ticket: TicketFacts, category: str) -> TicketFacts:
    with db.write() as session:
        seen = service.by_number(session, ticket.number)
        return service.route(
            session,
            config,
            seen,
            category=category,
            priority=Priority.NORMAL,
            division=None,
            text="ผิดหมวด",
            actor=SUPERVISOR,
            now=LATER,
        )


# ------------------------------------------------------------------ what is written down


def test_what_was_suggested_is_written_beside_what_was_chosen(
    db: Database, config: Tickets, make: Make
) -> None:
    ticket = make(category="drain")
    assert ticket.category == "drain"  # the agent's word holds, however sure the model is
    corrected(db, config, ticket, "flood")
    assert choices(db) == [("made", "flood", True, "drain"), ("routed", "flood", True, "flood")]


def test_no_words_of_anybody_stand_with_the_choice(db: Database, make: Make) -> None:
    make("น้ำท่วมบ้านคุณสมหญิง")
    with db.read() as session:
        row = session.execute(sa.select(CategoryChoice.__table__)).one()
    assert "สมหญิง" not in str(row)


@pytest.mark.parametrize(
    "more",
    [
        {"by": SYSTEM},
        {"incomplete": True},
        {"category": None, "outcome": "information"},
        {"text": ""},
    ],
    ids=["by itself", "incomplete", "no category", "no words"],
)
def test_where_nobody_chose_nothing_is_written(
    db: Database, make: Make, more: dict[str, object]
) -> None:
    make(**more)
    assert choices(db) == []


def test_completing_a_ticket_is_a_choice(db: Database, config: Tickets, make: Make) -> None:
    ticket = make(incomplete=True, category=None)
    with db.write() as session:
        service.complete(
            session, config, ticket, outcome="complaint", category="flood", actor=AGENT, now=NOW
        )
    assert choices(db) == [("completed", "flood", True, "flood")]


def test_a_broken_model_keeps_nobody_from_writing(
    db: Database, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ValueError("no model")

    monkeypatch.setattr(versions, "shipped", broken)
    assert make().category == "flood"
    assert choices(db) == [("made", None, False, "flood")]


# ------------------------------------------------------------------ what is suggested


def test_unsure_is_said_and_names_are_known(db: Database, config: Tickets) -> None:
    with db.read() as session:
        sure = suggestions.suggest(session, config, FLOOD)
        named = suggestions.suggest(session, config, "อยากถามเรื่องร่มเตียง")
        nothing = suggestions.suggest(session, config, "")
    assert sure.first is not None and sure.first.category == "flood" and sure.sure
    assert "น้ำท่วม" in " ".join(sure.words)
    assert "beach" in [each.category for each in named.items]
    assert nothing.items == () and not nothing.sure


def test_a_category_that_the_city_has_not_is_never_suggested(db: Database, config: Tickets) -> None:
    without = {id_: each for id_, each in config.categories.items() if id_ != "flood"}
    fewer = config.model_copy(update={"categories": without})
    with db.read() as session:
        found = suggestions.suggest(session, fewer, FLOOD)
    assert "flood" not in [each.category for each in found.items]


# ------------------------------------------------------------------ what is learned from


def test_who_teaches(db: Database, config: Tickets, make: Make) -> None:
    """What nobody has looked at yet teaches nothing; what was corrected, taken up or done does."""
    make("ยังไม่มีใครดู")
    taken, fixed = make("มีคนรับแล้ว"), make("ถูกแก้หมวด", "drain")
    withdrawn, private = make("ยกเลิก"), make("เจ้าหน้าที่เรียกเงิน", "corruption")
    with db.write() as session:
        boss = replace(SUPERVISOR, divisions=frozenset(config.divisions))
        service.move(session, config, taken, State.IN_PROGRESS, actor=boss, now=LATER)
        service.move(session, config, private, State.IN_PROGRESS, actor=boss, now=LATER)
        service.move(
            session,
            config,
            withdrawn,
            State.CANCELLED,
            actor=boss,
            result=service.Result.WITHDRAWN,
            text="x",
            now=LATER,
        )
    corrected(db, config, fixed, "flood")
    with db.read() as session:
        assert suggestions.lessons(session, config) == [
            ("มีคนรับแล้ว", "flood"),
            ("ถูกแก้หมวด", "flood"),
        ]


def test_what_was_erased_is_not_learned_again(db: Database, config: Tickets, make: Make) -> None:
    ticket = make("น้ำท่วมบ้านคุณสมหญิง", "drain")
    corrected(db, config, ticket, "flood")
    with db.write() as session:
        session.execute(sa.update(Ticket).values(text=""))
    with db.read() as session:
        assert suggestions.lessons(session, config) == []


# ------------------------------------------------------------------ what replaces what

#: What this city calls otherwise than others do.
HERE = {"rubbish": "beach", "noise": "taxes"}


def told(count: int, seed: int, called: dict[str, str] = HERE) -> list[Lesson]:
    return [Lesson(e.text, called.get(e.label, e.label)) for e in lessons(count, seed=seed)]


@pytest.fixture(scope="module")
def others() -> Model:
    """What others have taught: a small one in the place of the one that ships."""
    return learning.learn(lessons(120))


@pytest.fixture
def taught(
    db: Database, config: Tickets, make: Make, others: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The accepted tickets of a city with words of its own."""
    monkeypatch.setattr(versions, "shipped", lambda: others)
    with db.read() as session:
        pattern = dataclasses.asdict(service.by_number(session, make("x").number))
    columns = {each.key for each in sa.inspect(Ticket).columns} - {"id", "number"}
    row = {key: value for key, value in pattern.items() if key in columns}
    rows = [
        row | {"text": e.text, "category": e.label, "acknowledged_at": NOW, "number": f"n{n}"}
        for n, e in enumerate(told(240, seed=3))
    ]
    with db.write() as session:
        bulk_insert(session, Ticket, rows)


def in_use(db: Database) -> int:
    with db.read() as session:
        return versions.current(session).model_id


def suggested(db: Database, config: Tickets, text: str) -> str | None:
    with db.read() as session:
        first = suggestions.suggest(session, config, text).first
    return None if first is None else first.category


@pytest.mark.usefixtures("taught")
def test_it_learns_from_corrections_and_goes_back(db: Database, config: Tickets) -> None:
    text = "ถังขยะล้น ไม่มาเก็บ ในซอย"
    assert suggested(db, config, text) == "rubbish"
    done = retraining.retrain(db, config, by="night", now=NOW)
    assert done.outcome == versions.USED and done.verdict is not None
    assert done.verdict.new.accuracy > done.verdict.old.accuracy
    assert in_use(db) == done.model_id
    assert suggested(db, config, text) == "beach"  # in this process too, at once
    # nothing new: nothing is learned
    assert retraining.retrain(db, config, by="night", now=LATER).outcome == "unchanged"
    with db.write() as session:
        assert versions.go_back(session, by="boss", now=LATER) == versions.SHIPPED
    assert suggested(db, config, text) == "rubbish"
    with db.write() as session, pytest.raises(NoSuchModel):
        versions.go_back(session, by="boss", now=LATER)


@pytest.mark.usefixtures("taught")
def test_a_worse_model_is_refused(
    db: Database, config: Tickets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one in use knows this city; what is learned tonight does not."""
    good = learning.learn(told(160, seed=4))
    with db.write() as session:
        made = {"source": versions.TICKETS, "before": 0, "against": 0, "figures": {}}
        id_ = versions.add(session, **made, model=good, by="x", now=NOW)
        assert versions.put_in_use(session, id_, follows=0, by="x", now=NOW)
    # the one before began with this city's words as well, and has learned them wrong
    wrong = dict(zip(WORDS, [*list(WORDS)[1:], next(iter(WORDS))], strict=True))
    bad = learning.learn(told(160, seed=5, called=wrong))
    monkeypatch.setattr(learning, "learn", lambda *_, **__: bad)
    done = retraining.retrain(db, config, by="night", now=LATER)
    assert done.outcome == versions.REFUSED and done.verdict is not None
    assert done.verdict.lost > done.verdict.won
    assert in_use(db) == id_
    with db.read() as session:
        refused = versions.history(session)[0]
    assert (refused.outcome, refused.has_weights) == (versions.REFUSED, False)
    assert refused.figures["new"]["accuracy"] < refused.figures["old"]["accuracy"]


def test_with_few_tickets_nothing_is_learned(db: Database, config: Tickets, make: Make) -> None:
    make()
    assert retraining.retrain(db, config, by="night", now=NOW).outcome == "too_few"
    with db.read() as session:
        assert versions.history(session) == []


@pytest.mark.usefixtures("taught")
def test_of_two_at_once_one_model_is_used(db: Database, config: Tickets) -> None:
    start, done = threading.Barrier(2), list[str]()

    def job() -> None:
        start.wait()
        done.append(retraining.retrain(db, config, by="night", now=NOW).outcome)

    both = [threading.Thread(target=job) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    # at once: the slower one is late; one after the other: there is nothing new for the second
    assert sorted(done) in (["late", "used"], ["unchanged", "used"])
    with db.read() as session:
        uses = session.execute(sa.select(CategoryModelUse.model_id)).scalars().all()
        outcomes = session.execute(sa.select(CategoryModel.outcome)).scalars().all()
    assert len(uses) == 1
    assert sorted(outcomes) in (["late", "used"], ["used"])


def test_old_weights_are_cleared_away_and_the_base_stays(db: Database, config: Tickets) -> None:
    small = learning.learn(lessons(40))
    with db.write() as session:
        made = {"before": 0, "against": 0, "figures": {}, "by": "x", "now": NOW}
        for n in range(versions.KEPT + 4):
            source = versions.FILES if n == 0 else versions.TICKETS
            id_ = versions.add(session, source=source, model=small, **made)
            follows = versions.current(session).id
            assert versions.put_in_use(session, id_, follows=follows, by="x", now=NOW)
        found = versions.history(session, 100)
        assert versions.base(session) == found[-1].id
        assert [each.has_weights for each in found] == [True] * versions.KEPT + [False] * 3 + [True]
        with pytest.raises(NoSuchModel):
            versions.go_back(session, to=found[-2].id, by="x", now=NOW)


# ------------------------------------------------------------------ what is mixed up


def test_what_is_mixed_up_is_counted(db: Database, config: Tickets, make: Make) -> None:
    for _ in range(3):
        corrected(db, config, make(category="drain"), "flood")
    make()
    with db.read() as session:
        found = suggestions.outcomes(session, SUPERVISOR, since=NOW - timedelta(days=1))
        late = suggestions.outcomes(session, SUPERVISOR, since=NOW + timedelta(seconds=1))
    pairs, stayed, count = suggestions.mixed_up(found, "chosen")
    assert [(each.was, each.final, each.count) for each in pairs] == [("drain", "flood", 3)]
    assert (stayed, count) == (1, 4)
    assert suggestions.mixed_up(found, "suggested") == ([], 4, 4)
    (month,) = suggestions.by_month(found, NOW.tzinfo)
    assert (month.month, month.count, month.right, month.sure_right) == ("2026-11", 4, 4, 4)
    # only what was first chosen since then; corrections alone begin no ticket's story here
    assert all(each.chosen == "flood" for each in late)


# ------------------------------------------------------------------ the pages


def csrf(page: TestResponse, **form: object) -> dict[str, object]:
    token = re.search(r'name="csrf_token" value="(\w+)"', page.text)
    assert token
    return {"csrf_token": token[1], **form}


def test_a_manager_sees_why_and_goes_back(
    floor: Floor, client: FlaskClient, config: Tickets
) -> None:
    db = floor.db
    good = learning.learn(told(160, seed=4))
    figures = {
        "lessons": 800,
        "held_out": 200,
        "new": {"count": 200, "accuracy": 0.91, "macro_f1": 0.88},
        "old": {"count": 200, "accuracy": 0.93, "macro_f1": 0.87},
        "won": 3,
        "lost": 7,
    }
    made = {"source": versions.TICKETS, "before": 0, "figures": figures, "by": SYSTEM, "now": NOW}
    with db.write() as session:
        ids = []
        for follows in (0, 1):
            ids.append(versions.add(session, **made, against=follows, model=good))
            assert versions.put_in_use(session, ids[-1], follows=follows, by=SYSTEM, now=NOW)
        versions.add(session, **made, against=ids[-1], model=None)
        day = NOW.date()
        ran = {"name": "categories.retrain", "day": day, "state": "done", "due_at": NOW}
        ran |= {"ended_at": NOW, "attempts": 1, "detail": "too_few (34 lessons)"}
        session.execute(sa.insert(JobRun).values(ran))
    client.set_cookie(COOKIE, sign_in_as(floor, Role.SUPERVISOR, "boss"))
    page = client.get("/categories?lang=en")
    assert b"Go back to" not in page.data, "who leads the shift does not decide this"
    assert client.post("/categories/model", data=csrf(page, seen=2)).status_code == 403
    client.set_cookie(COOKIE, sign_in_as(floor, Role.MANAGER, "manager"))
    page = client.get("/categories?lang=en")
    shown = " ".join(page.text.split())
    assert "its accuracy is lower" in shown, "why the last one was refused"
    assert "on 200 held out: 3 now right, 7 now wrong" in shown
    assert "there were 34 tickets to learn from, and it takes 200" in shown
    assert f"Go back to model {ids[0]}" in shown
    going = csrf(page, seen=2, to=ids[0])
    assert client.post("/categories/model", data=going).status_code == 303
    again = client.post("/categories/model", data=going)
    assert again.status_code == 409, "somebody else has decided meanwhile"
    assert in_use(db) == ids[0]
    with db.read() as session:
        (line,) = audit.lines(session, audit.Asked(kind="tickets.model_chosen"))
    assert (line.by, line.subject, line.data) == (
        "manager",
        f"model:{ids[0]}",
        {"instead_of": ids[1]},
    )


def test_a_program_is_told_the_same(
    client: FlaskClient, bearer: Callable[[Role], dict[str, str]]
) -> None:
    asked = {
        "json": {"text": FLOOD},
        "headers": bearer(Role.AGENT) | {"Accept": "application/json"},
    }
    found = client.post("/categories/suggest", **asked).get_json()
    assert found["suggestions"][0]["category"] == "flood"
    assert 0.75 < found["suggestions"][0]["share"] <= 1
    assert found["sure"] is True and found["words"] and found["model"] == 0
    asked["json"] = {"text": ""}
    assert client.post("/categories/suggest", **asked).get_json()["suggestions"] == []
