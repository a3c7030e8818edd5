"""What somebody who types into the search field wants. Pure.

All words must be found, each anywhere, also inside other words: Thai writes no spaces between them.
Words are compared in one composition (NFC) and without regard to case, and otherwise sign by sign,
as LIKE does with `%` and `_` taken literally.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from tickets import numbers

#: More words are not looked for, and no longer ones: nobody types them.
MOST_WORDS, LONGEST_WORD = 8, 100
#: So many figures in a row, and nothing else, may be a part of a telephone number.
_FIGURES = 3
_BETWEEN_FIGURES = str.maketrans("", "", " -.()+/\u2010\u2011\u2013\u00a0\u202f")


@dataclass(frozen=True)
class Wanted:
    """`number`: the only ticket number that it can be, without or with its check digit; else empty.

    `words` are as `folded` gives them; `callers` says of each how it stands in what is known of a
    caller, where +66 81 234 5678 is kept as +66812345678.
    """

    number: str
    words: Sequence[str]
    callers: Sequence[str]


def folded(text: str) -> str:
    """Return a text as it is compared. The databases do the same to what they keep: NFC, and then
    each letter's lower case.
    """
    return unicodedata.normalize("NFC", text).lower()


def wanted(text: str) -> Wanted:
    """Read what was typed."""
    words = [word[:LONGEST_WORD] for word in folded(text.replace("\0", "")).split()][:MOST_WORDS]
    return Wanted(_number(text), tuple(words), tuple(map(_of_caller, words)))


def _number(text: str) -> str:
    try:
        return numbers.parse(text)
    except numbers.BadNumberError as error:
        if error.slip in (numbers.Slip.EMPTY, numbers.Slip.NOT_DIGITS):
            return ""
    digits = numbers.digits(text)
    if digits.startswith("0") or not numbers.SHORTEST - 1 <= len(digits) < numbers.LONGEST:
        return ""
    return numbers.make(int(digits) - numbers.FIRST + 1)


def _of_caller(word: str) -> str:
    """A part of a telephone number as it is kept: the country's code stands where the first zero
    does.
    """
    figures = word.translate(_BETWEEN_FIGURES)
    if len(figures) < _FIGURES or not (figures.isascii() and figures.isdecimal()):
        return word
    return figures.lstrip("0") or word


def hides_numbers(word: str) -> bool:
    """Say whether a word may be a part of a number of somebody's, which not everybody reads: four
    figures in a row, in any script.
    """
    return re.search(r"\d[\d\-.]*\d[\d\-.]*\d[\d\-.]*\d", word) is not None
