"""<Play>: a sound file, or keys as tones. Source: Twilio, "TwiML Voice: Play".

| attribute | allowed | default |
|---|---|---|
| loop | 0 to 1000; 0 is until the end | 1 |
| digits | 0-9 * # and w, a pause of half a second | none |

Its text is the file's URL. A file that cannot be fetched or read is an entry in the call's error
log, and the document goes on.
"""

from __future__ import annotations

from exchange.errors import CarrierError
from exchange.scene import Scene, Step
from exchange.twiml import Node
from exchange.verbs.spec import Spec, integer, matching

FOREVER = 1000
TONE = 0.25
PAUSE = 0.5


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
    digits = node.attributes.get("digits")
    if digits:
        text, seconds = digits, sum(PAUSE if d in "wW" else TONE for d in digits)
    else:
        text = scene.resolve(node.text)
        try:
            seconds = await scene.exchange.sounds.seconds(text)
        except CarrierError as error:
            scene.call.fault(error)
            return None
    for _ in range(SPEC.integer(node, "loop") or FOREVER):
        scene.call.say("play", text)
        await scene.exchange.clock.sleep(seconds)
    return None
