"""What of the open data is too rare to be told, and what is told in its place. Pure.

Who knows a little of somebody (a neighbour, a month, a kind of matter) shall not find them: what
fewer than `least` have in common is told only together with others, and how much that was is told
as well.
"""

import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

Key = TypeVar("Key", bound=Hashable)
#: Stands for what is not told, and for what there is none of: no id of a city's file is like it.
WITHHELD: Final = "(withheld)"
NONE: Final = "(none)"
#: Of a meridian; a degree of latitude is as long everywhere, within half a percent.
_METRES_OF_DEGREE: Final = 111_320.0


def hidden(
    cells: Mapping[Key, int], least: int, never: Callable[[Key], bool] = lambda _: False
) -> set[Key]:
    """Which cells of a whole that is known are not told: those of fewer than `least`, those that
    are `never` told, and as many of the next smallest as it takes that what is hidden is at least
    two cells and `least` together. A single hidden one could be found by subtracting.
    """
    found = {key for key, number in cells.items() if never(key) or 0 < number < least}
    if not found:
        return found
    together = sum(cells[key] for key in found)
    others = sorted(
        (number, repr(key), key) for key, number in cells.items() if number and key not in found
    )
    for number, _, key in others:
        if len(found) > 1 and together >= least:
            break
        found.add(key)
        together += number
    return found


@dataclass(frozen=True)
class Matter:
    """By what a matter could be known."""

    received: str
    category: str
    division: str
    area: str
    #: The middle of a square (`squared`), degrees; None: not known, or not told.
    square: tuple[float, float] | None = None


def _without_square(of: Matter) -> Matter:
    return Matter(of.received, of.category, of.division, of.area)


def _without_area(of: Matter) -> Matter:
    return Matter(of.received, of.category, of.division, WITHHELD)


def _without_matter(of: Matter) -> Matter:
    return Matter(of.received, WITHHELD, WITHHELD, WITHHELD)


#: What is left out step by step until enough have the rest in common.
_STEPS: Final = (_without_square, _without_area, _without_matter)


@dataclass(frozen=True)
class Told:
    """What is told of each matter, in order (None: nothing), and how many lost what by it."""

    matters: Sequence[Matter | None]
    without_square: int
    without_area: int
    without_matter: int
    left_out: int


def coarsened(matters: Sequence[Matter], least: int) -> Told:
    """What is told of each: as much as at least `least` have in common, all else withheld."""
    told: list[Matter | None] = list(matters)
    open_ = set(range(len(matters)))
    lost = []
    for step in (*_STEPS, None):
        many = Counter(told[n] for n in open_)
        rare = {n for n in open_ if many[told[n]] < least}
        lost.append(len(rare))
        for n in rare:
            each = told[n]
            told[n] = step(each) if step is not None and each is not None else None
        open_ = rare
    return Told(told, *lost)


def squared(latitude: float, longitude: float, metres: int) -> tuple[float, float]:
    """The middle of the square of about `metres` in which a place (WGS 84, degrees) lies."""
    high = metres / _METRES_OF_DEGREE
    middle = (math.floor(latitude / high) + 0.5) * high
    wide = high / math.cos(math.radians(middle))
    return round(middle, 5), round((math.floor(longitude / wide) + 0.5) * wide, 5)


#: A mean of few marks is what single people said: these are told when so many gave one.
_MARKS: Final[Mapping[str, str]] = {
    "mark_sum": "rated",
    "average_mark": "rated",
    "judgement_sum": "tickets_judged",
    "average_judgement": "tickets_judged",
}


def tellable(
    metrics: Mapping[str, float | None], ids: Iterable[str], least: int
) -> dict[str, float | None]:
    """The numbers of these identifiers, those of the marks of too few people empty."""
    found = {id_: metrics.get(id_) for id_ in ids}
    for id_, behind in _MARKS.items():
        if id_ in found and (metrics.get(behind) or 0) < least:
            found[id_] = None
    return found
