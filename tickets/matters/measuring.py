"""How good the offers are on the reports of a city's table: what is offered of what is the same,
and what somebody merges wrongly who always trusts the first offer. Pure.

Reports are played in the order of their time against those before them, which all count as open. A
report whose id stood there before is a second caller with that matter; so is, where somebody has
judged pairs, one of a pair that was judged to be the same.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import cos, pi, radians, sin
from typing import Final

from tickets.matters import rules
from tickets.matters.rules import Matter
from tickets.places.areas import Area, Areas, Point, fold
from tickets.places.rules import DEGREE, Pin, distance

#: The place in the offers that counts as found.
PLACES: Final = rules.OFFERED


@dataclass(frozen=True)
class Report:
    """One row of the table: its id there, and what it says."""

    id: str
    matter: Matter


#: Which streets words name, by id.
Streets = Callable[[str], frozenset[str]]


def _none(_words: str) -> frozenset[str]:
    return frozenset()


@dataclass(frozen=True)
class Heard:
    """How a second caller is heard: `letters` of their words so far (0: all), the pin so many
    metres `off` in any direction, or none; without a pin the words of where it is (`address`), or
    none of these either. `streets`: those that the city's file knows.
    """

    letters: int = 0
    off: float = 0.0
    pin: bool = True
    address: bool = True
    streets: Streets = _none

    def as_heard(self, matter: Matter, chance: random.Random) -> Matter:
        """Return what the agent has of it."""
        text = matter.text[: self.letters] if self.letters else matter.text
        pin = matter.pin if self.pin else None
        if pin is not None and self.off:
            way = chance.random() * 2 * pi
            north, east = self.off * sin(way) / DEGREE, self.off * cos(way) / DEGREE
            pin = Pin.of(pin.latitude + north, pin.longitude + east / cos(radians(pin.latitude)))
        place = matter.place if self.address and not self.pin else ""
        return replace(matter, text=text, pin=pin, place=place, streets=self.named(text, place))

    def named(self, text: str, place: str) -> frozenset[str]:
        """The streets of the city that stand in words."""
        return self.streets(f"{place}\n{text}")


#: A soi in an address, as a map writes it: its kind, its name (a number alone is many sois'),
#: perhaps a number.
_STREET: Final = re.compile(r"(?:ซอย|ตรอก)\s*[^\s,/\d][^\s,/]+(?:\s+\d+(?:/\d+)?)?")


_ROAD: Final = re.compile(r"ถนน\s*[^\s,/\d][^\s,/]+(?:\s+\d+(?:/\d+)?)?")
_AREA: Final = re.compile(r"(?:แขวง|เขต|ตำบล|อำเภอ|จังหวัด)\s*([^\s,/\d]+)")


def streets_of(addresses: Iterable[str], least: int, *, alone: bool = False) -> Streets:
    """Take for the city's sois what at least so many addresses name; return what finds them in
    words as a city's own file does, the longest name first: with the word for a soi, and `alone` by
    the name without it, unless an area is called so, or another street of the table.
    """
    told = list(addresses)
    sois = _named(_STREET.findall, told, least)
    if not alone:  # a landmark has no name but its own
        return _finder(Areas(points=[_point(name, "landmark") for name in sois]))
    areas = _named(_AREA.findall, told, 1)
    points = [_point(name, "soi") for name in sois]
    points += [_point(name, "road") for name in _named(_ROAD.findall, told, 1)]
    return _finder(Areas({name: Area(name, {"en": name}) for name in areas}, points))


def _named(find: Callable[[str], list[str]], addresses: Iterable[str], least: int) -> list[str]:
    counts = Counter(name for address in addresses for name in {fold(n) for n in find(address)})
    return [name for name, count in counts.items() if count >= least]


def _point(name: str, kind: str) -> Point:
    return Point(name, kind, {"en": name}, Pin(0, 0), None)


def _finder(areas: Areas) -> Streets:
    def named(words: str) -> frozenset[str]:
        hits = (hit.named for hit in areas.found_in(words))
        return frozenset(
            each.id for each in hits if isinstance(each, Point) and each.kind != "road"
        )

    return named


@dataclass
class Figures:
    """What was found. Of `second` callers the true ticket was offered `first`, or in the `three`;
    the agent who always trusts merged `merged` of them, `wrong` into another ticket. Of `new`
    tickets they merged `new_merged` into one with another id: the file does not say whether that
    was wrong. Of `judged_same` pairs the earlier was among the three `judged_three` times; of first
    offers that were judged (`judged_merged`) `judged_wrong` were not the same. Whatever was heard,
    both pins of the table say how far apart two are: of all `offered`, `far` are farther than the
    same matter can be, and `merged_far` of what the agent merged.
    """

    tickets: int = 0
    second: int = 0
    first: int = 0
    three: int = 0
    merged: int = 0
    wrong: int = 0
    new: int = 0
    new_merged: int = 0
    judged_same: int = 0
    judged_three: int = 0
    judged_merged: int = 0
    judged_wrong: int = 0
    offered: int = 0
    far: int = 0
    merged_far: int = 0
    #: What was merged among the new ones: (id, id of the first offer), to be judged.
    merges: list[tuple[str, str]] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """Return the figures by name, without what was merged."""
        counts = {name: value for name, value in vars(self).items() if name != "merges"}
        return counts | {
            "share_first": _share(self.first, self.second),
            "share_three": _share(self.three, self.second),
            "share_wrong": _share(self.wrong, self.merged),
            "share_far": _share(self.far, self.offered),
            "share_merged_far": _share(self.merged_far, self.merged + self.new_merged),
            "judged_share_three": _share(self.judged_three, self.judged_same),
            "judged_share_wrong": _share(self.judged_wrong, self.judged_merged),
        }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def measure(
    reports: Iterable[Report],
    heard: Heard = Heard(),
    judged: Mapping[frozenset[str], bool] | None = None,
    least: float = rules.LEAST,
    seed: int = 1,
) -> Figures:
    """Play the reports. `judged`: pairs of ids, and whether they are the same matter."""
    chance, found = random.Random(seed), Figures()  # noqa: S311 - not for secrets
    tickets: dict[str, Matter] = {}
    names: dict[int, str] = {}
    pairs = judged or {}
    for report in sorted(reports, key=lambda each: (each.matter.at, each.id)):
        draft = replace(heard.as_heard(report.matter, chance), key=0)
        offers = rules.offers(draft, tickets.values(), least)
        ids = [names[each.matter.key] for each in offers]
        far = [_is_far(report.matter, each.matter) for each in offers]
        found.offered += len(far)
        found.far += sum(far)
        found.merged_far += any(far[:1])
        if report.id in tickets:
            _second(found, report.id, ids)
            continue
        found.tickets += 1
        if tickets:
            _new(found, report.id, ids, pairs, tickets)
        key = len(tickets) + 1
        streets = heard.named(report.matter.text, report.matter.place)
        tickets[report.id] = replace(report.matter, key=key, streets=streets)
        names[key] = report.id
    return found


def _is_far(one: Matter, other: Matter) -> bool:
    if one.pin is None or other.pin is None:
        return False
    return distance(one.pin, other.pin) > one.limits.wider(other.limits).radius_m


def _second(found: Figures, id_: str, offered: Sequence[str]) -> None:
    found.second += 1
    found.three += id_ in offered
    if offered:
        found.merged += 1
        found.first += offered[0] == id_
        found.wrong += offered[0] != id_


def _new(
    found: Figures,
    id_: str,
    offered: Sequence[str],
    judged: Mapping[frozenset[str], bool],
    tickets: Mapping[str, Matter],
) -> None:
    found.new += 1
    same = {
        other
        for pair, is_same in judged.items()
        if is_same and id_ in pair
        for other in pair - {id_}
        if other in tickets
    }
    found.judged_same += len(same)
    found.judged_three += len(same & set(offered))
    if not offered:
        return
    found.new_merged += 1
    found.merges.append((id_, offered[0]))
    verdict = judged.get(frozenset({id_, offered[0]}))
    if verdict is not None:
        found.judged_merged += 1
        found.judged_wrong += not verdict
