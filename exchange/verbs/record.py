"""<Record>: the caller leaves a message. Source: Twilio, "TwiML Voice: Record".

| attribute | allowed | default |
|---|---|---|
| action | relative or absolute URL | the current document's URL |
| method | GET, POST | POST |
| timeout | 0 to 3600 seconds of silence end it; 0 is never | 5 |
| finishOnKey | any of 0-9 * #, or empty | 1234567890*# |
| maxLength | 1 to 14400 seconds | 3600 |
| playBeep | true, false | true |
| trim | trim-silence, do-not-trim | trim-silence |
| recordingStatusCallback | relative or absolute URL | none |
| recordingStatusCallbackMethod | GET, POST | POST |
| recordingStatusCallbackEvent | in-progress completed absent | completed |
| transcribe, transcribeCallback | accepted, without effect | |

How long a handset speaks is in its script ("speak", 5 s). A recording of nothing is no recording:
the document goes on. A caller who hangs up while recording is sent as Digits=hangup.
"""

from __future__ import annotations

import asyncio

from exchange.call import Leaving
from exchange.callbacks import CallbackLine, Subscription
from exchange.clock import first_done
from exchange.recordings import Recording
from exchange.scene import Scene, Step
from exchange.twiml import Node
from exchange.verbs.spec import (
    Spec,
    boolean,
    integer,
    matching,
    method,
    one_of,
    several_of,
    url,
)

SPEC = Spec(
    "Record",
    {
        "action": url(""),
        "method": method(),
        "timeout": integer(0, 3600, 5),
        "finishOnKey": matching(r"[0-9*#]*", "any of 0-9 * #, or empty", "1234567890*#"),
        "maxLength": integer(1, 14400, 3600),
        "playBeep": boolean(True),
        "trim": one_of("trim-silence", "do-not-trim", default="trim-silence"),
        "recordingStatusCallback": url(),
        "recordingStatusCallbackMethod": method(),
        "recordingStatusCallbackEvent": several_of(
            "in-progress", "completed", "absent", default="completed"
        ),
        "transcribe": boolean(False),
        "transcribeCallback": url(),
    },
)


async def run(scene: Scene, node: Node) -> Step:
    """Records until silence, a key, the limit, or the end of the call."""
    return await Take(scene, node).run()


class Take:
    """One recording being made."""

    def __init__(self, scene: Scene, node: Node) -> None:
        self._scene = scene
        self._node = node
        self._began = 0.0
        self._action = scene.resolve(SPEC.value(node, "action"))
        self._line = self._callbacks()

    async def run(self) -> Step:
        call, clock = self._scene.call, self._scene.exchange.clock
        if SPEC.flag(self._node, "playBeep"):
            call.say("record", "beep")
        self._began = clock.time()
        with call.staying(self._interrupted):
            key = await self._until_over()
        spoken = min(call.script.speak, clock.time() - self._began)
        if spoken <= 0:
            self._tell("absent", None)
            return None
        recording = self._keep(spoken)
        params = self._params(recording, key)
        return self._scene.goto(self._action, SPEC.value(self._node, "method"), params)

    async def _until_over(self) -> str:
        """The key that ended it, or ""."""
        call, clock = self._scene.call, self._scene.exchange.clock
        pressed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        finish = self._node.attributes.get("finishOnKey", SPEC.value(self._node, "finishOnKey"))

        def listen(key: str) -> None:
            if key in finish and not pressed.done():
                pressed.set_result(key)

        silence = SPEC.integer(self._node, "timeout")
        longest = float(SPEC.integer(self._node, "maxLength"))
        seconds = min(longest, call.script.speak + silence) if silence else longest
        timer = clock.timer(seconds)
        try:
            with call.listening(listen):
                await first_done(pressed, timer)
            return pressed.result() if pressed.done() else ""
        finally:
            timer.cancel()
            pressed.cancel()

    def _interrupted(self, why: Leaving) -> None:
        """A hang-up ends the recording and keeps it; the answer to the action is not run."""
        exchange = self._scene.exchange
        spoken = min(self._scene.call.script.speak, exchange.clock.time() - self._began)
        if why is not Leaving.HANGUP or spoken <= 0:
            return
        params = self._params(self._keep(spoken), "hangup")
        request = self._scene.request(self._action, SPEC.value(self._node, "method"), params)
        exchange.spawn(exchange.player.notify(self._scene.call, request))

    def _keep(self, seconds: float) -> Recording:
        recording = self._scene.exchange.recordings.add(self._scene.call, seconds)
        self._scene.call.say("record", f"{recording.duration} s")
        self._tell("completed", recording)
        return recording

    def _params(self, recording: Recording, key: str) -> dict[str, str]:
        return {
            "RecordingUrl": recording.url,
            "RecordingSid": recording.sid,
            "RecordingDuration": str(recording.duration),
            "Digits": key,
        }

    def _callbacks(self) -> CallbackLine | None:
        if not SPEC.given(self._node, "recordingStatusCallback"):
            return None
        to = Subscription(
            self._scene.resolve(SPEC.value(self._node, "recordingStatusCallback")),
            SPEC.value(self._node, "recordingStatusCallbackMethod").upper(),
            frozenset(SPEC.value(self._node, "recordingStatusCallbackEvent").split()),
        )
        call = self._scene.call
        return CallbackLine(call.exchange, to, first=None, log=call.log_attempt, fault=call.fault)

    def _tell(self, status: str, recording: Recording | None) -> None:
        if self._line is None:
            return
        params = {
            "AccountSid": self._scene.exchange.account_sid,
            "CallSid": self._scene.call.sid,
            "RecordingStatus": status,
            "RecordingSource": "RecordVerb",
            "RecordingChannels": "1",
        }
        if recording is not None:
            params |= {
                "RecordingSid": recording.sid,
                "RecordingUrl": recording.url,
                "RecordingDuration": str(recording.duration),
            }
        self._line.fire(status, params)
