"""The one way in which a presence changes: read, ask the table, win the row, write what happened.

`agents.service` is the door; this module is what stands behind its verbs.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from time import sleep
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from agents.models import AgentSkill, PresenceEvent, PresenceRow
from agents.states import IllegalMove, Move, Presence, State, Status, Trouble, moved
from hotline.announce import announce
from hotline.errors import Conflict, NotFound

READY: Final = "agent.ready"
"""Announced with `agent_id` when somebody becomes ready and idle."""

LEFT: Final = "agent.left"
"""Announced with `agent_id` and `offer_id` when somebody takes no calls any more while an offer
rings."""

ENGINE: Final = "engine"
_TRIES = 10
#: PostgreSQL: the row is held by somebody else; and how long one pauses before looking again.
_HELD: Final = "55P03"
_PAUSES: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)


@dataclass(frozen=True, slots=True)
class PresenceFacts:
    """What an agent is doing; the moments are aware. `n` counts the changes of this presence."""

    agent_id: int
    n: int
    status: Status
    reason: str | None
    state: State
    trouble: Trouble | None
    since: datetime
    state_since: datetime
    idle_since: datetime | None
    call_id: int | None
    offer_id: int | None
    wrap_up_until: datetime | None
    wrap_up_due: datetime | None

    @property
    def presence(self) -> Presence:
        """What the table knows."""
        return Presence(self.status, self.state, self.reason, self.trouble)

    @property
    def unreachable(self) -> bool:
        """Whether somebody who is ready is offered nothing, since their telephone fails."""
        return self.status is Status.READY and self.trouble is not None

    @property
    def shown_since(self) -> datetime:
        """Since when what a screen shows has held: the state while busy, else the status."""
        return max(self.since, self.state_since) if self.state is State.IDLE else self.state_since


@dataclass(frozen=True, slots=True)
class Change:
    """A move, who makes it and when, the columns that it sets beside the two fields, and what its
    event says beside them.
    """

    move: Move
    now: datetime
    by: str
    reason: str | None = None
    trouble: Trouble | None = None
    sets: tuple[tuple[str, Any], ...] = ()
    said: tuple[tuple[str, Any], ...] = ()


Guard = Callable[[PresenceFacts], bool]

COLUMNS: Final = [getattr(PresenceRow, field.name) for field in fields(PresenceFacts)]
_CHANGING: Final = [field.name for field in fields(PresenceFacts) if field.name != "agent_id"]
_READ = sa.select(*COLUMNS).where(PresenceRow.agent_id == sa.bindparam("who"))
_SWAP = (
    sa.update(PresenceRow)
    .where(PresenceRow.agent_id == sa.bindparam("who"), PresenceRow.n == sa.bindparam("seen"))
    .returning(PresenceRow.n)
    .execution_options(synchronize_session=False)
)
_SHOW = (
    sa.update(AgentSkill)
    .where(AgentSkill.agent_id == sa.bindparam("who"))
    .values(ready_since=sa.bindparam("idle"))
    .execution_options(synchronize_session=False)
)
_WRITE = sa.insert(PresenceEvent.__table__)  # type: ignore[arg-type]


def facts_of(row: Any) -> PresenceFacts:
    """The facts of one row of `COLUMNS`."""
    agent_id, n, status, reason, state, trouble, *rest = row
    known = None if trouble is None else Trouble(trouble)
    return PresenceFacts(agent_id, n, Status(status), reason, State(state), known, *rest)


def read(session: Session, agent_id: int) -> PresenceFacts:
    """What the agent is doing; raises NotFound."""
    row = session.execute(_READ, {"who": agent_id}).one_or_none()
    if row is None:
        raise NotFound(f"agent {agent_id}", text="agents.no_such_agent")
    return facts_of(row)


def change(
    session: Session, agent_id: int, what: Change, guard: Guard | None = None
) -> PresenceFacts | None:
    """Make one move; None when the table or `guard` refuses it, which leaves everything as it is.

    A move that changes nothing (ready, said twice) writes nothing. Somebody else's change in
    between is seen and judged anew, so that what is written was legal when it was written.
    """
    for _ in range(_TRIES):
        before = read(session, agent_id)
        if guard is not None and not guard(before):
            return None
        try:
            after = moved(before.presence, what.move, what.reason, what.trouble)
        except IllegalMove:
            return None
        if after == before.presence:
            return before
        if (won := _swap(session, before, after, what)) is not None:
            _record(session, before, won, what)
            return won
    # Ten changes of one agent within one of ours: somebody is hammering, and shall try again.
    raise Conflict(f"agent {agent_id} changes too quickly", text="agents.changed_meanwhile")


def note(
    session: Session,
    agent_id: int,
    kind: str,
    *,
    by: str,
    now: datetime,
    said: dict[str, Any],
    sets: Mapping[str, Any] | None = None,
) -> PresenceFacts:
    """Write an event of an agent (`kind`: no move) that leaves both fields as they are, and hold
    their row: until the commit nobody changes this presence, and with it who is ready for what.
    `sets`: other columns that it changes.
    """
    for _ in range(_TRIES):
        before = read(session, agent_id)
        after = replace(before, n=before.n + 1, **(sets or {}))
        if _win(session, before, after):
            words = {"from": _words(before), "to": _words(after)}
            event = {"agent_id": agent_id, "n": after.n, "at": now, "by": by, "kind": kind}
            session.execute(_WRITE, event | {"data": words | said})
            return after
    raise Conflict(f"agent {agent_id} changes too quickly", text="agents.changed_meanwhile")


def hold(session: Session, agent_ids: Collection[int]) -> None:
    """Hold the rows of several agents until the commit, all or none; before any other row is.

    A conversation holds the rows of those in it as they come (who leaves, then who takes over), and
    not by number. So whoever wants several of any agents never waits for one while it holds
    another: nobody can wait for us then (PostgreSQL; in SQLite who writes is alone). Raises
    Conflict when one of them stays held for long.
    """
    connection = session.connection()
    if connection.dialect.name == "sqlite" or not agent_ids:
        return
    rows = sa.select(PresenceRow.agent_id).where(PresenceRow.agent_id.in_(agent_ids))
    now_or_never = rows.order_by(PresenceRow.agent_id).with_for_update(nowait=True)
    for seconds in _PAUSES:
        try:
            with connection.begin_nested():
                connection.execute(now_or_never)
        except sa.exc.OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != _HELD:
                raise
            sleep(seconds)
        else:
            return
    raise Conflict(f"agents {sorted(agent_ids)} are held", text="agents.changed_meanwhile")


def _swap(
    session: Session, before: PresenceFacts, after: Presence, what: Change
) -> PresenceFacts | None:
    facts = _next(before, after, what)
    return facts if _win(session, before, facts) else None


def _win(session: Session, before: PresenceFacts, facts: PresenceFacts) -> bool:
    values = {name: getattr(facts, name) for name in _CHANGING}
    where = {"who": before.agent_id, "seen": before.n}
    return session.execute(_SWAP, {**where, **values}).scalar_one_or_none() is not None


def _next(before: PresenceFacts, after: Presence, what: Change) -> PresenceFacts:
    chosen = (before.status, before.reason) != (after.status, after.reason)
    values: dict[str, Any] = {
        "agent_id": before.agent_id,
        "n": before.n + 1,
        "status": after.status,
        "reason": after.reason,
        "state": after.state,
        "since": what.now if chosen else before.since,
        "state_since": what.now if before.state is not after.state else before.state_since,
        "idle_since": _idle_since(before, after, what),
        "call_id": before.call_id,
        "offer_id": before.offer_id,
        "wrap_up_until": before.wrap_up_until,
        "wrap_up_due": before.wrap_up_due,
        "trouble": after.trouble,
    }
    if after.state is State.IDLE:
        values |= dict.fromkeys(("call_id", "offer_id", "wrap_up_until", "wrap_up_due"))
    return PresenceFacts(**(values | dict(what.sets)))


def _idle_since(before: PresenceFacts, after: Presence, what: Change) -> datetime | None:
    """The place among the idle: kept through an offer that came to nothing, else taken anew."""
    if after.available:
        kept = before.idle_since if what.move is Move.WITHDRAW else None
        return kept or what.now
    waits_for_an_answer = after.state in (State.OFFERED, State.ON_CALL)
    return before.idle_since if after.takes_calls and waits_for_an_answer else None


def _record(session: Session, before: PresenceFacts, after: PresenceFacts, what: Change) -> None:
    """The event, the skills' index, and the announcement that a change owes."""
    data = {"from": _words(before), "to": _words(after), **dict(what.said)}
    if what.trouble is not None:
        data["trouble"] = what.trouble
    held = {
        "offer_id": after.offer_id or before.offer_id,
        "call_id": after.call_id or before.call_id,
    }
    event = {
        "agent_id": after.agent_id,
        "n": after.n,
        "at": what.now,
        "by": what.by,
        "kind": what.move,
        "data": data | {name: value for name, value in held.items() if value is not None},
    }
    session.execute(_WRITE, event)
    was, is_now = before.presence.available, after.presence.available
    if was != is_now:
        idle = after.idle_since if is_now else None
        session.execute(_SHOW, {"who": after.agent_id, "idle": idle})
    if is_now and not was:
        announce(session, READY, agent_id=after.agent_id)
    if after.state is State.OFFERED is before.state and not after.presence.takes_calls:
        announce(session, LEFT, agent_id=after.agent_id, offer_id=after.offer_id)


def _words(facts: PresenceFacts) -> dict[str, str | None]:
    words = {"status": facts.status, "reason": facts.reason, "state": facts.state}
    return words if facts.trouble is None else words | {"trouble": facts.trouble}
