"""Writes the golden transcripts anew: `python -m tests.walks.write`. Read the difference."""

import sqlite3
import tempfile
from pathlib import Path

from hotline.db import migrate
from tests.support import servers
from tests.walks.scenes import Walked, walked

TRANSCRIPTS = Path(__file__).parent / "transcripts"


def walk() -> Walked:
    """Everything, on a database and a Redis made for it."""
    with tempfile.TemporaryDirectory() as folder, servers.valkey() as redis_url:
        migrated = Path(folder) / "migrated.sqlite"
        migrate(f"sqlite:///{migrated}")
        with sqlite3.connect(migrated) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        return walked(migrated, Path(folder) / "scenes", redis_url)


if __name__ == "__main__":
    found = walk()
    for path in TRANSCRIPTS.glob("*/*.txt"):
        path.unlink()
    for name, text in found.transcripts.items():
        path = TRANSCRIPTS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    print(f"{len(found.transcripts)} transcripts, {len(found.footsteps.gone)} ways gone")  # noqa: T201
