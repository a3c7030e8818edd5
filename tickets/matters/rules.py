"""How alike two matters are, and which open ones are offered for one that is being written down.
Pure: it can be read aloud.

Four things are looked at: how far apart they are, how long ago the other one was, whether they are
about the same or a related thing, and which words they share. Each says something between 0 and 1;
their weighted sum is how alike they are. Who calls from a number that has called about it already
is most likely calling about it again. Of what is alike enough the three most alike are offered,
each with what speaks for it.

Thai is written without spaces, so words are compared as letters: how many runs of three are shared.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from enum import StrEnum
from functools import cached_property
from typing import Final

from tickets.places.rules import DEGREE, Pin, distance

#: So many are offered at most.
OFFERED: Final = 3
#: What is less alike than this is not offered.
LEAST: Final = 0.5
#: About other things, they share at least so much of what was said.
OTHERWISE_ALIKE: Final = 0.45
#: What is said so much alike and names other numbers is the next house, the next pole: one who
#: writes of several in a row.
SAYS_THE_SAME, OTHER_NUMBERS = 0.8, 0.25
#: Letters of a run that is compared, and the fewest runs that a text is measured by: two words that
#: are alike in full say little.
RUN: Final = 3
FEWEST_RUNS: Final = 16
#: More of a text is not compared: the matter is said before.
LOOKED_AT: Final = 600
#: Letters that a stretch of shared words has at least, and how many stretches are shown.
SHORTEST_WORDS: Final = 4
SHOWN_WORDS: Final = 3

#: What each thing weighs.
NEAR, WORDS, ABOUT, FRESH = 0.3, 0.4, 0.2, 0.1
#: What the same caller adds.
SAME_CALLER: Final = 0.35
#: How near a place is that is known by its area alone.
SAME_AREA: Final = 0.4
#: How near two places are that name the same soi or landmark of the city's file, in whatever
#: language, in the note or where it is.
SAME_NAMED: Final = 0.7
#: That counts where so much of what was said is alike too, if it can be compared: sois are long,
#: and two matters of one category in one of them are more often two than one.
NAMED_ALIKE: Final = 0.35
#: Where neither pins nor areas say that it is the same place, the words of the place must: so much.
PLACE_ALIKE: Final = 0.5


class About(StrEnum):
    """What two matters are about, by their categories."""

    SAME = "same"
    #: Of one division.
    RELATED = "related"
    #: Nobody has said yet what one of them is about.
    UNKNOWN = "unknown"
    OTHER = "other"


_ABOUT: Final = {About.SAME: 1.0, About.RELATED: 0.5, About.UNKNOWN: 0.5, About.OTHER: 0.0}


@dataclass(frozen=True)
class Limits:
    """How far apart and how long ago what is the same matter can be."""

    radius_m: float
    within: timedelta

    def wider(self, other: "Limits") -> "Limits":
        """Return the limits that let through what either does."""
        return Limits(max(self.radius_m, other.radius_m), max(self.within, other.within))


@dataclass(frozen=True)
class Matter:
    """One matter: an open ticket, or what is being written down.

    `key`: the ticket's id, 0 for a draft; `group`: the division of its category; `place`: the words
    of where it is; `streets`: ids of the city's sois and landmarks that it names; `area`: the id
    of whose it is; `numbers`: who has called about it (E.164).
    """

    key: int
    text: str
    at: datetime
    limits: Limits
    category: str | None = None
    group: str | None = None
    pin: Pin | None = None
    area: str | None = None
    place: str = ""
    streets: frozenset[str] = frozenset()
    numbers: frozenset[str] = field(default_factory=frozenset)

    @cached_property
    def runs(self) -> frozenset[str]:
        """The runs of letters of what was said."""
        return runs(self.text)

    @cached_property
    def named(self) -> frozenset[str]:
        """The numbers that stand in it: of houses, poles, lanes."""
        return frozenset(
            _NUMBER.findall(unicodedata.normalize("NFKC", f"{self.text} {self.place}"))
        )

    @cached_property
    def script(self) -> str:
        """The script that most of what was said is written in; empty: nothing was."""
        names = [unicodedata.name(each, "").partition(" ")[0] for each in letters(self.text)]
        return max(sorted(set(names)), key=names.count, default="")

    @cached_property
    def place_runs(self) -> frozenset[str]:
        """The runs of letters of the words of where it is."""
        return runs(self.place)


@dataclass(frozen=True)
class Likeness:
    """How alike two matters are (`score`, 0 to 1), and what speaks for it.

    `metres`: None where one of them has no pin; `words`: 0 to 1; `other_numbers`: it says the same
    of other houses, poles or lanes.
    """

    score: float
    metres: float | None
    apart: timedelta
    about: About
    words: float
    same_area: bool
    same_caller: bool
    other_numbers: bool


@dataclass(frozen=True)
class Offer:
    """An open ticket that may be the same matter, and the words that both have."""

    matter: Matter
    likeness: Likeness
    shared: tuple[str, ...]


def offers(draft: Matter, others: Iterable[Matter], least: float = LEAST) -> list[Offer]:
    """Return the others that are likely the same matter as the draft, the likeliest first, of two
    as likely the newer one; at most three.
    """
    found = [(each, like) for each in others if (like := likeness(draft, each)) is not None]
    alike = sorted(
        (pair for pair in found if pair[1].score >= least),
        key=lambda pair: (-pair[1].score, -pair[0].key),
    )
    return [
        Offer(each, like, shared_words(_said(draft), _said(each))) for each, like in alike[:OFFERED]
    ]


def _said(matter: Matter) -> str:
    return f"{matter.text} {matter.place}"


def likeness(one: Matter, other: Matter) -> Likeness | None:
    """Say how alike two matters are; None when they cannot be the same: too far apart, too long
    ago, or nothing at all was said of either. The same whichever of the two is asked first.
    """
    if one.key and one.key == other.key:
        return None
    limits = one.limits.wider(other.limits)
    apart = abs(one.at - other.at)
    if apart > limits.within or _is_far(one, other, limits):
        return None
    metres = distance(one.pin, other.pin) if one.pin and other.pin else None
    same_area = one.area is not None and one.area == other.area
    same_caller = bool(one.numbers & other.numbers)
    near = _nearness(one, other, metres, limits, same_area=same_area)
    if (metres is None and near == 0 and not same_caller) or near < 0:
        return None
    about = about_of(one, other)
    words = alike(one.runs, other.runs)
    if about is About.OTHER and words < OTHERWISE_ALIKE:
        return None
    other_numbers = words >= SAYS_THE_SAME and bool(
        one.named - other.named and other.named - one.named
    )
    score = (
        NEAR * near
        + WORDS * words
        + ABOUT * _ABOUT[about]
        + FRESH * (1 - apart / limits.within)
        + SAME_CALLER * same_caller
        - OTHER_NUMBERS * other_numbers
    )
    return Likeness(
        min(1.0, score), metres, apart, about, words, same_area, same_caller, other_numbers
    )


def _is_far(one: Matter, other: Matter, limits: Limits) -> bool:
    """Say, at little cost, that two pins are too far apart from south to north."""
    if one.pin is None or other.pin is None:
        return False
    return abs(one.pin.latitude - other.pin.latitude) * DEGREE > limits.radius_m + 1


def _nearness(
    one: Matter, other: Matter, metres: float | None, limits: Limits, *, same_area: bool
) -> float:
    """Say how near, 0 to 1; less than 0: too far. Of a place without a pin, by the area and the
    words of where it is, and 0 where these do not say that it is the same.
    """
    if metres is not None:
        return 1 - metres / limits.radius_m
    if one.area is not None and other.area is not None and not same_area:
        return 0.0
    words = _overlap(one.place_runs, other.place_runs)
    if _says_the_same_there(one, other):
        words = max(words, SAME_NAMED)
    if same_area:
        return max(SAME_AREA, words)
    return words if words >= PLACE_ALIKE else 0.0


def _says_the_same_there(one: Matter, other: Matter) -> bool:
    """Say whether both name the same soi or landmark, and much the same of it; of two languages in
    two scripts the name alone can be compared.
    """
    if not one.streets & other.streets:
        return False
    return one.script != other.script or alike(one.runs, other.runs) >= NAMED_ALIKE


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """Say how much of both places is the same, 0 to 1 (the Jaccard index)."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) if shared else 0.0


