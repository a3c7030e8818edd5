"""What somebody who types into the search field wants."""

import pytest

from tickets import numbers
from tickets.inbox.wanted import LONGEST_WORD, MOST_WORDS, folded, wanted


@pytest.mark.parametrize("typed", ["1000015", "100-0015", " 100 0015#", "๑๐๐๐๐๑๕", "100001"])
def test_a_number_is_understood_also_without_its_check_digit(typed: str) -> None:
    assert wanted(typed).number == numbers.make(2) == "1000015"


@pytest.mark.parametrize("typed", ["", "ไฟ", "10000", "000001", "0812345678", "1" * 13])
def test_what_is_no_number_is_none(typed: str) -> None:
    assert wanted(typed).number == ""


def test_words_are_folded_and_bounded() -> None:
    assert wanted(" ไฟดับ\tSOI  E\u0301 ").words == ("ไฟดับ", "soi", "é")
    assert len(wanted("a " * 99).words) == MOST_WORDS
    assert wanted("ก" * 999).words == ("ก" * LONGEST_WORD,)
    assert wanted("a\0b").words == ("ab",)
    assert folded("É") == folded("e\u0301") == "é"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("081-234-5678", "812345678"), ("+6681", "6681"), ("000", "000"), ("12", "12"), ("ก1", "ก1")],
)
def test_a_part_of_a_telephone_number_is_as_it_is_kept(typed: str, kept: str) -> None:
    assert wanted(typed).callers == (kept,)
