"""Words to a citizen and those that are prepared, watching, links, and agencies that are asked."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from hotline.db import Database
from hotline.errors import HotlineError
from hotline.floor import Floor
from tests.service.tickets.conftest import AGENT, CALLER, HEALTH, NOW, SUPERVISOR, WORKS
from tickets import planning, service
from tickets.config import Tickets
from tickets.errors import (
    BadLink,
    BadMerge,
    FaultyTemplate,
    ForwardMoved,
    IsMerged,
    NoSuchForward,
    NoSuchTemplate,
    NoteEmpty,
    NothingChanged,
    NotYours,
    RoleMayNot,
    TemplateChanged,
    TicketMoved,
    TooLong,
    Unfilled,
    UnknownAgency,
)
from tickets.life import forwarding, links, merging, messages, seeding, templates, watching
from tickets.life.rules import Bond
from tickets.life.templates import TemplateDraft
from tickets.models import EventKind, TicketLink
from tickets.service import Actor, TicketFacts
from tickets.workflow import Result, State, Waiting

Make = Callable[..., TicketFacts]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MANAGER = Actor("boss", service.Role.MANAGER)


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


def stands(db: Database, ticket: TicketFacts) -> TicketFacts:
    with db.read() as session:
        return service.by_number(session, ticket.number)


def story(db: Database, ticket: TicketFacts) -> list[service.EventFacts]:
    with db.read() as session:
        return service.story(session, ticket.id)


# ------------------------------------------------------------------ words to a citizen


def send(
    db: Database, config: Tickets, ticket: TicketFacts, text: str = "ช่างกำลังไป", **more: Any
) -> bool:
    asked = {"language": "th", "key": "one", "actor": WORKS, "now": NOW + HOUR} | more
    with db.write() as session:
        return messages.message(session, config, ticket, text=text, **asked)


def test_a_message_is_the_divisions_word_and_is_announced_after_the_commit(
    db: Database, config: Tickets, make: Make
) -> None:
    heard: list[dict[str, Any]] = []
    db.listen("tickets.message", lambda **facts: heard.append(facts))
    ticket = make()
    assert send(db, config, ticket)
    told = story(db, ticket)[-1]
    assert (told.kind, told.data["text"], told.data["language"]) == (
        EventKind.MESSAGE,
        "ช่างกำลังไป",
        "th",
    )
    assert [each["ticket_id"] for each in heard] == [ticket.id]
    after = stands(db, ticket)
    assert after.acknowledged_at == NOW + HOUR
    assert after.update_due_at is not None
    assert ticket.update_due_at is not None
    assert after.update_due_at > ticket.update_due_at
    found = planning.history(ticket.received_at, story(db, ticket))
    assert planning.again(config, after, found).columns == {}


def test_a_supervisors_message_is_not_the_divisions_word(
    db: Database, config: Tickets, make: Make
) -> None:
    ticket = make()
    assert send(db, config, ticket, actor=replace(SUPERVISOR, divisions=frozenset()))
    assert stands(db, ticket).acknowledged_at is None


def test_a_form_that_comes_twice_is_one_message(db: Database, config: Tickets, make: Make) -> None:
    ticket, gate, sent = make(), threading.Barrier(2), list[bool]()

    def press() -> None:
        gate.wait(60)
        sent.append(send(db, config, ticket))

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(sent) == [False, True]
    assert [event.kind for event in story(db, ticket)].count(EventKind.MESSAGE) == 1


def test_what_no_citizen_should_read_is_refused(db: Database, config: Tickets, make: Make) -> None:
    ticket = make()
    for text, error in (
        ("  \n\0 ", NoteEmpty),
        ("เรื่อง {number}", Unfilled),
        ("ก" * (messages.LONGEST + 1), TooLong),
    ):
        with pytest.raises(error):
            send(db, config, ticket, text)
    for actor in (HEALTH, MANAGER):
        with pytest.raises(NotYours):
            send(db, config, ticket, actor=actor)
    with db.write() as session:
        service.move(session, config, ticket, State.IN_PROGRESS, actor=WORKS, now=NOW)
    with pytest.raises(TicketMoved):  # the page said "received"
        send(db, config, ticket)
    other = make()
    with db.write() as session:
        merging.merge(
            session,
            other,
            service.by_number(session, ticket.number),
            text="x",
            actor=WORKS,
            now=NOW,
        )
    with pytest.raises(IsMerged):
        send(db, config, stands(db, other))
    assert not [each for each in story(db, ticket) if each.kind is EventKind.MESSAGE]


def test_it_is_read_as_it_was_seen() -> None:
    shown = messages.as_read("  เรียน คุณ\u0007ลูกค้า \r\n\r\n\r\n\r\nขอบคุณ\0 \t\n")
    assert shown == "เรียน คุณลูกค้า\n\nขอบคุณ"
    assert messages.as_read(shown) == shown


# ------------------------------------------------------------------ prepared words


def draft(**more: Any) -> TemplateDraft:
    return replace(TemplateDraft(None, None, "th", "รับเรื่องแล้ว", "เรื่อง {number}"), **more)


def write(
    db: Database, config: Tickets, actor: Actor = SUPERVISOR, **more: Any
) -> templates.TemplateFacts:
    with db.write() as session:
        return templates.write(session, config, draft(**more), actor=actor, now=NOW)


def test_the_most_specific_are_offered_first_and_then_the_most_used(
    db: Database, config: Tickets, make: Make
) -> None:
    ticket = make()
    write(db, config, title="any")
    used = write(db, config, title="any, used")
    write(db, config, title="state", state="received")
    write(db, config, title="category", category="street_light")
    write(db, config, title="both", category="street_light", state="received")
    for elsewhere in ({"category": "rubbish"}, {"state": "done"}, {"language": "en"}):
        write(db, config, title="elsewhere", **elsewhere)
    send(db, config, ticket, template=used.id)
    with db.read() as session:
        offered = templates.offered(session, ticket, "th")
        assert templates.find(session, used.id).used == 1
    assert [each.title for each in offered] == ["both", "category", "state", "any, used", "any"]


def test_a_fault_in_a_placeholder_is_refused_with_what_and_where(
    db: Database, config: Tickets
) -> None:
    with pytest.raises(FaultyTemplate) as refused:
        write(db, config, text="เรียนท่าน\nเรื่อง {numer} {due", title="")
    assert refused.value.faults["text"] == [
        ("tickets.template.wrong.unknown", {"found": "{numer}", "line": 2, "column": 8}),
        ("tickets.template.wrong.not_closed", {"found": "{due", "line": 2, "column": 16}),
    ]
    assert refused.value.faults["title"] == [("tickets.template.no_title", {})]
    for wrong in ({"category": "dragons"}, {"state": "gone"}, {"text": " "}):
        with pytest.raises(FaultyTemplate) as refused:
            write(db, config, **wrong)
        assert set(refused.value.faults) == set(wrong)


def test_a_division_writes_for_its_own_categories(db: Database, config: Tickets) -> None:
    ours = write(db, config, WORKS, category="street_light")
    for category in (None, "rubbish"):
        with pytest.raises(FaultyTemplate):
            write(db, config, WORKS, category=category)
        theirs = write(db, config, category=category)
        with pytest.raises(NoSuchTemplate), db.write() as session:
            templates.withdraw(session, config, theirs.id, version=1, actor=WORKS, now=NOW)
    to_all = draft(category=None)
    with pytest.raises(FaultyTemplate), db.write() as session:  # nor gives its own away
        templates.change(session, config, ours.id, to_all, version=1, actor=WORKS, now=NOW)
    for actor in (AGENT, MANAGER):
        with pytest.raises(FaultyTemplate):
            write(db, config, actor, category="street_light")


def test_who_changes_old_words_is_told_and_what_was_is_kept(db: Database, config: Tickets) -> None:
    first = write(db, config)
    with db.write() as session:
        changed = templates.change(
            session, config, first.id, draft(text="ใหม่"), version=1, actor=SUPERVISOR, now=NOW
        )
    assert changed.version == 2
    with pytest.raises(TemplateChanged), db.write() as session:
        templates.change(session, config, first.id, draft(), version=1, actor=SUPERVISOR, now=NOW)
    with db.write() as session:
        templates.withdraw(session, config, first.id, version=2, actor=SUPERVISOR, now=NOW)
    with db.read() as session:
        assert templates.listing(session) == []
        told = templates.history(session, first.id)
    assert [each.kind for each in told] == ["withdrawn", "changed", "written"]
    assert told[1].before["text"] == "เรื่อง {number}"
    with pytest.raises(TemplateChanged), db.write() as session:
        templates.withdraw(session, config, first.id, version=3, actor=SUPERVISOR, now=NOW)


def test_a_city_begins_with_words_that_are_right_and_once(floor: Floor, config: Tickets) -> None:
    for _ in range(2):
        seeding.seed(floor)
    with floor.db.read() as session:
        found = templates.listing(session)
    assert len(found) == len(list(seeding.drafts()))
    assert {each.language for each in found} == {"th", "en", "zh", "ru"}
    assert not [each for each in found if templates.faults(config, each.draft)]


# ------------------------------------------------------------------ watching


def unseen(db: Database, actor: Actor) -> dict[str, int]:
    with db.read() as session:
        found = {each.ticket.number: each.unseen for each in watching.watched(session, actor)}
        assert watching.news(session, actor) == sum(map(bool, found.values()))
        return found


def look(db: Database, ticket: TicketFacts, actor: Actor) -> None:
    with db.write() as session:
        told = watching.unseen(session, ticket, actor)
        if told is not None:
            watching.saw(session, ticket, actor, told)


def test_news_is_what_others_did_since_one_looked(
    db: Database, config: Tickets, make: Make
) -> None:
    ticket, part = make(), make()
    assert unseen(db, AGENT) == {}, "who made it watches nothing"
    for _ in range(2):
        with db.write() as session:
            watching.watch(session, ticket, AGENT, NOW)
    assert unseen(db, AGENT) == {ticket.number: 0}
    with db.write() as session:
        service.note(session, config, ticket, text="x", actor=AGENT, now=NOW)
    assert unseen(db, AGENT) == {ticket.number: 0}, "one's own word is no news"
    with db.write() as session:
        service.note(session, config, ticket, text="x", actor=WORKS, now=NOW)
    assert unseen(db, AGENT) == {ticket.number: 1}
    look(db, ticket, AGENT)
    assert unseen(db, AGENT) == {ticket.number: 0}
    with db.write() as session:
        merged = merging.merge(session, part, ticket, text="x", actor=SUPERVISOR, now=NOW)
    assert unseen(db, AGENT)[ticket.number] > 0
    look(db, ticket, AGENT)
    with db.write() as session:
        service.link_call(session, call_id=900, ticket=part, caller=CALLER, now=NOW)
    assert unseen(db, AGENT) == {ticket.number: 1}, "also of what is merged into it"
    look(db, ticket, AGENT)
    with db.write() as session:
        merging.unmerge(session, config, merged, text="x", actor=SUPERVISOR, now=NOW)
    assert unseen(db, AGENT)[ticket.number] > 0
    with db.write() as session:
        watching.unwatch(session, ticket, AGENT)
    assert unseen(db, AGENT) == {}


def test_a_watcher_sees_nothing_that_is_not_for_them(
    db: Database, config: Tickets, make: Make
) -> None:
    ticket = make()
    with db.write() as session:
        watching.watch(session, ticket, HEALTH, NOW)
        service.route(
            session,
            config,
            ticket,
            category="corruption",
            priority=ticket.priority,
            division=None,
            text="x",
            actor=SUPERVISOR,
            now=NOW,
        )
    assert unseen(db, HEALTH) == {}


# ------------------------------------------------------------------ links


def tie(
    db: Database, it: TicketFacts, bond: Bond, other: TicketFacts, actor: Actor = SUPERVISOR
) -> None:
    with db.write() as session:
        links.link(session, it, bond, other, text="เสาเดียวกัน", actor=actor, now=NOW)


def test_both_say_it_and_each_in_its_direction(db: Database, make: Make) -> None:
    a, b = make(), make("rubbish")
    tie(db, a, Bond.CAUSED, b, WORKS)
    with db.read() as session:
        (mine,), (theirs,) = (links.links_of(session, each, SUPERVISOR) for each in (a, b))
    assert (mine.bond, mine.outwards, mine.other.number) == (Bond.CAUSED, True, b.number)
    assert (theirs.bond, theirs.outwards, theirs.other.number) == (Bond.CAUSED, False, a.number)
    assert [story(db, each)[-1].data["other"] for each in (a, b)] == [b.number, a.number]
    with pytest.raises(NothingChanged):
        tie(db, a, Bond.CAUSED, b)
    with db.write() as session:  # taken away from the other end
        links.unlink(session, b, mine.id, actor=SUPERVISOR, now=NOW)
    with pytest.raises(NothingChanged), db.write() as session:
        links.unlink(session, a, mine.id, actor=SUPERVISOR, now=NOW)
    with db.read() as session:
        assert links.links_of(session, a, SUPERVISOR) == []
    assert [story(db, each)[-1].kind for each in (a, b)] == [EventKind.UNLINKED] * 2
    tie(db, a, Bond.CAUSED, b)  # and can be said again


def test_no_circle_no_reason_no_right(db: Database, make: Make) -> None:
    a, b, c = make(), make(), make()
    for bond in Bond:
        tie(db, a, bond, b)
        tie(db, b, bond, c)
        with pytest.raises(BadLink):
            tie(db, c, bond, a)
    with pytest.raises(BadLink):
        tie(db, a, Bond.PART, a)
    with pytest.raises(BadLink), db.write() as session:
        links.link(session, c, Bond.PART, a, text=" ", actor=SUPERVISOR, now=NOW)
    with pytest.raises(NotYours):
        tie(db, a, Bond.PART, c, HEALTH)
    with pytest.raises(RoleMayNot):
        tie(db, a, Bond.PART, c, MANAGER)


def test_three_who_add_one_each_close_no_circle(db: Database, make: Make) -> None:
    a, b, c = make(), make(), make()
    gate, ends = threading.Barrier(3), list[object]()

    def add(it: TicketFacts, other: TicketFacts) -> None:
        gate.wait(60)
        try:
            tie(db, it, Bond.PART, other)
            ends.append("said")
        except HotlineError as error:
            ends.append(error)

    threads = [threading.Thread(target=add, args=pair) for pair in ((a, b), (b, c), (c, a))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert ends.count("said") == 2
    with db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(TicketLink)) == 2


def test_a_link_shows_nobody_a_ticket_that_is_not_for_them(db: Database, make: Make) -> None:
    a, private = make(), make("corruption")
    tie(db, a, Bond.CAUSED, private)
    with db.read() as session:
        assert links.links_of(session, a, HEALTH) == []
        (link,) = links.links_of(session, a, SUPERVISOR)
    with pytest.raises(NothingChanged), db.write() as session:
        links.unlink(session, a, link.id, actor=WORKS, now=NOW)


# ------------------------------------------------------------------ agencies


def hand_over(
    db: Database, config: Tickets, ticket: TicketFacts, agency: str = "electricity"
) -> forwarding.ForwardFacts:
    with db.write() as session:
        if ticket.state is State.RECEIVED:
            ticket = service.move(session, config, ticket, State.IN_PROGRESS, actor=WORKS, now=NOW)
        forwarding.forward(
            session,
            config,
            ticket,
            agency=agency,
            reference="PEA 7/2569",
            until=NOW + 30 * DAY,
            text="เสาไฟของการไฟฟ้า",
            actor=WORKS,
            now=NOW,
        )
    with db.read() as session:
        return forwarding.of_ticket(session, ticket)[-1]


def sweep(db: Database, after: timedelta) -> int:
    with db.write() as session:
        return forwarding.sweep(session, NOW + after)


def to_chase(db: Database, actor: Actor = SUPERVISOR) -> list[int]:
    with db.read() as session:
        return [each.id for each, _ in forwarding.to_chase(session, actor)]


def test_an_agency_is_asked_again_until_it_answers(
    db: Database, config: Tickets, make: Make
) -> None:
    ticket = make()
    handed = hand_over(db, config, ticket)
    days = config.agencies["electricity"].chase_days
    assert stands(db, ticket).waiting_for is Waiting.AGENCY
    assert (sweep(db, days * DAY - HOUR), to_chase(db)) == (0, [])
    assert (sweep(db, days * DAY), to_chase(db)) == (1, [handed.id])
    assert sweep(db, days * DAY + HOUR) == 0
    with db.write() as session:
        forwarding.chase(
            session,
            ticket,
            handed.id,
            version=handed.version,
            text="จะส่งช่างวันศุกร์",
            actor=WORKS,
            now=NOW + days * DAY + HOUR,
        )
    assert to_chase(db) == []
    # days that nobody swept are one reminder, at a moment of its rhythm
    assert sweep(db, (4 * days) * DAY) == 1
    with db.read() as session:
        again = forwarding.of_ticket(session, ticket)[0]
    assert again.chase_at > NOW + 4 * days * DAY
    assert again.times == 2
    with pytest.raises(ForwardMoved), db.write() as session:
        forwarding.reply(
            session,
            config,
            ticket,
            handed.id,
            version=handed.version,
            text="เปลี่ยนแล้ว",
            actor=WORKS,
            now=NOW + 40 * DAY,
        )
    with db.write() as session:
        forwarding.reply(
            session,
            config,
            ticket,
            handed.id,
            version=again.version,
            text="เปลี่ยนแล้ว",
            actor=WORKS,
            now=NOW + 13 * DAY,
        )
    assert stands(db, ticket).waiting_for is None
    assert (sweep(db, 80 * DAY), to_chase(db)) == (0, [])
    kinds = [event.kind for event in story(db, ticket)]
    assert kinds.count(EventKind.TO_CHASE) == 2
    assert kinds[-2:] == [EventKind.REPLIED, EventKind.RESUMED]


def test_it_waits_until_the_last_agency_has_answered(
    db: Database, config: Tickets, make: Make
) -> None:
    ticket = make()
    first = hand_over(db, config, ticket)
    second = hand_over(db, config, stands(db, ticket), "police")
    for handed, waits in ((first, Waiting.AGENCY), (second, None)):
        with db.write() as session:
            forwarding.reply(
                session,
                config,
                ticket,
                handed.id,
                version=handed.version,
                text="x",
                actor=WORKS,
                now=NOW + HOUR,
            )
        assert stands(db, ticket).waiting_for is waits


def test_what_is_refused_of_agencies(db: Database, config: Tickets, make: Make) -> None:
    ticket, other = make(), make()
    handed = hand_over(db, config, ticket)
    with pytest.raises(UnknownAgency):
        hand_over(db, config, stands(db, ticket), "moon")
    for actor, error in ((HEALTH, NotYours), (AGENT, RoleMayNot)):
        with pytest.raises(error), db.write() as session:
            forwarding.chase(session, ticket, handed.id, version=1, text="", actor=actor, now=NOW)
    with pytest.raises(NoSuchForward), db.write() as session:
        forwarding.chase(session, other, handed.id, version=1, text="", actor=WORKS, now=NOW)
    with pytest.raises(BadMerge), db.write() as session:
        merging.merge(session, stands(db, ticket), other, text="x", actor=SUPERVISOR, now=NOW)
    assert to_chase(db, HEALTH) == []


def test_of_what_is_closed_nobody_is_asked(db: Database, config: Tickets, make: Make) -> None:
    ticket = make()
    hand_over(db, config, ticket)
    sweep(db, 10 * DAY)
    with db.write() as session:
        service.move(
            session,
            config,
            stands(db, ticket),
            State.CANCELLED,
            actor=SUPERVISOR,
            result=Result.WITHDRAWN,
            text="x",
            now=NOW + 10 * DAY,
        )
    assert (sweep(db, 20 * DAY), to_chase(db)) == (0, [])
