"""Letters as they are compared, and the n-grams of them."""

import numpy as np
import pytest

from tickets.categories import text
from tickets.categories.text import grams, read, same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("น้ำท่วม", "นํ้าท่วม"),  # a vowel in two pieces, with its tone between them
        ("น้ำท่วม", "นำ้ท่วม"),  # the tone after the vowel
        ("แก้ไข", "เเก้ไข"),  # two of one vowel for another
        ("ที่นี่", "ท่ีนี่"),  # the tone before the vowel
        ("ซอย ๑๒", "ซอย 34"),  # which soi it is says nothing
        ("Flood!!! in  the Soi", "flood in the soi"),
        ("มากกกกกกก", "มากก"),
        ("ไฟ\u200bดับ", "ไฟดับ"),
        ("ดู https://a.example/b?c=1 ครับ", "ดู ครับ"),
    ],
)
def test_what_means_the_same_looks_the_same(one: str, other: str) -> None:
    assert read(one).letters == read(other).letters


def test_what_differs_stays_different() -> None:
    assert read("น้ำ").letters != read("นา").letters
    assert same("ไฟ ดับ") == same("ไฟดับ")  # a space is no difference between two texts


def test_each_letter_knows_where_it_stood() -> None:
    found = read("  ไฟทาง   ดับ!")
    assert found.letters == " ไฟทาง ดับ "
    assert len(found.places) == len(found.letters)
    at = found.letters.index("ดับ")
    assert found.source[found.places[at] :].startswith("ดับ")


def test_ngrams_stay_within_words() -> None:
    found = grams(" ab c ")
    pieces = {
        " ab c "[start : start + length]
        for start, length in zip(found.starts, found.lengths, strict=True)
    }
    assert pieces == {"a", "b", " a", "ab", "b ", "c", " c", "c ", " ab", "ab ", " c ", " ab "}


def test_the_same_ngram_has_the_same_number_everywhere() -> None:
    one, other = grams(" abc "), grams(" xabc ")

    def number(found: text.Grams, letters: str, piece: str) -> int:
        at = letters.index(piece)
        hit = (found.starts == at) & (found.lengths == len(piece))
        return int(found.hashes[hit][0])

    assert number(one, " abc ", "bc ") == number(other, " xabc ", "bc ")
    assert number(one, " abc ", "abc") != number(one, " abc ", "ab")


@pytest.mark.parametrize("nothing", ["", "   ", "!!!", "\u200b"])
def test_of_nothing_there_is_nothing(nothing: str) -> None:
    assert len(np.unique(grams(read(nothing).letters).hashes)) <= 1
