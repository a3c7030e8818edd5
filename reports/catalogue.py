"""Every number that a report may show, by its identifier: pure, from where each is defined."""

import re
from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from typing import Final

from reports.attendance import PRESENCE_COUNTERS, PRESENCE_RATES
from reports.fleet import JOB_COUNTERS, JOB_RATES
from reports.matters import TICKET_COUNTERS, TICKET_RATES
from reports.meanings import COUNTERS, RATES
from reports.metrics import Metric
from reports.topics import FIRST_CALL_RATES, FIRST_CALLS

COUNTED: Final = (*COUNTERS, *FIRST_CALLS, *TICKET_COUNTERS, *PRESENCE_COUNTERS, *JOB_COUNTERS)
WORKED_OUT: Final = (*RATES, *FIRST_CALL_RATES, *TICKET_RATES, *PRESENCE_RATES, *JOB_RATES)
CATALOGUE: Final[Mapping[str, Metric]] = {each.id: each for each in (*COUNTED, *WORKED_OUT)}


def _terms() -> Iterator[tuple[str, set[str]]]:
    """Of each number those that its definition names: what a rate is worked out from, and what a
    number is a part of ("of those": of the one before it). Read out of the English words, in which
    a name is told from its neighbours.
    """
    part_of = {
        each.id: before.id
        for before, each in pairwise(COUNTED)
        if re.match("Of th(ose|em)\\b", each.definition["en"])
    }
    for each in CATALOGUE.values():
        found = {part_of[each.id]} if each.id in part_of else set()
        said = each.definition["en"]
        if "÷" in said or " + " in said:
            found |= _named(said)
        yield each.id, found - {each.id}


def _named(said: str) -> set[str]:
    """The numbers that are named; a name within a longer one is none."""
    places = [
        (place.start(), place.end(), each.id)
        for each in CATALOGUE.values()
        for place in re.finditer(rf"\b{re.escape(each.name['en'])}\b", said, re.IGNORECASE)
    ]
    return {
        id_
        for start, end, id_ in places
        if not any(a <= start and end <= b and b - a > end - start for a, b, _ in places)
    }


#: By a number's identifier: those without which its definition is not understood.
TERMS: Final[Mapping[str, Collection[str]]] = dict(_terms())


def with_terms(ids: Collection[str]) -> set[str]:
    """These numbers, and all that their definitions name."""
    found, new = set(ids), set(ids)
    while new:
        new = {term for id_ in new for term in TERMS[id_]} - found
        found |= new
    return found
