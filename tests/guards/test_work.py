"""Every job, effect and announcement has somebody who does it, and every queue a worker."""

import re
from pathlib import Path

import pytest

from hotline.app import ROOM_JOBS
from hotline.floor import Floor
from hotline.jobs import QUEUES, WORKERS
from hotline.supervisor import RunSettings, Supervisor
from tests.guards.sources import ROOT, calls, shown, value

#: Announced for what is still to come; nobody listens yet.
FOR_LATER = {
    "ticket.made",
    "ticket.called",
    "ticket.moved",
    "ticket.overdue",
    "tickets.message",
}
#: Called by the outbox, `tickets.writing` and `tickets.matters` themselves, and not by `announce`.
OWN = {"outbox.posted", "ticket.told", "ticket.caller_settled"}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


def named(function: str, place: int) -> dict[str, str]:
    """What calls of `function` name in that place: name → where."""
    return {
        value(path, call.args[place]): shown(path)
        for path, call in calls(function)
        if len(call.args) > place
    }


def test_every_job_that_is_handed_over_is_registered(floor: Floor) -> None:
    handed_over = named("jobs.enqueue", 0)
    assert handed_over  # the guard can see
    assert set(handed_over) <= set(floor.job_names), handed_over


def test_every_effect_that_is_posted_has_a_handler(floor: Floor) -> None:
    posted = named("outbox.post", 1)
    assert posted
    assert set(posted) == set(floor.effects), posted


def test_every_announcement_has_a_listener(floor: Floor) -> None:
    announced = named("announce", 1)
    heard = set(floor.db.listeners)
    assert set(announced) - heard == FOR_LATER & set(announced), announced
    assert heard - OWN <= set(announced)


def test_no_two_rooms_share_a_name(floor: Floor) -> None:
    for kind in ("JOBS", "SWEEPS", "EFFECTS"):
        names = [name for module in ROOM_JOBS for name in getattr(module, kind, {})]
        assert len(names) == len(set(names)), kind
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", name) for name in floor.sweeps)


def test_every_room_with_jobs_is_wired() -> None:
    there = {path.parent.name for path in ROOT.glob("*/jobs.py")} - {"hotline", "exchange"}
    assert {module.__name__.split(".")[0] for module in ROOM_JOBS} == there


def test_every_queue_has_a_worker(tmp_path: Path) -> None:
    hotline = Supervisor(RunSettings(data=tmp_path))
    hotline.web_url = "http://127.0.0.1:8000"
    commands = [spec.command for spec in hotline._specs()]
    workers = {word for command in commands if "worker" in command for word in command[-1:]}
    assert workers == set(WORKERS)
    assert {queue for name in workers for queue in WORKERS[name]} == set(QUEUES)
