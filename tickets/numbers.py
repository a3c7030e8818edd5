"""The number of a ticket: short, digits only, keyed on a telephone, read aloud, written on paper.

A number is a sequence followed by one check digit of H. Michael Damm's scheme (*Total
anti-symmetrische Quasigruppen*, dissertation, Philipps-Universität Marburg 2004, the quasigroup of
order ten). It catches every single wrong digit and every swap of two neighbours, which together
are nearly all slips of people who key or write numbers, and needs no letter as ISBN-10 does.

The sequence starts at 100000, so a number has seven digits, never a leading zero, and grows to
eight after 900,000 tickets. It tells no more than how many tickets there have been, which the city
publishes anyway; a number alone never opens a ticket to anybody.
"""

from enum import Enum
from typing import Final

FIRST: Final = 100_000
"""The sequence of the first ticket: the smallest one with six digits."""

SHORTEST: Final = 7
LONGEST: Final = 12

_DAMM: Final = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)
# what people put between digits; Thai digits are what Thai forms are filled in with
_TOLERATED: Final = str.maketrans(
    "๐๑๒๓๔๕๖๗๘๙", "0123456789", " \t\u00a0\u202f-\u2010\u2011\u2013.#"
)


class Slip(Enum):
    """Why a text is not a ticket number."""

    EMPTY = "empty"
    NOT_DIGITS = "not-digits"
    LENGTH = "length"
    CHECK_DIGIT = "check-digit"


class BadNumberError(ValueError):
    """A text that is not a ticket number; `slip` says what is wrong with it."""

    def __init__(self, slip: Slip) -> None:
        super().__init__(slip.value)
        self.slip = slip


def _interim(written: str) -> int:
    interim = 0
    for digit in written:
        interim = _DAMM[interim][ord(digit) - 48]
    return interim


def make(ordinal: int) -> str:
    """Return the number of the `ordinal`-th ticket ever made, counted from 1.

    Raises ValueError when `ordinal` is below 1.
    """
    if ordinal < 1:
        raise ValueError("tickets are counted from 1")
    sequence = str(FIRST + ordinal - 1)
    return f"{sequence}{_interim(sequence)}"


def digits(text: str) -> str:
    """Return what is left without what people put between digits."""
    return text.translate(_TOLERATED)


def parse(text: str) -> str:
    """Return the bare digits of a number as somebody wrote, keyed or pasted it.

    Spaces, hyphens, dots, a closing # and Thai digits are tolerated. Raises `BadNumberError` when
    it cannot be a ticket's number; whether the ticket exists is another question.
    """
    number = digits(text)
    if not number:
        raise BadNumberError(Slip.EMPTY)
    if not (number.isascii() and number.isdecimal()):
        raise BadNumberError(Slip.NOT_DIGITS)
    if not SHORTEST <= len(number) <= LONGEST or number[0] == "0":
        raise BadNumberError(Slip.LENGTH)
    if _interim(number) != 0:
        raise BadNumberError(Slip.CHECK_DIGIT)
    return number


def groups(number: str) -> list[str]:
    """Cut a number into the groups it is written and spoken in: three or four digits each.

    The first groups have three digits and the last ones four, as in Thai telephone numbers:
    1000019 is 100, 0019.
    """
    fours = len(number) % 3
    threes = (len(number) - 4 * fours) // 3
    cuts = [3 * i for i in range(threes)] + [3 * threes + 4 * i for i in range(fours)]
    return [number[a:b] for a, b in zip(cuts, [*cuts[1:], len(number)], strict=True)]


def display(number: str) -> str:
    """Return the number as it is printed: 100-0019."""
    return "-".join(groups(number))


def speech(number: str) -> str:
    """Return the number as it is read aloud, digit by digit: 1 0 0, 0 0 1 9.

    The comma makes a pause. Given the bare number, a voice would say "one million and nineteen".
    """
    return ", ".join(" ".join(group) for group in groups(number))
