"""<Play>: a sound file, or keys as tones. Source: Twilio, "TwiML Voice: Play".

| attribute | allowed | default |
|---|---|---|
| loop | 0 to 1000; 0 is until the end | 1 |
| digits | 0-9 * # and w, a pause of half a second | none |

Its text is the file's URL. A call with media hears it. A file that cannot be fetched or read is an
entry in the call's error log, and the document goes on.
"""

from __future__ import annotations

from array import array
from functools import lru_cache
from typing import TYPE_CHECKING

from exchange.errors import CarrierError
from exchange.scene import Scene, Step
from exchange.twiml import Node
from exchange.verbs.spec import Spec, integer, matching
from exchange.voice import tones

if TYPE_CHECKING:
    from exchange.voice.mix import Sound

FOREVER = 1000
TONE = 0.25
PAUSE = 0.5
KEPT = 50
"""Rows of keys whose tones are kept; a key is 4 kB."""


def _check(node: Node) -> str:
    return "" if node.text or node.attributes.get("digits") else "needs a URL or digits"


SPEC = Spec(
    "Play",
    {
        "loop": integer(0, FOREVER, 1),
        "digits": matching(r"[0-9*#wW]+", "0-9 * # w"),
    },
    text="may",
    check=_check,
)


async def run(scene: Scene, node: Node) -> Step:
    """Plays the file, or the digits, as often as asked for."""
    sounds, heard = scene.exchange.sounds, scene.call.media is not None
    digits = node.attributes.get("digits")
    sound: Sound | None = None
    if digits:
        text, seconds = digits, sum(PAUSE if d in "wW" else TONE for d in digits)
        sound = keyed(digits) if heard else None
    else:
        text = scene.resolve(node.text)
        try:
            seconds = await sounds.seconds(text)
            with scene.exchange.clock.outside():
                sound = await sounds.samples(text) if heard else None
        except CarrierError as error:
            scene.call.fault(error)
            return None
    for _ in range(SPEC.integer(node, "loop") or FOREVER):
        scene.call.say("play", text, heard=heard)
        with scene.call.playing(sound):
            await scene.exchange.clock.sleep(seconds)
    return None


@lru_cache(KEPT)
def keyed(digits: str) -> array[int]:
    """The tones of keys, one after the other; sines take time, and a flow plays the same keys."""
    sound = array("h")
    for digit in digits:
        if digit in "wW":
            sound += tones.silence(PAUSE)
        else:
            sound += tones.key(digit) + tones.silence(TONE - tones.KEY_SECONDS)
    return sound
