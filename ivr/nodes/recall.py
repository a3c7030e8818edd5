"""Who was promised a callback and calls again: may wait on the line instead, in the same place."""

from typing import Literal

from pydantic import Field

from hotline.config import Identifier
from ivr.nodes.base import (
    BackToPlace,
    Base,
    Exit,
    Given,
    Go,
    Here,
    Key,
    Listen,
    NodeName,
    Outcome,
    Seconds,
    Stop,
    TakePlace,
    keyed,
)


class Recall(Base):
    """`kind: recall`"""

    kind: Literal["recall"]
    #: "You asked to be called back. To wait on the line in your place, press 1."
    prompt: Identifier
    key: Key = "1"
    #: Everybody else: the callback stands, and the call goes on here.
    next: NodeName
    #: Keys that lead somewhere at once: an emergency waits for no question.
    goto: dict[Key, NodeName] = Field(default_factory=dict)
    timeout: Seconds = 4

    asks = True

    def exits(self) -> list[Exit]:
        return [*keyed("goto", self.goto), Exit("next", self.next)]

    def silent(self) -> tuple[str, ...]:
        return (self.next,)

    def own_keys(self, _part: str) -> frozenset[str]:
        return frozenset(self.goto) | {self.key}

    def enter(self, here: Here) -> Outcome:
        return self.ask(here)

    def ask(self, here: Here) -> Stop:
        return Stop((Listen((here.speak(self.prompt),), self.timeout),))

    def answer(self, _here: Here, given: Given) -> Outcome:
        if given.digits == self.key:
            return Stop((BackToPlace(),), acts=(TakePlace(),))
        return Go(self.goto.get(given.digits, self.next))
