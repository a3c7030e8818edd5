"""How many people came with matters: what counts as one of them. Pure; nobody else says it.

A number is one caller, however often it called and with however many tickets. Who withheld theirs,
or was forgotten, is one each time that they came, and stays that one wherever it is counted again:
with the ticket, with what it is merged into, with the incident that both are part of.
"""

from collections.abc import Collection, Iterable
from typing import Final

#: One who came: a number (E.164), or the row that they came by when nobody knows it.
Person = str
#: What no number begins with.
_ROW: Final = "row "


def person(number: str | None, row: str) -> Person:
    """Return who came by a row (`ticket 7`, `caller 12`)."""
    return number or f"{_ROW}{row}"


def people(came: Iterable[Collection[Person]]) -> int:
    """Return how many different people these are together."""
    return len(set[Person]().union(*came))


def unknown(came: Iterable[Collection[Person]]) -> int:
    """Return how many of these different people nobody can call or write to."""
    return sum(each.startswith(_ROW) for each in set[Person]().union(*came))
