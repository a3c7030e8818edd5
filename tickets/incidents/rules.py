"""When many calls are one thing that happened, and which belong to it. Pure.

What a matter is about is a weight for each topic, of what was chosen and of what was said: half the
categories may be wrong, and what people say is right more often. Where it is is the street that is
named and the pin: a pin may be a kilometre off, and a street that is named is nearly always right.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import floor
from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

from tickets.matters.people import Person
from tickets.matters.people import people as counted
from tickets.places.rules import DEGREE, Pin, distance

#: A matter is about a topic from this weight on.
ABOUT: Final = 0.5
#: What it weighs that a category was chosen; that it is one which is chosen for it in haste; and
#: what is left of either when the words clearly speak of something else.
CHOSEN, ALIKE, DOUBTED = 0.7, 0.5, 0.4
#: From this likelihood on words speak clearly of one category.
CLEAR: Final = 0.7
#: A street is the incident's when this part of those who name one names it.
NAMED_BY: Final = 1 / 3
#: With fewer pins the middle of them says nothing yet, where the street has a point of its own.
FEW: Final = 3
#: Hours before and after one that are as usual as it is.
_BESIDE: Final = 1


@dataclass(frozen=True)
class Limits:
    """As `tickets.incidents` in config.yaml: callers, minutes, metres, metres, a factor."""

    callers: int
    minutes: int
    metres: float
    astray: float
    times_usual: float

    @property
    def window(self) -> timedelta:
        """How long what happened is looked at together."""
        return timedelta(minutes=self.minutes)


@dataclass(frozen=True)
class Matter:
    """A ticket as it is looked at. `topics`: its weight for each topic that it may be about;
    `streets`: ids of the streets that it names; `marks`: of landmarks; `area`: of its sub-district.
    """

    id: int
    at: datetime
    topics: Mapping[str, float] = field(default_factory=dict)
    pin: Pin | None = None
    streets: frozenset[str] = frozenset()
    marks: frozenset[str] = frozenset()
    area: str | None = None
    #: Who came with it (`tickets.matters.service.who_came`).
    came: frozenset[Person] = field(kw_only=True)

    def is_about(self, topic: str) -> bool:
        """Say whether it is about a topic."""
        return self.topics.get(topic, 0) >= ABOUT


@dataclass(frozen=True)
class Scene:
    """Where something happens, and what."""

    topic: str
    centre: Pin | None
    streets: frozenset[str] = frozenset()
    marks: frozenset[str] = frozenset()
    area: str | None = None


@dataclass(frozen=True)
class Burst:
    """Matters that are one incident: those of `members`, in the order of their ids."""

    scene: Scene
    members: tuple[Matter, ...]

    @property
    def callers(self) -> int:
        """How many people told of it."""
        return people(self.members)


def people(matters: Collection[Matter]) -> int:
    """Return how many people told of these: who called about it three times is one."""
    return counted(each.came for each in matters)


# ------------------------------------------------------------------ what it is about


def topics(
    *,
    chosen: str | None,
    said: Collection[str],
    shares: Mapping[str, float],
    alike: Mapping[str, Collection[str]],
    category_of: Mapping[str, str],
) -> dict[str, float]:
    """Weigh what a matter is about, by topic, from `ABOUT` to 1; what weighs less is not told.

    `chosen`: its category; `said`: topics of which its words speak; `shares`: how likely each
    category is by its words; `alike`: by topic, categories that are chosen for it in haste;
    `category_of`: by topic, its own.
    """
    likely = max(shares, key=lambda each: shares[each], default=None)
    clear = likely if likely is not None and shares[likely] > CLEAR else None
    found: dict[str, float] = {}
    for topic, category in category_of.items():
        if topic in said:
            found[topic] = 1.0
            continue
        weight = CHOSEN if chosen == category else ALIKE if chosen in alike.get(topic, ()) else 0.0
        if said or clear not in (None, category):
            weight *= DOUBTED
        by_words = shares.get(category, 0.0) * (DOUBTED if said else 1.0)
        weight = max(weight, by_words)
        if weight >= ABOUT:
            found[topic] = round(weight, 3)
    return found


# ------------------------------------------------------------------ where it is


def is_there(matter: Matter, scene: Scene, limits: Limits) -> bool:
    """Say whether a matter is at a scene, as far as anybody can tell.

    Who names another street is elsewhere. Who names this one is here unless the pin is further off
    than pins are; who names none is where the pin is, and without one where the words say.
    """
    far = distance(matter.pin, scene.centre) if matter.pin and scene.centre else None
    if matter.streets and scene.streets and not matter.streets & scene.streets:
        return False
    if far is not None:
        return far <= limits.astray
    if matter.streets & scene.streets or matter.marks & scene.marks:
        return True
    nothing_else = not matter.streets and not matter.pin
    return nothing_else and matter.area is not None and matter.area == scene.area


def belongs(matter: Matter, scene: Scene, limits: Limits) -> bool:
    """Say whether a matter is part of what happens at a scene."""
    return matter.is_about(scene.topic) and is_there(matter, scene, limits)


def centre_of(pins: Sequence[Pin], known: Pin | None = None) -> Pin | None:
    """Return the middle of pins, which those that are far off do not move; `known`: where the
    street is, which holds while there are few.
    """
    if known is not None and len(pins) < FEW:
        return known
    if not pins:
        return None
    return Pin.of(median(each.latitude for each in pins), median(each.longitude for each in pins))


def scene_of(
    topic: str, members: Collection[Matter], known: Callable[[frozenset[str]], Pin | None]
) -> Scene:
    """Return where these matters are together. `known`: where a street is, if that is known."""
    streets = _most(each.streets for each in members)
    return Scene(
        topic,
        centre_of([each.pin for each in members if each.pin], known(streets)),
        streets,
        _most(each.marks for each in members),
        _first(Counter(each.area for each in members if each.area)),
    )


def _most(named: Iterable[frozenset[str]]) -> frozenset[str]:
    """What a good part of those name who name any."""
    lists = [each for each in named if each]
    counts = Counter(name for each in lists for name in each)
    return frozenset(name for name, n in counts.items() if n >= max(1, len(lists) * NAMED_BY))


def _first(counts: Counter[str]) -> str | None:
    """The most frequent; of several, the first by its name: the order of arrival says nothing."""
    return min(counts, key=lambda each: (-counts[each], each), default=None)


# ------------------------------------------------------------------ bursts


def bursts(
    matters: Iterable[Matter],
    limits: Limits,
    known: Callable[[frozenset[str]], Pin | None] = lambda _: None,
) -> list[Burst]:
    """Return the bursts among matters of one window, the largest first; none shares a member with
    another, and the order in which they came changes nothing.
    """
    left = {each.id: each for each in sorted(matters, key=lambda each: each.id)}
    found: list[Burst] = []
    while True:
        best = max(_candidates(left.values(), limits, known), key=_size, default=None)
        if best is None or best.callers < limits.callers:
            return found
        found.append(best)
        for each in best.members:
            del left[each.id]


def _size(burst: Burst) -> tuple[int, float, str, int]:
    weight = sum(each.topics[burst.scene.topic] for each in burst.members)
    return burst.callers, round(weight, 6), burst.scene.topic, -burst.members[0].id


def _candidates(
    left: Collection[Matter], limits: Limits, known: Callable[[frozenset[str]], Pin | None]
) -> Iterable[Burst]:
    """The densest place of each topic, with all that belongs there."""
    for topic in sorted({topic for each in left for topic in each.topics}):
        about = [each for each in left if each.is_about(topic)]
        if people(about) < limits.callers:
            continue
        seeds = max(_places(about, limits), key=_count, default=[])
        if people(seeds) < limits.callers:
            continue
        scene = scene_of(topic, seeds, known)
        members = [each for each in about if belongs(each, scene, limits)]
        # with all that belongs to it, the middle is known better
        scene = scene_of(topic, members or seeds, known)
        members = [each for each in about if belongs(each, scene, limits)]
        if members:
            yield Burst(scene, tuple(members))


def _count(matters: Sequence[Matter]) -> tuple[int, int]:
    return people(matters), -matters[0].id


def _places(about: Sequence[Matter], limits: Limits) -> Iterable[list[Matter]]:
    """Matters that are at one place: a street that is named, a landmark, the surroundings of a pin,
    a sub-district when nothing else is known.
    """
    by_name: dict[tuple[str, str], list[Matter]] = {}
    for each in about:
        for street in each.streets:
            by_name.setdefault(("street", street), []).append(each)
        for mark in each.marks:
            by_name.setdefault(("mark", mark), []).append(each)
        if each.area and not each.streets and not each.pin:
            by_name.setdefault(("area", each.area), []).append(each)
    yield from by_name.values()
    yield from _around_pins(about, limits.metres)


def _around_pins(about: Sequence[Matter], metres: float) -> Iterable[list[Matter]]:
    """For each pin, what is within so many metres of it and does not name another street."""
    side = metres / DEGREE
    cells: dict[tuple[int, int], list[tuple[Matter, Pin]]] = {}
    for each in about:
        if each.pin is not None:
            cells.setdefault(_cell(each.pin, side), []).append((each, each.pin))
    for (row, column), here in cells.items():
        near = [
            pair
            for y in (row - 1, row, row + 1)
            for x in (column - 1, column, column + 1)
            for pair in cells.get((y, x), ())
        ]
        for middle, pin in here:
            yield [
                each
                for each, other in sorted(near, key=lambda pair: pair[0].id)
                if _agree(middle, each) and distance(pin, other) <= metres
            ]


def _cell(pin: Pin, side: float) -> tuple[int, int]:
    return floor(pin.latitude / side), floor(pin.longitude / side)


def _agree(one: Matter, other: Matter) -> bool:
    return not one.streets or not other.streets or bool(one.streets & other.streets)


# ------------------------------------------------------------------ what is usual


def usual(
    times: Iterable[datetime], now: datetime, zone: ZoneInfo, days: int, minutes: int
) -> float:
    """Return how many such matters come in so many minutes at this hour of the day, by the moments
    of those of so many days before.
    """
    hour = now.astimezone(zone).hour
    beside = {(hour + each) % 24 for each in range(-_BESIDE, _BESIDE + 1)}
    count = sum(1 for at in times if at.astimezone(zone).hour in beside)
    return count / (days * len(beside)) * (minutes / 60)


def is_unusual(callers: int, expected: float, limits: Limits) -> bool:
    """Say whether so many are a burst where so many are expected."""
    return callers >= limits.callers and callers >= limits.times_usual * expected


# ------------------------------------------------------------------ pins


def astray(pin: Pin | None, centre: Pin | None, metres: float) -> float | None:
    """Return how many metres a pin is off the middle if that is too far, else None."""
    if pin is None or centre is None:
        return None
    far = distance(pin, centre)
    return far if far > metres else None
