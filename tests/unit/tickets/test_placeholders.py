from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.life import placeholders, rules
from tickets.life.placeholders import Name, Wrong

texts = st.text(alphabet="{}ab \nเลข" + "number", max_size=40)


def test_what_is_known_is_filled_in_and_what_is_not_stays_to_be_seen() -> None:
    text = "เรื่อง {number} กำหนด {deadline}"
    filled = placeholders.fill(text, {Name.NUMBER: "100-0015"})
    assert filled == "เรื่อง 100-0015 กำหนด {deadline}"
    assert placeholders.left(filled) == ["{deadline}"]


def test_what_a_value_says_is_not_filled_in_again() -> None:
    filled = placeholders.fill("{division} {number}", {Name.DIVISION: "{number}"})
    assert filled == "{number} {number}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{number}", []),
        ("{numer}", [(Wrong.UNKNOWN, "{numer}", 1, 1)]),
        ("a\n เรื่อง {nummer}", [(Wrong.UNKNOWN, "{nummer}", 2, 9)]),
        ("{number", [(Wrong.NOT_CLOSED, "{number", 1, 1)]),
        ("number}", [(Wrong.NOT_OPENED, "}", 1, 7)]),
        ("{number!r} {}", [(Wrong.UNKNOWN, "{number!r}", 1, 1), (Wrong.UNKNOWN, "{}", 1, 12)]),
        ("{a\nb}", [(Wrong.NOT_CLOSED, "{a", 1, 1), (Wrong.NOT_OPENED, "}", 2, 2)]),
        ("{{number}}", [(Wrong.NOT_CLOSED, "{", 1, 1), (Wrong.NOT_OPENED, "}", 1, 10)]),
    ],
)
def test_a_fault_is_told_with_what_and_where(text: str, found: list[object]) -> None:
    told = [(each.wrong, each.found, each.line, each.column) for each in placeholders.faults(text)]
    assert told == found


@given(texts)
def test_words_without_a_fault_have_no_brace_left_when_all_is_known(text: str) -> None:
    values = dict.fromkeys(Name, "x")
    if not list(placeholders.faults(text)):
        assert not set("{}") & set(placeholders.fill(text, values))


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), max_size=12))
def test_bonds_that_close_no_circle_never_make_one(wanted: list[tuple[int, int]]) -> None:
    bonds: list[tuple[int, int]] = []
    for from_, to in wanted:
        if not rules.closes_circle(bonds, from_, to):
            bonds.append((from_, to))
    # Kahn: what has no circle can be taken apart from its ends
    left = set(bonds)
    while ends := {edge for edge in left if edge[1] not in {from_ for from_, _ in left}}:
        left -= ends
    assert not left


def test_nothing_leads_to_itself() -> None:
    assert all(rules.closes_circle([], each, each) for each in range(3))
    assert rules.closes_circle([(1, 2), (2, 3)], 3, 1)
    assert not rules.closes_circle([(1, 2), (2, 3)], 1, 3)
    assert not any(rules.closes_circle([(1, 2)], a, b) for a, b in product([3], [1, 2]))
