"""The caller takes a place in a queue, told before it if the conversation is to be recorded."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from hotline.config import Identifier
from ivr.nodes.base import (
    Base,
    Consented,
    Enqueue,
    Given,
    Here,
    Key,
    Listen,
    Outcome,
    Seconds,
    Stop,
)

#: The part in which the caller may refuse.
CONSENT = "consent"


class ToQueue(Base):
    """`kind: queue`"""

    kind: Literal["queue"]
    queue: Identifier
    prompt: Identifier | None = None
    #: Added to the queue's own priority; the higher goes first.
    priority: Annotated[int, Field(ge=0, le=100)] = 0
    #: Said before the place is taken, once a call: that the conversation will be recorded. Without
    #: it nothing is recorded.
    consent: Identifier | None = None
    #: The key that refuses the recording.
    refuse: Key = "5"
    #: Seconds to press it after the last word.
    timeout: Seconds = 2

    ends = True
    cared_for = True

    def prompts(self) -> Iterator[tuple[str, str]]:
        for path in ("prompt", "consent"):
            if prompt := getattr(self, path):
                yield path, prompt

    def own_keys(self, part: str) -> str:
        # whatever is pressed at the question, the caller is on the way to a person
        return "0123456789*" if part == CONSENT else ""

    def enter(self, here: Here) -> Outcome:
        if self.consent is not None and not here.position.consent:
            return self.ask(here)
        return self._take(here, here.position.consent)

    def ask(self, here: Here, attempt: int = 0) -> Stop:
        assert self.consent is not None
        listen = Listen((here.speak(self.consent),), self.timeout)
        return Stop((listen,), part=CONSENT, attempt=attempt)

    def answer(self, here: Here, given: Given) -> Outcome:
        if here.position.part != CONSENT or self.consent is None:
            return self.enter(here)
        if not given.digits:  # told to the end, and did not refuse
            return self._take(here, "given", Consented("given"))
        if given.digits == self.refuse or here.position.attempt:
            return self._take(here, "refused", Consented("refused"))
        # a key cuts the notice short: who may not have heard it has agreed to nothing. It is said
        # once more; cut short again, the conversation is not recorded.
        return self.ask(here, attempt=1)

    def _take(self, here: Here, consent: str, *acts: Consented) -> Stop:
        said = () if self.prompt is None else (here.speak(self.prompt),)
        return Stop((*said, Enqueue(self.queue)), acts=acts, consent=consent)
