"""<Redirect>: go on with another document. Source: Twilio, "TwiML Voice: Redirect".

| attribute | allowed | default |
|---|---|---|
| method | GET, POST | POST |

Its text is the URL. What follows it in the document is never reached.
"""

from __future__ import annotations

from exchange.scene import Scene, Step
from exchange.twiml import Node
from exchange.verbs.spec import Spec, method

SPEC = Spec("Redirect", {"method": method()}, text="must", answers=False)


async def run(scene: Scene, node: Node) -> Step:
    """Goes to the URL."""
    return scene.goto(node.text, SPEC.value(node, "method"))
