"""<Gather>: keys from the caller. Source: Twilio, "TwiML Voice: Gather".

| attribute | allowed | default |
|---|---|---|
| action | relative or absolute URL | the current document's URL |
| method | GET, POST | POST |
| timeout | 1 to 600 seconds | 5 |
| numDigits | 1 to 1000 | unlimited |
| finishOnKey | one of 0-9 * #, or empty | # |
| actionOnEmptyResult | true, false | false |
| input | dtmf (speech is not played here) | dtmf |

Say, Play and Pause may be nested; the first key stops them. The time-out runs from the end of what
is nested, and anew from each key. What was keyed until the time-out is sent. Nothing keyed, or
finishOnKey first: the document goes on with the next verb, unless actionOnEmptyResult.
"""

from __future__ import annotations

import asyncio
from collections import deque

from exchange.clock import Clock
from exchange.scene import Scene, Step
from exchange.twiml import Node
from exchange.verbs.spec import Spec, boolean, integer, matching, method, one_of, url

SPEC = Spec(
    "Gather",
    {
        "action": url(""),
        "method": method(),
        "timeout": integer(1, 600, 5),
        "numDigits": integer(1, 1000),
        "finishOnKey": matching(r"[0-9*#]?", "one of 0-9 * #, or empty", "#"),
        "actionOnEmptyResult": boolean(False),
        "input": one_of("dtmf", default="dtmf"),
    },
    frozenset({"Say", "Play", "Pause"}),
)


class Keys:
    """The keys pressed since the Gather began, in order."""

    def __init__(self) -> None:
        self._pressed: deque[str] = deque()
        self._more = asyncio.Event()

    def __call__(self, key: str) -> None:
        self._pressed.append(key)
        self._more.set()

    def take(self) -> str | None:
        key = self._pressed.popleft() if self._pressed else None
        if not self._pressed:
            self._more.clear()
        return key

    async def pressed(self) -> None:
        """Returns when there is a key to take."""
        await self._more.wait()

    async def next(self, clock: Clock, timeout: float) -> str | None:
        """The next key, or None when the time-out passes without one."""
        if not self._pressed:
            await _either(self.pressed(), clock.timer(timeout))
        return self.take()


async def run(scene: Scene, node: Node) -> Step:
    """Collects keys and takes them to the action."""
    keys = Keys()
    with scene.call.listening(keys):
        finger = scene.call.script.gather()
        try:
            await _prompt(scene, node, keys)
            digits, finish = await _collect(scene.exchange.clock, node, keys)
        finally:
            if finger is not None:
                finger.cancel()
    if not digits and not SPEC.flag(node, "actionOnEmptyResult"):
        return None
    # FinishedOnKey is not in the documented table, but the carrier sends it.
    params = {"Digits": digits, "FinishedOnKey": finish}
    return scene.goto(SPEC.value(node, "action"), SPEC.value(node, "method"), params)


async def _prompt(scene: Scene, node: Node, keys: Keys) -> None:
    """Runs what is nested until it is through or a key is pressed."""
    if node.children:
        await _either(keys.pressed(), scene.exchange.player.perform(scene, node.children))


async def _collect(clock: Clock, node: Node, keys: Keys) -> tuple[str, str]:
    """The digits, and the key that ended them ("" for a time-out or the last of numDigits)."""
    timeout = SPEC.integer(node, "timeout")
    limit = SPEC.integer(node, "numDigits") if SPEC.given(node, "numDigits") else None
    finish = SPEC.value(node, "finishOnKey") if node.attributes.get("finishOnKey") != "" else ""
    digits = ""
    while limit is None or len(digits) < limit:
        key = await keys.next(clock, timeout)
        if key is None:
            break
        if key == finish:
            return digits, key
        digits += key
    return digits, ""


async def _either(*work: object) -> None:
    """Runs several things until one is through; the others are cancelled."""
    futures = [asyncio.ensure_future(item) for item in work]  # type: ignore[call-overload]
    try:
        done, _ = await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
        for future in done:
            future.result()
    finally:
        for future in futures:
            future.cancel()
