"""After the conversation: one key says how it was."""

from collections.abc import Iterator
from typing import Literal

from hotline.config import Identifier
from ivr.nodes.base import (
    Base,
    Given,
    HangUp,
    Here,
    Key,
    Listen,
    Outcome,
    Rated,
    Seconds,
    Stop,
    again,
)
from ivr.speech import prompts


class Survey(Base):
    """`kind: survey`"""

    kind: Literal["survey"]
    prompt: Identifier
    #: Key → mark; the larger is the better.
    marks: dict[Key, int]
    thanks: Identifier
    timeout: Seconds = 6

    asks = True
    ends = True

    def prompts(self) -> Iterator[tuple[str, str]]:
        yield "prompt", self.prompt
        yield "thanks", self.thanks

    def own_keys(self, _part: str) -> str:
        return "0123456789*"

    def enter(self, here: Here) -> Outcome:
        return self.ask(here)

    def ask(self, here: Here) -> Stop:
        return Stop((Listen((here.speak(self.prompt),), self.timeout),))

    def answer(self, here: Here, given: Given) -> Outcome:
        if given.digits in self.marks:
            rated = Rated(self.marks[given.digits])
            return Stop((here.speak(self.thanks), HangUp()), acts=(rated,))
        if given.digits and here.position.attempt == 0:
            return again(self, here, here.speak(prompts.WRONG_KEY), attempt=1)
        return Stop((here.speak(prompts.GOODBYE), HangUp()))
