"""What a database is asked: to hold a page to so many statements, since the seconds of a busy
machine say nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """Note the text of each, in order."""
    asked: list[str] = []

    def note(_: Any, __: Any, text: str, *___: Any) -> None:
        asked.append(text)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
