"""<Gather>: keys or words from the caller. Source: Twilio, "TwiML Voice: Gather".

| attribute | allowed | default |
|---|---|---|
| action | relative or absolute URL | the current document's URL |
| method | GET, POST | POST |
| timeout | 1 to 600 seconds | 5 |
| numDigits | 1 to 1000 | unlimited |
| finishOnKey | one of 0-9 * #, or empty | # |
| actionOnEmptyResult | true, false | false |
| input | dtmf, speech, dtmf speech | dtmf |
| speechTimeout | 1 to 600 seconds of silence after speech, or auto | timeout |
| language | a language tag | en-US |
| hints | at most 500 words or phrases of 100 characters, by commas | none |
| speechModel | a model's name; accepted, without effect | default |
| enhanced | true, false; accepted, without effect | false |
| profanityFilter | true, false; accepted, without effect | true |
| partialResultCallback | relative or absolute URL; accepted, without effect | none |
| partialResultCallbackMethod | GET, POST | POST |

Say, Play and Pause may be nested; the first key, or the beginning of speech, stops them. The
time-out runs from the end of what is nested, and anew from each key. What was keyed until the
time-out is sent. Nothing keyed, or finishOnKey first: the document goes on with the next verb,
unless actionOnEmptyResult. With "dtmf speech" the first of the two takes precedence; the other is
not listened to any more. Recognition lasts a minute at most.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from exchange.scene import Scene, Step
from exchange.script import Utterance
from exchange.twiml import Node
from exchange.verbs.spec import Spec, boolean, integer, matching, method, one_of, url, words

AUTO = 1.0
"""The pause after speech at which "auto" takes it as ended; the carrier gives no figure."""
LONGEST_SPEECH = 60.0
HINTS, HINT_LENGTH = 500, 100


def _check(node: Node) -> str:
    hints = node.attributes.get("hints", "").split(",")
    if len(hints) > HINTS or any(len(hint.strip()) > HINT_LENGTH for hint in hints):
        return f"has more than {HINTS} hints, or one longer than {HINT_LENGTH}"
    auto = node.attributes.get("speechTimeout") == "auto"
    if auto and node.attributes.get("speechModel") == "default":
        return 'speechTimeout="auto" cannot be used with speechModel="default"'  # 13335
    return ""


SPEC = Spec(
    "Gather",
    {
        "action": url(""),
        "method": method(),
        "timeout": integer(1, 600, 5),
        "numDigits": integer(1, 1000),
        "finishOnKey": matching(r"[0-9*#]?", "one of 0-9 * #, or empty", "#"),
        "actionOnEmptyResult": boolean(False),
        "input": one_of("dtmf", "speech", "dtmf speech", "speech dtmf", default="dtmf"),
        "speechTimeout": matching(r"auto|[1-9]\d?|[1-5]\d\d|600", "1 to 600, or auto"),
        "language": matching(r"[A-Za-z]{2,3}(-[A-Za-z0-9]+)*", "a language tag", "en-US"),
        "hints": words(),
        "speechModel": words(),
        "enhanced": boolean(False),
        "profanityFilter": boolean(True),
        "partialResultCallback": url(),
        "partialResultCallbackMethod": method(),
    },
    frozenset({"Say", "Play", "Pause"}),
    check=_check,
)


class Input:
    """What the caller did since the Gather began, in order: keys (text) and utterances."""

    def __init__(self) -> None:
        self._waiting: deque[str | Utterance] = deque()
        self._more = asyncio.Event()

    def __call__(self, given: str | Utterance) -> None:
        self._waiting.append(given)
        self._more.set()

    def take(self) -> str | Utterance | None:
        given = self._waiting.popleft() if self._waiting else None
        if not self._waiting:
            self._more.clear()
        return given

    async def came(self) -> None:
        """Returns when there is something to take."""
        await self._more.wait()


async def run(scene: Scene, node: Node) -> Step:
    """Collects keys or words and takes them to the action."""
    return await Collection(scene, node).run()


class Collection:
    """One Gather being played."""

    def __init__(self, scene: Scene, node: Node) -> None:
        self._scene = scene
        self._node = node
        self._clock = scene.exchange.clock
        listens = SPEC.value(node, "input").split()
        self._keys = "dtmf" in listens
        self._speech = "speech" in listens
        self._input = Input()
        if SPEC.given(node, "action"):
            scene.resolve(SPEC.value(node, "action"))  # a wrong URL shows now, not at the last key

    async def run(self) -> Step:
        script = self._scene.call.script
        with self._listening():
            finger = script.gather(keys=self._keys, speech=self._speech)
            try:
                await self._prompt()
                params = await self._collect()
            finally:
                if finger is not None:
                    finger.cancel()
        empty = not params.get("Digits") and not params.get("SpeechResult")
        if empty and not SPEC.flag(self._node, "actionOnEmptyResult"):
            return None
        action, how = SPEC.value(self._node, "action"), SPEC.value(self._node, "method")
        return self._scene.goto(action, how, params)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Keys are swallowed by a Gather that wants speech alone; words where only keys count."""
        call = self._scene.call
        with call.listening(self._input if self._keys else lambda _: None):
            if not self._speech:
                yield
                return
            with call.hearing(self._input):
                yield

    async def _prompt(self) -> None:
        """Runs what is nested until it is through or the caller begins."""
        if self._node.children:
            perform = self._scene.exchange.player.perform
            await _either(self._input.came(), perform(self._scene, self._node.children))

    async def _next(self, seconds: float) -> str | Utterance | None:
        """What the caller does next, or None when `seconds` pass without it."""
        given = self._input.take()
        if given is None and seconds > 0:
            timer = self._clock.timer(seconds)
            await _either(self._input.came(), timer)
            given = self._input.take()
        return given

    async def _collect(self) -> dict[str, str]:
        """The parameters of the action."""
        first = await self._next(SPEC.integer(self._node, "timeout"))
        if isinstance(first, Utterance):
            return await self._words(first)
        params = await self._digits(first) if self._keys else {}
        if self._speech and not params.get("Digits"):
            params["SpeechResult"] = ""
        return params

    async def _digits(self, key: str | None) -> dict[str, str]:
        """Digits, and the key that ended them ("" for a time-out or the last of numDigits)."""
        limit = SPEC.integer(self._node, "numDigits") if SPEC.given(self._node, "numDigits") else 0
        finish = SPEC.value(self._node, "finishOnKey")
        digits = ended_by = ""
        while key is not None:
            if key == finish:
                ended_by = key
                break
            digits += key
            if len(digits) == limit:
                break
            key = await self._next_key()
        # FinishedOnKey is not in the documented table, but the carrier sends it.
        return {"Digits": digits, "FinishedOnKey": ended_by}

    async def _next_key(self) -> str | None:
        deadline = self._clock.time() + SPEC.integer(self._node, "timeout")
        while True:
            given = await self._next(deadline - self._clock.time())
            if not isinstance(given, Utterance):
                return given

    async def _words(self, first: Utterance) -> dict[str, str]:
        """Everything said until the caller is silent for speechTimeout; keys do not count."""
        said = [first]
        began = self._clock.time()
        until = began + first.seconds
        silence = self._silence()
        while (left := min(until + silence, began + LONGEST_SPEECH) - self._clock.time()) > 0:
            given = await self._next(left)
            if isinstance(given, Utterance):
                said.append(given)
                until = max(until, self._clock.time()) + given.seconds
        return {
            "SpeechResult": " ".join(utterance.text for utterance in said),
            "Confidence": str(min(utterance.confidence for utterance in said)),
        }

    def _silence(self) -> float:
        given = SPEC.value(self._node, "speechTimeout") or SPEC.value(self._node, "timeout")
        return AUTO if given == "auto" else float(given)


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
