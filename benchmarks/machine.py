"""What machine a figure was taken on, with which versions; and small helpers for measuring."""

import os
import platform
import sqlite3
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("flask", "sqlalchemy", "psycopg", "twilio", "gunicorn", "rq", "redis")
TICKS = os.sysconf("SC_CLK_TCK")


def described() -> str:
    """Processor, cores, system, and the versions that matter."""
    cpu = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    load = os.getloadavg()[0]
    return (
        f"{cpu}, {os.cpu_count()} cores, load {load:.1f}; {platform.platform()}; "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {versions}"
    )


def cpu_seconds(pid: int) -> float:
    """Processor time (user and system) that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def idle_seconds() -> float:
    """Processor time, of all cores, in which nothing ran (or waited for a disk) since the start."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()
    return (int(fields[4]) + int(fields[5])) / TICKS


def children(pid: int) -> list[int]:
    """The processes that `pid` has started and that still live."""
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below or at which `share` (0 to 1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def row(*cells: str) -> str:
    """A row of a table: the first cell to the left, the others to the right."""
    return f"  {cells[0]:<44}" + "".join(f"{cell:>14}" for cell in cells[1:])
