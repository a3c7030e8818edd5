"""<Pause>: silence. Source: Twilio, "TwiML Voice: Pause".

| attribute | allowed | default |
|---|---|---|
| length | 1 to 600 seconds | 1 |

As the first verb it delays the answer of an inbound call.
"""

from __future__ import annotations

from exchange.scene import Scene, Step
from exchange.twiml import Node
from exchange.verbs.spec import Spec, integer

SPEC = Spec("Pause", {"length": integer(1, 600, 1)}, answers=False)


async def run(scene: Scene, node: Node) -> Step:
    """Waits."""
    seconds = SPEC.integer(node, "length")
    scene.call.say("pause", f"{seconds} s")
    await scene.exchange.clock.sleep(seconds)
    return None
