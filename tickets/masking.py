"""Words without the telephone numbers, ID numbers and e-mail addresses that stand in them. Pure.

For whatever is shown to somebody who need not know who it was. It finds numbers as people write
them in Thailand: with spaces, dashes, dots or brackets, in Thai figures or others, in the forms in
which they are dialled from abroad. It leaves alone what merely looks like one: dates and times,
amounts, numbers of houses and of tickets, coordinates, short numbers of services, number plates.

A Thai ID number has thirteen figures, of which the last is a check digit (weights 13 to 2, modulo
11; the Department of Provincial Administration's rule).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

#: What stands in the place of what was taken out.
MASK: Final = "·····"

_FIGURES: Final = str.maketrans("๐๑๒๓๔๕๖๗๘๙０１２３４５６７８９", "01234567890123456789")
_EMAIL: Final = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._%+-]*@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*\.[A-Za-z]{2,}"
)
_GAP: Final = (
    r"(?:[ \u00a0\u2009\u202f\t]{0,2}[-\u2010-\u2015.()]{0,2}[ \u00a0\u2009\u202f\t]{0,2})"
)
_RUN: Final = re.compile(rf"[0-9]+(?:{_GAP}[0-9]+)*")
_PLUS: Final = re.compile(r"\+ ?\(?$")

#: How a number of so many figures is written in groups; other ways are something else (a date).
_TEN: Final = frozenset(
    {(10,), (3, 7), (3, 3, 4), (3, 4, 3), (3, 5, 2), (3, 2, 5), (2, 8), (2, 4, 4), (2, 3, 5)}
    | {(4, 6), (4, 3, 3), (5, 5), (6, 4), (7, 3), (1, 9), (1, 4, 5), (1, 4, 4, 1), (1, 1, 4, 4)}
    | {(1, 1, 8), (1, 2, 7), (1, 2, 3, 4), (2, 2, 2, 2, 2), (3, 3, 2, 2), (3, 2, 2, 3), (1,) * 10}
)
_NINE: Final = frozenset(
    {(9,), (2, 7), (2, 3, 4), (2, 4, 3), (3, 6), (3, 3, 3), (3, 2, 4), (3, 4, 2), (5, 4)}
    | {(1, 8), (1, 4, 4), (1, 1, 7), (1, 1, 3, 4), (1, 2, 6), (1, 2, 3, 3), (1,) * 9}
)
_ID: Final = frozenset(
    {(13,), (1, 4, 5, 2, 1), (1, 4, 5, 3), (1, 4, 8), (1, 12), (1, 4, 5, 1, 2), (1, 9, 2, 1)}
    | {(1, 9, 3), (5, 5, 3), (5, 5, 2, 1), (10, 3), (12, 1), (1,) * 13}
)
#: How a card prints it: whoever writes it so means one, also with a slip in it.
_AS_PRINTED: Final = (1, 4, 5, 2, 1)
#: In groups of these sizes with dots between them it is no decimal number.
_DOTTED: Final = frozenset({(3, 3, 4), (2, 4, 4), (2, 3, 4), (3, 3, 3), (3, 7), (3, 6), (2, 7)})
_LONGEST: Final = 13


@dataclass(frozen=True, slots=True)
class _Group:
    """Figures that stand together, and where."""

    start: int
    end: int
    figures: str


def masked(text: str) -> str:
    """Return `text` with `MASK` instead of every telephone number, ID number and address."""
    text = _EMAIL.sub(MASK, text)
    return _over(text, _numbers(text.translate(_FIGURES)))


def without_numbers(text: str, numbers: Iterable[str]) -> str:
    """Return `text` with `MASK` instead of these telephone numbers (E.164), in whichever form they
    are written; those of others stay.
    """
    wanted = {_dialled(each) for each in numbers}
    plain = text.translate(_FIGURES)
    return _over(
        text,
        ((start, end) for start, end in _numbers(plain) if _dialled(plain[start:end]) in wanted),
    )


def _over(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Put `MASK` over what stands at `spans`, which go from left to right."""
    pieces, done = [], 0
    for start, end in spans:
        pieces += [text[done:start], MASK]
        done = end
    return "".join([*pieces, text[done:]])


def _dialled(number: str) -> str:
    """The figures that are the same in every form of a number: 812345678 of 081-234-5678, +66 81
    234 5678, 0066 (0)81 234 5678.
    """
    figures = re.sub("[^0-9]", "", number).removeprefix("00")
    return figures.removeprefix("66").removeprefix("0")


def without_names(text: str, names: Iterable[str]) -> str:
    """Return `text` with `MASK` instead of these names, whole and (from four letters on) in parts.

    Thai has no spaces between words, so a part is found wherever it stands.
    """
    wanted = {part for name in names for part in (name, *name.split()) if _is_a_name(part, name)}
    for part in sorted(wanted, key=len, reverse=True):
        text = re.sub(re.escape(part), MASK, text, flags=re.IGNORECASE)
    return text