def about_of(one: Matter, other: Matter) -> About:
    """Say what two matters have to do with each other by their categories."""
    if one.category is None or other.category is None:
        return About.UNKNOWN
    if one.category == other.category:
        return About.SAME
    related = one.group is not None and one.group == other.group
    return About.RELATED if related else About.OTHER


# ------------------------------------------------------------------ words

#: A number that names something: none of hours, days, metres.
_NUMBER: Final = re.compile(
    r"\d++(?:/\d++)?+"
    r"(?!\s*(?:ชั่วโมง|ชม|นาที|วัน|สัปดาห์|เดือน|ปี|น\.|ซม|เซน|เมตร|ม\.|นิ้ว|hour|day|week|min|cm|m\b))"
)
_INVISIBLE: Final = re.compile("[\u200b\u200c\u200d\u2060\ufeff]")
#: A nikhahit after a tone mark stands before it: two ways to type the same vowel.
_AM: Final = re.compile("([\u0e48-\u0e4b])\u0e4d")
#: What no word begins with: marks, and vowels that follow a consonant.
_FOLLOWS: Final = frozenset(
    "\u0e30\u0e31\u0e32\u0e33\u0e34\u0e35\u0e36\u0e37\u0e38\u0e39\u0e3a\u0e45\u0e47\u0e48\u0e49"
    "\u0e4a\u0e4b\u0e4c\u0e4d\u0e4e"
)
#: What is between words, and in them without being said.
_NO_LETTERS: Final = re.compile(f"(?:[^\\w{''.join(sorted(_FOLLOWS))}]|_)+")
_DIGITS: Final = {ord(each): str(n) for n, each in enumerate("๐๑๒๓๔๕๖๗๘๙")}
#: Vowels that are written before their consonant: no word ends with one.
_LEADS: Final = frozenset("\u0e40\u0e41\u0e42\u0e43\u0e44")


