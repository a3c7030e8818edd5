"""The night's jobs: each local day once, one at a time however many clocks run, a missed night
caught up.

A job declares the local time at which the day before is due. `tick` (called by `hotline clock`)
writes a row for every day that has become due; the row is moved to `running` by compare-and-set,
and taken over when its runner is presumed dead. Jobs must give the same result when they run twice.
"""

import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from hotline import clock
from hotline.db import insert_ignore
from hotline.models import JobRun

if TYPE_CHECKING:
    from hotline.floor import Floor

log = logging.getLogger(__name__)

RUN_JOB = "schedule.run"
#: How far back a missed night is caught up, in days.
CATCH_UP_DAYS = 60
#: A run that has not ended after so many seconds (of the wall) is presumed dead.
LEASE = 3600.0
RETRY_AFTER = 300.0
#: How long a worker has to begin a run before it is handed out again.
HAND_OUT_EVERY = 60.0


@dataclass(frozen=True)
class Nightly:
    """`run(floor, day)` is due for local `day` at local time `at` of the day after."""

    at: time
    run: Callable[["Floor", date], str]


def due_days(nightly: Nightly, now: datetime, floor: "Floor") -> list[date]:
    """The local days whose run is due at `now`, newest last, within the catch-up span."""
    local = clock.local(now, floor.city.zone)
    last = local.date() - timedelta(days=1 if local.time() >= nightly.at else 2)
    return [last - timedelta(days=back) for back in range(CATCH_UP_DAYS - 1, -1, -1)]


def tick(floor: "Floor", now: datetime) -> None:
    """Write down what has become due, and hand out what is due and not running."""
    for name, nightly in floor.nightly.items():
        _note_due(floor, name, nightly, now)
    with floor.db.write() as session:
        waiting = session.execute(
            sa.update(JobRun)
            .where(JobRun.state != "done", JobRun.due_at <= now)
            .values(state="due", due_at=now + timedelta(seconds=HAND_OUT_EVERY * clock.speed()))
            .returning(JobRun.name, JobRun.day)
        ).all()
    for name, day in sorted((row.name, row.day) for row in waiting):
        if not floor.jobs.enqueue(RUN_JOB, name, day.isoformat(), queue="night"):
            run(floor, name, day.isoformat())  # without Redis the clock does it itself


def _note_due(floor: "Floor", name: str, nightly: Nightly, now: datetime) -> None:
    days = due_days(nightly, now, floor)
    with floor.db.read() as session:
        known = set(
            session.scalars(sa.select(JobRun.day).where(JobRun.name == name, JobRun.day >= days[0]))
        )
        ever = bool(known) or session.scalar(
            sa.select(sa.literal(True)).where(JobRun.name == name).limit(1)
        )
    if not ever:
        days = days[-1:]  # a new hotline has no nights to catch up with
    elif known:
        days = [day for day in days if day > min(known)]
    for day in days:
        if day not in known:
            with floor.db.write() as session:
                insert_ignore(
                    session,
                    JobRun,
                    {
                        "name": name,
                        "day": day,
                        "state": "due",
                        "attempts": 0,
                        "due_at": now,
                        "detail": "",
                    },
                    returning=JobRun.name,
                )


def run(floor: "Floor", name: str, day: str) -> None:
    """Run one night's job if it is due and nobody else runs it."""
    date_of = date.fromisoformat(day)
    now = clock.now()
    with floor.db.write() as session:
        won = session.execute(
            sa.update(JobRun)
            .where(JobRun.name == name, JobRun.day == date_of, JobRun.state == "due")
            .values(
                state="running",
                attempts=JobRun.attempts + 1,
                started_at=now,
                due_at=now + timedelta(seconds=LEASE * clock.speed()),
            )
            .returning(JobRun.name)
        ).one_or_none()
    if won is None:
        return
    try:
        detail, state, due_at = floor.nightly[name].run(floor, date_of), "done", now
    except Exception:
        log.exception("nightly %s of %s failed", name, day)
        detail, state = traceback.format_exc(), "due"
        due_at = clock.now() + timedelta(seconds=RETRY_AFTER * clock.speed())
    with floor.db.write() as session:
        session.execute(
            sa.update(JobRun)
            .where(JobRun.name == name, JobRun.day == date_of, JobRun.state == "running")
            .values(state=state, detail=detail, due_at=due_at, ended_at=clock.now())
        )
