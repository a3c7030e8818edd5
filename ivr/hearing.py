"""Who heard a bulletin, and whom it answered; how long one takes to say.

Pure: the events of a call go in, as `ivr.events` has them.

A call *heard* a bulletin when it lasted for some seconds after it began to be spoken. It was
*satisfied* when the caller then hung up without anything else: nothing was pressed after it but
what repeats it, the call came to no queue and was put through nowhere, and the flow had not said
goodbye first. Whatever we do not know to be harmless (a fault, a voicemail, a kind of event that
is yet to be invented) counts against it: it is the number of calls that the city answered without
an agent, and such a number must rather be too small.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from ivr.events import Kind

#: An event of a call: moment, kind, data.
Told = tuple[datetime, str, Mapping[str, Any]]

#: Of a call that any of these happened to, no bulletin was the answer.
_SERVED = frozenset(
    kind.value
    for kind in (
        Kind.QUEUED,
        Kind.CONNECTED,
        Kind.TRANSFERRING,
        Kind.TRANSFERRED,
        Kind.FAULT,
        Kind.RECORDED,
        Kind.ASKED_TICKET,
        Kind.CALLBACK,
    )
)
#: What a caller does who keyed something personal: the digits themselves are not written down.
_KEYED = frozenset({"number", "wrong"})
_AGAIN = "#"
#: The carrier's word for a call that was answered and hung up.
_HUNG_UP = "completed"

#: Characters of a telephone voice in a second, by language, about: Thai is written without blanks
#: and with its vowels and tones beside the letters, Chinese with a character for a syllable.
_PER_SECOND = {"th": 13.0, "zh": 4.5}
_OTHERWISE_PER_SECOND = 14.0
#: A figure is a word of its own.
_SECONDS_OF_A_DIGIT = 0.4


@dataclass(frozen=True, slots=True)
class Counts:
    """Calls that heard a bulletin, and those of them that it satisfied."""

    heard: int = 0
    satisfied: int = 0


def hearings(
    events: Sequence[Told], *, heard_after: timedelta, goodbyes: Set[str]
) -> dict[int, bool]:
    """The bulletins that a call heard, each with whether it was satisfied by it.

    `events` are all events of the call in their order; `goodbyes` are the nodes at which the flow
    itself hangs up. Spoken twice, a bulletin is heard once.
    """
    found: dict[int, bool] = {}
    for place, (at, kind, data) in enumerate(events):
        if kind != Kind.BULLETIN or events[-1][0] - at < heard_after:
            continue
        satisfied = _satisfied(events, place, goodbyes)
        for bulletin in data["bulletins"]:
            found[bulletin] = found.get(bulletin, False) or satisfied
    return found


def _satisfied(events: Sequence[Told], place: int, goodbyes: Set[str]) -> bool:
    """Whether the bulletin that event number `place` spoke was all that the caller wanted."""
    if any(kind in _SERVED for _, kind, _ in events):
        return False
    return _caller_hung_up(events, goodbyes) and all(
        _harmless(kind, data) for _, kind, data in events[place + 1 : -1]
    )


def _caller_hung_up(events: Sequence[Told], goodbyes: Set[str]) -> bool:
    _, kind, data = events[-1]
    return kind == Kind.ENDED and data["status"] == _HUNG_UP and _stood(events) not in goodbyes


def _stood(events: Sequence[Told]) -> str:
    """The node where the call was last."""
    for _, kind, data in reversed(events):
        if kind == Kind.STEP:
            return str(data["to"])
        if kind == Kind.ARRIVED:
            return str(data["at"])
    return ""


def _harmless(kind: str, data: Mapping[str, Any]) -> bool:
    """Whether a caller who has what they wanted may do this before they hang up."""
    if kind == Kind.STEP:
        # silence is no step of theirs; where it leads is told by what follows
        digits = data.get("digits", "")
        return not (data.get("speech") or data.get("heard") in _KEYED) and (
            not digits or (digits == _AGAIN and data["to"] == data["at"])
        )
    return kind == Kind.BULLETIN


def counted(found: Iterable[Mapping[int, bool]]) -> dict[int, Counts]:
    """The numbers of each bulletin, from the hearings of every call."""
    heard: dict[int, int] = {}
    satisfied: dict[int, int] = {}
    for of_call in found:
        for bulletin, was_satisfied in of_call.items():
            heard[bulletin] = heard.get(bulletin, 0) + 1
            satisfied[bulletin] = satisfied.get(bulletin, 0) + was_satisfied
    return {bulletin: Counts(heard[bulletin], satisfied[bulletin]) for bulletin in heard}


def seconds_of(text: str, language: str) -> int:
    """How long a voice takes for `text`, about; an estimate, since each voice has its own pace."""
    digits = sum(char.isdecimal() for char in text)
    pace = _PER_SECOND.get(language, _OTHERWISE_PER_SECOND)
    return ceil((len(text) - digits) / pace + digits * _SECONDS_OF_A_DIGIT)
