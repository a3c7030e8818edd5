"""Supervisors in the conversations of others: their rows, each change by compare-and-set.

What follows from a change is in `ivr.talk.supervising`; here is what `ivr.room.offers` needs too.
The row comes after that of the offer, as that of a third party does, and before the supervisor's
own presence, which each change here keeps in step.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from agents import service as agents
from hotline.auth import Identity
from hotline.db import insert_ignore
from ivr import calls
from ivr.errors import NoSuchMonitor, SupervisorBusy
from ivr.events import Kind
from ivr.models import Monitor, Offer


class Mode(StrEnum):
    """Whom a supervisor is heard by; both sides are heard in each."""

    LISTENING = "listening"  # by nobody
    WHISPERING = "whispering"  # by the agent
    BARGING = "barging"  # by both


class MonitorState(StrEnum):
    """The life of it."""

    RINGING = "ringing"  # the supervisor's telephone
    ON = "on"
    ENDED = "ended"


#: A supervisor has at most one such: the database holds that.
LIVE: Final = (MonitorState.RINGING, MonitorState.ON)
#: Ends that are ours to say; others are the carrier's words.
LEFT, OVER, LOST, TOOK_OVER = "left", "over", "unseen", "took_over"


@dataclass(frozen=True, slots=True)
class MonitorFacts:
    """A supervisor's part in a conversation as it is now; moments are aware."""

    id: int
    offer_id: int
    agent_id: int
    account_id: int
    mode: Mode
    state: MonitorState
    leg_sid: str | None
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    result: str | None

    @property
    def live(self) -> bool:
        return self.state in LIVE


def start(
    session: Session,
    offer_id: int,
    call_id: int,
    agent_id: int,
    mode: Mode,
    *,
    by: Identity,
    now: datetime,
) -> int:
    """The supervisor (`agent_id` is theirs) is to be rung for this conversation, whose row is held.
    Raises `SupervisorBusy`.
    """
    made = insert_ignore(
        session,
        Monitor,
        {
            "offer_id": offer_id,
            "agent_id": agent_id,
            "account_id": by.id,
            "mode": mode.value,
            "state": MonitorState.RINGING.value,
            "started_at": now,
            "checked_at": now,
        },
    )
    if made is None or not agents.listens(
        session, agent_id, call_id=call_id, now=now, by=f"account:{by.id}"
    ):
        raise SupervisorBusy
    return int(made)


def facts(session: Session, monitor_id: int) -> MonitorFacts:
    """One of them; raises `NoSuchMonitor`."""
    row = session.execute(_ALL.where(Monitor.id == monitor_id)).one_or_none()
    if row is None:
        raise NoSuchMonitor(f"monitor {monitor_id}")
    return _facts(row)


def live_of_agent(session: Session, agent_id: int) -> MonitorFacts | None:
    """Where this supervisor is, or is being rung for; None when nowhere."""
    row = session.execute(
        _ALL.where(Monitor.agent_id == agent_id, Monitor.state.in_(LIVE))
    ).one_or_none()
    return None if row is None else _facts(row)


def last_of_agent(session: Session, agent_id: int) -> MonitorFacts | None:
    """Where this supervisor was last, or was to be; None when nowhere ever."""
    mine = _ALL.where(Monitor.agent_id == agent_id).order_by(Monitor.id.desc()).limit(1)
    row = session.execute(mine).one_or_none()
    return None if row is None else _facts(row)


def live(session: Session, offer_id: int | None = None) -> list[MonitorFacts]:
    """Who is in this conversation, or in any."""
    which = sa.true() if offer_id is None else Monitor.offer_id == offer_id
    rows = session.execute(_ALL.where(Monitor.state.in_(LIVE), which).order_by(Monitor.id))
    return [_facts(row) for row in rows]


def dialled(session: Session, monitor_id: int, leg_sid: str) -> bool:
    """Note the call to the supervisor; False when it is not wanted (any more)."""
    return _swap(session, monitor_id, LIVE, _or_same(leg_sid), leg_sid=leg_sid) is not None


def answered(
    session: Session, monitor_id: int, leg_sid: str, *, now: datetime
) -> MonitorFacts | None:
    """The supervisor's telephone has answered; None when that is known, or it is not wanted."""
    on = {"state": MonitorState.ON.value, "leg_sid": leg_sid, "answered_at": now}
    came = (MonitorState.RINGING,)
    monitor = _swap(session, monitor_id, came, _or_same(leg_sid), **on)
    if monitor is not None:
        tell(session, monitor, monitor.mode.value, now)
    return monitor


