"""How many segments a text takes; figures of GSM 03.38."""

from __future__ import annotations

import pytest

from exchange.segments import BASIC, EXTENSION, encoding, segments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("é" * 160, 1),  # in the alphabet
        ("€" * 80, 1),  # two units each
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 8, 2),
        ("a" * 152 + "€" * 77, 3),  # the escape is not torn from its character: 152, 76 pairs, 1
        ("ก" * 70, 1),
        ("ก" * 71, 2),
        ("ก" * 134, 2),
        ("ก" * 135, 3),
        ("a" * 69 + "ก", 1),  # one strange character makes the whole text UCS-2
        ("a" * 70 + "ก", 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 66, 2),  # 33 pairs in each segment of 67, one unit of it unused
        ("😀" * 67, 3),
        ("á" * 70, 1),  # not in the alphabet, unlike à
    ],
)
def test_segments(text: str, expected: int) -> None:
    assert segments(text) == expected


def test_the_alphabet_is_whole() -> None:
    assert len(BASIC) == 127  # 128 codes, one of which is the escape
    assert len(EXTENSION) == 10
    assert encoding("Hello {name} €") == "GSM-7"
    assert encoding("สวัสดี") == "UCS-2"
