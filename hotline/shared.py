"""What many pages ask for in the same moment is made once.

When something changes on the floor, every wallboard asks for the same fragment. A page hands on
the mark of what it was told (`INSTANCE.NUMBER` of `hotline.streams`): what was begun to be made for
that mark, or for a later one, shows that change, so all who ask with such a mark get the same.
Without a mark it is made anew.
"""

import threading
import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

#: Seconds of the wall: whatever mark somebody makes up, nobody sees what is older.
FRESH = 1.0
#: So many are kept; marks of streams that have been started again are let go of.
KEPT = 64


@dataclass
class _Made:
    lock: threading.Lock = field(default_factory=threading.Lock)
    number: int = -1
    at: float = 0.0
    text: str = ""


class Shared:
    """The fragments of one process, by address and language."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[Hashable, _Made] = {}

    def get(self, key: Hashable, mark: str, make: Callable[[], str]) -> str:
        """What `make` gives, or gave for this mark or a later one."""
        instance, _, number = mark.partition(".")
        if not (number.isascii() and number.isdigit() and len(number) < 16):
            return make()
        made = self._of((key, instance))
        with made.lock:  # who asks meanwhile waits for what is being made
            fresh = time.monotonic() - made.at < FRESH
            if not (fresh and made.number >= int(number)):
                made.at = time.monotonic()
                made.text, made.number = make(), int(number)
            return made.text

    def _of(self, key: Hashable) -> _Made:
        with self._lock:
            if key not in self._made and len(self._made) >= KEPT:
                self._made.clear()
            return self._made.setdefault(key, _Made())


#: So many pieces are kept: some thousand agents, in two languages.
PIECES = 8192


class Kept:
    """Pieces of fragments, by all that they show: a big fragment of which little has changed (of
    two hundred agents, two) is put together, not made anew.
    """

    def __init__(self) -> None:
        self._made: dict[Hashable, Markup] = {}

    def get(
        self, kind: Hashable, rows: Iterable[Hashable], make: Callable[[Any], Markup]
    ) -> list[Markup]:
        """For each row what `make` gives, or gave for an equal one of this kind."""
        found = []
        for row in rows:
            key = (kind, row)
            piece = self._made.get(key)
            if piece is None:
                if len(self._made) >= PIECES:
                    self._made.clear()
                piece = self._made[key] = make(row)
            found.append(piece)
        return found
