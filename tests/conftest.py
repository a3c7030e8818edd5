"""What every test may ask for. The fixtures themselves are in tests/support/."""

import gc
from pathlib import Path

import hypothesis
import pytest

pytest_plugins = ["tests.support.fixtures", "tests.support.floors"]

# on a busy machine a slow example is no fault; a failing one is printed so that it can be replayed
hypothesis.settings.register_profile("saidduan", deadline=None, print_blob=True)
hypothesis.settings.load_profile("saidduan")

HERE = Path(__file__).parent
#: Tests of a whole hotline of processes, or with a browser: two of these at once would be too much
#: for two cores, so they follow each other.
WHOLE = (
    "browser/",
    "simulation/test_chaos.py",
    "service/replay/",
    "service/test_hotline_run.py",
    "service/test_supervisor.py",
    "walks/test_exchange.py",
    "exchange/test_page.py",
    "exchange/test_voice_browser.py",
)
#: Tests that take long, or of which the first takes long for all.
LONG = ("simulation/", "walks/")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where processes share the tests, begin with the long ones, so that nobody is left alone with
    one at the end: each process gets as many in a row (`--dist worksteal`), the first those of
    whole hotlines, the second other long ones, and who is done takes some from another's end.
    """
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    if workers < 2:
        return
    whole, long, others = [], [], []
    for item in items:
        place = item.path.relative_to(HERE).as_posix()
        if place.startswith(WHOLE):
            whole.append(item)
        else:
            (long if place.startswith(LONG) else others).append(item)
    between = max(0, len(items) // workers - len(whole))
    items[:] = [*whole, *others[:between], *long, *others[between:]]


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Python's collector looks at all that is alive, again and again: at nine thousand tests and
    every module for each few applications. What is there before the first test stays anyway.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 5)
