"""Tests that share one machine: who measures sound or real time shares it with one other at most.

Each process of the suite (an xdist worker) has a seat, which it holds while it runs a test. A test
for which the machine must be quiet holds the seats of others as well, so that only one of them
goes on beside it: with two processes that is so anyway, with more it makes the rest wait.

The seats are locks on files, which the kernel opens again when a process ends, however it ends.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

#: How many processes go on beside a test for which the machine must be quiet.
BESIDE = 1


class Turns:
    """The seats of all processes, as one of them, number `own` of `number`, sees them."""

    def __init__(self, folder: Path, own: int, number: int) -> None:
        self._folder, self._own = folder, own
        others = [(own + step) % number for step in range(1, number)]
        self._in_the_way = others[BESIDE:]

    @contextmanager
    def one(self, *, quiet: bool) -> Iterator[None]:
        """The time of one test."""
        if not self._in_the_way:
            yield
            return
        with ExitStack() as held:
            if quiet:  # one of these at a time: two could wait for each other's seats
                held.enter_context(self._locked("quiet"))
            for seat in (self._own, *(self._in_the_way if quiet else ())):
                held.enter_context(self._seat(seat))
            yield

    @contextmanager
    def _seat(self, seat: int) -> Iterator[None]:
        # Who waits for a seat holds the way to it: its own process, which has one test after the
        # other, would be back on it before anybody else has woken up.
        with ExitStack() as held:
            with self._locked(f"way-{seat}"):
                held.enter_context(self._locked(f"seat-{seat}"))
            yield

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        file = os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            # by name: a child that was forked meanwhile has the same file open
            fcntl.flock(file, fcntl.LOCK_UN)
            os.close(file)
