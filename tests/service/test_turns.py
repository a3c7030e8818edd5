"""Who tests a machine that must be quiet shares it with one other."""

from pathlib import Path
from threading import Thread

import pytest

from tests.conftest import HERE, QUIET, ROWS
from tests.support.turns import Turns


def test_beside_a_quiet_test_one_other_goes_on_and_the_rest_waits(tmp_path: Path) -> None:
    happened: list[str] = []

    def one(own: int, *, quiet: bool = False) -> Thread:
        def take() -> None:
            with Turns(tmp_path, own, 4).one(quiet=quiet):
                happened.append(f"{own} goes on")

        thread = Thread(target=take)
        thread.start()
        return thread

    with Turns(tmp_path, 2, 4).one(quiet=True):
        one(3).join(60)
        waiting = [one(0), one(1), one(3, quiet=True)]
        happened.append("2 is done")
    for each in waiting:
        each.join(60)
    assert happened[:2] == ["3 goes on", "2 is done"]
    assert sorted(happened[2:]) == ["0 goes on", "1 goes on", "3 goes on"]


@pytest.mark.parametrize("number", [1, 2])
def test_two_never_wait_for_each_other(tmp_path: Path, number: int) -> None:
    with Turns(tmp_path, 0, number).one(quiet=True), Turns(tmp_path, 0, number).one(quiet=True):
        assert list(tmp_path.iterdir()) == []


def test_every_place_that_is_named_is_there() -> None:
    named = {*QUIET, *(each for row in ROWS for each in row)}
    assert [each for each in named if not (HERE / each).exists()] == []
