"""<Enqueue>: the caller waits in a queue. Source: Twilio, "TwiML Voice: Enqueue".

| attribute | allowed | default |
|---|---|---|
| action | relative or absolute URL | none: the next verb |
| method | GET, POST | POST |
| waitUrl | relative or absolute URL; empty is silence | the carrier's music |
| waitUrlMethod | GET, POST | POST |
| maxQueueSize | 1 to 5000, for a queue made by this verb | 1000 |

Its text is the queue's name, at most 64 characters; the queue is made if there is none. The waitUrl
document is asked for again whenever its verbs run out. The action is asked for at once on <Leave>,
and when the caller hangs up or is redirected (nobody runs the answer then); after a <Dial><Queue>
it is asked for when the bridge has ended.
"""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from functools import partial

from exchange import errors
from exchange.bridge import Bridge
from exchange.call import Call, Leaving
from exchange.clock import first_done
from exchange.errors import CarrierError
from exchange.queues import LARGEST, NAME_LIMIT, Member
from exchange.scene import QUEUE_URL, QUEUE_WAIT, Scene, Step, Stop
from exchange.twiml import Node
from exchange.verbs.spec import Spec, integer, method, url
from exchange.webhook import Request

BREATH = 1.0
"""A wait document that takes no time is asked for once a second, not in a tight circle."""

SPEC = Spec(
    "Enqueue",
    {
        "action": url(),
        "method": method(),
        "waitUrl": url(),
        "waitUrlMethod": method(),
        "maxQueueSize": integer(1, LARGEST),
    },
    text="must",
    check=lambda node: (
        "a queue's name has at most 64 characters" if len(node.text) > NAME_LIMIT else ""
    ),
)


async def run(scene: Scene, node: Node) -> Step:
    """Waits until somebody fetches the caller, or the caller leaves."""
    if SPEC.given(node, "action"):
        scene.resolve(SPEC.value(node, "action"))  # a wrong URL shows now, not at the hang-up
    size = SPEC.integer(node, "maxQueueSize") if SPEC.given(node, "maxQueueSize") else None
    queue = scene.exchange.queues.obtain(node.text, size)
    if queue.full:
        scene.call.fault(CarrierError(errors.QUEUE_FULL, f"queue {node.text!r} is full"))
        params = {"QueueResult": "queue-full", "QueueSid": queue.sid, "QueueTime": "0"}
        return _to_action(scene, node, params)
    stay = Stay(scene, node, queue.join(scene.call))
    return await stay.wait()


class Stay:
    """One caller's time in one queue, from joining to the action."""

    def __init__(self, scene: Scene, node: Node, member: Member) -> None:
        self._scene = scene
        self._node = node
        self._member = member
        self._bridge: Bridge | None = None

    @property
    def _call(self) -> Call:
        return self._scene.call

    async def wait(self) -> Step:
        """Runs the wait document until the stay is over; then the action."""
        name = self._node.text
        with self._call.staying(self.left), self._call.at("queue", queue=name):
            self._call.say("queue", name)
            self._call.queued_since = self._scene.exchange.clock.time()
            try:
                result = await self._until_over()
            finally:
                self._out()
        if result is None:
            self.left(Leaving.HANGUP)
            return Stop.HANGUP
        return _to_action(self._scene, self._node, self._params(result))

    async def _until_over(self) -> str | None:
        """The QueueResult; None when the wait document hung up."""
        waiting = self._call.spawn(self._wait_loop())
        try:
            await first_done(waiting, self._member.taken)
            if self._member.taken.done():
                waiting.cancel()
                return await self._bridged(self._member.taken.result())
            return {Stop.LEAVE: "leave", Stop.HANGUP: None}[waiting.result()]
        except CarrierError as error:
            if not SPEC.given(self._node, "action"):
                raise
            self._call.fault(error)
            return "error"
        finally:
            waiting.cancel()

    async def _wait_loop(self) -> Stop:
        address = SPEC.value(self._node, "waitUrl")
        if not address:
            self._call.say("queue", "silence" if SPEC.given(self._node, "waitUrl") else "music")
            with nullcontext() if SPEC.given(self._node, "waitUrl") else self._call.music():
                await asyncio.get_running_loop().create_future()
        request = self._scene.request(address, SPEC.value(self._node, "waitUrlMethod"))
        clock, player = self._scene.exchange.clock, self._scene.exchange.player
        while True:
            before = clock.time()
            stop = await player.run(self._call, request, QUEUE_WAIT, self._member.params)
            if stop is not None:
                return stop
            await clock.sleep(before + BREATH - clock.time())

    async def _bridged(self, bridge: Bridge) -> str:
        self._bridge = bridge
        self._out()
        with (
            self._call.staying(bridge.leaver(self._call)),
            self._call.at("dial"),
        ):
            await self._prelude(bridge)
            if not bridge.over.done():
                bridge.begin(self._scene.exchange.clock)
            await asyncio.wait({bridge.over})
        return "bridged"

    async def _prelude(self, bridge: Bridge) -> None:
        """What <Dial><Queue url> plays to the caller before the two are joined."""
        if bridge.prelude is None:
            return
        run = self._scene.exchange.player.run
        playing = self._call.spawn(
            run(self._call, bridge.prelude, QUEUE_URL, partial(self._prelude_params, bridge))
        )
        try:
            await first_done(playing, bridge.over)
            if playing.done() and playing.exception() is not None:
                error = playing.exception()
                assert isinstance(error, CarrierError)
                self._call.fault(error)
        finally:
            playing.cancel()

    def _prelude_params(self, bridge: Bridge) -> dict[str, str]:
        return {
            "QueueSid": self._member.queue.sid,
            "QueueTime": str(int(self._member.seconds)),
            "DequeingCallSid": bridge.dialer.sid,
        }

    def _out(self) -> None:
        """No longer in the queue, for whatever reason."""
        self._member.leave()
        if self._call.queued_since is not None:
            self._call.waited = self._call.waited_seconds
            self._call.queued_since = None

    def left(self, why: Leaving) -> None:
        """The caller hung up or was redirected: the action is told, its answer is not run.

        This is what the stay registers with `Call.staying`.
        """
        self._out()
        self._member.gone = True
        if self._bridge is None and self._member.taken.done():
            # Fetched in this very moment, and gone before the two could be joined.
            self._member.taken.result().left_by(self._call)
        if not SPEC.given(self._node, "action"):
            return
        request = _action(self._scene, self._node, self._params(self._interrupted_result(why)))
        exchange = self._scene.exchange
        exchange.spawn(exchange.player.notify(self._call, request))

    def _interrupted_result(self, why: Leaving) -> str:
        if self._bridge is None:
            return why.value
        if why is Leaving.REDIRECT:
            return "redirected-from-bridged"
        return "bridging-in-process" if self._bridge.begun is None else "bridged"

    def _params(self, result: str) -> dict[str, str]:
        return {
            "QueueResult": result,
            "QueueSid": self._member.queue.sid,
            "QueueTime": str(int(self._member.seconds)),
        }


def _action(scene: Scene, node: Node, params: dict[str, str]) -> Request:
    return scene.request(SPEC.value(node, "action"), SPEC.value(node, "method"), params)


def _to_action(scene: Scene, node: Node, params: dict[str, str]) -> Step:
    if not SPEC.given(node, "action"):
        return None
    return scene.goto(SPEC.value(node, "action"), SPEC.value(node, "method"), params)
