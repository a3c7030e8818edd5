"""One child process of the supervisor: started, found ready, logged, ended with all its own."""

import logging
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO

from hotline import guardian

LOG_BYTES, LOG_FILES = 10_000_000, 5
#: Lines of a child's output that are repeated when it cannot start.
LAST_WORDS = 20
_READY_POLL = 0.05

Say = Callable[[str, str], None]


class NotReady(Exception):
    """The child ended, or did not become ready in time; the text says which, and its last words."""


@dataclass(frozen=True)
class Spec:
    """What a child is: its name, its command, and how to know that it is ready."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)  # holds secrets
    ready: Callable[[], bool] = lambda: True
    #: Seconds (of the wall) that it may take to become ready, and to end once asked to: the web
    #: finishes its requests, a worker its job.
    start_limit: float = 60.0
    stop_limit: float = 20.0
    stop_signal: int = signal.SIGTERM
    #: Its output goes to its log file only.
    quiet: bool = False


class Child:
    """A process of its own session. Its output goes to `say(name, line)` and to a rotated file."""

    def __init__(self, spec: Spec, log_folder: Path, say: Say) -> None:
        self.spec = spec
        self.starts = 0
        self.started_at = 0.0
        self._say = say
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._last_words: deque[str] = deque(maxlen=LAST_WORDS)
        self._log = _file_log(log_folder / f"{spec.name}.log")

    @property
    def pid(self) -> int:
        """The process id of its present life; also the id of its session."""
        assert self._process is not None, f"{self.spec.name} was not started"
        return self._process.pid

    @property
    def session(self) -> int | None:
        """The session to end: its process id until `end()` has seen the last of it, then None."""
        return None if self._process is None else self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process itself lives."""
        return self._process is not None and self._process.poll() is None

    def start(self, when_ended: Callable[["Child", int], None]) -> None:
        """Start it. `when_ended(child, code)` is called once it has ended, from another thread."""
        self.starts += 1
        self.started_at = time.monotonic()
        self._process = subprocess.Popen(
            list(self.spec.command),
            env=dict(self.spec.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # not the terminal's Ctrl-C: the supervisor passes it on, once
            text=True,
            errors="replace",
        )
        self._reader = _thread(f"{self.spec.name} output", self._read, self._process.stdout)
        _thread(f"{self.spec.name} end", self._await_end, self._process, when_ended)

    def await_ready(self, check: Callable[[], None]) -> None:
        """Return once it is ready; raise NotReady if it ends or takes too long.

        `check` is called again and again meanwhile and may raise to give up.
        """
        deadline = time.monotonic() + self.spec.start_limit
        while not self._is_ready():
            check()
            if not self.running:
                raise NotReady(self._obituary("ended at its start"))
            if time.monotonic() > deadline:
                raise NotReady(self._obituary(f"not ready in {self.spec.start_limit:g} s"))
            time.sleep(_READY_POLL)

    def end(self, *, patience: float | None = None) -> bool:
        """Ask it to end, wait, and kill what is left of its session. Whether it went willingly."""
        if self._process is None:
            return True
        limit = self.spec.stop_limit if patience is None else patience
        willing = guardian.end(self.pid, self.spec.stop_signal, patience=limit)
        self._process.wait()
        if self._reader is not None:  # all who could write have ended: its last lines are coming
            self._reader.join()
        self._process = None  # its number may soon be somebody else's
        return willing

    def kill(self) -> None:
        """Kill its whole session at once."""
        if self._process is not None:
            guardian.send(self.pid, signal.SIGKILL, whole=True)

    def close(self) -> None:
        """Close its log file."""
        for handler in self._log.handlers[:]:
            self._log.removeHandler(handler)
            handler.close()

    def _is_ready(self) -> bool:
        return self.running and self.spec.ready()

    def _obituary(self, what: str) -> str:
        if self._reader is not None and not self.running:
            self._reader.join(timeout=1.0)
        return "\n".join([f"{self.spec.name}: {what}", *(f"  {line}" for line in self._last_words)])

    def _read(self, output: IO[str]) -> None:
        with output:
            for line in output:
                text = line.rstrip("\n")
                self._last_words.append(text)
                self._log.info("%s", text)
                if not self.spec.quiet:
                    self._say(self.spec.name, text)

    def _await_end(
        self, process: subprocess.Popen[str], when_ended: Callable[["Child", int], None]
    ) -> None:
        when_ended(self, process.wait())


def _thread(name: str, run: Callable[..., None], *arguments: object) -> threading.Thread:
    thread = threading.Thread(target=run, args=arguments, name=name, daemon=True)
    thread.start()
    return thread


def _file_log(path: Path) -> logging.Logger:
    """A logger that writes lines as they are to a rotated file of mode 600, and nowhere else."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    handler = RotatingFileHandler(
        path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8", delay=True
    )
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.Logger(f"hotline.child.{os.fspath(path)}")  # outside the tree
    logger.addHandler(handler)
    return logger
