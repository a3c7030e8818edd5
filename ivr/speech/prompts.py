"""What is spoken: the prompts that the engine itself needs, and how a prompt is put together.

A prompt has one entry a language: a text that the carrier's voice reads, a recording of the city
(`{play: welcome-th.wav}`), or a list that mixes both. A text may name places in braces, which are
filled with spoken values (`ivr.speech.spoken`).
"""

import string
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import AfterValidator, Discriminator, Field, StringConstraints, Tag

from hotline.config import Section

#: Told by themselves, in every flow.
WRONG_KEY, NOT_UNDERSTOOD, SILENCE = "wrong_key", "not_understood", "silence"
HELP, LET_US_HELP = "help", "let_us_help"
TRANSFER_FAILED, GOODBYE = "transfer_failed", "goodbye"
#: Read on when something of ours has failed, before the caller is put through.
APOLOGY = "apology"
#: Heard after the fallback number: by those whom nobody answered there, and by those who have
#: talked and are still on the line, since that document cannot tell them apart.
TRY_AGAIN = "try_again"
#: Heard in the waiting room.
POSITION, NEXT_IN_LINE, STILL_WAITING = "position", "next_in_line", "still_waiting"
EXPECTED_WAIT, LONG_WAIT = "expected_wait", "long_wait"
#: Who was cut off and calls again is back in the old place.
RESUMED = "resumed"
#: The agent was cut off: heard at once, and when the agent does not come back.
CUT_OFF, AGENT_GONE = "cut_off", "agent_gone"

Places = Mapping[str, frozenset[str]]
NOTHING: frozenset[str] = frozenset()

#: Each prompt that every hotline needs, with the `{places}` that it fills in.
SPOKEN_BY_THE_ENGINE: Places = {
    WRONG_KEY: NOTHING,
    NOT_UNDERSTOOD: NOTHING,
    SILENCE: NOTHING,
    HELP: NOTHING,
    LET_US_HELP: NOTHING,
    TRANSFER_FAILED: NOTHING,
    GOODBYE: NOTHING,
    APOLOGY: NOTHING,
    TRY_AGAIN: NOTHING,
    NEXT_IN_LINE: NOTHING,
    STILL_WAITING: NOTHING,
    POSITION: frozenset({"position"}),
    EXPECTED_WAIT: frozenset({"wait"}),
    LONG_WAIT: NOTHING,
    RESUMED: NOTHING,
    CUT_OFF: NOTHING,
    AGENT_GONE: NOTHING,
}

#: A recording's name inside the folder `ivr.audio`: no way out of that folder.
FileName = Annotated[
    str, StringConstraints(pattern=r"^[\w-][\w.-]*(/[\w-][\w.-]*)*$", max_length=200)
]


def _not_empty(text: str) -> str:
    if not text:
        raise ValueError("this text is missing")
    return text


Spoken = Annotated[str, AfterValidator(_not_empty)]


class Clip(Section):
    """A recording of the city."""

    play: FileName


def _shape(value: object) -> str | None:
    """What a prompt, or a part of one, is meant to be, so that only that is complained of."""
    if isinstance(value, str):
        return "text"
    if isinstance(value, Clip | Mapping):
        return "recording"
    return "parts" if isinstance(value, list) else None


_NEITHER = Discriminator(
    _shape,
    custom_error_type="prompt",
    custom_error_message="neither a text, nor a recording {play: …}, nor a list of both",
)
_Text = Annotated[Spoken, Tag("text")]
_Recording = Annotated[Clip, Tag("recording")]
Part = Annotated[_Text | _Recording, _NEITHER]
_Parts = Annotated[list[Part], Field(min_length=1), Tag("parts")]
Prompt = Annotated[_Text | _Recording | _Parts, _NEITHER]


def sayable(text: str) -> str:
    """A text as a voice reads it: on one line, without what no XML can carry (XML 1.0, 2.2)."""
    said = (char for char in text if char.isspace() or _can_be_sent(char))
    return " ".join("".join(said).split())


def _can_be_sent(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cs") and char not in "\ufffe\uffff"


def parts(prompt: Prompt) -> list[Part]:
    """A prompt as the list of what is said and played, in order."""
    return prompt if isinstance(prompt, list) else [prompt]


def places(text: str) -> set[str]:
    """The places that a text names; raises ValueError for broken braces."""
    return {place for _, place, _, _ in string.Formatter().parse(text) if place is not None}


def clips(prompt: Prompt) -> Iterator[tuple[str, str]]:
    """(path inside the prompt, file) of every recording in it."""
    for number, part in enumerate(parts(prompt)):
        if isinstance(part, Clip):
            yield (f"{number}.play" if isinstance(prompt, list) else "play"), part.play
