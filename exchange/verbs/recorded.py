"""What <Record>, <Dial> and <Conference> have in common: recording attributes.

| attribute | allowed | default |
|---|---|---|
| trim | trim-silence, do-not-trim | trim-silence |
| recordingStatusCallback | relative or absolute URL | none |
| recordingStatusCallbackMethod | GET, POST | POST |
| recordingStatusCallbackEvent | in-progress completed absent | completed |
"""

from __future__ import annotations

from exchange.callbacks import Subscription
from exchange.recordings import EVENTS, Recording, Wish
from exchange.scene import Scene
from exchange.twiml import Node
from exchange.verbs.spec import Spec, method, one_of, several_of, url

ATTRIBUTES = {
    "trim": one_of("trim-silence", "do-not-trim", default="trim-silence"),
    "recordingStatusCallback": url(),
    "recordingStatusCallbackMethod": method(),
    "recordingStatusCallbackEvent": several_of(*EVENTS, default="completed"),
}
NEVER = frozenset({"do-not-record", "false"})


def subscription(scene: Scene, spec: Spec, node: Node) -> Subscription | None:
    """Who is told of the recording, and what."""
    if not spec.given(node, "recordingStatusCallback"):
        return None
    return Subscription(
        scene.resolve(spec.value(node, "recordingStatusCallback")),
        spec.value(node, "recordingStatusCallbackMethod").upper(),
        frozenset(spec.value(node, "recordingStatusCallbackEvent").split()),
    )


class Tape:
    """The recording that a <Dial> asks for, or none; what it asks for is in its `record`."""

    def __init__(self, scene: Scene, spec: Spec, node: Node) -> None:
        self._call = scene.call
        self._asked = spec.value(node, "record")
        self._wish = Wish(
            "DialVerb",
            2 if self._asked.endswith("-dual") else 1,
            spec.value(node, "recordingTrack"),
            subscription(scene, spec, node),
        )
        self._recording: Recording | None = None

    def ringing(self) -> None:
        """The other side is being rung."""
        if self._asked.startswith("record-from-ringing"):
            self.answered()

    def answered(self) -> None:
        """The other side is there."""
        if self._recording is None and self._asked not in NEVER and not self._call.ended:
            self._recording = self._call.exchange.recordings.start(self._call, self._wish)

    def end(self) -> None:
        """The <Dial> is over, however it ended."""
        if self._recording is not None:
            self._recording.stop()

    def params(self) -> dict[str, str]:
        """What the <Dial>'s action is told of it."""
        recording = self._recording
        if recording is None or recording.duration is None:
            return {}
        return {
            "RecordingUrl": recording.url,
            "RecordingSid": recording.sid,
            "RecordingDuration": str(recording.duration),
        }
