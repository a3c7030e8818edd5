"""<Say>: text is spoken. Source: Twilio, "TwiML Voice: Say".

| attribute | allowed | default |
|---|---|---|
| voice | a voice's name | man |
| language | a language tag | en-US |
| loop | 0 to 1000; 0 is until the end | 1 |

A call with media hears the words where there is a voice for the language. SSML elements inside are
accepted; they change how words sound, which nobody hears here, except <break>, whose time is kept.
"""

from __future__ import annotations

import re

from exchange.scene import Scene, Step
from exchange.sound import speech_seconds
from exchange.twiml import Node
from exchange.verbs.spec import Spec, integer, matching, words
from exchange.voice.tones import RATE

FOREVER = 1000
LONGEST = 4096

_SSML = {
    "break": ("strength", "time"),
    "emphasis": ("level",),
    "lang": ("xml:lang", "{http://www.w3.org/XML/1998/namespace}lang"),
    "p": (),
    "phoneme": ("alphabet", "ph"),
    "prosody": ("volume", "rate", "pitch"),
    "s": (),
    "say-as": ("interpret-as", "role", "format"),
    "sub": ("alias",),
    "w": ("role",),
}
SSML = {
    name: Spec(name, {a: words() for a in attributes}, frozenset(_SSML), "may")
    for name, attributes in _SSML.items()
}

SPEC = Spec(
    "Say",
    {
        "voice": matching(r"[\w.-]+", "a voice's name", "man"),
        "language": matching(r"[A-Za-z]{2,3}(-[A-Za-z0-9]+)*", "a language tag", "en-US"),
        "loop": integer(0, FOREVER, 1),
    },
    frozenset(_SSML),
    "must",
    check=lambda node: f"longer than {LONGEST}" if len(node.text) > LONGEST else "",
)


async def run(scene: Scene, node: Node) -> Step:
    """Says the text as often as asked for."""
    call, clock = scene.call, scene.exchange.clock
    language, voice = SPEC.value(node, "language"), SPEC.value(node, "voice")
    sound = None
    if call.media is not None:
        with clock.outside():
            sound = await scene.exchange.announcer.say(node.text, language)
    seconds = speech_seconds(node.text) if sound is None else len(sound) / RATE
    for _ in range(SPEC.integer(node, "loop") or FOREVER):
        call.say("say", node.text, language, voice, heard=sound is not None)
        with call.playing(sound):
            await clock.sleep(seconds + _breaks(node))
    return None


def _breaks(node: Node) -> float:
    total = 0.0
    for child in node.children:
        found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s)", child.attributes.get("time", ""))
        if child.name == "break" and found:
            total += float(found[1]) / (1000 if found[2] == "ms" else 1)
        total += _breaks(child)
    return total
