"""What every test may ask for. The fixtures themselves are in tests/support/."""

import gc
from collections.abc import Generator
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis
import pytest

from tests.support.turns import Turns

pytest_plugins = ["tests.support.fixtures", "tests.support.floors"]

# on a busy machine a slow example is no fault; a failing one is printed so that it can be replayed
hypothesis.settings.register_profile("saidduan", deadline=None, print_blob=True)
hypothesis.settings.load_profile("saidduan")

HERE = Path(__file__).parent
#: Each process begins with a row of its own, of tests that take long or wait long, and goes on with
#: the others; who is done takes some from the end of another's (`--dist worksteal`). Whole hotlines
#: of processes stand in one row, as far as it goes: several at once are much for two cores.
ROWS = (
    # in a browser, most against one hotline for all
    ("browser/",),
    # processes that start, die and start again: these wait more than they work
    (
        "simulation/test_chaos.py",
        "simulation/test_outages.py",
        "service/replay/",
        "service/test_hotline_run.py",
        "service/test_supervisor.py",
        "walks/test_exchange.py",
        "exchange/test_voice_browser.py",
        "exchange/test_page.py",
    ),
    # these only work, and so do pages that a browser is given without a hotline
    ("simulation/", "walks/"),
)
#: Tests that measure sound, or how long something takes: beside these runs one other process only.
QUIET = (
    "browser/test_at_once.py",
    "browser/test_conversation.py",
    "browser/test_softphone.py",
    "browser/test_supervisor.py",
    "browser/test_wallboard.py",
    "exchange/test_voice_browser.py",
    "service/replay/",
    "simulation/test_chaos.py",
)


def _place(item: pytest.Item) -> str:
    return item.path.relative_to(HERE).as_posix()


def _is_quiet(item: pytest.Item) -> bool:
    return _place(item).startswith(QUIET)


def _row(item: pytest.Item) -> int | None:
    """Which of the rows a test stands in."""
    place, fixtures = _place(item), getattr(item, "fixturenames", ())
    if place.startswith("browser/") and "look" in fixtures and "hotline" not in fixtures:
        return len(ROWS) - 1
    return next((n for n, of_row in enumerate(ROWS) if place.startswith(of_row)), None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where processes share the tests, each gets as many in a row: begin each with what takes long,
    so that nobody is left alone with it at the end.
    """
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    if workers < 2:
        return
    rows: list[list[pytest.Item]] = [[] for _ in range(workers)]
    others = []
    for item in items:
        row = _row(item)
        if row is None:
            others.append(item)
        else:  # with two processes the first has all that is of whole hotlines
            rows[max(0, row - max(0, len(ROWS) - workers))].append(item)
    rest, left = iter(others), len(items)
    for number, row_of_one in enumerate(rows):
        # quiet ones wait for each other: the first process has its own at the end of its row
        row_of_one.sort(key=lambda item: _is_quiet(item) is (number == 0))
        share = left // (workers - number)
        row_of_one.extend(islice(rest, max(0, share - len(row_of_one))))
        left -= share
    items[:] = [*chain.from_iterable(rows), *rest]


_FOLDER = pytest.StashKey[str]()
_TURNS = pytest.StashKey[Turns]()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """In the process that hands out the tests: where each of the others finds the seats."""
    stash = node.config.stash
    if _FOLDER not in stash:
        folder = TemporaryDirectory(prefix="saidduan-turns-")
        node.config.add_cleanup(folder.cleanup)
        stash[_FOLDER] = folder.name
    node.workerinput["turns"] = stash[_FOLDER]


def pytest_configure(config: pytest.Config) -> None:
    about = getattr(config, "workerinput", None)
    if about is not None:
        # one that follows a process which died has a number beyond
        own = int(about["workerid"].removeprefix("gw")) % about["workercount"]
        config.stash[_TURNS] = Turns(Path(about["turns"]), own, about["workercount"])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Around all of a test, also what pytest-timeout counts: who waits for a turn waits long."""
    turns = item.config.stash.get(_TURNS, None)
    if turns is None:
        return (yield)
    with turns.one(quiet=_is_quiet(item)):
        return (yield)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Python's collector looks at all that is alive, again and again: at nine thousand tests and
    every module for each few applications. What is there before the first test stays anyway.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)
