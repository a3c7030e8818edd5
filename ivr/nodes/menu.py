"""The caller presses a key or, where the language has words for it, says one of them.

Wrong keys and silence: the menu again, then help, then on to a person.
"""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from hotline.config import Identifier, Language
from ivr.nodes.base import (
    PERSON,
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
    keyed,
    miss,
)
from ivr.speech import prompts

#: The part in which the caller has chosen no language yet.
EVERY_LANGUAGE = "every"


class Menu(Base):
    """`kind: menu`"""

    kind: Literal["menu"]
    prompt: Identifier
    keys: dict[Key, NodeName]
    #: What may be said instead of a key, 0 included: key → language → words. A language without any
    #: has no speech here.
    words: dict[Key, dict[Language, tuple[str, ...]]] = Field(default_factory=dict)
    #: Said before the question at the second miss; None: the hotline's own `help`.
    help: Identifier | None = None
    #: Where the caller is led after `tries` wrong keys or silences; None: to a person.
    otherwise: NodeName | None = None
    tries: Tries = 3
    timeout: Seconds = 5

    asks = True

    def exits(self) -> list[Exit]:
        last = [] if self.otherwise is None else [Exit("otherwise", self.otherwise)]
        return [*keyed("keys", self.keys), *last]

    def silent(self) -> tuple[str, ...]:
        return () if self.otherwise is None else (self.otherwise,)

    def prompts(self) -> Iterator[tuple[str, str]]:
        yield "prompt", self.prompt
        if self.help is not None:
            yield "help", self.help

    def own_keys(self, _part: str) -> frozenset[str]:
        return frozenset(self.keys)

    def enter(self, here: Here) -> Outcome:
        return self._in_every_language(here) if here.unchosen else self.ask(here)

    def ask(self, here: Here) -> Stop:
        if here.position.part == EVERY_LANGUAGE:
            return self._in_every_language(here)
        speaks = (here.speak(self.prompt),)
        return Stop((Listen(speaks, self.timeout, hints=self._hints(here.language)),))

    def _in_every_language(self, here: Here) -> Stop:
        """One after the other; any key stops it."""
        speaks = tuple(Speak(self.prompt, language) for language in here.languages)
        return Stop((Listen(speaks, self.timeout),), part=EVERY_LANGUAGE)

    def answer(self, here: Here, given: Given) -> Outcome:
        key = given.digits or self._key_said(given.speech, here.language)
        if key in self.keys:
            return Go(self.keys[key])
        if key == PERSON and here.person:
            return Go(here.person)
        return miss(
            self,
            here,
            given,
            tries=self.tries,
            otherwise=self.otherwise or here.person,
            help_=self.help or prompts.HELP,
        )

    def _hints(self, language: str) -> tuple[str, ...]:
        return tuple(word for by in self.words.values() for word in by.get(language, ()))

    def _key_said(self, speech: str, language: str) -> str:
        """The key whose words were said; empty when none were, or those of several. A person
        gives way to what the person is wanted for.
        """
        said = _plain(speech)
        found = {
            key
            for key, by in self.words.items()
            if said and any(_plain(word) in said for word in by.get(language, ()))
        }
        if len(found) > 1:
            found.discard(PERSON)
        return found.pop() if len(found) == 1 else ""


def _plain(text: str) -> str:
    """Without case, spaces and punctuation: recognisers differ in all three, and Thai has no
    spaces to begin with.
    """
    return "".join(filter(_is_spoken, text.casefold()))


def _is_spoken(character: str) -> bool:
    # Thai vowels and tone marks are no letters to Unicode
    return character.isalnum() or "\u0e30" <= character <= "\u0e4e"