def letters(text: str) -> str:
    """Return a text as it is compared: one way to write a sign, no case, no spaces, no marks of
    punctuation.
    """
    tidy = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text[:LOOKED_AT])).casefold()
    return _NO_LETTERS.sub("", _AM.sub("\u0e4d\\1", tidy).translate(_DIGITS))


def runs(text: str) -> frozenset[str]:
    """Return the runs of letters of a text."""
    read = letters(text)
    return frozenset(read[at : at + RUN] for at in range(len(read) - RUN + 1))


def alike(one: frozenset[str], other: frozenset[str]) -> float:
    """Say how much of the shorter of two texts the longer one says as well, 0 to 1: who is still
    typing has said little yet.
    """
    if not one or not other:
        return 0.0
    return len(one & other) / max(min(len(one), len(other)), FEWEST_RUNS)


def shared_words(one: str, other: str) -> tuple[str, ...]:
    """Return the longest stretches that both texts have, as they stand in the other, in its order.

    Nobody cuts Thai into words here: a stretch begins and ends where a word could.
    """
    here, there = _low(one[:LOOKED_AT]), other[:LOOKED_AT]
    matcher = SequenceMatcher(None, here, _low(there), autojunk=False)
    found: list[tuple[int, str]] = []
    for block in matcher.get_matching_blocks():
        words = _as_words(there[block.b : block.b + block.size])
        if len(words) >= SHORTEST_WORDS and words.casefold() not in {
            each.casefold() for _, each in found
        }:
            found.append((block.b, words))
    longest = sorted(found, key=lambda each: -len(each[1]))[:SHOWN_WORDS]
    return tuple(words for _, words in sorted(longest))


def _low(text: str) -> str:
    """Return a text without case, each of its letters in its place."""
    low = ((each, each.casefold()) for each in text)
    return "".join(folded if len(folded) == 1 else each for each, folded in low)


def _as_words(stretch: str) -> str:
    """Cut off what no word begins or ends with."""
    start, end = 0, len(stretch)
    while start < end and (stretch[start] in _FOLLOWS or not stretch[start].isalnum()):
        start += 1
    while end > start and (
        stretch[end - 1] in _LEADS
        or not (stretch[end - 1].isalnum() or stretch[end - 1] in _FOLLOWS)
    ):
        end -= 1
    return " ".join(stretch[start:end].split())
