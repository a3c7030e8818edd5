"""Looking at processes from outside, as `ps` does."""

from pathlib import Path

from hotline import guardian


def alive(pid: int) -> bool:
    """Whether the process exists and is not a zombie."""
    return state(pid) not in {"", "Z", "X"}


def state(pid: int) -> str:
    """Its state as proc_pid_stat(5) has it (`Z` a zombie); empty when there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return text.rpartition(")")[2].split()[0]


def sessions_alive(sessions: set[int]) -> dict[int, list[int]]:
    """Of these sessions, those that still have members, and whom."""
    return {each: found for each in sessions if (found := guardian.members(each))}


def zombies_of(parent: int) -> list[int]:
    """The ended children of a process that it has not waited for."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if fields[0] == "Z" and int(fields[1]) == parent:
            found.append(int(entry.name))
    return found
