"""The rows of the reports: what the night wrote. All of it can be made again from the events."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId, UtcDateTime
from reports.history import models as history
from reports.metrics import COUNTER_NAMES

__all__ = ["NightRun", "ReportDay", "call_intervals", "history"]

#: One row a quarter of an hour, queue and language in which there was a call; `day` is the city's
#: local day, `interval_start` UTC; queue "" = never queued, language "" = none chosen. The
#: counters are those of `metrics.COUNTERS`, by the same names.
call_intervals = sa.Table(
    "call_intervals",
    Base.metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("interval_start", UtcDateTime(), primary_key=True),
    sa.Column("queue", sa.String(64), primary_key=True),
    sa.Column("language", sa.String(8), primary_key=True),
    *(
        sa.Column(name, sa.BigInteger if name.endswith("_ms") else sa.Integer, nullable=False)
        for name in COUNTER_NAMES
    ),
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
    #: Of the wall, whatever the clock's speed.
    milliseconds: Mapped[int]
