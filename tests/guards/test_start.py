"""What a process does not need it does not import: every start, and every restart, waits for it.

Each is looked at in a process of its own, as it is when it begins to work.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.floors import CONFIG, PUBLIC_URL

ROOT = Path(__file__).parents[2]

#: What only some job, page or command needs: it imports it itself.
SELDOM = {
    "PIL",
    "aiohttp",
    "aiortc",
    "alembic",
    "authlib",
    "icalendar",
    "minio",
    "pi_heif",
    "pikepdf",
    "psycopg",
    "scipy",
    "typst",
    "vl_convert",
    "xlsxwriter",
}
#: What the words of the command are made without.
FLOOR = {"aiohttp", "argon2", "flask", "numpy", "pydantic", "redis", "rq", "sqlalchemy", "yaml"}
HELP = """
import contextlib, io
from hotline.cli import main
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
    main(["--help"])
"""
FLOOR_ALONE = """
from hotline import settings
from hotline.app import build_floor
floor = build_floor(settings.from_environment())
"""
PAGES = """
from hotline.app import create_app
app = create_app()
floor = app.extensions["hotline"]
"""
STREAMS = """
import agents.jobs
from hotline import streams
"""
STATE = """
import json, sys, threading
pool = floor.db.engine.pool if "floor" in globals() else None
print(json.dumps({
    "modules": sorted(sys.modules),
    "threads": threading.active_count(),
    "connections": pool.checkedin() + pool.checkedout() if pool else 0,
}))
"""


def state_after(script: str, folder: Path) -> dict[str, object]:
    """What is imported, running and connected when the script is over."""
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "HOTLINE_DATA": str(folder),
        "HOTLINE_CONFIG": str(CONFIG),
        "DATABASE_URL": f"sqlite:///{folder}/hotline.sqlite",
        "REDIS_URL": "redis://127.0.0.1:9",
        "PUBLIC_URL": PUBLIC_URL,
        "CARRIER_ACCOUNT_SID": "AC0",
        "CARRIER_AUTH_TOKEN": "token",
        "SECRET_KEY": "secret",
    }
    command = [sys.executable, "-P", "-c", script + STATE]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=folder)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, object] = json.loads(ran.stdout)
    return found


def imported(script: str, folder: Path) -> set[str]:
    modules = state_after(script, folder)["modules"]
    assert isinstance(modules, list)
    return set(modules)


def packages(modules: set[str]) -> set[str]:
    return {each.partition(".")[0] for each in modules}


def test_help_is_told_by_the_standard_library(tmp_path: Path) -> None:
    assert packages(imported(HELP, tmp_path)) & (FLOOR | SELDOM) == set()


def test_a_worker_has_no_pages(tmp_path: Path) -> None:
    modules = imported(FLOOR_ALONE, tmp_path)
    assert packages(modules) & SELDOM == set()
    ours = {"agents", "hotline", "ivr", "reports", "tickets"}
    pages = {each for each in modules if each.endswith(("_web", ".web"))}
    # what all pages share holds what a job needs of it as well
    assert {each for each in pages if each.partition(".")[0] in ours} <= {"hotline.web"}


def test_streams_know_no_room_but_the_one_that_they_ask(tmp_path: Path) -> None:
    modules = imported(STREAMS, tmp_path)
    assert packages(modules) & {"ivr", "reports", "tickets"} == set()
    assert "hotline.city" not in modules


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return state_after(PAGES, tmp_path_factory.mktemp("web"))


def test_webhooks_do_not_wait_for_what_is_seldom_needed(web: dict[str, object]) -> None:
    modules = web["modules"]
    assert isinstance(modules, list)
    # a roster as a calendar is a page
    assert packages(set(modules)) & SELDOM <= {"icalendar"}


def test_an_application_can_be_forked(web: dict[str, object]) -> None:
    """`hotline web` makes it once and forks its workers: a thread would be missing there, and a
    connection would be two processes' at once.
    """
    assert web["threads"] == 1
    assert web["connections"] == 0
