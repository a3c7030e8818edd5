"""The rows of units: who is on which, where it is, what it was sent to, and every step of that."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId, Json

_OPEN = "ended_at IS NULL"


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> sa.Index:
    condition = sa.text(where)
    return sa.Index(
        name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition
    )


class Unit(Base):
    """A car with a crew. Never deleted: what it did names it; one out of use is not `active`."""

    __tablename__ = "units"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    #: As in config.yaml and in events; never changed.
    code: Mapped[str] = mapped_column(sa.String(32), unique=True)
    call_sign: Mapped[str] = mapped_column(sa.String(32))
    #: By language, Thai and English at least.
    title: Mapped[dict[str, Any]]
    #: Whose work it does, by division; empty: everybody's.
    divisions: Mapped[list[str]] = mapped_column(Json)
    #: What its crew speaks.
    languages: Mapped[list[str]] = mapped_column(Json)
    telephone: Mapped[str | None] = mapped_column(sa.String(32))
    active: Mapped[bool] = mapped_column(default=True)
    #: Counts its changes: who changes it says which one they saw.
    version: Mapped[int] = mapped_column(default=1)


class UnitCrew(Base):
    """Somebody on a unit, from when until when; `until_at` NULL: now."""

    __tablename__ = "unit_crews"
    __table_args__ = (
        # nobody sits in two cars
        _partial("uq_unit_crews_now", "username", where="until_at IS NULL", unique=True),
        sa.Index("ix_unit_crews_unit", "unit_id", "until_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    unit_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("units.id"))
    username: Mapped[str] = mapped_column(sa.String(64))
    from_at: Mapped[datetime]
    until_at: Mapped[datetime | None]
    put_on_by: Mapped[str] = mapped_column(sa.String(64))
    taken_off_by: Mapped[str | None] = mapped_column(sa.String(64))


class UnitPosition(Base):
    """Where a unit was last: the last place only, no track of anybody is kept."""

    __tablename__ = "unit_positions"
    __table_args__ = (sa.Index("ix_unit_positions_at", "at"),)

    unit_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("units.id"), primary_key=True, autoincrement=False
    )
    #: WGS 84, degrees.
    latitude: Mapped[float] = mapped_column(sa.Double)
    longitude: Mapped[float] = mapped_column(sa.Double)
    #: The radius in metres that the telephone gave; NULL: it gave none.
    accuracy_m: Mapped[float | None] = mapped_column(sa.Double)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(sa.String(64))


class Dispatch(Base):
    """A unit sent to a ticket: one job. Its states are `tickets.units.rules.State`."""

    __tablename__ = "dispatches"
    __table_args__ = (
        sa.CheckConstraint(
            "(ended_at IS NULL) = (state IN ('sent', 'acknowledged', 'on_way', 'here'))",
            name="ended",
        ),
        # a unit has a ticket once at a time
        _partial("uq_dispatches_open", "ticket_id", "unit_id", where=_OPEN, unique=True),
        _partial("ix_dispatches_jobs", "unit_id", "place", "id", where=_OPEN),
        sa.Index("ix_dispatches_ticket", "ticket_id", "id"),
        sa.Index("ix_dispatches_unit", "unit_id", "id"),
        # the jobs of a year, for the reports
        sa.Index("ix_dispatches_sent", "sent_at"),
        # what each look of the clock finds
        _partial(
            "ix_dispatches_unseen",
            "acknowledge_due_at",
            where="state = 'sent' AND acknowledge_missed_at IS NULL",
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    unit_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("units.id"))
    ticket_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("tickets.id"))
    #: The order of a unit's open jobs, the smallest first; equal ones as they were sent.
    place: Mapped[int]
    state: Mapped[str] = mapped_column(sa.String(16))
    #: Words of who sent it to its crew, and the crew's of how it ended.
    note: Mapped[str] = mapped_column(sa.Text, default="")
    outcome: Mapped[str] = mapped_column(sa.Text, default="")
    sent_by: Mapped[str] = mapped_column(sa.String(64))
    sent_at: Mapped[datetime]
    acknowledge_due_at: Mapped[datetime]
    acknowledge_missed_at: Mapped[datetime | None]
    #: When each happened, on the crew's telephone.
    acknowledged_at: Mapped[datetime | None]
    on_way_at: Mapped[datetime | None]
    here_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    #: Since when its crew asks for help; NULL: it does not.
    help_since: Mapped[datetime | None]
    #: The job of another unit that was handed over to this one.
    from_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("dispatches.id"))


#: The condition of the partial indexes.
IS_OPEN_JOB = Dispatch.ended_at.is_(None)


class DispatchEvent(Base):
    """One word about a job, as it came in: a telephone sends again what it got no answer to, and
    says the same `key` each time.
    """

    __tablename__ = "dispatch_events"
    __table_args__ = (
        sa.UniqueConstraint("who", "key"),
        sa.Index("ix_dispatch_events_dispatch", "dispatch_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    dispatch_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("dispatches.id"))
    #: When it happened, and when it was heard of here.
    at: Mapped[datetime]
    heard_at: Mapped[datetime]
    who: Mapped[str] = mapped_column(sa.String(64))
    #: A `tickets.units.rules.Act`.
    kind: Mapped[str] = mapped_column(sa.String(16))
    key: Mapped[str | None] = mapped_column(sa.String(64))
    #: What it found: `state` and, when it changed nothing, `late`.
    data: Mapped[dict[str, Any]]


class UnitRequest(Base):
    """Somebody asked for a unit at a ticket; the last word of a ticket, open until `ended_at`."""

    __tablename__ = "unit_requests"
    __table_args__ = (_partial("ix_unit_requests_open", "ticket_id", where=_OPEN),)

    ticket_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("tickets.id"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(sa.String(64))
    text: Mapped[str] = mapped_column(sa.Text)
    ended_at: Mapped[datetime | None]


IS_OPEN_REQUEST = UnitRequest.ended_at.is_(None)
