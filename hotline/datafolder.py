"""The one folder of `hotline run`: its lock and its secrets are made here."""

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

#: Seconds in which the guardian of a killed supervisor must have let go of the folder.
TIDYING = 120.0
_POLL = 0.1


class FolderInUse(Exception):
    """Another hotline runs on the folder; `holder` is its process id, or empty."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"in use by process {holder or 'unknown'}")
        self.holder = holder


def lock(folder: Path, check: Callable[[], None]) -> int:
    """Take the folder for this process; return the descriptor that holds it until it is closed.

    Whoever inherits the descriptor holds the folder too. When the one who took it was killed, its
    guardian still tidies up: wait for that, calling `check` (which may raise) meanwhile. Raises
    FolderInUse when the holder lives.
    """
    path = folder / "lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(descriptor, path, check)
    except BaseException:
        os.close(descriptor)
        raise
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor


def _take(descriptor: int, path: Path, check: Callable[[], None]) -> None:
    deadline = time.monotonic() + TIDYING
    while not _flock(descriptor):
        holder = path.read_text().strip()
        if (holder and _alive(int(holder))) or time.monotonic() > deadline:
            raise FolderInUse(holder)
        check()
        time.sleep(_POLL)


def _flock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's, but alive
        return True
    return True


def secret(folder: Path, name: str, make: Callable[[], str]) -> str:
    """Return the secret of that name: made once, kept in a file that only its owner reads."""
    path = folder / "secrets" / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if not path.exists():
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(make())
        fresh.rename(path)  # whole or not at all, should the machine stop here
    return path.read_text(encoding="utf-8")
