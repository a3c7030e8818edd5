"""One backup, whole or not at all; and the way back, which counts what has arrived.

```
BACKUPS/2026-11-29T021500Z/
    backup.json      what it is: when, by which version, how many rows; written last
    hotline.sqlite   every row
    config.yaml      the city's file, as it was
    data/            the data folder: photos, recordings, secrets
```
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from hotline import __version__, datafolder
from hotline.backup import folders, rows
from hotline.db import MIGRATIONS, Database, file_of
from hotline.errors import Invalid
from hotline.settings import Store

ABOUT, ROWS, CONFIG, DATA = "backup.json", "hotline.sqlite", "config.yaml", "data"
#: Of the data folder: the database (its rows are taken apart from its files), work under way, and
#: what belongs to the machine.
LEFT = frozenset({"redis", "logs", "lock"})
_NAME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{6}Z")
_UNDONE = ".unfinished"


@dataclass(frozen=True)
class About:
    """What a backup says of itself. `made_at`: UTC; `rows`: by table; `bytes` of the rows' file."""

    made_at: str
    version: str
    schema: str
    digest: str
    bytes: int
    files: int
    rows: dict[str, int]


@dataclass(frozen=True)
class Made:
    """A backup that was made. `stored`: bytes that it takes beside the one before it."""

    folder: Path
    about: About
    stored: int


def make(
    store: Store, to: Path, derived: rows.Derived, *, now: datetime, keep: int | None = None
) -> Made:
    """Make a backup in the folder `to`, while the hotline runs; then delete all but the `keep`
    newest. Raises Invalid when `to` is in the data folder itself.
    """
    if to.resolve().is_relative_to(store.data.resolve()):
        raise Invalid(f"{to} is in the data folder: what is lost with it is no backup")
    to.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in to.glob(f"*{_UNDONE}"):
        with _alone(left) as was_cut_off:  # or it is being made, at this moment
            if was_cut_off:
                shutil.rmtree(left)
    before = max(_backups(to), default=None)
    folder = to / f"{now:%Y-%m-%dT%H%M%SZ}"
    if folder.exists():
        raise Invalid(f"{folder} is there already")
    fresh = folder.with_name(folder.name + _UNDONE)
    fresh.mkdir(mode=0o700)
    with _alone(fresh):
        # the rows first: a file that they name was there before them
        about = _save_rows(store, fresh, derived, now)
        leave = LEFT | _database_files(store)
        copied = folders.copy(store.data, fresh / DATA, before and before / DATA, leave)
        shutil.copy2(store.config, fresh / CONFIG)
        about = replace(about, files=copied.files)
        text = json.dumps(asdict(about), indent=1, sort_keys=True)
        (fresh / ABOUT).write_text(text + "\n", encoding="utf-8")
        fresh.rename(folder)
    if keep is not None:
        for old in sorted(_backups(to))[:-keep]:
            shutil.rmtree(old)
    return Made(folder, about, copied.stored + about.bytes)


def restore(
    source: Path, store: Store, derived: rows.Derived, told: Callable[[str], None] = print
) -> Path:
    """Bring a backup (or the newest of a folder of them) into the empty `store`: its rows, brought
    to this version's schema, and its files; return its folder. `told` hears each step.

    Raises Invalid, and changes nothing, when it is not whole, of a version that is newer than this
    one, or when there is something where it shall go. When it fails half-way, what it brought goes.
    """
    folder = source if (source / ABOUT).exists() else max(_backups(source), default=None)
    if folder is None:
        raise Invalid(f"there is no backup in {source}")
    about = read(folder)
    _check(folder, about)
    store.data.mkdir(parents=True, exist_ok=True)
    with _held(store.data):
        _refuse_what_is_there(store, derived)
        try:
            told(f"{folder}: {sum(about.rows.values())} rows, {about.files} files")
            shutil.copytree(folder / DATA, store.data, dirs_exist_ok=True)
            with tempfile.TemporaryDirectory(dir=store.data, prefix=".restoring-") as room:
                copy = Path(room) / ROWS  # the backup itself is not brought to another schema
                shutil.copyfile(folder / ROWS, copy)
                rows.load(copy, store.database_url, derived)
        except BaseException:
            for each in _there(store.data):
                shutil.rmtree(each) if each.is_dir() else each.unlink()
            raise
        for line in _differences(about.rows, rows.counts(store.database_url, derived)):
            told(line)
    return folder


def read(folder: Path) -> About:
    """What a backup says of itself; raises Invalid when it is none."""
    try:
        return About(**json.loads((folder / ABOUT).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise Invalid(f"{folder} is not a whole backup: {error}") from error


def _backups(folder: Path) -> list[Path]:
    """The whole backups of a folder."""
    if not folder.is_dir():
        return []
    return [each for each in folder.iterdir() if _NAME.fullmatch(each.name) and each.is_dir()]


def _save_rows(store: Store, folder: Path, derived: rows.Derived, now: datetime) -> About:
    file = folder / ROWS
    database = Database(store.database_url, pool_size=1)
    try:
        rows.save(database, file, derived)
    finally:
        database.dispose()
    file.chmod(0o600)
    counted = rows.counts(rows.url_of(file), derived)
    rows.close(file)
    return About(
        made_at=now.isoformat(timespec="seconds"),
        version=__version__,
        schema=rows.schema(file),
        digest=_digest(file),
        bytes=file.stat().st_size,
        files=0,
        rows=counted,
    )


def _check(folder: Path, about: About) -> None:
    """Raise Invalid when the rows are not those that were saved, or this version is too old."""
    file = folder / ROWS
    if not file.exists() or _digest(file) != about.digest:
        raise Invalid(f"{file} is not the file that was saved: its digest is another")
    if not list((MIGRATIONS / "versions").glob(f"{about.schema}_*.py")):
        raise Invalid(
            f"{folder} was made by version {about.version}, which knows a schema ({about.schema}) "
            f"that this one ({__version__}) does not: install that version or a newer one"
        )


def _refuse_what_is_there(store: Store, derived: rows.Derived) -> None:
    if there := _there(store.data):
        raise Invalid(f"{store.data} is not empty: there is {there[0].name}")
    if counted := rows.counts(store.database_url, derived):
        raise Invalid(f"the database is not empty: there are {', '.join(list(counted)[:5])}")


def _there(data: Path) -> list[Path]:
    """What is in the data folder, but for what comes and goes with a running hotline."""
    return sorted(each for each in data.iterdir() if each.name not in LEFT)


def _differences(saved: dict[str, int], arrived: dict[str, int]) -> Iterator[str]:
    """Every table that has other rows than were saved: a step of the schema may do that."""
    for name in sorted(saved | arrived):
        was, is_now = saved.get(name, 0), arrived.get(name, 0)
        if was != is_now:
            yield f"{name}: {was} rows were saved, {is_now} are there"


@contextmanager
def _held(data: Path) -> Iterator[None]:
    """Hold the data folder as a running hotline does; raises Invalid when one runs on it."""
    try:
        descriptor = datafolder.lock(data, lambda: None)
    except datafolder.FolderInUse as error:
        raise Invalid(f"a hotline runs on {data} ({error}): stop it first") from error
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Whether nobody else works on a folder; until the end nobody else does then."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def _database_files(store: Store) -> frozenset[str]:
    """The names of an SQLite database in the data folder, and of what stands beside it."""
    file = file_of(store.database_url)
    if file is None or file.resolve().parent != store.data.resolve():
        return frozenset()
    return frozenset(file.name + end for end in ("", "-wal", "-shm", "-journal", ".new"))


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
