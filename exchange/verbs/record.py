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

How long a handset speaks is in its script ("speak", 5 s, or words); what is said by hand while it
lasts takes the place of that. A recording of nothing is no recording: the document goes on. A
caller with media is recorded as heard, and speaks for as long as the microphone is loud. A
caller who hangs up while recording is sent as Digits=hangup; one who is redirected by REST leaves
the recording behind, and the action is not asked.
"""

from __future__ import annotations

import asyncio

from exchange.call import Leaving
from exchange.clock import first_done
from exchange.recordings import Wish
from exchange.scene import Scene, Step
from exchange.script import Utterance
from exchange.tape import Stretch
from exchange.twiml import Node
from exchange.verbs import recorded
from exchange.verbs.spec import Spec, boolean, integer, matching, method, url
from exchange.voice import tones

SPEC = Spec(
    "Record",
    {
        "action": url(""),
        "method": method(),
        "timeout": integer(0, 3600, 5),
        "finishOnKey": matching(r"[0-9*#]*", "any of 0-9 * #, or empty", "1234567890*#"),
        "maxLength": integer(1, 14400, 3600),
        "playBeep": boolean(True),
        **recorded.ATTRIBUTES,
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
        self._clock = scene.exchange.clock
        self._action = scene.resolve(SPEC.value(node, "action"))
        if SPEC.flag(node, "playBeep"):
            scene.call.say("record", "beep")
            scene.call.sound(tones.beep())
        wish = Wish("RecordVerb", callbacks=recorded.subscription(scene, SPEC, node))
        self._recording = scene.exchange.recordings.start(scene.call, wish)
        self._began = self._clock.time()
        media = scene.call.media
        silent = media is not None and media.speaks  # until something is heard
        self._quiet_from = self._began + (0.0 if silent else scene.call.script.speak)
        self._said_more = asyncio.Event()
        if scene.call.script.message:
            scene.call.say("speech", scene.call.script.message)
            self._recording.text = scene.call.script.message

    async def run(self) -> Step:
        call = self._scene.call
        with call.staying(self._interrupted), call.hearing(self._hear):
            key = await self._until_over()
        self._keep()
        if self._recording.duration is None:
            return None
        return self._scene.goto(self._action, SPEC.value(self._node, "method"), self._params(key))

    def _hear(self, said: Utterance) -> None:
        """Somebody at the handset really says something: that is the message."""
        self._quiet_from = self._clock.time() + said.seconds
        self._recording.text = f"{self._recording.text} {said.text}".strip()
        self._said_more.set()

    async def _until_over(self) -> str:
        """The key that ended it, or ""."""
        pressed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        finish = SPEC.value(self._node, "finishOnKey")
        if SPEC.given(self._node, "finishOnKey"):
            finish = self._node.attributes["finishOnKey"]

        def listen(key: str) -> None:
            if key in finish and not pressed.done():
                pressed.set_result(key)

        try:
            with self._scene.call.listening(listen):
                while not pressed.done() and (left := self._left()) > 0:
                    await self._step(pressed, left)
            return pressed.result() if pressed.done() else ""
        finally:
            pressed.cancel()

    def _left(self) -> float:
        """Seconds until the silence has been long enough, or the limit is reached."""
        self._listen()
        end = self._began + SPEC.integer(self._node, "maxLength")
        silence = SPEC.integer(self._node, "timeout")
        if silence:
            end = min(end, self._quiet_from + silence)
        return end - self._clock.time()

    def _listen(self) -> None:
        """A microphone tells by itself how long somebody has spoken."""
        media = self._scene.call.media
        if media is not None:
            self._quiet_from = max(self._quiet_from, media.spoke_at)

    async def _step(self, pressed: asyncio.Future[str], seconds: float) -> None:
        """Waits for the key, for more words, or for the time to pass."""
        self._said_more.clear()
        more = asyncio.ensure_future(self._said_more.wait())
        timer = self._clock.timer(seconds)
        try:
            await first_done(pressed, more, timer)
        finally:
            timer.cancel()
            more.cancel()

    def _interrupted(self, why: Leaving) -> None:
        """The recording is kept. A hang-up is told to the action; its answer is not run."""
        self._keep()
        if why is not Leaving.HANGUP or self._recording.duration is None:
            return
        how = SPEC.value(self._node, "method")
        request = self._scene.request(self._action, how, self._params("hangup"))
        exchange = self._scene.exchange
        exchange.spawn(exchange.player.notify(self._scene.call, request))

    def _keep(self) -> None:
        """The recording ends here, without the silence at its end unless that was asked for."""
        self._listen()
        whole = self._clock.time() - self._began
        spoken = min(self._quiet_from - self._began, whole)
        stretches = [Stretch(spoken)]
        if spoken > 0 and SPEC.value(self._node, "trim") == "do-not-trim":
            stretches.append(Stretch(whole - spoken, "silence"))
        self._recording.finish(stretches)
        if self._recording.duration is not None:
            self._scene.call.say("record", f"{self._recording.duration} s")

    def _params(self, key: str) -> dict[str, str]:
        return {
            "RecordingUrl": self._recording.url,
            "RecordingSid": self._recording.sid,
            "RecordingDuration": str(self._recording.duration),
            "Digits": key,
        }
