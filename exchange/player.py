"""Runs TwiML: fetches a document, checks the whole of it, and runs its verbs in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from exchange import twiml
from exchange.call import Call
from exchange.clock import Clock
from exchange.errors import CarrierError
from exchange.scene import MAIN, Context, Goto, Inline, Scene, Source, Step, Stop
from exchange.sound import speech_seconds
from exchange.twiml import Node
from exchange.verbs import SPECS, VERBS
from exchange.webhook import Request, WebhookClient

MAX_FAULTS = 10
IN_A_ROW = 20
"""So many documents one after the other may take no time; from then on each takes BREATH."""
BREATH = 1.0
APOLOGY = "We are sorry, an application error has occurred. Goodbye."


@dataclass(frozen=True)
class Document:
    """Checked verbs, and the URL that relative addresses in them start from."""

    base: str
    verbs: tuple[Node, ...]


class DocumentFault(CarrierError):
    """A CarrierError with the document in which it arose."""

    def __init__(self, cause: CarrierError, source: Source) -> None:
        url = cause.url or (source.url if isinstance(source, Request) else "")
        super().__init__(cause.code, cause.message, url)
        self.source = source


class Player:
    """One for the whole exchange; it keeps nothing between documents."""

    def __init__(self, webhooks: WebhookClient, clock: Clock) -> None:
        self._webhooks = webhooks
        self._clock = clock

    async def main(self, call: Call, source: Source) -> None:
        """A call's programme from its first document to its end, the fallback URL included."""
        for _ in range(MAX_FAULTS):
            try:
                step = await self.run(call, source)
            except DocumentFault as fault:
                call.fault(fault)
                if call.fallback is None or _same(fault.source, call.fallback):
                    break
                params = {"ErrorCode": str(fault.code), "ErrorUrl": fault.url}
                source = Request(call.fallback.url, call.fallback.method, params)
            else:
                call.answer()
                call.end(cause="hung up by TwiML" if step is Stop.HANGUP else "end of document")
                return
        await self._apologise(call)

    async def _apologise(self, call: Call) -> None:
        """What the carrier does when there is nothing left to ask: says so, and hangs up."""
        call.answer()
        call.say("error", APOLOGY, "en-US")
        await self._clock.sleep(speech_seconds(APOLOGY))
        call.end(cause="application error")

    async def run(
        self,
        call: Call,
        source: Source,
        context: Context = MAIN,
        params: Callable[[], Mapping[str, str]] = dict,
    ) -> Stop | None:
        """Runs a document and all that it leads to. Raises DocumentFault.

        `params` gives what this place adds to every request (QueuePosition … in a wait loop).
        """
        hurried = 0
        while True:
            try:
                document = await self.load(call, source, context, params)
                scene = Scene(call, document.base, context)
                before = self._clock.time()
                step = await self.perform(scene, document.verbs)
            except CarrierError as error:
                raise DocumentFault(error, source) from error
            if not isinstance(step, Goto):
                return step
            source = step.request
            hurried = hurried + 1 if self._clock.time() - before < BREATH else 0
            if hurried >= IN_A_ROW:  # a circle of documents must not turn at full speed
                await self._clock.sleep(BREATH)

    async def load(
        self,
        call: Call,
        source: Source,
        context: Context = MAIN,
        params: Callable[[], Mapping[str, str]] = dict,
    ) -> Document:
        """Fetches a document and checks it. Raises CarrierError."""
        if isinstance(source, Inline):
            return Document("", twiml.parse(source.twiml, SPECS, VERBS))
        sent = {**call.params(), **params(), **source.params}
        reply = await self._webhooks.send(source.url, source.method, sent, call.log_attempt)
        if reply.content_type.startswith("audio/"):
            return Document(reply.url, (Node("Play", text=source.url),))
        verbs = twiml.interpret(reply.body, reply.content_type, SPECS, VERBS)
        if context.verbs is not None:
            twiml.allow(verbs, context.verbs, context.name)
        return Document(reply.url, verbs)

    async def perform(self, scene: Scene, verbs: tuple[Node, ...]) -> Step:
        """Runs verbs one after the other until one leads elsewhere."""
        for node in verbs:
            if SPECS[node.name].answers:
                scene.call.answer()
            step = await VERBS[node.name](scene, node)
            if step is not None:
                return step
        return None

    async def notify(self, call: Call, request: Request) -> None:
        """A request whose answer nobody runs (the action of a call that has gone)."""
        try:
            sent = {**call.params(), **request.params}
            await self._webhooks.send(request.url, request.method, sent, call.log_attempt)
        except CarrierError as error:
            call.fault(error)


def _same(source: Source, fallback: Request) -> bool:
    """The fallback failed itself: asking it again would help nobody."""
    return isinstance(source, Request) and source.url == fallback.url