_LEAST_PART: Final = 4


def _is_a_name(part: str, whole: str) -> bool:
    least = 2 if part == whole else _LEAST_PART
    return len(part) >= least and part != MASK


def is_thai_id(figures: str) -> bool:
    """Say whether thirteen figures are an ID number: their check digit is right."""
    if len(figures) != _LONGEST or not figures.isdecimal() or figures[0] == "9":
        return False
    weighed = sum(
        int(each) * weight for each, weight in zip(figures, range(13, 1, -1), strict=False)
    )
    return (11 - weighed % 11) % 10 == int(figures[-1])


# ------------------------------------------------------------------ finding them


def _numbers(plain: str) -> Iterator[tuple[int, int]]:
    """Yield where numbers stand, from left to right, none over another."""
    for run in _RUN.finditer(plain):
        groups = [
            _Group(run.start() + each.start(), run.start() + each.end(), each[0])
            for each in re.finditer("[0-9]+", run[0])
        ]
        n = 0
        while n < len(groups):
            length = _starts(plain, groups, n)
            if length:
                start = groups[n].start
                plus = _PLUS.search(plain[max(0, start - 3) : start])
                yield (start - len(plus[0]) if plus else start, groups[n + length - 1].end)
            n += length or 1


def _starts(plain: str, groups: Sequence[_Group], n: int) -> int:
    """How many groups from the nth on are one number; 0: none begins here."""
    if not _may_begin(plain, groups[n].start):
        return 0
    if _PLUS.search(plain[max(0, groups[n].start - 3) : groups[n].start]):
        return _from_abroad(groups[n:])
    found = 0
    for length in range(1, min(len(groups) - n, _LONGEST) + 1):
        part = groups[n : n + length]
        if sum(len(each.figures) for each in part) > _LONGEST:
            break
        if _is_number(plain, part) and _may_end(plain, part[-1].end):
            found = length
    return found


def _may_begin(plain: str, start: int) -> bool:
    """Not within something larger: an amount, a fraction, a time, a house's number."""
    before = plain[max(0, start - 10) : start]
    return not re.search(r"(?:[0-9][.,:]|(?<![0-9])[0-9]{1,8}/)$", before)


def _may_end(plain: str, end: int) -> bool:
    return not re.match(r":[0-9]|/[0-9]{1,8}(?![0-9])", plain[end : end + 10])


def _is_number(plain: str, part: Sequence[_Group]) -> bool:
    figures = "".join(each.figures for each in part)
    shape = tuple(len(each.figures) for each in part)
    return _looks_right(plain, part, shape) and (
        _is_telephone(figures, shape) or _id(figures, shape)
    )


def _id(figures: str, shape: tuple[int, ...]) -> bool:
    return len(figures) == _LONGEST and (
        shape == _AS_PRINTED or (shape in _ID and is_thai_id(figures))
    )


def _is_telephone(figures: str, shape: tuple[int, ...]) -> bool:
    if len(figures) == 10:
        return bool(re.match("0[689]", figures)) and shape in _TEN
    if len(figures) == 9:
        return bool(re.match("0[2-7]", figures)) and shape in _NINE
    # the country's code without its plus, or behind the zeros of a call from abroad
    abroad = re.match("(?:00)?66([2-9].*)", figures)
    if abroad is None or (shape[0] == 1 and figures[0] == "6"):
        return False
    local = abroad[1]
    of_mobile = len(local) == 9 and local[0] in "689"
    return of_mobile or (len(local) == 8 and local[0] in "234567" and figures.startswith("0066"))


def _looks_right(plain: str, part: Sequence[_Group], shape: tuple[int, ...]) -> bool:
    """Dots stand everywhere or nowhere; groups of two only with the same between all of them."""
    gaps = [plain[one.end : other.start].strip() for one, other in pairwise(part)]
    if any("." in gap for gap in gaps):
        return all(gap == "." for gap in gaps) and shape in _DOTTED
    if len(shape) > 3 and set(shape) == {2}:
        return len(set(gaps)) == 1
    return True


def _from_abroad(groups: Sequence[_Group]) -> int:
    """How many groups after a plus are a number: Thailand's own length, else eight figures on."""
    total, found = 0, 0
    thai = "".join(each.figures for each in groups[:2]).startswith("66")
    trunk = any(each.figures == "0" for each in groups[1:2])
    most = (12 if trunk else 11) if thai else 15
    for length, each in enumerate(groups, 1):
        total += len(each.figures)
        if total > most:
            break
        if total >= 8:
            found = length
    return found
