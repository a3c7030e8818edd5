"""<Dial>: the caller is joined with somebody else. Source: Twilio, "TwiML Voice: Dial".

| attribute | allowed | default |
|---|---|---|
| action | relative or absolute URL | none: the next verb |
| method | GET, POST | POST |
| timeout | 1 to 600 seconds of ringing | 30 |
| timeLimit | 1 to 86400 seconds of talking | 14400 |
| hangupOnStar | true, false | false |
| callerId | a number or client: | the caller's |
| answerOnBridge | true, false: ring the caller until the other answers | false |
| sequential | true, false: one after the other | false |
| record | record-from-answer, record-from-ringing, also with -dual; or not | do-not-record |
| trim | trim-silence, do-not-trim; accepted, without effect | trim-silence |
| recordingTrack | inbound, outbound, both | both |
| recordingStatusCallback | relative or absolute URL | none |
| recordingStatusCallbackMethod | GET, POST | POST |
| recordingStatusCallbackEvent | in-progress completed absent | completed |
| ringTone, refer… | ignored | |

Text is one number to dial; or Number and Client nouns, at most ten, of which the first to answer
wins; or one Conference; or one Queue. For `record` true is record-from-answer, and false
do-not-record, as of old.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial

from exchange import errors
from exchange.bridge import Bridge
from exchange.call import OUTBOUND_DIAL, Call, Leaving, Settings, Status
from exchange.callbacks import Subscription
from exchange.clock import first_done
from exchange.errors import CarrierError
from exchange.scene import WHISPER, Scene, Step, Stop
from exchange.stations import ADDRESS
from exchange.twiml import Node
from exchange.verbs import client, conference, number, queue, recorded
from exchange.verbs.outcome import Outcome, talk
from exchange.verbs.recorded import Tape
from exchange.verbs.spec import Spec, boolean, integer, method, one_of, url, words

MOST = 10
LEGS = {"Number": number, "Client": client}
IGNORED = ("ringTone", "referUrl", "referMethod")
RECORD = (
    "do-not-record",
    "record-from-answer",
    "record-from-ringing",
    "record-from-answer-dual",
    "record-from-ringing-dual",
    "true",
    "false",
)


def _check(node: Node) -> str:
    names = [child.name for child in node.children]
    if bool(node.text) == bool(names):
        return "needs either a number or nouns"
    if len(names) > MOST:
        return f"more than {MOST} nouns"
    alone = {"Conference", "Queue"} & set(names)
    return f"<{alone.pop()}> must be its only noun" if alone and len(names) > 1 else ""


SPEC = Spec(
    "Dial",
    {
        "action": url(),
        "method": method(),
        "timeout": integer(1, 600, 30),
        "timeLimit": integer(1, 86400, 14400),
        "hangupOnStar": boolean(False),
        "callerId": words(),
        "answerOnBridge": boolean(False),
        "sequential": boolean(False),
        "record": one_of(*RECORD, default="do-not-record"),
        "recordingTrack": one_of("inbound", "outbound", "both", default="both"),
        **recorded.ATTRIBUTES,
        **{name: words() for name in IGNORED},
    },
    frozenset({"Number", "Client", "Conference", "Queue"}),
    "may",
    answers=False,  # answerOnBridge decides
    check=_check,
)


async def run(scene: Scene, node: Node) -> Step:
    """Dials, talks, and takes the outcome to the action."""
    nouns = node.children or (Node("Number", text=node.text),)
    if SPEC.given(node, "action"):
        scene.resolve(SPEC.value(node, "action"))  # a wrong URL shows now, not after the talk
    if not SPEC.flag(node, "answerOnBridge") or nouns[0].name not in LEGS:
        scene.call.answer()
    tape = Tape(scene, SPEC, node)
    try:
        outcome = await _dial(scene, node, nouns, tape)
    finally:
        tape.end()
    if outcome.error:
        scene.call.fault(CarrierError(errors.DIAL_INVALID_NUMBER, f"Dial: {outcome.error}"))
    if not SPEC.given(node, "action"):
        return None
    params = outcome.params() | tape.params()
    return scene.goto(SPEC.value(node, "action"), SPEC.value(node, "method"), params)


async def _dial(scene: Scene, node: Node, nouns: tuple[Node, ...], tape: Tape) -> Outcome:
    timeout = float(SPEC.integer(node, "timeout"))
    if nouns[0].name == "Conference":
        return await conference.dial(scene, node, nouns[0], tape)
    if nouns[0].name == "Queue":
        return await queue.dial(scene, node, nouns[0], timeout, tape)
    if not SPEC.flag(node, "sequential"):
        return await Hunt(scene, node, nouns, timeout, tape).run()
    outcome = Outcome("no-answer")
    for noun in nouns:
        outcome = await Hunt(scene, node, (noun,), timeout, tape).run()
        if outcome.status == "completed":
            break
    return outcome


class Hunt:
    """Rings one or several telephones at once; the first to answer is joined with the caller."""

    def __init__(
        self, scene: Scene, node: Node, nouns: tuple[Node, ...], timeout: float, tape: Tape
    ) -> None:
        self._scene = scene
        self._tape = tape
        self._node = node
        self._timeout = timeout
        self._answered: asyncio.Future[Bridge] = asyncio.get_running_loop().create_future()
        self._legs = [self._leg(noun) for noun in nouns]

    async def run(self) -> Outcome:
        """The whole of it; whoever still rings at the end is let go."""
        call = self._scene.call
        with call.staying(self._abandon), call.at("dial"):
            call.say("dial", ", ".join(leg.to for leg, _ in self._legs))
            self._tape.ringing()
            try:
                bridge = await self._first_answer()
                if bridge is None:
                    leg = self._legs[-1][0]
                    return Outcome(self._verdict(), leg.sid, 0)
                call.answer()
                self._tape.answered()
                return await talk(self._scene, self._node, bridge)
            finally:
                self._abandon(Leaving.REDIRECT)

    def heard_by(self, _call: Call) -> Iterable[Call]:
        """The caller hears that it rings."""
        return [leg for leg, _ in self._legs if leg.is_ringing]

    def _leg(self, noun: Node) -> tuple[Call, Node]:
        parent = self._scene.call
        to = LEGS[noun.name].address(noun)
        leg = self._scene.exchange.place(
            from_=self._node.attributes.get("callerId") or parent.from_,
            to=to,
            direction=OUTBOUND_DIAL,
            settings=Settings(
                callbacks=_callbacks(self._scene, noun),
                parameters=LEGS[noun.name].parameters(noun),
            ),
            parent=parent,
        )
        return leg, noun

    async def _first_answer(self) -> Bridge | None:
        """The bridge with whoever answers first; None when nobody does."""
        for leg, noun in self._legs:
            leg.start(partial(self._ring, leg, noun))
        nobody = asyncio.ensure_future(self._all_over())
        self._scene.call.company = self
        try:
            await first_done(self._answered, nobody)
        finally:
            nobody.cancel()
            self._scene.call.parted(self)
        return self._answered.result() if self._answered.done() else None

    async def _all_over(self) -> None:
        for leg, _ in self._legs:
            await leg.over.wait()

    async def _ring(self, leg: Call, noun: Node) -> None:
        """The called party's programme: ring, hear the whisper, talk."""
        if ADDRESS.fullmatch(leg.to) is None:
            self._scene.call.fault(
                CarrierError(errors.DIAL_INVALID_NUMBER, f"Dial: invalid number {leg.to!r}")
            )
        if not await self._scene.exchange.stations.ring(leg, self._timeout):
            return
        if self._answered.done():
            leg.end(cause="another telephone answered first")
            return
        bridge = Bridge(self._scene.call, leg)
        self._answered.set_result(bridge)
        self._release(but=leg)
        with leg.staying(bridge.leaver(leg)), leg.at("dial"):
            if await self._whisper(leg, noun) is Stop.HANGUP:
                leg.end(cause="hung up by TwiML")
                return
            if not bridge.over.done():
                bridge.begin(self._scene.exchange.clock)
            await asyncio.wait({bridge.over})
        leg.end(cause="the other side hung up")

    async def _whisper(self, leg: Call, noun: Node) -> Stop | None:
        """What the noun's url plays to the called party before the two are joined."""
        spec = LEGS[noun.name].SPEC
        if not noun.attributes.get("url"):
            return None
        request = self._scene.request(spec.value(noun, "url"), spec.value(noun, "method"))
        try:
            return await self._scene.exchange.player.run(leg, request, WHISPER)
        except CarrierError as error:
            leg.fault(error)
            return Stop.HANGUP

    def _release(self, but: Call) -> None:
        for leg, _ in self._legs:
            if leg is not but:
                leg.end(Status.CANCELED, "another telephone answered first")

    def _abandon(self, _why: Leaving) -> None:
        """The dial is over: legs end with it, unless REST gave one a life of its own."""
        bridge = self._answered.result() if self._answered.done() else None
        for leg, _ in self._legs:
            if bridge is None or bridge.redirected is not leg:
                leg.end(Status.CANCELED, "the other side hung up")

    def _verdict(self) -> str:
        """DialCallStatus when nobody answered: the best news there is."""
        statuses = {leg.status for leg, _ in self._legs}
        for status in (Status.BUSY, Status.NO_ANSWER, Status.CANCELED):
            if status in statuses:
                return status.value
        return Status.FAILED.value


def _callbacks(scene: Scene, noun: Node) -> Subscription | None:
    spec = LEGS[noun.name].SPEC
    if not spec.given(noun, "statusCallback"):
        return None
    return Subscription(
        scene.resolve(spec.value(noun, "statusCallback")),
        spec.value(noun, "statusCallbackMethod").upper(),
        frozenset(spec.value(noun, "statusCallbackEvent").split()),
    )
