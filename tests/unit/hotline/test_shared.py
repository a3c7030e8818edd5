"""What many ask for in the same moment is made once; nobody sees what is older than they know."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from hotline import shared
from hotline.shared import Shared


class Kitchen:
    """Makes things, and counts."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> str:
        self.made += 1
        return str(self.made)


def test_one_for_all_who_ask_after_the_same_change() -> None:
    kept, make = Shared(), Kitchen()
    assert [kept.get("board", "a.7", make) for _ in range(3)] == ["1", "1", "1"]
    assert kept.get("board", "a.6", make) == "1", "what came later shows it as well"
    assert kept.get("board", "a.8", make) == "2", "a later change was not in it"
    assert kept.get("grid", "a.8", make) == "3", "something else"
    assert kept.get("board", "b.8", make) == "4", "another stream process counts for itself"


@pytest.mark.parametrize("mark", ["", "a", "a.", "a.x", "a.-1", "a.٣", "a." + "9" * 16])
def test_without_a_mark_it_is_made_anew(mark: str) -> None:
    kept, make = Shared(), Kitchen()
    assert [kept.get("board", mark, make) for _ in range(2)] == ["1", "2"]


def test_a_mark_that_somebody_made_up_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, make = Shared(), Kitchen()
    kept.get("board", "a.999999", make)
    monkeypatch.setattr(shared, "FRESH", 0.0)
    assert kept.get("board", "a.7", make) == "2"


def test_who_asks_meanwhile_waits_for_what_is_being_made() -> None:
    kept, begun, go_on = Shared(), threading.Event(), threading.Event()
    make = Kitchen()

    def slowly() -> str:
        begun.set()
        assert go_on.wait(10)
        return make()

    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(kept.get, "board", "a.7", slowly)
        assert begun.wait(10)
        others = [pool.submit(kept.get, "board", "a.7", make) for _ in range(7)]
        go_on.set()
        assert {each.result(10) for each in [first, *others]} == {"1"}


def test_one_that_fails_leaves_nothing_behind() -> None:
    kept, make = Shared(), Kitchen()

    def fails() -> str:
        raise LookupError

    with pytest.raises(LookupError):
        kept.get("board", "a.7", fails)
    assert kept.get("board", "a.7", make) == "1"


def test_it_does_not_grow() -> None:
    kept = Shared()
    for number in range(10 * shared.KEPT):
        kept.get("board", f"{number}.1", str)
    assert len(kept._made) <= shared.KEPT
