"""Placeholders in the words that are offered for a message: `{number}` becomes the ticket's. Pure.

There is nothing else in braces than these names: no formats, no expressions. A brace that is meant
as a brace does not occur in what a city writes to its citizens.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Name(StrEnum):
    """What can stand in braces."""

    NUMBER = "number"
    CATEGORY = "category"
    DIVISION = "division"
    STATE = "state"
    DEADLINE = "deadline"
    CITY = "city"


class Wrong(StrEnum):
    """What can be wrong with a brace."""

    UNKNOWN = "unknown"
    NOT_CLOSED = "not_closed"
    NOT_OPENED = "not_opened"


@dataclass(frozen=True)
class Misplaced:
    """A fault: what it is, what stands there, and where, line and column from 1."""

    wrong: Wrong
    found: str
    line: int
    column: int


_NAMES = frozenset(Name)
#: A whole placeholder, one that does not end on its line, or a brace that closes nothing.
_BRACE = re.compile(r"\{([^{}\n]*)\}|(\{)[^{}\n]*|(\})")
_SHOWN = 24


def faults(text: str) -> Iterator[Misplaced]:
    """Yield what is wrong with the placeholders of some words, in their order."""
    for found in _BRACE.finditer(text):
        inside, opened, closed = found.groups()
        if inside is not None and inside in _NAMES:
            continue
        in_part = Wrong.NOT_OPENED if closed else Wrong.NOT_CLOSED
        wrong = in_part if opened or closed else Wrong.UNKNOWN
        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - (text.rfind("\n", 0, found.start()) + 1) + 1
        yield Misplaced(wrong, found.group().strip()[:_SHOWN], line, column)


def fill(text: str, values: Mapping[Name, str]) -> str:
    """Put in what is known; a placeholder without a value stays as it is, for all to see."""

    def value(found: re.Match[str]) -> str:
        name = found.group(1)
        known = values.get(Name(name)) if name in _NAMES else None
        return known or found.group()

    return re.sub(r"\{([^{}\n]*)\}", value, text)


def left(text: str) -> list[str]:
    """Return the placeholders that are left in some words, each once, as they stand there."""
    found = (match.group() for match in re.finditer(r"\{([^{}\n]*)\}", text))
    return list(dict.fromkeys(each for each in found if each[1:-1] in _NAMES))
