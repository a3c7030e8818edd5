"""<Conference> inside <Dial>: a room. Source: Twilio, "TwiML Voice: Conference".

| attribute | allowed | default |
|---|---|---|
| muted | true, false | false |
| beep | true, false, onEnter, onExit | true |
| startConferenceOnEnter | true, false | true |
| endConferenceOnExit | true, false | false |
| participantLabel | any text | none |
| waitUrl | relative or absolute URL; empty is silence | the carrier's music |
| waitMethod | GET, POST | POST |
| maxParticipants | 2 to 250 | 250 |
| coach | the SID of the call to coach | none |
| statusCallback | URL (the first participant's counts) | none |
| statusCallbackEvent | start end join leave mute hold modify speaker announcement | none |
| statusCallbackMethod | GET, POST | POST |
| record | do-not-record, record-from-start | do-not-record |
| trim | trim-silence, do-not-trim; accepted, without effect | trim-silence |
| recordingStatusCallback | relative or absolute URL | none |
| recordingStatusCallbackMethod | GET, POST | POST |
| recordingStatusCallbackEvent | in-progress completed absent | completed |
| region, jitterBufferSize, eventCallbackUrl | ignored | |
"""

from __future__ import annotations

from exchange.callbacks import Subscription
from exchange.conferences import WORDS, Options
from exchange.recordings import Wish
from exchange.scene import Scene
from exchange.twiml import Node
from exchange.verbs import recorded
from exchange.verbs.outcome import Outcome, until
from exchange.verbs.recorded import Tape
from exchange.verbs.spec import (
    Spec,
    boolean,
    integer,
    method,
    one_of,
    several_of,
    url,
    words,
)
from exchange.webhook import Request

NAME_LIMIT = 128
IGNORED = ("region", "jitterBufferSize", "eventCallbackUrl")
RECORD = ("do-not-record", "record-from-start", "true", "false")
"""The last two are words of old for the first two."""

SPEC = Spec(
    "Conference",
    {
        "muted": boolean(False),
        "beep": one_of("true", "false", "onEnter", "onExit", default="true"),
        "startConferenceOnEnter": boolean(True),
        "endConferenceOnExit": boolean(False),
        "participantLabel": words(),
        "waitUrl": url(),
        "waitMethod": method(),
        "maxParticipants": integer(2, 250, 250),
        "coach": words(),
        "statusCallback": url(),
        "statusCallbackEvent": several_of(*WORDS),
        "statusCallbackMethod": method(),
        "record": one_of(*RECORD, default="do-not-record"),
        **recorded.ATTRIBUTES,
        **{name: words() for name in IGNORED},
    },
    text="must",
    check=lambda node: "its name is too long" if len(node.text) > NAME_LIMIT else "",
)


async def dial(scene: Scene, dial_node: Node, noun: Node, tape: Tape) -> Outcome:
    """Puts the caller into the conference until one of the two is over."""
    name, call = noun.text, scene.call
    conference = scene.exchange.conferences.obtain(name)
    options = _options(scene, noun)
    if len(conference) >= options.max_participants:
        return Outcome("failed", error=f"conference {name!r} is full")
    participant = conference.invite(call, options)
    with call.staying(participant.interrupted), call.at("conference", conference=name):
        call.say("conference", name)
        tape.answered()
        conference.join(participant)
        if not conference.started:
            participant.play()
        try:
            await until(scene, dial_node, participant.left)
        finally:
            conference.leave(participant, "participant_left")
    return Outcome("answered", bridged=True)


def _options(scene: Scene, noun: Node) -> Options:
    return Options(
        muted=SPEC.flag(noun, "muted"),
        coaching=SPEC.given(noun, "coach"),
        call_sid_to_coach=noun.attributes.get("coach"),
        start_on_enter=SPEC.flag(noun, "startConferenceOnEnter"),
        end_on_exit=SPEC.flag(noun, "endConferenceOnExit"),
        beep=SPEC.value(noun, "beep"),
        label=noun.attributes.get("participantLabel"),
        wait=_wait(scene, noun),
        max_participants=SPEC.integer(noun, "maxParticipants"),
        callbacks=_callbacks(scene, noun),
        record=_record(scene, noun),
    )


def _record(scene: Scene, noun: Node) -> Wish | None:
    if SPEC.value(noun, "record") in recorded.NEVER:
        return None
    return Wish("Conference", callbacks=recorded.subscription(scene, SPEC, noun))


def _wait(scene: Scene, noun: Node) -> Request | None:
    if not SPEC.given(noun, "waitUrl"):
        return None
    address = SPEC.value(noun, "waitUrl")
    if not address:
        return Request("")
    return scene.request(address, SPEC.value(noun, "waitMethod"))


def _callbacks(scene: Scene, noun: Node) -> Subscription | None:
    if not SPEC.given(noun, "statusCallback"):
        return None
    return Subscription(
        scene.resolve(SPEC.value(noun, "statusCallback")),
        SPEC.value(noun, "statusCallbackMethod").upper(),
        frozenset(SPEC.value(noun, "statusCallbackEvent").split()),
    )
