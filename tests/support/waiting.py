"""Waiting for what another process does, where there is no event to await."""

import time
from collections.abc import Callable


def until(happened: Callable[[], object], what: str, *, within: float = 30.0) -> None:
    """Return as soon as ``happened()`` is true; fail the test when it is not ``within`` seconds.

    Only for the world outside of the test's process: a server that starts, a process that ends.
    Inside it, await the event itself.
    """
    deadline = time.monotonic() + within
    while not happened():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within:g} s in vain: {what}")
        time.sleep(0.01)
