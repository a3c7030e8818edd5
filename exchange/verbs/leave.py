"""<Leave>: out of the queue, to the verb after <Enqueue>. Source: Twilio, "TwiML Voice: Leave".

It has no attributes. Outside a queue there is nothing to leave, and the document goes on.
"""

from __future__ import annotations

from exchange.scene import QUEUE_WAIT, Scene, Step, Stop
from exchange.twiml import Node
from exchange.verbs.spec import Spec

SPEC = Spec("Leave", answers=False)


async def run(scene: Scene, _node: Node) -> Step:
    """Leaves the queue that the document is waiting in."""
    return Stop.LEAVE if scene.context is QUEUE_WAIT else None
