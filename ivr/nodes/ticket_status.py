"""How a ticket stands, without waiting for anybody: its number, a proof that it is the caller's,
then state, division, deadline and last news; one key goes on to an agent with the ticket open.

The proof: the call comes from a telephone number of the ticket, or its last four digits are keyed.
"""

from typing import ClassVar, Literal

from hotline.config import Identifier
from ivr.nodes.base import (
    AboutTicket,
    Base,
    Exit,
    Given,
    Go,
    HangUp,
    Here,
    Listen,
    NodeName,
    Outcome,
    Read,
    Seconds,
    Speak,
    Stop,
    TicketSeen,
    Tries,
    Words,
    again,
    miss,
)
from ivr.speech import prompts
from ivr.speech.prompts import NOTHING, Places
from ivr.speech.spoken import Digits, Moment, Text
from tickets import numbers

#: The parts after the number: the proof, and what is told.
PROOF, TOLD = "proof", "told"

SLIP, UNKNOWN, LAST_FOUR, NOT_PROVEN = (
    "ticket_slip",
    "ticket_unknown",
    "ticket_last_four",
    "ticket_not_proven",
)
STANDS, DUE, CHANGED, NEWS, WHAT_NEXT = (
    "ticket_stands",
    "ticket_due",
    "ticket_changed",
    "ticket_news",
    "ticket_what_next",
)
#: One sentence a state (`tickets.workflow.State`).
STATES = {state: f"ticket_{state}" for state in ("received", "in_progress", "done", "cancelled")}
_PROOF_DIGITS = 4


class TicketStatus(Base):
    """`kind: ticket_status`"""

    kind: Literal["ticket_status"]
    #: "Key the number of your report, then the hash key."
    prompt: Identifier
    #: An agent who sees the ticket at once.
    agent: NodeName
    tries: Tries = 3
    timeout: Seconds = 6

    asks = True
    ends = True
    speaks: ClassVar[Places] = {
        SLIP: NOTHING,
        UNKNOWN: frozenset({"ticket"}),
        LAST_FOUR: NOTHING,
        NOT_PROVEN: NOTHING,
        STANDS: frozenset({"ticket", "division"}),
        **dict.fromkeys(STATES.values(), NOTHING),
        DUE: frozenset({"due"}),
        CHANGED: frozenset({"when"}),
        NEWS: NOTHING,
        WHAT_NEXT: NOTHING,
    }

    def exits(self) -> list[Exit]:
        return [Exit("agent", self.agent)]

    def silent(self) -> tuple[str, ...]:
        return (self.agent,)

    def own_keys(self, part: str) -> str:
        return "1" if part == TOLD else ""

    def enter(self, here: Here) -> Outcome:
        return self.ask(here)

    def ask(self, here: Here) -> Stop:
        part, number = here.position.part, here.position.held
        if part == PROOF:
            return Stop((self._listen(here.speak(LAST_FOUR)),), PROOF, number)
        ticket = here.world.ticket(number) if part == TOLD else None
        if ticket is not None:
            return self._tell(here, ticket)
        return Stop((self._listen(here.speak(self.prompt)),))

    def answer(self, here: Here, given: Given) -> Outcome:
        match here.position.part:
            case "proof":
                return self._proof(here, given)
            case "told":
                return self._after(here, given)
            case _:
                return self._number(here, given)

    def _number(self, here: Here, given: Given) -> Outcome:
        if not given.digits:
            return self._miss(here, given)
        try:
            number = numbers.parse(given.digits)
        except numbers.BadNumberError:
            return self._wrong(here, here.speak(SLIP))
        ticket = here.world.ticket(number)
        if ticket is None:
            return self._wrong(here, here.speak(UNKNOWN, ticket=Digits(number)))
        if here.world.caller() in ticket.callers:
            return self._tell(here, ticket, AboutTicket(number, proven=True))
        # who else calls must know the number that the report came from
        return Stop((self._listen(here.speak(LAST_FOUR)),), PROOF, number)

    def _proof(self, here: Here, given: Given) -> Outcome:
        if not given.digits:
            return self._miss(here, given)
        ticket = here.world.ticket(here.position.held)
        if ticket is not None and _proves(given.digits, ticket):
            return self._tell(here, ticket, AboutTicket(ticket.number, proven=True))
        return self._wrong(here, here.speak(NOT_PROVEN))

    def _after(self, here: Here, given: Given) -> Outcome:
        if given.digits == "1":
            return Go(self.agent)
        if given.digits and here.position.attempt == 0:
            return again(self, here, here.speak(prompts.WRONG_KEY), attempt=1)
        return Stop((here.speak(prompts.GOODBYE), HangUp()))

    def _tell(self, here: Here, ticket: TicketSeen, *acts: AboutTicket) -> Stop:
        """Everything at once, with the question what next: any key stops it."""
        today = here.world.now.date()
        said: list[Words] = [
            here.speak(STANDS, ticket=Digits(ticket.number), division=Text(ticket.division)),
            here.speak(STATES[ticket.state]),
        ]
        if ticket.due is not None:
            said.append(here.speak(DUE, due=Moment(ticket.due, today)))
        said.append(here.speak(CHANGED, when=Moment(ticket.changed, today)))
        # divisions write in the city's first language: in another voice nobody would understand it
        if ticket.news and here.language == here.languages[0]:
            said += [here.speak(NEWS), Read(ticket.news, here.language)]
        listen = Listen((*said, here.speak(WHAT_NEXT)), self.timeout)
        return Stop((listen,), TOLD, ticket.number, acts=acts)

    def _wrong(self, here: Here, told: Speak) -> Outcome:
        """The same question after a word of its own, or on to somebody who can look it up."""
        attempt = here.position.attempt + 1
        if attempt >= self.tries:
            number = here.position.held
            acts = (AboutTicket(number, proven=False),) if number else ()
            return Go(self.agent, (told, here.speak(prompts.LET_US_HELP)), acts=acts, missed=True)
        return again(self, here, told, attempt=attempt)

    def _miss(self, here: Here, given: Given) -> Outcome:
        return miss(self, here, given, tries=self.tries, otherwise=self.agent)

    def _listen(self, question: Speak) -> Listen:
        return Listen((question,), self.timeout, number=True)


def _proves(digits: str, ticket: TicketSeen) -> bool:
    return len(digits) == _PROOF_DIGITS and any(each.endswith(digits) for each in ticket.callers)
