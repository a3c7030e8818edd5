"""Searching finds what LIKE finds, whatever is typed, and only what its reader may read."""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotline.db import Database, bulk_insert
from tests.service.tickets.conftest import AGENT, CALLER, HEALTH, NOW, SUPERVISOR, WORKS
from tickets import numbers, redaction, service
from tickets.config import Tickets
from tickets.facts import Actor
from tickets.inbox import finding, index
from tickets.models import EventKind, Ticket, TicketEvent, TicketSearch
from tickets.persons import service as persons
from tickets.search import Filters, Order, count, every, search
from tickets.workflow import OPEN, Role

MANAGER = Actor("boss", Role.MANAGER)
#: Thai with its marks above and below, letters of both cases, marks that combine, LIKE's own signs.
SIGNS = "กขงนฟำาิุ่้๊์ไเ๑AaBbéÉßЖж%_\\\\\"'*- \u0301e\n1"
TEXTS = st.text(SIGNS, max_size=14)
TYPED = st.text(SIGNS, min_size=1, max_size=7)


def row(n: int, text: str, **values: object) -> dict[str, object]:
    return {
        "id": n,
        "number": numbers.make(n),
        "kind": "complaint",
        "state": "received",
        "category": None,
        "division": "engineering",
        "owner": None,
        "priority": "normal",
        "private": False,
        "incomplete": False,
        "text": text,
        "language": "th",
        "caller_number": None,
        "source": "call",
        "made_by": "nok",
        "received_at": NOW,
        "due_at": NOW + timedelta(hours=n),
        **values,
    }


def fill(db: Database, *texts: str, first: int = 1, **values: object) -> None:
    with db.write() as session:
        bulk_insert(
            session, Ticket, [row(n, text, **values) for n, text in enumerate(texts, first)]
        )


def say(db: Database, n: int, text: str) -> None:
    with db.write() as session:
        data = {"text": text}
        session.add(
            TicketEvent(ticket_id=n, at=NOW, who="nok", kind=EventKind.NOTE.value, data=data)
        )


def found(db: Database, text: str, actor: Actor = AGENT, **filters: object) -> list[int]:
    with db.read() as session:
        page = search(session, Filters(text=text, **filters), actor, now=NOW)  # type: ignore[arg-type]
    return [ticket.id for ticket in page.tickets]


def plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).lower()


def liked(typed: str, texts: dict[int, list[str]]) -> list[int]:
    """What LIKE '%word%' of each word finds, its own signs taken literally."""
    words = plain(typed).split()
    return [
        n
        for n, parts in sorted(texts.items(), reverse=True)
        if all(any(word in plain(part) for part in parts) for word in words)
    ]


