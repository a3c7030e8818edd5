"""The rows of the reports: what the night wrote. All of it can be made again from the events."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId, Json, UtcDateTime
from reports.attendance import PRESENCE_COUNTER_NAMES
from reports.history import models as history
from reports.mailing import models as mailing
from reports.matters import FLOWS, TICKET_COUNTER_NAMES
from reports.metrics import COUNTER_NAMES
from reports.topics import TALLIED


def _counters(names: Sequence[str]) -> Iterator[sa.Column[Any]]:
    for name in names:
        kind = sa.BigInteger if name.endswith("_ms") else sa.Integer
        yield sa.Column(name, kind, nullable=False, server_default="0")


__all__ = ["NightRun", "ReportDay", "call_intervals", "history", "mailing"]

#: One row a quarter of an hour, queue and language in which there was a call; `day` is the city's
#: local day, `interval_start` UTC; queue "" = never queued, language "" = none chosen. The
#: counters are those of `meanings.COUNTERS`, by the same names.
call_intervals = sa.Table(
    "call_intervals",
    Base.metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("interval_start", UtcDateTime(), primary_key=True),
    sa.Column("queue", sa.String(64), primary_key=True),
    sa.Column("language", sa.String(8), primary_key=True),
    *_counters(COUNTER_NAMES),
)

#: The same summed up by day: what a year is read from.
call_days = sa.Table(
    "call_days",
    Base.metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("queue", sa.String(64), primary_key=True),
    sa.Column("language", sa.String(8), primary_key=True),
    *_counters(COUNTER_NAMES),
)

#: The calls of a local day spread along one thing at a time: `topics.By`, and its key.
call_topics = sa.Table(
    "call_topics",
    Base.metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("by", sa.String(12), primary_key=True),
    sa.Column("key", sa.String(64), primary_key=True),
    *_counters(TALLIED),
)

#: One row a local day, category, division and area in which there was something of a ticket, or a
#: ticket was open at its end; the counters are those of `matters.TICKET_COUNTERS`.
ticket_days = sa.Table(
    "ticket_days",
    Base.metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("category", sa.String(64), primary_key=True),
    sa.Column("division", sa.String(64), primary_key=True),
    sa.Column("area", sa.String(64), primary_key=True),
    *_counters(TICKET_COUNTER_NAMES),
)

#: The flows of it summed up by month (its first day): what a year is read from.
ticket_months = sa.Table(
    "ticket_months",
    Base.metadata,
    sa.Column("month", sa.Date, primary_key=True),
    sa.Column("category", sa.String(64), primary_key=True),
    sa.Column("division", sa.String(64), primary_key=True),
    sa.Column("area", sa.String(64), primary_key=True),
    *_counters(FLOWS),
)

#: One row a local day and agent who was there, or should have been
#: (`attendance.PRESENCE_COUNTERS`).
presence_days = sa.Table(
    "presence_days",
    Base.metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("agent_id", sa.BigInteger, primary_key=True, autoincrement=False),
    *_counters(PRESENCE_COUNTER_NAMES),
)


class ReportDay(Base):
    """A local day that has been counted. A day without this row has no numbers yet, not zeros."""

    __tablename__ = "report_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    #: When it was counted last; before the day's end, the count is of a part of the day.
    counted_at: Mapped[datetime]
    #: When a later count last gave other numbers than the one before, the day being over; None =
    #: never.
    revised_at: Mapped[datetime | None]
    #: An import brought its calls (`reports.history`): it is not a day of the hotline's own, after
    #: which every day has to be counted.
    imported: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    #: By which rules (`service.How.mark`): counted by others, the night counts it again.
    rules: Mapped[str] = mapped_column(sa.String(80), server_default="")


class RollupDay(Base):
    """The same of the tickets and of the agents' presence."""

    __tablename__ = "rollup_days"

    part: Mapped[str] = mapped_column(sa.String(12), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    counted_at: Mapped[datetime]
    revised_at: Mapped[datetime | None]
    rules: Mapped[str] = mapped_column(sa.String(80))


class NightRun(Base):
    """One run of the night: what it read and wrote, and how long it took."""

    __tablename__ = "night_runs"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    first_day: Mapped[date]
    last_day: Mapped[date]
    days: Mapped[int]
    days_changed: Mapped[int]
    calls_read: Mapped[int]
    rows_written: Mapped[int]
    #: The newest event there was before it began: what was added since is looked for by the next
    #: run.
    last_event_id: Mapped[int] = mapped_column(sa.BigInteger)
    #: The newest event of any ticket that it knew of.
    last_ticket_event_id: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")
    #: Of each part (`rollups.Part`): first_day, last_day, days, days_changed, read, written,
    #: milliseconds, and the totals of those days `before` and `after`.
    data: Mapped[dict[str, Any]] = mapped_column(Json, server_default="{}")
    #: Of the wall, whatever the clock's speed.
    milliseconds: Mapped[int]


class PublishedMonth(Base):
    """The numbers of a month as they were told to the public: written once, changed never."""

    __tablename__ = "published_months"

    #: 2026-10.
    month: Mapped[str] = mapped_column(sa.String(7), primary_key=True)
    published_at: Mapped[datetime]
    #: The username of who did it, or `audit.COMMAND_LINE`.
    by: Mapped[str] = mapped_column(sa.String(64))
    #: `figures.Figures.as_json`.
    figures: Mapped[dict[str, Any]]
