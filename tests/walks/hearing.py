"""What a caller hears: an answer of the hotline, read as a carrier would play it, and judged.

Everything that is said has to be a prompt of config.yaml in the voice of its language, with its
places filled by words, or one of the few texts that people write (bulletins, the news of a ticket).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

from ivr.config import Ivr
from ivr.speech import prompts
from ivr.speech.prompts import Clip


class BadlySaid(AssertionError):
    """Something that no caller should hear."""


@dataclass(frozen=True)
class Said:
    """One text in one voice; `file` instead of a text for a recording."""

    text: str
    tag: str
    file: str = ""


@dataclass(frozen=True)
class Heard:
    """An answer: what is said, and what then happens to the call."""

    document: str

    @cached_property
    def root(self) -> ElementTree.Element:
        return ElementTree.fromstring(self.document)

    @cached_property
    def said(self) -> tuple[Said, ...]:
        return tuple(self._said())

    def _said(self) -> Iterator[Said]:
        for verb in self.root.iter():
            if verb.tag == "Say":
                yield Said(verb.text or "", verb.get("language", ""))
            elif verb.tag == "Play":
                yield Said("", "", file=verb.text or "")

    @cached_property
    def last(self) -> ElementTree.Element:
        """The verb that holds the call. (A Redirect after it is what silence does.)"""
        verbs = [verb for verb in self.root if verb.tag not in ("Say", "Play", "Pause")]
        if not verbs:
            raise BadlySaid(f"an answer that leads nowhere: {self.document}")
        return verbs[0]

    @property
    def does(self) -> str:
        return self.last.tag

    @property
    def action(self) -> str:
        """Where the next thing that the caller does is told."""
        return self.last.get("action", "")

    @property
    def query(self) -> dict[str, str]:
        """What the address of the next step says of the caller's place."""
        return dict(parse_qsl(urlsplit(self.action).query))

    @property
    def silence(self) -> str:
        """Where silence leads: the Redirect behind a question or a recording."""
        redirect = self.root.find("Redirect")
        if redirect is None or not redirect.text:
            raise BadlySaid(f"silence leads nowhere: {self.document}")
        return redirect.text

    @property
    def is_quiet(self) -> bool:
        """Whether somebody else is heard next: an agent, or the waiting room's music."""
        meets = self.does == "Dial" and self.last.find("Conference") is not None
        return meets or self.does in ("Enqueue", "Leave")

    def happens(self) -> str:
        """What happens after the last word, for a reader; empty when the caller is asked."""
        number = self.last.find("Number")
        if number is not None:
            return f"[is put through to {number.text}]"
        words = {
            "Gather": "",
            "Redirect": "",
            "Record": f"[a tone; records up to {self.last.get('maxLength')} seconds]",
            "Enqueue": f"[waits in the queue {self.last.text}]",
            "Dial": "[talks with an agent]",
            "Hangup": "[the call ends]",
            "Leave": "[leaves the queue]",
        }
        if self.does not in words:
            raise BadlySaid(f"nobody knows what {self.does} does: {self.document}")
        return words[self.does]


class Judge:
    """Knows everything that may be said. `free` are texts that people wrote: bulletins, news."""

    def __init__(self, config: Ivr) -> None:
        self._config = config
        self._tags = {each.tag: language for language, each in config.languages.items()}
        self._known = {
            language: [
                _pattern(part)
                for texts in config.prompts.values()
                for part in prompts.parts(texts[language])
                if not isinstance(part, Clip)
            ]
            for language in config.languages
        }
        self.free: set[str] = set()

    def judge(self, heard: Heard, language: str, *, any_language: bool = False) -> None:
        """Raise when this is nothing that a caller of this language should hear."""
        heard.happens()
        if heard.does in ("Gather", "Record", "Redirect"):
            assert heard.silence
        if not heard.said and not heard.is_quiet:
            raise BadlySaid(f"silence: {heard.document}")
        for said in heard.said:
            if not said.file:
                self._judge(said, language, any_language=any_language)

    def _judge(self, said: Said, language: str, *, any_language: bool) -> None:
        spoken = self._tags.get(said.tag, "")
        if said.text in self.free:
            return
        if spoken != language and not any_language:
            raise BadlySaid(f"in the voice of {spoken} to who speaks {language}: {said.text}")
        if not said.text.strip():
            raise BadlySaid("an empty text")
        if "{" in said.text or "}" in said.text:
            raise BadlySaid(f"a place that nobody filled: {said.text}")
        for value in self._values(said.text, spoken):
            if any(character.isdigit() for character in value):
                raise BadlySaid(f"figures where words are due: {value} in: {said.text}")
            if not value.strip() or _other_script(value, spoken):
                raise BadlySaid(f"words of another language: “{value}” in: {said.text}")

    def _values(self, text: str, language: str) -> tuple[str, ...]:
        """What stands in the places of the prompt that this is."""
        matches = (known.match(text) for known in self._known[language])
        filled = [found.groups() for found in matches if found]
        if not filled:
            raise BadlySaid(f"no prompt in {language}: {text}")
        # of several that match, the one that fills least is meant
        return min(filled, key=lambda values: sum(map(len, values)))


def _pattern(text: str) -> re.Pattern[str]:
    parts = re.split(r"\{\w+\}", text)
    return re.compile("^" + "(.+?)".join(map(re.escape, parts)) + "$", re.DOTALL)


#: The letters that the words of a language are written in.
_SCRIPTS = {
    "th": re.compile(r"[฀-๿]"),
    "en": re.compile(r"[A-Za-z]"),
    "zh": re.compile(r"[一-鿿〇]"),
    "ru": re.compile(r"[А-Яа-яЁё]"),
}


def _other_script(value: str, language: str) -> bool:
    return any(script.search(value) for name, script in _SCRIPTS.items() if name != language)
