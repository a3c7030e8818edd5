"""What a scripted caller does: keys for each Gather, seconds of speech, when to hang up."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exchange.call import Call

PLACES = ("menu", "queue", "conference", "dial")
FIELDS = frozenset({"keys", "think", "speak", "hang_up"})


class ScriptError(ValueError):
    """The script is not of the documented form."""


class Script:
    """Owned by a call. All seconds are the exchange's clock's.

    keys: one entry is pressed at each Gather reached ("" presses nothing), `think` seconds after
    it begins. speak: how long the caller talks into a Record (default 5). hang_up: {"in": place,
    "after": seconds}, counted from the first entry to that place; "conference" means talking with
    somebody in it.
    """

    def __init__(self, call: Call, script: Mapping[str, Any]) -> None:
        check(script)
        hang_up = script.get("hang_up") or {}
        self._call = call
        self._keys = [str(entry) for entry in script.get("keys") or ()]
        self.think = float(script.get("think", 1.0))
        self.speak = float(script.get("speak", 5.0))
        self._place = str(hang_up.get("in", ""))
        self._after = float(hang_up.get("after", 0.0))
        self._deadline: float | None = None
        self._timer: asyncio.Task[Any] | None = None

    def gather(self) -> asyncio.Task[Any] | None:
        """A Gather begins: the task that will press the next entry, if there is one."""
        entry = self._keys.pop(0) if self._keys else ""
        return self._call.spawn(self._press(entry)) if entry else None

    async def _press(self, entry: str) -> None:
        await self._call.exchange.clock.sleep(self.think)
        self._call.press(entry)

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


def check(script: Mapping[str, Any]) -> None:
    """Raises ScriptError, saying which field is wrong."""
    unknown = set(script) - FIELDS
    if unknown:
        raise ScriptError(f"unknown field {sorted(unknown)[0]!r}")
    keys = script.get("keys") or []
    if not isinstance(keys, list) or not all(set(str(k)) <= set("0123456789*#") for k in keys):
        raise ScriptError("keys: a list of strings of 0-9 * #")
    for name in ("think", "speak"):
        _seconds(script.get(name, 0), name)
    hang_up = script.get("hang_up") or {}
    if not isinstance(hang_up, Mapping) or (hang_up and hang_up.get("in") not in PLACES):
        raise ScriptError(f"hang_up: {{in: one of {', '.join(PLACES)}, after: seconds}}")
    _seconds(hang_up.get("after", 0), "hang_up.after")


def _seconds(value: object, name: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ScriptError(f"{name}: seconds, 0 or more")
