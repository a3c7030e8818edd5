"""See that no child outlives the process that started it.

A process that is killed outright cannot stop its children. So it starts one more, the guardian,
which does nothing but hold the other end of a pipe: when the pipe ends, the starter is gone, and
the guardian ends every session that it was told of. Each child leads a session of its own
(``start_new_session=True``), which keeps the terminal's Ctrl-C from it and lets its own children
be found, also those that made themselves a new process group, as RQ's work-horses do.

The guardian may hold a lock file for its starter: the lock is then free only when everything that
it protects is gone.

This file is both the library and the program that runs apart; as the program it is started without
site-packages, so it imports nothing but the standard library.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

PATIENCE = 8.0
"""Seconds a child has, once asked to end, before it is killed."""

_POLL = 0.02


def members(session: int) -> list[int]:
    """Return the ids of the live processes of a session, zombies left out.

    Linux keeps them in /proc (proc_pid_stat(5): field 3 is the state, field 6 the session).
    """
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text(errors="replace")
        except OSError:  # it ended while we looked
            continue
        fields = stat.rpartition(")")[2].split()
        if fields[0] not in "ZX" and int(fields[3]) == session:
            found.append(int(entry.name))
    return found


def send(session: int, number: int, *, whole: bool) -> None:
    """Send a signal to a session's leader, or to the whole session; who is gone is no error."""
    alive = members(session)
    for pid in alive if whole or session not in alive else [session]:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def end(session: int, number: int = signal.SIGTERM, *, patience: float = PATIENCE) -> bool:
    """End a session: ask its leader by a signal, wait, then kill whatever is left.

    ``patience`` is in seconds of the wall. Return whether it ended without being killed.
    A leader without whom the rest went on is asked no more: then the rest is.
    """
    send(session, number, whole=False)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        alive = members(session)
        if not alive:
            return True
        if session not in alive:
            send(session, number, whole=True)
        time.sleep(_POLL)
    while members(session):
        send(session, signal.SIGKILL, whole=True)
        time.sleep(_POLL)
    return False


class Guardian:
    """The starter's side: tells the guardian process what to end when the starter is gone."""

    def __init__(self, *, hold: Iterable[int] = (), patience: float = PATIENCE) -> None:
        """Start the guardian; ``hold`` are descriptors (a lock) that it keeps open to its end.

        ``patience`` is what each session has to end, in seconds of the wall.
        """
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, str(patience)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=tuple(hold),
            text=True,
        )

    @property
    def pid(self) -> int:
        """The guardian's process id."""
        return self._process.pid

    def watch(self, session: int, number: int = signal.SIGTERM) -> None:
        """End this session, asked by this signal, if the starter dies; the latest goes first."""
        self._tell(f"watch {session} {int(number)}")

    def forget(self, session: int) -> None:
        """Leave this session alone from now on: it has ended."""
        self._tell(f"forget {session}")

    def close(self) -> None:
        """Let the guardian go. What it still watches, it ends first."""
        try:
            self._process.communicate()
        except BrokenPipeError:
            self._process.wait()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            print(line, file=self._process.stdin, flush=True)
        except BrokenPipeError:  # it was killed: children are watched by their starter alone
            return


def _main() -> None:
    """Read what to watch until the pipe ends, then end it, the latest first."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    watched: dict[int, int] = {}
    for line in sys.stdin:
        word, session, *number_text = line.split()
        if word == "watch":
            watched[int(session)] = int(number_text[0])
        else:
            watched.pop(int(session), None)
    for session, number in reversed(watched.items()):
        end(session, number, patience=float(sys.argv[1]))


if __name__ == "__main__":
    _main()
