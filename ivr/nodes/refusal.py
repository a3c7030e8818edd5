"""Who is on the block list: a polite refusal, and the emergency services all the same."""

from typing import Literal

from hotline.config import Identifier
from ivr.nodes.base import (
    GENERAL,
    Base,
    Exit,
    Given,
    Go,
    HangUp,
    Here,
    Key,
    Listen,
    NodeName,
    Outcome,
    Refuse,
    Seconds,
    Stop,
)
from ivr.speech import prompts


class Refusal(Base):
    """`kind: refusal`"""

    kind: Literal["refusal"]
    #: Names the key: "For an emergency, press 9."
    prompt: Identifier
    key: Key = "9"
    emergency: NodeName
    timeout: Seconds = 5

    asks = True
    ends = True

    def exits(self) -> list[Exit]:
        return [Exit("emergency", self.emergency)]

    def own_keys(self, _part: str) -> frozenset[str]:
        # nobody talks a refused caller's way to a person by pressing 0
        return frozenset(GENERAL) | {self.key}

    def enter(self, here: Here) -> Outcome:
        asked = self.ask(here)
        return Stop(asked.verbs, acts=(Refuse(),))

    def ask(self, here: Here) -> Stop:
        return Stop((Listen((here.speak(self.prompt),), self.timeout),))

    def answer(self, here: Here, given: Given) -> Outcome:
        if given.digits == self.key:
            return Go(self.emergency)
        return Stop((here.speak(prompts.GOODBYE), HangUp()))
