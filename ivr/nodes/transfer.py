"""The caller is put through to a number outside, and comes back when nobody answers there."""

from typing import ClassVar, Literal

from hotline.config import Identifier
from ivr.nodes.base import (
    DIAL_DONE,
    Base,
    Dial,
    Exit,
    Given,
    Go,
    HangUp,
    Here,
    NodeName,
    Number,
    Outcome,
    Seconds,
    Stop,
)
from ivr.speech import prompts

#: What comes in when a `<Dial>` could not even begin to tell how it went.
_BUSY, _NO_ANSWER = "busy", "no-answer"


class Transfer(Base):
    """`kind: transfer`"""

    kind: Literal["transfer"]
    number: Number
    prompt: Identifier | None = None
    #: Where a caller comes back to whom nobody answered; `busy` and `no_answer` may lead elsewhere.
    failed: NodeName
    busy: NodeName | None = None
    no_answer: NodeName | None = None
    timeout: Seconds = 30

    ends = True
    emergency: ClassVar[bool] = False

    def exits(self) -> list[Exit]:
        return [
            Exit(path, to)
            for path in ("busy", "no_answer", "failed")
            if (to := getattr(self, path, None)) is not None
        ]

    def silent(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(way.to for way in self.exits()))

    def enter(self, here: Here) -> Outcome:
        said = () if self.prompt is None else (here.speak(self.prompt),)
        return Stop((*said, Dial(self.number, self.timeout, self.emergency)))

    def answer(self, here: Here, given: Given) -> Outcome:
        if given.dial in DIAL_DONE:
            return Stop((here.speak(prompts.GOODBYE), HangUp()))
        to = {_BUSY: self.busy, _NO_ANSWER: self.no_answer}.get(given.dial) or self.failed
        return Go(to, (here.speak(prompts.TRANSFER_FAILED),))
