"""Messages: recorded, kept, a ticket that somebody answers for, heard by those who may."""

from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from hotline import auth, clock
from hotline.auth import Role
from ivr import jobs
from ivr.callbacks import abandoned
from ivr.config import Ivr
from ivr.pages import base
from ivr.pages import recordings as pages
from ivr.speech.spoken import Digits
from ivr.speech.tongues import TONGUES
from tests.service.ivr.shipped import city_config, prompt
from tests.service.ivr.world import Caller, World
from tests.support.floors import sign_in_as
from tickets import service as tickets

__all__ = ["city_config"]

RECORDED = {
    "RecordingSid": "RE1",
    "RecordingUrl": "https://carrier.example/RE1",
    "RecordingDuration": "12",
}


@pytest.fixture
def caller(world: World) -> Caller:
    """Somebody who calls while nobody is there, and wants to leave a message."""
    caller = world.caller().ring().press("1", "1", "2")
    assert caller.xml.find("Record") is not None
    return caller


def leaves_message(caller: Caller, **more: str) -> Caller:
    record = caller.xml.find("Record")
    assert record is not None
    return caller.goes_to(record.attrib["action"], **RECORDED | more)


def ticket_of(world: World, caller: Caller) -> tickets.TicketFacts:
    found = world.read(tickets.ticket_of_call, caller.id)
    assert isinstance(found, tickets.TicketFacts)
    return found


def test_a_message_becomes_a_ticket_with_its_sound(world: World, caller: Caller) -> None:
    leaves_message(caller)
    ticket = ticket_of(world, caller)
    number = Digits(ticket.number).by(TONGUES["th"])
    assert caller.says == [
        prompt(world, "message_kept"),
        prompt(world, "message_number", ticket=number),
    ]
    assert caller.xml.find("Hangup") is not None
    assert (ticket.source, ticket.is_open, ticket.incomplete) == ("message", True, True)
    assert ticket.caller_number == caller.number
    world.deliver()
    assert world.carrier.of("fetch") == [("https://carrier.example/RE1",)]
    assert world.carrier.of("delete") == [("RE1",)], "the carrier's copy is deleted"
    token = sign_in_as(world.floor, Role.SUPERVISOR)
    page = world.client.get(
        f"/tickets/{ticket.number}", headers={"Authorization": f"Bearer {token}"}
    )
    assert b'src="/recordings/1"' in page.data
    assert "20 พ.ย. 2569" in page.text.split('class="recording"')[1][:80], "when it was left"
    assert page.data.index(b"<audio") < page.data.index(b'class="matter-full"'), "heard, then read"
    for way in (f"/calls/{caller.id}", "/calls"):
        leads = world.client.get(way, headers={"Authorization": f"Bearer {token}"})
        assert f'href="/tickets/{ticket.number}">{ticket.number_shown}<' in leads.text
    assert f'href="/calls/{caller.id}"'.encode() in page.data, "and back"
    with world.client.get("/recordings/1", headers={"Authorization": f"Bearer {token}"}) as sound:
        assert sound.data == b"RIFFhttps://carrier.example/RE1"
    assert world.events(caller)[-1] == "listened", "who hears it is written down"


def test_a_message_is_in_the_language_that_its_caller_chose(world: World) -> None:
    caller = world.caller().ring().press("2", "1", "2")
    assert ticket_of(world, leaves_message(caller)).language == "en"


def test_a_message_is_kept_whatever_has_become_of_the_address(world: World, caller: Caller) -> None:
    """The file was changed in mid-call; and a step without a number is a fault, but no loss."""
    record = caller.xml.find("Record")
    assert record is not None
    address = record.attrib["action"].replace("lang=th", "lang=fr").replace("&n=", "&was=")
    caller.goes_to(address, **RECORDED)
    assert ticket_of(world, caller).language == "th"
    assert caller.xml.find("Dial") is not None, "the apology"


def test_a_message_that_comes_twice_is_one(world: World, caller: Caller) -> None:
    record = caller.heard
    leaves_message(caller)
    caller.heard = record
    leaves_message(caller)
    assert caller.says[0] == prompt(world, "message_kept")
    assert len(caller.says) == 2, "the number is told again"
    assert world.events(caller).count("recorded") == 1


def test_who_hangs_up_at_the_end_of_a_message_has_left_it(world: World, caller: Caller) -> None:
    leaves_message(caller, CallStatus="completed", Digits="hangup")
    caller.hangs_up()
    assert ticket_of(world, caller).source == "message"


