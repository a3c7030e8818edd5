"""What the figures mean."""

import pytest

from tests.unit.tickets.categories.made_up import lessons
from tickets.categories.measuring import answered, compare, counted_as, figures, is_held_out


def test_accuracy_and_macro_f1() -> None:
    found = figures(["a", "a", "a", "b"], ["a", "a", "b", "b"], [0.9, 0.8, 0.4, 0.7])
    assert found.accuracy == 0.75
    assert found.by_label["a"] == {"count": 3, "precision": 1.0, "recall": 0.6667, "f1": 0.8}
    assert found.by_label["b"]["f1"] == 0.6667
    assert found.macro_f1 == pytest.approx((0.8 + 0.6667) / 2)
    assert found.confusion == {("a", "a"): 2, ("a", "b"): 1, ("b", "b"): 1}
    assert found.as_json()["answered_at_90"] == 0.75


def test_of_several_labels_any_is_right() -> None:
    named = [{"a", "b"}, {"a", "b"}, {"b", "c"}, {"c"}]
    said = ["a", "b", "a", "a"]
    assert counted_as(named, said) == ["a", "b", "b", "c"]
    assert figures(counted_as(named, said), said, [0.9] * 4).accuracy == 0.5


def test_of_no_texts_there_are_no_figures() -> None:
    found = figures([], [], [])
    assert (found.count, found.accuracy, found.macro_f1, found.answered.share) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("right", "precision", "share"),
    [
        ([True, True, True, True], 0.9, 1.0),
        ([True, True, False, True], 0.7, 1.0),  # a slip in the middle is made good later
        ([True, True, False, False], 0.9, 0.5),
        ([False, True, True, True], 0.9, 0.0),
    ],
)
def test_how_much_is_answered(right: list[bool], precision: float, share: float) -> None:
    assert answered([0.9, 0.8, 0.7, 0.6], right, precision).share == share


def test_equally_sure_texts_are_in_or_out_together() -> None:
    """Else the order of a file would decide."""
    assert answered([0.9, 0.9], [True, False], 0.9).share == 0.0
    assert answered([0.9, 0.9], [False, True], 0.9).share == 0.0


def test_the_held_out_part_is_drawn_by_the_words() -> None:
    many = [each.text for each in lessons(400)]
    share = sum(map(is_held_out, many)) / len(many)
    assert 0.1 < share < 0.3
    for each in many[:40]:
        assert is_held_out(each) == is_held_out(f"  {each.upper()} !")


RIGHT = ["a", "a", "b", "b"]
SHARES = [0.9] * 4


@pytest.mark.parametrize(
    ("new", "old", "better"),
    [
        (["a", "a", "b", "b"], ["a", "a", "b", "a"], True),
        (["a", "a", "b", "a"], ["a", "a", "b", "b"], False),
        (["a", "a", "b", "b"], ["a", "a", "b", "b"], False),  # no better is no reason to change
        (["a", "a", "a", "a"], ["a", "b", "b", "c"], False),  # as accurate, but one label is lost
    ],
)
def test_only_what_is_better_replaces(new: list[str], old: list[str], better: bool) -> None:
    verdict = compare([{each} for each in RIGHT], (new, SHARES), (old, SHARES))
    assert verdict.better is better
    assert verdict.won - verdict.lost == round((verdict.new.accuracy - verdict.old.accuracy) * 4)


def test_a_worse_one_is_refused_where_texts_name_several() -> None:
    named = [{"a", "b"}, {"a"}, {"b"}, {"a", "b"}]
    good, worse = ["a", "a", "b", "b"], ["c", "a", "b", "b"]
    assert compare(named, (good, SHARES), (worse, SHARES)).better
    assert not compare(named, (worse, SHARES), (good, SHARES)).better
    # another one of those that it names is as right: that is no reason to change
    assert not compare(named[:1], (["b"], [0.9]), (["a"], [0.9])).better
    assert compare(named[:1], (["b"], [0.9]), (["a"], [0.9])).lost == 0
