"""No child outlives its starter, whatever it did to hide and however the starter died."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest

from hotline import datafolder, guardian
from tests.support.processes import alive, sessions_alive
from tests.support.waiting import until

STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
# a child with a child that leads a process group of its own, as RQ's work-horses do
FAMILY = """
import os, time
if os.fork() == 0:
    os.setpgrp()
{middle}
os.write(1, b"%d\\n" % os.getpid())  # one write: lines of two processes do not mix
time.sleep(600)
"""


def family(middle: str = "") -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", FAMILY.format(middle=middle)],
        stdout=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    assert process.stdout is not None
    for _member in range(2):
        process.stdout.readline()
    process.stdout.close()
    return process


def test_a_session_is_ended_with_those_who_left_its_process_group() -> None:
    process = family()
    assert len(guardian.members(process.pid)) == 2

    assert guardian.end(process.pid)

    process.wait()
    assert guardian.members(process.pid) == []


def test_who_does_not_listen_is_killed() -> None:
    process = family(STUBBORN)

    assert not guardian.end(process.pid, patience=0.3)

    assert process.wait() == -signal.SIGKILL
    assert guardian.members(process.pid) == []


def test_what_a_dead_leader_left_is_ended_too() -> None:
    process = family()
    process.kill()
    process.wait()
    assert len(guardian.members(process.pid)) == 1

    assert guardian.end(process.pid)

    assert guardian.members(process.pid) == []


def test_a_zombie_counts_as_ended() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    try:
        assert guardian.end(process.pid)
    finally:
        process.wait()


STARTER = """
    import os, pathlib, subprocess, sys, time
    from hotline import datafolder
    from hotline.guardian import Guardian

    folder, patience, *children = sys.argv[1:]
    lock = datafolder.lock(pathlib.Path(folder), lambda: None)
    guardian = Guardian(hold=[lock], patience=float(patience))
    os.write(1, b"%d\\n" % guardian.pid)
    for code in children:
        child = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
        guardian.watch(child.pid)
    time.sleep(600)
"""
CHILD = r"import os, time; os.write(1, b'%d\n' % os.getpid()); time.sleep(600)"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_starter_that_dies_takes_its_children_along(tmp_path: Path, how: signal.Signals) -> None:
    with started(tmp_path, CHILD, CHILD) as (starter, pids):
        assert all(alive(pid) for pid in pids)

        starter.send_signal(how)
        starter.wait()

        until(lambda: not any(alive(pid) for pid in pids), "children and guardian end")


def test_the_folder_is_free_only_when_the_last_child_is_gone(tmp_path: Path) -> None:
    stubborn = f"{STUBBORN}; {CHILD}"
    with started(tmp_path, stubborn, patience=60) as (starter, (_guardian, child)):
        starter.kill()
        starter.wait()
        looks = count(1)

        def while_it_is_in_use() -> None:
            if (look := next(looks)) <= 3:
                assert alive(child)
            if look == 3:
                os.kill(child, signal.SIGKILL)

        held = datafolder.lock(tmp_path, while_it_is_in_use)

        assert next(looks) > 3
        assert not sessions_alive({child})
        os.close(held)


@contextmanager
def started(
    folder: Path, *children: str, patience: float = 0.5
) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A process with guarded children; it, and the ids of its guardian and its children."""
    command = [
        sys.executable,
        "-c",
        textwrap.dedent(STARTER),
        str(folder),
        str(patience),
        *children,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    pids: list[int] = []
    try:
        assert process.stdout is not None
        with process.stdout as output:
            pids += [int(output.readline()) for _ in range(1 + len(children))]
        yield process, pids
    finally:  # also when the guardian did not do its work
        process.kill()
        process.wait()
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
