"""The rows of incidents. Nobody's name or number stands in them: who called is the tickets' own."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId

_IN = "removed_at IS NULL"


class Incident(Base):
    """Something that happened to many at once: `state` is a `tickets.incidents.service.State`."""

    __tablename__ = "incidents"
    __table_args__ = (sa.Index("ix_incidents_state", "state", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    state: Mapped[str] = mapped_column(sa.String(12))
    #: What it is about (`tickets.incidents.gathering.Topics`).
    topic: Mapped[str] = mapped_column(sa.String(64))
    #: By language, Thai and English at least.
    titles: Mapped[dict[str, Any]]
    category: Mapped[str | None] = mapped_column(sa.String(64))
    division: Mapped[str] = mapped_column(sa.String(64))
    area: Mapped[str | None] = mapped_column(sa.String(64))
    #: `streets` and `marks`: what its callers name, by id; `metres` around the middle is it.
    named: Mapped[dict[str, Any]]
    #: The middle; WGS 84, degrees.
    latitude: Mapped[float | None] = mapped_column(sa.Double)
    longitude: Mapped[float | None] = mapped_column(sa.Double)
    metres: Mapped[int]
    #: Whether somebody has said what it is about, or where: then it does not follow its members.
    set_by_hand: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    #: Since when: the first of its matters.
    since: Mapped[datetime]
    found_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    opened_by: Mapped[str | None] = mapped_column(sa.String(64))
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(sa.String(64))
    #: Counts what people changed: who changes it says which one they saw.
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class IncidentTicket(Base):
    """A ticket that is part of an incident; of two at most one at a time."""

    __tablename__ = "incident_tickets"
    __table_args__ = (
        sa.Index(
            "uq_incident_tickets_ticket",
            "ticket_id",
            unique=True,
            sqlite_where=sa.text(_IN),
            postgresql_where=sa.text(_IN),
        ),
    )

    incident_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("incidents.id"), primary_key=True, autoincrement=False
    )
    ticket_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("tickets.id"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(sa.String(64))
    #: Taken out by hand: the hotline does not put it back by itself.
    removed_at: Mapped[datetime | None]
    removed_by: Mapped[str | None] = mapped_column(sa.String(64))


class IncidentEvent(Base):
    """One thing that happened to an incident; rows are added and never changed.

    ========= ======================================================
    found     tickets (ids), callers, usual
    opened    callers; by itself when who is the hotline
    dismissed text
    joined    tickets (ids): by itself, or added by hand
    removed   tickets (ids)
    changed   was, now: titles, category, division, place
    begun     work (an id), kind (a `tickets.incidents.works.What`)
    done      work, kind, done, left (how many)
    undone    work, kind
    ended     result, text
    ========= ======================================================
    """

    __tablename__ = "incident_events"
    __table_args__ = (sa.Index("ix_incident_events_incident", "incident_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    incident_id: Mapped[int] = mapped_column(sa.ForeignKey("incidents.id"))
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(sa.String(64))
    kind: Mapped[str] = mapped_column(sa.String(12))
    data: Mapped[dict[str, Any]]


class IncidentWork(Base):
    """Something that is done with each ticket of an incident, in small units of work: one that is
    cut off is carried on by a sweep. `key` is the form's: it is begun once.
    """

    __tablename__ = "incident_works"
    __table_args__ = (
        sa.Index(
            "ix_incident_works_to_do",
            "id",
            sqlite_where=sa.text("done_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL"),
        ),
        sa.Index("ix_incident_works_incident", "incident_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    incident_id: Mapped[int] = mapped_column(sa.ForeignKey("incidents.id"))
    key: Mapped[str] = mapped_column(sa.String(64), unique=True)
    #: A `tickets.incidents.works.What`, and what was asked of it.
    kind: Mapped[str] = mapped_column(sa.String(12))
    data: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(sa.String(64))
    done_at: Mapped[datetime | None]
    #: The work that took it back.
    undone_by_id: Mapped[int | None] = mapped_column(sa.BigInteger)


class IncidentPart(Base):
    """What such a work did with one ticket, or why it did not: the primary key holds that it is
    done once.
    """

    __tablename__ = "incident_parts"

    work_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("incident_works.id"), primary_key=True, autoincrement=False
    )
    ticket_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("tickets.id"), primary_key=True, autoincrement=False
    )
    #: The key of the words for why it was left out, and their values; empty: it was done.
    refused: Mapped[str] = mapped_column(sa.String(64))
    #: `was` and `now`, as the work writes them; `version` of the ticket after it.
    data: Mapped[dict[str, Any]]
