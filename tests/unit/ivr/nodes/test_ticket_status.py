"""`kind: ticket_status`: how a ticket stands, without waiting for anybody.

| field     | default  | meaning                                  |
| --------- | -------- | ---------------------------------------- |
| `prompt`  | required | asks for the number, and names the # key |
| `agent`   | required | an agent who sees the ticket at once     |
| `tries`   | 3        | how often each is asked                  |
| `timeout` | 6        | seconds                                  |
"""

from dataclasses import replace

import pytest

from ivr.nodes.base import AboutTicket, HangUp, Listen, Position, TicketSeen
from ivr.speech.spoken import Digits, Moment, Text
from ivr.steps import Given, advance, begin
from tests.unit.ivr.worlds import (
    NOON,
    OTHER,
    SEEN,
    SLIP,
    TICKET,
    UNKNOWN,
    AWorld,
    around,
    told,
    values,
)

FLOW = around({"kind": "ticket_status", "prompt": "which", "agent": "agent"})
HERE = Position("here", "th")
KNOWN = AWorld(tickets={TICKET: SEEN})
STRANGER = replace(KNOWN, number=OTHER)
PROOF = Position("here", "th", part="proof", held=TICKET)
WHOLE = [
    "ticket_stands/th",
    "ticket_in_progress/th",
    "ticket_due/th",
    "ticket_changed/th",
    "ticket_news/th",
    "“ช่างจะเข้าพื้นที่วันจันทร์”/th",
    "ticket_what_next/th",
]


def test_it_asks_for_a_number() -> None:
    step = begin(FLOW)
    (listen,) = step.verbs
    assert isinstance(listen, Listen)
    assert (told(step), listen.number) == (["which/th"], True)


@pytest.mark.parametrize("keyed", [TICKET, f"{TICKET}#"])
def test_the_callers_own_ticket_is_told_at_once(keyed: str) -> None:
    step = advance(FLOW, HERE, Given(keyed), KNOWN)
    assert (step.heard, told(step)) == ("number", WHOLE)
    assert step.acts == (AboutTicket(TICKET, proven=True),)
    assert SEEN.due is not None
    assert values(step) == {
        "ticket": Digits(TICKET),
        "division": Text(SEEN.division),
        "due": Moment(SEEN.due, NOON.date()),
        "when": Moment(SEEN.changed, NOON.date()),
    }


def test_news_are_read_in_the_language_that_the_divisions_write_alone() -> None:
    step = advance(FLOW, Position("here", "en"), Given(TICKET), KNOWN)
    assert not [each for each in told(step) if "news" in each or "“" in each]


@pytest.mark.parametrize("state", ["received", "in_progress", "done", "cancelled"])
def test_every_state_has_its_sentence(state: str) -> None:
    seen: TicketSeen = replace(SEEN, state=state, due=None, news="")
    step = advance(FLOW, HERE, Given(TICKET), AWorld(tickets={TICKET: seen}))
    said = ["ticket_stands/th", f"ticket_{state}/th", "ticket_changed/th", "ticket_what_next/th"]
    assert told(step) == said


@pytest.mark.parametrize(
    ("keyed", "first"),
    [(SLIP, "ticket_slip/th"), ("12", "ticket_slip/th"), (UNKNOWN, "ticket_unknown/th")],
)
def test_a_slip_and_a_number_that_nobody_has_are_told_apart(keyed: str, first: str) -> None:
    step = advance(FLOW, HERE, Given(keyed), KNOWN)
    assert (step.heard, told(step), step.acts) == ("wrong", [first, "which/th"], ())


def test_silence_is_told_then_helped_then_led_to_a_person() -> None:
    once = advance(FLOW, HERE, Given())
    assert told(once) == ["silence/th", "which/th"]
    twice = advance(FLOW, once.position, Given())
    assert told(twice) == ["help/th", "which/th"]
    assert advance(FLOW, twice.position, Given()).queue == "information"


def test_somebody_else_has_to_prove_that_it_is_theirs() -> None:
    asked = advance(FLOW, HERE, Given(TICKET), STRANGER)
    assert (told(asked), asked.acts) == (["ticket_last_four/th"], ())
    assert (asked.position.part, asked.position.held) == ("proof", TICKET)
    step = advance(FLOW, asked.position, Given("5678"), STRANGER)
    assert (told(step), step.acts) == (WHOLE, (AboutTicket(TICKET, proven=True),))


@pytest.mark.parametrize("digits", ["0000", "678", "12345678"])
def test_a_wrong_proof_tells_nothing_and_ends_with_a_person(digits: str) -> None:
    step = advance(FLOW, PROOF, Given(digits), STRANGER)
    assert (step.heard, told(step)) == ("wrong", ["ticket_not_proven/th", "ticket_last_four/th"])
    last = advance(FLOW, replace(PROOF, attempt=2), Given(digits), STRANGER)
    assert told(last) == ["ticket_not_proven/th", "let_us_help/th", "to_agent/th"]
    assert (last.queue, last.acts) == ("information", (AboutTicket(TICKET, proven=False),))


def test_what_was_told_is_told_again_or_talked_over_or_enough() -> None:
    told_ = Position("here", "th", part="told", held=TICKET)
    assert told(advance(FLOW, told_, Given("#"), KNOWN)) == WHOLE
    assert advance(FLOW, told_, Given("1"), KNOWN).queue == "information"
    assert advance(FLOW, told_, Given("0"), KNOWN).queue == "information"
    assert advance(FLOW, told_, Given(), KNOWN).verbs[-1] == HangUp()
    slip = advance(FLOW, told_, Given("7"), KNOWN)
    assert told(slip) == ["wrong_key/th", *WHOLE]
    assert advance(FLOW, slip.position, Given("7"), KNOWN).verbs[-1] == HangUp()
