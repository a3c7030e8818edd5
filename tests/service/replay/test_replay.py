"""A short log through a whole hotline: web, workers, clock, exchange, and scripted agents, at 30
times the wall's speed.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from hotline.db import Database
from hotline.replay.log import COLUMNS
from ivr.models import Call
from reports.models import call_intervals

ROOT = Path(__file__).parents[3]
DAY = "2001-02-03"


def row(number: int, at: int, kind: str, wait: int = 0, service: str = "PS") -> str:
    """A synthetic row of the log; `at` in seconds after midnight."""

    def clock(seconds: int) -> str:
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"

    served = kind == "AGENT"
    start = at + 8 + wait
    talk = 30 + number % 40
    values = {
        "vru+line": f"XX01{number % 16:02}",
        "call_id": str(number),
        "customer_id": "0",
        "priority": "0",
        "type": service,
        "date": DAY,
        "vru_entry": clock(at),
        "vru_exit": clock(at + 8),
        "vru_time": "8",
        "q_start": clock(at + 8) if wait else "0:00:00",
        "q_exit": clock(start) if wait else "0:00:00",
        "q_time": str(wait),
        "outcome": kind,
        "ser_start": clock(start) if served else "0:00:00",
        "ser_exit": clock(start + talk) if served else "0:00:00",
        "ser_time": str(talk) if served else "0",
        "server": f"S{number % 3}" if served else "NO_SERVER",
    }
    return "\t".join(values[name] for name in COLUMNS)


def log() -> list[str]:
    """Ten minutes with every kind of call."""
    rows = [row(n, 120 + 25 * n, "AGENT", 20 * (n % 2)) for n in range(16)]
    rows += [row(100 + n, 150 + 100 * n, "HANG", 0) for n in range(3)]
    rows += [row(200 + n, 170 + 105 * n, "HANG", 3) for n in range(3)]
    rows += [row(300, 300, "AGENT", 5, "IN"), row(301, 400, "AGENT", 0, "TT")]
    rows += [row(400, 500, "PHANTOM"), row(401, 510, "AGENT", -4)]
    return ["\t".join(COLUMNS), *rows]


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_log_is_played_and_everything_adds_up(database_url, tmp_path):
    file = tmp_path / "log.tsv"
    file.write_text("\n".join(log()) + "\n", encoding="utf-8")
    # an offer rings for two thirds of a second of the wall: who stands still for less loses nobody
    options = ["--data", str(tmp_path / "data"), "--database-url", database_url, "--speed", "30"]
    played = subprocess.run(
        [sys.executable, "-m", "hotline", "replay", str(file), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=220,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    said = dict(re.findall(r"^  (\w[\w ]*?)  +(\d+)", played.stdout, re.MULTILINE))
    assert said["placed"] == "24"
    assert int(said["answered"]) + int(said["abandoned"]) + int(said["never queued"]) == 24
    assert int(said["answered"]) >= 18  # all of the log's; who gave up there may be served in time
    assert said["tickets"] == said["answered"]
    assert re.search(r"skipped rows +1  phantom", played.stdout)
    assert re.search(r"skipped rows +1  negative duration", played.stdout)
    assert played.stdout.count("\nOK  ") == 3
    database = Database(database_url)
    with database.read() as session:
        ended = session.scalar(sa.select(sa.func.count()).where(Call.ended_at.is_not(None)))
        counted = session.scalar(sa.select(sa.func.sum(call_intervals.c.calls)))
    database.dispose()
    assert (ended, counted) == (24, 24)


def test_a_folder_that_is_in_use_is_left_alone(tmp_path):
    file = tmp_path / "log.tsv"
    file.write_text("\n".join(log()) + "\n", encoding="utf-8")
    (tmp_path / "something").touch()
    refused = subprocess.run(
        [sys.executable, "-m", "hotline", "replay", str(file), "--data", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert refused.returncode == 1
    assert "not empty" in refused.stderr
