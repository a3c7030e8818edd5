"""What a scripted caller does: keys and words for each Gather, words for a Record, the hang-up."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from exchange.sound import speech_seconds

if TYPE_CHECKING:
    from exchange.call import Call

PLACES = ("menu", "queue", "conference", "dial")
FIELDS = frozenset({"keys", "says", "think", "speak", "hang_up"})
CONFIDENCE = 0.9
"""How sure the carrier's recognition is of words that come without a confidence of their own."""


class ScriptError(ValueError):
    """The script is not of the documented form."""


@dataclass(frozen=True)
class Utterance:
    """Words that somebody says, and how sure the recognition is of them (0 to 1)."""

    text: str
    confidence: float = CONFIDENCE

    @classmethod
    def parse(cls, given: object) -> Utterance:
        """From a text or ``{"text", "confidence"}``. Raises ScriptError."""
        if isinstance(given, str):
            return cls(given.strip())
        if not isinstance(given, Mapping) or set(given) - {"text", "confidence"}:
            raise ScriptError("says: a text, or an object of text and confidence")
        text, confidence = given.get("text"), given.get("confidence", CONFIDENCE)
        if not isinstance(text, str):
            raise ScriptError("text: what is said")
        if isinstance(confidence, bool) or not isinstance(confidence, int | float):
            raise ScriptError("confidence: 0 to 1")
        if not 0 <= confidence <= 1:
            raise ScriptError("confidence: 0 to 1")
        return cls(text.strip(), float(confidence))

    @property
    def seconds(self) -> float:
        """How long it takes to say it."""
        return speech_seconds(self.text)


class Script:
    """Owned by a call. All seconds are the exchange's clock's.

    keys: one entry is pressed at each Gather that listens to keys ("" presses nothing), `think`
    seconds after it begins. says: one entry is said at each Gather that listens to speech. speak:
    what the caller leaves in a Record: so many seconds of speech (default 5), or words. hang_up:
    {"in": place, "after": seconds}, counted from the first entry to that place; "conference" means
    talking with somebody in it.
    """

    def __init__(self, call: Call, script: Mapping[str, Any]) -> None:
        check(script)
        hang_up = script.get("hang_up") or {}
        left = script.get("speak", 5.0)
        self._call = call
        self._keys = [str(entry) for entry in script.get("keys") or ()]
        self._says = [Utterance.parse(entry) for entry in script.get("says") or ()]
        self.think = float(script.get("think", 1.0))
        self.message = left.strip() if isinstance(left, str) else ""
        self.speak = _length(left)
        self._place = str(hang_up.get("in", ""))
        self._after = float(hang_up.get("after", 0.0))
        self._deadline: float | None = None
        self._timer: asyncio.Task[Any] | None = None

    def gather(self, *, keys: bool = True, speech: bool = False) -> asyncio.Task[Any] | None:
        """A Gather begins: the task that will press or say the next entries, if there are any."""
        pressed = self._keys.pop(0) if keys and self._keys else ""
        said = self._says.pop(0) if speech and self._says else Utterance("")
        if not pressed and not said.text:
            return None
        return self._call.spawn(self._act(pressed, said))

    async def _act(self, pressed: str, said: Utterance) -> None:
        await self._call.exchange.clock.sleep(self.think)
        self._call.press(pressed)
        if said.text:
            self._call.utter(said)

    def moved(self, place: str) -> None:
        """The call is now in `place`; starts or stops the hang-up accordingly."""
        if self._call.answered_at is None or not self._place:
            return
        if place != self._place:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        elif self._timer is None:
            now = self._call.exchange.clock.time()
            if self._deadline is None:
                self._deadline = now + self._after
            self._timer = self._call.spawn(self._hang_up(self._deadline - now))

    async def _hang_up(self, seconds: float) -> None:
        await self._call.exchange.clock.sleep(seconds)
        self._call.end(cause="caller hung up")


def _length(left: float | str) -> float:
    """How long what is left in a Record takes; no words take no time."""
    if not isinstance(left, str):
        return float(left)
    return speech_seconds(left) if left.strip() else 0.0


def check(script: Mapping[str, Any]) -> None:
    """Raises ScriptError, saying which field is wrong."""
    unknown = set(script) - FIELDS
    if unknown:
        raise ScriptError(f"unknown field {sorted(unknown)[0]!r}")
    keys = script.get("keys") or []
    if not isinstance(keys, list) or not all(set(str(k)) <= set("0123456789*#") for k in keys):
        raise ScriptError("keys: a list of strings of 0-9 * #")
    says = script.get("says") or []
    if not isinstance(says, list):
        raise ScriptError("says: a list of texts")
    for entry in says:
        Utterance.parse(entry)
    _seconds(script.get("think", 0), "think")
    if not isinstance(script.get("speak"), str):
        _seconds(script.get("speak", 0), "speak")
    hang_up = script.get("hang_up") or {}
    if not isinstance(hang_up, Mapping) or (hang_up and hang_up.get("in") not in PLACES):
        raise ScriptError(f"hang_up: {{in: one of {', '.join(PLACES)}, after: seconds}}")
    _seconds(hang_up.get("after", 0), "hang_up.after")


def _seconds(value: object, name: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ScriptError(f"{name}: seconds, 0 or more")
