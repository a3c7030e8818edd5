"""The caller chooses a language; `prompt` is spoken in each, one after the other.

Who is known (by the number that was dialled, or by the language of the last call) is spared the
question, when the city has words for it; `*` brings it back.
"""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from hotline.config import Identifier, Language
from ivr.nodes.base import (
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

    def own_keys(self, _part: str) -> frozenset[str]:
        return frozenset(self.keys) | frozenset(self.goto)

    def enter(self, here: Here) -> Outcome:
        if not here.back:
            for language, prompt in (
                (here.world.language_dialled(), self.dialled),
                (here.world.spoken_before(), self.known),
            ):
                if prompt is not None and language in here.languages:
                    said = (Speak(prompt, str(language)),)
                    return Go(self.next, said, language=str(language), passed=True)
        return self.ask(here)

    def ask(self, here: Here) -> Stop:
        speaks = tuple(Speak(self.prompt, language) for language in here.languages)
        return Stop((Listen(speaks, self.timeout),))

    def answer(self, here: Here, given: Given) -> Outcome:
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
