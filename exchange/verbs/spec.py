"""How a verb's attribute table is written down, and how a value is checked against it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from exchange.twiml import Node

Check = Callable[[str], bool]


@dataclass(frozen=True)
class Attribute:
    """One row of the table: what is allowed (in words), how that is checked, what is usual."""

    allowed: str
    check: Check
    default: str | None = None


@dataclass(frozen=True)
class Spec:
    """What a verb or noun may look like. `text`: "no", "may" or "must"."""

    name: str
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    children: frozenset[str] = frozenset()
    text: str = "no"
    answers: bool = True
    """Whether the carrier picks up an inbound call to run this verb."""
    check: Callable[[Node], str] = lambda _: ""
    """A rule about the whole element: a complaint in words, or ""."""

    def value(self, node: Node, name: str) -> str:
        """The attribute as written, or its default; "" when there is neither."""
        return node.attributes.get(name, self.attributes[name].default or "")

    def given(self, node: Node, name: str) -> bool:
        """Whether the attribute was written."""
        return name in node.attributes

    def integer(self, node: Node, name: str) -> int:
        """The attribute as a whole number; the schema has already been checked."""
        return int(self.value(node, name))

    def flag(self, node: Node, name: str) -> bool:
        """The attribute as a truth value."""
        return is_true(self.value(node, name))


def is_true(text: str) -> bool:
    """How the carrier reads booleans."""
    return text.strip().lower() in ("true", "1", "yes")


def integer(low: int, high: int, default: int | None = None) -> Attribute:
    """A whole number within limits, both included."""

    def check(text: str) -> bool:
        return re.fullmatch(r"-?\d{1,9}", text) is not None and low <= int(text) <= high

    return Attribute(f"{low} to {high}", check, None if default is None else str(default))


def boolean(default: bool | None = None) -> Attribute:
    """true or false."""
    usual = None if default is None else str(default).lower()
    return Attribute("true, false", lambda text: text.lower() in ("true", "false"), usual)


def one_of(*values: str, default: str | None = None) -> Attribute:
    """One of a list of words."""
    return Attribute(", ".join(values), lambda text: text in values, default)


def several_of(*values: str, default: str | None = None) -> Attribute:
    """Words of a list, separated by spaces."""

    def check(text: str) -> bool:
        return bool(text.split()) and set(text.split()) <= set(values)

    return Attribute("any of " + " ".join(values), check, default)


def method(default: str = "POST") -> Attribute:
    """GET or POST."""
    return Attribute("GET, POST", lambda text: text.upper() in ("GET", "POST"), default)


def url(default: str | None = None) -> Attribute:
    """A relative or absolute URL."""
    return Attribute("relative or absolute URL", lambda text: " " not in text.strip(), default)


def words(default: str | None = None) -> Attribute:
    """Any text."""
    return Attribute("any text", lambda _: True, default)


def matching(pattern: str, allowed: str, default: str | None = None) -> Attribute:
    """Text of a given form."""
    return Attribute(allowed, lambda text: re.fullmatch(pattern, text) is not None, default)
