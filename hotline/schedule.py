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
from sqlalchemy.orm import Session

from hotline import clock, logs
from hotline.db import insert_ignore
from hotline.jobs import NIGHT
from hotline.models import JobRun

if TYPE_CHECKING:
    from hotline.floor import Floor

log = logging.getLogger(__name__)

RUN_JOB = "schedule.run"
#: How far back a missed night is caught up, in days.
CATCH_UP_DAYS = 60
#: In seconds of the wall. A run that has not ended after so many is presumed dead.
LEASE = 3600.0
#: A run that failed is tried again after so many.
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
    for name, day in _hand_out(floor, now):
        if not floor.jobs.enqueue(RUN_JOB, name, day.isoformat(), queue=NIGHT):
            run(floor, name, day.isoformat())  # without Redis the clock does it itself


def _hand_out(floor: "Floor", now: datetime) -> list[tuple[str, date]]:
    """What a worker shall run: due and not begun, failed and due again, or left by a dead runner.
    Oldest day first.
    """
    waiting = (JobRun.state != "done", JobRun.due_at <= now)
    with floor.db.read() as session:
        if session.scalar(sa.select(JobRun.day).where(*waiting).limit(1)) is None:
            return []  # the usual case takes no write lock
    with floor.db.write() as session:
        rows = session.execute(
            sa.update(JobRun)
            .where(*waiting)
            .values(state="due", due_at=now + _wall(HAND_OUT_EVERY))
            .returning(JobRun.day, JobRun.name)
        ).all()
    return [(name, day) for day, name in sorted((row.day, row.name) for row in rows)]


def _note_due(floor: "Floor", name: str, nightly: Nightly, now: datetime) -> None:
    days = due_days(nightly, now, floor)
    # one statement: between two, another clock may write the very first row, and a new hotline
    # would look like one with two months to catch up with
    newest = (
        sa.select(JobRun.day)
        .where(JobRun.name == name)
        .order_by(JobRun.day.desc())
        .limit(CATCH_UP_DAYS + 1)
    )
    with floor.db.read() as session:
        known = set(session.scalars(newest))
    # a new hotline has no nights to catch up with, nor has one any from before it was new
    days = [day for day in days if day > min(known)] if known else days[-1:]
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


@dataclass(frozen=True)
class LastRun:
    """How a nightly job went last: for which local day, when it ended, and its own words of it."""

    day: date
    ended_at: datetime
    detail: str


def last_run(session: Session, name: str) -> LastRun | None:
    """Return the last run of a nightly job that was done, or None."""
    row = session.execute(
        sa.select(JobRun.day, JobRun.ended_at, JobRun.detail)
        .where(JobRun.name == name, JobRun.state == "done", JobRun.ended_at.is_not(None))
        .order_by(JobRun.day.desc())
        .limit(1)
    ).one_or_none()
    if row is None or row.ended_at is None:
        return None
    return LastRun(row.day, row.ended_at, row.detail)


def run(floor: "Floor", name: str, day: str) -> None:
    """Run one night's job if it is due and nobody else runs it."""
    date_of = date.fromisoformat(day)
    attempt = _begin(floor, name, date_of)
    if attempt is None:
        return
    try:
        detail = floor.nightly[name].run(floor, date_of)
    except Exception:
        log.exception("nightly %s of %s failed", name, day)
        # not "due": what Redis still holds of it must not run it again before its time
        _end(floor, name, date_of, attempt, "failed", traceback.format_exc(), RETRY_AFTER)
    else:
        _end(floor, name, date_of, attempt, "done", detail, 0.0)


def _begin(floor: "Floor", name: str, day: date) -> int | None:
    """The number of this attempt, or None when somebody else runs it or has run it."""
    now = clock.now()
    with floor.db.write() as session:
        return session.execute(
            sa.update(JobRun)
            .where(JobRun.name == name, JobRun.day == day, JobRun.state == "due")
            .values(
                state="running",
                attempts=JobRun.attempts + 1,
                started_at=now,
                due_at=now + _wall(LEASE),
            )
            .returning(JobRun.attempts)
        ).scalar_one_or_none()


def _end(
    floor: "Floor", name: str, day: date, attempt: int, state: str, detail: str, again_in: float
) -> None:
    """Note how this attempt ended; a runner that had been given up on notes nothing."""
    now = clock.now()
    with floor.db.write() as session:
        session.execute(
            sa.update(JobRun)
            .where(
                JobRun.name == name,
                JobRun.day == day,
                JobRun.state == "running",
                JobRun.attempts == attempt,
            )
            .values(
                state=state,
                detail=logs.without_numbers(detail),
                due_at=now + _wall(again_in),
                ended_at=now,
            )
        )


def _wall(seconds: float) -> timedelta:
    """So many seconds of the wall, on this clock: work takes no less time when the clock runs
    fast.
    """
    return timedelta(seconds=seconds * clock.speed())