def set_mode(session: Session, seen: MonitorFacts, mode: Mode, *, now: datetime) -> bool:
    """From the mode that was seen to another; False when it is another by now, or over."""
    as_seen = Monitor.mode == seen.mode.value
    monitor = _swap(session, seen.id, LIVE, as_seen, mode=mode.value)
    if monitor is not None and monitor.state is MonitorState.ON:
        tell(session, monitor, mode.value, now)
    return monitor is not None


def goes_with(session: Session, offer_id: int, to_offer: int) -> list[MonitorFacts]:
    """The conversation is another agent's from now on, and who is in it stays; who they are."""
    rows = session.execute(
        sa.update(Monitor)
        .where(Monitor.offer_id == offer_id, Monitor.state.in_(LIVE))
        .values(offer_id=to_offer)
        .returning(*_COLUMNS)
        .execution_options(synchronize_session=False)
    )
    return [_facts(row) for row in rows]


def end(session: Session, monitor_id: int, result: str, *, now: datetime) -> MonitorFacts | None:
    """It is over (`result`: ours, or the carrier's word), and the supervisor is what they were;
    None when that was known.
    """
    monitor = _end(session, monitor_id, result, now)
    if monitor is not None:
        agents.stops_listening(session, monitor.agent_id, now=now)
    return monitor


def taken_over(session: Session, seen: MonitorFacts, *, now: datetime) -> bool:
    """The supervisor has the conversation from now on; False when they are not in it (any more)."""
    on = (MonitorState.ON,)
    over = {"state": MonitorState.ENDED.value, "ended_at": now, "result": TOOK_OVER}
    return _swap(session, seen.id, on, Monitor.leg_sid == seen.leg_sid, **over) is not None


def leave_with(session: Session, offer_id: int, *, now: datetime) -> list[MonitorFacts]:
    """The conversation is over, and so is listening to it. Those whose telephones are to be hung
    up, in one order for all.
    """
    ended = [end(session, each.id, OVER, now=now) for each in live(session, offer_id)]
    return [monitor for monitor in ended if monitor is not None]


def to_ask_about(
    session: Session, before: datetime, limit: int, *, now: datetime
) -> list[MonitorFacts]:
    """Those of whom nothing was heard since `before`; they are not asked about again at once."""
    due = (
        sa.select(Monitor.id)
        .where(Monitor.state.in_(LIVE), Monitor.checked_at < before)
        .order_by(Monitor.checked_at)
        .limit(limit)
    )
    rows = session.execute(
        sa.update(Monitor)
        .where(Monitor.id.in_(due), Monitor.checked_at < before)
        .values(checked_at=now)
        .returning(*_COLUMNS)
        .execution_options(synchronize_session=False)
    )
    return [_facts(row) for row in rows]


def tell(session: Session, monitor: MonitorFacts, mode: str, at: datetime) -> None:
    """Into the story of the call: what the supervisor does from now on."""
    offer = session.execute(
        sa.select(Offer.call_id, Offer.agent_id).where(Offer.id == monitor.offer_id)
    ).one()
    who = agents.agent(session, monitor.agent_id).name
    said = {"monitor": monitor.id, "offer": monitor.offer_id, "agent": offer.agent_id, "who": who}
    calls.tell(session, offer.call_id, Kind.MONITORED, said | {"mode": mode}, now=at)


# ---------------------------------------------------------------- small parts


def _end(session: Session, monitor_id: int, result: str, now: datetime) -> MonitorFacts | None:
    over = {"state": MonitorState.ENDED.value, "ended_at": now, "result": result}
    monitor = _swap(session, monitor_id, LIVE, **over)
    if monitor is not None and monitor.answered_at is not None:
        tell(session, monitor, "left", now)
    return monitor


def _or_same(leg_sid: str) -> sa.ColumnElement[bool]:
    return sa.or_(Monitor.leg_sid.is_(None), Monitor.leg_sid == leg_sid)


def _swap(
    session: Session,
    monitor_id: int,
    came: tuple[MonitorState, ...],
    *conditions: sa.ColumnElement[bool],
    **values: Any,
) -> MonitorFacts | None:
    row = session.execute(
        sa.update(Monitor)
        .where(Monitor.id == monitor_id, Monitor.state.in_(came), *conditions)
        .values(**values)
        .returning(*_COLUMNS)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return None if row is None else _facts(row)


def _facts(row: Any) -> MonitorFacts:
    named = row._asdict()
    state, mode = MonitorState(named["state"]), Mode(named["mode"])
    return MonitorFacts(**named | {"state": state, "mode": mode})


_COLUMNS = tuple(getattr(Monitor, name) for name in MonitorFacts.__slots__)
_ALL = sa.select(*_COLUMNS)
