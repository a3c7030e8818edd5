"""A message: recorded, kept, and a ticket that somebody answers for."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from hotline.config import Identifier
from ivr.nodes.base import Base, Given, HangUp, Here, Outcome, Record, Stop
from ivr.speech import prompts
from ivr.speech.prompts import NOTHING, Places

NOTHING_HEARD = "nothing_heard"
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
    speaks: ClassVar[Places] = {NOTHING_HEARD: NOTHING}

    def prompts(self) -> Iterator[tuple[str, str]]:
        yield "prompt", self.prompt
        yield "thanks", self.thanks

    def enter(self, here: Here) -> Outcome:
        return Stop((here.speak(self.prompt), Record(self.longest)))

    def answer(self, here: Here, given: Given) -> Outcome:
        """`given.speech` is `recorded` when a message was left: the edge keeps it."""
        if given.speech == RECORDED:
            return Stop((here.speak(self.thanks), HangUp()))
        attempt = here.position.attempt + 1
        if attempt < _TRIES:
            return Stop((here.speak(NOTHING_HEARD), Record(self.longest)), attempt=attempt)
        return Stop((here.speak(prompts.GOODBYE), HangUp()))


#: What comes in when a message was left.
RECORDED = "recorded"
