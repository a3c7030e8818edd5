"""Files of a folder, copied beside a backup of before: what is the same is stored once.

Files of a hotline (photos, recordings) are written once and then only deleted. So each backup is a
folder of its own, whole and readable without the others, and a file that the one before has too
costs a name (a hard link), not its bytes.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Copied:
    """How many files there are, and how many bytes of them had to be stored."""

    files: int = 0
    stored: int = 0


def copy(source: Path, to: Path, before: Path | None, leave: frozenset[str]) -> Copied:
    """Copy the files below `source` to the new folder `to`, links to those of `before` where they
    are the same; names of `source` in `leave` are left out.

    A file that is deleted meanwhile is left out, too.
    """
    copied = Copied()
    to.mkdir(mode=0o700)
    for file in _files(source, leave):
        name = file.relative_to(source)
        _make_folders(source, to, name)
        with suppress(FileNotFoundError):
            copied.stored += _one(file, to / name, before / name if before else None)
            copied.files += 1
    return copied


def _files(source: Path, leave: frozenset[str]) -> Iterator[Path]:
    for folder, folders, files in os.walk(source):
        if folder == str(source):
            folders[:] = [name for name in folders if name not in leave]
        for name in files:
            file = Path(folder) / name
            if file.parent == source and name in leave:
                continue
            if file.is_file() and not file.is_symlink():  # no sockets, nothing from elsewhere
                yield file


def _make_folders(source: Path, to: Path, name: Path) -> None:
    """The folders of a file, as closed to others as their originals."""
    for folder in reversed(name.parents[:-1]):
        if not (to / folder).exists():
            (to / folder).mkdir()
            shutil.copymode(source / folder, to / folder)


def _one(file: Path, to: Path, before: Path | None) -> int:
    """Copy one file; the bytes that this took."""
    if before is not None and _same(file, before):
        try:
            os.link(before, to)
        except OSError:  # a file system without hard links, or with too many of this file
            pass
        else:
            return 0
    shutil.copy2(file, to)
    return to.stat().st_size


def _same(file: Path, before: Path) -> bool:
    """Whether they are the same by size and time, which a copy keeps."""
    try:
        one, other = file.stat(), before.stat()
    except FileNotFoundError:
        return False
    return (one.st_size, one.st_mtime_ns) == (other.st_size, other.st_mtime_ns)
