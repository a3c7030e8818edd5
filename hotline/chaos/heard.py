"""What a caller may hear: the sentences of the city's file, and an apology only with a transfer.

Pure: a call's story as the exchange's handset tells it in, faults in words out.
"""

import re
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hotline.city import CityConfig
from ivr.speech import prompts

#: Kinds of lines that are no fault; a kind that is not here (`error`) is one.
KINDS = frozenset(
    {"say", "play", "key", "pause", "ring", "queue", "conference", "dial", "record", "end"}
)
#: Seconds of the wall after the answer in which a caller must have heard something. The carrier
#: gives a webhook 15 s, and asks for the fallback document after that.
FIRST_WORDS = 20.0

Line = Mapping[str, Any]


@dataclass(frozen=True)
class Sentences:
    """All that the hotline can say, and where it puts through who hears the apology."""

    all: re.Pattern[str]
    apology: re.Pattern[str]
    fallback_number: str

    @classmethod
    def of(cls, config: CityConfig) -> "Sentences":
        """Those of a city's file, in every language; `{places}` may be anything."""
        texts = config.ivr.model_dump()["prompts"]
        return cls(
            _any(_texts(texts)), _any(_texts(texts[prompts.APOLOGY])), config.city.fallback_number
        )


def faults(call: Mapping[str, Any], sentences: Sentences, *, speed: float = 1.0) -> list[str]:
    """What this caller heard and never should have; empty when all was well. `speed`: of the clock
    by which the call was told.
    """
    lines = call["transcript"]
    return [
        *(fault for line in lines if (fault := _fault(line, sentences))),
        *_apologies_alone(lines, sentences),
        *_silence(call, FIRST_WORDS * speed),
        *_left_alone(call, sentences),
    ]


def apologies(call: Mapping[str, Any], sentences: Sentences) -> int:
    """How often this caller was told that something has failed."""
    said = [_is_apology(line, sentences) for line in call["transcript"]]
    # told in two languages it is one apology
    return sum(now and not before for before, now in zip([False, *said], said, strict=False))


def _fault(line: Line, sentences: Sentences) -> str | None:
    kind, text = line["kind"], str(line["text"]).strip()
    if kind not in KINDS:
        return f"{kind}: {text}"
    if kind == "say" and sentences.all.fullmatch(text) is None:
        return f"not a sentence of ours: {text}"
    return None


def _apologies_alone(lines: Sequence[Line], sentences: Sentences) -> Iterator[str]:
    """An apology that is not followed by the transfer, unless the caller did not wait for it."""
    apologised = False
    for line in lines:
        if _is_apology(line, sentences):
            apologised = True
        elif apologised:
            put_through = line["kind"] == "dial" and sentences.fallback_number in line["text"]
            # an agent's redirect, or the caller's own hanging up, may cut it short
            if not put_through and line["kind"] not in ("end", "key", "conference"):
                yield f"an apology, and then: {line['kind']} {line['text']}"
            apologised = False


def _is_apology(line: Line, sentences: Sentences) -> bool:
    return line["kind"] == "say" and bool(sentences.apology.fullmatch(str(line["text"]).strip()))


def _left_alone(call: Mapping[str, Any], sentences: Sentences) -> Iterator[str]:
    """A call that ended in the waiting room, and not because the caller hung up."""
    kinds = {line["kind"] for line in call["transcript"]}
    by_caller = call["end_cause"] == "caller hung up"
    if "queue" not in kinds or call["ended_at"] is None or by_caller:
        return
    if "conference" not in kinds and not apologies(call, sentences):
        yield f"waited and met nobody: {call['end_cause']}"


def _silence(call: Mapping[str, Any], longest: float) -> Iterator[str]:
    """Nothing heard for long after the answer."""
    first = next((line for line in call["transcript"] if line["kind"] in ("say", "play")), None)
    if call["answered_at"] is None:
        return
    heard_at = first["at"] if first else call["ended_at"]
    if heard_at is None:
        return
    silent = _seconds(call["answered_at"], heard_at)
    if silent > longest:
        yield f"silence for {silent:.0f} s"


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def _texts(value: Any) -> Iterator[str]:
    """Every text in a part of the configuration, however it is nested."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def _any(texts: Iterator[str]) -> re.Pattern[str]:
    return re.compile("|".join(sorted({_pattern(text) for text in texts})), re.DOTALL)


def _pattern(text: str) -> str:
    parts = string.Formatter().parse(" ".join(text.split()))
    return "".join(
        re.escape(literal) + ("" if place is None else ".+") for literal, place, _, _ in parts
    )
