"""<Client> inside <Dial>: a browser softphone. Source: Twilio, "TwiML Voice: Client".

| attribute | allowed | default |
|---|---|---|
| url | relative or absolute URL, played to the called party first | none |
| method | GET, POST | POST |
| statusCallback | URL | none |
| statusCallbackEvent | initiated ringing answered completed | completed |
| statusCallbackMethod | GET, POST | POST |

The identity is the text, or an <Identity> inside; <Parameter name value> may accompany it.
"""

from __future__ import annotations

from exchange.twiml import Node
from exchange.verbs.number import LEG
from exchange.verbs.spec import Spec, words

IDENTITY = Spec("Identity", text="must")
PARAMETER = Spec("Parameter", {"name": words(), "value": words()})


def _check(node: Node) -> str:
    inside = [child for child in node.children if child.name == "Identity"]
    return "" if bool(node.text) != (len(inside) == 1) else "needs one identity"


SPEC = Spec("Client", LEG, frozenset({"Identity", "Parameter"}), "may", check=_check)


def parameters(node: Node) -> dict[str, str]:
    """What the device is handed beside From and To."""
    inside = [child.attributes for child in node.children if child.name == "Parameter"]
    return {given["name"]: given.get("value", "") for given in inside if "name" in given}


def address(node: Node) -> str:
    """The client's address: ``client:`` and its identity."""
    inside = [child.text for child in node.children if child.name == "Identity"]
    return f"client:{node.text or inside[0]}"
