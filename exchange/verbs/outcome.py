"""How a <Dial> ended, and the talk in the middle of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exchange.clock import first_done
from exchange.twiml import Node
from exchange.verbs.spec import is_true

if TYPE_CHECKING:
    from exchange.bridge import Bridge
    from exchange.scene import Scene

TIME_LIMIT = 14400


@dataclass(frozen=True)
class Outcome:
    """What the action is told. `call_sid` and `seconds` are left out after a conference."""

    status: str
    call_sid: str = ""
    seconds: int | None = None
    bridged: bool = False
    error: str = ""

    def params(self) -> dict[str, str]:
        """The parameters of the action."""
        params = {"DialCallStatus": self.status, "DialBridged": str(self.bridged).lower()}
        if self.call_sid:
            params["DialCallSid"] = self.call_sid
        if self.seconds is not None:
            params["DialCallDuration"] = str(self.seconds)
        return params


async def talk(scene: Scene, node: Node, bridge: Bridge) -> Outcome:
    """The two talk until one goes, the time limit passes, or the caller presses star."""
    clock = scene.exchange.clock
    call = scene.call
    with call.staying(bridge.leaver(call)), call.at("dial"):
        await until(scene, node, bridge.over)
        bridge.end("time limit or star")
    seconds = bridge.seconds(clock)
    return Outcome("completed", bridge.other.sid, seconds, bridge.begun is not None)


async def until(scene: Scene, node: Node, over: asyncio.Future[str]) -> None:
    """Waits for `over`, Dial's timeLimit, or the star that hangupOnStar listens for."""
    limit = scene.exchange.clock.timer(float(node.attributes.get("timeLimit", TIME_LIMIT)))
    star: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    listens = is_true(node.attributes.get("hangupOnStar", "false"))

    def pressed(key: str) -> None:
        if listens and key == "*" and not star.done():
            star.set_result(None)

    try:
        with scene.call.listening(pressed):
            await first_done(over, limit, star)
    finally:
        limit.cancel()
        star.cancel()
