"""The agents' rows: who they are, what they can, what they are doing now, all that they did, and
when they should be here (`agents.roster`).
"""

from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId

_READY = sa.text("ready_since IS NOT NULL")


class Agent(Base):
    """An account that answers calls, and the device on which it does."""

    __tablename__ = "agents"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("accounts.id"), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    #: What the carrier dials: `client:agent-7` (the desk's softphone) or a number, E.164.
    address: Mapped[str] = mapped_column(sa.String(64))


class AgentSkill(Base):
    """One skill of one agent.

    `ready_since` repeats `Presence.idle_since` while the agent may get an offer and is NULL
    otherwise, so that the longest idle agent of a skill is the first entry of an index.
    """

    __tablename__ = "agent_skills"
    __table_args__ = (
        sa.Index(
            "ix_agent_skills_ready",
            "skill",
            "ready_since",
            "agent_id",
            sqlite_where=_READY,
            postgresql_where=_READY,
        ),
        # everybody with a skill, ready or not
        sa.Index("ix_agent_skills_skill", "skill", "agent_id"),
    )

    agent_id: Mapped[int] = mapped_column(sa.ForeignKey("agents.id"), primary_key=True)
    skill: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    ready_since: Mapped[datetime | None]


class PresenceRow(Base):
    """What one agent is doing now, by `agents.states`. One row, so one call at most."""

    __tablename__ = "presence"

    agent_id: Mapped[int] = mapped_column(sa.ForeignKey("agents.id"), primary_key=True)
    #: Counts the changes. Every change is an UPDATE … WHERE n = the one that was read.
    n: Mapped[int]
    status: Mapped[str] = mapped_column(sa.String(12))
    reason: Mapped[str | None] = mapped_column(sa.String(32))
    state: Mapped[str] = mapped_column(sa.String(12))
    #: Since when this status (and reason), and since when this state.
    since: Mapped[datetime]
    state_since: Mapped[datetime]
    #: The place among the idle. Kept through an offer, so that one that is withdrawn costs nothing.
    idle_since: Mapped[datetime | None]
    call_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    #: Unique: two agents can never be held by one offer.
    offer_id: Mapped[int | None] = mapped_column(sa.BigInteger, unique=True)
    wrap_up_until: Mapped[datetime | None]
    #: By when it should be done: before `wrap_up_until` where an overrun is suffered.
    wrap_up_due: Mapped[datetime | None]
    #: Why the telephone in their page cannot be answered (`agents.states.Trouble`).
    trouble: Mapped[str | None] = mapped_column(sa.String(12))


class PresenceEvent(Base):
    """One change of one agent's presence, written with it; append-only.

    `kind` is the move (`agents.states.Move`), `by` who made it (`agent:7`, their page by itself:
    `page:7`, `account:3`, `engine`), `data` has `from` and `to` (status, reason, state of each,
    and trouble if any), and `offer_id`, `call_id` if any.
    What a supervisor did (`agents.supervise`) has `who` (their name) and `why` beside it. Two kinds
    are no moves and change neither field: `skills` (`gave`, `took`) and `told` (`what`).
    """

    __tablename__ = "presence_events"
    __table_args__ = (
        sa.UniqueConstraint("agent_id", "n"),
        # how an agent stood at some moment of the past
        sa.Index("ix_presence_events_agent_at", "agent_id", "at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    agent_id: Mapped[int] = mapped_column(sa.ForeignKey("agents.id"))
    #: `PresenceRow.n` after this change: an agent's events have no gap and no fork.
    n: Mapped[int]
    at: Mapped[datetime] = mapped_column(index=True)
    by: Mapped[str] = mapped_column(sa.String(32))
    kind: Mapped[str] = mapped_column(sa.String(16))
    data: Mapped[dict[str, Any]]


# ---------------------------------------------------------------- the roster


class RosterShift(Base):
    """A shift of one agent that repeats by a rule, or comes once (`agents.roster.rules.Series`).

    A change from a day on ends this row and begins another, so that what was stays as it was.
    """

    __tablename__ = "roster_shifts"
    __table_args__ = (sa.UniqueConstraint("agent_id", "uid"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    agent_id: Mapped[int] = mapped_column(sa.ForeignKey("agents.id"))
    #: By which a calendar knows it again (RFC 5545, 3.8.4.7).
    uid: Mapped[str] = mapped_column(sa.String(255))
    #: Local day and time.
    first_day: Mapped[date]
    start: Mapped[time]
    minutes: Mapped[int]
    #: From which the rule counts; earlier than `first_day` where a series goes on, changed.
    anchor: Mapped[date]
    rule: Mapped[str] = mapped_column(sa.String(200))
    #: Days in a row each time that the rule comes true.
    run: Mapped[int]
    last_day: Mapped[date | None]
    note: Mapped[str] = mapped_column(sa.String(200))
    #: Counts the changes, those of single days too: a form that shows an older one is refused.
    version: Mapped[int]
    made_at: Mapped[datetime]


class RosterChange(Base):
    """What holds instead on one day of a shift (`agents.roster.rules.Change`)."""

    __tablename__ = "roster_changes"

    shift_id: Mapped[int] = mapped_column(sa.ForeignKey("roster_shifts.id"), primary_key=True)
    #: The day for which it was planned.
    planned_day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(12))
    reason: Mapped[str] = mapped_column(sa.String(200))
    agent_id: Mapped[int] = mapped_column(sa.ForeignKey("agents.id"), index=True)
    day: Mapped[date]
    start: Mapped[time]
    minutes: Mapped[int]


class RosterFeed(Base):
    """The secret address at which an agent's calendar is; of the secret only a hash is kept."""

    __tablename__ = "roster_feeds"

    agent_id: Mapped[int] = mapped_column(sa.ForeignKey("agents.id"), primary_key=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    made_at: Mapped[datetime]
