"""<Reject>: an inbound call is not picked up. Source: Twilio, "TwiML Voice: Reject".

| attribute | allowed | default |
|---|---|---|
| reason | rejected, busy | rejected |

As the first verb it ends the call with status busy, or no-answer for "rejected". Once the call
has been picked up it cannot be refused any more; then it is hung up.
"""

from __future__ import annotations

from exchange.call import Status
from exchange.scene import Scene, Step, Stop
from exchange.twiml import Node
from exchange.verbs.spec import Spec, one_of

SPEC = Spec("Reject", {"reason": one_of("rejected", "busy", default="rejected")}, answers=False)


async def run(scene: Scene, node: Node) -> Step:
    """Refuses the call."""
    busy = SPEC.value(node, "reason") == "busy"
    scene.call.end(Status.BUSY if busy else Status.NO_ANSWER, "rejected by TwiML")
    return Stop.HANGUP
