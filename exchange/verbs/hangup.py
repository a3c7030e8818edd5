"""<Hangup>: the call ends. Source: Twilio, "TwiML Voice: Hangup". It has no attributes."""

from __future__ import annotations

from exchange.scene import Scene, Step, Stop
from exchange.twiml import Node
from exchange.verbs.spec import Spec

SPEC = Spec("Hangup")


async def run(_scene: Scene, _node: Node) -> Step:
    """Ends the call."""
    return Stop.HANGUP