@pytest.fixture
def walked(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Set how many tickets are read before the index is asked: with 1, all but one are its."""
    return lambda many: monkeypatch.setattr(finding, "WALKED", many)


@pytest.mark.parametrize(
    ("trigrams", "further", "dearer"),
    [(True, 100_000, 7), (True, 2, 0), (True, 2, 7), (False, 2, 7)],
    ids=["all", "two", "dear", "none"],
)
def test_it_finds_what_like_finds(
    db: Database, monkeypatch: pytest.MonkeyPatch, trigrams: bool, further: int, dearer: int
) -> None:
    monkeypatch.setattr(finding, "WALKED", 1)
    monkeypatch.setattr(finding, "FURTHER", further)
    monkeypatch.setattr(finding, "SAMPLED", 2)
    monkeypatch.setattr(finding, "_DEARER", dearer)
    monkeypatch.setattr(finding, "_COMMON", 2)
    monkeypatch.setattr(finding, "_AT_ONCE", further)
    if not trigrams:
        monkeypatch.setattr(index, "ways", lambda _: index.Ways(trigrams=False))
    numbered = iter(range(1, 10**6))

    @settings(
        max_examples=30,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    @given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=6), st.lists(TYPED, max_size=6))
    def holds(written: list[tuple[str, str]], typed: list[str]) -> None:
        with db.write() as session:
            session.execute(sa.delete(TicketEvent))
            session.execute(sa.delete(Ticket))
        texts: dict[int, list[str]] = {}
        for text, note in written:
            n = next(numbered)
            fill(db, text, first=n)
            say(db, n, note)
            number = numbers.make(n)
            texts[n] = [text, note, number, numbers.display(number)]
        # what stands there somewhere, too: its beginnings, ends and middles
        parts = [part for text, note in written for part in (text[:2], note[1:4], text[-1:])]
        for each in [*typed, *parts, *(f"{a} {b}" for a, b in zip(parts, typed, strict=False))]:
            if each.split() and not finding_a_number(each):
                assert found(db, each) == liked(each, texts), each

    holds()


def finding_a_number(typed: str) -> bool:
    return len(numbers.digits(typed)) >= numbers.SHORTEST - 1 and numbers.digits(typed).isdecimal()


def test_all_ways_find_the_same_page_by_page(db: Database, walked: Callable[[int], None]) -> None:
    fill(db, *(f"ไฟดับ ซอย {n % 7}" + (" ฮูก" if n % 97 == 0 else "") for n in range(1200)))
    for typed in ("ไฟ", "ฮ", "ฮู", "ฮูก", "ไฟดับ", "ไฟดับ ฮ", "ซอย 3", "ฮูก ฮู"):
        ways = []
        for many in (1, 50, 5000):
            walked(many)
            with db.read() as session:
                ways.append([t.id for t in every(session, Filters(text=typed), AGENT, now=NOW)])
        assert ways[0] == ways[1] == ways[2] != [], typed
        assert ways[0] == sorted(set(ways[0]), reverse=True)


def test_the_index_is_not_asked_of_what_is_read_for_less(
    db: Database, walked: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a list that ends among the newest, the index would name the many that are older, too."""
    with db.read() as session:
        connection = session.connection()
        asks = connection.dialect.name == "postgresql" and index.ways(connection).trigrams
    closed = {"state": "done", "closed_at": NOW, "result": "fixed"}
    fill(db, *(f"ไฟดับ ซอย {n}" for n in range(900)), **closed)
    fill(db, *(f"ไฟดับ ซอย {n}" for n in range(100)), first=901)
    fill(db, "ฮูกเข้าบ้าน", first=1001)
    walked(20)
    monkeypatch.setattr(finding, "FURTHER", 50)
    asked: list[int] = []
    hits = finding._hits
    monkeypatch.setattr(finding, "_hits", lambda *arguments: (asked.append(1), hits(*arguments))[1])

    def first(typed: str, **filters: object) -> int:
        asked.clear()
        with db.read() as session:
            filters_ = Filters(text=typed, **filters)  # type: ignore[arg-type]
            return count(session, filters_, AGENT, now=NOW, most=900)

    assert first("ไฟดับ", states=OPEN) == 100
    assert asked == [], "a list that ends not far behind what was read"
    assert first("ไฟดับ") == 901
    assert asked == [], "a word that the index would name everywhere"
    assert first("ไดโนเสาร์") == 0
    assert bool(asked) is asks, "what is nowhere is the index's"


def test_a_number_finds_its_ticket(db: Database) -> None:
    fill(db, "ก", "ข", "ค")
    number = numbers.make(2)
    for typed in (number, numbers.display(number), f" {number[:3]} {number[3:]}", number[:-1]):
        assert found(db, typed) == [2], typed
    thai = number.translate(str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙"))
    assert found(db, thai) == [2]
    # a part of it is a text as any other
    assert found(db, number[:5]) == [3, 2, 1]


def test_words_of_a_private_ticket_find_it_only_for_who_may_read_it(
    db: Database, walked: Callable[[int], None]
) -> None:
    fill(db, "ลับมาก", private=True, made_by="mali")
    fill(db, "เปิดเผย", "เปิดเผย", first=2)
    say(db, 1, "บันทึกภายใน")
    for many in (1, 5000):
        walked(many)
        for typed in ("ลับมาก", "ลั", "ภายใน", numbers.make(1), numbers.make(1)[:-1]):
            assert found(db, typed, WORKS) == [1], typed
            assert found(db, typed, SUPERVISOR) == [1]
            assert found(db, typed, AGENT) == [], typed
        assert found(db, "ภายใน", HEALTH) == [1]  # who made it


@pytest.fixture
def called(db: Database, config: Tickets) -> int:
    """A ticket of a caller with a name."""
    with db.write() as session:
        ticket = service.record_call(
            session,
            config,
            call_id=1,
            outcome="request",
            category="taxes",
            note="ขอใบเสร็จ",
            caller=CALLER,
            now=NOW,
        )
        persons.name_caller(
            session, 1, CALLER, "Somchai ใจดี", ticket_id=ticket.id, by="nok", now=NOW
        )
    fill(db, "อื่น", "อื่น", first=1000)
    return ticket.id


@pytest.mark.parametrize("many", [1, 5000])
def test_callers_are_found_by_who_may_see_them_alone(
    db: Database, called: int, walked: Callable[[int], None], many: int
) -> None:
    walked(many)
    division = _division(db, called)
    theirs, others = (
        Actor("x", Role.DIVISION, frozenset({each})) for each in (division, "public_health")
    )
    for typed in ("somchai", "ใจ", "081-234-5678", "0812345678", "+6681234", "ดี", "234 5678"):
        assert found(db, typed) == [called], typed
        assert found(db, typed, theirs) == [called], typed
        for actor in (MANAGER, others):
            assert found(db, typed, actor) == [], (typed, actor)
    assert found(db, "ใบเสร็จ SOMCHAI") == [called]
    assert found(db, "ใบเสร็จ", MANAGER) == [called]


def _division(db: Database, n: int) -> str:
    with db.read() as session:
        return session.get_one(Ticket, n).division


def test_what_was_changed_or_erased_is_not_found_any_more(db: Database, called: int) -> None:
    assert found(db, "somchai") == found(db, "ใบเสร็จ") == [called]
    with db.write() as session:
        redaction.drop_numbers(session, called, CALLER)
        redaction.drop_persons(session, called, "x", NOW)
        session.execute(sa.update(Ticket).where(Ticket.id == called).values(text="ป้าย"))
        session.execute(sa.delete(TicketEvent).where(TicketEvent.ticket_id == called))
    for typed in ("somchai", "ใจดี", "0812345678", "ใบเสร็จ", "ใบ"):
        assert found(db, typed) == [], typed
    assert found(db, "ป้าย") == [called]


def test_it_is_written_in_the_same_transaction(db: Database) -> None:
    class Undone(Exception):
        pass

    def write() -> None:
        with db.write() as session:
            bulk_insert(session, Ticket, [row(1, "ไฟดับ")])
            assert search(session, Filters(text="ไฟดับ"), AGENT, now=NOW).tickets
            raise Undone

    with pytest.raises(Undone):
        write()
    assert found(db, "ไฟดับ") == []


def _index(db: Database) -> list[tuple[int, str, str]]:
    with db.read() as session:
        rows = session.execute(
            sa.select(TicketSearch.ticket_id, TicketSearch.words, TicketSearch.who).order_by(
                TicketSearch.ticket_id
            )
        )
        return [(id_, words, who) for id_, words, who in rows]


def test_made_anew_it_is_the_same(db: Database, called: int, walked: Callable[[int], None]) -> None:
    say(db, called, "โทรกลับแล้ว")
    walked(1)
    before = _index(db)
    with db.engine.begin() as connection:
        assert index.rebuild(connection) == 3
    assert _index(db) == before
    for typed in ("somchai", "ใบ", "โทรกลับ", "ฮ"):
        assert found(db, typed) == ([] if typed == "ฮ" else [called])


def test_a_list_in_each_order_is_whole_and_counted(db: Database) -> None:
    fill(db, *["ก"] * 7)
    with db.read() as session:
        for order, ids in (
            (Order.NEWEST, [7, 6, 5, 4, 3, 2, 1]),
            (Order.OLDEST, [1, 2, 3, 4, 5, 6, 7]),
            (Order.DUE, [1, 2, 3, 4, 5, 6, 7]),
        ):
            assert _pages(session, Filters(order=order)) == ids
        assert count(session, Filters(), AGENT, now=NOW, most=7) == 7
        assert count(session, Filters(), AGENT, now=NOW, most=6) == 7
        assert count(session, Filters(text="ก"), AGENT, now=NOW, most=3) == 4


def _pages(session: sa.orm.Session, filters: Filters) -> Iterator[int] | list[int]:
    from dataclasses import replace

    ids: list[int] = []
    while True:
        page = search(session, filters, AGENT, now=NOW, limit=3)
        ids += [ticket.id for ticket in page.tickets]
        if page.next_before is None:
            return ids
        filters = replace(filters, before=page.next_before, due_after=page.next_due)


def test_what_trigrams_know_by_its_ends_alone_is_not_asked_beside_what_they_know_whole(
    db: Database, walked: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of ล้ม PostgreSQL has "ends with ล" and "begins with ม": half of all callers."""
    fill(db, "ต้นไม้ล้มหน้าสวนสว่างสุข", "ล้มหมด", *["ต้นไม้"] * 100)
    walked(20)
    monkeypatch.setattr(finding, "FURTHER", 1)
    asked: list[str] = []
    likes = finding._likes

    def noted(
        session: sa.orm.Session, of: finding.Asked, helping: Sequence[Sequence[str]], before: int
    ) -> list[list[finding._Like]]:
        asked.extend(needles[0] for needles in helping)
        return likes(session, of, helping, before)

    monkeypatch.setattr(finding, "_likes", noted)
    assert found(db, "ล้ม สว่างสุข") == [1]
    with db.read() as session:
        connection = session.connection()
        if connection.dialect.name == "sqlite" or not index.ways(connection).trigrams:
            assert asked == []
            return
        assert asked == ["สว่างสุข"]
        signs = [chr(code) for code in range(0x0E01, 0x0E5C)]
        letters = sa.text("SELECT show_trgm(:sign) <> '{}'")
        known = [sign for sign in signs if session.scalar(letters, {"sign": sign})]
    assert known == [sign for sign in signs if finding._is_letter(sign)]
    assert found(db, "ล้ม") == [2, 1]
    assert asked[1:] == ["ล้ม"], "where there is no better one"
