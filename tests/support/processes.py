"""Looking at processes from outside, as `ps` does."""

from pathlib import Path

from hotline import guardian


def alive(pid: int) -> bool:
    """Whether the process exists and is not a zombie."""
    return state(pid) not in {"", "Z", "X"}


def state(pid: int) -> str:
    """Its state as proc_pid_stat(5) has it (`Z` a zombie); empty when there is none."""
    return (_fields(pid) or [""])[0]


def sessions_alive(sessions: set[int]) -> dict[int, list[int]]:
    """Of these sessions, those that still have members, and whom."""
    return {each: found for each in sessions if (found := guardian.members(each))}


def zombies_of(parent: int) -> list[int]:
    """The ended children of a process that it has not waited for."""
    return [pid for pid in _all() if _fields(pid)[:2] == ["Z", str(parent)]]


def of_data_folder(folder: Path) -> dict[int, str]:
    """The processes that were started for a data folder, with their command lines."""
    mark = f"HOTLINE_DATA={folder.resolve()}".encode()
    return {
        pid: command
        for pid in _all()
        if mark in _read(pid, "environ").split(b"\0") and (command := _command(pid))
    }


def children_of(parent: int) -> dict[int, str]:
    """The living children of a process, with their command lines."""
    return {pid: _command(pid) for pid in _all() if _fields(pid)[1:2] == [str(parent)]}


def _all() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _fields(pid: int) -> list[str]:
    """The fields of proc_pid_stat(5) from the third (the state) on; none when it has ended."""
    return _read(pid, "stat").decode(errors="replace").rpartition(")")[2].split()


def _command(pid: int) -> str:
    return _read(pid, "cmdline").replace(b"\0", b" ").decode(errors="replace").strip()


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return b""
