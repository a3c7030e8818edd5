import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets import numbers
from tickets.numbers import BadNumberError, Slip

ordinals = st.integers(min_value=1, max_value=99_999_999_999 - numbers.FIRST)
made = ordinals.map(numbers.make)


def slip_of(text: str) -> Slip:
    with pytest.raises(BadNumberError) as refused:
        numbers.parse(text)
    return refused.value.slip


def test_the_published_example_of_the_scheme() -> None:
    # the worked example that is given with Damm's scheme everywhere: 572 has check digit 4
    assert numbers._interim("572") == 4
    assert numbers._interim("5724") == 0


def test_seven_digits_for_nine_hundred_thousand_tickets_then_eight() -> None:
    assert len(numbers.make(1)) == 7
    assert len(numbers.make(900_000)) == 7
    assert len(numbers.make(900_001)) == 8


def test_there_is_no_ticket_before_the_first() -> None:
    with pytest.raises(ValueError, match="counted from 1"):
        numbers.make(0)


@given(made)
def test_what_is_made_is_read_back(number: str) -> None:
    assert numbers.parse(number) == number
    assert numbers.parse(numbers.display(number)) == number


@given(made, st.data())
def test_every_single_wrong_digit_is_caught(number: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(number) - 1))
    wrong = data.draw(st.sampled_from([d for d in "0123456789" if d != number[at]]))
    assert slip_of(number[:at] + wrong + number[at + 1 :]) in (Slip.CHECK_DIGIT, Slip.LENGTH)


@given(made)
def test_every_swap_of_neighbours_is_caught(number: str) -> None:
    for at in range(len(number) - 1):
        swapped = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
        if swapped != number:
            assert slip_of(swapped) in (Slip.CHECK_DIGIT, Slip.LENGTH)


def test_the_catches_are_complete_over_a_whole_block_of_numbers() -> None:
    """Not only the samples of hypothesis: each slip of each of a thousand numbers in a row."""
    for ordinal in range(1, 1001):
        number = numbers.make(ordinal)
        for at, digit in enumerate(number):
            for other in "0123456789":
                if other != digit:
                    assert numbers._interim(number[:at] + other + number[at + 1 :]) != 0
        for at in range(6):
            if number[at] != number[at + 1]:
                swapped = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
                assert numbers._interim(swapped) != 0


@given(ordinals, ordinals)
def test_no_two_tickets_share_a_number(one: int, other: int) -> None:
    assert (numbers.make(one) == numbers.make(other)) == (one == other)


@pytest.mark.parametrize("style", ["{} ", "{}#", " {}"])
def test_what_people_add_is_tolerated(style: str) -> None:
    number = numbers.make(23)
    assert numbers.parse(style.format(number)) == number


def test_spaces_hyphens_and_thai_digits_are_tolerated() -> None:
    number = numbers.make(23)
    spaced = " - ".join(number)
    thai = number.translate(str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙"))
    assert numbers.parse(spaced) == numbers.parse(thai) == number


@pytest.mark.parametrize(
    ("text", "slip"),
    [
        ("", Slip.EMPTY),
        (" - ", Slip.EMPTY),
        ("12a4567", Slip.NOT_DIGITS),
        ("+66812345678", Slip.NOT_DIGITS),
        ("²345678", Slip.NOT_DIGITS),
        ("123456", Slip.LENGTH),
        ("1234567890123", Slip.LENGTH),
        ("0000000", Slip.LENGTH),
    ],
)
def test_what_is_no_number_is_told_why(text: str, slip: Slip) -> None:
    assert slip_of(text) is slip


@given(st.text())
def test_any_text_is_answered_with_a_number_or_a_refusal(text: str) -> None:
    with contextlib.suppress(BadNumberError):
        assert numbers.parse(text).isdecimal()


@pytest.mark.parametrize(
    ("digits", "shown"),
    [
        ("1234567", "123-4567"),
        ("12345678", "1234-5678"),
        ("123456789", "123-456-789"),
        ("1234567890", "123-456-7890"),
        ("12345678901", "123-4567-8901"),
        ("123456789012", "123-456-789-012"),
    ],
)
def test_groups_of_three_and_four(digits: str, shown: str) -> None:
    assert numbers.display(digits) == shown


def test_it_is_spoken_digit_by_digit() -> None:
    assert numbers.speech("1234567") == "1 2 3, 4 5 6 7"