def test_who_says_nothing_is_asked_once_more_and_then_let_go(world: World, caller: Caller) -> None:
    for told in ("nothing_heard", "goodbye"):
        redirect = caller.xml.find("Redirect")
        assert redirect is not None
        caller.goes_to(str(redirect.text))
        assert caller.says == [prompt(world, told)]
    assert caller.xml.find("Hangup") is not None
    assert world.read(tickets.ticket_of_call, caller.id) is None
    caller.hangs_up()
    with world.floor.db.read() as session:
        (row,) = abandoned.worklist(session, world.floor.section(Ivr), now=clock.now())
    assert (row.call_id, row.why) == (caller.id, "nobody"), "somebody calls them back"


def test_a_message_out_of_the_waiting_room_gives_the_place_up(world: World) -> None:
    world.agent(languages=["en"])  # somebody is there, but not for this caller yet
    caller = world.caller().ring().press("1", "1", "").waits()
    gather = caller.xml.find("Gather")
    assert gather is not None
    left = caller.left_url
    caller.goes_to(gather.attrib["action"], Digits="2")
    assert [verb.tag for verb in caller.xml] == ["Leave"]
    caller.goes_to(left, QueueResult="leave")
    assert caller.says == [prompt(world, "leave_message")]
    assert caller.stay.state == "waiting", "the place is kept until the message is there"
    leaves_message(caller)
    assert caller.stay.state == "left"
    caller.hangs_up()
    assert "abandoned" not in world.events(caller)


def test_a_recording_that_is_never_given_keeps_no_other_waiting(
    world: World, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "BATCH", 1)
    callers = [caller, world.caller().ring().press("1", "1", "2")]
    for n, each in enumerate(callers):
        leaves_message(each, RecordingSid=f"RE{n}", RecordingUrl=f"https://carrier.example/RE{n}")
    never, other = "https://carrier.example/RE0", "https://carrier.example/RE1"
    world.carrier.keeps.add(never)
    fetch = "ivr.fetch_recordings"
    world.sweep(fetch, seconds=60)
    assert world.carrier.of("fetch") == [], "it is the effect's turn"
    for _ in range(4):
        world.sweep(fetch, seconds=300)
    assert world.carrier.of("fetch") == [(never,), (other,), (never,), (never,)]
    assert world.carrier.of("delete") == [("RE1",)]
    world.sweep(fetch, seconds=14 * 24 * 3600)
    assert len(world.carrier.of("fetch")) == 4, "it is given up"


@pytest.mark.parametrize(
    ("role", "username", "may"),
    [
        (Role.SUPERVISOR, "", True),
        (Role.AGENT, "", True),
        (Role.DIVISION, "division", False),  # the message is the central desk's
        (Role.MANAGER, "", False),
        (Role.ADMINISTRATOR, "", False),
    ],
)
def test_who_may_hear_a_message(
    world: World, caller: Caller, role: Role, username: str, *, may: bool
) -> None:
    leaves_message(caller)
    world.deliver()
    token = sign_in_as(world.floor, role, username)
    with world.client.get("/recordings/1", headers={"Authorization": f"Bearer {token}"}) as answer:
        assert answer.status_code == (200 if may else 403)


@pytest.mark.parametrize(
    ("role", "heard"), [(Role.SUPERVISOR, 4), (Role.AGENT, 4), (Role.DIVISION, 0)]
)
def test_more_recordings_are_no_more_questions(
    world: World, caller: Caller, monkeypatch: pytest.MonkeyPatch, role: Role, heard: int
) -> None:
    callers = [caller, *(world.caller().ring().press("1", "1", "2") for _ in range(3))]
    for n, each in enumerate(callers):
        leaves_message(each, RecordingSid=f"RE{n}")
    ids = [each.id for each in callers]
    reader = world.read(partial(auth.identify, now=clock.now()), sign_in_as(world.floor, role))
    for each in (pages, base):
        monkeypatch.setattr(each, "current_account", lambda: reader)
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    sa.event.listen(world.floor.db.engine, "before_cursor_execute", note)
    with world.client.application.test_request_context():
        assert len(world.read(pages.hearable, ids)) == heard
    sa.event.remove(world.floor.db.engine, "before_cursor_execute", note)
    # for a division also who is away today, who is there, and what they are called
    most = 5 if role is Role.DIVISION else 2
    assert sum(each.startswith("SELECT") for each in asked) <= most, asked
