"""Many ids in few conditions: none is missed, and none is far from those that are asked for."""

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from hotline import db

ID = sa.column("id", sa.Integer)


def matched(ids: list[int]) -> tuple[list[int], int]:
    """Which numbers the conditions are true of, and how many conditions there are."""
    found: list[int] = []
    conditions = list(db.chunks_of_ids(ID, ids))
    for each in conditions:
        values = each.compile().params
        if each.operator is sa.sql.operators.between_op:
            low, high = values.values()
            found += range(low, high + 1)
        else:
            (named,) = values.values()
            found += named
    return found, len(conditions)


@given(st.sets(st.integers(1, 20_000), max_size=3000))
def test_every_id_is_in_one_of_them(some: set[int]) -> None:
    ids = sorted(some)
    found, _ = matched(ids)
    assert len(found) == len(set(found))
    assert some <= set(found)
    assert len(found) <= 2 * len(ids)


def test_ids_that_lie_close_together_are_a_range() -> None:
    assert matched(list(range(1, 2001))) == (list(range(1, 2001)), 1)
    assert matched(list(range(1, 4001)))[1] == 2


def test_ids_that_lie_apart_are_named() -> None:
    ids = list(range(1, 12_000, 10))
    assert matched(ids) == (ids, 3)


def test_no_ids_are_no_condition() -> None:
    assert matched([]) == ([], 0)
