"""<Queue> inside <Dial>: the first caller who waits in a queue. Source: Twilio, "TwiML Queue".

| attribute | allowed | default |
|---|---|---|
| url | relative or absolute URL, played to the queued caller first | none |
| method | GET, POST | POST |

An empty queue is waited at until Dial's time-out; a queue that does not exist is an error.
(reservationSid and postWorkActivitySid belong to TaskRouter, which is not played here.)
"""

from __future__ import annotations

import asyncio

from exchange.bridge import Bridge
from exchange.clock import first_done
from exchange.queues import Member, Queue
from exchange.scene import Scene
from exchange.twiml import Node
from exchange.verbs.outcome import Outcome, talk
from exchange.verbs.recorded import Tape
from exchange.verbs.spec import Spec, method, url
from exchange.webhook import Request

SPEC = Spec("Queue", {"url": url(), "method": method()}, text="must")


async def dial(scene: Scene, dial_node: Node, noun: Node, timeout: float, tape: Tape) -> Outcome:
    """Joins the caller with the head of the queue."""
    queue = scene.exchange.queues.named(noun.text)
    if queue is None:
        return Outcome("failed", error=f"no queue is named {noun.text!r}")
    prelude = None
    if SPEC.given(noun, "url"):
        prelude = scene.request(SPEC.value(noun, "url"), SPEC.value(noun, "method"))
    bridge = await _fetch(scene, queue, timeout, prelude)
    if bridge is None:
        return Outcome("no-answer")
    tape.answered()
    return await talk(scene, dial_node, bridge)


async def _fetch(
    scene: Scene, queue: Queue, timeout: float, prelude: Request | None
) -> Bridge | None:
    """A bridge with the head of the queue, or None when nobody came in time."""
    timer = scene.exchange.clock.timer(timeout)
    try:
        while True:
            member = await _head(queue, timer)
            if member is None:
                return None
            if not member.gone:
                bridge = Bridge(scene.call, member.call, prelude)
                member.taken.set_result(bridge)
                return bridge
    finally:
        timer.cancel()


async def _head(queue: Queue, timer: asyncio.Future[None]) -> Member | None:
    head = queue.next_member()
    try:
        await first_done(head, timer)
        return head.result() if head.done() else None
    except asyncio.CancelledError:
        if head.done():
            queue.restore(head.result())
        raise
    finally:
        head.cancel()
