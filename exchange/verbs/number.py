"""<Number> inside <Dial>: a telephone. Source: Twilio, "TwiML Voice: Number".

| attribute | allowed | default |
|---|---|---|
| sendDigits | 0-9 * # w W | none |
| url | relative or absolute URL, played to the called party first | none |
| method | GET, POST | POST |
| statusCallback | URL | none |
| statusCallbackEvent | initiated ringing answered completed | completed |
| statusCallbackMethod | GET, POST | POST |
| byoc | a trunk's SID; accepted, without effect here | none |
"""

from __future__ import annotations

from exchange.twiml import Node
from exchange.verbs.spec import Spec, matching, method, several_of, url, words

LEG = {
    "url": url(),
    "method": method(),
    "statusCallback": url(),
    "statusCallbackEvent": several_of(
        "initiated", "ringing", "answered", "completed", default="completed"
    ),
    "statusCallbackMethod": method(),
}
"""The attributes that Number and Client have in common."""

SPEC = Spec(
    "Number",
    {**LEG, "sendDigits": matching(r"[0-9*#wW]+", "0-9 * # w W"), "byoc": words()},
    text="must",
)


def parameters(_node: Node) -> dict[str, str]:
    """A telephone is handed nothing."""
    return {}


def address(node: Node) -> str:
    """The number to dial, without the punctuation that people write."""
    return "".join(c for c in node.text if c.isdigit() or c == "+")
