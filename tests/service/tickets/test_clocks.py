"""Three clocks, waiting, assigning and routing, on both databases."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from hotline import auth
from hotline.db import Database
from tests.service.tickets.conftest import AGENT, HEALTH, NOW, SUPERVISOR, WORKS
from tickets import planning, service, sweeps
from tickets.config import Tickets
from tickets.deadlines import Clock, StepKind
from tickets.errors import (
    BadWait,
    NoSuchColleague,
    NoteEmpty,
    NothingChanged,
    NotYours,
    RoleMayNot,
    TicketMoved,
    UnknownCategory,
    UnknownDivision,
)
from tickets.models import EventKind
from tickets.service import Actor, EventFacts, TicketFacts
from tickets.workflow import Priority, Result, Role, State, Waiting

Make = Callable[..., TicketFacts]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MANAGER = Actor("chief", Role.MANAGER)


@pytest.fixture
def make(db: Database, config: Tickets) -> Make:
    calls = iter(range(1, 10_000))

    def complaint(category: str | None = "street_light", **more: Any) -> TicketFacts:
        asked = {"outcome": "complaint", "by": "nok", "now": NOW} | more
        with db.write() as session:
            return service.record_call(
                session, config, call_id=next(calls), category=category, **asked
            )

    return complaint


@pytest.fixture
def act(db: Database, config: Tickets) -> Callable[..., TicketFacts]:
    """`act(service.wait, ticket, for_=…)`: one verb in one unit of work."""

    def do(verb: Callable[..., Any], ticket: TicketFacts, **more: Any) -> TicketFacts:
        asked: dict[str, Any] = {"actor": WORKS, "now": NOW} | more
        with db.write() as session:
            verb(session, config, ticket, **asked)
        with db.read() as session:
            return service.by_number(session, ticket.number)

    return do


def story(db: Database, ticket: TicketFacts) -> list[EventFacts]:
    with db.read() as session:
        return service.story(session, ticket.id)


def begun(act: Any, ticket: TicketFacts, now: datetime = NOW) -> TicketFacts:
    taken: TicketFacts = act(move_to_progress, ticket, now=now)
    return taken


def move_to_progress(session: Any, config: Tickets, ticket: TicketFacts, **more: Any) -> None:
    service.move(session, config, ticket, State.IN_PROGRESS, **more)


# ---------------------------------------------------------------- the three of them


def test_a_new_ticket_has_three_clocks_and_its_story_says_why(db: Database, make: Make) -> None:
    ticket = make()
    assert ticket.acknowledge_due_at == NOW + DAY
    assert ticket.update_due_at == NOW + 5 * DAY
    assert ticket.due_at == NOW + 3 * DAY
    why = planning.reasons(ticket, story(db, ticket))
    assert [each.clock for each in why] == list(Clock)
    assert [each.due for each in why] == [
        ticket.acknowledge_due_at,
        ticket.update_due_at,
        ticket.due_at,
    ]
    settings = [step.about for each in why for step in each.steps if step.kind is StepKind.WANTED]
    assert settings == [
        "deadlines.acknowledge.normal",
        "deadlines.update.normal",
        "categories.street_light.resolve_hours",
    ]


def test_an_office_counts_its_hours(db: Database, make: Make) -> None:
    """Friday 10:00 in Bangkok; 24 hours of 8 a day end on Wednesday at 10:00."""
    ticket = make("taxes", outcome="request")
    assert ticket.due_at == NOW + 5 * DAY
    resolve = planning.reasons(ticket, story(db, ticket))[-1]
    assert [step.kind for step in resolve.steps].count(StepKind.CLOSED) == 3


def test_what_is_closed_at_birth_has_no_clock(make: Make) -> None:
    told = make(outcome="information")
    assert (told.due_at, told.acknowledge_due_at, told.update_due_at) == (None, None, None)


def test_taking_it_up_acknowledges_and_is_news(db: Database, make: Make, act: Any) -> None:
    later = NOW + 2 * HOUR
    ticket = begun(act, make(), later)
    assert ticket.acknowledged_at == later
    assert ticket.update_due_at == later + 5 * DAY
    assert ticket.due_at == NOW + 3 * DAY
    before = story(db, ticket)[-1].data["before"]
    assert before == {"update": (NOW + 5 * DAY).isoformat()}
    assert [each.clock for each in planning.reasons(ticket, story(db, ticket))] == [
        Clock.UPDATE,
        Clock.RESOLVE,
    ]


def test_only_a_word_of_its_own_division_counts(db: Database, make: Make, act: Any) -> None:
    later = NOW + HOUR
    for actor in (AGENT, SUPERVISOR):
        ticket = act(service.note, make(), text="x", actor=actor, now=later)
        assert ticket.acknowledged_at is None
        assert ticket.update_due_at == NOW + 5 * DAY
    ticket = act(service.note, make(), text="ดูแล้ว", actor=WORKS, now=later)
    assert ticket.acknowledged_at == later
    assert ticket.update_due_at == later + 5 * DAY
    again = act(service.note, ticket, text="รออะไหล่", actor=WORKS, now=later + DAY)
    assert again.acknowledged_at == later
    assert again.update_due_at == later + 6 * DAY
    assert [at - NOW for at in planning.reasons(again, story(db, again))[0].before] == [
        5 * DAY,
        5 * DAY + HOUR,
    ]


def test_a_note_is_no_change_that_a_page_must_have_seen(make: Make, act: Any) -> None:
    seen = make()
    noted = act(service.note, seen, text="ดูแล้ว", actor=WORKS)
    assert noted.version == seen.version
    assert act(service.route, seen, **ROUTE).division == "public_health"


# ---------------------------------------------------------------- waiting


def test_waiting_moves_two_clocks_and_going_on_gives_back_what_was_not_waited(
    db: Database, make: Make, act: Any
) -> None:
    ticket = begun(act, make())
    until = NOW + 10 * DAY
    waits = act(service.wait, ticket, for_=Waiting.AGENCY, until=until, text="รอการไฟฟ้า")
    assert (waits.waiting_for, waits.waiting_until) == (Waiting.AGENCY, until)
    assert waits.state is State.IN_PROGRESS
    assert waits.due_at == NOW + 13 * DAY
    assert waits.update_due_at == NOW + 15 * DAY
    goes_on = act(service.resume, waits, now=NOW + 2 * DAY)
    assert (goes_on.waiting_for, goes_on.waiting_until) == (None, None)
    assert goes_on.due_at == NOW + 5 * DAY
    said = story(db, ticket)[-1].data
    assert said["before"]["resolve"] == (NOW + 13 * DAY).isoformat()
    assert [step["kind"] for step in said["plan"]["resolve"]["steps"]].count("paused") == 1


def test_waiting_anew_is_one_pause_to_the_new_day(make: Make, act: Any) -> None:
    ticket = begun(act, make())
    waits = act(service.wait, ticket, for_=Waiting.AGENCY, until=NOW + 10 * DAY, text="x")
    longer = act(
        service.wait,
        waits,
        for_=Waiting.CITIZEN,
        until=NOW + 4 * DAY,
        text="รอรูปถ่าย",
        now=NOW + DAY,
    )
    assert longer.waiting_for is Waiting.CITIZEN
    assert longer.due_at == NOW + 7 * DAY


def test_waiting_ends_by_itself_when_its_day_has_come(
    db: Database, make: Make, act: Any, config: Tickets
) -> None:
    ticket = begun(act, make())
    waits = act(service.wait, ticket, for_=Waiting.CITIZEN, until=NOW + DAY, text="x")
    for expected in (1, 0):
        with db.write() as session:
            assert sweeps.end_waiting(session, NOW + 2 * DAY) == expected
    with db.read() as session:
        goes_on = service.by_number(session, ticket.number)
    assert goes_on.waiting_for is None
    assert goes_on.due_at == waits.due_at == NOW + 4 * DAY
    # and what comes after counts from the day that was said, not from the sweep
    again = act(
        service.wait,
        goes_on,
        for_=Waiting.CITIZEN,
        until=NOW + 4 * DAY,
        text="x",
        now=NOW + 3 * DAY,
    )
    assert again.due_at == NOW + 5 * DAY


@pytest.mark.parametrize("until", [NOW, NOW - DAY, NOW + 91 * DAY])
def test_a_wait_has_an_end_that_is_to_come(make: Make, act: Any, until: datetime) -> None:
    ticket = begun(act, make())
    with pytest.raises(BadWait):
        act(service.wait, ticket, for_=Waiting.CITIZEN, until=until, text="x")


def test_who_may_not_let_it_wait(make: Make, act: Any) -> None:
    asked = {"for_": Waiting.CITIZEN, "until": NOW + DAY, "text": "x"}
    received, ticket = make(), begun(act, make())
    for actor, refused in ((AGENT, RoleMayNot), (MANAGER, RoleMayNot), (HEALTH, NotYours)):
        with pytest.raises(refused):
            act(service.wait, ticket, **asked, actor=actor)
    with pytest.raises(RoleMayNot):  # nobody has taken it up
        act(service.wait, received, **asked)
    with pytest.raises(NoteEmpty):
        act(service.wait, ticket, **asked | {"text": " "})
    with pytest.raises(NothingChanged):
        act(service.resume, ticket)


def test_closing_ends_the_waiting_and_reopening_begins_without_it(
    db: Database, make: Make, act: Any, config: Tickets
) -> None:
    ticket = begun(act, make())
    waits = act(service.wait, ticket, for_=Waiting.CITIZEN, until=NOW + 9 * DAY, text="x")
    with db.write() as session:
        done = service.move(
            session,
            config,
            waits,
            State.DONE,
            actor=WORKS,
            result=Result.FIXED,
            text="x",
            now=NOW + DAY,
        )
        assert done.waiting_for is None
        again = service.move(
            session, config, done, State.IN_PROGRESS, actor=AGENT, text="x", now=NOW + 2 * DAY
        )
    assert again.due_at == NOW + 5 * DAY
    assert again.acknowledged_at is None  # the desk reopened it: its division has not seen that
    assert again.acknowledge_due_at == NOW + 3 * DAY


# ---------------------------------------------------------------- who does it


@pytest.fixture
def division_account(db: Database) -> str:
    with db.write() as session:
        auth.create_account(
            session,
            username="division",
            name="ช่าง",
            role=auth.Role.DIVISION,
            password="long enough",
            now=NOW,
        )
    return "division"


def test_assigning_shows_that_it_was_seen_and_is_no_news(
    db: Database, make: Make, act: Any, division_account: str
) -> None:
    ticket = act(service.assign, make(), to=division_account, text="ฝากด้วย", now=NOW + HOUR)
    assert ticket.owner == division_account
    assert ticket.acknowledged_at == NOW + HOUR
    assert ticket.update_due_at == NOW + 5 * DAY
    said = story(db, ticket)[-1]
    assert (said.kind, said.data["from"], said.data["to"]) == (
        EventKind.ASSIGNED,
        None,
        division_account,
    )
    with pytest.raises(NothingChanged):
        act(service.assign, ticket, to=division_account)
    assert act(service.assign, ticket, to=None, actor=SUPERVISOR).owner is None


def test_nobody_is_given_what_is_not_theirs(make: Make, act: Any, division_account: str) -> None:
    with pytest.raises(NoSuchColleague):
        act(service.assign, make(), to="nok")
    with pytest.raises(NotYours):
        act(service.assign, make(), to=division_account, actor=HEALTH)
    with pytest.raises(RoleMayNot):
        act(service.assign, make(), to=division_account, actor=AGENT)


# ---------------------------------------------------------------- whose it is


ROUTE: dict[str, Any] = {
    "category": "rubbish",
    "priority": Priority.NORMAL,
    "division": None,
    "text": "เป็นเรื่องขยะ",
}


def test_another_division_gets_it_with_the_story_and_time_of_its_own(
    db: Database, make: Make, act: Any
) -> None:
    ticket = begun(act, make())
    waits = act(service.wait, ticket, for_=Waiting.CITIZEN, until=NOW + 9 * DAY, text="x")
    routed = act(service.route, waits, **ROUTE, now=NOW + DAY)
    assert (routed.category, routed.division, routed.owner) == ("rubbish", "public_health", None)
    assert routed.waiting_for is None
    assert routed.acknowledged_at is None
    assert routed.acknowledge_due_at == NOW + 2 * DAY
    assert routed.update_due_at == NOW + 6 * DAY
    # the citizen's time goes on: 48 hours from the call, and the day that it waited
    assert routed.due_at == NOW + 3 * DAY
    said = story(db, ticket)[-1].data
    assert said["was"] == {"category": "street_light", "division": "engineering"}
    assert said["now"] == {"category": "rubbish", "division": "public_health"}
    assert said["text"] == "เป็นเรื่องขยะ"
    with pytest.raises(NotYours):
        act(service.route, routed, **ROUTE | {"category": "street_light"})
    back = act(service.route, routed, **ROUTE | {"category": "street_light"}, actor=HEALTH)
    assert back.division == "engineering"


def test_a_division_says_that_it_is_not_theirs(make: Make, act: Any) -> None:
    ticket = make()
    routed = act(
        service.route,
        ticket,
        category="street_light",
        priority=Priority.NORMAL,
        division="contact_center",
        text="ไม่ใช่ของเรา",
    )
    assert (routed.category, routed.division) == ("street_light", "contact_center")


def test_a_higher_priority_has_less_time(make: Make, act: Any) -> None:
    raised = act(
        service.route,
        make(),
        **ROUTE | {"category": "street_light", "priority": Priority.CRITICAL},
        now=NOW + HOUR,
    )
    assert raised.due_at == NOW + DAY
    assert raised.division == "engineering"
    assert raised.acknowledged_at == NOW + HOUR  # its division has looked at it
    lowered = act(service.route, raised, **ROUTE | {"category": "street_light"}, actor=SUPERVISOR)
    assert lowered.due_at == NOW + 3 * DAY


def test_what_becomes_private_is_seen_by_its_division_alone(
    db: Database, make: Make, act: Any
) -> None:
    routed = act(service.route, make(), **ROUTE | {"category": "corruption"})
    assert routed.private
    assert not service.may_read(WORKS, routed)
    clerk = Actor("clerk", Role.DIVISION, frozenset({"permanent_secretary"}))
    handed_on = act(service.route, routed, **ROUTE, actor=clerk)
    assert handed_on.private  # a division opens nothing
    opened = act(service.route, handed_on, **ROUTE | {"category": "noise"}, actor=SUPERVISOR)
    assert not opened.private


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"category": "dragons"}, UnknownCategory),
        ({"division": "dragons"}, UnknownDivision),
        ({"text": " "}, NoteEmpty),
        ({"category": "street_light"}, NothingChanged),
        ({"actor": HEALTH}, NotYours),
        ({"actor": MANAGER}, RoleMayNot),
    ],
)
def test_routes_that_cannot_be(
    make: Make, act: Any, change: dict[str, Any], refused: type[Exception]
) -> None:
    with pytest.raises(refused):
        act(service.route, make(), **ROUTE | change)


def test_what_another_changed_first_is_not_changed(make: Make, act: Any) -> None:
    seen = make()
    act(service.route, seen, **ROUTE)
    for verb, asked in (
        (service.route, ROUTE | {"category": "noise"}),
        (service.assign, {"to": None}),
    ):
        with pytest.raises((TicketMoved, NothingChanged)):
            act(verb, seen, **asked)


def test_of_two_who_route_at_once_one_does(db: Database, make: Make, config: Tickets) -> None:
    seen = make()
    gate, won, lost = threading.Barrier(2, timeout=30), [], []

    def go(category: str) -> None:
        gate.wait()
        try:
            with db.write() as session:
                service.route(
                    session,
                    config,
                    seen,
                    **ROUTE | {"category": category},
                    actor=SUPERVISOR,
                    now=NOW,
                )
            won.append(category)
        except TicketMoved:
            lost.append(category)

    threads = [threading.Thread(target=go, args=(each,)) for each in ("rubbish", "signs")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (len(won), len(lost)) == (1, 1)
    with db.read() as session:
        assert service.by_number(session, seen.number).category == won[0]
    assert [event.kind for event in story(db, seen)] == [EventKind.MADE, EventKind.ROUTED]


def test_completing_for_another_division_begins_its_acknowledgement(
    db: Database, make: Make, config: Tickets
) -> None:
    draft = make(None, outcome=None, incomplete=True)
    with db.write() as session:
        whole = service.complete(
            session,
            config,
            draft,
            outcome="complaint",
            category="rubbish",
            actor=AGENT,
            now=NOW + 6 * HOUR,
        )
    assert whole.acknowledge_due_at == NOW + DAY + 6 * HOUR
    assert whole.due_at == NOW + 2 * DAY


def test_the_clocks_are_what_the_story_gives(
    db: Database, make: Make, act: Any, config: Tickets
) -> None:
    """Whatever has happened: reckoned anew from the events, every moment comes out as it stands."""
    ticket = act(
        move_to_progress, make("taxes", outcome="request"), actor=SUPERVISOR, now=NOW + HOUR
    )
    ticket = act(
        service.wait,
        ticket,
        for_=Waiting.AGENCY,
        until=NOW + 9 * DAY,
        text="x",
        actor=SUPERVISOR,
        now=NOW + 2 * HOUR,
    )
    ticket = act(service.resume, ticket, actor=SUPERVISOR, now=NOW + 3 * DAY)
    ticket = act(
        service.route, ticket, **ROUTE | {"category": "cctv"}, actor=SUPERVISOR, now=NOW + 4 * DAY
    )
    found = planning.history(ticket.received_at, story(db, ticket))
    nothing = planning.again(config, ticket, found)
    assert (nothing.columns, nothing.said) == ({}, {})


def test_another_category_is_another_reason_also_for_the_same_moment(
    db: Database, make: Make, act: Any
) -> None:
    ticket = act(
        service.route,
        make("taxes", outcome="request"),
        **ROUTE | {"category": "cctv"},
        actor=SUPERVISOR,
    )
    assert ticket.due_at == NOW + 5 * DAY
    assert "before" not in story(db, ticket)[-1].data
    resolve = planning.reasons(ticket, story(db, ticket))[-1]
    assert resolve.steps[1].about == "categories.cctv.resolve_hours"
    assert resolve.before == ()
