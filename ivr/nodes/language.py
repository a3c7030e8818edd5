"""The caller chooses a language; `prompt` is spoken in each, one after the other.

Who is known (by the number that was dialled, or by the language of the last call) is greeted in
that language instead, when the city has words for it; `*` brings the question back. Out of habit
many press the key of their language all the same: it means just that, and every other key is the
answer to the question that comes next.
"""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from hotline.config import Identifier, Language
from ivr.nodes.base import (
    BACK,
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
    Speak,
    Stop,
    Tries,
    again,
    keyed,
)
from ivr.speech import prompts

#: The part in which the caller is greeted in a language that is known.
GREETED = "greeted"
#: Seconds after the greeting; the next question follows.
_PAUSE = 1


class LanguageChoice(Base):
    """`kind: language`"""

    kind: Literal["language"]
    prompt: Identifier
    keys: dict[Key, Language]
    #: Keys that lead somewhere at once, whatever the language: an emergency waits for no choice.
    goto: dict[Key, NodeName] = Field(default_factory=dict)
    #: Taken when nothing is chosen.
    default: Language
    next: NodeName
    #: Said to a caller who called before, in the language of that call; None: asked each time.
    known: Identifier | None = None
    #: Said where the number that was dialled has a language of its own; None: asked each time.
    dialled: Identifier | None = None
    tries: Tries = 2
    timeout: Seconds = 5

    asks = True

    def exits(self) -> list[Exit]:
        return [*keyed("goto", self.goto), Exit("next", self.next)]

    def silent(self) -> tuple[str, ...]:
        return (self.next,)

    def prompts(self) -> Iterator[tuple[str, str]]:
        for path in ("prompt", "known", "dialled"):
            if prompt := getattr(self, path):
                yield path, prompt

    def own_keys(self, part: str) -> frozenset[str]:
        keys = frozenset(self.keys) | frozenset(self.goto)
        return keys | {BACK} if part == GREETED else keys

    def enter(self, here: Here) -> Outcome:
        return (None if here.back else self._greeting(here)) or self._question(here)

    def ask(self, here: Here) -> Stop:
        greeting = self._greeting(here) if here.position.part == GREETED else None
        return greeting or self._question(here)

    def _question(self, here: Here) -> Stop:
        speaks = tuple(Speak(self.prompt, language) for language in here.languages)
        return Stop((Listen(speaks, self.timeout),))

    def _greeting(self, here: Here) -> Stop | None:
        """In the language that is known; None when there is none, or no words for it."""
        for language, prompt in (
            (here.world.language_dialled(), self.dialled),
            (here.world.spoken_before(), self.known),
        ):
            if prompt is not None and language in here.languages:
                listen = Listen((Speak(prompt, str(language)),), _PAUSE)
                return Stop((listen,), GREETED, language=str(language))
        return None

    def _greeted(self, here: Here, given: Given) -> Outcome:
        key = given.digits
        if key == BACK:
            return self._question(here)
        if key in self.goto:
            return Go(self.goto[key])
        known = not key or self.keys.get(key) == here.language
        return Go(self.next, given=None if known else given)

    def answer(self, here: Here, given: Given) -> Outcome:
        if here.position.part == GREETED:
            return self._greeted(here, given)
        if given.digits in self.keys:
            return Go(self.next, language=self.keys[given.digits])
        if given.digits in self.goto:
            return Go(self.goto[given.digits], unchosen=True)
        attempt = here.position.attempt + 1
        if attempt < self.tries:
            # who only listens to the languages is not hurried in one of them
            wrong = (here.speak(prompts.WRONG_KEY),) if given.digits else ()
            return again(self, here, *wrong, attempt=attempt)
        return Go(self.next, language=self.default, missed=True)
