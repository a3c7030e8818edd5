"""A message: recorded, kept, and a ticket that somebody answers for, whose number is told: with it
the caller can hear later how the matter stands.
"""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from hotline.config import Identifier
from ivr.nodes.base import Base, Given, HangUp, Here, Outcome, Record, Stop
from ivr.speech import prompts
from ivr.speech.prompts import NOTHING, Places
from ivr.speech.spoken import Digits

NOTHING_HEARD, MESSAGE_NUMBER = "nothing_heard", "message_number"
#: How often somebody who said nothing is asked.
_TRIES = 2


class Voicemail(Base):
    """`kind: voicemail`"""

    kind: Literal["voicemail"]
    #: "After the tone, say … and press the hash key."
    prompt: Identifier
    thanks: Identifier
    #: Seconds that a message may last.
    longest: Annotated[int, Field(ge=5, le=600)] = 120

    ends = True
    cared_for = True
    speaks: ClassVar[Places] = {NOTHING_HEARD: NOTHING, MESSAGE_NUMBER: frozenset({"ticket"})}

    def prompts(self) -> Iterator[tuple[str, str]]:
        yield "prompt", self.prompt
        yield "thanks", self.thanks

    def enter(self, here: Here) -> Outcome:
        return Stop((here.speak(self.prompt), Record(self.longest)))

    def answer(self, here: Here, given: Given) -> Outcome:
        """`given.speech` is `recorded` when a message was left: the edge has kept it."""
        if given.speech == RECORDED:
            number = here.world.ticket_of_call()
            told = (here.speak(MESSAGE_NUMBER, ticket=Digits(number)),) if number else ()
            return Stop((here.speak(self.thanks), *told, HangUp()))
        attempt = here.position.attempt + 1
        if attempt < _TRIES:
            return Stop((here.speak(NOTHING_HEARD), Record(self.longest)), attempt=attempt)
        return Stop((here.speak(prompts.GOODBYE), HangUp()))


#: What comes in when a message was left.
RECORDED = "recorded"
