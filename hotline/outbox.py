"""Effects that must not be lost: a row written with the change, sent after the commit.

`post` writes the row and, after the commit, hands its id to a worker. If Redis or the worker is
away, the sweep in `hotline clock` sends it instead, a little later. An effect may in rare cases
happen twice (a sender died between the act and the note of it), so what it causes must bear that.

What goes to a server that may hang (`Floor.slow_effects`) has a queue of its own, and the sweep
hands it there too.

The world outside keeps the wall's time: leases and pauses are seconds of the wall, also when the
clock runs fast.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import clock, logs
from hotline.db import after_commit, database_of, insert_ignore
from hotline.jobs import SLOW
from hotline.models import Effect

if TYPE_CHECKING:
    from hotline.floor import Floor

log = logging.getLogger(__name__)

#: An effect's handler: does the thing, raises to have it tried again.
Handler = Callable[["Floor", dict[str, Any]], None]

DELIVER_JOB = "outbox.deliver"
#: Sends what is overdue of the slow effects.
SLOW_JOB = "outbox.deliver_slow"
#: How long the worker has before the sweep takes an effect up.
HEAD_START = 2.0
#: How long a sender may take before it is presumed dead.
LEASE = 15.0
#: The pause after the first attempt; doubled after each further one.
FIRST_PAUSE = 1.0
MAX_ATTEMPTS = 6
#: So many overdue effects are sent at once; of the slow ones fewer: each may take a minute, and the
#: limit of the job must cut none short.
BATCH, SLOW_BATCH = 100, 5


class Hopeless(Exception):
    """Raised by a handler: this effect can never succeed (the call has ended, say); it is not tried
    again.
    """


def post(
    session: Session, kind: str, payload: dict[str, Any], *, now: datetime, key: str | None = None
) -> bool:
    """Have `kind` done with `payload` after the commit; with a `key`, once however often it is
    posted: False when it had been.
    """
    effect_id = insert_ignore(
        session,
        Effect,
        {
            "kind": kind,
            "payload": payload,
            "key": key,
            "state": "pending",
            "attempts": 0,
            "created_at": now,
            "due_at": now,
        },
    )
    if effect_id is not None:
        for listener in database_of(session).listeners.get("outbox.posted", ()):
            after_commit(session, partial(listener, effect_id=effect_id, kind=kind))
    return effect_id is not None


def deliver(floor: "Floor", effect_id: int) -> bool:
    """Send one effect if nobody else does; True if this call settled it (sent, or given up)."""
    effect = _claim(floor, effect_id)
    if effect is None:
        return False
    kind, payload, attempts = effect
    try:
        floor.effects[kind](floor, payload)
    except Hopeless as error:
        _settle(floor, effect_id, attempts, "failed", error=str(error))
    except Exception as error:
        log.warning("outbox %s %s, attempt %s: %s", effect_id, kind, attempts, error)
        if attempts < MAX_ATTEMPTS:
            pause = FIRST_PAUSE * 2 ** (attempts - 1)
            _settle(floor, effect_id, attempts, "pending", error=str(error), again_in=pause)
            return False
        log.exception("outbox %s %s: given up", effect_id, kind)
        _settle(floor, effect_id, attempts, "failed", error=str(error))
    else:
        _settle(floor, effect_id, attempts, "sent")
    return True


def sweep(floor: "Floor", now: datetime) -> None:
    """Send what the worker has not taken up in time, and what a dead sender left behind."""
    slow = Effect.kind.in_(floor.slow_effects)
    for effect_id in _overdue(floor, now, ~slow, BATCH):
        deliver(floor, effect_id)
    if not _overdue(floor, now, slow, 1):
        return
    if not floor.jobs.enqueue(SLOW_JOB, queue=SLOW, unless_any=True):
        deliver_slow(floor, now, at_once=1)  # without Redis one at a time, between other sweeps


def deliver_slow(floor: "Floor", now: datetime, at_once: int = SLOW_BATCH) -> None:
    """Send some of the slow effects that are overdue."""
    for effect_id in _overdue(floor, now, Effect.kind.in_(floor.slow_effects), at_once):
        deliver(floor, effect_id)


def _overdue(
    floor: "Floor", now: datetime, which: sa.ColumnElement[bool], limit: int
) -> Sequence[int]:
    query = (
        sa.select(Effect.id)
        .where(
            Effect.state.in_(("pending", "sending")),
            Effect.due_at < now - _wall(HEAD_START),
            which,
        )
        .order_by(Effect.due_at)
        .limit(limit)
    )
    with floor.db.read() as session:
        return session.scalars(query).all()


def _claim(floor: "Floor", effect_id: int) -> tuple[str, dict[str, Any], int] | None:
    now = clock.now()
    with floor.db.write() as session:
        row = session.execute(
            sa.update(Effect)
            .where(
                Effect.id == effect_id,
                Effect.state.in_(("pending", "sending")),
                Effect.due_at <= now,
            )
            .values(
                state="sending",
                attempts=Effect.attempts + 1,
                due_at=now + _wall(LEASE),
            )
            .returning(Effect.kind, Effect.payload, Effect.attempts)
        ).one_or_none()
    return None if row is None else (row.kind, row.payload, row.attempts)


def _settle(
    floor: "Floor",
    effect_id: int,
    attempts: int,
    state: str,
    *,
    error: str | None = None,
    again_in: float = 0.0,
) -> None:
    """Note how this attempt ended; a sender that had been given up on notes nothing."""
    now = clock.now()
    with floor.db.write() as session:
        session.execute(
            sa.update(Effect)
            .where(Effect.id == effect_id, Effect.state == "sending", Effect.attempts == attempts)
            .values(
                state=state,
                # what a carrier says of a number names it
                last_error=None if error is None else logs.without_numbers(error),
                due_at=now + _wall(again_in),
                ended_at=None if state == "pending" else now,
            )
        )


def _wall(seconds: float) -> timedelta:
    """So many seconds of the wall, on this clock."""
    return timedelta(seconds=seconds * clock.speed())
