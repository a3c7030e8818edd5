"""Where the bytes of files are: a folder, or a service that speaks S3.

Bytes are named by what they are (SHA-256, hexadecimal), so the same picture is kept once and a
name is never overwritten by something else. Bytes always reach the folder first, whole and on the
disk; with a service behind it the folder is where they wait until the service has them
(`tickets.files.sending`).
"""

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from hotline.settings import Settings

#: The folder in the data folder.
FOLDER = "files"
_PARTS, _GONE = ".parts", ".gone"


class Away(Exception):
    """The service does not answer, or not as it should: later it may."""


@dataclass(frozen=True)
class Found:
    """Bytes that are kept: their name, how many, and since when (UTC)."""

    name: str
    size: int
    at: datetime


class Store(Protocol):
    """What holds bytes by name."""

    def put(self, name: str, data: bytes) -> None:
        """Keep them, durably; what has this name already is the same."""

    def get(self, name: str) -> bytes | None:
        """Return them; None: they are not here."""

    def has(self, name: str) -> bool:
        """Say whether they are here."""

    def remove(self, name: str) -> None:
        """Forget them; fine if they were not here."""

    def all(self) -> Iterator[Found]:
        """Yield everything that is kept."""


def name_of(data: bytes) -> str:
    """Return the name of these bytes."""
    return hashlib.sha256(data).hexdigest()


class Folder:
    """Files in a folder, two levels deep so that no listing gets long."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, name: str, data: bytes) -> None:
        """Write beside it, bring it to the disk, then give it its name: whole or not at all."""
        path = self._path(name)
        if self._refresh(path, len(data)):
            return
        parts = self.root / _PARTS
        for each in (parts, path.parent):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = parts / f"{name}.{secrets.token_hex(6)}"
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        for each in (path.parent, path.parent.parent, self.root):
            _sync(each)

    def _refresh(self, path: Path, size: int) -> bool:
        """Say whether it is there whole, and if so make it as young as if it had come just now."""
        try:
            if path.stat().st_size != size:
                return False
            os.utime(path)
        except FileNotFoundError:
            return False
        return True

    def get(self, name: str) -> bytes | None:
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            return None

    def has(self, name: str) -> bool:
        return self._path(name).is_file()

    def remove(self, name: str) -> None:
        self._path(name).unlink(missing_ok=True)

    def all(self) -> Iterator[Found]:
        for path in self.root.glob("??/??/*"):
            with suppress(FileNotFoundError):  # gone meanwhile
                known = path.stat()
                yield Found(path.name, known.st_size, datetime.fromtimestamp(known.st_mtime, UTC))

    def set_aside(self, name: str) -> bool:
        """Take them away so that they can be brought `back`; False: they were not here."""
        gone = self.root / _GONE
        gone.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._path(name).rename(gone / name)
        except FileNotFoundError:
            return False
        return True

    def bring_back(self, name: str) -> None:
        """Undo `set_aside`."""
        with suppress(FileNotFoundError):
            (self.root / _GONE / name).rename(self._path(name))

    def end(self, name: str) -> None:
        """Forget what was `set_aside`."""
        (self.root / _GONE / name).unlink(missing_ok=True)

    def set_aside_before(self) -> list[str]:
        """The names of what was set aside and neither brought back nor ended: who did it died."""
        gone = self.root / _GONE
        return [path.name for path in gone.iterdir()] if gone.is_dir() else []

    def clear_parts(self, before: datetime) -> None:
        """Remove what was begun before that and never finished."""
        parts = self.root / _PARTS
        for path in parts.iterdir() if parts.is_dir() else ():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before.timestamp():
                    path.unlink()

    def _path(self, name: str) -> Path:
        if not is_name(name):
            raise ValueError(f"not a name of bytes: {name!r}")
        return self.root / name[:2] / name[2:4] / name


def is_name(text: str) -> bool:
    """Say whether it is what `name_of` makes: nothing else becomes a path."""
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


def _sync(folder: Path) -> None:
    """Bring a folder's names to the disk (fsync(2): a file's own does not)."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def folder_of(settings: Settings) -> Folder:
    """The folder of this installation."""
    return Folder(settings.data / FOLDER)


def service_of(settings: Settings) -> Store | None:
    """The service that this installation keeps files in; None: in its folder."""
    if not settings.files_s3_url:
        return None
    return _service(
        settings.files_s3_url,
        settings.files_s3_bucket,
        settings.files_s3_region,
        settings.files_s3_access_key,
        settings.files_s3_secret_key,
    )


@lru_cache(maxsize=8)
def _service(url: str, bucket: str, region: str, access_key: str, secret_key: str) -> Store:
    from tickets.files.bucket import S3, client  # most installations have none

    return S3(client(url, region, access_key, secret_key), bucket)
