"""How a process that lives long starts."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def starting() -> Iterator[None]:
    """While a process imports and makes what it keeps to its end.

    None of that is garbage. Python's collector would look through all of it again and again as it
    grows, and afterwards now and then, while every thread waits: here it stands still, and later
    it looks at what came after. What is forked shares that memory for good.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
