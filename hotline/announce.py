"""A lower room announces, an upper room listens.

`agents` says that somebody is ready without knowing that `ivr` will look into its waiting room. Who
listens to what is wired once, in `hotline/app.py`. An announcement is heard after the commit; one
that is lost (a process dies in between) is made good by the sweeps.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from hotline.db import after_commit, database_of

Listener = Callable[..., None]


def announce(session: Session, what: str, **facts: Any) -> None:
    """Tell the listeners of `what`, with `facts`, once the unit of work has been committed."""
    for listener in database_of(session).listeners.get(what, ()):
        after_commit(session, partial(listener, **facts))
