"""From words to n-grams of characters: Thai is written without spaces, so the letters have to do.

Nothing of what is read is kept: an n-gram leaves as a number of 32 bits.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint32]

#: The shortest and the longest n-gram, in characters.
SHORTEST, LONGEST = 1, 7
#: More of a text is not looked at: the matter is said before.
LOOKED_AT = 4000

_ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff")
_TONES = frozenset("\u0e48\u0e49\u0e4a\u0e4b")
#: Vowels above and below a consonant, which stand before a tone mark.
_VOWELS = frozenset("\u0e31\u0e34\u0e35\u0e36\u0e37\u0e38\u0e39")
_SARA_E, _SARA_AE, _SARA_AA, _SARA_AM, _NIKHAHIT = "\u0e40", "\u0e41", "\u0e32", "\u0e33", "\u0e4d"
#: What no word begins with: marks, and vowels that follow a consonant.
FOLLOWS: Final = (
    _TONES | _VOWELS | frozenset("\u0e30\u0e32\u0e33\u0e3a\u0e45\u0e47\u0e4c\u0e4d\u0e4e")
)
#: Vowels that are written before the consonant after which they are spoken: no word ends with one.
LEADS: Final = frozenset("\u0e40\u0e41\u0e42\u0e43\u0e44")


@dataclass(frozen=True)
class Read:
    """A text as it is compared: `letters`, and of each where it stands in `source`.

    `source` is the text in NFC; `letters` begins and ends with a space.
    """

    source: str
    letters: str
    places: tuple[int, ...]


def read(text: str) -> Read:
    """Make texts that mean the same look the same: case, digits, ways to type a vowel, noise."""
    source = unicodedata.normalize("NFC", text[:LOOKED_AT])
    seen = _ADDRESS.sub(lambda found: " " * len(found.group()), source)
    letters, places = [" "], [0]
    for place, each in enumerate(seen):
        if each in _INVISIBLE:
            continue
        letter = _letter(each)
        if letter == " " == letters[-1]:
            continue
        if len(letters) > 2 and letter == letters[-1] == letters[-2]:
            continue  # "very looooong"
        _put(letters, places, letter, place)
    if letters[-1] != " ":
        letters.append(" ")
        places.append(len(source))
    return Read(source, "".join(letters), tuple(places))


def _letter(each: str) -> str:
    if each.isdigit():
        return "0"  # which soi it is does not say what is wrong there
    if each.isalnum() or each in FOLLOWS:
        return each.lower()[0]
    return " "


def _put(letters: list[str], places: list[int], letter: str, place: int) -> None:
    """Add a letter as it should have been typed."""
    last = letters[-1]
    if letter == _SARA_E == last:
        letters[-1] = _SARA_AE
    elif letter == _SARA_AA and last == _NIKHAHIT:
        letters[-1] = _SARA_AM
    elif letter == _SARA_AA and last in _TONES and letters[-2] == _NIKHAHIT:
        letters[-2:] = [last, _SARA_AM]
    elif (letter in _TONES and last == _SARA_AM) or (letter in _VOWELS and last in _TONES):
        letters[-1:] = [letter, last]
        places.append(place)
    else:
        letters.append(letter)
        places.append(place)


def same(text: str) -> str:
    """Return what two texts have in common that differ in spaces, case, digits and signs alone."""
    return read(text).letters.replace(" ", "")


@dataclass(frozen=True)
class Grams:
    """The n-grams of one text: of each its number, where it begins in `letters`, how long it is."""

    hashes: Hashes
    starts: NDArray[np.int32]
    lengths: NDArray[np.int32]


def grams(letters: str) -> Grams:
    """Return the n-grams within words; a space at an end belongs to them, none is in the middle."""
    codes = np.frombuffer(letters.encode("utf-32-le"), dtype=np.uint32)
    spaces = codes == 32
    running = np.concatenate(([0], np.cumsum(spaces)))
    hashes, starts, lengths = [], [], []
    rolling = np.zeros(len(codes), dtype=np.uint32)
    for length in range(1, LONGEST + 1):
        count = len(codes) - length + 1
        if count <= 0:
            break
        rolling = (rolling[:count] * np.uint32(0x01000193)) ^ (codes[length - 1 :] + np.uint32(7))
        rolling = rolling * np.uint32(0x85EBCA6B)
        at = np.arange(count)
        # spaces strictly inside: none; and not a space alone
        inner = running[at + max(length - 1, 1)] - running[np.minimum(at + 1, at + length)]
        good = inner == 0 if length > 2 else ~(spaces[at] & spaces[at + length - 1])
        if length >= SHORTEST:
            kept = at[good]
            hashes.append(_mixed(rolling[good] + np.uint32(length)))
            starts.append(kept.astype(np.int32))
            lengths.append(np.full(len(kept), length, dtype=np.int32))
    return Grams(np.concatenate(hashes), np.concatenate(starts), np.concatenate(lengths))


def _mixed(hashes: Hashes) -> Hashes:
    """Spread what is close (the finalizer of MurmurHash3)."""
    mixed = hashes ^ (hashes >> np.uint32(16))
    mixed = mixed * np.uint32(0x85EBCA6B)
    mixed = mixed ^ (mixed >> np.uint32(13))
    mixed = mixed * np.uint32(0xC2B2AE35)
    found: Hashes = mixed ^ (mixed >> np.uint32(16))
    return found
