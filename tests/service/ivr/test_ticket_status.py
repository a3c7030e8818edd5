"""How a ticket stands, told to who proves that it is theirs, and on to an agent with it open."""

import pytest

from ivr import calls
from tests.service.ivr.shipped import agent, city_config, prompt
from tests.service.ivr.world import Agent, Caller, World
from tickets import numbers
from tickets import service as tickets
from tickets.config import Tickets
from tickets.workflow import Result, State

__all__ = ["agent", "city_config"]

NUMBER = "+66812345678"


@pytest.fixture
def ticket(world: World) -> tickets.TicketFacts:
    """A complaint from NUMBER."""
    with world.floor.db.write() as session:
        call_id, _ = calls.arrive(
            session,
            calls.Arrival("CAearlier", NUMBER, "1337"),
            language="th",
            at="language",
            now=world.clock.now(),
        )
        return tickets.record_call(
            session,
            world.floor.section(Tickets),
            call_id=call_id,
            outcome="complaint",
            category="flood",
            note="น้ำท่วมซอยบัวขาว",
            caller=NUMBER,
            now=world.clock.now(),
        )


def asks(caller: Caller, number: str, language: str = "1") -> Caller:
    return caller.ring().press(language, "4", number)


def told(caller: Caller) -> str:
    return " ".join(caller.says)


def test_who_reported_it_hears_how_it_stands(world: World, ticket: tickets.TicketFacts) -> None:
    caller = asks(world.caller(NUMBER), ticket.number)
    assert "สำนักช่างสุขาภิบาล" in told(caller)
    assert prompt(world, "ticket_received") in told(caller)
    assert "พรุ่งนี้" in told(caller), "a flood is due within 24 hours"
    assert "น้ำท่วมซอยบัวขาว" not in told(caller)
    assert world.events(caller)[-1] == "asked_ticket"


def test_it_is_told_in_the_callers_language(world: World, ticket: tickets.TicketFacts) -> None:
    caller = asks(world.caller(NUMBER), ticket.number, "2")
    assert "Sanitary Engineering Bureau" in told(caller)
    assert "one zero zero, zero zero" in told(caller), "digit by digit, in the groups people read"
    assert "tomorrow at" in told(caller)


def test_another_telephone_has_to_know_the_last_four_digits(
    world: World, ticket: tickets.TicketFacts
) -> None:
    caller = asks(world.caller(), ticket.number)
    assert caller.says == [prompt(world, "ticket_last_four")]
    caller.press("1234")
    assert caller.says[0] == prompt(world, "ticket_not_proven")
    caller.press("5678")
    assert prompt(world, "ticket_received") in told(caller)


def test_who_cannot_prove_it_reaches_somebody_and_hears_nothing(
    world: World, ticket: tickets.TicketFacts, agent: Agent
) -> None:
    caller = asks(world.caller(), ticket.number).press("1", "2", "3")
    assert "สำนัก" not in told(caller)
    caller.press("")  # the question about the recording
    assert agent.offer["call_id"] == caller.id


def test_what_division_said_on_closing_is_read_to_who_reads_it(
    world: World, ticket: tickets.TicketFacts
) -> None:
    supervisor = tickets.Actor("supervisor", tickets.Role.SUPERVISOR)
    world.clock.advance(hours=1)
    with world.floor.db.write() as session:
        for to, result, text in (
            (State.IN_PROGRESS, None, ""),
            (State.DONE, Result.FIXED, "ลอกท่อเรียบร้อยแล้ว"),
        ):
            ticket = tickets.move(
                session,
                world.floor.section(Tickets),
                ticket,
                to,
                actor=supervisor,
                result=result,
                text=text,
                now=world.clock.now(),
            )
    thai = asks(world.caller(NUMBER), ticket.number)
    assert "ลอกท่อเรียบร้อยแล้ว" in thai.says
    assert prompt(world, "ticket_done") in told(thai)
    thai.hangs_up()
    english = world.caller(NUMBER).ring().press("*", "2", "4", ticket.number)
    assert prompt(world, "ticket_done", "en") in told(english)
    assert "ลอกท่อ" not in told(english), "in another voice nobody would understand it"


def test_a_key_goes_on_to_an_agent_with_the_ticket_open(
    world: World, ticket: tickets.TicketFacts, agent: Agent
) -> None:
    caller = asks(world.caller(NUMBER), ticket.number).press("1", "")
    agent.talks_with(caller)
    desk = agent.ask("GET", "/calls/current").get_data(as_text=True)
    assert f'href="/tickets/{ticket.number}"' in desk
    assert f'value="{ticket.number_shown}"' in desk


@pytest.mark.parametrize("number", ["1000018", "12", "99999999"])
def test_a_slip_is_caught_and_asked_again(
    world: World, ticket: tickets.TicketFacts, number: str
) -> None:
    caller = asks(world.caller(NUMBER), number)
    assert caller.says[0] == prompt(world, "ticket_slip")
    assert prompt(world, "ticket_received") in told(caller.press(ticket.number))


def test_no_such_ticket(world: World, ticket: tickets.TicketFacts) -> None:
    unknown = numbers.make(ticket.id + 1)
    caller = asks(world.caller(NUMBER), unknown)
    assert "ไม่พบเรื่องหมายเลข" in caller.says[0]


def test_the_number_is_not_in_the_story_of_the_steps(
    world: World, ticket: tickets.TicketFacts
) -> None:
    caller = asks(world.caller(), ticket.number).press("5678")
    digits = [e.data["digits"] for e in world.story(caller) if e.kind == "step"]
    assert digits == ["1", "4", "", ""]
