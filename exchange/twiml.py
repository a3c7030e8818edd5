"""TwiML as a tree, and its check against the verbs' tables before anything is run.

Twilio reports most of these faults as warning 12200 and plays on; this exchange stops at them, so
that a fault in an application's answer is seen on the developer's machine and not in the city.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from exchange import errors
from exchange.errors import DocumentError

if TYPE_CHECKING:
    from exchange.verbs.spec import Spec

XML_TYPES = frozenset({"text/xml", "application/xml", "text/html", "application/xhtml+xml"})


@dataclass(frozen=True)
class Node:
    """One element. `text` is its own text (for Say: with that of SSML inside it), trimmed."""

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    children: tuple[Node, ...] = ()


def parse(body: bytes | str, specs: Mapping[str, Spec], top: Container[str]) -> tuple[Node, ...]:
    """The verbs of a TwiML document, all checked. Raises DocumentError at the first fault.

    `top` names what may stand directly in <Response>.
    """
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    if "<!DOCTYPE" in text:
        raise DocumentError(errors.PARSE_FAILURE, "document parse failure: no DTD is allowed")
    try:
        root = ET.fromstring(body)  # noqa: S314 - without a DTD there are no entities to expand
    except (ET.ParseError, ValueError) as error:
        raise DocumentError(errors.PARSE_FAILURE, f"document parse failure: {error}") from error
    if root.tag != "Response":
        raise DocumentError(errors.INVALID_ROOT, f"the root element is <{root.tag}>, not Response")
    if root.attrib or (root.text or "").strip():
        raise DocumentError(errors.SCHEMA, "<Response> holds verbs and nothing else")
    verbs = tuple(_node(child) for child in root)
    for verb in verbs:
        if verb.name not in top:
            raise DocumentError(errors.SCHEMA, f"<{verb.name}> is not a verb known here")
        check(verb, specs, "Response")
    return verbs


def interpret(
    body: bytes, content_type: str, specs: Mapping[str, Spec], top: Container[str]
) -> tuple[Node, ...]:
    """A fetched document by its content type: TwiML, or plain text, which is said."""
    if content_type in XML_TYPES:
        return parse(body, specs, top)
    if content_type == "text/plain":
        return (Node("Say", text=body.decode("utf-8", "replace").strip()),)
    raise DocumentError(errors.CONTENT_TYPE, f"invalid content type {content_type!r}")


def allow(verbs: tuple[Node, ...], names: frozenset[str], where: str) -> None:
    """Refuses verbs that the carrier does not run in this place (a wait URL, a whisper …)."""
    for verb in verbs:
        if verb.name not in names:
            raise DocumentError(errors.SCHEMA, f"<{verb.name}> is not allowed in {where}")


def check(node: Node, specs: Mapping[str, Spec], parent: str) -> None:
    """Holds one element, and all inside it, against its table."""
    spec = specs.get(node.name)
    if spec is None:
        raise DocumentError(errors.SCHEMA, f"<{node.name}> in <{parent}> is not known here")
    for name, value in node.attributes.items():
        row = spec.attributes.get(name)
        if row is None:
            raise DocumentError(errors.SCHEMA, f"<{node.name}> has no attribute {name!r}")
        if not row.check(value):
            raise DocumentError(
                errors.SCHEMA, f"<{node.name} {name}={value!r}> is not allowed: {row.allowed}"
            )
    _check_content(node, spec)
    for child in node.children:
        if child.name not in spec.children:
            raise DocumentError(errors.SCHEMA, f"<{child.name}> cannot be nested in <{node.name}>")
        check(child, specs, node.name)


def _check_content(node: Node, spec: Spec) -> None:
    if node.text and spec.text == "no":
        raise DocumentError(errors.SCHEMA, f"<{node.name}> takes no text")
    if not node.text and spec.text == "must":
        raise DocumentError(errors.SCHEMA, f"<{node.name}> needs text")
    complaint = spec.check(node)
    if complaint:
        raise DocumentError(errors.SCHEMA, f"<{node.name}>: {complaint}")


def _node(element: ET.Element) -> Node:
    if element.tag == "Say":
        # SSML inside Say changes how words sound, not which they are.
        text = " ".join("".join(element.itertext()).split())
        return Node("Say", dict(element.attrib), text, tuple(_ssml(e) for e in element))
    children = tuple(_node(child) for child in element)
    tails = "".join(child.tail or "" for child in element)
    text = ((element.text or "") + tails).strip()
    return Node(element.tag, dict(element.attrib), text, children)


def _ssml(element: ET.Element) -> Node:
    return Node(element.tag, dict(element.attrib), "", tuple(_ssml(e) for e in element))
